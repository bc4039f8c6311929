"""Tell the story: counts by period in, the story's tables out.

Where customers were asked at random, the level of a stage is estimated from their answers and all sources together.
Elsewhere only what each source says is told, and the direction in which sources move: volunteered feedback alone does
not tell how many of all customers live well.
"""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from listening.journey import Journey
from listening.story import estimates, feedback, measures, places, quotes, readings, sentences
from listening.story.feedback import CELL, KEY, LEAST_UNITS
from listening.warehouse import Warehouse
from listening.workspace import Company

NOW = "last 90 days"  # the one window of the rolling series that is told of
PLACES = CELL[:-1]
COUNTS = [
    "records", "units", "trouble", "in_between", "great", "without_stance",
    "worded", "below", "met", "exceeded", "laborious", "easy", "memorable_good", "memorable_bad",
]  # fmt: skip
DAYS = {"period_start": object, "period_end": object}
BUILT = ("passages", "members", "customers", "asked", "cells", "stage_counts")
log = logging.getLogger(__name__)


@dataclass
class Told:
    """How much was told this night."""

    periods: int = 0
    stories: int = 0
    quotes: int = 0


def tell(warehouse: Warehouse, journey: Journey, company: Company, clock: dt.datetime) -> Told:
    """Make the story's tables anew from the signals as they stand at `clock`."""
    with warehouse.transaction():
        _count(warehouse, journey, company, clock)
        told = _tell(warehouse, journey)
    log.info("told %s stories of %s periods", told.stories, told.periods)
    return told


def _count(warehouse: Warehouse, journey: Journey, company: Company, clock: dt.datetime) -> None:
    """Periods, and who was where in them."""
    today, points = clock.astimezone(ZoneInfo(company.timezone)).date(), journey.stage_of_touchpoint
    warehouse.build("story/periods", today=today, fiscal_start=company.fiscal_year_starts_in, clock=clock, timezone=company.timezone)
    for name in BUILT:
        warehouse.build(f"story/{name}", clock=clock, timezone=company.timezone, touchpoints=list(points), stages=list(points.values()))


def _tell(warehouse: Warehouse, journey: Journey) -> Told:
    periods = warehouse.frame("story/all_periods").astype(DAYS)
    counts = warehouse.frame("story/stage_counts_by_source").astype(DAYS)
    cells, customers = (_of_journey(warehouse.frame(f"story/all_{name}"), journey) for name in ("cells", "customers"))
    scores = feedback.scores(warehouse.frame("story/score_counts"))
    said = feedback.sources(_of_journey(counts, journey))
    read = readings.read(said, warehouse.frame("story/survey_cells"), cells, customers, _of_journey(warehouse.frame("story/failures"), journey))
    estimated = estimates.estimate(cells, read, periods)
    sources = _with_readings(said, read, estimated.contributions, periods)
    spans = pd.concat([counts[PLACES], periods, _spans(estimated.stages, periods)]).drop_duplicates()
    spoke = said.groupby(KEY)[[*COUNTS, "n"]].sum().assign(most=said.groupby(KEY)["n"].max()).reset_index()
    stories = _stories(journey, spans, spoke, feedback.changes(said), warehouse.frame("story/heard"), customers, estimated.stages)
    kept, asked = warehouse.frame("story/kept_feedback"), warehouse.frame("story/asked_counts")
    measured = measures.measure(stories, spoke, kept, asked, warehouse.frame("story/representation", clock=clock, timezone=timezone), periods)
    picked = quotes.pick(warehouse.frame("story/quote_candidates"), said)
    gathered = places.standing_out(said)
    stories["story"] = sentences.tell_all(journey, stories, said, scores, gathered, LEAST_UNITS)
    published = {
        "stage_sources": sources, "stage_scores": scores, "quotes": picked,
        "stage_measures": measured, "stage_story": stories, "stage_places": gathered,
    }  # fmt: skip
    for name, frame in published.items():
        warehouse.replace(f"story/{name}", _told(frame))
    return Told(periods=stories["period"].nunique(), stories=len(stories), quotes=len(picked))


