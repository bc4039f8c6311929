"""A seeded company: takes a seed and a number of nights, gives what each night finds in the inbox, and what must be published after it.

A log of events (something was said, edited, deleted, redacted, corrected; some of it late) is cut into exports, as
snapshots or as increments, with repeats and stale rows as real exports have them. What must be published is replayed
from the log alone: nothing here knows the program.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

UTC = dt.UTC
DAY = dt.timedelta(days=1)
FEEDBACK = ("survey", "tickets", "reviews")
FACTS = ("operations", "customers", "checkins")
SOURCES = (*FEEDBACK, *FACTS)
ZONES = ("Europe/London", "America/New_York", "Asia/Kolkata", "Pacific/Auckland")
# nights on which clocks are put forward or back lie within a few days of each
STARTS = (dt.date(2026, 3, 26), dt.date(2025, 10, 22), dt.date(2026, 2, 25), dt.date(2025, 9, 24), dt.date(2024, 2, 26))
SECRET = "zanzibar"  # stands only in words that are redacted later
CONFIGURATION = """\
[company]
name = "Soak"
timezone = "{zone}"

[sources.survey]
connector = "files"
kind = "survey"
path = "inbox/survey*.csv"
columns = {{id = "response", said_at = "submitted", updated_at = "changed", deleted = "deleted", text = "comment", score = "nps", customer_id = "customer"}}
dimensions = {{region = "region"}}
score_name = "NPS"
score_scale = [0, 10]

[sources.tickets]
connector = "files"
kind = "ticket"
path = "inbox/tickets*.jsonl"

[sources.reviews]
connector = "files"
kind = "review"
path = "inbox/reviews*.csv"
columns = {{id = "review", said_at = "day", title = "heading", text = "body", score = "stars"}}
score_name = "stars"
score_scale = [1, 5]

[sources.operations]
connector = "files"
kind = "operations"
path = "inbox/operations*.csv"

[sources.customers]
connector = "files"
kind = "customers"
path = "inbox/customers*.csv"

