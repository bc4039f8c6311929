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

from listening.story.intervals import Z, share

Floats = NDArray[np.float64]

ENOUGH = 100  # labels of a source, for the shares of stages
ENOUGH_WITHIN = 200  # for the share of negative words within a stage
PRIOR = 0.5  # labels' worth of an even share in each predicted class
SEPARABLE = 4.0  # labels' worth of the product of the stage's and the sentiment's own tables
CORRECTED, UNCORRECTED = "post-stratified by predicted class", "uncorrected"
NONE = "\x00none"  # stands for a missing class while counting
Key = list[str]


def corrected(predicted: ArrayLike, labels: ArrayLike) -> tuple[Floats, Floats]:
    """Share of each true class, and its variance.

    Args:
        predicted: how often each class was predicted (classes).
        labels: labels by predicted × true class; leading axes of both are worked through alike.
    """
    w, n = np.asarray(predicted, float), np.asarray(labels, float)
    w = (w / w.sum(axis=-1, keepdims=True))[..., None]
    of_class = n.sum(axis=-1, keepdims=True)
    b = (n + PRIOR / n.shape[-1]) / (of_class + PRIOR)
    return (w * b).sum(axis=-2), (w**2 * b * (1 - b) / np.maximum(of_class, PRIOR)).sum(axis=-2)


def corrected_within(predicted: ArrayLike, labels: ArrayLike) -> tuple[Floats, Floats]:
    """Share of negative words within each true stage, and its variance.

    Args:
        predicted: how often each (stage, negative or not) was predicted: stages × 2, negative first.
        labels: labels by predicted (stages × 2) × true (stages × 2); leading axes are worked through alike. The table is
            shrunk to the product of the stages' and the sentiments' own, for it is far too large for its labels.
    """
    w, n = np.asarray(predicted, float), np.asarray(labels, float)
    w = w / w.sum(axis=(-2, -1), keepdims=True)
    of_stage, of_sentiment = n.sum(axis=(-3, -1)), n.sum(axis=(-4, -2))
    stage = (of_stage + PRIOR / of_stage.shape[-1]) / (of_stage.sum(axis=-1, keepdims=True) + PRIOR)
    sentiment = (of_sentiment + PRIOR / 2) / (of_sentiment.sum(axis=-1, keepdims=True) + PRIOR)
    product = stage[..., :, None, :, None] * sentiment[..., None, :, None, :]
    of_class = n.sum(axis=(-2, -1))
    b = (n + SEPARABLE * product) / (of_class + SEPARABLE)[..., None, None]
    both, whole = b[..., 0], b.sum(axis=-1)
    negative = (w[..., None] * both).sum(axis=(-3, -2)) / (w[..., None] * whole).sum(axis=(-3, -2))
    r = negative[..., None, None, :]
    mean = both - r * whole  # of what one text adds to (negative here) - r (here)
    square = both * (1 - 2 * r) + r**2 * whole
    spread = (w[..., None] ** 2 * (square - mean**2) / (of_class + SEPARABLE)[..., None]).sum(axis=(-3, -2))
    return negative, spread / (w[..., None] * whole).sum(axis=(-3, -2)) ** 2


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
    parts = []
    for values, counted, told in _groups(predicted, labels, key):
        classes = sorted(set(counted["stage"]) | set(told["predicted"]) | set(told["true"]))
        place = {name: at for at, name in enumerate(classes)}
        n, table = np.zeros(len(classes)), np.zeros((len(classes), len(classes)))
        np.add.at(n, counted["stage"].map(place).to_numpy(int), counted["n"].to_numpy(float))
        np.add.at(table, (told["predicted"].map(place).to_numpy(int), told["true"].map(place).to_numpy(int)), told["n"].to_numpy(float))
        is_enough = table.sum() >= ENOUGH
        value, low, high = _around(*corrected(n, table)) if is_enough else share(n, np.full_like(n, n.sum()))
        parts.append(_frame(key, values, classes, value, low, high, int(table.sum()), is_enough))
    return _together(parts, key)


def negative_shares(predicted: pd.DataFrame, labels: pd.DataFrame) -> pd.DataFrame:
    """Share of negative words within each stage, in what a source says.

    Args:
        predicted: `source`, `period`, `stage`, `is_negative` (boolean) and `n`.
        labels: `source`, `predicted`, `predicted_negative`, `true`, `true_negative` and `n`; with `period` where each has its own.

    Returns:
        As `stage_shares`; below 200 labels uncorrected.
    """
    key = ["source", "period"]
    parts = []
    for values, counted, told in _groups(predicted, labels, key):
        classes = sorted(set(counted["stage"]) | set(told["predicted"]) | set(told["true"]))
        place = {name: at for at, name in enumerate(classes)}
        n, table = np.zeros((len(classes), 2)), np.zeros((len(classes), 2, len(classes), 2))
        np.add.at(n, (counted["stage"].map(place).to_numpy(int), _second(counted["is_negative"])), counted["n"].to_numpy(float))
        rows, columns = told["predicted"].map(place).to_numpy(int), told["true"].map(place).to_numpy(int)
        np.add.at(table, (rows, _second(told["predicted_negative"]), columns, _second(told["true_negative"])), told["n"].to_numpy(float))
        is_enough = table.sum() >= ENOUGH_WITHIN
        value, low, high = _around(*corrected_within(n, table)) if is_enough else share(n[:, 0], n.sum(axis=1))
        parts.append(_frame(key, values, classes, value, low, high, int(table.sum()), is_enough))
    return _together(parts, key)


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


def _around(value: Floats, variance: Floats) -> tuple[Floats, Floats, Floats]:
    half = Z * np.sqrt(variance)
    return value, np.clip(value - half, 0, 1), np.clip(value + half, 0, 1)


def _frame(
    key: Key, values: tuple[Any, ...], classes: list[str], value: Floats, low: Floats, high: Floats, n_labels: int, is_enough: bool
) -> pd.DataFrame:  # fmt: skip
    frame = pd.DataFrame({"stage": [None if name == NONE else name for name in classes], "share": value, "low": low, "high": high})
    return frame.assign(**dict(zip(key, values, strict=True)), labels=n_labels, method=CORRECTED if is_enough else UNCORRECTED)


def _together(parts: list[pd.DataFrame], key: Key) -> pd.DataFrame:
    columns = [*key, "stage", "share", "low", "high", "labels", "method"]
    return pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)
