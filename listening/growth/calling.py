"""Whom to call back: takes customers who met trouble, their chance of leaving and how their cases stand, gives the list with owner and status."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd

from listening.calls import CLOSED, OPEN, Case, day
from listening.growth import wording

LATELY = 30  # days in which a failure is recent enough to call about
AT_RISK = 2.0  # times the usual chance of leaving
NAMED = 3  # troubles in a row's words


def listed(
    found: pd.DataFrame, chances: pd.Series[float] | None, usual: float, kinds: pd.DataFrame, cases: dict[str, Case], unwanted: set[str]
) -> pd.DataFrame:
    """The rows of `follow_up`.

    Args:
        found: customers who met trouble, as `to_call` selects them.
        chances: of leaving, one for each row of `found`; None where no model tells it.
        usual: the share of all customers who leave.
        kinds: every trouble's name, stage and owner.
        cases: how it stands with those who were called about already.
        unwanted: customers who are not to be called.
    """
    if found.empty:
        return found
    frame = found.assign(chance_of_leaving=np.nan if chances is None else chances.to_numpy())
    frame["value_at_risk"] = frame["value"] * frame["chance_of_leaving"]
    is_at_risk = frame["chance_of_leaving"].ge(AT_RISK * usual) & frame["value"].gt(0)
    is_silent = frame["is_silent"].astype(bool)
    frame["reason"] = np.select([is_silent & is_at_risk, is_silent, is_at_risk], ["failed and silent, and at risk", "failed and silent", "at risk"], "")
    is_case = frame["customer_id"].isin(list(cases))
    frame = frame[((frame["reason"] != "") | is_case) & ~frame["customer_id"].isin(list(unwanted))]
    frame = frame.assign(reason=frame["reason"].where(frame["reason"] != "", "called about before"))
    facts = kinds.set_index("trouble_id")
    frame["stage"], owners = frame["trouble_id"].map(facts["stage"]), frame["trouble_id"].map(facts["owner"])
    rows = [_with_case(row, cases.get(row["customer_id"])) for row in wording.rows(frame.assign(owner=owners))]
    frame = pd.DataFrame(rows, columns=[*frame.columns, "owner", "status", "note", "status_on"])
    frame["text"] = [_words(row, facts["name"]) for row in rows]
    frame = frame.assign(is_closed=frame["status"] == CLOSED)
    frame = frame.sort_values(["is_closed", "value_at_risk", "value", "customer_id"], ascending=[True, False, False, True], na_position="last")
    return frame.assign(rank=np.arange(1, len(frame) + 1))


def _with_case(row: dict[str, Any], case: Case | None) -> dict[str, Any]:
    """A row with its case; one that was closed is open again when trouble came later."""
    if case is None:
        return {**row, "status": OPEN, "note": None, "status_on": None}
    on = day(case.status_on)
    is_new = case.status == CLOSED and on is not None and _date(row["failed_on"]) > on
    return {**row, "owner": case.owner or row["owner"], "status": OPEN if is_new else case.status, "note": case.note or None, "status_on": on}


def _words(row: dict[str, Any], names: pd.Series[str]) -> str:
    """What the customer met, the newest first."""
    met = [row["trouble_id"], *(other for other in row["trouble_ids"] if other != row["trouble_id"])]
    more = f" and {len(met) - NAMED} more" if len(met) > NAMED else ""
    silent = " Said nothing anywhere since." if row["is_silent"] else ""
    risk = (
        f" Of 100 customers with such troubles about {100 * row['chance_of_leaving']:.0f} left in the last year." if pd.notna(row["chance_of_leaving"]) else ""
    )
    return f"Met {', '.join(names.get(trouble, trouble) for trouble in met[:NAMED])}{more}; the last on {_date(row['failed_on'])}.{silent}{risk}"


def _date(moment: Any) -> dt.date:
    return pd.Timestamp(moment).date()
