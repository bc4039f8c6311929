"""Give each sentence its theme: takes tagged sentences and the book of themes, gives themes by sentence, and opens new ones.

What has a theme keeps it: a sentence is compared with the rules of its stage once, and again only when a person has
changed them. New themes are looked for among the sentences that no theme fits, once enough customers have added to them:
every night for news, and for everything at the first look and when half as much has come again.
"""

from __future__ import annotations

import datetime as dt
import functools
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from listening import workers
from listening.journey import Journey
from listening.tagging import finding, phrases, themes
from listening.tagging.finding import Spoken
from listening.tagging.themes import Book, Rule
from listening.tagging.training import starter_labels
from listening.warehouse import Warehouse
from listening.workspace import Company, Workspace

CHUNK = 50_000
SPREAD_FROM = 1_000_000  # sentences; starting processes takes about as long as they then save
ENOUGH_TO_LOOK = 30  # customers without a theme at a stage, new since it was last looked at
GROWN = 0.5  # of the sentences without a theme that were looked through before must have come again, until all are looked through again
MOST_TO_LOOK_AT, MOST_FOR_NEWS = 20_000, 5_000  # new sentences of a stage, and as many others; of more, the newest
DAYS_TO_LOOK_BACK = 90
ELSEWHERE = 5_000  # sentences of each other stage to compare with,
ELSEWHERE_OF = 40_000  # of so many records
NEVER = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
log = logging.getLogger(__name__)


@dataclass
class Themed:
    """What theming came to this night."""

    sentences: int = 0
    opened: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def theme(workspace: Workspace, warehouse: Warehouse, journey: Journey, company: Company, clock: dt.datetime, is_replay: bool = False) -> Themed:
    """Theme what has no theme yet, look for new themes, and write these into the book; a replay of the past opens none.

    Raises:
        Mend: the book cannot be read.
    """
    book = themes.read(workspace.themes)
    today = clock.astimezone(ZoneInfo(company.timezone)).date()
    themed = Themed(notes=themes.strangers(book, journey))
    with warehouse.transaction():
        rules = {stage.stage: book.rules(stage, today) for stage in journey.stages}
        themed.sentences = _compare(warehouse, rules, _forget_outdated(warehouse, rules))
        if not is_replay and _Looking(warehouse, journey, book, clock, today, themed).look():
            if themed.opened:
                rules = {stage.stage: book.rules(stage, today) for stage in journey.stages}
                _compare(warehouse, rules, sorted({theme.stage for theme in book.themes if theme.theme in themed.opened}))
            themes.write(workspace.themes, book)  # before the commit: a theme that the store knows is never missing here
        warehouse.replace("tagging/theme_rules", [{"stage": stage, "version": themes.fingerprint(own)} for stage, own in rules.items()])
        warehouse.replace("tagging/themes", _rows(book, journey, today))
    log.info("themed %s sentences, opened %s themes", themed.sentences, len(themed.opened))
    return themed


def _forget_outdated(warehouse: Warehouse, rules: dict[str, list[Rule]]) -> list[str]:
    """Take away the themes of stages whose rules have changed, and name these; those of records that are gone or changed went with their tags."""
    known = {row["stage"]: row["version"] for row in warehouse.rows("tagging/rules_known")}
    changed = [stage for stage in sorted({*known, *rules}) if known.get(stage) != themes.fingerprint(rules.get(stage, []))]
    warehouse.delete("tagging/sentence_themes", pa.table({"stage": pa.array(changed, pa.string())}))
    return changed


