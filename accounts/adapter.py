"""What django-allauth asks of us: mail, phone numbers, and where people go after signing in."""

from __future__ import annotations

from smtplib import SMTPException
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.contrib.auth import user_logged_out
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import access, passkey_ceremony, people
from accounts.models import Role, User
from accounts.sms import MessageNotSent


class Adapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    """New people come from `accounts.codes` alone, so allauth's own sign-up is closed."""

    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": gettext_lazy("E-mail and password do not belong together. Check both."),
        "incorrect_code": gettext_lazy("That is not the code. Check the digits and type it again."),
        "incorrect_password": gettext_lazy("That is not your password."),
        "too_many_login_attempts": gettext_lazy("Too many wrong tries. Wait a few minutes and try again."),
        "rate_limited": gettext_lazy("Too many tries in a short time. Wait a minute and try again."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_reauthentication_methods(self, user: User | AnonymousUser) -> list[dict[str, object]]:
        """The first is where allauth sends people; without a password that is a code."""
        methods = super().get_reauthentication_methods(user)
        if not passkey_ceremony.are_possible(self.request):
            methods = [method for method in methods if method["id"] != "mfa_reauthenticate:webauthn"]
        if isinstance(user, User) and not user.has_usable_password():
            by_code = {"id": "code", "description": _("Use a code"), "url": reverse("sign_in_again_by_code")}
            return [by_code, *methods]
        return list(methods)

    def login(self, request: HttpRequest, user: User) -> None:
        """Whoever was signed in before is signed out first: their phones, devices and sockets hear of it."""
        before = request.user
        if isinstance(before, User) and before.pk != user.pk:
            user_logged_out.send(sender=User, request=request, user=before)
        super().login(request, user)

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        return home_of(request.user) if isinstance(request.user, User) else "/"

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Raises MessageNotSent."""
        try:
            super().send_mail(template_prefix, email, context)
        except (SMTPException, OSError) as failure:
            raise MessageNotSent(_("We could not send the message just now. Try again in a minute.")) from failure

    def get_phone(self, user: User) -> tuple[str, bool] | None:
        return (user.phone, user.phone_verified) if user.phone else None

    def get_user_by_phone(self, phone: str) -> User | None:
        return User.objects.known_by(phone=phone)

    def set_phone_verified(self, user: User, phone: str) -> None:
        people.known_or_new(phone=phone)


def home_of(user: User) -> str:
    """Where a person's work is: the first of their roles that has a page of its own, else the drivers' home."""
    held = set(access.memberships(user).values_list("role", flat=True))
    if not user.is_staff:
        # The operator's home is the back office, which not every operator may enter.
        held.discard(Role.OPERATOR)
    for role, name in settings.HOME_OF_ROLE.items():
        if role in held:
            try:
                return reverse(name)
            except NoReverseMatch:
                continue
    return str(settings.LOGIN_REDIRECT_URL)
