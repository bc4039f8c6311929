"""Records: identity, counting and newest wins, on rows that land for real."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import COMPANY, OF_THE_RUN, drop, published, run
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from listening import landing, records, warehouse, workspace
from listening.records import Shaped, cleaning
from listening.warehouse import Warehouse
from listening.workspace import Workspace

FIRST_NIGHT = dt.datetime(2025, 7, 1, 4, tzinfo=dt.UTC)
REVIEWS = '[sources.voices]\nconnector = "files"\nkind = "review"\npath = "inbox/*"\n'
Row = dict[str, Any]


class Nights:
    """One workspace over several nights, without tagging and publishing; each night drops files and shapes them."""

    def __init__(self, place: Workspace, store: Warehouse, source: str = REVIEWS) -> None:
        self.place, self.store, self.night = place, store, 0
        place.inbox.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(workspace.shipped("default-journey.yaml"), place.journey)
        self.configure(source)

    def configure(self, source: str) -> None:
        self.place.configuration.write_text(COMPANY + source, encoding="utf-8")

    def __call__(self, content: str | list[Row] | None = None, clock: dt.datetime | None = None) -> Shaped:
        self.night += 1
        if content is not None:
            is_json = not isinstance(content, str)
            drop(self.place, f"night{self.night}.{'jsonl' if is_json else 'csv'}", "\n".join(map(json.dumps, content)) + "\n" if is_json else content)
        configured = self.place.settings()
        source = configured.sources["voices"]
        clock = clock or FIRST_NIGHT + dt.timedelta(days=self.night)
        landing.land(self.place, self.store, source, clock)
        shaped = records.shape(self.place, self.store, source, configured.company, clock, f"run{self.night}")
        kept = self._table("run_counts", f"run_id = 'run{self.night}'")
        assert [row["seen"] for row in kept] == [shaped.seen]
        assert sum(kept[0][name] for name in records.OUTCOMES) == shaped.seen
        return shaped

    def _table(self, name: str, where: str = "true") -> list[Row]:
        found: list[Row] = self.store._connection.execute(f"select * from records.{name} where {where}").to_arrow_table().to_pylist()
        return found

    @property
    def kept(self) -> dict[str, Row]:
        """The living records by native id."""
        return {row["native_id"]: row for row in self._table("records", "not is_deleted")}

    @property
    def texts(self) -> dict[str, str | None]:
        return {name: row["text"] for name, row in sorted(self.kept.items())}

    @property
    def reasons(self) -> list[tuple[str | None, str]]:
        return sorted(((row["native_id"], row["reason"]) for row in self._table("rejects")), key=str)


@pytest.fixture
def nights(tmp_path: Path, store: Warehouse) -> Nights:
    return Nights(Workspace(tmp_path / "workspace"), store)


@pytest.fixture(scope="module")
def anew(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], Nights]]:
    """Nights that begin anew each time, in one store: for properties that are tried many times."""
    folder = tmp_path_factory.mktemp("anew")
    with warehouse.opened(folder / "warehouse.duckdb") as store:

        def begin() -> Nights:
            shutil.rmtree(folder / "workspace", ignore_errors=True)
            for name in ("landing/pulls", "records/records", "records/rejects", "records/run_counts", "records/shaped_pulls"):
                store.replace(name, [])
            return Nights(Workspace(folder / "workspace"), store)

        yield begin


def counts(shaped: Shaped) -> dict[str, int]:
    return {name: count for name, count in shaped.counts.items() if count}


def said(number: object, text: str = "The app is slow", date: str = "2025-06-01", **more: object) -> Row:
    return {"id": number, "text": text, "date": date, **more}


# identity


def test_the_same_id_in_two_sources_is_two_records(store: Warehouse, tmp_path: Path) -> None:
    place = Workspace(tmp_path / "workspace")
    first = Nights(place, store, REVIEWS)
    first([said(1)])
    second = REVIEWS.replace("voices", "others")
    first.configure(REVIEWS + second)
    configured = place.settings()
    landing.land(place, store, configured.sources["others"], FIRST_NIGHT)
    records.shape(place, store, configured.sources["others"], configured.company, FIRST_NIGHT, "other")
    assert [(row["source"], row["native_id"]) for row in first._table("records", "true order by source")] == [("others", "1"), ("voices", "1")]


def test_an_id_is_the_same_as_a_number_as_a_float_and_as_text(nights: Nights) -> None:
    nights([said(12)])
    assert counts(nights([said(12.0), said("12.0"), said("12")])) == {"repeated": 3}


@pytest.mark.parametrize("nothing", ["", "NULL", "null", "NaN", "None", "#N/A", " "])
def test_a_way_to_write_nothing_is_no_id(nights: Nights, nothing: str) -> None:
    shaped = nights(f"id,date,text\n{nothing},2025-06-01,The app is slow\n{nothing},2025-06-01,The bill is wrong\n")
    assert counts(shaped) == {"new": 2}


def test_a_record_keeps_its_key_whatever_the_file_is_called(nights: Nights) -> None:
    nights([said("a1")])
    before = nights.kept["a1"]["record_id"]
    nights([said("a1", "The app is quick now")])
    assert nights.kept["a1"]["record_id"] == before


def test_identical_rows_without_an_id_are_counted_each_and_found_again(nights: Nights) -> None:
    row = "2025-06-01,The app is slow\n"
    first = nights("date,text\n" + row * 3)
    assert counts(first) == {"new": 3}
    assert any("no column holds an id" in note for note in first.notes)
    assert counts(nights("date,text\n" + row * 4)) == {"repeated": 3, "new": 1}
    assert len({name.rsplit("-", 1)[0] for name in nights.kept}) == 1


def test_a_row_without_an_id_keeps_its_key_when_scale_or_time_zone_are_set(nights: Nights) -> None:
    nights("date,text,rating\n2025-06-01 10:00,The app is slow,9\n")
    before = set(nights.kept)
    nights.configure(REVIEWS + 'score_scale = [1, 5]\ntimezone = "Asia/Tokyo"\n')
    assert counts(nights()) == {"updated": 1}
    assert set(nights.kept) == before


def test_several_text_columns_are_a_record_each_and_one_score(nights: Nights) -> None:
    nights.configure(REVIEWS + 'columns = {id = "id", said_at = "date", text = ["liked", "missed"], score = "stars"}\n')
    shaped = nights("id,date,liked,missed,stars\n1,2025-06-01,The staff,The parking,4\n2,2025-06-01,,More trains,2\n3,2025-06-01,,,5\n4,2025-06-01,,,\n")
    assert counts(shaped) == {"new": 5, "rejected": 1}
    assert {name: (row["text"], row["score"], row["thread_id"]) for name, row in nights.kept.items()} == {
        "1#liked": ("The staff", 4.0, "1"), "1#missed": ("The parking", None, "1"),
        "2#liked": (None, 2.0, "2"), "2#missed": ("More trains", None, "2"), "3#liked": (None, 5.0, "3"),
    }  # fmt: skip


QUESTIONS = """
columns = { said_at = "date", customer_id = "who" ID }
[[sources.voices.questions]]
text = "why"
score = "nps"
stage = "use"
[[sources.voices.questions]]
text = "pay_why"
stage = "pay"
touchpoint = "invoice"
"""


@pytest.mark.parametrize("has_id", [True, False])
def test_each_answered_question_is_a_record_with_the_respondent_as_its_thread(nights: Nights, has_id: bool) -> None:
    nights.configure(REVIEWS + QUESTIONS.replace("ID", ', id = "id"' if has_id else ""))
    shaped = nights("id,who,date,nps,why,pay_why\n7,c1,2025-06-01,9,Quick,Too dear for me\n8,c2,2025-06-01,,,Unclear bill\n9,c3,2025-06-01,,,\n")
    assert counts(shaped) == {"new": 3, "rejected": 1}
    threads = [(row["thread_id"], row["given_stage"], row["text"], row["score"]) for row in sorted(nights.kept.values(), key=lambda row: str(row["text"]))]
    assert [thread[1:] for thread in threads] == [("use", "Quick", 9.0), ("pay", "Too dear for me", None), ("pay", "Unclear bill", None)]
    assert threads[0][0] == threads[1][0] != threads[2][0]
    if has_id:
        assert set(nights.kept) == {"7#why", "7#pay_why", "8#pay_why"}


# counting


def test_every_thing_said_is_counted_once_by_what_became_of_it(nights: Nights) -> None:
    nights([said(1), said(2), said(3)])
    shaped = nights([said(1), said(2, "Other words now"), said(3, deleted=True), said(4), said(5, "n/a"), said(6, date="soon")])
    assert counts(shaped) == {"repeated": 1, "updated": 1, "deleted": 1, "new": 1, "rejected": 2}
    assert nights.reasons == [("5", "junk answer"), ("6", "date cannot be read")]


def test_a_row_that_yields_nothing_counts_as_one_rejected(nights: Nights) -> None:
    assert counts(nights([said(1), {}, {"id": 2}, {"id": 3, "date": "2025-06-01", "text": "  "}])) == {"new": 1, "rejected": 3}
    assert nights.reasons[:2] == [("2", "no date"), ("3", "no text and no score")]


def test_a_pull_of_empty_objects_is_rejected_row_by_row(nights: Nights) -> None:
    assert counts(nights([{}, {}])) == {"rejected": 2}


def test_a_damaged_line_counts_as_rejected_and_the_rest_comes_in(nights: Nights) -> None:
    drop(nights.place, "torn.jsonl", json.dumps(said(1)) + "\n" + '{"id": 2, "text": "cut o')
    assert counts(nights()) == {"new": 1, "rejected": 1}
    assert nights.reasons == [(None, "line ends in the middle of an object")]


def test_a_night_without_anything_new_counts_zeros(nights: Nights) -> None:
    nights([said(1)])
    assert nights().seen == 0


def test_the_same_rows_again_are_all_repeated(nights: Nights) -> None:
    content = [said(1), said(2, "Other words"), said(3, rating=4), said(4, deleted=True), said(4, "Gone", deleted=True)]
    nights(content)
    before = nights._table("records", "true order by record_id")
    assert counts(nights([*content, {}])) == {"repeated": 5, "rejected": 1}
    kept = nights._table("records", "true order by record_id")
    ignored = ("pull_id", "row_no")
    assert [{name: cell for name, cell in row.items() if name not in ignored} for row in kept] == [
        {name: cell for name, cell in row.items() if name not in ignored} for row in before
    ]


def test_the_same_night_twice_changes_no_published_table(make_workspace: Callable[..., Workspace]) -> None:
    place = make_workspace(REVIEWS, {"a.csv": "id,date,text,stars\n1,2025-06-01,The app is slow,2\n2,2025-06-01,n/a,\n3,2025-06-02,I love it,5\n"})
    run(place)
    before = published(place, besides=OF_THE_RUN)
    again = run(place)
    assert (again.status, sum(again.counts["voices"].values())) == (0, 0)
    assert published(place, besides=OF_THE_RUN) == before


def test_rows_that_only_bring_a_score_are_records_and_junk_with_a_score_stays_as_a_score(nights: Nights) -> None:
    shaped = nights("id,date,text,nps\n1,2025-06-01,,9\n2,2025-06-01,n/a,3\n3,2025-06-01,no comment,\n")
    assert counts(shaped) == {"new": 2, "rejected": 1}
    assert {name: (row["text"], row["score"]) for name, row in nights.kept.items()} == {"1": (None, 9.0), "2": (None, 3.0)}


CELLS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.lists(st.integers(), max_size=2) | st.dictionaries(st.text(), st.none())
)
NAMES = ("id", "text", "title", "date", "score", "updated_at", "deleted", "author", "public", "comments", "created_at", "requester_id", "description", "x")


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
# two at least: a file of one lone object with an empty list inside is a wrapping without rows
@given(content=st.lists(st.dictionaries(st.sampled_from(NAMES), CELLS), min_size=2, max_size=8))
def test_whatever_stands_in_the_cells_every_row_is_accounted_for(anew: Callable[[], Nights], content: list[Row]) -> None:
    nights = anew()
    assert nights(content).seen >= len(content)
    assert nights().seen in (0, len(content))  # a refused pull is looked at again


# newest wins


def version(number: int, is_deleted: bool) -> Row:
    return said(1, f"Version {number} of it", updated_at=f"2025-06-{number:02d}T10:00:00Z", deleted=is_deleted)


SHUFFLED = st.lists(st.booleans(), min_size=1, max_size=6).flatmap(lambda gone: st.permutations([version(n, g) for n, g in enumerate(gone, 1)]))


@settings(max_examples=30, deadline=None)
@given(versions=SHUFFLED, cut=st.integers(0, 6))
def test_the_newest_version_wins_in_any_order_and_over_any_nights(anew: Callable[[], Nights], versions: list[Row], cut: int) -> None:
    newest = max(versions, key=lambda row: str(row["updated_at"]))
    nights = anew()
    for part in filter(None, (versions[:cut], versions[cut:])):
        nights(part)
    assert nights.texts == ({} if newest["deleted"] else {"1": newest["text"]})


@settings(max_examples=6, deadline=None)
@given(versions=st.permutations([("A", 1), ("A", 3), ("B", 2)]))
def test_words_that_come_back_as_they_were_are_as_new_as_their_last_mention(anew: Callable[[], Nights], versions: list[tuple[str, int]]) -> None:
    nights = anew()
    nights([said(1, f"Words {text} of it", updated_at=f"2025-06-0{day}") for text, day in versions])
    assert nights.texts == {"1": "Words A of it"}


def test_without_updated_at_the_later_row_and_the_later_night_win(nights: Nights) -> None:
    nights([said(1, "First words"), said(1, "Second words")])
    assert nights.texts == {"1": "Second words"}
    assert counts(nights([said(1, "Third words")])) == {"updated": 1}
    assert nights.texts == {"1": "Third words"}


def test_an_older_version_is_repeated_and_changes_nothing(nights: Nights) -> None:
    nights([said(1, "New words", updated_at="2025-06-05")])
    assert counts(nights([said(1, "Old words", updated_at="2025-06-04")])) == {"repeated": 1}
    assert nights.texts == {"1": "New words"}


def test_at_the_same_moment_a_deletion_wins_in_either_order(nights: Nights) -> None:
    alive, gone = said(1, updated_at="2025-06-05"), said(1, updated_at="2025-06-05", deleted=True)
    assert counts(nights([alive, gone])) == {"new": 1, "deleted": 1}
    assert counts(nights([gone, alive])) == {"repeated": 2}
    assert nights.kept == {}


def test_what_was_deleted_and_comes_back_later_is_new_again(nights: Nights) -> None:
    nights([said(1, updated_at="2025-06-01")])
    nights([said(1, updated_at="2025-06-02", deleted="true")])
    assert nights.kept == {}
    assert counts(nights([said(1, updated_at="2025-06-03")])) == {"new": 1}
    assert list(nights.kept) == ["1"]


def test_a_deleted_record_keeps_nothing_of_what_was_said(nights: Nights) -> None:
    nights([said(1, customer_id="c1", url="https://x.example/1", rating=1, region="North", mood="cross")])
    nights([{"id": 1, "date": None, "text": None, "deleted": 1}])
    (row,) = nights._table("records")
    assert row["is_deleted"]
    assert {row[name] for name in ("text", "score", "customer_id", "url", "attributes", "text_hash", "language")} == {None}


@pytest.mark.parametrize("emptied", [{"text": ""}, {"text": "n/a"}, {"public": False}, {"author": "agent"}])
def test_a_record_whose_words_the_source_took_back_is_gone(nights: Nights, emptied: Row) -> None:
    nights([said(1, "My number is on file", updated_at="2025-06-01", public=True, author="")])
    assert counts(nights([{**said(1, updated_at="2025-06-02"), **emptied}])) == {"deleted": 1}
    assert nights.kept == {}
    assert counts(nights([{**said(1, updated_at="2025-06-02"), **emptied, "more": 1}])) == {"rejected": 1}


def test_looking_again_at_an_old_pull_does_not_bring_back_older_words(nights: Nights) -> None:
    nights([said(1, "Old words"), said(2, "Not yet said", date="2025-07-04")])
    nights([said(1, "New words")])
    assert counts(nights(clock=dt.datetime(2025, 7, 5, tzinfo=dt.UTC))) == {"repeated": 1, "new": 1}
    assert nights.texts == {"1": "New words", "2": "Not yet said"}


# settings


def test_changed_settings_shape_everything_again_and_lose_nothing(nights: Nights) -> None:
    nights("id,date,text,rating\n1,2025-06-01,The app is slow,5\n2,2025-06-02,It is quick,1\n")
    nights("id,date,text,rating\n3,2025-06-03,The bill is wrong,4\n")
    landed = {name: row["landed_at"] for name, row in nights.kept.items()}
    nights.configure(REVIEWS + "score_scale = [5, 1]\n")
    shaped = nights()
    assert (shaped.seen, shaped.counts["updated"], shaped.faults) == (3, 3, [])
    assert {name: (row["score"], row["score_worst"], row["score_best"]) for name, row in nights.kept.items()} == {
        "1": (5.0, 5.0, 1.0),
        "2": (1.0, 5.0, 1.0),
        "3": (4.0, 5.0, 1.0),
    }
    assert {name: row["landed_at"] for name, row in nights.kept.items()} == landed
    assert nights().seen == 0


def test_broken_settings_keep_the_old_records_and_say_what_is_wrong_every_night(nights: Nights) -> None:
    nights("id,date,text\n1,2025-06-01,The app is slow\n")
    nights.configure(REVIEWS + 'columns = {id = "id", said_at = "date", text = "comment"}\n')
    for _ in range(2):
        shaped = nights()
        assert "there is no column 'comment'" in shaped.faults[0]
        assert "stays" in shaped.faults[0]
        assert counts(shaped) == {"rejected": 1}
        assert nights.texts == {"1": "The app is slow"}
    nights.configure(REVIEWS)
    assert nights().faults == []
    assert nights.texts == {"1": "The app is slow"}


def test_when_an_export_changes_its_columns_the_new_comes_in_and_the_old_stays(nights: Nights) -> None:
    nights.configure(REVIEWS + 'columns = {id = "id", said_at = "date", text = "comment"}\n')
    nights("id,date,comment\n1,2025-06-01,The app is slow\n")
    nights.configure(REVIEWS + 'columns = {id = "id", said_at = "date", text = "feedback"}\n')
    assert nights("id,date,feedback\n2,2025-06-02,It is quick\n").faults
    assert nights.texts == {"1": "The app is slow", "2": "It is quick"}
    (nights.place.inbox / "night1.csv").unlink()
    shaped = nights()
    assert (shaped.faults, len(shaped.notes) > 0) == ([], True)
    assert nights.texts == {"1": "The app is slow", "2": "It is quick"}
    assert nights().seen == 0


def test_a_refused_file_that_is_replaced_by_a_good_one_stops_being_a_fault(nights: Nights) -> None:
    drop(nights.place, "export.csv", "id,when,words\n1,2025-06-01,The app is slow\n")
    assert nights().faults
    drop(nights.place, "export.csv", "id,date,text\n1,2025-06-01,The app is slow\n")
    shaped = nights()
    assert (shaped.faults, shaped.counts["new"]) == ([], 1)
    assert nights().seen == 0


def test_a_changed_rule_for_internal_notes_takes_out_what_it_hides(nights: Nights) -> None:
    content = "id,date,text,shown\n1,2025-06-01,The app is slow,1\n2,2025-06-01,Between us he is rude,0\n"
    nights.configure(REVIEWS + 'columns = {id = "id", said_at = "date", text = "text"}\n')
    assert counts(nights(content)) == {"new": 2}
    nights.configure(REVIEWS + 'columns = {id = "id", said_at = "date", text = "text", public = "shown"}\n')
    assert counts(nights()) == {"repeated": 1, "rejected": 1} or nights.kept
    assert list(nights.kept) == ["1"]


# scores


def test_values_off_the_scale_are_no_score_and_are_counted(nights: Nights) -> None:
    nights.configure(REVIEWS + "score_scale = [5, 1]\n")
    shaped = nights(
        "id,date,text,rating\n1,2025-06-01,Good,1\n2,2025-06-01,Bad service,5\n3,2025-06-01,Who knows,7\n4,2025-06-01,Fine place,great\n5,2025-06-01,,6\n"
    )
    assert {name: row["score"] for name, row in nights.kept.items()} == {"1": 1.0, "2": 5.0, "3": None, "4": None}
    assert any("3 values of rating are off its scale" in note for note in shaped.notes)
    assert nights.reasons == [("5", "no text, and its score is off the scale")]


def test_a_score_without_a_scale_is_kept_and_a_note_asks_for_the_scale(nights: Nights) -> None:
    shaped = nights("id,date,text,rating\n1,2025-06-01,Good,1\n2,2025-06-01,Bad service,7\n")
    assert [(row["score"], row["score_worst"]) for row in nights.kept.values()] == [(1.0, None), (7.0, None)]
    assert any("rating runs from 1 to 7" in note and "set score_scale = [worst, best] in [sources.voices]" in note for note in shaped.notes)


@pytest.mark.parametrize(("column", "scale"), [("nps", (0.0, 10.0)), ("Stars", (1.0, 5.0))])
def test_only_scores_whose_name_leaves_no_doubt_have_a_scale_of_their_own(nights: Nights, column: str, scale: tuple[float, float]) -> None:
    nights(f"id,date,{column}\n1,2025-06-01,4\n")
    assert (nights.kept["1"]["score_worst"], nights.kept["1"]["score_best"]) == scale


@pytest.mark.parametrize(("cell", "score"), [("4/5", 4), ("4 stars", 4), ("4,5", 4.5), ("5 - Very good", 5), ("★★★☆☆", 3), ("4 out of 5", 4), ("NULL", None)])
def test_scores_are_read_as_people_write_them(nights: Nights, cell: str, score: float | None) -> None:
    nights([said(1, stars=cell)])
    assert nights.kept["1"]["score"] == score


# places and people


def test_stages_that_the_journey_lacks_are_named_and_those_it_has_are_found_by_name_or_title(nights: Nights) -> None:
    shaped = nights("id,date,text,stage\n1,2025-06-01,Slow,Pay\n2,2025-06-01,Rude,SUPPORT\n3,2025-06-01,Odd one,checkout\n4,2025-06-01,Fine one,\n")
    assert {name: row["given_stage"] for name, row in nights.kept.items()} == {"1": "pay", "2": "support", "3": "checkout", "4": None}
    assert any("1 rows name a stage or touchpoint that journey.yaml does not have" in note and "'checkout' (1)" in note for note in shaped.notes)


@pytest.mark.parametrize("kind", ["employee", "supplier"])
def test_what_employees_and_suppliers_say_never_passes_as_a_customers(nights: Nights, kind: str) -> None:
    nights.configure(REVIEWS.replace('"review"', f'"{kind}"'))
    nights([said(1, role="buyer")])
    assert nights.kept["1"]["role"] == kind


def test_agents_bots_and_internal_notes_are_rejected_with_a_reason(nights: Nights) -> None:
    shaped = nights([said(1, author="Agent"), said(2, author="bot"), said(3, public="false"), said(4, author="Dana"), said(5, author="customer", public=1)])
    assert counts(shaped) == {"rejected": 3, "new": 2}
    assert nights.reasons == [("1", "agent"), ("2", "bot"), ("3", "internal note")]


# words


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("<p>Hi <b>there</b></p><p>It &amp; you</p><script>x()</script>", "Hi there\nIt & you"),
        ("&lt;p&gt;Escaped twice&lt;/p&gt;", "Escaped twice"),
        ("Still broken.<blockquote>We are sorry</blockquote>", "Still broken."),
        ("a < b and I <3 it", "a < b and I <3 it"),
        ("The app fails.\n\nOn Mon, 6 Jan 2025 at 10:00, Support <s@x.com> wrote:\n> Hello\n> How are you", "The app fails."),
        ("On Mon, 6 Jan 2025 at 10:00, Support wrote:\n> Hello\n> How are you\n\nStill broken.", "Still broken."),
        ("Geht nicht.\nAm 3. Januar 2025 um 10:00 schrieb Support:\nHallo", "Geht nicht."),
        ("Rien reçu.\nLe lun. 6 janv. 2025 à 10:00, Support a écrit :\n> Bonjour\n> Oui", "Rien reçu."),
        ("No llega.\nEl lun, 6 ene 2025, Soporte escribió:\n> Hola\n> Si", "No llega."),
        ("Still no.\n\nFrom: Support\nSent: Monday\nTo: me\nSubject: Re\n\nDear customer", "Still no."),
        ("Great service.\n\nKind regards,\nAnna Smith\nHead of Ops", "Great service."),
        ("Geht nicht.\n\nMit freundlichen Grüßen\nMax Muster", "Geht nicht."),
        ("Ça ne marche pas.\n\nCordialement,\nAnne", "Ça ne marche pas."),
        ("No funciona.\nUn saludo\nJuan", "No funciona."),
        ("Broken.\nSent from my iPhone", "Broken."),
        ("Slow.\nKind regards,\nAnna\nP.S. The driver was rude.", "Slow.\nP.S. The driver was rude."),
        ("Two faults:\n- the app crashes\n- the bill is wrong\nThanks,\nAnna", "Two faults:\n- the app crashes\n- the bill is wrong\nThanks,"),
        ("Thanks, but it still fails.", "Thanks, but it still fails."),
        ("Regards the delivery, it was late", "Regards the delivery, it was late"),
        ("Best regards to the team in Leeds", "Best regards to the team in Leeds"),
        ("> 3 weeks and no reply", "> 3 weeks and no reply"),
        ("Kind regards,\nAnna", ""),
        ("e\u200b\u0301\u202ete\u00ad\u0301", "été"),
    ],
)
def test_only_the_customers_own_newest_words_are_kept(text: str, own: str) -> None:
    assert cleaning.plain(text) == own


def test_a_text_that_is_only_a_signature_is_rejected(nights: Nights) -> None:
    nights([said(1, "Kind regards,\nAnna Smith")])
    assert nights.reasons == [("1", "only a signature, quotation or markup")]


@settings(max_examples=200, deadline=None)
@given(st.text())
def test_cleaning_twice_is_cleaning_once_and_never_fails(text: str) -> None:
    once = cleaning.plain(text)
    assert not set(once) & set("\u202e\u200b\u2066\x00")
    assert cleaning.hidden_removed(once) == once


@pytest.mark.parametrize("text", ["n/a", "N.A.", "-", "7", "Nothing.", "did not answer", "k.A.", "keine", "RAS", "nada", "...", "no comment at all", "x"])
def test_answers_that_say_nothing_are_junk(text: str) -> None:
    assert cleaning.is_junk(text)


@pytest.mark.parametrize("text", ["👍", "10/10", "No problems", "None of it worked", "Good", "nothing works", "no trains", "Ok but slow"])
def test_short_answers_that_say_something_are_not_junk(text: str) -> None:
    assert not cleaning.is_junk(text)


def test_halves_of_surrogate_pairs_and_nan_do_not_stop_a_night(nights: Nights) -> None:
    drop(nights.place, "odd.jsonl", '{"id": 1, "text": "cut \\ud83d", "date": "2025-06-01", "more": "\\ud83d", "n": NaN, "deep": {"\\ud83d": "\\ud83d"}}\n')
    assert counts(nights()) == {"new": 1}
    assert set(json.loads(nights.kept["1"]["attributes"])) == {"more", "deep"}
