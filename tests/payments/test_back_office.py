"""The back office of money: one network's rows for its operators, and every change through a writer."""

from datetime import date
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Network, Organisation, User
from payments import operations, queries, settlement
from payments.models import AccountLimit, Contract, PaymentOperation, Statement
from payments.money import Money
from tests.factories import payments as money
from tests.factories.accounts import MembershipFactory, WorkerFactory

pytestmark = pytest.mark.django_db

PAGES = [
    "accountlimit",
    "contract",
    "ledgeraccount",
    "payment",
    "paymentoperation",
    "sale",
    "statement",
    "transfer",
]


@pytest.fixture
def graca(network: Network) -> User:
    """The network's operator, let into the back office."""
    operator = network.organisations.get(is_operator=True)
    return MembershipFactory(role="operator", organisation=operator, user__is_staff=True, user__password="!").user


@pytest.fixture
def office(client: Client, graca: User) -> Client:
    client.force_login(graca)
    return client


@pytest.fixture
def statement(network: Network, canal: Organisation, bank: Organisation) -> Statement:
    money.contract_for(canal)
    money.paid_sale(network, canal, bank)
    fatima = money.finance_of(network, "Fatima")
    settlement.open_statements(network=network, until=date(2026, 11, 1), by=fatima)
    return settlement.propose(statement=Statement.objects.get(party=canal), by=fatima)


def list_of(page: str) -> str:
    return reverse(f"admin:payments_{page}_changelist")


@pytest.mark.parametrize("page", PAGES)
def test_lists_and_rows_can_be_read(office: Client, statement: Statement, page: str) -> None:
    listed = office.get(list_of(page))
    row = listed.context["cl"].queryset.first()

    assert listed.status_code == 200
    assert office.get(reverse(f"admin:payments_{page}_change", args=[row.pk])).status_code == 200


@pytest.mark.parametrize("page", [page for page in PAGES if page not in {"contract", "accountlimit"}])
def test_rows_of_writers_are_neither_added_changed_nor_deleted(office: Client, statement: Statement, page: str) -> None:
    row = office.get(list_of(page)).context["cl"].queryset.first()

    assert office.get(reverse(f"admin:payments_{page}_add")).status_code == 403
    assert office.post(reverse(f"admin:payments_{page}_change", args=[row.pk]), {}).status_code == 403
    assert office.post(reverse(f"admin:payments_{page}_delete", args=[row.pk])).status_code == 403


@pytest.mark.parametrize("page", PAGES)
def test_an_operator_of_another_network_sees_none_of_it(client: Client, statement: Statement, page: str) -> None:
    porto = money.network_with_operator("porto")
    stranger = MembershipFactory(
        role="operator", organisation=porto.organisations.get(), user__is_staff=True, user__password="!"
    ).user
    client.force_login(stranger)

    assert client.get(list_of(page)).context["cl"].queryset.count() == 0


def test_a_superuser_who_is_not_finance_approves_nothing(client: Client, statement: Statement) -> None:
    client.force_login(WorkerFactory(is_staff=True, is_superuser=True, password="!"))

    response = client.post(list_of("statement"), {"action": "approve", "_selected_action": [statement.pk]}, follow=True)

    assert "Only finance of this network may do this." in response.content.decode()
    statement.refresh_from_db()
    assert statement.state == "proposed"


def test_finance_with_a_second_role_approves_in_the_back_office_through_the_writer(
    client: Client, statement: Statement, network: Network
) -> None:
    goncalo = money.finance_of(network, "Gonçalo")
    MembershipFactory(user=goncalo, role="operator", organisation=network.organisations.get(is_operator=True))
    User.objects.filter(pk=goncalo.pk).update(is_staff=True)
    client.force_login(User.objects.get(pk=goncalo.pk))

    client.post(list_of("statement"), {"action": "approve", "_selected_action": [statement.pk]})

    statement.refresh_from_db()
    assert (statement.state, statement.approved_by) == ("approved", goncalo)


def agreement(canal: Organisation, **changes: object) -> dict[str, object]:
    return {
        "station_owner": canal.pk,
        "pack_owner": "",
        "station_owner_bp": 5_000,
        "pack_owner_bp": 3_000,
        "operator_bp": 2_000,
        "difference_bearer": "owner",
        "time_zone": "Europe/Lisbon",
        "valid_from_0": "2026-01-01",
        "valid_from_1": "00:00:00",
    } | changes


def test_an_operator_agrees_a_contract_and_a_new_version_ends_the_old_one(
    office: Client, canal: Organisation, graca: User
) -> None:
    office.post(reverse("admin:payments_contract_add"), agreement(canal))
    office.post(reverse("admin:payments_contract_add"), agreement(canal, valid_from_0="2026-06-01"))

    first, second = Contract.objects.order_by("version")
    assert first.valid_until == second.valid_from
    assert (second.version, second.by) == (2, graca)


