"""Find: the station where a driver gets away soonest, and then the others. The home page; nobody has to sign in."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.models import User
from booking import finding, line, places, queries
from booking.forms import FindForm
from booking.places import Start
from booking.queries import BookingCard
from booking.views import choices
from stations import geo
from stations.geo import BadCoordinates
from stations.models import PackClass


@require_GET
def find(request: HttpRequest) -> HttpResponse:
    form = FindForm(request.GET)
    form.is_valid()
    asked = form.cleaned_data
    own = choices.vehicles_of(request)
    vehicle = choices.chosen_vehicle(request, own)
    classes = list(PackClass.objects.order_by("-nominal_wh"))
    pack_class = choices.fitting_class(request, vehicle, classes, asked.get("fits") or "")
    start, trouble = _start(request, form)
    now = line.database_now()
    context: dict[str, Any] = {
        "now": now,
        "asked": asked,
        "typed": request.GET.get("q", "")[:120].replace("\0", ""),
        "cities": places.chips(),
        "classes": classes,
        "pack_class": pack_class,
        "start": start,
        "trouble": trouble,
        "live": _live(request),
    }
    if start is not None and pack_class is not None:
        fits_vehicle = vehicle is not None and vehicle.pack_class_id == pack_class.pk
        context["packs"] = vehicle.pack_count if vehicle is not None and fits_vehicle else 1
        context["found"] = finding.find(
            start=start.place,
            pack_class=pack_class,
            packs=context["packs"],
            now=now,
            open_now=bool(asked.get("open")),
            is_staffed=True if asked.get("staffed") else None,
        )
    return render(request, "booking/find.html", context)


def _start(request: HttpRequest, form: FindForm) -> tuple[Start | None, str]:
    """Where to look from, and why not where it was asked for: "unknown_place", "bad_position" or nothing."""
    asked = form.cleaned_data
    if {"lat", "lon"} & form.errors.keys():
        return None, "bad_position"
    if asked.get("lat") is not None and asked.get("lon") is not None:
        try:
            start = Start(geo.place(latitude=asked["lat"], longitude=asked["lon"]), _("where you are"))
        except BadCoordinates:
            return None, "bad_position"
    elif request.GET.get("q", "").strip():
        named = places.named(asked["q"]) if "q" in asked else None
        if named is None:
            return None, "unknown_place"
        start = named
    elif known := places.city(asked.get("city") or ""):
        start = known
    else:
        return choices.remembered_start(request), ""
    choices.remember_start(request, start)
    return start, ""


def _live(request: HttpRequest) -> BookingCard | None:
    """The booking that runs, for the banner on top."""
    if not isinstance(request.user, User):
        return None
    booking = queries.live_booking_of(request.user)
    return queries.card(booking) if booking else None
