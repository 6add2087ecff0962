"""Sole writer of Vehicle and Assignment: drivers add the vehicles that they book for, and let them go."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.refusals import Refusal
from booking import line, plates
from booking.models import Assignment, Booking, Vehicle
from stations.models import PackClass


class NotAPlate(Refusal):
    """What was typed has no letters and digits that could be a plate."""

    code = "not_a_plate"


class VehicleTaken(Refusal):
    """The plate is registered in a way that this driver cannot simply join."""

    code = "vehicle_taken"


class VehicleInUse(Refusal):
    """A live booking is made for this vehicle."""

    code = "vehicle_in_use"


def of_driver(driver: User) -> list[Vehicle]:
    """The vehicles that a driver may book for, the first one added first."""
    assigned = Vehicle.objects.filter(assignments__driver=driver, assignments__ended_at=None)
    return list(assigned.select_related("pack_class", "fleet").order_by("assignments__pk"))


@transaction.atomic
def add(*, driver: User, country: str, plate: str, pack_class: PackClass, pack_count: int) -> Vehicle:
    """Register a vehicle, or join one that is registered and not yet proven to be somebody else's.

    Raises NotAPlate, VehicleTaken (a fleet's, proven by another driver, or with other packs: staff settle it).
    """
    plate = plates.normalise(plate)
    if not plates.is_plate(plate):
        raise NotAPlate(_("A plate has letters and digits, 2 to 16 of them."))
    wished = Vehicle(country=country, plate=plate, pack_class=pack_class, pack_count=pack_count)
    Vehicle.objects.bulk_create([wished], ignore_conflicts=True)
    vehicle = Vehicle.objects.select_for_update(of=("self",)).get(country=country, plate=plate)
    if vehicle.assignments.filter(driver=driver, ended_at=None).exists():
        return vehicle
    _check_may_join(vehicle, pack_class=pack_class, pack_count=pack_count)
    Assignment.objects.create(vehicle=vehicle, driver=driver)
    return vehicle


@transaction.atomic
def at_the_gate(*, country: str, plate: str, pack_class: PackClass, pack_count: int) -> Vehicle:
    """The vehicle that stands before the staff: found by its plate, or registered without a driver.

    What was registered before and never proven gives way to what staff see. Raises NotAPlate, VehicleTaken.
    """
    plate = plates.normalise(plate)
    if not plates.is_plate(plate):
        raise NotAPlate(_("A plate has letters and digits, 2 to 16 of them."))
    wished = Vehicle(country=country, plate=plate, pack_class=pack_class, pack_count=pack_count)
    Vehicle.objects.bulk_create([wished], ignore_conflicts=True)
    vehicle = Vehicle.objects.select_for_update(of=("self",)).get(country=country, plate=plate)
    if vehicle.pack_class_id == pack_class.pk and vehicle.pack_count >= pack_count:
        return vehicle
    if vehicle.proven_at is not None or vehicle.assignments.filter(ended_at=None).exists():
        raise VehicleTaken(
            _("%(plate)s is registered with %(packs)s × %(class)s.")
            % {"plate": plate, "packs": vehicle.pack_count, "class": vehicle.pack_class.name}
        )
    vehicle.pack_class, vehicle.pack_count = pack_class, pack_count
    vehicle.save(update_fields=["pack_class", "pack_count"])
    return vehicle


@transaction.atomic
def correct(*, vehicle: Vehicle) -> Vehicle:
    """Write what an operator has corrected after looking at the vehicle.

    Raises NotAPlate, VehicleTaken when another vehicle has the plate, VehicleInUse when its packs would change while a
    booking for it is live.
    """
    vehicle.plate = plates.normalise(vehicle.plate)
    if not plates.is_plate(vehicle.plate):
        raise NotAPlate(_("A plate has letters and digits, 2 to 16 of them."))
    if Vehicle.objects.filter(country=vehicle.country, plate=vehicle.plate).exclude(pk=vehicle.pk).exists():
        raise VehicleTaken(_("Another vehicle has this plate."))
    before = Vehicle.objects.select_for_update().get(pk=vehicle.pk)
    has_other_packs = (before.pack_class_id, before.pack_count) != (vehicle.pack_class_id, vehicle.pack_count)
    if has_other_packs and Booking.objects.live().filter(vehicle=vehicle).exists():
        raise VehicleInUse(_("A booking for this vehicle is live: its packs cannot change now."))
    vehicle.save(update_fields=["country", "plate", "pack_class", "pack_count", "model", "fleet"])
    return vehicle


@transaction.atomic
def let_go(*, driver: User, vehicle: Vehicle) -> None:
    """End the driver's assignment. Raises VehicleInUse while they have a live booking for it."""
    if Booking.objects.live().filter(driver=driver, vehicle=vehicle).exists():
        raise VehicleInUse(_("You have a booking for this vehicle. Cancel it first."))
    Assignment.objects.filter(driver=driver, vehicle=vehicle, ended_at=None).update(ended_at=line.database_now())


def _check_may_join(vehicle: Vehicle, *, pack_class: PackClass, pack_count: int) -> None:
    if vehicle.fleet is not None:
        raise VehicleTaken(_("This vehicle belongs to a fleet. Ask its manager to add you."))
    shared = vehicle.assignments.filter(ended_at=None).exists()
    if shared and vehicle.proven_at is not None:
        raise VehicleTaken(_("Another driver swaps with this plate. Show the vehicle to station staff, who settle it."))
    if (vehicle.pack_class_id, vehicle.pack_count) == (pack_class.pk, pack_count):
        return
    if shared or vehicle.proven_at is not None:
        raise VehicleTaken(_("This plate is registered with other packs. Show the vehicle to station staff."))
    vehicle.pack_class, vehicle.pack_count = pack_class, pack_count
    vehicle.save(update_fields=["pack_class", "pack_count"])
