"""What finance sees and does: only its own networks, every figure one click from its swap."""

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Network, Organisation, User
from payments import checkout, exporting, operations, settlement
from payments.models import Bearer, PaymentOperation, Sale, Statement
from payments.money import Money
from tests.factories import payments as money
from tests.factories.accounts import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _one_factor(settings: "pytest.FixtureRequest") -> None:
    settings.FINANCE_NEEDS_SECOND_FACTOR = False  # type: ignore[attr-defined]  # pytest-django's settings


@pytest.fixture
def fatima(network: Network) -> User:
    return money.finance_of(network, "Fatima")


@pytest.fixture
def goncalo(network: Network) -> User:
    return money.finance_of(network, "Gonçalo")


@pytest.fixture
def sale(network: Network, canal: Organisation, bank: Organisation) -> Sale:
    money.contract_for(canal)
    return money.paid_sale(network, canal, bank, minor=2_460)


@pytest.fixture
def statement(sale: Sale, canal: Organisation, fatima: User) -> Statement:
    settlement.open_statements(network=sale.network, until=date(2026, 11, 1), by=fatima)
    return settlement.propose(statement=Statement.objects.get(party=canal), by=fatima)


def page(user: User, name: str, *args: object, **query: str) -> str:
    client = signed_in(user)
    response = client.get(reverse(f"payments:{name}", args=args), query)
    assert response.status_code == 200, response
    return response.content.decode()


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def do(user: User, name: str, *args: object, **typed: object) -> str:
    """Press the button, and read the page that one lands on."""
    response = signed_in(user).post(reverse(f"payments:{name}", args=args), typed, follow=True)
    return response.content.decode()


# --- Statements ----------------------------------------------------------------------------------------------


def test_the_list_opens_on_what_waits_for_approval(goncalo: User, statement: Statement) -> None:
    text = page(goncalo, "statements")

    assert "Canal Street" in text
    assert "Yours to approve" in text
    assert "€10.00" in text


def test_a_state_without_statements_says_so(goncalo: User, statement: Statement) -> None:
    assert "No statement is in this state." in page(goncalo, "statements", state="paid")


def test_an_invented_state_is_not_found(goncalo: User) -> None:
    assert signed_in(goncalo).get(reverse("payments:statements"), {"state": "eaten"}).status_code == 404


def test_each_line_leads_to_its_swap_and_each_swap_to_its_transfers(
    goncalo: User, statement: Statement, sale: Sale
) -> None:
    line = statement.lines.get()

    assert f"{reverse('payments:sale', args=[sale.reference])}#t{line.transfer_id}" in page(
        goncalo, "statement", statement.pk
    )
    assert f'id="t{line.transfer_id}"' in page(goncalo, "sale", sale.reference)


def test_periods_are_opened_by_a_day_and_the_lines_are_collected(fatima: User, sale: Sale, network: Network) -> None:
    text = do(fatima, "open_period", network=network.pk, until="2026-11-01")

    assert "2 statements are open." in text
    assert Statement.objects.filter(state="open").count() == 2


@pytest.mark.parametrize("until", ["2999-01-01", "yesterday", "", "0001-01-01"])
def test_a_day_that_cannot_end_a_period_is_refused(fatima: User, network: Network, until: str) -> None:
    response = signed_in(fatima).post(reverse("payments:open_period"), {"network": network.pk, "until": until})

    assert response.status_code == 422
    assert not Statement.objects.exists()


def test_a_statement_is_approved_by_another_person_paid_and_closed(
    fatima: User, goncalo: User, statement: Statement
) -> None:
    do(goncalo, "statement_step", statement.pk, "approve")
    do(fatima, "statement_step", statement.pk, "pay")
    do(fatima, "statement_step", statement.pk, "fail", reason="IBAN closed")
    assert "IBAN closed" in page(fatima, "statement", statement.pk)
    do(fatima, "statement_step", statement.pk, "pay")
    do(fatima, "statement_step", statement.pk, "mark_paid", reference="SEPA 7")
    text = do(fatima, "statement_step", statement.pk, "close")

    assert "SEPA 7" in text
    statement.refresh_from_db()
    assert (statement.state, statement.approved_by) == ("closed", goncalo)


