"""All suites as cases: each has a name by which it can be run again, and takes a folder and a pattern to a stand of its own."""

from __future__ import annotations

import collections
import concurrent.futures
import random
import time
import traceback
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from . import contents, faults, prefects
from .faults import FAULTS, KILLED
from .hands import WRITES
from .stand import Stand, Violation, built, scratch
from .world import World

_TURNS = ("sql commit", "sql close", "sql attach", "sql detach", "rename", "replace", "unlink", "symlink", "rmdir", "write_text", "write_bytes", "write_table")
Play = Callable[[Path, Path], dict[str, int]]


@dataclass(frozen=True)
class Case:
    """One thing to try: `play` takes an empty folder and a pattern, gives what it counted, and raises where a promise is broken."""

    name: str
    play: Play


@dataclass
class Report:
    """What some cases came to."""

    seed: int
    cases: int = 0
    counted: collections.Counter[str] = field(default_factory=collections.Counter)
    violations: list[tuple[str, str]] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def __str__(self) -> str:
        injected = {name.removeprefix("fault "): number for name, number in sorted(self.counted.items()) if name.startswith("fault ")}
        text = "\n".join(sentence for _, sentence in self.violations)
        lines = [
            f"seed {self.seed}: {self.cases} cases in {self.seconds / 60:.1f} minutes",
            f"{self.counted['nights']} undisturbed nights judged, after {sum(injected.values())} faults:",
            *(f"  {number:5d} × {name}" for name, number in injected.items()),
            f"lost {text.count('lost:')}, doubled {text.count('doubled:')}, violations {len(self.violations)}, skipped {len(self.skipped)}",
            *(f"skipped: {name}" for name in self.skipped),
            *(f"\nVIOLATION {name}\n  again: python -m tests.soak --seed {self.seed} --only '{name}'\n  {sentence}" for name, sentence in self.violations),
        ]
        return "\n".join(lines)


class Skip(Exception):
    """A case that cannot be tried on this machine; the message says why."""


def play(cases: list[Case], pattern: Path, seed: int, workers: int = 2, tell: Callable[[str], None] = print, until: float | None = None) -> Report:
    """Play all cases, some at a time; none begins after `until`, a monotonic time."""
    report, began = Report(seed), time.monotonic()

    def one(case: Case) -> tuple[Case, dict[str, int], str | None, float]:
        start = time.monotonic()
        if until is not None and start > until:
            return case, {}, "skip: no time was left", 0.0
        try:
            with scratch() as folder:
                counted, problem = case.play(folder, pattern), None
        except Violation as violation:
            counted, problem = violation.counted, str(violation)
        except Skip as reason:
            counted, problem = {}, f"skip: {reason}"
        except Exception:
            counted, problem = {}, f"the harness itself failed: {traceback.format_exc()}"
        return case, counted, problem, time.monotonic() - start

    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        for done in concurrent.futures.as_completed([pool.submit(one, case) for case in cases]):
            case, counted, problem, seconds = done.result()
            report.cases += 1
            report.counted.update(counted)
            if problem and problem.startswith("skip: "):
                report.skipped.append(f"{case.name}: {problem[6:]}")
            elif problem:
                report.violations.append((case.name, problem))
            tell(f"{'FAIL' if problem else 'ok':4} {seconds:6.1f} s  {case.name}" + (f"\n{problem[:400]}" if problem else ""))
    report.seconds = time.monotonic() - began
    return report


def draw(seed: int, name: str) -> random.Random:
    """Chance that is the same each time for one case of one seed."""
    return random.Random(zlib.crc32(f"{seed} {name}".encode()))


def prepared(folder: Path, pattern: Path, world: World, nights: int) -> Stand:
    """A stand after some undisturbed nights, with the exports of the next one arrived."""
    stand = built(folder, world, pattern)
    for _ in range(nights):
        stand.arrive()
        stand.morning()
    stand.arrive()
    return stand


# ---------------------------------------------------------------- kills


def kills_in_turn(base: Stand, every: int = 1) -> list[Case]:
    """Each step of a night as a case: the night is killed there, then an undisturbed one must put all right.

    Steps that turn something (a commit, a rename, a file that comes into being) are all taken; of those between them, after
    which a kill leaves nothing that the next turn would not leave, each `every`th.
    """
    with scratch() as folder:
        steps = base.branch(folder / "dry").walk(tell_steps=True).steps
    cases = []
    for number, name in enumerate(steps):
        kind = name.split()[1] + (f" {name.split()[2]}" if name.split()[1] == "sql" else "")
        if kind not in _TURNS and number % every:
            continue
        cases.append(Case(f"kill {name}", _kill(base, number, "kill")))
        if kind in ("write_text", "write_bytes", "write_table"):
            cases.append(Case(f"tear {name}", _kill(base, number, "tear")))
    return cases


