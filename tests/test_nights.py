"""A company's nights, with kills, a full disk, a cut-off log and two nights at once: every morning holds exactly what was said.

The quick version of the long suites in `soak/`, by the same oracle: a replay of a seeded log of events that knows
nothing of the program.
"""

from __future__ import annotations

import concurrent.futures
import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from soak import faults
from soak.faults import FAULTS, KILLED
from soak.stand import Stand, built
from soak.world import World

from listening import workspace

SEED = 11
Stands = Callable[[], Stand]


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory, fitted: Path) -> Iterator[Stand]:
    """A workspace after three undisturbed nights, each judged; the exports of the fourth have arrived."""
    folder = tmp_path_factory.mktemp("nights")
    pattern = folder / "pattern"
    (pattern / "inbox").mkdir(parents=True)
    shutil.copyfile(workspace.shipped("default-journey.yaml"), pattern / "journey.yaml")
    shutil.copytree(fitted, pattern / "models")
    stand = built(folder, World(SEED, 6, 160), pattern)
    for _ in range(3):
        stand.arrive()
        stand.morning()
    stand.arrive()
    return stand


@pytest.fixture
def stand(begun: Stand, tmp_path: Path) -> Stand:
    """A branch of that workspace for one test alone."""
    return begun.branch(tmp_path / "workspace")


def test_every_thing_said_is_published_once_night_after_night(stand: Stand) -> None:
    while True:
        stand.morning()
        if stand.night == stand.world.nights:
            return
        stand.arrive()


def test_a_night_that_is_killed_anywhere_is_made_good_by_the_next(begun: Stand, tmp_path: Path) -> None:
    steps = begun.branch(tmp_path / "dry").walk(tell_steps=True).steps

    def is_killed_at(place: int) -> None:
        stand = begun.branch(tmp_path / f"killed-{place}")
        stand.expect_sane(stand.walk(at=place, deed="tear"), (KILLED,))
        stand.morning()

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        assert list(pool.map(is_killed_at, telling(steps)))


def telling(steps: list[str]) -> list[int]:
    """Places of a night at which most can go wrong, by their names; `make soak` kills at all of them."""
    marks = ("manifest.partial", "sql commit", "symlink")
    found = []
    for mark in marks:
        places = [place for place, name in enumerate(steps) if mark in name]
        assert places, f"no step of a night is called '{mark}'"
        found.append(places[len(places) // 2])
    return [*found, len(steps) - 1]


def test_a_log_that_was_cut_off_costs_nothing(stand: Stand) -> None:
    assert faults.leave_log(stand, 150)
    faults.damage(stand.root / "warehouse.duckdb.wal", "truncate", 0.6)
    faults.mended(stand)
    stand.morning()


def test_a_full_disk_is_told_and_the_next_night_makes_it_good(stand: Stand) -> None:
    assert faults.fill(stand, 12_288).status in (1, 3)
    stand.morning()


@pytest.mark.parametrize("name", ["two_at_once", "held_store", "readers"])
def test_nobody_gets_in_the_way_of_a_night(stand: Stand, name: str) -> None:
    FAULTS[name](stand, random.Random(SEED))
    stand.morning()
