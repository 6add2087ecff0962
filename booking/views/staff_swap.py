"""The guided swap: into the bay, old pack in, new pack out, done. Each step is one form on one page."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.refusals import Refusal
from booking import bay, history, queries, swap_guide
from booking.models import Direction
from booking.patience import patient
from booking.staff_forms import NewOutForm, OldInForm, StartForm
from booking.states import State
from booking.swap_guide import Guide
from booking.views.staff_access import at_my_station, person, to_swap
from stations import inventory
from stations.models import Bay, Slot, Station

# Beside which field a refusal of the old pack stands; anything else stands above the form.
_BESIDE: dict[type[Refusal], str] = {
    inventory.UnknownPack: "serial",
    inventory.WrongClass: "serial",
    inventory.StepRefused: "serial",
    inventory.BadReading: "soc",
    inventory.SlotTaken: "slot",
    inventory.SlotNotWorking: "slot",
}


@require_http_methods(["GET", "HEAD", "POST"])
@at_my_station
def swap(request: HttpRequest, station: Station, public_id: UUID) -> HttpResponseBase:
    """GET shows where the swap stands; POST begins it."""
    booking = queries.booking_at(station, public_id)
    guide = swap_guide.of_booking(booking)
    if request.method != "POST" or guide.step != "start":
        return _page(request, station, guide)
    form = StartForm(request.POST, bays=_bay_choices(guide))
    if not form.is_valid():
        return _page(request, station, guide, start=form, status=400)
    chosen = get_object_or_404(Bay, station=station, pk=form.cleaned_data["bay"])
    try:
        patient(bay.start)(booking=booking, bay=chosen, by=person(request), reason=form.cleaned_data["reason"])
    except (bay.NotNext, bay.NotPaidFor) as refusal:
        form.add_error("reason", refusal.sentence)
        return _page(request, station, swap_guide.of_booking(booking), start=form, status=409)
    except Refusal as refusal:
        form.add_error(None, refusal.sentence)
        return _page(request, station, _as_it_is_now(station, public_id), start=form, status=409)
    return to_swap(station, public_id)


@require_POST
@at_my_station
def old_in(request: HttpRequest, station: Station, public_id: UUID) -> HttpResponseBase:
    booking = queries.booking_at(station, public_id)
    guide = swap_guide.of_booking(booking)
    form = OldInForm(request.POST, slots=_numbered(guide.empty_slots))
    if not form.is_valid():
        # A second tap of the same button finds its slot taken by its own pack: nothing is wrong then.
        if swap_guide.has(booking, serial=request.POST.get("serial", "")[:40], direction=Direction.IN):
            return to_swap(station, public_id)
        return _page(request, station, guide, old_in=form, status=400)
    typed = form.cleaned_data
    slot = Slot.objects.filter(station=station, pk=typed["slot"]).first()
    try:
        patient(bay.old_in)(
            booking=booking,
            serial=typed["serial"],
            soc_percent=typed["soc"],
            soh_percent=typed["soh"],
            slot=slot,
            by=person(request),
        )
    except Refusal as refusal:
        if swap_guide.has(booking, serial=typed["serial"], direction=Direction.IN):
            return to_swap(station, public_id)
        form.add_error(_BESIDE.get(type(refusal)), refusal.sentence)
        return _page(request, station, _as_it_is_now(station, public_id), old_in=form, status=409)
    return to_swap(station, public_id)


@require_POST
@at_my_station
def new_out(request: HttpRequest, station: Station, public_id: UUID) -> HttpResponseBase:
    booking = queries.booking_at(station, public_id)
    form = NewOutForm(request.POST)
    if not form.is_valid():
        return _page(request, station, swap_guide.of_booking(booking), new_out=form, status=400)
    pack_id, typed = form.cleaned_data["pack"], form.cleaned_data["typed"]
    try:
        pack = swap_guide.pack_meant(booking, pack_id=pack_id, typed=typed)
        if not swap_guide.has(booking, serial=pack.serial, direction=Direction.OUT):
            patient(bay.new_out)(booking=booking, pack=pack, by=person(request))
    except Refusal as refusal:
        form.add_error("typed" if typed else None, refusal.sentence)
        return _page(request, station, _as_it_is_now(station, public_id), new_out=form, status=409)
    return to_swap(station, public_id)


@require_POST
@at_my_station
def finish(request: HttpRequest, station: Station, public_id: UUID) -> HttpResponseBase:
    booking = queries.booking_at(station, public_id)
    try:
        patient(bay.finish)(booking=booking, by=person(request))
    except history.StepRefused as refusal:
        if refusal.state != State.COMPLETED:
            messages.error(request, refusal.sentence)
    except Refusal as refusal:
        messages.error(request, refusal.sentence)
    else:
        messages.success(request, _("The swap is finished."))
    return to_swap(station, public_id)


def _page(request: HttpRequest, station: Station, guide: Guide, *, status: int = 200, **filled: Form) -> HttpResponse:
    """The guide with a form for each step: those that were refused as they were filled in, the others new."""
    remembered = guide.remembered
    serial = remembered.serial if remembered and not guide.packs_in else ""
    forms: dict[str, Form] = {
        "start": StartForm(bays=_bay_choices(guide)),
        "old_in": OldInForm(slots=_numbered(guide.empty_slots), initial={"serial": serial}),
        "new_out": NewOutForm(),
    }
    if guide.step in ("in", "out") and (refused := filled.get("old_in")) is not None:
        # The slots that are empty have changed meanwhile; what was typed stays.
        refused.fields["slot"].widget.choices = _numbered(guide.empty_slots)
    context: dict[str, Any] = {
        "station": station,
        "section": "board",
        "guide": guide,
        "ticket": guide.ticket,
        "forms": forms | filled,
    }
    return render(request, "booking/staff/swap.html", context, status=status)


def _as_it_is_now(station: Station, public_id: UUID) -> Guide:
    return swap_guide.of_booking(queries.booking_at(station, public_id))


def _bay_choices(guide: Guide) -> list[tuple[int, str]]:
    return [(bay.id, _("Bay %(number)d") % {"number": bay.number}) for bay in guide.free_bays]


def _numbered(slots: tuple[tuple[int, int], ...]) -> list[tuple[int, str]]:
    return [(pk, _("Slot %(number)d") % {"number": number}) for pk, number in slots]
