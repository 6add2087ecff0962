"""What others read of stations: complete cards, with no query left to a template."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, QuerySet

from accounts.models import Network
from stations import charging, geo, nearest
from stations.charging import Curve
from stations.geo import Place
from stations.hours import Opening, opening
from stations.models import Bay, PackClass, Slot, Station
from stations.states import BayState, PackState, SlotState, StationStatus


@dataclass(frozen=True, slots=True)
class PackCard:
    """A pack in a slot: as it was last read (`soc_at`), and as it is expected now."""

    id: int
    serial: str
    state: str
    state_reason: str
    soc_percent: Decimal
    soh_percent: Decimal
    soc_at: datetime
    kept_until: datetime | None
    # Kept for nobody; a keeping whose end has passed counts for nothing.
    is_free: bool
    # Free, and read at or above the station's target: this one can be handed out.
    is_ready: bool
    # Expected while it charges in a working slot; otherwise the last reading, and no time at all.
    soc_now_percent: float
    ready_at: datetime | None


@dataclass(frozen=True, slots=True)
class SlotCard:
    id: int
    number: int
    pack_class_id: int
    power_w: int
    is_working: bool
    state_reason: str
    pack: PackCard | None


@dataclass(frozen=True, slots=True)
class Stock:
    """The packs of one class at one station."""

    slots: int
    slots_working: int
    packs: int
    ready: int
    # When each of the free packs that are still charging is expected to be ready, soonest first.
    charging_ready_at: tuple[datetime, ...]
    # The oldest and the newest reading behind these figures; none without packs.
    oldest_reading_at: datetime | None
    newest_reading_at: datetime | None

    @property
    def next_ready_at(self) -> datetime | None:
        return self.charging_ready_at[0] if self.charging_ready_at else None


@dataclass(frozen=True, slots=True)
class StationCard:
    """A station as a driver compares it with others, for one class of packs."""

    id: int
    network_id: int
    code: str
    name: str
    address: str
    city: str
    country: str
    time_zone: str
    currency: str
    place: Place
    # Where maps of the country draw it: for links to navigation.
    drawn_at: Place
    distance_m: float
    drive_seconds: int
    status: str
    status_reason: str
    is_staffed: bool
    amenities: tuple[str, ...]
    opening: Opening
    target_soc_percent: int
    swap_seconds: int
    takes_cash: bool
    bays_open: int
    stock: Stock

    @property
    def is_open(self) -> bool:
        return self.status == StationStatus.OPEN and self.opening.is_open


def nearby(
    *,
    latitude: float,
    longitude: float,
    pack_class: PackClass,
    now: datetime,
    limit: int = 20,
    network: Network | None = None,
    is_staffed: bool | None = None,
    open_now: bool = False,
) -> list[StationCard]:
    """The nearest open stations that carry the class, in order of great-circle distance. Refuses what is no place."""
    at = geo.place(latitude=latitude, longitude=longitude)
    wanted = nearest.Wanted(pack_class.pk, network.pk if network else None, is_staffed)
    look = limit
    while True:
        ids = nearest.nearest_ids(at=at, wanted=wanted, limit=look)
        stations = _in_order(ids)
        hours = {station.pk: opening(station.hours, time_zone=station.time_zone, now=now) for station in stations}
        found = [station for station in stations if hours[station.pk].is_open or not open_now][:limit]
        if len(found) == limit or len(ids) < look:
            return _cards(found, at=at, pack_class=pack_class, now=now)
        # Some of the nearest are closed at this hour: look twice as far, until there are enough or no more.
        look *= 2


def station_card(*, station: Station, pack_class: PackClass, at: Place | None, now: datetime) -> StationCard:
    """One station's card; without a place to start from, distance and drive are zero."""
    start = at or Place(station.latitude, station.longitude)
    return _cards([station], at=start, pack_class=pack_class, now=now)[0]


def station_slots(*, station: Station, now: datetime) -> list[SlotCard]:
    """Every slot of a station with what is in it, for the staff's board."""
    slots = Slot.objects.filter(station=station).order_by("number")
    return _slot_cards(slots, {station.pk: station}, now)[station.pk]


def _in_order(ids: list[int]) -> list[Station]:
    stations = Station.objects.in_bulk(ids)
    return [stations[station_id] for station_id in ids if station_id in stations]


def _cards(stations: list[Station], *, at: Place, pack_class: PackClass, now: datetime) -> list[StationCard]:
    by_id = {station.pk: station for station in stations}
    slots = _slot_cards(Slot.objects.filter(station__in=by_id, pack_class=pack_class), by_id, now)
    bays = dict(
        Bay.objects.filter(station__in=by_id)
        .values_list("station")
        .annotate(count=Count("pk", filter=Q(state=BayState.OPEN)))
    )
    return [
        _card(station, at=at, stock=_stock(slots[station.pk]), bays_open=bays.get(station.pk, 0), now=now)
        for station in stations
    ]


