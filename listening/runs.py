"""What each run came to: kept in the store for readers, and in `.journal/<run_id>.json` for a store that is built anew.

A run stands there from its first moment as cut off; only once it is published does it say otherwise.
"""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

from listening.warehouse import Warehouse
from listening.workspace import Workspace, put

CUT_OFF, DONE, DONE_IN_PART = "cut off", "done", "done in part"
_TIMES = ("started_at", "finished_at", "clock")


def keep(workspace: Workspace, warehouse: Warehouse, run: dict[str, Any], is_journaled: bool = True) -> None:
    """Write down a run as it stands, with its counts so far."""
    with warehouse.transaction():
        warehouse.upsert("night/runs", [run])
    if is_journaled:
        journal(workspace, warehouse, run)


def journal(workspace: Workspace, warehouse: Warehouse, run: dict[str, Any]) -> None:
    """Write a run and its counts into the journal, in one step."""
    counts = warehouse.rows("night/counts_of_run", run_id=run["run_id"])
    workspace.journal.mkdir(mode=0o700, exist_ok=True)
    content = {"run": run, "counts": counts}
    put(workspace.journal / f"{run['run_id']}.json", json.dumps(content, ensure_ascii=False, default=_plain))


def restore(workspace: Workspace, warehouse: Warehouse) -> None:
    """Bring journal and store into line: what either knows of a run, the other learns.

    A run that the store has as done and the journal as cut off was killed while it was being published; it is done if
    its folder is there.
    """
    known = {row["run_id"]: row for row in warehouse.rows("night/all_runs")}
    journaled = {path.stem: content for path in sorted(workspace.journal.glob("*.json")) if (content := _read(path))}
    missing = [content for name, content in journaled.items() if name not in known]
    with warehouse.transaction():
        warehouse.insert("night/runs", [content["run"] for content in missing])
        for content in missing:
            warehouse.upsert("records/run_counts", content["counts"])
    for name, run in known.items():
        is_doubtful = name in journaled and run["state"] != journaled[name]["run"]["state"]
        if is_doubtful and not (workspace.runs / name).exists():
            keep(workspace, warehouse, run | {"state": CUT_OFF})
        elif is_doubtful or name not in journaled:
            journal(workspace, warehouse, run)


def _read(path: Path) -> dict[str, Any] | None:
    """A run as the journal has it; None for a file that was damaged from outside."""
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        content["run"] |= {name: dt.datetime.fromisoformat(content["run"][name]) for name in _TIMES if content["run"].get(name)}
        list(content["counts"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return content


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, dt.datetime) else str(value)
