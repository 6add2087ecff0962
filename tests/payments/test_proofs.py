"""Each check is fed rows that break its promise, as only the tables' owner could make them, and sees it."""

from datetime import date

import pytest
from django.db import connection

from accounts.models import Network, Organisation
from payments import checkout, operations, proofs, settlement
from payments.models import Sale, Statement
from payments.money import Money
from tests.factories import payments as money

pytestmark = pytest.mark.django_db

TABLES = [
    "accountlimit",
    "contract",
    "difference",
    "ledgeraccount",
    "payment",
    "paymentoperation",
    "sale",
    "salepart",
    "statement",
    "statementline",
    "transfer",
]


@pytest.fixture
def busy(network: Network, canal: Organisation, bank: Organisation) -> Sale:
    """A network with a little of everything in it: paid, owed, released, refunded, in suspense, on a paid statement."""
    fatima, goncalo = money.finance_of(network, "Fatima"), money.finance_of(network, "Gonçalo")
    money.contract_for(canal)
    first = money.paid_sale(network, canal, bank)
    fleet = money.fleet_with_credit(network)
    money.paid_sale(network, canal, bank, fleet=fleet)
    money.paid_sale(network, money.party(network, "No Contract"), bank)
    checkout.refund(payment=first.payment, amount=Money(1_000, "EUR"), by=fatima, reason="weak pack")
    operations.carry_out_for(first.payment)
    for statement in settlement.open_statements(network=network, until=date(2026, 11, 1), by=fatima):
        settlement.propose(statement=statement, by=fatima)
    paid = Statement.objects.get(party=canal)
    settlement.approve(statement=paid, by=goncalo)
    settlement.pay(statement=paid, by=goncalo)
    settlement.mark_paid(statement=paid, by=goncalo, reference="SEPA 1")
    bala = money.driver_with_wallet(network, 2_000, "Bala")
    money.captured(money.authorised(money.opened(network, payer=bala, minor=2_000)), money.terms(canal, bank))
    chitra = money.driver_with_wallet(network, 2_000, "Chitra")
    cancelled = money.authorised(money.opened(network, payer=chitra, minor=2_000))
    operations.carry_out_for(checkout.release(payment=cancelled, reason="cancelled"))
    money.authorised(money.opened(network, payer=chitra, minor=1_000))
    money.opened(network, payer=chitra, minor=500)
    _somebody_came_from_a_station_that_failed(canal, bank)
    return first


def _somebody_came_from_a_station_that_failed(canal: Organisation, bank: Organisation) -> None:
    """At a lower price than here; a part of it is refunded."""
    rossio = money.party(canal.network, "Rossio Lda")
    money.contract_for(rossio)
    moved = money.moved_from(rossio, full_minor=3_690)
    sale = money.paid_sale(canal.network, canal, bank, moved=moved)
    checkout.refund(payment=sale.payment, amount=Money(1_000, "EUR"), by=None, reason="weak pack")
    operations.carry_out_for(sale.payment)


def violated() -> list[str]:
    return [result.sentence for result in proofs.run(connection) if not result.holds]


def corrupt(*statements: str) -> None:
    """As the owner: switch the triggers off, drop the constraints, and write what nobody else could."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in TABLES:
            cursor.execute(f"ALTER TABLE payments_{table} DISABLE TRIGGER USER")
            cursor.execute(
                "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype IN ('c', 'u', 'f')",
                [f"payments_{table}"],
            )
            for (name,) in cursor.fetchall():
                cursor.execute(f'ALTER TABLE payments_{table} DROP CONSTRAINT "{name}" CASCADE')
        cursor.execute("DROP INDEX one_resolution_per_hold")
        for statement in statements:
            cursor.execute(statement)
            assert cursor.rowcount > 0, f"this corrupts nothing: {statement}"


def test_an_honest_network_breaks_no_promise_and_every_check_has_rows_to_look_at(busy: Sale) -> None:
    results = proofs.run(connection)

    assert [(result.sentence, result.violations) for result in results if not result.holds] == []
    assert [result.sentence for result in results if result.examined == 0] == []
    assert {result.promise for result in results} == {"P4", "P6"}


COPY_OF = """
INSERT INTO payments_transfer (network_id, currency, debit_id, credit_id, amount_minor, kind, stage, pending_id, key,
                               payment_id, sale_id, statement_id)
SELECT network_id, currency, debit_id, credit_id, {amount}, kind, stage, pending_id, 'copy', payment_id, sale_id,
       statement_id FROM payments_transfer WHERE {where} LIMIT 1
