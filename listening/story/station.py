"""Tell the story: counts by period in, the story's tables out.

Where customers were asked at random, the level of a stage is estimated from their answers and all sources together.
Elsewhere only what each source says is told, and the direction in which sources move: volunteered feedback alone does
not tell how many of all customers live well.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from listening import tables
from listening.journey import Journey
from listening.story import estimates, feedback, measures, places, quotes, readings, sentences, shares, stage_shares, themes, touchpoints
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
BY_PERIOD = (
    "customers", "asked", "cells", "coverage", "stage_counts", "survey_cells", "failures", "heard", "kept_feedback",
    "representation", "score_counts", "touchpoint_counts", "theme_counts", "theme_customers", "read_shares", "read_words", "quote_candidates",
)  # fmt: skip  # each from what is known of its period's days and from those before it
TOLD = ("stage_sources", "stage_measures", "stage_places", "touchpoint_story", "stage_story", "story_sentences")
log = logging.getLogger(__name__)


@dataclass
class Told:
    """How much was told this night."""

    periods: int = 0
    stories: int = 0
    quotes: int = 0


def tell(warehouse: Warehouse, journey: Journey, company: Company, clock: dt.datetime) -> Told:
    """Make the story's tables anew from the signals as they stand at `clock`."""
    points = journey.stage_of_touchpoint
    given = {
        "clock": clock, "timezone": company.timezone, "today": clock.astimezone(ZoneInfo(company.timezone)).date(),
        "fiscal_start": company.fiscal_year_starts_in, "names": journey.names, "touchpoints": list(points), "stages": list(points.values()),
        "enough": shares.ENOUGH_WITHIN, "most_compared": quotes.MOST_COMPARED,
    }  # fmt: skip
    with warehouse.transaction():
        if _count(warehouse, given, journey):
            _tell_periods(warehouse, journey)
            _tell(warehouse, journey)
    told = Told(**warehouse.rows("story/number_told")[0])
    log.info("told %s stories of %s periods", told.stories, told.periods)
    return told


def _count(warehouse: Warehouse, given: dict[str, Any], journey: Journey) -> bool:
    """Count the periods again of which anything differs from when they were told last; gives whether there are any.

    All of them are counted where it is done in another way than last, or of another journey.
    """
    for name in ("days", "periods", "surveys"):
        warehouse.build(f"story/{name}", **given)
    version = _version(warehouse, given, journey)
    is_anew = not warehouse.rows("story/number_of_told_periods", version=version)[0]["periods"]
    if is_anew:
        for name in ("told_periods", "stage_shares", "stage_scores", "stage_themes", "quotes", "quoted", *TOLD):
            warehouse.empty(f"story/{name}")
    for name in ("touched_periods", "due", "due_days", "retold", "compared", "renewed", "needed"):
        warehouse.build(f"story/{name}")
    if not is_anew and not len(warehouse.select("story/touched_periods", ["period"])):
        return False
    for name in ("passages", "members"):
        warehouse.build(f"story/{name}", **given)
    for name in BY_PERIOD:
        if is_anew:
            warehouse.build(f"story/{name}", **given)
        else:
            warehouse.recount(f"story/{name}", "story/touched_periods", **given)
    warehouse.replace("story/told_days", warehouse.query("story/all_days"))
    warehouse.replace("story/told_periods", warehouse.query("story/periods_told", version=version))
    return True


def _version(warehouse: Warehouse, given: dict[str, Any], journey: Journey) -> str:
    """What periods are told by, beside their days: the way of counting, settings, journey, and which survey a stage's invitations are to."""
    settings = {name: value for name, value in given.items() if name not in ("clock", "today")}  # these two are in what days and periods are
    program = [path.read_text(encoding="utf-8") for path in sorted(Path(__file__).parent.glob("*.py"))]
    content = json.dumps([tables.version("story"), program, settings, repr(journey), warehouse.rows("story/all_surveys")])
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def _tell_periods(warehouse: Warehouse, journey: Journey) -> None:
    """Tell again what follows from the counts of a period and the one before it alone."""
    stage_shares.tell(warehouse)
    themes.tell(warehouse)
    scored = warehouse.whole("story/score_counts", of="story/retold")
    warehouse.renew("story/stage_scores", "story/retold", feedback.scores(scored[scored["stage"].isin(journey.names)]))


