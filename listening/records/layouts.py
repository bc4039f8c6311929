"""What a source's columns mean: takes a row as it was exported, gives the things said in it under canonical names.

A layout is found in this order: the columns that the configuration names; a well-known export (Zendesk, Intercom,
Qualtrics); obvious names. What was guessed is told, so that a person can put it right.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from listening.workspace import DIMENSIONS, Mend, Question, Source

Row = dict[str, Any]
Said = dict[str, Any]

# their names squeezed to letters and digits, the likeliest first
OBVIOUS: dict[str, tuple[str, ...]] = {
    name: tuple(words.split())
    for name, words in {
        "id": ("id responseid recordid reviewid answerid commentid messageid feedbackid surveyresponseid uuid ticketid caseid complaintid"),
        "said_at": (
            "saidat date createdat created submittedat submitted submitdate timestamp responsedate datereceived receivedat "
            "recordeddate reviewdate publishedat postedat datetime time enddate datesubmitted datecreated surveydate completedat"
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
        "customer_id": "customerid customer clientid userid memberid customernumber custid",
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
PRIVATE = re.compile(
    r"ip_?addr|^ip$|latitude|longitude|^lat$|^lng$|^lon$|e_?mail|phone|first_?name|last_?name|full_?name|^name$|street|address|user_?agent|password|token", re.I
)
AGENTS = frozenset({"agent", "admin", "staff", "operator", "team", "employee", "teammate", "business"})
BOTS = frozenset({"bot", "system", "automation", "workflow", "operatorbot", "assistant", "autoresponder"})


@dataclass
class Layout:
    """How rows of one pull are read. `dates` names the columns whose day order matters."""

    name: str
    take_apart: Callable[[Row], list[Said]]
    dates: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)
    has_time: bool = True


def choose(source: Source, fields: list[str]) -> Layout:
    """The layout for a pull with these fields.

    Raises:
        Mend: the configuration names columns that are not there, or nothing says which column holds the words.
    """
    if source.columns or source.questions:
        return _configured(source, fields)
    for recognise in (_zendesk_tickets, _zendesk_comments, _intercom_parts, _intercom_conversations, _qualtrics_answers, _qualtrics_export):
        if layout := recognise(source, set(fields)):
            layout.notes.append(f"{source.name} is read as {layout.name}; name columns in [sources.{source.name}] if that is wrong")
            return layout
    return _guessed(source, fields)


def value(row: Row, path: str) -> Any:
    """A cell by its column, or by a path such as `answers.comment` into nested JSON; empty text is None."""
    cell = row.get(path)
    if cell is None and "." in path:
        cell = row
        for part in path.split("."):
            cell = cell.get(part) if isinstance(cell, dict) else None
    if isinstance(cell, str) and not cell.strip():
        return None
    return cell


def author(cell: Any) -> str:
    """`customer`, `agent` or `bot`; a name or anything unknown is a customer's."""
    word = re.sub(r"[^a-z]", "", str(cell or "").lower())
    return "agent" if word in AGENTS else "bot" if word in BOTS else "customer"


