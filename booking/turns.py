"""Whose turn comes soon, by the forecast: who is told so while the app is closed (docs/rules/notices.md)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db.models import CharField, Exists, F, OuterRef, Q
from django.db.models.functions import Cast

from booking import line, snapshot
from booking.line_rules import turn_is_soon
from booking.models import Booking, BookingStep, Notice
from booking.notice_kinds import SOON
from booking.snapshot import Standing
from booking.states import State, Step

# Whoever has just joined, moved or fallen back has the answer before their eyes.
JUST_SEEN = timedelta(minutes=5)


def unaware(now: datetime) -> dict[int, list[Booking]]:
    """By station the drivers who wait, have not been told, and have had no news of their own for a while."""
    news = BookingStep.objects.filter(~Q(from_state=F("to_state")) | Q(step=Step.MOVE), at__gt=now - JUST_SEEN)
    told = Q()
    for state, kind in SOON.items():
        mine = Notice.objects.filter(booking=OuterRef("pk"), kind=kind, occasion=Cast(OuterRef("station"), CharField()))
        told |= Q(Exists(mine), state=state)
    waiting = Booking.objects.filter(state__in=SOON, driver__isnull=False, called_at=None)
    rows = waiting.exclude(told).exclude(Exists(news.filter(booking=OuterRef("pk"))))
    found: dict[int, list[Booking]] = defaultdict(list)
    for booking in rows.select_related("station").order_by("station", "pk"):
        found[booking.station_id].append(booking)
    return found


def soon(*, station_id: int, bookings: Collection[Booking], now: datetime) -> list[Booking]:
    """Those of a station's bookings whose turn is likely to come about when they can be there, in a handful of queries.

    Where the station has stopped nothing is foretold, and no turn comes.
    """
    standings = snapshot.take(station_id).standings
    return [b for b in bookings if b.pk in standings and _is_soon(b, standings[b.pk], now)]


def _is_soon(booking: Booking, standing: Standing, now: datetime) -> bool:
    wait = standing.wait if booking.state == State.WAITING else standing.bay_wait
    if standing.state != booking.state or wait is None:
        return False
    arrives_in = 0.0 if booking.state == State.ARRIVED else booking.arrives_in(now)
    return turn_is_soon(wait.likely_seconds, arrives_in=arrives_in, terms=line.terms_of(booking.station))
