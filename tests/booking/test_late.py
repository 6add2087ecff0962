"""Running late: the driver tells the station, which changes no deadline, and reads what each choice does."""

from __future__ import annotations

import pytest
from django.urls import reverse

from booking import arrival, lifecycle, queries
from booking.lifecycle import AlreadyDone, NotExpected
from booking.models import Booking, BookingStep
from booking.states import Step
from stations import geo
from tests.booking.console import Console
from tests.booking.driving import LISBON, heading, signed_in, text
from tests.factories.booking import Town, time_passes

pytestmark = pytest.mark.django_db


def promised(town: Town, **wish: object) -> Booking:
    return town.books(town.driver("Asha"), **wish)


def page(booking: Booking) -> str:
    assert booking.driver is not None
    return text(signed_in(booking.driver).get(reverse("booking:late", args=[booking.public_id])))


def test_telling_the_station_leaves_a_row_and_changes_no_deadline() -> None:
    asha = promised(Town(packs=1))

    told = lifecycle.tell_late(booking=asha, by=asha.driver)  # type: ignore[arg-type]  # a booking of the app has one

    assert told.late_told_at is not None
    assert (told.lapses_at, told.promise_ends_at) == (asha.lapses_at, asha.promise_ends_at)
    assert BookingStep.objects.filter(booking=asha, step=Step.TELL_LATE, by=asha.driver).count() == 1


def test_the_station_is_told_at_most_once_in_five_minutes() -> None:
    town = Town(packs=1)
    asha = promised(town)
    lifecycle.tell_late(booking=asha, by=town.staff)

    with pytest.raises(AlreadyDone):
        lifecycle.tell_late(booking=asha, by=town.staff)
    time_passes(asha, minutes=5.1)

    assert lifecycle.tell_late(booking=asha, by=town.staff).late_told_at is not None


@pytest.mark.parametrize("as_what", ["waiting", "says here", "ended"])
def test_whom_nobody_expects_by_a_certain_time_cannot_be_late(as_what: str) -> None:
    town = Town(packs=0 if as_what == "waiting" else 1)
    asha = promised(town)
    if as_what == "says here":
        arrival.claim_here(booking=asha, poster_token=town.station.poster_token)
    if as_what == "ended":
        time_passes(asha, minutes=31)

    with pytest.raises(NotExpected):
        lifecycle.tell_late(booking=asha, by=town.staff)

    asha.refresh_from_db()
    assert asha.late_told_at is None
    assert "Nothing to be late for" in page(asha)


def test_the_page_says_when_they_would_be_here_and_by_how_much_that_is_too_late() -> None:
    town = Town(packs=1, promise_margin_seconds=0, promise_min_seconds=600)
    asha = promised(town)

    unknown = page(asha)
    near = lifecycle.update_position(booking=asha, position=geo.Place(38.7223, -9.12))
    in_time = page(near)
    lifecycle.update_position(booking=asha, position=geo.Place(38.7223, -9.3))
    too_late = page(asha)

    assert "Say where you are" in unknown
    assert "That is in time." in in_time
    assert "too late." in too_late


def test_where_they_would_be_is_not_told_from_a_position_that_was_wrong() -> None:
    town = Town(packs=1)
    asha = promised(town, position=geo.Place(38.73, -9.14))
    assert queries.card(asha).expected_at is not None

    Booking.objects.filter(pk=asha.pk).update(position_at=asha.joined_at.replace(year=2025))
    asha.refresh_from_db()

    assert queries.card(asha).expected_at is None


@pytest.mark.parametrize(
    ("minutes", "said"),
    [(0, "it makes no mark; after that it counts as a no-show"), (6, "It counts as a no-show now")],
)
def test_letting_it_go_says_before_the_tap_whether_it_makes_a_mark(minutes: int, said: str) -> None:
    asha = promised(Town(packs=1))
    time_passes(asha, minutes=minutes)

    assert said in page(asha)


def test_what_was_our_fault_once_makes_no_mark_and_says_so() -> None:
    asha = promised(Town(packs=1))
    Booking.objects.filter(pk=asha.pk).update(our_fault=True)
    time_passes(asha, minutes=6)

    assert "No mark is made" in page(asha)


def test_ten_more_minutes_are_offered_once() -> None:
    asha = promised(Town(packs=1))
    assert "You can ask for this once." in page(asha)

    lifecycle.extend(booking=asha, by=asha.driver)  # type: ignore[arg-type]  # a booking of the app has one

    assert "You have had them." in page(asha)


def test_tell_them_and_update_where_i_am_come_back_to_the_page() -> None:
    asha = promised(Town(packs=1))
    assert asha.driver is not None
    client = signed_in(asha.driver)

    told = client.post(reverse("booking:late", args=[asha.public_id]), follow=True)
    placed = client.post(reverse("booking:late_position", args=[asha.public_id]), LISBON, follow=True)
    nowhere = client.post(reverse("booking:late_position", args=[asha.public_id]), {"lat": "x\0"}, follow=True)

    assert "The station knows that you come late." in text(told)
    assert "By your last position" in text(placed)
    assert "We could not see where you are." in text(nowhere)
    assert heading(told).startswith("Yours until")


def test_another_drivers_lateness_is_not_there() -> None:
    town = Town(packs=1)
    asha, chitra = promised(town), signed_in(town.driver("Chitra"))

    answers = [
        chitra.get(reverse("booking:late", args=[asha.public_id])),
        chitra.post(reverse("booking:late", args=[asha.public_id])),
        chitra.post(reverse("booking:late_position", args=[asha.public_id]), LISBON),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404]


def test_staff_see_who_says_late_among_those_expected() -> None:
    town = Town(packs=1)
    asha = promised(town, position=geo.Place(38.73, -9.14))
    lifecycle.tell_late(booking=asha, by=town.staff)

    board = text(Console(town).get("board"))

    assert "Says late," in board
    assert "here about" in board
