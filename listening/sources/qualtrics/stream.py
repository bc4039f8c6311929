"""One night with a survey: continue where the last export ended, or export all of it and compare, which finds what was deleted or edited.

A small survey is exported whole every night. Of a large one the continuation token brings what is new; where it has expired,
a window of weeks does, since a response may be recorded long after it was begun.
"""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from listening.sources import absent
from listening.sources.connector import Connector, Page, Session, Setting, State, Stream
from listening.sources.http import Client, Fixed, Refused
from listening.sources.pull import Check
from listening.sources.qualtrics.exporting import VERSION, Export, Failed, Survey, recorded
from listening.sources.walking import budget

OVERLAP = 35 * 86_400.0  # seconds before the newest response that a window begins
LIFE = 6 * 86_400.0  # seconds that a continuation token is trusted; Qualtrics forgets it after about a week
FEW = 20_000  # responses that are exported whole every night
TRIED = 50  # responses for a rehearsal
_ALWAYS = ("values", "labels", VERSION)


@contextmanager
def _open(session: Session, base_url: str) -> Iterator[Survey]:
    """A client with an API token or an OAuth token, and a private folder for what it downloads."""
    base_url = base_url.rstrip("/").removesuffix("/API/v3")
    secrets = session.secrets
    auth = Fixed("X-API-TOKEN", secrets["api_token"]) if "api_token" in secrets else Fixed("Authorization", f"Bearer {secrets['access_token']}")
    folder = session.root / ".exports" / session.source.name
    shutil.rmtree(folder, ignore_errors=True)  # what a night that was killed has left
    folder.mkdir(parents=True, mode=0o700)
    try:
        with Client(base_url, auth, budget(session.source)) as client:
            yield Survey(client, str(session.option("survey_id")), folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _responses(session: Session, survey: Survey, state: State | None) -> Iterator[Page]:
    if session.is_rehearsal:
        yield from _pages([survey.export(limit=TRIED)])
    elif state is None:
        yield from _first(session, survey)
    elif _is_time_for_all(session, state):
        yield from _all(session, survey, state)
    else:
        yield from _new(session, survey, state)


def _first(session: Session, survey: Survey) -> Iterator[Page]:
    """All responses, of which nothing is known yet."""
    since, walked = session.since, _Walked()
    token = None
    for export in survey.parts(session.clock, since):
        yield from walked.pages([export])
        token = export.token
    yield Page([], _after(session, {"since": since, "until": 0}, walked, token) | {"known": walked.rows, "all_at": session.clock})


def _all(session: Session, survey: Survey, state: State) -> Iterator[Page]:
    """Everything that differs from what has landed, and a tombstone for each response that is gone."""
    exports = list(survey.parts(session.clock, state["since"]))
    walked = _Walked()
    ids = ([(str(row.get("responseId")), row[VERSION]) for row in page.rows] for page in walked.pages(exports))
    differs = absent.compared(session, "responseId", VERSION, ids)
    if differs.gone:
        yield Page(absent.tombstones("responseId", differs.gone, _ALWAYS))
    missing, came = set(differs.missing), set[str]()
    for page in _pages(exports) if missing else ():
        rows = [row for row in page.rows if row.get("responseId") in missing]
        yield Page(rows)
        came.update(str(row["responseId"]) for row in rows)
    session.checks.append(Check("responses in a whole export", differs.seen, differs.seen - len(missing - came)))
    yield Page([], _after(session, state, walked, exports[-1].token) | {"known": walked.rows, "all_at": session.clock})


def _new(session: Session, survey: Survey, state: State) -> Iterator[Page]:
    """What has been recorded since the last export: by its token, or where that is of no use any more by a window."""
    walked = _Walked()
    export = _continued(session, survey, state)
    yield from walked.pages([export])
    yield Page([], _after(session, state, walked, export.token))


def _continued(session: Session, survey: Survey, state: State) -> Export:
    if state["token"] and session.clock - state["token_at"] < LIFE:
        try:
            return survey.export(continuationToken=state["token"])
        except Refused as problem:
            if problem.status not in (400, 404, 410, 422):
                raise
        except Failed:
            pass
        session.note(f"does not continue from the last export, so the responses of the last {OVERLAP / 86_400:.0f} days are exported again")
    return survey.export(startDate=window_start(state), allowContinuation=True)


def window_start(state: State) -> str:
    """When a window begins that holds everything that may be missing."""
    return dt.datetime.fromtimestamp(max(state["since"], state["until"] - OVERLAP, 0), dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class _Walked:
    """What tonight's exports have held so far."""

    rows: int = 0
    newest: float = 0

    def pages(self, exports: Iterable[Export]) -> Iterator[Page]:
        """The same pages, counted."""
        for page in _pages(exports):
            self.rows += len(page.rows)
            self.newest = max([self.newest, *(recorded(row) or 0 for row in page.rows)])
            yield page


def _pages(exports: Iterable[Export]) -> Iterator[Page]:
    for export in exports:
        yield from map(Page, export.pages())


def _after(session: Session, state: State, walked: _Walked, token: str | None) -> State:
    """Where the next night goes on."""
    return {**state, "until": min(session.clock, max(state["until"], walked.newest)), "token": token, "token_at": session.clock}


def _is_time_for_all(session: Session, state: State) -> bool:
    if state["known"] <= FEW:
        return True
    days = session.option("compare_days", absent.DAYS_BETWEEN)
    return absent.is_due(session, state["all_at"], days)


CONNECTOR = Connector(
    name="qualtrics",
    title="Qualtrics",
    kinds=("survey", "employee"),
    base_url="https://{datacenter}.qualtrics.com",
    secrets={
        "api_token": "an API token (Qualtrics, Account Settings, Qualtrics IDs, API)",
        "access_token": "an OAuth access token with the scope read:survey_responses, where API tokens are not allowed",
    },
    credentials=(("api_token",), ("access_token",)),
    scopes="to see and export the survey's responses (OAuth: read:survey_responses)",
    limits="those of the brand; an export of 1.8 GB at most, so that a larger one is made in parts; waits as Qualtrics asks",
    settings={
        "datacenter": Setting("the part of the address before .qualtrics.com (Account Settings, Qualtrics IDs)", '"fra1"', is_needed=True),
        "survey_id": Setting("the survey", '"SV_bwrylOA5nNnI9M1"', is_needed=True),
        "compare_days": Setting(
            "days between whole exports of a large survey, which find deletions and edits; 0 for never", str(absent.DAYS_BETWEEN), kind=int
        ),
        "gone_at_most": Setting("the share of responses that may be gone before it counts as a mistake", str(absent.GONE_AT_MOST), kind=(int, float)),
    },
    streams=(
        Stream(
            name="responses",
            walk=_responses,
            key=("responseId",),
            cursor="Qualtrics' own continuation token; where it has expired, a window; small surveys whole every night",
            overlap="35 days where a window is needed",
            deletions="ids that a whole export no longer has: every night of a small survey, else every compare_days",
            needs={"responseId": (str,), "values": (dict, type(None))},
        ),
    ),
    open=_open,
)
