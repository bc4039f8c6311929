"""The planted truths of the sample company (data/sample/README.md): what the path finds, and which part will find the rest.

A truth that this version cannot show yet is an expected failure that names the part; when the part is built, the
test passes, pytest complains of the unexpected pass, and the mark goes.
"""

from __future__ import annotations

import collections
import csv
import itertools
import json

import openpyxl
import pyarrow.parquet as pq

from listening import bench, night
from listening.workspace import Workspace
from tests.conftest import SAMPLE, rows


def one(place: Workspace, query: str) -> dict[str, object]:
    (row,) = rows(place, query)
    return row


def test_1_late_delivery_at_coast_shows_in_the_story_cut_by_region(fernway: Workspace) -> None:
    here = one(fernway, "from stage_sources where stage = 'onboard' and source = 'survey' and period = '2026-Q2' and cut_by = 'region' and cut_value = 'Coast'")
    others = rows(
        fernway,
        "from stage_sources where stage = 'onboard' and source = 'survey' and period = '2026-Q2' and cut_by = 'region' and cut_value <> 'Coast' and n >= 5",
    )
    assert others
    assert all(here["negative_low"] > other["negative"] for other in others)  # type: ignore[operator]


def test_1_late_delivery_at_coast_shows_in_operations_with_the_customers_it_costs(fernway: Workspace) -> None:
    late = "stage = 'onboard' and measure = 'delivered_on_named_day' and region = 'Coast' and \"at\" >= '2025-12-08'"
    left = one(
        fernway, f"select count(*) as n from (select distinct customer_id from operations where {late} and failed = 1) semi join outcomes using (customer_id)"
    )
    share = one(fernway, f"select avg(failed) as share from operations where {late} and \"at\" >= '2026-06-01'")
    assert share["share"] > 0.4  # type: ignore[operator]
    assert left["n"] > 30  # type: ignore[operator]


def test_1_late_delivery_at_coast_raises_a_warning_with_customers_and_value(fernway: Workspace) -> None:
    late = one(fernway, "from warnings where measure = 'delivered_on_named_day'")
    assert (late["stage"], late["cut_by"], late["cut_value"], late["closed_on"]) == ("onboard", "region", "Coast", None)
    assert "2025-12-08" <= str(late["began_on"]) <= str(late["opened_on"]) <= "2026-02-28"
    assert late["customers"] > 100  # type: ignore[operator]
    assert late["value"] > 100_000  # type: ignore[operator]
    assert late["owner"] == "Head of Delivery"
    assert len(rows(fernway, f"from warning_quotes where warning_id = '{late['warning_id']}'")) == 3


def test_1_nothing_is_warned_of_that_was_not_planted(fernway: Workspace) -> None:
    told = {(row["stage"], row["cut_value"]) for row in rows(fernway, "from warnings")}
    assert told == {("onboard", "Coast")}


def test_2_the_pay_survey_and_the_pay_tickets_disagree(fernway: Workspace) -> None:
    shares = "select sum(positive * n) / sum(n) as great, sum(negative * n) / sum(n) as trouble"
    tell = f"{shares} from stage_sources where stage = 'pay' and period_kind = 'quarter' and cut_by = 'all'"
    survey, tickets = one(fernway, f"{tell} and source = 'survey_pay'"), one(fernway, f"{tell} and source = 'tickets'")
    assert survey["great"] > survey["trouble"]  # type: ignore[operator]
    assert tickets["trouble"] > tickets["great"]  # type: ignore[operator]


def test_2_the_pay_survey_is_told_to_be_out_of_step_and_no_other(fernway: Workspace) -> None:
    """In two of five quarters, and rosier beyond chance in all: with 15 to 18 answers a quarter the margin is seldom passed."""
    gaps = rows(fernway, "from stage_story where survey_gap and period_kind = 'quarter' and cut_by = 'all'")
    assert len(gaps) >= 2
    assert {row["stage"] for row in gaps} == {"pay"}
    excess = rows(fernway, "from stage_measures where stage = 'pay' and measure = 'survey_excess' and period_kind = 'quarter'")
    assert all(row["low"] > 0 for row in excess)  # type: ignore[operator]


