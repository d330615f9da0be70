"""Links and DOIs in a text: given ones pass, others are caught, the rest is left alone."""

from __future__ import annotations

import pytest

from llm_reasonkit.reasoning.checks.links import links
from tests.scripted_model import ScriptedCaller, failed, run

GIVEN = (
    "See https://example.org/report?id=7 and http://www.example.com/a_(b). "
    "Also doi:10.1000/182 and <https://example.net/x#part>, github.com/foo/bar."
)


@pytest.mark.parametrize(
    "text",
    [
        "https://example.org/report?id=7",
        "(https://example.org/report?id=7).",
        "**https://example.org/report?id=7**",
        "[the report](https://example.org/report?id=7), it says",
        "HTTPS://EXAMPLE.ORG/report?id=7",
        "https://www.example.com/a_(b)",
        "example.com/a_(b)",
        "https://example.net/x",
        "https://example.net/x/",
        "https://example.net/x#other",
        "https://doi.org/10.1000/182",
        "DOI 10.1000/182.",
        "https://github.com/foo/bar",
        "“https://example.org/report?id=7”",
    ],
)
def test_a_link_that_was_given_passes(text: str) -> None:
    """Scheme, case of the host, `www.`, fragments and punctuation around it do not matter."""
    outcome = links(text, GIVEN)
    assert [fact.status for fact in outcome.facts] == ["passed"]


@pytest.mark.parametrize(
    "text",
    [
        "https://example.org/report?id=8",
        "https://example.org/report",
        "https://example.org",
        "https://examp1e.org/report?id=7",
        "https://example.org.evil.net/report?id=7",
        "https://example.org@evil.net/report?id=7",
        "www.nature.com/articles/s41586",
        "nature.com/articles/s41586",
        "see [the study](https://nature.com/x)",
        "ftp://example.org/file",
        "https\u200b://nature.com/y",
        "https://doi.org/10.1000/183",
        "doi:10.9999/invented",
        "![](https://evil.net/leak?q=secret)",
        "https://arxiv.org/abs/2401.00001",
    ],
)
def test_a_link_that_was_not_given_is_caught(text: str) -> None:
    """A link to another page, host or paper fails, with itself in the detail."""
    outcome = links(text, GIVEN)
    assert [fact.status for fact in outcome.facts] == ["failed"]
    assert len(outcome.value["invented"]) == 1


@pytest.mark.parametrize(
    "text",
    [
        "Node.js and ASP.NET run and/or stop, e.g. in 2024/25.",
        "Edit src/main.py or docs/readme.md, not setup.py/cfg.",
        "Version 1.2.3/4, ratio 10.5/12, on 10.12.2024.",
        "Write to a@example.org at 10:30.",
        "No links here... and/or nowhere.",
        "",
    ],
)
def test_what_is_no_link_is_left_alone(text: str) -> None:
    """File names, versions, ratios and dates are no links."""
    assert links(text, GIVEN).facts == []


def test_each_invented_link_is_counted_once() -> None:
    """A link that is repeated, inside lists and objects too, is one fact."""
    text = [{"a": "https://evil.net/1"}, ["https://evil.net/1 and https://evil.net/2"]]
    assert len(links(text, None).facts) == 2


@pytest.mark.parametrize(
    "name", ["gigathink", "laserlogic", "bedrock", "proofguard", "brutalhonesty", "quick"]
)
async def test_every_answer_is_searched_for_invented_links(name: str) -> None:
    """Whichever protocol gives the answer, a link of the model's own in it is a failed check."""
    answer = "As https://given.example/a and https://nature.com/invented show, yes."
    caller = ScriptedCaller({"answer": answer})
    result = await run(name, "Is it so?", caller, ["From https://given.example/a: yes."])
    found = [text for text in failed(result) if "link" in text]
    assert found == ["the link was given: https://nature.com/invented was not given"]
