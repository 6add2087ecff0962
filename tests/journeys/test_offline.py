"""The phone without network, the server that restarts, the clock that is wrong: what docs/rules/phone.md promises."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import connection, transaction
from playwright.sync_api import Page, expect

from booking import lifecycle
from booking.models import Booking
from booking.states import State
from tests.factories.booking import Town
from tests.journeys.stranger import Stranger
from tests.journeys.test_driver_journey import sign_in
from tests.journeys.tunnel import Tunnel

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

# What the product promises, counted from the network's return; the page itself waits for it.
TRUE_AGAIN_MS = 5_000
# Comes to an end when the service worker has taken its place and keeps this page.
KEPT = """
    async (path) => {
      for (let tries = 0; tries < 600; tries += 1) {
        if (navigator.serviceWorker.controller && await (await caches.open('own')).match(path)) return;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      throw new Error(`${path} is not kept`);
    }
"""
ALL_KEPT = """
    async () => (await Promise.all((await caches.keys()).map(async (name) => {
      const store = await caches.open(name);
      return Promise.all((await store.keys()).map(async (key) => key.url + await (await store.match(key)).text()));
    }))).flat().join('\\n')
"""

# The claim that waits was made 31 minutes earlier than it was.
TAPPED_LONG_AGO = """
    async () => {
      const own = await caches.open('own');
      const claim = await (await own.match('/kept/here')).json();
      await own.put('/kept/here', Response.json({ ...claim, tappedAt: claim.tappedAt - 31 * 60000 }));
    }
"""
WRONG_CLOCK = """
    const right = Date.now;
    let wrong = 3600000;
    Date.now = () => right() + wrong;
    window.setClock = (by) => { wrong = by; };
"""


@pytest.fixture
def tunnel(server: Any) -> Iterator[Tunnel]:
    way = Tunnel(server.port)
    yield way
    way.ends()


def path_of(booking: Booking) -> str:
    return f"/b/{booking.public_id}/"


def looks_at(phone: Page, booking: Booking, base_url: str) -> None:
    """Asha's phone shows her booking, live, and the phone has kept it."""
    sign_in(phone, booking.driver, base_url)
    phone.goto(path_of(booking))
    expect(phone.locator("[data-live-age].is-live")).to_be_visible()
    is_kept(phone, booking)


def is_kept(phone: Page, booking: Booking) -> None:
    phone.evaluate(KEPT, path_of(booking))


def waiting(town: Town) -> tuple[Booking, Booking]:
    """Asha has the only pack, Bala waits."""
    return town.books(town.driver("Asha")), town.books(town.driver("Bala"))


def test_what_changed_while_the_phone_was_offline_is_shown_within_five_seconds_of_its_return(
    phones: Any, server: Any
) -> None:
    asha, bala = waiting(Town(packs=1))
    phone = phones()
    looks_at(phone, bala, server.url)

    phone.context.set_offline(True)
    expect(phone.get_by_text("Offline. Last known at")).to_be_visible()
    lifecycle.cancel(booking=asha, by=asha.driver)
    phone.context.set_offline(False)

    expect(phone.get_by_role("heading", name="Yours until")).to_be_visible(timeout=TRUE_AGAIN_MS)
    expect(phone.locator("[data-live-age].is-live")).to_be_visible(timeout=TRUE_AGAIN_MS)


def test_a_network_that_goes_and_comes_back_without_a_word_costs_five_seconds_at_most(
    phones: Any, server: Any, tunnel: Tunnel
) -> None:
    asha, bala = waiting(Town(packs=1))
    phone = phones(base_url=tunnel.url)
    looks_at(phone, bala, tunnel.url)

    tunnel.closes()
    expect(phone.get_by_text("Offline. Last known at")).to_be_visible()
    lifecycle.cancel(booking=asha, by=asha.driver)
    tunnel.opens()

    expect(phone.get_by_role("heading", name="Yours until")).to_be_visible(timeout=TRUE_AGAIN_MS)


def test_a_restart_of_the_server_is_got_over_without_a_word(phones: Any, server: Any) -> None:
    asha, bala = waiting(Town(packs=1))
    phone = phones()
    looks_at(phone, bala, server.url)

    server.stop()
    lifecycle.cancel(booking=asha, by=asha.driver)
    server.start()

    expect(phone.get_by_role("heading", name="Yours until")).to_be_visible(timeout=TRUE_AGAIN_MS)


def test_places_that_nobody_has_confirmed_for_a_minute_are_marked_and_a_promise_is_not(
    phones: Any, server: Any
) -> None:
    asha, bala = waiting(Town(packs=1))
    for booking, is_marked in ((bala, True), (asha, False)):
        phone = phones()
        looks_at(phone, booking, server.url)
        phone.context.set_offline(True)
        # The kept page is shown as it would be after two minutes in the phone's pocket.
        phone.evaluate(
            """path => caches.open('own').then(async (own) => {
                 const kept = await own.match(path);
                 const text = (await kept.text()).replace(/data-at="[^"]+"/, (found) =>
                   `data-at="${new Date(Date.parse(found.slice(9, -1)) - 120000).toISOString()}"`);
                 await own.put(path, new Response(text, { headers: kept.headers }));
               })""",
            path_of(booking),
        )
        phone.reload()

        expect(phone.get_by_text("Offline. Last known at")).to_be_visible()
        expect(phone.get_by_text("This was so at")).to_be_visible(visible=is_marked)
        expect(phone.locator(".code")).to_have_text(booking.code)


def test_the_booking_and_its_pass_are_there_without_network_wherever_one_looks(phones: Any, server: Any) -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))
    phone = phones()
    looks_at(phone, asha, server.url)
    phone.context.set_offline(True)

    for address in (path_of(asha), "/booking/", "/history/"):
        phone.goto(address)

        expect(phone.locator(".code")).to_have_text(asha.code)
        expect(phone.get_by_text(re.compile("(L|l)ast known at"))).to_be_visible()


