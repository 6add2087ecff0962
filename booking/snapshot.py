"""A station as it stands now: every live booking's effective state and place, by the same rules that settling uses.

Reading writes nothing. An overdue promise is shown as ended and its packs as the next driver's, whether or not a worker
has written it down yet (P3, P7).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

from django.db import connection
from django.db.models import Count, OuterRef, Q, Subquery

from booking import fleets, foresight, line, offers, promises
from booking.foresight import Belief, Present
from booking.line_rules import ANSWER_CALL_WITHIN, GATHER_FOR, Plan, plan, serving_order, standing_back
from booking.models import Booking, Offer, Promise
from booking.states import State
from booking.waits import Wait
from stations.models import Pack, Station
from stations.states import BayState, PackState, SlotState, StationStatus


@dataclass(frozen=True, slots=True)
class OfferedNow:
    """What is offered to a booking at this moment (rule 11): the charge of the emptiest pack, and what all hold."""

    id: int
    ends_at: datetime
    soc_percent: Decimal
    energy_wh: int
    pack_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """One booking as it stands: `place` and `of` in its line while waiting, `bay_place` once it is here with packs.

    `wait` is until the packs and the driver are there and a bay is theirs, `bay_wait` the same for who has packs.
    """

    state: State
    place: int | None = None
    of: int | None = None
    bay_place: int | None = None
    wait: Wait | None = None
    bay_wait: Wait | None = None
    promise_ends_at: datetime | None = None
    offer: OfferedNow | None = None
    # Of a fleet's vehicle: the fleet has its share, and others who wait are promised packs first (rule 10).
    stands_back: bool = False
    # While waiting: when it is served, counted among those who wait. The place is where it stands, whoever goes first.
    turn: int | None = None


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
    open_bays = Count("bays", filter=Q(bays__state=BayState.OPEN))
    station = Station.objects.annotate(open_bays=open_bays).get(pk=station_id)
    bookings = list(
        Booking.objects.live()
        .filter(station=station)
        .select_related("line__pack_class", "vehicle")
        .order_by("joined_at", "sequence")
    )
    states = {b.pk: b.state_at(now) for b in bookings}
    arrived = sorted((b for b in bookings if states[b.pk] == State.ARRIVED), key=lambda b: b.bay_sequence or 0)
    swapping = [b for b in bookings if states[b.pk] == State.SWAPPING]
    standings: dict[int, Standing] = {}
    packs, kept = _packs_by_class(station)
    offered, withdrawn = _offers(station, now)
    freed = {pk for b in bookings if states[b.pk] != b.state for pk in kept.get(b.pk, ())} | withdrawn
    due_at_bay = _due_at_bay(swapping)
    lines: dict[int, list[Booking]] = defaultdict(list)
    for booking in bookings:
        lines[booking.line_id].append(booking)
    left: dict[int, set[int]] = {}
    for members in lines.values():
        in_slots, due = packs[members[0].line.pack_class_id], due_at_bay.get(members[0].line_id, 0)
        stored = _after_the_bay(in_slots, freed, station, due)
        absent = _absent(members, states, in_slots, kept)
        standing, free, held = _stand_in_line(station, members, states, stored, freed, offered, absent, now=now)
        standings |= standing
        left[members[0].line.pack_class_id] = free
        kept |= held
    # Who is here and would get packs now stands where the bay's queue has kept the place since the arrival.
    arrived = [b for b in bookings if b in arrived or _gets_packs_here(standings.get(b.pk))]
    arrived.sort(key=lambda b: b.bay_sequence or 0)
    for place, booking in enumerate(arrived, start=1):
        standings[booking.pk] = Standing(State.ARRIVED, bay_place=place)
    standings |= _with_waits(
        station, bookings, standings, packs, left, kept, bays=station.open_bays, version=version, now=now
    )
    return Snapshot(
        station_id=station_id,
        version=version,
        at=now,
        stale_at=_stale_at(bookings, states, offered, now),
        status=station.status,
        standings=standings,
        arrived=len(arrived),
        swapping=len(swapping),
    )


def ended_at(booking: Booking) -> datetime:
    """When the clock ends a promise or a call, or has ended it though that is not written down."""
    if booking.state == State.ARRIVED:
        assert booking.called_at is not None, "who was not called has missed nothing"
        return booking.called_at + ANSWER_CALL_WITHIN
    return min(end for end in (booking.lapses_at, booking.pay_by) if end is not None)


def expected_at(booking: Booking, now: datetime) -> datetime | None:
    """When the driver would be here by the last position; None when that is unknown, or was wrong: they are not."""
    if booking.position_at is None or booking.drive_seconds is None:
        return None
    at = booking.position_at + timedelta(seconds=booking.drive_seconds)
    return at if at >= now else None


def _gets_packs_here(standing: Standing | None) -> bool:
    return standing is not None and standing.state == State.ARRIVED


def _stand_in_line(
    station: Station,
    members: Sequence[Booking],
    states: dict[int, State],
    stored: Sequence[Pack],
    freed: set[int],
    offered: dict[int, OfferedNow],
    absent: Sequence[tuple[Booking, Pack]],
    *,
    now: datetime,
) -> tuple[dict[int, Standing], set[int], dict[int, tuple[int, ...]]]:
    """The standings of one line, after the promises that settling it now would make or move; the packs left free; and
    those of whose promises are new or for other packs.
    """
    target = float(station.target_soc_percent)
    free = [p for p in stored if p.state == PackState.STORED or p.pk in freed]
    ready = [p.pk for p in free if p.soc_percent >= target]
    waits = {b.pk: b for b in members if states[b.pk] == State.WAITING}
    asked = fleets.among(waits.values())
    holdings = fleets.holdings(
        line=members[0].line,
        station=station,
        asked=asked,
        holding=[b for b in members if states[b.pk] in fleets.HOLDING],
        ready=len(ready),
        now=now,
    )
    shares = {fleet: holdings.share_of(fleet) for fleet in asked}
    planned, back, turns = Plan(), set[int](), dict[int, int]()
    if station.status == StationStatus.OPEN:
        entries = [
            replace(line.entry_of(b, now), is_waiting=b.pk in waits, our_fault=b.our_fault or states[b.pk] != b.state)
            for b in members
            if states[b.pk] != State.EXPIRED
        ]
        planned = plan(
            entries=entries,
            free_packs=ready,
            terms=line.terms_of(station),
            now=now,
            coming=promises.as_coming((p for p in free if _is_coming(p, station, now)), station=station, now=now),
            kept=[promises.as_kept(booking, pack, station=station, now=now) for booking, pack in absent],
            shares=shares,
        )
        in_line = {e.id: e for e in entries if e.id in waits}
        back = standing_back(list(in_line.values()), shares, line.terms_of(station))
        for given in planned.grants:
            holdings = holdings.after(in_line.pop(given.entry_id))
        served = serving_order(list(in_line.values()), holdings, line.terms_of(station))
        turns = {entry.id: turn for turn, entry in enumerate(served, start=1)}
    granted = {g.entry_id: g for g in planned.grants}
    taken = {pk for g in planned.grants for pk in g.packs} | {move.new for move in planned.moves}
    # What is offered charges on for the line, unless somebody takes it and leaves the line by that.
    on_offer = {pk for offer in offered.values() for pk in offer.pack_ids}
    coming = [p for p in stored if p.state == PackState.STORED or p.pk in freed | on_offer]

    standings: dict[int, Standing] = {}
    waiting = [b for b in members if states[b.pk] == State.WAITING and b.pk not in granted]
    for place, booking in enumerate(waiting, start=1):
        offer = offered.get(booking.pk)
        standings[booking.pk] = Standing(
            State.WAITING,
            place=place,
            of=len(waiting),
            offer=offer,
            stands_back=booking.pk in back,
            turn=turns.get(booking.pk),
        )
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
    held = {pk: given.packs for pk, given in granted.items()}
    moved = {(move.entry_id, move.old): move.new for move in planned.moves}
    for pk in {entry_id for entry_id, _old in moved}:
        held[pk] = tuple(moved.get((pk, pack.pk), pack.pk) for booking, pack in absent if booking.pk == pk)
    freed_by_moves = {old for _entry_id, old in moved} - taken
    return standings, {p.pk for p in coming if p.pk not in taken} | freed_by_moves, held


def _with_waits(
    station: Station,
    bookings: Sequence[Booking],
    standings: dict[int, Standing],
    packs: dict[int, list[Pack]],
    left: dict[int, set[int]],
    kept: dict[int, tuple[int, ...]],
    *,
    bays: int,
    version: int,
    now: datetime,
) -> dict[int, Standing]:
    """The standings of those who wait for packs or a bay, with how long. `left` are packs kept for nobody, by class."""
    target = float(station.target_soc_percent)
    in_slots = {pack.pk: pack for several in packs.values() for pack in several}
    present = [
        Present(
            booking,
            standings[booking.pk].state,
            standings[booking.pk].promise_ends_at,
            tuple(in_slots[pk] for pk in kept.get(booking.pk, ()) if pk in in_slots),
        )
        for booking in bookings
    ]
    turns = {pk: standing.turn for pk, standing in standings.items() if standing.turn is not None}
    told: dict[int, Standing] = {}
    for pack_class_id, free in left.items():
        mine = packs[pack_class_id]
        outlooks = foresight.of_line(
            present,
            station=station,
            pack_class_id=pack_class_id,
            version=version,
            bays=bays,
            turns=turns,
            metal=partial(foresight.metal_of, mine, free, target_percent=target),
            now=now,
        )
        read_at = max((pack.soc_at for pack in mine), default=None)
        belief = Belief.at(station, pack_class_id, read_at=read_at, now=now)
        for pk, outlook in outlooks.items():
            standing = standings[pk]
            if standing.state == State.WAITING:
                told[pk] = replace(standing, wait=belief.wait(outlook.bay, ready=outlook.ready))
            elif standing.state == State.ARRIVED:
                told[pk] = replace(standing, bay_wait=belief.wait(outlook.bay))
    return told


def _packs_by_class(station: Station) -> tuple[dict[int, list[Pack]], dict[int, tuple[int, ...]]]:
    """Packs in working slots, fullest first: the order in which they are promised. And by booking those kept for it."""
    promise = Promise.objects.filter(pack=OuterRef("pk"), ended_at=None)
    packs = (
        Pack.objects.at(station)
        .filter(state__in=(PackState.STORED, PackState.KEPT), slot__state=SlotState.WORKING)
        .select_related("pack_class", "slot")
        .annotate(kept_for=Subquery(promise.values("booking_id")[:1]))
        .order_by("-soc_percent", "pk")
    )
    by_class: dict[int, list[Pack]] = defaultdict(list)
    kept: dict[int, tuple[int, ...]] = defaultdict(tuple)
    for pack in packs:
        by_class[pack.pack_class_id].append(pack)
        if (booking_id := vars(pack)["kept_for"]) is not None:
            kept[booking_id] += (pack.pk,)
    return by_class, kept


def _absent(
    members: Sequence[Booking], states: dict[int, State], packs: Sequence[Pack], kept: dict[int, tuple[int, ...]]
) -> list[tuple[Booking, Pack]]:
    """Promises that may move (rule 3): of drivers who are not here, and not of packs that were chosen as they are."""
    in_slots = {pack.pk: pack for pack in packs}
    return [
        (booking, in_slots[pk])
        for booking in members
        if booking.state == states[booking.pk] == State.PROMISED and booking.took_below_target_at is None
        for pk in kept.get(booking.pk, ())
        if pk in in_slots
    ]


def _is_coming(pack: Pack, station: Station, now: datetime) -> bool:
    return pack.soc_percent < station.target_soc_percent and pack.soc_at > now - promises.FRESH_READING


def _offers(station: Station, now: datetime) -> tuple[dict[int, OfferedNow], set[int]]:
    """By booking what it is offered now; and the packs of offers that are over, whatever their rows say."""
    rows = Offer.objects.open().filter(station=station).prefetch_related("packs__pack__pack_class")
    offered: dict[int, OfferedNow] = {}
    withdrawn: set[int] = set()
    for offer in rows:
        packs = [row.pack for row in offer.packs.all()]
        if offers.is_over(offer, station=station, now=now):
            withdrawn |= {pack.pk for pack in packs}
            continue
        offered[offer.booking_id] = OfferedNow(
            id=offer.pk,
            ends_at=offer.ends_at,
            soc_percent=min(pack.soc_percent for pack in packs),
            energy_wh=sum(int(pack.energy_wh) for pack in packs),
            pack_ids=tuple(pack.pk for pack in packs),
        )
    return offered, withdrawn


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


def _stale_at(
    bookings: Sequence[Booking], states: dict[int, State], offered: dict[int, OfferedNow], now: datetime
) -> datetime | None:
    changes = [_changes_at(b, states[b.pk], now) for b in bookings] + [offer.ends_at for offer in offered.values()]
    return min((at for at in changes if at is not None), default=None)


def _changes_at(booking: Booking, state: State, now: datetime) -> datetime | None:
    """When this booking changes its line without anybody doing anything."""
    if state == State.PROMISED:
        return ended_at(booking)
    if state == State.ARRIVED and booking.called_at is not None:
        at = ended_at(booking)
        return at if at > now else None
    if state == State.WAITING and booking.gathering_since is not None:
        at = booking.gathering_since + GATHER_FOR
        return at if at > now else None
    return None
