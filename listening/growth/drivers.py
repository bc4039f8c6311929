"""Drivers: takes who did what and what troubles they had met before, gives the customers and the value that go with each trouble.

Each outcome is looked at over the last year of input. Beside the troubles stands, for every operational measure, whether
the customer passed it at all: those whose delivery was late are compared with those whose delivery came, not with those
who were not delivered anything. What happens in the stage of leaving cannot be why people leave, and is left out there.
"""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from listening.figures import count, money, percent, signed
from listening.growth import looks, stakes, wording
from listening.intervals import Z
from listening.warehouse import Warehouse

DAYS = 90  # before the outcome, in which troubles count
YEAR = 365  # days of input that are looked at
LEAST_CUSTOMERS, LEAST_HAPPENED = 1000, 60
LEAST_MET = 20  # customers who met a trouble, below which it is not told apart
POWER = 0.84  # standard deviations: a test finds what is there in 80 of 100 tries
OUTCOMES = {"left": "left", "bought_less": "bought less", "recommended": "recommended us", "warned": "warned others"}
GOOD = ("recommended",)  # of which trouble costs some
NOTHING = "none"


def window(day_after: dt.date) -> tuple[dt.date, dt.date]:
    """First day and day after the last of the year that is looked at."""
    return day_after - dt.timedelta(days=YEAR), day_after


@dataclass(frozen=True)
class Model:
    """What tells a customer's chance of an outcome: troubles, the measures that it also takes to have passed, and the estimate."""

    troubles: list[str]
    passed: list[str]
    told: stakes.Stakes
    share: float

    def chances(self, warehouse: Warehouse, people: pd.DataFrame, kinds: pd.DataFrame, **given: Any) -> pd.Series[float]:
        """The chance of each of these people by what they met up to the last day of input."""
        marks = people[["customer_id"]].assign(look="now", day=given["day_after"], has_happened=False)
        warehouse.replace("growth/landmarks", marks)
        exposed = _rolled_up(warehouse.frame("growth/exposures", look="now", outcome="left", **given), kinds, self.troubles)
        met, passed = _matrices(exposed, people["customer_id"], self.troubles, self.passed)
        return pd.Series(self.told.chance(met, passed), people.index)


def driving(warehouse: Warehouse, outcome: str, people: pd.DataFrame, kinds: pd.DataFrame, currency: str, **given: Any) -> tuple[pd.DataFrame, Model | None]:
    """The rows of `drivers` for one outcome, and the model behind them where they can be told."""
    first_day, day_after = window(given["day_after"])
    events = warehouse.frame("growth/events", outcome=outcome, first_day=first_day, **given)
    marks = looks.landmarks(people, events).assign(look=outcome)
    span: dict[str, Any] = {
        "outcome": outcome,
        "first_day": first_day,
        "last_day": day_after - dt.timedelta(days=1),
        "of_customers": len(marks),
        "happened": len(events),
    }
    if silent := _silent(outcome, len(people), len(marks), len(events)):
        return pd.DataFrame([{**span, "trouble_id": NOTHING, "text": silent}]), None
    warehouse.replace("growth/landmarks", marks)
    exposed = _rolled_up(warehouse.frame("growth/exposures", look=outcome, outcome=outcome, **given), kinds)
    people = marks.merge(people, on="customer_id", how="left", sort=False)
    troubles, passed = _columns(exposed, len(people))
    if not troubles:
        text = f"Nothing can be told of why customers {OUTCOMES[outcome]}: no trouble that is known of all customers was met by {LEAST_MET} of them."
        return pd.DataFrame([{**span, "trouble_id": NOTHING, "text": text}]), None
    value = _values(outcome, people, events)
    met, beside = _matrices(exposed, people["customer_id"], troubles, passed)
    told = stakes.at_stake(met, people["has_happened"].to_numpy(bool), value, beside)
    frame = _frame(troubles, told, met, people, outcome, value is not None and not np.isnan(value).all())
    frame = frame.assign(**span).merge(kinds, on="trouble_id", how="left").sort_values(["rank", "trouble_id"])
    basis = people.loc[people["value"].notna(), "value_basis"].unique()
    frame["value_basis"] = None if frame["value"].isna().all() else basis[0] if len(basis) == 1 else "mixed" if len(basis) else None
    rows = wording.rows(frame)
    frame["text"] = [_sentence(row, len(rows), currency) for row in rows]
    frame["test"] = [_test(row) for row in rows]
    return frame, Model(troubles, passed, told, len(events) / len(people))


