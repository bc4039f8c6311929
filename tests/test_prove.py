"""The proof: worlds whose truth is known, and the figures that the estimators reach on them."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from listening import prove
from listening.cli import app
from listening.prove import Figure, worlds
from listening.prove.worlds import Family

SMALL = Family(size=0.05)


def test_a_world_is_the_same_for_the_same_seed() -> None:
    one, other = worlds.make(SMALL, 7), worlds.make(SMALL, 7)
    assert worlds.truth(one).equals(worlds.truth(other))
    assert worlds.indicators(one).equals(worlds.indicators(other))


def test_counts_of_a_world_add_up() -> None:
    world = worlds.make(SMALL, 3)
    cells = worlds.cells(world, 12)
    assert cells["customers"].sum() == len(world.x)
    assert (cells["trouble"] + cells["in_between"] + cells["great"] == cells["answered"]).all()
    assert (cells.groupby(["stage", "period"])["asked"].sum() == 20).all()


def test_the_truth_is_about_all_customers() -> None:
    world = worlds.make(SMALL, 3)
    first = world.x[world.place == 0]
    assert world.net[0] == pytest.approx(100 * (np.mean(first > worlds.EDGE) - np.mean(first < -worlds.EDGE)))


def test_a_world_is_written_as_files_that_hold_the_same_counts(tmp_path: Path) -> None:
    world = worlds.make(SMALL, 5)
    worlds.write(world, tmp_path, 12)
    rows = {name: list(csv.DictReader((tmp_path / "inbox" / f"{name}.csv").open())) for name in ("operations", "checkins", "survey", "tickets")}
    assert sum(int(row["failed"]) for row in rows["operations"]) == world.failed.sum()
    assert sum(int(row["answered"]) for row in rows["checkins"]) == worlds.cells(world, 12)["answered"].sum()
    assert len(rows["survey"]) == (world.score >= 0).sum()
    assert len(rows["tickets"]) == world.ticket.sum()


def test_a_world_without_check_ins_names_no_such_source(tmp_path: Path) -> None:
    worlds.write(worlds.make(SMALL, 5), tmp_path, 0)
    assert "checkins" not in (tmp_path / "listening.toml").read_text()
    assert not (tmp_path / "inbox" / "checkins.csv").exists()


def test_every_figure_reaches_its_target() -> None:
    short = [figure for figure in prove.measure(is_quick=True) if not figure.passed]
    assert not short, "\n".join(map(str, short))


@pytest.mark.parametrize(("passed", "status"), [(True, 0), (False, 1)])
def test_the_command_fails_where_a_figure_falls_short(monkeypatch: pytest.MonkeyPatch, passed: bool, status: int) -> None:
    monkeypatch.setattr("listening.cli.proving.measure", lambda *_: [Figure("story", "error", 9.0, 0.1, "at most 8", passed)])
    told = CliRunner().invoke(app, ["prove", "--quick"])
    assert told.exit_code == status
    assert ("falls short" in told.output) != passed
