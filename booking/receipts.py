"""What a completed swap cost, and from what it was worked out: the same figures on a page and as a PDF."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.http import Http404

from accounts.models import Network, Organisation
from booking import footprint, pricing, queries
from booking.models import Booking, Direction, SwapPack
from booking.queries import BookingCard
from booking.states import State
from payments.money import Money, zero
from payments.queries import PaymentCard, payment_card


@dataclass(frozen=True, slots=True)
class PackLine:
    """One pack on a receipt: what it held is charge × health × the nominal energy of its class."""

    serial: str
    soc_percent: str
    soh_percent: str
    energy_wh: int


@dataclass(frozen=True, slots=True)
class Party:
    """By the name that its invoices carry, and its tax number where we know one."""

    name: str
    tax_number: str

    @classmethod
    def of_organisation(cls, organisation: Organisation) -> Party:
        return cls(organisation.name, organisation.tax_number)


@dataclass(frozen=True, slots=True)
class Receipt:
    """Not a fiscal invoice. Nobody's name stands in it but the driver's own, which the edge adds."""

    booking: BookingCard
    number: str
    seller: Party
    station_owner: Party
    started_at: datetime
    ended_at: datetime
    packs_in: tuple[PackLine, ...]
    packs_out: tuple[PackLine, ...]
    nominal_wh: int
    price_per_kwh: str
    fee: Money
    energy_cost: Money
    gross: Money
    net: Money
    tax: Money
    tax_rate_bp: int
    payment: PaymentCard | None
    refunded: Money
    co2_saved_g: int


def of_booking(booking: Booking) -> Receipt:
    """The receipt of a completed booking. Raises Http404 for any other."""
    if booking.state != State.COMPLETED:
        raise Http404
    shown = queries.card(booking)
    assert shown.price is not None
    assert shown.tax is not None
    assert booking.started_at is not None
    assert booking.ended_at is not None
    fee = Money(booking.tariff.service_fee_minor, shown.price.currency)
    nominal_wh = booking.line.pack_class.nominal_wh
    rows = list(booking.swap_packs.filter(undone_at=None).select_related("pack").order_by("pk"))
    return Receipt(
        booking=shown,
        number=str(booking.public_id),
        seller=_seller(booking.network),
        station_owner=Party.of_organisation(booking.station.owner),
        started_at=booking.started_at,
        ended_at=booking.ended_at,
        packs_in=_pack_lines(rows, Direction.IN, nominal_wh),
        packs_out=_pack_lines(rows, Direction.OUT, nominal_wh),
        nominal_wh=nominal_wh,
        price_per_kwh=f"{booking.tariff.price_per_kwh.normalize():f}",
        fee=fee,
        energy_cost=shown.price - fee,
        gross=shown.price,
        net=shown.price - shown.tax,
        tax=shown.tax,
        tax_rate_bp=booking.tariff.tax_rate_bp,
        payment=payment_card(booking.public_id),
        refunded=booking.payment.refunded if booking.payment is not None else zero(fee.currency),
        co2_saved_g=co2_saved_g(booking),
    )


def co2_saved_g(booking: Booking) -> int:
    return footprint.saved_g(
        energy_wh=booking.energy_wh or 0, form=booking.line.pack_class.form, country=booking.station.country
    )


def _seller(network: Network) -> Party:
    """The network's operator sells; before there is one, the network has a name of its own."""
    operator = network.organisations.filter(is_operator=True).first()
    return Party.of_organisation(operator) if operator is not None else Party(network.name, "")


def _pack_lines(rows: list[SwapPack], direction: Direction, nominal_wh: int) -> tuple[PackLine, ...]:
    return tuple(
        PackLine(
            row.pack.serial,
            f"{row.soc_percent}",
            f"{row.soh_percent}",
            round(pricing.Charge(row.soc_percent, row.soh_percent, nominal_wh).energy_wh),
        )
        for row in rows
        if row.direction == direction
    )
