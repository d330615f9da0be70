"""Equivalence classes of answers: the same in every order, and never by likeness."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llm_reasonkit.reasoning.answers import AnswerForm, canonical, form_of
from llm_reasonkit.reasoning.clustering import Pair, cluster

NUMBER = AnswerForm("number")
TEXT = AnswerForm("text")


def grouped(texts, form=NUMBER, verdicts=None):
    """Return the clusters of some answers as sets of their texts, largest first, and the rungs."""
    answers = {n: canonical(text, form) for n, text in enumerate(texts)}
    found = cluster(answers, form, verdicts)
    groups = [sorted(texts[i] for i in c.members) for c in found.clusters]
    return groups, [c.rung for c in found.clusters], found


def test_equal_forms_are_one_cluster():
    """The largest cluster comes first, and says what put it together."""
    groups, rungs, _ = grouped(["1,000", "12", "1e3", "one thousand"])
    assert groups == [["1,000", "1e3", "one thousand"], ["12"]]
    assert rungs == ["canonical", "veto"]


def test_the_most_held_form_is_shown():
    """A cluster is shown as most of its members put it, in few words."""
    answers = {n: canonical(t, NUMBER) for n, t in enumerate(["0.667", "2/3", "2/3"])}
    assert cluster(answers, NUMBER).clusters[0].answer.text == "2/3"


def test_what_contradicts_itself_is_ambiguous():
    """A bare number between two currencies joins neither, and does not join them."""
    groups, rungs, found = grouped(["42 dollars", "42", "42 euros"])
    assert sorted(groups) == [["42"], ["42 dollars"], ["42 euros"]]
    assert rungs == ["ambiguous"] * 3
    assert found.open_pairs == ()


def test_equal_forms_stay_together_in_an_ambiguity():
    """Those that say the very same still count together."""
    groups, _, _ = grouped(["42 dollars", "42 dollars", "42", "42 euros"])
    assert groups[0] == ["42 dollars", "42 dollars"]


def test_open_pairs_are_asked_about_once_for_each_two_clusters():
    """Texts in other words are left to a model; vetoed ones are not."""
    _, _, found = grouped(
        ["the UK", "Great Britain", "UK", "France in 1990", "France in 1991"], TEXT
    )
    pairs = {frozenset((p.left, p.right)) for p in found.open_pairs}
    assert frozenset(("France in 1990", "France in 1991")) not in pairs
    assert len([p for p in found.open_pairs if "Great Britain" in (p.left, p.right)]) == 3


@pytest.mark.parametrize("turned", [False, True])
def test_a_models_verdict_merges_what_was_open(turned: bool):
    """A pair that a model found the same, both ways, becomes one cluster."""
    pair = Pair("UK", "Great Britain") if turned else Pair("Great Britain", "UK")
    groups, rungs, found = grouped(["UK", "Great Britain", "France"], TEXT, {pair: True})
    assert groups[0] == ["Great Britain", "UK"]
    assert rungs[0] == "model"
    assert all("France" in (p.left, p.right) for p in found.open_pairs)


def test_a_model_that_says_no_or_contradicts_itself_keeps_apart():
    """A verdict that differs by direction is none."""
    both = {Pair("UK", "Great Britain"): True, Pair("Great Britain", "UK"): False}
    assert len(grouped(["UK", "Great Britain"], TEXT, both)[0]) == 2
    no = {Pair("Great Britain", "UK"): False}
    assert grouped(["UK", "Great Britain"], TEXT, no)[2].open_pairs == ()


def test_a_model_cannot_overrule_a_veto():
    """Twelve days are not seventeen days, whatever a model says."""
    said = {Pair("it takes 12 days", "it takes 17 days"): True}
    assert len(grouped(["it takes 12 days", "it takes 17 days"], TEXT, said)[0]) == 2


def test_verdicts_that_do_not_hang_together_are_ambiguous():
    """A = B and B = C, but not A = C: nobody is counted with another."""
    names = ["Ann", "Anna", "Hannah"]
    said = {Pair("Ann", "Anna"): True, Pair("Anna", "Hannah"): True, Pair("Ann", "Hannah"): False}
    groups, rungs, _ = grouped(names, TEXT, said)
    assert sorted(groups) == [["Ann"], ["Anna"], ["Hannah"]]
    assert set(rungs) == {"ambiguous"}


@pytest.mark.parametrize(
    "texts",
    [
        ["42 dollars", "42", "42 euros", "42"],
        ["12", "17", "12", "1e1", "ten"],
        ["0.33", "1/3", "0.333", "0.34"],
        ["3 guests", "3", "3 people", "4"],
    ],
)
def test_order_does_not_matter(texts: list[str]):
    """Every order of the same answers gives the same clusters and rungs."""
    expected = grouped(texts)[:2]
    for order in permutations(texts):
        assert grouped(list(order))[:2] == expected


WRITTEN = st.sampled_from(
    (
        *("12", "12.0", "17", "twelve", "12 apples", "$12", "12 euros", "1/3", "0.33", "0.333"),
        *("Rome", "The capital is Rome.", "rome", "[1, 2]", "{2, 1}", "1, 2", "yes", "x = 5", "5"),
    )
)


@given(st.lists(WRITTEN, min_size=3, max_size=5), st.data())
def test_no_order_of_any_answers_matters(texts: list[str], data: st.DataObject):
    """However three to five answers of all kinds are shuffled, their clusters are the same."""
    form = form_of("What is the capital of Italy?")
    shuffled = data.draw(st.permutations(texts))
    assert grouped(list(shuffled), form)[:2] == grouped(texts, form)[:2]


def test_no_answers_no_clusters():
    """Nothing to group is no error."""
    assert cluster({}, NUMBER).clusters == ()


def test_a_lone_open_answer_has_nothing_decided():
    """A single text beside another open one stands by itself."""
    assert grouped(["UK", "Great Britain"], TEXT)[1] == ["none", "none"]
