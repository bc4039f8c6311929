"""Since yesterday: what is news, what only trembles, and what a repeated, missed or backward night makes of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from listening import warehouse
from listening.publish import since
from listening.workspace import Company, Workspace
from tests.conftest import drop, rows, run

COMPANY = Company(name="Fernway", timezone="Europe/London", currency="GBP")
MONDAY = dt.date(2026, 6, 1)
TABLES = """
create table journey (stage_no bigint, stage varchar, name varchar, owner varchar);
insert into journey values (1, 'buy', 'Choose and order', 'Ada'), (2, 'pay', 'Pay', 'Ben');
create table stage_story (stage varchar, period_kind varchar, period varchar, cut_by varchar, cut_value varchar, evidence_level varchar, direction varchar,
    net_experience double, net_low double, net_high double, change double, change_low double, change_high double);
create table stage_measures (stage varchar, period_kind varchar, period varchar, cut_by varchar, cut_value varchar, measure varchar, value double,
    low double, high double);
create table themes (theme varchar, stage varchar, name varchar, kind varchar, opened_on date, closed_on date);
create table freshness (source varchar, kind varchar, records bigint, last_said_on date, days_silent bigint);
create table customers (customer_id varchar, valid_from date, left_at date, value double);
create table outcomes (customer_id varchar, outcome varchar);
create table actions (action_id varchar, what varchar, stage varchar, owner varchar, due_on date, state varchar);
"""
WARNINGS = """
create table warnings (warning_id varchar, stage varchar, theme varchar, measure varchar, source varchar, opened_on date, closed_on date, owner varchar,
    cut_by varchar, cut_value varchar, observed double, expected double, observed_days bigint, customers bigint, value double, text varchar);
"""


class Nights:
    """A company's nights, one after the other, each a published file of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.nights, self.last = folder, 0, None

    def night(self, day: dt.date, *statements: str, reading: str = "c1", is_replay: bool = False) -> dict[tuple[str, str], str]:
        """The sentences of a night on which the tables hold these rows, by kind and subject."""
        self.nights += 1
        path = self.folder / f"{self.nights}.duckdb"
        with duckdb.connect(str(path)) as connection:
            connection.execute(TABLES)
            for statement in statements:
                connection.execute(statement)
        told = {"run_id": f"run-{self.nights}", "classifier_version": reading, "journey_version": "j1"}
        with warehouse.reading(path) as published:
            compared = since.compare(published, self.last, told, COMPANY, day, is_replay)
        folder = self.folder / f"run-{self.nights}"
        folder.mkdir()
        since.write(folder, compared.kept)
        self.last = since.read(folder)
        self.rows = compared.news
        return {(row["kind"], row["subject"]): row["sentence"] for row in compared.news}


@pytest.fixture
def company(tmp_path: Path) -> Nights:
    return Nights(tmp_path)


def after(days: int) -> dt.date:
    return MONDAY + dt.timedelta(days=days)


def stage(direction: str | None = "no clear change", change: tuple[float, float, float] = (0, -10, 10), level: str = "direction") -> str:
    told = "null" if direction is None else f"'{direction}'"
    return (
        f"insert into stage_story values ('pay', 'rolling', 'last 90 days', 'all', 'all', '{level}', {told}, null, null, null, null, null, null); "
        f"insert into stage_measures values ('pay', 'rolling', 'last 90 days', 'all', 'all', 'net_change_of_feedback', {change[0]}, {change[1]}, {change[2]})"
    )


def estimate(net: float, half: float = 8, level: str = "estimate") -> str:
    figures = f"{net}, {net - half}, {net + half}" if level == "estimate" else "null, null, null"
    return f"insert into stage_story values ('pay', 'rolling', 'last 90 days', 'all', 'all', '{level}', 'no clear change', {figures}, 0, -9, 9)"


def warned(closed: str = "null", opened: str = "2026-06-02", identity: str = "w1") -> str:
    return (
        f"insert into warnings values ('{identity}', 'pay', 'pay-2', null, 'tickets', '{opened}', {closed}, 'Ben', 'region', 'North', 41, 19, 7, 120, 14000, "
        "'“They charged me twice”, says Jane Smith.')"
    )


def test_the_first_night_has_nothing_to_compare_with(company: Nights) -> None:
    assert list(company.night(MONDAY, stage("worse", (-20, -30, -10)))) == [("first", "all")]
    assert company.rows[0]["compared_on"] is None


def test_a_night_without_news_says_so_and_since_when(company: Nights) -> None:
    company.night(MONDAY, stage())
    told = company.night(after(3), stage())
    assert told[("nothing", "all")].startswith("Nothing new since 1\u00a0Jun\u00a02026")
    assert (company.rows[0]["compared_on"], company.rows[0]["compared_with"]) == (MONDAY, "run-1")


def test_a_stage_that_turns_is_told_with_its_change_once(company: Nights) -> None:
    company.night(MONDAY, stage())
    told = company.night(after(1), stage("worse", (-20, -30, -10)))
    assert told == {("worse", "pay"): "Pay: customers now live it worse than in the 90 days before (−20 points (−30 to −10))."}
    assert list(company.night(after(2), stage("worse", (-21, -31, -11)))) == [("nothing", "all")]


