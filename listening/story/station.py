"""Tell the story: counts by period in, the story's tables out.

This version gives no level of a stage, only what each source says, with its interval, and the direction in which they
move together: volunteered feedback alone does not tell how many of all customers live well.
"""

from __future__ import annotations

import datetime as dt
import logging
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from scipy.stats import t as student

from listening.journey import Journey
from listening.story import intervals, places, quotes, sentences, themes
from listening.warehouse import Warehouse
from listening.workspace import Company

LEAST_UNITS = 10  # of one source in one stage and period, to be compared with the period before
ROLLING_BEFORE = "90 days before"
METHOD = "90 % interval for sampling alone (Wilson); not corrected for the classifier's errors"
CHANGE_METHOD = "sources' changes weighted by precision, 90 % interval for sampling alone; not corrected for the classifier's errors"
PERIOD = ["period_kind", "period", "period_start", "period_end", "is_over"]
CELLS = [*PERIOD, "cut_by", "cut_value"]
CELL = [*CELLS, "stage"]
KEY = ["period_kind", "period", "cut_by", "cut_value", "stage"]
COUNTS = ["records", "units", "trouble", "in_between", "great", "without_stance"]
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
        today = clock.astimezone(ZoneInfo(company.timezone)).date()
        warehouse.build("story/periods", today=today, fiscal_start=company.fiscal_year_starts_in, clock=clock, timezone=company.timezone)
        warehouse.build("story/stage_counts")
        counts = warehouse.frame("story/stage_counts_by_source").astype({"period_start": object, "period_end": object})
        whole = warehouse.frame("story/all_periods").astype({"period_start": object, "period_end": object})
        cells = pd.concat([counts[CELLS], whole[CELLS]]).drop_duplicates()
        counts = counts[counts["stage"].isin(journey.names)]
        scores = _scores(warehouse.frame("story/score_counts"))
        heard = warehouse.frame("story/heard")
        customers = warehouse.frame("story/customers", clock=clock, timezone=company.timezone)
        sources = _sources(counts)
        changes = _changes(sources)
        picked = quotes.pick(warehouse.frame("story/quote_candidates"), sources)
        stories = _stories(journey, cells, sources, changes, heard).merge(customers, on=KEY, how="left")
        measures = _measures(stories)
        gathered = places.standing_out(sources)
        stories["story"] = sentences.tell_all(journey, stories, sources, scores, gathered, LEAST_UNITS)
        published = {
            "stage_sources": _without_window_before(sources), "stage_scores": _without_window_before(scores), "quotes": picked,
            "stage_measures": measures, "stage_story": stories, "stage_places": _without_window_before(gathered),
            "stage_themes": _without_window_before(themes.of_stages(warehouse)),
        }  # fmt: skip
        for name, frame in published.items():
            warehouse.replace(f"story/{name}", frame)
    told = Told(periods=stories["period"].nunique(), stories=len(stories), quotes=len(picked))
    log.info("told %s stories of %s periods", told.stories, told.periods)
    return told


def _sources(counts: pd.DataFrame) -> pd.DataFrame:
    """What each source says of a stage: shares in trouble and great among its units with a stance, and their net."""
    frame = counts.copy()
    frame["n"] = frame["units"] - frame["without_stance"]
    for name, column in (("positive", "great"), ("negative", "trouble")):
        frame[name], frame[f"{name}_low"], frame[f"{name}_high"] = intervals.share(frame[column], frame["n"])
    frame["indicator"], frame["variance"] = intervals.net(frame["great"], frame["trouble"], frame["n"])
    frame["indicator_low"], frame["indicator_high"] = intervals.around(frame["indicator"], frame["variance"])
    frame["contribution"], frame["source_adjusted"] = np.nan, False
    return frame


def _scores(counts: pd.DataFrame) -> pd.DataFrame:
    """Scores by source and name, beside the story and never mixed into it."""
    frame = counts.copy()
    frame["net"], variance = intervals.net(frame["great"], frame["trouble"], frame["n"])
    frame["low"], frame["high"] = intervals.around(frame["net"], variance)
    half = student.ppf(0.95, frame["n"].clip(lower=2) - 1) * frame["deviation"].fillna(0) / np.sqrt(frame["n"])  # Student's, 90 %
    ends = frame[["score_worst", "score_best"]]
    frame["mean_low"] = (frame["mean"] - half).clip(lower=ends.min(axis=1)).where(frame["n"] > 1)
    frame["mean_high"] = (frame["mean"] + half).clip(upper=ends.max(axis=1)).where(frame["n"] > 1)
    return frame


