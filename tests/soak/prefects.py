"""Nights through Prefect whose server is dead at the start, or dies on the way. Each case takes a stand whose exports have arrived."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from .stand import Stand, Violation

CASES: dict[str, Callable[[Stand], None]] = {}
PATIENCE = 240


def case(function: Callable[[Stand], None]) -> Callable[[Stand], None]:
    """Put a case on the list under its name."""
    CASES[function.__name__] = function
    return function


def _environment(stand: Stand, port: int) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "LISTENING_"))}
    home = stand.root.parent / "prefect"
    return {
        **inherited, "PREFECT_HOME": str(home), "PREFECT_API_URL": f"http://127.0.0.1:{port}/api", "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1", "NO_COLOR": "1", "COLUMNS": "400",
    }  # fmt: skip


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _night(stand: Stand, port: int) -> subprocess.Popen[str]:
    """The nightly command as cron would start it: now, through Prefect."""
    command = [sys.executable, "-c", "from listening.cli import main; main()", "run", "-w", str(stand.root)]
    return subprocess.Popen(command, env=_environment(stand, port), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=stand.root.parent)


def _ended(stand: Stand, night: subprocess.Popen[str], when: str) -> None:
    """The night did its work whatever became of the server: everything is published, in words and not in tracebacks."""
    began = time.monotonic()
    try:
        printed, _ = night.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        night.kill()
        printed, _ = night.communicate()
        raise Violation(f"{when}: the night has not ended after {PATIENCE} s: {printed[-1500:]}") from None
    seconds = time.monotonic() - began
    if verdict := stand.verdict():
        raise Violation(
            f"{when}: the night ended with {night.returncode} after {seconds:.0f} s and has not published what it should: {printed[-1500:]}\n{verdict}"
        )
    if "Traceback" in printed:
        raise Violation(f"{when}: the night was published (status {night.returncode}) and showed its inside: {printed[-2500:]}")


@case
def dead_server_at_the_start(stand: Stand) -> None:
    _ended(stand, _night(stand, _free_port()), "the server is dead at the start")


@case
def server_dies_on_the_way(stand: Stand) -> None:
    with _server(stand) as (server, port):
        night = _night(stand, port)
        _wait_for_line(stand, "landed|nothing new|things said")
        _end(server)
        _ended(stand, night, "the server died on the way")


@case
def server_dies_at_the_end(stand: Stand) -> None:
    with _server(stand) as (server, port):
        night = _night(stand, port)
        _wait_for_line(stand, "counted")
        _end(server)
        _ended(stand, night, "the server died at the end")


def _wait_for_line(stand: Stand, words: str) -> None:
    """Wait until the newest night's log has one of some words."""
    before = set((stand.root / "logs").glob("*.jsonl"))
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        new = set((stand.root / "logs").glob("*.jsonl")) - before
        if any(word in path.read_text(encoding="utf-8") for path in new for word in words.split("|")):
            return
        time.sleep(0.02)
    raise Violation("the night did not begin")


@contextlib.contextmanager
def _server(stand: Stand) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    port = _free_port()
    log = Path(stand.root.parent / "server.log").open("wb")  # noqa: SIM115 - the server's for as long as it lives
    command = [sys.executable, "-m", "prefect", "server", "start", "--port", str(port), "--host", "127.0.0.1"]
    server = subprocess.Popen(command, env=_environment(stand, port), stdout=log, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        until = time.monotonic() + PATIENCE
        while True:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/api/health", timeout=2) as answer:
                if answer.status == 200:
                    break
            if time.monotonic() > until or server.poll() is not None:
                raise TimeoutError(f"no Prefect server: {Path(log.name).read_text()[-1000:]}")
            time.sleep(0.3)
        yield server, port
    finally:
        _end(server)
        log.close()


def _end(server: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGKILL)
    server.wait()