def _silent(outcome: str, known: int, compared: int, happened: int) -> str | None:
    """Why nothing is told, in words with what is missing; None where enough is known."""
    did = OUTCOMES[outcome]
    if not happened:
        return f"Not told: no source says who {did} in the last year of input (kind outcomes{', or left_at of kind customers' if outcome == 'left' else ''})."
    missing = []
    if compared < LEAST_CUSTOMERS:
        missing.append(f"{compared:,} customers can be compared and {LEAST_CUSTOMERS:,} are needed ({LEAST_CUSTOMERS - compared:,} are missing)")
    if happened < LEAST_HAPPENED:
        missing.append(f"{happened:,} {did} in the last year of input and {LEAST_HAPPENED} are needed ({LEAST_HAPPENED - happened:,} are missing)")
    return f"Not told yet: {'; '.join(missing)}." if missing else None


def _rolled_up(exposed: pd.DataFrame, kinds: pd.DataFrame, told_apart: list[str] | None = None) -> pd.DataFrame:
    """Tickets of themes that few met (or that are not among those told apart) count together with the others of their stage."""
    frame = exposed.merge(kinds[["trouble_id", "told_by", "stage"]], on="trouble_id")
    met = frame[frame["is_met"]].groupby("trouble_id").size()
    frequent = met.index[met >= LEAST_MET] if told_apart is None else told_apart
    is_rare = (frame["told_by"] == "tickets") & ~frame["trouble_id"].isin(frequent)
    frame["trouble_id"] = frame["trouble_id"].mask(is_rare, frame["stage"] + "/tickets/other")
    return frame.groupby(["trouble_id", "told_by", "customer_id"])["is_met"].any().reset_index()


def _columns(exposed: pd.DataFrame, customers: int) -> tuple[list[str], list[str]]:
    """Troubles that enough customers met, and the measures among them that some passed and some did not, each group of customers once."""
    met = exposed[exposed["is_met"]].groupby("trouble_id").size()
    troubles = sorted(met.index[(met >= LEAST_MET) & (met <= customers - LEAST_MET)])
    passing = exposed[(exposed["told_by"] == "operations") & exposed["trouble_id"].isin(troubles)]
    who = passing.groupby("trouble_id")["customer_id"].agg(frozenset)
    return troubles, list(who[who.map(len) < customers].drop_duplicates().index)


def _matrices(exposed: pd.DataFrame, customers: pd.Series[str], troubles: list[str], passed: list[str]) -> tuple[stakes.Flags, stakes.Flags]:
    """Who met which trouble, and who passed which measure: customers × columns."""
    by_operations = exposed[exposed["told_by"] == "operations"]
    return _matrix(exposed[exposed["is_met"]], customers, troubles), _matrix(by_operations, customers, passed)


def _matrix(rows: pd.DataFrame, customers: pd.Series[str], columns: list[str]) -> stakes.Flags:
    who, column = (pd.Index(names).get_indexer(pd.Index(rows[key])) for names, key in ((customers, "customer_id"), (columns, "trouble_id")))
    flags = np.zeros((len(customers), len(columns)), bool)
    flags[who[(column >= 0) & (who >= 0)], column[(column >= 0) & (who >= 0)]] = True
    return flags


def _values(outcome: str, people: pd.DataFrame, events: pd.DataFrame) -> stakes.Floats:
    """What a customer at stake is worth: their yearly value; of who bought less, the mean amount that was given up."""
    if outcome == "bought_less":
        return np.full(len(people), float(events["amount"].mean()))
    return people["value"].to_numpy(float) if outcome in ("left",) else np.full(len(people), np.nan)