def test_a_direction_that_was_told_is_taken_back_only_when_little_of_it_is_left(company: Nights) -> None:
    company.night(MONDAY, stage())
    company.night(after(1), stage("worse", (-11, -21, -1)))
    assert list(company.night(after(2), stage("no clear change", (-9, -19, 1)))) == [("nothing", "all")]
    assert list(company.night(after(3), stage("worse", (-11, -21, -1)))) == [("nothing", "all")]
    assert list(company.night(after(4), stage("no clear change", (-4, -14, 6)))) == [("steady", "pay")]


def test_a_change_that_trembles_around_its_threshold_is_told_once(company: Nights) -> None:
    company.night(MONDAY, stage())
    kinds = [
        kind
        for day, move in enumerate((-9, -11, -9.5, -10.5, -6, -12, -8, -10.1), 1)
        for kind, _ in company.night(after(day), stage("worse" if move < -10 else "no clear change", (move, move - 10, move + 10)))
    ]
    assert kinds == ["nothing", "worse", *["nothing"] * 6]


def test_an_estimate_is_news_when_it_leaves_the_interval_that_was_last_told_also_by_small_steps(company: Nights) -> None:
    company.night(MONDAY, estimate(0))
    told = [company.night(after(day), estimate(-3 * day)) for day in range(1, 4)]
    assert [list(each) for each in told] == [[("nothing", "all")], [("nothing", "all")], [("fell", "pay")]]
    assert told[2][("fell", "pay")] == "Pay: net experience of all customers fell to −9 (−17 to −1) from 0 (−8 to +8) on 1\u00a0Jun\u00a02026."
    assert list(company.night(after(4), estimate(-12))) == [("nothing", "all")]
    assert list(company.night(after(5), estimate(3))) == [("rose", "pay")]


def test_how_much_can_be_told_of_a_stage_is_news_once_a_week_at_most(company: Nights) -> None:
    company.night(MONDAY, estimate(0))
    assert list(company.night(after(1), estimate(0, level="direction"))) == [("evidence", "pay")]
    flutter = [list(company.night(after(day), estimate(0, level=("direction", "estimate")[day % 2]))) for day in range(2, 8)]
    assert flutter == [[("nothing", "all")]] * 6
    assert list(company.night(after(9), estimate(0))) == [("evidence", "pay")]


def test_feedback_that_is_read_anew_is_said_and_moves_no_stage(company: Nights) -> None:
    company.night(MONDAY, stage())
    assert list(company.night(after(1), stage("worse", (-20, -30, -10)), reading="c2")) == [("read anew", "all")]
    assert list(company.night(after(2), stage("worse", (-20, -30, -10)), reading="c2")) == [("nothing", "all")]


def test_a_warning_opens_and_closes_in_figures_and_never_in_its_own_words(company: Nights) -> None:
    theme = "insert into themes values ('pay-2', 'pay', 'Double charge', 'found', '2026-05-01', null)"
    company.night(MONDAY, WARNINGS, theme)
    told = company.night(after(1), WARNINGS, theme, warned())
    assert told == {
        ("opened", "w1"): "Pay: warning of “Double charge” in tickets at North (region) since 2\u00a0Jun\u00a02026: 41 in 7 days, expected 19. "
        "Exposed: 120 customers and 14,000 GBP a year. Owner: Ben."
    }
    assert list(company.night(after(2), WARNINGS, theme, warned())) == [("nothing", "all")]
    assert list(company.night(after(9), WARNINGS, theme, warned("'2026-06-09'"))) == [("closed", "w1")]
    assert list(company.night(after(10), WARNINGS, theme, warned("'2026-06-09'"))) == [("nothing", "all")]


def test_a_history_of_warnings_that_comes_at_once_is_no_news_but_todays_is(company: Nights) -> None:
    company.night(MONDAY)
    old = [warned("'2026-03-01'", "2026-02-01", "w1"), warned("null", "2026-05-01", "w2"), warned("null", "2026-06-02", "w3")]
    assert list(company.night(after(1), WARNINGS, *old)) == [("opened", "w3")]


def test_silence_new_themes_and_customers_lost_are_news(company: Nights) -> None:
    def freshness(days: int) -> str:
        return f"insert into freshness values ('reviews', 'review', 5, '2026-05-01', {days}), ('bills', 'ticket', 5, '2026-06-01', 1)"

    customers = "insert into customers values ('C1', '2026-01-01', '2026-05-30', 100), ('C2', '2026-01-01', null, 250), ('C3', '2026-01-01', null, null)"
    company.night(MONDAY, freshness(30), customers)
    told = company.night(
        after(1), freshness(31), customers, "insert into outcomes values ('C2', 'left'), ('C3', 'left'), ('C1', 'left')",
        "insert into themes values ('pay-3', 'pay', 'Late refund', 'found', '2026-06-02', null), ('invoice', 'pay', 'Invoice', 'touchpoint', null, null)",
    )  # fmt: skip
    assert told == {
        ("lost", "customers"): "2 more customers are known to have left, worth 250 GBP a year.",
        ("silent", "reviews"): "reviews fell silent: it has brought nothing for 31 days, last on 1\u00a0May\u00a02026.",
        ("theme", "pay-3"): "Pay: a new theme came up, “Late refund”.",
    }
    assert [row["rank"] for row in company.rows] == [1, 2, 3]
    assert list(company.night(after(2), freshness(0))) == [("heard", "reviews")]


