"""What was told, what came of it, and how right it was: kept once per change, measured night by night."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db.models import F

from accounts.models import Network
from booking import clock, learned, lifecycle, measuring, moving, tasks, told
from booking.calibration import Adjustment
from booking.forecast import Outlook, Span
from booking.models import Booking, CalibrationDay, Learned, MoveOffer, Source, Told
from booking.states import State, Step
from stations import geo, upkeep
from stations.models import Station
from tests.factories.booking import Town, time_passes

pytestmark = pytest.mark.django_db

OUTLOOK = Outlook(bay=Span(100, 200, 300), away=Span(300, 450, 600), ready=0.8)


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    learned.forget()
    yield
    learned.forget()


def noted(booking: Booking, *, at: datetime, occasion: str = Step.JOIN, outlook: Outlook = OUTLOOK) -> Told:
    told.note(booking, occasion=occasion, changed_at=at, outlook=outlook, at=at)
    return Told.objects.get(booking=booking, changed_at=at)


def tell_many(town: Town, booking: Booking, count: int, *, days_ago: int = 1, took: float = 500.0) -> None:
    """Forecasts of one noon, all for one booking, and what came of each."""
    zone = ZoneInfo(town.station.network.time_zone)
    day = clock.database_now().astimezone(zone).date() - timedelta(days=days_ago)
    noon = datetime.combine(day, time(12), zone)
    for number in range(count):
        noted(booking, at=noon + timedelta(seconds=number))
    Told.objects.filter(booking=booking, at__gte=noon, at__lt=noon + timedelta(seconds=count)).update(
        until_bay=took - 250, until_away=took, was_ready=True
    )


def measure(town: Town) -> None:
    measuring.measure(network=town.station.network, now=clock.database_now())
    learned.forget()


def yesterday(town: Town) -> CalibrationDay:
    return CalibrationDay.objects.filter(network=town.station.network).latest("day")


# --- Telling ---


def test_a_booking_is_told_once_for_each_of_its_changes() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))

    first, again = tasks.keep_forecasts(), tasks.keep_forecasts()
    town.arrives(asha)
    later = tasks.keep_forecasts()

    assert (first, again, later) == (1, 0, 1)
    assert list(Told.objects.order_by("pk").values_list("occasion", flat=True)) == ["join", "arrive"]


def test_a_position_is_no_change() -> None:
    town = Town(packs=0)
    asha = town.books(town.driver("Asha"), drive_seconds=600)
    tasks.keep_forecasts()

    lifecycle.update_position(booking=asha, position=geo.Place(38.75, -9.15), drive_seconds=300)

    assert tasks.keep_forecasts() == 0


def test_a_walk_in_is_told_by_nobody() -> None:
    town = Town(packs=0)
    town.books(town.driver("Asha"), source=Source.WALK_IN)

    assert tasks.keep_forecasts() == 0


def test_nobody_is_told_late() -> None:
    town = Town(packs=1)
    time_passes(town.books(town.driver("Asha")), minutes=5)

    assert tasks.keep_forecasts() == 0


def test_a_second_writing_of_the_same_change_is_nothing() -> None:
    town = Town(packs=1)
    asha, now = town.books(town.driver("Asha")), clock.database_now()

    noted(asha, at=now)
    told.note(asha, occasion=Step.JOIN, changed_at=now, outlook=OUTLOOK, at=now + timedelta(seconds=1))

    assert Told.objects.count() == 1


def test_what_is_shown_is_kept_beside_what_the_scenarios_gave() -> None:
    town = Town(packs=0)
    asha = town.books(town.driver("Asha"))
    tell_many(town, asha, 200, took=900)
    measure(town)

    row = noted(asha, at=clock.database_now())

    assert row.away == OUTLOOK.away
    assert row.shown_away.high >= 900


# --- What came of it ---


def test_the_instants_of_the_swap_say_what_came_of_a_forecast() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))
    at = asha.joined_at
    noted(asha, at=at)
    done = town.swaps(town.arrives(asha))
    Booking.objects.filter(pk=asha.pk).update(
        started_at=at + timedelta(seconds=300), ended_at=at + timedelta(seconds=500)
    )

    assert told.settle(network=town.station.network) == 1

    row = Told.objects.get(booking=done)
    assert (row.until_bay, row.until_away, row.was_ready) == (300.0, 500.0, True)


def test_packs_that_came_after_the_driver_were_not_ready() -> None:
    town = Town(packs=0)
    asha = town.books(town.driver("Asha"))
    noted(asha, at=asha.joined_at)
    town.arrives(asha)
    town.add_pack()
    tasks.sweep_lines()
    town.swaps(Booking.objects.get(pk=asha.pk))

    told.settle(network=town.station.network)

    assert Told.objects.get(booking=asha).was_ready is False


def test_nothing_is_learned_from_who_never_swapped() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))
    row = noted(asha, at=asha.joined_at)
    Booking.objects.filter(pk=asha.pk).update(state=State.CANCELLED, ended_at=F("joined_at"))

    assert told.settle(network=town.station.network) == 0

    row.refresh_from_db()
    assert row.until_away is None


def test_what_was_foretold_at_a_station_that_failed_is_not_measured_by_the_swap_at_another() -> None:
    town = Town(packs=1)
    town.second_station("Alvalade")
    asha = town.books(town.driver("Asha"))
    before = noted(asha, at=clock.database_now())
    upkeep.mark_station_down(station=town.station, reason="The power has failed.", by=None)
    tasks.plan_moves()
    moved = moving.accept(booking=asha, offer_id=MoveOffer.objects.get(booking=asha).pk, by=town.staff)
    after = noted(moved, at=clock.database_now(), occasion=Step.PROMISE)
    town.swaps(town.arrives(moved))

    assert told.settle(network=town.station.network) == 1

    before.refresh_from_db()
    after.refresh_from_db()
    assert before.until_away is None
    assert after.until_away is not None


def test_what_is_old_is_forgotten_and_what_never_came_sooner() -> None:
    town = Town(packs=1)
    asha, now = town.books(town.driver("Asha")), clock.database_now()
    network = town.station.network
    kept = noted(asha, at=now - timedelta(days=59))
    noted(asha, at=now - timedelta(days=61))
    Told.objects.update(until_bay=1, until_away=2, was_ready=True)
    noted(asha, at=now - timedelta(days=3))
    young = noted(asha, at=now - timedelta(days=1))

    assert told.forget_old(network=network, now=now) == 2

    assert set(Told.objects.all()) == {kept, young}


# --- How right it was ---


def test_a_day_is_measured_with_its_cases() -> None:
    town = Town(packs=0)
    asha = town.books(town.driver("Asha"))
    tell_many(town, asha, 8)
    Told.objects.filter(pk__in=Told.objects.values("pk")[:2]).update(until_away=5_000, was_ready=False)

    measure(town)

    row = yesterday(town)
    assert (row.cases, row.coverage, row.bay_coverage, row.median_width) == (8, 0.75, 1.0, 300.0)
    assert row.brier == pytest.approx((6 * 0.2**2 + 2 * 0.8**2) / 8)
    assert row.by_class[str(town.pack_class.pk)]["cases"] == 8
    assert row.by_part_of_day == {"3": row.by_class[str(town.pack_class.pk)]}
    assert [(one["number"], one["cases"], one["true"]) for one in row.deciles] == [(8, 8, 0.75)]


def test_what_was_told_later_stands_apart() -> None:
    town = Town(packs=0)
    asha = town.books(town.driver("Asha"))
    tell_many(town, asha, 4)
    Told.objects.filter(pk__in=Told.objects.values("pk")[:1]).update(occasion=Step.ARRIVE)

    measure(town)

    row = yesterday(town)
    assert row.cases == row.adjusted_by == 3
    assert {name: score["cases"] for name, score in row.by_occasion.items()} == {"join": 3, "arrive": 1}


def test_ranges_are_adjusted_by_the_last_days_of_the_network() -> None:
    town, other = Town(packs=0), Town(packs=0)
    tell_many(town, town.books(town.driver("Asha")), 200, took=900)

    measure(town)
    measure(other)

    mine, theirs = (learned.adjustment_of(one.station.network_id) for one in (town, other))
    assert mine.is_calibrated
    assert mine.applied(OUTLOOK.away, "nobody's").high >= 900
    assert theirs == Adjustment()
    assert learned.chances_of(town.station.network_id).applied(0.8) == 1.0
    assert learned.bay_adjustment_of(town.station.network_id).cases == 200


def test_with_fewer_cases_nothing_is_adjusted() -> None:
    town = Town(packs=0)
    tell_many(town, town.books(town.driver("Asha")), 199, took=900)

    measure(town)

    adjustment = learned.adjustment_of(town.station.network_id)
    assert not adjustment.is_calibrated
    assert adjustment.applied(OUTLOOK.away, "any") == OUTLOOK.away
    assert adjustment.cases == 199


def test_what_is_older_than_14_days_adjusts_nothing_any_more() -> None:
    town = Town(packs=0)
    tell_many(town, town.books(town.driver("Asha")), 3, days_ago=15)
    tell_many(town, town.books(town.driver("Bala")), 2, days_ago=14)

    measure(town)

    assert yesterday(town).adjusted_by == 2


def test_a_night_is_the_same_when_it_is_run_again() -> None:
    town = Town(packs=0)
    tell_many(town, town.books(town.driver("Asha")), 5)
    measure(town)
    before = list(CalibrationDay.objects.values("day", "cases", "coverage", "adjustment"))

    measure(town)

    assert list(CalibrationDay.objects.values("day", "cases", "coverage", "adjustment")) == before


def test_a_night_that_was_missed_is_made_up_for() -> None:
    town = Town(packs=0)
    tell_many(town, town.books(town.driver("Asha")), 5, days_ago=3)

    measure(town)

    days = CalibrationDay.objects.filter(network=town.station.network)
    assert days.count() == measuring.ADJUSTED_BY_DAYS
    assert days.get(cases=5).day == yesterday(town).day - timedelta(days=2)


def test_an_earlier_day_is_not_measured_again_by_later_rules() -> None:
    town = Town(packs=0)
    tell_many(town, town.books(town.driver("Asha")), 5, days_ago=3)
    measure(town)
    Told.objects.all().delete()

    measure(town)

    assert CalibrationDay.objects.filter(network=town.station.network, cases=5).count() == 1


def test_every_network_learns() -> None:
    towns = [Town(packs=0), Town(packs=0)]

    assert tasks.learn() == 2

    assert {day.network_id for day in CalibrationDay.objects.all()} == {one.station.network_id for one in towns}


def of_a_network(town: Town) -> None:
    Network.objects.filter(pk=town.station.network_id).update(time_zone="Mars/Olympus")


def of_a_station(town: Town) -> None:
    Station.objects.filter(pk=town.station.pk).update(time_zone="Mars/Olympus")


@pytest.mark.parametrize("nonsense", [of_a_network, of_a_station])
def test_a_time_zone_that_is_none_keeps_only_its_own_network_from_learning(
    nonsense: Callable[[Town], None],
) -> None:
    first, second = Town(packs=1), Town(packs=1)
    for town in (first, second):
        time_passes(town.swaps(town.arrives(town.books(town.driver("Asha")))), minutes=60)
    nonsense(first)

    assert tasks.learn() == 1

    assert set(Learned.objects.values_list("network", flat=True)) == {second.station.network_id}
    assert CalibrationDay.objects.filter(network=second.station.network).exists()


def test_a_booking_that_nothing_can_be_foretold_of_keeps_no_other_from_being_told() -> None:
    first, second = Town(packs=1), Town(packs=1)
    asha, bala = (town.books(town.driver(name)) for town, name in ((first, "Asha"), (second, "Bala")))
    of_a_station(first)

    tasks.keep_forecasts()

    assert [row.booking for row in Told.objects.all()] == [bala]
    assert asha.pk < bala.pk


def test_the_night_writes_down_what_came_before_it_measures() -> None:
    town = Town(packs=1)
    asha = town.swaps(town.arrives(town.books(town.driver("Asha"))))
    noted(asha, at=asha.joined_at)
    time_passes(asha, minutes=24 * 60)
    Told.objects.update(at=F("at") - timedelta(days=1))

    tasks.learn()

    assert yesterday(town).cases == 1
