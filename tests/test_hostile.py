"""Texts that want to be more than text, in every place that words from outside can reach: they are kept, shown, and never obeyed."""

from __future__ import annotations

import ast
import base64
import copy
import csv
import datetime as dt
import hashlib
import inspect
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bs4
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from markdown_it import MarkdownIt

from listening import cli, journey, tables, warehouse
from listening.publish import facts, reading, sheets, site, wording
from listening.records import cleaning, privacy
from listening.records.rows import is_blank
from listening.workspace import DIMENSIONS, Mend, Source, Workspace
from tests import hostile
from tests.conftest import drop, rows, run, settle
from tests.test_sources_files import TRAPS

ROOT = Path(__file__).parents[1]
CHROMIUM = Path("/usr/bin/chromium")
STAGES = journey.DEFAULT_STAGES
AS_OF = "2026-06-30"
BAD = "The parcel arrived three days late and nobody told me {} which is terrible."
GOOD = "I love how friendly and fast the delivery was {} so thank you, wonderful."
FEEDBACK = {
    "survey": ".csv", "ticket": ".jsonl", "review": ".xlsx", "chat": ".parquet", "social": ".jsonl", "call": ".csv", "employee": ".csv", "supplier": ".jsonl",
}  # fmt: skip
SOURCE = '[sources.{name}]\nconnector = "files"\nkind = "{kind}"\npath = "inbox/{path}"\n'
SCORED = 'score_scale = [0, 10]\nscore_name = "<b>NPS</b> & \\"co\\""\ndimensions = { mood = "mood" }\n'
ACTS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")  # on a terminal


# --- a night of nothing but hostile texts


@pytest.fixture(scope="module")
def canary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where those texts leave a trace that are obeyed; the folder stays empty."""
    return tmp_path_factory.mktemp("traces") / "canary"


@pytest.fixture(scope="module")
def texts(canary: Path) -> list[str]:
    return [text.replace("CANARY", str(canary)) for text in hostile.TEXTS]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, fitted: Path, texts: list[str]) -> Workspace:
    """A published night in which every text stands in every field of every kind, in names of files and columns, and in the company's own files."""
    place = Workspace(tmp_path_factory.mktemp("hostile") / "workspace")
    place.inbox.mkdir(parents=True)
    shutil.copytree(fitted, place.models)
    short = [text for text in texts if len(text) < 300]
    settings = f'[company]\nname = {json.dumps(" ".join(short[::3]), ensure_ascii=False)}\ntimezone = "Europe/London"\n'.replace("\x7f", "\\u007f")
    for turn, (kind, ending) in enumerate(FEEDBACK.items()):
        settings += SOURCE.format(name=kind, kind=kind, path=kind + ending) + SCORED
        save(place.inbox / (kind + ending), list(feedback(texts, turn)))
    for kind, table in happened(texts).items():
        settings += SOURCE.format(name=kind, kind=kind, path=f"{kind}.jsonl")
        save(place.inbox / f"{kind}.jsonl", table)
    settings += SOURCE.format(name="named", kind="survey", path="named/*") + SOURCE.format(name="headed", kind="survey", path="headed.csv")
    (place.inbox / "named").mkdir()
    for number, text in enumerate(short[::9]):
        name = text.replace("/", "∕").replace("\0", "").encode("utf-8", "replace").decode()[:60]
        content = f"id,date,comment\n{number},2026-05-01,The parcel was late.\n" if number % 3 else ""
        drop(place, f"named/x{name}.csv", content)
    save(place.inbox / "headed.csv", [{"id": "1", "date": "2026-05-01", "comment": "The parcel was late.", **dict.fromkeys(filter(str.strip, short), "x")}])
    place.configuration.write_text(settings, encoding="utf-8")
    place.journey.write_text(yaml.safe_dump(stages(short)), encoding="utf-8")
    run(place, AS_OF)
    return place


def feedback(texts: list[str], turn: int) -> Iterator[dict[str, Any]]:
    """A row for each text. Dimensions hold it in turn, since a story is told of each of their values."""
    ours = {DIMENSIONS[(turn + step) % len(DIMENSIONS)] for step in range(3)}
    for number, text in enumerate(texts):
        words = text if number % 3 == 0 else (BAD if number % 2 else GOOD).format(text)
        yield {
            "id": f"{text}~{number}", "thread_id": f"{text}~{number}", "customer_id": f"{text}~{number}", "account_id": text, "said_at": day(number),
            "title": text, "text": words, "score": 1 if number % 2 else 9, "stage": STAGES[number % 8] if number % 5 else text, "touchpoint": text, "url": text,
            "mood": text if turn == 0 else "calm", "note": text, "number": number,
            **{name: text if name in ours else "as ever" for name in DIMENSIONS},
            "region": text if number % 4 == turn % 4 else "<b>North</b> & 'co'" if number % 2 else "=South",
        }  # fmt: skip