def _tell(warehouse: Warehouse, journey: Journey) -> None:
    def whole(name: str) -> pd.DataFrame:
        found = warehouse.whole(f"story/{name}", of="story/needed")
        return found[found["stage"].isin(journey.names)]

    periods = warehouse.frame("story/needed_periods").astype(DAYS)
    counts, cells = warehouse.whole("story/stage_counts", of="story/needed").astype(DAYS), whole("cells")
    customers, coverage = whole("customers"), whole("coverage")
    asked = warehouse.frame("story/asked_counts")
    asked = asked[asked["stage"].isin(journey.names)]
    said = feedback.sources(counts[counts["stage"].isin(journey.names)])
    answers = readings.survey_answers(said, whole("survey_cells"), cells)
    read = readings.read(said, answers, customers, whole("failures")).merge(periods[["period_kind", "period", "period_start"]])
    estimated, gaps = estimates.estimate(cells, read), _gaps(estimates.survey_gaps(cells, read, answers), said)
    spans = pd.concat([counts[PLACES], periods, _spans(estimated.stages, periods)]).drop_duplicates()
    spoke = said.groupby(KEY)[[*COUNTS, "n"]].sum().assign(most=said.groupby(KEY)["n"].max()).reset_index()
    stories = _stories(journey, spans, spoke, feedback.changes(said), whole("heard"), customers, estimated.stages, gaps).merge(_before(periods), how="left")
    measured = measures.measure(
        stories, spoke, whole("kept_feedback"), warehouse.whole("story/read_words", of="story/needed"), asked, whole("representation"), periods
    )
    gathered, points = places.standing_out(said), touchpoints.tell(whole("touchpoint_counts"), journey)
    scores, named = whole("stage_scores"), warehouse.frame("story/themes_to_name", least=sentences.LEAST_NAMED, most=sentences.THEMES_NAMED)
    told = sentences.tell_all(journey, stories, _told(said), scores, gathered, named, measured, coverage, LEAST_UNITS)
    stories["story"] = [" ".join(sentence.text for sentence in each) for each in told]
    sources = _with_readings(said, read, estimated.contributions, periods)
    warehouse.replace("story/readings", read)
    for name, rows in zip(TOLD, (sources, measured, gathered, points, stories, _by_sentence(stories, told)), strict=True):
        warehouse.renew(f"story/{name}", "story/renewed", _told(rows))
    _quote(warehouse, stories)


def _quote(warehouse: Warehouse, stories: pd.DataFrame) -> None:
    """Choose the quotes again of stages and periods that are touched, or whose sides are divided otherwise."""
    for name in ("quoted", "quotes"):
        warehouse.renew(f"story/{name}", "story/touched_periods", [])
    sides = quotes.sides(stories)
    compared = sides.merge(warehouse.whole("story/quoted"), how="outer", indicator=True)
    warehouse.replace("story/requoted", compared.loc[compared["_merge"] != "both", quotes.KEY].drop_duplicates())
    warehouse.renew("story/quotes", "story/requoted", quotes.pick(warehouse.whole("story/quote_candidates", of="story/requoted"), sides))
    warehouse.replace("story/quoted", sides)


def _by_sentence(stories: pd.DataFrame, told: list[list[sentences.Sentence]]) -> pd.DataFrame:
    """One row for each sentence of each story, with the part that it belongs to."""
    rows = [(place, number, *each) for place, said in enumerate(told) for number, each in enumerate(said, start=1)]
    frame = pd.DataFrame(rows, columns=["place", "sentence_no", "part", "text"])
    return stories[[*PLACES, "stage"]].reset_index(drop=True).merge(frame, left_index=True, right_on="place").drop(columns="place")


def _with_readings(said: pd.DataFrame, read: pd.DataFrame, contributions: pd.DataFrame, periods: pd.DataFrame) -> pd.DataFrame:
    """Each source with what the estimate took from it; one that brought no words there, such as operations, has a row without units."""
    days = periods.drop(columns=["cut_by", "cut_value"])
    known = (
        read.drop(columns="period_start")
        .merge(contributions, on=[*KEY, "source"], how="left")
        .merge(days, on=["period_kind", "period"])
        .assign(**{name: 0 for name in [*COUNTS, "n"]})
    )
    both = said.merge(known, on=[*CELL, "source"], how="outer", suffixes=("", "_read"))
    for name in ("kind", *COUNTS, "n"):
        both[name] = both[name].where(both[name].notna(), both.pop(f"{name}_read"))
    return both.assign(source_adjusted=both["source_adjusted"].eq(True)).astype(dict.fromkeys([*COUNTS, "n"], "int64"))


