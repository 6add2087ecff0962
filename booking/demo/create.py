"""Creates the whole demo in one transaction: networks, people, ninety days of the past, statements. Once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random

from django.db import transaction

from accounts.models import Network, User
from booking import clock
from booking.demo import crowd, network, opinions, past, sign_ins, statements
from booking.demo.network import Founded
from booking.demo.places import LANDS, Land
from booking.demo.rows import Rows
from booking.demo.stock import Stock
from stations.models import PackClass

SEED = 20_261
DAYS = 90


@dataclass(frozen=True, slots=True)
class Created:
    stations: int
    swaps: int


@transaction.atomic
def create(
    *, seed: int = SEED, days: int = DAYS, lands: Sequence[Land] = LANDS, now: datetime | None = None
) -> Created | None:
    """Nothing when there is a network already: nobody's data is touched, and twice is as good as once."""
    if Network.objects.exists():
        return None
    now = now or clock.database_now()
    users = sign_ins.people()
    classes = network.pack_classes()
    stations = swaps = 0
    for number, land in enumerate(lands):
        random = Random(seed + number)  # noqa: S311 - the same network every time, not a secret
        founded = network.found(land=land, classes=classes, random=random, now=now)
        stations += len(founded.sites)
        swaps += _live(founded, users, classes, random, days=days, now=now)
    return Created(stations, swaps)


def _live(
    founded: Founded,
    users: dict[str, User],
    classes: dict[str, PackClass],
    random: Random,
    *,
    days: int,
    now: datetime,
) -> int:
    """The past of one network, up to today."""
    rows = Rows()
    stock = Stock(founded=founded, classes=classes, rows=rows, random=random)
    visitors = sign_ins.rides(founded=founded, users=users, classes=classes, random=random, now=now)
    rides = [*visitors, *crowd.drivers(founded=founded, classes=classes, random=random, now=now)]
    for ride in rides:
        stock.load(ride)
    worker = crowd.staff(founded=founded)
    swaps = past.play(
        founded=founded, stock=stock, rides=rides, staff=worker, rows=rows, random=random, days=days, now=now
    )
    stock.settle(now)
    rows.write()
    network.set_own_prices(founded, classes, now)
    sign_ins.keep_favourites(founded=founded, visitors=visitors, now=now)
    opinions.write(founded=founded, visitors=[ride.driver for ride in visitors], staff=worker, random=random, now=now)
    for ride in visitors:
        if ride.method == "wallet":
            sign_ins.fill_wallet(founded=founded, driver=ride.driver, key=f"demo:{ride.driver.pk}")
    if founded.land.code == sign_ins.HOME:
        sign_ins.give_roles(founded=founded, users=users)
        first, second = users["finance@demo.example"], users["finance2@demo.example"]
    else:
        first, second = crowd.finance(operator=founded.operator, code=founded.land.code)
    statements.write(founded=founded, first=first, second=second, now=now)
    return swaps