def happened(texts: list[str]) -> dict[str, list[dict[str, Any]]]:
    """Rows of every kind that is no feedback, each text in each of their fields."""
    every = list(enumerate(texts))
    stage = [STAGES[number % 8] if number % 3 else text for number, text in every]
    who = [f"{text}~{number}" for number, text in every]
    return {
        "operations": [{"customer_id": who[n], "stage": stage[n], "measure": t, "at": day(n), "failed": n % 2, "region": t, "unit": t} for n, t in every],
        "customers": [{"customer_id": who[n], "account_id": t, "email": t, "since": day(n), "value": n, "value_basis": t, "segment": t} for n, t in every],
        "outcomes": [{"customer_id": who[n], "outcome": "left" if n % 2 else t, "at": day(n), "amount": n, "reason": t} for n, t in every],
        "invitations": [{"customer_id": who[n], "stage": stage[n], "sent_at": day(n), "answered_id": t} for n, t in every],
        "checkins": [{"customer_id": who[n], "stage": stage[n], "asked_at": day(n), "answered": 1, "experience": n % 3 - 1, "text": t} for n, t in every],
        "internal_ratings": [{"stage": stage[n], "rated_at": day(n), "role": f"{t} {n}", "great_share": 0.5} for n, t in every],
        "actions": [
            {"what": t, "stage": stage[n], "owner": t, "started_on": day(n), "due_on": day(n), "measure": t, "expected": -0.1, "region": t, "note": t}
            for n, t in every
        ],
        "investment": [{"stage": stage[n], "period": "2026-Q1" if n % 2 else t, "amount": n} for n, t in every],
    }


def stages(texts: list[str]) -> dict[str, Any]:
    """A journey in whose titles, owners, promises, descriptions and touchpoints every text stands."""
    points = list(dict.fromkeys(text.strip() for text in texts if text.strip()))
    return {
        "stages": [
            {
                "stage": name, "name": " ".join(texts[n::8]), "owner": " ".join(texts[n - 1 :: 8]), "promise": " ".join(texts[n - 2 :: 8]),
                "description": " ".join(texts[n - 3 :: 8]),
                "touchpoints": [{"touchpoint": point, "name": point, "owner": point, "words": [point]} for point in points[n::32]],
            }
            for n, name in enumerate(STAGES)
        ],
        "competitors": points[:50],
    }  # fmt: skip


def day(number: int) -> str:
    return (dt.date(2026, 4, 1) + dt.timedelta(days=number * 7 % 88)).isoformat()


def save(path: Path, table: list[dict[str, Any]]) -> None:
    """Rows as a file of the kind that the path's ending names, as raw as it can hold them."""
    if path.suffix == ".csv":
        file = io.StringIO(newline="")
        writer = csv.DictWriter(file, table[0], quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows(table)
        path.write_bytes(file.getvalue().encode())
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in table), encoding="utf-8")
    elif path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(table), path)
    else:
        sheets.write(path, table, overwrite=True)
    settle(path)


# --- pages

UNSAFE = re.compile(r"""[<>"'&`{}%$=\\*_\[\]|#~@+()-]""")


def harmless(value: Any) -> Any:
    """The same with every sign gone that HTML, templates or Markdown could take for their own; nothing else changes, not even a length."""
    if isinstance(value, dict):
        return {key: harmless(each) for key, each in value.items()}
    if isinstance(value, list):
        return [harmless(each) for each in value]
    if type(value) is str and UNSAFE.search(value) and value not in CODES:
        return UNSAFE.sub("x", wording.visible(value))
    return value


CODES = {  # words of the program's own, on which pages depend
    "net_change_of_feedback", *STAGES, "2026-Q2", *(f"2026-{month:02}" for month in (4, 5, 6)),
}  # fmt: skip


def parsed(path: Path) -> bs4.BeautifulSoup:
    return bs4.BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def parsed_in(folder: Path) -> dict[str, bs4.BeautifulSoup]:
    """The pages by their place in the site."""
    return {path.relative_to(folder).as_posix(): parsed(path) for path in sorted(folder.rglob("*.html"))}


