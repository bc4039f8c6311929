"""Words for leading: takes rows, figures and changes, gives them as a leader reads them."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

SAME = "no clear change"
Column: TypeAlias = "pd.Series[float] | NDArray[np.float64]"


def rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame by column."""
    found: list[dict[str, Any]] = frame.to_dict("records")  # type: ignore[assignment]  # columns are always named by words
    return found


def moved(frame: pd.DataFrame, change: Column, low: Column, high: Column, up: ArrayLike, down: ArrayLike) -> pd.DataFrame:
    """Rows with their change, its interval, and what it is called where it goes beyond noise; none where it is not known."""
    called = np.select([np.isnan(change), np.asarray(low) > 0, np.asarray(high) < 0], ["", up, down], SAME)
    direction = pd.Series(called, frame.index, dtype=object)
    return frame.assign(change=change, change_low=low, change_high=high, direction=direction.where(direction != "", None))