def _frame(troubles: list[str], told: stakes.Stakes, met: stakes.Flags, people: pd.DataFrame, outcome: str, is_valued: bool) -> pd.DataFrame:
    sign = -1 if outcome in GOOD else 1
    happened = people["has_happened"].to_numpy(bool)
    frame = pd.DataFrame({"trouble_id": troubles, "met": met.sum(axis=0), "met_happened": (met & happened[:, None]).sum(axis=0)})
    for name, value, low, high in (("customers", told.customers, told.low, told.high), ("value", told.value, told.value_low, told.value_high)):
        ends = (low, high) if sign > 0 else (-high, -low)
        frame[name], frame[f"{name}_low"], frame[f"{name}_high"] = sign * value, *ends
    frame["sure"] = told.sure if sign > 0 else 1 - told.sure
    n = len(troubles)
    frame["rank"] = frame["customers"].rank(ascending=False, method="first").astype(int)
    frame["rank_low"], frame["rank_high"] = (told.rank_low, told.rank_high) if sign > 0 else (n + 1 - told.rank_high, n + 1 - told.rank_low)
    frame["is_clear"] = stakes.is_clear(frame["sure"].to_numpy(float), frame["customers_low"].to_numpy(float))
    frame["customers"] = frame["customers"].round()
    frame["chance_met"], frame["chance_spared"] = told.met, told.spared
    if not is_valued:
        frame[["value", "value_low", "value_high"]] = np.nan
    cost = people["cost_to_serve"].to_numpy(float)
    costs = [_cost(cost, met[:, place]) for place in range(n)]
    frame[["cost_difference", "cost_low", "cost_high"]] = costs
    return frame


def _cost(cost: stakes.Floats, met: stakes.Flags) -> tuple[float, float, float]:
    """Mean yearly cost of serving those who met it less that of the others, with its interval (Welch)."""
    here, there = cost[met & ~np.isnan(cost)], cost[~met & ~np.isnan(cost)]
    if min(len(here), len(there)) < LEAST_MET:
        return math.nan, math.nan, math.nan
    value = float(here.mean() - there.mean())
    half = Z * math.sqrt(here.var(ddof=1) / len(here) + there.var(ddof=1) / len(there))
    return value, value - half, value + half


def _sentence(row: dict[str, Any], of: int, currency: str) -> str:
    """What a driver says, as association."""
    good, did = row["outcome"] in GOOD, OUTCOMES[row["outcome"]]
    ranks = f"rank {row['rank_low']:.0f}–{row['rank_high']:.0f} of {of}" if row["rank_low"] < row["rank_high"] else f"rank {row['rank_low']:.0f} of {of}"
    if not row["is_clear"]:
        span = f"{signed(row['customers_low'])} to {signed(row['customers_high'])} of {row['happened']:,}"
        how = "rarer" if good else "more frequent"
        return f"Customers who met {row['name']} are not clearly {how} among those who {did}, other troubles equal ({span}; {ranks})."
    worth = (
        f", worth {money(row['value'], currency)} ({money(row['value_low'], currency)} to {money(row['value_high'], currency)}) a year"
        if pd.notna(row["value"])
        else ""
    )
    about = f"about {row['customers']:,.0f} ({row['customers_low']:,.0f} to {row['customers_high']:,.0f})"
    if good:
        told = f"{did} less often, other troubles equal: {about} recommendations stay away with it, beside {row['happened']:,} made"
    else:
        told = f"{did} more often, other troubles equal: {about} of the {row['happened']:,} who {did} go with it{worth}"
    return f"Customers who met {row['name']} {told}; {ranks}.{_cost_words(row, currency)}"


def _cost_words(row: dict[str, Any], currency: str) -> str:
    if pd.isna(row["cost_low"]) or row["cost_low"] <= 0:
        return ""
    span = f"{money(row['cost_low'], currency)} to {money(row['cost_high'], currency)}"
    return f" Serving them costs {money(row['cost_difference'], currency)} ({span}) a year more each than serving the others."


def _test(row: dict[str, Any]) -> str:
    """The experiment that would prove or refute the link, with the number of customers that it takes."""
    with_it, spared = row["chance_met"], row["chance_spared"]
    words = "This is association, not proof. "
    if not row["is_clear"] or abs(with_it - spared) < 1e-3:
        return f"{words}Nothing clear enough to test yet."
    spread = with_it * (1 - with_it) + spared * (1 - spared)
    needed = math.ceil((Z + POWER) ** 2 * spread / (with_it - spared) ** 2 / 10) * 10
    way = "rise" if row["outcome"] in GOOD else "fall"
    return (
        f"{words}Mend it in places drawn by lot and leave it in the others: with {count(needed, 'customer', 'customers')} on either side "
        f"who would have met it, a {way} of those who {OUTCOMES[row['outcome']]} from {percent(with_it, 1)} to {percent(spared, 1)} would show "
        "in four of five such tests, if the link is what it seems."
    )
