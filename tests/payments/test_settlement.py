"""Splits and statements: every line once, frozen when proposed, approved by another person."""

import threading
from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, connections, transaction

from accounts.models import Network, Organisation, User
from payments import checkout, contracts, ledger, operations, sales, settlement
from payments.models import Contract, Sale, Statement, StatementLine
from payments.money import Money
from payments.splitting import Shares
from payments.states import AccountKind, StatementState
from tests.factories import payments as money
from tests.factories.accounts import MembershipFactory, WorkerFactory

pytestmark = pytest.mark.django_db

NOVEMBER = date(2026, 11, 1)
DECEMBER = date(2026, 12, 1)


@pytest.fixture
def fatima(network: Network) -> User:
    return money.finance_of(network, "Fatima")


@pytest.fixture
def goncalo(network: Network) -> User:
    return money.finance_of(network, "Gonçalo")


def owed_to(organisation: Organisation) -> int:
    account = ledger.party_account(organisation=organisation, currency=organisation.network.currency)
    return ledger.balance(account).amount_minor


def in_suspense(network: Network) -> int:
    account = ledger.account(network=network, kind=AccountKind.SUSPENSE, currency=network.currency)
    return ledger.balance(account).amount_minor


def statement_of(party: Organisation, by: User, until: date = NOVEMBER) -> Statement:
    opened = settlement.open_statements(network=party.network, until=until, by=by)
    return next(statement for statement in opened if statement.party == party)


# --- The split -----------------------------------------------------------------


def test_tax_goes_first_and_the_net_is_shared_by_contract(
    network: Network, canal: Organisation, bank: Organisation
) -> None:
    money.contract_for(canal, shares=Shares(5_000, 3_000, 2_000))

    sale = money.paid_sale(network, canal, bank, minor=2_460)

    assert (sale.tax_minor, sale.net_minor) == (460, 2_000)
    assert (owed_to(canal), owed_to(bank), in_suspense(network)) == (1_000, 600, 0)


def test_a_pack_owners_own_contract_comes_before_the_one_for_everybody(
    network: Network, canal: Organisation, bank: Organisation
) -> None:
    money.contract_for(canal, shares=Shares(10_000, 0, 0))
    money.contract_for(canal, bank, shares=Shares(0, 10_000, 0))

    money.paid_sale(network, canal, bank, minor=2_460)

    assert (owed_to(canal), owed_to(bank)) == (0, 2_000)


def test_the_contract_that_was_valid_at_the_swap_decides(
    network: Network, canal: Organisation, bank: Organisation
) -> None:
    money.contract_for(canal, shares=Shares(10_000, 0, 0))
    money.contract_for(canal, shares=Shares(0, 10_000, 0), valid_from=datetime(2026, 10, 1, tzinfo=UTC))

    money.paid_sale(network, canal, bank, minor=1_230, swapped_at=datetime(2026, 9, 30, 23, 59, tzinfo=UTC))
    money.paid_sale(network, canal, bank, minor=2_460, swapped_at=datetime(2026, 10, 1, tzinfo=UTC))

    assert (owed_to(canal), owed_to(bank)) == (1_000, 2_000)


def test_packs_of_two_owners_share_by_the_energy_they_carried(
    network: Network, canal: Organisation, bank: Organisation
) -> None:
    other = money.party(network, "Other Bank")
    money.contract_for(canal, shares=Shares(0, 10_000, 0))
    driver = money.driver_with_wallet(network, 2_460)
    payment = money.authorised(money.opened(network, payer=driver, minor=2_460))

    money.captured(payment, money.terms(canal, bank, other, minor=2_460, energy_wh=[30_000, 10_000]))

    assert (owed_to(bank), owed_to(other)) == (1_500, 500)


def test_the_operators_share_stays_with_the_operator(
    network: Network, canal: Organisation, bank: Organisation, fatima: User
) -> None:
    operator = network.organisations.get(is_operator=True)
    money.contract_for(operator, shares=Shares(5_000, 3_000, 2_000))

    money.paid_sale(network, operator, bank, minor=2_460)

    assert owed_to(operator) == 1_400
    assert [s.party for s in settlement.open_statements(network=network, until=NOVEMBER, by=fatima)] == [bank]


def test_without_a_contract_the_tax_is_set_aside_and_the_net_waits(
    network: Network, canal: Organisation, bank: Organisation
) -> None:
    sale = money.paid_sale(network, canal, bank, minor=2_460)

    assert sale.split_at is None
    assert in_suspense(network) == 2_000


