"""One way to ask an outside system: takes a request, gives its whole answer, or says in words why there is none.

It waits as long as the system asks for, asks again only what may be asked again, never follows a link to another host,
never hands on half an answer, and stops when the night's budget is used up. No secret and no query stands in a sentence.
"""

from __future__ import annotations

import email.utils
import functools
import json
import logging
import random
import re
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urljoin, urlsplit

import httpx

from listening.sources.pull import most_unpacked

ATTEMPTS = 6  # of a request that fails in a way that may pass
FIRST_WAIT, LONGEST_BACKOFF = 0.5, 30.0  # seconds between them, doubling
ATTEMPTS_WHEN_LIMITED = 10  # in a row; a system that says "too many" more often is asked again next night
LONGEST_ANSWER = 2**29  # bytes
PASSING = frozenset({408, 409, 425, 499, 500, 502, 503, 504, 520, 521, 522, 523, 524})
LIMITED = frozenset({429})
ELSEWHERE = frozenset({301, 302, 303, 307, 308})
MOST_ELSEWHERE = 5  # times that one request may be sent on to another place of the same host
_RESETS = ("x-ratelimit-reset", "x-rate-limit-reset", "ratelimit-reset")
_REMAINING = ("x-ratelimit-remaining", "x-rate-limit-remaining", "ratelimit-remaining")
_HOUR_USED = re.compile(r"user-hour-rem:\s*(-?\d+)")  # in Apple's X-Rate-Limit, of a rolling hour
_AN_EPOCH = 10**9  # a reset above it is a moment, below it seconds from now

for _chatty in ("httpx", "httpcore"):  # they write whole addresses, also what stands in a query
    logging.getLogger(_chatty).setLevel(logging.WARNING)
log = logging.getLogger(__name__)


class Stopped(Exception):
    """A walk that cannot go on; the message is a sentence without the source's name."""


class OutOfBudget(Stopped):
    """What the night may spend on a source is spent. Nothing is wrong: the next night goes on from the last checkpoint."""


class Refused(Stopped):
    """The system answered, and the answer is no. `status` is HTTP's, `said` what it gave as its reason."""

    def __init__(self, sentence: str, status: int, said: str = "") -> None:
        super().__init__(sentence)
        self.status = status
        self.said = said


class Auth(Protocol):
    """How requests are signed."""

    def headers(self) -> dict[str, str]:
        """What to send along; may ask for a token first."""

    def renew(self, used: Mapping[str, str]) -> bool:
        """After a 401 to these headers: get another token. False where that cannot help."""


@dataclass(frozen=True)
class Fixed:
    """A secret that is the same for every request: a bearer token, a key in a header, a name and password."""

    header: str
    content: str = field(repr=False)

    def headers(self) -> dict[str, str]:
        """The one header."""
        return {self.header: self.content}

    def renew(self, used: Mapping[str, str]) -> bool:
        """It cannot be renewed."""
        return False


@dataclass
class Budget:
    """What one source may spend in one night: requests, seconds, and how long it may wait at a time."""

    requests: int | None = None
    seconds: float = 3 * 3600.0
    longest_wait: float = 900.0
    spent: int = 0
    started: float | None = None

    def spend(self, now: float) -> None:
        """Take one request out of it.

        Raises:
            OutOfBudget: there is none left.
        """
        self.started = now if self.started is None else self.started
        if self.requests is not None and self.spent >= self.requests:
            raise OutOfBudget(f"has used the {self.requests} requests of a night (budget_requests); the next night goes on from here")
        if now - self.started >= self.seconds:
            raise OutOfBudget(f"has used the {self.seconds / 60:.0f} minutes of a night (budget_minutes); the next night goes on from here")
        self.spent += 1

    def may_wait(self, seconds: float, now: float) -> bool:
        """Whether so long a wait still fits in."""
        return seconds <= self.longest_wait and now - (self.started or now) + seconds < self.seconds


@dataclass
class Pace:
    """A vendor's own rule, so many requests in so many seconds, kept from our side."""

    requests: int
    seconds: float
    _sent: list[float] = field(default_factory=list)

    def pause(self, now: float) -> float:
        """Seconds to wait before the next request."""
        self._sent = [moment for moment in self._sent if now - moment < self.seconds]
        pause = 0.0 if len(self._sent) < self.requests else self.seconds - (now - self._sent[-self.requests])
        self._sent.append(now + pause)
        return pause


@dataclass
class Timing:
    """The clock that requests are timed by; a test may play its own."""

    now: Callable[[], float] = time.monotonic
    wait: Callable[[float], None] = time.sleep
    today: Callable[[], float] = time.time


