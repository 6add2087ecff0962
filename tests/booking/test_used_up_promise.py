"""Booking again where a promise has run out: what is left of it is said before the tap and on the card (rule 2)."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import User
from booking import lifecycle, queries
from booking.models import Booking
from booking.states import State
from tests.booking.driving import heading, signed_in, text
from tests.booking.test_driver_reserve import address, tap
from tests.factories.booking import Town, time_passes

pytestmark = pytest.mark.django_db


def run_out(town: Town) -> User:
    """A driver whose promise here has run out a minute ago; no worker has written it down."""
    asha: User = town.driver("Asha")
    time_passes(town.books(asha), minutes=11)
    return asha


def cancelled_halfway(town: Town) -> User:
    asha: User = town.driver("Asha")
    booking = town.books(asha)
    time_passes(booking, minutes=4)
    lifecycle.cancel(booking=booking, by=asha)
    return asha


def station_page(town: Town, driver: User) -> Any:
    return signed_in(driver).get(address(town.station))


def test_no_pack_is_promised_on_the_page_that_the_rule_would_refuse() -> None:
    town = Town(packs=1)
    asha = run_out(town)

    page = station_page(town, asha)

    assert heading(page) == "Place 1 in line until you are here"
    assert "0 min are left of your last promise here" in text(page)
    assert "#rule-2" in page.content.decode()
    assert "Join the line, about" in text(page)
    assert "You can ask once for 10 more minutes." not in text(page)


def test_the_card_of_who_has_used_it_up_says_why_and_no_wait() -> None:
    town = Town(packs=1)
    asha = run_out(town)
    tap(signed_in(asha), town, asha)
    booking = Booking.objects.get(driver=asha, state=State.WAITING)

    page = signed_in(asha).get(f"/b/{booking.public_id}/")

    assert queries.card(booking).is_promised_once_here
    assert "0 min are left of your promise here" in text(page)
    assert "A pack is kept for you once you are here." in text(page)
    assert 'data-field="wait"' not in page.content.decode()
    assert town.arrives(booking).state == State.ARRIVED


def test_what_is_left_is_offered_as_it_will_be_kept_and_the_card_says_that_it_is_no_new_promise() -> None:
    town = Town(packs=1)
    asha = cancelled_halfway(town)

    page = station_page(town, asha)
    tap(signed_in(asha), town, asha)

    assert heading(page) == "A full pack, yours for 6 min"
    assert "no longer than what was left of your last promise here" in text(page)
    booking = Booking.objects.get(driver=asha, state=State.PROMISED)
    card = text(signed_in(asha).get(f"/b/{booking.public_id}/"))
    assert "This is what was left of your last promise here." in card
    assert "You have had your 10 more minutes." not in card


def test_half_an_hour_later_a_whole_promise_is_offered_again() -> None:
    town = Town(packs=1)
    asha = cancelled_halfway(town)
    time_passes(*Booking.objects.all(), minutes=31)

    assert heading(station_page(town, asha)) == "A full pack, yours for 10 min"
