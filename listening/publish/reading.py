"""What readers ask of the published run: takes a workspace, gives stories, one record's making, accuracy, or any query's rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from listening import warehouse
from listening.workspace import Mend, Workspace


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


def explain(workspace: Workspace, record_id: str) -> dict[str, Any]:
    """A record, by its record_id or by the source's own id, with its sentences and the stages that it speaks about.

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
        return {
            "record": found[0],
            "sentences": published.rows("publish/reader/record_sentences", record_id=found[0]["record_id"]),
            "stages": published.rows("publish/reader/record_stages", record_id=found[0]["record_id"]),
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


def sql(workspace: Workspace, statement: str) -> pd.DataFrame:
    """The rows of any query on the published tables. Nothing can be written, loaded or reached from it.

    Raises:
        Mend: the statement is wrong or wants to do more than read.
    """
    return warehouse.ask(database(workspace), statement)
