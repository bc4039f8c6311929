"""A stand-in for Intercom: conversations with parts, notes, bots, ratings, redactions and deletions, as its API gives them.

Its traps: the search knows whole seconds only and leaves out both ends, gives no parts, and pages by places that shift while
conversations change; parts come only with one conversation, the newest 500 of them; 429 says when in X-RateLimit-Reset alone;
what was deleted is just not there any more; a redacted part keeps its place, and has a placeholder or nothing for its words.
"""

from __future__ import annotations

import base64
import json
from typing import Any, NamedTuple

from tests.standins.server import Clock, Reply, Request, Standin

TOKEN = "standin-intercom-token"
DAY = 86_400
WINDOW = 10  # seconds of the rate limit
MOST_PARTS = 500
ADMIN, BOT = {"type": "admin", "id": "814860", "name": "Ada", "email": "ada@acme.example"}, {"type": "bot", "id": "815309", "name": "Fin", "email": ""}
_WHAT = ("The parcel", "My invoice", "The new app", "Your driver", "The refund", "Our contract", "The heater", "My password")
_DID = ("came three days late", "was wrong again", "stopped working on Sunday", "made us very happy", "has not arrived yet", "needs to be changed")
_THEN = ("and nobody called me back.", "so please have a look.", "which surprised all of us.", "and I would like an answer.", "thanks to your colleague.")
_OPERATORS = {"=": int.__eq__, "!=": int.__ne__, ">": int.__gt__, "<": int.__lt__}


class Event(NamedTuple):
    """One thing that happens to one conversation. `number` names the part, or the event."""

    at: float
    what: str  # create, reply, admin, note, bot, close, file, rate, redact, redact source, delete
    conversation: int
    number: int
    text: str


