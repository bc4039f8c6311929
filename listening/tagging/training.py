"""Fit the stage classifier: takes the starter labels and the journey's own words, gives a model folder and its accuracy.

It is examined on industries that it was not fitted on, since that is how a company meets it: every industry of the
starter labels is left out once, an eighth of the labels at a time, and what is said of accuracy, calibration and coverage comes from those turns.
"""

from __future__ import annotations

import collections
import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from sklearn.svm import LinearSVC

from listening.journey import DEFAULT_STAGES, NO_STAGE, Journey
from listening.tagging import accuracy, classifier, sentiment, tags
from listening.tagging.classifier import Head, softmax
from listening.tagging.features import Features, vocabularies
from listening.tagging.features import fit as fit_features
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
    """What a company's own words teach: its sentences with the teacher's probabilities (sentences × stages, × feelings), and labelled texts."""

    sentences: list[str]
    probabilities: NDArray[np.float64]
    feelings: NDArray[np.float64]
    labels: list[tuple[str, str]]
    records: int
    labelled: list[str] = field(default_factory=list)  # marks of the records whose labels these are
    held_out: dict[str, tuple[str, float]] = field(default_factory=dict)  # by mark, what one that had not seen the label reads: that examines it


def fit(models: Path, journey: Journey, lesson: Lesson | None = None) -> str:
    """Fit on the starter labels for this journey, write the model below `models`, and give its version.

    With a `lesson` the stages are learnt from the company's own sentences as well, as the teacher reads them. The same
    labels, journey and lesson give the same version, to the byte, on the same libraries.
    """
    labels = starter_labels(journey)
    texts, truth, groups = _shipped(labels, journey)
    fitted, all_features = _features(texts, lesson)
    features = all_features[: len(texts)]
    stages = stages_of(journey, truth)
    stage, stage_held_out = _head(features, truth, groups, stages)
    share = prior(stages, journey)
    stage_held_out = stage_held_out * share / (stage_held_out * share).sum(axis=1, keepdims=True)
    heads = {"stage": replace(stage, intercepts=stage.intercepts + stage.temperature * np.log(share))}
    felt = _with_lexicon(features[: len(labels)], texts[: len(labels)])
    worded = _without_pieces(felt, fitted)
    feelings = np.array([label.feeling for label in labels], dtype=object)
    heads["feeling"], feeling_held_out = _head(worded, feelings, groups[: len(labels)], sentiment.FEELINGS)
    if lesson:
        heads["stage"] = _student_of_stages(_without_pieces(all_features, fitted), truth, lesson, stages)
        of_sentences = all_features[len(texts) : len(texts) + len(lesson.sentences)]
        felt_sentences = _without_pieces(_with_lexicon(of_sentences, lesson.sentences), fitted)
        heads["feeling"] = _student(worded, feelings, balanced(feelings), felt_sentences, lesson.feelings, sentiment.FEELINGS)
    felt_held_out = sentiment.joined(feeling_held_out, sentiment.of(texts[: len(labels)])[:, sentiment.COMPOUND])
    of_tags = {}
    for tag, classes in tags.CLASSES.items():
        known = np.array([label.tags[tag] for label in labels], dtype=object)
        head, held_out = _head(felt, known, groups[: len(labels)], classes)
        floors = tags.floors(tag, held_out, known)
        heads[tag] = replace(head, floors=floors)
        given = tags.given(tag, held_out, floors, felt_held_out)
        of_tags[tag] = [accuracy.of_class(name, is_given, is_true) for name, is_given, is_true in tags.rows(tag, given, known)]
    facts = {
        "stages": stages,
        "journey_version": journey.version,
        "labels": len(labels),
        "industries": sorted(set(groups) - {JOURNEY}),
        "accuracy": accuracy.of_likeliest(stage_held_out[: len(labels)], truth[: len(labels)], stages),
        "accuracy_of_feeling": accuracy.of_likeliest(feeling_held_out, feelings, sentiment.FEELINGS),
        "accuracy_of_tags": of_tags,
        "examined_on": EXAMINED_ON + (", before it learnt from this company's own words" if lesson else ""),
        "learnt_from": _learnt_from(lesson) if lesson else None,
    }
    return classifier.save(models, fitted, heads, facts)


