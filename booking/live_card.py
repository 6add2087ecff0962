"""The live card of a booking as HTML: one template for page, polling and sockets, so that all three say the same.

It holds no token and no form, only buttons that belong to the page's one form, so that it is a function of the card.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import get_language

from booking import live_fields, presentation, qr, queries
from booking.models import Booking
from booking.navigation import links_to
from booking.queries import BookingCard
from booking.states import State
from payments.queries import PaymentCard, payment_card
from stations.geo import Place
from stations.states import StationStatus

QUOTE = '"'
# Once the driver is at the bay nobody asks for the code any more.
PASS_SHOWN = (State.WAITING, State.PROMISED)


@dataclass(frozen=True, slots=True)
class LiveCard:
    """What stands inside the live element, and the tag by which a phone asks whether it still does."""

    card: BookingCard
    payment: PaymentCard | None

    @property
    def etag(self) -> str:
        """As the socket's words and shape, and what the card shows beside them: the money and the language."""
        money = self.payment.state if self.payment else ""
        return f'"{live_fields.etag(self.card).strip(QUOTE)}-{money}-{get_language()}"'

    def html(self, booking: Booking) -> str:
        return render_to_string("booking/_card.html", context_of(booking, self))


def of_booking(booking: Booking) -> LiveCard:
    """The card as it stands, in the language that is active."""
    card = queries.card(booking)
    return LiveCard(card, payment_card(card.public_id) if card.method else None)


def context_of(booking: Booking, shown: LiveCard) -> dict[str, Any]:
    """What the template needs beside the card itself."""
    card = shown.card
    face = _face(card)
    return {
        "shape": live_fields.shape(card),
        "fields": live_fields.fields(card),
        "station_url": reverse("booking:station", args=[booking.network.code, booking.station.code]),
        "station_reason": booking.station.status_reason,
        "left_seconds": _seconds_left(card),
        "fewer_choices": range(card.packs_wanted - 1, 0, -1),
        "energy_kwh": presentation.number(Decimal(card.energy_wh or 0) / 1000),
        "released": card.most - card.price if card.price is not None and card.price < card.most else None,
        "card": card,
        "zone": card.station_time_zone,
        "face": face,
        "ahead": (card.place or card.bay_place or 1) - 1,
        "payment": shown.payment,
        "pass_svg": qr.svg(card.code) if face != "down" and card.state in PASS_SHOWN else "",
        "code_halves": (card.code[:3], card.code[3:]),
        "navigation": links_to(
            Place(card.station_latitude, card.station_longitude), country=card.station_country, name=card.station_name
        ),
    }


def _seconds_left(card: BookingCard) -> int:
    if card.promise_ends_at is None:
        return 0
    return max(0, int((card.promise_ends_at - card.at).total_seconds()))


def _face(card: BookingCard) -> str:
    """Which plate answers: the state, and where the state alone would not say what matters, the matter."""
    if card.state in (State.WAITING, State.PROMISED) and card.station_status != StationStatus.OPEN:
        return "down"
    if card.state == State.PROMISED and card.here_claimed_at is not None:
        return "claimed"
    if card.state == State.ARRIVED and card.call_ends_at is not None:
        return "called"
    return card.state.value
