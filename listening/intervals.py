"""Uncertainty of shares and nets: takes counts, gives 90 % intervals."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Z = 1.6448536269514722  # two-sided 90 %


def share(hits: ArrayLike, of: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Share, low and high of `hits` among `of`, each 0 … 1 (Wilson 1927); NaN where `of` is 0."""
    k, n = np.asarray(hits, float), np.asarray(of, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = np.clip(k / n, 0, 1)  # a share that was reckoned may be beyond by rounding
        middle = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
        half = Z * np.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n)) / (1 + Z * Z / n)
    return p, np.clip(middle - half, 0, p), np.clip(middle + half, p, 1)


def difference(hits: ArrayLike, of: ArrayLike, hits_before: ArrayLike, of_before: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """Difference of two shares of different people, with low and high, -1 … 1 (Newcombe 1998, his tenth method)."""
    (now, low, high), (then, low_then, high_then) = share(hits, of), share(hits_before, of_before)
    value = now - then
    return value, value - np.sqrt((now - low) ** 2 + (high_then - then) ** 2), value + np.sqrt((high - now) ** 2 + (then - low_then) ** 2)


def ratio(hits: ArrayLike, of: ArrayLike, hits_other: ArrayLike, of_other: ArrayLike) -> tuple[Floats, Floats, Floats]:
    """How many times as large the first share is as the second, with low and high; half a case is added to each (Walter 1975)."""
    a, n, b, m = (np.asarray(counts, float) + 0.5 for counts in (hits, of, hits_other, of_other))
    value, half = (a / n) / (b / m), Z * np.sqrt(1 / a - 1 / n + 1 / b - 1 / m)
    return value, value * np.exp(-half), value * np.exp(half)


def net(great: ArrayLike, trouble: ArrayLike, of: ArrayLike) -> tuple[Floats, Floats]:
    """Net in points, 100 × (share great − share trouble), and its variance; NaN where `of` is 0.

    The variance takes its shares with one answer more of each of great, between and trouble, so that a handful of
    like-minded answers do not look certain (after Agresti and Min 2005).
    """
    g, t, n = np.asarray(great, float), np.asarray(trouble, float), np.asarray(of, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = 100 * (g - t) / n
        g1, t1 = (g + 1) / (n + 3), (t + 1) / (n + 3)
        variance = 1e4 * (g1 + t1 - (g1 - t1) ** 2) / n
    return value, np.where(n > 0, variance, np.nan)


def around(value: ArrayLike, variance: ArrayLike, within: float = 100) -> tuple[Floats, Floats]:
    """Low and high around a value, kept within ± `within`."""
    half = Z * np.sqrt(np.asarray(variance, float))
    return np.clip(np.asarray(value, float) - half, -within, within), np.clip(np.asarray(value, float) + half, -within, within)
