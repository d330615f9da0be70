"""A run as one HTML file: what a colleague reads in it, and that it needs nothing else."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from selectolax.lexbor import LexborHTMLParser, LexborNode

from llm_reasonkit.reasoning.result import (
    Agreement,
    CheckItem,
    Cost,
    Dissent,
    Member,
    Result,
    StepResult,
    Tokens,
    Vote,
    count_checks,
)
from llm_reasonkit.render.html import run_article, run_document
from tests.sample_run import ANSWER, NOTES, QUESTION, REPORT, SOURCES, STARTED, Text, sample


def page(result: Result | None = None, sources: Any = SOURCES) -> LexborHTMLParser:
    """The document of a run, as a browser reads it."""
    return LexborHTMLParser(run_document(result or sample(), sources))


def words(node: LexborNode | None) -> str:
    """What a reader sees of a part of a page, on one line."""
    assert node is not None
    return " ".join(node.text(separator=" ").split())


def changed(**fields: Any) -> Result:
    """The sample with other fields."""
    return sample().model_copy(update=fields)


def one_step(**fields: Any) -> Result:
    """A run of one step."""
    known: dict[str, Any] = {"id": "weigh.look", "name": "look", "kind": "prompt"}
    known |= {"status": "done", "started": STARTED, "duration_ms": 1_000}
    return changed(steps=[StepResult(**known | fields)], checks=count_checks([]))


def test_run_of_twenty_steps_is_small() -> None:
    """With the sources and all outputs, a run of at least 20 steps takes less than 60 kB."""
    assert len(sample().steps) >= 20
    assert len(run_document(sample(), SOURCES).encode()) < 60_000


def test_nothing_is_fetched_and_nothing_runs() -> None:
    """There is no script, and the policy in the file allows the style in it and nothing else."""
    text = run_document(sample(), SOURCES)
    read = LexborHTMLParser(text)
    assert not read.css("script, link, img, iframe, object, embed, base, form, [style], [src]")
    style = read.css_first("style").text()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = read.css_first("meta[http-equiv]").attributes["content"]
    assert policy == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    assert "url(" not in style
    assert "@import" not in style


def test_question_and_answer_come_first() -> None:
    """The question is the heading, the answer follows as the Markdown that it is."""
    read = page()
    assert words(read.css_first("h1")) == QUESTION
    answer = read.css_first(".answer .prose")
    assert answer.css_first("strong").text() == "Not before the sale."
    assert len(answer.css("ol > li")) == ANSWER.count("\n1.") + 2
    assert read.css_first("title").text() == QUESTION[:69].rstrip() + "…"


def test_long_question_is_there_in_full() -> None:
    """A question too long for a heading is shortened there and stands below it in full."""
    question = "First line.\n" + "More of it. " * 50
    read = page(changed(question=question))
    assert words(read.css_first("h1")).endswith("…")
    assert read.css_first("blockquote.question").text() == question.strip()


def test_every_figure_has_its_basis() -> None:
    """Confidence, cost and agreement are stated with what they rest on; unknown is said."""
    agreement = Agreement(
        leading=3,
        members=4,
        asked=4,
        needed=4,
        share=Decimal("0.75"),
        families=2,
        threshold=Decimal("0.8"),
        accepted=False,
    )
    facts = page(changed(agreement=agreement)).css(".answer > .facts > div")
    shown = {words(fact.css_first("dt")): words(fact.css_first("dd")) for fact in facts}
    assert shown == {
        "status": "done, 1m 07s, 14 calls",
        "agreement": "3 of 4 members, 2 families; 0.8 of 4 = all 4: not accepted",
        "checked": "9 passed, 2 failed, 1 not checkable",
        "confidence": "81.8% (checks): 9 of 11 checks passed, 1 not checkable",
        "cost": "$0.0408 billed + 1 call of unknown cost",
        "tokens": "26,301 in, 4,135 out",
        "models": "openrouter/anthropic/claude-sonnet-4 openrouter/openai/gpt-5",
    }


def test_warnings_are_said() -> None:
    """What is missing from the run stands with the answer."""
    assert words(page().css_first(".warnings")) == f"warning: {sample().warnings[0]}"


def test_failures_are_open() -> None:
    """A step that failed and checks that found something wrong are unfolded, others are not."""
    read = page()
    opened = [words(node.css_first(".label")) for node in read.css("details[open]")]
    assert opened == ["quotes", "verdicts", "refutations[1]"]
    failed = read.css_first(".steps details[open]")
    assert "no reply for 30 seconds" in words(failed.css_first(".error"))
    assert words(failed.css_first(".cost")) == "cost unknown"


def test_steps_stand_under_their_stage() -> None:
    """Each stage has its steps in order, each with model, time, tokens and cost with source."""
    read = page()
    stages = [words(node) for node in read.css("section[aria-labelledby=steps] h3")]
    assert stages == ["gigathink", "proofguard", "brutalhonesty", "synthesis"]
    first = read.css_first(".steps summary")
    shown = [words(first.css_first(f".{name}")) for name in ("label", "model", "time", "tokens")]
    assert shown == ["lenses[1]", "claude-sonnet-4-20250514", "3.2 s", "1,180→310"]
    assert words(first.css_first(".cost")) == "$0.0031 billed"
    assert words(first.css_first(".sign")) == "✓ done"


def test_bars_show_when_steps_ran() -> None:
    """A bar begins and ends at the step's share of the run's time."""
    later = STARTED + timedelta(seconds=3)
    steps = [
        *one_step(id="weigh.a", name="a").steps,
        *one_step(id="weigh.b", name="b", started=later).steps,
    ]
    bars = page(changed(steps=steps)).css(".bar rect")
    assert [(bar.attributes["x"], bar.attributes["width"]) for bar in bars] == [
        ("0.0", "25.0"),
        ("75.0", "25.0"),
    ]


def test_quotes_are_marked_in_their_source() -> None:
    """What checks found is marked where it stands, in the question and in each source."""
    read = page()
    shown = {}
    for box in read.css("div.source"):
        marks = [mark.text() for mark in box.css("mark")]
        tags = [words(tag) for tag in box.css(".tag")]
        for tag in box.css(".tag"):
            tag.decompose()
        shown[box.text()] = list(zip(marks, tags, strict=True))
    assert shown == {
        QUESTION: [
            ("before the spring sale", "F1 serious unsettled"),
            ("The monolith cannot handle more than 40 orders a second", "C1"),
            ("deployments take 50 minutes", "C2"),
        ],
        REPORT: [("held 65 orders a second for ten minutes", "e1.1 refutes C1")],
        NOTES: [("Deployments take 50 minutes", "E2 supports C2")],
    }


def test_links_inside_of_the_page_lead_somewhere() -> None:
    """Every link of the page's own has its target, no target is there twice."""
    read = page()
    idents = [node.attributes["id"] for node in read.css("[id]")]
    assert len(set(idents)) == len(idents)
    links = {str(node.attributes["href"]) for node in read.css("a[href^='#']")}
    assert {"#quote-1", "#checks-7"} <= links
    assert links <= {f"#{ident}" for ident in idents}


