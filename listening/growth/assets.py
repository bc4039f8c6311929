"""Customers as assets: takes movements of customers by period, gives them as people and as value with a sentence each, and what the lost had met."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from listening.figures import count, money, number, percent, points
from listening.growth import looks
from listening.growth.wording import rows
from listening.intervals import difference
from listening.warehouse import Warehouse

PERIOD = ["period_kind", "period", "period_start", "period_end", "is_over"]
ALL = {"cut_by": "all", "cut_value": "all"}
MOVEMENTS = {  # each with what must be known of it, and how it is said of customers
    "active": ("active", "at the end of it"),
    "gained": ("gained", "gained"),
    "lost": ("lost", "lost"),
    "net": ("net", ""),
    "grown": ("changes", "bringing more a year than before"),
    "shrunk": ("changes", "bringing less a year than before"),
    "quiet": ("quiet", "there all through it who passed no stage"),
    "lost after a failure": ("failures", "lost who had met a failure in the 90 days before"),
    "lost in silence after a failure": ("failures", "lost who had met a failure in the 90 days before and said nothing anywhere"),
}
MISSING = {
    "active": "no source of kind customers names who they are",
    "gained": "no source of kind customers says since when they are customers (column since)",
    "lost": "no source says who left (column left_at of kind customers, or the outcome left)",
    "changes": "no customer's value is known at two dates (kind customers, columns value and valued_at), and no outcome bought_less",
    "quiet": "that takes a source of kind customers and one of kind operations that names customers",
    "failures": "that takes customers who left and a source of kind operations that names customers",
}
BASES = {"in_margin": "margin", "in_revenue": "revenue"}  # of how many the value counts it
LEAST_LOST = 5  # below which shares of the lost would say nothing


def movements(counted: pd.DataFrame, periods: pd.DataFrame, known: dict[str, Any], currency: str) -> pd.DataFrame:
    """The rows of `customer_assets`."""
    knows = _knows(known)
    wanted = periods.merge(pd.DataFrame({"movement": list(MOVEMENTS), **ALL}), how="cross")
    wanted = wanted[(wanted["period_kind"] != "month") | (wanted["movement"] != "quiet")]
    cells = ["period_kind", "period", "cut_by", "cut_value"]
    told_of = [movement for movement, (needs, _) in MOVEMENTS.items() if knows[needs]]
    counted = counted[counted["movement"].isin(told_of)]
    told = pd.concat([counted, _net(counted, cells)]) if knows["net"] else counted
    cut = told[told["cut_by"] != "all"].merge(periods, on=["period_kind", "period"])
    whole = wanted.merge(told[told["cut_by"] == "all"], on=[*cells, "movement"], how="left")
    is_known = whole["movement"].isin(told_of)
    zero = ["customers", "value", "valued", *BASES]
    whole[zero] = whole[zero].astype(float).where(whole[zero].notna() | ~is_known.to_numpy()[:, None], 0.0)
    frame = pd.concat([whole, cut], ignore_index=True)
    frame["value"] = frame["value"].where(known["knows_value"] & frame["customers"].notna() & (frame["valued"].gt(0) | frame["customers"].eq(0)))
    basis = np.select([frame[column].ge(frame["valued"]) for column in BASES], list(BASES.values()), "mixed")
    frame["value_basis"] = pd.Series(basis, frame.index).where(frame["valued"].gt(0) & frame[[*BASES]].sum(axis=1).gt(0)).astype(object)
    told_rows = rows(frame)
    by_key = dict(zip(_keys(frame), told_rows, strict=True))
    frame["text"] = [_sentence(row, by_key, knows, currency) for row in told_rows]
    order = {movement: place for place, movement in enumerate(MOVEMENTS)}
    return frame.sort_values([*PERIOD[:3], "cut_by", "cut_value", "movement"], key=lambda column: column.map(order) if column.name == "movement" else column)


def _knows(known: dict[str, Any]) -> dict[str, bool]:
    gained, lost, passages = (bool(known[f"knows_{name}"]) for name in ("gained", "lost", "passages"))
    active = bool(known["knows_active"])
    return {
        "active": active, "gained": gained, "lost": lost, "net": gained and lost, "changes": bool(known["knows_changes"]),
        "quiet": active and passages, "failures": lost and passages,
    }  # fmt: skip


def _net(counted: pd.DataFrame, cells: list[str]) -> pd.DataFrame:
    """Gained less lost, of every period and cut in which there was either."""
    moves = counted[counted["movement"].isin(["gained", "lost"])]
    sign = np.where(moves["movement"] == "gained", 1, -1)
    signed = moves.assign(customers=moves["customers"] * sign, value=moves["value"] * sign)
    return signed.groupby(cells, as_index=False)[["customers", "value", "valued", *BASES]].sum().assign(movement="net")


def _keys(frame: pd.DataFrame) -> list[tuple[Any, ...]]:
    return list(frame[["period_kind", "period", "cut_by", "cut_value", "movement"]].itertuples(index=False, name=None))


def _sentence(row: dict[str, Any], others: dict[tuple[Any, ...], dict[str, Any]], knows: dict[str, bool], currency: str) -> str:
    """What a row says, with its period; what is not known is said, too."""
    period = row["period"][0].upper() + row["period"][1:]
    where = period if row["cut_by"] == "all" else f"{period}, {row['cut_by']} {row['cut_value']}"
    needs, words = MOVEMENTS[row["movement"]]
    if pd.isna(row["customers"]):
        missing = [MISSING[name] for name in (("gained", "lost") if needs == "net" else (needs,)) if not knows[name]]
        return f"{where}: not known: {', and '.join(missing)}."
    if row["movement"] == "net":
        return f"{where}: {_net_line(row, others, currency)}."
    more = {"grown": " more", "shrunk": " less"}.get(row["movement"], "")
    worth = "" if pd.isna(row["value"]) or not row["customers"] else f"; {money(abs(row['value']), currency)} a year{more}"
    return f"{where}: {count(row['customers'], 'customer', 'customers')} {words}{worth}{_basis(row)}{_unvalued(row)}."


def _net_line(row: dict[str, Any], others: dict[tuple[Any, ...], dict[str, Any]], currency: str) -> str:
    """Net growth as a leader can say it."""
    place = (row["period_kind"], row["period"], row["cut_by"], row["cut_value"])
    gained, lost = (others.get((*place, movement), {}).get("customers", 0) for movement in ("gained", "lost"))
    moved = f"{abs(row['customers']):,.0f} {'fewer' if row['customers'] < 0 else 'more'}" if row["customers"] else "as many as before"
    worth = "" if pd.isna(row["value"]) else f"; {money(abs(row['value']), currency)} a year {'fewer' if row['value'] < 0 else 'more'}"
    return f"{count(gained, 'customer', 'customers')} gained, {lost:,.0f} lost: {moved}{worth}{_basis(row)}"


def _basis(row: dict[str, Any]) -> str:
    return "" if pd.isna(row["value_basis"]) or pd.isna(row["value"]) else f" ({row['value_basis']})"


def _unvalued(row: dict[str, Any]) -> str:
    missing = row["customers"] - row["valued"]
    return f"; of {missing:,.0f} no value is known" if row["valued"] > 0 and missing > 0 else ""


def looks_at_losses(periods: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """The day to look back from of everybody lost in each quarter and the last 90 days, and of those who stayed."""
    found = []
    for period in rows(periods[periods["period_kind"] != "month"]):
        start, end = pd.Timestamp(period["period_start"]), pd.Timestamp(period["period_end"])
        is_lost = (people["left_on"] >= start) & (people["left_on"] < end)
        lost = people[is_lost].rename(columns={"left_on": "day"})
        stayed = people[people["left_on"].isna() | (people["left_on"] >= end)]
        if len(lost) >= LEAST_LOST:
            found.append(looks.landmarks(stayed, lost).assign(look=look_of(period["period_kind"], period["period"])))
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=["look", "customer_id", "day", "has_happened"])


def look_of(period_kind: str, period: str) -> str:
    """What the look at a period's losses is called."""
    return f"losses of {period_kind} {period}"


