"""The way into a company's database: takes a session and an address, gives read-only snapshots, or a sentence on what keeps us out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, NoSuchModuleError

from listening.sources.connector import Session
from listening.sources.http import Stopped
from listening.sources.pull import printable

DRIVERS = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg", "mysql": "mysql+pymysql", "mariadb": "mariadb+pymysql"}
TO_INSTALL = {"psycopg": "'listening-path[postgres]'", "pymysql": "pymysql", "pyodbc": "pyodbc", "oracledb": "oracledb"}
CONNECT_SECONDS = 30
TIMEOUT = 600  # seconds for one question
# what each system is told as soon as it listens: change nothing, and do not let one question run for ever
AT_FIRST = {
    "postgresql": ("set session characteristics as transaction isolation level repeatable read, read only", "set statement_timeout = {milliseconds}"),
    "mysql": ("set session transaction isolation level repeatable read, read only", "set session max_execution_time = {milliseconds}"),
    "mariadb": ("set session transaction isolation level repeatable read, read only", "set session max_statement_time = {seconds}"),
    "sqlite": ("pragma query_only = on",),
}
COMPLAINTS = {  # words of any system's complaint → what to do
    ("password", "authentication", "access denied", "login failed", "no pg_hba"): (
        "does not let '{user}' in. Look at the user in url and at the secret that password_env or password_file names in {place}, "
        "and whether this user may connect from here."
    ),
    ("statement timeout", "max_execution_time", "max_statement_time"): (
        "was given up, since a question took longer than {seconds} seconds. Give the cursor and key columns an index, or raise timeout in {place}."
    ),
    ("permission denied", "command denied", "insufficient privilege"): "does not let '{user}' read this ({said}). Grant SELECT on it.",
    ("no such table", "no such column", "does not exist", "doesn't exist", "invalid object"): (
        "has no such table, column or database ({said}). Mend url, table or query in {place}."
    ),
    ("locked",): "is locked by another program. Put it into WAL mode, or point url in {place} to a copy; the next night tries again.",
}
CLOCKS = {"mysql": sa.func.utc_timestamp(), "mariadb": sa.func.utc_timestamp(), "mssql": sa.func.sysutcdatetime()}


class Database:
    """A database that can be read. Nothing is opened before it is asked for."""

    def __init__(self, session: Session, url: str) -> None:
        self.session = session
        self.bytes = 0  # of what was read; drivers do not tell
        self.is_walked = self.is_new = False  # to the end, tonight; for the first time
        self._place = f"[sources.{session.source.name}]"
        self._timeout = int(session.option("timeout", TIMEOUT))
        self._engine = self._make(_address(session, url))

    @contextmanager
    def snapshot(self) -> Iterator[sa.Connection]:
        """A read-only transaction; everything asked in it is of one moment where the system can do that.

        Raises:
            Lost: the connection broke, so that another try may go on from where this one was.
            Stopped: the database refuses, for a reason that a person must mend.
        """
        try:
            with self._engine.connect() as connection:
                yield connection.execution_options(stream_results=True)
        except DBAPIError as error:
            raise (Lost if error.connection_invalidated else Stopped)(self.told(error)) from None

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def clock(self, connection: sa.Connection) -> Any:
        """The time by the database's own clock."""
        return connection.scalar(sa.select(CLOCKS.get(self._engine.dialect.name, sa.func.current_timestamp())))

    def told(self, error: DBAPIError) -> str:
        """What a database complains about, in a sentence without secrets and without what its rows hold."""
        said = " ".join(str(error.orig).split())[:300]
        for secret in self.session.secrets.values():
            said = said.replace(secret, "***")
        if isinstance(error, DataError):
            return f"holds a value that cannot be read ({type(error.orig).__name__}). Leave it out, or cast it to text, with query in {self._place}."
        for words, sentence in COMPLAINTS.items():
            if any(word in said.lower() for word in words):
                return sentence.format(said=printable(said), user=self._engine.url.username, seconds=self._timeout, place=self._place)
        return f"cannot be read ({printable(said)}). Look at url in {self._place}, and whether the database is up."

    def _make(self, url: sa.URL) -> sa.Engine:
        waiting = {"connect_timeout": CONNECT_SECONDS} if url.get_backend_name() in ("postgresql", "mysql", "mariadb") else {}
        try:
            engine = sa.create_engine(url, poolclass=sa.NullPool, connect_args=waiting)
        except (ModuleNotFoundError, NoSuchModuleError) as error:
            driver = (error.name if isinstance(error, ModuleNotFoundError) else None) or url.drivername
            raise Stopped(f"needs a driver: '{url.drivername}' is not installed. Run pip install {TO_INSTALL.get(driver, driver)}") from None
        except (ArgumentError, TypeError, ValueError) as error:
            raise Stopped(f"cannot use url in {self._place} ({type(error).__name__}).") from None
        sa.event.listen(engine, "connect", self._greet)
        return engine

    def _greet(self, connection: Any, _: Any) -> None:
        if self._engine.dialect.name == "sqlite":
            connection.text_factory = _text
        limits = {"seconds": self._timeout, "milliseconds": self._timeout * 1000}
        cursor = connection.cursor()
        for statement in AT_FIRST.get(self._engine.dialect.name, ()):
            cursor.execute(statement.format(**limits))
        cursor.close()
        if self._engine.dialect.name != "sqlite":
            connection.commit()


class Lost(Exception):
    """The connection broke while rows were on their way; the message is a sentence."""


def _address(session: Session, address: str) -> sa.URL:
    """Where the database is, with the driver that we bring and the secret in its place."""
    place = f"[sources.{session.source.name}]"
    try:
        url = sa.make_url(address)
    except ArgumentError:
        raise Stopped(f"needs the address of a database as url in {place}, such as postgresql://reader@host/database") from None
    if url.password or any("pass" in name.lower() for name in url.query):
        raise Stopped(f"has a password in the url of {place}. Take it out, and name where it is: password_env (an environment variable) or password_file.")
    url = url.set(drivername=DRIVERS.get(url.drivername, url.drivername))
    if url.get_backend_name() != "sqlite":
        return url.set(password=session.secrets["password"]) if "password" in session.secrets else url
    path = session.root / (url.database or "")
    if not path.is_file():
        raise Stopped(f"finds no file {path}. Mend url in {place}; sqlite:///name.db is a file below the workspace.")
    return url.set(database=f"file:{quote(str(path))}", query={"mode": "ro", "uri": "true"})


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
