"""Distances, refused coordinates, and the Chinese map datum."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stations.geo import (
    EARTH_RADIUS_M,
    BadCoordinates,
    Place,
    distance_m,
    drive_seconds,
    gcj02_to_wgs84,
    is_drawn_in_gcj02,
    place,
    wgs84_to_gcj02,
)

LISBON, BANGKOK, SHENZHEN = Place(38.7223, -9.1393), Place(13.7563, 100.5018), Place(22.5431, 114.0579)
places = st.builds(Place, st.floats(-90, 90), st.floats(-180, 180))
places_in_china = st.builds(Place, st.floats(18, 53), st.floats(74, 134))


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [(90.01, 0), (-91, 0), (0, 180.5), (0, -181), (math.nan, 0), (0, math.nan), (math.inf, 0), (0, -math.inf)],
)
def test_what_is_no_place_on_earth_is_refused_with_a_sentence(latitude: float, longitude: float) -> None:
    with pytest.raises(BadCoordinates) as refusal:
        place(latitude=latitude, longitude=longitude)

    assert "degrees" in refusal.value.sentence


@given(places, places)
def test_there_is_as_far_as_back_and_never_more_than_half_around(a: Place, b: Place) -> None:
    assert distance_m(a, b) == pytest.approx(distance_m(b, a), abs=1e-6)
    assert 0 <= distance_m(a, b) <= math.pi * EARTH_RADIUS_M * (1 + 1e-12)


@given(places, st.floats(1e-7, 1e-3))
def test_a_step_north_is_measured_to_a_millimetre_however_small(at: Place, degrees: float) -> None:
    # The latitude after rounding is what was stepped, not the degrees asked for.
    north = Place(min(90.0, at.latitude + degrees), at.longitude)

    assert distance_m(at, north) == pytest.approx(EARTH_RADIUS_M * math.radians(north.latitude - at.latitude), abs=1e-3)


def test_known_distances() -> None:
    quarter = math.pi * EARTH_RADIUS_M / 2

    assert distance_m(Place(0, 0), Place(90, 77)) == pytest.approx(quarter)
    assert distance_m(Place(12, 180), Place(12, -180)) == pytest.approx(0, abs=1e-6)
    assert distance_m(Place(90, 0), Place(90, 123)) == pytest.approx(0, abs=1e-6)
    assert distance_m(Place(20, 30), Place(-20, -150)) == pytest.approx(2 * quarter)
    assert distance_m(Place(0, 179.999), Place(0, -179.999)) == pytest.approx(222.4, abs=0.1)


def test_ten_kilometres_of_straight_line_are_twenty_six_minutes_in_a_city() -> None:
    assert drive_seconds(10_000) == 26 * 60


def test_a_chinese_map_draws_a_place_in_shenzhen_hundreds_of_metres_away() -> None:
    assert 300 < distance_m(SHENZHEN, wgs84_to_gcj02(SHENZHEN)) < 800


def test_tiananmen_is_where_published_conversions_put_it() -> None:
    drawn = wgs84_to_gcj02(Place(39.908823, 116.397470))

    assert distance_m(drawn, Place(39.910226, 116.403714)) < 1.0


@pytest.mark.parametrize("at", [LISBON, Place(-33.9, 151.2), Place(60, 100), Place(0, 100)])
def test_outside_china_nothing_is_moved(at: Place) -> None:
    assert wgs84_to_gcj02(at) == at
    assert gcj02_to_wgs84(at) == at


def test_the_datum_in_use_is_known_from_the_country_since_bangkok_lies_in_the_rectangle_too() -> None:
    assert wgs84_to_gcj02(BANGKOK) != BANGKOK
    assert not is_drawn_in_gcj02("TH")
    assert is_drawn_in_gcj02("CN")


@given(places_in_china)
def test_there_and_back_is_less_than_a_decimetre(at: Place) -> None:
    assert distance_m(at, gcj02_to_wgs84(wgs84_to_gcj02(at))) < 0.1
