"""Fit the stage classifier: takes the starter labels and the journey's own words, gives a model folder and its accuracy.

It is examined on industries that it was not fitted on, since that is how a company meets it: every industry of the
starter labels is left out once, an eighth of the labels at a time, and what is said of accuracy, calibration and coverage comes from those turns.
"""

from __future__ import annotations

import collections
import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.stats import binomtest
from sklearn.svm import LinearSVC

from listening.journey import DEFAULT_STAGES, NO_STAGE, Journey
from listening.tagging import classifier, sentiment, tags
from listening.tagging.classifier import PLACED_FROM, Head, softmax
from listening.tagging.features import fit as fit_features
from listening.tagging.features import vocabularies
from listening.workspace import Mend, shipped

INVERSE_PENALTY = 0.3
SHARE_OF_USE = 0.3  # of what companies hear; stated, not fitted
TURNS = 8
SHARED_BY = 5  # of a company's sentences; rarer words of theirs are not kept in a model
LEAST_OF_A_CLASS = 5
WEIGHT_OF_OWN_LABELS = 3.0
EXAMINED_ON = "industries that it was not fitted on"
JOURNEY = "journey"  # stands in the place of an industry where the words are the journey's own


@dataclass(frozen=True)
class Lesson:
    """What a company's own words teach: its sentences with the teacher's probabilities (sentences × stages), and labelled texts."""

    sentences: list[str]
    probabilities: NDArray[np.float64]
    labels: list[tuple[str, str]]
    records: int


def fit(models: Path, journey: Journey, lesson: Lesson | None = None) -> str:
    """Fit on the starter labels for this journey, write the model below `models`, and give its version.

    With a `lesson` the stages are learnt from the company's own sentences as well, as the teacher reads them. The same
    labels, journey and lesson give the same version, to the byte, on the same libraries.
    """
    labels = starter_labels(journey)
    own = own_words(journey)
    texts = [label.text for label in labels] + [text for text, _ in own]
    truth = np.array([label.stage for label in labels] + [stage for _, stage in own], dtype=object)
    groups = np.array([label.industry for label in labels] + [JOURNEY] * len(own), dtype=object)
    learnt = [*lesson.sentences, *(text for text, _ in lesson.labels)] if lesson else []
    fitted = fit_features(texts + learnt, vocabularies(texts, learnt, SHARED_BY) if lesson else None)  # a rare word may be somebody's name
    all_features = fitted.transform(texts + learnt)
    features = all_features[: len(texts)]
    stages = stages_of(journey, truth)
    stage, stage_held_out = _head(features, truth, groups, stages)
    share = prior(stages, journey)
    stage_held_out = stage_held_out * share / (stage_held_out * share).sum(axis=1, keepdims=True)
    heads = {"stage": replace(stage, intercepts=stage.intercepts + stage.temperature * np.log(share))}
    if lesson:
        heads["stage"] = _student(features, truth, all_features[len(texts) :], lesson, stages)
    felt = sp.hstack([features[: len(labels)], sp.csr_matrix(sentiment.of(texts[: len(labels)]))], format="csr")
    feelings = np.array([label.feeling for label in labels], dtype=object)
    heads["feeling"], feeling_held_out = _head(felt, feelings, groups[: len(labels)], sentiment.FEELINGS)
    of_tags = {}
    for tag, classes in tags.CLASSES.items():
        known = np.array([label.tags[tag] for label in labels], dtype=object)
        head, held_out = _head(felt, known, groups[: len(labels)], classes)
        floors = tags.floors(tag, held_out, known)
        heads[tag] = replace(head, floors=floors)
        of_tags[tag] = [_tag_row(name, is_given, is_true) for name, is_given, is_true in tags.rows(tag, tags.given(tag, held_out, floors), known)]
    facts = {
        "stages": stages,
        "journey_version": journey.version,
        "labels": len(labels),
        "industries": sorted(set(groups) - {JOURNEY}),
        "accuracy": accuracy(stage_held_out[: len(labels)], truth[: len(labels)], stages),
        "accuracy_of_feeling": accuracy(feeling_held_out, feelings, sentiment.FEELINGS),
        "accuracy_of_tags": of_tags,
        "examined_on": EXAMINED_ON + (", before it learnt from this company's own words" if lesson else ""),
        "learnt_from": {"records": lesson.records, "sentences": len(lesson.sentences), "labels": len(lesson.labels)} if lesson else None,
    }
    return classifier.save(models, fitted, heads, facts)


