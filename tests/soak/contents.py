"""Files that are hard to read: every encoding, damaged bytes, huge cells, endless tickets. Each case takes an empty stand."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import duckdb

from . import hands
from .stand import Stand, Violation, drop

CASES: dict[str, Callable[[Stand], None]] = {}
WORDS = {
    "western": ("Die Lieferung kam zwei Tage zu spät, schön war das nicht.", "Le café était fermé, très déçu.", "¡El envío llegó mañana, qué sueño!"),
    "russian": ("Доставка опоздала на два дня.", "Приложение постоянно падает.", "Очень вежливый сотрудник."),
    "japanese": ("配送がとても遅くて困りました。電話もつながりません。", "アプリがすぐに落ちるので使えません。", "店員さんがとても親切でした。"),
}
_MEMORY_MB = 2_500  # what a night may take at its most
_COMPANY = '[company]\nname = "Soak"\ntimezone = "Europe/London"\n'
_SURVEY = """
[sources.survey]
connector = "files"
kind = "survey"
path = "inbox/survey*.csv"
columns = {id = "id", said_at = "day", text = "comment"}
"""
_TICKETS = """
[sources.tickets]
connector = "files"
kind = "ticket"
path = "inbox/tickets*.jsonl"
"""


def case(function: Callable[[Stand], None]) -> Callable[[Stand], None]:
    """Put a case on the list under its name."""
    CASES[function.__name__] = function
    return function


def _night(stand: Stand, files: dict[str, bytes], allowed: tuple[int, ...] = (0,)) -> hands.Outcome:
    for name, content in files.items():
        drop(stand.root, name, content)
    is_survey = any((stand.root / "inbox").glob("survey*"))
    (stand.root / "listening.toml").write_text(_COMPANY + (_SURVEY if is_survey else _TICKETS), encoding="utf-8")
    outcome = stand.walk()
    if outcome.status not in allowed or outcome.has_traceback:
        raise Violation(f"ended with {outcome.status}: {outcome.printed[-1500:]}")
    if outcome.peak_mb > _MEMORY_MB:
        raise Violation(f"took {outcome.peak_mb:.0f} MB")
    return outcome


def _told(stand: Stand, query: str) -> list[tuple[Any, ...]]:
    return hands.apart(_rows, str(stand.root / "published" / "listening.duckdb"), query)  # type: ignore[no-any-return]


def _rows(path: str, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(path, read_only=True) as connection:
        return connection.execute(query).fetchall()


def _expect(what: str, found: Any, wanted: Any) -> None:
    if found != wanted:
        raise Violation(f"{what}: found {str(found)[:600]}, expected {str(wanted)[:600]}")


def _table(texts: list[str]) -> str:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["id", "day", "comment"])
    writer.writerows([number, "2026-03-05", words] for number, words in enumerate(texts))
    return text.getvalue()


def _counts_add_up(stand: Stand, seen: int) -> None:
    _expect(
        "run_counts",
        _told(stand, "select sum(seen), sum(new + updated + repeated + deleted + rejected + refused) from run_counts where source = 'survey'"),
        [(seen, seen)],
    )


def _encoded(encoding: str, words: str) -> Callable[[Stand], None]:
    def check(stand: Stand) -> None:
        texts = list(WORDS[words]) * 5
        _night(stand, {"survey.csv": _table([f"{text} {place}" for place, text in enumerate(texts)]).encode(encoding)})
        found = _told(stand, "select native_id, text from records order by native_id::int")
        _expect(encoding, found, [(str(place), f"{text} {place}") for place, text in enumerate(texts)])

    return check


for _encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"):
    CASES[f"encoding_{_encoding}"] = _encoded(_encoding, "western")
for _encoding in ("utf-8", "utf-16", "shift-jis", "cp932", "euc_jp"):
    CASES[f"encoding_japanese_{_encoding}"] = _encoded(_encoding, "japanese")


def _named(encoding: str, words: str) -> Callable[[Stand], None]:
    """A guess that is wrong is told, and naming the encoding puts all right."""

    def check(stand: Stand) -> None:
        content = _table([f"{text} {_spelt(place)}" for place, text in enumerate(WORDS[words])]).encode(encoding)
        outcome = _night(stand, {"survey.csv": content})
        wanted = [(str(place), f"{text} {_spelt(place)}") for place, text in enumerate(WORDS[words])]
        query = "select native_id, text from records order by native_id::int"
        if _told(stand, query) != wanted and "set encoding in [sources.survey]" not in outcome.printed:
            raise Violation(f"{encoding} is read wrongly, and nothing tells so: {outcome.printed[-800:]}")
        settings = stand.root / "listening.toml"
        settings.write_text(settings.read_text(encoding="utf-8") + f'encoding = "{encoding}"\n', encoding="utf-8")
        again = stand.walk()
        _expect("status", again.status, 0)
        _expect(encoding, _told(stand, query), wanted)

    return check


for _encoding in ("shift-jis", "cp1252", "cp1251", "utf-16-le"):
    CASES[f"encoding_named_{_encoding}"] = _named(
        _encoding, "japanese" if _encoding in ("shift-jis", "utf-16-le") else "russian" if _encoding == "cp1251" else "western"
    )


@case
def invalid_bytes(stand: Stand) -> None:
    """Stray bytes in a UTF-8 file cost no row and touch no other."""
    content = _table(["Good words number one", "Bad HERE words", "Good words number three"]).encode().replace(b"HERE", b"\xff\xfe\xe9")
    _night(stand, {"survey.csv": content})
    found = dict(_told(stand, "select native_id, text from records"))
    _expect("good rows", (found.get("0"), found.get("2")), ("Good words number one", "Good words number three"))
    _expect("the bad one is kept", "1" in found, True)
    _counts_add_up(stand, 3)


@case
def zero_bytes(stand: Stand) -> None:
    """A NUL in a cell is no reason to lose the row, or any after it."""
    _night(stand, {"survey.csv": _table(["Before the zero", "In\0side the zero", "After the zero"]).encode()})
    _expect("rows", [row[0] for row in _told(stand, "select native_id from records order by 1")], ["0", "1", "2"])
    _expect("no NUL is published", _told(stand, "select count(*) from records where contains(text, chr(0))"), [(0,)])
    _counts_add_up(stand, 3)


@case
def lone_surrogates(stand: Stand) -> None:
    """Half an emoji, as JSON can hold it, stops neither its ticket nor the others."""
    ticket = (
        '{"id": NUMBER, "created_at": "2026-03-01T10:00:00Z", "requester_id": 5, "submitter_id": 5, "subject": "s", "description": "The bill is wrong WORDS"}'
    )
    words = ("again", "\\ud83d again", "\\udc00\\ud83d twice", "\\u0000 zero", "\\ufffe not a letter")
    lines = [ticket.replace("NUMBER", str(number)).replace("WORDS", text) for number, text in enumerate(words)]
    _night(stand, {"tickets.jsonl": "\n".join(lines).encode()})
    _expect("tickets", _told(stand, "select count(*) from records"), [(5,)])


@case
def huge_cell(stand: Stand) -> None:
    """50 MB of words in one cell: bounded in memory, cut or rejected and counted, and the other rows stand."""
    huge = "The bill was wrong and nobody called me back. " * (50 * 2**20 // 46)
    _night(stand, {"survey.csv": _table(["A good one before", huge, "A good one after"]).encode()}, allowed=(0, 3))
    found = [row[0] for row in _told(stand, "select native_id from records order by 1")]
    if not {"0", "2"} <= set(found):
        raise Violation(f"rows beside the huge one are lost: {found}")
    _counts_add_up(stand, 3)


@case
def huge_cell_in_json(stand: Stand) -> None:
    """The same in a ticket."""
    huge = "The bill was wrong and nobody called me back. " * (50 * 2**20 // 46)
    ticket = {"created_at": "2026-03-01T10:00:00Z", "requester_id": 5, "submitter_id": 5, "subject": "s"}
    lines = [json.dumps(ticket | {"id": number, "description": text}) for number, text in enumerate(("One good ticket", huge, "Another good ticket"))]
    _night(stand, {"tickets.jsonl": "\n".join(lines).encode()}, allowed=(0, 3))
    found = [row[0] for row in _told(stand, "select native_id from records order by 1")]
    if not {"0", "2"} <= set(found):
        raise Violation(f"tickets beside the huge one are lost: {found}")


@case
def endless_ticket(stand: Stand) -> None:
    """A ticket with 10,000 comments is 10,000 records and one unit; an edit of one of them finds it."""
    comments = [
        {"id": number, "author_id": 5, "public": True, "body": f"Message {_spelt(number)} about my bill", "created_at": "2026-03-01T10:00:00Z"}
        for number in range(10_000)
    ]
    ticket = {
        "id": 1,
        "created_at": "2026-03-01T09:00:00Z",
        "updated_at": "2026-03-01T11:00:00Z",
        "requester_id": 5,
        "submitter_id": 5,
        "subject": "s",
        "comments": comments,
    }
    _night(stand, {"tickets-1.jsonl": json.dumps(ticket).encode()})
    _expect("comments", _told(stand, "select count(*), count(distinct thread_id) from records"), [(10_000, 1)])
    comments[777]["body"] = "Now redacted"
    _night(stand, {"tickets-2.jsonl": json.dumps(ticket | {"updated_at": "2026-03-02T11:00:00Z"}).encode()})
    _expect("comments", _told(stand, "select count(*), count(*) filter (text = 'Now redacted') from records"), [(10_000, 1)])


@case
def torn_files(stand: Stand) -> None:
    """A file that ends in the middle of a row gives its whole rows, counts the torn one, and the whole file later makes all good."""
    whole = _table([f"Words number {_spelt(number)}, said in full" for number in range(200)]).encode()
    for cut in (len(whole) // 2, len(whole) - 5):
        _night(stand, {"survey.csv": whole[:cut]}, allowed=(0, 3))
    _night(stand, {"survey.csv": whole})
    _expect("rows", _told(stand, "select count(*), count(distinct text) from records"), [(200, 200)])


@case
def earlier_file_again(stand: Stand) -> None:
    """A snapshot that goes back to what it was (an edit taken back, the right file after a wrong one) is what holds then."""
    first, second = _table(["The first words of all"]).encode(), _table(["The wrong file of all"]).encode()
    for content, wanted in ((first, "first"), (second, "wrong"), (first, "first")):
        _night(stand, {"survey.csv": content})
        stand.night, stand.attempt = stand.night + 1, 0
        _expect(f"after the {wanted} file", [row[0].split()[1] for row in _told(stand, "select text from records")], [wanted])


@case
def clock_set_back(stand: Stand) -> None:
    """The host's clock is set back between two runs: what comes later is still what holds."""
    _night(stand, {"survey.csv": _table(["The first words of all"]).encode()})
    drop(stand.root, "survey.csv", _table(["The later words of all"]).encode())
    outcome = stand.walk(clock=stand.world.clock(stand.night) - 10 * hands.MINUTE)
    stand.attempt = 2
    outcome = outcome if outcome.status else stand.walk()
    _expect("status", outcome.status, 0)
    _expect("words", _told(stand, "select text from records"), [("The later words of all",)])


