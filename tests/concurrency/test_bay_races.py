"""Two members of staff at the same moment: one code, one bay, one pack. Each race is also run without its guard."""

from __future__ import annotations

from decimal import Decimal
from functools import partial

import pytest

from booking import arrival, bay, line
from booking.models import Booking, BookingStep, Promise
from booking.states import State, Step
from payments.models import PaymentOperation
from stations.models import PackClass
from tests.concurrency.race import all_at_once, no_row_locks, second_while_first_holds
from tests.factories.accounts import UserFactory
from tests.factories.booking import TariffFactory, Town, VehicleFactory, states
from tests.factories.stations import BayFactory, PackClassFactory, PackFactory

pytestmark = pytest.mark.django_db(transaction=True)


def _steps(booking: Booking, step: Step) -> int:
    return BookingStep.objects.filter(booking=booking, step=step).count()


def test_a_code_that_two_confirm_at_once_works_once() -> None:
    town = Town.with_a_line(packs=1)
    asha = town.books(town.driver("Asha"))
    confirm = partial(arrival.confirm_here, booking=asha, by=town.staff, used_code=True)

    outcomes = second_while_first_holds(confirm, confirm)

    assert outcomes == ("done", "code_used")
    assert _steps(asha, Step.ARRIVE) == 1


def test_without_the_lines_lock_an_arrival_would_be_confirmed_twice() -> None:
    town = Town.with_a_line(packs=1)
    asha = town.books(town.driver("Asha"))
    confirm = partial(arrival.confirm_here, booking=asha, by=town.staff, used_code=True)

    with no_row_locks():
        second_while_first_holds(confirm, confirm)

    assert _steps(asha, Step.ARRIVE) == 2


def _two_of_different_classes_at_the_bay(town: Town) -> tuple[Booking, Booking]:
    """Their lines do not exclude each other: only the bay's queue does."""
    scooters: PackClass = PackClassFactory()
    TariffFactory(station=town.station, pack_class=scooters)
    PackFactory(station=town.station, pack_class=scooters)
    line.of(town.station, scooters)
    bala = UserFactory(name="Bala")
    scooter = VehicleFactory(pack_class=scooters, fleet=town.fleet)
    scooter.assignments.create(driver=bala)
    return town.arrives(town.books(town.driver("Asha"))), town.arrives(town.books(bala, vehicle=scooter))


def test_of_two_vehicles_that_are_started_in_one_bay_at_once_one_gets_it() -> None:
    town = Town.with_a_line(packs=1)
    asha, bala = _two_of_different_classes_at_the_bay(town)
    why = {"bay": town.bay, "by": town.staff, "reason": "Both stood at the door"}

    outcomes = second_while_first_holds(
        partial(bay.start, booking=asha, **why), partial(bay.start, booking=bala, **why)
    )

    assert outcomes == ("done", "bay_not_free")
    assert states([asha, bala]) == [State.SWAPPING, State.ARRIVED]


def test_without_the_queues_lock_the_second_start_would_hit_the_constraint() -> None:
    town = Town.with_a_line(packs=1)
    asha, bala = _two_of_different_classes_at_the_bay(town)
    why = {"bay": town.bay, "by": town.staff, "reason": "Both stood at the door"}

    with no_row_locks():
        outcomes = second_while_first_holds(
            partial(bay.start, booking=asha, **why), partial(bay.start, booking=bala, **why)
        )

    assert outcomes == ("done", "IntegrityError")


def _at_the_end_of_the_swap(town: Town) -> Booking:
    asha = bay.start(booking=town.arrives(town.books(town.driver("Asha"))), bay=town.bay, by=town.staff)
    (pack,) = [p.pack for p in asha.promises.filter(ended_at=None)]
    bay.new_out(booking=asha, pack=pack, by=town.staff)
    old = town.old_pack()
    return bay.old_in(booking=asha, serial=old.serial, soc_percent=Decimal(12), soh_percent=Decimal(100), by=town.staff)


def test_a_swap_that_is_finished_is_not_given_up_as_well_and_its_money_is_asked_for_once() -> None:
    town = Town.with_a_line(packs=1)
    asha = _at_the_end_of_the_swap(town)

    outcomes = second_while_first_holds(
        partial(bay.finish, booking=asha, by=town.staff),
        partial(bay.abandon, booking=asha, by=town.staff, reason="The clamp is stuck"),
    )

    assert outcomes == ("done", "step_not_possible")
    kinds = list(PaymentOperation.objects.filter(payment=asha.payment).values_list("kind", flat=True))
    assert (kinds.count("capture"), kinds.count("release")) == (1, 0)


def test_a_swap_that_two_finish_at_once_is_paid_for_once() -> None:
    town = Town.with_a_line(packs=1)
    asha = _at_the_end_of_the_swap(town)
    finish = partial(bay.finish, booking=asha, by=town.staff)

    outcomes = second_while_first_holds(finish, finish)

    assert outcomes == ("done", "step_not_possible")
    assert PaymentOperation.objects.filter(payment=asha.payment, kind="capture").count() == 1


def test_two_bays_that_hand_out_each_others_packs_exchange_the_promises() -> None:
    town = Town.with_a_line(packs=2)
    asha, bala = (town.arrives(town.books(town.driver(name))) for name in ("Asha", "Bala"))
    second = BayFactory(station=town.station, number=2)
    bay.start(booking=asha, bay=town.bay, by=town.staff)
    bay.start(booking=bala, bay=second, by=town.staff)
    hers, his = (b.promises.get(ended_at=None).pack for b in (asha, bala))

    outcomes = all_at_once(
        [
            partial(bay.new_out, booking=asha, pack=his, by=town.staff),
            partial(bay.new_out, booking=bala, pack=hers, by=town.staff),
        ]
    )

    assert outcomes == ["done", "done"]
    issued = Promise.objects.filter(end_reason="issued").order_by("booking_id").values_list("booking_id", "pack_id")
    assert list(issued) == [(asha.pk, his.pk), (bala.pk, hers.pk)]
