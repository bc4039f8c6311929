"""Reviews of app stores, as their interfaces and monthly reports give them: takes column names, gives the layout.

A review has the same id and words, whichever way it came, so that an interface and a report may bring it both.
"""

from __future__ import annotations

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
                "deleted": value(row, "deleted"),
            }
        ]

    return Layout("App Store reviews", take_apart)


KNOWN = (app_store,)
