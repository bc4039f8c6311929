"""A stand-in for Qualtrics: one survey whose responses come late, are edited, tried out and deleted, exported by jobs.

Its traps: a job needs several looks, may fail at 100 per cent, get stuck or be forgotten; a file may be empty, cut off or hold
two members; `startDate` looks at when a response was begun, which may be weeks before it was recorded; a continuation token
ends after a week; deleted responses simply are not there any more; names of parameters count to the letter.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import zipfile
from typing import Any, NamedTuple

from tests.standins.server import Clock, Reply, Request, Standin

SURVEY, TOKEN = "SV_bwrylOA5nNnI9M1", "standin-token"
DAY = 86_400
LIFE = 7 * DAY  # of a continuation token
STARTS_A_MINUTE = 15
KNOWN = {"format", "startDate", "endDate", "allowContinuation", "continuationToken", "useLabels", "sortByLastModifiedDate", "compress", "limit", "timeZone"}
_WHAT = ("The parcel", "My invoice", "The new app", "Your driver", "The refund", "Our contract", "The heater", "My password")
_DID = ("came three days late", "was wrong again", "stopped working on Sunday", "made us very happy", "has not arrived yet", "needs to be changed")


class Event(NamedTuple):
    """One thing that happens to one response, which was begun at `begun`."""

    at: float
    what: str  # record, edit, delete
    number: int
    begun: float = 0.0


class Qualtrics(Standin):
    """A brand with one survey that so many people answer a day."""

    name = "qualtrics"

    def __init__(self, seed: int = 0, clock: Clock | None = None, days: int = 60, responses_a_day: int = 8) -> None:
        super().__init__(seed, clock)
        self.start = self.clock.now
        self.log = sorted(self._happen(days, responses_a_day))
        self.passed = 0
        self.responses: dict[str, dict[str, Any]] = {}
        self.recorded: dict[str, float] = {}
        self.jobs: dict[str, dict[str, Any]] = {}
        self.files: dict[str, bytes] = {}
        self.tokens: dict[str, tuple[float, float]] = {}  # token → made at, everything recorded up to
        self.started: list[float] = []
        self.bodies: list[dict[str, Any]] = []
        self.jobs_go_wrong: list[str] = []  # what happens to the next jobs: failed, stuck, forgotten, nameless, empty, cut, two, bomb, ""
        self.largest = 10**9  # responses that an export can hold

    def _happen(self, days: int, responses_a_day: int) -> list[Event]:
        chance = self.random
        events: list[Event] = []
        for number in range(days * responses_a_day):
            begun = float(int(self.start - DAY + chance.random() * days * DAY))
            at = begun + chance.choice((60, 600, 7200, 3 * DAY, 20 * DAY))
            if number % 11 < 4:  # many at one moment
                at = float(int(self.start - DAY + (number // 11 * 11 / responses_a_day) * DAY))
            events.append(Event(at, "record", number, min(begun, at)))
            if chance.random() < 0.1:
                events.append(Event(at + chance.choice((3600, 2 * DAY)), "edit", number))
            if chance.random() < 0.1:
                events.append(Event(at + chance.choice((60, DAY, 9 * DAY)), "delete", number))
        return events

    def catch_up(self) -> None:
        """Let everything happen that happens up to now."""
        while self.passed < len(self.log) and self.log[self.passed].at <= self.clock.now:
            self._apply(self.log[self.passed])
            self.passed += 1

    def _apply(self, event: Event) -> None:
        key = f"R_{self.seed}x{event.number:05d}"
        if event.what == "record":
            self.responses[key] = _response(event, key)
            self.recorded[key] = event.at
        elif event.what == "delete":
            self.responses.pop(key, None)
        elif key in self.responses and "QID2_TEXT" in self.responses[key]["values"]:
            self.responses[key]["values"]["QID2_TEXT"] += " That was put right since."

    # what is true

    def told(self) -> dict[str, str]:
        """The words of customers that stand now, by response and question."""
        self.catch_up()
        return {
            f"{key}#QID2_TEXT": response["values"]["QID2_TEXT"]
            for key, response in self.responses.items()
            if "QID2_TEXT" in response["values"] and response["values"]["status"] == 0
        }

    # what is answered

    def answer(self, request: Request) -> Reply:
        """What Qualtrics answers."""
        self.catch_up()
        if request.headers.get("x-api-token") != TOKEN:
            return self._error(401, "AUTH_6.0", "Unrecognized X-API-TOKEN.")
        begin, _, rest = request.path.partition("/export-responses")
        if begin != f"/API/v3/surveys/{SURVEY}":
            return self._error(404, "SURV_1", "Survey not found")
        if request.method == "POST":
            return self._begin(request.content)
        if rest.endswith("/file"):
            file = self.files.get(rest.split("/")[1])
            return Reply(file, 200, {"Content-Type": "application/zip"}) if file is not None else self._error(404, "NOTFOUND", "No such file")
        return self._look(rest.strip("/"))

    def _begin(self, asked: dict[str, Any]) -> Reply:
        self.started = [at for at in self.started if self.clock.now - at < 60]
        if len(self.started) >= STARTS_A_MINUTE:
            return self._error(429, "RATELIMIT", "Too many requests")
        self.started.append(self.clock.now)
        if set(asked) - KNOWN or asked.get("format") not in ("json", "ndjson"):
            return self._error(400, "RP_0.1", "Invalid request. Missing or invalid parameter Request.")
        made = self.tokens.get(asked.get("continuationToken", ""))
        if "continuationToken" in asked and (not made or self.clock.now - made[0] > LIFE):
            return self._error(400, "EXPIRED", "The continuation token is not valid any more")
        wrong = self.jobs_go_wrong.pop(0) if self.jobs_go_wrong else ""
        self.bodies.append(asked)
        listed = [response for key, response in sorted(self.responses.items()) if self._is_asked_for(key, response, asked, made)]
        listed = listed[: asked.get("limit", len(listed))]
        number = f"ES_{len(self.jobs)}"
        token = f"token-{len(self.tokens)}" if asked.get("allowContinuation") or made else None
        if token:
            self.tokens[token] = (self.clock.now, self.clock.now)
        if len(listed) > self.largest:
            wrong = "failed"
        self.files[f"file-{number}"] = _packed(listed, asked["format"], wrong)
        self.jobs[number] = {"looks": 3, "wrong": wrong, "token": token}
        progress = None if wrong == "nameless" else number
        return Reply({"result": {"progressId": progress, "percentComplete": 0.0, "status": "inProgress"}, "meta": {"httpStatus": "200 - OK"}})

    def _is_asked_for(self, key: str, response: dict[str, Any], asked: dict[str, Any], made: tuple[float, float] | None) -> bool:
        if made:
            return self.recorded[key] > made[1]
        begun = response["values"]["startDate"]
        return bool(asked.get("startDate", "") <= begun and begun < asked.get("endDate", "9"))

    def _look(self, number: str) -> Reply:
        job = self.jobs.get(number)
        if not job or job["wrong"] == "forgotten":
            return self._error(404, "NOTFOUND", "No such export")
        job["looks"] -= 1
        result: dict[str, Any] = {"percentComplete": 100.0 - 20.0 * max(0, job["looks"]), "status": "inProgress"}
        if job["looks"] <= 0 and job["wrong"] != "stuck":
            result["status"] = "failed" if job["wrong"] == "failed" else "complete"
            result["fileId"] = None if job["wrong"] == "failed" else f"file-{number}"
            result |= {"continuationToken": job["token"]} if job["token"] else {}
        return Reply({"result": result, "meta": {"httpStatus": "200 - OK"}})

    def _error(self, status: int, code: str, words: str) -> Reply:
        return Reply({"meta": {"httpStatus": str(status), "error": {"errorCode": code, "errorMessage": words}}}, status)


def _packed(listed: list[dict[str, Any]], form: str, wrong: str) -> bytes:
    """The file of an export, as it should be or as it goes wrong."""
    if wrong == "empty":
        return b""
    file = io.BytesIO()
    middle = len(listed) // 2 if wrong == "two" else len(listed)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for number, some in enumerate((listed[:middle], listed[middle:])[: 2 if wrong == "two" else 1]):
            text = json.dumps({"responses": some}) if form == "json" else "".join(f"{json.dumps(response)}\n" for response in some)
            packed.writestr(f"../How was it {number}.{form}", b"\xef\xbb\xbf" + text.encode() if wrong == "two" else text)
        if wrong == "bomb":
            packed.writestr("zeros.json", b"0" * 2**26)
    content = file.getvalue()
    return content[: len(content) // 2] if wrong == "cut" else content


def _response(event: Event, key: str) -> dict[str, Any]:
    number = event.number
    score = number % 11
    status = 1 if number % 23 == 0 else 2 if number % 29 == 0 else 0
    values: dict[str, Any] = {
        "startDate": _iso(event.begun), "endDate": _iso(min(event.at, event.begun + 600)), "recordedDate": _iso(event.at), "status": status, "finished": 1,
        "progress": 100, "duration": 600, "ipAddress": "192.0.2.1", "locationLatitude": "52.5", "locationLongitude": "13.4", "userLanguage": "EN",
        "distributionChannel": "preview" if status == 1 else "anonymous", "externalDataReference": f"C{number % 40}", "QID1": score,
        "QID1_NPS_GROUP": 1 if score < 7 else 2 if score < 9 else 3, "QID4": 1 + number % 5, "Region": "North",
    }  # fmt: skip
    if number % 3:
        values["QID2_TEXT"] = f"{_WHAT[number % 8]} {_DID[number % 6]} and it was case {number} of mine."
    labels = {"status": "IP Address", "finished": "True", "QID1": str(score), "QID4": f"{1 + number % 5} of 5"}
    return {
        "responseId": key,
        "values": values,
        "labels": labels,
        "displayedFields": ["QID1", "QID2_TEXT", "QID4"],
        "displayedValues": {"QID4": [1, 2, 3, 4, 5]},
    }


def _iso(at: float) -> str:
    return dt.datetime.fromtimestamp(at, dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
