"""Write a run's folder and switch `published` to it.

    .published/<run_id>/listening.duckdb    the described tables, schema main
                        parquet/*.parquet   the same tables as files
                        stories.json, stories.md, site/
                        compared.json       how things stand, for the next run to compare with
    published -> .published/<run_id>        replaced in one step, so that readers see one whole run

A folder per run also means that a process which holds an old file keeps it, and one that opens anew gets the new one.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path
from zoneinfo import ZoneInfo

from listening import lake, tables
from listening import warehouse as store
from listening.publish import facts, since, site
from listening.warehouse import Warehouse
from listening.workspace import Workspace

NEWS = "publish/since_yesterday"
LAKE = "[lake]"  # under which a night's report tells that the lake failed; no source can be called so


def publish(workspace: Workspace, warehouse: Warehouse, run_id: str, clock: dt.datetime, is_replay: bool = False) -> Path:
    """Publish the tables as they stand as run `run_id` told at `clock` (a replay looks back); gives the run's folder."""
    folder = workspace.runs / f"{run_id}.partial"
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "parquet").mkdir(parents=True)
    workspace.runs.chmod(0o700)
    database = folder / "listening.duckdb"
    settings = workspace.settings()
    company = settings.company
    today = clock.astimezone(ZoneInfo(company.timezone)).date()
    warehouse.publish(database, [name for name in tables.tables("publish") if name != NEWS], clock=clock, today=today, timezone=company.timezone)
    database.chmod(0o600)
    with store.reading(database) as published:
        run = published.rows("publish/facts/run", run_id=run_id)[0]
        compared = since.compare(published, since.read(workspace.published), run, company, today, is_replay)
    since.write(folder, compared.kept)
    with warehouse.transaction():
        warehouse.replace("night/since_yesterday", compared.news)
    warehouse.publish(database, [NEWS])  # last, since it is read off the others
    store.export_parquet(database, folder / "parquet")
    with store.reading(database) as published:
        told, comments = facts.gather(published, company, run_id), facts.comments(published)
    (folder / "stories.json").write_text(json.dumps(told, indent=1, ensure_ascii=False, default=str), encoding="utf-8")
    (folder / "stories.md").write_text(site.markdown(told), encoding="utf-8")
    site.write(folder / "site", told, comments)
    finished = workspace.runs / run_id
    folder.rename(finished)
    _switch(workspace, finished)
    _remove_old(workspace, settings.keep.runs)
    return finished


def to_lake(workspace: Workspace, run: Path, is_forgetting: bool = False) -> None:
    """Bring the lake, where listening.toml names one, to a published run; after forgetting, nothing earlier is left in it.

    Raises:
        Mend: it cannot be reached or written.
    """
    if place := lake.of(workspace):
        lake.write(place, run / "listening.duckdb", run.name, is_forgetting)


def keep_only(workspace: Workspace, run: Path) -> None:
    """Remove every run but this one."""
    for path in workspace.runs.iterdir():
        if path.is_dir() and path.name != run.name:
            shutil.rmtree(path)


def _switch(workspace: Workspace, finished: Path) -> None:
    """Point `published` at a complete run in one step."""
    link = workspace.root / ".published.new"
    link.unlink(missing_ok=True)
    link.symlink_to(Path(".published") / finished.name, target_is_directory=True)
    link.replace(workspace.published)


def _remove_old(workspace: Workspace, runs_kept: int) -> None:
    runs = sorted((path for path in workspace.runs.iterdir() if path.is_dir()), key=lambda path: path.stat().st_mtime)
    current = workspace.published.resolve()
    for path in [*(run for run in runs if run.suffix == ".partial"), *[run for run in runs if run.suffix != ".partial"][:-runs_kept]]:
        if path != current:
            shutil.rmtree(path, ignore_errors=True)
