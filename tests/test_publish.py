"""What readers are promised of a published run."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from listening import night, tables, warehouse
from listening.publish import reading
from listening.workspace import Mend, Workspace
from tests.conftest import OF_THE_RUN, branched, drop, published, rows, run, workspace_maker

SURVEY = '[sources.survey]\nconnector = "files"\nkind = "survey"\npath = "inbox/survey*.csv"\nscore_scale = [0, 10]\nscore_name = "NPS"\n'
ANSWERS = """id,date,comment,score,region
1,2026-05-01,The parcel arrived three days late and nobody told me.,2,North
2,2026-05-02,Delivery on the day they said. Lovely courier!,10,South
3,2026-06-03,I was charged twice for the same bill and the refund never came.,1,North
4,2026-06-04,n/a,9,South
5,2026-06-05,n/a,,South
"""
PROMISED = {
    "records", "record_stages", "sentences", "stage_story", "stage_measures", "stage_sources", "stage_scores", "quotes",
    "journey", "classifier_accuracy", "runs", "run_counts", "rejects", "freshness",
}  # fmt: skip
CHANGING = {*OF_THE_RUN, "since_yesterday"}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, fitted: Path) -> Workspace:
    """A published run that no test changes."""
    told = workspace_maker(tmp_path_factory.mktemp("told"), fitted)(SURVEY, {"survey.csv": ANSWERS})
    run(told, as_of="2026-06-30")
    return told


@pytest.fixture
def place(told: Workspace, tmp_path: Path) -> Workspace:
    """The same run, for a test to change."""
    return branched(told, tmp_path)


def test_every_promised_table_is_there(told: Workspace) -> None:
    assert published(told).keys() >= PROMISED


def test_every_table_and_every_column_is_described(told: Workspace) -> None:
    bare = (
        "select table_name, null as column_name from duckdb_tables() where comment is null and not internal "
        "union all select table_name, column_name from duckdb_columns() where comment is null and not internal"
    )
    assert rows(told, bare) == []


@pytest.mark.parametrize("name", tables.tables("publish"))
def test_a_description_names_exactly_the_columns_of_its_table(told: Workspace, name: str) -> None:
    found = [
        row["column_name"] for row in rows(told, f"select column_name from duckdb_columns() where table_name = '{name.split('/')[1]}' order by column_index")
    ]
    assert found == list(tables.table(name).columns)


@pytest.mark.parametrize("name", tables.tables("publish"))
def test_the_key_of_a_table_is_distinct(told: Workspace, name: str) -> None:
    key = ", ".join(f'"{column}"' for column in tables.table(name).key)
    assert rows(told, f'select {key} from "{name.split("/")[1]}" group by all having count(*) > 1') == []


def test_the_same_night_twice_changes_only_what_tells_of_runs(place: Workspace) -> None:
    before = published(place)
    run(place, as_of="2026-06-30")
    after = published(place)
    assert {name for name in after if after[name] != before[name]} <= CHANGING


FACTS = "".join(f'[sources.{kind}]\nconnector = "files"\nkind = "{kind}"\npath = "inbox/{kind}*.csv"\n' for kind in ("operations", "customers", "checkins"))
BEGAN = dt.date(2026, 1, 5)


def facts() -> dict[str, str | bytes]:
    """Forty customers through half a year: whether their bill was right, now and then a check-in, and what they said."""
    on = [BEGAN + dt.timedelta(days=4 * number) for number in range(40)]
    named = list(enumerate(on))
    told = {
        "customers.csv": ["customer_id,since,left_at,value", *(f"c{number},2025-03-01,{'' if number % 9 else day},100" for number, day in named)],
        "operations.csv": ["customer_id,stage,measure,at,failed", *(f"c{number},pay,invoice_correct,{day},{int(number % 4 == 0)}" for number, day in named)],
        "checkins.csv": ["customer_id,stage,asked_at,answered,experience", *(f"c{number},pay,{day},1,{number % 3 - 1}" for number, day in named)],
        "survey.csv": [
            "id,date,comment,score,customer_id",
            *(f"{number},{day},The bill was wrong again and nobody answered.,{number % 11},c{number}" for number, day in named if number % 2),
        ],
    }
    return {name: "\n".join(lines) for name, lines in told.items()}


def test_a_night_with_one_day_more_leaves_what_building_everything_again_leaves(make_workspace: Callable[..., Workspace]) -> None:
    place = make_workspace(SURVEY + FACTS, facts())
    run(place, as_of="2026-06-29")
    drop(place, "survey2.csv", "id,date,comment,score,customer_id\n900,2026-06-29,I was charged twice for the same bill.,1,c3\n")
    drop(place, "operations2.csv", "customer_id,stage,measure,at,failed\nc3,pay,invoice_correct,2026-06-29,1\n")
    run(place, as_of="2026-06-30")
    by_night = published(place)
    assert len(by_night["did_not_happen"]) > 5
    night.run(place, "2026-06-30", is_anew=True)
    at_once = published(place)
    assert {name for name in at_once if sorted(map(str, at_once[name])) != sorted(map(str, by_night[name]))} <= CHANGING | {"records", "pulls"}


def test_a_night_with_nothing_new_says_so(place: Workspace) -> None:
    tonight = run(place, as_of="2026-06-30")
    assert tonight.new_records == 0
    assert tonight.tagged.records == 0
    last = rows(place, f"from run_counts where run_id = '{tonight.run_id}'")
    assert [(row["seen"], row["new"], row["rejected"]) for row in last] == [(0, 0, 0)]


def test_placed_unplaced_and_without_text_add_up_to_all_records(told: Workspace) -> None:
    (counts,) = rows(
        told,
        "select count(*) as n, count(stage) as placed, count(*) filter (stage is null and text is not null) as unplaced, "
        "count(*) filter (stage is null and text is null) as without_text from records",
    )
    assert counts["n"] == 4
    assert counts["placed"] + counts["unplaced"] + counts["without_text"] == counts["n"]  # type: ignore[operator]


def test_a_junk_answer_with_a_score_stays_as_a_score_and_one_without_is_rejected(told: Workspace) -> None:
    assert rows(told, "select text, score, stance from records where native_id = '4'") == [{"text": None, "score": 9.0, "stance": "great"}]
    assert rows(told, "select native_id, reason from rejects") == [{"native_id": "5", "reason": "junk answer"}]


def test_parquet_files_hold_the_same_rows_as_the_tables(told: Workspace) -> None:
    for name, content in published(told).items():
        assert pq.read_metadata(told.published / "parquet" / f"{name}.parquet").num_rows == len(content)


def test_stories_in_json_and_markdown_are_those_of_the_table(told: Workspace) -> None:
    facts = json.loads((told.published / "stories.json").read_text(encoding="utf-8"))
    markdown = (told.published / "stories.md").read_text(encoding="utf-8")
    for stage in facts["stages"]:
        (row,) = rows(told, f"select story from stage_story where stage = '{stage['stage']}' and period_kind = 'rolling' and cut_by = 'all'")
        assert stage["now"]["story"] == row["story"]
        assert stage["title"] in markdown


def test_no_number_stands_without_its_interval_and_denominator(told: Workspace) -> None:
    assert rows(told, "from stage_measures where value is null or low is null or high is null or n is null or denominator is null") == []
    assert rows(told, "from stage_measures where not (low <= value and value <= high)") == []


def test_this_version_never_gives_a_level(told: Workspace) -> None:
    assert rows(told, "from stage_story where evidence_level = 'estimate' or net_experience is not null") == []


def test_a_reader_that_holds_a_run_keeps_it_while_the_next_one_is_published(place: Workspace) -> None:
    held = warehouse.read_only(reading.database(place))
    drop(place, "survey2.csv", "id,date,comment,score,region\n9,2026-06-20,Wonderful ride and friendly staff on the train.,10,North\n")
    run(place, as_of="2026-06-30")
    assert held.execute("select count(*) from records").fetchall() == [(4,)]
    held.close()
    assert rows(place, "select count(*) as n from records") == [{"n": 5}]


@pytest.mark.parametrize(
    "statement",
    [
        "create table x (a int)",
        "copy records to '/tmp/x.csv'",
        "select * from read_csv('/etc/passwd')",
        "attach 'x.db'",
        "install httpfs",
        "set enable_external_access = true",
    ],
)
def test_a_query_can_only_read(told: Workspace, statement: str) -> None:
    with pytest.raises(Mend):
        reading.sql(told, statement)


def test_a_replay_shows_only_what_had_been_said_and_landed_by_then(place: Workspace) -> None:
    drop(place, "survey2.csv", "id,date,comment,score,region\n9,2026-06-20,Wonderful ride and friendly staff on the train.,10,North\n")
    run(place)
    assert rows(place, "select count(*) as n from records") == [{"n": 5}]
    run(place, as_of="2026-06-30")
    assert rows(place, "select count(*) as n from records") == [{"n": 4}]
    run(place)
    assert rows(place, "select count(*) as n from records") == [{"n": 5}]


def test_a_companys_own_dimension_is_kept_and_cut_by(make_workspace: Callable[..., Workspace]) -> None:
    place = make_workspace(SURVEY + 'dimensions = { loyalty = "tier" }\n', {"survey.csv": ANSWERS.replace("region", "tier")})
    run(place, as_of="2026-06-30")
    assert rows(place, "select own_dimensions from records where native_id = '1'") == [{"own_dimensions": '{"loyalty": "North"}'}]
    assert rows(place, "select distinct cut_value from stage_story where cut_by = 'loyalty' order by all") == [{"cut_value": "North"}, {"cut_value": "South"}]


def test_several_comments_of_one_answer_count_once_with_its_score(make_workspace: Callable[..., Workspace]) -> None:
    table = SURVEY + 'columns = { id = "id", said_at = "date", score = "score", text = ["liked", "disliked"] }\n'
    place = make_workspace(table, {"survey.csv": "id,date,score,liked,disliked\n1,2026-05-01,9,The delivery was on time.,The parcel was torn and wet.\n"})
    run(place, as_of="2026-06-30")
    assert rows(place, "select native_id from records order by all") == [{"native_id": "1#disliked"}, {"native_id": "1#liked"}]
    counted = rows(place, "select sum(units)::bigint as units, sum(great)::bigint as great, sum(records)::bigint as records from signals where cut_by = 'all'")
    assert counted == [{"units": 1, "great": 1, "records": 2}]


def test_an_address_is_never_published_as_a_key(make_workspace: Callable[..., Workspace]) -> None:
    content = "id,date,comment,score,customer_id\njane@example.org,2026-05-01,The parcel arrived late.,2,jane@example.org\n"
    place = make_workspace(SURVEY, {"survey.csv": content})
    run(place, as_of="2026-06-30")
    (row,) = rows(place, "select native_id, customer_id from records")
    assert row["native_id"] == row["customer_id"]
    assert "jane" not in json.dumps(published(place), default=str)


def test_rows_without_ids_are_known_again_however_a_program_formats_them(make_workspace: Callable[..., Workspace]) -> None:
    place = make_workspace(SURVEY, {"survey1.csv": "date,comment,score\n2026-03-01,Great lounge and friendly staff,5\n"})
    run(place, as_of="2026-06-30")
    drop(place, "survey2.csv", "date,comment,score\n2026-03-01 00:00:00,  Great lounge  and friendly staff ,5.0\n")
    tonight = run(place, as_of="2026-06-30")
    assert dict(tonight.counts["survey"]) == {"repeated": 1}


def test_customers_in_a_stage_are_those_with_operations_there(make_workspace: Callable[..., Workspace]) -> None:
    operations = '[sources.operations]\nconnector = "files"\nkind = "operations"\npath = "inbox/operations.csv"\n'
    content = "customer_id,stage,measure,at,failed\nC1,onboard,on_time,2026-05-01,0\nC1,onboard,complete,2026-05-01,1\nC2,onboard,on_time,2026-05-02,0\n"
    place = make_workspace(SURVEY + operations, {"survey.csv": ANSWERS, "operations.csv": content})
    run(place, as_of="2026-06-30")
    assert rows(place, "select customers from stage_story where stage = 'onboard' and period = '2026-05' and cut_by = 'all'") == [{"customers": 2}]


def test_words_of_check_ins_go_when_new_settings_give_other_check_ins(make_workspace: Callable[..., Workspace]) -> None:
    table = '[sources.checkins]\nconnector = "files"\nkind = "checkins"\npath = "inbox/checkins.csv"\n'
    content = "customer_id,stage,asked_at,answered,experience,text\nC1,onboard,2026-05-01,1,-1,The parcel arrived three days late.\n"
    place = make_workspace(table, {"checkins.csv": content})
    run(place, as_of="2026-06-30")
    place.configuration.write_text(place.configuration.read_text(encoding="utf-8") + 'timezone = "America/New_York"\n', encoding="utf-8")
    run(place, as_of="2026-06-30")
    assert rows(place, "select count(*) as n from checkins") == [{"n": 1}]
    assert rows(place, "select count(*) as n from records where kind = 'checkins'") == [{"n": 1}]
