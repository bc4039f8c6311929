"""Where trouble gathers: takes shares by source and cut, gives for each stage and period the one place that stands out, if any.

A region, product, channel, unit or the like is compared with all others within one source (Fisher's exact test,
one-sided), so that places which differ in their sources are not taken for places which differ in trouble. The level is
shared out over all places that were looked at in that stage and period (Bonferroni): of stages without any such place
about one in twenty would name one.
"""

from __future__ import annotations

import pandas as pd
from scipy.stats import fisher_exact

LEVEL = 0.05
LEAST_UNITS = 10  # with a stance, of one source, both here and elsewhere
KEY = ["period_kind", "period", "stage"]
TOLD = ["source", "cut_by", "cut_value", "trouble_here", "n_here", "trouble_elsewhere", "n_elsewhere"]


def standing_out(sources: pd.DataFrame) -> pd.DataFrame:
    """One row for each stage and period in which trouble gathers at one place, with the counts there and elsewhere."""
    cut = sources[sources["cut_by"] != "all"]
    totals = cut.groupby([*KEY, "source", "cut_by"])[["trouble", "n"]].transform("sum")
    here = cut.assign(
        trouble_here=cut["trouble"], n_here=cut["n"],
        trouble_elsewhere=totals["trouble"] - cut["trouble"], n_elsewhere=totals["n"] - cut["n"],
    )  # fmt: skip
    here = here[(here["n_here"] >= LEAST_UNITS) & (here["n_elsewhere"] >= LEAST_UNITS)]
    here = here.assign(looked_at=here.groupby(KEY)["n"].transform("size"))
    worse = here[here["trouble_here"] / here["n_here"] > here["trouble_elsewhere"] / here["n_elsewhere"]]
    worse = worse.assign(chance=[_chance(*counts) for counts in worse[TOLD[3:]].itertuples(index=False, name=None)])
    found = worse[worse["chance"] * worse["looked_at"] <= LEVEL]
    return found.sort_values([*KEY, "chance", "cut_by", "cut_value", "source"]).drop_duplicates(KEY).reset_index(drop=True)


def _chance(trouble_here: int, n_here: int, trouble_elsewhere: int, n_elsewhere: int) -> float:
    """How likely so much more trouble here is if the place made no difference."""
    table = [[trouble_here, n_here - trouble_here], [trouble_elsewhere, n_elsewhere - trouble_elsewhere]]
    return float(fisher_exact(table, alternative="greater").pvalue)