def assert_same_page(page: bs4.BeautifulSoup, like: bs4.BeautifulSoup) -> None:
    """No element, attribute, link, remark or text is in one page and not in the other, but for the signs that were made harmless."""
    elements, expected = page.find_all(), like.find_all()
    assert [element.name for element in elements] == [element.name for element in expected]
    for element, its_like in zip(elements, expected, strict=True):
        assert len(list(element.parents)) == len(list(its_like.parents))
        assert element.attrs.keys() == its_like.attrs.keys()
        for name, value in element.attrs.items():
            assert value == its_like[name] or (name.startswith(("data-test-", "aria-label")) and softened(str(value)) == softened(str(its_like[name]))), name
    odd = (bs4.Comment, bs4.CData, bs4.ProcessingInstruction, bs4.Declaration)
    assert not [node for node in page.descendants if isinstance(node, odd)]
    assert softened(page.get_text()) == softened(like.get_text())


def softened(text: str) -> str:
    """Text in which a sign, and a page's way to begin a line and to write a name as words, make no difference."""
    return UNSAFE.sub("x", text.replace(" ", "_")).casefold()


@pytest.fixture(scope="module")
def told(place: Workspace) -> dict[str, Any]:
    with warehouse.reading(reading.database(place)) as published:
        return facts.gather(published, place.settings().company, reading.database(place).parent.name)


@pytest.fixture(scope="module")
def comments(place: Workspace) -> facts.Comments:
    with warehouse.reading(reading.database(place)) as published:
        return facts.comments(published)


@pytest.fixture(scope="module")
def pages(place: Workspace) -> dict[str, bs4.BeautifulSoup]:
    return parsed_in(place.published / "site")


