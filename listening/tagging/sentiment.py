"""What a lexicon says of the feeling of words: takes chunks, gives VADER's four scores (Hutto and Gilbert 2014), English only.

The lexicon alone takes politeness for praise ("please", "thanks", "hope"); so it is one of the classifier's features
and not the verdict. Its scores carry over to companies that no label speaks of.

The rules are vaderSentiment's own, worked out for all words of a lexicon in many texts at once; its lexicon and its lists of
words are read from the package. An emoji stands apart from the word that it sticks to, which there becomes one with it.
"""

from __future__ import annotations

import functools
import string
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

# nltk carries the same analyser without its lexicon, and refuses to read one from outside its own data folders
from vaderSentiment import vaderSentiment as vader

from listening.tagging.chunks import Chunks, Texts, apart, spread

SCORES = ("neg", "neu", "pos", "compound")
COMPOUND = 3  # the column of the one score that sums up the others
CLEAR = 1.0  # of a word, on the lexicon's scale of -4 to 4
FEELINGS = ("negative", "neutral", "positive")
_ROLES = (
    "", "no", "or", "nor", "so", "this", "never", "without", "doubt", "least", "at", "very", "kind", "sort", "just", "enough", "of",
    "the", "shit", "bomb", "bad", "ass", "bus", "stop", "yeah", "right", "kiss", "death", "to", "die", "for", "beating", "heart",
)  # fmt: skip  # words that change what stands beside them; their place here is their number
_ROLE = {word: number for number, word in enumerate(_ROLES)}
_SPECIAL = frozenset((*vader.NEGATE, *vader.BOOSTER_DICT, *_ROLES, "but"))
_VALUED, _BUT, _LOUD, _UPPER = 1, 2, 4, 8
_SEVERAL = np.array([1.0, 0.95, 0.9])  # how much a booster counts, one, two and three words before
Array = NDArray[np.float64]


def lexicon(words: Words, bounds: NDArray[np.int64]) -> Array:
    """Negative, neutral, positive and compound score of stretches of chunks that begin at `bounds`, stretches × 4."""
    edges = words.bounds[bounds]
    places = np.flatnonzero(words.marks & _VALUED)
    row = np.searchsorted(edges, places, side="right") - 1
    values = _after_but(words, places, row, edges, _values(words, places, row, edges))
    number, sizes = len(bounds) - 1, np.diff(edges)
    emphasis = _emphasis(words, edges, number)
    total = np.bincount(row, values, number).astype(np.float64)  # of nothing it counts in whole numbers
    total += np.sign(total) * emphasis
    positive = np.bincount(row, np.where(values > 0, values + 1, 0), number).astype(np.float64)
    negative = np.bincount(row, np.where(values < 0, 1 - values, 0), number).astype(np.float64)
    neutral = sizes - np.bincount(row[values != 0], minlength=number)
    is_positive, is_negative = positive > negative, positive < negative
    positive += is_positive * emphasis
    negative += is_negative * emphasis
    parts = np.column_stack([negative, neutral, positive])
    shares = parts / np.maximum(parts.sum(axis=1, keepdims=True), 1e-12)
    return np.column_stack([shares.round(3), (total / np.sqrt(total * total + 15)).round(4)])


def joined(likely: NDArray[Any], compound: NDArray[Any]) -> NDArray[Any]:
    """The feeling of each text, −1 to 1, from how likely it is negative, neutral and positive (texts × 3) and the lexicon's compound score."""
    both: NDArray[Any] = np.clip(likely[:, 2] - likely[:, 0] + compound, -1, 1)
    return both


def of(texts: Texts) -> Array:
    """The same of whole texts, texts × 4."""
    chunks = apart(texts)
    return lexicon(Words(chunks, asked(chunks.distinct)), chunks.bounds)


