"""Work in a process of its own: takes a function, gives what it gave and the most memory that it and all it started had at once."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

LOOK_EVERY = 0.1  # seconds
PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 2**20
T = TypeVar("T")


@dataclass(frozen=True)
class Rate:
    """A way of doing something: how many records it took and for how long (on the clock, and of processors), and the peak memory of all its processes in MB."""

    way: str
    records: int
    seconds: float
    processor_seconds: float
    peak_mb: float

    @property
    def speed(self) -> float:
        """Records a second on the clock."""
        return self.records / self.seconds

    @property
    def speed_a_core(self) -> float:
        """Records a second of one processor, which others on the machine disturb less."""
        return self.records / self.processor_seconds


def alone(work: Callable[..., T], *given: object) -> tuple[T, float]:
    """What `work` gives in a fresh process, and the peak memory of that process with its own children in MB, as looked at ten times a second."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        result = pool.submit(work, *given)
        peak = 0.0
        while True:
            peak = max(peak, sum(_memory(child.pid) for child in multiprocessing.active_children()))
            with suppress(NotYet):
                return result.result(LOOK_EVERY), peak


def _memory(process: int | None) -> float:
    """Resident memory of a process and its children in MB; 0 where the system does not tell, or it has ended."""
    place = Path("/proc", str(process))
    try:
        own = int((place / "statm").read_text(encoding="ascii").split()[1]) * PAGE_MB
        children = {int(child) for task in (place / "task").iterdir() for child in (task / "children").read_text(encoding="ascii").split()}
    except (OSError, IndexError):
        return 0.0
    return own + sum(map(_memory, children))
