"""What the classifier sees of a text: takes texts, gives numbers for their words and pairs of words, and for what their chunks are like.

The words are scikit-learn's TfidfVectorizer, exactly, worked out for many texts at once. What chunks are like is any
function from distinct chunks to vectors; a text has the sum of its chunks' vectors, divided by the root of the sum of
their squared lengths. So what a chunk adds to every score is worked out once for each distinct chunk (`Scorer`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer

from listening.tagging.chunks import Chunks, Texts, apart, spread

WORD = r"(?u)\b\w+\b"
_LEAST = 1e-12
_LENGTHS = range(2, 6)  # of pieces, in letters
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # spreads the numbers of pairs over a table (Knuth's multiplicative hashing)


@dataclass(frozen=True)
class Stream:
    """The words of a stream of chunks: the column of each word and of the pair that it begins, -1 where there is none.

    The words of chunk `c` begin at `bounds[c]`.
    """

    words: NDArray[np.int32]
    pairs: NDArray[np.int32]
    bounds: NDArray[np.int64]


class Words:
    """scikit-learn's sublinear TF-IDF of words and pairs of words, each text's row of length 1, exactly and for many texts at once."""

    def __init__(self, vocabulary: Sequence[str], idf: NDArray[np.float64]) -> None:
        self.vocabulary, self.idf = list(vocabulary), idf
        single = sorted({word for entry in self.vocabulary for word in entry.split(" ")})
        self._numbers = {word: number for number, word in enumerate(single)}
        self._unmet = len(single)
        self._idf = idf.astype(np.float32)
        self._columns = np.full(self._unmet + 1, -1, np.int32)
        pairs = []
        for column, entry in enumerate(self.vocabulary):
            first, _, second = entry.partition(" ")
            if second:
                pairs.append((self._numbers[first] * self._unmet + self._numbers[second], column))
            else:
                self._columns[self._numbers[first]] = column
        self._pairs = _Table(np.array([key for key, _ in pairs], np.int64), np.array([column for _, column in pairs], np.int32))
        self._find = re.compile(WORD).findall

    def asked(self, chunks: Sequence[str]) -> NDArray[np.int32]:
        """Of each chunk: how many words it has, and the numbers of the first two."""
        lists = [self._of(chunk) for chunk in chunks]
        rows = np.full((len(lists), 3), self._unmet, np.int32)
        rows[:, 0] = [len(words) for words in lists]
        rows[:, 1] = [words[0] if words else self._unmet for words in lists]
        rows[:, 2] = [words[1] if len(words) > 1 else self._unmet for words in lists]
        return rows

    def _of(self, chunk: str) -> list[int]:
        return [self._numbers.get(word, self._unmet) for word in self._find(chunk.lower())]

    def read(self, chunks: Chunks, asked: NDArray[np.int32]) -> Stream:
        """The words of some chunks, of which has been `asked`."""
        sizes = asked[:, 0].astype(np.int64)
        ends = np.cumsum(sizes)
        starts = ends - sizes
        flat = np.empty(ends[-1] if len(ends) else 0, np.int64)
        for place in (0, 1):
            has = sizes > place
            flat[starts[has] + place] = asked[has, place + 1]
        for number in np.flatnonzero(sizes > 2):
            flat[starts[number] : ends[number]] = self._of(chunks.distinct[number])
        places, bounds = spread(starts, sizes, chunks.numbers)
        words = flat[places]
        is_unmet = words == self._unmet
        pairs = np.full(len(words), -1, np.int32)
        if len(words):
            keys = words[:-1] * self._unmet + words[1:]
            keys[is_unmet[:-1] | is_unmet[1:]] = -1
            pairs[:-1] = self._pairs.columns(keys)
        return Stream(self._columns[words], pairs, bounds)

    def rows(self, stream: Stream, bounds: NDArray[np.int64]) -> sp.csr_matrix:
        """TF-IDF of stretches of the stream that begin at these chunks, stretches × vocabulary."""
        edges = stream.bounds[bounds]
        number = len(edges) - 1
        bits = len(self.vocabulary).bit_length()
        kind = np.uint32 if bits + number.bit_length() <= 32 else np.uint64  # half the size sorts in half the time
        first_keys = (np.arange(number + 1, dtype=np.int64) << bits).astype(kind)
        row_of = np.repeat(first_keys[:-1], np.diff(edges))
        is_word, is_pair = stream.words >= 0, stream.pairs >= 0
        is_pair[edges[1:][edges[1:] > 0] - 1] = False  # would reach into the next stretch
        keys = np.concatenate([row_of[is_word] | stream.words[is_word].astype(kind), row_of[is_pair] | stream.pairs[is_pair].astype(kind)])
        keys.sort()
        is_first = np.ones(len(keys), bool)
        np.not_equal(keys[1:], keys[:-1], out=is_first[1:])
        firsts = np.flatnonzero(is_first)
        counts = np.diff(firsts, append=len(keys))
        keys = keys[firsts]
        values = self._idf[keys & kind((1 << bits) - 1)]
        is_more = counts > 1
        values[is_more] *= 1 + np.log(counts[is_more].astype(np.float32))
        begins = np.asarray(np.searchsorted(keys, first_keys), np.int32)
        values *= np.repeat(_of_length_one(values, begins), np.diff(begins))
        return sp.csr_matrix((values, (keys & kind((1 << bits) - 1)).astype(np.int32), begins), (number, len(self.vocabulary)))


def _of_length_one(values: NDArray[np.float32], begins: NDArray[np.int32]) -> NDArray[np.float32]:
    """What makes each row of values as long as 1; a row's values begin at `begins`."""
    factors = np.ones(len(begins) - 1, np.float32)
    filled = np.flatnonzero(np.diff(begins))
    if len(filled):
        factors[filled] = 1 / np.sqrt(np.add.reduceat(values * values, begins[filled]))
    return factors


