"""One booking as the staff of its station see it: complete cards, by the same effective states as everywhere."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self
from uuid import UUID

from django.db.models import Count, Q

from booking import snapshot, standstills
from booking.line_rules import ANSWER_CALL_WITHIN, SAME_PROMISE_WITHIN, TimeUp
from booking.models import Booking, BookingQuerySet, Direction, Promise, Source, SwapPack
from booking.snapshot import OfferedNow, Snapshot, Standing
from booking.states import OVER, State
from booking.waits import Wait
from payments import labels
from stations.models import Station

SWAP_WITHIN = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class KeptPack:
    """A pack that is kept for a booking; `slot` is None when it has left its slot."""

    pack_id: int
    serial: str
    slot: int | None


@dataclass(frozen=True, slots=True)
class Swapped:
    """How many packs have come in and gone out so far."""

    packs_in: int = 0
    packs_out: int = 0


@dataclass(frozen=True, slots=True)
class MayMove:
    """The station that is offered to a driver, and by which offer."""

    offer_id: int
    station: str


@dataclass(frozen=True, slots=True)
class Ticket:
    """One booking as staff see it at `at`. What may be done with it now stands in the `can_` properties."""

    public_id: UUID
    at: datetime
    state: State
    plate: str
    country: str
    who: str
    is_walk_in: bool
    pack_class: str
    packs_wanted: int
    joined_at: datetime
    place: int | None
    of: int | None
    wait: Wait | None
    offer: OfferedNow | None
    # The station that the driver may move to, because nobody can be served here (rule 7).
    move: MayMove | None
    bay_place: int | None
    kept: tuple[KeptPack, ...]
    promise_ends_at: datetime | None
    late_told_at: datetime | None
    expected_at: datetime | None
    claimed_at: datetime | None
    claim_ends_at: datetime | None
    here_at: datetime | None
    call_ends_at: datetime | None
    missed_calls: int
    bay_number: int | None
    started_at: datetime | None
    packs_in: int
    packs_out: int
    is_authorised: bool
    method: str
    payment_state: str
    arrive_first: bool
    goes_first: bool
    our_fault: bool
    was_waived: bool
    no_show: bool
    ended_at: datetime | None
    end_reason: str

    @property
    def is_over(self) -> bool:
        return self.state in OVER

    @property
    def is_here(self) -> bool:
        return self.here_at is not None

    @property
    def is_call_over(self) -> bool:
        return self.call_ends_at is not None and self.call_ends_at <= self.at

    @property
    def swap_seconds(self) -> int:
        """How long the vehicle has stood in the bay, or stood there in all."""
        if self.started_at is None:
            return 0
        return int(((self.ended_at or self.at) - self.started_at).total_seconds())

    @property
    def is_over_five_minutes(self) -> bool:
        return self.state == State.SWAPPING and self.swap_seconds > SWAP_WITHIN.total_seconds()

    @property
    def can_confirm(self) -> bool:
        return self.state in (State.WAITING, State.PROMISED) and not self.is_here

    @property
    def can_come_late(self) -> bool:
        ended_at = self.ended_at or self.promise_ends_at
        recent = ended_at is not None and self.at - ended_at <= SAME_PROMISE_WITHIN
        return self.state == State.EXPIRED and self.end_reason == "overdue" and recent

    @property
    def can_mark_no_show(self) -> bool:
        may_be_marked = not (self.no_show or self.was_waived or self.our_fault)
        return self.state == State.EXPIRED and self.end_reason == "overdue" and may_be_marked

    @property
    def can_answer_offer(self) -> bool:
        """Staff answer for whoever is here: a walk-in has no phone that asks."""
        return self.offer is not None and self.is_here

    @property
    def can_move(self) -> bool:
        """As with an offer of packs: staff answer for whoever stands before them."""
        return self.move is not None and self.is_here

    @property
    def can_go_first(self) -> bool:
        return self.state == State.WAITING and not self.goes_first

    @property
    def can_call(self) -> bool:
        return self.state == State.ARRIVED and self.call_ends_at is None

    @property
    def can_start(self) -> bool:
        return self.state == State.ARRIVED

    @property
    def can_cancel(self) -> bool:
        return self.state in (State.WAITING, State.PROMISED, State.ARRIVED)

    @classmethod
    def of_booking(
        cls,
        booking: Booking,
        seen: Snapshot,
        *,
        kept: tuple[KeptPack, ...] = (),
        swapped: Swapped = Swapped(),
        move: MayMove | None = None,
    ) -> Self:
        standing = seen.standings.get(booking.pk, Standing(State(booking.state)))
        state = standing.state
        claimed_at, claim_ends_at = _claim(booking, seen.at)
        return cls(
            public_id=booking.public_id,
            at=seen.at,
            state=state,
            plate=booking.vehicle.plate,
            country=booking.vehicle.country,
            who=booking.driver.name if booking.driver is not None else "",
            is_walk_in=booking.source == Source.WALK_IN,
            pack_class=booking.line.pack_class.name,
            packs_wanted=booking.packs_wanted,
            joined_at=booking.joined_at,
            place=standing.place,
            of=standing.of,
            wait=standing.wait,
            offer=standing.offer,
            move=move,
            bay_place=standing.bay_place,
            kept=kept,
            promise_ends_at=standing.promise_ends_at or (booking.promise_ends_at if state == State.EXPIRED else None),
            expected_at=snapshot.expected_at(booking, seen.at) if state == State.PROMISED else None,
            late_told_at=booking.late_told_at if state == State.PROMISED else None,
            claimed_at=claimed_at,
            claim_ends_at=claim_ends_at,
            here_at=booking.here_at,
            call_ends_at=booking.called_at + ANSWER_CALL_WITHIN
            if state == State.ARRIVED and booking.called_at is not None
            else None,
            missed_calls=booking.missed_calls,
            bay_number=booking.bay.number if booking.bay is not None else None,
            started_at=booking.started_at,
            packs_in=swapped.packs_in,
            packs_out=swapped.packs_out,
            is_authorised=booking.authorised_at is not None,
            method=str(labels.METHODS.get(booking.payment.method, "")) if booking.payment is not None else "",
            payment_state=booking.payment.state if booking.payment is not None else "",
            arrive_first=booking.arrive_first,
            goes_first=booking.goes_first_at is not None,
            our_fault=booking.our_fault,
            was_waived=booking.no_show_waived_at is not None,
            no_show=booking.no_show or (booking.time_up(seen.at) == TimeUp.OVERDUE and not booking.our_fault),
            ended_at=booking.ended_at,
            end_reason=booking.end_reason_at(seen.at),
        )


def ticket(booking: Booking) -> Ticket:
    """One booking of a station, live or over, with the packs that are kept for it."""
    (only,) = of_rows([rows().get(pk=booking.pk)], snapshot.take(booking.station_id))
    return only


def of_rows(bookings: Sequence[Booking], seen: Snapshot) -> list[Ticket]:
    """Tickets for rows of `rows()`, three queries for all of them."""
    kept, swapped = _kept(bookings), _swapped(bookings)
    moves = standstills.offers_of([b.pk for b in bookings], seen.at)
    return [
        Ticket.of_booking(
            b,
            seen,
            kept=tuple(kept[b.pk]),
            swapped=swapped.get(b.pk, Swapped()),
            move=MayMove(moves[b.pk].pk, moves[b.pk].to_station.name) if b.pk in moves else None,
        )
        for b in bookings
    ]


def rows() -> BookingQuerySet:
    """Bookings with everything that a ticket shows."""
    return Booking.objects.select_related("vehicle", "driver", "payment", "bay", "line__pack_class")


def late_by_code(station: Station, code: str, now: datetime) -> Booking | None:
    """Whose code this was, when their promise has ended within the last half hour: they may come late (rule 2).

    Also while nobody has written down yet that it has ended.
    """
    of_code = Booking.objects.filter(station=station, code=code)
    ended = of_code.filter(end_reason="overdue", ended_at__gt=now - SAME_PROMISE_WITHIN)
    return of_code.overdue(now).first() or ended.order_by("-ended_at").first()


def _kept(bookings: Iterable[Booking]) -> dict[int, list[KeptPack]]:
    kept: dict[int, list[KeptPack]] = defaultdict(list)
    live = Promise.objects.filter(booking__in=[b.pk for b in bookings], ended_at=None)
    columns = ("booking_id", "pack_id", "pack__serial", "pack__slot__number")
    for booking_id, *pack in live.order_by("pack__slot__number").values_list(*columns):
        kept[booking_id].append(KeptPack(*pack))
    return kept


def _swapped(bookings: Iterable[Booking]) -> dict[int, Swapped]:
    begun = [b.pk for b in bookings if b.started_at is not None]
    if not begun:
        return {}
    counted = (
        SwapPack.objects.filter(booking__in=begun, undone_at=None)
        .values_list("booking")
        .annotate(
            came=Count("pk", filter=Q(direction=Direction.IN)), went=Count("pk", filter=Q(direction=Direction.OUT))
        )
    )
    return {booking_id: Swapped(came, went) for booking_id, came, went in counted}


def _claim(booking: Booking, at: datetime) -> tuple[datetime | None, datetime | None]:
    """When the driver said "here", and until when that holds; nothing once it is confirmed or nobody looked in time."""
    if booking.here_claimed_at is None or booking.here_at is not None or booking.time_up(at):
        return None, None
    return booking.here_claimed_at, booking.lapses_at if booking.state == State.PROMISED else None