def test_3_about_discover_there_is_too_little_to_say(fernway: Workspace) -> None:
    told = one(fernway, "from stage_story where stage = 'discover' and period_kind = 'rolling' and cut_by = 'all'")
    assert told["evidence_level"] == "insufficient"
    assert told["net_experience"] is None


def test_4_support_kept_to_the_letter_is_felt_below_expectation(fernway: Workspace) -> None:
    told = rows(fernway, "from stage_measures where stage = 'support' and measure = 'expectation_below_of_customers' and cut_by = 'all'")
    assert len(told) == 6
    assert all(row["value"] > 0.3 for row in told)  # type: ignore[operator]
    kept = one(
        fernway,
        "select sum(n) / sum(denominator) as share from stage_measures where stage = 'support' and period_kind = 'quarter' and cut_by = 'all' "
        "and measure = 'expectation_below_of_kept_customers'",
    )
    assert kept["share"] > 0.1  # type: ignore[operator]


def test_5_in_use_expectation_is_exceeded_less_and_less(fernway: Workspace) -> None:
    query = (
        "select value from stage_measures where stage = 'use' and measure = 'expectation_exceeded_of_customers' and cut_by = 'all' and period_kind = 'quarter'"
    )
    shares = [row["value"] for row in rows(fernway, f"{query} order by period")]
    assert min(shares[:2]) > max(shares[-2:])  # type: ignore[type-var]


def test_5_the_loan_bike_as_a_theme_turns_from_delight_to_trouble(fernway: Workspace) -> None:
    told = "select * from stage_themes where theme = 'loan_bike' and side = 'all' and period"
    then, now = one(fernway, f"{told} = '2025-Q2'"), one(fernway, f"{told} = '2026-Q2'")
    assert then["great"] > 2 * then["trouble"]  # type: ignore[operator]
    assert now["trouble"] > 2 * now["great"]  # type: ignore[operator]


def test_6_customers_who_left_in_silence_are_counted_with_their_value(fernway: Workspace) -> None:
    told = {
        str(row["movement"]): row
        for row in rows(fernway, "select movement, sum(customers) as customers, sum(value) as value from customer_assets "
                        "where cut_by = 'all' and period_kind = 'quarter' group by all")
    }  # fmt: skip
    assert told["lost"]["customers"] == 394
    assert told["lost in silence after a failure"]["customers"] > 150  # type: ignore[operator]
    assert told["lost in silence after a failure"]["value"] > 150_000  # type: ignore[operator]


def test_6_customers_at_the_end_are_those_of_the_beginning_and_the_gained_less_the_lost(fernway: Workspace) -> None:
    told = {
        (str(row["period"]), str(row["movement"])): int(row["customers"])  # type: ignore[call-overload]
        for row in rows(fernway, "from customer_assets where cut_by = 'all' and period_kind = 'quarter'")
    }
    assert told["2026-Q2", "active"] == 2087
    quarters = sorted({period for period, _ in told})
    for before, now in itertools.pairwise(quarters):
        assert told[now, "active"] == told[before, "active"] + told[now, "net"]
    assert told[quarters[0], "active"] - told[quarters[0], "net"] == 918


def test_1_2_and_6_the_three_planted_reasons_to_leave_are_the_first_three_drivers(fernway: Workspace) -> None:
    told = rows(fernway, "from drivers where outcome = 'left' order by rank")
    planted = {"onboard/delivered_on_named_day", "pay/invoice_correct", "renew/told_before_price_step"}
    assert {row["trouble_id"] for row in told[:3]} == planted
    assert all(row["is_clear"] for row in told[:3])
    late = next(row for row in told if row["trouble_id"] == "onboard/delivered_on_named_day")
    assert late["customers_low"] < 37 < late["customers_high"]  # type: ignore[operator]  # 42 of the late have left, 2 % would have anyway
    assert all(row["value"] > 20_000 for row in told[:3])  # type: ignore[operator]


def test_1_2_and_6_what_goes_with_leaving_is_first_to_mend_with_its_owner(fernway: Workspace) -> None:
    told = rows(fernway, "from priorities order by rank")
    assert {(row["measure"], row["owner"]) for row in told[:3]} == {
        ("invoice_correct", "Head of Billing"), ("told_before_price_step", "Head of Plans"), ("delivered_on_named_day", "Head of Delivery")
    }  # fmt: skip
    gates = [str(row["gate"]) for row in told]
    assert gates == sorted(gates, key=["basics", "other troubles", "delight"].index)