def _squeezed(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _configured(source: Source, fields: list[str]) -> Layout:
    """The layout that the configuration names. Only what is named is used; the rest is kept in `attributes`."""
    texts = source.columns.get("text")
    columns = {name: column for name, column in source.columns.items() if name != "text" and isinstance(column, str)}
    text_columns = [texts] if isinstance(texts, str) else list(texts or [])
    asked = [column for question in source.questions for column in (question.text, question.score) if column]
    present = set(fields)
    named = {**columns, **{f"text ({number})": column for number, column in enumerate(text_columns, 1)}}
    missing = [(name, column) for name, column in named.items() if not _is_there(column, present)]
    missing += [("questions", column) for column in asked if not _is_there(column, present)]
    missing += [(f"dimensions.{name}", column) for name, column in source.dimensions.items() if not _is_there(column, present)]
    if missing:
        name, column = missing[0]
        raise Mend(
            f"there is no column '{column}', which [sources.{source.name}] names for {name}. "
            f"The columns are: {', '.join(fields[:30])}. Mend the name in listening.toml, or the export."
        )
    if not text_columns and "score" not in columns and not source.questions:
        raise Mend(f"[sources.{source.name}] names no column for text or score; add columns = {{text = '…'}}.")
    return _by_columns(source, fields, columns, text_columns, "the configured columns", source.dimensions)


def _guessed(source: Source, fields: list[str]) -> Layout:
    squeezed: dict[str, str] = {}
    for name in fields:
        squeezed.setdefault(_squeezed(name), name)
    columns: dict[str, str] = {}
    for canonical, candidates in OBVIOUS.items():
        found = next((squeezed[name] for name in candidates if name in squeezed and squeezed[name] not in columns.values()), None)
        if found and not (canonical == "thread_id" and found == columns.get("id")):
            columns[canonical] = found
    if "text" not in columns and "score" not in columns:
        raise Mend(
            f"nothing says which column holds the words. The columns are: {', '.join(fields[:30])}. "
            f"Add columns = {{text = '…', said_at = '…'}} to [sources.{source.name}]."
        )
    dimensions = {name: squeezed[name] for name in DIMENSIONS if name in squeezed and squeezed[name] not in columns.values()}
    texts = [columns.pop("text")] if "text" in columns else []
    layout = _by_columns(source, fields, columns, texts, "obvious names", {**dimensions, **source.dimensions})
    told = {**columns, **({"text": texts[0]} if texts else {}), **dimensions}
    layout.notes.append(f"{source.name}: guessed " + ", ".join(f"{name} = '{column}'" for name, column in told.items()))
    return layout


def _by_columns(source: Source, fields: list[str], columns: dict[str, str], texts: list[str], name: str, dimensions: dict[str, str]) -> Layout:
    used = {*columns.values(), *texts, *dimensions.values(), *(c for q in source.questions for c in (q.text, q.score) if c)}
    scale = source.score_scale or RISING_SCORES.get(_squeezed(columns.get("score", "")))
    score_name = source.score_name or columns.get("score")

    def take_apart(row: Row) -> list[Said]:
        base = {canonical: value(row, column) for canonical, column in columns.items() if canonical != "score"}
        base |= {dimension: value(row, column) for dimension, column in dimensions.items()}
        base["attributes"] = {key: cell for key, cell in row.items() if key not in used}
        if source.questions:
            return _answers(source, row, base)
        score = {"score": value(row, columns["score"]) if "score" in columns else None, "score_scale": scale, "score_name": score_name}
        if len(texts) < 2:
            return [{**base, **score, "text": value(row, texts[0]) if texts else None}]
        said = [
            {**base, "part": column, "text": value(row, column), **(score if place == 0 else {})}
            for place, column in enumerate(texts)
            if value(row, column) is not None or (place == 0 and score["score"] is not None)
        ]
        return said or [{**base, **score, "text": None}]

    dates = tuple(columns[name] for name in ("said_at", "updated_at", "experienced_at") if name in columns)
    return Layout(name, take_apart, dates, has_time="said_at" in columns)


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
                "thread_id": base.get("thread_id") or base.get("id"),
                "text": text,
                "score": score,
                "score_name": question.score_name or source.score_name or question.score,
                "score_scale": question.score_scale or source.score_scale or _rising(question),
                "stage": question.stage or base.get("stage"),
                "touchpoint": question.touchpoint or base.get("touchpoint"),
            }
        )
    return said or [{**base, "text": None}]


def _rising(question: Question) -> tuple[float, float] | None:
    return RISING_SCORES.get(_squeezed(question.score or ""))


def _is_there(column: str, fields: set[str]) -> bool:
    return column in fields or column.split(".")[0] in fields


def _rest(row: Row, used: Iterable[str]) -> Row:
    return {key: cell for key, cell in row.items() if key not in set(used)}


def _zendesk_tickets(source: Source, fields: set[str]) -> Layout | None:
    """Tickets as the API gives them (with or without `comments`), or as a warehouse export flattens them."""
    if not {"id", "created_at", "description", "requester_id"} <= fields and not {"id", "created_at", "comments", "requester_id"} <= fields:
        return None
    used = {"id", "created_at", "updated_at", "description", "comments", "requester_id", "organization_id", "subject", "status", "url", "satisfaction_rating"}

    def take_apart(row: Row) -> list[Said]:
        ticket = str(value(row, "id") or "")
        base: Said = {
            "thread_id": ticket,
            "account_id": value(row, "organization_id"),
            "url": value(row, "url"),
            "updated_at": value(row, "updated_at"),
            "deleted": value(row, "status") == "deleted",
            "channel": value(row, "via.channel") or value(row, "via_channel"),
            "brand": value(row, "brand_id"),
            "attributes": _rest(row, used | {"via", "via_channel", "brand_id", "fields"}),
        }
        base |= _obvious_dimensions(row, base)
        comments = [comment for comment in row.get("comments") or [] if isinstance(comment, dict)]
        said = [_zendesk_comment(row, comment, base, ticket) for comment in comments]
        description = value(row, "description")
        bodies = {_words(message["text"]) for message in said}
        if description is not None and _words(description) not in bodies:
            said.insert(
                0,
                {
                    **base,
                    "id": ticket,
                    "text": description,
                    "said_at": value(row, "created_at"),
                    "customer_id": value(row, "requester_id"),
                    "author": "customer",
                    "public": value(row, "is_public"),
                },
            )
        if said:
            said[0]["title"] = value(row, "subject")
        rating = row.get("satisfaction_rating")
        if isinstance(rating, dict) and rating.get("score") in ("good", "bad"):
            said.append(
                {
                    **base,
                    "id": f"{ticket}/satisfaction",
                    "said_at": rating.get("created_at") or value(row, "updated_at"),
                    "text": value(rating, "comment"),
                    "score": 1 if rating["score"] == "good" else 0,
                    "score_scale": (0.0, 1.0),
                    "score_name": "CSAT",
                    "customer_id": value(row, "requester_id"),
                }
            )
        return said or [{**base, "id": ticket, "said_at": value(row, "created_at"), "text": None}]

    return Layout("Zendesk tickets", take_apart, ("created_at", "updated_at"))


