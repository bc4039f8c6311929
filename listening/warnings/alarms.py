"""The alarms of all series, told and new: what the detector saw in; one row an alarm, with its figures, out.

An alarm that has been told stays told, whatever arrives later.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from listening.warnings import detector
from listening.warnings.detector import NEVER, QUIET, Watched
from listening.warnings.looking import Looked
from listening.warnings.series import Key

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Row = dict[str, Any]
Told = dict[tuple[Key, dt.date], Row]

WINDOW, WIDE_WINDOW, FEW = 7, 28, 5.0  # days of the sentence; the wide one where fewer than `FEW` are expected in the other


def as_array(told: Told, looked: Looked, barred: int) -> Ints:
    """For the detector: 1 where an alarm was told, -1 where none may open: shortly before one that was told, and up to column `barred`."""
    array = np.zeros(looked.seen.counts.shape, np.int64)
    array[:, : max(barred + 1, 0)] = -1 if barred else 0
    rows = {key: at for at, key in enumerate(looked.keys)}
    places = [(rows[name[0]], looked.index(name[1])) for name in told if name[0] in rows]
    places = [(at, opened) for at, opened in places if 0 < opened < looked.days.number]
    for at, opened in places:
        array[at, max(opened - QUIET, 0) : opened] = -1
    for at, opened in places:
        array[at, opened] = 1
    return array


def of_all(told: Told, looked: Looked, watched: Watched, start: int, until: dt.date) -> list[Row]:
    """All alarms up to `until`: those that were told, gone on with, and the new ones.

    Args:
        told: by series and day of opening.
        looked: what was looked at.
        watched: what the detector saw of it.
        start: the first column judged tonight.
        until: the last day that is over.
    """
    known = {name: row for name, row in told.items() if name[1] <= until}
    expected = np.where(np.isfinite(watched.expected), watched.expected, detector.habit(watched.last, looked.seen))
    for at, key in enumerate(looked.keys):
        for opened, closed in _episodes(watched, at, start, _carried(known, looked, key, start - 1)):
            name = (key, looked.date(opened))
            row = known.get(name) or key._asdict() | _opening(looked, watched, expected, at, opened)
            if closed is None or row.get("closed_on") != looked.date(closed):
                row = row | _now(looked, watched, expected, at, opened, closed, int(row["observed_days"]))
            known[name] = row
    for (key, _), row in known.items():
        if key not in looked.keys and row["closed_on"] is None:  # its series is no longer watched by itself
            row["closed_on"] = until
    return [known[name] for name in sorted(known, key=lambda name: (name[1], [part or "" for part in name[0]]))]


def _carried(known: Told, looked: Looked, key: Key, settled: int) -> list[int]:
    """Columns (some before the first) of a series' alarms that were open when the days judged tonight began."""
    own = [row for (other, _), row in known.items() if other == key]
    return [looked.index(row["opened_on"]) for row in own if row["closed_on"] is None or looked.index(row["closed_on"]) > settled]


def _episodes(watched: Watched, at: int, start: int, carried: list[int]) -> list[tuple[int, int | None]]:
    """Opening and closing (None while open) of each alarm of a series; one may have been open before the first day judged."""
    closings = list(np.flatnonzero(watched.closed[at]))
    openings = sorted({*np.flatnonzero(watched.opened[at]).tolist(), *(opened for opened in carried if opened < start)})
    return [(int(opened), next((int(closed) for closed in closings if closed > opened), None)) for opened in openings]


def _opening(looked: Looked, watched: Watched, expected: Floats, at: int, opened: int) -> dict[str, Any]:
    """What is told of an alarm on the day on which it opens."""
    wide = expected[at, max(opened - WINDOW + 1, 1) : opened + 1].sum() < FEW
    number = WIDE_WINDOW if wide else WINDOW
    window = slice(max(opened - number + 1, 1), opened + 1)
    began = int(watched.began[at, opened])
    return {
        "opened_on": looked.date(opened), "began_on": looked.date(min(began, opened) if began != NEVER else opened), "observed_days": number,
        "observed": looked.seen.counts[at, window].sum(), "expected": expected[at, window].sum(), "z": watched.score[at, opened],
    }  # fmt: skip


def _now(looked: Looked, watched: Watched, expected: Floats, at: int, opened: int, closed: int | None, number: int) -> dict[str, Any]:
    """How it has developed by the last day judged, or by its closing."""
    judged = np.flatnonzero(np.isfinite(watched.score[at, : None if closed is None else closed + 1]))
    last = max(int(judged[-1]) if len(judged) else opened, opened)
    window = slice(max(last - number + 1, 1), last + 1)
    return {
        "closed_on": None if closed is None else looked.date(closed), "judged_on": looked.date(last), "z_now": watched.score[at, last],
        "observed_now": looked.seen.counts[at, window].sum(), "expected_now": expected[at, window].sum(),
    }  # fmt: skip
