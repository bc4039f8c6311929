"""The views to lead by: each says what was planted in the sample company, and what is not known, by its name, where an input is taken away."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bs4
import numpy as np
import pandas as pd
import pytest

from listening import growth, journey, leading, signals, story, tables, warehouse
from listening.journey import Journey
from listening.leading import absences, cast, experience, spoken
from listening.publish import facts, site
from listening.warehouse import Warehouse
from listening.workspace import Mend, Workspace
from tests.conftest import rows

CLOCK = dt.datetime(2026, 6, 30, 22, 59, 59, tzinfo=dt.UTC)
NOW = "period = 'last 90 days'"
Row = dict[str, Any]


# --- words ---------------------------------------------------------------------------------------------------------------


def said(store: Warehouse, text: str) -> None:
    """Let one of our own people say something in the only quarter that there is."""
    for name in ("story/periods", "tagging/tagged_records"):
        store.empty(name)
    store.replace("story/periods", [{"period_kind": "quarter", "period": "2026-Q1", "period_start": dt.date(2026, 1, 1), "period_end": dt.date(2026, 4, 1)}])
    store.replace("tagging/tagged_records", [{"record_id": "r", "role": "employee", "said_on": dt.date(2026, 2, 1), "text": text, "sentiment": 0.0}])


@pytest.mark.parametrize(
    ("name", "text", "is_there"),
    [
        ("price", "It is cheaper elsewhere.", True), ("price", "CHEAP, and it shows", True), ("price", "We were cheerful", False),
        ("achievement", "I achieved what I came for", True), ("achievement", "I never achieved anything with it", False),
        ("pride", "I am not very proud of it", False), ("pride", "Proud of it, not that anybody asked", True),
        ("detachment", "It's NOT my job any more", True), ("waiting", "Still  no answer", True), ("connection", "They remembered me", True),
        ("singular", "I wouldn’t swap it", True),
    ],
)  # fmt: skip
def test_words_are_found_by_list_and_not_after_a_negation(store: Warehouse, tmp_path: Path, name: str, text: str, is_there: bool) -> None:
    said(store, text)
    (found,) = store.rows("leading/speaking_inside", **spoken.read(Workspace(tmp_path)).patterns(name))
    assert (found["hits"], found["denominator"]) == (int(is_there), 1)


def test_a_companys_own_list_takes_the_place_of_one_and_the_others_stay(tmp_path: Path) -> None:
    (tmp_path / "words.yaml").write_text("pride: [chuffed]\n", encoding="utf-8")
    own, shipped = spoken.read(Workspace(tmp_path)), spoken.read(Workspace(tmp_path / "none"))
    assert own.pride == ["chuffed"]
    assert own.price == shipped.price


@pytest.mark.parametrize("content", ["proud: [chuffed]\n", "pride: []\n", "pride: chuffed\n", "- pride\n", "pride: [\n", 'pride: ["  "]\n'])
def test_a_list_that_cannot_be_used_is_said_in_a_sentence(tmp_path: Path, content: str) -> None:
    (tmp_path / "words.yaml").write_text(content, encoding="utf-8")
    with pytest.raises(Mend, match=r"words\.yaml"):
        spoken.read(Workspace(tmp_path))


# --- by hand ---------------------------------------------------------------------------------------------------------------

TWO = Journey.model_validate({"stages": [{"stage": "buy", "name": "Buy"}, {"stage": "pay", "name": "Pay"}]})
QUARTERS = [("2026-Q1", dt.date(2026, 1, 1), dt.date(2026, 4, 1), True), ("2026-Q2", dt.date(2026, 4, 1), dt.date(2026, 7, 1), True)]
GRID = pd.DataFrame(
    [
        {"stage": stage, "period_kind": "quarter", "period": period, "period_start": start, "period_end": end, "is_over": is_over}
        for stage in ("all", "buy", "pay") for period, start, end, is_over in QUARTERS
    ]
)  # fmt: skip


def counted(**columns: Any) -> pd.DataFrame:
    return pd.DataFrame({"period_kind": "quarter", **columns})


def told_of(frame: pd.DataFrame, **same: Any) -> Row:
    found = frame[np.logical_and.reduce([frame[name].eq(value) for name, value in same.items()])]
    assert len(found) == 1
    row: Row = found.iloc[0].to_dict()
    return row


def test_the_companys_share_weighs_stages_by_their_customers() -> None:
    stages = counted(stage=["buy", "pay"], period="2026-Q1", measure="effort_of_customers", value=[0.2, 0.6], low=[0.1, 0.4], high=[0.3, 0.8],
                     n=[2, 6], denominator=[10, 10], customers=[300, 100])  # fmt: skip
    row = told_of(experience.together(stages, "customers"), stage="all")
    assert row["value"] == pytest.approx(0.3)
    assert row["low"] == pytest.approx(0.3 - np.hypot(0.75 * 0.1, 0.25 * 0.2))
    assert row["high"] == pytest.approx(0.3 + np.hypot(0.75 * 0.1, 0.25 * 0.2))


def test_a_change_is_told_only_beyond_noise_and_by_what_is_better() -> None:
    few = counted(stage="all", period=["2026-Q1", "2026-Q2"], hits=[2, 3], denominator=[20, 20])
    many = counted(stage="all", period=["2026-Q1", "2026-Q2"], hits=[200, 300], denominator=[2000, 2000])
    found = pd.concat([experience.of_counts(few, "price_of_feedback"), experience.of_counts(many, "singular_of_feedback"),
                       experience.of_counts(many, "switching_of_feedback")])  # fmt: skip
    told = experience.compared(GRID, found, TWO)
    of = {name: told_of(told, stage="all", period="2026-Q2", measure=f"{name}_of_feedback") for name in ("price", "singular", "switching")}
    assert {name: row["direction"] for name, row in of.items()} == {"price": "no clear change", "singular": "better", "switching": "worse"}
    assert of["switching"]["change"] == pytest.approx(0.05)
    signs = told_of(told, stage="all", period="2026-Q2", measure="signs", part="commoditisation")
    assert (signs["n"], signs["denominator"]) == (1, 3)
    assert "Speak of others or of switching" in signs["text"]


def test_shares_that_were_made_differently_are_not_compared() -> None:
    counts = counted(stage="buy", period=["2026-Q1", "2026-Q2"], laborious=[40, 80], easy=[60, 20], worded=100, memorable_good=5)
    read = counted(
        stage="buy", period=["2026-Q2"], measure="effort_of_feedback", value=0.5, low=0.4, high=0.6, n=80, denominator=100, method="corrected by labels"
    )
    told = experience.compared(GRID, experience.of_feedback(counts, read), TWO)
    now = told_of(told, stage="buy", period="2026-Q2", measure="effort_of_feedback")
    assert (now["value"], now["direction"]) == (0.5, None)
    as_read = experience.compared(GRID, experience.of_feedback(counts, read.iloc[:0]), TWO)
    assert told_of(as_read, stage="buy", period="2026-Q2", measure="effort_of_feedback")["direction"] == "worse"


def test_fewer_than_five_of_our_own_people_are_never_told_of() -> None:
    said = counted(stage="all", period=["2026-Q1", "2026-Q2"], hits=[4, 5], denominator=[4, 5])
    told = experience.compared(GRID, experience.of_counts(said, "pride_of_employees"), TWO)
    few, enough = (told_of(told, stage="all", period=period, measure="pride_of_employees") for period in ("2026-Q1", "2026-Q2"))
    assert enough["value"] == 1
    assert all(pd.isna(few[name]) for name in ("value", "low", "high", "n", "denominator"))
    assert "not known" in few["text"]
    assert "4" not in few["text"]
    spoke = counted(stage="all", period=["2026-Q1", "2026-Q2"], cut_by="role", cut_value="employee", people=[4, 5], n=[9, 9], trouble=9, great=0)
    by_role = cast.told(GRID, spoke, pd.DataFrame(columns=["period_kind", "period", "cut_by", "cut_value", "name"]), TWO)
    few, enough = (told_of(by_role, stage="all", period=period, cut_value="employee") for period in ("2026-Q1", "2026-Q2"))
    assert (enough["people"], enough["trouble_share"]) == (5, 1)
    assert all(pd.isna(few[name]) for name in ("people", "n", "trouble_share", "great_share"))
    assert "9" not in few["text"]


def test_who_used_to_speak_is_counted_where_they_said_nothing() -> None:
    speakers = counted(period="2026-Q2", customer_id=list("abcdef"), days=2, last_on=dt.date(2026, 3, 1), stage="buy", said=[0, 0, 0, 1, 2, 0], value=1.0)
    none = pd.DataFrame(columns=["stage", "period_kind", "period", "hits", "denominator"])
    there = counted(stage=["buy"], period="2026-Q2", failed=[4], failed_silent=[4], passed=[100], passed_silent=[90])
    places = pd.DataFrame(columns=["stage", "period_kind", "period", "touchpoint", "owner", "priority", "survey_answers", "customers"])
    told = absences.told(GRID, there, speakers, none, places, TWO)
    away = told_of(told, stage="all", period="2026-Q2", finding="fell away")
    assert (away["n"], away["denominator"]) == (4, 6)
    assert told_of(told, stage="buy", period="2026-Q2", finding="kept and unnoticed")["value"] == 0.9
    assert "only 4 of them" in told_of(told, stage="buy", period="2026-Q2", finding="failed and silent")["text"]
    assert "not known" in told_of(told, stage="all", period="2026-Q1", finding="fell away")["text"]


# --- what was planted in the sample company ---------------------------------------------------------------------------------


def one(place: Workspace, query: str) -> Row:
    (row,) = rows(place, query)
    return row


def test_support_saves_least_time_and_riding_is_time_best_spent(fernway: Workspace) -> None:
    """Planted 4 and 5: support is felt as broken; the bikes themselves are loved."""
    told = {(str(row["stage"]), str(row["measure"])): row for row in rows(fernway, f"from experience where {NOW} and measure like 'time%'")}
    saved = {stage: row["value"] for (stage, measure), row in told.items() if measure == "time_saved" and row["value"] is not None}
    spent = {stage: row["value"] for (stage, measure), row in told.items() if measure == "time_well_spent" and row["value"] is not None}
    assert min(saved, key=lambda stage: saved[stage]) == "support"
    assert max(spent, key=lambda stage: spent[stage]) == "use"
    assert told["support", "time_saved"]["high"] < told["use", "time_saved"]["low"]
    assert "not known" in str(told["discover", "time_saved"]["text"])  # planted 3


def test_time_promised_is_kept_less_and_less_where_delivery_broke(fernway: Workspace) -> None:
    """Planted 1."""
    late = rows(fernway, "from experience where measure = 'late_promises' and stage = 'onboard' and period_kind = 'quarter' order by period")
    assert [row["direction"] for row in late[-2:]] == ["worse", "worse"]


def test_our_own_people_stop_caring_and_nothing_else_is_called_a_risk(fernway: Workspace) -> None:
    """Planted 13."""
    signs = {str(row["part"]): row for row in rows(fernway, f"from experience where {NOW} and stage = 'all' and measure = 'signs'")}
    assert {part: row["n"] for part, row in signs.items()} == {"commoditisation": 0, "irrelevance": 0, "indifference": 2}
    pride = one(fernway, f"from experience where {NOW} and measure = 'pride_of_employees'")
    assert (pride["n"], pride["denominator"], pride["direction"]) == (1, 24, "worse")
    by_stage = rows(fernway, "from experience where part = 'indifference' and stage <> 'all'")
    assert by_stage == []


def test_our_own_people_have_an_account_of_their_own(fernway: Workspace) -> None:
    now = one(fernway, f"from whole_cast where {NOW} and cut_value = 'employee'")
    assert now["people"] == 24
    assert now["direction"] == "worse"
    units = one(fernway, "select count(*) as n from units where said_on >= '2026-04-02'")
    buyers = one(fernway, f"select sum(n) as n from whole_cast where {NOW} and stage = 'all' and cut_value = 'buyer'")
    assert buyers["n"] <= units["n"]
    missing = {str(row["cut_value"]) for row in rows(fernway, f"from whole_cast where {NOW} and cut_by = 'role' and people is null and stage = 'all'")}
    assert missing == {"user", "sponsor", "community", "supplier"}


def test_segments_have_an_account_where_the_customer_is_known(fernway: Workspace) -> None:
    told = rows(fernway, f"from whole_cast where {NOW} and cut_by = 'segment' and stage = 'all' and people is not null")
    assert len(told) >= 3
    assert all(row["trouble_low"] <= row["trouble_share"] <= row["trouble_high"] for row in told)  # type: ignore[operator]


def test_silence_after_a_failure_is_what_coverage_counts(fernway: Workspace) -> None:
    """Planted 6 and 10; one number, two tables."""
    both = rows(
        fernway,
        "select coverage.stage, failed_silent, failed_heard, n, denominator from coverage inner join did_not_happen using (stage, period_kind, period) "
        "where source = 'all' and finding = 'failed and silent' and did_not_happen.value is not null",
    )
    assert len(both) > 20
    assert all((row["failed_silent"], row["failed_silent"] + row["failed_heard"]) == (row["n"], row["denominator"]) for row in both)  # type: ignore[operator]
    renewing = one(fernway, f"from did_not_happen where {NOW} and stage = 'renew' and finding = 'failed and silent'")
    assert renewing["value"] > 0.95


def test_promises_kept_and_priority_places_that_nobody_names_are_told(fernway: Workspace) -> None:
    kept = one(fernway, f"from did_not_happen where {NOW} and stage = 'all' and finding = 'kept and unnoticed'")
    assert 0.9 < kept["value"] <= 1
    unnamed = {str(row["touchpoint"]) for row in rows(fernway, f"from did_not_happen where {NOW} and touchpoint is not null")}
    assert "test_ride" in unnamed
    assert rows(fernway, f"from touchpoint_story semi join did_not_happen using (touchpoint, period) where {NOW} and units > 0") == []


def test_who_fell_away_is_listed_and_has_said_nothing_since(fernway: Workspace) -> None:
    listed = rows(fernway, "from fell_away")
    told = one(fernway, f"from did_not_happen where {NOW} and finding = 'fell away'")
    assert len(listed) == told["n"]
    assert rows(fernway, "from units semi join fell_away using (customer_id) where said_on >= '2026-04-02'") == []


def test_money_goes_before_the_purchase_and_not_where_the_company_sees_itself(fernway: Workspace) -> None:
    """Planted 3 and 14."""
    money = {str(row["moment"]): row["share_spent"] for row in rows(fernway, "from investment_moments where period = '2026-Q2'")}
    assert money["before"] > 0.3 > 0.05 > money["between"]  # type: ignore[operator]
    declared = one(fernway, "from purpose_grid where is_declared")
    assert (declared["valued_no"], declared["invests_no"], str(declared["declared_on"])) == (3, 3, "2026-01-15")


SENTENCES = {
    "maturity": ("text", "lift", "hint"), "maturity_measures": ("text",), "delivery_gap": ("text",), "investment_balance": ("text",),
    "investment_moments": ("text",), "purpose_grid": ("text",), "experience": ("text",), "whole_cast": ("text",), "did_not_happen": ("text",),
    "actions": ("text",), "accountability": ("text",),
}  # fmt: skip
SLIPS = {
    "a percent sign of its own": r"\d ?%", "a hyphen for a minus": r"(?<!\w)[-+]\d[\d,.]* ?%|(?<!\w)-\d", "a date as machines write it": r"\d{4}-\d\d-\d\d",
    "thousands that run together": r"(?<![\d.])\d{5,}", "one of many": r"(?<![\d,.])1 (?:points|customers|answers|pieces|people|words|measures|actions)\b",
    "many of one": r"(?<![\d,.])(?!1 )[\d,]+ (?:point|customer|answer|piece|person|word|measure|action)\b", "stops in a row": r"[.,:;]\s*[.,:;]",
    "a lower-case beginning": r"^[a-z]", "what nobody says": r"\b(?:None|nan|null)\b", "an end without a stop": r"[^.]$",
}  # fmt: skip


@pytest.mark.parametrize("table", SENTENCES)
def test_every_sentence_is_written_as_all_others_are(fernway: Workspace, table: str) -> None:
    told = {str(row[column]) for column in SENTENCES[table] for row in rows(fernway, f"from {table}") if row[column] is not None}
    assert told
    assert [(slip, text) for slip, found in SLIPS.items() for text in told if re.search(found, text)] == []


# --- what is taken away -------------------------------------------------------------------------------------------------------


@dataclasses.dataclass
class Company:
    """The sample company's store, from which inputs are taken away."""

    place: Workspace
    store: Warehouse
    stages: Journey

    def take(self, *names: str) -> None:
        for name in names:
            self.store.replace(name, [])

    def tell(self, *stations: str) -> None:
        settings = self.place.settings().company
        if "story" in stations:
            story.tell(self.store, self.stages, settings, CLOCK)
        if "growth" in stations:
            growth.tell(self.place, self.store, self.stages, settings, CLOCK)
        assert leading.tell(self.place, self.store, self.stages, settings, CLOCK) == []

    def texts(self, name: str, **same: str) -> list[str]:
        told = self.store.select(f"leading/{name}", ["text"], **same).to_pylist()
        return [str(row["text"]) for row in told]


