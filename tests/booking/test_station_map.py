"""The pins of a map, as the server sends them: what a page says before and besides any script."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from stations.geo import Place, wgs84_to_gcj02
from tests.booking.driving import LISBON
from tests.factories.booking import Town

pytestmark = pytest.mark.django_db


def map_on(page: Any) -> str:
    found = re.search(r"<section[^>]* data-map .*?</section>", page.content.decode(), flags=re.DOTALL)
    return found[0] if found else ""


def pins(page: Any) -> list[str]:
    """What a screen reader says of each, in order."""
    buttons = re.findall(r"<button class=\"map-pin.*?</button>", map_on(page), flags=re.DOTALL)
    shown = [re.sub(r"<span aria-hidden.*?</span>|<svg.*?</svg>", "", button, flags=re.DOTALL) for button in buttons]
    return [" ".join(html.unescape(re.sub(r"<[^>]+>", "", button)).split()) for button in shown]


def at(page: Any) -> Place:
    found = re.search(r'data-map-pin="[^"]*" data-latitude="([^"]*)" data-longitude="([^"]*)"', map_on(page))
    assert found is not None
    return Place(float(found[1]), float(found[2]))


def test_a_pin_says_its_station_its_minutes_and_whether_a_pack_is_there(client: Client) -> None:
    Town(packs=1, name="Canal Street")

    (said,) = pins(client.get("/", LISBON))

    assert re.fullmatch(r"Canal Street, drive away in about \d+ minutes, a pack is ready", said)


def test_a_pack_that_is_there_is_drawn_solid_and_a_wait_is_not(client: Client) -> None:
    town = Town(packs=1, name="Canal Street")
    assert 'class="map-pin is-ready is-best"' in map_on(client.get("/", LISBON))

    town.books(town.driver("Asha"))
    town.books(town.driver("Bala"))

    assert "is-ready" not in map_on(client.get("/", LISBON))


def test_who_cannot_reserve_there_sees_a_quiet_pin(client: Client) -> None:
    town = Town(packs=1, name="Canal Street")
    town.tariff.delete()

    page = client.get("/", LISBON)

    assert 'class="map-pin is-quiet"' in map_on(page)
    assert pins(page) == ["Canal Street, cannot be reserved now"]


def test_each_pin_names_a_card_of_the_list(client: Client) -> None:
    Town(packs=1, name="Canal Street")
    body = client.get("/", LISBON).content.decode()

    assert set(re.findall(r'data-map-pin="([^"]+)"', body)) == set(re.findall(r'data-on-map="([^"]+)"', body))


def test_coordinates_are_numbers_in_every_language(client: Client, settings: Settings) -> None:
    settings.LANGUAGES = settings.WRITTEN_FOR
    town = Town(packs=1)

    page = client.get("/", LISBON, headers={"accept-language": "pt"})

    assert at(page) == pytest.approx((town.station.latitude, town.station.longitude), abs=1e-6)
    assert f'data-latitude="{town.station.latitude:.6f}"' in map_on(page)


@pytest.mark.parametrize(
    ("tiles", "datum", "moves"), [("", "gcj02", False), ("x.pmtiles", "wgs84", False), ("x.pmtiles", "gcj02", True)]
)
def test_a_chinese_station_is_moved_only_onto_tiles_that_are_drawn_so(
    client: Client, settings: Settings, tiles: str, datum: str, moves: bool
) -> None:
    settings.MAP_TILES, settings.MAP_DATUM = tiles, datum
    shenzhen = Place(22.5431, 114.0579)
    Town(packs=1, country="CN", latitude=shenzhen.latitude, longitude=shenzhen.longitude)

    page = client.get("/", {"lat": str(shenzhen.latitude), "lon": str(shenzhen.longitude)})

    expected = wgs84_to_gcj02(shenzhen) if moves else shenzhen
    assert at(page) == pytest.approx(expected, abs=1e-6)
    start = re.search(r'data-latitude="([^"]*)" data-longitude="([^"]*)"', map_on(page))
    assert start is not None
    assert (float(start[1]), float(start[2])) == pytest.approx(expected, abs=1e-5)


def test_a_page_without_stations_has_no_map(client: Client) -> None:
    Town(packs=1)

    assert map_on(client.get("/")) == ""
    assert map_on(client.get("/", {"lat": "60", "lon": "10"})) == ""


def test_a_stations_own_page_shows_where_it_is(client: Client) -> None:
    town = Town(packs=1, name="Canal Street")

    page = client.get(f"/stations/{town.station.network.code}/{town.station.code}/")

    assert len(pins(page)) == 1
    assert at(page) == pytest.approx((town.station.latitude, town.station.longitude), abs=1e-6)
