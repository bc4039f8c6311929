"""The store can be lost, damaged or outgrown without anything being lost: it is built again from what has landed."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import OF_THE_RUN, branched, drop, published, rows, run, workspace_maker

from listening import night, warehouse
from listening.warehouse import StoreFault, Warehouse
from listening.workspace import Mend, Workspace

Make = Callable[..., Workspace]
SOURCE = '[sources.reviews]\nconnector = "files"\nkind = "review"\npath = "inbox/*.csv"\n'
CSV = "id,said_at,text\n1,2025-01-05,The bill was wrong again\n2,2025-01-06,Quick and friendly delivery\n"


@pytest.fixture(scope="module")
def first_night(tmp_path_factory: pytest.TempPathFactory, fitted: Path) -> Workspace:
    place = workspace_maker(tmp_path_factory.mktemp("store"), fitted)(SOURCE, {"a.csv": CSV})
    run(place)
    return place


@pytest.fixture
def place(first_night: Workspace, tmp_path: Path) -> Workspace:
    """A company after its first night."""
    return branched(first_night, tmp_path)


def states(place: Workspace) -> list[object]:
    return [row["state"] for row in rows(place, "select state from runs order by started_at")]


def test_a_rebuilt_store_publishes_the_same(place: Workspace) -> None:
    drop(place, "b.csv", CSV.replace("wrong again", "right at last").replace("2025-01-05", "2025-02-05") + "3,2025-02-01,The engineer never came\n")
    run(place)
    before, counts = published(place, besides=OF_THE_RUN), rows(place, "select * from run_counts")
    night.run(place, is_anew=True, is_pulling=False)
    assert published(place, besides=OF_THE_RUN) == before
    assert states(place) == ["done", "done", "done"]
    assert [row for row in rows(place, "select * from run_counts") if row in counts] == counts


def test_an_earlier_file_put_back_is_what_counts(place: Workspace) -> None:
    drop(place, "a.csv", CSV.replace("wrong again", "right at last"))
    run(place)
    drop(place, "a.csv", CSV)
    assert run(place).counts["reviews"]["updated"] == 1
    assert {row["text"] for row in rows(place, "select text from records")} == {"The bill was wrong again", "Quick and friendly delivery"}
    assert run(place).counts["reviews"]["updated"] == 0


def test_a_lost_store_is_built_again_and_told(place: Workspace) -> None:
    before = published(place, besides=OF_THE_RUN)
    place.warehouse.unlink()
    done = run(place)
    assert published(place, besides=OF_THE_RUN) == before
    assert any("was not there" in note for note in done.notes)


@pytest.mark.parametrize("damage", ["cut", "beginning", "none of it"])
def test_a_store_that_cannot_be_opened_is_set_aside_and_built_again(place: Workspace, damage: str) -> None:
    before = published(place, besides=OF_THE_RUN)
    content = place.warehouse.read_bytes()
    place.warehouse.write_bytes({"cut": content[:5000], "beginning": b"\0" * 4096 + content[4096:], "none of it": b"not a store at all"}[damage])
    done = run(place)
    assert published(place, besides=OF_THE_RUN) == before
    assert any("set aside" in note for note in done.notes)
    assert (place.set_aside / "warehouse.duckdb").exists()


def test_a_store_that_lost_commits_without_a_word_is_noticed(place: Workspace) -> None:
    older = place.warehouse.read_bytes()
    drop(place, "b.csv", "id,said_at,text\n3,2025-02-01,The engineer never came\n")
    run(place)
    before = published(place, besides=OF_THE_RUN)
    place.warehouse.write_bytes(older)  # as after a log that was cut off: it opens, and says nothing
    done = run(place)
    assert any("has lost the last" in note for note in done.notes)
    assert published(place, besides=OF_THE_RUN) == before


def test_a_store_of_an_older_program_is_kept_and_its_runs_are_carried_over(place: Workspace) -> None:
    shutil.rmtree(place.journal)  # older programs had none
    with duckdb.connect(str(place.warehouse)) as connection:
        connection.execute("drop table main.store")
        connection.execute("create table main.store as select 1 as version")
        connection.execute("alter table night.runs drop column program_version")
    done = run(place)
    assert any("older version" in note for note in done.notes)
    assert states(place) == ["done", "done"]
    assert (place.set_aside / "warehouse.duckdb").exists()


def test_a_store_of_a_newer_program_is_refused_in_words(place: Workspace) -> None:
    with duckdb.connect(str(place.warehouse)) as connection:
        connection.execute("update main.store set version = 99")
    with pytest.raises(Mend, match="newer Listening Path"):
        run(place)
    assert place.warehouse.exists()


def test_a_landed_pull_of_a_newer_program_is_refused_in_words(place: Workspace) -> None:
    path = next(place.landing.glob("*/*/manifest.json"))
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | {"format": 99}), encoding="utf-8")
    with pytest.raises(Mend, match="newer Listening Path"):
        run(place)


def test_a_run_that_was_killed_stands_there_as_cut_off(make_workspace: Make) -> None:
    place = make_workspace(SOURCE, {"a.csv": CSV})
    with suppress(KeyboardInterrupt), night.begin(place) as tonight:
        tonight.gather("reviews")
        raise KeyboardInterrupt
    run(place)
    assert states(place) == ["cut off", "done"]
    assert sum(int(str(row["new"])) for row in rows(place, "select new from run_counts")) == 2


class _Raising:
    """A connection whose commit raises, before or after it is durable, as on a full disk."""

    def __init__(self, connection: Any, is_durable: bool) -> None:
        self.connection, self.is_durable = connection, is_durable

    def execute(self, statement: str, *rest: Any) -> Any:
        if statement != "commit":
            return self.connection.execute(statement, *rest)
        self.connection.execute("commit" if self.is_durable else "rollback")
        raise duckdb.FatalException("FATAL Error: Transaction COMMIT succeeded and is durable, but the autocheckpoint failed")

    def __getattr__(self, name: str) -> Any:
        return getattr(self.connection, name)


def pull(number: int) -> dict[str, Any]:
    return {"pull_id": f"p{number}", "source": "s", "kind": "review", "connector": "files", "landed_at": dt.datetime(2025, 1, 1, tzinfo=dt.UTC),
            "origin": "x", "fingerprint": f"f{number}", "size_bytes": 1, "row_count": 1, "batches": []}  # fmt: skip


def test_a_commit_that_raises_and_is_durable_is_no_fault(tmp_path: Path) -> None:
    with warehouse.opened(tmp_path / "warehouse.duckdb") as store:
        store._connection = _Raising(store._connection, is_durable=True)
        with store.transaction():
            store.insert("landing/pulls", [pull(1)])
        with store.transaction():
            store.insert("landing/pulls", [pull(2)])
        assert sorted(row["pull_id"] for row in store.rows("landing/registered")) == ["p1", "p2"]


def test_a_commit_that_raises_and_is_not_durable_ends_the_night_in_words(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    with warehouse.opened(path) as store:
        store._connection = _Raising(store._connection, is_durable=False)
        with pytest.raises(StoreFault, match="Free the disk"), store.transaction():
            store.insert("landing/pulls", [pull(1)])
    with warehouse.opened(path) as again:
        assert again.notes == []
        assert again.rows("landing/registered") == []


def test_what_is_deleted_leaves_the_bytes_when_the_store_is_copied(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    with warehouse.opened(path) as store:
        with store.transaction():
            store.insert("landing/pulls", [pull(number) | {"origin": f"zebrafinch-{number}"} for number in range(500)])
        _empty(store)
        store.compact()
        with store.transaction():
            store.insert("landing/pulls", [pull(1)])
    assert b"zebrafinch" not in path.read_bytes()
    assert not list(tmp_path.glob("*.wal"))
    assert path.stat().st_mode & 0o077 == 0


def _empty(store: Warehouse) -> None:
    with store.transaction():
        store.replace("landing/pulls", [])


def test_runs_and_logs_stay_as_long_as_the_configuration_says(place: Workspace) -> None:
    place.configuration.write_text(place.configuration.read_text(encoding="utf-8") + "[keep]\nruns = 2\nlogs = 3\n", encoding="utf-8")
    for _ in range(3):
        run(place)
    assert len([path for path in place.runs.iterdir() if path.is_dir()]) == 2
    assert len(list(place.logs.glob("*.jsonl"))) == 3


def test_what_a_night_makes_is_for_its_owner_only(first_night: Workspace) -> None:
    made = [first_night.landing, first_night.runs, first_night.logs, first_night.journal, first_night.warehouse]
    for top in made:
        for path in (top, *top.rglob("*")):
            assert path.is_symlink() or path.stat().st_mode & 0o077 == 0, path


# --- drift: columns that come, go and change ---


def test_new_missing_and_retyped_columns_are_told_and_stop_nothing(make_workspace: Make) -> None:
    lines = [f"{n},2025-01-{n % 28 + 1:02d},The courier was {n} minutes late,{n % 10},north" for n in range(1, 41)]
    place = make_workspace(SOURCE, {"a.csv": "\n".join(["id,said_at,text,minutes,area", *lines]) + "\n"})
    run(place)
    later = [f"{n},2025-02-{n % 28 + 1:02d},The courier was {n} minutes late,many,web" for n in range(41, 81)]
    drop(place, "b.csv", "\n".join(["id,said_at,text,minutes,door", *later]) + "\n")
    done = run(place)
    assert done.status == 0
    told = " ".join(done.notes)
    assert "not there before: 'door'" in told
    assert "no longer has the columns 'area'" in told
    assert "'minutes' held numbers before and holds text now" in told
    fields = {row["field"]: row for row in rows(place, "select * from source_fields")}
    assert (fields["area"]["is_in_newest"], fields["door"]["is_in_newest"]) == (False, True)
    assert fields["minutes"]["holds"] == "text"
    assert len(rows(place, "select * from records")) == 80


def test_a_source_that_is_no_longer_named_leaves_the_tables_and_comes_back(make_workspace: Make) -> None:
    place = make_workspace(SOURCE + SOURCE.replace("reviews", "posts").replace("*.csv", "*.txt"), {"a.csv": CSV, "b.txt": CSV})
    run(place)
    whole = place.configuration.read_text(encoding="utf-8")
    place.configuration.write_text(whole.split("[sources.posts]")[0], encoding="utf-8")
    done = run(place)
    assert any("no longer names it" in note for note in done.notes)
    assert {row["source"] for row in rows(place, "select source from records")} == {"reviews"}
    place.configuration.write_text(whole, encoding="utf-8")
    run(place)
    assert len(rows(place, "select * from records where source = 'posts'")) == 2


def test_a_night_that_needs_more_memory_than_it_may_take_says_how_to_mend_it(place: Workspace) -> None:
    place.configuration.write_text(place.configuration.read_text() + '\n[run]\nmemory = "100MB"\n')
    with pytest.raises(StoreFault, match=r"memory = .* in \[run\]"), night.held(place) as (_, store):
        store._execute("select array_agg(number || 'customers say more than a store of this size can hold') from range(20_000_000) as numbers(number)")
    assert run(place).published, "what had been kept is still there, and a night of this size needs no more"