@pytest.fixture(scope="module")
def like(told: dict[str, Any], comments: facts.Comments, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same pages made from harmless texts; themes keep their ids, by which their comments are found."""
    CODES.update(theme["theme"] for stage in told["stages"] for theme in stage["themes"])
    CODES.update(row["measure"] for row in told["experience"])
    CODES.update(stage["now"]["limiting_measure"] for stage in told["stages"] if stage["now"]["limiting_measure"])
    folder = tmp_path_factory.mktemp("harmless") / "site"
    site.write(folder, harmless(told), harmless(comments))
    return folder


def test_hostile_texts_are_many_and_reach_the_pages(texts: list[str], told: dict[str, Any], pages: dict[str, bs4.BeautifulSoup]) -> None:
    assert len(hostile.BY_HAND) >= 300
    assert len(texts) >= 400
    quotes = [quote["text"] for stage in told["stages"] for side in stage["now"]["quotes"].values() for quote in side]
    assert sum(bool(UNSAFE.search(quote)) for quote in quotes) > 20
    assert any(place["cut_value"] in ("<b>North</b> & 'co'", "=South") for stage in told["stages"] for place in stage["now"]["places"])
    assert "<script>alert(1)</script>" in pages["index.html"].title.text
    assert "<script>alert(1)</script>" in pages["index.html"].get_text()


def test_no_element_attribute_or_link_is_on_a_page_that_its_template_did_not_make(pages: dict[str, bs4.BeautifulSoup], like: Path) -> None:
    assert any(name.startswith("comments/") for name in pages)
    likes = parsed_in(like)
    assert pages.keys() == likes.keys()
    for name, page in pages.items():
        assert_same_page(page, likes[name])


def everywhere(told: dict[str, Any], texts: list[str]) -> dict[str, Any]:
    """Facts in which every text is quoted, and stands in turn in every other place that words can reach."""
    told = copy.deepcopy(told)
    turn = iter(texts * 100)
    for stage in told["stages"]:
        stage |= {name: next(turn) for name in ("title", "owner", "promise", "description")}
        stage["touchpoints"] = [point | {name: next(turn) for name in ("touchpoint", "name", "owner")} for point in stage["touchpoints"]]
        for story in (stage["now"], *stage["periods"]):
            story["story"] = next(turn)
            story["sentences"] = [{"part": "level", "text": story["story"]}]
            story["places"] = [place | {name: next(turn) for name in ("cut_by", "cut_value", "source")} for place in story["places"]]
            story["scores"] = [score | {"score_name": next(turn)} for score in story["scores"]]
    told["stages"][0]["now"]["quotes"]["trouble"] = [{"side": "trouble", "rank": 1, "record_id": text, "text": text, "source": text} for text in texts]
    told["sources"] = [source | {"problem": f"{number}§ {next(turn)}"} for number, source in enumerate(told["sources"])]
    told["rejected"] = [{"source": next(turn), "reason": next(turn), "rows": 1} for _ in texts]
    told["run"] |= {"faults": texts[::2], "notes": texts[1::2], "run_id": next(turn), "classifier_version": next(turn)}
    told["accuracy"] = [row | {"examined_on": next(turn), "stage": next(turn)} for row in told["accuracy"]]
    told["nights"] = [night | {name: next(turn) for name in ("state", "source", "run_id")} for night in told["nights"]]
    return told


def test_every_text_in_every_place_stays_text(told: dict[str, Any], texts: list[str], tmp_path: Path) -> None:
    spread = everywhere(told, texts)
    site.write(tmp_path / "site", spread)
    site.write(tmp_path / "like", harmless(spread))
    likes = parsed_in(tmp_path / "like")
    for name, page in parsed_in(tmp_path / "site").items():
        assert_same_page(page, likes[name])
    quoted = [quote.p.text for quote in parsed(tmp_path / "site" / "discover.html").find_all("blockquote", class_="trouble")]
    assert quoted == [wording.visible(text) for text in texts]


def test_a_browser_makes_no_more_of_a_page_than_its_template_did(place: Workspace, like: Path, tmp_path: Path) -> None:
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed, so the pages were not parsed by a real browser")
    for name in ("index.html", "onboard.html", "method.html"):
        seen = [as_seen(folder / name, tmp_path) for folder in (place.published.resolve() / "site", like)]
        assert_same_page(*seen)


def as_seen(page: Path, profile: Path) -> bs4.BeautifulSoup:
    """The page as a real browser has understood it."""
    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run", "--disable-gpu", "--no-sandbox"]
    command = [str(CHROMIUM), "--headless", *quiet, f"--user-data-dir={profile}", "--dump-dom", page.as_uri()]
    found = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", check=True, timeout=120).stdout
    return bs4.BeautifulSoup(found, "html.parser")


def test_pages_allow_their_own_style_sheet_and_load_nothing(pages: dict[str, bs4.BeautifulSoup]) -> None:
    for name, page in pages.items():
        (policy,) = page.find_all("meta", attrs={"http-equiv": True})
        (style,) = page.find_all("style")
        allowed = base64.b64encode(hashlib.sha256(style.string.encode()).digest()).decode()
        assert policy["content"].startswith(f"default-src 'none'; style-src 'sha256-{allowed}';")
        assert page.head.find_all()[:2][-1] is policy
        assert not page.find_all(["iframe", "frame", "object", "embed", "img", "video", "audio", "source", "form", "base", "button"])
        searched = page.find_all("input", id="find")
        assert page.find_all("input") == searched
        assert len(page.find_all("script")) == len(searched) <= 1
        for script in page.find_all("script"):
            assert f"'sha256-{base64.b64encode(hashlib.sha256(script.string.encode()).digest()).decode()}'" in policy["content"]
        for element in page.find_all():
            for attribute, value in element.attrs.items():
                assert attribute not in ("src", "srcset", "data", "action", "formaction", "poster", "style", "target", "ping", "xlink:href", "xmlns:xlink")
                assert not attribute.startswith("on")
                if attribute == "href":
                    assert value == "data:," or re.fullmatch(r"(\.\./)?(comments/)?[a-z0-9.-]*(\.html)?(#[a-z0-9-]+)?", value), f"{name}: {value}"


def test_stages_called_anything_get_pages_of_their_own(make_workspace: Callable[..., Workspace]) -> None:
    place = make_workspace(
        SOURCE.format(name="survey", kind="survey", path="survey.csv"), {"survey.csv": "id,date,comment\n1,2026-05-01,The parcel was late.\n"}
    )
    names = ["../../CANARY", "<script>alert(1)</script>", "stage-2", "index", "=1+1", "\x1b[31mred", "a\"b'c", "\u202epay"]
    rename_stages(place, dict(zip(STAGES, names, strict=True)))
    run(place, AS_OF)
    found = {path.name for path in (place.published / "site").iterdir()}
    company = {"index.html", "method.html", "warnings.html", "priorities.html", "customers.html", "month.html", "invest.html", "comments"}
    assert found == company | {f"stage-{number}.html" for number in range(1, 9)}
    index = parsed(place.published / "site" / "index.html")
    assert {f"stage-{number}.html" for number in range(1, 9)} <= {link["href"] for link in index.find_all("a")}
    assert not index.find_all("script")
    assert not list(place.root.parent.rglob("*CANARY*"))


def rename_stages(place: Workspace, names: dict[str, str]) -> None:
    """Give a workspace's stages other names, in its journey and in its classifier."""
    content = yaml.safe_load(place.journey.read_text(encoding="utf-8"))
    content["stages"] = [stage | {"stage": names[stage["stage"]], "covers": [stage["stage"]]} for stage in content["stages"]]
    place.journey.write_text(yaml.safe_dump(content), encoding="utf-8")
    current = place.models / "current.json"
    folder = place.models / f"stage-{json.loads(current.read_text())['stage']}"
    described = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    described["stages"] = [names.get(name, name) for name in described["stages"]]
    written = json.dumps(described).encode()
    version = hashlib.sha256((folder / "weights.npz").read_bytes() + written).hexdigest()[:8]
    folder = folder.rename(folder.with_name(f"stage-{version}"))
    (folder / "model.json").write_bytes(written)
    current.write_text(json.dumps({"stage": version}))


# --- Markdown


def made_of(markdown: str) -> list[str]:
    """What a reader of Markdown takes a document for."""
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    return [part.type for block in parser.parse(markdown) for part in (block, *(block.children or [])) if part.type != "text_special"]


def test_no_words_become_markup_or_a_link_in_the_markdown(place: Workspace, told: dict[str, Any], texts: list[str]) -> None:
    published = (place.published / "stories.md").read_text(encoding="utf-8")
    spread = everywhere(told, texts)
    for stage, start in zip(spread["stages"], ("- late", "+ late", "1. late", "23) late", "=== late", "# late", "> late", "* late"), strict=True):
        stage["now"]["sentences"] = [{"part": "level", "text": start}]
    for document, like in ((published, site.markdown(harmless(told))), (site.markdown(spread), site.markdown(harmless(spread)))):
        found = made_of(document)
        assert [kind for kind in found if kind != "text"] == [kind for kind in made_of(like) if kind != "text"]
        assert not {kind for kind in found if kind.startswith(("html", "link", "image", "code", "fence", "hr", "s_open", "ordered"))}
        assert not re.search(r"(?i)\b(?:https?|ftp)://|\bwww\.|\w@\w", document), "readers that make addresses into links would make one of this"
        assert not ACTS.search(document)


# --- the terminal

Call = Callable[..., tuple[int, str]]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], place: Workspace) -> Call:
    """Runs `listening` on the hostile workspace; gives the status and everything that was printed."""

    def run(*arguments: str | Path) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["listening", *map(str, arguments), "--workspace", str(place.root)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        printed = capsys.readouterr()
        return int(ended.value.code or 0), printed.out + printed.err

    return run


def test_what_is_printed_can_steer_no_terminal(call: Call, place: Workspace, texts: list[str]) -> None:
    ids = [str(row["record_id"]) for row in rows(place, "select record_id from records where kind = 'social' order by record_id")]
    native = [text for text in texts if text.startswith("\x1b")]
    asked: list[tuple[str | Path, ...]] = [
        ("story",), ("story", "--period", "2026-05"), ("story", native[0]), ("story", "--period", native[1]), ("explain", native[0]),
        *(("explain", record_id) for record_id in ids[::20]),
        ("sql", "select text, region from records"), ("sql", "from records limit 50"), ("sql", "from runs"), ("sql", "select chr(27) as \"\x1b[31m\""),
        ("sql", f"select {native[0]}"), ("sql", "from journey"), ("sql", "from touchpoints"), ("sql", "from rejects"), ("accuracy",),
    ]  # fmt: skip
    for arguments in asked:
        status, printed = call(*arguments)
        assert status in (0, 2, 3), arguments
        assert printed.strip()
        assert ACTS.findall(printed) == [], arguments
    assert "[31mred" in call("sql", "select '[31mred'")[1], "only what acts is left out"


def test_names_of_files_and_columns_steer_no_terminal_either(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], make_workspace: Callable[..., Workspace]
) -> None:
    place = make_workspace(SOURCE.format(name="survey", kind="survey", path="*.csv"))
    for number, text in enumerate([*hostile.CONTROLS, *hostile.TURNED]):
        name = text.replace("/", "").replace("\0", "")
        drop(place, f"x{name}.csv", "" if number % 2 else f'id,date,comment,"{name}","{name}"\n{number},2026-05-01,The parcel was late.,x,y\n')
    for command in (("check",), ("run", "--direct")):
        monkeypatch.setattr(sys, "argv", ["listening", *command, "--workspace", str(place.root)])
        with pytest.raises(SystemExit):
            cli.main()
        printed = "".join(capsys.readouterr())
        assert "is empty (0 bytes)" in printed
        assert ACTS.findall(printed) == []


