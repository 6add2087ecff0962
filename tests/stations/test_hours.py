"""Opening hours: overnight, around the clock, in the station's own time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stations.hours import BadHours, Opening, check_hours, opening

LISBON = ZoneInfo("Europe/Lisbon")
EVERY_DAY = [str(weekday) for weekday in range(7)]
DAYTIME = {weekday: [["06:00", "22:00"]] for weekday in EVERY_DAY}
# 23 November 2026 is a Monday.
MONDAY = datetime(2026, 11, 23, tzinfo=LISBON)

clocks = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59))
weeks = st.dictionaries(
    st.sampled_from(EVERY_DAY), st.lists(st.tuples(clocks, clocks).map(list), max_size=3), min_size=1
)


def at(clock: str, *, day: int = 0) -> datetime:
    hour, minute = map(int, clock.split(":"))
    return MONDAY + timedelta(days=day, hours=hour, minutes=minute)


def test_no_hours_are_always_open() -> None:
    assert opening({}, time_zone="Europe/Lisbon", now=at("03:00")) == Opening(is_open=True)


def test_by_day_it_is_open_until_the_evening() -> None:
    assert opening(DAYTIME, time_zone="Europe/Lisbon", now=at("12:00")).closes_at == at("22:00")


def test_at_night_it_says_when_it_opens() -> None:
    closed = opening(DAYTIME, time_zone="Europe/Lisbon", now=at("23:00"))

    assert closed == Opening(is_open=False, opens_at=at("06:00", day=1))


def test_the_minute_of_closing_is_closed() -> None:
    assert not opening(DAYTIME, time_zone="Europe/Lisbon", now=at("22:00")).is_open


def test_the_clock_on_the_stations_wall_counts() -> None:
    four_in_the_morning_utc = datetime(2026, 11, 23, 4, tzinfo=UTC)

    assert opening(DAYTIME, time_zone="Asia/Shanghai", now=four_in_the_morning_utc).is_open
    assert not opening(DAYTIME, time_zone="Europe/Lisbon", now=four_in_the_morning_utc).is_open


def test_sundays_night_shift_runs_into_monday() -> None:
    overnight = {"6": [["22:00", "05:00"]]}

    assert opening(overnight, time_zone="Europe/Lisbon", now=at("04:59")).closes_at == at("05:00")
    assert opening(overnight, time_zone="Europe/Lisbon", now=at("05:00")).opens_at == at("22:00", day=6)


def test_whole_days_one_after_another_never_close() -> None:
    whole_days = {weekday: [["00:00", "24:00"]] for weekday in EVERY_DAY}

    assert opening(whole_days, time_zone="Europe/Lisbon", now=at("12:00")) == Opening(is_open=True)


def test_a_week_without_any_span_is_closed_for_good() -> None:
    assert opening({"0": []}, time_zone="Europe/Lisbon", now=at("12:00")) == Opening(is_open=False)


@given(weeks, st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)))  # noqa: DTZ001 - hypothesis wants naive bounds
def test_what_follows_lies_in_the_future_and_within_eight_days(week: dict, naive: datetime) -> None:
    now = naive.replace(tzinfo=UTC)

    found = opening(week, time_zone="Europe/Lisbon", now=now)

    for instant in (found.closes_at, found.opens_at):
        assert instant is None or timedelta() < instant - now < timedelta(days=9)
    assert found.is_open or found.closes_at is None


@given(weeks)
def test_hours_that_can_be_read_are_not_refused(week: dict) -> None:
    check_hours(week)


@pytest.mark.parametrize(
    "hours",
    [
        [],
        "always",
        {"7": []},
        {"Monday": []},
        {0: []},
        {"0": "06:00-22:00"},
        {"0": [["06:00"]]},
        {"0": [["6:00", "22:00"]]},
        {"0": [["06:00", "25:00"]]},
        {"0": [[6, 22]]},
        {"0": [["06:00", "22:00\n"]]},
    ],
)
def test_hours_that_cannot_be_read_are_refused(hours: object) -> None:
    with pytest.raises(BadHours):
        check_hours(hours)
