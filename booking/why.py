"""Why a booking stands where it stands, from the history of its line: whoever joined before it and what became of them,
and whoever went ahead of it and by which rule. Of others it tells numbers and reasons, never names or plates (P5).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, OuterRef, Q, Subquery

from booking.models import Booking, BookingQuerySet, BookingStep, MoveOffer
from booking.queries import BookingCard
from booking.states import FAULTS, State, Step

GRANTS = (Step.PROMISE, Step.PROMISE_HERE)
# More of them than anybody reads; the newest say most.
MOST_SHOWN = 20


@dataclass(frozen=True, slots=True)
class WentAhead:
    """Somebody who joined later was served first: when, by which rule or `override`, and what staff wrote then."""

    at: datetime
    exception: str
    reason: str = ""
    at_bay: bool = False


@dataclass(frozen=True, slots=True)
class CameBack:
    """The booking itself fell back into the line with the place that it had, by no fault of its driver's."""

    at: datetime
    nobody_confirmed: bool


@dataclass(frozen=True, slots=True)
class Why:
    """`before_then` were before it when it joined, or when it moved here at `moved_at`. Of them, of who came back
    before it since and of who `moved_in` with an earlier place, so many were `served` and so many `left`; `before_now`
    still are, None in the second in which that is not written down. Counted until the booking had its packs, or now.

    `went_first` is the rule by which it was served itself while `before_now` waited on. `holds` are the rules by which
    others may be promised packs before it now.
    """

    joined_at: datetime
    moved_at: datetime | None
    before_then: int
    served: int
    left: int
    came_back: int
    moved_in: int
    before_now: int | None
    is_waiting: bool
    had_packs: bool
    went_first: str
    went_ahead: tuple[WentAhead, ...]
    own_returns: tuple[CameBack, ...]
    holds: tuple[str, ...]


def of_booking(booking: Booking, card: BookingCard) -> Why:
    """`card` is the booking as its driver sees it now, so that both say the same. The caller has let its driver in."""
    own = _in_this_line(booking)
    came, last = own[0], _last_in_line(own)
    waits = card.state == State.WAITING
    is_open = waits or booking.state == State.WAITING
    before = _before(booking, came)
    standing = set(_waiting_at(before, came).values_list("pk", flat=True))
    then = len(standing)
    changes = _changes(before, standing, came, None if is_open else last)
    now = then - changes["served"] - changes["left"] + changes["came_back"] + changes["moved_in"]
    if waits and card.place is not None:
        # What the clock has done and no worker has written down yet is shown as done (P3).
        changes["came_back" if card.place - 1 > now else "served"] += abs(card.place - 1 - now)
        now = card.place - 1
    return Why(
        joined_at=booking.joined_at,
        moved_at=came.at if came.step == Step.MOVE else None,
        before_then=then,
        served=changes["served"],
        left=changes["left"],
        came_back=changes["came_back"],
        moved_in=changes["moved_in"],
        before_now=now if waits or not is_open else None,
        is_waiting=waits,
        had_packs=any(s.step in GRANTS for s in own),
        went_first="" if waits else _went_first(own),
        went_ahead=tuple(_went_ahead(booking, own, last)),
        own_returns=tuple(_own_returns(own)),
        holds=tuple(_holds(booking, card)) if waits else (),
    )


def _in_this_line(booking: Booking) -> list[BookingStep]:
    """Its steps since it came to the line in which it stands: joined it, or moved to it."""
    steps = list(booking.steps.order_by("id"))
    moves = [number for number, step in enumerate(steps) if step.step == Step.MOVE]
    return steps[moves[-1] :] if moves else steps


def _last_in_line(own: Sequence[BookingStep]) -> int:
    """The step by which it last left the line, or its last step."""
    leaves = [s.pk for s in own if s.from_state == State.WAITING and s.to_state != State.WAITING]
    return leaves[-1] if leaves else own[-1].pk


def _before(booking: Booking, came: BookingStep) -> BookingQuerySet:
    """Whoever has stood before it in the line since it came: they are there still, are over, or moved away."""
    moved_away = MoveOffer.objects.filter(standstill__line=booking.line_id, end_reason="moved").values("booking")
    # Whoever was over before can have no step after it, and most of a line's bookings are over.
    alive = Q(ended_at=None) | Q(ended_at__gte=came.at)
    return Booking.objects.before(booking).filter(alive, Q(line=booking.line_id) | Q(pk__in=moved_away))


