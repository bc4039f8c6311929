"""Shape a source's landed rows into records: identity, counting and time as the contract has them.

Every thing said is counted once a night: seen = new + updated + repeated + deleted + rejected + refused.
"""

from __future__ import annotations

import collections
import datetime as dt
import hashlib
import json
import logging
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from listening.records import cleaning, layouts, privacy, times
from listening.records.layouts import Layout, Said
from listening.warehouse import Warehouse, table
from listening.workspace import DIMENSIONS, ROLES, Company, Mend, Source, Workspace

SHAPING_VERSION = "1"  # a change here shapes everything that has landed again
OUTCOMES = ("new", "updated", "repeated", "deleted", "rejected", "refused")
_NUMBER = re.compile(r"^\s*(-?\d+(?:[.,]\d+)?)(?:\s*(?:/\s*\d+|stars?|[-–:(].*|%))?\s*$", re.I)
_FALSE = {"false", "f", "0", "0.0", "no", "n", "private", "internal", "none", ""}
log = logging.getLogger(__name__)

Record = dict[str, Any]


@dataclass
class Shaped:
    """What shaping one source came to: counts by outcome, sentences for whoever must act, and remarks."""

    counts: collections.Counter[str] = field(default_factory=collections.Counter)
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def seen(self) -> int:
        """All things said that were looked at."""
        return sum(self.counts[outcome] for outcome in OUTCOMES)


@dataclass
class _Pull:
    """One landed pull while it is being shaped."""

    pull_id: str
    origin: str
    landed_at: dt.datetime
    batches: list[str]
    rows: int
    layout: Layout | None = None
    day_first: bool | None = None
    refusal: str | None = None
    sentence: str | None = None
    again_at: dt.datetime | None = None
    occurrences: collections.Counter[str] = field(default_factory=collections.Counter)
    rejects: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class _Shaper:
    """Everything that the rows of one source need to become records."""

    source: Source
    company: Company
    clock: dt.datetime

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.source.timezone or self.company.timezone)

    @property
    def home(self) -> ZoneInfo:
        return ZoneInfo(self.company.timezone)


def shape(workspace: Workspace, warehouse: Warehouse, source: Source, company: Company, clock: dt.datetime, run_id: str) -> Shaped:
    """Shape what has landed of a source and was not shaped yet, all of it again where its settings have changed."""
    fingerprint = f"{SHAPING_VERSION}-{source.fingerprint}-{company.timezone}"
    shaped = Shaped()
    pulls = warehouse.rows("records/pulls_to_shape", source=source.name, fingerprint=fingerprint, clock=clock)
    with warehouse.transaction():
        if any(pull["is_stale"] for pull in pulls):
            warehouse.execute("records/mark_dropped", source=source.name)
            shaped.notes.append(f"{source.name}: the settings have changed, so all of its rows are shaped again")
        for row in pulls:
            pull = _Pull(row["pull_id"], row["origin"], row["landed_at"], row["batches"], row["row_count"])
            _shape_pull(workspace, warehouse, _Shaper(source, company, clock), pull, shaped)
            warehouse.delete("records/rejects", pa.table({"pull_id": [pull.pull_id]}))
            warehouse.insert("records/rejects", pull.rejects)
            if not pull.sentence:
                done = {"pull_id": pull.pull_id, "source": source.name, "fingerprint": fingerprint, "again_at": pull.again_at}
                warehouse.upsert("records/shaped_pulls", [done])
        if any(pull["is_stale"] for pull in pulls):
            warehouse.execute("records/unmark_dropped" if shaped.faults else "records/drop_marked", source=source.name)
        counts = {
            "run_id": run_id,
            "source": source.name,
            "kind": source.kind,
            "seen": shaped.seen,
            **{outcome: shaped.counts[outcome] for outcome in OUTCOMES},
        }
        warehouse.delete("records/run_counts", pa.table({"run_id": [run_id], "source": [source.name]}))
        warehouse.insert("records/run_counts", [counts])
    return shaped


