"""When something was said: zones, mere dates, the order of day and month, defaults, the future."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_records import REVIEWS, Nights, counts, nights, said

from listening.records import times
from listening.records.times import Unreadable

__all__ = ["nights"]
LONDON, BERLIN, CAIRO, NEW_YORK = (ZoneInfo(name) for name in ("Europe/London", "Europe/Berlin", "Africa/Cairo", "America/New_York"))
UTC = dt.UTC


@pytest.mark.parametrize(
    ("cell", "moment"),
    [
        ("2025-07-01T10:00:00Z", dt.datetime(2025, 7, 1, 10, tzinfo=UTC)),
        ("2025-07-01T10:00:00+02:00", dt.datetime(2025, 7, 1, 8, tzinfo=UTC)),
        ("2025-07-01 10:00:00 -0500", dt.datetime(2025, 7, 1, 15, tzinfo=UTC)),
        ("2025-07-01 10:00:00 UTC", dt.datetime(2025, 7, 1, 10, tzinfo=UTC)),
        ("2025-07-01T10:00:00.123456789Z", dt.datetime(2025, 7, 1, 10, 0, 0, 123456, tzinfo=UTC)),
        ("2025-07-01 10:00", dt.datetime(2025, 7, 1, 9, tzinfo=UTC)),  # summer in London
        ("2025-01-01 10:00 PM", dt.datetime(2025, 1, 1, 22, tzinfo=UTC)),
        ("20250131T101500Z", dt.datetime(2025, 1, 31, 10, 15, tzinfo=UTC)),
        ("Mon, 06 Jan 2025 10:00:00 +0100", dt.datetime(2025, 1, 6, 9, tzinfo=UTC)),
        ("Jan 5, 2025, 3:45 PM", dt.datetime(2025, 1, 5, 15, 45, tzinfo=UTC)),
        (1736157600, dt.datetime(2025, 1, 6, 10, tzinfo=UTC)),
        ("1736157600000", dt.datetime(2025, 1, 6, 10, tzinfo=UTC)),
        (1736157600000.0, dt.datetime(2025, 1, 6, 10, tzinfo=UTC)),
        ({"$date": "2025-01-06T10:00:00Z"}, dt.datetime(2025, 1, 6, 10, tzinfo=UTC)),
    ],
)
def test_times_are_read_as_systems_write_them(cell: object, moment: dt.datetime) -> None:
    assert times.read(cell, LONDON, None) == (moment, False)


@pytest.mark.parametrize("cell", ["2025-01-31", "20250131", "31/01/2025", "31.1.25", "31-Jan-2025", "January 31st, 2025", "Friday, January 31, 2025"])
def test_a_mere_date_begins_at_its_local_midnight(cell: str) -> None:
    assert times.read(cell, BERLIN, None) == (dt.datetime(2025, 1, 30, 23, tzinfo=UTC), True)


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("soon", "date cannot be read"),
        ("45292", "date cannot be read"),
        ("2025-02-30", "date does not exist"),
        ("03/04/2025", "order of day and month is not known"),
        ("2025-01-01 25:00", "time of day does not exist"),
        ("2025-01-01T10:00:00+25:00", "time of day does not exist"),
        ("01.01.1970", "date is before 1990"),
        ("0001-01-01", "date is before 1990"),
        (["2025-01-01"], "date cannot be read"),
        (True, "date cannot be read"),
    ],
)
def test_what_is_no_time_gives_a_short_reason_without_the_cell(cell: object, reason: str) -> None:
    with pytest.raises(Unreadable, match=f"^{reason}$"):
        times.read(cell, LONDON, None)


def test_a_time_at_the_end_of_all_years_does_not_stop_the_night() -> None:
    with pytest.raises(Unreadable):
        times.read("9999-12-31 23:59", NEW_YORK, None)


@given(st.text() | st.integers() | st.floats())
def test_any_cell_is_a_time_or_unreadable(cell: object) -> None:
    try:
        moment, _ = times.read(cell, LONDON, None)
        assert moment.tzinfo is UTC
    except Unreadable:
        pass


@given(
    st.dates(dt.date(1990, 1, 2), dt.date(2090, 1, 1)), st.sampled_from(["Europe/London", "Africa/Cairo", "America/Sao_Paulo", "Pacific/Apia", "Asia/Beirut"])
)
def test_a_date_is_that_local_date_even_where_the_clocks_skip_midnight(day: dt.date, zone: str) -> None:
    if (zone, day) == ("Pacific/Apia", dt.date(2011, 12, 30)):
        return  # a day that Samoa did not have
    moment, is_date = times.read(day.isoformat(), ZoneInfo(zone), None)
    assert is_date
    assert times.local_date(moment, ZoneInfo(zone)) == day
    assert times.local_date(times.midnight(day, ZoneInfo(zone)), ZoneInfo(zone)) == day


@given(st.lists(st.dates(dt.date(2001, 1, 1), dt.date(2030, 1, 1)), min_size=1), st.booleans())
def test_the_order_of_day_and_month_is_found_or_left_open_and_never_wrong(days: list[dt.date], is_day_first: bool) -> None:
    order = times.order_of_days([day.strftime("%d/%m/%Y" if is_day_first else "%m/%d/%Y") for day in days])
    assert order.is_day_first in (is_day_first, None)
    assert (order.is_day_first is None) == all(day.day <= 12 for day in days)


# over a whole night


def test_a_naive_time_is_in_the_zone_of_its_source_and_counts_on_the_companys_day(nights: Nights) -> None:
    nights.configure(REVIEWS + 'timezone = "America/New_York"\n')
    nights([said(1, date="2025-06-01 22:30"), said(2, date="2025-06-01"), said(3, date="2025-06-01T22:30:00Z")])
    assert {name: (row["said_at"], row["said_on"]) for name, row in nights.kept.items()} == {
        "1": (dt.datetime(2025, 6, 2, 2, 30, tzinfo=UTC), dt.date(2025, 6, 2)),
        "2": (dt.datetime(2025, 6, 1, 4, tzinfo=UTC), dt.date(2025, 6, 1)),
        "3": (dt.datetime(2025, 6, 1, 22, 30, tzinfo=UTC), dt.date(2025, 6, 1)),
    }


def test_an_hour_that_the_clocks_skip_or_repeat_is_one_moment(nights: Nights) -> None:
    nights([said(1, date="2025-03-30 01:30"), said(2, date="2024-10-27 01:30")])
    assert {name: row["said_at"] for name, row in nights.kept.items()} == {
        "1": dt.datetime(2025, 3, 30, 1, 30, tzinfo=UTC),
        "2": dt.datetime(2024, 10, 27, 0, 30, tzinfo=UTC),
    }


def test_the_order_of_day_and_month_is_found_from_the_whole_column(nights: Nights) -> None:
    nights("id,date,text\n1,03/04/2025,Slow app\n2,31/01/2025,Quick app\n")
    assert nights.kept["1"]["said_on"] == dt.date(2025, 4, 3)


def test_an_order_that_no_date_tells_is_asked_for_and_then_read_as_told(nights: Nights) -> None:
    shaped = nights("id,date,text\n1,03/04/2025,Slow app\n2,05/06/2025,Quick app\n")
    assert counts(shaped) == {"rejected": 2}
    assert "Set day_first = true" in shaped.faults[0]
    nights.configure(REVIEWS + "day_first = false\n")
    assert counts(nights()) == {"new": 2}
    assert nights.kept["1"]["said_on"] == dt.date(2025, 3, 4)


def test_a_column_with_both_orders_is_refused_in_words(nights: Nights) -> None:
    shaped = nights("id,date,text\n1,03/04/2025,Slow\n2,31/01/2025,Quick one\n3,01/31/2025,Fine one\n")
    assert "begin with the day in some rows and with the month in others" in shaped.faults[0]


def test_dates_that_cannot_be_read_refuse_the_file_also_beside_agents_words(nights: Nights) -> None:
    shaped = nights([said(1, date="soon"), said(2, date="later"), said(3, author="agent")])
    assert counts(shaped) == {"rejected": 3}
    assert "no date in it can be read (date cannot be read)" in shaped.faults[0]


def test_a_file_without_dates_is_refused_and_comes_in_with_a_default(nights: Nights) -> None:
    shaped = nights("id,text\n1,Slow app\n2,Quick app\n")
    assert "said_at_default = 2025-01-31" in shaped.faults[0]
    assert counts(shaped) == {"rejected": 2}
    nights.configure(REVIEWS + "said_at_default = 2025-05-01\n")
    assert counts(nights()) == {"new": 2}
    assert {row["said_on"] for row in nights.kept.values()} == {dt.date(2025, 5, 1)}
    assert nights.reasons == []


@pytest.mark.parametrize("empty", ["", "NULL", "NaT"])
def test_the_default_stands_in_for_an_empty_cell_but_not_for_a_wrong_one(nights: Nights, empty: str) -> None:
    nights.configure(REVIEWS + "said_at_default = 2025-05-01\n")
    shaped = nights([said(1), said(2, date=empty), said(3, date="soon")])
    assert counts(shaped) == {"new": 2, "rejected": 1}
    assert nights.kept["2"]["said_on"] == dt.date(2025, 5, 1)


def test_rows_from_the_future_come_in_when_their_time_has_come(nights: Nights) -> None:
    first = nights([said(1), said(2, date="2025-07-10"), said(3, date="2025-07-20")])
    assert (counts(first), first.faults) == ({"new": 1, "rejected": 2}, [])
    assert nights.reasons == [("2", "said after the run's time"), ("3", "said after the run's time")]
    assert nights(clock=dt.datetime(2025, 7, 9, 20, tzinfo=UTC)).seen == 0
    assert counts(nights(clock=dt.datetime(2025, 7, 10, 1, tzinfo=UTC))) == {"repeated": 1, "new": 1, "rejected": 1}
    assert counts(nights(clock=dt.datetime(2025, 8, 1, tzinfo=UTC))) == {"repeated": 2, "new": 1}
    assert nights().seen == 0


def test_a_deletion_needs_no_date(nights: Nights) -> None:
    nights([said(1, updated_at="2025-06-02")])
    assert counts(nights([{"id": 1, "updated_at": "2025-06-03", "deleted": True}, said(9)])) == {"deleted": 1, "new": 1}
