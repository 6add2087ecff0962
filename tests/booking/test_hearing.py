"""Listening goes on however long nobody answers."""

from __future__ import annotations

from booking.hearing import FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS, longest_wait_seconds


def test_the_wait_doubles_to_a_bound_and_a_redis_that_is_away_for_hours_is_still_waited_for() -> None:
    waits = [longest_wait_seconds(failures) for failures in (0, 1, 2, 5, 5_000)]

    assert waits == [FIRST_WAIT_SECONDS, 2 * FIRST_WAIT_SECONDS, 4 * FIRST_WAIT_SECONDS, *[LONGEST_WAIT_SECONDS] * 2]
