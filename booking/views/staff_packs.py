"""Packs, slots, bays and the station itself: out of service with a reason, and back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from accounts.refusals import Refusal
from booking import board as boards
from booking import qr
from booking.patience import patient
from booking.staff_forms import ReasonForm
from booking.views.staff_access import at_my_station, person, to_packs
from stations import inventory, upkeep
from stations.models import Bay, Pack, Slot, Station


@require_safe
@at_my_station
def packs(request: HttpRequest, station: Station) -> HttpResponseBase:
    """Everything of metal at the station, each with what can be done with it."""
    context = {"station": station, "section": "packs", "board": boards.take(station)}
    return render(request, "booking/staff/packs.html", context)


@require_safe
@at_my_station
def poster(request: HttpRequest, station: Station) -> HttpResponseBase:
    """What hangs at the station: whoever scans it proves to be here, or joins the line."""
    leads_to = request.build_absolute_uri(reverse("booking:poster", args=[station.poster_token]))
    context = {"station": station, "section": "packs", "svg": qr.svg(leads_to), "code": station.poster_token}
    return render(request, "booking/staff/poster.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@at_my_station
def act(request: HttpRequest, station: Station, kind: str, pk: int, act: str) -> HttpResponseBase:
    chosen = ACTS.get((kind, act))
    if chosen is None:
        raise Http404
    thing = get_object_or_404(KINDS[kind], station=station, pk=pk)
    return _ask_and_do(request, station, chosen, thing)


@require_http_methods(["GET", "HEAD", "POST"])
@at_my_station
def station_act(request: HttpRequest, station: Station, act: str) -> HttpResponseBase:
    chosen = ACTS.get(("station", act))
    if chosen is None:
        raise Http404
    return _ask_and_do(request, station, chosen, station)


def _ask_and_do(request: HttpRequest, station: Station, chosen: Act, thing: Any) -> HttpResponseBase:
    """GET asks once, POST does it; what is put back into service needs no words."""
    form = ReasonForm(request.POST if request.method == "POST" else None) if chosen.wants_reason else None
    sentence = ""
    if request.method == "POST" and (form is None or form.is_valid()):
        reason = form.cleaned_data["reason"] if form is not None else ""
        try:
            patient(chosen.do)(thing, person(request), reason)
        except Refusal as refusal:
            sentence = refusal.sentence
        else:
            messages.success(request, str(chosen.said) % {"name": _name(thing)})
            return to_packs(station)
    status = 200 if request.method != "POST" else (409 if sentence else 400)
    return _page(request, station, chosen, thing, form, sentence, status)


def _page(
    request: HttpRequest,
    station: Station,
    chosen: Act,
    thing: Any,
    form: ReasonForm | None,
    sentence: str,
    status: int,
) -> HttpResponse:
    context = {
        "station": station,
        "section": "packs",
        "act": chosen,
        "name": _name(thing),
        "form": form,
        "sentence": sentence,
    }
    return render(request, "booking/staff/ask_metal.html", context, status=status)


def _name(thing: Any) -> str:
    if isinstance(thing, Pack):
        return _("Pack %(serial)s") % {"serial": thing.serial}
    if isinstance(thing, Slot):
        return _("Slot %(number)d") % {"number": thing.number}
    if isinstance(thing, Bay):
        return _("Bay %(number)d") % {"number": thing.number}
    return str(thing)


@dataclass(frozen=True, slots=True)
class Act:
    """What staff can do with metal: how it is asked, done, and said afterwards."""

    title: Promise
    explains: Promise
    do: Callable[[Any, User, str], object]
    said: Promise
    wants_reason: bool = False


def _pack_out(pack: Pack, by: User, reason: str) -> object:
    return inventory.quarantine(pack=pack, reason=reason)


def _pack_back(pack: Pack, by: User, reason: str) -> object:
    return inventory.restore(pack=pack)


def _slot_out(slot: Slot, by: User, reason: str) -> object:
    return inventory.take_slot_out_of_service(slot=slot, reason=reason)


def _slot_back(slot: Slot, by: User, reason: str) -> object:
    return inventory.put_slot_back_in_service(slot=slot)


def _bay_out(bay: Bay, by: User, reason: str) -> object:
    return upkeep.take_bay_out_of_service(bay=bay, reason=reason, by=by)


def _bay_back(bay: Bay, by: User, reason: str) -> object:
    return upkeep.put_bay_back_in_service(bay=bay, by=by)


def _close(station: Station, by: User, reason: str) -> object:
    return upkeep.close_station(station=station, reason=reason, by=by)


def _open(station: Station, by: User, reason: str) -> object:
    return upkeep.open_station(station=station, by=by)


def _renew_poster(station: Station, by: User, reason: str) -> object:
    return upkeep.renew_poster(station=station, by=by)


KINDS: dict[str, type[Model]] = {"pack": Pack, "slot": Slot, "bay": Bay}

_OUT = gettext_lazy("%(name)s is out of service.")
_BACK = gettext_lazy("%(name)s is back in service.")

ACTS = {
    ("pack", "out"): Act(
        gettext_lazy("Take the pack out of service"),
        gettext_lazy(
            "It is not handed out any more. Whoever it was kept for keeps the place, and the next pack is theirs."
        ),
        _pack_out,
        _OUT,
        wants_reason=True,
    ),
    ("pack", "back"): Act(
        gettext_lazy("Put the pack back into service"),
        gettext_lazy("It can be promised and handed out again."),
        _pack_back,
        _BACK,
    ),
    ("slot", "out"): Act(
        gettext_lazy("Take the slot out of service"),
        gettext_lazy(
            "Nothing goes into it, and the pack in it is not counted on. Whoever that was kept for keeps the place."
        ),
        _slot_out,
        _OUT,
        wants_reason=True,
    ),
    ("slot", "back"): Act(
        gettext_lazy("Put the slot back into service"),
        gettext_lazy("Its pack charges and counts again."),
        _slot_back,
        _BACK,
    ),
    ("bay", "out"): Act(
        gettext_lazy("Take the bay out of service"),
        gettext_lazy("No swap begins in it. One that has begun can be finished."),
        _bay_out,
        _OUT,
        wants_reason=True,
    ),
    ("bay", "back"): Act(
        gettext_lazy("Put the bay back into service"), gettext_lazy("Swaps begin in it again."), _bay_back, _BACK
    ),
    ("station", "close"): Act(
        gettext_lazy("Close the station"),
        gettext_lazy(
            "Nobody can book, and no promise runs any more. Everyone keeps the place, and drivers read your reason."
        ),
        _close,
        gettext_lazy("%(name)s is closed."),
        wants_reason=True,
    ),
    ("station", "open"): Act(
        gettext_lazy("Open the station"),
        gettext_lazy("Drivers can book, and promises are made again in the order that the lines have kept."),
        _open,
        gettext_lazy("%(name)s is open."),
    ),
    ("station", "renew-poster"): Act(
        gettext_lazy("Make a new code for the poster"),
        gettext_lazy("The posters that hang now stop working at once. Print the new one and hang it in their place."),
        _renew_poster,
        gettext_lazy("%(name)s has a new poster. Print it now."),
    ),
}
