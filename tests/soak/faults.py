"""What may befall a night: each fault takes a stand whose exports have arrived, and leaves it so that an undisturbed night must put all right."""

from __future__ import annotations

import contextlib
import datetime as dt
import math
import os
import random
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb

from . import hands
from .hands import MINUTE, Outcome, Running
from .stand import Stand, Violation, digest

Fault = Callable[[Stand, random.Random], None]
FAULTS: dict[str, Fault] = {}
KILLED, TERMINATED = -signal.SIGKILL, -signal.SIGTERM
STEPS = 320  # about as many as a night has; a step that does not come leaves the night undisturbed


def fault(function: Fault) -> Fault:
    """Put a fault on the list under its name."""
    FAULTS[function.__name__] = function
    return function


@fault
def kill_at_a_step(stand: Stand, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 1, 2, 3))):
        stand.expect_sane(stand.walk(at=chance.randrange(STEPS), deed=chance.choice(("kill", "kill", "tear"))), (KILLED, 0))


@fault
def kill_at_a_moment(stand: Stand, chance: random.Random) -> None:
    night = Running(stand.order())
    time.sleep(chance.uniform(0, 3.5))
    with contextlib.suppress(ProcessLookupError):
        os.kill(night.pid, signal.SIGKILL)
    stand.expect_sane(night.wait(), (KILLED, 0))


@fault
def terminate(stand: Stand, chance: random.Random) -> None:
    night = Running(stand.order())
    time.sleep(chance.uniform(0, 3.5))
    with contextlib.suppress(ProcessLookupError):
        os.kill(night.pid, signal.SIGTERM)
    began = time.monotonic()
    outcome = night.wait(60)
    if outcome.status != 0 and time.monotonic() - began > 20:
        raise Violation(f"took {time.monotonic() - began:.0f} s to end after SIGTERM")
    stand.expect_sane(outcome, (TERMINATED, 0, 1, 143))


@fault
def full_disk(stand: Stand, chance: random.Random) -> None:
    fill(stand, int(math.exp(chance.uniform(math.log(300), math.log(4e6)))))


def fill(stand: Stand, largest_file: int) -> Outcome:
    """A night in which no file can grow beyond a size."""
    outcome = stand.walk(largest_file=largest_file)
    try:
        stand.expect_sane(outcome, (0, 1, 3))
    except Violation as violation:
        raise Violation(f"no file beyond {largest_file} bytes: {violation}") from None
    return outcome


@fault
def failing_write(stand: Stand, chance: random.Random) -> None:
    stand.expect_sane(stand.walk(at=chance.randrange(STEPS), deed="error"), (0, 1, 3))


@fault
def damaged_log(stand: Stand, chance: random.Random) -> None:
    if leave_log(stand, chance.randrange(40, 220)):
        damage(stand.store.with_name("warehouse.duckdb.wal"), chance.choice(("truncate", "flip")), chance.random())
        mended(stand)


def leave_log(stand: Stand, step: int) -> bool:
    """Kill a night so that it leaves a write-ahead log; says whether it did."""
    stand.expect_sane(stand.walk(at=step), (KILLED, 0))
    log = stand.store.with_name("warehouse.duckdb.wal")
    return log.exists() and log.stat().st_size > 0


def damage(path: Path, how: str, where: float) -> str:
    """Cut a file off or change a byte in it, at a share of its length; gives where that was."""
    size = path.stat().st_size
    offset = min(size - 1, int(where * size))
    if how == "truncate":
        os.truncate(path, offset)
    else:
        with path.open("r+b") as file:
            file.seek(offset)
            (byte,) = file.read(1)
            file.seek(offset)
            file.write(bytes([byte ^ 0xFF]))
    return f"{path.name}: {how} at {offset} of {size}"


@fault
def damaged_store(stand: Stand, chance: random.Random) -> None:
    if stand.store.exists():
        for _ in range(chance.choice((1, 1, 8))):
            damage(stand.store, "flip", chance.random())
        mended(stand)


