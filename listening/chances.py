"""Chances that a figure keeps a threshold: takes counts, or an estimate with its deviation, gives posterior probabilities.

Shares of different people have Jeffreys' beta posterior, estimates a normal one; the spread of a share between places is
judged by the chi-square of homogeneity, whose mean grows with the square of the true spread.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

Floats = NDArray[np.float64]
LOWER, UPPER = 0.05, 0.95  # of a 90 % interval


def share_at_least(hits: ArrayLike, of: ArrayLike, threshold: ArrayLike) -> Floats:
    """Chance that a share is at least so large; NaN where `of` is 0."""
    k, n = np.asarray(hits, float), np.asarray(of, float)
    chance: Floats = np.where(n > 0, special.betaincc(k + 0.5, n - k + 0.5, threshold), np.nan)
    return chance


def at_most(value: ArrayLike, deviation: ArrayLike, threshold: ArrayLike) -> Floats:
    """Chance that what was estimated with this standard deviation is at most so large."""
    chance: Floats = special.ndtr((np.asarray(threshold, float) - np.asarray(value, float)) / np.asarray(deviation, float))
    return chance


def spread(hits: ArrayLike, of: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Standard deviation of a share between places beyond sampling noise, with low and high (90 %); places on the last axis."""
    excess, scale, freedom = _homogeneity(hits, of)

    def deviation(chi_square: Floats) -> Floats:
        return np.sqrt(np.maximum(excess / chi_square - 1, 0) * scale)

    return deviation(freedom), deviation(special.chdtri(freedom, LOWER)), deviation(special.chdtri(freedom, UPPER))


def spread_at_most(hits: ArrayLike, of: ArrayLike, threshold: float) -> Floats:
    """Chance that the standard deviation of a share between places is at most so large; places on the last axis."""
    excess, scale, freedom = _homogeneity(hits, of)
    chance: Floats = special.chdtrc(freedom, excess / (1 + threshold**2 / scale))
    return chance


def _homogeneity(hits: ArrayLike, of: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """The chi-square of homogeneity, the noise's variance of one place of usual size, and the degrees of freedom."""
    k, n = np.asarray(hits, float), np.asarray(of, float)
    whole = n.sum(axis=-1)
    p = (k.sum(axis=-1) + 0.5) / (whole + 1)
    noise = p * (1 - p)
    freedom = np.full(p.shape, n.shape[-1] - 1.0)
    excess = (n * (k / n - p[..., None]) ** 2).sum(axis=-1) / noise
    usual = (whole - (n**2).sum(axis=-1) / whole) / freedom
    return excess, noise / usual, freedom


def student(freedom: int) -> float:
    """How many standard deviations a 90 % interval reaches to each side where the deviation is known from few."""
    return float(special.stdtrit(freedom, UPPER))