def test_a_name_of_a_column_is_no_instruction_for_the_printer(call: Call) -> None:
    assert "[link=https://evil.example]x[/link] [/red]" in " ".join(call("sql", 'select 1 as "[link=https://evil.example]x[/link] [/red]"')[1].split())


@pytest.mark.parametrize("debug", ["", "1"])
def test_an_unexpected_error_is_told_by_its_kind_and_place_without_its_words(call: Call, monkeypatch: pytest.MonkeyPatch, debug: str) -> None:
    def broken(*_: object) -> None:
        raise ValueError("Jane Doe said her card is 4111")

    monkeypatch.setattr(cli.answers.reading, "stories", broken)
    monkeypatch.setenv("LISTENING_DEBUG", debug)
    if debug:
        monkeypatch.setattr(sys, "argv", ["listening", "story"])
        with pytest.raises(ValueError, match="Jane Doe"):
            cli.main()
        return
    status, printed = call("story")
    assert status == 1
    assert "Jane" not in printed
    assert re.search(r"\(ValueError in cli/answers\.py:\d+\)", printed)


# --- files for people


def parted(content: str, delimiter: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content, newline=""), delimiter=delimiter))


def is_live(cell: str) -> bool:
    """Whether a spreadsheet would take a cell of CSV for a formula; a number by itself is none."""
    bare = re.sub(r"^[\s\"'\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+", "", cell) if not cell.startswith("'") else cell
    return bool(re.match(r"[=+\-@＝＋－＠﹦﹢﹣﹫]|[\t\r]", bare)) and not re.fullmatch(r"-?\d+(\.\d+)?([eE][+-]?\d+)?", bare)


