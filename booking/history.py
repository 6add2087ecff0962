"""The one place where a booking changes state: every step goes by the table, leaves a row and tells its driver."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.models import User
from accounts.refusals import Refusal
from booking import notices, offers, promises
from booking.models import Booking, BookingStep
from booking.states import OVER, State, Step, after
from payments import checkout

_SENTENCES = {
    State.WAITING: _("This booking is still waiting for its packs."),
    State.PROMISED: _("This booking has its packs and is expected, but nobody has confirmed that the driver is here."),
    State.ARRIVED: _("This booking is here and waits for a bay."),
    State.SWAPPING: _("The swap has begun."),
    State.COMPLETED: _("The swap is finished."),
    State.EXPIRED: _("This booking has ended: its time was up."),
    State.CANCELLED: _("This booking was cancelled."),
}


LONGEST_REASON = 500


class StepRefused(Refusal):
    """The table of steps does not lead from the booking's state by the step that was asked for."""

    code = "step_not_possible"

    def __init__(self, booking: Booking, step: Step) -> None:
        self.state, self.step = State(booking.state), step
        super().__init__(str(_SENTENCES[self.state]))


def take(
    booking: Booking,
    step: Step,
    *,
    at: datetime,
    by: User | None = None,
    reason: str = "",
    exception: str = "",
    **changed: Any,
) -> Booking:
    """Take one step: state, the named fields and a history row together. The caller holds the line's lock.

    `at` is the database's clock after the lock. Raises StepRefused for a step that the table does not have.
    """
    to_state = after(booking.state, step)
    if to_state is None:
        raise StepRefused(booking, step)
    from_state = booking.state
    booking.state = to_state
    for name, value in changed.items():
        setattr(booking, name, value)
    booking.save(update_fields=["state", *changed])
    record(booking, step, at=at, by=by, reason=reason, exception=exception, from_state=from_state)
    return booking


def record(
    booking: Booking,
    step: Step,
    *,
    at: datetime,
    by: User | None = None,
    reason: str = "",
    exception: str = "",
    from_state: str = "",
) -> None:
    """Write the history row of a step that has been taken, and what its driver is told of it."""
    BookingStep.objects.create(
        booking=booking,
        step=step,
        from_state=from_state,
        to_state=booking.state,
        at=at,
        by=by,
        reason=reason.replace("\0", "")[:LONGEST_REASON],
        line_id=booking.line_id,
        line_sequence=booking.sequence,
        exception=exception,
    )
    notices.after_step(booking, step, at=at, by=by)


def note_many(
    bookings: Collection[Booking], step: Step, *, at: datetime, reason: str = "", exception: str = ""
) -> None:
    """A step that changes no state, for many bookings at once; the caller tells their drivers, if they are to hear.

    Raises StepRefused when the table does not have it for one of them.
    """
    for booking in bookings:
        if after(booking.state, step) != booking.state:
            raise StepRefused(booking, step)
    BookingStep.objects.bulk_create(
        BookingStep(
            booking=booking,
            step=step,
            from_state=booking.state,
            to_state=booking.state,
            at=at,
            reason=reason[:LONGEST_REASON],
            line_id=booking.line_id,
            line_sequence=booking.sequence,
            exception=exception,
        )
        for booking in bookings
    )


def close(
    booking: Booking,
    step: Step,
    *,
    at: datetime,
    by: User | None = None,
    reason: str = "",
    end_reason: str,
    no_show: bool = False,
) -> Booking:
    """End a booking without a swap: packs and money are let go in the same transaction."""
    take(booking, step, at=at, by=by, reason=reason, ended_at=at, end_reason=end_reason, no_show=no_show)
    assert booking.state in OVER
    promises.end(booking=booking, reason=end_reason, now=at)
    offers.end(booking=booking, reason="ended", now=at)
    if booking.payment is not None:
        checkout.release(payment=booking.payment, reason=end_reason)
    return booking


def require(booking: Booking, step: Step) -> None:
    """Raise StepRefused unless the table has this step; for a writer that must know before it does something else."""
    if after(booking.state, step) is None:
        raise StepRefused(booking, step)


def alone(booking: Booking) -> Booking:
    """The booking as it is now, locked without its line: for what is said about it, which moves nobody."""
    return Booking.objects.select_for_update(of=("self",), no_key=True).get(pk=booking.pk)


def forget_words(*, driver: User) -> None:
    """What the driver gave as a reason goes with them; what staff wrote explains a place in line, and stays."""
    BookingStep.objects.filter(booking__driver=driver, by=driver).update(reason="")


def fresh(booking: Booking) -> Booking:
    """The booking as the database has it now, with what a card needs."""
    return Booking.objects.select_related("station", "line", "vehicle", "tariff", "payment").get(pk=booking.pk)
