"""The nightly flow: takes a workspace, gathers, understands, tells and publishes; gives what the night came to.

No task is retried: a source that fails is noted and does not stop the others, what it has landed stays, and the next
night goes on from there. Waiting for a slow system is the matter of the source that speaks to it.
"""

from __future__ import annotations

import logging
import os
import traceback
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact
from prefect.blocks.abstract import NotificationBlock
from prefect.blocks.core import Block
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Cancelled, Completed, Failed

from listening import night, workspace
from listening.night import Night
from listening.workers import Workers
from listening.workspace import Mend

log = logging.getLogger("listening.nightly")


@task(name="gather", task_run_name="gather {source}", cache_policy=NO_CACHE)
def gather(tonight: Night, source: str, beside: Workers | None) -> None:
    """Land and shape what is new from one source."""
    with discreet():
        tonight.gather(source, beside)


@task(name="understand", task_run_name="understand", cache_policy=NO_CACHE)
def understand(tonight: Night, beside: Workers | None) -> None:
    """Tag what has no tags yet."""
    with discreet():
        tonight.understand(beside)


@task(name="tell", task_run_name="tell", cache_policy=NO_CACHE)
def tell(tonight: Night) -> None:
    """Count the signals and tell the story of each stage."""
    with discreet():
        tonight.tell()


@task(name="publish", task_run_name="publish", cache_policy=NO_CACHE)
def publish(tonight: Night) -> None:
    """Publish the run as a whole."""
    with discreet():
        tonight.publish()


@flow(name="nightly")
def nightly(workspace_folder: str = "", as_of: str | None = None) -> State[Any]:
    """One night over one workspace.

    Args:
        workspace_folder: the company's folder, absolute or relative to where the flow runs; without it,
            LISTENING_WORKSPACE, else here.
        as_of: the run's time (a date, or a time in ISO 8601); without it, now.

    Raises:
        Mend: to whoever calls the flow, when a person must put something right; Prefect keeps its sentence.
    """
    try:
        with discreet(), night.begin(workspace.find(workspace_folder), as_of, by_block=by_block) as tonight, _workers(tonight) as beside:
            for source in tonight.settings.sources:
                gather(tonight, source, beside)
            understand(tonight, beside)
            tell(tonight)
            publish(tonight)
    except Mend as problem:
        ended = Cancelled if problem.status == night.ALREADY_RUNNING else Failed
        return ended(message=str(problem), data=problem)
    _leave_artifact(night.report(tonight))
    name = "Completed" if tonight.status == night.DONE else "Done in part"
    return Completed(name=name, message=night.summary(tonight), data=night.outcome(tonight))


def by_block(name: str, subject: str, text: str) -> None:
    """Send by a notification block of Prefect, such as `slack-webhook/voice`; raises what the block raises."""
    block = Block.load(name)
    if not isinstance(block, NotificationBlock):
        raise TypeError(f"{name} sends no notifications")
    with block.raise_on_failure():
        _ = block.notify(text, subject)


def _workers(tonight: Night) -> AbstractContextManager[Workers | None]:
    """Who works beside this process, as `[run]` in listening.toml says. Dask is loaded only where it is wanted."""
    if tonight.settings.run.workers != "dask":
        return nullcontext()
    try:
        from pipelines import workers
    except ImportError:
        raise Mend("workers = \"dask\" in listening.toml needs Dask: pip install 'listening-path[dask]'.") from None
    return workers.by_dask(tonight.settings.run)


def _leave_artifact(report: str) -> None:
    """Show the report in Prefect's pages; a server that is gone by now does not undo the night."""
    try:
        create_markdown_artifact(key="night", markdown=report, description="What the night brought")
    except Exception as error:
        log.warning("the night's report could not be shown in Prefect (%s); it stands in logs/", type(error).__name__)


@contextmanager
def discreet() -> Iterator[None]:
    """Let Prefect know an unexpected error by its kind and place only: its message may hold a customer's words."""
    try:
        yield
    except Mend:
        raise
    except Exception as error:
        if os.environ.get("LISTENING_DEBUG"):
            raise
        frames = traceback.extract_tb(error.__traceback__)
        where = next((frame for frame in reversed(frames) if "listening" in Path(frame.filename).parts[-4:]), frames[-1])
        place = f"{'/'.join(Path(where.filename).parts[-2:])}:{where.lineno}"
        raise Mend(
            f"The night was stopped by an unexpected error ({type(error).__name__} in {place}). Nothing half-done was published. "
            "Set LISTENING_DEBUG=1 and run 'listening run --direct' to see more.",
            status=1,
        ) from None