@pytest.mark.parametrize("table", ["records", "sentences", "customers", "operations", "checkins", "outcomes", "touchpoints", "journey", "runs", "stage_story"])
def test_no_text_of_a_table_is_a_live_formula_in_what_people_open(call: Call, place: Workspace, tmp_path: Path, table: str) -> None:
    for ending in ("csv", "xlsx"):
        assert call("sql", f"from {table} limit 2000", "--out", tmp_path / f"out.{ending}")[0] == 0
        assert (tmp_path / f"out.{ending}").stat().st_mode & 0o777 == 0o600
    content = (tmp_path / "out.csv").read_bytes().decode("utf-8-sig")
    for delimiter in ",;\t":
        live = [cell for line in parted(content, delimiter) for cell in line[delimiter != "," :] if is_live(cell)]
        assert live == [], "also where a semicolon or a tab is taken for the end of a cell"
    with (tmp_path / "out.xlsx").open("rb") as file:
        book = openpyxl.load_workbook(file)
    assert "<f>" not in "".join(map(str, zipfile.ZipFile(tmp_path / "out.xlsx").read("xl/worksheets/sheet1.xml").split(b"\n")))
    cells = [cell for line in book.active.iter_rows() for cell in line]
    assert {cell.data_type for cell in cells} <= {"s", "inlineStr", "n", "b", "d"}
    assert not [cell for cell in cells if cell.hyperlink]
    assert len(parted(content, ",")) == book.active.max_row == len(rows(place, f"from {table} limit 2000")) + 1


def test_numbers_stay_numbers_and_texts_come_back_as_they_are(call: Call, place: Workspace, tmp_path: Path) -> None:
    query = "select text, sentiment, score, number from (select *, (attributes ->> 'number')::int as number from records where kind = 'chat') order by number"
    for ending in ("csv", "xlsx", "jsonl", "parquet"):
        call("sql", query, "--out", tmp_path / f"out.{ending}")
    asked = rows(place, query)
    words = [row["text"] for row in asked]
    lines = parted((tmp_path / "out.csv").read_bytes().decode("utf-8-sig"), ",")[1:]
    assert [sheets.unguarded(line[0]) or None for line in lines] == words
    assert [float(line[1]) if line[1] else None for line in lines] == [row["sentiment"] for row in asked]
    assert any(line[1].startswith("-") for line in lines)
    with (tmp_path / "out.xlsx").open("rb") as file:
        book = openpyxl.load_workbook(file)
    found = [line for line in book.active.iter_rows(min_row=2, values_only=True)]
    assert [line[0] for line in found if len(line[0] or "") < 20_000] == [text for text in words if len(str(text or "")) < 20_000]
    assert {type(line[1]) for line in found} <= {float, int, type(None)}
    assert [json.loads(line)["text"] for line in (tmp_path / "out.jsonl").read_text(encoding="utf-8").split("\n")[:-1]] == words
    assert pq.read_table(tmp_path / "out.parquet")["text"].to_pylist() == words


# --- the store


def test_the_store_holds_exactly_the_words(place: Workspace, texts: list[str]) -> None:
    expected = {}
    for said in feedback(texts, 0):
        words = [cleaning.plain(said["title"]), cleaning.plain(said["text"])]
        title, text = ("" if cleaning.is_junk(part) else part for part in words)
        whole = "\n".join(part for part in (title if title.casefold() not in text.casefold() else "", text) if part)
        expected[said["number"]] = privacy.redact([whole])[0] or None
    for kind in ("chat", "social", "ticket", "supplier"):
        query = f"select (attributes ->> 'number')::int as number, text from records where kind = '{kind}'"
        assert {row["number"]: row["text"] for row in rows(place, query)} == expected
    told = json.dumps(list(expected.values()), ensure_ascii=False)
    for text in (*hostile.TEMPLATES[:12], *hostile.QUERIES[:8]):
        assert json.dumps(text, ensure_ascii=False)[1:-1].replace("CANARY", "") in told.replace("CANARY", "") or "CANARY" in text


