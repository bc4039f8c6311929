"""What a connector to an outside system declares: its streams and their cursors, the secrets and scopes it needs, its settings.

A stream is walked page by page. Each page is plain rows, as the system gave them, with the checkpoint to go on from after it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from listening.sources.http import Stopped
from listening.sources.pull import Check, Compare
from listening.workspace import Mend, Source, Workspace

Cells: TypeAlias = dict[str, Any]
State: TypeAlias = dict[str, Any]  # what JSON can hold; `until`, if there, is the moment (Unix time) up to which it has everything


@dataclass(frozen=True)
class Page:
    """Rows that came together, and the state from which the walk goes on once they are kept (None: as before)."""

    rows: list[Cells]
    state: State | None = None


@dataclass(frozen=True)
class Setting:
    """One setting of a connector in [sources.NAME]: what it is, and a value to copy."""

    is_: str
    example: str
    is_needed: bool = False
    is_usual: bool = False  # needed by the best of the ways to sign in
    kind: type | tuple[type, ...] = str


@dataclass
class Session:
    """One night with one source: its settings and secrets, the night's clock, and where to say what a person should know."""

    source: Source
    root: Path
    clock: float
    secrets: Mapping[str, str] = field(repr=False)
    compare: Compare  # all ids that the system has with what has landed, where it tells of no deletions
    notes: list[str] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    # for `listening check`: one page is enough
    is_rehearsal: bool = False

    def option(self, name: str, default: Any = None) -> Any:
        """A setting of the connector's own."""
        return self.source.options.get(name, default)

    @property
    def since(self) -> float:
        """The beginning of the configured day `since`, in Unix seconds; 0 where none is configured."""
        since = self.option("since")
        return dt.datetime.fromisoformat(str(since)).replace(tzinfo=dt.UTC).timestamp() if since else 0.0

    def note(self, sentence: str) -> None:
        """Tell a person something, once."""
        if sentence not in self.notes:
            self.notes.append(sentence)


@dataclass(frozen=True)
class Stream:
    """One stream of a connector, and what is promised of it.

    `walk` gets the state of the last page that was kept (None at first) and yields pages; it ends when the system says that
    there is no more. `needs`: fields that each row must have, with what they may hold; a row that differs is set aside.
    """

    name: str
    walk: Callable[[Session, Any, State | None], Iterator[Page]]
    key: tuple[str, ...]
    cursor: str  # in words: what the source itself gives to go on from
    overlap: str
    deletions: str
    needs: Mapping[str, tuple[type, ...]]
    most_pages: int = 100_000  # more than that in one night is a loop
    is_optional: bool = False  # a system that refuses it (403, 404) still gives the others


@dataclass(frozen=True)
class Connector:
    """An outside system."""

    name: str
    title: str
    kinds: tuple[str, ...]
    base_url: str  # its own; {name} stands for a setting
    secrets: Mapping[str, str]  # name → what it is and where it is made
    credentials: tuple[tuple[str, ...], ...]  # which secrets together are enough, the best first
    scopes: str
    limits: str
    settings: Mapping[str, Setting]
    streams: tuple[Stream, ...]
    open: Callable[[Session, str], AbstractContextManager[Any]]  # a Client, or what else the walks ask

    def told(self) -> dict[str, Any]:
        """What a program may want to know of it."""
        return {
            "connector": self.name, "title": self.title, "kinds": self.kinds, "base_url": self.base_url, "scopes": self.scopes, "limits": self.limits,
            "secrets": dict(self.secrets), "credentials": self.credentials, "settings": {name: setting.is_ for name, setting in self.settings.items()},
            "streams": [{"stream": s.name, "key": s.key, "cursor": s.cursor, "overlap": s.overlap, "deletions": s.deletions} for s in self.streams],
            "example": self.example(),
        }  # fmt: skip

    def example(self) -> str:
        """A table for listening.toml to copy; what is not needed stands behind a #."""
        secrets = self.credentials[0] if self.credentials else ()
        lines = [f"[sources.{self.kinds[0]}s]", f'connector = "{self.name}"', f'kind = "{self.kinds[0]}"']
        lines += [
            f"{'' if setting.is_needed or setting.is_usual else '# '}{name} = {setting.example}    # {setting.is_}" for name, setting in self.settings.items()
        ]
        for name, words in self.secrets.items():
            mark = "" if name in secrets else "# "
            lines.append(f'{mark}{name}_env = "{self.name.upper()}_{name.upper()}"    # {words}; or {name}_file = "a private file"')
        lines += [f"# {name} = {setting.example}    # {setting.is_}" for name, setting in self.common.items()]
        if not self.common:
            return "\n".join(lines)
        return "\n".join([*lines, f'# base_url = "{self.base_url}"    # another address, such as a stand-in on this machine'])

    @property
    def common(self) -> dict[str, Setting]:
        """The settings that all systems behind HTTP have."""
        return COMMON if self.base_url.startswith("https") else {}

    def names(self) -> set[str]:
        """All keys of its own that [sources.NAME] may have."""
        return {*self.settings, *self.common, *(f"{secret}_{where}" for secret in self.secrets for where in ("env", "file"))}


COMMON: dict[str, Setting] = {
    "since": Setting("the day from which to pull at first; without it, everything", '"2024-01-01"'),
    "budget_requests": Setting("requests that a night may spend; the next one goes on from there", "10000", kind=int),
    "budget_minutes": Setting("minutes that a night may spend", "180", kind=(int, float)),
}


def secrets_of(connector: Connector, source: Source, root: Path) -> dict[str, str]:
    """The secrets that a source names, read from the environment (NAME_env) or from a private file (NAME_file).

    Raises:
        Stopped: one is named and not there, is readable by others, or none of the ways to sign in is complete.
    """
    found: dict[str, str] = {}
    for name in connector.secrets:
        variable, path = source.options.get(f"{name}_env"), source.options.get(f"{name}_file")
        if variable or path:
            found[name] = _secret(root, name, f"env:{variable}" if variable else f"file:{path}")
    if connector.credentials and not any(all(name in found for name in way) for way in connector.credentials):
        ways = " or ".join(" and ".join(f"{name}_env" for name in way) for way in connector.credentials)
        raise Stopped(f"needs credentials: name {ways} in [sources.{source.name}] (an environment variable each), or …_file for a file that only you can read.")
    return found


def _secret(root: Path, name: str, named: str) -> str:
    try:
        return Workspace(root).secret(named)
    except Mend as problem:
        raise Stopped(f"has no {name}: {problem}") from None
