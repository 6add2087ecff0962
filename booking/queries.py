"""What people see of bookings, as complete cards. Page, API and socket show the same ones; nothing here writes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import UUID

from django.db.models import F, QuerySet
from django.http import Http404

from accounts.models import User
from booking import pricing, snapshot, standstills, tariffs
from booking.finding import about_price
from booking.line_rules import ANSWER_CALL_WITHIN, CONFIRM_WITHIN, SAME_PROMISE_WITHIN
from booking.models import Booking, BookingQuerySet, BookingStep, MoveOffer
from booking.snapshot import OfferedNow, Snapshot, Standing
from booking.states import OVER, State, Step
from booking.waits import Wait
from payments.money import Money
from stations.models import Station
from stations.states import StationStatus


@dataclass(frozen=True, slots=True)
class Overtaken:
    """Somebody went ahead: when, and by which rule or whose written reason."""

    at: datetime
    exception: str
    reason: str


@dataclass(frozen=True, slots=True)
class LastWord:
    """The last step that wants an explanation: what failed, or who ended it. `words` are what staff wrote."""

    step: str = ""
    is_by_staff: bool = False
    words: str = ""


SILENT = LastWord()
EXPLAINED = (Step.NOBODY_CONFIRMED, Step.FAIL_PACK, Step.FAIL_STATION, Step.MOVE, Step.CANCEL, Step.ABANDON)


@dataclass(frozen=True, slots=True)
class OfferCard:
    """Packs below target that may be had at once (rule 11), and what a full swap would cost for those who wait.

    `about` and `full_about` are estimates: nobody knows yet what the old packs hold.
    """

    id: int
    ends_at: datetime
    soc_percent: int
    energy_wh: int
    target_soc_percent: int
    about: Money
    full_about: Money


@dataclass(frozen=True, slots=True)
class MoveCard:
    """Another station that the booking may move to, because nobody can be served at its own (rule 7).

    `drive_seconds` is from there; `wait` is what is left of it after the drive; both are estimates, and so is `about`.
    """

    id: int
    cause: str
    station_name: str
    station_address: str
    station_code: str
    network_code: str
    drive_seconds: int
    wait: Wait
    about: Money
    is_cheaper: bool
    ends_at: datetime

    @classmethod
    def of_offer(cls, offer: MoveOffer, booking: Booking) -> Self:
        there, tariff = offer.to_station, offer.tariff
        about = about_price(tariff, packs=booking.packs_wanted, target_percent=there.target_soc_percent)
        return cls(
            id=offer.pk,
            cause=offer.standstill.cause,
            station_name=there.name,
            station_address=there.address,
            station_code=there.code,
            network_code=there.network.code,
            drive_seconds=offer.drive_seconds,
            wait=Wait(offer.wait_low_seconds, offer.wait_likely_seconds, offer.wait_high_seconds),
            about=Money(about.gross_minor, tariff.currency),
            is_cheaper=tariff.pk != booking.tariff_id,
            ends_at=offer.ends_at,
        )


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
    station_phone: str
    plate: str
    pack_class: str
    packs_wanted: int
    code: str
    joined_at: datetime
    place: int | None
    of: int | None
    wait: Wait | None
    offer: OfferCard | None
    move: MoveCard | None
    # The vehicle's fleet has its share here, and others who wait are promised packs first (rule 10).
    stands_back: bool
    bay_place: int | None
    bay_wait: Wait | None
    vehicles_at_bay: int
    promised_at: datetime | None
    promise_ends_at: datetime | None
    # What a promise of this booking may last at most, because an earlier one here was begun (rule 2).
    promise_left_seconds: int | None
    took_below_target: bool
    expected_at: datetime | None
    position_at: datetime | None
    late_told_at: datetime | None
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
    last_word: LastWord
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
    can_be_late: bool
    can_cancel: bool
    can_claim_here: bool
    can_take_fewer: bool
    can_come_late: bool
    can_dispute: bool

    @property
    def is_over(self) -> bool:
        return self.state in OVER

    @property
    def has_stopped(self) -> bool:
        """Whether its station takes nobody now, and it is not at the bay yet."""
        return self.state in (State.WAITING, State.PROMISED) and self.station_status != StationStatus.OPEN

    @property
    def is_promised_once_here(self) -> bool:
        """In line, and a pack is kept only for who is here: no wait runs until then (rules 2 and 6)."""
        is_waiting = self.state == State.WAITING and not self.is_here
        return is_waiting and (self.arrive_first or self.promise_left_seconds == 0)

    @property
    def swap_seconds(self) -> int | None:
        """How long the swap took, or has taken so far."""
        if self.started_at is None:
            return None
        return int(((self.ended_at or self.at) - self.started_at).total_seconds())

    @property
    def nobody_came(self) -> bool:
        """The driver said "here", nobody looked for ten minutes, and the place in line is theirs again (rule 5)."""
        looked_for = self.is_here or self.here_claimed_at is not None
        return self.state == State.WAITING and self.last_word.step == Step.NOBODY_CONFIRMED and not looked_for

    @classmethod
    def of_booking(
        cls,
        booking: Booking,
        seen: Snapshot,
        overtaken: tuple[Overtaken, ...] = (),
        last_word: LastWord = SILENT,
        move: MoveOffer | None = None,
    ) -> Self:
        standing = seen.standings.get(booking.pk, Standing(State(booking.state)))
        state = standing.state
        fallen = State(booking.state) != state
        unseen = fallen and state == State.WAITING
        claimed_at = None if unseen else booking.here_claimed_at
        end_reason = booking.end_reason_at(seen.at)
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
            station_phone=booking.station.contact_phone,
            plate=booking.vehicle.plate,
            pack_class=booking.line.pack_class.name,
            packs_wanted=booking.packs_wanted,
            code=booking.code,
            joined_at=booking.joined_at,
            place=standing.place,
            of=standing.of,
            wait=standing.wait,
            offer=_offer_card(booking, standing.offer) if standing.offer is not None else None,
            move=MoveCard.of_offer(move, booking) if move is not None else None,
            stands_back=standing.stands_back,
            bay_place=standing.bay_place,
            bay_wait=standing.bay_wait,
            vehicles_at_bay=seen.arrived + seen.swapping,
            promised_at=booking.promised_at,
            promise_ends_at=standing.promise_ends_at or booking.promise_ends_at,
            promise_left_seconds=booking.promise_budget_seconds,
            took_below_target=booking.took_below_target_at is not None,
            expected_at=snapshot.expected_at(booking, seen.at) if state == State.PROMISED else None,
            position_at=booking.position_at,
            late_told_at=booking.late_told_at if state == State.PROMISED else None,
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
            our_fault=booking.our_fault or unseen,
            last_word=LastWord(Step.NOBODY_CONFIRMED) if unseen else last_word,
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
            can_be_late=state == State.PROMISED and claimed_at is None,
            can_cancel=state in (State.WAITING, State.PROMISED, State.ARRIVED),
            can_claim_here=state in (State.WAITING, State.PROMISED) and claimed_at is None and booking.here_at is None,
            can_take_fewer=state == State.WAITING and booking.packs_wanted > 1,
            can_come_late=state == State.EXPIRED
            and end_reason == "overdue"
            and booking.lapses_at is not None
            and seen.at - booking.lapses_at <= SAME_PROMISE_WITHIN,
            can_dispute=booking.no_show and booking.no_show_disputed_at is None,
        )


def booking_of(driver: User, public_id: UUID) -> Booking:
    """The driver's own booking. Another's is not found, as if it did not exist (P5). Raises Http404."""
    booking = _complete().filter(driver=driver, public_id=public_id).first()
    if booking is None:
        raise Http404
    return booking


def booking_with_id(booking_id: int) -> Booking:
    """Any booking, for who has been let in to it before. Raises Http404."""
    booking = _complete().filter(pk=booking_id).first()
    if booking is None:
        raise Http404
    return booking


def booking_at(station: Station, public_id: UUID) -> Booking:
    """A booking at a station that staff are posted to. Another station's is not found (P5). Raises Http404."""
    booking = _complete().filter(station=station, public_id=public_id).first()
    if booking is None:
        raise Http404
    return booking


