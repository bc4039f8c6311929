"""Sheets go out and come back: drawn fairly and once, read whatever a spreadsheet made of them, nothing good lost."""

from __future__ import annotations

import collections
import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
from conftest import branched, rows, run, workspace_maker

from listening import journey, labelling, labels
from listening.labelling import agreement
from listening.labels import Label
from listening.tagging import drawing
from listening.workspace import Mend, Workspace

SOURCES = """
[sources.reviews]
connector = "files"
kind = "review"
path = "inbox/reviews.csv"
[sources.staff]
connector = "files"
kind = "employee"
path = "inbox/staff.csv"
[sources.given]
connector = "files"
kind = "review"
path = "inbox/given.csv"
stage = "use"
"""
MATTERS = ("The bill was wrong and I was charged twice", "The parcel came late again", "Nobody answered the phone for an hour", "The seat was broken")
HEADER = "id,date,comment\n"


def said(number: int, on: str = "2026-05-01") -> str:
    return "".join(f"{n},{on},{MATTERS[n % len(MATTERS)]} in case {n}\n" for n in range(number))


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, fitted: Path) -> Workspace:
    """A published run over sixty reviews, old ones among them; copied, not changed."""
    reviews = HEADER + said(60) + "old,2025-01-05,The bill of last year was wrong\nf,2026-05-01,=1+1 is all that the bill says\n"
    spanish = "es,2026-05-01,El paquete llegó tarde y nadie contestaba al teléfono de la tienda\n"
    files: dict[str, str | bytes] = {"reviews.csv": reviews + spanish, "staff.csv": HEADER + said(5), "given.csv": HEADER + said(5)}
    place = workspace_maker(tmp_path_factory.mktemp("told"), fitted)(SOURCES, files)
    run(place, as_of="2026-05-31")
    return place


@pytest.fixture
def place(told: Workspace, tmp_path: Path) -> Workspace:
    return branched(told, tmp_path)


def cells(path: Path) -> list[dict[str, Any]]:
    lines = list(openpyxl.load_workbook(path).worksheets[0].iter_rows(values_only=True))
    return [dict(zip(map(str, lines[0]), line, strict=True)) for line in lines[1:]]


def fill(path: Path, **values: Any) -> list[str]:
    """Fill columns of a sheet from its first row on, as a person does; gives the records of the rows."""
    book = openpyxl.load_workbook(path)
    sheet = book.worksheets[0]
    names = [cell.value for cell in sheet[1]]
    for name, column in values.items():
        for line, value in enumerate(column, 2):
            sheet.cell(line, names.index(name) + 1).value = value
    book.save(path)
    return [row["record_id"] for row in cells(path)]


def test_random_ones_are_recent_words_of_customers_whose_stage_no_source_gives(place: Workspace) -> None:
    sheet = labelling.sample(place, 1000, chosen=0, path=place.root / "s.xlsx")
    assert sheet.drawn == {"reviews": {"random": 61, "chosen": 0}}, "neither staff, nor given stages, nor Spanish, nor last year's"
    assert sheet.chances == {"reviews": 1.0}
    assert {row["source"] for row in cells(sheet.path)} == {"reviews"}


def test_employees_words_are_drawn_only_by_name(place: Workspace) -> None:
    assert labelling.sample(place, 3, source="staff", chosen=0).drawn == {"staff": {"random": 3, "chosen": 0}}
    with pytest.raises(Mend, match=r"no source 'nowhere' with words\. There are: given, reviews, staff"):
        labelling.sample(place, 3, source="nowhere")


def test_nothing_is_drawn_twice_and_the_same_seed_draws_the_same(place: Workspace) -> None:
    first = labelling.sample(place, 20, seed=7, path=place.root / "a.xlsx")
    drawn = {row["record_id"]: row["draw"] for row in cells(first.path)}
    assert collections.Counter(drawn.values()) == {"random": 20, "chosen": 10}
    (labels.folder(place) / "sheets").mkdir()
    second = labelling.sample(place, 20, seed=7, path=place.root / "b.xlsx")
    again = {row["record_id"]: row["draw"] for row in cells(second.path)}
    at_random = {name for name, draw in again.items() if draw == "random"}
    assert not at_random & {name for name, draw in drawn.items() if draw == "random"}
    assert second.chances["reviews"] == pytest.approx(20 / 41)
    for path in labels.folder(place).glob("*.csv"):
        path.unlink()
    third = labelling.sample(place, 20, seed=7, path=place.root / "c.xlsx")
    assert {row["record_id"]: row["draw"] for row in cells(third.path)} == drawn


