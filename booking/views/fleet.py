"""What a fleet's managers do: plan a block after looking at its moments, read what became of it, and cancel."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import person_of
from accounts.guards import role_required
from accounts.models import Organisation, Role
from accounts.refusals import Refusal
from booking import block_cards, clock, presentation
from booking import blocks as writer
from booking.block_cards import BlockCard
from booking.block_rules import MINUTE
from booking.fleet_forms import BlockForm
from booking.models import Assignment, Block
from booking.placing_keys import LONGEST_KEY
from booking.views.acting import attempt
from stations.models import Station

A_QUARTER = 15 * MINUTE

manages_a_fleet = role_required(Role.FLEET_MANAGER)


@require_safe
@never_cache
@manages_a_fleet
def blocks(request: HttpRequest) -> HttpResponse:
    manager, now = person_of(request), clock.database_now()
    context = {
        "fleets": block_cards.fleets_of(manager),
        "plans": block_cards.of_manager(manager, now=now),
    }
    return render(request, "booking/fleet/blocks.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@manages_a_fleet
def new(request: HttpRequest, fleet_id: int) -> HttpResponseBase:
    """GET asks; POST shows the moments, and with `confirm` writes them down."""
    fleet = get_object_or_404(block_cards.fleets_of(person_of(request)), pk=fleet_id)
    now = clock.database_now()
    assignments = block_cards.assignments_of(fleet)
    stations = block_cards.stations_for(fleet, assignments)
    if request.method != "POST":
        form = BlockForm(stations=stations, assignments=assignments, initial=_usual(stations, assignments, now))
        return _ask(request, fleet, form)
    form = BlockForm(request.POST, stations=stations, assignments=assignments)
    if not form.is_valid() or "change" in request.POST:
        return _ask(request, fleet, form, status=200 if form.is_valid() else 400)
    wish = {
        "by": person_of(request),
        "fleet": fleet,
        "station": form.chosen_station,
        "assignment_ids": form.cleaned_data["who"],
        "first_at": form.cleaned_data["first_at"],
        "step_seconds": form.step_seconds,
    }
    try:
        if "confirm" in request.POST:
            made = writer.plan(**wish, key=request.POST.get("key", "")[:LONGEST_KEY].replace("\0", ""))
            messages.success(request, _("Planned. Each vehicle joins the line at its moment."))
            return redirect("fleet:block", made.public_id)
        found = writer.draft(**wish, now=now)
    except Refusal as refusal:
        form.refuse(refusal)
        return _ask(request, fleet, form, status=409)
    return _preview(request, fleet, form, found)


@require_safe
@never_cache
@manages_a_fleet
def block(request: HttpRequest, public_id: UUID) -> HttpResponse:
    _row, card = _found(request, public_id)
    return render(request, "booking/fleet/block.html", {"plan": card})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@manages_a_fleet
def cancel(request: HttpRequest, public_id: UUID, number: int | None = None) -> HttpResponseBase:
    """Asks once; POST does it, for one vehicle or for all that are still planned."""
    row, card = _found(request, public_id)
    entry = next((one for one in card.entries if one.number == number), None)
    if number is not None and entry is None:
        raise Http404
    if request.method == "POST":
        act = partial(writer.cancel, block=row, by=person_of(request), number=number)
        given_up = attempt(request, act)
        if given_up is not None:
            said = ngettext(
                "%(count)d vehicle is not planned any more.",
                "%(count)d vehicles are not planned any more.",
                given_up,
            )
            messages.success(request, said % {"count": given_up})
        return redirect("fleet:block", public_id)
    return render(request, "booking/fleet/cancel.html", {"plan": card, "entry": entry})


def _found(request: HttpRequest, public_id: UUID) -> tuple[Block, BlockCard]:
    try:
        return block_cards.one_of_manager(person_of(request), public_id, now=clock.database_now())
    except Block.DoesNotExist:
        raise Http404 from None


def _ask(request: HttpRequest, fleet: Organisation, form: BlockForm, *, status: int = 200) -> HttpResponse:
    return render(request, "booking/fleet/new.html", {"fleet": fleet, "form": form}, status=status)


def _preview(request: HttpRequest, fleet: Organisation, form: BlockForm, found: writer.Draft) -> HttpResponse:
    zone = found.station.time_zone
    both = zip(found.assignments, found.moments, strict=True)
    context = {
        "fleet": fleet,
        "form": form,
        "station": found.station,
        "day": presentation.day(found.moments[0], zone),
        "hours": block_cards.hours(found.moments[0], found.moments[-1], zone),
        "step_minutes": found.step_seconds // MINUTE,
        "is_closest": found.step_seconds == found.least_seconds,
        "rows": [(presentation.clock(at, zone), one.vehicle, one.driver.get_short_name()) for one, at in both],
        "written": form["first_at"].value(),
        "who": form.cleaned_data["who"],
        "key": uuid.uuid4().hex,
    }
    return render(request, "booking/fleet/preview.html", context)


def _usual(stations: list[Station], assignments: list[Assignment], now: datetime) -> dict[str, object]:
    """The first station, every vehicle with its first driver, from the next quarter of an hour on."""
    if not stations:
        return {}
    first_of: dict[int, int] = {}
    drivers: set[int] = set()
    for one in assignments:
        if one.vehicle_id not in first_of and one.driver_id not in drivers:
            first_of[one.vehicle_id] = one.pk
            drivers.add(one.driver_id)
    there = now.astimezone(ZoneInfo(stations[0].time_zone))
    next_quarter = A_QUARTER - (there.minute * MINUTE + there.second) % A_QUARTER
    first_at = (there + timedelta(seconds=next_quarter)).replace(second=0, microsecond=0, tzinfo=None)
    return {"station": stations[0].pk, "first_at": first_at, "who": list(first_of.values())}
