"""GigaThink: ideas counted, repeats shown, every idea in a theme, every id a real one."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from llm_reasonkit.errors import CallError
from llm_reasonkit.reasoning.checks.ideas import ideas, themes
from llm_reasonkit.reasoning.checks.similarity import COMPARED_TEXTS, Fingerprint, duplicates
from tests.scripted_model import ScriptedCaller, failed, output_of, run

QUESTION = "How can a small library get more visitors?"
CLAIMS = {
    "lenses[1]": [
        "Open on Sunday evenings",
        "Lend tools as well as books",
        "Rent the hall to choirs",
    ],
    "lenses[2]": [
        "Apply for a heritage grant",
        "Put the catalogue on a phone app",
        "Label by mood",
    ],
    "lenses[3]": [
        "Ban phones from one quiet room",
        "Close the branch nobody visits",
        "Sell the van",
    ],
    "lenses[4]": ["Revive the reading clubs of 1920", "Send a nurse on Fridays", "Stay small"],
    "lenses[5]": ["Serve soup as a bakery would", "Let children paint the walls", "Host weddings"],
    "gaps": ["Ask people who never came", "Print a calendar of nearby events"],
    "more_gaps": ["Count the empty seats by the hour"],
}


def idea(claim: str) -> dict[str, str]:
    return {
        "title": claim,
        "claim": claim,
        "mechanism": "It draws people.",
        "assumption": "Money.",
        "first_test": "Try it for a week.",
        "how_common": "rare",
    }


GOOD: dict[str, Any] = {
    **{name: {"ideas": [idea(claim) for claim in claims]} for name, claims in CLAIMS.items()},
    "grouping": {
        "themes": [
            {"name": "Space", "idea_ids": ["i1.1", "i1.3", "i3.1", "i3.2", "i5.2", "i5.3", "i4.3"]},
            {
                "name": "Reach",
                "idea_ids": ["i1.2", "i2.2", "i2.3", "i4.1", "i4.2", "i1", "i2", "i3"],
            },
            {"name": "Money", "idea_ids": ["i1.3", "i2.1", "i3.3", "i5.1"]},
        ],
        "tensions": [{"a": "i3.1", "b": "i2.2", "why": "Phones in or out."}],
        "wildcards": ["i5.1"],
        "repeats": [],
    },
}


async def gigathink(replies: dict[str, Any]) -> Any:
    return await run("gigathink", QUESTION, ScriptedCaller(replies))


async def test_distinct_ideas_in_sound_themes_pass() -> None:
    """Eighteen ideas, each in a theme, give no failed check, and ids of their own."""
    result = await gigathink(GOOD)
    assert failed(result) == []
    found = output_of(result, "ideas")
    assert found["distinct"] == len({row["id"] for row in found["ideas"]}) == 18


def plant(replies: dict[str, Any], fault: str) -> None:
    themes = replies["grouping"]["themes"]
    match fault:
        case "an idea in no theme":
            themes[1]["idea_ids"].remove("i4.2")
        case "a theme with an unknown id":
            themes[0]["idea_ids"].append("i9.9")
        case "a theme of unknown ids only":
            themes.append({"name": "Air", "idea_ids": ["x", "y"]})
        case "a tension with an unknown id":
            replies["grouping"]["tensions"][0]["b"] = "i0"
        case "a tension of an idea with itself":
            replies["grouping"]["tensions"][0]["b"] = "i3.1"
        case "an unknown wildcard":
            replies["grouping"]["wildcards"] = ["the soup one"]
        case "the same idea in other words":
            replies["lenses[5]"]["ideas"][0] = idea("Rent out the hall to some choirs")
        case "the gap filled with what was there":
            replies["gaps"]["ideas"][0] = idea("Close that branch which nobody visits")
        case "fewer ideas than asked for":
            del replies["lenses[2]"]["ideas"][1:]
        case "a repeat of an unknown idea":
            replies["grouping"]["repeats"] = [{"a": "i1", "b": "i77"}]
        case "an empty idea":
            replies["lenses[2]"]["ideas"][0] |= {"title": " ", "claim": ""}
        case "a silent lens":
            replies["lenses[3]"] = CallError("gone")
        case "too few ideas":
            for name in CLAIMS:
                replies[name] = {"ideas": [idea(CLAIMS["gaps"][0])]}


FAULTS = {
    "an idea in no theme": "every idea is in a theme: i4.2",
    "a theme with an unknown id": "every idea named exists: there is no i9.9",
    "a theme of unknown ids only": "every theme holds an idea: Air",
    "a tension with an unknown id": "every idea named exists: there is no i0",
    "a tension of an idea with itself": "a tension is between two ideas: i3.1 with itself",
    "an unknown wildcard": "there is no the soup one",
    "the same idea in other words": "the ideas are distinct: i5.1 repeats i1.3",
    "the gap filled with what was there": "the ideas are distinct: i1 repeats i3.2",
    "fewer ideas than asked for": "the ideas it was asked for: the engineer gave 1 of 3",
    "a repeat of an unknown idea": "every idea named exists: there is no i77",
    "an empty idea": "every idea says something: i2.1 is empty",
    "a silent lens": "every lens answered: nothing came from the opponent",
    "too few ideas": "at least 10 distinct ideas: there are 1",
}


@pytest.mark.parametrize(("fault", "caught"), FAULTS.items(), ids=FAULTS.keys())
async def test_a_planted_fault_is_caught(fault: str, caught: str) -> None:
    """Each fault gives a failed check that names it."""
    replies = deepcopy(GOOD)
    plant(replies, fault)
    assert any(caught in text for text in failed(await gigathink(replies)))


async def test_a_repeated_idea_is_shown_not_dropped() -> None:
    """A repeat keeps its place, names its first, and belongs to the theme of that one."""
    replies = deepcopy(GOOD)
    plant(replies, "the same idea in other words")
    replies["grouping"]["themes"][2]["idea_ids"].remove("i5.1")
    result = await gigathink(replies)
    kept = {row["id"]: row for row in output_of(result, "ideas")["ideas"]}
    assert kept["i5.1"]["same_as"] == "i1.3"
    assert output_of(result, "themes")["unplaced"] == []


def test_only_what_exists_is_handed_on() -> None:
    """Later steps read themes, tensions and wildcards without the ids that do not exist."""
    known = [{"id": "i1", "claim": "a"}, {"id": "i2", "claim": "b"}]
    outcome = themes(
        [{"name": "T", "idea_ids": ["I1", "[i2]", "i2", "i7"]}, {"name": "U", "idea_ids": ["z"]}],
        known,
        [{"a": "i1", "b": "i7", "why": "-"}],
        ["i2", "i8"],
    )
    assert outcome.value == {
        "themes": [{"name": "T", "idea_ids": ["i1", "i2"]}],
        "tensions": [],
        "wildcards": ["i2"],
        "repeats": [],
        "unplaced": [],
    }


def test_nothing_to_check_gives_no_fact() -> None:
    """Where there are no ideas or no themes nothing is counted as passed."""
    assert ideas([]).facts == []
    assert themes(None, [{"id": "i1", "claim": "a"}]).facts == []


def test_more_ideas_than_are_compared_is_said() -> None:
    """Beyond what can be compared in time the check says that it did not look."""
    many = [{"item": "x", "ideas": [{"id": f"i{n}", "claim": f"idea {n}"} for n in range(500)]}]
    outcome = ideas(many)
    fact = next(fact for fact in outcome.facts if fact.status == "not_checkable")
    assert str(COMPARED_TEXTS) in fact.detail


SAME = [
    ("Hire a part-time accountant", "Bring in an accountant part time"),
    ("Reduce the cost of hosting", "Lower hosting expenses and cut the cost of hosting"),
    ("Train the staff in security basics", "Teach employees the basics of security"),
    ("Start with one small pilot team", "Begin with a small trial in one team"),
    ("Buy used equipment instead of new", "Purchase used equipment rather than new"),
    ("Measure response times before deciding", "Before deciding, track response times"),
    ("Split the monolith into modules first", "First divide the monolith into modules"),
    ("Delay the launch by three months", "Postpone the launch for three months"),
    ("Ask customers why they leave", "Interview customers about why they are leaving"),
    ("Automate the deployment process", "Make the deployment process automatic"),
    ("Ban cars from the city centre", "Prohibit vehicles in the city centre"),
    ("Rent the office instead of buying it", "Lease the office rather than purchasing it"),
    ("Offer workers a four-day week", "Give employees a four-day week"),
    ("Share the risk with suppliers", "Distribute risk among the suppliers"),
    ("Reward teams, not individuals", "Give rewards to teams and not to individuals"),
    ("Use open source tools to cut costs", "Reduce costs by using open source tools"),
    ("Move the servers to the cloud", "Migrate our servers into the cloud"),
    ("Hire a second doctor for nights", "Recruit a second physician for nights"),
    ("Let the team choose its own tools", "Allow teams to pick their own tools"),
    ("Stop weekly status reports", "End the weekly status reports"),
    ("A monolith lets a small team deploy everything at once and debug it in one place",
     "With a monolith a small team can deploy everything at once and debug in one place"),
    ("Customers who pay yearly leave less often than customers who pay every month",
     "Clients paying yearly leave less often than clients paying each month"),
    ("Ask the ten largest customers what would make them leave before changing the price",
     "Before changing prices, interview the ten largest clients about what would make them leave"),
    ("Network calls between services add latency, so a request that crosses five gets slow",
     "A request crossing five services gets slow because every network call adds latency"),
]  # fmt: skip
DIFFERENT = [
    ("Increase the dose", "Decrease the dose"),
    ("Hire more engineers", "Fire more engineers"),
    ("Raise prices by 5 percent", "Raise prices by 15 percent"),
    ("Sell the building", "Buy the building"),
    ("Launch before the holidays", "Launch after the holidays"),
    ("Always ask the customer first", "Never ask the customer first"),
    ("We should adopt microservices", "We should not adopt microservices"),
    ("Hire a part-time accountant", "Hire a part-time lawyer"),
    ("Cut the number of meetings", "Cut the number of managers"),
    ("Reduce the cost of hosting", "Reduce the cost of hiring"),
    ("Train the staff in security basics", "Train the staff in first aid"),
    ("Ban cars from the city centre", "Ban advertising from the city centre"),
    ("Plant trees along the main road", "Build a bike lane along the main road"),
    ("Centralize purchasing", "Decentralize purchasing"),
    ("Ship with feature flags", "Ship without feature flags"),
    ("Open the shop earlier on weekdays", "Close the shop earlier on weekdays"),
    ("Use fewer suppliers", "Use more suppliers"),
    ("The service handles 100 users", "The service handles 1000 users"),
    ("Public beta", "Private beta"),
    ("Deploy on Mondays", "Deploy on Fridays"),
    ("Teach the users", "Teach the developers"),
    ("Customers pay for reliability", "Customers pay monthly"),
    ("Network calls between services add latency, so requests get slow",
     "Network calls between services can fail, so requests need retries"),
    ("Separate databases let each service choose its own storage",
     "Separate databases make reports across services slow"),
    ("", "Anything"),
    ("", ""),
]  # fmt: skip


@pytest.mark.parametrize("pair", SAME, ids=lambda pair: pair[0][:40])
def test_the_same_in_other_words_is_found(pair: tuple[str, str]) -> None:
    """Synonyms, other forms and another order do not hide a repeat, whichever comes first."""
    one, other = map(Fingerprint.of, pair)
    assert one.says_the_same_as(other)
    assert other.says_the_same_as(one)


@pytest.mark.parametrize("pair", DIFFERENT, ids=lambda pair: pair[1][:40])
def test_what_differs_in_one_thing_that_matters_is_no_repeat(pair: tuple[str, str]) -> None:
    """A number, a negation, a direction or the one word that counts makes another idea."""
    one, other = map(Fingerprint.of, pair)
    assert not one.says_the_same_as(other)
    assert not other.says_the_same_as(one)


def test_each_repeat_is_paired_once() -> None:
    """Three texts that say the same give two pairs, both with the first."""
    texts = ["Stop weekly status reports", "Sell the van", "End the weekly status reports",
             "Weekly status reports: stop"]  # fmt: skip
    assert duplicates(texts) == [(0, 2), (0, 3)]


async def test_the_search_for_gaps_stops_when_nothing_new_comes() -> None:
    """A call that only repeats what was there is the last of its kind."""
    replies = deepcopy(GOOD)
    replies["gaps"]["ideas"] = [idea("Close the branch that nobody visits"), idea(" ")]
    caller = ScriptedCaller(replies)
    await run("gigathink", QUESTION, caller)
    assert not [call for call in caller.calls if call.step == "more_gaps"]
    caller = ScriptedCaller(GOOD)
    await run("gigathink", QUESTION, caller)
    assert CLAIMS["gaps"][1] in caller.prompt_of("more_gaps")


async def test_what_a_model_takes_for_a_repeat_is_shown_as_its_opinion() -> None:
    """Pairs in other words than code can see are named, not counted as checked, nor left out."""
    replies = deepcopy(GOOD)
    replies["grouping"]["repeats"] = [{"a": "i1.1", "b": "i4.3"}]
    result = await gigathink(replies)
    assert failed(result) == []
    assert output_of(result, "themes")["repeats"] == [{"a": "i1.1", "b": "i4.3"}]
    assert output_of(result, "ideas")["distinct"] == 18
    found = next(item for item in result.checks.items if "in other words" in item.name)
    assert (found.status, found.detail) == ("not_checkable", "a model says i4.3 repeats i1.1")


def test_no_number_asked_for_is_no_fact() -> None:
    """Where a protocol asks for no number of ideas, none is missed."""
    outcome = ideas([{"item": "x", "ideas": [idea("Sell the van")]}], asked=["x"])
    assert [fact.name for fact in outcome.facts] == ["every lens answered"]
