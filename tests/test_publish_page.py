"""The published page: facts in, pages that say the same numbers, let nothing in as markup, ask nothing of the network, and fit a phone."""

from __future__ import annotations

import copy
import datetime as dt
from pathlib import Path
from typing import Any

import bs4
import pytest
from playwright.sync_api import Browser

from listening.publish import remarks, site, wording
from tests.conftest import opened

CHROMIUM = Path("/usr/bin/chromium")
HOSTILE = "<script>alert(1)</script><img src=https://evil.example/x onerror=alert(1)>\"'&{{ 7*7 }}"
NOON = dt.datetime(2026, 7, 1, 12, 0, tzinfo=dt.UTC)


def source(name: str, n: int, trouble: float, great: float, kind: str = "survey") -> dict[str, Any]:
    return {
        "source": name, "kind": kind, "records": n + 3, "units": n + 1, "n": n,
        "positive": great, "positive_low": max(great - 0.0712345, 0), "positive_high": min(great + 0.0712345, 1),
        "negative": trouble, "negative_low": max(trouble - 0.0812345, 0), "negative_high": min(trouble + 0.0812345, 1),
        "indicator": 100 * (great - trouble), "indicator_low": 100 * (great - trouble) - 12.3, "indicator_high": 100 * (great - trouble) + 12.3,
    }  # fmt: skip


def quote(side: str, text: str, name: str = "survey") -> dict[str, Any]:
    return {"side": side, "rank": 1, "record_id": f"0123456789abcdef{side}", "text": text, "source": name}


def story(stage: str, sources: list[dict[str, Any]], start: dt.date, end: dt.date, **more: Any) -> dict[str, Any]:
    n = sum(row["n"] for row in sources)
    return {
        "stage": stage, "period_kind": "rolling", "period": "last 90 days", "period_start": start, "period_end": end, "is_over": False,
        "last_day": end - dt.timedelta(days=1), "records": sum(row["records"] for row in sources), "heard": n, "customers": None,
        "evidence_level": "direction" if n >= 10 else "insufficient", "net_experience": None, "net_low": None, "net_high": None,
        "direction": None, "story": f"The story of {stage}.", "sources": sources, "scores": [], "measures": {},
        "places": [], "coverage": [], "contributions": [], "order_low": None, "order_high": None, "quotes": {"trouble": [], "great": []},
    } | more  # fmt: skip


