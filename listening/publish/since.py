"""Since yesterday: takes tonight's published tables and how things stood on the last night of an earlier day, gives what changed, a sentence each.

    compared.json  {"now": how things stand tonight, "before": how they stood on the last night of an earlier day}

It lies in every run's folder. So a run that is repeated on the same day compares with the same earlier night: it neither
loses the day's news nor tells less of it; and nothing depends on how long older runs are kept. A replay of an earlier day
hands both on as they are.

Windows of 90 days of two nights share 89 of them, so figures tremble. What was told of a stage is therefore kept with how
it stands: a direction is taken back only when less than half of what called it is left, an estimate is news when it leaves
the interval that was last told, and how much can be told of a stage is news once a week at most.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from listening import figures
from listening.publish import wording
from listening.publish.facts import Facts
from listening.publish.remarks import SILENT_DAYS
from listening.warehouse import Warehouse
from listening.workspace import Company

FILE = "compared.json"
REST_DAYS = 7  # between two sentences on how much can be told of a stage
HALF = 0.5  # of the change's own uncertainty: below, a direction that was told is taken back
NOT_NEWS = ("nothing", "first")
KINDS = (
    "opened", "worse", "fell", "lost", "due", "silent", "steady", "better", "rose", "closed", "evidence", "theme", "heard", "read anew", *NOT_NEWS,
)  # fmt: skip
EVIDENCE = {
    "estimate": "enough customers asked at random have answered for an estimate of all customers",
    "direction": "enough feedback now to tell which way it moves",
    "insufficient": "too little feedback now to tell how customers live here",
}
NO_ESTIMATE = "all customers cannot be estimated any more, only which way it moves can be told"


class News(NamedTuple):
    """One thing that changed."""

    kind: str
    subject: str
    stage: str | None
    sentence: str


class Compared(NamedTuple):
    """What changed, and what the next night needs to know."""

    news: list[Facts]
    kept: Facts


def compare(published: Warehouse, last: Facts | None, run: Facts, company: Company, today: dt.date, is_replay: bool = False) -> Compared:
    """What changed since the last night of an earlier day.

    Args:
        published: tonight's tables.
        last: what the last published run kept; None where there is none.
        run: tonight's row of `runs`.
        company: for the currency.
        today: the company's day.
        is_replay: whether tonight looks back; it then leaves nothing for the next night.
    """
    before = _before(last, today)
    seen = _look(published, today)
    now = {
        "run_id": run["run_id"], "day": today.isoformat(), "classifier_version": run["classifier_version"], "journey_version": run["journey_version"],
        "warnings": [row["warning_id"] for row in seen["warnings"] if not row["closed_on"]] if seen["warnings"] is not None else None,
        "themes": [row["theme"] for row in seen["themes"]],
        "heard": [row["source"] for row in seen["sources"] if row["records"] and not _is_silent(row)],
        "silent": [row["source"] for row in seen["sources"] if _is_silent(row)],
        "left": seen["left"] if seen["left"]["is_known"] else None,
    }  # fmt: skip
    is_same_reading = before is not None and all(before[name] == now[name] for name in ("classifier_version", "journey_version"))
    stages = {row["stage"]: _stage(row, (before or {}).get("stages", {}).get(row["stage"]), today, is_same_reading) for row in seen["stages"]}
    now["stages"] = {stage: told for stage, (told, _) in stages.items()}
    news = [News("first", "all", None, "There is no earlier night to compare with; from the next one on, what changed stands here.")]
    if before:
        news = [item for _, items in stages.values() for item in items]
        news += [*_warnings(seen, before, company), *_sources(seen, now, before), *_themes(seen, before), *_left(now, before, company), *_due(seen, before)]
        if not is_same_reading:
            news.append(
                News("read anew", "all", None, "All feedback was read anew, by another classifier or journey; from tonight on stages are compared again.")
            )
        news = news or [_nothing(before)]
    kept = (last or {}) if is_replay else {"now": now, "before": before}
    return Compared(_rows(news, before), kept)


def read(folder: Path) -> Facts | None:
    """What a published run kept for the next one; None where there is no run, or one of an older program."""
    try:
        kept: Facts = json.loads((folder / FILE).read_text(encoding="utf-8"))
        _ = kept["now"]["day"], kept["now"]["stages"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return kept


def write(folder: Path, kept: Facts) -> None:
    """Put into a run's folder what the next one compares with."""
    (folder / FILE).write_text(json.dumps(kept, indent=1, ensure_ascii=False, default=str), encoding="utf-8")