def test_1_the_lost_of_the_last_quarter_had_met_late_delivery_more_often_than_those_who_stayed(fernway: Workspace) -> None:
    told = one(fernway, "from losses where period = '2026-Q2' and trouble_id = 'onboard/delivered_on_named_day'")
    assert told["low"] > 0.1  # type: ignore[operator]
    assert told["quotes"]
    assert told["reasons"]


def test_6_customers_who_left_without_a_word_can_be_found_by_query(fernway: Workspace) -> None:
    silent = one(
        fernway,
        "select count(*) as n from (select distinct customer_id from operations where measure = 'told_before_price_step' and failed = 1) "
        "semi join (select customer_id from outcomes where outcome = 'left') using (customer_id) "
        "anti join (select customer_id from records where customer_id is not null) using (customer_id)",
    )
    assert silent["n"] > 50  # type: ignore[operator]


def test_7_one_action_worked_and_one_did_not(fernway: Workspace) -> None:
    found = {str(row["measure"]): row for row in rows(fernway, "from actions")}
    worked, idle = found["bike_ready_when_promised"], found["invoice_correct"]
    assert (worked["verdict"], idle["verdict"]) == ("worked", "no effect")
    assert worked["effect_low"] < -0.15 < worked["effect_high"]  # type: ignore[operator]


def test_8_leaders_believe_support_to_be_better_than_staff_and_customers_do(fernway: Workspace) -> None:
    beliefs = {
        str(row["role"]): row["share"]
        for row in rows(fernway, "select role, avg(great_share) as share from internal_ratings where stage = 'support' group by role")
    }
    customers = one(fernway, "select avg((experience = 1)::integer) as share from checkins where stage = 'support' and answered = 1")["share"]
    assert max(beliefs.values()) - customers > 0.5  # type: ignore[operator, type-var]
    assert min(beliefs.values()) - customers < 0.2  # type: ignore[operator, type-var]


def test_9_a_touchpoint_that_nobody_asks_about_is_told(fernway: Workspace) -> None:
    told = one(fernway, "from touchpoint_story where touchpoint = 'return_inspection' and period = '2026-Q2'")
    assert told["survey_answers"] == 0
    assert "No survey asks about it." in str(told["story"])


def test_9_the_inspection_is_a_theme_and_spoken_of_as_trouble(fernway: Workspace) -> None:
    told = one(
        fernway,
        "select sum(units) as units, sum(trouble) as trouble, sum(great) as great from stage_themes "
        "where theme = 'return_inspection' and side = 'all' and period_kind = 'quarter'",
    )
    assert told["units"] >= 10  # type: ignore[operator]
    assert told["trouble"] > 2 * told["great"]  # type: ignore[operator]


def test_10_those_who_had_a_failure_answer_less(fernway: Workspace) -> None:
    """In use, pay and support; at Coast, where getting the bike fails, the angry do answer."""
    assert one(fernway, "select sum(failed_silent) as n from coverage where source = 'all' and period = '2026-Q2'")["n"] > 1000  # type: ignore[operator]
    ratios = rows(fernway, "select stage, median(value) as ratio from stage_measures where measure = 'survey_ratio_of_failed' group by stage order by stage")
    assert {row["stage"]: row["ratio"] < 0.7 for row in ratios} == {"onboard": False, "pay": True, "support": True, "use": True}  # type: ignore[operator]


def test_the_level_of_seven_stages_is_known_and_agrees_with_the_check_ins(fernway: Workspace) -> None:
    """Where 14 a quarter answered, the estimate of trouble leans on them; all its intervals hold the share over all five quarters."""
    told = rows(
        fernway,
        "select measures.stage, low, high, share from stage_measures as measures inner join (select stage, avg((experience = -1)::integer) as share "
        "from checkins where answered = 1 group by stage) using (stage) where measure = 'trouble_of_customers' and cut_by = 'all' and period_kind = 'quarter'",
    )
    assert len({row["stage"] for row in told}) == 7
    held = sum(row["low"] - 0.02 <= row["share"] <= row["high"] + 0.02 for row in told)  # type: ignore[operator]
    assert held / len(told) > 0.8


