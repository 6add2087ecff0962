"""Being here: "I'm here" by position or poster, confirmed by staff, and coming late while a pack is free."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from accounts.refusals import Refusal
from booking import codes, history, line, promises
from booking.lifecycle import AlreadyDone
from booking.line_rules import CONFIRM_WITHIN, SAME_PROMISE_WITHIN
from booking.models import Booking
from booking.placing import check_is_open, check_no_live_booking, join, lines_of_overdue
from booking.states import UNSEEN, State, Step
from stations import geo, inventory
from stations.models import Station


class TooLate(Refusal):
    """What was asked for had to be asked for earlier."""

    code = "too_late"


class NotHere(Refusal):
    """The position is outside the station's radius, or the poster is another station's."""

    code = "not_at_the_station"


class WrongPoster(NotHere):
    """The poster's code is another station's, or no station's."""


class NobodyClaimed(Refusal):
    """Nobody says "I'm here" for this booking, or it is confirmed."""

    code = "nobody_claimed"


def claim_here(
    *, booking: Booking, position: geo.Place | None = None, poster_token: str = "", by: User | None = None
) -> Booking:
    """ "I'm here", by position or poster: the clock stops for ten minutes (rule 5). Locks the line.

    At a station without staff it confirms itself. Where nobody has seen the driver before, only the poster counts.
    Raises NotHere, AlreadyDone, StepRefused.
    """
    _check_is_here(booking.station, position=position, poster_token=poster_token)
    with line.locked(booking.line_id) as held:
        line.settle(held, held.lines[booking.line_id])
        booking = held.booking(booking.pk)
        if not booking.station.is_staffed:
            _confirm(held, booking, by=by)
        elif booking.here_claimed_at is not None:
            raise AlreadyDone(_("We know that you are here. Staff will confirm it."))
        else:
            _claim(held, booking, by_poster=bool(poster_token), by=by)
        held.mark_changed(booking.line_id)
        line.settle(held, held.lines[booking.line_id])
    return history.fresh(booking)


def confirm_here(*, booking: Booking, by: User | None, used_code: bool = False) -> Booking:
    """Staff confirm that the driver is here: no clock runs any more, and the bay's queue has a place. Locks the line.

    A driver who comes late while a pack is free has it all the same (rule 2): see `come_late`. Raises StepRefused.
    """
    with line.locked(booking.line_id) as held:
        line.settle(held, held.lines[booking.line_id])
        booking = held.booking(booking.pk)
        if used_code:
            codes.use(booking, now=held.now)
        _confirm(held, booking, by=by)
        held.mark_changed(booking.line_id)
        line.settle(held, held.lines[booking.line_id])
    return history.fresh(booking)


def not_here(*, booking: Booking, by: User) -> Booking:
    """Staff have looked for who said "here", and nobody is there: the promise ends when it would have ended (rule 5).

    Locks the line. Raises NobodyClaimed.
    """
    with line.locked(booking.line_id) as held:
        line.settle(held, held.lines[booking.line_id])
        booking = held.booking(booking.pk)
        if booking.here_claimed_at is None or booking.here_at is not None:
            raise NobodyClaimed(_("Nobody says “I’m here” for this booking now."))
        ends_at = booking.promise_ends_at
        # That nobody had confirmed it before was no fault of ours either: there was nobody.
        is_ours = not Booking.objects.filter(pk=booking.pk).that_we_have_not_failed().exists()
        history.take(
            booking,
            Step.NOT_HERE,
            at=held.now,
            by=by,
            here_claimed_at=None,
            lapses_at=ends_at,
            our_fault=is_ours,
        )
        if ends_at is not None:
            promises.keep_until(booking=booking, until=booking.pay_by or ends_at)
        held.mark_changed(booking.line_id)
        line.settle(held, held.lines[booking.line_id])
    return history.fresh(booking)


