"""People add and replace their number or address themselves, by proving the new one."""

import pytest
from django.core import mail
from django.test import Client

from accounts.models import User
from tests.accounts.fakes import code_in
from tests.factories.accounts import UserFactory, WorkerFactory

pytestmark = pytest.mark.django_db

ASK, CONFIRM = "/account/contact/", "/account/contact/code/"
Sms = list[tuple[str, str]]


@pytest.fixture
def asha(client: Client) -> User:
    user = UserFactory(name="Asha", phone="+351912345678")
    client.force_login(user)
    return user


def test_asha_adds_an_email_and_signs_in_with_it(client: Client, asha: User) -> None:
    client.post(ASK, {"login": "Asha@Example.com"})
    page = client.get(CONFIRM)
    client.post(CONFIRM, {"code": code_in(mail.outbox[0].body)})

    asha.refresh_from_db()

    assert "asha@example.com" in page.content.decode()
    assert (asha.email, asha.phone) == ("asha@example.com", "+351912345678")


def test_asha_replaces_her_number_and_the_old_one_is_told(client: Client, asha: User, sms: Sms) -> None:
    client.post(ASK, {"login": "+351 912 000 999"})
    client.post(CONFIRM, {"code": code_in(sms[0][1])})

    asha.refresh_from_db()

    assert (asha.phone, asha.phone_verified) == ("+351912000999", True)
    assert [to for to, _ in sms] == ["+351912000999", "+351912345678"]
    assert "new phone number" in sms[1][1]


def test_nothing_changes_before_the_right_code(client: Client, asha: User, sms: Sms) -> None:
    client.post(ASK, {"login": "+351 912 000 999"})
    code = code_in(sms[0][1])
    wrong = "000000" if code != "000000" else "111111"

    answers = [client.post(CONFIRM, {"code": wrong}).status_code for _ in range(5)]
    late = client.post(CONFIRM, {"code": code})

    asha.refresh_from_db()
    assert answers == [200, 200, 200, 200, 302]
    assert late["Location"] == ASK
    assert asha.phone == "+351912345678"


def test_a_number_of_somebody_else_stays_theirs(client: Client, asha: User, sms: Sms) -> None:
    bala = UserFactory(name="Bala", phone="+351912000999")
    client.post(ASK, {"login": "+351912000999"})

    page = client.post(CONFIRM, {"code": code_in(sms[0][1])}, follow=True)

    asha.refresh_from_db()
    assert "Another account has this already." in page.content.decode()
    assert asha.phone == "+351912345678"
    assert User.objects.get(phone="+351912000999") == bala


def test_a_person_with_a_password_gives_it_first(client: Client) -> None:
    client.force_login(WorkerFactory(password="correct horse battery"))

    assert client.get(ASK)["Location"].startswith("/sign-in/again/")
    assert client.get(CONFIRM)["Location"].startswith("/sign-in/again/")


def test_strangers_have_no_contact_to_change(client: Client) -> None:
    assert client.post(ASK, {"login": "+351912000999"})["Location"].startswith("/sign-in/")
    assert client.get(CONFIRM)["Location"].startswith("/sign-in/")


def test_there_is_nothing_to_confirm_before_asking(client: Client, asha: User) -> None:
    assert client.get(CONFIRM)["Location"] == ASK


def test_drivers_find_it_in_the_room_for_signing_in(client: Client, asha: User) -> None:
    page = client.get("/account/sign-in/").content.decode()

    assert f'href="{ASK}"' in page
    assert 'href="/account/"' in page
    assert "second-factor" not in page


def test_whoever_has_a_password_finds_the_second_step_there(client: Client) -> None:
    client.force_login(WorkerFactory())

    assert "/account/second-factor/" in client.get("/account/sign-in/").content.decode()
