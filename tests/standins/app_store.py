"""A stand-in for App Store Connect: reviews that come, change and go without a date of it, behind short-lived signed tokens.

Its traps: dates with a local offset; pages that shift when something comes or goes in the middle of a walk; developers'
answers among what is included; an hour's requests, told in one header of Apple's own, and refusals without a Retry-After.
"""

from __future__ import annotations

import base64
import datetime as dt
import functools
from pathlib import Path
from typing import Any, NamedTuple

from tests.standins import signed
from tests.standins.server import Clock, Reply, Request, Standin

APP_ID, KEY_ID, ISSUER_ID = "123456789", "2X9R4HXF34", "57246542-96fe-1a63-e053-0824d011072a"
DAY = 86_400
HOUR_LIMIT = 3500
MOST_LIFE = 20 * 60
SKEW = 60  # seconds that a token may be ahead
_WHAT = ("The app", "The basket", "This update", "Your delivery", "The login", "The search", "The map")
_DID = ("crashes when I pay", "works much better now", "loses my address", "was a pleasure to use", "asks for my password again", "is far too slow")
_TITLES = ("Five minutes wasted", "Good work", "Never again", "Could be nicer", "Love it so much")
_PLACES = (("USA", -8), ("DEU", 1), ("JPN", 9), ("IND", 5.5), ("GBR", 0))


class Event(NamedTuple):
    """One thing that happens to one review."""

    at: float
    what: str  # create, edit, rewrite (an edit that dates it anew), respond, delete
    review: int
    text: str


