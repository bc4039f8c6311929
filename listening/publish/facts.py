"""Everything that the page, `stories.json` and `stories.md` say, as one plain dictionary read from the published tables.

    {"company", "timezone", "run": {...}, "counts": {...}, "stages": [{"stage", "title", "owner", "promise", "touchpoints",
      "now": story of the last 90 days, "periods": [story of each quarter and month, newest first]}],
     "sources": [freshness], "accuracy": [...], "rejected": [...], "checkins": [answers by stage], "quiet": {customers who passed no stage},
     "nights": [run_counts of the last runs], "since": [what changed since the last night of an earlier day, in sentences]}

A story is {"period", "first_day", "last_day", "evidence_level", "direction", "story", "records", "heard",
"sources": [...], "scores": [...], "measures": {...}, "places": [...], "coverage": [who spoke, by source], "contributions": [what each source
adds to the estimate], "quotes": {"trouble": [...], "great": [...]}}.
"""

from __future__ import annotations

import collections
import datetime as dt
from typing import Any

from listening import __version__
from listening.warehouse import Warehouse
from listening.workspace import Company

Facts = dict[str, Any]


def gather(published: Warehouse, company: Company, run_id: str) -> Facts:
    """Collect the facts of a published file and the run that made it; numbers are the tables' own, unrounded."""
    stories = _stories(published)
    stages = [
        {
            **stage,
            "title": stage["name"],
            "touchpoints": [point for point in published.rows("publish/facts/touchpoints") if point["stage"] == stage["stage"]],
            "now": next((story for story in stories[stage["stage"]] if story["period_kind"] == "rolling"), None),
            "periods": [story for story in stories[stage["stage"]] if story["period_kind"] != "rolling"],
        }
        for stage in published.rows("publish/facts/stages")
    ]
    return {
        "company": company.name,
        "currency": company.currency,
        "timezone": company.timezone,
        "program_version": __version__,
        "run": published.rows("publish/facts/run", run_id=run_id)[0],
        "counts": published.rows("publish/facts/counts")[0],
        "stages": stages,
        "sources": published.rows("publish/facts/sources"),
        "accuracy": published.rows("publish/facts/accuracy"),
        "rejected": published.rows("publish/facts/rejected"),
        "checkins": published.rows("publish/facts/checkins"),
        "quiet": published.rows("publish/facts/quiet", timezone=company.timezone)[0],
        "nights": published.rows("publish/facts/nights"),
        "since": published.rows("publish/facts/since"),
    }


def _stories(published: Warehouse) -> dict[str, list[Facts]]:
    """The stories of the cut 'all' by stage, each with its sources, scores, measures and quotes; newest first."""
    details: dict[str, dict[tuple[str, str, str], list[Facts]]] = {}
    for name in ("sources", "scores", "measures", "places", "quotes", "coverage", "contributions"):
        grouped: dict[tuple[str, str, str], list[Facts]] = collections.defaultdict(list)
        for row in published.rows(f"publish/facts/story_{name}"):
            grouped[_key(row)].append({column: value for column, value in row.items() if column not in ("stage", "period_kind", "period")})
        details[name] = grouped
    stories = collections.defaultdict(list)
    for row in published.rows("publish/facts/stories"):
        key = _key(row)
        quotes = details["quotes"][key]
        stories[row["stage"]].append(
            {
                **row,
                "last_day": row["period_end"] - dt.timedelta(days=1),
                "sources": details["sources"][key],
                "scores": details["scores"][key],
                "measures": {measure.pop("measure"): measure for measure in details["measures"][key]},
                "places": details["places"][key],
                "coverage": details["coverage"][key],
                "contributions": details["contributions"][key],
                "quotes": {side: [quote for quote in quotes if quote["side"] == side] for side in ("trouble", "great")},
            }
        )
    return stories


def _key(row: Facts) -> tuple[str, str, str]:
    return row["stage"], row["period_kind"], row["period"]
