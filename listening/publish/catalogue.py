"""What is published, as a list: takes the tables' descriptions, gives grain, key and columns of each, and dbt's source file for them."""

from __future__ import annotations

from typing import Any

import yaml

from listening import tables, warehouse
from listening.publish.reading import database
from listening.workspace import Mend, Workspace

LEADS_TO = {  # the table that a column of this name leads to, and the values that lead nowhere
    "record_id": ("records", ()),
    "unit_id": ("units", ()),
    "pull_id": ("pulls", ()),
    "stage": ("journey", ("none", "all")),
    "touchpoint": ("touchpoints", ()),
    "theme": ("themes", ("other",)),
}
CLOSED = {  # columns with few values, known beforehand
    "period_kind": ("rolling", "quarter", "month"),
    "evidence_level": ("estimate", "direction", "insufficient"),
    "stance": ("trouble", "in between", "great"),
    "stage_basis": ("text", "source", "person", "none"),
    "side": ("trouble", "great", "all"),
    "draw": ("random", "chosen"),
}


def promised() -> list[tables.Table]:
    """Every table that is published, as it is described; its name is without the station."""
    return [tables.table(name) for name in tables.tables("publish")]


def names() -> list[str]:
    """The names of the published tables, in the order of `promised`."""
    return [name.split("/")[1] for name in tables.tables("publish")]


def listed(workspace: Workspace) -> list[dict[str, Any]]:
    """The published tables: name, rows, key, and what a reader should know first."""
    with warehouse.reading(database(workspace)) as published:
        rows = {row["name"]: row["rows"] for row in published.rows("publish/reader/published_tables")}
    described = zip(names(), promised(), strict=True)
    return [{"table": name, "rows": rows[name], "key": list(table.key), "grain": table.grain} for name, table in described if name in rows]


def columns(workspace: Workspace, name: str) -> list[dict[str, Any]]:
    """The columns of one published table: name, type, meaning.

    Raises:
        Mend: there is no such table.
    """
    with warehouse.reading(database(workspace)) as published:
        found = published.rows("publish/reader/published_columns", table=name.lower())
        if not found:
            raise Mend(f"There is no table '{name}'. There are: {', '.join(row['name'] for row in published.rows('publish/reader/published_tables'))}.")
    return found


def dbt() -> str:
    """A source file for dbt with every table and column described, and tests of keys, of joins and of columns with few values."""
    source = {
        "name": "listening",
        "description": "What Listening Path publishes each night. Read-only.",
        "database": "listening",
        "schema": "main",
        "tables": [_dbt_table(name, table) for name, table in zip(names(), promised(), strict=True)],
    }
    return yaml.safe_dump({"version": 2, "sources": [source]}, sort_keys=False, allow_unicode=True, width=160)


def _dbt_table(name: str, table: tables.Table) -> dict[str, Any]:
    key = ", ".join(f'"{column}"' for column in table.key)
    return {
        "name": name,
        "description": table.comment,
        "data_tests": [{"unique": {"name": f"{name}_key", "arguments": {"column_name": f"row({key})"}}}],
        "columns": [_dbt_column(name, table, column, words) for column, words in table.columns.items()],
    }


def _dbt_column(name: str, table: tables.Table, column: str, words: str) -> dict[str, Any]:
    tests: list[Any] = ["not_null"] if table.key == (column,) else []
    target, nowhere = LEADS_TO.get(column, (name, ()))
    if target != name and tables.table(f"publish/{target}").key == (column,):
        test: dict[str, Any] = {"arguments": {"to": f"source('listening', '{target}')", "field": column}}
        if nowhere:
            test["config"] = {"where": f"{column} not in ({', '.join(repr(value) for value in nowhere)})"}
        tests.append({"relationships": test})
    if column in CLOSED:
        tests.append({"accepted_values": {"arguments": {"values": list(CLOSED[column])}}})
    described: dict[str, Any] = {"name": column, "description": words, "quote": True}
    return described | ({"data_tests": tests} if tests else {})
