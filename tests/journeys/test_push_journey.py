"""Telling a phone while its page is closed, in a real browser: from the question on the card to the notice shown.

The browser's own push service is not to be had in a test, so what it would do is played: it names an address of ours,
and what arrives there is handed to the service worker as the browser does it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from pytest_django import Settings

from accounts import push
from accounts.models import PushSubscription
from booking import clock, notice_sending, notices
from booking.models import Delivery
from tests.accounts.push_service import Phone, PushService, trusted
from tests.factories.booking import Town
from tests.journeys.test_driver_journey import sign_in

pytestmark = [
    pytest.mark.journey,
    pytest.mark.django_db(transaction=True),
    pytest.mark.urls("tests.journeys.push_urls"),
]

QUESTION = "Shall we tell you before your time is up?"
PLAYED = """
  const said = { endpoint: %s, keys: %s };
  const subscription = { ...said, options: {}, toJSON: () => said, unsubscribe: async () => true };
  PushManager.prototype.getSubscription = async () => (sessionStorage.told ? subscription : null);
  PushManager.prototype.subscribe = async () => { sessionStorage.told = "yes"; return subscription; };
"""


@pytest.fixture
def service(settings: Settings) -> Iterator[PushService]:
    with trusted(settings) as server:
        yield server


def play_push(page: Page, phone: Phone) -> None:
    fields = dict(phone.subscription)
    endpoint = json.dumps(fields.pop("endpoint"))
    page.context.add_init_script(PLAYED % (endpoint, json.dumps(fields)))


def hand_over(page: Page, origin: str, said: dict[str, str]) -> None:
    """What the browser does when its push service has something."""
    cdp = page.context.new_cdp_session(page)
    known: list[str] = []
    cdp.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: known.extend(r["registrationId"] for r in event["registrations"]),
    )
    cdp.send("ServiceWorker.enable")
    page.wait_for_function("() => navigator.serviceWorker.ready.then(() => true)")
    cdp.send(
        "ServiceWorker.deliverPushMessage", {"origin": origin, "registrationId": known[-1], "data": json.dumps(said)}
    )


def test_a_phone_that_said_yes_shows_what_we_tell_it(phones: Any, server: Any, service: PushService) -> None:
    town = Town(packs=1, name="Canal Street")
    asha = town.driver("Asha")
    booking = town.books(asha)
    page, phone = phones(permissions=["notifications"]), service.phone()
    play_push(page, phone)
    sign_in(page, asha, server.url)
    page.goto(f"/b/{booking.public_id}/")
    expect(page.get_by_role("heading", name=QUESTION)).to_be_visible()

    page.get_by_role("button", name="Yes, on this phone").click()

    expect(page.get_by_text("Done: we tell you on this phone.")).to_be_visible()
    assert PushSubscription.objects.live().get().user == asha
    notice = notices.test(driver=asha, at=clock.database_now() - timedelta(seconds=1))
    notice_sending.send(delivery_id=Delivery.objects.get(notice=notice, way="push").pk)
    said = phone.read(service.taken[0].body)
    hand_over(page, server.url, said)
    page.wait_for_function(
        "title => navigator.serviceWorker.ready.then((r) => r.getNotifications())"
        ".then((shown) => shown.some((one) => one.title === title))",
        arg=said["title"],
    )


def test_whoever_says_not_now_is_not_asked_again(phones: Any, server: Any, service: PushService) -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")
    town.books(asha)
    page = phones(script=False)
    sign_in(page, asha, server.url)
    page.goto("/booking/")

    page.get_by_role("button", name="Not now").click()

    expect(page.get_by_role("heading", name="Yours until")).to_be_visible()
    expect(page.get_by_role("heading", name=QUESTION)).to_have_count(0)


def test_the_question_follows_the_booking_and_goes_with_its_reason(
    phones: Any, server: Any, service: PushService
) -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")
    booking = town.books(asha)
    page = phones()
    sign_in(page, asha, server.url)
    page.goto("/booking/")
    expect(page.locator("[data-live-age].is-live")).to_be_visible()
    expect(page.get_by_role("heading", name=QUESTION)).to_be_visible()

    booking = town.arrives(booking)
    expect(page.get_by_role("heading", name="Shall we tell you when the bay calls?")).to_be_visible()
    town.swaps(booking)

    expect(page.get_by_text("kWh and away")).to_be_visible()
    expect(page.locator("#ask-push")).to_be_hidden()


def test_a_phone_that_refuses_is_told_how_to_allow_it(phones: Any, server: Any, service: PushService) -> None:
    asha = Town(packs=1).driver("Asha")
    page = phones()
    page.context.add_init_script("Object.defineProperty(Notification, 'permission', { get: () => 'denied' });")
    sign_in(page, asha, server.url)

    page.goto("/account/notifications/")

    expect(page.get_by_text("Allow them in the browser’s settings")).to_be_visible()
    expect(page.get_by_role("button", name="Tell me on this phone")).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_of_notifications_can_be_used_by_everybody(
    phones: Any, server: Any, service: PushService, scheme: str
) -> None:
    asha = Town(packs=1).driver("Asha")
    push.subscribe(user=asha, **service.phone().subscription)
    page = phones(viewport={"width": 320, "height": 844}, color_scheme=scheme)
    sign_in(page, asha, server.url)

    page.goto("/account/notifications/")

    expect(page.get_by_role("heading", name="We tell you on 1 phone")).to_be_visible()
    assert [found["id"] for found in Axe().run(page).response["violations"]] == []
    assert page.evaluate("document.documentElement.scrollWidth") == 320
