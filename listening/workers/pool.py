"""Several processes on this machine: takes tables one after the other, gives what came of each in the same order."""

from __future__ import annotations

import collections
import logging
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from types import ModuleType
from typing import Any, TypeVar

import pyarrow as pa

MOST = 8
AHEAD = 2  # tables that wait for each process, so that none idles while the parent writes
log = logging.getLogger(__name__)
_ready: list[Callable[[pa.Table], Any]] = []  # in a process of the pool: its own way to work
T = TypeVar("T")


def cores() -> int:
    """How many processes can run at once."""
    return min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, MOST)


def spread(own: Callable[[pa.Table], T], tables: Iterable[pa.Table], processes: int, make: Callable[..., Callable[[pa.Table], T]], *given: Any) -> Iterator[T]:
    """What comes of each table, in their order, by so many processes; by this one in its `own` way if that is 1.

    Each process makes its way to work once, as `make(*given)`.
    """
    if processes < 2:
        yield from map(own, tables)
        return
    context = multiprocessing.get_context("spawn")  # a fork would copy the store's open files and Prefect's threads
    with ProcessPoolExecutor(processes, context, _begin, (make, *given)) as pool:
        waiting: collections.deque[tuple[pa.Table, Future[T] | None]] = collections.deque()
        for table in tables:
            waiting.append((table, _hand_over(pool, table)))
            if len(waiting) > AHEAD * processes:
                yield _result(own, *waiting.popleft())
        while waiting:
            yield _result(own, *waiting.popleft())


def _hand_over(pool: ProcessPoolExecutor, table: pa.Table) -> Future[Any] | None:
    try:
        with _nothing_to_run_again():
            return pool.submit(_work, table)
    except BrokenExecutor:
        return None


@contextmanager
def _nothing_to_run_again() -> Iterator[None]:
    """Let a process that starts now not run the program's first module, which would load all that the night needs (2 s, 150 MB)."""
    first = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = first


def _result(own: Callable[[pa.Table], T], table: pa.Table, future: Future[T] | None) -> T:
    try:
        if future:
            return future.result()
    except BrokenExecutor:
        log.warning("a process that worked beside this one was lost; this one goes on with its records")
    return own(table)


def _begin(make: Callable[..., Callable[[pa.Table], Any]], *given: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who stops the night by hand stops the parent, which ends its pool
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
