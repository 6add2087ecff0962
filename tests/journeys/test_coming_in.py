"""While a page comes in over a slow line: nothing moves, and nothing is fetched for later."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Route, expect

from tests.factories.booking import Town

pytestmark = [pytest.mark.journey, pytest.mark.django_db(transaction=True)]

NOTE_WHEN_THE_WORKER_STARTS = """
  const register = ServiceWorkerContainer.prototype.register;
  ServiceWorkerContainer.prototype.register = function (...what) {
    window.workerStarted = document.readyState;
    return register.apply(this, what);
  };
"""


def test_nothing_moves_when_script_comes(phones: Any) -> None:
    Town()
    phone = phones()
    held: list[Route] = []
    phone.route("**/js/places.js", lambda route: held.append(route), times=1)
    phone.goto("/", wait_until="commit")
    plate = phone.locator(".plate")
    button = plate.locator("[data-locate-ask]")
    expect(plate).to_be_visible()
    expect(button).to_be_hidden()
    before = plate.bounding_box()

    held[0].continue_()

    expect(button).to_be_visible()
    assert plate.bounding_box() == before


def test_the_service_worker_lets_the_page_load_first(phones: Any) -> None:
    phone = phones()
    phone.add_init_script(NOTE_WHEN_THE_WORKER_STARTS)
    phone.goto("/")

    phone.wait_for_function("window.workerStarted")

    assert phone.evaluate("window.workerStarted") == "complete"
