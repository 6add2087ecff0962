"""A station failed, its driver swapped at a dearer one: who makes up what the parties there have less (rule 7)."""

import csv
import io
from datetime import UTC, date, datetime

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Network, Organisation, User
from payments import checkout, differences, exporting, ledger, operations, proofs, sales, settlement
from payments.models import Bearer, Difference, Payment, Sale, Statement, Transfer
from payments.money import CurrencyMismatch, Money
from payments.splitting import BASIS_POINTS, Shares
from payments.states import DIFFERENCE_KINDS, AccountKind, TransferKind
from tests.factories import payments as money

pytestmark = pytest.mark.django_db

# By the tariff of Canal Street the swap comes to 30.00 + 23 %, and the driver paid 20.00 + 23 %.
FULL, PAID, SHORT = 3_690, 2_460, 1_000
NOVEMBER = date(2026, 11, 1)


@pytest.fixture
def rossio(network: Network) -> Organisation:
    """Owns the station that failed."""
    return money.party(network, "Rossio Lda")


@pytest.fixture
def fatima(network: Network) -> User:
    return money.finance_of(network, "Fatima")


def has(organisation: Organisation) -> int:
    account = ledger.party_account(organisation=organisation, currency=organisation.network.currency)
    return ledger.balance(account).amount_minor


def of_the_operator(network: Network) -> int:
    return has(network.organisations.get(is_operator=True))


def moved_sale(canal: Organisation, bank: Organisation, rossio: Organisation, *, full: int = FULL) -> Sale:
    moved = money.moved_from(rossio, full_minor=full)
    return money.paid_sale(canal.network, canal, bank, minor=PAID, moved=moved)


def refund(sale: Sale, minor: int) -> None:
    checkout.refund(payment=sale.payment, amount=Money(minor, "EUR"), by=None, reason="weak pack")
    operations.carry_out_for(sale.payment)


def nothing_is_broken() -> None:
    assert {result.sentence: result.violations for result in proofs.run(connection) if result.violations} == {}


# --- Who bears it ----------------------------------------------------------------------------------------------------


def test_the_owner_of_the_station_that_failed_pays_what_the_parties_there_have_less(
    network: Network, canal: Organisation, bank: Organisation, rossio: Organisation
) -> None:
    money.contract_for(canal, shares=Shares(5_000, 3_000, 2_000))
    money.contract_for(rossio)

    moved_sale(canal, bank, rossio)

    # As if 30.00 without tax had been shared at Canal Street.
    assert (has(canal), has(bank), of_the_operator(network)) == (1_500, 900, 600)
    assert has(rossio) == -SHORT
    nothing_is_broken()


def test_the_operator_bears_it_where_that_owners_contract_says_so(
    network: Network, canal: Organisation, bank: Organisation, rossio: Organisation
) -> None:
    money.contract_for(canal, shares=Shares(5_000, 3_000, 2_000), bearer=Bearer.OWNER)
    money.contract_for(rossio, bearer=Bearer.OPERATOR)

    moved_sale(canal, bank, rossio)

    assert (has(canal), has(bank), has(rossio)) == (1_500, 900, 0)
    assert of_the_operator(network) == 600 - SHORT
    nothing_is_broken()


def test_the_serving_owners_contract_does_not_say_who_bears_it(
    canal: Organisation, bank: Organisation, rossio: Organisation
) -> None:
    money.contract_for(canal, bearer=Bearer.OPERATOR)
    money.contract_for(rossio, bearer=Bearer.OWNER)

    moved_sale(canal, bank, rossio)

    assert has(rossio) == -SHORT


def test_the_owners_contract_with_the_owner_of_the_packs_comes_before_the_one_for_everybody(
    canal: Organisation, bank: Organisation, rossio: Organisation
) -> None:
    money.contract_for(canal)
    money.contract_for(rossio, bearer=Bearer.OWNER)
    money.contract_for(rossio, bank, bearer=Bearer.OPERATOR)

    moved_sale(canal, bank, rossio)

    assert has(rossio) == 0


def test_the_contract_that_was_valid_at_the_swap_names_the_bearer(
    canal: Organisation, bank: Organisation, rossio: Organisation
) -> None:
    money.contract_for(canal)
    money.contract_for(rossio, bearer=Bearer.OPERATOR)
    money.contract_for(rossio, bearer=Bearer.OWNER, valid_from=datetime(2026, 11, 1, tzinfo=UTC))

    moved_sale(canal, bank, rossio)

    assert has(rossio) == 0


