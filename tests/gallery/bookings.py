"""What drivers see of a booking of theirs: every face of it, what they can do with it, and what comes after it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from booking import bay, failures, feedback, lifecycle, moving, overrides, tasks
from booking.models import Booking, MoveOffer, ReportKind
from stations import inventory, upkeep
from stations.models import Pack
from tests.factories.booking import Town, time_passes
from tests.factories.stations import SlotFactory
from tests.gallery.showing import Gallery, Seen
from tests.gallery.towns import (
    arrived,
    completed,
    fall_silent,
    no_show,
    of_booking,
    promised,
    stop_by_silence,
    town,
    waiting,
)

GALLERY = Gallery()
NO_POWER = "No power in the street."


@GALLERY.shows("booking:current")
def booking_none() -> Seen:
    return Seen("/booking/", town().driver("Asha"))


@GALLERY.shows("booking:booking")
def booking_promised() -> Seen:
    return of_booking(promised(town()))


@GALLERY.shows("booking:booking")
def booking_not_authorised() -> Seen:
    place = town()
    return of_booking(place.books(place.driver("Asha"), carry_out=False))


@GALLERY.shows("booking:booking")
def booking_waiting() -> Seen:
    return of_booking(waiting(town(packs=1)))


@GALLERY.shows("booking:booking")
def booking_waiting_while_packs_charge() -> Seen:
    place = town(packs=1)
    booking = waiting(place)
    place.add_pack(soc_percent=50)
    return of_booking(booking)


@GALLERY.shows("booking:booking")
def booking_waiting_at_a_silent_station() -> Seen:
    place = town(packs=1)
    booking = waiting(place)
    place.add_pack(soc_percent=50)
    fall_silent(place, minutes=25)
    return of_booking(booking)


@GALLERY.shows("booking:booking")
def booking_waiting_here() -> Seen:
    place = town(packs=1)
    return of_booking(place.arrives(waiting(place)))


@GALLERY.shows("booking:booking")
def booking_waiting_by_our_fault() -> Seen:
    place = town(packs=1)
    booking = promised(place)
    inventory.quarantine(pack=place.packs[0], reason="Cell 4 is warm.")
    return of_booking(booking)


@GALLERY.shows("booking:booking")
def booking_overtaken() -> Seen:
    place = town(packs=1)
    booking = waiting(place)
    overrides.let_go_first(
        booking=place.books(place.driver("Chitra")), by=place.staff, reason="A patient is waiting in the ambulance."
    )
    return of_booking(booking)


@GALLERY.shows("booking:booking")
def booking_stands_back() -> Seen:
    return of_booking(_stands_back())


@GALLERY.shows("booking:why")
def why_here() -> Seen:
    """Everything that can be told at once: some went, one left, one came back, staff and the rules let others ahead."""
    place = town(packs=0)
    bala, chitra = place.books(place.driver("Bala")), place.books(place.driver("Chitra"))
    place.books(place.driver("Diogo"))
    booking = place.books(place.driver("Asha", pack_count=2))
    lifecycle.cancel(booking=chitra, by=None)
    overrides.let_go_first(
        booking=place.books(place.driver("Ella")), by=place.staff, reason="A patient is waiting in the ambulance."
    )
    for _pack in range(3):
        place.add_pack()
        failures.settle_line(line_id=booking.line_id)
    inventory.quarantine(pack=bala.promises.get(ended_at=None).pack, reason="Cell 4 is warm.")
    return of_booking(booking, "why")


@GALLERY.shows("booking:why")
def why_here_first() -> Seen:
    return of_booking(promised(town()), "why")


@GALLERY.shows("booking:why")
def why_here_stands_back() -> Seen:
    return of_booking(_stands_back(), "why")


def _stands_back() -> Booking:
    """A fleet has the only two packs and waits for a third; it went to another, and one more waits behind."""
    place = town(packs=2)
    promised(place)
    booking = waiting(place)
    for name in ("Chitra", "Diogo"):
        place.books(place.driver(name, fleet=place.add_fleet()))
    place.add_pack()
    failures.settle_line(line_id=booking.line_id)
    return booking


@GALLERY.shows("booking:booking")
def booking_claimed() -> Seen:
    place = town()
    return of_booking(place.says_here(promised(place)))


@GALLERY.shows("booking:booking")
def booking_arrived() -> Seen:
    place = town()
    place.arrives(place.books(place.driver("Bala")))
    return of_booking(arrived(place))


@GALLERY.shows("booking:booking")
def booking_called() -> Seen:
    place = town()
    return of_booking(bay.call(booking=arrived(place), by=place.staff))


@GALLERY.shows("booking:booking")
def booking_swapping() -> Seen:
    place = town()
    return of_booking(bay.start(booking=arrived(place), bay=place.bay, by=place.staff))


@GALLERY.shows("booking:booking")
def booking_completed() -> Seen:
    return of_booking(completed(town()))


@GALLERY.shows("booking:booking")
def booking_nobody_came() -> Seen:
    place = Town(packs=1, name="Canal Street", city="Lisbon", contact_phone="+12025550143")
    return of_booking(place.nobody_looks(place.says_here(promised(place))))


@GALLERY.shows("booking:booking")
def booking_kept_anew() -> Seen:
    place = Town(packs=1, name="Canal Street", city="Lisbon", contact_phone="+12025550143")
    booking = place.says_here(promised(place))
    time_passes(booking, minutes=11)
    failures.settle_line(line_id=booking.line_id)
    return of_booking(booking)


@GALLERY.shows("booking:booking")
def booking_swapping_half() -> Seen:
    place = town()
    booking = bay.start(booking=arrived(place), bay=place.bay, by=place.staff)
    SlotFactory(station=place.station, pack_class=place.pack_class)
    values = {"soc_percent": Decimal(12), "soh_percent": Decimal(97)}
    return of_booking(bay.old_in(booking=booking, serial=place.old_pack().serial, by=place.staff, **values))


@GALLERY.shows("booking:booking")
def booking_unpaid() -> Seen:
    place = town()
    return of_booking(place.swaps_unpaid(place.driver("Asha")))


@GALLERY.shows("booking:booking")
def booking_cancelled_by_staff() -> Seen:
    place = town()
    return of_booking(
        lifecycle.cancel(booking=promised(place), by=place.staff, reason="She asked us to, by telephone.")
    )


@GALLERY.shows("booking:booking")
def booking_no_show() -> Seen:
    return of_booking(no_show(town()))


@GALLERY.shows("booking:booking")
def booking_cancelled() -> Seen:
    return of_booking(lifecycle.cancel(booking=promised(town()), by=None))


@GALLERY.shows("booking:booking")
def booking_refused() -> Seen:
    booking = promised(town())
    lifecycle.refuse_payment(payment_id=booking.payment_id or 0, reason="")
    return of_booking(booking)


@GALLERY.shows("booking:booking")
def booking_down() -> Seen:
    place = town()
    booking = promised(place)
    upkeep.mark_station_down(station=place.station, reason=NO_POWER, by=None)
    return of_booking(booking)


@GALLERY.shows("booking:booking")
def booking_at_a_silent_station() -> Seen:
    place = town()
    booking = waiting(place)
    stop_by_silence(place)
    return of_booking(booking)


@GALLERY.shows("booking:booking")
def booking_down_and_others_open() -> Seen:
    place = town()
    place.second_station("Alfama Gate")
    place.second_station("Saldanha", latitude=38.75)
    booking = promised(place)
    upkeep.mark_station_down(station=place.station, reason=NO_POWER, by=None)
    return of_booking(booking)


@GALLERY.shows("booking:booking")
def booking_may_move() -> Seen:
    place = town(packs=0, charging=1)
    place.second_station("Alfama Gate", address="Largo das Portas do Sol 2")
    booking = waiting(place)
    upkeep.mark_station_down(station=place.station, reason=NO_POWER, by=None)
    tasks.plan_moves()
    return of_booking(booking)


@GALLERY.shows("booking:booking")
def booking_may_move_from_a_bay_that_is_broken() -> Seen:
    place = town()
    place.second_station("Alfama Gate", address="Largo das Portas do Sol 2")
    booking = promised(place)
    upkeep.take_bay_out_of_service(bay=place.bay, reason="The lift is stuck.", by=None)
    tasks.plan_moves()
    return of_booking(booking)


def _moved(booking: Booking) -> Booking:
    assert booking.driver is not None
    offer = MoveOffer.objects.open().get(booking=booking)
    return moving.accept(booking=booking, offer_id=offer.pk, by=booking.driver)


@GALLERY.shows("booking:booking")
def booking_moved() -> Seen:
    place = town(packs=0, charging=1)
    other = place.second_station("Alfama Gate", address="Largo das Portas do Sol 2")
    Pack.objects.filter(station=other).update(soc_percent=40)
    booking = waiting(place)
    upkeep.mark_station_down(station=place.station, reason=NO_POWER, by=None)
    tasks.plan_moves()
    return of_booking(_moved(booking))


@GALLERY.shows("booking:booking")
def booking_passed_by_one_who_moved() -> Seen:
    place = town(packs=0, charging=1)
    other = place.second_station("Alfama Gate")
    Pack.objects.filter(station=other).update(soc_percent=40)
    asha, bala = waiting(place), place.books(place.driver("Chitra"), station=other)
    upkeep.mark_station_down(station=place.station, reason=NO_POWER, by=None)
    tasks.plan_moves()
    _moved(asha)
    return of_booking(bala)


@GALLERY.shows("booking:booking")
def booking_offered() -> Seen:
    place = town(packs=0)
    place.add_pack(soc_percent=72)
    return of_booking(place.books(place.driver("Asha")))


@GALLERY.shows("booking:booking")
def booking_rated_and_reported() -> Seen:
    booking = completed(town())
    feedback.rate(booking=booking, stars=4, words="Quick, and friendly staff.")
    feedback.report(booking=booking, kind=ReportKind.STATION, words="The gate did not open at first.")
    return of_booking(booking)


@GALLERY.shows("booking:cancel")
def cancel() -> Seen:
    return of_booking(promised(town()), "cancel")


@GALLERY.shows("booking:here")
def here() -> Seen:
    return of_booking(promised(town()), "here")


@GALLERY.shows("booking:late")
def late() -> Seen:
    return of_booking(promised(town()), "late")


@GALLERY.shows("booking:dispute")
def dispute() -> Seen:
    place = town()
    booking = no_show(place)
    place.books(place.driver("Bala"))
    return of_booking(booking, "dispute")


@GALLERY.shows("booking:rate")
def rate() -> Seen:
    return of_booking(completed(town()), "rate")


@GALLERY.shows("booking:report")
def report() -> Seen:
    return of_booking(completed(town()), "report")


@GALLERY.shows("booking:charge")
def charge() -> Seen:
    return of_booking(completed(town()), "charge")


@GALLERY.shows("booking:receipt")
def receipt() -> Seen:
    return of_booking(completed(town()), "receipt")


@GALLERY.shows("booking:history")
def history() -> Seen:
    return Seen("/history/", completed(town()).driver)


@GALLERY.shows("booking:history")
def history_empty() -> Seen:
    return Seen("/history/", town().driver("Asha"))


@GALLERY.shows("booking:history")
def history_searched_in_vain() -> Seen:
    return Seen("/history/?q=nowhere", completed(town()).driver)


@GALLERY.shows("booking:booking")
def booking_in_the_demo() -> Seen:
    return replace(of_booking(promised(town())), is_demo=True)


@GALLERY.shows("booking:booking")
def booking_without_network() -> Seen:
    seen = of_booking(promised(town()))
    return replace(seen, kept=seen.path)


@GALLERY.shows("booking:history")
def no_network_and_a_booking_kept() -> Seen:
    seen = of_booking(promised(town()))
    return replace(seen, path="/history/", kept=seen.path)
