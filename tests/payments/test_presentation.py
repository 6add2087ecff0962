"""What amounts look like to people, on every page of the house."""

from __future__ import annotations

from datetime import UTC, date, datetime

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


@pytest.mark.parametrize(
    ("language", "month", "period", "moment"),
    [
        ("en", "Nov 26", "November 2026", "23 Nov 2026, 15:32"),
        ("pt", "nov. 26", "Novembro de 2026", "23/11/2026, 15:32"),
        ("zh-hans", "26年11月", "2026年11月", "2026年11月23日 15:32"),
        ("th", "พ.ย. 26", "พฤศจิกายน 2026", "23 พ.ย. 2026 15:32"),
    ],
)
def test_a_date_is_in_the_order_of_the_language(language: str, month: str, period: str, moment: str) -> None:
    with translation.override(language):
        assert presentation.month(date(2026, 11, 1)) == month
        assert presentation.period(date(2026, 11, 1), date(2026, 12, 1)) == period
        assert presentation.moment(datetime(2026, 11, 23, 14, 32, tzinfo=UTC), "Europe/Paris") == moment