def test_check_leads_to_the_words_it_is_about() -> None:
    """A fact about a quote has a link to where the quote stands."""
    read = page()
    item = next(node for node in read.css(".checks li") if "quote e1.1" in node.text())
    target = str(item.css_first("a").attributes["href"])
    assert words(read.css_first(target)) == "e1.1 refutes C1"


def test_nothing_to_tell_is_no_success() -> None:
    """A step whose facts could all not be checked is marked so, not as passed."""
    (sign,) = {words(node) for node in page().css("#checks-18 > summary .sign, #step-18 .sign")}
    assert sign == "? not checkable"


def test_quotes_may_overlap() -> None:
    """Of quotes that share words each is marked, and named where it ends."""
    found = [
        {"id": "A", "document": "question", "start": 0, "end": 10},
        {"id": "B", "document": "question", "start": 5, "end": 15},
        {"id": "C", "document": "question", "start": 5, "end": 15},
        {"id": "D", "document": "question", "start": 9_000, "end": 9_001},
    ]
    box = page(one_step(kind="check", output=found)).css_first("div.source")
    assert [mark.text() for mark in box.css("mark")] == [
        QUESTION[:5],
        QUESTION[5:10],
        QUESTION[10:15],
    ]
    assert [words(tag) for tag in box.css("mark + .tag, .tag + .tag")] == ["A", "B", "C"]


def test_unknown_source_shows_the_quote_alone() -> None:
    """Where the text of a source is not at hand, the quote stands alone, with its offset."""
    read = page(sources=())
    assert len(read.css("div.source")) == 1
    alone = [words(node) for node in read.css("blockquote.source")]
    assert alone[0].startswith("held 65 orders a second for ten minutes")
    assert alone[0].endswith(f"character {REPORT.index('held 65')}")


def test_other_text_under_the_same_name_is_not_marked() -> None:
    """Where a source is not the one that was checked, nothing in it is passed off as the quote."""
    read = page(sources=[Text("load-test.md", "x" * len(REPORT)), SOURCES[1]])
    assert [node.text() for node in read.css("blockquote.source mark")] == [
        "held 65 orders a second for ten minutes"
    ]


def test_long_source_is_shown_around_its_quotes() -> None:
    """Of a long text only the surroundings of quotes are shown, and how much is left out."""
    filler = "Nothing to see in this sentence. " * 400
    read = page(sources=[Text("load-test.md", REPORT + filler), SOURCES[1]])
    box = read.css("div.source")[1]
    (gap,) = box.css(".gap")
    number = int(re.sub(r"\D", "", gap.text()))
    gap.decompose()
    box.css_first(".tag").decompose()
    assert len(box.text()) + number == len(REPORT + filler)
    assert len(box.text()) < 600


