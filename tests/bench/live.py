"""How long until the last of 500 phones has heard of a change, and what 1,000 idle phones cost in memory.

`python -m tests.bench.live` opens 500 sockets on a web process like the Procfile's, each a driver in one line of 500
behind some that nobody watches, and lets those leave one by one: every place moves. The raw limit beside it is a bare
uvicorn application that sends as many bytes to as many sockets. Both are heard by the same client.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from websockets.asyncio.client import ClientConnection, connect

from config.embedded import CHECKOUT
from tests.bench import database, figures, machine, web

PHONES, CHANGES = 500, 15
CONNECTING_AT_ONCE = 25
PATIENCE_SECONDS = 60
OPTIONS = ["--lifespan", "off", "--ws", "websockets-sansio", "--ws-per-message-deflate", "false"]


def main() -> None:
    found = measure()
    print(_as_text(found))  # noqa: T201 - a bench tells its figures
    print(f"Written to {figures.write('live', found)}")  # noqa: T201 - the same


def measure() -> dict[str, Any]:
    with database.durable("bench_live") as own:
        found: dict[str, Any] = {"machine": machine.describe(postgresql=own.version), "phones": PHONES}
        leaving, cookies = _line_of_phones()
        with _serving("config.asgi:application", own) as (port, process):
            found |= asyncio.run(_swapline(port, process, leaving, cookies))
        with _serving("tests.bench.bare:application", own) as (port, process):
            found["bare"] = asyncio.run(_bare(port, bytes_each=found["bytes_each"]))
    found["ratio"] = round(found["from_commit"]["p50_ms"] / found["bare"]["p50_ms"], 2)
    return found


class Phones:
    """All the sockets of the client, and when each has heard something."""

    def __init__(self) -> None:
        self.sockets: list[ClientConnection] = []
        self.bytes_each = 0
        self._listeners: list[asyncio.Task[None]] = []
        self._missing: set[int] = set()
        self._fresh = 0
        self._all_heard = asyncio.Event()

    async def join(self, addresses: list[tuple[str, dict[str, str]]]) -> None:
        some = asyncio.Semaphore(CONNECTING_AT_ONCE)

        async def one(number: int, url: str, headers: dict[str, str]) -> None:
            async with some:
                socket = await connect(url, additional_headers=headers, compression=None, open_timeout=PATIENCE_SECONDS)
            self.sockets.append(socket)
            self._listeners.append(asyncio.create_task(self._listen(number, socket)))

        self._missing = set(range(len(addresses)))
        await asyncio.gather(*(one(number, *address) for number, address in enumerate(addresses)))
        await asyncio.wait_for(self._all_heard.wait(), PATIENCE_SECONDS)

    async def leave(self) -> None:
        for listener in self._listeners:
            listener.cancel()
        await asyncio.gather(*(socket.close() for socket in self.sockets))

    def expect(self, version: int) -> None:
        """From now on only what is at least this new counts as heard."""
        self._fresh = version
        self._missing = set(range(len(self.sockets)))
        self._all_heard.clear()

    async def all_heard(self) -> float:
        await asyncio.wait_for(self._all_heard.wait(), PATIENCE_SECONDS)
        return time.perf_counter()

    async def _listen(self, number: int, socket: ClientConnection) -> None:
        async for text in socket:
            if json.loads(text)["version"] >= self._fresh:
                self.bytes_each = len(text)
                self._missing.discard(number)
                if not self._missing:
                    self._all_heard.set()


async def _swapline(port: int, process: psutil.Process, leaving: list[Any], cookies: list[Any]) -> dict[str, Any]:
    from booking import snapshot

    empty = process.memory_info().rss
    phones = Phones()
    origin = {"Origin": f"http://127.0.0.1:{port}"}
    await phones.join(
        [(f"ws://127.0.0.1:{port}/ws/bookings/{booking}/", origin | {"Cookie": cookie}) for booking, cookie in cookies]
    )
    await asyncio.sleep(1)
    kilobytes = (process.memory_info().rss - empty) / 1024 / len(phones.sockets)
    from_tap, from_commit = [], []
    for booking in leaving:
        version, _now = await asyncio.to_thread(snapshot.version_of, booking.station_id)
        phones.expect(version + 1)
        tapped = time.perf_counter()
        committed = await asyncio.to_thread(_leaves, booking)
        heard = await phones.all_heard()
        from_tap.append(heard - tapped)
        from_commit.append(heard - committed)
    await phones.leave()
    return {
        "from_tap": figures.summary(from_tap[1:]),
        "from_commit": figures.summary(from_commit[1:]),
        "bytes_each": phones.bytes_each,
        "megabytes_per_1000_phones": round(kilobytes * 1000 / 1024, 1),
    }


def _leaves(booking: Any) -> float:
    """The first in line cancels; returns the instant of the commit."""
    from django.db import connections, transaction

    from booking import lifecycle

    committed: list[float] = []
    with transaction.atomic():
        transaction.on_commit(lambda: committed.append(time.perf_counter()))
        lifecycle.cancel(booking=booking, by=None)
    connections.close_all()
    return committed[0]


async def _bare(port: int, *, bytes_each: int) -> dict[str, Any]:
    phones = Phones()
    await phones.join([(f"ws://127.0.0.1:{port}/", {}) for _phone in range(PHONES)])
    seconds = []
    for version in range(1, CHANGES + 1):
        phones.expect(version)
        asked = time.perf_counter()
        url = f"http://127.0.0.1:{port}/?version={version}&bytes={bytes_each}"
        await asyncio.to_thread(lambda url=url: urllib.request.urlopen(url).close())  # noqa: S310 - our own process
        seconds.append(await phones.all_heard() - asked)
    await phones.leave()
    return figures.summary(seconds[1:])


def _line_of_phones() -> tuple[list[Any], list[tuple[str, str]]]:
    """A line without packs: first those who will leave, then the phones, with the cookies of their sessions."""
    from django.conf import settings

    from booking.models import Booking, Line
    from booking.states import State
    from tests.bench import crowd
    from tests.factories.booking import Town

    town = Town(packs=0)
    people = crowd.drivers(
        count=CHANGES + PHONES, pack_class=town.pack_class, network_id=town.station.network_id, name="live"
    )
    line = Line.objects.create(station=town.station, pack_class=town.pack_class, sequence=len(people))
    bookings = Booking.objects.bulk_create(
        Booking(
            network_id=town.station.network_id,
            station=town.station,
            line=line,
            vehicle=vehicle,
            driver=driver,
            tariff=town.tariff,
            packs_wanted=1,
            code=f"{number:06d}",
            state=State.WAITING,
            joined_at=town.tariff.valid_from,
            sequence=number,
        )
        for number, (driver, vehicle) in enumerate(people)
    )
    watching = bookings[CHANGES:]
    cookies = [f"{settings.SESSION_COOKIE_NAME}={_session(booking.driver)}" for booking in watching]
    return bookings[:CHANGES], [(str(b.public_id), cookie) for b, cookie in zip(watching, cookies, strict=True)]


def _session(user: Any) -> str:
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    return str(session.session_key)


@contextmanager
def _serving(application: str, own: database.Database) -> Iterator[tuple[int, psutil.Process]]:
    """One uvicorn with the Procfile's way of serving sockets."""
    port = web.free_port()
    settings = {"DATABASE_URL": own.url, "REDIS_URL": own.redis_url, "DATABASE_POOL_SIZE": "10", "LAPTOP": "1"}
    server = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", application, "--port", str(port), *OPTIONS, "--log-level", "warning"],
        cwd=Path(CHECKOUT),
        env=os.environ | settings,
    )
    try:
        web.await_answer(port)
        yield port, psutil.Process(server.pid)
    finally:
        server.terminate()
        server.wait(20)


def _as_text(found: dict[str, Any]) -> str:
    ways = (("from the commit", "from_commit"), ("from the tap", "from_tap"), ("bare broadcast", "bare"))
    times = [
        f"  {words:18} p50 {found[way]['p50_ms']:8.1f} ms   p95 {found[way]['p95_ms']:8.1f} ms" for words, way in ways
    ]
    return "\n".join(
        [
            f"One change at a station with a line of {PHONES}, watched by {PHONES} sockets: until the last has it",
            f"on {found['machine']}",
            *times,
            f"  from the commit to a bare broadcast: {found['ratio']}; p50 shall be at most 250 ms",
            f"  {found['bytes_each']} bytes to each phone",
            f"  {found['megabytes_per_1000_phones']} MB for 1,000 idle phones",
        ]
    )


if __name__ == "__main__":
    main()
