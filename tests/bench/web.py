"""A web process like the Procfile's, on a free port and a database of the bench."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

from config.embedded import CHECKOUT

START_SECONDS = 60


@contextlib.contextmanager
def serving(
    database_url: str, *, application: str = "config.asgi:application", settings: dict[str, str] | None = None
) -> Iterator[str]:
    """The address of the running server, until the end of the block."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", application, "--port", str(port), "--lifespan", "off"]
    needed = {"DATABASE_URL": database_url, "DATABASE_POOL_SIZE": "10", "LAPTOP": "1"}
    # A whole city's load comes from one address.
    needed |= {"SEARCH_RATE_PERSON": "1000000", "SEARCH_RATE_ADDRESS": "1000000"}
    # A line of log per answer is part of the work; nobody reads it here.
    server = subprocess.Popen(
        [*command, "--no-access-log"],
        cwd=CHECKOUT,
        env=os.environ | needed | (settings or {}),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        await_answer(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(20)


def free_port() -> int:
    with socket.socket() as chosen:
        chosen.bind(("127.0.0.1", 0))
        port: int = chosen.getsockname()[1]
        return port


def await_answer(port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            asked = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            asked.request("GET", "/healthz")
            if asked.getresponse().status == 200:
                return
        time.sleep(0.1)
    raise RuntimeError("The web process did not answer in time.")
