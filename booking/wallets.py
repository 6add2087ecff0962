"""What a driver has in the wallets of the networks: one query."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.models import Network, User
from payments.models import AccountLimit
from payments.money import Money, zero
from payments.states import AccountKind


@dataclass(frozen=True, slots=True)
class Wallet:
    """One network's wallet: what is in it, and what of it is not held for a booking."""

    network_code: str
    network_name: str
    balance: Money
    available: Money


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


def _wallet(network: Network, limit: AccountLimit | None) -> Wallet:
    if limit is None:
        return Wallet(network.code, network.name, zero(network.currency), zero(network.currency))
    currency = limit.account.currency
    return Wallet(
        network.code, network.name, Money(limit.balance_minor, currency), Money(limit.available_minor, currency)
    )
