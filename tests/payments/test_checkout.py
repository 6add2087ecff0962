"""A booking's money from authorisation to refund: kept at most once, never for a swap that did not happen."""

from collections.abc import Callable
from uuid import uuid4

import pytest

from accounts.models import Network, Organisation, User
from payments import checkout, ledger, operations, queries, sales, wallet
from payments.models import Payment, PaymentOperation, Sale
from payments.money import CurrencyMismatch, Money
from payments.providers import MethodNotOffered
from payments.states import AccountKind, PaymentState
from tests.factories import payments as money

pytestmark = pytest.mark.django_db


@pytest.fixture
def asha(network: Network) -> User:
    return money.driver_with_wallet(network, 10_000, "Asha")


def available(user: User, network: Network) -> int:
    return queries.wallet_available(user=user, network=network).amount_minor


def balance_of(network: Network, kind: AccountKind, organisation: Organisation | None = None) -> int:
    account = ledger.account(network=network, kind=kind, currency=network.currency, organisation=organisation)
    return ledger.balance(account).amount_minor


def test_opening_a_payment_asks_nobody_yet(network: Network, asha: User) -> None:
    payment = money.opened(network, payer=asha)

    assert payment.state == PaymentState.AUTHORISING
    assert available(asha, network) == 10_000


def test_an_authorised_amount_can_no_longer_be_spent(network: Network, asha: User) -> None:
    payment = money.authorised(money.opened(network, payer=asha, minor=3_000))

    assert payment.state == PaymentState.AUTHORISED
    assert available(asha, network) == 7_000
    assert queries.wallet_balance(user=asha, network=network).amount_minor == 10_000


def test_a_wallet_with_too_little_is_refused_with_a_sentence(network: Network, asha: User) -> None:
    payment = money.authorised(money.opened(network, payer=asha, minor=10_001))

    assert (payment.state, payment.reason_code) == (PaymentState.REFUSED, "balance_too_low")
    assert payment.reason == "There is not enough in the wallet."
    assert available(asha, network) == 10_000


def test_capturing_less_than_was_held_frees_the_rest(
    network: Network, asha: User, canal: Organisation, bank: Organisation
) -> None:
    payment = money.authorised(money.opened(network, payer=asha, minor=3_000))

    payment = money.captured(payment, money.terms(canal, bank, minor=2_460))

    assert (payment.state, payment.captured_minor) == (PaymentState.CAPTURED, 2_460)
    assert available(asha, network) == 7_540


def test_a_swap_dearer_than_its_hold_is_collected_from_the_wallet(
    network: Network, asha: User, canal: Organisation, bank: Organisation
) -> None:
    payment = money.authorised(money.opened(network, payer=asha, minor=2_000))

    payment = money.captured(payment, money.terms(canal, bank, minor=2_460))

    assert (payment.state, payment.captured_minor) == (PaymentState.CAPTURED, 2_460)
    assert available(asha, network) == 7_540


def test_what_neither_hold_nor_wallet_covers_is_owed_and_blocks_the_next_booking(
    network: Network, canal: Organisation, bank: Organisation
) -> None:
    bala = money.driver_with_wallet(network, 2_000, "Bala")
    payment = money.authorised(money.opened(network, payer=bala, minor=2_000))

    payment = money.captured(payment, money.terms(canal, bank, minor=2_460))

    assert (payment.state, payment.captured_minor) == (PaymentState.OWED, 2_000)
    card = queries.blocked_by_unpaid(network=network, user=bala)
    assert card is not None
    assert card.owed == Money(460, "EUR")
    with pytest.raises(checkout.UnpaidSwap):
        money.opened(network, payer=bala, minor=100)


def test_a_debt_is_collected_after_a_top_up_and_the_driver_can_book_again(
    network: Network, canal: Organisation, bank: Organisation
) -> None:
    bala = money.driver_with_wallet(network, 2_000, "Bala")
    payment = money.authorised(money.opened(network, payer=bala, minor=2_000))
    payment = money.captured(payment, money.terms(canal, bank, minor=2_460))
    operations.carry_out(
        wallet.top_up(user=bala, network=network, amount=Money(1_000, "EUR"), by=None, reason="counter").pk
    )

    payment = operations.carry_out_for(checkout.collect_again(payment=payment, by=bala))

    assert (payment.state, payment.captured_minor) == (PaymentState.CAPTURED, 2_460)
    assert money.opened(network, payer=bala, minor=100).state == PaymentState.AUTHORISING


def test_a_debt_that_is_still_not_there_stays_owed_under_a_new_key(
    network: Network, canal: Organisation, bank: Organisation
) -> None:
    bala = money.driver_with_wallet(network, 2_000, "Bala")
    payment = money.authorised(money.opened(network, payer=bala, minor=2_000))
    payment = money.captured(payment, money.terms(canal, bank, minor=2_460))

    payment = operations.carry_out_for(checkout.collect_again(payment=payment, by=bala))

    assert payment.state == PaymentState.OWED
    keys = PaymentOperation.objects.filter(payment=payment, kind="collect").order_by("id").values_list("key", flat=True)
    assert list(keys) == [f"{payment.reference}:collect:1", f"{payment.reference}:collect:2"]


