"""Stations as a map draws them: complete pins, and what lies under them. Nothing here asks the database."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from booking import map_tiles
from booking.finding import FoundStation
from booking.map_tiles import Tiles
from stations.geo import Place, is_drawn_in_gcj02, wgs84_to_gcj02

RINGS_M = (2_000, 5_000, 10_000)
# What the scale may say: the longest that fits is drawn.
SCALES_M = (50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000)


@dataclass(frozen=True, slots=True)
class Pin:
    """One station. Numbers stand as text, because a page in Portuguese would write 38,7 for 38.7."""

    found: FoundStation
    latitude: str
    longitude: str
    is_best: bool

    @property
    def look(self) -> str:
        """Solid is certain: a pack that is there is drawn solid, a wait dashed, who cannot reserve quietly."""
        if self.found.hindrance or self.found.wait is None:
            return "quiet"
        return "ready" if self.found.is_promised_at_once else "wait"


@dataclass(frozen=True, slots=True)
class StationMap:
    pins: tuple[Pin, ...]
    latitude: str
    longitude: str
    tiles: Tiles
    rings_m: tuple[int, ...] = RINGS_M
    scales_m: tuple[int, ...] = SCALES_M

    @property
    def best(self) -> Pin | None:
        return next((pin for pin in self.pins if pin.is_best), None)

    @property
    def more(self) -> range:
        """How many stations one pin may stand for besides its own."""
        return range(1, len(self.pins))


def drawn(stations: Sequence[FoundStation], *, start: Place | None, best: FoundStation | None = None) -> StationMap:
    """The stations in their order, and where the driver is, all in the datum of what lies under them."""
    tiles = map_tiles.configured()
    here = start
    if start is not None and tiles.is_gcj02 and stations and is_drawn_in_gcj02(stations[0].station.country):
        here = wgs84_to_gcj02(start)
    latitude, longitude = _text(here) if here else ("", "")
    return StationMap(tuple(_pin(one, tiles, is_best=one is best) for one in stations), latitude, longitude, tiles)


def _pin(found: FoundStation, tiles: Tiles, *, is_best: bool) -> Pin:
    at = found.station.drawn_at if tiles.is_gcj02 else found.station.place
    return Pin(found, *_text(at), is_best=is_best)


def _text(at: Place) -> tuple[str, str]:
    return f"{at.latitude:.6f}", f"{at.longitude:.6f}"