def test_a_contract_agreed_afterwards_works_off_what_it_covers(
    network: Network, canal: Organisation, bank: Organisation, fatima: User
) -> None:
    early = money.paid_sale(network, canal, bank, minor=1_230, swapped_at=datetime(2026, 9, 1, tzinfo=UTC))
    covered = money.paid_sale(network, canal, bank, minor=2_460)
    money.contract_for(canal, valid_from=datetime(2026, 10, 1, tzinfo=UTC))

    done = settlement.work_off_suspense(network=network, by=fatima)

    assert [sale.pk for sale in done] == [covered.pk]
    assert in_suspense(network) == 1_000
    early.refresh_from_db()
    assert early.split_at is None


def test_finance_may_name_a_contract_for_a_swap_that_none_covers(
    network: Network, canal: Organisation, bank: Organisation, fatima: User
) -> None:
    early = money.paid_sale(network, canal, bank, minor=2_460, swapped_at=datetime(2026, 9, 1, tzinfo=UTC))
    contract = money.contract_for(canal, valid_from=datetime(2026, 10, 1, tzinfo=UTC))

    sale = settlement.assign_contract(sale=early, contract=contract, by=fatima)

    assert (sale.split_by, in_suspense(network), owed_to(canal)) == (fatima, 0, 1_000)


@pytest.mark.parametrize("whose", ["another station owner", "another pack owner"])
def test_a_contract_of_others_does_not_fit(
    network: Network, canal: Organisation, bank: Organisation, fatima: User, whose: str
) -> None:
    sale = money.paid_sale(network, canal, bank)
    other = money.party(network, "Other")
    contract = money.contract_for(other) if whose == "another station owner" else money.contract_for(canal, other)

    with pytest.raises(sales.NoContract):
        settlement.assign_contract(sale=sale, contract=contract, by=fatima)


def test_a_sale_is_split_once(network: Network, canal: Organisation, bank: Organisation, fatima: User) -> None:
    sale = money.paid_sale(network, canal, bank, minor=2_460)
    contract = money.contract_for(canal)

    for _again in range(2):
        settlement.assign_contract(sale=sale, contract=contract, by=fatima)

    assert owed_to(canal) == 1_000


def test_two_contracts_for_the_same_time_are_refused(network: Network, canal: Organisation) -> None:
    money.contract_for(canal, valid_from=datetime(2026, 10, 1, tzinfo=UTC))

    with pytest.raises(contracts.ContractOverlaps):
        money.contract_for(canal, valid_from=datetime(2026, 9, 1, tzinfo=UTC))


# --- Statements -----------------------------------------------------------------


def test_a_statement_takes_each_line_before_the_cut_off_once(
    network: Network, canal: Organisation, bank: Organisation, fatima: User
) -> None:
    money.contract_for(canal)
    for _swap in range(3):
        money.paid_sale(network, canal, bank, minor=2_460)

    first = statement_of(canal, fatima)
    again = statement_of(canal, fatima)

    assert first.pk == again.pk
    assert (again.total_minor, again.line_count) == (3_000, 3)


def test_the_cut_off_is_midnight_where_the_contract_says(bank: Organisation) -> None:
    bangkok = money.network_with_operator("bangkok", "THB", "Asia/Bangkok")
    somchai = money.finance_of(bangkok, "Somchai")
    silom = money.party(bangkok, "Silom")
    money.contract_for(silom, shares=Shares(10_000, 0, 0))
    packs = money.party(bangkok, "Packs")

    # Both are on 31 October in UTC; the second one is on 1 November in Bangkok.
    money.paid_sale(bangkok, silom, packs, minor=1_230, swapped_at=datetime(2026, 10, 31, 16, 59, tzinfo=UTC))
    money.paid_sale(bangkok, silom, packs, minor=2_460, swapped_at=datetime(2026, 10, 31, 17, 0, tzinfo=UTC))

    assert statement_of(silom, somchai).total_minor == 1_000


def test_what_comes_after_the_freeze_goes_to_the_next_period(
    network: Network, canal: Organisation, bank: Organisation, fatima: User
) -> None:
    money.contract_for(canal)
    money.paid_sale(network, canal, bank, minor=2_460)
    october = settlement.propose(statement=statement_of(canal, fatima), by=fatima)

    money.paid_sale(network, canal, bank, minor=1_230)

    november = statement_of(canal, fatima, DECEMBER)
    assert (november.total_minor, november.period_start) == (500, october.period_end)


