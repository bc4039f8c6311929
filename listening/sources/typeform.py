"""Typeform: takes a form and an access token, gives its responses as they stand.

Responses are walked from the newest back, each page by the token that the last one ended with, down to a day before what was
reached last time: the newest may come late. A time window is never combined with a token. How many responses Typeform says
that there are is compared with those that have landed, every night; where the two differ, all ids are compared, which finds
what was deleted, and what came later than a day.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from listening.sources import absent
from listening.sources.connector import Cells, Connector, Page, Session, Setting, State, Stream
from listening.sources.http import Client, Fixed, Pace, Refused, Stopped
from listening.sources.pull import Check
from listening.sources.walking import budget

PAGE_ROWS = 1000
REQUESTS_A_SECOND = 2
OVERLAP = 86_400.0  # seconds; Typeform itself may hold a response back for half an hour
FEW = 5 * PAGE_ROWS  # responses whose ids are compared every night, since that takes seconds
VERSION = "_version"
_ALWAYS = ("landing_id", "token", "landed_at", "submitted_at", "hidden", "calculated", "answers", "variables")
_KINDS = {False: "completed", True: "completed,partial"}


@dataclass
class _Form:
    """One form, and how far tonight's walk has come."""

    client: Client
    name: str
    has_partials: bool
    fields: dict[str, Cells] = field(default_factory=dict)
    is_walked: bool = False

    @property
    def bytes(self) -> int:
        """How much has come."""
        return self.client.bytes

    def ask(self, **asked: Any) -> Cells:
        """One answer of responses.

        Raises:
            Stopped: its form is another.
        """
        parameters = {**asked, "response_type": _KINDS[self.has_partials]}
        content: Cells = self.client.get(f"forms/{self.name}/responses", parameters, needs=("items", "total_items"))
        if not isinstance(content["items"], list) or not isinstance(content["total_items"], int):
            raise Stopped("gives responses in another form: 'items' is no list, or 'total_items' no number")
        return content

    def total(self, since: float) -> int:
        """How many responses Typeform says that there are."""
        return int(self.ask(page_size=1, **({"since": int(since)} if since else {}))["total_items"])

    def pages(self, low: float, before: str | None = None, passed: int = 0) -> Iterator[tuple[list[Cells], State]]:
        """Responses down to a moment, the newest first, each page with the place to go on from, which is empty after the last.

        A place that Typeform does not know any more, since its response was deleted, is given up once for the top.

        Raises:
            Stopped: it ends before everything has come, or goes round in circles.
        """
        may_begin_again, places = True, {before}
        while True:
            try:
                content = self.ask(page_size=PAGE_ROWS, **({"before": before} if before else {}))
            except Refused as problem:
                if problem.status not in (400, 404) or not before or not may_begin_again:
                    raise
                content = {"items": [], "total_items": passed + 1}
            items = [self._whole(item) for item in content["items"] if isinstance(item, dict)]
            if items:
                passed, before = passed + len(items), _token(items[-1])
                if before in places:
                    raise Stopped("gives the same page of responses again and again; what came before is kept")
                places.add(before)
                is_last = (_stamp(items[-1]) or low) < low
                yield [item for item in items if (_stamp(item) or low) >= low], {} if is_last else {"before": before, "passed": passed}
                if is_last:
                    return
            elif content["total_items"] <= passed:
                yield [], {}
                return
            elif may_begin_again:
                before, passed, may_begin_again, places = None, 0, False, set()
            else:
                raise Stopped(f"gives an empty page after {passed} of {content['total_items']} responses")

    def _whole(self, item: Cells) -> Cells:
        """A response with what its form says of the questions, and without the machine that it was written on."""
        answers = item.get("answers")
        row = {**{name: cell for name, cell in item.items() if name != "metadata"}, "response_id": item.get("response_id") or item.get("token")}
        if self.has_partials:
            row[VERSION] = _version(item)
        if isinstance(answers, list) and self.fields:
            row["answers"] = [self._described(answer) for answer in answers]
        return row

    def _described(self, answer: Any) -> Any:
        asked = answer.get("field") if isinstance(answer, dict) else None
        return {**answer, "field": {**self.fields.get(str(asked.get("id")), {}), **asked}} if isinstance(asked, dict) else answer


@contextmanager
def _open(session: Session, base_url: str) -> Iterator[_Form]:
    auth = Fixed("Authorization", f"Bearer {session.secrets['access_token']}")
    pace = Pace(max(1, session.option("requests_a_second", REQUESTS_A_SECOND)), 1)
    with Client(base_url, auth, budget(session.source), pace) as client:
        form = _Form(client, str(session.option("form_id")), bool(session.option("partials", False)))
        form.fields = _fields(session, client, form.name)
        yield form


def _fields(session: Session, client: Client, form: str) -> dict[str, Cells]:
    """What the form says of its questions, by id; nothing where the token may not read forms, which is no need."""
    try:
        content = client.get(f"forms/{form}", needs=("fields",))
    except Refused as problem:
        if problem.status == 401:
            raise
        return {}
    found = dict(_described(content["fields"]))
    names = {name for key, described in found.items() for name in (key, described.get("ref"))}
    for question in session.source.questions:
        for name in (question.text, question.score):
            if name and name.removeprefix("answers.") not in names and not name.startswith(("hidden.", "variables.", "calculated.")):
                listed = ", ".join(f"{described.get('ref') or key} ({described.get('title')})" for key, described in list(found.items())[:20])
                session.note(f"has no question '{name}', which [sources.{session.source.name}] names; the form has: {listed}")
    return found


