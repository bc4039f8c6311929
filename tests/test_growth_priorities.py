"""What to mend first: the gates, the order within them, what is heard beside a trouble, and open warnings."""

from __future__ import annotations

from typing import Any

import pandas as pd

from listening.growth import priorities
from listening.growth.priorities import Evidence
from listening.journey import Journey

JOURNEY = Journey.model_validate(
    {
        "stages": [
            {
                "stage": "onboard",
                "owner": "Delivery",
                "touchpoints": [{"touchpoint": "delivery", "basic": True}, {"touchpoint": "gift", "name": "Welcome gift"}],
            },
            {"stage": "use", "owner": "Product", "touchpoints": [{"touchpoint": "app", "priority": True, "owner": "Apps"}, {"touchpoint": "colours"}]},
        ]
    }
)
TROUBLES = {
    "onboard/on_time": ("onboard", "delivery"), "onboard/wrapped": ("onboard", "gift"), "use/loads": ("use", "app"), "use/answered": ("use", None),
}  # fmt: skip
EMPTY = (
    ["trouble_id", "met", "passed"],
    ["stage", "theme", "name", "side", "customers", "units", "share", "low", "denominator", "trouble", "great"],
    ["stage", "trouble_of_customers", "trouble_low", "trouble_high", "failed_silent"],
)
WARNING = {
    "warning_id": "w1", "stage": "onboard", "theme": None, "measure": "on_time", "touchpoint": None, "owner": "Delivery", "customers": 30,
    "text": "41 in 7 days, expected 19.",
}  # fmt: skip


def kinds() -> pd.DataFrame:
    told = [
        {
            "trouble_id": name,
            "told_by": "operations",
            "stage": stage,
            "measure": name.split("/")[1],
            "theme": None,
            "touchpoint": point,
            "name": name,
            "owner": None,
        }
        for name, (stage, point) in TROUBLES.items()
    ]
    return pd.DataFrame(told)


def driver(trouble: str, customers: float, value: float | None, is_clear: bool = True, sure: float = 1.0) -> dict[str, Any]:
    return {
        "outcome": "left",
        "trouble_id": trouble,
        "customers": customers,
        "customers_low": 1,
        "customers_high": 2,
        "value": value,
        "sure": sure,
        "is_clear": is_clear,
    }


def theme(stage: str, name: str, trouble: int, great: int) -> list[dict[str, Any]]:
    both = {"stage": stage, "theme": name, "name": name.capitalize(), "share": 0.5, "low": 0.3, "denominator": 40, "trouble": trouble, "great": great}
    return [{**both, "side": side, "customers": count, "units": count} for side, count in (("trouble", trouble), ("great", great)) if count]


def listed(drivers: list[dict[str, Any]], themes: list[dict[str, Any]] | None = None, warnings: list[dict[str, Any]] | None = None) -> pd.DataFrame:
    columns = ["stage", "theme", "name", "side", "customers", "units", "share", "low", "denominator", "trouble", "great"]
    met = pd.DataFrame({"trouble_id": list(TROUBLES), "met": [10, 20, 30, 40], "passed": 100})
    stages = pd.DataFrame({"stage": ["onboard"], "trouble_of_customers": [0.2], "trouble_low": [0.1], "trouble_high": [0.3], "failed_silent": [5]})
    found = Evidence(pd.DataFrame(drivers), kinds(), met, pd.DataFrame(themes or [], columns=columns), stages, pd.DataFrame(warnings or []))
    return priorities.prioritised(found, JOURNEY, "GBP").set_index("name")


def test_troubles_at_basic_and_priority_touchpoints_come_wholly_before_the_others_and_delight_comes_last() -> None:
    told = listed([driver("onboard/wrapped", 90, 9e6)], theme("use", "colours", 0, 50))
    assert list(told["gate"]) == ["basics"] * 3 + ["other troubles", "delight"]
    assert told.index[-2:].tolist() == ["onboard/wrapped", "Colours"]


def test_a_measured_promise_at_no_touchpoint_is_a_basic() -> None:
    assert listed([]).loc["use/answered", "gate"] == "basics"


def test_within_a_gate_value_times_sure_orders_before_what_is_not_known_to_cost_anything() -> None:
    told = listed([driver("onboard/on_time", 5, 1000.0, sure=0.98), driver("use/loads", 50, 990.0)])
    assert told.index[:3].tolist() == ["use/loads", "onboard/on_time", "use/answered"]
    assert told.loc["onboard/on_time", "score"] == 980


def test_without_value_customers_at_stake_order() -> None:
    told = listed([driver("onboard/on_time", 5, None), driver("use/loads", 50, None)])
    assert told.index[:2].tolist() == ["use/loads", "onboard/on_time"]


def test_leaving_and_buying_less_add_up_and_what_is_not_clear_counts_for_nothing() -> None:
    less = driver("use/loads", 3, 100.0) | {"outcome": "bought_less"}
    told = listed([driver("use/loads", 5, 1000.0), less, driver("use/answered", 500, 1e6, is_clear=False)])
    assert (told.loc["use/loads", "value"], told.loc["use/loads", "customers"]) == (1100, 8)
    assert pd.isna(told.loc["use/answered", "value"])


def test_words_about_a_touchpoint_are_heard_beside_its_trouble_and_stand_alone_elsewhere() -> None:
    told = listed([], theme("onboard", "delivery", 12, 1) + theme("use", "colours", 9, 1))
    assert "12 told of trouble there" in told.loc["onboard/on_time", "why"]
    assert "Delivery" not in told.index
    assert told.loc["Colours", "item"] == "spoken of"


def test_a_theme_that_is_both_praised_and_blamed_is_listed_once() -> None:
    told = listed([], theme("use", "colours", 9, 6))
    assert list(told.loc[["Colours"], "item"]) == ["spoken of"]


def test_an_open_warning_stands_beside_what_it_is_about_or_alone() -> None:
    alone = WARNING | {"warning_id": "w2", "stage": "use", "measure": None, "theme": "colours", "touchpoint": "colours"}
    told = listed([], warnings=[WARNING, alone])
    assert told.loc["onboard/on_time", "warning_id"] == "w1"
    assert "41 in 7 days" not in told.loc["onboard/on_time", "why"], "its text stands in warnings"
    (own,) = told[told["item"] == "warning"].to_dict("records")
    assert (own["warning_id"], own["gate"], own["met"]) == ("w2", "other troubles", 30)
    assert "A warning is open." in own["why"]


def test_the_owner_is_the_touchpoints_else_the_stages() -> None:
    told = listed([])
    assert (told.loc["use/loads", "owner"], told.loc["use/answered", "owner"]) == ("Apps", "Product")


def test_the_rule_stands_in_every_row_and_the_reasons_beside() -> None:
    told = listed([driver("onboard/on_time", 5, 1000.0)])
    assert set(told["rule"]) == {priorities.RULE}
    assert told.loc["onboard/on_time", "why"] == (
        "At a basic touchpoint. About 5 of those who left in the last year go with it, worth £1,000 a year. "
        "10 customers of 100 who came through met it in the last 90 days."
    )
    assert told["rank"].tolist() == list(range(1, len(told) + 1))


def test_where_nothing_was_met_lately_nothing_is_listed() -> None:
    found = Evidence(pd.DataFrame([{"outcome": "left", "trouble_id": "none"}]), kinds(), *(pd.DataFrame(columns=names) for names in EMPTY), pd.DataFrame())
    assert priorities.prioritised(found, JOURNEY, "GBP").empty
