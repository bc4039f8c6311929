"""Zendesk Support: takes a subdomain and an OAuth client, gives tickets as they stand, each with its comments and rating.

Tickets come by the cursor export, in the order of Zendesk's own `generated_timestamp`; whatever changes a ticket (a comment,
a rating, a redaction, its deletion) brings it again. Its comments are asked for then and there, so that a row is always the
ticket as a whole: what was redacted or made internal since is gone with it.
"""

from __future__ import annotations

import base64
import concurrent.futures
import datetime as dt
import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from listening.sources.connector import Cells, Connector, Page, Session, Setting, State, Stream
from listening.sources.http import Client, Fixed, Refused, Stopped
from listening.sources.tokens import OAuth
from listening.sources.walking import budget

EXPORT = "api/v2/incremental/tickets/cursor.json"
EVENTS = "api/v2/incremental/ticket_events.json"
RATINGS = "api/v2/satisfaction_ratings"
PAGE_ROWS, PART_ROWS = 1000, 100
LIST_ROWS = 100
TOO_RECENT = 300  # seconds before now that a first start_time must lie back, with room to spare
AT_ONCE = 4  # requests for comments
_RATED = ("good", "bad")
_LEAST_OF_DELETED: Cells = {"created_at": "1970-01-01T00:00:00Z", "requester_id": None, "description": None}  # where nothing else is left of it
_NOT_SHOWN, _NOT_THERE, _NOT_KNOWN = (403, 404, 410), (404, 410), (400, 404, 410, 422)


@contextmanager
def _open(session: Session, base_url: str) -> Iterator[Client]:
    """A client with an OAuth token, or with an API token for an account that still has one."""
    base_url = base_url.rstrip("/").removesuffix("/api/v2")
    secrets = session.secrets
    for secret, name in (("client_secret", "client_id"), ("api_token", "email")):
        if secret in secrets and not session.option(name):
            raise Stopped(f"needs {name} beside {secret} in [sources.{session.source.name}]")
    with Client(base_url, budget=budget(session.source)) as client, Client(base_url) as asking:
        if "client_secret" in secrets:
            client.auth = OAuth(
                asking,
                "oauth/tokens",
                session.root / ".tokens" / f"{session.source.name}.json",
                str(session.option("client_id")),
                secrets["client_secret"],
                secrets.get("refresh_token"),
                scope=str(session.option("scope", "read")),
            )
        elif "access_token" in secrets:
            client.auth = Fixed("Authorization", f"Bearer {secrets['access_token']}")
        else:
            pair = f"{session.option('email')}/token:{secrets['api_token']}"
            client.auth = Fixed("Authorization", f"Basic {base64.b64encode(pair.encode()).decode()}")
        yield client


def _tickets(session: Session, client: Client, state: State | None) -> Iterator[Page]:
    """All tickets that have changed since the cursor. Only `end_of_stream` is the end; an empty page is none.

    A page's comments take many requests, so that it is handed on in parts. `done` in a state is the stamp up to which the
    page after its cursor is kept.
    """
    cursor: str | None = state["cursor"] if state else None
    until = int(state["until"]) if state else 0
    done = int(state.get("done", 0)) if state else 0
    start, may_begin_again = _start(session), True
    details = _Details(session, client)
    while True:
        try:
            content = _exported(client, {"cursor": cursor} if cursor else {"start_time": start})
        except Refused as problem:
            if problem.status not in _NOT_KNOWN or not cursor or not may_begin_again:
                raise
            session.note("does not know its own cursor any more, so that the tickets changed since then are asked for by their time")
            cursor, done, may_begin_again, start = None, 0, False, max(start, min(until, int(session.clock)) - TOO_RECENT)
            continue
        tickets = _objects(content["tickets"], "tickets")
        following, is_end = content.get("after_cursor") or (None if tickets else cursor), content["end_of_stream"] in (True, "true")
        if not following and not is_end:
            raise Stopped("gives a page of tickets without a cursor to go on from")
        for part, is_last in _parts([ticket for ticket in tickets if not 0 < _stamp(ticket) < done]):
            until = max([until, *map(_stamp, part)])
            rows = details.complete(part)
            if is_last:
                yield Page(rows, {"cursor": following, "until": until} if following else None)
            else:  # many tickets of one moment have no place between them to go on from
                yield Page(rows, {"cursor": cursor, "until": until, "done": _stamp(part[-1])} if _stamp(part[-1]) != done else None)
                done = _stamp(part[-1])
        if is_end:
            return
        cursor, done = following, 0