def stages_of(journey: Journey, truth: NDArray[Any]) -> list[str]:
    """The stages that labels speak of, in the journey's order, and none."""
    return [*(name for name in journey.names if name in set(truth)), NO_STAGE]


def prior(stages: Sequence[str], journey: Journey) -> NDArray[np.float64]:
    """How much likelier each stage is than among the labels: they were written evenly, what companies hear is mostly about use."""
    odds = SHARE_OF_USE / (1 - SHARE_OF_USE) * (len(stages) - 1)
    return np.array([odds if name == journey.from_default.get("use") else 1.0 for name in stages])


def balanced(truth: NDArray[Any]) -> NDArray[np.float64]:
    """Weights under which every class counts alike; they average 1."""
    sizes = collections.Counter(truth.tolist())
    return np.array([len(truth) / len(sizes) / sizes[name] for name in truth])


def _student(features: sp.csr_matrix, truth: NDArray[Any], learnt: sp.csr_matrix, lesson: Lesson, stages: Sequence[str]) -> Head:
    """A linear model of the starter labels, the sentences of which the teacher is surest, and the company's own labels.

    Its confidence is made to agree with the teacher's.
    """
    of_sentences, of_labels = learnt[: len(lesson.sentences)], learnt[len(lesson.sentences) :]
    sure, margins = _surest(lesson.probabilities)
    names = np.array(stages, dtype=object)
    told = np.concatenate([truth, names[lesson.probabilities.argmax(axis=1)[sure]], np.array([stage for _, stage in lesson.labels], dtype=object)])
    weights = np.concatenate([balanced(truth), margins / margins.mean() if len(margins) else margins, np.full(len(lesson.labels), WEIGHT_OF_OWN_LABELS)])
    order, coefficients, intercepts = _model(sp.vstack([features, of_sentences[sure], of_labels], format="csr"), told, weights)
    places = [order.index(name) for name in stages]
    head = Head(coefficients[places], intercepts[places], 1.0)
    logits = of_sentences @ head.weights.T + head.intercepts

    def disagreement(temperature: float) -> float:
        return float(-(lesson.probabilities * np.log(softmax(logits / temperature) + 1e-12)).sum(axis=1).mean())

    return replace(head, temperature=round(float(minimize_scalar(disagreement, bounds=(0.05, 5), method="bounded").x), 3))


