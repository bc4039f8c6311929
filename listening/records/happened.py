"""Shape the landed rows of operations, customers, outcomes, invitations, check-ins, ratings, investment and actions into facts.

A fact is known by its key and the newest row of a key wins. What a customer answers to a check-in in words becomes a
record as well, of kind `checkins`, which stays outside the indicators.
"""

from __future__ import annotations

import collections
import datetime as dt
import hashlib
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from listening.forgotten import Forgotten
from listening.records import cleaning, facts, folding, making, privacy, pulls, times
from listening.records.pulls import Landed, Shaped
from listening.warehouse import Warehouse
from listening.workspace import DIMENSIONS, GONE, Company, Mend, Source, Workspace

Fact = dict[str, Any]


DATE_THAT_ENDS = {
    "operations": "at", "outcomes": "at", "invitations": "sent_at", "checkins": "asked_at", "internal_ratings": "rated_at", "customers": "left_at",
}  # fmt: skip


@dataclass(frozen=True)
class _Keeping:
    """What may be kept: nothing of the forgotten, nothing older than the first day; of customers, those who left before it."""

    forgotten: Forgotten
    first_day: dt.date

    def is_too_old(self, kind: str, fact: Fact, company: Company) -> bool:
        if self.first_day == dt.date.min:
            return False
        end = fact.get(DATE_THAT_ENDS.get(kind, ""))
        if isinstance(end, dt.datetime):
            end = times.local_date(end, ZoneInfo(company.timezone))
        return end is not None and end < self.first_day


def shape(workspace: Workspace, warehouse: Warehouse, source: Source, company: Company, clock: dt.datetime, run_id: str) -> Shaped:
    """Shape what has landed of a source and was not shaped yet, all of it again where its settings have changed."""
    shaped = Shaped()
    forgotten = Forgotten(workspace)
    landed = pulls.to_shape(Landed, workspace, warehouse, source, company, clock)
    if any(_tells_of_deletions(source, pull) for pull in landed) and not any(pull.is_stale for pull in landed):
        with warehouse.transaction():  # only the source's own key tells which fact is gone, and only its rows have that
            warehouse.execute("records/shape_again", source=source.name)
        landed = pulls.to_shape(Landed, workspace, warehouse, source, company, clock)
    for pull in landed:
        _look_ahead(source, pull)
    pulls.give_up(landed)
    with warehouse.transaction():
        kept = _kept(warehouse, source) if landed else {}
        is_again = any(pull.is_stale for pull in landed)
        fresh: dict[str, Fact] = {}
        facts_of: dict[str, str] = {}
        for pull in landed:
            _shape_pull(source, company, pull, _Keeping(forgotten, pulls.kept_from(source, clock, ZoneInfo(company.timezone))), kept, fresh, facts_of)
            pulls.tell(source, pull, shaped)
            pulls.keep(warehouse, source, company, pull, shaped)
        if is_again and "key" in source.options:  # without what was deleted; a fact of two rows stands while one of them does
            standing = set(facts_of.values())
            fresh = {key: fact for key, fact in fresh.items() if key in standing}
        if is_again and not shaped.faults:
            gone = [key for key in kept if key not in fresh]
            warehouse.delete(f"records/{source.kind}", pa.table({"fact_id": pa.array(gone, pa.string())}))
            words = [making.record_id(source.name, key) for key in gone]  # of check-ins; other facts have no records
            warehouse.delete("records/records", pa.table({"record_id": pa.array(words, pa.string())}))
        changed = [fact for key, fact in fresh.items() if kept.get(key) != fact["content_hash"]]
        warehouse.upsert(f"records/{source.kind}", changed)
        if source.kind == "checkins":
            _keep_words(warehouse, source, company, changed)
        pulls.count(warehouse, source, shaped, run_id)
    return shaped


def _kept(warehouse: Warehouse, source: Source) -> dict[str, str]:
    """The content hash of each fact of a source that is kept, by its key."""
    found = warehouse.select(f"records/{source.kind}", ["fact_id", "content_hash"], source=source.name)
    return dict(zip(found.column("fact_id").to_pylist(), found.column("content_hash").to_pylist(), strict=True))


def _look_ahead(source: Source, pull: Landed) -> None:
    """Find the columns and the order of day and month; refuse the pull in words where they cannot be found."""
    fields = pull.fields()
    if not fields:
        return
    try:
        pull.columns = facts.columns_of(source, fields)
    except Mend as problem:
        pull.refuse("columns do not fit the configuration", str(problem))
        return
    dates = [pull.columns[name] for name, form in facts.KINDS[source.kind].columns.items() if form in ("time", "date") and name in pull.columns]
    pull.find_day_order(source, dates)


