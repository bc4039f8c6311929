"""What is private goes, and what only looks like it stays."""

from __future__ import annotations

import json
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_records import Nights, nights, said

from listening.records import privacy

__all__ = ["nights"]

PRIVATE = {
    "[e-mail]": ["write to anna.smith+x@mail.example.co.uk please", "me@firma.de", "o'neill@example.ie.", "<bob@example.com>"],
    "[phone]": [
        "call me on 07700 900123", "ring 020 7946 0018 today", "+44 20 7946 0018", "+44 (0)20 7946 0018", "0044 7700 900123", "(020) 7946 0018",
        "01632 960 001",
        "07700-900-123.", "phone 07700 900123, thanks", "07700 900123 or 07700 900124", "call (555) 555-0123 now", "212-555-0187", "212.555.0187",
        "+1 212 555 0187", "1-800-555-0199", "Tel. 030 901820", "030/901820", "0171 1234567", "0171-1234567", "+49 171 1234567", "+49 (0)30 901820",
        "06 12 34 56 78", "01.42.34.56.78", "+33 6 12 34 56 78", "0612345678", "+34 612 345 678", "612 345 678",
    ],
    "[card]": ["card 4111 1111 1111 1111 was charged", "5500-0000-0000-0004", "378282246310005", "my card:4111111111111111"],
    "[iban]": [
        "GB82 WEST 1234 5698 7654 32", "DE89370400440532013000", "FR1420041010050500013M02606 please", "IBAN DE89 3704 0044 0532 0130 00 bitte",
        "gb82 west 1234 5698 7654 32",
    ],
    "[number]": [
        "account number 12345678", "Account no. 1234 5678", "order #1234567", "order number: 100-2345678", "order 4521987 never came", "order AB1234",
        "my policy AB-123456", "reference ABC12345", "booking ref. XK48213", "invoice INV-20045", "ticket 98765", "card ending 4242", "sort code 12-34-56",
        "customer id C1234567", "tracking number 1Z999AA10123456784", "NHS number 943 476 5919", "ssn 078-05-1120", "Bestellnummer 4521987",
        "Kundennummer: 123456", "Rechnung Nr. 2024-00123", "N° de commande 4521987", "numéro de compte 123456789", "pedido 4521987",
        "número de cliente 448812", "it is 12345678901",
    ],
}  # fmt: skip
PLAIN = [
    "it cost £1,250.00 and then 1.250,00 EUR", "$12,345.67", "€19.99", "paid 129.99 in 2023",
    "on 12/05/2023 I wrote", "2023-05-12", "12.05.2023", "12 May 2023",
    "at 10:30 or 14.30", "10:30-11:45", "08.00-17.00 Uhr", "Mon-Fri 0900-1700", "2019-2020", "from 2019 to 2021", "walked 1500 m", "12,500 km", "100000 miles",
    "1 000 000", "3.5 hours", "order of 25000 units", "order 1500 kg of sand", "ordered 1200 pieces",
    "order is 3500 euros", "room 1204", "flight BA2490", "iPhone 15",
    "24/7", "50/50", "score 8/10", "order 2023 was better", "customer since 2015", "customer 1500 miles away", "20 000 customers",
    "12000000 users", "case of 12",
    "I waited 45 minutes on 3 calls", "10.000 Schritte", "1,000,000 times", "200-300 people", "between 2000 and 3000", "200 300 400 metres", "W1A 1AA",
    "12345 Berlin", "ISO 27001", "error code 80070005", "Windows 10 22H2", "1080p", "model XR-2000", "ticket 45.00", "policy 2020 terms", "my case 2 weeks ago",
    "2 000 000 €", "USD 45000000", "€ 12000000", "70-80%", "99,95 €", "30/06/2025 14:05", "20250630", "30.06.2025-05.07.2025", "2-3 weeks", "0.000001",
    "contract 24 months", "member 10000 points", "meter 45678 kWh", "2023 2024 2025",
]  # fmt: skip


