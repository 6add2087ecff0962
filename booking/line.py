"""Locks of the line, and settling it: what is overdue ends and what is free is promised, before anybody is served."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models import F, Sum
from django.utils.translation import gettext as _

from accounts import lock_waits
from accounts.models import User
from accounts.refusals import Refusal
from booking import clock, fleets, history, live, offer_rules, offers, promises, standstills
from booking.line_rules import (
    CONFIRM_WITHIN,
    PAY_WITHIN,
    Entry,
    FleetShare,
    Grant,
    Move,
    PromiseTerms,
    TimeUp,
    may_be_promised,
    plan,
    promise_seconds,
)
from booking.models import BayQueue, Booking, Line, Promise
from booking.states import State, Step
from stations import inventory
from stations.models import Bay, Pack, PackClass, Station
from stations.states import BayState, StationStatus

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


class HasMoved(Refusal):
    """The booking stands in another line than when it was looked up (rule 7)."""

    code = "booking_moved"


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
        if booking.line_id not in self.lines:
            # Looked up before the line was locked; whoever moved it held both of its lines.
            raise HasMoved(_("Your booking has moved to another station meanwhile. Look at it first."))
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
        lock_waits.limit()
        rows = (
            Line.objects.select_for_update(of=("self",))
            .select_related("pack_class")
            .filter(pk__in=line_ids)
            .order_by("station_id", "pack_class_id")
        )
        held = Held({line.pk: line for line in rows}, clock.database_now())
        token = _held_here.set(_held_here.get() | held.lines.keys())
        try:
            yield held
        finally:
            _held_here.reset(token)
        held.save()


def is_held(line_id: int) -> bool:
    """Whether the code that calls this runs inside `locked` for the line, which settles it by itself."""
    return line_id in _held_here.get()


def note_change(station_id: int) -> None:
    """The station looks different to its phones although none of its lines has moved: a bay, its status."""
    BayQueue.objects.bulk_create([BayQueue(station_id=station_id)], ignore_conflicts=True)
    BayQueue.objects.filter(station_id=station_id).update(version=F("version") + 1)
    transaction.on_commit(partial(live.publish, station_id))


def settle(held: Held, line: Line) -> None:
    """Bring a locked line up to date: end what is overdue, promise what is ready or will be, then offer what is not.

    Rules 1 to 7, 10 and 11.
    """
    _end_overdue(held, line)
    _end_offers(held, line)
    _complete_at_bay(held, line)
    _grant(held, line)
    _offer(held, line)
    _call_to_free_bays(held, line)


def lose_pack(held: Held, pack: Pack, *, reason: str) -> None:
    """A kept pack of a held line cannot be counted on: its booking waits for the next one where it stood (rule 7).

    A vehicle at the bay stays there and keeps its other packs; an offer of the pack is over. The caller settles the
    line afterwards.
    """
    decides = offers.booking_that_decides_on(pack)
    if decides is not None:
        end_offer(held, held.booking(decides), reason="failed")
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


def end_offer(held: Held, booking: Booking, *, reason: str) -> None:
    """The booking's offer is over, if it has one: not by its driver's answer. The place in line is kept."""
    if offers.open_one_of(booking) is None:
        return
    offers.end(booking=booking, reason=reason, now=held.now)
    history.take(booking, Step.END_OFFER, at=held.now, reason=reason)
    held.mark_changed(booking.line_id)


def promise_chosen(held: Held, booking: Booking, packs: list[Pack]) -> None:
    """Promise packs that are not full, because their driver wants them now (rule 11).

    Who joined earlier and did not want them gets a row that says so; others who wait were not to be asked.
    """
    waiting = Booking.objects.in_line(booking.line).waiting()
    ahead = [other for other in waiting if other.order < booking.order]
    exception = "rule_11" if ahead else ""
    if booking.goes_first_at is not None:
        exception = "override"
        _tell_overtaken(held, booking, ahead)
    declined = offers.who_declined(packs, ahead)
    for other in ahead:
        if exception == "rule_11" and other.pk in declined:
            history.take(other, Step.PASS_OVER, at=held.now, exception=exception)
    entry, terms = entry_of(booking, held.now), terms_of(held.station(booking.station_id))
    lasts = (
        None
        if entry.is_here
        else promise_seconds(drive_seconds=entry.drive_seconds, budget_seconds=entry.budget_seconds, terms=terms)
    )
    _promise(held, booking, packs, Grant(booking.pk, tuple(p.pk for p in packs), lasts, exception))


def terms_of(station: Station) -> PromiseTerms:
    return PromiseTerms(
        min_seconds=station.promise_min_seconds,
        max_seconds=station.promise_max_seconds,
        margin_seconds=station.promise_margin_seconds,
    )


def entry_of(booking: Booking, now: datetime) -> Entry:
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
        arrives_in=booking.arrives_in(now),
        fleet=booking.vehicle.fleet_id,
        our_fault=booking.our_fault,
    )


def _promise(held: Held, booking: Booking, packs: list[Pack], given: Grant) -> None:
    """Promise these packs: with an end or, when the driver is here, with a place at the bay and no clock.

    An override is used up by it (rule 8): who falls back into the line has the place of joining, and no more.
    """
    if given.lasts_seconds is None:
        promises.make(booking=booking, packs=packs, until=None, now=held.now)
        history.take(
            booking,
            Step.PROMISE_HERE,
            at=held.now,
            exception=given.exception,
            promised_at=held.now,
            gathering_since=None,
            goes_first_at=None,
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
            goes_first_at=None,
            promise_ends_at=ends_at,
            lapses_at=lapses_at,
            pay_by=pay_by,
            here_claimed_at=claimed_at,
        )
    held.mark_changed(booking.line_id)


def _end_overdue(held: Held, line: Line) -> None:
    for booking in Booking.objects.in_line(line).overdue(held.now).select_related("payment"):
        ended = booking.time_up(held.now)
        if ended == TimeUp.UNPAID:
            history.close(booking, Step.LAPSE, at=held.now, end_reason=ended)
        elif ended == TimeUp.NOBODY_CONFIRMED:
            # The driver said "here" and nobody looked for ten minutes: our fault, so the place is kept (rule 5). The
            # ten minutes more that were asked for are not had again with the next promise.
            promises.end(booking=booking, reason=ended, now=held.now)
            kept = NO_PROMISE | {"extended_at": booking.extended_at}
            history.take(booking, Step.NOBODY_CONFIRMED, at=held.now, our_fault=True, **kept)
        else:
            if standstills.excuses(line.pk):
                # Known by the metal, whether or not the drivers have been asked yet to move (rule 7).
                booking.our_fault = True
                booking.save(update_fields=["our_fault"])
            no_show = not booking.our_fault
            history.close(booking, Step.LAPSE, at=held.now, end_reason=TimeUp.OVERDUE, no_show=no_show)
        held.mark_changed(line.pk)
    for booking in Booking.objects.in_line(line).given_up(held.now).select_related("payment"):
        history.close(booking, Step.GIVE_UP, at=held.now, end_reason="missed_calls")
        held.mark_changed(line.pk)


def _end_offers(held: Held, line: Line) -> None:
    station = held.station(line.station_id)
    for offer in offers.open_in_line(line):
        if offers.is_over(offer, station=station, now=held.now):
            end_offer(held, offer.booking, reason="lapsed" if offer.ends_at <= held.now else "ready")
        elif not may_be_promised(entry_of(offer.booking, held.now), terms_of(station)):
            # They were near enough when they were asked, and have driven away since.
            end_offer(held, offer.booking, reason="too_far")
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
    """Move promises to other packs where rule 3 says so, and promise what may be promised."""
    station = held.station(line.station_id)
    if station.status != StationStatus.OPEN:
        return
    wanted = Booking.objects.waiting().filter(line=line).aggregate(packs=Sum("packs_wanted"))["packs"] or 0
    absent = promises.of_absent(line)
    if not wanted and all(row.pack.soc_percent >= station.target_soc_percent for row in absent):
        return
    ready = inventory.ready_packs(station=station, pack_class=line.pack_class, limit=wanted + len(absent))
    coming = promises.coming(station=station, line=line, now=held.now)
    if not ready and not coming and not absent:
        # Nothing can be granted, and a line without packs may be long.
        return
    packs = {pack.pk: pack for pack in [*ready, *coming.values(), *(row.pack for row in absent)]}
    waiting = {b.pk: b for b in Booking.objects.in_line(line).waiting().select_related("payment", "vehicle")}
    planned = plan(
        entries=[entry_of(b, held.now) for b in waiting.values()],
        free_packs=[pack.pk for pack in ready],
        terms=terms_of(station),
        now=held.now,
        coming=promises.as_coming(coming.values(), station=station, now=held.now),
        kept=[promises.as_kept(row.booking, row.pack, station=station, now=held.now) for row in absent],
        shares=_shares(held, line, waiting.values()),
    )
    _move(held, planned.moves, packs)
    for booking_id in planned.begin_gathering:
        Booking.objects.filter(pk=booking_id).update(gathering_since=held.now)
        held.mark_changed(line.pk)
    for booking_id in planned.passed_over:
        history.take(waiting[booking_id], Step.PASS_OVER, at=held.now, exception="rule_1", passed_over_at=held.now)
    for booking_id in planned.stood_back:
        history.take(waiting[booking_id], Step.PASS_OVER, at=held.now, exception="rule_10")
    for given in planned.grants:
        booking = waiting.pop(given.entry_id)
        end_offer(held, booking, reason="served")
        if given.exception == "override":
            _tell_overtaken(held, booking, waiting.values())
        _promise(held, booking, [packs[pk] for pk in given.packs], given)


def _move(held: Held, moves: Iterable[Move], packs: dict[int, Pack]) -> None:
    """Promises for other packs than before, in one step (rule 3): their drivers notice nothing."""
    pairs = [(held.booking(move.entry_id), packs[move.old], packs[move.new]) for move in moves]
    promises.move(pairs=pairs, now=held.now)
    for booking in {booking.pk: booking for booking, _old, _new in pairs}.values():
        history.take(booking, Step.REASSIGN, at=held.now)
        held.mark_changed(booking.line_id)


def has_ready_packs(held: Held, booking: Booking) -> bool:
    """Whether a driver who is here has what was promised: where a pack is not ready yet, another is looked for first.

    Who chose a pack that is not full has what they chose (rule 11).
    """
    line = held.lines[booking.line_id]
    station = held.station(booking.station_id)
    if booking.took_below_target_at is not None or _are_ready(booking, station):
        return True
    absent = promises.of_absent(line)
    ready = inventory.ready_packs(station=station, pack_class=line.pack_class, limit=booking.packs_wanted)
    kept = [promises.as_kept(row.booking, row.pack, station=station, now=held.now) for row in absent]
    planned = plan(
        entries=[],
        free_packs=[pack.pk for pack in ready],
        terms=terms_of(station),
        now=held.now,
        # They are here, whatever their last position said.
        kept=[replace(one, arrives_in=0.0) if one.entry_id == booking.pk else one for one in kept],
    )
    _move(held, planned.moves, {pack.pk: pack for pack in [*ready, *(row.pack for row in absent)]})
    return _are_ready(booking, station)


def _are_ready(booking: Booking, station: Station) -> bool:
    return all(pack.soc_percent >= station.target_soc_percent for pack in promises.kept_packs(booking))


def _shares(held: Held, line: Line, waiting: Collection[Booking]) -> dict[int, FleetShare]:
    """What the fleets that wait hold of the line's packs (rule 10)."""
    asked = fleets.among(waiting)
    if not asked:
        return {}
    station, holding = held.station(line.station_id), fleets.holders(line, held.now)
    ready = inventory.count_ready(station=station, pack_class=line.pack_class)
    return fleets.shares(line=line, station=station, fleets=asked, holding=holding, ready=ready, now=held.now)


