"""The store: opens `warehouse.duckdb`, makes the tables that `tables.py` describes, runs `sql/` files, writes the published copy.

The store can always be built again from `landing/`. So one that cannot be used (damaged, of another version, or without
what it once had committed) is set aside, and a new one takes its place. Every transaction raises a number in the store
and, once it is durable, in `<store>.commits` beside it; a store that counts less than that file has lost something,
as DuckDB opens without complaint when the end of its log is cut off.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa

from listening import tables
from listening.workspace import MEMORY, Mend

STORE_VERSION = 3
NOT_IN_LANDING = ("night/runs", "records/run_counts")  # carried over from a store of another version
SETTINGS: dict[str, str | bool | int | float | list[str]] = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
_BROKEN = (
    duckdb.IOException, duckdb.FatalException, duckdb.InternalException, duckdb.SerializationException, duckdb.OutOfMemoryException,
    duckdb.TransactionException,
)  # fmt: skip
log = logging.getLogger(__name__)


class StoreFault(Mend):
    """The store cannot be written or read on; the night ends, and the next one goes on from what was committed."""

    def __init__(self, path: Path, error: Exception) -> None:
        said = " ".join(str(error).split())
        mend = "Free the disk, or mend its permissions, and run again: what has landed is kept, and the night goes on from there."
        if any(word in said.lower() for word in ("corrupt", "checksum", "metadata", "deserializ")):
            mend = "It is damaged. Run 'listening rebuild': it is built again from landing/, where nothing is lost."
        elif isinstance(error, duckdb.OutOfMemoryException) and "temp_directory" not in said:
            mend = "Let it take more with memory = '…' in [run] of listening.toml, twice as much say, and run again: the night goes on from what was kept."
        super().__init__(f"{path} cannot be used any further ({said}). {mend}", status=1)


class _Unusable(Exception):
    """A store that is to be set aside, with the reason in a few words."""


class Warehouse:
    """An open store. Not for several threads at a time; close it before another process is to open the file.

    `notes` holds a sentence if another store was set aside for this one.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, path: Path, memory: str = MEMORY) -> None:
        self._connection = connection
        self.path = path
        self._memory = memory
        self.notes: list[str] = []

    def query(self, name: str, **parameters: Any) -> pa.Table:
        """The rows that `sql/<name>.sql` selects; `$word` in the file takes the parameter of that name."""
        return self._execute(tables.statement(name), parameters).to_arrow_table()

    def rows(self, name: str, **parameters: Any) -> list[dict[str, Any]]:
        """The same as `query`, as plain dictionaries."""
        rows: list[dict[str, Any]] = self.query(name, **parameters).to_pylist()
        return rows

    def frame(self, name: str, **parameters: Any) -> pd.DataFrame:
        """The same as `query`, as a pandas frame."""
        return self._execute(tables.statement(name), parameters).df()

    def whole(self, name: str, of: str | None = None) -> pd.DataFrame:
        """All rows of a table, or those whose key is in another one, in an order that depends on nothing but them, as a pandas frame."""
        only = f"semi join {_quoted(of)} using ({_key(of)})" if of else ""
        return self._execute(f"select * from {_quoted(name)} {only} order by all").df()

    def select(self, name: str, columns: Sequence[str], **same: Any) -> pa.Table:
        """Some columns of a kept table, of the rows in which the named columns have the given values."""
        names = ", ".join(f'"{column}"' for column in columns)
        where = " and ".join(f'"{column}" = ${column}' for column in same) or "true"
        return self._execute(f"select {names} from {_quoted(name)} where {where}", same).to_arrow_table()

    def execute(self, name: str, **parameters: Any) -> None:
        """Run the statement in `sql/<name>.sql` for what it changes."""
        self._execute(tables.statement(name), parameters)

    def build(self, name: str, **parameters: Any) -> None:
        """Make the table `station/table` anew from its `.sql` file."""
        self._execute(f"create or replace table {_quoted(name)} as {tables.statement(name)}", parameters)

    def recount(self, name: str, touched: str, **parameters: Any) -> None:
        """Make the rows of a table anew of which `touched` holds the key; its `.sql` file gives these rows and no others."""
        self._clear(name, touched)
        self._execute(f"insert into {_quoted(name)} by name {tables.statement(name)}", parameters)

    def renew(self, name: str, touched: str, rows: tables.Rows) -> None:
        """Put rows in the place of those of a kept table of which `touched` holds the key; others among them are left out."""
        self._clear(name, touched)
        self._insert(name, rows, f"semi join {_quoted(touched)} using ({_key(touched)})")

    def empty(self, name: str) -> None:
        """Make a described table without rows, in place of whatever there was."""
        columns = ", ".join(f'"{column}" {kind}' for column, kind in tables.table(name).types.items())
        self._execute(f"create or replace table {_quoted(name)} ({columns})")

    def replace(self, name: str, rows: tables.Rows) -> None:
        """Make `rows` the whole content of a kept table."""
        self._execute(f"delete from {_quoted(name)}")
        self.insert(name, rows)

    def insert(self, name: str, rows: tables.Rows) -> None:
        """Append rows to a kept table; its columns are taken by name, and what a row lacks is null."""
        self._insert(name, rows)

    def upsert(self, name: str, rows: tables.Rows) -> None:
        """Put rows in the place of those with the same key. The key must be distinct within `rows`."""
        incoming = tables.as_arrow(name, rows)
        self.delete(name, incoming.select(list(tables.table(name).key)))
        self.insert(name, incoming)

    def delete(self, name: str, keys: pa.Table) -> None:
        """Delete the rows whose columns equal one of `keys`."""
        if keys.num_rows:
            self._connection.register("_keys", keys)
            same = " and ".join(f'target."{column}" is not distinct from _keys."{column}"' for column in keys.column_names)
            self._execute(f"delete from {_quoted(name)} as target using _keys where {same}")
            self._connection.unregister("_keys")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything inside is kept together, or nothing is.

        Raises:
            StoreFault: the commit failed. One that raised and is durable all the same, as DuckDB may do on a full
                disk, does not raise.
        """
        self._execute("begin")
        try:
            yield
            self._execute("update main.store set commits = commits + 1")
            number = self._number_of_commits()
        except BaseException:
            with suppress(duckdb.Error):  # a broken connection has rolled back by itself
                self._connection.execute("rollback")
            raise
        self._commit(number)

    def publish(self, path: Path, names: Sequence[str], **parameters: Any) -> None:
        """Write a new described file at `path` with one table in schema main for each `publish/<table>`."""
        self._execute(f"attach '{_literal(str(path))}' as published")
        try:
            self._execute("begin")  # else every comment would wait for the disk
            for name in names:
                short = name.split("/")[1]
                self._execute(f'create table published.main."{short}" as {tables.published(name)}', parameters)
                self._describe(f'published.main."{short}"', tables.table(name))
            self._execute("commit")
        except BaseException:
            with suppress(duckdb.Error):
                self._connection.execute("rollback")
            raise
        finally:
            with suppress(duckdb.Error):
                self._connection.execute("detach published")

    def note_erasure(self) -> None:
        """Remember, with whatever the transaction deletes, that the store is to be copied without it."""
        self._execute("update main.store set is_copy_due = true")

    @property
    def is_copy_due(self) -> bool:
        """Whether something was deleted whose bytes still stand in the file."""
        return bool(self._execute("select is_copy_due from main.store").fetchall()[0][0])

    def compact(self) -> None:
        """Copy everything into a new file and put that in the place of the old one, which is unlinked.

        Deleting rows leaves their bytes in the file; only a copy is without them.
        """
        fresh = self.path.with_name(f".{self.path.name}.new")
        fresh.unlink(missing_ok=True)
        name = self.path.stem.replace('"', "")
        self._execute(f"attach '{_literal(str(fresh))}' as fresh")
        self._execute(f'copy from database "{name}" to fresh')
        kept, copied = (self._sizes(database) for database in (name, "fresh"))
        self._execute("update fresh.main.store set is_copy_due = false")
        self._execute("detach fresh")
        if kept != copied:
            raise StoreFault(self.path, RuntimeError("its copy differs from it"))
        self._connection.close()
        fresh.chmod(0o600)
        fresh.replace(self.path)
        _log_of(self.path).unlink(missing_ok=True)
        self._connection = _connect(self.path, self._memory)

    def _insert(self, name: str, rows: tables.Rows, only: str = "") -> None:
        if len(rows):
            self._connection.register("_incoming", tables.as_arrow(name, rows))
            self._execute(f"insert into {_quoted(name)} by name select * from _incoming {only}")
            self._connection.unregister("_incoming")

    def _clear(self, name: str, touched: str) -> None:
        key = _key(touched)
        self._execute(f"delete from {_quoted(name)} where ({key}) in (select ({key}) from {_quoted(touched)})")

    def _sizes(self, database: str) -> dict[str, int]:
        names = self._execute(
            "select schema_name || '.\"' || table_name || '\"' from duckdb_tables() where database_name = $database order by 1", {"database": database}
        ).fetchall()
        return {name: self._execute(f'select count(*) from "{database}".{name}').fetchall()[0][0] for (name,) in names}

    def _commit(self, number: int) -> None:
        try:
            self._connection.execute("commit")
        except duckdb.Error as error:
            with suppress(duckdb.Error):
                self._connection.close()
            try:
                self._connection = _connect(self.path, self._memory)
                is_durable = self._number_of_commits() >= number
            except duckdb.Error:
                is_durable = False
            if not is_durable:
                raise StoreFault(self.path, error) from None
            log.warning("the store complained at a commit that was kept all the same: %s", " ".join(str(error).split()))
        _raise_watermark(self.path, number)

    def _number_of_commits(self) -> int:
        return int(self._execute("select commits from main.store").fetchall()[0][0])

    def _describe(self, target: str, description: tables.Table) -> None:
        self._execute(f"comment on table {target} is '{_literal(description.comment)}'")
        for column, words in description.columns.items():
            self._execute(f"comment on column {target}.\"{column}\" is '{_literal(words)}'")

    def _execute(self, statement: str, parameters: Mapping[str, Any] | None = None) -> duckdb.DuckDBPyConnection:
        used = {name: value for name, value in (parameters or {}).items() if f"${name}" in statement}
        try:
            return self._connection.execute(statement, used or None)
        except _BROKEN as error:
            raise StoreFault(self.path, error) from None

    def _prepare(self) -> None:
        """Make schemas and kept tables in a store that is new.

        Raises:
            Mend: the file was written by a newer program.
            _Unusable: it was written by an older one, or has lost what it had committed.
        """
        if self._execute("select 1 from duckdb_tables() where schema_name = 'main' and table_name = 'store'").fetchall():
            self._check_version()
            return
        for schema in tables.STATIONS:
            self._execute(f'create schema if not exists "{schema}"')  # quoted, since a station's word may be one of SQL's, too
        for name in tables.kept():
            self.empty(name)
        commits = _watermark(self.path)
        self._execute(
            f"create table main.store as select {STORE_VERSION} as version, '{tables.shape()}' as shape, {commits}::bigint as commits, false as is_copy_due"
        )

    def _check_version(self) -> None:
        version = self._execute("select max(version) from main.store").fetchall()[0][0]
        if version > STORE_VERSION:
            raise Mend(
                f"{self.path} was written by a newer Listening Path (store version {version}, this one reads up to "
                f"{STORE_VERSION}). Install the newer program, or move the file away: it is built again from landing/.",
                status=1,
            )
        if version < STORE_VERSION or self._execute("select shape from main.store").fetchall()[0][0] != tables.shape():
            raise _Unusable("was made by an older version of the program")
        lost = _watermark(self.path) - self._number_of_commits()
        if lost > 0:
            raise _Unusable(f"has lost the last {lost} of what had been committed to it")

    def _carry_over(self, older: Path) -> None:
        """Take what landing does not hold from a store of another version: its runs and their counts."""
        with suppress(duckdb.Error):
            self._connection.execute(f"attach '{_literal(str(older))}' as older (read_only)")
            for name in NOT_IN_LANDING:
                target = tables.table(name)
                there = {row[0] for row in self._connection.execute(f"select column_name from (describe older.{_quoted(name)})").fetchall()}
                columns = ", ".join(f'"{column}"' for column in target.types if column in there)
                self._connection.execute(f"insert into {_quoted(name)} by name select {columns} from older.{_quoted(name)}")
            self._connection.execute("detach older")


@contextmanager
def opened(path: Path, memory: str = MEMORY) -> Iterator[Warehouse]:
    """Open the working file for one night, making it where there is none; `memory` is the most that it takes, such as '2GB'.

    One that cannot be used is moved into `.set-aside/` beside it and a new one made; `Warehouse.notes` says so. The
    caller fills it again from what has landed.

    Raises:
        Mend: another process holds the file, it cannot be written, or it was written by a newer program.
    """
    shutil.rmtree(path.with_name(f"{path.name}.tmp"), ignore_errors=True)  # what a killed night had spilled to disk
    is_lost = not path.exists() and _watermark(path) > 0
    with _copied(_log_of(path)) as log_before:
        try:
            warehouse = _open(path, memory)
        except _Unusable as problem:
            kept = _set_aside(path, log_before)
            try:
                warehouse = _open(path, memory)
            except _Unusable as again:  # a new one cannot be damaged, so it is the disk
                raise StoreFault(path, again) from None
            warehouse._carry_over(kept)
            warehouse.notes.append(f"{path.name} {problem}; it was set aside as {kept} and is built again from what has landed")
    if is_lost:
        warehouse.notes.append(f"{path.name} was not there; it is built again from what has landed")
    try:
        yield warehouse
    finally:
        with suppress(duckdb.Error):  # what was committed is in its log, and the next night opens it
            warehouse._connection.close()


def discard(path: Path) -> None:
    """Throw a store away, with its log and the count of its commits."""
    for each in (path, _log_of(path), _watermark_of(path)):
        each.unlink(missing_ok=True)


def _open(path: Path, memory: str) -> Warehouse:
    try:
        connection = _connect(path, memory)
    except duckdb.Error as error:
        said = " ".join(str(error).split())
        if "set lock" in said.lower():
            raise Mend(f"{path} is held by another program: {said} Close it there, and run again.", status=1) from None
        if not path.exists() or not os.access(path, os.R_OK | os.W_OK) or "newer" in said or "storage version" in said:
            raise Mend(f"{path} cannot be opened: {said} Mend its owner and permissions, and run again.", status=1) from None
        raise _Unusable(f"is damaged ({said})") from None
    warehouse = Warehouse(connection, path, memory)
    try:
        warehouse._prepare()
    except StoreFault as problem:
        connection.close()
        raise (_Unusable("is damaged") if "damaged" in str(problem) else problem) from None
    except BaseException:
        connection.close()
        raise
    return warehouse


def _connect(path: Path, memory: str) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(str(path), config=SETTINGS)
    path.chmod(0o600)
    _settle(connection)
    connection.execute(f"set memory_limit = '{memory}'")
    connection.execute("set asof_loop_join_threshold = 0")  # else a side that is guessed to be small is gone through for every row of the other
    return connection


def _settle(connection: duckdb.DuckDBPyConnection) -> None:
    """Times in UTC, and no progress bars among what the night prints."""
    connection.execute("set TimeZone = 'UTC'")
    connection.execute("set enable_progress_bar = false")


@contextmanager
def _copied(log_file: Path) -> Iterator[Path | None]:
    """A copy of the log that a killed night left, since opening the store consumes it; removed when all is well."""
    copy = log_file.with_name(f".{log_file.name}.before")
    copy.unlink(missing_ok=True)
    if log_file.exists():
        shutil.copyfile(log_file, copy)
    try:
        yield copy if copy.exists() else None
    finally:
        copy.unlink(missing_ok=True)


def _set_aside(path: Path, log_before: Path | None) -> Path:
    """Move an unusable store and its log away, as evidence and as a backup; only the newest is kept."""
    aside = path.with_name(".set-aside")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(mode=0o700)
    kept = aside / path.name
    if path.exists():
        path.replace(kept)
    _log_of(path).unlink(missing_ok=True)
    if log_before:
        log_before.replace(kept.with_name(f"{_log_of(path).name}.before"))
    return kept


def _log_of(path: Path) -> Path:
    """DuckDB's write-ahead log of a store."""
    return path.with_name(f"{path.name}.wal")


