"""A stand-in for Zendesk Support: tickets with comments, notes, ratings, redactions and deletions, as its API gives them.

Its traps: the export leaves out the last minute and refuses a start that is too recent (422), pages may be empty before the
end, system updates move `generated_timestamp` alone, and a refresh of the OAuth token makes both tokens before it worthless.
"""

from __future__ import annotations

import base64
import datetime as dt
import secrets
from typing import Any, NamedTuple

from tests.standins.server import Clock, Reply, Request, Standin

CLIENT_ID, CLIENT_SECRET, REFRESH_TOKEN = "listening_path", "standin-secret", "standin-refresh-1"
API_EMAIL, API_TOKEN = "reports@acme.example", "standin-api-token"
AGENT, BOT = 9001, -1
DAY = 86_400
LIFE = 1800.0  # seconds of an access token
EXPORTS_A_MINUTE = 10
EVENTS_A_PAGE = 100
_WHAT = ("The parcel", "My invoice", "The new app", "Your driver", "The refund", "Our contract", "The heater", "My password")
_DID = ("came three days late", "was wrong again", "stopped working on Sunday", "made us very happy", "has not arrived yet", "needs to be changed")
_THEN = ("and nobody called me back.", "so please have a look.", "which surprised all of us.", "and I would like an answer.", "thanks to your colleague.")


class Event(NamedTuple):
    """One thing that happens to one ticket."""

    at: float
    what: str  # create, reply, agent, note, bot, touch, rate, redact, hide, delete
    ticket: int
    number: int  # of the comment, or of the event
    text: str


