"""Places by name: what a driver may have meant, best first, from the names of towns in our own table."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from babel import Locale
from django.core.cache import cache
from django.db.models import Case, IntegerField, Value, When
from django.utils.translation import gettext as _

from booking import place_keys, presentation
from booking.models import PlaceName
from payments.presentation import locale
from stations import geo
from stations.geo import Place
from stations.models import Station
from stations.states import StationStatus

# Rows that one search looks at; the exact and the large ones come first.
LOOKED_AT = 120
SHOWN = 8
# A town of the name that is so much larger than all others is meant, unless another lies where we have stations.
MUCH_LARGER = 20
SERVED_KEPT_SECONDS = 600
# Elsewhere a region is told by its largest town.
REGIONS_HAVE_NAMES = {"US"}


@dataclass(frozen=True, slots=True)
class NamedPlace:
    """One place that a name may mean, and what tells it from others of its name."""

    name: str
    where: str
    place: Place


@dataclass(frozen=True, slots=True)
class Meant:
    """Places, best first, and whether the words are their whole names or only the beginning."""

    places: list[NamedPlace]
    are_whole: bool


@dataclass(frozen=True, slots=True)
class _Candidate:
    row: PlaceName
    is_exact: bool
    is_served: bool
    score: float


def suggestions(words: str, *, near: Place | None, limit: int = SHOWN) -> list[NamedPlace]:
    """Places whose name begins so, best first: whole names, then large ones, near ones, and where we have stations."""
    return _told_apart([candidate.row for candidate in _candidates(words, near=near)[:limit]])


def meant(words: str, *, near: Place | None) -> Meant:
    """The one place that these words mean, or those among which only the driver can choose.

    Whole names count before beginnings. A namesake much smaller than the best is left out, unless it lies in a country
    in which we have stations and the best does not.
    """
    found = _candidates(words, near=near)
    whole = [c for c in found if c.is_exact]
    sought = whole or found
    likely = [c for c in sought if c is sought[0] or _is_rival(c, sought[0])]
    return Meant(_told_apart([c.row for c in likely[:SHOWN]]), are_whole=bool(whole))


def _is_rival(other: _Candidate, best: _Candidate) -> bool:
    if other.is_served and not best.is_served:
        return True
    return other.row.population * MUCH_LARGER > best.row.population


def _candidates(words: str, *, near: Place | None) -> list[_Candidate]:
    name, *rest = words.split(",")
    key, hints = place_keys.key(name), [hint for part in rest if (hint := place_keys.key(part))]
    if not key or (len(key) < 2 and key.isascii()):
        return []
    served = served_countries()
    rows = [row for row in _rows(key) if all(_fits(row, hint) for hint in hints)]
    candidates = [
        _Candidate(row, row.key == key, row.country in served, _score(row, served=served, near=near)) for row in rows
    ]
    return sorted(candidates, key=lambda c: (not c.is_exact, -c.score, c.row.town))


def _rows(key: str) -> list[PlaceName]:
    """One row per town, by the name that fits best."""
    is_exact = Case(When(key=key, then=Value(0)), default=Value(1), output_field=IntegerField())
    found: dict[int, PlaceName] = {}
    rows = PlaceName.objects.filter(key__startswith=key).order_by(is_exact, "-is_main", "-population", "key")
    for row in rows[:LOOKED_AT]:
        found.setdefault(row.town, row)
    return list(found.values())


def _score(row: PlaceName, *, served: Collection[str], near: Place | None) -> float:
    """In steps of ten times as many people: two for its usual name, three where we are, up to three near."""
    score = math.log10(row.population + 10) + 2.0 * row.is_main + 3.0 * (row.country in served)
    if near is not None:
        away_m = geo.distance_m(near, Place(row.latitude, row.longitude))
        score += 3.0 * math.exp(-away_m / 200_000)
    return score


def _fits(row: PlaceName, hint: str) -> bool:
    """Whether what stands behind a comma is the place's country or region, in the driver's language or in English."""
    names = {row.country, row.region, country_name(row.country), country_name(row.country, "en")}
    return any(place_keys.key(name).startswith(hint) for name in names if name)


def served_countries() -> frozenset[str]:
    """Countries in which we have open stations."""
    kept = cache.get("served_countries")
    if kept is None:
        rows = Station.objects.filter(status=StationStatus.OPEN).order_by("country").values_list("country", flat=True)
        kept = sorted(rows.distinct())
        cache.set("served_countries", kept, SERVED_KEPT_SECONDS)
    return frozenset(kept)


def country_name(code: str, language: str | None = None) -> str:
    return str(Locale.parse(language or locale()).territories.get(code, code))


def _told_apart(rows: Sequence[PlaceName]) -> list[NamedPlace]:
    """Two towns that one region calls alike go by what else they are called, or by how large they are."""
    places = [_named(row) for row in rows]
    times = Counter((place.name, place.where) for place in places)
    twins = [row.town for row, place in zip(rows, places, strict=True) if times[place.name, place.where] > 1]
    if not twins:
        return places
    usual = dict(PlaceName.objects.filter(town__in=twins, is_main=True).values_list("town", "name"))
    return [
        replace(place, where=f"{_mark(row, usual)}, {place.where}") if row.town in twins else place
        for row, place in zip(rows, places, strict=True)
    ]


def _mark(row: PlaceName, usual: Mapping[int, str]) -> str:
    name = usual.get(row.town, row.name)
    people = presentation.number(row.population, 0)
    return name if name != row.name else _("%(people)s people") % {"people": people}


def _named(row: PlaceName) -> NamedPlace:
    country = country_name(row.country)
    words = {"region": row.region, "country": country}
    if row.country in REGIONS_HAVE_NAMES:
        where = _("%(region)s, %(country)s") % words
    else:
        where = _("region of %(region)s, %(country)s") % words if row.region else country
    return NamedPlace(row.name, where, Place(row.latitude, row.longitude))


def distinct(places: Sequence[NamedPlace], *, apart_m: float) -> list[NamedPlace]:
    """Without those that lie next to one before them: a town and its station are one place to a driver."""
    kept: list[NamedPlace] = []
    for place in places:
        if all(geo.distance_m(place.place, other.place) > apart_m for other in kept):
            kept.append(place)
    return kept
