"""Two who book at the same moment: one pack, one driver, one key, one line. Each race is also run without its guard."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial

import pytest

from accounts.models import User
from booking import placing, vehicles
from booking.models import Booking, BookingStep, Promise, Vehicle
from booking.states import State, Step
from stations import inventory
from tests.concurrency.race import all_at_once, no_row_locks, second_while_first_holds, without_constraint
from tests.factories.booking import Town, VehicleFactory, states, time_passes

pytestmark = pytest.mark.django_db(transaction=True)


def _bookings(town: Town) -> list[Booking]:
    return list(Booking.objects.filter(station=town.station).order_by("joined_at", "sequence"))


def _live_promises() -> int:
    return Promise.objects.filter(ended_at=None).count()


# --- The last pack ---------------------------------------------------------------------------------------------------


def test_of_two_who_want_the_last_pack_one_has_it_and_the_other_a_place_in_line() -> None:
    town = Town.with_a_line(packs=1)
    asha, bala = town.driver("Asha"), town.driver("Bala")

    outcomes = second_while_first_holds(partial(town.books, asha), partial(town.books, bala))

    assert outcomes == ("done", "done")
    assert states(_bookings(town)) == [State.PROMISED, State.WAITING]
    assert _live_promises() == 1


def test_without_the_lines_lock_the_second_would_be_turned_away_by_the_constraint() -> None:
    town = Town.with_a_line(packs=1)
    asha, bala = town.driver("Asha"), town.driver("Bala")

    with no_row_locks():
        outcomes = second_while_first_holds(partial(town.books, asha), partial(town.books, bala))

    assert outcomes == ("done", "IntegrityError")


def test_without_lock_and_constraint_the_last_pack_would_be_promised_twice() -> None:
    town = Town.with_a_line(packs=1)
    asha, bala = town.driver("Asha"), town.driver("Bala")

    with (
        no_row_locks(),
        without_constraint("one_live_promise_per_pack"),
        without_constraint("one_place_in_line_per_sequence"),
    ):
        second_while_first_holds(partial(town.books, asha), partial(town.books, bala))
        promised = _live_promises()
        Promise.objects.all().delete()
        Booking.objects.update(sequence=0)
        for number, booking in enumerate(_bookings(town)):
            Booking.objects.filter(pk=booking.pk).update(sequence=number)

    assert promised == 2


# --- One driver, one booking -----------------------------------------------------------------------------------------


def _at_two_stations(asha_has_two_vehicles: Town, other: Town, **wish: str) -> tuple[str, str]:
    asha = asha_has_two_vehicles.driver("Asha")
    second = VehicleFactory(pack_class=other.pack_class, fleet=other.fleet)
    second.assignments.create(driver=asha)
    own = (
        asha_has_two_vehicles.vehicle_of(asha)
        if asha.assignments.count() == 1
        else asha.assignments.earliest("pk").vehicle
    )
    return second_while_first_holds(
        partial(
            placing.place, driver=asha, vehicle=own, station=asha_has_two_vehicles.station, method="account", **wish
        ),
        partial(placing.place, driver=asha, vehicle=second, station=other.station, method="account", **wish),
    )


def test_a_driver_who_books_at_two_stations_at_once_has_one_booking() -> None:
    here, there = Town.with_a_line(packs=1), Town.with_a_line(packs=1)

    outcomes = _at_two_stations(here, there)

    assert outcomes == ("done", "already_booked")
    assert Booking.objects.live().count() == 1


def test_without_the_constraint_a_driver_would_have_two_bookings() -> None:
    here, there = Town.with_a_line(packs=1), Town.with_a_line(packs=1)

    with without_constraint("one_live_booking_per_driver"):
        outcomes = _at_two_stations(here, there)
        had = Booking.objects.live().count()
        Booking.objects.filter(station=there.station).update(driver=None)

    assert outcomes == ("done", "done")
    assert had == 2


# --- One key, one booking --------------------------------------------------------------------------------------------


def test_the_same_key_twice_at_once_is_one_booking_and_both_get_it() -> None:
    town = Town.with_a_line(packs=2)
    asha = town.driver("Asha")

    outcomes = second_while_first_holds(partial(town.books, asha, key="tap"), partial(town.books, asha, key="tap"))

    assert outcomes == ("done", "done")
    assert len(_bookings(town)) == 1


def test_even_without_the_lines_lock_both_taps_get_the_same_booking() -> None:
    town = Town.with_a_line(packs=2)
    asha = town.driver("Asha")

    with no_row_locks():
        outcomes = second_while_first_holds(partial(town.books, asha, key="tap"), partial(town.books, asha, key="tap"))

    assert outcomes == ("done", "done")
    assert len(_bookings(town)) == 1


def test_without_lock_and_constraints_two_taps_would_be_two_bookings() -> None:
    town = Town.with_a_line(packs=0)
    asha = town.driver("Asha")

    with no_row_locks(), ExitStack() as forgotten:
        for name in _AGAINST_TWO_TAPS:
            forgotten.enter_context(without_constraint(name))
        second_while_first_holds(partial(town.books, asha, key="tap"), partial(town.books, asha, key="tap"))
        made = len(_bookings(town))
        Promise.objects.all().delete()
        Booking.objects.all().delete()

    assert made == 2


_AGAINST_TWO_TAPS = (
    "one_booking_per_key",
    "one_live_booking_per_driver",
    "one_live_booking_per_vehicle",
    "one_place_in_line_per_sequence",
)


# --- The order of the line -------------------------------------------------------------------------------------------


def test_twenty_who_join_at_once_stand_in_the_order_in_which_they_had_the_lock() -> None:
    town = Town.with_a_line(packs=3)
    drivers = [town.driver(f"Driver {number}") for number in range(20)]

    outcomes = all_at_once([partial(town.books, driver) for driver in drivers])

    assert outcomes == ["done"] * 20
    by_time = list(Booking.objects.order_by("joined_at").values_list("sequence", flat=True))
    by_row = list(BookingStep.objects.filter(step=Step.JOIN).order_by("pk").values_list("line_sequence", flat=True))
    assert by_time == by_row == list(range(1, 21))
    assert states(_bookings(town)) == [State.PROMISED] * 3 + [State.WAITING] * 17


def test_without_the_lines_lock_two_joiners_would_claim_the_same_place() -> None:
    town = Town.with_a_line(packs=0)
    drivers = [town.driver(name) for name in ("Asha", "Bala")]

    with no_row_locks(), without_constraint("one_place_in_line_per_sequence"):
        second_while_first_holds(*[partial(town.books, driver) for driver in drivers])
        places = [b.sequence for b in _bookings(town)]
        Booking.objects.filter(driver=drivers[1]).update(sequence=99)

    assert places == [1, 1]


# --- Metal that fails meanwhile --------------------------------------------------------------------------------------


def test_a_pack_that_is_being_quarantined_is_promised_to_nobody() -> None:
    town = Town.with_a_line(packs=1)
    asha = town.driver("Asha")

    outcomes = second_while_first_holds(
        partial(inventory.quarantine, pack=town.packs[0], reason="Swollen case"), partial(town.books, asha)
    )

    assert outcomes == ("done", "done")
    assert states(_bookings(town)) == [State.WAITING]


def test_a_pack_that_fails_while_it_is_being_promised_leaves_its_driver_first_in_line() -> None:
    town = Town.with_a_line(packs=1)
    asha = town.driver("Asha")

    outcomes = second_while_first_holds(
        partial(town.books, asha), partial(inventory.quarantine, pack=town.packs[0], reason="Swollen case")
    )

    assert outcomes == ("done", "done")
    (booking,) = _bookings(town)
    assert (booking.state, booking.our_fault) == (State.WAITING, True)
    assert _live_promises() == 0


# --- Two lines -------------------------------------------------------------------------------------------------------


def test_claims_that_need_the_same_two_lines_in_opposite_order_do_not_lock_each_other_out() -> None:
    here, there = Town.with_a_line(packs=1), Town.with_a_line(packs=1)
    asha, bala = here.driver("Asha"), there.driver("Bala")
    for driver, other in ((asha, there), (bala, here)):
        vehicle = VehicleFactory(pack_class=other.pack_class, fleet=other.fleet)
        vehicle.assignments.create(driver=driver)
    overdue = [
        placing.place(driver=d, vehicle=d.assignments.earliest("pk").vehicle, station=t.station, method="account")
        for d, t in ((asha, here), (bala, there))
    ]
    time_passes(*overdue, minutes=31)

    outcomes = all_at_once(
        [
            partial(
                placing.place,
                driver=driver,
                vehicle=driver.assignments.latest("pk").vehicle,
                station=other.station,
                method="account",
            )
            for driver, other in ((asha, there), (bala, here))
        ]
    )

    assert outcomes == ["done", "done"]
    assert states(overdue) == [State.EXPIRED, State.EXPIRED]
    assert Booking.objects.live().filter(state=State.PROMISED).count() == 2


# --- The vehicle that is let go ---------------------------------------------------------------------------------------


def _own(town: Town, name: str) -> tuple[User, Vehicle]:
    driver = town.driver(name)
    Vehicle.objects.filter(assignments__driver=driver).update(fleet=None)
    return driver, town.vehicle_of(driver)


def test_nobody_books_for_a_vehicle_that_they_are_letting_go_at_the_moment() -> None:
    town = Town.with_a_line(packs=1)
    asha, vehicle = _own(town, "Asha")
    lets_go = partial(vehicles.let_go, driver=asha, vehicle=vehicle)
    books = partial(placing.place, driver=asha, vehicle=vehicle, station=town.station, method="wallet")

    assert second_while_first_holds(lets_go, books) == ("done", "vehicle_not_yours")
    assert not Booking.objects.exists()


def test_nobody_lets_a_vehicle_go_that_they_are_booking_for_at_the_moment() -> None:
    town = Town.with_a_line(packs=1)
    asha, vehicle = _own(town, "Asha")
    lets_go = partial(vehicles.let_go, driver=asha, vehicle=vehicle)
    books = partial(placing.place, driver=asha, vehicle=vehicle, station=town.station, method="wallet")

    assert second_while_first_holds(books, lets_go) == ("done", "vehicle_in_use")
    assert vehicle.assignments.filter(ended_at=None).exists()


def test_without_row_locks_they_would_have_booked_for_a_vehicle_that_is_not_theirs() -> None:
    town = Town.with_a_line(packs=1)
    asha, vehicle = _own(town, "Asha")
    lets_go = partial(vehicles.let_go, driver=asha, vehicle=vehicle)
    books = partial(placing.place, driver=asha, vehicle=vehicle, station=town.station, method="wallet")

    with no_row_locks():
        outcomes = second_while_first_holds(lets_go, books)

    assert outcomes == ("done", "done")
    assert Booking.objects.filter(vehicle=vehicle).exists()
    assert not vehicle.assignments.filter(ended_at=None).exists()
