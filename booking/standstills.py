"""In which lines nobody can be served now, and what their drivers are offered instead. Reads only."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from booking.models import Booking, Cause, Line, MoveOffer, MoveOfferQuerySet, Standstill
from booking.states import State
from stations.models import Bay, Pack, PackClass
from stations.states import BayState, PackState, SlotState, StationStatus

# Who is at the bay already is served there, or given their own pack back.
MAY_MOVE = (State.WAITING, State.PROMISED, State.ARRIVED)


def causes(line_ids: Collection[int]) -> dict[int, Cause]:
    """By line why nobody of it can be served, for those of these lines where it is so."""
    return _causes(Line.objects.filter(pk__in=line_ids))


def with_drivers() -> dict[int, Cause]:
    """The same of all lines in which somebody waits or holds a promise."""
    there = Booking.objects.filter(line=OuterRef("pk"), state__in=MAY_MOVE)
    return _causes(Line.objects.filter(Exists(there)))


def excuses(line_id: int) -> bool:
    """Whether a promise that runs out in this line now makes no mark: no bay of it works, or no pack.

    At a station that has stopped none runs out: what was overdue when it did, had ended before.
    """
    return causes([line_id]).get(line_id, Cause.STATION) != Cause.STATION


def with_working_packs(station_ids: Collection[int], pack_class: PackClass) -> set[int]:
    """Of these stations those at which a pack of the class works, be it ready or not."""
    there = _working_packs().filter(station__in=station_ids, pack_class=pack_class)
    return set(there.values_list("station", flat=True).distinct())


def to_look_at(now: datetime) -> list[int]:
    """Lines whose drivers are to be offered other stations: it has just happened, some time has passed, or a station
    that was offered has stopped as well.
    """
    waits_until = dict(Standstill.objects.filter(ended_at=None).values_list("line_id", "look_at"))
    misled = set(unserved_offers().values_list("standstill__line_id", flat=True))
    return [
        line_id
        for line_id in with_drivers()
        if line_id in misled or line_id not in waits_until or waits_until[line_id] <= now
    ]


def over() -> list[int]:
    """Lines that stood still and do not any more, or in which nobody is left."""
    noted = Standstill.objects.filter(ended_at=None).values_list("line_id", flat=True)
    still = with_drivers()
    return [line_id for line_id in noted if line_id not in still]


def unserved_offers() -> MoveOfferQuerySet:
    """Offers of stations that cannot serve either."""
    return MoveOffer.objects.open().exclude(_serves("to_station", "standstill__line__pack_class"))


def offers_of(booking_ids: Collection[int], now: datetime) -> dict[int, MoveOffer]:
    """By booking the station that it may move to now. What has changed since counts, written down or not."""
    rows = (
        MoveOffer.objects.open()
        .filter(booking__in=booking_ids, booking__state__in=MAY_MOVE, ends_at__gt=now)
        .exclude(_serves("from_station", "standstill__line__pack_class"))
        .filter(_serves("to_station", "standstill__line__pack_class"))
        .select_related("to_station__network", "tariff__pack_class", "standstill")
    )
    return {offer.booking_id: offer for offer in rows}


def _serves(station: str, pack_class: str) -> Q:
    """That the station is open and has a bay and packs of the class that work; the names are paths from the row."""
    return Q(**{f"{station}__status": StationStatus.OPEN}) & _has_bay(station) & _has_pack(station, pack_class)


def _has_bay(station: str) -> Q:
    return Q(Exists(Bay.objects.filter(station=OuterRef(station), state=BayState.OPEN)))


def _has_pack(station: str, pack_class: str) -> Q:
    return Q(Exists(_working_packs().filter(station=OuterRef(station), pack_class=OuterRef(pack_class))))


def _working_packs() -> QuerySet[Pack]:
    return Pack.objects.filter(slot__state=SlotState.WORKING, state__in=(PackState.STORED, PackState.KEPT))


def _causes(lines: QuerySet[Line]) -> dict[int, Cause]:
    rows = (
        lines.exclude(_serves("station", "pack_class"))
        .annotate(status=F("station__status"), has_bay=_has_bay("station"))
        .order_by("pk")
        .values_list("pk", "status", "has_bay")
    )
    return {
        pk: Cause.STATION if status != StationStatus.OPEN else Cause.PACKS if has_bay else Cause.BAYS
        for pk, status, has_bay in rows
    }
