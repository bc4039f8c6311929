"""Counting and telling alone: takes sizes of history, makes worlds of numbers, gives the seconds of their nights.

Twenty quarters, twelve stages and eight sources, with customers, operations and check-ins; the words are one sentence.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from listening import signals, story, warehouse
from listening.journey import DEFAULT_STAGES, Journey, Stage
from listening.meter import Meter
from listening.warehouse import Warehouse
from listening.workspace import Company

FIRST_DAY, DAYS = dt.date(2021, 1, 1), 1_826
STAGES = [*DEFAULT_STAGES, "a", "b", "c", "d"][:12]
KINDS = ["survey", "survey", "ticket", "chat", "review", "social", "call", "review"]
OPERATIONS, CHECKINS, A_DAY = 120_000, 6_000, 40
WORDS = "I was charged twice on my bill and the refund for the double charge number {} never came, however often I asked."


@dataclass(frozen=True)
class Told:
    """One night over a history of so many records: seconds of the clock and of the processor, for counting what was said and for telling of it."""

    records: int
    night: str
    counted_seconds: float
    counted_processor_seconds: float
    told_seconds: float
    told_processor_seconds: float


def bench_story(sizes: tuple[int, ...]) -> list[Told]:
    """For each size of history a first night, one with nothing new, and one with 40 records of a new day."""
    found = []
    journey, company = Journey(stages=[Stage(stage=name) for name in STAGES]), Company(name="Made for size", timezone="Europe/London", fiscal_year_starts_in=1)
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder, warehouse.opened(Path(folder) / "size.duckdb") as store:
            rng = np.random.default_rng(size)
            _say(store, rng, np.arange(size), rng.integers(0, DAYS, size))
            _happen(store, rng, max(500, size // 20))
            for night, new in (("the first", 0), ("nothing new", 0), ("a new day", A_DAY)):
                day = DAYS if new else DAYS - 1
                _say(store, rng, np.arange(size, size + new), np.full(new, day))
                clock = dt.datetime.combine(FIRST_DAY, dt.time(), dt.UTC) + dt.timedelta(days=day + 1)
                meter = Meter()
                with meter("counted"):
                    signals.count(store, clock)
                with meter("told"):
                    story.tell(store, journey, company, clock)
                counted, told = meter.used["counted"], meter.used["told"]
                found.append(Told(size, night, counted.seconds, counted.processor_seconds, told.seconds, told.processor_seconds))
    return found


def _say(store: Warehouse, rng: np.random.Generator, numbers: np.ndarray[Any, Any], days: np.ndarray[Any, Any]) -> None:
    """Records with their tags, a sentence each and its theme."""
    size, source = len(numbers), numbers % 8
    ids = [hashlib.md5(str(number).encode(), usedforsecurity=False).hexdigest()[:20] for number in numbers.tolist()]
    days = np.datetime64(FIRST_DAY) + days
    stage, text, is_scored = _drawn(rng, STAGES, size), [WORDS.format(number) for number in numbers.tolist()], source < 2
    sentiment = pa.array(rng.integers(-100, 101, size) / 100)
    at = pa.array(days.astype("datetime64[us]") + np.timedelta64(12, "h")).cast(pa.timestamp("us", "UTC"))
    fixed: dict[str, Any] = {"role": "buyer", "language": "en", "score_worst": 0.0, "score_best": 10.0, "is_deleted": False, "is_dropped": False}
    record = {
        "record_id": ids, "source": np.char.add("s", source.astype(str)), "kind": np.array(KINDS)[source], "native_id": ids, "text": text, "text_hash": ids,
        "thread_id": pa.array(np.char.add("t", (numbers // 16).astype(str)), mask=~np.isin(source, (2, 3, 6))), "said_on": days, "said_at": at, "landed_at": at,
        "customer_id": np.char.add("c", rng.integers(0, max(500, size // 20), size).astype(str)), "content_hash": ids,
        "score": pa.array(rng.integers(0, 11, size).astype(float), mask=~is_scored), "score_name": pa.array(np.full(size, "NPS"), mask=~is_scored),
    }  # fmt: skip
    tag = {
        "record_id": ids, "text_hash": ids, "stage": stage, "stage_guess": stage, "stage_basis": ["text"] * size, "sentiment": sentiment,
        "expectation": _drawn(rng, ["below", "met", None], size),
    }  # fmt: skip
    sentence = {
        "record_id": ids,
        "sentence_no": np.zeros(size, int),
        "start": np.zeros(size, int),
        "stop": np.full(size, 100),
        "text": text,
        "stage": stage,
        "sentiment": sentiment,
    }
    theme = {"record_id": ids, "sentence_no": np.zeros(size, int), "stage": stage, "theme": _drawn(rng, ["t0", "t1", "t2", "t3", None, None, None, None], size)}
    store.insert("records/records", pa.table(record | {name: [value] * size for name, value in fixed.items()}))
    for name, rows in (("tags", tag), ("sentences", sentence), ("sentence_themes", theme)):
        store.insert(f"tagging/{name}", pa.table(rows))


def _happen(store: Warehouse, rng: np.random.Generator, customers: int) -> None:
    """Operations, a fifth of them failed, and check-ins, three fifths of them answered."""
    for name, moment, size in (("operations", "at", OPERATIONS), ("checkins", "asked_at", CHECKINS)):
        days = np.datetime64(FIRST_DAY) + np.arange(size) % DAYS
        failed, answered = (rng.random(size) < 0.2).astype(int), (rng.random(size) < 0.6).astype(int)
        own: dict[str, dict[str, Any]] = {
            "operations": {"measure": ["m"] * size, "failed": failed, "passed": 1 - failed},
            "checkins": {"answered": answered, "experience": rng.integers(-1, 2, size) * 1.0},
        }
        common: dict[str, Any] = {
            "fact_id": np.arange(size).astype(str), "source": [name] * size, "stage": _drawn(rng, STAGES, size),
            "customer_id": np.char.add("c", rng.integers(0, customers, size).astype(str)),
            moment: pa.array(days.astype("datetime64[us]") + np.timedelta64(12, "h")).cast(pa.timestamp("us", "UTC")),
        }  # fmt: skip
        store.insert(f"records/{name}", pa.table(common | own[name]))


def _drawn(rng: np.random.Generator, values: list[Any], size: int) -> pa.Array:
    return pa.array(values).take(pa.array(rng.integers(0, len(values), size)))
