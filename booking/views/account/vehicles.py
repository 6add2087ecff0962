"""The vehicles that a driver books for: which one now, a new one, what it is called, letting it go."""

from __future__ import annotations

import json

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import returning
from accounts.guards import sign_in_required
from accounts.refusals import Refusal
from booking import plates, vehicles
from booking.forms import VehicleForm, VehicleModelForm
from booking.models import Vehicle
from booking.patience import patient
from booking.views import choices
from booking.views.acting import attempt, driver_of


@never_cache
@sign_in_required
@require_GET
def room(request: HttpRequest) -> HttpResponse:
    own = choices.vehicles_of(request)
    context = {"vehicles": own, "chosen": choices.chosen_vehicle(request, own)}
    return render(request, "booking/account/vehicles.html", context)


@sign_in_required
@require_POST
def choose(request: HttpRequest, vehicle_id: int) -> HttpResponseBase:
    """Search and reserve for this one from now on."""
    vehicle = _own(request, vehicle_id)
    _remember(request, vehicle)
    messages.success(request, _("Searches and bookings are for %(plate)s now.") % {"plate": vehicle.plate})
    return redirect("booking:vehicles")


@sign_in_required
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponseBase:
    """Add a vehicle, then go back to where the lack of one had stopped the driver."""
    back = returning.asked_for(request)
    near = _likely_country(request)
    form = VehicleForm(request.POST or None, near=near)
    refusal: Refusal | None = None
    if request.method == "POST" and form.is_valid():
        try:
            added = _add(request, form)
        except vehicles.NotAPlate as refused:
            form.add_error("plate", refused.sentence)
        except Refusal as refused:
            refusal = refused
        else:
            _remember(request, added)
            messages.success(request, _("%(plate)s is ready to book for.") % {"plate": added.plate})
            return redirect(back or "booking:vehicles")
    context = {
        "form": form,
        "next": back,
        "refusal": refusal,
        "examples": json.dumps(plates.EXAMPLES | {"": plates.example("")}, ensure_ascii=False),
    }
    status = 400 if request.method == "POST" else 200
    return render(request, "booking/account/add_vehicle.html", context, status=status)


@never_cache
@sign_in_required
@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest, vehicle_id: int) -> HttpResponseBase:
    """One vehicle: what we know of it, and the name that its driver gives it."""
    vehicle = _own(request, vehicle_id)
    form = VehicleModelForm(request.POST if request.method == "POST" else None, initial={"model": vehicle.called})
    if request.method == "POST" and form.is_valid():
        model = form.cleaned_data["model"]
        kept = attempt(
            request,
            lambda: vehicles.describe(driver=driver_of(request), vehicle=vehicle, model=model),
            said=_("Saved."),
        )
        if kept is not None:
            return redirect("booking:vehicles")
    status = 400 if request.method == "POST" else 200
    return render(request, "booking/account/vehicle.html", {"vehicle": vehicle, "form": form}, status=status)


@sign_in_required
@require_http_methods(["GET", "HEAD", "POST"])
def let_go(request: HttpRequest, vehicle_id: int) -> HttpResponseBase:
    """GET asks once, POST does it."""
    vehicle = _own(request, vehicle_id)
    if request.method != "POST":
        return render(request, "booking/account/let_vehicle_go.html", {"vehicle": vehicle})
    attempt(request, lambda: vehicles.let_go(driver=driver_of(request), vehicle=vehicle))
    return redirect("booking:vehicles")


def _add(request: HttpRequest, form: VehicleForm) -> Vehicle:
    wish = form.cleaned_data
    driver = driver_of(request)
    added = patient(vehicles.add)(
        driver=driver,
        country=wish["country"],
        plate=wish["plate"],
        pack_class=wish["pack_class"],
        pack_count=wish["pack_count"],
    )
    if wish["model"] and added.fleet_id is None:
        patient(vehicles.describe)(driver=driver, vehicle=added, model=wish["model"])
    return added


def _own(request: HttpRequest, vehicle_id: int) -> Vehicle:
    """One of the driver's own; another's is not there (P5)."""
    for vehicle in choices.vehicles_of(request):
        if vehicle.pk == vehicle_id:
            return vehicle
    raise Http404


def _remember(request: HttpRequest, vehicle: Vehicle) -> None:
    request.session[choices.VEHICLE] = vehicle.pk
    request.session.pop(choices.FITS, None)


def _likely_country(request: HttpRequest) -> str:
    """Of the driver's other vehicle, else of the telephone number's country as our networks have it."""
    own = choices.vehicles_of(request)
    if own:
        return own[-1].country
    phone = driver_of(request).phone or ""
    return next((country for prefix, country in _PREFIXES.items() if phone.startswith(prefix)), "PT")


_PREFIXES = {"+351": "PT", "+66": "TH", "+86": "CN"}
