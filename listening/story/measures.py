"""The measures of a stage, each with its interval, its count and its denominator: takes stories and counts, gives `stage_measures`.

The ending says of whom: `of_feedback` of those who spoke, `of_customers` of all customers in the stage, known from the
balanced estimate or from customers who were asked at random, `of_kept_…` of those among them for whom no measure failed.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from listening import intervals
from listening.story import corrections
from listening.story.feedback import CELL, KEY

SPOKE = "90 % interval for sampling alone (Wilson); not corrected for the classifier's errors"
UNCORRECTED = (
    "uncorrected: as the classifier reads, 90 % interval for sampling alone (Wilson); it takes 200 random labels of the period's texts of each source, "
    "and cuts are never corrected"
)
BY_LABELS = "corrected by {labels} random labels of the same texts, post-stratified by predicted class; 90 % interval for sampling and labels"
MOVED = "sources' changes weighted by precision, 90 % interval for sampling alone; not corrected for the classifier's errors"
BALANCED = "balanced estimate from random check-ins and all sources, 90 % interval"
ASKED = "customers asked at random who answered, 90 % interval for sampling alone (Wilson)"
APART = "difference from the period before, 90 % interval for sampling alone (Newcombe)"
APART_UNCORRECTED = f"uncorrected: as the classifier reads; {APART}"
APART_BY_LABELS = "difference from the period before, both corrected by random labels of their own texts; 90 % interval for sampling and labels (Newcombe)"
EXCESS = "survey's net minus the balanced estimate without the survey, beyond the median of that over stages and periods; 90 % interval"
AGAINST = "answer rate of customers with a failure over that of those without, of those invited where known; 90 % interval for sampling alone (Walter)"
LEAST_OF_A_KIND = 20  # customers with a failure, and without, to compare how often they answered
LEAST_TOLD = 5  # answers in both periods, for a change between them

Share = tuple[str, str]  # the columns of the hits and of the denominator
OF_FEEDBACK: dict[str, Share] = {
    "trouble_of_feedback": ("trouble", "n"),
    "great_of_feedback": ("great", "n"),
    "expectation_below_of_feedback": ("below", "expectation"),
    "expectation_met_of_feedback": ("met", "expectation"),
    "expectation_exceeded_of_feedback": ("exceeded", "expectation"),
    "effort_of_feedback": ("laborious", "effort"),
    "memorable_good_of_feedback": ("memorable_good", "worded"),
    "memorable_bad_of_feedback": ("memorable_bad", "worded"),
    "expectation_below_of_kept_feedback": ("kept_below", "kept"),
}
OF_CUSTOMERS: dict[str, Share] = {
    "expectation_below_of_customers": ("below", "expectation"),
    "expectation_met_of_customers": ("met", "expectation"),
    "expectation_exceeded_of_customers": ("exceeded", "expectation"),
    "expectation_below_of_kept_customers": ("kept_below", "kept"),
    "effort_of_customers": ("laborious", "effort"),
    "memorable_good_of_customers": ("memorable_good", "memorable"),
    "memorable_bad_of_customers": ("memorable_bad", "memorable"),
    "recommend_of_customers": ("recommending", "recommend"),
}
ESTIMATED = {"net_experience": "net", "trouble_of_customers": "trouble_of_customers", "great_of_customers": "great_of_customers"}  # stem of low and high
COLUMNS = ["measure", "value", "low", "high", "n", "denominator", "method"]


def measure(
    stories: pd.DataFrame,
    spoke: pd.DataFrame,
    kept: pd.DataFrame,
    read: pd.DataFrame,
    asked: pd.DataFrame,
    represented: pd.DataFrame,
    periods: pd.DataFrame,
) -> pd.DataFrame:
    """Every measure of every stage, period and cut for which there is anything to count.

    Args:
        stories: one row per stage, period and cut, with what was estimated.
        spoke: units by what they tell, of every stage, period and cut.
        kept: units that tell of an expectation, of customers for whom no measure failed.
        read: texts as they were read and labelled, as for `corrections.correct`.
        asked: answers of customers who were asked at random.
        represented: customers with and without a failure, and how many of them answered a survey.
        periods: to know the period before.
    """
    spoke = spoke.merge(kept, on=KEY, how="left")
    spoke["expectation"], spoke["effort"] = spoke[["below", "met", "exceeded"]].sum(axis=1), spoke[["laborious", "easy"]].sum(axis=1)
    corrected = corrections.correct(read, spoke, OF_FEEDBACK)
    parts = [
        _corrected(_shares(stories[CELL].merge(spoke, on=KEY), OF_FEEDBACK, SPOKE), corrected),
        _shares(stories[CELL].merge(asked, on=KEY), OF_CUSTOMERS, ASKED),
        *(_estimated(stories, name, stem) for name, stem in ESTIMATED.items()),
        _net_change(stories),
        _survey_excess(stories),
        _survey_ratio(stories[CELL].merge(represented, on=KEY)),
        *_decays(stories[CELL], spoke, periods, corrected),
        _decay(stories[CELL], asked, periods).assign(measure="expectation_exceeded_change_of_customers", method=APART),
    ]
    return pd.concat([part[[*CELL, *COLUMNS]] for part in parts], ignore_index=True).astype({"n": "int64", "denominator": "int64"})


def _shares(counts: pd.DataFrame, shares: Mapping[str, Share], method: str) -> pd.DataFrame:
    """A measure for each share, where its denominator is not empty."""
    hits, of = (counts[[pair[side] for pair in shares.values()]].to_numpy(float, na_value=0.0).T for side in (0, 1))
    share, place = np.nonzero(of > 0)
    hits, of = hits[share, place], of[share, place]
    value, low, high = intervals.share(hits, of)
    names = pd.Index(list(shares))[share]
    return counts[CELL].iloc[place].assign(measure=names, value=value, low=low, high=high, n=hits, denominator=of, method=method)


def _corrected(measures: pd.DataFrame, corrected: pd.DataFrame) -> pd.DataFrame:
    """Measures read from words with the classifier's errors taken out where labels allow it; n and denominator stay as they were read."""
    both = measures.merge(corrected, on=[*KEY, "measure"], how="left", suffixes=("", "_corrected"))
    known = both["worth"].notna()
    told = dict(zip(("value", "low", "high"), intervals.share(both["value_corrected"] * both["worth"], both["worth"]), strict=True))
    methods = both["labels"].map(lambda labels: BY_LABELS.format(labels=int(labels)), na_action="ignore")
    as_read = both["method"].mask(both["measure"].isin(corrections.CORRECTED), UNCORRECTED)
    return both.assign(**{name: both[name].where(~known, numbers) for name, numbers in told.items()}, method=as_read.where(~known, methods))


