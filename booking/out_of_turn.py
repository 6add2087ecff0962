"""What happened at a station out of the order of joining in this shift: overrides, and what the rules allow."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from booking.models import Booking, BookingStep, MoveOffer
from booking.overrides import SHIFT
from booking.states import State, Step
from stations.models import Station

MOST_SHOWN = 30
_GRANTS = (Step.PROMISE, Step.PROMISE_HERE)
_FELL_BACK = (Step.FAIL_PACK, Step.FAIL_STATION, Step.NOBODY_CONFIRMED)
# Those who were overtaken have rows of their own; here stands who went ahead, or came back.
_BY_RULE: dict[str, str | Promise] = {
    "rule_1": _("went while packs gathered for somebody else"),
    "rule_2": _("went ahead of somebody too far away"),
    "rule_6": _("went ahead of somebody who books arrive-first"),
    "rule_10": _("went ahead of a fleet that has its share"),
    "rule_11": _("took a pack that was not full"),
}


@dataclass(frozen=True, slots=True)
class OutOfTurn:
    """Who went ahead, or came back with the place that it had. `by` and `words` are of staff, where it was an override.

    `rule` is the number of the rule that allows it.
    """

    at: datetime
    plate: str
    what: str
    rule: int
    by: str = ""
    words: str = ""


def of_shift(station: Station, now: datetime) -> tuple[OutOfTurn, ...]:
    """Newest first, of the last 8 hours. What happened elsewhere to who has moved here is that station's alone."""
    since = now - SHIFT
    override = Q(exception="override", step__in=(Step.GO_FIRST, Step.START))
    by_rule = Q(exception__in=_BY_RULE, step__in=_GRANTS)
    fell_back = Q(step__in=_FELL_BACK, to_state=State.WAITING)
    # What ended before the shift can have no step in it: the index of what ended lately finds the bookings.
    here = Booking.objects.filter(Q(ended_at=None) | Q(ended_at__gt=since), station=station).values("pk")
    left = MoveOffer.objects.filter(standstill__line__station=station, end_reason="moved", ended_at__gt=since)
    rows = BookingStep.objects.filter(
        override | by_rule | fell_back,
        booking__in=here.union(left.values("booking")),
        line__station=station,
        at__gt=since,
    )
    shown = rows.select_related("booking__vehicle", "by").order_by("-id")[:MOST_SHOWN]
    return tuple(_of_step(row) for row in shown)


def _of_step(row: BookingStep) -> OutOfTurn:
    plate = row.booking.vehicle.plate
    if row.exception == "override":
        what = _("was let go first") if row.step == Step.GO_FIRST else _("was let into the bay first")
        by = row.by.name if row.by is not None else ""
        return OutOfTurn(row.at, plate, str(what), 8, by, row.reason)
    if row.step == Step.NOBODY_CONFIRMED:
        return OutOfTurn(row.at, plate, str(_("came back with its place: nobody confirmed the arrival")), 5)
    if row.step in _FELL_BACK:
        return OutOfTurn(row.at, plate, str(_("came back with its place: its pack or the station failed")), 7)
    return OutOfTurn(row.at, plate, str(_BY_RULE[row.exception]), int(row.exception.removeprefix("rule_")))
