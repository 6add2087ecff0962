"""A vehicle without a booking: plate, packs and money, and it is in line and here."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts.refusals import Refusal
from booking import tickets, vehicles
from booking import walk_in as gate
from booking.patience import patient
from booking.staff_forms import WalkInForm
from booking.views.staff_access import at_my_station, person, to_booking
from booking.views.staff_acts import said_here
from stations.models import Slot, Station

METHODS = {
    "cash": gettext_lazy("Cash, to the station"),
    "account": gettext_lazy("On the account of the vehicle’s fleet"),
}


@require_http_methods(["GET", "HEAD", "POST"])
@at_my_station
def walk_in(request: HttpRequest, station: Station) -> HttpResponseBase:
    if request.method != "POST":
        return _page(request, station, _form(station))
    form = _form(station, request.POST)
    if not form.is_valid():
        return _page(request, station, form, status=400)
    try:
        booking = patient(gate.join)(station=station, by=person(request), **form.cleaned_data)
    except gate.BookedAlready as refusal:
        # Also what a second tap on the same button finds.
        messages.info(request, refusal.sentence)
        return to_booking(station, refusal.booking.public_id)
    except (vehicles.NotAPlate, vehicles.VehicleTaken) as refusal:
        form.add_error("plate", refusal.sentence)
    except Refusal as refusal:
        form.add_error(None, refusal.sentence)
    else:
        messages.success(request, said_here(tickets.ticket(booking)))
        return to_booking(station, booking.public_id)
    return _page(request, station, form, status=409)


def _form(station: Station, typed: Any = None) -> WalkInForm:
    classes = list(Slot.objects.filter(station=station).values_list("pack_class", flat=True).distinct())
    offered = [(code, METHODS[code]) for code in gate.methods(station)]
    form = WalkInForm(typed, classes=classes, methods=offered, initial={"country": station.country})
    if len(classes) == 1:
        form.initial["pack_class"] = form.fields["pack_class"].queryset.get().code  # type: ignore[attr-defined]  # a ModelChoiceField has one
    form.initial["method"] = offered[0][0]
    return form


def _page(request: HttpRequest, station: Station, form: WalkInForm, *, status: int = 200) -> HttpResponse:
    context = {"station": station, "section": "walk-in", "form": form}
    return render(request, "booking/staff/walk_in.html", context, status=status)
