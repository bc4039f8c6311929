"""Customers at stake by trouble: takes who met what and who left, gives how many leavers go with each trouble, with intervals and ranks.

A logistic regression with a ridge (C = 0.3) tells every customer's chance of leaving from the troubles that they met, all
at once. What is at stake in a trouble is the sum over customers of that chance less the same customer's chance without
it. Customers alike in all that enters are one row with a count, so that resampling customers stays quick.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

C = 0.3  # how little the ridge pulls: ½ |w|² + C × loss, each column scaled to one spread, so that rare troubles are not pulled more
LEAST_SPREAD = 1e-3
RESAMPLES = 300
STEPS = 30
ENOUGH = 1e-8  # of the loss
NEAR = 1e-6  # in the loss itself: a thousandth of a standard deviation of the weights
CLEAR = 0.975  # of the resamples must agree that anybody is at stake


@dataclass(frozen=True)
class Stakes:
    """What is at stake in each trouble, and what tells a customer's chance.

    Attributes:
        customers: leavers that go with each trouble; `low` and `high` hold 90 % of the resamples.
        value: the same in the customers' value.
        sure: share of resamples in which anybody is at stake.
        rank_low: best rank among the troubles that is still likely (90 %), by customers; `rank_high` the worst.
        weights: of the level, the troubles and what stands beside them, on the scale of log odds.
        met: mean chance of those who met each trouble; `spared` the same had they not met it.
    """

    customers: Floats
    low: Floats
    high: Floats
    value: Floats
    value_low: Floats
    value_high: Floats
    sure: Floats
    rank_low: Ints
    rank_high: Ints
    weights: Floats
    met: Floats
    spared: Floats

    def chance(self, met: Flags, beside: Flags) -> Floats:
        """The chance of customers with these troubles and what stands beside them."""
        return _chance(np.column_stack([met, beside]) @ self.weights[1:] + self.weights[0])


def at_stake(met: Flags, happened: Flags, value: Floats, beside: Flags | None = None, resamples: int = RESAMPLES, seed: int = 1) -> Stakes:
    """Tell what is at stake in each trouble.

    Args:
        met: customers × troubles, who met which.
        happened: who left (or did what else is looked at).
        value: of each customer; NaN counts as nothing.
        beside: customers × whatever else is to be held equal, of which nothing is told.
        resamples: how often the customers are drawn anew for the intervals.
        seed: of those draws; the same seed gives the same intervals.
    """
    k = met.shape[1]
    columns = met if beside is None else np.column_stack([met, beside])
    patterns, group = _patterns(columns)
    worth = np.nan_to_num(np.asarray(value, float))
    cell = 2 * group + happened
    counts = np.bincount(cell, minlength=2 * len(patterns)).astype(float).reshape(-1, 2)
    design = _Design.of(patterns)
    weights, bend = _fit(_Ridge.of(design, counts), _start(patterns, counts))
    told = _sums(design, weights, k, counts.sum(axis=1), np.bincount(group, worth, len(patterns)).astype(float))
    rng = np.random.default_rng(seed)
    drawn = np.empty((resamples, 2, k))
    for number in range(resamples):
        who = rng.integers(len(group), size=len(group))
        again = np.bincount(cell[who], minlength=2 * len(patterns)).astype(float).reshape(-1, 2)
        fitted = _fit_again(_Ridge.of(design, again), weights, bend)
        drawn[number] = _sums(design, fitted, k, again.sum(axis=1), np.bincount(group[who], worth[who], len(patterns)).astype(float))
    low, high = np.quantile(drawn, [0.05, 0.95], axis=0)
    ranks = (-drawn[:, 0]).argsort(axis=1, kind="stable").argsort(axis=1, kind="stable") + 1
    best, worst = np.quantile(ranks, [0.05, 0.95], axis=0)
    chance = _chance(design.linear(weights))
    reach = np.maximum(met.sum(axis=0), 1)
    with_it = (chance[group][:, None] * met).sum(axis=0) / reach
    return Stakes(
        told[0], low[0], high[0], told[1], low[1], high[1], (drawn[:, 0] > 0).mean(axis=0), np.floor(best).astype(int), np.ceil(worst).astype(int),
        weights, with_it, with_it - told[0] / reach,
    )  # fmt: skip


def is_clear(sure: Floats, low: Floats) -> Flags:
    """Whether troubles may be named: nearly all resamples agree, and at the lower end at least one customer is at stake."""
    clear: Flags = (np.asarray(sure) >= CLEAR) & (np.asarray(low) >= 1)
    return clear


def _patterns(columns: Flags) -> tuple[Floats, Ints]:
    """The different rows, and which of them each customer is."""
    packed = np.ascontiguousarray(np.packbits(columns, axis=1))
    keys = packed.view(np.dtype((np.void, packed.shape[1]))).ravel()
    _, first, group = np.unique(keys, return_index=True, return_inverse=True)
    return columns[first].astype(float), group.ravel()


def _start(patterns: Floats, counts: Floats) -> Floats:
    stayed, happened = counts.sum(axis=0) + 0.5
    return np.concatenate([[np.log(happened / stayed)], np.zeros(patterns.shape[1])])


def _fit(ridge: _Ridge, weights: Floats) -> tuple[Floats, Floats]:
    """The ridge's minimum by Newton's steps, halved where one would lead uphill, and how it bends there; the level is not pulled."""
    loss, bend = ridge.loss(weights), ridge.bend(weights)
    for _ in range(STEPS):
        step = np.linalg.solve(bend, ridge.slope(weights))
        size, tried = 1.0, weights - step
        while (lower := ridge.loss(tried)) > loss and size > ENOUGH:
            size /= 2
            tried = weights - size * step
        gain, weights, loss = loss - lower, tried, lower
        bend = ridge.bend(weights)
        if gain < ENOUGH * max(loss, 1):
            break
    return weights, bend


def _fit_again(ridge: _Ridge, weights: Floats, bend: Floats) -> Floats:
    """The minimum for customers drawn anew: from that of all, by steps as it bends there, which spares bending it anew."""
    straight, near, before = np.linalg.inv(bend), weights, np.inf
    for _ in range(STEPS):
        slope = ridge.slope(near)
        step = straight @ slope
        gain = float(slope @ step) / 2
        if gain >= before:  # drawn too differently to go on so
            break
        near, before = near - step, gain
        if gain < NEAR:
            return near
    return _fit(ridge, weights)[0]


@dataclass(frozen=True)
class _Design:
    """Patterns × (the level and columns), and where they are not 0: a customer meets few of the troubles."""

    whole: Floats
    pattern: Ints
    column: Ints

    @classmethod
    def of(cls, patterns: Floats) -> _Design:
        whole = np.column_stack([np.ones(len(patterns)), patterns])
        return cls(whole, *np.nonzero(whole))

    def linear(self, weights: Floats) -> Floats:
        """The sum of each pattern's weights."""
        return np.bincount(self.pattern, weights[self.column], len(self.whole)).astype(float)

    def sums(self, of_patterns: Floats) -> Floats:
        """The sum of each column's patterns."""
        return np.bincount(self.column, of_patterns[self.pattern], self.whole.shape[1]).astype(float)


