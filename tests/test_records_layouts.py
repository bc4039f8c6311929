"""Well-known exports and obvious names: what the columns mean, and who speaks."""

from __future__ import annotations

import datetime as dt
import json
import shutil
import time
from collections.abc import Callable
from typing import Any

import pytest
from conftest import REAL_DATA, settle
from hypothesis import given, settings
from hypothesis import strategies as st
from test_records import REVIEWS, Nights, anew, counts, nights

from listening.records import layouts
from listening.workspace import Mend, Source

__all__ = ["anew", "nights"]
TICKETS = REVIEWS.replace('"review"', '"ticket"')
Row = dict[str, Any]


def source(**more: Any) -> Source:
    return Source(name="voices", connector="files", kind="ticket", path="inbox/*", **more)


def comment(number: int, author: int, body: str, *, public: bool = True, minute: int = 0) -> Row:
    return {"id": number, "author_id": author, "body": body, "public": public, "created_at": f"2025-06-01T10:{minute:02d}:00Z"}


def ticket(*comments: Row, updated: str = "2025-06-02T10:00:00Z", **more: Any) -> Row:
    return {
        "id": 7, "created_at": "2025-06-01T10:00:00Z", "updated_at": updated, "requester_id": 20, "subject": "Hello there", "status": "open",
        "description": "The bill is wrong", "comments": list(comments), "via": {"channel": "email"}, **more,
    }  # fmt: skip


OPENING = comment(1, 20, "The bill is wrong")


# Zendesk


def test_a_tickets_messages_are_the_requesters_and_the_others_are_rejected_with_a_reason(nights: Nights) -> None:
    shaped = nights(
        [
            ticket(
                OPENING, comment(2, 99, "Sorry"), comment(3, -1, "We got it"), comment(4, 99, "Rude one", public=False), comment(5, 20, "Still wrong", minute=9)
            )
        ]
    )
    assert counts(shaped) == {"new": 2, "rejected": 3}
    assert nights.texts == {"7": "Hello there\nThe bill is wrong", "7/5": "Still wrong"}
    assert nights.reasons == [("7/2", "agent"), ("7/3", "bot"), ("7/4", "internal note")]
    assert {(row["thread_id"], row["customer_id"], row["channel"]) for row in nights.kept.values()} == {("7", "20", "email")}


def test_the_requesters_own_private_comment_is_an_internal_note(nights: Nights) -> None:
    nights([ticket(OPENING, comment(2, 20, "Not for all", public=False, minute=1))])
    assert nights.reasons == [("7/2", "internal note")]


def test_a_description_that_is_the_first_comment_is_one_message_with_and_without_comments(nights: Nights) -> None:
    assert counts(nights([ticket()])) == {"new": 1}
    assert counts(nights([ticket(OPENING, comment(5, 20, "Still wrong", minute=9), updated="2025-06-03T10:00:00Z")])) == {"repeated": 1, "new": 1}


def test_a_writers_role_and_the_companys_own_customer_id_win(nights: Nights) -> None:
    nights([ticket({**OPENING, "author": {"role": "end-user"}}, {**comment(2, 20, "As your agent"), "author": {"role": "admin"}}, customer_id="F20")])
    assert nights.kept["7"]["customer_id"] == "F20"
    assert nights.reasons == [("7/2", "agent")]


def test_a_ticket_that_an_agent_opened_does_not_put_words_in_the_customers_mouth(nights: Nights) -> None:
    assert counts(nights([ticket(submitter_id=99)])) == {"rejected": 1}


def test_an_edited_comment_is_updated_and_an_emptied_one_deleted(nights: Nights) -> None:
    nights([ticket(OPENING, comment(5, 20, "Still wrong", minute=9))])
    shaped = nights([ticket({**OPENING, "body": "The bill is right"}, comment(5, 20, "", minute=9), updated="2025-06-03T10:00:00Z")])
    assert counts(shaped) == {"updated": 1, "deleted": 1}
    assert nights.texts == {"7": "Hello there\nThe bill is right"}


