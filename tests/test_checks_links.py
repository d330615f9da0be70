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


@pytest.mark.parametrize("name", ["gigathink", "laserlogic", "bedrock", "brutalhonesty", "quick"])
async def test_every_answer_is_searched_for_invented_links(name: str) -> None:
    """Whichever protocol gives the answer, a link of the model's own in it is a failed check, and
    is taken out."""
    answer = "As https://given.example/a and https://nature.com/invented show, yes."
    caller = ScriptedCaller({"answer": answer})
    result = await run(name, "Is it so?", caller, ["From https://given.example/a: yes."])
    found = [text for text in failed(result) if "link" in text]
    assert found == ["the link was given: https://nature.com/invented was not given"]
    left = "As https://given.example/a and [a link that nobody gave] show, yes."
    assert (result.answer or "").endswith(left)


async def test_an_invented_link_is_not_in_the_report_of_proofguard() -> None:
    """A link that a claim brings along is a failed check, and does not stand in the answer."""
    text = "It is so: https://given.example/a and https://nature.com/invented say it."
    claims = {"claims": [{"text": text, "span": "", "kind": "other"}], "rest": []}
    result = await run(
        "proofguard",
        "Is it so?",
        ScriptedCaller({"extraction": claims}),
        ["https://given.example/a"],
    )
    assert [f for f in failed(result) if "link" in f] == [
        "the link was given: https://nature.com/invented was not given"
    ]
    assert "https://given.example/a and [a link that nobody gave] say it." in (result.answer or "")


LEAKS = [
    "see https://evil.net/x, and\nhttps://evil.net/y.",
    "![](https://evil.net/leak?q=secret)",
    "[docs](evil.net) and [more](//evil.net/x?k=1)",
    "https\u200b://evil.net/a www.evil.net nature.com/articles/s41586",
    "hhttps://evil.net/attps://evil.net/b",
    "**https://evil.net** (doi:10.9999/invented) <https://evil.net/é?x=1>",
]


@pytest.mark.parametrize("text", LEAKS)
def test_the_text_that_is_handed_on_has_no_invented_link(text: str) -> None:
    """What was not given is taken out, what was given stays, and nothing new comes about."""
    outcome = links(f"Look at https://example.org/report?id=7: {text}", GIVEN)
    clean = outcome.value["text"]
    assert "evil" not in clean
    assert clean.startswith("Look at https://example.org/report?id=7: ")
    assert links(clean, GIVEN).value["invented"] == []


def test_a_text_without_invented_links_is_handed_on_as_it_is() -> None:
    """Nothing else is changed, and what code says first stands in front."""
    text = "**So** \u201cit\u201d is:\u00a0 https://example.net/x \n"
    assert links(text, GIVEN).value["text"] == text
    assert links(text, GIVEN, "Verdict: ship.").value["text"] == f"Verdict: ship.\n\n{text}"


async def test_the_address_of_a_source_was_given() -> None:
    """An answer may name the address that a source came from."""
    caller = ScriptedCaller({"answer": "Says https://given.example/page."})
    result = await run(
        "gigathink", "Is it so?", caller, ["Yes."], names=["https://given.example/page"]
    )
    assert not [text for text in failed(result) if "link" in text]
