"""Planted cases with known answers, on models that err on purpose: what code catches, and when it
raises a false alarm. Each table is run through the shipped protocol."""

from __future__ import annotations

from tests import planted_brutalhonesty as brutalhonesty
from tests import planted_gigathink as gigathink
from tests import planted_news as news
from tests import planted_proofguard as proofguard
from tests import planted_reports as reports
from tests.scripted_model import ScriptedCaller, failed, run

INVENTED = [
    "https://nature.com/articles/s41586",
    "www.who.int/report",
    "http://example.org/report",
    "https://example.org/report?id=8",
    "doi:10.9999/made.up",
    "arxiv.org/abs/2401.00001",
    "[the study](nature.com)",
    "https://example.org.evil.net/report?id=7",
]
GIVEN = [
    "https://example.org/report?id=7",
    "(example.org/report?id=7)",
    "http://www.example.org/report?id=7#page",
    "doi:10.1000/182",
    "https://doi.org/10.1000/182",
]
MATERIAL = "See https://example.org/report?id=7 and doi:10.1000/182: the pool closes."


async def link_is_taken_out(link: str) -> bool:
    """Run BrutalHonesty with an answer that names the link; tell whether it is taken out."""
    caller = ScriptedCaller(
        {"answer": f"The pool closes, says {link}.", "critics": {"findings": []}}
    )
    result = await run("brutalhonesty", "Close the pool?", caller, [MATERIAL])
    found = [text for text in failed(result) if text.startswith("the link was given")]
    assert bool(found) == ("[a link that nobody gave]" in (result.answer or ""))
    return bool(found)


async def outcomes() -> tuple[dict[str, bool], dict[str, bool]]:
    """Run every case: which wrong ones were caught, and which right ones raised an alarm."""
    caught: dict[str, bool] = {}
    alarms: dict[str, bool] = {}
    for kind, cases in proofguard.FALSE.items():
        for case in cases:
            verdict, facts = await proofguard.verdict_on(case)
            caught[f"{kind}: {case}"] = verdict != "supported" and bool(facts)
    for case in proofguard.TRUE:
        verdict, facts = await proofguard.verdict_on(case)
        alarms[f"quote: {case}"] = verdict != "supported" or bool(facts)
    for case in news.FALSE:
        verdict, facts = await proofguard.verdict_on(case, news.SOURCES)
        caught[f"news: {case}"] = verdict != "supported" and bool(facts)
    for case in news.TRUE:
        verdict, facts = await proofguard.verdict_on(case, news.SOURCES)
        alarms[f"news: {case}"] = verdict != "supported" or bool(facts)
    for pair in gigathink.SAME:
        caught[f"repeat: {pair}"] = await gigathink.is_called_a_repeat(*pair)
    for pair in gigathink.DIFFERENT:
        alarms[f"repeat: {pair}"] = await gigathink.is_called_a_repeat(*pair)
    for kind, findings in brutalhonesty.FALSE.items():
        for finding in findings:
            decided, facts = await brutalhonesty.decide(finding)
            caught[f"{kind}: {finding}"] = decided == "ship" and bool(facts)
    for finding in brutalhonesty.TRUE:
        decided, facts = await brutalhonesty.decide(finding)
        alarms[f"finding: {finding}"] = decided != "rethink" or bool(facts)
    return caught, alarms


async def outcomes_of_reports() -> tuple[dict[str, bool], dict[str, bool]]:
    """The same for claims, sources, rewritten statements and links."""
    caught: dict[str, bool] = {}
    alarms: dict[str, bool] = {}
    for spans in reports.NOT_COVERED:
        caught[f"left out: {spans}"] = await reports.coverage_fails(spans)
    for spans in reports.COVERED:
        alarms[f"left out: {spans}"] = await reports.coverage_fails(spans)
    for sources in reports.ONE:
        caught[f"one source: {sources}"] = await reports.shows_dependence(sources)
    for sources in reports.SEVERAL:
        alarms[f"one source: {sources}"] = await reports.shows_dependence(sources)
    for text in reports.ADDING:
        caught[f"rewriting: {text}"] = await reports.rewriting_of(text) == ""
    for text in reports.FAITHFUL:
        alarms[f"rewriting: {text}"] = await reports.rewriting_of(text) != text
    for text in reports.SELF_MARKED:
        verdicts = await reports.best_verdict_without_sources(text)
        caught[f"marked by a model: {text}"] = verdicts <= {"unverified", "not_checkable"}
    for link in INVENTED:
        caught[f"link: {link}"] = await link_is_taken_out(link)
    for link in GIVEN:
        alarms[f"link: {link}"] = await link_is_taken_out(link)
    return caught, alarms


async def test_planted_faults_are_caught_and_what_is_right_passes() -> None:
    """Of 300 planted faults at least 99 % are caught, and of 200 right cases
    at most 1 % are taken for wrong."""
    caught, alarms = await outcomes()
    more_caught, more_alarms = await outcomes_of_reports()
    caught |= more_caught
    alarms |= more_alarms
    missed = [case for case, was_caught in caught.items() if not was_caught]
    wrong = [case for case, was_alarmed in alarms.items() if was_alarmed]
    assert len(caught) >= 300
    assert len(alarms) >= 200
    assert len(missed) <= len(caught) * 0.01, missed
    assert len(wrong) <= len(alarms) * 0.01, wrong


async def test_what_words_cannot_show_is_known() -> None:
    """Repeats that share no words are not found by code, nor is a change of order: their number
    stays what it was, so that nobody takes the figures above for all there is."""
    found = [pair for pair in gigathink.HARD_SAME if await gigathink.is_called_a_repeat(*pair)]
    wrong = [pair for pair in gigathink.HARD_DIFFERENT if await gigathink.is_called_a_repeat(*pair)]
    assert (len(found), len(wrong)) == (0, 3)