def test_a_debt_that_is_written_off_pays_the_parties_out_of_the_operators_pocket(
    network: Network, canal: Organisation, bank: Organisation
) -> None:
    money.contract_for(canal)
    bala = money.driver_with_wallet(network, 2_000, "Bala")
    payment = money.authorised(money.opened(network, payer=bala, minor=2_000))
    payment = money.captured(payment, money.terms(canal, bank, minor=2_460))

    payment = checkout.write_off(payment=payment, by=money.finance_of(network, "Fatima"), reason="goodwill")

    assert payment.state == PaymentState.WRITTEN_OFF
    assert balance_of(network, AccountKind.PAYABLE, canal) == 1_000
    assert balance_of(network, AccountKind.OPERATOR) == 400 - 460
    assert queries.blocked_by_unpaid(network=network, user=bala) is None


def test_a_swap_started_before_the_money_was_sure_is_captured_when_it_comes(
    network: Network, asha: User, canal: Organisation, bank: Organisation
) -> None:
    payment = money.opened(network, payer=asha, minor=3_000)

    payment = checkout.capture(payment=payment, sale_terms=money.terms(canal, bank, minor=2_460))
    payment = operations.carry_out_for(payment)

    assert (payment.state, payment.captured_minor) == (PaymentState.CAPTURED, 2_460)
    assert available(asha, network) == 7_540


@pytest.mark.parametrize("when", ["before the answer", "after the answer"])
def test_a_swap_given_out_although_the_money_was_refused_is_on_the_list(
    network: Network, canal: Organisation, bank: Organisation, when: str
) -> None:
    bala = money.driver_with_wallet(network, 500, "Bala")
    payment = money.opened(network, payer=bala, minor=3_000)
    if when == "after the answer":
        payment = money.authorised(payment)

    payment = money.captured(payment, money.terms(canal, bank, minor=2_460))

    assert (payment.state, payment.reason_code) == (PaymentState.OWED, "balance_too_low")
    assert Sale.objects.get(payment=payment).paid_at is None


def test_recording_a_swap_twice_takes_the_money_once(
    network: Network, asha: User, canal: Organisation, bank: Organisation
) -> None:
    payment = money.authorised(money.opened(network, payer=asha, minor=3_000))
    terms = money.terms(canal, bank, minor=2_460)

    for _again in range(2):
        payment = money.captured(payment, terms)

    assert available(asha, network) == 7_540
    assert Sale.objects.count() == 1


def test_a_swap_that_costs_nothing_frees_the_whole_hold(
    network: Network, asha: User, canal: Organisation, bank: Organisation
) -> None:
    payment = money.authorised(money.opened(network, payer=asha, minor=3_000))

    payment = money.captured(payment, money.terms(canal, bank, minor=0))

    assert payment.state == PaymentState.CAPTURED
    assert available(asha, network) == 10_000


def test_a_released_hold_is_free_again_and_releasing_twice_is_harmless(network: Network, asha: User) -> None:
    payment = money.authorised(money.opened(network, payer=asha, minor=3_000))

    for _again in range(2):
        payment = operations.carry_out_for(checkout.release(payment=payment, reason="cancelled"))

    assert payment.state == PaymentState.RELEASED
    assert available(asha, network) == 10_000


def test_a_payment_released_before_anybody_was_asked_never_asks(network: Network, asha: User) -> None:
    payment = money.opened(network, payer=asha)

    payment = operations.carry_out_for(checkout.release(payment=payment, reason="cancelled"))

    assert payment.state == PaymentState.RELEASED
    assert payment.operations.get().state == "dropped"


def test_a_fleet_swaps_on_account_within_its_limit_with_holds_counted(network: Network) -> None:
    fleet = money.fleet_with_credit(network, 5_000)
    first = money.authorised(money.opened(network, fleet=fleet, minor=3_000))

    second = money.authorised(money.opened(network, fleet=fleet, minor=3_000))

    assert first.state == PaymentState.AUTHORISED
    assert (second.state, second.reason_code) == (PaymentState.REFUSED, "fleet_limit_reached")


def test_cash_for_a_walk_in_is_owed_by_the_station(network: Network, canal: Organisation, bank: Organisation) -> None:
    payment = money.authorised(money.opened(network, method="cash", minor=2_000))

    payment = money.captured(payment, money.terms(canal, bank, minor=2_460))

    assert (payment.state, payment.captured_minor) == (PaymentState.CAPTURED, 2_460)
    assert balance_of(network, AccountKind.CASH, canal) == -2_460


def test_a_full_refund_in_pieces_brings_every_account_back_to_where_it_was(
    network: Network, asha: User, canal: Organisation, bank: Organisation
) -> None:
    money.contract_for(canal)
    payment = money.authorised(money.opened(network, payer=asha, minor=3_000))
    payment = money.captured(payment, money.terms(canal, bank, minor=2_461))

    for minor in (1, 999, 700, 761):
        checkout.refund(payment=payment, amount=Money(minor, "EUR"), by=None, reason="pack was weak")
        payment = operations.carry_out_for(payment)

    assert payment.refunded_minor == 2_461
    assert available(asha, network) == 10_000
    assert balance_of(network, AccountKind.TAX) == 0
    assert balance_of(network, AccountKind.SUSPENSE) == 0
    assert balance_of(network, AccountKind.OPERATOR) == 0
    assert balance_of(network, AccountKind.PAYABLE, canal) == 0
    assert balance_of(network, AccountKind.PAYABLE, bank) == 0


