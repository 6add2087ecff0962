"""Not one minor unit is lost, and a full refund brings everybody back to zero."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.splitting import (
    BASIS_POINTS,
    Shares,
    allocate,
    difference_in,
    difference_left,
    split_net,
    take_back,
    tax_in,
)

amounts = st.integers(min_value=0, max_value=10**12)
weights = st.lists(st.integers(min_value=0, max_value=10**7), min_size=1, max_size=8)


@st.composite
def shares(draw: st.DrawFn) -> Shares:
    station_owner_bp = draw(st.integers(0, BASIS_POINTS))
    pack_owner_bp = draw(st.integers(0, BASIS_POINTS - station_owner_bp))
    return Shares(station_owner_bp, pack_owner_bp, BASIS_POINTS - station_owner_bp - pack_owner_bp)


@given(amounts, weights)
def test_allocation_gives_out_exactly_the_amount(amount: int, weights: list[int]) -> None:
    assert sum(allocate(amount, weights)) == amount


@given(amounts, weights)
def test_nobody_is_a_whole_unit_away_from_their_exact_part(amount: int, weights: list[int]) -> None:
    parts = allocate(amount, weights)

    total = sum(weights)
    if total:
        assert all(abs(part * total - amount * weight) < total for part, weight in zip(parts, weights, strict=True))


def test_the_unit_that_is_left_over_goes_to_the_largest_remainder() -> None:
    assert allocate(100, [3_333, 3_333, 3_334]) == (33, 33, 34)


def test_equal_remainders_are_served_in_order() -> None:
    assert allocate(101, [1, 1]) == (51, 50)


def test_packs_without_measured_energy_weigh_the_same() -> None:
    assert allocate(100, [0, 0]) == (50, 50)


@pytest.mark.parametrize(("amount", "weights"), [(-1, [1]), (1, []), (1, [2, -1])])
def test_nonsense_is_not_divided(amount: int, weights: list[int]) -> None:
    with pytest.raises(ValueError, match="not negative"):
        allocate(amount, weights)


@pytest.mark.parametrize(
    ("gross", "rate", "tax"), [(12_300, 2_300, 2_300), (1, 2_300, 0), (10_700, 700, 700), (500, 0, 0), (3, 10_000, 2)]
)
def test_tax_is_what_the_gross_contains_rounded_half_up(gross: int, rate: int, tax: int) -> None:
    assert tax_in(gross, rate) == tax


@given(amounts, st.integers(0, BASIS_POINTS))
def test_tax_is_never_more_than_half_of_a_gross(gross: int, rate: int) -> None:
    assert 0 <= tax_in(gross, rate) <= (gross + 1) // 2


@pytest.mark.parametrize("wrong", [(5_000, 5_000, 1), (-1, 5_001, 5_000), (0, 0, 0)])
def test_shares_that_are_not_the_whole_are_refused(wrong: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="sum to 10000"):
        Shares(*wrong)


@given(amounts, st.lists(st.tuples(st.integers(0, 200_000), shares()), min_size=1, max_size=4))
def test_the_net_of_several_packs_is_split_without_loss(net: int, parts: list[tuple[int, Shares]]) -> None:
    split = split_net(net, parts)

    assert sum(p.station_owner_minor + p.pack_owner_minor + p.operator_minor for p in split) == net


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=6), st.lists(st.integers(1, 10**5), max_size=12))
def test_partial_refunds_never_take_more_than_was_given_and_together_mirror_the_split(
    given_out: list[int], refunds: list[int]
) -> None:
    left = list(given_out)
    for wanted in refunds:
        back = take_back(min(wanted, sum(left)), left)
        left = [minor - taken for minor, taken in zip(left, back, strict=True)]
        assert min(left) >= 0

    rest = take_back(sum(left), left)

    assert list(rest) == left


def test_no_more_is_taken_back_than_is_left() -> None:
    with pytest.raises(ValueError, match="no more can be given back"):
        take_back(11, [5, 5])


# --- What is short after a move ----------------------------------------------------


@given(amounts, amounts, st.integers(0, BASIS_POINTS))
def test_with_the_difference_the_parties_share_what_the_full_price_would_have_left(
    full: int, paid: int, rate: int
) -> None:
    short = difference_in(full, paid, rate)

    net_of_both = [gross - tax_in(gross, rate) for gross in (full, paid)]
    assert net_of_both[1] + short == max(net_of_both)


@given(amounts, st.lists(st.integers(1, 10**6), min_size=1, max_size=12))
def test_a_difference_falls_with_each_refund_and_is_gone_with_the_last(difference: int, refunds: list[int]) -> None:
    paid = sum(refunds)

    left = [difference_left(difference, paid, sum(refunds[:count])) for count in range(len(refunds) + 1)]

    assert (left[0], left[-1]) == (difference, 0)
    assert left == sorted(left, reverse=True)


@given(amounts, st.integers(1, 10**9), st.data())
def test_of_a_difference_stands_what_stands_of_the_price_to_half_a_unit(
    difference: int, paid: int, data: st.DataObject
) -> None:
    refunded = data.draw(st.integers(0, paid))

    left = difference_left(difference, paid, refunded)

    assert abs(2 * (left * paid - difference * (paid - refunded))) <= paid


def test_a_swap_that_cost_nothing_cannot_be_refunded_and_keeps_its_difference() -> None:
    assert difference_left(81, 0, 0) == 81
