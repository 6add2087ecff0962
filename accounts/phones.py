"""One spelling for every phone number: E.164, whatever way a person types it."""

from __future__ import annotations

from typing import ClassVar

import phonenumbers
from django.utils.translation import gettext as _

from accounts.refusals import Refusal

# Longer than any number with its blanks; the parser need not see more.
LONGEST_TYPED = 40


class NotAPhoneNumber(Refusal):
    code: ClassVar[str] = "not_a_phone_number"


def e164(typed: str, *, country: str = "") -> str:
    """The number as +351912345678; `country` (ISO 3166-1 alpha-2) is where a number without country code is at home.

    Raises NotAPhoneNumber.
    """
    text = typed.strip()
    if not country and not text.startswith(("+", "00")):
        raise NotAPhoneNumber(_("Start the phone number with + and the country code, for example +351 912 345 678."))
    if text.startswith("00"):
        text = f"+{text[2:]}"
    try:
        number = phonenumbers.parse(text[: LONGEST_TYPED + 1], country or None)
    except phonenumbers.NumberParseException:
        raise NotAPhoneNumber(_("This is not a phone number. Check the digits.")) from None
    if len(text) > LONGEST_TYPED or not phonenumbers.is_valid_number(number):
        raise NotAPhoneNumber(_("This phone number does not exist. Check the digits and the country."))
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def spoken(phone: str) -> str:
    """As people write it: +351 912 345 678."""
    return phonenumbers.format_number(phonenumbers.parse(phone), phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def country_code(country: str) -> int:
    """The digits after + of a country; 0 where there is none."""
    return phonenumbers.country_code_for_region(country)
