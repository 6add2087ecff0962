"""The rooms of an account: each with its answer on top, its states, and nothing of anybody else's."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from booking import lifecycle, vehicles
from booking.models import Assignment, Booking, Vehicle
from payments import operations, preferences
from payments.models import PaymentOperation
from payments.money import Money
from payments.queries import methods_for, wallet_balance
from tests.booking.driving import field, heading, signed_in, text
from tests.factories.accounts import NetworkFactory, UserFactory
from tests.factories.booking import Town, VehicleFactory
from tests.factories.payments import driver_with_wallet

pytestmark = pytest.mark.django_db

ROOMS = [
    "booking:account",
    "booking:rename",
    "booking:vehicles",
    "booking:add_vehicle",
    "booking:payment",
    "booking:wallets",
    "devices",
    "your_data",
    "delete_account",
]


def own_vehicle(driver: User, town: Town, **fields: Any) -> Vehicle:
    vehicle: Vehicle = VehicleFactory(pack_class=town.pack_class, **fields)
    Assignment.objects.create(vehicle=vehicle, driver=driver)
    return vehicle


def with_money(town: Town, name: str = "Asha", minor: int = 10_000) -> User:
    """A driver with a vehicle of their own, who pays from a wallet."""
    driver = driver_with_wallet(town.station.network, minor, name)
    own_vehicle(driver, town)
    return driver


# --- All of them ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_is_for_who_is_signed_in(client: Client, room: str) -> None:
    assert client.get(reverse(room)).status_code == 302


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_opens_for_a_newcomer_with_one_answer_on_top(room: str) -> None:
    Town(packs=1)

    page = signed_in(UserFactory()).get(reverse(room), follow=True)

    assert page.status_code == 200
    assert heading(page) != ""


def test_colours_and_language_are_there_without_signing_in(client: Client) -> None:
    assert heading(client.get(reverse("look"))) == "Language and colours"


def test_the_list_of_rooms_has_the_answer_of_each() -> None:
    town = Town(packs=1)
    asha = with_money(town)

    page = text(signed_in(asha).get(reverse("booking:account")))

    assert f"Vehicles {town.vehicle_of(asha).plate} " in page
    assert "Wallet €100.00 " in page
    assert "Payment Wallet first" in page
    assert "English · As on this device" in page
    assert "Signed in on this one alone" in page


def test_more_bookings_cost_the_list_of_rooms_no_further_queries() -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")
    client = signed_in(asha)
    client.get(reverse("booking:account"))
    town.books(asha)
    with CaptureQueriesContext(connection) as few:
        client.get(reverse("booking:account"))
    for _time in range(3):
        lifecycle.cancel(booking=Booking.objects.live().get(), by=asha)
        town.books(asha)

    with CaptureQueriesContext(connection) as many:
        client.get(reverse("booking:account"))

    assert len(many) == len(few)


# --- Vehicles -------------------------------------------------------------------------------------------------------


def test_the_chosen_vehicle_stays_chosen_on_the_next_page() -> None:
    town = Town(packs=1)
    asha: User = UserFactory()
    own_vehicle(asha, town)
    second = own_vehicle(asha, town, plate="ZZ99ZZ")
    client = signed_in(asha)

    client.post(reverse("booking:choose_vehicle", args=[second.pk]))

    assert heading(client.get(reverse("booking:vehicles"))) == "ZZ99ZZ"


@pytest.mark.parametrize("name", ["edit_vehicle", "choose_vehicle", "let_vehicle_go"])
def test_another_drivers_vehicle_is_not_there(name: str) -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")

    answer = signed_in(town.driver("Chitra")).post(reverse(f"booking:{name}", args=[town.vehicle_of(asha).pk]))

    assert answer.status_code == 404
    assert len(vehicles.of_driver(asha)) == 1


def test_a_vehicle_is_called_what_its_driver_says() -> None:
    town = Town(packs=1)
    asha: User = UserFactory()
    vehicle = own_vehicle(asha, town)

    signed_in(asha).post(reverse("booking:edit_vehicle", args=[vehicle.pk]), {"model": "  Corvina   City "})

    assert vehicles.of_driver(asha)[0].called == "Corvina City"


def test_two_who_typed_the_same_unproven_plate_do_not_read_each_others_name_for_it() -> None:
    town = Town(packs=1)
    asha, chitra = UserFactory(), UserFactory()
    vehicle = own_vehicle(asha, town, plate="AA12BB")
    vehicles.describe(driver=asha, vehicle=vehicle, model="Asha’s, 3 Harbour Street")
    wish = {"plate": "AA-12-BB", "country": "PT", "pack_class": town.pack_class.code, "pack_count": "1"}
    client = signed_in(chitra)

    client.post(reverse("booking:add_vehicle"), wish)
    pages = [client.get(reverse("booking:edit_vehicle", args=[vehicle.pk])), client.get(reverse("booking:vehicles"))]
    client.post(reverse("booking:edit_vehicle", args=[vehicle.pk]), {"model": "Mine alone"})

    assert not any("Harbour Street" in page.content.decode() for page in pages)
    assert [mine.called for mine in vehicles.of_driver(asha)] == ["Asha’s, 3 Harbour Street"]
    assert [mine.called for mine in vehicles.of_driver(chitra)] == ["Mine alone"]


def test_what_a_fleet_calls_its_vehicle_is_read_by_its_drivers() -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")
    Vehicle.objects.update(model="Van 7")

    page = text(signed_in(asha).get(reverse("booking:vehicles")))

    assert "Van 7" in page


def test_a_fleets_vehicle_is_changed_and_let_go_by_its_manager_alone() -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")
    vehicle = town.vehicle_of(asha)
    client = signed_in(asha)

    page = text(client.get(reverse("booking:edit_vehicle", args=[vehicle.pk])))
    client.post(reverse("booking:edit_vehicle", args=[vehicle.pk]), {"model": "Mine"})
    refused = client.post(reverse("booking:let_vehicle_go", args=[vehicle.pk]), follow=True)

    assert "Its manager keeps it up to date" in page
    assert "Ask its manager to take you off it." in text(refused)
    assert Vehicle.objects.get(pk=vehicle.pk).model == ""
    assert vehicles.of_driver(asha) == [vehicle]


def test_whoever_takes_over_a_plate_does_not_read_what_the_driver_before_called_it() -> None:
    town = Town(packs=1)
    asha, chitra = UserFactory(), UserFactory()
    vehicle = own_vehicle(asha, town)
    vehicles.describe(driver=asha, vehicle=vehicle, model="Asha’s, 3 Harbour Street")
    vehicles.let_go(driver=asha, vehicle=vehicle)

    taken_over = vehicles.add(
        driver=chitra,
        country=vehicle.country,
        plate=vehicle.plate,
        pack_class=vehicle.pack_class,
        pack_count=vehicle.pack_count,
    )

    assert taken_over.pk == vehicle.pk
    assert vehicles.of_driver(chitra)[0].called == ""


def test_a_vehicle_is_let_go_after_asking_and_never_while_it_is_booked_for() -> None:
    town = Town(packs=1)
    asha = with_money(town)
    booking = town.books(asha, method="wallet")
    client = signed_in(asha)
    address = reverse("booking:let_vehicle_go", args=[town.vehicle_of(asha).pk])

    assert heading(client.get(address)).startswith("Remove")
    assert "Cancel it first." in text(client.post(address, follow=True))
    lifecycle.cancel(booking=booking, by=asha)
    client.post(address)

    assert vehicles.of_driver(asha) == []


def test_a_plate_that_is_somebody_elses_comes_with_what_to_do() -> None:
    town = Town(packs=1)
    taken = own_vehicle(UserFactory(), town, plate="AA12BB")
    Vehicle.objects.update(proven_at=taken.created_at)
    wish = {"plate": "AA-12-BB", "country": "PT", "pack_class": town.pack_class.code, "pack_count": "1"}

    page = signed_in(UserFactory()).post(reverse("booking:add_vehicle"), wish)

    assert page.status_code == 400
    assert "Find a staffed station" in text(page)


def test_the_plate_field_shows_how_plates_look_in_the_drivers_country() -> None:
    page = signed_in(UserFactory(phone="+66812345678")).get(reverse("booking:add_vehicle"))

    assert 'placeholder="1กข 1234"' in page.content.decode()


# --- Paying ---------------------------------------------------------------------------------------------------------


def test_what_is_used_first_is_remembered_and_chosen_when_reserving() -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")
    network = town.station.network
    client = signed_in(asha)
    assert [way.code for way in methods_for(user=asha, network=network, organisation=town.fleet)] == [
        "account",
        "wallet",
    ]

    client.post(reverse("booking:payment"), {"network": network.code, "method": "wallet"})

    first = methods_for(user=asha, network=network, organisation=town.fleet)[0]
    assert (first.code, preferences.preferred(user=asha, network=network)) == ("wallet", "wallet")


@pytest.mark.parametrize("method", ["cash", "card", "nonsense"])
def test_what_nobody_books_with_cannot_be_first(method: str) -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")

    page = signed_in(asha).post(
        reverse("booking:payment"), {"network": town.station.network.code, "method": method}, follow=True
    )

    assert "not offered here" in text(page)
    assert preferences.preferred(user=asha, network=town.station.network) == ""


@pytest.mark.parametrize("network", ["nowhere", "\0", "x" * 500, ""])
def test_a_network_that_does_not_exist_has_no_preference(network: str) -> None:
    answer = signed_in(UserFactory()).post(reverse("booking:payment"), {"network": network, "method": "wallet"})

    assert answer.status_code == 404


def test_ways_to_pay_that_are_not_there_are_said_and_have_no_button() -> None:
    town = Town(packs=1, takes_cash=True)

    page = text(signed_in(town.driver("Asha")).get(reverse("booking:payment")))

    assert "Cash At the counter of one station, without a booking" in page
    assert "Cards Not connected here yet." in page


# --- The wallet -----------------------------------------------------------------------------------------------------


def test_a_wallet_says_what_is_free_what_is_held_and_for_which_booking() -> None:
    town = Town(packs=1)
    asha = with_money(town)
    booking = town.books(asha, method="wallet")
    assert booking.payment is not None

    page = signed_in(asha).get(reverse("booking:wallet", args=[town.station.network.code]))

    statement = page.context["statement"]
    assert statement.wallet.held == booking.payment.authorised
    assert [line.booking for line in statement.held] == [booking.public_id]
    assert f"Held for {town.station.name}" in text(page)


def test_what_went_in_and_out_is_in_plain_words_with_its_receipt() -> None:
    town = Town(packs=1)
    asha = with_money(town)
    booking = town.swaps(town.arrives(town.books(asha, method="wallet")))
    assert booking.payment is not None
    operations.carry_out_for(booking.payment)

    page = signed_in(asha).get(reverse("booking:wallet", args=[town.station.network.code]))

    moved = page.context["statement"].moved
    assert [line.amount for line in moved] == [Money(-2_177, "EUR"), Money(10_000, "EUR")]
    assert f"Swap at {town.station.name}" in text(page)
    assert reverse("booking:receipt", args=[booking.public_id]) in page.content.decode()


def test_older_movements_follow_without_a_gap_or_a_double() -> None:
    town = Town(packs=1)
    asha = with_money(town, minor=100)
    client = signed_in(asha)
    for _time in range(22):
        top_up(client, town, own="5")

    address = reverse("booking:wallet", args=[town.station.network.code])
    first = client.get(address)
    second = client.get(address, {"before": first.context["statement"].older})

    shown = [line.id for page in (first, second) for line in page.context["statement"].moved]
    assert len(shown) == len(set(shown)) == 23
    assert second.context["statement"].older is None


@pytest.mark.parametrize("before", ["", "yesterday", "-1", "\0", "9" * 500, "1e9", "٣"])
def test_a_cursor_that_cannot_be_read_begins_at_the_top(before: str) -> None:
    town = Town(packs=1)
    address = reverse("booking:wallet", args=[town.station.network.code])

    assert signed_in(with_money(town)).get(address, {"before": before}).status_code == 200


def test_nobody_sees_anothers_wallet() -> None:
    town = Town(packs=1)
    with_money(town, "Asha")

    page = signed_in(UserFactory(name="Chitra")).get(reverse("booking:wallet", args=[town.station.network.code]))

    assert page.context["statement"].moved == []
    assert heading(page) == "€0.00 free"


def test_more_movements_cost_the_wallet_no_further_queries() -> None:
    town = Town(packs=1)
    asha = with_money(town)
    client = signed_in(asha)
    address = reverse("booking:wallet", args=[town.station.network.code])
    client.get(address)
    with CaptureQueriesContext(connection) as few:
        client.get(address)
    for _time in range(3):
        top_up(client, town, own="5")

    with CaptureQueriesContext(connection) as many:
        client.get(address)

    assert len(many) == len(few)


# --- Topping up -----------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def _demo(settings: Any) -> None:
    settings.DEMO = True


def top_up(client: Client, town: Town, **sent: Any) -> Any:
    network = town.station.network
    address = reverse("booking:add_money", args=[network.code])
    answer = client.post(address, {"key": field(client.get(address), "key")} | sent)
    for operation in PaymentOperation.objects.under_way():
        operations.carry_out(operation.pk)
    return answer


@pytest.mark.parametrize(
    ("sent", "minor"),
    [
        ({"tapped": "2000"}, 2_000),
        ({"own": "12,50"}, 1_250),
        ({"own": " 12.5 ", "tapped": "2000"}, 1_250),
        ({"own": "500"}, 50_000),
        ({"own": "๕๐"}, 5_000),
        ({}, 5_000),
    ],
)
def test_as_much_is_topped_up_as_was_chosen(sent: dict[str, str], minor: int) -> None:
    town = Town(packs=1)
    asha: User = UserFactory()

    top_up(signed_in(asha), town, **sent)

    assert wallet_balance(user=asha, network=town.station.network).amount_minor == minor


@pytest.mark.parametrize(
    "sent",
    [
        {"own": "4.99"},
        {"own": "500.01"},
        {"own": "-20"},
        {"own": "1e3"},
        {"own": "NaN"},
        {"own": "\0"},
        {"own": "9" * 400},
        {"tapped": "1"},
        {"tapped": "99999999999999999999"},
        {"tapped": "x"},
    ],
    ids=str,
)
def test_an_amount_that_cannot_be_is_refused_with_a_sentence(sent: dict[str, str]) -> None:
    town = Town(packs=1)
    asha: User = UserFactory()

    answer = top_up(signed_in(asha), town, **sent)

    assert answer.status_code == 400
    assert not PaymentOperation.objects.exists()


def test_after_a_refused_amount_the_language_can_be_changed() -> None:
    town = Town(packs=1)
    client = signed_in(UserFactory())
    refused = top_up(client, town, own="3000000")

    answer = client.post(reverse("set_language"), {"language": "pt", "next": field(refused, "next")}, follow=True)

    assert answer.status_code == 200
    assert answer.request["PATH_INFO"] == reverse("booking:add_money", args=[town.station.network.code])


def test_play_money_comes_once_for_one_tap() -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")
    client = signed_in(asha)
    network = town.station.network
    sent = {"key": "once", "tapped": "2000"}

    for _time in range(2):
        assert client.post(reverse("booking:add_money", args=[network.code]), sent).status_code == 302
    operations.carry_out(PaymentOperation.objects.get(reason="demo").pk)

    assert wallet_balance(user=asha, network=network).amount_minor == 2_000


@pytest.mark.parametrize("key", ["k" * 80, "k" * 10_000, "\0"], ids=["as long as a booking's", "endless", "nul"])
def test_a_key_that_cannot_be_written_down_tops_nothing_up(key: str) -> None:
    town = Town(packs=1)
    network = town.station.network

    answer = signed_in(UserFactory()).post(
        reverse("booking:add_money", args=[network.code]), {"key": key, "tapped": "2000"}
    )

    assert answer.status_code == 404
    assert not PaymentOperation.objects.exists()


def test_from_a_station_with_too_little_two_taps_lead_back_with_enough() -> None:
    town = Town(packs=1)
    asha: User = UserFactory()
    own_vehicle(asha, town)
    client = signed_in(asha)
    station = reverse("booking:station", args=[town.station.network.code, town.station.code])
    offer = client.get(station).context["offer"]

    page = client.get(
        reverse("booking:add_money", args=[town.station.network.code]),
        {"need": offer.lacking.amount_minor, "next": station},
    )
    answer = top_up(client, town, tapped=page.context["suggested"].amount_minor, next=page.context["next"])

    assert answer["Location"] == station
    assert client.get(station).context["offer"].can_pay


@pytest.mark.parametrize("need", ["0", "-5", "x", "\0", "9" * 30])
def test_a_need_that_is_none_just_asks_how_much(need: str) -> None:
    town = Town(packs=1)

    page = signed_in(UserFactory()).get(
        reverse("booking:add_money", args=[town.station.network.code]), {"need": need, "next": "https://evil.example/"}
    )

    assert heading(page) == "How much?"
    assert page.context["next"] == ""


def test_outside_the_demo_the_counter_is_named_and_there_is_no_play_money(settings: Any) -> None:
    settings.DEMO = False
    town = Town(packs=1)
    client = signed_in(town.driver("Asha"))
    address = reverse("booking:add_money", args=[town.station.network.code])

    answer = client.post(address, {"key": "k", "tapped": "2000"})

    assert answer.status_code == 404
    assert heading(client.get(address)) == "Top up at the counter"
    assert not PaymentOperation.objects.exists()


def test_a_wallet_of_an_unknown_network_is_not_there() -> None:
    NetworkFactory(code="lisboa")

    assert signed_in(UserFactory()).get(reverse("booking:wallet", args=["porto"])).status_code == 404
