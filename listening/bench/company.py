"""A company made for size: takes a day and how many records it is to bring, gives the files that its sources drop into the inbox.

Four sources of feedback, and what happened to customers beside: each night brings a file of each that has anything to say.
"""

from __future__ import annotations

import datetime as dt
import itertools
import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from listening import journey, night, workspace
from listening.bench import words
from listening.workspace import Workspace

TODAY = dt.date(2026, 6, 24)  # of the first night; the next nights lie in the same month, as most do
DAYS = 730  # of history
REGIONS, PRODUCTS = ("North", "Coast", "Valley", "City"), ("Small", "Large")
SHARES = {"survey": 0.4, "tickets": 0.25, "reviews": 0.2, "chat": 0.15}  # of all records
AT_A_TIME = 100_000  # records
CONFIGURATION = """\
[company]
name = "Made for size"
timezone = "Europe/London"

[sources.survey]
connector = "files"
kind = "survey"
path = "inbox/survey-*.csv"
columns = {id = "id", said_at = "said_at", text = "text", score = "score", customer_id = "customer_id"}
dimensions = {region = "region", product = "product"}
score_scale = [0, 10]

[sources.tickets]
connector = "files"
kind = "ticket"
path = "inbox/tickets-*.jsonl"
columns = {id = "id", said_at = "said_at", text = "text", customer_id = "customer_id"}
dimensions = {region = "region", product = "product"}

[sources.reviews]
connector = "files"
kind = "review"
path = "inbox/reviews-*.csv"
columns = {id = "id", said_at = "said_at", text = "text", score = "score", customer_id = "customer_id"}
dimensions = {region = "region", product = "product"}
score_scale = [1, 5]

[sources.chat]
connector = "files"
kind = "chat"
path = "inbox/chat-*.parquet"
columns = {id = "id", said_at = "said_at", text = "text", customer_id = "customer_id", thread_id = "thread"}
dimensions = {region = "region", product = "product"}
"""
HAPPENED = ("customers", "operations", "checkins", "invitations", "outcomes")


