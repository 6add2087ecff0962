"""The day is against the driver: what docs/rules/phone.md promises. Without network: test_offline.py."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pytest_django import Settings

from booking import lifecycle
from booking.models import Booking
from stations import upkeep
from tests.factories.booking import Town
from tests.journeys.test_driver_journey import TO_STATION, reserve, sign_in

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

LISBON = {"latitude": 38.7300, "longitude": -9.1400}
# Fast by three hours before the page opens.
THREE_HOURS_FAST = "const right = Date.now; Date.now = () => right() + 3 * 3600000;"
COUNTS_TAPS = """
    addEventListener('click', (event) => {
      if (event.isTrusted) sessionStorage.taps = Number(sessionStorage.taps ?? 0) + 1;
    }, true);
"""


def looks_at(phone: Page, booking: Booking, base_url: str) -> None:
    """The phone shows the booking, and its socket hears what happens from now on."""
    assert booking.driver is not None
    sign_in(phone, booking.driver, base_url)
    phone.goto(f"/b/{booking.public_id}/")
    expect(phone.locator("[data-live-age].is-live")).to_be_visible()


def opens_the_station(phone: Page, town: Town) -> None:
    phone.goto(f"/stations/{town.station.network.code}/{town.station.code}/")


def test_from_a_cold_open_it_is_three_taps_of_which_the_first_opened_the_app(phones: Any, server: Any) -> None:
    town = Town(packs=1, name="Canal Street")
    phone = phones(permissions=["geolocation"], geolocation=LISBON)
    phone.add_init_script(COUNTS_TAPS)
    sign_in(phone, town.driver("Asha"), server.url)

    phone.goto("/")
    phone.get_by_role("link", name=TO_STATION).first.click()
    phone.get_by_role("button", name="Reserve, about").click()

    expect(phone.get_by_role("heading", name="Yours until")).to_be_visible()
    assert phone.evaluate("sessionStorage.taps") == "2"


def test_who_does_not_say_where_they_are_is_not_asked_again_and_books_all_the_same(phones: Any, server: Any) -> None:
    town = Town(packs=1, name="Canal Street")
    phone = phones()
    phone.add_init_script(
        "navigator.geolocation.getCurrentPosition = (found, failed) => {"
        " sessionStorage.asked = Number(sessionStorage.asked ?? 0) + 1; failed({ code: 1 }); };"
    )
    sign_in(phone, town.driver("Asha"), server.url)
    phone.goto("/")

    phone.get_by_role("button", name="Use my location").first.click()
    expect(phone.get_by_text("You said no to the position, which is fine.")).to_be_visible()
    phone.get_by_label("Where are you?").fill("Canal Street")
    phone.get_by_role("button", name="Search").click()
    phone.get_by_role("link", name=TO_STATION).first.click()
    phone.get_by_role("button", name="Reserve, about").click()

    expect(phone.get_by_role("heading", name="Yours until")).to_be_visible()
    assert phone.evaluate("sessionStorage.asked") == "1"


def test_here_from_far_away_says_how_far_and_the_poster_still_works(phones: Any, server: Any) -> None:
    town = Town(packs=1)
    booking = town.books(town.driver("Asha"))
    phone = phones(permissions=["geolocation"], geolocation={"latitude": 38.7400, "longitude": -9.1393})
    looks_at(phone, booking, server.url)

    phone.get_by_role("link", name="I’m here").click()
    phone.get_by_role("button", name="Yes, look where I am").click()
    expect(phone.get_by_text(re.compile(r"You are 19\d\d m away\. Come closer, scan the poster"))).to_be_visible()
    phone.get_by_label("Code on the station’s poster").fill(town.station.poster_token)
    phone.get_by_role("button", name="I’m here").click()

    expect(phone.get_by_role("heading", name="Show your code to staff")).to_be_visible()


def test_a_device_that_hardly_knows_where_it_is_is_about_here_and_corrected_by_a_name(phones: Any, server: Any) -> None:
    town = Town(packs=1, name="Canal Street")
    phone = phones(permissions=["geolocation"], geolocation=LISBON | {"accuracy": 5_000})
    sign_in(phone, town.driver("Asha"), server.url)

    phone.goto("/")
    expect(phone.get_by_text("From about here")).to_be_visible()
    phone.get_by_label("From about here").fill("Canal Street")
    phone.get_by_role("button", name="Search").click()

    expect(phone.get_by_text("From Canal Street", exact=True)).to_be_visible()


def test_a_phone_that_is_three_hours_fast_counts_the_minutes_that_are_left(phones: Any, server: Any) -> None:
    town = Town(packs=1)
    phone = phones()
    phone.add_init_script(THREE_HOURS_FAST)

    looks_at(phone, town.books(town.driver("Asha")), server.url)

    expect(phone.locator("[data-deadline]")).to_have_text(re.compile(r"^(9|10):\d\d$"))


def test_back_after_reserving_shows_the_booking_instead_of_a_second_button(phones: Any, server: Any) -> None:
    town = Town(packs=2, name="Canal Street")
    asha = town.driver("Asha")
    phone = phones()
    sign_in(phone, asha, server.url)
    reserve(phone)

    phone.go_back()

    expect(phone.get_by_role("heading", name="You have a booking here")).to_be_visible()
    expect(phone.get_by_role("button", name="about")).to_have_count(0)
    phone.get_by_role("link", name="Open my booking").click()
    expect(phone.get_by_role("heading", name="Yours until")).to_be_visible()
    assert Booking.objects.filter(driver=asha).count() == 1


@pytest.mark.parametrize("script", [True, False], ids=["with script", "without script"])
def test_two_taps_are_one_booking(phones: Any, server: Any, script: bool) -> None:
    town = Town(packs=2, name="Canal Street")
    asha = town.driver("Asha")
    phone = phones(script=script)
    sign_in(phone, asha, server.url)
    opens_the_station(phone, town)

    phone.get_by_role("button", name="Reserve, about").dblclick()

    expect(phone.get_by_role("heading", name="Yours until")).to_be_visible()
    assert Booking.objects.filter(driver=asha).count() == 1


def test_what_one_phone_has_done_the_other_one_follows_and_cannot_do_again(phones: Any, server: Any) -> None:
    town = Town(packs=1)
    booking = town.books(town.driver("Asha"))
    one, other = phones(), phones(script=False)
    looks_at(one, booking, server.url)
    assert booking.driver is not None
    sign_in(other, booking.driver, server.url)
    other.goto(f"/b/{booking.public_id}/late/")

    other.get_by_role("button", name="10 more minutes").click()
    expect(one.get_by_text("You have had your 10 more minutes.")).to_be_visible()
    other.go_back()
    other.get_by_role("button", name="Tell them that I come late").click()

    expect(one.get_by_text(re.compile("The station knows since"))).to_be_visible()
    assert booking.steps.filter(step="extend").count() == 1


def test_another_language_midway_leaves_booking_code_and_clock_as_they_are(
    phones: Any, server: Any, settings: Settings
) -> None:
    settings.LANGUAGES = [("en", "English"), ("pt", "Português")]
    town = Town(packs=1)
    booking = town.books(town.driver("Asha"))
    phone = phones()
    looks_at(phone, booking, server.url)
    other = phone.context.new_page()

    other.goto(f"/b/{booking.public_id}/")
    other.locator("summary").first.click()
    other.get_by_role("button", name="Português").click()

    expect(other.locator("html")).to_have_attribute("lang", "pt")
    expect(other.locator(".code")).to_have_text(booking.code)
    expect(other.locator("[data-deadline]")).to_have_text(re.compile(r"^(9|10):\d\d$"))
    # The page that was open goes on: what happens is shown there too, in whichever of the two languages.
    town.arrives(booking)
    phone.bring_to_front()
    expect(phone.locator("[data-field=bay_place]")).to_have_text("1")


def test_a_booking_that_staff_end_says_who_and_why_and_an_old_button_the_same(phones: Any, server: Any) -> None:
    town = Town(packs=1)
    booking = town.books(town.driver("Asha"))
    phone, old = phones(), phones(script=False)
    looks_at(phone, booking, server.url)
    assert booking.driver is not None
    sign_in(old, booking.driver, server.url)
    old.goto(f"/b/{booking.public_id}/late/")

    lifecycle.cancel(booking=booking, by=town.staff, reason="The yard is flooded.")

    expect(phone.get_by_role("heading", name="The station has cancelled your booking")).to_be_visible()
    expect(phone.get_by_text("What staff wrote: The yard is flooded.")).to_be_visible()
    old.get_by_role("button", name="10 more minutes").click()
    expect(old.get_by_text("This booking was cancelled.").first).to_be_visible()
    assert not booking.steps.filter(step="extend").exists()


def test_a_station_that_stops_on_the_way_turns_the_open_card_red_and_names_others(phones: Any, server: Any) -> None:
    town = Town(packs=1, name="Canal Street")
    town.second_station("Alfama Gate")
    booking = town.books(town.driver("Asha"))
    phone = phones()
    looks_at(phone, booking, server.url)

    upkeep.mark_station_down(station=town.station, reason="No power.", by=None)

    expect(phone.locator(".plate--fault")).to_contain_text("You keep place 1")
    phone.get_by_role("link", name="Look at Alfama Gate").click()
    phone.get_by_role("link", name="Cancel it, then book here").click()
    phone.get_by_role("button", name="Leave the line").click()
    phone.get_by_role("button", name="Reserve, about").click()
    expect(phone.get_by_text("Kept for you at Alfama Gate")).to_be_visible()
    assert not Booking.objects.filter(driver=booking.driver, no_show=True).exists()


def test_whom_nobody_looks_for_reads_on_the_open_card_whose_fault_it_is_and_says_so_again(
    phones: Any, server: Any
) -> None:
    town = Town(packs=1, contact_phone="+12025550143")
    booking = town.books(town.driver("Asha"))
    town.says_here(booking)
    phone = phones()
    looks_at(phone, booking, server.url)
    expect(phone.get_by_role("heading", name="Show your code to staff")).to_be_visible()

    town.nobody_looks(booking)

    expect(phone.get_by_role("heading", name="Our fault: you keep place 1 in line")).to_be_visible()
    expect(phone.get_by_role("link", name="Call the station").first).to_have_attribute("href", "tel:+12025550143")
    phone.get_by_role("link", name="I’m here all the same").click()
    phone.get_by_label("Code on the station’s poster").fill(town.station.poster_token)
    phone.get_by_role("button", name="I’m here").click()
    expect(phone.get_by_text("You said that you are here")).to_be_visible()