def test_panel_is_shown() -> None:
    """Votes, dissent and members with their answers name the members by place and model."""
    members = [
        Member(model="a/one", status="done", answer="**Yes**", first_token_ms=300, duration_ms=900),
        Member(
            model="b/two",
            model_served="b/two-2026",
            provider="B",
            status="failed",
            error="refused",
            tokens=Tokens(input=3, output=4),
            cost=Cost(unknown_calls=1),
        ),
    ]
    votes = [
        Vote(member=0, raw="Yes!", answer="Yes", canonical="yes", status="vote"),
        Vote(member=7, raw="?", status="unreadable"),
    ]
    dissent = [Dissent(answer="No", members=[1], point="what it costs")]
    read = page(changed(members=members, votes=votes, dissent=dissent))
    rows = [[words(cell) for cell in row.css("th, td")] for row in read.css("table.votes tr")]
    assert rows[1:] == [["1 a/one", "Yes!", "Yes", "yes", "vote"], ["8", "?", "", "", "unreadable"]]
    assert words(read.css_first(".dissent li")) == "No held by 2 b/two what it costs"
    cards = read.css(".card")
    assert words(cards[0].css_first(".figures")) == "done · first word after 0.3 s · 0.9 s in all"
    assert cards[0].css_first("strong").text() == "Yes"
    assert words(cards[1].css_first(".figures")) == (
        "failed · b/two-2026 · B · 3→4 tokens · cost unknown · refused"
    )


def test_run_without_an_answer() -> None:
    """A run that ended early says so and shows what there is."""
    read = page(changed(answer=None, status="stopped_by_budget", steps=[], checks=count_checks([])))
    assert words(read.css_first(".missing")) == "This run ended without an answer."
    assert words(read.css_first("dd.stopped_by_budget")).startswith("stopped by budget")
    assert not read.css("#checks, #quotes, #votes, .steps")


@pytest.mark.parametrize(
    ("fields", "shown"),
    [
        ({"status": "skipped", "error": "no sources"}, "- skipped look skipped: no sources"),
        ({"status": "running", "duration_ms": None}, "… running look ?"),
        (
            {"attempt": 2, "cost": Cost(usd=Decimal(0), source="billed")},
            "✓ done look (try 2) 1.0 s $0",
        ),
    ],
)
def test_line_of_a_step(fields: dict[str, Any], shown: str) -> None:
    """A skipped step says why, one under way that it is, a second try that it is one."""
    assert words(page(one_step(**fields)).css_first(".steps summary")) == shown


def test_output_of_a_step_is_readable() -> None:
    """Text is Markdown, objects are lists of names and values, however deep."""
    text = page(one_step(output="**a**")).css_first(".steps .prose strong")
    assert text.text() == "a"
    deep: Any = "leaf"
    for _ in range(50):
        deep = [deep]
    output = {"ideas": [{"title": "<b>", "score": 0.5, "ok": True}], "none": [], "deep": deep}
    data = page(one_step(output=output)).css_first(".data")
    assert [words(node) for node in data.css("dt")] == [
        "ideas",
        "title",
        "score",
        "ok",
        "none",
        "deep",
    ]
    assert [node.text() for node in data.css("code")][:3] == ["0.5", "true", "[]"]
    assert "leaf" in data.text()
    assert "<b>" in data.text()


def test_calls_are_linked_where_they_have_a_page() -> None:
    """In another page's shell each call has a link to llm's record of it; in a file it has none."""
    article = run_article(sample(), SOURCES, turn_url=lambda turn: f"/logs/turns/{turn}")
    links = LexborHTMLParser(str(article)).css("a[href^='/logs/turns/']")
    calls = [step.turn_id for step in sample().steps if step.turn_id]
    assert [link.attributes["href"] for link in links] == [f"/logs/turns/{turn}" for turn in calls]
    assert not page().css("a[href^='/']")


def test_facts_of_a_step_tell_how_it_was_made() -> None:
    """Role, models, provider, inputs and what was tried before stand with the step."""
    made = {"role": "critic", "model": "a/b", "model_served": "a/b-2026", "provider": "P"}
    result = one_step(**made, inputs=["weigh.facts"], fell_back=["c/d: rate limited"])
    item = CheckItem(step="weigh.look", name="length", status="passed")
    result = result.model_copy(update={"checks": count_checks([item])})
    facts = page(result).css_first(".steps .facts")
    assert words(facts) == (
        "role critic asked a/b answered a/b-2026 provider P before c/d: rate limited "
        "reads weigh.facts established 1 passed"
    )


def test_inputs_of_a_step_are_links() -> None:
    """What a step read leads to the step that gave it."""
    read = page()
    link = read.css_first("#step-5 a[href='#step-4']")
    assert link.text() == "gigathink.ideas"
    assert words(read.css_first("#step-4 .label")) == "ideas"
