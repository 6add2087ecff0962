"""You: adding a vehicle by its plate, history and receipts, name and rules."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from booking import plates, vehicles
from booking.models import Vehicle
from tests.booking.driving import heading, signed_in, text
from tests.factories.accounts import UserFactory
from tests.factories.booking import Town, VehicleFactory
from tests.factories.stations import PackClassFactory

ADD = "/account/vehicles/add/"


# --- Plates ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "plate"),
    [
        ("aa-12-bb", "AA12BB"),
        (" 34 · AB · 12 ", "34AB12"),
        ("１ａ２ｂ", "1A2B"),
        ("粤B·12345", "粤B12345"),
        ("1กข 1234", "1กข1234"),
        ("ß12", "SS12"),
        ("\0AB\n12", "AB12"),
    ],
)
def test_one_vehicle_has_one_plate_however_it_is_typed(typed: str, plate: str) -> None:
    assert plates.normalise(typed) == plate
    assert plates.is_plate(plate)


@pytest.mark.parametrize("plate", ["", "1", "ABC", "A" * 16 + "1"])
def test_what_has_no_digit_or_no_fitting_length_is_no_plate(plate: str) -> None:
    assert not plates.is_plate(plate)


@given(st.text(max_size=40))
def test_a_plate_that_is_normalised_stays_as_it_is(typed: str) -> None:
    once = plates.normalise(typed)

    assert plates.normalise(once) == once


# --- Vehicles -------------------------------------------------------------------------------------------------------


def wish(**changed: Any) -> dict[str, Any]:
    pack_class = changed.pop("pack_class", None) or PackClassFactory()
    return {"plate": "AA-12-BB", "country": "PT", "pack_class": pack_class.code, "pack_count": "1"} | changed


@pytest.mark.django_db
def test_a_vehicle_is_added_and_the_driver_goes_back_to_the_station() -> None:
    asha: User = UserFactory(name="Asha")

    answer = signed_in(asha).post(ADD, wish(next="/stations/pt/canal/"))

    assert answer["Location"] == "/stations/pt/canal/"
    assert [vehicle.plate for vehicle in vehicles.of_driver(asha)] == ["AA12BB"]


@pytest.mark.django_db
def test_nobody_is_sent_to_another_site_after_adding_a_vehicle() -> None:
    answer = signed_in(UserFactory()).post(ADD, wish(next="https://evil.example/"))

    assert answer["Location"] == reverse("booking:vehicles")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "changed",
    [
        {"plate": ""},
        {"plate": "---"},
        {"plate": "ABC"},
        {"plate": "\0"},
        {"plate": "A1" * 50},
        {"country": "XX"},
        {"pack_count": "9"},
        {"pack_count": "\0"},
        {"model": "x" * 61},
        {"model": "\0"},
    ],
    ids=str,
)
def test_a_vehicle_that_cannot_be_is_refused_with_a_reason(changed: dict[str, str]) -> None:
    answer = signed_in(UserFactory()).post(ADD, wish(**changed))

    assert answer.status_code == 400
    assert not Vehicle.objects.exists()


@pytest.mark.django_db
def test_adding_the_same_vehicle_twice_keeps_it_once() -> None:
    asha: User = UserFactory()
    pack_class = PackClassFactory()
    for _time in range(2):
        signed_in(asha).post(ADD, wish(pack_class=pack_class))

    assert len(vehicles.of_driver(asha)) == 1


@pytest.mark.django_db
def test_a_fleets_vehicle_is_joined_through_its_manager_alone() -> None:
    town = Town(packs=1)
    VehicleFactory(plate="AA12BB", fleet=town.fleet, pack_class=town.pack_class)

    answer = signed_in(UserFactory()).post(ADD, wish(pack_class=town.pack_class))

    assert "This vehicle belongs to a fleet." in text(answer)


@pytest.mark.django_db
def test_a_plate_that_somebody_has_proven_is_not_had_by_typing_it() -> None:
    asha, bala = UserFactory(), UserFactory()
    pack_class = PackClassFactory()
    signed_in(asha).post(ADD, wish(pack_class=pack_class))
    proven = Vehicle.objects.get()
    proven.proven_at = proven.created_at
    proven.save()

    answer = signed_in(bala).post(ADD, wish(pack_class=pack_class))

    assert "Another driver swaps with this plate." in text(answer)
    assert vehicles.of_driver(bala) == []


# --- The rest -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "kept"), [("  Asha  ", "Asha"), ("x" * 500, "Before"), ("\0", "Before"), ("", "")])
def test_a_name_is_kept_when_it_can_be(name: str, kept: str) -> None:
    asha: User = UserFactory(name="Before")

    signed_in(asha).post(reverse("booking:rename"), {"name": name})

    assert User.objects.get(pk=asha.pk).name == kept


@pytest.mark.django_db
def test_the_rules_are_there_for_everybody(client: Client) -> None:
    page = client.get(reverse("booking:rules"))

    assert heading(page) == "Whoever joins first is served first"
    assert 'id="rule-6"' in page.content.decode()
