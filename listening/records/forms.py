"""Surveys: takes a response as Typeform or Qualtrics give it, gives what was said in it.

Their answers are nested, so that a question is named by its own id or reference ([[sources.NAME.questions]]), as if it were a
column. Where none is named, the words of open questions and the likeliest score are read, and that is told.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from listening.records.rows import Layout, Row, Said, own_dimensions, parts, rest, value
from listening.workspace import DIMENSIONS, GONE, Source

NPS = (0.0, 10.0)
_QUALTRICS_META = {
    "startDate", "endDate", "status", "ipAddress", "progress", "duration", "Duration (in seconds)", "finished", "recordedDate", "responseId",
    "recipientLastName", "recipientFirstName", "recipientEmail", "externalReference", "externalDataReference", "locationLatitude", "locationLongitude",
    "distributionChannel", "userLanguage",
}  # fmt: skip
_META = _QUALTRICS_META | {"response_id", "said_at", "email"}
_QUALTRICS_NOT_MEANT = {
    "1": "survey preview", "surveypreview": "survey preview", "2": "survey test", "surveytest": "survey test", "8": "spam", "spam": "spam",
    "9": "survey preview", "12": "spam", "17": "survey preview",
}  # fmt: skip
_QUALTRICS_WORDS = re.compile(r"Q(ID)?\d+.*_TEXT|comment.*|.*verbatim.*", re.I)
_QUALTRICS_SCORE = re.compile(r"(Q(ID)?\d+_)?NPS(_?SCORE)?", re.I)
_SCORED = ("nps", "opinion_scale", "rating")  # the likeliest first
_CUSTOMER = ("customer_id", "customerid", "user_id", "userid", "client_id", "account_id")  # hidden fields that name one
_NO_WORDS = re.compile(r"name|phone|company|address|city|street|postcode|zip|e-?mail", re.I)  # short answers that tell who somebody is
_PERSONAL = frozenset({"email", "phone_number", "file_url", "url", "payment"})  # kinds of answers that never become attributes


@dataclass(frozen=True)
class Nested:
    """How a response with nested answers is laid flat: `columns` has where everything but the answers stands.

    `flatten` takes a response and the names that are configured; `scales` gives the scales of the answers that say theirs.
    """

    name: str
    key: str
    columns: dict[str, str]
    flatten: Callable[[Row, frozenset[str]], Row]
    scales: Callable[[Row], dict[str, tuple[float, float]]]
    refused: Callable[[Row], str | None]

    def finished(self, row: Row, source: Source, said: list[Said]) -> list[Said]:
        """What was said in a response, each with its scale and as a part of the whole; nothing where it is no customer's."""
        if is_true(row.get(GONE)):
            return [_gone(row[self.key])]
        if reason := self.refused(row):
            return [{"reject": reason, "id": row.get(self.key)}]
        scales, default = self.scales(row), source.columns.get("score")
        asked = {question.text or question.score: question.score for question in source.questions}
        return [
            each
            | _whole(each)
            | {"score_scale": each.get("score_scale") or scales.get(str(asked.get(each.get("part"), default)))}
            | {"attributes": {name: cell for name, cell in (each.get("attributes") or {}).items() if name not in _META and not isinstance(cell, dict | list)}}
            for each in said
        ]


def nested(fields: set[str]) -> Nested | None:
    """How rows with these fields are laid flat; None if they are already."""
    if {"responseId", "values"} <= fields:
        columns = {"id": "responseId", "said_at": "recordedDate", "customer_id": "externalDataReference", "language": "userLanguage", "email": "recipientEmail"}
        return Nested("Qualtrics responses", "responseId", columns, _qualtrics_flat, lambda _: {}, lambda row: _not_meant(_inside(row, "values")))
    if _is_typeform(fields):
        columns = {"id": "response_id", "said_at": "said_at", "email": "email"}
        return Nested("Typeform responses", "response_id", columns, _typeform_flat, _typeform_scales, lambda _: None)
    return None


