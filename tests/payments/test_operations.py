"""The intention is in a row before anybody is asked: whatever dies, drops or doubles, there is one effect."""

import os
import signal
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connections
from django.db.models.functions import Now
from django.dispatch import Signal

from accounts.models import Network, Organisation
from payments import casework, checkout, intents, ledger, operations, tasks
from payments.models import Payment, PaymentOperation, Transfer
from payments.providers.base import Refused
from payments.signals import payment_about_to_change, payment_authorised, payment_captured, payment_refused
from payments.states import OperationState, PaymentState
from tests.factories import payments as money
from tests.payments.card import Card, CardProvider


class Killed(BaseException):
    """kill -9, as far as Python code can tell: nothing catches it, nothing is cleaned up."""


def by_card(network: Network, minor: int = 3_000) -> Payment:
    return money.opened(network, method="card", minor=minor)


def the_lease_ends() -> None:
    """Move the rows: nobody can move the database's clock."""
    PaymentOperation.objects.under_way().filter(needs_person=False).update(due_at=Now() - timedelta(seconds=1))


def operation_of(payment: Payment) -> PaymentOperation:
    return payment.operations.latest("id")


def killed(*_args: object, **_kwargs: object) -> None:
    raise Killed


def before_the_call(monkeypatch: pytest.MonkeyPatch, card: Card) -> None:
    card.before = killed


def after_the_effect(monkeypatch: pytest.MonkeyPatch, card: Card) -> None:
    card.after = killed


def before_the_answer_is_written(monkeypatch: pytest.MonkeyPatch, card: Card) -> None:
    monkeypatch.setattr(intents, "settle", killed)


def before_the_commit(monkeypatch: pytest.MonkeyPatch, card: Card) -> None:
    monkeypatch.setattr(payment_authorised, "send", killed)


POINTS = [before_the_call, after_the_effect, before_the_answer_is_written, before_the_commit]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("point", POINTS)
def test_a_worker_killed_at_any_point_leaves_one_hold_in_the_end(
    network: Network, card: Card, point: Callable[[pytest.MonkeyPatch, Card], None]
) -> None:
    payment = by_card(network)
    with pytest.MonkeyPatch.context() as monkeypatch:
        point(monkeypatch, card)
        with pytest.raises(Killed):
            operations.carry_out_for(payment)
    card.before = card.after = lambda: None

    still_leased = operations.carry_out_for(payment).state
    the_lease_ends()
    payment = operations.carry_out_for(payment)

    assert still_leased == PaymentState.AUTHORISING
    assert payment.state == PaymentState.AUTHORISED
    assert card.books["effects"] == ["authorise 3000"]
    assert Transfer.objects.filter(payment=payment, stage="pending").count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("point", POINTS)
def test_a_process_that_is_really_killed_leaves_one_hold_in_the_end(
    network: Network, card: Card, point: Callable[[pytest.MonkeyPatch, Card], None]
) -> None:
    payment = by_card(network)
    connections.close_all()
    child = os.fork()
    if child == 0:
        monkeypatch = pytest.MonkeyPatch()
        point(monkeypatch, card)
        try:
            operations.carry_out_for(payment)
        except Killed:
            os.kill(os.getpid(), signal.SIGKILL)
        os._exit(0)
    _pid, status = os.waitpid(child, 0)

    the_lease_ends()
    payment = operations.carry_out_for(payment)

    assert os.WTERMSIG(status) == signal.SIGKILL
    assert payment.state == PaymentState.AUTHORISED
    assert card.books["effects"] == ["authorise 3000"]


@pytest.mark.django_db
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_lost_answer_is_looked_up_before_anybody_is_asked_again(network: Network, card: Card, when: str) -> None:
    payment = by_card(network)
    card.lose(when)
    operations.carry_out_for(payment)
    unknown = operation_of(payment)
    the_lease_ends()

    payment = operations.carry_out_for(payment)

    assert unknown.state == OperationState.UNKNOWN
    assert payment.state == PaymentState.AUTHORISED
    assert card.books["effects"] == ["authorise 3000"]
    assert operation_of(payment).key == unknown.key


