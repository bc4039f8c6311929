"""Who knows of which warning: `acknowledged.csv` in the workspace, so that it outlives a store that is built again.

A row names stage, theme and measure, and the day: it counts for the warning of that trouble that was open then, whatever key
the warning has after a rebuild.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
from typing import Any

from listening.workspace import Workspace, put

COLUMNS = ("stage", "theme", "measure", "acknowledged_on", "by")


class Acknowledged:
    """What was acknowledged in one workspace."""

    def __init__(self, workspace: Workspace) -> None:
        self._path = workspace.root / "acknowledged.csv"
        self._rows = self._read()

    def day(self, warning: dict[str, Any]) -> dt.date | None:
        """The first day on which somebody said that they know of it."""
        days = [day for row in self._rows if (day := _day(row)) and _is_same(row, warning) and _was_open(warning, day)]
        return min(days, default=None)

    def add(self, warning: dict[str, Any], day: dt.date, by: str) -> None:
        """Write down that somebody knows of a warning."""
        self._rows.append({name: str(warning.get(name) or "") for name in COLUMNS[:3]} | {"acknowledged_on": day.isoformat(), "by": by})
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(self._rows)
        put(self._path, text.getvalue())

    def _read(self) -> list[dict[str, str]]:
        try:
            with self._path.open(encoding="utf-8", newline="") as file:
                return [{name: row.get(name) or "" for name in COLUMNS} for row in csv.DictReader(file)]
        except (FileNotFoundError, UnicodeDecodeError):
            return []


def acknowledge(workspace: Workspace, warning: dict[str, Any], day: dt.date, by: str) -> None:
    """Write down that somebody knows of a warning; the next night shows it."""
    Acknowledged(workspace).add(warning, day, by)


def _day(row: dict[str, str]) -> dt.date | None:
    try:
        return dt.date.fromisoformat(row["acknowledged_on"])
    except ValueError:
        return None


def _is_same(row: dict[str, str], warning: dict[str, Any]) -> bool:
    return all(row[name] == (warning[name] or "") for name in ("stage", "theme", "measure"))


def _was_open(warning: dict[str, Any], day: dt.date) -> bool:
    return bool(warning["opened_on"] <= day and (warning["closed_on"] is None or day <= warning["closed_on"]))
