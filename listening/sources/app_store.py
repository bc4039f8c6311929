"""App Store Connect: takes an app and a key, gives the customers' reviews of all countries, those that changed and those that are gone.

Apple tells neither when a review was edited nor that one was deleted. So the reviews are walked as a whole, newest first:
every night while they are few, every week once they are many, with the last month every night. The checkpoint knows each
review by its id and a mark of its content, so that only what is new or has changed is handed on. What a whole walk no longer
meets is asked for by itself, and is deleted only if Apple does not know it any more.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from listening.sources.connector import Cells, Connector, Page, Session, Setting, State, Stream
from listening.sources.http import Client, Refused, Stopped
from listening.sources.pull import Check
from listening.sources.signing import Signed, read_key
from listening.sources.walking import budget

PAGE_ROWS = 200
DAY = 86_400.0
FEW = 20_000  # reviews, a hundred requests, that are walked as a whole every night
WHOLE_EVERY = 7 * DAY
WINDOW = 30 * DAY  # walked every night in any case
STEP = 25  # pages after which a long walk can go on from there
LIFE = 15 * 60.0  # seconds of a token; Apple takes none that lives longer than twenty minutes
BELIEVED = 0.5  # the share of all reviews that may be gone at once; more is rather a fault
_ALWAYS_BELIEVED = 20


@contextmanager
def _open(session: Session, base_url: str) -> Iterator[Client]:
    key = read_key(session.secrets["private_key"], "private_key")
    claims = {"iss": session.option("issuer_id"), "aud": "appstoreconnect-v1"}
    with Client(base_url.rstrip("/").removesuffix("/v1"), budget=budget(session.source)) as client:
        client.auth = Signed(client, claims, key, session.option("key_id"), LIFE)
        yield client


def _reviews(session: Session, client: Client, state: State | None) -> Iterator[Page]:
    """What is new, changed or gone since the last walk."""
    walk = _Walk(session, client, state or {})
    for number, content in enumerate(walk.contents(), 1):
        rows = walk.take(content)
        yield Page(rows, walk.place() if walk.following and number % STEP == 0 else None)
        if walk.is_past_window(content):
            break
    rows = list(walk.gone()) if walk.is_whole else []
    yield Page(rows, walk.end())


class _Walk:
    """One walk through the reviews, newest first. `known` is the mark of each review's content by its id, `met` when it was written."""

    def __init__(self, session: Session, client: Client, state: State) -> None:
        self.session, self.client, self.app = session, client, str(session.option("app_id"))
        self.until = float(state.get("until", 0.0))
        self.whole = float(state.get("whole", 0.0))
        self.known = _unpacked(state.get("known", ""))
        self.met: dict[str, float] = {key: 0.0 for key in _unpacked(state.get("met", ""))}
        self.resumed: str | None = state.get("next")
        self.following: str | None = None
        self.is_whole = bool(self.resumed) or len(self.known) <= FEW or session.clock - self.whole >= WHOLE_EVERY
        self.since = session.since
        self.floor = max(self.since, 0.0 if self.is_whole else min(self.until, session.clock) - WINDOW)
        self.totals: list[int] = []
        self.passed: set[str] = set()
        self.is_from_top, self.may_begin_again = not self.resumed, True

    def contents(self) -> Iterator[Cells]:
        """The pages, by the links that Apple gives."""
        content = self._page(self.resumed)
        while True:
            self.following = _following(content)
            if self.following in self.passed:
                raise Stopped("gives the same page of reviews again and again")
            yield content
            if self.following is None:
                return
            self.passed.add(self.following)
            content = self._page(self.following)

    def _page(self, link: str | None) -> Cells:
        """The page at a link; the newest where there is none, and once where Apple does not know the place any more."""
        if link:
            try:
                return dict(self.client.get(link, needs=("data",)))
            except Refused as problem:
                if problem.status not in (400, 404, 409, 410) or not self.may_begin_again:
                    raise
                self.met.clear()
                self.passed.clear()
                self.totals.clear()
                self.is_from_top, self.may_begin_again = True, False
        return dict(self.client.get(f"v1/apps/{self.app}/customerReviews", {"limit": PAGE_ROWS, "sort": "-createdDate"}, needs=("data",)))

    def take(self, content: Cells) -> list[Cells]:
        """The reviews of a page that are new or have changed. One that comes twice counts as it was written last."""
        changed: list[Cells] = []
        self.totals.append(_total(content))
        for review in _objects(content["data"]):
            key, created = review.get("id"), _created(review)
            if not isinstance(key, str):
                changed.append(review)
                continue
            if created is not None and (created < self.since or created < self.met.get(key, created)):
                continue
            mark = _mark(review)
            if self.known.get(key) != mark:
                changed.append(review)
            self.known[key], self.met[key] = mark, created or 0.0
            self.until = max(self.until, min(created or 0.0, self.session.clock))
        return changed

    def is_past_window(self, content: Cells) -> bool:
        """Whether all that follows a page was written before the walk is to end."""
        moments = [_created(review) for review in _objects(content["data"])]
        return bool(moments) and all(moment is not None and moment < self.floor for moment in moments)

    def gone(self) -> Iterator[Cells]:
        """The reviews that a whole walk has not met: deleted if Apple does not know them, else as they are.

        Raises:
            Stopped: they are so many that something else must be wrong.
        """
        missing = sorted(self.known.keys() - self.met.keys())
        if len(missing) > max(_ALWAYS_BELIEVED, BELIEVED * len(self.known)):
            raise Stopped(f"no longer gives {len(missing)} of {len(self.known)} reviews. None is taken for deleted; look at app_id and the key's access.")
        for key in missing:
            try:
                review = self.client.get(f"v1/customerReviews/{key}", needs=("data",))["data"]
            except Refused as problem:
                if problem.status not in (404, 410):
                    raise
                del self.known[key]
                yield {"type": "customerReviews", "id": key, "attributes": {}}
                continue
            self.met[key] = 0.0
            if isinstance(review, dict) and self.known[key] != _mark(review):
                self.known[key] = _mark(review)
                yield review

    def place(self) -> State:
        """The state in the middle of a walk; a short one begins again instead."""
        if not self.is_whole:
            return self._state(next=None)
        link = urlsplit(self.following or "")
        return self._state(next=f"{link.path}?{link.query}", met=_packed(dict.fromkeys(self.met, "")))

    def end(self) -> State:
        """The state after the walk, which says what Apple's own total comes to."""
        if self.is_whole:
            if self.is_from_top and not self.since and len(set(self.totals)) == 1 and self.totals[0] >= 0:
                self.session.checks.append(Check("reviews of the app", self.totals[0], len(self.met)))
            self.whole = self.session.clock if len(self.known) > FEW else 0.0
        return self._state()

    def _state(self, **more: Any) -> State:
        return {"until": self.until, "whole": self.whole, "known": _packed(self.known), **{name: cell for name, cell in more.items() if cell is not None}}


