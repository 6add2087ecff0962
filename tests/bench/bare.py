"""The raw limit of telling many sockets: an ASGI application that does nothing else."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from urllib.parse import parse_qs

_sockets: set[Any] = set()


async def application(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "websocket":
        await _listen(receive, send)
    else:
        await _broadcast(scope, send)


async def _listen(receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": json.dumps({"version": 0})})
    _sockets.add(send)
    while (await receive())["type"] != "websocket.disconnect":
        pass
    _sockets.discard(send)


async def _broadcast(scope: Any, send: Any) -> None:
    asked = parse_qs(scope["query_string"].decode())
    if "version" in asked:
        padding = " " * max(0, int(asked["bytes"][0]) - 16)
        text = json.dumps({"version": int(asked["version"][0])}) + padding
        await asyncio.gather(*(tell({"type": "websocket.send", "text": text}) for tell in _sockets))
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"alive"})
