"""How much is put into a wallet at once, and how it is paid out again."""

from __future__ import annotations

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from payments import operations, proofs, top_ups, wallet
from payments.money import EXPONENTS, Money
from payments.queries import wallet_balance
from payments.states import OperationState
from tests.factories.payments import authorised, driver_with_wallet, network_with_operator, opened


@pytest.mark.parametrize("currency", sorted(EXPONENTS))
def test_every_currency_that_we_count_in_can_be_topped_up_within_its_limits(currency: str) -> None:
    least, most = top_ups.limits(currency)

    assert all(least <= amount <= most for amount in top_ups.offered(currency))


@pytest.mark.parametrize(
    ("lacking", "enough"), [(1, 1_000), (1_000, 1_000), (1_001, 2_000), (10_001, 10_100), (9_999_999, 50_000)]
)
def test_the_amount_suggested_is_the_smallest_at_a_tap_that_is_enough(lacking: int, enough: int) -> None:
    assert top_ups.enough_for(Money(lacking, "EUR")) == Money(enough, "EUR")


@given(st.integers(1, 10**9), st.sampled_from(sorted(EXPONENTS)))
def test_what_is_suggested_covers_what_is_lacking_or_is_the_most(minor: int, currency: str) -> None:
    suggested = top_ups.enough_for(Money(minor, currency))
    _least, most = top_ups.limits(currency)

    assert suggested == most or Money(minor, currency) <= suggested


# --- And out again --------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_what_is_free_is_paid_out_once_and_the_books_still_balance() -> None:
    network = network_with_operator()
    asha = driver_with_wallet(network, 2_000)
    planned = wallet.pay_out(user=asha, network=network, amount=Money(1_500, "EUR"), by=None, reason="leaves", key="k")

    for _time in range(2):
        operations.carry_out(planned.pk)

    assert wallet_balance(user=asha, network=network) == Money(500, "EUR")
    assert [result.sentence for result in proofs.run(connection) if not result.holds] == []


@pytest.mark.django_db
@pytest.mark.parametrize("minor", [-1, 0, 2_001])
def test_no_more_is_paid_out_than_is_free(minor: int) -> None:
    network = network_with_operator()
    asha = driver_with_wallet(network, 2_000)

    with pytest.raises(wallet.NothingToPayOut):
        wallet.pay_out(user=asha, network=network, amount=Money(minor, "EUR"), by=None, reason="leaves")


@pytest.mark.django_db
def test_what_was_spent_meanwhile_is_not_paid_out() -> None:
    network = network_with_operator()
    asha = driver_with_wallet(network, 2_000)
    planned = wallet.pay_out(user=asha, network=network, amount=Money(1_500, "EUR"), by=None, reason="leaves")
    authorised(opened(network, payer=asha, minor=1_000))

    done = operations.carry_out(planned.pk)

    assert done is not None
    assert done.state == OperationState.REFUSED
    assert wallet_balance(user=asha, network=network) == Money(2_000, "EUR")
