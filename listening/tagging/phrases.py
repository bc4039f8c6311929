"""What sentences speak of, in words: takes sentences, gives their telling words in order, and the phrases that these make.

A phrase is one telling word, or two or three that follow one another, in any order: "late delivery" also stands in "the
delivery was very late". Little words are passed over; "not", "never" and the like are one word, "not", and count, since
"refund" and "no refund" are two matters. Words are compared without their endings. None of it depends on other texts, so
what a sentence is taken for today it is taken for ever. English; in other languages words are compared as they stand.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from listening.tagging.wordlists import ARTICLES, LITTLE, NEGATIONS

Ints = NDArray[np.int64]
LONGEST = 3  # telling words of a phrase
RULES = 1  # of this comparison; another one compares all sentences again
NOT = "not"
_TOKEN = re.compile(r"[^\W_]+(?:['’][^\W_]+)*|[,;:.!?()\[\]…\"“”/|]")
_SHORT_FORM = re.compile(r"'(?:s|re|ve|d|ll|m)$")
_MARK = re.compile(r"\[[a-z-]+\]")  # what redaction leaves, such as [e-mail]
_VOWEL = re.compile(r"[aeiouy]+")
_SHORT = re.compile(r"[^aeiou]*[aeiouy][^aeiouwxy]$")  # car and not are short: care and note keep their e


@functools.lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """A word in small letters without the endings of number and time: charge, charged and charges are one (after Porter 1980, step 1)."""
    if len(word) > 4 and word.endswith("ies"):
        return f"{word[:-3]}y"
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ("ing", "ed"):
        root = word.removesuffix(ending)
        if root != word and len(root) > 2 and _VOWEL.search(root):
            return _undone(root)
    return word[:-1] if len(word) > 4 and word.endswith("e") and not _SHORT.match(word[:-1]) else word


def _undone(root: str) -> str:
    """A root as it stood before its ending: stopp is stop, not is note; rolled stays roll."""
    if root[-1] == root[-2] and (root[-1] not in "lsz" or (root[-1] == "l" and len(_VOWEL.findall(root)) > 1)):
        return root[:-1]
    return f"{root}e" if _SHORT.match(root) else root


@dataclass(frozen=True)
class Telling:
    """The telling words of sentences, one after another; `sentence` is where each stands.

    `follows` is true where no mark and no end of a sentence stands between a word and the one before. `case` is -1 for a
    capital letter inside a sentence, 1 for small letters, 0 where it tells nothing.
    """

    stems: list[str]
    forms: list[str]
    stem: Ints
    form: Ints
    sentence: Ints
    follows: NDArray[np.bool_]
    case: Ints
    is_noun: NDArray[np.bool_]

    def grams(self, length: int) -> tuple[Ints, Ints]:
        """Codes of all phrases of so many words, and the place of each one's first word."""
        starts = np.arange(max(len(self.stem) - length + 1, 0))
        for step in range(1, length):
            starts = starts[self.follows[starts + step]]
        parts = np.sort(np.stack([self.stem[starts + step] for step in range(length)]), axis=0)
        is_told = (parts[1:] != parts[:-1]).all(axis=0)  # the same word twice is no phrase
        if length == 1 and NOT in self._places:
            is_told = parts[0] != self._places[NOT]
        return self._coded(parts[:, is_told]), starts[is_told]

    def code(self, phrase: Sequence[str]) -> int:
        """The code of a phrase's stems; -1 if one of them stands in no sentence."""
        return int(self.codes([tuple(phrase)])[0])

    def codes(self, wanted: Sequence[tuple[str, ...]]) -> Ints:
        """The codes of phrases of one length; -1 where one of the stems stands in no sentence."""
        places = np.array([[self._places.get(word, -1) for word in phrase] for phrase in wanted], np.int64).reshape(len(wanted), -1)
        places.sort(axis=1)
        return np.where(places[:, 0] >= 0, self._coded(places.T), -1) if places.size else np.zeros(len(wanted), np.int64)

    def words(self, code: int, length: int) -> tuple[str, ...]:
        """The stems of a code."""
        places = []
        for _ in range(length):
            code, place = divmod(code, len(self.stems))
            places.append(place)
        return tuple(sorted(self.stems[place] for place in places))

    def _coded(self, parts: Ints) -> Ints:
        codes = np.zeros(parts.shape[1], np.int64)
        for part in parts:
            codes = codes * len(self.stems) + part
        return codes

    @functools.cached_property
    def _places(self) -> dict[str, int]:
        return {word: place for place, word in enumerate(self.stems)}


