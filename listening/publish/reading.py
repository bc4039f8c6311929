"""What readers ask of the published run: takes a workspace, gives stories, one record's making, accuracy, or any query's rows."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from listening import lake, warehouse
from listening.warehouse import Warehouse
from listening.workspace import Mend, Workspace

NARROWED = ("stage", "theme", "source", "stance")  # what an export can be narrowed down to, beside period and dimensions
Choices = dict[str, dict[str, set[str]]]  # of each the values that a name, in small letters, may mean


def database(workspace: Workspace) -> Path:
    """The published file of the newest run.

    Raises:
        Mend: nothing has been published yet.
    """
    path = workspace.published / "listening.duckdb"
    if not path.exists():
        raise Mend(f"Nothing is published in {workspace.root} yet. Run 'listening run --workspace {workspace.root}' first.")
    return path.resolve()


def stories(workspace: Workspace, stage: str | None = None, period: str | None = None) -> list[dict[str, Any]]:
    """The story of each stage (or of one) in a period, by default the last 90 days.

    Raises:
        Mend: there is no such stage or period.
    """
    with warehouse.reading(database(workspace)) as published:
        rows = published.rows("publish/reader/stories", stage=stage, period=period)
        if rows:
            return rows
        stages = [row["stage"] for row in published.rows("publish/reader/stages")]
        periods = [row["period"] for row in published.rows("publish/reader/periods")]
    if stage is not None and stage not in stages:
        raise Mend(f"There is no stage '{stage}'. The journey has: {', '.join(stages)}.")
    if not periods:
        raise Mend("No story is told yet, since no feedback has come in. 'listening check' says what is missing.")
    raise Mend(f"There is no period '{period}'. There are: {', '.join(periods)}.")


def warnings(workspace: Workspace) -> list[dict[str, Any]]:
    """All warnings, those that opened last first, each with its quotes."""
    with warehouse.reading(database(workspace)) as published:
        rows = published.rows("publish/reader/warnings")
        quotes = published.rows("publish/reader/warning_quotes")
    return [row | {"quotes": [quote for quote in quotes if quote["warning_id"] == row["warning_id"]]} for row in rows]


def actions(workspace: Workspace) -> dict[str, list[dict[str, Any]]]:
    """All actions, those that are not closed first, and what nobody answers for."""
    with warehouse.reading(database(workspace)) as published:
        return {"actions": published.rows("publish/reader/actions"), "accountability": published.rows("publish/reader/accountability")}


def explain(workspace: Workspace, record_id: str) -> dict[str, Any]:
    """A record, by its record_id or by the source's own id: its sentences, stages, themes, the pull it came with, and the figures it counts in.

    `counted_in` has a row for each published table and figure in it, with the periods and cuts; nothing for words that no figure counts.

    Raises:
        Mend: no such record is published.
    """
    with warehouse.reading(database(workspace)) as published:
        found = published.rows("publish/reader/record", record_id=record_id)
        if len(found) > 1:
            choice = ", ".join(f"{row['record_id']} ({row['source']})" for row in found)
            raise Mend(f"Several sources have a record '{record_id}': {choice}. Name one of these.")
        if not found:
            raise Mend(f"No record '{record_id}' is published. Ids stand in the column record_id of records, sentences and quotes.")
        key, unit_id = found[0]["record_id"], found[0]["unit_id"]
        details = {name: published.rows(f"publish/reader/record_{name}", record_id=key) for name in ("sentences", "stages", "themes", "pull", "unit")}
        is_watched = "warnings" in {row["name"] for row in published.rows("publish/reader/published_tables")}
        return {
            "record": found[0],
            **details,
            "pull": next(iter(details["pull"]), None),
            "unit": next(iter(details["unit"]), None),
            "counted_in": published.rows("publish/reader/counted_in", unit_id=unit_id),
            "warnings": published.rows("publish/reader/counted_in_warnings", unit_id=unit_id) if is_watched else [],
        }


def accuracy(workspace: Workspace) -> list[dict[str, Any]]:
    """The classifier's accuracy by source, tag and class, on labels that it was not fitted on; the company's own come first."""
    with warehouse.reading(database(workspace)) as published:
        return published.rows("publish/reader/accuracy")


def themes(workspace: Workspace, stage: str | None = None) -> list[dict[str, Any]]:
    """The open themes of each stage (or of one), with what the last 90 days say of them; theme 'other' is what none fits.

    Raises:
        Mend: there is no such stage.
    """
    with warehouse.reading(database(workspace)) as published:
        rows = published.rows("publish/reader/themes", stage=stage)
        stages = [row["stage"] for row in published.rows("publish/reader/stages")]
    if not rows:
        raise Mend(f"There is no stage '{stage}'. The journey has: {', '.join(stages)}.")
    return rows


@dataclass(frozen=True)
class Narrowing:
    """What an export is narrowed down to; nothing given means all of it. `dimensions` are names and values, such as region and Coast."""

    stage: str | None = None
    theme: str | None = None
    period: str | None = None
    source: str | None = None
    stance: str | None = None
    dimensions: Mapping[str, str] = field(default_factory=dict)


def conversations(workspace: Workspace, only: Narrowing) -> pa.Table:
    """What was said, a conversation a row: its messages joined in order, with all tags.

    Rows are what figures count once, so a stage's export of a period has as many rows as `stage_sources` has units. Words
    that no customer's figure counts (of employees, suppliers, random check-ins) are there only if their source is named.

    Raises:
        Mend: there is no such stage, theme, period, source, stance, dimension or value.
    """
    with warehouse.reading(database(workspace)) as published:
        known = _choices(published)
        named = {what: _known(known, what, value) for what in NARROWED if (value := getattr(only, what)) is not None}
        dimensions = {name: _known(known, name, value) for name, value in only.dimensions.items()}
        first_day, day_after = _days(published, only.period) if only.period is not None else (None, None)
        given = dict.fromkeys(NARROWED) | named
        return published.query("publish/reader/conversations", **given, dimensions=json.dumps(dimensions), first_day=first_day, day_after=day_after)


def _choices(published: Warehouse) -> Choices:
    known: Choices = {}
    for row in published.rows("publish/reader/choices"):
        for name in {row["name"] or row["value"], row["value"]}:
            known.setdefault(row["what"], {}).setdefault(name.casefold(), set()).add(row["value"])
    return known


def _known(known: Choices, what: str, asked: str) -> str:
    """The value that is called so."""
    if what not in known:
        raise Mend(f"There is no dimension '{what}'. There are: {', '.join(sorted(known.keys() - set(NARROWED))) or 'none'}.")
    found = known[what].get(asked.casefold(), set())
    if not found:
        raise Mend(f"There is no {what} '{asked}'. There are: {', '.join(sorted(set().union(*known[what].values())))}.")
    if len(found) > 1:
        raise Mend(f"Several are called '{asked}': {', '.join(sorted(found))}. Name one of these.")
    return next(iter(found))


def _days(published: Warehouse, period: str) -> tuple[dt.date, dt.date]:
    """The first day of a period and the day after its last."""
    found = published.rows("publish/reader/days_of_period", period=period)
    if not found:
        raise Mend(f"There is no period '{period}'. There are: {', '.join(row['period'] for row in published.rows('publish/reader/periods'))}.")
    return found[0]["period_start"], found[0]["period_end"]


def sql(workspace: Workspace, statement: str, from_lake: bool = False) -> pa.Table:
    """The rows of any query on the published tables, here or in the lake. Nothing can be written, loaded or reached from it.

    Raises:
        Mend: the statement is wrong or wants to do more than read; or there is no lake.
    """
    if from_lake:
        if not (place := lake.of(workspace)):
            raise Mend(f"{workspace.configuration} has no [lake]; docs/scale.md says how to set one up.")
        return lake.ask(place, statement)
    return warehouse.ask(database(workspace), statement)
