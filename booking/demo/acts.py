"""Carries out what a simulated driver or the simulated staff do, through the same writers as everybody."""

from __future__ import annotations

from decimal import Decimal
from random import Random

from accounts.models import User
from accounts.refusals import Refusal
from booking import arrival, bay, lifecycle, offers, promises
from booking.demo import guard
from booking.demo.behaviour import Act
from booking.models import Booking, Direction, SwapPack
from booking.patience import patient
from booking.states import State
from stations import geo
from stations.models import Bay, Pack
from stations.states import PackState

OUT_OF_TURN = "The vehicle ahead is not at its bay yet, and another bay is free."
GIVEN_UP = "The swap took too long, so the vehicle got its own pack back."


class NoPackLeft(Refusal):
    """The simulation has run out of packs to exchange; the swap is given up after a while."""

    code = "no_pack_left"


def perform(act: Act, *, booking: Booking, staff: User, free_bay: Bay | None, out_of_turn: bool) -> None:
    """One act for one simulated driver. Raises NotSimulatedError before anything else, and what the writers refuse."""
    guard.refuse_others(booking)
    if act == Act.START:
        assert free_bay is not None
        reason = OUT_OF_TURN if out_of_turn else ""
        patient(bay.start)(booking=booking, bay=free_bay, by=staff, reason=reason)
    elif act in BY_STAFF:
        BY_STAFF[act](booking, staff)
    else:
        assert booking.driver is not None
        BY_DRIVER[act](booking, booking.driver)


def _cancel(booking: Booking, driver: User) -> None:
    patient(lifecycle.cancel)(booking=booking, by=driver)


def _take_offer(booking: Booking, driver: User) -> None:
    if offer := offers.open_one_of(booking):
        patient(lifecycle.take_offer)(booking=booking, offer_id=offer.pk, by=driver)


def _keep_waiting(booking: Booking, driver: User) -> None:
    if offer := offers.open_one_of(booking):
        patient(lifecycle.keep_waiting)(booking=booking, offer_id=offer.pk, by=driver)


def _extend(booking: Booking, driver: User) -> None:
    patient(lifecycle.extend)(booking=booking, by=driver)


def _claim_here(booking: Booking, driver: User) -> None:
    at = geo.Place(booking.station.latitude, booking.station.longitude)
    patient(arrival.claim_here)(booking=booking, position=at, by=driver)


def _confirm_here(booking: Booking, staff: User) -> None:
    patient(arrival.confirm_here)(booking=booking, by=staff)


def _call(booking: Booking, staff: User) -> None:
    patient(bay.call)(booking=booking, by=staff)


def _finish(booking: Booking, staff: User) -> None:
    patient(bay.finish)(booking=booking, by=staff)


def _abandon(booking: Booking, staff: User) -> None:
    patient(bay.abandon)(booking=booking, by=staff, reason=GIVEN_UP)


def _new_out(booking: Booking, staff: User) -> None:
    kept = promises.kept_packs(booking)
    if not kept:
        raise NoPackLeft("What was kept for this booking has failed.")
    patient(bay.new_out)(booking=booking, pack=kept[0], by=staff)


def _old_in(booking: Booking, staff: User) -> None:
    """What comes out of the vehicle is nearly empty."""
    pack = carried(booking)
    soc = Random(booking.pk * 31 + pack.pk).randint(80, 320)  # noqa: S311 - the same in every try, not a secret
    patient(bay.old_in)(
        booking=booking, serial=pack.serial, soc_percent=Decimal(soc) / 10, soh_percent=pack.soh_percent, by=staff
    )


def carried(booking: Booking) -> Pack:
    """A pack that is in the vehicle: one that went out to it last, or one of those that vehicles came with.

    A visitor may have typed its number at some bay. Then any pack will do that has been with the simulation's vehicles
    and is in none that stands at a bay now. Raises NoPackLeft.
    """
    in_vehicles = Pack.objects.filter(
        state=PackState.IN_VEHICLE, network=booking.network_id, pack_class=booking.line.pack_class_id
    ).order_by("pk")
    went_out = SwapPack.objects.filter(direction=Direction.OUT, undone_at=None)
    last = Booking.objects.filter(vehicle=booking.vehicle_id, state=State.COMPLETED).order_by("-ended_at").first()
    own = in_vehicles.filter(pk__in=went_out.filter(booking=last).values("pack")).first() if last else None
    given_away = went_out.exclude(booking__driver__is_simulated=True, booking__state=State.COMPLETED).values("pack")
    pack = own or in_vehicles.filter(swaps=None).first() or in_vehicles.exclude(pk__in=given_away).first()
    if pack is None:
        raise NoPackLeft("There is no pack left in any simulated vehicle.")
    return pack


BY_DRIVER = {
    Act.CANCEL: _cancel,
    Act.TAKE_OFFER: _take_offer,
    Act.KEEP_WAITING: _keep_waiting,
    Act.EXTEND: _extend,
    Act.CLAIM_HERE: _claim_here,
}
BY_STAFF = {
    Act.CONFIRM_HERE: _confirm_here,
    Act.CALL: _call,
    Act.OLD_IN: _old_in,
    Act.NEW_OUT: _new_out,
    Act.FINISH: _finish,
    Act.ABANDON: _abandon,
}