def _shape_pull(workspace: Workspace, warehouse: Warehouse, shaper: _Shaper, pull: _Pull, shaped: Shaped) -> None:
    """Turn one pull into records and rejects; a pull that cannot be read as configured is refused in words, row by row."""
    _look_ahead(workspace, warehouse, shaper.source, pull)
    if pull.layout:
        shaped.notes += [note for note in pull.layout.notes if note not in shaped.notes]
    unreadable: collections.Counter[str] = collections.Counter()
    outcomes: collections.Counter[str] = collections.Counter()
    for rows in _batches(workspace, warehouse, pull):
        candidates: list[Record] = []
        for number, cells, fault in rows:
            for said in _said(shaper, pull, cells, fault):
                reason = said.get("reject") or _complete(shaper, pull, said, number)
                if reason:
                    unreadable[reason] += 1
                    outcomes["rejected"] += 1
                    pull.rejects.append(
                        {"source": shaper.source.name, "native_id": _text(said.get("id")), "pull_id": pull.pull_id, "row_no": number, "reason": reason}
                    )
                else:
                    candidates.append(said)
        outcomes += _fold(warehouse, shaper, pull, candidates)
    shaped.counts += outcomes
    _tell(shaper.source, pull, unreadable, outcomes, shaped)


def _look_ahead(workspace: Workspace, warehouse: Warehouse, source: Source, pull: _Pull) -> None:
    """Find the layout and the order of day and month from all rows, before any of them is read."""
    fields: dict[str, None] = {}
    for rows in _batches(workspace, warehouse, pull):
        for _, cells, fault in rows:
            if not fault:
                fields.update(dict.fromkeys(cells))
    if not fields:
        return
    try:
        pull.layout = layouts.choose(source, list(fields))
    except Mend as problem:
        pull.refusal, pull.sentence = "columns do not fit the configuration", str(problem)
        return
    if not pull.layout.has_time and source.said_at_default is None:
        pull.refusal = "no date"
        pull.sentence = (
            f"no column says when something was said. Name it with columns = {{said_at = '…'}} in [sources.{source.name}], "
            f"or give one date for all rows with said_at_default = 2025-01-31. The columns are: {', '.join(list(fields)[:30])}."
        )
        return
    if pull.layout.dates:
        _find_day_order(source, pull, (
            layouts.value(cells, column)
            for rows in _batches(workspace, warehouse, pull)
            for _, cells, fault in rows if not fault
            for column in pull.layout.dates
        ))  # fmt: skip


def _find_day_order(source: Source, pull: _Pull, cells: Iterable[Any]) -> None:
    """Settle whether 03/04 is in April or in March: as configured, as the column tells, or not at all."""
    order = times.order_of_days(cells)
    if source.day_first is not None:
        pull.day_first = source.day_first
        return
    try:
        pull.day_first = order.is_day_first
    except times.Unreadable as problem:
        pull.refusal, pull.sentence = str(problem), f"{problem}. Export the dates as 2025-01-31, or set day_first in [sources.{source.name}]."
        return
    if pull.day_first is None and order.either:
        pull.refusal = "order of day and month is not known"
        pull.sentence = (
            f"no date tells whether the day or the month comes first. Set day_first = true (31/01/2025) "
            f"or day_first = false (01/31/2025) in [sources.{source.name}]."
        )
    others = min(order.day_first, order.month_first)
    if others and pull.layout:
        first, second = ("month", "day") if pull.day_first else ("day", "month")
        pull.layout.notes.append(
            f"{source.name}: {pull.origin}: {others} of {order.day_first + order.month_first} telling dates begin with the {first}; "
            f"{order.either} that could be either are read with the {second} first, as most are. Set day_first to say so yourself"
        )


def _batches(workspace: Workspace, warehouse: Warehouse, pull: _Pull) -> Iterator[list[tuple[int, Any, str | None]]]:
    for batch in pull.batches:
        rows = warehouse.query("records/landed_rows", batch=str(Path(workspace.landing, batch)))
        columns = (rows.column(name).to_pylist() for name in ("row_no", "cells", "fault"))
        yield [(number, json.loads(cells), fault) for number, cells, fault in zip(*columns, strict=True)]


def _said(shaper: _Shaper, pull: _Pull, cells: Any, fault: str | None) -> list[Said]:
    """The things said in one row; a row that cannot be read is one thing, rejected with its reason."""
    if fault or pull.refusal:
        native = None if fault or not isinstance(cells, dict) else cells.get("id")
        return [{"reject": fault or pull.refusal, "id": native}]
    assert pull.layout is not None
    return pull.layout.take_apart(cells)


