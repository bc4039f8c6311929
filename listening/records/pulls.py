"""Landed pulls while they are shaped: takes a source and what it landed, gives rows, and keeps counts, rejects and sentences."""

from __future__ import annotations

import collections
import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from listening.forgotten import FORGOTTEN
from listening.records import times
from listening.records.rows import value
from listening.warehouse import Warehouse
from listening.workspace import Company, Source, Workspace

SHAPING_VERSION = "6"  # a change here shapes everything that has landed again
DELETED = "deleted at the source"  # the fault of a landed row whose words were deleted there later
REPLACED = "said otherwise since"  # of one whose words the system gave otherwise later
EXPIRED = "older than keep_days"
_ERASED = {FORGOTTEN: "refused", DELETED: "deleted", REPLACED: "repeated"}
_ROWS_AT_A_TIME = 10_000
OUTCOMES = ("new", "updated", "repeated", "deleted", "rejected", "refused")


@dataclass
class Shaped:
    """What shaping one source came to: counts by outcome, reasons of the rejected, sentences for whoever must act, and remarks.

    `to_erase`: by pull, the landed rows that may no longer be kept, with the cells (JSON) and the fault that take their place.
    """

    counts: collections.Counter[str] = field(default_factory=collections.Counter)
    reasons: collections.Counter[str] = field(default_factory=collections.Counter)
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    to_erase: dict[str, dict[int, tuple[str, str | None]]] = field(default_factory=dict)

    @property
    def seen(self) -> int:
        """All things said that were looked at."""
        return sum(self.counts[outcome] for outcome in OUTCOMES)


@dataclass
class Landed:
    """One landed pull. One with a `sentence` is refused: `refusal` is each row's reason.

    `is_stale`: it was shaped under other settings. `is_gone`: its file was replaced or taken away since.
    """

    workspace: Workspace
    warehouse: Warehouse
    pull_id: str
    origin: str
    landed_at: dt.datetime
    batches: list[str]
    row_count: int
    is_stale: bool
    was_shaped: bool
    is_gone: bool
    is_given_up: bool = False
    columns: dict[str, str] = field(default_factory=dict)
    day_first: bool | None = None
    refusal: str | None = None
    sentence: str | None = None
    notes: list[str] = field(default_factory=list)
    rejects: list[dict[str, Any]] = field(default_factory=list)
    to_erase: dict[int, str] = field(default_factory=dict)
    outcomes: collections.Counter[str] = field(default_factory=collections.Counter)

    @classmethod
    def of(cls, workspace: Workspace, warehouse: Warehouse, row: Mapping[str, Any]) -> Self:
        """A pull as `landing.pulls` has it, with nothing to be said of how it was shaped before."""
        return cls(workspace, warehouse, row["pull_id"], row["origin"], row["landed_at"], row["batches"], row["row_count"], False, False, False)

    @property
    def is_done(self) -> bool:
        """Whether it needs no second look: it was read, or its file was replaced or taken away since it was refused."""
        return self.sentence is None or self.is_given_up

    def tables(self, size: int) -> Iterator[pa.Table]:
        """The landed rows (pull_id, row_no, cells as JSON, fault), at most so many at a time; erased rows are only counted."""
        for outcome in _ERASED.values():
            self.outcomes.pop(outcome, None)
        for found in self._of_batches("records/landed_rows"):
            is_erased = pc.is_in(found["fault"], pa.array(_ERASED))
            self.outcomes.update(_ERASED[fault] for fault in found["fault"].filter(is_erased).to_pylist())
            standing = np.flatnonzero(~is_erased.to_numpy())
            for start in range(0, len(standing), size):
                yield found.take(standing[start : start + size])  # and no slice, which would hold all rows wherever it is sent

    def rows(self) -> Iterator[tuple[int, Any, str | None]]:
        """Number, cells and fault of each row; erased rows are only counted."""
        for table in self.tables(_ROWS_AT_A_TIME):
            yield from rows_of(table)

    def fields(self) -> list[str]:
        """All columns that any good row has."""
        names: dict[str, None] = {}
        for found in self._of_batches("records/landed_fields"):
            for some in found.column("names").to_pylist():
                names.update(dict.fromkeys(some))
        return list(names)

    def refuse(self, reason: str, sentence: str) -> None:
        """Reject every row for `reason`, and tell a person how to mend it."""
        self.refusal, self.sentence = reason, sentence

    def reject(self, source: Source, number: int, reason: str, native_id: str | None = None) -> None:
        """Count what became nothing, with its reason and its own id if it has one."""
        self.outcomes["rejected"] += 1
        self.rejects.append({"source": source.name, "native_id": native_id, "pull_id": self.pull_id, "row_no": number, "reason": reason})

    def refuse_forgotten(self, number: int) -> None:
        """Count a row of somebody who was forgotten, and remember that it still stands in landing."""
        self.outcomes["refused"] += 1
        self.to_erase[number] = FORGOTTEN

    def find_day_order(self, source: Source, columns: list[str]) -> None:
        """Settle whether 03/04 is in April or in March: as configured, as the columns tell, or not at all."""
        if source.day_first is not None:
            self.day_first = source.day_first
            return
        telling = (json.loads(cells) for found in self._of_batches("records/landed_dates") for cells in found.column("cells").to_pylist())
        order = times.order_of_days(value(cells, column) for cells in telling for column in columns)
        try:
            self.day_first = order.is_day_first
        except times.Unreadable as problem:
            self.refuse(str(problem), f"{problem}. Export the dates as 2025-01-31, or set day_first in [sources.{source.name}].")
            return
        if self.day_first is None and order.either:
            self.refuse(
                "order of day and month is not known",
                "no date tells whether the day or the month comes first. Set day_first = true (31/01/2025) "
                f"or day_first = false (01/31/2025) in [sources.{source.name}].",
            )
        others = min(order.day_first, order.month_first)
        if others:
            first, second = ("month", "day") if self.day_first else ("day", "month")
            self.notes.append(
                f"{source.name}: {self.origin}: {others} of {order.day_first + order.month_first} telling dates begin with the {first}; "
                f"{order.either} that could be either are read with the {second} first, as most are. Set day_first to say so yourself"
            )

    def _of_batches(self, name: str) -> Iterator[pa.Table]:
        """What a query tells of each batch."""
        return (self.warehouse.query(name, batch=str(Path(self.workspace.landing, batch))) for batch in self.batches)


