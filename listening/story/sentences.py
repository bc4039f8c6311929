"""The story in words: takes a stage's figures, gives sentences that a CX lead can read without a glossary."""

from __future__ import annotations

from typing import Any

import pandas as pd

from listening.journey import Journey

KEY = ["period_kind", "period", "cut_by", "cut_value", "stage"]
SPOKEN_FROM = 5  # units of one source; with fewer a share would say nothing


def tell_all(journey: Journey, stories: pd.DataFrame, sources: pd.DataFrame, scores: pd.DataFrame) -> list[str]:
    """A story for each row of `stories`, in their order."""
    of_sources = dict(list(sources.groupby(KEY)))
    of_scores = dict(list(scores.groupby(KEY)))
    keys = stories[KEY].itertuples(index=False, name=None)
    return [_story(journey, row, of_sources.get(key), of_scores.get(key)) for key, row in zip(keys, _rows(stories), strict=True)]


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [dict(zip(frame.columns, row, strict=True)) for row in frame.itertuples(index=False, name=None)]


def _story(journey: Journey, row: dict[str, Any], sources: pd.DataFrame | None, scores: pd.DataFrame | None) -> str:
    title = journey.titles[str(row["stage"])]
    where = "" if row["cut_by"] == "all" else f" ({row['cut_by']}: {row['cut_value']})"
    span = _span(row["period_start"], row["period_end"])
    if row["evidence_level"] == "insufficient" or sources is None:
        number = int(row["units"])
        heard = "Nobody spoke" if not number else "One piece of feedback spoke" if number == 1 else f"Only {number} pieces of feedback spoke"
        return f"{heard} of {title}{where} in {span}: too little to say how customers live there."
    parts = [_opening(title, where, span, row, sources), *_by_source(sources)]
    if scores is not None:
        parts += _by_score(scores)
    parts.append(_change(row))
    parts.append(_caution(sources))
    return " ".join(part for part in parts if part)


def _opening(title: str, where: str, span: str, row: dict[str, Any], sources: pd.DataFrame) -> str:
    names = ", ".join(sources.sort_values("n", ascending=False)["source"])
    return f"{title}{where}, {span}: {row['units']} pieces of feedback from {len(sources)} source{'s' * (len(sources) > 1)} ({names})."


def _by_source(sources: pd.DataFrame) -> list[str]:
    lines = []
    for source in _rows(sources.sort_values("n", ascending=False)):
        if source["n"] < SPOKEN_FROM:
            continue
        lines.append(
            f"Of {source['n']} in {source['source']}, {source['negative']:.0%} ({source['negative_low']:.0%} to {source['negative_high']:.0%}) "
            f"told of trouble and {source['positive']:.0%} ({source['positive_low']:.0%} to {source['positive_high']:.0%}) lived it great."
        )
    return lines


def _by_score(scores: pd.DataFrame) -> list[str]:
    return [
        f"The score {score['score_name']} in {score['source']} stands at {score['mean']:.1f} "
        f"({score['mean_low']:.1f} to {score['mean_high']:.1f}, {score['n']} answers)."
        for score in _rows(scores.sort_values(["source", "score_name"]))
        if score["n"] >= SPOKEN_FROM and score["score_name"] and not pd.isna(score["mean_low"])
    ]


def _change(row: dict[str, Any]) -> str:
    if not isinstance(row["direction"], str):
        return ""
    low, high = round(row["net_change_low"]), round(row["net_change_high"])
    before = f"the {row['before']}" if row["period_kind"] == "rolling" else str(row["before"])
    spread = f"{round(float(str(row['net_change']))):+d} points ({low:+d} to {high:+d}) of net feedback, each source against itself"
    if row["direction"] == "no clear change":
        return f"No clear change against {before}: {spread}."
    return f"It got {row['direction']} than in {before}: {spread}."


def _caution(sources: pd.DataFrame) -> str:
    """Where sources contradict each other, and what none of them can say."""
    told = sources[sources["n"] >= SPOKEN_FROM]
    if len(told) > 1:
        best, worst = max(_rows(told), key=_indicator), min(_rows(told), key=_indicator)
        if best["indicator_low"] > worst["indicator_high"] and best["indicator"] > 0 > worst["indicator"]:
            return (
                f"The sources disagree: {best['source']} sounds well, {worst['source']} does not. Each hears other customers, "
                "so neither tells how all customers of the stage live."
            )
    return "This is what those who spoke said; how all customers of the stage live is not known from it."


def _indicator(source: dict[str, Any]) -> float:
    return float(source["indicator"])


def _span(start: object, end: object) -> str:
    first, last = pd.Timestamp(str(start)), pd.Timestamp(str(end)) - pd.Timedelta(days=1)
    return f"{first.day} {first:%b %Y} to {last.day} {last:%b %Y}"
