"""Quotes by a rule: takes sentences of a stage and period, gives a few that speak for both sides, the same ones every time.

Places are divided between trouble and great by Sainte-Laguë on the shares of feedback, at least one for a side with a
tenth of it; inside a side sentences are taken one by one so that together they are nearest to all that was said
(facility location among the 60 % most central), each weighted by one over its source's volume; no source gives more
than half of the set where there are others, nobody is quoted twice on a side, and no source twice with the same words. Where that leaves too few sentences
for six places, or would show the sides out of proportion, there are fewer. Ties are settled by record id.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import chain, combinations
from typing import Any

import numpy as np
import pandas as pd
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.feature_extraction.text import CountVectorizer

PLACES = 6
LEAST_OF_A_SIDE = 3
CENTRAL = 0.6
MOST_COMPARED = 400  # sentences of a side that are candidates; beyond them every k-th of each source by id
STEP = 5  # per cent, in which sides are told apart for quotes; a place of six is 17
SIDES = ("trouble", "great")
KEY = ["period_kind", "period", "stage"]

Shares = Mapping[str, float]
Open = dict[str, Counter[str]]


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
    voices, origins = rows["voice"].astype(str).tolist(), rows["source"].astype(str).tolist()
    is_first = ~rows.assign(text=rows["text"].str.casefold()).duplicated([*KEY, "side", "source", "text"]).to_numpy(bool)
    pools: dict[tuple[str, ...], dict[str, _Pool]] = {}
    found: dict[Any, Any] = rows.groupby([*KEY, "side"], sort=True).indices if len(rows) else {}
    for (*key, side), places in found.items():
        if tuple(key) in weights:
            pools.setdefault(tuple(key), {})[side] = _Pool.of(
                places, words[places], [voices[place] for place in places], [origins[place] for place in places], is_first[places]
            )
    chosen = [(place, rank) for key, of_sides in pools.items() for place, rank in _both_sides(of_sides, weights[key])]
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
    """The sentences of one side: where they stand, who says them in which source, how alike they are, which can be quoted."""

    places: list[int]
    voices: list[str]
    sources: list[str]
    likeness: NDArray[np.float64]
    weight: NDArray[np.float64]
    distinct: list[int]
    central: list[int]

    @classmethod
    def of(cls, places: NDArray[np.int64], words: sp.csr_matrix, voices: list[str], sources: list[str], is_first: NDArray[np.bool_]) -> _Pool:
        volume = Counter(sources)
        weight = np.array([1 / volume[source] for source in sources])
        likeness = _likeness(words)
        centrality = np.round(likeness @ weight, 9)
        is_central = is_first & (centrality >= np.quantile(centrality[is_first], 1 - CENTRAL))
        return cls(places.tolist(), voices, sources, likeness, weight, np.flatnonzero(is_first).tolist(), np.flatnonzero(is_central).tolist())

    def of_each_source(self, rows: Collection[int]) -> Counter[str]:
        """How many voices each source has among some of the sentences."""
        return Counter(source for source, _ in {(self.sources[row], self.voices[row]) for row in rows})


def _both_sides(pools: dict[str, _Pool], weight: Shares) -> list[tuple[int, int]]:
    """Place and rank within its side of each chosen sentence, of as many as the rules allow."""
    heard = {side: sum(pools[side].of_each_source(range(len(pools[side].places))).values()) if side in pools else 0 for side in SIDES}
    available = {side: sum(pools[side].of_each_source(pools[side].distinct).values()) if side in pools else 0 for side in SIDES}
    for is_capped in (True, False):
        for number in range(PLACES, int(is_capped), -1):
            need = {side: places for side, places in seats(weight, heard, available, number).items() if places}
            if sum(need.values()) != number or _is_out_of_proportion(need, weight, available):
                continue
            sources = {source for side in need for source in pools[side].sources}
            left = Counter(dict.fromkeys(sources, number // 2 if is_capped and len(sources) > 1 else number))
            for eligible in ({side: pools[side].central for side in need}, {side: pools[side].distinct for side in need}):
                if _can_fill(need, {side: pools[side].of_each_source(eligible[side]) for side in need}, left):
                    return _fill(pools, need, eligible, left)
    return []


def _is_out_of_proportion(need: Mapping[str, int], weight: Shares, available: Mapping[str, int]) -> bool:
    """Whether the sides' shares of the quotes are further from those of the feedback than one place, though both could speak."""
    number, total = sum(need.values()), sum(weight.values())
    off = abs(need.get("trouble", 0) / number - weight["trouble"] / total)
    return all(available[side] for side in SIDES) and off > 1 / number + 0.01


