"""Plans: the stages of a run, their order, their settings and how many calls they make."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from llm_reasonkit.reasoning.limits import Limits
from llm_reasonkit.reasoning.plan import (
    mistake_in_role,
    mistakes_in_profile,
    plan_profile,
    plan_protocol,
    stage_keys,
)
from llm_reasonkit.reasoning.protocol import Profile, Protocol
from tests.scripted import protocol

LOOK = protocol(
    {
        "look": {"prompt": "{{ item }}", "for_each": "settings.sides", "output": {"a": "str"}},
        "answer": {"prompt": "{{ look }}"},
        "links": {"check": "links", "with": {"text": "look", "given": "material"}},
    },
    settings={"sides": ["a", "b"], "deep": True, "share": 0.5},
    findings=["look"],
    protocol="look",
)
FACT = protocol({"answer": {"prompt": "x", "role": "critic"}}, protocol="fact")
SYNTHESIS = protocol({"answer": {"prompt": "x", "role": "judge"}}, protocol="synthesis")
ALL: dict[str, Protocol] = {"look": LOOK, "fact": FACT, "synthesis": SYNTHESIS}


LINKS = {"links": {"check": "links", "with": {"text": "answer", "given": "material"}}}


def profile(*stages: object, **more: Any) -> Profile:
    return Profile.model_validate({"title": "t", "summary": "s", "protocols": stages} | more)


def test_a_protocol_is_a_plan_of_one_stage():
    """A lone protocol runs to its answer with its own settings and no prefix."""
    plan = plan_protocol(LOOK)
    (stage,) = plan.stages
    assert (stage.key, stage.targets, stage.after) == ("", ("answer",), ())
    assert stage.settings == LOOK.settings
    assert stage.steps == ["look", "answer", "links"]
    assert (plan.protocol, plan.profile) == ("look", None)


def test_a_profile_ends_in_its_synthesis():
    """Stages run to their findings, and the synthesis waits for all of them."""
    plan = plan_profile(
        "mine",
        profile(
            {"protocol": "look", "settings": {"sides": ["c"]}},
            {"protocol": "fact", "after": ["look"]},
        ),
        ALL,
    )
    look, fact, synthesis = plan.stages
    assert (look.key, look.targets, look.after) == ("look", ("look",), ())
    assert look.settings == {"sides": ["c"], "deep": True, "share": 0.5}
    assert look.steps == ["look", "links"]
    assert (fact.targets, fact.after) == (("answer",), ("look",))
    assert (synthesis.key, synthesis.after) == ("synthesis", ("look", "fact"))
    assert synthesis.target_steps == ["answer"]
    assert (plan.protocol, plan.profile) == (None, "mine")


def test_calls_are_counted_with_the_stage_s_settings():
    """Each item is a call, checks are none, and a re-ask may double those that give an object."""
    plan = plan_profile("mine", profile("look", "fact"), ALL)
    assert plan.largest_number_of_calls() == 2 + 1 + 1
    assert plan.largest_number_of_calls(re_asks=True) == 4 + 1 + 1


def test_what_cannot_be_together_is_not_counted_together():
    """Steps for runs with sources and those for runs without never both make their calls."""
    either = protocol(
        {
            "looked_up": {"prompt": "x", "for_each": ["a", "b"], "when": "sources"},
            "recalled": {"prompt": "x", "when": "not sources"},
            "answer": {"prompt": "{{ looked_up }}{{ recalled }}"}
            | {"optional": ["looked_up", "recalled"]},
        }
    )
    plan = plan_protocol(either)
    assert plan.largest_number_of_calls() == 3
    assert plan.largest_number_of_calls(sources=["one"]) == 3
    assert plan.largest_number_of_calls(sources=[]) == 2
    several = protocol({"answer": {"prompt": "x", "when": "sources|length > 1"}})
    assert plan_protocol(several).largest_number_of_calls() == 1


def test_a_search_comes_before_everything():
    """All stages wait for what a search finds; it is no finding of its own."""
    search = protocol({"search": {"prompt": "x", "web": True, "role": "searcher"}}, answer="search")
    plan = plan_profile("mine", profile("look", "fact"), ALL).after_search(search)
    first, *others = plan.stages
    assert (first.key, first.purpose, first.after) == ("mine", "sources", ())
    assert [stage.after for stage in others] == [("mine",), ("mine",), ("mine", "look", "fact")]
    assert plan.searching_roles == {"searcher"}
    assert plan.answer_step == "synthesis.answer"
    assert plan_protocol(LOOK).answer_step == "answer"
    by_code = protocol({**LINKS, "answer": {"prompt": "x"}}, answer="links.invented")
    assert plan_protocol(by_code).answer_step is None
    assert plan_protocol(LOOK).searching_roles == frozenset()


def test_a_second_look_comes_before_the_synthesis():
    """What a profile does below its minimum sees all findings, and the synthesis sees it."""
    made = profile("look", min_confidence=0.8, below="fact", limits={"max_calls": 9, "usd": 0.5})
    plan = plan_profile("mine", made, ALL)
    look, fact, synthesis = plan.stages
    assert (fact.purpose, fact.after) == ("second_look", ("look",))
    assert (synthesis.purpose, synthesis.after) == ("findings", ("look", "fact"))
    assert look.purpose == "findings"
    assert plan.min_confidence == 0.8
    assert plan.limits == Limits(usd=Decimal("0.5"), calls=9)
    assert plan.largest_number_of_calls() == 2 + 1 + 1


def test_a_second_look_leaves_its_findings():
    """A protocol with findings is run to those, not to its answer."""
    plan = plan_profile("mine", profile("fact", min_confidence=0.8, below="look"), ALL)
    assert plan.stages[1].target_steps == ["look"]


@pytest.mark.parametrize(
    ("role", "known", "complaint"),
    [
        ("critic", {"main", "critic"}, None),
        ("critc", {"main", "critic"}, "unknown role 'critc'; did you mean 'critic'?"),
        ("boss", {"main", "critic", "judge"}, "unknown role 'boss'; there is critic, judge"),
        ("critic", {"main"}, "unknown role 'critic'; all steps ask `main`"),
        ("main", {"main", "critic"}, "the model of `main` is the run's own (-m, profile_mapping)"),
    ],
)
def test_only_roles_of_the_plan_get_a_model(role: str, known: set[str], complaint: str | None):
    """Another role than those that steps ask for is a mistake, and main is named otherwise."""
    assert mistake_in_role(role, known) == complaint


def test_the_roles_of_a_run_are_those_of_its_prompts():
    """A model is needed for each role of a step that runs, and for no other."""
    assert plan_protocol(LOOK).roles == {"main"}
    assert plan_profile("mine", profile("look", "fact"), ALL).roles == {"main", "critic", "judge"}


def test_a_protocol_that_comes_twice_gets_a_number():
    """Stage keys are unique, so that ids of records are."""
    assert stage_keys(profile("look", "fact", "look", "look")) == [
        "look",
        "fact",
        "look-2",
        "look-3",
    ]


@pytest.mark.parametrize(
    ("made", "message", "place"),
    [
        (
            profile("lok"),
            "unknown protocol 'lok'; did you mean 'look'?",
            ("protocols", 0, "protocol"),
        ),
        (
            profile({"protocol": "look", "settings": {"side": []}}),
            "unknown setting 'side'; did you mean 'sides'?",
            ("protocols", 0, "settings", "side"),
        ),
        (
            profile({"protocol": "look", "settings": {"sides": "many"}}),
            "must be like the protocol's own, which is ['a', 'b']",
            ("protocols", 0, "settings", "sides"),
        ),
        (
            profile("fact", {"protocol": "look", "after": ["fatc"]}),
            "`after` names 'fatc', which is no stage before this one; did you mean 'fact'?",
            ("protocols", 1, "after"),
        ),
        (
            profile({"protocol": "look", "after": ["fact"]}, "fact"),
            "no stage before this one",
            ("protocols", 0, "after"),
        ),
        (profile("look", synthesis="sum"), "unknown protocol 'sum'", ("synthesis",)),
        (profile("look", synthesis="look"), "is one of the protocols already", ("synthesis",)),
        (
            profile("look", below="vreify", min_confidence=0.8),
            "unknown protocol 'vreify'",
            ("below",),
        ),
        (
            profile("look", below="look", min_confidence=0.8),
            "is one of the protocols already",
            ("below",),
        ),
        (
            profile("look", below="synthesis", min_confidence=0.8),
            "'synthesis' is the synthesis already",
            ("below",),
        ),
        (profile("look", below="fact"), "Give `min_confidence`", ("below",)),
        (
            profile("look", roles={"critic": "a/b"}),
            "unknown role 'critic'; there is judge",
            ("roles", "critic"),
        ),
    ],
)
def test_a_mistake_in_a_profile_is_told(made: Profile, message: str, place: tuple[str | int, ...]):
    """Unknown names, settings of the wrong kind and stages in the wrong order are found."""
    ((where, text),) = mistakes_in_profile(made, ALL)
    assert message in text
    assert where == place


def test_a_good_profile_has_no_mistakes():
    """What can be planned is not complained about."""
    good = profile(
        "look",
        {"protocol": "look", "settings": {"deep": False}, "after": ["look"]},
        roles={"judge": "a/b", "critic": "c/d"},
        limits={"max_calls": 6},
        min_confidence=0.9,
        below="fact",
    )
    assert mistakes_in_profile(good, ALL) == []
