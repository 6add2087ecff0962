"""Browsers' sockets for tests: through the whole application, with a session cookie and an origin."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from asgiref.testing import ApplicationCommunicator
from django.test import Client

from accounts.models import User

R = TypeVar("R")
ORIGIN = "http://localhost:8000"


def cookie_of(user: User | None) -> str:
    """A session of the person, as a Cookie header."""
    client = Client()
    if user is not None:
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())


class Socket:
    """One socket. `opens` says whether it was accepted; then come snapshots, or the code that it was closed with.

    Made of asgiref's communicator: that of channels.testing keeps database connections open behind our back.
    """

    def __init__(self, path: str, *, cookie: str = "", origin: str | None = ORIGIN) -> None:
        from config.asgi import application

        headers = [(b"host", b"localhost:8000"), (b"cookie", cookie.encode())]
        if origin is not None:
            headers.append((b"origin", origin.encode()))
        address, _, query = path.partition("?")
        scope = {"type": "websocket", "path": address, "query_string": query.encode(), "headers": headers}
        self._socket = ApplicationCommunicator(application, scope | {"subprotocols": []})

    async def opens(self) -> bool:
        await self._socket.send_input({"type": "websocket.connect"})
        told = await self._socket.receive_output(5)
        return bool(told["type"] == "websocket.accept")

    async def hears(self, seconds: float = 5) -> dict[str, Any]:
        """The next message, whatever it is."""
        output = await self._socket.receive_output(seconds)
        assert output["type"] == "websocket.send", output
        told: dict[str, Any] = json.loads(output["text"])
        return told

    async def snapshot(self, seconds: float = 5) -> dict[str, Any]:
        """The next snapshot; beats only say that the connection is alive."""
        while (told := await self.hears(seconds))["type"] == "beat":
            pass
        return told

    async def snapshot_where(self, true: Callable[[dict[str, Any]], bool], seconds: float = 5) -> dict[str, Any]:
        """The first snapshot of which this is true; those before it are passed over."""
        async with asyncio.timeout(seconds):
            while not true(told := await self.snapshot(seconds)):
                pass
        return told

    async def closes_with(self, seconds: float = 5) -> int:
        """The close code; snapshots that come before it are passed over."""
        async with asyncio.timeout(seconds):
            while (told := await self._socket.receive_output(seconds))["type"] != "websocket.close":
                assert told["type"] == "websocket.send"
        return int(told.get("code", 1000))

    async def says(self, text: str) -> None:
        await self._socket.send_input({"type": "websocket.receive", "text": text})

    async def leaves(self) -> None:
        await self._socket.send_input({"type": "websocket.disconnect", "code": 1001})
        await self._socket.wait(5)


@asynccontextmanager
async def opened(path: str, *, cookie: str) -> AsyncIterator[Socket]:
    socket = Socket(path, cookie=cookie)
    assert await socket.opens()
    try:
        yield socket
    finally:
        await socket.leaves()


async def in_thread(act: Callable[..., R], *args: Any, **kwargs: Any) -> R:
    """Run what the database is asked for away from the event loop, as another process would."""
    from channels.db import database_sync_to_async

    return await database_sync_to_async(act, thread_sensitive=False)(*args, **kwargs)


def run(story: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(story())  # type: ignore[arg-type]  # a coroutine function, said so that tests read shortly
