"""Stations that a driver keeps: theirs alone, at most thirty, with their minutes now."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, override, pgettext

from accounts import deletion, people
from accounts.models import User
from booking import favourites
from booking.models import Favourite
from stations.models import Station
from tests.booking.driving import LISBON, heading, signed_in, text
from tests.factories.accounts import UserFactory
from tests.factories.booking import Town
from tests.factories.stations import StationFactory

pytestmark = pytest.mark.django_db


def address(station: Station) -> str:
    return f"/stations/{station.network.code}/{station.code}/keep/"


def own(page: Any) -> list[tuple[str, bool]]:
    return [(one.found.station.name, one.is_kept) for one in page.context["own"]]


def test_a_heart_keeps_a_station_and_a_second_one_lets_it_go() -> None:
    town = Town(packs=1, name="Canal Street")
    client = signed_in(town.driver("Asha"))

    client.post(address(town.station), {"kept": "1", "next": "/"})
    client.post(address(town.station), {"kept": "1"})
    assert own(client.get("/", LISBON)) == [("Canal Street", True)]

    client.post(address(town.station), {"kept": "0"})
    assert own(client.get("/", LISBON)) == []


def test_another_drivers_favourites_are_not_shown() -> None:
    town = Town(packs=1)
    asha, bala = signed_in(town.driver("Asha")), signed_in(town.driver("Bala"))
    asha.post(address(town.station), {"kept": "1"})

    page = bala.get("/", LISBON)

    assert own(page) == []
    assert page.context["kept_ids"] == ()


def test_where_one_swapped_last_stands_first_even_without_a_place_to_start_from() -> None:
    town = Town(packs=1, name="Canal Street")
    asha = town.driver("Asha")
    town.swaps(town.arrives(town.books(asha)))

    page = signed_in(asha).get("/")

    assert own(page) == [("Canal Street", False)]
    assert "Last used" in text(page)


def test_what_a_filter_hides_or_a_search_does_not_reach_is_kept_in_sight_when_it_is_near() -> None:
    town = Town(packs=1, name="Alone", staffed=False)
    client = signed_in(town.driver("Asha"))
    client.post(address(town.station), {"kept": "1"})

    assert own(client.get("/", LISBON | {"staffed": "1"})) == [("Alone", True)]
    assert own(client.get("/", {"lat": "13.7", "lon": "100.5"})) == []


def test_who_is_not_signed_in_signs_in_and_comes_back_to_one_button(client: Client) -> None:
    town = Town(packs=1, name="Canal Street")
    target = address(town.station)
    assert f'href="{target}"' in client.get("/", LISBON).content.decode()

    for answer in (client.get(target), client.post(target, {"kept": "1"})):
        assert answer.status_code == 302
        assert f"next={target}" in answer["Location"]
    page = signed_in(town.driver("Asha")).get(target)

    assert heading(page) == "Save Canal Street?"
    assert not Favourite.objects.exists()


@pytest.mark.parametrize("language", ["en", "pt", "zh-hans", "th"])
def test_a_saved_station_is_not_called_like_a_kept_pack(language: str) -> None:
    town = Town(packs=1, name="Canal Street")
    asha = town.driver("Asha")
    client = signed_in(asha)
    client.post(address(town.station), {"kept": "1"})
    client.post(reverse("set_language"), {"language": language})

    with override(language):
        kept, saved = gettext("Kept"), pgettext("a favourite station", "Saved")
    page = client.get("/", LISBON).content.decode()

    assert f'<span class="unseen">{saved}</span> Canal Street' in page
    assert saved != kept


def test_the_list_has_an_end() -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")
    for station in StationFactory.create_batch(favourites.MOST, network=town.station.network, owner=town.station.owner):
        favourites.keep(driver=asha, station=station, now=timezone.now())

    with pytest.raises(favourites.TooManyFavourites):
        favourites.keep(driver=asha, station=town.station, now=timezone.now())
    answer = signed_in(asha).post(address(town.station), {"kept": "1"}, headers={"Accept": "application/json"})

    assert answer.status_code == 409
    assert Favourite.objects.filter(driver=asha).count() == favourites.MOST


def test_the_database_keeps_a_station_once() -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")
    Favourite.objects.create(driver=asha, station=town.station, kept_at=timezone.now())

    with pytest.raises(IntegrityError, match="one_favourite_per_driver_and_station"), transaction.atomic():
        Favourite.objects.create(driver=asha, station=town.station, kept_at=timezone.now())


def test_a_heart_leads_back_to_our_pages_only() -> None:
    town = Town(packs=1)
    client = signed_in(town.driver("Asha"))

    assert client.post(address(town.station), {"kept": "1", "next": "/?open=1"})["Location"] == "/?open=1"
    away = client.post(address(town.station), {"kept": "1", "next": "https://evil.example/"})
    assert away["Location"].startswith("/stations/")
    no_address = client.post(address(town.station), {"kept": "1", "next": "somewhere"})
    assert no_address["Location"].startswith("/stations/")


def test_who_has_left_in_another_tab_keeps_no_station() -> None:
    town = Town(packs=1)
    asha: User = UserFactory()
    deletion.delete(person=User.objects.get(pk=asha.pk))

    with pytest.raises(people.PersonDeleted):
        favourites.keep(driver=asha, station=town.station, now=timezone.now())

    assert not Favourite.objects.exists()


def test_a_planned_station_cannot_be_kept() -> None:
    town = Town(packs=1)
    planned = StationFactory(network=town.station.network, owner=town.station.owner, status="planned")

    assert signed_in(town.driver("Asha")).post(address(planned), {"kept": "1"}).status_code == 404


def test_ten_favourites_cost_as_many_queries_as_one() -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")
    client = signed_in(asha)
    favourites.keep(driver=asha, station=town.station, now=timezone.now())
    client.get("/", LISBON)
    with CaptureQueriesContext(connection) as for_one:
        client.get("/")
    for number in range(9):
        other = Town(packs=1, latitude=38.72 + number / 1000)
        favourites.keep(driver=asha, station=other.station, now=timezone.now())
    # What the nights have learned of stations is read once in some minutes.
    client.get("/")

    with CaptureQueriesContext(connection) as for_ten:
        page = client.get("/")

    assert len(own(page)) == 10
    # One more for those that carry another class, and so were not among the stations found.
    assert len(for_ten) <= len(for_one) + 3
