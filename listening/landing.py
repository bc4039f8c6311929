"""Landing: takes pulls, keeps their rows verbatim and once, in Parquet batches with a manifest that names their checksums.

    landing/<source>/<pull_id>/rows-00001.parquet    pull_id, row_no, cells (JSON), fault
                               manifest.json         where from, when, how many rows, each batch's SHA-256

The batches come first, the manifest after them, the store's `landing.pulls` row (the cursor) last. A pull without a
manifest never happened; one with a manifest that the store does not know was cut off in between and is taken up.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import itertools
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
from listening.sources.pull import PAGE_ROWS, Row, Unreadable
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


def land(workspace: Workspace, warehouse: Warehouse, source: Source, clock: dt.datetime, most: int | None = None) -> Landed:
    """Pull what is new from a source and keep it. What one pull lacks is told and does not stop the others.

    `most` is for a rehearsal: about so many rows of each pull are kept.

    Content that landed before is read again, in its old pull's place, if the source says now that it is to be read
    otherwise (encoding, delimiter, format).
    """
    landed = Landed()
    known = {row["fingerprint"]: row for row in warehouse.rows("landing/known", source=source.name)}
    again = _to_read_again(workspace, warehouse, source, known)
    for number, pull in enumerate(DOORS[source.connector](source, workspace.root, frozenset(known.keys() - again.keys())), 1):
        if isinstance(pull, Fault):
            told = f"{source.name}: {pull.sentence}" if pull.origin == source.path else f"{source.name}: {pull.origin} {pull.sentence}"
            (landed.notes if pull.is_remark else landed.faults).append(told)
            continue
        before = again.get(pull.fingerprint)
        pull_id = before["pull_id"] if before else _new_id(source, pull, clock, number)
        landed_at = dt.datetime.fromisoformat(before["landed_at"]) if before else clock
        try:
            if most is not None:
                pull.pages = itertools.islice(pull.pages, -(-most // PAGE_ROWS))
            manifest = _keep(workspace, source, pull, pull_id, landed_at)
            _register(warehouse, [manifest])
        except Unreadable as error:
            landed.faults.append(f"{source.name}: {pull.origin} {error}")
            continue
        except OSError as error:
            place = _folder(workspace, source.name, pull_id)
            landed.faults.append(f"{source.name}: {pull.origin} cannot be kept in {place}: {error.strerror or error}. Free the disk or mend its permissions.")
            continue
        finally:
            _clear(_folder(workspace, source.name, pull_id))
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
    for folder in sorted(path for path in workspace.landing.glob("*/*") if path.is_dir() and path.name not in known):
        if not (folder / "manifest.json").exists():
            shutil.rmtree(folder, ignore_errors=True)
            left = f"{folder} is unfinished and cannot be removed; mend its permissions and remove it"
            sentences.append(left if folder.exists() else f"removed the unfinished pull {folder.name}; it is pulled again")
            continue
        manifest = _manifest(folder)
        if manifest is None:
            sentences.append(f"{folder / 'manifest.json'} is damaged. Bring it back from a backup, or remove {folder}, so that it is pulled again.")
        elif until is None or dt.datetime.fromisoformat(manifest["landed_at"]) <= until:
            found.append(manifest)
    if found:
        _register(warehouse, found)
        sentences.append(f"took up {len(found)} landed pull{'s' * (len(found) > 1)} that the store did not know")
    return sentences


def last_landed(workspace: Workspace) -> dt.datetime | None:
    """When the newest pull landed, by the manifests; None before the first."""
    manifests = (_manifest(path.parent) for path in workspace.landing.glob("*/*/manifest.json"))
    return max((dt.datetime.fromisoformat(manifest["landed_at"]) for manifest in manifests if manifest), default=None)


def verify(workspace: Workspace, source: str, pull_id: str) -> str | None:
    """A sentence if a batch of this pull is missing or is not the one that was written, else None."""
    folder = _folder(workspace, source, pull_id)
    manifest = _manifest(folder)
    if manifest is None:
        return f"{source}: {folder / 'manifest.json'} is missing or damaged. Bring it back from a backup."
    for batch in manifest["batches"]:
        path = folder / batch["file"]
        try:
            is_sound = _checksum(path) == batch["sha256"]
        except OSError:
            is_sound = False
        if not is_sound:
            return f"{source}: {path} is missing or damaged (its checksum differs from the manifest). Bring it back from a backup."
    return None


def _to_read_again(workspace: Workspace, warehouse: Warehouse, source: Source, known: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Manifests, by fingerprint, of pulls that were read in another way than the source says now.

    One whose new reading was cut off between manifest and store is registered anew on the way.
    """
    again = {}
    for fingerprint, row in known.items():
        manifest = _manifest(_folder(workspace, source.name, row["pull_id"]))
        if manifest and _places(manifest) != row["batches"]:
            _register(warehouse, [manifest])
        if manifest and manifest.get("reading", _reading(source)) != _reading(source):
            again[fingerprint] = manifest
    return again


