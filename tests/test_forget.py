"""Forgetting takes a person out of everything but the company's own inbox, and what was deleted or is too old goes as well."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from conftest import branched, drop, rows, run, workspace_maker

from listening import night, persons, search, warehouse
from listening.forgotten import Forgotten, Identity
from listening.workspace import Mend, Workspace

Make = Callable[..., Workspace]
HEADER = "id,said_at,text,updated_at,deleted\n"
ANNA, MAIL = "CUST-77001", "anna.forget@example.org"
SOURCES = """
[sources.survey]
connector = "files"
kind = "survey"
path = "inbox/survey*.csv"
columns = { id = "id", said_at = "day", text = "words", score = "nps", customer_id = "customer", email = "mail" }
score_scale = [0, 10]
score_name = "NPS"

[sources.tickets]
connector = "files"
kind = "ticket"
path = "inbox/tickets*.jsonl"

[sources.customers]
connector = "files"
kind = "customers"
path = "inbox/customers*.csv"

[sources.operations]
connector = "files"
kind = "operations"
path = "inbox/operations*.csv"
"""
SURVEY = (
    "id,day,words,nps,customer,mail\n"
    f"1,2025-05-01,The courier lost my wardrobe zebrafinch,2,{ANNA},{MAIL}\n"
    f"2,2025-05-02,Delivered on time by a friendly crew,9,CUST-88002,bob@example.org\n"
    f"3,2025-05-03,I came because {MAIL} told me of you,8,CUST-88003,carl@example.org\n"
    f"4,not a date,zebrafinch again,3,{ANNA},{MAIL}\n"
)


REVIEWS = '[sources.reviews]\nconnector = "files"\nkind = "review"\npath = "inbox/*.csv"\n'


def ticket(number: int, requester: object, words: str, comments: list[dict[str, Any]] | None = None, **more: Any) -> str:
    row = {"id": number, "created_at": "2025-05-04T09:00:00Z", "updated_at": "2025-05-04T09:00:00Z", "requester_id": requester, "subject": "Help",
           "description": words, "status": "open", "comments": comments or [], **more}  # fmt: skip
    return json.dumps(row) + "\n"


@pytest.fixture(scope="module")
def first_night(tmp_path_factory: pytest.TempPathFactory, fitted: Path) -> Workspace:
    tickets = ticket(1, ANNA, "Nobody answers about zebrafinch") + ticket(2, "CUST-88002", f"Please write to {MAIL} instead")
    tickets += ticket(3, "CUST-88003", "The bill is wrong", [
        {"id": 1, "author_id": "CUST-88003", "body": "The bill is wrong", "created_at": "2025-05-04T09:00:00Z"},
        {"id": 2, "author_id": ANNA, "body": "Mine had zebrafinch on it", "created_at": "2025-05-04T10:00:00Z"}])  # fmt: skip
    place = workspace_maker(tmp_path_factory.mktemp("forget"), fitted)(
        SOURCES,
        {
            "survey.csv": SURVEY,
            "tickets.jsonl": tickets,
            "customers.csv": f"customer_id,since,value\n{ANNA},2020-01-01,100\nCUST-88002,2021-01-01,50\n",
            "operations.csv": f"customer_id,stage,measure,at,failed\n{ANNA},onboard,late,2025-05-01,1\nCUST-88002,onboard,late,2025-05-01,0\n",
        },
    )
    run(place)
    return place


@pytest.fixture
def place(first_night: Workspace, tmp_path: Path) -> Workspace:
    """A company after its first night."""
    return branched(first_night, tmp_path)


@pytest.fixture(scope="module")
def without_anna(first_night: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The same company after she was forgotten; for reading only."""
    place = branched(first_night, tmp_path_factory.mktemp("without"))
    persons.forget(place, Identity.customer(ANNA))
    return place


def traces(place: Workspace) -> list[str]:
    """Where the person still stands outside the inbox: by id, by address, by a word that only they said."""
    found = search.files_with(place.root, [ANNA, MAIL, "zebrafinch"])
    return [str(path.relative_to(place.root)) for path in found if not path.is_relative_to(place.inbox)]


def tables_with(place: Workspace, word: str) -> set[str]:
    """The tables of the store, of whatever station, in which a word stands."""
    return {name for name, batch in warehouse.contents(place.warehouse) if word in str(batch.to_pylist()).lower()}


