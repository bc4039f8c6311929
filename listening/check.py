"""Is the workspace fit for the night? Takes its folder, rehearses a night on the beginning of each file, gives findings with their mend.

The rehearsal lands and shapes into a folder that is thrown away, so that it says what the night would say and changes
nothing.
"""

from __future__ import annotations

import datetime as dt
import functools
import importlib.util
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from listening import journey, lake, landing, records, suggesting, warehouse
from listening.publish import notices
from listening.tagging import classifier, themes
from listening.workspace import Mend, Settings, Workspace

ROWS_REHEARSED = 20_000  # about so many of each file
FREE_BYTES = 2**30


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: `state` is ok, guess (works, but look at it) or fault."""

    what: str
    state: str
    sentence: str


def check(workspace: Workspace) -> list[Finding]:
    """Look at configuration, journey, themes, classifier, disk, lake and every source.

    Raises:
        Mend: there is no workspace here, or listening.toml as a whole cannot be used.
    """
    settings = workspace.settings()
    sources = len(settings.sources) + len(settings.faults)
    findings = [Finding("listening.toml", "ok", f"{settings.company.name}, {settings.company.timezone}, {sources} source{'s' * (sources != 1)}")]
    findings += [
        _attempt("journey.yaml", lambda: _stages(workspace)),
        _attempt("themes.yaml", lambda: _themes(workspace)),
        _attempt("classifier", lambda: _classifier(workspace)),
        _attempt("disk", lambda: _disk(workspace)),
    ]
    findings += [_attempt(f"digest.{way}", functools.partial(notices.probe, workspace, settings.digest, way)) for way in settings.digest.ways]
    findings += [_attempt("run.workers", _dask)] if settings.run.workers == "dask" else []
    findings += [_attempt(f"lake.{settings.lake.name}", lambda: _lake(workspace))] if settings.lake else []
    findings += [Finding(f"sources.{name}", "fault", sentence) for name, sentence in settings.faults.items()]
    if findings[1].state == "ok":
        findings += _rehearsal(workspace, settings)
    return [*findings, *_unread(workspace, settings)]


def _unread(workspace: Workspace, settings: Settings) -> Iterator[Finding]:
    """Each file that waits in the inbox without a source, with a table that would read it."""
    found = suggesting.suggest(workspace, settings)
    if not settings.sources and not settings.faults:
        mend = "The tables below would read what lies in inbox/." if found else "Put your exports into inbox/ and check again: a table for each is suggested."
        yield Finding("sources", "fault", f"listening.toml names no source yet. {mend}")
    for each in found:
        yield Finding("inbox", "guess", f"{each.file} is read by no source. This table in listening.toml would read it; look it over:\n\n{each.table}\n")


def _attempt(what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(what, "ok", look())
    except Mend as problem:
        return Finding(what, "fault", str(problem))


def _stages(workspace: Workspace) -> str:
    return f"{len(journey.read(workspace.journey).names)} stages"


def _themes(workspace: Workspace) -> str:
    if not workspace.themes.exists():
        return "none yet; nights write what they find"
    book = themes.read(workspace.themes)
    if strangers := themes.strangers(book, journey.read(workspace.journey)):
        raise Mend("; ".join(sentence.removeprefix("themes.yaml: ").removeprefix("themes.yaml ") for sentence in strangers) + ".")
    number = sum(not theme.closed_on for theme in book.themes)
    return f"{number} open theme{'s' * (number != 1)}"


def _classifier(workspace: Workspace) -> str:
    model = classifier.load(workspace.models)
    unknown = [name for name in journey.read(workspace.journey).names if name not in model.stages]
    if unknown:
        raise Mend(f"it does not know the stage '{unknown[0]}' of journey.yaml. Run 'listening init {workspace.root}' to fit it again.")
    return f"version {model.version}, fitted on {model.facts['labels']} labels"


def _disk(workspace: Workspace) -> str:
    free = shutil.disk_usage(workspace.root).free
    if free < FREE_BYTES:
        raise Mend(f"only {free / 2**20:.0f} MB are free; a night needs room for a second copy of the store. Free at least 1 GB.")
    return f"{free / 2**30:.0f} GB free"


def _dask() -> str:
    if not importlib.util.find_spec("prefect_dask"):
        raise Mend("workers = \"dask\" needs Dask: pip install 'listening-path[dask]'.")
    return "Dask is installed; a scheduler that does not answer at night is told, and the night goes on without it"


def _lake(workspace: Workspace) -> str:
    place = lake.of(workspace)
    return lake.probe(place) if place else ""


@dataclass(frozen=True)
class _Rehearsed(Workspace):
    """The same workspace, but what a run makes goes elsewhere."""

    elsewhere: Path

    @property
    def landing(self) -> Path:
        return self.elsewhere / "landing"

    @property
    def warehouse(self) -> Path:
        return self.elsewhere / "warehouse.duckdb"


def _rehearsal(workspace: Workspace, settings: Settings) -> Iterator[Finding]:
    clock = dt.datetime.now(dt.UTC)
    with tempfile.TemporaryDirectory() as elsewhere:
        stage = _Rehearsed(workspace.root, Path(elsewhere))
        stage.landing.mkdir()
        with warehouse.opened(stage.warehouse) as store:
            for name, source in settings.sources.items():
                landed = landing.land(stage, store, source, clock, most=ROWS_REHEARSED)
                shaped = records.shape(stage, store, source, settings.company, clock, "rehearsal")
                for sentence in (*landed.faults, *shaped.faults):
                    yield Finding(f"sources.{name}", "fault", sentence.removeprefix(f"{name}: "))
                for sentence in (*landed.notes, *shaped.notes):
                    yield Finding(f"sources.{name}", "guess", sentence.removeprefix(f"{name}: "))
                told = ", ".join(f"{shaped.counts[outcome]} {outcome}" for outcome in records.OUTCOMES if shaped.counts[outcome])
                if shaped.reasons:
                    told += f" ({', '.join(f'{reason}: {count}' for reason, count in shaped.reasons.most_common())})"
                unit = "file" if source.connector == "files" else "first page"
                if not shaped.faults and landed.pulls:
                    looked_at = f"{landed.pulls} {unit}{'s' * (landed.pulls > 1)}, {landed.rows} rows looked at: {told or 'nothing in them'}"
                    yield Finding(f"sources.{name}", "ok", looked_at)
                elif source.connector != "files" and not landed.faults:
                    yield Finding(f"sources.{name}", "ok", "it answers, and has nothing yet")