def _before(last: Facts | None, today: dt.date) -> Facts | None:
    """How things stood on the last night of an earlier day."""
    nights = [night for night in ((last or {}).get("now"), (last or {}).get("before")) if night]
    return next((night for night in nights if night["day"] < today.isoformat()), None)


def _look(published: Warehouse, today: dt.date) -> dict[str, Any]:
    has_warnings = any(row["table_name"] == "warnings" for row in published.rows("publish/since/tables"))
    return {
        "stages": published.rows("publish/since/stages"),
        "warnings": published.rows("publish/since/warnings") if has_warnings else None,
        "themes": published.rows("publish/since/themes"),
        "sources": published.rows("publish/facts/sources"),
        "left": published.rows("publish/since/left", today=today)[0],
        "due": published.rows("publish/since/due", today=today),
    }


def _rows(news: list[News], before: Facts | None) -> list[Facts]:
    """The rows of the table, the most pressing first; within a kind in the order of the journey."""
    basis = {"compared_on": dt.date.fromisoformat(before["day"]) if before else None, "compared_with": before["run_id"] if before else None}
    ordered = sorted(news, key=lambda item: KINDS.index(item.kind))
    return [{**basis, "rank": rank, **item._asdict()} for rank, item in enumerate(ordered, 1)]


def _nothing(before: Facts) -> News:
    day = figures.day(dt.date.fromisoformat(before["day"]))
    sentence = (
        f"Nothing new since {day}: no warning opened or closed, no stage moved beyond chance, no source fell silent, no action came due, no new theme came up."
    )
    return News("nothing", "all", None, sentence)


def _stage(row: Facts, told: Facts | None, today: dt.date, is_same_reading: bool) -> tuple[Facts, list[News]]:
    """What is told of a stage from now on, and what is news of it; a stage that is new or read anew starts afresh."""
    fresh = {"direction": row["direction"], "evidence_level": row["evidence_level"], "evidence_on": None, "net": _net(row, today)}
    if told is None or not is_same_reading:
        return fresh, []
    direction, of_direction = _direction(row, told["direction"])
    evidence, of_evidence = _evidence(row, told, today)
    net, of_net = _estimate(row, told["net"], today)
    return {"direction": direction, **evidence, "net": net}, [*of_direction, *of_evidence, *of_net]


def _direction(row: Facts, told: str | None) -> tuple[str | None, list[News]]:
    stage, direction = row["stage"], row["direction"]
    if direction == told:
        return told, []
    if direction in ("worse", "better"):
        by = f" ({wording.change({'value': row['change'], 'low': row['change_low'], 'high': row['change_high']})})" if row["change"] is not None else ""
        return direction, [News(direction, stage, stage, f"{row['title']}: customers now live it {direction} than in the 90 days before{by}.")]
    if direction is None:
        return told, []
    if told is None:
        return direction, []
    if row["change"] is not None and abs(row["change"]) > HALF * (row["change_high"] - row["change_low"]) / 2:
        return told, []
    return direction, [News("steady", stage, stage, f"{row['title']}: no longer clearly {told} than in the 90 days before.")]


def _evidence(row: Facts, told: Facts, today: dt.date) -> tuple[Facts, list[News]]:
    level, was, on = row["evidence_level"], told["evidence_level"], told["evidence_on"]
    if level == was or (on and (today - dt.date.fromisoformat(on)).days < REST_DAYS):
        return {"evidence_level": was, "evidence_on": on}, []
    words = NO_ESTIMATE if (was, level) == ("estimate", "direction") else EVIDENCE[level]
    return {"evidence_level": level, "evidence_on": today.isoformat()}, [News("evidence", row["stage"], row["stage"], f"{row['title']}: {words}.")]


def _net(row: Facts, today: dt.date) -> Facts | None:
    if row["net_experience"] is None:
        return None
    return {"value": row["net_experience"], "low": row["net_low"], "high": row["net_high"], "day": today.isoformat()}