def test_a_deleted_ticket_takes_all_its_messages_also_those_it_no_longer_lists(nights: Nights) -> None:
    nights([ticket(OPENING, comment(2, 99, "Sorry"), comment(5, 20, "Still wrong", minute=9), comment(6, 20, "Hello?", minute=10)), {**ticket(), "id": 8}])
    gone = {"id": 7, "status": "deleted", "updated_at": "2025-06-05T10:00:00Z", "created_at": None, "requester_id": None, "description": "SCRUBBED"}
    assert counts(nights([gone])) == {"deleted": 3}
    assert list(nights.kept) == ["8"]
    assert counts(nights([{**gone, "tags": []}])) == {"repeated": 1}
    assert counts(nights([ticket(OPENING, comment(5, 20, "Still wrong", minute=9), comment(9, 20, "An old one", minute=2))])) == {"repeated": 2, "deleted": 1}
    assert list(nights.kept) == ["8"]
    assert counts(nights([ticket(OPENING, updated="2025-06-06T10:00:00Z")])) == {"new": 1}


def test_a_deleted_ticket_that_an_agent_opened_takes_the_customers_replies(nights: Nights) -> None:
    opened = {"submitter_id": 99, "description": "We called you"}
    first = comment(1, 99, "We called you")
    nights([ticket(first, comment(2, 20, "I was out", minute=3), **opened)])
    nights([ticket(first, status="deleted", updated="2025-06-05T10:00:00Z", **opened)])
    assert nights.kept == {}


@settings(max_examples=15, deadline=None)
@given(order=st.permutations(range(4)), cut=st.integers(0, 4))
def test_the_newest_state_of_a_ticket_wins_in_any_order(anew: Callable[[], Nights], order: list[int], cut: int) -> None:
    reply = comment(5, 20, "Still wrong", minute=9)
    states = [
        ticket(OPENING, updated="2025-06-01T10:00:00Z"),
        ticket(OPENING, reply, updated="2025-06-02T10:00:00Z"),
        ticket(status="deleted", updated="2025-06-03T10:00:00Z"),
        ticket(OPENING, comment(6, 20, "Hello?", minute=10), updated="2025-06-04T10:00:00Z"),
    ]
    nights = anew()
    for part in filter(None, ([states[place] for place in order[:cut]], [states[place] for place in order[cut:]])):
        nights(part)
    assert nights.texts == {"7": "Hello there\nThe bill is wrong", "7/6": "Hello?"}


def test_good_and_bad_ratings_are_records_of_their_own_and_offers_are_none(nights: Nights) -> None:
    rated = [
        {**ticket(OPENING), "id": number, "satisfaction_rating": {"score": score, "comment": "Too slow"}}
        for number, score in ((1, "bad"), (2, "good"), (3, "offered"))
    ]
    nights(rated)
    ratings = {name: (row["score"], row["score_worst"], row["score_best"], row["score_name"], row["text"]) for name, row in nights.kept.items() if "/" in name}
    assert ratings == {"1/satisfaction": (0.0, 0.0, 1.0, "CSAT", "Too slow"), "2/satisfaction": (1.0, 0.0, 1.0, "CSAT", "Too slow")}


def test_a_ticket_with_ten_thousand_comments_is_read(nights: Nights) -> None:
    started = time.monotonic()
    comments = [comment(number, 20 if number % 2 else 99, f"Message {number} about the bill", minute=number % 60) for number in range(2, 10_002)]
    shaped = nights([ticket(OPENING, *comments)])
    assert counts(shaped) == {"new": 5001, "rejected": 5000}
    assert counts(nights([ticket(status="deleted", updated="2025-06-05T10:00:00Z")])) == {"deleted": 5001}
    assert time.monotonic() - started < 25


@pytest.mark.parametrize("comments", [None, "", "[]", "not json", 5, {"a": 1}, [None, 3], json.dumps([OPENING])])
def test_comments_in_another_form_lose_no_description(nights: Nights, comments: object) -> None:
    assert counts(nights([{**ticket(), "comments": comments}])) == {"new": 1}


# Intercom