def test_the_sheet_is_blind_unless_asked_and_shows_the_words_as_published(place: Workspace) -> None:
    sheet = labelling.sample(place, 100, chosen=0, path=place.root / "s.xlsx")
    published = {row["record_id"]: row["text"] for row in rows(place, "select record_id, text from records")}
    shown = cells(sheet.path)
    assert {row["record_id"]: row["text"] for row in shown}.items() <= published.items()
    assert not {"guess", "confidence"} & set(shown[0])
    open_one = labelling.sample(place, 5, chosen=0, source="staff", path=place.root / "t.xlsx", with_guess=True)
    assert all(row["guess"] for row in cells(open_one.path))


def test_a_sheet_has_lists_for_every_tag_a_header_that_stays_and_the_guide(place: Workspace) -> None:
    book = openpyxl.load_workbook(labelling.sample(place, 100, chosen=0, path=place.root / "s.xlsx").path)
    sheet, guide = book.worksheets
    names = [cell.value for cell in sheet[1]]
    assert sheet.freeze_panes == sheet.cell(2, names.index("text") + 2).coordinate
    offered = {}
    for choice in sheet.data_validations.dataValidation:
        (cells_of,) = choice.sqref.ranges
        column = names[cells_of.min_col - 1]
        area = choice.formula1.replace("Guide!", "").replace("$", "")
        offered[column] = [cell[0].value for cell in guide[area]]
        assert (cells_of.min_row, cells_of.max_row) == (2, sheet.max_row)
    stages = journey.read(place.journey)
    assert offered["stage"] == [*stages.names, "none"]
    assert set(offered) == set(labels.TAGS)
    for tag, words in offered.items():
        assert all(labels.value_of(tag, str(word), stages)[0] for word in words), "whatever can be picked is understood"
    formula = next(row for row in sheet.iter_rows() if str(row[names.index("text")].value).startswith("=1+1"))
    assert formula[names.index("text")].data_type == "s"
    assert sheet["E2"].alignment.wrap_text
    assert (place.root / "s.xlsx").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("form", ["xlsx", "semicolons", "utf-16 tabs", "csv"])
