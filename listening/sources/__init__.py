"""The doors to outside systems: each takes a source's settings and gives pulls, pages of plain rows. None knows the store."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from listening.sources import files
from listening.sources.pull import Fault, Known, Pull
from listening.workspace import Source

Door = Callable[[Source, Path, Known], Iterator[Pull | Fault]]

DOORS: dict[str, Door] = {"files": files.pulls}

__all__ = ["DOORS", "Fault", "Known", "Pull"]
