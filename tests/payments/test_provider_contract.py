"""What every way to pay does, whoever is behind it: the wallet, a fleet's account, and a card company outside."""

from collections.abc import Callable

import pytest

from accounts.models import Network, Organisation
from payments import checkout, ledger, operations
from payments.models import Payment
from payments.money import Money
from payments.providers import provider_for
from payments.states import PaymentState
from tests.factories import payments as money
from tests.payments.card import Card

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("nobody_is_nudged")]

Open = Callable[[int], Payment]


@pytest.fixture(params=["wallet", "account", "card"])
def open_payment(request: pytest.FixtureRequest, network: Network, card: Card) -> Open:
    """A payer with 100.00 who opens payments."""
    driver = money.driver_with_wallet(network, 10_000)
    fleet = money.fleet_with_credit(network, 10_000) if request.param == "account" else None
    return lambda minor: money.opened(network, payer=driver, fleet=fleet, method=request.param, minor=minor)


def settled(payment: Payment) -> Payment:
    """Carry out all there is to do, answers that were lost included."""
    for _second in range(4):
        payment = operations.carry_out_for(payment)
    return payment


def test_what_is_authorised_cannot_be_authorised_again(open_payment: Open) -> None:
    first, second = settled(open_payment(6_000)), settled(open_payment(6_000))

    assert (first.state, second.state) == (PaymentState.AUTHORISED, PaymentState.REFUSED)
    assert second.reason


def test_what_is_not_captured_is_free_again(open_payment: Open, canal: Organisation, bank: Organisation) -> None:
    payment = settled(open_payment(9_000))

    settled(checkout.capture(payment=payment, sale_terms=money.terms(canal, bank, minor=2_460)))

    assert settled(open_payment(7_540)).state == PaymentState.AUTHORISED


def test_what_is_released_is_free_again(open_payment: Open) -> None:
    payment = settled(open_payment(9_000))

    settled(checkout.release(payment=payment, reason="cancelled"))

    assert settled(open_payment(10_000)).state == PaymentState.AUTHORISED


def test_what_is_refunded_is_free_again(open_payment: Open, canal: Organisation, bank: Organisation) -> None:
    payment = settled(open_payment(9_000))
    payment = settled(checkout.capture(payment=payment, sale_terms=money.terms(canal, bank, minor=9_000)))
    checkout.refund(payment=payment, amount=Money(4_000, "EUR"), by=None, reason="weak pack")

    payment = settled(payment)

    assert (payment.captured_minor, payment.refunded_minor) == (9_000, 4_000)
    assert settled(open_payment(5_000)).state == PaymentState.AUTHORISED


def test_what_the_hold_does_not_cover_is_collected(open_payment: Open, canal: Organisation, bank: Organisation) -> None:
    payment = settled(open_payment(2_000))

    payment = settled(checkout.capture(payment=payment, sale_terms=money.terms(canal, bank, minor=2_460)))

    assert (payment.state, payment.captured_minor) == (PaymentState.CAPTURED, 2_460)


def test_carrying_an_operation_out_again_changes_nothing(open_payment: Open) -> None:
    payment = settled(open_payment(6_000))

    assert operations.carry_out(payment.operations.get().pk) is None

    assert settled(open_payment(4_000)).state == PaymentState.AUTHORISED


def test_the_ledger_says_the_same_as_the_payment(open_payment: Open, canal: Organisation, bank: Organisation) -> None:
    payment = settled(open_payment(3_000))
    source = provider_for(payment.method).source(payment)
    before = ledger.balance(source)

    payment = settled(checkout.capture(payment=payment, sale_terms=money.terms(canal, bank, minor=2_460)))

    assert ledger.balance(source) == before - payment.captured
    assert ledger.open_hold(payment) is None
