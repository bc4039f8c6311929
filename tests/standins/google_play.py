"""A stand-in for Google Play: the week's reviews by pages, monthly reports in a bucket, and tokens for a service account.

Its traps: only what was written or changed in the last seven days is listed, newest change first, and pages shift; without any
such review the answer is an empty object; seconds are text; title and body are joined by a TAB; reports are UTF-16, a day
late, name a review by a link alone, have each review once more in every month in which it was changed, and stars without words.
A review goes some nights after its last change but within a week of it, since nothing tells of those that go later.
"""

from __future__ import annotations

import csv
import datetime as dt
import functools
import hashlib
import io
import json
import secrets
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

from tests.standins import signed
from tests.standins.server import Clock, Reply, Request, Standin

PACKAGE, BUCKET = "com.acme.shop", "pubsite_prod_rev_01234567890987654321"
EMAIL, KEY_ID = "listening@acme.iam.gserviceaccount.com", "0a1b2c"
DAY = 86_400
WEEK = 7 * DAY
LIFE = 3599
AN_HOUR = 200
COLUMNS = [
    "Package Name",
    "App Version Code",
    "App Version Name",
    "Reviewer Language",
    "Device",
    "Review Submit Date and Time",
    "Review Submit Millis Since Epoch",
    "Review Last Update Date and Time",
    "Review Last Update Millis Since Epoch",
    "Star Rating",
    "Review Title",
    "Review Text",
    "Developer Reply Date and Time",
    "Developer Reply Millis Since Epoch",
    "Developer Reply Text",
    "Review Link",
]
_WHAT = ("The app", "The basket", "This update", "Your delivery", "The login", "The search", "The map")
_DID = ("crashes when I pay", "works much better now", "loses my address", "was a pleasure to use", 'asks "who are you"', "is slow,\nfar too slow")
_TITLES = ("", "Good work", "", "Could be nicer", "Love it so much")


class Event(NamedTuple):
    """One thing that happens to one review."""

    at: float
    what: str  # create, edit, reply, stars, delete
    review: int
    text: str


