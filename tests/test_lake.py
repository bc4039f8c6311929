"""The lake holds what is published, to the row, for many writers and readers at once, and nothing of who was forgotten."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from listening import check, lake, persons, search, warehouse
from listening.cli import app
from listening.forgotten import Identity
from listening.publish import reading
from listening.workspace import Mend, Workspace
from tests import databases
from tests.conftest import contents, drop, run, workspace_maker

SURVEY = (
    '[sources.survey]\nconnector = "files"\nkind = "survey"\npath = "inbox/survey*.csv"\nscore_scale = [0, 10]\nscore_name = "NPS"\n'
    'columns = { id = "id", said_at = "day", text = "words", score = "nps", customer_id = "customer", deleted = "gone" }\n'
)
HEADER = "id,day,words,nps,customer,gone\n"
ANSWERS = HEADER + (
    "1,2026-05-01,The parcel arrived three days late and nobody told me.,2,CUST-10001,\n"
    "2,2026-05-02,Delivery on the day they said. Lovely courier!,10,CUST-10002,\n"
    "3,2026-06-03,I was charged twice and the zebrafinch refund never came.,1,CUST-77001,\n"
    "4,2026-06-04,Support answered at once and mended it.,9,CUST-10003,\n"
)
CHANGES = HEADER + (
    "1,2026-05-01,The parcel arrived four days late and nobody told me.,2,CUST-10001,\n"
    "3,2026-06-03,,,CUST-77001,true\n"
    "5,2026-06-10,Signing up was quick and easy.,8,CUST-10004,\n"
    "6,2026-06-11,The app crashes at the start.,3,CUST-10005,\n"
)
NAME = "fernway"
TABLES = ("records", "sentences", "runs", "rejects", "stage_story", "stage_measures", "signals")
WORDS = ["CUST-77001", "zebrafinch"]  # of the customer who is forgotten
Make = Callable[..., Workspace]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    pytest.importorskip("duckdb_extension_ducklake", reason="no DuckLake here: pip install 'listening-path[lake]'")
    with databases.server() as address:
        yield address


@pytest.fixture
def catalogue(server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """An empty database for a catalogue, named to the night by LISTENING_LAKE."""
    name = f"lake_{abs(hash(tmp_path)):x}"
    engine = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text(f"create database {name}"))
    address = server.rpartition("/")[0] + f"/{name}"
    monkeypatch.setenv("LISTENING_LAKE", address)
    return address


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory, fitted: Path) -> list[Path]:
    """Some tables of what two nights published: four things said, then one edited, one deleted and two new ones."""
    place = workspace_maker(tmp_path_factory.mktemp("nights"), fitted)(SURVEY, {"survey.csv": ANSWERS})
    published = [run(place, "2026-06-30").published]
    drop(place, "survey-2.csv", CHANGES)
    published.append(run(place).published)
    return [some_tables(folder / "listening.duckdb") for folder in published if folder]


def some_tables(path: Path) -> Path:
    """A published file without most of its tables, since a table costs about the same whatever it holds."""
    with duckdb.connect(str(path)) as connection:
        for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall():
            if name not in TABLES:
                connection.execute(f'drop table "{name}"')
    return path


@pytest.fixture
def here(catalogue: str, tmp_path: Path) -> lake.Lake:
    return lake.Lake(catalogue, tmp_path / "lake", NAME, 7)


@pytest.fixture
def place(make_workspace: Make, catalogue: str, tmp_path: Path) -> Workspace:
    return make_workspace(SURVEY + lake_table(tmp_path), {"survey.csv": ANSWERS})


def lake_table(folder: Path) -> str:
    return f'\n[lake]\ncatalogue = "env:LISTENING_LAKE"\ndata_path = "{folder / "lake"}"\nname = "{NAME}"\n'


def asked(here: lake.Lake, query: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in lake.ask(here, query).to_pylist()]


def published(path: Path) -> dict[str, list[dict[str, Any]]]:
    with contextlib.closing(warehouse.read_only(path)) as connection:
        return contents(connection)


def kept(here: lake.Lake) -> dict[str, list[dict[str, Any]]]:
    with lake._opened(here, is_reader=True) as connection:
        connection.execute(f'use lake."{here.name}"')
        return contents(connection, here.name)


def in_catalogue(address: str, *words: str) -> list[str]:
    """The tables of the catalogue in which one of the words stands; all tables where no word is given."""
    with databases.connected(address) as connection:
        names = connection.execute(sa.text("select table_name from information_schema.tables where table_schema = 'public'")).scalars().all()
        cells = {name: str(connection.execute(sa.text(f'select * from "{name}"')).fetchall()) for name in names}
    return [name for name, said in cells.items() if not words or any(word in said for word in words)]


def test_the_lake_holds_the_published_tables_to_the_row_night_after_night(here: lake.Lake, nights: list[Path]) -> None:
    for night in (*nights, nights[0]):
        lake.write(here, night, night.parent.name)
        assert kept(here) == published(night)


def test_every_table_and_column_is_described_in_the_lake_as_well(here: lake.Lake, nights: list[Path]) -> None:
    lake.write(here, nights[0], "first")
    described = (
        "select table_name, column_name, data_type, columns.comment, tables.comment as of_table from duckdb_columns() as columns "
        "inner join duckdb_tables() as tables using (database_name, schema_name, table_name) where schema_name = '{}' order by all"
    )
    found = lake.ask(here, described.format(NAME)).to_pylist()
    assert {row["table_name"] for row in found} == set(TABLES)
    assert found == warehouse.ask(nights[0], described.format("main")).to_pylist()


def test_a_night_writes_only_what_differs_and_an_earlier_one_can_be_asked(here: lake.Lake, nights: list[Path]) -> None:
    lake.write(here, nights[0], "first")
    before = {path.name for path in here.folder.rglob("*.parquet")}
    lake.write(here, nights[0], "again")
    assert {path.name for path in here.folder.rglob("*.parquet")} == before
    lake.write(here, nights[1], "second")
    ((first,),) = asked(here, f"select snapshot_id from lake.snapshots() where commit_message = '{NAME} first'")
    assert asked(here, f"select count(*) from records at (version => {first})") == [(4,)]
    assert asked(here, "select count(*) from records") == [(5,)]


def test_no_file_that_the_newest_night_needs_holds_what_was_deleted(here: lake.Lake, nights: list[Path]) -> None:
    for night in nights:
        lake.write(here, night, night.parent.name)
    files = "select data_file from ducklake_list_files('lake', '{}', schema => '{}')"
    with lake._opened(here) as connection:
        needed = {Path(name).name for table in ("records", "sentences") for (name,) in connection.execute(files.format(table, NAME)).fetchall()}
    still = search.files_with(here.folder, WORDS)
    assert still, "the night before can still be asked"
    assert needed
    assert not needed & {path.name for path in still}


def test_three_writers_and_a_reader_at_once_lose_nothing(here: lake.Lake, nights: list[Path]) -> None:
    look = "select (select count(*) from records) as n, (select max(run_id) from runs) as run"
    whole = {tuple(row.values()) for path in nights for row in warehouse.ask(path, look).to_pylist()}
    lake.write(here, nights[0], "first")
    seen: set[tuple[Any, ...]] = set()
    is_over = threading.Event()

    def write(name: str) -> lake.Lake:
        mine = dataclasses.replace(here, name=name)
        for path in (nights[1], nights[0], nights[1]):
            lake.write(mine, path, path.parent.name)
        return mine

    def read() -> None:
        while not is_over.is_set():
            seen.update(asked(here, look))

    with ThreadPoolExecutor(4) as pool:
        reader = pool.submit(read)
        try:
            written = list(pool.map(write, (NAME, "other", "other")))  # the last two collide at every table
        finally:
            is_over.set()
        reader.result()
    assert seen
    assert seen <= whole, "a reader sees whole nights only"
    for mine in written:
        assert kept(mine) == published(nights[1])


def test_the_folders_rights_say_who_may_read_the_files(here: lake.Lake, nights: list[Path]) -> None:
    here.folder.mkdir()
    here.folder.chmod(0o750)
    lake.write(here, nights[0], "first")
    assert {path.stat().st_mode & 0o777 for path in here.folder.rglob("*.parquet")} == {0o640}


def test_a_night_brings_the_lake_along_and_forgetting_reaches_its_files_its_history_and_its_catalogue(
    place: Workspace, here: lake.Lake, catalogue: str
) -> None:
    assert run(place, "2026-06-30").status == 0
    assert kept(here) == published(reading.database(place))
    assert search.files_with(here.folder, WORDS)
    assert in_catalogue(catalogue, *WORDS)
    receipt = persons.forget(place, Identity.customer("CUST-77001"))
    assert search.files_with(here.folder, WORDS) == []
    assert in_catalogue(catalogue, *WORDS) == []
    assert kept(here) == published(reading.database(place))
    assert {path.parent for path in receipt.left} == {place.inbox}


def test_a_lake_that_is_away_fails_the_night_in_part_and_the_next_one_makes_good_also_what_was_forgotten(
    place: Workspace, here: lake.Lake, catalogue: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LISTENING_LAKE", f"postgresql://owner:{databases.PASSWORD}@localhost:1/nowhere")
    done = run(place)
    assert done.status == 3
    (sentence,) = done.faults["[lake]"]
    assert "the next night brings the lake up to date" in sentence
    assert databases.PASSWORD not in sentence
    lake.write(here, reading.database(place), "by hand")
    receipt = persons.forget(place, Identity.customer("CUST-77001"))
    assert {path.parent for path in receipt.left} > {place.inbox}, "the receipt names the lake's files"
    monkeypatch.setenv("LISTENING_LAKE", catalogue)
    assert run(place).status == 0
    assert kept(here) == published(reading.database(place))
    assert search.files_with(here.folder, WORDS) == []


def test_check_says_whether_the_lake_answers_and_changes_nothing(
    place: Workspace, here: lake.Lake, catalogue: str, nights: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def found() -> check.Finding:
        return next(finding for finding in check.check(place) if finding.what == f"lake.{NAME}")

    assert "empty" in found().sentence
    assert in_catalogue(catalogue) == []
    lake.write(here, nights[0], "first")
    assert (found().state, found().sentence) == ("ok", "its catalogue answers")
    monkeypatch.setenv("LISTENING_LAKE", catalogue.replace(databases.PASSWORD, "wrong"))
    assert found().state == "fault"


def test_analysts_ask_the_lake_from_the_command_line_and_can_only_read(place: Workspace, here: lake.Lake, nights: list[Path]) -> None:
    lake.write(here, nights[0], "first")
    told = CliRunner().invoke(app, ["-w", str(place.root), "sql", "--lake", "--json", "select count(*) as n from records"])
    assert told.exit_code == 0, told.output
    assert '"n": 4' in told.output
    copied = f"copy records to '{place.root}/x.csv'"
    for statement in ("delete from records", "from read_csv('/etc/passwd')", copied, "drop table records", "select 1; select 2"):
        with pytest.raises(Mend):
            lake.ask(here, statement)
    assert databases.PASSWORD not in str(asked(here, "from duckdb_databases()")) + str(asked(here, "from duckdb_secrets()"))


@pytest.mark.parametrize(
    ("address", "said"), [("mysql://a@b/c", "postgresql://"), ("postgresql://host", "postgresql://"), ("", "LISTENING_LAKE")], ids=["kind", "database", "empty"]
)
def test_a_catalogue_that_is_no_address_is_refused(make_workspace: Make, tmp_path: Path, address: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTENING_LAKE", address)
    with pytest.raises(Mend, match=said):
        reading.sql(make_workspace(SURVEY + lake_table(tmp_path)), "select 1", from_lake=True)


def test_without_a_lake_asking_it_says_so(make_workspace: Make) -> None:
    with pytest.raises(Mend, match=r"has no \[lake\]"):
        reading.sql(make_workspace(SURVEY), "select 1", from_lake=True)
