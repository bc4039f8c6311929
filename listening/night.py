"""The stations in order, as plain steps over one workspace: what `run --direct` walks and what the Prefect flow wraps.

gather (landing, records) → understand (tagging) → tell (signals, story) → publish
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import fcntl
import json
import logging
import os
import secrets
import shutil
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from listening import __version__, growth, journey, labels, landing, leading, publish, records, runs, signals, story, tagging, warehouse, warnings
from listening.forgotten import Forgotten
from listening.journey import Journey
from listening.meter import Meter
from listening.publish import notices
from listening.warehouse import Warehouse
from listening.workers import Workers
from listening.workspace import Mend, Settings, Source, Workspace

DONE, DONE_IN_PART = 0, 3
ALREADY_RUNNING = 4
log = logging.getLogger(__name__)


@dataclass
class Night:
    """One run while it is under way, and what it came to."""

    workspace: Workspace
    settings: Settings
    journey: Journey
    warehouse: Warehouse
    run_id: str
    started_at: dt.datetime
    clock: dt.datetime
    is_replay: bool = False
    is_pulling: bool = True
    reasons: dict[str, Mapping[str, int]] = field(default_factory=dict)
    faults: dict[str, list[str]] = field(default_factory=dict)
    pulled: dict[str, landing.Landed] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    counts: dict[str, Mapping[str, int]] = field(default_factory=dict)
    tagged: tagging.Tagged = field(default_factory=tagging.Tagged)
    published: Path | None = None
    meter: Meter = field(default_factory=Meter)

    @property
    def status(self) -> int:
        """The exit status of the command that ran this night."""
        return DONE_IN_PART if self.faults else DONE

    @property
    def new_records(self) -> int:
        """Records that came, changed or went this night."""
        return sum(counts[outcome] for counts in self.counts.values() for outcome in ("new", "updated", "deleted"))

    def open(self, settled: list[str]) -> None:
        """Tell what the store and the configuration came with, and write down that the run has begun."""
        shutil.rmtree(self.workspace.parts, ignore_errors=True)  # customers' words that a killed night had given to workers
        self._note("", [], [*self.warehouse.notes, *settled])
        for name, sentence in self.settings.faults.items():
            self._note(name, [sentence], [])
        for row in self.warehouse.rows("night/shaped_sources"):
            if row["source"] not in (*self.settings.sources, *self.settings.faults):
                records.drop(self.warehouse, row["source"], row["kind"])
                self._note("", [], [f"{row['source']}: listening.toml no longer names it, so its records are taken out; its rows stay landed"])
        if not self.is_replay:
            runs.restore(self.workspace, self.warehouse)
            runs.keep(self.workspace, self.warehouse, self._run(runs.CUT_OFF))
            if Forgotten(self.workspace).is_due:
                self.erase_forgotten()

    def erase_forgotten(self) -> None:
        """Take forgotten people out of all that has landed; what came of it is shaped again and copied without them tonight."""
        forgotten = Forgotten(self.workspace)
        for row in self.warehouse.rows("night/landed_sources"):
            source = self.settings.landed(row)
            lines = landing.erase_forgotten(self.workspace, self.warehouse, source, forgotten)
            if lines:
                with self.warehouse.transaction():
                    self.warehouse.execute("records/shape_again", source=source.name)
            log.info("erased forgotten people from %s rows of %s", lines, source.name)
        with self.warehouse.transaction():
            self.warehouse.note_erasure()

    def close(self) -> None:
        """Copy the store without what was erased tonight; after forgetting, leave nothing beside it that still holds the person."""
        if self.is_replay or not self.published or not self.warehouse.is_copy_due:
            return
        self._note("", [], labels.keep_only(self.workspace, {row["record_id"] for row in self.warehouse.rows("night/live_records")}))
        self.warehouse.compact()
        shutil.rmtree(self.workspace.set_aside, ignore_errors=True)
        forgotten = Forgotten(self.workspace)
        if forgotten.is_due:
            publish.keep_only(self.workspace, self.published)
            if publish.LAKE not in self.faults:  # else it still holds them, and the next night tries again
                forgotten.done()

    def gather(self, name: str, beside: Workers | None = None) -> None:
        """Land what is new from one source and shape it into records, by workers where there are any; a source that fails does not stop the others."""
        try:
            self._gather(name, beside)
        except Mend:
            raise
        except OSError as error:
            self._note(name, [f"{name}: {_of_the_disk(error)}"], [])
        except Exception as error:
            log.info("gathering %s was stopped", name, extra={"stopped_by": error})
            place = self.workspace.logs / f"{self.run_id}.jsonl"
            self._note(name, [f"{name}: stopped by an unexpected error ({type(error).__name__}); where it happened stands in {place}."], [])

    def _gather(self, name: str, beside: Workers | None) -> None:
        source = self.settings.sources[name]
        if self.is_pulling:
            with self.meter("landing"):
                landed = landing.land(self.workspace, self.warehouse, source, self.clock)
            self.pulled[name] = landed
            self._note(name, landed.faults, landed.notes)
        with self.meter("landing"):
            damaged = self._damaged(name)
        if damaged:
            self._note(name, damaged, [])
            return
        with self.meter("records"):
            shaped = records.shape(self.workspace, self.warehouse, source, self.settings.company, self.clock, self.run_id, beside)
        self._note(name, shaped.faults, shaped.notes)
        with self.meter("records"):
            self._empty(source, shaped)
        self.counts[name] = shaped.counts
        self.reasons[name] = shaped.reasons
        self._journal()
        told = ", ".join(f"{shaped.counts[outcome]} {outcome}" for outcome in records.OUTCOMES if shaped.counts[outcome])
        log.info("%s: %s", name, f"{shaped.seen} things said: {told}" if shaped.seen else "nothing new")

    def _empty(self, source: Source, shaped: records.Shaped) -> None:
        """Empty landed rows that may no longer be kept: of people who were forgotten, of days long gone, deleted at the source."""
        if self.is_replay:
            return
        swept = records.sweep(self.workspace, self.warehouse, source)
        rows = {pull: {**shaped.to_erase.get(pull, {}), **swept.get(pull, {})} for pull in (*shaped.to_erase, *swept)}
        if rows:
            landing.empty(self.workspace, self.warehouse, source.name, rows)
        records.swept(self.warehouse, source, swept)

    def _damaged(self, name: str) -> list[str]:
        """A sentence for each pull that is about to be shaped and is no longer what has landed."""
        waiting = records.waiting(self.workspace, self.warehouse, self.settings.sources[name], self.settings.company, self.clock)
        return [sentence for pull_id in waiting if (sentence := landing.verify(self.workspace, name, pull_id))]

    def understand(self, beside: Workers | None = None) -> None:
        """Tag every record that has no tags of the present classifier and journey, by workers where there are any."""
        with self.meter("tagging"):
            self.tagged = tagging.tag(self.workspace, self.warehouse, self.journey, beside)
        self.notes += self.tagged.notes
        if self.tagged.records:
            log.info("tagged %s records, %s sentences", self.tagged.records, self.tagged.sentences)
        with self.meter("themes"):
            themed = tagging.theme(self.workspace, self.warehouse, self.journey, self.settings.company, self.clock, self.is_replay)
        self._note("", [], themed.notes)

    def tell(self) -> None:
        """Count the signals, warn of what gets worse, and tell each stage's story."""
        given = (self.workspace, self.warehouse, self.journey, self.settings.company, self.clock)
        with self.meter("signals"):
            signals.count(self.warehouse, self.clock)
        with self.meter("warnings"):
            self._note("", [], warnings.warn(*given).notes)
        with self.meter("story"):
            story.tell(*given[1:])
        with self.meter("growth"):
            self._note("", [], growth.tell(*given))
        with self.meter("leading"):
            self._note("", [], leading.tell(*given))

    def publish(self) -> Path:
        """Write down the run and publish it as a whole."""
        self._write_journey()
        runs.keep(self.workspace, self.warehouse, self._run(runs.DONE_IN_PART if self.faults else runs.DONE), is_journaled=False)
        with self.meter("publish"):
            self.published = publish.publish(self.workspace, self.warehouse, self.run_id, self.clock, self.is_replay)
            self._fill_lake(self.published)
        self._journal(runs.DONE_IN_PART if self.faults else runs.DONE)
        log.info("published %s", self.published)
        log.info("seconds by station: %s", ", ".join(f"{name} {used.seconds:.1f}" for name, used in self.meter.used.items()))
        return self.published

    def _fill_lake(self, run: Path) -> None:
        """Copy what is published into the lake, where there is one; a lake that fails takes nothing from the night."""
        try:
            publish.to_lake(self.workspace, run, Forgotten(self.workspace).is_due)
        except Mend as problem:
            self._note(publish.LAKE, [str(problem)], [])

    def notify(self, by_block: notices.Block | None = None) -> None:
        """Tell people what the published night brought; that this fails is a note, and the next night tells it."""
        if self.is_replay or not self.published:
            return
        with warehouse.reading(self.published / "listening.duckdb") as published:
            news = published.rows("publish/facts/since")
        failed = [name or "the store" for name in sorted(self.faults)]
        self._note("", [], notices.tell(self.workspace, self.settings, _day(self.clock, self.settings), news, failed, by_block))

    def _journal(self, state: str = runs.CUT_OFF) -> None:
        if not self.is_replay:
            runs.journal(self.workspace, self.warehouse, self._run(state))

    def _note(self, source: str, faults: list[str], notes: list[str]) -> None:
        for sentence in faults:
            self.faults.setdefault(source, []).append(sentence)
            log.error("%s", sentence)
        for sentence in notes:
            self.notes.append(sentence)
            log.warning("%s", sentence)

    def _write_journey(self) -> None:
        stages = [
            {"stage_no": number, "stage": stage.stage, "name": self.journey.titles[stage.stage], "owner": stage.owner, "promise": stage.promise,
             "description": stage.description, "journey_version": self.journey.version}
            for number, stage in enumerate(self.journey.stages, 1)
        ]  # fmt: skip
        touchpoints = [
            {"touchpoint": point.touchpoint, "stage": stage.stage, "name": point.name or point.touchpoint.replace("_", " ").capitalize(),
             "owner": point.owner or stage.owner, "priority": point.priority, "basic": point.basic}
            for stage in self.journey.stages for point in stage.touchpoints
        ]  # fmt: skip
        with self.warehouse.transaction():
            for name, rows in (("journey", stages), ("touchpoints", touchpoints), ("source_states", self._source_states())):
                self.warehouse.replace(f"night/{name}", rows)
            self.warehouse.delete("night/source_checks", pa.table({"source": pa.array(self.pulled, pa.string())}))
            self.warehouse.upsert("night/source_checks", self._source_checks())

    def _source_states(self) -> list[dict[str, Any]]:
        """How each source stands after this night, and when it was last pulled to its end."""
        fresh = {row["source"]: row["fresh_at"] for row in self.warehouse.select("night/source_states", ["source", "fresh_at"]).to_pylist()}
        states = []
        for name in sorted({*self.settings.sources, *self.settings.faults}):
            is_behind = name in self.pulled and self.pulled[name].is_behind
            state = "failed" if name in self.faults else "behind" if is_behind else "ok"
            fresh_at = self.clock if state == "ok" and name in self.pulled else fresh.get(name)
            kind = self.settings.sources[name].kind if name in self.settings.sources else None
            problem = " ".join(self.faults.get(name, [])) or None
            states.append({"source": name, "kind": kind, "looked_at": self.clock, "fresh_at": fresh_at, "state": state, "problem": problem})
        return states

    def _source_checks(self) -> list[dict[str, Any]]:
        """What the pulled systems said of themselves."""
        found = {
            (name, check.stream, check.what): {"source": name, "checked_at": self.clock, **dataclasses.asdict(check)}
            for name, landed in self.pulled.items()
            for check in landed.checks
        }
        return list(found.values())

    def _run(self, state: str) -> dict[str, Any]:
        is_over = state != runs.CUT_OFF
        return {
            "run_id": self.run_id,
            "started_at": self.started_at,
            "finished_at": dt.datetime.now(dt.UTC) if is_over else None,
            "clock": self.clock,
            "state": state,
            "faults": [sentence for sentences in self.faults.values() for sentence in sentences],
            "notes": self.notes,
            "records": self.warehouse.rows("night/number_of_records")[0]["records"] if is_over else None,
            "classifier_version": self.tagged.classifier_version or None,
            "journey_version": self.journey.version,
            "program_version": __version__,
        }