def _zendesk_comment(row: Row, comment: Row, base: Said, ticket: str) -> Said:
    role = value(comment, "author.role")
    if role is not None:
        writer = "customer" if role == "end-user" else author(role)
    else:
        writer = "bot" if comment.get("author_id") == -1 else "customer" if comment.get("author_id") == row.get("requester_id") else "agent"
    return {
        **base,
        "id": f"{ticket}/{comment.get('id')}" if comment.get("id") is not None else None,
        "text": value(comment, "plain_body") or value(comment, "html_body") or value(comment, "body"),
        "said_at": value(comment, "created_at") or value(row, "created_at"),
        "public": comment.get("public", True),
        "author": writer,
        "customer_id": comment.get("author_id") if writer == "customer" else row.get("requester_id"),
    }


def _zendesk_comments(source: Source, fields: set[str]) -> Layout | None:
    if not {"id", "body", "public", "ticket_id", "user_id"} <= fields:
        return None
    used = {"id", "body", "public", "ticket_id", "user_id", "created", "created_at"}

    def take_apart(row: Row) -> list[Said]:
        return [
            {
                "id": value(row, "id"),
                "thread_id": value(row, "ticket_id"),
                "customer_id": value(row, "user_id"),
                "text": value(row, "body"),
                "public": value(row, "public"),
                "said_at": value(row, "created") or value(row, "created_at"),
                "attributes": _rest(row, used),
            }
        ]

    note = f"{source.name}: a table of comments does not say who is an agent, so every public one counts as a customer's; tickets as JSON do say it"
    return Layout("Zendesk ticket comments", take_apart, ("created", "created_at"), [note])


def _intercom_conversations(source: Source, fields: set[str]) -> Layout | None:
    if not {"id", "created_at", "source_body", "source_author_type"} <= fields:
        return None
    used = {
        "id",
        "created_at",
        "updated_at",
        "source_body",
        "source_subject",
        "source_author_type",
        "source_author_id",
        "source_url",
        "conversation_rating_value",
        "conversation_rating_remark",
        "conversation_rating_created_at",
    }

    def take_apart(row: Row) -> list[Said]:
        conversation = str(value(row, "id") or "")
        base: Said = {
            "thread_id": conversation,
            "updated_at": value(row, "updated_at"),
            "customer_id": value(row, "source_author_id"),
            "url": value(row, "source_url"),
        }
        said = [
            {
                **base,
                "id": conversation,
                "title": value(row, "source_subject"),
                "text": value(row, "source_body"),
                "said_at": value(row, "created_at"),
                "author": author(value(row, "source_author_type")),
                "attributes": _rest(row, used),
            }
        ]
        if value(row, "conversation_rating_value") is not None:
            said.append(
                {
                    **base,
                    "id": f"{conversation}/rating",
                    "text": value(row, "conversation_rating_remark"),
                    "score": value(row, "conversation_rating_value"),
                    "score_scale": (1.0, 5.0),
                    "score_name": "CSAT",
                    "said_at": value(row, "conversation_rating_created_at") or value(row, "updated_at"),
                }
            )
        return said

    return Layout("Intercom conversations", take_apart, ("created_at", "updated_at"))


