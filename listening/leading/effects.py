"""Did it move more than noise, and more than the others did? Takes a measure before and since, and those of others; gives the difference of the differences.

What the others moved by tells what would have happened anyway, and how far apart things move that nobody did anything
about. So the interval holds three doubts: the measure's own noise, that of the others' mean, and how much one thing moves
unlike another (the prediction interval of a random-effects mean, after Higgins, Thompson and Spiegelhalter 2009).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from listening import chances, intervals

Floats = NDArray[np.float64]
LEAST_OTHERS = 3
WORKED, NO_EFFECT, WORSE, TOO_LITTLE = "worked", "no effect", "got worse", "too little to tell"


@dataclass(frozen=True)
class Effect:
    """What a measure moved by, and what of it goes beyond the others; NaN where nothing can be compared."""

    moved: float
    moved_low: float
    moved_high: float
    others: int
    others_moved: float
    effect: float
    effect_low: float
    effect_high: float

    def verdict(self, better: float, hoped: float = 0.0) -> str:
        """What may be said of it, where `better` has the sign of what is better and `hoped` is the size that was hoped for, if any."""
        if np.isnan(self.effect):
            return TOO_LITTLE
        ends = sorted(np.sign(better) * np.array([self.effect_low, self.effect_high]))
        own = sorted(np.sign(better) * np.array([self.moved_low, self.moved_high]))
        if ends[0] > 0 and own[0] > 0:
            return WORKED
        if ends[1] < 0 and own[1] < 0:
            return WORSE
        is_still = own[0] <= 0 and own[1] < abs(hoped)  # by itself it stood still, and moved by less than was hoped
        return NO_EFFECT if not hoped or is_still or ends[1] < abs(hoped) else TOO_LITTLE


def variance(hits: ArrayLike, of: ArrayLike) -> Floats:
    """The variance of a share, with one hit and one miss more, so that none out of a few does not look certain."""
    k, n = np.asarray(hits, float), np.asarray(of, float)
    p = (k + 1) / (n + 2)
    noise: Floats = p * (1 - p) / np.maximum(n, 1)
    return noise


def compared(moved: float, noise: float, others: ArrayLike, others_noise: ArrayLike) -> Effect:
    """The difference in differences.

    Args:
        moved: by how much the measure moved.
        noise: the variance of that.
        others: by how much each of the others moved.
        others_noise: the variances of that.
    """
    low, high = moved - intervals.Z * np.sqrt(noise), moved + intervals.Z * np.sqrt(noise)
    d, v = np.asarray(others, float), np.asarray(others_noise, float)
    if len(d) < LEAST_OTHERS:
        return Effect(moved, low, high, len(d), *[float("nan")] * 4)
    apart = max(float(d.var(ddof=1) - v.mean()), 0.0)
    weights = 1 / (v + apart)
    usual = float((weights * d).sum() / weights.sum())
    half = chances.student(len(d) - 1) * np.sqrt(noise + apart + 1 / weights.sum())
    return Effect(moved, low, high, len(d), usual, moved - usual, moved - usual - half, moved - usual + half)
