"""The lake holds what is published, to the row, for many writers and readers at once, and nothing of who was forgotten."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from listening import check, lake, persons, search, warehouse
from listening.cli import app
from listening.forgotten import Identity
from listening.publish import reading
from listening.workspace import Mend, Workspace
from tests import databases
from tests.conftest import drop, run

SURVEY = (
    '[sources.survey]\nconnector = "files"\nkind = "survey"\npath = "inbox/survey*.csv"\nscore_scale = [0, 10]\nscore_name = "NPS"\n'
    'columns = { id = "id", said_at = "day", text = "words", score = "nps", customer_id = "customer" }\n'
)
HEADER = "id,day,words,nps,customer\n"
ANSWERS = HEADER + (
    "1,2026-05-01,The parcel arrived three days late and nobody told me.,2,CUST-10001\n"
    "2,2026-05-02,Delivery on the day they said. Lovely courier!,10,CUST-10002\n"
    "3,2026-06-03,I was charged twice and the zebrafinch refund never came.,1,CUST-77001\n"
    "4,2026-06-04,Support answered at once and mended it.,9,CUST-10003\n"
)
EDITED = ANSWERS.replace("three days", "four days") + "5,2026-06-10,Signing up was quick and easy.,8,CUST-10004\n"
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


@pytest.fixture
def place(make_workspace: Make, catalogue: str, tmp_path: Path) -> Workspace:
    return make_workspace(SURVEY + lake_table(tmp_path), {"survey.csv": ANSWERS})


def lake_table(folder: Path, name: str = "fernway") -> str:
    return f'\n[lake]\ncatalogue = "env:LISTENING_LAKE"\ndata_path = "{folder / "lake"}"\nname = "{name}"\n'


def the_lake(place: Workspace) -> lake.Lake:
    found = lake.of(place)
    assert found
    return found


def in_lake(place: Workspace, query: str) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in lake.ask(the_lake(place), query).to_pylist()]


def published(path: Path) -> dict[str, list[dict[str, Any]]]:
    with contextlib.closing(warehouse.read_only(path)) as connection:
        return contents(connection, "main")


def kept(here: lake.Lake) -> dict[str, list[dict[str, Any]]]:
    with lake._opened(here, is_reader=True) as connection:
        connection.execute(f'use lake."{here.name}"')
        return contents(connection, here.name)


def contents(connection: Any, schema: str) -> dict[str, list[dict[str, Any]]]:
    names = connection.execute(f"select table_name from duckdb_tables() where schema_name = '{schema}' order by 1").fetchall()
    return {name: connection.execute(f'from "{name}" order by all').to_arrow_table().to_pylist() for (name,) in names}


def in_catalogue(address: str, word: str) -> list[str]:
    """The tables of the catalogue in which a word stands."""
    with databases.connected(address) as connection:
        names = connection.execute(sa.text("select table_name from information_schema.tables where table_schema = 'public'")).scalars().all()
        return [name for name in names if word in str(connection.execute(sa.text(f'select * from "{name}"')).fetchall())]


def test_forgetting_reaches_the_lake_its_history_and_its_catalogue(place: Workspace, catalogue: str) -> None:
    run(place)
    folder = the_lake(place).folder
    assert search.files_with(folder, ["CUST-77001", "zebrafinch"])
    assert in_catalogue(catalogue, "CUST-77001")
    receipt = persons.forget(place, Identity.customer("CUST-77001"))
    assert search.files_with(folder, ["CUST-77001", "zebrafinch"]) == []
    assert in_catalogue(catalogue, "CUST-77001") + in_catalogue(catalogue, "zebrafinch") == []
    assert kept(place) == published(place)
    assert {path.parent for path in receipt.left} == {place.inbox}


def test_what_is_deleted_at_its_source_leaves_the_files_that_the_newest_night_needs(place: Workspace) -> None:
    with place.configuration.open("a", encoding="utf-8") as file:
        file.write("keep_days = 0\n")
    run(place)
    drop(place, "survey-2.csv", HEADER.replace("customer\n", "customer,deleted\n") + "3,2026-06-03,,,CUST-77001,true\n")
    run(place)
    lake.write(the_lake(place), reading.database(place), "later")
    assert in_lake(place, "select count(*) from records") == [(3,)]


def test_a_lake_that_cannot_be_reached_fails_the_night_in_part_and_is_made_good(place: Workspace, catalogue: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTENING_LAKE", catalogue.replace("127.0.0.1", "localhost").rpartition(":")[0] + ":1/nowhere")
    done = run(place)
    assert done.status == 3
    (sentence,) = done.faults["[lake]"]
    assert "the next night brings the lake up to date" in sentence
    assert databases.PASSWORD not in sentence
    assert len(published(place)["records"]) == 4
    monkeypatch.setenv("LISTENING_LAKE", catalogue)
    assert run(place).status == 0
    assert kept(place) == published(place)


def test_who_was_forgotten_while_the_lake_was_away_leaves_it_with_the_next_night(place: Workspace, catalogue: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run(place)
    monkeypatch.setenv("LISTENING_LAKE", "postgresql://owner@localhost:1/nowhere")
    persons.forget(place, Identity.customer("CUST-77001"))
    monkeypatch.setenv("LISTENING_LAKE", catalogue)
    assert search.files_with(the_lake(place).folder, ["CUST-77001"])
    run(place)
    assert search.files_with(the_lake(place).folder, ["CUST-77001", "zebrafinch"]) == []


def test_the_folders_rights_say_who_may_read_the_files(place: Workspace) -> None:
    folder = the_lake(place).folder
    folder.mkdir(mode=0o750)
    run(place)
    assert {path.stat().st_mode & 0o777 for path in folder.rglob("*.parquet")} == {0o640}
    assert reading.database(place).stat().st_mode & 0o777 == 0o600


def test_check_says_whether_the_lake_answers_and_changes_nothing(place: Workspace, catalogue: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "empty" in {finding.what: finding.sentence for finding in check.check(place)}["lake.fernway"]
    assert in_catalogue(catalogue, "ducklake") == []
    run(place)
    found = {finding.what: finding for finding in check.check(place)}["lake.fernway"]
    assert (found.state, found.sentence) == ("ok", "its catalogue answers")
    monkeypatch.setenv("LISTENING_LAKE", catalogue.replace(databases.PASSWORD, "wrong"))
    assert {finding.what: finding.state for finding in check.check(place)}["lake.fernway"] == "fault"


def test_analysts_ask_the_lake_from_the_command_line_and_can_only_read(place: Workspace) -> None:
    run(place)
    told = CliRunner().invoke(app, ["-w", str(place.root), "sql", "--lake", "--json", "select count(*) as n from records"])
    assert told.exit_code == 0, told.output
    assert '"n": 4' in told.output
    for statement in (
        "delete from records",
        "from read_csv('/etc/passwd')",
        f"copy records to '{place.root}/x.csv'",
        "drop table records",
        "select 1; select 2",
    ):
        with pytest.raises(Mend):
            lake.ask(the_lake(place), statement)
    assert databases.PASSWORD not in str(in_lake(place, "from duckdb_databases()")) + str(in_lake(place, "from duckdb_secrets()"))


@pytest.mark.parametrize(
    ("address", "said"), [("mysql://a@b/c", "postgresql://"), ("postgresql://host", "postgresql://"), ("", "LISTENING_LAKE")], ids=["kind", "database", "empty"]
)
def test_a_catalogue_that_is_no_address_is_refused_in_words(
    make_workspace: Make, tmp_path: Path, address: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("duckdb_extension_ducklake", reason="no DuckLake here: pip install 'listening-path[lake]'")
    monkeypatch.setenv("LISTENING_LAKE", address)
    place = make_workspace(SURVEY + lake_table(tmp_path))
    with pytest.raises(Mend, match=said):
        lake.ask(the_lake(place), "select 1")


def test_without_a_lake_asking_it_says_so(make_workspace: Make) -> None:
    with pytest.raises(Mend, match=r"has no \[lake\]"):
        reading.sql(make_workspace(SURVEY), "select 1", from_lake=True)