def _watermark_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.commits")


def _watermark(path: Path) -> int:
    """How many commits a store is known to have had; 0 where nothing tells."""
    try:
        return int(_watermark_of(path).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return 0


def _raise_watermark(path: Path, number: int) -> None:
    """Note that a commit is durable. Too low a number does no harm, so nothing waits for the disk here."""
    partial = _watermark_of(path).with_suffix(".partial")
    with suppress(OSError):
        partial.write_text(str(number), encoding="ascii")
        partial.chmod(0o600)
        partial.replace(_watermark_of(path))


@contextmanager
def reading(path: Path) -> Iterator[Warehouse]:
    """Open a published file to run `sql/` files on it; nothing can be written, loaded or reached from it."""
    connection = read_only(path)
    try:
        yield Warehouse(connection, path)
    finally:
        connection.close()


def read_only(path: Path) -> duckdb.DuckDBPyConnection:
    """A connection for readers of a published file: nothing can be written, loaded or reached from it.

    Raises:
        Mend: this very program has the file open with other settings, as after a plain `duckdb.connect`.
    """
    try:
        connection = duckdb.connect(str(path), read_only=True, config=SETTINGS)
    except duckdb.ConnectionException:
        raise Mend(f"{path} is open already in this program, with other settings. Close that connection first.", status=1) from None
    _settle(connection)
    connection.execute("set python_enable_replacements = false")
    connection.execute("set enable_external_access = false")
    connection.execute("set lock_configuration = true")
    return connection


def ask(path: Path, statement: str) -> pa.Table:
    """The rows of a reader's own query on a published file.

    Raises:
        Mend: the statement is wrong or wants to do more than read.
    """
    connection = read_only(path)
    try:
        return answer(connection, statement)
    finally:
        connection.close()


def answer(connection: duckdb.DuckDBPyConnection, statement: str) -> pa.Table:
    """The rows of a single query on a connection that can only read.

    Raises:
        Mend: the statement is wrong or wants to do more than read.
    """
    try:
        if len(connection.extract_statements(statement)) != 1:
            raise Mend("One query at a time, please: give a single select.")
        return connection.execute(statement).to_arrow_table()
    except duckdb.Error as error:
        raise Mend(f"The query cannot be answered: {str(error).strip()}") from None


def contents(path: Path) -> Iterator[tuple[str, pa.RecordBatch]]:
    """Every row of every table of a file, a batch at a time, with the table's name."""
    with duckdb.connect(str(path), read_only=True) as connection:
        _settle(connection)
        for schema, name in connection.execute("select schema_name, table_name from duckdb_tables() order by all").fetchall():
            for batch in connection.execute(f'select * from "{schema}"."{name}"').to_arrow_reader(10_000):
                yield name, batch


def export_parquet(database: Path, folder: Path) -> None:
    """Write every table of a published file as `folder/<table>.parquet`."""
    with duckdb.connect(str(database), read_only=True) as connection:
        _settle(connection)
        for (name,) in connection.execute("select table_name from duckdb_tables() order by 1").fetchall():
            target = _literal(str(folder / f"{name}.parquet"))
            try:
                connection.execute(f"copy \"{name}\" to '{target}' (format parquet, compression zstd)")
            except _BROKEN as error:
                raise StoreFault(folder, error) from None


def _quoted(name: str) -> str:
    station, short = name.split("/")
    return f'"{station}"."{short}"'


def _key(name: str) -> str:
    return ", ".join(f'"{column}"' for column in tables.table(name).key)


def _literal(text: str) -> str:
    return text.replace("'", "''")
