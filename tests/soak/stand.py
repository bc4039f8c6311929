"""A stand: one workspace of a seeded company, whose nights can be run, disturbed, branched off and judged."""

from __future__ import annotations

import contextlib
import copy
import datetime as dt
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from . import hands
from .hands import Order, Outcome, Running
from .judge import Verdict, judge
from .world import SOURCES, File, World

WORDLESS = ("Logging error", "Fatal Python error", "Segmentation fault")


class Violation(AssertionError):
    """A night that broke a promise; the message says which. `counted` is what was counted until then."""

    def __init__(self, sentence: str, counted: dict[str, int] | None = None) -> None:
        super().__init__(sentence)
        self.counted = dict(counted or {})


class Stand:
    """A workspace and the world around it.

    `told` is what the published run must hold, as long as nothing else was published. `counts_are_exact` until
    something makes the program shape rows again, which it then counts again.
    """

    def __init__(self, root: Path, world: World) -> None:
        self.root, self.world = root, world
        self.night = 0
        self.attempt = 0
        self.told: Any = None
        self.counts_are_exact = True
        self._inbox: dict[str, tuple[str, str, int]] = {}
        self._landed: list[tuple[str, str, str, int]] = []  # name, source, content, things

    @property
    def store(self) -> Path:
        """The private working store."""
        return self.root / "warehouse.duckdb"

    @property
    def clock(self) -> dt.datetime:
        """The time of the present attempt at the present night."""
        return self.world.clock(self.night, self.attempt)

    def branch(self, root: Path) -> Stand:
        """The same stand in another place, which goes its own way."""
        shutil.copytree(self.root, root, symlinks=True)
        other = copy.deepcopy(self)
        other.root = root
        return other

    def arrive(self) -> list[File]:
        """Put into the inbox what the outside systems export before the present night."""
        files = self.world.export(self.night)
        for file in files:
            drop(self.root, file.name, file.content)
            self._inbox[file.name] = (file.source, hashlib.sha256(file.content).hexdigest(), file.things)
        return files

    def landed(self) -> dict[str, int]:
        """The things said in all that has landed once the inbox as it is now has been read."""
        return {name: sum(things for _, source, _, things in self._read() if source == name) for name in SOURCES}

    def _read(self) -> list[tuple[str, str, str, int]]:
        """What has landed with the inbox: a content once a source, and again if it comes back after another in its own place."""
        landed = list(self._landed)
        for name, (source, content, things) in self._inbox.items():
            is_known = any((known_source, known) == (source, content) for _, known_source, known, _ in landed)
            here = [known for known_name, _, known, _ in landed if known_name == name]
            if not is_known or (content in here and here[-1] != content):
                landed.append((name, source, content, things))
        return landed

    def order(self, **more: Any) -> Order:
        """The next attempt at the present night; each attempt is a little later."""
        more.setdefault("clock", self.clock)
        self.attempt += 1
        return Order(self.root, **more)

    def walk(self, **more: Any) -> Outcome:
        """The next attempt, from its beginning to its end."""
        return Running(self.order(**more)).wait()

    def morning(self, **more: Any) -> Outcome:
        """An undisturbed night, after which everything must be as the world says; the next night begins.

        Raises:
            Violation: it ended otherwise than well, or published something else.
        """
        outcome = self.walk(**more)
        if outcome.status != 0:
            raise Violation(f"an undisturbed night ended with {outcome.status}: {outcome.printed[-1500:]}")
        self.expect_equal("after an undisturbed night")
        self.next()
        return outcome

    def next(self) -> None:
        """The present night is over, and what stands in the inbox has been read."""
        self._landed = self._read()
        self.night, self.attempt = self.night + 1, 0

    def miss(self) -> None:
        """The outside systems export before the present night, and nobody runs it."""
        self.arrive()
        self.night, self.attempt = self.night + 1, 0

    def verdict(self, expected: Any = None, is_partial: bool = False) -> Verdict:
        """What is wrong with what is published."""
        landed = self.landed() if expected is None else None
        return hands.apart(judge, self.root, expected or self.world.expected(), landed, self.counts_are_exact, is_partial)  # type: ignore[no-any-return]

    def expect_equal(self, when: str) -> None:
        """What is published is exactly what the world says."""
        if verdict := self.verdict():
            raise Violation(f"{when}:\n{verdict}")
        self.told = self.world.expected()

    def expect_sane(self, outcome: Outcome, allowed: tuple[int, ...]) -> None:
        """After a disturbed night: it ended in words, and what is published is one whole run, the one before or this one.

        Raises:
            Violation: otherwise.
        """
        if outcome.status not in allowed:
            raise Violation(f"ended with {outcome.status}, allowed is {allowed}: {outcome.printed[-1500:]}")
        if outcome.has_traceback or any(word in outcome.printed for word in WORDLESS):
            raise Violation(f"showed its inside (status {outcome.status}): {outcome.printed[-1500:]}")
        if "unexpected" in outcome.printed:
            raise Violation(f"ended with {outcome.status} and does not say how to mend it: {outcome.printed[-1500:]}")
        if outcome.status > 0 and len(outcome.printed.strip()) < 20:
            raise Violation(f"ended with {outcome.status} and said nothing: {outcome.printed!r}")
        if outcome.status == 0:
            self.expect_equal("the night says that all went well")
        elif outcome.status == 3:
            if verdict := self.verdict(is_partial=True):
                raise Violation(f"done in part, and a source that did not fail is wrong:\n{verdict}")
            self.told = None  # sources that failed may stand as they were
        elif self.told is not None and (verdict := self.verdict(self.told)) and (now := self.verdict()):
            raise Violation(f"what is published is neither the run before nor this one (status {outcome.status}):\n{verdict}\nagainst this one:\n{now}")


