"""Files in the inbox that no source reads: takes the workspace, gives for each a [sources.NAME] table to paste, guessed from its columns and first rows."""

from __future__ import annotations

import glob
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from listening.records import layouts, vendors
from listening.records.facts import columns_of
from listening.sources import files
from listening.sources.pull import Unreadable
from listening.workspace import FACT_KINDS, Mend, Settings, Source, Workspace

ROWS_READ = 500  # of each file
TEXTS = 3  # columns of words, at most
PROSE = 4  # words, on average, from which on a column holds sentences
NUMBERS = 0.9  # of a column's cells are numbers, for it to be a score
KINDS = (  # what a file's name and columns speak of, the first that fits
    ("ticket", r"ticket|zendesk|freshdesk|case|complaint|requester|helpdesk"), ("review", r"review|stars?\b|app ?store|google ?play|trustpilot"),
    ("chat", r"chat|conversation|intercom"), ("call", r"\bcalls?\b|transcript"), ("social", r"tweet|mention|post"), ("survey", ""),
)  # fmt: skip
NAMES = {"ticket": "tickets", "review": "reviews", "chat": "chats", "call": "calls", "social": "posts"}
DATES = r"submit|complet|requested|created|received|date|time"  # the likeliest first
LATER = r"updat|modif|start|stage|birth|due|solved|closed|assign"  # dates of something else
SCORES = (r"recommend|nps", r"satisf|csat|effort|easy|ces\b|rating|stars|score")
SCALE = re.compile(r"\b([01])\s*(?:to|-|–|…|\.\.\.?)\s*(5|7|10)\b")
CUSTOMER = r"^(?:customer|client|member|account|user)[ _.-]*(?:id|no|nr|num|number|ref|reference)?\.?$"


@dataclass(frozen=True)
class Suggestion:
    """A table for one file; `table` is TOML."""

    file: str
    table: str


def suggest(workspace: Workspace, settings: Settings) -> list[Suggestion]:
    """A table for every file in the inbox that no source's path means. Nothing is written; a file that cannot be read is left out."""
    read = {path for source in settings.sources.values() if source.path for path in _matching(workspace.root, source.path)}
    taken = {*settings.sources, *settings.faults}
    found = []
    for path in sorted(workspace.inbox.iterdir()) if workspace.inbox.is_dir() else []:
        if path in read or not path.is_file() or path.name.startswith(("~", ".")):
            continue
        if table := _table(workspace, path, taken):
            found.append(Suggestion(str(path.relative_to(workspace.root)), table))
    return found


def _matching(root: Path, pattern: str) -> list[Path]:
    try:
        return list(root.glob(pattern))
    except (ValueError, IndexError, NotImplementedError, OSError):
        return []  # the source's own finding says so


def _table(workspace: Workspace, path: Path, taken: set[str]) -> str | None:
    try:
        rows, _ = files.read(path, ROWS_READ)
    except Unreadable:
        return None
    cells = [row.cells for row in rows if isinstance(row.cells, dict)]
    if not cells:
        return None
    kind, lines = _meaning(path, list(cells[0]), cells)
    name = stem = NAMES.get(kind, kind)
    for number in range(2, len(taken) + 3):
        if name not in taken:
            break
        name = f"{stem}-{number}"
    taken.add(name)
    where = glob.escape(path.relative_to(workspace.root).as_posix())
    return "\n".join([f"[sources.{name}]", 'connector = "files"', f'kind = "{kind}"', f"path = {_quoted(where)}", *lines])