def test_a_night_run_again_on_the_same_day_tells_the_days_news_again_and_loses_none(company: Nights) -> None:
    company.night(MONDAY, stage())
    first = company.night(after(1), stage("worse", (-20, -30, -10)))
    again = company.night(after(1), stage("worse", (-20, -30, -10)), "insert into themes values ('pay-3', 'pay', 'Late refund', 'found', '2026-06-02', null)")
    assert again.items() > first.items()
    assert ("theme", "pay-3") in again
    assert list(company.night(after(2), stage("worse", (-20, -30, -10)))) == [("nothing", "all")]


def test_a_replay_of_an_earlier_day_is_nothing_to_compare_with(company: Nights) -> None:
    company.night(MONDAY, stage())
    assert list(company.night(after(-30), stage("worse", (-20, -30, -10)), is_replay=True)) == [("first", "all")]
    assert list(company.night(after(1), stage())) == [("nothing", "all")]
    assert company.rows[0]["compared_with"] == "run-1"


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"now": {}}', '{"now": 3}', "\x00"])
def test_what_a_run_kept_may_be_damaged_or_of_an_older_program(tmp_path: Path, content: str) -> None:
    (tmp_path / since.FILE).write_text(content, encoding="utf-8")
    assert since.read(tmp_path) is None


SURVEY = '[sources.survey]\nconnector = "files"\nkind = "survey"\npath = "inbox/survey*.csv"\nscore_scale = [0, 10]\n'
ANSWERS = "id,date,comment,score\n1,2026-05-01,The parcel arrived three days late and nobody told me.,2\n2,2026-05-02,Lovely courier!,10\n"


@pytest.fixture
def place(make_workspace: Callable[..., Workspace]) -> Workspace:
    return make_workspace(SURVEY, {"survey.csv": ANSWERS})


def kinds(place: Workspace) -> list[Any]:
    return [row["kind"] for row in rows(place, 'select kind from since_yesterday order by "rank"')]


def test_nights_over_a_workspace_tell_the_first_the_quiet_the_silent_and_the_heard_again(place: Workspace) -> None:
    told = []
    for day in ("2026-05-30", "2026-05-31", "2026-06-03", "2026-06-03"):
        run(place, as_of=day)
        told.append(kinds(place))
    assert_page_and_markdown_begin_with_it(place)
    run(place, as_of="2026-06-04")
    assert [*told, kinds(place)] == [["first"], ["nothing"], ["silent"], ["silent"], ["nothing"]]
    drop(place, "survey2.csv", "id,date,comment,score\n3,2026-06-04,Delivery on the day they said.,9\n")
    run(place, as_of="2026-06-05")
    assert kinds(place) == ["heard"]


def assert_page_and_markdown_begin_with_it(place: Workspace) -> None:
    page = (place.published / "site" / "index.html").read_text(encoding="utf-8")
    markdown = (place.published / "stories.md").read_text(encoding="utf-8")
    assert page.index('<h2 id="since">Since 31\u00a0May\u00a02026</h2>') < page.index("survey fell silent") < page.index("The journey at a glance")
    assert markdown.index("## Since 31 May 2026") < markdown.index("survey fell silent") < markdown.index("## The journey at a glance")


def test_an_action_comes_due_once_with_its_owner_unless_it_is_closed(company: Nights) -> None:
    def actions(state: str) -> str:
        return (
            "insert into actions values ('a1', 'Answer within a day', 'pay', null, '2026-06-03', 'open'), "
            f"('a2', 'Drop the form', null, null, '2026-06-03', 'open'), ('a3', 'Call back', 'pay', 'Cleo', '2026-06-02', '{state}'), "
            "('a4', 'Mend the bill', 'pay', 'Ben', '2026-05-20', 'overdue')"
        )

    company.night(MONDAY, actions("closed"))
    assert list(company.night(after(1), actions("closed"))) == [("nothing", "all")]
    told = company.night(after(2), actions("closed"))
    assert told == {
        ("due", "a1"): "Pay: “Answer within a day” came due on 3\u00a0Jun\u00a02026 and is not closed. Owner: Ben.",
        ("due", "a2"): "All stages: “Drop the form” came due on 3\u00a0Jun\u00a02026 and is not closed. Nobody owns it.",
    }
    assert list(company.night(after(3), actions("closed"))) == [("nothing", "all")]
    assert list(company.night(after(4), actions("open"))) == [("nothing", "all")]
