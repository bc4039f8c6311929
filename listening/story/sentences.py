"""The story in words: takes a stage's figures, gives sentences that a CX lead can read without a glossary."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import Any

import pandas as pd

from listening.journey import Journey

KEY = ["period_kind", "period", "cut_by", "cut_value", "stage"]
SPOKEN_FROM = 5  # units of one source; with fewer a share would say nothing
SPACE = "\u00a0"
KINDS = {"survey": "survey answers", "ticket": "tickets", "review": "reviews", "chat": "chats", "social": "posts", "call": "calls"}

Row = dict[str, Any]


def tell_all(journey: Journey, stories: pd.DataFrame, sources: pd.DataFrame, scores: pd.DataFrame, places: pd.DataFrame, least: int) -> list[str]:
    """A story for each row of `stories`, in their order; `least` units of a source are enough to tell of a stage."""
    of_sources, of_scores, titles = _grouped(sources[sources["units"] > 0]), _grouped(scores), journey.titles
    of_places = _grouped(places.assign(cut_here=places["cut_by"], value_here=places["cut_value"], cut_by="all", cut_value="all"))
    return [_story(titles[row["stage"]], row, of_sources[_key(row)], of_scores[_key(row)], of_places[_key(row)], least) for row in _rows(stories)]


def _rows(frame: pd.DataFrame) -> list[Row]:
    """Rows as plain dictionaries; what is missing is None."""
    columns = {str(name): frame[name].astype(object).where(frame[name].notna(), None).tolist() for name in frame}
    return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]


def _key(row: Row) -> tuple[str, ...]:
    return tuple(row[name] for name in KEY)


def _grouped(frame: pd.DataFrame) -> defaultdict[tuple[str, ...], list[Row]]:
    grouped: defaultdict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in _rows(frame):
        grouped[_key(row)].append(row)
    return grouped


def _story(title: str, row: Row, sources: list[Row], scores: list[Row], places: list[Row], least: int) -> str:
    title += "" if row["cut_by"] == "all" else f" ({row['cut_by']}: {row['cut_value']})"
    if row["evidence_level"] == "insufficient":
        return _too_little(title, row, len(sources), least)
    sources = sorted(sources, key=lambda source: (-source["n"], source["source"]))
    parts = [_opening(title, row, sources), *_by_source(sources), *map(_place, places), *_by_score(scores), _change(row), _caution(sources)]
    return " ".join(part for part in parts if part)


def _too_little(title: str, row: Row, sources: int, least: int) -> str:
    number, span = row["units"], f"{_span(row)}{_running(row)}"
    if not number:
        return f"{title}, {span}: nobody spoke of it, which is no sign that all is well."
    if number == 1:
        return f"{title}, {span}: only one piece of feedback, too little to say how customers live here."
    if number < least:
        return f"{title}, {span}: only {number} pieces of feedback, too few to say how customers live here."
    where = "it does not bring" if sources == 1 else "no source brings"
    return f"{title}, {span}: {number} pieces of feedback from {_number_of(sources)}, but {where} {least} that tell good from bad, too few to go by."


def _opening(title: str, row: Row, sources: list[Row]) -> str:
    if len(sources) == 1:
        heard = f"{row['units']} {_things(sources[0])}, all from {sources[0]['source']}"
    else:
        heard = f"{row['units']} pieces of feedback from {len(sources)} sources ({', '.join(source['source'] for source in sources)})"
    return f"{title}, {_span(row)}{_running(row)}: {heard}."


def _place(place: Row) -> str:
    """Where trouble gathers, as counts; that the place goes with it is all that is known."""
    return (
        f"Trouble gathers at {place['value_here']} ({place['cut_here']}): {place['trouble_here']} of {place['n_here']} in {place['source']}, "
        f"against {place['trouble_elsewhere']} of {place['n_elsewhere']} elsewhere."
    )


def _number_of(sources: int) -> str:
    return "one source" if sources == 1 else f"{sources} sources"


def _by_source(sources: list[Row]) -> list[str]:
    lines = []
    for source in sources:
        if source["n"] < SPOKEN_FROM:
            continue
        shares = f"{_interval(source, 'negative')} in trouble, {_interval(source, 'positive')} living it great."
        if len(sources) > 1:
            shares = f"{source['source']} ({source['n']} {_things(source)}): {shares}"
        elif source["n"] < source["units"]:
            shares = f"Of the {source['n']} that tell good from bad, {shares}"
        lines.append(shares)
    return lines


def _things(source: Row) -> str:
    return KINDS.get(source["kind"], "pieces of feedback")


def _interval(source: Row, name: str) -> str:
    value, low, high = (100 * source[column] for column in (name, f"{name}_low", f"{name}_high"))
    return f"{value:.0f}{SPACE}% ({low:.0f}–{high:.0f}{SPACE}%)"


def _by_score(scores: list[Row]) -> list[str]:
    """Mean scores with their interval and scale; never mixed into the rest."""
    return [
        f"{score['score_name'] or 'The score'} in {score['source']}: {score['mean']:.1f} on average ({score['mean_low']:.1f}–{score['mean_high']:.1f}; "
        f"{score['score_worst']:g} is worst, {score['score_best']:g} best; {score['n']} answers)."
        for score in sorted(scores, key=lambda score: (score["source"], score["score_name"] or ""))
        if score["n"] >= SPOKEN_FROM
    ]


def _change(row: Row) -> str:
    if row["net_change"] is None:
        return "There is nothing to compare it with: no source spoke enough in the period before."
    before = f"the {row['before']}" if row["period_kind"] == "rolling" else row["before"]
    moved = {"better": f"Better than in {before}", "worse": f"Worse than in {before}"}.get(row["direction"], f"No clear change from {before}")
    points = f"{_signed(row['net_change'])} points ({_signed(row['net_change_low'])} to {_signed(row['net_change_high'])})"
    apart = f" But sources moved apart: {row['rose']} up, {row['fell']} down." if row["rose"] and row["fell"] else ""
    return f"{moved}: great minus trouble moved by {points}, each source compared with itself.{apart}"


def _signed(points: float) -> str:
    whole = round(points)
    return f"{whole:+d}".replace("-", "−") if whole else "0"


def _caution(sources: list[Row]) -> str:
    """Where sources contradict each other, and what none of them can say."""
    told = [source for source in sources if source["n"] >= SPOKEN_FROM]
    if not told:
        return ""
    best, worst = max(told, key=lambda source: source["indicator"]), min(told, key=lambda source: source["indicator"])
    if best["indicator_low"] > 0 > worst["indicator_high"]:
        return (
            f"The sources disagree: {best['source']} sounds well, {worst['source']} does not. Each hears other customers, "
            "so neither tells how all customers live here."
        )
    return "This is what those who spoke said, not how all customers live here."


def _running(row: Row) -> str:
    return "" if row["is_over"] or row["period_kind"] == "rolling" else " (not over yet)"


def _span(row: Row) -> str:
    """First to last day of the period, such as '9 Sep to 7 Dec 2022'."""
    first, last = _date(row["period_start"]), _date(row["period_end"]) - dt.timedelta(days=1)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day} to {last.day} {last:%b %Y}"
    return f"{first.day} {first:%b}{'' if first.year == last.year else f' {first.year}'} to {last.day} {last:%b %Y}"


def _date(day: Any) -> dt.date:
    return pd.Timestamp(day).date()
