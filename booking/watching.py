"""The stations that this process's phones look at: one snapshot per station and version, however many phones there are.

All of it lives on the event loop of the sockets and needs no locks. Only `Room._look` runs in a thread, one at a time
for a room: it reads the database, and notes what the room and its phones have been told.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import structlog
from channels.db import database_sync_to_async
from django.db import Error as DatabaseTrouble
from django.utils import translation

from booking import board_stamp, hearing, live_card, live_fields, queries, snapshot, socket_access
from booking.phones import Phone
from booking.queries import BookingCard
from booking.snapshot import Snapshot

R = TypeVar("R")

log = structlog.get_logger(__name__)

# Waits shrink while packs charge.
REFRESH_SECONDS = 20.0
# A connection that has died looks to the phone like one on which nothing happens; two missed beats tell them apart.
BEAT_SECONDS = 4.0
BEAT = '{"type":"beat"}'
# A board shows metal as well, which changes without any line hearing of it.
BOARD_REFRESH_SECONDS = 4.0
ACCESS_SECONDS = 3.0
RETRY_SECONDS = 1.0
# Two connections to the database are enough for a process with a thousand phones; a burst waits its turn.
THREADS = 2

# Cards that one look sends as HTML, at some ten milliseconds each: enough for who comes back alone, from under ground.
# A crowd that comes back from a restart has healthy connections to fetch by.
CARDS_SENT = 20

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
            pause = await _tried(self._tell(), "live_snapshot_failed", station_id=self.station_id)
            try:
                await asyncio.wait_for(self._changed.wait(), RETRY_SECONDS if pause is None else pause)
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
    """The rooms of one event loop, and the tasks that serve all of them. They live as long as a phone is here."""

    def __init__(self) -> None:
        self._rooms: dict[int, Room] = {}
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="live")
        self._tasks: list[asyncio.Task[None]] = []
        self._look_at_access = asyncio.Event()
        self._beating: set[asyncio.Task[None]] = set()

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
                asyncio.create_task(self._beat()),
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
            phones = self._phones()
            asked = self._in_thread(socket_access.ended, [p.right for p in phones])
            ended = await _tried(asked, "live_access_unknown") or set()
            for phone in phones:
                if phone.right in ended:
                    await phone.end(NOT_YOURS_ANY_MORE)
            try:
                await asyncio.wait_for(self._look_at_access.wait(), ACCESS_SECONDS)
            except TimeoutError:
                continue

    async def _beat(self) -> None:
        """Let every phone know that its connection is alive. It says nothing about the card: only a look can."""
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            for phone in self._phones():
                task = asyncio.create_task(phone.beat(BEAT))
                self._beating.add(task)
                task.add_done_callback(self._beating.discard)

    def _phones(self) -> list[Phone]:
        return [phone for room in self._rooms.values() for phone in room.phones]

    async def _in_thread(self, read: Callable[..., Any], *arguments: Any) -> Any:
        return await database_sync_to_async(read, thread_sensitive=False, executor=self._threads)(*arguments)


_watches: WeakKeyDictionary[asyncio.AbstractEventLoop, Watch] = WeakKeyDictionary()


def here() -> Watch:
    """The watch of the running event loop; a process that serves has one."""
    return _watches.setdefault(asyncio.get_running_loop(), Watch())


async def _tried(look: Awaitable[R], event: str, **about: int) -> R | None:
    """What the look brought; None when it failed, which is logged. Another comes soon, and must come.

    If the task that looks ended, also by a fault of ours, beats would go on and phones believe that they hear all.
    """
    [found] = await asyncio.gather(look, return_exceptions=True)
    if not isinstance(found, BaseException):
        return found
    # Phones show how old their card is. That the database is away needs no traceback every second.
    log.error(event, error=str(found), exc_info=None if isinstance(found, DatabaseTrouble) else found, **about)
    return None


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
    sendable = CARDS_SENT
    for language, several in by_language.items():
        with translation.override(language):
            for phone in several:
                card = cards.get(phone.booking_id or 0)
                if card is None:
                    strayed.append(phone)
                    continue
                shape, html = live_fields.shape(card), None
                # A request for the card might go down a connection that died in the same silence; this one is alive.
                if phone.version < 0 and phone.came_with not in ("", shape) and sendable:
                    sendable -= 1
                    html = _html(phone.booking_id or 0, card)
                phone.version = seen.version
                messages.append((phone, _message(seen, at, shape, live_fields.fields(card), html)))
    return messages, strayed


def _html(booking_id: int, card: BookingCard) -> str | None:
    """The card whose shape is told beside it. None where it takes a search: a router may hold up one of two threads."""
    if live_card.names_others(card):
        return None
    booking = queries.booking_with_id(booking_id)
    return live_card.of_booking(booking, card).html(booking)


def _for_boards(
    seen: Snapshot, phones: Iterable[Phone], stamp: str, at: datetime, *, due: bool
) -> list[tuple[Phone, str]]:
    shape = live_fields.board_shape(seen, stamp)
    text = _message(seen, at, shape, live_fields.board_fields(seen))
    messages = []
    for phone in phones:
        if due or phone.board != shape:
            phone.board, phone.version = shape, seen.version
            messages.append((phone, text))
    return messages


def _message(seen: Snapshot, at: datetime, shape: str, fields: dict[str, str], html: str | None = None) -> str:
    card = {} if html is None else {"card": html}
    return json.dumps(
        {
            "type": "snapshot",
            "version": seen.version,
            "at": at.isoformat().replace("+00:00", "Z"),
            "shape": shape,
            "fields": fields,
            **card,
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )
