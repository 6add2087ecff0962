"""Our own stations by what a driver types: name, city or words of the address, however the accents are written."""

from __future__ import annotations

import re
from collections.abc import Sequence

from django.db.models import F, Func, Q, QuerySet, TextField, Value
from django.db.models.functions import Concat, Lower

from booking import place_keys
from booking.place_search import NamedPlace
from stations.geo import Place
from stations.models import Station
from stations.states import StationStatus

# A search for half a city's name should not read the whole table.
LOOKED_AT = 200

_ACCENTED = "áàâãäåçéèêëíìîïñóòôõöøúùûüýÿ"
_PLAIN = "aaaaaaceeeeiiiinoooooouuuuyy"


def called(words: str) -> NamedPlace | None:
    """A station of just that name, else a city amid its stations."""
    key = place_keys.key(words)
    by_name, by_city = (_stations().filter(condition) for condition in (Q(plain_name=key), Q(plain_city=key)))
    return _place_of(by_name, key) or _place_of(by_city, key)


def with_words(words: str) -> NamedPlace | None:
    """A station in whose name, address and city all the words stand, as whole words: "Faro" is not "Farolim"."""
    key, found = place_keys.key(words), _stations()
    for word in key.split():
        # Chinese and Thai have no spaces between words.
        sought = {"plain__regex": rf"\m{re.escape(word)}\M"} if word.isascii() else {"plain__contains": word}
        found = found.filter(**sought)
    return _place_of(found, key) if key else None


def beginning_with(words: str, *, limit: int) -> list[NamedPlace]:
    """Stations of which a word of the name begins so."""
    key = place_keys.key(words)
    if not key:
        return []
    sought = {"plain_name__regex": rf"\m{re.escape(key)}"} if key.isascii() else {"plain_name__contains": key}
    rows = _stations().filter(**sought).order_by("name", "pk").values_list("name", "city", "latitude", "longitude")
    return [NamedPlace(name, city, Place(*at)) for name, city, *at in rows[:limit]]


def _stations() -> QuerySet[Station]:
    everything = Concat("name", Value(" "), "address", Value(" "), "city", output_field=TextField())
    known: QuerySet[Station] = Station.objects.exclude(status=StationStatus.PLANNED).annotate(
        plain_name=_plain(F("name")), plain_city=_plain(F("city")), plain=_plain(everything)
    )
    return known


def _plain(text: F | Concat) -> Func:
    """As place_keys spells the Latin letters of our countries; the database has no other way without an extension."""
    return Func(Lower(text), Value(_ACCENTED), Value(_PLAIN), function="translate", output_field=TextField())


def _place_of(stations: QuerySet[Station], key: str) -> NamedPlace | None:
    found = list(stations.order_by("pk").values_list("name", "city", "latitude", "longitude")[:LOOKED_AT])
    if not found or not key:
        return None
    name, first_city, latitude, longitude = found[0]
    if place_keys.key(first_city) == key:
        return NamedPlace(first_city, "", _middle([(row[2], row[3]) for row in found if row[1] == first_city]))
    return NamedPlace(name, first_city, Place(latitude, longitude))


def _middle(places: Sequence[tuple[float, float]]) -> Place:
    """Of one city's stations: near enough to each other that their mean lies among them."""
    count = len(places)
    return Place(sum(p[0] for p in places) / count, sum(p[1] for p in places) / count)