def _exported(client: Client, asked: Cells) -> Cells:
    return dict(client.get(EXPORT, {**asked, "per_page": PAGE_ROWS, "include": "comment_count"}, needs=("tickets", "end_of_stream")))


def _parts(tickets: list[Cells]) -> Iterator[tuple[list[Cells], bool]]:
    """A page in parts, and whether each is the last; in one if its tickets are not in the order of their stamps."""
    is_in_order = all(0 < _stamp(one) <= _stamp(two) for one, two in itertools.pairwise(tickets))
    size = PART_ROWS if is_in_order else PAGE_ROWS
    for place in range(0, len(tickets) or 1, size):
        yield tickets[place : place + size], place + size >= len(tickets)


def _stamp(ticket: Cells) -> int:
    """When Zendesk last changed a ticket, also by itself; 0 where it does not say."""
    stamp = ticket.get("generated_timestamp")
    return stamp if isinstance(stamp, int) else 0


def _start(session: Session) -> int:
    """Where to begin at first: the configured day, or long before there was any ticket."""
    return max(1, min(int(session.since), int(session.clock) - TOO_RECENT))


class _Details:
    """What the export leaves out, for one walk: a ticket's comments and the dates of its rating.

    An account, or a server that stands in for one, may show them ticket by ticket, or only in lists of all.
    """

    def __init__(self, session: Session, client: Client) -> None:
        self.session, self.client = session, client
        self.comments_are_shown: bool | None = None  # ticket by ticket; None while nobody knows
        self.ratings_are_shown: bool | None = None

    def complete(self, tickets: list[Cells]) -> list[Cells]:
        """The same tickets, each with its comments and its rating's dates."""
        tickets = [_LEAST_OF_DELETED | ticket if ticket.get("status") == "deleted" else ticket for ticket in tickets]
        live = [ticket for ticket in tickets if ticket.get("status") != "deleted" and isinstance(ticket.get("id"), int | str)]
        comments = self._comments([ticket for ticket in live if not _is_all_said(ticket)])
        ratings = self._ratings([ticket for ticket in live if _lacks_date(ticket.get("satisfaction_rating"))])
        return [
            {
                "comments": [],
                **ticket,
                **({"comments": comments[str(ticket["id"])]} if str(ticket.get("id")) in comments else {}),
                **({"satisfaction_rating": ticket["satisfaction_rating"] | ratings[str(ticket["id"])]} if str(ticket.get("id")) in ratings else {}),
            }
            for ticket in tickets
        ]

    def _comments(self, tickets: list[Cells]) -> dict[str, list[Cells]]:
        """By ticket, all its comments; none for a ticket that has gone meanwhile."""
        found: dict[str, list[Cells]] = {}
        if self.comments_are_shown is not False:
            found = self._each(_comments, tickets)
            if tickets and self.comments_are_shown is None:
                self.comments_are_shown = bool(found)
        return found if self.comments_are_shown or not tickets else self._comments_of_events(tickets)

    def _comments_of_events(self, tickets: list[Cells]) -> dict[str, list[Cells]]:
        """By ticket, its comments from the export of all tickets' events since the oldest of them was written."""
        found: dict[str, dict[Any, Cells]] = {str(ticket["id"]): {} for ticket in tickets}
        try:
            for event in _events(self.client, self._since(tickets)):
                for child in _objects(event.get("child_events") or [], "child_events"):
                    if "Comment" in (child.get("event_type"), child.get("type")) and str(event.get("ticket_id")) in found:
                        found[str(event["ticket_id"])][child.get("id")] = {"created_at": _written(event), **child}
        except Refused as problem:
            if problem.status not in _NOT_SHOWN:
                raise
            self.session.note(
                f"shows no comments ({problem.status}), neither by ticket nor as events, so that only the first message of each ticket comes. "
                "Grant the scopes that 'listening sources' lists."
            )
        return {ticket: list(comments.values()) for ticket, comments in found.items() if comments}

    def _ratings(self, tickets: list[Cells]) -> dict[str, Cells]:
        """By ticket, what its rating lacks; nothing where Zendesk does not show ratings."""
        found: dict[str, Cells] = {}
        if self.ratings_are_shown is not False:
            found = self._each(_rating, [ticket for ticket in tickets if ticket["satisfaction_rating"].get("id")])
            if tickets and self.ratings_are_shown is None:
                self.ratings_are_shown = bool(found)
        if tickets and not self.ratings_are_shown:
            with _going_on_after(_NOT_SHOWN):
                asked = {"start_time": self._since(tickets)}
                for content in _listed(self.client, RATINGS, "satisfaction_ratings", asked):
                    found |= {str(rating.get("ticket_id")): rating for rating in _objects(content["satisfaction_ratings"], "satisfaction_ratings")}
        wanted = {str(ticket["id"]) for ticket in tickets}  # a list has those of all
        return {
            ticket: {name: rating[name] for name in ("created_at", "updated_at") if rating.get(name)} for ticket, rating in found.items() if ticket in wanted
        }

    def _each(self, ask: Callable[[Client, Cells], Any], tickets: list[Cells]) -> dict[str, Any]:
        """What is answered for each ticket, several at a time; nothing for those where there is nothing."""
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            answers = zip(tickets, pool.map(lambda ticket: ask(self.client, ticket), tickets), strict=True)
            return {str(ticket["id"]): answer for ticket, answer in answers if answer is not None}

    def _since(self, tickets: list[Cells]) -> int:
        """When the oldest of some tickets was written, as far back as one may ask."""
        written = [_seconds(ticket.get("created_at")) for ticket in tickets]
        return max(1, min([*written, int(self.session.clock) - TOO_RECENT]))


