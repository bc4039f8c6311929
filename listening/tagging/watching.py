"""Does the classifier still read what it was made for? Takes the tags of all weeks, gives `reading_drift` and what the night must tell.

Each source's week is set against its own 13 weeks before, in three things: the share of texts with unknown words, the
share that is not placed, and the mean confidence. A jump counts when it is for the worse, large enough to matter, and
further than chance and the source's own restlessness explain; how often that errs stands in docs/tagging.md.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd

from listening.tagging.classifier import PLACED_FROM
from listening.warehouse import Warehouse

LEAST_TEXTS, LEAST_BEFORE, LEAST_WEEKS = 50, 200, 4
LEAST_JUMP = 0.05
LEAST_Z = 4.0
TOLD_FOR = dt.timedelta(days=14)  # a source that fell silent is not warned of for ever
COLUMNS = {"unlike": "share_unlike", "abstained": "share_abstained", "confidence": "mean_confidence"}
WORDS = {"unlike": "words", "abstained": "abstaining", "confidence": "confidence"}


def watch(warehouse: Warehouse) -> tuple[str, ...]:
    """Make the table of drift anew; gives a sentence for each source whose newest week has drifted, and one for texts that are not read."""
    weekly = _judged(warehouse.frame("tagging/weekly_reading", placed_from=PLACED_FROM))
    rows = _side_by_side(weekly)
    warehouse.replace("tagging/reading_drift", rows)
    return (*_drifts(rows), *_unread(warehouse))


def _judged(weekly: pd.DataFrame) -> pd.DataFrame:
    """Each measure of a week with what it was before, and whether it has moved further than chance and habit explain."""
    n = weekly["texts_before"].where(weekly["texts_before"] > 0)
    before = weekly["total_before"] / n
    smoothed = (weekly["total_before"] + 0.5) / (n + 1)  # so that a share of 0 is not taken for certain
    variance = np.where(weekly["measure"] == "confidence", (weekly["squares_before"] / n - before**2).clip(lower=1e-6), smoothed * (1 - smoothed))
    restless: pd.Series[float] = (weekly["between_before"] - weekly["total_before"] ** 2 / n) / variance / (weekly["weeks_before"] - 1).clip(lower=1)
    spread = variance * restless.clip(lower=1) * (1 / weekly["texts"] + 1 / n)
    jump = (weekly["mean"] - before) * np.where(weekly["measure"] == "confidence", -1, 1)  # upwards is for the worse
    is_enough = (weekly["texts"] >= LEAST_TEXTS) & (weekly["texts_before"] >= LEAST_BEFORE) & (weekly["weeks_before"] >= LEAST_WEEKS)
    return weekly.assign(before=before, has_moved=is_enough & (jump >= LEAST_JUMP) & (jump >= LEAST_Z * np.sqrt(spread)))


def _side_by_side(weekly: pd.DataFrame) -> pd.DataFrame:
    """One row for each source and week, its measures beside one another."""
    key = ["source", "week_start"]
    rows = weekly.drop_duplicates(key)[[*key, "texts"]]
    for measure, own in weekly.groupby("measure"):
        name = COLUMNS[str(measure)]
        rows = rows.merge(own[[*key, "mean", "before", "has_moved"]].rename(columns={"mean": name, "before": f"{name}_before", "has_moved": measure}), on=key)
    rows["drifted"] = [[WORDS[measure] for measure in WORDS if row[measure]] for row in rows.to_dict("records")]
    return rows.assign(week_start=pd.to_datetime(rows["week_start"]).dt.date)


def _drifts(rows: pd.DataFrame) -> list[str]:
    told = []
    newest = rows["week_start"].max() if len(rows) else None
    for source, own in rows[rows["texts"] >= LEAST_TEXTS].groupby("source"):
        week = own.iloc[-1]
        if week["drifted"] and newest - week["week_start"] <= TOLD_FOR:
            told.append(
                f"{source}: {_jumps(week)} in the week of {week['week_start']} against its 13 weeks before; its texts have changed, and are read less well. "
                f"Label some: listening label --sample 50 --source {source}"
            )
    return told


def _jumps(week: pd.Series) -> str:
    of = {
        "words": ("texts with words unlike the training rose", "share_unlike"),
        "abstaining": ("texts that are not placed rose", "share_abstained"),
        "confidence": ("confidence fell", "mean_confidence"),
    }
    return ", ".join(f"{of[name][0]} from {week[f'{of[name][1]}_before']:.0%} to {week[of[name][1]]:.0%}" for name in week["drifted"])


def _unread(warehouse: Warehouse) -> list[str]:
    rows = warehouse.rows("tagging/unread_languages")
    texts = sum(row["texts"] for row in rows)
    if not texts:
        return []
    languages = ", ".join(f"{row['texts']} {row['language']}" for row in rows)
    return [f"{texts} text{'s are' if texts > 1 else ' is'} in languages that are not read ({languages}); they are kept and counted, but have no tags"]