def run(workspace: Workspace, as_of: str | None = None, is_anew: bool = False, is_pulling: bool = True) -> Night:
    """Walk a whole night without Prefect.

    Args:
        workspace: the company's folder.
        as_of: the run's time, a date (to its end) or a time in ISO 8601; without it, now.
        is_anew: build the store again from what has landed.
        is_pulling: look into the sources for what is new.

    Raises:
        Mend: the workspace cannot be used at all, or another night is under way (status 4).
    """
    with begin(workspace, as_of, is_anew, is_pulling) as night:
        for name in night.settings.sources:
            night.gather(name)
        night.understand()
        night.tell()
        night.publish()
    return night


@contextmanager
def begin(
    workspace: Workspace, as_of: str | None = None, is_anew: bool = False, is_pulling: bool = True, by_block: notices.Block | None = None
) -> Iterator[Night]:
    """Take the workspace for one night: configuration read, lock held, store open and in line with what has landed.

    `is_anew` throws the store away first, so that it is built again from what has landed; without `is_pulling` only what
    has landed already is looked at; `by_block` sends the digest through Prefect. People are told in the end, also of a
    night that failed.
    """
    settings = workspace.settings()
    stages = journey.read(workspace.journey)
    now = dt.datetime.now(dt.UTC)
    clock = _clock(as_of, settings, now)
    run_id = f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
    with _in_words(), _private_files(), _alone(workspace), _logged(workspace, run_id, settings.keep.logs):
        last_landed = landing.last_landed(workspace)
        is_replay = as_of is not None and last_landed is not None and clock < last_landed
        store = workspace.root / ".replay.duckdb" if is_replay else workspace.warehouse
        if is_replay or is_anew:
            warehouse.discard(store)
        try:
            with _told_if_failed(workspace, settings, clock, is_replay, by_block), warehouse.opened(store, settings.run.memory) as opened:
                night = Night(workspace, settings, stages, opened, run_id, now, clock, is_replay, is_pulling and not is_replay)
                night.open(landing.settle(workspace, opened, clock if is_replay else None))
                yield night
                night.close()
                night.notify(by_block)
        finally:
            if is_replay:
                warehouse.discard(store)


