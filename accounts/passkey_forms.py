"""What a browser's passkey answers, read with care: it is JSON from a stranger."""

from __future__ import annotations

import json
from typing import Any

from allauth.mfa.webauthn.forms import AuthenticateWebAuthnForm
from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.passkey_ceremony import prove
from accounts.passkeys import LONGEST_NAME
from accounts.refusals import Refusal

LONGEST_ANSWER = 20_000
FIELDS = ("id", "rawId", "type")
FIELDS_OF_RESPONSE = ("clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle")


class AnswerField(forms.CharField):
    """Keeps the fields that the standard has, as text, and drops everything else."""

    widget = forms.HiddenInput
    default_error_messages = {"required": _("The browser gave no passkey. Try again, or use a code.")}

    def __init__(self) -> None:
        super().__init__(max_length=LONGEST_ANSWER)

    def clean(self, value: Any) -> dict[str, Any]:
        text = super().clean(value)
        try:
            typed = json.loads(text)
            answer: dict[str, Any] = {name: _text(typed[name]) for name in FIELDS}
            given = typed["response"]
            answer["response"] = {name: _text(given[name]) for name in FIELDS_OF_RESPONSE if given.get(name)}
            answer["elsewhere"] = typed.get("authenticatorAttachment") == "cross-platform"
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
            raise forms.ValidationError(self.error_messages["required"], code="invalid") from None
        return answer


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.isascii() or not value.isprintable():
        raise ValueError("The standard has base64url here.")
    return value


class PasskeyForm(forms.Form):
    """A passkey that was just made or just used."""

    credential = AnswerField()
    elsewhere = False

    def clean_credential(self) -> dict[str, Any]:
        answer: dict[str, Any] = self.cleaned_data["credential"]
        self.elsewhere = answer.pop("elsewhere")
        return answer


class SecondStepForm(AuthenticateWebAuthnForm):  # type: ignore[misc]  # allauth ships no types
    """A passkey as the second step after a password, in allauth's page for it."""

    credential = AnswerField()

    def clean_credential(self) -> object:
        answer = self.cleaned_data["credential"]
        answer.pop("elsewhere")
        try:
            return prove(answer, by=self.user, now=timezone.now())
        except Refusal as refusal:
            raise forms.ValidationError(refusal.sentence) from None


class PasskeyNameForm(forms.Form):
    name = forms.CharField(
        label=_("Name"),
        max_length=LONGEST_NAME,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        error_messages={"required": _("Give it a name, so that you know it again.")},
    )
