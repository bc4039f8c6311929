"""The form that asks people inside what they believe: takes the journey, gives a row for each stage to fill in and bring back through the inbox."""

from __future__ import annotations

import datetime as dt
from typing import Any

from listening.journey import Journey


def form(journey: Journey, role: str, on: dt.date) -> list[dict[str, Any]]:
    """The rows of the form, as a source of kind `internal_ratings` reads them."""
    return [
        {
            "stage": stage.stage,
            "question": f"Of 100 customers in “{journey.titles[stage.stage]}”, how many live it great?"
            + (f" ({stage.description})" if stage.description else ""),
            "great_share": None,
            "role": role,
            "rated_at": on.isoformat(),
        }
        for stage in journey.stages
    ]
