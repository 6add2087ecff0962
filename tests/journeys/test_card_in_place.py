"""A card that changes under somebody: what is said of it, where the focus stays, and what comes into view."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from booking import bay, lifecycle, tasks
from booking.models import Booking
from stations import upkeep
from tests.factories.booking import Town, time_passes
from tests.journeys.test_driver_journey import sign_in

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

IN_VIEW = "(e) => { const { top } = e.getBoundingClientRect(); return top >= 0 && top < innerHeight / 2; }"


def watched(phones: Any, server: Any, booking: Booking) -> Page:
    """The booking's page, when its socket is open: what happens from then on is told."""
    phone = phones()
    assert booking.driver is not None
    sign_in(phone, booking.driver, server.url)
    phone.goto(f"/b/{booking.public_id}/")
    expect(phone.locator("[data-live-age].is-live")).to_be_visible()
    return phone


def test_the_call_of_the_bay_interrupts_a_screen_reader_and_says_until_when(phones: Any, server: Any) -> None:
    town = Town(packs=1)
    booking = town.arrives(town.books(town.driver("Asha")))
    phone = watched(phones, server, booking)

    bay.call(booking=booking, by=town.staff)

    expect(phone.locator("[data-live-said-now]")).to_contain_text("It is your turn: drive into the bay now.")
    expect(phone).to_have_title(f"Your turn · {town.station.name} · Swapline")
    expect(phone.locator("[data-live-said]")).to_be_empty()


def test_focus_stays_on_what_does_the_same_and_goes_to_the_answer_when_nothing_does(phones: Any, server: Any) -> None:
    town = Town(packs=1)
    asha, bala = town.books(town.driver("Asha")), town.books(town.driver("Bala"))
    phone = watched(phones, server, bala)
    phone.get_by_role("link", name="Leave the line").focus()

    lifecycle.cancel(booking=asha, by=asha.driver)

    expect(phone.get_by_role("link", name="Cancel booking")).to_be_focused()
    phone.get_by_role("button", name="Show it large").click()
    expect(phone.get_by_role("dialog")).to_be_visible()
    town.arrives(Booking.objects.get(pk=bala.pk))
    expect(phone.get_by_text("You are here. No clock runs.")).to_be_visible()
    expect(phone.locator("#answer")).to_be_focused()


def test_a_new_answer_comes_into_view_of_who_looks_at_the_pass(phones: Any, server: Any) -> None:
    town = Town(packs=1)
    booking = town.books(town.driver("Asha"))
    phone = watched(phones, server, booking)
    phone.emulate_media(reduced_motion="reduce")
    phone.get_by_role("button", name="Show it large").focus()
    phone.evaluate("scrollTo(0, document.body.scrollHeight)")
    assert not phone.locator(".plate").evaluate(IN_VIEW)

    town.arrives(booking)

    expect(phone.get_by_text("You are here. No clock runs.")).to_be_visible()
    assert phone.locator(".plate").evaluate(IN_VIEW)


def test_an_offer_to_move_is_told_comes_into_view_and_is_taken_by_one_tap(phones: Any, server: Any) -> None:
    town = Town(packs=1, name="Canal Street")
    town.second_station("Alfama Gate")
    booking = town.books(town.driver("Asha"))
    phone = watched(phones, server, booking)
    phone.emulate_media(reduced_motion="reduce")
    upkeep.mark_station_down(station=town.station, reason="No power.", by=None)
    expect(phone.get_by_role("heading", name="You keep place 1")).to_be_visible()
    expect(phone).to_have_title("Stopped · Canal Street · Swapline")
    phone.evaluate("scrollTo(0, document.body.scrollHeight)")

    tasks.plan_moves()

    expect(phone.get_by_role("heading", name="Move to Alfama Gate with your place?")).to_be_visible()
    expect(phone.locator("[data-live-said]")).to_contain_text("You may move to Alfama Gate with your place.")
    expect(phone).to_have_title("You may move · Canal Street · Swapline")
    assert phone.locator(".plate").evaluate(IN_VIEW)
    phone.get_by_role("button", name="Move there").dblclick()
    expect(phone.locator(".notice:focus")).to_have_text("You have moved, and your place came with you.")
    expect(phone.get_by_text("Kept for you at Alfama Gate")).to_be_visible()


def test_an_offer_that_ends_under_the_finger_leaves_the_focus_on_the_answer(phones: Any, server: Any) -> None:
    town = Town(packs=1, name="Canal Street")
    other = town.second_station("Alfama Gate")
    booking = town.books(town.driver("Asha"))
    upkeep.mark_station_down(station=town.station, reason="No power.", by=None)
    tasks.plan_moves()
    phone = watched(phones, server, booking)
    phone.get_by_role("button", name="Move there").focus()

    upkeep.close_station(station=other, reason="A flood.", by=None)
    tasks.plan_moves()

    expect(phone.locator("#answer:focus")).to_have_text("You keep place 1, and it costs you nothing")
    expect(phone.locator("[data-live-said]")).to_contain_text("The station has stopped. Your place is kept")


def test_the_question_about_leaving_goes_when_there_is_more_to_lose_and_is_asked_anew(phones: Any, server: Any) -> None:
    town = Town(packs=1)
    asha, bala = town.books(town.driver("Asha")), town.books(town.driver("Bala"))
    phone = watched(phones, server, bala)
    phone.get_by_role("link", name="Leave the line").click()
    expect(phone.get_by_role("dialog")).to_contain_text("Leave the line?")

    lifecycle.cancel(booking=asha, by=asha.driver)

    expect(phone.get_by_role("heading", name="Yours until")).to_be_visible()
    expect(phone.get_by_role("dialog")).to_be_hidden()
    phone.get_by_role("link", name="Cancel booking").click()
    expect(phone.get_by_role("dialog")).to_contain_text("In the last 5 minutes of a promise this counts as a no-show.")
    phone.get_by_role("button", name="Cancel my booking").click()
    expect(phone.locator(".notice:focus")).to_contain_text("Your booking is cancelled. Nothing was charged.")


def test_the_end_of_a_promise_is_told_five_and_two_minutes_before(phones: Any, server: Any) -> None:
    town = Town(packs=1)
    booking = town.books(town.driver("Asha"))
    time_passes(booking, minutes=4)
    phone = phones()
    assert booking.driver is not None
    sign_in(phone, booking.driver, server.url)
    phone.clock.install()
    phone.goto(f"/b/{booking.public_id}/")
    said = phone.locator("[data-live-said]")

    phone.clock.run_for(timedelta(minutes=1, seconds=10).seconds * 1000)

    expect(said).to_contain_text("Less than 5 minutes are left: it is yours until")
    phone.clock.run_for(timedelta(minutes=3).seconds * 1000)
    expect(said).to_contain_text("Less than 2 minutes are left")


def test_that_the_network_has_gone_and_come_back_is_said_once_each(phones: Any, server: Any) -> None:
    town = Town(packs=1)
    phone = watched(phones, server, town.books(town.driver("Asha")))
    said = phone.locator("[data-live-said]")

    phone.context.set_offline(True)
    expect(said).to_contain_text("No network. What you see was so at")
    phone.context.set_offline(False)

    expect(said).to_contain_text("The network is back.")
