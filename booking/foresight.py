"""Rows as the forecast wants them, and its answer as cards carry it: docs/rules/forecast.md in code.

Whatever the rows say, there is an answer or none, and never an exception: clocks jump, stations fall silent, and
drivers read the page all the same.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from math import ceil, inf
from types import MappingProxyType
from typing import NamedTuple

from django.db.models import F

from booking import fleets, learned, line
from booking.calibration import Adjustment, Chances
from booking.forecast import FRESH_SECONDS, Outlook, Situation, Span, Stage, Vehicle, for_joiners, for_line
from booking.habits import Habits
from booking.line_rules import (
    NO_LIMIT,
    Entry,
    Holdings,
    PromiseTerms,
    joining_entry,
    promise_seconds,
    serving_order,
)
from booking.models import Booking, OfferedPack, Promise
from booking.pricing import ARRIVING_SOC_PERCENT
from booking.states import State
from booking.waits import Wait
from stations import charging, queries
from stations.models import Pack, PackClass, Station
from stations.queries import StationCard
from stations.states import SlotState, StationStatus

# Packs charge while nothing else changes. For so long a forecast is the same, however many phones ask.
BUCKET_SECONDS = 20
# Lines whose forecast a process remembers.
REMEMBERED = 512
# Whose last position should have brought them here so long ago is somewhere else, and nobody knows where.
LOST_AFTER_SECONDS = 900.0
# A pack whose charge went backwards is not charging as its curve says: its station is doubted so much, for so long.
FALL_DOUBT = 2.0
FALL_DOUBTED_SECONDS = 3600.0
# Not here by any word of theirs, though their drive should be over.
ALMOST_HERE_SECONDS = 1.0
# Stands for whoever would join: no booking has this id.
JOINER = 0
NO_TURNS: Mapping[int, int] = MappingProxyType({})

_STAGES = {
    State.SWAPPING: Stage.SWAPPING,
    State.ARRIVED: Stage.ARRIVED,
    State.PROMISED: Stage.PROMISED,
    State.WAITING: Stage.WAITING,
}


class Present(NamedTuple):
    """A live booking as it stands: the state that counts, the end of its promise, and the packs kept for it."""

    booking: Booking
    state: State
    promise_ends_at: datetime | None = None
    packs: tuple[Pack, ...] = ()


@dataclass(frozen=True, slots=True)
class Metal:
    """The packs of one class: until each that is kept for nobody is ready, and until one that comes in would be."""

    ready_in: tuple[float, ...]
    recharge: float
    read_at: datetime | None
    fell_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Belief:
    """What is done to a forecast before anybody reads it: put right by what came of the last ones, and doubted."""

    until_bay: Adjustment
    until_away: Adjustment
    chances: Chances
    group: Hashable
    silent_minutes: int

    @classmethod
    def at(cls, station: Station, pack_class_id: int, *, read_at: datetime | None, now: datetime) -> Belief:
        return cls(
            until_bay=learned.bay_adjustment_of(station.network_id),
            until_away=learned.adjustment_of(station.network_id),
            chances=learned.chances_of(station.network_id),
            group=learned.group_of(pack_class_id, now, station.time_zone),
            silent_minutes=_silent_minutes(read_at, now),
        )

    def wait(self, span: Span, *, ready: float | None = None) -> Wait:
        """Of a range until the bay, from now or from the arrival."""
        return self._told(span, self.until_bay, ready)

    def away(self, span: Span, *, ready: float | None = None) -> Wait:
        """Of a range until driving away."""
        return self._told(span, self.until_away, ready)

    def _told(self, span: Span, adjustment: Adjustment, ready: float | None) -> Wait:
        told = adjustment.applied(span, self.group)
        return Wait(
            low_seconds=int(told.low),
            likely_seconds=round(told.likely),
            high_seconds=ceil(told.high),
            ready_chance=None if ready is None else round(self.chances.applied(ready), 2),
            is_calibrated=adjustment.is_calibrated,
            silent_minutes=self.silent_minutes,
        )


# --- A whole line, for those who stand in it ---


def of_line(
    present: Sequence[Present],
    *,
    station: Station,
    pack_class_id: int,
    version: int,
    bays: int,
    turns: Mapping[int, int],
    metal: Callable[..., Metal],
    now: datetime,
) -> dict[int, Outlook]:
    """By booking what it may expect: those of the class, in whatever state. `present` holds every class, in its order.

    `turns` says, by booking, when it is served where that is not the order of joining (rule 10). Worked out once for a
    version of the station and a stretch of time.
    """
    at = bucket(now)
    ordered = in_order(present, pack_class_id, turns)
    who = (bays, *((one.booking.pk, one.state) for one in ordered))
    key = station.pk, pack_class_id

    def outlooks() -> dict[int, Outlook]:
        situation = _situation(
            ordered,
            pack_class_id=pack_class_id,
            metal=metal(at=at),
            bays=bays,
            habits=learned.habits_at([station.pk], pack_class_id, at)[station.pk],
            station=station,
            at=at,
        )
        told = zip(ordered, for_line(situation), strict=True)
        mine = ((one.booking, outlook) for one, outlook in told if one.booking.line.pack_class_id == pack_class_id)
        return {booking.pk: outlook for booking, outlook in mine if outlook is not None}

    return _remembered(key, (version, at, who), outlooks)


# Threads share it: each of its operations is one step, and nothing goes through it.
_memory: OrderedDict[tuple[int, int], tuple[Hashable, dict[int, Outlook]]] = OrderedDict()


def _remembered(
    key: tuple[int, int], stamp: Hashable, outlooks: Callable[[], dict[int, Outlook]]
) -> dict[int, Outlook]:
    known = _memory.pop(key, None)
    if known is None or known[0] != stamp:
        known = stamp, outlooks()
    # The newest stands last, and whoever has not been asked about for longest goes.
    _memory[key] = known
    while len(_memory) > REMEMBERED:
        _memory.popitem(last=False)
    return known[1]


def forget() -> None:
    """Work every line out anew."""
    _memory.clear()


def bucket(now: datetime) -> datetime:
    return datetime.fromtimestamp(now.timestamp() // BUCKET_SECONDS * BUCKET_SECONDS, UTC)


def in_order(present: Iterable[Present], pack_class_id: int, turns: Mapping[int, int] = NO_TURNS) -> list[Present]:
    """As the forecast reads them: at the bays, here, promised, and of this class those in line as they are served."""
    by_stage: dict[Stage, list[Present]] = defaultdict(list)
    for one in present:
        stage = _STAGES.get(one.state)
        if stage is not None and (stage != Stage.WAITING or one.booking.line.pack_class_id == pack_class_id):
            by_stage[stage].append(one)
    by_stage[Stage.ARRIVED].sort(key=lambda one: one.booking.bay_sequence or 0)
    by_stage[Stage.WAITING].sort(key=lambda one: turns.get(one.booking.pk, 0))
    return [one for stage in Stage for one in by_stage[stage]]


def metal_of(packs: Iterable[Pack], free: Collection[int], *, target_percent: float, at: datetime) -> Metal:
    """Packs in working slots, of which those in `free` are kept for nobody."""
    packs = list(packs)
    free_packs = [pack for pack in packs if pack.pk in free]
    return Metal(
        ready_in=tuple(pack_ready_in(pack, target_percent=target_percent, at=at) for pack in free_packs),
        recharge=_recharge(packs, target_percent),
        read_at=max((pack.soc_at for pack in packs), default=None),
        fell_at=max((pack.soc_fell_at for pack in packs if pack.soc_fell_at is not None), default=None),
    )


def _recharge(packs: Sequence[Pack], target_percent: float) -> float:
    """As the first of them that charges at all; infinite where none does."""
    if not packs:
        return 0.0
    times = (pack.curve().seconds(ARRIVING_SOC_PERCENT, target_percent) for pack in packs)
    return next((seconds for seconds in times if seconds < inf), inf)


def pack_ready_in(pack: Pack, *, target_percent: float, at: datetime) -> float:
    """Until the station is likely to say that the pack is at the target; 0 when it has, infinite when it never will."""
    seconds = pack.ready_in(target_percent, at)
    return _not_before_a_word(seconds, pack.soc_at, at) if seconds else 0.0


def _not_before_a_word(seconds: float, read_at: datetime | None, at: datetime) -> float:
    """Who waits for a station's word that a pack is full may wait for as long again as it has been silent."""
    silent = _age(read_at, at) - FRESH_SECONDS if read_at is not None else 0.0
    return max(seconds, silent, 1.0)


