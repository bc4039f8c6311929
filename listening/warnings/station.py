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
from numpy.typing import NDArray

from listening.journey import Journey
from listening.warehouse import Warehouse
from listening.warnings import arrivals, detector, series, telling
from listening.warnings.acknowledged import Acknowledged
from listening.warnings.detector import HISTORY, LAG, NEVER, QUIET, Counted, State, Watched
from listening.warnings.series import KEY, Days
from listening.workspace import Company, Workspace

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LONGEST = 730  # days of history that are looked at
BACK = 48  # days before the last one that a night needs to go on
CHANGED, CHANGED_PART = 2.0, 0.01  # events, or share of them, by which what is settled may change without being judged again
WINDOW, WIDE_WINDOW, FEW = 7, 28, 5.0  # days of the sentence; the wide one where fewer than `FEW` are expected in the other
log = logging.getLogger(__name__)
ONE_DAY = dt.timedelta(days=1)
ARRAYS = ("taught", "counted", "exposed", "excess", "squares", "days", "weight", "calm")
DATES = {"opened": "opened_on", "alarmed": "alarmed_on", "rising": "rising_on"}


@dataclass
class Warned:
    """What a night's watch came to."""

    series: int = 0
    open: int = 0
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Looked:
    """All that is looked at in a night, as arrays: `first` is the date of column 0."""

    keys: pd.DataFrame
    days: Days
    seen: Counted
    heard: dict[str, tuple[int, int]]
    first: dt.date

    def index(self, day: dt.date) -> int:
        return (day - self.first).days

    def date(self, index: int) -> dt.date:
        return self.first + index * ONE_DAY


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
    brought = warehouse.frame("warnings/source_days", **given).assign(day=lambda rows: pd.to_datetime(rows["day"]).dt.date)
    alarms = pd.DataFrame(warehouse.rows("warnings/told"))
    until: dt.date = given["until"]
    if brought.empty:
        return Warned()
    looked, before, start = _resumed(warehouse, given, brought) or _anew(warehouse, given, brought)
    _note_silences(warehouse, brought, looked, until)
    keep = looked.index(until) - LAG
    told = _told(alarms, looked, given, settled=_settled(warehouse))
    watched = detector.watch(looked.seen, before, start, keep, told)
    _keep_states(warehouse, looked, watched, keep, until)
    alarms = _alarms(alarms, looked, watched, start, until)
    warehouse.replace("warnings/alarms", alarms)
    sources = series.sources_of(looked.days, looked.keys)
    telling.tell(warehouse, journey, company, given, alarms, looked.keys.assign(sources=sources), Acknowledged(workspace))
    is_open = int(alarms["closed_on"].isna().sum()) if len(alarms) else 0
    return Warned(len(looked.keys), is_open, _notes(looked, watched, until))


def _settled(warehouse: Warehouse) -> dt.date | None:
    """The day as of which the last night left its state."""
    states = warehouse.rows("warnings/states")
    return states[0]["settled_on"] if states else None


def _resumed(warehouse: Warehouse, given: dict[str, Any], brought: pd.DataFrame) -> tuple[_Looked, State, int] | None:
    """What a night needs to go on from the last one's state; None where there is none that it can go on from."""
    rows = warehouse.rows("warnings/states")
    until: dt.date = given["until"]
    if not rows or rows[0]["chosen_on"] != until.replace(day=1) or rows[0]["settled_on"] > until - LAG * ONE_DAY:
        return None
    settled: dt.date = rows[0]["settled_on"]
    keys = pd.DataFrame([{name: row[name] for name in KEY} for row in rows], dtype=object)
    looked = _look(warehouse, given, brought, min(settled, until - LAG * ONE_DAY) - (BACK - LAG) * ONE_DAY, keys)
    start = looked.index(settled) + 1
    then, now = np.array([row["seen_so_far"] for row in rows]), looked.seen.counts[:, :start].sum(axis=1)
    if (np.abs(now - then) > np.maximum(CHANGED, CHANGED_PART * then)).any():
        return None
    return looked, _state(rows, looked), start


def _anew(warehouse: Warehouse, given: dict[str, Any], brought: pd.DataFrame) -> tuple[_Looked, State, int]:
    """Everything from the beginning, with the series chosen by the days before this month."""
    until: dt.date = given["until"]
    looked = _look(warehouse, given, brought, max(brought["day"].min(), until - LONGEST * ONE_DAY) - ONE_DAY, None)
    return looked, State.new(len(looked.keys)), 1


