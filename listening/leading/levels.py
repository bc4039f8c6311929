"""The climb from random to reliable, differentiated and desired: takes the chance that each measure meets its threshold, gives levels.

A gate's chance is that of its weakest measure, so that no strength makes up for it. A stage climbs when a gate is 80 %
likely to be passed and falls only when it is less than 10 % likely, so that noise alone seldom moves it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEVELS = ("random", "reliable", "differentiated", "desired")
NOT_PLACED = "not yet placed"
UNPLACED = -1
GATES: dict[str, tuple[str, ...]] = {
    "reliable": ("trouble_of_customers", "spread_of_trouble"),
    "differentiated": ("exceeded_less_below_of_customers", "memorable_good_of_customers"),
    "desired": ("recommend_of_customers",),
}
MEASURES = [measure for measures in GATES.values() for measure in measures]
CLIMB, FALL = 0.8, 0.1
ENOUGH = 100  # answers (or what an estimate is worth in answers) below which a chance does not lift a stage


def gates(chances: Floats, evidence: Floats) -> Floats:
    """The chance that each gate is passed, of chances with the measures of `MEASURES` on the last axis.

    NaN where a measure is not known well enough and none is known to fail: fewer than 100 answers do not lift, but they
    may show that it cannot be.
    """
    decides = (evidence >= ENOUGH) | (chances < FALL)
    known = np.where(decides, chances, np.nan)
    found, start = [], 0
    for measures in GATES.values():
        own = known[..., start : start + len(measures)]
        least = np.where(np.isnan(own), np.inf, own).min(axis=-1)
        found.append(np.where(np.isnan(own).any(axis=-1) & ~(least < FALL), np.nan, least))
        start += len(measures)
    return np.stack(found, axis=-1)


def step(before: Ints, passed: Floats) -> Ints:
    """The levels of a period, from those of the period before and the gates' chances; `UNPLACED` until the first gate is known."""
    stood = np.minimum(np.maximum(before, 0), _leading(~(passed < FALL)))
    number = np.arange(passed.shape[-1])
    level = _leading((number < stood[..., None]) | (passed >= CLIMB))
    return np.where((before > UNPLACED) | ~np.isnan(passed[..., 0]), level, UNPLACED)


def _leading(flags: NDArray[np.bool_]) -> Ints:
    """How many flags are set before the first that is not."""
    number: Ints = np.cumprod(flags, axis=-1).sum(axis=-1)
    return number