def _described(listed: Any) -> Iterator[tuple[str, Cells]]:
    """Questions by their ids, also those that stand in groups."""
    for asked in listed if isinstance(listed, list) else ():
        if isinstance(asked, dict):
            properties: Cells = asked["properties"] if isinstance(asked.get("properties"), dict) else {}
            yield str(asked.get("id")), {name: cell for name, cell in {**asked, **properties}.items() if name in ("title", "ref", "steps", "start_at_one")}
            yield from _described(properties.get("fields"))


def _responses(session: Session, form: _Form, state: State | None) -> Iterator[Page]:
    """What has come since last time. A walk that was cut off goes on where it was, and another one fetches what came meanwhile.

    Partial responses have no order to go on from, so that after the first night the comparison finds them.
    """
    state = state or {"until": 0, "since": session.since}
    if not form.has_partials or not state.get("is_whole"):
        if "before" in state:
            for page in _walk(session, form, state):
                state = page.state or state
                yield page
        yield from _walk(session, form, {**state, "low": max(state["since"], state["until"] - OVERLAP), "top": state["until"], "before": None, "passed": 0})
    form.is_walked = True


def _walk(session: Session, form: _Form, state: State) -> Iterator[Page]:
    """Pages from a place on; the last one moves the moment up to which everything has come."""
    low, top = state["low"], state["top"]
    for rows, place in form.pages(low, state["before"], state["passed"]):
        top = min(session.clock, max([top, *(_stamp(row) or 0 for row in rows)]))
        kept = {"since": state["since"], "is_whole": form.has_partials}
        yield Page(rows, {**kept, "until": state["until"], "low": low, "top": top, **place} if place else {**kept, "until": top})


def _differences(session: Session, form: _Form, state: State | None) -> Iterator[Page]:
    """Whether as many responses have landed as Typeform says that there are; if not, and once a week, all ids are compared."""
    if not form.is_walked or session.is_rehearsal:
        return
    state = state or {"since": session.since, "compared_at": session.clock}
    total = form.total(state["since"])
    is_due = total <= FEW or form.has_partials or _is_time_to_compare(session, state)
    found = -1 if is_due else session.compare("response_id", VERSION, iter(())).known
    if found != total:
        differs = absent.compared(session, "response_id", VERSION, _ids(form, state["since"]))
        if differs.gone:
            yield Page(absent.tombstones("response_id", differs.gone, _ALWAYS))
        missing = set(differs.missing)
        yield from _lacking(form, state["since"], missing)
        state, found = {**state, "compared_at": session.clock}, differs.seen - len(missing)
    session.checks.append(Check("responses (total_items)", total, found))
    yield Page([], state)


def _ids(form: _Form, since: float) -> Iterator[list[tuple[str, str | None]]]:
    for rows, _ in form.pages(since):
        yield [(str(row["response_id"]), row.get(VERSION)) for row in rows]


def _lacking(form: _Form, since: float, missing: set[str]) -> Iterator[Page]:
    """The responses that landing lacks, or has otherwise."""
    pages = form.pages(since)
    while missing and (page := next(pages, None)):
        rows = [row for row in page[0] if row["response_id"] in missing]
        missing.difference_update(row["response_id"] for row in rows)
        yield Page(rows)


def _is_time_to_compare(session: Session, state: State) -> bool:
    days = session.option("compare_days", absent.DAYS_BETWEEN)
    return absent.is_due(session, state["compared_at"], days)


def _stamp(item: Cells) -> float | None:
    """When a response was submitted; a partial one, when it was begun."""
    for name in ("submitted_at", "landed_at"):
        cell = item.get(name)
        if isinstance(cell, str) and cell:
            try:
                moment = dt.datetime.fromisoformat(cell)
            except ValueError:
                continue
            return moment.replace(tzinfo=moment.tzinfo or dt.UTC).timestamp()
    return None


def _token(item: Cells) -> str:
    return str(item.get("token") or item.get("response_id"))


def _version(item: Cells) -> str:
    """What tells a partial response that went on from what it was."""
    return str(item.get("submitted_at") or item.get("staged_at") or len(item.get("answers") or ()))


CONNECTOR = Connector(
    name="typeform",
    title="Typeform",
    kinds=("survey",),
    base_url="https://api.typeform.com",
    secrets={"access_token": "a personal access token (Typeform, your account, Personal tokens)"},
    credentials=(("access_token",),),
    scopes="responses:read; forms:read as well, so that the scales of ratings and the names of questions are known",
    limits=f"{REQUESTS_A_SECOND} requests a second an account; keeps to it by itself",
    settings={
        "form_id": Setting("the form: what follows /to/ in its address", '"u6nXL7"', is_needed=True),
        "requests_a_second": Setting("requests a second that Typeform allows the account", str(REQUESTS_A_SECOND), kind=int),
        "partials": Setting("also responses that were begun and not submitted", "true", kind=bool),
        "compare_days": Setting("days between comparisons of all ids of a large form while the numbers agree; 0 for never", str(absent.DAYS_BETWEEN), kind=int),
        "gone_at_most": Setting("the share of responses that may be gone before it counts as a mistake", str(absent.GONE_AT_MOST), kind=(int, float)),
    },
    streams=(
        Stream(
            name="responses",
            walk=_responses,
            key=("response_id",),
            cursor="submitted_at of the newest response, walked back by the tokens of responses",
            overlap="a day, itself included; what has landed twice folds by key",
            deletions="by differences",
            needs={"response_id": (str,), "landed_at": (str,)},
        ),
        Stream(
            name="differences",
            walk=_differences,
            key=("response_id",),
            cursor="total_items beside what has landed, every night; all ids where they differ or are few, and every compare_days",
            overlap="all of it",
            deletions="ids that are no longer there",
            needs={"response_id": (str,)},
        ),
    ),
    open=_open,
)
