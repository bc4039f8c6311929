"""The early warning alone: takes numbers of series and nights, gives how fast it walks a history, and one night more."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from listening.meter import Meter
from listening.warnings import detector


@dataclass(frozen=True)
class Watching:
    """How fast the early warning walks: a whole history at first, and one more night of the same series."""

    series: int
    nights: int
    seconds: float
    processor_seconds: float
    night_seconds: float

    @property
    def series_nights(self) -> float:
        """Series-nights a second of one processor, over the history."""
        return self.series * self.nights / self.processor_seconds


def bench_warnings(series: int = 2_000, nights: int = 365, seed: int = 1) -> Watching:
    """Walk made-up counts of so many series and nights, then one night more from the state that the history left."""
    chance = np.random.default_rng(seed)
    counts = chance.poisson(chance.gamma(2.0, 1.0, (series, 1)), (series, nights)).astype(float)
    ones, none = np.ones_like(counts), np.zeros(series, np.int64)
    seen = detector.Counted(counts, ones, ones, ones > 0, none > 0, none, 0)
    meter = Meter()
    with meter("history"):
        state = detector.watch(seen, detector.State.new(series), keep=nights - detector.LAG - 1).state
    since = nights - 2 * detector.LAG - 8
    late = detector.Counted(counts[:, since:], ones[:, since:], ones[:, since:], ones[:, since:] > 0, none > 0, none, since % 7)
    with meter("night"):
        detector.watch(late, state.moved(since), nights - detector.LAG - since)
    history = meter.used["history"]
    return Watching(series, nights, history.seconds, history.processor_seconds, meter.used["night"].seconds)
