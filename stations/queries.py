"""What others read of stations: complete cards, with no query left to a template."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count, F, Q, QuerySet

from accounts import access
from accounts.models import Network, Role, User
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
    pack_class: str
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
    # When a pack last read clearly less than before, though it was charging.
    newest_fall_at: datetime | None

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
    amenities: tuple[str, ...] = (),
    open_now: bool = False,
) -> list[StationCard]:
    """The nearest open stations that carry the class, in order of great-circle distance. Refuses what is no place."""
    at = geo.place(latitude=latitude, longitude=longitude)
    wanted = nearest.Wanted(pack_class.pk, network.pk if network else None, is_staffed, amenities)
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


def station_cards(
    *, station_ids: Collection[int], pack_class: PackClass, at: Place | None, now: datetime
) -> list[StationCard]:
    """Cards of these stations, except of planned ones, in the order of the ids; without `at` as in `station_card`."""
    stations = [s for s in _in_order(list(station_ids)) if s.status != StationStatus.PLANNED]
    if at is not None:
        return _cards(stations, at=at, pack_class=pack_class, now=now)
    return [
        replace(card, distance_m=0.0, drive_seconds=0)
        for card in _cards(stations, at=Place(0.0, 0.0), pack_class=pack_class, now=now)
    ]


def station_slots(*, station: Station, now: datetime) -> list[SlotCard]:
    """Every slot of a station with what is in it, for the staff's board."""
    rows = _rows(Slot.objects.filter(station=station).order_by("number"))
    return [_slot_card(row, target_percent=station.target_soc_percent, now=now) for row in rows]


def stations_for_staff(user: User | AnonymousUser) -> QuerySet[Station]:
    """The stations at which a person works: those that staff are posted to, and an operator's whole network (P5)."""
    posted = Q(
        posts__membership__in=access.memberships(user).as_role(Role.STAFF),
        posts__membership__organisation__network=F("network"),
    )
    operated = Q(network__in=access.networks_for_operator(user))
    return Station.objects.filter(posted | operated).distinct().order_by("name", "id")


def _in_order(ids: list[int]) -> list[Station]:
    stations = Station.objects.in_bulk(ids)
    return [stations[station_id] for station_id in ids if station_id in stations]


def _cards(stations: list[Station], *, at: Place, pack_class: PackClass, now: datetime) -> list[StationCard]:
    ids = [station.pk for station in stations]
    rows: defaultdict[int, list[_SlotRow]] = defaultdict(list)
    for row in _rows(Slot.objects.filter(station__in=ids, pack_class=pack_class)):
        rows[row.station_id].append(row)
    bays = dict(
        Bay.objects.filter(station__in=ids)
        .values_list("station")
        .annotate(count=Count("pk", filter=Q(state=BayState.OPEN)))
    )
    return [
        _card(
            station,
            at=at,
            stock=_stock(rows[station.pk], target_percent=station.target_soc_percent, now=now),
            bays_open=bays.get(station.pk, 0),
            now=now,
        )
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
        status_reason=station.why_not_open,
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


class _SlotRow(NamedTuple):
    """A slot, its class and its pack, as they stand in the database; without a pack all of its columns are None."""

    pk: int
    station_id: int
    number: int
    power_w: int
    state: str
    state_reason: str
    pack_class__name: str
    pack_class__nominal_wh: int
    pack_class__charge_power_w: int
    pack__pk: int | None
    pack__serial: str
    pack__state: str
    pack__state_reason: str
    pack__soc_percent: Decimal
    pack__soh_percent: Decimal
    pack__soc_at: datetime
    pack__soc_fell_at: datetime | None
    pack__kept_until: datetime | None

    @property
    def is_working(self) -> bool:
        return self.state == SlotState.WORKING

    def curve(self) -> Curve:
        return charging.curve(
            nominal_wh=self.pack_class__nominal_wh,
            soh_percent=float(self.pack__soh_percent),
            class_power_w=self.pack_class__charge_power_w,
            slot_power_w=self.power_w,
        )

    def is_free(self, now: datetime) -> bool:
        if self.pack__state == PackState.KEPT:
            return self.pack__kept_until is not None and self.pack__kept_until <= now
        return self.pack__state == PackState.STORED

    def is_ready(self, target_percent: int, now: datetime) -> bool:
        return self.pack__soc_percent >= target_percent and self.is_working and self.is_free(now)

    def ready_at(self, target_percent: int, now: datetime) -> datetime | None:
        """Nothing is expected of a pack in quarantine, or in a slot that works no longer."""
        if not self.is_working or self.pack__state == PackState.QUARANTINED:
            return None
        return charging.ready_at(
            curve=self.curve(),
            soc_percent=float(self.pack__soc_percent),
            soc_at=self.pack__soc_at,
            target_percent=target_percent,
            now=now,
        )

    def soc_now_percent(self, now: datetime) -> float:
        if not self.is_working or self.pack__state == PackState.QUARANTINED:
            return float(self.pack__soc_percent)
        return charging.soc_now(
            curve=self.curve(), soc_percent=float(self.pack__soc_percent), soc_at=self.pack__soc_at, now=now
        )


def _rows(slots: QuerySet[Slot]) -> Iterator[_SlotRow]:
    """Plain tuples: the same rows as model instances cost five times as much."""
    return map(_SlotRow._make, slots.values_list(*_SlotRow._fields))


def _stock(rows: list[_SlotRow], *, target_percent: int, now: datetime) -> Stock:
    packs = [row for row in rows if row.pack__pk is not None]
    readings = [row.pack__soc_at for row in packs]
    ready = sum(row.is_ready(target_percent, now) for row in packs)
    charging_packs = (row for row in packs if row.is_free(now) and row.pack__soc_percent < target_percent)
    expected = (row.ready_at(target_percent, now) for row in charging_packs)
    return Stock(
        slots=len(rows),
        slots_working=sum(row.is_working for row in rows),
        packs=len(packs),
        ready=ready,
        charging_ready_at=tuple(sorted(at for at in expected if at is not None)),
        oldest_reading_at=min(readings, default=None),
        newest_reading_at=max(readings, default=None),
        newest_fall_at=max((row.pack__soc_fell_at for row in packs if row.pack__soc_fell_at is not None), default=None),
    )


def _slot_card(row: _SlotRow, *, target_percent: int, now: datetime) -> SlotCard:
    return SlotCard(
        id=row.pk,
        number=row.number,
        pack_class=row.pack_class__name,
        power_w=row.power_w,
        is_working=row.is_working,
        state_reason=row.state_reason,
        pack=_pack_card(row, row.pack__pk, target_percent=target_percent, now=now) if row.pack__pk else None,
    )


def _pack_card(row: _SlotRow, pack_id: int, *, target_percent: int, now: datetime) -> PackCard:
    return PackCard(
        id=pack_id,
        serial=row.pack__serial,
        state=row.pack__state,
        state_reason=row.pack__state_reason,
        soc_percent=row.pack__soc_percent,
        soh_percent=row.pack__soh_percent,
        soc_at=row.pack__soc_at,
        kept_until=row.pack__kept_until,
        is_free=row.is_free(now),
        is_ready=row.is_ready(target_percent, now),
        soc_now_percent=row.soc_now_percent(now),
        ready_at=row.ready_at(target_percent, now),
    )