def test_who_proposed_it_is_not_offered_approval_and_is_told_why_when_asking_anyway(
    fatima: User, statement: Statement
) -> None:
    shown = page(fatima, "statement", statement.pk)
    told = do(fatima, "statement_step", statement.pk, "approve")

    assert reverse("payments:statement_step", args=[statement.pk, "approve"]) not in shown
    assert "You proposed this statement; another person has to approve it." in told
    statement.refresh_from_db()
    assert statement.state == "proposed"


def test_nothing_happens_before_the_question_is_answered(goncalo: User, statement: Statement) -> None:
    text = page(goncalo, "statement_step", statement.pk, "approve")

    assert "Approve this statement?" in text
    statement.refresh_from_db()
    assert statement.state == "proposed"


def test_a_step_that_does_not_fit_is_answered_with_a_sentence(goncalo: User, statement: Statement) -> None:
    text = do(goncalo, "statement_step", statement.pk, "close")

    assert "This statement has moved on" in text


def test_a_payment_without_a_reference_is_asked_again(goncalo: User, statement: Statement) -> None:
    settlement.approve(statement=statement, by=goncalo)
    settlement.pay(statement=statement, by=goncalo)

    response = signed_in(goncalo).post(reverse("payments:statement_step", args=[statement.pk, "mark_paid"]), {})

    assert response.status_code == 422


# --- Nobody else's (P5) --------------------------------------------------------------------------------------


@pytest.fixture
def chitra() -> User:
    """Finance of another network."""
    return money.finance_of(money.network_with_operator("porto"), "Chitra")


def test_another_networks_money_does_not_exist(chitra: User, statement: Statement, sale: Sale) -> None:
    client = signed_in(chitra)
    addresses = [
        reverse("payments:statement", args=[statement.pk]),
        reverse("payments:statement_csv", args=[statement.pk]),
        reverse("payments:statement_step", args=[statement.pk, "approve"]),
        *(reverse(f"payments:{name}", args=[sale.reference]) for name in ("sale", "assign", "refund", "write_off")),
    ]

    assert {client.get(address).status_code for address in addresses} == {404}
    assert {client.post(address, {"reason": "x"}).status_code for address in addresses if "csv" not in address} <= {
        404,
        405,
    }
    assert "Canal Street" not in page(chitra, "statements") + page(chitra, "suspense") + page(chitra, "revenue")


def test_drivers_owners_and_superusers_have_no_finance_pages(statement: Statement, canal: Organisation) -> None:
    driver = UserFactory()
    owner = MembershipFactory(organisation=canal, role="owner").user
    superuser = UserFactory(is_superuser=True, is_staff=True)

    for stranger in (driver, owner, superuser):
        response = signed_in(stranger).get(reverse("payments:statement", args=[statement.pk]))
        assert response.status_code == 403


def test_who_is_not_signed_in_is_sent_to_sign_in(statement: Statement) -> None:
    response = Client().get(reverse("payments:statement", args=[statement.pk]))

    assert response.status_code == 302


# --- What waits ----------------------------------------------------------------------------------------------


def test_an_empty_list_says_that_nothing_waits(fatima: User) -> None:
    assert "Nothing waits." in page(fatima, "suspense")


def test_a_swap_without_a_contract_is_shown_and_split_once_one_is_agreed(
    network: Network, canal: Organisation, bank: Organisation, fatima: User
) -> None:
    sale = money.paid_sale(network, canal, bank)
    assert "Missing" in page(fatima, "suspense")
    money.contract_for(canal)
    assert "Agreed since" in page(fatima, "suspense")

    text = do(fatima, "work_off")

    assert "1 swap was split." in text
    sale.refresh_from_db()
    assert sale.split_at is not None


def test_a_contract_is_assigned_by_name(
    network: Network, canal: Organisation, bank: Organisation, fatima: User
) -> None:
    sale = money.paid_sale(network, canal, bank, swapped_at=datetime(2026, 9, 1, tzinfo=UTC))
    contract = money.contract_for(canal, valid_from=datetime(2026, 10, 1, tzinfo=UTC))

    text = do(fatima, "assign", sale.reference, contract=contract.pk)

    assert "Split: the shares are with the parties." in text


