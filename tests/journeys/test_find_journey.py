"""Finding by name and keeping a station, in a real browser."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from booking.models import Favourite, PlaceName
from tests.factories.booking import Town
from tests.journeys.test_driver_journey import LISBON, sign_in

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def test_a_town_is_chosen_from_the_suggestions_by_keyboard_alone(phones: Any, server: Any) -> None:
    Town(packs=1, name="Canal Street")
    for number, (country, people, latitude) in enumerate([("PT", 70_000, 38.73), ("BR", 8_700, -2.17)]):
        PlaceName.objects.create(
            key="faro",
            name="Faro",
            is_main=True,
            town=number,
            country=country,
            latitude=latitude,
            longitude=-9.14,
            population=people,
        )
    phone = phones()
    # The first page of a process is compiled while the phone waits, on a busy machine for longer than others.
    phone.set_default_timeout(60_000)
    phone.goto("/")

    field = phone.get_by_role("combobox")
    field.press_sequentially("Far")
    expect(phone.get_by_role("option")).to_have_count(2)
    field.press("ArrowDown")
    expect(field).to_have_attribute("aria-activedescendant", re.compile("-0$"))
    field.press("Escape")
    expect(field).to_have_attribute("aria-expanded", "false")
    field.press("o")
    expect(phone.get_by_role("option")).to_have_count(2)
    field.press("ArrowDown")
    field.press("Enter")

    expect(phone.get_by_text("From Faro")).to_be_visible()
    expect(phone.get_by_role("heading", name="About")).to_be_visible()


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_a_heart_keeps_a_station_where_one_stands(phones: Any, server: Any, script: bool) -> None:
    town = Town(packs=1, name="Canal Street")
    asha = town.driver("Asha")
    phone = phones(script=script)
    sign_in(phone, asha, server.url)
    phone.goto(LISBON)

    phone.get_by_role("button", name="Save Canal Street").click()

    expect(phone.get_by_role("button", name="Save Canal Street")).to_have_attribute("aria-pressed", "true")
    assert Favourite.objects.get(driver=asha).station == town.station
    phone.goto("/")
    expect(phone.get_by_role("list", name="Your stations")).to_contain_text("Canal Street")
