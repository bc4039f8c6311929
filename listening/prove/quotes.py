"""Quotes in simulated worlds: takes how many, gives whether they speak for both sides, for all sources and for what most say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer

from listening.prove.figures import Figure, Floats, Run, mean
from listening.story import quotes

SENTENCES = 240
TOPICS = 8
STRANGE = 0.03  # of the sentences speak of nothing that anybody else speaks of, and are the most dramatic
SOURCES = {"survey": (0.6, 0.4), "tickets": (0.3, 0.9), "reviews": (0.1, 0.6)}  # of all sentences; in trouble
RANDOM_SETS = 99
KEY = {"period_kind": "quarter", "period": "2026-Q2", "stage": "use"}


def figures(run: Run) -> Iterator[Figure]:
    """All figures of quotes: the rule's promises, and how near a set is to all that was said."""
    run.progress("quotes")
    told = pd.DataFrame([_told(seed) for seed in range(max(run.worlds // 2, 12))])
    about = "quotes"
    yield run.figure(about, "worlds in which both sides speak that have a tenth of customers", mean(told["is_both"]), 1)
    yield run.figure(about, "share of trouble off that of customers, in places, at worst", (float(told["places_off"].max()), 0.0), most=1)
    yield run.figure(about, "worlds in which no source has above half", mean(told["is_capped"]), 1)
    yield run.figure(about, "quotes that speak of nothing others speak of", mean(told["strange"]), most=0.01)
    yield run.figure(about, f"of {RANDOM_SETS} random sets of the same quotas, further from all that was said", mean(told["beaten"]), 0.95)
    yield run.figure(about, "worlds in which the order of rows changes nothing", mean(told["is_steady"]), 1)


def _told(seed: int) -> dict[str, float]:
    """What one world's quotes come to."""
    rng = np.random.default_rng([seed, 6])
    said, trouble_of_customers = _world(rng), rng.uniform(0.12, 0.88)
    weight = pd.DataFrame([{**KEY, "cut_by": "all", "trouble": trouble_of_customers, "great": 1 - trouble_of_customers}])
    picked = quotes.pick(said, weight)
    sides, sources = Counter(picked["side"]), Counter(picked["source"])
    return {
        "is_both": len(sides) == len(quotes.SIDES),
        "places_off": abs(sides["trouble"] - trouble_of_customers * len(picked)),
        "is_capped": max(sources.values()) <= len(picked) / 2,
        "strange": float(picked["is_strange"].mean()),
        "beaten": _beaten(said, picked, rng),
        "is_steady": quotes.pick(said.sample(frac=1, random_state=seed), weight)["record_id"].tolist() == picked["record_id"].tolist(),
    }


def _world(rng: np.random.Generator) -> pd.DataFrame:
    """Sentences of two sides and three sources, each of a topic with its own words; a few are strange."""
    own_words = rng.dirichlet(np.full(60, 0.15), 2 * TOPICS)
    common = rng.dirichlet(np.full(TOPICS, 0.8), 2)
    sources = rng.choice(list(SOURCES), SENTENCES, p=[share for share, _ in SOURCES.values()])
    rows: list[dict[str, Any]] = []
    for number, source in enumerate(sources):
        side = int(rng.random() >= SOURCES[source][1])
        is_strange = bool(rng.random() < STRANGE)
        topic = side * TOPICS + int(rng.choice(TOPICS, p=common[side]))
        words = [f"odd{number}x{place}" for place in range(9)] if is_strange else [f"word{word}" for word in rng.choice(60, 9, p=own_words[topic])]
        row = {"side": quotes.SIDES[side], "record_id": f"{number:04}", "sentence_no": 1, "voice": f"{number:04}", "text": " ".join(words)}
        rows.append({**KEY, **row, "source": source, "is_strange": is_strange})
    return pd.DataFrame(rows)


def _beaten(said: pd.DataFrame, picked: pd.DataFrame, rng: np.random.Generator) -> float:
    """Share of random sets, with as many of each side and source, that leave more unsaid than ours."""
    ours, others = 0.0, np.zeros(RANDOM_SETS)
    for side, chosen in picked.groupby("side"):
        pool = said[said["side"] == side].reset_index(drop=True)
        words = TfidfVectorizer(sublinear_tf=True).fit_transform(pool["text"])
        likeness = (words @ words.T).toarray()
        weight = 1 / pool.groupby("source")["text"].transform("size").to_numpy(float)
        ours += _said(likeness, weight, np.flatnonzero(pool["record_id"].isin(chosen["record_id"])))
        of_source = {source: np.flatnonzero(pool["source"] == source) for source in pool["source"].unique()}
        for draw in range(RANDOM_SETS):
            rows = [rng.choice(of_source[source], number, replace=False) for source, number in chosen["source"].value_counts().items()]
            others[draw] += _said(likeness, weight, np.concatenate(rows))
    return float((others < ours).mean())


def _said(likeness: Floats, weight: Floats, rows: np.ndarray) -> float:
    """How much of all that was said a set comes near to."""
    return float(weight @ likeness[rows].max(axis=0))