@contextmanager
def _going_on_after(statuses: tuple[int, ...]) -> Iterator[None]:
    """Go on without what the system refuses with one of these statuses."""
    try:
        yield
    except Refused as problem:
        if problem.status not in statuses:
            raise


def _comments(client: Client, ticket: Cells) -> list[Cells] | None:
    """All comments of a ticket, each with its author's role where Zendesk tells it; None if there is no such ticket."""
    found: list[Cells] = []
    roles: dict[Any, Any] = {}
    with _going_on_after(_NOT_THERE):
        for content in _listed(client, f"api/v2/tickets/{ticket['id']}/comments", "comments", {"include": "users"}):
            found += _objects(content["comments"], "comments")
            roles |= {user.get("id"): user.get("role") for user in content.get("users") or () if isinstance(user, dict)}
        return [{**comment, "author": {"role": roles[comment.get("author_id")]}} if roles.get(comment.get("author_id")) else comment for comment in found]
    return None


def _rating(client: Client, ticket: Cells) -> Cells | None:
    """A ticket's rating with its dates; None where there is none to be seen."""
    with _going_on_after(_NOT_SHOWN):
        content = client.get(f"{RATINGS}/{ticket['satisfaction_rating']['id']}", needs=("satisfaction_rating",))
        return content["satisfaction_rating"] if isinstance(content["satisfaction_rating"], dict) else None
    return None


