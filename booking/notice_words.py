"""A notice in words, in the language that is active: one title, one sentence or two, and where a tap leads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _

from booking import block_words
from booking.models import BlockEntry, Booking, Notice
from booking.notice_kinds import Kind
from booking.presentation import clock, kwh, whole_minutes
from booking.states import Step
from payments.money import Money
from payments.presentation import money


@dataclass(frozen=True, slots=True)
class Said:
    """`url` is relative to the site."""

    title: str
    body: str
    url: str


def of(notice: Notice) -> Said:
    if notice.entry is not None:
        return _not_booked(notice, notice.entry)
    if notice.booking is None:
        title, body = _("This is how we tell you"), _("Nothing has happened. When something does, it looks like this.")
        return Said(title, body, reverse("booking:notifications"))
    title, body = _WORDS[Kind(notice.kind)](notice.booking, notice.detail)
    page = "booking:receipt" if notice.kind == Kind.COMPLETED else "booking:booking"
    return Said(title, body, reverse(page, args=[notice.booking.public_id]))


Words = tuple[str, str]


def _not_booked(notice: Notice, entry: BlockEntry) -> Said:
    """For the driver, who may reserve by hand; and for whoever has planned it, who sees it among the others."""
    block, why = entry.block, block_words.reason(entry.reason)
    values = {"station": block.station.name, "plate": entry.vehicle.plate, "why": why}
    if notice.driver_id == entry.driver_id:
        body = _("%(why)s You may reserve yourself.") % values
        return Said(_("Your fleet could not book for you at %(station)s") % values, body, reverse("booking:find"))
    title = _("%(plate)s was not put in line at %(station)s") % values
    return Said(title, why, reverse("fleet:block", args=[block.public_id]))


def _put_in_line(booking: Booking, detail: str) -> Words:
    values = {"station": booking.station.name}
    body = _("You hear from us as soon as a pack is kept for you.")
    return _("Your fleet has put you in line at %(station)s") % values, body


def _promised(booking: Booking, detail: str) -> Words:
    values = {"station": booking.station.name, "time": _ends(booking)}
    return (
        _("Your pack is kept until %(time)s") % values,
        _("At %(station)s. Drive there now, and show your code at the bay.") % values,
    )


def _running_out(booking: Booking, detail: str) -> Words:
    values = {"station": booking.station.name, "time": _ends(booking)}
    title = _("Kept for you only until %(time)s") % values
    if booking.extended_at is None and booking.promise_budget_seconds is None:
        return title, _("At %(station)s. Running late? Ask for ten more minutes, once.") % values
    return title, _("At %(station)s. After that the pack goes to the next in line.") % values


def _turn_soon(booking: Booking, detail: str) -> Words:
    values = {"station": booking.station.name}
    if booking.here_at is not None:
        return _("Your packs at %(station)s come soon") % values, _("They are likely in a few minutes. Stay close.")
    body = _("If you set off now, it is likely your turn about when you arrive. Your booking shows the range.")
    return _("Your turn at %(station)s comes soon") % values, body


def _bay_soon(booking: Booking, detail: str) -> Words:
    values = {"station": booking.station.name}
    body = _("A bay is likely in a few minutes. Once it calls you, it waits for three minutes.")
    return _("Your bay at %(station)s comes soon") % values, body


def _offered(booking: Booking, detail: str) -> Words:
    values = {"station": booking.station.name}
    body = _("It is offered to you for a minute. Saying no keeps your place.")
    return _("A pack that is not full, now, at %(station)s") % values, body


def _called(booking: Booking, detail: str) -> Words:
    title = _("It is your turn: drive into the bay")
    body = _("%(station)s waits for you for three minutes. After that the next vehicle goes first.")
    return title, body % {"station": booking.station.name}


def _moved_back(booking: Booking, detail: str) -> Words:
    values = {"station": booking.station.name}
    body = _("That is our fault. You keep your place at %(station)s, and the next ready pack is yours.") % values
    if detail == Step.NOBODY_CONFIRMED:
        return _("Nobody confirmed that you are here"), body
    return _("The pack that was kept for you has failed"), body


def _station_failed(booking: Booking, detail: str) -> Words:
    return (
        _("%(station)s has stopped") % {"station": booking.station.name},
        _("Do not drive there yet. You keep your place, no clock runs and nothing is charged."),
    )


def _may_move(booking: Booking, detail: str) -> Words:
    values = {"station": booking.station.name}
    offered = booking.move_offers.open().select_related("to_station").first()
    title = _("You may move to another station with your place")
    body = _("Nobody can be served at %(station)s. Open your booking to see where, how far and at what price.")
    if offered is not None:
        values |= {"other": offered.to_station.name, "minutes": str(whole_minutes(offered.drive_seconds))}
        title = _("You may move to %(other)s with your place")
        body = _("Nobody can be served at %(station)s. It is %(minutes)s min from there, and one tap.")
    return title % values, body % values


def _moved(booking: Booking, detail: str) -> Words:
    values = {"station": booking.station.name}
    return _("You have moved to %(station)s") % values, _("Drive there now. Your place came with you.")


def _station_opened(booking: Booking, detail: str) -> Words:
    return (
        _("%(station)s works again") % {"station": booking.station.name},
        _("You have kept your place. Open your booking to see when it is your turn."),
    )


def _ended(booking: Booking, detail: str) -> Words:
    values = {"station": booking.station.name, "time": _ends(booking)}
    if detail == "overdue":
        body = _("You were not at %(station)s by %(time)s, so nothing is kept any more. Nothing was charged.")
        return _("Your promise has ended"), body % values
    if detail == "missed_calls":
        body = _("%(station)s called and nobody drove in, so the pack went on to others. Nothing was charged.")
        return _("The bay called you twice"), body % values
    if detail == "swap_failed":
        body = _("That is our fault. Your own pack is back in your vehicle, and nothing was charged.")
        return _("The swap could not be finished"), body
    body = _("%(station)s has cancelled it. Nothing was charged, and no mark was made.")
    return _("Your booking was cancelled"), body % values


def _payment_refused(booking: Booking, detail: str) -> Words:
    title = _("The payment did not come in time") if detail == "unpaid" else _("Your payment was refused")
    body = _("The pack at %(station)s is not kept any more. Nothing was charged. Pay another way, and book again.")
    return title, body % {"station": booking.station.name}


def _unpaid(booking: Booking, detail: str) -> Words:
    values = {"price": _price(booking), "station": booking.station.name}
    body = _("%(price)s for %(station)s could not be collected. Top up and pay; until then you cannot book again.")
    return _("Your swap is not paid yet"), body % values


def _completed(booking: Booking, detail: str) -> Words:
    values = {"energy": kwh(booking.energy_wh or 0), "price": _price(booking), "station": booking.station.name}
    return _("%(energy)s for %(price)s") % values, _("Swapped at %(station)s. Here is your receipt.") % values


def _ends(booking: Booking) -> str:
    ends_at = booking.promise_ends_at
    return clock(ends_at, booking.station.time_zone) if ends_at is not None else ""


def _price(booking: Booking) -> str:
    return money(Money(booking.price_minor or 0, booking.tariff.currency))


_WORDS: Mapping[Kind, Callable[[Booking, str], Words]] = {
    Kind.PUT_IN_LINE: _put_in_line,
    Kind.PROMISED: _promised,
    Kind.RUNNING_OUT: _running_out,
    Kind.TURN_SOON: _turn_soon,
    Kind.BAY_SOON: _bay_soon,
    Kind.OFFERED: _offered,
    Kind.CALLED: _called,
    Kind.MOVED_BACK: _moved_back,
    Kind.STATION_FAILED: _station_failed,
    Kind.MAY_MOVE: _may_move,
    Kind.MOVED: _moved,
    Kind.STATION_OPENED: _station_opened,
    Kind.ENDED: _ended,
    Kind.PAYMENT_REFUSED: _payment_refused,
    Kind.UNPAID: _unpaid,
    Kind.COMPLETED: _completed,
}
