"""A fresh workspace and a fresh store for every test, on real parts."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Container, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from listening import journey, night, tagging, warehouse, workspace
from listening.journey import Journey
from listening.publish import reading
from listening.warehouse import Warehouse
from listening.workspace import Workspace

COMPANY = '[company]\nname = "Tester"\ntimezone = "Europe/London"\n'
CHROMIUM = Path("/usr/bin/chromium")
SAMPLE = Path(__file__).parents[1] / "data" / "sample"
LAST_DAY = "2026-06-30"
LONGEST = ("test_forget.py", "test_hostile.py", "test_nights.py", "test_store.py", "test_tagging_themes.py", "test_warnings.py", "test_workers.py")
OF_THE_RUN = ("runs", "run_counts", "freshness")  # published tables that tell of the night itself: a night more is a night more
REAL_DATA = Path(__file__).parents[2] / "shared" / "data"
warehouse.SETTINGS["threads"] = 1  # a second one finds nothing to do in stores so small, and waits by spinning: a fifth of a night


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take longest go first, so that none of them is left to one worker while the others have nothing to do."""
    items.sort(key=lambda item: item.path.name not in LONGEST)


@contextmanager
def made_once(tmp_path_factory: pytest.TempPathFactory, name: str) -> Iterator[tuple[Path, bool]]:
    """A folder that all workers of a test run share, and whether it still has to be filled; nobody else gets it meanwhile."""
    common = tmp_path_factory.getbasetemp()
    folder = (common.parent if "PYTEST_XDIST_WORKER" in os.environ else common) / name
    done = folder.with_suffix(".done")
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield folder, not done.exists()
        done.touch()


@pytest.fixture(scope="session")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped classifier, fitted once for all tests."""
    with made_once(tmp_path_factory, "models") as (models, is_due):
        if is_due:
            models.mkdir()
            tagging.fit(models, journey.read(workspace.shipped("default-journey.yaml")))
    return models


@pytest.fixture
def fits_by_copying(fitted: Path, monkeypatch: pytest.MonkeyPatch) -> list[Journey]:
    """Fitting puts the fitted classifier in place, for tests of something else; gives the journeys that were to be fitted to."""
    asked: list[Journey] = []

    def fit(models: Path, stages: Journey) -> str:
        asked.append(stages)
        shutil.copytree(fitted, models, dirs_exist_ok=True)
        return str(json.loads((models / "current.json").read_text(encoding="utf-8"))["stage"])

    monkeypatch.setattr(tagging, "fit", fit)
    return asked


@pytest.fixture
def make_workspace(tmp_path: Path, fitted: Path) -> Callable[..., Workspace]:
    """Makes a workspace from the text of its sources' tables and its inbox files (name → content)."""
    return workspace_maker(tmp_path, fitted)


def workspace_maker(tmp_path: Path, fitted: Path) -> Callable[..., Workspace]:
    """What makes workspaces below a folder, each with the fitted classifier."""

    def make(sources: str = "", files: dict[str, str | bytes] | None = None, company: str = COMPANY, name: str = "workspace") -> Workspace:
        place = Workspace(tmp_path / name)
        place.inbox.mkdir(parents=True)
        place.configuration.write_text(company + sources, encoding="utf-8")
        shutil.copyfile(workspace.shipped("default-journey.yaml"), place.journey)
        shutil.copytree(fitted, place.models)
        for file, content in (files or {}).items():
            drop(place, file, content)
        return place

    return make


def branched(place: Workspace, folder: Path) -> Workspace:
    """A workspace's twin below a folder, which goes its own way from there: what nights before a test have made is made once."""
    shutil.copytree(place.root, folder / place.root.name, symlinks=True)
    return Workspace(folder / place.root.name)


def drop(place: Workspace, file: str, content: str | bytes) -> Path:
    """Put a file into the inbox, old enough to be complete."""
    path = place.inbox / file
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    settle(path)
    return path


def settle(path: Path) -> None:
    """Make a file look as if nobody had touched it for a while."""
    long_ago = path.stat().st_mtime - 60
    os.utime(path, (long_ago, long_ago))


@pytest.fixture(scope="session")
def fernway(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The sample company after one night, told as of its last day; for reading only, since all tests share it."""
    with made_once(tmp_path_factory, "fernway") as (folder, is_due):
        place = Workspace(folder)
        if is_due:
            shutil.copytree(SAMPLE, place.root)
            night.prepare(place, workspace.shipped("default-journey.yaml"))
            with pytest.MonkeyPatch.context() as as_in_life:
                as_in_life.delitem(warehouse.SETTINGS, "threads")
                tonight = night.run(place, LAST_DAY)
            assert tonight.status == 0, tonight.faults
    return place


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real headless Chromium."""
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed, so no page was rendered in a real browser")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM)
        yield started
        started.close()


@contextmanager
def opened(browser: Browser, width: int, scheme: Literal["light", "dark"] = "light", can_run_scripts: bool = True) -> Iterator[Page]:
    """An empty tab of the browser, as wide as said, that fails what is done with it when a page complains or asks the network."""
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, java_script_enabled=can_run_scripts)
    faults: list[str] = []
    context.on("request", lambda asked: None if asked.url.startswith(("file:", "data:")) else faults.append(f"asks for {asked.url}"))
    context.on("console", lambda message: faults.append(message.text))
    context.on("weberror", lambda error: faults.append(str(error.error)))
    yield context.new_page()
    context.close()
    assert not faults, faults


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Warehouse]:
    """An empty working store."""
    with warehouse.opened(tmp_path / "warehouse.duckdb") as opened:
        yield opened


def rows(place: Workspace, query: str) -> list[dict[str, object]]:
    """Rows of a query on what is published."""
    connection = warehouse.read_only(reading.database(place))
    try:
        found: list[dict[str, object]] = connection.execute(query).to_arrow_table().to_pylist()
        return found
    finally:
        connection.close()


def contents(connection: Any, schema: str = "main") -> dict[str, list[dict[str, Any]]]:
    """All rows of all tables of a schema, in an order that depends on nothing but them."""
    names = connection.execute(f"select table_name from duckdb_tables() where schema_name = '{schema}' and not internal order by 1").fetchall()
    return {name: connection.execute(f'from "{name}" order by all').to_arrow_table().to_pylist() for (name,) in names}


def published(place: Workspace, besides: Container[str] = ()) -> dict[str, list[dict[str, Any]]]:
    """All rows of all published tables but those named."""
    with closing(warehouse.read_only(reading.database(place))) as connection:
        return {name: found for name, found in contents(connection).items() if name not in besides}


def run(place: Workspace, as_of: str | None = None) -> night.Night:
    """A whole night without Prefect."""
    return night.run(place, as_of)
