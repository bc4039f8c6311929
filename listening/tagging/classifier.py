"""The fitted classifier: takes texts, gives a calibrated probability for each stage and `none`, their feeling and other tags.

A model is a folder with `weights.npz` (arrays, never pickles), `model.json` (words, stages, how it was fitted and
examined) and `manifest.json` (checksums). Its version is a hash of the first two.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer

from listening.journey import NO_STAGE
from listening.tagging import sentiment, tags
from listening.workspace import Mend, put

PLACED_FROM = 0.5  # a stage is given when it is more likely right than wrong
UNLIKE_TRAINING = 0.5  # share of a text's words that the classifier must have met
FEW_WORDS = 3
FORMAT = 3  # of the model files; another one is fitted again
_EMPTY_ANSWER = re.compile(
    r"[\W_]*(?:(?:i )?(?:have |got )?(?:nothing|none|no|nil|n/?a|not applicable|no comments?|no (?:further|other) comments?|nothing (?:to add|else|really)|"
    r"(?:did|do|does) ?n[o']?t? answer|did not (?:answer|reply|respond)|no (?:answer|response|reply)|blank|dk|don'?t know|as above))[\W_]*",
    re.I,
)
WORD = r"(?u)\b\w+\b"


def vectorizers(vocabularies: Sequence[dict[str, int]] | None = None) -> list[TfidfVectorizer]:
    """The features: words and pairs of words, and pieces of 2 to 5 characters within words."""
    words, pieces = vocabularies or (None, None)
    return [
        TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), token_pattern=WORD, vocabulary=words),
        TfidfVectorizer(sublinear_tf=True, ngram_range=(2, 5), analyzer="char_wb", vocabulary=pieces),
    ]


@dataclass(frozen=True)
class Head:
    """A linear model over the features: classes × features, one intercept a class, and what its logits are divided by.

    `floors`: the least probability from which a class is given, by class; empty where the likeliest is meant.
    """

    weights: NDArray[Any]
    intercepts: NDArray[Any]
    temperature: float
    floors: dict[str, float] = field(default_factory=dict)

    def probabilities(self, features: sp.csr_matrix) -> NDArray[np.float64]:
        """Calibrated probabilities, texts × classes."""
        return softmax((features @ self.weights.T + self.intercepts) / self.temperature)


@dataclass(frozen=True)
class Reading:
    """What some texts say: probabilities of the stages (texts × stages), feelings from −1 to 1, and by tag each text's class."""

    stages: NDArray[np.float64]
    feelings: NDArray[np.float64]
    tags: dict[str, list[str | None]]


@dataclass
class Classifier:
    """A loaded model. `facts` holds what was learnt about it when it was fitted, its accuracy among it."""

    version: str
    stages: list[str]
    journey_version: str
    facts: dict[str, Any]
    _vectorizers: list[TfidfVectorizer]
    _heads: dict[str, Head]

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Calibrated probabilities, texts × stages (in the order of `stages`); each row adds up to 1."""
        return self.read(texts).stages

    def read(self, texts: Sequence[str]) -> Reading:
        """All that the classifier can tell of some texts.

        An answer that only says that there is none belongs to no stage. The feeling is half what was learnt (how likely it
        is positive less how likely negative) and half the lexicon's, which carries over better to companies not met yet.
        """
        if not texts:
            return Reading(np.zeros((0, len(self.stages))), np.zeros(0), {tag: [] for tag in tags.CLASSES})
        features = sp.hstack([vectorizer.transform(texts) for vectorizer in self._vectorizers], format="csr")
        lexicon = sentiment.lexicon(texts)
        felt = sp.hstack([features, sp.csr_matrix(lexicon)], format="csr")
        feelings = self._heads["feeling"].probabilities(felt)
        stages = self._heads["stage"].probabilities(features)
        stages[[is_empty_answer(text) for text in texts]] = np.array([float(name == NO_STAGE) for name in self.stages])
        return Reading(
            stages,
            (feelings[:, 2] - feelings[:, 0] + lexicon[:, sentiment.COMPOUND]) / 2,
            {tag: tags.given(tag, self._heads[tag].probabilities(felt), self._heads[tag].floors) for tag in tags.CLASSES},
        )

    def familiarity(self, text: str) -> float:
        """Share of a text's words that the classifier has met."""
        words = self._vectorizers[0].build_tokenizer()(text.lower())
        return sum(word in self._vectorizers[0].vocabulary_ for word in words) / max(len(words), 1)


def softmax(logits: NDArray[Any]) -> NDArray[np.float64]:
    """Rows of exponentials that add up to 1."""
    shifted = np.exp(np.asarray(logits, np.float64) - np.max(logits, axis=1, keepdims=True))
    result: NDArray[np.float64] = shifted / shifted.sum(axis=1, keepdims=True)
    return result


def is_empty_answer(text: str) -> bool:
    """Whether a text only says that nothing is said: nothing, no comment, did not answer, n/a."""
    return bool(_EMPTY_ANSWER.fullmatch(text.strip()))


def save(models: Path, fitted: list[TfidfVectorizer], heads: dict[str, Head], facts: dict[str, Any]) -> str:
    """Write a model below `models`, make it the current one, and give its version."""
    arrays = io.BytesIO()
    weights = {f"{name}_{part}": getattr(head, part).astype(np.float32) for name, head in heads.items() for part in ("weights", "intercepts")}
    np.savez(arrays, word_idf=fitted[0].idf_.astype(np.float32), piece_idf=fitted[1].idf_.astype(np.float32), **weights)
    vocabularies = [sorted(vectorizer.vocabulary_, key=vectorizer.vocabulary_.get) for vectorizer in fitted]
    settings = {name: {"temperature": head.temperature, "floors": head.floors} for name, head in heads.items()}
    described = json.dumps(
        {**facts, "format": FORMAT, "heads": settings, "words": vocabularies[0], "pieces": vocabularies[1]}, ensure_ascii=False, sort_keys=True
    ).encode()
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


def load(models: Path) -> Classifier:
    """The current model below `models`.

    Raises:
        Mend: there is none, or its files are not the ones that were written.
    """
    try:
        version = json.loads((models / "current.json").read_text(encoding="utf-8"))["stage"]
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
        rebuilt = vectorizers([{word: place for place, word in enumerate(facts.pop(name))} for name in ("words", "pieces")])
        for vectorizer, name in zip(rebuilt, ("word_idf", "piece_idf"), strict=True):
            vectorizer.idf_ = arrays[name].astype(np.float64)
        heads = {
            name: Head(arrays[f"{name}_weights"], arrays[f"{name}_intercepts"], settings["temperature"], settings["floors"])
            for name, settings in facts["heads"].items()
        }
        return Classifier(version, facts["stages"], facts["journey_version"], facts, rebuilt, heads)
