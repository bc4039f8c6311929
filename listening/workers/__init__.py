"""Workers: takes tables and a way to work on each, gives what came of each in their order: by this process, several here, or parts taken up anywhere.

Only the caller touches the store. Whoever works on a table gives the same, so what a lost worker had in hand is done by
the caller's own process: it costs time and nothing else.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from listening.workers import parts, pool
from listening.workers.parts import Made, Part, Work, Workers, work_on
from listening.workers.pool import cores, spread

__all__ = ["Made", "Part", "Work", "Workers", "cores", "spread", "work", "work_on"]


def work(
    own: Work, tables: Iterable[pa.Table], rows: int, spread_from: int, folder: Path, workers: Workers | None, make: Callable[..., Work], *given: Any
) -> Iterator[Made]:
    """What comes of each of the tables, in their order.

    Args:
        own: this process's way to work.
        tables: what is to be worked on, all of one schema.
        rows: how many they have in all; what would not fill a part is no matter for `workers`.
        spread_from: the number of rows from which further processes on this machine are worth their start.
        folder: where parts stand meanwhile; all `workers` must see it.
        workers: who takes up parts, if anybody does.
        make: makes the same way to work in another process, once.
        *given: what it is made of; must be picklable.
    """
    if workers and rows > workers.rows:
        return parts.work(own, tables, folder, workers, make, *given)
    return pool.spread(own, tables, cores() if rows >= spread_from else 1, make, *given)
