"""The laws of the house (CONTRIBUTING.md), read from the code's own imports."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
STATIONS = ("landing", "records", "tagging", "signals", "story", "warnings", "growth", "leading", "publish")
SHARED = {
    "listening",
    "listening.actions",
    "listening.calls",
    "listening.labels",
    "listening.warehouse",
    "listening.lake",
    "listening.journey",
    "listening.workspace",
    "listening.forgotten",
    "listening.tables",
    "listening.chances",
    "listening.figures",
    "listening.intervals",
    "listening.workers",
}
MODULES = sorted(path for folder in ("listening", "pipelines") for path in (ROOT / folder).rglob("*.py"))


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = node.module or ""
            yield from (f"{module}.{alias.name}" if module in ("listening", "pipelines") else module for alias in node.names)


@pytest.fixture(scope="module")
def imported() -> dict[str, set[str]]:
    return {name_of(path): set(imports(ast.parse(path.read_text(encoding="utf-8")))) for path in MODULES}


def importers(imported: dict[str, set[str]], *packages: str) -> set[str]:
    return {module for module, names in imported.items() if any(name.split(".")[0] in packages for name in names)}


def test_only_pipelines_know_prefect(imported: dict[str, set[str]]) -> None:
    assert all(module.startswith("pipelines") for module in importers(imported, "prefect"))


def test_only_the_warehouse_and_the_lake_know_duckdb(imported: dict[str, set[str]]) -> None:
    assert importers(imported, "duckdb") == {"listening.warehouse", "listening.lake"}


def test_only_tagging_story_and_their_proof_know_learning_libraries(imported: dict[str, set[str]]) -> None:
    found = importers(imported, "sklearn", "scipy", "nltk", "vaderSentiment")
    allowed = ("listening.tagging", "listening.story", "listening.prove", "listening.chances")
    assert all(module.startswith(allowed) for module in found)


def test_only_publish_knows_templates_and_charts(imported: dict[str, set[str]]) -> None:
    assert all(module.startswith("listening.publish") for module in importers(imported, "jinja2", "altair", "vl_convert"))


@pytest.mark.parametrize("station", STATIONS)
def test_a_station_imports_itself_and_what_all_share(imported: dict[str, set[str]], station: str) -> None:
    own = {"listening.sources"} if station == "landing" else set()
    for module, names in imported.items():
        if module == f"listening.{station}" or module.startswith(f"listening.{station}."):
            ours = {name for name in names if name.split(".")[0] in ("listening", "pipelines")}
            foreign = {name for name in ours if not name.startswith((f"listening.{station}", *own)) and name not in SHARED and name != "listening.__version__"}
            assert not foreign, f"{module} imports {foreign}"


def test_sources_know_no_store(imported: dict[str, set[str]]) -> None:
    for module, names in imported.items():
        if module.startswith("listening.sources"):
            ours = {name for name in names if name.startswith("listening")}
            assert all(name.startswith(("listening.sources", "listening.workspace")) for name in ours), module


def test_only_the_command_line_imports_pipelines(imported: dict[str, set[str]]) -> None:
    assert {module for module in importers(imported, "pipelines") if module.startswith("listening")} == {"listening.cli.nights"}


def test_imports_stand_at_the_top_except_of_pipelines_in_the_command_line_and_of_an_extra_in_pipelines() -> None:
    allowed = {"listening.cli.nights": "pipelines", "pipelines.nightly": "pipelines.workers"}
    for path in MODULES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for function in ast.walk(tree):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                hidden = set(imports(function))
                assert all(name.startswith(allowed.get(name_of(path), "none")) for name in hidden), f"{path}: {hidden}"


def test_no_module_is_called_utils_or_helpers() -> None:
    assert not [path for path in MODULES if path.stem in ("utils", "helpers", "common", "misc")]


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_opens_with_a_sentence(path: Path) -> None:
    assert (ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or "").strip()


@pytest.mark.parametrize("station", STATIONS)
def test_a_stations_word_is_its_module_its_sql_folder_and_its_test_file(station: str) -> None:
    package = ROOT / "listening" / station
    assert package.is_dir() or package.with_suffix(".py").is_file()
    assert (ROOT / "listening" / "sql" / station).is_dir()
    assert list((ROOT / "tests").glob(f"test_{station}*.py"))


@pytest.mark.parametrize("path", sorted((ROOT / "listening" / "sql").rglob("*.sql")), ids=lambda path: "/".join(path.parts[-2:]))
def test_a_sql_file_holds_one_lowercase_statement(path: Path) -> None:
    statement = re.sub(r"--[^\n]*|'[^']*'", "", path.read_text(encoding="utf-8"))
    assert ";" not in statement
    assert not re.search(r"\b(SELECT|FROM|WHERE|JOIN|GROUP BY|ORDER BY|WITH|AS|UNION)\b", statement)


def test_nothing_is_pickled(imported: dict[str, set[str]]) -> None:
    assert not importers(imported, "pickle", "joblib", "dill", "cloudpickle")
