"""Several processes that tag: takes tables of records one after the other, gives their tags in the same order.

Only the parent touches the store. What a lost process had in hand is tagged here, so a killed one costs time and nothing else.
"""

from __future__ import annotations

import collections
import logging
import multiprocessing
import os
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from pathlib import Path

import pyarrow as pa

from listening.journey import Journey
from listening.tagging.classifier import load
from listening.tagging.tagger import Tables, Tagger

POOL_FROM = 200_000  # records; starting processes takes about as long as they then save
MOST = 8
AHEAD = 2  # tables that wait for each process, so that none idles while the parent writes
log = logging.getLogger(__name__)
_ready: list[Tagger] = []  # in a process of the pool: its own


def cores() -> int:
    """How many processes can run at once."""
    return min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1, MOST)


def tag(tagger: Tagger, models: Path, tables: Iterable[pa.Table], processes: int) -> Iterator[Tables]:
    """The tags of each table, by so many processes; by this one if that is 1."""
    if processes < 2:
        yield from map(tagger.tag, tables)
        return
    given = (models, tagger.classifier.version, tagger.journey, tagger.version)
    context = multiprocessing.get_context("spawn")  # a fork would copy the store's open files and Prefect's threads
    with ProcessPoolExecutor(processes, context, _begin, given) as pool:
        waiting: collections.deque[tuple[pa.Table, Future[Tables] | None]] = collections.deque()
        for table in tables:
            waiting.append((table, _hand_over(pool, table)))
            if len(waiting) > AHEAD * processes:
                yield _result(tagger, *waiting.popleft())
        while waiting:
            yield _result(tagger, *waiting.popleft())


def _hand_over(pool: ProcessPoolExecutor, table: pa.Table) -> Future[Tables] | None:
    try:
        return pool.submit(_tag, table)
    except BrokenExecutor:
        return None


def _result(tagger: Tagger, table: pa.Table, future: Future[Tables] | None) -> Tables:
    try:
        if future:
            return future.result()
    except BrokenExecutor:
        log.warning("a process that tagged was lost; this one goes on with its records")
    return tagger.tag(table)


def _begin(models: Path, classifier_version: str, journey: Journey, version: str) -> None:
    threading.Thread(target=_leave_with_parent, daemon=True).start()
    pa.set_cpu_count(1)
    _ready.append(Tagger(load(models, classifier_version), journey, version))


def _leave_with_parent() -> None:
    """A killed parent can't end its pool; without this its processes would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
        os._exit(1)


def _tag(table: pa.Table) -> Tables:
    return _ready[0].tag(table)