def _complete(shaper: _Shaper, pull: _Pull, said: Said, number: int) -> str | None:
    """Make a thing said into a record, in place. Gives the reason if it can't be one."""
    source = shaper.source
    if reason := _not_a_customers(said):
        return reason
    try:
        _set_times(shaper, pull, said)
    except times.Unreadable as problem:
        return str(problem)
    if said["said_at"] > shaper.clock:
        pull.again_at = min(pull.again_at or said["said_at"], said["said_at"])
        return "said after the run's time"
    _set_score(said)
    _set_words(said)
    is_deleted = _is_true(said.get("deleted"))
    if not is_deleted and said["text"] is None and said["score"] is None:
        return str(said["emptiness"])
    said["native_id"] = _native_id(said, pull)
    said |= {
        "record_id": hashlib.sha256(f"{source.name}\x1f{said['native_id']}".encode()).hexdigest()[:20],
        "source": source.name,
        "kind": source.kind,
        "thread_id": _text(said.get("thread_id")),
        "customer_id": _text(said.get("customer_id")),
        "account_id": _text(said.get("account_id")),
        "role": _role(source, said),
        "landed_at": pull.landed_at,
        "pull_id": pull.pull_id,
        "row_no": number,
        "is_deleted": is_deleted,
        "given_language": _language(said.get("language") or source.language),
        "given_stage": _text(said.get("stage") or source.stage),
        "given_touchpoint": _text(said.get("touchpoint") or source.touchpoint),
        "url": _text(said.get("url")),
        **{name: _text(said.get(name)) for name in DIMENSIONS},
    }
    return None


def _not_a_customers(said: Said) -> str | None:
    writer = layouts.author(said.get("author"))
    if writer != "customer":
        return writer
    if said.get("public") is not None and not _is_true(said["public"]):
        return "internal note"
    return None


def _set_times(shaper: _Shaper, pull: _Pull, said: Said) -> None:
    default = shaper.source.said_at_default
    cell = said.get("said_at")
    if cell is None and default is None:
        raise times.Unreadable("no date")
    moment, is_date = times.read(cell, shaper.zone, pull.day_first) if cell is not None else (times.midnight(default, shaper.zone), True)  # type: ignore[arg-type]
    said["said_at"] = moment
    said["said_on"] = times.local_date(moment, shaper.zone if is_date else shaper.home)
    for name in ("updated_at", "experienced_at"):
        try:
            said[name] = times.read(said[name], shaper.zone, pull.day_first)[0] if said.get(name) is not None else None
        except times.Unreadable:
            said[name] = None


def _set_score(said: Said) -> None:
    cell, scale = said.get("score"), said.get("score_scale")
    match = _NUMBER.match(str(cell)) if cell is not None else None
    score = float(match[1].replace(",", ".")) if match else None
    if score is not None and scale and not min(scale) <= score <= max(scale):
        score = None
    said["is_off_scale"] = cell is not None and score is None
    said["score"] = score
    said["score_worst"], said["score_best"] = scale if scale and score is not None else (None, None)
    said["score_name"] = _text(said.get("score_name")) if score is not None else None


def _set_words(said: Said) -> None:
    """The customer's own words, title first; None where there are none, with the reason in `emptiness`."""
    words = cleaning.plain(str(said["text"])) if said.get("text") is not None else ""
    title = cleaning.plain(str(said["title"])) if said.get("title") is not None else ""
    said["emptiness"] = "no text and no score" if not words and not title else "junk answer"
    if cleaning.is_junk(words):
        words = ""
    if cleaning.is_junk(title):
        title = ""
    if title and title.casefold() not in words.casefold():
        words = f"{title}\n{words}" if words else title
    said["text"] = words or None


def _native_id(said: Said, pull: _Pull) -> str:
    """The source's own id; without one, a hash of the canonical row and the number of its occurrence in the pull."""
    native = _text(said.get("id"))
    part = f"#{said['part']}" if said.get("part") and native else ""
    if native:
        return f"{native}{part}"
    canonical = [str(said.get(name)) for name in ("said_at", "title", "text", "score", "customer_id", "thread_id", "part", *DIMENSIONS)]
    digest = hashlib.sha256("\x1f".join(canonical).encode()).hexdigest()[:16]
    pull.occurrences[digest] += 1
    return f"row-{digest}-{pull.occurrences[digest]}"


def _role(source: Source, said: Said) -> str:
    row = str(said.get("role") or "").lower()
    own = source.kind if source.kind in ("employee", "supplier") else "buyer"
    return row if row in ROLES else source.role or own


def _language(cell: Any) -> str | None:
    code = re.match(r"[A-Za-z]{2}(?=$|[-_])", str(cell or "").strip())
    return code[0].lower() if code else None


