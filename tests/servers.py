"""A real mail server and a real web server on this machine, for as long as a test lasts: what they were handed is kept."""

from __future__ import annotations

import base64
import json
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Mailbox:
    """A mail server's settings, and the letters that it took, each with its envelope."""

    port: int = 0
    users: dict[str, str] = field(default_factory=dict)
    refused: tuple[str, ...] = ()
    answer: str = "250 taken"
    certificate: ssl.SSLContext | None = None
    letters: list[tuple[list[str], EmailMessage]] = field(default_factory=list)


class _Mail(socketserver.StreamRequestHandler):
    """As much of SMTP (RFC 5321) as a client needs to hand over a letter: EHLO, STARTTLS, AUTH PLAIN, MAIL, RCPT, DATA."""

    server: Any

    def handle(self) -> None:
        box: Mailbox = self.server.box
        people: list[str] = []
        self.say("220 here")
        while line := self.rfile.readline().decode().strip():
            word = line.split()[0].upper()
            if word == "EHLO":
                offered = [*(["STARTTLS"] if box.certificate else []), *(["AUTH PLAIN"] if box.users else []), "8BITMIME"]
                self.say(*(f"250-{each}" for each in ["here", *offered[:-1]]), f"250 {offered[-1]}")
            elif word == "STARTTLS" and box.certificate:
                self.say("220 go on")
                self.connection = box.certificate.wrap_socket(self.connection, server_side=True)
                self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", buffering=0)
            elif word == "AUTH":
                _, user, password = base64.b64decode(line.split()[2]).decode().split("\0")
                self.say("235 welcome" if box.users.get(user) == password else "535 no")
            elif word == "RCPT":
                address = line.split("<")[1].split(">")[0]
                if address in box.refused:
                    self.say("550 unknown")
                else:
                    people.append(address)
                    self.say("250 yes")
            elif word == "DATA":
                self.say("354 go on")
                letter = b""
                while (more := self.rfile.readline()) != b".\r\n":
                    letter += more
                if box.answer.startswith("250"):
                    box.letters.append((people, message_from_bytes(letter, policy=policy.default)))
                self.say(box.answer)
            else:
                self.say("221 bye" if word == "QUIT" else "250 yes")
                if word == "QUIT":
                    return

    def say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())


@contextmanager
def mail_server(**settings: Any) -> Iterator[Mailbox]:
    """A mail server on a free port."""
    box = Mailbox(**settings)
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Mail) as server:
        server.daemon_threads = True
        server.box = box  # type: ignore[attr-defined]
        box.port = server.server_address[1]
        with _serving(server):
            yield box


@dataclass
class Hook:
    """A webhook's address, how it answers, and what it was handed."""

    address: str = ""
    status: int = 200
    posts: list[Any] = field(default_factory=list)


@contextmanager
def webhook(status: int = 200) -> Iterator[Hook]:
    """A web server on a free port that takes JSON."""
    hook = Hook(status=status)

    class Web(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.headers["Content-Type"] == "application/json"
            content = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            if hook.status < 300:
                hook.posts.append(content)
            self.send_response(hook.status)
            if 300 <= hook.status < 400:
                self.send_header("Location", f"{hook.address}/elsewhere")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Web) as server:
        hook.address = f"http://127.0.0.1:{server.server_address[1]}/services/T0/B0/very-secret"
        with _serving(server):
            yield hook


@contextmanager
def _serving(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