def test_a_refund_after_the_freeze_is_a_negative_line_on_the_next_statement(
    network: Network, canal: Organisation, bank: Organisation, fatima: User
) -> None:
    money.contract_for(canal)
    sale = money.paid_sale(network, canal, bank, minor=2_460)
    settlement.propose(statement=statement_of(canal, fatima), by=fatima)

    checkout.refund(payment=sale.payment, amount=Money(2_460, "EUR"), by=fatima, reason="weak pack")
    operations.carry_out_for(sale.payment)

    later = statement_of(canal, fatima, date(2099, 1, 1))
    assert (later.total_minor, later.lines.get().amount_minor) == (-1_000, -1_000)


def test_a_fleet_is_billed_and_its_credit_is_free_again_when_it_pays(
    network: Network, canal: Organisation, bank: Organisation, fatima: User, goncalo: User
) -> None:
    fleet = money.fleet_with_credit(network, 2_460)
    money.paid_sale(network, canal, bank, minor=2_460, fleet=fleet)
    bill = settlement.propose(statement=statement_of(fleet, fatima), by=fatima)
    settlement.approve(statement=bill, by=goncalo)
    settlement.pay(statement=bill, by=goncalo)

    settlement.mark_paid(statement=bill, by=goncalo, reference="SEPA 2026-11-03")

    assert bill.total_minor == -2_460
    assert money.authorised(money.opened(network, fleet=fleet, minor=2_460)).state == "authorised"


def test_a_paid_statement_brings_the_party_to_zero_and_its_payout_is_on_no_statement(
    network: Network, canal: Organisation, bank: Organisation, fatima: User, goncalo: User
) -> None:
    money.contract_for(canal)
    money.paid_sale(network, canal, bank, minor=2_460)
    statement = settlement.propose(statement=statement_of(canal, fatima), by=fatima)
    settlement.approve(statement=statement, by=goncalo)
    settlement.pay(statement=statement, by=goncalo)
    settlement.mark_paid(statement=statement, by=goncalo, reference="SEPA 1")
    statement = settlement.close(statement=statement, by=goncalo)

    assert statement.state == StatementState.CLOSED
    assert owed_to(canal) == 0
    parties = [s.party for s in settlement.open_statements(network=network, until=date(2099, 1, 1), by=fatima)]
    assert canal not in parties


def test_a_failed_payment_is_tried_again_with_the_same_lines(
    network: Network, canal: Organisation, bank: Organisation, fatima: User, goncalo: User
) -> None:
    money.contract_for(canal)
    money.paid_sale(network, canal, bank, minor=2_460)
    statement = settlement.propose(statement=statement_of(canal, fatima), by=fatima)
    settlement.approve(statement=statement, by=goncalo)
    settlement.pay(statement=statement, by=goncalo)
    settlement.fail(statement=statement, by=goncalo, reason="IBAN closed")

    settlement.pay(statement=statement, by=goncalo)
    statement = settlement.mark_paid(statement=statement, by=goncalo, reference="SEPA 2")

    assert (statement.state, statement.failure, owed_to(canal)) == (StatementState.PAID, "", 0)


def test_who_proposed_a_statement_may_not_approve_it_in_the_service(
    network: Network, canal: Organisation, bank: Organisation, fatima: User
) -> None:
    money.contract_for(canal)
    money.paid_sale(network, canal, bank)
    statement = settlement.propose(statement=statement_of(canal, fatima), by=fatima)

    with pytest.raises(settlement.SamePerson):
        settlement.approve(statement=statement, by=fatima)


def test_who_proposed_a_statement_may_not_approve_it_in_the_database(
    network: Network, canal: Organisation, bank: Organisation, fatima: User
) -> None:
    money.contract_for(canal)
    money.paid_sale(network, canal, bank)
    statement = settlement.propose(statement=statement_of(canal, fatima), by=fatima)

    with pytest.raises(IntegrityError, match="statement_is_approved_by_another_person"), transaction.atomic():
        Statement.objects.filter(pk=statement.pk).update(
            state="approved", approved_by=fatima, approved_at=datetime.now(UTC)
        )


