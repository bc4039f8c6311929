"""A stand-in for Typeform: one form whose responses come, are left unfinished, and are deleted, as its API gives them.

Its traps: a response shows up to half an hour after it was submitted (some much later), the newest come first, `since` and
`until` are inclusive, tokens are exclusive and go with neither `sort` nor a window, a token whose response was deleted is
refused, `answers` may be null, and more than two requests a second are refused without a word about when to come back.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Any, NamedTuple

from tests.standins.server import Clock, Reply, Request, Standin

FORM, TOKEN = "u6nXL7", "standin-token"
DAY = 86_400
_WHAT = ("The parcel", "My invoice", "The new app", "Your driver", "The refund", "Our contract", "The heater", "My password")
_DID = ("came three days late", "was wrong again", "stopped working on Sunday", "made us very happy", "has not arrived yet", "needs to be changed")
FIELDS = [
    {"id": "f-nps", "ref": "recommend", "type": "nps", "title": "Would you recommend us?", "properties": {"steps": 11}},
    {
        "id": "f-group", "ref": "more", "type": "group", "title": "More", "properties": {"fields": [
            {"id": "f-why", "ref": "why", "type": "long_text", "title": "Why?", "properties": {}},
            {"id": "f-ease", "ref": "ease", "type": "opinion_scale", "title": "How easy was it?", "properties": {"steps": 7, "start_at_one": True}},
        ]},
    },
    {"id": "f-name", "ref": "your_name", "type": "short_text", "title": "Your name", "properties": {}},
]  # fmt: skip


class Event(NamedTuple):
    """One thing that happens to one response. A response is seen `late` seconds after it was submitted."""

    at: float
    what: str  # land, submit, delete
    number: int
    late: float = 0.0


class Typeform(Standin):
    """An account with one form that so many people answer a day."""

    name = "typeform"

    def __init__(self, seed: int = 0, clock: Clock | None = None, days: int = 60, responses_a_day: int = 10) -> None:
        super().__init__(seed, clock)
        self.start = self.clock.now
        self.log = sorted(self._happen(days, responses_a_day))
        self.passed = 0
        self.responses: dict[str, dict[str, Any]] = {}
        self.seen_from: dict[str, float] = {}
        self.asked: list[float] = []
        self.may_read_forms = True
        self.refused = 0

    def _happen(self, days: int, responses_a_day: int) -> list[Event]:
        chance = self.random
        events: list[Event] = []
        for number in range(days * responses_a_day):
            at = float(int(self.start - DAY + chance.random() * days * DAY))
            if number % 11 < 4:  # many at one moment
                at = float(int(self.start - DAY + (number // 11 * 11 / responses_a_day) * DAY))
            events.append(Event(at, "land", number))
            if chance.random() < 0.85:
                at += chance.choice((20, 90, 600, 2 * DAY))
                late = chance.choice((0.0, 60.0, 900.0, 1800.0)) if chance.random() < 0.97 else 3.0 * DAY
                events.append(Event(at, "submit", number, late))
                if chance.random() < 0.1:
                    events.append(Event(at + late + chance.choice((60.0, float(DAY), 9.0 * DAY)), "delete", number))
        return events

    def catch_up(self) -> None:
        """Let everything happen that happens up to now."""
        while self.passed < len(self.log) and self.log[self.passed].at <= self.clock.now:
            self._apply(self.log[self.passed])
            self.passed += 1

    def _apply(self, event: Event) -> None:
        token = hashlib.md5(f"{self.seed}-{event.number}".encode()).hexdigest()
        if event.what == "land":
            self.responses[token] = self._response(event, token)
            self.seen_from[token] = event.at
        elif event.what == "submit":
            self.responses[token] |= {"submitted_at": _iso(event.at), "response_type": "completed"}
            self.seen_from[token] = event.at + event.late
        else:
            self.responses.pop(token, None)

    def _response(self, event: Event, token: str) -> dict[str, Any]:
        number = event.number
        score = number % 11
        asked = {described["id"]: described for described in (*FIELDS, *FIELDS[1]["properties"]["fields"])}  # type: ignore[misc, index]
        answers: list[dict[str, Any]] = [_answer(asked["f-nps"], "number", score)]
        if number % 3:
            words = f"{_WHAT[number % 8]} {_DID[number % 6]} and it was case {number} of mine."
            answers.append(_answer(asked["f-why"], "text", words))
        if number % 2:
            answers.append(_answer(asked["f-ease"], "number", 1 + number % 7))
        if number % 5 == 0:
            answers.append(_answer(asked["f-name"], "text", "Ada Example"))
        response: dict[str, Any] = {
            "landing_id": token, "token": token, "response_id": token, "response_type": "started", "landed_at": _iso(event.at),
            "metadata": {"user_agent": "Mozilla", "platform": "other", "referer": "https://acme.typeform.com/", "network_id": "ab12", "browser": "default"},
            "calculated": {"score": 0}, "answers": None if number % 37 == 0 else answers,
        }  # fmt: skip
        return response | ({"hidden": {"customer_id": f"C{number % 40}", "region": "North"}} if number % 4 else {})

    # what is true

    def told(self) -> dict[str, str]:
        """The words that stand now, by response and question."""
        self.catch_up()
        words = {}
        for token, response in self.responses.items():
            for answer in response["answers"] or ():
                if answer["field"]["ref"] == "why" and self._is_seen(token):
                    words[f"{token}#why"] = answer["text"]
        return words

    def be_quiet(self) -> None:
        """Wait for a moment with nothing in the minutes after it."""
        moments = [event.at + event.late for event in self.log] + [event.at for event in self.log]
        while any(-1 < at - self.clock.now < 300 for at in moments):
            self.clock.wait(60)

    def _is_seen(self, token: str) -> bool:
        return self.responses[token]["response_type"] == "completed" and self.seen_from[token] <= self.clock.now

    # what is answered

    def answer(self, request: Request) -> Reply:
        """What Typeform answers."""
        self.catch_up()
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return Reply({"code": "AUTHENTICATION_FAILED", "description": "Authentication credentials not found"}, 401)
        self.asked = [at for at in self.asked if self.clock.now - at < 0.999]
        if len(self.asked) >= 2:
            self.refused += 1
            return Reply({"code": "TOO_MANY_REQUESTS", "description": "Too many requests"}, 429)
        self.asked.append(self.clock.now)
        if request.path == f"/forms/{FORM}":
            form = {"id": FORM, "title": "How was it?", "fields": FIELDS}
            return Reply(form) if self.may_read_forms else Reply({"code": "FORBIDDEN"}, 403)
        if request.path == f"/forms/{FORM}/responses":
            return self._responses(request.query)
        return Reply({"code": "FORM_NOT_FOUND", "description": "Form not found"}, 404)

    def _responses(self, query: dict[str, str]) -> Reply:
        kinds = set(query.get("response_type", "completed").split(","))
        if {"before", "after"} & query.keys() and {"sort", "since", "until"} & query.keys():
            return Reply({"code": "VALIDATION_ERROR", "description": "before and after go with neither sort nor a window"}, 400)
        listed = [response for token, response in self.responses.items() if response["response_type"] in kinds and self.seen_from[token] <= self.clock.now]
        if "partial" in kinds:
            listed += [response for response in self.responses.values() if response["response_type"] == "started"]
        listed.sort(key=_place, reverse=True)
        listed = [{**response, "response_type": "partial"} if response["response_type"] == "started" else response for response in listed]
        if "since" in query:
            listed = [response for response in listed if _place(response)[0] >= _iso(float(query["since"]))]
        total = len(listed)
        for name in ("before", "after"):
            if name in query:
                places = [place for place, response in enumerate(listed) if response["token"] == query[name]]
                if not places:
                    return Reply({"code": "INVALID_TOKEN", "description": "Unknown token"}, 400)
                listed = listed[places[0] + 1 :] if name == "before" else listed[: places[0]]
        size = min(1000, int(query.get("page_size", 25)))
        return Reply({"total_items": total, "page_count": -(-total // size), "items": listed[:size]})


def _place(response: dict[str, Any]) -> tuple[str, str]:
    return response.get("submitted_at") or response["landed_at"], response["token"]


def _answer(asked: dict[str, Any], kind: str, cell: Any) -> dict[str, Any]:
    return {"field": {"id": asked["id"], "ref": asked["ref"], "type": asked["type"]}, "type": kind, kind: cell}


def _iso(at: float) -> str:
    return dt.datetime.fromtimestamp(at, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
