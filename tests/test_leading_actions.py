"""Actions: what moved more than noise and more than the others, and who answers for what, on cases counted by hand and through whole nights."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from listening import actions
from listening.actions import Action
from listening.cli import app
from listening.leading import effects
from listening.prove import actions as proof
from listening.prove.figures import Run
from listening.workspace import Mend, Workspace
from tests.conftest import rows, run, workspace_maker

SOURCES = "".join(f'[sources.{kind}]\nconnector = "files"\nkind = "{kind}"\npath = "inbox/{kind}.csv"\n' for kind in ("operations", "actions"))
STILL = [0.0, 0.0, 0.0, 0.0]
LITTLE = [1e-4] * 4
MEASURES = (("use", "ready"), ("pay", "invoice"), ("buy", "order"), ("support", "solved"), ("renew", "told"))


# --- the difference in differences ---------------------------------------------------------------------------------------


def test_against_others_that_stood_still_the_effect_is_what_moved() -> None:
    effect = effects.compared(-0.10, 1e-4, STILL, LITTLE)
    assert (effect.effect, effect.others_moved, effect.others) == (-0.10, 0, 4)
    half = 2.3534 * np.sqrt(1e-4 + 1e-4 / 4)  # t of 3 degrees of freedom
    assert effect.effect_low == pytest.approx(-0.10 - half, abs=1e-5)
    assert effect.verdict(-1, -0.10) == effects.WORKED


def test_what_moved_with_all_others_did_not_work() -> None:
    effect = effects.compared(-0.10, 1e-4, [-0.10] * 4, LITTLE)
    assert effect.effect == pytest.approx(0)
    assert effect.verdict(-1, -0.10) == effects.NO_EFFECT


def test_among_others_that_move_far_apart_nothing_can_be_told() -> None:
    effect = effects.compared(-0.10, 1e-4, [-0.2, 0.2, -0.1, 0.15], LITTLE)
    assert effect.verdict(-1, -0.10) == effects.TOO_LITTLE


def test_what_stood_still_by_itself_had_no_effect_however_others_moved() -> None:
    effect = effects.compared(-0.002, 2e-5, [-0.2, 0.2, -0.1, 0.15], LITTLE)
    assert effect.verdict(-1, -0.08) == effects.NO_EFFECT


def test_too_few_others_tell_nothing() -> None:
    assert effects.compared(-0.10, 1e-4, [0.0, 0.0], [1e-4] * 2).verdict(-1) == effects.TOO_LITTLE


@given(st.floats(-0.5, 0.5), st.floats(1e-6, 0.01), st.lists(st.floats(-0.3, 0.3), min_size=3, max_size=12))
def test_it_never_worked_and_got_worse_at_once_and_the_interval_holds_the_effect(moved: float, noise: float, others: list[float]) -> None:
    effect = effects.compared(moved, noise, others, [1e-4] * len(others))
    assert effect.effect_low <= effect.effect <= effect.effect_high
    up, down = effect.verdict(1), effect.verdict(-1)
    assert (up == effects.WORKED) == (down == effects.WORSE)
    assert not (up == effects.WORKED and down == effects.WORKED)


def test_simulated_actions_reach_their_figures() -> None:
    figures = list(proof.figures(Run(60, 2.0, lambda _: None)))
    assert all(figure.passed for figure in figures), [figure for figure in figures if not figure.passed]


# --- through a night -------------------------------------------------------------------------------------------------------


def operations() -> str:
    """500 passages of five measures before 2026-04-01 and 500 since; 30 % fail, of 'ready' 10 % since."""
    lines = ["customer_id,stage,measure,at,failed"]
    for stage, measure in MEASURES:
        for number in range(1000):
            day = dt.date(2026, 1, 1) + dt.timedelta(days=number % 90) if number < 500 else dt.date(2026, 4, 1) + dt.timedelta(days=number % 90)
            share = 0.1 if measure == "ready" and number >= 500 else 0.3
            lines.append(f"c{number},{stage},{measure},{day},{int(number % 10 < 10 * share)}")
    return "\n".join(lines)


ACTIONS = """id,what,kind,stage,owner,because_of,started_on,due_on,measure,expected
1,Ask before each service,mend,use,Head of Workshops,customers,2026-04-01,2026-05-31,ready,-0.15
2,A new layout,innovate,pay,,internal,2026-04-01,2026-12-31,invoice,-0.15
3,Be kinder,mend,support,Head of Support,,2026-04-01,,,
4,A later one,Remove a rule,buy,Head of Sales,competitor,2026-06-28,,order,-0.1
5,No such measure,mend,renew,Head of Plans,customers,2026-04-01,,nothing,-0.1
6,Of an unknown kind,wish,renew,,,2026-04-01,,,
"""


@pytest.fixture(scope="module")
def acted(tmp_path_factory: pytest.TempPathFactory, fitted: Path) -> Workspace:
    place = workspace_maker(tmp_path_factory.mktemp("acted"), fitted)(SOURCES, {"operations.csv": operations(), "actions.csv": ACTIONS})
    assert run(place, "2026-06-30").status == 0
    return place


def test_what_worked_is_named_and_what_did_not_too(acted: Workspace) -> None:
    told = {row["action_id"]: row for row in rows(acted, "from actions")}
    assert {key: row["verdict"] for key, row in told.items()} == {
        "1": "worked", "2": "no effect", "3": "not known", "4": "too early", "5": "not known",
    }  # fmt: skip
    one = told["1"]
    assert (one["before"], one["after"], one["others"]) == (pytest.approx(0.3), pytest.approx(0.1), 4)
    assert one["effect"] == pytest.approx(-0.2, abs=0.001)
    assert "It worked" in str(one["text"])
    assert "nobody has said which measure" in str(told["3"]["text"])
    assert told["4"]["kind"] == "remove a rule"


def test_a_kind_that_is_none_is_rejected_with_its_reason(acted: Workspace) -> None:
    assert rows(acted, "select reason from rejects") == [{"reason": "kind is none of mend, remove a rule, innovate"}]


def test_overdue_unowned_and_idle_actions_are_listed_and_how_many_customers_caused(acted: Workspace) -> None:
    found = {(row["finding"], row["about"]): row for row in rows(acted, "from accountability where action_id is not null or about = 'all'")}
    assert set(found) == {
        ("overdue action", "1"), ("action without an owner", "2"), ("action without effect", "2"), ("actions caused by customers", "all"),
    }  # fmt: skip
    assert found["actions caused by customers", "all"]["value"] == pytest.approx(2 / 4)


def test_every_stage_without_an_owner_is_listed(acted: Workspace) -> None:
    unowned = {row["about"] for row in rows(acted, "from accountability where finding = 'unowned stage'")}
    assert unowned == {row["stage"] for row in rows(acted, "from journey where owner is null")}


# --- by hand ---------------------------------------------------------------------------------------------------------------


def test_an_action_is_added_by_command_closed_and_survives_a_rebuild(acted: Workspace) -> None:
    def command(*words: str) -> str:
        told = CliRunner().invoke(app, ["-w", str(acted.root), *words], catch_exceptions=False)
        assert told.exit_code == 0, told.output
        return told.output

    command("actions", "add", "Two more stands", "--stage", "use", "--measure", "ready", "--started", "2026-04-01", "--by", "2026-05-01", "--owner", "Me")
    command("actions", "close", "1", "--on", "2026-06-01")
    assert [one.action_id for one in actions.read(acted)] == ["A1", "1"]
    run(acted, None)
    found = {row["action_id"]: row for row in rows(acted, "select action_id, what, state, verdict from actions")}
    assert found["A1"] == {"action_id": "A1", "what": "Two more stands", "state": "overdue", "verdict": "worked"}
    assert found["1"]["state"] == "closed"
    assert "Two more stands" in command("actions", "list")


def test_an_action_that_nobody_knows_cannot_be_closed(acted: Workspace) -> None:
    with pytest.raises(Mend, match="no action 'A99'"):
        CliRunner().invoke(app, ["-w", str(acted.root), "actions", "close", "A99"], catch_exceptions=False)


def test_a_file_of_actions_that_makes_no_sense_is_a_note_and_the_night_goes_on(make_workspace: Callable[..., Workspace]) -> None:
    place = make_workspace(SOURCES, {"operations.csv": operations(), "actions.csv": ACTIONS})
    (place.root / actions.FILE).write_text("action_id,what,due_on\nA1,Something,soon\n", encoding="utf-8")
    tonight = run(place, "2026-06-30")
    assert tonight.status == 0
    assert any("due_on is no day" in note for note in tonight.notes)
    assert len(rows(place, "from actions")) == 5


WORDS = st.text(st.characters(exclude_categories=("Cs", "Cc", "Z")), max_size=20)


@given(st.lists(WORDS.filter(bool), min_size=1, max_size=4))
def test_what_is_added_is_read_again_as_it_was(tmp_path_factory: pytest.TempPathFactory, names: list[str]) -> None:
    place = Workspace(tmp_path_factory.mktemp("w"))
    added = [actions.add(place, Action(what=name, stage="use", kind="mend")) for name in names]
    assert actions.read(place) == added
    assert [one.action_id for one in added] == [f"A{number}" for number in range(1, len(names) + 1)]


def test_none_out_of_a_few_does_not_look_certain() -> None:
    assert effects.variance([0], [10])[0] == pytest.approx((1 / 12) * (11 / 12) / 10)
