"""OAuth tokens that change with every use: takes the configured credentials, gives headers, and keeps what it is given before it uses it.

    .tokens/<source>.json    0600: access token, refresh token, when it expires, the mark of the credentials it came from

A refresh makes the tokens before it worthless. So the new ones are safe on the disk before the first request is sent with
them; where the answer to a refresh is lost, the client's own credentials are the way back in, if they are configured.
"""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from listening.sources.http import Client, Refused, Stopped
from listening.workspace import put

EARLY = 60.0  # seconds before the end of a token's life at which it is renewed
log = logging.getLogger(__name__)


@dataclass
class OAuth:
    """Access tokens by a refresh token (`refresh_token`) or by the client's own credentials, whichever is configured."""

    asking: Client  # without auth of its own
    path: str  # of the token endpoint
    kept: Path
    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)
    scope: str | None = None
    more: Mapping[str, Any] = field(default_factory=dict)
    _tokens: dict[str, Any] = field(default_factory=dict, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def headers(self) -> dict[str, str]:
        """A bearer token that is still good."""
        with self._lock:
            if not self._tokens:
                self._tokens = self._read()
            if not self._tokens.get("access_token") or self._tokens.get("expires_at", 0) - EARLY < self.asking.timing.today():
                self._renew()
            return self._signed()

    def renew(self, used: Mapping[str, str]) -> bool:
        """Get new tokens, unless another request has done so since these headers were used.

        Raises:
            Stopped: the system gives none.
        """
        with self._lock:
            if used == self._signed():
                self._renew()
        return True

    def _signed(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._tokens['access_token']}"}

    def _renew(self) -> None:
        refresh = self._tokens.get("refresh_token") or self.refresh_token
        try:
            answer = self._ask({"grant_type": "refresh_token", "refresh_token": refresh} if refresh else {"grant_type": "client_credentials"})
        except Refused as problem:
            if not refresh or problem.status not in (400, 401, 403):
                raise self._in_words(problem) from None
            log.warning("the refresh token is not accepted any more; asking with the client's own credentials")
            try:
                answer = self._ask({"grant_type": "client_credentials"})
            except Refused as again:
                raise self._in_words(again) from None
        lives = answer.get("expires_in")
        tokens = {
            "access_token": str(answer["access_token"]),
            "refresh_token": answer.get("refresh_token") or None,
            "expires_at": self.asking.timing.today() + float(lives) if isinstance(lives, int | float) and lives > 0 else 2.0**53,
            "mark": self._mark(),
        }
        self.kept.parent.mkdir(mode=0o700, exist_ok=True)
        put(self.kept, json.dumps(tokens))
        self._tokens = tokens

    def _ask(self, grant: Mapping[str, Any]) -> dict[str, Any]:
        content = {**grant, "client_id": self.client_id, "client_secret": self.client_secret, **({"scope": self.scope} if self.scope else {}), **self.more}
        # sent again if no answer came: the worst is that the first was heard, and then the client's own credentials help
        answer: dict[str, Any] = self.asking.post(self.path, content, needs=("access_token",), is_repeatable=True)
        return answer

    def _in_words(self, problem: Refused) -> Stopped:
        return Stopped(
            f"gives no token for these credentials ({problem.status}). Authorise the client again and put the new refresh token where it is read from."
        )

    def _mark(self) -> str:
        return hashlib.sha256(f"{self.client_id}\x1f{self.refresh_token}".encode()).hexdigest()[:16]

    def _read(self) -> dict[str, Any]:
        """The kept tokens; none if others are configured since, or the file is no longer whole."""
        try:
            tokens = json.loads(self.kept.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return tokens if isinstance(tokens, dict) and tokens.get("mark") == self._mark() else {}
