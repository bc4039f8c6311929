"""The files of labels: one place reads and writes them, bad rows are told, and forgetting reaches them."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from listening import journey, labels
from listening.journey import Journey
from listening.labels import Label
from listening.tagging import tags
from listening.workspace import Workspace, shipped

JOURNEY = journey.read(shipped("default-journey.yaml"))


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


def put(place: Workspace, content: str | bytes, name: str = "a.csv") -> Path:
    path = labels.folder(place) / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def said(place: Workspace, read_as: Journey = JOURNEY) -> list[tuple[str, dict[str, str]]]:
    return [(label.record_id, label.tags) for label in labels.read(place, read_as).labels]


def test_a_record_and_its_stage_are_a_label(place: Workspace) -> None:
    put(place, "record_id,start,stop,stage\nr1,,,pay\nr1,0,8,use\n")
    found = labels.read(place, JOURNEY)
    assert [(label.record_id, label.start, label.stop, label.tags) for label in found.labels] == [
        ("r1", None, None, {"stage": "pay"}), ("r1", 0, 8, {"stage": "use"}),
    ]  # fmt: skip
    assert found.faults == []


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("r2,,,delivry", "row 3: stage 'delivry' is not known and is left out; it can be discover"),
        ("r2,,,onbord", "do you mean 'onboard'?"),
        (",,,pay", "row 3: has no record_id"),
        ("r2,8,3,pay", "mark no part of a text"),
        ("r2,x,,pay", "mark no part of a text"),
        ("r2,,pay", "row 3: line has another number of cells than the header"),
    ],
)
def test_a_bad_row_is_told_with_its_place_and_the_good_ones_beside_it_count(place: Workspace, row: str, told: str) -> None:
    put(place, f"record_id,start,stop,stage\nr1,,,pay\n{row}\nr3,,,use\n")
    found = labels.read(place, JOURNEY)
    assert [(label.record_id, label.tags) for label in found.labels] == [("r1", {"stage": "pay"}), ("r3", {"stage": "use"})]
    (fault,) = found.faults
    assert fault.startswith("labels/a.csv")
    assert told in fault


def test_a_bad_cell_costs_itself_alone(place: Workspace) -> None:
    put(place, "record_id,stage,sentiment\nr1,delivry,positive\n")
    assert said(place) == [("r1", {"sentiment": "1"})]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_file_that_a_spreadsheet_saved_is_read(place: Workspace, encoding: str, delimiter: str) -> None:
    lines = [["Stage ", "Record_ID", "sentiment"], [" Pay", " r1 ", "-1.0"], ["", "", ""], ["NONE", "r2", "neutral"]]
    put(place, "\r\n".join(delimiter.join(line) for line in lines).encode(encoding))
    assert said(place) == [("r1", {"stage": "pay", "sentiment": "-1"}), ("r2", {"stage": "none", "sentiment": "0"})]


def test_a_file_that_is_no_table_is_told_and_the_others_count(place: Workspace) -> None:
    put(place, b"\x89PNG\r\n\x1a\n" + bytes(500))
    put(place, "record_id,stage\nr1,pay\n", "b.csv")
    found = labels.read(place, JOURNEY)
    assert len(found.labels) == 1
    assert "labels/a.csv is no text file but a picture" in found.faults[0]


def test_what_a_person_picks_and_what_the_guide_writes_mean_the_same() -> None:
    for tag, words in labels.WORDS.items():
        for word, sign in words.items():
            assert labels.value_of(tag, word.upper(), JOURNEY) == labels.value_of(tag, sign, JOURNEY) == (sign, None)


def test_labels_and_tags_have_the_same_classes() -> None:
    for tag, classes in tags.CLASSES.items():
        assert set(labels.WORDS[tag].values()) == set(classes) - {tags.SILENT}


def test_nothing_said_is_another_thing_than_an_empty_cell() -> None:
    assert labels.value_of("effort", "nothing", JOURNEY) == (labels.NOTHING, None)
    assert labels.value_of("effort", "", JOURNEY) == (None, None)
    assert labels.value_of("recommend", "0", JOURNEY) == (labels.NOTHING, None)
    assert labels.value_of("sentiment", "nothing", JOURNEY)[0] is None


def test_a_stage_that_was_renamed_is_found_under_its_old_name(place: Workspace, tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("stages:\n  - {stage: delivery, name: Getting it, covers: [onboard]}\n  - {stage: pay}\n", encoding="utf-8")
    put(place, "record_id,stage\nr1,onboard\nr2,getting it\nr3,delivery\nr4,use\n")
    assert said(place, journey.read(own)) == [(name, {"stage": "delivery"}) for name in ("r1", "r2", "r3")]


def test_a_later_label_of_the_same_hand_takes_the_place_of_the_former(place: Workspace) -> None:
    first = Label("r1", {"stage": "pay"}, labeller="Ada", labelled_at="2026-01-01")
    assert labels.add(place, "ada", [first, Label("r2", {"stage": "use"}, labeller="Ada", labelled_at="2026-01-01")]) == 2
    assert labels.add(place, "ada", [Label("r1", {"stage": "use"}, labeller="Ada", labelled_at="2026-01-02")]) == 1
    assert sorted(said(place)) == [("r1", {"stage": "use"}), ("r2", {"stage": "use"})]
    labels.add(place, "bob", [Label("r1", {"stage": "buy"}, labeller="Bob", labelled_at="2026-01-03")])
    assert [label.tags["stage"] for label in labels.read(place, JOURNEY).newest if label.record_id == "r1"] == ["use", "buy"]


def test_adding_the_same_again_leaves_the_file_as_it_is(place: Workspace) -> None:
    given_first = Label("r1", {"stage": "pay"}, labeller="Ada", labelled_at="2026-01-01")
    labels.add(place, "ada", [given_first])
    before = (labels.folder(place) / "ada.csv").read_bytes()
    assert labels.add(place, "ada", [Label("r1", {"stage": "pay"}, labeller="Ada", labelled_at="2026-05-05")]) == 0
    assert (labels.folder(place) / "ada.csv").read_bytes() == before


def test_a_row_that_was_only_drawn_is_no_label_and_tells_how_it_was_drawn(place: Workspace) -> None:
    drawing = {"draw": "random", "drawn_at": "2026-06-01", "chance": "0.25"}
    labels.add(place, "drawn-1", [Label("r1", {}, drawing=drawing), Label("r2", {}, drawing={"draw": "chosen"})])
    labels.add(place, "drawn-2", [Label("r2", {}, drawing={"draw": "random"})])
    put(place, "record_id,stage\nr1,pay\nr9,pay\n")
    found = labels.read(place, JOURNEY)
    assert [found.drawing_of(label).get("draw") for label in found.labels] == ["random", "chosen"]
    assert found.drawing_of(found.labels[0])["chance"] == "0.25"
    assert found.drawn["r2"].drawing["draw"] == "random", "drawn once more, at random: it belongs to the random ones"


def test_forgetting_takes_rows_out_of_files_that_a_spreadsheet_saved(place: Workspace) -> None:
    path = put(place, "Stage;record_id;text\r\npay;r1;my words\r\nuse;r2;others\r\n".encode("utf-16"))
    assert labels.keep_only(place, {"r2"}) == []
    assert "my words" not in path.read_text(encoding="utf-8")
    assert [row["text"] for row in csv.DictReader(path.open(encoding="utf-8"))] == ["others"]


def test_a_file_that_cannot_be_searched_for_the_forgotten_is_named(place: Workspace) -> None:
    put(place, b"%PDF-1.7 " + bytes(200))
    (told,) = labels.keep_only(place, set())
    assert told.startswith("labels/a.csv")
    assert "may still hold" in told


cells = st.dictionaries(st.sampled_from([*labels.COLUMNS, "text"]), st.text("r1a-.0;' –", max_size=6) | st.integers() | st.none())


@given(cells)
def test_no_row_breaks_the_reading(row: dict[str, object]) -> None:
    label, faults = labels.parsed({name: labels.as_text(cell) for name, cell in row.items()}, JOURNEY)
    assert label is None or label.record_id
    assert all(fault.endswith((".", "?")) for fault in faults)
