"""Intercom: takes an access token, gives conversations as they stand, each with its parts and rating.

The search tells which conversations have changed, each is then asked for as a whole, since only so it has its parts. What
the search told late, and what was deleted, is found by comparing all ids and their `updated_at` with what has landed.
"""

from __future__ import annotations

import concurrent.futures
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from listening.sources import absent
from listening.sources.connector import Cells, Connector, Page, Session, Setting, State, Stream
from listening.sources.http import Client, Refused, Stopped
from listening.sources.pull import Check
from listening.sources.walking import budget
from listening.workspace import GONE

VERSION = "2.11"  # of the API; each answers in its own shape for years
SEARCH_ROWS, PART_ROWS = 150, 50
AT_ONCE = 8  # requests for conversations
MOST_PARTS = 500  # that Intercom gives of a conversation, the newest ones
AGAIN_AFTER = 2.0  # seconds, where parts are missing
OVERLAP_HOURS = 1
EVERY_NIGHT = 50_000  # up to so many conversations every night compares
NEEDS: Mapping[str, tuple[type, ...]] = {"id": (str, int), "created_at": (int,), "conversation_parts": (dict,)}


@dataclass(frozen=True)
class _Token:
    """The access token, and the version of the API that answers."""

    token: str = field(repr=False)

    def headers(self) -> dict[str, str]:
        """What goes with every request."""
        return {"Authorization": f"Bearer {self.token}", "Intercom-Version": VERSION, "Accept": "application/json"}

    def renew(self, used: Mapping[str, str]) -> bool:
        """An access token does not end, and cannot be renewed."""
        return False


class _Account(Client):
    """Intercom, and how far tonight's walk has come: only what has landed whole can be compared."""

    is_walked = is_new = False


def _open(session: Session, base_url: str) -> AbstractContextManager[Client]:
    return _Account(base_url, _Token(session.secrets["access_token"]), budget=budget(session.source))


def _conversations(session: Session, client: _Account, state: State | None) -> Iterator[Page]:
    """What has changed since the last night. The window ends where this night began, before its first request.

    `done` in a state are the conversations of its last second that are kept already: the walk was stopped within a window.
    Those of a window that came without all of their parts are `short`, and asked for again in the night after.
    """
    end = int(session.clock)
    since = second = _first(session)
    done: set[str] = set()
    short: list[str] = state.get("short", []) if state else []
    if state:
        second, done = int(state["until"]), set(state.get("done", ()))
        since = second if done else max(since, second - int(session.option("overlap_hours", OVERLAP_HOURS) * 3600))
    with _parts_counted(session) as parts:
        for some in _some([{"id": key} for key in short] if not done else []):
            yield Page([row for row in _whole(client, some) if row])
        short = short if done else []
        for found, is_sorted in _listed(client, since, end):
            fresh = [item for item in found if not (_stamp(item) == second and str(item["id"]) in done)]
            for some in _some(fresh):
                rows = [row for row in _whole(client, some) if row]  # one that has gone in between is the comparison's
                parts.count(rows)
                short += [str(row["id"]) for row in rows if _is_short(row)]
                for item in some:
                    if _stamp(item) > second:
                        second, done = _stamp(item), set()
                    done |= {str(item["id"])} if _stamp(item) == second else set()
                yield Page(rows, {"until": second, "done": sorted(done), "short": [*short]} if is_sorted else None)
    yield Page([], {"until": end, "short": short})
    client.is_walked, client.is_new = True, state is None


def _listed(client: Client, since: int, end: int) -> Iterator[tuple[list[Cells], bool]]:
    """Conversations last changed from `since` to before `end`, page by page, and whether they come in that order.

    While they are walked, conversations change and leave the pages to come, which then move up. So each page begins anew
    at the second at which the one before ended, and Intercom's own cursor only leads on within a second that fills a page.
    An empty page is no end.
    """
    cursor: str | None = None
    is_sorted, seen = True, set[str]()
    while True:
        content = client.post("conversations/search", _query(since, end, cursor), needs=("conversations",), is_repeatable=True)
        found = [item for item in _objects(content["conversations"]) if "id" in item]
        stamps = [_stamp(item) for item in found]
        is_sorted = is_sorted and stamps == sorted(stamps)
        yield found, is_sorted
        following = _following(content)
        if following is None:
            return
        if is_sorted and stamps and stamps[-1] > since:
            since, cursor = stamps[-1], None
            seen.clear()
        elif following in seen:
            raise Stopped("gives the same page of conversations again and again; what came before is kept")
        else:
            cursor = following
            seen.add(following)


