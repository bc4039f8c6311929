"""The page and the Markdown: takes the facts, renders small templates; no query here, no HTML there."""

from __future__ import annotations

import base64
import hashlib
import math
import re
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import jinja2

from listening import figures
from listening.publish import charts, leading, remarks, voices, wording
from listening.publish.facts import Comments, Facts

TEMPLATES = Path(__file__).parents[1] / "templates"
COMPANY = {
    "month.html": "The month", "warnings.html": "Warnings", "priorities.html": "What to mend", "customers.html": "Customers",
    "invest.html": "Where to invest", "method.html": "How we know",
}  # fmt: skip
RESERVED = ("index", *(name.removesuffix(".html") for name in COMPANY), voices.FOLDER)
_LINK = re.compile(r"(?i)(?<=:)(?=/)|(?<=\bwww)(?=\.)|(?<=@)")  # where Markdown readers begin to see an address
QUARTERS_FROM = 3  # with fewer quarters of feedback the trend is drawn by month
COUNTED = ("seen", "new", "updated", "repeated", "deleted", "rejected", "refused")  # of run_counts


def write(folder: Path, told: Facts, comments: Comments | None = None) -> None:
    """Write the page of the whole journey, one of each stage, those of the whole company, and one or more of each theme's comments, into a new `folder`."""
    (folder / voices.FOLDER).mkdir(parents=True)
    environment = pieces()
    pages = page_names(told)
    spoken = voices.pages(told, comments or {}, pages)
    common: Facts = {
        "told": told, "problems": remarks.problems(told), "pages": pages, "company_pages": COMPANY, "titles": _titles(told), "root": "",
        "css_hash": _hash(environment, "style.css"), "script_hash": None, "spoken": voices.firsts(spoken),
        "open_warnings": [warning for warning in told["warnings"] if not warning["closed_on"]],
        "warning_places": {warning["warning_id"]: place for place, warning in enumerate(told["warnings"], start=1)},
    }  # fmt: skip
    first_page = _first_page(told, pages)
    _render(environment, folder / "index.html", "index.html", common | first_page)
    _render(environment, folder / "month.html", "month.html", common | first_page | leading.month(told))
    _render(environment, folder / "invest.html", "invest.html", common | leading.invest(told))
    _render(environment, folder / "warnings.html", "warnings.html", common)
    _render(environment, folder / "priorities.html", "priorities.html", common)
    _render(environment, folder / "customers.html", "customers.html", common | {"assets": _assets(told), "lost_words": _lost_words(told)})
    _render(environment, folder / "method.html", "method.html", common | {"counted": COUNTED})
    for stage in told["stages"]:
        _render(
            environment,
            folder / pages[stage["stage"]],
            "stage.html",
            common | {"stage": stage, **_of_stage(told, stage), "leading": leading.of_stage(told, stage)},
        )
    common |= {"root": "../", "script_hash": _hash(environment, "search.js"), "a_page": voices.A_PAGE}
    for page in spoken:
        _render(environment, folder / voices.FOLDER / page.name, "comments.html", common | {"stage": page.stage, "theme": page.theme, "part": page})


def markdown(told: Facts) -> str:
    """The same facts as one Markdown document."""
    return render_markdown(
        "stories.md",
        told=told,
        since_when=since_when(told),
        problems=remarks.problems(told),
        headline=remarks.headline(told),
        open_warnings=[warning for warning in told["warnings"] if not warning["closed_on"]],
        now=window(told),
        unheard=remarks.unheard(told),
        month=leading.month(told),
    )


def render_markdown(template: str, **facts: Any) -> str:
    """A template of Markdown with its facts, in which nothing that comes from data is read as markup."""
    return re.sub(r"\n{3,}", "\n\n", _plain_pieces().get_template(template).render(**facts)).strip() + "\n"


def since_when(told: Facts) -> str:
    """What the list of changes is called."""
    today = told["run"]["clock"].astimezone(ZoneInfo(told["timezone"])).date()
    return wording.since(next((row["compared_on"] for row in told["since"]), None), today)


def page_names(told: Facts) -> dict[str, str]:
    """The file of each stage: its own name, or its number where that is no fit name for a file."""
    names: dict[str, str] = {}
    for place, stage in enumerate(told["stages"], start=1):
        name = stage["stage"]
        is_fit = re.fullmatch(r"(?!stage-\d+$)[a-z0-9][a-z0-9_-]{0,60}", name) and name not in RESERVED
        names[name] = f"{name}.html" if is_fit else f"stage-{place}.html"
    return names


