"""The published page: facts in, pages that say the same numbers, let nothing in as markup, ask nothing of the network, and fit a phone."""

from __future__ import annotations

import base64
import copy
import datetime as dt
import hashlib
import posixpath
import re
from pathlib import Path
from typing import Any

import bs4
import pytest
from playwright.sync_api import Browser

from listening import figures
from listening.publish import remarks, site, voices, wording
from listening.publish.facts import LEADING, Comments
from tests.conftest import opened

CHROMIUM = Path("/usr/bin/chromium")
HOSTILE = "<script>alert(1)</script><img src=https://evil.example/x onerror=alert(1)>\"'&{{ 7*7 }}"
SCRIPT = (site.TEMPLATES / "search.js").read_text(encoding="utf-8").rstrip("\n")  # as a template gives it
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
        "direction": None, "story": f"The story of {stage}.",
        "sentences": [{"part": "level", "text": f"The story of {stage}."}], "sources": sources, "scores": [], "measures": {},
        "survey_gap": None, "maturity_level": None, "limiting_measure": None, "gained": None, "lost": None, "value_gained": None, "value_lost": None,
        "change": None, "change_low": None, "change_high": None, "places": [], "coverage": [], "contributions": [], "order_low": None, "order_high": None,
        "quotes": {"trouble": [], "great": []},
    } | more  # fmt: skip


