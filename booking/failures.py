"""Our fault: what a failed pack or station does to its bookings (rule 7). And new stock for a line."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import F

from booking import clock, history, line, notices, promises
from booking.models import Booking, Line, Offer, OfferedPack, Promise
from booking.states import State, Step
from stations.models import Bay, Pack, Station
from stations.states import BayState


def lock_lines(*, station_id: int, pack_class_ids: list[int]) -> None:
    """Take the lines' locks before metal is locked, to the end of the caller's transaction."""
    lines = Line.objects.filter(station_id=station_id, pack_class_id__in=pack_class_ids)
    list(lines.select_for_update().order_by("station_id", "pack_class_id"))


def lock_line_of(*, reference: UUID) -> None:
    """Take the lock of the line whose booking this payment is for, before the payment is locked.

    Looked up first and again after the lock: the booking may have moved to another line in between (rule 7). Then the
    lock of the old line is given back first, for lines are never locked one after the other.
    """
    of_payment = Booking.objects.filter(public_id=reference)
    while (line_id := of_payment.values_list("line_id", flat=True).first()) is not None:
        before = transaction.savepoint()
        list(Line.objects.select_for_update().filter(pk=line_id))
        if of_payment.filter(line_id=line_id).exists():
            transaction.savepoint_commit(before)
            return
        transaction.savepoint_rollback(before)


def pack_failed(*, pack: Pack, reason: str) -> None:
    """The booking that this pack was kept for falls back into its line with its old place: the next pack is theirs.

    A vehicle at the bay stays there, and is kept the next ready pack before the line is served. An offer of it is over.
    """
    line_id = _line_that_counts_on(pack)
    if line_id is None:
        return
    with line.locked(line_id) as held:
        line.lose_pack(held, pack, reason=reason)
        line.settle(held, held.lines[line_id])


def _line_that_counts_on(pack: Pack) -> int | None:
    """The line in which somebody was promised or is offered this pack."""
    promised = Promise.objects.filter(pack=pack, ended_at=None).values_list("booking__line_id", flat=True)
    offered = OfferedPack.objects.filter(pack=pack, ended_at=None).values_list("offer__booking__line_id", flat=True)
    return promised.first() or offered.first()


def station_failed(*, station: Station, reason: str) -> None:
    """No promise of this station runs any more; everybody keeps the place. Who is here keeps the packs too."""
    lines = Line.objects.filter(station=station).values_list("pk", flat=True)
    with line.locked(*lines) as held:
        # What was overdue has ended before: it was not our fault, whether or not a worker has written it down.
        for ended in held.lines.values():
            line.settle(held, ended)
        for offer in Offer.objects.open().filter(station=station).order_by("booking"):
            line.end_offer(held, held.booking(offer.booking_id), reason="station_failed")
        for promised in Booking.objects.live().filter(station=station, state=State.PROMISED).order_by("pk"):
            booking = held.booking(promised.pk)
            promises.end(booking=booking, reason="station_failed", now=held.now)
            history.take(booking, Step.FAIL_STATION, at=held.now, reason=reason, our_fault=True, **line.NO_PROMISE)
        # Who was called need not hurry to a bay that does not work.
        Booking.objects.at_bay(station.pk).update(called_at=None)
        told = Booking.objects.live().filter(station=station).exclude(state=State.SWAPPING).order_by("pk")
        notices.station_failed(bookings=list(told), at=held.now)
        for line_id in lines:
            held.mark_changed(line_id)


def bay_failed(*, station: Station) -> None:
    """Nobody who was called need hurry to a station of which no bay works any more. Locks its lines.

    Who had missed the second call before it failed has ended then, whether or not a worker has written it down.
    """
    lines = Line.objects.filter(station=station).values_list("pk", flat=True)
    with line.locked(*lines) as held:
        if Bay.objects.filter(station=station, state=BayState.OPEN).exists():
            return
        gone = Booking.objects.given_up(held.now).filter(station=station)
        Booking.objects.at_bay(station.pk).exclude(pk__in=gone.values("pk")).update(called_at=None)
        for line_id in lines:
            held.mark_changed(line_id)


def station_opened(*, station: Station) -> None:
    """Promises are made again, in the order that the lines have kept."""
    line.note_change(station.pk)
    notices.station_opened(station_id=station.pk, at=clock.database_now())
    for line_id in Line.objects.filter(station=station).values_list("pk", flat=True):
        transaction.on_commit(partial(_settle_if_wanted, line_id))


def settle_soon(*, station_id: int, pack_class_id: int) -> None:
    """After commit, when no pack is locked any more: promise what has become ready, if anybody waits for it."""
    at = Line.objects.filter(station_id=station_id, pack_class_id=pack_class_id).first()
    if at is not None and not line.is_held(at.pk):
        transaction.on_commit(partial(_settle_if_wanted, at.pk))


def payment_owed(*, payment_id: int) -> None:
    """A finished swap could not be paid for: its driver is told, unless somebody else pays."""
    own = Booking.objects.filter(payment__payer=F("driver")).exclude(payment__method="account")
    booking = own.filter(payment_id=payment_id).first()
    if booking is not None:
        notices.unpaid(booking=booking, at=clock.database_now())


def _settle_if_wanted(line_id: int) -> None:
    here = Booking.objects.filter(line_id=line_id)
    if here.waiting().exists() or here.short_of_packs().exists():
        settle_line(line_id=line_id)


def settle_line(*, line_id: int) -> None:
    """Settle one line in its own transaction. What sweeps do for every line that is due; harmless twice."""
    with line.locked(line_id) as held:
        line.settle(held, held.lines[line_id])