@pytest.fixture
def company(fernway: Workspace, tmp_path: Path) -> Iterator[Company]:
    place = Workspace(tmp_path / "bare")
    place.root.mkdir()
    for name in ("listening.toml", "journey.yaml", "purpose.yaml", "warehouse.duckdb", ".warehouse.duckdb.commits"):
        shutil.copyfile(fernway.root / name, place.root / name)
    with warehouse.opened(place.warehouse) as store:
        assert store.notes == []
        yield Company(place, store, journey.read(place.journey))


def no_checkins(bare: Company) -> None:
    bare.take("records/checkins")
    bare.tell("story")
    assert all("not known" in text and "kind checkins" in text for text in bare.texts("experience", measure="time_saved"))
    assert all("how many do is not known" in text and "check-ins" in text for text in bare.texts("delivery_gap", period="last 90 days", role="leader"))
    assert all("is not yet placed" in text for text in bare.texts("maturity", period="last 90 days", maturity_level="not yet placed"))
    assert all("that takes random check-ins" in text for text in bare.texts("investment_balance"))


def no_operations(bare: Company) -> None:
    bare.take("records/operations")
    bare.tell("story", "growth")
    for finding in ("failed and silent", "kept and unnoticed"):
        assert all("not known" in text and "kind operations" in text for text in bare.texts("did_not_happen", finding=finding))
    assert all("kind operations" in text for text in bare.texts("experience", measure="late_promises"))
    assert all("not known" in text for text in bare.texts("experience", measure="time_saved", stage="all"))
    assert all("whether it worked is not known" in text for text in bare.texts("actions"))


