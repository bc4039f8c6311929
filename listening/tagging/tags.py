"""What else words tell, beside stage and feeling: takes labels and probabilities, gives each tag's classes and values.

A tag is given when its class is likelier than the floor that was best on labels the classifier had not seen; otherwise
the words say nothing of it, which most do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

SILENT = ""  # the class of words that say nothing of a tag
CLASSES: dict[str, tuple[str, ...]] = {
    "effort": (SILENT, "low", "high"),
    "expectation": (SILENT, "below", "met", "exceeded"),
    "memorable": (SILENT, "-1", "1"),
    "recommend": (SILENT, "-1", "1"),
    "intent": (SILENT, "stay", "leave"),
    "purpose": (SILENT, "complaint", "praise", "question", "request"),
}
_AGAINST: dict[tuple[str, str], int] = {
    ("effort", "low"): -1, ("effort", "high"): 1, ("expectation", "below"): 1, ("expectation", "met"): -1, ("expectation", "exceeded"): -1,
    ("memorable", "-1"): 1, ("memorable", "1"): -1, ("recommend", "-1"): 1, ("recommend", "1"): -1, ("intent", "stay"): -1, ("intent", "leave"): 1,
}  # fmt: skip  # the feeling that contradicts a class
_BAD_BELOW, _GOOD_ABOVE = -0.1, 0.3  # from where a feeling contradicts: praise is often politeness, blame seldom
_RARER = 2.0  # times as rare as among the starter labels, which were written to carry them, all classes but purpose are taken to be
_FLOORS = np.arange(0.2, 0.99, 0.02)
_LEAST_PRECISION = 0.5  # on labels not seen, at that rarity; a tag that is wrong more often is better not given


def label(tag: str, cell: str) -> str:
    """The class that a labelled cell names."""
    bare = cell.strip().removesuffix(".0")
    return SILENT if tag == "recommend" and bare == "0" else bare


def floors(tag: str, probabilities: NDArray[np.float64], truth: NDArray[Any]) -> dict[str, float]:
    """For each class that says something, the least probability from which it is given: best F1 among those precise enough.

    Texts that carry a class count less than the others, as if it were as rare as companies hear it (label shift).
    """
    weight = 1.0 if tag == "purpose" else 1 / _RARER
    guess = np.array(CLASSES[tag], dtype=object)[best(probabilities[:, 1:])[0] + 1]
    return {name: _floor(probabilities[:, place], guess == name, truth == name, weight) for place, name in enumerate(CLASSES[tag]) if name != SILENT}


def given(tag: str, probabilities: NDArray[Any], floor: Mapping[str, float], feelings: NDArray[Any]) -> NDArray[np.intp]:
    """The place of each text's class, 0 where its words say nothing of the tag, or where their feeling says the opposite."""
    loudest, likely = best(probabilities[:, 1:])
    floors = np.array([floor.get(name, 0.0) for name in CLASSES[tag][1:]])
    against = np.array([_AGAINST.get((tag, name), 0) for name in CLASSES[tag][1:]])[loudest]
    contradicts = ((against < 0) & (feelings < _BAD_BELOW)) | ((against > 0) & (feelings > _GOOD_ABOVE))
    return np.where((likely >= floors[loudest]) & ~contradicts, loudest + 1, 0)


def best(probabilities: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[Any]]:
    """The place of the likeliest class of each text and its probability; fastest where one class's probabilities stand side by side."""
    place, most = np.zeros(len(probabilities), np.intp), probabilities[:, 0].copy()
    for other in range(1, probabilities.shape[1]):
        is_more = probabilities[:, other] > most
        place[is_more] = other
        np.maximum(most, probabilities[:, other], out=most)
    return place, most


def values(tag: str) -> list[str | float | int | None]:
    """A tag's classes as the tables have them: effort 0 (none) to 1, memorable −1 to 1, recommend −1, 0 or 1, the others by name."""
    if tag == "recommend":
        return [0, -1, 1]
    if tag == "effort":
        return [None, 0.0, 1.0]
    return [None, *(float(name) if tag == "memorable" else name for name in CLASSES[tag] if name != SILENT)]


def rows(tag: str, said: NDArray[np.intp], truth: NDArray[Any]) -> list[tuple[str, NDArray[np.bool_], NDArray[np.bool_]]]:
    """For each class that says something: its name, where it was given, and where it is true."""
    return [(name, said == place, truth == name) for place, name in enumerate(CLASSES[tag]) if name != SILENT]


def _floor(likely: NDArray[np.float64], is_guess: NDArray[np.bool_], is_true: NDArray[np.bool_], weight: float) -> float:
    best, best_f1 = float(_FLOORS[-1]), 0.0
    for floor in _FLOORS:
        is_given = is_guess & (likely >= floor)
        hits, wrong = weight * float((is_given & is_true).sum()), float((is_given & ~is_true).sum())
        if not hits or hits / (hits + wrong) < _LEAST_PRECISION:
            continue
        f1 = 2 * hits / (hits + wrong + weight * float(is_true.sum()))
        if f1 > best_f1:
            best, best_f1 = float(floor), float(f1)
    return round(best, 2)