@pytest.mark.parametrize(("mark", "text"), [(mark, text) for mark, texts in PRIVATE.items() for text in texts])
def test_what_is_private_goes(mark: str, text: str) -> None:
    (redacted,) = privacy.redact([text])
    kinds = {mark, "[number]"} if mark == "[phone]" else {mark, "[phone]"} if "NHS" in text or "ssn" in text else {mark}
    assert redacted is not None
    assert kinds & set(re.findall(r"\[[a-z-]+\]", redacted))
    assert not re.search(r"\d{4}|@", redacted)


@pytest.mark.parametrize("text", PLAIN)
def test_prices_dates_times_and_counts_stay(text: str) -> None:
    assert privacy.redact([text]) == [text]


def test_texts_and_their_absence_keep_their_places() -> None:
    assert privacy.redact([None, "fine", "a@b.de", ""]) == [None, "fine", "[e-mail]", ""]


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.sampled_from("0123456789 -/.,()+@abZ£:#\n")) | st.text())
def test_redacting_twice_is_redacting_once(text: str) -> None:
    text = text.encode("utf-8", "replace").decode()
    once = privacy.redact([text])
    assert privacy.redact(once) == once


@settings(max_examples=60, deadline=None)
@given(st.integers(10**14, 10**15 - 1))
def test_a_number_with_luhns_check_digit_is_a_card_however_it_is_grouped(body: int) -> None:
    digits = f"{body}"
    check = next(sign for sign in "0123456789" if privacy._is_card(digits + sign))
    card = digits + check
    for written in (card, " ".join(card[place : place + 4] for place in range(0, 16, 4)), "-".join(card[place : place + 4] for place in range(0, 16, 4))):
        assert privacy.redact([f"it was {written} on file"]) == ["it was [card] on file"]


@pytest.mark.parametrize(
    "text", ["a" * 50_000 + "@", "a.b-" * 12_000, "-" * 50_000, "1 " * 25_000, "order no. " * 5_000, "x" * 50_000 + "nummer 1234", "AB12 " * 10_000]
)
def test_no_text_takes_long(text: str) -> None:
    started = time.monotonic()
    privacy.redact([text])
    assert time.monotonic() - started < 3


def test_private_columns_are_not_kept_and_the_others_are_redacted() -> None:
    cells = {
        "First Name": "Anna", "customer_name": "Anna Smith", "Recipient Email": "a@b.de", "IPAddress": "10.0.0.1", "LocationLatitude": 51.5,
        "Postcode": "W1A 1AA",
        "date of birth": "1990-01-01", "assignee_id": 360, "Mobile": "07700 900123", "user agent": "Mozilla", "_fivetran_synced": "2025-01-01", "nothing": None,
        "not a number": float("nan"), "lounge_name": "First class", "product name": "Kettle", "note": "call 07700 900123", "size": 42, "is_new": False,
        "deep": {"name": "Anna", "plan": "gold", "mail": "a@b.de", "list": [{"phone": "07700 900123", "city": "Leeds"}]},
    }  # fmt: skip
    kept = privacy.kept_attributes(cells)
    deep = json.loads(str(kept.pop("deep")))
    assert kept == {"lounge_name": "First class", "product name": "Kettle", "note": "call [phone]", "size": 42, "is_new": False}
    assert deep == {"plan": "gold", "list": [{"city": "Leeds"}]}


def test_nothing_private_reaches_a_record(nights: Nights) -> None:
    marker = "zq.marker@example.com"
    nights(
        [
            said(
                1, f"Write to {marker}", title=f"From {marker}", email=marker, note=f"was {marker}", url=f"https://x.example/?to={marker}", deep={"a": [marker]}
            ),
            said(2, "e-mail zq.mar\u200bker@example.com \u202eplease"),
        ]
    )
    assert "marker" not in json.dumps(list(nights.kept.values()), default=str)
    assert nights.texts["2"] == "e-mail [e-mail] please"
