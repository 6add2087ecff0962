"""Sole writer of Promise: which certain packs are kept for which booking. The caller holds the line's lock."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from booking.models import Booking, Direction, Promise
from stations import inventory
from stations.models import Pack
from stations.states import PackState


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
    _clear(booking=booking, pack=old, now=now)
    if other is not None:
        _clear(booking=other.booking, pack=new, now=now)
    for pack in (old, new):
        pack.refresh_from_db()
    make(booking=booking, packs=[new], until=ends[old.pk], now=now)
    if other is not None:
        make(booking=other.booking, packs=[old], until=ends[new.pk], now=now)
    return other.booking if other is not None else None


def kept_packs(booking: Booking) -> list[Pack]:
    """The packs that are kept for this booking now, ids ascending; without one that has failed meanwhile."""
    promised = booking.promises.filter(ended_at=None).values("pack_id")
    return list(Pack.objects.filter(pk__in=promised, state=PackState.KEPT).order_by("pk"))


def missing(booking: Booking) -> int:
    """How many packs a vehicle at the bay is neither kept nor has been given yet."""
    kept = booking.promises.filter(ended_at=None).count()
    given = booking.swap_packs.filter(direction=Direction.OUT, undone_at=None).count()
    return booking.packs_wanted - kept - given


def _clear(*, booking: Booking, pack: Pack, now: datetime) -> None:
    inventory.release(pack=pack)
    booking.promises.filter(pack=pack, ended_at=None).update(ended_at=now, end_reason="reassigned")
