"""Looking at who did it and who did not at the same time: takes people and the days on which some did it, gives everybody's day to look back from.

Troubles count only before that day. Who did not do it gets a day drawn from the days of those who did, among the days on
which they were customers, so that both groups had the same seasons and the same time to meet trouble (incidence density
sampling, after Lubin and Gail 1984). The draw hangs on the customer's id alone and is the same every night.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

EPOCH = pd.Timestamp("1970-01-01")


def landmarks(people: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """A row for everybody who can be looked at: customer_id, day, has_happened.

    Args:
        people: customer_id, first_seen, left_on.
        events: customer_id and day, once each; the day on which they did it.
    """
    if events.empty:
        return pd.DataFrame({"customer_id": [], "day": [], "has_happened": []})
    days = np.sort(_numbers(events["day"]))
    others = people[~people["customer_id"].isin(events["customer_id"])]
    joined = _numbers(others["first_seen"].fillna(EPOCH))
    left = np.where(others["left_on"].isna(), np.iinfo(np.int64).max, _numbers(others["left_on"].fillna(EPOCH)))
    first, beyond = np.searchsorted(days, joined, side="right"), np.searchsorted(days, left, side="left")
    draw = pd.util.hash_array(others["customer_id"].to_numpy(object)) / 2.0**64
    place = first + np.floor(draw * np.maximum(beyond - first, 0)).astype(int)
    was_there = beyond > first
    drawn = others.loc[was_there, ["customer_id"]].assign(day=days[place[was_there]], has_happened=False)
    did = events[["customer_id"]].assign(day=_numbers(events["day"]), has_happened=True)
    both = pd.concat([did, drawn], ignore_index=True)
    return both.assign(day=(EPOCH + pd.to_timedelta(both["day"], unit="D")).dt.date)


def _numbers(days: pd.Series[pd.Timestamp]) -> NDArray[np.int64]:
    """Days since 1970."""
    numbers: NDArray[np.int64] = np.asarray(((pd.to_datetime(days) - EPOCH) // pd.Timedelta(days=1)), np.int64)
    return numbers