def key(words: str) -> tuple[str, ...]:
    """What a written phrase is compared by: the stems of its telling words, each once, in the alphabet's order."""
    return tuple(sorted({token.word for piece in words.split() for token in _taken_apart(piece) if token.word}))


def read(texts: Sequence[str]) -> Telling:
    """The telling words of some sentences. Each distinct piece between blanks is looked at once."""
    split = pc.utf8_split_whitespace(pa.array(texts, pa.string()))
    owners = pc.list_parent_indices(split).to_numpy(zero_copy_only=False).astype(np.int64)
    encoded = pc.list_flatten(split).dictionary_encode()
    pieces = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    taken = [_taken_apart(piece) for piece in encoded.dictionary.to_pylist()]
    tokens = [token for part in taken for token in part]
    stems, forms = (sorted(words - {""}) for words in ({token.word for token in tokens}, {token.form for token in tokens}))
    stem_no, form_no = ({word: number for number, word in enumerate(words)} for words in (stems, forms))
    table = np.array([(stem_no.get(t.word, -1), form_no.get(t.form, -1), t.case, bool(t.word), t.is_mark, t.is_article) for t in tokens], np.int64).reshape(
        -1, 6
    )
    sizes = np.array([len(part) for part in taken], np.int64)
    counts = sizes[pieces]
    chosen = np.repeat(np.cumsum(sizes)[pieces] - np.cumsum(counts), counts) + np.arange(counts.sum())
    sentence = np.repeat(owners, counts)
    begins = np.repeat(np.diff(owners, prepend=-1) != 0, counts)
    stem, form, case, *flags = table[chosen].T
    is_word, is_mark, is_article = (flag.astype(bool) for flag in flags)
    marks = np.cumsum(is_mark)[is_word]
    is_noun = _ends_of_nouns(is_word, is_article, sentence)[is_word]
    sentence, case = sentence[is_word], np.where(begins, 0, case)[is_word]
    follows = (np.diff(sentence, prepend=-1) == 0) & (np.diff(marks, prepend=-1) == 0)
    return Telling(stems, forms, stem[is_word], form[is_word], sentence, follows, case, is_noun)


def _ends_of_nouns(is_word: NDArray[np.bool_], is_article: NDArray[np.bool_], sentence: Ints) -> NDArray[np.bool_]:
    """Where an article, at most one telling word between, and then no further one make a word stand as a noun: "the late delivery was"."""

    def before(flags: NDArray[np.bool_], steps: int) -> NDArray[np.bool_]:
        there = np.zeros(len(flags), bool)
        there[steps:] = flags[:-steps] & (sentence[steps:] == sentence[:-steps])
        return there

    goes_on = np.zeros(len(is_word), bool)
    goes_on[:-1] = is_word[1:] & (sentence[1:] == sentence[:-1])
    return is_word & ~goes_on & (before(is_article, 1) | (before(is_word, 1) & before(is_article, 2)))


class _Token(NamedTuple):
    """A word or a mark of a text; `word` is its stem if it is telling, else empty."""

    word: str = ""
    form: str = ""
    case: int = 0
    is_mark: bool = False
    is_article: bool = False


_PARTING = _Token(is_mark=True)


@functools.lru_cache(maxsize=200_000)
def _taken_apart(piece: str) -> tuple[_Token, ...]:
    """The words and marks of a piece of text without blanks."""
    if _MARK.search(piece):
        return (_PARTING,)
    return tuple(_token(match[0].replace("’", "'")) for match in _TOKEN.finditer(piece))


def _token(word: str) -> _Token:
    form = word.lower()
    if form in NEGATIONS or form.endswith("n't"):
        return _Token(NOT, NOT, 1, is_article=form in ARTICLES)
    bare = _SHORT_FORM.sub("", form)
    if form in LITTLE or bare in LITTLE:
        return _Token(is_article=form in ARTICLES)
    if len(bare) < 2 or not bare.replace("'", "").isalpha():
        return _PARTING
    return _Token(stem(bare), bare, 1 if word.islower() else -1 if word.istitle() else 0)
