"""Landing keeps rows verbatim, once, whole or not at all."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from conftest import drop

from listening import landing, night
from listening.landing import batches, station
from listening.warehouse import Warehouse
from listening.workspace import Source, Workspace

CLOCK = dt.datetime(2025, 3, 1, 3, tzinfo=dt.UTC)
CSV = "id,said_at,text\n1,2025-01-05,The bill was wrong again\n2,2025-01-06,Quick and friendly delivery\n"
SOURCE = '[sources.{name}]\nconnector = "files"\nkind = "review"\npath = "inbox/*.csv"\n'
PULLS = "select pull_id, fingerprint, row_count, batches from landing.pulls order by pull_id"

Make = Callable[..., Workspace]


@pytest.fixture(scope="session")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Nothing is tagged here, so no classifier is needed."""
    return tmp_path_factory.mktemp("none")


def gather(place: Workspace) -> tuple[night.Night, list[tuple[Any, ...]]]:
    """A night up to its records, and those."""
    with night.begin(place) as tonight:
        for name in tonight.settings.sources:
            tonight.gather(name)
        found = tonight.warehouse._connection.execute("select source, kind, text from records.records where not is_deleted order by all").fetchall()
    return tonight, found


def land(place: Workspace, store: Warehouse, name: str = "reviews", clock: dt.datetime = CLOCK, **keys: Any) -> landing.Landed:
    return landing.land(place, store, Source(name=name, connector="files", kind="review", **{"path": "inbox/*", **keys}), clock)


def landed(place: Workspace, source: str = "reviews") -> list[dict[str, Any]]:
    """All rows below landing/, in their order."""
    return [row for path in sorted(place.landing.glob(f"{source}/*/*.parquet")) for row in pq.read_table(path).to_pylist()]


def folders(place: Workspace) -> list[Path]:
    return sorted(place.landing.glob("*/*"))