def is_true(cell: Any) -> bool:
    """Whether a connector's own mark is set."""
    return cell is True


def _gone(key: Any) -> Said:
    """That a response is no longer there, with all that was said in it."""
    return {"id": key, "thread_id": key, "whole": f"{key}/*", "deleted": True, "text": None}


def _whole(said: Said) -> Said:
    return {} if "reject" in said else {"thread_id": said.get("id"), "whole": f"{said.get('id')}/*"}


def _inside(row: Row, name: str) -> Row:
    cell = row.get(name)
    return cell if isinstance(cell, dict) else {}


def _objects(row: Row, name: str) -> list[Row]:
    """The objects in a cell that should hold a list of them; none where it holds something else."""
    cell = row.get(name)
    return [each for each in cell if isinstance(each, dict)] if isinstance(cell, list) else []


def _is_typeform(fields: set[str]) -> bool:
    return {"response_id", "landed_at", "answers"} <= fields or {"token", "landed_at", "answers"} <= fields


def _typeform(source: Source, fields: set[str]) -> Layout | None:
    """Responses as Typeform's API gives them: a list of answers, each with its question."""
    if not _is_typeform(fields):
        return None

    def take_apart(row: Row) -> list[Said]:
        if is_true(row.get(GONE)):
            return [_gone(row["response_id"])]
        answers = _objects(row, "answers")
        texts = [_ref(answer) for answer in answers if _is_open(answer)]
        rated = sorted((answer for answer in answers if _asked(answer).get("type") in _SCORED), key=lambda answer: _SCORED.index(_asked(answer)["type"]))
        flat, hidden = _typeform_flat(row, frozenset()), _inside(row, "hidden")
        base: Said = {
            "id": flat["response_id"],
            "thread_id": flat["response_id"],
            "whole": f"{flat['response_id']}/*",
            "said_at": flat["said_at"],
            "email": flat["email"],
            "customer_id": next((hidden[name] for name in _CUSTOMER if hidden.get(name)), None),
            "language": hidden.get("language") or hidden.get("lang"),
        }
        base |= own_dimensions(hidden, base)
        used = {*texts, *map(_ref, rated[:1]), *_CUSTOMER, *DIMENSIONS}
        base["attributes"] = rest(_typeform_attributes(row), used)
        score = _typeform_score(source, rated[0]) if rated else {}
        return parts(base, flat, texts, score) if texts else [{**base, **score, "text": None}]

    note = (
        f"{source.name}: words are read from every open question, the score from the first NPS, opinion scale or rating; "
        f"[[sources.{source.name}.questions]] names others by their references"
    )
    return Layout("Typeform responses", take_apart, notes=[note], zone="UTC")


def _asked(answer: Row) -> Row:
    return _inside(answer, "field")


def _ref(answer: Row) -> str:
    """The name of a question: its reference, which people choose, or its id."""
    return str(_asked(answer).get("ref") or _asked(answer).get("id"))


def _is_open(answer: Row) -> bool:
    """Whether somebody was asked for words, and not for a name or an address."""
    asked = _asked(answer)
    if answer.get("type") != "text" or asked.get("type") not in ("long_text", "short_text", None):
        return False
    return asked.get("type") == "long_text" or not _NO_WORDS.search(f"{asked.get('ref')} {asked.get('title')}")


def _typeform_score(source: Source, answer: Row) -> Said:
    name = "NPS" if _asked(answer).get("type") == "nps" else _asked(answer).get("title") or _ref(answer)
    return {"score": _answered(answer), "score_scale": source.score_scale or _typeform_scale(answer), "score_name": source.score_name or name}


