"""Every way of typing a number leads to one spelling, or to a sentence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.phones import NotAPhoneNumber, country_code, e164, spoken


@pytest.mark.parametrize(
    ("typed", "country", "spelled"),
    [
        ("+351 912 345 678", "", "+351912345678"),
        ("00351-912-345-678", "", "+351912345678"),
        ("912 345 678", "PT", "+351912345678"),
        ("+351 912 345 678", "TH", "+351912345678"),
        ("081-234-5678", "TH", "+66812345678"),
        ("+66 (0)81 234 5678", "", "+66812345678"),
        ("138 1234 5678", "CN", "+8613812345678"),
        ("\uff0b351 912345678", "PT", "+351912345678"),
        ("๐๘๑๒๓๔๕๖๗๘", "TH", "+66812345678"),
        ("tel:+351-912-345-678", "PT", "+351912345678"),
    ],
)
def test_one_spelling(typed: str, country: str, spelled: str) -> None:
    assert e164(typed, country=country) == spelled


@pytest.mark.parametrize(
    ("typed", "country"),
    [
        ("", "PT"),
        ("912345678", ""),
        ("12", "PT"),
        ("999 999 999 999", "PT"),
        ("+0 123 456 789", ""),
        ("asha", "PT"),
        ("912345678", "XX"),
        ("912345678\x00", ""),
        ("+351912345678" + "1" * 100, ""),
    ],
)
def test_what_is_no_number_is_refused(typed: str, country: str) -> None:
    with pytest.raises(NotAPhoneNumber) as refused:
        e164(typed, country=country)

    assert refused.value.sentence.endswith(".")


@given(st.text(max_size=80), st.sampled_from(["", "PT", "TH", "CN", "XX"]))
def test_whatever_is_typed_gives_e164_or_a_refusal(typed: str, country: str) -> None:
    try:
        spelled = e164(typed, country=country)
    except NotAPhoneNumber:
        return

    assert spelled.startswith("+")
    assert spelled[1:].isascii()
    assert spelled[1:].isdigit()
    assert 8 <= len(spelled) <= 16
    assert e164(spelled) == spelled


def test_numbers_are_shown_as_people_write_them() -> None:
    assert spoken("+351912345678") == "+351 912 345 678"
    assert country_code("PT") == 351