def no_customers(bare: Company) -> None:
    bare.take("records/customers")
    bare.tell("growth")
    assert all("not known" in text and "kind customers" in text for text in bare.texts("experience", measure="quiet_customers"))
    assert all(not text.startswith("Segment") for text in bare.texts("whole_cast", stage="all"))


def no_outcomes(bare: Company) -> None:
    bare.take("records/outcomes", "records/customers")
    bare.tell("growth")
    known = bare.store.select("leading/investment_balance", ["share_value"]).to_pylist()
    assert all(row["share_value"] is None for row in known)
    assert all("value at stake" not in text for text in bare.texts("investment_balance"))


def no_employees(bare: Company) -> None:
    gone = bare.store.select("tagging/tagged_records", ["record_id"], role="employee")
    assert gone.num_rows == 74
    bare.store.delete("tagging/tagged_records", gone)
    bare.tell()
    for name in ("pride", "difference", "detachment"):
        assert all("not known" in text and "kind employee" in text for text in bare.texts("experience", measure=f"{name}_of_employees"))
    (signs,) = bare.texts("experience", part="indifference", measure="signs", period="last 90 days")
    assert "not known" in signs
    assert "kind employee" in signs
    assert all("a source of kind employee brings them" in text for text in bare.texts("whole_cast", cut_value="employee"))


