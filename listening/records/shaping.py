"""Shape a source's landed rows into records: identity, counting and time as the contract has them.

Every thing said is counted once a night: seen = new + updated + repeated + deleted + rejected + refused.
"""

from __future__ import annotations

import collections
import datetime as dt
import hashlib
import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from listening import journey
from listening.forgotten import Forgotten
from listening.journey import Journey
from listening.records import cleaning, folding, layouts, making, privacy, pulls
from listening.records.folding import Record
from listening.records.making import Maker
from listening.records.pulls import Landed, Shaped
from listening.records.rows import Layout, Said, listed
from listening.warehouse import Warehouse
from listening.workspace import Company, Mend, Source, Workspace

_ORDINARY = frozenset(
    {*making.EMPTIED, making.FUTURE, pulls.EXPIRED, "heading below the header line", "chat event without words", "survey preview", "survey test", "spam"}
) - {making.OFF_SCALE}
_EXAMPLES = 3
_JSON = json.JSONEncoder(ensure_ascii=False, sort_keys=True)
_ROWS_AT_A_TIME = 50_000
_MANY_EDITS = 0.2  # of what is new; more make one doubt the id column


@dataclass
class _Scores:
    """What is to be told of one score of a pull: values off its scale, or values without any scale."""

    off_scale: int = 0
    unscaled: int = 0
    low: float = float("inf")
    high: float = float("-inf")


@dataclass
class _Pull(Landed):
    """One landed pull of feedback while it is being shaped."""

    layout: Layout | None = None
    again_at: dt.datetime | None = None
    has_versions: bool = False
    occurrences: dict[str, int] = field(default_factory=dict)
    scores: dict[str, _Scores] = field(default_factory=lambda: collections.defaultdict(_Scores))
    unknown_places: collections.Counter[str] = field(default_factory=collections.Counter)


@dataclass
class _Shaper:
    """What shaping one source needs all the time."""

    workspace: Workspace
    warehouse: Warehouse
    source: Source
    company: Company
    journey: Journey
    clock: dt.datetime
    forgotten: Forgotten

    def maker(self, pull: _Pull) -> Maker:
        """What makes this pull's rows into records."""
        return Maker(self.source, self.company, self.journey, self.clock, pull.day_first, pull.layout.zone if pull.layout else None)


def shape(workspace: Workspace, warehouse: Warehouse, source: Source, company: Company, clock: dt.datetime, run_id: str) -> Shaped:
    """Shape what has landed of a source and was not shaped yet, all of it again where its settings have changed."""
    shaper = _Shaper(workspace, warehouse, source, company, journey.read(workspace.journey), clock, Forgotten(workspace))
    shaped = Shaped()
    landed = pulls.to_shape(_Pull, workspace, warehouse, source, company, clock)
    for pull in landed:
        _look_ahead(shaper, pull)
    pulls.give_up(landed)
    is_stale = any(pull.is_stale for pull in landed)
    with warehouse.transaction():
        if is_stale:
            warehouse.execute("records/mark_dropped", source=source.name, refused=_refused(landed))
            shaped.notes.append(f"{source.name}: the settings have changed, so all of its rows are shaped again")
        for pull in landed:
            _shape_pull(shaper, pull)
            _tell(source, pull, shaped)
            pulls.keep(warehouse, source, company, pull, shaped, pull.again_at)
        if is_stale:
            warehouse.execute("records/unmark_dropped", source=source.name, refused=_refused(landed))
            warehouse.execute("records/drop_marked", source=source.name)
        pulls.count(warehouse, source, shaped, run_id)
    return shaped


def _refused(landed: list[_Pull]) -> list[str]:
    return [pull.pull_id for pull in landed if pull.sentence]


def _shape_pull(shaper: _Shaper, pull: _Pull) -> None:
    """Turn one pull into records and rejects; a pull that cannot be read as configured is refused in words, row by row."""
    maker = shaper.maker(pull)
    rows = pull.rows()
    while some := list(itertools.islice(rows, _ROWS_AT_A_TIME)):
        candidates: list[Record] = []
        for number, cells, fault in some:
            things = _said(pull, cells, fault)
            making.name(things, pull.occurrences)
            if any(shaper.forgotten.is_named(customer=said.get("customer_id"), email=said.get("email")) for said in things):
                pull.refuse_forgotten(number)
                continue
            for said in things:
                said |= {"pull_id": pull.pull_id, "row_no": number, "landed_at": pull.landed_at}
                said["reason"] = said.get("reject") or maker.complete(said)
                _watch(maker, pull, said)
            if things and all(said["reason"] == pulls.EXPIRED for said in things):
                pull.to_erase[number] = pulls.EXPIRED
            for said in things:
                if said["reason"] is None or (said["reason"] in making.EMPTIED and making.identifier(said.get("id"))):
                    candidates.append(said)
                else:
                    pull.outcomes["rejected"] += 1
                    pull.rejects.append(_reject(shaper.source, said))
        _finish(candidates)
        outcomes, rejected = folding.fold(shaper.warehouse, shaper.source.name, candidates)
        pull.outcomes += outcomes
        pull.rejects += [_reject(shaper.source, said) for said in rejected]
    nothing_but_rejected = pull.outcomes["rejected"] == sum(pull.outcomes.values())
    undated = [reject["reason"] for reject in pull.rejects if "dat" in reject["reason"]]
    if undated and nothing_but_rejected and not pull.sentence:
        reason = collections.Counter(undated).most_common(1)[0][0]
        pull.sentence = f"no date in it can be read ({reason}). Name the right column with columns = {{said_at = '…'}}, or export dates as 2025-01-31."


