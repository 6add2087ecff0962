"""A shift in a real browser, on tablet and phone: the code is typed, the swap is run, the board follows by itself."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from booking import arrival
from booking.models import Booking
from booking.states import State
from tests.booking.console import Console
from tests.factories.booking import Town
from tests.factories.stations import SlotFactory
from tests.journeys.test_driver_journey import sign_in

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

TABLET = {"width": 1024, "height": 768}
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def town(server: Any) -> Town:
    town = Town(packs=1, name="Canal Street")
    SlotFactory(station=town.station, pack_class=town.pack_class)
    return town


def at_the_board(town: Town, page: Page, base_url: str) -> Console:
    console = Console(town)
    sign_in(page, console.user, base_url)
    page.goto("/staff/")
    expect(page.get_by_role("heading", name="Canal Street")).to_be_visible()
    return console


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
@pytest.mark.parametrize("viewport", [TABLET, PHONE], ids=["tablet", "phone"])
def test_staff_confirm_by_code_and_run_the_swap(
    town: Town, phones: Any, server: Any, viewport: dict[str, int], script: bool
) -> None:
    booking = town.books(town.driver("Asha"), carry_out=False)
    page = phones(viewport=viewport, script=script)
    at_the_board(town, page, server.url)

    page.get_by_label("Arrival code").fill(booking.code)
    page.get_by_role("button", name="Confirm arrival").click()
    expect(page.get_by_text(f"{booking.vehicle.plate} is here")).to_be_visible()
    page.get_by_role("link", name="Start swap").click()
    page.get_by_role("button", name="Start the clock").click()
    page.get_by_label("Serial number on the pack").fill(town.old_pack().serial)
    page.get_by_label("State of charge").fill("12")
    page.get_by_role("button", name="The pack is in").click()
    page.get_by_role("button", name=town.packs[0].serial).click()
    page.get_by_role("button", name="The swap is done").click()

    expect(page.get_by_text("Swap finished")).to_be_visible()
    assert Booking.objects.get(pk=booking.pk).state == State.COMPLETED


def test_the_board_follows_by_itself_and_lets_staff_finish_typing(town: Town, phones: Any, server: Any) -> None:
    booking = town.books(town.driver("Asha"), carry_out=False)
    page = phones(viewport=TABLET)
    at_the_board(town, page, server.url)
    code = page.get_by_label("Arrival code")
    code.fill("4K7")

    arrival.confirm_here(booking=booking, by=town.staff)

    here = page.get_by_role("region", name="Here, in order")
    expect(here.get_by_role("heading", name=booking.vehicle.plate)).to_be_visible()
    expect(code).to_have_value("4K7")
    expect(code).to_be_focused()


def test_an_arrival_takes_two_taps(town: Town, phones: Any, server: Any) -> None:
    booking = town.books(town.driver("Asha"), carry_out=False)
    page = phones(viewport=TABLET)
    at_the_board(town, page, server.url)

    page.get_by_role("link", name=booking.vehicle.plate).click()
    page.get_by_role("button", name="Confirm arrival").click()

    expect(page.get_by_text(f"{booking.vehicle.plate} is here")).to_be_visible()