def _first_page(told: Facts, pages: dict[str, str]) -> Facts:
    """What the first page shows beside the facts; what is news of a stage leads to its page."""
    titles = _titles(told)
    news = [
        {"kind": row["kind"], "page": pages[row["stage"]], "title": titles[row["stage"]], "sentence": row["sentence"].removeprefix(titles[row["stage"]])}
        if row["stage"] in pages
        else {"kind": row["kind"], "page": None, "sentence": row["sentence"]}
        for row in told["since"]
    ]
    bounds = [abs(stage["now"][end]) for stage in told["stages"] for end in ("net_low", "net_high") if wording.level(stage["now"]) != wording.LEVELS["unknown"]]
    reach = min(100, max(50, 25 * math.ceil(max(bounds, default=0) / 25)))  # of the scale that all stages share
    return {
        "news": news,
        "reach": reach,
        "since_when": since_when(told),
        "headline": remarks.headline(told),
        "now": window(told),
        "unheard": remarks.unheard(told),
    }


def _of_stage(told: Facts, stage: Facts) -> Facts:
    """What the page of a stage shows beside the facts."""
    periods, sources = _trend_of(stage)
    order = [other["stage"] for other in told["stages"]]
    place = order.index(stage["stage"])
    return {
        "axes": _axes(stage["now"]) if stage["now"] else [],
        "trend": charts.trend(periods, sources, "trend") if periods else None,
        "trend_periods": periods,
        "trend_sources": sources,
        "earlier": [story for story in stage["periods"] if story["period_kind"] == "quarter" and story["records"]],
        "losses": [loss for loss in told["losses"] if loss["stage"] == stage["stage"] and loss["lost_met"] >= wording.LEAST],
        "cuts": _cuts(stage),
        "contents": _contents(stage),
        "advice": remarks.surer(told, stage),
        "before": told["stages"][place - 1] if place else None,
        "after": told["stages"][place + 1] if place + 1 < len(order) else None,
    }


def _contents(stage: Facts) -> list[tuple[str, str]]:
    """The places of a stage's page that a reader may go to at once."""
    now = stage["now"]
    there = [
        ("story", "Story", True), ("warnings", "Warnings", True), ("mend", "What to mend", True), ("sources", "Sources", now and now["sources"]),
        ("trend", "Over time", True), ("themes", "Themes and comments", stage["themes"]), ("leading", "Leading this stage", True),
        ("operations", "Operations", stage["operations"]),
        ("lost", "Gained and lost", now and (now["gained"] is not None or now["lost"] is not None)), ("touchpoints", "Touchpoints", stage["touchpoints"]),
        ("history", "Quarters", True), ("cuts", "Cuts", stage["cuts"]),
    ]  # fmt: skip
    return [(place, words) for place, words, is_there in there if is_there]


def _cuts(stage: Facts) -> tuple[list[Facts], int]:
    """The groups of customers who spoke often enough to be told of, and how many others there are."""
    told = [cut for cut in stage["cuts"] if (cut["n"] or 0) >= wording.LEAST]
    return told, len(stage["cuts"]) - len(told)


def _assets(told: Facts) -> list[tuple[Facts, dict[str, Facts]]]:
    """Each period, the last 90 days first, with its movements by name; what is not known is left out."""
    periods: dict[tuple[str, str], tuple[Facts, dict[str, Facts]]] = {}
    for row in [row for row in told["assets"] if row["customers"] is not None]:
        periods.setdefault((row["period_kind"], row["period"]), (row, {}))[1][row["movement"]] = row
    return list(periods.values())


def _lost_words(told: Facts) -> list[tuple[str, list[str], list[str]]]:
    """What those who left said and gave as reasons, by trouble; the same words only once."""
    seen: set[str] = set()
    found = []
    for loss in told["losses"]:
        if loss["lost_met"] >= wording.LEAST:
            reasons, quotes = ([text for text in loss[name] or [] if text not in seen] for name in ("reasons", "quotes"))
            seen.update(reasons, quotes)
            found += [(loss["name"], reasons, quotes)] if reasons or quotes else []
    return found


