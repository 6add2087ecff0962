"""Drivers by the hundred with vehicles and money, written in bulk: what is measured comes after them."""

from __future__ import annotations

from accounts.models import Organisation, User
from booking.models import Assignment, Vehicle
from payments import ledger
from payments.money import Money
from stations.models import PackClass

# Bookings of one fleet wait for each other at its credit limit; a crowd has many fleets.
DRIVERS_PER_FLEET = 20


def drivers(*, count: int, pack_class: PackClass, network_id: int, name: str) -> list[tuple[User, Vehicle]]:
    """So many people, each assigned to a vehicle of a fleet that pays on account."""
    fleets = Organisation.objects.bulk_create(
        Organisation(network_id=network_id, code=f"{name}-{number}", name=f"Fleet {name} {number}")
        for number in range(-(-count // DRIVERS_PER_FLEET))
    )
    for fleet in fleets:
        ledger.set_credit_limit(fleet=fleet, limit=Money(100_000_000, "EUR"))
    people = User.objects.bulk_create(
        User(name=f"{name} {number}", email=f"{name}-{number}@bench.test", password="!") for number in range(count)
    )
    vehicles = Vehicle.objects.bulk_create(
        Vehicle(
            country="PT",
            plate=f"{name.upper()}{number}",
            pack_class=pack_class,
            fleet=fleets[number // DRIVERS_PER_FLEET],
        )
        for number in range(count)
    )
    pairs = list(zip(people, vehicles, strict=True))
    Assignment.objects.bulk_create(Assignment(driver=driver, vehicle=vehicle) for driver, vehicle in pairs)
    return pairs
