"""Sole writer of Promise: which certain packs are kept for which booking. The caller holds the line's lock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db.models import F, QuerySet

from booking.line_rules import Coming, Kept
from booking.models import Booking, Direction, Line, Promise
from booking.states import State
from stations import inventory
from stations.models import Pack, Station
from stations.states import PackState, SlotState

# Where the station has been silent for longer, nothing is promised by what its packs should hold by now.
FRESH_READING = timedelta(minutes=15)


def make(*, booking: Booking, packs: Sequence[Pack], until: datetime | None, now: datetime) -> None:
    """Keep these packs for the booking until `until`; None when no clock runs.

    Raises inventory's refusal when a pack is not free. Locks the packs, ids ascending.
    """
    inventory.promise_many(packs=packs, until=until, now=now)
    Promise.objects.bulk_create([Promise(booking=booking, pack=pack, made_at=now) for pack in packs])


def keep_until(*, booking: Booking, until: datetime | None) -> None:
    """Move the end of the keeping: an extension, or None when the driver is here."""
    for pack in kept_packs(booking):
        inventory.extend(pack=pack, until=until)


def end(*, booking: Booking, reason: str, now: datetime) -> None:
    """Let the packs go. A pack that has failed meanwhile stays where its failure put it."""
    for pack in kept_packs(booking):
        inventory.release(pack=pack)
    booking.promises.filter(ended_at=None).update(ended_at=now, end_reason=reason)


def lose(*, booking: Booking, pack: Pack, reason: str, now: datetime) -> None:
    """One of the packs cannot be counted on any more; the others are kept on."""
    if pack.pk in {kept.pk for kept in kept_packs(booking)}:
        inventory.release(pack=pack)
    booking.promises.filter(pack=pack, ended_at=None).update(ended_at=now, end_reason=reason)


def fulfil(*, booking: Booking, pack: Pack, now: datetime) -> None:
    """The pack has left with its driver. Inventory has issued it already."""
    booking.promises.filter(pack=pack, ended_at=None).update(ended_at=now, end_reason="issued")


def reassign(*, booking: Booking, old: Pack, new: Pack, now: datetime) -> Booking | None:
    """Hand out `new` instead of `old` (rule 3). If `new` was kept for somebody else, they keep `old` in its place.

    Returns the other booking when two promises changed places. Cleared first, then set: the database refuses a pack
    with two live promises even for a moment. The same end applies to the packs as before.
    """
    other = Promise.objects.filter(pack=new, ended_at=None).select_related("booking").first()
    ends = {old.pk: old.kept_until, new.pk: new.kept_until}
    _clear(booking=booking, pack=old, now=now, reason="reassigned")
    if other is not None:
        _clear(booking=other.booking, pack=new, now=now, reason="reassigned")
    for pack in (old, new):
        pack.refresh_from_db()
    make(booking=booking, packs=[new], until=ends[old.pk], now=now)
    if other is not None:
        make(booking=other.booking, packs=[old], until=ends[new.pk], now=now)
    return other.booking if other is not None else None


def move(*, pairs: Sequence[tuple[Booking, Pack, Pack]], now: datetime) -> None:
    """Promise `new` instead of `old` to each of these bookings (rule 3), whose ends stay as they are.

    All are cleared first, then set: two may be changing places. Locks the packs, ids ascending.
    """
    for booking, old, _new in sorted(pairs, key=lambda pair: pair[1].pk):
        _clear(booking=booking, pack=old, now=now, reason="moved")
    for booking, _old, new in sorted(pairs, key=lambda pair: pair[2].pk):
        make(booking=booking, packs=[new], until=booking.pay_by or booking.lapses_at, now=now)


def coming(*, station: Station, line: Line, now: datetime) -> dict[int, Pack]:
    """Free packs of the line's class that charge, by what was read lately."""
    free = Pack.objects.filter(state=PackState.STORED, slot__state=SlotState.WORKING).at(station).of(line.pack_class)
    charging_now = free.filter(soc_percent__lt=station.target_soc_percent, soc_at__gt=now - FRESH_READING)
    return {pack.pk: pack for pack in charging_now.select_related("slot", "pack_class").order_by("pk")}


def of_absent(line: Line) -> list[Promise]:
    """Promises of drivers who are not here yet, with bookings and packs. Not of packs that were chosen as they are."""
    return list(_of_absent().filter(booking__line=line))


def slipping_lines(now: datetime) -> set[int]:
    """Lines with a promise whose pack may not be ready when its driver arrives."""
    slow = _of_absent().filter(pack__soc_percent__lt=F("pack__station__target_soc_percent"))
    rows = slow.select_related("booking__station")
    return {
        row.booking.line_id
        for row in rows
        if as_kept(row.booking, row.pack, station=row.booking.station, now=now).comes_too_late
    }


def as_coming(packs: Iterable[Pack], *, station: Station, now: datetime) -> list[Coming]:
    return [Coming(pack.pk, pack.ready_in(station.target_soc_percent, now)) for pack in packs]


def as_kept(booking: Booking, pack: Pack, *, station: Station, now: datetime) -> Kept:
    return Kept(
        entry_id=booking.pk,
        pack=pack.pk,
        ready_in=pack.ready_in(station.target_soc_percent, now),
        arrives_in=booking.arrives_in(now),
    )


def _of_absent() -> QuerySet[Promise]:
    absent = Promise.objects.filter(ended_at=None, booking__state=State.PROMISED, booking__took_below_target_at=None)
    in_slots = absent.filter(pack__state=PackState.KEPT, pack__slot__state=SlotState.WORKING)
    in_order = in_slots.order_by("booking__joined_at", "booking__sequence", "pk")
    return in_order.select_related("booking", "pack__slot", "pack__pack_class")


def kept_packs(booking: Booking) -> list[Pack]:
    """The packs that are kept for this booking now, ids ascending; without one that has failed meanwhile."""
    promised = booking.promises.filter(ended_at=None).values("pack_id")
    return list(Pack.objects.filter(pk__in=promised, state=PackState.KEPT).order_by("pk"))


def missing(booking: Booking) -> int:
    """How many packs a vehicle at the bay is neither kept nor has been given yet."""
    kept = booking.promises.filter(ended_at=None).count()
    given = booking.swap_packs.filter(direction=Direction.OUT, undone_at=None).count()
    return booking.packs_wanted - kept - given


def _clear(*, booking: Booking, pack: Pack, now: datetime, reason: str) -> None:
    inventory.release(pack=pack)
    booking.promises.filter(pack=pack, ended_at=None).update(ended_at=now, end_reason=reason)
