"""What tables there are: takes `sql/<station>/<table>.yml`, gives grain, caveats, key, columns and their meaning.

A table with a `.sql` file beside it is made anew from that one `select`; a table without one is kept from night to night
and takes its column types from the `.yml`. A published table that is a plain copy says so with `of: <station>/<table>`.
What a column means is said once, in `sql/columns.yml`, since the same thing has the same name everywhere.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pandas as pd
import pyarrow as pa
import yaml
from pandas.api.types import is_numeric_dtype

SQL = Path(__file__).parent / "sql"
STATIONS = ("landing", "records", "tagging", "signals", "story", "warnings", "growth", "leading", "night")  # each a schema of the store

Rows: TypeAlias = pa.Table | pd.DataFrame | Sequence[Mapping[str, Any]]
ARROW_TYPES = {
    "varchar": pa.string(),
    "varchar[]": pa.list_(pa.string()),
    "double": pa.float64(),
    "bigint": pa.int64(),
    "integer": pa.int32(),
    "boolean": pa.bool_(),
    "double[]": pa.list_(pa.float64()),
    "date": pa.date32(),
    "timestamptz": pa.timestamp("us", tz="UTC"),
}


@dataclass(frozen=True)
class Table:
    """What a `.yml` says of a table: its grain, what to mind, its key, and its columns with their meaning."""

    name: str
    grain: str
    caveats: str
    key: tuple[str, ...]
    columns: dict[str, str]
    types: dict[str, str]

    @property
    def comment(self) -> str:
        """What a reader of the table should know first."""
        key = f"Key: {', '.join(self.key)}." if self.key else ""
        return " ".join(part for part in (self.grain, self.caveats, key) if part)


@functools.cache
def _glossary() -> dict[str, dict[str, str]]:
    content: dict[str, dict[str, str]] = yaml.safe_load((SQL / "columns.yml").read_text(encoding="utf-8"))
    return content


@functools.cache
def table(name: str) -> Table:
    """The description of `station/table`; columns named without words take them from the glossary."""
    content = yaml.safe_load((SQL / f"{name}.yml").read_text(encoding="utf-8"))
    if "of" in content:
        return table(content["of"])
    listed = content["columns"]
    own = listed if isinstance(listed, dict) else dict.fromkeys(listed)
    glossary = _glossary()
    try:
        return Table(
            name=name.replace("/", "."),
            grain=content["grain"],
            caveats=content.get("caveats", ""),
            key=tuple(content.get("key", ())),
            columns={column: words or glossary[column]["is"] for column, words in own.items()},
            types={column: glossary[column]["type"] for column in own if column in glossary},
        )
    except KeyError as missing:
        raise KeyError(f"sql/{name}.yml: column {missing} is neither described there nor in sql/columns.yml") from None


def tables(station: str) -> list[str]:
    """The names `station/table` of all tables that a station's folder describes."""
    return sorted(f"{station}/{path.stem}" for path in (SQL / station).glob("*.yml"))


def as_arrow(name: str, rows: Rows) -> pa.Table:
    """Rows with exactly the columns and types of a kept table; what a row lacks is null."""
    if isinstance(rows, pa.Table):
        return rows
    types = table(name).types
    if isinstance(rows, pd.DataFrame):
        return pa.table({column: _column(rows, column, ARROW_TYPES[kind]) for column, kind in types.items()})
    return pa.table({column: pa.array([row.get(column) for row in rows], ARROW_TYPES[kind]) for column, kind in types.items()})


def _column(rows: pd.DataFrame, name: str, kind: pa.DataType) -> pa.Array:
    if name not in rows:
        return pa.nulls(len(rows), kind)
    cells = rows[name]
    if is_numeric_dtype(cells.dtype) or isinstance(cells.dtype, pd.StringDtype):
        return pa.Array.from_pandas(cells).cast(kind)
    return pa.array(cells.astype(object).where(cells.notna(), None).tolist(), kind)


def kept() -> list[str]:
    """The tables that are kept from night to night: described, and made by no `.sql` file."""
    return [name for station in STATIONS for name in tables(station) if not (SQL / f"{name}.sql").exists()]


@functools.cache
def shape() -> str:
    """The hash of all kept tables' columns and types; a store of another shape is another version."""
    content = {name: table(name).types for name in kept()}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


@functools.cache
def version(*stations: str) -> str:
    """The hash of all that the files of some stations say, and of what columns mean."""
    files = [SQL / "columns.yml", *(path for station in stations for path in sorted((SQL / station).iterdir()))]
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]


@functools.cache
def statement(name: str) -> str:
    """What `sql/<name>.sql` says."""
    return (SQL / f"{name}.sql").read_text(encoding="utf-8")


def published(name: str) -> str:
    """What fills a published table: its own file, or all described columns of the table that it copies."""
    if (SQL / f"{name}.sql").exists():
        return statement(name)
    original = table(name)
    columns = ", ".join(f'"{column}"' for column in original.columns)
    station, short = original.name.split(".")
    return f'select {columns} from "{station}"."{short}" order by ' + ", ".join(f'"{column}"' for column in original.key)
