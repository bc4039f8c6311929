"""What work uses: takes stretches of it by name, gives the seconds, processor seconds and peak memory of each."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_OURS = Path("/proc/self")


@dataclass
class Used:
    """Seconds on the clock and of processors, in all stretches of one name, and this process's highest memory in any of them, in MB."""

    seconds: float = 0.0
    processor_seconds: float = 0.0
    peak_mb: float = 0.0


class Meter:
    """Adds up what stretches of work have used; what they start themselves counts once it has ended."""

    def __init__(self) -> None:
        self.used: dict[str, Used] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Count what happens inside to `name`."""
        begun, processors = time.perf_counter(), _processor_seconds()
        _forget_peak()
        try:
            yield
        finally:
            used = self.used.setdefault(name, Used())
            used.seconds += time.perf_counter() - begun
            used.processor_seconds += _processor_seconds() - processors
            used.peak_mb = max(used.peak_mb, _peak())


def _processor_seconds() -> float:
    usages = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _forget_peak() -> None:
    """Let the system begin anew to look for this process's peak; where it can't, the peak is the highest since the process began."""
    with suppress(OSError):
        (_OURS / "clear_refs").write_text("5", encoding="ascii")


def _peak() -> float:
    """Highest resident memory in MB."""
    with suppress(OSError):
        for line in (_OURS / "status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