def _following(content: Cells) -> str | None:
    """The link to the next page."""
    links = content.get("links")
    link = links.get("next") if isinstance(links, dict) else None
    return str(link) if link else None


def _total(content: Cells) -> int:
    meta = content.get("meta")
    paging = meta.get("paging") if isinstance(meta, dict) else None
    total = paging.get("total") if isinstance(paging, dict) else None
    return total if isinstance(total, int) else -1


def _created(review: Cells) -> float | None:
    """When a review was written; Apple gives it with the offset of some local time."""
    attributes = review.get("attributes")
    try:
        moment = dt.datetime.fromisoformat(str(attributes.get("createdDate"))) if isinstance(attributes, dict) else None
    except ValueError:
        return None
    return moment.timestamp() if moment and moment.tzinfo else None


def _mark(review: Cells) -> str:
    return hashlib.sha256(json.dumps(review.get("attributes"), sort_keys=True).encode()).hexdigest()[:8]


def _objects(cells: Any) -> list[Cells]:
    if not isinstance(cells, list):
        raise Stopped("gives reviews that are no list")
    return [cell for cell in cells if isinstance(cell, dict)]


def _packed(marks: dict[str, str]) -> str:
    """Marks by id as one short text for a checkpoint."""
    return base64.b85encode(zlib.compress(json.dumps(marks, sort_keys=True, separators=(",", ":")).encode(), 6)).decode() if marks else ""


def _unpacked(text: str) -> dict[str, str]:
    try:
        marks: dict[str, str] = json.loads(zlib.decompress(base64.b85decode(text))) if text else {}
    except (ValueError, zlib.error, binascii.Error):
        raise Stopped("has a checkpoint of reviews that cannot be read. Bring landing/ back from a backup.") from None
    return marks


CONNECTOR = Connector(
    name="app_store",
    title="App Store Connect",
    kinds=("review",),
    base_url="https://api.appstoreconnect.apple.com",
    secrets={"private_key": "the .p8 key of a team key (App Store Connect, Users and Access, Integrations, App Store Connect API)"},
    credentials=(("private_key",),),
    scopes="a team key with the role Customer Support (or any that may read reviews)",
    limits="3,500 requests in a rolling hour and a limit on bursts that is not told; waits as Apple asks, or longer and longer",
    settings={
        "app_id": Setting("the app's Apple ID (App Information)", '"123456789"', is_needed=True),
        "key_id": Setting("the identifier of the key", '"2X9R4HXF34"', is_needed=True),
        "issuer_id": Setting("the issuer, shown above the list of keys", '"57246542-96fe-1a63-e053-0824d011072a"', is_needed=True),
    },
    streams=(
        Stream(
            name="reviews",
            walk=_reviews,
            key=("id",),
            cursor="newest first by links.next; each review's id with a mark of its content",
            overlap=f"all reviews every night up to {FEW:,} of them; above, the last 30 days, and all every 7 days",
            deletions="what a whole walk does not meet and Apple answers with 404",
            needs={"id": (str,), "attributes": (dict,)},
        ),
    ),
    open=_open,
)
