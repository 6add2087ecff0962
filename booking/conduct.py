"""No-shows: marking, disputing and waiving them, and who books arrive-first because of them (rule 6)."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import people
from accounts.models import User
from accounts.refusals import Refusal
from booking import clock, history, line
from booking.line_rules import ARRIVE_FIRST_FOR, MARKS_COUNT_FOR, Outcome, arrive_first_until
from booking.models import Booking, BookingQuerySet, Vehicle

LONGEST_DISPUTE = 500
LONGEST_ANSWER = 1_000


class NothingToMark(Refusal):
    """There is no ended promise, or no mark, that this could be about."""

    code = "nothing_to_mark"


class MarkedAlready(Refusal):
    """The mark is made, or disputed, already."""

    code = "marked_already"


class ReasonMissing(Refusal):
    """A mark stays only for a reason that its driver can read."""

    code = "reason_missing"


def arrive_first(*, driver: User | None, vehicle: Vehicle, now: datetime) -> datetime | None:
    """Until when this driver or vehicle is promised packs only when here (rule 6), or None."""
    until = [_arrive_first_of(Booking.objects.of_vehicle(vehicle), now)]
    if driver is not None:
        until.append(arrive_first_of_driver(driver=driver, now=now))
    return max((ends for ends in until if ends is not None), default=None)


def arrive_first_of_driver(*, driver: User, now: datetime) -> datetime | None:
    """Until when this driver's own marks count, whatever they drive, or None."""
    return _arrive_first_of(Booking.objects.filter(driver=driver), now)


def _arrive_first_of(bookings: BookingQuerySet, now: datetime) -> datetime | None:
    since = now - MARKS_COUNT_FOR - ARRIVE_FIRST_FOR
    rows = bookings.filter(joined_at__gte=since).values_list("joined_at", "ended_at", "no_show")
    return arrive_first_until([Outcome(*row) for row in rows], now)


def forget_words(*, driver: User) -> None:
    """What a driver wrote and what they were answered, and how far away they were: gone when the driver is.

    Their bookings are over.
    """
    Booking.objects.filter(driver=driver).update(
        no_show_dispute="", no_show_answer="", drive_seconds=None, position_at=None
    )


def mark_no_show(*, booking: Booking) -> Booking:
    """Staff mark a no-show, only after the promise has ended (rule 6). Locks the line.

    Raises NothingToMark, MarkedAlready.
    """
    with line.locked(booking.line_id) as held:
        line.settle(held, held.lines[booking.line_id])
        booking = held.booking(booking.pk)
        if booking.end_reason != "overdue":
            raise NothingToMark(_("Only a promise that ended without its driver can be marked."))
        if booking.no_show:
            raise MarkedAlready(_("This no-show is marked already."))
        if booking.no_show_waived_at is not None:
            raise NothingToMark(_("This mark has been taken off."))
        if booking.our_fault:
            raise NothingToMark(_("We have failed this booking ourselves, so it makes no mark."))
        Booking.objects.filter(pk=booking.pk).update(no_show=True)
    return history.fresh(booking)


@transaction.atomic
def dispute_no_show(*, booking: Booking, words: str) -> Booking:
    """The driver says it was not so; an operator looks at it. Locks the driver and the booking.

    Raises MarkedAlready, NothingToMark, people.PersonDeleted.
    """
    if booking.driver is not None:
        people.still_here(user=booking.driver)
    booking = history.alone(booking)
    if not booking.no_show:
        raise NothingToMark(_("There is no mark on this booking."))
    if booking.no_show_disputed_at is not None:
        raise MarkedAlready(_("You have disputed this mark already. We will look at it."))
    booking.no_show_disputed_at = clock.database_now()
    booking.no_show_dispute = words.strip()[:LONGEST_DISPUTE]
    booking.save(update_fields=["no_show_disputed_at", "no_show_dispute"])
    return history.fresh(booking)


@transaction.atomic
def waive_no_show(*, booking: Booking, words: str = "") -> Booking:
    """An operator takes the mark off, which answers its dispute. Locks the booking.

    Raises NothingToMark when there is none, and MarkedAlready when its dispute was answered.
    """
    booking = history.alone(booking)
    if not booking.no_show:
        raise NothingToMark(_("There is no mark on this booking."))
    _require_no_answer(booking)
    now = clock.database_now()
    booking.no_show, booking.no_show_waived_at = False, now
    booking.no_show_answered_at = now if booking.no_show_disputed_at is not None else None
    booking.no_show_answer = words.strip()[:LONGEST_ANSWER]
    booking.save(update_fields=["no_show", "no_show_waived_at", "no_show_answered_at", "no_show_answer"])
    return history.fresh(booking)


@transaction.atomic
def keep_no_show(*, booking: Booking, words: str) -> Booking:
    """An operator has looked at a dispute, and the mark stays; the driver reads why. Locks the booking.

    Raises NothingToMark, MarkedAlready when it was answered, and ReasonMissing.
    """
    if not words.strip():
        raise ReasonMissing(_("Say why the mark stays: the driver reads it."))
    booking = history.alone(booking)
    if not booking.no_show or booking.no_show_disputed_at is None:
        raise NothingToMark(_("Nobody disputes a mark on this booking."))
    _require_no_answer(booking)
    booking.no_show_answered_at = clock.database_now()
    booking.no_show_answer = words.strip()[:LONGEST_ANSWER]
    booking.save(update_fields=["no_show_answered_at", "no_show_answer"])
    return history.fresh(booking)


def _require_no_answer(booking: Booking) -> None:
    if booking.no_show_answered_at is not None:
        raise MarkedAlready(_("This dispute is answered already."))
