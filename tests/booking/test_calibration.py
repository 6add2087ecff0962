"""Ranges and chances that are adjusted by what came of the last ones."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as some

from booking import calibration
from booking.calibration import CALIBRATED_FROM, Adjustment, Shift, Told
from booking.forecast import Span

NARROW = Span(500.0, 600.0, 700.0)


def days(*, seed: int, count: int = 4_000, centre: float = 650.0, spread: float = 200.0, group: str = "") -> list[Told]:
    luck = random.Random(seed)
    return [Told(group, NARROW, max(0.0, luck.gauss(centre, spread))) for _ in range(count)]


def coverage(adjustment: Adjustment, told: list[Told]) -> float:
    return calibration.score([(adjustment.applied(t.said, t.group), t.truth) for t in told]).coverage


def test_ranges_that_held_too_seldom_hold_as_often_as_they_claim_on_other_days() -> None:
    adjustment = calibration.adjust(days(seed=1))

    other_days = days(seed=2)

    assert coverage(Adjustment(), other_days) < 0.5
    assert coverage(adjustment, other_days) == pytest.approx(0.8, abs=0.02)


def test_the_likely_value_moves_to_the_middle_of_what_happened() -> None:
    adjusted = calibration.adjust(days(seed=1)).applied(NARROW, "")

    assert adjusted.likely == pytest.approx(650, abs=15)


def test_ranges_that_held_too_often_become_narrower() -> None:
    adjustment = calibration.adjust(days(seed=1, centre=600.0, spread=20.0))

    assert adjustment.applied(NARROW, "").width < NARROW.width / 2


def test_groups_are_adjusted_apart_and_a_small_one_as_all() -> None:
    late, tiny = days(seed=1, centre=900.0, group="late"), days(seed=2, count=2, centre=5_000.0, group="tiny")
    adjustment = calibration.adjust([*days(seed=3, group="early"), *late, *tiny])

    early_at, late_at, tiny_at, unseen_at = (
        adjustment.applied(NARROW, group).likely for group in ("early", "late", "tiny", "unseen")
    )

    assert late_at > early_at + 150
    assert tiny_at == pytest.approx(unseen_at, abs=60)


def test_who_waits_in_no_scenario_is_told_of_no_wait() -> None:
    at_the_bay = Span(0.0, 0.0, 0.0)

    assert calibration.adjust(days(seed=1)).applied(at_the_bay, "") == at_the_bay


def test_with_few_cases_nothing_is_adjusted_and_nothing_is_called_calibrated() -> None:
    adjustment = calibration.adjust(days(seed=1, count=CALIBRATED_FROM - 1))

    assert not adjustment.is_calibrated
    assert adjustment.applied(NARROW, "") == NARROW
    assert calibration.adjust(days(seed=1, count=CALIBRATED_FROM)).is_calibrated


@given(
    some.builds(Shift, some.floats(-5, 5), some.floats(-5, 5), some.floats(-5, 5)),
    some.lists(some.floats(0, 1e5), min_size=3, max_size=3).map(sorted),
)
def test_a_shifted_range_is_a_range(shift: Shift, ends: list[float]) -> None:
    span = shift.applied(Span(*ends))

    assert 0 <= span.low <= span.likely <= span.high


def test_chances_become_the_shares_that_came_true() -> None:
    luck = random.Random(4)
    pairs = [(told, luck.random() < told**2) for told in (luck.random() for _ in range(20_000))]

    chances = calibration.rising(pairs)

    assert [chances.applied(told) for told in (0.3, 0.5, 0.9)] == pytest.approx([0.09, 0.25, 0.81], abs=0.04)


@given(some.lists(some.tuples(some.floats(0, 1), some.booleans()), min_size=1, max_size=20))
def test_a_higher_chance_never_becomes_a_lower_one(pairs: list[tuple[float, bool]]) -> None:
    chances = calibration.rising(pairs * (CALIBRATED_FROM // len(pairs) + 1))

    steps = [chances.applied(step / 50) for step in range(51)]

    assert steps == sorted(steps)
    assert 0 <= steps[0] <= steps[-1] <= 1


def test_with_few_cases_a_chance_is_what_it_was_told() -> None:
    assert calibration.rising([(0.5, True)] * 10).applied(0.37) == pytest.approx(0.37)


def test_the_brier_score_of_certainty_and_of_a_coin() -> None:
    assert calibration.brier([(1.0, True), (0.0, False)]) == 0.0
    assert calibration.brier([(0.5, True), (0.5, False)]) == 0.25


def test_deciles_say_how_many_they_rest_on() -> None:
    first, last = calibration.reliability([(0.05, False), (0.07, True), (1.0, True)])

    assert (first.number, first.cases, first.told, first.true) == (0, 2, pytest.approx(0.06), 0.5)
    assert (last.number, last.cases, last.error) == (9, 1, 0.0)


def test_without_cases_there_is_no_figure() -> None:
    for figure in (calibration.score, calibration.brier):
        with pytest.raises(ValueError, match="no cases"):
            figure([])
