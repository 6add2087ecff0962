"""Before every page of a station's console: who may open it, at which station, and in whose time."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache

from accounts import access
from accounts.guards import role_required
from accounts.models import Role, User
from stations.models import Station
from stations.queries import stations_for_staff

P = ParamSpec("P")

works_at_a_station = role_required(Role.STAFF, Role.OPERATOR)


def at_my_station(
    view: Callable[Concatenate[HttpRequest, Station, P], HttpResponseBase],
) -> Callable[..., HttpResponseBase]:
    """Gives the view the station of the address, if the person works there. Another station is not found (P5).

    Everything on the page is in the station's time.
    """

    @never_cache
    @works_at_a_station
    @wraps(view)
    def guarded(
        request: HttpRequest, /, network: str, station: str, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponseBase:
        own = stations_for_staff(request.user).select_related("network")
        found = get_object_or_404(own, network__code=network, code=station)
        with timezone.override(ZoneInfo(found.time_zone)):
            return view(request, found, *args, **kwargs)

    return guarded


def person(request: HttpRequest) -> User:
    """Who acts; the guard has made sure that there is somebody."""
    return access.person_of(request)


def to_board(station: Station) -> HttpResponseBase:
    return redirect("staff:board", station.network.code, station.code)


def to_booking(station: Station, public_id: UUID) -> HttpResponseBase:
    return redirect("staff:booking", station.network.code, station.code, public_id)


def to_swap(station: Station, public_id: UUID) -> HttpResponseBase:
    return redirect("staff:swap", station.network.code, station.code, public_id)


def to_packs(station: Station) -> HttpResponseBase:
    return redirect("staff:packs", station.network.code, station.code)
