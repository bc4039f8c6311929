"""A night shaped and tagged on Dask: the same tables to the row, in the lake as well, also when workers are killed, parts given up, or there is no cluster."""

from __future__ import annotations

import contextlib
import csv
import itertools
import multiprocessing
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from listening import lake, night, workers
from listening.records import folding, shaping
from listening.warehouse import Warehouse
from listening.workers import Part, Workers
from listening.workspace import Mend, Run, Workspace
from tests import databases
from tests.conftest import SAMPLE, published
from tests.test_lake import NAME, kept, lake_table

ROOT = Path(__file__).parents[1]
SURVEY = '[sources.survey]\nconnector = "files"\nkind = "survey"\npath = "inbox/survey*.csv"\nscore_scale = [0, 10]\nscore_name = "NPS"\n'
ON_DASK = '\n[run]\nworkers = "dask"\nprocesses = 2\npart = 60\n'
LAST_DAY = "2026-06-30"


def answers(number: int) -> str:
    """A survey of so many of the sample's comments."""
    files = [path.read_text(encoding="utf-8").splitlines() for path in sorted((SAMPLE / "inbox").glob("survey*.csv"))]
    said = [cell for lines in files for row in csv.DictReader(lines) for name, cell in row.items() if name.endswith("comment") and cell]
    lines = [f'{n},2026-0{n % 6 + 1}-{n % 28 + 1:02d},"{text.replace(chr(34), "")}",{n % 11}' for n, text in enumerate(said[:number], 1)]
    return "\n".join(["id,date,comment,score", *lines]) + "\n"


NIGHT = """
import os, signal, sys
from prefect import task
from prefect.cache_policies import NO_CACHE
import listening.workers
from pipelines import workers
from pipelines.nightly import nightly

@task(cache_policy=NO_CACHE, retries=1)
def work_on(part):
    station, root = part.folder.parent.name, part.folder.parents[2]
    died = root / f"died-{station}.txt"
    if part.folder.name == "000002" and not died.exists():
        died.write_text(str(os.getpid()))
        os.kill(os.getpid(), signal.SIGKILL)
    listening.workers.work_on(part)
    with (root / f"done-{station}.txt").open("a") as file:
        file.write(f"{part.folder.name} {os.getpid()}\\n")

workers.work_on = work_on
print(nightly(sys.argv[1], sys.argv[2], return_state=True).message)
"""


@pytest.mark.prefect
def test_a_night_on_dask_and_in_the_lake_gives_the_same_tables_though_a_worker_is_killed(make_workspace: Callable[..., Workspace], tmp_path: Path) -> None:
    pytest.importorskip("prefect_dask", reason="no Dask here: pip install 'listening-path[dask]'")
    pytest.importorskip("duckdb_extension_ducklake", reason="no DuckLake here: pip install 'listening-path[lake]'")
    alone = make_workspace(SURVEY, {"survey.csv": answers(300)}, name="alone")
    night.run(alone, LAST_DAY)
    place = make_workspace(SURVEY + ON_DASK + lake_table(tmp_path), {"survey.csv": answers(300)}, name="on dask")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "LISTENING_"))}
    known = {**inherited, "PREFECT_HOME": str(tmp_path / "home"), "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1",
             "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120"}  # fmt: skip
    with (tmp_path / "said").open("w") as said, databases.server() as catalogue:
        known["LISTENING_LAKE"] = catalogue
        done = subprocess.run([sys.executable, "-c", NIGHT, str(place.root), LAST_DAY], env=known, cwd=ROOT, stdout=said, stderr=said, timeout=180, check=False)
        in_lake = kept(lake.Lake(catalogue, tmp_path / "lake", NAME, 7))
    told = (tmp_path / "said").read_text()
    assert done.returncode == 0, told
    assert "300 tagged" in told, told
    expected, found = (published(of, besides=("runs", "run_counts")) for of in (alone, place))
    assert [name for name in expected if found[name] != expected[name]] == []
    assert [name for name in expected if in_lake[name] != expected[name]] == []
    for station in ("records", "tagging"):
        done = dict(line.split() for line in (place.root / f"done-{station}.txt").read_text().splitlines())
        assert sorted(done) == ["000001", "000002", "000003", "000004", "000005"], "each part was done by a worker, the killed one's, too"
        assert done["000002"] != (place.root / f"died-{station}.txt").read_text(), "by another than the one that was killed over it"
    assert not place.parts.exists()


STORED = ("records/records", "records/rejects", "tagging/tags", "tagging/record_stages", "tagging/sentences", "tagging/sentence_themes")


def understood(place: Workspace, beside: Workers | None) -> dict[str, Any]:
    """What gathering and understanding alone leave in the store; a pull's id is another each time."""
    with night.begin(place, LAST_DAY) as tonight:
        tonight.gather("survey", beside)
        tonight.understand(beside)
        found = {name: tonight.warehouse.whole(name) for name in STORED}
    return {name: rows.drop(columns=["pull_id", "landed_at"], errors="ignore") for name, rows in found.items()}


