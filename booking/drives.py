"""How long the drives from one place to several take: by the operator's router, else worked out from straight lines.

One question per search, whatever the number of places, and none for drives that were asked for a few minutes ago.
Why a router is optional: docs/adr/drive-times.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.cache import cache

from booking import outside
from booking.outside import NoAnswer, Server
from stations import geo
from stations.geo import Place
from stations.models import Station

KEPT_SECONDS = 300
# About a hundred metres: no drive time notices, and neighbours share an answer.
DECIMALS_OF_START = 3
# Faster than this, from start to end in a straight line, nobody drives: the router has put one of them elsewhere. A
# minute more lets places that are almost the same be the same.
FASTEST_M_PER_SECOND, SLACK_SECONDS = 60.0, 60.0
LONGEST_SECONDS = 7 * 86_400


@dataclass(frozen=True, slots=True)
class Drives:
    """Seconds to each place, in the order asked for; whether all of them are a router's."""

    seconds: tuple[int, ...]
    are_routed: bool


def to_places(start: Place, ends: Sequence[Place]) -> Drives:
    """Never raises: what no router tells is worked out. May ask a server, so not in a transaction or under a lock."""
    straight = [geo.distance_m(start, end) for end in ends]
    routed = _routed(_rounded(start), ends) if settings.ROUTING and ends else {}
    told = [_believed(routed.get(end), distance_m) for end, distance_m in zip(ends, straight, strict=True)]
    worked_out = [geo.drive_seconds(distance_m) for distance_m in straight]
    seconds = tuple(round(there if there is not None else here) for there, here in zip(told, worked_out, strict=True))
    return Drives(seconds, are_routed=bool(ends) and None not in told)


def to_station(start: Place | None, station: Station) -> int | None:
    """One drive; None when nobody said where it begins."""
    if start is None:
        return None
    return to_places(start, [Place(station.latitude, station.longitude)]).seconds[0]


def _routed(start: Place, ends: Sequence[Place]) -> dict[Place, float]:
    """What the router says of each, from the cache or asked now; it may know nothing of some or all."""
    keys = {end: _key(start, end) for end in ends}
    kept = cache.get_many(keys.values())
    known = {end: float(kept[key]) for end, key in keys.items() if key in kept}
    missing = [end for end in keys if end not in known]
    if not missing:
        return known
    try:
        fresh = _asked(start, missing)
    except NoAnswer:
        return known
    cache.set_many({keys[end]: seconds for end, seconds in fresh.items()}, KEPT_SECONDS)
    return known | fresh


def _asked(start: Place, ends: Sequence[Place]) -> dict[Place, float]:
    kind, _plus, url = settings.ROUTING.partition("+")
    try:
        answers = ROUTERS[kind](outside.server(url), start, ends)
    except (KeyError, TypeError, IndexError, AttributeError) as nonsense:
        raise NoAnswer(f"{url}: not the shape of {kind}") from nonsense
    if len(answers) != len(ends):
        raise NoAnswer(f"{url}: {len(answers)} answers to {len(ends)} questions")
    return {end: float(answer) for end, answer in zip(ends, answers, strict=True) if _is_duration(answer)}


def _osrm(router: Server, start: Place, ends: Sequence[Place]) -> list[Any]:
    """Table service of OSRM: longitude first, the start as the only source."""
    coordinates = ";".join(f"{at.longitude:.6f},{at.latitude:.6f}" for at in (start, *ends))
    destinations = ";".join(str(number + 1) for number in range(len(ends)))
    answer = router.get(
        f"/table/v1/driving/{coordinates}", sources="0", destinations=destinations, annotations="duration"
    )
    if answer["code"] != "Ok":
        raise NoAnswer(f"{router.url}: {answer['code']}")
    return list(answer["durations"][0])


def _valhalla(router: Server, start: Place, ends: Sequence[Place]) -> list[Any]:
    """Matrix service of Valhalla."""
    places = [{"lat": round(at.latitude, 6), "lon": round(at.longitude, 6)} for at in (start, *ends)]
    answer = router.post("/sources_to_targets", {"sources": places[:1], "targets": places[1:], "costing": "auto"})
    return [cell["time"] for cell in answer["sources_to_targets"][0]]


ROUTERS: dict[str, Callable[[Server, Place, Sequence[Place]], list[Any]]] = {"osrm": _osrm, "valhalla": _valhalla}


def _is_duration(answer: Any) -> bool:
    """A number of seconds; null means that no road leads there."""
    is_number = isinstance(answer, (int, float)) and not isinstance(answer, bool)
    # Compared before anything else: JSON has whole numbers that are too large for a float.
    return is_number and 0 <= answer <= LONGEST_SECONDS


def _believed(seconds: float | None, distance_m: float) -> float | None:
    """The router's answer, unless nobody can drive so fast."""
    if seconds is None or distance_m > FASTEST_M_PER_SECOND * (seconds + SLACK_SECONDS):
        return None
    return seconds


def _rounded(at: Place) -> Place:
    return Place(round(at.latitude, DECIMALS_OF_START), round(at.longitude, DECIMALS_OF_START))


def _key(start: Place, end: Place) -> str:
    return f"drive:{settings.ROUTING}:{start.latitude},{start.longitude}:{end.latitude:.6f},{end.longitude:.6f}"
