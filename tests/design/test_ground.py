"""The ground under the map: that land is where land is, and that each cell is written as a phone reads it."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

GROUND = Path(__file__).resolve().parents[2] / "static" / "ground"
CELLS = sorted(GROUND.glob("*.json"))
Point = tuple[float, float]


def cell_at(latitude: float, longitude: float) -> tuple[dict[str, Any], int, int]:
    south, west = (math.floor(degrees / 10) * 10 for degrees in (latitude, longitude))
    return json.loads((GROUND / f"{south}_{west}.json").read_text()), south, west


def places(numbers: list[int], south: int, west: int) -> list[Point]:
    x = y = 0
    found = []
    for dx, dy in zip(numbers[::2], numbers[1::2], strict=True):
        x, y = x + dx, y + dy
        found.append((south + y / 1000, west + x / 1000))
    return found


def is_land(latitude: float, longitude: float) -> bool:
    """By the even-odd rule, as the map fills it."""
    cell, south, west = cell_at(latitude, longitude)
    crossings = 0
    for ring in cell["land"]:
        corners = places(ring, south, west)
        for (lat_a, lon_a), (lat_b, lon_b) in zip(corners, corners[1:] + corners[:1], strict=True):
            if (lat_a > latitude) != (lat_b > latitude):
                crossings += longitude < lon_a + (latitude - lat_a) / (lat_b - lat_a) * (lon_b - lon_a)
    return crossings % 2 == 1


@pytest.mark.parametrize(
    ("latitude", "longitude", "land"),
    [
        (38.7342, -9.1447, True),  # Lisbon, Saldanha
        (38.6790, -9.1569, True),  # Almada, over the river
        (38.7300, -9.0600, False),  # the Tagus between them
        (13.7563, 100.5018, True),  # Bangkok
        (12.9000, 100.6000, False),  # the Gulf of Thailand
        (22.5431, 114.0579, True),  # Shenzhen
        (38.0000, -9.9000, False),  # the Atlantic
        (42.0000, 50.5000, False),  # the Caspian Sea, a hole in a continent
        (41.1500, -8.6100, True),  # Porto, in another cell than Lisbon
    ],
)
def test_land_is_where_land_is(latitude: float, longitude: float, land: bool) -> None:
    assert is_land(latitude, longitude) == land


def test_the_biggest_town_of_a_cell_is_named_first() -> None:
    cell, south, west = cell_at(38.72, -9.14)

    people = [town[3] for town in cell["towns"]]
    lisbon = next(town for town in cell["towns"] if town[0] == "Lisbon")

    assert people == sorted(people, reverse=True)
    assert (south + lisbon[2] / 1000, west + lisbon[1] / 1000) == pytest.approx((38.72, -9.13), abs=0.02)


def test_spain_and_portugal_have_a_border() -> None:
    cell, south, west = cell_at(39.5, -7.3)

    points = [point for line in cell["borders"] for point in places(line, south, west)]

    assert any(math.dist(point, (39.66, -7.54)) < 0.1 for point in points)


def test_every_cell_stays_in_its_ten_degrees() -> None:
    cells = {path.stem: json.loads(path.read_text()) for path in CELLS}

    strays = [
        name
        for name, cell in cells.items()
        for ring in cell["land"]
        if not all(-0.03 <= degrees <= 10.03 for place in places(ring, 0, 0) for degrees in place)
    ]

    assert len(cells) > 400
    assert strays == []
