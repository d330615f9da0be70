"""Confidence: from the user's marks, else a published curve, else the agreement itself."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping

import pytest

from llm_reasonkit.reasoning.answers import Kind
from llm_reasonkit.reasoning.calibration import (
    Mark,
    Pattern,
    confidence_in,
    curve,
    prior,
    wilson,
)
from tests.calibration_scores import brier, calibration_error


def pattern(leading: int, members: int = 5, kind="number", families: int = 3):
    """An agreement of so many of so many members."""
    return Pattern(kind, leading, members, families)


def marks(
    count: int, shares: Mapping[int, float], kind="number", chance: random.Random | None = None
) -> list[Mark]:
    """So many marks, spread evenly over agreements that are right in given shares."""
    chance = chance or random.Random(3)
    leading = list(shares)
    return [
        Mark(pattern(k, kind=kind), chance.random() < shares[k])
        for k in (leading[n % len(leading)] for n in range(count))
    ]


def test_without_marks_the_prior_speaks_and_says_whose_it_is():
    """A panel of several makers gets the published figure, labelled as not the user's."""
    shown = confidence_in(pattern(5))
    assert shown.kind == "prior"
    assert shown.overall == pytest.approx(0.992, abs=0.001)
    assert "other models and questions than yours" in shown.basis
    assert shown.interval == pytest.approx((0.956, 0.999), abs=0.001)
    assert "answers to choose from" in confidence_in(pattern(5, kind="choice")).basis


def test_the_prior_rises_with_agreement():
    """More of the members are worth more, two of two less than five of five; closed answers are
    worth less than open ones."""
    for kind in ("number", "choice"):
        values = [prior(pattern(k, kind=kind)) for k in range(1, 6)]
        assert values == sorted(set(values))
        assert prior(pattern(4, 5, kind)) < prior(pattern(2, 2, kind)) < prior(pattern(5, 5, kind))
    assert all(prior(pattern(k)) > prior(pattern(k, kind="yes-no")) for k in range(1, 6))


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


def test_the_curve_rises_where_marks_are_uneven():
    """More agreement shows more confidence, also where fewer of the stronger were right."""
    found = marks(200, {5: 0.6, 4: 0.9, 3: 0.5, 2: 0.55})
    values = [confidence_in(pattern(k), found).overall for k in (2, 3, 4, 5)]
    assert values == sorted(set(values))


def test_kinds_of_answers_are_kept_apart():
    """What the user marked of one kind changes nothing of another."""
    some = marks(60, {5: 0.6, 4: 0.5})
    alone = confidence_in(pattern(5), some)
    beside = confidence_in(pattern(5), [*some, *marks(60, {5: 0.1}, kind="choice")])
    assert beside.kind == "calibrated"
    assert (beside.overall, beside.interval) == (alone.overall, alone.interval)


@pytest.mark.parametrize("kind", ["number", "choice"])
@pytest.mark.parametrize("right", [True, False])
def test_thousands_of_marks_outweigh_the_prior(kind: Kind, right: bool):
    """However far from the public figure, the shown one comes to where the marks are."""
    found = [Mark(pattern(k, kind=kind), right) for k in (3, 4, 5)] * 1500
    for k in (3, 5):
        shown = confidence_in(pattern(k, kind=kind), found)
        assert abs(shown.overall - right) < 0.01
        assert shown.interval is not None
        assert shown.interval[0] < shown.overall < shown.interval[1]


def test_intervals_hold_how_often_it_is_right():
    """Of users whose panels are right otherwise than the public ones, nearly all have the true
    share in the shown interval, be it of the prior or of a hundred marks."""
    chance = random.Random(5)
    held = {"prior": 0, "calibrated": 0}
    for _ in range(150):
        level, slope = chance.gauss(0.1, 0.5), chance.gauss(1.0, 0.3)
        true = {
            k: 1 / (1 + math.exp(-level - slope * pattern(k, kind="choice").log_odds))
            for k in (2, 3, 4, 5)
        }
        for found in ([], marks(100, true, "choice", chance)):
            shown = confidence_in(pattern(4, kind="choice"), found)
            assert shown.interval is not None
            held[shown.kind] += shown.interval[0] <= true[4] <= shown.interval[1]
    assert min(held.values()) >= 0.93 * 150


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
    assert points[1].expected == pytest.approx(0.823, abs=0.001)
    assert points[2].interval == pytest.approx((0.722, 1.0), abs=0.001)
    assert points[1].agreement == pytest.approx(0.6)


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