def _meaning(path: Path, fields: list[str], cells: list[dict[str, Any]]) -> tuple[str, list[str]]:
    """The kind of a file and what else its table needs; nothing where its columns are understood as they are."""
    spoken = f"{path.stem} {' '.join(fields)}".replace("_", " ").lower()
    kind = next(kind for kind, words in KINDS if re.search(words, spoken))
    if vendors.recognise(Source(name=path.stem, connector="files", kind=kind), set(fields)):
        return kind, []
    columns: dict[str, str | list[str]] = {**layouts.obvious(fields)}
    score = columns.pop("score", None) or _score(fields, cells)
    texts = [column for column in fields if _is_prose(cells, column) and column not in columns.values()][:TEXTS]
    if "text" not in columns and not texts and not score:
        return _fact(fields) or kind, []
    if "text" not in columns and texts:
        columns["text"] = texts[0] if len(texts) == 1 else texts
    if score:
        columns["score"] = str(score)
    likely = {"said_at": _date(fields), "id": _key(fields, cells), "customer_id": _named(fields, CUSTOMER), "email": _named(fields, r"e-?mail")}
    for name, column in likely.items():
        if name not in columns and column and column not in columns.values():
            columns[name] = column
    dimensions = {name: column for name, column in layouts.own_dimensions(fields).items() if column not in columns.values()}
    lines = [f"columns = {_inline(columns)}"]
    if score:
        lines += _scale(str(score), kind, _values(cells, str(score)))
    if dimensions:
        lines.append(f"dimensions = {_inline(dimensions)}")
    return kind, lines


def _fact(fields: list[str]) -> str | None:
    """The kind of facts beside feedback that a file's columns fit."""
    for kind in FACT_KINDS:
        try:
            columns_of(Source(name=kind, connector="files", kind=kind), fields)
        except Mend:
            continue
        return kind
    return None


def _is_prose(cells: list[dict[str, Any]], column: str) -> bool:
    said = [str(row[column]).split() for row in cells if row.get(column)]
    return len(said) > 1 and sum(map(len, said)) / len(said) >= PROSE and len({" ".join(words) for words in said}) > len(said) / 10


def _score(fields: list[str], cells: list[dict[str, Any]]) -> str | None:
    for words in SCORES:
        for column in fields:
            if re.search(words, column, re.I) and (values := _values(cells, column)) and 0 <= min(values) <= max(values) <= 10:
                return column
    return None


def _values(cells: list[dict[str, Any]], column: str) -> list[float]:
    """The numbers in a column; nothing where it holds much else."""
    filled = [str(row[column]).strip() for row in cells if str(row.get(column) or "").strip()]
    numbers = [float(cell) for cell in filled if re.fullmatch(r"\d+(\.\d+)?", cell)]
    return numbers if len(numbers) > NUMBERS * len(filled) else []


def _scale(score: str, kind: str, values: list[float]) -> list[str]:
    told = SCALE.search(score)
    if re.search(r"nps|recommend", score, re.I) and (not values or max(values) > 5):
        return ["score_scale = [0, 10]       # worst, best", 'score_name = "NPS"']
    if told:
        return [f"score_scale = [{told[1]}, {told[2]}]       # worst, best: turn it round if the highest is worst"]
    if kind == "review" and values and max(values) <= 5:
        return ["score_scale = [1, 5]        # worst, best: turn it round if 1 is best"]
    return ["# score_scale = [1, 5]      # worst, best: without it scores are kept and not judged"]


def _date(fields: list[str]) -> str | None:
    dated = [field for field in fields if not re.search(LATER, field, re.I)]
    return next((field for words in DATES.split("|") for field in dated if re.search(words, field, re.I)), None)


def _key(fields: list[str], cells: list[dict[str, Any]]) -> str | None:
    """The first column of ids: filled everywhere, never twice, no blanks within."""
    for column in fields:
        values = [str(row.get(column) or "") for row in cells]
        if re.search(r"\bid\b|id$|^#$|number|token|key|ref", column, re.I) and len(set(values)) == len(values) and all(re.fullmatch(r"\S+", v) for v in values):
            return column
    return None


def _named(fields: list[str], words: str) -> str | None:
    return next((field for field in fields if re.search(words, field, re.I)), None)


def _inline(columns: dict[str, Any]) -> str:
    told = (f"{name} = {_quoted(column)}" if isinstance(column, str) else f"{name} = [{', '.join(map(_quoted, column))}]" for name, column in columns.items())
    return f"{{ {', '.join(told)} }}"


def _quoted(text: str) -> str:
    """A TOML text; JSON's escapes are among TOML's."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
