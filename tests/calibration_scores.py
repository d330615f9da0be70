"""How far shown confidences are from how often they were right."""

from __future__ import annotations

import math
from collections.abc import Sequence


def calibration_error(shown: Sequence[tuple[float, bool]], bins: int = 10) -> float:
    """Return the expected calibration error of shown confidences: their mean distance from how
    often they were right, over equal bins (Naeini et al., AAAI 2015)."""
    gaps = [0.0] * bins
    for confidence, right in shown:
        gaps[min(bins - 1, int(confidence * bins))] += confidence - right
    return math.fsum(abs(gap) for gap in gaps) / max(1, len(shown))


def brier(shown: Sequence[tuple[float, bool]]) -> float:
    """Return the mean squared error of shown confidences (Brier, 1950)."""
    return math.fsum((confidence - right) ** 2 for confidence, right in shown) / max(1, len(shown))
