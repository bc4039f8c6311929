"""Questions to a table: takes a database and where to begin, gives pages of rows in the order of (cursor, key), ids, or the rows of some ids.

A question is streamed. Where the connection breaks, the next one asks for what comes after the last whole page, so that
neither a tie nor a page that broke off in its middle loses a row.
"""

from __future__ import annotations

import datetime as dt
import decimal
import hashlib
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from listening.sources.connector import Cells, Session
from listening.sources.http import Stopped
from listening.sources.pull import printable
from listening.sources.sql.connecting import Database, Lost
from listening.workspace import GONE

PAGE = 2_000  # rows
KEYS_AT_A_TIME = 500
TRIES, PAUSE = 4, 2.0  # of one page before a night gives up; seconds between them, doubling
VERSION = "_version"  # of rows without a cursor: a hash by which a change is seen


@dataclass(frozen=True)
class Table:
    """What is read, a table or the answer to a query, with the columns that it has tonight."""

    relation: sa.FromClause
    names: tuple[str, ...]
    key: str
    cursor: str | None
    deleted: str | None

    @property
    def version(self) -> str:
        """The cell by which a change of a row is seen."""
        return self.cursor or VERSION

    def ask(self, *columns: str) -> sa.Select[Any]:
        """A question for some columns, by default all, of the rows that have a key."""
        return sa.select(*map(sa.column, columns or self.names)).select_from(self.relation).where(sa.column(self.key).is_not(None))

    def cells(self, values: sa.Row[Any]) -> Cells:
        """A row as landing keeps it."""
        cells = {name: plain(value) for name, value in zip(self.names, values, strict=True)}
        if not self.cursor:
            cells[VERSION] = hashlib.blake2b(json.dumps(cells).encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
        return {**cells, GONE: False}

    def tombstone(self, key: str) -> Cells:
        """The row that tells that another one is no longer there."""
        return {**dict.fromkeys(self.names), self.key: key, self.deleted or GONE: True, GONE: True}


def table(session: Session, connection: sa.Connection) -> Table:
    """What a source means by its table or query, looked up in the database.

    Raises:
        Stopped: it lacks a column that the settings name.
    """
    relation: sa.FromClause
    if query := session.option("query"):
        words = re.sub(r"(?<![:\w\\]):(?=\w)", r"\\:", query.strip().rstrip(";"))  # a colon is none of SQLAlchemy's parameters
        relation = sa.text(words).columns().subquery("asked")
    else:
        schema, _, name = session.option("table").rpartition(".")
        relation = sa.table(name, schema=schema or None)
    names = tuple(connection.execute(sa.select(sa.literal_column("*")).select_from(relation).where(sa.false())).keys())
    for setting in ("key", "cursor", "deleted"):
        column = session.option(setting)
        if column and column not in names:
            there = ", ".join(map(printable, names[:40]))
            raise Stopped(f"has no column '{column}' there, which {setting} in [sources.{session.source.name}] names. The columns are: {there}")
    return Table(relation, names, session.option("key"), session.option("cursor"), session.option("deleted"))


@dataclass
class Walk:
    """The rows from a lower bound on, those without a cursor last. `last` is the (cursor, key) of the last row of the last whole page."""

    database: Database
    since: Any = None
    last: tuple[Any, Any] | None = None
    is_at_nulls: bool = False

    def pages(self) -> Iterator[list[Cells]]:
        """Whole pages only.

        Raises:
            Stopped: the database refuses, or the connection broke again and again at one place.
        """
        tries = 0
        while True:
            try:
                for page in self._through():
                    tries = 0
                    yield page
                return
            except Lost as broken:
                tries += 1
                if tries == TRIES:
                    raise Stopped(f"{broken} What came before is kept, and the next night goes on from there.") from None
                time.sleep(PAUSE * 2 ** (tries - 1))

    def _through(self) -> Iterator[list[Cells]]:
        with self.database.snapshot() as connection:
            found = table(self.database.session, connection)
            if not self.is_at_nulls:
                yield from self._part(connection, found)
            if found.cursor:
                if not self.is_at_nulls:
                    self.is_at_nulls, self.last = True, None
                yield from self._part(connection, found)

    def _part(self, connection: sa.Connection, found: Table) -> Iterator[list[Cells]]:
        """The rows with a cursor, or those without one."""
        key_at = found.names.index(found.key)
        cursor_at = found.names.index(found.cursor) if found.cursor and not self.is_at_nulls else None
        for some in streamed(connection, self._question(found)):
            page = [found.cells(values) for values in some]
            self.last = (None if cursor_at is None else some[-1][cursor_at], some[-1][key_at])
            yield page

    def _question(self, found: Table) -> sa.Select[Any]:
        key: sa.ColumnClause[Any] = sa.column(found.key)
        if not found.cursor or self.is_at_nulls:
            question = found.ask().order_by(key)
            question = question.where(sa.column(found.cursor).is_(None)) if found.cursor else question
            return question.where(key > self.last[1]) if self.last else question
        cursor: sa.ColumnClause[Any] = sa.column(found.cursor)
        question = found.ask().where(cursor.is_not(None)).order_by(cursor, key)
        if self.last:
            at, after = self.last
            return question.where(cursor >= at, sa.or_(cursor > at, key > after))
        return question if self.since is None else question.where(cursor >= self.since)


def newest(found: Table, connection: sa.Connection) -> Any:
    """The greatest cursor that the table holds; None if it holds none."""
    return connection.scalar(sa.select(sa.func.max(sa.column(found.cursor))).select_from(found.relation)) if found.cursor else None


def without_key(found: Table, connection: sa.Connection) -> int:
    """How many rows have no key, and so cannot be told apart."""
    return connection.scalar(sa.select(sa.func.count()).select_from(found.relation).where(sa.column(found.key).is_(None))) or 0


def ids(database: Database) -> Iterator[list[tuple[str, str | None]]]:
    """Every key that is there with its row's version, as landing keeps them, in pages.

    Raises:
        Stopped: the database cannot be read to the end, so that nobody knows what is gone.
    """
    with _whole(database) as (connection, found):
        for some in streamed(connection, found.ask(found.key, found.cursor) if found.cursor else found.ask()):
            if found.cursor:
                yield [(str(plain(key)), _as_text(version)) for key, version in some]
            else:
                rows = map(found.cells, some)
                yield [(str(cells[found.key]), cells[VERSION]) for cells in rows]


def rows_of(database: Database, keys: list[str]) -> Iterator[list[Cells]]:
    """The rows of some keys, as they are now.

    Raises:
        Stopped: the database cannot be read to the end.
    """
    with _whole(database) as (connection, found):
        one = connection.scalar(found.ask(found.key).limit(1))
        typed = {int: int, decimal.Decimal: decimal.Decimal}.get(type(one), str)
        for place in range(0, len(keys), KEYS_AT_A_TIME):
            some = [typed(key) for key in keys[place : place + KEYS_AT_A_TIME]]
            yield [found.cells(values) for values in connection.execute(found.ask().where(sa.column(found.key).in_(some)))]


@contextmanager
def _whole(database: Database) -> Iterator[tuple[sa.Connection, Table]]:
    """A snapshot of the table for a question that means nothing unless it is answered to the end."""
    try:
        with database.snapshot() as connection:
            yield connection, table(database.session, connection)
    except Lost as broken:
        raise Stopped(str(broken)) from None


def streamed(connection: sa.Connection, question: sa.Select[Any]) -> Iterator[Any]:
    """The answer to a question in pages, of which one is in memory at a time."""
    return iter(connection.execute(question, execution_options={"yield_per": PAGE}).partitions())


def plain(value: Any) -> Any:
    """A value as JSON can hold it: moments with a zone in UTC, exact numbers as text."""
    if isinstance(value, dt.datetime):
        return (value.astimezone(dt.UTC) if value.tzinfo else value).isoformat()
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else None  # neither NaN nor infinite
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).decode("utf-8", "replace")
    if isinstance(value, dict):
        return {str(name): plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple | set):
        return [plain(each) for each in value]
    return value.isoformat() if isinstance(value, dt.date | dt.time) else str(value)


def _as_text(value: Any) -> str | None:
    value = plain(value)
    return value if value is None or isinstance(value, str) else json.dumps(value)