def _query(since: int, end: int, cursor: str | None) -> Cells:
    """A search; its comparisons leave out both ends, and know whole seconds only."""
    window = [{"field": "updated_at", "operator": ">", "value": since - 1}, {"field": "updated_at", "operator": "<", "value": end}]
    return {
        "query": {"operator": "AND", "value": window},
        "sort": {"field": "updated_at", "order": "ascending"},
        "pagination": {"per_page": SEARCH_ROWS, **({"starting_after": cursor} if cursor else {})},
    }


def _following(content: Cells) -> str | None:
    """The cursor of the next page; None at the end."""
    pages = content.get("pages")
    if not isinstance(pages, dict) and len(content["conversations"]) >= SEARCH_ROWS:
        raise Stopped("gives a full page of conversations and does not say whether there are more")
    following = pages.get("next") if isinstance(pages, dict) else None
    if not following:
        return None
    cursor = following.get("starting_after") if isinstance(following, dict) else None
    if not isinstance(cursor, str) or not cursor:
        raise Stopped("gives a page of conversations without a cursor to go on from")
    return cursor


def _differences(session: Session, client: _Account, state: State | None) -> Iterator[Page]:
    """Now and then, conversations that landing lacks or has otherwise, and a tombstone for each that is gone.

    Raises:
        Stopped: so much is gone that it rather looks like a mistake.
    """
    if not client.is_walked or client.is_new or not _is_time_to_compare(session, state):  # in the first night everything has come
        return
    end = int(client.timing.today()) + 86_400  # also what has changed meanwhile
    differs = absent.compared(session, "id", "updated_at", (_versions(found) for found, _ in _listed(client, _first(session), end)))
    with _parts_counted(session) as parts:
        for some in _some([{"id": key} for key in differs.gone]):
            yield Page([row or _tombstone(item["id"]) for item, row in zip(some, _whole(client, some), strict=True)])
        for some in _some([{"id": key} for key in differs.missing]):
            rows = [row for row in _whole(client, some) if row]
            parts.count(rows)
            yield Page(rows)
    yield Page([], {"compared_at": session.clock, "conversations": differs.seen})


def _versions(items: list[Cells]) -> list[tuple[str, str | None]]:
    return [(str(item["id"]), str(item.get("updated_at"))) for item in items]


def _is_time_to_compare(session: Session, state: State | None) -> bool:
    days = session.option("compare_days", absent.DAYS_BETWEEN)
    if not days or session.is_rehearsal:
        return False
    return state is None or state["conversations"] <= EVERY_NIGHT or absent.is_due(session, state["compared_at"], days)


def _whole(client: Client, items: list[Cells]) -> list[Cells | None]:
    """The same conversations with their parts; None for one that is gone."""
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(lambda item: _conversation(client, str(item["id"])), items))


def _conversation(client: Client, key: str) -> Cells | None:
    """One conversation. Where it says that it has more parts than came, it is asked for once more."""
    path = f"conversations/{quote(key, safe='')}"
    try:
        row: Cells = client.get(path, needs=("id",))
        if _is_short(row):
            client.timing.wait(AGAIN_AFTER)
            row = client.get(path, needs=("id",))
    except Refused as problem:
        if problem.status in (404, 410):
            return None
        raise
    return row


def _tombstone(key: str) -> Cells:
    return {"type": "conversation", "id": key, "created_at": 0, "updated_at": None, "source": None, "conversation_parts": {}, GONE: True}


