"""Money as whole minor units and a currency. No floats, no mixing of currencies."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

# Minor units per major unit, as powers of ten (ISO 4217). The currencies of our networks, and the common exceptions.
EXPONENTS = {"EUR": 2, "CNY": 2, "THB": 2, "USD": 2, "GBP": 2, "JPY": 0, "KRW": 0}


class CurrencyMismatch(ValueError):
    """Two amounts of different currencies were combined."""


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount: `Money(4_900, "EUR")` is 49.00 euro. May be negative (a correction, a refund)."""

    amount_minor: int
    currency: str

    def __post_init__(self) -> None:
        # Neither a float nor True.
        if type(self.amount_minor) is not int:
            raise TypeError("an amount is a whole number of minor units")
        if self.currency not in EXPONENTS:
            raise ValueError(f"unknown currency {self.currency!r}")

    def __add__(self, other: Money) -> Money:
        return Money(self.amount_minor + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.amount_minor - self._same(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount_minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.amount_minor < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.amount_minor <= self._same(other)

    def __bool__(self) -> bool:
        return self.amount_minor != 0

    def _same(self, other: Money) -> int:
        if other.currency != self.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency}")
        return other.amount_minor

    @property
    def major(self) -> Decimal:
        return Decimal(self.amount_minor).scaleb(-EXPONENTS[self.currency])

    @classmethod
    def from_major(cls, major: Decimal, currency: str) -> Money:
        """Half a minor unit is rounded up (away from zero), as on a till receipt."""
        minor = major.scaleb(EXPONENTS[currency]).quantize(Decimal(1), rounding=ROUND_HALF_UP)
        return cls(int(minor), currency)


def zero(currency: str) -> Money:
    return Money(0, currency)
