"""The forms of the sign-in pages."""

from __future__ import annotations

from typing import Any

from allauth.account.forms import ConfirmLoginCodeForm, LoginForm, ReauthenticateForm
from allauth.core import context
from allauth.mfa.base.forms import AuthenticateForm
from babel import Locale
from django import forms
from django.conf import settings
from django.core.validators import validate_email
from django.http import HttpRequest, HttpResponse
from django.utils.translation import get_language, gettext, to_locale
from django.utils.translation import gettext_lazy as _

from accounts import codes
from accounts.models import Network
from accounts.phones import NotAPhoneNumber, country_code, e164

LONGEST_EMAIL = 254
LONGEST_ACCEPTED = 200
COUNTRY_OF_LANGUAGE = {"pt": "PT", "zh-hans": "CN", "th": "TH"}


class PhoneOrEmailForm(forms.Form):
    """Where to send the code. `phone` or `email` is set when it is valid."""

    login = forms.CharField(
        label=_("Phone or e-mail"),
        max_length=LONGEST_EMAIL,
        widget=forms.TextInput(
            # A browser that has a passkey for this place offers it in this field.
            attrs={"autocomplete": "username webauthn", "autocapitalize": "none", "spellcheck": "false"}
        ),
        error_messages={"required": _("Type your phone number or e-mail address.")},
    )
    country = forms.ChoiceField(label=_("Country of the phone number"), required=False)

    phone: str | None = None
    email: str | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field = self.fields["country"]
        assert isinstance(field, forms.ChoiceField)
        countries = _countries()
        field.choices = [("", _("Another: start with +")), *countries]
        field.initial = _guess([code for code, _name in countries])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if login := cleaned.get("login"):
            if "@" in login:
                self._take_email(login)
            else:
                self._take_phone(login, cleaned.get("country", ""))
        recipient = self.phone or self.email
        if recipient and not codes.may_be_sent(context.request, to=recipient):
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
        field.widget.attrs = {
            "autocomplete": "one-time-code",
            "inputmode": "numeric",
            "maxlength": "32",
            "autofocus": True,
        }
        field.error_messages["required"] = _("Type the code from the message.")


class AppCodeForm(AuthenticateForm):  # type: ignore[misc]  # allauth ships no types
    """The code of an authenticator app, or a recovery code, as the second step."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _say_it_by_the_label(self)


class PasswordAgainForm(ReauthenticateForm):  # type: ignore[misc]  # allauth ships no types
    """The password once more, before something that matters."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _say_it_by_the_label(self)


class PasswordForm(LoginForm):  # type: ignore[misc]  # allauth ships no types
    """E-mail and password, for station staff, finance and operators."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = _("E-mail")
        _say_it_by_the_label(self)

    def login(self, request: HttpRequest, redirect_url: str | None = None) -> HttpResponse:
        response: HttpResponse = super().login(request, redirect_url)
        # A station's tablet and an office's desktop have many users; a driver's phone has one.
        request.session.set_expiry(settings.PASSWORD_SESSION_AGE)
        return response

    def clean_login(self) -> str:
        # One spelling, so that wrong tries count together.
        return str(super().clean_login()).lower()


class DeleteForm(forms.Form):
    """A word typed on purpose: nobody deletes an account by a slip of the thumb."""

    typed = forms.CharField(
        max_length=40,
        label=_("Type the word to confirm"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )

    @property
    def word(self) -> str:
        return gettext("DELETE")

    def clean_typed(self) -> str:
        typed = str(self.cleaned_data["typed"]).strip()
        if typed.casefold() != self.word.casefold():
            raise forms.ValidationError(_("That is not the word. Nothing has been deleted."))
        return typed


def _say_it_by_the_label(form: forms.Form) -> None:
    """It stays when something is typed, as a placeholder does not."""
    for field in form.fields.values():
        field.widget.attrs.pop("placeholder", None)


def _countries() -> list[tuple[str, str]]:
    """The countries of the networks here, in the reader's language: Portugal +351."""
    names = Locale.parse(to_locale(get_language() or "en")).territories
    found = Network.objects.values_list("country", flat=True).distinct()
    return sorted(
        ((code, f"{names.get(code, code)} +{country_code(code)}") for code in found), key=lambda pair: pair[1]
    )


def _guess(countries: list[str]) -> str:
    """Where the number is probably at home: the only country here, the browser's own, or that of the language."""
    if len(countries) == 1:
        return countries[0]
    accepted = context.request.headers.get("Accept-Language", "")[:LONGEST_ACCEPTED]
    regions = [tag.partition(";")[0].strip().rpartition("-")[2].upper() for tag in accepted.split(",")]
    likely = [*regions, COUNTRY_OF_LANGUAGE.get(get_language() or "", "")]
    return next((country for country in likely if country in countries), "")
