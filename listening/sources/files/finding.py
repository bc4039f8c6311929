"""Find the files that a source's pattern means, tell the same content again, and leave alone what is still being written.

A file is known by the hash of its content (unpacked, if it is a .gz), so that a renamed or copied one is not read
twice. One that changes while it is looked at is left for the next night.
"""

from __future__ import annotations

import itertools
import os
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

from listening.sources import tables
from listening.sources.files import decoding, delimited, objects
from listening.sources.files.decoding import Content, Lines
from listening.sources.pull import PAGE_ROWS, Fault, Known, Pull, Row, Unreadable, printable
from listening.workspace import Source

SETTLED_AFTER = 2.0  # seconds without a change; a copy under way touches its file far more often
MADE_BY_RUNS = ("landing", "published", "models", "logs")
UNFINISHED = (".part", ".partial", ".crdownload", ".filepart", ".tmp")
JSON_ENDINGS = (".jsonl", ".ndjson", ".json")
DATA_ENDINGS = (".csv", ".tsv", ".txt", ".gz", *JSON_ENDINGS)
BEING_WRITTEN = "is still being written; it will be read next time. Run again when the copy is complete."

_State = tuple[int, int, int]


def pulls(source: Source, root: Path, known: Known) -> Iterator[Pull | Fault]:
    """Each file that matches the source's pattern and whose content is not known, or has come back after other content in its place."""
    assert source.path is not None
    try:
        found = _find(root, source.path)
    except (ValueError, IndexError, NotImplementedError, OSError) as error:
        yield Fault(source.path, f"'{source.path}' cannot be used as a pattern ({error}). Mend path in [sources.{source.name}].")
        return
    if not found:
        sentence = f"no file matches '{source.path}' in {root}. Put the export there, or mend path in [sources.{source.name}]."
        yield Fault(source.path, sentence + (" What it brought before stays." if known else ""), is_remark=bool(known))
    states = _settled(found)
    done = dict(known)
    for path in found:
        origin = printable(os.fsencode(path.relative_to(root)).decode("utf-8", "replace"))
        try:
            _refuse_what_is_no_file(path, root)
            pull = _pull(path, origin, source, states.get(path), done)
        except Unreadable as error:
            yield Fault(origin, str(error))
        except (OSError, EOFError, zlib.error) as error:
            yield Fault(origin, _cannot_be_read(error))
        else:
            if pull:
                done[pull.fingerprint] = frozenset()
                yield pull


def read(path: Path, most: int | None = None) -> tuple[list[Row], list[str]]:
    """All rows of one file as it stands now, or its first ones, whatever its format and encoding, with remarks on how it was read.

    Raises:
        Unreadable: it cannot be read as a table.
    """
    pull = Pull(printable(path.name), "", 0, iter(()))
    try:
        content = decoding.examine(path, None)
        rows = _rows(path, Source(name=path.stem, connector="files", kind="survey"), content, pull)
        return list(itertools.islice(rows, most)), pull.notes
    except (OSError, EOFError, zlib.error) as error:
        raise Unreadable(_cannot_be_read(error)) from None


def _find(root: Path, pattern: str) -> list[Path]:
    """What matches, without hidden files, what runs make, and folders that just stand beside the files."""
    return sorted(path for path in root.glob(pattern) if not _is_beside_the_point(path, root))


def _is_beside_the_point(path: Path, root: Path) -> bool:
    if path.name.startswith((".", "~$")) or _is_made_by_runs(path.relative_to(root)):
        return True
    return path.is_dir() and path.suffix.lower() not in DATA_ENDINGS


def _is_made_by_runs(path: Path) -> bool:
    """Whether a path below the workspace is hidden there, or stands in a folder that the program fills itself."""
    return not path.parts or path.parts[0] in MADE_BY_RUNS or path.parts[0].startswith(".")


def _refuse_what_is_no_file(path: Path, root: Path) -> None:
    if path.is_symlink() and not path.exists():
        raise Unreadable("is a link that leads nowhere. Put the file itself there, or remove the link.")
    real = path.resolve()
    if not real.is_relative_to(root.resolve()):
        raise Unreadable(f"is a link that leads out of the workspace, to {printable(str(real))}; it is not followed. Copy the file into the workspace.")
    if _is_made_by_runs(real.relative_to(root.resolve())):
        raise Unreadable(f"is a link to what runs make, {printable(str(real))}; it is not followed. Remove the link.")
    if path.is_dir():
        raise Unreadable("is a folder, not a file. Move the files in it to where path looks, or rename it.")
    if path.exists() and not path.is_file():
        raise Unreadable("is no ordinary file. Take it out of the inbox.")


