"""Signing in, proving that it is you, and the ways in: passkeys, passwords, the second step."""

from __future__ import annotations

from collections.abc import Callable

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page

from accounts import passkeys
from accounts.demo import SIGN_INS
from accounts.models import User
from tests.factories.accounts import UserFactory, WorkerFactory
from tests.gallery.showing import Gallery, Seen

GALLERY = Gallery()
EMAIL = "duarte.with.a.long.address@swapline.example"
PASSWORD = "correct horse battery"


@GALLERY.shows("account_request_login_code")
def sign_in() -> Seen:
    return Seen("/sign-in/")


@GALLERY.shows("account_login")
def sign_in_with_password() -> Seen:
    return Seen("/sign-in/password/")


@GALLERY.shows("sign_in_ways")
def sign_in_ways() -> Seen:
    return Seen("/account/sign-in/", UserFactory(name="Asha"))


@GALLERY.shows("sign_in_ways")
def sign_in_ways_with_a_passkey() -> Seen:
    asha = UserFactory(name="Asha", email="asha.with.a.long.address@swapline.example")
    for name in ("iPhone", "The tablet on the dashboard of the blue van, right-hand side"):
        passkeys.add(user=asha, answer={}, name=name, with_password=False, now=timezone.now())
    return Seen("/account/sign-in/", asha)


@GALLERY.shows("sign_in_ways")
def sign_in_ways_with_a_password() -> Seen:
    return Seen("/account/sign-in/", WorkerFactory(name="Duarte"))


@GALLERY.shows("passkey_offer")
def passkey_offer() -> Seen:
    return Seen("/account/sign-in/offer/?next=/account/", UserFactory(name="Asha"))


@GALLERY.shows("sign_in_again_by_code")
def is_it_you_by_code() -> Seen:
    return Seen("/sign-in/again/code/", UserFactory(name="Asha", email=EMAIL))


@GALLERY.shows("account_reauthenticate")
def is_it_you_by_password() -> Seen:
    return Seen("/sign-in/again/", WorkerFactory(name="Duarte"))


@GALLERY.shows("account_inactive")
def blocked() -> Seen:
    return Seen("/sign-in/blocked/")


@GALLERY.shows("account_logout")
def sign_out() -> Seen:
    return Seen("/sign-out/", UserFactory(name="Asha"))


@GALLERY.shows("account_reset_password")
def password_forgotten() -> Seen:
    return Seen("/account/password/forgotten/")


@GALLERY.shows("account_reset_password_done")
def password_link_sent() -> Seen:
    return Seen("/account/password/forgotten/sent/")


@GALLERY.shows("account_reset_password_from_key")
def password_link_used() -> Seen:
    return Seen("/account/password/forgotten/abc-def/")


@GALLERY.shows("account_change_password")
def password_change() -> Seen:
    return Seen("/account/password/", WorkerFactory(name="Duarte"))


@GALLERY.shows("account_set_password")
def password_set() -> Seen:
    return Seen("/account/password/set/", UserFactory(name="Asha"))


@GALLERY.shows("mfa_index")
def second_step() -> Seen:
    return Seen("/account/second-factor/", WorkerFactory(name="Duarte"))


@GALLERY.shows("contact")
def contact() -> Seen:
    return Seen("/account/contact/", UserFactory(name="Asha"))


def _types(path: str, **typed: str) -> Callable[[Page], None]:
    """Goes there, fills in what is named, and sends it."""

    def lead(page: Page) -> None:
        page.goto(path)
        for name, value in typed.items():
            page.locator(f"main [name={name}]").fill(value)
        page.locator(f"main [name={name}]").press("Enter")
        page.wait_for_url(lambda url: not url.endswith(path))

    return lead


@GALLERY.shows("account_request_login_code")
def sign_in_to_the_demo() -> Seen:
    for one in SIGN_INS:
        UserFactory(name=one.name, **{"email" if "@" in one.login else "phone": one.login})
    return Seen("/sign-in/", is_demo=True)


@GALLERY.shows("account_confirm_login_code")
def sign_in_code() -> Seen:
    UserFactory(email=EMAIL)
    return Seen("/sign-in/code/", lead=_types("/sign-in/", login=EMAIL))


@GALLERY.shows("confirm_contact")
def contact_code() -> Seen:
    return Seen("/account/contact/code/", UserFactory(), lead=_types("/account/contact/", login=EMAIL))


@GALLERY.shows("account_reset_password_from_key")
def password_anew() -> Seen:
    duarte: User = WorkerFactory(name="Duarte", email=EMAIL)
    person = user_pk_to_url_str(duarte)
    mailed = f"/account/password/forgotten/{person}-{default_token_generator.make_token(duarte)}/"
    return Seen(f"/account/password/forgotten/{person}-set-password/", lead=lambda page: page.goto(mailed))


@GALLERY.shows("account_reset_password_from_key_done")
def password_is_anew() -> Seen:
    return Seen("/account/password/forgotten/done/")


def _of_passkey(name: str) -> Callable[[], Seen]:
    def arrange() -> Seen:
        asha: User = UserFactory(name="Asha", email="asha@swapline.example")
        key = passkeys.add(user=asha, answer={}, name="iPhone", with_password=False, now=timezone.now())
        return Seen(reverse(name, args=[key.pk]), asha, is_fresh=True)

    return arrange


GALLERY.hang("passkey_named", "rename_passkey", _of_passkey("rename_passkey"))
GALLERY.hang("passkey_removed", "remove_passkey", _of_passkey("remove_passkey"))


def _with_second_step() -> User:
    duarte: User = WorkerFactory(name="Duarte", email=EMAIL, password=PASSWORD)
    TOTP.activate(duarte, generate_totp_secret())
    RecoveryCodes.activate(duarte)
    return duarte


@GALLERY.shows("mfa_authenticate")
def second_step_asked() -> Seen:
    _with_second_step()
    return Seen(
        "/account/second-factor/authenticate/", lead=_types("/sign-in/password/", login=EMAIL, password=PASSWORD)
    )


@GALLERY.shows("mfa_index")
def second_step_set_up() -> Seen:
    return Seen("/account/second-factor/", _with_second_step())


def _of_second_step(path: str, *, is_set_up: bool = True) -> Callable[[], Seen]:
    def arrange() -> Seen:
        duarte = _with_second_step() if is_set_up else WorkerFactory(name="Duarte", email=EMAIL)
        return Seen(f"/account/second-factor/{path}", duarte, is_fresh=True)

    return arrange


GALLERY.hang("second_step_again", "mfa_reauthenticate", _of_second_step("reauthenticate/"))
GALLERY.hang("second_step_begins", "mfa_activate_totp", _of_second_step("totp/activate/", is_set_up=False))
GALLERY.hang("second_step_ends", "mfa_deactivate_totp", _of_second_step("totp/deactivate/"))
GALLERY.hang("recovery_codes", "mfa_view_recovery_codes", _of_second_step("recovery-codes/"))
GALLERY.hang("recovery_codes_anew", "mfa_generate_recovery_codes", _of_second_step("recovery-codes/generate/"))
