"""Tag the records that have no tags of the present versions: new ones, edited ones, and all after a new classifier or journey."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from listening import workers
from listening.journey import NO_STAGE, Journey
from listening.tagging import accuracy, labelled, watching
from listening.tagging.classifier import Classifier, load
from listening.tagging.tagger import Tagger
from listening.warehouse import Warehouse
from listening.workers import Made, Work, Workers
from listening.workspace import Mend, Workspace

CHUNK = 4_000
SPREAD_FROM = 200_000  # records; starting processes takes about as long as they then save
WORTH_LEARNING_FROM = 500  # records tagged in one night by a classifier that knows only the starter labels
TAGGING_VERSION = "5"
log = logging.getLogger(__name__)


@dataclass
class Tagged:
    """What tagging came to this night."""

    records: int = 0
    sentences: int = 0
    classifier_version: str = ""
    notes: tuple[str, ...] = ()


def tag(workspace: Workspace, warehouse: Warehouse, journey: Journey, beside: Workers | None = None) -> Tagged:
    """Tag what is to be tagged, a chunk at a time or by workers; all of a night's tags are kept together or none.

    Raises:
        Mend: there is no classifier, or it was fitted to other stages than the journey has.
    """
    classifier = load(workspace.models)
    _check_stages(classifier, journey, workspace)
    note = () if classifier.journey_version == journey.version else (
        "journey.yaml was edited after the classifier was fitted; 'listening init' on this folder fits it to the new words",
    )  # fmt: skip
    tagged = Tagged(classifier_version=classifier.version, notes=note)
    tagger = _tagger(classifier, journey)
    with warehouse.transaction():
        tagged.notes += labelled.keep(workspace, warehouse, journey, classifier)
        warehouse.execute("tagging/find_waiting", version=tagger.version)
        for name in ("tags", "record_stages", "sentences", "sentence_themes"):
            warehouse.execute(f"tagging/forget_{name}")
        (counted,) = warehouse.rows("tagging/count_waiting")
        for tables in _tables(workspace, warehouse, tagger, counted["waiting"], beside):
            for name, rows in tables.items():
                warehouse.insert(f"tagging/{name}", rows)
            tagged.records += len(tables["tags"])
            tagged.sentences += len(tables["sentences"])
            log.info("tagged %s of %s records", tagged.records, counted["waiting"])
        if classifier.facts["learnt_from"] is None and tagged.records >= WORTH_LEARNING_FROM:
            tagged.notes += ("the classifier has not read this company's words yet; 'listening learn' lets it, and the next night tags with what it learnt",)
        accuracy.keep(warehouse, classifier)
        tagged.notes += watching.watch(warehouse)
    return tagged


def ready(models: Path, journey: Journey) -> Tagger:
    """What tags tables of records without a store."""
    return _tagger(load(models), journey)


def _tagger(classifier: Classifier, journey: Journey) -> Tagger:
    return Tagger(classifier, journey, f"{TAGGING_VERSION}-{classifier.version}-{journey.version}")


def _tables(workspace: Workspace, warehouse: Warehouse, tagger: Tagger, waiting: int, beside: Workers | None) -> Iterator[Made]:
    """The tags of all that waits, in tables by their names."""
    tables = _waiting(warehouse, waiting, min(CHUNK, beside.rows) if beside else CHUNK)
    yield from workers.work(
        _tagging(tagger), tables, waiting, SPREAD_FROM, workspace.parts / "tagging", beside, _another, workspace.models, tagger.classifier.version,
        tagger.journey, tagger.version,
    )  # fmt: skip


def tag_tables(tagger: Tagger, models: Path, tables: Iterable[pa.Table], processes: int) -> Iterator[Made]:
    """The tags of each table, in their order, by so many processes."""
    return workers.spread(_tagging(tagger), tables, processes, _another, models, tagger.classifier.version, tagger.journey, tagger.version)


def _another(models: Path, classifier_version: str, journey: Journey, version: str) -> Work:
    """How to tag with the same tagger in another process."""
    return _tagging(Tagger(load(models, classifier_version), journey, version))


def _tagging(tagger: Tagger) -> Work:
    return lambda records: vars(tagger.tag(records))


def _waiting(warehouse: Warehouse, number: int, chunk: int) -> Iterator[pa.Table]:
    """The records that wait, a chunk at a time, so that memory holds a few chunks however many there are."""
    for start in range(0, number, chunk):
        yield warehouse.query("tagging/waiting", start=start, stop=start + chunk)


def _check_stages(classifier: Classifier, journey: Journey, workspace: Workspace) -> None:
    mend = f"Run 'listening init {workspace.root}' to fit it to this journey."
    for name in journey.names:
        if name not in classifier.stages:
            raise Mend(f"The classifier does not know the stage '{name}' of journey.yaml. {mend}")
    for name in classifier.stages:
        if name not in (*journey.names, NO_STAGE):
            raise Mend(f"The classifier still knows the stage '{name}', which journey.yaml no longer has. {mend}")
