"""What the nights learn from rows: counted exactly, borrowed where there is little, of one's own network alone."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from booking import clock, learned, learning, lifecycle, moving, tasks
from booking.habits import Experience, Habits, hour_of_week
from booking.models import Booking, BookingStep, Learned, MoveOffer
from booking.states import State, Step
from stations import upkeep
from stations.models import Station
from tests.factories.booking import Town, time_passes
from tests.factories.stations import StationFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    learned.forget()
    yield
    learned.forget()


def learn(town: Town) -> None:
    learning.learn(network=town.station.network, now=clock.database_now())
    learned.forget()


def counted(town: Town, *, station: Station | None = None) -> Experience:
    """What is kept of the town's station and class."""
    row = Learned.objects.get(station=station or town.station, pack_class=town.pack_class)
    return Experience.from_json(row.counted)


def swapped(town: Town, name: str, *, seconds: float) -> Booking:
    """A whole swap that took so long at the bay."""
    town.add_pack()
    booking = town.swaps(town.arrives(town.books(town.driver(name))))
    assert booking.ended_at is not None
    Booking.objects.filter(pk=booking.pk).update(started_at=booking.ended_at - timedelta(seconds=seconds))
    return booking


def test_swaps_are_counted_by_how_long_the_bay_was_taken() -> None:
    town = Town(packs=0)
    swapped(town, "Asha", seconds=200)
    swapped(town, "Bala", seconds=400)

    learn(town)

    swaps = counted(town).swaps
    assert swaps.count == 2
    assert swaps.total == pytest.approx(math.log(200) + math.log(400))
    assert swaps.squares == pytest.approx(math.log(200) ** 2 + math.log(400) ** 2)
    assert Learned.objects.get(station=town.station).cases == 2


@pytest.mark.parametrize("seconds", [5, 5_000])
def test_a_screen_on_which_somebody_forgot_to_tap_is_no_swap(seconds: float) -> None:
    town = Town(packs=0)
    swapped(town, "Asha", seconds=seconds)

    learn(town)

    assert counted(town).swaps.count == 0


def test_a_drive_is_counted_against_the_map_by_who_had_packs_before_it() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"), drive_seconds=600)
    time_passes(asha, minutes=12)
    town.swaps(town.arrives(asha))

    learn(town)

    drives = counted(town).drives
    assert drives.count == 1
    assert drives.total == pytest.approx(math.log(12 * 60 / 600), abs=0.01)


def test_who_waited_for_packs_need_not_have_set_off() -> None:
    town = Town(packs=0)
    asha = town.books(town.driver("Asha"), drive_seconds=600)
    time_passes(asha, minutes=12)
    town.add_pack()
    tasks.sweep_lines()
    town.swaps(town.arrives(Booking.objects.get(pk=asha.pk)))

    learn(town)

    assert counted(town).drives.count == 0


def test_promises_are_counted_as_kept_or_not_but_not_where_we_failed() -> None:
    town = Town(packs=1)
    swapped(town, "Asha", seconds=200)
    town.stays_away(town.driver("Bala"))
    failed = town.stays_away(town.driver("Chitra"))
    Booking.objects.filter(pk=failed.pk).update(our_fault=True)

    learn(town)

    kept = counted(town).kept
    assert (kept.count, kept.total, kept.squares) == (2, 1.0, 1.0)


def test_who_gives_up_is_counted_with_the_time_that_everybody_waited() -> None:
    town = Town(packs=0)
    asha, bala = town.books(town.driver("Asha")), town.books(town.driver("Bala"))
    time_passes(asha, bala, minutes=20)
    lifecycle.cancel(booking=asha, by=asha.driver)
    lifecycle.cancel(booking=bala, by=town.staff, reason="The street is closed.")

    learn(town)

    assert counted(town).left == 1
    assert counted(town).waited_seconds == pytest.approx(2 * 20 * 60, abs=5)


def test_a_wait_ends_with_the_promise_and_begins_again_with_its_failure() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))
    began = asha.joined_at
    BookingStep.objects.filter(booking=asha).delete()
    steps = [
        (Step.JOIN, "", State.WAITING, 0),
        (Step.PROMISE, State.WAITING, State.PROMISED, 100),
        (Step.FAIL_PACK, State.PROMISED, State.WAITING, 400),
        (Step.CLAIM_HERE, State.WAITING, State.WAITING, 410),
        (Step.PROMISE, State.WAITING, State.PROMISED, 450),
        (Step.CANCEL, State.PROMISED, State.CANCELLED, 500),
    ]
    BookingStep.objects.bulk_create(
        BookingStep(
            booking=asha, step=step, from_state=one, to_state=other, at=began + timedelta(seconds=s), line_sequence=1
        )
        for step, one, other, s in steps
    )
    Booking.objects.filter(pk=asha.pk).update(state=State.CANCELLED, ended_at=began)

    learn(town)

    assert counted(town).waited_seconds == pytest.approx(100 + 50, abs=0.1)
    assert counted(town).left == 0