def test_a_filled_sheet_comes_back_in_whatever_form_it_was_saved(place: Workspace, form: str) -> None:
    sheet = labelling.sample(place, 6, chosen=0, path=place.root / "s.xlsx")
    fill(sheet.path, stage=["pay", " Onboard ", None, "delivry", "support", "none"], sentiment=["negative", -1, None, None, "0", None], effort=["high"])
    path = sheet.path
    if form != "xlsx":
        delimiter, encoding = {"semicolons": (";", "utf-8-sig"), "utf-16 tabs": ("\t", "utf-16"), "csv": (",", "cp1252")}[form]
        path = place.root / "saved.csv"
        text = io.StringIO()
        names = ["record_id", "stage", "text", "sentiment", "effort"]  # in another order, some left out
        writer = csv.DictWriter(text, names, delimiter=delimiter, extrasaction="ignore", lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(cells(sheet.path))
        path.write_bytes((text.getvalue() + delimiter * 4 + "\r\n").encode(encoding))
    brought = labelling.bring(place, path, "Ada Lovelace")
    assert (brought.rows, brought.new, brought.unfilled) == (4, 4, 2)
    (fault,) = brought.faults
    assert "row 5: stage 'delivry' is not known" in fault
    ids = [row["record_id"] for row in cells(sheet.path)]
    found = {label.record_id: label for label in labels.read(place, journey.read(place.journey)).labels}
    assert found[ids[0]].tags == {"stage": "pay", "sentiment": "-1", "effort": "high"}
    assert found[ids[1]].tags == {"stage": "onboard", "sentiment": "-1", "effort": labels.NOTHING}, "effort was filled elsewhere, so here it says nothing"
    assert found[ids[4]].tags["sentiment"] == "0"
    assert found[ids[0]].drawing["draw"] == "random"
    assert float(found[ids[0]].drawing["chance"]) == pytest.approx(6 / 61, abs=1e-5)
    assert found[ids[0]].text_hash
    assert found[ids[0]].labeller == "Ada Lovelace"


def test_bringing_a_sheet_again_changes_nothing_and_a_corrected_one_only_what_was_corrected(place: Workspace) -> None:
    sheet = labelling.sample(place, 3, chosen=0, path=place.root / "s.xlsx")
    fill(sheet.path, stage=["pay", "use", None])
    labelling.bring(place, sheet.path, "Ada")
    file = labels.folder(place) / "by-ada.csv"
    before = file.read_bytes()
    assert labelling.bring(place, sheet.path, "Ada").new == 0
    assert file.read_bytes() == before
    fill(sheet.path, stage=["pay", "support", "buy"])
    assert labelling.bring(place, sheet.path, "Ada").new == 2
    assert len(list(csv.DictReader(file.open(encoding="utf-8")))) == 3


def test_rows_that_cannot_be_used_are_told_and_the_others_stay(place: Workspace) -> None:
    sheet = labelling.sample(place, 2, chosen=0, path=place.root / "s.xlsx")
    one, other = (row["record_id"] for row in cells(sheet.path))
    path = place.root / "back.csv"
    path.write_text(f"record_id,stage\n  {one} ,pay\n,use\nunheard-of,use\n{one},use\n{other},\n\n", encoding="utf-8")
    brought = labelling.bring(place, path, "Ada")
    assert brought.new == 1
    assert [fault.split(":")[0] for fault in brought.faults] == ["row 3", "row 4", "row 5"]
    assert "no record of this workspace" in brought.faults[1]
    assert "stands in row 2 already" in brought.faults[2]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"", "is empty"), (b"%PDF-1.4 " + bytes(200), "a PDF"), (b"a,b\n1,2\n", "record_id"), (None, "is not there")],
)
def test_a_file_that_is_no_sheet_gets_a_sentence(place: Workspace, content: bytes | None, sentence: str) -> None:
    path = place.root / "x.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(Mend, match=sentence):
        labelling.bring(place, path, "Ada")


def test_two_people_who_label_the_same_sheet_learn_how_far_they_agree(place: Workspace) -> None:
    sheet = labelling.sample(place, 4, chosen=0, path=place.root / "s.xlsx")
    fill(sheet.path, stage=["pay", "use", "use", "buy"])
    assert labelling.bring(place, sheet.path, "Ada").agreement == []
    fill(sheet.path, stage=["pay", "use", "use", "use"])
    (found,) = labelling.bring(place, sheet.path, "Bob").agreement
    # 8 values: 2 pay, 5 use, 1 buy; seen disagreement 2/8, expected (64 - 4 - 25 - 1)/56
    assert (found.tag, found.units, found.alpha) == ("stage", 4, pytest.approx(1 - (2 / 8) / (34 / 56)))


def test_what_is_unlocked_follows_the_random_labels(place: Workspace) -> None:
    (before,) = labelling.standing(place)
    assert (before.source, before.texts, before.labelled, before.unlocked, before.missing) == ("reviews", 61, 0, "uncorrected shares", 100)
    sheet = labelling.sample(place, 61, chosen=0, path=place.root / "s.xlsx")
    assert sheet.standing[0].waiting == 61
    fill(sheet.path, stage=["pay"] * 61)
    (after,) = labelling.bring(place, sheet.path, "Ada").standing
    assert (after.labelled, after.waiting, after.missing) == (61, 0, 39)


