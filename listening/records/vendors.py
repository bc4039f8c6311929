"""Exports that many companies have: Zendesk and Intercom, as their interfaces or a warehouse loader write them; surveys stand in forms.py."""

from __future__ import annotations

import json
import re
from typing import Any

from listening.records import forms, stores
from listening.records.rows import Layout, Row, Said, author, own_dimensions, rest, value
from listening.workspace import DIMENSIONS, GONE, Source

GOOD_OR_BAD = (0.0, 1.0)
FIVE = (1.0, 5.0)
_LOADED = "_fivetran_synced"  # loaders write naive times in UTC


def recognise(source: Source, fields: set[str]) -> Layout | None:
    """The layout of a well-known export by its columns; None for any other."""
    for known in (
        _zendesk_tickets,
        _zendesk_comments,
        _zendesk_chats,
        _intercom_interface,
        _intercom_parts,
        _intercom_conversations,
        *forms.LAYOUTS,
        *stores.KNOWN,
    ):
        if layout := known(source, fields):
            layout.zone = "UTC" if _LOADED in fields else layout.zone
            return layout
    return None


def _zendesk_tickets(source: Source, fields: set[str]) -> Layout | None:
    """Tickets as the API gives them (with or without `comments`), or as a warehouse export flattens them."""
    if not {"id", "created_at", "requester_id"} <= fields or not {"description", "comments"} & fields:
        return None

    def take_apart(row: Row) -> list[Said]:
        base = _zendesk_ticket(row)
        said = _zendesk_messages(row, base) + _zendesk_satisfaction(row, base)
        return said or [{**base, "id": base["thread_id"], "said_at": value(row, "created_at"), "text": None}]

    return Layout("Zendesk tickets", take_apart, ("created_at", "updated_at"))


def _zendesk_ticket(row: Row) -> Said:
    """What all messages of a ticket share. `whole` names the ticket itself, so that its deletion takes all of them."""
    used = {
        "id", "created_at", "updated_at", "description", "comments", "requester_id", "customer_id", "organization_id", "subject", "status", "url",
        "satisfaction_rating", "via", "via_channel", "brand_id", "fields", "is_public", *DIMENSIONS,
    }  # fmt: skip
    ticket = _key(row.get("id"))
    base: Said = {
        "thread_id": ticket,
        "whole": f"{ticket}/*",
        "account_id": value(row, "organization_id"),
        "customer_id": _customer(row),
        "url": value(row, "url"),
        "updated_at": value(row, "updated_at"),
        "deleted": value(row, "status") == "deleted" or value(row, "_fivetran_deleted"),
        "channel": value(row, "via.channel") or value(row, "via_channel"),
        "brand": value(row, "brand_id"),
        "attributes": rest(row, used),
    }
    return base | own_dimensions(row, base)


def _zendesk_messages(row: Row, base: Said) -> list[Said]:
    """The ticket's messages. Its description is its first comment, so the two are one message, with the ticket's id."""
    comments = _objects(row.get("comments"))
    description = value(row, "description")
    first = next((place for place, comment in enumerate(comments) if _is_description(row, comment, description)), None)
    said = [_zendesk_comment(row, comment, base, place, place == first) for place, comment in enumerate(comments)]
    if first is None and description is not None:
        submitter = value(row, "submitter_id")
        writer = "customer" if submitter is None or _key(submitter) == _key(row.get("requester_id")) else "agent"
        message = {"id": base["thread_id"], "text": description, "said_at": value(row, "created_at"), "author": writer, "public": value(row, "is_public")}
        said.insert(0, {**base, **message, "title": value(row, "subject")})
    return said


def _is_description(row: Row, comment: Row, description: Any) -> bool:
    is_same = description is not None and (_words(_body(comment)) or _body(comment)) == (_words(description) or description)
    return is_same or (value(comment, "created_at") is not None and comment["created_at"] == row.get("created_at"))


def _zendesk_comment(row: Row, comment: Row, base: Said, place: int, is_first: bool) -> Said:
    ticket, number = base["thread_id"], comment.get("id")
    own = ticket if is_first else f"{ticket}/{place if number is None else _key(number)}"
    return {
        **base,
        "id": own,
        "title": value(row, "subject") if is_first else None,
        "text": _body(comment),
        "said_at": value(comment, "created_at") or value(row, "created_at"),
        "public": comment.get("public", True),
        "author": _zendesk_writer(row, comment),
    }


def _zendesk_writer(row: Row, comment: Row) -> str:
    """By the writer's role where the export has it; else the requester is the customer, -1 a bot, and anybody else an agent."""
    role = value(comment, "author.role")
    if role is not None:
        return "customer" if role == "end-user" else "agent"
    writer = _key(comment.get("author_id"))
    return "bot" if writer == "-1" else "customer" if writer == _key(row.get("requester_id")) else "agent"


