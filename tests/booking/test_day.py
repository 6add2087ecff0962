"""Simulated days: what must be true of one for its figures to mean anything."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any, Self
from unittest import mock

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from booking.calibration import HOUR_BANDS
from booking.day import play, report, world
from booking.day.play import Day, Result
from booking.day.station import At, Claim, Station
from booking.day.world import Terms, World
from booking.line_rules import Grant

TERMS = Terms(stations=6, drivers=300.0, outages_a_day=0.5)


@pytest.fixture(scope="module")
def small() -> World:
    return world.build(5, TERMS)


@pytest.fixture(scope="module")
def day(small: World) -> Day:
    played = Day(small)
    played.play()
    return played


def test_one_seed_is_one_day(small: World, day: Day) -> None:
    again = Day(world.build(5, TERMS)).play()

    assert again.cases == day.result.cases
    assert again.to_drive_away == day.result.to_drive_away


def test_another_seed_is_another_day_of_the_same_network(small: World) -> None:
    other = world.build(6, TERMS, network_seed=5)

    assert [(s.x, s.y, s.slots, s.swap_seconds) for s in other.sites] == [
        (s.x, s.y, s.slots, s.swap_seconds) for s in small.sites
    ]
    assert [p.starts_at for p in other.people] != [p.starts_at for p in small.people]


def test_the_day_ends_with_nobody_in_line_and_every_pack_where_it_was(small: World, day: Day) -> None:
    for station in day.stations:
        assert not station.swapping
        assert not station.bay_queue
        for kind, slots in station.slots.items():
            assert station.lines[kind] == []
            assert slots.kept == {}
            assert len(slots.ready_at) == station.site.slots[kind]


def test_most_drivers_drive_away_and_none_twice(small: World, day: Day) -> None:
    assert day.result.asked == len(small.people)
    assert day.result.asked * 0.7 < day.result.completed <= day.result.asked


def test_what_is_said_of_a_booking_is_said_before_and_what_came_of_it_after(day: Day) -> None:
    assert len(day.result.cases) > 100
    for case in day.result.cases:
        assert 0 < case.bay < case.away
        assert case.said.bay.low <= case.said.bay.likely <= case.said.bay.high


def test_bays_serve_in_the_order_of_arrival_and_no_pack_is_two_drivers(small: World) -> None:
    """Watched while the day goes on, by the instants at which vehicles arrive with packs and drive into a bay."""
    queued: dict[int, list[int]] = {}
    served: dict[int, list[int]] = {}

    class Watched(Station):
        def arrive(self, claim: Claim) -> None:
            super().arrive(claim)
            queued.setdefault(self.site.number, []).append(claim.id)

        def next_for_a_bay(self) -> Claim | None:
            claim = super().next_for_a_bay()
            if claim is not None:
                served.setdefault(self.site.number, []).append(claim.id)
            return claim

        def promise(self, claim: Claim, grant: Grant, now: float) -> None:
            super().promise(claim, grant, now)
            held = Counter(p for line in self.lines.values() for c in line for p in c.packs)
            assert max(held.values()) == 1

    with mock.patch.object(play, "Station", Watched):
        Day(small).play()

    assert served == queued


def test_nobody_is_promised_before_somebody_who_joined_earlier_and_is_near(small: World) -> None:
    """In the lines for cars, who all want one pack: nothing else than rules 2 and 6 lets anybody go ahead."""
    promised = 0

    class Watched(Station):
        def promise(self, claim: Claim, grant: Grant, now: float) -> None:
            nonlocal promised
            if claim.kind is world.CAR:
                promised += 1
                near = [c for c in self.lines["car"] if c.state is At.WAITING and c.drive_left(now) <= 1_800]
                assert [c for c in near if c.id < claim.id and (c.is_here or not c.lapsed_once)] == []
            super().promise(claim, grant, now)

    with mock.patch.object(play, "Station", Watched):
        Day(small).play()

    assert promised > 100


def test_drivers_who_rank_by_the_forecast_drive_away_sooner(small: World, day: Day) -> None:
    by_distance = Day(small, choose=play.nearest).play()

    assert mean(day.result) < mean(by_distance)


def mean(result: Result) -> float:
    return sum(result.to_drive_away) / len(result.to_drive_away)


def test_habits_that_are_learned_are_those_that_are_true() -> None:
    """What a station truly takes for a swap is found again, to a few percent, from the days that were seen."""
    days = [Day(world.build(seed, TERMS, network_seed=5)).play().seen for seed in (31, 32, 33)]
    learned = report.learn(days, TERMS.stations)

    for site in world.build(31, TERMS, network_seed=5).sites:
        assert learned(site.number, "car", 43_200.0).swap_seconds == pytest.approx(site.swap_seconds, rel=0.12)


def test_hours_belong_to_one_part_of_the_day() -> None:
    bands = [report.band(hour * 3_600.0) for hour in range(24)]

    assert all(one <= other for one, other in pairwise(bands))
    assert set(bands) == set(range(len(HOUR_BANDS) - 1))


def test_the_seeds_that_are_reported_are_used_for_nothing_else() -> None:
    assert not set(report.HELD_OUT) & {*report.LEARNED_FROM, *report.ADJUSTED_BY, report.NETWORK_SEED}


def test_the_report_is_printed_with_its_bounds_and_kept_as_data(settings: Any, tmp_path: Path, capsys: Any) -> None:
    settings.BASE_DIR = tmp_path
    with (
        mock.patch.multiple(report, LEARNED_FROM=(101,), ADJUSTED_BY=(201,), HELD_OUT=(9_001,)),
        mock.patch.object(report, "ProcessPoolExecutor", _InThisProcess),
        suppress(CommandError),  # so few cases may miss a bound by chance
    ):
        call_command("forecast_report", stations=8, drivers=500)

    printed = capsys.readouterr().out
    kept = json.loads((tmp_path / "build" / "forecast-report.json").read_text())
    assert "inside the range" in printed
    assert "Brier score" in printed
    assert kept["cases"] == kept["whole"]["cases"] > 100
    assert kept["simple"]["median_width"] > 0


def test_a_report_that_falls_short_says_so_and_by_what() -> None:
    bound = report.Bound("inside the range", 0.7, 0.78, 0.82, cases=5_000)

    assert not bound.holds
    assert report.Bound("inside the range", 0.8, 0.78, 0.82, cases=5_000).holds


class _InThisProcess:
    """As the pool of processes, without any: a test's patches would not reach them."""

    def __init__(self, _processes: int) -> None: ...

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None: ...

    def map(self, act: Any, *arguments: Any) -> Any:
        return map(act, *arguments)

    def submit(self, act: Any, *args: Any, **kwargs: Any) -> Any:
        return mock.Mock(result=mock.Mock(return_value=act(*args, **kwargs)))
