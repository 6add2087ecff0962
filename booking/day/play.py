"""The day itself: what happens, in order of time, until the last driver has left."""

from __future__ import annotations

import heapq
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import numpy as np

from booking import forecast
from booking.day.station import At, Claim, Station
from booking.day.world import Person, World
from booking.forecast import Outlook, Situation, Vehicle
from booking.habits import Habits
from booking.line_rules import EXTENSION, GATHER_FOR

EXTENDS_BEFORE_SECONDS = 90.0
# From being called to standing in the bay.
WALK_SECONDS = 30.0
# Who comes too late tries again where they are, unless they have had enough.
STAYS_WHEN_LATE = 0.7
ARRIVING_SPREAD = 0.12

Learned = Callable[[int, str, float], Habits]
Choice = Callable[[Sequence[tuple[int, float]], Sequence[Outlook | None]], int]


@dataclass(frozen=True, slots=True)
class Case:
    """One booking, what was said of it when it was made, and what came of it. Seconds from joining."""

    site: int
    kind: str
    joined_at: float
    drive: float
    ahead: int
    ready_now: int
    said: Outlook
    bay: float
    away: float
    was_ready: bool


@dataclass(slots=True)
class Seen:
    """What a network could have counted on this day, by site: from it habits are learned.

    Swaps in seconds, drives and charges as what they took over what was expected, all three as logarithms.
    """

    swaps: list[tuple[int, float]] = field(default_factory=list)
    drives: list[tuple[int, float]] = field(default_factory=list)
    charges: list[tuple[int, float]] = field(default_factory=list)
    kept: list[tuple[int, bool]] = field(default_factory=list)
    left: list[tuple[int, bool, float]] = field(default_factory=list)
    joined: list[tuple[int, float]] = field(default_factory=list)


@dataclass(slots=True)
class Result:
    """The day, looked back at."""

    cases: list[Case] = field(default_factory=list)
    seen: Seen = field(default_factory=Seen)
    asked: int = 0
    completed: int = 0
    # From wanting a pack to driving away, of all who did.
    to_drive_away: list[float] = field(default_factory=list)
    # How long packs stood ready before they went out, and how many did.
    idle_seconds: float = 0.0
    packs_out: int = 0
    # Drivers who were promised a pack and arrived before it was ready.
    not_ready: int = 0
    cpu_seconds: float = 0.0


def soonest(near: Sequence[tuple[int, float]], outlooks: Sequence[Outlook | None]) -> int:
    """By the time until one drives away; a station of which nothing is known comes last."""
    return min(range(len(near)), key=lambda i: (o.away.likely if (o := outlooks[i]) else math.inf, near[i][1]))


def nearest(near: Sequence[tuple[int, float]], outlooks: Sequence[Outlook | None]) -> int:
    return 0


def usual(site: int, kind: str, at: float) -> Habits:
    """What is expected where nothing has been learned."""
    return Habits()