class Words:
    """The words of chunks as VADER takes them: for each distinct one what is known of it, and the stream of their numbers."""

    def __init__(self, chunks: Chunks, asked: NDArray[np.float64]) -> None:
        known, self.numbers, self.bounds = _described(chunks, asked)
        self.outside = len(known)  # the number of what stands before the first word and after the last
        known = np.vstack([known, [0, 0, 1, 0, 0, 0, 0, 0]])
        self.value, self.boost, is_in_lexicon, is_negation, role, marks, self.bangs, self.questions = known.T.copy()
        self.is_in_lexicon, self.is_negation = is_in_lexicon.astype(bool), is_negation.astype(bool)
        self.role = role.astype(np.int64)
        of_distinct = marks.astype(np.uint8)
        self.is_upper = (of_distinct & _UPPER).astype(bool)
        self.marks = of_distinct[self.numbers]

    def is_mixed(self, edges: NDArray[np.int64]) -> NDArray[np.bool_]:
        """In which stretches some words are in capitals and some not; else capitals mean nothing."""
        uppers = np.searchsorted(np.flatnonzero(self.marks & _UPPER), edges)
        uppers = np.diff(uppers)
        return (uppers > 0) & (uppers < np.diff(edges))

    def near(self, places: NDArray[np.intp], row: NDArray[np.intp], edges: NDArray[np.int64], step: int) -> NDArray[np.int64]:
        """The number of the word so many steps from each place, if it is in the same stretch."""
        at = places + step
        is_inside = (at >= edges[row]) if step < 0 else (at < edges[row + 1])
        return np.where(is_inside, self.numbers[np.where(is_inside, at, 0)] if len(at) else 0, self.outside)


def _values(words: Words, places: NDArray[np.intp], row: NDArray[np.intp], edges: NDArray[np.int64]) -> Array:
    """What each word of the lexicon comes to, by itself and by the three words before it."""
    here, after = words.near(places, row, edges, 0), words.near(places, row, edges, 1)
    before = [words.near(places, row, edges, -step) for step in (1, 2, 3)]
    is_word = [number != words.outside for number in before]
    roles = [words.role[number] for number in before]
    is_mixed = words.is_mixed(edges)[row]
    values = words.value[here]
    values = np.where((words.role[here] == _ROLE["no"]) & (after != words.outside) & words.is_in_lexicon[after], 0.0, values)
    is_no = [role == _ROLE["no"] for role in roles]
    values = np.where(is_no[0] | is_no[1] | (is_no[2] & np.isin(roles[0], (_ROLE["or"], _ROLE["nor"]))), words.value[here] * vader.N_SCALAR, values)
    values += np.where(words.is_upper[here] & is_mixed, np.where(values > 0, vader.C_INCR, -vader.C_INCR), 0)
    for step in range(3):
        counts = is_word[step] & ~words.is_in_lexicon[before[step]]
        boost = words.boost[before[step]] * np.where(values < 0, -1, 1)
        boost += np.where((boost != 0) & words.is_upper[before[step]] & is_mixed, np.where(values > 0, vader.C_INCR, -vader.C_INCR), 0)
        changed = (values + boost * _SEVERAL[step]) * _negations(words, before, roles, step)
        if step == 2:
            changed = _idioms(words, here, after, words.near(places, row, edges, 2), roles, changed)
        values = np.where(counts, changed, values)
    is_least = (roles[0] == _ROLE["least"]) & ~np.isin(roles[1], (_ROLE["at"], _ROLE["very"]))
    is_kind_of = (words.role[here] == _ROLE["kind"]) & (words.role[after] == _ROLE["of"])
    values *= np.select([is_kind_of, is_least], [0.0, vader.N_SCALAR], 1.0)
    return np.asarray(values)


def _negations(words: Words, before: list[NDArray[np.int64]], roles: list[NDArray[np.int64]], step: int) -> Array:
    """What the word so many steps before multiplies by."""
    factor = np.where(words.is_negation[before[step]], vader.N_SCALAR, 1.0)
    if step == 0:
        return factor
    is_so = [np.isin(role, (_ROLE["so"], _ROLE["this"])) for role in roles[:step]]
    is_never_so = (roles[step] == _ROLE["never"]) & is_so[step - 1]
    if step == 2:
        is_never_so |= is_so[0]
    is_doubtless = (roles[step] == _ROLE["without"]) & np.logical_or.reduce([role == _ROLE["doubt"] for role in roles[:step]])
    return np.select([is_never_so, is_doubtless], [1.25, 1.0], factor)


def _idioms(words: Words, here: NDArray[Any], after: NDArray[Any], later: NDArray[Any], roles: list[NDArray[Any]], values: Array) -> Array:
    """Values after idioms around a word ("the shit", "to die for") and pairs that boost ("kind of")."""
    two, three, boosts = _phrases()
    own, following, last = words.role[here], words.role[after], words.role[later]
    first, second, third = roles
    found = [two[first, own], three[second, first, own], two[second, first], three[third, second, first], two[third, second]]
    for idiom in reversed([*found]):
        values = np.where(np.isnan(idiom), values, idiom)
    for idiom in (two[own, following], three[own, following, last]):
        values = np.where(np.isnan(idiom), values, idiom)
    return np.asarray(values + boosts[third, second] + boosts[second, first])