def customers(place: Workspace) -> set[object]:
    return {row["customer_id"] for name in ("records", "customers", "operations") for row in rows(place, f"select customer_id from {name}")}


def test_after_forgetting_no_file_but_the_inbox_and_no_table_of_the_store_holds_the_person(place: Workspace) -> None:
    words = "The courier was terribly rude and the delivery of my wardrobe zebrafinch was awful and broken."
    drop(place, "survey-2.csv", SURVEY.replace("lost my", "never brought my") + f"11,2025-05-01,{words},1,{ANNA},{MAIL}\n")
    run(place)
    assert traces(place)
    assert {"records", "tagged_records", "sentences", "quote_candidates", "quotes"} <= tables_with(place, "zebrafinch")
    receipt = persons.forget(place, Identity.customer(ANNA))
    assert traces(place) == []
    assert {word: tables_with(place, word.lower()) for word in ("zebrafinch", ANNA, MAIL)} == {"zebrafinch": set(), ANNA: set(), MAIL: set()}
    assert {identity.value for identity in receipt.found.identities} == {ANNA, MAIL}
    assert {path.name for path in receipt.left} == {"survey.csv", "survey-2.csv", "tickets.jsonl", "customers.csv", "operations.csv"}
    assert ANNA not in customers(place)
    assert {"CUST-88002", "CUST-88003"} <= customers(place)


def test_an_address_finds_the_customer_and_a_customer_the_address(place: Workspace) -> None:
    by_address = persons.forget(place, Identity.email(MAIL.upper()), is_dry_run=True)
    assert {identity.value for identity in by_address.found.identities} == {ANNA, MAIL}
    assert by_address.found.counts == {"survey": 2, "tickets": 1, "customers": 1, "operations": 1}
    assert traces(place), "a dry run changes nothing"


def test_neither_the_next_nights_nor_a_rebuild_bring_the_person_back(without_anna: Workspace, tmp_path: Path) -> None:
    place = branched(without_anna, tmp_path)
    drop(
        place, "survey-3.csv", SURVEY + f"5,2025-06-01,zebrafinch is back,1,{ANNA},{MAIL}\n6,2025-06-02,All good with the invoice now,9,CUST-9,d@example.org\n"
    )
    drop(place, "tickets-2.jsonl", ticket(9, ANNA, "zebrafinch once more"))
    done = run(place)
    assert traces(place) == []
    assert done.counts["survey"]["refused"] == 3
    assert done.counts["tickets"]["refused"] == 1
    night.run(place, is_anew=True)
    assert traces(place) == []
    assert ANNA not in customers(place)
    assert "CUST-9" in customers(place)


def test_seen_adds_up_with_refused_rows(without_anna: Workspace) -> None:
    for row in rows(without_anna, "select * from run_counts"):
        assert row["seen"] == sum(int(str(row[name])) for name in ("new", "updated", "repeated", "deleted", "rejected", "refused")), row


def test_what_others_said_stays_with_the_mention_masked(without_anna: Workspace) -> None:
    texts = {str(row["native_id"]): str(row["text"]) for row in rows(without_anna, "select native_id, text from records where source = 'survey'")}
    assert "told me of you" in texts["3"]
    landed = [row for path in without_anna.landing.glob("*/*/*.parquet") for row in pq.read_table(path).to_pylist()]
    assert any("[forgotten]" in row["cells"] for row in landed if "told me" in row["cells"])


def test_a_killed_forgetting_is_finished_by_the_next_night(place: Workspace) -> None:
    with night.held(place):
        Forgotten(place).add({Identity.customer(ANNA), Identity.email(MAIL)}, dt.date(2025, 6, 1))
    assert traces(place)
    run(place)
    assert traces(place) == []
    assert not Forgotten(place).is_due


def test_forgetting_reaches_labels(place: Workspace) -> None:
    ids = {str(row["native_id"]): str(row["record_id"]) for row in rows(place, "select native_id, record_id from records where source = 'survey'")}
    labels = place.root / "labels" / "mine.csv"
    labels.parent.mkdir()
    labels.write_text(f"record_id,stage,text\n{ids['1']},onboard,zebrafinch\n{ids['2']},onboard,fine\n", encoding="utf-8")
    persons.forget(place, Identity.customer(ANNA))
    assert [row["record_id"] for row in csv.DictReader(labels.open(encoding="utf-8"))] == [ids["2"]]


