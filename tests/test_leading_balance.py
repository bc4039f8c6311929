"""Belief beside life, money beside trouble, purpose beside evidence: on cases counted by hand, in the sample, and with inputs taken away one by one."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from typer.testing import CliRunner

from listening import beliefs, journey, leading, warehouse
from listening.cli import app
from listening.journey import Journey
from listening.leading import balance, gap, lived, purpose
from listening.leading.purpose import Purpose
from listening.warehouse import Warehouse
from listening.workspace import Mend, Workspace
from tests.conftest import rows, run

QUARTER = {"period_kind": "quarter", "period": "2026-Q1", "period_start": dt.date(2026, 1, 1), "period_end": dt.date(2026, 4, 1), "is_over": True}
TWO = Journey.model_validate({"stages": [{"stage": "buy"}, {"stage": "pay"}]})
GRID = pd.DataFrame([{"stage": name, **QUARTER} for name in TWO.names])
REVIEWS = '[sources.reviews]\nconnector = "files"\nkind = "review"\npath = "inbox/reviews.csv"\n'
CLOCK = dt.datetime(2026, 6, 30, 22, 59, 59, tzinfo=dt.UTC)


def of(name: str, **figures: object) -> dict[str, object]:
    return {"stage": name, **QUARTER, **figures}


# --- how customers live ------------------------------------------------------------------------------------------------------


def test_the_estimate_is_taken_where_there_is_one_and_a_years_check_ins_elsewhere() -> None:
    estimated = pd.DataFrame([of("buy", value=0.2, low=0.1, high=0.3)])
    answered = pd.DataFrame([of(name, answers=40, trouble=10, great=4) for name in TWO.names])
    found = lived.known(GRID, estimated, answered, "trouble").set_index("stage")
    assert list(found["value"]) == [0.2, 0.25]
    assert list(found["basis"]) == [lived.ESTIMATE, lived.CHECKINS]
    few = lived.known(GRID, estimated, answered.assign(answers=29), "trouble").set_index("stage")
    assert pd.isna(few["value"]["pay"])


def test_answers_are_those_of_four_periods_together() -> None:
    grid = pd.DataFrame([{**of("buy"), "period": str(number), "period_start": dt.date(2025, number, 1)} for number in range(1, 7)])
    counts = grid.assign(answers=10)
    assert list(lived.pooled(grid, counts, ["answers"])["answers"]) == [10, 20, 30, 40, 40, 40]


# --- the delivery gap ----------------------------------------------------------------------------------------------------------


def gaps(believed: list[dict[str, object]]) -> pd.DataFrame:
    great = pd.DataFrame([of("buy", value=0.4, low=0.3, high=0.5, basis=lived.ESTIMATE), of("pay", value=None, low=None, high=None, basis=None)])
    great = great[[*lived.KEY, "value", "low", "high", "basis"]].astype({"value": float, "low": float, "high": float})
    return gap.compared(GRID, pd.DataFrame(believed), great, TWO).set_index(["stage", "role"])


def test_the_gap_holds_the_doubt_of_the_estimate_and_of_those_who_believe() -> None:
    found = gaps(
        [
            of("buy", role="leader", believed=0.8, raters=1, deviation=0.0, rating=None),
            of("buy", role="staff", believed=0.5, raters=3, deviation=0.1, rating=None),
        ]
    )
    leader, staff = found.loc[("buy", "leader")], found.loc[("buy", "staff")]
    assert (leader["gap"], leader["gap_low"], leader["gap_high"]) == (pytest.approx(0.4), pytest.approx(0.3), pytest.approx(0.5))
    assert leader["belief"] == "too good"
    half = (0.1**2 + (2.92 * 0.1 / 3**0.5) ** 2) ** 0.5  # t of 2 degrees of freedom
    assert staff["gap_low"] == pytest.approx(0.1 - half, abs=1e-4)
    assert staff["belief"] == "no clear gap"


def test_a_gap_to_what_is_not_known_is_not_known() -> None:
    found = gaps([of("pay", role="leader", believed=0.8, raters=1, deviation=0.0, rating=None)])
    assert found.loc[("pay", "leader")]["belief"] == "not known"
    assert "not known" in found.loc[("pay", "leader")]["text"]
    assert "not known" in found.loc[("buy", "nobody")]["text"]


def test_the_form_comes_back_through_the_inbox_of_a_company_of_which_nothing_else_is_known(make_workspace: Callable[..., Workspace]) -> None:
    place = make_workspace('[sources.beliefs]\nconnector = "files"\nkind = "internal_ratings"\npath = "inbox/beliefs*.xlsx"\n')
    sheet = place.root / "form.xlsx"
    told = CliRunner().invoke(app, ["-w", str(place.root), "beliefs", "--sheet", str(sheet), "--role", "staff"], catch_exceptions=False)
    assert told.exit_code == 0, told.output
    book = openpyxl.load_workbook(sheet)
    assert book.active is not None
    names = [cell.value for cell in book.active[1]]
    for row in book.active.iter_rows(min_row=2):
        row[names.index("great_share")].value = 0.4
    book.save(place.inbox / "beliefs-1.xlsx")
    assert run(place).status == 0
    assert rows(place, "select role, count(*) as n, max(great_share) as share from internal_ratings group by role") == [{"role": "staff", "n": 8, "share": 0.4}]


def test_the_form_asks_of_every_stage_once() -> None:
    assert [row["stage"] for row in beliefs.form(TWO, "leader", dt.date(2026, 1, 1))] == TWO.names


# --- the balance ---------------------------------------------------------------------------------------------------------------


def balanced(spent: dict[str, float], troubled: dict[str, float]) -> pd.DataFrame:
    money = pd.DataFrame([{"stage": name, "period": "2026-Q1", "amount": amount} for name, amount in spent.items()], columns=["stage", "period", "amount"])
    heard = pd.DataFrame([{"stage": "buy", "period": "2026-Q1", "survey_answers": 10, "sources": 1}])
    trouble = [of(name, value=share, low=share - 0.02, high=share + 0.02, basis=lived.ESTIMATE, customers=1000) for name, share in troubled.items()]
    stake = pd.DataFrame({"stage": ["pay"], "value": [500.0]})
    empty = ["stage", "period", "value", "low", "high", "basis", "customers"]
    return balance.balanced(GRID, money, heard, pd.DataFrame(trouble, columns=None if trouble else empty), stake, TWO).set_index("stage")


def test_a_stage_with_most_of_the_trouble_and_little_of_the_money_is_neglected() -> None:
    found = balanced({"buy": 900, "pay": 100}, {"buy": 0.1, "pay": 0.3})
    pay, buy = found.loc["pay"], found.loc["buy"]
    assert (pay["share_spent"], pay["share_asked"], pay["share_trouble"], pay["share_value"]) == (0.1, 0.0, pytest.approx(0.75), 1.0)
    assert (pay["share_trouble_low"], pay["in_trouble"]) == (pytest.approx(0.7), pytest.approx(300))
    assert (pay["is_neglected"], buy["is_neglected"]) == (True, False)
    assert "Neglected" in pay["text"]
    assert "No survey asks about it." in pay["text"]


def test_without_money_or_trouble_nothing_is_called_neglected() -> None:
    for found in (balanced({}, {"buy": 0.1, "pay": 0.3}), balanced({"buy": 900, "pay": 100}, {})):
        assert found["is_neglected"].isna().all()
        assert found["text"].str.contains("not known").all()


def test_moments_add_up_their_stages() -> None:
    found = balance.by_moment(balanced({"buy": 900, "pay": 100}, {"buy": 0.1, "pay": 0.3}).reset_index()).set_index("moment")
    assert (found["share_spent"]["at"], found["share_spent"]["after"]) == (0.9, 0.1)


# --- the purpose grid ------------------------------------------------------------------------------------------------------------


def test_five_cells_pay_one_of_them_is_best_and_the_rest_invest_too_much_or_too_little(tmp_path: Path) -> None:
    grid = [row["cell"] for row in purpose.laid_out(purpose.read(Workspace(tmp_path)), pd.DataFrame())]
    assert {cell: grid.count(cell) for cell in set(grid)} == {"best": 1, "pays": 4, "over-invested": 10, "under-invested": 10}


def test_what_is_declared_stands_beside_the_evidence(tmp_path: Path) -> None:
    own = Purpose.model_validate({**purpose.read(Workspace(tmp_path)).model_dump(), "declared": {"valued": 2, "invests": 1, "day": "2026-06-01"}})
    moments = pd.DataFrame([{**QUARTER, "moment": "before", "share_spent": 0.4}])
    (declared,) = [row for row in purpose.laid_out(own, moments) if row["is_declared"]]
    assert (declared["valued_no"], declared["invests_no"], declared["share_spent"], declared["cell"]) == (2, 1, 0.4, "under-invested")


def test_a_purpose_that_makes_no_sense_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "purpose.yaml").write_text("valued: [one]\n", encoding="utf-8")
    with pytest.raises(Mend, match=r"purpose\.yaml: valued"):
        purpose.read(Workspace(tmp_path))


# --- the sample company, whole and with inputs taken away one by one ---------------------------------------------------------------


def test_leaders_believe_support_to_be_far_better_than_it_is_and_staff_do_not(fernway: Workspace) -> None:
    found = {row["role"]: row for row in rows(fernway, "from delivery_gap where stage = 'support' and period = 'last 90 days'")}
    assert found["leader"]["gap_low"] > 0.4  # type: ignore[operator]
    assert found["staff"]["belief"] == "no clear gap"


def test_most_money_goes_to_discover_and_pay_is_neglected(fernway: Workspace) -> None:
    found = {row["stage"]: row for row in rows(fernway, "from investment_balance where period = '2026-Q2'")}
    assert max(found, key=lambda stage: float(str(found[stage]["share_spent"]))) == "discover"
    assert found["pay"]["is_neglected"] is True
    assert "not known" in str(found["discover"]["text"])


@pytest.fixture
def copied(fernway: Workspace, tmp_path: Path) -> Iterator[tuple[Workspace, Warehouse]]:
    """The sample's store, to take things out of."""
    place = Workspace(tmp_path)
    for path in (fernway.journey, fernway.configuration, fernway.warehouse, Path(f"{fernway.warehouse.parent}/.{fernway.warehouse.name}.commits")):
        shutil.copyfile(path, tmp_path / path.name)
    with warehouse.opened(place.warehouse) as store:
        yield place, store


