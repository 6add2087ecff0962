"""The forecast of one station: what must hold of it whatever the figures are. Seconds."""

from __future__ import annotations

import math
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking import forecast
from booking.forecast import Outlook, Situation, Stage, Vehicle
from booking.habits import Habits

HABITS = Habits(swap_seconds=240.0, swap_spread=0.25, comes=0.9, drive_factor=1.0, drive_spread=0.2)
HOUR = 3_600.0
COMES = Vehicle(Stage.WAITING, drive=600.0)


def station(
    *vehicles: Vehicle, ready_in: tuple[float, ...] = (0.0, 0.0, 0.0), bays: int = 1, habits: Habits = HABITS
) -> Situation:
    return Situation(ready_in=ready_in, vehicles=vehicles, bays=bays, recharge=HOUR, habits=habits)


def joins(situation: Situation, joiner: Vehicle = COMES) -> Outlook:
    outlook = forecast.for_joiners([situation], [joiner])[0]
    assert outlook is not None
    return outlook


def test_where_packs_are_ready_and_nobody_is_there_the_drive_is_all() -> None:
    outlook = joins(station())

    assert outlook.bay.likely == pytest.approx(600, rel=0.05)
    assert outlook.bay.low < 600 < outlook.bay.high
    assert outlook.away.likely - outlook.bay.likely == pytest.approx(240, rel=0.1)
    assert outlook.ready > 0.95


def test_whoever_is_before_makes_it_longer() -> None:
    waits = [
        joins(station(*[Vehicle(Stage.ARRIVED)] * ahead), replace(COMES, drive=0.0)).bay.likely for ahead in range(4)
    ]

    assert waits == sorted(waits)
    assert waits[3] == pytest.approx(3 * 240, rel=0.15)


def test_two_bays_halve_the_wait_at_the_bay() -> None:
    others = [Vehicle(Stage.ARRIVED)] * 6
    here = replace(COMES, drive=0.0)

    one, two = (joins(station(*others, ready_in=(0.0,) * 8, bays=bays), here).bay.likely for bays in (1, 2))

    assert two == pytest.approx(one / 2, rel=0.15)


def test_a_pack_that_is_ready_long_after_the_arrival_is_waited_for() -> None:
    outlook = joins(station(ready_in=(2_400.0,)))

    assert outlook.bay.likely == pytest.approx(2_400, rel=0.1)
    assert outlook.ready < 0.05


def test_the_next_pack_is_the_next_drivers() -> None:
    waiting = Vehicle(Stage.WAITING, drive=300.0)

    outlook = joins(station(waiting, ready_in=(0.0, 2_400.0), habits=replace(HABITS, comes=1.0, leaves_rate=1e-9)))

    assert outlook.bay.likely == pytest.approx(2_400, rel=0.1)


def test_who_wants_two_packs_waits_for_the_second() -> None:
    outlook = joins(station(ready_in=(0.0, 1_800.0)), replace(COMES, packs=2))

    assert outlook.bay.likely == pytest.approx(1_800, rel=0.1)


def test_a_pack_that_goes_out_comes_back_charged_an_hour_later() -> None:
    before = Vehicle(Stage.SWAPPING, since=0.0)

    outlook = joins(station(before, ready_in=()))

    assert outlook.bay.likely == pytest.approx(HOUR + 240, rel=0.1)


def test_a_promise_that_nobody_comes_for_leaves_the_pack_to_the_next() -> None:
    promised = Vehicle(Stage.PROMISED, drive=500.0, lasts=900.0)

    never = joins(station(promised, ready_in=(), habits=replace(HABITS, comes=0.0001)), replace(COMES, drive=0.0))
    always = joins(station(promised, ready_in=(), habits=replace(HABITS, comes=1.0)), replace(COMES, drive=0.0))

    assert never.bay.likely == pytest.approx(900, rel=0.05)
    assert always.bay.likely > HOUR