def test_an_owed_swap_is_collected_again_or_written_off(
    network: Network, canal: Organisation, bank: Organisation, fatima: User
) -> None:
    bala = money.driver_with_wallet(network, 2_000, "Bala")
    payment = money.captured(money.authorised(money.opened(network, payer=bala, minor=2_000)), money.terms(canal, bank))
    assert "There is not enough in the wallet." in page(fatima, "suspense")

    do(fatima, "collect", payment.reference)
    operations.carry_out_for(payment)
    text = do(fatima, "write_off", payment.reference, reason="goodwill")

    assert "Written off" in text
    assert "can no longer be changed that way" in do(fatima, "collect", payment.reference)


def test_an_operation_that_nobody_answered_is_sent_on_its_way_again(
    network: Network, fatima: User, chitra: User
) -> None:
    payment = money.opened(network, payer=money.driver_with_wallet(network))
    PaymentOperation.objects.filter(payment=payment).update(state="unknown", due_at=None, needs_person=True)
    operation = payment.operations.get()

    assert signed_in(chitra).post(reverse("payments:try_again", args=[operation.pk])).status_code == 404
    assert "on its way again" in do(fatima, "try_again", operation.pk)


def test_a_refund_is_asked_for_with_an_amount_and_a_reason(fatima: User, sale: Sale) -> None:
    do(fatima, "refund", sale.reference, amount="10.00", reason="weak pack")
    operations.carry_out_for(sale.payment)

    assert "€10.00" in page(fatima, "sale", sale.reference)
    assert sale.payment.operations.get(kind="refund").by == fatima


@pytest.mark.parametrize("amount", ["0.001", "-1", "lots", "", "NaN", "1e400", "99999999999999"])
def test_an_amount_that_is_none_is_refused_and_nothing_is_asked(fatima: User, sale: Sale, amount: str) -> None:
    response = signed_in(fatima).post(
        reverse("payments:refund", args=[sale.reference]), {"amount": amount, "reason": "weak pack"}
    )

    assert response.status_code == 422
    assert not sale.payment.operations.filter(kind="refund").exists()


def test_more_than_was_paid_is_refused_with_a_sentence(fatima: User, sale: Sale) -> None:
    assert "Only what was paid" in do(fatima, "refund", sale.reference, amount="24.61", reason="typing mistake")


# --- Figures -------------------------------------------------------------------------------------------------


def test_revenue_is_shown_by_month_and_never_across_currencies(
    network: Network, canal: Organisation, bank: Organisation, fatima: User
) -> None:
    money.paid_sale(network, canal, bank, minor=10_000, swapped_at=datetime(2026, 8, 31, 23, 30, tzinfo=UTC))
    money.paid_sale(network, canal, bank, minor=20_000, swapped_at=datetime(2026, 10, 2, tzinfo=UTC))
    bangkok = money.network_with_operator("bangkok", "THB", "Asia/Bangkok")
    MembershipFactory(user=fatima, organisation=bangkok.organisations.get(), role="finance")
    silom = money.party(bangkok, "Silom")
    money.paid_sale(bangkok, silom, silom, minor=5_000)

    text = page(fatima, "revenue")

    # 23:30 UTC on 31 August is 1 September in Lisbon.
    assert "Sept 26" in text
    assert "Aug 26" not in text
    assert "+100.0%" in text
    assert "Bangkok, THB" in text


@pytest.mark.usefixtures("every_language")
def test_amounts_are_written_in_the_readers_language(goncalo: User, statement: Statement) -> None:
    goncalo.language = "pt"
    goncalo.save()

    assert "10,00\u00a0€" in page(goncalo, "statement", statement.pk)


def test_an_export_opens_cleanly_with_formulas_defused_and_numbers_as_numbers(
    network: Network, bank: Organisation, fatima: User
) -> None:
    cheeky = money.party(network, "Cheeky")
    cheeky.name = "=HYPERLINK(1)"
    cheeky.save()
    money.contract_for(cheeky)
    sale = money.paid_sale(network, cheeky, bank, minor=2_460)
    checkout.refund(payment=sale.payment, amount=Money(2_460, "EUR"), by=fatima, reason="weak pack")
    operations.carry_out_for(sale.payment)
    settlement.open_statements(network=network, until=date(2099, 1, 1), by=fatima)
    statement = Statement.objects.get(party=cheeky)

    response = signed_in(fatima).get(reverse("payments:statement_csv", args=[statement.pk]))

    raw = b"".join(response.streaming_content)  # type: ignore[attr-defined]  # a streaming response
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.reader(io.StringIO(raw.decode("utf-8-sig"))))
    assert [row[0] for row in rows[1:]] == ["'=HYPERLINK(1)"] * 3
    assert [row[6] for row in rows[1:]] == ["10.00", "-10.00", "0.00"]


