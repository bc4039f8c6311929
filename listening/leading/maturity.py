"""Maturity of each stage: takes estimates, check-in answers and failures by place, gives levels with what holds them back and what would lift them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from listening import chances, intervals
from listening.figures import capital, count, interval, number, percent, points, quantity
from listening.journey import Journey, Maturity
from listening.leading import levels, lived
from listening.leading.levels import LEVELS, MEASURES, NOT_PLACED, UNPLACED
from listening.leading.lived import KEY
from listening.leading.wording import rows as rows_of

PERIOD = ["period_kind", "period", "period_start", "period_end", "is_over"]
LEAST_AT_A_PLACE, LEAST_PLACES = 30, 3  # customers at a place that counts, and places to know a spread by
LEAST_HINT = 5  # pieces of feedback below which a share would not even hint
DIMENSIONS = ("unit", "region", "channel", "product", "brand", "segment", "team")  # the first that is known at enough places tells the spread
TROUBLE, SPREAD, GAP, MEMORABLE, RECOMMEND = MEASURES
THRESHOLDS = {
    TROUBLE: "trouble_at_most", SPREAD: "spread_at_most", GAP: "exceeded_less_below_at_least", MEMORABLE: "memorable_at_least",
    RECOMMEND: "recommend_at_least",
}  # fmt: skip
NEXT = {measure: level for level, measures in levels.GATES.items() for measure in measures}
WORDS = {
    TROUBLE: "customers in trouble",
    SPREAD: "spread of failures",
    GAP: "customers who got more than they expected, less those who got less",
    MEMORABLE: "customers who will remember it gladly",
    RECOMMEND: "customers who would recommend",
}
MISSING = {
    TROUBLE: "that takes an estimate of all customers: about 15 answers to random check-ins a quarter, from customers with a failure as often as from others",
    SPREAD: f"that takes operations that name customers and their unit, region or the like, {LEAST_AT_A_PLACE} customers at each of three places",
    GAP: "no random check-in asks whether expectations were met (column expectation)",
    MEMORABLE: "no random check-in asks what will be remembered (column memorable)",
    RECOMMEND: "no random check-in asks who would recommend (column would_recommend)",
}
METHODS = {
    TROUBLE: "balanced estimate from random check-ins and all sources, else the answers of four periods; 90 % interval, chance by the normal posterior",
    SPREAD: "standard deviation between places of the share of customers with a failure, beyond sampling noise (chi-square)",
    GAP: "customers asked at random who answered, of four periods together; 90 % interval and chance by the normal approximation",
    MEMORABLE: "customers asked at random who answered, of four periods together; 90 % interval (Wilson), chance by Jeffreys' beta",
    RECOMMEND: "customers asked at random who answered, of four periods together; 90 % interval (Wilson), chance by Jeffreys' beta",
}


def measured(grid: pd.DataFrame, asked: pd.DataFrame, estimated: pd.DataFrame, places: pd.DataFrame, limits: Maturity) -> pd.DataFrame:
    """Every measure of every stage and period: value, interval, evidence and the chance that it meets its threshold.

    Args:
        grid: every stage and period that levels are told of or that answers are pooled from.
        asked: counts of answers by stage and period.
        estimated: the share of customers in trouble by stage and period, as `lived.known` gives it.
        places: customers and how many of them met a failure, by stage, period and place.
        limits: the thresholds.
    """
    counts = lived.pooled(grid, asked, ["expectation", "below", "exceeded", "memorable", "memorable_good", "recommend", "recommending"])
    parts = [
        _trouble(grid, estimated, limits),
        _spread(grid, places, limits),
        _gap(counts, limits),
        _share(counts, "memorable_good", "memorable", limits.memorable_at_least).assign(measure=MEMORABLE),
        _share(counts, "recommending", "recommend", limits.recommend_at_least).assign(measure=RECOMMEND),
    ]
    found = pd.concat([part[[*KEY, "measure", "value", "low", "high", "evidence", "probability", "told_by"]] for part in parts], ignore_index=True)
    return found.assign(
        threshold=found["measure"].map(lambda measure: getattr(limits, THRESHOLDS[measure])),
        method=found["measure"].map(METHODS),
        next_level=found["measure"].map(NEXT),
    )


def _trouble(grid: pd.DataFrame, estimated: pd.DataFrame, limits: Maturity) -> pd.DataFrame:
    frame = grid[KEY].merge(estimated, on=KEY, how="left")
    deviation = np.maximum(frame["high"] - frame["value"], frame["value"] - frame["low"]) / intervals.Z  # the other side may end at 0
    p = frame["value"].clip(0.02, 0.98)
    probability = chances.at_most(frame["value"], deviation, limits.trouble_at_most)
    return frame.assign(measure=TROUBLE, probability=probability, evidence=(p * (1 - p) / deviation**2).fillna(0), told_by=frame["basis"])


def _spread(grid: pd.DataFrame, places: pd.DataFrame, limits: Maturity) -> pd.DataFrame:
    rows = []
    for key, group in places[places["cut_by"].isin(DIMENSIONS)].groupby(KEY):
        dimension = next((name for name in DIMENSIONS if (group["cut_by"] == name).sum() >= LEAST_PLACES), None)
        if dimension:
            own = group[group["cut_by"] == dimension]
            value, low, high = chances.spread(own["failed"], own["customers"])
            probability = chances.spread_at_most(own["failed"], own["customers"], limits.spread_at_most)
            rows.append((*key, float(value), float(low), float(high), float(probability), float(own["customers"].sum()), f"{len(own)} {dimension}s"))
    found = pd.DataFrame(rows, columns=[*KEY, "value", "low", "high", "probability", "evidence", "told_by"])
    return grid[KEY].merge(found, on=KEY, how="left").assign(measure=SPREAD).fillna({"evidence": 0})


def _gap(counts: pd.DataFrame, limits: Maturity) -> pd.DataFrame:
    net, variance = intervals.net(counts["exceeded"], counts["below"], counts["expectation"])
    low, high = intervals.around(net, variance)
    probability = 1 - chances.at_most(net, np.sqrt(variance), 100 * limits.exceeded_less_below_at_least)
    return counts.assign(measure=GAP, value=net / 100, low=low / 100, high=high / 100, probability=probability, evidence=counts["expectation"], told_by=None)


def _share(counts: pd.DataFrame, hits: str, of: str, threshold: float) -> pd.DataFrame:
    value, low, high = intervals.share(counts[hits], counts[of])
    probability = chances.share_at_least(counts[hits], counts[of], threshold)
    return counts.assign(value=value, low=low, high=high, probability=probability, evidence=counts[of], told_by=None)


def placed(grid: pd.DataFrame, measures: pd.DataFrame, now: str) -> pd.DataFrame:
    """The level of every stage in every quarter, one after the other, and in the last 90 days after the quarters before them.

    Gives the columns of `grid` with level_no (-1 while not placed), next_level, limiting_measure and probability.
    """
    known = ["probability", "evidence"]
    wide = measures.pivot(index=KEY, columns="measure", values=known).reindex(columns=pd.MultiIndex.from_product([known, MEASURES]))
    passed = levels.gates(wide["probability"][MEASURES].to_numpy(float), wide["evidence"][MEASURES].to_numpy(float))
    gates = pd.DataFrame(passed, wide.index)
    rows = []
    for _, stage in grid.groupby("stage", sort=False):
        quarters = stage[stage["period_kind"] == "quarter"].sort_values("period_start")
        current, stood = UNPLACED, [(pd.Timestamp.min, UNPLACED)]
        for row in rows_of(quarters):
            current = _step(current, gates.loc[tuple(row[name] for name in KEY)])
            stood.append((pd.Timestamp(row["period_end"]), current))
            rows.append({**row, "level_no": current})
        for row in rows_of(stage[stage["period"] == now]):
            before = [level for end, level in stood if end <= pd.Timestamp(row["period_start"])][-1]
            rows.append({**row, "level_no": _step(before, gates.loc[tuple(row[name] for name in KEY)])})
    frame = pd.DataFrame(rows, columns=[*grid.columns, "level_no"])
    limiting = [_limiting(row["level_no"], wide.loc[tuple(row[name] for name in KEY)]) for row in rows_of(frame)]
    following = [(*LEVELS[1:], None)[max(level, 0)] for level in frame["level_no"]]
    return frame.assign(
        next_level=pd.Series(following, frame.index, dtype=object),
        limiting_measure=pd.Series([measure for measure, _ in limiting], frame.index, dtype=object),
        probability=[chance for _, chance in limiting],
    )


def _step(before: int, gates: pd.Series[float]) -> int:
    return int(levels.step(np.array(before), np.asarray(gates, np.float64)))


def _limiting(level: int, row: pd.Series[Any]) -> tuple[str | None, float]:
    """The measure of the next gate that holds the stage back and its chance: one that fails, else one that is not known, else the least likely."""
    if level == len(LEVELS) - 1:
        return None, float("nan")
    own = {measure: (row["probability"][measure], row["evidence"][measure]) for measure in list(levels.GATES.values())[max(level, 0)]}
    known = {measure: chance for measure, (chance, evidence) in own.items() if evidence >= levels.ENOUGH or chance < levels.FALL}
    weakest = min(known, key=lambda measure: known[measure]) if known else None
    unknown = next((measure for measure in own if measure not in known), None)
    if unknown and not (weakest and known[weakest] < levels.FALL):
        return unknown, float(own[unknown][0])
    return (weakest, float(known[weakest])) if weakest else (None, float("nan"))


def told(frame: pd.DataFrame, measures: pd.DataFrame, states: pd.DataFrame, hints: pd.DataFrame, journey: Journey) -> pd.DataFrame:
    """The rows of `maturity`: levels in words.

    Args:
        frame: what `placed` gives.
        measures: the rows of `maturity_measures`.
        states: customers and lost of each stage and period.
        hints: trouble_of_feedback of each stage and period, its columns named after `hint`.
        journey: for the stages' names.
    """
    frame = frame.merge(states, on=KEY, how="left").merge(hints, on=KEY, how="left")
    frame["staying"] = (1 - frame["lost"] / frame["customers"].where(frame["customers"] > 0)).clip(0, 1)
    known = {tuple(row[name] for name in (*KEY, "measure")): row for row in rows_of(measures)}
    rows = []
    for row in rows_of(frame):
        title, is_placed = journey.titles[row["stage"]], row["level_no"] > UNPLACED
        level = LEVELS[row["level_no"]] if is_placed else NOT_PLACED
        limit = known.get((*(row[name] for name in KEY), row["limiting_measure"]))
        lift = _lift(limit, row) if limit else None
        hint = _hint(row) if row["hint_denominator"] >= LEAST_HINT else None
        sentences = [f"{title} is {level}.", lift, _staying(row) if row["next_level"] in (None, "desired") else None, None if is_placed else hint]
        text = " ".join(sentence for sentence in sentences if sentence)
        rows.append({**row, "maturity_level": level, "level_no": row["level_no"] if is_placed else None, "lift": lift, "hint": hint, "text": text})
    return pd.DataFrame(rows)


def _hint(row: dict[str, Any]) -> str:
    share = interval(*(row[f"hint_{end}"] for end in ("value", "low", "high")))
    return f"Of {number(row['hint_denominator'])} pieces of feedback that tell good from bad, {share} tell of trouble; that is only a hint."


def _lift(limit: dict[str, Any], row: dict[str, Any]) -> str:
    """What would lift a stage that this measure holds back."""
    to = f"To become {row['next_level']}" if row["level_no"] > UNPLACED else "To be placed"
    if pd.isna(limit["probability"]):
        return f"{to} one measure must be known. {limit['text']}"
    if limit["evidence"] < levels.ENOUGH and limit["probability"] >= levels.FALL:
        return f"{to} more must be known of one measure. {limit['text']}"
    more = ""
    if limit["measure"] == TROUBLE and limit["value"] > limit["threshold"] and pd.notna(row["customers"]):
        many = [max(limit[end] - limit["threshold"], 0) * row["customers"] for end in ("value", "low", "high")]
        more = f" In this period that is about {quantity(many[0], many[1], many[2], 'customer', 'customers')} too many."
    return f"{to} one measure must move. {limit['text']}{more}"


def _staying(row: dict[str, Any]) -> str:
    if pd.isna(row["staying"]):
        return "How many stay is not known."
    stayed = f"{percent(row['staying'], 1)} of its {count(row['customers'], 'customer', 'customers')} stayed"
    return f"{stayed}; that is no condition, for people also stay because they are trapped."


def in_words(measures: pd.DataFrame) -> list[str]:
    """A sentence for each measure."""
    return [_sentence(row) for row in rows_of(measures)]


def _sentence(row: dict[str, Any]) -> str:
    words = capital(WORDS[row["measure"]])
    if pd.isna(row["probability"]):
        return f"{words}: not known; {MISSING[row['measure']]}."
    way = "at most" if row["measure"] in (TROUBLE, SPREAD) else "at least"
    by = f" between {row['told_by']}" if row["measure"] == SPREAD else lived.BY_CHECKINS if row["told_by"] == lived.CHECKINS else ""
    is_short = row["evidence"] < levels.ENOUGH and row["probability"] >= levels.FALL
    few = f" The evidence is worth {number(row['evidence'])} of the {levels.ENOUGH} answers that it takes." if is_short else ""
    value, limit = _figures(row)
    return f"{words}{by}: {value}. A {row['next_level']} stage has {way} {limit}; that this one does is {_chance(row['probability'])}.{few}"


def _figures(row: dict[str, Any]) -> tuple[str, str]:
    """A measure with its interval, and its threshold."""
    value, low, high, limit = (row[name] for name in ("value", "low", "high", "threshold"))
    if row["measure"] not in (SPREAD, GAP):
        return interval(value, low, high), percent(limit)
    ends = 100 * value, 100 * low, 100 * high
    told = points(*ends) if row["measure"] == GAP else quantity(*ends, "point", "points")
    return told, count(100 * limit, "point", "points")


def _chance(probability: float) -> str:
    return f"{percent(probability)} likely" if 0.005 <= probability <= 0.995 else "hardly possible" if probability < 0.5 else "almost certain"
