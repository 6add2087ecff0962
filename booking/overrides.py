"""Staff overrides: out of turn, with a written reason, limited per shift, and shown to everyone overtaken (rule 8)."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from accounts.models import User
from accounts.refusals import Refusal
from booking import history, line
from booking.models import Booking, BookingStep
from booking.states import Step
from stations.models import Station

SHIFT = timedelta(hours=8)
SHORTEST_REASON = 5


class ReasonMissing(Refusal):
    """Who goes ahead of others needs words that they can read."""

    code = "reason_missing"


class OverrideLimit(Refusal):
    """The shift's overrides are used up."""

    code = "override_limit"


def let_go_first(*, booking: Booking, by: User, reason: str) -> Booking:
    """The next free packs are this booking's, before everyone else's in its line. Locks the line.

    Who is overtaken by it gets a row that says so when the packs are promised. Raises ReasonMissing, OverrideLimit,
    and StepRefused for a booking that does not wait.
    """
    reason = reason.strip()[: history.LONGEST_REASON]
    if len(reason) < SHORTEST_REASON:
        raise ReasonMissing(_("Write down why this booking goes first."))
    with line.locked(booking.line_id) as held:
        line.settle(held, held.lines[booking.line_id])
        booking = held.booking(booking.pk)
        # The lines of a station are several, its overrides are counted together.
        held.bay_queue(booking.station_id)
        check_limit(booking.station, by=by, now=held.now)
        history.take(
            booking,
            Step.GO_FIRST,
            at=held.now,
            by=by,
            reason=reason,
            exception="override",
            goes_first_at=held.now,
            goes_first_reason=reason,
        )
        held.mark_changed(booking.line_id)
        line.settle(held, held.lines[booking.line_id])
    return history.fresh(booking)


def left(*, station: Station, by: User, now: datetime) -> int:
    """How many overrides this person has left at the station in this shift."""
    mine = BookingStep.objects.filter(line__station=station, exception="override", by=by, at__gt=now - SHIFT)
    return max(0, station.override_cap_per_shift - mine.count())


def overtaken_by(*, booking: Booking) -> list[str]:
    """The plates of those who joined the line earlier and wait as well, first to join first: who would be overtaken."""
    before = Booking.objects.in_line(booking.line).waiting().before(booking)
    return list(before.values_list("vehicle__plate", flat=True))


def check_limit(station: Station, *, by: User, now: datetime) -> None:
    """Raise OverrideLimit when this person has used up the shift's overrides. The caller holds the bay queue."""
    if not left(station=station, by=by, now=now):
        raise OverrideLimit(_("The limit of overrides for this shift is reached."))
