"""Whatever is thrown at the sign-in pages gets a clear answer, never a crash."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db

PAGES = [
    "account_request_login_code",
    "account_confirm_login_code",
    "account_login",
    "account_reset_password",
    "account_logout",
    "account_signup",
    "account_reauthenticate",
    "account_change_password",
    "mfa_authenticate",
    "mfa_activate_totp",
    "sign_in_to_demo",
    "set_language",
]
NASTY = [
    "\x00",
    "\x00" * 300,
    "a\x00b@example.com",
    "x" * 200_000,
    "\ud800".encode("utf-8", "surrogatepass"),
    "🔋" * 5_000,
    "%00",
    "../../etc/passwd",
]
FIELDS = [
    "login",
    "email",
    "password",
    "password1",
    "password2",
    "oldpassword",
    "code",
    "country",
    "next",
    "language",
    "action",
]


@pytest.mark.parametrize("nasty", NASTY, ids=range(len(NASTY)))
@pytest.mark.parametrize("page", PAGES)
def test_nasty_fields_never_break_a_page(page: str, nasty: str | bytes) -> None:
    client = Client()

    response = client.post(reverse(page), dict.fromkeys(FIELDS, nasty))

    assert response.status_code < 500


@pytest.mark.parametrize("nasty", ["\x00", "x" * 20_000, "🔋"], ids=range(3))
@pytest.mark.parametrize("page", PAGES)
def test_nasty_addresses_never_break_a_page(page: str, nasty: str) -> None:
    client = Client()

    response = client.get(reverse(page), {"next": nasty, "code": nasty})

    assert response.status_code < 500


@pytest.mark.parametrize("nasty", NASTY, ids=range(len(NASTY)))
def test_a_nasty_code_is_a_wrong_code(client: Client, sms: list[tuple[str, str]], nasty: str | bytes) -> None:
    client.post("/sign-in/", {"login": "+351912345678"})

    response = client.post("/sign-in/code/", {"code": nasty})

    assert response.status_code == 200
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize("cookie", ["sessionid", "csrftoken", "django_language"])
@pytest.mark.parametrize(
    "value", ['"abcdefgh\\000ijkl"', "abcdefgh\\000", "x" * 5_000, '"\\377\\376abcdefgh"'], ids=range(4)
)
def test_nasty_cookies_never_break_a_page(cookie: str, value: str) -> None:
    client = Client(HTTP_COOKIE=f"{cookie}={value}")

    assert client.get("/sign-in/").status_code == 200


def test_a_body_too_large_is_refused(client: Client) -> None:
    response = client.post("/sign-in/", {"login": "x" * 1_100_000})

    assert response.status_code == 400


def test_a_broken_session_is_a_signed_out_one(client: Client) -> None:
    client.force_login(UserFactory())
    client.cookies["sessionid"] = "no-such-session-anywhere"

    assert client.get(reverse("account_change_password"))["Location"].startswith("/sign-in/")


@pytest.mark.parametrize(
    "address",
    [
        "/account/password/forgotten/abc-def/",
        "/account/password/forgotten/" + "z" * 20 + "-x/",
        "/account/password/forgotten/zzzzzzzzzzzzz-%00/",
    ],
)
def test_a_made_up_link_for_a_new_password_is_answered(client: Client, address: str) -> None:
    assert client.get(address, follow=True).status_code in (200, 404)
