"""Landing: takes pulls, keeps their rows verbatim and once, in Parquet batches with a manifest that names their checksums.

    landing/<source>/<pull_id>/rows-00001.parquet    pull_id, row_no, cells (JSON), fault
                               manifest.json         where from, when, how many rows, each batch's SHA-256

The batches come first, the manifest after them, the store's `landing.pulls` row (the cursor) last. A pull without a
manifest never happened; one with a manifest that the store does not know was cut off in between and is taken up.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import logging
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from listening.sources import DOORS, Fault, Pull
from listening.sources.pull import Row, Unreadable
from listening.warehouse import Warehouse
from listening.workspace import Source, Workspace

BATCH_ROWS = 100_000
BATCH_SCHEMA = pa.schema([("pull_id", pa.string()), ("row_no", pa.int64()), ("cells", pa.string()), ("fault", pa.string())])
log = logging.getLogger(__name__)


@dataclass
class Landed:
    """What landing one source brought: numbers for the log, and sentences for whoever must act."""

    pulls: int = 0
    rows: int = 0
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def land(workspace: Workspace, warehouse: Warehouse, source: Source, clock: dt.datetime) -> Landed:
    """Pull what is new from a source and keep it. What one pull lacks is told and does not stop the others."""
    landed = Landed()
    known = frozenset(row["fingerprint"] for row in warehouse.rows("landing/known", source=source.name))
    for number, pull in enumerate(DOORS[source.connector](source, workspace.root, known), 1):
        if isinstance(pull, Fault):
            landed.faults.append(f"{source.name}: {pull.origin} {pull.sentence}" if pull.origin != source.path else f"{source.name}: {pull.sentence}")
            continue
        pull_id = f"{clock:%Y%m%dT%H%M%SZ}-{number:03d}-{pull.fingerprint[:8]}"
        try:
            manifest = _keep(workspace, source, pull, pull_id, clock)
        except Unreadable as error:
            shutil.rmtree(_folder(workspace, source.name, pull_id), ignore_errors=True)
            landed.faults.append(f"{source.name}: {pull.origin} {error}")
            continue
        _register(warehouse, [manifest])
        landed.pulls += 1
        landed.rows += manifest["rows"]
        landed.notes += [f"{source.name}: {note}" for note in pull.notes]
        log.info("landed %s rows of %s from %s", manifest["rows"], source.name, pull.origin)
    return landed


def settle(workspace: Workspace, warehouse: Warehouse, until: dt.datetime | None = None) -> list[str]:
    """Bring the store into line with what has landed, after a night that was cut off or a store that was lost.

    Takes up every pull with a manifest that the store does not know (only those landed by `until`, if given) and
    removes what was left of unfinished ones. Gives a sentence for each.
    """
    known = {row["pull_id"] for row in warehouse.rows("landing/registered")}
    found: list[dict[str, Any]] = []
    sentences = []
    for folder in sorted(workspace.landing.glob("*/*/")):
        manifest = folder / "manifest.json"
        if not manifest.exists():
            shutil.rmtree(folder)
            sentences.append(f"removed the unfinished pull {folder.name}; it is pulled again")
        elif folder.name not in known:
            content = json.loads(manifest.read_text(encoding="utf-8"))
            if until is None or dt.datetime.fromisoformat(content["landed_at"]) <= until:
                found.append(content)
    if found:
        _register(warehouse, found)
        sentences.append(f"took up {len(found)} landed pull{'s' * (len(found) > 1)} that the store did not know")
    return sentences


def verify(workspace: Workspace, source: str, pull_id: str) -> str | None:
    """A sentence if a batch of this pull is missing or is not the one that was written, else None."""
    folder = _folder(workspace, source, pull_id)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    for batch in manifest["batches"]:
        path = folder / batch["file"]
        if not path.exists() or _checksum(path) != batch["sha256"]:
            return f"{source}: {path} is missing or damaged (its checksum differs from the manifest). Bring it back from a backup."
    return None


def _keep(workspace: Workspace, source: Source, pull: Pull, pull_id: str, clock: dt.datetime) -> dict[str, Any]:
    folder = _folder(workspace, source.name, pull_id)
    folder.mkdir(parents=True, mode=0o700)
    batches: list[dict[str, Any]] = []
    waiting: list[Row] = []
    for page in pull.pages:
        waiting += page
        if len(waiting) >= BATCH_ROWS:
            batches.append(_write(folder, pull_id, waiting, len(batches) + 1))
            waiting = []
    if waiting:
        batches.append(_write(folder, pull_id, waiting, len(batches) + 1))
    manifest = {
        "pull_id": pull_id,
        "source": source.name,
        "kind": source.kind,
        "connector": source.connector,
        "landed_at": clock.isoformat(),
        "origin": pull.origin,
        "fingerprint": pull.fingerprint,
        "size_bytes": pull.size,
        "rows": sum(batch["rows"] for batch in batches),
        "notes": pull.notes,
        "batches": batches,
    }
    partial = folder / "manifest.partial"
    partial.write_text(json.dumps(manifest, indent=1, ensure_ascii=False), encoding="utf-8")
    _sync(partial)
    partial.rename(folder / "manifest.json")
    _sync(folder)
    return manifest


def _write(folder: Path, pull_id: str, rows: list[Row], number: int) -> dict[str, Any]:
    path = folder / f"rows-{number:05d}.parquet"
    table = pa.table(
        [[pull_id] * len(rows), [row.number for row in rows], [_json(row.cells) for row in rows], [row.fault for row in rows]],
        schema=BATCH_SCHEMA,
    )
    pq.write_table(table, path, compression="zstd")
    path.chmod(0o600)
    _sync(path)
    return {"file": path.name, "rows": len(rows), "sha256": _checksum(path)}


def _json(cells: Any) -> str:
    text = json.dumps(cells, ensure_ascii=False, default=_plain)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:  # half of a surrogate pair, as cut-off emoji leave it
        text = json.dumps(cells, default=_plain)
    return text


def _plain(value: Any) -> str:
    return str(value.isoformat() if hasattr(value, "isoformat") else value)


def _register(warehouse: Warehouse, manifests: list[dict[str, Any]]) -> None:
    rows = [
        {
            "pull_id": manifest["pull_id"],
            "source": manifest["source"],
            "kind": manifest["kind"],
            "connector": manifest["connector"],
            "landed_at": dt.datetime.fromisoformat(manifest["landed_at"]),
            "origin": manifest["origin"],
            "fingerprint": manifest["fingerprint"],
            "size_bytes": manifest["size_bytes"],
            "row_count": manifest["rows"],
            "batches": [f"{manifest['source']}/{manifest['pull_id']}/{batch['file']}" for batch in manifest["batches"]],
        }
        for manifest in manifests
    ]
    with warehouse.transaction():
        warehouse.insert("landing/pulls", rows)


def _folder(workspace: Workspace, source: str, pull_id: str) -> Path:
    return workspace.landing / source / pull_id


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
