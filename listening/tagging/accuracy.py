"""How well the classifier reads: takes guesses and what people say, gives precision, recall, F1, coverage and calibration, with 90 % intervals.

A classifier is examined on the starter labels when it is fitted, on industries left out in turns, and every night on the
company's own random labels, source by source, as far as it has not learnt from them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from listening import intervals
from listening.labels import NOTHING
from listening.tagging import sentiment
from listening.tagging.classifier import PLACED_FROM, Classifier
from listening.warehouse import Warehouse

STARTER = "starter labels"
OWN = "labels drawn at random from this source, which it had not learnt from"
RESAMPLES = 400
BINS = 10

Row = dict[str, Any]


def keep(warehouse: Warehouse, classifier: Classifier) -> None:
    """Make the table of accuracy anew: what the classifier was examined on when it was fitted, and the company's own random labels."""
    facts = classifier.facts
    shared = {"source": STARTER, "language": "en", "examined_on": facts["examined_on"]}
    rows = [{**row, **shared, "tag": "stage", "stage": row["class"]} for row in facts["accuracy"]]
    rows += [{**row, **shared, "tag": "sentiment"} for row in facts["accuracy_of_feeling"]]
    rows += [{**row, **shared, "tag": tag} for tag, of_tag in facts["accuracy_of_tags"].items() for row in of_tag]
    rows += _of_own_labels(warehouse.frame("tagging/read_labels"), classifier)
    warehouse.replace("tagging/classifier_accuracy", [{**row, "classifier_version": classifier.version} for row in rows])


def mark(record_id: str) -> str:
    """What a classifier keeps of a record whose label it learnt from."""
    return hashlib.sha256(record_id.encode()).hexdigest()[:12]


def learnt_from(facts: Mapping[str, Any]) -> set[str]:
    """The marks of the records whose labels a classifier with these facts has learnt from."""
    return set((facts.get("learnt_from") or {}).get("labelled", []))


def held_out(facts: Mapping[str, Any]) -> dict[str, tuple[str, float]]:
    """What was read, before learning from a record's label, by a classifier that had not seen it; by mark: stage and confidence."""
    return {mark: (stage, confidence) for mark, (stage, confidence) in ((facts.get("learnt_from") or {}).get("held_out") or {}).items()}


def _of_own_labels(labels: pd.DataFrame, classifier: Classifier) -> list[Row]:
    rows = []
    for (source, language, tag), group in labels.groupby(["source", "language", "tag"]):
        shared = {"source": source, "language": language, "tag": tag, "examined_on": OWN}
        guess, truth = group["guess"].to_numpy(object), group["truth"].to_numpy(object)
        if tag == "stage":
            confidence = group["confidence"].fillna(0).to_numpy(float)  # 0 where the language is not read
            rows += [{**row, **shared, "stage": row["class"]} for row in of_guesses(guess, confidence, truth, classifier.stages) if row["labels"]]
            continue
        names = dict(zip(("-1", "0", "1"), sentiment.FEELINGS, strict=True)) if tag == "sentiment" else {}
        classes = sorted({*guess, *truth} - {NOTHING, None})
        rows += [{**of_class(names.get(name, name), guess == name, truth == name), **shared} for name in classes]
    return rows


def of_likeliest(probabilities: NDArray[np.float64], truth: NDArray[Any], classes: Sequence[str]) -> list[Row]:
    """The same as `of_guesses`, of the likeliest class of each text (texts × classes)."""
    return of_guesses(np.array(classes, dtype=object)[probabilities.argmax(axis=1)], probabilities.max(axis=1), truth, classes)