def test_a_refund_before_the_split_leaves_less_to_split(
    network: Network, asha: User, canal: Organisation, bank: Organisation
) -> None:
    payment = money.authorised(money.opened(network, payer=asha, minor=3_000))
    payment = money.captured(payment, money.terms(canal, bank, minor=2_460))

    checkout.refund(payment=payment, amount=Money(1_230, "EUR"), by=None, reason="half")
    payment = operations.carry_out_for(payment)

    assert balance_of(network, AccountKind.TAX) == 230
    assert balance_of(network, AccountKind.SUSPENSE) == 1_000


def test_what_was_refunded_before_the_split_is_not_split(
    network: Network, asha: User, canal: Organisation, bank: Organisation
) -> None:
    payment = money.authorised(money.opened(network, payer=asha, minor=3_000))
    payment = money.captured(payment, money.terms(canal, bank, minor=2_460))
    checkout.refund(payment=payment, amount=Money(1_230, "EUR"), by=None, reason="half")
    payment = operations.carry_out_for(payment)
    money.contract_for(canal)

    sales.split(sale=payment.sale, by=None)

    assert balance_of(network, AccountKind.SUSPENSE) == 0
    assert balance_of(network, AccountKind.PAYABLE, canal) == 500


@pytest.mark.parametrize("minor", [0, -5, 2_461])
def test_only_what_was_paid_can_be_refunded(
    network: Network, asha: User, canal: Organisation, bank: Organisation, minor: int
) -> None:
    payment = money.authorised(money.opened(network, payer=asha, minor=3_000))
    payment = money.captured(payment, money.terms(canal, bank, minor=2_460))

    with pytest.raises(checkout.TooMuchToRefund):
        checkout.refund(payment=payment, amount=Money(minor, "EUR"), by=None, reason="mistake")


def test_the_way_to_pay_must_exist_and_fit_who_pays(network: Network, asha: User) -> None:
    with pytest.raises(MethodNotOffered):
        money.opened(network, payer=asha, method="shells")
    with pytest.raises(MethodNotOffered):
        money.opened(network, payer=None, method="wallet")
    with pytest.raises(MethodNotOffered):
        money.opened(network, payer=asha, method="account")


def test_a_swap_in_another_currency_than_its_booking_is_refused(
    network: Network, asha: User, bank: Organisation
) -> None:
    bangkok = money.network_with_operator("bangkok", "THB", "Asia/Bangkok")
    payment = money.authorised(money.opened(network, payer=asha))

    with pytest.raises(checkout.NotInThisCurrency):
        checkout.capture(payment=payment, sale_terms=money.terms(money.party(bangkok, "Silom"), bank))
    with pytest.raises(CurrencyMismatch):
        _mixed = Money(1, "EUR") + Money(1, "THB")


def test_a_top_up_of_nothing_is_refused(network: Network, asha: User) -> None:
    with pytest.raises(wallet.NothingToTopUp):
        wallet.top_up(user=asha, network=network, amount=Money(0, "EUR"), by=None, reason="")


def _capture(payment: Payment) -> None:
    owner = money.party(payment.network, f"Owner {uuid4().hex[:6]}")
    checkout.capture(payment=payment, sale_terms=money.terms(owner, owner))


def _refund(payment: Payment) -> None:
    checkout.refund(payment=payment, amount=Money(1, "EUR"), by=None, reason="")


def _collect(payment: Payment) -> None:
    checkout.collect_again(payment=payment, by=None)


def _write_off(payment: Payment) -> None:
    checkout.write_off(payment=payment, by=money.finance_of(payment.network, "Fatima"), reason="")


def _release(payment: Payment) -> None:
    checkout.release(payment=payment, reason="")


REFUSED_STEPS = [
    *[(_capture, state) for state in PaymentState if state not in {"authorising", "authorised", "refused"}],
    *[(_refund, state) for state in PaymentState if state != "captured"],
    *[(_collect, state) for state in PaymentState if state != "owed"],
    *[(_write_off, state) for state in PaymentState if state != "owed"],
    *[(_release, state) for state in ("capturing", "captured", "owed", "written_off")],
]


@pytest.mark.parametrize(("ask", "state"), REFUSED_STEPS)
def test_a_step_that_the_table_does_not_know_is_refused_and_changes_nothing(
    network: Network, asha: User, ask: Callable[[Payment], None], state: PaymentState
) -> None:
    payment = money.opened(network, payer=asha)
    Payment.objects.filter(pk=payment.pk).update(state=state)

    with pytest.raises(checkout.StepRefused):
        ask(payment)

    payment.refresh_from_db()
    assert payment.state == state
    assert payment.operations.count() == 1