def _card(station: Station, *, at: Place, stock: Stock, bays_open: int, now: datetime) -> StationCard:
    place = Place(station.latitude, station.longitude)
    distance_m = geo.distance_m(at, place)
    return StationCard(
        id=station.pk,
        network_id=station.network_id,
        code=station.code,
        name=station.name,
        address=station.address,
        city=station.city,
        country=station.country,
        time_zone=station.time_zone,
        currency=station.currency,
        place=place,
        drawn_at=geo.wgs84_to_gcj02(place) if geo.is_drawn_in_gcj02(station.country) else place,
        distance_m=distance_m,
        drive_seconds=geo.drive_seconds(distance_m),
        status=station.status,
        status_reason=station.status_reason,
        is_staffed=station.is_staffed,
        amenities=tuple(station.amenities),
        opening=opening(station.hours, time_zone=station.time_zone, now=now),
        target_soc_percent=station.target_soc_percent,
        swap_seconds=station.swap_seconds,
        takes_cash=station.takes_cash,
        bays_open=bays_open,
        stock=stock,
    )


# --- Slots and what is in them: one query, however many stations -----------------------------------------------------

_SLOT_FIELDS = ("pk", "station_id", "number", "pack_class_id", "power_w", "state", "state_reason")
_CLASS_FIELDS = ("pack_class__nominal_wh", "pack_class__charge_power_w")
_PACK_FIELDS = (
    "pack__pk",
    "pack__serial",
    "pack__state",
    "pack__state_reason",
    "pack__soc_percent",
    "pack__soh_percent",
    "pack__soc_at",
    "pack__kept_until",
)


def _slot_cards(
    slots: QuerySet[Slot], stations: Mapping[int, Station], now: datetime
) -> defaultdict[int, list[SlotCard]]:
    """Cards by station. Plain tuples from the database: rows as model instances cost five times as much."""
    cards: defaultdict[int, list[SlotCard]] = defaultdict(list)
    for row in slots.values_list(*_SLOT_FIELDS, *_CLASS_FIELDS, *_PACK_FIELDS):
        pk, station_id, number, pack_class_id, power_w, state, reason, nominal_wh, charge_power_w, *pack = row
        is_working = state == SlotState.WORKING
        card = None
        if pack[0] is not None:
            curve = charging.curve(
                nominal_wh=nominal_wh,
                soh_percent=float(pack[5]),
                class_power_w=charge_power_w,
                slot_power_w=power_w,
            )
            target = stations[station_id].target_soc_percent
            card = _pack_card(pack, curve=curve if is_working else None, target_percent=target, now=now)
        cards[station_id].append(SlotCard(pk, number, pack_class_id, power_w, is_working, reason, card))
    return cards


def _pack_card(row: list[Any], *, curve: Curve | None, target_percent: int, now: datetime) -> PackCard:
    """`curve` is None in a slot that works no longer: nothing is expected of the pack then."""
    pk, serial, state, reason, soc, soh, soc_at, kept_until = row
    is_free = state == PackState.STORED or (state == PackState.KEPT and kept_until is not None and kept_until <= now)
    charge = float(soc)
    soc_now, ready_at = charge, None
    if curve is not None and state != PackState.QUARANTINED:
        soc_now = charging.soc_now(curve=curve, soc_percent=charge, soc_at=soc_at, now=now)
        ready_at = charging.ready_at(
            curve=curve, soc_percent=charge, soc_at=soc_at, target_percent=target_percent, now=now
        )
    return PackCard(
        id=pk,
        serial=serial,
        state=state,
        state_reason=reason,
        soc_percent=soc,
        soh_percent=soh,
        soc_at=soc_at,
        kept_until=kept_until,
        is_free=is_free,
        is_ready=is_free and curve is not None and soc >= target_percent,
        soc_now_percent=soc_now,
        ready_at=ready_at,
    )


def _stock(slots: list[SlotCard]) -> Stock:
    packs = [slot.pack for slot in slots if slot.pack is not None]
    readings = [pack.soc_at for pack in packs]
    charging_packs = (pack for pack in packs if pack.is_free and not pack.is_ready)
    return Stock(
        slots=len(slots),
        slots_working=sum(slot.is_working for slot in slots),
        packs=len(packs),
        ready=sum(pack.is_ready for pack in packs),
        charging_ready_at=tuple(sorted(pack.ready_at for pack in charging_packs if pack.ready_at is not None)),
        oldest_reading_at=min(readings, default=None),
        newest_reading_at=max(readings, default=None),
    )