def _typeform_scale(answer: Row) -> tuple[float, float] | None:
    """From the worst to the best value: of an NPS always the same, of others as the form says, if it was to be had."""
    asked = _asked(answer)
    if asked.get("type") == "nps":
        return NPS
    steps = asked.get("steps")
    if asked.get("type") not in _SCORED or not isinstance(steps, int):
        return None
    first = 1.0 if asked["type"] == "rating" or asked.get("start_at_one") else 0.0
    return first, first + steps - 1


def _typeform_scales(row: Row) -> dict[str, tuple[float, float]]:
    scales: dict[str, tuple[float, float]] = {}
    for answer in _objects(row, "answers"):
        if scale := _typeform_scale(answer):
            for name in (_ref(answer), str(_asked(answer).get("id"))):
                scales |= {name: scale, f"answers.{name}": scale}
    return scales


def _typeform_flat(row: Row, named: frozenset[str]) -> Row:
    """A response with each answer under its question's reference, or its id where the configuration has that."""
    answers = _objects(row, "answers")
    cells = {name: _answered(answer) for answer in answers for name in (_ref(answer), str(_asked(answer).get("id")))}
    variables = {str(each.get("key")): each.get("number", each.get("text")) for each in _objects(row, "variables")}
    return {
        **_typeform_attributes(row),
        **{name: cell for name, cell in cells.items() if name in named or name in map(_ref, answers)},
        "response_id": row.get("response_id") or row.get("token"),
        "said_at": row.get("submitted_at") or row.get("staged_at") or row.get("landed_at"),
        "email": next((answer["email"] for answer in answers if answer.get("email")), None),
        "answers": cells,
        "variables": variables,
        "hidden": _inside(row, "hidden"),
        "calculated": _inside(row, "calculated"),
    }


def _typeform_attributes(row: Row) -> Row:
    """What a response says beside its words: hidden fields, and answers that tell nothing of who somebody is."""
    answers = _objects(row, "answers")
    kept = [answer for answer in answers if answer.get("type") not in _PERSONAL and (answer.get("type") != "text" or _is_open(answer))]
    return {**_inside(row, "hidden"), **{_ref(answer): _answered(answer) for answer in kept}}


def _answered(answer: Row) -> Any:
    """What was answered: words, a number, yes or no, a date, or the labels of what was chosen."""
    cell = answer.get(str(answer.get("type")))
    if isinstance(cell, dict):
        labels = cell.get("labels")
        chosen = [*labels] if isinstance(labels, list) else [cell.get("label")]
        return ", ".join(str(each) for each in [*chosen, cell.get("other")] if each) or None
    return cell


def _qualtrics_flat(row: Row, named: frozenset[str]) -> Row:
    """A response with each value as if it were a column; what the choices read stands in `labels`."""
    values = _inside(row, "values")
    return {**values, "responseId": row.get("responseId"), "values": values, "labels": _inside(row, "labels")}


def _qualtrics_answers(source: Source, fields: set[str]) -> Layout | None:
    """One row an answer, as a warehouse export has it; the date stands in another table, so a default is needed."""
    if not {"response_id", "question_id", "value"} <= fields:
        return None
    used = {"_fivetran_id", "response_id", "question_id", "question", "text", "value", "question_option_key", "loop_id", "recorded_date", "end_date"}

    def take_apart(row: Row) -> list[Said]:
        places = ("response_id", "question_id", "loop_id", "question_option_key", "sub_question_key")
        return [
            {
                "id": value(row, "_fivetran_id") or "/".join(str(value(row, place) or "") for place in places),
                "thread_id": value(row, "response_id"),
                "text": value(row, "text") or value(row, "value"),
                "said_at": value(row, "recorded_date") or value(row, "end_date"),
                "attributes": rest(row, used),
            }
        ]

    return Layout("Qualtrics answers", take_apart, ("recorded_date", "end_date"), has_time=bool({"recorded_date", "end_date"} & fields))