class GooglePlay(Standin):
    """An app about which so many reviews are written a day."""

    name = "google_play"

    def __init__(self, seed: int = 0, clock: Clock | None = None, days: int = 60, reviews_a_day: int = 9, has_deletions: bool = True) -> None:
        super().__init__(seed, clock)
        self.start = self.clock.now
        self.has_deletions = has_deletions
        self.log = sorted(self._happen(days, reviews_a_day))
        self.passed = 0
        self.reviews: dict[str, dict[str, Any]] = {}
        self.versions: dict[tuple[str, str], dict[str, Any]] = {}  # by month and review
        self.stars: list[tuple[float, int]] = []
        self.tokens: dict[str, float] = {}
        self.signed_in = 0
        self.asked: list[float] = []

    @functools.cached_property
    def key_file(self) -> Path:
        """The service account's key, as Google Cloud lets one download it."""
        return signed.private_file("service-account.json", self.key())

    def key(self) -> str:
        """The content of that file."""
        key = {"type": "service_account", "client_email": EMAIL, "private_key_id": KEY_ID, "private_key": signed.pem(signed.rsa_key())}
        return json.dumps({**key, "token_uri": f"{self.base_url}/token"})

    # what happens

    def _happen(self, days: int, reviews_a_day: int) -> list[Event]:
        chance = self.random
        events: list[Event] = []
        for place in range(days * reviews_a_day):
            at = float(int(self.start - DAY + chance.random() * days * DAY))
            if place % 6 < 2:  # several at one moment
                at = self.start - DAY + place // 6 * 6 / reviews_a_day * DAY
            if place % 11 == 0:
                events.append(Event(at, "stars", place, ""))
                continue
            events.append(Event(at, "create", place, self._words(place)))
            for what, share in (("edit", 0.25), ("reply", 0.2), ("delete", 0.12 * self.has_deletions)):
                if chance.random() < share:
                    at += chance.choice((2 * DAY, 3 * DAY) if what == "delete" else (600, 7200, 3 * DAY, 20 * DAY, 45 * DAY))
                    events.append(Event(at, what, place, self._words(place)))
                    if what == "reply":
                        break
        return events

    def _words(self, number: int) -> str:
        return f"{self.random.choice(_WHAT)} {self.random.choice(_DID)}, and that was time number {self.random.randrange(2, 99)} in week {number % 53} 😀"

    def be_quiet(self) -> None:
        """Wait for a moment with nothing new in the minutes after, in which a night may still be asking."""
        moments = [event.at for event in self.log]
        while any(-2 < at - self.clock.now < 300 for at in moments):
            self.clock.wait(60)

    def catch_up(self) -> None:
        """Let everything happen that happens up to now."""
        while self.passed < len(self.log) and self.log[self.passed].at <= self.clock.now - 1:  # what is told is milliseconds later
            self._apply(self.log[self.passed])
            self.passed += 1

    def _apply(self, event: Event) -> None:
        key = review_id(event.review)
        if event.what == "stars":
            self.stars.append((event.at, 1 + event.review % 5))
        elif event.what == "create":
            self.reviews[key] = {"submitted": event.at, "modified": event.at, "title": _TITLES[event.review % len(_TITLES)], "text": event.text}
            self.reviews[key] |= {"stars": 1 + event.review % 5, "reply": None}
        elif key not in self.reviews:
            return
        elif event.what == "edit":
            self.reviews[key] = {**self.reviews[key], "modified": event.at, "text": event.text, "stars": 1 + (event.review + 2) % 5}
        elif event.what == "reply":
            self.reviews[key] = {**self.reviews[key], "reply": (event.at, f"Thank you, we answer: {event.text}")}
        else:
            del self.reviews[key]
            for month, review in [place for place in self.versions if place[1] == key]:
                del self.versions[month, review]
            return
        if event.what in ("create", "edit"):
            self.versions[f"{dt.datetime.fromtimestamp(event.at, dt.UTC):%Y%m}", key] = self.reviews[key]

    def told(self) -> dict[str, str]:
        """What stands now, by the id of its record: what every record is to equal."""
        self.catch_up()
        return {key: "\n".join(part for part in (review["title"], review["text"]) if part) for key, review in self.reviews.items()}

    # what is answered

    def answer(self, request: Request) -> Reply:
        """The API, the bucket and the token endpoint, from what has happened up to now."""
        self.catch_up()
        if request.path == "/token":
            return self._token(request)
        if self.tokens.get(request.headers.get("authorization", "").removeprefix("Bearer "), 0.0) <= self.clock.now:
            return _error(401, "UNAUTHENTICATED")
        match request.path.strip("/").split("/"):
            case ["storage", "v1", "b", bucket, "o"] if bucket == BUCKET:
                return self._bucket(request)
            case ["storage", "v1", "b", bucket, "o", name] if bucket == BUCKET and request.query.get("alt") == "media":
                return Reply(self._report(unquote(name)[-10:-4]), headers={"Content-Type": "text/csv"})
            case ["androidpublisher", "v3", "applications", package, "reviews", *key] if package == PACKAGE:
                return self._play(request, unquote(key[0]) if key else None)
        return _error(404, "NOT_FOUND")

    def _token(self, request: Request) -> Reply:
        asked = request.content if "urlencoded" in request.headers.get("content-type", "") else {}
        found = signed.claims(str(asked.get("assertion")), signed.rsa_key())
        now = self.clock.now
        if asked.get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" or not found:
            return Reply({"error": "invalid_grant", "error_description": "Invalid JWT Signature."}, 400)
        head, claims = found
        is_timely = claims["iat"] <= now + 60 and now < claims["exp"] <= claims["iat"] + 3600
        if head["alg"] != "RS256" or claims["iss"] != EMAIL or claims["aud"] != f"{self.base_url}/token" or not is_timely:
            return Reply({"error": "invalid_grant", "error_description": "Invalid JWT: Token must be a short-lived token and in a reasonable timeframe."}, 400)
        self.signed_in += 1
        token = secrets.token_hex(8)
        self.tokens[token] = now + LIFE
        return Reply({"access_token": token, "expires_in": LIFE, "token_type": "Bearer"})

    def _play(self, request: Request, key: str | None) -> Reply:
        self.asked = [at for at in self.asked if self.clock.now - at < 3600]
        if len(self.asked) >= AN_HOUR:
            return _error(429, "RESOURCE_EXHAUSTED")
        self.asked.append(self.clock.now)
        listed = [each for each, review in self.reviews.items() if review["modified"] >= self.clock.now - WEEK]
        if key is not None:
            return Reply(self._told_by_api(key)) if key in listed else _error(404, "NOT_FOUND")
        listed.sort(key=lambda each: (-self.reviews[each]["modified"], each))
        size, start = min(100, int(request.query.get("maxResults", 10))), int(request.query.get("token", "0"))
        page = [self._told_by_api(each) for each in listed[start : start + size]]
        paging = {"tokenPagination": {"nextPageToken": str(start + size)}} if start + size < len(listed) else {}
        return Reply({"reviews": page, **paging} if page else {})

    def _told_by_api(self, key: str) -> dict[str, Any]:
        review = self.reviews[key]
        title = f"{review['title']}\t" if review["title"] or len(review["text"]) % 2 else ""
        said = {
            "text": f"{title}{review['text']}", "lastModified": {"seconds": str(int(review["modified"])), "nanos": 7_000_000},
            "starRating": review["stars"], "reviewerLanguage": "sv_SE", "device": "klte", "appVersionCode": 42, "appVersionName": "1.2.0",
            "thumbsUpCount": int(self.clock.now) % 5,
        }  # fmt: skip
        comments: list[dict[str, Any]] = [{"userComment": said}]
        if review["reply"]:
            at, text = review["reply"]
            comments.append({"developerComment": {"text": text, "lastModified": {"seconds": str(int(at)), "nanos": 0}}})
        return {"reviewId": key, "authorName": "Somebody", "comments": comments}

    def _bucket(self, request: Request) -> Reply:
        """The reports' names, two at a time; another app's are among them."""
        months = sorted({month for month, _ in self.versions})
        names = [f"reviews/reviews_{app}_{month}.csv" for app in (PACKAGE, f"{PACKAGE}_pro") for month in months]
        names = [name for name in names if name.startswith(request.query.get("prefix", ""))]
        start = int(request.query.get("pageToken", "0"))
        items = [{"name": name, "generation": "1", "md5Hash": hashlib.md5(self._report(name[-10:-4])).hexdigest()} for name in names[start : start + 2]]
        more = {"nextPageToken": str(start + 2)} if start + 2 < len(names) else {}
        return Reply({"kind": "storage#objects", **({"items": items} if items else {}), **more})

    def _report(self, month: str) -> bytes:
        """A month's report as of last midnight."""
        text = io.StringIO()
        report = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\n")
        report.writeheader()
        midnight = self.clock.now // DAY * DAY
        for (of, key), review in self.versions.items():
            if of == month and review["modified"] < midnight:
                link = f"https://play.google.com/console/developers/1/app/2/user-feedback/review-details?reviewId={quote(key, safe='')}&corpus=PUBLIC_REVIEWS"
                said = {"Review Title": review["title"], "Review Text": review["text"], "Review Link": link}
                report.writerow({**_dated(review["submitted"], review["modified"]), "Star Rating": review["stars"], **said})
        for at, stars in self.stars:
            if at < midnight and f"{dt.datetime.fromtimestamp(at, dt.UTC):%Y%m}" == month:
                report.writerow({**_dated(at, at), "Star Rating": stars})
        return text.getvalue().encode("utf-16")


def review_id(number: int) -> str:
    """An id as Google's are, with a sign that links write otherwise."""
    return f"gp:AOqpTO{number:06d}_x"


def _dated(submitted: float, modified: float) -> dict[str, Any]:
    iso, millis = "%Y-%m-%dT%H:%M:%SZ", [int(at) * 1000 + 7 for at in (submitted, modified)]
    days = [dt.datetime.fromtimestamp(at, dt.UTC).strftime(iso) for at in (submitted, modified)]
    return {
        "Package Name": PACKAGE, "App Version Code": "42", "App Version Name": "1.2.0", "Reviewer Language": "sv", "Device": "klte",
        "Review Submit Date and Time": days[0], "Review Submit Millis Since Epoch": millis[0],
        "Review Last Update Date and Time": days[1], "Review Last Update Millis Since Epoch": millis[1],
    }  # fmt: skip


def _error(status: int, name: str) -> Reply:
    return Reply({"error": {"code": status, "message": name.lower(), "status": name}}, status)