def manifest(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return content


def registered(store: Warehouse) -> list[str]:
    return sorted(row["pull_id"] for row in store.rows("landing/registered"))


def known(store: Warehouse, source: str = "reviews") -> list[dict[str, Any]]:
    return store.rows("landing/known", source=source)


def test_rows_are_kept_verbatim_with_their_pull_and_line(make_workspace: Make, store: Warehouse) -> None:
    place = make_workspace(files={"a.csv": 'id,text, empty\n1,"  two\nlines ",\n2\n3,é,0050\n'})
    assert land(place, store).rows == 3
    found = landed(place)
    assert [(row["row_no"], json.loads(row["cells"]), row["fault"]) for row in found] == [
        (2, {"id": "1", "text": "  two\nlines ", "empty": ""}, None),
        (4, "2", "line has another number of cells than the header"),
        (5, {"id": "3", "text": "é", "empty": "0050"}, None),
    ]
    assert {row["pull_id"] for row in found} == set(registered(store)) == {folder.name for folder in folders(place)}


def test_the_manifest_names_the_file_and_every_checksum(make_workspace: Make, store: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "BATCH_ROWS", 1)
    monkeypatch.setattr("listening.sources.files.finding.PAGE_ROWS", 1)
    place = make_workspace(files={"a.csv": CSV})
    land(place, store)
    (folder,) = folders(place)
    content = manifest(folder)
    assert (content["origin"], content["rows"], content["landed_at"], content["size_bytes"]) == ("inbox/a.csv", 2, CLOCK.isoformat(), len(CSV))
    assert content["fingerprint"] == batches._checksum(place.inbox / "a.csv")
    assert {batch["file"]: batch["sha256"] for batch in content["batches"]} == {path.name: batches._checksum(path) for path in folder.glob("*.parquet")}
    assert len(content["batches"]) == 2
    assert sorted(path.name for path in folder.iterdir()) == ["manifest.json", "rows-00001.parquet", "rows-00002.parquet"]


def test_the_same_content_lands_once_a_source_whatever_its_name(make_workspace: Make, store: Warehouse) -> None:
    place = make_workspace(files={"a.csv": CSV, "copy.csv": CSV})
    assert land(place, store).pulls == 1
    (place.inbox / "a.csv").rename(place.inbox / "renamed.csv")
    assert land(place, store).pulls == 0
    assert land(place, store, "other").pulls == 1
    assert len(landed(place)) == len(landed(place, "other")) == 2
    assert len(registered(store)) == len(set(registered(store))) == 2


def test_an_appended_file_lands_whole_and_a_deleted_one_stays_landed(make_workspace: Make, store: Warehouse) -> None:
    place = make_workspace(files={"a.csv": CSV})
    land(place, store)
    drop(place, "a.csv", CSV + "3,2025-01-07,More\n")
    assert land(place, store, clock=CLOCK + dt.timedelta(days=1)).rows == 3
    (place.inbox / "a.csv").unlink()
    empty = land(place, store, clock=CLOCK + dt.timedelta(days=2))
    assert (empty.pulls, empty.faults) == (0, [])
    assert "no file matches" in empty.notes[0]
    assert "What it brought before stays." in empty.notes[0]
    assert len(landed(place)) == 5


def test_a_bad_file_is_told_and_leaves_nothing_behind(make_workspace: Make, store: Warehouse) -> None:
    place = make_workspace(files={"a.csv": "id,text\n1,x\n", "b.csv": "", "c.csv": 'id,"text\n1,x\n'})
    found = land(place, store)
    assert found.faults == [
        "reviews: inbox/b.csv is empty (0 bytes). Export it again, or take it out of the inbox.",
        "reviews: inbox/c.csv has a header line with a quotation mark that is never closed. Export it again.",
    ]
    assert len(folders(place)) == found.pulls == 1


def test_a_full_disk_is_told_and_the_next_night_lands_it(make_workspace: Make, store: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    place = make_workspace(files={"a.csv": CSV})
    with monkeypatch.context() as patch:
        patch.setattr(batches, "_sync", full)
        found = land(place, store)
    assert "No space left on device. Free the disk" in found.faults[0]
    assert folders(place) == []
    assert land(place, store).rows == 2


def test_half_a_surrogate_pair_lands_as_a_replacement_character(make_workspace: Make, store: Warehouse) -> None:
    place = make_workspace(files={"a.jsonl": '{"id":1,"text":"cut \\ud83d","cut \\ud83d":7}\n{"id":2,"text":"whole \\ud83d\\ude00"}\n'})
    land(place, store)
    assert [json.loads(row["cells"])["text"] for row in landed(place)] == ["cut \ufffd", "whole \U0001f600"]


# cut off


class Killed(BaseException):
    pass


def kill(*_: object) -> None:
    raise Killed


@pytest.mark.parametrize("place_of_death", ["_write", "_sync", "_register"])
def test_a_night_killed_while_landing_loses_and_doubles_nothing(
    make_workspace: Make, store: Warehouse, monkeypatch: pytest.MonkeyPatch, place_of_death: str
) -> None:
    place = make_workspace(files={"a.csv": CSV})
    with monkeypatch.context() as patch:
        patch.setattr(station if place_of_death == "_register" else batches, place_of_death, kill)
        patch.setattr(batches, "clear", lambda _: None)  # nothing is tidied up after a SIGKILL
        with pytest.raises(Killed):
            land(place, store)
    assert registered(store) == []
    told = landing.settle(place, store)
    land(place, store)
    assert len(landed(place)) == 2
    assert registered(store) == [folder.name for folder in folders(place)]
    assert ("took up 1 landed pull" in told[0]) == (place_of_death == "_register")
    assert ("removed the unfinished pull" in told[0]) == (place_of_death != "_register")
    assert landing.settle(place, store) == []


def test_a_lost_store_is_filled_from_what_has_landed_until_a_time(make_workspace: Make, store: Warehouse) -> None:
    place = make_workspace(files={"a.csv": CSV})
    land(place, store)
    drop(place, "b.csv", CSV + "3,2025-01-07,More\n")
    land(place, store, clock=CLOCK + dt.timedelta(days=1))
    store.delete("landing/pulls", store.query("landing/registered"))
    landing.settle(place, store, until=CLOCK)
    assert registered(store) == [folders(place)[0].name]
    assert landing.settle(place, store) == ["took up 1 landed pull that the store did not know"]
    assert len(registered(store)) == 2


def test_settling_keeps_what_the_store_knows_and_what_it_cannot_judge(make_workspace: Make, store: Warehouse) -> None:
    place = make_workspace(files={"a.csv": CSV})
    land(place, store)
    (folder,) = folders(place)
    (folder / "manifest.json").unlink()
    damaged = place.landing / "reviews" / "damaged"
    damaged.mkdir()
    (damaged / "manifest.json").write_text("{", encoding="utf-8")
    (place.landing / "reviews" / "notes.txt").write_text("mine", encoding="utf-8")
    told = landing.settle(place, store)
    assert len(told) == 1
    assert "manifest.json is damaged. Bring it back from a backup" in told[0]
    assert len(landed(place)) == 2
    assert damaged.exists()


# damage


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


DAMAGES: dict[str, Callable[[Path], None]] = {
    "a bit has changed": lambda folder: flip(folder / "rows-00001.parquet"),
    "a batch is gone": lambda folder: (folder / "rows-00001.parquet").unlink(),
    "a batch is empty": lambda folder: (folder / "rows-00001.parquet").write_bytes(b""),
    "the manifest is gone": lambda folder: (folder / "manifest.json").unlink(),
    "the manifest is cut": lambda folder: (folder / "manifest.json").write_text('{"batches"', encoding="utf-8") and None,
    "the manifest is another thing": lambda folder: (folder / "manifest.json").write_text("[]", encoding="utf-8") and None,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_changed_batch_is_found_and_named(make_workspace: Make, store: Warehouse, damage: str) -> None:
    place = make_workspace(files={"a.csv": CSV})
    land(place, store)
    (folder,) = folders(place)
    assert landing.verify(place, "reviews", folder.name) is None
    DAMAGES[damage](folder)
    sentence = landing.verify(place, "reviews", folder.name)
    assert sentence is not None
    assert sentence.startswith(f"reviews: {folder}/")
    assert sentence.endswith("Bring it back from a backup.")


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_batch_fails_its_source_in_words_and_the_others_go_on(make_workspace: Make, damage: str) -> None:
    first, second = SOURCE.format(name="first"), SOURCE.format(name="second").replace("*.csv", "*.txt")
    place = make_workspace(first + second, {"a.csv": CSV, "b.txt": CSV})
    gather(place)
    place.configuration.write_text(place.configuration.read_text().replace('"review"', '"survey"'))  # all of it is shaped again
    (folder,) = (place.landing / "first").iterdir()
    DAMAGES[damage](folder)
    tonight, found = gather(place)
    assert tonight.status == night.DONE_IN_PART
    assert list(tonight.faults) == ["first"]
    assert "missing or damaged" in tonight.faults["first"][0]
    assert [row[:2] for row in found] == [("first", "review")] * 2 + [("second", "survey")] * 2


def test_damage_that_nobody_is_about_to_read_stops_nothing(make_workspace: Make) -> None:
    place = make_workspace(SOURCE.format(name="first"), {"a.csv": CSV})
    gather(place)
    DAMAGES["a bit has changed"](folders(place)[0])
    drop(place, "b.csv", CSV + "3,2025-01-07,More\n")
    tonight, found = gather(place)
    assert (tonight.faults, len(found)) == ({}, 3)


# another reading of the same content

WESTERN = "id,said_at,text\n1,2025-01-05,Слишком дорого и очень медленно\n".encode("cp1251")


def test_content_is_read_again_in_its_place_when_the_source_says_how(make_workspace: Make, store: Warehouse) -> None:
    place = make_workspace(files={"a.csv": WESTERN})
    land(place, store, encoding="cp1252")
    (before,) = known(store)
    later = CLOCK + dt.timedelta(days=1)
    assert land(place, store, clock=later, encoding="cp1251").pulls == 1
    (after,) = known(store)
    assert [json.loads(row["cells"])["text"] for row in landed(place)] == ["Слишком дорого и очень медленно"]
    assert (after["pull_id"], after["fingerprint"]) == (before["pull_id"], before["fingerprint"])
    assert manifest(folders(place)[0])["landed_at"] == CLOCK.isoformat()
    assert landing.verify(place, "reviews", after["pull_id"]) is None
    assert land(place, store, clock=later, encoding="cp1251").pulls == 0


def test_another_reading_that_fails_leaves_the_first(make_workspace: Make, store: Warehouse) -> None:
    place = make_workspace(files={"a.csv": CSV})
    land(place, store)
    assert "there is no such encoding" in land(place, store, encoding="utf-9").faults[0]
    assert len(landed(place)) == 2
    assert landing.verify(place, "reviews", registered(store)[0]) is None


def test_another_reading_cut_off_before_the_store_is_taken_up(make_workspace: Make, store: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    place = make_workspace(files={"a.csv": CSV})
    land(place, store)
    with monkeypatch.context() as patch:
        patch.setattr(station, "_register", kill)
        patch.setattr(batches, "clear", lambda _: None)
        with pytest.raises(Killed):
            land(place, store, delimiter="-")
    landing.settle(place, store)
    land(place, store, delimiter="-")
    (row,) = known(store)
    assert row["batches"] == [f"reviews/{row['pull_id']}/rows-00002.parquet"]


def test_records_of_another_reading_take_the_place_of_the_first(make_workspace: Make) -> None:
    place = make_workspace(SOURCE.format(name="first") + 'encoding = "cp1252"\n', {"a.csv": WESTERN.replace(b"id,", b"no,")})
    gather(place)
    place.configuration.write_text(place.configuration.read_text().replace("cp1252", "cp1251"))
    assert gather(place)[1] == [("first", "review", "Слишком дорого и очень медленно")]


# the whole way

CORPUS: dict[str, str | bytes] = {
    "surrogate.jsonl": '{"id":"s","said_at":"2025-01-05","text":"cut \\ud83d here in the middle"}\n',
    "nul.jsonl": '{"id":"n","said_at":"2025-01-05","text":"a zero \\u0000 byte in the text"}\n',
    "nan.jsonl": '{"id":"x","said_at":"2025-01-05","text":"fine with me","score":NaN}\n{"id":NaN,"said_at":NaN,"text":NaN}\n',
    "odd.jsonl": '{}\n[]\n5\n{"id":{"a":1},"said_at":[1],"text":{"b":[2]}}\n{"id":"torn',
    "big.jsonl": '{"id":"b","said_at":"2025-01-05","text":"' + "very long " * 300_000 + '"}\n',
    "ragged.jsonl": '{"id":1}\n{"text":"no date here"}\n',
}


def test_the_night_counts_every_row_of_awkward_files_and_stops_at_none(make_workspace: Make) -> None:
    place = make_workspace(SOURCE.format(name="first").replace("*.csv", "*.jsonl"), CORPUS)
    tonight, _ = gather(place)
    assert not any("unexpected" in sentence for sentence in tonight.faults.get("first", []))
    assert sum(tonight.counts["first"].values()) == len(landed(place, "first")) == 12