def test_the_kept_page_follows_the_card(phones: Any, server: Any) -> None:
    asha, bala = waiting(Town(packs=1))
    phone = phones()
    looks_at(phone, bala, server.url)
    lifecycle.cancel(booking=asha, by=asha.driver)
    expect(phone.get_by_role("heading", name="Yours until")).to_be_visible()

    phone.context.set_offline(True)
    phone.reload()

    expect(phone.get_by_role("heading", name="Yours until")).to_be_visible()


def test_signing_out_leaves_nothing_of_the_booking_on_the_phone(phones: Any, server: Any) -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))
    phone = phones()
    looks_at(phone, asha, server.url)
    assert asha.code in re.sub("<[^>]+>", "", phone.evaluate(ALL_KEPT))

    phone.goto("/account/")
    phone.get_by_role("button", name="Sign out").last.click()
    phone.wait_for_url("**/")

    left = phone.evaluate(ALL_KEPT)
    assert str(asha.public_id) not in left
    assert asha.code not in re.sub("<[^>]+>", "", left)


def test_an_answer_that_comes_after_signing_out_is_not_kept(phones: Any, server: Any) -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))
    phone = phones()
    looks_at(phone, asha, server.url)

    with transaction.atomic(), connection.cursor() as cursor:
        # Asha's page waits for this, sign-out and the first page do not.
        cursor.execute("LOCK TABLE booking_bookingstep IN ACCESS EXCLUSIVE MODE")
        phone.goto(path_of(asha))
        assert phone.evaluate("document.documentElement.hasAttribute('data-kept')")
        phone.locator("form[data-signs-out]").first.evaluate("form => form.requestSubmit()")
        phone.wait_for_url(f"{server.url}/")
    phone.wait_for_timeout(2_000)

    assert str(asha.public_id) not in phone.evaluate(ALL_KEPT)


def test_signing_out_ends_what_is_told_on_this_phone_whichever_session_asked_for_it(phones: Any, server: Any) -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))
    phone = phones()
    looks_at(phone, asha, server.url)
    (worker,) = phone.context.service_workers
    # The browser's own push service is not to be had in a test.
    worker.evaluate("""() => {
      const played = { unsubscribe: async () => { self.told = false; } };
      self.told = true;
      PushManager.prototype.getSubscription = async () => played;
    }""")

    phone.goto("/account/")
    phone.get_by_role("button", name="Sign out").last.click()
    phone.wait_for_url("**/")

    assert worker.evaluate("() => self.told") is False


def test_a_page_of_somebody_else_in_our_place_is_neither_shown_as_the_card_nor_kept(phones: Any, server: Any) -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))
    phone = phones()
    looks_at(phone, asha, server.url)

    server.stop()
    stranger = Stranger(server.port)
    asked = stranger.asked.acquire(timeout=20)
    phone.wait_for_timeout(1_000)
    shown, kept = phone.locator(".code").all_text_contents(), phone.evaluate(ALL_KEPT)
    stranger.ends()
    server.start()

    assert (asked, shown) == (True, [asha.code])
    assert "Back in an hour" not in kept


def test_when_somebody_else_is_signed_in_nothing_of_the_one_before_is_left(phones: Any, server: Any) -> None:
    asha, bala = waiting(Town(packs=1))
    phone = phones()
    looks_at(phone, asha, server.url)

    looks_at(phone, bala, server.url)

    assert str(asha.public_id) not in phone.evaluate(ALL_KEPT)


def test_a_session_that_ends_under_an_open_card_is_said_and_the_pass_stays(phones: Any, server: Any) -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))
    phone = phones()
    looks_at(phone, asha, server.url)

    Session.objects.all().delete()

    expect(phone.get_by_text("You are signed out")).to_be_visible()
    expect(phone.locator(".code")).to_have_text(asha.code)
    assert str(asha.public_id) not in phone.evaluate(ALL_KEPT)
    back = phone.get_by_role("link", name="Sign in").first
    assert back.get_attribute("href") == f"/sign-in/?next={path_of(asha)}"


