"""New themes of one stage: takes sentences that no theme has claimed, gives groups of phrases that many customers use there.

A phrase may open a theme if enough distinct customers use it, and it is a noun (it stands where nouns stand) or a pair
with one, more at home in this stage than in others; or a family of words for one matter, such as friendly, polite, rude.
Then, greedily: what most customers still without a theme speak of opens the next theme, claims its sentences, and takes
in the phrases that come mostly with it. Words mostly written with a capital are names, and no themes.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from listening.tagging import phrases, sentiment
from listening.tagging.phrases import NOT, Ints, Telling
from listening.tagging.wordlists import DULL, KIN, TROUBLES

LEAST_VOICES = 5  # distinct customers who use a phrase: fewer would be somebody's own words
LEAST_OF_ROOT = 0.75  # a theme's customers are at least this times the root of those among whom it is looked for
MOST_SHARE = 0.35  # a word in more of the sentences is the company's subject, and no theme,
FAR = 4.0  # unless it is so many times as frequent as in the company's other stages: then something has happened here
MOST_THEMES = 15  # of one look at a stage
MOST_PHRASES = 6  # of a theme that is no family
ENOUGH_ELSEWHERE = 200  # sentences of other stages, to compare with
TYPICAL = 1.3  # times as frequent as in other stages
TOGETHER = 2.0  # times as often side by side as chance would have it
PAIR = 1.3  # what a pair is preferred by to a word of as many customers: it says more
NOUN = 0.06  # share of a word's places in which it ends an article's phrase: "the late delivery"
JOINS = 0.4  # share of a phrase's sentences that a theme must have claimed for the phrase to join it
NAMED = 0.3  # share of the theme's sentences that a phrase must hold to stand in its name
BY_ITSELF = frozenset(map(phrases.stem, DULL)) | {NOT}


@dataclass(frozen=True)
class Found:
    """A theme that was found: its name, its phrases as customers write them, its customers, and its sentences' places."""

    name: str
    phrases: tuple[str, ...]
    voices: int
    sentences: Ints


@dataclass(frozen=True)
class _Candidate:
    """Phrases that stand or fall together: the form in which each is mostly written, how many sentences have each, and all their sentences."""

    forms: tuple[str, ...]
    counts: tuple[int, ...]
    sentences: Ints
    weight: float
    is_family: bool = False


def find(
    texts: Sequence[str], voices: Sequence[str], elsewhere: Sequence[str], usual: Sequence[str] = (), subjects: frozenset[str] = frozenset()
) -> list[Found]:
    """The themes of some sentences of a stage, each with the customer who said it.

    `elsewhere` are sentences of the company's other stages, `usual` those of other companies' other stages; a theme is to be
    more at home here than in either, where there are enough to tell. `subjects` are stems of what the company is about anyway,
    which are no theme by themselves.
    """
    customer = np.unique(np.asarray(voices, dtype=object).astype(str), return_inverse=True)[1]
    pool = _Pool(phrases.read(texts), customer, _Elsewhere.of(elsewhere), _Elsewhere.of(usual), subjects)
    candidates = [*pool.families(), *pool.words(), *pool.pairs()]
    is_left = np.ones(len(texts), bool)
    found: list[Found] = []
    while len(found) < MOST_THEMES:
        gains = [(pool.customers(each.sentences[is_left[each.sentences]]), each) for each in candidates]
        worth = [(voices * each.weight, each.forms, each) for voices, each in gains if voices >= pool.floor]
        if not worth:
            break
        head = max(worth)[-1]
        theme = head if head.is_family else _joined(head, candidates, is_left)
        own = theme.sentences[is_left[theme.sentences]]
        found.append(Found(pool.name(theme, own), theme.forms, pool.customers(own), own))
        is_left[own] = False
        candidates = [each for each in candidates if not set(each.forms) & set(theme.forms)]
    return found


