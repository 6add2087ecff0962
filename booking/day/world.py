"""The network of a simulated day, and what is true of it: some of it no forecast can know. All from one seed.

Times are seconds since midnight, distances metres on a plane, energy is counted by the time that charging takes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from booking.forecast import Floats
from booking.line_rules import PromiseTerms

DAY_SECONDS = 86_400
# Joining by hour of the day, as a share of the mean: two shifts, a lunch and a night.
DAY_SHAPE = (
    0.25, 0.20, 0.18, 0.20, 0.35, 0.75, 1.30, 1.60, 1.50, 1.20, 1.10, 1.25,
    1.40, 1.30, 1.10, 1.10, 1.30, 1.60, 1.70, 1.45, 1.10, 0.85, 0.60, 0.40,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kind:
    """A pack class: what share of drivers need it, how many packs they change, how long a pack charges."""

    name: str
    share: float
    recharge_seconds: float
    two_packs_share: float


CAR = Kind("car", 0.65, 3_900.0, 0.0)
SCOOTER = Kind("scooter", 0.35, 3_000.0, 0.35)
KINDS = (CAR, SCOOTER)


@dataclass(frozen=True, slots=True)
class Terms:
    """How large the network is and how it is used."""

    stations: int = 200
    drivers: float = 20_000.0
    # How much busier the busiest places are: the spread of the logarithm of demand by place.
    unevenness: float = 0.5
    stations_looked_at: int = 5
    walk_in_share: float = 0.08
    outages_a_day: float = 0.05


@dataclass(frozen=True, slots=True)
class Site:
    """A station as it truly is."""

    number: int
    x: float
    y: float
    bays: int
    slots: dict[str, int]
    swap_seconds: float
    swap_spread: float
    comes: float
    charge_factor: float
    promise: PromiseTerms
    # From when to when it is out of order.
    outages: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Person:
    """A driver as they truly are. `luck` decides, against the station's share, whether they come when promised."""

    number: int
    starts_at: float
    x: float
    y: float
    kind: Kind
    packs: int
    speed: float
    drive_factor: float
    luck: float
    patience: float
    extends: bool
    is_walk_in: bool


# The numbers of some stations, and where they are, in metres.
Places = tuple[NDArray[np.int64], Floats, Floats]


@dataclass(frozen=True, slots=True)
class World:
    """One day: the stations, who comes, and the randomness that the day itself needs."""

    seed: int
    terms: Terms
    sites: tuple[Site, ...]
    people: tuple[Person, ...]
    by_kind: dict[str, Places]

    def nearest(self, person: Person, count: int) -> list[tuple[int, float]]:
        """The nearest stations that have the class, with the seconds of the drive as the map says."""
        numbers, x, y = self.by_kind[person.kind.name]
        metres = np.hypot(x - person.x, y - person.y)
        by_distance = np.argsort(metres, kind="stable")[:count]
        drives = (metres[by_distance] * (CIRCUITY / person.speed)).tolist()
        return list(zip(numbers[by_distance].tolist(), drives, strict=True))


CIRCUITY = 1.35
CITY_METRES = 14_000.0


def build(seed: int, terms: Terms = Terms(), *, network_seed: int | None = None) -> World:
    """A day of a network. With `network_seed` the stations of another day: the same network on one more day."""
    of_network = np.random.default_rng([network_seed if network_seed is not None else seed, 1])
    of_day = np.random.default_rng([seed, 2])
    sites = _sites(of_network, of_day, terms)
    people = _people(of_day, terms, _places(of_network, terms))
    by_kind = {kind.name: _where([s for s in sites if kind.name in s.slots]) for kind in KINDS}
    return World(seed=seed, terms=terms, sites=sites, people=people, by_kind=by_kind)


def _where(sites: Sequence[Site]) -> Places:
    x, y = (np.array([getattr(site, axis) for site in sites], dtype=float) for axis in ("x", "y"))
    return np.array([site.number for site in sites], dtype=np.int64), x, y


def _sites(network: np.random.Generator, day: np.random.Generator, terms: Terms) -> tuple[Site, ...]:
    sites = []
    scale = CITY_METRES * math.sqrt(terms.stations / 200)
    for number in range(terms.stations):
        x, y = network.normal(0.0, scale / 2, 2)
        both = network.random() < 0.4
        only = CAR if network.random() < 0.65 else SCOOTER
        slots = {k.name: int(network.integers(4, 9)) for k in KINDS if both or k is only}
        sites.append(
            Site(
                number=number,
                x=float(x),
                y=float(y),
                bays=1 if network.random() < 0.6 else 2,
                slots=slots,
                swap_seconds=float(230.0 * math.exp(network.normal(0.0, 0.18))),
                swap_spread=float(network.uniform(0.2, 0.35)),
                comes=float(network.beta(46, 4)),
                charge_factor=float(math.exp(network.normal(0.04, 0.05))),
                promise=PromiseTerms(min_seconds=600, max_seconds=1800, margin_seconds=300),
                outages=_outages(day, terms.outages_a_day),
            )
        )
    return tuple(sites)


def _outages(day: np.random.Generator, a_day: float) -> tuple[tuple[float, float], ...]:
    begins = sorted(float(at) for at in day.uniform(0, DAY_SECONDS, day.poisson(a_day)))
    return tuple((at, at + float(day.uniform(900, 3_600))) for at in begins)


@dataclass(frozen=True, slots=True)
class _Places:
    """Where demand comes from: middles of quarters, and how busy each is."""

    middles: Floats
    weights: Floats


def _places(network: np.random.Generator, terms: Terms) -> _Places:
    count = max(4, terms.stations // 5)
    weights = np.exp(network.normal(0.0, terms.unevenness, count))
    scale = CITY_METRES * math.sqrt(terms.stations / 200)
    return _Places(network.normal(0.0, scale / 2, (count, 2)), weights / weights.sum())


def _people(day: np.random.Generator, terms: Terms, places: _Places) -> tuple[Person, ...]:
    count = int(day.poisson(terms.drivers))
    shape = np.array(DAY_SHAPE) / sum(DAY_SHAPE)
    hours = day.choice(24, size=count, p=shape)
    starts = np.sort(hours * 3600.0 + day.uniform(0, 3600, count))
    homes = places.middles[day.choice(len(places.weights), size=count, p=places.weights)]
    positions = homes + day.normal(0.0, 1_800.0, (count, 2))
    kinds = day.choice(len(KINDS), size=count, p=[k.share for k in KINDS])
    people = []
    for number in range(count):
        kind = KINDS[int(kinds[number])]
        rush = 1.12 if DAY_SHAPE[int(starts[number] // 3600) % 24] > 1.4 else 1.0
        people.append(
            Person(
                number=number,
                starts_at=float(starts[number]),
                x=float(positions[number, 0]),
                y=float(positions[number, 1]),
                kind=kind,
                packs=2 if day.random() < kind.two_packs_share else 1,
                speed=7.0,
                drive_factor=float(rush * math.exp(day.normal(0.03, 0.18))),
                luck=float(day.random()),
                patience=float(day.exponential(9_000.0) + 600.0),
                extends=bool(day.random() < 0.6),
                is_walk_in=bool(day.random() < terms.walk_in_share),
            )
        )
    return tuple(people)
