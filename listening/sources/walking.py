"""Walk an outside system's streams: takes a connector and the checkpoints of last time, gives pulls of whole pages, faults and checks.

A pull ends with a checkpoint that belongs to its last page, and is kept together with it. So whatever ends a walk, the
next one goes on after the last page that was kept: pages may come twice and fold by their keys, none is left out.
"""

from __future__ import annotations

import datetime as dt
import difflib
import hashlib
import json
import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from listening.sources.connector import COMMON, Cells, Connector, Page, Session, State, Stream, secrets_of
from listening.sources.http import Budget, Client, OutOfBudget, Refused, Stopped
from listening.sources.pull import PAGE_ROWS, Check, Fault, Past, Pull, Row
from listening.workspace import Source

LONGEST_PULL = 60.0  # seconds after which what has come is kept, so that a kill loses little
AHEAD = 2 * 86_400.0  # seconds that a checkpoint may lie ahead of the night's clock: time zones and clocks that differ
_WORDS: dict[type, str] = {str: "text", int: "a number", float: "a number", bool: "yes or no", list: "a list", dict: "an object", type(None): "nothing"}
log = logging.getLogger(__name__)


def pulls(connector: Connector, source: Source, root: Path, past: Past) -> Iterator[Pull | Fault | Check]:
    """All that a source has that is new since the checkpoints of last time, stream by stream."""
    try:
        _check_settings(connector, source)
        session = Session(source, root, past.clock.timestamp(), secrets_of(connector, source, root), past.compare, is_rehearsal=past.is_rehearsal)
        with connector.open(session, _base_url(connector, source)) as client:
            for stream in connector.streams:
                yield from _Walk(connector, stream, session, client, past).pulls()
    except Stopped as problem:
        yield Fault("", f"{connector.title} {problem}", is_unfinished=True)


def budget(source: Source) -> Budget:
    """What [sources.NAME] lets a night spend."""
    requests, minutes = source.options.get("budget_requests"), source.options.get("budget_minutes")
    return Budget(requests=requests, **({"seconds": minutes * 60.0} if minutes is not None else {}))


