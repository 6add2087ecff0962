"""Sole writer of Standstill and MoveOffer: nobody can be served here, so each is offered another station (rule 7).

Looking for stations may take seconds and asks servers, so `elsewhere` does it before anything is locked. What was
found is offered under the line's lock, to whoever stands there then. Moving locks both lines.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.refusals import Refusal
from booking import (
    codes,
    conduct,
    foresight,
    history,
    line,
    move_rules,
    move_targets,
    notices,
    placing,
    promises,
    standstills,
)
from booking.foresight import Coming
from booking.models import Booking, Cause, Line, MoveOffer, Standstill
from booking.move_rules import LOOK_AGAIN_AFTER, OFFER_FOR, Mover, Offered
from booking.move_targets import Candidate
from booking.states import State, Step
from booking.waits import Wait
from stations import queries

# A move is answered by what is under lock, which differs a little from what was said: so much is no other answer.
SLACK_SECONDS = 120


class MoveOver(Refusal):
    """The station is not offered any more, or was offered to somebody else."""

    code = "move_over"


class CannotServe(Refusal):
    """The station that was offered has stopped as well, or is full by now."""

    code = "cannot_serve"


def offer(*, line_id: int, candidates: Sequence[Candidate]) -> list[MoveOffer]:
    """Offer everybody in a line that stands still the station that serves them soonest; harmless twice.

    Nobody is asked while an offer to them runs, or again after they said that they stay. Locks the line.
    """
    with line.locked(line_id) as held:
        at = held.lines[line_id]
        line.settle(held, at)
        cause = standstills.causes([line_id]).get(line_id)
        if cause is None:
            return []
        standstill = _standstill(at, cause, held.now)
        _end_what_is_over(standstill, held.now)
        # Whoever holds packs that nobody can hand out is not to blame for what becomes of the promise.
        holding = Booking.objects.filter(line=at, state__in=(State.PROMISED, State.ARRIVED))
        holding.update(our_fault=True)
        bookings = _who_may_move(standstill)
        asked = _asked(at, [there.card.id for there in candidates])
        by_id = {booking.pk: booking for booking in bookings}
        planned, waits = _plan(standstill, by_id, candidates, asked, now=held.now)
        made = _make(standstill, planned, waits, by_id, candidates, now=held.now)
        if made:
            held.mark_changed(line_id)
        return made


def resume(*, line_id: int) -> bool:
    """The line can be served again, or nobody is left in it: what was offered is over. Locks the line."""
    with line.locked(line_id) as held:
        if line_id in standstills.with_drivers():
            return False
        standstill = Standstill.objects.filter(line=line_id, ended_at=None).first()
        if standstill is None:
            return False
        _end(standstill.offers.open(), "withdrawn", held.now)
        # Whoever joined while it stood stands in line as everybody does from now on.
        Booking.objects.live().filter(line=line_id, joined_stopped=True).update(joined_stopped=False)
        standstill.ended_at = held.now
        standstill.save(update_fields=["ended_at"])
        held.mark_changed(line_id)
        line.settle(held, held.lines[line_id])
        return True


def accept(*, booking: Booking, offer_id: int, by: User) -> Booking:
    """Move to the station that is offered, with the place of joining. A second tap changes nothing.

    Locks the lines of both stations. Raises MoveOver, CannotServe when the station has stopped or filled up meanwhile,
    and StepRefused at the bay or after the end.
    """
    offered = _offer_to(booking, offer_id)
    here, there = offered.standstill.line, line.of(offered.to_station, offered.standstill.line.pack_class)
    refused = ""
    with line.locked(here.pk, there.pk) as held:
        for each in held.lines.values():
            line.settle(held, each)
        offered = _locked(offered)
        if offered.end_reason == "moved":
            return history.fresh(booking)
        booking = held.booking(booking.pk)
        history.require(booking, Step.MOVE)
        _require_open(offered, held.now)
        refused = _why_not(held, booking, offered, there)
        if refused:
            # Written down, so that another station is looked for; raised once it is.
            _end(MoveOffer.objects.filter(pk=offered.pk), "cannot_serve", held.now)
            Standstill.objects.filter(pk=offered.standstill_id).update(look_at=held.now)
            held.mark_changed(here.pk)
        else:
            _move(held, booking, offered, there, by=by)
            # What was kept at the old station is the next sweep's: nobody can be served there now.
            line.settle(held, held.lines[there.pk])
    if refused:
        raise CannotServe(refused)
    return history.fresh(booking)


def stay(*, booking: Booking, offer_id: int, by: User) -> Booking:
    """Keep the place here; nobody asks again for this failure. A second tap changes nothing. Locks the line.

    Raises MoveOver, and StepRefused at the bay or after the end.
    """
    offered = _offer_to(booking, offer_id)
    with line.locked(offered.standstill.line_id) as held:
        line.settle(held, held.lines[offered.standstill.line_id])
        offered = _locked(offered)
        if offered.end_reason == "stayed":
            return history.fresh(booking)
        _require_open(offered, held.now)
        booking = held.booking(booking.pk)
        history.take(booking, Step.DECLINE_MOVE, at=held.now, by=by)
        _end(MoveOffer.objects.filter(pk=offered.pk), "stayed", held.now)
        held.mark_changed(booking.line_id)
    return history.fresh(booking)


# --- Offering ------------------------------------------------------------------------------------------------------


def _standstill(at: Line, cause: Cause, now: datetime) -> Standstill:
    """The one that runs, or a new one; looked at again after a while."""
    again_at = now + LOOK_AGAIN_AFTER
    running = Standstill.objects.filter(line=at, ended_at=None).first()
    if running is None:
        return Standstill.objects.create(line=at, cause=cause, began_at=now, look_at=again_at)
    running.look_at = again_at
    running.save(update_fields=["look_at"])
    return running


def _end_what_is_over(standstill: Standstill, now: datetime) -> None:
    mine = standstill.offers.open()
    _end(mine.exclude(booking__state__in=standstills.MAY_MOVE), "ended", now)
    _end(mine.filter(ends_at__lte=now), "lapsed", now)
    stopped = standstills.unserved_offers().filter(standstill=standstill)
    _end(MoveOffer.objects.filter(pk__in=list(stopped.values_list("pk", flat=True))), "cannot_serve", now)


def _who_may_move(standstill: Standstill) -> list[Booking]:
    asked = MoveOffer.objects.filter(standstill=standstill).filter(Q(ended_at=None) | Q(end_reason="stayed"))
    here = Booking.objects.in_line(standstill.line).filter(state__in=standstills.MAY_MOVE)
    unasked = here.exclude(pk__in=asked.values("booking"))
    return list(unasked.select_related("tariff__pack_class", "payment", "station"))


def _mover(booking: Booking, candidates: Sequence[Candidate]) -> Mover:
    suitable = frozenset(there.card.id for there in candidates if move_targets.suits(booking, there))
    return Mover(booking.pk, booking.joined_at, booking.packs_wanted, suitable)


def _asked(at: Line, station_ids: Collection[int]) -> Mapping[int, Sequence[Coming]]:
    """By station those who are offered it already, from whichever station."""
    rows = MoveOffer.objects.open().filter(to_station__in=station_ids, standstill__line__pack_class=at.pack_class_id)
    asked: defaultdict[int, list[Coming]] = defaultdict(list)
    for offered in rows.select_related("booking"):
        asked[offered.to_station_id].append(_coming(offered.booking, offered.drive_seconds))
    return asked


def _coming(booking: Booking, drive_seconds: int) -> Coming:
    return Coming(booking.pk, booking.joined_at, booking.packs_wanted, drive_seconds)


def _plan(
    standstill: Standstill,
    bookings: Mapping[int, Booking],
    candidates: Sequence[Candidate],
    asked: Mapping[int, Sequence[Coming]],
    *,
    now: datetime,
) -> tuple[Sequence[Offered], Mapping[int, Wait]]:
    """Who is offered which station, and the wait that each is told.

    Of whose wait at a station the forecast knows nothing is not sent there: the plan is made again without it, until
    there is a word for everybody in it.
    """
    there = {one.card.id: one for one in candidates}
    movers = [_mover(booking, candidates) for booking in bookings.values()]
    while True:
        planned = move_rules.plan(
            movers=movers,
            targets=[one.target for one in candidates],
            sent={station_id: [one.packs for one in coming] for station_id, coming in asked.items()},
        )
        waits = _waits(standstill, planned, asked, bookings, there, now)
        unsaid = {one.mover_id: one.station_id for one in planned if one.mover_id not in waits}
        if not unsaid:
            return planned, waits
        movers = [replace(mover, may_go_to=mover.may_go_to - {unsaid.get(mover.id, 0)}) for mover in movers]


def _make(
    standstill: Standstill,
    planned: Sequence[Offered],
    waits: Mapping[int, Wait],
    bookings: Mapping[int, Booking],
    candidates: Sequence[Candidate],
    *,
    now: datetime,
) -> list[MoveOffer]:
    """Write the offers, their steps and what drivers are told of them: as many queries for a hundred as for one."""
    there = {one.card.id: one for one in candidates}
    made = MoveOffer.objects.bulk_create(
        MoveOffer(
            standstill=standstill,
            booking=bookings[one.mover_id],
            from_station_id=standstill.line.station_id,
            to_station_id=one.station_id,
            tariff=move_targets.lower_price(bookings[one.mover_id], there[one.station_id]),
            station_tariff=there[one.station_id].tariff,
            drive_seconds=one.drive_seconds,
            wait_low_seconds=waits[one.mover_id].low_seconds,
            wait_likely_seconds=waits[one.mover_id].likely_seconds,
            wait_high_seconds=waits[one.mover_id].high_seconds,
            made_at=now,
            ends_at=now + OFFER_FOR,
        )
        for one in planned
    )
    told = [offered.booking for offered in made]
    history.note_many(told, Step.OFFER_MOVE, at=now)
    notices.may_move(bookings=told, occasion=standstill.began_at.isoformat(), at=now)
    return made


def _waits(
    standstill: Standstill,
    planned: Sequence[Offered],
    asked: Mapping[int, Sequence[Coming]],
    bookings: Mapping[int, Booking],
    there: Mapping[int, Candidate],
    now: datetime,
) -> Mapping[int, Wait]:
    """What each is told: as if all who are asked went, and stood there by when they joined."""
    coming = {station_id: list(already) for station_id, already in asked.items()}
    for one in planned:
        coming.setdefault(one.station_id, []).append(_coming(bookings[one.mover_id], one.drive_seconds))
    cards = [there[station_id].card for station_id in coming]
    return foresight.of_coming(cards, coming, pack_class=standstill.line.pack_class, now=now)


# --- Moving --------------------------------------------------------------------------------------------------------


def _offer_to(booking: Booking, offer_id: int) -> MoveOffer:
    rows = MoveOffer.objects.select_related("standstill__line__pack_class", "to_station", "from_station", "tariff")
    found = rows.filter(booking=booking, pk=offer_id).first()
    if found is None:
        raise MoveOver(_("This station is not offered to you any more. You keep your place."))
    return found


def _locked(offered: MoveOffer) -> MoveOffer:
    """As it is now, after its line was locked: whoever answers or ends it holds that line too."""
    offered.refresh_from_db(fields=["ends_at", "ended_at", "end_reason"])
    return offered


def _require_open(offered: MoveOffer, now: datetime) -> None:
    if offered.ended_at is not None or offered.ends_at <= now:
        raise MoveOver(_("This station is not offered to you any more. You keep your place."))
    if offered.standstill.line_id not in standstills.causes([offered.standstill.line_id]):
        raise MoveOver(_("Your station works again, so your place there goes on. Look at it first."))


def _why_not(held: line.Held, booking: Booking, offered: MoveOffer, there: Line) -> str:
    """Why the station cannot take the booking now as it was said, or nothing."""
    names = {"station": offered.to_station.name}
    pack_class = offered.standstill.line.pack_class
    card = queries.station_card(station=held.station(there.station_id), pack_class=pack_class, at=None, now=held.now)
    found = move_targets.of_cards([card], pack_class=pack_class, now=held.now)
    if there.pk in standstills.causes([there.pk]) or not found:
        return _("%(station)s has stopped meanwhile. You keep your place, and we look for another station.") % names
    me = _coming(booking, offered.drive_seconds)
    waits = foresight.of_coming([card], {card.id: [me]}, pack_class=pack_class, now=held.now)
    if me.id not in waits or waits[me.id].likely_seconds > offered.wait_high_seconds + SLACK_SECONDS:
        return _("%(station)s has filled up meanwhile. You keep your place, and we look for another station.") % names
    return ""


def _move(held: line.Held, booking: Booking, offered: MoveOffer, there: Line, *, by: User) -> None:
    """Out of one held line and into the other. Whoever joined later there is passed, and reads why."""
    line.end_offer(held, booking, reason="moved")
    promises.end(booking=booking, reason="moved", now=held.now)
    held.mark_changed(booking.line_id)
    history.take(
        booking,
        Step.MOVE,
        at=held.now,
        by=by,
        reason=f"{offered.from_station.name} → {offered.to_station.name}",
        **_as_it_comes(held, booking, offered, there),
    )
    passed = Booking.objects.in_line(there).waiting().behind(booking)
    history.note_many(list(passed), Step.PASS_OVER, at=held.now, exception="rule_7")
    _end(MoveOffer.objects.filter(pk=offered.pk), "moved", held.now)


def _as_it_comes(held: line.Held, booking: Booking, offered: MoveOffer, there: Line) -> dict[str, Any]:
    """What a booking is at its new station: it has joined when it joined, and nothing else of the old one stays."""
    station = held.station(there.station_id)
    taken = Booking.objects.live().filter(station=station, code=booking.code).exists()
    drive_seconds, heard_at = _drive(booking, offered, held.now)
    return line.NO_PROMISE | {
        "station": station,
        "line": there,
        "sequence": held.next_sequence(there),
        "tariff": offered.tariff,
        "code": codes.new(station) if taken else booking.code,
        "code_used_at": None,
        "drive_seconds": drive_seconds,
        "position_at": heard_at,
        "promise_budget_seconds": placing.promise_left(
            station=station,
            pack_class=there.pack_class,
            driver=booking.driver,
            vehicle=booking.vehicle,
            now=held.now,
        ),
        # Who was not seen at the old station may be seen here; a restriction for no-shows goes along (rule 6).
        "arrive_first": booking.arrive_first and _books_arrive_first(booking, held.now),
        "gathering_since": None,
        "goes_first_at": None,
        "goes_first_reason": "",
        "passed_over_at": None,
        "here_at": None,
        "arrived_at": None,
        "bay_sequence": None,
        "called_at": None,
        "missed_calls": 0,
        "our_fault": booking.our_fault or not booking.joined_stopped,
        "joined_stopped": False,
    }


def _books_arrive_first(booking: Booking, now: datetime) -> bool:
    return conduct.arrive_first(driver=booking.driver, vehicle=booking.vehicle, now=now) is not None


def _drive(booking: Booking, offered: MoveOffer, now: datetime) -> tuple[int, datetime | None]:
    """The drive that is left: to the station that failed, by the last position, and from there on."""
    if booking.here_at is not None:
        return offered.drive_seconds, now
    if booking.drive_seconds is None or booking.position_at is None:
        return offered.drive_seconds, None
    left = max(0, booking.drive_seconds - int((now - booking.position_at).total_seconds()))
    return left + offered.drive_seconds, now


def _end(offers: Any, reason: str, now: datetime) -> None:
    offers.filter(ended_at=None).update(ended_at=now, end_reason=reason)
