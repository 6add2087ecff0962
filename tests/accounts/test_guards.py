"""Every role before every guard: who is let in, who is told which role is missing, who has to sign in first."""

from datetime import timedelta

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts import membership, people
from accounts.models import Membership, Role, User
from tests.accounts.guarded_urls import GUARDS
from tests.factories.accounts import MembershipFactory, OperatorFactory, OrganisationFactory, UserFactory, WorkerFactory

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.accounts.guarded_urls")]

# What each role opens beside the pages of its own name. Every signed-in person is a driver.
OPENS = {role: {"driver", role} for role in Role.values}
OPENS["staff"] |= {"staff-or-operator"}
OPENS["operator"] |= {"staff-or-operator"}


def somebody(role: str) -> User:
    return MembershipFactory(role=role, organisation__is_operator=True).user


def status(user: User, guard: str) -> int:
    client = Client()
    client.force_login(user)
    return client.get(f"/for/{guard}/").status_code


@pytest.mark.parametrize("guard", GUARDS)
@pytest.mark.parametrize("role", Role.values)
def test_a_role_opens_its_own_pages_and_no_others(role: str, guard: str) -> None:
    expected = 200 if guard in OPENS[role] else 403

    assert status(somebody(role), guard) == expected


@pytest.mark.parametrize("guard", GUARDS)
def test_whoever_is_not_signed_in_is_sent_to_sign_in_and_back(client: Client, guard: str) -> None:
    response = client.get(f"/for/{guard}/?a=1&b=2")

    assert (response.status_code, response["Location"]) == (302, f"/sign-in/?next=/for/{guard}/%3Fa%3D1%26b%3D2")


def test_a_fragment_sends_the_whole_page_to_sign_in(client: Client) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "https://evil.example/bookings/7/?tab=pass"}

    response = client.get("/for/driver/", headers=headers)

    assert response.status_code == 204
    assert response["HX-Redirect"] == "/sign-in/?next=/bookings/7/%3Ftab%3Dpass"


def test_a_fragment_of_a_page_whose_address_is_none_comes_back_to_the_first_page(client: Client) -> None:
    response = client.get("/for/driver/", headers={"HX-Request": "true", "HX-Current-URL": "http://["})

    assert (response.status_code, response["HX-Redirect"]) == (204, "/sign-in/?next=/")


@pytest.mark.parametrize("guard", sorted(set(GUARDS) - {"driver"}))
def test_being_a_superuser_opens_no_page_of_a_role(guard: str) -> None:
    assert status(WorkerFactory(is_superuser=True, is_staff=True), guard) == 403


def test_the_refusal_says_which_role_is_missing(client: Client) -> None:
    client.force_login(UserFactory(name="Chitra"))

    response = client.get("/for/staff-or-operator/")

    assert response.status_code == 403
    assert "station staff, operator" in response.content.decode()
    assert "Chitra" in response.content.decode()


@pytest.mark.parametrize("role", ["staff", "finance", "operator", "owner", "fleet_manager"])
def test_a_role_that_has_ended_opens_nothing(role: str) -> None:
    held = MembershipFactory(role=role, organisation__is_operator=True)
    membership.end(membership=held, by=None)

    assert status(held.user, role) == 403


@pytest.mark.parametrize("role", ["finance", "operator"])
def test_a_role_of_the_operator_counts_at_no_other_organisation(role: str) -> None:
    organisation = OrganisationFactory(is_operator=False)
    held = Membership.objects.create(user=WorkerFactory(), organisation=organisation, role=role)

    assert status(held.user, role) == 403


def test_a_blocked_person_is_out_at_once(client: Client) -> None:
    chitra = somebody("finance")
    client.force_login(chitra)
    before = client.get("/for/finance/").status_code

    people.block(user=chitra, by=None, reason="left the company")
    after = client.get("/for/finance/")

    assert before == 200
    assert (after.status_code, after["Location"]) == (302, "/sign-in/?next=/for/finance/")


def test_a_role_that_is_given_opens_its_pages_at_once(client: Client) -> None:
    asha = WorkerFactory()
    client.force_login(asha)
    before = client.get("/for/operator/").status_code

    membership.grant(user=asha, organisation=OperatorFactory(), role=Role.OPERATOR, by=None)

    assert (before, client.get("/for/operator/").status_code) == (403, 200)


class TestSecondFactor:
    @pytest.fixture(autouse=True)
    def _needed(self, settings: Settings) -> None:
        settings.FINANCE_NEEDS_SECOND_FACTOR = True

    def test_finance_without_one_is_led_to_set_it_up(self, client: Client) -> None:
        client.force_login(somebody("finance"))

        response = client.get("/for/finance/")

        assert (response.status_code, response["Location"]) == (302, "/account/second-factor/")

    def test_finance_with_one_is_let_in(self) -> None:
        elsa = somebody("finance")
        TOTP.activate(elsa, "JBSWY3DPEHPK3PXP")

        assert status(elsa, "finance") == 200

    def test_other_roles_need_none(self) -> None:
        assert status(somebody("staff"), "staff") == 200


def test_ended_at_in_the_future_does_not_exist() -> None:
    # A role ends at once or not at all, so an end that is written is an end that counts.
    held = MembershipFactory(role="staff")
    held.ended_at = timezone.now() + timedelta(days=1)
    held.save()

    assert status(held.user, "staff") == 403
