"""When a pack is ready and a bay is free: docs/rules/forecast.md says it in plain words, docs/adr/forecast.md why so.

A station is played forward in a fixed number of scenarios (Monte Carlo on Latin hypercube samples: McKay, Beckman and
Conover, Technometrics 1979). In each of them packs charge a little faster or slower, drivers come sooner, later or not
at all, swaps take longer or less, and others come who are not known yet. The rules of the line decide what follows:
packs go down the line in its order as they become ready, the bays serve by arrival. What is asked for is read off the
scenarios as quantiles. The samples are the same for every station and every call, so the same question has the same
answer, and stations are compared in the same weather.

Functions of their arguments: no rows, no clock, no settings. Times are seconds from now.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import cache
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from booking.habits import Habits

Floats = NDArray[np.float64]

SCENARIOS = 64
SEED = 20_260_901
LOW, LIKELY, HIGH = 0.1, 0.5, 0.9
# Others who will come to the bays and are not known yet: so many are played at most.
NEWCOMERS = 4
# They join from now on, and drive: the first comes after so long.
NEWCOMERS_DRIVE_SECONDS = 480.0
# A reading older than this says less than it did, by as much again for every hour.
FRESH_SECONDS = 900.0
MOST_DOUBT = 4.0
# What remains of a swap that takes longer than expected: this share of a usual one, at random.
OVERTIME_SHARE = 0.25
# A driver of whom no position is known uses this share of the promise, and is as uncertain as that.
UNKNOWN_DRIVE_SHARE, UNKNOWN_DRIVE_SPREAD = 0.6, 0.5
LONGEST_SECONDS = 86_400.0
# So many vehicles are nearly always enough.
LEAST_COLUMNS = 32
# Stations are played together with those that have about as many vehicles.
TOGETHER = (8, 24)


class Stage(IntEnum):
    SWAPPING = 0
    ARRIVED = 1
    PROMISED = 2
    WAITING = 3


@dataclass(frozen=True, slots=True)
class Vehicle:
    """A live booking, as far as it matters to others.

    `drive` is what the map says is left of the drive; 0 who is here, None when no position is known. `lasts` is how
    long a promise holds that is made now (waiting), or is left of the one that was made (promised). `since` is how
    long a swap has been going on. `packs_in` is when the packs that are promised are ready (inf: never). `takes` is
    False for a vehicle of another class, which meets the others only at the bays.
    """

    stage: Stage
    packs: int = 1
    drive: float | None = 0.0
    lasts: float = 600.0
    since: float = 0.0
    packs_in: float = 0.0
    takes: bool = True


@dataclass(frozen=True, slots=True)
class Situation:
    """A station as one pack class sees it.

    `ready_in` is for every pack that is kept for nobody when its curve says that it reaches the target (0: it has;
    inf: it never will). `vehicles` come in this order: at the bays, arrived (as the bays serve them), promised, waiting
    (as the line serves them). `recharge` is how long a pack that is brought in takes to the target (inf: it never gets
    there). `reading_age` is how old the newest reading is; None when the station has never said anything. `doubt` (1 or
    more) widens what its readings say: a charge that went backwards.
    """

    ready_in: Sequence[float]
    vehicles: Sequence[Vehicle]
    bays: int
    recharge: float
    habits: Habits
    reading_age: float | None = 0.0
    doubt: float = 1.0

    @property
    def is_known(self) -> bool:
        """Whether anything can be said: there are packs, or will be, and a bay."""
        packs = sum(seconds != math.inf for seconds in self.ready_in)
        packs += sum(v.packs for v in self.vehicles if v.takes and v.stage != Stage.WAITING)
        return self.bays > 0 and packs > 0 and self.reading_age is not None


@dataclass(frozen=True, slots=True)
class Span:
    """Seconds: one in ten is below `low`, half below `likely`, nine in ten below `high`."""

    low: float
    likely: float
    high: float

    @property
    def width(self) -> float:
        return self.high - self.low


@dataclass(frozen=True, slots=True)
class Outlook:
    """What one vehicle may expect, from now; of `bay`, `wait` is what is left once it has arrived.

    `ready` is the chance that its packs are there when it arrives.
    """

    bay: Span
    away: Span
    ready: float
    wait: Span = Span(0.0, 0.0, 0.0)


def for_joiners(
    situations: Sequence[Situation], joiners: Sequence[Vehicle], overtaken: Sequence[int] | None = None
) -> list[Outlook | None]:
    """For each station, what somebody may expect who joins its line now. None: nothing can be said.

    They are served after all who wait but the last so many, whom they go before by the rules; after all if not said.
    """
    all_asked = zip(situations, joiners, overtaken or [0] * len(situations), strict=True)
    asked = [_Asked.of(number, *one) for number, one in enumerate(all_asked) if one[0].is_known]
    found: list[Outlook | None] = [None] * len(situations)
    for several in _alike(asked):
        columns = np.array([one.place for one in several])
        played = _play([one.situation for one in several], [one.vehicles for one in several], stay=columns)
        outlooks = _outlooks(played, np.arange(len(several)), columns)
        for one, outlook in zip(several, outlooks, strict=True):
            found[one.number] = outlook
    return found


def for_line(situation: Situation) -> list[Outlook | None]:
    """What each of the station's vehicles may expect, given that it comes and does not give up."""
    if not situation.is_known or not situation.vehicles:
        return [None] * len(situation.vehicles)
    played = _play([situation], [list(situation.vehicles)])
    columns = np.arange(len(situation.vehicles))
    return _outlooks(played, np.zeros_like(columns), columns)


