"""Two hearts tapped at the same moment by one driver whose list has room for one."""

from __future__ import annotations

from functools import partial

import pytest
from django.utils import timezone

from accounts.models import User
from booking import favourites
from booking.models import Favourite
from stations.models import Station
from tests.concurrency.race import no_row_locks, second_while_first_holds
from tests.factories.accounts import UserFactory
from tests.factories.stations import StationFactory

pytestmark = pytest.mark.django_db(transaction=True)


def _nearly_full() -> tuple[User, list[Station]]:
    asha, first = UserFactory(name="Asha"), StationFactory()
    stations = StationFactory.create_batch(favourites.MOST, network=first.network, owner=first.owner)
    for station in stations[1:]:
        favourites.keep(driver=asha, station=station, now=timezone.now())
    return asha, [first, stations[0]]


def test_the_last_room_in_the_list_is_taken_once() -> None:
    asha, (one, other) = _nearly_full()
    taps = [partial(favourites.keep, driver=asha, station=station, now=timezone.now()) for station in (one, other)]

    assert second_while_first_holds(*taps) == ("done", "too_many_favourites")
    assert Favourite.objects.filter(driver=asha).count() == favourites.MOST


def test_without_the_lock_both_would_find_room() -> None:
    asha, (one, other) = _nearly_full()
    taps = [partial(favourites.keep, driver=asha, station=station, now=timezone.now()) for station in (one, other)]

    with no_row_locks():
        assert second_while_first_holds(*taps) == ("done", "done")

    assert Favourite.objects.filter(driver=asha).count() == favourites.MOST + 1
