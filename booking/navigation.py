"""Links to the navigation that a driver uses: chosen by the driver, opened outside of our pages. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

from stations.geo import Place, is_drawn_in_gcj02, wgs84_to_gcj02


@dataclass(frozen=True, slots=True)
class Route:
    """One way to be guided there."""

    name: str
    url: str


def links_to(place: Place, *, country: str, name: str) -> tuple[Route, ...]:
    """What works in the country. Chinese maps draw and expect another datum; elsewhere it is WGS 84."""
    at = wgs84_to_gcj02(place) if is_drawn_in_gcj02(country) else place
    latitude, longitude = f"{at.latitude:.6f}", f"{at.longitude:.6f}"
    apple = Route("Apple Maps", _url("https://maps.apple.com/", daddr=f"{latitude},{longitude}", q=name))
    if is_drawn_in_gcj02(country):
        to = {"to": f"{longitude},{latitude},{name}", "coordinate": "gaode", "callnative": "1"}
        return Route("Amap", _url("https://uri.amap.com/navigation", **to)), apple
    google = _url("https://www.google.com/maps/dir/", api="1", destination=f"{latitude},{longitude}")
    return Route("Google Maps", google), apple


def _url(address: str, **query: str) -> str:
    return f"{address}?{urlencode(query)}"