def _settled(paths: list[Path]) -> dict[Path, _State]:
    """How each file stands; waits once if one of them was touched just now, so that a change shows when it is read."""
    states = {path: state for path in paths if path.is_file() and (state := _state(path))}
    age = time.time() - max((touched / 1e9 for _, touched, _ in states.values()), default=0.0)
    if age < SETTLED_AFTER:
        time.sleep(min(SETTLED_AFTER, SETTLED_AFTER - age))
    return states


def _state(path: Path) -> _State | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_size, stat.st_mtime_ns, stat.st_ino


def _pull(path: Path, origin: str, source: Source, state: _State | None, done: Known) -> Pull | None:
    """The pull of one file, its pages still unread; None if its content was pulled before."""
    if path.suffix.lower() in UNFINISHED:
        raise Unreadable(BEING_WRITTEN)
    content = decoding.examine(path, source.encoding)
    if _state(path) != state:
        raise Unreadable(BEING_WRITTEN)
    if content.fingerprint in done and origin not in done[content.fingerprint]:
        return None
    pull = Pull(origin, content.fingerprint, content.size, iter(()))
    if content.decoding.remark:
        pull.notes.append(f"{origin} {content.decoding.remark}; if letters look wrong, set encoding in [sources.{source.name}]")
    pull.pages = _pages(path, state, source, content, pull)
    return pull


def _pages(path: Path, state: _State | None, source: Source, content: Content, pull: Pull) -> Iterator[list[Row]]:
    page: list[Row] = []
    is_empty = True
    try:
        for row in _rows(path, source, content, pull):
            is_empty = False
            page.append(row)
            if len(page) == PAGE_ROWS:
                yield page
                page = []
    except (OSError, EOFError, zlib.error) as error:
        raise Unreadable(_cannot_be_read(error)) from None
    except (LookupError, UnicodeError):
        raise Unreadable(f"cannot be read as '{content.decoding.encoding}': there is no such encoding. Mend encoding in [sources.{source.name}].") from None
    if _state(path) != state:
        raise Unreadable(BEING_WRITTEN)
    if is_empty:
        pull.notes.append(f"{pull.origin} has no rows")
    if page:
        yield page


def _rows(path: Path, source: Source, content: Content, pull: Pull) -> Iterator[Row]:
    if content.packed:
        yield from _packed_rows(path, content.packed, pull)
        return
    with decoding.opened(path, content.decoding) as text:
        lines = Lines(text)
        if (source.format or _format(path, lines)) == "jsonl":
            yield from objects.rows(lines, pull)
        else:
            yield from delimited.rows(lines, source, pull)
    if lines.unfitting and not content.decoding.is_certain:
        pull.notes.append(
            f"{pull.origin}: {lines.unfitting} lines hold bytes that are no {content.decoding.encoding} and show as \ufffd; "
            f"set encoding in [sources.{source.name}]"
        )


def _packed_rows(path: Path, kind: str, pull: Pull) -> Iterator[Row]:
    try:
        yield from tables.xlsx_rows(path, pull) if kind == "xlsx" else tables.parquet_rows(path)
    except Unreadable:
        raise
    except Exception as error:  # whatever a foreign reader makes of a damaged file
        raise Unreadable(f"is damaged: it cannot be read to its end ({type(error).__name__}). Export it again.") from None


def _format(path: Path, lines: Lines) -> str:
    """By the file's ending; where that does not say JSON, by the first character."""
    endings = [ending.lower() for ending in path.suffixes if ending.lower() != ".gz"]
    if endings and endings[-1] in JSON_ENDINGS:
        return "jsonl"
    return "jsonl" if objects.is_object(lines.peek()) else "csv"


def _cannot_be_read(error: Exception) -> str:
    if isinstance(error, EOFError | zlib.error):
        return f"is damaged or was cut off ({error}). Copy or export it again."
    return f"cannot be read: {getattr(error, 'strerror', None) or error}. Look at its permissions, or export it again."
