"""A difference is settled while its swap is refunded, or by two at once. Each also without its guard."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection

from accounts.models import Network, Organisation
from payments import checkout, ledger, operations, proofs, settlement
from payments.models import Bearer, Difference, Sale, Transfer
from payments.money import Money
from payments.states import OperationKind, TransferKind
from tests.concurrency.race import no_row_locks, second_while_first_holds
from tests.factories import payments as money

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("nobody_is_nudged")]

Act = Callable[[], object]


@pytest.fixture
def rossio(network: Network) -> Organisation:
    """Owns the station that failed, and had no contract when the driver swapped elsewhere."""
    return money.party(network, "Rossio Lda")


@pytest.fixture
def sale(canal: Organisation, bank: Organisation, rossio: Organisation) -> Sale:
    money.contract_for(canal)
    return money.paid_sale(canal.network, canal, bank, moved=money.moved_from(rossio, full_minor=3_690))


@pytest.fixture
def settles(sale: Sale, rossio: Organisation) -> Act:
    fatima = money.finance_of(rossio.network, "Fatima")
    contract = money.contract_for(rossio)
    return lambda: settlement.assign_bearer(sale=sale, contract=contract, by=fatima)


@pytest.fixture
def refunds(sale: Sale) -> Act:
    """Half of the price goes back."""
    checkout.refund(payment=sale.payment, amount=Money(1_230, "EUR"), by=None, reason="weak pack")
    operation = sale.payment.operations.get(kind=OperationKind.REFUND)
    return lambda: operations.carry_out(operation.pk)


def borne_by(owner: Organisation) -> int:
    return -ledger.balance(ledger.party_account(organisation=owner, currency="EUR")).amount_minor


def broken() -> list[str]:
    return [result.sentence for result in proofs.run(connection) if not result.holds]


@pytest.mark.parametrize("refunds_first", [True, False], ids=["the refund first", "the settling first"])
def test_what_a_refund_takes_is_not_borne_whichever_comes_first(
    settles: Act, refunds: Act, rossio: Organisation, *, refunds_first: bool
) -> None:
    first, second = (refunds, settles) if refunds_first else (settles, refunds)

    outcomes = second_while_first_holds(first, second)

    assert outcomes == ("done", "done")
    assert borne_by(rossio) == 500
    assert broken() == []


def test_without_the_payments_lock_a_refund_at_that_moment_would_be_missed(
    settles: Act, refunds: Act, rossio: Organisation
) -> None:
    with no_row_locks():
        second_while_first_holds(refunds, settles)

    assert borne_by(rossio) == 1_000
    assert broken() != []


def test_two_contracts_named_at_once_settle_it_once(
    settles: Act, sale: Sale, bank: Organisation, rossio: Organisation
) -> None:
    goncalo = money.finance_of(rossio.network, "Gonçalo")
    other = money.contract_for(rossio, bank, bearer=Bearer.OPERATOR)

    outcomes = second_while_first_holds(
        settles, lambda: settlement.assign_bearer(sale=sale, contract=other, by=goncalo)
    )

    assert outcomes == ("done", "done")
    assert Transfer.objects.filter(kind=TransferKind.DIFFERENCE).count() == 1
    assert (Difference.objects.get().contract.difference_bearer, borne_by(rossio)) == (Bearer.OWNER, 1_000)
    assert broken() == []


@pytest.fixture
def refund_and_split(network: Network, canal: Organisation, bank: Organisation) -> list[Act]:
    """Half of the price of a swap goes back, and finance names the contract that it waits for."""
    fatima = money.finance_of(network, "Fatima")
    waiting = money.paid_sale(network, canal, bank)
    contract = money.contract_for(canal)
    checkout.refund(payment=waiting.payment, amount=Money(1_230, "EUR"), by=None, reason="weak pack")
    operation = waiting.payment.operations.get(kind=OperationKind.REFUND)
    return [
        lambda: operations.carry_out(operation.pk),
        lambda: settlement.assign_contract(sale=waiting, contract=contract, by=fatima),
    ]


@pytest.mark.parametrize("refunds_first", [True, False], ids=["the refund first", "the split first"])
def test_a_swap_that_waits_is_split_and_refunded_whichever_comes_first(
    refund_and_split: list[Act], canal: Organisation, *, refunds_first: bool
) -> None:
    outcomes = second_while_first_holds(*(refund_and_split if refunds_first else reversed(refund_and_split)))

    assert outcomes == ("done", "done")
    assert borne_by(canal) == -500
    assert broken() == []


def test_without_the_payments_lock_a_split_would_share_what_is_being_given_back(refund_and_split: list[Act]) -> None:
    with no_row_locks():
        second_while_first_holds(*refund_and_split)

    assert broken() != []
