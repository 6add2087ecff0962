"""The site as a phone meets it in production: behind something that compresses pages, and signed in or not.

A page's address says who looks: at 127.0.0.1 nobody is signed in, at localhost a driver is. A cookie that Lighthouse
is told to send would be missing from sockets and from what the service worker asks for.
"""

from __future__ import annotations

import os
from typing import Any

import brotli  # type: ignore[import-untyped]  # ships no types

from config.asgi import application as site

# What proxies use for pages: higher levels cost more time than they save on the way.
QUALITY = 5
TEXT = (b"text/", b"application/manifest+json", b"application/json")


async def application(scope: Any, receive: Any, send: Any) -> None:
    headers = dict(scope["headers"])
    if headers.get(b"host", b"").startswith(b"localhost"):
        _sign_in(scope, headers.get(b"cookie", b""))
    takes_brotli = scope["type"] == "http" and b"br" in headers.get(b"accept-encoding", b"")
    await site(scope, receive, Compressing(send) if takes_brotli else send)


def _sign_in(scope: Any, cookie: bytes) -> None:
    if b"sessionid=" in cookie:
        return
    session = f"sessionid={os.environ['SESSION']}".encode()
    others = [(name, value) for name, value in scope["headers"] if name != b"cookie"]
    scope["headers"] = [*others, (b"cookie", b"; ".join(filter(None, [cookie, session])))]


class Compressing:
    """Holds an answer back until all of it is there. Files come compressed already and pass."""

    def __init__(self, send: Any) -> None:
        self.send = send
        self.start: Any = None
        self.body = b""

    async def __call__(self, message: Any) -> None:
        if message["type"] == "http.response.start" and _is_worth_it(dict(message["headers"])):
            self.start = message
        elif self.start is None:
            await self.send(message)
        else:
            self.body += message.get("body", b"")
            if not message.get("more_body"):
                await self._send_all()

    async def _send_all(self) -> None:
        body = brotli.compress(self.body, quality=QUALITY)
        headers = [(name, value) for name, value in self.start["headers"] if name.lower() != b"content-length"]
        headers += [(b"content-encoding", b"br"), (b"content-length", str(len(body)).encode())]
        await self.send(self.start | {"headers": headers})
        await self.send({"type": "http.response.body", "body": body})


def _is_worth_it(headers: dict[bytes, bytes]) -> bool:
    lower = {name.lower(): value for name, value in headers.items()}
    return b"content-encoding" not in lower and lower.get(b"content-type", b"").startswith(TEXT)
