"""A driver's account on a phone: colours that stay, and a wallet that is filled on the way to a booking."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from accounts.models import User
from booking.models import Assignment
from tests.factories.accounts import UserFactory
from tests.factories.booking import Town, VehicleFactory
from tests.journeys.test_driver_journey import sign_in

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]


def patient(phone: Page) -> Page:
    """The first page of a server that has just been started may take long on a busy machine."""
    phone.set_default_timeout(60_000)
    return phone


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_night_stays_chosen_on_every_page_until_it_is_given_back(phones: Any, server: Any, script: bool) -> None:
    phone = patient(phones(script=script, color_scheme="light"))
    phone.goto("/account/language/")

    phone.get_by_role("main").get_by_role("button", name="Night").click()

    expect(phone.locator("html")).to_have_attribute("data-theme", "dark")
    phone.goto("/rules/")
    expect(phone.locator("html")).to_have_attribute("data-theme", "dark")
    phone.goto("/account/language/")
    phone.get_by_role("main").get_by_role("button", name="As on this device").click()
    expect(phone.locator("html")).not_to_have_attribute("data-theme", re.compile("."))


def test_a_wallet_that_is_too_low_is_filled_in_two_taps_and_leads_back(phones: Any, server: Any) -> None:
    town = Town(packs=1, name="Canal Street")
    asha: User = UserFactory(name="Asha")
    Assignment.objects.create(driver=asha, vehicle=VehicleFactory(pack_class=town.pack_class))
    phone = patient(phones())
    sign_in(phone, asha, server.url)
    phone.goto(f"/stations/{town.station.network.code}/{town.station.code}/")

    phone.get_by_role("link", name="and come back").click()
    phone.get_by_role("button", name="Top up and go back").click()

    expect(phone.get_by_role("button", name=re.compile("Reserve, about"))).to_be_visible()
