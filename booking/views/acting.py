"""What the driver's views share: who asks, about what, one act at a time, and a refusal said kindly."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.contrib import messages
from django.http import HttpRequest
from django.shortcuts import get_object_or_404

from accounts import access
from accounts.models import User
from accounts.refusals import Refusal
from booking import drives, lifecycle
from booking.forms import PositionForm
from booking.models import Booking
from booking.patience import patient
from stations.models import Station
from stations.states import StationStatus

R = TypeVar("R")


def driver_of(request: HttpRequest) -> User:
    """The person behind the request; the guard before the view has made sure that there is one."""
    return access.person_of(request)


def station_at(network: str, code: str) -> Station:
    """The station of a page's address. One that is only planned is not found. Raises Http404."""
    stations = Station.objects.select_related("network").exclude(status=StationStatus.PLANNED)
    return get_object_or_404(stations, network__code=network, code=code)


def has_already(request: HttpRequest, etag: str) -> bool:
    """Whether the phone's copy is this one. A proxy that compresses makes a strong tag a weak one."""
    return request.headers.get("If-None-Match", "").removeprefix("W/") == etag


def update_position(booking: Booking, form: PositionForm) -> Booking:
    """The drive from where the driver says to be; a router is asked before anything is locked."""
    at = form.place()
    return lifecycle.update_position(booking=booking, position=at, drive_seconds=drives.to_station(at, booking.station))


def attempt(request: HttpRequest, act: Callable[[], R], *, said: str = "") -> R | None:
    """Do it, and say so; a refusal becomes a sentence on the next page and None here."""
    try:
        result = patient(act)()
    except Refusal as refusal:
        messages.error(request, refusal.sentence)
        return None
    if said:
        messages.success(request, said)
    return result