def _waiting_at(bookings: BookingQuerySet, came: BookingStep) -> BookingQuerySet:
    """Those that were waiting in its line when this step was taken: steps of one line have their ids in their order."""
    steps = BookingStep.objects.filter(booking=OuterRef("pk"), id__lt=came.pk).order_by("-id")
    last = bookings.annotate(was=Subquery(steps.values("to_state")[:1]), where=Subquery(steps.values("line")[:1]))
    return last.filter(was=State.WAITING, where=came.line_id)


def _changes(before: BookingQuerySet, standing: set[int], came: BookingStep, until: int | None) -> Counter[str]:
    """How those before it left the line, came back to it or moved to it since; `standing` were there at first."""
    rows = BookingStep.objects.filter(booking__in=before, id__gt=came.pk)
    rows = rows.filter(~Q(from_state=F("to_state")) | Q(step=Step.MOVE))
    if until is not None:
        rows = rows.filter(id__lt=until)
    found: Counter[str] = Counter()
    there = set(standing)
    for booking_id, step, to_state, line_id in rows.order_by("id").values_list("booking", "step", "to_state", "line"):
        stands = to_state == State.WAITING and line_id == came.line_id
        if stands and booking_id not in there:
            there.add(booking_id)
            found["moved_in" if step == Step.MOVE else "came_back"] += 1
        elif not stands and booking_id in there:
            there.remove(booking_id)
            found["served" if step in GRANTS else "left"] += 1
    return found


def _went_first(own: Iterable[BookingStep]) -> str:
    return next((s.exception for s in reversed(list(own)) if s.step in GRANTS), "")


def _went_ahead(booking: Booking, own: Sequence[BookingStep], last: int) -> Iterable[WentAhead]:
    """Everybody who joined later and was promised packs while this booking waited, or was let into a bay before it.

    A row of this booking's own says by which rule; without one the rule is that by which it was stepped over.
    """
    passed = [s for s in own if s.step == Step.PASS_OVER and s.from_state == State.WAITING]
    told = {(s.at, s.exception == "override"): s for s in passed}
    later = Q(booking__joined_at__gt=booking.joined_at)
    later |= Q(booking__joined_at=booking.joined_at, booking__sequence__gt=booking.sequence)
    grants = BookingStep.objects.filter(later, line=booking.line_id, step__in=GRANTS, id__gt=own[0].pk)
    if booking.state != State.WAITING:
        grants = grants.filter(id__lt=last)
    ahead = []
    for grant in grants.order_by("id"):
        if _state_at(own, grant.pk) != State.WAITING:
            continue
        row = told.get((grant.at, grant.exception == "override"))
        rule = row.exception if row is not None else _stepped_over(booking, grant)
        ahead.append(WentAhead(grant.at, rule, row.reason if row is not None else ""))
    bay = [s for s in own if s.step == Step.PASS_OVER and s.from_state == State.ARRIVED]
    ahead += [WentAhead(s.at, s.exception, s.reason, at_bay=True) for s in bay]
    return ahead[-MOST_SHOWN:]


def _state_at(own: Iterable[BookingStep], step_id: int) -> str:
    return next((s.to_state for s in reversed(list(own)) if s.pk < step_id), "")


def _stepped_over(booking: Booking, grant: BookingStep) -> str:
    if grant.exception in ("override", "rule_11"):
        return grant.exception
    was_here = booking.here_at is not None and booking.here_at <= grant.at
    return "rule_6" if booking.arrive_first and not was_here else "rule_2"


def _own_returns(own: Sequence[BookingStep]) -> Iterable[CameBack]:
    for step in own[1:]:
        if step.to_state == State.WAITING and step.from_state not in ("", State.WAITING):
            yield CameBack(step.at, nobody_confirmed=step.step not in FAULTS)


def _holds(booking: Booking, card: BookingCard) -> Iterable[str]:
    if booking.gathering_since is not None:
        yield "rule_1"
    if not card.is_here and booking.arrive_first:
        yield "rule_6"
    elif not card.is_here and booking.promise_budget_seconds == 0:
        yield "used_up"
    elif not card.is_here and (booking.drive_seconds or 0) > booking.station.promise_max_seconds:
        yield "rule_2"
    if card.stands_back:
        yield "rule_10"
