"""The nightly flow as operators meet it: real commands, a real Prefect server, a real worker."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest

from listening.workspace import Workspace

pytestmark = pytest.mark.prefect

ROOT = Path(__file__).parents[1]
PREFECT = [sys.executable, "-m", "prefect", "--no-prompt"]
LISTENING = str(Path(sys.executable).with_name("listening"))
SURVEY = """
[sources.survey]
connector = "files"
kind = "survey"
path = "inbox/survey*.csv"
columns = { id = "id", said_at = "date", text = "comment" }
"""
BROKEN = """
[sources.reviews]
connector = "files"
kind = "review"
path = "inbox/reviews*.csv"
columns = { id = "id", said_at = "date", text = "no such column" }
"""
ANSWERS = "id,date,comment\n1,2026-05-04,The order came two days late.\n2,2026-05-05,Signing up was easy and quick.\n3,2026-05-06,Support never called back.\n"
FILES = {"survey.csv": ANSWERS, "reviews.csv": ANSWERS}
T = TypeVar("T")
MakeWorkspace = Callable[..., Workspace]


@dataclass(frozen=True)
class Server:
    """A Prefect server of these tests alone, and the environment in which its commands run."""

    api: httpx.Client
    environment: dict[str, str]
    log: Path

    def told(self, path: str, **body: Any) -> Any:
        answer = self.api.post(path, json=body)
        answer.raise_for_status()
        return answer.json()


def environment(home: Path, **more: str) -> dict[str, str]:
    """This process's environment without anyone's Prefect or workspace, and with a home that ends with the test."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "LISTENING_"))}
    return {**inherited, "PREFECT_HOME": str(home), "PREFECT_SERVER_ANALYTICS_ENABLED": "false", "DO_NOT_TRACK": "1", "NO_COLOR": "1", **more}


