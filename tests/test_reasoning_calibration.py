"""Confidence: from the user's marks, else a published curve, else the agreement itself."""

from __future__ import annotations

import random

import pytest

from llm_reasonkit.reasoning.answers import form_of
from llm_reasonkit.reasoning.calibration import (
    Mark,
    Pattern,
    confidence_in,
    curve,
    is_worked_out,
    prior,
    wilson,
)
from tests.calibration_scores import brier, calibration_error


def pattern(leading: int, members: int = 5, kind="number", families: int = 3, worked_out=True):
    """An agreement of so many of so many members."""
    return Pattern(kind, worked_out, leading, members, families)


def marks(count: int, shares: dict[int, float], kind="number") -> list[Mark]:
    """So many marks, spread evenly over agreements that are right in given shares."""
    chance = random.Random(3)
    leading = list(shares)
    return [
        Mark(pattern(k, kind=kind), chance.random() < shares[k])
        for k in (leading[n % len(leading)] for n in range(count))
    ]


@pytest.mark.parametrize(
    ("question", "choices", "worked_out"),
    [
        ("How many?", [], True),
        ("Who wrote it?", [], True),
        ("Is it safe?", [], False),
        ("Which metal?", ["Iron", "Copper", "Lead"], False),
        ("Which value?", ["12", "3/4", "5 km", "\\pi", "2x"], True),
        ("Which of these?", ["12", "3/4", "iron", "lead"], False),
    ],
)
def test_worked_out_answers_are_told_from_picked_ones(
    question: str, choices: list[str], worked_out: bool
):
    """Numbers to choose from are worked out, words are picked."""
    assert is_worked_out(form_of(question, None, choices)) is worked_out
    assert not is_worked_out(form_of("Which?", "choice"))


def test_without_marks_the_prior_speaks_and_says_whose_it_is():
    """A panel of several makers gets the published figure, labelled as not the user's."""
    shown = confidence_in(pattern(5))
    assert shown.kind == "prior"
    assert shown.overall == pytest.approx(0.99)
    assert "other models and questions than yours" in shown.basis
    assert shown.interval is not None
    assert shown.interval[0] < shown.overall <= shown.interval[1]
    assert "picked" in confidence_in(pattern(5, worked_out=False)).basis


def test_the_prior_rises_with_agreement():
    """More of the members are worth more; picked answers are worth less than worked out ones."""
    for worked_out in (True, False):
        values = [prior(pattern(k, worked_out=worked_out)) for k in range(6)]
        assert values == sorted(values)
    assert all(prior(pattern(k)) > prior(pattern(k, worked_out=False)) for k in range(2, 6))


def test_samples_of_one_model_only_have_an_agreement():
    """No recording says what samples of one model are worth; their share and interval are shown."""
    shown = confidence_in(pattern(4, families=1))
    assert (shown.kind, shown.overall) == ("agreement", 0.8)
    assert shown.interval == pytest.approx((0.376, 0.964), abs=0.001)
    assert "not known" in shown.basis


def test_marks_speak_from_fifty_on():
    """Forty-nine marks calibrate nothing, fifty do; ten of them have to be in the cell."""
    found = marks(49, {5: 0.6})
    assert confidence_in(pattern(5), found).kind == "prior"
    shown = confidence_in(pattern(5), [*found, Mark(pattern(5), True)])
    assert shown.kind == "calibrated"
    assert shown.overall == pytest.approx(0.6, abs=0.15)
    assert "50 of such answers, 50 in all" in shown.basis
    assert confidence_in(pattern(2), [*found, Mark(pattern(5), True)]).kind == "prior"
    assert confidence_in(pattern(5, kind="text"), marks(60, {5: 0.6})).kind == "prior"


def test_a_small_cell_is_shrunk_toward_what_all_marks_lead_to_expect():
    """Ten right of ten are no certainty, when the user's answers are wrong more than others'."""
    found = [*marks(90, {3: 0.3}), *[Mark(pattern(5), True)] * 10]
    shown = confidence_in(pattern(5), found)
    assert shown.kind == "calibrated"
    assert 0.85 < shown.overall < 0.99
    assert shown.interval is not None
    assert shown.interval[1] - shown.interval[0] > 0.1


def test_from_two_hundred_marks_the_curve_rises():
    """More agreement never shows less confidence, even where the marks are uneven."""
    found = marks(200, {5: 0.6, 4: 0.9, 3: 0.5, 2: 0.55})
    values = [confidence_in(pattern(k), found).overall for k in (2, 3, 4, 5)]
    assert values == sorted(values)
    assert values[2] == values[3]
    assert "rises with agreement" in confidence_in(pattern(5), found).basis


def test_shown_confidence_is_calibrated():
    """A hundred marks that are right as often as the runs to come make a small error on those."""
    shares = {5: 0.92, 4: 0.76, 3: 0.56, 2: 0.32}
    found = [
        Mark(pattern(k), n < round(25 * share)) for k, share in shares.items() for n in range(25)
    ]
    confidence = {k: confidence_in(pattern(k), found).overall for k in shares}
    shown = [(confidence[mark.pattern.leading], mark.right) for mark in found]
    assert calibration_error(shown) < 0.05
    assert brier(shown) < 0.2


def test_the_curve_has_counts_and_intervals():
    """Each cell that was marked has its number, share and interval, by kind."""
    found = [*marks(20, {5: 1.0, 3: 0.0}), *marks(4, {5: 1.0}, kind="choice")]
    points = curve(found)
    assert [(p.kind, p.marks, p.right) for p in points] == [
        ("choice", 4, 1.0),
        ("number", 10, 0.0),
        ("number", 10, 1.0),
    ]
    assert points[1].expected == pytest.approx(0.84)
    assert points[2].interval == pytest.approx((0.722, 1.0), abs=0.001)
    assert points[1].strength == pytest.approx(0.5)


def test_calibration_error_and_brier_score():
    """A confidence of 0.8 that is right four times of five has no error; nothing has none."""
    shown = [(0.8, True)] * 4 + [(0.8, False)]
    assert calibration_error(shown) == pytest.approx(0)
    assert brier(shown) == pytest.approx(0.16)
    assert calibration_error([(1.0, False)]) == 1
    assert calibration_error([]) == 0
    assert brier([]) == 0


def test_the_interval_of_nothing_is_everything():
    """No observation leaves every share possible."""
    assert wilson(0, 0) == (0.0, 1.0)
    assert wilson(5, 5)[1] == pytest.approx(1.0)