@pytest.mark.django_db
def test_silence_is_waited_out_twice_as_long_each_time(network: Network, card: Card) -> None:
    payment = by_card(network)
    waits = []

    for _silence in range(3):
        card.lose("before")
        operations.carry_out_for(payment)
        operation = PaymentOperation.objects.annotate(now=Now()).get(payment=payment)
        waits.append(round((operation.due_at - operation.now).total_seconds()))  # type: ignore[operator]  # it has one
        the_lease_ends()

    assert waits == [2, 4, 8]


@pytest.mark.django_db
def test_a_key_that_the_provider_may_have_forgotten_is_left_to_a_person(network: Network, card: Card) -> None:
    payment = by_card(network)
    card.lose("before")
    operations.carry_out_for(payment)
    PaymentOperation.objects.update(first_called_at=Now() - timedelta(hours=21))
    the_lease_ends()
    card.lose("before")

    operations.carry_out_for(payment)

    operation = operation_of(payment)
    assert (operation.needs_person, operation.due_at) == (True, None)
    assert operations.due_ids() == []


@pytest.mark.django_db
def test_a_person_sends_it_on_its_way_again(network: Network, card: Card) -> None:
    payment = by_card(network)
    PaymentOperation.objects.update(state="unknown", needs_person=True, due_at=None)

    intents.try_again(operation=operation_of(payment), by=money.finance_of(network, "Fatima"))

    assert operations.carry_out_for(payment).state == PaymentState.AUTHORISED


@pytest.mark.django_db(transaction=True)
def test_of_two_workers_on_one_operation_one_calls(network: Network, card: Card) -> None:
    payment = by_card(network)
    calling, other_is_done = threading.Event(), threading.Event()
    calls: list[str] = []

    def wait_for_the_other() -> None:
        calls.append(threading.current_thread().name)
        calling.set()
        other_is_done.wait(10)

    card.before = wait_for_the_other
    first = threading.Thread(target=_carry_out_and_close, args=(operation_of(payment).pk,))
    first.start()
    calling.wait(10)

    second = operations.carry_out(operation_of(payment).pk)
    other_is_done.set()
    first.join(10)

    assert second is None
    assert len(calls) == 1
    payment.refresh_from_db()
    assert payment.state == PaymentState.AUTHORISED


@pytest.mark.django_db(transaction=True)
def test_a_slow_worker_that_comes_back_after_its_lease_changes_nothing(network: Network, card: Card) -> None:
    payment = by_card(network)
    announced: list[Payment] = []
    listener = lambda payment, **_: announced.append(payment)  # noqa: E731  # kept by name, signals hold it weakly
    payment_authorised.connect(listener)

    def meanwhile_another_does_it() -> None:
        card.after = lambda: None
        the_lease_ends()
        operations.carry_out_for(payment)

    card.after = meanwhile_another_does_it
    operations.carry_out_for(payment)

    payment.refresh_from_db()
    assert payment.state == PaymentState.AUTHORISED
    assert len(announced) == 1
    assert Transfer.objects.filter(payment=payment).count() == 1


@pytest.mark.django_db(transaction=True)
def test_nobody_outside_is_asked_inside_a_transaction(network: Network, card: Card) -> None:
    inside: list[bool] = []
    card.before = lambda: inside.append(connections["default"].in_atomic_block)

    operations.carry_out_for(by_card(network))

    assert inside == [False]


@pytest.mark.django_db
def test_a_hold_that_is_found_after_its_booking_was_cancelled_is_let_go(network: Network, card: Card) -> None:
    payment = by_card(network)
    card.lose("after")
    operations.carry_out_for(payment)
    payment = checkout.release(payment=payment, reason="cancelled")
    waiting = payment.state
    the_lease_ends()

    payment = operations.carry_out_for(payment)

    assert (waiting, payment.state) == (PaymentState.RELEASING, PaymentState.RELEASED)
    assert card.books["effects"] == ["authorise 3000", "release 0"]
    assert ledger.open_hold(payment) is None


@pytest.mark.django_db
def test_a_refusal_that_is_found_after_its_booking_was_cancelled_ends_it(network: Network, card: Card) -> None:
    payment = by_card(network, 99_000)
    card.lose("after")
    operations.carry_out_for(payment)
    checkout.release(payment=payment, reason="cancelled")
    the_lease_ends()

    assert operations.carry_out_for(payment).state == PaymentState.RELEASED


