"""What a fleet holds of a station's packs within the hour, as rule 10 counts it. Nothing here writes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime

from django.db.models import Count

from booking.line_rules import NO_LIMIT, SHARE_COUNTS_FOR, FleetShare, Holdings
from booking.models import Booking, Direction, Line, SwapPack, Vehicle
from booking.states import State
from stations import inventory
from stations.models import Station

HOLDING = (State.PROMISED, State.ARRIVED, State.SWAPPING)


def among(waiting: Iterable[Booking], to_come: Iterable[int | None] = ()) -> set[int]:
    """The fleets whose vehicles wait together with somebody else: a fleet alone in its line leaves packs to nobody.

    `to_come` are those of vehicles that would join.
    """
    waits = {b.vehicle.fleet_id for b in waiting} | set(to_come)
    return {fleet for fleet in waits if fleet is not None} if len(waits) > 1 else set()


def holders(line: Line, now: datetime) -> list[Booking]:
    """Whose packs are promised to them now, or who swap. A promise whose time is up counts for nothing (P3)."""
    rows = Booking.objects.in_line(line).filter(state__in=HOLDING).select_related("vehicle")
    return [b for b in rows if b.state_at(now) in HOLDING]


def holdings(
    *, line: Line, station: Station, asked: set[int], holding: Iterable[Booking], ready: int, now: datetime
) -> Holdings:
    """What is held of the line's packs within the hour. Nothing is asked where no fleet is `asked` about.

    `holding` are the `holders`, `ready` is how many packs could be promised at once. Counted with them are the packs
    that went out within the hour, also where their vehicle is no fleet's.
    """
    if not asked:
        return NO_LIMIT
    out = taken_out(stations=[station.pk], lines=[line.pk], now=now)
    return Holdings(out[line.pk] + promised(holding), ready=ready, percent=station.fleet_share_percent)


def shares(
    *, line: Line, station: Station, fleets: set[int], holding: Iterable[Booking], ready: int, now: datetime
) -> dict[int, FleetShare]:
    """By fleet: what it holds of the line's packs, and the most that it may; from its `holdings`."""
    all_held = holdings(line=line, station=station, asked=fleets, holding=holding, ready=ready, now=now)
    return {fleet: all_held.share_of(fleet) for fleet in fleets}


def promised(holding: Iterable[Booking]) -> Counter[int | None]:
    """By fleet the packs of those who hold some now."""
    held: Counter[int | None] = Counter()
    for booking in holding:
        held[booking.vehicle.fleet_id] += booking.packs_wanted
    return held


def taken_out(
    *, stations: Collection[int], lines: Collection[int], now: datetime
) -> defaultdict[int, Counter[int | None]]:
    """By line and fleet the packs of swaps that are over; those of a vehicle that still swaps are among what it holds.

    One query, however many lines; `stations` are theirs.
    """
    since = now - SHARE_COUNTS_FOR
    # A swap that was over before can have given out no pack since: the index of what ended lately finds the others.
    out = SwapPack.objects.filter(direction=Direction.OUT, undone_at=None, at__gt=since, booking__ended_at__gt=since)
    rows = out.filter(booking__station__in=stations, booking__line__in=lines).order_by()
    by_line: defaultdict[int, Counter[int | None]] = defaultdict(Counter)
    for line_id, fleet, packs in rows.values_list("booking__line", "booking__vehicle__fleet").annotate(Count("pk")):
        by_line[line_id][fleet] = packs
    return by_line


def has_its_share(*, station: Station, vehicle: Vehicle, packs: int, now: datetime) -> bool:
    """Whether so many packs more would take the vehicle's fleet over its share here: what is said before reserving."""
    line = Line.objects.filter(station=station, pack_class=vehicle.pack_class).first()
    if vehicle.fleet_id is None or line is None:
        return False
    mine = shares(
        line=line,
        station=station,
        fleets={vehicle.fleet_id},
        holding=holders(line, now),
        ready=inventory.count_ready(station=station, pack_class=vehicle.pack_class),
        now=now,
    )
    return not mine[vehicle.fleet_id].bears(packs)
