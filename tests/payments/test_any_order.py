"""Whatever happens to payments, in whatever order, the promises about money hold afterwards."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Network, Organisation, User
from accounts.refusals import Refusal
from payments import checkout, operations, proofs, settlement
from payments.models import Bearer, Payment, Statement
from payments.money import Money
from tests.factories import payments as money
from tests.payments.card import Card


@dataclass
class Town:
    """Two people in finance, three parties, and whatever payments there are."""

    network: Network
    canal: Organisation
    bank: Organisation
    rossio: Organisation
    fatima: User
    goncalo: User
    payers: list[dict[str, object]] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)

    def one(self, pick: int) -> Payment:
        return Payment.objects.get(pk=self.payments[pick % len(self.payments)].pk)

    def open(self, pick: int, minor: int) -> None:
        payer = self.payers[pick % len(self.payers)]
        self.payments.append(money.opened(self.network, minor=minor, **payer))  # type: ignore[arg-type]  # its keywords

    def carry_out(self, pick: int, minor: int) -> None:
        operations.carry_out_for(self.one(pick))

    def capture(self, pick: int, minor: int) -> None:
        checkout.capture(payment=self.one(pick), sale_terms=money.terms(self.canal, self.bank, minor=minor))

    def capture_after_a_move(self, pick: int, minor: int) -> None:
        moved = money.moved_from(self.rossio, full_minor=4_000)
        sale_terms = money.terms(self.canal, self.bank, minor=minor, moved=moved)
        checkout.capture(payment=self.one(pick), sale_terms=sale_terms)

    def release(self, pick: int, minor: int) -> None:
        checkout.release(payment=self.one(pick), reason="cancelled")

    def refund(self, pick: int, minor: int) -> None:
        checkout.refund(payment=self.one(pick), amount=Money(minor, "EUR"), by=None, reason="weak pack")

    def collect(self, pick: int, minor: int) -> None:
        checkout.collect_again(payment=self.one(pick), by=None)

    def write_off(self, pick: int, minor: int) -> None:
        checkout.write_off(payment=self.one(pick), by=self.fatima, reason="goodwill")

    def agree(self, pick: int, minor: int) -> None:
        money.contract_for(self.canal)
        settlement.work_off_suspense(network=self.network, by=self.fatima)

    def name_a_bearer(self, pick: int, minor: int) -> None:
        money.contract_for(self.rossio, bearer=list(Bearer)[pick % 2])
        settlement.work_off_suspense(network=self.network, by=self.fatima)

    def settle(self, pick: int, minor: int) -> None:
        """Take every statement a step further."""
        until = date(2026, 11, 1 + pick % 20)
        settlement.open_statements(network=self.network, until=until, by=self.fatima)
        for statement in Statement.objects.order_by("id"):
            settlement.propose(statement=statement, by=self.fatima)
            settlement.approve(statement=statement, by=self.goncalo)
            settlement.pay(statement=statement, by=self.goncalo)
            settlement.mark_paid(statement=statement, by=self.goncalo, reference="SEPA")


ACTS: list[Callable[[Town, int, int], None]] = [
    Town.open,
    Town.carry_out,
    Town.carry_out,
    Town.capture,
    Town.capture_after_a_move,
    Town.release,
    Town.refund,
    Town.collect,
    Town.write_off,
    Town.agree,
    Town.name_a_bearer,
    Town.settle,
]
days = st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 50), st.integers(0, 4_000)), max_size=40)


@pytest.mark.django_db
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(days)
def test_no_day_however_strange_breaks_a_promise_about_money(card: Card, day: list[tuple[object, int, int]]) -> None:
    savepoint = transaction.savepoint()
    card.path.unlink(missing_ok=True)
    network = money.network_with_operator()
    town = Town(
        network=network,
        canal=money.party(network, "Canal Street"),
        bank=money.party(network, "Battery Bank"),
        rossio=money.party(network, "Rossio Lda"),
        fatima=money.finance_of(network, "Fatima"),
        goncalo=money.finance_of(network, "Gonçalo"),
    )
    asha = money.driver_with_wallet(network, 5_000)
    fleet = money.fleet_with_credit(network, 5_000)
    town.payers = [{"payer": asha}, {"fleet": fleet}, {"method": "card"}, {"method": "cash"}]
    town.open(0, 3_000)

    for act, pick, minor in day:
        try:
            with transaction.atomic():
                act(town, pick, minor)  # type: ignore[operator]  # one of the acts
        except Refusal:
            # Most acts do not fit most moments: they are refused, and nothing of them is left.
            town.payments = [payment for payment in town.payments if Payment.objects.filter(pk=payment.pk).exists()]
    for payment in town.payments:
        operations.carry_out_for(payment)

    assert [(result.name, result.violations) for result in proofs.run(connection) if result.violations] == []
    transaction.savepoint_rollback(savepoint)