# --- Playing it ---


@dataclass(frozen=True, slots=True)
class _Played:
    """By station, scenario and vehicle: at the bay, away, packs there, arrived; inf where the vehicle does not come."""

    bay: Floats
    away: Floats
    packs: Floats
    arrives: Floats


def _play(
    situations: Sequence[Situation],
    vehicles: Sequence[Sequence[Vehicle]],
    *,
    stay: NDArray[np.int64] | None = None,
) -> _Played:
    """`stay`: which vehicle of each station is the one who asks, and does not give up."""
    known = _Known.of(situations, vehicles)
    patience = _samples(known.stage.shape[1]).patience / known.habits[:, _LEAVES, None, None]
    if stay is not None:
        patience[np.arange(len(vehicles)), :, NEWCOMERS + stay] = np.inf
    arrives, comes = _arrivals(known)
    service = _services(known)
    packs_at = _packs(known, arrives, comes, service, patience)
    at_bay = np.where(comes & np.isfinite(packs_at), np.maximum(arrives, packs_at), np.inf)
    # Who is here already stands where the bays' queue has them; those at a bay are before everybody.
    at_bay = np.where(known.stage[:, None, :] <= Stage.ARRIVED, known.queue[:, None, :], at_bay)
    starts = _bays(known, at_bay, service)
    return _Played(*(times[..., NEWCOMERS:] for times in (starts, starts + service, packs_at, arrives)))


@dataclass(frozen=True, slots=True)
class _Known:
    """Situations as arrays: stations × vehicles, of which the first few are those who are not known yet."""

    situations: Sequence[Situation]
    stage: NDArray[np.int64]
    packs: NDArray[np.int64]
    drive: Floats
    spread: Floats
    lasts: Floats
    since: Floats
    packs_in: Floats
    takes: NDArray[np.bool_]
    queue: Floats
    is_there: NDArray[np.bool_]
    habits: Floats

    @classmethod
    def of(cls, situations: Sequence[Situation], vehicles: Sequence[Sequence[Vehicle]]) -> _Known:
        shape = (len(situations), NEWCOMERS + max(len(several) for several in vehicles))
        table = np.zeros((*shape, 9))
        table[..., 0] = Stage.WAITING
        for row, (situation, several) in enumerate(zip(situations, vehicles, strict=True)):
            spread = situation.habits.drive_spread
            table[row, NEWCOMERS : NEWCOMERS + len(several)] = [
                _as_row(v, number, spread) for number, v in enumerate(several)
            ]
        habits = np.array([_figures(s.habits) for s in situations])
        is_there = table[..., 8] > 0
        is_there[:, :NEWCOMERS] = habits[:, _RATE, None] > 0
        table[:, :NEWCOMERS, 1] = 1
        table[:, :NEWCOMERS, 7] = 1
        return cls(
            situations=situations,
            stage=table[..., 0].astype(np.int64),
            packs=table[..., 1].astype(np.int64),
            drive=table[..., 2],
            spread=table[..., 3],
            lasts=table[..., 4],
            since=table[..., 5],
            packs_in=table[..., 6],
            takes=table[..., 7] > 0,
            queue=np.broadcast_to(np.arange(shape[1]) * 1e-6 - 1.0, shape),
            is_there=is_there,
            habits=habits,
        )


