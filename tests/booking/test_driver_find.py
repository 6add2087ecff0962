"""Finding a station: ranked by the time until one drives away, and helpful when there is nothing to show."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import brotli
import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from booking import clock, finding, tasks
from booking.waits import Wait
from payments.money import Money
from stations import geo, upkeep
from tests.booking.driving import LISBON, heading, signed_in, text
from tests.factories.booking import TariffFactory, Town
from tests.factories.stations import BayFactory, PackFactory, StationFactory

pytestmark = pytest.mark.django_db

HERE = geo.Place(38.7300, -9.1400)


def found(town: Town, *, start: geo.Place = HERE, packs: int = 1, **wish: Any) -> finding.Found:
    now, wished = clock.database_now(), finding.Wish(**wish)
    return finding.find(start=start, pack_class=town.pack_class, packs=packs, now=now, wish=wished)


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
    farther = far.stations[0].station.drive_seconds - near.stations[0].station.drive_seconds
    # Drives take somewhat longer than maps say.
    assert farther <= shorter_by <= 1.15 * farther


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


@pytest.mark.parametrize(
    ("wait", "drawn"), [(Wait(0, 0, 0), 0), (Wait(0, 0, 120), 1), (Wait(0, 240, 600), 4), (None, 1)], ids=str
)
def test_a_wait_that_the_words_name_is_drawn_on_the_line(wait: Wait | None, drawn: int) -> None:
    one = replace(found(Town(packs=1)).stations[0], wait=wait)

    assert one.drawn_wait_minutes == drawn
    assert one.drawn_minutes == one.drive_minutes + drawn + one.swap_minutes


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
    town.tariff.valid_from = clock.database_now() + timedelta(days=1)
    town.tariff.save()

    assert found(town).stations[0].hindrance == "no_price"


def test_ten_stations_cost_as_many_queries_as_one() -> None:
    town = Town(packs=1)
    # What the nights have learned of stations is read once in some minutes.
    found(town)
    with CaptureQueriesContext(connection) as for_one:
        found(town)
    for number in range(9):
        another_station(town, latitude=38.72 + number / 1000)
    found(town)

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


def test_the_same_search_again_writes_nothing_into_the_session() -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")
    client, asked = signed_in(asha), LISBON | {"vehicle": str(town.vehicle_of(asha).pk)}
    client.get("/", asked)
    client.get("/", LISBON | {"fits": town.pack_class.code})
    for query in (asked, LISBON | {"fits": town.pack_class.code}):
        client.get("/", query)

        with CaptureQueriesContext(connection) as seen:
            client.get("/", query)

        said = [one["sql"] for one in seen.captured_queries]
        assert [sql for sql in said if sql.startswith(("INSERT", "UPDATE", "DELETE"))] == []


def test_a_position_that_is_said_anew_after_a_while_is_remembered_as_new(client: Client) -> None:
    Town(packs=1)
    client.get("/", LISBON)
    session = client.session
    session["start"] |= {"said_at": session["start"]["said_at"] - 1_801}
    session.save()
    client.get("/", LISBON)

    assert "From where you are" in text(client.get("/"))


@pytest.mark.parametrize("is_known", [True, False])
def test_who_searches_without_end_is_told_to_pause_and_others_are_not(
    settings: Any, client: Client, is_known: bool
) -> None:
    cache.clear()
    settings.SEARCHES_OF_PERSON = settings.SEARCHES_FROM_ADDRESS = 2
    town = Town(packs=1)
    mine, others = (signed_in(town.driver("Asha")), client) if is_known else (client, signed_in(town.driver("Bala")))

    answers = [mine.get("/", LISBON) for _number in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert heading(answers[-1]) == "That was a lot of searches in a minute"
    assert "Wait a minute and search again." in text(answers[-1])
    assert answers[-1]["Retry-After"] == "60"
    assert others.get("/", LISBON).status_code == 200


def test_a_city_that_was_chosen_is_named_in_the_language_of_now(client: Client, settings: Any) -> None:
    settings.DEMO = True
    Town(packs=1)
    client.get("/", {"city": "lisbon"}, headers={"accept-language": "en"})

    assert "From Lisbon" in text(client.get("/", headers={"accept-language": "en"}))
    assert "Desde Lisboa" in text(client.get("/", headers={"accept-language": "pt"}))


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


def test_a_booking_whose_station_has_stopped_does_not_say_that_a_pack_is_the_drivers() -> None:
    town = Town(packs=1, name="Canal Street")
    asha = town.driver("Asha")
    town.books(asha)
    upkeep.mark_station_down(station=town.station, reason="No power.", by=None)
    client = signed_in(asha)

    stopped = text(client.get("/"))
    town.second_station("Alfama Gate")
    tasks.plan_moves()
    offered = text(client.get("/"))

    assert "Canal Street has stopped" in stopped
    assert "Yours until" not in stopped
    assert "Move to Alfama Gate with your place?" in offered


def test_chips_of_cities_are_for_the_demo_alone(client: Client, settings: Any) -> None:
    settings.DEMO = False
    assert "Shenzhen" not in text(client.get("/"))

    settings.DEMO = True
    assert "Shenzhen" in text(client.get("/"))


def test_the_page_says_its_heading_once(client: Client) -> None:
    Town(packs=1)

    assert heading(client.get("/", LISBON)).startswith("About")


# --- Filters ---------------------------------------------------------------------------------------------------------


def test_only_stations_with_all_the_amenities_that_are_wanted() -> None:
    town = Town(packs=1, name="Both", amenities=["coffee", "toilet"])
    another_station(town, name="Coffee", amenities=["coffee"])

    names = [one.station.name for one in found(town, amenities=("coffee", "toilet")).stations]

    assert names == ["Both"]


def test_a_price_limit_leaves_out_what_usually_costs_more_or_has_no_price() -> None:
    town = Town(packs=1, name="Dear")
    town.tariff.price_per_kwh = 2
    town.tariff.save()
    another_station(town, name="Fair")
    another_station(town, name="Unpriced", priced=False)
    limit = next(one.about for one in found(town).stations if one.station.name == "Fair")
    assert limit is not None

    names = [one.station.name for one in found(town, most_minor=limit.amount_minor).stations]

    assert names == ["Fair"]


def chip(page: Any, label: str) -> Any:
    [found_chip] = [one for one in page.context["filters"].chips if one.label == label]
    return found_chip


def test_a_chip_puts_a_wish_on_and_the_same_chip_takes_it_off(client: Client) -> None:
    town = Town(packs=1, name="Canal Street", amenities=["wifi"])
    another_station(town, name="Elsewhere")
    page = client.get("/", LISBON)

    with_wifi = client.get("/" + chip(page, "Wi-Fi").address)
    assert chip(with_wifi, "Wi-Fi").is_on
    assert "Elsewhere" not in text(with_wifi)

    assert "Elsewhere" in text(client.get("/" + chip(with_wifi, "Wi-Fi").address))


def test_filters_are_offered_only_where_stations_differ_by_them(client: Client) -> None:
    Town(packs=1)

    labels = [one.label for one in client.get("/", LISBON).context["filters"].chips]

    assert labels == ["Open now", "With staff"]


def test_filters_that_leave_nothing_say_which_to_take_off_one_tap_each(client: Client) -> None:
    Town(packs=1, name="Canal Street", staffed=False, hours={str(day): [] for day in range(7)})
    client.get("/", LISBON)

    page = client.get("/", {"open": "1", "staffed": "1", "has": "wifi"})

    assert heading(page) == "Your filters leave nothing"
    assert "there is 1 station within reach" in text(page)
    assert {one.address for one in page.context["filters"].on} == {
        "?open=1&staffed=1",
        "?open=1&has=wifi",
        "?staffed=1&has=wifi",
    }


@pytest.mark.parametrize(
    "query",
    [{"most": "-1"}, {"most": "9" * 30}, {"most": "x"}, {"has": "sauna"}, {"has": "\0"}, {"acc": "x"}, {"acc": "nan"}],
)
def test_a_filter_that_cannot_be_is_no_filter(client: Client, query: dict[str, str]) -> None:
    Town(packs=1, name="Canal Street")

    assert "till you drive away from Canal Street" in text(client.get("/", LISBON | query))


# --- States ----------------------------------------------------------------------------------------------------------


def test_when_everything_is_closed_the_first_that_opens_is_the_answer(client: Client) -> None:
    now = clock.database_now().astimezone(ZoneInfo("Europe/Lisbon"))
    tomorrow, day_after = (str((now.weekday() + days) % 7) for days in (1, 2))
    town = Town(packs=1, name="Later", hours={day_after: [["06:30", "22:00"]]})
    another_station(town, name="Sooner", latitude=38.80, hours={tomorrow: [["07:15", "22:00"]]})

    page = client.get("/", LISBON)

    assert heading(page) == "Sooner opens first, at 07:15"


def test_without_a_price_anywhere_nothing_is_promised(client: Client) -> None:
    town = Town(packs=1)
    town.tariff.delete()

    page = client.get("/", LISBON)

    assert heading(page) == "No station can take a booking now"
    assert "No price yet" in text(page)


def test_a_device_that_is_not_sure_where_it_is_is_about_here(client: Client) -> None:
    Town(packs=1)

    assert "From about here" in text(client.get("/", LISBON | {"acc": "2001"}))
    assert "Your device knows only roughly" in text(client.get("/"))
    assert "From where you are" in text(client.get("/", LISBON | {"acc": "2000"}))


def test_a_position_of_long_ago_says_that_it_is(client: Client) -> None:
    Town(packs=1)
    client.get("/", LISBON)
    session = client.session
    session["start"] |= {"said_at": session["start"]["said_at"] - 1_801}
    session.save()

    assert "From where you were" in text(client.get("/"))


def test_the_page_of_a_full_city_is_small(client: Client) -> None:
    town = Town(packs=1)
    for number in range(11):
        another_station(town, latitude=38.72 + number / 1000, amenities=["coffee", "wifi"])

    page = client.get("/", LISBON)

    assert len(page.context["found"].stations) == 12
    assert len(brotli.compress(page.content, quality=5)) < 6_000
