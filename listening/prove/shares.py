"""Stage shares in simulated worlds: takes how many, gives how near the corrected shares come to the truth."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from listening.prove import worlds
from listening.prove.figures import QUICK, Figure, Floats, Run, mean, ratio, root
from listening.story import intervals, shares


def figures(run: Run) -> Iterator[Figure]:
    """All figures of the shares."""
    run.progress("shares of stages, corrected for the classifier's errors")
    for about, has_drifted in (("shares, 200 labels", False), ("shares, 200 labels, classifier drifted", True)):
        told = [_shares_of(seed, has_drifted) for seed in range(max(run.worlds, 4 * QUICK))]
        own, naive, covered, negative, negative_naive, negative_covered = (np.array(column) for column in zip(*told, strict=True))
        yield run.figure(about, "error of a stage's share, points", root(own), most=2.0)
        yield run.figure(about, "… against counting what was predicted", ratio(own, naive), most=0.6 if not has_drifted else 0.65)
        yield run.figure(about, "90 % intervals that hold", mean(covered), 0.86, 0.94)
        yield run.figure(about, "error of the negative share within a stage, against counting", ratio(negative, negative_naive), most=1.0)
        yield run.figure(about, "90 % intervals of it that hold", mean(negative_covered), 0.84, 0.97)


TEXTS, LABELS, PREDICTED_RIGHT, SENTIMENT_RIGHT = 3000, 200, 0.72, 0.80


def _shares_of(seed: int, has_drifted: bool) -> tuple[float, ...]:
    """Squared errors (points) and coverage of one source whose stages are read by a classifier that errs."""
    rng = np.random.default_rng([seed, 4])
    n = len(worlds.STAGES)
    truth = rng.dirichlet(np.full(n, 2.0))
    confusion = np.array([PREDICTED_RIGHT * (np.arange(n) == stage) + (1 - PREDICTED_RIGHT) * rng.dirichlet(np.ones(n)) for stage in range(n)])
    if has_drifted:
        confusion = 0.85 * confusion + 0.15 * rng.dirichlet(np.ones(n), size=n)
    true = rng.choice(n, TEXTS, p=truth)
    predicted = (rng.random((TEXTS, 1)) > confusion.cumsum(axis=1)[true]).sum(axis=1).clip(max=n - 1)
    negative = rng.random(TEXTS) < rng.uniform(0.2, 0.8, n)[true]
    said_negative = negative == (rng.random(TEXTS) < SENTIMENT_RIGHT)
    labelled = rng.choice(TEXTS, LABELS, replace=False)
    table = np.zeros((n, 2, n, 2))
    np.add.at(table, (predicted[labelled], 1 - said_negative[labelled], true[labelled], 1 - negative[labelled]), 1)
    counts = np.zeros((n, 2))
    np.add.at(counts, (predicted, 1 - said_negative), 1)
    stages, actual = np.bincount(true, minlength=n) / TEXTS, np.bincount(true, negative, n) / np.maximum(np.bincount(true, minlength=n), 1)
    value, variance = shares.corrected(counts.sum(axis=1), table.sum(axis=(1, 3)))
    within, spread = shares.corrected_within(counts, table)
    counted, counted_within = counts.sum(axis=1) / TEXTS, counts[:, 0] / np.maximum(counts.sum(axis=1), 1)
    return (
        _square(value - stages), _square(counted - stages), _held(value - stages, variance),
        _square(within - actual), _square(counted_within - actual), _held(within - actual, spread),
    )  # fmt: skip


def _square(error: Floats) -> float:
    return float((1e4 * error**2).mean())


def _held(error: Floats, variance: Floats) -> float:
    return float((np.abs(error) <= intervals.Z * np.sqrt(variance)).mean())
