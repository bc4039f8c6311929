"""Several processes that read: takes tables one after the other, gives what came of each in the same order.

Only the parent touches the store. What a lost process had in hand is done here, so a killed one costs time and nothing else.
"""

from __future__ import annotations

import collections
import logging
import multiprocessing
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from typing import Any, TypeVar

import pyarrow as pa

POOL_FROM = 200_000  # records; starting processes takes about as long as they then save
MOST = 8
AHEAD = 2  # tables that wait for each process, so that none idles while the parent writes
log = logging.getLogger(__name__)
_ready: list[Callable[[pa.Table], Any]] = []  # in a process of the pool: its own way to work
T = TypeVar("T")


def cores() -> int:
    """How many processes can run at once."""
    return min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, MOST)


def spread(work: Callable[[pa.Table], T], tables: Iterable[pa.Table], processes: int, make: Callable[..., Callable[[pa.Table], T]], *given: Any) -> Iterator[T]:
    """What `work` gives of each table, in their order, by so many processes; by this one if that is 1.

    Each process makes its own way to work, once, as `make(*given)`.
    """
    if processes < 2:
        yield from map(work, tables)
        return
    context = multiprocessing.get_context("spawn")  # a fork would copy the store's open files and Prefect's threads
    with ProcessPoolExecutor(processes, context, _begin, (make, *given)) as pool:
        waiting: collections.deque[tuple[pa.Table, Future[T] | None]] = collections.deque()
        for table in tables:
            waiting.append((table, _hand_over(pool, table)))
            if len(waiting) > AHEAD * processes:
                yield _result(work, *waiting.popleft())
        while waiting:
            yield _result(work, *waiting.popleft())


def _hand_over(pool: ProcessPoolExecutor, table: pa.Table) -> Future[Any] | None:
    try:
        return pool.submit(_work, table)
    except BrokenExecutor:
        return None


def _result(work: Callable[[pa.Table], T], table: pa.Table, future: Future[T] | None) -> T:
    try:
        if future:
            return future.result()
    except BrokenExecutor:
        log.warning("a process that worked beside this one was lost; this one goes on with its records")
    return work(table)


def _begin(make: Callable[..., Callable[[pa.Table], Any]], *given: Any) -> None:
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    pa.set_cpu_count(1)
    _ready.append(make(*given))


def _leave_with_parent() -> None:
    """A killed parent can't end its pool; without this its processes would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
        os._exit(1)


def _work(table: pa.Table) -> Any:
    return _ready[0](table)
