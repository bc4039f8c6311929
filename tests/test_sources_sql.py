"""Any database as a source: every row once, whatever is committed late, tied, deleted, brought back or cut off."""

from __future__ import annotations

import contextlib
import datetime as dt
import itertools
import os
import random
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from databases import PASSWORD, connected, server
from hypothesis import given
from hypothesis import strategies as st

from listening import check as checking
from listening import landing, records, warehouse
from listening.landing import Landed, station
from listening.sources.http import Stopped
from listening.sources.sql import asking, edges, stream
from listening.sources.sql.connecting import Database, Lost
from listening.workspace import Workspace

FIRST = dt.datetime(2026, 1, 1, 3, tzinfo=dt.UTC)
NIGHTS = int(os.environ.get("LISTENING_NIGHTS", "12"))  # `make soak` plays 60
WORDS = ["parcel", "courier", "refund", "invoice", "app", "agent", "price", "store", "voucher", "screen", "battery", "contract"]


@pytest.fixture(scope="session")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nothing is tagged here, so no classifier is needed."""
    return tmp_path_factory.mktemp("none")


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with server() as address:
        yield address


class Company:
    """A workspace with one source that is a table, and whoever writes into the table."""

    def __init__(self, place: Workspace, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.place, self.address = place, address
        self.night = 0
        self.writer: sa.Connection | None = None
        self.tonight: Landed = Landed()
        self.counts: dict[str, int] = {}
        place.landing.mkdir()
        monkeypatch.setenv("DATABASE_PASSWORD", PASSWORD)
        monkeypatch.setattr(asking, "PAUSE", 0.0)
        monkeypatch.setattr(Database, "clock", lambda *_: self.clock)

    @property
    def clock(self) -> dt.datetime:
        return FIRST + dt.timedelta(days=self.night)

    def do(self, statement: str, *rows: dict[str, Any], **values: Any) -> None:
        if self.writer is not None:
            self.writer.execute(sa.text(statement), list(rows) or values)
            return
        with self.writing():
            self.do(statement, *rows, **values)

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """All that is done in it in one transaction."""
        with connected(self.address) as self.writer:
            yield
        self.writer = None

    def add(self, *ids: int, updated_at: dt.datetime | None = None, body: str = "The parcel came late again") -> None:
        for number in ids:
            self.do(
                "insert into said values (:id, :body, :at, :updated_at)", id=number, body=body, at=_naive(FIRST), updated_at=_naive(updated_at or self.clock)
            )

    def gather(self) -> list[str]:
        """One night's gathering; gives its faults."""
        self.night += 1
        settings = self.place.settings()
        assert not settings.faults, settings.faults
        source = settings.sources["crm"]
        with warehouse.opened(self.place.warehouse) as store:
            self.tonight = landing.land(self.place, store, source, self.clock)
            shaped = records.shape(self.place, store, source, settings.company, self.clock, f"night {self.night}")
            self.counts = dict(shaped.counts)
            if self.night % 5 == 0:
                swept = records.sweep(self.place, store, source)
                landing.empty(self.place, store, "crm", swept)
                records.swept(store, source, swept)
        return [*self.tonight.faults, *shaped.faults]

    def records(self) -> list[tuple[int, str]]:
        with warehouse.opened(self.place.warehouse) as store:
            found = store.select("records/records", ["native_id", "text"], source="crm", is_deleted=False).to_pylist()
        return sorted((int(row["native_id"]), row["text"]) for row in found)

    def customers(self) -> list[str]:
        with warehouse.opened(self.place.warehouse) as store:
            return sorted(row["customer_id"] for row in store.select("records/customers", ["customer_id"]).to_pylist())


