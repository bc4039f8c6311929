"""Shape a source's landed rows into records: identity, counting and time as the contract has them.

Every thing said is counted once a night: seen = new + updated + repeated + deleted + rejected + refused. Rows are read by
this process or by workers (`things.py`); here it is settled what their things are to one another and to the store.
"""

from __future__ import annotations

import collections
import datetime as dt
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from listening import journey, workers
from listening.forgotten import FORGOTTEN
from listening.journey import NO_STAGE, Journey
from listening.records import layouts, making, pulls
from listening.records.folding import fold
from listening.records.pulls import Landed, Shaped
from listening.records.rows import listed
from listening.records.things import Reader, Reading
from listening.warehouse import Warehouse
from listening.workers import Workers
from listening.workspace import Company, Mend, Source, Workspace

_ORDINARY = frozenset(
    {*making.EMPTIED, making.FUTURE, pulls.EXPIRED, "heading below the header line", "chat event without words", "survey preview", "survey test", "spam"}
) - {making.OFF_SCALE}
_EXAMPLES = 3
ROWS_READ_AT_A_TIME, FOLDED_AT_A_TIME = 5_000, 50_000
SPREAD_FROM = 50_000  # rows; starting processes takes about as long as they then save
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

    seen: tuple[str, ...] = ()  # its columns
    again_at: dt.datetime | None = None
    has_versions: bool = False
    occurrences: dict[str, int] = field(default_factory=dict)
    scores: dict[str, _Scores] = field(default_factory=lambda: collections.defaultdict(_Scores))
    unknown_places: collections.Counter[str] = field(default_factory=collections.Counter)

    @property
    def reading(self) -> Reading:
        """How its rows are read."""
        return Reading(self.pull_id, self.landed_at, self.seen, self.day_first, self.refusal)


@dataclass
class _Shaper:
    """What shaping one source needs all the time."""

    workspace: Workspace
    warehouse: Warehouse
    source: Source
    company: Company
    journey: Journey
    clock: dt.datetime

    def things(self, landed: list[_Pull], beside: Workers | None) -> Iterator[pa.Table]:
        """What was said in the rows of some pulls, in their order, some thousand at a time."""
        given = (self.workspace, self.source, self.company, self.journey, self.clock, {pull.pull_id: pull.reading for pull in landed})
        size = min(ROWS_READ_AT_A_TIME, beside.rows) if beside else ROWS_READ_AT_A_TIME
        tables = (table for pull in landed for table in pull.tables(size))
        rows = sum(pull.row_count for pull in landed)
        made = workers.work(Reader(*given), tables, rows, SPREAD_FROM, self.workspace.parts / "records", beside, Reader, *given)
        return (tables_of["things"] for tables_of in made)


def shape(
    workspace: Workspace, warehouse: Warehouse, source: Source, company: Company, clock: dt.datetime, run_id: str, beside: Workers | None = None
) -> Shaped:
    """Shape what has landed of a source and was not shaped yet, all of it again where its settings have changed."""
    shaper = _Shaper(workspace, warehouse, source, company, journey.read(workspace.journey), clock)
    shaped = Shaped()
    landed = pulls.to_shape(_Pull, workspace, warehouse, source, company, clock)
    for pull in landed:
        _look_ahead(source, pull)
    pulls.give_up(landed)
    is_stale = any(pull.is_stale for pull in landed)
    by_id = {pull.pull_id: pull for pull in landed}
    with warehouse.transaction():
        if is_stale:
            warehouse.execute("records/mark_dropped", source=source.name, refused=_refused(landed))
            shaped.notes.append(f"{source.name}: the settings have changed, so all of its rows are shaped again")
        for pull_id, things in _by_pull(shaper.things(landed, beside)):
            _take_in(shaper, by_id[pull_id], things)
        for pull in landed:
            _doubt_dates(pull)
            _tell(source, pull, shaped)
            pulls.keep(warehouse, source, company, pull, shaped, pull.again_at)
        if is_stale:
            warehouse.execute("records/unmark_dropped", source=source.name, refused=_refused(landed))
            warehouse.execute("records/drop_marked", source=source.name)
        pulls.count(warehouse, source, shaped, run_id)
    return shaped


def _refused(landed: list[_Pull]) -> list[str]:
    return [pull.pull_id for pull in landed if pull.sentence]


def _by_pull(tables: Iterable[pa.Table]) -> Iterator[tuple[str, pa.Table]]:
    """Things said with the pull that they came in, as many of one pull together as are folded at a time."""
    for pull_id, runs in itertools.groupby(_runs(tables), itemgetter(0)):
        gathered: list[pa.Table] = []
        for _, things in runs:
            gathered.append(things)
            if sum(map(len, gathered)) >= FOLDED_AT_A_TIME:
                yield pull_id, pa.concat_tables(gathered)
                gathered = []
        if gathered:
            yield pull_id, pa.concat_tables(gathered)


def _runs(tables: Iterable[pa.Table]) -> Iterator[tuple[str, pa.Table]]:
    """Tables of the things of one pull each."""
    for table in tables:
        runs = pc.run_end_encode(table["pull_id"].combine_chunks())
        start = 0
        for pull_id, stop in zip(runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True):
            yield pull_id, table.slice(start, stop - start)
            start = stop