def _joined(head: _Candidate, candidates: Sequence[_Candidate], is_left: NDArray[np.bool_]) -> _Candidate:
    """A theme's first phrase with those that come mostly with it, and much oftener than chance would have it."""
    own = head.sentences[is_left[head.sentences]]
    least = max(JOINS, min(2 * JOINS, 4 * len(own) / len(is_left)))
    said = set(head.forms[0].split())
    others = [each for each in candidates if each is not head and not each.is_family and not said & set(each.forms[0].split())]
    within = [(len(np.intersect1d(each.sentences, own)), each) for each in others]
    joining = sorted((-shared, each.forms, each) for shared, each in within if shared >= least * len(each.sentences))[: MOST_PHRASES - 1]
    for *_, each in joining:
        head = replace(head, forms=head.forms + each.forms, counts=head.counts + each.counts, sentences=np.union1d(head.sentences, each.sentences))
    return head


@dataclass(frozen=True)
class _Elsewhere:
    """Sentences of other stages, and how often each stem stands there at all and as a noun."""

    words: Telling
    sentences: int
    counts: dict[str, int]
    nouns: dict[str, int]

    @classmethod
    def of(cls, texts: Sequence[str]) -> _Elsewhere:
        words = phrases.read(texts)
        counts, nouns = (np.bincount(stems, minlength=len(words.stems)).tolist() for stems in (words.stem, words.stem[words.is_noun]))
        return cls(words, len(texts), dict(zip(words.stems, counts, strict=True)), dict(zip(words.stems, nouns, strict=True)))

    def ratio(self, wanted: Sequence[tuple[str, ...]], shares: NDArray[np.float64]) -> NDArray[np.float64]:
        """How many times as large these shares of sentences are as those in which the phrases stand here, at least half a sentence."""
        if not wanted or not self.sentences:
            return np.full(len(wanted), np.inf)
        grams, starts = self.words.grams(len(wanted[0]))
        grams, times = np.unique(np.unique(np.stack([grams, self.words.sentence[starts]]), axis=1)[0], return_counts=True)
        found = dict(zip(grams.tolist(), times.tolist(), strict=True))
        ratio: NDArray[np.float64] = shares * (self.sentences + 1) / np.array([found.get(self.words.code(phrase), 0) + 0.5 for phrase in wanted])
        return ratio