def test_an_intercom_conversation_is_its_users_parts_and_its_rating(nights: Nights) -> None:
    parts = [
        {"id": "p1", "part_type": "comment", "body": "<p>Sorry</p>", "author": {"type": "admin", "id": "9"}, "created_at": 1748772000},
        {"id": "p2", "part_type": "comment", "body": "<p>Still broken</p>", "author": {"type": "user", "id": "u1"}, "created_at": 1748772060},
        {"id": "p3", "part_type": "note", "body": "He is rude", "author": {"type": "user", "id": "u1"}, "created_at": 1748772070},
        {"id": "p4", "part_type": "close", "body": None, "author": {"type": "admin", "id": "9"}, "created_at": 1748772080},
        {"id": "p5", "part_type": "comment", "body": "Was this helpful?", "author": {"type": "bot", "id": "b"}, "created_at": 1748772090},
    ]
    conversation = {
        "id": "c1", "created_at": 1748771940, "updated_at": 1748772100,
        "source": {"subject": "", "body": "<p>It is broken</p>", "author": {"type": "lead", "id": "u1"}},
        "conversation_parts": {"conversation_parts": parts}, "conversation_rating": {"rating": 2, "remark": "Too slow", "created_at": 1748772200},
    }  # fmt: skip
    assert counts(nights([conversation])) == {"new": 3, "rejected": 3}
    assert nights.texts == {"c1": "It is broken", "c1/p2": "Still broken", "c1/rating": "Too slow"}
    assert nights.kept["c1"]["said_at"] == dt.datetime(2025, 6, 1, 9, 59, tzinfo=dt.UTC)
    assert nights.reasons == [("c1/p1", "agent"), ("c1/p3", "internal note"), ("c1/p5", "bot")]


# Qualtrics

QUALTRICS = """StartDate,Status,IPAddress,RecordedDate,ResponseId,UserLanguage,Q1_NPS,Q2_TEXT,Q3_TEXT,Region
Start,Response Type,IP,Recorded Date,Response ID,User Language,How likely?,Why?,What else?,Region
"{""ImportId"":""startDate""}",x,x,x,"{""ImportId"":""_recordId""}",x,x,x,x,x
2025-06-01 10:00:00,IP Address,10.0.0.1,2025-06-01 10:05:00,R_1,EN,9,Quick app,,North
2025-06-01 10:00:00,IP Address,10.0.0.1,2025-06-01 10:05:00,R_2,DE,3,,Die Rechnung ist falsch,South
2025-06-01 10:00:00,IP Address,10.0.0.1,2025-06-01 10:05:00,R_3,EN,7,,,South
2025-06-01 10:00:00,Survey Preview,10.0.0.1,2025-06-01 10:05:00,R_4,EN,7,Just a test of it,,South
"""


def test_a_qualtrics_export_loses_its_headings_previews_and_addresses(nights: Nights) -> None:
    shaped = nights(QUALTRICS)
    assert counts(shaped) == {"new": 4, "rejected": 3}
    assert {name: (row["text"], row["score"], row["region"]) for name, row in nights.kept.items()} == {
        "R_1#Q2_TEXT": ("Quick app", 9.0, "North"),
        "R_2#Q2_TEXT": (None, 3.0, "South"),
        "R_2#Q3_TEXT": ("Die Rechnung ist falsch", None, "South"),
        "R_3#Q2_TEXT": (None, 7.0, "South"),
    }
    assert {row["thread_id"] for row in nights.kept.values()} == {"R_1", "R_2", "R_3"}
    assert "10.0.0.1" not in json.dumps(list(nights.kept.values()), default=str)


def test_responses_from_the_qualtrics_interface_are_read_alike(nights: Nights) -> None:
    values = {"recordedDate": "2025-06-01T10:05:00Z", "userLanguage": "EN", "QID1_NPS": 9, "QID2_TEXT": "Quick app", "ipAddress": "10.0.0.1", "status": 0}
    nights([{"responseId": "R_1", "values": values, "labels": {}}])
    assert {name: (row["text"], row["score"], row["attributes"]) for name, row in nights.kept.items()} == {"R_1#QID2_TEXT": ("Quick app", 9.0, None)}


# names, configured and guessed


