"""Simulated drivers who join a line: at busy stations until a few wait, elsewhere now and then."""

from __future__ import annotations

import math
from datetime import datetime
from random import Random

from django.db.models import Exists, OuterRef
from django.utils.text import slugify

from accounts.models import User
from booking import placing, tariffs
from booking.demo import guard
from booking.demo.network import COMPACT, LONG_RANGE, SCOOTER
from booking.models import Assignment, Booking, Vehicle
from booking.patience import patient
from booking.states import State
from payments import ledger, wallet
from payments.models import AccountLimit, LedgerAccount
from payments.money import Money
from payments.states import AccountKind
from stations import geo, hours
from stations.models import Pack, Station
from stations.states import StationStatus

# How many wait for the class that is in demand; it changes every few minutes, station by station.
FEWEST_WAIT, MOST_WAIT, CHANGES_EVERY = 2, 5, 420
# Lines are not only for the ready packs: who has one drives here, or stands at the bay.
MOST_ON_THEIR_WAY = 8
ELSEWHERE_EVERY, MOST_ELSEWHERE = 15, 1
NEAR_M, FAR_M = 400, 2_400
TOP_UPS_LAST = 5


def join_busy(station: Station, *, tick: int, now: datetime, random: Random) -> Booking | None:
    """One more for the class in demand while fewer than wanted wait, and sometimes one for another class."""
    code = COMPACT if random.random() < 0.85 else random.choice((LONG_RANGE, SCOOTER))
    live = guard.simulated().filter(station=station, line__pack_class__code=code)
    waiting = live.filter(state=State.WAITING).count()
    wanted = lines_wanted(station.pk, tick) if code == COMPACT else 1
    if waiting >= wanted or live.count() >= wanted + MOST_ON_THEIR_WAY:
        return None
    return _join(station, code, now=now, random=random)


def join_elsewhere(station: Station, *, tick: int, now: datetime, random: Random) -> Booking | None:
    """Now and then, and only where more than one pack is left for a visitor."""
    if tick % ELSEWHERE_EVERY:
        return None
    if guard.simulated().filter(station=station).count() >= MOST_ELSEWHERE:
        return None
    code = random.choice((COMPACT, LONG_RANGE, SCOOTER))
    if Pack.objects.at(station).filter(pack_class__code=code).free(now).ready().count() < 3:
        return None
    return _join(station, code, now=now, random=random)


def lines_wanted(station_id: int, tick: int) -> int:
    period = tick // CHANGES_EVERY
    return Random(station_id * 7_919 + period).randint(FEWEST_WAIT, MOST_WAIT)  # noqa: S311 - a rhythm, not a secret


def _join(station: Station, code: str, *, now: datetime, random: Random) -> Booking | None:
    opening = hours.opening(station.hours, time_zone=station.time_zone, now=now)
    if station.status != StationStatus.OPEN or not opening.is_open:
        return None
    assignment = _somebody_idle(station, code, random)
    if assignment is None:
        return None
    return patient(placing.place)(
        driver=assignment.driver,
        vehicle=assignment.vehicle,
        station=station,
        method=_method(assignment.driver, assignment.vehicle, station, now),
        position=_near(station, random),
    )


def _somebody_idle(station: Station, code: str, random: Random) -> Assignment | None:
    """A simulated driver of the city who has not booked."""
    live = Booking.objects.live()
    idle = (
        Assignment.objects.filter(ended_at=None, driver__is_simulated=True, vehicle__pack_class__code=code)
        .filter(driver__email__startswith=f"{slugify(station.city)}-", vehicle__country=station.country)
        .exclude(Exists(live.filter(driver=OuterRef("driver"))))
        .exclude(Exists(live.filter(vehicle=OuterRef("vehicle"))))
        .select_related("driver", "vehicle__pack_class", "vehicle__fleet")
        .order_by("pk")
    )
    found = list(idle)
    return random.choice(found) if found else None


def _method(driver: User, vehicle: Vehicle, station: Station, now: datetime) -> str:
    """On account while the fleet's credit lasts, else from the wallet, which is topped up when it holds too little."""
    tariff = tariffs.current(station=station, pack_class=vehicle.pack_class, now=now)
    most = tariffs.most_it_can_cost(tariff, packs=vehicle.pack_count).gross_minor
    if vehicle.fleet is not None:
        credit = AccountLimit.objects.filter(
            account__organisation=vehicle.fleet, account__currency=station.currency
        ).first()
        # A half is left to those who try the fleet's account themselves.
        if credit is not None and credit.available_minor - most > credit.credit_limit_minor // 2:
            return "account"
    purse = _wallet(driver, station)
    if purse.limit.available_minor < most:
        wallet.top_up(
            user=driver,
            network=station.network,
            amount=Money(TOP_UPS_LAST * most, station.currency),
            by=None,
            reason="Simulated",
        )
    return "wallet"


def _wallet(driver: User, station: Station) -> LedgerAccount:
    return ledger.account(network=station.network, kind=AccountKind.WALLET, currency=station.currency, user=driver)


def _near(station: Station, random: Random) -> geo.Place:
    """Some way off, in any direction."""
    metres, bearing = random.uniform(NEAR_M, FAR_M), random.uniform(0.0, 2.0 * math.pi)
    degrees = math.degrees(metres / geo.EARTH_RADIUS_M)
    return geo.Place(
        station.latitude + degrees * math.cos(bearing),
        station.longitude + degrees * math.sin(bearing) / math.cos(math.radians(station.latitude)),
    )