REAL = Timing()


@dataclass(frozen=True)
class Answer:
    """One whole answer: its status, headers (names in small letters) and body, unpacked."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    place: str
    signed: Mapping[str, str] = field(default_factory=dict, repr=False)

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            _Broken: it is none, or was cut off.
        """
        try:
            return json.loads(self.body.decode("utf-8-sig", "replace"))
        except ValueError:
            kind = "a web page, perhaps a login" if self.body.lstrip()[:1] == b"<" else "something that is no whole JSON" if self.body else "nothing"
            raise _Broken(f"answers {self.place} with {kind}") from None


class _Broken(Exception):
    """An answer that came damaged or not at all, and may come whole if asked for again."""


class Client:
    """Kept connections to one system, for several threads. Use it in one `with`."""

    def __init__(self, base_url: str, auth: Auth | None = None, budget: Budget | None = None, pace: Pace | None = None, timing: Timing | None = None) -> None:
        self.base_url = base_url.rstrip("/")
        self.auth = auth
        self.budget = budget or Budget()
        self.pace = pace
        self.timing = timing or REAL
        self.bytes = 0
        self.ahead = 0.0  # seconds that the system's clock is ahead of ours, by what it last said
        self._resume_at = float("-inf")
        self._lock = threading.Lock()
        self._client = httpx.Client(
            timeout=httpx.Timeout(60.0, connect=15.0),
            follow_redirects=False,
            verify=_trusted(),
            headers={"User-Agent": "listening-path", "Accept-Encoding": "gzip"},
        )

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def get(self, path: str, parameters: Mapping[str, Any] | None = None, needs: Iterable[str] = (), headers: Mapping[str, str] | None = None) -> Any:
        """The JSON at a path below `base_url`, or at a link that the system itself gave.

        `needs` names what the answer must have; one without is asked for again and then refused.

        Raises:
            Refused: the system says no.
            OutOfBudget: the night's budget is spent.
            Stopped: no whole answer came.
        """
        return self._json("GET", path, needs, params=parameters or None, headers=headers)

    def post(
        self,
        path: str,
        content: Mapping[str, Any],
        needs: Iterable[str] = (),
        *,
        is_repeatable: bool = False,
        is_form: bool = False,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """The JSON that answers JSON, or a form, sent to a path. A post is sent again only if `is_repeatable`, as a search is."""
        sent = {"data" if is_form else "json": content}
        return self._json("POST", path, needs, headers=headers, is_repeatable=is_repeatable, **sent)

    def answer(self, path: str, parameters: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None) -> Answer:
        """A whole answer as bytes with its headers, for what is no JSON or has its next link in a header."""
        answer: Answer = self._asked("GET", path, lambda answer: answer, params=parameters or None, headers=headers)
        return answer

    def download(self, path: str, target: Path, parameters: Mapping[str, Any] | None = None, *, is_whole: Callable[[Path], bool] = lambda path: True) -> None:
        """Write the answer to a file, a piece at a time, so that its size does not matter; the file is whole or not there.

        One that `is_whole` denies is asked for again, as any damaged answer is.
        """

        def write(response: httpx.Response) -> None:
            with target.open("wb") as file:
                for piece in _pieces(response, most=None):
                    self.bytes += len(piece)
                    file.write(piece)

        def read(answer: Answer) -> None:
            if not is_whole(target):
                raise _Broken(f"gives a damaged file at {answer.place}")

        try:
            self._asked("GET", path, read, params=parameters or None, into=write)
        except BaseException:
            target.unlink(missing_ok=True)
            raise

    def url(self, path: str) -> str:
        """The whole address of a path, or of a link that the system gave.

        Raises:
            Stopped: it leads to another host.
        """
        url = urljoin(f"{self.base_url}/", path) if "://" in path or path.startswith("?") else f"{self.base_url}/{path.lstrip('/')}"
        if _origin(url) != _origin(self.base_url):
            raise Stopped(f"gives a link to another host ({urlsplit(url).hostname}), which is not followed. Look at base_url.")
        return url

    def _json(self, method: str, path: str, needs: Iterable[str], **request: Any) -> Any:
        def read(answer: Answer) -> Any:
            content = answer.json()
            lacking = [name for name in needs if not isinstance(content, dict) or name not in content]
            if lacking:
                raise _Broken(f"answers {answer.place} without '{lacking[0]}', which it should have")
            return content

        return self._asked(method, path, read, **request)

    def _asked(self, method: str, path: str, read: Callable[[Answer], Any], *, is_repeatable: bool = True, **request: Any) -> Any:
        """Ask until there is a whole answer, as often and as slowly as the system allows."""
        url, place = self.url(path), f"{method} {urlsplit(self.url(path)).path}"
        is_repeatable = is_repeatable or method == "GET"
        failures = limited = moved = 0
        is_renewed = False
        while True:
            broken: str
            wait: float | None = None
            refusal: Refused | None = None
            try:
                answer = self._send(method, url, place, **request)
                if answer.status < 300:
                    found = read(answer)
                    self._be_early(answer)
                    return found
                if answer.status == 401 and not is_renewed and self.auth:
                    is_renewed = True
                    if not self.auth.renew(answer.signed):  # it may have been a mistake, so that the same is tried once more
                        self._pause(_backoff(1))
                    continue
                if answer.status in ELSEWHERE and method == "GET" and moved < MOST_ELSEWHERE and "location" in answer.headers:
                    moved += 1
                    url = self.url(urljoin(url, answer.headers["location"]))
                    request["params"] = None
                    continue
                if answer.status in LIMITED or (answer.status == 503 and "retry-after" in answer.headers):
                    limited += 1
                    self._wait_for(answer, limited)
                    continue
                if answer.status not in PASSING:
                    raise _refused(answer)
                broken, wait = f"answers {place} with {answer.status}", _asked_wait(answer, self.timing.today())
                refusal = _refused(answer) if answer.status < 500 else None  # a no that lasts is one
            except _Broken as problem:
                broken = str(problem)
            except (httpx.TransportError, httpx.InvalidURL) as error:
                broken = _unreachable(error, urlsplit(url).hostname or "", place)
            failures += 1
            if failures >= ATTEMPTS or not is_repeatable:
                raise refusal or Stopped(f"{broken}, {_times(failures)}. What came before is kept; look at the system, and run again.")
            self._pause(max(wait or 0.0, _backoff(failures)))

    def _send(self, method: str, url: str, place: str, into: Callable[[httpx.Response], None] | None = None, **request: Any) -> Answer:
        with self._lock:
            now = self.timing.now()
            self.budget.spend(now)
            first = max(now, self._resume_at)
            pause = first - now + (self.pace.pause(first) if self.pace else 0.0)
        if pause > 0:
            self._pause(pause)
        signed = self.auth.headers() if self.auth else {}
        headers = {**signed, **(request.pop("headers", None) or {})}
        with self._client.stream(method, url, headers=headers, **request) as response:
            today = self.timing.today()
            self.ahead = (_date(response.headers.get("date", "")) or today) - today
            if into and response.status_code < 300:
                into(response)
                body = b""
            else:
                body = b"".join(_pieces(response, LONGEST_ANSWER))
                self.bytes += len(body)
            return Answer(response.status_code, dict(response.headers), body, place, signed)

    def _wait_for(self, answer: Answer, limited: int) -> None:
        """Wait as long as the system asks for; where it asks for no time or says none, ever longer."""
        asked = _asked_wait(answer, self.timing.today())
        wait = asked if asked is not None and asked > 0 else _hour_wait(answer, limited) or _backoff(limited + 1)
        if limited > ATTEMPTS_WHEN_LIMITED or not self.budget.may_wait(wait, self.timing.now()):
            raise OutOfBudget(f"asks to be left alone for {wait:.0f} seconds ({answer.status}); the next night goes on from here")
        log.info("waiting %.0f s as the system asks", wait)
        self._resume_at = max(self._resume_at, self.timing.now() + wait)

    def _be_early(self, answer: Answer) -> None:
        """Wait before the next request where the answer says that it was the last one allowed."""
        remaining = next((answer.headers[name] for name in _REMAINING if name in answer.headers), None)
        if remaining is None or _number(remaining) != 0:
            return
        wait = _until_reset(answer, self.timing.today())
        if wait and self.budget.may_wait(wait, self.timing.now()):
            self._resume_at = max(self._resume_at, self.timing.now() + wait)

    def _pause(self, wait: float) -> None:
        if not self.budget.may_wait(wait, self.timing.now()):
            raise OutOfBudget("has used up the time of a night; the next night goes on from here")
        self.timing.wait(wait)


@functools.cache
def _trusted() -> ssl.SSLContext:
    """The certificates that are believed; reading them takes longer than many a request."""
    return httpx.create_ssl_context()


@contextmanager
def opened(*args: Any, **keys: Any) -> Iterator[Client]:
    """A client that is closed at the end."""
    with Client(*args, **keys) as client:
        yield client


def _pieces(response: httpx.Response, most: int | None) -> Iterator[bytes]:
    """The body in pieces, unpacked by ourselves, since a packed body that was cut off must not pass for a whole one.

    Raises:
        _Broken: it was cut off, is damaged, or is larger than any answer.
    """
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding not in ("", "identity", "gzip", "x-gzip", "deflate"):
        raise _Broken(f"packs its answer as '{encoding[:20]}', which was not asked for")
    unpacker = zlib.decompressobj(47 if "gzip" in encoding else 15) if encoding not in ("", "identity") else None
    packed = unpacked = 0
    for raw in response.iter_raw():
        packed += len(raw)
        try:
            piece = unpacker.decompress(raw) if unpacker else raw
        except zlib.error:
            raise _Broken("sends a packed answer that is damaged") from None
        unpacked += len(piece)
        if (most is not None and unpacked > most) or (unpacker and unpacked > most_unpacked(packed)):
            raise Stopped(f"sends an answer of more than {unpacked / 2**20:.0f} MB, which none should have. It is not read.")
        yield piece
    if unpacker and packed and not unpacker.eof:
        raise _Broken("sends a packed answer that was cut off")


def _asked_wait(answer: Answer, today: float) -> float | None:
    """Seconds that an answer asks to wait: Retry-After as seconds or as a date, else until its limit is reset; None where it says nothing."""
    asked = answer.headers.get("retry-after", "").strip()
    if asked:
        number = _number(asked)
        if number is not None:
            return number - _server_time(answer, today) if number > _AN_EPOCH else number
        moment = _date(asked)
        if moment is not None:
            return moment - _server_time(answer, today)
    return _until_reset(answer, today)


def _until_reset(answer: Answer, today: float) -> float | None:
    for name in _RESETS:
        number = _number(answer.headers.get(name, ""))
        if number is not None:
            number = number / 1000 if number > 1000 * _AN_EPOCH else number
            return number - _server_time(answer, today) if number > _AN_EPOCH else number
    return None


def _hour_wait(answer: Answer, limited: int) -> float | None:
    """Where the requests of a rolling hour are used up, and nobody says when the first will count no more: longer and longer, up to an hour in all."""
    remaining = _HOUR_USED.search(answer.headers.get("x-rate-limit", ""))
    return float(min(900, 30 * 2 ** (limited - 1))) if remaining and int(remaining[1]) <= 0 else None


def _server_time(answer: Answer, today: float) -> float:
    """The system's own clock where it tells it, so that a clock that is wrong here does no harm."""
    return _date(answer.headers.get("date", "")) or today


def _date(text: str) -> float | None:
    try:
        return email.utils.parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError):
        return None


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < 10**16 else None