@dataclass
class _Walk:
    """One stream while it is walked."""

    connector: Connector
    stream: Stream
    session: Session
    client: Client
    past: Past
    pages: int = 0
    repeats: int = 0
    fault: Fault | None = None
    seen: set[str] = field(default_factory=set)

    def pulls(self) -> Iterator[Pull | Fault | Check]:
        """The stream's pulls; a pull without rows where only the checkpoint has moved; then what the system says of itself."""
        before = self.past.checkpoints.get(self.stream.name)
        try:
            state = self._state(before)
        except Stopped as problem:
            yield self._fault(problem)
            return
        pages = self._pages(state)
        number = 0
        checkpoint = before
        for first in pages:
            if not first.rows and (first.state is None or _text(first.state) == checkpoint):
                continue
            number += 1
            pull = self._pull(number, checkpoint)
            pull.pages = self._some(first, pages, pull)
            yield pull
            checkpoint = pull.checkpoint
            if self.session.is_rehearsal:
                break
        if self.fault:
            yield self.fault
        yield from (Fault(self.stream.name, f"{self.connector.title} {note}", is_remark=True) for note in self._notes())
        yield from (replace(check, stream=self.stream.name) for check in self.session.checks)
        self.session.checks.clear()

    def _state(self, checkpoint: str | None) -> State | None:
        """The state to go on from.

        Raises:
            Stopped: it is damaged, or lies in the future, so that the source would seem silent for ever.
        """
        if checkpoint is None:
            return None
        try:
            state: State = json.loads(checkpoint)
            until = float(state.get("until", 0))
        except (ValueError, AttributeError, TypeError):
            raise Stopped(f"has a checkpoint of {self.stream.name} that cannot be read. Bring landing/ back from a backup.") from None
        if until > self.session.clock + AHEAD:
            moment = dt.datetime.fromtimestamp(min(until, 2.0**37), dt.UTC)
            raise Stopped(f"has a checkpoint of {self.stream.name} in the future ({moment:%Y-%m-%d}), so nothing is pulled. Bring landing/ back from a backup.")
        return state

    def _pages(self, state: State | None) -> Iterator[Page]:
        """The stream's pages up to its end, or to what stopped it."""
        try:
            for page in self.stream.walk(self.session, self.client, state):
                self._look_at(page)
                yield page
        except OutOfBudget as problem:
            self.fault = Fault(self.stream.name, f"{self.connector.title} {problem}", is_remark=True, is_unfinished=True)
        except Refused as problem:
            if self.stream.is_optional and problem.status in (403, 404):
                self.session.note(f"gives no {self.stream.name} ({problem.status}); the rest is pulled without")
            else:
                self.fault = self._fault(problem)
        except Stopped as problem:
            self.fault = self._fault(problem)

    def _look_at(self, page: Page) -> None:
        """Refuse to go round in circles: a page may come twice, two in a row at places that were passed before may not."""
        self.pages += 1
        if self.pages > self.stream.most_pages:
            raise Stopped(f"gives more than {self.stream.most_pages} pages of {self.stream.name}, so this is no end but a loop")
        if page.state is None:
            return
        mark = hashlib.sha256(_text(page.state).encode()).hexdigest()
        self.repeats = self.repeats + 1 if mark in self.seen else 0
        if self.repeats > 1:
            raise Stopped(f"gives the same place of {self.stream.name} again and again; what came before is kept")
        self.seen.add(mark)

    def _fault(self, problem: Exception) -> Fault:
        return Fault(self.stream.name, f"{self.connector.title} {problem}", is_unfinished=True)

    def _pull(self, number: int, checkpoint: str | None) -> Pull:
        clock = self.past.clock
        mark = hashlib.sha256(f"{self.stream.name}\x1f{checkpoint}\x1f{clock.isoformat()}\x1f{number}".encode()).hexdigest()
        return Pull(f"{self.stream.name} of {clock:%Y-%m-%d %H:%M:%S}, part {number}", mark, 0, iter(()), stream=self.stream.name, checkpoint=checkpoint)

    def _some(self, first: Page, pages: Iterator[Page], pull: Pull) -> Iterator[list[Row]]:
        """Whole pages for one pull; its checkpoint is that of the last page that was handed on."""
        began, size = time.monotonic(), self.client.bytes
        number = 0
        page: Page | None = first
        while page is not None:
            rows = [Row(number + place, cells, self._wrong(cells)) for place, cells in enumerate(page.rows, 1)]
            number += len(rows)
            pull.checkpoint = pull.checkpoint if page.state is None else _text(page.state)
            yield rows
            if self.session.is_rehearsal or number >= PAGE_ROWS or time.monotonic() - began > LONGEST_PULL:
                break
            page = next(pages, None)
        pull.size = self.client.bytes - size
        pull.notes += [f"{self.connector.title} {note}" for note in self._notes()]
        log.info("%s: %s pages of %s so far", self.session.source.name, self.pages, self.stream.name)

    def _notes(self) -> list[str]:
        notes, self.session.notes[:] = list(self.session.notes), []
        return notes

    def _wrong(self, cells: Cells) -> str | None:
        """Why a row does not keep to the stream's shape; None if it does."""
        for name, kinds in self.stream.needs.items():
            if name not in cells:
                return f"has no '{name}'"
            if not isinstance(cells[name], kinds) or (isinstance(cells[name], bool) and bool not in kinds):
                return f"'{name}' holds {_WORDS.get(type(cells[name]), 'something else')}"
        return None


def _text(state: State | None) -> str:
    return json.dumps(state, sort_keys=True)


def _base_url(connector: Connector, source: Source) -> str:
    if source.base_url:
        if not source.base_url.startswith(("http://", "https://")):
            raise Stopped(f"has base_url '{source.base_url}', which is no address; it begins with https://")
        return source.base_url
    try:
        return connector.base_url.format(**source.options)
    except KeyError as missing:
        raise Stopped(f"needs {missing} in [sources.{source.name}]") from None


def _check_settings(connector: Connector, source: Source) -> None:
    """Refuse settings that the connector does not have, lacks, or holds in another form."""
    known = connector.names()
    settings: Mapping[str, object] = source.options
    for name, value in settings.items():
        if name not in known:
            near = difflib.get_close_matches(name, [*known, *Source.model_fields], 1)
            hint = f"do you mean '{near[0]}'?" if near else f"it can have: {', '.join(sorted(known))}."
            raise Stopped(f"finds the key '{name}' in [sources.{source.name}], which it does not have; {hint}")
        wanted = {**COMMON, **connector.settings}.get(name)
        if wanted and (not isinstance(value, wanted.kind) or (isinstance(value, bool) and wanted.kind is not bool)):
            raise Stopped(f"cannot use {name} in [sources.{source.name}]: it is {wanted.is_}, such as {name} = {wanted.example}")
    lacking = [name for name, setting in connector.settings.items() if setting.is_needed and name not in settings]
    if source.base_url:  # what makes up the address is not needed then
        lacking = [name for name in lacking if f"{{{name}}}" not in connector.base_url]
    if lacking:
        setting = connector.settings[lacking[0]]
        raise Stopped(f"needs {lacking[0]} in [sources.{source.name}]: {setting.is_}, such as {lacking[0]} = {setting.example}")
    if source.kind not in connector.kinds:
        raise Stopped(f'brings {" or ".join(connector.kinds)}; set kind = "{connector.kinds[0]}" in [sources.{source.name}]')