def losses(warehouse: Warehouse, marks: pd.DataFrame, periods: pd.DataFrame, kinds: pd.DataFrame, currency: str, **given: Any) -> pd.DataFrame:
    """The rows of `losses`: of the lost and of those who stayed, how many had met each trouble."""
    sizes = marks.groupby(["look", "has_happened"]).size().unstack(fill_value=0)
    if sizes.empty:
        return pd.DataFrame()
    sizes = sizes.reindex(columns=[True, False], fill_value=0).set_axis(["lost", "stayed"], axis=1).reset_index()
    met = warehouse.frame("growth/met_by_the_lost", looks=list(sizes["look"]), **given)
    frame = met[met["lost_met"] > 0].drop(columns="stage").merge(sizes, on="look").merge(kinds, on="trouble_id")
    frame["difference"], frame["low"], frame["high"] = difference(frame["lost_met"], frame["lost"], frame["stayed_met"], frame["stayed"])
    frame = periods.assign(look=[look_of(*key) for key in zip(periods["period_kind"], periods["period"], strict=True)]).merge(frame, on="look")
    frame["text"] = [_compared(row, currency) for row in rows(frame)]
    return frame.sort_values(["period_kind", "period_start", "low"], ascending=[True, True, False])


def _compared(row: dict[str, Any], currency: str) -> str:
    against = ""
    if row["stayed"]:
        apart = points(*(100 * row[name] for name in ("difference", "low", "high")))
        against = f", of {number(row['stayed'])} who stayed {percent(row['stayed_met'] / row['stayed'])}: {apart}"
    worth = "" if pd.isna(row["value"]) else f" They were worth {money(row['value'], currency)} a year."
    met = f"{number(row['lost_met'])} ({percent(row['lost_met'] / row['lost'])})"
    return f"Of {count(row['lost'], 'customer', 'customers')} lost {met} had met {row['name']} in the 90 days before{against}.{worth}"
