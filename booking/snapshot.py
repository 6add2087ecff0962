"""A station as it stands now: every live booking's effective state and place, by the same rules that settling uses.

Reading writes nothing. An overdue promise is shown as ended and its packs as the next driver's, whether or not a worker
has written it down yet (P3, P7).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.db import connection

from booking import line, promises
from booking.estimate import Wait, wait
from booking.line_rules import GATHER_FOR, Plan, plan
from booking.models import Booking, Promise
from booking.states import State
from stations import charging
from stations.models import Bay, Pack, Station
from stations.states import BayState, PackState, SlotState, StationStatus

# What a pack holds when a driver brings it in, for the estimate of when it is ready again.
ARRIVING_SOC_PERCENT = 15.0


@dataclass(frozen=True, slots=True)
class Standing:
    """One booking as it stands: `place` and `of` in its line while waiting, `bay_place` once it is here with packs."""

    state: State
    place: int | None = None
    of: int | None = None
    bay_place: int | None = None
    wait: Wait | None = None
    promise_ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A station at `at`, in the version that its lines had. After `stale_at` time alone has changed it."""

    station_id: int
    version: int
    at: datetime
    stale_at: datetime | None
    status: str
    standings: dict[int, Standing]
    arrived: int
    swapping: int


def version_of(station_id: int) -> tuple[int, datetime]:
    """The station's version (those of its lines and its bay queue summed: each only grows) and the database's clock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT coalesce(sum(version), 0) FROM booking_line WHERE station_id = %s)"
            " + (SELECT coalesce(sum(version), 0) FROM booking_bayqueue WHERE station_id = %s), clock_timestamp()",
            [station_id, station_id],
        )
        row = cursor.fetchone()
    assert row is not None
    return int(row[0]), row[1]


def take(station_id: int) -> Snapshot:
    """The station as it stands now, in a handful of queries however long its lines are."""
    version, now = version_of(station_id)
    station = Station.objects.get(pk=station_id)
    bookings = list(
        Booking.objects.live()
        .filter(station=station)
        .select_related("line__pack_class")
        .order_by("joined_at", "sequence")
    )
    states = {b.pk: effective_state(b, now) for b in bookings}
    arrived = sorted((b for b in bookings if states[b.pk] == State.ARRIVED), key=lambda b: b.bay_sequence or 0)
    swapping = [b for b in bookings if states[b.pk] == State.SWAPPING]
    bays = _Bays(
        count=Bay.objects.filter(station=station, state=BayState.OPEN).count(),
        vehicles=len(arrived) + len(swapping),
        swap_seconds=station.swap_seconds,
    )
    standings: dict[int, Standing] = {}
    packs = _packs_by_class(station)
    freed = _packs_of_ended(states, bookings)
    due_at_bay = _due_at_bay(swapping)
    lines: dict[int, list[Booking]] = defaultdict(list)
    for booking in bookings:
        lines[booking.line_id].append(booking)
    for members in lines.values():
        in_slots, due = packs[members[0].line.pack_class_id], due_at_bay.get(members[0].line_id, 0)
        stored = _after_the_bay(in_slots, freed, station, due)
        standings |= _stand_in_line(station, members, states, stored, freed, bays=bays, now=now)
    # Who is here and would get packs now stands where the bay's queue has kept the place since the arrival.
    arrived = [b for b in bookings if b in arrived or _gets_packs_here(standings.get(b.pk))]
    arrived.sort(key=lambda b: b.bay_sequence or 0)
    standings |= {b.pk: Standing(State.ARRIVED, bay_place=place) for place, b in enumerate(arrived, start=1)}
    return Snapshot(
        station_id=station_id,
        version=version,
        at=now,
        stale_at=min((t for b in bookings if (t := _changes_at(b, states[b.pk], now)) is not None), default=None),
        status=station.status,
        standings=standings,
        arrived=len(arrived),
        swapping=len(swapping),
    )


def effective_state(booking: Booking, now: datetime) -> State:
    """The state that counts: overdue is ended, or back in line when it was we who did not look (rules 2 and 5)."""
    state = State(booking.state)
    if state != State.PROMISED or not is_overdue(booking, now):
        return state
    unpaid = booking.pay_by is not None and booking.pay_by <= now
    return State.WAITING if booking.here_claimed_at is not None and not unpaid else State.EXPIRED


def ended_at(booking: Booking) -> datetime:
    """When a promise ended that is overdue and not written down as ended."""
    return min(end for end in (booking.lapses_at, booking.pay_by) if end is not None)


def is_overdue(booking: Booking, now: datetime) -> bool:
    """As `Booking.objects.overdue`, for a row that is read already."""
    return booking.state == State.PROMISED and any(
        end is not None and end <= now for end in (booking.lapses_at, booking.pay_by)
    )


def _gets_packs_here(standing: Standing | None) -> bool:
    return standing is not None and standing.state == State.ARRIVED


@dataclass(frozen=True, slots=True)
class _Bays:
    count: int
    vehicles: int
    swap_seconds: int


def _stand_in_line(
    station: Station,
    members: Sequence[Booking],
    states: dict[int, State],
    stored: Sequence[Pack],
    freed: set[int],
    *,
    bays: _Bays,
    now: datetime,
) -> dict[int, Standing]:
    """The standings of one line, after the promises that settling it now would make."""
    target = float(station.target_soc_percent)
    free = [p for p in stored if p.state == PackState.STORED or p.pk in freed]
    ready = [p.pk for p in free if p.soc_percent >= target]
    planned = Plan()
    if station.status == StationStatus.OPEN:
        entries = [
            replace(line.entry_of(b), is_waiting=states[b.pk] == State.WAITING)
            for b in members
            if states[b.pk] != State.EXPIRED
        ]
        planned = plan(entries=entries, free_packs=ready, terms=line.terms_of(station), now=now)
    granted = {g.entry_id: g for g in planned.grants}
    taken = {pk for g in planned.grants for pk in g.packs}
    ready_in = [_ready_in_seconds(p, target, now) for p in free if p.pk not in taken]

    standings: dict[int, Standing] = {}
    waiting = [b for b in members if states[b.pk] == State.WAITING and b.pk not in granted]
    packs_before = 0
    for place, booking in enumerate(waiting, start=1):
        estimate = wait(
            packs_before_mine=packs_before,
            my_packs=booking.packs_wanted,
            ready_in_seconds=ready_in,
            recharge_seconds=_recharge_seconds(stored, target),
            vehicles_at_bays=bays.vehicles,
            bays=bays.count,
            swap_seconds=bays.swap_seconds,
        )
        standings[booking.pk] = Standing(State.WAITING, place=place, of=len(waiting), wait=estimate)
        packs_before += booking.packs_wanted
    for booking in members:
        state = states[booking.pk]
        if booking.pk in granted:
            lasts = granted[booking.pk].lasts_seconds
            standings[booking.pk] = (
                Standing(State.ARRIVED)
                if lasts is None
                else Standing(State.PROMISED, promise_ends_at=now + timedelta(seconds=lasts))
            )
        elif state == State.PROMISED:
            standings[booking.pk] = Standing(state, promise_ends_at=booking.promise_ends_at)
        elif state in (State.EXPIRED, State.SWAPPING):
            standings[booking.pk] = Standing(state)
    return standings


def _packs_by_class(station: Station) -> dict[int, list[Pack]]:
    """Packs in working slots, fullest first: the order in which they are promised."""
    packs = (
        Pack.objects.at(station)
        .filter(state__in=(PackState.STORED, PackState.KEPT), slot__state=SlotState.WORKING)
        .select_related("pack_class", "slot")
        .order_by("-soc_percent", "pk")
    )
    by_class: dict[int, list[Pack]] = defaultdict(list)
    for pack in packs:
        by_class[pack.pack_class_id].append(pack)
    return by_class


def _packs_of_ended(states: dict[int, State], bookings: Sequence[Booking]) -> set[int]:
    """Packs that are kept by rows only: their promise is over."""
    over = [b.pk for b in bookings if b.state == State.PROMISED and states[b.pk] != State.PROMISED]
    if not over:
        return set()
    return set(Promise.objects.filter(booking__in=over, ended_at=None).values_list("pack_id", flat=True))


def _due_at_bay(swapping: Sequence[Booking]) -> dict[int, int]:
    """By line: packs for vehicles at the bay whose own have failed, which are kept before the line is served."""
    due: dict[int, int] = defaultdict(int)
    for booking in Booking.objects.filter(pk__in=[b.pk for b in swapping]).short_of_packs() if swapping else ():
        due[booking.line_id] += promises.missing(booking)
    return due


def _after_the_bay(stored: Sequence[Pack], freed: set[int], station: Station, due: int) -> Sequence[Pack]:
    """The packs without those, the fullest ready ones, that the bay is due."""
    ready = [
        p
        for p in stored
        if (p.state == PackState.STORED or p.pk in freed) and p.soc_percent >= station.target_soc_percent
    ]
    taken = {p.pk for p in ready[:due]}
    return [p for p in stored if p.pk not in taken]


def _ready_in_seconds(pack: Pack, target: float, now: datetime) -> float:
    at = charging.ready_at(
        curve=_curve(pack), soc_percent=float(pack.soc_percent), soc_at=pack.soc_at, target_percent=target, now=now
    )
    return (at - now).total_seconds()


def _recharge_seconds(stored: Sequence[Pack], target: float) -> float:
    """How long a pack that comes in charges; by the first slot here, since those of a class are alike."""
    return _curve(stored[0]).seconds(ARRIVING_SOC_PERCENT, target) if stored else 0.0


def _curve(pack: Pack) -> charging.Curve:
    assert pack.slot is not None, "a stored or kept pack is in a slot"
    return charging.curve(
        nominal_wh=pack.pack_class.nominal_wh,
        soh_percent=float(pack.soh_percent),
        class_power_w=pack.pack_class.charge_power_w,
        slot_power_w=pack.slot.power_w,
    )


def _changes_at(booking: Booking, state: State, now: datetime) -> datetime | None:
    """When this booking changes its line without anybody doing anything."""
    if state == State.PROMISED:
        return min(end for end in (booking.lapses_at, booking.pay_by) if end is not None)
    if state == State.WAITING and booking.gathering_since is not None:
        at = booking.gathering_since + GATHER_FOR
        return at if at > now else None
    return None