def texts(store: Warehouse, table: str) -> list[str]:
    found: list[str] = store.select(f"leading/{table}", ["text"]).column("text").to_pylist()
    return found


def without(place: Workspace, store: Warehouse, taken: tuple[str, ...]) -> None:
    """Tell the company again after some of its input is taken away."""
    for name in taken:
        store.replace(name, [])
    leading.tell(place, store, journey.read(place.journey), place.settings().company, CLOCK)


CHECKINS = ("story/asked", "story/cells", "story/stage_measures")


@pytest.mark.parametrize(
    ("taken", "tables"),
    [
        (CHECKINS, ("maturity", "delivery_gap", "investment_balance")),
        (("records/internal_ratings",), ("delivery_gap",)),
        (("records/investment",), ("investment_balance", "investment_moments", "purpose_grid")),
        (("records/operations",), ("actions",)),
    ],
)
def test_what_its_input_is_taken_from_says_not_known_in_every_row(copied: tuple[Workspace, Warehouse], taken: tuple[str, ...], tables: tuple[str, ...]) -> None:
    place, store = copied
    for table in tables:
        assert not all("not known" in text for text in texts(store, table)) or table == "purpose_grid"
    without(place, store, taken)
    for table in tables:
        after = texts(store, table)
        assert after
        assert all("not known" in text.lower() for text in after), next(text for text in after if "not known" not in text.lower())


def test_without_any_action_the_share_that_customers_caused_is_not_known(copied: tuple[Workspace, Warehouse]) -> None:
    without(*copied, ("records/actions",))
    found = texts(copied[1], "accountability")
    assert sum("not known" in text for text in found) == 1


def test_a_company_of_which_only_reviews_are_known_is_told_everything_in_words(make_workspace: Callable[..., Workspace]) -> None:
    place = make_workspace(
        REVIEWS,
        {"reviews.csv": "id,date,text\n" + "\n".join(f"{n},2026-05-{1 + n % 28:02},The bill was wrong again" for n in range(30))},
    )
    assert run(place, "2026-06-30").status == 0
    for table in ("maturity", "delivery_gap", "investment_balance", "purpose_grid", "accountability"):
        found = [str(row["text"]) for row in rows(place, f"select text from {table}")]
        assert any("not known" in text for text in found), table
    assert {row["maturity_level"] for row in rows(place, "from maturity")} == {"not yet placed"}