def test_an_address_of_many_customers_is_left_alone(make_workspace: Make) -> None:
    shared = "office@example.org"
    lines = "".join(f"{n},2025-05-0{n},The parcel number {n} came late,3,CUST-10{n},{shared}\n" for n in range(1, 8))
    place = make_workspace(SOURCES.split("[sources.tickets]", maxsplit=1)[0], {"survey.csv": "id,day,words,nps,customer,mail\n" + lines})
    run(place)
    receipt = persons.forget(place, Identity.customer("CUST-101"))
    assert {identity.value for identity in receipt.found.identities} == {"CUST-101"}
    assert {identity.value for identity in receipt.found.shared} == {shared}
    assert len(rows(place, "select * from records")) == 6


def test_only_marks_of_the_forgotten_are_kept(without_anna: Workspace) -> None:
    kept = "".join(path.read_text(encoding="utf-8") for path in without_anna.forgotten.iterdir())
    assert ANNA not in kept
    assert MAIL not in kept
    assert all(path.stat().st_mode & 0o077 == 0 for path in (without_anna.forgotten, *without_anna.forgotten.iterdir()))


def test_somebody_unknown_is_kept_from_coming_in(place: Workspace) -> None:
    assert persons.forget(place, Identity.customer("CUST-55555")).found.rows == {}
    drop(place, "survey-9.csv", "id,day,words,nps,customer,mail\n9,2025-06-01,Hello from a new customer here,5,CUST-55555,x@example.org\n")
    assert run(place).counts["survey"]["refused"] == 1


def test_a_column_named_later_refuses_and_erases_as_well(make_workspace: Make) -> None:
    source = '[sources.reviews]\nconnector = "files"\nkind = "review"\npath = "inbox/r.csv"\ncolumns = {{ id = "n", said_at = "day", text = "words"{more} }}\n'
    place = make_workspace(
        source.format(more=""), {"r.csv": f"n,day,words,who\n1,2025-05-01,The seat was broken zebrafinch,{ANNA}\n2,2025-05-02,Nice trip,B\n"}
    )
    run(place)
    with night.held(place):
        Forgotten(place).add({Identity.customer(ANNA)}, dt.date(2025, 6, 1))
        Forgotten(place).done()
    place.configuration.write_text(place.configuration.read_text(encoding="utf-8").replace('"words" }', '"words", customer_id = "who" }'), encoding="utf-8")
    done = run(place)
    assert done.counts["reviews"]["refused"] == 1
    assert traces(place) == [] or all(".published" in trace for trace in traces(place))


def test_everything_known_of_a_person_is_exported(place: Workspace) -> None:
    known = persons.export(place, Identity.email(MAIL))
    assert len(known["landed"]) == 5
    assert any("lost my wardrobe" in json.dumps(row["cells"]) for row in known["landed"])
    assert {"records", "sentences", "customers", "operations"} <= known["published"].keys()
    assert {row["customer_id"] for row in known["published"]["records"]} == {ANNA}


def test_two_names_at_once_are_refused(place: Workspace) -> None:
    with pytest.raises(Mend), night.held(place), night.held(place):
        pass


def test_a_value_is_found_in_whatever_kind_of_file(tmp_path: Path) -> None:
    (tmp_path / "plain.txt").write_text("so spoke Zebrafinch yesterday")
    (tmp_path / "wide.txt").write_text("so spoke zebrafinch", encoding="utf-16")
    (tmp_path / "packed.gz").write_bytes(gzip.compress(b"zebrafinch"))
    (tmp_path / "other.txt").write_text("zebrafinches are others")
    assert [path.name for path in search.files_with(tmp_path, ["zebrafinch"])] == ["packed.gz", "plain.txt", "wide.txt"]


# --- deleted at the source, and older than it may be kept ---


@pytest.fixture(scope="module")
def deleted(tmp_path_factory: pytest.TempPathFactory, fitted: Path) -> tuple[Workspace, night.Night]:
    """A company after two nights, and the second of them, in which one of two reviews was deleted at its source."""
    place = workspace_maker(tmp_path_factory.mktemp("deleted"), fitted)(
        REVIEWS, {"a.csv": HEADER + "1,2025-05-01,The zebrafinch seat was broken,2025-05-01,\n2,2025-05-02,Nice trip to the coast,2025-05-02,\n"}
    )
    run(place)
    drop(place, "b.csv", HEADER + "1,2025-05-01,The zebrafinch seat was broken,2025-05-09,true\n")
    return place, run(place)