# --- Stations nearby, for somebody who would join ---


@dataclass(frozen=True, slots=True)
class Joining:
    """What somebody may expect who joins a station's line now: `wait` from their arrival, `away` from now."""

    in_line: int
    at_bay: int
    wait: Wait | None
    away: Wait | None


def of_joiners(
    cards: Sequence[StationCard], *, pack_class: PackClass, packs: int, fleet: int | None = None, now: datetime
) -> list[Joining]:
    """In the order of the cards, with their drives; a fixed number of queries, however many stations.

    `fleet` is whose the vehicle is that would join: a fleet's booking may stand back, and others before it (rule 10).
    """
    scenes = _scenes(cards, pack_class=pack_class, to_come=[{fleet}] * len(cards), now=now)
    joined = [
        scene.joined_by(_waiter(JOINER, now, packs, card.drive_seconds, scene.terms, fleet=fleet))
        for card, scene in zip(cards, scenes, strict=True)
    ]
    outlooks = for_joiners(*zip(*joined, strict=True)) if joined else []
    return [
        Joining(
            in_line=sum(one.state == State.WAITING for one in scene.present),
            at_bay=sum(one.state in (State.ARRIVED, State.SWAPPING) for one in scene.present),
            wait=scene.belief.wait(outlook.wait, ready=outlook.ready) if outlook else None,
            away=scene.belief.away(outlook.away, ready=outlook.ready) if outlook else None,
        )
        for scene, outlook in zip(scenes, outlooks, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class Coming:
    """A booking of another station that would stand in a line by the moment at which it joined (rule 7)."""

    id: int
    joined_at: datetime
    packs: int
    drive_seconds: int


def of_coming(
    cards: Sequence[StationCard], coming: Mapping[int, Sequence[Coming]], *, pack_class: PackClass, now: datetime
) -> dict[int, Wait]:
    """By booking the wait from its arrival, all of a station's standing in its line together; `coming` is by station.

    Whoever nothing can be said to is left out. A fixed number of queries, however many stations and bookings.
    """
    # We have failed them once, so that no fleet's share counts for them (rule 10).
    to_come: list[set[int | None]] = [{None} if coming.get(card.id) else set() for card in cards]
    scenes = _scenes(cards, pack_class=pack_class, to_come=to_come, now=now)
    waits: dict[int, Wait] = {}
    for card, scene in zip(cards, scenes, strict=True):
        waits |= _waits_of(coming.get(card.id, ()), scene)
    return waits


def _waits_of(coming: Sequence[Coming], scene: _Scene) -> dict[int, Wait]:
    line_there = [
        *scene.waiting,
        *(_waiter(one.id, one.joined_at, one.packs, one.drive_seconds, scene.terms) for one in coming),
    ]
    served = scene.served(sorted(line_there, key=lambda one: one.joined_at))
    told = for_line(scene.with_line(served))[scene.with_packs :]
    asked = {one.id for one in coming}
    return {
        one.entry.id: scene.belief.wait(outlook.wait, ready=outlook.ready)
        for one, outlook in zip(served, told, strict=True)
        if one.entry.id in asked and outlook is not None
    }


def _waiter(
    entry_id: int, at: datetime, packs: int, drive_seconds: int, terms: PromiseTerms, *, fleet: int | None = None
) -> _Waiter:
    entry = joining_entry(entry_id=entry_id, packs_wanted=packs, drive_seconds=drive_seconds, fleet=fleet)
    vehicle = Vehicle(Stage.WAITING, packs, float(drive_seconds), lasts=_lasts(drive_seconds, terms))
    return _Waiter(at, entry, vehicle)


def situation_of(station: Station, pack_class: PackClass, now: datetime) -> Situation:
    """The station as the forecast of one class sees it."""
    return _scene_at(station, pack_class, now).situation


def outlook_of(booking: Booking, now: datetime) -> Outlook | None:
    """What a booking's driver may expect, before any adjustment. Of who is over, or whose state nothing is known: None.

    Its line is settled, or is about to be: what settling would promise is not foreseen here.
    """
    scene = _scene_at(booking.station, booking.line.pack_class, now)
    told = zip(scene.present, for_line(scene.situation), strict=True)
    return next((outlook for one, outlook in told if one.booking.pk == booking.pk), None)


class _Waiter(NamedTuple):
    """Somebody in a line, or who would be: for the rules and for the forecast."""

    joined_at: datetime
    entry: Entry
    vehicle: Vehicle


@dataclass(frozen=True, slots=True)
class _Scene:
    """A station for one class. Those present stand as they are served, those `waiting` as they have joined."""

    present: list[Present]
    situation: Situation
    waiting: list[_Waiter]
    terms: PromiseTerms
    belief: Belief
    holdings: Holdings

    @property
    def with_packs(self) -> int:
        """How many vehicles stand before the line."""
        return len(self.present) - len(self.waiting)

    def served(self, waiting: Sequence[_Waiter]) -> list[_Waiter]:
        """Those who wait, and would, in the order in which they would have packs."""
        by_id = {one.entry.id: one for one in waiting}
        order = serving_order([one.entry for one in waiting], self.holdings, self.terms)
        return [by_id[entry.id] for entry in order]

    def joined_by(self, joiner: _Waiter) -> tuple[Situation, Vehicle, int]:
        """The station without and the vehicle of somebody who would join, and how many who wait they go before."""
        served = self.served([*self.waiting, joiner])
        place = served.index(joiner)
        return self.with_line([*served[:place], *served[place + 1 :]]), joiner.vehicle, len(served) - place - 1

    def with_line(self, waiting: Iterable[_Waiter]) -> Situation:
        vehicles = [*self.situation.vehicles[: self.with_packs], *(one.vehicle for one in waiting)]
        return replace(self.situation, vehicles=vehicles)


def _scene_at(station: Station, pack_class: PackClass, now: datetime) -> _Scene:
    card = queries.station_card(station=station, pack_class=pack_class, at=None, now=now)
    (scene,) = _scenes([card], pack_class=pack_class, now=now)
    return scene


def _scenes(
    cards: Sequence[StationCard],
    *,
    pack_class: PackClass,
    to_come: Sequence[set[int | None]] = (),
    now: datetime,
) -> list[_Scene]:
    """In the order of the cards; `to_come` are for each the fleets of those who would join (None: of none)."""
    ids = [card.id for card in cards]
    stations = Station.objects.in_bulk(ids)
    present = _present(ids, now)
    offered = _offered(ids, pack_class, now)
    habits = learned.habits_at(ids, pack_class.pk, now)
    joining = dict(zip(ids, to_come or [set[int | None]()] * len(ids), strict=True))
    held = _holdings(cards, stations, present, joining, pack_class=pack_class, now=now)
    scene = partial(_scene, pack_class=pack_class, now=now)
    return [
        scene(card, stations[card.id], present[card.id], offered[card.id], habits[card.id], held[card.id])
        for card in cards
    ]


def _holdings(
    cards: Sequence[StationCard],
    stations: Mapping[int, Station],
    present: Mapping[int, Sequence[Present]],
    joining: Mapping[int, set[int | None]],
    *,
    pack_class: PackClass,
    now: datetime,
) -> dict[int, Holdings]:
    """By station what counts for rule 10; what went out is asked for in one query, and only where fleets wait."""
    mine = {
        card.id: [one for one in present[card.id] if one.booking.line.pack_class_id == pack_class.pk] for card in cards
    }
    lines = {
        station_id: several[0].booking.line_id
        for station_id, several in mine.items()
        if fleets.among((one.booking for one in several if one.state == State.WAITING), joining[station_id])
    }
    out = fleets.taken_out(stations=lines.keys(), lines=lines.values(), now=now) if lines else {}
    found = dict.fromkeys(mine, NO_LIMIT)
    for card in cards:
        if card.id in lines:
            promised = fleets.promised(one.booking for one in mine[card.id] if one.state in fleets.HOLDING)
            found[card.id] = Holdings(
                out[lines[card.id]] + promised, card.stock.ready, stations[card.id].fleet_share_percent
            )
    return found


def _scene(
    card: StationCard,
    station: Station,
    present: Sequence[Present],
    offered: Sequence[Pack],
    habits: Habits,
    holdings: Holdings,
    *,
    pack_class: PackClass,
    now: datetime,
) -> _Scene:
    metal, terms = _metal_on(card, offered, pack_class, now), line.terms_of(station)
    entries = [
        _entry(one, now)
        for one in present
        if one.state == State.WAITING and one.booking.line.pack_class_id == pack_class.pk
    ]
    turns = {entry.id: turn for turn, entry in enumerate(serving_order(entries, holdings, terms))}
    ordered = in_order(present, pack_class.pk, turns)
    situation = _situation(
        ordered,
        pack_class_id=pack_class.pk,
        metal=metal,
        bays=card.bays_open,
        habits=habits,
        station=station,
        at=now,
    )
    vehicles = {one.booking.pk: vehicle for one, vehicle in zip(ordered, situation.vehicles, strict=True)}
    joined_at = {one.booking.pk: one.booking.joined_at for one in ordered}
    waiting = [_Waiter(joined_at[entry.id], entry, vehicles[entry.id]) for entry in entries]
    belief = Belief.at(station, pack_class.pk, read_at=metal.read_at, now=now)
    return _Scene(ordered, situation, waiting, terms, belief, holdings)


def _entry(one: Present, now: datetime) -> Entry:
    """Who waits, as the rules see it. Whose state time alone has changed has lost a promise by our fault."""
    entry = line.entry_of(one.booking, now)
    return replace(entry, is_waiting=True, our_fault=entry.our_fault or one.state != one.booking.state)


def _metal_on(card: StationCard, offered: Sequence[Pack], pack_class: PackClass, now: datetime) -> Metal:
    stock, target = card.stock, float(card.target_soc_percent)
    expected = ((at - now).total_seconds() for at in stock.charging_ready_at)
    slot = charging.curve(
        nominal_wh=pack_class.nominal_wh,
        soh_percent=100.0,
        class_power_w=pack_class.charge_power_w,
        slot_power_w=pack_class.charge_power_w,
    )
    return Metal(
        ready_in=(
            *(0.0,) * stock.ready,
            *(_not_before_a_word(seconds, stock.newest_reading_at, now) for seconds in expected),
            *(pack_ready_in(pack, target_percent=target, at=now) for pack in offered),
        ),
        recharge=slot.seconds(ARRIVING_SOC_PERCENT, target),
        read_at=stock.newest_reading_at,
        fell_at=stock.newest_fall_at,
    )


_READ = (
    "pk",
    "station_id",
    "joined_at",
    "line__pack_class_id",
    "vehicle__fleet_id",
    "packs_wanted",
    "state",
    "bay_sequence",
    "drive_seconds",
    "promise_budget_seconds",
    "position_at",
    "promise_ends_at",
    "lapses_at",
    "pay_by",
    "here_claimed_at",
    "here_at",
    "called_at",
    "missed_calls",
    "took_below_target_at",
    "started_at",
    "arrive_first",
    "gathering_since",
    "passed_over_at",
    "goes_first_at",
    "our_fault",
)


def _present(station_ids: Collection[int], now: datetime) -> dict[int, list[Present]]:
    """Who is at these stations, by station, in the order of joining."""
    rows = (
        Booking.objects.live()
        .filter(station__in=station_ids)
        .select_related("line", "vehicle")
        .only(*_READ)
        .order_by("joined_at", "sequence")
    )
    slow = _slow_promises(station_ids)
    present: dict[int, list[Present]] = defaultdict(list)
    for booking in rows:
        state = booking.state_at(now)
        ends_at = booking.promise_ends_at if state == State.PROMISED else None
        present[booking.station_id].append(Present(booking, state, ends_at, tuple(slow[booking.pk])))
    return present


def _offered(station_ids: Collection[int], pack_class: PackClass, now: datetime) -> Mapping[int, Sequence[Pack]]:
    """By station: packs that somebody is asked about. They charge on for the line, unless they are taken (rule 11)."""
    rows = OfferedPack.objects.filter(
        ended_at=None,
        offer__station__in=station_ids,
        pack__pack_class=pack_class,
        pack__slot__state=SlotState.WORKING,
        pack__kept_until__gt=now,
    ).select_related("offer", "pack__slot", "pack__pack_class")
    offered: dict[int, list[Pack]] = defaultdict(list)
    for row in rows:
        offered[row.offer.station_id].append(row.pack)
    return offered


def _slow_promises(station_ids: Collection[int]) -> Mapping[int, Sequence[Pack]]:
    """By booking: packs that were promised before they were ready, and are not ready yet."""
    rows = Promise.objects.filter(
        ended_at=None,
        booking__station__in=station_ids,
        booking__state=State.PROMISED,
        pack__slot__state=SlotState.WORKING,
        pack__soc_percent__lt=F("pack__station__target_soc_percent"),
    ).select_related("pack__slot", "pack__pack_class")
    slow: dict[int, list[Pack]] = defaultdict(list)
    for row in rows:
        slow[row.booking_id].append(row.pack)
    return slow


# --- What both of them need ---


def _situation(
    ordered: Sequence[Present],
    *,
    pack_class_id: int,
    metal: Metal,
    bays: int,
    habits: Habits,
    station: Station,
    at: datetime,
) -> Situation:
    return Situation(
        ready_in=metal.ready_in,
        vehicles=[_vehicle(one, pack_class_id, station, at) for one in ordered],
        # A station that has stopped serves nobody, and nobody knows until when.
        bays=bays if station.status == StationStatus.OPEN else 0,
        recharge=metal.recharge,
        habits=habits,
        reading_age=None if metal.read_at is None else _age(metal.read_at, at),
        doubt=_doubt(metal.fell_at, at),
    )


def _doubt(fell_at: datetime | None, at: datetime) -> float:
    return FALL_DOUBT if fell_at is not None and _age(fell_at, at) < FALL_DOUBTED_SECONDS else 1.0


def _vehicle(one: Present, pack_class_id: int, station: Station, at: datetime) -> Vehicle:
    booking, stage = one.booking, _STAGES[one.state]
    target = float(station.target_soc_percent)
    # Who chose a pack that is not full has what they chose (rule 11).
    awaited = one.packs if booking.took_below_target_at is None else ()
    return Vehicle(
        stage=stage,
        packs=booking.packs_wanted,
        drive=0.0 if stage <= Stage.ARRIVED else _drive_left(booking, at),
        lasts=(
            _lasts(booking.drive_seconds, line.terms_of(station), booking.promise_budget_seconds)
            if one.promise_ends_at is None
            else (one.promise_ends_at - at).total_seconds()
        ),
        since=_age(booking.started_at, at) if booking.started_at is not None else 0.0,
        packs_in=max((pack_ready_in(pack, target_percent=target, at=at) for pack in awaited), default=0.0),
        takes=booking.line.pack_class_id == pack_class_id,
    )


def _drive_left(booking: Booking, at: datetime) -> float | None:
    """By the last position: 0 who is here, None when nobody knows."""
    if booking.here_at is not None or booking.here_claimed_at is not None:
        return 0.0
    if booking.position_at is None or booking.drive_seconds is None:
        return None
    left = booking.drive_seconds - _age(booking.position_at, at)
    return None if left < -LOST_AFTER_SECONDS else max(left, ALMOST_HERE_SECONDS)


def _lasts(drive_seconds: int | None, terms: PromiseTerms, budget_seconds: int | None = None) -> float:
    return float(promise_seconds(drive_seconds=drive_seconds, budget_seconds=budget_seconds, terms=terms))


def _age(since: datetime | None, at: datetime) -> float:
    """What has not happened yet by our clock, which may have jumped, has just happened."""
    return 0.0 if since is None else max(0.0, (at - since).total_seconds())


def _silent_minutes(read_at: datetime | None, now: datetime) -> int:
    age = _age(read_at, now)
    return int(age // 60) if age >= FRESH_SECONDS else 0
