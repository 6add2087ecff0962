"""A driver's passkey in a real browser, with the phone's lock played by the browser's own test authenticator."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from playwright.sync_api import Page, expect

from accounts import passkeys
from accounts.models import User
from tests.factories.accounts import UserFactory

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _fresh_limits() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def asha() -> User:
    return UserFactory(name="Asha", phone="+351912345678")


def named(address: str) -> str:
    """Passkeys belong to a name, never to an IP address."""
    return address.replace("127.0.0.1", "localhost")


# The person closes the phone's question.
CLOSED = "() => { navigator.credentials.create = () => Promise.reject(new DOMException('', 'NotAllowedError')); }"
# The test authenticator answers at once when a passkey is offered while one types; a person would still be looking.
NOT_WHILE_TYPING = "if (!window.name) PublicKeyCredential.isConditionalMediationAvailable = async () => false;"


def give_lock(page: Page) -> None:
    """The phone has a screen lock, and its owner is there to open it."""
    lock = page.context.new_cdp_session(page)
    lock.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    lock.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def sign_in_by_code(page: Page, person: User, *, button: bool = False) -> None:
    page.get_by_label("Phone or e-mail").fill(person.phone or "")
    page.get_by_role("button", name="Send me a code").click()
    code = page.locator("[data-demo-code]").inner_text()
    page.get_by_label("Code", exact=True).fill(code)
    if button:
        page.get_by_role("button", name="Confirm").click()


def test_asha_is_offered_a_passkey_signs_in_with_it_and_removes_it(phones: Any, server: Any, asha: User) -> None:
    phone = phones(base_url=named(server.url))
    phone.add_init_script(NOT_WHILE_TYPING)
    give_lock(phone)
    phone.goto("/sign-in/?next=/account/sign-in/")
    sign_in_by_code(phone, asha)

    phone.get_by_role("button", name="Create a passkey").click()
    expect(phone.get_by_role("heading", name="One tap opens your account")).to_be_visible()
    phone.context.clear_cookies()
    phone.goto("/sign-in/?next=/account/sign-in/")
    phone.get_by_role("button", name="Sign in with a passkey").click()

    expect(phone.get_by_role("heading", name="One tap opens your account")).to_be_visible()
    phone.context.clear_cookies()
    phone.evaluate("() => { window.name = 'offers while one types'; }")
    phone.goto("/sign-in/?next=/account/sign-in/")
    expect(phone.get_by_role("heading", name="One tap opens your account")).to_be_visible()

    phone.get_by_role("link", name="Remove").click()
    phone.get_by_role("button", name="Remove it").click()
    expect(phone.get_by_role("heading", name="A code opens your account")).to_be_visible()
    assert not passkeys.of(asha).exists()


def test_not_now_is_remembered_and_a_question_that_is_closed_says_what_else_works(
    phones: Any, server: Any, asha: User
) -> None:
    phone = phones(base_url=named(server.url))
    phone.goto("/sign-in/?next=/account/sign-in/")
    sign_in_by_code(phone, asha)
    phone.get_by_role("link", name="Not now").click()
    expect(phone.get_by_role("heading", name="A code opens your account")).to_be_visible()

    phone.context.clear_cookies()
    phone.goto("/sign-in/?next=/account/sign-in/")
    sign_in_by_code(phone, asha)

    expect(phone.get_by_role("heading", name="A code opens your account")).to_be_visible()
    phone.evaluate(CLOSED)
    phone.get_by_role("button", name="Create a passkey").click()
    expect(phone.get_by_text("Nothing was done: the question was closed.")).to_be_visible()


def test_without_script_nobody_is_offered_one_and_the_code_works(phones: Any, server: Any, asha: User) -> None:
    phone = phones(base_url=named(server.url), script=False)
    phone.goto("/sign-in/?next=/account/sign-in/")

    sign_in_by_code(phone, asha, button=True)

    expect(phone.get_by_role("heading", name="A code opens your account")).to_be_visible()
    expect(phone.get_by_role("button", name="Create a passkey")).to_be_hidden()
