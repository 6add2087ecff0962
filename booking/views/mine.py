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

from accounts import returning
from accounts.guards import sign_in_required
from booking import arrival, block_cards, conduct, lifecycle, live_card, notice_ways, past, queries, why, why_words
from booking.forms import DisputeForm, FewerForm, HereForm, PositionForm
from booking.models import Booking
from booking.states import State
from booking.views.acting import attempt, driver_of, has_already, update_position
from booking.views.demo import demo_actions
from booking.views.notices import push_context
from stations import geo
from stations.models import Station

BEFORE_THE_SWAP = (State.WAITING, State.PROMISED, State.ARRIVED)


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
    driver = driver_of(request)
    live = queries.live_card_of(driver)
    if live is not None:
        return redirect("booking:booking", public_id=live.public_id)
    context = {"last": past.last_of(driver), "coming": block_cards.next_of_driver(driver)}
    return render(request, "booking/no_booking.html", context)


@sign_in_required
@require_GET
def card(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """What stands inside the live element, for phones whose card has another shape or no socket; 304 while true."""
    mine = queries.booking_of(driver_of(request), public_id)
    shown = live_card.of_booking(mine)
    headers = {"ETag": shown.etag, "Cache-Control": "private, no-cache", "Vary": "Cookie, Accept-Language"}
    if has_already(request, shown.etag):
        return HttpResponse(status=304, headers=headers)
    return HttpResponse(shown.html(mine), headers=headers)


@never_cache
@sign_in_required
@require_GET
def why_here(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Why the booking stands where it stands, in words."""
    mine = queries.booking_of(driver_of(request), public_id)
    card = queries.card(mine)
    found = why.of_booking(mine, card)
    context = {
        "card": card,
        "zone": card.station_time_zone,
        "came": why_words.how_it_came(found, card.station_time_zone),
        "ahead": why_words.who_went_ahead(found),
        "holds": why_words.what_holds(found),
    }
    return render(request, "booking/why.html", context)


@sign_in_required
@require_POST
def extend(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    def act(mine: Booking) -> Booking:
        return lifecycle.extend(booking=mine, by=driver_of(request))

    return _act(request, public_id, act, said=_("You have 10 more minutes."))


@sign_in_required
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    """GET asks once, POST does it. `next` is the station that the driver would rather book at."""
    elsewhere = returning.asked_for(request)
    if request.method != "POST":
        mine = queries.booking_of(driver_of(request), public_id)
        return render(request, "booking/cancel.html", {"card": queries.card(mine), "next": elsewhere})

    def act(mine: Booking) -> Booking:
        return lifecycle.cancel(booking=mine, by=driver_of(request), asked=request.POST.get("asked", ""))

    return _act(request, public_id, act, said=_("Your booking is cancelled. Nothing was charged."), then=elsewhere)


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

    def act() -> Booking | None:
        poster = form.cleaned_data["poster"].strip()
        claim = arrival.claim_late if card.can_come_late else arrival.claim_here
        try:
            return claim(booking=mine, position=_position(form), poster_token=poster, by=driver_of(request))
        except arrival.WrongPoster as refusal:
            form.add_error("poster", refusal.sentence)
            return None

    done = attempt(request, act)
    if form.errors:
        return render(request, "booking/here.html", {"card": card, "form": form}, status=409)
    if done is not None:
        said = _("It is still yours.") if card.can_come_late else _("We know that you are here.")
        messages.success(request, said)
    else:
        return redirect("booking:here", public_id=public_id)
    return redirect("booking:booking", public_id=done.public_id)


@sign_in_required
@require_POST
def position(request: HttpRequest, public_id: UUID) -> HttpResponseBase:
    form = PositionForm(request.POST)

    def act(mine: Booking) -> Booking:
        return update_position(mine, form)

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
        return lifecycle.pay(booking=mine, by=driver_of(request))

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
    known = Station.objects.select_related("network").filter(poster_token=token)
    # The database refuses a NUL byte even in a question.
    station = None if "\0" in token else known.first()
    if station is None:
        return render(request, "booking/poster_unknown.html", status=404)
    live = queries.live_card_of(driver_of(request))
    if request.method == "POST" and live is not None:

        def act(mine: Booking) -> Booking:
            return arrival.claim_here(booking=mine, poster_token=token, by=driver_of(request))

        return _act(request, live.public_id, act, said=_("We know that you are here."))
    context = {"station": station, "card": live}
    return render(request, "booking/poster.html", context)


def _act(
    request: HttpRequest, public_id: UUID, act: Callable[[Booking], Booking], *, said: str = "", then: str = ""
) -> HttpResponseBase:
    """One act on the driver's own booking, then its page: of the booking that came out of it; or, if done, `then`."""
    mine = queries.booking_of(driver_of(request), public_id)
    done = attempt(request, lambda: act(mine), said=said)
    if done and then:
        return redirect(then)
    return redirect("booking:booking", public_id=done.public_id if done else public_id)


def _page(request: HttpRequest, mine: Booking) -> dict[str, Any]:
    shown = live_card.of_booking(mine)
    # At the bay, and after it, there is nothing more to tell of this booking.
    asks = shown.card.state in BEFORE_THE_SWAP and notice_ways.may_ask(driver_of(request))
    context = {"card": shown.card, "title": shown.title, "html": shown.html(mine)}
    context["demo_actions"] = demo_actions(mine, shown.card)
    return context | push_context() | {"may_ask_push": asks}


def _position(form: HereForm) -> geo.Place | None:
    latitude, longitude = form.cleaned_data["lat"], form.cleaned_data["lon"]
    if latitude is None or longitude is None:
        return None
    return geo.place(latitude=latitude, longitude=longitude)
