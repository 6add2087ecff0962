"""What people see of bookings, as complete cards. Page, API and socket show the same ones; nothing here writes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

from django.db.models import F, QuerySet
from django.http import Http404

from accounts.models import User
from booking import snapshot, tariffs
from booking.estimate import Wait
from booking.line_rules import ANSWER_CALL_WITHIN, CONFIRM_WITHIN, SAME_PROMISE_WITHIN
from booking.models import Booking, BookingQuerySet, BookingStep, Direction, SwapPack
from booking.snapshot import Snapshot, Standing
from booking.states import OVER, State, Step
from payments.money import Money
from stations.models import Station


@dataclass(frozen=True, slots=True)
class Overtaken:
    """Somebody went ahead: when, and by which rule or whose written reason."""

    at: datetime
    exception: str
    reason: str


@dataclass(frozen=True, slots=True)
class BookingCard:
    """One booking as its driver sees it at `at`. What may be done with it now stands in the `can_` fields."""

    public_id: UUID
    state: State
    at: datetime
    version: int
    station_id: int
    station_name: str
    station_address: str
    station_latitude: float
    station_longitude: float
    station_country: str
    station_time_zone: str
    station_status: str
    station_is_staffed: bool
    plate: str
    pack_class: str
    packs_wanted: int
    code: str
    joined_at: datetime
    place: int | None
    of: int | None
    wait: Wait | None
    bay_place: int | None
    vehicles_at_bay: int
    promised_at: datetime | None
    promise_ends_at: datetime | None
    pay_by: datetime | None
    is_authorised: bool
    here_claimed_at: datetime | None
    here_claim_ends_at: datetime | None
    is_here: bool
    arrive_first: bool
    call_ends_at: datetime | None
    bay_number: int | None
    started_at: datetime | None
    old_in_at: datetime | None
    new_out_at: datetime | None
    ended_at: datetime | None
    end_reason: str
    our_fault: bool
    no_show: bool
    no_show_disputed: bool
    method: str
    most: Money
    price: Money | None
    tax: Money | None
    energy_wh: int | None
    energy_source: str
    overtaken: tuple[Overtaken, ...]
    can_extend: bool
    can_cancel: bool
    can_claim_here: bool
    can_take_fewer: bool
    can_come_late: bool
    can_dispute: bool

    @property
    def is_over(self) -> bool:
        return self.state in OVER

    @property
    def swap_seconds(self) -> int | None:
        """How long the swap took, or has taken so far."""
        if self.started_at is None:
            return None
        return int(((self.ended_at or self.at) - self.started_at).total_seconds())

    @classmethod
    def of_booking(cls, booking: Booking, seen: Snapshot, overtaken: tuple[Overtaken, ...] = ()) -> Self:
        standing = seen.standings.get(booking.pk, Standing(State(booking.state)))
        state = standing.state
        fallen = State(booking.state) != state
        claimed_at = booking.here_claimed_at if not (fallen and state == State.WAITING) else None
        unpaid = booking.pay_by is not None and booking.pay_by <= seen.at
        end_reason = booking.end_reason or (("unpaid" if unpaid else "overdue") if state == State.EXPIRED else "")
        most = tariffs.most_it_can_cost(booking.tariff, packs=booking.packs_wanted)
        currency = booking.tariff.currency
        return cls(
            public_id=booking.public_id,
            state=state,
            at=seen.at,
            version=seen.version,
            station_id=booking.station_id,
            station_name=booking.station.name,
            station_address=booking.station.address,
            station_latitude=booking.station.latitude,
            station_longitude=booking.station.longitude,
            station_country=booking.station.country,
            station_time_zone=booking.station.time_zone,
            station_status=booking.station.status,
            station_is_staffed=booking.station.is_staffed,
            plate=booking.vehicle.plate,
            pack_class=booking.line.pack_class.name,
            packs_wanted=booking.packs_wanted,
            code=booking.code,
            joined_at=booking.joined_at,
            place=standing.place,
            of=standing.of,
            wait=standing.wait,
            bay_place=standing.bay_place,
            vehicles_at_bay=seen.arrived + seen.swapping,
            promised_at=booking.promised_at,
            promise_ends_at=standing.promise_ends_at or booking.promise_ends_at,
            pay_by=booking.pay_by if state == State.PROMISED else None,
            is_authorised=booking.authorised_at is not None,
            here_claimed_at=claimed_at,
            here_claim_ends_at=claimed_at + CONFIRM_WITHIN if claimed_at and state == State.PROMISED else None,
            is_here=booking.here_at is not None,
            arrive_first=booking.arrive_first,
            call_ends_at=booking.called_at + ANSWER_CALL_WITHIN if booking.called_at else None,
            bay_number=booking.bay.number if booking.bay is not None else None,
            started_at=booking.started_at,
            old_in_at=booking.old_in_at,
            new_out_at=booking.new_out_at,
            ended_at=booking.ended_at or (snapshot.ended_at(booking) if state == State.EXPIRED else None),
            end_reason=end_reason,
            our_fault=booking.our_fault,
            no_show=booking.no_show,
            no_show_disputed=booking.no_show_disputed_at is not None,
            method=booking.payment.method if booking.payment is not None else "",
            most=Money(most.gross_minor, currency),
            price=Money(booking.price_minor, currency) if booking.price_minor is not None else None,
            tax=Money(booking.tax_minor, currency) if booking.tax_minor is not None else None,
            energy_wh=booking.energy_wh,
            energy_source=booking.energy_source,
            overtaken=overtaken,
            can_extend=state == State.PROMISED
            and booking.extended_at is None
            and booking.promise_budget_seconds is None
            and not fallen,
            can_cancel=state in (State.WAITING, State.PROMISED, State.ARRIVED),
            can_claim_here=state in (State.WAITING, State.PROMISED) and claimed_at is None and booking.here_at is None,
            can_take_fewer=state == State.WAITING and booking.packs_wanted > 1,
            can_come_late=state == State.EXPIRED
            and end_reason == "overdue"
            and booking.lapses_at is not None
            and seen.at - booking.lapses_at <= SAME_PROMISE_WITHIN,
            can_dispute=booking.no_show and booking.no_show_disputed_at is None,
        )


@dataclass(frozen=True, slots=True)
class PackLine:
    """One pack on a receipt."""

    serial: str
    soc_percent: str
    soh_percent: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a completed swap cost, and from what it was worked out. Not a fiscal invoice."""

    booking: BookingCard
    network: str
    packs_in: tuple[PackLine, ...]
    packs_out: tuple[PackLine, ...]
    nominal_wh: int
    price_per_kwh: str
    fee: Money
    energy_cost: Money
    gross: Money
    net: Money
    tax: Money
    tax_rate_bp: int
    payment_state: str
    refunded: Money