def test_the_store_holds_exactly_the_names(place: Workspace, texts: list[str]) -> None:
    fields = ("native_id", "customer_id", "account_id", "thread_id", "url", *DIMENSIONS)
    for turn, kind in enumerate(FEEDBACK):
        if kind == "review":  # a workbook cannot hold every letter
            continue
        found = {row["number"]: row for row in rows(place, f"select *, (attributes ->> 'number')::int as number from records where source = '{kind}'")}
        for said in feedback(texts, turn):
            record = found[said["number"]]
            for field in fields:
                given = said["id" if field == "native_id" else field]
                shown = cleaning.hidden_removed(given).strip() or None
                assert record[field] == (shown if field == "url" or not is_blank(given) else None), field
            note = json.loads(str(record["attributes"])).get("note", "")
            assert note == privacy.redact([cleaning.hidden_removed(said["note"])])[0]
        assert len(found) == len(texts)


def test_nothing_was_obeyed(place: Workspace, canary: Path, told: dict[str, Any], pages: dict[str, bs4.BeautifulSoup]) -> None:
    assert list(canary.parent.iterdir()) == []
    assert {path.name for path in place.root.parent.iterdir()} == {"workspace"}
    assert not [path for folder in (Path.cwd(), place.root) for path in folder.rglob("*canary*") if "inbox" not in path.parts and ".venv" not in path.parts]
    assert rows(place, "select count(distinct kind) as kinds from records where kind <> 'checkins'") == [{"kinds": 8}]
    names = {str(row["name"]) for row in rows(place, "select table_name as name from duckdb_tables() where not internal")}
    assert names == {name.split("/")[1] for name in tables.tables("publish")}
    assert "49" not in pages["use.html"].title.text
    assert {path.name for path in place.inbox.parent.iterdir()} >= {"inbox", "journey.yaml", "landing", "listening.toml", "logs", "models", "published"}


def test_traps_in_the_inbox_are_told_one_by_one_and_the_night_goes_on(make_workspace: Callable[..., Workspace]) -> None:
    place = make_workspace(SOURCE.format(name="survey", kind="survey", path="*"))
    for number, (name, content, _) in enumerate(TRAPS.values()):
        drop(place, f"{number:02}-{name}", content())
    os.mkfifo(place.inbox / "98-pipe.csv")
    (place.inbox / "99-link.csv").symlink_to("/etc/passwd")
    drop(place, "good.csv", "id,date,comment\n1,2026-05-01,The parcel arrived three days late.\n")
    tonight = run(place, AS_OF)
    assert tonight.status == 3
    assert len(tonight.faults["survey"]) == len(TRAPS) + 2
    assert rows(place, "select text from records") == [{"text": "The parcel arrived three days late."}]
    assert "root:" not in json.dumps(rows(place, "from runs"), default=str)


# --- DuckDB for readers

REFUSED = [
    "select * from read_csv('/etc/passwd')", "select * from read_text('/etc/passwd')", "select * from read_blob('/etc/passwd')", "from '/etc/passwd'",
    "from read_json('/etc/passwd')", "from 'workspace/listening.toml.csv'", "from read_parquet('*.parquet')", "from glob('/etc/*')", "from glob('*')",
    "from sniff_csv('/etc/passwd')", "from parquet_metadata('x.parquet')", "from query_table('/etc/passwd')",
    "copy records to '{canary}'", "copy (select 1) to '{canary}' (format csv)", "copy records from '/etc/passwd'", "export database '{canary}'",
    "import database '{canary}'", "attach '{canary}' as x", "attach ':memory:' as x", "detach listening", "use memory",
    "install httpfs", "load httpfs", "load '{canary}'", "update extensions", "from 'https://127.0.0.1:9/x.parquet'", "from 's3://bucket/x.parquet'",
    "from read_csv('http://127.0.0.1:9/x.csv')", "create secret (type s3)", "from duckdb_secrets()", "from sqlite_scan('{canary}', 'x')",
    "set enable_external_access = true", "reset enable_external_access", "set lock_configuration = false", "set threads = 64", "set memory_limit = '900GB'",
    "set allowed_directories = ['/']", "set home_directory = '/'", "set temp_directory = '/tmp'", "set autoload_known_extensions = true",
    "pragma memory_limit = '900GB'", "pragma profiling_output = '{canary}'", "pragma enable_external_access = true",
    "select getenv('PATH')", "select 1; select 2", "select 1; attach '{canary}' as x", "", ";", "-- nothing",
    "create table x (a int)", "create view x as select 1", "create macro x() as 1", "create schema x", "create sequence x", "create type x as enum ('a')",
    "insert into records select * from records", "update records set text = ''", "delete from records", "truncate records", "drop table records",
    "alter table records add column x int", "comment on table records is ''", "merge into records using records as x on false when matched then delete",
    "from canary", "from frame", "from statement", "from connection",
]  # fmt: skip


