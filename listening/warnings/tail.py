"""How unusual a count is: counts, what was expected and how widely they spread in; the normal deviate of the mid-p upper tail out.

The spread is `mean + alpha * mean**2`: alpha above 0 is a negative binomial, below 0 a binomial of -1/alpha trials. Both
tails come from one normal approximation by Peizer and Pratt (1968), right to about .01 in z from a mean of .05 upwards, so
that thousands of series cost a few array operations.
"""

from __future__ import annotations

import math
from functools import cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SMALLEST = 1e-4  # of alpha on either side of 0: nearer, it is a Poisson count to all purposes
WIDEST = 1.0  # alpha: beyond it the approximation is no longer good
LEAST = 1e-6  # of a mean
STEEPEST = 0.65  # least standard deviation that z is divided by, so that one mention in a month is no alarm
_erfc = np.frompyfunc(math.erfc, 1, 1)
_deviate = np.frompyfunc(NormalDist().inv_cdf, 1, 1)


def surprise(counts: Floats, means: Floats, alphas: Floats) -> Floats:
    """Z of the mid-p upper tail: mean 0 and standard deviation 1 where the counts come as expected, large where there are too many."""
    means = np.maximum(means, LEAST)
    spread = np.where(alphas < 0, np.minimum(alphas, -SMALLEST), np.clip(alphas, SMALLEST, WIDEST))
    logarithms, mean, deviation = _own()
    return (_plain(counts, means, spread) - np.interp(np.log(means), logarithms, mean)) / np.interp(np.log(means), logarithms, deviation)


def _plain(counts: Floats, means: Floats, alphas: Floats) -> Floats:
    """The normal deviate of the mid-p upper tail as it is, in steps where counts are few."""
    above, reached = _more_than(np.stack([counts, np.maximum(counts - 1, 0)]), means, alphas)
    middle = (above + np.where(counts > 0, reached, 1.0)) / 2
    return -np.asarray(_deviate(np.clip(middle, 1e-300, 1 - 1e-15)), float)


@cache
def _own() -> tuple[Floats, Floats, Floats]:
    """Mean and standard deviation that z has by itself, by the logarithm of what is expected: where counts are few, z moves in steps."""
    means = np.geomspace(0.02, 50, 60)
    at_least, poisson = np.arange(-1.0, 120), np.full((60, 1), SMALLEST)
    beyond = np.where(at_least < 0, 1.0, _more_than(at_least, means[:, None], poisson))
    chance, z = -np.diff(beyond, axis=1), _plain(np.broadcast_to(at_least[1:], (60, 120)), means[:, None], poisson)
    mean = (chance * z).sum(axis=1)
    return np.log(means), mean, np.maximum(np.sqrt((chance * z**2).sum(axis=1) - mean**2), STEEPEST)


def _more_than(counts: Floats, means: Floats, alphas: Floats) -> Floats:
    """The chance of more than `counts`."""
    trials = 1 / np.abs(alphas)
    is_wide = alphas > 0
    # a negative binomial exceeds k when fewer than `trials` successes come in trials + k tries
    n = np.where(is_wide, trials + counts, trials)
    low = np.where(is_wide, trials - 1, counts)
    chance = np.where(is_wide, trials / (trials + means), means * np.abs(alphas))
    chance = np.clip(chance, 1e-12, 1 - 1e-12)
    z = _peizer_pratt(low, n, chance)
    p = np.asarray(_erfc(np.where(is_wide, -z, z) / math.sqrt(2)), float) / 2
    return np.where(~is_wide & (counts >= trials - 0.25), 0.0, p)


def _peizer_pratt(low: Floats, n: Floats, chance: Floats) -> Floats:
    """Z for the chance of at most `low` successes in `n` tries."""
    s, f = np.maximum(low + 0.5, 0.05), np.maximum(n - low - 0.5, 0.05)
    other = 1 - chance
    d = low + 2 / 3 - (n + 1 / 3) * chance + 0.02 * (other / (low + 1).clip(0.5) - chance / (n - low).clip(0.5) + (other - 0.5) / (n + 1))
    ratio = 1 + other * _g(s / (n * chance)) + chance * _g(f / (n * other))
    return np.asarray(d * np.sqrt(ratio / ((n + 1 / 6) * chance * other)))


def _g(x: Floats) -> Floats:
    """Peizer and Pratt's (1 - x² + 2x ln x) / (1 - x)², continued through x = 1."""
    near = np.abs(1 - x) < 1e-4
    apart = np.where(near, 0.5, 1 - x)
    return np.where(near, (1 - x) / 3, (1 - x**2 + 2 * x * np.log(np.where(near, 0.5, x))) / apart**2)