@pytest.mark.django_db
def test_a_hold_that_lapsed_before_the_capture_is_collected_without_it(
    network: Network, card: Card, canal: Organisation, bank: Organisation
) -> None:
    payment = operations.carry_out_for(by_card(network))
    card.lapse_holds()

    payment = money.captured(payment, money.terms(canal, bank, minor=2_460))

    assert (payment.state, payment.captured_minor) == (PaymentState.CAPTURED, 2_460)
    assert card.books["effects"] == ["authorise 3000", "collect 2460"]
    assert ledger.open_hold(payment) is None


@pytest.mark.django_db
def test_a_card_that_refuses_even_that_is_owed_and_on_the_list(
    network: Network, card: Card, canal: Organisation, bank: Organisation
) -> None:
    payment = operations.carry_out_for(by_card(network))
    card.lapse_holds()
    card.funds = 0

    payment = money.captured(payment, money.terms(canal, bank, minor=2_460))

    assert (payment.state, payment.reason_code) == (PaymentState.OWED, "card_declined")


@pytest.mark.django_db
def test_facts_are_announced_after_the_listener_could_lock_what_comes_first(
    network: Network, canal: Organisation, bank: Organisation
) -> None:
    heard: list[Signal] = []

    def hear(signal: Signal, **_fact: object) -> None:
        heard.append(signal)

    for fact in (payment_about_to_change, payment_authorised, payment_captured, payment_refused):
        fact.connect(hear)
    asha = money.driver_with_wallet(network, 3_000)

    money.authorised(money.opened(network, payer=asha, minor=9_000))
    payment = money.authorised(money.opened(network, payer=asha, minor=3_000))
    money.captured(payment, money.terms(canal, bank, minor=2_460))

    first = payment_about_to_change
    assert heard == [first, payment_refused, first, payment_authorised, first, payment_captured]


@pytest.mark.django_db
def test_the_sweep_sends_each_due_operation_on_its_own_way(
    network: Network, card: Card, monkeypatch: pytest.MonkeyPatch
) -> None:
    due, later = by_card(network), by_card(network)
    later.operations.update(due_at=Now() + timedelta(seconds=30))
    sent: list[tuple[int]] = []
    monkeypatch.setattr(tasks.carry_out, "apply_async", lambda args, expires: sent.append(args))

    tasks.carry_out_due()

    assert sent == [(operation_of(due).pk,)]


@pytest.mark.django_db
def test_the_same_thing_is_not_asked_twice_at_once(network: Network, canal: Organisation, bank: Organisation) -> None:
    sale = money.paid_sale(network, canal, bank)
    checkout.refund(payment=sale.payment, amount=sale.gross, by=None, reason="weak pack")

    with pytest.raises(intents.AnotherIsUnderWay):
        checkout.refund(payment=sale.payment, amount=sale.gross, by=None, reason="weak pack")


def _carry_out_and_close(operation_id: int) -> None:
    try:
        operations.carry_out(operation_id)
    finally:
        connections.close_all()


@pytest.mark.django_db
def test_a_release_that_is_refused_is_on_the_list_and_can_be_asked_for_anew(
    network: Network, card: Card, monkeypatch: pytest.MonkeyPatch
) -> None:
    fatima = money.finance_of(network, "Fatima")
    payment = operations.carry_out_for(by_card(network))
    checkout.release(payment=payment, reason="cancelled")
    with pytest.MonkeyPatch.context() as company:
        company.setattr(CardProvider, "ask", lambda _provider, _operation: Refused("closed", "We are closed."))
        payment = operations.carry_out_for(payment)
    listed = list(casework.operations_for_a_person(fatima))

    payment = operations.carry_out_for(checkout.release(payment=payment, reason="asked again"))

    assert [operation.kind for operation in listed] == ["release"]
    assert payment.state == PaymentState.RELEASED
    assert card.books["effects"] == ["authorise 3000", "release 0"]
    assert not casework.operations_for_a_person(fatima).exists()
