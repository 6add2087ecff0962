"""A live server with real sockets, and browsers the size of a phone."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from django.conf import settings
from django.db import connections
from playwright.sync_api import Browser, BrowserContext, Error, Page, Playwright, sync_playwright

CHROMIUM = "/usr/bin/chromium"
PHONE = {"width": 390, "height": 844}
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """Debian's browser where there is one, else the one that Playwright has installed."""
    # Playwright's own loop runs in this thread, in which the ORM would otherwise refuse to work.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        browser = _launch(playwright)
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


def _launch(playwright: Playwright) -> Browser:
    if Path(CHROMIUM).exists():
        return playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
    try:
        return playwright.chromium.launch(args=ARGUMENTS)
    except Error:
        pytest.skip("there is no Chromium here: apt-get install chromium, or .venv/bin/playwright install chromium")


class Server:
    """Pages and sockets on one port, as `make run` serves them, on the test's database."""

    def __init__(self) -> None:
        from config.asgi import application

        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        quiet = uvicorn.Config(application, log_level="error", lifespan="off", ws_per_message_deflate=False)
        self._uvicorn = uvicorn.Server(quiet)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        while not self._uvicorn.started:
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
        script = options.pop("script", True)
        viewport = options.pop("viewport", PHONE)
        context = chromium.new_context(
            base_url=server.url, viewport=viewport, java_script_enabled=script, locale="en-GB", **options
        )
        context.set_default_timeout(10_000)
        contexts.append(context)
        return context.new_page()

    yield open_phone
    for context in contexts:
        context.close()
