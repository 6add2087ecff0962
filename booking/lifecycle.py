"""What happens to a booking between joining and arriving: position, offers, fewer packs, being late, money, the end."""

from __future__ import annotations

from datetime import timedelta

from django.utils.translation import gettext as _

from accounts.models import User
from accounts.refusals import Refusal
from booking import history, line, offers, promises, standstills
from booking.line_rules import EXTENSION, cancel_is_no_show
from booking.models import Booking
from booking.placing import WrongPackCount, drive_seconds_to
from booking.states import LIVE, State, Step
from payments import checkout
from stations import geo


class AlreadyDone(Refusal):
    """What may be done once has been done."""

    code = "already_done"


class OfferOver(Refusal):
    """The sixty seconds are over, or the pack is not to be had any more."""

    code = "offer_over"


class NotExpected(Refusal):
    """Nobody expects the driver by a certain time: there is nothing to be late for."""

    code = "not_expected"


class NothingToPay(Refusal):
    """Somebody else pays for it, or nobody has to."""

    code = "nothing_to_pay"


class AskedAboutAnother(Refusal):
    """The driver agreed to something else: the booking has changed since the question was on the screen."""

    code = "asked_about_another"


class TooManyPositions(Refusal):
    """A phone tells its position over and over: every phone at the station would be told each time."""

    code = "too_many_positions"


TELL_AGAIN_AFTER = timedelta(minutes=5)
SAME_DRIVE_FOR = timedelta(seconds=10)
POSITIONS_A_MINUTE = 10


def update_position(*, booking: Booking, position: geo.Place, drive_seconds: int | None = None) -> Booking:
    """Note the drive anew; a driver who was too far away may be promised now (rule 2). Locks the line.

    `drive_seconds` is what a router said of it before; without it the straight line is taken. The same drive again
    within ten seconds is no news. Raises TooManyPositions, and StepRefused for who is here already, or not in line any
    more.
    """
    with line.locked(booking.line_id) as held:
        line.settle(held, held.lines[booking.line_id])
        booking = held.booking(booking.pk)
        seconds = drive_seconds_to(position, booking.station) if drive_seconds is None else drive_seconds
        history.require(booking, Step.UPDATE_POSITION)
        heard_at = booking.position_at
        if seconds == booking.drive_seconds and heard_at is not None and held.now - heard_at < SAME_DRIVE_FOR:
            return history.fresh(booking)
        lately = booking.steps.filter(step=Step.UPDATE_POSITION, at__gt=held.now - timedelta(minutes=1))
        if lately.count() >= POSITIONS_A_MINUTE:
            raise TooManyPositions(_("We know where you are. Tell us again in a minute."))
        history.take(booking, Step.UPDATE_POSITION, at=held.now, drive_seconds=seconds, position_at=held.now)
        held.mark_changed(booking.line_id)
        line.settle(held, held.lines[booking.line_id])
    return history.fresh(booking)


def take_fewer(*, booking: Booking, packs_wanted: int, by: User) -> Booking:
    """Want fewer packs, and so end the gathering (rule 1). The most it can cost shrinks at capture. Locks the line.

    Raises WrongPackCount, and StepRefused for a booking that does not wait.
    """
    with line.locked(booking.line_id) as held:
        booking = held.booking(booking.pk)
        if not 1 <= packs_wanted < booking.packs_wanted:
            raise WrongPackCount(_("Choose fewer packs than the booking wants now, and at least one."))
        history.take(booking, Step.TAKE_FEWER, at=held.now, by=by, packs_wanted=packs_wanted, gathering_since=None)
        # What was offered was as many packs as were wanted before.
        line.end_offer(held, booking, reason="fewer")
        held.mark_changed(booking.line_id)
        line.settle(held, held.lines[booking.line_id])
    return history.fresh(booking)


