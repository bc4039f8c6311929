"""Everything that the page, `stories.json` and `stories.md` say, as one plain dictionary read from the published tables.

    {"company", "timezone", "run": {...}, "counts": {...}, "stages": [{"stage", "title", "owner", "promise", "touchpoints",
      "now": story of the last 90 days, "periods": [story of each quarter and month, newest first]}],
     "sources": [freshness], "accuracy": [...], "rejected": [...], "checkins": [answers by stage], "quiet": {customers who passed no stage},
     "nights": [run_counts of the last runs], "since": [what changed since the last night of an earlier day, in sentences],
     "warnings": [each with its quotes, open ones first], "priorities": [what to mend, first things first], "follow_up": [customers to call, by owner],
     "assets": [customers gained, lost, grown … by period], "losses": [what those who left had met, against those who stayed],
     "months": [customers gained and lost, month by month], and each table of LEADING: [its rows of the last 90 days, or of the newest quarter]}

A stage also has "warnings", "priorities", "drivers", "operations", "cuts" and "themes" of the last 90 days: [{"theme", "name", "comments": how many,
"all": …, "trouble": …, "great": its share on that side, or None}].

A story is {"period", "first_day", "last_day", "evidence_level", "direction", "story", "sentences": [each with its part], "records", "heard",
"sources": [...], "scores": [...], "measures": {...}, "places": [...], "coverage": [who spoke, by source],
"contributions": [what each source adds to the estimate], "quotes": {"trouble": [...], "great": [...]}}.
The comments behind the themes are gathered apart, for pages of their own: they would make `stories.json` a copy of the records.
"""

from __future__ import annotations

import collections
import datetime as dt
from typing import Any

from listening import __version__
from listening.warehouse import Warehouse
from listening.workspace import Company

Facts = dict[str, Any]
Comments = dict[tuple[str, str], list[Facts]]  # by stage and theme, newest first
MOST_COMMENTS = 500  # of a theme
LONGEST_COMMENT = 1200  # letters, so that a hundred fit a page of 500 kB in any script
MOST_MONTHS = 12
SIDES = ("all", "trouble", "great")
WHOLE = "all"  # the company, among stages
LEADING = (  # tables to lead by, each with its rows of the last 90 days or the newest quarter
    "maturity", "delivery_gap", "investment_balance", "investment_moments", "purpose_grid", "actions", "accountability", "experience", "whole_cast",
    "did_not_happen",
)  # fmt: skip


def gather(published: Warehouse, company: Company, run_id: str) -> Facts:
    """Collect the facts of a published file and the run that made it; numbers are the tables' own, unrounded."""
    stories = _stories(published)
    warnings = _warnings(published)
    by_stage = {
        "warnings": warnings,
        "themes": _themes(published),
        **{name: published.rows(f"publish/facts/{name}") for name in ("touchpoints", "priorities", "drivers", "cuts")},
        "operations": published.rows("publish/facts/operations", timezone=company.timezone),
    }
    stages = [
        {
            **stage,
            "title": stage["name"],
            **{name: [row for row in rows if row["stage"] == stage["stage"]] for name, rows in by_stage.items()},
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
        "warnings": warnings,
        **{name: published.rows(f"publish/facts/{name}") for name in ("priorities", "follow_up", "assets", "losses", *LEADING)},
        "months": published.rows("publish/facts/months", most=MOST_MONTHS),
    }


def comments(published: Warehouse) -> Comments:
    """The newest comments of each theme, redacted as they are published."""
    found: Comments = collections.defaultdict(list)
    for row in published.rows("publish/facts/comments", most=MOST_COMMENTS, longest=LONGEST_COMMENT):
        found[row["stage"], row["theme"]].append(row)
    return dict(found)


def _warnings(published: Warehouse) -> list[Facts]:
    """Warnings, open ones first, each with what customers say of it."""
    quotes = collections.defaultdict(list)
    for quote in published.rows("publish/facts/warning_quotes"):
        quotes[quote["warning_id"]].append(quote)
    return [row | {"quotes": quotes[row["warning_id"]]} for row in published.rows("publish/facts/warnings")]


def _themes(published: Warehouse) -> list[Facts]:
    """Each theme of each stage once, with its share among all who spoke, those in trouble and those living it great."""
    found: dict[tuple[str, str], Facts] = {}
    for row in published.rows("publish/facts/themes"):
        about = {name: row[name] for name in ("stage", "theme", "name", "kind", "opened_on", "comments", "first_day")}
        theme = found.setdefault((row["stage"], row["theme"]), about | dict.fromkeys(SIDES))
        if row["side"] is not None:
            theme[row["side"]] = {name: row[name] for name in ("units", "denominator", "share", "low", "high", "change", "change_low", "change_high")}
    return list(found.values())


def _stories(published: Warehouse) -> dict[str, list[Facts]]:
    """The stories of the cut 'all' by stage, each with its sources, scores, measures and quotes; newest first."""
    details: dict[str, dict[tuple[str, str, str], list[Facts]]] = {}
    for name in ("sources", "scores", "measures", "places", "quotes", "coverage", "contributions", "sentences"):
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
                "sentences": details["sentences"][key],
                "quotes": {side: [quote for quote in quotes if quote["side"] == side] for side in ("trouble", "great")},
            }
        )
    return stories


def _key(row: Facts) -> tuple[str, str, str]:
    return row["stage"], row["period_kind"], row["period"]