def _look(warehouse: Warehouse, given: dict[str, Any], brought: pd.DataFrame, since: dt.date, keys: pd.DataFrame | None) -> _Looked:
    """Counts of all days after `since` as arrays; what lies before is summed up in column 0."""
    number = (given["until"] - since).days + 1

    def by_day(name: str) -> pd.DataFrame:
        rows = warehouse.frame(f"warnings/{name}", **given, since=since)
        rows = rows.astype(object).where(rows.notna(), None)
        return rows.assign(day=[(pd.Timestamp(day).date() - since).days for day in rows["day"]])

    days = Days(by_day("voice_days"), by_day("operation_days"), by_day("customer_days"), since, number)
    heard = {
        str(source): ((rows["day"].min() - since).days, (rows["day"].max() - since).days) for source, rows in brought.groupby("source")
    }  # fmt: skip
    if keys is None:
        month = (given["until"].replace(day=1) - since).days
        keys = series.choose(_before(days, month), heard)
    completeness = _completeness(warehouse, given, heard, number)
    silent = {
        source: series.silences(_indexed(rows, brought["day"].min()), (given["until"] - brought["day"].min()).days + 1)[0]
        for source, rows in brought.groupby("source")
    }
    cut = (since - brought["day"].min()).days
    silent = {source: np.r_[np.zeros(max(-cut, 0), bool), whole[max(cut, 0) :]] for source, whole in silent.items()}
    return _Looked(keys, days, series.fold(days, keys, completeness, heard, silent), heard, since)


def _before(days: Days, month: int) -> Days:
    """The days before this month; all where there are none, or hardly any."""
    if month <= HISTORY:
        return days
    voice, operations = (rows[rows["day"] < month] for rows in (days.voice, days.operations))
    return Days(voice, operations, days.customers, days.first, month)


def _indexed(rows: pd.DataFrame, first: dt.date) -> pd.DataFrame:
    return rows.assign(day=[(day - first).days for day in rows["day"]])


def _completeness(warehouse: Warehouse, given: dict[str, Any], heard: dict[str, tuple[int, int]], number: int) -> dict[str, Floats]:
    """By source, the share that has arrived of each day."""
    rows = warehouse.frame("warnings/arrivals", **given)
    rows = _indexed(rows.assign(day=pd.to_datetime(rows["day"]).dt.date), given["today"])
    ahead = (given["today"] - given["until"]).days
    learnt = {str(source): arrivals.by_age(own, 0) for source, own in rows.groupby("source")}
    return {source: arrivals.by_day(learnt[source], number, number - 1 + ahead) if source in learnt else np.ones(number) for source in heard}


def _note_silences(warehouse: Warehouse, brought: pd.DataFrame, looked: _Looked, until: dt.date) -> None:
    """Write down the sources that have brought nothing for so long that they must be broken."""
    first = brought["day"].min()
    found = []
    for source, rows in brought.groupby("source"):
        missed = series.silences(_indexed(rows, first), (until - first).days + 1)[1]
        if missed >= series.SILENT:
            found.append({"source": source, "silent_since": rows["day"].max() + ONE_DAY, "missed": missed})
    warehouse.replace("warnings/silences", found)


def _state(rows: list[dict[str, Any]], looked: _Looked) -> State:
    """The state as the last night wrote it down."""
    arrays = {name: np.array([row[name] for row in rows]) for name in ARRAYS}
    arrays |= {name: np.array([NEVER if row[column] is None else looked.index(row[column]) for row in rows]) for name, column in DATES.items()}
    return State(mean=np.array([row["score_mean"] for row in rows]), **arrays)


def _keep_states(warehouse: Warehouse, looked: _Looked, watched: Watched, keep: int, until: dt.date) -> None:
    """Write down the state from which the next night goes on; a history shorter than that is walked again."""
    if keep < 1:
        warehouse.replace("warnings/series", [])
        return
    state, score = watched.state, watched.score
    judged = [np.flatnonzero(np.isfinite(row)) for row in score]
    rows = looked.keys.assign(
        series=np.arange(len(looked.keys)), settled_on=looked.date(keep), chosen_on=until.replace(day=1), seen_so_far=looked.seen.counts[:, : keep + 1].sum(axis=1),
        score_mean=state.mean, judged_on=[looked.date(int(at[-1])) if len(at) else None for at in judged],
        score=[float(row[at[-1]]) if len(at) else None for row, at in zip(score, judged, strict=True)],
        **{name: list(getattr(state, name)) for name in ARRAYS},
        **{column: [None if at == NEVER else looked.date(int(at)) for at in getattr(state, name)] for name, column in DATES.items()},
    )  # fmt: skip
    warehouse.replace("warnings/series", rows)


