"""Sockets whose Origin is no address at all: turned away before anybody tries to read it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from channels.security.websocket import WebsocketDenier


class ReadableOrigin:
    """What stands behind it may split the Origin; brackets without an end, for one, would be an error of ours."""

    def __init__(self, application: Any) -> None:
        self.application = application

    async def __call__(self, scope: Any, receive: Any, send: Any) -> Any:
        origin = dict(scope["headers"]).get(b"origin", b"").decode("latin-1")
        answer = self.application if _is_readable(origin) else WebsocketDenier()
        return await answer(scope, receive, send)


def _is_readable(origin: str) -> bool:
    try:
        urlsplit(origin)
    except ValueError:
        return False
    return True