def test_vehicles_of_another_class_meet_us_at_the_bay_and_not_at_the_slots() -> None:
    other = Vehicle(Stage.ARRIVED, takes=False)
    here = replace(COMES, drive=0.0)

    outlook = joins(station(other, other, ready_in=(0.0,)), here)

    assert outlook.ready > 0.95
    assert outlook.bay.likely == pytest.approx(2 * 240, rel=0.15)


def test_others_who_come_at_a_busy_hour_may_be_before_us() -> None:
    quiet = joins(station(), replace(COMES, drive=900.0))
    busy = joins(station(habits=replace(HABITS, arrival_rate=12 / HOUR)), replace(COMES, drive=900.0))

    assert busy.bay.likely > quiet.bay.likely + 30
    assert busy.bay.high > quiet.bay.high + 60


@pytest.mark.parametrize(
    "unknown",
    [
        station(bays=0),
        station(ready_in=()),
        replace(station(), reading_age=None),
    ],
    ids=["no bay", "no pack", "never read"],
)
def test_where_nothing_is_known_nothing_is_said(unknown: Situation) -> None:
    assert forecast.for_joiners([unknown], [COMES]) == [None]
    assert forecast.for_line(replace(unknown, vehicles=(COMES,))) == [None]


def test_silent_readings_make_it_wider() -> None:
    told = station(ready_in=(1_800.0,))

    widths = [joins(replace(told, reading_age=age)).bay.width for age in (60.0, HOUR, 4 * HOUR)]

    assert widths == sorted(widths)
    assert widths[0] < widths[2]


def test_a_charge_that_went_backwards_makes_it_wider() -> None:
    told = station(ready_in=(1_800.0,))

    assert joins(replace(told, doubt=2.0)).bay.width > joins(told).bay.width


@pytest.mark.parametrize("wrong", [-600.0, math.nan, math.inf, -math.inf])
def test_times_that_cannot_be_are_no_exception(wrong: float) -> None:
    odd = Situation(
        ready_in=(wrong, 0.0),
        vehicles=(
            Vehicle(Stage.SWAPPING, since=wrong),
            Vehicle(Stage.PROMISED, drive=wrong, lasts=wrong, packs_in=wrong),
            Vehicle(Stage.WAITING, packs=0, drive=wrong),
        ),
        bays=1,
        recharge=wrong,
        habits=HABITS,
        reading_age=wrong,
        doubt=wrong,
    )

    outlook = joins(odd, replace(COMES, drive=wrong))

    for span in (outlook.bay, outlook.away):
        assert 0 <= span.low <= span.likely <= span.high < math.inf
    assert 0 < outlook.ready < 1


def test_packs_that_are_never_ready_are_none() -> None:
    never = replace(station(ready_in=()), ready_in=(math.inf, math.inf))
    soon = replace(never, ready_in=(math.inf, 300.0))

    assert forecast.for_joiners([never], [COMES]) == [None]
    assert joins(soon) == joins(replace(soon, ready_in=(300.0,)))


def test_a_pack_that_was_promised_and_is_never_ready_is_no_bay_at_once() -> None:
    promised = Vehicle(Stage.PROMISED, drive=300.0, lasts=900.0, packs_in=math.inf)

    assert forecast.for_line(station(promised, ready_in=())) == [None]


def test_where_nothing_that_is_brought_in_charges_nobody_is_told_that_it_will_be_theirs() -> None:
    before = [Vehicle(Stage.WAITING, drive=0.0) for _ in range(3)]
    dead = replace(station(*before, ready_in=(0.0, 60.0)), recharge=math.inf)

    told = forecast.for_line(dead)

    assert [outlook is not None for outlook in told[:2]] == [True, True]
    assert told[2] is None or told[2].away.low > 0


@given(st.integers(1, 600))
def test_a_vehicle_has_the_same_luck_in_a_line_of_any_length(columns: int) -> None:
    some, all_of_them = forecast._samples(columns), forecast._samples(1_024)

    for name in ("drive", "comes", "patience", "swap", "overtime"):
        assert np.array_equal(getattr(some, name), getattr(all_of_them, name)[:, :columns])
    assert some.drive.shape == (forecast.SCENARIOS, columns)