@contextmanager
def _told_if_failed(workspace: Workspace, settings: Settings, clock: dt.datetime, is_replay: bool, by_block: notices.Block | None) -> Iterator[None]:
    """Tell people that a night failed, whatever ended it; of an unexpected error only its kind, since it may hold a customer's words."""
    try:
        yield
    except Exception as error:
        words = _of_the_disk(error) if isinstance(error, OSError) else f"It was stopped by an unexpected error ({type(error).__name__})."
        if not is_replay:
            notices.tell_of_failure(workspace, settings, _day(clock, settings), str(error) if isinstance(error, Mend) else words, by_block)
        raise


def _day(clock: dt.datetime, settings: Settings) -> dt.date:
    """The company's day."""
    return clock.astimezone(ZoneInfo(settings.company.timezone)).date()


def _of_the_disk(error: OSError) -> str:
    """What the system refused, and how to mend it; only a place and the system's own words."""
    where = f"{error.filename} cannot be used" if error.filename else "a file cannot be written or read"
    return f"{where} ({error.strerror or type(error).__name__}). Free the disk or mend the permissions, and run again: what has landed is kept."


@contextmanager
def held(workspace: Workspace) -> Iterator[tuple[Settings, Warehouse]]:
    """Take the workspace without a night: lock held, store open and in line with what has landed."""
    settings = workspace.settings()
    with _private_files(), _alone(workspace), warehouse.opened(workspace.warehouse, settings.run.memory) as opened:
        landing.settle(workspace, opened)
        yield settings, opened


