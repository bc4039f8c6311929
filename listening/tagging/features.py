"""What the classifier sees of a text: takes texts, gives numbers for their words and pairs of words, and for what their chunks are like.

The words are scikit-learn's TfidfVectorizer, exactly, worked out for many texts at once. What chunks are like is any
function from distinct chunks to vectors; a text has the sum of its chunks' vectors, divided by the root of the sum of
their squared lengths. So what a chunk adds to every score is worked out once for each distinct chunk (`Scorer`).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer

from listening.tagging.chunks import MOST_KNOWN, Chunks, Memo, Texts, apart, spread

WORD = r"(?u)\b\w+\b"
_LEAST = 1e-12
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # spreads the numbers of pairs over a table (Knuth's multiplicative hashing)


@dataclass(frozen=True)
class Stream:
    """The words of a stream of chunks: the column of each word and of the pair that it begins, -1 where there is none.

    The words of chunk `c` begin at `bounds[c]`.
    """

    words: NDArray[np.int64]
    pairs: NDArray[np.int64]
    bounds: NDArray[np.int64]


class Words:
    """scikit-learn's sublinear TF-IDF of words and pairs of words, each text's row of length 1, exactly and for many texts at once."""

    def __init__(self, vocabulary: Sequence[str], idf: NDArray[np.float64]) -> None:
        self.vocabulary, self.idf = list(vocabulary), idf
        self._bits = len(self.vocabulary).bit_length()
        single = sorted({word for entry in self.vocabulary for word in entry.split(" ")})
        numbers = {word: number for number, word in enumerate(single)}
        self._unmet = len(single)
        self._columns = np.full(self._unmet + 1, -1)
        pairs = []
        for column, entry in enumerate(self.vocabulary):
            first, _, second = entry.partition(" ")
            if second:
                pairs.append((numbers[first] * self._unmet + numbers[second], column))
            else:
                self._columns[numbers[first]] = column
        self._pairs, self._pair_columns = np.array(sorted(pairs) or [(-1, -1)]).T.copy()
        self._shift = np.uint64(64 - (8 * len(pairs) + 16).bit_length())
        self._is_likely = np.zeros(1 << int(64 - self._shift), bool)  # most pairs are in no vocabulary: a look here spares the search
        self._is_likely[self._slots(self._pairs)] = True
        find = re.compile(WORD).findall
        self._numbers = functools.lru_cache(MOST_KNOWN)(lambda chunk: [numbers.get(word, self._unmet) for word in find(chunk.lower())])

    def read(self, chunks: Chunks) -> Stream:
        """The words of some chunks."""
        lists = [self._numbers(chunk) for chunk in chunks.distinct]
        sizes = np.fromiter(map(len, lists), np.int64, len(lists))
        flat = np.fromiter((number for numbers in lists for number in numbers), np.int64, int(sizes.sum()))
        places, bounds = spread(sizes, chunks.numbers)
        words = flat[places]
        return Stream(self._columns[words], self._pairs_of(words), bounds)

    def _pairs_of(self, words: NDArray[np.int64]) -> NDArray[np.int64]:
        found = np.full(len(words), -1)
        keys = words[:-1] * self._unmet + words[1:]
        keys[(words[:-1] == self._unmet) | (words[1:] == self._unmet)] = -2
        maybe = np.flatnonzero(self._is_likely[self._slots(keys)])
        places = np.minimum(np.searchsorted(self._pairs, keys[maybe]), len(self._pairs) - 1)
        is_met = self._pairs[places] == keys[maybe]
        found[maybe[is_met]] = self._pair_columns[places[is_met]]
        return found

    def _slots(self, keys: NDArray[np.int64]) -> NDArray[np.uint64]:
        slots: NDArray[np.uint64] = (keys.astype(np.uint64) * _MULTIPLIER) >> self._shift
        return slots

    def rows(self, stream: Stream, bounds: NDArray[np.int64]) -> sp.csr_matrix:
        """TF-IDF of stretches of the stream that begin at these chunks, stretches × vocabulary."""
        edges = stream.bounds[bounds]
        number = len(edges) - 1
        row_of = np.repeat(np.arange(number) << self._bits, np.diff(edges))
        is_word, is_pair = stream.words >= 0, stream.pairs >= 0
        is_pair[edges[1:][edges[1:] > 0] - 1] = False  # would reach into the next stretch
        keys = np.concatenate([row_of[is_word] | stream.words[is_word], row_of[is_pair] | stream.pairs[is_pair]])
        keys.sort()
        firsts = np.flatnonzero(np.diff(keys, prepend=-1))
        counts = np.diff(firsts, append=len(keys))
        keys = keys[firsts]
        rows, columns = keys >> self._bits, keys & ((1 << self._bits) - 1)
        values = (1 + np.log(counts)) * self.idf[columns]
        values /= np.sqrt(np.bincount(rows, values * values, number))[rows]
        return sp.csr_matrix((values, columns, np.searchsorted(rows, np.arange(number + 1))), (number, len(self.vocabulary)))


class Pieces:
    """What a chunk is like: scikit-learn's sublinear TF-IDF of its pieces of 2 to 5 characters, as misspelt and inflected words share most of them."""

    def __init__(self, vocabulary: Sequence[str], idf: NDArray[np.float64]) -> None:
        self.vocabulary, self.idf = list(vocabulary), idf
        self._vectorizer = _of_pieces(self.vocabulary).set_params(norm=None)
        self._vectorizer.idf_ = idf

    def __call__(self, chunks: Sequence[str]) -> sp.csr_matrix:
        """Vectors of some chunks, chunks × vocabulary."""
        return sp.csr_matrix(self._vectorizer.transform(chunks) if len(chunks) else (0, len(self.vocabulary)))