@pytest.mark.parametrize("full", [PAID, PAID - 500, 0], ids=["as dear", "cheaper", "free"])
def test_at_a_station_that_is_no_dearer_there_is_no_difference(
    canal: Organisation, bank: Organisation, rossio: Organisation, full: int
) -> None:
    money.contract_for(canal)
    money.contract_for(rossio)

    moved_sale(canal, bank, rossio, full=full)

    assert not Difference.objects.exists()
    assert has(rossio) == 0


def test_no_tax_is_set_aside_for_a_difference(
    network: Network, canal: Organisation, bank: Organisation, rossio: Organisation
) -> None:
    money.contract_for(canal)
    money.contract_for(rossio)

    sale = moved_sale(canal, bank, rossio)

    tax = ledger.account(network=network, kind=AccountKind.TAX, currency="EUR")
    assert ledger.balance(tax).amount_minor == sale.tax_minor == 460


def test_an_owner_whose_other_station_serves_keeps_their_own_part_of_it(
    canal: Organisation, bank: Organisation
) -> None:
    money.contract_for(canal, shares=Shares(5_000, 3_000, 2_000))

    moved_sale(canal, bank, canal)

    # 10.00 less by the price, of which half comes back; the packs' owner has not failed and loses nothing.
    assert (has(canal), has(bank)) == (1_000 - SHORT + 500, 900)
    nothing_is_broken()


def test_a_station_of_the_operators_own_is_no_different(
    network: Network, canal: Organisation, bank: Organisation
) -> None:
    operator = network.organisations.get(is_operator=True)
    money.contract_for(canal, shares=Shares(5_000, 3_000, 2_000))
    money.contract_for(operator)

    moved_sale(canal, bank, operator)

    assert (has(canal), has(bank), has(operator)) == (1_500, 900, 600 - SHORT)
    nothing_is_broken()


def test_packs_of_two_owners_are_made_up_for_by_the_energy_they_carried(
    network: Network, canal: Organisation, bank: Organisation, rossio: Organisation
) -> None:
    other = money.party(network, "Other Bank")
    money.contract_for(canal, shares=Shares(0, 10_000, 0))
    money.contract_for(rossio)
    payment = money.authorised(money.opened(network, payer=money.driver_with_wallet(network, PAID), minor=PAID))
    moved = money.moved_from(rossio, full_minor=FULL)

    money.captured(payment, money.terms(canal, bank, other, minor=PAID, energy_wh=[30_000, 10_000], moved=moved))

    assert (has(bank), has(other), has(rossio)) == (2_250, 750, -SHORT)


def test_a_price_in_another_currency_is_not_compared(
    network: Network, canal: Organisation, bank: Organisation, rossio: Organisation
) -> None:
    payment = money.authorised(money.opened(network, payer=money.driver_with_wallet(network, PAID), minor=PAID))
    moved = differences.Moved(full=Money(FULL, "THB"), failed_owner=rossio, failed_station="Rossio")

    with pytest.raises(CurrencyMismatch):
        checkout.capture(payment=payment, sale_terms=money.terms(canal, bank, minor=PAID, moved=moved))


shares = st.integers(0, BASIS_POINTS).flatmap(
    lambda station: st.integers(0, BASIS_POINTS - station).map(
        lambda packs: Shares(station, packs, BASIS_POINTS - station - packs)
    )
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    paid=st.integers(1, 100_000),
    more=st.integers(1, 100_000),
    shares=shares,
    bearer=st.sampled_from(Bearer),
    refunds=st.lists(st.integers(1, 40_000), max_size=3),
)
def test_whatever_the_amounts_nobody_but_the_bearer_pays_and_refunds_undo_all_of_it(
    paid: int, more: int, shares: Shares, bearer: Bearer, refunds: list[int]
) -> None:
    savepoint = transaction.savepoint()
    network = money.network_with_operator()
    canal, bank, rossio = (money.party(network, name) for name in ("Canal", "Bank", "Rossio"))
    everybody = (canal, bank, rossio, network.organisations.get(is_operator=True))
    money.contract_for(canal, shares=shares)
    money.contract_for(rossio, bearer=bearer)
    dear = money.paid_sale(network, canal, bank, minor=paid + more)
    by_the_full_price = [has(party) for party in everybody]
    moved = money.moved_from(rossio, full_minor=paid + more)

    sale = money.paid_sale(network, canal, bank, minor=paid, moved=moved)

    gained = [has(party) - before for party, before in zip(everybody, by_the_full_price, strict=True)]
    short = dear.net_minor - sale.net_minor
    pays = rossio if bearer == Bearer.OWNER else everybody[3]
    for party, has_more, would_have in zip(everybody, gained, by_the_full_price, strict=True):
        # Two amounts are divided, each on its own: that is at most a unit from dividing their sum.
        assert abs(has_more + (short if party == pays else 0) - would_have) <= 1
    assert sum(gained) == sale.net_minor
    nothing_is_broken()

    for minor in [*refunds, paid]:
        left = paid - Payment.objects.get(pk=sale.payment_id).refunded_minor
        if left:
            refund(sale, min(minor, left))
            nothing_is_broken()
    assert [has(party) for party in everybody] == by_the_full_price
    transaction.savepoint_rollback(savepoint)


