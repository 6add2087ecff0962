"""The demo bar: what else only staff, time or bad luck does, to the visitor's own booking. 404 outside the demo."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.guards import sign_in_required
from booking import arrival, failures, live, queries
from booking.demo import offers as demo_offers
from booking.demo import skipping
from booking.models import Booking, Line
from booking.queries import BookingCard
from booking.states import State
from booking.views.acting import attempt, driver_of
from stations import upkeep
from stations.states import StationStatus

SKIPPED_MINUTES = 5


def demo_actions(booking: Booking, card: BookingCard) -> list[dict[str, Any]]:
    """The levers that would do something now."""
    if not settings.DEMO:
        return []
    is_open = card.station_status == StationStatus.OPEN
    levers = (
        (_("I’ve arrived"), "arrived", is_open and card.state in (State.WAITING, State.PROMISED) and not card.is_here),
        (_("Skip 5 minutes"), "skip", card.state in (State.WAITING, State.PROMISED, State.ARRIVED)),
        (
            _("Offer me a pack that is not full"),
            "offer",
            is_open and card.state == State.WAITING and card.offer is None,
        ),
        (_("Break this station"), "break", is_open and not card.is_over),
        (_("Repair it"), "repair", card.station_status == StationStatus.DOWN),
    )
    return [
        {"label": label, "url": reverse("booking:demo", args=[booking.public_id, lever]), "fields": {}}
        for label, lever, works in levers
        if works
    ]


@require_POST
@sign_in_required
def pull(request: HttpRequest, public_id: UUID, lever: str) -> HttpResponseBase:
    if not settings.DEMO or lever not in _LEVERS:
        raise Http404
    booking = queries.booking_of(driver_of(request), public_id)
    attempt(request, lambda: _LEVERS[lever](booking))
    return redirect("booking:booking", public_id=public_id)


def _arrived(booking: Booking) -> object:
    return arrival.confirm_here(booking=booking, by=None)


def _skip(booking: Booking) -> object:
    return skipping.skip(booking=booking, minutes=SKIPPED_MINUTES)


def _offer(booking: Booking) -> object:
    demo_offers.bring_to(booking)
    return booking


def _break(booking: Booking) -> object:
    return upkeep.mark_station_down(station=booking.station, reason=_("Broken by the demo bar."), by=None)


def _repair(booking: Booking) -> object:
    station = upkeep.open_station(station=booking.station, by=None)
    for line_id in Line.objects.filter(station=station).values_list("pk", flat=True):
        failures.settle_line(line_id=line_id)
    live.publish(station.pk)
    return station


_LEVERS: dict[str, Callable[[Booking], object]] = {
    "arrived": _arrived,
    "skip": _skip,
    "offer": _offer,
    "break": _break,
    "repair": _repair,
}