def test_a_superuser_without_the_role_approves_nothing(
    network: Network, canal: Organisation, bank: Organisation, fatima: User
) -> None:
    money.contract_for(canal)
    money.paid_sale(network, canal, bank)
    statement = settlement.propose(statement=statement_of(canal, fatima), by=fatima)

    with pytest.raises(settlement.NotFinance):
        settlement.approve(statement=statement, by=WorkerFactory(is_superuser=True, is_staff=True))


def test_finance_of_another_network_or_of_a_party_acts_on_nothing(
    network: Network, canal: Organisation, bank: Organisation, fatima: User
) -> None:
    money.contract_for(canal)
    money.paid_sale(network, canal, bank)
    statement = statement_of(canal, fatima)
    chitra = money.finance_of(money.network_with_operator("porto"), "Chitra")
    owners_clerk = MembershipFactory(organisation=canal, role="finance").user

    for stranger in (chitra, owners_clerk):
        with pytest.raises(settlement.NotFinance):
            settlement.propose(statement=statement, by=stranger)


def test_an_empty_statement_is_not_proposed(network: Network, canal: Organisation, fatima: User) -> None:
    statement = Statement.objects.create(
        network=network,
        party=canal,
        currency="EUR",
        period_start=date(2026, 10, 1),
        period_end=NOVEMBER,
        time_zone="Europe/Lisbon",
        cut_off_at=datetime(2026, 11, 1, tzinfo=UTC),
    )

    with pytest.raises(settlement.NothingToPropose):
        settlement.propose(statement=statement, by=fatima)


def test_a_payment_without_the_banks_reference_is_not_marked_as_paid(
    network: Network, canal: Organisation, bank: Organisation, fatima: User, goncalo: User
) -> None:
    money.contract_for(canal)
    money.paid_sale(network, canal, bank)
    statement = settlement.propose(statement=statement_of(canal, fatima), by=fatima)
    settlement.approve(statement=statement, by=goncalo)
    settlement.pay(statement=statement, by=goncalo)

    with pytest.raises(settlement.ReferenceMissing):
        settlement.mark_paid(statement=statement, by=goncalo, reference="  ")


def _mark_paid(*, statement: Statement, by: User) -> Statement:
    return settlement.mark_paid(statement=statement, by=by, reference="SEPA")


def _fail(*, statement: Statement, by: User) -> Statement:
    return settlement.fail(statement=statement, by=by, reason="")


def _collect(*, statement: Statement, by: User) -> Statement:
    return settlement.collect(statement=statement)


STEPS: list[tuple[Callable[..., Statement], set[str]]] = [
    (_collect, {"open"}),
    (settlement.propose, {"open"}),
    (settlement.approve, {"proposed"}),
    (settlement.pay, {"approved", "failed"}),
    (_mark_paid, {"paying"}),
    (_fail, {"paying"}),
    (settlement.close, {"paid"}),
]


@pytest.mark.parametrize(
    ("step", "state"),
    [(step, state) for step, allowed in STEPS for state in StatementState if state not in allowed],
)
def test_a_step_that_the_table_does_not_know_is_refused(
    network: Network, canal: Organisation, fatima: User, goncalo: User, step: Callable[..., Statement], state: str
) -> None:
    proposed_at = datetime(2026, 11, 2, tzinfo=UTC)
    statement = Statement.objects.create(
        network=network,
        party=canal,
        currency="EUR",
        period_start=date(2026, 10, 1),
        period_end=NOVEMBER,
        time_zone="Europe/Lisbon",
        cut_off_at=datetime(2026, 11, 1, tzinfo=UTC),
        state=state,
        lines_sha256="0" * 64,
        proposed_by=fatima,
        proposed_at=proposed_at,
        approved_by=goncalo,
        approved_at=proposed_at,
        paid_at=proposed_at,
        paid_reference="SEPA",
    )

    with pytest.raises(settlement.StatementStepRefused):
        step(statement=statement, by=goncalo)

    statement.refresh_from_db()
    assert statement.state == state


# --- What the database itself holds -----------------------------------------------------------------


def test_nobody_adds_changes_or_removes_a_line_of_a_proposed_statement(
    network: Network, canal: Organisation, bank: Organisation, fatima: User
) -> None:
    money.contract_for(canal)
    money.paid_sale(network, canal, bank)
    statement = settlement.propose(statement=statement_of(canal, fatima), by=fatima)
    line = statement.lines.get()
    late = money.paid_sale(network, canal, bank).transfers.filter(kind="share").first()

    with pytest.raises(IntegrityError, match="INSERT of a line is refused"), transaction.atomic():
        StatementLine.objects.create(statement=statement, transfer=late, amount_minor=1)
    with pytest.raises(IntegrityError, match="UPDATE of a line is refused"), transaction.atomic():
        StatementLine.objects.filter(pk=line.pk).update(amount_minor=99)
    with pytest.raises(IntegrityError, match="DELETE of a line is refused"), transaction.atomic():
        line.delete()


