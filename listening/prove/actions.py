"""Actions in simulated companies: takes how many, gives whether the action that worked is told from the one that did not.

Twelve measures in eight stages drift from month to month, each by itself and all together. In the middle of the year two
stages act on one of theirs; one action takes a stated number of points off the share that fails, the other does nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from listening.leading import effects
from listening.prove.figures import QUICK, Figure, Run, mean

MEASURES, MONTHS = 12, 12
FAILING = (0.06, 0.30)  # share that fails at first
PASSAGES = (80, 500)  # a month


@dataclass(frozen=True)
class Kind:
    """What worlds of one kind have in common.

    Attributes:
        name: what is said of them.
        drift: deviation of a month's step of each measure, in log odds.
        common: the same of all together.
        gain: points that the action which works takes off.
        has_target: whether the figures must reach their targets, or are only to be known.
    """

    name: str
    drift: float = 0.06
    common: float = 0.06
    gain: float = 0.10
    has_target: bool = True


DESIGNED = Kind("actions, 10 points fewer fail")
CALM = Kind("actions, 5 points fewer fail, calm measures", drift=0.02, common=0.03, gain=0.05)
FALLING = Kind("actions, 10 points fewer fail, everything moves", common=0.20, has_target=False)
RESTLESS = Kind("actions, 10 points fewer fail, measures drift twice as far", drift=0.12, has_target=False)
SMALL = Kind("actions, 3 points fewer fail", gain=0.03, has_target=False)


def figures(run: Run) -> Iterator[Figure]:
    """How often the right one is named, and how often one that did nothing is said to have worked."""
    for kind in (DESIGNED, CALM, FALLING, RESTLESS, SMALL):
        run.progress(kind.name)
        told = np.array([_told(kind, seed) for seed in range(max(run.worlds, QUICK))])
        yield run.figure(kind.name, "worlds in which the right one is named, and it alone", mean(told[:, 0]), 0.80 if kind.has_target else -np.inf)
        yield run.figure(kind.name, "worlds in which the one that did nothing is said to have worked", mean(told[:, 1]), most=0.10)
        yield run.figure(kind.name, "90 % intervals of the effect that hold", mean(told[:, 2]), 0.84 if kind.has_target else -np.inf)


def _told(kind: Kind, seed: int) -> tuple[float, float, float]:
    """Whether the right one is named, the wrong one is, and the interval holds the gain, in one world."""
    rng = np.random.default_rng([seed, 13])
    first = rng.uniform(*FAILING, MEASURES)
    first[:2] = rng.uniform(max(kind.gain + 0.04, FAILING[0]), FAILING[1] + 0.05, 2)
    steps = rng.normal(0, kind.drift, (MONTHS, MEASURES)) + rng.normal(0, kind.common, (MONTHS, 1))
    odds = np.log(first / (1 - first)) + steps.cumsum(axis=0) - steps[: MONTHS // 2].sum(axis=0) / 2
    share = 1 / (1 + np.exp(-odds))
    without = share.copy()
    share[MONTHS // 2 :, 0] = np.maximum(share[MONTHS // 2 :, 0] - kind.gain, 0.002)
    n = rng.integers(*PASSAGES, MEASURES)
    failed = rng.binomial(n, share)
    hits, of = failed.reshape(2, MONTHS // 2, MEASURES).sum(axis=1), n * MONTHS // 2
    moved, noise = (hits[1] - hits[0]) / of, effects.variance(hits[0], of) + effects.variance(hits[1], of)
    others = slice(2, None)
    worked, idle = (effects.compared(float(moved[which]), float(noise[which]), moved[others], noise[others]) for which in (0, 1))
    gain = float((share - without)[MONTHS // 2 :, 0].mean())
    is_right, is_false = worked.verdict(-1, kind.gain) == effects.WORKED, idle.verdict(-1, kind.gain) == effects.WORKED
    return float(is_right and not is_false), float(is_false), float(worked.effect_low <= gain <= worked.effect_high)
