"""Addresses by name from the operator's own geocoder, which answers as Nominatim does. Asked by the server alone.

At most one question a second, as the usage policy of public Nominatim servers wants it; whoever comes in the same
second is answered from our own table of names.
"""

from __future__ import annotations

import hashlib
import math
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.utils.translation import get_language

from booking import outside
from booking.outside import NoAnswer
from booking.place_search import NamedPlace, distinct
from stations import geo

KEPT_SECONDS = 86_400
EVERY_SECONDS = 1
MOST = 6
# Results nearer to each other than this are one place: a street's two ends, a town and its centre.
APART_M = 20_000.0


def meant(words: str) -> list[NamedPlace]:
    """What the geocoder knows by these words, best first. Raises NoAnswer, also without a geocoder.

    Must not be called in a transaction or under a lock.
    """
    if not settings.GEOCODER_URL:
        raise NoAnswer("there is no geocoder")
    language = get_language() or "en"
    # Only a hash: what people searched for is nobody's business in a cache.
    key = "geocoder:" + hashlib.sha256(f"{settings.GEOCODER_URL} {language} {words.casefold()}".encode()).hexdigest()
    kept = cache.get(key)
    if kept is None:
        kept = _asked(words, language)
        cache.set(key, kept, KEPT_SECONDS)
    return distinct([NamedPlace(name, where, geo.Place(*at)) for name, where, at in kept], apart_m=APART_M)


def _asked(words: str, language: str) -> list[tuple[str, str, tuple[float, float]]]:
    if not cache.add("geocoder:turn", 1, EVERY_SECONDS):
        raise NoAnswer("somebody asked within this second")
    server = outside.server(settings.GEOCODER_URL)
    answer = server.get("/search", headers={"Accept-Language": language}, format="jsonv2", q=words, limit=str(MOST))
    if not isinstance(answer, list):
        raise NoAnswer("not a list of places")
    return [found for one in answer[:MOST] if (found := _understood(one)) is not None]


def _understood(one: Any) -> tuple[str, str, tuple[float, float]] | None:
    """A result's name, the rest of its address and its place; None for what is none."""
    try:
        latitude, longitude, full = float(one["lat"]), float(one["lon"]), one["display_name"]
        at = geo.place(latitude=latitude, longitude=longitude)
    except (KeyError, TypeError, ValueError, OverflowError, geo.BadCoordinates):
        return None
    if not isinstance(full, str) or not full.strip() or "\0" in full or not math.isfinite(latitude + longitude):
        return None
    name, _comma, where = full.partition(",")
    return name.strip()[:120], where.strip()[:200], (at.latitude, at.longitude)
