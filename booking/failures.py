"""Our fault: what a failed pack or station does to its bookings (rule 7). And new stock for a line."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from django.db import transaction

from booking import history, line, promises
from booking.models import Booking, Line, Promise
from booking.states import State, Step
from stations.models import Pack, Station


def lock_lines(*, station_id: int, pack_class_ids: list[int]) -> None:
    """Take the lines' locks before metal is locked, to the end of the caller's transaction."""
    lines = Line.objects.filter(station_id=station_id, pack_class_id__in=pack_class_ids)
    list(lines.select_for_update().order_by("station_id", "pack_class_id"))


def lock_line_of(*, reference: UUID) -> None:
    """Take the lock of the line whose booking this payment is for, before the payment is locked."""
    list(Line.objects.select_for_update().filter(bookings__public_id=reference))


def pack_failed(*, pack: Pack, reason: str) -> None:
    """The booking that this pack was kept for falls back into its line with its old place: the next pack is theirs.

    A vehicle at the bay stays there, and is kept the next ready pack before the line is served.
    """
    promise = Promise.objects.filter(pack=pack, ended_at=None).select_related("booking").first()
    if promise is None:
        return
    with line.locked(promise.booking.line_id) as held:
        line.lose_pack(held, pack, reason=reason)
        line.settle(held, held.lines[promise.booking.line_id])


def station_failed(*, station: Station, reason: str) -> None:
    """No promise of this station runs any more; everybody keeps the place. Who is here keeps the packs too."""
    lines = Line.objects.filter(station=station).values_list("pk", flat=True)
    with line.locked(*lines) as held:
        # What was overdue has ended before: it was not our fault, whether or not a worker has written it down.
        for ended in held.lines.values():
            line.settle(held, ended)
        for promised in Booking.objects.live().filter(station=station, state=State.PROMISED).order_by("pk"):
            booking = held.booking(promised.pk)
            promises.end(booking=booking, reason="station_failed", now=held.now)
            history.take(booking, Step.FAIL_STATION, at=held.now, reason=reason, our_fault=True, **line.NO_PROMISE)
        for line_id in lines:
            held.mark_changed(line_id)


def station_opened(*, station: Station) -> None:
    """Promises are made again, in the order that the lines have kept."""
    line.note_change(station.pk)
    for line_id in Line.objects.filter(station=station).values_list("pk", flat=True):
        transaction.on_commit(partial(_settle_if_wanted, line_id))


def settle_soon(*, station_id: int, pack_class_id: int) -> None:
    """After commit, when no pack is locked any more: promise what has become ready, if anybody waits for it."""
    at = Line.objects.filter(station_id=station_id, pack_class_id=pack_class_id).first()
    if at is not None and not line.is_held(at.pk):
        transaction.on_commit(partial(_settle_if_wanted, at.pk))


def _settle_if_wanted(line_id: int) -> None:
    here = Booking.objects.filter(line_id=line_id)
    if here.waiting().exists() or here.short_of_packs().exists():
        settle_line(line_id=line_id)


def settle_line(*, line_id: int) -> None:
    """Settle one line in its own transaction. What sweeps do for every line that is due; harmless twice."""
    with line.locked(line_id) as held:
        line.settle(held, held.lines[line_id])