def test_what_was_guessed_is_said(nights: Nights) -> None:
    shaped = nights("Comment ID,Submitted At,Comments,Customer Number,Region\n1,2025-06-01,The app is slow,c1,North\n")
    assert "guessed id = 'Comment ID', said_at = 'Submitted At', customer_id = 'Customer Number', text = 'Comments', region = 'Region'" in shaped.notes[0]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"columns": {"text": "words"}}, "there is no column 'words', which [sources.voices] names for text (1)"),
        ({"columns": {"text": "text", "said_at": "when"}}, "there is no column 'when', which [sources.voices] names for said_at"),
        ({"dimensions": {"region": "area"}}, "there is no column 'area', which [sources.voices] names for dimensions.region"),
        ({"columns": {"id": "id"}}, "names no column for text or score"),
        ({"questions": [{"stage": "pay"}]}, "names no column for text or score"),
    ],
)
def test_a_column_that_is_not_there_is_named_with_those_that_are(settings: Row, sentence: str) -> None:
    with pytest.raises(Mend) as problem:
        layouts.choose(source(**settings), ["id", "text", "date"])
    assert sentence in str(problem.value)


def test_columns_may_lie_inside_nested_objects(nights: Nights) -> None:
    nights.configure(TICKETS + 'columns = {id = "meta.id", said_at = "meta.at", text = "answer.words"}\n')
    nights([{"meta": {"id": 5, "at": "2025-06-01"}, "answer": {"words": "The app is slow"}, "more": "kept"}])
    assert {name: (row["text"], json.loads(row["attributes"])["more"]) for name, row in nights.kept.items()} == {"5": ("The app is slow", "kept")}


def test_configured_dimensions_are_added_to_a_well_known_export(nights: Nights) -> None:
    nights.configure(TICKETS + 'dimensions = {region = "custom.area", team = "group_id"}\n')
    nights([ticket(OPENING, custom={"area": "North"}, group_id=4)])
    assert (nights.kept["7"]["region"], nights.kept["7"]["team"]) == ("North", "4")


# exports as Fivetran writes them

EXPORTS = REAL_DATA / "export_formats"


@pytest.mark.skipif(not EXPORTS.is_dir(), reason=f"{EXPORTS} is absent, so the layouts of real exports are not tried")
@pytest.mark.parametrize(
    ("file", "counted", "fault"),
    [
        ("zendesk__ticket_data.csv", {"new": 7, "deleted": 3}, None),
        ("zendesk__ticket_comment_data.csv", {"new": 20}, None),
        ("zendesk__ticket_chat_event_data.csv", {"rejected": 12}, None),
        ("intercom__conversation_part_history_data.csv", {"rejected": 9}, None),
        ("zendesk__ticket_tag_data.csv", {"rejected": 10}, "nothing says which column holds the words"),
        ("qualtrics__question.csv", {"rejected": 5}, "nothing says which column holds the words"),
        ("qualtrics__question_option.csv", {"rejected": 5}, "no column says when something was said"),
        ("qualtrics__sub_question.csv", {"rejected": 5}, "no column says when something was said"),
        ("qualtrics__question_response.csv", {"rejected": 5}, "no column says when something was said"),
        ("qualtrics__survey_response.csv", {"rejected": 5}, "nothing says which column holds the words"),
    ],
)
def test_a_warehouse_export_is_read_or_refused_in_words(nights: Nights, file: str, counted: dict[str, int], fault: str | None) -> None:
    settle(shutil.copyfile(EXPORTS / file, nights.place.inbox / file))
    shaped = nights()
    assert counts(shaped) == counted
    assert (fault is None and not shaped.faults) or (fault is not None and fault in shaped.faults[0])


@pytest.mark.skipif(not EXPORTS.is_dir(), reason=f"{EXPORTS} is absent, so the layouts of real exports are not tried")
def test_versions_of_intercom_conversations_come_down_to_the_newest(nights: Nights) -> None:
    settle(shutil.copyfile(EXPORTS / "intercom__conversation_history_data.csv", nights.place.inbox / "history.csv"))
    shaped = nights()
    assert (shaped.seen, shaped.counts["new"], len(nights.kept)) == (9, 2, 2)
    assert {json.loads(row["attributes"])["state"] for row in nights.kept.values()} == {"closed"}
    assert not any("id column" in note for note in shaped.notes)