def _backoff(failures: int) -> float:
    return float(min(LONGEST_BACKOFF, FIRST_WAIT * 2 ** (failures - 1)) * random.uniform(0.8, 1.2))  # noqa: S311 - only spreads requests


def _refused(answer: Answer) -> Refused:
    """What a status that will not pass means, and how to mend it."""
    said = _said(answer)
    status = answer.status
    if status == 401:
        words = "does not accept the credentials (401). Look at the secrets that [sources.NAME] names; they may have expired"
    elif status == 403:
        words = f"does not let these credentials do {answer.place} (403). Grant the scopes that 'listening sources' lists"
    elif status in ELSEWHERE:
        words = f"sends {answer.place} elsewhere ({status}), again and again or without saying where. Mend base_url"
    else:
        words = f"refuses {answer.place} ({status}{f': {said}' if said else ''})"
    return Refused(f"{words}.", status, said)


def _said(answer: Answer) -> str:
    """A short code that an error answer gives; never more, since it may repeat what was sent."""
    try:
        content = json.loads(answer.body)
    except ValueError:
        return ""
    for name in ("error", "code", "title", "type"):
        word = content.get(name) if isinstance(content, dict) else None
        if isinstance(word, str) and word.replace("_", "").replace(".", "").replace(" ", "").isalnum() and len(word) <= 60:
            return word
    return ""


def _unreachable(error: Exception, host: str, place: str) -> str:
    cause = error.__cause__ or error.__context__
    if isinstance(cause, ssl.SSLError) or "CERTIFICATE" in str(error):
        return f"cannot be trusted: the certificate of {host} is not valid"
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return f"cannot be reached at {host}"
    if isinstance(error, httpx.TimeoutException):
        return f"does not answer {place} in time"
    return f"breaks off while it answers {place}"


def _times(failures: int) -> str:
    return "once" if failures == 1 else f"{failures} times in a row"


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)
