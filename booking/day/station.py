"""A station of a simulated day: its slots, its lines and its bays, settled by the rules that settle the real ones."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum

from booking.day.world import Kind, Person, Site
from booking.forecast import Situation, Stage, Vehicle
from booking.habits import Habits
from booking.line_rules import Coming, Entry, Grant, Kept, Move, Plan, plan, promise_seconds

MIDNIGHT = datetime(2026, 1, 5, tzinfo=UTC)


class At(Enum):
    """Where a simulated booking stands; the names are those of booking.states."""

    WAITING = "waiting"
    PROMISED = "promised"
    ARRIVED = "arrived"
    SWAPPING = "swapping"
    COMPLETED = "completed"
    OVER = "over"


@dataclass(slots=True, eq=False)
class Claim:
    """One booking of the day. `arrives_at` is when the driver will truly be here; nobody knows it before."""

    id: int
    person: Person
    kind: Kind
    site: int
    joined_at: float
    drive: float
    arrives_at: float
    comes: bool
    is_here: bool = False
    state: At = At.WAITING
    gathering_since: datetime | None = None
    was_passed_over: bool = False
    promised_at: float = -1.0
    ends_at: float = -1.0
    was_extended: bool = False
    bay_at: float = -1.0
    away_at: float = -1.0
    lapsed_once: bool = False
    had_packs_on_arrival: bool = False
    packs: list[int] = field(default_factory=list)

    def drive_left(self, now: float) -> float:
        """What the map says is left: what it said at first, in proportion to the way that is still to go."""
        if self.is_here or self.arrives_at <= now:
            return 0.0
        return self.drive * (self.arrives_at - now) / max(1.0, self.arrives_at - self.joined_at)


@dataclass(slots=True)
class Slots:
    """The packs of one class: when each will truly be ready, those that are kept for nobody apart."""

    ready_at: dict[int, float] = field(default_factory=dict)
    kept: dict[int, float] = field(default_factory=dict)

    def ready(self, now: float) -> list[int]:
        return [pack for pack, at in self.ready_at.items() if at <= now]

    def keep(self, packs: Sequence[int]) -> None:
        for pack in packs:
            self.kept[pack] = self.ready_at.pop(pack)

    def free(self, packs: Sequence[int]) -> None:
        for pack in packs:
            self.ready_at[pack] = self.kept.pop(pack)

    def at(self, pack: int) -> float:
        return self.kept[pack] if pack in self.kept else self.ready_at[pack]

    def goes_out(self, packs: Sequence[int]) -> None:
        for pack in packs:
            del self.kept[pack]


class Station:
    """Slots, lines and bays of one site."""

    def __init__(self, site: Site, *, promises_ahead: bool = True) -> None:
        self.site = site
        self.promises_ahead = promises_ahead
        self.slots = {name: Slots() for name in site.slots}
        self.lines: dict[str, list[Claim]] = {name: [] for name in site.slots}
        self.bay_queue: deque[Claim] = deque()
        self.swapping: list[Claim] = []
        self.is_down = False

    # --- The rules ---

    def settle(self, kind: str, now: float) -> list[tuple[Claim, Grant]]:
        """Move promises and make new ones; returns what was promised, to be dated by the caller."""
        slots, line = self.slots[kind], self.lines[kind]
        if self.is_down or not line:
            return []
        waiting = {c.id: c for c in line if c.state is At.WAITING}
        promised = {c.id: c for c in line if c.state is At.PROMISED}
        ready = slots.ready(now)
        slow = self.promises_ahead and any(slots.kept[p] > now for c in promised.values() for p in c.packs)
        if not slow and not (waiting and (ready or self.promises_ahead)):
            return []
        clock = MIDNIGHT + timedelta(seconds=now)
        planned = self._planned(slots, waiting, promised, ready, now)
        for move in planned.moves:
            self._move(promised[move.entry_id], move)
        for claim in promised.values():
            slots.keep([pack for pack in claim.packs if pack in slots.ready_at])
        for number in planned.begin_gathering:
            waiting[number].gathering_since = clock
        for number in planned.passed_over:
            waiting[number].was_passed_over = True
        return [(waiting[grant.entry_id], grant) for grant in planned.grants]

    def _planned(
        self, slots: Slots, waiting: dict[int, Claim], promised: dict[int, Claim], ready: list[int], now: float
    ) -> Plan:
        coming: list[Coming] = []
        kept: list[Kept] = []
        if self.promises_ahead:
            coming = [Coming(p, self._expected(at, now)) for p, at in slots.ready_at.items() if at > now]
            kept = [
                Kept(c.id, p, self._expected(slots.kept[p], now), c.drive_left(now))
                for c in promised.values()
                for p in c.packs
            ]
        return plan(
            entries=[_entry(c, now) for c in waiting.values()],
            free_packs=ready,
            terms=self.site.promise,
            now=MIDNIGHT + timedelta(seconds=now),
            coming=coming,
            kept=kept,
        )

    def _expected(self, ready_at: float, now: float) -> float:
        """In how many seconds the pack is ready by its curve, which knows nothing of this station's chargers."""
        return max(0.0, ready_at - now) / self.site.charge_factor

    def _move(self, claim: Claim, move: Move) -> None:
        """Cleared first, then kept: two promises may be changing places."""
        slots = self.slots[claim.kind.name]
        claim.packs[claim.packs.index(move.old)] = move.new
        if move.old in slots.kept:
            slots.free([move.old])

    def has_packs(self, claim: Claim, now: float) -> bool:
        return all(self.slots[claim.kind.name].at(pack) <= now for pack in claim.packs)

    def falls_back(self, claim: Claim) -> None:
        """Here, and a pack is not ready after all: the place in line is kept (rule 7)."""
        self.slots[claim.kind.name].free(claim.packs)
        claim.packs, claim.state, claim.is_here = [], At.WAITING, True

    def promise(self, claim: Claim, grant: Grant, now: float) -> None:
        slots = self.slots[claim.kind.name]
        claim.packs = list(grant.packs)
        slots.keep(claim.packs)
        claim.promised_at, claim.gathering_since = now, None
        if grant.lasts_seconds is None:
            self.arrive(claim)
        else:
            claim.state, claim.ends_at = At.PROMISED, now + grant.lasts_seconds

    def arrive(self, claim: Claim) -> None:
        """Here with packs: last in the bays' queue."""
        claim.state, claim.is_here = At.ARRIVED, True
        self.bay_queue.append(claim)

    def leave(self, claim: Claim) -> None:
        """Out of the line, and what was kept is free again."""
        self.slots[claim.kind.name].free(claim.packs)
        claim.packs = []
        self.lines[claim.kind.name].remove(claim)

    def next_for_a_bay(self) -> Claim | None:
        if self.is_down or not self.bay_queue or len(self.swapping) >= self.site.bays:
            return None
        return self.bay_queue.popleft()

    # --- What the station can be known to be ---

    def situation(self, kind: Kind, now: float, habits: Habits) -> Situation:
        """As the forecast sees it: readings, map and line, and nothing that only the future knows."""
        name = kind.name
        ready_in = [self._expected(at, now) for at in self.slots[name].ready_at.values()]
        vehicles = [
            Vehicle(Stage.SWAPPING, len(c.packs), since=now - c.bay_at, takes=c.kind.name == name)
            for c in self.swapping
        ]
        vehicles += [Vehicle(Stage.ARRIVED, len(c.packs), takes=c.kind.name == name) for c in self.bay_queue]
        for other, line in self.lines.items():
            vehicles += [
                Vehicle(
                    Stage.PROMISED,
                    len(c.packs),
                    c.drive_left(now),
                    lasts=c.ends_at - now,
                    takes=other == name,
                    packs_in=max(self._expected(self.slots[other].kept[p], now) for p in c.packs),
                )
                for c in line
                if c.state is At.PROMISED
            ]
        vehicles += [self.joiner(c.person.packs, c.drive_left(now)) for c in self.lines[name] if c.state is At.WAITING]
        return Situation(
            ready_in=ready_in, vehicles=vehicles, bays=self.site.bays, recharge=kind.recharge_seconds, habits=habits
        )

    def joiner(self, packs: int, drive: float) -> Vehicle:
        lasts = promise_seconds(drive_seconds=int(drive), budget_seconds=None, terms=self.site.promise)
        return Vehicle(Stage.WAITING, packs, drive, lasts=float(lasts))

    def ready_now(self, kind: str, now: float) -> int:
        return len(self.slots[kind].ready(now))

    def ahead(self, kind: str) -> int:
        """How many are before somebody who joins now: in the line without packs, and with them on the way or here."""
        others = sum(1 for line in self.lines.values() for c in line if c.state is At.PROMISED)
        waiting = sum(1 for c in self.lines[kind] if c.state is At.WAITING)
        return others + waiting + len(self.bay_queue) + len(self.swapping)


def _entry(claim: Claim, now: float) -> Entry:
    return Entry(
        id=claim.id,
        packs_wanted=claim.person.packs,
        is_waiting=True,
        is_here=claim.is_here,
        arrive_first=claim.lapsed_once,
        drive_seconds=int(claim.drive_left(now)),
        budget_seconds=None,
        gathering_since=claim.gathering_since,
        was_passed_over=claim.was_passed_over,
        arrives_in=None if claim.is_here else claim.drive_left(now),
    )
