"""Parts of what waits to be tagged, for workers anywhere: takes tables of records, gives their tags in the same order.

    .tagging/<number>/records.parquet    what is to be tagged
                      tags.parquet, record_stages.parquet, sentences.parquet    what came of it; a part that has the last of them is done

Only paths go to the workers; the folder must be one that they all see. Only the caller touches the store. Whoever takes a
part up gives the same tags, so a worker that is lost costs the time for its part and nothing else.
"""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, fields
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from listening import __version__
from listening.journey import Journey
from listening.tagging.classifier import load
from listening.tagging.tagger import Tables, Tagger
from listening.workspace import Mend

NAMES = tuple(field.name for field in fields(Tables))
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Part:
    """A folder with records to tag, and what to tag them with."""

    folder: Path
    models: Path
    classifier_version: str
    journey: Journey
    version: str
    program: str = __version__

    @property
    def is_tagged(self) -> bool:
        """Whether all its tags stand there."""
        return (self.folder / f"{NAMES[-1]}.parquet").exists()


@dataclass(frozen=True)
class Workers:
    """Who tags parts beside this process: `tag` gives them back in order, each tagged or given up; `rows` is a part's size."""

    tag: Callable[[Iterable[Part]], Iterator[Part]]
    rows: int


def tag(tagger: Tagger, models: Path, tables: Iterable[pa.Table], folder: Path, workers: Workers) -> Iterator[Tables]:
    """The tags of each table, by workers; what they give up is tagged here."""
    shutil.rmtree(folder, ignore_errors=True)  # what a killed night left
    try:
        for part in workers.tag(_written(tagger, models, tables, folder, workers.rows)):
            if not part.is_tagged:
                log.warning("part %s was not tagged by a worker; this process goes on with its records", part.folder.name)
                tag_part(part)
            yield Tables(*(pq.read_table(part.folder / f"{name}.parquet") for name in NAMES))
            shutil.rmtree(part.folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def tag_part(part: Part) -> None:
    """Put a part's tags beside its records, unless they stand there.

    Raises:
        Mend: this is another program than that of the night, whose tags might differ.
    """
    if part.program != __version__:
        raise Mend(f"The worker has Listening Path {__version__} and the night {part.program}; install the same.", status=1)
    if part.is_tagged:
        return
    tagger = _tagger(part)
    unfinished = [part.folder / f"{name}.{os.getpid()}.partial" for name in NAMES]  # two workers may hold one part for a while
    records = pq.ParquetFile(part.folder / "records.parquet")
    with ExitStack() as files:
        writers: list[pq.ParquetWriter] = []
        for group in range(records.num_row_groups):
            tagged = list(vars(tagger.tag(records.read_row_group(group))).values())
            writers = writers or [files.enter_context(pq.ParquetWriter(path, rows.schema)) for path, rows in zip(unfinished, tagged, strict=True)]
            for writer, rows in zip(writers, tagged, strict=True):
                writer.write_table(rows)
    for path, name in zip(unfinished, NAMES, strict=True):
        path.replace(part.folder / f"{name}.parquet")


def _written(tagger: Tagger, models: Path, tables: Iterable[pa.Table], folder: Path, rows: int) -> Iterator[Part]:
    """Parts of so many rows or a few more, each table a row group."""
    waiting = iter(tables)
    for number, first in enumerate(waiting, 1):
        part = Part(folder / f"{number:06d}", models, tagger.classifier.version, tagger.journey, tagger.version)
        part.folder.mkdir(mode=0o700, parents=True)
        with pq.ParquetWriter(part.folder / "records.parquet", first.schema) as file:
            file.write_table(first)
            written = len(first)
            while written < rows and (more := next(waiting, None)) is not None:
                file.write_table(more)
                written += len(more)
        yield part


_ready: dict[tuple[Path, str], Tagger] = {}  # a worker's own, from part to part


def _tagger(part: Part) -> Tagger:
    key = part.models, part.version
    if key not in _ready:
        _ready.clear()
        _ready[key] = Tagger(load(part.models, part.classifier_version), part.journey, part.version)
    return _ready[key]
