"""The stations that this process's phones look at: one snapshot per station and version, however many phones there are.

All of it lives on the event loop of the sockets and needs no locks. Only `Room._look` runs in a thread: it reads.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

import structlog
from channels.db import database_sync_to_async
from django.db import Error as DatabaseTrouble
from django.utils import translation

from booking import board_stamp, hearing, live_fields, queries, snapshot, socket_access
from booking.phones import Phone
from booking.snapshot import Snapshot

log = structlog.get_logger(__name__)

# Waits shrink while packs charge, and a phone that hears nothing for 25 s asks whether its socket is alive.
REFRESH_SECONDS = 20.0
# A board shows metal as well, which changes without any line hearing of it.
BOARD_REFRESH_SECONDS = 4.0
ACCESS_SECONDS = 3.0
RETRY_SECONDS = 1.0
# Two connections to the database are enough for a process with a thousand phones; a burst waits its turn.
THREADS = 2

NOT_YOURS_ANY_MORE = 4403
ASK_AGAIN = 1012


class Room:
    """The phones that look at one station."""

    def __init__(self, station_id: int, run: Callable[..., Coroutine[Any, Any, Any]]) -> None:
        self.station_id = station_id
        self.phones: set[Phone] = set()
        self.task: asyncio.Task[None] | None = None
        self._in_thread = run
        self._changed = asyncio.Event()
        self._sending: set[asyncio.Task[None]] = set()
        self._seen: Snapshot | None = None

    def wake(self) -> None:
        self._changed.set()

    async def serve(self) -> None:
        """Tell the phones whenever something has changed, or time has. Until cancelled."""
        while True:
            self._changed.clear()
            try:
                pause = await self._tell()
            except DatabaseTrouble as failure:
                # Phones show how old their card is; the next look comes soon.
                log.warning("live_snapshot_failed", station_id=self.station_id, error=str(failure))
                pause = RETRY_SECONDS
            try:
                await asyncio.wait_for(self._changed.wait(), pause)
            except TimeoutError:
                continue

    async def _tell(self) -> float:
        """Send each phone what is new to it; returns after how many seconds to look again by ourselves."""
        phones = list(self.phones)
        messages, strayed, pause = await self._in_thread(self._look, phones)
        for phone, text in messages:
            task = asyncio.create_task(phone.tell(text))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)
        for phone in strayed:
            await phone.end(ASK_AGAIN)
        return float(pause)

    def _look(self, phones: list[Phone]) -> tuple[list[tuple[Phone, str]], list[Phone], float]:
        """In a thread: the station's newest snapshot, and its small part for every phone that does not have it yet."""
        version, now = snapshot.version_of(self.station_id)
        fresh = self._seen is None or self._seen.version != version or _fresh_for(self._seen, now) <= 0
        if self._seen is None or fresh:
            self._seen, fresh = snapshot.take(self.station_id), True
        drivers = [p for p in phones if p.booking_id is not None and (fresh or p.version != self._seen.version)]
        boards = [p for p in phones if p.booking_id is None]
        # True as of this moment, also when built earlier: nothing has changed since. Phones set their clocks by it.
        at = max(now, self._seen.at)
        messages, strayed = _for_drivers(self._seen, drivers, at)
        if boards:
            messages += _for_boards(self._seen, boards, board_stamp.of(self.station_id), at, due=fresh)
        pause = min(_fresh_for(self._seen, now), BOARD_REFRESH_SECONDS if boards else REFRESH_SECONDS)
        return messages, strayed, max(0.05, pause)


