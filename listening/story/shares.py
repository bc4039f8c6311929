"""Shares corrected for the classifier's errors: takes what it counted and a random sample of labels, gives shares with 90 % intervals.

Post-stratification by predicted class (double sampling, Tenenbein 1970): within each class that the classifier gives,
labels tell what the texts truly are, and these tables are added up by how often each class was given. Labels must be a
random sample of the same source, of about the last 90 days; with fewer than are enough the classifier's own count is
given and called uncorrected. A confusion matrix of older labels does harm once the classifier or the texts drift, and
is never used.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from listening.intervals import share

Floats = NDArray[np.float64]

ENOUGH = 100  # labels of a source, for the shares of stages
ENOUGH_WITHIN = 200  # for the share of negative words within a stage
PRIOR = 0.5  # labels' worth of an even share in each predicted class
SEPARABLE = 4.0  # labels' worth of the product of the stage's and the sentiment's own tables
SHARED_OUT = 1.5  # power of the sources' concentration (1 for one, 1/6 for six alike) by which that is less where several stand together
CORRECTED, UNCORRECTED = "post-stratified by predicted class", "uncorrected"
NONE = "\x00none"  # stands for a missing class while counting
Key = list[str]
Kinds = list[int]


def corrected(predicted: ArrayLike, labels: ArrayLike) -> tuple[Floats, Floats]:
    """Share of each true class, and its variance.

    Args:
        predicted: how often each class was predicted (classes).
        labels: labels by predicted × true class; leading axes of both are worked through alike.
    """
    w, n = np.asarray(predicted, float), np.asarray(labels, float)
    w = (w / w.sum(axis=-1, keepdims=True))[..., None]
    of_class = n.sum(axis=-1, keepdims=True)
    b = (n + PRIOR / max(n.shape[-1], 2)) / (of_class + PRIOR)  # of one class alone, too, a few may be of another
    return (w * b).sum(axis=-2), (w**2 * b * (1 - b) / np.maximum(of_class, PRIOR)).sum(axis=-2)


def corrected_within(
    predicted: ArrayLike, labels: ArrayLike, hits: Kinds, of: Kinds, as_read: ArrayLike | None = None
) -> tuple[Floats, Floats, Floats]:  # fmt: skip
    """Within each true stage the share of some kinds among others, over several sources: the share, how many texts it is of, and its variance.

    The table of a source is shrunk to the product of its stages' and its kinds' own, for it is far too large for its labels. What the
    shrinking hides is the same in all sources, so the more of them stand together, the less each is shrunk.

    Args:
        predicted: how often each (stage, kind) was predicted: sources × stages × kinds.
        labels: labels by predicted × true: sources × (stages × kinds) × (stages × kinds).
        hits: the kinds whose share is asked for, places in the last axis; all of them are in `of`.
        of: the kinds that they are a share of.
        as_read: hits and size by stage (stages × 2) of other texts, which are taken as they were read.
    """
    w, n = np.asarray(predicted, float), np.asarray(labels, float)
    of_source = w.sum(axis=(1, 2)) / w.sum()
    weight = SEPARABLE * (of_source**2).sum() ** SHARED_OUT
    product = _own(n.sum(axis=(2, 4)))[:, :, None, :, None] * _own(n.sum(axis=(1, 3)))[:, None, :, None, :]
    of_class = n.sum(axis=(3, 4)) + weight
    b = (n + weight * product) / of_class[..., None, None]
    hit, told = b[..., hits].sum(axis=-1), b[..., of].sum(axis=-1)
    read = np.zeros((w.shape[1], 2)) if as_read is None else np.asarray(as_read, float)
    size = (w[..., None] * told).sum(axis=(0, 1, 2)) + read[:, 1]
    share_of_hits = ((w[..., None] * hit).sum(axis=(0, 1, 2)) + read[:, 0]) / size
    mean = hit - share_of_hits * told  # of what one text adds to (hits here) - share × (told here)
    square = hit * (1 - 2 * share_of_hits) + share_of_hits**2 * told
    return share_of_hits, size, (w[..., None] ** 2 * (square - mean**2) / of_class[..., None]).sum(axis=(0, 1, 2)) / size**2


def _own(table: Floats) -> Floats:
    """What each predicted class truly is, by its own labels alone: sources × predicted × true."""
    return np.asarray((table + PRIOR / table.shape[-1]) / (table.sum(axis=-1, keepdims=True) + PRIOR))


def stage_shares(predicted: pd.DataFrame, labels: pd.DataFrame) -> pd.DataFrame:
    """Share of each stage in what a source says.

    Args:
        predicted: `source`, `period`, `stage` (null where the classifier abstains) and `n`, units counted.
        labels: `source`, `predicted`, `true` (stages; null allowed in both) and `n`; with `period` where each period has its own.

    Returns:
        `source`, `period`, `stage`, `share`, `low`, `high` (0 … 1), `labels`, `method` (`CORRECTED`, `UNCORRECTED`). A
        stage that was counted or labelled has a row.
    """
    key = ["source", "period"]
    rows: list[tuple[Any, ...]] = []
    for values, counted, told in _groups(predicted, labels, key):
        classes = sorted(set(counted["stage"]) | set(told["predicted"]) | set(told["true"]))
        place = {name: at for at, name in enumerate(classes)}
        n, table = np.zeros(len(classes)), np.zeros((len(classes), len(classes)))
        np.add.at(n, counted["stage"].map(place).to_numpy(int), counted["n"].to_numpy(float))
        np.add.at(table, (told["predicted"].map(place).to_numpy(int), told["true"].map(place).to_numpy(int)), told["n"].to_numpy(float))
        is_enough = table.sum() >= ENOUGH
        found = within_errors(*corrected(n, table)) if is_enough else share(n, np.full_like(n, n.sum()))
        rows += _rows(values, classes, found, int(table.sum()), is_enough)
    return _together(rows, key)


def negative_shares(predicted: pd.DataFrame, labels: pd.DataFrame) -> pd.DataFrame:
    """Share of negative words within each stage, in what a source says.

    Args:
        predicted: `source`, `period`, `stage`, `is_negative` (boolean) and `n`.
        labels: `source`, `predicted`, `predicted_negative`, `true`, `true_negative` and `n`; with `period` where each has its own.

    Returns:
        As `stage_shares`; below 200 labels uncorrected.
    """
    key = ["source", "period"]
    rows: list[tuple[Any, ...]] = []
    for values, counted, told in _groups(predicted, labels, key):
        classes = sorted(set(counted["stage"]) | set(told["predicted"]) | set(told["true"]))
        place = {name: at for at, name in enumerate(classes)}
        n, table = np.zeros((len(classes), 2)), np.zeros((len(classes), 2, len(classes), 2))
        np.add.at(n, (counted["stage"].map(place).to_numpy(int), _second(counted["is_negative"])), counted["n"].to_numpy(float))
        read, true = told["predicted"].map(place).to_numpy(int), told["true"].map(place).to_numpy(int)
        np.add.at(table, (read, _second(told["predicted_negative"]), true, _second(told["true_negative"])), told["n"].to_numpy(float))
        is_enough = table.sum() >= ENOUGH_WITHIN
        found = _negative(n, table) if is_enough else share(n[:, 0], n.sum(axis=1))
        rows += _rows(values, classes, found, int(table.sum()), is_enough)
    return _together(rows, key)


def _second(is_negative: pd.Series[Any]) -> NDArray[np.int64]:
    """The place in a pair that opens with the negative."""
    return 1 - is_negative.astype(bool).to_numpy(np.int64)


def _groups(predicted: pd.DataFrame, labels: pd.DataFrame, key: Key) -> list[tuple[tuple[Any, ...], pd.DataFrame, pd.DataFrame]]:
    """Counts and labels of each source and period with anything counted."""
    by = [name for name in key if name in labels]
    classes = {name: NONE for name in ("stage", "predicted", "true")}
    counted = predicted[predicted["n"] > 0].fillna({name: NONE for name in classes if name in predicted})
    told = labels.fillna({name: NONE for name in classes if name in labels})
    of_labels = {values: rows for values, rows in told.groupby(by, sort=True)}
    none = told.iloc[:0]
    return [
        (values, rows, of_labels.get(tuple(value for name, value in zip(key, values, strict=True) if name in by), none))
        for values, rows in counted.groupby(key, sort=True)
    ]  # fmt: skip


def within_errors(value: Floats, variance: Floats) -> tuple[Floats, Floats, Floats]:
    """A corrected share with its interval: as if so many had been asked as its variance is worth, so that it never is of no width."""
    worth = worth_of(value, variance)
    return share(value * worth, worth)


def worth_of(value: Floats, variance: Floats) -> Floats:
    """How many answers without any error would tell a share as well."""
    return np.asarray(value * (1 - value) / variance)


def _negative(predicted: Floats, labels: Floats) -> tuple[Floats, Floats, Floats]:
    value, _, variance = corrected_within(predicted[None], labels[None], [0], [0, 1])
    return within_errors(value, variance)


def _rows(values: tuple[Any, ...], classes: list[str], share: tuple[Floats, Floats, Floats], n_labels: int, is_enough: bool) -> list[tuple[Any, ...]]:
    stages = [None if name == NONE else name for name in classes]
    method = CORRECTED if is_enough else UNCORRECTED
    return [(*values, stage, *ends, n_labels, method) for stage, *ends in zip(stages, *(end.tolist() for end in share), strict=True)]


def _together(rows: list[tuple[Any, ...]], key: Key) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=[*key, "stage", "share", "low", "high", "labels", "method"])