def _shape_pull(
    source: Source, company: Company, pull: Landed, keeping: _Keeping, kept: dict[str, str], fresh: dict[str, Fact], facts_of: dict[str, str]
) -> None:
    """Read a pull's rows into `fresh`, by the facts' keys; `facts_of` has the fact of each row by the source's own key."""
    zone = ZoneInfo(source.timezone or company.timezone)
    seen: collections.Counter[str] = collections.Counter()
    for number, cells, fault in pull.rows():
        if not fault and _is_deleted(source, cells):
            facts_of.pop(str(cells.get(source.options.get("key"))), None)
            pull.outcomes["deleted"] += 1
            continue
        reason = fault or pull.refusal or (None if cells else "row is empty")
        if reason is None:
            try:
                fact = facts.read(source, cells, pull.columns, zone, pull.day_first)
            except ValueError as problem:
                reason = str(problem)
        if reason is None and keeping.is_too_old(source.kind, fact, company):
            reason = pull.to_erase[number] = pulls.EXPIRED
        if isinstance(cells, dict) and keeping.forgotten.is_named(customer=cells.get(pull.columns.get("customer_id", ""))):
            pull.refuse_forgotten(number)
            continue
        if reason is not None:
            pull.reject(source, number, reason)
            continue
        _identify(source, pull, number, fact, seen)
        before = fresh[fact["fact_id"]]["content_hash"] if fact["fact_id"] in fresh else kept.get(fact["fact_id"])
        pull.outcomes["new" if before is None else "repeated" if before == fact["content_hash"] else "updated"] += 1
        fresh[fact["fact_id"]] = fact
        if "key" in source.options:
            facts_of[str(cells.get(source.options["key"]))] = fact["fact_id"]


def _tells_of_deletions(source: Source, pull: Landed) -> bool:
    return "key" in source.options and any(_is_deleted(source, cells) for _, cells, fault in pull.rows() if not fault)


def _is_deleted(source: Source, cells: Any) -> bool:
    """Whether a row says that it is there no longer: by the source's own column, or as the comparison of ids has found."""
    return isinstance(cells, dict) and making.is_true(cells.get(source.options.get("deleted", GONE)))


def _identify(source: Source, pull: Landed, number: int, fact: Fact, seen: collections.Counter[str]) -> None:
    """Give a fact its key and what tells an edit; redact its words. Beliefs without an id are told apart by their occurrence."""
    if "occurrence" in facts.KINDS[source.kind].key:
        belief = facts.key_of(source, fact)
        seen[belief] += 1
        fact["occurrence"] = seen[belief]
    for name in facts.KINDS[source.kind].words:
        fact[name] = privacy.redact([cleaning.plain(fact[name])])[0] or None if fact[name] else None
    content = "\x1f".join(str(fact[name]) for name in (*facts.KINDS[source.kind].columns, *DIMENSIONS))
    fact |= {
        "fact_id": facts.key_of(source, fact),
        "content_hash": hashlib.sha256(content.encode()).hexdigest()[:16],
        "source": source.name,
        "landed_at": pull.landed_at,
        "pull_id": pull.pull_id,
        "row_no": number,
    }


def _keep_words(warehouse: Warehouse, source: Source, company: Company, changed: list[Fact]) -> None:
    """Make the words of check-ins into records, and take back those whose words are gone."""
    records = []
    for fact in changed:
        words = fact["text"] if fact["text"] and not cleaning.is_junk(fact["text"]) else None
        record = {
            **{name: fact[name] for name in (*DIMENSIONS, "source", "customer_id", "landed_at", "pull_id", "row_no")},
            "record_id": making.record_id(source.name, fact["fact_id"]), "kind": source.kind, "native_id": fact["fact_id"], "role": source.role or "buyer",
            "said_at": fact["asked_at"], "said_on": times.local_date(fact["asked_at"], ZoneInfo(company.timezone)), "text": words,
            "language": source.language or (cleaning.language(words) if words else None), "given_stage": fact["stage"],
            "text_hash": hashlib.sha256(words.encode()).hexdigest()[:16] if words else None, "is_deleted": words is None, "is_dropped": False,
        }  # fmt: skip
        records.append(record | {"content_hash": folding.content_hash(record)})
    warehouse.upsert("records/records", records)