def test_nobody_changes_the_total_of_a_proposed_statement_or_opens_it_again(
    network: Network, canal: Organisation, bank: Organisation, fatima: User
) -> None:
    money.contract_for(canal)
    money.paid_sale(network, canal, bank)
    statement = settlement.propose(statement=statement_of(canal, fatima), by=fatima)
    rows = Statement.objects.filter(pk=statement.pk)

    for change in ({"total_minor": 1}, {"lines_sha256": "0" * 64}, {"state": "open"}, {"proposed_by": None}):
        with pytest.raises(IntegrityError, match="is frozen"), transaction.atomic():
            rows.update(**change)
    with pytest.raises(IntegrityError, match="DELETE of payments_statement is refused"), transaction.atomic():
        rows._raw_delete(rows.db)


def test_a_total_that_is_not_the_sum_of_its_lines_cannot_be_proposed(
    network: Network, canal: Organisation, bank: Organisation, fatima: User
) -> None:
    money.contract_for(canal)
    money.paid_sale(network, canal, bank)
    statement = statement_of(canal, fatima)

    with pytest.raises(IntegrityError, match="its lines sum to"), transaction.atomic():
        Statement.objects.filter(pk=statement.pk).update(
            state="proposed", total_minor=1, lines_sha256="0" * 64, proposed_by=fatima, proposed_at=datetime.now(UTC)
        )


def test_a_contract_can_be_ended_and_not_rewritten(network: Network, canal: Organisation) -> None:
    contract = money.contract_for(canal)

    contracts.end(contract=contract, at=datetime(2026, 12, 1, tzinfo=UTC))

    with pytest.raises(IntegrityError, match="only its end may be set"), transaction.atomic():
        Contract.objects.filter(pk=contract.pk).update(station_owner_bp=0, operator_bp=7_000)


def test_a_sale_is_history(network: Network, canal: Organisation, bank: Organisation) -> None:
    sale = money.paid_sale(network, canal, bank)

    for change in (
        {"gross_minor": 1, "net_minor": 1, "tax_minor": 0},
        {"paid_at": None},
        {"swapped_at": money.LONG_AGO},
    ):
        with pytest.raises(IntegrityError, match="is history"), transaction.atomic():
            Sale.objects.filter(pk=sale.pk).update(**change)


def test_overlapping_contracts_are_refused_by_the_database_as_well(network: Network, canal: Organisation) -> None:
    contract = money.contract_for(canal)
    contract.pk = None
    contract.version = 2

    with pytest.raises(IntegrityError, match="may not overlap"), transaction.atomic():
        contract.save()


@pytest.mark.django_db(transaction=True)
def test_no_line_slips_in_behind_the_hash_of_a_proposal_under_way(
    network: Network, canal: Organisation, bank: Organisation, monkeypatch: pytest.MonkeyPatch
) -> None:
    fatima = money.finance_of(network, "Fatima")
    money.contract_for(canal)
    money.paid_sale(network, canal, bank)
    statement = statement_of(canal, fatima)
    late = money.paid_sale(network, canal, bank).transfers.filter(kind="share", credit__organisation=canal).get()
    hashed, inserted = threading.Event(), threading.Event()
    refusals: list[str] = []
    hash_of = settlement.hash_of

    def slow_hash(statement: Statement) -> str:
        sha256 = hash_of(statement)
        hashed.set()
        inserted.wait(0.5)
        return sha256

    def slip_in() -> None:
        hashed.wait(10)
        try:
            StatementLine.objects.create(statement=statement, transfer=late, amount_minor=late.amount_minor)
        except IntegrityError as refusal:
            refusals.append(str(refusal))
        finally:
            inserted.set()
            connections.close_all()

    monkeypatch.setattr(settlement, "hash_of", slow_hash)
    StatementLine.objects.filter(transfer=late).delete()
    thread = threading.Thread(target=slip_in)
    thread.start()
    proposed = settlement.propose(statement=statement, by=fatima)
    thread.join(10)

    assert len(refusals) == 1
    assert proposed.lines_sha256 == hash_of(proposed)
