"""Which series are watched, and their counts by day: daily counts in, one array row per series out.

Mentions of trouble are watched by stage, theme and source. What is thinner than `THIN` a day is rolled up: a stage's themes
in one source, then its sources. Every operational measure of a source is a series of its own.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from listening.warnings.detector import WEEK, Counted

Floats = NDArray[np.float64]

THIN = 0.15  # mentions a day
HABIT = 56  # days from which it is known how much a source brings on a weekday
SILENT = 10.0  # things that would have come while nothing did: a source that many behind is silent


class Key(NamedTuple):
    """What a series counts: failures of a measure, or else mentions of trouble; of all (other) themes or thin sources where null."""

    stage: str
    theme: str | None
    measure: str | None
    source: str | None


@dataclass(frozen=True)
class Days:
    """Counts by day as the store gives them, with `day` an index from the first day.

    Attributes:
        voice: source, stage, theme (null: the stage as a whole), day, events.
        operations: source, stage, measure, day, events, trials.
        customers: stage, day, customers.
        first: the date of day 0.
        number: how many days there are.

    Day 0 holds all that lies before the days that are looked at, in one sum.
    """

    voice: pd.DataFrame
    operations: pd.DataFrame
    customers: pd.DataFrame
    first: dt.date
    number: int


def choose(days: Days, heard: dict[str, tuple[int, int]]) -> list[Key]:
    """The series worth watching, from all that is known of earlier days; `heard` has each source's first and last day."""
    voice = days.voice[days.voice["day"] > 0].groupby(["stage", "theme", "source"], dropna=False)["events"].sum().reset_index()
    voice["rate"] = voice["events"] / [max(days.number - max(heard[source][0], 1), 1) for source in voice["source"]]
    themes = voice[voice["theme"].notna() & (voice["rate"] >= THIN)]
    rest = _rest(voice, themes, "rate", ["stage", "source"])
    sources = rest[rest["rate"] >= THIN]
    thin = rest[rest["rate"] < THIN].groupby("stage")["rate"].sum()
    measures = days.operations[["stage", "measure", "source"]].drop_duplicates()
    found = [
        *(Key(stage, theme, None, source) for stage, theme, source in zip(themes["stage"], themes["theme"], themes["source"], strict=True)),
        *(Key(stage, None, None, source) for stage, source in zip(sources["stage"], sources["source"], strict=True)),
        *(Key(str(stage), None, None, None) for stage in thin[thin >= THIN].index),
        *(Key(stage, None, measure, source) for stage, measure, source in zip(measures["stage"], measures["measure"], measures["source"], strict=True)),
    ]
    return sorted(found, key=lambda key: [part or "" for part in key])


def _rest(voice: pd.DataFrame, themes: pd.DataFrame, column: str, by: list[str]) -> pd.DataFrame:
    """What a stage has in a source beyond the themes that are watched each."""
    own = themes.groupby(by)[column].sum().rename("watched").reset_index()
    whole: pd.DataFrame = voice[voice["theme"].isna()].merge(own, on=by, how="left")
    return whole.assign(**{column: (whole[column] - whole["watched"].fillna(0)).clip(lower=0)})


def fold(days: Days, keys: list[Key], completeness: dict[str, Floats], heard: dict[str, tuple[int, int]], silent: dict[str, NDArray[np.bool_]]) -> Counted:
    """The counts of the chosen series as arrays.

    Args:
        days: all counts.
        keys: the series.
        completeness: by source, the share that has arrived of each day.
        heard: by source, its first and last day.
        silent: by source, the days on which it was silent against its habit.
    """
    shape = (len(keys), days.number)
    counts, exposure, share, judged = np.zeros(shape), np.ones(shape), np.ones(shape), np.zeros(shape, bool)
    is_operations = np.array([key.measure is not None for key in keys], bool)
    rows = _rows(days, keys)
    np.add.at(counts, (rows["series"].to_numpy(int), rows["day"].to_numpy(int)), rows["events"].to_numpy(float))
    exposure[is_operations] = 0.0
    trials = rows[rows["trials"].notna()]
    np.add.at(exposure, (trials["series"].to_numpy(int), trials["day"].to_numpy(int)), trials["trials"].to_numpy(float))
    customers = _customers(days)
    counts_of = members(days, keys)
    for at, key in enumerate(keys):
        if not is_operations[at] and key.stage in customers:
            exposure[at] = customers[key.stage]
        for source, weight in counts_of[at].items():
            first, last = heard[source]
            on = np.zeros(days.number, bool)
            on[max(first, 1) : max(last + 1, 0)] = True
            judged[at] |= on & ~silent[source]
            share[at] += weight * (completeness[source] - 1)
    groups = {name: number for number, name in enumerate(sorted({(key.source or "", key.measure is not None) for key in keys}))}
    group = np.array([groups[key.source or "", key.measure is not None] for key in keys], np.int64)
    return Counted(counts, exposure, share, judged & (exposure > 0), is_operations, group, days.first.weekday())