_SWAP, _SWAP_SPREAD, _COMES, _FACTOR, _LEAVES, _CHARGE, _CHARGE_SPREAD, _RATE = range(8)


def _figures(habits: Habits) -> tuple[float, ...]:
    return (
        habits.swap_seconds,
        habits.swap_spread,
        habits.comes,
        habits.drive_factor,
        habits.leaves_rate,
        habits.charge_factor,
        habits.charge_spread,
        habits.arrival_rate,
    )


def _as_row(vehicle: Vehicle, number: int, spread: float) -> tuple[float, ...]:
    drive = _sound(vehicle.drive) if vehicle.drive is not None else UNKNOWN_DRIVE_SHARE * _sound(vehicle.lasts)
    return (
        vehicle.stage,
        max(1, vehicle.packs),
        drive,
        spread if vehicle.drive is not None else UNKNOWN_DRIVE_SPREAD,
        _sound(vehicle.lasts),
        _sound(vehicle.since),
        _until(vehicle.packs_in),
        vehicle.takes,
        1.0,
    )


def _sound(seconds: float) -> float:
    """A time that can be: clocks jump, and programs divide by zero."""
    if 0.0 <= seconds <= LONGEST_SECONDS:
        return seconds
    return min(max(seconds, 0.0), LONGEST_SECONDS) if math.isfinite(seconds) else 0.0


def _until(seconds: float) -> float:
    """The same of what may never come."""
    return math.inf if seconds == math.inf else _sound(seconds)


def _arrivals(known: _Known) -> tuple[Floats, NDArray[np.bool_]]:
    """When each vehicle arrives, and whether it comes at all. Who is asked for is read off where it does."""
    samples = _samples(known.stage.shape[1])
    factor = known.habits[:, _FACTOR, None, None]
    arrives = known.drive[:, None, :] * factor * np.exp(known.spread[:, None, :] * samples.drive)
    is_promised = (known.stage == Stage.PROMISED)[:, None, :]
    # Who comes at all comes before the promise ends.
    arrives = np.where(is_promised, np.minimum(arrives, known.lasts[:, None, :]), arrives)
    is_here = ((known.stage <= Stage.ARRIVED) | ((known.stage == Stage.WAITING) & (known.drive == 0.0)))[:, None, :]
    comes = (samples.comes < known.habits[:, _COMES, None, None]) | is_here
    with np.errstate(divide="ignore"):
        gaps = np.cumsum(samples.gaps, axis=-1) / known.habits[:, _RATE, None, None]
    arrives[..., :NEWCOMERS] = NEWCOMERS_DRIVE_SECONDS + gaps
    comes[..., :NEWCOMERS] = True
    return arrives, comes & known.is_there[:, None, :]


def _services(known: _Known) -> Floats:
    """How long each vehicle is at its bay: for who is there already, what is left of it."""
    samples = _samples(known.stage.shape[1])
    spread = known.habits[:, _SWAP_SPREAD, None, None]
    mean = known.habits[:, _SWAP, None, None]
    whole = mean * np.exp(spread * samples.swap - spread**2 / 2)
    left = np.maximum(whole - known.since[:, None, :], OVERTIME_SHARE * mean * samples.overtime)
    service: Floats = np.where((known.stage == Stage.SWAPPING)[:, None, :], left, whole)
    return service


