"""The book of themes: takes the journey and the workspace's `themes.yaml`, gives each stage's rules in their order, and keeps what people decide.

The touchpoints of journey.yaml come first, each a theme of its own, known by its words. After them come the themes that
nights have found, oldest first, each known by its phrases. A sentence belongs to the first rule that fits it, so a theme
that comes later takes nothing from an earlier one. Nights only add to the file; renaming, merging and splitting is for people.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from listening.journey import Journey, Stage
from listening.tagging import phrases
from listening.workspace import Mend, put

OTHER = "other"  # stands where no theme fits
TOUCHPOINT, FOUND, PERSON = "touchpoint", "found", "person"
HEADER = """\
# What customers talk about within each stage, found by nights; the touchpoints of journey.yaml come before these.
# Yours to read, to keep in git and to edit; comments you add are not kept. 'listening themes rename|merge|split' write here, too.
# A theme's id never changes and is never given again. Deleting this file makes the next night look for themes from the beginning.
"""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Theme(_Part):
    """A theme that a night has found or a person has split off: what it is known by, and what became of it."""

    theme: str = Field(pattern=r"^\S+-\d+$")
    stage: str
    name: str = Field(min_length=1)
    phrases: list[str]
    kind: str = Field(FOUND, pattern=f"^({FOUND}|{PERSON})$")
    opened_on: dt.date
    customers: int | None = None
    part_of: str | None = None
    merged_into: str | None = None
    closed_on: dt.date | None = None
    version: int = 1


class Act(_Part):
    """What a person decided about a theme, and when."""

    on: dt.date
    did: str


class Rule(BaseModel):
    """One theme as sentences are compared with it: by a touchpoint's words as they stand, or by phrases.

    `counts_as` is the theme that it was merged into, else itself.
    """

    theme: str
    counts_as: str
    words: list[str] = Field(default_factory=list)
    phrases: list[str] = Field(default_factory=list)


class Book(_Part):
    """All themes ever found, when each stage was last looked at, and looked through as a whole, and what people decided."""

    themes: list[Theme] = Field(default_factory=list)
    looked: dict[str, dt.datetime] = Field(default_factory=dict)
    looked_whole: dict[str, dt.datetime] = Field(default_factory=dict)
    acts: list[Act] = Field(default_factory=list)

    def find(self, name: str) -> Theme | None:
        """The theme of this id."""
        return next((theme for theme in self.themes if theme.theme == name), None)

    def open(self, stage: str, name: str, found: Sequence[str], on: dt.date, **more: Any) -> Theme:
        """Add a theme, with an id that no other ever had."""
        numbers = [int(theme.theme.rpartition("-")[2]) for theme in self.themes if theme.theme.rpartition("-")[0] == stage]
        theme = Theme(theme=f"{stage}-{max(numbers, default=0) + 1}", stage=stage, name=name, phrases=list(found), opened_on=on, **more)
        self.themes.append(theme)
        return theme

    def counts_as(self, name: str) -> str:
        """What a theme is counted as: itself, or what it was merged into."""
        theme = self.find(name)
        return self.counts_as(theme.merged_into) if theme and theme.merged_into else name

    def rules(self, stage: Stage, until: dt.date) -> list[Rule]:
        """The rules of a stage in their order, as they stood on a day."""
        known = [Rule(theme=point.touchpoint, counts_as=point.touchpoint, words=point.words) for point in stage.touchpoints if point.words]
        open_ = [theme for theme in self.themes if theme.stage == stage.stage and theme.opened_on <= until]
        found = [Rule(theme=theme.theme, counts_as=self.counts_as(theme.theme), phrases=theme.phrases) for theme in open_]
        first = {theme.theme: theme.part_of for theme in open_ if theme.part_of}
        return list(_with_parts_first([*known, *(rule for rule in found if rule.theme not in first)], found, first))


def _with_parts_first(rules: Sequence[Rule], found: Sequence[Rule], part_of: dict[str, str]) -> Iterator[Rule]:
    """What was split off stands before what it was split from."""
    for rule in rules:
        yield from _with_parts_first([each for each in found if part_of.get(each.theme) == rule.theme], found, part_of)
        yield rule


def fingerprint(rules: Sequence[Rule]) -> str:
    """A hash of a stage's rules; sentences are compared again when it changes."""
    content = [rule.model_dump() for rule in rules]
    return hashlib.sha256(json.dumps([phrases.RULES, content], sort_keys=True).encode()).hexdigest()[:16]


