"""The sample company's page in a real browser: whether everybody can read it, find their way and trust its links."""

from __future__ import annotations

import itertools
import math
import re
from pathlib import Path

import axe_core_python
import bs4
import pytest
from playwright.sync_api import Browser

from listening.journey import DEFAULT_STAGES
from listening.publish import reading
from listening.workspace import Workspace
from tests.conftest import opened

AXE = (Path(axe_core_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
MOST_BYTES = 500_000


@pytest.fixture(scope="module")
def pages(fernway: Workspace) -> list[Path]:
    return sorted((fernway.published / "site").rglob("*.html"))


@pytest.mark.parametrize("width", [390, 1280, 1920])
def test_pages_fit_every_screen_ask_nothing_of_the_network_and_complain_of_nothing(pages: list[Path], browser: Browser, width: int) -> None:
    with opened(browser, width) as page:
        for path in pages:
            page.goto(path.as_uri())
            assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{path.name} scrolls sideways"
            assert page.evaluate("getComputedStyle(document.querySelector('.skip')).position") == "absolute", "the style sheet was refused"


def unlike(pages: list[Path]) -> list[Path]:
    """Of pages that are made alike, those of stages and those of comments, the largest and the smallest; and all others."""
    stages = {f"{stage}.html" for stage in DEFAULT_STAGES}
    alike = [[path for path in pages if path.parent.name == "comments"], [path for path in pages if path.name in stages]]
    ends = [end(group, key=lambda path: path.stat().st_size) for group in alike for end in (min, max)]
    return [*(path for path in pages if path not in itertools.chain(*alike)), *ends]


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
def test_pages_keep_the_rules_of_accessibility(pages: list[Path], browser: Browser, width: int, scheme: str) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True)  # type: ignore[arg-type]
    page = context.new_page()
    for path in unlike(pages):
        page.goto(path.as_uri())
        page.add_script_tag(content=AXE)
        found = page.evaluate("rules => axe.run(document, {runOnly: rules})", RULES)
        assert len(found["passes"]) > 10, "the rules were looked at"
        assert not [(rule["id"], node["html"]) for rule in found["violations"] for node in rule["nodes"]], path.name
    context.close()


def test_numbers_of_the_glance_the_themes_and_the_lists_are_those_of_the_tables(fernway: Workspace, pages: list[Path]) -> None:
    page = {path.stem: bs4.BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser") for path in pages if path.parent.name != "comments"}
    told = reading.sql(fernway, "from stage_story where cut_by = 'all' and period_kind = 'rolling'").to_pandas().set_index("stage")
    for stop in page["index"].select("ol.journey > li"):
        for measure in ("gained", "lost", "change", "net_experience"):
            shown = stop.find(attrs={"data-test-measure": measure})
            number = told.loc[stop["data-test-stage"], measure]
            assert shown is None or float(shown["data-test-value"]) == number
            assert shown is not None or math.isnan(number), (stop["data-test-stage"], measure)
    of_themes = """
        select record_themes.stage, theme, count(*) as n from record_themes join records using (record_id)
        where role not in ('employee', 'supplier') and text is not null group by all
    """
    comments = {(row.stage, row.theme): row.n for row in reading.sql(fernway, of_themes).to_pandas().itertuples()}
    shown_of = {
        (page[stage].article["data-test-stage"], row["data-test-theme"]): int(row.find("a")["data-test-comments"])
        for stage in page for row in page[stage].find_all("tr", attrs={"data-test-theme": True}) if row.find("a")
    }  # fmt: skip
    assert shown_of == comments
    ranks = [int(item["data-test-priority"]) for item in page["priorities"].find_all(attrs={"data-test-priority": True})]
    assert ranks == reading.sql(fernway, "select rank from priorities order by rank")["rank"].to_pylist()
    warned = {item["data-test-warning"] for item in page["warnings"].find_all(attrs={"data-test-warning": True})}
    assert warned == set(reading.sql(fernway, "from warnings")["warning_id"].to_pylist())


def test_every_link_of_every_page_leads_somewhere(pages: list[Path], browser: Browser) -> None:
    there: dict[Path, set[str]] = {}
    links: set[tuple[Path, str]] = set()
    with opened(browser, 1280) as page:
        for path in pages:
            page.goto(path.as_uri())
            there[path] = set(page.eval_on_selector_all("[id]", "marked => marked.map(one => one.id)"))
            links |= {(path, link) for link in page.eval_on_selector_all("a[href]", "links => links.map(one => one.getAttribute('href'))")}
    assert len(links) > len(pages)
    for path, link in links:
        file, _, place = link.partition("#")
        target = (path.parent / file).resolve() if file else path
        assert target.is_file(), f"{path.name} leads to {link}"
        assert not place or target not in there or place in there[target], f"{path.name} leads to {link}"


def test_the_whole_journey_is_walked_by_keyboard_alone(pages: list[Path], browser: Browser) -> None:
    (index,) = [path for path in pages if path.name == "index.html"]
    with opened(browser, 1280) as page:
        page.goto(index.as_uri())
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip", "the first stop leads past the menu"
        reached = set()
        while page.evaluate("document.activeElement !== document.body"):
            page.keyboard.press("Tab")
            reached.add(page.evaluate("document.activeElement.getAttribute('href')"))
            assert page.evaluate("document.activeElement.matches('body') || getComputedStyle(document.activeElement).outlineStyle !== 'none'"), reached
        assert {path.name for path in pages if path.parent == index.parent} - {"index.html"} <= {str(link).partition("#")[0] for link in reached}
        page.get_by_role("navigation").get_by_role("link", name="Pay").focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/pay.html")
        assert page.get_by_role("heading", level=1).inner_text() == "Pay"


def test_pages_can_be_read_without_scripts(pages: list[Path], browser: Browser) -> None:
    with opened(browser, 1280, can_run_scripts=False) as page:
        for path in pages:
            page.goto(path.as_uri())
            assert page.get_by_role("heading", level=1).count() == 1
            assert len(page.inner_text("main")) > 200, path.name


def test_pages_are_small(pages: list[Path]) -> None:
    assert {path.name: path.stat().st_size for path in pages if path.stat().st_size > MOST_BYTES} == {}


def test_the_month_prints_on_two_pages(pages: list[Path], browser: Browser) -> None:
    (month,) = [path for path in pages if path.name == "month.html"]
    with opened(browser, 1280) as page:
        page.goto(month.as_uri())
        edge = dict.fromkeys(("top", "bottom", "left", "right"), "12mm")
        printed = page.pdf(format="A4", margin=edge)  # type: ignore[arg-type]
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= 2
