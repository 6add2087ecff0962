"""The forms of the sign-in pages."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import ConfirmLoginCodeForm, LoginForm
from allauth.core import context, ratelimit
from babel import Locale
from django import forms
from django.conf import settings
from django.core.validators import validate_email
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language, to_locale
from django.utils.translation import gettext_lazy as _

from accounts.models import Network
from accounts.phones import NotAPhoneNumber, country_code, e164

LONGEST_EMAIL = 254
COUNTRY_OF_LANGUAGE = {"pt": "PT", "zh-hans": "CN", "th": "TH"}


class PhoneOrEmailForm(forms.Form):
    """Where to send the code. `phone` or `email` is set when it is valid."""

    login = forms.CharField(
        label=_("Phone or e-mail"),
        max_length=LONGEST_EMAIL,
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}),
        error_messages={"required": _("Type your phone number or e-mail address.")},
    )
    country = forms.ChoiceField(label=_("Country of the phone number"), required=False)

    phone: str | None = None
    email: str | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["country"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("Another: start with +")), *_countries()]
        field.initial = COUNTRY_OF_LANGUAGE.get(get_language() or "", "")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if login := cleaned.get("login"):
            if "@" in login:
                self._take_email(login)
            else:
                self._take_phone(login, cleaned.get("country", ""))
        recipient = self.phone or self.email
        if recipient and not ratelimit.consume(context.request, action="request_login_code", key=recipient):
            self.add_error("login", _("Too many codes were asked for. Wait a few minutes and try again."))
        return cleaned

    def _take_email(self, login: str) -> None:
        try:
            validate_email(login)
        except forms.ValidationError:
            self.add_error("login", _("This is not an e-mail address. Check it for typing mistakes."))
        else:
            self.email = login.lower()

    def _take_phone(self, login: str, country: str) -> None:
        try:
            self.phone = e164(login, country=country)
        except NotAPhoneNumber as refusal:
            self.add_error("login", refusal.sentence)


class CodeForm(ConfirmLoginCodeForm):  # type: ignore[misc]  # allauth ships no types
    """The code that was sent."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["code"]
        field.max_length = 32
        field.widget.attrs = {"autocomplete": "one-time-code", "inputmode": "numeric", "maxlength": "32"}
        field.error_messages["required"] = _("Type the code from the message.")


class PasswordForm(LoginForm):  # type: ignore[misc]  # allauth ships no types
    """E-mail and password, for station staff, finance and operators."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("E-mail")
        for field in self.fields.values():
            # The label says it, and stays when something is typed.
            field.widget.attrs.pop("placeholder", None)

    def login(self, request: HttpRequest, redirect_url: str | None = None) -> HttpResponse:
        response: HttpResponse = super().login(request, redirect_url)
        # A station's tablet and an office's desktop have many users; a driver's phone has one.
        request.session.set_expiry(settings.PASSWORD_SESSION_AGE)
        return response

    def clean_login(self) -> str:
        # One spelling, so that wrong tries count together.
        return str(super().clean_login()).lower()


def _countries() -> list[tuple[str, str]]:
    """The countries of the networks here, in the reader's language: Portugal +351."""
    names = Locale.parse(to_locale(get_language() or "en")).territories
    found = Network.objects.values_list("country", flat=True).distinct()
    return sorted(
        ((code, f"{names.get(code, code)} +{country_code(code)}") for code in found), key=lambda pair: pair[1]
    )
