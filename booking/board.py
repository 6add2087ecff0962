"""A station as its staff see it at a glance: who is expected, waits, is here and at the bay, the packs, and the alarms.

The same effective states as everywhere (`snapshot`), completed by rows in a few queries. Nothing here writes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from booking import afterwards, out_of_turn, slot_views, snapshot, tickets
from booking.line_rules import SAME_PROMISE_WITHIN
from booking.models import Booking, BookingStep
from booking.out_of_turn import OutOfTurn
from booking.slot_views import SlotView
from booking.snapshot import Snapshot
from booking.states import State, Step
from booking.tickets import Ticket
from payments.states import PaymentState
from stations.models import Bay, Station
from stations.states import BayState, StationStatus


@dataclass(frozen=True, slots=True)
class BayView:
    id: int
    number: int
    is_open: bool
    reason: str
    plate: str

    @property
    def is_free(self) -> bool:
        return self.is_open and not self.plate


@dataclass(frozen=True, slots=True)
class Alarm:
    """Something that somebody should look at: `booking` or the packs' page is where."""

    is_bad: bool
    icon: str
    text: str
    detail: str = ""
    booking: UUID | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Board:
    station_id: int
    station_name: str
    time_zone: str
    is_open: bool
    status: str
    status_reason: str
    status_changed_at: datetime | None
    target_soc_percent: int
    version: int
    at: datetime
    seen: Snapshot
    expected: tuple[Ticket, ...]
    in_line: tuple[Ticket, ...]
    here: tuple[Ticket, ...]
    at_bay: tuple[Ticket, ...]
    ended: tuple[Ticket, ...]
    slots: tuple[SlotView, ...]
    bays: tuple[BayView, ...]
    alarms: tuple[Alarm, ...]
    out_of_turn: tuple[OutOfTurn, ...]

    @property
    def packs_ready(self) -> int:
        return sum(slot.face == "ready" for slot in self.slots)

    @property
    def free_bays(self) -> int:
        return sum(bay.is_free for bay in self.bays)

    @property
    def has_free_bay(self) -> bool:
        return self.free_bays > 0


def take(station: Station) -> Board:
    """The whole board, in a number of queries that does not grow with the station's lines."""
    seen = snapshot.take(station.pk)
    rows = list(tickets.rows().filter(pk__in=seen.standings))
    shown = tickets.of_rows(rows, seen)
    by_state: dict[State, list[Ticket]] = defaultdict(list)
    for ticket in shown:
        by_state[ticket.state].append(ticket)
    slots = slot_views.of_station(station, shown, seen.at)
    plates = {t.bay_number: t.plate for t in by_state[State.SWAPPING] if t.bay_number is not None}
    bays = bays_of(station, plates)
    return Board(
        station_id=station.pk,
        station_name=station.name,
        time_zone=station.time_zone,
        is_open=seen.status == StationStatus.OPEN,
        status=seen.status,
        status_reason=station.why_not_open,
        status_changed_at=station.status_changed_at,
        target_soc_percent=station.target_soc_percent,
        version=seen.version,
        at=seen.at,
        seen=seen,
        expected=tuple(sorted(by_state[State.PROMISED], key=_soonest_end)),
        in_line=tuple(sorted(by_state[State.WAITING], key=lambda t: (t.pack_class, t.place or 0))),
        here=tuple(sorted(by_state[State.ARRIVED], key=lambda t: t.bay_place or 0)),
        at_bay=tuple(sorted(by_state[State.SWAPPING], key=lambda t: t.bay_number or 0)),
        ended=(*by_state[State.EXPIRED], *_ended(station, seen)),
        slots=slots,
        bays=bays,
        alarms=tuple(_alarms(station, seen, shown, _nobody_confirmed(rows, seen), slots, bays)),
        out_of_turn=out_of_turn.of_shift(station, seen.at),
    )


def bays_of(station: Station, plates: Mapping[int, str]) -> tuple[BayView, ...]:
    """The bays by number, each with the vehicle that stands in it: `plates` by the number of the bay."""
    return tuple(
        BayView(bay.pk, bay.number, bay.state == BayState.OPEN, bay.state_reason, plates.get(bay.number, ""))
        for bay in Bay.objects.filter(station=station).order_by("number")
    )