def live_card_of(driver: User) -> BookingCard | None:
    """The booking that the driver has now, if any; one that is overdue is over."""
    booking = _complete().live().filter(driver=driver).first()
    shown = card(booking) if booking is not None else None
    return None if shown is None or shown.is_over else shown


def card(booking: Booking, seen: Snapshot | None = None) -> BookingCard:
    """The booking as its driver sees it now; `seen` when the caller has the station's snapshot already."""
    seen = seen or snapshot.take(booking.station_id)
    words = _last_words([booking]).get(booking.pk, SILENT)
    move = standstills.offers_of([booking.pk], seen.at).get(booking.pk)
    return BookingCard.of_booking(booking, seen, _overtaken(booking), words, move)


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
    words = _last_words(rows)
    moves = standstills.offers_of([b.pk for b in rows], seen.at)
    return {
        b.pk: BookingCard.of_booking(b, seen, tuple(overtaken[b.pk]), words.get(b.pk, SILENT), moves.get(b.pk))
        for b in rows
    }


def _complete() -> BookingQuerySet:
    return Booking.objects.select_related(
        "station", "line__pack_class", "vehicle", "tariff__pack_class", "payment", "bay", "network"
    )


def _overtaken(booking: Booking) -> tuple[Overtaken, ...]:
    return tuple(Overtaken(row.at, row.exception, row.reason) for row in _passed_over([booking.pk]))


