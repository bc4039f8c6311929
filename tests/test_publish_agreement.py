"""One number, four doors: what the page, `stories.md` and `stories.json` of the sample say is what the published tables hold."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import bs4
import pytest

from listening.publish.facts import LEADING
from listening.workspace import Workspace
from tests.conftest import rows

Row = dict[str, Any]
KEY = ("stage", "period_kind", "period", "cut_by", "cut_value")  # of a story
COUNTED = ("checkins", "rejected")  # beside the stories: counts of a table's rows, not rows of it


@pytest.fixture(scope="module")
def tables(fernway: Workspace) -> dict[str, list[Row]]:
    """All published tables that the stories could be made from; what was said stays out, being no number."""
    names = [str(row["name"]) for row in rows(fernway, "select table_name as name from duckdb_tables() where not internal and estimated_size < 100000")]
    return {name: rows(fernway, f'from "{name}"') for name in names}


@pytest.fixture(scope="module")
def told(fernway: Workspace) -> Row:
    content: Row = json.loads((fernway.published / "stories.json").read_text(encoding="utf-8"))
    return content


def plain(value: Any) -> Any:
    return value if value is None or isinstance(value, int | float | str | bool | list) else str(value)


def numbers(row: Row) -> Row:
    return {name: value for name, value in row.items() if isinstance(value, int | float) and not isinstance(value, bool)}


def stories(told: Row) -> Iterator[tuple[Row, Row]]:
    """Each stage with each of its stories, and the rows within a story, each with the names that tell where it belongs."""
    for stage in told["stages"]:
        for story in filter(None, [stage["now"], *stage["periods"]]):
            yield stage, story


def details(stage: Row, story: Row) -> Iterator[tuple[str, Row]]:
    """The rows that a story holds, by the name of their list, with the stage and period that they are of."""
    of = {"stage": stage["stage"], "period_kind": story["period_kind"], "period": story["period"]}
    for name, content in story.items():
        if isinstance(content, list):
            yield from ((name, of | row) for row in content if isinstance(row, dict))
        elif name == "measures":
            yield from ((name, of | {"measure": measure} | row) for measure, row in content.items())
        elif name == "quotes":
            yield from ((name, of | row) for side in content.values() for row in side)


def holding(tables: dict[str, list[Row]], row: Row) -> list[str]:
    """The tables that have all columns of a row."""
    return [name for name, content in tables.items() if content and set(row) <= set(content[0])]


def is_in(content: list[Row], row: Row) -> bool:
    """Whether a table has the row; of what is cut, the cut 'all' is told unless the row names another."""
    whole = {"cut_by": "all", "cut_value": "all"} if "cut_by" in content[0] else {}
    wanted = whole | row
    return any(all(plain(found[name]) == value for name, value in wanted.items()) for found in content)


def test_each_figure_of_the_stories_is_that_of_its_table(told: Row, tables: dict[str, list[Row]]) -> None:
    by_key: dict[tuple[Any, ...], Row] = {(row["stage"], row["period_kind"], row["period"]): row for row in tables["stage_story"] if row["cut_by"] == "all"}
    seen = 0
    for stage, story in stories(told):
        row = by_key[stage["stage"], story["period_kind"], story["period"]]
        shared = story.keys() & row.keys()
        assert {name: story[name] for name in shared} == {name: plain(row[name]) for name in shared}
        assert shared >= {"records", "heard", "customers", "net_experience", "net_low", "net_high", "direction", "story"}
        seen += len(shared)
    assert seen > 1000


def test_each_row_within_a_story_is_a_row_of_a_published_table(told: Row, tables: dict[str, list[Row]]) -> None:
    indexed: dict[tuple[Any, ...], list[Row]] = {}
    columns = {name: set(content[0]) for name, content in tables.items() if content}
    for name, content in tables.items():
        for row in content if {"stage", "period_kind", "period"} <= columns.get(name, set()) else ():
            indexed.setdefault((name, row["stage"], row["period_kind"], row["period"]), []).append(row)
    seen = set()
    for stage, story in stories(told):
        for kind, row in details(stage, story):
            candidates = [name for name in columns if set(row) <= columns[name]]
            assert candidates, f"no published table has the columns of {kind}: {sorted(row)}"
            places = [indexed.get((name, row["stage"], row["period_kind"], row["period"]), []) for name in candidates]
            assert any(is_in(content, row) for content in places if content), f"{kind}: {row}"
            seen.add(kind)
    assert seen >= {"sources", "scores", "measures", "quotes", "coverage", "contributions"}


def test_rows_beside_the_stories_are_rows_of_a_published_table(told: Row, tables: dict[str, list[Row]]) -> None:
    seen = set()
    for name, content in told.items():
        for row in content if isinstance(content, list) and name not in ("stages", *COUNTED) else ():
            if places := holding(tables, row):
                assert any(is_in(tables[table], row) for table in places), f"{name}: {row}"
                seen.add(name)
    assert seen >= {"sources", "accuracy", *LEADING}


def test_counts_beside_the_stories_are_those_of_the_tables(told: Row, fernway: Workspace) -> None:
    (counts,) = rows(
        fernway,
        "select count(*) as records, count(*) filter (text is null and stage is null) as without_text from records where role not in ('employee', 'supplier')",
    )
    assert {"records", "without_text"} <= told["counts"].keys()
    (everything,) = rows(fernway, "select count(*) as records from records")
    assert counts["records"] <= told["counts"]["records"] <= everything["records"]  # type: ignore[operator]
    rejected = rows(fernway, "select source, reason, count(*) as rows from rejects group by all")
    assert sorted(map(str, told["rejected"])) == sorted(map(str, rejected))
    asked = rows(fernway, "select stage, count(*) filter (answered = 1) as answered from checkins where stage is not null group by stage")
    assert {row["stage"]: row["answered"] for row in told["checkins"]} == {row["stage"]: row["answered"] for row in asked}
    for stage in told["stages"]:
        for point in stage["touchpoints"]:
            where = f"touchpoint = '{point['touchpoint']}' and stage = '{stage['stage']}' and role not in ('employee', 'supplier')"
            assert rows(fernway, f"select count(*) as n from records where {where}") == [{"n": point["records"]}]


# Markdown: the numbers of each line, as a reader would take them


def read(text: str) -> list[float]:
    """The numbers that stand in a text, with the page's signs and spaces."""
    bare = text.replace("\u00a0", " ").replace("\u2009", " ").replace("−", "-")
    return [float(found.replace(",", "")) for found in re.findall(r"(?<![\w.])[-+]?\d[\d,]*(?:\.\d+)?", bare.replace("–", " "))]