def _clock(as_of: str | None, settings: Settings, now: dt.datetime) -> dt.datetime:
    if as_of is None:
        return now
    zone = ZoneInfo(settings.company.timezone)
    try:
        moment = dt.datetime.fromisoformat(as_of)
    except ValueError:
        raise Mend(f"--as-of '{as_of}' is no time; write a date such as 2026-06-30 or a time such as 2026-06-30T06:00.") from None
    if len(as_of.strip()) <= 10:
        moment = dt.datetime.combine(moment.date() + dt.timedelta(days=1), dt.time(), zone) - dt.timedelta(microseconds=1)
    clock = (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(dt.UTC)
    if clock > now:
        raise Mend(f"--as-of {as_of} lies in the future; a night can only be told up to now.")
    return clock


@contextmanager
def _in_words() -> Iterator[None]:
    """Say what the system refused in a sentence, wherever in the night it was."""
    try:
        yield
    except OSError as error:
        raise Mend(f"The night ended early: {_of_the_disk(error)} What was published before still stands.", status=1) from None


@contextmanager
def _private_files() -> Iterator[None]:
    """What a night makes is for its owner only: folders 0700, files 0600."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


@contextmanager
def _alone(workspace: Workspace) -> Iterator[None]:
    """Hold the workspace's lock; the system lets go of it when the process ends, however it ends.

    Raises:
        Mend: another night holds it (status 4), or the workspace cannot be written (status 1).
    """
    try:
        workspace.landing.mkdir(mode=0o700, exist_ok=True)
        held = (workspace.landing / ".lock").open("w")
    except OSError as error:
        raise Mend(
            f"Nothing can be written in {workspace.root}: {error.strerror or error} ({error.filename}). Mend its owner and permissions, or free the disk.",
            status=1,
        ) from None
    with held as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Mend(f"A night is already running in {workspace.root}; this one does nothing. Wait for it to end.", ALREADY_RUNNING) from None
        yield


class _QuietFile(logging.FileHandler):
    """A log file that a full disk cannot make noisy: the night's own sentences say so."""

    def handleError(self, record: logging.LogRecord) -> None:
        pass


class _JsonLines(logging.Formatter):
    """A log line as one JSON object: time, level, station, message."""

    def format(self, record: logging.LogRecord) -> str:
        at = dt.datetime.fromtimestamp(record.created, dt.UTC).isoformat(timespec="milliseconds")
        line: dict[str, object] = {
            "at": at,
            "level": record.levelname.lower(),
            "station": record.name.removeprefix("listening."),
            "message": record.getMessage(),
        }
        error = getattr(record, "stopped_by", None)
        if isinstance(error, Exception):
            line["error"] = type(error).__name__  # never its message: it may hold a customer's words
            line["where"] = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
        return json.dumps(line, ensure_ascii=False)


@contextmanager
def _logged(workspace: Workspace, run_id: str, logs_kept: int) -> Iterator[None]:
    """Write what the stations say to `logs/<run_id>.jsonl` as well, and keep the last of them."""
    workspace.logs.mkdir(mode=0o700, exist_ok=True)
    handler = _QuietFile(workspace.logs / f"{run_id}.jsonl", encoding="utf-8")
    handler.setFormatter(_JsonLines())
    logger = logging.getLogger("listening")
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        handler.close()
        for old in sorted(workspace.logs.glob("*.jsonl"))[:-logs_kept]:
            old.unlink()


def outcome(night: Night) -> dict[str, Any]:
    """What a program that started the night wants to know of it."""
    return {
        "run_id": night.run_id, "status": night.status, "summary": summary(night), "faults": night.faults, "notes": night.notes,
        "counts": {source: dict(counts) for source, counts in night.counts.items()}, "published": str(night.published), "report": report(night),
    }  # fmt: skip


def summary(night: Night) -> str:
    """The night in one sentence."""
    new = f"{night.new_records} new or changed records" if night.new_records else "nothing new"
    failed = f"; failed: {', '.join(sorted(night.faults))}" if night.faults else ""
    return f"{new}, {night.tagged.records} tagged{failed}"


def report(night: Night) -> str:
    """The night as Markdown: counts by source, what failed, what was guessed, where it is published."""
    lines = [f"# Night {night.run_id}", "", summary(night).capitalize() + ".", "", "| source | seen | " + " | ".join(records.OUTCOMES) + " |", "|---" * 8 + "|"]
    for source, counts in sorted(night.counts.items()):
        lines.append(
            f"| {source} | {sum(counts[outcome] for outcome in records.OUTCOMES)} | " + " | ".join(str(counts[outcome]) for outcome in records.OUTCOMES) + " |"
        )
    left_out = [
        f"{source}: {', '.join(f'{count} {reason}' for reason, count in sorted(reasons.items(), key=lambda item: (-item[1], item[0])))}"
        for source, reasons in sorted(night.reasons.items())
        if reasons
    ]
    for title, sentences in (
        ("Rejected", left_out),
        ("To mend", [sentence for source in night.faults.values() for sentence in source]),
        ("To know", night.notes),
    ):
        if sentences:
            lines += ["", f"## {title}", "", *(f"- {sentence}" for sentence in sentences)]
    return "\n".join([*lines, "", f"Published: {night.published}"])


def prepare(workspace: Workspace, journey_file: Path) -> list[str]:
    """Make or complete a workspace: what is missing is put there, nothing that exists is changed; then fit the classifier.

    Gives a sentence for each thing that was made.
    """
    made = []
    if workspace.root.exists() and not workspace.root.is_dir():
        raise Mend(f"{workspace.root} is a file; name a folder for the workspace.")
    for folder in (workspace.root, workspace.inbox, workspace.root / "labels"):
        if not folder.exists():
            folder.mkdir(parents=True)
            made.append(f"made {folder}")
    if not workspace.configuration.exists():
        name = workspace.root.name.replace("-", " ").title()
        workspace.configuration.write_text(TEMPLATE.format(name=name), encoding="utf-8")
        made.append(f"wrote {workspace.configuration}: name your sources there")
    if not workspace.journey.exists():
        shutil.copyfile(journey_file, workspace.journey)
        made.append(f"wrote {workspace.journey}: make the stages yours")
    version = tagging.fit(workspace.models, journey.read(workspace.journey))
    made.append(f"fitted the stage classifier {version} from the starter labels")
    return made


TEMPLATE = """\
[company]
name = "{name}"
timezone = "Europe/London"     # the company's time zone: it decides what day something was said on
# currency = "GBP"
# language = "en"

# One table a source. Put the file into inbox/ and name its columns; without `columns` they are guessed and told.
#
# [sources.survey]
# connector = "files"
# kind = "survey"              # survey, ticket, review, chat, social, call, employee or supplier
# path = "inbox/survey*.csv"
# columns = {{ id = "response_id", said_at = "submitted", text = "comment", score = "nps", customer_id = "customer" }}
# score_scale = [0, 10]        # worst, best
# score_name = "NPS"
# dimensions = {{ region = "region" }}
#
# [sources.tickets]
# connector = "files"
# kind = "ticket"
# path = "inbox/tickets*.jsonl"   # a Zendesk export is recognised as it is
#
# Who is told in the morning what changed: one message a night, none when nothing did, no customer named or quoted.
# Secrets stand in a variable (env:NAME) or in a file that only you can read (file:PATH). 'listening digest --test' tries it.
#
# [digest]
# email = ["cx@company.com"]
# smtp_host = "smtp.company.com"  # smtp_port = 587, smtp_security = "starttls" (or "tls", "none"), smtp_user, smtp_password
# slack_webhook = "env:SLACK_WEBHOOK"
# teams_webhook = "file:secrets/teams"
# page = "https://intranet.company.com/voice/"
#
# Beyond one machine (docs/scale.md): tag a long history on Dask's workers; publish into a lake as well.
#
# [run]
# workers = "dask"
# scheduler = "tcp://10.0.0.5:8786"
#
# [lake]
# catalogue = "env:LISTENING_LAKE"  # postgresql://user:password@host:5432/database
# data_path = "/srv/lake"
# name = "this_company"
"""