def come_late(*, booking: Booking, by: User | None) -> Booking:
    """Here after the promise has ended, while a pack is free and nobody waits for it: it is still theirs (rule 2).

    Opens a new booking at the old price, here already, and takes the mark off the old one. Staff see the vehicle, so
    nothing is checked; drivers go through `claim_late`. Locks the line. Raises TooLate when others wait, no pack is
    free, the promise ended longer ago than 30 minutes, or the vehicle has been booked for since; StationNotOpen.
    """
    with line.locked(booking.line_id, *lines_of_overdue(driver=booking.driver, vehicle=booking.vehicle)) as held:
        for at in held.lines.values():
            line.settle(held, at)
        booking = held.booking(booking.pk)
        check_is_open(booking.station, now=held.now)
        if booking.end_reason != "overdue" or booking.ended_at is None:
            raise TooLate(_("This booking cannot be taken up again."))
        free = inventory.ready_packs(
            station=booking.station, pack_class=booking.line.pack_class, limit=booking.packs_wanted
        )
        waiting = Booking.objects.in_line(booking.line).waiting().exists()
        if held.now - booking.ended_at > SAME_PROMISE_WITHIN or waiting or len(free) < booking.packs_wanted:
            raise TooLate(_("Your promise has ended and its packs are gone. Join the line again."))
        check_no_live_booking(driver=booking.driver, vehicle=booking.vehicle)
        later = Booking.objects.filter(vehicle=booking.vehicle, joined_at__gte=booking.ended_at)
        if later.exclude(pk=booking.pk).exists():
            raise TooLate(_("This booking has been taken up again already. Join the line again."))
        # Waived, so that nobody marks again who was let in.
        Booking.objects.filter(pk=booking.pk).update(no_show=False, no_show_waived_at=held.now)
        again = join(
            held,
            booking.line,
            driver=booking.driver,
            vehicle=booking.vehicle,
            packs_wanted=booking.packs_wanted,
            method=booking.payment.method if booking.payment is not None else "cash",
            drive_seconds=0,
            source=booking.source,
            tariff=booking.tariff,
        )
        _confirm(held, again, by=by)
        line.settle(held, held.lines[booking.line_id])
    return history.fresh(again)


def claim_late(*, booking: Booking, position: geo.Place | None = None, poster_token: str = "", by: User) -> Booking:
    """`come_late` as drivers do it themselves: they must be at the station, by position or poster (rules 2 and 5).

    Otherwise a tap at home would take a place at the bay and wipe out a no-show. Raises NotHere, TooLate.
    """
    _check_is_here(booking.station, position=position, poster_token=poster_token)
    return come_late(booking=booking, by=by)


def _check_is_here(station: Station, *, position: geo.Place | None, poster_token: str) -> None:
    if poster_token:
        if poster_token != station.poster_token:
            raise WrongPoster(_wrong_poster(poster_token))
        return
    if position is None:
        raise NotHere(_("We could not see where you are. Scan the poster at the station, or show your code to staff."))
    away = geo.distance_m(position, geo.Place(station.latitude, station.longitude))
    if away > station.arrival_radius_m:
        raise NotHere(
            _("You are %(metres)d m away. Come closer, scan the poster at the station, or show your code to staff.")
            % {"metres": round(away)}
        )


def _wrong_poster(token: str) -> str:
    if Station.objects.filter(poster_token=token).exists():
        return _("This poster belongs to another station.")
    return _("No poster of ours has this code. Look whether you have typed it as it stands there.")


def _claim(held: line.Held, booking: Booking, *, by_poster: bool, by: User | None) -> None:
    """Who was not seen the first time needs the poster, and is kept packs only once seen when it happens again.

    A position is whatever a phone says. Without an end to it, packs could be kept for hours for somebody far away.
    """
    claimed: dict[str, Any] = {"here_claimed_at": held.now}
    # At another station, from which it has moved, that was another arrival (rule 7).
    if booking.steps.filter(step__in=UNSEEN, line=booking.line_id).exists():
        if not by_poster:
            raise NotHere(
                _("Nobody saw you here last time. Scan the poster at the station, or show your code to staff.")
            )
        claimed["arrive_first"] = True
    if booking.state == State.PROMISED:
        assert booking.promise_ends_at is not None
        lapses_at = max(booking.promise_ends_at, held.now + CONFIRM_WITHIN)
        history.take(booking, Step.CLAIM_HERE, at=held.now, by=by, lapses_at=lapses_at, **claimed)
        promises.keep_until(booking=booking, until=booking.pay_by or lapses_at)
    else:
        history.take(booking, Step.CLAIM_HERE, at=held.now, by=by, **claimed)


def _confirm(held: line.Held, booking: Booking, *, by: User | None) -> None:
    if booking.here_at is not None and booking.state == State.WAITING:
        raise AlreadyDone(_("This arrival is confirmed already."))
    here: dict[str, Any] = {"here_at": held.now, "bay_sequence": held.next_bay_sequence(booking.station_id)}
    if booking.state == State.PROMISED and not line.has_ready_packs(held, booking):
        # Promised before it was ready, and it still is not: our fault, and the next ready pack is theirs (rules 3, 7).
        line.fall_back(held, booking, reason="")
    if booking.state == State.WAITING:
        history.take(booking, Step.CONFIRM_HERE, at=held.now, by=by, **here)
        return
    history.take(booking, Step.ARRIVE, at=held.now, by=by, arrived_at=held.now, pay_by=None, **here)
    promises.keep_until(booking=booking, until=None)
