"""What happens to a booking between joining and arriving: position, fewer packs, extension, money, cancelling."""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts.models import User
from accounts.refusals import Refusal
from booking import history, line, promises
from booking.line_rules import EXTENSION, cancel_is_no_show
from booking.models import Booking
from booking.placing import WrongPackCount, drive_seconds_to
from booking.states import LIVE, State, Step
from stations import geo


class AlreadyDone(Refusal):
    """What may be done once has been done."""

    code = "already_done"


def update_position(*, booking: Booking, position: geo.Place) -> Booking:
    """Work the drive out anew; a driver who was too far away may be promised now (rule 2). Locks the line."""
    with line.locked(booking.line_id) as held:
        line.settle(held, held.lines[booking.line_id])
        booking = held.booking(booking.pk)
        seconds = drive_seconds_to(position, booking.station)
        history.take(booking, Step.UPDATE_POSITION, at=held.now, drive_seconds=seconds)
        held.mark_changed(booking.line_id)
        line.settle(held, held.lines[booking.line_id])
    return history.fresh(booking)


def take_fewer(*, booking: Booking, packs_wanted: int, by: User) -> Booking:
    """Want fewer packs, and so end the gathering (rule 1). The most it can cost shrinks at capture. Locks the line."""
    with line.locked(booking.line_id) as held:
        booking = held.booking(booking.pk)
        if not 1 <= packs_wanted < booking.packs_wanted:
            raise WrongPackCount(_("Choose fewer packs than the booking wants now, and at least one."))
        history.take(booking, Step.TAKE_FEWER, at=held.now, by=by, packs_wanted=packs_wanted, gathering_since=None)
        held.mark_changed(booking.line_id)
        line.settle(held, held.lines[booking.line_id])
    return history.fresh(booking)


def extend(*, booking: Booking, by: User) -> Booking:
    """Ten minutes more, once, asked for before the end (rule 2). Locks the line.

    Raises AlreadyDone for a second time, StepRefused when no promise runs.
    """
    with line.locked(booking.line_id) as held:
        line.settle(held, held.lines[booking.line_id])
        booking = held.booking(booking.pk)
        if booking.extended_at is not None or booking.promise_budget_seconds is not None:
            # What is left of an earlier promise here is no new promise either: its ten minutes more are in it, or gone.
            raise AlreadyDone(_("A promise can be extended once."))
        history.require(booking, Step.EXTEND)
        assert booking.promise_ends_at is not None
        assert booking.lapses_at is not None
        ends_at = booking.promise_ends_at + EXTENSION
        lapses_at = max(booking.lapses_at, ends_at)
        history.take(
            booking, Step.EXTEND, at=held.now, by=by, extended_at=held.now, promise_ends_at=ends_at, lapses_at=lapses_at
        )
        promises.keep_until(booking=booking, until=booking.pay_by or lapses_at)
        held.mark_changed(booking.line_id)
    return history.fresh(booking)


def cancel(*, booking: Booking, by: User | None, reason: str = "") -> Booking:
    """Give the booking up: packs and money are let go. In a promise's last five minutes it is a no-show (rule 6).

    Locks the line. Raises StepRefused once the swap has begun or the booking is over.
    """
    with line.locked(booking.line_id) as held:
        line.settle(held, held.lines[booking.line_id])
        booking = held.booking(booking.pk)
        late = (
            booking.state == State.PROMISED
            and booking.here_claimed_at is None
            and not booking.our_fault
            and booking.promise_ends_at is not None
            and cancel_is_no_show(promise_ends_at=booking.promise_ends_at, now=held.now)
        )
        history.close(booking, Step.CANCEL, at=held.now, by=by, reason=reason, end_reason="cancelled", no_show=late)
        held.mark_changed(booking.line_id)
        line.settle(held, held.lines[booking.line_id])
    return history.fresh(booking)


def authorise(*, payment_id: int) -> None:
    """The money is certain: `pay_by` no longer ends the promise. Called inside the payment's transaction."""
    booking = Booking.objects.filter(payment_id=payment_id).first()
    if booking is None:
        return
    with line.locked(booking.line_id) as held:
        # Money that comes after `pay_by` comes too late, whether or not a worker has ended the promise: it is let go.
        line.settle(held, held.lines[booking.line_id])
        booking = held.booking(booking.pk)
        if booking.state not in LIVE or booking.authorised_at is not None:
            return
        history.take(booking, Step.AUTHORISE, at=held.now, authorised_at=held.now, pay_by=None)
        if booking.state == State.PROMISED:
            promises.keep_until(booking=booking, until=booking.lapses_at)
        held.mark_changed(booking.line_id)


def refuse_payment(*, payment_id: int, reason: str) -> None:
    """The money is refused: a booking that is not here yet ends without a mark. Locks the line.

    Who is at the station already stays: staff see it at the bay, and the swap is refused until it is settled.
    """
    booking = Booking.objects.filter(payment_id=payment_id).first()
    if booking is None:
        return
    with line.locked(booking.line_id) as held:
        line.settle(held, held.lines[booking.line_id])
        booking = held.booking(booking.pk)
        if booking.state not in (State.WAITING, State.PROMISED) or booking.here_at is not None:
            return
        history.close(booking, Step.REFUSE_PAYMENT, at=held.now, reason=reason, end_reason="payment_refused")
        held.mark_changed(booking.line_id)
        line.settle(held, held.lines[booking.line_id])