def no_beliefs(bare: Company) -> None:
    bare.take("records/internal_ratings")
    bare.tell()
    told = bare.texts("delivery_gap", period="last 90 days")
    assert len(told) == 8
    assert all("not known" in text and "kind internal_ratings" in text for text in told)


def no_investment(bare: Company) -> None:
    bare.take("records/investment")
    bare.tell()
    assert all("What is spent on it is not known (kind investment)" in text for text in bare.texts("investment_balance"))
    assert all("What share of the money goes there is not known" in text for text in bare.texts("purpose_grid"))


def no_actions(bare: Company) -> None:
    bare.take("records/actions")
    bare.tell()
    assert bare.texts("actions") == []
    (caused,) = bare.texts("accountability", finding="actions caused by customers")
    assert "not known: no action is known" in caused


def no_invitations(bare: Company) -> None:
    bare.take("records/invitations")
    bare.tell()
    assert all("not known" in text and "kind invitations" in text for text in bare.texts("did_not_happen", finding="answers no more"))


def no_owners(bare: Company) -> None:
    plain = [dataclass_like(stage.model_dump()) for stage in bare.stages.stages]
    bare.stages = Journey.model_validate({**bare.stages.model_dump(), "stages": plain})
    bare.tell()
    told = bare.texts("accountability", finding="unowned stage")
    assert len(told) == 8
    assert all(text.startswith("Nobody answers for ") for text in told)


