"""Databases that tests read from: SQLite files, and a real PostgreSQL where one is installed."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

PASSWORD = "s3cret-of-the-reader"


def installed() -> Path | None:
    """The folder of PostgreSQL's programs, the newest version."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[4]))
    here = shutil.which("initdb")
    return found[-1].parent if found else Path(here).parent if here else None


@contextlib.contextmanager
def server() -> Iterator[str]:
    """A PostgreSQL of its own on a free port, gone afterwards; gives the address of its owner. `reader` may only read."""
    pytest.importorskip("psycopg", reason="no driver for PostgreSQL: pip install 'listening-path[postgres]'")
    programs = installed()
    if programs is None:
        pytest.skip("no PostgreSQL here: apt-get install postgresql")
    is_root = os.geteuid() == 0  # whom PostgreSQL does not run for
    as_owner = ["runuser", "-u", "postgres", "--"] if is_root else []
    place = Path(tempfile.mkdtemp(prefix="listening-postgres-"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    try:
        (place / "password").write_text(PASSWORD)
        if is_root:
            owner = pwd.getpwnam("postgres")
            for path in (place, place / "password"):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        data = place / "data"
        _run(*as_owner, programs / "initdb", "-D", data, "-U", "owner", "--auth=scram-sha-256", f"--pwfile={place / 'password'}", "--no-sync")
        options = f"-p {port} -k {place} -c listen_addresses=127.0.0.1 -c fsync=off"
        _run(*as_owner, programs / "pg_ctl", "-D", data, "-l", place / "log", "-o", options, "-w", "start")
        try:
            address = f"postgresql+psycopg://owner:{PASSWORD}@127.0.0.1:{port}/postgres"
            with connected(address) as connection:
                connection.execute(sa.text(f"create role reader login password '{PASSWORD}'"))
                connection.execute(sa.text("grant pg_read_all_data to reader"))
            yield address
        finally:
            _run(*as_owner, programs / "pg_ctl", "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(place, ignore_errors=True)


@contextlib.contextmanager
def connected(address: str) -> Iterator[sa.Connection]:
    """A connection that commits at its end."""
    engine = sa.create_engine(address, poolclass=sa.NullPool)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def _run(*command: str | Path) -> None:
    subprocess.run(list(map(str, command)), check=True, stdout=subprocess.DEVNULL, cwd="/")