def _take_in(shaper: _Shaper, pull: _Pull, things: pa.Table) -> None:
    """Fold things of a pull into the kept records, and count and note what became of each."""
    things = making.numbered(things, shaper.source.name, pull.occurrences)
    for row in pc.unique(things["row_no"].filter(pc.equal(things["reason"], FORGOTTEN))).to_pylist():
        pull.refuse_forgotten(row)
    things = things.filter(pc.not_equal(pc.fill_null(things["reason"], ""), FORGOTTEN))
    _watch(shaper.journey, pull, things)
    _mark_expired(pull, things)
    is_known_still = pc.and_(pc.is_in(things["reason"], pa.array(making.EMPTIED)), things["is_own_id"])
    is_candidate = pc.or_(pc.is_null(things["reason"]), is_known_still)
    for rejected in things.filter(pc.invert(is_candidate)).select(["is_own_id", "native_id", "row_no", "reason"]).to_pylist():
        _reject(shaper.source, pull, rejected)
    outcomes, emptied = fold(shaper.warehouse, shaper.source.name, things.filter(is_candidate))
    pull.outcomes += outcomes
    for record in emptied:
        _reject(shaper.source, pull, record)


def _doubt_dates(pull: _Pull) -> None:
    """Refuse a pull in words of which nothing but rejected rows came, some for their dates."""
    nothing_but_rejected = pull.outcomes["rejected"] == sum(pull.outcomes.values())
    undated = [reject["reason"] for reject in pull.rejects if "dat" in reject["reason"]]
    if undated and nothing_but_rejected and not pull.sentence:
        reason = collections.Counter(undated).most_common(1)[0][0]
        pull.sentence = f"no date in it can be read ({reason}). Name the right column with columns = {{said_at = '…'}}, or export dates as 2025-01-31."


def _reject(source: Source, pull: _Pull, said: dict[str, Any]) -> None:
    pull.reject(source, said["row_no"], said["reason"], said["native_id"] if said["is_own_id"] else None)


def _mark_expired(pull: _Pull, things: pa.Table) -> None:
    """Mark rows in which nothing was said that may still be kept."""
    is_expired = pc.fill_null(pc.equal(things["reason"], pulls.EXPIRED), False)
    expired, standing = (set(things["row_no"].filter(those).to_pylist()) for those in (is_expired, pc.invert(is_expired)))
    pull.to_erase |= dict.fromkeys(expired - standing, pulls.EXPIRED)


def _watch(stages: Journey, pull: _Pull, things: pa.Table) -> None:
    """Note what a person should know of things said: a date to come, scores without scale, places that the journey lacks."""
    soonest = pc.min(things["said_at"].filter(pc.fill_null(pc.equal(things["reason"], making.FUTURE), False))).as_py()
    pull.again_at = min(filter(None, (pull.again_at, soonest)), default=None)
    pull.has_versions = pull.has_versions or things["updated_at"].null_count < len(things)
    things = things.filter(pc.is_valid(things["is_off_scale"]))
    is_unscaled = pc.and_(pc.is_valid(things["score"]), pc.is_null(things["score_worst"]))
    values = pc.if_else(is_unscaled, things["score"], pa.scalar(None, pa.float64()))
    told = pa.table({"label": things["score_label"], "off": things["is_off_scale"], "value": values}).group_by("label")
    for row in told.aggregate([("off", "sum"), ("value", "count"), ("value", "min"), ("value", "max")]).to_pylist():
        scores = pull.scores[row["label"]]
        scores.off_scale += row["off_sum"]
        scores.unscaled += row["value_count"]
        if row["value_count"]:
            scores.low, scores.high = min(scores.low, row["value_min"]), max(scores.high, row["value_max"])
    for name, known in (("given_stage", [*stages.names, NO_STAGE]), ("given_touchpoint", stages.stage_of_touchpoint)):
        given = things[name].filter(pc.and_(pc.is_valid(things[name]), pc.invert(pc.is_in(things[name], pa.array(known, pa.string())))))
        pull.unknown_places.update({row["values"]: row["counts"] for row in given.value_counts().to_pylist()})


def _look_ahead(source: Source, pull: _Pull) -> None:
    """Find the layout and the order of day and month; refuse the pull in words where they cannot be found."""
    fields = pull.fields()
    if not fields:
        return
    pull.seen = tuple(fields)
    try:
        layout = layouts.choose(source, fields)
    except Mend as problem:
        pull.refuse("columns do not fit the configuration", str(problem))
        return
    pull.notes += layout.notes
    if not layout.has_time and source.said_at_default is None:
        pull.refuse(
            "no date",
            f"no column says when something was said. Name it with columns = {{said_at = '…'}} in [sources.{source.name}], "
            f"or give one date for all rows with said_at_default = 2025-01-31. The columns are: {listed(fields)}.",
        )
    elif layout.dates:
        pull.find_day_order(source, list(layout.dates))


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
