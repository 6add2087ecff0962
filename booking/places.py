"""Where a driver starts from: a position, a city of the demo, or what a name means, our own stations before towns."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from booking import geocoding, place_search, station_names
from booking.outside import NoAnswer
from booking.place_search import NamedPlace
from stations.geo import BadCoordinates, Place, place

# A device that is less sure than this is somewhere in a town, not at a place in it.
VAGUE_M = 2_000
# Who is on the road is elsewhere by then.
OLD_AFTER = timedelta(minutes=30)
# A device that says the same again is remembered by the earlier time for so long.
SAID_AGAIN_AFTER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class City:
    """A city to look around in without being there."""

    code: str
    name: str | Promise
    place: Place


CITY_CHIPS = (
    City("lisbon", gettext_lazy("Lisbon"), Place(38.7223, -9.1393)),
    City("bangkok", gettext_lazy("Bangkok"), Place(13.7563, 100.5018)),
    City("shenzhen", gettext_lazy("Shenzhen"), Place(22.5431, 114.0579)),
)
_BY_CODE = {city.code: city for city in CITY_CHIPS}


@dataclass(frozen=True, slots=True)
class Start:
    """Where the drive begins. `called` is what the driver called it; empty when their device said where it is.

    A city is kept by its code, so that it is named in the language of whoever looks.
    """

    place: Place
    called: str = ""
    city: str = ""
    is_vague: bool = False
    said_at: datetime | None = None
    is_old: bool = False

    @property
    def name(self) -> str:
        if self.city in _BY_CODE:
            return str(_BY_CODE[self.city].name)
        if self.called:
            return self.called
        if self.is_old:
            return _("where you were")
        return _("about here") if self.is_vague else _("where you are")

    def kept(self) -> dict[str, object]:
        """For the session: to about a hundred metres, which no drive time notices."""
        return {
            "latitude": round(self.place.latitude, 3),
            "longitude": round(self.place.longitude, 3),
            "called": self.called,
            "city": self.city,
            "is_vague": self.is_vague,
            "said_at": self.said_at.timestamp() if self.said_at else None,
        }

    def is_as_kept(self, kept: object) -> bool:
        """Whether the session says this already: the same place, said at about the same time."""
        now = self.kept()
        if not isinstance(kept, dict) or now | {"said_at": None} != kept | {"said_at": None}:
            return False
        said, before = now["said_at"], kept.get("said_at")
        if not isinstance(said, float) or not isinstance(before, float):
            return said == before
        return abs(said - before) < SAID_AGAIN_AFTER.total_seconds()


def chips() -> tuple[City, ...]:
    """Cities to try; none outside the demo, whose stations are invented."""
    return CITY_CHIPS if settings.DEMO else ()


def city(code: str) -> Start | None:
    known = {c.code: c for c in chips()}.get(code)
    return Start(known.place, city=known.code) if known else None


def of_device(*, latitude: float, longitude: float, accuracy_m: float | None, now: datetime) -> Start:
    """Raises geo.BadCoordinates."""
    is_vague = accuracy_m is not None and not accuracy_m <= VAGUE_M
    return Start(place(latitude=latitude, longitude=longitude), is_vague=is_vague, said_at=now)


def from_kept(kept: object, *, now: datetime) -> Start | None:
    """What the session remembers, or None when it is not what we wrote there."""
    if not isinstance(kept, dict):
        return None
    latitude, longitude, said = kept.get("latitude"), kept.get("longitude"), kept.get("said_at")
    if not isinstance(latitude, float) or not isinstance(longitude, float):
        return None
    try:
        at = place(latitude=latitude, longitude=longitude)
    except BadCoordinates:
        return None
    said_at = datetime.fromtimestamp(said, UTC) if isinstance(said, float) else None
    return Start(
        at,
        called=str(kept.get("called", "")),
        city=str(kept.get("city", "")),
        is_vague=bool(kept.get("is_vague")),
        said_at=said_at,
        is_old=said_at is not None and now - said_at > OLD_AFTER,
    )


def meant(words: str, *, near: Place | None) -> list[NamedPlace]:
    """The place that these words mean, or several among which the driver chooses; empty when nobody knows any.

    Our stations come first, then the operator's geocoder, then the names of towns; a town of just that name before a
    station with the words somewhere in its address. May ask a server, so not in a transaction.
    """
    words = " ".join(words.split())
    if station := station_names.called(words):
        return [station]
    towns = place_search.meant(words, near=near)
    if not towns.are_whole and (station := station_names.with_words(words)):
        return [station]
    try:
        return geocoding.meant(words) or towns.places
    except NoAnswer:
        return towns.places


def suggestions(words: str, *, near: Place | None) -> list[NamedPlace]:
    """While somebody types: our stations, then towns. Nobody outside is asked."""
    words = " ".join(words.split())
    if len(words) < 2 and words.isascii():
        return []
    stations = station_names.beginning_with(words, limit=3)
    return [*stations, *place_search.suggestions(words, near=near)][: place_search.SHOWN]