def drop(root: Path, name: str, content: bytes) -> Path:
    """Put a file into the inbox, old enough to be complete."""
    path = root / "inbox" / name
    path.write_bytes(content)
    long_ago = path.stat().st_mtime - 60
    os.utime(path, (long_ago, long_ago))
    return path


def digest(root: Path) -> dict[str, str]:
    """The hash of every file below a folder, by path; links by where they lead."""
    return {
        str(path.relative_to(root)): str(path.readlink()) if path.is_symlink() else hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


def workshop() -> Path:
    """Where stands are built: in memory where that can be, since a kill does not tell the difference."""
    given = os.environ.get("SOAK_DIR")
    memory = Path("/dev/shm")
    return Path(given) if given else memory if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2**31 else Path(tempfile.gettempdir())


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A folder that ends with the block, unless SOAK_KEEP is set."""
    folder = Path(tempfile.mkdtemp(prefix="soak-", dir=workshop()))
    try:
        yield folder
    finally:
        if not os.environ.get("SOAK_KEEP"):
            shutil.rmtree(folder, ignore_errors=True)


def built(folder: Path, world: World, pattern: Path | None = None) -> Stand:
    """A fresh stand; `pattern` is a workspace that `init` has made before, so that it takes no time."""
    stand = Stand(folder / "workspace", world)
    if pattern:
        shutil.copytree(pattern, stand.root, symlinks=True)
    else:
        outcome = Running(Order(stand.root, world.clock(0), command=("init",))).wait(1800)  # fits the classifier
        if outcome.status:
            raise Violation(f"init ended with {outcome.status}: {outcome.printed}")
    (stand.root / "listening.toml").write_text(world.configuration, encoding="utf-8")
    return stand


@contextlib.contextmanager
def pattern() -> Iterator[Path]:
    """A workspace that `init` has made, to be copied for each stand; or the one that SOAK_PATTERN names."""
    if given := os.environ.get("SOAK_PATTERN"):
        yield Path(given)
        return
    with scratch() as folder:
        yield built(folder, World(0, 1)).root