def _stories(
    journey: Journey,
    spans: pd.DataFrame,
    spoke: pd.DataFrame,
    changes: pd.DataFrame,
    heard: pd.DataFrame,
    customers: pd.DataFrame,
    estimated: pd.DataFrame,
    gaps: pd.DataFrame,
) -> pd.DataFrame:
    """One row for each stage of the journey, period and cut; silent where too little is known."""
    frame = _told(spans).merge(pd.DataFrame({"stage": journey.names}), how="cross")
    moved = changes[[*KEY, "change_n", "net_change", "net_change_low", "net_change_high", "rose", "fell"]]
    for rows in (spoke, heard, customers, moved, estimated.rename(columns={"direction": "estimated_direction", "evidence_level": "estimated_level"}), gaps):
        frame = frame.merge(rows, on=KEY, how="left")
    numbers = [*COUNTS, "n", "most", "heard"]
    frame[numbers] = frame[numbers].fillna(0).astype("int64")
    frame = frame.assign(**_evidence(frame))
    frame["owner"] = frame["stage"].map({stage.stage: stage.owner for stage in journey.stages})
    return frame.sort_values(["period_kind", "period_start", "cut_by", "cut_value"], kind="stable").reset_index(drop=True)


def _gaps(tested: pd.DataFrame, said: pd.DataFrame) -> pd.DataFrame:
    """Whether the survey is out of step, by stage and period, with the figures behind that."""
    surveys = said[(said["kind"] == "survey") & (said["n"] > 0)].groupby(KEY, as_index=False).agg(survey=("source", " and ".join), survey_answers=("n", "sum"))
    return tested[tested["is_gap"].notna()].assign(survey_gap=tested["is_gap"].astype(object)).drop(columns="is_gap").merge(surveys, on=KEY)


def _before(periods: pd.DataFrame) -> pd.DataFrame:
    """The period right before each."""
    past = periods.rename(columns={"period": "before", "period_end": "ended"})[["period_kind", "before", "ended"]]
    both = periods.merge(past, left_on=["period_kind", "period_start"], right_on=["period_kind", "ended"])
    return both[["period_kind", "period", "before"]]


def _evidence(frame: pd.DataFrame) -> dict[str, pd.Series[Any]]:
    """What may be said of each stage, and how it moved: by the estimate where customers were asked at random, else by what the sources say."""
    is_asked = frame["estimated_level"].notna() & (frame["why"] != "no check-ins")
    is_estimated = is_asked & (frame["estimated_level"] != "insufficient")
    is_silent = is_asked & (frame["why"] == "few customers")
    level = frame["estimated_level"].where(is_estimated, np.where(~is_silent & (frame["most"] >= LEAST_UNITS), "direction", "insufficient"))
    is_compared = frame["net_change"].notna() & (level != "insufficient")
    moved = pd.Series("no clear change", frame.index).mask(frame["net_change_low"] > 0, "better").mask(frame["net_change_high"] < 0, "worse")
    direction = frame["estimated_direction"].where(is_estimated, moved.where(is_compared, None))
    is_ordered = level != "insufficient"
    return {"evidence_level": level, "direction": direction} | {name: frame[name].where(is_ordered) for name in ("order_low", "order_high")}


def _spans(estimated: pd.DataFrame, periods: pd.DataFrame) -> pd.DataFrame:
    """The periods and cuts of which there is an estimate, also where nobody spoke."""
    return estimated[KEY[:-1]].drop_duplicates().merge(periods.drop(columns=["cut_by", "cut_value"]), on=["period_kind", "period"])[PLACES]


def _told(frame: pd.DataFrame) -> pd.DataFrame:
    """Without the older windows of the rolling series, which are only compared with."""
    return frame[(frame["period_kind"] != "rolling") | (frame["period"] == NOW)]
