"""What is over: the list of swaps, and the receipt of each."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_aware
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.guards import sign_in_required
from booking import presentation, queries
from booking.models import Booking
from booking.views.acting import driver_of
from payments.money import Money
from payments.queries import payment_card

PAGE = 20


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
    energy_wh: int | None
    price: Money | None

    @classmethod
    def of_booking(cls, booking: Booking) -> Self:
        zone = booking.station.time_zone
        price = Money(booking.price_minor, booking.tariff.currency) if booking.price_minor is not None else None
        at = booking.started_at or booking.joined_at
        return cls(
            public_id=booking.public_id,
            station_name=booking.station.name,
            zone=zone,
            at=at,
            month=presentation.month(at, zone),
            state=booking.state,
            no_show=booking.no_show,
            energy_wh=booking.energy_wh,
            price=price,
        )


@never_cache
@sign_in_required
@require_GET
def history(request: HttpRequest) -> HttpResponse:
    """Newest first; `before` is the joining of the last one seen. Whatever cannot be read begins at the top."""
    before = _instant(request.GET.get("before", ""))
    # One more than a page tells whether there is another.
    rows = queries.history_of(driver_of(request), before=before, limit=PAGE + 1)
    older = rows[PAGE - 1].joined_at.isoformat() if len(rows) > PAGE else ""
    entries = [Entry.of_booking(row) for row in rows[:PAGE]]
    return render(request, "booking/history.html", {"entries": entries, "older": older, "is_first": before is None})


@never_cache
@sign_in_required
@require_GET
def receipt(request: HttpRequest, public_id: UUID) -> HttpResponse:
    mine = queries.booking_of(driver_of(request), public_id)
    shown = queries.receipt(mine)
    context = {
        "receipt": shown,
        "receipt_rate": presentation.rate(shown.price_per_kwh, shown.gross.currency),
        "payment": payment_card(public_id),
        "driver": driver_of(request),
    }
    return render(request, "booking/receipt.html", context)


def _instant(text: str) -> datetime | None:
    try:
        found = parse_datetime(text[:40])
    except ValueError:
        return None
    return found if found is not None and is_aware(found) else None
