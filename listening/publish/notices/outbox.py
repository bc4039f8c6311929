"""The outbox: takes what changed tonight, sends what was not told yet by each way, and remembers that in `.digest.json`.

One message a night (a day of the company's) and way, none where nothing happened. A sentence leaves the outbox only when
a server has taken it: what could not be sent waits for the next night, and goes out together with that one's news. So it
is told at least once. A program that is killed between the server's yes and the next line tells it again; mail programs
know it by its Message-ID.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
from contextlib import suppress
from typing import Any, TypedDict

from listening import figures
from listening.publish.facts import Facts
from listening.publish.notices import message as messages
from listening.publish.notices.posting import Block, post
from listening.publish.since import NOT_NEWS
from listening.workspace import Mend, Settings, Workspace, put

REMEMBERED = 30  # days for which a sentence that was told is known
log = logging.getLogger(__name__)


class Way(TypedDict):
    """What is known of one way: when it last told of a night or of a failed one, what it told lately, what waits."""

    sent_on: str | None
    failed_on: str | None
    told: dict[str, str]
    waiting: list[dict[str, str]]


def tell(workspace: Workspace, settings: Settings, today: dt.date, news: list[Facts], failed: list[str], by_block: Block | None = None) -> list[str]:
    """Tell people what a published night brought; gives a sentence for each way that failed.

    Args:
        workspace: the company's folder.
        settings: with `[digest]`.
        today: the company's day.
        news: rows of `since_yesterday`.
        failed: the sources that failed.
        by_block: what speaks to Prefect.
    """
    notes = []
    book = _read(workspace, settings.digest.ways)
    try:
        for way in settings.digest.ways:
            kept = book[way]
            kept["waiting"] += _untold(kept, news)
            is_due = kept["waiting"] or failed or kept["failed_on"]
            if is_due and (kept["sent_on"] or "") < today.isoformat():
                _write(workspace, book)  # a disk that is full shows now, not when the message is out
                try:
                    notes += _tell(workspace, settings, way, kept, today, failed, by_block)
                except Mend as problem:
                    waiting = len(kept["waiting"])
                    notes.append(f"The digest did not go out by {way}: {problem} {f'{waiting} sentences wait' if waiting else 'It waits'} for the next night.")
            _write(workspace, book)
    except OSError as error:
        notes.append(f"The digest stayed here: {workspace.digest} cannot be written ({error.strerror or type(error).__name__}).")
    return notes


def tell_of_failure(workspace: Workspace, settings: Settings, today: dt.date, sentence: str, by_block: Block | None = None) -> None:
    """Tell people, once a day, that a night failed; what cannot be told now, the next night tells that is done."""
    book = _read(workspace, settings.digest.ways)
    for way in settings.digest.ways:
        if book[way]["failed_on"] == today.isoformat():
            continue
        message = messages.of_failure(settings.company.name, sentence, settings.digest.page)
        try:
            post(workspace, settings.digest, way, message, f"failed {today} {way} {workspace.root}", by_block)
        except Mend as problem:
            log.warning("that the night failed could not be told by %s: %s", way, problem)
            late = {"id": f"failed {today}", "sentence": f"On {figures.day(today)} the night failed, which could not be told then.", "since": today.isoformat()}
            book[way]["waiting"] += [late] if late not in book[way]["waiting"] else []
        else:
            book[way]["failed_on"] = today.isoformat()
        with suppress(OSError):  # on a full disk people are told more than once
            _write(workspace, book)


def standing(workspace: Workspace, settings: Settings) -> dict[str, Way]:
    """What is known of each way that is set up."""
    return _read(workspace, settings.digest.ways)


def _tell(workspace: Workspace, settings: Settings, way: str, kept: Way, today: dt.date, failed: list[str], by_block: Block | None) -> list[str]:
    sentences = [item["sentence"] for item in kept["waiting"]]
    since = min((dt.date.fromisoformat(item["since"]) for item in kept["waiting"]), default=None)
    mended = dt.date.fromisoformat(kept["failed_on"]) if kept["failed_on"] else None
    message = messages.of_night(settings.company.name, sentences, since, failed, mended, settings.digest.page)
    key = " ".join([today.isoformat(), way, str(workspace.root), *(item["id"] for item in kept["waiting"])])
    note = post(workspace, settings.digest, way, message, key, by_block)
    oldest = (today - dt.timedelta(days=REMEMBERED)).isoformat()
    told = {**kept["told"], **{item["id"]: today.isoformat() for item in kept["waiting"]}}
    kept["sent_on"], kept["failed_on"], kept["waiting"] = today.isoformat(), None, []
    kept["told"] = {name: day for name, day in told.items() if day >= oldest}
    log.info("told %s sentences by %s", len(sentences), way)
    return [note] if note else []


def _untold(kept: Way, news: list[Facts]) -> list[dict[str, str]]:
    """The news that neither was told nor waits; the same change of the same day is the same, however often the night is run."""
    known = {*kept["told"], *(item["id"] for item in kept["waiting"])}
    rows = {f"{row['kind']} {row['subject']} {row['compared_on']}": row for row in news if row["kind"] not in NOT_NEWS}
    return [{"id": name, "sentence": row["sentence"], "since": str(row["compared_on"])} for name, row in rows.items() if name not in known]


def _read(workspace: Workspace, ways: list[str]) -> dict[str, Way]:
    """What is remembered of each way that is set up; one that is new, or a file that was damaged, starts with nothing."""
    try:
        kept: dict[str, Any] = json.loads(workspace.digest.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        kept = {}
    return {way: _whole(kept.get(way) if isinstance(kept, dict) else None) for way in ways}


def _whole(kept: Any) -> Way:
    empty: Way = {"sent_on": None, "failed_on": None, "told": {}, "waiting": []}
    return kept if isinstance(kept, dict) and kept.keys() == empty.keys() else empty  # type: ignore[return-value]


def _write(workspace: Workspace, book: dict[str, Way]) -> None:
    put(workspace.digest, json.dumps(book, indent=1, ensure_ascii=False))
