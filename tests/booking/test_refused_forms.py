"""A form that is refused says so where a screen reader begins: in the title, and at the field, which is marked."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.booking.driving import field, signed_in, text
from tests.factories.accounts import UserFactory
from tests.factories.booking import Town

pytestmark = pytest.mark.django_db


def marked(page: Any) -> list[str]:
    """Names of the fields that are marked as wrong."""
    inputs = re.findall(r"<input[^>]*>", page.content.decode())
    return [re.search(r'name="(\w+)"', one)[1] for one in inputs if 'aria-invalid="true"' in one]  # type: ignore[index]  # every field has a name


def title(page: Any) -> str:
    found = re.search(r"<title>(.*)</title>", page.content.decode())
    assert found is not None
    return found[1]


def test_a_plate_that_is_none_is_an_error_of_its_field_and_what_was_typed_stays() -> None:
    town = Town(packs=1)
    client = signed_in(UserFactory())
    sent = {"country": "PT", "plate": "!!", "pack_class": town.pack_class.code, "pack_count": "1"}

    page = client.post(reverse("booking:add_vehicle"), sent)

    assert page.status_code == 400
    assert marked(page) == ["plate"]
    assert 'value="!!"' in page.content.decode()
    assert title(page).startswith("Error: Add a vehicle")
    assert text(page).count("A plate has letters and digits, 2 to 16 of them.") == 1


def test_a_number_that_is_none_is_an_error_of_the_sign_in_field() -> None:
    page = Client().post(reverse("account_request_login_code"), {"login": "12"})

    assert marked(page) == ["login"]
    assert title(page).startswith("Error: Sign in")


def test_a_wrong_code_is_an_error_of_its_field_which_has_the_focus_from_the_start() -> None:
    client = Client()
    asked = client.post(reverse("account_request_login_code"), {"login": "asha@example.org"}, follow=True)

    page = client.post(asked.request["PATH_INFO"], {"code": "000000"})

    (code,) = re.findall(r'<input[^>]*name="code"[^>]*>', asked.content.decode())
    assert " autofocus" in code
    assert "code" in marked(page)
    assert title(page).startswith("Error:")


def test_a_search_that_cannot_be_read_is_no_error_of_the_driver() -> None:
    client = signed_in(UserFactory())

    page = client.get(reverse("booking:history"), {"month": "yesterday"})

    assert not title(page).startswith("Error:")


def test_too_large_a_top_up_is_an_error_of_its_field(settings: Any) -> None:
    settings.DEMO = True
    town = Town(packs=1)
    client = signed_in(town.driver("Asha"))
    ask = client.get(reverse("booking:add_money", args=[town.station.network.code]))

    page = client.post(
        reverse("booking:add_money", args=[town.station.network.code]),
        {"network": town.station.network.code, "key": field(ask, "key"), "own": "3000000"},
    )

    assert marked(page) == ["own"]
    assert title(page).startswith("Error: Top up")
