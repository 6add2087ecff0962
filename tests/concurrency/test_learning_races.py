"""Two nights at the same moment: one set of rows. Each race is also run without its guard."""

from __future__ import annotations

from functools import partial

import pytest

from booking import clock, learning, measuring, tasks
from booking.models import CalibrationDay, Learned, Told
from tests.concurrency.race import no_row_locks, second_while_first_holds
from tests.factories.booking import Town

pytestmark = pytest.mark.django_db(transaction=True)


def test_of_two_nights_at_once_the_second_replaces_the_rows_of_the_first() -> None:
    town = Town(packs=1)
    learn = partial(learning.learn, network=town.station.network, now=clock.database_now())

    outcomes = second_while_first_holds(learn, learn)

    assert outcomes == ("done", "done")
    assert Learned.objects.filter(network=town.station.network).count() == 2


def test_without_the_networks_lock_the_second_night_would_fail() -> None:
    town = Town(packs=1)
    learn = partial(learning.learn, network=town.station.network, now=clock.database_now())

    with no_row_locks():
        outcomes = second_while_first_holds(learn, learn)

    assert outcomes == ("done", "IntegrityError")


def test_two_nights_at_once_measure_each_day_once() -> None:
    town = Town(packs=1)
    measure = partial(measuring.measure, network=town.station.network, now=clock.database_now())

    outcomes = second_while_first_holds(measure, measure)

    assert outcomes == ("done", "done")
    days = CalibrationDay.objects.filter(network=town.station.network).values_list("day", flat=True)
    assert len(days) == len(set(days)) == measuring.ADJUSTED_BY_DAYS


def test_two_sweeps_at_once_keep_one_forecast_of_a_change() -> None:
    town = Town(packs=1)
    town.books(town.driver("Asha"))

    outcomes = second_while_first_holds(tasks.keep_forecasts, tasks.keep_forecasts)

    assert outcomes == ("done", "done")
    assert Told.objects.count() == 1
