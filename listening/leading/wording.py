"""Words for leading: takes rows and figures, gives them as a leader reads them."""

from __future__ import annotations

from typing import Any

import pandas as pd


def rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame by column."""
    found: list[dict[str, Any]] = frame.to_dict("records")  # type: ignore[assignment]  # columns are always named by words
    return found