def dataclass_like(stage: Row) -> Row:
    return {**stage, "owner": None, "touchpoints": [{**point, "owner": None} for point in stage["touchpoints"]]}


TAKEN = [no_checkins, no_operations, no_customers, no_outcomes, no_employees, no_beliefs, no_investment, no_actions, no_invitations, no_owners]


@pytest.mark.parametrize("taken", TAKEN, ids=lambda taken: taken.__name__)
def test_without_an_input_each_view_says_what_is_not_known_and_names_it(company: Company, taken: Callable[[Company], None]) -> None:
    taken(company)
    for name in ("experience", "did_not_happen"):
        told = company.store.whole(f"leading/{name}")
        unknown = told[told["value"].isna() & (told["finding"].ne("touchpoint without feedback") if "finding" in told else True)]
        assert unknown["text"].str.contains("not known").all()


def test_before_anything_has_come_nothing_breaks_and_nothing_is_told(store: Warehouse, tmp_path: Path) -> None:
    place = Workspace(tmp_path)
    place.configuration.write_text('[company]\nname = "Tester"\ntimezone = "Europe/London"\n', encoding="utf-8")
    settings = place.settings().company
    signals.count(store, CLOCK)
    story.tell(store, TWO, settings, CLOCK)
    growth.tell(place, store, TWO, settings, CLOCK)
    assert leading.tell(place, store, TWO, settings, CLOCK) == []
    assert all(len(store.whole(f"leading/{name}")) == 0 for name in ("experience", "whole_cast", "did_not_happen", "fell_away", "maturity"))