@dataclass(frozen=True)
class _Ridge:
    """What is to be made least: ½ of the pulled weights' squares + C × the loss of all customers."""

    design: _Design
    n: Floats
    y: Floats
    pull: Floats

    @classmethod
    def of(cls, design: _Design, counts: Floats) -> _Ridge:
        n = counts.sum(axis=1)
        share = design.sums(n)[1:] / n.sum()
        return cls(design, n, counts[:, 1], np.concatenate([[0.0], np.maximum(share * (1 - share), LEAST_SPREAD)]))

    def loss(self, weights: Floats) -> float:
        """What is to be made least."""
        linear = self.design.linear(weights)
        return float((self.pull * weights**2).sum() / 2 + C * (self.n * np.logaddexp(0, linear) - self.y * linear).sum())

    def slope(self, weights: Floats) -> Floats:
        """How it rises."""
        return self.pull * weights + C * self.design.sums(self.n * _chance(self.design.linear(weights)) - self.y)

    def bend(self, weights: Floats) -> Floats:
        """How its slope does."""
        p, whole = _chance(self.design.linear(weights)), self.design.whole
        return np.asarray(C * (whole * (self.n * p * (1 - p))[:, None]).T @ whole + np.diag(np.maximum(self.pull, 1e-9)))


def _sums(design: _Design, weights: Floats, k: int, counts: Floats, worth: Floats) -> Floats:
    """Customers and value at stake in each of the first k troubles: of every pattern with it, its chance less the chance without."""
    with_trouble = (design.column > 0) & (design.column <= k)
    pattern, column, linear = design.pattern[with_trouble], design.column[with_trouble], design.linear(weights)
    more = _chance(linear)[pattern] - _chance(linear[pattern] - weights[column])
    return np.stack([np.bincount(column - 1, of[pattern] * more, k) for of in (counts, worth)])


def _chance(linear: Floats) -> Floats:
    chance: Floats = 1 / (1 + np.exp(-np.clip(linear, -40, 40)))
    return chance
