"""What is one person's is kept by no cache, whatever page or program it is for."""

from __future__ import annotations

import pytest
from django.test import Client
from rest_framework.authtoken.models import Token

from tests.booking.driving import LISBON, signed_in
from tests.factories.booking import Town

pytestmark = pytest.mark.django_db


PAGES = ("/", "/b/{booking}/cancel/", "/b/{booking}/here/", "/b/{booking}/dispute/", "/account/vehicles/add/")
MORE = ("/account/vehicles/{vehicle}/let-go/", "/places/?q=li", "/rules/", "/nowhere/", "/api/v1/bookings/")


@pytest.mark.parametrize("address", [*PAGES, *MORE])
def test_nothing_that_a_signed_in_person_is_shown_is_kept(address: str) -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")
    booking = town.books(asha)

    answer = signed_in(asha).get(address.format(booking=booking.public_id, vehicle=booking.vehicle_id))

    assert {"no-store", "private"} <= set(answer["Cache-Control"].split(", "))


def test_a_program_that_acts_for_a_person_keeps_nothing_either(client: Client) -> None:
    token = Token.objects.create(user=Town().driver("Asha"))

    answer = client.get("/api/v1/vehicles/", headers={"Authorization": f"Token {token.key}"})

    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]


def test_where_a_stranger_looks_for_packs_is_kept_by_nobody(client: Client) -> None:
    Town(packs=1)
    first = client.get("/")
    client.get("/", LISBON)

    assert "Cache-Control" not in first
    assert "no-store" in client.get("/")["Cache-Control"]


def test_a_view_that_says_itself_how_its_answer_is_kept_is_heard() -> None:
    asha = signed_in(Town().driver("Asha"))

    assert asha.get("/manifest.webmanifest")["Cache-Control"] == "private, no-cache"
