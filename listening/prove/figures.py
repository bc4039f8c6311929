"""Figures and their targets: takes what was measured in many worlds, gives each figure with its error beside its target."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WORLDS = 300
QUICK = 24


@dataclass(frozen=True)
class Figure:
    """One figure: what it is of, what was measured with its standard error, between what it should lie, whether it does."""

    about: str
    what: str
    measured: float
    error: float
    target: str
    passed: bool


@dataclass(frozen=True)
class Run:
    """How many worlds there are, and how many standard errors a figure is let off."""

    worlds: int
    let_off: float
    progress: Callable[[str], None]

    def figure(self, about: str, what: str, measure: tuple[float, float], least: float = -np.inf, most: float = np.inf) -> Figure:
        """A measure (value, standard error) beside the limits that it should keep."""
        value, error = measure
        passed = least - self.let_off * error <= value <= most + self.let_off * error
        target = f"{least:g} … {most:g}" if np.isfinite(least) and np.isfinite(most) else f"at least {least:g}" if np.isfinite(least) else f"at most {most:g}"
        target = target if np.isfinite([least, most]).any() else "none, to be known"
        return Figure(about, what, round(value, 3), round(error, 3), target, bool(passed))


def by_world(values: pd.Series[float] | pd.Series[bool], how: str = "mean") -> Floats:
    """One value for each world, for rows that are indexed by world."""
    return values.astype(float).groupby(level=0).agg(how).to_numpy(float)


def mean(values: Floats | pd.Series[float]) -> tuple[float, float]:
    """Mean and its standard error."""
    numbers = np.asarray(values, float)
    if not len(numbers):
        return float("nan"), float("nan")
    return float(numbers.mean()), float(numbers.std() / np.sqrt(len(numbers)))


def root(squares: Floats) -> tuple[float, float]:
    """Root of the mean of squares, and its standard error."""
    value, error = mean(squares)
    return float(np.sqrt(value)), error / (2 * float(np.sqrt(value)))


def ratio(squares: Floats, others: Floats) -> tuple[float, float]:
    """Root mean square against another's, and its standard error."""
    (one, error), (other, other_error) = root(squares), root(others)
    return one / other, one / other * float(np.hypot(error / one, other_error / other))