def mended(stand: Stand) -> str:
    """A night over a damaged store: it mends itself, or refuses in words and a person moves the store away. Says which."""
    stand.counts_are_exact = False  # what is built again is counted again
    outcome = stand.walk()
    stand.expect_sane(outcome, (0, 1, 3))
    if outcome.status == 0:
        return "mended itself"
    if (again := stand.walk()).status == 0:
        stand.expect_sane(again, (0,))
        return "mended itself the second night"
    for name in ("warehouse.duckdb", "warehouse.duckdb.wal"):
        (stand.root / name).unlink(missing_ok=True)
    return "refused, and was mended by hand"


@fault
def lost_store(stand: Stand, chance: random.Random) -> None:
    stand.store.unlink(missing_ok=True)
    stand.counts_are_exact = False
    if chance.random() < 0.5:
        kill_at_a_step(stand, chance)


@fault
def rebuilt(stand: Stand, chance: random.Random) -> None:
    """Somebody has the store built again, and that may be cut off."""
    stand.counts_are_exact = False
    if stand.store.exists():
        outcome = stand.walk(command=("rebuild",), at=chance.choice((None, chance.randrange(STEPS))))
        stand.told = None  # it tells what has landed, which is not yet all that has arrived
        if outcome.status not in (0, KILLED):
            raise Violation(f"rebuild ended with {outcome.status}: {outcome.printed[-1500:]}")


@fault
def held_store(stand: Stand, chance: random.Random) -> None:
    if stand.store.exists():
        with holding(stand.store, read_only=chance.random() < 0.5):
            outcome = stand.walk()
            stand.expect_sane(outcome, (1,))


@contextlib.contextmanager
def holding(path: Path, read_only: bool) -> Iterator[int]:
    """Another process that has a database open; gives its id."""
    process = hands.process(_hold, path, read_only)
    try:
        until = time.monotonic() + 60
        while Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "T":
            if time.monotonic() > until or not process.is_alive():
                raise TimeoutError("nobody holds the database")
            time.sleep(0.02)
        assert process.pid is not None
        yield process.pid
    finally:
        process.kill()
        process.join()


def _hold(path: Path, read_only: bool) -> None:
    connection = duckdb.connect(str(path), read_only=read_only)
    connection.execute("select 1")
    os.kill(os.getpid(), signal.SIGSTOP)


@fault
def two_at_once(stand: Stand, chance: random.Random) -> None:
    first = Running(stand.order(at=chance.randrange(5, 250), deed="pause"))
    try:
        first.wait_for_pause()
        before = digest(stand.root)
        second = stand.walk()
        if second.status != 4 or "already running" not in second.printed:
            raise Violation(f"a second night ended with {second.status}: {second.printed}")
        if (after := digest(stand.root)) != before:
            changed = [name for name in before.keys() | after.keys() if before.get(name) != after.get(name)]
            raise Violation(f"a second night changed {changed}")
    finally:
        os.kill(first.pid, signal.SIGCONT)
        outcome = first.wait()
    stand.expect_sane(outcome, (0,))


@fault
def clock_is_off(stand: Stand, chance: random.Random) -> None:
    outcome = stand.walk(clock=stand.clock + chance.choice((-15, 15)) * MINUTE)
    stand.expect_sane(outcome, (0,))


@fault
def host_elsewhere(stand: Stand, chance: random.Random) -> None:
    outcome = stand.walk(zone=chance.choice(("Asia/Tokyo", "America/Los_Angeles", "Pacific/Kiritimati", "Europe/London")))
    stand.expect_sane(outcome, (0,))


@fault
def again_at_once(stand: Stand, chance: random.Random) -> None:
    for _ in range(2):
        stand.expect_sane(stand.walk(), (0,))


@fault
def replay_between(stand: Stand, chance: random.Random) -> None:
    if stand.night > 2:
        day = stand.world.start + dt.timedelta(days=chance.randrange(1, stand.night))
        outcome = stand.walk(command=("run", "--direct", "--as-of", day.isoformat()), at=chance.choice((None, chance.randrange(STEPS))))
        stand.told = None  # the past is published until the morning
        if outcome.status not in (0, KILLED):
            raise Violation(f"a replay of {day} ended with {outcome.status}: {outcome.printed[-1000:]}")