def likely_stages(journey: Journey, lesson: Lesson, asked: Sequence[str]) -> tuple[NDArray[np.float64], list[str]]:
    """How likely a classifier fitted with this lesson would find each stage in some texts: to see what learning would come to."""
    texts, truth, _ = _shipped(starter_labels(journey), journey)
    fitted, features = _features(texts, lesson)
    stages = stages_of(journey, truth)
    head = _student_of_stages(_without_pieces(features, fitted), truth, lesson, stages)
    likely = softmax((fitted.transform(asked) @ head.weights.T + head.intercepts) / head.temperature)
    likely[[classifier.is_empty_answer(text) for text in asked]] = np.array([float(name == NO_STAGE) for name in stages])
    return likely, stages


def _shipped(labels: Sequence[Label], journey: Journey) -> tuple[list[str], NDArray[Any], NDArray[Any]]:
    """Texts, stages and industries of the starter labels and of the journey's own words."""
    own = own_words(journey)
    return (
        [label.text for label in labels] + [text for text, _ in own],
        np.array([label.stage for label in labels] + [stage for _, stage in own], dtype=object),
        np.array([label.industry for label in labels] + [JOURNEY] * len(own), dtype=object),
    )


def _features(texts: list[str], lesson: Lesson | None) -> tuple[Features, sp.csr_matrix]:
    """What is seen of some texts and of the lesson's after them; of words that only a company says, those that several of its texts share."""
    learnt = [*lesson.sentences, *(text for text, _ in lesson.labels)] if lesson else []
    fitted = fit_features(texts + learnt, vocabularies(texts, learnt, SHARED_BY) if lesson else None)  # a rare word may be somebody's name
    return fitted, fitted.transform(texts + learnt)


def _learnt_from(lesson: Lesson) -> dict[str, Any]:
    numbers = {"records": lesson.records, "sentences": len(lesson.sentences), "labels": len(lesson.labels)}
    return {**numbers, "labelled": lesson.labelled, "held_out": lesson.held_out}


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


def _with_lexicon(features: sp.csr_matrix, texts: Sequence[str]) -> sp.csr_matrix:
    return sp.hstack([features, sp.csr_matrix(sentiment.of(texts))], format="csr")


def _without_pieces(felt: sp.csr_matrix, fitted: Features) -> sp.csr_matrix:
    """The same columns with nothing in those of pieces of words, which mislead where the words themselves are known or the labels are few."""
    is_kept = np.ones(felt.shape[1])
    is_kept[len(fitted.words.vocabulary) : fitted.number] = 0
    kept = sp.csr_matrix(felt @ sp.diags_array(is_kept))
    kept.eliminate_zeros()
    return kept


def _student_of_stages(features: sp.csr_matrix, truth: NDArray[Any], lesson: Lesson, stages: Sequence[str]) -> Head:
    """A student of the starter labels (whose stages `truth` gives), then the company's sentences, then its own labels."""
    number, of_labels = len(truth), len(truth) + len(lesson.sentences)
    told = np.concatenate([truth, np.array([stage for _, stage in lesson.labels], dtype=object)])
    weights = np.concatenate([balanced(truth), np.full(len(lesson.labels), WEIGHT_OF_OWN_LABELS)])
    return _student(sp.vstack([features[:number], features[of_labels:]], format="csr"), told, weights, features[number:of_labels], lesson.probabilities, stages)


def _student(
    features: sp.csr_matrix,
    truth: NDArray[Any],
    weights: NDArray[np.float64],
    of_sentences: sp.csr_matrix,
    probabilities: NDArray[np.float64],
    classes: Sequence[str],
) -> Head:
    """A linear model of labelled texts and of the sentences of which the teacher is surest. Its confidence is made to agree with the teacher's."""
    sure, margins = _surest(probabilities)
    guess = np.array(classes, dtype=object)[probabilities.argmax(axis=1)[sure]]
    each = np.concatenate([weights, margins / margins.mean() if len(margins) else margins])
    order, coefficients, intercepts = _model(sp.vstack([features, of_sentences[sure]], format="csr"), np.concatenate([truth, guess]), each)
    places = [order.index(name) for name in classes]
    head = Head(coefficients[places], intercepts[places], 1.0)
    logits = of_sentences @ head.weights.T + head.intercepts

    def disagreement(temperature: float) -> float:
        return float(-(probabilities * np.log(softmax(logits / temperature) + 1e-12)).sum(axis=1).mean())

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
