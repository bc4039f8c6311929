"""The judge: takes what must be published and a workspace, gives a sentence for each difference, by kind."""

from __future__ import annotations

import collections
import datetime as dt
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb

from .world import FEEDBACK, SECRET, SOURCES, Expected

OUTCOMES = ("new", "updated", "repeated", "deleted", "rejected", "refused")
_MOST = 5  # sentences of one kind; more of the same tell nothing


@dataclass
class Verdict:
    """What is wrong with a published run, by kind (lost, doubled, wrong, ghost, counts, shape); empty where nothing is."""

    found: dict[str, list[str]] = field(default_factory=lambda: collections.defaultdict(list))

    def __bool__(self) -> bool:
        return bool(self.found)

    def __str__(self) -> str:
        lines = []
        for kind, sentences in self.found.items():
            lines += [f"{kind}: {sentence}" for sentence in sentences[:_MOST]]
            lines += [f"{kind}: … {len(sentences)} in all"] if len(sentences) > _MOST else []
        return "\n".join(lines)

    def number(self, kind: str) -> int:
        """How many differences of a kind there are."""
        return len(self.found.get(kind, ()))


def judge(root: Path, expected: Expected, landed: dict[str, int] | None = None, is_exact: bool = True, is_partial: bool = False) -> Verdict:
    """Compare what is published with what must be.

    `landed`: the things said in all files, each of which is counted exactly once, or with `is_exact` false at least once,
    where rows were shaped again. `is_partial`: sources that
    `freshness` says have failed are not compared.
    """
    verdict = Verdict()
    path = root / "published" / "listening.duckdb"
    if not path.exists():
        verdict.found["shape"].append("nothing is published")
        return verdict
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        tables = _Tables(connection)
        if is_partial:
            failed = {row["source"] for row in tables.rows("select source from freshness where state = 'failed'")}
            tables.left_out, expected, landed = failed, expected.without(failed), {name: n for name, n in (landed or {}).items() if name not in failed}
        _records(verdict, tables, expected)
        _facts(verdict, tables, expected)
        _counts(verdict, tables, landed, is_exact)
        _shares(verdict, tables)
        _freshness(verdict, tables, expected)
        _secrets(verdict, tables, expected)
        _files(verdict, tables, path.parent.resolve())
    return verdict


class _Tables:
    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self.left_out: set[str] = set()

    def rows(self, query: str) -> list[dict[str, Any]]:
        """The rows of a query as dictionaries."""
        found = self._connection.execute(query)
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def _records(verdict: Verdict, tables: _Tables, expected: Expected) -> None:
    names = ", ".join(f"'{source}'" for source in FEEDBACK if source not in tables.left_out) or "''"
    published = tables.rows(f"select record_id, source, native_id, text, score, said_on, region from records where source in ({names})")
    for column in ("record_id", "native_id"):
        counted = collections.Counter((row["source"], row[column]) for row in published)
        verdict.found["doubled"] += [f"{column} {key} {number} times" for key, number in counted.items() if number > 1]
    found = {(row["source"], row["native_id"]): row for row in published}
    verdict.found["lost"] += [f"{key}: {said['text']}" for key, said in expected.records.items() if key not in found]
    verdict.found["ghost"] += [f"{key}: {row['text']}" for key, row in found.items() if key not in expected.records]
    for key, said in expected.records.items():
        if key in found:
            other = {name: (value, found[key][name]) for name, value in said.items() if found[key][name] != value}
            verdict.found["wrong"] += [f"{key}: {other} (expected, found)"] if other else []
    words = collections.Counter(row["text"] for row in tables.rows("select text from records where source = 'checkins'") if "checkins" not in tables.left_out)
    wanted = collections.Counter(expected.said_of_checkins)
    verdict.found["lost"] += [f"words of a check-in: {text}" for text in wanted - words]
    verdict.found["ghost"] += [f"words of a check-in: {text}" for text in words - wanted]
    for kind in ("doubled", "lost", "ghost", "wrong"):
        if not verdict.found[kind]:
            del verdict.found[kind]


def _facts(verdict: Verdict, tables: _Tables, expected: Expected) -> None:
    columns = {
        "operations": ("customer_id", "stage", "measure", "at", "failed"),
        "customers": ("customer_id", "since", "valid_from", "value"),
        "checkins": ("customer_id", "stage", "asked_at", "answered", "experience", "text"),
    }
    for source, facts in expected.facts.items():
        names = columns[source]
        own = ["valued_at" if name == "valid_from" else name for name in names]
        wanted = collections.Counter(tuple(_plain(fact[name]) for name in own) for fact in facts)
        select = ", ".join(f'"{name}"' for name in names)
        found = collections.Counter(tuple(_plain(cell) for cell in row.values()) for row in tables.rows(f"select {select} from {source}"))
        for kind, other in (("lost", wanted - found), ("ghost", found - wanted)):
            if other:
                verdict.found[kind] += [f"{source}: {row}" for row in other]