class Day:
    """Plays one world once."""

    def __init__(
        self, world: World, *, learned: Learned = usual, choose: Choice = soonest, promises_ahead: bool = True
    ) -> None:
        self.world, self.learned, self.choose = world, learned, choose
        self.stations = [Station(site, promises_ahead=promises_ahead) for site in world.sites]
        self.random = np.random.default_rng([world.seed, 3])
        self.result = Result()
        self.numbers, self.pack_numbers = count(), count()
        self.events: list[tuple[float, int, Callable[..., None], Any]] = []
        self.said: dict[int, tuple[Outlook, int, int]] = {}
        self.now = 0.0
        for station in self.stations:
            self._fill(station)
        for person in world.people:
            self._at(person.starts_at, self._wants_a_pack, person)
        for station in self.stations:
            for begins, ends in station.site.outages:
                self._at(begins, self._goes_down, station)
                self._at(ends, self._comes_back, station)

    def play(self) -> Result:
        events, begun_at = self.events, time.process_time()
        while events:
            self.now, _, happens, what = heapq.heappop(events)
            happens(what)
        self.result.cpu_seconds = time.process_time() - begun_at
        return self.result

    # --- Time ---

    def _at(self, when: float, happens: Callable[..., None], what: Any) -> None:
        heapq.heappush(self.events, (when, next(self.numbers), happens, what))

    def _fill(self, station: Station) -> None:
        """At midnight most packs are charged, the others somewhere on the way."""
        for name, slots in station.slots.items():
            for _ in range(station.site.slots[name]):
                ready_at = 0.0 if self.random.random() < 0.7 else float(self.random.uniform(0.0, 3_000.0))
                pack = next(self.pack_numbers)
                slots.ready_at[pack] = ready_at
                if ready_at:
                    self._at(ready_at, self._is_ready, (station, name))

    # --- A driver ---

    def _wants_a_pack(self, person: Person) -> None:
        self.result.asked += 1
        if person.is_walk_in:
            number, drive = self.world.nearest(person, 1)[0]
            self._at(self.now + drive * person.drive_factor, self._walks_in, (person, number))
            return
        near = self.world.nearest(person, self.world.terms.stations_looked_at)
        situations, joiners = self._looked_at(person, near)
        outlooks = forecast.for_joiners(situations, joiners)
        chosen = self.choose(near, outlooks)
        number, drive = near[chosen]
        station = self.stations[number]
        claim = self._join(person, number, drive=drive, arrives_at=self.now + drive * person.drive_factor)
        if (outlook := outlooks[chosen]) is not None and not station.is_down:
            kind = person.kind.name
            self.said[claim.id] = (outlook, station.ahead(kind) - 1, station.ready_now(kind, self.now))
        self.result.seen.joined.append((number, self.now))
        self._settle(station, person.kind.name)
        self._at(self.now + person.patience, self._has_had_enough, claim)
        if claim.comes:
            self._at(claim.arrives_at, self._gets_there, claim)

    def _looked_at(self, person: Person, near: Sequence[tuple[int, float]]) -> tuple[list[Situation], list[Vehicle]]:
        situations, joiners = [], []
        for number, drive in near:
            station = self.stations[number]
            habits = self.learned(number, person.kind.name, self.now)
            situations.append(station.situation(person.kind, self.now, habits))
            joiners.append(station.joiner(person.packs, drive))
        return situations, joiners

    def _join(self, person: Person, number: int, *, drive: float, arrives_at: float, is_here: bool = False) -> Claim:
        station = self.stations[number]
        claim = Claim(
            id=next(self.numbers),
            person=person,
            kind=person.kind,
            site=number,
            joined_at=self.now,
            drive=drive,
            arrives_at=arrives_at,
            comes=is_here or person.luck < station.site.comes,
            is_here=is_here,
        )
        station.lines[person.kind.name].append(claim)
        return claim

    def _walks_in(self, what: tuple[Person, int]) -> None:
        person, number = what
        claim = self._join(person, number, drive=0.0, arrives_at=self.now, is_here=True)
        self.result.seen.joined.append((number, self.now))
        self._settle(self.stations[number], person.kind.name)
        self._at(self.now + person.patience, self._has_had_enough, claim)

    def _gets_there(self, claim: Claim) -> None:
        station = self.stations[claim.site]
        if claim.drive > 0:
            ratio = (self.now - claim.joined_at) / claim.drive
            self.result.seen.drives.append((claim.site, math.log(max(0.05, ratio))))
        if claim.state is At.PROMISED:
            self.result.seen.kept.append((claim.site, True))
            if not station.has_packs(claim, self.now):
                # Somebody else's ready pack may do for them, and theirs for somebody who is still far.
                self._settle(station, claim.kind.name)
            claim.had_packs_on_arrival = station.has_packs(claim, self.now)
            if claim.had_packs_on_arrival:
                station.arrive(claim)
            else:
                self.result.not_ready += 1
                station.falls_back(claim)
            self._settle(station, claim.kind.name)
        elif claim.state is At.WAITING:
            claim.is_here = True
            self._settle(station, claim.kind.name)
        elif claim.lapsed_once and self.random.random() < STAYS_WHEN_LATE:
            again = self._join(claim.person, claim.site, drive=0.0, arrives_at=self.now, is_here=True)
            again.lapsed_once = True
            self._settle(station, claim.kind.name)
            self._at(self.now + claim.person.patience, self._has_had_enough, again)

    def _has_had_enough(self, claim: Claim) -> None:
        if claim.state is not At.WAITING:
            return
        station = self.stations[claim.site]
        self.result.seen.left.append((claim.site, True, self.now - claim.joined_at))
        station.leave(claim)
        claim.state = At.OVER
        self._settle(station, claim.kind.name)

    # --- A promise ---

    def _settle(self, station: Station, kind: str) -> None:
        for claim, grant in station.settle(kind, self.now):
            self.result.seen.left.append((claim.site, False, self.now - claim.joined_at))
            station.promise(claim, grant, self.now)
            if claim.state is At.PROMISED:
                self._at(claim.ends_at, self._is_over, claim)
        for claim in station.lines[kind]:
            if claim.gathering_since is not None and claim.state is At.WAITING and not claim.was_passed_over:
                self._at(self.now + GATHER_FOR.total_seconds(), self._looks_again, (station, kind))
                break
        self._call(station)

    def _looks_again(self, what: tuple[Station, str]) -> None:
        station, kind = what
        self._settle(station, kind)

    def _is_over(self, claim: Claim) -> None:
        if claim.state is not At.PROMISED or claim.ends_at > self.now:
            return
        station = self.stations[claim.site]
        late = claim.comes and claim.arrives_at > self.now
        if late and not claim.was_extended and claim.person.extends:
            claim.was_extended = True
            claim.ends_at = self.now + EXTENSION.total_seconds()
            self._at(claim.ends_at, self._is_over, claim)
            return
        self.result.seen.kept.append((claim.site, False))
        station.leave(claim)
        claim.state, claim.lapsed_once = At.OVER, True
        self._settle(station, claim.kind.name)

    def _is_ready(self, what: tuple[Station, str]) -> None:
        station, kind = what
        self._settle(station, kind)

    # --- At the bay ---

    def _call(self, station: Station) -> None:
        while (claim := station.next_for_a_bay()) is not None:
            claim.state, claim.bay_at = At.SWAPPING, self.now
            station.swapping.append(claim)
            spread = station.site.swap_spread
            lasts = station.site.swap_seconds * math.exp(self.random.normal(0.0, spread) - spread**2 / 2)
            self.result.seen.swaps.append((claim.site, math.log(lasts)))
            self._at(self.now + lasts, self._drives_away, claim)

    def _drives_away(self, claim: Claim) -> None:
        station = self.stations[claim.site]
        station.swapping.remove(claim)
        kind = claim.kind
        slots = station.slots[kind.name]
        self.result.idle_seconds += sum(claim.bay_at - slots.kept[pack] for pack in claim.packs)
        self.result.packs_out += len(claim.packs)
        slots.goes_out(claim.packs)
        for _ in claim.packs:
            usual = kind.recharge_seconds * math.exp(self.random.normal(0.0, ARRIVING_SPREAD))
            ready_at = self.now + usual * station.site.charge_factor
            self.result.seen.charges.append((claim.site, math.log(station.site.charge_factor)))
            slots.ready_at[next(self.pack_numbers)] = ready_at
            self._at(ready_at, self._is_ready, (station, kind.name))
        claim.state, claim.away_at = At.COMPLETED, self.now
        station.lines[kind.name].remove(claim)
        self.result.completed += 1
        self.result.to_drive_away.append(self.now - claim.person.starts_at)
        if (said := self.said.pop(claim.id, None)) is not None:
            outlook, ahead, ready_now = said
            self.result.cases.append(
                Case(
                    site=claim.site,
                    kind=kind.name,
                    joined_at=claim.joined_at,
                    drive=claim.drive,
                    ahead=ahead,
                    ready_now=ready_now,
                    said=outlook,
                    bay=claim.bay_at - claim.joined_at,
                    away=claim.away_at - claim.joined_at,
                    was_ready=claim.had_packs_on_arrival,
                )
            )
        self._settle(station, kind.name)

    # --- A station out of order ---

    def _goes_down(self, station: Station) -> None:
        station.is_down = True

    def _comes_back(self, station: Station) -> None:
        station.is_down = False
        for kind in station.lines:
            self._settle(station, kind)
