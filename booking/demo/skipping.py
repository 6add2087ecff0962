"""The demo's clock: minutes pass for one booking, because the database's clock is not ours to move."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import F

from booking import history, line, promises
from booking.models import Booking, Offer
from booking.states import LIVE, State

_INSTANTS = [
    field.attname
    for field in Booking._meta.concrete_fields
    if field.attname.endswith("_at") or field.attname in ("gathering_since", "pay_by")
]


def skip(*, booking: Booking, minutes: int) -> Booking:
    """Everything about this booking happened so much earlier; what ends by that, ends. Its place in line stays.

    The history stays as it was: it says what really happened. Locks the line.
    """
    passed = timedelta(minutes=minutes)
    # A place in line and its order belong to others too.
    moved = {name: F(name) - passed for name in _INSTANTS if name != "joined_at"}
    with line.locked(booking.line_id) as held:
        booking = held.booking(booking.pk)
        if booking.state in LIVE:
            Booking.objects.filter(pk=booking.pk).update(**moved)
            Offer.objects.open().filter(booking=booking).update(
                made_at=F("made_at") - passed, ends_at=F("ends_at") - passed
            )
            booking.refresh_from_db()
            if booking.state == State.PROMISED:
                promises.keep_until(booking=booking, until=booking.pay_by or booking.lapses_at)
            held.mark_changed(booking.line_id)
            line.settle(held, held.lines[booking.line_id])
    return history.fresh(booking)
