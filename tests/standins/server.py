"""What every stand-in is made of: a virtual clock, a log of what happened, a server, and faults at chosen requests."""

from __future__ import annotations

import email.utils
import gzip
import json
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from listening.sources import http

START = 1_735_700_400.0  # 2025-01-01T03:00:00Z


class Clock:
    """The time of a stand-in's world; it stands still unless somebody waits."""

    def __init__(self, now: float = START) -> None:
        self.now = now
        self._lock = threading.Lock()

    def read(self) -> float:
        """The time, in seconds since 1970."""
        return self.now

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        with self._lock:
            self.now += max(0.0, seconds)

    @property
    def timing(self) -> http.Timing:
        """What a client that lives in this time is timed by."""
        return http.Timing(now=self.read, wait=self.wait, today=self.read)


@dataclass
class Request:
    """What was asked."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def content(self) -> Any:
        """The body as JSON, or as a form."""
        text = self.body.decode()
        return json.loads(text) if text.lstrip().startswith(("{", "[")) else {name: values[0] for name, values in parse_qs(text).items()}


@dataclass
class Reply:
    """What is answered: JSON, or bytes as they are."""

    content: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def body(self) -> bytes:
        """The content as it is sent."""
        return self.content if isinstance(self.content, bytes) else json.dumps(self.content).encode()


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong at one request. `kind`: see `Handler._send_faulty`; `change` alters what was going to be answered."""

    kind: str
    value: Any = None
    change: Callable[[Any], Any] | None = None


# what may happen to any request of any system and must leave no trace (connectors.md 2.3, rows 9 to 13)
PASSING: tuple[Fault, ...] = (
    Fault("limit", "2"), Fault("limit", "0"), Fault("limit", "-5"), Fault("limit", None), Fault("limit date", 90), Fault("limit reset", 30),
    Fault("status", 503), Fault("status", 500), Fault("status", 502), Fault("half", 500), Fault("half", 200), Fault("close"), Fault("html"),
    Fault("nothing"), Fault("short gzip"), Fault("short length"), Fault("bad json"),
)  # fmt: skip


class Standin:
    """One outside system. A subclass answers requests from what has happened up to the clock's time."""

    name = ""

    def __init__(self, seed: int = 0, clock: Clock | None = None) -> None:
        self.seed = seed
        self.random = random.Random(seed)
        self.clock = clock or Clock()
        self.faults: dict[int, Fault] = {}  # by the number of the request, the first is 1
        self.requests = 0
        self.places: list[str] = []
        self.base_url = ""
        self.lock = threading.RLock()

    def answer(self, request: Request) -> Reply:
        """What the system answers."""
        raise NotImplementedError

    def fault_now(self) -> Fault | None:
        """The fault that the script has for the request that has just come."""
        self.requests += 1
        return self.faults.pop(self.requests, None)

    def later(self, requests: int, fault: Fault) -> None:
        """Let a fault happen so many requests from now."""
        self.faults[self.requests + requests] = fault

    @contextmanager
    def serving(self, port: int = 0) -> Iterator[str]:
        """Serve on this machine; gives the address."""
        server = ThreadingHTTPServer(("127.0.0.1", port), type("_Handler", (Handler,), {"standin": self}))
        server.daemon_threads = True
        self.base_url = f"http://127.0.0.1:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        try:
            yield self.base_url
        finally:
            server.shutdown()
            server.server_close()


class Handler(BaseHTTPRequestHandler):
    """Speaks HTTP for a stand-in, and goes wrong where its script says so."""

    standin: Standin
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def log_message(self, *_: object) -> None:
        pass

    def _serve(self) -> None:
        url = urlsplit(self.path)
        length = int(self.headers.get("content-length") or 0)
        query = {name: values[0] for name, values in parse_qs(url.query, keep_blank_values=True).items()}
        request = Request(self.command, url.path, query, {name.lower(): value for name, value in self.headers.items()}, self.rfile.read(length))
        with self.standin.lock:
            fault = self.standin.fault_now()
            self.standin.places.append(f"{request.method} {request.path}")
            refuses = fault is not None and fault.kind in ("limit", "limit date", "limit reset", "status", "close")
            reply = Reply({"error": "fault"}) if refuses else self.standin.answer(request)
        if fault is None or (reply.status >= 400 and not refuses):
            self._send(reply)
        else:
            self._send_faulty(fault, reply)

    def _send(self, reply: Reply, *, body: bytes | None = None, length: int | None = None) -> None:
        body = reply.body if body is None else body
        self.send_response_only(reply.status)
        headers = {"Content-Type": "application/json", "Date": email.utils.formatdate(self.standin.clock.now, usegmt=True), **reply.headers}
        for name, value in {**headers, "Content-Length": str(len(body) if length is None else length)}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def _send_faulty(self, fault: Fault, reply: Reply) -> None:  # noqa: C901 - one line a kind
        body = reply.body
        match fault.kind:
            case "limit":
                self._send(Reply({"error": "too many"}, 429, {} if fault.value is None else {"Retry-After": str(fault.value)}))
            case "limit date":
                moment = email.utils.formatdate(self.standin.clock.now + fault.value, usegmt=True)
                self._send(Reply({"error": "too many"}, 429, {"Retry-After": moment}))
            case "limit reset":
                reset = str(int(self.standin.clock.now + fault.value))
                self._send(Reply({"error": "too many"}, 429, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}))
            case "status":
                self._send(Reply({"error": "fault"}, fault.value))
            case "half":
                self._send(Reply(reply.content, fault.value), body=body[: len(body) // 2], length=len(body))
                self._hang_up()
            case "close":
                self._hang_up()
            case "html":
                self._send(Reply(b"<!DOCTYPE html><title>Sign in</title>", 200, {"Content-Type": "text/html"}))
            case "nothing":
                self._send(Reply({}))
            case "short gzip":
                packed = gzip.compress(body)
                self._send(Reply(b"", 200, {"Content-Encoding": "gzip"}), body=packed[: max(12, len(packed) - 9)])
            case "short length":
                self._send(reply, length=max(0, len(body) - 7))
                self._hang_up()
            case "bad json":
                self._send(reply, body=body[:-1])
            case "change":
                assert fault.change is not None
                self._send(Reply(fault.change(reply.content), reply.status, reply.headers))
            case _:
                raise ValueError(fault.kind)

    def _hang_up(self) -> None:
        self.wfile.flush()
        self.close_connection = True
        self.connection.close()