def stage(number: int, name: str, title: str, now: dict[str, Any] | None, periods: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {
        "stage_no": number, "stage": name, "name": title, "title": title, "owner": "Ada", "promise": "An answer within a day",
        "description": "asking for help", "touchpoints": [], "now": now, "periods": periods or [],
        "warnings": [], "priorities": [], "drivers": [], "operations": [], "cuts": [], "themes": [],
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
        "warnings": [], "priorities": [], "follow_up": [], "assets": [], "losses": [], "months": [], **{name: [] for name in LEADING},
        "since": [{"run_id": "20260701T120000Z-abc", "rank": 1, "kind": "worse", "subject": "pay", "stage": "pay", "compared_on": dt.date(2026, 6, 30),
                   "compared_with": "20260630T120000Z-abc", "sentence": f"Pay: customers now live it worse {HOSTILE}."}],
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


def pages_of(folder: Path, told: dict[str, Any], comments: Comments | None = None) -> dict[str, bs4.BeautifulSoup]:
    """The pages by their place in the site."""
    folder.mkdir(exist_ok=True)
    written = folder / "site"
    site.write(written, told, comments)
    return {path.relative_to(written).as_posix(): bs4.BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser") for path in written.rglob("*.html")}


def marked(page: bs4.BeautifulSoup | bs4.Tag, **marks: str) -> list[bs4.Tag]:
    """Elements that carry these data-test marks."""
    return page.find_all(attrs={f"data-test-{name.replace('_', '-')}": value for name, value in marks.items()})


def test_every_stage_has_a_page_and_the_index_leads_to_it(tmp_path: Path, told: dict[str, Any]) -> None:
    pages = pages_of(tmp_path, told)
    assert set(pages) == {"index.html", *site.COMPANY, "discover.html", "pay.html", "leave.html"}
    for row in told["stages"]:
        card = marked(pages["index.html"], stage=row["stage"])[0]
        assert card.find("a")["href"] == f"{row['stage']}.html"
        assert marked(pages[f"{row['stage']}.html"], stage=row["stage"])


def test_every_link_leads_somewhere(tmp_path: Path, told: dict[str, Any]) -> None:
    pages = pages_of(tmp_path, *grown(told))
    for path, page in pages.items():
        for link in page.find_all("a"):
            name, _, place = link["href"].partition("#")
            target = pages[posixpath.normpath(posixpath.join(posixpath.dirname(path), name))] if name else page
            assert not place or target.find(id=place)


def test_numbers_on_the_page_are_those_of_the_facts(tmp_path: Path, told: dict[str, Any]) -> None:
    pages = pages_of(tmp_path, told)
    fact = told["stages"][1]["now"]["sources"][0]
    sources = pages["pay.html"].find(id="sources").parent
    for column in ("negative", "positive"):
        cell = marked(sources, measure=column, source="survey")[0]
        assert [float(cell[f"data-test-{part}"]) for part in ("value", "low", "high")] == [fact[column], fact[f"{column}_low"], fact[f"{column}_high"]]
    assert int(marked(sources, measure="n", source="survey")[0]["data-test-value"]) == 87
    for place in (marked(pages["index.html"], stage="pay")[0], sources):
        assert int(marked(place, measure="units", source="survey")[0]["data-test-value"]) == 88
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


def test_what_is_news_of_a_stage_leads_to_its_page(tmp_path: Path, told: dict[str, Any]) -> None:
    (line,) = marked(pages_of(tmp_path, told)["index.html"], news="worse")
    assert line.text == told["since"][0]["sentence"]
    assert (line.a["href"], line.a.text) == ("pay.html", "Pay")


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


def test_an_estimate_stands_with_its_interval_on_the_glance_and_the_stages_page(tmp_path: Path, told: dict[str, Any]) -> None:
    pages = pages_of(tmp_path, estimated(told))
    glance = pages["index.html"].find(id="glance").parent.text.replace("\u00a0", " ")
    assert "31 of 100 (24–38) in trouble" in glance
    for place in (marked(pages["index.html"], stage="pay")[0], pages["pay.html"].find(id="level").parent):
        cell = marked(place, measure="trouble_of_customers")[0]
        assert [float(cell[f"data-test-{part}"]) for part in ("value", "low", "high")] == [0.3123, 0.24, 0.38]
        assert "−17 (−28 to −6)" in marked(place, measure="net_experience")[0].text
    assert marked(marked(pages["index.html"], stage="pay")[0], level="badly")
    assert "place 2 to 3 of 3" in pages["pay.html"].text
    assert "−9 (left its habit, set back)" in marked(pages["pay.html"], measure="contribution", source="operations")[0].text
    axes = pages["pay.html"].find(id="axes").parent.text.replace("\u00a0", " ")
    assert "Got less than expected" in axes
    assert "It cost them effort" not in axes, "two answers are too few"
    assert not pages["leave.html"].find(id="level")


def grown(told: dict[str, Any]) -> tuple[dict[str, Any], Comments]:
    """The same company with warnings, things to mend, customers gained and lost, themes and comments."""
    told = copy.deepcopy(estimated(told))
    day, pay = dt.date(2026, 6, 1), told["stages"][1]
    warning = {
        "warning_id": "w1", "stage": "pay", "title": "Pay", "theme": None, "measure": "invoice_correct", "source": "operations", "owner": "Ada",
        "began_on": day, "opened_on": day, "closed_on": None, "acknowledged_on": None, "customers": 84, "value": 79056.0, "value_basis": "revenue",
        "text": "Pay: failures of ‘invoice correct’ rose to 23. It began in June.", "theme_name": None,
        "cut_by": "region", "cut_value": HOSTILE,
        "quotes": [{"record_id": "r1", "rank": 1, "source": "survey", "said_on": day, "text": "Billed twice."}],
    }  # fmt: skip
    told["actions"] = [{"action_id": "A1", "what": HOSTILE, "stage": "pay", "owner": HOSTILE, "state": "overdue", "due_on": day, "verdict": "no effect",
                        "measure": "invoice_correct", "effect": -0.01, "effect_low": -0.08, "effect_high": 0.06, "text": HOSTILE}]  # fmt: skip
    told["whole_cast"] = [{"stage": "all", "cut_by": "segment", "cut_value": HOSTILE, "people": 9, "text": HOSTILE}]
    told["warnings"] = pay["warnings"] = [warning, warning | {"warning_id": "w2", "closed_on": day, "quotes": []}]
    item = {
        "rank": 1, "gate": "basics", "item": "trouble", "name": "a failure of “invoice correct” (Pay)", "stage": "pay", "owner": "Ada", "value": 56735.9,
        "customers": 73, "met": 645, "warning_id": "w1", "why": "At a basic touchpoint.", "rule": "Basics first.",
    }  # fmt: skip
    told["priorities"] = pay["priorities"] = [item, item | {"rank": 2, "gate": "delight", "value": None, "customers": None, "met": None, "warning_id": None}]
    driver = {
        "outcome": "left", "trouble_id": "pay/invoice", "name": "a failure", "told_by": "operations", "customers": 17, "customers_low": 8.2,
        "customers_high": 26.1, "happened": 78, "value": 4163.2, "value_low": 1995.5, "value_high": 6288.1, "rank": 1, "rank_low": 1, "rank_high": 3,
        "is_clear": True,
    }  # fmt: skip
    pay["drivers"] = [driver]
    told["follow_up"] = [{"owner": "Ada", "customers": 12, "open": 9, "value_at_risk": 1234.0}]
    told["assets"] = [
        {"period_kind": "rolling", "period": "last 90 days", "period_start": dt.date(2026, 4, 2), "last_day": dt.date(2026, 6, 30), "is_over": False,
         "movement": movement, "customers": number, "value": 1000.0 * number, "value_basis": "revenue", "valued": number, "text": f"{number} {movement}."}
        for movement, number in (("gained", 308), ("lost", 119), ("net", 189))
    ]  # fmt: skip
    loss = {
        "trouble_id": "pay/invoice", "name": "a failure", "stage": "pay", "title": "Pay", "owner": "Ada", "lost": 119, "lost_met": 30, "stayed": 2082,
        "stayed_met": 83, "difference": 0.21, "low": 0.15, "high": 0.28, "value": 28140.0, "quotes": ["Gone."], "reasons": ["moved"], "text": "Of 119, 30.",
    }  # fmt: skip
    told["losses"] = [loss]
    pay["now"] |= {"gained": 256, "lost": 119, "value_gained": 237060.0, "value_lost": 109298.4, "survey_gap": True, "maturity_level": "reliable",
                   "limiting_measure": "invoice_correct"}  # fmt: skip
    pay["operations"] = [{"measure": "invoice_correct", "touchpoint": "Invoice", "failed": 98, "passed": 426, "failed_before": 3, "passed_before": 0}]
    cut = {"cut_by": "region", "heard": 9, "customers": 40, "direction": None, "gained": 1, "lost": 1, "n": 9, "trouble": 0.5, "trouble_low": 0.3,
           "trouble_high": 0.7, "great": 0.25, "great_low": 0.1, "great_high": 0.4}  # fmt: skip
    pay["cuts"] = [cut | {"cut_value": "Coast"}, cut | {"cut_value": "North", "n": 4}, cut | {"cut_value": "South", "n": None}]
    share = {"units": 17, "denominator": 35, "share": 0.4857, "low": 0.35, "high": 0.62, "change": -0.03, "change_low": -0.17, "change_high": 0.1}
    theme = {"theme": "invoice", "name": "Invoice", "kind": "touchpoint", "opened_on": day, "comments": 730, "first_day": day, "all": share, "trouble": share,
             "great": share | {"units": 1, "denominator": 2}}  # fmt: skip
    nothing = dict.fromkeys(("all", "trouble", "great"))
    pay["themes"] = [
        theme,
        theme | {"theme": "a b", "name": "Odd", "comments": 1} | nothing,
        theme | {"theme": "other", "name": "Other", "comments": 0} | nothing,
    ]
    comment = {"said_on": day, "source": "survey", "stance": "trouble", "is_cut": False}
    return told, {
        ("pay", "invoice"): [comment | {"record_id": f"r{number}", "text": f"Comment {number}."} for number in range(500)],
        ("pay", "a b"): [comment | {"record_id": "odd", "text": "Odd.", "stance": None}],
    }


def test_every_theme_leads_to_its_comments_whose_number_is_told(tmp_path: Path, told: dict[str, Any]) -> None:
    full, comments = grown(told)
    pages = pages_of(tmp_path, full, comments)
    for theme in full["stages"][1]["themes"]:
        (row,) = marked(pages["pay.html"], theme=theme["theme"])
        said = comments.get(("pay", theme["theme"]), [])
        if not said:
            assert not row.find("a")
            continue
        assert int(row.find("a")["data-test-comments"]) == theme["comments"]
        found, page = [], pages[row.find("a")["href"]]
        names = [link["href"] for link in page.select("nav.turn a")] or [posixpath.basename(row.find("a")["href"])]
        for name in names:
            of_page = marked(pages[f"comments/{name}"], comment=re.compile("."))
            assert len(of_page) <= voices.A_PAGE
            found += [item["data-test-comment"] for item in of_page]
        assert found == [comment["record_id"] for comment in said]
        assert ("Only the newest 500" in page.text) == (theme["comments"] > 500)


def test_a_comments_page_allows_its_one_script_and_no_other_page_any(tmp_path: Path, told: dict[str, Any]) -> None:
    allowed = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    for name, page in pages_of(tmp_path, *grown(told)).items():
        policy = page.find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"]
        assert (f"script-src 'sha256-{allowed}'" in policy) == name.startswith("comments/")
        assert ("script-src" in policy) == bool(page.find_all("script"))


def test_comments_are_found_by_their_words(tmp_path: Path, told: dict[str, Any], browser: Browser) -> None:
    site.write(tmp_path / "site", *grown(told))
    with opened(browser, 390) as page:
        page.goto((tmp_path / "site" / "comments" / "pay.invoice.1.html").as_uri())
        page.get_by_label("Find on this page").fill("77 COMMENT")
        assert page.locator("[data-comment]:visible").count() == 1
        assert page.get_by_role("status").inner_text() == "1 of 100"
    with opened(browser, 390, can_run_scripts=False) as page:
        page.goto((tmp_path / "site" / "comments" / "pay.invoice.1.html").as_uri())
        assert page.locator("[data-comment]:visible").count() == 100
        assert not page.get_by_label("Find on this page").is_visible()


def test_what_to_do_this_week_stands_on_the_first_page_and_leads_to_the_list(tmp_path: Path, told: dict[str, Any]) -> None:
    pages = pages_of(tmp_path, *grown(told))
    first, second = marked(pages["index.html"], week=re.compile("."))
    assert first.a["href"] == "priorities.html#item-1"
    assert "645 customers met it in 90 days; about 73 who left or bought less go with it, worth £56,700 a year." in first.text
    assert "Ada" in first.text
    assert "At a basic touchpoint." in second.text, "without figures the reason stands as it is"
    assert "1 open warning" in pages["index.html"].find(id="week").parent.text
    item = pages["priorities.html"].find(id="item-1")
    assert item.find("a", href=re.compile("^warnings"))["href"] == "warnings.html#warning-1"
    assert "Basics first." in pages["priorities.html"].text
    assert [int(cell["data-test-value"]) for cell in marked(marked(pages["priorities.html"], follow_up="Ada")[0], measure="customers")] == [12]


def test_open_warnings_come_before_closed_ones_each_with_its_quotes_once(tmp_path: Path, told: dict[str, Any]) -> None:
    page = pages_of(tmp_path, *grown(told))["warnings.html"]
    assert [item["data-test-warning"] for item in marked(page, warning=re.compile("."))] == ["w1", "w2"]
    assert page.find(id="warning-1").text.count("Billed twice.") == 1
    assert float(marked(page.find(id="warning-1"), measure="value")[0]["data-test-value"]) == 79056.0


def test_groups_of_fewer_than_five_are_left_out_of_the_cuts(tmp_path: Path, told: dict[str, Any]) -> None:
    page = pages_of(tmp_path, *grown(told))["pay.html"]
    assert [row["data-test-cut"] for row in marked(page, cut=re.compile("."))] == ["Coast"]
    assert "2 groups are left out" in page.text


def test_customers_gained_and_lost_stand_on_the_glance_the_stage_and_their_page(tmp_path: Path, told: dict[str, Any]) -> None:
    pages = pages_of(tmp_path, *grown(told))
    for place in (marked(pages["index.html"], stage="pay")[0], pages["pay.html"].find(id="lost").parent):
        assert [int(marked(place, measure=name)[0]["data-test-value"]) for name in ("gained", "lost")] == [256, 119]
    assert [int(tile["data-test-value"]) for tile in marked(pages["customers.html"], movement=re.compile("."))] == [308, 119, 189]
    assert "Gone." in pages["customers.html"].find("blockquote").text
    assert "Do not go by the survey" in pages["pay.html"].text
    assert "held back by invoice correct" in pages["index.html"].text


def test_what_is_not_known_of_customers_is_left_out_and_breaks_no_page(tmp_path: Path, told: dict[str, Any]) -> None:
    full, comments = grown(told)
    full["assets"] = [row | {"customers": None, "value": None, "valued": 0} for row in full["assets"]]
    full["losses"][0]["value"] = full["follow_up"][0]["value_at_risk"] = None
    pages = pages_of(tmp_path, full, comments)
    assert "Nothing is known of customers gained and lost" in pages["customers.html"].text
    assert "None" not in pages["customers.html"].text


def test_every_sentence_of_a_story_stands_once_under_a_heading() -> None:
    said_of = ("level", "level", "change", "where", "expectation", "scores", "unheard")
    sentences = [{"part": part, "text": f"Sentence {number}."} for number, part in enumerate(said_of)]
    parts = wording.parts(sentences[::-1])
    assert sorted(text for _, said in parts for text in said) == [sentence["text"] for sentence in sentences]
    assert [(heading, len(said)) for heading, said in parts] == [
        ("How customers live it", 2), ("Against before and other stages", 1), ("Where and about what", 1), ("Expectation", 1), ("Scores beside it", 1),
        ("Whom we did not hear", 1),
    ]  # fmt: skip


def test_pages_of_many_comments_stay_small_in_any_script(tmp_path: Path, told: dict[str, Any]) -> None:
    full, comments = grown(told)
    comments["pay", "invoice"] = [row | {"text": "語" * 1200} for row in comments["pay", "invoice"]]
    site.write(tmp_path / "site", full, comments)
    assert max(path.stat().st_size for path in (tmp_path / "site").rglob("*.html")) < 500_000


def test_whom_nobody_heard_is_told(tmp_path: Path, told: dict[str, Any]) -> None:
    estimated(told)["quiet"] = {"active": 3000, "quiet": 120, "seen": 2900}
    point = {"touchpoint": "refund", "owner": None, "basic": False, "records": 0, "priority": True, "n": None}
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


def test_the_headline_says_where_customers_live_well_and_what_changed(told: dict[str, Any]) -> None:
    assert remarks.headline(told) == ["No number of all customers yet: Discover, Pay, Leave.", "Got worse: Pay."]
    assert remarks.headline(estimated(told)) == ["They live it badly: Pay.", "No number of all customers yet: Discover, Leave.", "Got worse: Pay."]


def test_a_silent_source_is_named_before_the_stages(tmp_path: Path, told: dict[str, Any]) -> None:
    told["run"]["faults"] = ["reviews: no column says when something was said."]
    index = pages_of(tmp_path, told)["index.html"]
    problems = [item.text for item in marked(index, problem="")]
    assert [problem.replace("\u00a0", " ") for problem in problems] == [
        "tickets has brought nothing for 122 days; the last tickets are from 1 Mar 2026.",
        "reviews: no column says when something was said.",
    ]
    assert index.find(id="problems").sourceline < index.find(id="glance").sourceline


def test_hostile_text_becomes_no_markup(tmp_path: Path, told: dict[str, Any]) -> None:
    """Whatever customers, files or configuration say, it is shown and never obeyed."""
    full, comments = grown(told)
    hostile = poisoned(full)
    said = dict.fromkeys(("text", "source", "record_id"), HOSTILE)
    pages = pages_of(tmp_path, hostile, {key: [row | said for row in rows] for key, rows in comments.items()})
    for name, page in pages.items():
        assert [script.text.strip() for script in page.find_all("script")] == ([SCRIPT.strip()] if name.startswith("comments/") else [])
        assert not page.find_all(["img", "iframe", "object", "form"])
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
        named = dict.fromkeys(("touchpoint", "name", "owner"), HOSTILE)
        row["touchpoints"] = [named | {"priority": True, "basic": False, "records": 1, "survey_answers": 0, "n": 0}]
        for told_of in (row["now"], *row["periods"]):
            told_of |= {"story": HOSTILE, "sentences": [{"part": "level", "text": HOSTILE}]}
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
    poison_growth(hostile)
    return hostile


def poison_growth(hostile: dict[str, Any]) -> None:
    """Put hostile text wherever warnings, things to mend, themes and customers gained and lost have words."""
    words = {"name", "owner", "text", "why", "rule", "gate", "outcome", "measure", "title", "touchpoint", "cut_by", "cut_value", "direction", "source"}
    kinds = {"warnings", "priorities", "drivers", "follow_up", "assets", "losses", "operations", "cuts", "themes"}
    for facts in (hostile, *hostile["stages"]):
        for row in [row for kind in kinds & facts.keys() for row in facts[kind]]:
            row |= dict.fromkeys(words & row.keys(), HOSTILE)
    hostile["losses"][0] |= {"quotes": [HOSTILE], "reasons": [HOSTILE]}
    for said in hostile["warnings"][0]["quotes"]:
        said |= {"text": HOSTILE, "source": HOSTILE, "record_id": HOSTILE}


def test_names_of_stages_never_leave_the_folder(told: dict[str, Any]) -> None:
    for row, name in zip(told["stages"], ("../../etc/passwd", "index", 'a"b c'), strict=True):
        row["stage"] = name
    assert list(site.page_names(told).values()) == ["stage-1.html", "stage-2.html", "stage-3.html"]


def test_nothing_points_out_of_the_site(tmp_path: Path, told: dict[str, Any]) -> None:
    for page in pages_of(tmp_path, *grown(told)).values():
        for tag in page.find_all():
            for name in ("href", "src", "srcset", "data", "action", "xlink:href"):
                assert "//" not in str(tag.get(name, ""))
                assert not str(tag.get(name, "")).startswith("/")
        assert "url(" not in page.find("style").text
        assert "@import" not in page.find("style").text
        assert "default-src 'none'" in page.find("meta", attrs={"http-equiv": "Content-Security-Policy"})["content"]


def test_pages_can_be_heard(tmp_path: Path, told: dict[str, Any]) -> None:
    """Language, one first heading, landmarks, captions, scopes, text for charts, no id twice."""
    pages = pages_of(tmp_path, *grown(told))
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
    assert len(pages["pay.html"].find_all("svg", class_="chart")) == 1


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
    assert figures.signed(points) == words


def test_a_long_name_makes_no_page_scroll_sideways(tmp_path: Path, told: dict[str, Any], browser: Browser) -> None:
    told["stages"][1]["now"]["sources"][0]["source"] = "a_source_with_a_name_that_is_much_longer_than_names_should_be"
    site.write(tmp_path / "site", told)
    for width in (390, 1280):
        with opened(browser, width) as page:
            for path in sorted((tmp_path / "site").rglob("*.html")):
                page.goto(path.as_uri())
                assert page.evaluate("document.documentElement.scrollWidth") <= width, f"{path.name} scrolls sideways at {width} px"
