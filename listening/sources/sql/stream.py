"""One night with a table: go on from where the last one ended, and now and then compare every id with what has landed.

The cursor only says where to look. What was committed late with an earlier cursor is met again within `lag`, and
beyond it by the comparison, which also finds what was deleted.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, closing
from typing import Any

from listening.sources import absent
from listening.sources.connector import Connector, Page, Session, Setting, State, Stream
from listening.sources.http import Stopped
from listening.sources.sql import asking, edges
from listening.sources.sql.asking import Walk
from listening.sources.sql.connecting import TIMEOUT, Database
from listening.workspace import FACT_KINDS, FEEDBACK_KINDS

EVERY_NIGHT = 100_000  # up to so many rows every night compares


def rows(session: Session, database: Database, state: State | None) -> Iterator[Page]:
    """What is new or changed in a table. Without a cursor the first night reads it, and from then on what the comparison finds."""
    with database.snapshot() as connection:
        found = asking.table(session, connection)
        newest = asking.newest(found, connection)
        clock = database.clock(connection)
        if nameless := asking.without_key(found, connection):
            session.note(f"has {nameless} rows with nothing in '{found.key}', by which rows are known again; they are left out")
    if found.cursor or state is None or not _days(session):
        before = _before(session, state, newest)
        walk = Walk(database, None if before is None else edges.before(before, session.option("lag")))
        for page in walk.pages():
            yield Page(page, _reached(session, walk, clock))
    if not found.cursor:
        yield Page([], {"walked_at": session.clock})
    database.is_walked, database.is_new = True, state is None


def differences(session: Session, database: Database, state: State | None) -> Iterator[Page]:
    """Now and then, the rows that landing lacks or has otherwise, and a tombstone for each that is gone."""
    if not database.is_walked or not _is_time_to_compare(session, state):
        return
    if database.is_new:  # everything has come tonight
        yield Page([], {"compared_at": session.clock})
    else:
        yield from _differing(session, database)


def _differing(session: Session, database: Database) -> Iterator[Page]:
    """What a comparison of all ids brings, and how many there are.

    Raises:
        Stopped: so much is gone that it rather looks like a mistake.
    """
    with database.snapshot() as connection:
        found = asking.table(session, connection)
    differs = absent.compared(session, found.key, found.version, asking.ids(database))
    if differs.gone:
        yield Page([found.tombstone(key) for key in differs.gone])
    for page in asking.rows_of(database, differs.missing):
        yield Page(page)
    yield Page([], {"compared_at": session.clock, "rows": differs.seen})


def _reached(session: Session, walk: Walk, clock: Any) -> State | None:
    """Where a walk is after a page; None among rows without a cursor, which are read every night."""
    cursor, key = walk.last or (None, None)
    if cursor is None:
        return None
    return {"column": session.option("cursor"), "key": str(key), **edges.kept(edges.earlier(cursor, clock, session.source.timezone))}


def _before(session: Session, checkpoint: State | None, newest: Any) -> Any:
    """The cursor that was reached last time; None, to begin anew, where that says nothing about the table of today.

    Raises:
        Stopped: the table has lost all cursors, which nobody does on purpose.
    """
    cursor = session.option("cursor")
    if checkpoint is None or cursor is None or checkpoint.get("column") != cursor:
        return None
    if newest is None:
        raise Stopped(f"has nothing in '{cursor}' any more, and had something before. Nothing was changed; look whether the table was emptied.")
    if edges.form(newest) != checkpoint["form"]:
        session.note(f"holds another kind of value in '{cursor}' than before, so all rows are read again")
        return None
    reached = edges.taken_up(checkpoint)
    if edges.is_behind(newest, edges.before(reached, session.option("lag"))):
        session.note(f"ends before where the last night ended in '{cursor}' (was it brought back from a backup?), so all rows are read again")
        return None
    return reached


def _is_time_to_compare(session: Session, state: State | None) -> bool:
    state = state or {"compared_at": 0}
    return not session.is_rehearsal and absent.is_due(session, state["compared_at"], _days(session, state.get("rows", 0)))


def _days(session: Session, rows: int = 0) -> int:
    """Days between comparisons, where the settings say nothing; without a cursor, and of a small table, every night compares."""
    return int(session.option("compare_days", absent.DAYS_BETWEEN if session.option("cursor") and rows > EVERY_NIGHT else 1))


def _open(session: Session, url: str) -> AbstractContextManager[Any]:
    if bool(session.option("table")) == bool(session.option("query")):
        raise Stopped(f"needs either table or query in [sources.{session.source.name}]")
    return closing(Database(session, url))


CONNECTOR = Connector(
    name="sql",
    title="the database",
    kinds=(*FEEDBACK_KINDS, *FACT_KINDS),
    base_url="{url}",
    secrets={"password": "the password of the user in url; make a user of its own that may do nothing but read"},
    credentials=(),
    scopes="SELECT on the table (or on what the query reads)",
    limits="one connection, read only; a question is given up after timeout",
    settings={
        "url": Setting("where the database is, without the password", '"postgresql://reader@host/database"', is_needed=True),
        "key": Setting("the column by which a row is known again", '"id"', is_needed=True),
        "table": Setting("the table or view; or query", '"public.feedback"', is_usual=True),
        "columns": Setting("what its columns mean", '{text = "body", said_at = "created_at"}', is_usual=True),
        "query": Setting("a SELECT instead of a table", "\"select * from feedback where channel = 'shop'\""),
        "cursor": Setting("the column that grows with every change of a row; without one the whole table is read every night", '"updated_at"', is_usual=True),
        "deleted": Setting("the column that says that a row is deleted", '"deleted_at"'),
        "lag": Setting("how far before the cursor to read again, for what is committed late: seconds, or steps of a number", str(edges.LAG_SECONDS), kind=int),
        "compare_days": Setting(
            f"days between comparisons of all ids, which find what was deleted; without it every night up to {EVERY_NIGHT:,} rows; 0 for never",
            str(absent.DAYS_BETWEEN),
            kind=int,
        ),
        "gone_at_most": Setting("the share of rows that may be gone before it counts as a mistake", str(absent.GONE_AT_MOST), kind=(int, float)),
        "timeout": Setting("seconds after which a question is given up", str(TIMEOUT), kind=int),
    },
    streams=(
        Stream(
            name="rows",
            walk=rows,
            key=("key",),
            cursor="the greatest value of the cursor column, never later than the database's clock",
            overlap="lag, itself included; what has landed twice folds by key",
            deletions="the deleted column; what is deleted outright, by differences",
            needs={},
        ),
        Stream(
            name="differences",
            walk=differences,
            key=("key",),
            cursor=f"every night, beyond {EVERY_NIGHT:,} rows every compare_days: all ids with their cursor (or a hash of the row) beside what has landed",
            overlap="all of it",
            deletions="ids that are no longer there",
            needs={},
        ),
    ),
    open=_open,
)
