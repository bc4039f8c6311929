"""A whole company on real exports, their columns as they are: every row of every file is accounted for."""

from __future__ import annotations

import csv
import gzip
import io
import shutil
from pathlib import Path

import pytest
from conftest import REAL_DATA, rows, run, settle, workspace_maker

from listening.night import Night
from listening.workspace import Workspace

FILES = {
    "ambulance": "survey/nhs_fft_neas.csv.gz",
    "trusts": "survey/nhs_phase1_trust_ab.csv.gz",
    "complaints": "tickets/cfpb_complaints_general.csv.gz",
    "lounges": "reviews/skytrax_lounge_reviews.csv.gz",
}
pytestmark = pytest.mark.skipif(
    not all((REAL_DATA / file).exists() for file in FILES.values()), reason=f"the real exports are not in {REAL_DATA}, so the whole path over them is not tried"
)
SOURCES = """
[sources.ambulance]
connector = "files"
kind = "survey"
path = "inbox/nhs_fft_neas.csv.gz"
columns = { id = "id", thread_id = "respondent_id", said_at = "date", text = "text", score = "fft_score", stage = "stage" }
score_scale = [5, 1]
score_name = "FFT"
dimensions = { unit = "service" }

[sources.trusts]
connector = "files"
kind = "survey"
path = "inbox/nhs_phase1_trust_ab.csv.gz"
[sources.complaints]
connector = "files"
kind = "ticket"
path = "inbox/cfpb_complaints_general.csv.gz"

[sources.lounges]
connector = "files"
kind = "review"
path = "inbox/skytrax_lounge_reviews.csv.gz"
score_scale = [1, 10]
"""


def rows_of(file: Path) -> int:
    with gzip.open(file, "rt", encoding="utf-8", newline="") as packed:
        return sum(1 for _ in csv.DictReader(io.StringIO(packed.read())))


@pytest.fixture(scope="module")
def lengths() -> dict[str, int]:
    return {name: rows_of(REAL_DATA / file) for name, file in FILES.items()}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, fitted: Path) -> Workspace:
    made = workspace_maker(tmp_path_factory.mktemp("real"), fitted)(SOURCES)
    for file in FILES.values():
        settle(Path(shutil.copyfile(REAL_DATA / file, made.inbox / Path(file).name)))
    return made


@pytest.fixture(scope="module")
def first(place: Workspace) -> Night:
    return run(place)


@pytest.fixture(scope="module")
def second(place: Workspace, first: Night) -> Night:
    place.configuration.write_text(place.configuration.read_text().replace('trust_ab.csv.gz"\n', 'trust_ab.csv.gz"\nsaid_at_default = 2020-06-30\n'))
    return run(place)


def test_the_first_night_refuses_the_file_without_dates_in_words_and_takes_the_others(first: Night) -> None:
    assert first.status == 3
    assert list(first.faults) == ["trusts"]
    assert "no column says when something was said" in first.faults["trusts"][0]
    assert "said_at_default = 2025-01-31" in first.faults["trusts"][0]


def test_every_row_of_every_file_is_counted_on_the_first_night(place: Workspace, first: Night, lengths: dict[str, int]) -> None:
    counted = {row["source"]: row for row in rows(place, f"select * from run_counts where run_id = '{first.run_id}'")}
    assert {name: row["seen"] for name, row in counted.items()} == lengths
    assert all(row["seen"] == sum(row[name] for name in ("new", "updated", "repeated", "deleted", "rejected", "refused")) for row in counted.values())
    assert counted["trusts"]["rejected"] == lengths["trusts"]
    assert {name: row["updated"] + row["repeated"] for name, row in counted.items()} == dict.fromkeys(counted, 0)


def test_with_a_default_date_everything_is_in_and_nothing_else_is_looked_at_again(place: Workspace, second: Night, lengths: dict[str, int]) -> None:
    assert (second.status, second.faults) == (0, {})
    counted = {row["source"]: row["seen"] for row in rows(place, f"select source, seen from run_counts where run_id = '{second.run_id}'")}
    assert counted == {"ambulance": 0, "trusts": lengths["trusts"], "complaints": 0, "lounges": 0}


def test_records_and_rejects_together_are_the_rows_of_the_files(place: Workspace, second: Night, lengths: dict[str, int]) -> None:
    assert second.published
    records = {row["source"]: row["n"] for row in rows(place, "select source, count(*) as n from records group by source")}
    rejects = {row["source"]: row["n"] for row in rows(place, "select source, count(*) as n from rejects group by source")}
    assert {name: records[name] + rejects.get(name, 0) for name in records} == lengths
    reasons = {row["reason"] for row in rows(place, "select distinct reason from rejects")}
    assert reasons <= {"junk answer", "no text and no score", "no text, and its score is off the scale", "only a signature, quotation or markup"}


def test_off_scale_scores_are_none_and_are_said(place: Workspace, first: Night) -> None:
    assert any("values of FFT are off its scale" in note for note in first.notes)
    assert rows(place, "select count(*) as n from records where source = 'ambulance' and score not between 1 and 5") == [{"n": 0}]


def test_a_third_night_finds_nothing_new(place: Workspace, second: Night) -> None:
    third = run(place)
    assert (third.status, sum(sum(counts.values()) for counts in third.counts.values())) == (0, 0)