def rows_of(table: pa.Table) -> Iterator[tuple[int, Any, str | None]]:
    """Number, cells and fault of each row of a table of landed rows."""
    for number, cells, fault in zip(*(table.column(name).to_pylist() for name in ("row_no", "cells", "fault")), strict=True):
        yield number, json.loads(cells), fault


P = TypeVar("P", bound=Landed)


def to_shape(kind: type[P], workspace: Workspace, warehouse: Warehouse, source: Source, company: Company, clock: dt.datetime) -> list[P]:
    """The pulls of a source that were not shaped yet, were shaped under other settings, or hold a future that has come; oldest first."""
    found = warehouse.rows("records/pulls_to_shape", source=source.name, fingerprint=fingerprint(source, company), clock=clock)
    return [
        kind(
            workspace, warehouse, row["pull_id"], row["origin"], row["landed_at"], row["batches"], row["row_count"], row["is_stale"], row["was_shaped"],
            row["is_replaced"] or (row["connector"] == "files" and not Path(workspace.root, row["origin"]).exists()),
        )
        for row in found
    ]  # fmt: skip


def kept_from(source: Source, clock: dt.datetime, zone: ZoneInfo) -> dt.date:
    """The first day that a source's rows may be kept of."""
    if source.keep_days is None:
        return dt.date.min
    return times.local_date(clock, zone) - dt.timedelta(days=source.keep_days)


def fingerprint(source: Source, company: Company) -> str:
    """The hash of everything that decides what landed rows become."""
    return f"{SHAPING_VERSION}-{source.fingerprint}-{company.timezone}"


def give_up(pulls: Sequence[Landed]) -> None:
    """Stop asking for a mend of refused pulls whose file is gone or replaced.

    What a pull brought earlier is given up only if the settings fit another pull: else it is they that are to be mended.
    """
    do_settings_fit = any(pull.sentence is None for pull in pulls)
    for pull in pulls:
        pull.is_given_up = bool(pull.sentence) and pull.is_gone and (do_settings_fit or not pull.was_shaped)


def _tell_refusal(source: Source, pull: Landed, shaped: Shaped) -> None:
    """Say why a pull was refused, what became of its rows, and how to mend it."""
    total, told = sum(pull.outcomes.values()), f"{source.name}: {pull.origin}: "
    if pull.is_given_up:
        shaped.notes.append(f"{told}its {total} rows were refused, and the file has been replaced or taken away since: {pull.sentence}")
        return
    rows = f"All {total} rows are kept and rejected until then, or until the file is replaced or taken away."
    shaped.faults.append(f"{told}{pull.sentence} {'What it brought under the earlier settings stays.' if pull.was_shaped else rows}")


def tell(source: Source, pull: Landed, shaped: Shaped, ordinary: frozenset[str] = frozenset()) -> None:
    """Add what became of a pull to what shaping its source came to; `ordinary` reasons of rejection are not worth a remark."""
    shaped.counts += pull.outcomes
    if pull.to_erase:
        shaped.to_erase[pull.pull_id] = {number: ("null", fault) for number, fault in pull.to_erase.items()}
    shaped.notes += [note for note in pull.notes if note not in shaped.notes]
    total = sum(pull.outcomes.values())
    if pull.sentence:
        _tell_refusal(source, pull, shaped)
        return
    for reason, count_of in sorted(collections.Counter(reject["reason"] for reject in pull.rejects if reject["reason"] not in ordinary).items()):
        first = next(reject["row_no"] for reject in pull.rejects if reject["reason"] == reason)
        shaped.notes.append(f"{source.name}: {pull.origin}: {count_of} of {total} rejected: {reason} (first at row {first})")


def keep(warehouse: Warehouse, source: Source, company: Company, pull: Landed, shaped: Shaped, again_at: dt.datetime | None = None) -> None:
    """Keep the rejects of a pull, and that it is shaped unless it is to be mended."""
    shaped.reasons.update(reject["reason"] for reject in pull.rejects)
    warehouse.delete("records/rejects", pa.table({"pull_id": [pull.pull_id]}))
    warehouse.insert("records/rejects", pull.rejects)
    if pull.is_done:
        done = {"pull_id": pull.pull_id, "source": source.name, "fingerprint": fingerprint(source, company), "again_at": again_at}
        warehouse.upsert("records/shaped_pulls", [done])


def count(warehouse: Warehouse, source: Source, shaped: Shaped, run_id: str) -> None:
    """Write down the counts of one source in one run; what was deleted is to leave the store's bytes as well."""
    if shaped.counts["deleted"] or shaped.to_erase:
        warehouse.note_erasure()
    counts = {outcome: shaped.counts[outcome] for outcome in OUTCOMES}
    warehouse.delete("records/run_counts", pa.table({"run_id": [run_id], "source": [source.name]}))
    warehouse.insert("records/run_counts", [{"run_id": run_id, "source": source.name, "kind": source.kind, "seen": shaped.seen, **counts}])