class Zendesk(Standin):
    """A Zendesk account in which so many tickets are written a day."""

    name = "zendesk"

    def __init__(self, seed: int = 0, clock: Clock | None = None, days: int = 60, tickets_a_day: int = 8) -> None:
        super().__init__(seed, clock)
        self.shown = {"comments", "events", "rating", "ratings"}  # what beside the export is there
        self.start = self.clock.now
        self.log = sorted(self._happen(days, tickets_a_day))
        self.passed = 0
        self.tickets: dict[int, dict[str, Any]] = {}
        self.comments: dict[int, list[dict[str, Any]]] = {}
        self.ratings: dict[int, dict[str, Any]] = {}
        self.refresh_token: str = REFRESH_TOKEN
        self.access: dict[str, float] = {}
        self.refreshed = 0
        self.exports: list[float] = []
        self.is_only_refresh = False

    # what happens

    def _words(self, number: int) -> str:
        return f"{self.random.choice(_WHAT)} {self.random.choice(_DID)} {self.random.choice(_THEN)} Case {number % 997} of mine."

    def _happen(self, days: int, tickets_a_day: int) -> list[Event]:
        chance = self.random
        events: list[Event] = []
        number = 500
        for place in range(days * tickets_a_day):
            ticket = 1000 + place
            at = self.start - DAY + chance.random() * days * DAY
            if place % 7 < 3:  # many at one moment, as an import or a mass update makes them
                at = self.start - DAY + (place // 7 * 7 / tickets_a_day) * DAY
            at = float(int(at))
            events.append(Event(at, "create", ticket, ticket, self._words(ticket)))
            said: list[int] = []
            for _ in range(chance.choice((0, 1, 1, 2, 4))):
                number += 1
                at += chance.choice((30, 600, 7200, DAY, 4 * DAY))
                what = chance.choice(("reply", "reply", "agent", "note", "bot", "touch"))
                events.append(Event(at, what, ticket, number, self._words(number)))
                said += [number] if what == "reply" else []
            for what, share in (("rate", 0.3), ("redact", 0.15), ("hide", 0.05), ("delete", 0.1)):
                if chance.random() < share and (said or what in ("rate", "delete")):
                    number += 1
                    at += chance.choice((60, 3600, 2 * DAY))
                    events.append(Event(at, what, ticket, said[-1] if what in ("redact", "hide") else number, self._words(number)))
        return events

    def be_quiet(self) -> None:
        """Wait for a moment with nothing new in the minute before, which the export leaves out, nor in the minutes after."""
        moments = [event.at for event in self.log]
        while any(-61 < at - self.clock.now < 300 for at in moments):
            self.clock.wait(60)

    def catch_up(self) -> None:
        """Let everything happen that happens up to now."""
        while self.passed < len(self.log) and self.log[self.passed].at <= self.clock.now:
            self._apply(self.log[self.passed])
            self.passed += 1

    def _apply(self, event: Event) -> None:
        moment = _iso(event.at)
        if event.what == "create":
            customer = 100 + event.ticket % 50
            self.tickets[event.ticket] = {
                "id": event.ticket, "url": f"{self.base_url}/api/v2/tickets/{event.ticket}.json", "created_at": moment, "subject": f"Ticket {event.ticket}",
                "description": event.text, "status": "new", "requester_id": customer, "submitter_id": customer, "organization_id": None, "tags": [],
                "via": {"channel": "email"}, "custom_fields": [{"id": 1, "value": None}], "fields": [{"id": 1, "value": None}],
                "satisfaction_rating": {"score": "unoffered"}, "brand_id": 77, "is_public": True,
            }  # fmt: skip
            self.comments[event.ticket] = []
            self._say(event, customer, True)
        ticket = self.tickets[event.ticket]
        if event.what in ("reply", "agent", "note", "bot"):
            self._say(event, {"reply": ticket["requester_id"], "bot": BOT}.get(event.what, AGENT), event.what != "note")
        elif event.what in ("redact", "hide"):
            comment = next(comment for comment in self.comments[event.ticket] if comment["id"] == event.number)
            if event.what == "hide":
                comment["public"] = False
            else:
                comment["body"] = comment["plain_body"] = "▇▇▇▇ it was redacted here."
                comment["html_body"] = f"<p>{comment['body']}</p>"
        elif event.what == "rate":
            score = "good" if event.number % 2 else "bad"
            ticket["satisfaction_rating"] = {"id": event.number, "score": score, "comment": event.text}
            self.ratings[event.number] = {
                "id": event.number, "ticket_id": event.ticket, "requester_id": ticket["requester_id"], "score": score, "comment": event.text,
                "created_at": moment, "updated_at": moment,
            }  # fmt: skip
        elif event.what == "delete":
            ticket["status"] = "deleted"
        if event.what != "touch":
            ticket["updated_at"] = moment
        ticket["generated_timestamp"] = int(event.at)

    def _say(self, event: Event, author: int, public: bool) -> None:
        self.comments[event.ticket].append(
            {
                "id": event.number, "type": "Comment", "author_id": author, "body": event.text, "plain_body": event.text, "html_body": f"<p>{event.text}</p>",
                "public": public, "created_at": _iso(event.at), "via": {"channel": "email"},
            }
        )  # fmt: skip

    def told(self) -> dict[str, str]:
        """What customers have said publicly and still stands, by the id of its record: what every record is to equal."""
        self.catch_up()
        words: dict[str, str] = {}
        for key, ticket in self.tickets.items():
            if ticket["status"] == "deleted":
                continue
            for place, comment in enumerate(self.comments[key]):
                if comment["public"] and comment["author_id"] == ticket["requester_id"]:
                    words[str(key) if place == 0 else f"{key}/{comment['id']}"] = (f"Ticket {key}\n" if place == 0 else "") + comment["body"]
            if "id" in ticket["satisfaction_rating"]:
                words[f"{key}/satisfaction"] = ticket["satisfaction_rating"]["comment"]
        return words

    # what is answered

    def answer(self, request: Request) -> Reply:
        """The API, from what has happened up to now."""
        self.catch_up()
        if request.path == "/oauth/tokens":
            return self._token(request.content)
        if not self._is_allowed(request.headers.get("authorization", "")):
            return Reply({"error": "invalid_token", "error_description": "The access token provided is expired, revoked or malformed."}, 401)
        match request.path.removeprefix("/api/v2/").removesuffix(".json").split("/"):
            case ["incremental", "tickets", "cursor"]:
                return self._export(request)
            case ["incremental", "ticket_events"] if "events" in self.shown:
                return self._events(request)
            case ["tickets", ticket, "comments"] if "comments" in self.shown:
                return self._comments(int(ticket), request)
            case ["satisfaction_ratings"] if "ratings" in self.shown:
                return self._ratings(request)
            case ["satisfaction_ratings", number] if "rating" in self.shown and int(number) in self.ratings:
                return Reply({"satisfaction_rating": self.ratings[int(number)]})
        return Reply({"error": "RecordNotFound", "description": "Not found"}, 404)

    def _token(self, asked: dict[str, Any]) -> Reply:
        if asked.get("client_id") != CLIENT_ID or asked.get("client_secret") != CLIENT_SECRET:
            return Reply({"error": "invalid_client"}, 401)
        grant = asked.get("grant_type")
        is_refresh = grant == "refresh_token" and asked.get("refresh_token") == self.refresh_token
        if not is_refresh and (grant != "client_credentials" or self.is_only_refresh):
            return Reply({"error": "invalid_grant"}, 400)
        self.refreshed += 1
        token = secrets.token_hex(8)
        if is_refresh:
            self.access.clear()
            self.refresh_token = f"refresh-{secrets.token_hex(8)}"
        self.access[token] = self.clock.now + LIFE
        answer = {"access_token": token, "token_type": "bearer", "scope": "read", "expires_in": int(LIFE)}
        return Reply({**answer, "refresh_token": self.refresh_token} if is_refresh else answer)

    def _is_allowed(self, header: str) -> bool:
        kind, _, content = header.partition(" ")
        if kind == "Basic":
            return base64.b64decode(content).decode() == f"{API_EMAIL}/token:{API_TOKEN}"
        return self.access.get(content, 0.0) > self.clock.now

    def _export(self, request: Request) -> Reply:
        now = self.clock.now
        self.exports = [at for at in self.exports if now - at < 60]
        if len(self.exports) >= EXPORTS_A_MINUTE:
            return Reply({"error": "APIRateLimitExceeded"}, 429, {"Retry-After": str(int(60 - (now - self.exports[0])) + 1)})
        self.exports.append(now)
        if "cursor" in request.query:
            stamp, ticket = map(int, base64.b64decode(request.query["cursor"]).decode().split("|"))
        else:
            stamp, ticket = int(request.query["start_time"]), -1
            if stamp > now - 60:
                return Reply({"error": "InvalidValue", "description": "Too recent start_time. Use a start_time older than 60 seconds"}, 422)
        size = min(1000, int(request.query.get("per_page", 1000)))
        after = sorted(
            (row["generated_timestamp"], key)
            for key, row in self.tickets.items()
            if (row["generated_timestamp"], key) > (stamp, ticket) and row["generated_timestamp"] <= now - 60
        )
        page = after[:size]
        last = page[-1] if page else (stamp, ticket)
        cursor = base64.b64encode(f"{last[0]}|{last[1]}".encode()).decode()
        asked = request.query.get("include", "")
        rows = [{**self.tickets[key], **({"comment_count": len(self.comments[key])} if "comment_count" in asked else {})} for _, key in page]
        link = f"{self.base_url}/api/v2/incremental/tickets/cursor.json?cursor={cursor}"
        return Reply(
            {"tickets": rows, "after_url": link, "after_cursor": cursor, "before_url": None, "before_cursor": None, "end_of_stream": len(after) <= size}
        )

    def _comments(self, ticket: int, request: Request) -> Reply:
        if ticket not in self.tickets or self.tickets[ticket]["status"] == "deleted":
            return Reply({"error": "RecordNotFound", "description": "Not found"}, 404)
        size, start = int(request.query.get("page[size]", 100)), int(request.query.get("page[after]", 0))
        listed = self.comments[ticket]
        page = listed[start : start + size]
        users = {comment["author_id"] for comment in page}
        has_more = start + size < len(listed)
        link = f"{self.base_url}/api/v2/tickets/{ticket}/comments.json?page[size]={size}&page[after]={start + size}&include=users"
        return Reply(
            {
                "comments": page,
                "users": [{"id": user, "role": "agent" if user in (AGENT, BOT) else "end-user"} for user in sorted(users)],
                "meta": {"has_more": has_more},
                "links": {"next": link if has_more else None},
            }
        )

    def _events(self, request: Request) -> Reply:
        """By time, from a moment that is itself in it, so that pages repeat what stands where they meet."""
        since = int(request.query["start_time"])
        listed = sorted(
            ((int(_seconds(comment["created_at"])), ticket, comment) for ticket, some in self.comments.items() for comment in some), key=lambda each: each[:2]
        )
        after = [each for each in listed if since <= each[0] <= self.clock.now - 60]
        page = [each for each in after if each[0] <= after[min(EVENTS_A_PAGE, len(after)) - 1][0]]
        end = page[-1][0] if page else since
        return Reply(
            {
                "ticket_events": [
                    {
                        "id": f"{ticket}-{comment['id']}", "ticket_id": ticket, "timestamp": stamp, "created_at": _iso(stamp),
                        "updater_id": comment["author_id"], "event_type": "Audit",
                        "child_events": [
                            {"id": 0, "event_type": "Change", "field_name": "status"},
                            *([{**_without(comment, "created_at"), "event_type": "Comment"}] if "comment_events" in request.query["include"] else []),
                        ],
                    }
                    for stamp, ticket, comment in page
                ],
                "next_page": f"{self.base_url}/api/v2/incremental/ticket_events.json?start_time={end}&include=comment_events",
                "count": len(page),
                "end_time": end,
                "end_of_stream": len(page) == len(after),
            }
        )  # fmt: skip

    def _ratings(self, request: Request) -> Reply:
        size, start = int(request.query.get("page[size]", 100)), int(request.query.get("page[after]", 0))
        since = int(request.query.get("start_time", 0))
        listed = [rating for _, rating in sorted(self.ratings.items()) if _seconds(rating["created_at"]) >= since]
        has_more = start + size < len(listed)
        link = f"{self.base_url}/api/v2/satisfaction_ratings.json?start_time={since}&page[size]={size}&page[after]={start + size}"
        return Reply({"satisfaction_ratings": listed[start : start + size], "meta": {"has_more": has_more}, "links": {"next": link if has_more else None}})


def _without(row: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: cell for key, cell in row.items() if key != name}


def _iso(at: float) -> str:
    return dt.datetime.fromtimestamp(at, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _seconds(moment: str) -> float:
    return dt.datetime.fromisoformat(moment).timestamp()