def shown(row: Row, column: str) -> list[float]:
    return [round(100 * row[f"{column}{end}"]) for end in ("", "_low", "_high")]


def sections(markdown: str, told: Row) -> dict[str, str]:
    """The Markdown of each stage, by its key."""
    parts = re.split(r"^## ", markdown, flags=re.M)[1:]
    titles = {stage["title"]: stage["stage"] for stage in told["stages"]}
    return {titles[title]: part for part in parts for title in titles if part.startswith(f"{title}: ")}


def test_each_line_of_the_markdown_says_the_numbers_of_the_tables(fernway: Workspace, told: Row, tables: dict[str, list[Row]]) -> None:
    found = sections((fernway.published / "stories.md").read_text(encoding="utf-8"), told)
    assert set(found) == {stage["stage"] for stage in told["stages"]}
    compared = 0
    for stage, text in found.items():
        now = [row for row in tables["stage_sources"] if (row["stage"], row["period_kind"], row["cut_by"]) == (stage, "rolling", "all") and row["units"]]
        for row in now:
            (line,) = [line for line in text.splitlines() if line.startswith(f"| {row['source']} |".replace("_", r"\_"))]
            shares = [*shown(row, "negative"), *shown(row, "positive")] if row["n"] >= 5 else []
            assert read(line.split("|", 2)[2]) == [*shares, row["n"], row["units"]], line
            compared += 1
        (story,) = [row for row in tables["stage_story"] if (row["stage"], row["period_kind"], row["cut_by"]) == (stage, "rolling", "all")]
        plainly = " ".join(text.replace("\\", "").split())
        of_story = [row for row in tables["story_sentences"] if all(row[name] == story[name] for name in KEY)]
        assert all(" ".join(row["text"].split()) in plainly for row in of_story) or not story["records"]
        for quote in tables["quotes"]:
            if (quote["stage"], quote["period_kind"]) == (stage, "rolling"):
                assert quote["record_id"] in text
    assert compared > 15


# the page: what is marked with a value is that value, and is shown as it


def leaves(content: Any) -> Iterator[float]:
    if isinstance(content, dict):
        for each in content.values():
            yield from leaves(each)
    elif isinstance(content, list):
        for each in content:
            yield from leaves(each)
    elif isinstance(content, int | float) and not isinstance(content, bool):
        yield float(content)


def rounded(value: float) -> set[float]:
    """A number as the page may show it: as it is, as percent, with a decimal, without its sign."""
    return {abs(float(f"{scale * value:.{decimals}f}")) for scale in (1, 100) for decimals in (0, 1, 2)}


