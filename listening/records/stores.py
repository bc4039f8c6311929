"""Reviews of app stores, as their interfaces and monthly reports give them: takes column names, gives the layout.

A review has the same id and words, whichever way it came, so that an interface and a report may bring it both. One that is
gone at its store comes without words and stars; it is gone for good as of its last change.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any
from urllib.parse import unquote

from listening.records.rows import Layout, Row, Said, value
from listening.workspace import Source

FIVE = (1.0, 5.0)


def app_store(source: Source, fields: set[str]) -> Layout | None:
    """Reviews as App Store Connect gives them; what the developer answers is not a customer's."""
    if source.kind != "review" or not {"id", "type", "attributes"} <= fields:
        return None

    def take_apart(row: Row) -> list[Said]:
        return [
            {
                "id": value(row, "id"),
                "author": "customer" if value(row, "type") == "customerReviews" else "agent",
                "title": value(row, "attributes.title"),
                "text": value(row, "attributes.body"),
                "said_at": value(row, "attributes.createdDate"),
                "score": value(row, "attributes.rating"),
                "score_scale": FIVE,
                "score_name": "stars",
                "region": value(row, "attributes.territory"),
                "channel": "App Store",
                "deleted": not row.get("attributes"),
            }
        ]

    return Layout("App Store reviews", take_apart)


def google_play(source: Source, fields: set[str]) -> Layout | None:
    """Reviews as Google Play's interface gives them: the newest comment of the customer counts, the developer's does not.

    The language is that of the device, so that it is found from the words instead.
    """
    if not {"reviewId", "comments"} <= fields:
        return None

    def take_apart(row: Row) -> list[Said]:
        comments = row["comments"] if isinstance(row.get("comments"), list) else []
        written = [comment["userComment"] for comment in comments if isinstance(comment, dict) and isinstance(comment.get("userComment"), dict)]
        said: Row = max(written, key=_modified, default={})
        words = value(said, "originalText") or value(said, "text") or ""
        title, _, text = str(words).partition("\t") if "\t" in str(words) else ("", "", words)
        return [
            {
                **_on_play(title, text, _modified(said)),
                "id": value(row, "reviewId"),
                "score": value(said, "starRating"),
                "deleted": not words and value(said, "starRating") is None,
                "attributes": {"app_version": value(said, "appVersionName"), "device": value(said, "device")},
            }
        ]

    return Layout("Google Play reviews", take_apart)


def google_play_report(source: Source, fields: set[str]) -> Layout | None:
    """Reviews as the monthly reports of Google Play have them; a review's id stands in its link."""
    if not {"Review Link", "Review Text", "Star Rating", "Review Last Update Millis Since Epoch"} <= fields:
        return None

    def take_apart(row: Row) -> list[Said]:
        title, text = value(row, "Review Title") or "", value(row, "Review Text") or ""
        named = re.search(r"[?&#]reviewid=([^&#]+)", str(value(row, "Review Link") or ""), re.I)
        if (title or text) and not named:
            return [{"reject": "no review's id in its link"}]
        millis = re.fullmatch(r"\d+", str(value(row, "Review Last Update Millis Since Epoch") or "").strip())
        return [
            {
                **_on_play(title, text, int(millis[0]) if millis else 0),
                "id": unquote(named[1]) if named else None,
                "score": value(row, "Star Rating"),
                "attributes": {"app_version": value(row, "App Version Name"), "device": value(row, "Device")},
            }
        ]

    return Layout("a Google Play report", take_apart)


def _on_play(title: Any, text: Any, modified: int) -> Said:
    """What a review says and when it was last changed, which is when its customer said what now stands there."""
    moment = dt.datetime.fromtimestamp(modified / 1000, dt.UTC).isoformat() if 0 < modified < 2**45 else None
    return {
        "title": title or None, "text": text or None, "said_at": moment, "updated_at": moment,
        "score_scale": FIVE, "score_name": "stars", "channel": "Google Play",
    }  # fmt: skip


def _modified(comment: Row) -> int:
    """Milliseconds since 1970; Google gives the seconds as text."""
    seconds, nanos = value(comment, "lastModified.seconds"), value(comment, "lastModified.nanos")
    try:
        return int(seconds) * 1000 + int(nanos or 0) // 1_000_000
    except (TypeError, ValueError):
        return 0


KNOWN = (app_store, google_play, google_play_report)