@dataclass
class _Parts:
    """How many parts conversations say that they have, in the two places where they do, beside how many came."""

    told: list[int] = field(default_factory=lambda: [0, 0])
    given: list[int] = field(default_factory=lambda: [0, 0])
    capped: int = 0

    def count(self, rows: list[Cells]) -> None:
        """Take in conversations."""
        for row in rows:
            told, given = _told(row), _given(row)
            self.capped += given >= MOST_PARTS and max(told) > given
            for place, number in enumerate(told):
                if number >= 0:
                    self.told[place] += number
                    self.given[place] += given

    def tell(self, session: Session) -> None:
        """Say what was counted."""
        names = ("parts by conversation_parts.total_count", "parts by statistics.count_conversation_parts")
        session.checks += [Check(name, told, given) for name, told, given in zip(names, self.told, self.given, strict=True)]
        if self.capped:
            session.note(
                f"has more parts of {self.capped} conversation{'s' * (self.capped > 1)} than it gives "
                f"({MOST_PARTS}, the newest); older ones are kept where they came before"
            )


@contextmanager
def _parts_counted(session: Session) -> Iterator[_Parts]:
    """Parts are counted, and told also where a walk is stopped."""
    parts = _Parts()
    try:
        yield parts
    finally:
        parts.tell(session)


def _told(row: Cells) -> tuple[int, int]:
    """How many parts a conversation says that it has, by its list and by its statistics; -1 where it does not say."""
    listed, statistics = row.get("conversation_parts"), row.get("statistics")
    numbers = (
        listed.get("total_count") if isinstance(listed, dict) else None,
        statistics.get("count_conversation_parts") if isinstance(statistics, dict) else None,
    )
    first, second = (number if isinstance(number, int) else -1 for number in numbers)
    return first, second


def _is_short(row: Cells) -> bool:
    """Whether a conversation came without all of its parts, and not because it has more than Intercom gives."""
    return _given(row) < min(MOST_PARTS, max(_told(row)))


def _given(row: Cells) -> int:
    """How many parts came with a conversation."""
    listed = row.get("conversation_parts")
    return len(_objects(listed.get("conversation_parts") or [])) if isinstance(listed, dict) else 0


def _first(session: Session) -> int:
    """The first second of the configured day, or long before there was any conversation."""
    return max(1, int(session.since))


def _stamp(item: Cells) -> int:
    """The second of a conversation's last change; 0 where it does not say."""
    try:
        return int(item.get("updated_at") or 0)
    except (TypeError, ValueError):
        return 0


def _some(items: list[Cells]) -> Iterator[list[Cells]]:
    """A few conversations at a time, so that little is lost where a night ends among them."""
    for place in range(0, len(items), PART_ROWS):
        yield items[place : place + PART_ROWS]


def _objects(cells: Any) -> list[Cells]:
    if not isinstance(cells, list):
        raise Stopped("gives conversations, or their parts, that are no list")
    return [cell for cell in cells if isinstance(cell, dict)]


CONNECTOR = Connector(
    name="intercom",
    title="Intercom",
    kinds=("ticket", "chat"),
    base_url="https://api.intercom.io",
    secrets={"access_token": "the access token of an app of your own (Developer Hub, Your apps, Configure, Authentication)"},
    credentials=(("access_token",),),
    scopes="Read conversations",
    limits="10,000 requests a minute for an app, in windows of ten seconds; waits until X-RateLimit-Reset. "
    "Europe and Australia: base_url = https://api.eu.intercom.io, https://api.au.intercom.io",
    settings={
        "overlap_hours": Setting("hours before the last night's end that are read once more", str(OVERLAP_HOURS), kind=(int, float)),
        "compare_days": Setting(
            f"days between comparisons of all ids, which find what was deleted; every night up to {EVERY_NIGHT:,} conversations; 0 for never",
            str(absent.DAYS_BETWEEN),
            kind=int,
        ),
        "gone_at_most": Setting("the share of conversations that may be gone before it counts as a mistake", str(absent.GONE_AT_MOST), kind=(int, float)),
    },
    streams=(
        Stream(
            name="conversations",
            walk=_conversations,
            key=("id",),
            cursor="updated_at, in windows that end where the night began",
            overlap=f"overlap_hours ({OVERLAP_HOURS})",
            deletions="redacted parts by their conversation coming again; deleted conversations by differences",
            needs=NEEDS,
        ),
        Stream(
            name="differences",
            walk=_differences,
            key=("id",),
            cursor=f"every night, beyond {EVERY_NIGHT:,} conversations every compare_days: all ids with their updated_at beside what has landed",
            overlap="everything",
            deletions="a conversation that is listed no longer and answers 404",
            needs=NEEDS,
        ),
    ),
    open=_open,
)