def _changes(sources: pd.DataFrame) -> pd.DataFrame:
    """Change of the net against the period before, by stage and cut, over the sources that both periods have enough of.

    Each source is compared with itself, so that a changed mix of sources is no change of the stage.
    """
    enough = sources[sources["n"] >= LEAST_UNITS]
    past = enough[[*KEY, "source", "period_end", "n", "indicator", "variance"]]
    past = past.rename(columns={"period": "before", "period_end": "period_start"})
    pairs = enough.merge(past, on=["period_kind", "period_start", "cut_by", "cut_value", "stage", "source"], suffixes=("", "_before"))
    pairs["difference"], spread = pairs["indicator"] - pairs["indicator_before"], pairs["variance"] + pairs["variance_before"]
    pairs["weight"], pairs["units"] = 1 / spread, pairs["n"] + pairs["n_before"]
    pairs["weighted"] = pairs["difference"] * pairs["weight"]
    grouped = pairs.groupby(CELL)
    change = grouped.agg(weight=("weight", "sum"), weighted=("weighted", "sum"), change_n=("units", "sum"), before=("before", "first")).reset_index()
    change["net_change"] = change["weighted"] / change["weight"]
    change["net_change_low"], change["net_change_high"] = intervals.around(change["net_change"], 1 / change["weight"], within=200)
    low, high = intervals.around(pairs["difference"], spread, within=200)
    for name, moved in (("rose", pairs[low > 0]), ("fell", pairs[high < 0])):
        change = change.merge(moved.groupby(KEY)["source"].agg(", ".join).rename(name).reset_index(), on=KEY, how="left")
    return change


def _stories(journey: Journey, cells: pd.DataFrame, sources: pd.DataFrame, changes: pd.DataFrame, heard: pd.DataFrame) -> pd.DataFrame:
    """One row for each stage of the journey, period and cut; silent where there is too little feedback."""
    cells = cells[cells["period"] != ROLLING_BEFORE]
    frame = cells.merge(pd.DataFrame({"stage": journey.names}), how="cross")
    totals = sources.groupby(KEY)[[*COUNTS, "n"]].sum().assign(most=sources.groupby(KEY)["n"].max()).reset_index()
    frame = frame.merge(totals, on=KEY, how="left").merge(heard, on=KEY, how="left")
    frame = frame.merge(changes[[*KEY, "change_n", "net_change", "net_change_low", "net_change_high", "before", "rose", "fell"]], on=KEY, how="left")
    numbers = [*COUNTS, "n", "most", "heard"]
    frame[numbers] = frame[numbers].fillna(0).astype("int64")
    frame["evidence_level"] = np.where(frame["most"] >= LEAST_UNITS, "direction", "insufficient")
    frame["direction"] = None
    is_compared = frame["net_change"].notna()
    frame.loc[is_compared, "direction"] = "no clear change"
    frame.loc[is_compared & (frame["net_change_low"] > 0), "direction"] = "better"
    frame.loc[is_compared & (frame["net_change_high"] < 0), "direction"] = "worse"
    frame["owner"] = frame["stage"].map({stage.stage: stage.owner for stage in journey.stages})
    return frame.sort_values(["period_kind", "period_start", "cut_by", "cut_value"], kind="stable").reset_index(drop=True)


def _measures(stories: pd.DataFrame) -> pd.DataFrame:
    """Shares of feedback, and the change of its net, each with interval, number of units and method."""
    parts = []
    spoken = stories[stories["n"] > 0]
    for measure, column in (("trouble_of_feedback", "trouble"), ("great_of_feedback", "great")):
        value, low, high = intervals.share(spoken[column], spoken["n"])
        parts.append(spoken[CELL].assign(measure=measure, value=value, low=low, high=high, n=spoken[column], denominator=spoken["n"], method=METHOD))
    compared = stories[stories["net_change"].notna()]
    parts.append(
        compared[CELL].assign(
            measure="net_change_of_feedback", value=compared["net_change"], low=compared["net_change_low"], high=compared["net_change_high"],
            n=compared["change_n"], denominator=compared["change_n"], method=CHANGE_METHOD,
        )
    )  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def _without_window_before(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[frame["period"] != ROLLING_BEFORE]