class Company:
    """A workspace in a folder, and everything that its customers will say; the same for the same seed."""

    def __init__(self, folder: Path, customers: int, seed: int = 1) -> None:
        self.place = Workspace(folder)
        self._chance = np.random.default_rng(seed)
        self._texts = words.texts(seed)
        self._customers = customers
        self._files, self._records, self._facts = 0, 0, 0
        self.place.inbox.mkdir(parents=True)
        facts = "".join(f'\n[sources.{kind}]\nconnector = "files"\nkind = "{kind}"\npath = "inbox/{kind}-*.csv"\n' for kind in HAPPENED)
        self.place.configuration.write_text(CONFIGURATION + facts, encoding="utf-8")
        shutil.copyfile(workspace.shipped("default-journey.yaml"), self.place.journey)
        self._stages = journey.read(self.place.journey).names
        night.prepare(self.place, workspace.shipped("default-journey.yaml"))
        self._drop("customers", self._listed(customers))

    def speak(self, records: int, last_day: dt.date, days: int = 1) -> None:
        """Drop files with so many records, and what happened beside them, of the last days up to one."""
        for start in range(0, records, AT_A_TIME):
            for source, number in _shared(min(AT_A_TIME, records - start)).items():
                self._drop(source, self._said(source, number, last_day, days))
        for kind, (share, rows) in self._happening.items():
            self._drop(kind, rows(math.ceil(records * share) if records > 1 else 0, last_day, days))

    @property
    def _happening(self) -> dict[str, tuple[float, Callable[[int, dt.date, int], pd.DataFrame]]]:
        """What happens beside each record said, and how often."""
        return {"operations": (0.2, self._passed), "checkins": (0.02, self._asked), "invitations": (0.1, self._invited), "outcomes": (0.002, self._left)}

    def _drop(self, source: str, rows: pd.DataFrame) -> None:
        if rows.empty:
            return
        self._files += 1
        path = self.place.inbox / f"{source}-{self._files:05d}"
        if source == "tickets":
            lines = (json.dumps(row, ensure_ascii=False) for row in rows.to_dict("records"))
            path.with_suffix(".jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
        elif source == "chat":
            rows.to_parquet(path.with_suffix(".parquet"))
        else:
            rows.to_csv(path.with_suffix(".csv"), index=False)

    def _said(self, source: str, number: int, last_day: dt.date, days: int) -> pd.DataFrame:
        ids = np.arange(self._records, self._records + number)
        self._records += number
        rows: dict[str, Any] = {
            "id": [f"{source}-{each:09d}" for each in ids],
            "said_at": self._days(number, last_day, days),
            "customer_id": self._who(number),
            "text": list(itertools.islice(self._texts, number)),
            "region": self._chance.choice(REGIONS, number),
            "product": self._chance.choice(PRODUCTS, number),
        }
        if source in ("survey", "reviews"):
            rows["score"] = self._chance.integers(0, 11, number) if source == "survey" else self._chance.integers(1, 6, number)
        if source == "chat":
            rows["thread"] = [f"talk-{each // 2:09d}" for each in ids]
        return pd.DataFrame(rows)

    def _listed(self, number: int) -> pd.DataFrame:
        since = self._days(number, TODAY, 2 * DAYS)
        return pd.DataFrame(
            {
                "customer_id": [f"M{each:08d}" for each in range(number)], "since": since, "valued_at": since,
                "value": self._chance.integers(50, 500, number), "value_basis": "revenue",
                "region": self._chance.choice(REGIONS, number), "product": self._chance.choice(PRODUCTS, number),
            }
        )  # fmt: skip

    def _passed(self, number: int, last_day: dt.date, days: int) -> pd.DataFrame:
        return pd.DataFrame(
            {
                "customer_id": self._who(number), "stage": self._chance.choice(self._stages, number), "measure": "as_promised",
                "at": self._moments(number, last_day, days), "failed": self._chance.integers(0, 10, number) // 9,
                "region": self._chance.choice(REGIONS, number), "product": self._chance.choice(PRODUCTS, number),
            }
        )  # fmt: skip

    def _asked(self, number: int, last_day: dt.date, days: int) -> pd.DataFrame:
        answers = {
            "answered": self._chance.integers(0, 2, number), "experience": self._chance.integers(-1, 2, number),
            "expectation": self._chance.choice(("exceeded", "met", "not met"), number), "effort": self._chance.integers(0, 2, number),
            "would_recommend": self._chance.integers(-1, 2, number),
        }  # fmt: skip
        rows = pd.DataFrame(
            {"customer_id": self._who(number), "stage": self._chance.choice(self._stages, number), "asked_at": self._moments(number, last_day, days), **answers}
        )
        rows.loc[rows["answered"] == 0, ["experience", "expectation", "effort", "would_recommend"]] = None
        return rows

    def _invited(self, number: int, last_day: dt.date, days: int) -> pd.DataFrame:
        return pd.DataFrame(
            {"customer_id": self._who(number), "stage": self._chance.choice(self._stages, number), "sent_at": self._moments(number, last_day, days)}
        )

    def _left(self, number: int, last_day: dt.date, days: int) -> pd.DataFrame:
        return pd.DataFrame({"customer_id": self._who(number), "outcome": "left", "at": self._days(number, last_day, days)})

    def _who(self, number: int) -> list[str]:
        return [f"M{each:08d}" for each in self._chance.integers(0, self._customers, number)]

    def _days(self, number: int, last_day: dt.date, days: int) -> list[str]:
        return (pd.Timestamp(last_day) - pd.to_timedelta(self._chance.integers(0, days, number), unit="D")).strftime("%Y-%m-%d").tolist()

    def _moments(self, number: int, last_day: dt.date, days: int) -> list[str]:
        whole = pd.to_datetime(self._days(number, last_day, days)) + pd.to_timedelta(self._chance.integers(0, 86_400, number), unit="s")
        return pd.DatetimeIndex(whole).strftime("%Y-%m-%d %H:%M:%S").tolist()


def _shared(records: int) -> dict[str, int]:
    """How many of so many records each source brings; what rounding leaves is the survey's."""
    numbers = {source: int(records * share) for source, share in SHARES.items()}
    return numbers | {"survey": records - sum(numbers.values()) + numbers["survey"]}
