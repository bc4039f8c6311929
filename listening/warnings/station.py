"""Warn of what gets worse: signals and operations by day in; series, alarms, warnings and silent feeds out.

A night goes on from the state of 14 days ago and judges the days since anew, so that what arrived late counts; it costs the
same however long the history is. All is judged again from the beginning when there is no state to go on from, in the first
night of a month (which series are watched is chosen then), and when what was settled has changed by more than a little.
"""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from listening.journey import Journey
from listening.warehouse import Warehouse
from listening.warnings import alarms, detector, series, telling
from listening.warnings.acknowledged import Acknowledged
from listening.warnings.detector import HISTORY, LAG, NEVER, State, Watched
from listening.warnings.looking import Looked, look
from listening.warnings.series import Key
from listening.workspace import Company, Workspace

LONGEST = 730  # days of history that are looked at
BACK = 48  # days before the last one that a night needs to go on
CHANGED, CHANGED_PART = 2.0, 0.01  # events, or share of them, by which what is settled may change without being judged again
ONE_DAY = dt.timedelta(days=1)
ARRAYS = ("taught", "counted", "exposed", "excess", "squares", "days", "weight", "calm", "pile")
DATES = {"opened": "opened_on", "alarmed": "alarmed_on", "rising": "rising_on"}
log = logging.getLogger(__name__)


@dataclass
class Warned:
    """What a night's watch came to."""

    series: int = 0
    open: int = 0
    notes: list[str] = field(default_factory=list)


def warn(workspace: Workspace, warehouse: Warehouse, journey: Journey, company: Company, clock: dt.datetime) -> Warned:
    """Judge the days that are over by `clock` and write down what is warned of."""
    points = journey.stage_of_touchpoint
    local = clock.astimezone(ZoneInfo(company.timezone))
    given = {
        "clock": clock, "timezone": company.timezone, "today": local.date(), "until": (local + dt.timedelta(microseconds=1)).date() - ONE_DAY,
        "stages": journey.names, "touchpoints": list(points), "reached": list(points.values()),
    }  # fmt: skip
    with warehouse.transaction():
        warehouse.build("warnings/passages", **given)
        warned = _warn(workspace, warehouse, journey, company, given)
    log.info("watched %s series; %s warnings are open", warned.series, warned.open)
    return warned


def _warn(workspace: Workspace, warehouse: Warehouse, journey: Journey, company: Company, given: dict[str, Any]) -> Warned:
    brought = warehouse.frame("warnings/source_days", **given)
    if brought.empty:
        return Warned()
    brought = brought.assign(day=pd.to_datetime(brought["day"]).dt.date)
    states = warehouse.rows("warnings/states")
    looked, before, start = _resumed(warehouse, given, brought, states) or _anew(warehouse, given, brought)
    told = {(Key(*(row[name] for name in Key._fields)), row["opened_on"]): row for row in warehouse.rows("warnings/told")}
    keep = looked.index(given["until"]) - LAG
    barred = looked.index(min(states[0]["settled_on"], given["until"])) if states else 0
    watched = detector.watch(looked.seen, before, start, keep, alarms.as_array(told, looked, barred))
    found = alarms.of_all(told, looked, watched, start, given["until"])
    warehouse.replace("warnings/silences", _silences(brought, given["until"]))
    warehouse.replace("warnings/series", _states(looked, watched, keep, given["until"]) if keep > 0 else [])
    warehouse.replace("warnings/alarms", found)
    sources = {key: sorted(parts) for key, parts in zip(looked.keys, series.members(looked.days, looked.keys), strict=True)}
    telling.tell(warehouse, journey, company, given, found, sources, Acknowledged(workspace))
    return Warned(len(looked.keys), sum(row["closed_on"] is None for row in found), _notes(looked, watched))


def _resumed(warehouse: Warehouse, given: dict[str, Any], brought: pd.DataFrame, rows: list[dict[str, Any]]) -> tuple[Looked, State, int] | None:
    """What a night needs to go on from the last one's state; None where there is none that it can go on from."""
    until: dt.date = given["until"]
    if not rows or rows[0]["chosen_on"] != until.replace(day=1) or rows[0]["settled_on"] > until - LAG * ONE_DAY:
        return None
    settled: dt.date = rows[0]["settled_on"]
    keys = [Key(*(row[name] for name in Key._fields)) for row in rows]
    looked = look(warehouse, given, brought, settled - (BACK - LAG) * ONE_DAY, keys)
    start = looked.index(settled) + 1
    then, now = np.array([row["seen_so_far"] for row in rows]), looked.seen.counts[:, :start].sum(axis=1)
    is_new = bool(set(looked.days.operations["measure"]) - {key.measure for key in keys})
    if is_new or (np.abs(now - then) > np.maximum(CHANGED, CHANGED_PART * then)).any():
        return None
    return looked, _state(rows, looked), start


def _anew(warehouse: Warehouse, given: dict[str, Any], brought: pd.DataFrame) -> tuple[Looked, State, int]:
    """Everything from the beginning, with the series chosen by the days before this month."""
    until: dt.date = given["until"]
    looked = look(warehouse, given, brought, max(brought["day"].min(), until - LONGEST * ONE_DAY) - ONE_DAY, None)
    return looked, State.new(len(looked.keys)), 1


def _silences(brought: pd.DataFrame, until: dt.date) -> list[dict[str, Any]]:
    """The sources that have brought nothing for so long that they must be broken."""
    first = brought["day"].min()
    found = []
    for source, rows in brought.groupby("source"):
        missed = series.silences(rows.assign(day=[(day - first).days for day in rows["day"]]), (until - first).days + 1)[1]
        if missed >= series.SILENT:
            found.append({"source": source, "silent_since": rows["day"].max() + ONE_DAY, "missed": missed})
    return found


def _state(rows: list[dict[str, Any]], looked: Looked) -> State:
    """The state as the last night wrote it down."""
    arrays = {name: np.array([row[name] for row in rows]) for name in ARRAYS}
    arrays |= {name: np.array([NEVER if row[column] is None else looked.index(row[column]) for row in rows]) for name, column in DATES.items()}
    return State(mean=np.array([row["score_mean"] for row in rows]), **arrays)


def _states(looked: Looked, watched: Watched, keep: int, until: dt.date) -> list[dict[str, Any]]:
    """The state from which the next night goes on, as of column `keep`."""
    state, seen_so_far = watched.state, looked.seen.counts[:, : keep + 1].sum(axis=1)
    rows = []
    for at, key in enumerate(looked.keys):
        judged = np.flatnonzero(np.isfinite(watched.score[at]))
        last = int(judged[-1]) if len(judged) else None
        rows.append(
            key._asdict()
            | {"series": at, "settled_on": looked.date(keep), "chosen_on": until.replace(day=1), "seen_so_far": seen_so_far[at], "score_mean": state.mean[at]}
            | {"judged_on": None if last is None else looked.date(last), "score": None if last is None else watched.score[at, last]}
            | {name: getattr(state, name)[at].tolist() for name in ARRAYS}
            | {column: None if (day := int(getattr(state, name)[at])) == NEVER else looked.date(day) for name, column in DATES.items()}
        )
    return rows


def _notes(looked: Looked, watched: Watched) -> list[str]:
    """What a reader must know of the watch: that it needs history."""
    young = watched.last.days < HISTORY - LAG
    if not young.any():
        return []
    return [f"warnings need {HISTORY} days of history: {int(young.sum())} of {len(looked.keys)} series have less and are not watched yet"]
