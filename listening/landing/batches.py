"""A pull on the disk: takes pages of rows, gives Parquet batches and the manifest that names them with their checksums.

landing/<source>/<pull_id>/rows-00001.parquet    pull_id, row_no, cells (JSON), fault
                           manifest.json         where from, when, how many rows, each batch's SHA-256, the fields
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from listening.landing.drift import Fields
from listening.sources import Pull
from listening.sources.pull import Row
from listening.workspace import Mend, Source, Workspace, put

FORMAT = 1  # of manifest and batches
BATCH_ROWS = 100_000
BATCH_BYTES = 64 * 2**20
BATCH_SCHEMA = pa.schema([("pull_id", pa.string()), ("row_no", pa.int64()), ("cells", pa.string()), ("fault", pa.string())])
_NEEDED = frozenset({"pull_id", "source", "kind", "connector", "landed_at", "origin", "fingerprint", "size_bytes", "rows", "batches"})

Manifest: TypeAlias = dict[str, Any]
Line: TypeAlias = tuple[int, str | None, str | None]  # row_no, cells as JSON, fault


def folder_of(workspace: Workspace, source: str, pull_id: str) -> Path:
    """Where a pull stands."""
    return workspace.landing / source / pull_id


def reading(source: Source) -> dict[str, str | None]:
    """What a source says of how its files are read."""
    return {"encoding": source.encoding, "delimiter": source.delimiter, "format": source.format}


def manifest(folder: Path) -> Manifest | None:
    """What a pull's manifest says; None if it is missing or is none.

    Raises:
        Mend: it was written by a newer program.
    """
    try:
        content = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        is_whole = content.keys() >= _NEEDED
    except (OSError, ValueError, AttributeError):
        return None
    if is_whole and content.get("format", FORMAT) > FORMAT:
        raise Mend(f"{folder} was landed by a newer Listening Path. Install the newer program; nothing was changed.", status=1)
    return content if is_whole else None


def places(content: Manifest) -> list[str]:
    """A pull's batches as paths below landing/."""
    return [f"{content['source']}/{content['pull_id']}/{batch['file']}" for batch in content["batches"]]


def ids(manifests: list[Manifest]) -> pa.Table:
    """The pulls' ids as a table of one column."""
    return pa.table({"pull_id": pa.array([content["pull_id"] for content in manifests], pa.string())})


def keep(folder: Path, source: Source, pull: Pull, pull_id: str, landed_at: dt.datetime, rows: Iterable[Row]) -> Manifest:
    """Write a pull's batches, and when all are safe its manifest; only that makes them count."""
    folder.mkdir(parents=True, mode=0o700, exist_ok=True)
    fields = Fields()
    written = _write_all(folder, pull_id, (_line(fields, row) for row in rows))
    content = {
        "format": FORMAT,
        "pull_id": pull_id,
        "source": source.name,
        "kind": source.kind,
        "connector": source.connector,
        "landed_at": landed_at.isoformat(),
        "origin": pull.origin,
        "fingerprint": pull.fingerprint,
        "stream": pull.stream,
        "checkpoint": pull.checkpoint,
        "size_bytes": pull.size,
        "reading": reading(source),
        "rows": sum(batch["rows"] for batch in written),
        "fields": {storable(name): seen for name, seen in fields.seen().items()},
        "notes": pull.notes,
        "batches": written,
    }
    _write_manifest(folder, content)
    return content


def rewrite(folder: Path, content: Manifest, change: Callable[[Line], Line]) -> tuple[Manifest, int]:
    """Write the batches anew in which `change` alters a line; gives the new manifest and how many lines were altered.

    The old batches stay until `clear`; if nothing is altered, nothing is written.
    """
    altered = 0
    kept: list[dict[str, Any]] = []
    for batch in content["batches"]:
        before = list(_lines(folder / batch["file"]))
        after = [change(line) for line in before]
        different = sum(old != new for old, new in zip(before, after, strict=True))
        altered += different
        kept += _write_all(folder, content["pull_id"], iter(after)) if different else [batch]
    if altered:
        content = {**content, "batches": kept, "erased": content.get("erased", 0) + altered}
        _write_manifest(folder, content)
    return content, altered