@pytest.mark.parametrize(
    "cell", ["=1+1", "+351", "-1", "@cmd", "\tx", "\rx", "\nx", "\uff1d1+1", "\uff0b351", "\uff0d1", "\uff20cmd"]
)
def test_text_that_a_spreadsheet_would_run_is_defused(cell: str) -> None:
    (_header, row) = exporting.csv_rows(["a", "b"], [[cell, Decimal("-12.50")]])

    assert row.lstrip('"').startswith("'")
    assert "-12.50" in row


def test_a_driver_is_not_named_where_finance_explains_a_figure(fatima: User, sale: Sale) -> None:
    assert "Asha" not in page(fatima, "sale", sale.reference)


# --- A driver who moved --------------------------------------------------------------------------------------


@pytest.fixture
def rossio(network: Network) -> Organisation:
    """Owns the station that failed."""
    return money.party(network, "Rossio Lda")


@pytest.fixture
def moved(canal: Organisation, bank: Organisation, rossio: Organisation) -> Sale:
    money.contract_for(canal)
    moved = money.moved_from(rossio, full_minor=3_690)
    return money.paid_sale(canal.network, canal, bank, minor=2_460, moved=moved)


def test_the_page_of_a_swap_explains_its_difference_and_who_bears_it(
    fatima: User, canal: Organisation, bank: Organisation, rossio: Organisation
) -> None:
    money.contract_for(rossio)
    money.contract_for(canal)
    moved = money.moved_from(rossio, full_minor=3_690)
    sale = money.paid_sale(canal.network, canal, bank, minor=2_460, moved=moved)

    text = page(fatima, "sale", sale.reference)

    assert "Moved here from Rossio" in text
    assert "€36.90" in text
    assert "<dt>Borne by</dt><dd>Rossio Lda</dd>" in text


def test_a_swap_of_somebody_who_never_moved_says_nothing_of_it(fatima: User, sale: Sale) -> None:
    assert "Moved here" not in page(fatima, "sale", sale.reference)


def test_a_difference_without_a_contract_waits_on_the_list_and_counts_in_its_sum(fatima: User, moved: Sale) -> None:
    listed, overview = page(fatima, "suspense"), page(fatima, "statements")

    assert "Difference after Rossio failed" in listed
    assert reverse("payments:sale", args=[moved.reference]) in listed
    assert "€10.00" in overview


def test_finance_of_another_network_does_not_see_it(moved: Sale) -> None:
    stranger = money.finance_of(money.network_with_operator("porto"), "Chitra")

    assert "Rossio" not in page(stranger, "suspense")


def test_finance_names_the_contract_that_says_who_bears_it(fatima: User, moved: Sale, rossio: Organisation) -> None:
    contract = money.contract_for(rossio, bearer=Bearer.OPERATOR, valid_from=datetime(2027, 1, 1, tzinfo=UTC))

    asked = page(fatima, "assign", moved.reference)
    told = do(fatima, "assign", moved.reference, contract=contract.pk)

    assert f"the operator · {contract}" in asked
    assert "Settled: what the parties had less is with them." in told
    assert "<dt>Borne by</dt><dd>Operator</dd>" in told
    assert moved.difference.settled_by == fatima


def test_without_any_contract_of_that_owner_there_is_nothing_to_name(
    fatima: User, moved: Sale, canal: Organisation
) -> None:
    address = reverse("payments:assign", args=[moved.reference])
    theirs = money.contract_for(canal, valid_from=datetime(2027, 1, 1, tzinfo=UTC))

    response = signed_in(fatima).post(address, {"contract": theirs.pk})

    assert response.status_code == 404
    assert address not in page(fatima, "sale", moved.reference)


def test_one_button_settles_what_contracts_cover_by_now(fatima: User, moved: Sale, rossio: Organisation) -> None:
    money.contract_for(rossio)

    do(fatima, "work_off")

    assert "Nothing waits." in page(fatima, "suspense")
