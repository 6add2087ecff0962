"""How far apart a fleet's vehicles come, and which plans are none, whatever the figures are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking.block_rules import AHEAD_AT_MOST, MOST_VEHICLES, Pace, Trouble, moments, trouble
from booking.line_rules import FleetShare, most_of

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
HOUR = 3_600

paces = st.builds(
    Pace,
    bays=st.integers(0, 8),
    swap_seconds=st.integers(30, 900),
    packs=st.integers(0, 80),
    share_percent=st.integers(1, 100),
    packs_each=st.integers(1, 4),
)


def found(**differs: object) -> Trouble | None:
    values: dict[str, object] = {
        "vehicles": [1, 2],
        "drivers": [1, 2],
        "first_at": NOW,
        "step_seconds": 300,
        "least_seconds": 300,
        "now": NOW,
    }
    return trouble(**(values | differs))  # type: ignore[arg-type]  # a dictionary of the arguments' own types


@given(paces, st.integers(1, MOST_VEHICLES))
def test_a_block_at_the_least_step_never_asks_for_more_than_the_fleets_share(pace: Pace, count: int) -> None:
    times = moments(first_at=NOW, step_seconds=pace.least_step(), count=count)
    most = most_of(percent=pace.share_percent, packs=pace.packs)

    for at in times:
        within = [other for other in times if at - timedelta(hours=1) < other < at]
        assert FleetShare(held=len(within) * pace.packs_each, most=most).bears(pace.packs_each)


@given(paces)
def test_the_least_step_leaves_the_bays_time_and_is_whole_minutes(pace: Pace) -> None:
    step = pace.least_step()

    assert step % 60 == 0
    assert step * max(1, pace.bays) >= pace.swap_seconds
    assert 60 <= step <= HOUR


@pytest.mark.parametrize(
    ("pace", "minutes"),
    [
        (Pace(bays=1, swap_seconds=240, packs=100, share_percent=60, packs_each=1), 4),
        (Pace(bays=2, swap_seconds=240, packs=100, share_percent=60, packs_each=1), 2),
        (Pace(bays=1, swap_seconds=240, packs=10, share_percent=60, packs_each=1), 10),
        (Pace(bays=1, swap_seconds=240, packs=10, share_percent=60, packs_each=2), 20),
        (Pace(bays=1, swap_seconds=240, packs=1, share_percent=60, packs_each=1), 60),
    ],
)
def test_bays_or_the_share_decide_whichever_is_scarcer(pace: Pace, minutes: int) -> None:
    assert pace.least_step() == minutes * 60


@pytest.mark.parametrize(
    ("differs", "why"),
    [
        ({"vehicles": [], "drivers": []}, Trouble.NOBODY),
        ({"vehicles": list(range(101)), "drivers": list(range(101))}, Trouble.TOO_MANY),
        ({"vehicles": [1, 1]}, Trouble.TWICE),
        ({"drivers": [2, 2]}, Trouble.TWICE),
        ({"step_seconds": 299}, Trouble.TOO_CLOSE),
        ({"first_at": NOW - timedelta(minutes=6)}, Trouble.PAST),
        ({"first_at": NOW + AHEAD_AT_MOST}, Trouble.TOO_FAR_AHEAD),
        (
            {"first_at": NOW + AHEAD_AT_MOST + timedelta(seconds=1), "vehicles": [1], "drivers": [1]},
            Trouble.TOO_FAR_AHEAD,
        ),
        ({"step_seconds": 10**15}, Trouble.TOO_FAR_AHEAD),
    ],
)
def test_a_plan_that_cannot_be_carried_out_says_why(differs: dict[str, object], why: Trouble) -> None:
    assert found(**differs) == why


def test_a_plan_within_the_day_may_be_made_and_be_wider_than_it_must() -> None:
    assert found() is None
    assert found(step_seconds=7_200) is None
    assert found(first_at=NOW + AHEAD_AT_MOST, vehicles=[1], drivers=[1]) is None