def booking_of(driver: User, public_id: UUID) -> Booking:
    """The driver's own booking. Another's is not found, as if it did not exist (P5). Raises Http404."""
    booking = _complete().filter(driver=driver, public_id=public_id).first()
    if booking is None:
        raise Http404
    return booking


def booking_at(station: Station, public_id: UUID) -> Booking:
    """A booking at a station that staff are posted to. Another station's is not found (P5). Raises Http404."""
    booking = _complete().filter(station=station, public_id=public_id).first()
    if booking is None:
        raise Http404
    return booking


def live_booking_of(driver: User) -> Booking | None:
    """The booking that the driver has now, if any; one that is overdue is over."""
    booking = _complete().live().filter(driver=driver).first()
    if booking is None or card(booking).is_over:
        return None
    return booking


def card(booking: Booking, seen: Snapshot | None = None) -> BookingCard:
    """The booking as its driver sees it now; `seen` when the caller has the station's snapshot already."""
    seen = seen or snapshot.take(booking.station_id)
    return BookingCard.of_booking(booking, seen, _overtaken(booking))


def cards(seen: Snapshot, booking_ids: Collection[int]) -> dict[int, BookingCard]:
    """Cards of one station's snapshot, however many, in a fixed number of queries; without those of other stations."""
    rows = (
        Booking.objects.filter(pk__in=booking_ids, station_id=seen.station_id)
        .select_related("vehicle", "payment", "bay")
        .prefetch_related("station", "line__pack_class", "tariff__pack_class")
    )
    overtaken: dict[int, list[Overtaken]] = defaultdict(list)
    for row in _passed_over([b.pk for b in rows]):
        overtaken[row.booking_id].append(Overtaken(row.at, row.exception, row.reason))
    return {b.pk: BookingCard.of_booking(b, seen, tuple(overtaken[b.pk])) for b in rows}


def history_of(driver: User, *, before: datetime | None = None, limit: int = 20) -> list[Booking]:
    """Bookings of the driver that are over, newest first."""
    over = _complete().filter(driver=driver, state__in=OVER)
    if before is not None:
        over = over.filter(joined_at__lt=before)
    return list(over.order_by("-joined_at")[:limit])


def receipt(booking: Booking) -> Receipt:
    """The receipt of a completed booking. Raises Http404 for any other."""
    if booking.state != State.COMPLETED:
        raise Http404
    shown = card(booking)
    assert shown.price is not None
    assert shown.tax is not None
    currency = shown.price.currency
    fee = Money(booking.tariff.service_fee_minor, currency)
    rows = list(booking.swap_packs.filter(undone_at=None).select_related("pack").order_by("pk"))
    return Receipt(
        booking=shown,
        network=booking.network.name,
        packs_in=_pack_lines(rows, Direction.IN),
        packs_out=_pack_lines(rows, Direction.OUT),
        nominal_wh=booking.line.pack_class.nominal_wh,
        price_per_kwh=f"{booking.tariff.price_per_kwh.normalize():f}",
        fee=fee,
        energy_cost=shown.price - fee,
        gross=shown.price,
        net=shown.price - shown.tax,
        tax=shown.tax,
        tax_rate_bp=booking.tariff.tax_rate_bp,
        payment_state=booking.payment.state if booking.payment is not None else "",
        refunded=booking.payment.refunded if booking.payment is not None else Money(0, currency),
    )


def _complete() -> BookingQuerySet:
    return Booking.objects.select_related(
        "station", "line__pack_class", "vehicle", "tariff__pack_class", "payment", "bay", "network"
    )


def _overtaken(booking: Booking) -> tuple[Overtaken, ...]:
    return tuple(Overtaken(row.at, row.exception, row.reason) for row in _passed_over([booking.pk]))


def _passed_over(booking_ids: Collection[int]) -> QuerySet[BookingStep]:
    """Who was overtaken where they stand now: in their line, or at the bay."""
    rows = BookingStep.objects.filter(booking__in=booking_ids, booking__state__in=(State.WAITING, State.ARRIVED))
    return rows.filter(step=Step.PASS_OVER, from_state=F("booking__state")).order_by("id")


def _pack_lines(rows: list[SwapPack], direction: Direction) -> tuple[PackLine, ...]:
    return tuple(
        PackLine(row.pack.serial, f"{row.soc_percent}", f"{row.soh_percent}")
        for row in rows
        if row.direction == direction
    )
