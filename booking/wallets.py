"""What a driver has in the wallets of the networks, what of it is held, and what went in and out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, Sum
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Network, User
from booking.models import Booking
from booking.states import State
from payments import labels, movements
from payments.models import AccountLimit
from payments.money import Money, zero
from payments.movements import Movement
from payments.states import AccountKind

PAGE = 20

# Of a movement that belongs to a booking; any other is called as the ledger calls it.
_AT_A_STATION: dict[str, Promise] = {
    "hold": _("Held for %(station)s"),
    "capture": _("Swap at %(station)s"),
    "collect": _("Swap at %(station)s, paid later"),
    "refund": _("Given back for %(station)s"),
}
_ELSEWHERE: dict[str, Promise] = {"top_up": _("Topped up"), "pay_out": _("Paid out")}


@dataclass(frozen=True, slots=True)
class Wallet:
    """One network's wallet: what is in it, and what of it is not held for a booking."""

    network_code: str
    network_name: str
    balance: Money
    available: Money

    @property
    def held(self) -> Money:
        return self.balance - self.available


@dataclass(frozen=True, slots=True)
class Line:
    """One movement in plain words. `booking` is where it leads, its receipt once the swap is done."""

    id: int
    words: str
    amount: Money
    at: datetime
    zone: str
    booking: UUID | None
    has_receipt: bool


@dataclass(frozen=True, slots=True)
class Statement:
    """One page of a wallet: what is held now, what is on its way, what has moved."""

    wallet: Wallet
    held: list[Line]
    on_its_way: Money
    moved: list[Line]
    older: int | None


def of_driver(driver: User, *, also_empty: bool = False) -> list[Wallet]:
    """The driver's wallets by network; with `also_empty` those of networks that they have never paid into."""
    limits = {
        limit.account.network_id: limit
        for limit in AccountLimit.objects.select_related("account").filter(
            account__kind=AccountKind.WALLET, account__user=driver
        )
    }
    networks = Network.objects.order_by("name")
    if not also_empty:
        networks = networks.filter(pk__in=limits)
    found = [_wallet(network, limits.get(network.pk)) for network in networks]
    # Those with money in them first; both in the order of their names.
    return sorted(found, key=lambda wallet: not wallet.balance)


def networks_of(driver: User) -> list[Network]:
    """Where this driver pays: networks with a wallet, a booking or a fleet of theirs; all of them for a newcomer."""
    wallet = Q(ledger_accounts__kind=AccountKind.WALLET, ledger_accounts__user=driver)
    fleet = Q(organisations__vehicles__assignments__driver=driver, organisations__vehicles__assignments__ended_at=None)
    booked = Q(pk__in=Booking.objects.filter(driver=driver).values("network"))
    every = Network.objects.order_by("name")
    return list(every.filter(wallet | fleet | booked).distinct()) or list(every)


def of_network(driver: User, network: Network) -> Wallet:
    limit = (
        AccountLimit.objects.select_related("account")
        .filter(account__kind=AccountKind.WALLET, account__user=driver, account__network=network)
        .filter(account__currency=network.currency)
        .first()
    )
    return _wallet(network, limit)


def statement(driver: User, network: Network, *, before: int | None = None) -> Statement:
    """A wallet with one page of its movements, the newest first; `before` is the last one seen."""
    account = movements.wallet_of(user=driver, network=network)
    moved = movements.of_wallet(account, before=before, limit=PAGE + 1) if account else []
    held = movements.held_in(account) if account else []
    bookings = _bookings(driver, [*moved, *held])
    shown = moved[:PAGE]
    return Statement(
        wallet=of_network(driver, network),
        held=[_line(movement, network, bookings) for movement in held],
        on_its_way=_on_its_way(driver, network),
        moved=[_line(movement, network, bookings) for movement in shown],
        # One more than a page tells whether there is another.
        older=shown[-1].id if len(moved) > PAGE else None,
    )


def _wallet(network: Network, limit: AccountLimit | None) -> Wallet:
    if limit is None:
        return Wallet(network.code, network.name, zero(network.currency), zero(network.currency))
    currency = limit.account.currency
    return Wallet(
        network.code, network.name, Money(limit.balance_minor, currency), Money(limit.available_minor, currency)
    )


def _on_its_way(driver: User, network: Network) -> Money:
    rows = movements.on_their_way(user=driver).filter(account__network=network, currency=network.currency)
    return Money(rows.aggregate(minor=Sum("amount_minor", default=0))["minor"], network.currency)


def _bookings(driver: User, moved: Iterable[Movement]) -> dict[UUID, Booking]:
    references = [movement.reference for movement in moved if movement.reference is not None]
    rows = Booking.objects.filter(driver=driver, public_id__in=references).select_related("station")
    return {booking.public_id: booking for booking in rows}


def _line(movement: Movement, network: Network, bookings: dict[UUID, Booking]) -> Line:
    booking = bookings.get(movement.reference) if movement.reference else None
    if booking is not None and movement.kind in _AT_A_STATION:
        words = str(_AT_A_STATION[movement.kind]) % {"station": booking.station.name}
    else:
        words = str(_ELSEWHERE.get(movement.kind) or labels.TRANSFERS[movement.kind])
    return Line(
        id=movement.id,
        words=words,
        amount=movement.amount,
        at=movement.at,
        zone=booking.station.time_zone if booking else network.time_zone,
        booking=booking.public_id if booking else None,
        has_receipt=booking is not None and booking.state == State.COMPLETED,
    )
