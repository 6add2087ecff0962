"""Reserving: the price and the rule before the tap, one tap counted once, and refusals that say what to do."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from booking import clock, tariffs
from booking.failures import settle_line
from booking.models import Booking
from booking.states import State
from payments import ledger, operations, wallet
from payments.money import Money
from stations import upkeep
from stations.models import Station
from tests.booking.driving import LISBON, field, heading, signed_in, text
from tests.factories.accounts import UserFactory
from tests.factories.booking import Town, VehicleFactory, time_passes

pytestmark = pytest.mark.django_db


def address(station: Station) -> str:
    return reverse("booking:station", args=[station.network.code, station.code])


def tap(client: Client, town: Town, driver: User, **changed: Any) -> Any:
    """What the form sends."""
    sent = {
        "vehicle": town.vehicle_of(driver).pk,
        "packs": 1,
        "method": "account",
        "key": "one tap",
        "tariff": town.tariff.pk,
    }
    sent |= changed
    return client.post(address(town.station), sent)


def test_the_page_says_how_long_the_pack_is_kept_what_it_costs_and_what_happens_if_late() -> None:
    town = Town(packs=1)
    client = signed_in(town.driver("Asha"))
    client.get("/", LISBON)

    page = client.get(address(town.station))

    assert heading(page) == "A full pack, yours for 10 min"
    shown = text(page)
    assert "about €19.75" in shown
    assert "never more than €26.00" in shown
    assert "Tax of 23 % in it" in shown
    assert "If you are late" in shown


def test_one_tap_reserves_and_leads_to_the_booking() -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")
    client = signed_in(asha)

    answer = tap(client, town, asha)

    booking = Booking.objects.get(driver=asha)
    assert answer["Location"] == reverse("booking:booking", args=[booking.public_id])
    assert booking.state == State.PROMISED
    assert booking.drive_seconds is None


def test_the_promise_lasts_for_the_drive_from_where_the_search_began() -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")
    client = signed_in(asha)
    client.get("/", {"lat": "38.80", "lon": "-9.14"})

    tap(client, town, asha)

    booking = Booking.objects.get(driver=asha)
    assert booking.promise_ends_at is not None
    assert booking.promised_at is not None
    assert (booking.promise_ends_at - booking.promised_at).total_seconds() > 20 * 60


def test_the_same_tap_twice_makes_one_booking() -> None:
    town = Town(packs=2)
    asha = town.driver("Asha")
    client = signed_in(asha)
    key = field(client.get(address(town.station)), "key")

    first, second = tap(client, town, asha, key=key), tap(client, town, asha, key=key)

    assert first["Location"] == second["Location"]
    assert Booking.objects.filter(driver=asha).count() == 1


def test_a_second_booking_leads_to_the_first_one() -> None:
    town = Town(packs=2)
    asha = town.driver("Asha")
    first = town.books(asha)
    client = signed_in(asha)

    answer = tap(client, town, asha, key="another tap")

    assert answer["Location"] == reverse("booking:booking", args=[first.public_id])
    page = client.get(address(town.station))
    assert heading(page) == "You have a booking here"
    assert "Yours until" in text(page)
    assert 'name="key"' not in page.content.decode()


def test_a_booking_elsewhere_is_one_cancelling_away_from_this_station() -> None:
    town = Town(packs=1)
    other = town.second_station("Alfama Gate")
    asha = town.driver("Asha")
    booking = town.books(asha)

    page = signed_in(asha).get(address(other))

    assert "You have a booking already" in text(page)
    there = address(other).replace("/", "%2F")
    assert f"/b/{booking.public_id}/cancel/?next={there}" in page.content.decode()


def test_who_is_not_signed_in_sees_the_price_and_comes_back_after_signing_in(client: Client) -> None:
    town = Town(packs=1)

    page = client.get(address(town.station))

    assert "never more than €26.00" in text(page)
    assert f"?next={address(town.station).replace('/', '%2F')}" in page.content.decode()
    answer = client.post(address(town.station), {"vehicle": 1})
    assert answer.status_code == 302
    assert reverse("account_request_login_code") in answer["Location"]


def test_who_has_no_vehicle_is_asked_for_one_first() -> None:
    town = Town(packs=1)

    page = signed_in(UserFactory(name="Asha")).get(address(town.station))

    assert "Which vehicle is it for?" in text(page)
    assert reverse("booking:add_vehicle") in page.content.decode()


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"vehicle": ""}, "Choose one of your vehicles."),
        ({"vehicle": "9" * 30}, "Choose one of your vehicles."),
        ({"vehicle": "٣"}, "Choose one of your vehicles."),
        ({"vehicle": "\0"}, "Choose one of your vehicles."),
        ({"packs": "7"}, "not one of the available choices"),
        ({"packs": ""}, "This field is required"),
        ({"method": "gold"}, "not one of the available choices"),
        ({"method": "cash"}, "not one of the available choices"),
        ({"method": ""}, "Choose how to pay."),
        ({"key": ""}, "This field is required"),
        ({"key": "k" * 500}, "at most 80 characters"),
        ({"key": "\0"}, "Null characters are not allowed"),
    ],
)
def test_what_the_form_cannot_have_sent_is_refused_and_books_nothing(changed: dict[str, Any], says: str) -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")

    answer = tap(signed_in(asha), town, asha, **changed)

    assert answer.status_code == 400
    assert says in text(answer)
    assert not Booking.objects.exists()


def test_another_drivers_vehicle_is_not_there_to_choose() -> None:
    town = Town(packs=1)
    asha, bala = town.driver("Asha"), town.driver("Bala")

    answer = tap(signed_in(asha), town, asha, vehicle=town.vehicle_of(bala).pk)

    assert answer.status_code == 400
    assert not Booking.objects.exists()


def test_a_station_that_stopped_meanwhile_refuses_and_says_why() -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")
    client = signed_in(asha)
    upkeep.mark_station_down(station=town.station, reason="No power.", by=None)

    answer = tap(client, town, asha)

    assert answer.status_code == 409
    assert "No power." in text(answer)
    assert heading(answer) == "Out of order just now"


def test_a_station_that_does_not_keep_my_packs_says_so() -> None:
    town, elsewhere = Town(packs=1), Town(packs=1)

    page = signed_in(elsewhere.driver("Asha")).get(address(town.station))

    assert heading(page) == "This station has no packs that fit"
    assert f"Kept here {town.pack_class.name}" in text(page)


def test_the_vehicle_that_a_station_has_packs_for_is_one_tap_away() -> None:
    town, elsewhere = Town(packs=1), Town(packs=1)
    asha = elsewhere.driver("Asha")
    bike = VehicleFactory(pack_class=town.pack_class, plate="ZZ9", fleet=town.fleet)
    bike.assignments.create(driver=asha)

    page = signed_in(asha).get(address(town.station))

    assert "Book for ZZ9 instead" in text(page)
    assert f'href="?vehicle={bike.pk}"' in page.content.decode()


def test_an_unpaid_swap_stands_where_the_button_would() -> None:
    town = Town(packs=2)
    asha = town.driver("Asha")
    owed = town.swaps_unpaid(asha)

    page = signed_in(asha).get(address(town.station))

    assert "€21.77 are not paid yet" in text(page)
    assert f'href="/b/{owed.public_id}/">Pay it' in page.content.decode()
    assert "Reserve, about" not in text(page)


def test_a_fleet_that_does_not_pay_says_whom_to_ask() -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")
    ledger.set_credit_limit(fleet=town.fleet, limit=Money(100, "EUR"))

    assert "Ask whoever manages your fleet" in text(signed_in(asha).get(address(town.station)))


def test_a_way_to_pay_that_is_not_possible_says_why_and_how_to_make_it_so(settings: Any) -> None:
    settings.DEMO = True
    town = Town(packs=1)
    asha = town.driver("Asha")
    ledger.set_credit_limit(fleet=town.fleet, limit=Money(100, "EUR"))

    page = signed_in(asha).get(address(town.station))

    shown = text(page)
    assert "The fleet's credit limit is reached." in shown
    assert "There is not enough in the wallet." in shown
    assert "€26.00 have to be free to reserve" in shown
    assert "Top up €50.00 and come back" in shown


def test_a_wallet_that_has_enough_is_chosen_already() -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")
    ledger.set_credit_limit(fleet=town.fleet, limit=Money(100, "EUR"))
    paid_in = wallet.top_up(
        user=asha, network=town.station.network, amount=Money(5_000, "EUR"), by=None, reason="cash at the counter"
    )
    operations.carry_out(paid_in.pk)

    page = signed_in(asha).get(address(town.station))

    assert 'name="method" value="wallet" checked' in page.content.decode()


def test_several_packs_can_be_wanted_and_the_price_follows() -> None:
    town = Town(packs=2)
    asha = town.driver("Asha", pack_count=2)
    client = signed_in(asha)

    assert "never more than €51.00" in text(client.get(address(town.station)))
    assert "never more than €26.00" in text(client.get(address(town.station), {"packs": "1"}))
    assert "never more than €51.00" in text(client.get(address(town.station), {"packs": "99"}))


def test_who_drives_two_vehicles_chooses_by_a_link_and_it_is_remembered() -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")
    other = VehicleFactory(pack_class=town.pack_class, fleet=town.fleet, plate="ZZ9")
    other.assignments.create(driver=asha)
    client = signed_in(asha)

    client.get(address(town.station), {"vehicle": other.pk})

    assert field(client.get(address(town.station)), "vehicle") == str(other.pk)


def test_who_is_far_away_is_told_that_the_place_is_kept_and_the_pack_not_yet() -> None:
    town = Town(packs=1)
    client = signed_in(town.driver("Asha"))
    client.get("/", {"lat": "39.1", "lon": "-9.14"})

    page = client.get(address(town.station))
    assert heading(page) == "Place 1 in line until you are nearer"
    assert "once you are within 30 min" in text(page)


def test_who_books_arrive_first_reads_so_before_the_tap() -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")
    for _time in range(3):
        time_passes(booking := town.books(asha), minutes=45)
        settle_line(line_id=booking.line_id)
        # Within half an hour there would be nothing left to promise.
        time_passes(booking, minutes=45)

    page = signed_in(asha).get(address(town.station))

    assert heading(page) == "Place 1 in line until you are here"
    assert "After several no-shows packs are kept for you only once you are here" in text(page)


def test_a_station_that_is_not_there_is_not_found(client: Client) -> None:
    town = Town(packs=1)

    assert client.get("/stations/nobody/nothing/").status_code == 404
    assert client.get(f"/stations/{town.station.network.code}/nothing/").status_code == 404


def test_a_price_that_changed_between_page_and_tap_is_shown_before_it_is_paid() -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")
    client = signed_in(asha)
    seen = field(client.get(address(town.station)), "tariff")
    tariffs.publish(
        network=town.station.network,
        station=town.station,
        pack_class=town.pack_class,
        currency="EUR",
        price_per_kwh=Decimal("0.9"),
        service_fee_minor=100,
        tax_rate_bp=2_300,
        valid_from=clock.database_now(),
    )

    refused = tap(client, town, asha, tariff=seen)
    agreed = tap(client, town, asha, tariff=field(refused, "tariff"))

    assert refused.status_code == 409
    assert "The price has changed meanwhile" in text(refused)
    assert agreed.status_code == 302
