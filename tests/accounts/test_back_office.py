"""The back office: who may enter, what of which network they see, and that it writes through the writers."""

import pytest
from axes.models import AccessAttempt
from django.test import Client
from django.urls import reverse

from accounts.models import AccessChange, Membership, Network, Organisation, User
from tests.factories.accounts import MembershipFactory, OperatorFactory, OrganisationFactory, UserFactory, WorkerFactory

pytestmark = pytest.mark.django_db

PAGES = ["accounts_user", "accounts_network", "accounts_organisation", "accounts_membership", "axes_accessattempt"]
OF_ONE_NETWORK = {"accounts_organisation", "accounts_membership"}


@pytest.fixture
def root(client: Client) -> Client:
    client.force_login(WorkerFactory(name="Root", is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def graca() -> User:
    """An operator of one network, let into the back office."""
    return MembershipFactory(role="operator", user__is_staff=True, organisation=OperatorFactory(name="Ours")).user


def list_of(page: str) -> str:
    return reverse(f"admin:{page}_changelist")


@pytest.mark.parametrize("page", PAGES)
def test_a_superuser_sees_every_list(root: Client, page: str) -> None:
    assert root.get(list_of(page)).status_code == 200


@pytest.mark.parametrize("page", PAGES)
def test_an_operator_sees_the_lists_of_their_network(client: Client, graca: User, page: str) -> None:
    client.force_login(graca)

    assert client.get(list_of(page)).status_code == (200 if page in OF_ONE_NETWORK else 403)


@pytest.mark.parametrize("page", PAGES)
def test_an_operator_who_was_not_let_in_sees_nothing(client: Client, graca: User, page: str) -> None:
    graca.is_staff = False
    graca.save()
    client.force_login(graca)

    assert client.get(list_of(page), follow=True).status_code == 403


def test_strangers_are_sent_to_the_usual_sign_in(client: Client) -> None:
    response = client.get("/admin/", follow=True)

    assert response.redirect_chain[-1][0] == "/sign-in/password/?next=/admin/"


def test_an_operator_sees_no_other_networks_rows(client: Client, graca: User) -> None:
    theirs = MembershipFactory(organisation=OperatorFactory(name="Theirs"), user__name="Somchai")
    client.force_login(graca)

    lists = client.get(list_of("accounts_organisation")).content.decode()
    roles = client.get(list_of("accounts_membership")).content.decode()
    row = client.get(reverse("admin:accounts_membership_change", args=[theirs.pk]))

    assert "Ours" in lists
    assert "Theirs" not in lists
    assert "Somchai" not in roles
    assert row.status_code == 302


def test_an_operator_gives_a_role_and_the_new_person_is_invited(client: Client, graca: User) -> None:
    client.force_login(graca)
    ours = Organisation.objects.get(name="Ours")

    client.post(
        reverse("admin:accounts_membership_add"),
        {"person": "Elsa@example.com", "organisation": ours.pk, "role": "finance", "reason": "hired"},
    )

    held = Membership.objects.get(role="finance")
    assert (held.user.email, held.user.has_usable_password()) == ("elsa@example.com", False)
    change = AccessChange.objects.get()
    assert (change.membership, change.by, change.reason) == (held, graca, "hired")


def test_a_network_has_a_time_zone_that_exists(root: Client) -> None:
    facts = {"code": "lisboa", "name": "Lisboa", "country": "PT", "currency": "EUR"}
    page = reverse("admin:accounts_network_add")

    refused = root.post(page, {**facts, "time_zone": "Europe/Lisboa"})
    assert "That is no time zone such as Europe/Lisbon." in refused.content.decode()
    assert not Network.objects.exists()

    root.post(page, {**facts, "time_zone": "Europe/Lisbon"})
    assert Network.objects.get().time_zone == "Europe/Lisbon"


def test_an_operator_gives_no_role_in_another_network(client: Client, graca: User) -> None:
    theirs = OperatorFactory(name="Theirs")
    client.force_login(graca)

    client.post(
        reverse("admin:accounts_membership_add"),
        {"person": graca.email, "organisation": theirs.pk, "role": "finance", "reason": "greed"},
    )

    assert not Membership.objects.filter(organisation=theirs).exists()


def test_a_refusal_of_the_writer_is_shown_as_its_sentence(root: Client) -> None:
    party = OrganisationFactory()

    response = root.post(
        reverse("admin:accounts_membership_add"),
        {"person": "elsa@example.com", "organisation": party.pk, "role": "finance", "reason": "hired"},
        follow=True,
    )

    assert "own organisation has people in this role" in response.content.decode()
    assert not User.objects.filter(email="elsa@example.com").exists()


def test_a_role_is_ended_with_a_reason_and_cannot_be_rewritten(client: Client, graca: User) -> None:
    held = MembershipFactory(organisation=Organisation.objects.get(name="Ours"), role="staff")
    client.force_login(graca)
    address = reverse("admin:accounts_membership_change", args=[held.pk])

    client.post(address, {"role": "operator", "end_now": "on", "reason": "moved on", "person": "x@example.com"})

    held.refresh_from_db()
    assert held.ended_at is not None
    assert held.role == "staff"
    assert AccessChange.objects.get().reason == "moved on"


def test_a_person_is_blocked_with_a_reason_alone(root: Client) -> None:
    chitra = UserFactory(name="Chitra")
    address = reverse("admin:accounts_user_change", args=[chitra.pk])
    inline = {"access_changes-TOTAL_FORMS": 0, "access_changes-INITIAL_FORMS": 0}
    form = {"name": "Chitra", "language": "", **inline}

    without = root.post(address, form, follow=True)
    still_active = User.objects.get(pk=chitra.pk).is_active
    root.post(address, {**form, "reason": "stole a pack"})

    assert "Say why" in without.content.decode()
    assert still_active
    assert not User.objects.get(pk=chitra.pk).is_active
    assert AccessChange.objects.get().reason == "stole a pack"


def test_a_person_is_added_with_one_spelling_of_their_number(root: Client) -> None:
    inline = {"access_changes-TOTAL_FORMS": 0, "access_changes-INITIAL_FORMS": 0}

    root.post(reverse("admin:accounts_user_add"), {"name": "Asha", "phone": "+351 912 345 678", **inline})

    assert User.objects.get(name="Asha").phone == "+351912345678"


@pytest.mark.parametrize("field", [{}, {"phone": "12"}, {"email": "no"}])
def test_a_person_nobody_could_reach_is_not_added(root: Client, field: dict[str, str]) -> None:
    inline = {"access_changes-TOTAL_FORMS": 0, "access_changes-INITIAL_FORMS": 0}

    response = root.post(reverse("admin:accounts_user_add"), {"name": "Nobody", **field, **inline})

    assert response.status_code == 200
    assert not User.objects.filter(name="Nobody").exists()


@pytest.mark.parametrize("page", ["accounts_user", "accounts_membership", "accounts_organisation"])
def test_nothing_is_deleted(root: Client, page: str) -> None:
    row = MembershipFactory()
    key = {"accounts_user": row.user, "accounts_membership": row, "accounts_organisation": row.organisation}[page].pk

    assert root.post(reverse(f"admin:{page}_delete", args=[key]), {"post": "yes"}).status_code == 403


def test_a_locked_out_person_is_let_try_again(root: Client) -> None:
    WorkerFactory(email="duarte@example.com")
    duartes = Client()
    for _ in range(5):
        duartes.post("/sign-in/password/", {"login": "duarte@example.com", "password": "wrong"})
    attempt = AccessAttempt.objects.get()

    root.post(list_of("axes_accessattempt"), {"action": "let_them_try_again", "_selected_action": [attempt.pk]})

    answer = duartes.post("/sign-in/password/", {"login": "duarte@example.com", "password": "correct horse battery"})
    assert answer.status_code == 302
