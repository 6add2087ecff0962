"""A driver's own swaps as CSV that a spreadsheet opens cleanly, one row for each booking that is over."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from accounts.models import User
from booking import past
from booking.models import Booking
from booking.past import Search
from booking.receipts import co2_saved_g
from booking.states import State
from payments.exporting import Cell, csv_rows
from payments.money import Money


def rows(driver: User, search: Search) -> Iterator[str]:
    header = [
        _("Day"),
        _("Time"),
        _("Station"),
        _("Plate"),
        _("What became of it"),
        _("Energy in kWh"),
        _("Price with tax"),
        _("Tax"),
        _("Given back"),
        _("Currency"),
        _("CO₂ saved in kg, about"),
        _("Number"),
    ]
    return csv_rows(header, (_row(booking) for booking in past.everything(driver, search)))


def _row(booking: Booking) -> Sequence[Cell]:
    local = (booking.started_at or booking.joined_at).astimezone(ZoneInfo(booking.station.time_zone))
    return (
        f"{local:%Y-%m-%d}",
        f"{local:%H:%M}",
        booking.station.name,
        booking.vehicle.plate,
        _became(booking),
        *(_figures(booking) if booking.state == State.COMPLETED else ("",) * 6),
        str(booking.public_id),
    )


def _figures(booking: Booking) -> Sequence[Cell]:
    currency = booking.tariff.currency
    refunded = booking.payment.refunded.major if booking.payment is not None else Decimal(0)
    return (
        Decimal(booking.energy_wh or 0) / 1_000,
        Money(booking.price_minor or 0, currency).major,
        Money(booking.tax_minor or 0, currency).major,
        refunded,
        currency,
        Decimal(co2_saved_g(booking) // 100) / 10,
    )


def _became(booking: Booking) -> str:
    if booking.state == State.COMPLETED:
        return _("Swapped")
    if booking.no_show:
        return _("No-show")
    return _("Cancelled") if booking.state == State.CANCELLED else _("Ended")