class _Table:
    """A hash table that tells the columns of many numbers at once."""

    def __init__(self, keys: NDArray[np.int64], columns: NDArray[np.int32]) -> None:
        self._shift = np.uint64(64 - (8 * len(keys) + 16).bit_length())
        slots = self._slots(keys)
        order = np.argsort(slots, kind="stable")
        filled, first, sizes = np.unique(slots[order], return_index=True, return_counts=True)
        self._most = int(sizes.max(initial=1))
        self._first = np.full(1 << int(64 - self._shift), -1, np.int32)
        self._first[filled] = first
        self._keys = np.concatenate([keys[order], np.full(self._most, -2)])
        self._columns = columns[order]

    def columns(self, keys: NDArray[np.int64]) -> NDArray[np.int32]:
        """The column of each key, -1 for one that is not there."""
        found = np.full(len(keys), -1, np.int32)
        first = self._first[self._slots(keys)]
        asked = np.flatnonzero(first >= 0)
        first, keys = first[asked].astype(np.int64), keys[asked]
        for step in range(self._most):  # a slot has one key or a few, one after the other
            is_met = self._keys[first + step] == keys
            found[asked[is_met]] = self._columns[first[is_met] + step]
            asked, first, keys = asked[~is_met], first[~is_met], keys[~is_met]
        return found

    def _slots(self, keys: NDArray[np.int64]) -> NDArray[np.uint64]:
        slots: NDArray[np.uint64] = (keys.view(np.uint64) * _MULTIPLIER) >> self._shift
        return slots


class Pieces:
    """What a chunk is like: scikit-learn's sublinear TF-IDF of its pieces of 2 to 5 characters, as misspelt and inflected words share most of them."""

    def __init__(self, vocabulary: Sequence[str], idf: NDArray[np.float64]) -> None:
        self.vocabulary, self.idf = list(vocabulary), idf
        keys, columns = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
        for length in _LENGTHS:
            of_length = np.array([column for column, piece in enumerate(self.vocabulary) if len(piece) == length], np.int64)
            keys.append(_hashes(_letters("".join(self.vocabulary[column] for column in of_length)), length)[::length])
            columns.append(of_length)
        self._table = _Table(np.concatenate(keys), np.concatenate(columns).astype(np.int32))

    def __call__(self, chunks: Sequence[str]) -> sp.csr_matrix:
        """Vectors of some chunks, chunks × vocabulary."""
        padded = [f" {chunk.lower()} " for chunk in chunks]
        letters = _letters("".join(padded))
        sizes = np.fromiter(map(len, padded), np.int64, len(padded))
        chunk_of = np.repeat(np.arange(len(padded)), sizes)
        left = np.repeat(np.cumsum(sizes), sizes) - np.arange(len(letters))  # letters to the end of the chunk
        bits = len(self.vocabulary).bit_length()
        keys = [np.zeros(0, np.int64)]
        for length in _LENGTHS:
            places = np.flatnonzero(left >= length)
            columns = self._table.columns(_hashes(letters, length)[places])
            is_met = columns >= 0
            keys.append(chunk_of[places[is_met]] << bits | columns[is_met])
        found, counts = np.unique(np.concatenate(keys), return_counts=True)
        columns = found & ((1 << bits) - 1)
        values = (1 + np.log(counts)) * self.idf[columns]
        return sp.csr_matrix((values, columns, np.searchsorted(found, np.arange(len(chunks) + 1) << bits)), (len(chunks), len(self.vocabulary)))