def marked(fernway: Workspace) -> Iterator[tuple[str, bs4.Tag]]:
    for path in sorted((fernway.published / "site").rglob("*.html")):
        page = bs4.BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        yield from ((path.name, tag) for tag in page.find_all(attrs={"data-test-value": True}))


def test_every_marked_number_of_the_page_is_a_number_of_the_tables_and_is_shown(fernway: Workspace, told: Row, tables: dict[str, list[Row]]) -> None:
    known = {round(value, 9) for value in leaves(told)} | {round(value, 9) for content in tables.values() for row in content for value in leaves(row)}
    sums = {round(float(sum(source["units"] for source in story["sources"])), 9) for _, story in stories(told)}
    counts = [value for value in told["counts"].values() if isinstance(value, int)]
    derived = {"units": sums, "coverage": {float(one - other) for one in counts for other in counts}}
    number = 0
    for page, tag in marked(fernway):
        texts = {abs(value) for value in read(tag.get_text(" "))} | ({0.0} if tag.get_text(" ", strip=True).startswith("No ") else set())
        for end in ("value", "low", "high"):
            given = tag.get(f"data-test-{end}")
            if given in (None, "", "None"):
                continue
            value = float(str(given))
            assert round(value, 9) in known | derived.get(str(tag.get("data-test-measure")), set()), f"{page}: {tag}"
            of_money = {abs(float(f"{value:.3g}"))} if tag.get("data-test-measure") == "value" else set()  # is shown to three figures
            assert (rounded(value) | of_money) & texts, f"{page}: {given} is not shown in '{tag.get_text(' ', strip=True)}'"
            number += 1
    assert number > 500


def test_a_marked_number_with_a_source_is_that_sources_of_that_stage(fernway: Workspace, told: Row, tables: dict[str, list[Row]]) -> None:
    """On a stage's own page: of stage_sources, for the last 90 days or a period that the page also tells of."""
    pages = {f"{stage['stage']}.html": stage["stage"] for stage in told["stages"]}
    by_place: dict[tuple[Any, Any], list[Row]] = {}
    for row in tables["stage_sources"]:
        if row["cut_by"] == "all":
            by_place.setdefault((row["stage"], row["source"]), []).append(row)
    compared = 0
    for page, tag in marked(fernway):
        measure, source = str(tag.get("data-test-measure")), str(tag.get("data-test-source"))
        own = by_place.get((pages.get(page), source), [])
        if measure in ("negative", "positive", "indicator", "units", "contribution") and own and measure in own[0]:
            value = float(str(tag["data-test-value"]))
            assert any(row[measure] is not None and float(row[measure]) == pytest.approx(value, abs=1e-9) for row in own), f"{page}: {tag}"
            compared += 1
    assert compared > 100


def test_the_story_in_words_is_the_same_on_the_page_in_the_table_and_in_the_files(fernway: Workspace, told: Row, tables: dict[str, list[Row]]) -> None:
    for stage in told["stages"]:
        now = stage["now"]
        if not (now and now["records"]):
            continue
        (row,) = [row for row in tables["stage_story"] if (row["stage"], row["period_kind"], row["cut_by"]) == (stage["stage"], "rolling", "all")]
        page = bs4.BeautifulSoup((fernway.published / "site" / f"{stage['stage']}.html").read_text(encoding="utf-8"), "html.parser").get_text(" ")
        bare = " ".join(page.split())
        said = [one for one in tables["story_sentences"] if all(one[name] == row[name] for name in KEY)]
        said.sort(key=lambda one: one["sentence_no"])
        assert [one["text"] for one in said if " ".join(one["text"].split()) not in bare] == []
        assert [(one["part"], one["text"]) for one in said] == [(one["part"], one["text"]) for one in now["sentences"]]
        assert " ".join(one["text"] for one in said) == row["story"]
        assert now["story"] == row["story"]


def test_the_comparison_can_fail(told: Row, tables: dict[str, list[Row]]) -> None:
    stage, story = next((stage, story) for stage, story in stories(told) if story["sources"])
    (name, row), *_ = [(name, row) for name, row in details(stage, story) if name == "sources"]
    assert is_in(tables["stage_sources"], row)
    for column, value in numbers(row).items():
        assert not is_in(tables["stage_sources"], row | {column: value + 1}), f"{name}.{column}"
    assert read("−12 (−20 to +5), 1,234 of 42 % (34–50 %)") == [-12, -20, 5, 1234, 42, 34, 50]
    assert not rounded(12.4) & {13.0}
