"""Levels of maturity in simulated stages: takes how many, gives whether they follow the truth, seldom flip, and never fall when things get better.

Each stage's five measures are drawn from the whole range around their thresholds and stay as they are: whatever moves
after that is noise of the evidence, which is drawn anew every quarter.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from listening import chances, intervals
from listening.journey import Maturity
from listening.leading import levels
from listening.prove.figures import WORLDS, Figure, Floats, Run, mean

Ints = NDArray[np.int64]
STAGES = 8
QUARTERS = 12
SETTLED = 4  # quarters after which flips are counted
PLACES = 8
IMPROVEMENTS = 100_000
LIMITS = Maturity()
RANGE = ((0.03, 0.21), (0.0, 0.10), (-0.10, 0.30), (0.0, 0.16), (0.25, 0.75))  # of each measure, its threshold in the middle


def figures(run: Run) -> Iterator[Figure]:
    """Steady stages with much and less evidence, then random improvements."""
    for n in (200, 500):
        about = f"levels, {n} answers a measure, nothing changes"
        run.progress(about)
        told, truth = steady(max(run.worlds // 3, 8), n)
        settled = told[SETTLED:]
        yield run.figure(about, "levels told too high", mean((settled > truth).mean(axis=(0, 2))), most=0.06)
        yield run.figure(about, "levels that change from one quarter to the next", mean((np.diff(settled, axis=0) != 0).mean(axis=(0, 2))), most=0.15)
        yield run.figure(about, "levels told exactly", mean((settled == truth).mean(axis=(0, 2))), 0.67)
    run.progress("levels, random improvements")
    number = IMPROVEMENTS if run.worlds >= WORLDS else IMPROVEMENTS // 10
    yield run.figure("levels, one measure gets better", f"levels that fall, of {number:,}", (float(falls(number)), 0.0), most=0)


def steady(worlds: int, n: int, seed: int = 11) -> tuple[Ints, Ints]:
    """Levels told (quarters × worlds × stages) and true ones of stages in which nothing changes."""
    rng = np.random.default_rng([seed, n])
    low, high = np.array(RANGE).T
    true = rng.uniform(low, high, (worlds, STAGES, len(RANGE)))
    shares = np.clip(true[..., :1] + true[..., 1:2] * rng.standard_normal((*true.shape[:2], PLACES)), 0.005, 0.9)
    true[..., 1] = shares.std(axis=-1, ddof=1)
    before, told = np.full((worlds, STAGES), levels.UNPLACED), []
    for _ in range(QUARTERS):
        before = levels.step(before, levels.gates(_chances(true, shares, n, rng), np.full(true.shape, float(n))))
        told.append(before)
    met = np.stack([true[..., 0] <= LIMITS.trouble_at_most, true[..., 1] <= LIMITS.spread_at_most, true[..., 2] >= LIMITS.exceeded_less_below_at_least,
                    true[..., 3] >= LIMITS.memorable_at_least, true[..., 4] >= LIMITS.recommend_at_least], axis=-1)  # fmt: skip
    return np.stack(told), levels.step(np.zeros(met.shape[:2], int), levels.gates(met.astype(float), np.full(met.shape, np.inf)))


def _chances(true: Floats, shares: Floats, n: int, rng: np.random.Generator) -> Floats:
    """What a quarter's evidence makes of each measure: n answers, and n customers at each place."""
    trouble, _, gap, memorable, recommend = np.moveaxis(true, -1, 0)
    deviation = np.sqrt(trouble * (1 - trouble) / n)
    estimated = trouble + deviation * rng.standard_normal(trouble.shape)
    exceeded = 0.30 + gap / 2
    told = rng.multinomial(n, np.stack([exceeded, exceeded - gap, 1 - 2 * exceeded + gap], axis=-1))
    net, variance = intervals.net(told[..., 0], told[..., 1], n)
    return np.stack([
        chances.at_most(estimated, deviation, LIMITS.trouble_at_most),
        chances.spread_at_most(rng.binomial(n, shares), np.full(shares.shape, n), LIMITS.spread_at_most),
        1 - chances.at_most(net, np.sqrt(variance), 100 * LIMITS.exceeded_less_below_at_least),
        chances.share_at_least(rng.binomial(n, memorable), n, LIMITS.memorable_at_least),
        chances.share_at_least(rng.binomial(n, recommend), n, LIMITS.recommend_at_least),
    ], axis=-1)  # fmt: skip


def falls(number: int, seed: int = 12) -> int:
    """How many of so many stages, each at any level, are told a lower one when one of their measures is more likely met."""
    rng = np.random.default_rng(seed)
    shape = (number, len(levels.MEASURES))
    before = rng.integers(levels.UNPLACED, len(levels.LEVELS), number)
    likely, evidence = rng.beta(0.4, 0.4, shape), rng.uniform(20, 400, shape)
    which = np.arange(shape[1]) == rng.integers(shape[1], size=number)[:, None]
    better = np.where(which, likely + (1 - likely) * rng.random(shape), likely)
    first, then = (np.maximum(levels.step(before, levels.gates(each, evidence)), 0) for each in (likely, better))
    return int((then < first).sum())
