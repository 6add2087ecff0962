"""How much may be put into a wallet at once, and which amounts are offered at a tap. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from payments.money import Money


@dataclass(frozen=True, slots=True)
class TopUpTerms:
    """Whole units of one currency."""

    least: int
    most: int
    offered: tuple[int, ...]


TERMS = {
    "EUR": TopUpTerms(5, 500, (10, 20, 50, 100)),
    "USD": TopUpTerms(5, 500, (10, 20, 50, 100)),
    "GBP": TopUpTerms(5, 500, (10, 20, 50, 100)),
    "CNY": TopUpTerms(20, 3_000, (50, 100, 300, 600)),
    "THB": TopUpTerms(100, 15_000, (200, 500, 1_500, 3_000)),
    "JPY": TopUpTerms(500, 50_000, (1_000, 3_000, 5_000, 10_000)),
    "KRW": TopUpTerms(5_000, 500_000, (10_000, 30_000, 50_000, 100_000)),
}


def offered(currency: str) -> list[Money]:
    return [Money.from_major(Decimal(whole), currency) for whole in TERMS[currency].offered]


def limits(currency: str) -> tuple[Money, Money]:
    terms = TERMS[currency]
    return Money.from_major(Decimal(terms.least), currency), Money.from_major(Decimal(terms.most), currency)


def enough_for(lacking: Money) -> Money:
    """The smallest amount offered that covers what is lacking, else that rounded up to a whole unit, else the most."""
    for amount in offered(lacking.currency):
        if lacking <= amount:
            return amount
    _least, most = limits(lacking.currency)
    unit = Money.from_major(Decimal(1), lacking.currency).amount_minor
    rounded = Money(-(-lacking.amount_minor // unit) * unit, lacking.currency)
    return min(rounded, most)