def take_offer(*, booking: Booking, offer_id: int, by: User) -> Booking:
    """Take the packs that are offered, though they are not full: they are promised like any others (rule 11).

    A second tap, and one that comes when a ready pack has become theirs, changes nothing. Locks the line. Raises
    OfferOver for an offer that has ended, or that was made to somebody else.
    """
    with line.locked(booking.line_id) as held:
        line.settle(held, held.lines[booking.line_id])
        booking = held.booking(booking.pk)
        if not _has_packs_by(booking, offer_id):
            _require_offer(booking, offer_id)
            packs = offers.end(booking=booking, reason="taken", now=held.now)
            history.take(booking, Step.TAKE_OFFER, at=held.now, by=by, took_below_target_at=held.now)
            line.promise_chosen(held, booking, packs)
            line.settle(held, held.lines[booking.line_id])
    return history.fresh(booking)


def keep_waiting(*, booking: Booking, offer_id: int, by: User) -> Booking:
    """Say no to the packs that are offered: the place stays, and the next in line is asked (rule 11).

    Locks the line. Raises OfferOver.
    """
    with line.locked(booking.line_id) as held:
        line.settle(held, held.lines[booking.line_id])
        booking = held.booking(booking.pk)
        _require_offer(booking, offer_id)
        offers.end(booking=booking, reason="declined", now=held.now)
        history.take(booking, Step.DECLINE_OFFER, at=held.now, by=by)
        held.mark_changed(booking.line_id)
        line.settle(held, held.lines[booking.line_id])
    return history.fresh(booking)


def tell_late(*, booking: Booking, by: User) -> Booking:
    """Tell the station that the driver will be late. It changes no deadline. Locks the line.

    Raises NotExpected when nobody is expected, AlreadyDone within five minutes of the last time.
    """
    with line.locked(booking.line_id) as held:
        line.settle(held, held.lines[booking.line_id])
        booking = held.booking(booking.pk)
        if booking.state != State.PROMISED or booking.here_claimed_at is not None:
            raise NotExpected(_("Nothing is kept for you until a certain time now, so you cannot be late."))
        if booking.late_told_at is not None and held.now - booking.late_told_at < TELL_AGAIN_AFTER:
            raise AlreadyDone(_("The station knows. You can tell it again after five minutes."))
        history.take(booking, Step.TELL_LATE, at=held.now, by=by, late_told_at=held.now)
        held.mark_changed(booking.line_id)
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


def cancel(*, booking: Booking, by: User | None, reason: str = "", asked: str = "") -> Booking:
    """Give the booking up: packs and money are let go. In a promise's last five minutes it is a no-show (rule 6).

    `asked` is the state in which the driver was asked whether they are sure, if they were. Locks the line. Raises
    StepRefused once the swap has begun or the booking is over, AskedAboutAnother when `asked` is not how it stands.
    """
    with line.locked(booking.line_id) as held:
        line.settle(held, held.lines[booking.line_id])
        booking = held.booking(booking.pk)
        if asked and asked != booking.state and booking.state in LIVE:
            raise AskedAboutAnother(_("Your booking has changed meanwhile, so it was not cancelled. Look at it first."))
        late = (
            booking.state == State.PROMISED
            and booking.here_claimed_at is None
            and not booking.our_fault
            and booking.promise_ends_at is not None
            and cancel_is_no_show(promise_ends_at=booking.promise_ends_at, now=held.now)
            and not standstills.excuses(booking.line_id)
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


def pay(*, booking: Booking, by: User) -> Booking:
    """Try once more to collect what is owed for a finished swap, after a top-up for example. Locks the payment.

    Raises NothingToPay when somebody else pays for it or nobody has to, `checkout.StepRefused` when nothing is owed.
    """
    if booking.payment is None or booking.payment.payer_id != by.pk:
        raise NothingToPay(_("There is nothing that you owe for this booking."))
    checkout.collect_again(payment=booking.payment, by=by)
    return booking


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


def _has_packs_by(booking: Booking, offer_id: int) -> bool:
    """Whether this offer has led to packs already: taken before, or better ones came while the driver decided."""
    answered = booking.offers.filter(pk=offer_id, end_reason__in=("taken", "served"))
    return booking.state in (State.PROMISED, State.ARRIVED) and answered.exists()


def _require_offer(booking: Booking, offer_id: int) -> None:
    offer = offers.open_one_of(booking)
    if offer is None or offer.pk != offer_id:
        raise OfferOver(_("This offer is over. You keep your place in line."))