[sources.checkins]
connector = "files"
kind = "checkins"
path = "inbox/checkins*.csv"
"""
_CODE = (
    "amber", "birch", "cedar", "daisy", "ember", "fjord", "grove", "hazel", "ivory", "juniper", "kelp", "lilac", "maple", "nectar", "olive", "pepper", "quartz",
    "river", "saffron", "thistle", "umber", "violet", "willow", "yarrow", "zephyr", "acorn", "bramble", "clover", "dune", "elder", "fern", "garnet",
)  # fmt: skip
_OPENINGS = (
    "The delivery came two days late", "Signing up was easy and quick", "The bill was wrong again", "Support never called back", "The café driver was friendly",
    "My refund took far too long", "The app keeps crashing when I ride", "Renewing was cheaper than I feared", "Cancelling my contract was a nightmare",
    "The über helpful agent solved it at once", "Checkout refused my voucher", "The brakes squeal in the rain",
)  # fmt: skip
_TAILS = ("and I will remember that.", "which nobody had told me.", "so thank you for that!", "and it happened twice.", "as my neighbour had warned.")
_STAGES = ("buy", "onboard", "use", "pay", "support")
_MEASURES = ("on time", "right first time")
_REGIONS = ("north", "south", "west")


@dataclass(frozen=True)
class Version:
    """How a thing stands from `at` on. `content` is None once it is deleted; `at` is when the outside system knew."""

    at: dt.datetime
    content: dict[str, Any] | None


@dataclass
class Thing:
    """Something with an id in an outside system, and how it changed."""

    id: str
    versions: list[Version] = field(default_factory=list)

    def as_of(self, when: dt.datetime) -> Version | None:
        """The version that holds at a moment; None before the first."""
        return next((version for version in reversed(self.versions) if version.at <= when), None)


@dataclass(frozen=True)
class File:
    """One export as it is put into the inbox, and how many things it says."""

    source: str
    name: str
    content: bytes
    things: int


@dataclass
class Expected:
    """What must be published: records by (source, native id), facts by source, and how many things must have been seen."""

    records: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    facts: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    said_of_checkins: list[str] = field(default_factory=list)

    def without(self, sources: set[str]) -> Expected:
        """The same for fewer sources."""
        records = {key: said for key, said in self.records.items() if key[0] not in sources}
        facts = {source: facts for source, facts in self.facts.items() if source not in sources}
        return Expected(records, facts, [] if "checkins" in sources else self.said_of_checkins)


class World:
    """A company, its customers and its outside systems for some days."""

    def __init__(self, seed: int, nights: int = 6, records: int = 300, zone: str | None = None, start: dt.date | None = None) -> None:
        self.seed, self.nights = seed, nights
        self._random = random.Random(f"world {seed}")
        self.zone_name = zone or self._random.choice(ZONES)
        self.zone = ZoneInfo(self.zone_name)
        self.start = start or self._random.choice(STARTS)
        self._serial = 0
        self._beginning = dt.datetime.combine(self.start - DAY, dt.time(12), UTC)
        self._snapshots = {source: self._random.random() < 0.5 for source in SOURCES} | {"reviews": True, "customers": True}
        self._exported: dict[str, dt.datetime] = {}
        self.things: dict[str, list[Thing]] = {
            "survey": [self._answer(number) for number in range(records * 2 // 5)],
            "tickets": [self._ticket(number) for number in range(records * 3 // 20)],
            "reviews": [self._review(number) for number in range(records // 5)],
            "operations": [self._operation(number) for number in range(records // 2)],
            "customers": [self._customer(number) for number in range(records // 10)],
            "checkins": [self._checkin(number) for number in range(records // 6)],
        }
        for thing in (thing for things in self.things.values() for thing in things):
            distinct = {version.at: version for version in thing.versions}
            thing.versions = [distinct[at] for at in sorted(distinct)]

    @property
    def configuration(self) -> str:
        """The company's listening.toml."""
        return CONFIGURATION.format(zone=self.zone_name)

    def clock(self, night: int, attempt: int = 0) -> dt.datetime:
        """When a night begins: a little past three in the morning, and later with each attempt."""
        local = dt.datetime.combine(self.start + (night + 1) * DAY, dt.time(3, 7), self.zone)
        return local.astimezone(UTC) + attempt * dt.timedelta(minutes=11)

    def export(self, night: int) -> list[File]:
        """What the outside systems drop before a night, after all that they dropped before."""
        chance = random.Random(f"export {self.seed} {night}")
        until = self.clock(night) - dt.timedelta(hours=1)
        files = [file for source in SOURCES if (file := self._file(source, night, until, chance))]
        for file in files:
            self._exported[file.source] = until
        return files

    def expected(self) -> Expected:
        """What must be published, by what has been exported so far: each thing as it stood at its source's last export."""
        expected = Expected()
        for source in FEEDBACK:
            if source in self._exported:
                for thing in self.things[source]:
                    expected.records |= dict(self._records(source, thing, self._exported[source]))
        for source in FACTS:
            if source in self._exported:
                stand = (thing.as_of(self._exported[source]) for thing in self.things[source])
                expected.facts[source] = [version.content for version in stand if version and version.content]
        expected.said_of_checkins = [fact["text"] for fact in expected.facts.get("checkins", []) if fact["text"]]
        return expected

    # ---------------------------------------------------------------- what happens

    def _moment(self, number: int, spread: float = 1.0) -> dt.datetime:
        """Some second of the days that the world lasts. The first few of each source happen before the first night, so that none begins empty."""
        seconds = self._random.randrange(int((self.nights + 1) * 86_400 * spread))
        return self._beginning + (dt.timedelta(hours=number) if number < 3 else dt.timedelta(seconds=seconds))

    def _later(self, moment: dt.datetime) -> dt.datetime:
        return moment + dt.timedelta(seconds=self._random.randrange(60, 3 * 86_400))

    def _words(self) -> str:
        """A text that no other has, and that nothing in it gives reason to change."""
        self._serial += 1
        number, code = self._serial, []
        while number:
            number, place = divmod(number, len(_CODE))
            code.append(_CODE[place])
        return f"{self._random.choice(_OPENINGS)} near {' '.join(code)} lane, {self._random.choice(_TAILS)}"

    def _answer(self, number: int) -> Thing:
        thing, known = Thing(f"R-{number:05d}"), self._moment(number)
        lateness = dt.timedelta(days=self._random.choice((0, 0, 0, 1, 9, 20)))
        said = known - lateness - dt.timedelta(minutes=1)
        content = {
            "said": said,
            "form": self._random.choice("znd"),
            "text": self._words(),
            "score": self._random.randrange(11),
            "region": self._random.choice(_REGIONS),
        }
        if self._random.random() < 0.1:
            content["text"] = None
        thing.versions.append(Version(known, content))
        while self._random.random() < 0.3:
            known, fate = self._later(known), self._random.random()
            if fate < 0.25 and thing.versions[-1].content is not None:
                thing.versions.append(Version(known, None))
            else:
                thing.versions += self._edits(known, content)
        return thing

    def _edits(self, known: dt.datetime, content: dict[str, Any]) -> list[Version]:
        """An edit; or words that are said and redacted soon after."""
        edited = content | {"text": self._words(), "score": self._random.randrange(11)}
        if self._random.random() < 0.5:
            return [Version(known, edited)]
        told = edited | {"text": f"{edited['text']} My neighbour {SECRET} saw it."}
        return [Version(known, told), Version(known + dt.timedelta(hours=self._random.randrange(1, 40)), edited)]

    def _review(self, number: int) -> Thing:
        thing, known = Thing(f"rv{number}"), self._moment(number)
        content = {
            "day": known.date() - dt.timedelta(days=2),
            "title": f"About {_CODE[number % 32]} {_CODE[number // 32 % 32]}",
            "text": self._words(),
            "score": 1 + number % 5,
        }
        thing.versions.append(Version(known, content))
        while self._random.random() < 0.3:
            known = self._later(known)
            gone = self._random.random() < 0.25
            thing.versions.append(Version(known, None if gone else content | {"text": self._words(), "score": self._random.randrange(1, 6)}))
        return thing

    def _ticket(self, number: int) -> Thing:
        thing, known = Thing(str(9_000 + number)), self._moment(number)
        customer = 100 + self._random.randrange(60)
        comments = [self._comment(thing.id, 0, known, customer, customer)]
        content = {
            "created": known,
            "requester": customer,
            "subject": f"Question {_CODE[number % 32]} {_CODE[number // 32 % 32]}",
            "comments": comments,
            "rating": None,
        }
        thing.versions.append(Version(known, content))
        while self._random.random() < 0.7:
            known, fate = self._later(known), self._random.random()
            if fate < 0.08:
                thing.versions.append(Version(known, None))
                break
            content = self._changed(thing.id, content, known, fate)
            thing.versions.append(Version(known, content))
        return thing

    def _changed(self, ticket: str, content: dict[str, Any], known: dt.datetime, fate: float) -> dict[str, Any]:
        comments = list(content["comments"])
        if fate < 0.2:  # an answer is redacted
            place = self._random.randrange(len(comments))
            comments[place] = comments[place] | {"text": self._words()}
            return content | {"comments": comments}
        if fate < 0.3:
            rating = {"score": self._random.choice(("good", "bad")), "comment": self._words(), "at": known}
            return content | {"rating": rating}
        writer = self._random.choice((content["requester"], content["requester"], 7, -1))
        comments.append(self._comment(ticket, len(comments), known, writer, content["requester"]))
        return content | {"comments": comments}

    def _comment(self, ticket: str, place: int, at: dt.datetime, writer: int, customer: int) -> dict[str, Any]:
        return {"id": int(ticket) * 1000 + place, "at": at, "writer": writer, "text": self._words(), "public": writer != 7 or self._random.random() < 0.7}

    def _operation(self, number: int) -> Thing:
        known = self._moment(number)
        content = {
            "customer_id": f"C{self._random.randrange(60)}", "stage": self._random.choice(_STAGES), "measure": self._random.choice(_MEASURES),
            "at": known.replace(microsecond=0) - dt.timedelta(seconds=number), "failed": self._random.randrange(2),
        }  # fmt: skip
        thing = Thing(f"{content['customer_id']}/{content['stage']}/{content['measure']}/{content['at']}", [Version(known, content)])
        if self._random.random() < 0.15:
            thing.versions.append(Version(self._later(known), content | {"failed": 1 - content["failed"]}))
        return thing

    def _customer(self, number: int) -> Thing:
        known = self._beginning + dt.timedelta(hours=number % 9)
        content = {"customer_id": f"C{number}", "since": self.start - dt.timedelta(days=100 + number), "valued_at": self.start, "value": 100 + number}
        thing = Thing(f"C{number}", [Version(known, content)])
        if self._random.random() < 0.3:
            thing.versions.append(Version(self._later(known), content | {"value": 5000 + number}))
        return thing

    def _checkin(self, number: int) -> Thing:
        known = self._moment(number, 0.9)
        content: dict[str, Any] = {
            "customer_id": f"C{number}", "stage": self._random.choice(_STAGES), "asked_at": known - dt.timedelta(minutes=2), "answered": 0,
            "experience": None, "text": None,
        }  # fmt: skip
        thing = Thing(str(number), [Version(known, content)])
        if self._random.random() < 0.7:
            answer = content | {"answered": 1, "experience": self._random.choice((-1, 0, 1)), "text": self._random.choice((None, self._words()))}
            known = self._later(known)
            thing.versions.append(Version(known, answer))
            if answer["text"] and self._random.random() < 0.2:
                thing.versions.append(Version(self._later(known), answer | {"text": None}))
        return thing

    # ---------------------------------------------------------------- what is exported

    def _file(self, source: str, night: int, until: dt.datetime, chance: random.Random) -> File | None:
        rows = [
            row
            for thing in self.things[source]
            for row in self._rows(source, thing, until, chance)
        ]  # fmt: skip
        if not rows:
            return None
        if source not in ("reviews", "customers"):
            chance.shuffle(rows)
        name = source if self._snapshots[source] else f"{source}-{night:03d}"
        things = sum(self._number_of_things(source, row) for row in rows)
        if source == "tickets":
            return File(source, f"{name}.jsonl", "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode(), things)
        return File(source, f"{name}.csv", _csv(rows, chance.choice(("utf-8", "utf-8", "utf-8-sig", "utf-16", "cp1252"))), things)

    def _rows(self, source: str, thing: Thing, until: dt.datetime, chance: random.Random) -> Iterator[dict[str, Any]]:
        """A thing's rows in an export: those that changed since the last one (with some overlap) or all; some twice, some stale."""
        now = thing.as_of(until)
        if now is None:
            return
        since = self._exported.get(source)
        is_due = self._snapshots[source] or since is None or now.at > since - dt.timedelta(hours=6)
        if not is_due and chance.random() > 0.03:
            return
        yield self._row(source, thing, now)
        if chance.random() < 0.05:
            yield self._row(source, thing, now)
        if source in ("survey", "tickets") and chance.random() < 0.08:  # these have an updated_at that tells what is stale
            yield self._row(source, thing, thing.versions[0])

    def _row(self, source: str, thing: Thing, version: Version) -> dict[str, Any]:
        content = version.content
        if source == "survey":
            return self._survey_row(thing, version)
        if source == "tickets":
            return self._ticket_row(thing, version)
        if source == "reviews":
            first = thing.versions[0].content or {}
            known = content or {"title": "", "text": "", "score": "", "day": first["day"]}
            return {"review": thing.id, "day": known["day"].isoformat(), "heading": known["title"], "body": known["text"], "stars": known["score"]}
        assert content is not None
        return {name: "" if cell is None else _iso(cell) if isinstance(cell, dt.datetime) else cell for name, cell in content.items()}

    def _survey_row(self, thing: Thing, version: Version) -> dict[str, Any]:
        content = version.content or thing.versions[0].content or {}
        local = content["said"].astimezone(self.zone)
        said = {"z": _iso(content["said"]), "n": local.replace(tzinfo=None).isoformat(sep=" ", timespec="seconds"), "d": local.date().isoformat()}[
            content["form"]
        ]
        row = {"response": thing.id, "submitted": said, "changed": _iso(version.at), "customer": f"C{int(thing.id[2:]) % 60}"}
        if version.content is None:
            return {**row, "deleted": "1", "comment": "", "nps": "", "region": ""}
        return {**row, "deleted": "", "comment": content["text"] or "", "nps": content["score"], "region": content["region"]}

    def _ticket_row(self, thing: Thing, version: Version) -> dict[str, Any]:
        content = version.content or next(each.content for each in reversed(thing.versions) if each.content)
        comments = [
            {"id": comment["id"], "author_id": comment["writer"], "public": comment["public"], "body": comment["text"], "created_at": _iso(comment["at"])}
            for comment in content["comments"]
        ]
        row = {
            "id": int(thing.id), "created_at": _iso(content["created"]), "updated_at": _iso(version.at), "requester_id": content["requester"],
            "submitter_id": content["requester"], "subject": content["subject"], "description": comments[0]["body"], "status": "open", "comments": comments,
            "satisfaction_rating": {"score": "offered"},
        }  # fmt: skip
        if content["rating"]:
            row["satisfaction_rating"] = {
                "score": content["rating"]["score"],
                "comment": content["rating"]["comment"],
                "created_at": _iso(content["rating"]["at"]),
            }
        if version.content is None:
            row |= {"status": "deleted"} | (
                {"comments": [], "description": None, "subject": "SCRUBBED", "satisfaction_rating": None} if int(thing.id) % 2 else {}
            )
        return row

    @staticmethod
    def _number_of_things(source: str, row: dict[str, Any]) -> int:
        if source != "tickets":
            return 1
        is_rated = (row["satisfaction_rating"] or {}).get("score") in ("good", "bad")
        return max(1, len(row["comments"]) + is_rated)

    # ---------------------------------------------------------------- what must be published

    def _records(self, source: str, thing: Thing, when: dt.datetime) -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
        version = thing.as_of(when)
        content = version.content if version else None
        if content is None:
            return
        if source == "tickets":
            yield from self._messages(thing, content)
            return
        if source == "reviews":
            yield (source, thing.id), {"text": f"{content['title']}\n{content['text']}", "score": float(content["score"]), "said_on": content["day"]}
            return
        said_on = content["said"].astimezone(self.zone).date()
        yield (source, thing.id), {"text": content["text"], "score": float(content["score"]), "said_on": said_on, "region": content["region"]}

    def _messages(self, thing: Thing, content: dict[str, Any]) -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
        for place, comment in enumerate(content["comments"]):
            if comment["public"] and comment["writer"] == content["requester"]:
                text = comment["text"] if place else f"{content['subject']}\n{comment['text']}"
                said_on = comment["at"].astimezone(self.zone).date()
                yield ("tickets", thing.id if place == 0 else f"{thing.id}/{comment['id']}"), {"text": text, "score": None, "said_on": said_on}
        if rating := content["rating"]:
            said = {"text": rating["comment"], "score": float(rating["score"] == "good"), "said_on": rating["at"].astimezone(self.zone).date()}
            yield ("tickets", f"{thing.id}/satisfaction"), said


def _iso(moment: dt.datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _csv(rows: list[dict[str, Any]], encoding: str) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode(encoding)
