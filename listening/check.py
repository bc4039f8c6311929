"""Is the workspace fit for the night? Takes its folder, looks without changing anything, gives findings with their mend."""

from __future__ import annotations

import datetime as dt
import itertools
import shutil
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from listening import journey
from listening.records import layouts, times
from listening.sources import DOORS, Fault, Pull
from listening.sources.pull import Unreadable
from listening.tagging import classifier
from listening.workspace import Mend, Source, Workspace

ROWS_LOOKED_AT = 2_000
FREE_BYTES = 2**30


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: `state` is ok, guess (works, but look at it) or fault."""

    what: str
    state: str
    sentence: str


def check(workspace: Workspace) -> list[Finding]:
    """Look at configuration, journey, classifier, disk and every source.

    Raises:
        Mend: there is no workspace here, or listening.toml as a whole cannot be used.
    """
    settings = workspace.settings()
    findings = [
        Finding("listening.toml", "ok", f"{settings.company.name}, {settings.company.timezone}, {len(settings.sources) + len(settings.faults)} sources")
    ]
    findings += [_attempt("journey.yaml", lambda: f"{len(journey.read(workspace.journey).names)} stages"), _classifier(workspace), _disk(workspace)]
    findings += [Finding(f"sources.{name}", "fault", sentence) for name, sentence in settings.faults.items()]
    for name, source in settings.sources.items():
        findings += _source(workspace, source, ZoneInfo(source.timezone or settings.company.timezone), name)
    if not settings.sources and not settings.faults:
        findings.append(
            Finding(
                "sources", "fault", "listening.toml names no source. Put a file into inbox/ and add a [sources.NAME] table; the comments in the file show how."
            )
        )
    return findings


def _attempt(what: str, look: object) -> Finding:
    try:
        return Finding(what, "ok", str(look()))  # type: ignore[operator]
    except Mend as problem:
        return Finding(what, "fault", str(problem))


def _classifier(workspace: Workspace) -> Finding:
    def look() -> str:
        model = classifier.load(workspace.models)
        unknown = [name for name in journey.read(workspace.journey).names if name not in model.stages]
        if unknown:
            raise Mend(f"it does not know the stage '{unknown[0]}' of journey.yaml. Run 'listening init {workspace.root}' to fit it again.")
        return f"version {model.version}, fitted on {model.facts['labels']} labels"

    return _attempt("classifier", look)


def _disk(workspace: Workspace) -> Finding:
    free = shutil.disk_usage(workspace.root).free
    if free < FREE_BYTES:
        return Finding("disk", "fault", f"only {free / 2**20:.0f} MB are free; a night needs room for a second copy of the store. Free at least 1 GB.")
    return Finding("disk", "ok", f"{free / 2**30:.0f} GB free")


def _source(workspace: Workspace, source: Source, zone: ZoneInfo, name: str) -> list[Finding]:
    findings = []
    for pull in DOORS[source.connector](source, workspace.root, frozenset()):
        if isinstance(pull, Fault):
            findings.append(Finding(f"sources.{name}", "fault", f"{pull.origin} {pull.sentence}" if pull.origin != source.path else pull.sentence))
        else:
            findings += _pull(source, pull, zone, f"sources.{name}")
    return findings


def _pull(source: Source, pull: Pull, zone: ZoneInfo, what: str) -> list[Finding]:
    """Read the beginning of a pull as the night would."""
    try:
        rows = list(itertools.islice(itertools.chain.from_iterable(pull.pages), ROWS_LOOKED_AT))
    except Unreadable as problem:
        return [Finding(what, "fault", f"{pull.origin} {problem}")]
    good = [row.cells for row in rows if row.fault is None]
    fields = list(dict.fromkeys(field for cells in good for field in cells))
    if not fields:
        return [Finding(what, "guess" if not rows else "fault", f"{pull.origin} has no row that can be read")]
    try:
        layout = layouts.choose(source, fields)
    except Mend as problem:
        return [Finding(what, "fault", f"{pull.origin}: {problem}")]
    findings = [Finding(what, "guess", note) for note in [*pull.notes, *layout.notes]]
    if not layout.has_time and source.said_at_default is None:
        findings.append(Finding(what, "fault", f"{pull.origin}: no column says when something was said. Name it in columns, or set said_at_default."))
        return findings
    unread = _unread_dates(source, layout, good, zone)
    damaged = len(rows) - len(good)
    if unread:
        findings.append(Finding(what, "fault", f"{pull.origin}: {unread}"))
    told = f"{pull.origin}: {'the first ' if len(rows) == ROWS_LOOKED_AT else ''}{len(rows)} rows read by {layout.name}"
    findings.append(Finding(what, "ok" if not unread else "fault", told + (f", {damaged} of them damaged" if damaged else "")))
    return findings


def _unread_dates(source: Source, layout: layouts.Layout, rows: list[layouts.Row], zone: ZoneInfo) -> str | None:
    cells = [cell for row in rows for said in layout.take_apart(row) if (cell := said.get("said_at")) is not None]
    order = times.order_of_days(cells)
    try:
        day_first = source.day_first if source.day_first is not None else order.is_day_first
        if day_first is None and order.either:
            return f"no date tells whether the day or the month comes first; set day_first in [sources.{source.name}]."
        for cell in cells:
            _ = times.read(cell, zone, day_first)
    except times.Unreadable as problem:
        return f"{problem}; write dates as {dt.date(2025, 1, 31)}, or set day_first in [sources.{source.name}]."
    return None
