"""Money for tests, made by the writers themselves: a ledger row that no writer could have written proves nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import cast
from uuid import UUID, uuid4

from accounts.models import Network, Organisation, Role, User
from payments import checkout, contracts, ledger, operations, wallet
from payments.differences import Moved
from payments.models import Bearer, Contract, Payment, Sale
from payments.money import Money
from payments.splitting import Shares
from tests.factories.accounts import (
    MembershipFactory,
    NetworkFactory,
    OperatorFactory,
    OrganisationFactory,
    UserFactory,
    WorkerFactory,
)

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
SWAPPED_AT = datetime(2026, 10, 14, 9, 30, tzinfo=UTC)


def network_with_operator(code: str = "lisboa", currency: str = "EUR", time_zone: str = "Europe/Lisbon") -> Network:
    network = cast(Network, NetworkFactory(code=code, name=code.title(), currency=currency, time_zone=time_zone))
    OperatorFactory(network=network, name=f"{network.name} Operator")
    return network


def party(network: Network, name: str) -> Organisation:
    return cast(Organisation, OrganisationFactory(network=network, name=name, code=name.lower().replace(" ", "-")))


def finance_of(network: Network, name: str) -> User:
    # Nobody signs in with it: hashing one for every test would take longer than the test.
    user = cast(User, WorkerFactory(name=name, password="!"))
    MembershipFactory(user=user, organisation=network.organisations.get(is_operator=True), role=Role.FINANCE)
    return user


def driver_with_wallet(network: Network, minor: int = 10_000, name: str = "Asha") -> User:
    driver = cast(User, UserFactory(name=name))
    if minor:
        operation = wallet.top_up(
            user=driver, network=network, amount=Money(minor, network.currency), by=None, reason="cash at the counter"
        )
        operations.carry_out(operation.pk)
    return driver


def fleet_with_credit(network: Network, minor: int = 100_000, name: str = "Taxis do Tejo") -> Organisation:
    fleet = party(network, name)
    ledger.set_credit_limit(fleet=fleet, limit=Money(minor, network.currency))
    return fleet


def contract_for(
    station_owner: Organisation,
    pack_owner: Organisation | None = None,
    shares: Shares | None = None,
    valid_from: datetime = LONG_AGO,
    bearer: Bearer = Bearer.OWNER,
) -> Contract:
    return contracts.agree(
        station_owner=station_owner,
        pack_owner=pack_owner,
        shares=shares or Shares(5_000, 3_000, 2_000),
        time_zone=station_owner.network.time_zone,
        valid_from=valid_from,
        by=None,
        difference_bearer=bearer,
    )


def opened(
    network: Network,
    *,
    payer: User | None = None,
    fleet: Organisation | None = None,
    minor: int = 3_000,
    method: str = "",
    reference: UUID | None = None,
) -> Payment:
    """A payment whose authorisation has not been asked for yet."""
    return checkout.open_payment(
        network=network,
        reference=reference or uuid4(),
        method=method or ("account" if fleet else "wallet"),
        payer=payer,
        organisation=fleet,
        amount=Money(minor, network.currency),
    )


def authorised(payment: Payment) -> Payment:
    return operations.carry_out_for(payment)


def terms(
    station_owner: Organisation,
    *pack_owners: Organisation,
    minor: int = 2_460,
    tax_rate_bp: int = 2_300,
    swapped_at: datetime = SWAPPED_AT,
    energy_wh: Sequence[int] = (),
    moved: Moved | None = None,
) -> checkout.SaleTerms:
    weights = list(energy_wh) or [40_000] * len(pack_owners)
    return checkout.SaleTerms(
        gross=Money(minor, station_owner.network.currency),
        tax_rate_bp=tax_rate_bp,
        station_owner=station_owner,
        parts=tuple(
            checkout.SalePartTerms(pack_owner=owner, energy_wh=weight)
            for owner, weight in zip(pack_owners, weights, strict=True)
        ),
        swapped_at=swapped_at,
        description="40 kWh at Canal Street",
        moved=moved,
    )


def moved_from(failed_owner: Organisation, *, full_minor: int, station: str = "Rossio") -> Moved:
    """The driver came from a station of this owner that failed; by the tariff here the swap comes to so much."""
    return Moved(
        full=Money(full_minor, failed_owner.network.currency), failed_owner=failed_owner, failed_station=station
    )


def captured(payment: Payment, sale_terms: checkout.SaleTerms) -> Payment:
    return operations.carry_out_for(checkout.capture(payment=payment, sale_terms=sale_terms))


def paid_sale(
    network: Network,
    station_owner: Organisation,
    pack_owner: Organisation,
    *,
    minor: int = 2_460,
    swapped_at: datetime = SWAPPED_AT,
    payer: User | None = None,
    fleet: Organisation | None = None,
    moved: Moved | None = None,
) -> Sale:
    """A finished swap, paid from a driver's wallet unless a fleet is named."""
    if fleet is None:
        payer = payer or driver_with_wallet(network, minor)
    payment = authorised(opened(network, payer=payer, fleet=fleet, minor=minor))
    payment = captured(payment, terms(station_owner, pack_owner, minor=minor, swapped_at=swapped_at, moved=moved))
    return payment.sale
