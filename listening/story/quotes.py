"""Quotes by a rule: takes sentences of a stage and period, gives a few that speak for both sides, the same ones every time.

Places are divided between trouble and great by Sainte-Laguë on the shares of feedback, at least one for a side with a
tenth of it; inside a side sentences are taken one by one so that together they are nearest to all that was said
(facility location among the 60 % most central), each weighted by one over its source's volume; no source gives more
than half of the set where there are others, nobody is quoted twice on a side, and no source twice with the same words. Where that leaves too few sentences
for six places, or would show the sides out of proportion, there are fewer. Ties are settled by record id.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

PLACES = 6
LEAST_OF_A_SIDE = 3
CENTRAL = 0.6
MOST_COMPARED = 400  # sentences of a side that are candidates; beyond them every k-th of each source by id
STEP = 5  # per cent, in which sides are told apart for quotes; a place of six is 17
SIDES = ("trouble", "great")
KEY = ["period_kind", "period", "stage"]
END = "\n"  # between two texts
WORD = re.compile(rf"\b\w\w+\b|{END}")
LEFT_OUT = {*ENGLISH_STOP_WORDS, END}

Shares = Mapping[str, float]
Ints = NDArray[np.int64]


def pick(candidates: pd.DataFrame, shares: pd.DataFrame) -> pd.DataFrame:
    """Quotes for each stage and period, ranked within their side.

    Args:
        candidates: sentences with stage, period, side, record_id, sentence_no, voice (who says it), text and source.
        shares: how much of trouble and of great there is, by stage and period.
    """
    rows = candidates.sort_values([*KEY, "side", "record_id", "sentence_no"], kind="stable", ignore_index=True)
    weights = {
        key: dict(zip(SIDES, pair, strict=True))
        for key, pair in zip(shares[KEY].itertuples(index=False, name=None), shares[list(SIDES)].to_numpy(float).tolist(), strict=True)
    }
    words = _words(rows["text"].tolist())
    sources, names = pd.factorize(rows["source"].astype(str))
    voices = rows.groupby(["source", "voice"], sort=False, dropna=False).ngroup().to_numpy()
    is_first = ~rows.assign(text=rows["text"].str.casefold()).duplicated([*KEY, "side", "source", "text"]).to_numpy(bool)
    found: dict[Any, Any] = rows.groupby([*KEY, "side"], sort=True).indices if len(rows) else {}
    none = np.array([], dtype=np.int64)
    chosen = []
    for key in dict.fromkeys(tuple(key) for *key, _ in found):
        if key in weights:
            places = [found.get((*key, side), none) for side in SIDES]
            pools = [_Pool.of(here, words[here], voices[here], sources[here], len(names), is_first[here]) for here in places]
            chosen += _both_sides(pools, weights[key])
    return rows.iloc[[place for place, _ in chosen]].assign(rank=[rank for _, rank in chosen]).reset_index(drop=True)


def sides(stories: pd.DataFrame) -> pd.DataFrame:
    """How trouble and great divide each stage and period, in per cent: of all customers where it is known, else of those who spoke.

    Estimates of all periods move a little every night; steps seldom do, and only then quotes are chosen again.
    """
    whole = stories[(stories["cut_by"] == "all") & (stories["period_kind"] != "month")]
    known = whole["trouble_of_customers"].notna()
    trouble, great = (whole[f"{side}_of_customers"].where(known, whole[side]) for side in SIDES)
    there = trouble + great > 0
    percent = STEP * (100 / STEP * trouble[there] / (trouble + great)[there]).round().astype("int64")
    return whole.loc[there, KEY].assign(trouble=percent, great=100 - percent)


def seats(weight: Shares, heard: Mapping[str, int], available: Mapping[str, int], places: int = PLACES) -> dict[str, int]:
    """Places for each side by Sainte-Laguë (odd divisors), none for a side that is absent.

    Args:
        weight: how much feedback each side has.
        heard: how many spoke for it.
        available: how many of them can be quoted.
        places: how many places there are.
    """
    total = sum(weight.values()) or 1.0
    taken = {side: int(weight[side] / total >= 0.1 and heard[side] >= LEAST_OF_A_SIDE) for side in weight}
    while sum(taken.values()) < places:
        open_sides = [side for side in weight if taken[side] < available[side] and weight[side] > 0]
        if not open_sides:
            break
        taken[max(open_sides, key=lambda side: (weight[side] / (2 * taken[side] + 1), side))] += 1
    return taken


@dataclass(frozen=True)
class _Pool:
    """The sentences of one side: where they stand, who says them in which of so many sources, how alike they are, which can be quoted."""

    places: Ints
    voices: Ints
    sources: Ints
    number: int
    likeness: NDArray[np.float64]
    weight: NDArray[np.float64]
    distinct: Ints
    central: Ints

    @classmethod
    def of(cls, places: Ints, words: sp.csr_matrix, voices: Ints, sources: Ints, number: int, is_first: NDArray[np.bool_]) -> _Pool:
        weight = 1 / np.bincount(sources, minlength=number)[sources]
        likeness = _likeness(words)
        centrality = np.round(likeness @ weight, 9)
        is_central = is_first & (centrality >= np.quantile(centrality[is_first], 1 - CENTRAL)) if len(places) else is_first
        return cls(places, voices, sources, number, likeness, weight, np.flatnonzero(is_first), np.flatnonzero(is_central))

    def of_each_source(self, rows: Ints) -> Ints:
        """How many voices each source has among some of the sentences."""
        _, first = np.unique(self.voices[rows], return_index=True)
        return np.bincount(self.sources[rows][first], minlength=self.number)


def _both_sides(pools: list[_Pool], weight: Shares) -> list[tuple[int, int]]:
    """Place and rank within its side of each chosen sentence, of as many as the rules allow."""
    in_all, in_distinct, in_central = (
        np.stack([pool.of_each_source(rows) for pool, rows in zip(pools, eligible, strict=True)])
        for eligible in ([np.arange(len(pool.places)) for pool in pools], [pool.distinct for pool in pools], [pool.central for pool in pools])
    )
    heard, available = (dict(zip(SIDES, voices.sum(axis=1).tolist(), strict=True)) for voices in (in_all, in_distinct))
    for is_capped in (True, False):
        for number in range(PLACES, int(is_capped), -1):
            taken = seats(weight, heard, available, number)
            need = np.array([taken[side] for side in SIDES])
            if need.sum() != number or _is_out_of_proportion(taken, weight, available):
                continue
            is_there = in_all[need > 0].any(axis=0)
            left = np.where(is_there, number // 2 if is_capped and is_there.sum() > 1 else number, 0)
            for open_, eligible in ((in_central, [pool.central for pool in pools]), (in_distinct, [pool.distinct for pool in pools])):
                if _can_fill(need, open_, left):
                    return _fill(pools, need, eligible, open_, left)
    return []


def _is_out_of_proportion(taken: Mapping[str, int], weight: Shares, available: Mapping[str, int]) -> bool:
    """Whether the sides' shares of the quotes are further from those of the feedback than one place, though both could speak."""
    number, total = sum(taken.values()), sum(weight.values())
    off = abs(taken["trouble"] / number - weight["trouble"] / total)
    return all(available[side] for side in SIDES) and off > 1 / number + 0.01