def _can_fill(need: Mapping[str, int], open_: Open, left: Counter[str]) -> bool:
    """Whether all places can be filled by what is open in each side and left to each source (Hall's condition)."""
    some = chain.from_iterable(combinations(need, size) for size in range(1, len(need) + 1))
    return all(sum(min(left[source], sum(open_[side][source] for side in sides)) for source in left) >= sum(need[side] for side in sides) for sides in some)


def _fill(pools: dict[str, _Pool], need: dict[str, int], eligible: Mapping[str, list[int]], left: Counter[str]) -> list[tuple[int, int]]:
    """Take sentences one by one, each time the one that brings the set nearest to all, without closing the way to a full set."""
    open_ = {side: pools[side].of_each_source(eligible[side]) for side in need}
    need, left, chosen = dict(need), Counter(left), []
    for side in SIDES:
        covered = np.zeros(len(pools[side].places)) if side in pools else np.zeros(0)
        said: set[tuple[str, str]] = set()
        rank = 0
        while need.get(side):
            pool = pools[side]
            sources = {source for source in left if left[source] and _can_fill(*_after(need, open_, left, side, source))}
            rows = [row for row in eligible[side] if pool.sources[row] in sources and (pool.sources[row], pool.voices[row]) not in said]
            gains = np.maximum(pool.likeness[rows] - covered, 0) @ pool.weight
            best = rows[int(np.argmax(np.round(gains, 9)))]
            covered = np.maximum(covered, pool.likeness[best])
            said.add((pool.sources[best], pool.voices[best]))
            need, open_, left = _after(need, open_, left, side, pool.sources[best])
            rank += 1
            chosen.append((pool.places[best], rank))
    return chosen


def _after(need: dict[str, int], open_: Open, left: Counter[str], side: str, source: str) -> tuple[dict[str, int], Open, Counter[str]]:
    """What is needed, open and left once a source has spoken for a side."""
    one = Counter({source: 1})
    return {**need, side: need[side] - 1}, {**open_, side: open_[side] - one}, left - one


def _words(texts: list[str]) -> sp.csr_matrix:
    """How often each text has each word, stop words left out."""
    try:
        return CountVectorizer(stop_words="english", dtype=np.float64).fit_transform(texts)
    except ValueError:  # nothing but stop words
        return sp.csr_matrix((len(texts), 1))


def _likeness(counts: sp.csr_matrix) -> NDArray[np.float64]:
    """Cosine similarity of each pair of texts, rare words of these texts weighing more (TF-IDF)."""
    found = np.bincount(counts.indices, minlength=counts.shape[1])
    rare = np.log((1 + counts.shape[0]) / (1 + found)) + 1
    weighed = sp.csr_matrix(((1 + np.log(counts.data)) * rare[counts.indices], counts.indices, counts.indptr), counts.shape)
    lengths = np.sqrt(np.asarray(weighed.multiply(weighed).sum(axis=1)).ravel())
    lengths[lengths == 0] = 1
    result: NDArray[np.float64] = (weighed @ weighed.T).toarray() / np.outer(lengths, lengths)
    np.fill_diagonal(result, 1)
    return result