# --- What waits ------------------------------------------------------------------------------------------------------


def test_without_a_contract_of_that_owner_the_swap_is_shared_and_its_difference_waits(
    canal: Organisation, bank: Organisation, rossio: Organisation
) -> None:
    money.contract_for(canal, shares=Shares(5_000, 3_000, 2_000))

    sale = moved_sale(canal, bank, rossio)

    assert [row.sale for row in Difference.objects.waiting()] == [sale]
    assert (has(canal), has(bank), has(rossio)) == (1_000, 600, 0)
    nothing_is_broken()


def test_a_contract_agreed_afterwards_settles_what_it_covers(
    network: Network, canal: Organisation, bank: Organisation, rossio: Organisation, fatima: User
) -> None:
    money.contract_for(canal)
    sale = moved_sale(canal, bank, rossio)
    money.contract_for(rossio)

    done = settlement.work_off_suspense(network=network, by=fatima)

    assert [one.pk for one in done] == [sale.pk]
    assert has(rossio) == -SHORT
    assert Difference.objects.get().settled_by == fatima
    nothing_is_broken()


def test_while_the_swap_itself_waits_for_its_contract_so_does_its_difference(
    network: Network, canal: Organisation, bank: Organisation, rossio: Organisation, fatima: User
) -> None:
    money.contract_for(rossio)
    moved_sale(canal, bank, rossio)
    waited = (has(rossio), Difference.objects.waiting().count())
    money.contract_for(canal)

    settlement.work_off_suspense(network=network, by=fatima)

    assert waited == (0, 0)
    assert has(rossio) == -SHORT
    nothing_is_broken()


def test_finance_may_name_the_contract_whatever_its_dates(
    canal: Organisation, bank: Organisation, rossio: Organisation, fatima: User
) -> None:
    money.contract_for(canal)
    sale = moved_sale(canal, bank, rossio)
    later = money.contract_for(rossio, bearer=Bearer.OPERATOR, valid_from=datetime(2027, 1, 1, tzinfo=UTC))

    for _again in range(2):
        settlement.assign_bearer(sale=sale, contract=later, by=fatima)

    assert (Difference.objects.get().contract, has(rossio)) == (later, 0)
    assert Transfer.objects.filter(kind=TransferKind.DIFFERENCE).count() == 1
    nothing_is_broken()


def test_a_contract_of_anybody_else_names_no_bearer(
    canal: Organisation, bank: Organisation, rossio: Organisation, fatima: User
) -> None:
    others = money.contract_for(canal)
    sale = moved_sale(canal, bank, rossio)

    with pytest.raises(differences.NotTheirContract):
        settlement.assign_bearer(sale=sale, contract=others, by=fatima)


def test_only_finance_of_the_network_names_it(canal: Organisation, bank: Organisation, rossio: Organisation) -> None:
    money.contract_for(canal)
    sale = moved_sale(canal, bank, rossio)
    contract = money.contract_for(rossio, valid_from=datetime(2027, 1, 1, tzinfo=UTC))
    stranger = money.finance_of(money.network_with_operator("porto"), "Chitra")

    with pytest.raises(settlement.NotFinance):
        settlement.assign_bearer(sale=sale, contract=contract, by=stranger)


def test_what_is_owed_is_made_up_for_when_it_is_paid_and_a_write_off_pays_it_too(
    network: Network, canal: Organisation, bank: Organisation, rossio: Organisation, fatima: User
) -> None:
    money.contract_for(canal, shares=Shares(10_000, 0, 0))
    money.contract_for(rossio)
    bala = money.driver_with_wallet(network, 2_000, "Bala")
    moved = money.moved_from(rossio, full_minor=FULL)
    held = money.authorised(money.opened(network, payer=bala, minor=2_000))
    owed = money.captured(held, money.terms(canal, bank, minor=PAID, moved=moved))
    before = (owed.state, has(canal), has(rossio))

    checkout.write_off(payment=owed, by=fatima, reason="goodwill")

    assert before == ("owed", 0, 0)
    assert (has(canal), has(rossio)) == (3_000, -SHORT)
    nothing_is_broken()


# --- Refunds ---------------------------------------------------------------------------------------------------------


