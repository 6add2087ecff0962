"""What a driver has chosen and need not choose again: where they start, which packs fit, which vehicle it is for."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils import timezone

from accounts.models import User
from booking import places, vehicles
from booking.models import Vehicle
from booking.places import Start
from stations.models import PackClass

START, FITS, VEHICLE = "start", "fits", "vehicle"


def remembered_start(request: HttpRequest) -> Start | None:
    return places.from_kept(request.session.get(START), now=timezone.now())


def remember_start(request: HttpRequest, start: Start) -> None:
    """The same place is written again only when so much time has gone by that it matters: a search is no write."""
    if not start.is_as_kept(request.session.get(START)):
        request.session[START] = start.kept()


def vehicles_of(request: HttpRequest) -> list[Vehicle]:
    return vehicles.of_driver(request.user) if isinstance(request.user, User) else []


def chosen_vehicle(request: HttpRequest, own: list[Vehicle]) -> Vehicle | None:
    """The vehicle asked for by this address, else the one of last time, else the first. Never another driver's."""
    by_id = {str(vehicle.pk): vehicle for vehicle in own}
    asked = by_id.get(request.GET.get("vehicle", ""))
    if asked is not None and (request.session.get(VEHICLE) != asked.pk or FITS in request.session):
        request.session[VEHICLE] = asked.pk
        request.session.pop(FITS, None)
    return asked or by_id.get(str(request.session.get(VEHICLE))) or (own[0] if own else None)


def fitting_class(
    request: HttpRequest, vehicle: Vehicle | None, classes: list[PackClass], asked: str
) -> PackClass | None:
    """The class to look for: asked for now, else the one of last time, else the vehicle's, else the biggest."""
    by_code = {pack_class.code: pack_class for pack_class in classes}
    if asked in by_code:
        if request.session.get(FITS) != asked:
            request.session[FITS] = asked
        return by_code[asked]
    kept = by_code.get(str(request.session.get(FITS, "")))
    if kept is not None:
        return kept
    if vehicle is not None:
        return vehicle.pack_class
    return classes[0] if classes else None
