"""One booking in the hands of staff: the arrival, and everything that is asked once before it is done."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.refusals import Refusal
from booking import arrival, clock, codes, history, overrides, queries, tickets
from booking.forms import answered_offer
from booking.patience import patient
from booking.staff_forms import CodeForm
from booking.views.staff import board_page
from booking.views.staff_access import at_my_station, person, to_board, to_booking
from booking.views.staff_acts import ACTS, Told, said_here
from stations.models import Station


@require_safe
@at_my_station
def booking(request: HttpRequest, station: Station, public_id: UUID) -> HttpResponseBase:
    found = queries.booking_at(station, public_id)
    context = {"station": station, "ticket": tickets.ticket(found), "section": "board"}
    return render(request, "booking/staff/booking.html", context)


@require_POST
@at_my_station
def arrive(request: HttpRequest, station: Station) -> HttpResponseBase:
    """Confirm by code. What is refused stands beside the field, and nothing that was typed is lost."""
    form = CodeForm(request.POST)
    if not form.is_valid():
        return board_page(request, station, form, status=400)
    typed, now = form.cleaned_data["code"], clock.database_now()
    try:
        found = codes.find(station=station, typed=typed, by=person(request), now=now)
        confirmed = patient(arrival.confirm_here)(booking=found, by=person(request), used_code=True)
    except (codes.CodeUnknown, history.StepRefused) as refusal:
        late = tickets.late_by_code(station, codes.normalise(typed), now)
        if late is not None:
            messages.warning(request, _("This promise has ended. See below what can be done."))
            return to_booking(station, late.public_id)
        return _refused(request, station, form, refusal)
    except Refusal as refusal:
        return _refused(request, station, form, refusal)
    messages.success(request, said_here(tickets.ticket(confirmed)))
    return to_board(station)


@require_http_methods(["GET", "HEAD", "POST"])
@at_my_station
def act(request: HttpRequest, station: Station, public_id: UUID, act: str) -> HttpResponseBase:
    """GET asks once and says what will happen, POST does it."""
    chosen = ACTS.get(act)
    if chosen is None:
        raise Http404
    found = queries.booking_at(station, public_id)
    form = chosen.form(request.POST if request.method == "POST" else None) if chosen.form else None
    sentence = ""
    if request.method == "POST" and (form is None or form.is_valid()):
        told = Told(
            reason=form.cleaned_data["reason"] if form is not None else "",
            offer_id=answered_offer(request.POST),
        )
        try:
            done = patient(chosen.do)(found, person(request), told)
        except Refusal as refusal:
            sentence = refusal.sentence
        else:
            messages.success(request, chosen.said(tickets.ticket(done)))
            return to_booking(station, done.public_id) if chosen.stays else to_board(station)
    context: dict[str, Any] = {
        "station": station,
        "section": "board",
        "ticket": tickets.ticket(found),
        "act": chosen,
        "form": form,
        "sentence": sentence,
    }
    if act == "first":
        context["overtaken"] = overrides.overtaken_by(booking=found)
        context["left"] = overrides.left(station=station, by=person(request), now=clock.database_now())
    status = 200 if request.method != "POST" else (409 if sentence else 400)
    return render(request, "booking/staff/ask.html", context, status=status)


def _refused(request: HttpRequest, station: Station, form: CodeForm, refusal: Refusal) -> HttpResponseBase:
    form.add_error("code", refusal.sentence)
    return board_page(request, station, form, status=409)
