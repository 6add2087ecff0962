"""The demo bar: it plays staff, time and bad luck for the visitor's own booking, and is not there otherwise."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse

from booking.demo import skipping
from booking.models import Booking
from booking.states import State
from stations.models import Pack
from stations.states import StationStatus
from tests.booking.driving import heading, signed_in, text
from tests.factories.booking import Town, states

pytestmark = pytest.mark.django_db

LEVERS = ("arrived", "skip", "break", "repair")


@pytest.fixture
def demo(settings: Any) -> None:
    settings.DEMO = True


def pull(booking: Booking, lever: str) -> Any:
    assert booking.driver is not None
    return signed_in(booking.driver).post(reverse("booking:demo", args=[booking.public_id, lever]), follow=True)


@pytest.mark.usefixtures("demo")
def test_i_have_arrived_is_as_if_staff_had_confirmed_it() -> None:
    town = Town(packs=1)
    booking = town.books(town.driver("Asha"))

    page = pull(booking, "arrived")

    assert "You are here. No clock runs." in text(page)
    assert states([booking]) == [State.ARRIVED]


@pytest.mark.usefixtures("demo")
def test_five_minutes_pass_for_the_promise_and_its_pack_together() -> None:
    town = Town(packs=1)
    booking = town.books(town.driver("Asha"))

    pull(booking, "skip")

    after = Booking.objects.get(pk=booking.pk)
    assert booking.promise_ends_at is not None
    assert after.promise_ends_at is not None
    assert (booking.promise_ends_at - after.promise_ends_at).total_seconds() == 300
    assert Pack.objects.get(pk=town.packs[0].pk).kept_until == after.promise_ends_at
    assert after.joined_at == booking.joined_at


@pytest.mark.usefixtures("demo")
def test_the_promise_ends_when_enough_minutes_have_passed_and_the_next_one_has_the_pack() -> None:
    town = Town(packs=1)
    asha, bala = town.books(town.driver("Asha")), town.books(town.driver("Bala"))

    for _time in range(2):
        pull(asha, "skip")
    page = pull(asha, "skip")

    assert heading(page) == "Your promise has ended"
    assert states([asha, bala]) == [State.EXPIRED, State.PROMISED]


def test_time_stands_still_for_a_booking_that_is_over() -> None:
    town = Town(packs=1)
    booking = town.swaps(town.arrives(town.books(town.driver("Asha"))))

    after = skipping.skip(booking=booking, minutes=5)

    assert after.ended_at == Booking.objects.get(pk=booking.pk).ended_at == booking.ended_at


@pytest.mark.usefixtures("demo")
def test_a_station_is_broken_and_repaired_and_the_place_is_kept() -> None:
    town = Town(packs=1)
    booking = town.books(town.driver("Asha"))

    broken = pull(booking, "break")
    assert heading(broken) == "You keep place 1, and it costs you nothing"
    assert "Repair it" in text(broken)
    repaired = pull(booking, "repair")

    town.station.refresh_from_db()
    assert town.station.status == StationStatus.OPEN
    assert heading(repaired).startswith("Yours until")


@pytest.mark.parametrize("lever", LEVERS)
def test_outside_the_demo_there_are_no_levers(settings: Any, lever: str) -> None:
    settings.DEMO = False
    town = Town(packs=1)
    booking = town.books(town.driver("Asha"))

    assert pull(booking, lever).status_code == 404

    assert states([booking]) == [State.PROMISED]
    town.station.refresh_from_db()
    assert town.station.status == StationStatus.OPEN


@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize("lever", LEVERS)
def test_nobody_pulls_the_levers_of_anothers_booking(lever: str) -> None:
    town = Town(packs=1)
    booking = town.books(town.driver("Asha"))

    answer = signed_in(town.driver("Chitra")).post(reverse("booking:demo", args=[booking.public_id, lever]))

    assert answer.status_code == 404
    assert states([booking]) == [State.PROMISED]


@pytest.mark.usefixtures("demo")
def test_a_lever_is_never_pulled_by_looking() -> None:
    town = Town(packs=1)
    booking = town.books(town.driver("Asha"))
    assert booking.driver is not None

    answer = signed_in(booking.driver).get(reverse("booking:demo", args=[booking.public_id, "break"]))

    assert answer.status_code == 405


@pytest.mark.usefixtures("demo")
def test_a_lever_that_does_not_exist_is_not_found() -> None:
    town = Town(packs=1)

    assert pull(town.books(town.driver("Asha")), "explode").status_code == 404
