"""Asks a server of the operator's own for JSON: briefly, and once it has failed not again for a minute.

Never call it inside a transaction or while anything is locked: an answer may take seconds, or never come.
"""

from __future__ import annotations

import functools
import json
import time
from collections.abc import Callable
from threading import Lock
from typing import Any

import requests

CONNECT_SECONDS, READ_SECONDS = 1.0, 2.0
# A server that cannot be reached is left alone: it costs one time-out a minute, not one per page.
AWAY_SECONDS = 60.0
LARGEST_ANSWER_BYTES = 1_000_000
AGENT = "Swapline (battery-swap network; booking)"


class NoAnswer(Exception):
    """The server did not answer, or not with JSON. What it would have said is found in another way, or left out."""


class Server:
    """One server, asked by all threads of this process. Remembers when it last failed."""

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.url = url.rstrip("/")
        self._clock = clock
        self._lock = Lock()
        self._has_failed = False
        self._away_until = 0.0

    def get(self, path: str, *, headers: dict[str, str] | None = None, **parameters: str) -> Any:
        """Raises NoAnswer."""
        return self._ask("GET", path, params=parameters, headers=headers or {})

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """Raises NoAnswer."""
        return self._ask("POST", path, json=body, headers={})

    def _ask(self, method: str, path: str, *, headers: dict[str, str], **question: Any) -> Any:
        self._check_may_ask()
        try:
            # Our own server, by the address that the operator wrote: no proxy, no password file, no other address.
            with requests.Session() as session:
                session.trust_env = False
                answer = session.request(
                    method,
                    f"{self.url}{path}",
                    headers={"User-Agent": AGENT, "Accept": "application/json"} | headers,
                    timeout=(CONNECT_SECONDS, READ_SECONDS),
                    allow_redirects=False,
                    stream=True,
                    **question,
                )
                body = _read(answer)
        except (requests.RequestException, NoAnswer) as failure:
            self._note_failure()
            raise NoAnswer(f"{self.url}: {failure}") from failure
        self._note_answer()
        return self._understood(answer.status_code, body)

    def _understood(self, status: int, body: bytes) -> Any:
        """A refusal or nonsense came quickly, so the next question may be asked at once."""
        if status != 200:
            raise NoAnswer(f"{self.url}: status {status}")
        try:
            return json.loads(body)
        except (ValueError, RecursionError) as nonsense:
            raise NoAnswer(f"{self.url}: not JSON") from nonsense

    def _check_may_ask(self) -> None:
        with self._lock:
            now = self._clock()
            if now < self._away_until:
                raise NoAnswer(f"{self.url}: left alone after a failure")
            if self._has_failed:
                # One thread tries whether it is back; the others stay away until it has answered.
                self._away_until = now + AWAY_SECONDS

    def _note_failure(self) -> None:
        with self._lock:
            self._has_failed, self._away_until = True, self._clock() + AWAY_SECONDS

    def _note_answer(self) -> None:
        with self._lock:
            self._has_failed, self._away_until = False, 0.0


@functools.cache
def server(url: str) -> Server:
    """The one that all threads share, so that they learn of a failure from each other."""
    return Server(url)


def _read(answer: requests.Response) -> bytes:
    """The body. A time-out of `requests` counts from byte to byte, so a trickle would have no end without this."""
    if answer.status_code >= 500:
        raise NoAnswer(f"status {answer.status_code}")
    give_up_at, body = time.monotonic() + READ_SECONDS, b""
    for chunk in answer.iter_content(64 * 1024):
        body += chunk
        if len(body) > LARGEST_ANSWER_BYTES:
            raise NoAnswer("the answer is too large")
        if time.monotonic() > give_up_at:
            raise NoAnswer("the answer takes too long")
    return body
