"""The demo's people are a tap away in the demo, and do not exist outside it."""

import pytest
from django.core.checks import run_checks
from django.test import Client
from pytest_django import Settings

from accounts.demo import PASSWORD, SIGN_INS, demo_sign_ins
from accounts.phones import e164
from tests.factories.accounts import MembershipFactory, UserFactory, WorkerFactory

pytestmark = pytest.mark.django_db

TAP = "/sign-in/demo/"
DRIVER, STAFF, STRANGER = "+351912000001", "staff@demo.example", "+351912999999"


@pytest.fixture(autouse=True)
def _people() -> None:
    UserFactory(name="Asha Ferreira", phone=DRIVER)
    MembershipFactory(user=WorkerFactory(email=STAFF, password=PASSWORD), role="staff")
    UserFactory(name="Not of the demo", phone=STRANGER)


@pytest.fixture
def in_demo(settings: Settings) -> None:
    settings.DEMO = True


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


@pytest.mark.parametrize("login", [DRIVER, STAFF, STRANGER, ""])
def test_outside_the_demo_there_is_nothing_to_tap(client: Client, login: str) -> None:
    assert client.post(TAP, {"login": login}).status_code == 404
    assert not is_signed_in(client)


@pytest.mark.parametrize("page", ["/sign-in/", "/sign-in/password/"])
def test_outside_the_demo_no_sign_in_page_names_anybody(client: Client, page: str) -> None:
    response = client.get(page)

    assert demo_sign_ins() == []
    assert STAFF not in response.content.decode()
    assert PASSWORD not in response.content.decode()


@pytest.mark.usefixtures("in_demo")
class TestInTheDemo:
    @pytest.mark.parametrize("login", [DRIVER, STAFF])
    def test_one_tap_signs_in(self, client: Client, login: str) -> None:
        response = client.post(TAP, {"login": login})

        assert response.status_code == 302
        assert is_signed_in(client)

    @pytest.mark.parametrize("page", ["/sign-in/", "/sign-in/password/"])
    def test_the_sign_in_pages_show_those_who_exist(self, client: Client, page: str) -> None:
        text = client.get(page).content.decode()

        assert [sign_in.login for sign_in in demo_sign_ins()] == [DRIVER, STAFF]
        assert STAFF in text
        assert "finance2@demo.example" not in text

    @pytest.mark.parametrize("login", [STRANGER, "", "\x00", "nobody@demo.example", "x" * 100_000])
    def test_nobody_but_the_demos_people_is_signed_in(self, client: Client, login: str) -> None:
        assert client.post(TAP, {"login": login}).status_code == 404
        assert not is_signed_in(client)

    def test_it_takes_a_tap_on_our_own_page(self) -> None:
        elsewhere = Client(enforce_csrf_checks=True)

        assert elsewhere.post(TAP, {"login": DRIVER}).status_code == 403
        assert elsewhere.get(TAP, {"login": DRIVER}).status_code == 405

    @pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example"])
    def test_nobody_is_sent_to_another_site(self, client: Client, elsewhere: str) -> None:
        assert client.post(TAP, {"login": DRIVER, "next": elsewhere})["Location"] == "/"

    def test_people_go_where_they_were_going(self, client: Client) -> None:
        assert client.post(TAP, {"login": DRIVER, "next": "/bookings/7/"})["Location"] == "/bookings/7/"

    def test_it_never_passes_for_production(self) -> None:
        found = {problem.id for problem in run_checks(tags=["security"], include_deployment_checks=True)}

        assert "swapline.E010" in found


def test_the_demos_numbers_are_spelled_as_numbers_are() -> None:
    phones = [sign_in.login for sign_in in SIGN_INS if sign_in.login.startswith("+")]

    assert [e164(phone) for phone in phones] == phones
    assert phones
