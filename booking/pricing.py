"""What a swap costs: energy gained times price per kWh, plus a fee; tax included. No floats, one stated rounding."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

# What a pack holds when a driver brings it in, where nobody knows better.
ARRIVING_SOC_PERCENT = 15.0


@dataclass(frozen=True, slots=True)
class Rate:
    """A tariff version: `price_per_kwh` in major units, tax included; `exponent` is the currency's minor digits."""

    price_per_kwh: Decimal
    service_fee_minor: int
    tax_rate_bp: int
    exponent: int = 2


@dataclass(frozen=True, slots=True)
class Price:
    energy_wh: int
    energy_minor: int
    fee_minor: int
    tax_minor: int

    @property
    def gross_minor(self) -> int:
        return self.energy_minor + self.fee_minor

    @property
    def net_minor(self) -> int:
        return self.gross_minor - self.tax_minor


@dataclass(frozen=True, slots=True)
class Charge:
    """What one pack holds: percentages of state of charge and health, and the nominal energy of its class."""

    soc_percent: Decimal
    soh_percent: Decimal
    nominal_wh: int

    @property
    def energy_wh(self) -> Decimal:
        return self.soc_percent / 100 * self.soh_percent / 100 * self.nominal_wh


def energy_gained_wh(*, packs_out: Iterable[Charge], packs_in: Iterable[Charge]) -> int:
    """`Σ (SoC × SoH × class Wh) out - in`, rounded half up to a watt-hour, never below zero."""
    gained = sum((p.energy_wh for p in packs_out), Decimal(0)) - sum((p.energy_wh for p in packs_in), Decimal(0))
    return max(0, int(gained.quantize(Decimal(1), rounding=ROUND_HALF_UP)))


def price(*, energy_wh: int, rate: Rate) -> Price:
    """Half a minor unit is rounded up. Tax is what the rate makes of the net, taken out of the gross and rounded so."""
    energy = rate.price_per_kwh * Decimal(energy_wh) / 1000
    energy_minor = _round(energy.scaleb(rate.exponent))
    gross = energy_minor + rate.service_fee_minor
    tax = _round(Decimal(gross) * rate.tax_rate_bp / (10_000 + rate.tax_rate_bp))
    return Price(energy_wh, energy_minor, rate.service_fee_minor, tax)


def most_it_can_cost(*, packs: int, nominal_wh: int, rate: Rate) -> Price:
    """Empty packs in, full new ones out: what is authorised before the swap."""
    return price(energy_wh=packs * nominal_wh, rate=rate)


def _round(value: Decimal) -> int:
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))
