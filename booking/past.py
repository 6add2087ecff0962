"""A driver's bookings that are over: found by station, plate, month and state, with the totals of each month."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any, Self
from uuid import UUID

from django.db.models import (
    CharField,
    Count,
    DateTimeField,
    Exists,
    F,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Sum,
    Value,
)
from django.db.models.functions import Coalesce

from accounts.models import User
from booking import footprint, plates, presentation
from booking.models import Booking, Report
from booking.states import OVER, State
from payments.money import Money
from payments.states import PaymentState

PAGE = 20
MONTHS_OFFERED = 36


@dataclass(frozen=True, slots=True)
class Search:
    """What a driver looks for; empty means everything. `month` is "2026-11", `state` a state or "unpaid"."""

    text: str = ""
    month: str = ""
    state: str = ""

    @property
    def is_narrow(self) -> bool:
        return bool(self.text or self.month or self.state)


@dataclass(frozen=True, slots=True)
class Entry:
    """One booking that is over, as a row of the list."""

    public_id: UUID
    station_name: str
    zone: str
    at: datetime
    month: str
    state: str
    no_show: bool
    plate: str
    energy_wh: int | None
    price: Money | None
    is_owed: bool
    refunded: Money | None
    told: str

    @classmethod
    def of_booking(cls, booking: Booking) -> Self:
        zone = booking.station.time_zone
        price = Money(booking.price_minor, booking.tariff.currency) if booking.price_minor is not None else None
        at = booking.started_at or booking.joined_at
        payment = booking.payment
        return cls(
            public_id=booking.public_id,
            station_name=booking.station.name,
            zone=zone,
            at=at,
            month=presentation.month(at, zone),
            state=booking.state,
            no_show=booking.no_show,
            plate=booking.vehicle.plate,
            energy_wh=booking.energy_wh,
            price=price,
            is_owed=payment is not None and payment.state == PaymentState.OWED,
            refunded=payment.refunded if payment is not None and payment.refunded_minor else None,
            told=_told(booking),
        )


@dataclass(frozen=True, slots=True)
class Total:
    """What the swaps of one month came to, all of those that the search finds; a sum for each currency."""

    swaps: int
    energy_wh: int
    sums: tuple[Money, ...]
    co2_saved_g: int


@dataclass(frozen=True, slots=True)
class Month:
    label: str
    total: Total | None
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """`older` is the joining of the last one that is shown, when there are more."""

    months: tuple[Month, ...]
    older: datetime | None


def page(driver: User, search: Search, *, before: datetime | None = None) -> Page:
    """Newest first, in a number of queries that does not grow."""
    found = _found(driver, search)
    older = found.filter(joined_at__lt=before) if before is not None else found
    # One more than a page tells whether there is another.
    rows = list(_complete(older).order_by("-joined_at")[: PAGE + 1])
    shown = rows[:PAGE]
    totals = _totals(found, {_month_of(row) for row in shown})
    months = []
    for key, of_month in groupby(shown, key=_month_of):
        entries = tuple(Entry.of_booking(row) for row in of_month)
        months.append(Month(entries[0].month, totals.get(key), entries))
    return Page(tuple(months), shown[-1].joined_at if len(rows) > PAGE else None)


def last_of(driver: User) -> list[Entry]:
    """The last one, if there is one."""
    return [Entry.of_booking(row) for row in _complete(_found(driver, Search())).order_by("-joined_at")[:1]]


def months_of(driver: User) -> list[str]:
    """The months in which there was something, newest first."""
    keys = _found(driver, Search()).values_list("local_month", flat=True).distinct().order_by("-local_month")
    return list(keys[:MONTHS_OFFERED])


def everything(driver: User, search: Search) -> Iterator[Booking]:
    """All that the search finds, for an export."""
    return _complete(_found(driver, search)).order_by("-joined_at").iterator(chunk_size=500)


def _found(driver: User, search: Search) -> QuerySet[Any]:
    """Months are those of the station's clock, as on the receipt."""
    at = Coalesce("started_at", "joined_at")
    local = Func(F("station__time_zone"), at, function="timezone", output_field=DateTimeField())
    month = Func(local, Value("YYYY-MM"), function="to_char", output_field=CharField())
    rows = Booking.objects.filter(driver=driver, state__in=OVER).annotate(local_month=month)
    if search.text:
        rows = rows.filter(_matches(search.text))
    if search.month:
        rows = rows.filter(local_month=search.month)
    if search.state == "unpaid":
        return rows.filter(payment__state=PaymentState.OWED)
    return rows.filter(state=search.state) if search.state else rows


def _matches(text: str) -> Q:
    plate = plates.normalise(text)
    by_plate = Q(vehicle__plate__contains=plate) if plate else Q(pk=None)
    return (
        Q(station__name__icontains=text)
        | Q(station__city__icontains=text)
        | Q(station__address__icontains=text)
        | by_plate
    )


def _complete(rows: QuerySet[Any]) -> QuerySet[Any]:
    told = Report.objects.filter(booking=OuterRef("pk"))
    complete: QuerySet[Any] = rows.select_related(
        "station", "line__pack_class", "vehicle", "tariff", "payment"
    ).annotate(is_looked_at=Exists(told.open()), is_answered=Exists(told.filter(answered_at__isnull=False)))
    return complete


def _totals(found: QuerySet[Any], months: set[str]) -> dict[str, Total]:
    groups = (
        found.filter(state=State.COMPLETED, local_month__in=months)
        .values("local_month", "tariff__currency", "station__country", "line__pack_class__form")
        .annotate(swaps=Count("pk"), energy=Sum("energy_wh"), price=Sum("price_minor"))
        .order_by("tariff__currency")
    )
    by_month: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for group in groups:
        by_month[group["local_month"]].append(group)
    return {month: _total(of_month) for month, of_month in by_month.items()}


def _total(groups: list[dict[str, Any]]) -> Total:
    sums: dict[str, int] = defaultdict(int)
    for group in groups:
        sums[group["tariff__currency"]] += group["price"]
    return Total(
        swaps=sum(group["swaps"] for group in groups),
        energy_wh=sum(group["energy"] for group in groups),
        sums=tuple(Money(minor, currency) for currency, minor in sums.items()),
        co2_saved_g=sum(
            footprint.saved_g(
                energy_wh=group["energy"], form=group["line__pack_class__form"], country=group["station__country"]
            )
            for group in groups
        ),
    )


def _month_of(row: Booking) -> str:
    month: str = getattr(row, "local_month")  # noqa: B009  # an annotation, which the model does not know
    return month


def _told(booking: Booking) -> str:
    if getattr(booking, "is_looked_at", False):
        return "open"
    return "answered" if getattr(booking, "is_answered", False) or booking.no_show_answered_at is not None else ""
