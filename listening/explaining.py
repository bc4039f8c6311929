"""How one record came to be what is published: takes its id, gives where it landed, what was cut, which words weighed, where it counts.

Words that were cut or redacted are counted, never shown: what is private stays in landing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from listening import landing, tagging
from listening.publish import reading
from listening.records import cleaning, privacy
from listening.tagging.classifier import Classifier
from listening.workspace import Mend, Workspace

HEAVIEST = 5  # words shown for each tag


def explain(workspace: Workspace, record_id: str) -> dict[str, Any]:
    """All that led from a landed row to a record's tags and from there to the published figures.

    Raises:
        Mend: no such record is published.
    """
    published = reading.explain(workspace, record_id)
    record = published["record"]
    return {
        **published,
        "cut": _cut(workspace, record),
        "redacted": privacy.placeholders(record["text"] or ""),
        **_weighed(workspace, record, published["sentences"]),
    }


def _cut(workspace: Workspace, record: dict[str, Any]) -> list[dict[str, Any]]:
    """The landed cells that the words stand in: how long they were, and what was cut from them."""
    cells = landing.row(workspace, record["source"], record["pull_id"], record["row_no"])
    found = []
    for field, cell in _texts(cells):
        if _is_of(record["text"], privacy.redact([cleaning.plain(cell)])[0]):
            found.append({"field": field, "characters": len(cell), "cut": cleaning.cut(cell)})
    return found


def _texts(cells: Any, field: str = "") -> Iterator[tuple[str, str]]:
    """All texts in a row, however deep, with the path to each."""
    if isinstance(cells, str) and cells.strip():
        yield field, cells
    elif isinstance(cells, dict | list):
        for key, value in cells.items() if isinstance(cells, dict) else enumerate(cells):
            yield from _texts(value, f"{field}.{key}" if field else str(key))


def _is_of(text: str | None, words: str | None) -> bool:
    """Whether words make a record's text, alone or as its title or body."""
    return bool(text and words) and (text == words or str(text).startswith(f"{words}\n") or str(text).endswith(f"\n{words}"))


def _weighed(workspace: Workspace, record: dict[str, Any], sentences: list[dict[str, Any]]) -> dict[str, Any]:
    """For each sentence and tag the words that weighed most, by the classifier that gave the tags or, where it is gone, the present one."""
    if record["stage_guess"] is None:
        return {"weighed_by": None, "weighed": []}
    try:
        classifier = tagging.load(workspace.models, record["classifier_version"])
    except Mend:
        try:
            classifier = tagging.load(workspace.models)
        except Mend:
            return {"weighed_by": None, "weighed": []}
    return {"weighed_by": classifier.version, "weighed": [{"sentence_no": row["sentence_no"], "tags": _tags(classifier, row["text"])} for row in sentences]}


def _tags(classifier: Classifier, text: str) -> dict[str, Any]:
    found = {}
    for tag, weighing in classifier.weigh(text).items():
        heaviest = {words: round(weight, 3) for words, weight in list(weighing.weights.items())[:HEAVIEST]}
        found[tag] = dataclasses.asdict(weighing) | {"weights": heaviest, "base": round(weighing.base, 3)}
    return found
