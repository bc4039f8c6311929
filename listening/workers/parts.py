"""Parts of some work, for workers anywhere: takes tables, gives what came of each in the same order.

    <folder>/<number>/given.parquet    the tables of the part, each a row group
                      <name>.parquet   what came of them, a file for each table that comes of one
                      done.json        the names of these tables; a part that has it is done

Only paths, and what is needed to work, go to the workers; the folder must be one that they all see.
"""

from __future__ import annotations

import json
import logging
import secrets
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq

from listening import __version__
from listening.workspace import Mend

log = logging.getLogger(__name__)
Made: TypeAlias = Mapping[str, pa.Table]
Work: TypeAlias = Callable[[pa.Table], Made]


@dataclass(frozen=True)
class Part:
    """A folder with tables to work on, and what makes the way to work on each: `make(*given)`."""

    folder: Path
    make: Callable[..., Work]
    given: tuple[Any, ...]
    program: str = __version__

    @property
    def is_done(self) -> bool:
        """Whether all that comes of it stands there."""
        return (self.folder / "done.json").exists()

    def made(self) -> Made:
        """What came of it."""
        return {name: pq.read_table(self.folder / f"{name}.parquet") for name in json.loads((self.folder / "done.json").read_text(encoding="utf-8"))}


@dataclass(frozen=True)
class Workers:
    """Who takes up parts beside this process: `each` gives them back in order, each done or given up; `rows` is a part's size."""

    each: Callable[[Iterable[Part]], Iterator[Part]]
    rows: int


def work(own: Work, tables: Iterable[pa.Table], folder: Path, workers: Workers, make: Callable[..., Work], *given: Any) -> Iterator[Made]:
    """What came of each part of the tables, by workers; what they give up is done here in this process's `own` way."""
    try:
        for part in workers.each(_written(tables, folder, workers.rows, make, given)):
            if not part.is_done:
                log.warning("part %s of %s was not done by a worker; this process goes on with its rows", part.folder.name, folder.name)
                _do(part, own)
            yield part.made()
            shutil.rmtree(part.folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):  # there is another's
            folder.parent.rmdir()


def work_on(part: Part) -> None:
    """Put what comes of a part beside it, unless it stands there.

    Raises:
        Mend: this is another program than that of the night, which might give something else.
    """
    if part.program != __version__:
        raise Mend(f"The worker has Listening Path {__version__} and the night {part.program}; install the same.", status=1)
    if not part.is_done:
        _do(part, _ready_for(part))


def _do(part: Part, own: Work) -> None:
    given = pq.ParquetFile(part.folder / "given.parquet")
    own_name = secrets.token_hex(4)  # two workers may hold one part for a while
    unfinished: dict[str, Path] = {}
    with ExitStack() as files:
        writers: dict[str, pq.ParquetWriter] = {}
        for group in range(given.num_row_groups):
            for name, rows in own(given.read_row_group(group)).items():
                if name not in writers:
                    unfinished[name] = part.folder / f"{name}.{own_name}.partial"
                    writers[name] = files.enter_context(pq.ParquetWriter(unfinished[name], rows.schema))
                writers[name].write_table(rows)
    for name, path in unfinished.items():
        path.replace(part.folder / f"{name}.parquet")
    done = part.folder / f"done.{own_name}.partial"
    done.write_text(json.dumps(list(unfinished)), encoding="utf-8")
    done.replace(part.folder / "done.json")


def _written(tables: Iterable[pa.Table], folder: Path, rows: int, make: Callable[..., Work], given: tuple[Any, ...]) -> Iterator[Part]:
    """Parts of so many rows or a few more, each table a row group."""
    waiting = iter(tables)
    for number, first in enumerate(waiting, 1):
        part = Part(folder / f"{number:06d}", make, given)
        part.folder.mkdir(mode=0o700, parents=True)
        with pq.ParquetWriter(part.folder / "given.parquet", first.schema) as file:
            file.write_table(first)
            written = len(first)
            while written < rows and (more := next(waiting, None)) is not None:
                file.write_table(more)
                written += len(more)
        yield part


_ready: list[tuple[Callable[..., Work], tuple[Any, ...], Work]] = []  # a worker's own, from part to part


def _ready_for(part: Part) -> Work:
    if not _ready or _ready[0][:2] != (part.make, part.given):
        _ready[:] = [(part.make, part.given, part.make(*part.given))]
    return _ready[0][2]
