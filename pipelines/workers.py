"""Dask's workers for a night: takes parts in a folder that all workers see, has each done as a task of Prefect, gives the parts back in order.

A cluster that cannot be reached, or a part that its workers gave up, is only told: the part comes back as it was, and the
night's own process does it.
"""

from __future__ import annotations

import contextvars
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect_dask.task_runners import DaskTaskRunner, PrefectDaskFuture

from listening import workers
from listening.workers import Part, Workers
from listening.workspace import Run
from pipelines.nightly import discreet

PATIENCE_TO_BEGIN = 60  # seconds, until a cluster has a worker
PATIENCE = 900.0  # seconds, between one part and the next
log = logging.getLogger("listening.workers")


@task(name="a part", task_run_name="{part.folder.parent.name} part {part.folder.name}", cache_policy=NO_CACHE, retries=1)
def work_on(part: Part) -> None:
    """Do one part of some station's work, in a worker's process."""
    with discreet():
        workers.work_on(part)


@contextmanager
def by_dask(run: Run) -> Iterator[Workers]:
    """Workers of the scheduler that `[run]` names, else of a cluster on this machine, which starts with the first part and ends with the night."""
    logging.getLogger("distributed").setLevel(logging.ERROR)  # the night's own lines tell what was lost
    with _runner(run) as runner, _one_server():
        here = contextvars.copy_context()  # of the flow: a task's own context holds the open store, which cannot be sent

        def given(parts: Iterable[Part]) -> Iterator[tuple[Part, PrefectDaskFuture[None] | None]]:
            is_there = True  # once it is not, every further part would wait in vain
            for part in parts:
                future = None
                try:
                    if is_there:
                        runner.client.wait_for_workers(1, timeout=PATIENCE_TO_BEGIN)
                        future = here.run(runner.submit, work_on, {"part": part})
                except Exception as error:
                    is_there = False
                    log.warning("Dask cannot be reached (%s)", type(error).__name__)
                yield part, future

        def each(parts: Iterable[Part]) -> Iterator[Part]:
            patience = PATIENCE
            for part, future in list(given(parts)):
                try:
                    if future:
                        future.result(timeout=patience)
                except TimeoutError:
                    patience = 0.1
                    log.warning("Dask has not finished a part for %.0f minutes", PATIENCE / 60)
                except Exception as error:
                    log.warning("Dask gave a part up (%s)", type(error).__name__)
                yield part

        yield Workers(each, run.part)


def _runner(run: Run) -> DaskTaskRunner:
    if run.scheduler:
        return DaskTaskRunner(address=run.scheduler)
    return DaskTaskRunner(cluster_kwargs={"n_workers": run.processes or workers.cores(), "threads_per_worker": 1, "dashboard_address": None})


@contextmanager
def _one_server() -> Iterator[None]:
    """Let the workers know the Prefect server of this flow; else each would start one of its own."""
    with get_client(sync_client=True) as client:
        url = str(client.api_url)
    with temporary_settings({PREFECT_API_URL: url}):
        yield