def of_guesses(guess: NDArray[Any], confidence: NDArray[np.float64], truth: NDArray[Any], classes: Sequence[str]) -> list[Row]:
    """A row for each class and one for all: precision of what is placed, recall and F1 of the best guess, coverage, calibration error."""
    is_placed, is_right = confidence >= PLACED_FROM, guess == truth
    rows = [_class_row(name, guess == name, truth == name, is_placed) for name in classes]
    here = np.array([truth == row["class"] for row in rows if row["labels"]])
    says = np.array([guess == row["class"] for row in rows if row["labels"]])

    def of_all(some: NDArray[np.intp]) -> tuple[float, float]:
        hits = (here[:, some] & says[:, some]).sum(axis=1)
        sizes = here[:, some].sum(axis=1) + says[:, some].sum(axis=1)
        is_there = here[:, some].any(axis=1)
        return float((2 * hits[is_there] / sizes[is_there]).mean()), calibration_error(confidence[some], is_right[some])

    f1, error = of_all(np.arange(len(truth)))
    draws = np.random.default_rng(0).integers(0, len(truth), (RESAMPLES, len(truth)))
    (f1_low, error_low), (f1_high, error_high) = np.quantile([of_all(draw) for draw in draws], (0.05, 0.95), axis=0)
    rows.append(
        {
            "class": "all", "labels": len(truth),
            **_share("precision", is_right & is_placed, is_placed), **_share("recall", is_right, np.ones(len(truth), bool)),
            "f1": f1, "f1_low": min(f1, float(f1_low)), "f1_high": max(f1, float(f1_high)),
            **_share("coverage", is_placed, np.ones(len(truth), bool)),
            "calibration_error": error, "calibration_error_low": min(error, float(error_low)), "calibration_error_high": max(error, float(error_high)),
        }
    )  # fmt: skip
    return rows


def of_class(name: str, is_given: NDArray[np.bool_], is_true: NDArray[np.bool_]) -> Row:
    """Precision, recall and F1 of one class of a tag that is given or not."""
    hits = is_given & is_true
    return {
        "class": name, "labels": int(is_true.sum()),
        **_share("precision", hits, is_given), **_share("recall", hits, is_true), **_f1(is_given, is_true),
    }  # fmt: skip


def paired(before: NDArray[np.bool_], after: NDArray[np.bool_]) -> tuple[float, float, float]:
    """How much larger a share of the same texts is right after than before, with its 90 % interval (Agresti and Min 2005)."""
    n, won, lost = len(before) + 2, int((after & ~before).sum()) + 0.5, int((before & ~after).sum()) + 0.5
    middle, half = (won - lost) / n, 1.645 * np.sqrt((won + lost) - (won - lost) ** 2 / n) / n
    return float(after.mean() - before.mean()), max(-1.0, float(middle - half)), min(1.0, float(middle + half))


def wilson(hits: int, of: int) -> tuple[float | None, float | None]:
    """Wilson's 90 % interval of a share; None where there is nothing to take a share of."""
    if not of:
        return None, None
    _, low, high = intervals.share(hits, of)
    return float(low), float(high)


def _class_row(name: str, says_here: NDArray[np.bool_], is_here: NDArray[np.bool_], is_placed: NDArray[np.bool_]) -> Row:
    hits = is_here & says_here
    return {
        "class": name, "labels": int(is_here.sum()),
        **_share("precision", hits & is_placed, says_here & is_placed), **_share("recall", hits, is_here), **_f1(says_here, is_here),
        **_share("coverage", is_placed & is_here, is_here),
    }  # fmt: skip


def _share(name: str, part: NDArray[np.bool_], whole: NDArray[np.bool_]) -> Row:
    low, high = wilson(int(part.sum()), int(whole.sum()))
    return {name: float(part.sum() / whole.sum()) if whole.any() else None, f"{name}_low": low, f"{name}_high": high}


def _f1(is_given: NDArray[np.bool_], is_true: NDArray[np.bool_]) -> Row:
    """F1 with its interval: it rises with the share of hits among all that is given or true, whose interval is Wilson's."""
    hits, of = int((is_given & is_true).sum()), int((is_given | is_true).sum())
    low, high = (2 * share / (1 + share) if share is not None else None for share in wilson(hits, of))
    return {"f1": 2 * hits / (hits + of) if of else None, "f1_low": low, "f1_high": high}


def calibration_error(confidence: NDArray[np.float64], is_right: NDArray[np.bool_]) -> float:
    """Mean distance between confidence and share of right tags over ten equal bins (ECE)."""
    bin_of = np.minimum((confidence * BINS).astype(int), BINS - 1)
    gaps = np.bincount(bin_of, confidence, BINS) - np.bincount(bin_of, is_right, BINS)
    return float(np.abs(gaps).sum() / len(confidence))
