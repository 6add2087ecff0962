"""The heart on a station: kept at hand or let go; and the driver's own stations as the first page shows them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import returning
from accounts.guards import sign_in_required
from accounts.models import User
from accounts.refusals import Refusal
from booking import favourites
from booking.finding import FoundStation
from booking.views.acting import driver_of, station_at
from stations.models import Station


@dataclass(frozen=True, slots=True)
class OwnStation:
    """A station that the driver knows: kept, or used last."""

    found: FoundStation
    is_kept: bool


@dataclass(frozen=True, slots=True)
class OwnStations:
    """Ids of the stations that a driver keeps, the newest first, and of the one they used last."""

    kept: tuple[int, ...] = ()
    last_used: int | None = None

    @property
    def ids(self) -> tuple[int, ...]:
        last = () if self.last_used is None or self.last_used in self.kept else (self.last_used,)
        return (*last, *self.kept)

    def shown(self, found: Iterable[FoundStation]) -> list[OwnStation]:
        return [OwnStation(one, one.station.id in self.kept) for one in found]


def own_stations(request: HttpRequest) -> OwnStations:
    """None for who is not signed in; another driver's are never asked for (P5)."""
    if not isinstance(request.user, User):
        return OwnStations()
    return OwnStations(tuple(favourites.kept_by(request.user)), favourites.last_used_by(request.user))


def kept_ids(request: HttpRequest) -> tuple[int, ...]:
    """Ids of the stations that the driver keeps, for the hearts on a page."""
    return tuple(favourites.kept_by(request.user)) if isinstance(request.user, User) else ()


@never_cache
@sign_in_required
@require_http_methods(["GET", "HEAD", "POST"])
def keep(request: HttpRequest, network: str, code: str) -> HttpResponseBase:
    """Asked for by its address, as after signing in, it is a page with one button: a link changes nothing."""
    here = station_at(network, code)
    driver = driver_of(request)
    if request.method != "POST":
        is_kept = here.pk in favourites.kept_by(driver)
        return render(request, "booking/keep.html", {"here": here, "is_kept": is_kept})
    wants = request.POST.get("kept") == "1"
    try:
        if wants:
            favourites.keep(driver=driver, station=here, now=timezone.now())
        else:
            favourites.let_go(driver=driver, station=here)
    except Refusal as refusal:
        return _refused(request, here, refusal)
    return JsonResponse({"kept": wants}) if _by_script(request) else _back(request, here)


def _refused(request: HttpRequest, here: Station, refusal: Refusal) -> HttpResponseBase:
    if _by_script(request):
        return JsonResponse({"kept": False, "says": refusal.sentence}, status=409)
    messages.error(request, refusal.sentence)
    return _back(request, here)


def _by_script(request: HttpRequest) -> bool:
    return request.headers.get("Accept") == "application/json"


def _back(request: HttpRequest, here: Station) -> HttpResponse:
    """To the page where the heart was tapped."""
    target = returning.asked_for(request)
    if target:
        return redirect(target)
    return redirect("booking:station", network=here.network.code, code=here.code)
