"""Where else a driver gets the same packs when the station of their booking has stopped."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from itertools import islice

from booking import drives, finding, move_targets
from booking.finding import REACH_M, FoundStation, Wish
from booking.models import Booking, Line
from booking.move_targets import Candidate
from stations import queries
from stations.geo import Place

SHOWN = 3
# A whole line has to go somewhere, so more are looked at than one driver would want to read.
LOOKED_AT = 24


def candidates(*, line_id: int, now: datetime) -> list[Candidate]:
    """The stations of the same network in reach that can serve the line's class now, with their drives from its own.

    One search for the whole line. May ask the operator's router, so not in a transaction.
    """
    line = Line.objects.select_related("station__network", "pack_class").get(pk=line_id)
    stopped = line.station
    start = Place(stopped.latitude, stopped.longitude)
    cards = queries.nearby(
        latitude=start.latitude,
        longitude=start.longitude,
        pack_class=line.pack_class,
        now=now,
        limit=LOOKED_AT,
        network=stopped.network,
        open_now=True,
    )
    near = [card for card in cards if card.id != stopped.pk and card.distance_m <= REACH_M]
    seconds = drives.to_places(start, [card.place for card in near]).seconds
    driven = [replace(card, drive_seconds=drive) for card, drive in zip(near, seconds, strict=True)]
    return move_targets.of_cards(driven, pack_class=line.pack_class, now=now)


def of_booking(booking: Booking, *, now: datetime) -> tuple[FoundStation, ...]:
    """The open stations from which one drives away soonest, counted from the one that has stopped.

    May ask the operator's router, so not in a transaction.
    """
    stopped = booking.station
    found = finding.find(
        start=Place(stopped.latitude, stopped.longitude),
        pack_class=booking.line.pack_class,
        packs=booking.packs_wanted,
        now=now,
        wish=Wish(open_now=True),
    )
    others = (one for one in found.stations if one.station.id != stopped.pk and not one.hindrance)
    return tuple(islice(others, SHOWN))
