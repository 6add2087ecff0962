"""Find: the station where a driver gets away soonest, and then the others. The home page; nobody has to sign in."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from allauth.core.internal.ratelimit import get_ip
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from accounts import brake
from accounts.models import User
from booking import clock, finding, places, queries
from booking.finding import NO_WISH, Found
from booking.forms import FindForm
from booking.models import Vehicle
from booking.place_search import NamedPlace
from booking.places import Start
from booking.queries import BookingCard
from booking.views import choices, favourite, filters, suggest
from stations import geo
from stations.geo import BadCoordinates
from stations.models import PackClass

A_MINUTE = 60


@require_GET
def find(request: HttpRequest) -> HttpResponse:
    if not _lets_search(request):
        return _pause(request)
    form = FindForm(request.GET)
    form.is_valid()
    own = choices.vehicles_of(request)
    vehicle = choices.chosen_vehicle(request, own)
    classes = list(PackClass.objects.order_by("-nominal_wh"))
    pack_class = choices.fitting_class(request, vehicle, classes, form.cleaned_data.get("fits") or "")
    start, trouble, namesakes = _start(request, form)
    context: dict[str, Any] = {
        "typed": request.GET.get("q", "")[:120].replace("\0", ""),
        "cities": places.chips(),
        "classes": classes,
        "pack_class": pack_class,
        "start": start,
        "trouble": trouble,
        "namesakes": [(one, suggest.address(one)) for one in namesakes],
        "live": _live(request),
        "attribution": settings.GEOCODER_ATTRIBUTION if settings.GEOCODER_URL else "",
    }
    if pack_class is not None:
        context |= _search(request, form, start, vehicle, pack_class, now=clock.database_now())
    return render(request, "booking/find.html", context)


def _pause(request: HttpRequest) -> HttpResponse:
    page = render(request, "booking/too_many_searches.html", {"live": _live(request)}, status=429)
    page["Retry-After"] = A_MINUTE
    return page


def _lets_search(request: HttpRequest) -> bool:
    """Each search ranks stations. By person; strangers by address, which a mobile operator's whole city may share."""
    if isinstance(request.user, User):
        return brake.lets(f"searches-of:{request.user.pk}", most=settings.SEARCHES_OF_PERSON, seconds=A_MINUTE)
    return brake.lets(f"searches-from:{get_ip(request)}", most=settings.SEARCHES_FROM_ADDRESS, seconds=A_MINUTE)


def _search(
    request: HttpRequest,
    form: FindForm,
    start: Start | None,
    vehicle: Vehicle | None,
    pack_class: PackClass,
    *,
    now: datetime,
) -> dict[str, Any]:
    """What was found from there; without a start, the driver's own stations alone."""
    packs = vehicle.pack_count if vehicle is not None and vehicle.pack_class_id == pack_class.pk else 1
    fleet = vehicle.fleet_id if vehicle is not None else None
    own = favourite.own_stations(request)
    if start is None:
        known = finding.wanted(station_ids=own.ids, pack_class=pack_class, packs=packs, fleet=fleet, now=now)
        return {"own": own.shown(known), "kept_ids": own.kept}
    wish = form.wish()
    search = partial(finding.find, start=start.place, pack_class=pack_class, packs=packs, fleet=fleet, now=now)
    found = search(wish=wish, wanted_ids=own.ids)
    without = search() if wish != NO_WISH and not found.stations else None
    return {
        "packs": packs,
        "found": found,
        "own": own.shown(found.wanted),
        "kept_ids": own.kept,
        "filters": filters.chips(wish, _facets(found, without)),
        "without": without,
        "nearest_beyond": found.beyond or (without.beyond if without is not None else None),
    }


def _facets(found: Found, without: Found | None) -> Found:
    """What filters are offered for: the stations shown, or those that would be without filters."""
    return without if without is not None and without.stations else found


def _start(request: HttpRequest, form: FindForm) -> tuple[Start | None, str, list[NamedPlace]]:
    """Where to look from; why not from where was asked ("unknown_place", "bad_position"); or what to choose among."""
    asked = form.cleaned_data
    before = choices.remembered_start(request)
    words = " ".join(asked.get("q", "").split())
    if {"lat", "lon"} & form.errors.keys():
        return None, "bad_position", []
    if asked.get("lat") is not None and asked.get("lon") is not None:
        try:
            start = _placed(asked, words)
        except BadCoordinates:
            return None, "bad_position", []
    elif request.GET.get("q", "").strip():
        meant = places.meant(words, near=before.place if before else None)
        if len(meant) != 1:
            return None, "" if meant else "unknown_place", meant
        start = Start(meant[0].place, meant[0].name)
    elif known := places.city(asked.get("city") or ""):
        start = known
    else:
        return before, "", []
    choices.remember_start(request, start)
    return start, "", []


def _placed(asked: dict[str, Any], words: str) -> Start:
    """A position with a name is a place that was chosen from a list; without one, a device has said it."""
    latitude, longitude = asked["lat"], asked["lon"]
    if words:
        return Start(geo.place(latitude=latitude, longitude=longitude), words)
    return places.of_device(latitude=latitude, longitude=longitude, accuracy_m=asked.get("acc"), now=timezone.now())


def _live(request: HttpRequest) -> BookingCard | None:
    """The booking that runs, for the banner on top."""
    if not isinstance(request.user, User):
        return None
    return queries.live_card_of(request.user)
