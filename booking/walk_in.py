"""A vehicle that has come without a booking: it joins the line and is here, in one act of the staff (rule 1)."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.refusals import Refusal
from booking import arrival, placing, vehicles
from booking.models import Booking, Source, Vehicle
from stations.models import PackClass, Station


class MethodNotHere(Refusal):
    """This station does not take this kind of payment from a walk-in."""

    code = "method_not_offered_here"


class BookedAlready(Refusal):
    """The vehicle has a live booking at this very station: `booking`."""

    code = "booked_here_already"

    def __init__(self, sentence: str, booking: Booking) -> None:
        super().__init__(sentence)
        self.booking = booking


def methods(station: Station) -> tuple[str, ...]:
    """What a walk-in can pay with. A wallet belongs to a person who is signed in, so it is not among them."""
    return ("cash", "account") if station.takes_cash else ("account",)


@transaction.atomic
def join(
    *, station: Station, country: str, plate: str, pack_class: PackClass, packs: int, method: str, by: User
) -> Booking:
    """Register the vehicle if it is new, put it in line and confirm that it is here; all or nothing.

    Locks the line. Raises MethodNotHere, BookedAlready, and what `vehicles`, `placing` and `arrival` refuse.
    """
    if method not in methods(station):
        raise MethodNotHere(_("Walk-ins cannot pay like this here."))
    vehicle = vehicles.at_the_gate(country=country, plate=plate, pack_class=pack_class, pack_count=packs)
    _check_has_no_booking_here(vehicle, station)
    booking = placing.place(
        driver=None, vehicle=vehicle, station=station, packs_wanted=packs, method=method, source=Source.WALK_IN
    )
    return arrival.confirm_here(booking=booking, by=by)


def _check_has_no_booking_here(vehicle: Vehicle, station: Station) -> None:
    booking = Booking.objects.live().filter(vehicle=vehicle, station=station).first()
    if booking is not None:
        raise BookedAlready(_("%(plate)s has a booking here. This is it.") % {"plate": vehicle.plate}, booking)
