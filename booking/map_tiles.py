"""What lies under the stations of a map: our own ground alone, an archive of vector tiles, or a server of pictures.

Which one the operator says with MAP_TILES. What is said wrongly is told before Swapline starts (config.checks).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from django.conf import settings

Kind = Literal["", "vector", "raster"]
ARCHIVE = ".pmtiles"
# The vector tiles that we know how to draw are made of this.
OPENSTREETMAP = "© OpenStreetMap"


class BadTiles(ValueError):
    """MAP_TILES, MAP_ATTRIBUTION or MAP_DATUM do not say what can be drawn."""


@dataclass(frozen=True, slots=True)
class Tiles:
    """What a page needs to know. `origin` is the other site that it may ask, `archive` the file that we serve."""

    kind: Kind = ""
    url: str = ""
    origin: str = ""
    attribution: str = ""
    archive: Path | None = None
    is_gcj02: bool = False


def configured() -> Tiles:
    return tiles(settings.MAP_TILES, attribution=settings.MAP_ATTRIBUTION, datum=settings.MAP_DATUM)


def tiles(said: str, *, attribution: str, datum: str) -> Tiles:
    """Raises BadTiles."""
    if datum not in {"wgs84", "gcj02"}:
        raise BadTiles(f"MAP_DATUM is {datum!r}; it can be wgs84 or gcj02.")
    is_gcj02 = datum == "gcj02"
    if not said:
        return Tiles()
    address = urlsplit(said)
    if not address.scheme and said.endswith(ARCHIVE):
        return Tiles("vector", "", "", attribution or OPENSTREETMAP, Path(said), is_gcj02)
    if address.scheme not in {"http", "https"} or not address.netloc or set(address.netloc) & set("{};, '\""):
        raise BadTiles("MAP_TILES is neither a .pmtiles file nor an http address of one server.")
    origin = f"{address.scheme}://{address.netloc}"
    if address.path.endswith(ARCHIVE):
        return Tiles("vector", said, origin, attribution or OPENSTREETMAP, None, is_gcj02)
    if not all(part in said for part in ("{z}", "{x}", "{y}")):
        raise BadTiles("MAP_TILES is neither a .pmtiles archive nor an address with {z}, {x} and {y} in it.")
    if not attribution:
        raise BadTiles("MAP_TILES without MAP_ATTRIBUTION: whose map it is must stand on it.")
    return Tiles("raster", said, origin, attribution, None, is_gcj02)


def asks_the_public_server(drawn: Tiles) -> bool:
    """OpenStreetMap's own tile server is run on donations, for people who edit the map."""
    host = urlsplit(drawn.origin).hostname or ""
    return host == "openstreetmap.org" or host.endswith(".openstreetmap.org")
