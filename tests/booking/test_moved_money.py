"""A booking that moved because its station failed, the whole way to the statements of those it concerns (rule 7)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import Organisation, User
from booking import clock, moving, proofs, tariffs, tasks
from booking.models import Booking, MoveOffer, Tariff
from payments import checkout, operations, settlement
from payments import proofs as money_proofs
from payments.models import Bearer, Difference, Payment, Sale, Statement, Transfer
from payments.money import Money
from payments.splitting import Shares
from payments.states import TransferKind
from stations import upkeep
from stations.models import Station
from tests.factories import payments as money
from tests.factories.booking import Town, time_passes

pytestmark = pytest.mark.django_db

# A pack that is full goes out and one with 12 % comes in: 44 kWh. By 0.50 a kWh and a fee of 1.00 that is 23.00, by
# 0.80 it is 36.20; without 23 % tax 18.70 and 29.43.
PAID, FULL, SHORT = 2_300, 3_620, 1_073


class Failing(Town):
    """A town in which Asha books at one station, it stops, and the other one may be dearer."""

    def __init__(self, *, price_there: str = "0.8000") -> None:
        super().__init__(packs=0, charging=1)
        self.bank: Organisation = money.party(self.station.network, "Battery Bank")
        self.there = self.dearer("Alvalade", price_there)
        self.fatima: User = money.finance_of(self.station.network, "Fatima")

    def dearer(self, name: str, price: str) -> Station:
        station = self.second_station(name)
        station.packs.update(soc_percent=100, soh_percent=100, owner=self.bank)
        Tariff.objects.filter(station=station).update(price_per_kwh=Decimal(price))
        return station

    def agrees(self, station: Station, bearer: Bearer = Bearer.OWNER) -> None:
        money.contract_for(station.owner, shares=Shares(6_000, 3_000, 1_000), bearer=bearer)

    def moves(self, booking: Booking) -> Booking:
        """Its station stops, and the driver takes the other one."""
        upkeep.mark_station_down(station=booking.station, reason="The power has failed.", by=None)
        tasks.plan_moves()
        offer = MoveOffer.objects.open().get(booking=booking)
        return moving.accept(booking=booking, offer_id=offer.pk, by=self.staff)

    def pays(self, booking: Booking) -> Sale:
        operations.carry_out_for(Payment.objects.get(pk=booking.payment_id))
        return Sale.objects.get(reference=booking.public_id)


def swaps_after_a_move(town: Failing) -> Sale:
    moved = town.moves(town.books(town.driver("Asha")))
    return town.pays(town.swaps(town.arrives(moved)))


def nothing_is_broken() -> None:
    results = [*proofs.run(connection), *money_proofs.run(connection)]
    assert {result.sentence: result.violations for result in results if result.violations} == {}


def total_of(party: Organisation, town: Failing) -> int:
    until = (clock.database_now() + timedelta(days=1)).date()
    settlement.open_statements(network=town.station.network, until=until, by=town.fatima)
    return Statement.objects.get(party=party).total_minor


def test_the_failed_stations_owner_makes_up_the_difference_and_both_statements_lead_to_the_swap(
    settings: pytest.FixtureRequest, client: Client
) -> None:
    settings.FINANCE_NEEDS_SECOND_FACTOR = False  # type: ignore[attr-defined]  # pytest-django's settings
    town = Failing()
    town.agrees(town.station)
    town.agrees(town.there)

    sale = swaps_after_a_move(town)

    assert (sale.gross_minor, sale.difference.full_gross_minor, sale.difference.amount_minor) == (PAID, FULL, SHORT)
    # 60 % of 18.70, and of 10.73.
    assert (total_of(town.there.owner, town), total_of(town.station.owner, town)) == (1_122 + 644, -SHORT)
    client.force_login(town.fatima, backend="django.contrib.auth.backends.ModelBackend")
    for party in (town.there.owner, town.station.owner):
        statement = reverse("payments:statement", args=[Statement.objects.get(party=party).pk])
        assert reverse("payments:sale", args=[sale.reference]) in client.get(statement).content.decode()
    nothing_is_broken()


def test_the_driver_pays_the_lower_price_whoever_bears_the_difference() -> None:
    town = Failing()
    town.agrees(town.station, Bearer.OPERATOR)
    town.agrees(town.there)

    sale = swaps_after_a_move(town)

    assert sale.payment.captured_minor == PAID
    assert Transfer.objects.get(kind=TransferKind.DIFFERENCE).debit.kind == "operator"
    nothing_is_broken()


@pytest.mark.parametrize("price", ["0.5000", "0.3000"], ids=["as dear", "cheaper"])
def test_where_the_other_station_is_no_dearer_nobody_owes_anything(price: str) -> None:
    town = Failing(price_there=price)
    town.agrees(town.station)
    town.agrees(town.there)

    swaps_after_a_move(town)

    assert not Difference.objects.exists()
    nothing_is_broken()


def test_a_full_refund_leaves_nobody_with_anything_of_it() -> None:
    town = Failing()
    town.agrees(town.station)
    town.agrees(town.there)
    sale = swaps_after_a_move(town)

    checkout.refund(payment=sale.payment, amount=Money(PAID, "EUR"), by=town.fatima, reason="The pack was weak.")
    operations.carry_out_for(sale.payment)

    assert (total_of(town.there.owner, town), total_of(town.station.owner, town)) == (0, 0)
    nothing_is_broken()


def test_a_price_that_changes_after_the_offer_changes_nothing() -> None:
    town = Failing()
    town.agrees(town.station)
    town.agrees(town.there)
    moved = town.moves(town.books(town.driver("Asha")))
    there = Tariff.objects.get(station=town.there)
    tariffs.publish(
        network=there.network,
        station=town.there,
        pack_class=town.pack_class,
        currency="EUR",
        price_per_kwh=Decimal("2.0000"),
        service_fee_minor=100,
        tax_rate_bp=2_300,
        valid_from=clock.database_now(),
    )

    sale = town.pays(town.swaps(town.arrives(moved)))

    assert sale.difference.full_gross_minor == FULL
    nothing_is_broken()


def test_of_two_stations_that_fail_one_after_the_other_the_last_ones_owner_bears_it() -> None:
    town = Failing(price_there="0.6000")
    last = town.dearer("Belém", "0.8000")
    Station.objects.filter(pk=last.pk).update(latitude=38.76)
    for station in (town.station, town.there, last):
        town.agrees(station)
    asha = town.books(town.driver("Asha"))

    twice = town.moves(town.moves(asha))
    sale = town.pays(town.swaps(town.arrives(twice)))

    assert twice.station == last
    assert (sale.difference.failed_owner, sale.difference.failed_station) == (town.there.owner, "Alvalade")
    assert sale.difference.amount_minor == SHORT
    nothing_is_broken()


def test_a_swap_at_ones_own_station_after_staying_has_no_difference() -> None:
    town = Failing()
    town.agrees(town.station)
    asha = town.books(town.driver("Asha"))
    upkeep.mark_station_down(station=town.station, reason="The power has failed.", by=None)
    tasks.plan_moves()
    moving.stay(booking=asha, offer_id=MoveOffer.objects.open().get(booking=asha).pk, by=town.staff)
    upkeep.open_station(station=town.station, by=None)
    town.add_pack()
    tasks.plan_moves()
    time_passes(asha, minutes=1)

    swapped = town.swaps(town.arrives(Booking.objects.get(pk=asha.pk)))

    assert town.pays(swapped).gross_minor
    assert not Difference.objects.exists()
    nothing_is_broken()


def test_without_a_contract_of_the_failed_stations_owner_it_waits_for_finance() -> None:
    town = Failing()
    town.agrees(town.there)

    swaps_after_a_move(town)

    assert Difference.objects.waiting().count() == 1
    assert total_of(town.there.owner, town) == 1_122
    nothing_is_broken()