def _passed_over(booking_ids: Collection[int]) -> QuerySet[BookingStep]:
    """Who was overtaken where they stand now: in their line, or at the bay."""
    rows = BookingStep.objects.filter(booking__in=booking_ids, booking__state__in=(State.WAITING, State.ARRIVED))
    return rows.filter(step=Step.PASS_OVER, from_state=F("booking__state"), line=F("booking__line")).order_by("id")


def _last_words(bookings: Iterable[Booking]) -> dict[int, LastWord]:
    """By booking: the last step that wants an explanation, of those that may have one."""
    asked = {b.pk: b.driver_id for b in bookings if b.our_fault or b.state == State.CANCELLED}
    if not asked:
        return {}
    rows = BookingStep.objects.filter(booking__in=asked, step__in=EXPLAINED).order_by("id")
    return {row.booking_id: _last_word(row, asked[row.booking_id]) for row in rows}


def _last_word(row: BookingStep, driver_id: int | None) -> LastWord:
    # What a driver gave as a reason is nothing to be told to them.
    by_staff = row.by_id is not None and row.by_id != driver_id
    return LastWord(row.step, by_staff, row.reason if by_staff else "")


def _offer_card(booking: Booking, offer: OfferedNow) -> OfferCard:
    """The offer with its price, against the usual price of full packs: both from what drivers bring in."""
    tariff, target = booking.tariff, booking.station.target_soc_percent
    brought_wh = round(booking.packs_wanted * tariff.pack_class.nominal_wh * pricing.ARRIVING_SOC_PERCENT / 100)
    gained = pricing.price(energy_wh=max(0, offer.energy_wh - brought_wh), rate=tariffs.rate_of(tariff))
    full = about_price(tariff, packs=booking.packs_wanted, target_percent=target)
    return OfferCard(
        id=offer.id,
        ends_at=offer.ends_at,
        soc_percent=int(offer.soc_percent),
        energy_wh=offer.energy_wh,
        target_soc_percent=target,
        about=Money(gained.gross_minor, tariff.currency),
        full_about=Money(full.gross_minor, tariff.currency),
    )