def stage(number: int, name: str, title: str, now: dict[str, Any] | None, periods: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {
        "stage_no": number, "stage": name, "name": title, "title": title, "owner": "Ada", "promise": "An answer within a day",
        "description": "asking for help", "touchpoints": [], "now": now, "periods": periods or [],
    }  # fmt: skip


def paying() -> dict[str, Any]:
    """A stage that got worse, with two sources, a score, quotes of both sides, and three quarters."""
    start, end = dt.date(2026, 4, 2), dt.date(2026, 7, 1)
    sources = [source("survey", 87, 0.4166666667, 0.3333333333), source("tickets", 3, 1.0, 0.0, "ticket")]
    change = {"value": -17.123456, "low": -29.9, "high": -4.4, "n": 87, "denominator": 87, "method": "m"}
    score = {
        "source": "survey", "score_name": "NPS", "score_worst": 0.0, "score_best": 10.0, "n": 60,
        "mean": 6.5123, "mean_low": 6.1, "mean_high": 6.9, "net": -12.5, "low": -20.0, "high": -5.0,
    }  # fmt: skip
    quotes = {"trouble": [quote("trouble", "Billed twice.")], "great": [quote("great", "Refunded at once.")]}
    now = story("pay", sources, start, end, direction="worse", scores=[score], measures={"net_change_of_feedback": change}, quotes=quotes)
    quarters = [
        story("pay", [source("survey", 50, 0.1 * number, 0.3)], dt.date(2026, 3 * number - 2, 1), dt.date(2026, 3 * number + 1, 1), period_kind="quarter",
              period=f"2026-Q{number}", is_over=number < 3)
        for number in (3, 2, 1)
    ]  # fmt: skip
    return stage(2, "pay", "Pay", now, quarters)


@pytest.fixture
def told() -> dict[str, Any]:
    """Facts of a small company: one stage that got worse, one that nobody spoke of, one with too little."""
    silent = story("discover", [], dt.date(2026, 4, 2), dt.date(2026, 7, 1))
    little = story("leave", [source("survey", 4, 0.5, 0.5)], dt.date(2026, 4, 2), dt.date(2026, 7, 1))
    examined = {
        "classifier_version": "c1", "source": "starter labels", "language": "en", "stage": "pay", "examined_on": "other industries", "labels": 200,
        "precision": 0.912345, "precision_low": 0.88, "precision_high": 0.94, "recall": 0.61, "recall_low": 0.55, "recall_high": 0.66,
        "f1": 0.7, "coverage": 0.65, "calibration_error": None,
    }  # fmt: skip
    fresh = {"kind": "survey", "looked_at": NOON, "state": "ok", "problem": None, "records": 240, "last_landed_at": NOON}
    return {
        "company": "Fernway", "currency": "GBP", "timezone": "Europe/London", "program_version": "0.1.0",
        "run": {"run_id": "20260701T120000Z-abc", "clock": NOON, "state": "done", "faults": [], "notes": [], "classifier_version": "c1"},
        "counts": {"records": 300, "placed": 220, "about_no_stage": 20, "unplaced": 70, "without_text": 10, "in_other_languages": 1,
                   "first_day": dt.date(2025, 4, 1), "last_day": dt.date(2026, 6, 30)},
        "stages": [stage(1, "discover", "Discover", silent), paying(), stage(3, "leave", "Leave", little)],
        "sources": [{"source": "survey", "last_said_on": dt.date(2026, 6, 30), "days_silent": 1, **fresh},
                    {"source": "tickets", "last_said_on": dt.date(2026, 3, 1), "days_silent": 122, **fresh, "kind": "ticket"}],
        "accuracy": [examined], "rejected": [{"source": "survey", "reason": "no date", "rows": 12}],
        "checkins": [], "quiet": {"active": 0, "quiet": 0, "seen": 0},
        "nights": [{"started_at": NOON, "clock": NOON, "state": "done", "run_id": "20260701T120000Z-abc", "source": "survey", "kind": "survey", "seen": 252,
                    "new": 240, "updated": 0, "repeated": 0, "deleted": 0, "rejected": 12, "refused": 0}],
    }  # fmt: skip


def test_accuracy_on_the_companys_own_texts_stands_beside_that_on_starter_labels(tmp_path: Path, told: dict[str, Any]) -> None:
    assert "no random sample of your own texts" in pages_of(tmp_path / "before", told)["method.html"].text.lower()
    of_all = {"source": "survey", "stage": "all", "labels": 120, "precision": 0.8, "precision_low": 0.7, "precision_high": 0.9,
              "coverage_low": 0.6, "coverage_high": 0.7, "calibration_error": 0.05, "calibration_error_low": 0.04, "calibration_error_high": 0.09}  # fmt: skip
    starter = told["accuracy"][0]
    told["accuracy"] += [starter | {"source": "survey"}, starter | of_all]
    page = pages_of(tmp_path / "after", told)["method.html"]
    (row,) = marked(page, own_accuracy="survey")
    assert float(marked(row, measure="precision")[0]["data-test-value"]) == 0.8
    assert "5 % (4–9 %)" in row.text.replace("\u00a0", " ")
    assert len(marked(page, accuracy="pay")) == 1, "the starter labels' table is of starter labels alone"


def pages_of(folder: Path, told: dict[str, Any]) -> dict[str, bs4.BeautifulSoup]:
    folder.mkdir(exist_ok=True)
    site.write(folder / "site", told)
    return {path.name: bs4.BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser") for path in (folder / "site").iterdir()}


def marked(page: bs4.BeautifulSoup | bs4.Tag, **marks: str) -> list[bs4.Tag]:
    """Elements that carry these data-test marks."""
    return page.find_all(attrs={f"data-test-{name.replace('_', '-')}": value for name, value in marks.items()})


def test_every_stage_has_a_page_and_the_index_leads_to_it(tmp_path: Path, told: dict[str, Any]) -> None:
    pages = pages_of(tmp_path, told)
    assert set(pages) == {"index.html", "method.html", "discover.html", "pay.html", "leave.html"}
    for row in told["stages"]:
        card = marked(pages["index.html"], stage=row["stage"])[0]
        assert card.find("a")["href"] == f"{row['stage']}.html"
        assert marked(pages[f"{row['stage']}.html"], stage=row["stage"])


def test_every_link_leads_somewhere(tmp_path: Path, told: dict[str, Any]) -> None:
    pages = pages_of(tmp_path, told)
    for page in pages.values():
        for link in page.find_all("a"):
            name, _, place = link["href"].partition("#")
            target = pages[name] if name else page
            assert not place or target.find(id=place)


def test_numbers_on_the_page_are_those_of_the_facts(tmp_path: Path, told: dict[str, Any]) -> None:
    pages = pages_of(tmp_path, told)
    fact = told["stages"][1]["now"]["sources"][0]
    for place in (marked(pages["index.html"], stage="pay")[0], pages["pay.html"].find(id="sources").parent):
        for column in ("negative", "positive"):
            cell = marked(place, measure=column, source="survey")[0]
            assert [float(cell[f"data-test-{part}"]) for part in ("value", "low", "high")] == [fact[column], fact[f"{column}_low"], fact[f"{column}_high"]]
        assert int(marked(place, measure="n", source="survey")[0]["data-test-value"]) == 87
    assert "42 % (34–50 %)" in marked(pages["pay.html"], measure="negative", source="survey")[0].text.replace("\u00a0", " ")
    assert float(marked(pages["pay.html"], measure="net_change_of_feedback")[0]["data-test-value"]) == -17.123456
    assert float(marked(pages["pay.html"], measure="mean")[0]["data-test-value"]) == 6.5123
    assert float(marked(pages["method.html"], measure="precision")[0]["data-test-value"]) == 0.912345
    assert [int(cell["data-test-value"]) for cell in marked(pages["method.html"], measure="coverage")] == [200, 20, 70, 10]


def test_fewer_than_five_show_no_share(tmp_path: Path, told: dict[str, Any]) -> None:
    pages = pages_of(tmp_path, told)
    assert not marked(pages["pay.html"], measure="negative", source="tickets")
    assert not marked(pages["leave.html"], measure="negative")
    assert "too few" in pages["leave.html"].text


def test_a_stage_that_nobody_spoke_of_says_so(tmp_path: Path, told: dict[str, Any]) -> None:
    pages = pages_of(tmp_path, told)
    assert "Nobody spoke" in marked(pages["index.html"], stage="discover")[0].text
    assert "Nobody spoke of this stage" in marked(pages["discover.html"], story="")[0].text
    assert not pages["discover.html"].find("svg", class_="chart")


def test_a_company_without_feedback_still_has_pages(tmp_path: Path, told: dict[str, Any]) -> None:
    for row in told["stages"]:
        row |= {"now": None, "periods": []}
    told |= {"sources": [], "accuracy": [], "rejected": [], "checkins": [], "nights": []}
    told["counts"] |= {"records": 0, "placed": 0, "about_no_stage": 0, "unplaced": 0, "without_text": 0, "first_day": None, "last_day": None}
    assert "There is no feedback yet" in pages_of(tmp_path, told)["index.html"].text
    assert "There is no feedback yet" in site.markdown(told)


def estimated(told: dict[str, Any]) -> dict[str, Any]:
    """The stage that got worse, with a level, what sources add, and who was heard."""
    share = {"n": 14, "denominator": 2172, "method": "m"}
    now = told["stages"][1]["now"]
    now |= {"evidence_level": "estimate", "net_experience": -17.2, "net_low": -28.3, "net_high": -6.1, "order_low": 2, "order_high": 3, "customers": 2172}
    now["measures"] |= {
        "trouble_of_customers": {"value": 0.3123, "low": 0.24, "high": 0.38, **share},
        "great_of_customers": {"value": 0.141, "low": 0.08, "high": 0.2, **share},
        "net_experience": {"value": -17.2, "low": -28.3, "high": -6.1, **share},
        "expectation_below_of_customers": {"value": 0.5, "low": 0.3, "high": 0.7, "n": 7, "denominator": 14, "method": "m"},
        "effort_of_customers": {"value": 0.5, "low": 0.1, "high": 0.9, "n": 1, "denominator": 2, "method": "m"},
    }  # fmt: skip
    now["contributions"] = [{"source": "operations", "kind": "operations", "contribution": -9.4, "source_adjusted": True}]
    now["coverage"] = [
        {"source": "survey", "customers": 2172, "invited": 400, "response": 0.05, "heard": 18, "passed_heard": 15, "passed_silent": 1473, "failed_heard": 3,
         "failed_silent": 681},
        {"source": "all", "customers": 2172, "invited": None, "response": None, "heard": 40, "passed_heard": 17, "passed_silent": 1471, "failed_heard": 16,
         "failed_silent": 668},
    ]  # fmt: skip
    return told


def test_an_estimate_stands_with_its_interval_on_the_glance_the_card_and_the_stages_page(tmp_path: Path, told: dict[str, Any]) -> None:
    pages = pages_of(tmp_path, estimated(told))
    glance = pages["index.html"].find(id="glance").parent.text.replace("\u00a0", " ")
    assert "31 of 100 (24–38) in trouble" in glance
    for place in (marked(pages["index.html"], stage="pay")[0], pages["pay.html"].find(id="level").parent):
        cell = marked(place, measure="trouble_of_customers")[0]
        assert [float(cell[f"data-test-{part}"]) for part in ("value", "low", "high")] == [0.3123, 0.24, 0.38]
        assert "−17 (−28 to −6)" in marked(place, measure="net_experience")[0].text
        assert "place 2 to 3 of 3" in place.text
    assert "−9 (left its habit, set back)" in marked(pages["pay.html"], measure="contribution", source="operations")[0].text
    axes = pages["pay.html"].find(id="axes").parent.text.replace("\u00a0", " ")
    assert "Got less than expected" in axes
    assert "It cost them effort" not in axes, "two answers are too few"
    assert not pages["leave.html"].find(id="level")


def test_whom_nobody_heard_is_told(tmp_path: Path, told: dict[str, Any]) -> None:
    estimated(told)["quiet"] = {"active": 3000, "quiet": 120, "seen": 2900}
    point = {"touchpoint": "refund", "owner": None, "basic": False, "records": 0, "priority": True}
    told["stages"][1]["touchpoints"] = [{**point, "name": "Refund", "survey_answers": 0}, {**point, "name": "Bill", "survey_answers": 3}]
    assert remarks.unheard(told) == [
        "Customers for whom a measure failed and who said nothing in any source: Pay 668 of 684. Silence is not content.",
        "120 of 3,000 customers passed no stage in these 90 days: they are quiet, and nothing is known of how they live.",
        "Priority touchpoints that no survey asks about: Refund (Pay).",
    ]
    pages = pages_of(tmp_path, told)
    assert "668 of 684" in pages["index.html"].find(id="unheard").parent.text
    assert "681" in pages["pay.html"].find(id="heard").parent.text
    assert "668 of 684" in site.markdown(told)


def test_states_are_said_in_words_and_what_got_worse_comes_first(told: dict[str, Any]) -> None:
    assert [(state.words, [row["stage"] for row in stages]) for state, stages in remarks.glance(told)] == [
        ("Got worse", ["pay"]), ("Too little feedback", ["leave"]), ("Nobody spoke", ["discover"]),
    ]  # fmt: skip


def test_a_silent_source_is_named_before_the_stages(tmp_path: Path, told: dict[str, Any]) -> None:
    told["run"]["faults"] = ["reviews: no column says when something was said."]
    index = pages_of(tmp_path, told)["index.html"]
    problems = [item.text for item in marked(index, problem="")]
    assert [problem.replace("\u00a0", " ") for problem in problems] == [
        "tickets has brought nothing for 122 days; the last tickets are from 1 Mar 2026.",
        "reviews: no column says when something was said.",
    ]
    assert index.find(id="problems").sourceline < index.find(id="stages").sourceline


def test_hostile_text_becomes_no_markup(tmp_path: Path, told: dict[str, Any]) -> None:
    """Whatever customers, files or configuration say, it is shown and never obeyed."""
    hostile = poisoned(told)
    pages = pages_of(tmp_path, hostile)
    for page in pages.values():
        assert not page.find_all(["script", "img", "iframe", "object", "form"])
        assert not [tag for tag in page.find_all() for name in tag.attrs if name.startswith("on")]
        assert not [tag for tag in page.find_all() if "javascript:" in str(tag.get("href", ""))]
    assert HOSTILE in pages["pay.html"].find("blockquote").text
    assert "<script" not in site.markdown(hostile).replace("\\<", "")


def poisoned(told: dict[str, Any]) -> dict[str, Any]:
    """The facts with hostile text in every place that data can reach."""
    hostile = copy.deepcopy(told)
    hostile["company"] = HOSTILE
    hostile["run"]["faults"] = hostile["run"]["notes"] = [HOSTILE]
    for row in estimated(hostile)["stages"][1]["now"]["contributions"] + hostile["stages"][1]["now"]["coverage"][:1]:
        row["source"] = HOSTILE
    for row in hostile["stages"]:
        row |= {"title": HOSTILE, "owner": HOSTILE, "promise": HOSTILE, "description": HOSTILE}
        row["touchpoints"] = [{"touchpoint": HOSTILE, "name": HOSTILE, "owner": HOSTILE, "priority": True, "basic": False, "records": 1, "survey_answers": 0}]
        for told_of in (row["now"], *row["periods"]):
            told_of["story"] = HOSTILE
            for name in [*told_of["sources"], *told_of["scores"]]:
                name["source"] = HOSTILE
            for side in told_of["quotes"].values():
                for said in side:
                    said |= {"text": HOSTILE, "record_id": HOSTILE, "source": HOSTILE}
            for score in told_of["scores"]:
                score["score_name"] = HOSTILE
    for row in [*hostile["sources"], *hostile["rejected"], *hostile["nights"]]:
        row["source"] = HOSTILE
    hostile["sources"][0]["problem"] = hostile["rejected"][0]["reason"] = HOSTILE
    hostile["accuracy"][0]["examined_on"] = HOSTILE
    return hostile


def test_names_of_stages_never_leave_the_folder(told: dict[str, Any]) -> None:
    for row, name in zip(told["stages"], ("../../etc/passwd", "index", 'a"b c'), strict=True):
        row["stage"] = name
    assert list(site.page_names(told).values()) == ["stage-1.html", "stage-2.html", "stage-3.html"]


def test_nothing_points_out_of_the_site(tmp_path: Path, told: dict[str, Any]) -> None:
    for page in pages_of(tmp_path, told).values():
        for tag in page.find_all():
            for name in ("href", "src", "srcset", "data", "action", "xlink:href"):
                assert "//" not in str(tag.get(name, ""))
                assert not str(tag.get(name, "")).startswith("/")
        assert "url(" not in page.find("style").text
        assert "@import" not in page.find("style").text
        assert "default-src 'none'" in page.find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"]


def test_pages_can_be_heard(tmp_path: Path, told: dict[str, Any]) -> None:
    """Language, one first heading, landmarks, captions, scopes, text for charts, no id twice."""
    pages = pages_of(tmp_path, told)
    for page in pages.values():
        assert page.html["lang"] == "en"
        assert len(page.find_all("h1")) == 1
        assert page.find("main")
        assert page.find("nav")
        assert page.find("a", class_="skip")["href"] == "#main"
        assert all(table.caption and all(head.get("scope") for head in table.find_all("th")) for table in page.find_all("table"))
        ids = [tag["id"] for tag in page.find_all(id=True)]
        assert len(ids) == len(set(ids))
        assert all(page.find(id=name) for tag in page.find_all(attrs={"aria-labelledby": True}) for name in tag["aria-labelledby"].split())
        assert all(chart.find("title").text and chart.find("desc").text for chart in page.find_all("svg", class_="chart"))
    assert len(pages["pay.html"].find_all("svg", class_="chart")) == 2


def test_markdown_tells_the_same(told: dict[str, Any]) -> None:
    text = site.markdown(told).replace("\u00a0", " ")
    assert "# What customers of Fernway lived" in text
    assert "## Pay: got worse" in text
    assert "| survey | 42 % (34–50 %) | 33 % (26–40 %) | 87 | 88 |" in text
    assert "| tickets | too few | too few | 3 | 4 |" in text
    assert "> “Billed twice.” (survey, 0123456789abcdeftrouble)" in text


@pytest.mark.parametrize(
    ("points", "words"),
    [(4.4, "+4"), (-8.6, "−9"), (-0.2, "0"), (0.0, "0")],
)
def test_points_carry_their_sign(points: float, words: str) -> None:
    assert wording.signed(points) == words


def test_a_long_name_makes_no_page_scroll_sideways(tmp_path: Path, told: dict[str, Any], browser: Browser) -> None:
    told["stages"][1]["now"]["sources"][0]["source"] = "a_source_with_a_name_that_is_much_longer_than_names_should_be"
    site.write(tmp_path / "site", told)
    for width in (390, 1280):
        with opened(browser, width) as page:
            for path in sorted((tmp_path / "site").iterdir()):
                page.goto(path.as_uri())
                assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{path.name} scrolls sideways at {width} px"
