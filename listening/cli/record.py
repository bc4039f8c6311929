"""One record's making in words: takes what `explain` found, gives the lines that a person reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.text import Text

from listening.cli.grid import count_rows

FLAGS = {
    "other_language": "in a language that is not read",
    "too_short": "too few words to go by",
    "low_margin": "no stage is likelier than not",
    "unlike_training": "more than half of the words were never met while learning",
}
BASES = {"text": "its words", "source": "what the source says", "person": "a person's label", "none": "nothing: it has no words"}
TAGS = {"feeling": "sentiment"}  # what the published column of a tag is called, where it is called otherwise


def lines(explained: dict[str, Any]) -> Iterator[str | Text]:
    """The record's words, and below a heading each: where they come from, what became of them, how they were read, where they count."""
    yield explained["record"]["text"] or "(no words, only a score)"
    for title, told in (
        ("Where it comes from", _origin(explained)),
        ("What became of its words", _words(explained)),
        ("How it was read", _reading(explained)),
        ("Where it counts", _counting(explained)),
    ):
        yield ""
        yield Text(title, "bold")
        yield from told


def _origin(explained: dict[str, Any]) -> Iterator[str]:
    record, pull = explained["record"], explained["pull"]
    yield f"Source {record['source']} ({record['kind']}), there called {record['native_id']}; said on {record['said_on']}."
    if pull:
        pulled = f"pulled {pull['landed_at']:%Y-%m-%d %H:%M} UTC as {pull['pull_id']}"
        yield f"Row {record['row_no']:,} of {pull['origin']}, {count_rows(pull['row_count'])}, {pulled}."


def _words(explained: dict[str, Any]) -> Iterator[str]:
    for landed in explained["cut"]:
        cut = ", ".join(f"{number:,} of {name}" for name, number in landed["cut"].items())
        yield f"Taken from {landed['field']}, {landed['characters']:,} characters; cut: {cut or 'nothing'}."
    if explained["record"]["text"] and not explained["cut"]:
        yield "The landed row holds these words no longer, or not in one cell, so what was cut is not known."
    redacted = ", ".join(f"{number} × [{name}]" for name, number in explained["redacted"].items())
    yield f"Redacted: {redacted or 'nothing'}."
    flags = explained["record"]["flags"] or []
    yield f"Flagged: {', '.join(f'{flag} ({FLAGS.get(flag, flag)})' for flag in flags) or 'nothing'}."


def _reading(explained: dict[str, Any]) -> Iterator[str | Text]:
    record = explained["record"]
    stage = f"Stage {record['stage']}, by {BASES[record['stage_basis']]}" if record["stage"] else "No stage is given"
    yield f"{stage}; stance {record['stance'] or 'not known'}{_scored(record)}; {_guess(record)}."
    if others := [f"{row['stage']} {row['share']:.0%}" for row in explained["stages"]]:
        yield f"Stages: {', '.join(others)}."
    if themes := [f"{row['name']} of {row['stage']} {row['share']:.0%}" for row in explained["themes"]]:
        yield f"Themes: {', '.join(themes)}."
    yield f"Classifier {record['classifier_version']}, journey {record['journey_version']}."
    if explained["weighed"] and explained["weighed_by"] != record["classifier_version"]:
        yield f"That classifier is gone; the weights below are those of the present one, {explained['weighed_by']}, and need not lead to the published tags."
    weighed = {row["sentence_no"]: row["tags"] for row in explained["weighed"]}
    if weighed:
        yield "Each sentence by itself. A word's weight is what it adds to the log odds of the tag against the next likeliest: +0.7 doubles the odds."
    for sentence in explained["sentences"]:
        yield Text(f"{sentence['sentence_no']}. {sentence['text']}")
        theme = f", theme {sentence['theme']} for “{sentence['phrase']}”" if sentence["theme"] else ""
        yield f"   published: {_stage(sentence)}{theme}"
        for tag, weighing in weighed.get(sentence["sentence_no"], {}).items():
            weights = ", ".join(f"{words} {weight:+.1f}" for words, weight in weighing["weights"].items())
            said = f"{TAGS.get(tag, tag)}: {weighing['said']}, not {weighing['against'] or 'said'}"
            yield f"   {said}: {weights or 'no word'}; before any word {weighing['base']:+.1f}"


def _stage(sentence: dict[str, Any]) -> str:
    return f"stage {sentence['stage']}" if sentence["stage"] else "no stage"


def _scored(record: dict[str, Any]) -> str:
    if record["score"] is None:
        return ""
    scale = f" from {record['score_worst']:g} to {record['score_best']:g}" if record["score_worst"] is not None else ""
    return f" by the score {record['score']:g}{scale}"


def _guess(record: dict[str, Any]) -> str:
    if record["stage_guess"] is None:
        return "the classifier read nothing"
    return f"the classifier's best guess is {record['stage_guess']} ({record['stage_confidence']:.0%})"


def _counting(explained: dict[str, Any]) -> Iterator[str]:
    unit, record = explained["unit"], explained["record"]
    if not unit:
        yield f"In no customer's figure: words of kind {record['kind']} and role {record['role']} are kept apart."
        return
    what = f"as one of {unit['records']} messages that count once" if unit["records"] > 1 else "once"
    yield f"It counts {what}: {unit['stage'] or 'no stage'}, {unit['stance'] or 'no stance'}, on {unit['said_on']} (unit {unit['unit_id']})."
    for row in explained["counted_in"]:
        named = f" ({', '.join(row['figures'])})" if row["figures"] else ""
        yield f"   {row['table']}{named}: {', '.join(row['periods'])} · {', '.join(row['cuts'])}"
    for warning in explained["warnings"]:
        yield f"   warnings {warning['warning_id']}, opened {warning['opened_on']}: {warning['text']}"
