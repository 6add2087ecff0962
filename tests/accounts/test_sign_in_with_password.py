"""Station staff, finance and operators sign in with e-mail and password; guessing locks the door."""

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts.models import User
from tests.factories.accounts import MembershipFactory, WorkerFactory

pytestmark = pytest.mark.django_db

PASSWORD = "correct horse battery"
SIGN_IN = "/sign-in/password/"


@pytest.fixture
def duarte() -> User:
    return WorkerFactory(name="Duarte", email="duarte@example.com", password=PASSWORD)


def sign_in(client: Client, *, email: str = "duarte@example.com", password: str = PASSWORD, to: str = "") -> int:
    return client.post(SIGN_IN, {"login": email, "password": password, "next": to}).status_code


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


@pytest.mark.parametrize("email", ["duarte@example.com", "Duarte@EXAMPLE.com", "  duarte@example.com "])
def test_duarte_signs_in_however_he_spells_his_email(client: Client, duarte: User, email: str) -> None:
    assert sign_in(client, email=email) == 302
    assert is_signed_in(client)


@pytest.mark.parametrize(
    ("role", "may_enter_back_office", "home"),
    [
        ("finance", False, "/finance/"),
        ("operator", True, "/admin/"),
        ("operator", False, "/"),
        ("owner", False, "/"),
        (None, False, "/"),
    ],
)
def test_people_arrive_where_their_work_is(
    client: Client, duarte: User, role: str | None, may_enter_back_office: bool, home: str
) -> None:
    duarte.is_staff = may_enter_back_office
    duarte.save()
    if role is not None:
        MembershipFactory(user=duarte, role=role, organisation__is_operator=True)

    response = client.post(SIGN_IN, {"login": duarte.email, "password": PASSWORD})

    assert response["Location"] == home


def test_a_password_is_good_for_a_shift(client: Client, duarte: User) -> None:
    sign_in(client)

    assert client.session.get_expiry_age() == 12 * 60 * 60


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("duarte@example.com", "wrong"),
        ("nobody@example.com", PASSWORD),
        ("duarte@example.com", "\x00"),
        ("duarte\x00@example.com", PASSWORD),
        ("duarte@example.com", "x" * 100_000),
        ("x" * 100_000, PASSWORD),
    ],
)
def test_anything_else_is_refused_and_never_breaks(client: Client, duarte: User, email: str, password: str) -> None:
    assert sign_in(client, email=email, password=password) == 200
    assert not is_signed_in(client)


def test_unknown_address_and_wrong_password_are_answered_alike(client: Client, duarte: User) -> None:
    sentences = []

    for email in ("duarte@example.com", "nobody@example.com"):
        page = client.post(SIGN_IN, {"login": email, "password": "wrong"})
        sentences.append(list(page.context["form"].non_field_errors()))

    assert sentences[0] == sentences[1]
    assert len(sentences[0]) == 1


def test_five_wrong_passwords_close_the_door_for_the_right_one_too(client: Client, duarte: User) -> None:
    answers = [
        sign_in(client, password=f"wrong {number}", email=("D" if number % 2 else "d") + "uarte@example.com")
        for number in range(5)
    ]

    late = client.post(SIGN_IN, {"login": "duarte@example.com", "password": PASSWORD})

    assert answers == [200, 200, 200, 200, 429]
    assert late.status_code == 429
    assert "Too many wrong passwords" in late.content.decode()
    assert not is_signed_in(client)


def test_a_strangers_guesses_do_not_lock_duarte_out_elsewhere(client: Client, duarte: User) -> None:
    stranger = Client(REMOTE_ADDR="192.0.2.7")
    for _ in range(6):
        sign_in(stranger, password="wrong")

    assert sign_in(client) == 302


def test_people_without_a_password_cannot_sign_in_with_an_empty_one(client: Client) -> None:
    User.objects.create_user(email="asha@example.com")

    assert sign_in(client, email="asha@example.com", password="") == 200
    assert sign_in(client, email="asha@example.com", password="!") == 200
    assert not is_signed_in(client)


def test_a_blocked_person_does_not_get_in(client: Client, duarte: User) -> None:
    duarte.is_active = False
    duarte.save()

    sign_in(client)

    assert not is_signed_in(client)


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_nobody_is_sent_to_another_site(client: Client, duarte: User, elsewhere: str) -> None:
    response = client.post(SIGN_IN, {"login": duarte.email, "password": PASSWORD, "next": elsewhere})

    assert response["Location"] == "/"


def test_with_a_second_factor_the_password_alone_is_not_enough(client: Client, duarte: User) -> None:
    TOTP.activate(duarte, "JBSWY3DPEHPK3PXP")

    response = client.post(SIGN_IN, {"login": duarte.email, "password": PASSWORD})

    assert response["Location"] == reverse("mfa_authenticate")
    assert not is_signed_in(client)
    assert client.get(response["Location"]).status_code == 200


def test_a_forgotten_password_is_set_anew_by_mail(client: Client, duarte: User) -> None:
    client.post(reverse("account_reset_password"), {"email": "Duarte@example.com"})
    [link] = [word for word in mail.outbox[0].body.split() if "/account/password/forgotten/" in word]
    form = client.get(link, follow=True)
    address = form.redirect_chain[-1][0]

    client.post(address, {"password1": "a whole new horse", "password2": "a whole new horse"})

    assert sign_in(client, password="a whole new horse") == 302


def test_an_unknown_address_asks_for_a_new_password_with_the_same_answer(client: Client, duarte: User) -> None:
    known = client.post(reverse("account_reset_password"), {"email": "duarte@example.com"})
    unknown = client.post(reverse("account_reset_password"), {"email": "nobody@example.com"})

    assert (known.status_code, known["Location"]) == (unknown.status_code, unknown["Location"])


def test_nobody_signs_up_by_a_form_of_its_own(client: Client) -> None:
    response = client.post("/sign-up/", {"email": "eve@example.com", "password1": PASSWORD})

    assert response["Location"] == reverse("account_request_login_code")
    assert not User.objects.exists()


@pytest.mark.parametrize(
    "page",
    [
        "account_login",
        "account_request_login_code",
        "account_reset_password",
        "account_reset_password_done",
        "account_inactive",
    ],
)
def test_every_page_before_sign_in_can_be_seen(client: Client, page: str) -> None:
    assert client.get(reverse(page)).status_code == 200


@pytest.mark.parametrize(
    "page", ["account_logout", "account_change_password", "account_reauthenticate", "mfa_index", "mfa_activate_totp"]
)
def test_every_page_of_the_own_account_can_be_seen(client: Client, duarte: User, page: str) -> None:
    sign_in(client)

    assert client.get(reverse(page), follow=True).status_code == 200