@fault
def reshaped(stand: Stand, chance: random.Random) -> None:
    """The settings change, so that all rows are shaped again; and that is cut off."""
    path = stand.root / "listening.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(
        text.replace('language = "en"\n', "") if 'language = "en"\n' in text else text.replace('kind = "survey"\n', 'kind = "survey"\nlanguage = "en"\n')
    )
    stand.counts_are_exact = False  # what is shaped again is counted again
    kill_at_a_step(stand, chance)


@fault
def read_only_folder(stand: Stand, chance: random.Random) -> None:
    locked(stand, chance.choice(("landing", ".published", "logs", ".", "landing/survey", "warehouse.duckdb", ".journal")))


def locked(stand: Stand, name: str) -> Outcome | None:
    """A night that may not write in a place; None where there is no such place yet."""
    place = stand.root / name
    if not place.exists():
        return None
    mode = place.stat().st_mode
    place.chmod(0o400 if place.is_file() else 0o500)
    try:
        outcome = stand.walk(is_powerless=True)
    finally:
        place.chmod(mode)
    try:
        stand.expect_sane(outcome, (0, 1, 2, 3))
    except Violation as violation:
        raise Violation(f"{name} is read-only: {violation}") from None
    return outcome


@fault
def readers(stand: Stand, chance: random.Random) -> None:
    """Somebody holds the published file and others open it anew all the time: never blocked, and each sees one whole run."""
    path = stand.root / "published" / "listening.duckdb"
    if not path.exists():
        return
    with holding(path, read_only=True):
        process, told = _reading(path)
        outcome = stand.walk()
        time.sleep(0.1)
        process.kill()
        process.join()
    stand.expect_sane(outcome, (0,))
    lines = told.read_text(encoding="utf-8").splitlines()
    told.unlink()
    if bad := [line for line in lines if line.startswith("!")]:
        raise Violation(f"a reader was disturbed: {bad[:3]}")
    seen: dict[str, str] = {}
    for line in lines:
        run, numbers = line.split(" ", 1)
        if seen.setdefault(run, numbers) != numbers:
            raise Violation(f"a reader saw run {run} with {seen[run]} and with {numbers}")


def _reading(path: Path) -> tuple[Any, Path]:
    told = path.parents[1].parent / f"{path.parents[1].name}-readers.txt"
    told.touch()
    return hands.process(_read, path, told), told


def _read(path: Path, told: Path) -> None:
    with told.open("a", encoding="utf-8") as file:
        while True:
            try:
                with duckdb.connect(str(path), read_only=True) as connection:
                    row = connection.execute(
                        "select (select max_by(run_id, started_at) from runs), (select count(*) from records), (select count(*) from sentences),"
                        " (select sum(seen) from run_counts), (select count(*) from stage_story)"
                    ).fetchone()
                line = " ".join(map(str, row or ()))
            except Exception as error:
                line = f"! {type(error).__name__}: {error}".replace("\n", " ")
            file.write(line + "\n")
            file.flush()
            time.sleep(0.02)


@fault
def missed_nights(stand: Stand, chance: random.Random) -> None:
    for _ in range(chance.choice((1, 1, 2, 4))):
        if stand.night + 1 < stand.world.nights:
            stand.night, stand.attempt = stand.night + 1, 0
            stand.arrive()


@fault
def emptied_inbox(stand: Stand, chance: random.Random) -> None:
    """Once it has landed, somebody clears the inbox away."""
    stand.expect_sane(stand.walk(), (0,))
    for path in (stand.root / "inbox").iterdir():
        path.unlink()


@fault
def abandoned_files(stand: Stand, chance: random.Random) -> None:
    """What a crash of something else, or a person, may leave behind."""
    for place in (stand.root / "landing" / "survey" / "19990101T000000Z-001-abcdef12", stand.root / ".published" / "half.partial"):
        place.mkdir(parents=True, exist_ok=True)
        (place / "manifest.partial").write_text('{"pull_id": "half')
        (place / "rows-00001.parquet").write_bytes(b"PAR1 half")
    (stand.root / ".published.new").unlink(missing_ok=True)
    (stand.root / ".published.new").symlink_to("nowhere")
    shutil.rmtree(stand.root / "logs", ignore_errors=True)