def says_here_without_network(phone: Page, booking: Booking, base_url: str) -> None:
    """By the poster's code; the phone keeps it and says so."""
    looks_at(phone, booking, base_url)
    phone.evaluate(KEPT, f"{path_of(booking)}here/")
    phone.context.set_offline(True)
    phone.get_by_role("link", name="I’m here").first.click()
    phone.get_by_label("Code on the station’s poster").fill(booking.station.poster_token)
    phone.get_by_role("button", name="I’m here").click()
    expect(phone.get_by_text("You tapped “I’m here” at")).to_be_visible()


def test_im_here_tapped_without_network_counts_once_when_the_network_is_back(phones: Any, server: Any) -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))
    phone = phones()
    says_here_without_network(phone, asha, server.url)
    assert Booking.objects.get(pk=asha.pk).here_claimed_at is None
    phone.context.set_offline(False)

    expect(phone.get_by_role("heading", name="Show your code to staff")).to_be_visible()
    expect(phone.get_by_text("You tapped “I’m here” at")).to_be_hidden()
    assert Booking.objects.get(pk=asha.pk).steps.filter(step="claim_here").count() == 1


def test_im_here_tapped_more_than_half_an_hour_ago_is_not_sent_any_more(phones: Any, server: Any) -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))
    phone = phones()
    says_here_without_network(phone, asha, server.url)

    phone.evaluate(TAPPED_LONG_AGO)
    phone.context.set_offline(False)

    expect(phone.get_by_text("You tapped “I’m here” at")).to_be_hidden()
    expect(phone.get_by_role("heading", name="Yours until")).to_be_visible()
    expect(phone.locator("[data-live-age].is-live")).to_be_visible()
    assert phone.evaluate("caches.open('own').then((own) => own.match('/kept/here')).then(Boolean)") is False
    assert Booking.objects.get(pk=asha.pk).here_claimed_at is None


def test_what_cannot_wait_says_that_it_needs_the_network(phones: Any, server: Any) -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))
    phone = phones()
    looks_at(phone, asha, server.url)

    phone.context.set_offline(True)
    phone.get_by_role("link", name="Cancel booking").click()
    phone.get_by_role("dialog").get_by_role("button", name="Cancel my booking").click()

    expect(phone.get_by_text("That needs the network")).to_be_visible()
    assert Booking.objects.get(pk=asha.pk).state == State.PROMISED


def test_a_phone_whose_clock_is_wrong_or_set_anew_counts_down_by_ours(phones: Any, server: Any) -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))
    phone = phones()
    # An hour fast before the page opens.
    phone.add_init_script(WRONG_CLOCK)
    looks_at(phone, asha, server.url)
    clock = phone.locator("[data-deadline]")
    expect(clock).to_have_text(re.compile(r"^(9|10):\d\d$"))

    phone.evaluate("setClock(-7200000)")

    expect(clock).not_to_have_text(clock.inner_text())
    expect(clock).to_have_text(re.compile(r"^(9|10):\d\d$"))
    expect(phone.get_by_text(re.compile(r"Updated (just now|\d+ s ago)"))).to_be_visible()


def test_two_tabs_show_the_same_booking_and_follow_each_other(phones: Any, server: Any) -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))
    one = phones()
    looks_at(one, asha, server.url)
    other = one.context.new_page()
    other.goto(path_of(asha))

    one.bring_to_front()
    one.get_by_role("link", name="Cancel booking").click()
    one.get_by_role("dialog").get_by_role("button", name="Cancel my booking").click()
    expect(one.get_by_role("heading", name="Cancelled")).to_be_visible()

    other.bring_to_front()
    expect(other.get_by_role("heading", name="Cancelled")).to_be_visible()


def test_the_large_pass_is_closed_by_escape_and_by_the_card_that_needs_it_no_more(phones: Any, server: Any) -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))
    phone = phones()
    looks_at(phone, asha, server.url)
    large = phone.get_by_role("dialog", name="Your pass")

    phone.get_by_role("button", name="Show it large").click()
    expect(large.locator(".code")).to_have_text(asha.code)
    phone.keyboard.press("Escape")
    expect(large).to_be_hidden()
    phone.get_by_role("button", name="Show it large").click()
    town.arrives(asha)

    expect(phone.get_by_text("You are here. No clock runs.")).to_be_visible()
    expect(large).to_be_hidden()


def test_the_page_without_network_says_until_when_and_whom_to_call(phones: Any, server: Any) -> None:
    town = Town(packs=1, contact_phone="+351210000000")
    asha = town.books(town.driver("Asha"))
    phone = phones()
    looks_at(phone, asha, server.url)
    phone.context.set_offline(True)

    phone.goto(f"{path_of(asha)}late/")

    expect(phone.locator("[data-booking-name]")).to_have_text(re.compile(r"^Kept until \d\d:\d\d · "))
    expect(phone.get_by_role("link", name="Call the station")).to_have_attribute("href", "tel:+351210000000")
    expect(phone.get_by_role("link", name="Try again")).not_to_have_class(re.compile("button--primary"))