def mentioning(path: Path, pattern: str) -> Iterator[tuple[int, str]]:
    """Number and cells of the lines of a batch in which a pattern occurs."""
    for part in pq.ParquetFile(path).iter_batches(columns=["row_no", "cells"]):
        found = part.filter(pc.fill_null(pc.match_substring_regex(part.column("cells"), pattern, ignore_case=True), False))
        yield from zip(found.column("row_no").to_pylist(), found.column("cells").to_pylist(), strict=True)


def cells(folder: Path, row_no: int) -> str | None:
    """One row's cells as JSON; None where the row is not there any more."""
    for batch in (manifest(folder) or {"batches": []})["batches"]:
        found = pq.read_table(folder / batch["file"], columns=["cells"], filters=[("row_no", "=", row_no)])
        if found.num_rows:
            return str(found["cells"][0].as_py())
    return None


def clear(folder: Path) -> None:
    """Remove what no manifest names: all of an unfinished pull, or the batches that were replaced."""
    content = manifest(folder)
    if not content:
        shutil.rmtree(folder, ignore_errors=True)
        return
    named = {"manifest.json", *(batch["file"] for batch in content["batches"])}
    for path in folder.iterdir():
        if path.name not in named:
            path.unlink()


def is_sound(path: Path, batch: dict[str, Any]) -> bool:
    """Whether a batch is the one that its manifest names."""
    try:
        return _checksum(path) == str(batch["sha256"])
    except OSError:
        return False


def _line(fields: Fields, row: Row) -> Line:
    if not row.fault:
        fields.note(row.cells)
    return row.number, _json(row.cells), row.fault


def _lines(path: Path) -> Iterator[Line]:
    for part in pq.ParquetFile(path).iter_batches(columns=["row_no", "cells", "fault"]):
        yield from zip(*(part.column(name).to_pylist() for name in ("row_no", "cells", "fault")), strict=True)


def _write_all(folder: Path, pull_id: str, lines: Iterator[Line]) -> list[dict[str, Any]]:
    written: list[dict[str, Any]] = []
    waiting: list[Line] = []
    size = 0
    for line in lines:
        waiting.append(line)
        size += len(line[1] or "")
        if len(waiting) >= BATCH_ROWS or size >= BATCH_BYTES:
            written.append(_write(folder, pull_id, waiting))
            waiting, size = [], 0
    if waiting:
        written.append(_write(folder, pull_id, waiting))
    return written


def _write(folder: Path, pull_id: str, lines: list[Line]) -> dict[str, Any]:
    numbers = (int(path.stem.removeprefix("rows-")) for path in folder.glob("rows-*.parquet"))
    path = folder / f"rows-{max(numbers, default=0) + 1:05d}.parquet"
    row_no, cells, faults = (list(column) for column in zip(*lines, strict=True))
    pq.write_table(pa.table([[pull_id] * len(lines), row_no, cells, faults], schema=BATCH_SCHEMA), path, compression="zstd")
    path.chmod(0o600)
    _sync(path)
    return {"file": path.name, "rows": len(lines), "sha256": _checksum(path)}


def _write_manifest(folder: Path, content: Manifest) -> None:
    put(folder / "manifest.json", json.dumps(content, indent=1, ensure_ascii=False))


def storable(text: str) -> str:
    """A text as it lands: without halves of surrogate pairs, as cut-off emoji leave them, which no UTF-8 can hold."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _json(cells: Any) -> str:
    return storable(_ENCODER.encode(cells))


def _plain(value: Any) -> str:
    return str(value.isoformat() if hasattr(value, "isoformat") else value)


_ENCODER = json.JSONEncoder(ensure_ascii=False, default=_plain)


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
