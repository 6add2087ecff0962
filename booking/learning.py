"""Sole writer of Learned: what happened in the last 28 days, counted by station and class, and by country and class.

A handful of queries for a network, however many bookings it had. What is counted stands in docs/rules/forecast.md.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import (
    BigIntegerField,
    Count,
    DateTimeField,
    DurationField,
    Expression,
    ExpressionWrapper,
    F,
    FloatField,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
)
from django.db.models.functions import Cast, Coalesce, Extract, ExtractHour, ExtractIsoWeekDay, Least, Ln

from accounts.models import Network
from booking.habits import Experience, Tally, hours_watched
from booking.models import Booking, BookingStep, Learned, MoveOffer, Source
from booking.states import State, Step
from stations.models import Slot, Station

COUNTED_DAYS = 28
# A swap that took less or more is a screen on which somebody forgot to tap.
SOUND_SWAP_SECONDS = (20.0, 3_600.0)
# Below this a drive is a car park.
LEAST_DRIVE_SECONDS = 60
# Who took more than so many times as long had something else to do, and who so much less was somewhere else.
SOUND_DRIVE_RATIO = (0.25, 4.0)

# A station and a pack class; and a country and a pack class.
Scope = tuple[int, int]
Kind = tuple[str, int]


@transaction.atomic
def learn(*, network: Network, now: datetime) -> int:
    """Count the 28 days before `now` anew and put the rows in the place of the old ones; returns how many.

    Locks the network's row before it writes, so that of two runs at the same time the later one's rows stay.
    """
    stations = {station.pk: station for station in Station.objects.filter(network=network)}
    own = count(network=network, stations=stations, since=now - timedelta(days=COUNTED_DAYS), until=now)
    of = {(station_id, pack_class_id): stations[station_id].country for station_id, pack_class_id in own}
    kinds = by_kind({scope: (of[scope], scope[1]) for scope in own}, own)
    rows = [
        Learned(station_id=station_id, country=of[station_id, pack_class_id], pack_class_id=pack_class_id)
        for station_id, pack_class_id in own
    ]
    rows += [Learned(country=country, pack_class_id=pack_class_id) for country, pack_class_id in kinds]
    for row, counted in zip(rows, [*own.values(), *kinds.values()], strict=True):
        row.network, row.until, row.cases, row.counted = network, now, counted.swaps.count, counted.as_json()
    Network.objects.select_for_update(no_key=True).get(pk=network.pk)
    Learned.objects.filter(network=network).delete()
    Learned.objects.bulk_create(rows, batch_size=500)
    return len(rows)


def by_kind(kind_of: Mapping[Scope, Kind], own: Mapping[Scope, Experience]) -> dict[Kind, Experience]:
    """What the stations of each country and class have counted together. No rows, no clock."""
    kinds: dict[Kind, Experience] = {}
    for scope, counted in own.items():
        kind = kind_of[scope]
        kinds[kind] = kinds[kind] + counted if kind in kinds else counted
    return kinds


def count(
    *, network: Network, stations: Mapping[int, Station], since: datetime, until: datetime
) -> dict[Scope, Experience]:
    """By station and class what happened in a half-open period, with an entry for every class that a station serves.

    Who joined is counted for the station, all classes together: they share its bays.
    """
    bookings = Booking.objects.filter(network=network, station__in=stations)
    ended = bookings.filter(ended_at__gte=since, ended_at__lt=until)
    swaps, drives, kept = _tallied(_swaps(ended)), _tallied(_drives(ended)), _kept(ended)
    waits = _waits(ended, since)
    joined = _joined(bookings.filter(joined_at__gte=since, joined_at__lt=until), stations)
    opened = _opened(bookings, stations, since)
    hours = _hours(stations, opened, until)
    return {
        scope: Experience(
            swaps=swaps.get(scope, Tally()),
            drives=drives.get(scope, Tally()),
            kept=kept.get(scope, Tally()),
            left=waits.get(scope, (0, 0.0))[0],
            waited_seconds=waits.get(scope, (0, 0.0))[1],
            joined=joined.get(scope[0], {}),
            hours=hours[scope[0]],
        )
        for scope in _scopes(stations, swaps, kept, waits)
    }


def _scopes(stations: Mapping[int, Station], *counted: Iterable[Scope]) -> list[Scope]:
    served = Slot.objects.filter(station__in=stations).values_list("station_id", "pack_class_id").distinct()
    return sorted({*served, *(scope for several in counted for scope in several)})


def _swaps(ended: QuerySet[Booking]) -> QuerySet[Booking]:
    swapped = ended.filter(state=State.COMPLETED, started_at__isnull=False)
    return swapped.annotate(value=_seconds(F("started_at"), F("ended_at"))).filter(value__range=SOUND_SWAP_SECONDS)


def _drives(ended: QuerySet[Booking]) -> QuerySet[Booking]:
    """Of those who were promised packs before they said where they were: who waits need not set off."""
    drove = ended.exclude(source=Source.WALK_IN).filter(
        drive_seconds__gte=LEAST_DRIVE_SECONDS, position_at__gte=F("promised_at"), here_at__gt=F("position_at")
    )
    took = _seconds(F("position_at"), Least("here_claimed_at", "here_at"))
    return drove.annotate(value=took / Cast("drive_seconds", FloatField())).filter(value__range=SOUND_DRIVE_RATIO)


def _tallied(values: QuerySet[Booking]) -> dict[Scope, Tally]:
    """The logarithm of `value`, by scope."""
    logs = values.annotate(log=Ln("value"))
    rows = logs.values_list("station_id", "line__pack_class_id").annotate(
        cases=Count("pk"), total=Sum("log"), squares=Sum(F("log") * F("log"))
    )
    return {(station, pack_class): Tally(count, total, squares) for station, pack_class, count, total, squares in rows}


def _kept(ended: QuerySet[Booking]) -> dict[Scope, Tally]:
    """Promises with an end: 1 for whose driver came, 0 for who did not; not counted where we failed them before."""
    came = Q(arrived_at__isnull=False)
    promised = ended.filter(promise_ends_at__isnull=False).filter(came | Q(our_fault=False))
    rows = promised.values_list("station_id", "line__pack_class_id").annotate(
        cases=Count("pk"), ones=Count("pk", filter=came)
    )
    # Squares of ones and noughts are themselves.
    return {(station, pack_class): Tally(count, ones, ones) for station, pack_class, count, ones in rows}


def _waits(ended: QuerySet[Booking], since: datetime) -> dict[Scope, tuple[int, float]]:
    """How many drivers gave up waiting, and the seconds that all of them waited without a promise.

    A wait begins with a step that leads to `waiting` and ends with one that leads away: the instants of the latter less
    those of the former are all waits together. They are counted from `since`, where sums of them are exact.
    """
    steps = BookingStep.objects.filter(booking__in=ended.filter(driver__isnull=False))
    begins = ~Q(from_state=State.WAITING) & Q(to_state=State.WAITING)
    ends = Q(from_state=State.WAITING) & ~Q(to_state=State.WAITING)
    gave_up = Q(from_state=State.WAITING, step=Step.CANCEL, by=F("booking__driver"))
    rows = (
        steps.annotate(after=_seconds(Value(since, DateTimeField()), F("at")))
        .values_list("booking__station_id", "booking__line__pack_class_id")
        .annotate(left=Count("pk", filter=gave_up), ended=Sum("after", filter=ends), begun=Sum("after", filter=begins))
    )
    return {
        (station, pack_class): (left, max(0.0, (ended or 0.0) - (begun or 0.0)))
        for station, pack_class, left, ended, begun in rows
    }


def _joined(bookings: QuerySet[Booking], stations: Mapping[int, Station]) -> dict[int, dict[int, int]]:
    """By station and hour of its week, vehicles of all classes that joined: there, wherever they moved since."""
    moves = MoveOffer.objects.filter(booking=OuterRef("pk"), end_reason="moved").order_by("ended_at")
    first = Coalesce(Subquery(moves.values("from_station")[:1]), "station", output_field=BigIntegerField())
    began = bookings.annotate(joined_here=first)
    zones: dict[str, list[int]] = defaultdict(list)
    for station in stations.values():
        zones[station.time_zone].append(station.pk)
    joined: dict[int, dict[int, int]] = defaultdict(dict)
    for zone, there in sorted(zones.items()):
        rows = (
            began.filter(joined_here__in=there)
            .annotate(day=ExtractIsoWeekDay("joined_at", tzinfo=ZoneInfo(zone)))
            .annotate(hour=ExtractHour("joined_at", tzinfo=ZoneInfo(zone)))
            .values_list("joined_here", "day", "hour")
            .annotate(vehicles=Count("pk"))
        )
        for station_id, day, hour, count in rows:
            joined[station_id][(day - 1) * 24 + hour] = count
    return joined


def _opened(bookings: QuerySet[Booking], stations: Mapping[int, Station], since: datetime) -> dict[int, datetime]:
    """From when each station was watched: since it is known here, or since the first booking if that was before."""
    first: dict[int, datetime] = dict(bookings.values_list("station_id").annotate(first=Min("joined_at")))
    return {pk: max(since, min(one.created_at, first.get(pk, one.created_at))) for pk, one in stations.items()}


def _hours(
    stations: Mapping[int, Station], opened: Mapping[int, datetime], until: datetime
) -> dict[int, dict[int, int]]:
    """How often each station saw each hour of its week. Most have been there all the time: counted once for them."""
    same: dict[tuple[datetime, str], dict[int, int]] = {}
    for pk, station in stations.items():
        key = (opened[pk], station.time_zone)
        if key not in same:
            same[key] = hours_watched(opened[pk], until, ZoneInfo(station.time_zone))
    return {pk: same[opened[pk], station.time_zone] for pk, station in stations.items()}


def _seconds(begins: Expression | F, ends: Expression | F) -> Expression:
    lasted = ExpressionWrapper(ends - begins, output_field=DurationField())
    return Cast(Extract(lasted, "epoch"), FloatField())
