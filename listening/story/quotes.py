"""Quotes by a rule: takes sentences of a stage and period, gives a few that speak for both sides, the same ones every time.

Places are divided between trouble and great by Sainte-Laguë on the shares of feedback, at least one for a side with a
tenth of it; inside a side sentences are taken one by one so that together they are nearest to all that was said
(facility location among the 60 % most central), each weighted by one over its source's volume; no source gives more
than half where there are others. Ties are settled by record id.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer

PLACES = 6
LEAST_OF_A_SIDE = 3
CENTRAL = 0.6
MOST_COMPARED = 400  # sentences of a side that are compared; beyond them every k-th by id
SIDES = ("trouble", "great")


def pick(candidates: pd.DataFrame, sources: pd.DataFrame) -> pd.DataFrame:
    """Quotes for each stage and period of the cut 'all', ranked within their side.

    Args:
        candidates: sentences with stage, period, side, record_id, sentence_no, text and source.
        sources: what each source says of a stage, for the sides' shares.
    """
    shares = sources[sources["cut_by"] == "all"].groupby(["period_kind", "period", "stage"])[["trouble", "great"]].sum()
    chosen = []
    for key, group in candidates.groupby(["period_kind", "period", "stage"], sort=True):
        if key in shares.index:
            chosen.append(_both_sides(group, {side: float(shares.at[key, side]) for side in SIDES}))
    if not chosen:
        return pd.DataFrame(columns=[*candidates.columns, "rank"])
    return pd.concat(chosen, ignore_index=True)


def _both_sides(group: pd.DataFrame, weight: dict[str, float]) -> pd.DataFrame:
    pools = {side: group[group["side"] == side].sort_values(["record_id", "sentence_no"]) for side in SIDES}
    places = seats(weight, {side: len(pool) for side, pool in pools.items()})
    is_alone = group["source"].nunique() == 1
    left = {source: PLACES if is_alone else max(sum(places.values()) // 2, 1) for source in group["source"].unique()}
    picked = []
    for side in SIDES:
        rows = _nearest_to_all(pools[side], places[side], left)
        picked.append(rows.assign(rank=range(1, len(rows) + 1)))
    return pd.concat(picked, ignore_index=True)


def seats(weight: dict[str, float], available: dict[str, int], places: int = PLACES) -> dict[str, int]:
    """Places for each side by Sainte-Laguë (odd divisors), none for a side that is absent."""
    total = sum(weight.values()) or 1.0
    taken = dict.fromkeys(weight, 0)
    for side in weight:
        if weight[side] / total >= 0.1 and available[side] >= LEAST_OF_A_SIDE:
            taken[side] = 1
    while sum(taken.values()) < places:
        open_sides = [side for side in weight if taken[side] < available[side] and weight[side] > 0]
        if not open_sides:
            break
        taken[max(open_sides, key=lambda side: (weight[side] / (2 * taken[side] + 1), side))] += 1
    return {side: min(taken[side], available[side]) for side in weight}


def _nearest_to_all(pool: pd.DataFrame, places: int, left: dict[str, int]) -> pd.DataFrame:
    """The `places` sentences that lie nearest to all others of a side, taken greedily; `left` limits each source."""
    if not places:
        return pool.head(0)
    pool = pool.iloc[:: max(1, -(-len(pool) // MOST_COMPARED))]
    likeness = _likeness(pool["text"].tolist())
    weight = (1 / pool.groupby("source")["source"].transform("size")).to_numpy()
    central = likeness @ weight
    eligible = [int(row) for row in np.flatnonzero(central >= np.quantile(central, 1 - CENTRAL))]
    covered = np.zeros(len(pool))
    sources, ids = pool["source"].astype(str).tolist(), pool["record_id"].astype(str).tolist()
    taken: list[int] = []
    records: set[str] = set()
    while len(taken) < places:
        open_rows = [row for row in eligible if left[sources[row]] > 0 and ids[row] not in records]
        if not open_rows:
            break
        gains = [float(weight @ np.maximum(likeness[row] - covered, 0)) for row in open_rows]
        best = open_rows[int(np.argmax(np.round(gains, 9)))]
        covered = np.maximum(covered, likeness[best])
        taken.append(best)
        records.add(ids[best])
        left[sources[best]] -= 1
    return pool.iloc[taken]


def _likeness(texts: list[str]) -> NDArray[np.float64]:
    """Cosine similarity of each pair of texts by their words."""
    try:
        words = TfidfVectorizer(sublinear_tf=True, stop_words="english").fit_transform(texts)
    except ValueError:  # nothing but stop words
        return np.eye(len(texts))
    result: NDArray[np.float64] = (words @ words.T).toarray()
    return result
