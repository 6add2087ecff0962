"""Finance sets up a second step without help, and from then on signs in with it."""

import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import User
from accounts.second_factor import SecondFactorAdapter
from tests.factories.accounts import MembershipFactory, WorkerFactory

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"


@pytest.fixture
def elsa() -> User:
    worker = WorkerFactory(name="Elsa", email="elsa@example.com", password=PASSWORD)
    MembershipFactory(user=worker, role="finance", organisation__is_operator=True)
    return worker


def sign_in(client: Client) -> str:
    return client.post("/sign-in/password/", {"login": "elsa@example.com", "password": PASSWORD})["Location"]


def code_of(secret: str) -> str:
    # A code counts once, and this test is quicker than the half minute until the next one.
    cache.clear()
    return totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30))


def test_elsa_sets_up_a_second_step_and_signs_in_with_it(client: Client, elsa: User) -> None:
    sign_in(client)
    set_up = reverse("mfa_activate_totp")
    client.post(f"{reverse('account_reauthenticate')}?next={set_up}", {"password": PASSWORD, "next": set_up})
    secret = client.get(set_up).context["form"].secret
    client.post(set_up, {"code": code_of(secret)})
    client.post(reverse("account_logout"))

    asked = sign_in(client)
    page = client.get(asked)
    signed_in_early = "_auth_user_id" in client.session
    wrong = client.post(asked, {"code": "000000"})
    right = client.post(asked, {"code": code_of(secret)})

    assert asked == reverse("mfa_authenticate")
    assert page.status_code == wrong.status_code == 200
    assert not signed_in_early
    assert right.status_code == 302
    assert client.session["_auth_user_id"] == str(elsa.pk)


def test_setting_it_up_asks_for_the_password_once_more(client: Client, elsa: User) -> None:
    sign_in(client)

    response = client.get(reverse("mfa_activate_totp"))

    assert response["Location"].startswith(reverse("account_reauthenticate"))


def test_the_database_alone_does_not_give_the_secret_away(elsa: User) -> None:
    totp.TOTP.activate(elsa, "JBSWY3DPEHPK3PXP")

    stored = Authenticator.objects.get(user=elsa).data["secret"]

    assert "JBSWY3DPEHPK3PXP" not in stored
    assert SecondFactorAdapter().decrypt(stored) == "JBSWY3DPEHPK3PXP"


def test_secrets_outlive_a_new_secret_key(settings: Settings) -> None:
    stored = SecondFactorAdapter().encrypt("JBSWY3DPEHPK3PXP")

    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another key of some length" * 2

    assert SecondFactorAdapter().decrypt(stored) == "JBSWY3DPEHPK3PXP"
