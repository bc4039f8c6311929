"""What the server process imports once, before it forks a night: the whole program, and nothing that starts a thread."""

import contextlib

from listening import cli
from pipelines import __name__ as pipelines

from . import judge, world

with contextlib.suppress(ImportError):  # descriptions are read once, not once a night
    from listening import tables

    for name in (name for station in (*tables.STATIONS, "publish") for name in tables.tables(station)):
        tables.table(name)

__all__ = ["cli", "judge", "pipelines", "world"]