class _Pool:
    """The sentences among which themes are looked for, beside those of other stages."""

    def __init__(self, here: Telling, customer: Ints, own: _Elsewhere, usual: _Elsewhere, subjects: frozenset[str]) -> None:
        self.here, self.customer = here, customer
        self.elsewhere = [others for others in (own, usual) if others.sentences >= ENOUGH_ELSEWHERE]
        self.size = len(np.unique(customer))
        self.floor = max(LEAST_VOICES, math.ceil(LEAST_OF_ROOT * math.sqrt(self.size)))
        self.spread = _distinct(here.stem, customer[here.sentence], len(here.stems))
        self.sentences = _distinct(here.stem, here.sentence, len(here.stems))
        alone = [(word,) for word in here.stems]
        self.ratio = self._ratio(alone, self.sentences)
        is_of_here = own.ratio(alone, self.sentences / len(customer)) >= FAR if own.sentences >= ENOUGH_ELSEWHERE else np.zeros(len(alone), bool)
        self.is_subject = (self.sentences > MOST_SHARE * len(customer)) & ~is_of_here
        counts, nouns = (np.bincount(stems, minlength=len(here.stems)).astype(np.int64) for stems in (here.stem, here.stem[here.is_noun]))
        for others in self.elsewhere:
            counts += [others.counts.get(word, 0) for word in here.stems]
            nouns += [others.nouns.get(word, 0) for word in here.stems]
        self.is_noun = nouns >= NOUN * counts
        capital, small = (np.bincount(here.stem[here.case == case], minlength=len(here.stems)) for case in (-1, 1))
        self.is_name = (capital > small) | (small < 2)
        self.says_little = np.array([word in BY_ITSELF | subjects or len(word) < 3 or _is_feeling(word) for word in here.stems], bool)

    def customers(self, sentences: Ints) -> int:
        """How many distinct customers said these sentences."""
        return len(np.unique(self.customer[sentences]))

    def families(self) -> list[_Candidate]:
        """Families of words for one matter, of words that enough customers use."""
        words = {word: place for place, word in enumerate(self.here.stems)}
        kin = [sorted({words[stem] for stem in map(phrases.stem, family) if stem in words}) for family in KIN]
        found = [self._candidate(1, [place for place in family if self.spread[place] >= LEAST_VOICES], 1.0, is_family=True) for family in kin]
        return [each for each in found if each.forms and self.customers(each.sentences) >= self.floor]

    def words(self) -> list[_Candidate]:
        """Nouns that are at home here."""
        is_word = (self.spread >= self.floor) & ~self.is_subject & self.is_noun & ~self.is_name & ~self.says_little & ~self._is_kin
        return [self._candidate(1, [int(place)], _weight(self.ratio[place])) for place in np.flatnonzero(is_word & (self.ratio >= TYPICAL))]

    def pairs(self) -> list[_Candidate]:
        """Two words side by side more often than by chance, one of them a noun or what is denied."""
        codes, starts = self.here.grams(2)
        codes, inverse = np.unique(codes, return_inverse=True)
        place = self.here.sentence[starts]
        spread, sentences = _distinct(inverse, self.customer[place], len(codes)), _distinct(inverse, place, len(codes))
        left, right = np.divmod(codes, max(len(self.here.stems), 1))
        says, is_not = ~self.says_little & ~self.is_subject, np.array([word == NOT for word in self.here.stems], bool)
        tells = self.is_noun & says
        told = (tells[left] & ~is_not[right]) | (tells[right] & ~is_not[left]) | (is_not[left] & says[right]) | (is_not[right] & says[left])
        is_named = self.is_name & ~is_not
        chance = self.spread[left] * self.spread[right] / max(self.size, 1)
        chosen = np.flatnonzero((spread >= self.floor) & told & ~is_named[left] & ~is_named[right] & (spread >= TOGETHER * chance))
        ratio = self._ratio([self.here.words(int(code), 2) for code in codes[chosen]], sentences[chosen])
        return [self._candidate(2, [int(codes[place])], PAIR * _weight(times)) for place, times in zip(chosen, ratio, strict=True) if times >= TYPICAL]

    def name(self, theme: _Candidate, own: Ints) -> str:
        """What customers mostly write: the theme's first phrase, and others that make a good part of it."""
        named = [form for form, count in zip(theme.forms[1:], theme.counts[1:], strict=True) if count >= NAMED * len(own)]
        name = " / ".join([theme.forms[0], *named][:3])
        return name[0].upper() + name[1:]

    @functools.cached_property
    def _is_kin(self) -> NDArray[np.bool_]:
        kin = {phrases.stem(word) for family in KIN for word in family}
        return np.array([word in kin for word in self.here.stems], bool)

    def _candidate(self, length: int, codes: list[int], weight: float, is_family: bool = False) -> _Candidate:
        grams, starts = self.here.grams(length)
        forms, counts, all_sentences = [], [], [np.zeros(0, np.int64)]
        for code in codes:
            own = starts[grams == code]
            written, times = np.unique(np.stack([self.here.form[own + step] for step in range(length)]), axis=1, return_counts=True)
            forms.append(" ".join(self.here.forms[place] for place in written[:, times.argmax()]))
            sentences = np.unique(self.here.sentence[own])
            counts.append(len(sentences))
            all_sentences.append(sentences)
        order = sorted(range(len(forms)), key=lambda place: (-counts[place], forms[place]))
        every = np.unique(np.concatenate(all_sentences))
        return _Candidate(tuple(forms[place] for place in order), tuple(counts[place] for place in order), every, weight, is_family)

    def _ratio(self, wanted: Sequence[tuple[str, ...]], sentences: Ints) -> NDArray[np.float64]:
        """In how many times as many sentences phrases stand here as in other stages."""
        ratio = np.full(len(wanted), 2 * TYPICAL)
        for others in self.elsewhere:
            ratio = np.minimum(ratio, others.ratio(wanted, sentences / len(self.customer)))
        return ratio


def _distinct(what: Ints, whose: Ints, size: int) -> Ints:
    """Of how many different ones each thing is."""
    pairs = np.unique(np.stack([what, whose]), axis=1)
    return np.bincount(pairs[0], minlength=size)


def _weight(ratio: float) -> float:
    return min(1.5, math.log(ratio) / math.log(4) + 0.2)


@functools.cache
def _feelings() -> frozenset[str]:
    return frozenset(map(phrases.stem, sentiment.praise_and_blame())) - frozenset(map(phrases.stem, TROUBLES))


def _is_feeling(word: str) -> bool:
    return word in _feelings()