def _zendesk_satisfaction(row: Row, base: Said) -> list[Said]:
    score = str(value(row, "satisfaction_rating.score") or "")
    if not score.startswith(("good", "bad")):
        return []
    dates = (value(row, "satisfaction_rating.created_at"), value(row, "satisfaction_rating.updated_at"), value(row, "updated_at"), value(row, "created_at"))
    rating = {
        "id": f"{base['thread_id']}/satisfaction",
        "said_at": next((date for date in dates if date is not None), None),
        "text": value(row, "satisfaction_rating.comment"),
        "score": 1 if score.startswith("good") else 0,
        "score_scale": GOOD_OR_BAD,
        "score_name": "CSAT",
    }
    return [{**base, **rating}]


def _zendesk_comments(source: Source, fields: set[str]) -> Layout | None:
    if not {"id", "body", "public", "ticket_id", "user_id"} <= fields:
        return None
    used = {"id", "body", "public", "ticket_id", "user_id", "created", "created_at", "_fivetran_deleted"}

    def take_apart(row: Row) -> list[Said]:
        return [
            {
                "id": value(row, "id"),
                "thread_id": value(row, "ticket_id"),
                "customer_id": value(row, "user_id"),
                "author": "bot" if _key(row.get("user_id")) == "-1" else "customer",
                "text": value(row, "body"),
                "public": value(row, "public"),
                "said_at": value(row, "created") or value(row, "created_at"),
                "deleted": value(row, "_fivetran_deleted"),
                "attributes": rest(row, used),
            }
        ]

    note = f"{source.name}: a table of comments does not say who is an agent, so every public one counts as a customer's; tickets as JSON do say it"
    return Layout("Zendesk ticket comments", take_apart, ("created", "created_at"), [note])


def _zendesk_chats(source: Source, fields: set[str]) -> Layout | None:
    """Chat events: only messages have words, and those of the business are not a customer's."""
    if not {"chat_id", "actor_id", "chat_index", "message", "type", "created_at"} <= fields:
        return None
    used = {"chat_id", "actor_id", "chat_index", "message", "message_id", "type", "created_at", "original_message", "url", "_fivetran_deleted"}

    def take_apart(row: Row) -> list[Said]:
        if value(row, "type") != "ChatMessage":
            return [{"reject": "chat event without words", "id": value(row, "message_id")}]
        number = value(row, "message_id") or f"{row.get('chat_id')}/{row.get('created_at')}/{row.get('chat_index')}/{row.get('actor_id')}"
        return [
            {
                "id": number,
                "thread_id": value(row, "chat_id"),
                "text": value(row, "message"),
                "author": _chat_writer(row),
                "customer_id": value(row, "actor_id"),
                "said_at": value(row, "created_at"),
                "deleted": value(row, "_fivetran_deleted"),
                "attributes": rest(row, used),
            }
        ]

    return Layout("Zendesk chat events", take_apart, ("created_at",))


def _chat_writer(row: Row) -> str:
    actor = str(value(row, "actor_id") or "")
    if actor.startswith("__"):
        return "bot"
    original = _parsed(row.get("original_message"))
    kind = value(original, "author.type") if isinstance(original, dict) else None
    return "agent" if actor.startswith("agent:") or kind == "BUSINESS" else "customer"


def _intercom_interface(source: Source, fields: set[str]) -> Layout | None:
    """Conversations as Intercom's API gives them, with their parts."""
    if not {"id", "created_at", "source", "conversation_parts"} <= fields:
        return None
    used = {
        "id", "type", "created_at", "updated_at", "source", "conversation_parts", "conversation_rating", "contacts", "state", "statistics", "teammates", GONE,
    }  # fmt: skip

    def take_apart(row: Row) -> list[Said]:
        conversation, opening = _key(row.get("id")), _object(row.get("source"))
        base: Said = {
            "thread_id": conversation,
            "whole": f"{conversation}/*",
            "updated_at": value(row, "updated_at"),
            "deleted": row.get(GONE),
            "channel": value(opening, "type"),
            "attributes": rest(row, used),
        }
        listed = _parsed(row.get("conversation_parts"))
        listed = listed.get("conversation_parts") if isinstance(listed, dict) else listed
        title = None if opening.get("redacted") else value(opening, "subject")
        said = [{**base, **_intercom_message(opening, row), "id": conversation, "title": title}] if _has_words(opening) else []
        said += [{**base, **_intercom_message(part, row), "id": f"{conversation}/{_key(part.get('id'))}"} for part in _objects(listed) if _has_words(part)]
        if value(row, "conversation_rating.rating") is not None:
            rated_at = value(row, "conversation_rating.created_at") or value(row, "updated_at")
            remark, score = value(row, "conversation_rating.remark"), value(row, "conversation_rating.rating")
            said.append({**base, **_rating(conversation, remark, score, rated_at), "customer_id": value(row, "conversation_rating.contact.id")})
        return said or [{**base, "id": conversation, "said_at": value(row, "created_at"), "text": None}]

    return Layout("Intercom conversations", take_apart, ("created_at", "updated_at"))


