"""A live server with real sockets, and browsers the size of a phone."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest
import uvicorn
from django.conf import settings
from django.db import connections
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser import PATIENCE_MS

PHONE = {"width": 390, "height": 844}


class Server:
    """Pages and sockets on one port, as `make run` serves them, on the test's database. It can go and come back."""

    def __init__(self) -> None:
        self.port = 0
        self.start()
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """On the port that it had before, if it had one."""
        from config.asgi import application

        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", self.port))
        self.port = self._socket.getsockname()[1]
        quiet = uvicorn.Config(application, log_level="error", lifespan="off", ws_per_message_deflate=False)
        self._uvicorn = uvicorn.Server(quiet)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        while not self._uvicorn.started:
            assert self._thread.is_alive(), "the server has ended before it began"
            time.sleep(0.01)

    def _serve(self) -> None:
        self._uvicorn.run([self._socket])
        connections.close_all()

    def stop(self) -> None:
        self._uvicorn.should_exit = True
        self._thread.join(timeout=10)


@pytest.fixture
def server(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """The demo, because its bar plays what staff do."""
    monkeypatch.setattr(settings, "DEMO", True)
    running = Server()
    yield running
    running.stop()


@pytest.fixture
def phones(chromium: Browser, server: Server) -> Iterator[Any]:
    """`phones()` opens another phone; with `script=False` one without JavaScript."""
    contexts: list[BrowserContext] = []

    def open_phone(**options: Any) -> Page:
        wishes = {"base_url": server.url, "viewport": PHONE, "java_script_enabled": options.pop("script", True)}
        context = chromium.new_context(**wishes | {"locale": "en-GB"} | options)
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        return context.new_page()

    yield open_phone
    for context in contexts:
        context.close()
