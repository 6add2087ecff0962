"""The people of the demo who are not signed in as: simulated drivers with their vehicles, staff and finance."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from random import Random

from accounts import membership
from accounts.models import Organisation, Role, User
from booking.demo.network import COMPACT, LONG_RANGE, SCOOTER, Founded
from booking.models import Assignment, Vehicle
from stations.models import Pack, PackClass, Post

DRIVERS_PER_BUSY_SITE, DRIVERS_PER_SITE = 12, 4
CLASS_MIX = ((COMPACT, 55), (LONG_RANGE, 18), (SCOOTER, 27))
MODELS = {
    COMPACT: ("Corvina City", "Tern 3", "Aozora Mini"),
    LONG_RANGE: ("Tern 5 Estate", "Long March L"),
    SCOOTER: ("Zumba S1", "Honeybee 2"),
}


@dataclass(eq=False, slots=True)
class Ride:
    """A driver, the vehicle, and the packs that are in it while the past is played."""

    driver: User
    vehicle: Vehicle
    city_slug: str
    method: str
    free_at: datetime
    packs: list[Pack] = field(default_factory=list)


def drivers(*, founded: Founded, classes: dict[str, PackClass], random: Random, now: datetime) -> list[Ride]:
    """Simulated drivers of every city, some of the second fleet on account, the others with wallets of their own."""
    rides: list[Ride] = []
    for city in founded.land.cities:
        sites = [site for site in founded.sites if site.city is city]
        count = sum(DRIVERS_PER_BUSY_SITE if site.is_busy else DRIVERS_PER_SITE for site in sites)
        for number in range(count):
            code = random.choices([code for code, _weight in CLASS_MIX], [weight for _code, weight in CLASS_MIX])[0]
            on_account = number % 6 == 0
            driver = User(
                email=f"{city.slug}-{number + 1:02d}@drivers.demo.example",
                name=f"{random.choice(founded.land.first_names)} {random.choice(founded.land.last_names)}",
                is_simulated=True,
            )
            driver.set_unusable_password()
            vehicle = Vehicle(
                country=founded.land.country,
                plate=plate(founded.land.country, random),
                pack_class=classes[code],
                pack_count=2 if code == SCOOTER and number % 4 == 0 else 1,
                model=random.choice(MODELS[code]),
                fleet=founded.fleets[1] if on_account else None,
                proven_at=now,
            )
            rides.append(Ride(driver, vehicle, city.slug, "account" if on_account else "wallet", now))
    User.objects.bulk_create(ride.driver for ride in rides)
    Vehicle.objects.bulk_create(ride.vehicle for ride in rides)
    Assignment.objects.bulk_create(Assignment(vehicle=ride.vehicle, driver=ride.driver) for ride in rides)
    return rides


def staff(*, founded: Founded) -> User:
    """The simulated hands of a network: posted to every station, and at work only where the simulation is."""
    worker = _worker(f"staff-{founded.land.code}@simulation.demo.example", "Simulated staff", is_simulated=True)
    post = membership.grant(user=worker, organisation=founded.operator, role=Role.STAFF, by=None)
    Post.objects.bulk_create(Post(membership=post, station=site.station) for site in founded.sites)
    return worker


def finance(*, operator: Organisation, code: str) -> tuple[User, User]:
    """Two people of a network's finance whom nobody signs in as: one proposes, the other approves."""
    people = tuple(_worker(f"finance{n}-{code}@demo.example", f"Finance {n} ({code.upper()})") for n in (1, 2))
    for person in people:
        membership.grant(user=person, organisation=operator, role=Role.FINANCE, by=None)
    return people[0], people[1]


def plate(country: str, random: Random) -> str:
    """Invented, in the manner of the country."""
    letters = "ABCDEFGHJKLMNPQRSTUVXZ"
    pair = "".join(random.choices(letters, k=2))
    if country == "CN":
        return f"YUE{random.choice(letters)}{pair}{random.randint(1000, 9999)}"
    if country == "TH":
        return f"{random.randint(1, 9)}{pair}{random.randint(1000, 9999)}"
    return f"{pair}{random.randint(10, 99)}{''.join(random.choices(letters, k=2))}"


def _worker(email: str, name: str, *, is_simulated: bool = False) -> User:
    return User.objects.create_user(email=email, name=name, is_simulated=is_simulated)
