"""Learn from a company's own words: takes its records and labels, gives a classifier that has read them, if it is no worse.

The teacher reads a sample of the company's sentences, with the starter labels and whatever people here have labelled
behind it; the fast classifier is fitted on what it says. Without any labels it gains most on words unlike the starter
labels (docs/tagging.md).
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from listening.journey import NO_STAGE, Journey
from listening.tagging import accuracy, classifier, features, labelled, sentences, sentiment, teacher, training
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

Embed = Callable[[Sequence[str]], NDArray[np.float32]]
Read = tuple[str, float]  # the stage that is read, and with what confidence


@dataclass(frozen=True)
class OwnLabel:
    """A stage that somebody here gave to a record, or to a span of it."""

    record_id: str
    text: str
    stage: str
    is_whole: bool


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
    with warehouse.transaction():
        notes = labelled.keep(workspace, warehouse, journey, present)
    labels = [OwnLabel(**row) for row in warehouse.rows("tagging/own_labels")]
    if len(own) < LEAST_SENTENCES:
        raise Mend(f"There are only {len(own)} sentences to learn from; {LEAST_SENTENCES} are needed. Run some nights first.")
    embed = _remembering(teacher.embed)
    taught = teach(journey, own, _told(labels), len(records), embed)
    taught = replace(taught, labelled=sorted({accuracy.mark(label.record_id) for label in labels}))
    said = [*notes, f"read {len(own)} sentences of {len(records)} records" + (f" and {len(labels)} labels" if labels else "; nobody has labelled any")]
    if len(labels) >= ENOUGH_TO_EXAMINE:
        unseen = _read_unseen(journey, own, labels, embed)
        before, after = _right(_read_by(present, labels), labels), _right(unseen, labels)
        said.append(_compared(before, after))
        if after.sum() < before.sum():
            return Learnt(None, [*said, f"so the present classifier {present.version} stays"])
        taught = replace(taught, held_out={accuracy.mark(label.record_id): read for label, read in zip(labels, unseen, strict=True) if label.is_whole})
    else:
        have = f"; there {'is' if len(labels) == 1 else 'are'} {len(labels)}" if labels else ""
        said.append(
            f"it is taken into use without an examination on your own texts; {ENOUGH_TO_EXAMINE} labels allow one{have} ('listening label --sample 50')"
        )
    version = training.fit(workspace.models, journey, taught)
    return Learnt(version, [*said, f"the next night tags everything with classifier {version}"])


def _told(labels: Sequence[OwnLabel]) -> list[tuple[str, str]]:
    return [(label.text, label.stage) for label in labels]


def _right(read: Sequence[Read], labels: Sequence[OwnLabel]) -> NDArray[np.bool_]:
    return np.array([stage == label.stage for (stage, _), label in zip(read, labels, strict=True)])


def _compared(before: NDArray[np.bool_], after: NDArray[np.bool_]) -> str:
    """How many of the same labels the present classifier and a new one read right, and how sure the difference is."""
    difference, low, high = (100 * share for share in accuracy.paired(before, after))
    return (
        f"of {len(after)} labels that it had not seen the new classifier reads {_share(after)} right, the present one {_share(before)}; "
        f"the difference is {difference:+.0f} points ({low:+.0f} to {high:+.0f}). Intervals are 90 %"
    )


def _share(is_right: NDArray[np.bool_]) -> str:
    low, high = accuracy.wilson(int(is_right.sum()), len(is_right))
    return f"{int(is_right.sum())} ({is_right.mean():.0%}, {low or 0:.0%} to {high or 1:.0%})"


def _remembering(embed: Embed) -> Embed:
    """The same function, which reads no text twice: an examination shows the same sentences several times."""
    known: dict[str, NDArray[np.float32]] = {}

    def remembered(texts: Sequence[str]) -> NDArray[np.float32]:
        new = [text for text in dict.fromkeys(texts) if text not in known]
        known.update(zip(new, embed(new), strict=True))
        return np.array([known[text] for text in texts])

    return remembered


def teach(journey: Journey, own: list[str], labelled: list[tuple[str, str]], records: int, embed: Embed = teacher.embed) -> Lesson:
    """What the teacher makes of a company's sentences."""
    starter = training.starter_labels(journey)
    words = training.own_words(journey)
    texts = [label.text for label in starter] + [text for text, _ in words] + [text for text, _ in labelled]
    truth = np.array([label.stage for label in starter] + [stage for _, stage in words] + [stage for _, stage in labelled], dtype=object)
    groups = np.array([label.industry for label in starter] + [JOURNEY] * len(words), dtype=object)
    importance = np.concatenate([np.ones(len(starter) + len(words)), np.full(len(labelled), training.WEIGHT_OF_OWN_LABELS)])
    stages = training.stages_of(journey, truth)
    wording = features.fit(texts)

    def see(some: Sequence[str]) -> Seen:
        worded, words = wording.transform(some), len(wording.words.vocabulary)
        return Seen(embed(some), [worded[:, :words], worded[:, words:]])

    log.info("the teacher reads %s labelled texts and %s sentences", len(texts), len(own))
    seen, asked = see(texts), see(own)
    shipped = np.arange(len(starter) + len(words))
    temperature = _temperature(seen[shipped], truth[shipped], groups, stages)
    likely = softmax(Teacher(seen, truth, stages, importance).logits(asked) / temperature) * training.prior(stages, journey)
    likely /= likely.sum(axis=1, keepdims=True)
    likely[[is_empty_answer(text) for text in own]] = np.array([float(name == NO_STAGE) for name in stages])
    return Lesson(own, teacher.smoothed(asked.meaning, likely), _feelings(starter, seen[shipped[: len(starter)]], asked), labelled, records)


