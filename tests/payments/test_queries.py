"""What a driver can pay with, what blocks them, and what their receipt says."""

from uuid import uuid4

import pytest

from accounts.models import Network, Organisation
from payments import checkout, operations, queries
from payments.money import Money
from tests.factories import payments as money
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db


def test_a_driver_without_a_wallet_has_nothing_to_spend(network: Network) -> None:
    driver = UserFactory()

    (choice,) = queries.methods_for(user=driver, network=network, amount=Money(1_000, "EUR"))

    assert (choice.code, choice.is_available, choice.available) == ("wallet", False, Money(0, "EUR"))
    assert choice.reason == "There is not enough in the wallet."


def test_what_is_held_for_one_booking_does_not_pay_for_another(network: Network) -> None:
    asha = money.driver_with_wallet(network, 3_000)
    money.authorised(money.opened(network, payer=asha, minor=2_500))

    (choice,) = queries.methods_for(user=asha, network=network, amount=Money(1_000, "EUR"))

    assert (choice.is_available, choice.available) == (False, Money(500, "EUR"))


def test_a_balance_of_exactly_the_price_is_enough(network: Network) -> None:
    asha = money.driver_with_wallet(network, 1_000)

    (choice,) = queries.methods_for(user=asha, network=network, amount=Money(1_000, "EUR"))

    assert choice.is_available


def test_a_fleets_account_comes_first_and_says_when_its_limit_is_reached(network: Network) -> None:
    asha = money.driver_with_wallet(network, 1_000)
    fleet = money.fleet_with_credit(network, 900)

    account, wallet = queries.methods_for(user=asha, network=network, organisation=fleet, amount=Money(1_000, "EUR"))

    assert (account.code, account.is_available) == ("account", False)
    assert account.reason == "The fleet's credit limit is reached."
    assert wallet.is_available


def test_a_fleet_without_an_account_in_the_currency_says_so(network: Network) -> None:
    fleet = money.party(network, "Couriers")

    account, _wallet = queries.methods_for(
        user=UserFactory(), network=network, organisation=fleet, amount=Money(1, "EUR")
    )

    assert account.reason == "Couriers has no account in this currency."


def test_a_wallet_of_one_network_pays_nothing_in_another(network: Network) -> None:
    asha = money.driver_with_wallet(network, 1_000)

    (choice,) = queries.methods_for(user=asha, network=money.network_with_operator("porto"))

    assert choice.available == Money(0, "EUR")


def test_a_fleets_unpaid_swap_blocks_the_fleet_and_not_its_driver(
    network: Network, canal: Organisation, bank: Organisation
) -> None:
    fleet, asha = money.fleet_with_credit(network, 2_000), money.driver_with_wallet(network)
    payment = money.authorised(money.opened(network, payer=asha, fleet=fleet, minor=2_000))
    money.captured(payment, money.terms(canal, bank, minor=2_460))

    assert queries.blocked_by_unpaid(network=network, organisation=fleet) is not None
    with pytest.raises(checkout.UnpaidSwap):
        money.opened(network, payer=UserFactory(), fleet=fleet, minor=100)
    assert queries.blocked_by_unpaid(network=network, user=asha) is None
    assert money.opened(network, payer=asha, minor=100).state == "authorising"


def test_nobody_in_particular_is_not_blocked(network: Network) -> None:
    assert queries.blocked_by_unpaid(network=network) is None


def test_a_receipt_has_the_figures_of_the_sale_and_what_became_of_the_money(
    network: Network, canal: Organisation, bank: Organisation
) -> None:
    sale = money.paid_sale(network, canal, bank, minor=2_460)
    checkout.refund(payment=sale.payment, amount=Money(1_000, "EUR"), by=None, reason="weak pack")
    operations.carry_out_for(sale.payment)

    receipt = queries.receipt(sale.reference)

    assert receipt is not None
    assert (receipt.gross, receipt.tax, receipt.net) == (Money(2_460, "EUR"), Money(460, "EUR"), Money(2_000, "EUR"))
    assert (receipt.paid, receipt.refunded, receipt.owed) == (Money(2_460, "EUR"), Money(1_000, "EUR"), Money(0, "EUR"))
    assert (receipt.method_label, receipt.state_label) == ("Wallet", "paid")


def test_there_is_no_receipt_before_the_swap(network: Network) -> None:
    payment = money.authorised(money.opened(network, payer=money.driver_with_wallet(network)))

    card = queries.payment_card(payment.reference)

    assert queries.receipt(payment.reference) is None
    assert card is not None
    assert card.is_sure
    assert queries.payment_card(uuid4()) is None
