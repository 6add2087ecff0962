"""Finding a station: ranked by the time until one drives away, and helpful when there is nothing to show."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from booking import finding, line
from payments.money import Money
from stations import geo, upkeep
from tests.booking.driving import LISBON, heading, signed_in, text
from tests.factories.booking import TariffFactory, Town
from tests.factories.stations import BayFactory, PackFactory, StationFactory

pytestmark = pytest.mark.django_db

HERE = geo.Place(38.7300, -9.1400)


def found(town: Town, *, start: geo.Place = HERE, packs: int = 1, **wish: Any) -> finding.Found:
    return finding.find(start=start, pack_class=town.pack_class, packs=packs, now=line.database_now(), **wish)


def another_station(town: Town, *, packs: int = 1, priced: bool = True, **fields: Any) -> Any:
    station = StationFactory(network=town.station.network, **fields)
    BayFactory(station=station, number=1)
    for _number in range(packs):
        PackFactory(station=station, pack_class=town.pack_class)
    if priced:
        TariffFactory(station=station, pack_class=town.pack_class)
    return station


def test_a_station_farther_away_comes_first_when_its_packs_are_ready_sooner() -> None:
    town = Town(packs=0, name="Near")
    PackFactory(station=town.station, pack_class=town.pack_class, soc_percent=10)
    another_station(town, name="Farther", latitude=38.76)

    names = [one.station.name for one in found(town).stations]

    assert names == ["Farther", "Near"]


def test_what_is_charged_while_one_drives_is_not_waited_for() -> None:
    town = Town(packs=0)
    PackFactory(station=town.station, pack_class=town.pack_class, soc_percent=10)
    near, far = found(town), found(town, start=geo.Place(38.9, -9.14))

    assert near.stations[0].wait is not None
    assert far.stations[0].wait is not None
    shorter_by = near.stations[0].wait.likely_seconds - far.stations[0].wait.likely_seconds
    assert shorter_by == far.stations[0].station.drive_seconds - near.stations[0].station.drive_seconds


def test_who_waits_before_me_has_the_packs_before_me() -> None:
    town = Town(packs=1)
    PackFactory(station=town.station, pack_class=town.pack_class, soc_percent=30)
    alone = found(town).stations[0]
    assert alone.is_promised_at_once
    town.books(town.driver("Asha"))
    town.books(town.driver("Bala"))

    behind = found(town).stations[0]

    assert (behind.in_line, behind.is_promised_at_once) == (1, False)
    assert behind.wait is not None
    assert behind.wait.likely_seconds > 0


def test_the_numbers_of_a_trip_add_up() -> None:
    one = found(Town(packs=1)).stations[0]

    assert one.total_minutes == one.drive_minutes + one.wait_minutes + one.swap_minutes


def test_a_station_without_a_price_or_closed_at_this_hour_is_shown_last_and_says_so() -> None:
    town = Town(packs=1, latitude=38.80)
    closed_today = {str(day): [] for day in range(7)}
    another_station(town, name="Closed", hours=closed_today)
    another_station(town, name="Unpriced", priced=False)

    hindrances = {one.station.name: one.hindrance for one in found(town).stations}

    assert found(town).stations[0].station.name == town.station.name
    assert hindrances["Closed"] == "closed"
    assert hindrances["Unpriced"] == "no_price"


def test_the_stations_own_price_counts_before_the_networks() -> None:
    town = Town(packs=1)
    network_wide = TariffFactory(station=None, network=town.station.network, currency="EUR", pack_class=town.pack_class)
    network_wide.price_per_kwh = 9
    network_wide.save()

    one = found(town).stations[0]

    assert one.most == Money(100 + 50 * 50, "EUR")


def test_a_price_that_begins_tomorrow_is_not_shown_today() -> None:
    town = Town(packs=1)
    town.tariff.valid_from = line.database_now() + timedelta(days=1)
    town.tariff.save()

    assert found(town).stations[0].hindrance == "no_price"


def test_ten_stations_cost_as_many_queries_as_one() -> None:
    town = Town(packs=1)
    with CaptureQueriesContext(
        connection,
    ) as for_one:
        found(town)
    for number in range(9):
        another_station(town, latitude=38.72 + number / 1000)

    with CaptureQueriesContext(connection) as for_ten:
        assert len(found(town).stations) == 10

    assert len(for_ten) == len(for_one)


def test_the_first_page_shows_the_answer_before_everything_else(client: Client) -> None:
    Town(packs=1, name="Canal Street")

    page = client.get("/", LISBON)

    assert "till you drive away from Canal Street" in text(page)
    assert "1 pack" in text(page)
    assert "%" not in text(page)


def test_the_place_is_remembered_so_that_the_next_visit_begins_with_the_answer(client: Client) -> None:
    Town(packs=1, name="Canal Street")
    client.get("/", LISBON)

    assert "till you drive away from Canal Street" in text(client.get("/"))


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({}, "Tell us where you are"),
        ({"lat": "999", "lon": "0"}, "not on earth"),
        ({"lat": "NaN", "lon": "0"}, "not on earth"),
        ({"lat": "inf", "lon": "-inf"}, "not on earth"),
        ({"lat": "1e400", "lon": "0"}, "not on earth"),
        ({"lat": "north", "lon": "0"}, "not on earth"),
        ({"lat": "60", "lon": "10"}, "No station within 50 km"),
        ({"q": "Nowhere at all"}, "We know no place called “Nowhere at all”"),
        ({"q": "\0"}, "We know no place called"),
        ({"q": "%"}, "We know no place called"),
        ({"q": "x" * 5000}, "We know no place called"),
        ({"city": "atlantis"}, "Tell us where you are"),
        ({"city": "\0", "fits": "\0", "open": "\0", "staffed": "\0", "vehicle": "\0"}, "Tell us where you are"),
        ({"lat": "38.73", "lon": "-9.14", "fits": "no-such-class"}, "till you drive away"),
        ({"lat": "38.73", "lon": "-9.14", "vehicle": "9" * 40}, "till you drive away"),
    ],
)
def test_whatever_is_asked_for_gets_a_helpful_page(client: Client, query: dict[str, str], says: str) -> None:
    Town(packs=1)

    page = client.get("/", query)

    assert page.status_code == 200
    assert says in text(page)


def test_without_any_station_the_page_says_so(client: Client) -> None:
    assert "There is no station yet" in text(client.get("/", LISBON))


@pytest.mark.parametrize("words", ["canal street", "Canal", "lisbon", "Quay 4", "quay lisbon"])
def test_a_place_is_found_by_station_city_or_address(client: Client, words: str) -> None:
    Town(packs=1, name="Canal Street", address="Quay 4", city="Lisbon")

    assert "till you drive away from Canal Street" in text(client.get("/", {"q": words}))


def test_the_pack_is_the_vehicles_unless_another_one_is_chosen() -> None:
    scooter, car = Town(packs=1, name="Scooters"), Town(packs=1, name="Cars")
    client = signed_in(car.driver("Asha"))

    assert "till you drive away from Cars" in text(client.get("/", LISBON))
    assert "till you drive away from Scooters" in text(client.get("/", {"fits": scooter.pack_class.code}))
    assert "till you drive away from Scooters" in text(client.get("/"))


def test_only_stations_with_staff_when_that_is_wanted(client: Client) -> None:
    Town(packs=1, name="Alone", staffed=False)

    page = client.get("/", LISBON | {"staffed": "1"})

    assert "till you drive away" not in text(page)


def test_a_station_that_has_stopped_is_not_offered(client: Client) -> None:
    town = Town(packs=1)
    upkeep.mark_station_down(station=town.station, reason="No power.", by=None)

    assert "till you drive away" not in text(client.get("/", LISBON))


def test_a_booking_that_runs_stands_on_top() -> None:
    town = Town(packs=1, name="Canal Street")
    asha = town.driver("Asha")
    town.books(asha)

    page = text(signed_in(asha).get("/"))

    assert "Your booking at Canal Street" in page
    assert "Yours until" in page


def test_chips_of_cities_are_for_the_demo_alone(client: Client, settings: Any) -> None:
    settings.DEMO = False
    assert "Shenzhen" not in text(client.get("/"))

    settings.DEMO = True
    assert "Shenzhen" in text(client.get("/"))


def test_the_page_says_its_heading_once(client: Client) -> None:
    Town(packs=1)

    assert heading(client.get("/", LISBON)).startswith("Drive away in about")