def _offer(held: Held, line: Line) -> None:
    """Whom no ready pack can be promised is asked whether one will do that is not full yet (rule 11)."""
    station = held.station(line.station_id)
    if station.status != StationStatus.OPEN or not Booking.objects.waiting().filter(line=line).exists():
        return
    packs = offers.packs_to_offer(station=station, line=line, now=held.now)
    if not packs:
        return
    waiting = {b.pk: b for b in Booking.objects.in_line(line).waiting().select_related("vehicle")}
    bids = offer_rules.plan(
        entries=[entry_of(b, held.now) for b in waiting.values()],
        deciding={offer.booking_id for offer in offers.open_in_line(line)},
        declined=offers.declined_lately(waiting.values(), now=held.now),
        packs=offers.as_charging(packs.values()),
        terms=terms_of(station),
        shares=_shares(held, line, waiting.values()),
    )
    for bid in bids:
        booking = waiting[bid.entry_id]
        offers.make(booking=booking, packs=offers.packs_of(bid, packs), soc_percent=bid.soc_percent, now=held.now)
        history.take(booking, Step.OFFER, at=held.now, exception=bid.exception)
        held.mark_changed(line.pk)


def _call_to_free_bays(held: Held, line: Line) -> None:
    """Where no staff call, the bay does, when it is free: who never comes would block it for ever (rule 4)."""
    station = held.station(line.station_id)
    mine = Booking.objects.awaiting_call().filter(line=line)
    if station.is_staffed or station.status != StationStatus.OPEN or not mine.exists():
        return
    held.bay_queue(station.pk)
    free = Bay.objects.filter(station=station, state=BayState.OPEN).count()
    free -= Booking.objects.filter(station=station, state=State.SWAPPING).count()
    for booking in Booking.objects.at_bay(station.pk)[: max(0, free)]:
        if booking.line_id == line.pk and booking.called_at is None:
            history.take(booking, Step.CALL, at=held.now, called_at=held.now)
            held.mark_changed(line.pk)


def _tell_overtaken(held: Held, first: Booking, waiting: Iterable[Booking]) -> None:
    """Everyone who joined earlier and waits on gets a row with the reason that staff wrote (rule 8)."""
    for other in waiting:
        if other.order < first.order:
            history.take(other, Step.PASS_OVER, at=held.now, reason=first.goes_first_reason, exception="override")


# What a booking forgets when it falls back into its line: its place and its arrival stay.
NO_PROMISE: dict[str, Any] = {
    "promised_at": None,
    "promise_ends_at": None,
    "lapses_at": None,
    "pay_by": None,
    "extended_at": None,
    "here_claimed_at": None,
    "took_below_target_at": None,
    "late_told_at": None,
}