def _estimated(stories: pd.DataFrame, name: str, stem: str) -> pd.DataFrame:
    """What is true of all customers; n is how many were asked at random and answered in the period."""
    told = stories[stories[name].notna()]
    value, low, high = told[name], told[f"{stem}_low"], told[f"{stem}_high"]
    return told[CELL].assign(measure=name, value=value, low=low, high=high, n=told["answers"], denominator=told["customers"], method=BALANCED)


def _net_change(stories: pd.DataFrame) -> pd.DataFrame:
    told = stories[stories["net_change"].notna()]
    return told[CELL].assign(
        measure="net_change_of_feedback", value=told["net_change"], low=told["net_change_low"], high=told["net_change_high"],
        n=told["change_n"], denominator=told["change_n"], method=MOVED,
    )  # fmt: skip


def _survey_excess(stories: pd.DataFrame) -> pd.DataFrame:
    """By how much the survey is rosier than the story told without it, beyond what it usually is."""
    told = stories[stories["survey_gap"].notna()]
    of_survey = np.maximum(told["survey_high"] - told["survey_net"], told["survey_net"] - told["survey_low"])  # the other side may end at ±100
    half = np.sqrt(of_survey**2 + (intervals.Z * told["story_sd"]) ** 2)
    value, n = told["excess"], told["survey_answers"]
    return told.assign(measure="survey_excess", value=value, low=value - half, high=value + half, n=n, denominator=n, method=EXCESS)


def _survey_ratio(counts: pd.DataFrame) -> pd.DataFrame:
    """How many times as often customers with a failure answered the survey."""
    told = counts[(counts["failed"] >= LEAST_OF_A_KIND) & (counts["passed"] >= LEAST_OF_A_KIND)]
    value, low, high = intervals.ratio(told["failed_answered"], told["failed"], told["passed_answered"], told["passed"])
    answers = told["failed_answered"] + told["passed_answered"]
    return told[CELL].assign(measure="survey_ratio_of_failed", value=value, low=low, high=high, n=told["failed_answered"], denominator=answers, method=AGAINST)


def _decays(places: pd.DataFrame, spoke: pd.DataFrame, periods: pd.DataFrame, corrected: pd.DataFrame) -> list[pd.DataFrame]:
    """The decay in feedback: of corrected shares where both periods have one, for a correction of one of them would pass for a change."""
    as_read = _decay(places, spoke, periods).assign(measure="expectation_exceeded_change_of_feedback", method=APART_UNCORRECTED)
    worth = corrected[corrected["measure"] == "expectation_exceeded_of_feedback"]
    told = spoke[[*KEY, "expectation"]].merge(worth, on=KEY).rename(columns={"expectation": "heard"})
    told = told.assign(exceeded=told["value"] * told["worth"], expectation=told["worth"])[told["heard"] >= LEAST_TOLD]
    moved = _decay(places, told, periods, least=0).drop(columns=["n", "denominator"])
    moved = moved.merge(as_read[[*KEY, "n", "denominator"]], on=KEY).assign(measure="expectation_exceeded_change_of_feedback", method=APART_BY_LABELS)
    others = as_read.merge(moved[KEY], on=KEY, how="left", indicator=True)
    return [others[others["_merge"] == "left_only"], moved]


def _decay(places: pd.DataFrame, counts: pd.DataFrame, periods: pd.DataFrame, least: int = LEAST_TOLD) -> pd.DataFrame:
    """By how much the share whose expectation was exceeded moved from the period before: what delights becomes presumed."""
    counts = counts[counts["expectation"] >= least][[*KEY, "exceeded", "expectation"]]
    before = counts.merge(periods[["period_kind", "period", "period_end"]], on=["period_kind", "period"])
    before = before.drop(columns="period").rename(columns={"period_end": "period_start"})
    both = places.merge(counts, on=KEY).merge(before, on=["period_kind", "period_start", "cut_by", "cut_value", "stage"], suffixes=("", "_before"))
    value, low, high = intervals.difference(both["exceeded"], both["expectation"], both["exceeded_before"], both["expectation_before"])
    n = both["expectation"] + both["expectation_before"]
    return both.assign(value=value, low=low, high=high, n=n, denominator=n)
