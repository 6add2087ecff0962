"""Asks a server for pages, over and over, from several clients that each keep their connection and their cookies."""

from __future__ import annotations

import http.client
import itertools
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from http.cookies import SimpleCookie
from urllib.parse import urlsplit


def ask(base_url: str, paths: Sequence[str], *, clients: int, seconds: float) -> list[float]:
    """Times of all answers. An answer other than 200 ends the run: its time would mean nothing."""
    end = time.monotonic() + seconds
    turns = itertools.cycle(paths)
    lock = threading.Lock()

    def client() -> list[float]:
        address = urlsplit(base_url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
        cookies: SimpleCookie = SimpleCookie()
        times: list[float] = []
        while time.monotonic() < end:
            with lock:
                path = next(turns)
            sent = {"Cookie": "; ".join(f"{name}={morsel.value}" for name, morsel in cookies.items())}
            start = time.perf_counter()
            connection.request("GET", path, headers=sent if cookies else {})
            answer = connection.getresponse()
            answer.read()
            times.append(time.perf_counter() - start)
            if answer.status != 200:
                raise RuntimeError(f"{path} was answered with {answer.status}.")
            for cookie in answer.headers.get_all("Set-Cookie", []):
                cookies.load(cookie)
        connection.close()
        return times

    with ThreadPoolExecutor(clients) as pool:
        runs = [pool.submit(client) for _client in range(clients)]
        return [one for run in runs for one in run.result()]