def _letters(text: str) -> NDArray[np.uint64]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32).astype(np.uint64)


def _hashes(letters: NDArray[np.uint64], length: int) -> NDArray[np.int64]:
    """A number for the piece of so many letters that begins at each letter; two of a million pieces share one once in 30 million vocabularies."""
    hashes = np.full(max(len(letters) - length + 1, 0), (length * int(_MULTIPLIER)) % 2**64, np.uint64)
    for place in range(length):
        hashes = (hashes ^ letters[place : place + len(hashes)]) * _MULTIPLIER
        hashes ^= hashes >> np.uint64(29)
    return hashes.view(np.int64)


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
        words = self.words.rows(self.words.read(chunks, self.words.asked(chunks.distinct)), chunks.bounds)
        return sp.hstack([words, sp.diags_array(1 / lengths) @ stands @ vectors], format="csr")


class Scorer:
    """`Features.transform(texts) @ weights`, without the features of the texts ever being there as a whole."""

    def __init__(self, features: Features, weights: NDArray[np.float32]) -> None:
        self._words, self._pieces = features.words, features.pieces
        self._of_words, self._of_pieces = np.split(weights.astype(np.float32), [len(features.words.vocabulary)])

    def asked(self, chunks: Sequence[str]) -> NDArray[np.float32]:
        """What each chunk adds to every score, and its squared length."""
        vectors = self._pieces(chunks).astype(np.float32)  # else the product would copy all weights into another precision
        return np.column_stack([vectors @ self._of_pieces, _squares(vectors)]).astype(np.float32)

    def scores(self, chunks: Chunks, stream: Stream, adds: NDArray[np.float32], bounds: NDArray[np.int64]) -> NDArray[np.float32]:
        """Scores of stretches of chunks that begin at `bounds` (`chunks.bounds`: whole texts), stretches × outputs; of the chunks has been `asked`."""
        alike = _stands(chunks, bounds) @ adds
        alike[:, :-1] /= np.sqrt(np.maximum(alike[:, -1:], _LEAST))
        scores: NDArray[np.float32] = self._words.rows(stream, bounds) @ self._of_words
        scores += alike[:, :-1]
        return scores

    def parts(self, chunks: Chunks, stream: Stream, adds: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
        """What each word, pair of words and chunk of one text adds to its scores; all of them add up to `scores`."""
        found: dict[str, NDArray[np.float32]] = {}
        row = self._words.rows(stream, chunks.bounds)
        stands = np.bincount(chunks.numbers, minlength=len(chunks.distinct)).astype(np.float32)
        by_chunk = stands[:, None] * adds[:, :-1] / np.sqrt(max(float(stands @ adds[:, -1]), _LEAST))
        for column, value in zip(row.indices, row.data, strict=True):
            found[self._words.vocabulary[column]] = value * self._of_words[column]
        for chunk, values in zip(chunks.distinct, by_chunk, strict=True):
            name = " ".join(re.findall(WORD, chunk.lower())) or chunk
            found[name] = found.get(name, 0) + values
        return found


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
    return TfidfVectorizer(sublinear_tf=True, ngram_range=(_LENGTHS[0], _LENGTHS[-1]), analyzer="char_wb", vocabulary=vocabulary)


def _columns(fitted: TfidfVectorizer) -> list[str]:
    """The vocabulary in the order of its columns."""
    return sorted(fitted.vocabulary_, key=fitted.vocabulary_.__getitem__)


def _stands(chunks: Chunks, bounds: NDArray[np.int64]) -> sp.csr_matrix:
    """Where each distinct chunk stands, stretches × distinct chunks; one that stands in a stretch twice is there twice."""
    return sp.csr_matrix((np.ones(len(chunks.numbers), np.float32), chunks.numbers, bounds.astype(np.int32)), (len(bounds) - 1, len(chunks.distinct)))


def _squares(vectors: sp.csr_matrix) -> NDArray[np.float32]:
    """The squared length of each vector."""
    squares: NDArray[np.float32] = np.asarray(vectors.multiply(vectors).sum(axis=1)).ravel()
    return squares