class Intercom(Standin):
    """A workspace in which so many conversations begin a day."""

    name = "intercom"

    def __init__(self, seed: int = 0, clock: Clock | None = None, days: int = 60, conversations_a_day: int = 8, most_requests: int = 1667) -> None:
        super().__init__(seed, clock)
        self.start = self.clock.now
        self.most_requests = most_requests  # in ten seconds
        self.log = sorted(self._happen(days, conversations_a_day))
        self.passed = 0
        self.conversations: dict[int, dict[str, Any]] = {}
        self.parts: dict[int, list[dict[str, Any]]] = {}
        self.hidden: dict[int, float] = {}  # conversations that the search does not know before some moment
        self.window, self.asked = 0, 0
        self.limited = 0

    # what happens

    def _words(self, number: int) -> str:
        return f"{self.random.choice(_WHAT)} {self.random.choice(_DID)} {self.random.choice(_THEN)} Case {number % 997} of mine."

    def _happen(self, days: int, conversations_a_day: int) -> list[Event]:
        chance = self.random
        events: list[Event] = []
        number = 500
        for place in range(days * conversations_a_day):
            key = 100_000 + place
            at = self.start - DAY + chance.random() * days * DAY
            if place % 7 < 3:  # many in one second, as an import or a mass update makes them
                at = self.start - DAY + (place // 7 * 7 / conversations_a_day) * DAY
            at = float(int(at))
            events.append(Event(at, "create", key, key, self._words(key)))
            said: list[int] = []
            for _ in range(chance.choice((0, 1, 1, 2, 4))):
                number += 1
                at += chance.choice((30, 600, 7200, DAY, 4 * DAY))
                what = chance.choice(("reply", "reply", "admin", "note", "bot", "close", "file"))
                events.append(Event(at, what, key, number, self._words(number)))
                said += [number] if what == "reply" else []
            for what, share in (("rate", 0.3), ("redact", 0.15), ("redact source", 0.05), ("delete", 0.1)):
                if chance.random() < share and (said or what != "redact"):
                    number += 1
                    at += chance.choice((60, 3600, 2 * DAY))
                    events.append(Event(at, what, key, said[-1] if what == "redact" else number, self._words(number)))
        return events

    def be_quiet(self) -> None:
        """Wait for a moment with nothing new in that second, which a search leaves out, nor in the minutes after."""
        moments = [event.at for event in self.log]
        while any(-1 <= at - self.clock.now < 300 for at in moments):
            self.clock.wait(60)

    def catch_up(self) -> None:
        """Let everything happen that happens up to now."""
        while self.passed < len(self.log) and self.log[self.passed].at <= self.clock.now:
            self._apply(self.log[self.passed])
            self.passed += 1

    def _apply(self, event: Event) -> None:
        if event.what == "create":
            self._begin(event)
        elif event.what == "delete":
            del self.conversations[event.conversation], self.parts[event.conversation]
            return
        conversation = self.conversations[event.conversation]
        if event.what in ("reply", "admin", "note", "bot", "close", "file"):
            self._say(event, conversation)
        elif event.what == "redact":
            _redact(next(part for part in self.parts[event.conversation] if part["id"] == str(event.number)), event.number)
        elif event.what == "redact source":
            _redact(conversation["source"], event.number)
        elif event.what == "rate":
            conversation["conversation_rating"] = {
                "rating": 1 + event.number % 5, "remark": event.text if event.number % 3 else None, "created_at": int(event.at),
                "contact": {"type": "contact", "id": conversation["source"]["author"]["id"]}, "teammate": {"type": "admin", "id": ADMIN["id"]},
            }  # fmt: skip
        conversation["updated_at"] = int(event.at)

    def _begin(self, event: Event) -> None:
        contact = {"type": "user" if event.conversation % 3 else "lead", "id": f"5bc8f7{event.conversation % 50:06x}", "name": "Jo", "email": "jo@mail.example"}
        is_ours = event.conversation % 11 == 0  # an outbound message that the contact may answer
        self.conversations[event.conversation] = {
            "type": "conversation", "id": str(event.conversation), "title": None, "created_at": int(event.at), "updated_at": int(event.at),
            "waiting_since": None, "snoozed_until": None, "open": True, "state": "open", "read": False, "priority": "not_priority",
            "source": {
                "type": "conversation" if event.conversation % 2 else "email", "id": str(event.number), "delivered_as": "customer_initiated", "subject": "",
                "body": _html(event.text), "author": ADMIN if is_ours else contact, "attachments": [], "url": None, "redacted": False,
            },
            "contacts": {"type": "contact.list", "contacts": [{"type": "contact", "id": contact["id"], "external_id": None}]},
            "teammates": {"type": "admin.list", "admins": []}, "tags": {"type": "tag.list", "tags": []}, "custom_attributes": {"plan": "pro"},
            "conversation_rating": None, "first_contact_reply": None, "ai_agent_participated": False, "admin_assignee_id": None,
        }  # fmt: skip
        self.parts[event.conversation] = []

    def _say(self, event: Event, conversation: dict[str, Any]) -> None:
        first = conversation["contacts"]["contacts"][0]["id"]
        author = {"reply": {"type": "user", "id": first}, "file": {"type": "user", "id": first}, "bot": BOT}.get(event.what, ADMIN)
        picture = {"type": "upload", "name": "photo.png", "url": "https://downloads.example/photo.png", "content_type": "image/png", "filesize": 100}
        self.parts[event.conversation].append(
            {
                "type": "conversation_part", "id": str(event.number), "part_type": event.what if event.what in ("note", "close") else "comment",
                "body": None if event.what in ("close", "file") else _html(event.text), "created_at": int(event.at), "updated_at": int(event.at),
                "notified_at": int(event.at), "assigned_to": None, "author": author, "attachments": [picture] if event.what == "file" else [],
                "external_id": None, "redacted": False,
            }
        )  # fmt: skip

    def told(self) -> dict[str, str | None]:
        """What customers have said and still stands, by the id of its record: what every record is to equal."""
        self.catch_up()
        words: dict[str, str | None] = {}
        for key, conversation in self.conversations.items():
            source = conversation["source"]
            if source["author"] != ADMIN and not source["redacted"]:
                words[str(key)] = _plain(source["body"])
            for part in self.parts[key]:
                if part["author"]["type"] == "user" and part["body"] and not part["redacted"]:
                    words[f"{key}/{part['id']}"] = _plain(part["body"])
            if conversation["conversation_rating"]:
                words[f"{key}/rating"] = conversation["conversation_rating"]["remark"]
        return words

    # what is answered

    def answer(self, request: Request) -> Reply:
        """The API, from what has happened up to now."""
        self.catch_up()
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return _error(401, "unauthorized", "Access Token Invalid")
        limits = self._limits()
        if self.asked > self.most_requests:
            self.limited += 1
            message = f"Exceeded rate limit of {self.most_requests} in 10_seconds"
            return Reply(_error(429, "rate_limit_exceeded", message).content, 429, limits)
        reply = self._answer(request)
        return Reply(reply.content, reply.status, limits)

    def _limits(self) -> dict[str, str]:
        window = int(self.clock.now) // WINDOW
        self.window, self.asked = window, self.asked + 1 if window == self.window else 1
        remaining = max(0, self.most_requests - self.asked)
        return {"X-RateLimit-Limit": str(self.most_requests), "X-RateLimit-Remaining": str(remaining), "X-RateLimit-Reset": str((window + 1) * WINDOW)}

    def _answer(self, request: Request) -> Reply:
        if not request.headers.get("intercom-version", "").startswith("2."):
            return _error(400, "intercom_version_invalid", "The requested version could not be found")
        match request.method, request.path.strip("/").split("/"):
            case "POST", ["conversations", "search"]:
                return self._search(request.content)
            case "GET", ["conversations", key] if key.isdigit() and int(key) in self.conversations:
                return Reply(self._whole(int(key)))
        return _error(404, "not_found", "Resource Not Found")

    def _whole(self, key: int) -> dict[str, Any]:
        parts = self.parts[key]
        listed = {"type": "conversation_part.list", "conversation_parts": parts[-MOST_PARTS:], "total_count": len(parts)}
        return {**self._listed(key), "conversation_parts": listed}

    def _listed(self, key: int) -> dict[str, Any]:
        statistics = {"type": "conversation_statistics", "count_reopens": 0, "count_conversation_parts": len(self.parts[key])}
        return {**self.conversations[key], "statistics": statistics}

    def _search(self, asked: dict[str, Any]) -> Reply:
        query, pagination, sort = asked.get("query") or {}, asked.get("pagination") or {}, asked.get("sort") or {}
        size = pagination.get("per_page", 20)
        conditions = query["value"] if query.get("operator") == "AND" else [query]
        if not 1 <= size <= 150 or any(each.get("operator") not in _OPERATORS or not isinstance(each.get("value"), int) for each in conditions):
            return _error(400, "parameter_invalid", "The search cannot be understood")
        known = [row for key, row in self.conversations.items() if self.hidden.get(key, 0) <= self.clock.now]
        found = [row for row in known if all(_OPERATORS[each["operator"]](row[each["field"]], each["value"]) for each in conditions)]
        found.sort(key=lambda row: (row[sort.get("field", "updated_at")], int(row["id"])), reverse=sort.get("order") != "ascending")
        start = json.loads(base64.b64decode(pagination["starting_after"]))[0] if pagination.get("starting_after") else 0
        pages: dict[str, Any] = {"type": "pages", "page": start // size + 1, "per_page": size, "total_pages": -(-len(found) // size)}
        if start + size < len(found):
            pages["next"] = {"page": pages["page"] + 1, "starting_after": base64.b64encode(json.dumps([start + size]).encode()).decode()}
        rows = [self._listed(int(row["id"])) for row in found[start : start + size]]
        return Reply({"type": "conversation.list", "pages": pages, "total_count": len(found), "conversations": rows})


def _redact(message: dict[str, Any], number: int) -> None:
    message |= {"redacted": True, "body": "<p><i>This message was deleted</i></p>" if number % 2 else None}


def _html(text: str) -> str:
    return f'<p class="no-margin">{text}</p>'


def _plain(body: str) -> str:
    return body.removeprefix('<p class="no-margin">').removesuffix("</p>")


def _error(status: int, code: str, message: str) -> Reply:
    return Reply({"type": "error.list", "request_id": "b68959ea-6328-4f70-83cb-e7913dba1542", "errors": [{"code": code, "message": message}]}, status)
