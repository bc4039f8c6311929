"""The doors to outside systems: each takes a source's settings and gives pulls, pages of plain rows. None knows the store."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import Path

from listening.sources import app_store, files, google_play, intercom, qualtrics, sql, typeform, walking, zendesk
from listening.sources.connector import Connector
from listening.sources.pull import Check, Fault, Known, Past, Pull
from listening.workspace import Source

Door = Callable[[Source, Path, Past], Iterator[Pull | Fault | Check]]

SYSTEMS = (zendesk, intercom, qualtrics, typeform, google_play, app_store, sql)
CONNECTORS: dict[str, Connector] = {system.CONNECTOR.name: system.CONNECTOR for system in SYSTEMS}


def _files(source: Source, root: Path, past: Past) -> Iterator[Pull | Fault]:
    return files.pulls(source, root, past.known)


DOORS: dict[str, Door] = {"files": _files, **{name: functools.partial(walking.pulls, connector) for name, connector in CONNECTORS.items()}}

__all__ = ["CONNECTORS", "DOORS", "Check", "Connector", "Fault", "Known", "Past", "Pull"]
