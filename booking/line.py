"""Locks of the line, and settling it: what is overdue ends and what is free is promised, before anybody is served."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Sum

from accounts.models import User
from booking import history, live, promises
from booking.line_rules import CONFIRM_WITHIN, PAY_WITHIN, Entry, Grant, PromiseTerms, plan
from booking.models import BayQueue, Booking, Line, Promise
from booking.states import State, Step
from stations import inventory
from stations.models import Pack, PackClass, Station
from stations.states import StationStatus

LOCK_TIMEOUT = "3s"

_held_here: ContextVar[frozenset[int]] = ContextVar("lines held by this call", default=frozenset())


def of(station: Station, pack_class: PackClass) -> Line:
    """The line of a station and class; made when first asked for.

    Looked for first: an insert that meets a locked row waits for it, and without the patience of `locked`.
    """
    rows = Line.objects.filter(station=station, pack_class=pack_class)
    known = rows.first()
    if known is None:
        Line.objects.bulk_create([Line(station=station, pack_class=pack_class)], ignore_conflicts=True)
        known = rows.get()
    known.station, known.pack_class = station, pack_class
    return known


class Held:
    """Lines under lock, and the instant by the database's clock after the last lock was taken."""

    def __init__(self, lines: dict[int, Line], now: datetime) -> None:
        self.lines = lines
        self.now = now
        self._queues: dict[int, BayQueue] = {}
        self._stations: dict[int, Station] = {}
        self._changed: set[int] = set()

    def booking(self, pk: int) -> Booking:
        """A booking of a held line, read and locked after the line."""
        booking = (
            Booking.objects.select_for_update(of=("self",))
            .select_related("station", "line", "vehicle", "tariff", "payment")
            .get(pk=pk)
        )
        assert booking.line_id in self.lines, "a booking never changes its line without both being locked"
        return booking

    def station(self, station_id: int) -> Station:
        """The station as it is: whoever closes or opens it holds its lines as well, so that one look is enough."""
        if station_id not in self._stations:
            self._stations[station_id] = Station.objects.get(pk=station_id)
        return self._stations[station_id]

    def next_sequence(self, line: Line) -> int:
        """A new place at the end of the line."""
        held = self.lines[line.pk]
        held.sequence += 1
        self._changed.add(held.pk)
        return held.sequence

    def bay_queue(self, station_id: int) -> BayQueue:
        """The station's bay queue, locked after the lines."""
        if station_id not in self._queues:
            rows = BayQueue.objects.select_for_update().filter(station_id=station_id)
            queue = rows.first()
            if queue is None:
                BayQueue.objects.bulk_create([BayQueue(station_id=station_id)], ignore_conflicts=True)
                queue = rows.get()
            self._queues[station_id] = queue
        return self._queues[station_id]

    def next_bay_sequence(self, station_id: int) -> int:
        """A new place at the end of the bay's queue, in order of arrival."""
        queue = self.bay_queue(station_id)
        queue.sequence += 1
        return queue.sequence

    def mark_changed(self, line_id: int) -> None:
        self._changed.add(line_id)

    def save(self) -> None:
        """Write sequences and versions once, and tell the phones after commit."""
        for line_id in sorted(self._changed):
            line = self.lines[line_id]
            line.version += 1
            line.save(update_fields=["sequence", "version"])
        for queue in self._queues.values():
            queue.save(update_fields=["sequence"])
        for station_id in sorted({self.lines[pk].station_id for pk in self._changed}):
            transaction.on_commit(partial(live.publish, station_id))


