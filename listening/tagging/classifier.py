"""The fitted classifier: takes texts, gives a calibrated probability for each stage and `none`, their feeling and other tags.

A model is a folder with `weights.npz` (arrays, never pickles), `model.json` (words, stages, how it was fitted and
examined) and `manifest.json` (checksums). Its version is a hash of the first two.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from listening.journey import NO_STAGE
from listening.tagging import sentences, sentiment, tags
from listening.tagging.chunks import Chunks, Known, Texts, apart
from listening.tagging.features import Features, Pieces, Scorer, Stream, Words
from listening.workspace import Mend, put

PLACED_FROM = 0.5  # a stage is given when it is more likely right than wrong
UNLIKE_TRAINING = 0.5  # share of a text's words that the classifier must have met
FEW_WORDS = 3
LEXICON = "(lexicon of feelings)"
FORMAT = 3  # of the model files; another one is fitted again
_SIGNS = r"[^\pL\pN]*"
_EMPTY_ANSWER = (
    rf"^{_SIGNS}(?:(?:i )?(?:have |got )?(?:nothing|none|no|nil|n/?a|not applicable|no comments?|no (?:further|other) comments?|nothing (?:to add|else|really)|"
    rf"(?:did|do|does) ?n[o']?t? answer|did not (?:answer|reply|respond)|no (?:answer|response|reply)|blank|dk|don'?t know|as above)){_SIGNS}$"
)


@dataclass(frozen=True)
class Head:
    """A linear model over the features: classes × features, one intercept a class, and what its logits are divided by.

    `floors`: the least probability from which a class is given, by class; empty where the likeliest is meant.
    """

    weights: NDArray[Any]
    intercepts: NDArray[Any]
    temperature: float
    floors: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Reading:
    """What some texts say: probabilities of the stages (texts × stages), feelings from −1 to 1, by tag the place of each text's class, 0 for silence.

    `met` is the share of a text's words that the classifier knows.
    """

    stages: NDArray[np.float64]
    feelings: NDArray[np.float64]
    tags: dict[str, NDArray[np.intp]]
    met: NDArray[np.float64]


@dataclass(frozen=True)
class Weighing:
    """Why one text got a class: the class, the likeliest other one, and what each word adds to the log odds of the two.

    `base` is what speaks for the class before any word is read. The base and all weights add up to the log odds.
    """

    said: str
    against: str
    base: float
    weights: dict[str, float]


@dataclass(frozen=True)
class Seen:
    """Texts taken apart: their chunks, words, what each distinct chunk adds, words as the lexicon takes them, and the first chunks of sentences."""

    chunks: Chunks
    stream: Stream
    adds: NDArray[np.float32]
    felt: sentiment.Words
    begins: NDArray[np.int64]


class Classifier:
    """A loaded model. `facts` holds what was learnt about it when it was fitted, its accuracy among it.

    All heads are one product: weights and intercepts stand side by side, already divided by their temperatures.
    """

    def __init__(self, version: str, facts: dict[str, Any], features: Features, heads: dict[str, Head]) -> None:
        self.version, self.facts = version, facts
        self.stages: list[str] = facts["stages"]
        self.journey_version: str = facts["journey_version"]
        self._heads, self._words = heads, features.words
        self._outputs, start = {}, 0
        for name, head in heads.items():
            self._outputs[name] = slice(start, start + len(head.intercepts))
            start += len(head.intercepts)
        stacked = np.zeros((start, features.number + len(sentiment.SCORES)), np.float32)
        for name, head in heads.items():
            stacked[self._outputs[name], : head.weights.shape[1]] = head.weights / head.temperature
        self._intercepts = np.concatenate([head.intercepts / head.temperature for head in heads.values()]).astype(np.float32)
        self._of_lexicon = stacked[:, features.number :]
        self._scorer = Scorer(features, stacked[:, : features.number].T)
        self._known = Known(self._words.asked, self._scorer.asked, sentiment.asked, sentences.asked)

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Calibrated probabilities, texts × stages (in the order of `stages`); each row adds up to 1."""
        return self.read(texts).stages

    def read(self, texts: Texts) -> Reading:
        """All that the classifier can tell of some texts."""
        array = texts if isinstance(texts, pa.StringArray) else pa.array(texts, pa.string())
        seen = self.see(array)
        return self.read_stretches(seen, array, seen.chunks.bounds)

    def see(self, texts: pa.StringArray) -> Seen:
        """Texts taken apart, with what is known of their chunks."""
        chunks = apart(texts)
        words, adds, felt, ends = self._known(chunks.distinct)
        return Seen(chunks, self._words.read(chunks, words), adds, sentiment.Words(chunks, felt), sentences.begins(chunks, ends))

    def read_stretches(self, seen: Seen, texts: pa.StringArray, bounds: NDArray[np.int64]) -> Reading:
        """All that the classifier can tell of stretches of chunks that begin at `bounds`; `texts` are their words.

        An answer that only says that there is none belongs to no stage. The feeling is what was learnt (how likely it is
        positive less how likely negative) and what the lexicon says, which carries over better to companies not met yet, together.
        """
        lexicon = sentiment.lexicon(seen.felt, bounds).astype(np.float32).T
        scores = np.ascontiguousarray(self._scorer.scores(seen.chunks, seen.stream, seen.adds, bounds).T)  # classes are few: row by row goes by them
        scores += self._intercepts[:, None]
        for column, values in zip(self._of_lexicon.T, lexicon, strict=True):
            scores += column[:, None] * values
        likely = {name: _softmax_of_columns(scores[places]).T for name, places in self._outputs.items()}
        likely["stage"][are_empty_answers(texts)] = np.array([float(name == NO_STAGE) for name in self.stages])
        feelings = sentiment.joined(likely["feeling"], lexicon[sentiment.COMPOUND])
        return Reading(
            likely["stage"],
            feelings,
            {tag: tags.given(tag, likely[tag], self._heads[tag].floors, feelings) for tag in tags.CLASSES},
            _share_met(seen.stream, bounds),
        )

    def weigh(self, text: str) -> dict[str, Weighing]:
        """What spoke for the stage, the feeling and each other tag that the words of a text give, the heaviest words first."""
        seen = self.see(pa.array([text], pa.string()))
        reading = self.read_stretches(seen, pa.array([text], pa.string()), seen.chunks.bounds)
        parts = self._scorer.parts(seen.chunks, seen.stream, seen.adds)
        parts[LEXICON] = self._of_lexicon @ sentiment.lexicon(seen.felt, seen.chunks.bounds).astype(np.float32)[0]
        scores = self._intercepts + sum(parts.values())
        classes: dict[str, Sequence[str]] = {"stage": self.stages, "feeling": sentiment.FEELINGS, **tags.CLASSES}
        given = {"stage": int(reading.stages[0].argmax()), **{tag: int(places[0]) for tag, places in reading.tags.items() if places[0]}}
        given["feeling"] = int(scores[self._outputs["feeling"]].argmax())
        found = {}
        for head, place in given.items():
            own = scores[self._outputs[head]].copy()
            own[place] = -np.inf
            one, other = self._outputs[head].start + place, self._outputs[head].start + int(own.argmax())
            weights = {name: float(values[one] - values[other]) for name, values in parts.items() if values[one] != values[other]}
            heaviest = dict(sorted(weights.items(), key=lambda weight: -abs(weight[1])))
            base = float(self._intercepts[one] - self._intercepts[other])
            found[head] = Weighing(classes[head][place], classes[head][int(own.argmax())], base, heaviest)
        return found


def _share_met(stream: Stream, bounds: NDArray[np.int64]) -> NDArray[np.float64]:
    edges = stream.bounds[bounds]
    met = np.searchsorted(np.flatnonzero(stream.words >= 0), edges)
    return np.diff(met) / np.maximum(np.diff(edges), 1)


def softmax(logits: NDArray[Any]) -> NDArray[Any]:
    """Rows of exponentials that add up to 1."""
    return _softmax_of_columns(logits.T).T


def _softmax_of_columns(logits: NDArray[Any]) -> NDArray[Any]:
    shifted = np.exp(logits - np.max(logits, axis=0))
    result: NDArray[Any] = shifted / sum(shifted)  # row after row: numpy's own sum of a text alone adds in another order
    return result


def is_empty_answer(text: str) -> bool:
    """Whether a text only says that nothing is said: nothing, no comment, did not answer, n/a."""
    return bool(are_empty_answers(pa.array([text]))[0])


def are_empty_answers(texts: pa.StringArray) -> NDArray[np.bool_]:
    """Which texts only say that nothing is said."""
    found: NDArray[np.bool_] = pc.match_substring_regex(texts, _EMPTY_ANSWER, ignore_case=True).to_numpy(zero_copy_only=False)
    return found


def save(models: Path, features: Features, heads: dict[str, Head], facts: dict[str, Any]) -> str:
    """Write a model below `models`, make it the current one, and give its version."""
    arrays = io.BytesIO()
    weights = {f"{name}_{part}": getattr(head, part).astype(np.float32) for name, head in heads.items() for part in ("weights", "intercepts")}
    np.savez(arrays, word_idf=features.words.idf.astype(np.float32), piece_idf=features.pieces.idf.astype(np.float32), **weights)
    settings = {name: {"temperature": head.temperature, "floors": head.floors} for name, head in heads.items()}
    described = json.dumps(
        {**facts, "format": FORMAT, "heads": settings, "words": features.words.vocabulary, "pieces": features.pieces.vocabulary},
        ensure_ascii=False, sort_keys=True,
    ).encode()  # fmt: skip
    version = hashlib.sha256(arrays.getvalue() + described).hexdigest()[:8]
    folder = models / f"stage-{version}"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    sums = {}
    for name, content in (("weights.npz", arrays.getvalue()), ("model.json", described)):
        put(folder / name, content)
        sums[name] = hashlib.sha256(content).hexdigest()
    put(folder / "manifest.json", json.dumps(sums, indent=1).encode())
    put(models / "current.json", json.dumps({"stage": version}).encode())
    return version


def load(models: Path, version: str | None = None) -> Classifier:
    """The current model below `models`, or that of a version.

    Raises:
        Mend: there is none, or its files are not the ones that were written.
    """
    try:
        version = version or json.loads((models / "current.json").read_text(encoding="utf-8"))["stage"]
        folder = models / f"stage-{version}"
        weights, described = (folder / "weights.npz").read_bytes(), (folder / "model.json").read_bytes()
    except FileNotFoundError:
        raise Mend(f"There is no classifier in {models}. Run 'listening init {models.parent}': it fits one and changes nothing else there.") from None
    except (ValueError, KeyError, TypeError):
        raise Mend(f"{models / 'current.json'} does not name a classifier. Run 'listening init {models.parent}' to fit one again.", status=1) from None
    if hashlib.sha256(weights + described).hexdigest()[:8] != version:
        raise Mend(f"The classifier in {folder} was changed after it was fitted. Run 'listening init {models.parent}' to fit it again.", status=1)
    facts = json.loads(described)
    if facts.get("format") != FORMAT:
        raise Mend(f"The classifier in {folder} was fitted by another version of this program. Run 'listening init {models.parent}' to fit it again.")
    with np.load(io.BytesIO(weights), allow_pickle=False) as arrays:
        words = Words(facts.pop("words"), arrays["word_idf"].astype(np.float64))
        pieces = Pieces(facts.pop("pieces"), arrays["piece_idf"].astype(np.float64))
        heads = {
            name: Head(arrays[f"{name}_weights"], arrays[f"{name}_intercepts"], settings["temperature"], settings["floors"])
            for name, settings in facts["heads"].items()
        }
        return Classifier(version, facts, Features(words, pieces), heads)
