"""The fitted stage classifier: takes texts, gives a calibrated probability for each stage and `none`.

A model is a folder with `weights.npz` (arrays, never pickles), `model.json` (words, stages, how it was fitted and
examined) and `manifest.json` (checksums). Its version is a hash of the first two.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer

from listening.workspace import Mend

PLACED_FROM = 0.5  # a stage is given when it is more likely right than wrong
UNLIKE_TRAINING = 0.5  # share of a text's words that the classifier must have met
FEW_WORDS = 3
WORD = r"(?u)\b\w+\b"


def vectorizers(vocabularies: Sequence[dict[str, int]] | None = None) -> list[TfidfVectorizer]:
    """The features: words and pairs of words, and pieces of 2 to 5 characters within words."""
    words, pieces = vocabularies or (None, None)
    return [
        TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), token_pattern=WORD, vocabulary=words),
        TfidfVectorizer(sublinear_tf=True, ngram_range=(2, 5), analyzer="char_wb", vocabulary=pieces),
    ]


@dataclass
class Classifier:
    """A loaded model. `facts` holds what was learnt about it when it was fitted, its accuracy among it."""

    version: str
    stages: list[str]
    journey_version: str
    facts: dict[str, Any]
    _vectorizers: list[TfidfVectorizer]
    _weights: NDArray[np.float32]
    _intercepts: NDArray[np.float32]
    _temperature: float

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Calibrated probabilities, texts × stages (in the order of `stages`); each row adds up to 1."""
        if not texts:
            return np.zeros((0, len(self.stages)))
        features = sp.hstack([vectorizer.transform(texts) for vectorizer in self._vectorizers], format="csr")
        return softmax((features @ self._weights.T + self._intercepts) / self._temperature)

    def familiarity(self, text: str) -> float:
        """Share of a text's words that the classifier has met."""
        words = self._vectorizers[0].build_tokenizer()(text.lower())
        return sum(word in self._vectorizers[0].vocabulary_ for word in words) / max(len(words), 1)


def softmax(logits: NDArray[Any]) -> NDArray[np.float64]:
    """Rows of exponentials that add up to 1."""
    shifted = np.exp(np.asarray(logits, np.float64) - np.max(logits, axis=1, keepdims=True))
    result: NDArray[np.float64] = shifted / shifted.sum(axis=1, keepdims=True)
    return result


def save(models: Path, fitted: list[TfidfVectorizer], weights: NDArray[Any], intercepts: NDArray[Any], facts: dict[str, Any]) -> str:
    """Write a model below `models`, make it the current one, and give its version."""
    arrays = io.BytesIO()
    np.savez(
        arrays, weights=weights.astype(np.float32), intercepts=intercepts.astype(np.float32),
        word_idf=fitted[0].idf_.astype(np.float32), piece_idf=fitted[1].idf_.astype(np.float32),
    )  # fmt: skip
    vocabularies = [sorted(vectorizer.vocabulary_, key=vectorizer.vocabulary_.get) for vectorizer in fitted]
    described = json.dumps({**facts, "words": vocabularies[0], "pieces": vocabularies[1]}, ensure_ascii=False, sort_keys=True).encode()
    version = hashlib.sha256(arrays.getvalue() + described).hexdigest()[:8]
    folder = models / f"stage-{version}"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    sums = {}
    for name, content in (("weights.npz", arrays.getvalue()), ("model.json", described)):
        (folder / name).write_bytes(content)
        sums[name] = hashlib.sha256(content).hexdigest()
    (folder / "manifest.json").write_text(json.dumps(sums, indent=1), encoding="utf-8")
    partial = models / "current.partial"
    partial.write_text(json.dumps({"stage": version}), encoding="utf-8")
    partial.replace(models / "current.json")
    return version


def load(models: Path) -> Classifier:
    """The current model below `models`.

    Raises:
        Mend: there is none, or its files are not the ones that were written.
    """
    try:
        version = json.loads((models / "current.json").read_text(encoding="utf-8"))["stage"]
        folder = models / f"stage-{version}"
        sums = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        contents = {name: (folder / name).read_bytes() for name in sums}
    except FileNotFoundError:
        raise Mend(f"There is no classifier in {models}. Run 'listening init {models.parent}': it fits one and changes nothing else there.") from None
    if any(hashlib.sha256(content).hexdigest() != sums[name] for name, content in contents.items()):
        raise Mend(f"The classifier in {folder} was changed after it was fitted. Run 'listening init {models.parent}' to fit it again.", status=1)
    facts = json.loads(contents["model.json"])
    with np.load(io.BytesIO(contents["weights.npz"]), allow_pickle=False) as arrays:
        rebuilt = vectorizers([{word: place for place, word in enumerate(facts.pop(name))} for name in ("words", "pieces")])
        for vectorizer, name in zip(rebuilt, ("word_idf", "piece_idf"), strict=True):
            vectorizer.idf_ = arrays[name].astype(np.float64)
        return Classifier(version, facts["stages"], facts["journey_version"], facts, rebuilt, arrays["weights"], arrays["intercepts"], facts["temperature"])
