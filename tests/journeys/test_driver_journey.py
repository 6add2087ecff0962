"""A driver's way through the pages in a real browser: find, reserve, promised, arrived; with script and without."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from playwright.sync_api import Page, expect

from accounts.models import User
from booking import failures
from booking.models import Booking
from booking.states import State
from stations import inventory
from tests.factories.booking import Town

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

TO_STATION = re.compile("Reserve|Join the line")
LISBON = "/?lat=38.7300&lon=-9.1400"


def sign_in(page: Page, driver: User, base_url: str) -> None:
    """As the sign-in page does it; that page has tests of its own."""
    session = SessionStore()
    session[SESSION_KEY] = str(driver.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = driver.get_session_auth_hash()
    session.create()
    page.context.add_cookies([{"name": "sessionid", "value": session.session_key or "", "url": base_url}])


def reserve(page: Page) -> None:
    """Three taps from opening to reserved, of which the first opened the page."""
    page.goto(LISBON)
    page.get_by_role("link", name=TO_STATION).first.click()
    page.get_by_role("button", name="about").click()
    page.wait_for_url("**/b/*/")


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_a_driver_finds_a_station_reserves_and_is_confirmed_in_three_taps(
    phones: Any, server: Any, script: bool
) -> None:
    town = Town(packs=1, name="Canal Street")
    asha = town.driver("Asha")
    phone = phones(script=script)
    sign_in(phone, asha, server.url)

    reserve(phone)

    expect(phone.get_by_role("heading", name="Yours until")).to_be_visible()
    booking = Booking.objects.get(driver=asha)
    expect(phone.locator(".code")).to_have_text(booking.code)
    phone.get_by_role("button", name="I’ve arrived").click()
    expect(phone.get_by_text("You are here. No clock runs.")).to_be_visible()
    assert Booking.objects.get(pk=booking.pk).state == State.ARRIVED


def test_whoever_stands_at_the_bay_sees_the_swap_and_then_the_receipt_without_touching_the_phone(
    phones: Any, server: Any
) -> None:
    town = Town(packs=1, name="Canal Street")
    asha = town.driver("Asha")
    phone = phones()
    sign_in(phone, asha, server.url)
    reserve(phone)
    expect(phone.locator("[data-live-age].is-live")).to_be_visible()
    where_i_am = phone.get_by_role("button", name="Update where I am")
    expect(where_i_am).to_be_visible()

    booking = town.arrives(Booking.objects.get(driver=asha))
    expect(phone.get_by_text("You are here. No clock runs.")).to_be_visible()
    expect(where_i_am).to_be_hidden()
    town.swaps(booking)

    expect(phone.get_by_text("kWh and away")).to_be_visible()
    phone.get_by_role("link", name="Receipt").click()
    expect(phone.get_by_text("This is a receipt, not a fiscal invoice.")).to_be_visible()


def test_of_two_drivers_racing_for_the_last_pack_one_has_it_and_the_other_a_place(phones: Any, server: Any) -> None:
    town = Town(packs=1, name="Canal Street")
    asha, bala = phones(), phones()
    for phone, name in ((asha, "Asha"), (bala, "Bala")):
        sign_in(phone, town.driver(name), server.url)
        phone.goto(LISBON)
        phone.get_by_role("link", name=TO_STATION).first.click()

    reserve_a, reserve_b = (p.get_by_role("button", name="about") for p in (asha, bala))
    reserve_a.click(no_wait_after=True)
    reserve_b.click(no_wait_after=True)
    asha.wait_for_url("**/b/*/")
    bala.wait_for_url("**/b/*/")

    answers = {page.locator("h1").inner_text() for page in (asha, bala)}
    assert len([a for a in answers if "Yours until" in a]) == 1
    assert len([a for a in answers if "of 1" in a.replace("\n", " ")]) == 1


def test_the_card_of_who_waits_changes_by_itself_when_the_pack_becomes_theirs(phones: Any, server: Any) -> None:
    town = Town(packs=1, name="Canal Street")
    asha, bala = phones(), phones()
    for phone, name in ((asha, "Asha"), (bala, "Bala")):
        sign_in(phone, town.driver(name), server.url)
        reserve(phone)
    expect(bala.locator("h1")).to_contain_text("of 1")
    # The socket tells what happens after it has opened.
    expect(bala.locator("[data-live-age].is-live")).to_be_visible()

    asha.get_by_role("link", name="Cancel booking").click()
    asha.get_by_role("dialog").get_by_role("button", name="Cancel my booking").click()

    expect(bala.get_by_role("heading", name="Yours until")).to_be_visible()


def test_a_pack_that_is_not_full_is_offered_on_the_open_card_and_one_tap_takes_it(phones: Any, server: Any) -> None:
    town = Town(packs=0, name="Canal Street")
    pack = town.add_pack(soc_percent=50)
    asha = town.driver("Asha")
    phone = phones()
    sign_in(phone, asha, server.url)
    phone.goto(f"/b/{town.books(asha).public_id}/")
    expect(phone.locator("[data-live-age].is-live")).to_be_visible()

    inventory.record_soc(pack=pack, soc_percent=72, soh_percent=98, at=pack.soc_at)
    failures.settle_line(line_id=Booking.objects.get(driver=asha).line_id)

    expect(phone.get_by_role("heading", name="To be had now, charged to 72 %")).to_be_visible()
    expect(phone.locator("[data-live-said-now]")).to_contain_text("offered to you for a minute")
    phone.get_by_role("button", name="Take it").click()
    expect(phone.get_by_role("heading", name="Yours until")).to_be_visible()
