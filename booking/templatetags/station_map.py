"""Puts a map of stations on a page, and tells the page's policy whose tiles it will ask for."""

from __future__ import annotations

from collections.abc import Sequence

from django import template
from django.template import Context
from django.urls import reverse

from booking import station_map
from booking.finding import Found, FoundStation
from booking.places import Start
from booking.station_map import StationMap

register = template.Library()


@register.simple_tag(takes_context=True)
def map_of(context: Context, shown: Found | FoundStation | str, start: Start | str | None) -> StationMap | None:
    """A search's stations, or one; none without a station. A name that the page does not know comes as ""."""
    stations, best = _stations(shown)
    if not stations:
        return None
    drawn = station_map.drawn(stations, start=start.place if isinstance(start, Start) else None, best=best)
    # config.security lets exactly the pages with a map on them ask the server of the tiles.
    context["request"].map_tiles = drawn.tiles
    return drawn


@register.simple_tag
def tiles_url(drawn: StationMap) -> str:
    """Where the browser has the tiles from: another site, or the archive that we serve."""
    archive = drawn.tiles.archive
    return reverse("tiles", args=(archive.name,)) if archive else drawn.tiles.url


def _stations(shown: Found | FoundStation | str) -> tuple[Sequence[FoundStation], FoundStation | None]:
    if isinstance(shown, Found):
        return shown.stations, shown.best
    return ((shown,), shown) if isinstance(shown, FoundStation) else ((), None)
