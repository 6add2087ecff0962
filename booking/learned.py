"""What the nights have learned, for the forecast: habits of stations, and by how much ranges and chances are adjusted.

Kept in the process for some minutes, since it changes once a night. Who needs the newest at once calls `forget`.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

from booking.calibration import Adjustment, Chances, band
from booking.forecast import Outlook
from booking.habits import Experience, Habits, habits, hour_of_week
from booking.models import CalibrationDay, Learned
from stations.models import Station

KEPT_SECONDS = 300.0

K = TypeVar("K")
V = TypeVar("V")

_NOTHING = Experience()


def habits_at(station_ids: Collection[int], pack_class_id: int, at: datetime) -> dict[int, Habits]:
    """What to expect of the class at each of these stations at that hour; every id has an entry.

    Three queries at most, none for stations that were asked about lately. A station without cases of its own is as
    those of its country and class, in its own network.
    """
    asked = [(station_id, pack_class_id) for station_id in station_ids]
    known = _places.known(asked)
    if unknown := [station_id for station_id, _ in asked if (station_id, pack_class_id) not in known]:
        read = _read(unknown, pack_class_id)
        _places.keep(read)
        known |= read
    return {station_id: known[station_id, pack_class_id].habits(at) for station_id, _ in asked}


def adjustment_of(network_id: int) -> Adjustment:
    """How ranges until driving away are adjusted."""
    return _last_night(network_id).away


def bay_adjustment_of(network_id: int) -> Adjustment:
    """How ranges until the bay are adjusted."""
    return _last_night(network_id).bay


def chances_of(network_id: int) -> Chances:
    """What a chance that the packs are ready has truly been worth."""
    return _last_night(network_id).chances


def group_of(pack_class_id: int, at: datetime, time_zone: str) -> tuple[int, int]:
    """By what ranges are adjusted: the class and the part of the day on the station's clock."""
    there = at.astimezone(ZoneInfo(time_zone))
    return pack_class_id, band(there.hour + there.minute / 60)


def shown(outlook: Outlook, *, network_id: int, group: tuple[int, int]) -> Outlook:
    """The outlook as people see it: its ranges and its chance as such have turned out lately."""
    night = _last_night(network_id)
    return replace(
        outlook,
        bay=night.bay.applied(outlook.bay, group),
        away=night.away.applied(outlook.away, group),
        ready=night.chances.applied(outlook.ready),
    )


def forget() -> None:
    """Ask the database anew. For tests, and for the process that has just learned."""
    _places.clear()
    _nights.clear()


@dataclass(slots=True)
class _Place:
    """A station and class as they were read, and what has been worked out of that, by hour of the week."""

    own: Experience = _NOTHING
    kind: Experience = _NOTHING
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    prior: Habits = field(default_factory=Habits)
    by_hour: dict[int, Habits] = field(default_factory=dict)

    def habits(self, at: datetime) -> Habits:
        hour = hour_of_week(at, self.zone)
        if hour not in self.by_hour:
            self.by_hour[hour] = habits(self.own, self.kind, hour_of_week=hour, prior=self.prior)
        return self.by_hour[hour]


def _read(station_ids: Collection[int], pack_class_id: int) -> dict[tuple[int, int], _Place]:
    stations = Station.objects.in_bulk(station_ids)
    networks = {station.network_id for station in stations.values()}
    rows = Learned.objects.filter(pack_class_id=pack_class_id)
    own = dict(rows.filter(station__in=station_ids).values_list("station_id", "counted"))
    kinds = {
        (network, country): Experience.from_json(counted)
        for network, country, counted in rows.filter(station=None, network__in=networks).values_list(
            "network_id", "country", "counted"
        )
    }
    read = {(station_id, pack_class_id): _Place() for station_id in station_ids}
    return read | {
        (pk, pack_class_id): _Place(
            own=Experience.from_json(own[pk]) if pk in own else _NOTHING,
            kind=kinds.get((station.network_id, station.country), _NOTHING),
            zone=ZoneInfo(station.time_zone),
            # Before anything is known the operator's own word counts, unless it cannot be.
            prior=Habits(swap_seconds=float(max(1, station.swap_seconds))),
        )
        for pk, station in stations.items()
    }


@dataclass(frozen=True, slots=True)
class _Night:
    bay: Adjustment = field(default_factory=Adjustment)
    away: Adjustment = field(default_factory=Adjustment)
    chances: Chances = field(default_factory=Chances)


def _last_night(network_id: int) -> _Night:
    known = _nights.known([network_id])
    if network_id not in known:
        last = CalibrationDay.objects.filter(network=network_id).order_by("-day").first()
        night = _Night()
        if last is not None:
            bay, away = (Adjustment.from_json(kept) for kept in (last.bay_adjustment, last.adjustment))
            night = _Night(bay, away, Chances.from_json(last.chances))
        known = {network_id: night}
        _nights.keep(known)
    return known[network_id]


class _Memory(Generic[K, V]):
    """What was read, and until when it counts. Threads may read the same thing twice, and no harm is done."""

    def __init__(self) -> None:
        self.kept: dict[K, tuple[float, V]] = {}

    def known(self, keys: Collection[K]) -> dict[K, V]:
        """What is kept of these and still counts."""
        now = time.monotonic()
        found = {key: self.kept.get(key) for key in keys}
        return {key: one[1] for key, one in found.items() if one is not None and one[0] > now}

    def keep(self, read: Mapping[K, V]) -> None:
        until = time.monotonic() + KEPT_SECONDS
        self.kept.update({key: (until, value) for key, value in read.items()})

    def clear(self) -> None:
        self.kept.clear()


_places: _Memory[tuple[int, int], _Place] = _Memory()
_nights: _Memory[int, _Night] = _Memory()