def test_a_label_of_a_drawn_record_reaches_the_tables_of_the_next_night(place: Workspace) -> None:
    sheet = labelling.sample(place, 2, chosen=0, path=place.root / "s.xlsx")
    ids = fill(sheet.path, stage=["leave", "leave"])
    labelling.bring(place, sheet.path, "Ada")
    run(place)
    assert {row["record_id"] for row in rows(place, "select record_id from records where stage = 'leave' and stage_basis = 'person'")} == set(ids)
    (kept,) = rows(place, "select distinct draw, unit, labeller, class, round(chance, 3) as chance from labels where tag = 'stage'")
    assert kept == {"draw": "random", "unit": "record", "labeller": "Ada", "class": "leave", "chance": round(2 / 61, 3)}
    assert rows(place, "select labels from classifier_accuracy where source = 'reviews' and class = 'all'") == [{"labels": 2}]


def pool(number: int, **columns: Any) -> pd.DataFrame:
    frame = pd.DataFrame({"record_id": [f"r{n:03}" for n in range(number)], "confidence": np.linspace(0.2, 0.9, number)})
    frame["text_hash"] = frame["record_id"]
    return frame.assign(**{"is_recent": True, "is_short": False, "was_random": False, "was_drawn": False, **columns})


def no_texts(ids: Any) -> list[str]:
    return [f"word{name}" for name in ids]


def test_every_record_has_the_chance_that_is_noted() -> None:
    times = collections.Counter(
        one.record_id for seed in range(600) for one in drawing.draw(pool(20), no_texts, 5, 0, np.random.default_rng(seed)) if one.chance == 0.25
    )
    assert len(times) == 20
    assert all(abs(times[name] / 600 - 0.25) < 5 * np.sqrt(0.25 * 0.75 / 600) for name in times)


def test_chosen_ones_are_half_doubtful_half_unlike_and_never_old_acquaintances() -> None:
    known = [f"r{n:03}" for n in range(5)]
    records = pool(40, is_recent=False).assign(was_drawn=lambda frame: frame["record_id"].isin(known))
    drawn = [one.record_id for one in drawing.draw(records, no_texts, 10, 6, np.random.default_rng(1))]
    assert len(drawn) == 6, "none is recent, so none is random"
    assert drawn[:3] == ["r005", "r006", "r007"], "of whose stage it is least sure"
    assert not set(drawn) & set(known)


def test_the_farthest_text_is_unlike_what_was_seen() -> None:
    texts = ["the bill was wrong", "my bill is wrong again", "the parcel never arrived", "a nurse held my hand", "the parcel arrived late"]
    assert drawing.farthest(texts, ["the bill is wrong", "the parcel came late"], 1) == [3]
    assert sorted(drawing.farthest(texts, [], 5)) == [0, 1, 2, 3, 4]
    assert drawing.farthest(["?!", "..."], [], 1) == [0]


# Krippendorff (2011): four observers, twelve units, gaps
OBSERVERS = ("1 2 3 3 2 1 4 1 2 . . .", "1 2 3 3 2 2 4 1 2 5 . 3", ". 3 3 3 2 3 4 2 2 5 1 .", "1 2 3 3 2 4 4 1 2 5 1 .")


def test_alpha_of_the_published_examples() -> None:
    by_unit = [[value for value in unit if value != "."] for unit in zip(*(line.split() for line in OBSERVERS), strict=True)]
    found = agreement.of_units("stage", [unit for unit in by_unit if len(unit) > 1])
    assert found.alpha == pytest.approx(0.743, abs=0.0005)
    two = [[a, b] for a, b in zip("0100000010", "1110010000", strict=True)]
    assert agreement.of_units("stage", two).alpha == pytest.approx(0.095, abs=0.0005)
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0.743 < found.high


def test_alpha_is_one_when_all_agree_and_unknown_when_there_is_one_class() -> None:
    assert agreement.of_units("stage", [["a", "a"], ["b", "b"]]).alpha == 1
    assert agreement.of_units("stage", [["a", "a"], ["a", "a"]]).alpha is None
    assert agreement.between_hands([Label("r", {"stage": "pay"}, labeller="ada"), Label("r", {"stage": "pay"}, start=0, stop=3, labeller="bob")]) == []


Make = Callable[..., Workspace]


def test_a_workspace_without_a_night_is_told_to_run_one(make_workspace: Make) -> None:
    with pytest.raises(Mend, match="listening run"):
        labelling.sample(make_workspace(), 5)