def _can_fill(need: Ints, open_: Ints, left: Ints) -> NDArray[np.bool_]:
    """Whether all places (sides) can be filled by what is open (sides × sources) and left to each source (Hall's condition); leading axes alike."""
    of_sides = ([0], [1], [0, 1])
    return np.asarray(np.all([np.minimum(left, open_[..., sides, :].sum(axis=-2)).sum(axis=-1) >= need[sides].sum() for sides in of_sides], axis=0))


def _fill(pools: list[_Pool], need: Ints, eligible: list[Ints], open_: Ints, left: Ints) -> list[tuple[int, int]]:
    """Take sentences one by one, each time the one that brings the set nearest to all, without closing the way to a full set."""
    need, open_, left, chosen = need.copy(), open_.copy(), left.copy(), []
    one = np.eye(len(left), dtype=np.int64)
    for side, pool in enumerate(pools):
        covered, rows = np.zeros(len(pool.places)), eligible[side]
        for rank in range(1, need[side] + 1):
            need[side] -= 1
            after = np.repeat(open_[None], len(left), axis=0)
            after[:, side] -= one
            may = (left > 0) & _can_fill(need, after, left - one)
            here = rows[may[pool.sources[rows]]]
            gains = np.maximum(pool.likeness[here] - covered, 0) @ pool.weight
            best = here[int(np.argmax(np.round(gains, 9)))]
            covered = np.maximum(covered, pool.likeness[best])
            rows = rows[pool.voices[rows] != pool.voices[best]]
            source = pool.sources[best]
            open_[side, source] -= 1
            left[source] -= 1
            chosen.append((int(pool.places[best]), rank))
    return chosen


def _words(texts: list[str]) -> sp.csr_matrix:
    """How often each text has each word of two letters or more, stop words left out.

    All are read in one go, and a text once however often it comes: a sentence of this quarter is one of the last 90 days too.
    """
    place, distinct = pd.factorize(np.array(texts, dtype=object))
    said = WORD.findall(END.join(text.replace(END, " ") for text in distinct).lower())
    codes, words = pd.factorize(np.array(said, dtype=object))
    is_end, is_word = (np.array([test(word) for word in words], bool)[codes] for test in (END.__eq__, lambda word: word not in LEFT_OUT))
    rows, columns = np.cumsum(is_end)[is_word], codes[is_word]
    return sp.csr_matrix((np.ones(len(rows)), (rows, columns)), (len(distinct), max(len(words), 1)))[place]


def _likeness(counts: sp.csr_matrix) -> NDArray[np.float64]:
    """Cosine similarity of each pair of texts, rare words of these texts weighing more (TF-IDF)."""
    found = np.bincount(counts.indices, minlength=counts.shape[1])
    rare = np.log((1 + counts.shape[0]) / (1 + found)) + 1
    weights = (1 + np.log(counts.data)) * rare[counts.indices]
    text = np.repeat(np.arange(counts.shape[0]), np.diff(counts.indptr))
    lengths = np.sqrt(np.bincount(text, weights**2, counts.shape[0]))
    weighed = sp.csr_matrix((weights / lengths[text], counts.indices, counts.indptr), counts.shape)
    result: NDArray[np.float64] = (weighed @ weighed.T).toarray()
    np.fill_diagonal(result, 1)
    return result