def _kill(base: Stand, number: int, deed: str) -> Play:
    def go(folder: Path, _: Path) -> dict[str, int]:
        stand = base.branch(folder / "workspace")
        stand.expect_sane(stand.walk(at=number, deed=deed), (KILLED,))
        stand.morning()
        return {"nights": 1, f"fault {deed} at a named step": 1}

    return go


def kills_at_random(base: Stand, seed: int, number: int) -> list[Case]:
    """Kills at moments that nobody chose."""
    return [Case(f"random kill {place}", _befall(base, "kill_at_a_moment", draw(seed, f"random kill {place}"))) for place in range(number)]


def _befall(base: Stand, name: str, chance: random.Random) -> Play:
    def go(folder: Path, _: Path) -> dict[str, int]:
        stand = base.branch(folder / "workspace")
        FAULTS[name](stand, chance)
        stand.morning()
        return {"nights": 1, f"fault {name}": 1}

    return go


def failing_writes(base: Stand) -> list[Case]:
    """Each write of a night as a case: the disk is full there, once; the night says so in words."""
    with scratch() as folder:
        steps = base.branch(folder / "dry").walk(tell_steps=True).steps

    def case(number: int, name: str) -> Case:
        def go(folder: Path, _: Path) -> dict[str, int]:
            stand = base.branch(folder / "workspace")
            stand.expect_sane(stand.walk(at=number, deed="error"), (0, 1, 3))
            stand.morning()
            return {"nights": 1, "fault failing write at a named step": 1}

        return Case(f"failing {name}", go)

    return [case(number, name) for number, name in enumerate(steps) if name.split()[1] in WRITES]


# ---------------------------------------------------------------- faults, each in its full breadth


def damaged_logs(base: Stand, seed: int, offsets: int = 20) -> list[Case]:
    """The write-ahead log that a kill has left, cut off or changed at many places."""

    def case(how: str, place: int) -> Case:
        name = f"log {how} {place}"

        def go(folder: Path, _: Path) -> dict[str, int]:
            stand, chance = base.branch(folder / "workspace"), draw(seed, name)
            if not any(faults.leave_log(stand, step) for step in (chance.randrange(60, 200), 150, 200)):
                raise Skip("no kill has left a log")
            where = faults.damage(stand.store.with_name("warehouse.duckdb.wal"), how, place / offsets)
            try:
                how_mended = faults.mended(stand)
                stand.morning()
            except Violation as violation:
                raise Violation(f"{where}: {violation}") from None
            return {"nights": 1, f"fault log {how}, {how_mended}": 1}

        return Case(name, go)

    return [case(how, place) for how in ("truncate", "flip") for place in range(offsets)]


