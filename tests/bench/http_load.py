"""Asks a server for addresses, over and over, from several clients that each keep their connection."""

from __future__ import annotations

import http.client
import itertools
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

from tests.bench.figures import summary


def ask(base_url: str, paths: Sequence[str], *, clients: int, seconds: float) -> dict[str, float | int]:
    """Times of answers and answers per second. An answer other than 200 ends the run: its time would mean nothing."""
    end = time.monotonic() + seconds
    turns = itertools.count()
    lock = threading.Lock()

    def client() -> list[float]:
        address = urlsplit(base_url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port)
        times: list[float] = []
        while time.monotonic() < end:
            with lock:
                path = paths[next(turns) % len(paths)]
            start = time.perf_counter()
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            times.append(time.perf_counter() - start)
            if answer.status != 200:
                raise RuntimeError(f"{path} was answered with {answer.status}.")
        connection.close()
        return times

    with ThreadPoolExecutor(clients) as pool:
        runs = [pool.submit(client) for _client in range(clients)]
        times = [one for run in runs for one in run.result()]
    return {**summary(times), "per_second": round(len(times) / seconds, 1)}
