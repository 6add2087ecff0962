"""What a page gives to whoever hears it, cannot see its colours, or looks again after a while."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.factories.booking import Town
from tests.journeys.test_driver_journey import LISBON, sign_in

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

WHITE, BLACK = "rgb(255, 255, 255)", "rgb(0, 0, 0)"


@pytest.fixture
def town() -> Town:
    return Town(packs=1, name="Canal Street")


def ground(page: Page, selector: str) -> str:
    painted: str = page.locator(selector).evaluate("element => getComputedStyle(element).backgroundColor")
    return painted


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_pass_stands_on_white_whatever_colours_are_forced(phones: Any, server: Any, town: Town, theme: str) -> None:
    phone = phones(forced_colors="active", color_scheme=theme)
    asha = town.driver("Asha")
    sign_in(phone, asha, server.url)

    phone.goto(f"/b/{town.books(asha).public_id}/")

    assert ground(phone, ".pass-qr") == WHITE
    assert phone.locator(".pass-qr path").evaluate("path => getComputedStyle(path).stroke") == BLACK


def test_a_tapped_link_shows_that_it_was_heard(phones: Any, server: Any, town: Town) -> None:
    phone = phones()
    phone.goto(LISBON)
    # An answer without a page: the browser stays where it is.
    phone.route("**/stations/**", lambda route: route.fulfill(status=204))

    link = phone.get_by_role("link", name="Reserve here")
    link.click()

    expect(link).to_have_attribute("aria-busy", "true")


def test_counts_grow_old_and_a_list_that_is_looked_at_again_is_a_new_one(phones: Any, server: Any, town: Town) -> None:
    phone = phones()
    phone.clock.install()
    phone.goto(LISBON)
    counted = phone.locator(".plate--best .fresh")
    expect(counted).to_contain_class("is-live")

    phone.clock.fast_forward("03:00")

    expect(counted).to_have_text("Counted 3 min ago")
    expect(counted).not_to_contain_class("is-live")
    with phone.expect_navigation():
        phone.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def test_a_booking_on_the_first_page_says_of_when_it_is(phones: Any, server: Any, town: Town) -> None:
    phone = phones()
    asha = town.driver("Asha")
    town.books(asha)
    sign_in(phone, asha, server.url)

    phone.goto(LISBON)

    expect(phone.locator(".live-banner")).to_contain_text("As of ")
