"""What amounts look like to people, on every page of the house."""

from __future__ import annotations

import pytest
from django.utils import translation

from payments import presentation
from payments.money import Money

SPACE = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("language", "amount", "shown"),
    [
        ("en", Money(1_420, "EUR"), "€14.20"),
        ("pt", Money(1_420, "EUR"), f"14,20{SPACE}€"),
        ("en", Money(12_000, "THB"), f"THB{SPACE}120.00"),
        ("th", Money(12_000, "THB"), "฿120.00"),
        ("zh-hans", Money(12_345_600, "CNY"), "¥123,456.00"),
        ("en", Money(-500, "EUR"), "−€5.00"),
        ("en", Money(-12_000, "THB"), f"−THB{SPACE}120.00"),
        ("en", Money(500, "JPY"), "JP¥500"),
    ],
)
def test_an_amount_reads_as_it_does_in_the_persons_language(language: str, amount: Money, shown: str) -> None:
    with translation.override(language):
        assert presentation.money(amount) == shown
