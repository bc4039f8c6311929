"""Do two people who read the same guide label alike? Takes what several hands said of the same words, gives Krippendorff's alpha.

Krippendorff (2011), Computing Krippendorff's Alpha-Reliability, for nominal data: 1 less the disagreement that was seen
over the disagreement that the same classes at random would give. 1 is full agreement, 0 is chance. From .8 on labels are
taken to be reliable, below .667 they are not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from listening.labels import TAGS, Label

RESAMPLES = 1000
LEAST_UNITS = 2  # an interval needs units that can differ


@dataclass(frozen=True)
class Agreement:
    """Alpha of one tag with its 90 % interval (units drawn anew), over so many units; None where all said the same class throughout."""

    tag: str
    units: int
    alpha: float | None
    low: float | None = None
    high: float | None = None


def between_hands(labels: Iterable[Label]) -> list[Agreement]:
    """The agreement on each tag that at least two people gave to the same words."""
    said: dict[str, dict[tuple[object, ...], list[str]]] = {tag: {} for tag in TAGS}
    for label in labels:
        for tag, value in label.tags.items():
            said[tag].setdefault(label.key[:3], []).append(value)
    doubled = {tag: [values for values in units.values() if len(values) > 1] for tag, units in said.items()}
    return [of_units(tag, units) for tag, units in doubled.items() if units]


def of_units(tag: str, units: Sequence[Sequence[str]]) -> Agreement:
    """Agreement on units, each with the classes that two people or more gave it."""
    classes = sorted({value for values in units for value in values})
    counts = np.array([[values.count(name) for name in classes] for values in map(list, units)], dtype=float)
    whole = _alpha(counts, np.ones((1, len(units))))[0]
    if np.isnan(whole):
        return Agreement(tag, len(units), None)
    if len(units) < LEAST_UNITS:
        return Agreement(tag, len(units), float(whole))
    drawn = np.random.default_rng(0).multinomial(len(units), np.full(len(units), 1 / len(units)), RESAMPLES)
    again = _alpha(counts, drawn.astype(float))
    low, high = np.nanquantile(again, (0.05, 0.95))
    return Agreement(tag, len(units), float(whole), float(min(low, whole)), float(max(high, whole)))


def _alpha(counts: NDArray[np.float64], weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Alpha for each row of weights of the units (rows of `counts`: how often a unit got each class); NaN where one class is all there is."""
    size = counts.sum(axis=1)
    disagreeing = (size**2 - (counts**2).sum(axis=1)) / (size - 1)
    values, by_class = weights @ size, weights @ counts
    expected = values**2 - (by_class**2).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        alpha: NDArray[np.float64] = np.where(expected > 0, 1 - (values - 1) * (weights @ disagreeing) / expected, np.nan)
    return alpha
