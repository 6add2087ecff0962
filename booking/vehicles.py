"""Sole writer of Vehicle and Assignment: drivers add the vehicles that they book for, and let them go."""

from __future__ import annotations

import secrets

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from accounts import people
from accounts.models import User
from accounts.refusals import Refusal
from booking import clock, plates
from booking.models import Assignment, Booking, Vehicle
from stations.models import PackClass

LONGEST_MODEL = 60
# What a plate begins with whose driver has left; twelve random signs follow.
NOBODYS = "ANON"


class NotAPlate(Refusal):
    """What was typed has no letters and digits that could be a plate."""

    code = "not_a_plate"


class VehicleTaken(Refusal):
    """The plate is registered in a way that this driver cannot simply join."""

    code = "vehicle_taken"


class FleetsVehicle(Refusal):
    """The fleet's manager decides about it."""

    code = "fleets_vehicle"


class VehicleInUse(Refusal):
    """A live booking is made for this vehicle."""

    code = "vehicle_in_use"


def of_driver(driver: User) -> list[Vehicle]:
    """The vehicles that a driver may book for, the first one added first, each `called` what it is for them.

    Several may drive an unproven plate, and be strangers: nobody reads another's name for it (P5).
    """
    assigned = Assignment.objects.filter(driver=driver, ended_at=None).order_by("pk")
    return [_called(one) for one in assigned.select_related("vehicle__pack_class", "vehicle__fleet")]


@transaction.atomic
def add(*, driver: User, country: str, plate: str, pack_class: PackClass, pack_count: int) -> Vehicle:
    """Register a vehicle, or join one that is registered and not yet proven to be somebody else's.

    Raises NotAPlate, VehicleTaken (a fleet's, proven by another driver, or with other packs: staff settle it), and
    people.PersonDeleted.
    """
    people.still_here(user=driver)
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
    """End the driver's assignment. Locks the driver, so that no booking for it is being made at the moment.

    Raises FleetsVehicle, VehicleInUse while they have a live booking for it, and people.PersonDeleted.
    """
    people.still_here(user=driver)
    if vehicle.fleet_id is not None:
        raise FleetsVehicle(_("This vehicle belongs to a fleet. Ask its manager to take you off it."))
    if Booking.objects.live().filter(driver=driver, vehicle=vehicle).exists():
        raise VehicleInUse(_("You have a booking for this vehicle. Cancel it first."))
    Assignment.objects.filter(driver=driver, vehicle=vehicle, ended_at=None).update(ended_at=clock.database_now())


@transaction.atomic
def describe(*, driver: User, vehicle: Vehicle, model: str) -> Assignment:
    """What the driver calls it. The packs that it takes are changed by staff, who see it (`correct`).

    Raises FleetsVehicle, and VehicleTaken when it is not theirs, or not any more.
    """
    held = Assignment.objects.select_for_update(of=("self",)).filter(driver=driver, vehicle=vehicle, ended_at=None)
    assignment = held.select_related("vehicle").first()
    if assignment is None:
        raise VehicleTaken(_("This vehicle is not one of yours."))
    if assignment.vehicle.fleet_id is not None:
        raise FleetsVehicle(_("This vehicle belongs to a fleet. Its manager keeps it up to date."))
    assignment.model = " ".join(model.split())[:LONGEST_MODEL]
    assignment.save(update_fields=["model"])
    return assignment


def only_of(driver: User) -> QuerySet[Vehicle]:
    """Vehicles that this driver has driven, that no fleet has, and that nobody else was ever assigned to."""
    others = Assignment.objects.filter(vehicle=OuterRef("pk")).exclude(driver=driver)
    return Vehicle.objects.filter(~Exists(others), assignments__driver=driver, fleet=None).distinct()


def forget_driver(*, driver: User) -> None:
    """The driver is nobody from now on: no vehicle is theirs, and plates that were theirs alone are replaced.

    A marker keeps vehicles apart, since the line's history names them. The driver's row is locked, so none is added.
    """
    for vehicle in Vehicle.objects.select_for_update().filter(pk__in=only_of(driver).values("pk")).order_by("pk"):
        vehicle.plate = f"{NOBODYS}{secrets.token_hex(6).upper()}"
        vehicle.model = ""
        vehicle.proven_at = None
        vehicle.save(update_fields=["plate", "model", "proven_at"])
    Assignment.objects.filter(driver=driver).delete()


def _called(assignment: Assignment) -> Vehicle:
    vehicle, own = assignment.vehicle, assignment.model
    vehicle.called = vehicle.model if vehicle.fleet_id is not None else own or vehicle.model
    return vehicle


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