class AppStore(Standin):
    """An app about which so many reviews are written a day."""

    name = "app_store"

    def __init__(self, seed: int = 0, clock: Clock | None = None, days: int = 60, reviews_a_day: int = 9) -> None:
        super().__init__(seed, clock)
        self.start = self.clock.now
        self.log = sorted(self._happen(days, reviews_a_day))
        self.passed = 0
        self.reviews: dict[str, dict[str, Any]] = {}
        self.responses: dict[str, dict[str, Any]] = {}
        self.asked: list[float] = []

    @functools.cached_property
    def key_file(self) -> Path:
        """The private key, as Apple lets one download it."""
        return signed.private_file(f"AuthKey_{KEY_ID}.p8", signed.pem(signed.curve_key()))

    # what happens

    def _happen(self, days: int, reviews_a_day: int) -> list[Event]:
        chance = self.random
        events: list[Event] = []
        for place in range(days * reviews_a_day):
            at = float(int(self.start - DAY + chance.random() * days * DAY))
            if place % 6 < 2:  # several at one moment
                at = self.start - DAY + place // 6 * 6 / reviews_a_day * DAY
            events.append(Event(at, "create", place, self._words(place)))
            for what, share in (("edit", 0.15), ("rewrite", 0.1), ("respond", 0.2), ("delete", 0.12)):
                if chance.random() < share:
                    at += chance.choice((600, 7200, 3 * DAY, 20 * DAY, 45 * DAY))
                    events.append(Event(at, what, place, self._words(place)))
        return events

    def _words(self, number: int) -> str:
        return f"{self.random.choice(_WHAT)} {self.random.choice(_DID)}, and that was time number {self.random.randrange(2, 99)} in week {number % 53}."

    def be_quiet(self) -> None:
        """Wait for a moment with nothing new in the minutes after, in which a night may still be asking."""
        moments = [event.at for event in self.log]
        while any(-2 < at - self.clock.now < 300 for at in moments):
            self.clock.wait(60)

    def catch_up(self) -> None:
        """Let everything happen that happens up to now."""
        while self.passed < len(self.log) and self.log[self.passed].at <= self.clock.now:
            self._apply(self.log[self.passed])
            self.passed += 1

    def _apply(self, event: Event) -> None:
        key = review_id(event.review)
        territory, offset = _PLACES[event.review % len(_PLACES)]
        zone = dt.timezone(dt.timedelta(hours=offset))
        moment = dt.datetime.fromtimestamp(event.at, zone).isoformat()
        if event.what == "create":
            attributes = {
                "rating": 1 + event.review % 5, "title": _TITLES[event.review % len(_TITLES)], "body": event.text,
                "reviewerNickname": f"Nick{event.review}", "createdDate": moment, "territory": territory,
            }  # fmt: skip
            self.reviews[key] = {"type": "customerReviews", "id": key, "attributes": attributes}
        elif key not in self.reviews:
            return
        elif event.what in ("edit", "rewrite"):
            attributes = {**self.reviews[key]["attributes"], "body": event.text, "rating": 1 + (event.review + 2) % 5}
            self.reviews[key] = {**self.reviews[key], "attributes": {**attributes, **({"createdDate": moment} if event.what == "rewrite" else {})}}
        elif event.what == "respond":
            answer = {"responseBody": f"Thank you, we answer: {event.text}", "lastModifiedDate": moment, "state": "PUBLISHED"}
            self.responses[key] = {"type": "customerReviewResponses", "id": f"response-{key}", "attributes": answer}
        else:
            del self.reviews[key]

    def told(self) -> dict[str, str]:
        """What stands now, by the id of its record: what every record is to equal."""
        self.catch_up()
        return {key: f"{review['attributes']['title']}\n{review['attributes']['body']}" for key, review in self.reviews.items()}

    # what is answered

    def answer(self, request: Request) -> Reply:
        """The API, from what has happened up to now."""
        self.catch_up()
        if not self._is_allowed(request.headers.get("authorization", "")):
            return _error(401, "NOT_AUTHORIZED", "Provide a properly configured and signed bearer token, and make sure that it has not expired.")
        self.asked = [at for at in self.asked if self.clock.now - at < 3600]
        remaining = HOUR_LIMIT - len(self.asked) - 1
        told = {"X-Rate-Limit": f"user-hour-lim:{HOUR_LIMIT};user-hour-rem:{max(0, remaining)};"}
        if remaining < 0:
            return _error(429, "RATE_LIMIT_EXCEEDED", "The request rate limit has been reached.", told)
        self.asked.append(self.clock.now)
        match request.path.strip("/").split("/"):
            case ["v1", "apps", app, "customerReviews"] if app == APP_ID:
                return Reply(self._page(request), headers=told)
            case ["v1", "customerReviews", key] if key in self.reviews:
                return Reply({"data": self.reviews[key], "links": {"self": f"{self.base_url}{request.path}"}}, headers=told)
        return _error(404, "NOT_FOUND", "The specified resource does not exist", told)

    def _is_allowed(self, header: str) -> bool:
        found = signed.claims(header.removeprefix("Bearer "), signed.curve_key())
        if not found:
            return False
        head, claims = found
        now = self.clock.now
        is_ours = head == {"alg": "ES256", "typ": "JWT", "kid": KEY_ID} and claims.get("iss") == ISSUER_ID and claims.get("aud") == "appstoreconnect-v1"
        return bool(is_ours and claims["iat"] <= now + SKEW and now < claims["exp"] <= now + MOST_LIFE)

    def _page(self, request: Request) -> dict[str, Any]:
        """Pages by a place in the list, which shifts when something comes or goes."""
        size = min(200, int(request.query.get("limit", 50)))
        start = int(base64.b64decode(request.query["cursor"])) if "cursor" in request.query else 0
        listed = list(self.reviews.values())
        if request.query.get("sort") == "-createdDate":
            listed.sort(key=lambda review: (-dt.datetime.fromisoformat(review["attributes"]["createdDate"]).timestamp(), review["id"]))
        page, following = listed[start : start + size], start + size
        link = f"{self.base_url}{request.path}"
        links = {"self": link}
        if following < len(listed):
            links["next"] = f"{link}?cursor={base64.b64encode(str(following).encode()).decode()}&limit={size}&sort={request.query.get('sort', '')}"
        included = [self.responses[review["id"]] for review in page if review["id"] in self.responses]
        return {"data": page, "included": included, "links": links, "meta": {"paging": {"total": len(listed), "limit": size}}}


def review_id(number: int) -> str:
    """An id as Apple's are."""
    return f"{number:08x}-b08c-0014-729e-fbd500000000"


def _error(status: int, code: str, detail: str, headers: dict[str, str] | None = None) -> Reply:
    return Reply({"errors": [{"status": str(status), "code": code, "title": code, "detail": detail}]}, status, headers or {})
