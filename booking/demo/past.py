"""Plays the past of a network visit by visit: who came when, waited, swapped, cancelled or did not come.

Visits to one station follow each other, so nobody overtakes anybody and every order of the rules holds by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from accounts.models import User
from booking.demo import demand
from booking.demo.crowd import CLASS_MIX, Ride
from booking.demo.network import Founded, Site
from booking.demo.rows import Rows
from booking.demo.stock import Rack, Stock
from booking.demo.visits import Clerk, Visit

if TYPE_CHECKING:
    from stations.models import Pack

NO_SHOWS, CANCELLATIONS, WALK_INS, WAITS = 0.04, 0.05, 0.08, 0.25
VISITS_A_DAY, VISITS_A_DAY_BUSY = 0.5, 1.7
# Nothing of the past reaches into what the simulation does.
QUIET_BEFORE_NOW = timedelta(minutes=45)
BETWEEN_VISITS = timedelta(minutes=1)


def play(
    *,
    founded: Founded,
    stock: Stock,
    rides: list[Ride],
    staff: User,
    rows: Rows,
    random: Random,
    days: int,
    now: datetime,
) -> int:
    """Write `days` days of visits into `rows`; returns how many ended in a swap."""
    until = now - QUIET_BEFORE_NOW
    for ride in rides:
        ride.free_at = until - timedelta(days=days + 2)
    garage = _Garage(rides)
    clerk = Clerk(founded=founded, staff=staff, rows=rows, random=random)
    free_at: dict[int, datetime] = {}
    swaps = 0
    for instant, site in _arrivals(founded, days=days, until=until, random=random):
        at = max(instant, free_at.get(site.station.pk, instant))
        visit = _visit(site, at, stock, garage, random)
        if visit is None:
            continue
        free_at[site.station.pk] = clerk.write(visit, stock) + BETWEEN_VISITS
        swaps += visit.ending == "swap"
    clerk.close()
    return swaps


@dataclass(slots=True)
class _Garage:
    """Who could come: the rides of a city and class that are not on the way already."""

    rides: list[Ride]

    def free(self, city_slug: str, code: str, at: datetime) -> list[Ride]:
        return [
            ride
            for ride in self.rides
            if ride.city_slug == city_slug and ride.vehicle.pack_class.code == code and ride.free_at <= at
        ]


def _arrivals(founded: Founded, *, days: int, until: datetime, random: Random) -> Iterator[tuple[datetime, Site]]:
    """Every visit to every station of the network, in the order in which they happened."""
    found: list[tuple[datetime, int]] = []
    for number, site in enumerate(founded.sites):
        opens, closes = (6, 22) if site.station.hours else (0, 24)
        a_day = VISITS_A_DAY_BUSY if site.is_busy else VISITS_A_DAY * random.uniform(0.5, 1.5)
        instants = demand.visits(
            a_day=a_day,
            days=days,
            until=until,
            time_zone=founded.land.time_zone,
            opens=opens,
            closes=closes,
            random=random,
        )
        found += [(instant, number) for instant in instants]
    for instant, number in sorted(found):
        yield instant, founded.sites[number]


def _visit(site: Site, at: datetime, stock: Stock, garage: _Garage, random: Random) -> Visit | None:
    """Somebody with a vehicle that fits, and packs for it; None when there is nobody or nothing."""
    offered = [(code, weight) for code, weight in CLASS_MIX if code in site.slots]
    code = random.choices([code for code, _weight in offered], [weight for _code, weight in offered])[0]
    rack = stock.rack(site, code)
    candidates = garage.free(site.city.slug, code, at)
    if rack is None or not candidates:
        return None
    ride = random.choice(candidates)
    packs = stock.ready(rack, ride.vehicle.pack_count, at)
    if packs is None:
        return None
    return _planned(site, ride, rack, packs, at, random)


def _planned(site: Site, ride: Ride, rack: Rack, packs: list[Pack], at: datetime, random: Random) -> Visit:
    """Roll the dice once for everything that will happen. Those whom a visitor plays have never let anybody down."""
    fate = random.random() if ride.driver.is_simulated else 1.0
    ending = "no_show" if fate < NO_SHOWS else "cancel" if fate < NO_SHOWS + CANCELLATIONS else "swap"
    walks_in = (
        ending == "swap"
        and site.station.takes_cash
        and ride.driver.is_simulated
        and ride.method == "wallet"
        and random.random() < WALK_INS
    )
    waited = timedelta(seconds=random.randint(40, 900)) if random.random() < WAITS else timedelta(0)
    drive_seconds = random.randint(150, 1_200)
    joined_at = at
    promised_at = joined_at + waited
    arrived_at = promised_at if walks_in else promised_at + timedelta(seconds=drive_seconds)
    started_at = arrived_at + timedelta(seconds=random.randint(35, 240))
    return Visit(
        site=site,
        ride=ride,
        rack=rack,
        packs=packs,
        ending=ending,
        walks_in=walks_in,
        joined_at=joined_at,
        promised_at=promised_at,
        drive_seconds=drive_seconds,
        arrived_at=arrived_at,
        started_at=started_at,
        pace_seconds=random.randint(35, 70),
    )
