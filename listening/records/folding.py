"""Bring records into those that are kept: newest wins, and each thing said is counted once by what became of it.

What is newest is decided by `updated_at`, and where that does not tell by the place: a later pull, a later row. At
the same moment a deletion wins. So the same rows in any order, once or many times, leave the same records.
"""

from __future__ import annotations

import collections
import functools
import hashlib
from typing import Any

import pyarrow as pa

from listening.tables import ARROW_TYPES, as_arrow, table
from listening.warehouse import Warehouse

Record = dict[str, Any]
_NOT_CONTENT = frozenset({"landed_at", "pull_id", "row_no", "content_hash", "is_dropped", "is_swept", "updated_at"})
_LOOKED_AT = ("record_id", "native_id", "thread_id", "whole_id", "is_deleted", "updated_at", "landed_at", "pull_id", "row_no", "text_hash", "content_hash",
              "reason", "is_own_id")  # fmt: skip
_SETTLED = ("landed_at", "updated_at", "pull_id", "row_no", "is_dropped", "is_swept")  # of a record that is kept as it came, what is decided here
WORDS = ("text", "score", "score_worst", "score_best", "score_name", "customer_id", "account_id", "url", "attributes", "text_hash", "language")


def fold(warehouse: Warehouse, source: str, candidates: pa.Table) -> tuple[collections.Counter[str], list[Record]]:
    """Fold things said (`things.py`) into the kept records of a source; gives the counts of all but the rejected by outcome, and those.

    A candidate with a `reason` is no record: where it is known it has lost its words at the source and counts as deleted.
    """
    columns = (candidates[name].to_pylist() for name in _LOOKED_AT)
    looked_at = [dict(zip((*_LOOKED_AT, "place"), row, strict=True)) for row in zip(*columns, range(len(candidates)), strict=True)]
    folding = _Folding(warehouse, source, candidates, looked_at)
    for record in looked_at:
        folding.add(record)
    folding.keep()
    return folding.outcomes, folding.rejected


def erase(record: Record) -> None:
    """Take the words and everything personal out of a record, in place; what remains tells that it was there."""
    record |= dict.fromkeys(WORDS) | {"is_deleted": True}
    record["content_hash"] = content_hash(record)


def content_hash(record: Record) -> str:
    """The hash by which an edit is told from a repeat."""
    content = "\x1f".join(map(str, map(record.get, _content())))
    return hashlib.sha256(content.encode()).hexdigest()[:16]


@functools.cache
def _content() -> tuple[str, ...]:
    """The columns of which an edit consists."""
    return tuple(name for name in table("records/records").types if name not in _NOT_CONTENT)