def _fold(warehouse: Warehouse, shaper: _Shaper, pull: _Pull, candidates: list[Record]) -> collections.Counter[str]:
    """Bring candidates into the kept records, newest wins; gives the counts by outcome."""
    _finish(candidates, shaper.company)
    outcomes: collections.Counter[str] = collections.Counter()
    if not candidates:
        return outcomes
    ids = pa.table({"record_id": sorted({record["record_id"] for record in candidates})})
    warehouse.replace("records/asked", ids)
    kept: dict[str, Record] = {row["record_id"]: row for row in warehouse.rows("records/kept")}
    changed: dict[str, Record] = {}
    for record in candidates:
        before = kept.get(record["record_id"])
        outcome = _outcome(record, before)
        outcomes[outcome] += 1
        if outcome != "repeated":
            record["landed_at"] = before["landed_at"] if before and not before["is_dropped"] else record["landed_at"]
            kept[record["record_id"]] = changed[record["record_id"]] = {**record, "is_dropped": False}
        elif before and before["is_dropped"]:
            revived = {**record, "landed_at": before["landed_at"], "is_dropped": False}
            kept[record["record_id"]] = changed[record["record_id"]] = revived
    warehouse.upsert("records/records", list(changed.values()))
    return outcomes


def _outcome(record: Record, before: Record | None) -> str:
    is_older = bool(before and before["updated_at"] and record["updated_at"] and record["updated_at"] < before["updated_at"])
    if record["is_deleted"]:
        return "repeated" if is_older else "deleted"
    if before is None:
        return "new"
    if before["is_deleted"]:
        is_newer = before["updated_at"] and record["updated_at"] and record["updated_at"] > before["updated_at"]
        return "new" if is_newer else "repeated"
    if is_older or before["content_hash"] == record["content_hash"]:
        return "repeated"
    return "updated"


def _finish(candidates: list[Record], company: Company) -> None:
    """What is done column by column: redaction, language, leftovers, and the hash that tells an edit."""
    for record, text in zip(candidates, privacy.redact([record["text"] for record in candidates]), strict=True):
        record["text"] = None if record["is_deleted"] else text
        record["language"] = record["given_language"] or (cleaning.language(text) if text else None)
        kept = layouts.kept_attributes(record.get("attributes") or {})
        strings = [key for key, cell in kept.items() if isinstance(cell, str)]
        kept |= dict(zip(strings, privacy.redact([kept[key] for key in strings]), strict=True))
        record["attributes"] = None if record["is_deleted"] or not kept else json.dumps(kept, ensure_ascii=False, sort_keys=True)
        if record["is_deleted"]:
            record |= {"score": None, "customer_id": None, "account_id": None, "url": None}
        record["text_hash"] = hashlib.sha256((text or "").encode()).hexdigest()[:16] if record["text"] else None
        content = [
            str(record.get(name))
            for name in table("records/records").types
            if name not in ("landed_at", "pull_id", "row_no", "content_hash", "is_dropped", "updated_at")
        ]
        record["content_hash"] = hashlib.sha256("\x1f".join(content).encode()).hexdigest()[:16]


def _tell(source: Source, pull: _Pull, reasons: collections.Counter[str], outcomes: collections.Counter[str], shaped: Shaped) -> None:
    """Say in sentences what a person should know of this pull."""
    if pull.sentence:
        shaped.faults.append(f"{source.name}: {pull.origin}: {pull.sentence} All {sum(outcomes.values())} rows are kept and rejected until then.")
        return
    unexpected = {reason: count for reason, count in reasons.items() if reason not in _ORDINARY}
    date_reasons = {reason: count for reason, count in unexpected.items() if "dat" in reason}
    if date_reasons and sum(date_reasons.values()) == sum(outcomes.values()):
        reason = max(date_reasons, key=lambda name: date_reasons[name])
        pull.sentence = f"no date in it can be read ({reason}). Name the right column with columns = {{said_at = '…'}}, or export dates as 2025-01-31."
        shaped.faults.append(f"{source.name}: {pull.origin}: {pull.sentence} All {sum(outcomes.values())} rows are kept and rejected until then.")
        return
    for reason, count in sorted(unexpected.items()):
        first = next(reject["row_no"] for reject in pull.rejects if reject["reason"] == reason)
        shaped.notes.append(f"{source.name}: {pull.origin}: {count} of {sum(outcomes.values())} rejected: {reason} (first at row {first})")
    if outcomes["updated"] > 0.2 * max(outcomes["new"], 1) and outcomes["new"]:
        shaped.notes.append(
            f"{source.name}: {pull.origin}: {outcomes['updated']} rows repeat an id with other words and the last wins; is the id column right?"
        )


_ORDINARY = frozenset({"agent", "bot", "internal note", "junk answer", "no text and no score", "heading below the header line", "said after the run's time"})


def _text(cell: Any) -> str | None:
    if cell is None:
        return None
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    text = cleaning.hidden_removed(str(cell)).strip()
    return text or None


def _is_true(cell: Any) -> bool:
    return cell is not None and str(cell).strip().lower() not in _FALSE