def by_every_second(parts: Iterable[Part]) -> Iterator[Part]:
    for part, is_taken in zip(list(parts), itertools.cycle((True, False)), strict=False):
        if is_taken:
            workers.work_on(part)
        yield part


def test_what_workers_give_up_is_done_all_the_same(make_workspace: Callable[..., Workspace]) -> None:
    said = answers(90)
    said += "".join(f",2026-03-01,again and again,{n}\n" for n in (1, 1, 1)) + ",soon,never,1\n" + said.splitlines()[5] + "\n"
    alone, place = (make_workspace(SURVEY, {"survey.csv": said}, name=name) for name in ("alone", "with workers"))
    expected, found = understood(alone, None), understood(place, Workers(by_every_second, 25))
    assert (len(expected["records/records"]), len(expected["records/rejects"]), len(expected["tagging/tags"])) == (93, 1, 93)
    for name, rows in expected.items():
        pd.testing.assert_frame_equal(found[name], rows)
    assert not place.parts.exists()


def test_two_processes_read_like_one_even_if_one_is_killed(make_workspace: Callable[..., Workspace], monkeypatch: pytest.MonkeyPatch) -> None:
    said = answers(90) + ",2026-03-01,again and again,1\n" * 40
    alone, place = (make_workspace(SURVEY, {"survey.csv": said}, name=name) for name in ("alone", "with another"))
    expected = understood(alone, None)
    killed: list[int] = []

    def fold(warehouse: Warehouse, source: str, things: pa.Table) -> Any:
        for process in multiprocessing.active_children()[: not killed]:
            process.kill()
            killed.append(int(process.pid or 0))
        return folding.fold(warehouse, source, things)

    monkeypatch.setattr(workers, "cores", lambda: 2)
    monkeypatch.setattr(shaping, "SPREAD_FROM", 100)
    monkeypatch.setattr(shaping, "ROWS_READ_AT_A_TIME", 10)
    monkeypatch.setattr(shaping, "FOLDED_AT_A_TIME", 20)
    monkeypatch.setattr(shaping, "fold", fold)
    found = understood(place, None)
    assert killed
    for name, rows in expected.items():
        pd.testing.assert_frame_equal(found[name], rows)


def test_a_scheduler_that_is_not_there_costs_a_moment_and_no_record(make_workspace: Callable[..., Workspace], monkeypatch: pytest.MonkeyPatch) -> None:
    dask = pytest.importorskip("dask", reason="no Dask here: pip install 'listening-path[dask]'")
    by_prefect = pytest.importorskip("pipelines.workers")
    monkeypatch.setattr(by_prefect, "_one_server", contextlib.nullcontext)
    told: list[str] = []
    monkeypatch.setattr(by_prefect.log, "warning", lambda words, *_: told.append(words))
    place = make_workspace(SURVEY, {"survey.csv": answers(90)})
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "1s"}),
        by_prefect.by_dask(Run(workers="dask", scheduler="tcp://127.0.0.1:9", part=25)) as nobody,
    ):
        assert len(understood(place, nobody)["tagging/tags"]) == 90
    assert told == ["Dask cannot be reached (%s)"] * 2


def test_a_part_holds_no_more_than_asked_and_all_rows_are_in_one(make_workspace: Callable[..., Workspace]) -> None:
    place = make_workspace(SURVEY, {"survey.csv": answers(90)})
    seen: dict[str, list[int]] = {"records": [], "tagging": []}

    def look(parts: Iterable[Part]) -> Iterator[Part]:
        for part in parts:
            workers.work_on(part)
            seen[part.folder.parent.name].append(pq.read_metadata(part.folder / "given.parquet").num_rows)
            yield part

    assert len(understood(place, Workers(look, 40))["tagging/tags"]) == 90
    assert seen == {"records": [40, 40, 10], "tagging": [40, 40, 10]}


def test_what_a_killed_night_gave_to_workers_is_gone_with_the_next(make_workspace: Callable[..., Workspace]) -> None:
    place = make_workspace(SURVEY, {"survey.csv": answers(20)})
    (place.parts / "records" / "000001").mkdir(parents=True)
    (place.parts / "records" / "000001" / "given.parquet").write_text("somebody's words")
    night.run(place, LAST_DAY)
    assert not place.parts.exists()


def test_a_worker_with_another_program_refuses_a_part(tmp_path: Path) -> None:
    with pytest.raises(Mend, match="install the same"):
        workers.work_on(Part(tmp_path, dict, (), program="0.0.0"))


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ('workers = "ray"', "workers"),
        ('workers = "dask"\nscheduler = "10.0.0.5"', "tcp://10.0.0.5:8786"),
        ("processes = 2", 'workers = "dask"'),
        ('memory = "50MB"', "'1200MB' or '4GB'"),
        ('workers = "dask"\nscheduler = "tcp://a:1"\nprocesses = 2', "the cluster has its own"),
    ],
)
def test_a_wrong_run_table_is_refused_in_words(make_workspace: Callable[..., Workspace], table: str, said: str) -> None:
    place = make_workspace(f"[run]\n{table}\n")
    with pytest.raises(Mend, match="run") as refused:
        place.settings()
    assert said in str(refused.value)
