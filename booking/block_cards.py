"""What a fleet's managers read: their fleets, who may be planned, their blocks and what has become of each vehicle."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from accounts import access
from accounts.models import Organisation, Role, User
from booking import block_words, presentation
from booking.block_rules import MINUTE, EntryState
from booking.models import ENTRY_STATES, Assignment, Block, BlockEntry
from stations.models import Slot, Station
from stations.states import StationStatus

SHOWN = 50


@dataclass(frozen=True, slots=True)
class EntryCard:
    """One vehicle of a block. `booking_label` is how its booking stands now, once it has one."""

    number: int
    vehicle_id: int
    plate: str
    driver: str
    packs: int
    join_at: datetime
    at: str
    state: str
    state_label: str
    reason: str
    why: str
    booking_id: UUID | None
    booking_label: str

    @property
    def is_planned(self) -> bool:
        return self.state == EntryState.PLANNED


@dataclass(frozen=True, slots=True)
class BlockCard:
    """A block with its vehicles in their order; times are the station's."""

    public_id: UUID
    fleet_id: int
    fleet: str
    station_id: int
    station: str
    zone: str
    made_at: datetime
    first_at: datetime
    step_seconds: int
    day: str
    hours: str
    as_of: str
    step_minutes: int
    entries: tuple[EntryCard, ...]

    def count(self, state: EntryState) -> int:
        return sum(entry.state == state for entry in self.entries)

    @property
    def planned(self) -> int:
        return self.count(EntryState.PLANNED)

    @property
    def joined(self) -> int:
        return self.count(EntryState.JOINED)

    @property
    def skipped(self) -> int:
        return self.count(EntryState.SKIPPED)

    @property
    def cancelled(self) -> int:
        return self.count(EntryState.CANCELLED)

    @property
    def next_at(self) -> str:
        return next((entry.at for entry in self.entries if entry.is_planned), "")


@dataclass(frozen=True, slots=True)
class Coming:
    """What a fleet has planned for one of its drivers; the time is the station's."""

    station: str
    plate: str
    at: str


def next_of_driver(driver: User) -> Coming | None:
    """The next vehicle that will be put in line for this driver, if a fleet has planned one."""
    planned = BlockEntry.objects.planned().filter(driver=driver).select_related("block__station", "vehicle")
    entry = planned.order_by("join_at", "pk").first()
    if entry is None:
        return None
    station = entry.block.station
    return Coming(station.name, entry.vehicle.plate, presentation.clock(entry.join_at, station.time_zone))


def fleets_of(manager: User) -> QuerySet[Organisation]:
    return access.organisations_with_role(manager, Role.FLEET_MANAGER).select_related("network").order_by("name")


def of_manager(manager: User, *, now: datetime) -> list[BlockCard]:
    """The blocks of their fleets, newest first; nobody else's (P5)."""
    rows = _mine(manager).order_by("-made_at", "-pk")[:SHOWN]
    return _cards(rows, now)


def one_of_manager(manager: User, public_id: UUID, *, now: datetime) -> tuple[Block, BlockCard]:
    """A block of their fleets. Raises Block.DoesNotExist for another one."""
    block = _mine(manager).get(public_id=public_id)
    (card,) = _cards([block], now)
    return block, card


def assignments_of(fleet: Organisation) -> list[Assignment]:
    """Who may be planned: the fleet's vehicles with each of their drivers, by plate."""
    rows = Assignment.objects.filter(vehicle__fleet=fleet, ended_at=None, driver__is_active=True)
    return list(rows.select_related("vehicle__pack_class", "driver").order_by("vehicle__plate", "pk"))


def stations_for(fleet: Organisation, assignments: Sequence[Assignment]) -> list[Station]:
    """Where the fleet has an account and its packs are kept, by name."""
    classes = {one.vehicle.pack_class_id for one in assignments}
    served = Slot.objects.filter(pack_class__in=classes).values("station")
    rows = Station.objects.filter(network=fleet.network_id, pk__in=served).exclude(status=StationStatus.PLANNED)
    return list(rows.order_by("name", "pk"))


def hours(first_at: datetime, last_at: datetime, zone: str) -> str:
    """ "14:10–14:40", or the one moment that there is."""
    begins, ends = (presentation.clock(at, zone) for at in (first_at, last_at))
    return begins if first_at == last_at else f"{begins}–{ends}"


def _mine(manager: User) -> QuerySet[Block]:
    return Block.objects.filter(fleet__in=fleets_of(manager)).select_related("fleet__network", "station")


def _cards(blocks: Iterable[Block], now: datetime) -> list[BlockCard]:
    blocks = list(blocks)
    rows = BlockEntry.objects.filter(block__in=blocks).order_by("block_id", "number")
    by_block: dict[int, list[BlockEntry]] = {block.pk: [] for block in blocks}
    for entry in rows.select_related("vehicle", "driver", "booking"):
        by_block[entry.block_id].append(entry)
    return [_card(block, by_block[block.pk], now) for block in blocks]


def _card(block: Block, entries: Sequence[BlockEntry], now: datetime) -> BlockCard:
    zone = block.station.time_zone
    return BlockCard(
        public_id=block.public_id,
        fleet_id=block.fleet_id,
        fleet=block.fleet.name,
        station_id=block.station_id,
        station=block.station.name,
        zone=zone,
        made_at=block.made_at,
        first_at=block.first_at,
        step_seconds=block.step_seconds,
        day=presentation.day(block.first_at, zone),
        hours=hours(block.first_at, entries[-1].join_at, zone),
        as_of=presentation.clock(now, zone),
        step_minutes=block.step_seconds // MINUTE,
        entries=tuple(_entry(entry, zone, now) for entry in entries),
    )


def _entry(entry: BlockEntry, zone: str, now: datetime) -> EntryCard:
    booking = entry.booking
    return EntryCard(
        number=entry.number,
        vehicle_id=entry.vehicle_id,
        plate=entry.vehicle.plate,
        driver=entry.driver.get_short_name(),
        packs=entry.vehicle.pack_count,
        join_at=entry.join_at,
        at=presentation.clock(entry.join_at, zone),
        state=entry.state,
        state_label=str(ENTRY_STATES[EntryState(entry.state)]),
        reason=entry.reason,
        why=block_words.reason(entry.reason),
        booking_id=booking.public_id if booking is not None else None,
        booking_label=block_words.standing(booking.state_at(now)) if booking is not None else "",
    )