def _plain(cell: Any) -> Any:
    if isinstance(cell, dt.datetime):
        return cell.astimezone(dt.UTC).isoformat(timespec="seconds")
    return float(cell) if isinstance(cell, int | float) else cell


def _counts(verdict: Verdict, tables: _Tables, landed: dict[str, int] | None, is_exact: bool) -> None:
    rows = tables.rows("select * from run_counts")
    for row in rows:
        if any(row[name] is None for name in ("seen", *OUTCOMES)) or row["seen"] != sum(row[name] for name in OUTCOMES):
            verdict.found["counts"].append(f"a row of run_counts does not add up: {row}")
    keys = collections.Counter((row["run_id"], row["source"]) for row in rows)
    verdict.found["counts"] += [f"run_counts has {key} {number} times" for key, number in keys.items() if number > 1]
    runs = collections.Counter(row["run_id"] for row in tables.rows("select run_id from runs"))
    verdict.found["counts"] += [f"runs has {run} {number} times" for run, number in runs.items() if number > 1]
    verdict.found["counts"] += [f"run_counts knows run {run}, runs does not" for run in {run for run, _ in keys} - runs.keys()]
    for source, things in (landed or {}).items():
        seen = sum(row["seen"] for row in rows if row["source"] == source)
        # a ticket that is deleted as a whole counts each of its messages, also those that the deletion does not list
        if seen < things or (seen > things and source != "tickets" and is_exact):
            verdict.found["counts"].append(f"{source}: {things} things were said in what has landed, run_counts has seen {seen}")
    if not verdict.found["counts"]:
        del verdict.found["counts"]


def _shares(verdict: Verdict, tables: _Tables) -> None:
    checks = {
        "the shares of {} records do not add up to 1": "select record_id from record_stages group by 1 having abs(sum(share) - 1) > 1e-6",
        "{} records have a stage and no share of it": "select record_id from records anti join record_stages using (record_id, stage) where stage is not null",
        "{} record_stages belong to no record": "select record_id from record_stages anti join records using (record_id)",
        "{} sentences belong to no record": "select record_id from sentences anti join records using (record_id)",
        "{} sentences do not stand in their record's text": (
            "select record_id from sentences join records using (record_id) "
            "where sentences.text <> substr(records.text, sentences.start + 1, sentences.stop - sentences.start)"
        ),
        "{} records have words and no sentence": "select record_id from records anti join sentences using (record_id) where text is not null",
        "{} records have words and were never tagged": "select record_id from records where text is not null and classifier_version is null",
    }
    for sentence, query in checks.items():
        if number := len(tables.rows(query)):
            verdict.found.setdefault("shape", []).append(sentence.format(number))


def _freshness(verdict: Verdict, tables: _Tables, expected: Expected) -> None:
    found = {row["source"]: row for row in tables.rows("select * from freshness")}
    problems = [f"freshness lacks {source}" for source in SOURCES if source not in found]
    for source in sorted(set(FEEDBACK) - tables.left_out):
        said = [record["said_on"] for (of, _), record in expected.records.items() if of == source]
        row = found.get(source)
        if row and (row["records"], row["last_said_on"]) != (len(said), max(said, default=None)):
            problems.append(f"freshness of {source} says {row['records']} up to {row['last_said_on']}, it is {len(said)} up to {max(said, default=None)}")
    if problems:
        verdict.found["freshness"] += problems


def _secrets(verdict: Verdict, tables: _Tables, expected: Expected) -> None:
    """Words that were redacted stand nowhere, however they were derived."""
    if tables.left_out:
        return
    still = {key[1] for key, record in expected.records.items() if SECRET in (record["text"] or "")}
    for table, column in (("records", "text"), ("sentences", "text"), ("quotes", "text"), ("records", "attributes")):
        query = (
            f"select native_id from {table} " + ("join records using (record_id) " if table != "records" else "") + f"where {table}.{column} like '%{SECRET}%'"
        )
        told = {row["native_id"] for row in tables.rows(query)} - still
        if told:
            verdict.found["redaction"].append(f"redacted words still stand in {table}.{column} of {sorted(told)[:5]}")


def _files(verdict: Verdict, tables: _Tables, folder: Path) -> None:
    """The files of the same run say the same."""
    with duckdb.connect() as connection:
        for table in ("records", "run_counts", "runs"):
            count = connection.execute(f"select count(*) from read_parquet('{folder / 'parquet' / table}.parquet')").fetchone()
            own = tables.rows(f"select count(*) as n from {table}")[0]["n"]
            if count is None or count[0] != own:
                verdict.found["shape"].append(f"{table}.parquet has {count and count[0]} rows, the table {own}")
    if folder.name not in (runs := [row["run_id"] for row in tables.rows("select run_id from runs")]):
        verdict.found["shape"].append(f"published points at {folder.name}, which is none of its runs: {runs[-3:]}")
    if not json.loads((folder / "stories.json").read_text(encoding="utf-8")) or not (folder / "site" / "index.html").stat().st_size:
        verdict.found["shape"].append("stories.json or the page is empty")
