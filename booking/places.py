"""Where a driver starts from: a position, one of the demo's cities, or a place name known from our own stations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from stations.geo import Place, place
from stations.models import Station

# A search for half a city's name should not read the whole table.
LOOKED_AT = 200


@dataclass(frozen=True, slots=True)
class City:
    """A city to look around in without being there."""

    code: str
    name: str | Promise
    place: Place


CITY_CHIPS = (
    City("lisbon", _("Lisbon"), Place(38.7223, -9.1393)),
    City("bangkok", _("Bangkok"), Place(13.7563, 100.5018)),
    City("shenzhen", _("Shenzhen"), Place(22.5431, 114.0579)),
)


@dataclass(frozen=True, slots=True)
class Start:
    """Where the drive begins, and what the driver called it."""

    place: Place
    name: str
    city: str = ""

    def kept(self) -> dict[str, object]:
        """For the session: to about a hundred metres, which no drive time notices."""
        return {
            "latitude": round(self.place.latitude, 3),
            "longitude": round(self.place.longitude, 3),
            "name": self.name,
            "city": self.city,
        }


def chips() -> tuple[City, ...]:
    """Cities to try; none outside the demo, whose stations are invented."""
    return CITY_CHIPS if settings.DEMO else ()


def city(code: str) -> Start | None:
    known = {c.code: c for c in chips()}.get(code)
    return Start(known.place, str(known.name), known.code) if known else None


def from_kept(kept: object) -> Start | None:
    """What the session remembers, or None when it is not what we wrote there."""
    if not isinstance(kept, dict):
        return None
    latitude, longitude = kept.get("latitude"), kept.get("longitude")
    if not isinstance(latitude, float) or not isinstance(longitude, float):
        return None
    at = place(latitude=latitude, longitude=longitude)
    return Start(at, str(kept.get("name", "")), str(kept.get("city", "")))


def named(words: str) -> Start | None:
    """The place that these words mean: a station of that name, else a city amid its stations, else an address."""
    words = " ".join(words.split())
    if not words:
        return None
    for condition in (Q(name__iexact=words), Q(city__iexact=words), Q(name__icontains=words)):
        if start := _start_of(Station.objects.filter(condition), words):
            return start
    by_parts = Q()
    for part in words.replace(",", " ").split():
        by_parts &= Q(name__icontains=part) | Q(address__icontains=part) | Q(city__icontains=part)
    return _start_of(Station.objects.filter(by_parts), words)


def _start_of(stations: QuerySet[Station], words: str) -> Start | None:
    found = list(stations.order_by("pk").values_list("name", "city", "latitude", "longitude")[:LOOKED_AT])
    if not found:
        return None
    name, first_city, latitude, longitude = found[0]
    in_city = [(row[2], row[3]) for row in found if row[1] == first_city]
    if first_city.casefold() == words.casefold():
        return Start(_middle(in_city), first_city)
    return Start(Place(latitude, longitude), name)


def _middle(places: Sequence[tuple[float, float]]) -> Place:
    """Of one city's stations: near enough to each other that their mean lies among them."""
    count = len(places)
    return Place(sum(p[0] for p in places) / count, sum(p[1] for p in places) / count)