"""

CORRUPTIONS = {
    "Books balance to zero": ["UPDATE payments_ledgeraccount SET currency = 'THB' WHERE kind = 'suspense'"],
    "Wallets and fleets have": ["UPDATE payments_accountlimit SET balance_minor = balance_minor + 1"],
    "A hold is resolved once": [COPY_OF.format(amount="amount_minor", where="stage = 'void'")],
    "No money is kept without": [
        "UPDATE payments_sale SET payment_id = -1 WHERE paid_at IS NOT NULL AND split_at IS NULL",
    ],
    "Payments have captured": [
        "UPDATE payments_payment SET captured_minor = captured_minor + 1 WHERE state = 'captured'"
    ],
    "A finished swap is paid": ["UPDATE payments_payment SET state = 'authorised' WHERE state = 'owed'"],
    "What is released or refused": [
        "UPDATE payments_payment SET state = 'released' WHERE state = 'authorised'",
    ],
    "A paid swap gave its tax": ["DELETE FROM payments_transfer WHERE kind = 'share'"],
    "A difference after a failed station": [COPY_OF.format(amount="amount_minor", where="kind = 'difference'")],
    "Nothing is borne": [
        "UPDATE payments_transfer SET sale_id = (SELECT min(id) FROM payments_sale) WHERE kind = 'compensation'"
    ],
    "Statements come to the sum": ["UPDATE payments_statement SET total_minor = total_minor + 1"],
    "Each line is a posted": ["UPDATE payments_statementline SET amount_minor = -amount_minor"],
    "A statement beyond its proposal": [
        "UPDATE payments_statement SET approved_by_id = proposed_by_id WHERE state = 'paid'"
    ],
    "A paid statement was settled": ["DELETE FROM payments_transfer WHERE kind = 'settlement'"],
    "A payment that waits": ["DELETE FROM payments_paymentoperation WHERE state = 'planned'"],
    "Every operation under way": ["UPDATE payments_paymentoperation SET due_at = NULL WHERE state = 'planned'"],
    "An operation that succeeded": ["UPDATE payments_paymentoperation SET state = 'refused' WHERE kind = 'refund'"],
    "The lines of a proposed": ["UPDATE payments_transfer SET effective_at = now() WHERE kind = 'share'"],
}


@pytest.mark.parametrize("promise", CORRUPTIONS)
def test_a_broken_promise_is_seen(busy: Sale, promise: str) -> None:
    corrupt(*CORRUPTIONS[promise])

    assert any(name.startswith(promise) for name in violated()), violated()


def test_every_check_has_a_corruption_of_its_own(busy: Sale) -> None:
    names = [result.sentence for result in proofs.run(connection)]

    assert [name for name in names if not any(name.startswith(promise) for promise in CORRUPTIONS)] == []
    assert len(names) == len(CORRUPTIONS)


@pytest.mark.parametrize(
    ("what", "change"),
    [
        (
            "money of a swap that was released",
            "UPDATE payments_payment SET state = 'released' WHERE state = 'captured'",
        ),
        (
            "a swap dearer than it was",
            "UPDATE payments_sale SET gross_minor = gross_minor - 100, net_minor = net_minor - 100",
        ),
        ("a second refund row", COPY_OF.format(amount="amount_minor", where="kind = 'refund'")),
        (
            "a line on two statements",
            "UPDATE payments_statementline SET transfer_id = (SELECT min(transfer_id) FROM payments_statementline)",
        ),
        ("a difference that nobody has borne", "DELETE FROM payments_transfer WHERE kind = 'difference'"),
        ("one that stays after a refund", "DELETE FROM payments_transfer WHERE kind = 'difference_back'"),
        ("one that did not go to the parties", "DELETE FROM payments_transfer WHERE kind = 'compensation'"),
        (
            "one that the serving owner has borne",
            """UPDATE payments_transfer SET debit_id = (SELECT credit_id FROM payments_transfer
               WHERE kind = 'share' ORDER BY id LIMIT 1) WHERE kind = 'difference'""",
        ),
        ("one that is posted and not settled", "UPDATE payments_difference SET settled_at = NULL"),
        ("one that the operator should bear", "UPDATE payments_contract SET difference_bearer = 'operator'"),
        ("a spent balance", "UPDATE payments_accountlimit SET credit_limit_minor = 0 WHERE credit_limit_minor > 0"),
    ],
)
def test_other_ways_to_break_a_promise_are_seen_as_well(busy: Sale, what: str, change: str) -> None:
    corrupt(change)

    assert violated()


def test_a_long_list_is_cut_and_counted(busy: Sale, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proofs, "LONGEST_LIST", 1)
    corrupt("UPDATE payments_statement SET total_minor = total_minor + 1")

    (result,) = [result for result in proofs.run(connection) if result.sentence.startswith("Statements come")]

    assert len(result.violations) == 2
    assert result.violations[1].startswith("… and ")
