"""No-shows: marking, disputing and waiving them, and who books arrive-first because of them (rule 6)."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from accounts.models import User
from accounts.refusals import Refusal
from booking import history, line
from booking.line_rules import ARRIVE_FIRST_FOR, MARKS_COUNT_FOR, Outcome, arrive_first_until
from booking.models import Booking, Vehicle


class NothingToMark(Refusal):
    """There is no ended promise, or no mark, that this could be about."""

    code = "nothing_to_mark"


class MarkedAlready(Refusal):
    """The mark is made, or disputed, already."""

    code = "marked_already"


def arrive_first(*, driver: User | None, vehicle: Vehicle, now: datetime) -> datetime | None:
    """Until when this driver or vehicle is promised packs only when here (rule 6), or None."""
    since = now - MARKS_COUNT_FOR - ARRIVE_FIRST_FOR
    until: list[datetime] = []
    for own in ({"vehicle": vehicle}, {"driver": driver} if driver is not None else None):
        if own is None:
            continue
        rows = Booking.objects.filter(**own, joined_at__gte=since).values_list("joined_at", "ended_at", "no_show")
        ends = arrive_first_until([Outcome(*row) for row in rows], now)
        if ends is not None:
            until.append(ends)
    return max(until, default=None)


def mark_no_show(*, booking: Booking, by: User) -> Booking:
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
        Booking.objects.filter(pk=booking.pk).update(no_show=True)
    return history.fresh(booking)


def dispute_no_show(*, booking: Booking, words: str) -> Booking:
    """The driver says it was not so; an operator looks at it. Raises MarkedAlready, NothingToMark."""
    if not booking.no_show:
        raise NothingToMark(_("There is no mark on this booking."))
    if booking.no_show_disputed_at is not None:
        raise MarkedAlready(_("You have disputed this mark already. We will look at it."))
    now = line.database_now()
    Booking.objects.filter(pk=booking.pk, no_show_disputed_at=None).update(
        no_show_disputed_at=now, no_show_dispute=words.strip()[:500]
    )
    return history.fresh(booking)


def waive_no_show(*, booking: Booking, by: User) -> Booking:
    """An operator takes the mark off. Raises NothingToMark when there is none."""
    if not booking.no_show:
        raise NothingToMark(_("There is no mark on this booking."))
    now = line.database_now()
    Booking.objects.filter(pk=booking.pk).update(no_show=False, no_show_waived_at=now)
    return history.fresh(booking)
