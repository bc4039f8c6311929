"""How much of a day has arrived by now: delays of what arrived in, the share of each age out.

A day's age counts from the first night that looked at it, so that a night that was missed makes nothing late. Chain ladder:
of all days old enough, the share of what is there at age a that was there at age a - 1; multiplied down from the oldest age.
It is learnt anew every night from each source's last weeks, so that slower arrivals do not look like calm.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

OLDEST = 28  # days after which everything is taken to be there
WEEKS = 28  # days of each age that are looked at
PRIOR = 3.0  # things taken to have arrived at once


def by_age(rows: pd.DataFrame, today: int) -> Floats:
    """Share that has arrived at age 0, 1, …, `OLDEST`, from the `day` of the first look, `delay` and `things` of one source; days count towards `today`."""
    share = np.ones(OLDEST + 1)
    age_now, delay, things = (rows[name].to_numpy(float) for name in ("day", "delay", "things"))
    age_now = today - age_now
    for age in range(OLDEST, 0, -1):
        known = (age_now >= age) & (age_now < age + WEEKS)
        by_now, before = things[known & (delay <= age)].sum(), things[known & (delay < age)].sum()
        share[age - 1] = share[age] * (before + PRIOR) / (by_now + PRIOR)
    return share


def by_day(share: Floats, number: int, today: int, looks: NDArray[np.int64]) -> Floats:
    """The share that has arrived of each of `number` days, seen from `today`; `looks` are the earlier nights on which anything came."""
    days = np.arange(number)
    nights = np.unique(np.append(looks[looks <= today], today))
    looked = nights[np.minimum(np.searchsorted(nights, days), len(nights) - 1)]
    is_known = days >= nights[0]
    return share[np.where(is_known, np.clip(today - looked, 0, OLDEST), OLDEST)]
