"""Which records are worth a person's reading: takes those that may be drawn, gives random ones and chosen ones of each source.

The random ones tell of all texts of their source, as each had the same chance. The chosen ones tell nothing of the
whole, but the classifier learns most from them: half are those of whose stage it is least sure, half are as unlike as
possible to each other and to what was drawn before (each next one is the farthest from its nearest, in TF-IDF).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer

from listening.labels import CHOSEN, RANDOM

MOST_COMPARED = 2_000  # texts among which unlike ones are looked for

Texts = Callable[[Sequence[str]], list[str]]


@dataclass(frozen=True)
class Drawn:
    """One record that was drawn, and its chance of it if it was at random."""

    record_id: str
    draw: str
    chance: float | None = None


def draw(records: pd.DataFrame, texts: Texts, number: int, chosen: int, random: np.random.Generator) -> list[Drawn]:
    """Draw from one source.

    Args:
        records: record_id, text_hash, confidence, is_recent (said in the source's last 90 days), is_short, was_random (drawn at random before),
            was_drawn (drawn or labelled in any way).
        texts: gives the texts of some records, in their order.
        number: how many at random, from the recent ones; all where there are fewer.
        chosen: how many beside them, from all days.
        random: where chance comes from.
    """
    records = records.sort_values("record_id")
    pool = records.loc[records["is_recent"] & ~records["was_random"], "record_id"].to_numpy(object)
    take = min(number, len(pool))
    at_random = [str(name) for name in random.permutation(pool)[:take]]
    left = records[~records["was_drawn"] & ~records["is_short"] & ~records["record_id"].isin(at_random)]
    left = left.drop_duplicates("text_hash")
    doubtful = left.nsmallest(chosen - chosen // 2, "confidence")["record_id"].tolist()
    rest = left.loc[~left["record_id"].isin(doubtful), "record_id"].to_numpy(object)
    compared = [str(name) for name in random.permutation(rest)[:MOST_COMPARED]]
    before = [*at_random, *doubtful, *records.loc[records["was_drawn"], "record_id"].tail(MOST_COMPARED)]
    unlike = [compared[place] for place in farthest(texts(compared), texts(before), chosen // 2)]
    return [Drawn(name, RANDOM, take / len(pool)) for name in at_random] + [Drawn(name, CHOSEN) for name in [*doubtful, *unlike]]


def farthest(texts: Sequence[str], before: Sequence[str], number: int) -> list[int]:
    """Places of texts, each the farthest from its nearest among those before it (Gonzalez 1985)."""
    if not texts or not number:
        return []
    vectorizer = TfidfVectorizer(sublinear_tf=True)
    try:
        all_of_them = vectorizer.fit_transform([*texts, *before])
    except ValueError:  # not one word in any of them
        return list(range(min(number, len(texts))))
    own, known = all_of_them[: len(texts)], all_of_them[len(texts) :]
    nearest: NDArray[np.float64] = np.asarray((own @ known.T).max(axis=1).todense()).ravel() if len(before) else np.zeros(len(texts))
    found: list[int] = []
    while len(found) < min(number, len(texts)):
        place = int(np.argmin(nearest))
        found.append(place)
        nearest = np.maximum(nearest, np.asarray((own @ own[place].T).todense()).ravel())
        nearest[found] = np.inf
    return found