def _surest(probabilities: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """The four fifths of each class's sentences of which the teacher is surest, and by how much."""
    ordered = np.sort(probabilities, axis=1)
    margins = ordered[:, -1] - ordered[:, -2]
    guess = probabilities.argmax(axis=1)
    chosen = [np.flatnonzero(guess == place) for place in range(probabilities.shape[1])]
    kept = [rows[np.argsort(-margins[rows], kind="stable")[: max(LEAST_OF_A_CLASS, int(0.8 * len(rows)))]] for rows in chosen if len(rows) >= LEAST_OF_A_CLASS]
    sure = np.concatenate(kept) if kept else np.zeros(0, np.intp)
    return sure, margins[sure]


class Label(NamedTuple):
    """A starter label: what was said, at which stage of this journey, with what feeling and other tags, in which industry."""

    text: str
    stage: str
    feeling: str
    tags: dict[str, str]
    industry: str


def starter_labels(journey: Journey) -> list[Label]:
    """The shipped labels with the stages of this journey; those of stages nobody covers are left out."""
    renamed = journey.from_default
    labels = []
    for path in sorted(shipped("reference").glob("starter-*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            labels += [
                Label(
                    row["text"],
                    renamed[row["stage"]],
                    sentiment.FEELINGS[int(row["sentiment"]) + 1],
                    {tag: tags.label(tag, row[tag]) for tag in tags.CLASSES},
                    row["industry"],
                )
                for row in csv.DictReader(file)
                if row["stage"] in renamed
            ]
    told = {label.stage for label in labels} | {stage for _, stage in own_words(journey)}
    missing = [name for name in journey.names if name not in told]
    if missing:
        raise Mend(
            f"journey.yaml: nothing tells what stage '{missing[0]}' is about. Give it a description and touchpoints with words, in the customers' "
            f"language, or say with covers: [...] which of the default stages it takes the place of: {', '.join(DEFAULT_STAGES)}."
        )
    return labels


def own_words(journey: Journey) -> list[tuple[str, str]]:
    """What the journey itself says of its stages: descriptions, and the words of touchpoints, each with its stage."""
    own = [(part.strip(), stage.stage) for stage in journey.stages for part in re.split(r"[;.]", stage.description) if part.strip()]
    return own + [(word, stage.stage) for stage in journey.stages for point in stage.touchpoints for word in point.words]


def _head(features: sp.csr_matrix, truth: NDArray[Any], groups: NDArray[Any], classes: Sequence[str]) -> tuple[Head, NDArray[np.float64]]:
    """A calibrated linear model, and the probabilities that models without each text's industry gave it."""
    held_out = _logits_held_out(features, truth, groups, classes)
    is_label = groups != JOURNEY
    temperature = temperature_of(held_out[is_label], truth[is_label], classes)
    names, weights, intercepts = _model(features, truth)
    order = [names.index(name) for name in classes]
    return Head(weights[order], intercepts[order], temperature), softmax(held_out / temperature)


def _model(
    features: sp.csr_matrix, truth: NDArray[Any], weights_of_texts: NDArray[np.float64] | None = None
) -> tuple[list[str], NDArray[np.float64], NDArray[np.float64]]:
    """Stages, and for each of them its weights and intercept; of two, scikit-learn keeps only the second's."""
    each = balanced(truth) if weights_of_texts is None else weights_of_texts
    model = LinearSVC(C=INVERSE_PENALTY, random_state=0).fit(features, truth.astype(str).astype(object), sample_weight=each)
    weights, intercepts = model.coef_, model.intercept_
    if len(model.classes_) == 2:
        weights, intercepts = np.vstack([-weights, weights]), np.concatenate([-intercepts, intercepts])
    return list(model.classes_), weights, intercepts


def _logits_held_out(features: sp.csr_matrix, truth: NDArray[Any], groups: NDArray[Any], stages: Sequence[str]) -> NDArray[np.float64]:
    """Logits of each text from a model that saw no text of its industry."""
    logits = np.full((len(truth), len(stages)), -20.0)
    for industries in turns(groups):
        is_out = np.isin(groups, industries)
        names, weights, intercepts = _model(features[~is_out], truth[~is_out])
        places = np.array([list(stages).index(stage) for stage in names])
        logits[np.ix_(np.flatnonzero(is_out), places)] = features[is_out] @ weights.T + intercepts
    return logits


def turns(groups: NDArray[Any]) -> list[list[str]]:
    """The industries shared out over a few turns of about equal size, each left out once; one fit an industry would take minutes."""
    sizes = collections.Counter(groups[groups != JOURNEY].tolist())
    turns: list[list[str]] = [[] for _ in range(min(TURNS, len(sizes)))]
    for industry, _ in sorted(sizes.items(), key=lambda item: (-item[1], item[0])):
        min(turns, key=lambda turn: sum(sizes[name] for name in turn)).append(industry)
    return turns


def temperature_of(logits: NDArray[np.float64], truth: NDArray[Any], stages: Sequence[str]) -> float:
    """The divisor of logits under which confidence comes true (Guo et al. 2017)."""
    right = np.array([list(stages).index(stage) for stage in truth])

    def loss(temperature: float) -> float:
        return float(-np.log(softmax(logits / temperature)[np.arange(len(right)), right] + 1e-12).mean())

    return round(float(minimize_scalar(loss, bounds=(0.02, 5), method="bounded").x), 3)


def accuracy(probabilities: NDArray[np.float64], truth: NDArray[Any], stages: Sequence[str]) -> list[dict[str, Any]]:
    """Precision, recall and F1 of each stage and of all, 90 % intervals, coverage and calibration error, as rows."""
    guess = np.array(stages, dtype=object)[probabilities.argmax(axis=1)]
    confidence = probabilities.max(axis=1)
    is_placed = confidence >= PLACED_FROM
    rows = [_stage_row(stage, guess, truth, is_placed) for stage in stages]
    is_right = guess == truth
    low, high = _wilson(int((is_right & is_placed).sum()), int(is_placed.sum()))
    recall_low, recall_high = _wilson(int(is_right.sum()), len(truth))
    rows.append(
        {
            "stage": "all", "labels": len(truth),
            "precision": _share(is_right & is_placed, is_placed), "precision_low": low, "precision_high": high,
            "recall": float(is_right.mean()), "recall_low": recall_low, "recall_high": recall_high,
            "f1": float(np.mean([row["f1"] for row in rows if row["labels"]])), "coverage": float(is_placed.mean()),
            "calibration_error": _calibration_error(confidence, is_right),
        }
    )  # fmt: skip
    return rows


def _stage_row(stage: str, guess: NDArray[Any], truth: NDArray[Any], is_placed: NDArray[np.bool_]) -> dict[str, Any]:
    is_here, says_here = truth == stage, guess == stage
    hits = is_here & says_here
    recall = _share(hits, is_here)
    guessed = _share(hits, says_here)
    precision_interval = _wilson(int((hits & is_placed).sum()), int((says_here & is_placed).sum()))
    recall_interval = _wilson(int(hits.sum()), int(is_here.sum()))
    return {
        "stage": stage, "labels": int(is_here.sum()),
        "precision": _share(hits & is_placed, says_here & is_placed), "precision_low": precision_interval[0], "precision_high": precision_interval[1],
        "recall": recall, "recall_low": recall_interval[0], "recall_high": recall_interval[1],
        "f1": 2 * guessed * recall / (guessed + recall) if guessed and recall else 0.0,
        "coverage": _share(is_placed & is_here, is_here), "calibration_error": None,
    }  # fmt: skip


def _tag_row(name: str, is_given: NDArray[np.bool_], is_true: NDArray[np.bool_]) -> dict[str, Any]:
    """Precision and recall of one class of a tag, with 90 % intervals."""
    hits = is_given & is_true
    precision, recall = _share(hits, is_given), _share(hits, is_true)
    low, high = _wilson(int(hits.sum()), int(is_given.sum()))
    recall_low, recall_high = _wilson(int(hits.sum()), int(is_true.sum()))
    return {
        "class": name, "labels": int(is_true.sum()),
        "precision": precision, "precision_low": low, "precision_high": high, "recall": recall, "recall_low": recall_low, "recall_high": recall_high,
        "f1": 2 * precision * recall / (precision + recall) if precision and recall else 0.0, "coverage": None, "calibration_error": None,
    }  # fmt: skip


def _share(part: NDArray[np.bool_], whole: NDArray[np.bool_]) -> float | None:
    return float(part.sum() / whole.sum()) if whole.any() else None


def _wilson(hits: int, of: int) -> tuple[float | None, float | None]:
    """Wilson's 90 % interval of a share; None where there is nothing to take a share of."""
    if not of:
        return None, None
    interval = binomtest(hits, of).proportion_ci(0.9, method="wilson")
    return float(interval.low), float(interval.high)


def _calibration_error(confidence: NDArray[np.float64], is_right: NDArray[np.bool_], bins: int = 10) -> float:
    """Mean distance between confidence and share of right tags over ten equal bins (ECE)."""
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [abs(confidence[bin_of == place].mean() - is_right[bin_of == place].mean()) * (bin_of == place).mean() for place in set(bin_of)]
    return float(sum(gaps))