def _compare(warehouse: Warehouse, rules: dict[str, list[Rule]], stages: list[str]) -> int:
    """Compare with the rules of their stage the sentences of newly tagged records, and whatever was taken away of some stages; gives their number."""
    warehouse.execute("tagging/staged_sentences")
    warehouse.execute("tagging/find_uncompared")
    if stages:
        warehouse.execute("tagging/find_uncompared_again", stages=stages)
    (counted,) = warehouse.rows("tagging/count_uncompared")
    number: int = counted["sentences"]
    chunks = (warehouse.query("tagging/uncompared", start=start, stop=start + CHUNK) for start in range(0, number, CHUNK))
    for themed in workers.spread(_comparing(rules), chunks, workers.cores() if number >= SPREAD_FROM else 1, _comparing, rules):
        warehouse.insert("tagging/sentence_themes", themed)
    warehouse.execute("tagging/mark_themed")
    warehouse.execute("tagging/drop_uncompared")
    return number


def _comparing(rules: dict[str, list[Rule]]) -> Callable[[pa.Table], pa.Table]:
    """What gives sentences the themes of their stages."""
    return functools.partial(_themed, rules)


def _themed(rules: dict[str, list[Rule]], sentences: pa.Table) -> pa.Table:
    """The sentences without their texts, with the theme that each counts as and the words that made it so."""
    texts = sentences["text"].combine_chunks()
    theme, phrase = np.full(len(texts), None, object), np.full(len(texts), None, object)
    stages = sentences["stage"].to_numpy(zero_copy_only=False)
    for stage in sorted(set(stages.tolist()) & set(rules)):
        places = np.flatnonzero(stages == stage)
        theme[places], phrase[places] = claimed(texts.take(pa.array(places)), rules[stage])
    sentences = sentences.drop_columns(["text"])
    for name, column in (("theme", theme), ("phrase", phrase)):
        sentences = sentences.append_column(name, pa.array(column, pa.string()))
    return sentences


def claimed(texts: pa.Array, rules: Sequence[Rule]) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """The theme that each sentence counts as and the words that made it so; None where no rule fits."""
    size = len(texts)
    best = np.full(size, len(rules))
    evidence = np.full(size, None, object)
    telling = phrases.read(texts)
    grams = {length: telling.grams(length) for length in {len(phrases.key(phrase)) for rule in rules for phrase in rule.phrases}}
    for number, rule in reversed(list(enumerate(rules))):  # so that the first rule has the last word
        if rule.words:
            found = pc.struct_field(pc.extract_regex(texts, _as_they_stand(rule.words)), "word")
            places = np.flatnonzero(found.is_valid().to_numpy(zero_copy_only=False))
            best[places], evidence[places] = number, pc.utf8_lower(found).to_numpy(zero_copy_only=False)[places]
        for phrase in reversed(rule.phrases):
            key = phrases.key(phrase)
            codes, starts = grams[len(key)]
            code = telling.code(key)
            if code >= 0:
                places = telling.sentence[starts[codes == code]]
                best[places], evidence[places] = number, phrase
    names = np.array([*(rule.counts_as for rule in rules), None], object)
    return names[best], evidence


def _as_they_stand(words: Sequence[str]) -> str:
    """What finds a touchpoint's words, whole and in any case; the same that gives records their touchpoint."""
    either = "|".join(_escaped(word) for word in sorted(words, key=len, reverse=True))
    return rf"(?i)(?:^|[^\pL\pN_])(?P<word>{either})(?:[^\pL\pN_]|$)"


def _escaped(word: str) -> str:
    return "".join(sign if sign.isalnum() or sign in "_ " or ord(sign) > 127 else f"\\{sign}" for sign in word)


