"""The lake: takes a published file, keeps its tables in a DuckLake as well (a catalogue in PostgreSQL, Parquet in a folder that all see), answers readers.

Each workspace has a schema of its own, and each night is one snapshot of it: several workspaces write at once, a reader
sees whole nights only. A night writes the rows that differ from what the lake holds, so that nothing has to be remembered
between nights, and a night that did not reach the lake is made good by the next one.

DuckLake keeps what is deleted until files are rewritten and snapshots expire; both follow every night. Its catalogue also
keeps the least and greatest value of every column, words among them, so it is to be guarded like the tables.
"""

from __future__ import annotations

import importlib.resources
import logging
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import duckdb
import pyarrow as pa

from listening import tables, warehouse
from listening.workspace import Mend, Workspace

ATTEMPTS = 8  # at a commit that collides with another writer's; DuckLake itself has tried ten times by then
EXTENSIONS = ("ducklake", "postgres_scanner")
SHAPE = """
select table_name, column_name, data_type, duckdb_columns.comment, duckdb_tables.comment
from duckdb_columns() inner join duckdb_tables() using (database_name, schema_name, table_name)
where database_name = $database and schema_name = $schema
order by table_name, column_index
"""
T = TypeVar("T")
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Lake:
    """Where a workspace's tables are in the lake; `catalogue` is the address of a PostgreSQL database, with the password."""

    catalogue: str
    folder: Path
    name: str
    keep_days: int


def of(workspace: Workspace) -> Lake | None:
    """The lake that listening.toml names, None where it names none.

    Raises:
        Mend: its secret cannot be read.
    """
    table = workspace.settings().lake
    if table is None:
        return None
    try:
        catalogue = workspace.secret(table.catalogue)
    except Mend as problem:
        raise Mend(f"[lake] catalogue: {problem}") from None
    return Lake(catalogue, (workspace.root / table.data_path).absolute(), table.name, table.keep_days)


def write(lake: Lake, database: Path, run_id: str, is_forgetting: bool = False) -> None:
    """Make the lake hold the tables of a published file, in one snapshot; after forgetting, nothing earlier is left.

    Raises:
        Mend: the lake cannot be reached or written.
    """
    with _told(lake), _rights_of(lake.folder), _opened(lake) as connection:
        connection.execute(f"attach '{_literal(str(database))}' as published (read_only)")
        touched = _tried(lambda: _write(connection, lake.name, run_id, is_forgetting), connection)
        _tried(lambda: _clean(connection, lake, touched, is_forgetting), connection)


def probe(lake: Lake) -> str:
    """Whether the catalogue answers, in words; changes nothing.

    Raises:
        Mend: it does not.
    """
    with _told(lake), _connected(lake) as connection:
        connection.execute(f"attach '{_options(lake)}' as catalogue (type postgres, secret catalogue, read_only)")
        is_filled = connection.execute("select 1 from duckdb_tables() where database_name = 'catalogue' and table_name = 'ducklake_snapshot'").fetchall()
    return "its catalogue answers" if is_filled else "its catalogue answers and is empty; the first night fills it"


def ask(lake: Lake, statement: str) -> pa.Table:
    """The rows of a reader's own query on the newest snapshot (or on an earlier one: `from records at (timestamp => …)`).

    Raises:
        Mend: the lake cannot be reached; the statement is wrong or wants to do more than read.
    """
    with _told(lake), _opened(lake, is_reader=True) as connection:
        connection.execute(f'use lake."{lake.name}"')
        connection.execute("set python_enable_replacements = false")
        connection.execute(f"set allowed_directories = ['{_literal(str(lake.folder))}/']")
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
        return warehouse.answer(connection, statement)


def _write(connection: duckdb.DuckDBPyConnection, name: str, run_id: str, is_anew: bool) -> list[str]:
    """Put what differs into the lake, all of it or nothing; gives the tables that were touched."""
    touched = []
    connection.execute("begin")
    connection.execute(f'create schema if not exists lake."{name}"')
    wanted, there = _shapes(connection, "published", "main"), _shapes(connection, "lake", name)
    if not there:
        connection.execute("call lake.set_option('parquet_compression', 'zstd')")
    for table in there.keys() - wanted.keys():
        connection.execute(f'drop table lake."{name}"."{table}"')
    for table, shape in wanted.items():
        target = f'lake."{name}"."{table}"'
        if is_anew or there.get(table) != shape:
            _replace(connection, target, table, shape)
            touched.append(table)
        elif _change(connection, target, table):
            touched.append(table)
    connection.execute("call lake.set_commit_message('listening', $words)", {"words": f"{name} {run_id}"})
    connection.execute("commit")
    return touched


def _shapes(connection: duckdb.DuckDBPyConnection, database: str, schema: str) -> dict[str, list[tuple[str, ...]]]:
    """Of each table its columns with types and descriptions."""
    shapes: dict[str, list[tuple[str, ...]]] = {}
    for table, *column in connection.execute(SHAPE, {"database": database, "schema": schema}).fetchall():
        shapes.setdefault(table, []).append(tuple(column))
    return shapes


def _replace(connection: duckdb.DuckDBPyConnection, target: str, table: str, shape: list[tuple[str, ...]]) -> None:
    connection.execute(f'create or replace table {target} as from published.main."{table}"')
    for column, _, words, _ in shape:
        connection.execute(f"comment on column {target}.\"{column}\" is '{_literal(words)}'")
    connection.execute(f"comment on table {target} is '{_literal(shape[0][-1])}'")


