"""What a source's columns mean: takes the names of its columns, gives the layout that turns rows into things said.

A layout is found in this order: the columns that the configuration names; a well-known export (see vendors.py);
obvious names. What was guessed is told, so that a person can put it right.
"""

from __future__ import annotations

import re

from listening.records import forms, vendors
from listening.records.forms import Nested
from listening.records.rows import Layout, Row, Said, author, listed, parts, rest, value
from listening.workspace import DIMENSIONS, Mend, Question, Source

__all__ = ["Layout", "Row", "Said", "author", "choose", "value"]

# their names squeezed to letters and digits, the likeliest first
OBVIOUS: dict[str, tuple[str, ...]] = {
    name: tuple(words.split())
    for name, words in {
        "id": ("id responseid recordid reviewid answerid commentid messageid feedbackid surveyresponseid uuid ticketid caseid complaintid"),
        "said_at": (
            "saidat date createdat requested requestedat opened openedat created submittedat submitted submitdate timestamp responsedate "
            "datereceived receivedat recordeddate reviewdate publishedat postedat datetime time enddate datesubmitted datecreated surveydate completedat"
        ),
        "title": "title subject headline summary reviewtitle",
        "text": (
            "text comment comments content body review reviewtext message feedback answer verbatim description narrative "
            "consumercomplaintnarrative freetext remark remarks opentext reviewbody complaint"
        ),
        "score": "score rating stars nps npsscore csat ces overallrating starrating",
        "updated_at": "updatedat modifiedat lastmodified lastmodifieddate updated",
        "deleted": "deleted isdeleted fivetrandeleted",
        "experienced_at": "experiencedat experiencedate visitdate datevisit",
        "customer_id": "customerid customer clientid userid memberid customernumber customerno custid custno",
        "account_id": "accountid account organizationid organisationid",
        "email": "email emailaddress customeremail",
        "thread_id": "threadid conversationid respondentid chatid ticketid caseid",
        "author": "author authortype authorrole by sender sendertype",
        "public": "public ispublic",
        "language": "language lang locale userlanguage",
        "role": "role",
        "stage": "stage journeystage",
        "touchpoint": "touchpoint",
        "product": "product",
        "url": "url link permalink",
    }.items()
}
RISING_SCORES = {"nps": (0.0, 10.0), "npsscore": (0.0, 10.0), "stars": (1.0, 5.0), "starrating": (1.0, 5.0)}
_DATES = ("said_at", "updated_at", "experienced_at")


def choose(source: Source, fields: list[str]) -> Layout:
    """The layout for a pull with these fields.

    Raises:
        Mend: the configuration names columns that are not there, or nothing says which column holds the words.
    """
    if source.columns or source.questions:
        found = forms.nested(set(fields))
        return _nested(source, found) if found else _configured(source, fields)
    _require(source, fields, {f"dimensions.{name}": column for name, column in source.dimensions.items()})
    layout = vendors.recognise(source, set(fields))
    if not layout:
        return _guessed(source, fields)
    if source.connector == "files":
        layout.notes.append(f"{source.name} is read as {layout.name}; name columns in [sources.{source.name}] if that is wrong")
    return _with_dimensions(layout, source.dimensions)


def _nested(source: Source, found: Nested) -> Layout:
    """The layout of responses with nested answers: the configuration names answers as if they were columns."""
    named = source.columns.get("text")
    texts = [named] if isinstance(named, str) else list(named or [])
    columns = {**found.columns, **{name: column for name, column in source.columns.items() if name != "text" and isinstance(column, str)}}
    if not texts and "score" not in columns and not any(question.text or question.score for question in source.questions):
        raise Mend(f"[sources.{source.name}] names no column for text or score; add columns = {{text = '…'}}.")
    layout = _by_columns(source, columns, texts, found.name, source.dimensions)
    by_columns = layout.take_apart
    names = frozenset({*columns.values(), *texts, *source.dimensions.values(), *(c for q in source.questions for c in (q.text, q.score) if c)})

    def take_apart(row: Row) -> list[Said]:
        return found.finished(row, source, by_columns(found.flatten(row, names)))

    return Layout(found.name, take_apart, zone="UTC")


def _with_dimensions(layout: Layout, dimensions: dict[str, str]) -> Layout:
    """The same layout with the dimensions that the configuration names."""
    take_apart = layout.take_apart

    def with_dimensions(row: Row) -> list[Said]:
        own = {name: value(row, column) for name, column in dimensions.items()}
        return [{**said, **own} for said in take_apart(row)]

    if dimensions:
        layout.take_apart = with_dimensions
    return layout


