"""The nightly flow: takes a workspace, gathers, understands, tells and publishes; gives what the night came to."""

from __future__ import annotations

from typing import Any

from prefect import flow, task
from prefect.artifacts import create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.states import Completed

from listening import night, workspace
from listening.night import Night


@task(name="gather", task_run_name="gather {source}", cache_policy=NO_CACHE)
def gather(tonight: Night, source: str) -> None:
    """Land and shape what is new from one source."""
    tonight.gather(source)


@task(name="understand", cache_policy=NO_CACHE)
def understand(tonight: Night) -> None:
    """Tag what has no tags yet."""
    tonight.understand()


@task(name="tell", cache_policy=NO_CACHE)
def tell(tonight: Night) -> None:
    """Count the signals and tell the story of each stage."""
    tonight.tell()


@task(name="publish", cache_policy=NO_CACHE)
def publish(tonight: Night) -> None:
    """Publish the run as a whole."""
    tonight.publish()


@flow(name="nightly", log_prints=False)
def nightly(workspace_folder: str = ".", as_of: str | None = None) -> State[dict[str, Any]]:
    """One night over one workspace.

    Args:
        workspace_folder: the company's folder, relative to where the worker runs or absolute.
        as_of: the run's time (a date, or a time in ISO 8601); without it, now.
    """
    with night.begin(workspace.find(workspace_folder), as_of) as tonight:
        for source in tonight.settings.sources:
            gather(tonight, source)
        understand(tonight)
        tell(tonight)
        publish(tonight)
    create_markdown_artifact(key="night", markdown=night.report(tonight), description="What the night brought")
    name = "Completed" if tonight.status == night.DONE else "Done in part"
    return Completed(name=name, message=night.summary(tonight), data=night.outcome(tonight))
