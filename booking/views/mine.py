"""My booking: the live card, its pass, and what may be done with it. Another driver's does not exist here (P5)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.guards import sign_in_required
from accounts.refusals import Refusal
from booking import arrival, conduct, lifecycle, live_card, queries
from booking.forms import DisputeForm, FewerForm, HereForm, PositionForm
from booking.models import Booking
from booking.views.acting import attempt, driver_of
from booking.views.demo import demo_actions
from booking.views.history import Entry
from payments import checkout
from stations import geo
from stations.models import Station


class NothingToPay(Refusal):
    """Somebody else pays for it, or nobody has to."""

    code = "nothing_to_pay"


@never_cache
@sign_in_required
@require_GET
def booking(request: HttpRequest, public_id: UUID) -> HttpResponse:
    mine = queries.booking_of(driver_of(request), public_id)
    return render(request, "booking/booking.html", _page(request, mine))


@never_cache
@sign_in_required
@require_GET
def current(request: HttpRequest) -> HttpResponseBase:
    """The booking that runs now, wherever one comes from; or how to make one."""
    live = queries.live_booking_of(driver_of(request))
    if live is not None:
        return redirect("booking:booking", public_id=live.public_id)
    last = [Entry.of_booking(over) for over in queries.history_of(driver_of(request), limit=1)]
    return render(request, "booking/no_booking.html", {"last": last})


@sign_in_required
@require_GET
def card(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """What stands inside the live element, for phones whose card has another shape or no socket; 304 while true."""
    mine = queries.booking_of(driver_of(request), public_id)
    shown = live_card.of_booking(mine)
    headers = {"ETag": shown.etag, "Cache-Control": "private, no-cache", "Vary": "Cookie, Accept-Language"}
    # A proxy that compresses makes a strong tag a weak one.
    if request.headers.get("If-None-Match", "").removeprefix("W/") == shown.etag:
        return HttpResponse(status=304, headers=headers)
    return HttpResponse(shown.html(mine), headers=headers)


@sign_in_required
@require_POST
def extend(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    def act(mine: Booking) -> Booking:
        return lifecycle.extend(booking=mine, by=driver_of(request))

    return _act(request, public_id, act, said=_("You have 10 more minutes."))


@sign_in_required
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """GET asks once, POST does it."""
    if request.method != "POST":
        mine = queries.booking_of(driver_of(request), public_id)
        return render(request, "booking/cancel.html", {"card": queries.card(mine)})

    def act(mine: Booking) -> Booking:
        return lifecycle.cancel(booking=mine, by=driver_of(request))

    return _act(request, public_id, act, said=_("Your booking is cancelled. Nothing was charged."))


@sign_in_required
@require_http_methods(["GET", "HEAD", "POST"])
def here(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """ "I'm here": by position with script, by the poster's code without. Who is late goes on with a new booking."""
    mine = queries.booking_of(driver_of(request), public_id)
    card = queries.card(mine)
    form = HereForm(request.POST or None)
    if request.method != "POST":
        return render(request, "booking/here.html", {"card": card, "form": form})
    if not form.is_valid():
        messages.error(request, _("We could not read that. Type the code that stands under the poster’s picture."))
        return redirect("booking:here", public_id=public_id)

    def act(mine: Booking) -> Booking:
        poster = form.cleaned_data["poster"].strip()
        claim = arrival.claim_late if card.can_come_late else arrival.claim_here
        return claim(booking=mine, position=_position(form), poster_token=poster, by=driver_of(request))

    said = _("It is still yours.") if card.can_come_late else _("We know that you are here.")
    done = attempt(request, lambda: act(mine), said=said)
    if done is None:
        return redirect("booking:here", public_id=public_id)
    return redirect("booking:booking", public_id=done.public_id)


@sign_in_required
@require_POST
def position(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    form = PositionForm(request.POST)

    def act(mine: Booking) -> Booking:
        return lifecycle.update_position(booking=mine, position=_read(form))

    return _act(request, public_id, act, said=_("Thank you. Your drive is worked out anew."))


@sign_in_required
@require_POST
def take_fewer(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    form = FewerForm(request.POST)
    packs = form.cleaned_data["packs"] if form.is_valid() else 0

    def act(mine: Booking) -> Booking:
        return lifecycle.take_fewer(booking=mine, packs_wanted=packs, by=driver_of(request))

    return _act(request, public_id, act)


@sign_in_required
@require_POST
def pay(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """Try once more to collect what is owed for a finished swap, after a top-up for example."""

    def act(mine: Booking) -> Booking:
        if mine.payment is None or mine.payment.payer_id != driver_of(request).pk:
            raise NothingToPay(_("There is nothing that you owe for this booking."))
        checkout.collect_again(payment=mine.payment, by=driver_of(request))
        return mine

    return _act(request, public_id, act)


@sign_in_required
@require_http_methods(["GET", "HEAD", "POST"])
def dispute(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    mine = queries.booking_of(driver_of(request), public_id)
    form = DisputeForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        status = 400 if request.method == "POST" else 200
        return render(request, "booking/dispute.html", {"card": queries.card(mine), "form": form}, status=status)

    def act(mine: Booking) -> Booking:
        return conduct.dispute_no_show(booking=mine, words=form.cleaned_data["words"])

    return _act(request, public_id, act, said=_("Thank you. An operator will look at it."))


@never_cache
@sign_in_required
@require_http_methods(["GET", "HEAD", "POST"])
def poster(request: HttpRequest, token: str) -> HttpResponseBase:
    """Where the station's poster leads: who has a booking here says "I'm here", everybody else joins the line."""
    station = Station.objects.select_related("network").filter(poster_token=token).first()
    if station is None:
        return render(request, "booking/poster_unknown.html", status=404)
    mine = queries.live_booking_of(driver_of(request))
    if request.method == "POST" and mine is not None:
        act = mine

        def claim() -> Booking:
            return arrival.claim_here(booking=act, poster_token=token, by=driver_of(request))

        attempt(request, claim, said=_("We know that you are here."))
        return redirect("booking:booking", public_id=mine.public_id)
    context = {"station": station, "card": queries.card(mine) if mine else None}
    return render(request, "booking/poster.html", context)


def _act(
    request: HttpRequest, public_id: UUID, act: Callable[[Booking], Booking], *, said: str = ""
) -> HttpResponseBase:
    """One act on the driver's own booking, then its page: of the booking that came out of it."""
    mine = queries.booking_of(driver_of(request), public_id)
    done = attempt(request, lambda: act(mine), said=said)
    return redirect("booking:booking", public_id=done.public_id if done else public_id)


def _page(request: HttpRequest, mine: Booking) -> dict[str, Any]:
    shown = live_card.of_booking(mine)
    return {"card": shown.card, "html": shown.html(mine), "demo_actions": demo_actions(mine, shown.card)}


def _read(form: PositionForm) -> geo.Place:
    """The place, or a refusal. What is no number at all is no place either."""
    if not form.is_valid():
        raise geo.BadCoordinates(_("We could not see where you are."))
    return geo.place(latitude=form.cleaned_data["lat"], longitude=form.cleaned_data["lon"])


def _position(form: HereForm) -> geo.Place | None:
    latitude, longitude = form.cleaned_data["lat"], form.cleaned_data["lon"]
    if latitude is None or longitude is None:
        return None
    return geo.place(latitude=latitude, longitude=longitude)