def read(path: Path) -> Book:
    """The workspace's book; an empty one where there is no file yet.

    Raises:
        Mend: the file is no YAML, has another form, names a theme twice, or leads in a circle.
    """
    try:
        book = Book.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")) or {})
    except FileNotFoundError:
        return Book()
    except OSError as error:
        raise Mend(f"{path} cannot be read ({type(error).__name__}); make it a file that you may read.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Mend(f"{path} is not valid YAML: {' '.join(str(error).split())}. Take its last good state from your version control.") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = " → ".join(str(part) for part in first["loc"]) or "the file as a whole"
        raise Mend(f"{path}: {where}: {first['msg']}.") from None
    if problem := _problem(book):
        raise Mend(f"{path}: {problem}")
    return book


def _problem(book: Book) -> str | None:
    names = [theme.theme for theme in book.themes]
    for theme in book.themes:
        if names.count(theme.theme) > 1:
            return f"theme '{theme.theme}' stands there twice."
        if any(not 1 <= len(phrases.key(phrase)) <= phrases.LONGEST for phrase in theme.phrases):
            return f"theme '{theme.theme}' has a phrase without a telling word, or with more than {phrases.LONGEST}."
        for way in ("merged_into", "part_of"):
            if _is_circle(book, theme, way):
                return f"'{way}' of theme '{theme.theme}' leads back to itself."
    return None


def strangers(book: Book, journey: Journey) -> list[str]:
    """Sentences about what cannot be used, because what it belongs to or leads to is not there."""
    stages = sorted({theme.stage for theme in book.themes if not theme.closed_on} - set(journey.names))
    told = [f"themes.yaml has themes of the stage '{stage}', which journey.yaml no longer has; give them another 'stage' there" for stage in stages]
    known = {*journey.stage_of_touchpoint, *(theme.theme for theme in book.themes)}
    for theme in book.themes:
        for way in ("merged_into", "part_of"):
            to = getattr(theme, way)
            if to and to not in known:
                told.append(f"themes.yaml: '{way}' of theme '{theme.theme}' names '{to}', which is no theme or touchpoint; name one that is, or take it out")
    return told


def _is_circle(book: Book, theme: Theme, way: str) -> bool:
    seen, at = {theme.theme}, getattr(theme, way)
    while at and at not in seen:
        seen.add(at)
        following = book.find(at)
        at = getattr(following, way) if following else None
    return bool(at)


def write(path: Path, book: Book) -> None:
    """Put the book in its place as a whole."""
    content = book.model_dump(mode="json", exclude_none=True)
    put(path, HEADER + yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=160))


def rename(book: Book, journey: Journey, name: str, to: str, on: dt.date) -> str:
    """Call a theme something else; gives a sentence that says so.

    Raises:
        Mend: there is no such theme, it is a touchpoint, or the new name is empty.
    """
    if name in journey.stage_of_touchpoint:
        raise Mend(f"'{name}' is a touchpoint: give it a 'name' in journey.yaml.")
    theme = _theme(book, journey, name)
    if not to.strip():
        raise Mend("The new name is empty.")
    return _did(book, theme, f"renamed {name} from '{theme.name}' to '{to.strip()}'", on, name=to.strip())


def merge(book: Book, journey: Journey, name: str, into: str, on: dt.date) -> str:
    """Count a theme as another one of the same stage from now on, past and future; its id is closed and leads there.

    Raises:
        Mend: one of them is not there, they stand in different stages, or the first is a touchpoint or closed.
    """
    if name in journey.stage_of_touchpoint:
        raise Mend(f"'{name}' is a touchpoint: to merge it, move its words to another touchpoint in journey.yaml.")
    theme = _theme(book, journey, name)
    target = None if into in journey.stage_of_touchpoint else _theme(book, journey, into)
    stage = target.stage if target else journey.stage_of_touchpoint[into]
    if stage != theme.stage:
        raise Mend(f"'{name}' belongs to the stage {theme.stage}, '{into}' to {stage}: themes are merged within a stage.")
    if name == into:
        raise Mend(f"'{name}' cannot be merged into itself.")
    return _did(book, theme, f"merged {name} into {into}", on, merged_into=into, closed_on=on)


def split(book: Book, journey: Journey, name: str, parts: Sequence[str], to: str | None, on: dt.date) -> str:
    """Make a theme of its own of what has one of these phrases; it goes before the theme that it is split from.

    Raises:
        Mend: there is no such theme, it is closed, a phrase has no telling word or too many, or nothing would be left.
    """
    parent = None if name in journey.stage_of_touchpoint else _theme(book, journey, name)
    parts = [part.strip() for part in parts if part.strip()]
    if not parts:
        raise Mend('Name the phrases to split off, such as --phrases "double charge, charged twice".')
    for part in parts:
        if not 1 <= len(phrases.key(part)) <= phrases.LONGEST:
            raise Mend(
                f"'{part}' cannot be looked for: a phrase has one to {phrases.LONGEST} telling words (little words such as 'the' and 'with' do not count)."
            )
    if parent:
        keys = {phrases.key(part) for part in parts}
        kept = [phrase for phrase in parent.phrases if phrases.key(phrase) not in keys]
        if not kept:
            raise Mend(
                f"Nothing would be left of '{name}': its phrases are {', '.join(parent.phrases)}. To call it something else, use 'listening themes rename'."
            )
        parent.phrases, parent.version = kept, parent.version + 1
    stage = parent.stage if parent else journey.stage_of_touchpoint[name]
    theme = book.open(stage, (to or "").strip() or f"{parts[0][0].upper()}{parts[0][1:]}", parts, on, kind=PERSON, part_of=name)
    did = f"split {theme.theme} '{theme.name}' ({', '.join(parts)}) from {name}"
    book.acts.append(Act(on=on, did=did))
    return did


def _theme(book: Book, journey: Journey, name: str) -> Theme:
    theme = book.find(name)
    if theme is None:
        there = [each.theme for each in book.themes if not each.closed_on]
        raise Mend(f"There is no theme '{name}'. There are: {', '.join([*journey.stage_of_touchpoint, *there])}.")
    if theme.merged_into:
        raise Mend(f"'{name}' was merged into '{book.counts_as(name)}' on {theme.closed_on}; name that one.")
    return theme


def _did(book: Book, theme: Theme, did: str, on: dt.date, **changed: Any) -> str:
    for key, value in changed.items():
        setattr(theme, key, value)
    theme.version += 1
    book.acts.append(Act(on=on, did=did))
    return did