def _with_readings(said: pd.DataFrame, read: pd.DataFrame, contributions: pd.DataFrame, periods: pd.DataFrame) -> pd.DataFrame:
    """Each source with what the estimate took from it; one that brought no words there, such as operations, has a row without units."""
    days = periods.drop(columns=["cut_by", "cut_value"])
    known = read.merge(contributions, on=[*KEY, "source"], how="left").merge(days, on=["period_kind", "period"]).assign(**{name: 0 for name in [*COUNTS, "n"]})
    both = said.merge(known, on=[*CELL, "source"], how="outer", suffixes=("", "_read"))
    for name in ("kind", *COUNTS, "n"):
        both[name] = both[name].where(both[name].notna(), both.pop(f"{name}_read"))
    return both.assign(source_adjusted=both["source_adjusted"].eq(True)).astype(dict.fromkeys([*COUNTS, "n"], "int64"))


def _stories(
    journey: Journey, spans: pd.DataFrame, spoke: pd.DataFrame, changes: pd.DataFrame, heard: pd.DataFrame, customers: pd.DataFrame, estimated: pd.DataFrame
) -> pd.DataFrame:
    """One row for each stage of the journey, period and cut; silent where too little is known."""
    frame = _told(spans).merge(pd.DataFrame({"stage": journey.names}), how="cross")
    moved = changes[[*KEY, "change_n", "net_change", "net_change_low", "net_change_high", "before", "rose", "fell"]]
    for rows in (spoke, heard, customers, moved, estimated.rename(columns={"direction": "estimated_direction", "evidence_level": "estimated_level"})):
        frame = frame.merge(rows, on=KEY, how="left")
    numbers = [*COUNTS, "n", "most", "heard"]
    frame[numbers] = frame[numbers].fillna(0).astype("int64")
    frame = frame.assign(**_evidence(frame))
    frame["owner"] = frame["stage"].map({stage.stage: stage.owner for stage in journey.stages})
    return frame.sort_values(["period_kind", "period_start", "cut_by", "cut_value"], kind="stable").reset_index(drop=True)


def _evidence(frame: pd.DataFrame) -> dict[str, NDArray[Any]]:
    """What may be said of each stage, and how it moved: by the estimate where customers were asked at random, else by what the sources say."""
    is_asked = frame["estimated_level"].notna() & (frame["why"] != "no check-ins")
    is_estimated = is_asked & (frame["estimated_level"] != "insufficient")
    is_silent = is_asked & (frame["why"] == "few customers")
    is_told = np.asarray(~is_silent & (frame["most"] >= LEAST_UNITS))
    level = np.where(is_estimated, frame["estimated_level"], np.where(is_told, "direction", "insufficient"))
    is_compared = frame["net_change"].notna() & (level != "insufficient")
    moved = np.where(frame["net_change_low"] > 0, "better", np.where(frame["net_change_high"] < 0, "worse", "no clear change"))
    direction = np.where(is_estimated, frame["estimated_direction"], np.where(is_compared, moved, None))
    is_ordered = level != "insufficient"
    return {"evidence_level": level, "direction": direction} | {name: frame[name].where(is_ordered) for name in ("order_low", "order_high")}


def _spans(estimated: pd.DataFrame, periods: pd.DataFrame) -> pd.DataFrame:
    """The periods and cuts of which there is an estimate, also where nobody spoke."""
    return estimated[KEY[:-1]].drop_duplicates().merge(periods.drop(columns=["cut_by", "cut_value"]), on=["period_kind", "period"])[PLACES]


def _of_journey(frame: pd.DataFrame, journey: Journey) -> pd.DataFrame:
    return frame[frame["stage"].isin(journey.names)]


def _told(frame: pd.DataFrame) -> pd.DataFrame:
    """Without the older windows of the rolling series, which are only compared with."""
    return frame[(frame["period_kind"] != "rolling") | (frame["period"] == NOW)]