@case
def said_in_a_moment(stand: Stand) -> None:
    """The source's clock is a quarter of an hour ahead: what is said then waits, and comes with the next night."""
    ahead = stand.clock + 15 * hands.MINUTE
    _night(stand, {"survey.csv": f"id,day,comment\n1,{ahead:%Y-%m-%dT%H:%M:%SZ},The bill was wrong again\n".encode()})
    stand.night, stand.attempt = stand.night + 1, 0
    _night(stand, {})
    _expect("words", _told(stand, "select text from records"), [("The bill was wrong again",)])


@case
def erased_despite_a_kill(stand: Stand) -> None:
    """Words that are deleted at the source leave the store and landing, also where the night that deletes them is cut off near its end."""
    header, mark = "id,day,changed,gone,comment\n", b"zanzibarish"
    (stand.root / "listening.toml").write_text(
        _COMPANY + _SURVEY.replace('id = "id",', 'id = "id", updated_at = "changed", deleted = "gone",'), encoding="utf-8"
    )
    drop(
        stand.root, "survey-1.csv", f"{header}1,2026-03-01,2026-03-01,,The bill was wrong in {mark.decode()} street\n2,2026-03-01,2026-03-01,,Quick\n".encode()
    )
    _expect("status", stand.walk().status, 0)
    (stand.root / "inbox" / "survey-1.csv").unlink()
    drop(stand.root, "survey-2.csv", f"{header}1,2026-03-01,2026-03-02,1,\n".encode())
    steps = stand.branch(stand.root.with_name("dry")).walk(tell_steps=True).steps
    for place in [place for place in range(len(steps) // 2, len(steps)) if "rename" in steps[place] or "replace" in steps[place]]:
        cut_off = stand.branch(stand.root.with_name(f"killed-{place}"))
        cut_off.walk(at=place)
        for _ in range(2):
            _expect("status", cut_off.walk().status, 0)
        left = [str(path.relative_to(cut_off.root)) for path in (cut_off.store, *(cut_off.root / "landing").rglob("*.parquet")) if mark in path.read_bytes()]
        _expect(f"files that hold deleted words two nights after a kill at '{steps[place]}'", left, [])


def _spelt(number: int) -> str:
    """A number in letters, so that nothing takes it for somebody's account."""
    return "".join("abcdefghij"[int(digit)] for digit in str(number))