def test_a_refund_in_pieces_takes_the_difference_back_in_proportion_and_the_last_one_all_of_it(
    network: Network, canal: Organisation, bank: Organisation, rossio: Organisation
) -> None:
    money.contract_for(canal, shares=Shares(3_333, 3_333, 3_334))
    money.contract_for(rossio)
    sale = moved_sale(canal, bank, rossio)

    refund(sale, 1_230)
    halfway = has(rossio)
    refund(sale, 7)
    refund(sale, 1_223)

    assert halfway == -SHORT // 2
    assert [has(party) for party in (canal, bank, rossio)] == [0, 0, 0]
    assert of_the_operator(network) == 0
    nothing_is_broken()


def test_what_was_refunded_while_it_waited_is_not_borne_any_more(
    network: Network, canal: Organisation, bank: Organisation, rossio: Organisation, fatima: User
) -> None:
    money.contract_for(canal)
    half, whole = moved_sale(canal, bank, rossio), moved_sale(canal, bank, rossio)
    refund(half, 1_230)
    refund(whole, PAID)
    money.contract_for(rossio)

    settlement.work_off_suspense(network=network, by=fatima)

    assert has(rossio) == -SHORT // 2
    assert not Difference.objects.waiting().exists()
    refund(half, 1_230)
    assert has(rossio) == 0
    nothing_is_broken()


# --- Once ------------------------------------------------------------------------------------------------------------


def test_it_is_posted_once_however_often_the_swap_is_captured_paid_or_settled(
    canal: Organisation, bank: Organisation, rossio: Organisation, fatima: User
) -> None:
    money.contract_for(canal)
    contract = money.contract_for(rossio)
    sale = moved_sale(canal, bank, rossio)

    moved = money.moved_from(rossio, full_minor=2 * FULL)
    checkout.capture(payment=sale.payment, sale_terms=money.terms(canal, bank, minor=PAID, moved=moved))
    operations.carry_out_for(sale.payment)
    sales.split(sale=sale, by=fatima)
    again = differences.settle(sale=sale, by=fatima, contract=contract)

    assert again is None
    assert has(rossio) == -SHORT
    assert Difference.objects.get().full_gross_minor == FULL


@pytest.mark.parametrize(
    "change",
    [{"amount_minor": 1}, {"full_gross_minor": 1}, {"settled_at": None, "contract": None}],
    ids=["another amount", "another price", "not settled after all"],
)
def test_the_database_keeps_a_difference_as_it_was_written(
    canal: Organisation, bank: Organisation, rossio: Organisation, change: dict[str, object]
) -> None:
    money.contract_for(canal)
    money.contract_for(rossio)
    moved_sale(canal, bank, rossio)

    with pytest.raises(IntegrityError, match="is history"), transaction.atomic():
        Difference.objects.update(**change)


def test_the_database_keeps_a_difference_for_good(
    canal: Organisation, bank: Organisation, rossio: Organisation
) -> None:
    moved_sale(canal, bank, rossio)

    with pytest.raises(IntegrityError, match="is refused"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM payments_difference")


# --- Statements ------------------------------------------------------------------------------------------------------


def test_the_statements_of_both_sides_say_what_it_is_and_after_which_station(
    network: Network, canal: Organisation, bank: Organisation, rossio: Organisation, fatima: User
) -> None:
    money.contract_for(canal, shares=Shares(5_000, 3_000, 2_000))
    money.contract_for(rossio)
    sale = moved_sale(canal, bank, rossio)

    settlement.open_statements(network=network, until=NOVEMBER, by=fatima)

    theirs, ours = (Statement.objects.get(party=party) for party in (rossio, canal))
    assert (theirs.total_minor, ours.total_minor) == (-SHORT, 1_500)
    (_head, line, _total) = csv.reader(io.StringIO("".join(exporting.statement_csv(theirs))))
    assert line[2:5] == [
        "difference: a station failed, and its driver moved",
        str(sale.reference),
        "Rossio → 40 kWh at Canal Street",
    ]
    kinds = set(ours.lines.values_list("transfer__kind", flat=True))
    assert kinds == {TransferKind.SHARE, TransferKind.COMPENSATION}


def test_a_difference_belongs_to_the_period_of_its_swap(
    network: Network, canal: Organisation, bank: Organisation, rossio: Organisation
) -> None:
    money.contract_for(canal)
    money.contract_for(rossio)

    sale = moved_sale(canal, bank, rossio)

    posted = Transfer.objects.filter(kind__in=sorted(DIFFERENCE_KINDS))
    assert set(posted.values_list("effective_at", flat=True)) == {sale.swapped_at}