def _reject(source: Source, said: Said) -> dict[str, Any]:
    native = said["native_id"] if making.identifier(said.get("id")) else None
    return {"source": source.name, "native_id": native, "pull_id": said["pull_id"], "row_no": said["row_no"], "reason": said["reason"]}


def _watch(maker: Maker, pull: _Pull, said: Said) -> None:
    """Note what a person should know of a thing said: a date to come, a score without scale, a place that the journey lacks."""
    if said["reason"] == making.FUTURE:
        pull.again_at = min(pull.again_at or said["said_at"], said["said_at"])
    pull.has_versions = pull.has_versions or bool(said.get("updated_at"))
    if "is_off_scale" not in said:
        return
    scores = pull.scores[said["score_label"]]
    scores.off_scale += said["is_off_scale"]
    if said["score"] is not None and said["score_worst"] is None:
        scores.unscaled += 1
        scores.low, scores.high = min(scores.low, said["score"]), max(scores.high, said["score"])
    for name, known in maker.places.items():
        given = said.get(name)
        if given and given not in known:
            pull.unknown_places[given] += 1


def _look_ahead(shaper: _Shaper, pull: _Pull) -> None:
    """Find the layout and the order of day and month; refuse the pull in words where they cannot be found."""
    source = shaper.source
    fields = pull.fields()
    if not fields:
        return
    try:
        pull.layout = layouts.choose(source, fields)
    except Mend as problem:
        pull.refuse("columns do not fit the configuration", str(problem))
        return
    pull.notes += pull.layout.notes
    if not pull.layout.has_time and source.said_at_default is None:
        pull.refuse(
            "no date",
            f"no column says when something was said. Name it with columns = {{said_at = '…'}} in [sources.{source.name}], "
            f"or give one date for all rows with said_at_default = 2025-01-31. The columns are: {listed(fields)}.",
        )
    elif pull.layout.dates:
        pull.find_day_order(source, list(pull.layout.dates))


def _said(pull: _Pull, cells: Any, fault: str | None) -> list[Said]:
    """The things said in one row; a row that cannot be read is one thing, rejected with its reason."""
    if fault or pull.refusal:
        native = None if fault or not isinstance(cells, dict) else cells.get("id")
        return [{"reject": fault or pull.refusal, "id": native}]
    if pull.layout is None or not cells:
        return [{"reject": "row is empty"}]
    return pull.layout.take_apart(cells)


def _finish(candidates: list[Record]) -> None:
    """What is done column by column: redaction, language, leftovers, and the hash that tells an edit."""
    records = [record for record in candidates if record["reason"] is None]
    for record, text in zip(records, privacy.redact([record["text"] for record in records]), strict=True):
        record["text"] = text
        record["language"] = record["given_language"] or (cleaning.language(text) if text else None)
        record["url"] = _public_link(record["url"]) if record["url"] else None
        kept = privacy.kept_attributes(record["attributes"]) if record.get("attributes") else {}
        record["attributes"] = _JSON.encode(kept) if kept else None
        record["text_hash"] = hashlib.sha256(text.encode()).hexdigest()[:16] if text else None
        record["content_hash"] = folding.content_hash(record)
        if record["is_deleted"]:
            folding.erase(record)


def _public_link(url: str) -> str | None:
    """A link without addresses; one that carries a token opens something for whoever has it, and is left out."""
    return None if "[link]" in str(privacy.redact([url])[0]) else privacy.EMAIL.sub("[e-mail]", url)


def _tell(source: Source, pull: _Pull, shaped: Shaped) -> None:
    """Say in sentences what a person should know of this pull, and of its scores and places."""
    pulls.tell(source, pull, shaped, _ORDINARY)
    if pull.sentence:
        return
    told = f"{source.name}: {pull.origin}: "
    is_of_files = source.connector == "files"  # a system's rows change, and their key is known
    if is_of_files and not pull.has_versions and pull.outcomes["new"] and pull.outcomes["updated"] > _MANY_EDITS * pull.outcomes["new"]:
        shaped.notes.append(f"{told}{pull.outcomes['updated']} rows repeat an id with other words and the last wins; is the id column right?")
    shaped.notes += [told + sentence for sentence in (*_of_scores(source, pull), *_of_places(pull))]


def _of_scores(source: Source, pull: _Pull) -> Iterator[str]:
    for name, scores in sorted(pull.scores.items()):
        if scores.off_scale:
            yield f"{scores.off_scale} values of {name} are off its scale or no numbers, and count as no score"
        if scores.unscaled:
            yield (
                f"{name} runs from {scores.low:g} to {scores.high:g} and nothing says which end is good, so its {scores.unscaled} values are kept "
                f"and not judged; set score_scale = [worst, best] in [sources.{source.name}]"
            )


def _of_places(pull: _Pull) -> Iterator[str]:
    if pull.unknown_places:
        names = ", ".join(f"'{name}' ({number})" for name, number in pull.unknown_places.most_common(_EXAMPLES))
        yield f"{sum(pull.unknown_places.values())} rows name a stage or touchpoint that journey.yaml does not have, and are placed by their words: {names}"