def _change(connection: duckdb.DuckDBPyConnection, target: str, table: str) -> bool:
    """Put the rows that differ in the place of those with the same key; gives whether there are any."""
    key = ", ".join(f'"{column}"' for column in tables.table(f"publish/{table}").key)
    same = " and ".join(f'kept."{column}" is not distinct from changed."{column}"' for column in tables.table(f"publish/{table}").key)
    connection.execute(f"""
        create or replace temp table changed as
        select distinct {key} from (
            select {key}, hash(kept) as content from {target} as kept
            union all select {key}, hash(fresh) as content from published.main."{table}" as fresh
        ) group by {key}, content having count(*) = 1
    """)
    if not connection.execute("select count(*) from changed").fetchall()[0][0]:
        return False
    connection.execute(f"delete from {target} as kept using changed where {same}")
    connection.execute(f'insert into {target} select kept.* from published.main."{table}" as kept semi join changed on {same}')
    return True


def _clean(connection: duckdb.DuckDBPyConnection, lake: Lake, touched: list[str], is_forgetting: bool) -> None:
    """Write files anew without their deleted rows, join small ones, let old snapshots go and remove what no snapshot needs.

    A reader may still be in the middle of a snapshot that goes, so its files stay for a day, but not after forgetting.
    """
    for table in touched:
        connection.execute(f"call ducklake_rewrite_data_files('lake', '{table}', schema => '{lake.name}', delete_threshold => 0)")
        connection.execute(f"call ducklake_merge_adjacent_files('lake', '{table}', schema => '{lake.name}')")
    days = 0 if is_forgetting else lake.keep_days
    connection.execute(f"call ducklake_expire_snapshots('lake', older_than => now() - interval {days} day)")
    old = "cleanup_all => true" if is_forgetting else "older_than => now() - interval 1 day"
    connection.execute(f"call ducklake_cleanup_old_files('lake', {old})")
    connection.execute("call ducklake_delete_orphaned_files('lake', older_than => now() - interval 1 day)")  # of nights that were killed


def _tried(work: Callable[[], T], connection: duckdb.DuckDBPyConnection) -> T:
    """What it gives, once it does not collide with what others commit."""
    attempt = 1
    while True:
        try:
            return work()
        except duckdb.Error as problem:
            with suppress(duckdb.Error):
                connection.execute("rollback")
            if attempt == ATTEMPTS or not _is_collision(problem):
                raise
            log.info("another writer's commit came first (%s); trying again", type(problem).__name__)
            time.sleep(random.uniform(0, 0.2 * 2**attempt))  # noqa: S311
            attempt += 1


def _is_collision(problem: duckdb.Error) -> bool:
    """DuckLake tells of most as what they are; what it changes in the catalogue's settings meets PostgreSQL's own words."""
    return isinstance(problem, duckdb.TransactionException) or "could not serialize access" in str(problem)


@contextmanager
def _rights_of(folder: Path) -> Iterator[None]:
    """Give what is written there the rights of the folder: who may read it may read the tables. A new one is its owner's only."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    before = os.umask(0o777 & ~folder.stat().st_mode)
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def _opened(lake: Lake, is_reader: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection with the lake attached."""
    with _connected(lake) as connection:
        how = "read_only" if is_reader else f"data_path '{_literal(str(lake.folder))}', data_inlining_row_limit 0"
        connection.execute(f"attach 'ducklake:postgres:{_options(lake)}' as lake (meta_secret 'catalogue', {how})")
        yield connection


@contextmanager
def _connected(lake: Lake) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that knows the catalogue's password; it is only in a secret, so no message and no table can show it."""
    address = _address(lake)
    named = {"host": address.hostname, "port": address.port, "database": address.path.strip("/"), "user": address.username, "password": address.password}
    given = ", ".join(f"{key} '{_literal(unquote(str(value)))}'" for key, value in named.items() if value)
    with tempfile.TemporaryDirectory(prefix="listening-lake-") as spilled, duckdb.connect(config=warehouse.SETTINGS) as connection:
        connection.execute(f"set temp_directory = '{spilled}'")
        connection.execute("set TimeZone = 'UTC'")
        for extension in EXTENSIONS:
            connection.execute(f"load '{_extension(extension)}'")
        connection.execute(f"create secret catalogue (type postgres, {given})")
        yield connection


def _options(lake: Lake) -> str:
    """What the address says beside the server, such as sslmode."""
    return _literal(" ".join(f"{key}={value}" for key, value in {"connect_timeout": "20", **dict(parse_qsl(_address(lake).query))}.items()))


def _address(lake: Lake) -> SplitResult:
    address = urlsplit(lake.catalogue)
    if not address.scheme.startswith("postgres") or not address.hostname or not address.path.strip("/"):
        raise Mend("[lake] catalogue: what the secret holds must be an address such as postgresql://user:password@host:5432/database.")
    return address


def _extension(name: str) -> Path:
    try:
        package = importlib.resources.files(f"duckdb_extension_{name}")
    except ModuleNotFoundError:
        raise Mend("[lake] in listening.toml needs DuckDB's extensions as packages: pip install 'listening-path[lake]'.") from None
    return Path(str(package)) / "extensions" / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"


@contextmanager
def _told(lake: Lake) -> Iterator[None]:
    """Say in words what the lake refuses."""
    try:
        yield
    except (duckdb.Error, OSError) as error:
        said = " ".join(str(error).split())
        raise Mend(
            f"The lake '{lake.name}' in {lake.folder} cannot be used ({said[:400]}). Mend the catalogue's server, its rights or the folder; "
            "the next night brings the lake up to date.",
            status=1,
        ) from None


def _literal(text: str) -> str:
    return text.replace("'", "''")