def test_a_contract_says_who_bears_the_difference_when_a_station_fails(office: Client, canal: Organisation) -> None:
    office.post(reverse("admin:payments_contract_add"), agreement(canal, difference_bearer="operator"))

    assert Contract.objects.get().difference_bearer == "operator"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"difference_bearer": ""}, "This field is required"),
        ({"difference_bearer": "the driver"}, "Select a valid choice"),
        ({"operator_bp": 1_999}, "sum to 10,000"),
        ({"operator_bp": -1}, "greater than or equal to 0"),
        ({"valid_from_0": "soon"}, "valid date"),
        ({"time_zone": "Mars/Olympus"}, "There is no such time zone"),
    ],
)
def test_a_contract_that_makes_no_sense_is_refused_with_a_sentence(
    office: Client, canal: Organisation, changes: dict[str, object], said: str
) -> None:
    response = office.post(reverse("admin:payments_contract_add"), agreement(canal, **changes), follow=True)

    assert said in response.content.decode()
    assert not Contract.objects.exists()


def test_a_contract_before_one_that_exists_is_refused_with_a_sentence(office: Client, canal: Organisation) -> None:
    office.post(reverse("admin:payments_contract_add"), agreement(canal))

    response = office.post(
        reverse("admin:payments_contract_add"), agreement(canal, valid_from_0="2025-01-01"), follow=True
    )

    assert "A later contract of these two parties exists already." in response.content.decode()


@pytest.mark.parametrize(("day", "ends"), [("2026-12-31", True), ("2019-12-31", False)])
def test_a_contract_is_ended_and_never_before_it_began(
    office: Client, canal: Organisation, day: str, *, ends: bool
) -> None:
    contract = money.contract_for(canal)

    office.post(
        reverse("admin:payments_contract_change", args=[contract.pk]),
        {"valid_until_0": day, "valid_until_1": "00:00:00"},
        follow=True,
    )

    contract.refresh_from_db()
    assert (contract.valid_until is not None) is ends


def test_an_operator_gives_a_fleet_credit_and_changes_it(office: Client, network: Network) -> None:
    fleet = money.party(network, "Taxis")
    office.post(
        reverse("admin:payments_accountlimit_add"),
        {"fleet": fleet.pk, "currency": "EUR", "amount": "500.00", "reason": "agreed"},
    )
    limit = AccountLimit.objects.get(account__organisation=fleet)
    office.post(
        reverse("admin:payments_accountlimit_change", args=[limit.pk]), {"amount": "750.50", "reason": "more cars"}
    )

    limit.refresh_from_db()
    assert limit.credit_limit_minor == 75_050


def test_an_operator_tops_a_wallet_up_through_an_operation(office: Client, network: Network, graca: User) -> None:
    asha = money.driver_with_wallet(network, 1_000)
    limit = AccountLimit.objects.get(account__user=asha)

    office.post(
        reverse("admin:payments_accountlimit_change", args=[limit.pk]),
        {"amount": "20.00", "reason": "cash", "key": str(uuid4())},
    )

    operation = PaymentOperation.objects.latest("id")
    operations.carry_out(operation.pk)
    assert operation.by == graca
    assert queries.wallet_balance(user=asha, network=network) == Money(3_000, "EUR")


def test_an_operator_pays_a_wallet_out_and_never_more_than_is_in_it(office: Client, network: Network) -> None:
    asha = money.driver_with_wallet(network, 1_000)
    limit = AccountLimit.objects.get(account__user=asha)
    address = reverse("admin:payments_accountlimit_change", args=[limit.pk])

    refused = office.post(
        address, {"amount": "10.01", "pay_out": "on", "reason": "leaves", "key": str(uuid4())}, follow=True
    )
    office.post(address, {"amount": "10.00", "pay_out": "on", "reason": "leaves", "key": str(uuid4())})
    operations.carry_out(PaymentOperation.objects.latest("id").pk)

    assert "no more than is free" in refused.content.decode()
    assert queries.wallet_balance(user=asha, network=network) == Money(0, "EUR")


def test_a_form_that_is_sent_twice_pays_a_wallet_out_once(office: Client, network: Network) -> None:
    asha = money.driver_with_wallet(network, 2_000)
    limit = AccountLimit.objects.get(account__user=asha)
    address = reverse("admin:payments_accountlimit_change", args=[limit.pk])
    key = office.get(address).context["adminform"].form["key"].value()
    typed = {"amount": "10.00", "pay_out": "on", "reason": "leaves", "key": str(key)}

    office.post(address, typed)
    again = office.post(address, typed, follow=True)

    assert PaymentOperation.objects.filter(kind="pay_out").count() == 1
    assert "sent already" in again.content.decode()
