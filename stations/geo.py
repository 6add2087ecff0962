"""Places on earth: whether a coordinate can be, how far apart two are, and the map datum of mainland China."""

from __future__ import annotations

import math
from typing import NamedTuple

from django.utils.translation import gettext as _

from accounts.refusals import Refusal

# Mean radius R1 of the earth, International Union of Geodesy and Geophysics (Moritz, Geodetic Reference System 1980).
EARTH_RADIUS_M = 6_371_008.8

# How much longer a drive is than the straight line, and how fast a city is. Assumptions until drives are measured:
# ratios of road to straight line by country lie mostly between 1.2 and 1.5 (Ballou, Rahardja and Sakai, "Selected
# country circuity factors for road travel distance estimation", Transportation Research Part A 36, 2002).
CIRCUITY = 1.3
CITY_SPEED_KMH = 30.0


class BadCoordinates(Refusal):
    """Numbers that are no place on earth."""

    code = "bad_coordinates"


class Place(NamedTuple):
    latitude: float
    longitude: float


def place(*, latitude: float, longitude: float) -> Place:
    """The place, or the reason why there is none. Not-a-number and infinities fail every comparison here.

    Rounded to a tenth of a millimetre: the database refuses to multiply numbers that are all but zero.
    """
    if not -90.0 <= latitude <= 90.0:
        raise BadCoordinates(_("A latitude lies between -90 and 90 degrees."))
    if not -180.0 <= longitude <= 180.0:
        raise BadCoordinates(_("A longitude lies between -180 and 180 degrees."))
    return Place(round(latitude, 9), round(longitude, 9))


def on_unit_sphere(at: Place) -> tuple[float, float, float]:
    latitude, longitude = math.radians(at.latitude), math.radians(at.longitude)
    across = math.cos(latitude)
    return across * math.cos(longitude), across * math.sin(longitude), math.sin(latitude)


def distance_m(a: Place, b: Place) -> float:
    """Great-circle distance in metres.

    Half the angle is had from the chord between the places and the chord to the opposite place together, which is
    exact for neighbours as for antipodes; the usual arc cosine and haversine lose their digits at one end each.
    """
    here, there = on_unit_sphere(a), on_unit_sphere(b)
    opposite = (-there[0], -there[1], -there[2])
    return 2.0 * EARTH_RADIUS_M * math.atan2(math.dist(here, there), math.dist(here, opposite))


def drive_seconds(distance_m: float, *, speed_kmh: float = CITY_SPEED_KMH) -> int:
    """Our estimate of a drive, from the straight line."""
    return round(distance_m * CIRCUITY * 3.6 / speed_kmh)


# --- GCJ-02, the datum of maps in mainland China ---------------------------------------------------------------------
# The transformation is not published. The series below is the one found by comparing places in both datums and used
# by map software ever since; semi-axis and eccentricity are those of the Krasovsky 1940 ellipsoid.
_KRASOVSKY_A_M = 6_378_245.0
_KRASOVSKY_E2 = 0.00669342162296594323


def wgs84_to_gcj02(at: Place) -> Place:
    """Where a Chinese map draws a place. Outside the rectangle around China nothing is moved.

    The rectangle covers neighbours too (Thailand, say): whether the datum is in use at a place is known from its
    country, see `is_drawn_in_gcj02`.
    """
    if not _is_around_china(at):
        return at
    x, y = at.longitude - 105.0, at.latitude - 35.0
    latitude = math.radians(at.latitude)
    w = 1.0 - _KRASOVSKY_E2 * math.sin(latitude) ** 2
    metres_per_radian_north = _KRASOVSKY_A_M * (1.0 - _KRASOVSKY_E2) / (w * math.sqrt(w))
    metres_per_radian_east = _KRASOVSKY_A_M / math.sqrt(w) * math.cos(latitude)
    return Place(
        at.latitude + math.degrees(_shift_north_m(x, y) / metres_per_radian_north),
        at.longitude + math.degrees(_shift_east_m(x, y) / metres_per_radian_east),
    )


def gcj02_to_wgs84(at: Place) -> Place:
    """The place that a Chinese map draws here: found by stepping back by the error until it is below a centimetre."""
    if not _is_around_china(at):
        return at
    guess = at
    for _step in range(10):
        drawn = wgs84_to_gcj02(guess)
        north, east = at.latitude - drawn.latitude, at.longitude - drawn.longitude
        guess = Place(guess.latitude + north, guess.longitude + east)
        if abs(north) < 1e-7 and abs(east) < 1e-7:
            break
    return guess


def is_drawn_in_gcj02(country: str) -> bool:
    """Whether maps and navigation of the country (ISO 3166-1 alpha-2) expect GCJ-02."""
    return country == "CN"


def _is_around_china(at: Place) -> bool:
    return 0.8293 <= at.latitude <= 55.8271 and 72.004 <= at.longitude <= 137.8347


def _shift_north_m(x: float, y: float) -> float:
    return (
        -100.0
        + 2.0 * x
        + 3.0 * y
        + 0.2 * y * y
        + 0.1 * x * y
        + 0.2 * math.sqrt(abs(x))
        + _waves(x, (20.0, 6.0), (20.0, 2.0))
        + _waves(y, (20.0, 1.0), (40.0, 1 / 3), (160.0, 1 / 12), (320.0, 1 / 30))
    )


def _shift_east_m(x: float, y: float) -> float:
    return (
        300.0
        + x
        + 2.0 * y
        + 0.1 * x * x
        + 0.1 * x * y
        + 0.1 * math.sqrt(abs(x))
        + _waves(x, (20.0, 6.0), (20.0, 2.0))
        + _waves(x, (20.0, 1.0), (40.0, 1 / 3), (150.0, 1 / 12), (300.0, 1 / 30))
    )


def _waves(degrees: float, *amplitudes_and_frequencies: tuple[float, float]) -> float:
    return sum(a * math.sin(degrees * f * math.pi) for a, f in amplitudes_and_frequencies) * 2.0 / 3.0
