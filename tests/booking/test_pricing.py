"""What a swap costs: to the unit, with a stated rounding, and never more than was said."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking.pricing import Charge, Rate, energy_gained_wh, most_it_can_cost, price

EUR = Rate(price_per_kwh=Decimal("0.2900"), service_fee_minor=115, tax_rate_bp=2_300)

percents = st.decimals(0, 100, places=1)
rates = st.builds(
    Rate,
    price_per_kwh=st.decimals("0.0001", 50, places=4),
    service_fee_minor=st.integers(0, 5_000),
    tax_rate_bp=st.integers(0, 10_000),
    exponent=st.sampled_from([0, 2]),
)


def test_the_receipt_of_the_style_guide_adds_up() -> None:
    cost = price(energy_wh=44_520, rate=EUR)

    assert (cost.energy_minor, cost.fee_minor, cost.gross_minor) == (1_291, 115, 1_406)
    assert (cost.net_minor, cost.tax_minor) == (1_143, 263)


@pytest.mark.parametrize(("energy_wh", "minor"), [(10, 1), (5, 1), (4, 0), (15, 2)])
def test_half_a_cent_is_rounded_up(energy_wh: int, minor: int) -> None:
    rate = Rate(price_per_kwh=Decimal("1.0000"), service_fee_minor=0, tax_rate_bp=0)

    assert price(energy_wh=energy_wh, rate=rate).energy_minor == minor


def test_a_currency_without_minor_units_is_counted_in_whole_ones() -> None:
    rate = Rate(price_per_kwh=Decimal("30.5"), service_fee_minor=10, tax_rate_bp=0, exponent=0)

    assert price(energy_wh=1_000, rate=rate).gross_minor == 41


def test_energy_is_what_went_out_less_what_came_in_by_charge_and_health() -> None:
    out = Charge(Decimal(96), Decimal(98), 75_000)
    back = Charge(Decimal(11), Decimal(90), 75_000)

    assert energy_gained_wh(packs_out=[out], packs_in=[back]) == round(75_000 * (0.96 * 0.98 - 0.11 * 0.90))


def test_who_brings_more_than_they_take_pays_the_fee_alone() -> None:
    full, empty = Charge(Decimal(100), Decimal(100), 50_000), Charge(Decimal(20), Decimal(100), 50_000)

    energy_wh = energy_gained_wh(packs_out=[empty], packs_in=[full])

    assert price(energy_wh=energy_wh, rate=EUR).gross_minor == EUR.service_fee_minor


@given(st.integers(0, 400_000), rates)
def test_tax_and_net_make_up_the_gross_and_neither_is_negative(energy_wh: int, rate: Rate) -> None:
    cost = price(energy_wh=energy_wh, rate=rate)

    assert cost.net_minor + cost.tax_minor == cost.gross_minor == cost.energy_minor + cost.fee_minor
    assert cost.tax_minor >= 0
    assert cost.net_minor >= 0


@given(st.integers(0, 400_000), rates)
def test_the_tax_is_the_stored_rate_of_the_net_to_within_rounding(energy_wh: int, rate: Rate) -> None:
    cost = price(energy_wh=energy_wh, rate=rate)

    exact = Decimal(cost.gross_minor) * rate.tax_rate_bp / (10_000 + rate.tax_rate_bp)
    assert abs(cost.tax_minor - exact) <= Decimal("0.5")


@given(st.integers(0, 400_000), st.integers(0, 400_000), rates)
def test_more_energy_never_costs_less(one: int, other: int, rate: Rate) -> None:
    less, more = sorted((one, other))

    assert price(energy_wh=less, rate=rate).gross_minor <= price(energy_wh=more, rate=rate).gross_minor


@given(st.lists(st.tuples(percents, percents, percents, percents), min_size=1, max_size=4), rates)
def test_no_swap_costs_more_than_was_authorised_before_it(
    packs: list[tuple[Decimal, Decimal, Decimal, Decimal]], rate: Rate
) -> None:
    most = most_it_can_cost(packs=len(packs), nominal_wh=50_000, rate=rate)

    energy_wh = energy_gained_wh(
        packs_out=[Charge(soc, soh, 50_000) for soc, soh, _soc, _soh in packs],
        packs_in=[Charge(soc, soh, 50_000) for _soc, _soh, soc, soh in packs],
    )

    assert price(energy_wh=energy_wh, rate=rate).gross_minor <= most.gross_minor