@dataclass
class _Looking:
    """What looking for new themes needs at every stage of a night; what is said at the other stages is read once, when it is first asked for."""

    warehouse: Warehouse
    journey: Journey
    book: Book
    clock: dt.datetime
    today: dt.date
    themed: Themed

    @functools.cached_property
    def own(self) -> Spoken:
        """Some sentences of each of the company's stages."""
        said = self.warehouse.frame("tagging/sentences_by_stage", clock=self.clock, records=ELSEWHERE_OF, most=ELSEWHERE)
        return Spoken.of(said["text"].tolist(), said["stage"].tolist())

    @functools.cached_property
    def usual(self) -> Spoken:
        """The starter labels: what other companies' customers say at each stage."""
        labels = starter_labels(self.journey)
        return Spoken.of([label.text for label in labels], [label.stage for label in labels])

    @functools.cached_property
    def subjects(self) -> frozenset[str]:
        """What the company is about anyway."""
        return subjects(self.journey)

    def look(self) -> bool:
        """Look for new themes of every stage to which enough customers have come without one; gives whether any was looked at."""
        stages = self.journey.names
        since = {stage: self.book.looked.get(stage, NEVER) for stage in stages}
        whole = [self.book.looked_whole.get(stage, since[stage]) for stage in stages]
        given = {"stages": stages, "since": list(since.values()), "clock": self.clock}
        came = {row["stage"]: row for row in self.warehouse.rows("tagging/new_without_theme", whole=whole, **given)}
        due = [stage for stage in stages if stage in came and came[stage]["voices"] >= ENOUGH_TO_LOOK]
        if not due:
            return False
        for_all = {stage for stage in due if came[stage]["after"] >= GROWN * came[stage]["before"]}
        given = {"stages": due, "since": [since[stage] for stage in due], "most": [MOST_TO_LOOK_AT if stage in for_all else MOST_FOR_NEWS for stage in due]}
        back = self.clock - dt.timedelta(days=DAYS_TO_LOOK_BACK)
        said = dict(iter(self.warehouse.frame("tagging/without_theme", back=back, clock=self.clock, **given).groupby("stage")))
        for stage in due:
            self._look_at(stage, said[stage], stage in for_all)
        return True

    def _look_at(self, stage: str, said: pd.DataFrame, for_all: bool) -> None:
        """Open the themes of a stage: all that are to be found in what was said, or only what is news."""
        before = self.book.looked.get(stage)
        known = (self.own.beside(stage), self.usual.beside(stage), self.subjects)
        found = finding.find(said["text"].tolist(), said["voice"].tolist(), *known, None if for_all else said["is_new"].to_numpy(bool))
        for each in found:
            opened = self.book.open(stage, each.name, each.phrases, self.today, customers=each.voices)
            self.themed.opened.append(opened.theme)
            if before:  # on the first look everything is new, which is no news
                since_day = pd.Timestamp(said["said_on"].iloc[each.sentences].min())
                self.themed.notes.append(f"a new theme at {stage}: '{each.name}' ({opened.theme}), {each.voices} customers since {since_day:%-d %B %Y}")
        if found:
            self.warehouse.execute("tagging/compare_without_theme", stage=stage)
            if not before:
                self.themed.notes.append(f"themes of {stage} found at the first look: {', '.join(each.name for each in found)}")
        self.book.looked[stage] = self.clock
        if for_all:
            self.book.looked_whole[stage] = self.clock


def subjects(journey: Journey) -> frozenset[str]:
    """What the company is about anyway: the words of the stages' names, and those that several stages are described with."""
    described = [set(phrases.key(f"{stage.description} {stage.promise or ''}")) for stage in journey.stages]
    shared = {word for words in described for word in words if sum(word in others for others in described) > 1}
    return frozenset(shared | {word for stage in journey.stages for word in phrases.key(f"{stage.stage.replace('_', ' ')} {stage.name or ''}")})


def _rows(book: Book, journey: Journey, today: dt.date) -> list[dict[str, Any]]:
    """The table of themes: touchpoints, then what was found or split off, as of a day."""
    rows = [
        {"theme": point.touchpoint, "stage": stage.stage, "name": point.name or point.touchpoint.replace("_", " ").capitalize(),
         "kind": themes.TOUCHPOINT, "phrases": point.words, "version": "1"}
        for stage in journey.stages for point in stage.touchpoints if point.words
    ]  # fmt: skip
    return rows + [{**each.model_dump(exclude={"customers"}), "version": str(each.version)} for each in book.themes if each.opened_on <= today]
