"""What a driver decides between joining and arriving: an offer that runs out in a minute, moving, and coming late."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.guards import sign_in_required
from booking import lifecycle, moving, queries
from booking.forms import PositionForm, answered_offer
from booking.line_rules import EXTENSION, LATE_CANCEL
from booking.models import Booking
from booking.queries import BookingCard
from booking.views.acting import attempt, driver_of, update_position


@sign_in_required
@require_POST
def take_offer(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    return _answer(request, public_id, lifecycle.take_offer, said=_("It is yours."))


@sign_in_required
@require_POST
def keep_waiting(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    return _answer(request, public_id, lifecycle.keep_waiting, said=_("You keep your place, and wait for a full one."))


@sign_in_required
@require_POST
def move(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    return _answer(request, public_id, moving.accept, said=_("You have moved, and your place came with you."))


@sign_in_required
@require_POST
def stay(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    return _answer(request, public_id, moving.stay, said=_("You stay in line, with your place."))


@never_cache
@sign_in_required
@require_http_methods(["GET", "HEAD", "POST"])
def late(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """ "I'm running late": GET says what each choice does, POST tells the station."""
    mine = queries.booking_of(driver_of(request), public_id)
    if request.method != "POST":
        return render(request, "booking/late.html", _choices(queries.card(mine)))
    attempt(
        request,
        lambda: lifecycle.tell_late(booking=mine, by=driver_of(request)),
        said=_("The station knows that you come late."),
    )
    return redirect("booking:late", public_id=public_id)


@sign_in_required
@require_POST
def late_position(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """Where the driver is now, so that the page can say when they would be here."""
    mine = queries.booking_of(driver_of(request), public_id)
    form = PositionForm(request.POST)
    attempt(request, lambda: update_position(mine, form))
    return redirect("booking:late", public_id=public_id)


def _answer(request: HttpRequest, public_id: UUID, answer: Callable[..., Booking], *, said: str) -> HttpResponseBase:
    """An answer names the offer that the driver saw: a later one is another question."""
    mine = queries.booking_of(driver_of(request), public_id)
    offer_id = answered_offer(request.POST)
    attempt(request, lambda: answer(booking=mine, offer_id=offer_id, by=driver_of(request)), said=said)
    return redirect("booking:booking", public_id=public_id)


def _choices(card: BookingCard) -> dict[str, object]:
    """The instants that each choice leads to, beside the card."""
    ends_at = card.promise_ends_at if card.can_be_late else None
    if ends_at is None:
        return {"card": card, "zone": card.station_time_zone}
    mark_from = None if card.our_fault else ends_at - LATE_CANCEL
    return {
        "card": card,
        "zone": card.station_time_zone,
        "left_seconds": max(0, int((ends_at - card.at).total_seconds())),
        "until_if_extended": ends_at + EXTENSION,
        "can_tell": card.late_told_at is None or card.at - card.late_told_at >= lifecycle.TELL_AGAIN_AFTER,
        "mark_from": mark_from,
        "marks_now": mark_from is not None and card.at > mark_from,
        "too_late_by": int((card.expected_at - ends_at).total_seconds())
        if card.expected_at is not None and card.expected_at > ends_at
        else 0,
    }