def test_words_deleted_at_the_source_leave_landing_too(deleted: tuple[Workspace, night.Night], tmp_path: Path) -> None:
    place, second = branched(deleted[0], tmp_path), deleted[1]
    assert second.counts["reviews"]["deleted"] == 1
    current = [trace for trace in traces(place) if not trace.startswith(".published/") or (place.root / trace).is_relative_to(place.published.resolve())]
    assert current == []
    drop(place, "c.csv", HEADER + "1,2025-05-01,The zebrafinch seat was broken again,2025-05-03,\n")
    assert run(place).counts["reviews"]["repeated"] == 1
    assert not search.files_with(place.landing, ["zebrafinch"])
    night.run(place, is_anew=True)
    assert [row["native_id"] for row in rows(place, "select native_id from records")] == ["2"]


def test_a_replay_of_a_day_with_deletions_touches_nothing_but_what_it_publishes(deleted: tuple[Workspace, night.Night], tmp_path: Path) -> None:
    place, second = branched(deleted[0], tmp_path), deleted[1]
    drop(place, "c.csv", f"{HEADER}3,2025-05-03,The crew was kind,2025-05-03,\n")
    run(place)
    labels = place.root / "labels" / "mine.csv"
    labels.parent.mkdir()
    ids = [str(row["record_id"]) for row in rows(place, "select record_id from records where native_id = '3'")]
    labels.write_text(f"record_id,stage\n{ids[0]},use\n", encoding="utf-8")
    assert run(place, second.clock.isoformat()).status == 0
    assert [row["native_id"] for row in rows(place, "select native_id from records")] == ["2"]
    assert ids[0] in labels.read_text(encoding="utf-8")


def test_a_deleted_ticket_takes_its_messages_out_of_landing(make_workspace: Make) -> None:
    place = make_workspace(SOURCES.split("[sources.tickets]")[1].join(["[sources.tickets]", ""]).split("[sources.customers]")[0], {
        "tickets.jsonl": ticket(1, "CUST-1", "My zebrafinch is late") + ticket(2, "CUST-2", "The bill is wrong again")})  # fmt: skip
    run(place)
    drop(place, "tickets-2.jsonl", ticket(1, "CUST-1", "", status="deleted", updated_at="2025-06-01T09:00:00Z"))
    run(place)
    assert not search.files_with(place.landing, ["zebrafinch"])
    assert [row["text"] for row in rows(place, "select text from records")] == ["Help\nThe bill is wrong again"]


@pytest.fixture
def old_and_new(make_workspace: Make) -> Workspace:
    today = dt.date.today()
    old, new = today - dt.timedelta(days=400), today - dt.timedelta(days=20)
    return make_workspace(
        REVIEWS + "keep_days = 365\n",
        {"a.csv": f"id,said_at,text\n1,{old},The zebrafinch seat was broken\n2,{new},Nice trip to the coast\n"},
    )


def test_what_is_older_than_keep_days_is_rejected_and_leaves_landing(old_and_new: Workspace) -> None:
    done = run(old_and_new)
    assert (done.counts["reviews"]["new"], done.counts["reviews"]["rejected"]) == (1, 1)
    assert done.reasons["reviews"] == {"older than keep_days": 1}
    assert traces(old_and_new) == []


def test_what_grows_too_old_goes_within_a_week(make_workspace: Make) -> None:
    today = dt.date.today()
    old, new = today - dt.timedelta(days=400), today - dt.timedelta(days=20)
    place = make_workspace(
        REVIEWS,
        {"a.csv": f"id,said_at,text\n1,{old},The zebrafinch seat was broken\n2,{new},Nice trip to the coast\n"},
    )
    run(place)
    assert len(rows(place, "select * from records")) == 2
    place.configuration.write_text(place.configuration.read_text(encoding="utf-8") + "keep_days = 365\n", encoding="utf-8")
    run(place)
    assert [row["native_id"] for row in rows(place, "select native_id from records")] == ["2"]
    assert not search.files_with(place.landing, ["zebrafinch"])