def damaged_stores(base: Stand, offsets: int = 20) -> list[Case]:
    """The store itself with one byte changed, or cut off."""

    def case(how: str, place: int) -> Case:
        def go(folder: Path, _: Path) -> dict[str, int]:
            stand = base.branch(folder / "workspace")
            where = faults.damage(stand.store, how, place / offsets)
            try:
                how_mended = faults.mended(stand)
                stand.morning()
            except Violation as violation:
                raise Violation(f"{where}: {violation}") from None
            return {"nights": 1, f"fault store {how}, {how_mended}": 1}

        return Case(f"store {how} {place}", go)

    return [case("flip", place) for place in range(offsets)] + [case("truncate", place) for place in (0, offsets // 3, offsets - 1)]


def full_disks(base: Stand) -> list[Case]:
    """A night on which no file can grow beyond a size: from the lock file to the published store."""

    def case(size: int) -> Case:
        def go(folder: Path, _: Path) -> dict[str, int]:
            stand = base.branch(folder / "workspace")
            outcome = faults.fill(stand, size)
            stand.morning()
            return {"nights": 1, f"fault full disk, ended with {outcome.status}": 1}

        return Case(f"full disk {size}", go)

    return [
        case(size)
        for size in (0, 100, 1_000, 4_096, 12_288, 50_000, 200_000, 300_000, 600_000, 1_000_000, 1_500_000, 2_500_000, 4_000_000, 7_000_000, 12_000_000)
    ]


def read_only_places(base: Stand) -> list[Case]:
    """A night with one place that cannot be written."""

    def case(name: str) -> Case:
        def go(folder: Path, _: Path) -> dict[str, int]:
            stand = base.branch(folder / "workspace")
            outcome = faults.locked(stand, name)
            stand.morning()
            return {"nights": 1, f"fault read-only {name}, ended with {outcome.status if outcome else 'no such place'}": 1}

        return Case(f"read-only {name}", go)

    return [case(name) for name in ("landing", "landing/survey", ".published", ".journal", "logs", "models", "inbox", ".", "warehouse.duckdb")]


def missed(seed: int) -> list[Case]:
    """Nights that nobody ran: one, eight, forty."""

    def case(number: int) -> Case:
        def go(folder: Path, pattern: Path) -> dict[str, int]:
            stand = built(folder, World(seed + number, number + 4, 240), pattern)
            for _ in range(2):
                stand.arrive()
                stand.morning()
            for _ in range(number):
                stand.miss()
            for _ in range(2):
                stand.arrive()
                stand.morning()
            return {"nights": 4, f"fault {number} missed nights": 1}

        return Case(f"missed {number}", go)

    return [case(number) for number in (1, 8, 40)]


def clocks(seed: int) -> list[Case]:
    """Whole histories over nights on which clocks change, on hosts in other zones, with a clock that is a quarter of an hour off."""

    def case(zone: str, host: str, off: int) -> Case:
        def go(folder: Path, pattern: Path) -> dict[str, int]:
            stand = built(folder, World(seed, 6, 150, zone=zone), pattern)
            for night in range(6):
                stand.arrive()
                stand.morning(zone=host, clock=stand.clock + (off if night % 2 else -off) * faults.MINUTE)
            return {"nights": 6, "fault clock off or elsewhere": 6}

        return Case(f"clock {zone} host {host} off {off}", go)

    places = (("Europe/London", "Asia/Tokyo"), ("America/New_York", "UTC"), ("Pacific/Auckland", "America/Los_Angeles"), ("Asia/Kolkata", "Europe/London"))
    return [case(zone, host, off) for zone, host in places for off in (0, 15)]


def hard_contents(seed: int) -> list[Case]:
    """Files that are hard to read."""

    def case(name: str, check: Callable[[Stand], None]) -> Case:
        def go(folder: Path, pattern: Path) -> dict[str, int]:
            check(built(folder, World(seed, 6, 10, start=faults.dt.date(2026, 5, 4)), pattern))
            return {"nights": 1, "fault hard content": 1}

        return Case(f"content {name}", go)

    return [case(name, check) for name, check in contents.CASES.items()]


def each_fault(base: Stand, seed: int, times: int = 3) -> list[Case]:
    """Each fault that may befall a night, some times, on its own."""
    names = [(name, place) for name in FAULTS for place in range(times)]
    return [Case(f"fault {name} {place}", _befall(base, name, draw(seed, f"{name} {place}"))) for name, place in names]


def orchestration(base: Stand) -> list[Case]:
    """Nights whose Prefect server is dead, or dies."""
    return [Case(f"prefect {name}", _orchestrated(base, check)) for name, check in prefects.CASES.items()]


def _orchestrated(base: Stand, check: Callable[[Stand], None]) -> Play:
    def go(folder: Path, _: Path) -> dict[str, int]:
        stand = base.branch(folder / "workspace")
        check(stand)
        stand.morning()
        return {"nights": 1, "fault Prefect": 1}

    return go


# ---------------------------------------------------------------- the long run


def campaign(seed: int, nights: int = 60, records: int = 300, tell: Callable[[str], None] | None = None) -> Case:
    """Sixty nights of one company, each befallen by whatever the seed says; every morning all must be as it should."""

    def go(folder: Path, pattern: Path) -> dict[str, int]:
        stand, counted, broken = built(folder, World(seed, nights, records), pattern), collections.Counter[str](), []
        while stand.night < nights:
            night = stand.night
            chance = draw(seed, f"night {night}")
            chosen = chance.choices([None, *FAULTS], [len(FAULTS) / 4, *([1] * len(FAULTS))], k=chance.choice((1, 1, 1, 2)))
            stand.arrive()
            for name in filter(None, chosen):
                counted[f"fault {name}"] += 1
                try:
                    FAULTS[name](stand, chance)
                except (Violation, TimeoutError) as violation:  # what is said badly may still be made good
                    broken.append(f"night {night} of campaign {seed} with {chosen}, in {name}: {violation}")
            try:
                stand.morning()
            except (Violation, TimeoutError) as violation:
                broken.append(f"night {night} of campaign {seed} with {chosen}: {violation}")
                break
            counted["nights"] += 1
            if tell:
                tell(f"night {night}: {chosen}")
        if broken:
            raise Violation("\n".join(broken), counted)
        return dict(counted)

    return Case(f"campaign {seed}", go)


def everything(seed: int, base: Stand, nights: int, kills: int, every: int) -> Iterator[tuple[str, list[Case]]]:
    """All suites by name."""
    yield "campaign", [campaign(seed + number, nights) for number in range(2)]
    yield "kills", kills_in_turn(base, every)
    yield "writes", failing_writes(base)
    yield "random", kills_at_random(base, seed, kills)
    yield "logs", damaged_logs(base, seed)
    yield "stores", damaged_stores(base)
    yield "disks", full_disks(base)
    yield "places", read_only_places(base)
    yield "missed", missed(seed)
    yield "clocks", clocks(seed)
    yield "contents", hard_contents(seed)
    yield "faults", each_fault(base, seed)
    yield "prefect", orchestration(base)