def _naive(moment: dt.datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(sep=" ")


@pytest.fixture(params=["sqlite", "postgresql"])
def make(request: pytest.FixtureRequest, make_workspace: Callable[..., Workspace], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Company]:
    """Makes a company whose words stand in a SQLite file or in PostgreSQL."""

    def made(settings: str = 'cursor = "updated_at"\n', columns: str = "text, said_at") -> Company:
        if request.param == "sqlite":
            url, address = "sqlite:///crm.db", f"sqlite:///{tmp_path / 'workspace' / 'crm.db'}"
        else:
            address = request.getfixturevalue("postgres")
            url = address.replace(f"+psycopg://owner:{PASSWORD}", "://reader") + '"\npassword_env = "DATABASE_PASSWORD'
        place = make_workspace(
            f'[sources.crm]\nconnector = "sql"\nkind = "ticket"\nurl = "{url}"\ntable = "said"\nkey = "id"\n{settings}'
            "columns = {text = 'body', said_at = 'created_at'}\n"
        )
        company = Company(place, address, monkeypatch)
        company.do("drop table if exists said")
        company.do("create table said (id integer, body text, created_at timestamp, updated_at timestamp)")
        return company

    return made


def test_what_is_new_or_changed_comes_once(make: Callable[..., Company]) -> None:
    company = make()
    company.add(1, 2, 3)
    assert company.gather() == []
    company.add(4)
    company.do("update said set body = 'It was mended quickly', updated_at = :at where id = 2", at=_naive(company.clock))
    assert company.gather() == []
    assert company.counts["new"] == 1
    assert company.counts["updated"] == 1
    assert [number for number, _ in company.records()] == [1, 2, 3, 4]
    assert dict(company.records())[2] == "It was mended quickly"


def test_a_row_committed_late_with_an_earlier_time_is_met_within_the_lag(make: Callable[..., Company]) -> None:
    company = make('cursor = "updated_at"\nlag = 600\ncompare_days = 0\n')
    company.add(1)
    company.gather()
    company.add(2, updated_at=FIRST - dt.timedelta(seconds=600))
    company.add(3, updated_at=FIRST - dt.timedelta(seconds=601))
    company.gather()
    assert [number for number, _ in company.records()] == [1, 2]


def test_a_row_committed_later_than_the_lag_is_met_by_the_comparison(make: Callable[..., Company]) -> None:
    company = make('cursor = "updated_at"\nlag = 0\ncompare_days = 2\n')
    company.add(1, 2)
    company.gather()
    company.add(3, updated_at=FIRST - dt.timedelta(days=9))
    company.do("update said set body = 'The clock of its writer was slow', updated_at = :at where id = 2", at=_naive(FIRST - dt.timedelta(days=8)))
    company.gather()
    assert [number for number, _ in company.records()] == [1, 2]
    company.gather()
    assert [number for number, _ in company.records()] == [1, 2, 3]
    assert dict(company.records())[2] == "The clock of its writer was slow"


@pytest.mark.parametrize(("every_night", "nights"), [(100, 1), (0, 7)])
def test_what_was_deleted_outright_goes_with_the_night_from_a_small_table_and_with_the_week_from_a_large_one(
    make: Callable[..., Company], monkeypatch: pytest.MonkeyPatch, every_night: int, nights: int
) -> None:
    monkeypatch.setattr(stream, "EVERY_NIGHT", every_night)
    company = make()
    company.add(1, 2)
    company.gather()
    company.gather()  # compares, and learns how large the table is
    company.do("delete from said where id = 2")
    left = []
    for _ in range(nights):
        assert company.gather() == []
        left.append([number for number, _ in company.records()])
    assert left == [[1, 2]] * (nights - 1) + [[1]]


def test_more_ties_than_a_page_holds_lose_no_row(make: Callable[..., Company], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "PAGE", 7)
    company = make('cursor = "updated_at"\ncompare_days = 0\n')
    company.add(*range(40))
    breaking(monkeypatch, company, pages=3)
    assert company.gather() == []
    assert [number for number, _ in company.records()] == list(range(40))


def test_a_connection_that_breaks_every_time_keeps_whole_pages_and_the_next_night_goes_on(
    make: Callable[..., Company], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking, "PAGE", 5)
    company = make('cursor = "updated_at"\nlag = 0\ncompare_days = 0\n')
    for number in range(30):
        company.add(number, updated_at=FIRST - dt.timedelta(minutes=30 - number))
    whole = asking.streamed
    breaking(monkeypatch, company, pages=2, times=99)
    monkeypatch.setattr(asking, "TRIES", 1)
    [fault] = company.gather()
    assert "goes on from there" in fault
    assert PASSWORD not in fault
    assert [number for number, _ in company.records()] == list(range(10))
    asked: list[int] = []
    monkeypatch.setattr(asking, "streamed", lambda *question: (asked.append(len(page)) or page for page in whole(*question)))
    assert company.gather() == []
    assert sum(asked) == 21  # the last row of the last whole page, and what comes after it
    assert [number for number, _ in company.records()] == list(range(30))


@pytest.mark.parametrize("at_a_time", [station.COMPARED_AT_A_TIME, 7])
def test_rows_that_are_deleted_outright_are_deleted_and_come_back_if_the_source_brings_them_back(
    make: Callable[..., Company], monkeypatch: pytest.MonkeyPatch, at_a_time: int
) -> None:
    monkeypatch.setattr(station, "COMPARED_AT_A_TIME", at_a_time)
    company = make('cursor = "updated_at"\ncompare_days = 1\n')
    company.add(*range(30))
    company.gather()
    company.do("delete from said where id < 3")
    company.gather()
    assert [number for number, _ in company.records()] == list(range(3, 30))
    assert company.counts["deleted"] == 3
    company.add(1, updated_at=FIRST)
    company.gather()
    assert [number for number, _ in company.records()] == [1, *range(3, 30)]


def test_a_column_that_marks_deleted_rows_is_honoured(make: Callable[..., Company]) -> None:
    company = make('cursor = "updated_at"\ndeleted = "deleted_at"\n')
    company.do("alter table said add column deleted_at timestamp")
    for number in (1, 2):
        company.do("insert into said values (:id, 'The parcel came late', :at, :at, null)", id=number, at=_naive(FIRST))
    company.gather()
    company.do("update said set deleted_at = :at, updated_at = :at where id = 1", at=_naive(company.clock))
    company.gather()
    assert [number for number, _ in company.records()] == [2]


def test_a_table_that_lost_most_of_its_rows_deletes_nothing_until_a_person_says_so(make: Callable[..., Company]) -> None:
    company = make('cursor = "updated_at"\ncompare_days = 1\n')
    company.add(*range(30))
    company.gather()
    company.do("delete from said where id > 4")
    [fault] = company.gather()
    assert "has 25 of 30 rows no longer" in fault
    assert len(company.records()) == 30
    text = company.place.configuration.read_text()
    company.place.configuration.write_text(text + "gone_at_most = 1\n")
    assert company.gather() == []
    assert len(company.records()) == 5


def test_an_emptied_table_is_told_and_deletes_nothing(make: Callable[..., Company]) -> None:
    for settings in ('cursor = "updated_at"\n', ""):
        company = make(settings) if settings else company  # noqa: F821
        company.add(1, 2)
        company.gather()
        company.do("delete from said")
        [fault] = company.gather()
        assert "had something before" in fault
        assert len(company.records()) == 2
        break


def test_a_table_without_a_cursor_lands_only_what_differs(make: Callable[..., Company]) -> None:
    company = make("")
    company.add(*range(25))
    company.gather()
    assert company.tonight.rows == 25
    company.gather()
    assert company.tonight.rows == 0
    company.do("update said set body = 'It was mended quickly' where id = 3")
    company.do("delete from said where id = 4")
    company.add(90)
    assert company.gather() == []
    assert company.tonight.rows == 3
    assert [number for number, _ in company.records()] == [0, 1, 2, 3, *range(5, 25), 90]
    company.do("delete from said")
    [fault] = company.gather()
    assert "looks like a mistake" in fault
    assert len(company.records()) == 25


def test_rows_without_a_cursor_are_read_every_night(make: Callable[..., Company]) -> None:
    company = make('cursor = "updated_at"\ncompare_days = 0\n')
    company.add(1)
    company.do("insert into said values (2, 'Nobody noted when', :at, null)", at=_naive(FIRST))
    company.gather()
    company.do("update said set body = 'Nobody noted when it changed' where id = 2")
    company.gather()
    assert dict(company.records())[2] == "Nobody noted when it changed"


def test_rows_without_a_key_are_counted_and_left_out(make: Callable[..., Company]) -> None:
    company = make()
    company.add(1)
    company.do("insert into said values (null, 'Who am I', :at, :at)", at=_naive(FIRST))
    company.gather()
    assert company.tonight.notes == ["crm: the database has 1 rows with nothing in 'id', by which rows are known again; they are left out"]
    assert [number for number, _ in company.records()] == [1]


def test_one_row_from_the_future_hides_nothing(make: Callable[..., Company]) -> None:
    company = make('cursor = "updated_at"\ncompare_days = 0\n')
    company.add(1, updated_at=dt.datetime(2099, 1, 1, tzinfo=dt.UTC))
    company.gather()
    company.add(2)
    company.gather()
    assert [number for number, _ in company.records()] == [1, 2]


def test_a_table_brought_back_from_a_backup_is_read_anew(make: Callable[..., Company]) -> None:
    company = make('cursor = "updated_at"\ncompare_days = 0\n')
    company.add(1, 2)
    company.gather()
    company.do("delete from said")
    company.add(1, 3, updated_at=FIRST - dt.timedelta(days=40))
    assert company.gather() == []
    assert "brought back from a backup" in " ".join(company.tonight.notes)
    assert [number for number, _ in company.records()] == [1, 2, 3]


def test_a_cursor_of_another_kind_reads_all_rows_again(make: Callable[..., Company]) -> None:
    company = make('cursor = "updated_at"\ncompare_days = 0\n')
    company.add(1)
    company.gather()
    company.do("alter table said rename column updated_at to old")
    company.do("alter table said add column updated_at bigint")
    company.do("update said set updated_at = 7")
    assert company.gather() == []
    assert "another kind of value" in " ".join(company.tonight.notes)


def test_a_growing_number_can_be_the_cursor(make: Callable[..., Company]) -> None:
    company = make('cursor = "id"\nlag = 5\ncompare_days = 0\n')
    company.add(1, 2, 20)
    company.gather()
    company.add(15, 14, 21)
    company.gather()
    assert [number for number, _ in company.records()] == [1, 2, 15, 20, 21]


def test_a_query_can_take_the_place_of_a_table(make: Callable[..., Company]) -> None:
    company = make()
    text = company.place.configuration.read_text()
    company.place.configuration.write_text(text.replace('table = "said"', "query = \"select * from said where body <> ':none' and id < 3;\""))
    company.add(1, 2, 3)
    assert company.gather() == []
    assert [number for number, _ in company.records()] == [1, 2]


@pytest.mark.parametrize(
    ("statement", "told"), [("drop table said", "no such table"), ("alter table said rename column updated_at to changed", "no column 'updated_at'")]
)
def test_a_table_or_column_that_vanished_is_told_and_what_landed_stays(make: Callable[..., Company], statement: str, told: str) -> None:
    company = make()
    company.add(1)
    company.gather()
    company.do(statement)
    [fault] = company.gather()
    assert told in fault
    assert len(company.records()) == 1


def test_a_column_of_words_that_vanished_rejects_what_came_and_keeps_what_was(make: Callable[..., Company]) -> None:
    company = make()
    company.add(1)
    company.gather()
    company.do("alter table said rename column body to words")
    company.night += 3
    company.do("insert into said values (2, 'The parcel came late', :at, :at)", at=_naive(company.clock))
    faults = company.gather()
    assert "there is no column 'body'" in " ".join(faults)
    assert dict(company.records())[1] == "The parcel came late again"


def breaking(monkeypatch: pytest.MonkeyPatch, company: Company, pages: int, times: int = 1) -> None:
    """Break the connection after so many pages of a question, so many times."""
    whole, left = asking.streamed, [times]

    def streamed(connection: sa.Connection, question: Any) -> Iterator[Any]:
        found = whole(connection, question)
        yield from itertools.islice(found, pages)
        if left[0]:
            left[0] -= 1
            if connection.dialect.name == "sqlite":
                raise Lost("cannot be read (the connection broke).")
            with connected(company.address) as owner:
                owner.execute(sa.text("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'reader'"))
        yield from found

    monkeypatch.setattr(asking, "streamed", streamed)


class Log:
    """Sixty nights of a company's table by one seed: what is written when, and what stands in the end."""

    def __init__(self, company: Company, seed: int) -> None:
        self.company = company
        self.chance = random.Random(seed)
        self.stands: dict[int, str] = {}
        self.last = 0
        self.late: list[tuple[sa.Connection, sa.Engine]] = []

    def words(self) -> str:
        return f"The {self.chance.choice(WORDS)} and the {self.chance.choice(WORDS)} made me wait for a {self.chance.choice(WORDS)}"

    def day(self) -> None:
        """One day of new, tied, undated, late, changed, deleted and resurrected rows."""
        chance, now = self.chance, self.company.clock + dt.timedelta(hours=chance_hours(self.chance))
        gone = sorted(set(range(1, self.last + 1)) - self.stands.keys())
        new = [self.next() for _ in range(chance.randrange(25))]
        self.write(new, now)  # all tied
        self.write([self.next() for _ in range(chance.randrange(3))], None)
        self.write([self.next() for _ in range(chance.randrange(4))], now - dt.timedelta(minutes=chance.randrange(50)))
        self.write([self.next() for _ in range(chance.randrange(3))], now - dt.timedelta(days=chance.randrange(1, 30)))
        self.write(chance.sample(gone, min(len(gone), chance.randrange(3))), chance.choice([now, FIRST]))
        known = sorted(self.stands)
        for number in chance.sample(known, min(len(known), 6)):
            self.stands[number] = self.words()
            at = chance.choice([now, now, now - dt.timedelta(days=3)])
            self.company.do("update said set body = :body, updated_at = :at where id = :id", id=number, body=self.stands[number], at=_naive(at))
        for number in chance.sample(known, min(len(known), chance.randrange(4))):
            del self.stands[number]
            self.company.do("delete from said where id = :id", id=number)

    def next(self) -> int:
        self.last += 1
        return self.last

    def write(self, ids: list[int], at: dt.datetime | None, connection: sa.Connection | None = None) -> None:
        rows = []
        for number in ids:
            self.stands[number] = self.words()
            rows.append({"id": number, "body": self.stands[number], "said": _naive(FIRST), "at": _naive(at) if at else None})
        statement = "insert into said (id, body, created_at, updated_at) values (:id, :body, :said, :at)"
        if rows and connection is not None:
            connection.execute(sa.text(statement), rows)
        elif rows:
            self.company.do(statement, *rows)

    def begin_late(self) -> None:
        """Write rows in a transaction that is still open when the night begins; SQLite, which would lock, gets them after it."""
        engine = sa.create_engine(self.company.address, poolclass=sa.NullPool)
        if engine.dialect.name == "postgresql":
            self.late.append((engine.connect(), engine))
            self.write([self.next(), self.next()], self.company.clock, self.late[-1][0])

    def end_late(self) -> None:
        for connection, engine in self.late:
            connection.commit()
            connection.close()
            engine.dispose()
        self.late.clear()


def chance_hours(chance: random.Random) -> float:
    return chance.random() * 20


CHANGES = {  # in the course of all nights
    0.25: "alter table said add column mood text",
    0.4: "update said set mood = 'calm'",
    0.6: "alter table said drop column mood",
    0.7: "alter table said add column score integer",
}


@pytest.mark.parametrize(
    ("settings", "nights"), [('cursor = "updated_at"\ncompare_days = 1\n', NIGHTS), ("", NIGHTS // 3)], ids=["with a cursor", "without one"]
)
def test_after_many_nights_the_records_equal_the_log(make: Callable[..., Company], monkeypatch: pytest.MonkeyPatch, settings: str, nights: int) -> None:
    monkeypatch.setattr(asking, "PAGE", 7)
    whole = asking.streamed
    company = make(settings)
    log = Log(company, seed=9)
    failed = 0
    for night in range(nights):
        with company.writing():
            log.day()
        for course, change in CHANGES.items():
            if night == int(course * nights):
                company.do(change)
        if night == nights * 3 // 4 and company.address.startswith("postgresql"):
            company.do("alter table said alter column updated_at type timestamptz using updated_at at time zone 'UTC'")
        missed = set(log.stands)
        log.begin_late()
        missed = set(log.stands) - missed
        monkeypatch.setattr(asking, "streamed", whole)
        if log.chance.random() < 0.5:
            breaking(monkeypatch, company, pages=log.chance.randrange(4), times=log.chance.choice([1, 1, 2, 99]))
        faults = company.gather()
        log.end_late()
        if faults:
            failed += 1
            assert all("connection" in fault or "cannot be read" in fault for fault in faults), faults
        else:
            assert company.records() == sorted((number, words) for number, words in log.stands.items() if number not in missed), night
    monkeypatch.setattr(asking, "streamed", whole)
    assert company.gather() == []
    assert company.records() == sorted(log.stands.items())
    assert failed > nights // 20 or nights < 60
    assert len(log.stands) > 6 * nights


def test_a_wrong_password_is_told_without_it(make_workspace: Callable[..., Workspace], postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    address = postgres.replace(f"+psycopg://owner:{PASSWORD}", "://reader")
    place = make_workspace(SOURCE.format(url=address) + 'password_env = "DATABASE_PASSWORD"\n')
    for password in ("not-the-password", "{0} '"):
        monkeypatch.setenv("DATABASE_PASSWORD", password)
        [fault] = faults(place)
        assert "does not let 'reader' in" in fault
        assert password not in fault


def test_a_password_is_read_from_a_private_file_only(make_workspace: Callable[..., Workspace], postgres: str) -> None:
    address = postgres.replace(f"+psycopg://owner:{PASSWORD}", "://reader")
    place = make_workspace(SOURCE.format(url=address) + 'password_file = "password.txt"\n')
    path = place.root / "password.txt"
    path.write_text(PASSWORD + "\n")
    path.chmod(0o644)
    assert "chmod 600" in faults(place)[0]
    path.chmod(0o600)
    assert "no such table" in faults(place)[0]


def test_a_slow_question_is_given_up(make_workspace: Callable[..., Workspace], postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_PASSWORD", PASSWORD)
    address = postgres.replace(f"+psycopg://owner:{PASSWORD}", "://reader")
    source = SOURCE.format(url=address).replace('table = "nothing_there"', "query = \"select 1 as id, 'x' as body, now() as created_at from pg_sleep(9)\"")
    [fault] = faults(make_workspace(source + 'timeout = 1\npassword_env = "DATABASE_PASSWORD"\n'))
    assert "took longer than 1 seconds" in fault


def test_nothing_can_be_written_on_the_way(make: Callable[..., Company]) -> None:
    company = make()
    company.add(1)
    text = company.place.configuration.read_text()
    for attempt in ("delete from said returning *", "with gone as (delete from said returning *) select * from gone"):
        company.place.configuration.write_text(text.replace('table = "said"', f'query = "{attempt}"'))
        assert company.gather()
    with connected(company.address) as connection:
        assert connection.scalar(sa.text("select count(*) from said")) == 1


SOURCE = """[sources.crm]
connector = "sql"
kind = "ticket"
url = "{url}"
table = "nothing_there"
key = "id"
columns = {{text = 'body', said_at = 'created_at'}}
"""


def faults(place: Workspace) -> list[str]:
    return [finding.sentence for finding in checking.check(place) if finding.what == "sources.crm" and finding.state == "fault"]


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("sqlite:///missing.db", "finds no file"),
        ("nonsense", "needs the address of a database"),
        ("postgresql://reader:secret@localhost/x", "has a password in the url"),
        ("postgresql://reader@localhost/x?password=secret", "has a password in the url"),
        ("nosuchsystem://reader@localhost/x", "needs a driver"),
    ],
)
def test_check_says_what_is_wrong_with_the_address(make_workspace: Callable[..., Workspace], url: str, told: str) -> None:
    [fault] = faults(make_workspace(SOURCE.format(url=url)))
    assert told in fault
    assert "secret" not in fault.replace("secret that", "")


def test_check_names_the_columns_that_are_there(make_workspace: Callable[..., Workspace]) -> None:
    place = make_workspace(SOURCE.format(url="sqlite:///crm.db").replace("nothing_there", "said").replace('key = "id"', 'key = "number"'))
    with connected(f"sqlite:///{place.root / 'crm.db'}") as connection:
        connection.execute(sa.text("create table said (id integer, body text, created_at text)"))
    assert faults(place) == ["the database has no column 'number' there, which key in [sources.crm] names. The columns are: id, body, created_at"]


def test_columns_must_be_named(make_workspace: Callable[..., Workspace]) -> None:
    place = make_workspace(SOURCE.format(url="sqlite:///crm.db").replace("columns = {text = 'body', said_at = 'created_at'}", ""))
    assert "needs columns" in faults(place)[0]


def test_facts_come_from_tables_too(make_workspace: Callable[..., Workspace], monkeypatch: pytest.MonkeyPatch) -> None:
    place = make_workspace('[sources.crm]\nconnector = "sql"\nkind = "customers"\nurl = "sqlite:///crm.db"\ntable = "customers"\nkey = "customer_id"\n')
    company = Company(place, f"sqlite:///{place.root / 'crm.db'}", monkeypatch)
    company.do("create table customers (customer_id text, since date, value numeric)")
    company.do("insert into customers values ('ada', '2025-01-01', 12.5), ('bob', '2025-02-01', 7)")
    assert company.gather() == []
    assert company.counts["new"] == 2
    company.do("delete from customers where customer_id = 'bob'")
    company.do("insert into customers values ('cy', '2025-03-01', 3)")
    assert company.gather() == []
    assert company.customers() == ["ada", "cy"]
    assert company.counts["deleted"] == 1
    company.do("insert into customers values ('bob', '2025-02-01', 7)")
    assert company.gather() == []
    assert company.customers() == ["ada", "bob", "cy"]


def test_bytes_that_are_no_text_and_numbers_that_are_none_are_kept_as_they_can_be(make: Callable[..., Company]) -> None:
    company = make()
    if not company.address.startswith("sqlite"):
        pytest.skip("PostgreSQL refuses such text itself")
    company.add(1)
    with sqlite3.connect(company.address.removeprefix("sqlite:///")) as connection:
        connection.execute("update said set body = cast(x'5468652070617263656c20776173206c617465ff' as text)")
    assert company.gather() == []
    assert company.records()[0][1].startswith("The parcel was late")


MOMENTS = st.datetimes(min_value=dt.datetime(1990, 1, 1), max_value=dt.datetime(2100, 1, 1))
CURSORS = st.one_of(
    MOMENTS,
    st.datetimes(min_value=dt.datetime(1990, 1, 1), timezones=st.just(dt.UTC)),
    st.dates(),
    st.integers(),
    st.decimals(allow_nan=False, allow_infinity=False),
)


@given(CURSORS)
def test_a_checkpoint_gives_back_the_cursor_that_it_was_given(value: Any) -> None:
    assert edges.taken_up(edges.kept(value)) == value


@given(MOMENTS, st.integers(0, 10**6), st.sampled_from("T "))
def test_a_written_moment_is_bounded_like_a_moment(moment: dt.datetime, lag: int, between: str) -> None:
    written = moment.isoformat(sep=between)
    bound = edges.before(written, lag)
    assert bound <= (moment - dt.timedelta(seconds=lag)).isoformat(sep=between)
    assert dt.datetime.fromisoformat(bound) > moment - dt.timedelta(seconds=lag + 1)


@pytest.mark.parametrize("value", ["17", b"x", True, None])
def test_what_cannot_order_rows_is_refused_as_a_cursor(value: Any) -> None:
    with pytest.raises(Stopped):
        edges.form(value)