@dataclass(frozen=True)
class Features:
    """Both kinds of features of texts: their `words`, and what their chunks are like (`pieces`)."""

    words: Words
    pieces: Pieces

    @property
    def number(self) -> int:
        """How many columns there are."""
        return len(self.words.vocabulary) + len(self.pieces.vocabulary)

    def transform(self, texts: Texts) -> sp.csr_matrix:
        """Features of some texts, texts × (words, then pieces): what a linear model is fitted on."""
        chunks = apart(texts)
        vectors = self.pieces(chunks.distinct)
        stands = _stands(chunks, chunks.bounds)
        lengths = np.sqrt(np.maximum(stands @ _squares(vectors), _LEAST))
        return sp.hstack([self.words.rows(self.words.read(chunks), chunks.bounds), sp.diags_array(1 / lengths) @ stands @ vectors], format="csr")


class Scorer:
    """`Features.transform(texts) @ weights`, without the features of the texts ever being there as a whole."""

    def __init__(self, features: Features, weights: NDArray[np.float32]) -> None:
        self._words, self._pieces = features.words, features.pieces
        self._of_words, self._of_pieces = np.split(weights.astype(np.float32), [len(features.words.vocabulary)])
        self._adds = Memo(self._adding)

    def _adding(self, chunks: list[str]) -> NDArray[np.float32]:
        """What each chunk adds to every score, and its squared length."""
        vectors = self._pieces(chunks)
        return np.column_stack([vectors @ self._of_pieces, _squares(vectors)]).astype(np.float32)

    def scores(self, chunks: Chunks, stream: Stream, bounds: NDArray[np.int64]) -> NDArray[np.float32]:
        """Scores of stretches of a stream that begin at these chunks (`chunks.bounds`: whole texts), stretches × outputs."""
        alike = _stands(chunks, bounds) @ self._adds(chunks.distinct)
        alike[:, :-1] /= np.sqrt(np.maximum(alike[:, -1:], _LEAST))
        scores: NDArray[np.float32] = self._words.rows(stream, bounds) @ self._of_words + alike[:, :-1]
        return scores


def fit(texts: Sequence[str], vocabularies: tuple[list[str], list[str]] | None = None) -> Features:
    """Features with the words and pieces of these texts, or with the given ones, as rare as they are in these texts."""
    words, pieces = (empty(known).fit(texts) for empty, known in zip((_of_words, _of_pieces), vocabularies or (None, None), strict=True))
    return Features(Words(_columns(words), words.idf_), Pieces(_columns(pieces), pieces.idf_))


def vocabularies(texts: Sequence[str], learnt: Sequence[str], shared_by: int) -> tuple[list[str], list[str]]:
    """The words and pieces of some texts, and those of others that several of them share."""
    found = []
    for empty in (_of_words, _of_pieces):
        known = set(empty().fit(texts).vocabulary_)
        if len(learnt) >= shared_by:
            known |= set(empty().set_params(min_df=shared_by).fit(learnt).vocabulary_)
        found.append(sorted(known))
    return found[0], found[1]


def _of_words(vocabulary: Sequence[str] | None = None) -> TfidfVectorizer:
    return TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), token_pattern=WORD, vocabulary=vocabulary)


def _of_pieces(vocabulary: Sequence[str] | None = None) -> TfidfVectorizer:
    return TfidfVectorizer(sublinear_tf=True, ngram_range=(2, 5), analyzer="char_wb", vocabulary=vocabulary)


def _columns(fitted: TfidfVectorizer) -> list[str]:
    """The vocabulary in the order of its columns."""
    return sorted(fitted.vocabulary_, key=fitted.vocabulary_.__getitem__)


def _stands(chunks: Chunks, bounds: NDArray[np.int64]) -> sp.csr_matrix:
    """Where each distinct chunk stands, stretches × distinct chunks; one that stands in a stretch twice is there twice."""
    return sp.csr_matrix((np.ones(len(chunks.numbers), np.float32), chunks.numbers, bounds), (len(bounds) - 1, len(chunks.distinct)))


def _squares(vectors: sp.csr_matrix) -> NDArray[np.float32]:
    """The squared length of each vector."""
    squares: NDArray[np.float32] = np.asarray(vectors.multiply(vectors).sum(axis=1)).ravel()
    return squares