def _after_but(words: Words, places: NDArray[np.intp], row: NDArray[np.intp], edges: NDArray[np.int64], values: Array) -> Array:
    """What stands before the first "but" counts half, what stands after it one and a half times."""
    buts = np.flatnonzero(words.marks & _BUT)[::-1]
    first = np.full(len(edges) - 1, -1)
    first[np.searchsorted(edges, buts, side="right") - 1] = buts  # the last one written is the first in the text
    but = first[row]
    return np.asarray(values * np.select([but < 0, places < but, places > but], [1.0, 0.5, 1.5], 1.0))


def _emphasis(words: Words, edges: NDArray[np.int64], number: int) -> Array:
    """What exclamation and question marks add."""
    loud = np.flatnonzero(words.marks & _LOUD)
    row = np.searchsorted(edges, loud, side="right") - 1
    bangs, questions = (np.bincount(row, counts[words.numbers[loud]], number) for counts in (words.bangs, words.questions))
    return np.asarray(np.minimum(bangs, 4) * 0.292 + np.select([questions <= 1, questions <= 3], [0.0, questions * 0.18], 0.96))


def _described(chunks: Chunks, known: Array) -> tuple[Array, NDArray[np.int64], NDArray[np.int64]]:
    """What is known of distinct words, the stream of their numbers, and where each chunk begins in it; an emoji is told in words."""
    emojis = _analyzer().emojis
    told = [number for number, chunk in enumerate(chunks.distinct) if not chunk.isascii() and not emojis.keys().isdisjoint(chunk)]
    if not told:
        return known, chunks.numbers.astype(np.int64), np.arange(len(chunks.numbers) + 1)
    lists = ["".join(f" {emojis[sign]}" if sign in emojis else sign for sign in chunks.distinct[number]).split() for number in told]
    starts, sizes = np.arange(len(known)), np.ones(len(known), np.int64)
    sizes[told] = [len(words) for words in lists]
    starts[told] = len(known) + np.cumsum(sizes[told]) - sizes[told]
    return np.vstack([known, asked([word for words in lists for word in words])]), *spread(starts, sizes, chunks.numbers)


@functools.cache
def _analyzer() -> vader.SentimentIntensityAnalyzer:
    return vader.SentimentIntensityAnalyzer()


def asked(words: Sequence[str]) -> Array:
    """Of each word: value, boost, is in the lexicon, negates, role, marks, exclamation and question marks."""
    values = _analyzer().lexicon
    rows = np.zeros((len(words), 8))
    for number, written in enumerate(words):
        bare = written.strip(string.punctuation)
        word = bare if len(bare) > 2 else written  # else it may be an emoticon
        low, is_loud = word.lower(), "!" in written or "?" in written
        if low not in values and low not in _SPECIAL and "n't" not in low and not is_loud and not word.isupper():
            continue  # most words say nothing
        is_valued = low in values and low not in vader.BOOSTER_DICT
        marks = _VALUED * is_valued + _BUT * (low == "but") + _LOUD * is_loud + _UPPER * word.isupper()
        is_negation = low in vader.NEGATE or "n't" in low
        known = values.get(low, 0), vader.BOOSTER_DICT.get(low, 0), low in values, is_negation, _ROLE.get(low, 0), marks
        rows[number] = (*known, written.count("!"), written.count("?"))
    return rows


@functools.cache
def _phrases() -> tuple[Array, Array, Array]:
    """What idioms of two and of three words are worth (NaN: no idiom), and what pairs boost, by the roles of their words."""
    number = len(_ROLES)
    two, three, boosts = np.full((number,) * 2, np.nan), np.full((number,) * 3, np.nan), np.zeros((number,) * 2)
    for table, phrases in ((two, vader.SPECIAL_CASES), (three, vader.SPECIAL_CASES), (boosts, vader.BOOSTER_DICT)):
        for phrase, value in phrases.items():
            roles = tuple(_ROLE.get(word, 0) for word in phrase.split())
            if len(roles) == table.ndim:
                table[roles] = value
    return two, three, boosts


def praise_and_blame() -> frozenset[str]:
    """Words that praise or blame clearly, such as great and awful."""
    return frozenset(word for word, score in _analyzer().lexicon.items() if abs(score) >= CLEAR and word.isalpha())