def _axes(story: Facts) -> list[tuple[str, Facts | None, Facts | None]]:
    """Expectation, effort and moments: in words, of customers asked at random, and of those who spoke; only what enough told of."""
    found = []
    for name, words in wording.MEASURES.items():
        customers, feedback = (story["measures"].get(f"{name}_of_{whom}") for whom in ("customers", "feedback"))
        told = (words, _if_enough(customers), _if_enough(feedback))
        if any(told[1:]):
            found.append(told)
    return found


def _if_enough(measure: Facts | None) -> Facts | None:
    return measure if measure and measure["denominator"] >= wording.LEAST else None


def _trend_of(stage: Facts) -> tuple[list[Facts], list[str]]:
    """The last quarters, oldest first, or months where quarters are few; and the sources that spoke most in them."""
    told_of = [story for story in stage["periods"] if story["period_kind"] == "quarter" and story["records"]]
    kind = "quarter" if len(told_of) >= QUARTERS_FROM else "month"
    periods = [story for story in stage["periods"] if story["period_kind"] == kind][: charts.PERIODS][::-1]
    spoken: dict[str, list[int]] = {}
    for story in periods:
        for source in story["sources"]:
            spoken.setdefault(source["source"], []).extend([source["n"]] if source["n"] >= wording.LEAST else [])
    most = sorted((source for source in spoken if len(spoken[source]) > 1), key=lambda source: (-sum(spoken[source]), source))
    return periods, most[: charts.SOURCES]


def window(told: Facts) -> Facts | None:
    """The last 90 days, as the first stage that has a story knows them."""
    return next((stage["now"] for stage in told["stages"] if stage["now"]), None)


def _titles(told: Facts) -> dict[str, str]:
    """What the stages of the accuracy table are called."""
    return {stage["stage"]: stage["title"] for stage in told["stages"]} | {"none": "No stage", "all": "All"}


@cache
def pieces() -> jinja2.Environment:
    """The templates for HTML: what comes from data is escaped, and what is not there is an error."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, finalize=_visible, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    _register(environment)
    return environment


@cache
def _plain_pieces() -> jinja2.Environment:
    """The templates for Markdown."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=False,  # noqa: S701 (no HTML: `finalize` escapes for Markdown what comes from data)
        finalize=_escape_markdown,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    _register(environment)
    return environment


def _register(environment: jinja2.Environment) -> None:
    words = (
        wording.state,
        wording.of_100,
        wording.place,
        figures.percent,
        figures.interval,
        wording.side,
        figures.signed,
        figures.points,
        wording.change,
        wording.net,
        wording.mean,
        wording.scale,
        wording.level,
        figures.money,
        wording.moved,
        wording.in_points,
    )
    times = (
        figures.day,
        figures.span,
        wording.moment,
        figures.number,
        figures.count,
        wording.kind,
        figures.listed,
        wording.problem,
        wording.breakable,
        wording.parts,
        figures.capital,
        wording.phrase,
        wording.about,
    )
    environment.filters.update({function.__name__: function for function in (*words, *times, remarks.stake, remarks.due)})
    environment.globals.update(SIDES=wording.SIDES, COLUMNS=wording.COLUMNS, LEAST=wording.LEAST, OF_CUSTOMERS=wording.OF_CUSTOMERS)
    environment.globals.update(OUTCOMES=wording.OUTCOMES, MOVEMENTS=wording.MOVEMENTS)


def _hash(environment: jinja2.Environment, piece: str) -> str:
    """The hash by which each page allows its one style sheet, and one of comments its one script, and nothing else."""
    return base64.b64encode(hashlib.sha256(environment.get_template(piece).render().encode()).digest()).decode()


def _render(environment: jinja2.Environment, path: Path, template: str, facts: Facts) -> None:
    text = environment.get_template(template).render(page=path.name, **facts)
    path.write_text(text, encoding="utf-8", newline="\n")


def _visible(value: Any) -> Any:
    return wording.visible(value) if type(value) is str else value  # what is markup already is a kind of str, too


def _escape_markdown(value: Any) -> Any:
    """Text on one line in which no letter is read as Markdown or HTML, and no address becomes a link."""
    if not isinstance(value, str):
        return value
    text = re.sub(r"([\\`*_\[\]<>|#~&])", r"\\\1", " ".join(wording.visible(value).split()))
    text = _LINK.sub("\u200b", text)
    start = re.match(r"[-+=]|\d+(?=[.)])", text)
    if not start:
        return text
    return f"\\{text}" if text[0] in "-+=" else f"{start[0]}\\{text[start.end() :]}"