def _qualtrics_export(source: Source, fields: set[str]) -> Layout | None:
    """The CSV that Qualtrics itself writes: a column a question, two rows of headings below the first."""
    if not {"ResponseId", "RecordedDate"} <= fields:
        return None
    texts, scores = _qualtrics_questions(fields)

    def take_apart(row: Row) -> list[Said]:
        if str(row.get("ResponseId", "")).startswith(("Response ID", "{")):
            return [{"reject": "heading below the header line"}]
        return _qualtrics_response(source, row, texts, scores)

    note = f"{source.name}: words are read from {', '.join(texts) or 'no column'}, the score from {', '.join(scores[:1]) or 'no column'}"
    return Layout("a Qualtrics export", take_apart, ("RecordedDate",), [note])


def _qualtrics_interface(source: Source, fields: set[str]) -> Layout | None:
    """Responses as Qualtrics' API gives them: answers nested in `values`, the words of choices in `labels`."""
    if not {"responseId", "values"} <= fields:
        return None

    def take_apart(row: Row) -> list[Said]:
        if is_true(row.get(GONE)):
            return [_gone(row["responseId"])]
        values = row["values"] if isinstance(row.get("values"), dict) else {}
        texts, scores = _qualtrics_answered(values)
        return [said | _whole(said) for said in _qualtrics_response(source, {**values, "responseId": row.get("responseId")}, texts, scores)]

    note = f"{source.name}: words are read from every open question (…_TEXT), the score from the first NPS; [[sources.{source.name}.questions]] names others"
    return Layout("Qualtrics responses", take_apart, notes=[note] if source.connector == "qualtrics" else [], zone="UTC")


def _qualtrics_answered(values: Row) -> tuple[list[str], list[str]]:
    """The answers of one response that are words, and the one that is an NPS: it has its group beside it."""
    texts = sorted(name for name in values if _QUALTRICS_WORDS.fullmatch(name))
    return texts, sorted(name for name in values if _QUALTRICS_SCORE.fullmatch(name) or f"{name}_NPS_GROUP" in values)


def _qualtrics_questions(fields: set[str]) -> tuple[list[str], list[str]]:
    """The columns that hold words (those of open questions, else any question's) and those that hold an NPS."""
    texts = sorted(name for name in fields if _QUALTRICS_WORDS.fullmatch(name)) or sorted(name for name in fields if re.fullmatch(r"Q(ID)?\d+", name))
    return texts, sorted(name for name in fields if _QUALTRICS_SCORE.fullmatch(name))


def _qualtrics_response(source: Source, row: Row, texts: list[str], scores: list[str]) -> list[Said]:
    meta = {name[:1].lower() + name[1:]: cell for name, cell in row.items()}
    if reason := _not_meant(meta):
        return [{"reject": reason, "id": value(meta, "responseId")}]
    used = {*texts, *scores, *(name for name in row if name[:1].lower() + name[1:] in _QUALTRICS_META or name.lower() in DIMENSIONS)}
    base: Said = {
        "id": value(meta, "responseId"),
        "customer_id": value(meta, "externalReference") or value(meta, "externalDataReference"),
        "said_at": value(meta, "recordedDate"),
        "language": value(meta, "userLanguage"),
        "channel": value(meta, "distributionChannel"),
        "attributes": rest(row, used),
    }
    base |= own_dimensions(row, base)
    score = {"score": value(row, scores[0]), "score_scale": source.score_scale or NPS, "score_name": source.score_name or "NPS"} if scores else {}
    return parts(base, row, texts, score) if texts else [{**base, **score, "text": None}]


def _not_meant(meta: Row) -> str | None:
    """Why a response is not a customer's: somebody tried the survey, or a machine filled it in."""
    status = re.sub(r"\W", "", str(meta.get("status", ""))).lower()
    return _QUALTRICS_NOT_MEANT.get(status) or ("survey preview" if meta.get("distributionChannel") == "preview" else None)


LAYOUTS: tuple[Callable[[Source, set[str]], Layout | None], ...] = (_typeform, _qualtrics_answers, _qualtrics_export, _qualtrics_interface)