class Watch:
    """The rooms of one event loop, and the two tasks that serve all of them. They live as long as a phone is here."""

    def __init__(self) -> None:
        self._rooms: dict[int, Room] = {}
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="live")
        self._tasks: list[asyncio.Task[None]] = []
        self._look_at_access = asyncio.Event()

    def join(self, station_id: int, phone: Phone) -> None:
        """From now on the phone is told about the station, beginning with how it stands."""
        if not self._tasks:
            self._tasks = [
                asyncio.create_task(
                    hearing.hear(
                        station_changed=self.station_changed,
                        access_changed=self._look_at_access.set,
                        listening=self._missed_something,
                    )
                ),
                asyncio.create_task(self._keep_out_who_lost_access()),
            ]
        room = self._rooms.get(station_id)
        if room is None:
            room = self._rooms[station_id] = Room(station_id, self._in_thread)
            room.task = asyncio.create_task(room.serve())
        room.phones.add(phone)
        room.wake()

    def leave(self, station_id: int, phone: Phone) -> None:
        room = self._rooms.get(station_id)
        if room is None:
            return
        room.phones.discard(phone)
        if not room.phones:
            del self._rooms[station_id]
            if room.task is not None:
                room.task.cancel()
        if not self._rooms:
            for task in self._tasks:
                task.cancel()
            self._tasks = []

    def station_changed(self, station_id: int) -> None:
        if room := self._rooms.get(station_id):
            room.wake()

    def _missed_something(self) -> None:
        for room in self._rooms.values():
            room.wake()
        self._look_at_access.set()

    async def _keep_out_who_lost_access(self) -> None:
        """Close what may not be seen any more: at once when it is announced, and within seconds when that was lost."""
        while True:
            self._look_at_access.clear()
            phones = [phone for room in self._rooms.values() for phone in room.phones]
            try:
                ended = await self._in_thread(socket_access.ended, [p.right for p in phones])
            except DatabaseTrouble as failure:
                log.warning("live_access_unknown", error=str(failure))
                ended = set()
            for phone in phones:
                if phone.right in ended:
                    await phone.end(NOT_YOURS_ANY_MORE)
            try:
                await asyncio.wait_for(self._look_at_access.wait(), ACCESS_SECONDS)
            except TimeoutError:
                continue

    async def _in_thread(self, read: Callable[..., Any], *arguments: Any) -> Any:
        return await database_sync_to_async(read, thread_sensitive=False, executor=self._threads)(*arguments)


_watches: WeakKeyDictionary[asyncio.AbstractEventLoop, Watch] = WeakKeyDictionary()


def here() -> Watch:
    """The watch of the running event loop; a process that serves has one."""
    return _watches.setdefault(asyncio.get_running_loop(), Watch())


def _fresh_for(seen: Snapshot, now: datetime) -> float:
    """For how many seconds more this snapshot holds if nothing happens."""
    ends_at = seen.at + timedelta(seconds=REFRESH_SECONDS)
    return (min(ends_at, seen.stale_at or ends_at) - now).total_seconds()


def _for_drivers(seen: Snapshot, phones: Iterable[Phone], at: datetime) -> tuple[list[tuple[Phone, str]], list[Phone]]:
    """Each driver's own part of the snapshot; and the phones whose booking has moved to another station."""
    by_language: dict[str, list[Phone]] = defaultdict(list)
    for phone in phones:
        by_language[phone.language].append(phone)
    cards = queries.cards(seen, {p.booking_id for several in by_language.values() for p in several if p.booking_id})
    messages, strayed = [], []
    for language, several in by_language.items():
        with translation.override(language):
            for phone in several:
                card = cards.get(phone.booking_id or 0)
                if card is None:
                    strayed.append(phone)
                    continue
                phone.version = seen.version
                messages.append((phone, _message(seen, at, live_fields.shape(card), live_fields.fields(card))))
    return messages, strayed


def _for_boards(
    seen: Snapshot, phones: Iterable[Phone], stamp: str, at: datetime, *, due: bool
) -> list[tuple[Phone, str]]:
    shape = live_fields.board_shape(seen, stamp)
    text = _message(seen, at, shape, live_fields.board_fields(seen))
    messages = []
    for phone in phones:
        if due or phone.shown != shape:
            phone.shown, phone.version = shape, seen.version
            messages.append((phone, text))
    return messages


def _message(seen: Snapshot, at: datetime, shape: str, fields: dict[str, str]) -> str:
    return json.dumps(
        {
            "type": "snapshot",
            "version": seen.version,
            "at": at.isoformat().replace("+00:00", "Z"),
            "shape": shape,
            "fields": fields,
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )
