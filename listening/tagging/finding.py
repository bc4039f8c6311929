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
from scipy.stats import hypergeom

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
SURPRISE = 1e-4  # chance below which what new customers speak of is news
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
    texts: Sequence[str],
    voices: Sequence[str],
    own: Beside | None = None,
    usual: Beside | None = None,
    subjects: frozenset[str] = frozenset(),
    is_new: NDArray[np.bool_] | None = None,
) -> list[Found]:
    """The themes of some sentences of a stage, each with the customer who said it.

    `own` are sentences of the company's other stages, `usual` those of other companies' other stages; a theme is to be more at
    home here than in either, where there are enough to tell. `subjects` are stems of what the company is about anyway, which
    are no theme by themselves. Where it is told which sentences `is_new`, only what is news opens a theme: what more of the new
    customers speak of than chance would have it, going by the others.
    """
    customer = np.unique(np.asarray(voices, dtype=object).astype(str), return_inverse=True)[1]
    pool = _Pool(phrases.read(texts), customer, own, usual, subjects)
    candidates = [*pool.families(), *pool.words(), *pool.pairs()]
    if is_new is not None:
        candidates = pool.news(candidates, is_new)
    is_left = np.ones(len(texts), bool)
    found: list[Found] = []
    while len(found) < MOST_THEMES:
        gains = [(pool.customers(each.sentences[is_left[each.sentences]]), each) for each in candidates]
        worth = [(voices * each.weight, each.forms, each) for voices, each in gains if voices >= pool.floor]
        if not worth:
            break
        head = max(worth)[-1]
        theme = head if head.is_family else _joined(head, candidates, is_left)
        newly = theme.sentences[is_left[theme.sentences]]
        found.append(Found(pool.name(theme, newly), theme.forms, pool.customers(newly), newly))
        is_left[newly] = False
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


@dataclass(frozen=True, eq=False)
class Spoken:
    """Sentences of all stages, read once, to compare what is said at one of them with what is said at the others."""

    stages: list[str]
    stage: Ints  # of each sentence, the number of its stage
    words: Telling

    @classmethod
    def of(cls, texts: Sequence[str], stages: Sequence[str]) -> Spoken:
        """Read some sentences, each of a stage."""
        names, numbers = np.unique(np.asarray(stages, dtype=object).astype(str), return_inverse=True)
        return cls(names.tolist(), numbers, phrases.read(texts))

    def beside(self, stage: str) -> Beside:
        """The sentences of all stages but this one."""
        return Beside(self, np.array([other != stage for other in self.stages], bool))

    def by_stage(self, what: Ints, sentence: Ints, size: int) -> Ints:
        """How often each thing stands at each stage (things × stages)."""
        return np.bincount(what * len(self.stages) + self.stage[sentence], minlength=size * len(self.stages)).reshape(size, len(self.stages))

    def held(self, length: int) -> tuple[Ints, Ints]:
        """The codes of all phrases of one or two words, and how many sentences of each stage hold each of them (phrases × stages)."""
        return self._alone if length == 1 else self._paired

    @functools.cached_property
    def times(self) -> Ints:
        """How often each stem stands at each stage."""
        return self.by_stage(self.words.stem, self.words.sentence, len(self.words.stems))

    @functools.cached_property
    def as_noun(self) -> Ints:
        """How often each stem stands at each stage as a noun."""
        is_noun = self.words.is_noun
        return self.by_stage(self.words.stem[is_noun], self.words.sentence[is_noun], len(self.words.stems))

    @functools.cached_property
    def _alone(self) -> tuple[Ints, Ints]:
        return self._held(1)

    @functools.cached_property
    def _paired(self) -> tuple[Ints, Ints]:
        return self._held(2)

    def _held(self, length: int) -> tuple[Ints, Ints]:
        grams, starts = self.words.grams(length)
        grams, sentence = _pairs(grams, self.words.sentence[starts])
        codes, what = np.unique(grams, return_inverse=True)
        return codes, self.by_stage(what, sentence, len(codes))


