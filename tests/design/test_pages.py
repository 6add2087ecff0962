"""The frame that every page stands in, as the server sends it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

if TYPE_CHECKING:
    from django.test.client import _MonkeyPatchedWSGIResponse as Response


@pytest.fixture
def page(client: Client, settings: Settings) -> Response:
    settings.DEMO = True
    return client.get("/styleguide/")


@pytest.mark.django_db
def test_the_style_guide_is_shown_in_the_demo(page: Response) -> None:
    assert page.status_code == 200


@pytest.mark.django_db
def test_the_style_guide_does_not_exist_in_production(client: Client, settings: Settings) -> None:
    settings.DEMO = False

    refused = client.get("/styleguide/")

    assert refused.status_code == 404


@pytest.mark.django_db
def test_every_script_carries_the_nonce_that_the_policy_names(page: Response) -> None:
    policy = page.headers["Content-Security-Policy"]

    nonces = set(re.findall(r'<script[^>]* nonce="([^"]+)"', page.content.decode()))

    assert len(nonces) == 1
    assert f"'nonce-{nonces.pop()}'" in policy


@pytest.mark.django_db
@pytest.mark.usefixtures("every_language")
def test_the_language_chosen_in_the_menu_stays_chosen(client: Client, settings: Settings) -> None:
    settings.DEMO = True

    chosen = client.post(reverse("set_language"), {"language": "pt", "next": "/styleguide/"}, follow=True)

    assert '<html lang="pt"' in chosen.content.decode()


@pytest.mark.parametrize("name", ["403", "403_csrf", "404", "429", "500"])
def test_an_error_page_needs_neither_request_nor_database(name: str) -> None:
    text = render_to_string(f"{name}.html")

    assert text.count("<h1") == 1


@pytest.mark.parametrize(("ahead", "drawn", "more"), [(0, 0, ""), (2, 2, ""), (5, 5, ""), (8, 5, "+3")])
def test_a_long_line_is_drawn_short_and_the_rest_counted(ahead: int, drawn: int, more: str) -> None:
    text = render_to_string("_queue.html", {"ahead": ahead})

    assert text.count("<span></span>") == drawn
    assert "".join(re.findall(r"\+\d+", text)) == more


@pytest.mark.parametrize(
    ("state", "done"), [("waiting", 0), ("promised", 1), ("arrived", 2), ("swapping", 3), ("completed", 4)]
)
def test_a_booking_has_exactly_the_stops_before_its_state_behind_it(state: str, done: int) -> None:
    text = render_to_string("_stops.html", {"at": state})

    assert text.count("is-done") == done
    assert text.count('aria-current="step"') == 1


def end_of_trip(*, drive: int, wait: int) -> int:
    """Percent of the width at which the line ends, in a list whose longest trip takes 24 minutes."""
    text = render_to_string("_trip.html", {"drive": drive, "wait": wait, "swap": 5, "scale": 24})
    return int(re.findall(r'cx="(\d+)%"', text)[0])


def test_the_shorter_trip_is_the_shorter_line() -> None:
    soonest = end_of_trip(drive=6, wait=0)
    nearer_but_later = end_of_trip(drive=5, wait=4)
    latest = end_of_trip(drive=11, wait=8)

    assert soonest < nearer_but_later < latest
