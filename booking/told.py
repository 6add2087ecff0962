"""Sole writer of Told: the forecasts that bookings were given, and what came of them.

One row for a booking and each of its changes: joining, a promise, being here, falling back. It is written within
seconds of the change by a sweep, from the same reading that the pages show; a change that nobody was told about because
no worker ran has no row, and that is all the harm. docs/rules/forecast.md says how long the rows are kept.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import (
    Case,
    DurationField,
    Exists,
    Expression,
    ExpressionWrapper,
    F,
    FloatField,
    OuterRef,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, Extract, Least

from accounts.models import Network
from booking import learned
from booking.forecast import Outlook
from booking.models import Booking, BookingStep, Source, Told
from booking.states import State, Step

# Before the bay there is something to foretell.
FORETOLD = (State.WAITING, State.PROMISED, State.ARRIVED)
# A change that is older is not told about any more: what would be written is no longer what was seen.
TOLD_WITHIN = timedelta(minutes=1)
KEPT_FOR = timedelta(days=60)
# A booking that is not finished after so long will not be.
SETTLED_WITHIN = timedelta(days=2)
AT_A_TIME = 5_000


def due(*, now: datetime) -> list[BookingStep]:
    """Changes of live bookings that have no row yet: of each booking the first. Walk-ins are told by nobody."""
    later = Told.objects.filter(booking=OuterRef("booking"), changed_at__gte=OuterRef("at"))
    steps = (
        BookingStep.objects.filter(booking__state__in=FORETOLD, at__gt=now - TOLD_WITHIN, to_state__in=FORETOLD)
        .exclude(from_state=F("to_state"))
        .exclude(booking__source=Source.WALK_IN)
        .filter(~Exists(later))
        .select_related("booking__station", "booking__line__pack_class")
    )
    first = {step.booking_id: step for step in steps.order_by("-pk")}
    return sorted(first.values(), key=lambda step: step.pk)


def note(booking: Booking, *, occasion: str, changed_at: datetime, outlook: Outlook, at: datetime) -> None:
    """Keep what the booking is told at `at`, after a change of its own; a second time for the same change is nothing.

    `outlook` is as the scenarios gave it; what is shown of it is worked out here, as the pages do.
    """
    group = learned.group_of(booking.line.pack_class_id, at, booking.station.time_zone)
    shown = learned.shown(outlook, network_id=booking.network_id, group=group)
    row = Told(
        network_id=booking.network_id,
        booking=booking,
        occasion=occasion,
        changed_at=changed_at,
        at=at,
        pack_class_id=group[0],
        part_of_day=group[1],
        bay_low=outlook.bay.low,
        bay_likely=outlook.bay.likely,
        bay_high=outlook.bay.high,
        away_low=outlook.away.low,
        away_likely=outlook.away.likely,
        away_high=outlook.away.high,
        ready_chance=outlook.ready,
        shown_bay_low=shown.bay.low,
        shown_bay_likely=shown.bay.likely,
        shown_bay_high=shown.bay.high,
        shown_away_low=shown.away.low,
        shown_away_likely=shown.away.likely,
        shown_away_high=shown.away.high,
        shown_ready_chance=shown.ready,
    )
    Told.objects.bulk_create([row], ignore_conflicts=True)


@transaction.atomic
def settle(*, network: Network) -> int:
    """Write down what came of forecasts whose swaps are finished, by the instants of their bookings; how many.

    Packs were ready when the promise that was kept had been made by the time of being here. What was foretold at a
    station from which the booking has moved says nothing of another's swap: nothing comes of it. In one statement.
    """
    swapped = Booking.objects.filter(pk=OuterRef("booking"), state=State.COMPLETED, started_at__isnull=False)
    here = Coalesce(Least("here_claimed_at", "here_at"), "arrived_at", "started_at")
    was_ready = Case(When(promised_at__lte=here, then=Value(True)), default=Value(False))
    moved = BookingStep.objects.filter(booking=OuterRef("booking"), step=Step.MOVE, at__gt=OuterRef("at"))
    unknown = Told.objects.filter(Exists(swapped), ~Exists(moved), network=network, until_away=None)
    return unknown.update(
        until_bay=Subquery(swapped.annotate(value=_seconds_until("started_at")).values("value")),
        until_away=Subquery(swapped.annotate(value=_seconds_until("ended_at")).values("value")),
        was_ready=Subquery(swapped.annotate(value=was_ready).values("value")),
    )


@transaction.atomic
def forget_old(*, network: Network, now: datetime, at_most: int = AT_A_TIME) -> int:
    """Remove rows that were kept for long enough, and those whose swap never came; how many. Call `settle` before."""
    over = Q(at__lt=now - KEPT_FOR) | Q(until_away=None, at__lt=now - SETTLED_WITHIN)
    numbers = list(Told.objects.filter(over, network=network).values_list("pk", flat=True)[:at_most])
    Told.objects.filter(pk__in=numbers).delete()
    return len(numbers)


def _seconds_until(instant: str) -> Expression:
    """From when it was told to an instant of its booking."""
    lasted = ExpressionWrapper(F(instant) - OuterRef("at"), output_field=DurationField())
    return Cast(Extract(lasted, "epoch"), FloatField())