@dataclass(frozen=True, eq=False)
class Beside:
    """Sentences of the other stages."""

    spoken: Spoken
    is_other: NDArray[np.bool_]  # which of the stages

    @functools.cached_property
    def sentences(self) -> int:
        """How many there are."""
        return int(self.is_other[self.spoken.stage].sum())

    def ratio(self, wanted: Sequence[tuple[str, ...]], shares: NDArray[np.float64]) -> NDArray[np.float64]:
        """How many times as large these shares of sentences are as those in which the phrases stand here, at least half a sentence."""
        if not wanted or not self.sentences:
            return np.full(len(wanted), np.inf)
        codes, counts = self.spoken.held(len(wanted[0]))
        found = _of_known(codes, counts[:, self.is_other].sum(axis=1), self.spoken.words.codes(wanted))
        ratio: NDArray[np.float64] = shares * (self.sentences + 1) / (found + 0.5)
        return ratio

    def counts(self, stems: Sequence[str]) -> tuple[Ints, Ints]:
        """How often each stem stands there at all, and as a noun."""
        places = self.spoken.words.codes([(stem,) for stem in stems])
        known = np.arange(len(self.spoken.words.stems))
        times, as_noun = (_of_known(known, counts[:, self.is_other].sum(axis=1), places) for counts in (self.spoken.times, self.spoken.as_noun))
        return times, as_noun


def _of_known(codes: Ints, counts: Ints, wanted: Ints) -> Ints:
    """The counts of wanted codes, 0 of those that aren't among the sorted ones."""
    if not len(codes):
        return np.zeros(len(wanted), np.int64)
    place = np.minimum(np.searchsorted(codes, wanted), len(codes) - 1)
    return np.where(codes[place] == wanted, counts[place], 0)


class _Pool:
    """The sentences among which themes are looked for, beside those of other stages."""

    def __init__(self, here: Telling, customer: Ints, own: Beside | None, usual: Beside | None, subjects: frozenset[str]) -> None:
        self.here, self.customer = here, customer
        self.elsewhere = [others for others in (own, usual) if others and others.sentences >= ENOUGH_ELSEWHERE]
        self.size = len(np.unique(customer))
        self.floor = max(LEAST_VOICES, math.ceil(LEAST_OF_ROOT * math.sqrt(self.size)))
        self.spread = _distinct(here.stem, customer[here.sentence], len(here.stems))
        self.sentences = _distinct(here.stem, here.sentence, len(here.stems))
        alone = [(word,) for word in here.stems]
        self.ratio = self._ratio(alone, self.sentences)
        is_of_here = own.ratio(alone, self.sentences / len(customer)) >= FAR if own and own in self.elsewhere else np.zeros(len(alone), bool)
        self.is_subject = (self.sentences > MOST_SHARE * len(customer)) & ~is_of_here
        counts, nouns = (np.bincount(stems, minlength=len(here.stems)).astype(np.int64) for stems in (here.stem, here.stem[here.is_noun]))
        for others in self.elsewhere:
            times, as_noun = others.counts(here.stems)
            counts, nouns = counts + times, nouns + as_noun
        self.is_noun = nouns >= NOUN * counts
        capital, small = (np.bincount(here.stem[here.case == case], minlength=len(here.stems)) for case in (-1, 1))
        self.is_name = (capital > small) | (small < 2)
        self.says_little = np.array([word in BY_ITSELF | subjects or len(word) < 3 or _is_feeling(word) for word in here.stems], bool)

    def customers(self, sentences: Ints) -> int:
        """How many distinct customers said these sentences."""
        return len(np.unique(self.customer[sentences]))

    def news(self, candidates: Sequence[_Candidate], is_new: NDArray[np.bool_]) -> list[_Candidate]:
        """Those of which more of the new customers speak, against the others, than chance would have it (Fisher's exact test)."""
        all_new, all_old = (self.customers(np.flatnonzero(those)) for those in (is_new, ~is_new))
        came = [is_new[each.sentences] for each in candidates]
        new, old = (
            np.array([self.customers(each.sentences[those]) for each, those in zip(candidates, sides, strict=True)], np.int64)
            for sides in (came, [~those for those in came])
        )
        is_news = hypergeom.sf(new - 1, all_new + all_old, new + old, all_new) < SURPRISE
        return [each for each, surprises in zip(candidates, is_news, strict=True) if surprises]

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
    return np.bincount(_pairs(what, whose)[0], minlength=size)


def _pairs(what: Ints, whose: Ints) -> tuple[Ints, Ints]:
    """Each pair once, sorted."""
    size = int(whose.max(initial=0)) + 1
    what, whose = np.divmod(np.unique(what * size + whose), size)
    return what, whose


def _weight(ratio: float) -> float:
    return min(1.5, math.log(ratio) / math.log(4) + 0.2)


@functools.cache
def _feelings() -> frozenset[str]:
    return frozenset(map(phrases.stem, sentiment.praise_and_blame())) - frozenset(map(phrases.stem, TROUBLES))


def _is_feeling(word: str) -> bool:
    return word in _feelings()
