"""Learn from a company's own words: takes its records and labels, gives a classifier that has read them, if it is no worse.

The teacher reads a sample of the company's sentences, with the starter labels and whatever people here have labelled
behind it; the fast classifier is fitted on what it says. Without any labels it gains most on words unlike the starter
labels (docs/tagging.md).
"""

from __future__ import annotations

import csv
import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from listening.journey import NO_STAGE, Journey
from listening.tagging import classifier, features, sentences, teacher, training
from listening.tagging.classifier import is_empty_answer, softmax
from listening.tagging.teacher import Seen, Teacher
from listening.tagging.training import JOURNEY, Lesson
from listening.warehouse import Warehouse
from listening.workspace import Mend, Workspace

MOST_SENTENCES = 5_000
LEAST_SENTENCES = 200
ENOUGH_TO_EXAMINE = 40
FOLDS = 4
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Learnt:
    """What learning came to: the new version, or None if the old one was better; and sentences that say why."""

    version: str | None
    said: list[str]


def learn(workspace: Workspace, warehouse: Warehouse, journey: Journey) -> Learnt:
    """Fit the classifier to the company's own words and labels, and take it into use unless it is worse than the present one.

    Raises:
        Mend: there are too few records to learn from, or no classifier yet.
    """
    present = classifier.load(workspace.models)
    records = warehouse.rows("tagging/to_learn_from")
    own = _sentences([row["text"] for row in records])
    labelled = _labels(workspace, {row["record_id"]: row["text"] for row in warehouse.rows("tagging/texts_of_records")}, journey)
    if len(own) < LEAST_SENTENCES:
        raise Mend(f"There are only {len(own)} sentences to learn from; {LEAST_SENTENCES} are needed. Run some nights first.")
    lesson = teach(journey, own, labelled, len(records))
    said = [f"read {len(own)} sentences of {len(records)} records" + (f" and {len(labelled)} labels" if labelled else "; nobody has labelled any")]
    if len(labelled) >= ENOUGH_TO_EXAMINE:
        before, after = _examined(present, journey, own, labelled, len(records))
        said.append(f"of {len(labelled)} labels it had not seen it reads {after:.0%} right, the present classifier {before:.0%}")
        if after < before:
            return Learnt(None, [*said, f"so the present classifier {present.version} stays"])
    else:
        said.append(f"it is taken into use without an examination on your own texts; {ENOUGH_TO_EXAMINE} labels in labels/ allow one")
    version = training.fit(workspace.models, journey, lesson)
    return Learnt(version, [*said, f"the next night tags everything with classifier {version}"])


def teach(journey: Journey, own: list[str], labelled: list[tuple[str, str]], records: int) -> Lesson:
    """What the teacher makes of a company's sentences."""
    starter = training.starter_labels(journey)
    words = training.own_words(journey)
    texts = [label.text for label in starter] + [text for text, _ in words] + [text for text, _ in labelled]
    truth = np.array([label.stage for label in starter] + [stage for _, stage in words] + [stage for _, stage in labelled], dtype=object)
    groups = np.array([label.industry for label in starter] + [JOURNEY] * (len(words) + len(labelled)), dtype=object)
    importance = np.concatenate([np.ones(len(starter) + len(words)), np.full(len(labelled), training.WEIGHT_OF_OWN_LABELS)])
    stages = training.stages_of(journey, truth)
    wording = features.fit(texts)

    def see(some: Sequence[str]) -> Seen:
        worded, words = wording.transform(some), len(wording.words.vocabulary)
        return Seen(teacher.embed(some), [worded[:, :words], worded[:, words:]])

    log.info("the teacher reads %s labelled texts and %s sentences", len(texts), len(own))
    seen, asked = see(texts), see(own)
    temperature = _temperature(seen, truth, groups, stages)
    logits = Teacher(seen, truth, stages, importance).logits(asked)
    likely = softmax(logits / temperature) * training.prior(stages, journey)
    likely /= likely.sum(axis=1, keepdims=True)
    likely[[is_empty_answer(text) for text in own]] = np.array([float(name == NO_STAGE) for name in stages])
    return Lesson(own, teacher.smoothed(asked.meaning, likely), labelled, records)


def _temperature(seen: Seen, truth: NDArray[np.object_], groups: NDArray[np.object_], stages: Sequence[str]) -> float:
    """What the teacher's scores are divided by, from industries that it was not shown."""
    held_out = np.zeros((len(truth), len(stages)))
    is_label = groups != JOURNEY
    for industries in training.turns(groups):
        is_out = np.isin(groups, industries)
        held_out[is_out] = Teacher(seen[np.flatnonzero(~is_out)], truth[~is_out], stages).logits(seen[np.flatnonzero(is_out)])
    return training.temperature_of(held_out[is_label], truth[is_label], stages)


def _examined(present: classifier.Classifier, journey: Journey, own: list[str], labelled: list[tuple[str, str]], records: int) -> tuple[float, float]:
    """Share of the company's labels read right by the present classifier, and by new ones that had not seen them."""
    texts, truth = [text for text, _ in labelled], np.array([stage for _, stage in labelled], dtype=object)
    before = np.array(present.stages, dtype=object)[present.probabilities(texts).argmax(axis=1)] == truth
    after = np.zeros(len(texts), bool)
    fold = np.array([int(hashlib.sha256(text.encode()).hexdigest(), 16) % FOLDS for text in texts])
    for turn in sorted(set(fold.tolist())):
        shown = [label for label, place in zip(labelled, fold, strict=True) if place != turn]
        lesson = teach(journey, [*own, *(texts[place] for place in np.flatnonzero(fold == turn))], shown, records)
        guess = np.array(training.stages_of(journey, np.array(journey.names, dtype=object)), dtype=object)[lesson.probabilities.argmax(axis=1)]
        after[fold == turn] = guess[len(own) :] == truth[fold == turn]
    return float(before.mean()), float(after.mean())


def _sentences(texts: list[str]) -> list[str]:
    """A sample of the distinct sentences of some texts, the same for the same texts."""
    distinct = {text[start:stop] for text in texts for start, stop in sentences.split(text)}
    return sorted(distinct, key=lambda sentence: hashlib.sha256(sentence.encode()).hexdigest())[:MOST_SENTENCES]


def _labels(workspace: Workspace, texts: dict[str, str], journey: Journey) -> list[tuple[str, str]]:
    """What people here have labelled with a stage of the journey: text (a span of it, if one is named) and stage."""
    found = []
    for path in sorted((workspace.root / "labels").glob("*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                text, stage = texts.get(row.get("record_id") or ""), (row.get("stage") or "").strip()
                if text and stage in (*journey.names, NO_STAGE):
                    start, stop = row.get("start") or "", row.get("stop") or ""
                    found.append((text[int(start) : int(stop)] if start.isdigit() and stop.isdigit() else text, stage))
    return found
