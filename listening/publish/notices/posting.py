"""The post: takes a message and a way, hands it to the mail server, webhook or Prefect block, or says in words why that could not be done.

Neither a secret nor what a server answered at length enters those words: a webhook's address is itself a secret.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import smtplib
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any, TypeAlias
from urllib.parse import SplitResult, urlsplit

from listening.publish.notices import message as messages
from listening.publish.notices.message import Message
from listening.workspace import Digest, Mend, Workspace

PATIENCE = 20.0  # seconds for a server to answer
LOOPBACK = ("127.0.0.1", "localhost", "::1")

Block: TypeAlias = Callable[[str, str, str], None]
"""Sends by the Prefect block of a name: its name, the subject, the text."""


def post(workspace: Workspace, digest: Digest, way: str, message: Message, key: str, by_block: Block | None = None) -> str | None:
    """Send a message by one way; gives a note where only a part of the people could be reached.

    Args:
        workspace: where secrets in files stand.
        digest: the settings.
        way: one of `digest.ways`.
        message: what to say.
        key: the same for the same message, so that a mail program shows one that came twice once.
        by_block: what speaks to Prefect; None outside of it.

    Raises:
        Mend: it was not sent, and why.
    """
    if way == "email":
        return _mail(workspace, digest, message, key)
    if way == "prefect_block":
        if by_block is None:
            raise Mend("this night ran without Prefect, and a Prefect block is set up only there. Set up slack_webhook, teams_webhook or email.")
        try:
            by_block(digest.prefect_block or "", message.subject, message.text())
        except Exception as error:  # whatever a block of any kind may raise; its message may hold the webhook's address
            raise Mend(f"the Prefect block '{digest.prefect_block}' could not be used ({type(error).__name__}).") from None
        return None
    address = _webhook(workspace, digest, way)
    _hand_over(address, message.slack() if way == "slack_webhook" else message.teams())
    return None


def attempt(workspace: Workspace, digest: Digest, company: str, by_block: Block | None = None) -> dict[str, str | None]:
    """Send a test by every way; gives what went wrong with each, or None."""
    found: dict[str, str | None] = {}
    for way in digest.ways:
        key = dt.datetime.now(dt.UTC).isoformat()
        try:
            found[way] = post(workspace, digest, way, messages.of_test(company, digest.page), key, by_block)
        except Mend as problem:
            found[way] = str(problem)
    return found


def probe(workspace: Workspace, digest: Digest, way: str) -> str:
    """What can be said of a way without sending anything.

    Raises:
        Mend: it could not be used.
    """
    if way == "email":
        with _server(workspace, digest) as server:
            server.noop()
        people = f"{len(digest.email)} address{'es' * (len(digest.email) != 1)}"
        return f"{digest.smtp_host}:{digest.smtp_port} answers{' and takes the login' if digest.smtp_user else ''}; mail goes to {people}"
    if way == "prefect_block":
        return f"'{digest.prefect_block}' is used by nights that run through Prefect"
    parts = urlsplit(_webhook(workspace, digest, way))
    if urllib.request.getproxies().get(parts.scheme):
        return f"{parts.hostname} is reached through a proxy; 'listening digest --test' sends a test"
    with _network(parts.hostname or ""), socket.create_connection((parts.hostname or "", _port(parts)), timeout=PATIENCE):
        return f"{parts.hostname} can be reached; 'listening digest --test' sends a test"


def _mail(workspace: Workspace, digest: Digest, message: Message, key: str) -> str | None:
    sender = digest.sender or digest.email[0]
    mail = EmailMessage()
    mail["Subject"], mail["From"], mail["To"] = " ".join(message.subject.split()), sender, ", ".join(digest.email)
    mail["Date"] = format_datetime(dt.datetime.now(dt.UTC))
    mail["Message-ID"] = f"<{hashlib.sha256(key.encode()).hexdigest()[:32]}@{sender.rsplit('@', 1)[1]}>"
    mail["Auto-Submitted"] = "auto-generated"  # nobody's absence note answers it
    mail.set_content(message.text())
    mail.add_alternative(message.html(), subtype="html")
    with _server(workspace, digest) as server:
        refused = server.send_message(mail)
    return f"{digest.smtp_host} took it for all but {len(refused)} of {len(digest.email)} addresses; look for a mistake in them." if refused else None


@contextmanager
def _server(workspace: Workspace, digest: Digest) -> Iterator[smtplib.SMTP]:
    """A mail server that is ready to take a message."""
    host, port = digest.smtp_host or "", digest.smtp_port
    password = workspace.secret(digest.smtp_password) if digest.smtp_password else None
    with _network(f"{host}:{port}"):
        secure = ssl.create_default_context()
        is_tls = digest.smtp_security == "tls"
        server = smtplib.SMTP_SSL(host, port, timeout=PATIENCE, context=secure) if is_tls else smtplib.SMTP(host, port, timeout=PATIENCE)
        with server:
            if digest.smtp_security == "starttls":
                server.starttls(context=secure)
            if digest.smtp_user and password:
                server.login(digest.smtp_user, password)
            yield server


def _webhook(workspace: Workspace, digest: Digest, way: str) -> str:
    """The address of a webhook, which is a secret."""
    named = str(getattr(digest, way))
    address = workspace.secret(named)
    parts = urlsplit(address)
    if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)):
        raise Mend(f"{named} does not hold the address of a webhook; copy it whole, it begins with https://.")
    return address


def _hand_over(address: str, content: dict[str, Any]) -> None:
    body = json.dumps(content, ensure_ascii=False).encode()
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"}, method="POST")  # noqa: S310 (looked at in `_webhook`)
    with _network(urlsplit(address).hostname or ""), urllib.request.build_opener(_Straight).open(request, timeout=PATIENCE):
        pass  # an answer other than 2xx raises


class _Straight(urllib.request.HTTPRedirectHandler):
    """A webhook does not send on to another address; what does is not followed."""

    def redirect_request(self, *_: Any) -> None:
        return None


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


@contextmanager
def _network(where: str) -> Iterator[None]:
    """Say in words what went wrong on the way to a server."""
    try:
        yield
    except Mend:
        raise
    except (smtplib.SMTPException, OSError, ValueError) as error:  # URLError, TimeoutError and SSLError are kinds of OSError
        raise Mend(f"{where} {_said(error)}.") from None


def _said(error: Exception) -> str:
    reason = error.reason if isinstance(error, urllib.error.URLError) and isinstance(error.reason, Exception) else error
    if isinstance(reason, urllib.error.HTTPError):
        return f"did not take the message (HTTP {reason.code}); look whether the webhook still exists"
    if isinstance(reason, smtplib.SMTPAuthenticationError):
        return f"refused smtp_user and smtp_password ({reason.smtp_code})"
    if isinstance(reason, smtplib.SMTPRecipientsRefused):
        return "refused every address; look at email and sender"
    if isinstance(reason, smtplib.SMTPSenderRefused):
        return f"refused the sender ({reason.smtp_code}); look at sender"
    if isinstance(reason, smtplib.SMTPNotSupportedError):
        return "does not offer what smtp_security or smtp_user asks of it; look at both and at smtp_port"
    if isinstance(reason, ssl.SSLError):
        return f"could not be trusted or does not speak TLS there ({reason.reason or 'SSL'}); look at smtp_security and smtp_port"
    if isinstance(reason, smtplib.SMTPResponseException):
        return f"did not take the message ({reason.smtp_code})"
    if isinstance(reason, TimeoutError):
        return f"did not answer within {PATIENCE:.0f} seconds"
    if isinstance(reason, OSError) and reason.strerror:
        return f"cannot be reached ({reason.strerror})"
    return f"did not answer as it should ({type(reason).__name__})"