def test_each_source_tells_what_it_adds(fernway: Workspace) -> None:
    adding = rows(fernway, "select distinct source from stage_sources where contribution is not null order by source")
    assert [row["source"] for row in adding] == ["chat", "operations", "reviews", "survey", "survey_pay", "survey_support", "tickets"]


def test_11_one_customer_wrote_in_three_places(fernway: Workspace) -> None:
    spoke = rows(fernway, "select distinct source from records where customer_id = 'F31266' order by source")
    assert [row["source"] for row in spoke] == ["reviews", "survey", "tickets"]


def test_12_repeats_edits_and_deletions_are_counted(fernway: Workspace) -> None:
    counts = one(fernway, "from run_counts where source = 'tickets'")
    assert counts["updated"] >= 2  # type: ignore[operator]
    assert counts["repeated"] > 0  # type: ignore[operator]
    assert counts["deleted"] >= 4  # type: ignore[operator]
    assert rows(fernway, "from records where source = 'tickets' and thread_id in ('40287', '40413', '40560', '40931')") == []
    reasons = {str(row["reason"]) for row in rows(fernway, "select distinct reason from rejects where source = 'tickets'")}
    assert reasons >= {"agent", "bot", "internal note"}


def test_employees_words_enter_no_figure_of_customers(fernway: Workspace) -> None:
    assert rows(fernway, "from records where source = 'employees'")
    assert rows(fernway, "from stage_sources where source = 'employees'") == []


def test_check_in_words_are_records_outside_the_indicators(fernway: Workspace) -> None:
    assert one(fernway, "select count(*) as n from records where kind = 'checkins'")["n"] == 200
    assert rows(fernway, "from stage_sources where source = 'checkins'") == []


def test_every_row_of_every_file_is_counted_exactly(fernway: Workspace) -> None:
    """Rows are counted from the files by the standard library, things said by the contract's rules."""
    seen = {str(row["source"]): row["seen"] for row in rows(fernway, "from run_counts")}
    inbox = SAMPLE / "inbox"

    def of_csv(name: str) -> list[dict[str, str]]:
        with (inbox / name).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    survey = sum(any(row[f"{question}_{part}"] for part in ("score", "comment")) for row in of_csv("survey.csv") for question in ("getting", "riding"))
    assert seen["survey"] == survey
    files = {"survey_pay": "survey-pay.csv", "survey_support": "survey-support.csv"}
    files |= {name: f"{name}.csv" for name in ("employees", "customers", "outcomes", "invitations", "checkins")}
    for source, file in files.items():
        assert seen[source] == len(of_csv(file)), source
    sheet = openpyxl.load_workbook(inbox / "reviews.xlsx", read_only=True).worksheets[0]
    assert seen["reviews"] == sum(1 for _ in sheet.iter_rows(min_row=2))
    assert seen["chat"] == pq.read_metadata(inbox / "chat.parquet").num_rows
    tickets = [json.loads(line) for line in (inbox / "tickets.jsonl").read_text(encoding="utf-8").splitlines()]
    bodies = [[comment.get("plain_body") or comment.get("html_body") or comment.get("body") for comment in ticket["comments"]] for ticket in tickets]
    assert seen["tickets"] >= sum(map(len, bodies))
    assert all(row["seen"] == sum(row[name] for name in night.records.OUTCOMES) for row in rows(fernway, "from run_counts"))  # type: ignore[misc]


def test_the_sample_is_small_and_its_texts_are_all_different(fernway: Workspace) -> None:
    assert sum(path.stat().st_size for path in SAMPLE.rglob("*") if path.is_file()) < 5_000_000
    texts = collections.Counter(str(row["text"]).casefold() for row in rows(fernway, "select text from records where text is not null"))
    assert len(texts) >= 1500
    assert [text for text, count in texts.items() if count > 1] == []


def test_every_source_of_the_sample_is_known_to_have_brought_something(fernway: Workspace) -> None:
    assert rows(fernway, "select source from freshness where records = 0 or state <> 'ok'") == []


def test_the_page_is_rendered_at_the_size_asked_for_and_stays_light(fernway: Workspace) -> None:
    rendered = bench.bench_page(fernway, stages=9, periods=6)
    assert (rendered.stages, rendered.periods) == (9, 6)
    assert rendered.pages > 9
    assert 0 < rendered.largest_kb < 500