def _soonest_end(ticket: Ticket) -> tuple[bool, datetime]:
    """Who says "I'm here" stands first, and then whose time ends first."""
    return ticket.claim_ends_at is None, ticket.claim_ends_at or ticket.promise_ends_at or ticket.at


def _ended(station: Station, seen: Snapshot) -> list[Ticket]:
    """Promises that ended without their driver in the last half hour, while the vehicle has not booked again."""
    again = Booking.objects.live().filter(vehicle=OuterRef("vehicle"))
    over = tickets.rows().filter(station=station, ended_at__gt=seen.at - SAME_PROMISE_WITHIN, end_reason="overdue")
    return [Ticket.of_booking(b, seen) for b in over.exclude(Exists(again)).order_by("-ended_at")]


def _nobody_confirmed(rows: Iterable[Booking], seen: Snapshot) -> set[UUID]:
    """Who said "I'm here" in vain: nobody looked for ten minutes, so that they stand in line again (rule 5)."""
    absent = {b.pk: b for b in rows if b.state in (State.WAITING, State.PROMISED) and b.here_at is None}
    missed = {pk for pk, b in absent.items() if b.here_claimed_at is not None and b.time_up(seen.at)}
    suspects = [pk for pk, b in absent.items() if b.our_fault and pk not in missed]
    if suspects:
        steps = BookingStep.objects.filter(booking__in=suspects, step=Step.NOBODY_CONFIRMED)
        missed |= set(steps.values_list("booking_id", flat=True))
    return {absent[pk].public_id for pk in missed}


def _alarms(
    station: Station,
    seen: Snapshot,
    shown: Sequence[Ticket],
    missed: set[UUID],
    slots: Iterable[SlotView],
    bays: Iterable[BayView],
) -> Iterable[Alarm]:
    """What somebody should look at, the worst first."""
    if seen.status == StationStatus.DOWN:
        text, since = _("The station is down. Nobody is promised a pack."), station.status_changed_at
        yield Alarm(True, "alert", text, station.why_not_open, since=since)
    elif seen.status != StationStatus.OPEN:
        text, since = _("The station is closed. Nobody can book."), station.status_changed_at
        yield Alarm(False, "info", text, station.why_not_open, since=since)
    for late in (t for t in shown if t.is_over_five_minutes):
        text = _("%(plate)s has been in bay %(bay)s for more than five minutes.")
        yield Alarm(True, "clock", text % {"plate": late.plate, "bay": late.bay_number}, booking=late.public_id)
    for danger in afterwards.dangers(station, seen.at):
        text = _("A driver reports something dangerous.")
        yield Alarm(True, "alert", text, danger.words, danger.booking.public_id)
    for left in (t for t in shown if t.public_id in missed):
        text = _("%(plate)s said “I’m here”, and nobody confirmed it.")
        detail = _("The ten minutes are over, which is our fault. The place is kept: confirm the arrival now.")
        yield Alarm(True, "person", text % {"plate": left.plate}, detail, left.public_id)
    for unpaid in (t for t in shown if t.state in (State.ARRIVED, State.SWAPPING) and not t.is_authorised):
        refused = unpaid.payment_state == PaymentState.REFUSED
        text = _("%(plate)s: the payment was refused.") if refused else _("%(plate)s: the payment is not certain yet.")
        yield Alarm(refused, "wallet", text % {"plate": unpaid.plate}, unpaid.method, unpaid.public_id)
    for bay in (b for b in bays if not b.is_open):
        yield Alarm(False, "tools", _("Bay %(number)d is out of service.") % {"number": bay.number}, bay.reason)
    for slot in (s for s in slots if s.face == "fault"):
        yield Alarm(False, "pack", slot.trouble, slot.reason)
    for serial in afterwards.reported_packs(station):
        text = _("A driver reports pack %(serial)s.") % {"serial": serial}
        yield Alarm(False, "pack", text, _("Look at it before it goes out again, or take it out of service."))