def _squeezed(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _require(source: Source, fields: list[str], named: dict[str, str]) -> None:
    """Raise Mend for the first column that the configuration names and the pull does not have."""
    present = set(fields)
    for name, column in named.items():
        if column not in present and column.split(".")[0] not in present:
            raise Mend(
                f"there is no column '{column}', which [sources.{source.name}] names for {name}. "
                f"The columns are: {listed(fields)}. Mend the name in listening.toml, or the export."
            )


def _configured(source: Source, fields: list[str]) -> Layout:
    """The layout that the configuration names. Only what is named is used; the rest is kept in `attributes`."""
    named = source.columns.get("text")
    texts = [named] if isinstance(named, str) else list(named or [])
    columns = {name: column for name, column in source.columns.items() if name != "text" and isinstance(column, str)}
    _require(source, fields, columns)
    _require(source, fields, {f"text ({number})": column for number, column in enumerate(texts, 1)})
    _require(source, fields, {f"questions ({column})": column for question in source.questions for column in (question.text, question.score) if column})
    _require(source, fields, {f"dimensions.{name}": column for name, column in source.dimensions.items()})
    if not texts and "score" not in columns and not any(question.text or question.score for question in source.questions):
        raise Mend(f"[sources.{source.name}] names no column for text or score; add columns = {{text = '…'}}.")
    return _by_columns(source, columns, texts, "the configured columns", source.dimensions)


def obvious(fields: list[str]) -> dict[str, str]:
    """The columns whose names leave little doubt, by what they hold."""
    squeezed = _by_squeezed(fields)
    columns: dict[str, str] = {}
    for canonical, candidates in OBVIOUS.items():
        found = next((squeezed[name] for name in candidates if name in squeezed and squeezed[name] not in columns.values()), None)
        if found and not (canonical == "thread_id" and found == columns.get("id")):
            columns[canonical] = found
    return columns


def own_dimensions(fields: list[str]) -> dict[str, str]:
    """The columns that are called as a dimension is."""
    squeezed = _by_squeezed(fields)
    return {name: squeezed[name] for name in DIMENSIONS if name in squeezed}


def _by_squeezed(fields: list[str]) -> dict[str, str]:
    return {_squeezed(name): name for name in reversed(fields)}  # of names that squeeze to the same the first one stays


def _guessed(source: Source, fields: list[str]) -> Layout:
    columns = obvious(fields)
    if "text" not in columns and "score" not in columns:
        raise Mend(
            f"nothing says which column holds the words. The columns are: {listed(fields)}. "
            f"Add columns = {{text = '…', said_at = '…'}} to [sources.{source.name}]."
        )
    dimensions = {name: column for name, column in own_dimensions(fields).items() if column not in columns.values()}
    texts = [columns.pop("text")] if "text" in columns else []
    layout = _by_columns(source, columns, texts, "obvious names", {**dimensions, **source.dimensions})
    told = {**columns, **({"text": texts[0]} if texts else {}), **dimensions}
    layout.notes.insert(0, f"{source.name}: guessed " + ", ".join(f"{name} = '{column}'" for name, column in told.items()))
    return layout


def _by_columns(source: Source, columns: dict[str, str], texts: list[str], name: str, dimensions: dict[str, str]) -> Layout:
    used = {*columns.values(), *texts, *dimensions.values(), *(c for q in source.questions for c in (q.text, q.score) if c)}
    score_column = columns.get("score")
    scale = source.score_scale or _rising(score_column)
    score_name = source.score_name or score_column

    def take_apart(row: Row) -> list[Said]:
        base = {canonical: value(row, column) for canonical, column in columns.items() if canonical != "score"}
        base |= {dimension: value(row, column) for dimension, column in dimensions.items()}
        base["attributes"] = rest(row, used)
        if source.questions:
            return _answers(source, row, base)
        score = {"score": value(row, score_column) if score_column else None, "score_scale": scale, "score_name": score_name}
        if len(texts) < 2:
            return [{**base, **score, "text": value(row, texts[0]) if texts else None}]
        return parts(base, row, texts, score)

    notes = []
    if "id" not in columns:
        notes.append(f"{source.name}: no column holds an id, so a row is known by its content; name one with columns = {{id = '…'}} if there is one")
    dates = tuple(columns[name] for name in _DATES if name in columns)
    return Layout(name, take_apart, dates, notes, has_time="said_at" in columns)


def _answers(source: Source, row: Row, base: Said) -> list[Said]:
    """Each question that was answered, with the respondent as the thread that holds them together."""
    said = []
    for question in source.questions:
        text = value(row, question.text) if question.text else None
        score = value(row, question.score) if question.score else None
        if text is None and score is None:
            continue
        said.append(
            {
                **base,
                "part": question.text or question.score,
                "text": text,
                "score": score,
                "score_name": question.score_name or source.score_name or question.score,
                "score_scale": _scale(source, question),
                "stage": question.stage or base.get("stage"),
                "touchpoint": question.touchpoint or base.get("touchpoint"),
            }
        )
    return said or [{**base, "text": None}]


def _scale(source: Source, question: Question) -> tuple[float, float] | None:
    return question.score_scale or source.score_scale or _rising(question.score)


def _rising(column: str | None) -> tuple[float, float] | None:
    """The scale of a score whose name leaves no doubt about it; the direction of any other is never guessed."""
    return RISING_SCORES.get(_squeezed(column or ""))
