"""The charging curve: quick to the knee, slow above, and never backwards."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stations.charging import Curve, curve, ready_at, soc_now

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
curves = st.builds(
    curve,
    nominal_wh=st.floats(500, 120_000),
    soh_percent=st.floats(1, 100),
    class_power_w=st.floats(200, 250_000),
    slot_power_w=st.floats(200, 250_000),
)
percents = st.floats(0, 100)
SIXTY_KW = curve(nominal_wh=50_000, soh_percent=100, class_power_w=50_000, slot_power_w=60_000)


def test_below_the_knee_power_is_constant() -> None:
    assert SIXTY_KW.seconds(20, 70) == pytest.approx(1800)


def test_above_the_knee_the_same_charge_takes_longer() -> None:
    assert SIXTY_KW.seconds(90, 100) > 3 * SIXTY_KW.seconds(70, 80)


def test_at_the_end_a_pack_accepts_a_twentieth() -> None:
    assert SIXTY_KW.seconds(99.99, 100) == pytest.approx(20 * SIXTY_KW.seconds(50, 50.01), rel=0.02)


def test_a_worn_pack_is_full_sooner() -> None:
    worn = curve(nominal_wh=50_000, soh_percent=80, class_power_w=50_000, slot_power_w=60_000)

    assert worn.seconds(10, 90) == pytest.approx(0.8 * SIXTY_KW.seconds(10, 90))


def test_a_weak_slot_moves_the_knee_upwards() -> None:
    weak = curve(nominal_wh=50_000, soh_percent=100, class_power_w=50_000, slot_power_w=10_000)

    assert weak.knee_percent > 95
    assert weak.seconds(70, 80) == weak.seconds(80, 90) == pytest.approx(1800)


@given(curves, percents, percents)
def test_time_is_never_negative_and_none_to_where_one_is(curve: Curve, start: float, target: float) -> None:
    assert curve.seconds(start, target) >= 0
    assert curve.seconds(start, start) == 0


@given(curves, percents, percents, percents)
def test_two_legs_take_as_long_as_the_whole(curve: Curve, a: float, b: float, c: float) -> None:
    a, b, c = sorted((a, b, c))

    assert curve.seconds(a, b) + curve.seconds(b, c) == pytest.approx(curve.seconds(a, c), rel=1e-9, abs=1e-6)


@given(curves, percents, percents, percents)
def test_a_higher_target_is_never_reached_sooner(curve: Curve, start: float, low: float, high: float) -> None:
    low, high = sorted((low, high))

    assert curve.seconds(start, low) <= curve.seconds(start, high) + 1e-9


@given(curves, percents, percents)
def test_after_the_time_to_a_target_the_target_is_reached(curve: Curve, start: float, target: float) -> None:
    start, target = sorted((start, target))

    assert curve.percent_after(start, curve.seconds(start, target)) == pytest.approx(target, abs=1e-6)


@given(curves, percents, st.floats(-1e5, 1e7), st.floats(0, 1e7))
def test_charge_never_falls_and_never_passes_full(curve: Curve, start: float, seconds: float, more: float) -> None:
    first, later = curve.percent_after(start, seconds), curve.percent_after(start, seconds + more)

    assert start <= first <= later + 1e-9
    assert later <= 100


def test_a_pack_is_ready_when_its_last_reading_says_so_and_never_in_the_past() -> None:
    expected = ready_at(curve=SIXTY_KW, soc_percent=30, soc_at=NOON, target_percent=80, now=NOON)
    overdue = ready_at(curve=SIXTY_KW, soc_percent=30, soc_at=NOON - timedelta(days=1), target_percent=80, now=NOON)

    assert expected == NOON + timedelta(minutes=30)
    assert overdue == NOON


@pytest.mark.parametrize("nothing", ["nominal_wh", "soh_percent", "class_power_w", "slot_power_w"])
def test_what_has_no_power_or_holds_nothing_is_never_ready_and_nothing_raises(nothing: str) -> None:
    facts = {"nominal_wh": 50_000, "soh_percent": 98, "class_power_w": 60_000, "slot_power_w": 40_000}
    dead = curve(**(facts | {nothing: 0}))

    assert dead.seconds(30, 90) == math.inf
    assert dead.seconds(90, 100) == math.inf
    assert dead.seconds(95, 90) == 0
    assert dead.percent_after(30, 3_600) == 30
    assert soc_now(curve=dead, soc_percent=30, soc_at=NOON - timedelta(hours=1), now=NOON) == 30
    assert ready_at(curve=dead, soc_percent=30, soc_at=NOON, target_percent=90, now=NOON) is None
    assert ready_at(curve=dead, soc_percent=95, soc_at=NOON, target_percent=90, now=NOON) == NOON


def test_a_slot_of_one_watt_is_none() -> None:
    trickle = curve(nominal_wh=50_000, soh_percent=98, class_power_w=60_000, slot_power_w=1)

    assert ready_at(curve=trickle, soc_percent=0, soc_at=NOON, target_percent=90, now=NOON) is None


def test_charge_since_the_last_reading_is_estimated() -> None:
    estimated = soc_now(curve=SIXTY_KW, soc_percent=30, soc_at=NOON - timedelta(minutes=15), now=NOON)

    assert estimated == pytest.approx(55)
