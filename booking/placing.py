"""Joining a line: who may book, with what money, and where in the line."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django.db import IntegrityError
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts import people
from accounts.models import Organisation, User
from accounts.refusals import Refusal
from booking import clock, codes, conduct, history, line, placing_keys, standstills, tariffs
from booking.line_rules import SAME_PROMISE_WITHIN, budget_left
from booking.models import Booking, Line, Source, Tariff, Vehicle
from booking.states import State, Step
from payments import checkout
from payments.money import Money
from stations import geo
from stations.hours import opening
from stations.models import PackClass, Slot, Station
from stations.states import StationStatus


class StationNotOpen(Refusal):
    """The station takes no bookings now."""

    code = "station_not_open"


class AlreadyBooked(Refusal):
    """The driver or the vehicle has a live booking (rule 6). `booking` is it when it is the driver's own."""

    code = "already_booked"

    def __init__(self, sentence: str, booking: Booking | None = None) -> None:
        super().__init__(sentence)
        self.booking = booking


class CashNotTaken(Refusal):
    """The station takes no cash."""

    code = "cash_not_taken"


class ClassNotServed(Refusal):
    """The station has no slot for the vehicle's packs: its line would never move."""

    code = "class_not_served"


class PriceChanged(Refusal):
    """A new tariff counts since the driver looked (rule 9)."""

    code = "price_changed"


class VehicleNotYours(Refusal):
    """The vehicle is not one that this driver may book for."""

    code = "vehicle_not_yours"


class WrongPackCount(Refusal):
    """More packs than the vehicle takes, or none."""

    code = "wrong_pack_count"


def place(
    *,
    driver: User | None,
    vehicle: Vehicle,
    station: Station,
    packs_wanted: int | None = None,
    method: str,
    position: geo.Place | None = None,
    drive_seconds: int | None = None,
    key: str = "",
    source: str = Source.APP,
    seen_tariff_id: int | None = None,
) -> Booking:
    """Join the line of the station for the vehicle's class; promised at once when a pack is free and it is one's turn.

    `driver` is None for a walk-in without an account. Wants as many packs as the vehicle takes unless told otherwise.
    The same `key` (Idempotency-Key) and body give the same booking again. Locks the station's line, and the line of an
    overdue booking of the same driver or vehicle elsewhere; settles both. `seen_tariff_id` is the version whose price
    the driver was shown: the price seen is the price paid (rule 9). `drive_seconds` is the drive from `position` as the
    caller had it from a router before anything was locked; without it the straight line is taken.

    Raises StationNotOpen, CashNotTaken, ClassNotServed, VehicleNotYours, WrongPackCount, AlreadyBooked,
    tariffs.NoTariff, PriceChanged, placing_keys.KeyReused, people.PersonDeleted, and what checkout refuses (an unpaid
    swap, a method that is not offered).
    """
    packs_wanted = vehicle.pack_count if packs_wanted is None else packs_wanted
    request = placing_keys.Request.of(
        user=driver, key=key, station=station.pk, vehicle=vehicle.pk, packs=packs_wanted, method=method
    )
    if earlier := placing_keys.find(request):
        return earlier
    _check_may_book(driver=driver, vehicle=vehicle, station=station, packs_wanted=packs_wanted, method=method)
    here = line.of(station, vehicle.pack_class)
    try:
        with line.locked(here.pk, *lines_of_overdue(driver=driver, vehicle=vehicle)) as held:
            if earlier := placing_keys.find(request):
                return earlier
            for other in held.lines.values():
                line.settle(held, other)
            check_is_open(station, now=held.now)
            check_no_live_booking(driver=driver, vehicle=vehicle)
            tariff = tariffs.current(station=station, pack_class=vehicle.pack_class, now=held.now)
            if seen_tariff_id is not None and seen_tariff_id != tariff.pk:
                raise PriceChanged(_("The price has changed meanwhile. Look at it once more before you reserve."))
            booking = join(
                held,
                here,
                driver=driver,
                vehicle=vehicle,
                packs_wanted=packs_wanted,
                method=method,
                drive_seconds=drive_seconds_to(position, station) if drive_seconds is None else drive_seconds,
                source=source,
                tariff=tariff,
            )
            # Joining holds the driver: who lets the vehicle go at this moment has done so, or waits for us.
            _check_is_theirs(driver=driver, vehicle=vehicle)
            placing_keys.remember(request, booking=booking, now=held.now)
            line.settle(held, held.lines[here.pk])
            booking.refresh_from_db()
            return booking
    except IntegrityError as clash:
        # Two stations at the same moment: their lines do not exclude each other, the constraints do.
        if "one_live_booking_per" not in str(clash) and "one_booking_per_key" not in str(clash):
            raise
        if earlier := placing_keys.find(request):
            return earlier
        check_no_live_booking(driver=driver, vehicle=vehicle)
        raise


def join(
    held: line.Held,
    at: Line,
    *,
    driver: User | None,
    vehicle: Vehicle,
    packs_wanted: int,
    method: str,
    drive_seconds: int | None,
    source: str,
    tariff: Tariff,
) -> Booking:
    """Put a booking at the end of a held line and ask for its money. The caller settles the line afterwards."""
    if driver is not None:
        people.still_here(user=driver)
    station = at.station
    most = tariffs.most_it_can_cost(tariff, packs=packs_wanted)
    booking = Booking(
        network_id=station.network_id,
        station=station,
        line=at,
        vehicle=vehicle,
        driver=driver,
        tariff=tariff,
        source=source,
        packs_wanted=packs_wanted,
        code=codes.new(station),
        joined_at=held.now,
        sequence=held.next_sequence(at),
        drive_seconds=drive_seconds,
        position_at=held.now if drive_seconds is not None else None,
        arrive_first=conduct.arrive_first(driver=driver, vehicle=vehicle, now=held.now) is not None,
        joined_stopped=at.pk in standstills.causes([at.pk]),
        promise_budget_seconds=promise_left(
            station=station, pack_class=at.pack_class, driver=driver, vehicle=vehicle, now=held.now
        ),
    )
    booking.payment = checkout.open_payment(
        network=station.network,
        reference=booking.public_id,
        method=method,
        payer=driver,
        organisation=_payer_organisation(method, vehicle=vehicle, station=station),
        amount=Money(most.gross_minor, tariff.currency),
    )
    booking.save()
    history.record(booking, Step.JOIN, at=held.now, by=driver)
    return booking