def _told(alarms: pd.DataFrame, looked: _Looked, given: dict[str, Any], settled: dt.date | None) -> Ints:
    """1 where an alarm has been told, -1 where none may open: shortly before one that was told, and on days long settled."""
    told = np.zeros(looked.seen.counts.shape, np.int64)
    if settled is not None:
        told[:, : max(looked.index(min(settled, given["until"])) + 1, 0)] = -1
    if alarms.empty:
        return told
    for at, opened in _at(alarms, looked):
        if 0 < opened < told.shape[1]:
            told[at, max(opened - QUIET, 0) : opened] = -1
    for at, opened in _at(alarms, looked):
        if 0 < opened < told.shape[1]:
            told[at, opened] = 1
    return told


def _at(alarms: pd.DataFrame, looked: _Looked) -> list[tuple[int, int]]:
    """Row and column of each alarm whose series is still watched."""
    place = {tuple(key): at for at, key in enumerate(looked.keys[KEY].itertuples(index=False, name=None))}
    keys = alarms[KEY].astype(object).where(alarms[KEY].notna(), None).itertuples(index=False, name=None)
    return [(place[key], looked.index(opened)) for key, opened in zip(keys, alarms["opened_on"], strict=True) if key in place]


def _alarms(told: pd.DataFrame, looked: _Looked, watched: Watched, start: int, until: dt.date) -> pd.DataFrame:
    """All alarms: those that were told, gone on with, and the new ones."""
    known = {(*(row[name] for name in KEY), row["opened_on"]): row for row in told.to_dict("records")} if len(told) else {}
    usual = detector.habit(watched.last, looked.seen)
    expected = np.where(np.isfinite(watched.expected), watched.expected, usual)
    for at, key in enumerate(looked.keys[KEY].itertuples(index=False, name=None)):
        for opened, closed in _episodes(
            watched, at, start, [looked.index(row["opened_on"]) for name, row in known.items() if name[:-1] == key and row["closed_on"] is None]
        ):
            name = (*key, looked.date(opened))
            row = known.get(name) or _opening(looked, watched, expected, at, opened) | dict(zip(KEY, key, strict=True))
            known[name] = row | _now(looked, watched, expected, at, opened, closed, int(row["observed_days"]))
    still = {tuple(key) for key in looked.keys[KEY].itertuples(index=False, name=None)}
    for name, row in known.items():
        if name[:-1] not in still and row["closed_on"] is None:  # its series is no longer watched by itself
            row["closed_on"] = until
    rows = pd.DataFrame([row for row in known.values() if row["opened_on"] <= until])
    return rows.sort_values(["opened_on", *KEY], ignore_index=True, na_position="first") if len(rows) else rows


def _episodes(watched: Watched, at: int, start: int, carried: list[int]) -> list[tuple[int, int | None]]:
    """Opening and closing (None while open) of each alarm of a series; one may have been open before the first day judged."""
    closings = list(np.flatnonzero(watched.closed[at]))
    openings = sorted({*np.flatnonzero(watched.opened[at]).tolist(), *(opened for opened in carried if opened < start)})
    return [(int(opened), next((int(closed) for closed in closings if closed > opened), None)) for opened in openings]


def _opening(looked: _Looked, watched: Watched, expected: Floats, at: int, opened: int) -> dict[str, Any]:
    """What is told of an alarm on the day on which it opens."""
    wide = expected[at, max(opened - WINDOW + 1, 1) : opened + 1].sum() < FEW
    number = WIDE_WINDOW if wide else WINDOW
    window = slice(max(opened - number + 1, 1), opened + 1)
    began = int(watched.began[at, opened])
    return {
        "opened_on": looked.date(opened), "began_on": looked.date(min(began, opened) if began != NEVER else opened), "observed_days": number,
        "observed": looked.seen.counts[at, window].sum(), "expected": expected[at, window].sum(), "z": watched.score[at, opened],
    }  # fmt: skip


def _now(looked: _Looked, watched: Watched, expected: Floats, at: int, opened: int, closed: int | None, number: int) -> dict[str, Any]:
    """How it has developed by the last day judged, or by its closing."""
    judged = np.flatnonzero(np.isfinite(watched.score[at, : None if closed is None else closed + 1]))
    last = max(int(judged[-1]) if len(judged) else opened, opened)
    window = slice(max(last - number + 1, 1), last + 1)
    return {
        "closed_on": None if closed is None else looked.date(closed), "judged_on": looked.date(last), "z_now": watched.score[at, last],
        "observed_now": looked.seen.counts[at, window].sum(), "expected_now": expected[at, window].sum(),
    }  # fmt: skip


def _notes(looked: _Looked, watched: Watched, until: dt.date) -> list[str]:
    """What a reader must know of the watch: that it needs history."""
    young = watched.last.days < HISTORY - LAG
    if not len(looked.keys) or not young.any():
        return []
    return [
        f"Warnings need {HISTORY} days of history: {int(young.sum())} of {len(looked.keys)} series have less and are not watched yet."
    ]  # fmt: skip
