"""Who is offered which other station when nobody can be served at their own (rule 7), as functions of arguments."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

# An offer keeps no pack, so it may last; but what it says of a wait grows old.
OFFER_FOR = timedelta(minutes=10)
LOOK_AGAIN_AFTER = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Mover:
    """A booking that may move. `may_go_to` are the stations whose price, money and owner suit it."""

    id: int
    joined_at: datetime
    packs_wanted: int
    may_go_to: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Ahead:
    """Who waits at a station already, in the order of its line."""

    joined_at: datetime
    packs_wanted: int


@dataclass(frozen=True, slots=True)
class Target:
    """Another station as one pack class sees it.

    `ready_in_seconds` is for every pack that is kept for nobody (0: ready); a pack beyond those is one that a swap
    brings in, and needs `recharge_seconds` (inf: it never gets there). `vehicles` are at its bays, or hold a promise
    and will be.
    """

    station_id: int
    drive_seconds: int
    ready_in_seconds: Sequence[float]
    recharge_seconds: float
    waiting: Sequence[Ahead]
    vehicles: int
    bays: int
    swap_seconds: int


@dataclass(frozen=True, slots=True)
class Offered:
    mover_id: int
    station_id: int
    drive_seconds: int


@dataclass(slots=True)
class _Crowd:
    """A station while a plan is made: who waits there, and who is sent to it."""

    target: Target
    sent: list[int]
    joined: list[datetime] = field(init=False)
    packs_until: list[int] = field(init=False)
    ready: list[float] = field(init=False)

    def __post_init__(self) -> None:
        in_order = sorted(self.target.waiting, key=lambda one: one.joined_at)
        self.joined = [one.joined_at for one in in_order]
        self.packs_until = [0]
        for one in in_order:
            self.packs_until.append(self.packs_until[-1] + one.packs_wanted)
        self.ready = sorted(self.target.ready_in_seconds)

    def served_after(self, mover: Mover) -> float | None:
        """Seconds from now until packs and a bay are there. None when nothing is known that could end a wait.

        A swap brings in as many as it takes out, so fewer packs than are wanted never become enough.
        """
        if len(self.ready) < mover.packs_wanted or self.target.bays <= 0:
            return None
        before = bisect_right(self.joined, mover.joined_at)
        packs_before = self.packs_until[before] + sum(self.sent)
        rounds, position = divmod(packs_before + mover.packs_wanted - 1, len(self.ready))
        until_packs = self.ready[position] + (rounds * self.target.recharge_seconds if rounds else 0.0)
        if math.isinf(until_packs):
            return None
        vehicles_before = self.target.vehicles + before + len(self.sent)
        return max(until_packs, vehicles_before / self.target.bays * self.target.swap_seconds)


def plan(*, movers: Sequence[Mover], targets: Sequence[Target], sent: Mapping[int, Sequence[int]]) -> list[Offered]:
    """For each booking, in the order of its line, the station from which it drives away soonest.

    `sent` are by station the packs that those want who are offered it already. Whoever is offered a station counts
    there for those who come after. Who can go nowhere is left out, and stays where they are. It is compared by likely
    values: one number for each booking and station, so that a hundred bookings are planned at once. What is said to
    whoever is asked is the forecast's.
    """
    crowds = [_Crowd(target, list(sent.get(target.station_id, ()))) for target in targets]
    offered = []
    for mover in movers:
        # Driving and waiting run side by side.
        found = [
            (max(served, target.drive_seconds) + target.swap_seconds, target.drive_seconds, number)
            for number, (crowd, target) in enumerate(zip(crowds, targets, strict=True))
            if target.station_id in mover.may_go_to and (served := crowd.served_after(mover)) is not None
        ]
        if not found:
            continue
        _away, drive_seconds, number = min(found)
        crowds[number].sent.append(mover.packs_wanted)
        offered.append(Offered(mover.id, targets[number].station_id, drive_seconds))
    return offered