def _new_id(source: Source, pull: Pull, clock: dt.datetime, number: int) -> str:
    """A name for a pull that no other has, not even one of the same content under another source in the same night."""
    mark = hashlib.sha256(f"{source.name}\x1f{pull.fingerprint}".encode()).hexdigest()[:8]
    return f"{clock:%Y%m%dT%H%M%SZ}-{number:03d}-{mark}"


def _reading(source: Source) -> dict[str, str | None]:
    """What a source says of how its files are read."""
    return {"encoding": source.encoding, "delimiter": source.delimiter, "format": source.format}


def _manifest(folder: Path) -> dict[str, Any] | None:
    """What a pull's manifest says; None if it is missing or is none."""
    try:
        content = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        is_whole = {"pull_id", "source", "kind", "connector", "landed_at", "origin", "fingerprint", "size_bytes", "rows", "batches"} <= content.keys()
    except (OSError, ValueError, AttributeError):
        return None
    return content if is_whole else None


def _keep(workspace: Workspace, source: Source, pull: Pull, pull_id: str, landed_at: dt.datetime) -> dict[str, Any]:
    """Write a pull's batches, and when all are safe its manifest; only that makes them count."""
    folder = _folder(workspace, source.name, pull_id)
    folder.mkdir(parents=True, mode=0o700, exist_ok=True)
    first = len(list(folder.glob("rows-*.parquet"))) + 1
    batches: list[dict[str, Any]] = []
    waiting: list[Row] = []
    for page in pull.pages:
        waiting += page
        if len(waiting) >= BATCH_ROWS:
            batches.append(_write(folder, pull_id, waiting, first + len(batches)))
            waiting = []
    if waiting:
        batches.append(_write(folder, pull_id, waiting, first + len(batches)))
    manifest = {
        "pull_id": pull_id,
        "source": source.name,
        "kind": source.kind,
        "connector": source.connector,
        "landed_at": landed_at.isoformat(),
        "origin": pull.origin,
        "fingerprint": pull.fingerprint,
        "size_bytes": pull.size,
        "reading": _reading(source),
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


def _clear(folder: Path) -> None:
    """Remove what no manifest names: all of an unfinished pull, or the batches of a reading that failed or was replaced."""
    manifest = _manifest(folder)
    if not manifest:
        shutil.rmtree(folder, ignore_errors=True)
        return
    named = {"manifest.json", *(batch["file"] for batch in manifest["batches"])}
    for path in folder.iterdir():
        if path.name not in named:
            path.unlink()


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
    except UnicodeEncodeError:  # half of a surrogate pair, as cut-off emoji leave it, which no UTF-8 can hold
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
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
            "batches": _places(manifest),
        }
        for manifest in manifests
    ]
    with warehouse.transaction():
        warehouse.upsert("landing/pulls", rows)


def _places(manifest: dict[str, Any]) -> list[str]:
    """A pull's batches as paths below landing/."""
    return [f"{manifest['source']}/{manifest['pull_id']}/{batch['file']}" for batch in manifest["batches"]]


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
