"""Sole writer of Offer: packs below target, kept for one driver who decides. The caller holds the line's lock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from django.db.models import Max

from booking.models import Booking, Line, Offer, OfferedPack
from booking.offer_rules import ASK_AGAIN_AFTER, NOT_IF_READY_WITHIN, OFFER_FOR, Bid, Charging
from stations import inventory
from stations.models import Pack, Station
from stations.states import PackState


def make(*, booking: Booking, packs: Sequence[Pack], soc_percent: Decimal, now: datetime) -> Offer:
    """Keep these packs for the booking's driver while they decide.

    Raises inventory's refusal when a pack is not free. Locks the packs, ids ascending.
    """
    ends_at = now + OFFER_FOR
    inventory.promise_many(packs=packs, until=ends_at, now=now)
    offer = Offer.objects.create(
        booking=booking, station_id=booking.station_id, soc_percent=soc_percent, made_at=now, ends_at=ends_at
    )
    OfferedPack.objects.bulk_create([OfferedPack(offer=offer, pack=pack) for pack in packs])
    return offer


def end(*, booking: Booking, reason: str, now: datetime) -> list[Pack]:
    """Let the packs of the booking's offer go, if there is one; returns those that are free by it.

    A pack that has failed meanwhile stays where its failure put it.
    """
    if not Offer.objects.open().filter(booking=booking).exists():
        return []
    offered = OfferedPack.objects.filter(offer__booking=booking, ended_at=None)
    packs = list(Pack.objects.filter(pk__in=offered.values("pack_id"), state=PackState.KEPT).order_by("pk"))
    freed = [inventory.release(pack=pack) for pack in packs]
    offered.update(ended_at=now)
    Offer.objects.open().filter(booking=booking).update(ended_at=now, end_reason=reason)
    return freed


def open_one_of(booking: Booking) -> Offer | None:
    """The offer that is not written down as ended. After settling the line it is one that counts."""
    return Offer.objects.open().filter(booking=booking).first()


def is_open(*, booking: Booking, made_at: datetime, now: datetime) -> bool:
    """Whether the offer that was made at that instant still waits for its answer."""
    return Offer.objects.open().filter(booking=booking, made_at=made_at, ends_at__gt=now).exists()


def open_in_line(line: Line) -> list[Offer]:
    """Offers of the line that are not written down as ended, with their bookings and packs."""
    rows = Offer.objects.open().filter(booking__line=line).select_related("booking__payment", "booking__vehicle")
    return list(rows.prefetch_related("packs__pack").order_by("pk"))


def is_over(offer: Offer, *, station: Station, now: datetime) -> bool:
    """Whether the offer has ended, whatever its row says: by time, or because one of its packs is ready (rule 11)."""
    target = station.target_soc_percent
    return offer.ends_at <= now or any(row.pack.soc_percent >= target for row in offer.packs.all())


def booking_that_decides_on(pack: Pack) -> int | None:
    """The booking to which this pack is offered."""
    rows = OfferedPack.objects.filter(pack=pack, ended_at=None)
    return rows.values_list("offer__booking_id", flat=True).first()


def packs_to_offer(*, station: Station, line: Line, now: datetime) -> dict[int, Pack]:
    """Free packs of the line's class that are charged enough to be offered and not ready soon; fullest first."""
    free = Pack.objects.filter(state=PackState.STORED).at(station).of(line.pack_class).below_target()
    packs = free.select_related("slot", "pack_class").order_by("-soc_percent", "pk")
    target, soon = station.target_soc_percent, NOT_IF_READY_WITHIN.total_seconds()
    return {p.pk: p for p in packs if p.ready_in(target, now) > soon}


def as_charging(packs: Iterable[Pack]) -> list[Charging]:
    return [Charging(pack.pk, pack.soc_percent) for pack in packs]


def declined_lately(bookings: Iterable[Booking], *, now: datetime) -> dict[int, Decimal]:
    """By booking: what the best pack held that its driver has said no to, so that nobody is asked again too soon."""
    since: datetime = now - ASK_AGAIN_AFTER
    rows = Offer.objects.declined().filter(booking__in=[b.pk for b in bookings], ended_at__gt=since)
    return dict(rows.values_list("booking_id").annotate(best=Max("soc_percent")))


def who_declined(packs: Sequence[Pack], bookings: Iterable[Booking]) -> set[int]:
    """Those of the bookings that were offered one of these packs and did not take it."""
    rows = Offer.objects.declined().filter(booking__in=[b.pk for b in bookings], packs__pack__in=packs)
    return set(rows.values_list("booking_id", flat=True))


def packs_of(bid: Bid, packs: dict[int, Pack]) -> list[Pack]:
    return [packs[pack.id] for pack in bid.packs]