class _Folding:
    """What is known of the records that some candidates meet, and what becomes of them.

    A candidate is held by what decides about it and its place in the table; all of it is read only where words are to go.
    """

    def __init__(self, warehouse: Warehouse, source: str, things: pa.Table, candidates: list[Record]) -> None:
        self.warehouse, self.things = warehouse, things
        self.outcomes: collections.Counter[str] = collections.Counter()
        self.rejected: list[Record] = []
        self.changed: dict[str, Record] = {}
        self.confirmed: dict[str, Record] = {}
        self.ending: Record | None = None
        self.earlier: dict[tuple[str, str, int], Record] = {}
        keys = {record["record_id"] for record in candidates} | {record["whole_id"] for record in candidates if record.get("whole_id")}
        ended = {record["thread_id"] for record in candidates if _ends_thread(record)}
        warehouse.replace("records/compared", [{"record_id": key} for key in sorted(keys)] + [{"thread_id": thread} for thread in sorted(ended)])
        self.kept: dict[str, Record] = {row["record_id"]: row for row in warehouse.rows("records/kept", source=source)}
        self.kept |= {row["record_id"]: row for row in warehouse.rows("records/kept_of_threads", source=source)} if ended else {}
        self.threads: dict[str, set[str]] = {thread: set() for thread in ended}
        for key, row in self.kept.items():
            self._note_thread(key, row)

    def add(self, record: Record) -> None:
        """Take in one candidate and count what became of it."""
        if self.ending and self.ending["row_no"] != record["row_no"]:
            self._end_thread()
        if _ends_thread(record):
            self.ending = record
        whole = self.kept.get(record.get("whole_id") or "")
        if whole and not whole["is_dropped"] and not record["is_deleted"] and _is_older(record, whole):
            record = self._whole(record)
            erase(record)
        before = self.kept.get(record["record_id"])
        if record.get("reason"):
            self._reject(record, before)
        elif before and not before["is_dropped"] and _is_older(record, before):
            self.outcomes["repeated"] += 1
            self._note_place(record)
        else:
            self._take(record, before)

    def keep(self) -> None:
        """Write what has changed."""
        self._end_thread()
        self.warehouse.upsert("records/earlier", list(self.earlier.values()))
        self.warehouse.upsert("records/records", self._written())
        self.warehouse.replace("records/compared", [row for key, row in self.confirmed.items() if key not in self.changed])
        self.warehouse.execute("records/confirm")
        self.warehouse.replace("records/compared", [])

    def _take(self, record: Record, before: Record | None) -> None:
        outcome = _outcome(record, before)
        self.outcomes[outcome] += 1
        if outcome == "repeated" and before and not before["is_dropped"]:
            self._confirm(record, before)
        else:
            self._write(record | {"landed_at": before["landed_at"]} if before else record)

    def _write(self, record: Record) -> None:
        key = record["record_id"]
        self._note_place(self.kept.get(key), record)
        self.kept[key] = self.changed[key] = record | {"is_dropped": False}
        self._note_thread(key, record)

    def _confirm(self, record: Record, before: Record) -> None:
        """Remember when and where a record was last seen as it is, so that an older version can't come after it."""
        self._note_place(before, record)
        before |= {"updated_at": record["updated_at"] or before["updated_at"], "pull_id": record["pull_id"], "row_no": record["row_no"]}
        if record["is_deleted"]:  # the row that tells of it has come again, perhaps with the words
            before["is_swept"] = None
        self.confirmed[record["record_id"]] = before  # the same object as in `kept` and `changed`

    def _reject(self, record: Record, before: Record | None) -> None:
        """Reject what is no record; if it was one, it is gone."""
        is_gone = before and not before["is_deleted"] and not before["is_dropped"] and not _is_older(record, before)
        if is_gone and before:
            self._bury(before, record)
            return
        self.rejected.append(record)
        if before is None:  # so that an older version further down does not bring it back
            self.kept[record["record_id"]] = {**record, "is_deleted": True, "is_dropped": False, "content_hash": ""}

    def _end_thread(self) -> None:
        """Delete what is known of a thread that was deleted as a whole, also what the deletion did not list."""
        whole, self.ending = self.ending, None
        if whole is None:
            return
        for key in sorted(self.threads[whole["thread_id"]]):
            before = self.kept[key]
            if not before["is_deleted"] and not before["is_dropped"] and not _is_older(whole, before):
                self._bury(before, whole)
        marker = self._whole(whole)
        marker |= {"record_id": marker["whole_id"], "native_id": marker["whole"]}
        erase(marker)
        known = self.kept.get(whole["whole_id"])
        if not known or known["is_dropped"] or not _is_older(marker, known):
            self._write(marker)

    def _bury(self, before: Record, by: Record) -> None:
        """Keep a known record without its words, and count it as deleted."""
        buried = self._whole(before)
        buried |= {"pull_id": by["pull_id"], "row_no": by["row_no"], "updated_at": by["updated_at"] or before["updated_at"]}
        erase(buried)
        self._write(buried)
        self.outcomes["deleted"] += 1

    def _whole(self, record: Record) -> Record:
        """All of a record, of which perhaps only what decides about it is at hand; a new object."""
        if "place" in record:
            known = self.things.slice(record["place"], 1).to_pylist()[0] | record
            return {name: cell for name, cell in known.items() if name != "place"}
        return (record if "source" in record else self.warehouse.rows("records/kept_whole", record_id=record["record_id"])[0]) | record

    def _written(self) -> pa.Table:
        """The rows of all records that have changed, those that are kept as they came without a look at each cell."""
        types = table("records/records").types
        came, others = ([record for record in self.changed.values() if ("place" in record) == has_place] for has_place in (True, False))
        rows = self.things.select(list(types)).take(pa.array([record["place"] for record in came], pa.int64()))
        for name in _SETTLED:
            settled = pa.array([record.get(name) for record in came], ARROW_TYPES[types[name]])
            rows = rows.set_column(rows.schema.get_field_index(name), name, settled)
        return pa.concat_tables([rows, as_arrow("records/records", others)])

    def _note_place(self, record: Record | None, newer: Record | None = None) -> None:
        """Remember a landed row in which a record stood, or stands as an older version, since its words may have to go from there."""
        if record and record.get("pull_id") and (newer is None or (record["pull_id"], record["row_no"]) != (newer["pull_id"], newer["row_no"])):
            place = {name: record.get(name) for name in ("record_id", "pull_id", "row_no", "text_hash")}
            self.earlier[record["record_id"], record["pull_id"], record["row_no"]] = place

    def _note_thread(self, key: str, record: Record) -> None:
        if record["thread_id"] in self.threads:
            self.threads[record["thread_id"]].add(key)


def _ends_thread(record: Record) -> bool:
    """Whether a candidate was deleted together with its whole thread."""
    return bool(record["is_deleted"] and record["thread_id"] and record.get("whole_id"))


def _is_older(record: Record, before: Record) -> bool:
    mine, theirs = record["updated_at"], before["updated_at"]
    if mine and theirs and mine != theirs:
        return bool(mine < theirs)
    if mine and theirs and record["is_deleted"] != before["is_deleted"]:
        return bool(before["is_deleted"])
    return bool((record["pull_id"], record["row_no"]) < (before["pull_id"], before["row_no"]))


def _outcome(record: Record, before: Record | None) -> str:
    """What a candidate does that is not older than what is kept."""
    if before is None:
        return "deleted" if record["is_deleted"] else "new"
    if record["is_deleted"] or before["is_deleted"]:
        return "repeated" if record["is_deleted"] == before["is_deleted"] else "deleted" if record["is_deleted"] else "new"
    return "repeated" if before["content_hash"] == record["content_hash"] else "updated"