@contextmanager
def locked(*line_ids: int) -> Iterator[Held]:
    """Lock lines by station and class, read the database's clock, and save what changed at the end, atomically.

    Raises django's OperationalError (55P03) when a lock is not had within three seconds; the edge tries again.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [LOCK_TIMEOUT])
        rows = (
            Line.objects.select_for_update(of=("self",))
            .select_related("pack_class")
            .filter(pk__in=line_ids)
            .order_by("station_id", "pack_class_id")
        )
        held = Held({line.pk: line for line in rows}, database_now())
        token = _held_here.set(_held_here.get() | held.lines.keys())
        try:
            yield held
        finally:
            _held_here.reset(token)
        held.save()


def is_held(line_id: int) -> bool:
    """Whether the code that calls this runs inside `locked` for the line, which settles it by itself."""
    return line_id in _held_here.get()


def database_now() -> datetime:
    """The database's clock at this moment, not at the start of the transaction: order and deadlines go by it alone."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        row = cursor.fetchone()
    assert row is not None
    now: datetime = row[0]
    return now


def note_change(station_id: int) -> None:
    """The station looks different to its phones although none of its lines has moved: a bay, its status."""
    BayQueue.objects.bulk_create([BayQueue(station_id=station_id)], ignore_conflicts=True)
    BayQueue.objects.filter(station_id=station_id).update(version=F("version") + 1)
    transaction.on_commit(partial(live.publish, station_id))


def settle(held: Held, line: Line) -> None:
    """Bring a locked line up to date: end what is overdue, then promise what is free (rules 1, 2, 5, 6 and 7)."""
    _end_overdue(held, line)
    _complete_at_bay(held, line)
    _grant(held, line)


def lose_pack(held: Held, pack: Pack, *, reason: str) -> None:
    """A kept pack of a held line cannot be counted on: its booking waits for the next one where it stood (rule 7).

    A vehicle at the bay stays there and keeps its other packs. The caller settles the line afterwards.
    """
    promise = Promise.objects.filter(pack=pack, ended_at=None).first()
    if promise is None:
        return
    booking = held.booking(promise.booking_id)
    if booking.state == State.SWAPPING:
        promises.lose(booking=booking, pack=pack, reason="pack_failed", now=held.now)
        history.take(booking, Step.FAIL_PACK, at=held.now, reason=reason, our_fault=True)
    else:
        fall_back(held, booking, reason=reason)
    held.mark_changed(booking.line_id)


def fall_back(held: Held, booking: Booking, *, reason: str, by: User | None = None) -> None:
    """Back into the line with the place it had, because what was kept for it has failed."""
    promises.end(booking=booking, reason="pack_failed", now=held.now)
    history.take(
        booking, Step.FAIL_PACK, at=held.now, by=by, reason=reason, our_fault=True, called_at=None, **NO_PROMISE
    )


def terms_of(station: Station) -> PromiseTerms:
    return PromiseTerms(
        min_seconds=station.promise_min_seconds,
        max_seconds=station.promise_max_seconds,
        margin_seconds=station.promise_margin_seconds,
    )


def entry_of(booking: Booking) -> Entry:
    """A booking as the rules see it."""
    return Entry(
        id=booking.pk,
        packs_wanted=booking.packs_wanted,
        is_waiting=booking.state == State.WAITING,
        is_here=booking.here_at is not None,
        arrive_first=booking.arrive_first,
        drive_seconds=booking.drive_seconds,
        budget_seconds=booking.promise_budget_seconds,
        gathering_since=booking.gathering_since,
        was_passed_over=booking.passed_over_at is not None,
        goes_first=booking.goes_first_at is not None,
    )


def _promise(held: Held, booking: Booking, packs: list[Pack], given: Grant) -> None:
    """Promise these packs: with an end or, when the driver is here, with a place at the bay and no clock."""
    if given.lasts_seconds is None:
        promises.make(booking=booking, packs=packs, until=None, now=held.now)
        history.take(
            booking,
            Step.PROMISE_HERE,
            at=held.now,
            exception=given.exception,
            promised_at=held.now,
            gathering_since=None,
            arrived_at=booking.arrived_at or held.now,
            bay_sequence=booking.bay_sequence or held.next_bay_sequence(booking.station_id),
        )
    else:
        ends_at = held.now + timedelta(seconds=given.lasts_seconds)
        # Who said "here" while waiting need not say it again: the ten minutes to confirm begin with the promise.
        claimed_at = held.now if booking.here_claimed_at is not None else None
        lapses_at = ends_at if claimed_at is None else max(ends_at, claimed_at + CONFIRM_WITHIN)
        pay_by = None if booking.authorised_at else min(held.now + PAY_WITHIN, ends_at)
        promises.make(booking=booking, packs=packs, until=pay_by or lapses_at, now=held.now)
        history.take(
            booking,
            Step.PROMISE,
            at=held.now,
            exception=given.exception,
            promised_at=held.now,
            gathering_since=None,
            promise_ends_at=ends_at,
            lapses_at=lapses_at,
            pay_by=pay_by,
            extended_at=None,
            here_claimed_at=claimed_at,
        )
    held.mark_changed(booking.line_id)