def _packs(known: _Known, arrives: Floats, comes: NDArray[np.bool_], service: Floats, patience: Floats) -> Floats:
    """When each vehicle has its packs; never (inf) who gives up before.

    Packs in the slots go down the line as they become ready.

    A slot whose pack goes out has the one that came in, which is ready after `recharge`; one that was kept for
    somebody who did not come has the same pack again when the promise ends.
    """
    stations, scenarios = arrives.shape[:2]
    recharge = np.array([_until(s.recharge) for s in known.situations])[:, None, None]
    held = ((known.stage < Stage.WAITING) & known.takes & known.is_there)[:, None, :]
    packs_at = np.where(held, known.packs_in[:, None, :], np.zeros((1, scenarios, 1)))
    back = service + recharge
    again = np.where(comes, np.maximum(arrives, packs_at) + back, known.lasts[:, None, :])
    again = np.where(held, again, np.inf)
    slots = [_charging(known), again]
    slots += [np.where((known.packs > more)[:, None, :], again, np.inf) for more in range(1, int(known.packs.max()))]
    waits = (known.stage == Stage.WAITING) & known.takes & known.is_there
    line = _Line(np.concatenate(slots, axis=-1).reshape(stations * scenarios, -1))
    for column in range(NEWCOMERS, waits.shape[1]):
        if not waits[:, column].any():
            continue
        at = line.take(
            wanted=known.packs[:, column] * waits[:, column],
            patience=patience[..., column],
            away_after=_Away(comes[..., column], arrives[..., column], back[..., column], known.lasts[:, None, column]),
        )
        packs_at[..., column] = np.where(waits[:, None, column], at, packs_at[..., column])
    packs_at[..., :NEWCOMERS] = line.next(NEWCOMERS).reshape(stations, scenarios, NEWCOMERS)
    return packs_at


@dataclass(frozen=True, slots=True)
class _Away:
    """What becomes of somebody's slots: stations × scenarios."""

    comes: NDArray[np.bool_]
    arrives: Floats
    back: Floats
    lasts: Floats

    def again_at(self, packs_at: Floats) -> Floats:
        """When the slots have a pack for the next, from when they had one for this driver."""
        at: Floats = np.where(self.comes, np.maximum(packs_at, self.arrives) + self.back, packs_at + self.lasts)
        return at


class _Line:
    """The slots of a class, in all scenarios, and when each has a pack for the next in line."""

    def __init__(self, slots: Floats) -> None:
        self.slots = slots
        self.rows = np.arange(len(slots))

    def take(self, *, wanted: NDArray[np.int64], patience: Floats, away_after: _Away) -> Floats:
        """When somebody has as many packs as wanted at each station; never (inf) where that is too late for them."""
        shape = patience.shape
        if wanted.max() == 1:
            return self._take_one(np.where(wanted[:, None] > 0, patience, -np.inf), away_after)
        at = np.zeros(len(self.rows))
        taken: list[tuple[NDArray[np.int64], Floats, NDArray[np.bool_]]] = []
        for number in range(int(wanted.max())):
            slot = self.slots.argmin(axis=1)
            when = self.slots[self.rows, slot]
            mine = np.repeat(wanted > number, shape[1])
            self.slots[self.rows[mine], slot[mine]] = np.inf
            at = np.where(mine, when, at)
            taken.append((slot, when, mine))
        stays = at <= patience.reshape(-1)
        again_at = away_after.again_at(at.reshape(shape)).reshape(-1)
        for slot, when, mine in taken:
            self.slots[self.rows[mine], slot[mine]] = np.where(stays, again_at, when)[mine]
        return np.where(stays, at, np.inf).reshape(shape)

    def _take_one(self, patience: Floats, away_after: _Away) -> Floats:
        """The same where nobody wants more than one; whoever has no patience at all leaves the slot as it is."""
        slot = self.slots.argmin(axis=1)
        when = self.slots[self.rows, slot]
        stays = when <= patience.reshape(-1)
        again_at = away_after.again_at(when.reshape(patience.shape)).reshape(-1)
        self.slots[self.rows, slot] = np.where(stays, again_at, when)
        return np.where(stays, when, np.inf).reshape(patience.shape)

    def next(self, count: int) -> Floats:
        """When the next packs are ready, for those who come after everybody in line."""
        missing = count - self.slots.shape[1]
        slots = np.pad(self.slots, ((0, 0), (0, missing)), constant_values=np.inf) if missing > 0 else self.slots
        return np.sort(np.partition(slots, count - 1, axis=1)[:, :count], axis=1)