def _rows(days: Days, keys: list[Key]) -> pd.DataFrame:
    """Counts by series and day."""
    numbered = pd.DataFrame(keys, columns=Key._fields, dtype=object).assign(series=np.arange(len(keys)))
    voice, operations = numbered[numbered["measure"].isna()], numbered[numbered["measure"].notna()]
    themes = days.voice.merge(voice[voice["theme"].notna()][["stage", "theme", "source", "series"]], on=["stage", "theme", "source"])
    rest = _rest(days.voice, themes, "events", ["stage", "source", "day"])
    rest = rest.merge(voice[voice["theme"].isna() & voice["source"].notna()][["stage", "source", "series"]], on=["stage", "source"], how="left")
    pooled = voice[voice["theme"].isna() & voice["source"].isna()][["stage", "series"]]
    thin = rest[rest["series"].isna()].drop(columns="series").merge(pooled, on="stage")
    failed = days.operations.merge(operations[["stage", "measure", "source", "series"]], on=["stage", "measure", "source"])
    columns = ["series", "day", "events", "trials"]
    return pd.concat([frame.reindex(columns=columns) for frame in (themes, rest[rest["series"].notna()], thin, failed)], ignore_index=True)


def members(days: Days, keys: list[Key]) -> list[dict[str, float]]:
    """The sources that each series counts, with their part in it."""
    named = {(key.stage, key.source) for key in keys if key.theme is None and key.measure is None and key.source is not None}
    rest = days.voice[days.voice["theme"].isna()]
    found: list[dict[str, float]] = []
    for key in keys:
        if key.source is not None:
            found.append({key.source: 1.0})
            continue
        events = rest[rest["stage"] == key.stage].groupby("source")["events"].sum() + 1e-9
        own = {str(source): float(count) for source, count in events.items() if (key.stage, source) not in named}
        found.append({source: count / sum(own.values()) for source, count in own.items()})
    return found


def _customers(days: Days) -> dict[str, Floats]:
    """Customers in each stage, as the mean of the last week; days after the last known ones are taken as the weeks before."""
    found = {}
    for stage, rows in days.customers.groupby("stage"):
        plain = np.full(days.number, np.nan)
        inside = rows[rows["day"] > 0]
        if inside.empty:
            continue
        at = inside["day"].to_numpy(int)
        plain[1 if len(inside) < len(rows) else at.min() : at.max() + 1] = 0.0
        plain[at] = inside["customers"].to_numpy(float)
        found[str(stage)] = pd.Series(plain).rolling(WEEK, min_periods=1).mean().ffill().bfill().to_numpy(float)
    return found


def silences(rows: pd.DataFrame, number: int) -> tuple[NDArray[np.bool_], float]:
    """On which days a source was silent against its habit, and how much it would have brought since its last day.

    Args:
        rows: day and events of one source; days before 0 tell its habit.
        number: how many days there are.
    """
    first = min(int(rows["day"].min()), 0)
    counts = np.zeros(number - first)
    np.add.at(counts, rows["day"].to_numpy(int) - first, rows["events"].to_numpy(float))
    silent = np.zeros(len(counts), bool)
    spoke = np.flatnonzero(counts)
    missed = 0.0
    for last, following in zip(spoke, [*spoke[1:], len(counts)], strict=True):
        missed = _usual(counts, int(last), int(following)) if following - last > 1 else 0.0
        silent[last + 1 : following] = missed >= SILENT
    return silent[-first:], missed


def _usual(counts: Floats, last: int, following: int) -> float:
    """What the weekdays between two days used to bring in the weeks before."""
    before = counts[max(last + 1 - HABIT, 0) : last + 1][::-1]
    gap = np.arange(last + 1, following)
    return float(sum(before[(last - day) % WEEK :: WEEK].mean() if len(before[(last - day) % WEEK :: WEEK]) else 0.0 for day in gap))