def _intercom_parts(source: Source, fields: set[str]) -> Layout | None:
    if not {"id", "author_type", "conversation_id", "part_type", "body"} <= fields:
        return None
    used = {"id", "author_type", "author_id", "conversation_id", "part_type", "body", "created_at", "updated_at"}

    def take_apart(row: Row) -> list[Said]:
        return [
            {
                "id": value(row, "id"),
                "thread_id": value(row, "conversation_id"),
                "customer_id": value(row, "author_id"),
                "text": value(row, "body"),
                "public": value(row, "part_type") != "note",
                "author": author(value(row, "author_type")),
                "said_at": value(row, "created_at"),
                "updated_at": value(row, "updated_at"),
                "attributes": _rest(row, used),
            }
        ]

    return Layout("Intercom conversation parts", take_apart, ("created_at", "updated_at"))


def _qualtrics_answers(source: Source, fields: set[str]) -> Layout | None:
    """One row an answer, as a warehouse export has it; the date stands in another table, so a default is needed."""
    if not {"response_id", "question_id", "value"} <= fields:
        return None
    used = {"_fivetran_id", "response_id", "question_id", "question", "text", "value", "question_option_key", "loop_id"}

    def take_apart(row: Row) -> list[Said]:
        answer = (
            value(row, "_fivetran_id")
            or f"{value(row, 'response_id')}/{value(row, 'question_id')}/{value(row, 'loop_id') or ''}/{value(row, 'question_option_key') or ''}"
        )
        return [
            {
                "id": answer,
                "thread_id": value(row, "response_id"),
                "text": value(row, "text") or value(row, "value"),
                "said_at": value(row, "recorded_date") or value(row, "end_date"),
                "attributes": _rest(row, used),
            }
        ]

    return Layout("Qualtrics answers", take_apart, ("recorded_date", "end_date"), has_time=bool({"recorded_date", "end_date"} & fields))


def _qualtrics_export(source: Source, fields: set[str]) -> Layout | None:
    """The CSV that Qualtrics itself writes: a column a question, two rows of headings below the first."""
    if not {"ResponseId", "RecordedDate"} <= fields:
        return None
    texts = sorted(name for name in fields if re.fullmatch(r"(Q(ID)?\d+.*_TEXT)|comment.*|.*verbatim.*", name, re.I)) or sorted(
        name for name in fields if re.fullmatch(r"Q(ID)?\d+", name)
    )
    scores = sorted(name for name in fields if re.fullmatch(r"(Q(ID)?\d+_)?NPS(_?SCORE)?|Q(ID)?\d+_NPS", name, re.I))
    meta = {
        "StartDate",
        "EndDate",
        "Status",
        "IPAddress",
        "Progress",
        "Duration (in seconds)",
        "Finished",
        "RecordedDate",
        "ResponseId",
        "RecipientLastName",
        "RecipientFirstName",
        "RecipientEmail",
        "ExternalReference",
        "LocationLatitude",
        "LocationLongitude",
        "DistributionChannel",
        "UserLanguage",
    }

    def take_apart(row: Row) -> list[Said]:
        if str(row.get("ResponseId", "")).startswith(("Response ID", "{")):
            return [{"reject": "heading below the header line", "text": None, "said_at": None}]
        base: Said = {
            "id": value(row, "ResponseId"),
            "thread_id": value(row, "ResponseId"),
            "customer_id": value(row, "ExternalReference"),
            "said_at": value(row, "RecordedDate"),
            "language": value(row, "UserLanguage"),
            "attributes": _rest(row, {*meta, *texts, *scores}),
        }
        base |= _obvious_dimensions(row, base)
        score = {"score": value(row, scores[0]), "score_scale": (0.0, 10.0), "score_name": "NPS"} if scores else {}
        said = [{**base, "part": column, "text": value(row, column)} for column in texts if value(row, column) is not None]
        if said:
            said[0] |= score
        return said or [{**base, **score, "part": scores[0] if scores else None, "text": None}]

    return Layout("a Qualtrics export", take_apart, ("RecordedDate",))


def _obvious_dimensions(row: Row, base: Said) -> Said:
    return {name: value(row, name) for name in DIMENSIONS if name in row and not isinstance(row[name], dict | list) and not base.get(name)}


def _words(text: Any) -> str:
    return re.sub(r"<[^>]+>|\W+", " ", str(text or "")).strip().casefold()


def kept_attributes(cells: Row) -> Row:
    """What is kept beside the canonical columns: named values, without what only tells who or where somebody is."""
    kept = {}
    for key, cell in cells.items():
        if cell in (None, "", [], {}) or PRIVATE.search(key):
            continue
        kept[key] = cell if isinstance(cell, str | int | float | bool) else json.dumps(cell, ensure_ascii=True, default=str)
    return kept