@pytest.mark.parametrize("statement", REFUSED)
def test_a_readers_query_reads_the_tables_and_nothing_else(place: Workspace, canary: Path, statement: str) -> None:
    with pytest.raises(Mend, match=r"query|One query"):
        reading.sql(place, statement.replace("{canary}", str(canary)))
    assert list(canary.parent.iterdir()) == []


@pytest.mark.parametrize(
    "statement", ["with x as (select 1 as a) from x", "describe records", "show tables", "summarize journey", "explain select 1", "select 1;"]
)
def test_a_readers_query_may_ask_in_every_way(place: Workspace, statement: str) -> None:
    assert len(reading.sql(place, statement))


def test_what_would_log_or_profile_to_a_file_writes_none(place: Workspace, canary: Path) -> None:
    for statement in (
        f"call enable_logging(storage = 'file', storage_path = '{canary}')",
        f"call enable_profiling(format = 'json', save_location = '{canary}')",
    ):
        asked = f"import sys; from listening import cli; sys.argv = ['listening', 'sql', {statement!r}, '-w', {str(place.root)!r}]; cli.main()"
        subprocess.run([sys.executable, "-c", asked], capture_output=True, check=False, cwd=canary.parent, env={**os.environ, "PYTHONPATH": str(ROOT)})
        assert list(canary.parent.iterdir()) == []


@pytest.mark.parametrize(
    "query",
    [
        "select sum(a.range * b.range) from range(1000000) a, range(100000000) b",
        "with recursive t (n) as (select 1 union all select n + 1 from t) select max(n) from t",
        "from range(100000000000) where range < 0",
    ],
)
def test_an_endless_query_ends_at_ctrl_c(place: Workspace, query: str, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    asked = (
        "import signal, sys, pathlib; from listening import cli, warehouse; whole = warehouse.ask\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a shell's background jobs ignore it, and so do their children
        f"warehouse.ask = lambda *a: (pathlib.Path({str(begun)!r}).touch(), whole(*a))[1]\n"
        f"sys.argv = ['listening', 'sql', {query!r}, '-w', {str(place.root)!r}]; cli.main()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", asked], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    try:
        while not begun.exists() and process.poll() is None:
            time.sleep(0.05)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        printed, complained = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 1
    assert printed + complained == ""


# --- the program itself


def calls(path: Path) -> Iterator[ast.Call]:
    return (node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call))


MODULES = sorted(path for folder in ("listening", "pipelines") for path in (ROOT / folder).rglob("*.py"))


def test_nothing_that_is_loaded_can_be_a_program() -> None:
    """No pickle, no YAML with objects, no eval; arrays only with pickles forbidden."""
    for path in MODULES:
        for made in calls(path):
            name = ast.unparse(made.func)
            assert name not in ("eval", "exec", "compile", "__import__", "yaml.load", "yaml.unsafe_load", "yaml.full_load", "os.system", "os.popen"), path
            assert not re.search(r"pickle|joblib|marshal|shelve|\bdill\b", name), path
            if re.fullmatch(r"(np|numpy)\.(load|fromfile|memmap)|NpzFile", name):
                assert {word.arg: ast.unparse(word.value) for word in made.keywords}.get("allow_pickle") == "False", path
            assert "shell=True" not in ast.unparse(made), path


def test_no_parameter_or_setting_takes_a_secret() -> None:
    """Parameters of flows are stored and shown by Prefect, and settings stand in a file that is copied about."""
    secret = re.compile(r"secret|token|password|passwd|credential|api_?key|authorization", re.I)
    for path in (ROOT / "pipelines").rglob("*.py"):
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                named = [argument.arg for argument in (*function.args.args, *function.args.kwonlyargs)]
                assert not [name for name in named if secret.search(name)], f"{path}: {function.name}"
    assert not [name for name in Source.model_fields if secret.search(name) and not name.endswith(("_env", "_file"))]
    assert not [name for name in inspect.signature(cli.nights.run).parameters if secret.search(name)]
