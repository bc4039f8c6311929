"""Land what sources bring and bring the store into line with what has landed.

The batches come first, the manifest after them, the store's `landing.pulls` row (the cursor) last. A pull without a
manifest never happened; one with a manifest that the store does not know was cut off in between and is taken up.
"""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import itertools
import json
import logging
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from listening.forgotten import FORGOTTEN, Forgotten
from listening.landing import batches, drift
from listening.landing.batches import Line, Manifest
from listening.sources import DOORS, Check, Fault, Known, Past, Pull
from listening.sources.pull import PAGE_ROWS, Difference, Row, Unreadable
from listening.warehouse import Warehouse
from listening.workspace import GONE, Mend, Source, Workspace

HABIT_NIGHTS, HABIT_ROWS = 7, 20  # nights and rows before a habit is one
COMPARED_AT_A_TIME = 100_000  # ids
FAR_BELOW = 0.1  # of what three nights in four bring
log = logging.getLogger(__name__)


@dataclass
class Landed:
    """What landing one source brought: numbers for the log, and sentences for whoever must act.

    `checks`: what the source says of itself. `is_behind`: it has more than what came.
    """

    pulls: int = 0
    rows: int = 0
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    is_behind: bool = False


def land(workspace: Workspace, warehouse: Warehouse, source: Source, clock: dt.datetime, most: int | None = None) -> Landed:
    """Pull what is new from a source and keep it. What one pull lacks is told and does not stop the others.

    `most` is for a rehearsal: about so many rows of each pull are kept.

    Content that landed before is read again, in its old pull's place, if the source says now that it is to be read
    otherwise (encoding, delimiter, format).
    """
    landed = Landed()
    known = warehouse.rows("landing/known", source=source.name)
    again = _to_read_again(workspace, warehouse, source, known)
    forgotten = Forgotten(workspace)
    clock = _after_the_last(known, clock)
    past = Past(
        _replaced(known, again),
        _checkpoints(warehouse, source),
        clock,
        functools.partial(_compare, workspace, warehouse, source),
        is_rehearsal=most is not None,
    )
    for number, pull in enumerate(DOORS[source.connector](source, workspace.root, past), 1):
        if isinstance(pull, Check):
            landed.checks.append(pull)
            continue
        if isinstance(pull, Fault):
            _tell(source, pull, landed)
            continue
        before = again.get(pull.fingerprint)
        pull_id = before["pull_id"] if before else _new_id(source, pull, clock, number)
        landed_at = dt.datetime.fromisoformat(before["landed_at"]) if before else clock
        folder = batches.folder_of(workspace, source.name, pull_id)
        try:
            if most is not None:
                pull.pages = itertools.islice(pull.pages, -(-most // PAGE_ROWS))
            manifest = batches.keep(folder, source, pull, pull_id, landed_at, _without(forgotten, source, pull))
            fields_before = _fields_before(warehouse, source, pull, pull_id)
            _register(warehouse, [manifest])
        except Unreadable as error:
            landed.faults.append(f"{source.name}: {pull.origin} {error}")
            if pull.stream:  # what comes after it must not pass it by
                break
            continue
        except OSError as error:
            landed.faults.append(f"{source.name}: {pull.origin} cannot be kept in {folder}: {error.strerror or error}. Free the disk or mend its permissions.")
            if pull.stream:
                break
            continue
        finally:
            batches.clear(folder)
        landed.pulls += 1
        landed.rows += manifest["rows"]
        landed.notes += [f"{source.name}: {note}" for note in pull.notes]
        landed.notes += [f"{source.name}: {pull.origin} {change}" for change in drift.changes(fields_before, manifest["fields"])]
        log.info("landed %s rows of %s from %s", manifest["rows"], source.name, pull.origin)
    if most is None and not landed.is_behind:
        landed.notes += _unusual(warehouse, source, clock)
    landed.notes += [
        f"{source.name}: {check.stream}: {check.what}: the system says {check.expected} and {check.found} came" for check in landed.checks if not check.is_met
    ]
    return landed


def row(workspace: Workspace, source: str, pull_id: str, row_no: int) -> Any:
    """The cells of one landed row; None where they cannot be read any more, as after a person was forgotten or a file damaged."""
    try:
        text = batches.cells(batches.folder_of(workspace, source, pull_id), row_no)
        return json.loads(text) if text else None
    except (OSError, ValueError):
        return None


def settle(workspace: Workspace, warehouse: Warehouse, until: dt.datetime | None = None) -> list[str]:
    """Bring the store into line with what has landed, after a night that was cut off or a store that was lost.

    Takes up every pull with a manifest that the store does not know (only those landed by `until`, if given) and
    removes what was left of unfinished ones. Gives a sentence for each.
    """
    known = {row["pull_id"] for row in warehouse.rows("landing/registered")}
    found: list[Manifest] = []
    sentences = []
    for folder in sorted(path for path in workspace.landing.glob("*/*") if path.is_dir() and path.name not in known):
        if not (folder / "manifest.json").exists():
            shutil.rmtree(folder, ignore_errors=True)
            left = f"{folder} is unfinished and cannot be removed; mend its permissions and remove it"
            sentences.append(left if folder.exists() else f"removed the unfinished pull {folder.name}; it is pulled again")
            continue
        manifest = batches.manifest(folder)
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
    manifests = (batches.manifest(path.parent) for path in workspace.landing.glob("*/*/manifest.json"))
    return max((dt.datetime.fromisoformat(manifest["landed_at"]) for manifest in manifests if manifest), default=None)


def verify(workspace: Workspace, source: str, pull_id: str) -> str | None:
    """A sentence if a batch of this pull is missing or is not the one that was written, else None."""
    folder = batches.folder_of(workspace, source, pull_id)
    manifest = batches.manifest(folder)
    if manifest is None:
        return f"{source}: {folder / 'manifest.json'} is missing or damaged. Bring it back from a backup."
    for batch in manifest["batches"]:
        if not batches.is_sound(folder / batch["file"], batch):
            return f"{source}: {folder / batch['file']} is missing or damaged (its checksum differs from the manifest). Bring it back from a backup."
    return None


def empty(workspace: Workspace, warehouse: Warehouse, source: str, rows: Mapping[str, Mapping[int, tuple[str, str | None]]]) -> int:
    """Give landed rows, by pull and number, other cells (JSON) and a fault; gives how many were altered.

    Raises:
        Mend: a pull is damaged, so that nobody can say what it holds.
    """

    def emptied(pull: str, line: Line) -> Line:
        return (line[0], *rows[pull][line[0]]) if line[0] in rows[pull] else line

    return erase(workspace, warehouse, source, emptied, rows.keys()) if rows else 0


def erase(workspace: Workspace, warehouse: Warehouse, source: str, change: Callable[[str, Line], Line], pulls: Collection[str] | None = None) -> int:
    """Alter lines of what has landed of a source, of all pulls or of some, batch by batch; gives how many were altered.

    `change` takes a pull's id and one of its lines, and gives the line as it is to be. A night that is killed in
    between leaves whole batches: the manifest names the old ones or the new ones.

    Raises:
        Mend: a pull is damaged, so that nobody can say what it holds.
    """
    altered = 0
    for row in warehouse.rows("landing/known", source=source):
        if pulls is not None and row["pull_id"] not in pulls:
            continue
        if sentence := verify(workspace, source, row["pull_id"]):
            raise Mend(f"{sentence} Nothing more was erased.", status=1)
        folder = batches.folder_of(workspace, source, row["pull_id"])
        before = batches.manifest(folder)
        assert before is not None
        after, lines = batches.rewrite(folder, before, functools.partial(change, row["pull_id"]))
        if lines:
            _register(warehouse, [after])
        batches.clear(folder)
        altered += lines
    return altered


def mentioning(workspace: Workspace, warehouse: Warehouse, source: str, pattern: str) -> Iterator[tuple[str, int, str]]:
    """Pull, number and cells (JSON) of the landed rows of a source in which a pattern (RE2, any case) occurs."""
    for row in warehouse.rows("landing/known", source=source):
        for batch in row["batches"]:
            yield from ((row["pull_id"], number, cells) for number, cells in batches.mentioning(workspace.landing / batch, pattern))


def erase_forgotten(workspace: Workspace, warehouse: Warehouse, source: Source, forgotten: Forgotten) -> int:
    """Empty the landed lines of forgotten people, and mask them where others name them; gives how many lines were altered."""

    def without(_: str, line: Line) -> Line:
        number, text, fault = line
        if text is None or fault == FORGOTTEN:
            return line
        cells = json.loads(text)
        cleaned = forgotten.cleaned(source, cells)
        if cleaned is None:
            return number, "null", FORGOTTEN
        return line if cleaned == cells else (number, json.dumps(cleaned, ensure_ascii=False), fault)

    return erase(workspace, warehouse, source.name, without)


def _without(forgotten: Forgotten, source: Source, pull: Pull) -> Iterator[Row]:
    """A pull's rows without forgotten people; a row of theirs is kept as a number only, so that it is counted."""
    for row in itertools.chain.from_iterable(pull.pages):
        cells = forgotten.cleaned(source, row.cells)
        yield row if cells is row.cells else Row(row.number, cells, FORGOTTEN if cells is None else row.fault)


def _tell(source: Source, fault: Fault, landed: Landed) -> None:
    """Put a source's sentence where it belongs."""
    is_of_the_source = fault.is_unfinished or fault.origin in ("", source.path)
    told = f"{source.name}: {fault.sentence}" if is_of_the_source else f"{source.name}: {fault.origin} {fault.sentence}"
    (landed.notes if fault.is_remark else landed.faults).append(told)
    landed.is_behind = landed.is_behind or fault.is_unfinished


def _unusual(warehouse: Warehouse, source: Source, clock: dt.datetime) -> Iterator[str]:
    """A sentence for each stream that brought far less than it usually does."""
    for row in warehouse.rows("landing/habit", source=source.name, clock=clock, least=HABIT_NIGHTS):
        if row["usual"] >= HABIT_ROWS and row["tonight"] < row["usual"] * FAR_BELOW:
            yield (
                f"{source.name}: {row['stream']} brought {row['tonight']} rows, where most nights bring {row['usual']:.0f} or more. "
                "Look whether the system, the account's rights or a filter has changed; nothing was passed over."
            )


def _checkpoints(warehouse: Warehouse, source: Source) -> dict[str, str]:
    """By stream, where its last kept page left off."""
    return {row["stream"]: row["checkpoint"] for row in warehouse.rows("landing/checkpoints", source=source.name, connector=source.connector)}


def _compare(workspace: Workspace, warehouse: Warehouse, source: Source, id_: str, version: str, there: Iterator[list[tuple[str, str | None]]]) -> Difference:
    """How the ids and versions that a source has now differ from the newest rows that have landed of it."""
    landed = [str(workspace.landing / batch) for row in warehouse.rows("landing/known", source=source.name) for batch in row["batches"]]
    handed = 0
    warehouse.replace("landing/compared", [])
    ids = itertools.chain.from_iterable(there)
    while some := list(itertools.islice(ids, COMPARED_AT_A_TIME)):  # each on its own, since a transaction would hold all of them in memory
        handed += len(some)
        native, marks = ([None if text is None else batches.storable(text) for text in texts] for texts in zip(*some, strict=True))
        warehouse.insert("landing/compared", pa.table({"native_id": pa.array(native, pa.string()), "row_version": pa.array(marks, pa.string())}))
    parts = 1 + handed // COMPARED_AT_A_TIME if landed else 0
    differing = [
        row
        for part in range(parts)
        for row in warehouse.rows("landing/differing", id=_pointer(id_), version=_pointer(version), gone=_pointer(GONE), batches=landed, parts=parts, part=part)
    ]
    seen = warehouse.rows("landing/number_compared")[0]["ids"]  # a system may give a row twice
    if not landed:
        ids_there = sorted(set(warehouse.select("landing/compared", ["native_id"])["native_id"].to_pylist()))
        differing = [{"native_id": native_id, "is_gone": False, "is_new": True} for native_id in ids_there]
    warehouse.replace("landing/compared", [])
    gone, missing = ([row["native_id"] for row in differing if row["is_gone"] is is_gone] for is_gone in (True, False))
    known = seen + len(gone) - sum(row["is_new"] for row in differing)
    return Difference(known, seen, missing, gone)


def _pointer(name: str) -> str:
    """The name of a cell as a JSON pointer."""
    return "/" + name.replace("~", "~0").replace("/", "~1")


def _fields_before(warehouse: Warehouse, source: Source, pull: Pull, pull_id: str) -> dict[str, dict[str, Any]]:
    """The fields of the newest other pull of a source, or of its stream."""
    return {row["field"]: row for row in warehouse.rows("landing/fields_before", source=source.name, stream=pull.stream or "", pull_id=pull_id)}


def _to_read_again(workspace: Workspace, warehouse: Warehouse, source: Source, known: list[dict[str, Any]]) -> dict[str, Manifest]:
    """Manifests, by fingerprint, of pulls that were read in another way than the source says now.

    One whose new reading was cut off between manifest and store is registered anew on the way.
    """
    again = {}
    for row in known:
        manifest = batches.manifest(batches.folder_of(workspace, source.name, row["pull_id"]))
        if manifest and batches.places(manifest) != row["batches"]:
            _register(warehouse, [manifest])
        if manifest and manifest.get("reading", batches.reading(source)) != batches.reading(source):
            again[row["fingerprint"]] = manifest
    return again


def _replaced(known: list[dict[str, Any]], again: dict[str, Manifest]) -> Known:
    """What is not to be pulled again, with the origins where it has been replaced since and may come back."""
    newest = {row["origin"]: row["fingerprint"] for row in known}  # oldest first
    origins: dict[str, set[str]] = {}
    for row in known:
        origins.setdefault(row["fingerprint"], set()).add(row["origin"])
    return {
        fingerprint: frozenset(origin for origin in places if newest[origin] != fingerprint)
        for fingerprint, places in origins.items()
        if fingerprint not in again
    }


def _after_the_last(known: list[dict[str, Any]], clock: dt.datetime) -> dt.datetime:
    """The run's time, but later than the source's last pull: a clock that was set back must not make the newest the oldest."""
    last: list[dt.datetime] = [row["landed_at"] for row in known]
    return max([clock, *(landed_at + dt.timedelta(seconds=1) for landed_at in last)])


def _new_id(source: Source, pull: Pull, clock: dt.datetime, number: int) -> str:
    """A name for a pull that no other has, not even one of the same content under another source in the same night."""
    mark = hashlib.sha256(f"{source.name}\x1f{pull.fingerprint}".encode()).hexdigest()[:8]
    return f"{clock:%Y%m%dT%H%M%SZ}-{number:05d}-{mark}"


def _register(warehouse: Warehouse, manifests: list[Manifest]) -> None:
    rows = [
        {
            **{name: manifest[name] for name in ("pull_id", "source", "kind", "connector", "origin", "fingerprint", "size_bytes")},
            **{name: manifest.get(name) for name in ("stream", "checkpoint")},
            "landed_at": dt.datetime.fromisoformat(manifest["landed_at"]),
            "row_count": manifest["rows"],
            "batches": batches.places(manifest),
        }
        for manifest in manifests
    ]
    fields = [
        {"pull_id": manifest["pull_id"], "source": manifest["source"], "field": name, **seen}
        for manifest in manifests
        for name, seen in manifest.get("fields", {}).items()
    ]
    with warehouse.transaction():
        warehouse.upsert("landing/pulls", rows)
        warehouse.delete("landing/fields", batches.ids(manifests))
        warehouse.insert("landing/fields", fields)
