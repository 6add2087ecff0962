"""The live card of a booking as HTML: one template for page, polling and sockets, so that all three say the same.

It holds no token and no form, only buttons that belong to the page's one form, so that it is a function of the card.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from zlib import crc32

from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from booking import afterwards, elsewhere, endings, live_fields, presentation, qr, queries, receipts
from booking.afterwards import Afterwards
from booking.models import Booking
from booking.navigation import links_to
from booking.queries import BookingCard
from booking.states import State
from payments.money import Money
from payments.queries import PaymentCard, payment_card, receipt
from payments.states import PaymentState
from stations.geo import Place

QUOTE = '"'
# Once the driver is at the bay nobody asks for the code any more.
PASS_SHOWN = (State.WAITING, State.PROMISED)


@dataclass(frozen=True, slots=True)
class LiveCard:
    """What stands inside the live element, and the tag by which a phone asks whether it still does."""

    card: BookingCard
    payment: PaymentCard | None
    after: Afterwards | None = None

    @property
    def etag(self) -> str:
        """As the socket's words and shape, and what stands beside them: money, language, what was said since."""
        money = self.payment.state if self.payment else ""
        after = f"{crc32(repr(self.after).encode()):08x}" if self.after else ""
        return f'"{live_fields.etag(self.card).strip(QUOTE)}-{money}-{after}-{get_language()}"'

    @property
    def title(self) -> str:
        """Of the page, as a browser's tab and a screen reader name it: how it stands, and where."""
        return f"{_standing(self.card, _face(self))} · {self.card.station_name}"

    def html(self, booking: Booking) -> str:
        return render_to_string("booking/_card.html", context_of(booking, self))


def of_booking(booking: Booking, card: BookingCard | None = None) -> LiveCard:
    """The card as it stands, in the language that is active; or `card`, of who has looked already."""
    card = card or queries.card(booking)
    after = afterwards.of_booking(booking, card.at) if card.is_over else None
    return LiveCard(card, payment_card(card.public_id) if card.method else None, after)


def context_of(booking: Booking, shown: LiveCard) -> dict[str, Any]:
    """What the template needs beside the card itself."""
    card = shown.card
    face = _face(shown)
    return {
        "shape": live_fields.shape(card),
        "fields": live_fields.fields(card),
        "is_urgent": live_fields.is_urgent(card),
        "station_url": reverse("booking:station", args=[booking.network.code, booking.station.code]),
        "here": booking.station,
        "network_code": booking.network.code,
        "others": elsewhere.of_booking(booking, now=card.at) if face == "down" and not card.move else (),
        "owed": _owed(card) if face == "unpaid" else None,
        "left_seconds": _seconds_left(card),
        "offer_seconds": max(0, int((card.offer.ends_at - card.at).total_seconds())) if card.offer else 0,
        "fewer_choices": range(card.packs_wanted - 1, 0, -1),
        "energy_kwh": presentation.number(Decimal(card.energy_wh or 0) / 1000),
        "released": card.most - card.price if card.price is not None and card.price < card.most else None,
        "card": card,
        "zone": card.station_time_zone,
        "face": face,
        "title": shown.title,
        "ending": endings.reason(card) if face in (State.EXPIRED, State.CANCELLED) else "",
        "ahead": (card.place or card.bay_place or 1) - 1,
        "payment": shown.payment,
        "after": shown.after,
        "co2_saved_g": receipts.co2_saved_g(booking),
        "stars": range(1, 6),
        "pass_svg": qr.svg(card.code) if face != "down" and card.state in PASS_SHOWN else "",
        "code_halves": (card.code[:3], card.code[3:]),
        "navigation": links_to(
            Place(card.station_latitude, card.station_longitude), country=card.station_country, name=card.station_name
        ),
    }


def _standing(card: BookingCard, face: str) -> str:
    """In a few words, without what moves."""
    if face in (State.EXPIRED, State.CANCELLED):
        return endings.reason(card)
    if face == State.PROMISED and card.promise_ends_at is not None:
        until = presentation.clock(card.promise_ends_at, card.station_time_zone)
        return _("Kept until %(time)s") % {"time": until}
    if card.move is not None:
        return _("You may move")
    return {
        "offered": _("A pack is offered to you"),
        "claimed": _("Show your code"),
        "down": _("Stopped"),
        "arrived": _("At the bay"),
        "called": _("Your turn"),
        "swapping": _("Swapping"),
        "completed": _("Swap finished"),
        "unpaid": _("Not paid yet"),
    }.get(face, _("In line"))


def _seconds_left(card: BookingCard) -> int:
    if card.promise_ends_at is None:
        return 0
    return max(0, int((card.promise_ends_at - card.at).total_seconds()))


def _owed(card: BookingCard) -> Money | None:
    figures = receipt(card.public_id)
    return figures.owed if figures else card.price


def names_others(card: BookingCard) -> bool:
    """Whether it says where else one may go: the station has stopped. To say that takes a search."""
    return card.has_stopped


def _face(shown: LiveCard) -> str:
    """Which plate answers: the state, and where the state alone would not say what matters, the matter."""
    card = shown.card
    if names_others(card) or card.move is not None:
        return "down"
    if card.offer is not None:
        return "offered"
    if card.nobody_came:
        return "nobody_came"
    if card.state == State.WAITING and card.is_here:
        return "here"
    if card.state == State.PROMISED and card.here_claimed_at is not None:
        return "claimed"
    if card.state == State.ARRIVED and card.call_ends_at is not None:
        return "called"
    if card.state == State.COMPLETED and shown.payment is not None and shown.payment.state == PaymentState.OWED:
        return "unpaid"
    return card.state.value
