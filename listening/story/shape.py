"""Order and change without check-ins: takes standardised readings of all sources, tells where stages stand to one another, on no scale.

What sources agree on is taken for the stage's life, what they disagree on for their own faults: some last (a stage
whose failures are logged better), some pass (few reviews that quarter). The shares of each are read off the analysis of
variance over sources, leaning on a guess while there is little to read. A level is nowhere in it. Where there is one source, it
can't be told from its faults, and hardly any change is called.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LASTING, PASSING = 0.30, 0.20  # guess at one source's variance that is its own fault; all of it is 1
LEANING = 10.0  # degrees of freedom that the guess counts for
SHARED = 1.1  # faults that sources share can't be seen: those that are seen are taken to be so much larger


def posterior(x: Floats, is_heard: NDArray[np.bool_], n_stages: int, n_periods: int) -> tuple[Floats, Floats]:
    """Mean and joint covariance of how good each place is, relative to the others.

    Args:
        x: readings, places × sources, standardised, 0 where not heard; places stage by stage.
        is_heard: where there is a reading.
        n_stages: how many stages.
        n_periods: how many periods.
    """
    heard = is_heard.sum(axis=1)
    mean = x.sum(axis=1) / np.maximum(heard, 1)
    now = np.arange(len(x))[np.arange(len(x)) % max(n_periods, 1) > 0]
    in_both = is_heard[now] & is_heard[now - 1]
    moved = np.where(in_both, x[now] - x[now - 1], 0.0)
    both = in_both.sum(axis=1)
    movement = moved.sum(axis=1) / np.maximum(both, 1)
    passing = _disagreement(moved, in_both, movement, 2 * PASSING) / 2
    if (both < 2).all():
        passing = max(passing, _variance(movement, both, 0) / 2)
    lasting = max(_disagreement(x, is_heard, mean, LASTING + PASSING) - passing, 0.05)
    passing, lasting = SHARED * passing, SHARED * lasting
    own = max(_variance(movement, both, 2 * passing) / 2, 0.02)
    stage = max(_variance(mean, heard, passing + lasting) - own, 0.05)
    same_stage = np.kron(np.eye(n_stages), np.ones((n_periods, n_periods)))
    few = 1 / np.sqrt(np.maximum(heard, 1))
    life = stage * same_stage + own * np.eye(len(x))
    faults = lasting * same_stage * np.outer(few, few) + passing * np.diag(few**2)
    seen = heard > 0
    gain = np.linalg.solve((life + faults)[np.ix_(seen, seen)], np.column_stack([mean[seen], life[seen]]))
    return life[:, seen] @ gain[:, 0], life - life[:, seen] @ gain[:, 1:]


def _disagreement(values: Floats, is_heard: NDArray[np.bool_], mean: Floats, guess: float) -> float:
    """Variance of one source around what all say, leaning on a guess."""
    squares = (np.where(is_heard, values - mean[:, None], 0.0) ** 2).sum()
    freedom = np.maximum(is_heard.sum(axis=1) - 1, 0).sum()
    return float((squares + LEANING * guess) / (freedom + LEANING))


def _variance(mean: Floats, heard: NDArray[np.int64], of_faults: float) -> float:
    """Variance of the sources' mean beyond what their faults explain."""
    weighed = heard > 0
    if not weighed.any():
        return 0.0
    return float((mean[weighed] ** 2).mean() - (of_faults / heard[weighed]).mean())
