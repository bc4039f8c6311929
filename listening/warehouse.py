"""The store: opens `warehouse.duckdb`, makes the tables that `sql/` describes, runs its files, and writes the published copy.

`sql/<station>/<table>.yml` describes a table (grain, caveats, columns). A table with a `.sql` file beside it is made
anew from that one `select`; a table without one is kept from night to night and takes its column types from the `.yml`.
A published table that is a plain copy says so with `of: <station>/<table>`.
What a column means is said once, in `sql/columns.yml`, since the same thing has the same name everywhere.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import duckdb
import pandas as pd
import pyarrow as pa
import yaml

from listening.workspace import Mend

SQL = Path(__file__).parent / "sql"
STORE_VERSION = 1
SCHEMAS = ("landing", "records", "tagging", "signals", "story", "night")


Rows: TypeAlias = pa.Table | pd.DataFrame | Sequence[Mapping[str, Any]]
ARROW_TYPES = {
    "varchar": pa.string(),
    "varchar[]": pa.list_(pa.string()),
    "double": pa.float64(),
    "bigint": pa.int64(),
    "integer": pa.int32(),
    "boolean": pa.bool_(),
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
        return " ".join(part for part in (self.grain, self.caveats) if part)


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
        cells = {column: rows[column].astype(object).where(rows[column].notna(), None).tolist() for column in types if column in rows}
        return pa.table({column: pa.array(cells.get(column, [None] * len(rows)), ARROW_TYPES[kind]) for column, kind in types.items()})
    return pa.table({column: pa.array([row.get(column) for row in rows], ARROW_TYPES[kind]) for column, kind in types.items()})


class Warehouse:
    """An open store. Not for several threads at a time; close it before another process is to open the file."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path) -> None:
        self._connection = connection
        self.path = path

    def query(self, name: str, **parameters: Any) -> pa.Table:
        """The rows that `sql/<name>.sql` selects; `$word` in the file takes the parameter of that name."""
        return self._execute(_statement(name), parameters).to_arrow_table()

    def rows(self, name: str, **parameters: Any) -> list[dict[str, Any]]:
        """The same as `query`, as plain dictionaries."""
        rows: list[dict[str, Any]] = self.query(name, **parameters).to_pylist()
        return rows

    def frame(self, name: str, **parameters: Any) -> pd.DataFrame:
        """The same as `query`, as a pandas frame."""
        return self._execute(_statement(name), parameters).df()

    def select(self, name: str, columns: Sequence[str], **same: Any) -> pa.Table:
        """Some columns of a kept table, of the rows in which the named columns have the given values."""
        names = ", ".join(f'"{column}"' for column in columns)
        where = " and ".join(f'"{column}" = ${column}' for column in same)
        return self._execute(f"select {names} from {_quoted(name)} where {where}", same).to_arrow_table()

    def execute(self, name: str, **parameters: Any) -> None:
        """Run the statement in `sql/<name>.sql` for what it changes."""
        self._execute(_statement(name), parameters)

    def build(self, name: str, **parameters: Any) -> None:
        """Make the table `station/table` anew from its `.sql` file."""
        self._execute(f"create or replace table {_quoted(name)} as {_statement(name)}", parameters)

    def replace(self, name: str, rows: Rows) -> None:
        """Make `rows` the whole content of a kept table."""
        self._connection.execute(f"delete from {_quoted(name)}")
        self.insert(name, rows)

    def insert(self, name: str, rows: Rows) -> None:
        """Append rows to a kept table; its columns are taken by name, and what a row lacks is null."""
        if len(rows):
            self._connection.register("_incoming", as_arrow(name, rows))
            self._connection.execute(f"insert into {_quoted(name)} by name select * from _incoming")
            self._connection.unregister("_incoming")

    def upsert(self, name: str, rows: Rows) -> None:
        """Put rows in the place of those with the same key. The key must be distinct within `rows`."""
        incoming = as_arrow(name, rows)
        self.delete(name, incoming.select(list(table(name).key)))
        self.insert(name, incoming)

    def delete(self, name: str, keys: pa.Table) -> None:
        """Delete the rows whose columns equal one of `keys`."""
        if keys.num_rows:
            self._connection.register("_keys", keys)
            same = " and ".join(f'target."{column}" is not distinct from _keys."{column}"' for column in keys.column_names)
            self._connection.execute(f"delete from {_quoted(name)} as target using _keys where {same}")
            self._connection.unregister("_keys")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside is kept together, or nothing is."""
        self._connection.execute("begin")
        try:
            yield
        except BaseException:
            self._connection.execute("rollback")
            raise
        self._connection.execute("commit")

    def publish(self, path: Path, names: Sequence[str], **parameters: Any) -> None:
        """Write a new described file at `path` with one table in schema main for each `publish/<table>`."""
        self._connection.execute(f"attach '{_literal(str(path))}' as published")
        try:
            for name in names:
                short = name.split("/")[1]
                self._execute(f'create table published.main."{short}" as {_published_select(name)}', parameters)
                self._describe(f'published.main."{short}"', table(name))
        finally:
            self._connection.execute("detach published")

    def _describe(self, target: str, description: Table) -> None:
        self._connection.execute(f"comment on table {target} is '{_literal(description.comment)}'")
        for column, words in description.columns.items():
            self._connection.execute(f"comment on column {target}.\"{column}\" is '{_literal(words)}'")

    def _execute(self, statement: str, parameters: dict[str, Any]) -> duckdb.DuckDBPyConnection:
        used = {name: value for name, value in parameters.items() if f"${name}" in statement}
        return self._connection.execute(statement, used or None)

    def _prepare(self) -> None:
        """Make schemas and kept tables where they are missing.

        Raises:
            Mend: the file was written by a newer program.
        """
        self._connection.execute("create table if not exists main.store (version integer)")
        found = self._connection.execute("select max(version) from main.store").fetchone()
        version = found[0] if found else None
        if version is None:
            self._connection.execute("insert into main.store values (?)", [STORE_VERSION])
        elif version > STORE_VERSION:
            raise Mend(
                f"{self.path} was written by a newer Listening Path (store version {version}, this one reads up to "
                f"{STORE_VERSION}). Install the newer program, or move the file away: it is built again from landing/.",
                status=1,
            )
        for schema in SCHEMAS:
            self._connection.execute(f"create schema if not exists {schema}")
            for name in tables(schema):
                if not (SQL / f"{name}.sql").exists():
                    columns = ", ".join(f'"{column}" {kind}' for column, kind in table(name).types.items())
                    self._connection.execute(f"create table if not exists {_quoted(name)} ({columns})")


@contextmanager
def opened(path: Path) -> Iterator[Warehouse]:
    """Open the working file for one night, making it where there is none.

    Raises:
        Mend: another process holds the file, it is damaged, or it was written by a newer program.
    """
    try:
        connection = duckdb.connect(str(path), config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"})
        path.chmod(0o600)
    except duckdb.Error as error:
        raise Mend(f"{path} cannot be opened: {' '.join(str(error).split())}", status=1) from None
    try:
        connection.execute("set TimeZone = 'UTC'")
        warehouse = Warehouse(connection, path)
        warehouse._prepare()
        yield warehouse
    finally:
        connection.close()


@contextmanager
def reading(path: Path) -> Iterator[Warehouse]:
    """Open a published file to run `sql/` files on it; nothing can be written, loaded or reached from it."""
    connection = read_only(path)
    try:
        yield Warehouse(connection, path)
    finally:
        connection.close()


def read_only(path: Path) -> duckdb.DuckDBPyConnection:
    """A connection for readers of a published file: nothing can be written, loaded or reached from it."""
    connection = duckdb.connect(str(path), read_only=True)
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")
    return connection


def ask(path: Path, statement: str) -> pd.DataFrame:
    """The rows of a reader's own query on a published file.

    Raises:
        Mend: the statement is wrong or wants to do more than read.
    """
    connection = read_only(path)
    try:
        if len(connection.extract_statements(statement)) != 1:
            raise Mend("One query at a time, please: give a single select.")
        frame: pd.DataFrame = connection.execute(statement).to_arrow_table().to_pandas()
        return frame
    except duckdb.Error as error:
        raise Mend(f"The query cannot be answered: {str(error).strip()}") from None
    finally:
        connection.close()


def export_parquet(database: Path, folder: Path) -> None:
    """Write every table of a published file as `folder/<table>.parquet`."""
    with duckdb.connect(str(database), read_only=True) as connection:
        for (name,) in connection.execute("select table_name from duckdb_tables() order by 1").fetchall():
            target = _literal(str(folder / f"{name}.parquet"))
            connection.execute(f"copy \"{name}\" to '{target}' (format parquet, compression zstd)")


@functools.cache
def _statement(name: str) -> str:
    """What `sql/<name>.sql` says."""
    return (SQL / f"{name}.sql").read_text(encoding="utf-8")


def _published_select(name: str) -> str:
    """What fills a published table: its own file, or all described columns of the table that it copies."""
    if (SQL / f"{name}.sql").exists():
        return _statement(name)
    original = table(name)
    columns = ", ".join(f'"{column}"' for column in original.columns)
    return f"select {columns} from {original.name} order by " + ", ".join(f'"{column}"' for column in original.key)


def _quoted(name: str) -> str:
    station, short = name.split("/")
    return f'{station}."{short}"'


def _literal(text: str) -> str:
    return text.replace("'", "''")