def _estimate(row: Facts, told: Facts | None, today: dt.date) -> tuple[Facts | None, list[News]]:
    now = _net(row, today)
    if now is None or told is None:
        return now or told, []
    if told["low"] <= now["value"] <= told["high"]:
        return told, []
    kind = "rose" if now["value"] > told["value"] else "fell"
    was = f"{wording.net(told, 'value')} on {figures.day(dt.date.fromisoformat(told['day']))}"
    return now, [News(kind, row["stage"], row["stage"], f"{row['title']}: net experience of all customers {kind} to {wording.net(now, 'value')} from {was}.")]


def _warnings(seen: Facts, before: Facts, company: Company) -> Iterator[News]:
    """Warnings that opened or closed; those opened before anything was compared are no news."""
    known = before["warnings"]
    for row in seen["warnings"] or []:
        place = row["title"] or "All stages"
        is_known = row["warning_id"] in (known or ())
        is_new = not is_known and (known is not None or row["opened_on"].isoformat() > before["day"])
        if row["closed_on"]:
            if is_known or (is_new and row["opened_on"].isoformat() >= before["day"]):
                sentence = f"{place}: the warning of {row['what']}, opened on {figures.day(row['opened_on'])}, closed on {figures.day(row['closed_on'])}."
                yield News("closed", row["warning_id"], row["stage"], sentence)
        elif is_new:
            yield News("opened", row["warning_id"], row["stage"], f"{place}: {_warned(row, company)}")


def _warned(row: Facts, company: Company) -> str:
    """A warning from its figures alone: its own text may quote customers."""
    days = f" in {row['observed_days']} days" if row.get("observed_days") else ""
    where = f" at {row['cut_value']} ({row['cut_by']})" if row["cut_by"] not in (None, "all") else ""
    source = f" in {row['source']}" if row["source"] else ""
    counted = f": {figures.number(row['observed'])}{days}, expected {figures.number(row['expected'])}" if row["observed"] is not None else ""
    customers = figures.count(int(row["customers"]), "customer", "customers") if row["customers"] else ""
    value = f"{figures.number(row['value'])} {company.currency} a year" if row["value"] else ""
    exposed = f" Exposed: {figures.listed([part for part in (customers, value) if part])}." if customers or value else ""
    owner = f" Owner: {row['stage_owner']}." if row["stage_owner"] else ""
    return f"warning of {row['what']}{source}{where} since {figures.day(row['opened_on'])}{counted}.{exposed}{owner}"


def _sources(seen: Facts, now: Facts, before: Facts) -> Iterator[News]:
    """Sources that fell silent, or were heard again."""
    for row in seen["sources"]:
        name = row["source"]
        if name in now["silent"] and name in before["heard"]:
            last, days = figures.day(row["last_said_on"]), figures.number(row["days_silent"])
            yield News("silent", name, None, f"{name} fell silent: it has brought nothing for {days} days, last on {last}.")
        elif name in now["heard"] and name in before["silent"]:
            yield News("heard", name, None, f"{name} is heard again, last on {figures.day(row['last_said_on'])}.")


def _is_silent(row: Facts) -> bool:
    return row["days_silent"] is not None and row["days_silent"] > SILENT_DAYS


def _themes(seen: Facts, before: Facts) -> Iterator[News]:
    for row in seen["themes"]:
        if row["theme"] not in before["themes"]:
            yield News("theme", row["theme"], row["stage"], f"{row['title']}: a new theme came up, “{row['name']}”.")


def _left(now: Facts, before: Facts, company: Company) -> Iterator[News]:
    """Customers who are known to have left and were not before, whenever they left."""
    if not (now["left"] and before["left"]):
        return
    more = now["left"]["customers"] - before["left"]["customers"]
    worth = (now["left"]["value"] or 0) - (before["left"]["value"] or 0)
    if more > 0:
        value = f", worth {figures.number(worth)} {company.currency} a year" if worth > 0 else ""
        yield News("lost", "customers", None, f"{figures.count(more, 'more customer is', 'more customers are')} known to have left{value}.")


def _due(seen: Facts, before: Facts) -> Iterator[News]:
    """Actions whose day came and that nobody has closed, in the company's own words; told once, on their day or the night after it."""
    for row in seen["due"]:
        if row["due_on"].isoformat() > before["day"]:
            owner = f"Owner: {row['owner']}." if row["owner"] else "Nobody owns it."
            sentence = f"{row['title'] or 'All stages'}: “{row['what']}” came due on {figures.day(row['due_on'])} and is not closed. {owner}"
            yield News("due", row["action_id"], row["stage"], sentence)
