"""You: vehicles and their plates, the wallet, history and receipts, name and rules."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from booking import lifecycle, plates, vehicles
from booking.models import Booking, Vehicle
from payments import operations
from payments.models import PaymentOperation
from payments.queries import wallet_balance
from tests.booking.driving import field, heading, signed_in, text
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

    assert answer["Location"] == reverse("booking:account")


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


@pytest.mark.django_db
def test_a_vehicle_is_let_go_after_asking_and_never_while_it_is_booked_for() -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")
    booking = town.books(asha)
    client = signed_in(asha)
    address = reverse("booking:let_vehicle_go", args=[town.vehicle_of(asha).pk])

    assert heading(client.get(address)).startswith("Remove")
    assert "Cancel it first." in text(client.post(address, follow=True))
    lifecycle.cancel(booking=booking, by=asha)
    client.post(address)

    assert vehicles.of_driver(asha) == []


@pytest.mark.django_db
def test_another_drivers_vehicle_is_not_there_to_let_go() -> None:
    town = Town(packs=1)
    asha, chitra = town.driver("Asha"), town.driver("Chitra")

    answer = signed_in(chitra).post(reverse("booking:let_vehicle_go", args=[town.vehicle_of(asha).pk]))

    assert answer.status_code == 404
    assert len(vehicles.of_driver(asha)) == 1


# --- Wallet ---------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_play_money_comes_once_for_one_tap(settings: Any) -> None:
    settings.DEMO = True
    town = Town(packs=1)
    asha = town.driver("Asha")
    client = signed_in(asha)
    network = town.station.network
    sent = {"network": network.code, "key": field(client.get(reverse("booking:account")), "key")}

    for _time in range(2):
        assert client.post(reverse("booking:top_up"), sent).status_code == 302
    operations.carry_out(PaymentOperation.objects.get(reason="demo").pk)

    assert wallet_balance(user=asha, network=network).amount_minor == 5_000
    assert "€50.00" in text(client.get(reverse("booking:account")))


@pytest.mark.django_db
def test_outside_the_demo_there_is_no_play_money(settings: Any) -> None:
    settings.DEMO = False
    town = Town(packs=1)

    answer = signed_in(town.driver("Asha")).post(
        reverse("booking:top_up"), {"network": town.station.network.code, "key": "k"}
    )

    assert answer.status_code == 404
    assert not PaymentOperation.objects.filter(reason="demo").exists()


# --- History and receipts -------------------------------------------------------------------------------------------


def swapped(town: Town, driver: User) -> Booking:
    booking = town.swaps(town.arrives(town.books(driver)))
    assert booking.payment is not None
    operations.carry_out_for(booking.payment)
    return Booking.objects.get(pk=booking.pk)


@pytest.mark.django_db
def test_the_receipt_names_every_part_of_the_price_and_where_the_energy_comes_from() -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")
    booking = swapped(town, asha)

    page = text(signed_in(asha).get(reverse("booking:receipt", args=[booking.public_id])))

    # 97 % and 98 % of 50 kWh out, 12 % and 100 % in: 41.5 kWh at 0.50 each, and a fee of 1.00.
    assert "Energy, 41.5 kWh × €0.50 €20.77" in page
    assert "Swap fee €1.00" in page
    assert "Tax, 23 % €4.07" in page
    assert "€21.77" in page
    assert "Paid" in page
    assert "This is a receipt, not a fiscal invoice." in page
    assert "97.0 % charged, health 98.0 %" in page


@pytest.mark.django_db
def test_there_is_no_receipt_before_the_swap_is_done() -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")
    booking = town.books(asha)

    assert signed_in(asha).get(reverse("booking:receipt", args=[booking.public_id])).status_code == 404


def past(town: Town, driver: User, *, count: int) -> None:
    for number in range(count):
        booking = lifecycle.cancel(booking=town.books(driver), by=driver)
        Booking.objects.filter(pk=booking.pk).update(joined_at=booking.joined_at - timedelta(days=number + 1))


@pytest.mark.django_db
def test_older_swaps_follow_on_the_next_page_without_a_gap_or_a_double() -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")
    past(town, asha, count=23)
    client = signed_in(asha)

    first = client.get(reverse("booking:history"))
    second = client.get(reverse("booking:history"), {"before": first.context["older"]})

    shown = [entry.public_id for page in (first, second) for entry in page.context["entries"]]
    assert [len(page.context["entries"]) for page in (first, second)] == [20, 3]
    assert len(set(shown)) == 23
    assert second.context["older"] == ""


@pytest.mark.django_db
def test_a_longer_history_costs_no_further_queries() -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")
    client = signed_in(asha)
    past(town, asha, count=1)
    client.get(reverse("booking:history"))
    with CaptureQueriesContext(connection) as short:
        client.get(reverse("booking:history"))
    past(town, asha, count=8)

    with CaptureQueriesContext(connection) as long:
        client.get(reverse("booking:history"))

    assert len(long) == len(short)


@pytest.mark.django_db
@pytest.mark.parametrize("before", ["", "yesterday", "2026-13-45T00:00", "2026-01-01", "\0", "9" * 500])
def test_a_cursor_that_cannot_be_read_begins_at_the_top(before: str) -> None:
    assert signed_in(UserFactory()).get(reverse("booking:history"), {"before": before}).status_code == 200


@pytest.mark.django_db
def test_nobody_sees_anothers_history() -> None:
    town = Town(packs=1)
    past(town, town.driver("Asha"), count=1)

    assert "No swap yet" in text(signed_in(town.driver("Chitra")).get(reverse("booking:history")))


# --- The rest -------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "kept"), [("  Asha  ", "Asha"), ("x" * 500, "Before"), ("\0", "Before"), ("", "")])
def test_a_name_is_kept_when_it_can_be(name: str, kept: str) -> None:
    asha: User = UserFactory(name="Before")

    assert signed_in(asha).post(reverse("booking:rename"), {"name": name}).status_code == 302

    assert User.objects.get(pk=asha.pk).name == kept


@pytest.mark.django_db
def test_the_rules_are_there_for_everybody(client: Client) -> None:
    page = client.get(reverse("booking:rules"))

    assert heading(page) == "Whoever joins first is served first"
    assert 'id="rule-6"' in page.content.decode()