def test_who_joins_is_counted_by_the_hour_on_the_wall_of_the_station() -> None:
    town = Town(packs=1, time_zone="Asia/Bangkok")
    asha = town.books(town.driver("Asha"))

    learn(town)

    assert counted(town).joined == {hour_of_week(asha.joined_at, ZoneInfo("Asia/Bangkok")): 1}


def test_what_was_long_ago_does_not_count() -> None:
    town = Town(packs=0)
    asha = swapped(town, "Asha", seconds=200)
    time_passes(asha, minutes=29 * 24 * 60)

    learn(town)

    assert counted(town).swaps.count == 0
    assert counted(town).joined == {}


def test_who_moved_has_joined_where_they_joined() -> None:
    town = Town.with_a_line(packs=0)
    other = town.second_station("Other")
    asha = town.books(town.driver("Asha"))
    upkeep.mark_station_down(station=town.station, reason="No power.", by=None)
    tasks.plan_moves()
    moving.accept(booking=asha, offer_id=MoveOffer.objects.get().pk, by=asha.driver)

    learn(town)

    assert sum(counted(town).joined.values()) == 1
    assert counted(town, station=other).joined == {}


def test_hours_are_counted_since_the_station_is_known() -> None:
    town = Town(packs=1)
    now = clock.database_now()
    Station.objects.filter(pk=town.station.pk).update(created_at=now - timedelta(days=7))

    learning.learn(network=town.station.network, now=now)

    assert sum(counted(town).hours.values()) == 7 * 24


def test_a_station_of_the_same_country_and_class_is_learned_from() -> None:
    town = Town(packs=0)
    new = town.second_station("Rua Nova")
    for number in range(3):
        swapped(town, f"Driver {number}", seconds=600)

    learn(town)

    kind = Learned.objects.get(station=None, network=town.station.network, pack_class=town.pack_class)
    assert kind.cases == 3
    at = clock.database_now()
    usual = learned.habits_at([new.pk], town.pack_class.pk, at)[new.pk]
    assert usual.cases == 0
    assert usual.swap_seconds > Habits().swap_seconds


def test_before_anything_is_known_the_operators_word_counts() -> None:
    station = StationFactory(swap_seconds=500)
    town = Town(packs=0)

    usual = learned.habits_at([station.pk, 10**9], town.pack_class.pk, clock.database_now())

    assert usual[station.pk].swap_seconds == pytest.approx(500)
    assert usual[10**9].swap_seconds == pytest.approx(Habits().swap_seconds)


def test_another_networks_rows_are_never_used() -> None:
    lisbon, bangkok = Town(packs=0), Town(packs=0)
    assert lisbon.station.network != bangkok.station.network
    Station.objects.filter(pk=bangkok.station.pk).update(country=lisbon.station.country)
    swapped(lisbon, "Asha", seconds=600)

    learn(lisbon)
    learn(bangkok)

    at = clock.database_now()
    there = learned.habits_at([bangkok.station.pk], lisbon.pack_class.pk, at)[bangkok.station.pk]
    assert there == learned.habits_at([10**9], lisbon.pack_class.pk, at)[10**9]
    assert not Learned.objects.filter(network=bangkok.station.network, cases__gt=0).exists()


def test_learning_again_replaces_the_rows() -> None:
    town = Town(packs=0)
    swapped(town, "Asha", seconds=200)
    learn(town)
    before = counted(town)

    learn(town)

    assert counted(town).swaps == before.swaps
    assert Learned.objects.filter(network=town.station.network).count() == 2


def test_a_network_is_counted_in_the_same_number_of_queries_however_much_happened() -> None:
    town = Town(packs=0)
    swapped(town, "Asha", seconds=200)
    with CaptureQueriesContext(connection) as few:
        learn(town)
    town.second_station("Rua Nova")
    for number in range(3):
        swapped(town, f"Driver {number}", seconds=300)

    with CaptureQueriesContext(connection) as many:
        learn(town)

    assert len(many) == len(few)


def test_asking_about_many_stations_is_a_constant_number_of_queries_and_then_none(
    django_assert_num_queries: Any,
) -> None:
    town = Town(packs=1)
    others = [town.second_station(f"Rua {number}").pk for number in range(5)]
    learn(town)
    at = clock.database_now()

    with django_assert_num_queries(3):
        learned.habits_at([town.station.pk, *others], town.pack_class.pk, at)
    with django_assert_num_queries(0):
        learned.habits_at([town.station.pk, *others], town.pack_class.pk, at + timedelta(hours=5))


def test_the_night_knows_that_it_learns(settings: Any) -> None:
    assert settings.CELERY_BEAT_SCHEDULE[tasks.learn.name]["task"] == tasks.learn.name


def test_an_hour_of_the_week_is_the_one_on_the_wall() -> None:
    monday_midnight_in_bangkok = datetime(2026, 11, 22, 17, 30, tzinfo=UTC)

    assert hour_of_week(monday_midnight_in_bangkok, ZoneInfo("Asia/Bangkok")) == 0
