"""What people and stations usually do, learned from what happened; docs/rules/forecast.md says it in plain words.

A figure of one station is pulled towards that of its kind (empirical Bayes with a fixed weight): with `n` cases of its
own it counts n / (n + BORROWED_CASES). Functions of their arguments: no rows, no clock.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

# How many cases of its own a station needs to count as much as its kind.
BORROWED_CASES = 20
HOURS_A_WEEK = 7 * 24


@dataclass(frozen=True, slots=True)
class Habits:
    """What is expected at one station. Times in seconds, rates per second, shares of 1."""

    # A swap at the bay, from driving in to driving away: its mean, and the spread of its logarithm.
    swap_seconds: float = 240.0
    swap_spread: float = 0.3
    # Who is promised packs comes with this chance,
    comes: float = 0.92
    # after the drive that the map says times this (median), with this spread of the logarithm.
    drive_factor: float = 1.05
    drive_spread: float = 0.2
    # Who waits without a promise gives up at this rate.
    leaves_rate: float = 1 / 14_400
    # Charging takes what the curve says times this, with this spread of the logarithm.
    charge_factor: float = 1.0
    charge_spread: float = 0.06
    # Vehicles that come to the bay, of all classes, at this hour, beside those that are known.
    arrival_rate: float = 0.0
    # On how many cases of its own this rests.
    cases: int = 0


@dataclass(frozen=True, slots=True)
class Tally:
    """Cases of one kind of number: how many, their sum and the sum of their squares. Two tallies add up."""

    count: int = 0
    total: float = 0.0
    squares: float = 0.0

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.count + other.count, self.total + other.total, self.squares + other.squares)

    @property
    def mean(self) -> float:
        return self.total / self.count if self.count else 0.0

    @property
    def spread(self) -> float:
        """The standard deviation, by n - 1; 0 with fewer than two cases."""
        if self.count < 2:
            return 0.0
        return math.sqrt(max(0.0, (self.squares - self.total * self.total / self.count) / (self.count - 1)))


def tally(values: Iterable[float]) -> Tally:
    known = [value for value in values if math.isfinite(value)]
    return Tally(len(known), sum(known), sum(value * value for value in known))


@dataclass(frozen=True, slots=True)
class Experience:
    """What has been counted at a station, or at all of a kind.

    `swaps` are logarithms of seconds; `drives` and `charges` logarithms of the ratio between what happened and what was
    expected; `kept` is 1 for a promise whose driver came and 0 otherwise; `left` is 1 for who gave up waiting, and
    `waited_seconds` the time that all of them waited without a promise. `joined` counts vehicles by hour of the week
    (0: Monday, midnight to one), `hours` how many such hours were watched.
    """

    swaps: Tally = Tally()
    drives: Tally = Tally()
    charges: Tally = Tally()
    kept: Tally = Tally()
    left: int = 0
    waited_seconds: float = 0.0
    joined: Mapping[int, int] = field(default_factory=dict)
    hours: Mapping[int, int] = field(default_factory=dict)

    def __add__(self, other: Experience) -> Experience:
        return Experience(
            swaps=self.swaps + other.swaps,
            drives=self.drives + other.drives,
            charges=self.charges + other.charges,
            kept=self.kept + other.kept,
            left=self.left + other.left,
            waited_seconds=self.waited_seconds + other.waited_seconds,
            joined=_added(self.joined, other.joined),
            hours=_added(self.hours, other.hours),
        )

    def as_json(self) -> dict[str, Any]:
        """As it is kept in a row. JSON knows text alone as keys."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        return cls(
            swaps=Tally(**kept["swaps"]),
            drives=Tally(**kept["drives"]),
            charges=Tally(**kept["charges"]),
            kept=Tally(**kept["kept"]),
            left=kept["left"],
            waited_seconds=kept["waited_seconds"],
            joined={int(hour): count for hour, count in kept["joined"].items()},
            hours={int(hour): count for hour, count in kept["hours"].items()},
        )


def hour_of_week(at: datetime, zone: ZoneInfo) -> int:
    """0 is Monday, midnight to one, by the clock on the wall."""
    there = at.astimezone(zone)
    return there.weekday() * 24 + there.hour


def hours_watched(since: datetime, until: datetime, zone: ZoneInfo) -> dict[int, int]:
    """How often each hour of the week came by between two instants; one that was cut short counts as a whole."""
    count = max(0, math.ceil((until - since) / timedelta(hours=1)))
    return dict(Counter(hour_of_week(since + timedelta(hours=number), zone) for number in range(count)))


def habits(own: Experience, kind: Experience, *, hour_of_week: int, prior: Habits = Habits()) -> Habits:
    """What to expect at a station at an hour of the week, from its own cases, those of its kind, and at last `prior`.

    A station whose readings cannot be compared yet charges as its kind does, and a kind as its curves say.
    """
    swap_log = _pulled(own.swaps, kind.swaps, math.log(prior.swap_seconds) - prior.swap_spread**2 / 2)
    swap_spread = _spread(own.swaps, kind.swaps, prior.swap_spread)
    drive_log = _pulled(own.drives, kind.drives, math.log(prior.drive_factor))
    charge_log = _pulled(own.charges, kind.charges, math.log(prior.charge_factor))
    return Habits(
        swap_seconds=math.exp(swap_log + swap_spread**2 / 2),
        swap_spread=swap_spread,
        comes=min(1.0, max(0.0, _pulled(own.kept, kind.kept, prior.comes))),
        drive_factor=math.exp(drive_log),
        drive_spread=_spread(own.drives, kind.drives, prior.drive_spread),
        leaves_rate=_leaves_rate(own, kind, prior.leaves_rate),
        charge_factor=math.exp(charge_log),
        charge_spread=_spread(own.charges, kind.charges, prior.charge_spread),
        arrival_rate=_arrival_rate(own, kind, hour_of_week, prior.arrival_rate),
        cases=own.swaps.count,
    )


def _pulled(own: Tally, kind: Tally, prior: float) -> float:
    """The mean of `own`, pulled to that of `kind`, pulled to `prior`."""
    of_kind = (kind.total + BORROWED_CASES * prior) / (kind.count + BORROWED_CASES)
    return (own.total + BORROWED_CASES * of_kind) / (own.count + BORROWED_CASES)


def _spread(own: Tally, kind: Tally, prior: float) -> float:
    of_kind = (kind.spread * kind.count + BORROWED_CASES * prior) / (kind.count + BORROWED_CASES)
    return (own.spread * own.count + BORROWED_CASES * of_kind) / (own.count + BORROWED_CASES)


def _leaves_rate(own: Experience, kind: Experience, prior: float) -> float:
    borrowed = BORROWED_CASES / prior
    of_kind = (kind.left + BORROWED_CASES) / (kind.waited_seconds + borrowed)
    return (own.left + BORROWED_CASES) / (own.waited_seconds + BORROWED_CASES / of_kind)


def _arrival_rate(own: Experience, kind: Experience, hour: int, prior: float) -> float:
    """Vehicles per second at this hour of the week: a Gamma prior from the kind's hour counts as two hours watched."""
    borrowed_hours = 2.0
    of_kind = (kind.joined.get(hour, 0) + prior * 3600 * borrowed_hours) / (kind.hours.get(hour, 0) + borrowed_hours)
    return (own.joined.get(hour, 0) + of_kind * borrowed_hours) / (own.hours.get(hour, 0) + borrowed_hours) / 3600


def _added(one: Mapping[int, int], other: Mapping[int, int]) -> dict[int, int]:
    return {key: one.get(key, 0) + other.get(key, 0) for key in one.keys() | other.keys()}