def _feelings(starter: Sequence[training.Label], seen: Seen, asked: Seen) -> NDArray[np.float64]:
    """How likely each feeling is in some sentences. Neighbours are not listened to: praise and trouble are often worded alike."""
    truth = np.array([label.feeling for label in starter], dtype=object)
    temperature = _temperature(seen, truth, np.array([label.industry for label in starter], dtype=object), sentiment.FEELINGS)
    return softmax(Teacher(seen, truth, sentiment.FEELINGS).logits(asked) / temperature)


def _temperature(seen: Seen, truth: NDArray[np.object_], groups: NDArray[np.object_], stages: Sequence[str]) -> float:
    """What the teacher's scores are divided by, from industries that it was not shown."""
    is_label = groups != JOURNEY
    held_out = teacher.held_out(seen, truth, stages, [np.isin(groups, industries) for industries in training.turns(groups)])
    return training.temperature_of(held_out[is_label], truth[is_label], stages)


def _read_by(present: classifier.Classifier, labels: Sequence[OwnLabel]) -> list[Read]:
    """How the present classifier reads labelled words; where it learnt from a label, how one that had not read them."""
    held_out = accuracy.held_out(present.facts)
    now = _likeliest(present.probabilities([label.text for label in labels]), present.stages)
    return [held_out.get(accuracy.mark(label.record_id), read) if label.is_whole else read for label, read in zip(labels, now, strict=True)]


def _read_unseen(journey: Journey, own: list[str], labels: Sequence[OwnLabel], embed: Embed) -> list[Read]:
    """How new classifiers read each label's words that learnt from the other labels alone: in turns, a record's labels together."""
    fold = np.array([int(hashlib.sha256(label.record_id.encode()).hexdigest(), 16) % FOLDS for label in labels])
    found: dict[int, Read] = {}
    for turn in sorted(set(fold.tolist())):
        places = np.flatnonzero(fold == turn).tolist()
        shown = [label for label, place in zip(labels, fold, strict=True) if place != turn]
        likely, stages = training.likely_stages(journey, teach(journey, own, _told(shown), 0, embed), [labels[place].text for place in places])
        found |= dict(zip(places, _likeliest(likely, stages), strict=True))
    return [found[place] for place in range(len(labels))]


def _likeliest(likely: NDArray[np.float64], stages: Sequence[str]) -> list[Read]:
    return [(stages[place], round(float(row[place]), 4)) for row, place in zip(likely, likely.argmax(axis=1), strict=True)]


def _sentences(texts: list[str]) -> list[str]:
    """A sample of the distinct sentences of some texts, the same for the same texts."""
    distinct = {text[start:stop] for text in texts for start, stop in sentences.split(text)}
    return sorted(distinct, key=lambda sentence: hashlib.sha256(sentence.encode()).hexdigest())[:MOST_SENTENCES]