@contextmanager
def running(command: list[str], environment: dict[str, str], log: Path, cwd: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that does not outlive the block, nor do its children."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT, cwd=cwd, start_new_session=True)
    try:
        yield process
    finally:
        for sign, patience in ((signal.SIGTERM, 15), (signal.SIGKILL, 5)):
            try:
                os.killpg(process.pid, sign)
                process.wait(patience)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue


def until(what: str, look: Callable[[], T], patience: float) -> T:
    """What `look` finds, as soon as it finds something."""
    end = time.monotonic() + patience
    while not (found := look()):
        assert time.monotonic() < end, f"{what}: not within {patience:.0f} s"
        time.sleep(0.3)
    return found


def command(arguments: list[str], environment: dict[str, str], cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    """A command that has ended, whatever its status."""
    return subprocess.run(arguments, env=environment, cwd=cwd, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests of this module."""
    home = tmp_path_factory.mktemp("prefect")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}/api"
    known = environment(home, PREFECT_API_URL=url, PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE="prefect.server.concurrency.lease_storage.filesystem")
    log = home / "server.log"

    def is_up() -> bool:
        assert process.poll() is None, log.read_text()
        try:
            return httpx.get(f"{url}/health", timeout=2).is_success
        except httpx.HTTPError:
            return False

    with running([*PREFECT, "server", "start", "--host", "127.0.0.1", "--port", str(port)], known, log, home) as process:
        until("the server is up", is_up, 120)
        with httpx.Client(base_url=url, timeout=30) as api:
            yield Server(api, known, log)


def test_deployment_gets_scheduled_runs_and_a_worker_finishes_one(server: Server, make_workspace: MakeWorkspace, tmp_path: Path) -> None:
    place = make_workspace(SURVEY, FILES)
    here = {**server.environment, "LISTENING_HOME": str(ROOT), "LISTENING_WORKSPACE": os.path.relpath(place.root, ROOT)}
    for arguments in (["work-pool", "create", "--type", "process", "listening"], ["deploy", "--all"]):
        done = command([*PREFECT, *arguments], here)
        assert done.returncode == 0, done.stdout + done.stderr

    deployment = server.api.get("/deployments/name/nightly/every-night").json()
    assert deployment["schedules"][0]["schedule"] == {"cron": "15 3 * * *", "timezone": "Europe/London", "day_or": True}
    assert deployment["parameters"] == {"workspace_folder": here["LISTENING_WORKSPACE"]}
    assert str(ROOT) in json.dumps(deployment["pull_steps"])
    assert deployment["concurrency_options"]["collision_strategy"] == "CANCEL_NEW"

    def scheduled() -> list[dict[str, Any]]:
        wanted = {"deployment_id": {"any_": [deployment["id"]]}, "state": {"type": {"any_": ["SCHEDULED"]}}}
        return [run for run in server.told("/flow_runs/filter", flow_runs=wanted, sort="EXPECTED_START_TIME_ASC") if run["auto_scheduled"]]

    first = until("the cron creates a run", scheduled, 90)[0]
    state = {"type": "SCHEDULED", "state_details": {"scheduled_time": datetime.now(UTC).isoformat()}}
    assert server.told(f"/flow_runs/{first['id']}/set_state", state=state, force=True)["status"] == "ACCEPT"

    def ended() -> dict[str, Any]:
        run: dict[str, Any] = server.api.get(f"/flow_runs/{first['id']}").json()
        return run if run["state_type"] in ("COMPLETED", "FAILED", "CRASHED", "CANCELLED") else {}

    def own_lines() -> list[str]:
        lines = server.told("/logs/filter", logs={"flow_run_id": {"any_": [first["id"]]}})
        return [line["message"] for line in lines if line["name"] == "listening.night"]

    log = tmp_path / "worker.log"
    worker = {**server.environment, "PREFECT_WORKER_QUERY_SECONDS": "1"}
    with running([*PREFECT, "worker", "start", "--pool", "listening"], worker, log, tmp_path):
        run = until("the worker finishes the night", ended, 90)
        until("the stations' own lines stand in Prefect's log", own_lines, 20)

    assert (run["state_type"], run["state_name"]) == ("COMPLETED", "Completed"), log.read_text()
    assert run["state"]["message"] == "3 new or changed records, 3 tagged"
    assert (place.published / "site" / "index.html").exists()
    (artifact,) = server.told("/artifacts/filter", artifacts={"key": {"any_": ["night"]}})
    assert (artifact["type"], artifact["flow_run_id"]) == ("markdown", first["id"])
    assert "| survey | 3 | 3 |" in artifact["data"]
    tasks = server.told("/task_runs/filter", task_runs={"flow_run_id": {"any_": [first["id"]]}})
    assert sorted(task["name"] for task in tasks) == ["gather survey", "publish", "tell", "understand"]
    assert {task["state_type"] for task in tasks} == {"COMPLETED"}
    assert "ERROR" not in server.log.read_text()
    assert "ERROR" not in log.read_text()


def test_good_night_through_prefect_in_process_gives_status_0(make_workspace: MakeWorkspace, tmp_path: Path) -> None:
    place = make_workspace(SURVEY, FILES)
    done = command([LISTENING, "run", "--workspace", str(place.root)], environment(tmp_path / "home"), tmp_path)
    assert done.returncode == 0, done.stderr
    assert "| survey | 3 | 3 |" in done.stdout
    assert done.stderr.count("3 things said") == 1, "each line is said once"
    assert "Traceback" not in done.stdout + done.stderr
    assert (place.published / "site" / "index.html").exists()


def test_night_with_one_failed_source_goes_through_with_status_3(server: Server, make_workspace: MakeWorkspace, tmp_path: Path) -> None:
    place = make_workspace(SURVEY + BROKEN, FILES)
    done = command([LISTENING, "run", "--json", "--workspace", str(place.root)], server.environment, tmp_path)
    assert done.returncode == 3, done.stderr
    outcome = json.loads(done.stdout)
    assert outcome["counts"]["survey"]["new"] == 3
    assert list(outcome["faults"]) == ["reviews"]
    assert "no such column" in outcome["faults"]["reviews"][0]
    assert "Traceback" not in done.stdout + done.stderr
    (run,) = server.told("/flow_runs/filter", flow_runs={"state": {"name": {"any_": ["Done in part"]}}})
    assert run["state"]["message"].endswith("failed: reviews")


@pytest.mark.parametrize("how", [[], ["--direct"]])
def test_folder_that_is_no_workspace_gives_status_2_and_a_sentence(how: list[str], tmp_path: Path) -> None:
    done = command([LISTENING, "run", *how, "--workspace", str(tmp_path)], environment(tmp_path / "home"), tmp_path)
    assert done.returncode == 2, done.stderr
    assert "is no workspace" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize("how", [[], ["--direct"]])
def test_second_night_beside_a_running_one_gives_status_4_and_does_nothing(
    how: list[str], server: Server, make_workspace: MakeWorkspace, tmp_path: Path
) -> None:
    place = make_workspace(SURVEY, FILES)
    place.landing.mkdir()
    with (place.landing / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = command([LISTENING, "run", *how, "--workspace", str(place.root)], server.environment, tmp_path)
    assert done.returncode == 4, done.stderr
    assert "already running" in done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert not place.published.exists()


STOPPED = """
import sys
from listening.night import Night
from pipelines.nightly import nightly

def understand(self, workers):
    raise ValueError("the words of Mrs Miller")

Night.understand = understand
nightly(sys.argv[1], return_state=True)
"""


def test_night_stopped_by_an_unexpected_error_is_failed_with_a_sentence_without_a_customers_words(
    server: Server, make_workspace: MakeWorkspace, tmp_path: Path
) -> None:
    place = make_workspace(SURVEY, FILES)
    done = command([sys.executable, "-c", STOPPED, str(place.root)], server.environment, tmp_path)
    assert done.returncode == 0, done.stderr
    (run,) = server.told("/flow_runs/filter", flow_runs={"state": {"type": {"any_": ["FAILED"]}}})
    assert run["state"]["message"].startswith("The night was stopped by an unexpected error (ValueError in ")
    kept = [server.told("/logs/filter"), server.told("/flow_runs/filter"), server.told("/task_runs/filter")]
    assert "Mrs Miller" not in json.dumps(kept) + done.stdout + done.stderr
    assert not place.published.exists()


DIRECT = """
import sys
from listening.cli import main

sys.argv = ["listening", "run", "--direct", "--workspace", sys.argv[1]]
try:
    main()
except SystemExit as ended:
    print("status", ended.code)
print("loaded", [name for name in sys.modules if name.split(".")[0] in ("prefect", "pipelines")])
"""


def test_direct_night_never_loads_prefect(make_workspace: MakeWorkspace, tmp_path: Path) -> None:
    place = make_workspace(SURVEY, FILES)
    done = command([sys.executable, "-c", DIRECT, str(place.root)], environment(tmp_path / "home"), tmp_path)
    assert done.stdout.splitlines()[-2:] == ["status 0", "loaded []"], done.stdout + done.stderr