def test_with_nothing_but_feedback_every_page_is_written_and_says_what_is_missing(company: Company, tmp_path: Path) -> None:
    company.take(
        *(f"records/{kind}" for kind in ("checkins", "operations", "customers", "outcomes", "internal_ratings", "investment", "actions", "invitations"))
    )
    company.tell("story", "growth")
    database = tmp_path / "listening.duckdb"
    company.store.publish(database, tables.tables("publish"), clock=CLOCK, today=CLOCK.date(), timezone="Europe/London")
    with warehouse.reading(database) as published:
        run_id = published.rows("publish/facts/nights")[0]["run_id"]
        told = facts.gather(published, company.place.settings().company, str(run_id))
    site.write(tmp_path / "site", told)
    month, invest = (bs4.BeautifulSoup((tmp_path / "site" / name).read_text(encoding="utf-8"), "html.parser") for name in ("month.html", "invest.html"))
    assert {tag["data-test-unknown"] for tag in month.find_all(attrs={"data-test-unknown": True})} >= {"growth", "belief", "actions"}
    assert {tag["data-test-unknown"] for tag in invest.find_all(attrs={"data-test-unknown": True})} == {"balance"}
    missing = " ".join(tag.get_text(" ") for tag in month.find_all(attrs={"data-test-not-known": True}))
    for kind in ("checkins", "operations", "customers", "internal_ratings", "investment", "actions", "invitations"):
        assert kind in missing, kind
