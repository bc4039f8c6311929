"""Drivers on a real company's customers: files in, one night, and a list that somebody who knows the trade would expect."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import zlib
from pathlib import Path

import pytest

from listening.workspace import Workspace
from tests.conftest import REAL_DATA, rows, run, workspace_maker

FILE = REAL_DATA / "operational" / "ibm_telco_churn.csv.gz"
pytestmark = pytest.mark.skipif(not FILE.exists(), reason=f"the customers lost with charges are not in {REAL_DATA}, so drivers over them are not tried")
SOURCES = "".join(f'[sources.{kind}]\nconnector = "files"\nkind = "{kind}"\npath = "inbox/{kind}.csv"\n' for kind in ("operations", "customers"))
LAST = dt.date(2026, 6, 30)
WANTING = {  # what a subscriber lacks or has, as a measure that fails
    ("buy", "bound_for_a_year"): lambda row: row["Contract"] == "Month-to-month",
    ("use", "has_online_security"): lambda row: row["OnlineSecurity"] == "No",
    ("support", "has_tech_support"): lambda row: row["TechSupport"] == "No",
    ("use", "is_not_on_fibre"): lambda row: row["InternetService"] == "Fiber optic",
    ("pay", "pays_by_itself"): lambda row: "automatic" not in row["PaymentMethod"],
    ("pay", "gets_paper_bill"): lambda row: row["PaperlessBilling"] == "Yes",
    ("use", "number_is_even"): lambda row: zlib.crc32(row["customerID"].encode()) % 2,
}


def company() -> dict[str, str | bytes]:
    """Subscribers and what they had: who left did so on a day of the last three months, by chance of their id."""
    customers, passed = ["customer_id,since,left_at,value,value_basis"], ["customer_id,stage,measure,at,failed"]
    with gzip.open(FILE, "rt", encoding="utf-8", newline="") as packed:
        for row in csv.DictReader(io.StringIO(packed.read())):
            name = row["customerID"]
            end = LAST - dt.timedelta(days=zlib.crc32(name.encode()) % 90)
            since = end - dt.timedelta(days=30 * int(row["tenure"]) + 10)
            customers.append(f"{name},{since},{end if row['Churn'] == 'Yes' else ''},{12 * float(row['MonthlyCharges']):.2f},revenue")
            at = max(since, end - dt.timedelta(days=30))
            passed += [f"{name},{stage},{measure},{at},{int(bool(lacks(row)))}" for (stage, measure), lacks in WANTING.items()]
    return {"customers.csv": "\n".join(customers), "operations.csv": "\n".join(passed)}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, fitted: Path) -> Workspace:
    made = workspace_maker(tmp_path_factory.mktemp("operational"), fitted)(SOURCES, company())
    assert run(made, str(LAST)).status == 0
    return made


def test_every_customer_lost_is_counted_with_their_charges(told: Workspace) -> None:
    (lost,) = rows(told, "from customer_assets where period = '2026-Q2' and cut_by = 'all' and movement = 'lost'")
    assert lost["customers"] == 1869
    assert lost["value"] == pytest.approx(12 * 139_130.85, rel=1e-6)


def test_what_the_trade_knows_of_stands_first_and_a_number_by_chance_is_not_named(told: Workspace) -> None:
    found = {str(row["measure"]): row for row in rows(told, "from drivers where outcome = 'left' order by rank")}
    assert next(iter(found)) == "bound_for_a_year"
    assert found["bound_for_a_year"]["happened"] == 1869
    assert {name for name, row in found.items() if row["is_clear"]} >= {"bound_for_a_year", "has_online_security", "has_tech_support", "is_not_on_fibre"}
    assert not found["number_is_even"]["is_clear"]
    assert found["number_is_even"]["customers_low"] < 0 < found["number_is_even"]["customers_high"]  # type: ignore[operator]


def test_each_driver_has_an_interval_around_it_and_ranks_that_leave_room(told: Workspace) -> None:
    found = rows(told, "from drivers where outcome = 'left'")
    assert all(row["customers_low"] < row["customers"] < row["customers_high"] for row in found)  # type: ignore[operator]
    assert all(row["value_low"] < row["value"] < row["value_high"] for row in found)  # type: ignore[operator]
    assert all(row["rank_low"] <= row["rank"] <= row["rank_high"] for row in found)  # type: ignore[operator]
    assert sum(row["customers"] for row in found if row["is_clear"]) < 2 * 1869  # type: ignore[misc]
