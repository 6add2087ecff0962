"""What is learned: with little of its own a station is like its kind, with much it is itself."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as some

from booking.habits import BORROWED_CASES, Experience, Habits, Tally, habits, tally

PRIOR = Habits()


def swaps(seconds: float, cases: int) -> Experience:
    return Experience(swaps=tally([math.log(seconds)] * cases))


def learned(own: Experience, kind: Experience | None = None, hour: int = 8) -> Habits:
    return habits(own, kind or Experience(), hour_of_week=hour)


def test_who_has_seen_nothing_expects_the_usual() -> None:
    nothing = learned(Experience())

    assert nothing.swap_seconds == pytest.approx(PRIOR.swap_seconds)
    assert nothing.comes == pytest.approx(PRIOR.comes)
    assert nothing.leaves_rate == pytest.approx(PRIOR.leaves_rate)
    assert nothing.arrival_rate == pytest.approx(PRIOR.arrival_rate)
    assert nothing.cases == 0


def test_a_new_station_is_like_those_of_its_kind() -> None:
    new = learned(Experience(), swaps(400, 10_000))

    assert new.swap_seconds == pytest.approx(400, rel=0.02)


def test_a_station_counts_as_much_as_its_kind_from_the_agreed_number_of_cases() -> None:
    half = learned(swaps(200, BORROWED_CASES), swaps(400, 1_000_000))

    without_spread = half.swap_seconds / math.exp(half.swap_spread**2 / 2)
    assert without_spread == pytest.approx(math.sqrt(200 * 400), rel=0.001)


def test_a_station_with_much_history_is_itself() -> None:
    old = learned(swaps(200, 100_000), swaps(400, 100_000))

    assert old.swap_seconds == pytest.approx(200, rel=0.01)


def test_who_does_not_come_is_counted() -> None:
    own = Experience(kept=tally([1.0] * 600 + [0.0] * 400))

    assert learned(own).comes == pytest.approx(0.6, abs=0.02)


def test_who_gives_up_is_counted_by_the_time_that_all_have_waited() -> None:
    own = Experience(left=200, waited_seconds=200 * 3_600.0)

    assert learned(own).leaves_rate == pytest.approx(1 / 3_600, rel=0.4)


def test_the_hours_of_the_week_are_told_apart() -> None:
    watched = dict.fromkeys(range(168), 50)
    own = Experience(joined={8: 500, 9: 100}, hours=watched)

    rates = [learned(own, hour=hour).arrival_rate * 3_600 for hour in (8, 9, 10)]

    assert rates == pytest.approx([10, 2, 0], abs=0.5)


@given(some.lists(some.lists(some.floats(-1e6, 1e6), max_size=5), max_size=4))
def test_tallies_of_parts_add_up_to_the_tally_of_the_whole(parts: list[list[float]]) -> None:
    added = sum((tally(part) for part in parts), Tally())
    whole = tally([value for part in parts for value in part])

    assert (added.count, added.total) == (whole.count, pytest.approx(whole.total, abs=1e-3))
    assert added.spread == pytest.approx(whole.spread, rel=1e-3, abs=1.0)


def test_what_is_no_number_is_not_counted() -> None:
    assert tally([1.0, math.nan, math.inf, 3.0]) == Tally(2, 4.0, 10.0)
