"""Where does a word still stand? Takes a folder and some values, gives the files that hold one, whatever kind they are."""

from __future__ import annotations

import gzip
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from listening import warehouse

SHORTEST = 5  # characters; a shorter value would be found in any number
ENCODINGS = ("utf-8", "latin-1", "utf-16-le", "utf-16-be")
_DAMAGED = (OSError, EOFError, zlib.error, zipfile.BadZipFile, pa.ArrowException)


def files_with(root: Path, values: Iterable[str]) -> list[Path]:
    """The files below a folder in which one of the values stands, also inside compressed files, Parquet and databases.

    Capitals do not matter. Values shorter than `SHORTEST` are not looked for.
    """
    wanted = sorted({value for value in values if len(value) >= SHORTEST})
    if not wanted:
        return []
    in_bytes, in_words = _bytes(wanted), _words(wanted)
    return [path for path in sorted(root.rglob("*")) if path.is_file() and not path.is_symlink() and _is_in(path, in_bytes, in_words)]


def _is_in(path: Path, in_bytes: re.Pattern[bytes], in_words: re.Pattern[str]) -> bool:
    if in_bytes.search(path.read_bytes()):
        return True
    try:
        if path.suffix in (".parquet", ".duckdb"):
            return any(in_words.search(cell) for cell in _cells(path))
        return any(in_bytes.search(content) for content in _unpacked(path))
    except _DAMAGED:
        return False


def _cells(path: Path) -> Iterator[str]:
    """All distinct cells of a Parquet file or a database, as text."""
    if path.suffix == ".parquet":
        batches: Iterator[pa.RecordBatch] = pq.ParquetFile(path).iter_batches()
    else:
        batches = (batch for _, batch in warehouse.contents(path))
    for batch in batches:
        for column in batch.columns:
            yield from set(map(str, column.to_pylist()))


def _unpacked(path: Path) -> Iterator[bytes]:
    if path.suffix == ".gz":
        with gzip.open(path) as file:
            yield file.read()
    elif zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            yield from (archive.read(name) for name in archive.namelist())


def _words(values: list[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, values))})(?![\w-])", re.I)


def _bytes(values: list[str]) -> re.Pattern[bytes]:
    encoded = {value.encode(encoding, "replace") for value in values for encoding in ENCODINGS}
    return re.compile(rb"(?<![0-9A-Za-z_-])(?:%s)(?![0-9A-Za-z_-])" % b"|".join(map(re.escape, sorted(encoded))), re.I)