def _end_overdue(held: Held, line: Line) -> None:
    for booking in Booking.objects.in_line(line).overdue(held.now).select_related("payment"):
        if booking.pay_by is not None and booking.pay_by <= held.now:
            history.close(booking, Step.LAPSE, at=held.now, end_reason="unpaid")
        elif booking.here_claimed_at is not None:
            # The driver said "here" and nobody looked for ten minutes: our fault, so the place is kept (rule 5).
            promises.end(booking=booking, reason="nobody_confirmed", now=held.now)
            history.take(booking, Step.NOBODY_CONFIRMED, at=held.now, our_fault=True, **NO_PROMISE)
        else:
            history.close(booking, Step.LAPSE, at=held.now, end_reason="overdue", no_show=not booking.our_fault)
        held.mark_changed(line.pk)


def _complete_at_bay(held: Held, line: Line) -> None:
    """Whose pack failed at the bay is kept the next ready one, before the line is served (rule 7)."""
    for short in Booking.objects.in_line(line).short_of_packs():
        missing = promises.missing(short)
        ready = inventory.ready_packs(station=line.station, pack_class=line.pack_class, limit=missing)
        if ready:
            booking = held.booking(short.pk)
            promises.make(booking=booking, packs=ready, until=None, now=held.now)
            history.take(booking, Step.REASSIGN, at=held.now)
            held.mark_changed(line.pk)


def _grant(held: Held, line: Line) -> None:
    station = held.station(line.station_id)
    if station.status != StationStatus.OPEN:
        return
    wanted = Booking.objects.waiting().filter(line=line).aggregate(packs=Sum("packs_wanted"))["packs"]
    ready = inventory.ready_packs(station=station, pack_class=line.pack_class, limit=wanted) if wanted else []
    if not ready:
        # Nothing can be granted, and a line without packs may be long.
        return
    packs = {pack.pk: pack for pack in ready}
    waiting = {b.pk: b for b in Booking.objects.in_line(line).waiting().select_related("payment")}
    planned = plan(
        entries=[entry_of(b) for b in waiting.values()],
        free_packs=list(packs),
        terms=terms_of(station),
        now=held.now,
    )
    for booking_id in planned.begin_gathering:
        Booking.objects.filter(pk=booking_id).update(gathering_since=held.now)
        held.mark_changed(line.pk)
    for booking_id in planned.passed_over:
        history.take(waiting[booking_id], Step.PASS_OVER, at=held.now, exception="rule_1", passed_over_at=held.now)
    for given in planned.grants:
        booking = waiting.pop(given.entry_id)
        if given.exception == "override":
            _tell_overtaken(held, booking, waiting.values())
        _promise(held, booking, [packs[pk] for pk in given.packs], given)


def _tell_overtaken(held: Held, first: Booking, waiting: Iterable[Booking]) -> None:
    """Everyone who joined earlier and waits on gets a row with the reason that staff wrote (rule 8)."""
    for other in waiting:
        if other.sequence < first.sequence:
            history.take(other, Step.PASS_OVER, at=held.now, reason=first.goes_first_reason, exception="override")


# What a booking forgets when it falls back into its line: its place and its arrival stay.
NO_PROMISE: dict[str, Any] = {
    "promised_at": None,
    "promise_ends_at": None,
    "lapses_at": None,
    "pay_by": None,
    "extended_at": None,
    "here_claimed_at": None,
}