def _events(client: Client, since: int) -> Iterator[Cells]:
    """All events of tickets since a moment, as the export that goes by time gives them: with repeats where two pages meet."""
    asked: dict[str, Any] | None = {"start_time": since, "include": "comment_events"}
    link: str | None = EVENTS
    seen: set[Any] = set()
    passed: set[str] = set()
    while link:
        content = client.get(link, asked, needs=("ticket_events",))
        events = _objects(content["ticket_events"], "ticket_events")
        fresh = [event for event in events if event.get("id") is None or event.get("id") not in seen]
        yield from fresh
        seen.update(event.get("id") for event in events)
        following = content.get("next_page")
        is_end = content.get("end_of_stream")
        if is_end or not following or (is_end is None and not fresh):
            return
        if not fresh and following in passed:
            raise Stopped("gives the same page of ticket_events again and again")
        passed.add(following)
        link, asked = following, None


def _written(event: Cells) -> str | None:
    """When an event happened."""
    moment, stamp = event.get("created_at"), event.get("timestamp")
    return moment or (dt.datetime.fromtimestamp(stamp, dt.UTC).isoformat() if isinstance(stamp, int) else None)


def _seconds(moment: Any) -> int:
    """A moment in seconds since 1970; 0 where it is none."""
    try:
        return int(dt.datetime.fromisoformat(str(moment)).timestamp())
    except ValueError:
        return 0


def _listed(client: Client, path: str, name: str, asked: dict[str, Any]) -> Iterator[Cells]:
    """The pages of a list, by the links that Zendesk gives."""
    content = client.get(path, {**asked, "page[size]": LIST_ROWS}, needs=(name,))
    passed: set[str] = set()
    yield content
    while following := _following(content):
        if following in passed:
            raise Stopped(f"gives the same page of {name} again and again")
        passed.add(following)
        content = client.get(following, needs=(name,))
        yield content


def _following(content: Cells) -> str | None:
    """The link to the next page, as cursor pages or as older numbered pages give it."""
    meta, links = content.get("meta"), content.get("links")
    if isinstance(meta, dict) and "has_more" in meta:
        return links.get("next") if meta["has_more"] and isinstance(links, dict) else None
    return content.get("next_page")


def _is_all_said(ticket: Cells) -> bool:
    """Whether a ticket by itself says all that there is: its description is its only comment, and it tells whose that is and whether for all to see."""
    return ticket.get("comment_count") == 1 and ticket.get("submitter_id") is not None and ticket.get("is_public") is not None


def _lacks_date(rating: Any) -> bool:
    return isinstance(rating, dict) and str(rating.get("score", "")).startswith(_RATED) and not rating.get("created_at")


def _objects(cells: Any, name: str) -> list[Cells]:
    if not isinstance(cells, list):
        raise Stopped(f"gives '{name}' that are no list")
    return [cell for cell in cells if isinstance(cell, dict)]


CONNECTOR = Connector(
    name="zendesk",
    title="Zendesk",
    kinds=("ticket",),
    base_url="https://{subdomain}.zendesk.com",
    secrets={
        "client_secret": "the secret of an OAuth client (Admin Center, Apps and integrations, APIs, OAuth clients)",
        "refresh_token": "the first refresh token of that client, where client credentials are not allowed",
        "access_token": "an access token that does not end, of an older OAuth client",
        "api_token": "an API token of an account that still has one; none can be made since October 2026, all end on 30 April 2027",
    },
    credentials=(("client_secret",), ("access_token",), ("api_token",)),
    scopes="read (or tickets:read and users:read)",
    limits="10 requests a minute on the export, the account's own limit on comments; waits as Zendesk asks",
    settings={
        "subdomain": Setting("the part of the address before .zendesk.com", '"acme"', is_needed=True),
        "client_id": Setting("the identifier of the OAuth client", '"listening_path"', is_usual=True),
        "email": Setting("whose API token it is", '"reports@acme.example"'),
        "scope": Setting("the scopes to ask for", '"read"'),
    },
    streams=(
        Stream(
            name="tickets",
            walk=_tickets,
            key=("id",),
            cursor="Zendesk's own after_cursor",
            overlap="none needed: the cursor leaves out the last minute itself",
            deletions="status 'deleted'; redacted and internal comments by the ticket coming again",
            needs={"id": (int, str), "created_at": (str,), "requester_id": (int, str, type(None)), "status": (str,)},
        ),
    ),
    open=_open,
)
