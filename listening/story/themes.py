"""What customers talk about at each stage, by period and side: takes counts of themes by source, gives the table `stage_themes`."""

from __future__ import annotations

import numpy as np
import pandas as pd

from listening import intervals
from listening.story.feedback import LEAST_UNITS
from listening.warehouse import Warehouse

OTHER = "other"
PERIOD = ["period_kind", "period", "period_start", "period_end", "is_over"]
CELL = ["stage", "theme", "side"]


def tell(warehouse: Warehouse) -> None:
    """Make what is told again of themes, with intervals and changes."""
    counts = warehouse.whole("story/theme_counts", of="story/compared").astype({"period_start": object, "period_end": object})
    told = _of_stages(counts, warehouse.whole("story/theme_customers", of="story/retold"))
    told = told.merge(warehouse.frame("story/themes_named").astype({"opened_on": object}), on="theme", how="left")
    told.loc[told["theme"] == OTHER, ["name", "kind"]] = ["Other", OTHER]
    warehouse.renew("story/stage_themes", "story/retold", told)


def _of_stages(counts: pd.DataFrame, customers: pd.DataFrame) -> pd.DataFrame:
    """The rows of the periods of which customers are known."""
    spoken = counts.drop_duplicates(["period_kind", "period", "stage", "side", "source"])
    whole = spoken.groupby(["period_kind", "period", "stage", "side"], as_index=False)["denominator"].sum()
    frame = counts.groupby([*PERIOD, *CELL], as_index=False)[["units", "records", "trouble", "great"]].sum()
    frame = frame.merge(whole, on=["period_kind", "period", "stage", "side"]).merge(customers, on=["period_kind", "period", *CELL])
    frame["share"], frame["low"], frame["high"] = intervals.share(frame["units"], frame["denominator"])
    frame = frame.merge(_changes(counts, spoken), on=["period_kind", "period", *CELL], how="left")
    frame = frame.assign(cut_by="all", cut_value="all", is_other=frame["theme"] == OTHER, fewer=-frame["units"])
    frame = frame.sort_values(["period_kind", "period_start", "stage", "side", "is_other", "fewer", "theme"], kind="stable").reset_index(drop=True)
    frame["rank"] = frame.groupby(["period_kind", "period", "stage", "side"]).cumcount() + 1
    return frame


def _changes(counts: pd.DataFrame, spoken: pd.DataFrame) -> pd.DataFrame:
    """Change of each theme's share against the period before, over sources that both periods have enough of.

    Each source is compared with itself, and the differences are weighted by the units they rest on (Mantel and Haenszel
    1959), so that a changed mix of sources is no change. The variance takes each share with one unit more on either side
    (Agresti and Caffo 2000).
    """
    enough = spoken[spoken["denominator"] >= LEAST_UNITS]
    before = enough[["period_kind", "period", "period_end", "stage", "side", "source", "denominator"]]
    before = before.rename(columns={"period": "before", "period_end": "period_start", "denominator": "denominator_before"})
    pairs = enough[["period_kind", "period", "period_start", "stage", "side", "source", "denominator"]].merge(
        before, on=["period_kind", "period_start", "stage", "side", "source"]
    )
    themes = counts[["stage", "theme"]].drop_duplicates()
    pairs = pairs.merge(themes, on="stage")
    units = counts[["period_kind", "period", *CELL, "source", "units"]]
    pairs = pairs.merge(units, on=["period_kind", "period", *CELL, "source"], how="left")
    past = units.rename(columns={"period": "before", "units": "units_before"})
    pairs = pairs.merge(past, on=["period_kind", "before", *CELL, "source"], how="left").fillna({"units": 0, "units_before": 0})
    n, m, k, j = (pairs[name].astype(float) for name in ("denominator", "denominator_before", "units", "units_before"))
    weight, p, q = n * m / (n + m), (k + 1) / (n + 2), (j + 1) / (m + 2)
    pairs["weight"], pairs["weighted"] = weight, weight * (k / n - j / m)
    pairs["spread"] = weight**2 * (p * (1 - p) / (n + 2) + q * (1 - q) / (m + 2))
    sums = pairs.groupby(["period_kind", "period", *CELL], as_index=False)[["weight", "weighted", "spread"]].sum()
    sums["change"] = sums["weighted"] / sums["weight"]
    sums["change_low"], sums["change_high"] = intervals.around(sums["change"], sums["spread"] / np.square(sums["weight"]), within=1)
    return sums.drop(columns=["weight", "weighted", "spread"])