def _has_words(message: Row) -> bool:
    """Whether a message has words, or may have had some before they were redacted or taken back by their writer."""
    is_a_customers = bool(message.get("author")) and author(value(message, "author.type")) == "customer" and value(message, "part_type") in (None, "comment")
    return bool(value(message, "body") or message.get("redacted") or is_a_customers)


def _intercom_message(message: Row, conversation: Row) -> Said:
    return {
        "text": None if message.get("redacted") else value(message, "body"),
        "author": author(value(message, "author.type")),
        "customer_id": value(message, "author.id"),
        "public": not str(value(message, "part_type") or "").startswith("note"),
        "said_at": value(message, "created_at") or value(conversation, "created_at"),
        "url": value(message, "url"),
    }


def _rating(conversation: str, remark: Any, score: Any, said_at: Any) -> Said:
    return {"id": f"{conversation}/rating", "text": remark, "score": score, "score_scale": FIVE, "score_name": "CSAT", "said_at": said_at}


def _intercom_conversations(source: Source, fields: set[str]) -> Layout | None:
    if not {"id", "created_at", "source_body", "source_author_type"} <= fields:
        return None
    used = {
        "id", "created_at", "updated_at", "source_body", "source_subject", "source_author_type", "source_author_id", "source_url",
        "conversation_rating_value", "conversation_rating_remark", "conversation_rating_created_at", "_fivetran_deleted",
    }  # fmt: skip

    def take_apart(row: Row) -> list[Said]:
        conversation = _key(row.get("id"))
        base: Said = {
            "thread_id": conversation,
            "updated_at": value(row, "updated_at"),
            "customer_id": value(row, "source_author_id"),
            "url": value(row, "source_url"),
            "deleted": value(row, "_fivetran_deleted"),
        }
        opening = {
            "id": conversation,
            "title": value(row, "source_subject"),
            "text": value(row, "source_body"),
            "said_at": value(row, "created_at"),
            "author": author(value(row, "source_author_type")),
            "attributes": rest(row, used),
        }
        said = [{**base, **opening}]
        if value(row, "conversation_rating_value") is not None:
            rated_at = value(row, "conversation_rating_created_at") or value(row, "updated_at")
            remark, score = value(row, "conversation_rating_remark"), value(row, "conversation_rating_value")
            said.append({**base, **_rating(conversation, remark, score, rated_at)})
        return said

    return Layout("Intercom conversations", take_apart, ("created_at", "updated_at"))


def _intercom_parts(source: Source, fields: set[str]) -> Layout | None:
    if not {"id", "author_type", "conversation_id", "part_type", "body"} <= fields:
        return None
    used = {"id", "author_type", "author_id", "conversation_id", "part_type", "body", "created_at", "updated_at", "_fivetran_deleted"}

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
                "deleted": value(row, "_fivetran_deleted"),
                "attributes": rest(row, used),
            }
        ]

    return Layout("Intercom conversation parts", take_apart, ("created_at", "updated_at"))


def _customer(row: Row) -> Any:
    """The company's own name of the customer where the row has it, else the system's."""
    own = value(row, "customer_id")
    return own if own is not None else value(row, "requester_id")


def _body(comment: Row) -> Any:
    return value(comment, "plain_body") or value(comment, "html_body") or value(comment, "body")


def _objects(cell: Any) -> list[Row]:
    """A list of objects, also where a table's cell holds it as JSON text."""
    cell = _parsed(cell)
    return [each for each in cell if isinstance(each, dict)] if isinstance(cell, list) else []


def _object(cell: Any) -> Row:
    """An object, also where a table's cell holds it as JSON text; empty where there is none."""
    cell = _parsed(cell)
    return cell if isinstance(cell, dict) else {}


def _parsed(cell: Any) -> Any:
    if not isinstance(cell, str) or cell.lstrip()[:1] not in ("[", "{"):
        return cell
    try:
        return json.loads(cell)
    except ValueError:
        return None


def _key(cell: Any) -> str:
    """An id as text, the same whether it came as 12, 12.0 or '12'."""
    return re.sub(r"(?<=\d)\.0$", "", str(cell).strip()) if cell is not None and cell == cell else ""


def _words(text: Any) -> str:
    return re.sub(r"<[^>]+>|\W+", " ", str(text or "")).strip().casefold()
