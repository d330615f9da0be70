"""A run as a Markdown document, read as text and by a parser."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from markdown_it import MarkdownIt

from llm_reasonkit.reasoning.result import (
    CheckItem,
    Cost,
    Dissent,
    Member,
    ModelUse,
    Result,
    StepResult,
    Tokens,
    Vote,
    confidence_from_checks,
    count_checks,
)
from llm_reasonkit.render.markdown import run_markdown
from tests.sample_run import ANSWER, SOURCES, STARTED, Text, sample

READER = MarkdownIt("commonmark", {"html": True}).enable("table")
WHOLE = """\
# Is \\*this\\* so?

## Answer

**Yes.**

### Why

- `facts`

## Facts

|  |  |
| --- | --- |
| status | done, 4.2 s, 2 calls |
| checked | 1 passed, 1 failed |
| confidence | 50.0% (checks): 1 of 2 checks passed |
| cost | $0.0123 billed + 1 call of unknown cost |
| tokens | 12 in, 34 out |
| model | a/b |

- Warning: half of it is missing

## Checks by code

### weigh.quotes: 1 passed, 1 failed

- ✓ quote E1 stands in its source (passed): S1, character 4
- ✗ quote E2 stands in its source (failed): made up: \\<b\\>

## Quotes in their place

### S1: notes.md

> The **facts are plain** \\[E1 supports C1\\], and old.

## Reasoning, step by step

- **weigh**
  - ✓ **look**: a/b-2026, 1.0 s, 12→34 tokens, $0.0123 billed
  - ! **quotes**: 1 passed, 1 failed
  - ✗ **again (try 2)**: a/b, 1.0 s, tokens unknown, cost unknown
    - error: no reply
  - - **rest**: skipped: no sources

## What each step gave

### weigh.look

```markdown
Some *text*.
```

### weigh.quotes

```json
{
  "quotes": [
    {
      "id": "E1",
      "stance": "supports",
      "claim": "C1",
      "source": "S1",
      "start": 4,
      "end": 19,
      "quote": "facts are plain"
    }
  ]
}
```

*Run r1, started 2026-11-03 09:41 UTC. Code established the checks; models wrote the answer and \
the outputs.*
"""


def step(name: str, **fields: Any) -> StepResult:
    """A step of the small run."""
    known: dict[str, Any] = {"id": f"weigh.{name}", "name": name, "kind": "prompt", "model": "a/b"}
    known |= {"status": "done", "started": STARTED, "duration_ms": 1_000}
    return StepResult(**known | fields)


def small() -> Result:
    """A run with each kind of content once."""
    quote = {"id": "E1", "stance": "supports", "claim": "C1", "source": "S1"}
    quote |= {"start": 4, "end": 19, "quote": "facts are plain"}
    cost = Cost(usd=Decimal("0.0123"), source="billed")
    look = step("look", output="Some *text*.", model_served="a/b-2026", cost=cost)
    name = "quote {} stands in its source"
    checks = count_checks(
        [
            CheckItem(
                step="weigh.quotes",
                name=name.format("E1"),
                status="passed",
                detail="S1, character 4",
            ),
            CheckItem(
                step="weigh.quotes", name=name.format("E2"), status="failed", detail="made up: <b>"
            ),
        ]
    )
    return Result(
        run_id="r1",
        command="think",
        status="done",
        question="Is *this* so?",
        answer="**Yes.**\n\n## Why\n* `facts`",
        models=[ModelUse(asked="a/b", calls=1)],
        confidence=confidence_from_checks(checks),
        steps=[
            look.model_copy(update={"tokens": Tokens(input=12, output=34)}),
            step("quotes", kind="check", output={"quotes": [quote]}, model=None),
            step("again", status="failed", attempt=2, error="no reply", cost=Cost(unknown_calls=1)),
            step("rest", status="skipped", error="no sources"),
        ],
        checks=checks,
        tokens=Tokens(input=12, output=34),
        cost=cost.model_copy(update={"unknown_calls": 1}),
        started=STARTED,
        duration_ms=4_200,
        warnings=["half of it is missing"],
    )


def test_whole_document() -> None:
    """Question, answer, facts, checks, quotes in their place, steps and their outputs, in order."""
    text = run_markdown(small(), [Text("notes.md", "The facts are plain, and old.")])
    assert text == WHOLE


def test_answer_keeps_its_meaning() -> None:
    """The answer's Markdown reads in the document as it does alone."""
    html = READER.render(run_markdown(sample(), SOURCES))
    assert READER.render(ANSWER) in html


def test_long_question_is_quoted_in_full() -> None:
    """A question too long for a heading stands below it, line by line."""
    question = "First line.\n\n" + "More of it. " * 50
    text = run_markdown(small().model_copy(update={"question": question}))
    assert "…\n\n> First line.\n>\n> More of it. More" in text


def test_panel() -> None:
    """Votes, dissent and members name the members by place and model."""
    panel = {
        "members": [
            Member(model="a/one", status="done", answer="# Yes", duration_ms=900),
            Member(model="b/two", status="failed", error="refused", cost=Cost(unknown_calls=1)),
        ],
        "votes": [Vote(member=0, raw="Yes!", answer="Yes", canonical="yes", status="vote")],
        "dissent": [Dissent(answer="No", members=[1, 4], point="what it costs")],
    }
    text = run_markdown(small().model_copy(update=panel))
    assert "| 1 a/one | Yes | yes | vote |" in text
    assert "- **No**, held by 2 b/two, 5: what it costs" in text
    assert "### 1 a/one\n\ndone, 0.9 s in all\n\n#### Yes" in text
    assert "### 2 b/two\n\nfailed, cost unknown, refused\n" in text


def test_nothing_to_show() -> None:
    """A run that ended before its first step says that there is no answer and no step."""
    ended = {"answer": None, "status": "failed", "steps": [], "checks": count_checks([])}
    text = run_markdown(small().model_copy(update=ended))
    assert "This run ended without an answer." in text
    assert "No step was recorded." in text
    assert "Checks by code" not in text


def test_quote_without_its_source() -> None:
    """Where a source is not at hand the quote stands alone, with its offset."""
    assert "### S1\n\n> facts are plain\n\n\\[E1 supports C1\\], character 4" in run_markdown(
        small()
    )


def test_what_is_left_out_of_a_source_is_counted() -> None:
    """A long source is shown around its quotes only."""
    source = Text("notes.md", "The facts are plain, and old. " + "Filler. " * 500)
    text = run_markdown(small(), [source])
    assert text.count("Filler.") < 40
    shown = "The facts are plain, and old. " + "Filler. " * text.count("Filler.")
    assert f"Filler. *… {len(source.text) - len(shown.rstrip()):,} characters …*" in text