def _charging(known: _Known) -> Floats:
    """When the packs in the slots are ready: stations × scenarios × slots, inf where there is none."""
    slots = max((len(s.ready_in) for s in known.situations), default=0)
    ready = np.full((len(known.situations), slots), np.inf)
    for row, situation in enumerate(known.situations):
        ready[row, : len(situation.ready_in)] = situation.ready_in
    # As `_until` does it.
    ready = np.where(
        np.isposinf(ready), ready, np.clip(np.nan_to_num(ready, nan=0.0, neginf=0.0), 0.0, LONGEST_SECONDS)
    )
    doubt = np.array([_doubt(s) for s in known.situations])
    samples = _samples(known.stage.shape[1])
    spread = (known.habits[:, _CHARGE_SPREAD] * doubt)[:, None, None]
    factor = known.habits[:, _CHARGE, None, None] * np.exp(spread * samples.charge[..., None])
    charging: Floats = ready[:, None, :] * factor
    return charging


def _doubt(situation: Situation) -> float:
    age = situation.reading_age or 0.0
    stale = 1.0 + max(0.0, _sound(age) - FRESH_SECONDS) / 3600.0
    return min(MOST_DOUBT, stale * max(1.0, situation.doubt))


def _bays(known: _Known, at_bay: Floats, service: Floats) -> Floats:
    """When each vehicle drives into a bay: in order of arrival, into the bay that is free first.

    Vehicles that never come are last and hold nobody up.
    """
    order = np.argsort(at_bay, axis=-1, kind="stable")
    # One flat index for all three: `take_along_axis` builds its own each time, which takes longer than the rest.
    flat = order + np.arange(0, order.size, order.shape[-1]).reshape(*order.shape[:-1], 1)
    arrived, lasting = at_bay.ravel()[flat], service.ravel()[flat]
    bays = np.array([s.bays for s in known.situations])
    free = np.zeros((*at_bay.shape[:2], int(bays.max())))
    free += np.where(np.arange(free.shape[2]) < bays[:, None], 0.0, np.inf)[:, None, :]
    starts = np.empty_like(arrived)
    one, several = np.flatnonzero(bays == 1), np.flatnonzero(bays > 1)
    if one.size:
        starts[one] = _one_bay(arrived[one], lasting[one])
    if several.size:
        starts[several] = _several_bays(arrived[several], lasting[several], free[several])
    result = np.empty(starts.shape)
    result.ravel()[flat] = starts
    return result


def _one_bay(arrived: Floats, lasting: Floats) -> Floats:
    """Lindley's recursion in closed form: the last of all finishes so far is a running maximum."""
    before = np.cumsum(lasting, axis=-1) - lasting
    starts: Floats = np.maximum(np.maximum.accumulate(arrived - before, axis=-1), 0.0) + before
    return starts


def _several_bays(arrived: Floats, lasting: Floats, free: Floats) -> Floats:
    """The workload vector of Kiefer and Wolfowitz (1955)."""
    line = np.arange(arrived.shape[0] * arrived.shape[1])
    free, arrived_flat = free.reshape(len(line), -1), arrived.reshape(len(line), -1)
    lasting_flat, starts = lasting.reshape(len(line), -1), np.empty_like(arrived_flat)
    for column in range(arrived_flat.shape[1]):
        bay = free.argmin(axis=1)
        starts[:, column] = np.maximum(arrived_flat[:, column], free[line, bay])
        ends = starts[:, column] + lasting_flat[:, column]
        free[line, bay] = np.where(np.isfinite(ends), ends, free[line, bay])
    return starts.reshape(arrived.shape)


# --- Reading it off ---


def _outlooks(played: _Played, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> list[Outlook | None]:
    """What the vehicles in these rows and columns may expect, by the scenarios in which they come."""
    bay, away = played.bay[rows, :, columns], played.away[rows, :, columns]
    comes = np.isfinite(bay)
    count = comes.sum(axis=1)
    arrives = played.arrives[rows, :, columns]
    there = comes & (played.packs[rows, :, columns] <= arrives)
    # Laplace: that so few scenarios agree proves little.
    ready = (there.sum(axis=1) + 0.5) / (count + 1)
    spans = _spans(np.stack([bay, away, bay - arrives]), count)
    return [
        Outlook(Span(*until_bay), Span(*until_away), chance, Span(*waits)) if known else None
        for until_bay, until_away, waits, chance, known in zip(*spans, ready.tolist(), count.tolist(), strict=True)
    ]


def _spans(values: Floats, count: NDArray[np.int64]) -> list[list[list[float]]]:
    """The three quantiles of each row's first `count` values in order, between neighbours in proportion.

    Several tables at once, which have their `count` in common.
    """
    ordered = np.sort(np.maximum(values, 0.0), axis=-1)
    last = np.maximum(count - 1, 0)[:, None]
    at = np.array([LOW, LIKELY, HIGH]) * last
    below = at.astype(np.int64)
    rows = np.arange(len(count))[:, None]
    one, other = ordered[:, rows, below], ordered[:, rows, np.minimum(below + 1, last)]
    with np.errstate(invalid="ignore"):
        spans: list[list[list[float]]] = (one + (other - one) * (at - below)).tolist()
    return spans


class _Asked(NamedTuple):
    """Somebody who would join, among the vehicles of station `number`."""

    number: int
    situation: Situation
    vehicles: list[Vehicle]
    place: int

    @classmethod
    def of(cls, number: int, situation: Situation, joiner: Vehicle, overtaken: int) -> _Asked:
        place = len(situation.vehicles) - overtaken
        vehicles = [*situation.vehicles[:place], joiner, *situation.vehicles[place:]]
        return cls(number, situation, vehicles, place)


def _alike(asked: Iterable[_Asked]) -> list[list[_Asked]]:
    groups: dict[int, list[_Asked]] = {}
    for one in asked:
        size = next((limit for limit in TOGETHER if len(one.vehicles) <= limit), len(one.vehicles))
        groups.setdefault(size, []).append(one)
    return list(groups.values())


# --- The weather, the same for everybody ---


@dataclass(frozen=True, slots=True)
class _Samples:
    """By scenario (and vehicle): standard normal where a spread is applied, uniform or exponential otherwise."""

    drive: Floats
    comes: Floats
    patience: Floats
    swap: Floats
    overtime: Floats
    charge: Floats
    gaps: Floats


@cache
def _samples(columns: int) -> _Samples:
    """The first columns of what would go on for ever: a vehicle has the same luck, whoever else is asked about."""
    weather = _weather(max(LEAST_COLUMNS, 1 << (columns - 1).bit_length()))
    return replace(
        weather,
        drive=weather.drive[:, :columns],
        comes=weather.comes[:, :columns],
        patience=weather.patience[:, :columns],
        swap=weather.swap[:, :columns],
        overtime=weather.overtime[:, :columns],
    )


# A line has any length, and each would be a table of its own: 256 lengths up to 500 vehicles took 210 MB, and a 257th
# threw one out. So the widths are powers of two, the narrower the beginning of the wider: all of them up to
# 1,024 columns take 6 MB in a process, and a longer line than any before costs a part of a second, once.
@cache
def _weather(width: int) -> _Samples:
    columns = np.stack([_hypercube(number, 5).T for number in range(width)], axis=-1)
    drive, comes, patience, swap, overtime = columns
    others = _hypercube(-1, 1 + NEWCOMERS)
    return _Samples(
        drive=_normal(drive),
        comes=comes.copy(),
        patience=_exponential(patience),
        swap=_normal(swap),
        overtime=_exponential(overtime),
        charge=_normal(others[:, :1])[:, 0],
        gaps=_exponential(others[:, 1:]),
    )


def _hypercube(number: int, count: int) -> Floats:
    """`count` uniform samples for each scenario, of which every stratum holds one."""
    random = np.random.default_rng([SEED, number + 1])
    strata = np.stack([random.permutation(SCENARIOS) for _ in range(count)], axis=1)
    samples: Floats = (strata + random.random((SCENARIOS, count))) / SCENARIOS
    return samples


def _exponential(uniform: Floats) -> Floats:
    samples: Floats = -np.log(1.0 - uniform)
    return samples


def _normal(uniform: Floats) -> Floats:
    inverse = NormalDist().inv_cdf
    return np.array([[inverse(float(value)) for value in row] for row in uniform])
