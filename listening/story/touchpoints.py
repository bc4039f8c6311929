"""Touchpoints: takes counts of what names each, gives shares with intervals, whether any survey asks about it, and a short account."""

from __future__ import annotations

import pandas as pd

from listening import intervals
from listening.journey import Journey
from listening.story import sentences


def tell(counts: pd.DataFrame, journey: Journey) -> pd.DataFrame:
    """One row for each touchpoint of the journey and period."""
    known = pd.DataFrame(
        [
            {
                "touchpoint": point.touchpoint, "name": point.name or point.touchpoint.replace("_", " ").capitalize(), "owner": point.owner or stage.owner,
                "priority": point.priority, "basic": point.basic,
            }
            for stage in journey.stages
            for point in stage.touchpoints
        ],
        columns=["touchpoint", "name", "owner", "priority", "basic"],
    )  # fmt: skip
    told = counts.merge(known, on="touchpoint")
    for side in ("trouble", "great"):
        told[f"{side}_share"], told[f"{side}_low"], told[f"{side}_high"] = intervals.share(told[side], told["n"])
    told["story"] = [sentences.of_touchpoint(row) for row in sentences.rows(told)]
    return told