def drive_seconds_to(position: geo.Place | None, station: Station) -> int | None:
    """Our estimate of the drive from there, in seconds; None when nobody said where "there" is."""
    if position is None:
        return None
    return geo.drive_seconds(geo.distance_m(position, geo.Place(station.latitude, station.longitude)))


def promise_left(
    *, station: Station, pack_class: PackClass, driver: User | None, vehicle: Vehicle, now: datetime
) -> int | None:
    """Seconds left of this driver's last promise here, if it ended within 30 minutes by their own doing (rule 2).

    None when a new promise would be a whole one.
    """
    same = Booking.objects.of_vehicle(vehicle)
    if driver is not None:
        same = same | Booking.objects.filter(driver=driver)
    # That nobody confirmed an arrival is our fault, but no reason for a whole new promise: by then they are here.
    theirs = same.that_we_have_not_failed().filter(line__station=station, line__pack_class=pack_class)
    # What is overdue has ended, whether or not a row says so yet. A claim that nobody looked at is our fault.
    if theirs.filter(state=State.PROMISED, lapses_at__lte=now, here_claimed_at=None, pay_by=None).exists():
        return 0
    earlier = (
        theirs.filter(ended_at__gt=now - SAME_PROMISE_WITHIN)
        .filter(end_reason__in=("overdue", "cancelled"), promise_ends_at__isnull=False)
        .order_by("-ended_at")
        .first()
    )
    if earlier is None or earlier.here_at is not None:
        return None
    assert earlier.promise_ends_at is not None
    assert earlier.ended_at is not None
    return budget_left(promise_ends_at=earlier.promise_ends_at, ended_at=earlier.ended_at)


def check_is_open(station: Station, *, now: datetime) -> None:
    """Raise StationNotOpen. Who closes a station holds its lines, so this is certain while a line of it is held."""
    now_there = Station.objects.only("status", "status_reason", "is_silent", "hours").get(pk=station.pk)
    if now_there.status != StationStatus.OPEN:
        raise StationNotOpen(now_there.why_not_open or _("This station takes no bookings now."))
    at = opening(now_there.hours, time_zone=station.time_zone, now=now)
    if not at.is_open and at.opens_at is not None:
        opens = at.opens_at.astimezone(ZoneInfo(station.time_zone))
        raise StationNotOpen(_("This station is closed now. It opens at %(time)s.") % {"time": f"{opens:%H:%M}"})
    if not at.is_open:
        raise StationNotOpen(_("This station is closed now."))


def check_no_live_booking(*, driver: User | None, vehicle: Vehicle) -> None:
    """Raise AlreadyBooked when the driver or the vehicle has a live booking (rule 6)."""
    if driver is not None and (own := Booking.objects.live().filter(driver=driver).first()):
        raise AlreadyBooked(_("You have a booking already. Cancel it before you make another."), own)
    if Booking.objects.live().filter(vehicle=vehicle).exists():
        raise AlreadyBooked(
            _("Somebody has booked for this vehicle already. If it is yours, show it to station staff, who settle it.")
        )


def lines_of_overdue(*, driver: User | None, vehicle: Vehicle) -> set[int]:
    """Lines in which this driver or vehicle has a booking that counts as ended: this claim ends it."""
    now = clock.database_now()
    theirs = Q(vehicle=vehicle) if driver is None else Q(vehicle=vehicle) | Q(driver=driver)
    over = Booking.objects.overdue(now) | Booking.objects.given_up(now)
    return set(over.filter(theirs).values_list("line_id", flat=True))


def _check_may_book(*, driver: User | None, vehicle: Vehicle, station: Station, packs_wanted: int, method: str) -> None:
    if method == "cash" and not station.takes_cash:
        raise CashNotTaken(_("This station takes no cash."))
    if not Slot.objects.filter(station=station, pack_class=vehicle.pack_class_id).exists():
        raise ClassNotServed(_("This station has no packs of the kind that your vehicle takes."))
    _check_is_theirs(driver=driver, vehicle=vehicle)
    if not 1 <= packs_wanted <= vehicle.pack_count:
        raise WrongPackCount(_("This vehicle takes %(count)d packs.") % {"count": vehicle.pack_count})


def _check_is_theirs(*, driver: User | None, vehicle: Vehicle) -> None:
    if driver is not None and not vehicle.assignments.filter(driver=driver, ended_at=None).exists():
        raise VehicleNotYours(_("This vehicle is not one of yours."))


def _payer_organisation(method: str, *, vehicle: Vehicle, station: Station) -> Organisation | None:
    """Who owes the money when it is not the driver: the fleet on account, the station's owner for cash."""
    if method == "account":
        # A fleet has its account with one network; elsewhere its vehicles pay as everybody does.
        return vehicle.fleet if vehicle.fleet is not None and vehicle.fleet.network_id == station.network_id else None
    return station.owner if method == "cash" else None