def test_lines_of_every_length_take_little_memory_and_are_worked_out_once() -> None:
    forecast._weather.cache_clear()
    for columns in range(1, 1_025):
        forecast._samples(columns)

    widths = [32, 64, 128, 256, 512, 1_024]
    assert forecast._weather.cache_info().misses == len(widths)
    tables = [array for width in widths for array in _arrays_of(forecast._weather(width))]
    # What is kept is the tables themselves, not parts of something larger.
    assert all(array.base is None or array.base.nbytes <= 2 * array.nbytes for array in tables)
    assert sum(array.nbytes for array in tables) < 6_000_000


def _arrays_of(samples: forecast._Samples) -> list[Any]:
    return [getattr(samples, field.name) for field in fields(samples)]


def test_the_same_question_has_the_same_answer_whoever_else_is_asked_about() -> None:
    mine = station(Vehicle(Stage.PROMISED, drive=300.0, lasts=600.0), Vehicle(Stage.WAITING, drive=200.0))
    longer = station(*[Vehicle(Stage.WAITING, drive=100.0)] * 5, bays=2)

    alone = forecast.for_joiners([mine], [COMES])
    together = forecast.for_joiners([longer, mine, replace(mine, bays=0)], [COMES] * 3)

    assert together[1] == alone[0]
    assert together[2] is None


def test_who_wants_one_pack_is_told_the_same_beside_somebody_elsewhere_who_wants_two() -> None:
    mine = station(*[Vehicle(Stage.WAITING, drive=200.0)] * 4, ready_in=(0.0, 900.0, 1_800.0))
    elsewhere = station(*[Vehicle(Stage.WAITING, drive=200.0, packs=2)] * 4)

    alone = forecast.for_joiners([mine], [COMES])
    together = forecast.for_joiners([mine, elsewhere], [COMES] * 2)

    assert together[0] == alone[0]


def test_who_waits_for_no_pack_takes_none_whoever_waits_elsewhere() -> None:
    mine = station(Vehicle(Stage.PROMISED, drive=300.0, lasts=600.0), ready_in=(0.0, 5_000.0))
    elsewhere = station(*[Vehicle(Stage.WAITING, drive=100.0)] * 3)

    alone = forecast.for_joiners([mine], [COMES])
    together = forecast.for_joiners([mine, elsewhere], [COMES] * 2)

    assert together[0] == alone[0]


@pytest.mark.parametrize("ready_in", [math.nan, -math.inf, -1.0])
def test_a_pack_whose_time_makes_no_sense_counts_as_ready(ready_in: float) -> None:
    assert joins(station(ready_in=(ready_in,))) == joins(station(ready_in=(0.0,)))


def test_a_line_is_told_in_its_order() -> None:
    line = [Vehicle(Stage.WAITING, drive=0.0) for _ in range(5)]

    told = forecast.for_line(station(*line, ready_in=tuple(600.0 * n for n in range(5))))

    likely = [outlook.bay.likely for outlook in told if outlook is not None]
    assert len(likely) == 5
    assert likely == sorted(likely)


def test_a_line_of_five_hundred_has_its_forecast() -> None:
    line = [Vehicle(Stage.WAITING, drive=600.0) for _ in range(500)]

    told = forecast.for_line(station(*line, ready_in=(0.0,) * 10, bays=2))

    # Of those behind, some wait for hours: few scenarios are left in which all have stayed, and still it is said.
    assert all(outlook is not None and math.isfinite(outlook.away.high) for outlook in told[:100])
    assert len(told) == 500


def test_who_goes_before_somebody_in_line_waits_as_if_they_were_not_there() -> None:
    behind, alone = station(COMES, COMES, ready_in=(0.0, 3_000.0, 6_000.0)), station(COMES, ready_in=(0.0, 3_000.0))

    passed = forecast.for_joiners([behind], [COMES], [1])[0]
    last = forecast.for_joiners([behind], [COMES])[0]

    assert passed is not None
    assert last is not None
    assert passed.ready == joins(alone).ready
    assert passed.bay.likely < last.bay.likely
