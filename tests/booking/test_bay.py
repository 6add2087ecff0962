"""The bay: order of arrival, calls, the swap step by step, its price, and how it fails without stranding anybody."""

from __future__ import annotations

from copy import copy
from decimal import Decimal

import pytest

from booking import bay, clock, promises, queries, receipts, tasks
from booking.failures import settle_line
from booking.history import StepRefused
from booking.models import Booking, Promise
from booking.states import State
from payments import operations
from payments.models import Payment
from payments.states import PaymentState
from stations import inventory, upkeep
from stations.models import Bay, Pack
from stations.states import PackState
from tests.factories.booking import TariffFactory, Town, states, time_passes
from tests.factories.stations import BayFactory, PackClassFactory, SlotFactory

pytestmark = pytest.mark.django_db


def here(town: Town, name: str) -> Booking:
    """Booked, promised and confirmed to be at the station."""
    return town.arrives(town.books(town.driver(name)))


def alone(town: Town, name: str) -> Booking:
    """Booked, and confirmed by nobody but the station itself."""
    return town.says_here(town.books(town.driver(name)))


def another_class(town: Town) -> Town:
    """The same station, for vehicles of another class."""
    other = copy(town)
    other.pack_class = PackClassFactory()
    other.add_pack()
    TariffFactory(station=town.station, pack_class=other.pack_class)
    return other


def test_a_station_without_staff_calls_whoever_is_first_when_a_bay_is_free() -> None:
    town = Town(packs=2, staffed=False)

    asha, bala = alone(town, "Asha"), alone(town, "Bala")

    assert (asha.state, asha.called_at is not None) == (State.ARRIVED, True)
    assert bala.called_at is None
    assert queries.card(asha).call_ends_at is not None


def test_who_says_here_where_nobody_works_and_never_comes_blocks_the_bay_for_two_calls_and_no_longer() -> None:
    town = Town(packs=2, staffed=False)
    asha, bala = alone(town, "Asha"), alone(town, "Bala")

    for _call in range(3):
        time_passes(*Booking.objects.filter(called_at__isnull=False), minutes=3.1)
        tasks.sweep_lines()

    asha.refresh_from_db()
    assert (asha.state, asha.end_reason, asha.no_show) == (State.EXPIRED, "missed_calls", False)
    assert queries.card(bala).bay_place == 1
    assert Pack.objects.filter(state=PackState.KEPT).count() == 1


def test_a_bay_that_gets_free_calls_the_next_of_another_class_by_the_sweep() -> None:
    town = Town(packs=1, staffed=False)
    asha = alone(town, "Asha")
    asha = bay.start(booking=asha, bay=town.bay, by=town.staff)
    bala = alone(another_class(town), "Bala")
    assert bala.called_at is None

    bay.abandon(booking=asha, by=town.staff, reason="The lift is stuck.")
    tasks.sweep_lines()

    bala.refresh_from_db()
    assert bala.called_at is not None


def test_who_missed_the_second_call_is_over_for_every_reader_and_claim_before_a_worker_says_so() -> None:
    town = Town(packs=1)
    asha, bala = here(town, "Asha"), town.books(town.driver("Bala"))
    Booking.objects.filter(pk=asha.pk).update(called_at=clock.database_now(), missed_calls=1)
    time_passes(asha, minutes=3.1)

    card = queries.card(Booking.objects.get(pk=asha.pk))
    assert (card.state, card.end_reason, card.no_show) == (State.EXPIRED, "missed_calls", False)
    assert queries.card(bala).state == State.PROMISED
    again = town.books(asha.driver)

    assert (again.state, states([asha, bala])) == (State.WAITING, [State.EXPIRED, State.PROMISED])


def test_nobody_misses_a_call_to_a_station_that_stands_still() -> None:
    town = Town(packs=1, staffed=False)
    asha = alone(town, "Asha")

    upkeep.mark_station_down(station=town.station, reason="No current.", by=None)
    time_passes(asha, minutes=10)
    tasks.sweep_lines()

    asha.refresh_from_db()
    assert (asha.state, asha.missed_calls, asha.called_at) == (State.ARRIVED, 0, None)


def test_nobody_misses_a_call_to_a_station_of_which_no_bay_works() -> None:
    town = Town(packs=1)
    asha = bay.call(booking=here(town, "Asha"), by=town.staff)
    Booking.objects.filter(pk=asha.pk).update(missed_calls=1)

    upkeep.take_bay_out_of_service(bay=town.bay, reason="Oil on the floor", by=town.staff)
    time_passes(asha, minutes=10)
    tasks.sweep_lines()

    asha.refresh_from_db()
    assert (asha.state, asha.missed_calls, asha.called_at) == (State.ARRIVED, 1, None)


@pytest.mark.parametrize("what", ["bay", "station"])
def test_nobody_is_called_where_no_bay_works(what: str) -> None:
    town = Town(packs=1)
    asha = here(town, "Asha")
    if what == "bay":
        upkeep.take_bay_out_of_service(bay=town.bay, reason="Oil on the floor", by=town.staff)
    else:
        upkeep.mark_station_down(station=town.station, reason="No current.", by=town.staff)

    with pytest.raises(bay.NoBayWorks):
        bay.call(booking=asha, by=town.staff)

    asha.refresh_from_db()
    assert asha.called_at is None


def test_no_swap_begins_in_a_bay_that_went_out_of_service_while_staff_looked() -> None:
    town = Town(packs=1)
    asha, seen_open = here(town, "Asha"), Bay.objects.get(pk=town.bay.pk)
    upkeep.take_bay_out_of_service(bay=town.bay, reason="Oil on the floor", by=town.staff)

    with pytest.raises(bay.BayNotFree):
        bay.start(booking=asha, bay=seen_open, by=town.staff)

    assert states([asha]) == [State.ARRIVED]


def test_while_another_bay_works_a_call_is_a_call() -> None:
    town = Town(packs=1)
    second = BayFactory(station=town.station, number=2)
    asha = bay.call(booking=here(town, "Asha"), by=town.staff)

    upkeep.take_bay_out_of_service(bay=second, reason="Oil on the floor", by=town.staff)

    asha.refresh_from_db()
    assert asha.called_at is not None


def test_who_had_missed_the_second_call_before_the_bay_failed_has_ended_all_the_same() -> None:
    town = Town(packs=1)
    asha = bay.call(booking=here(town, "Asha"), by=town.staff)
    Booking.objects.filter(pk=asha.pk).update(missed_calls=1)
    time_passes(asha, minutes=3.1)

    upkeep.take_bay_out_of_service(bay=town.bay, reason="Oil on the floor", by=town.staff)
    tasks.sweep_lines()

    assert states([asha]) == [State.EXPIRED]


def test_a_swap_costs_the_energy_gained_and_the_fee_and_is_paid() -> None:
    town = Town(packs=0)
    town.add_pack(soc_percent=100, soh_percent=100)
    booking = here(town, "Asha")

    done = town.swaps(booking)
    operations.carry_out_for(done.payment)

    # A full pack of 50 kWh out, one at 12 % in: 44 kWh at 0.50 and a fee of 1.00, with 23 % tax inside.
    assert done.state == State.COMPLETED
    assert (done.energy_wh, done.price_minor, done.tax_minor) == (44_000, 2_300, 430)
    assert Payment.objects.get(pk=done.payment_id).state == PaymentState.CAPTURED


def test_the_receipt_names_the_packs_and_adds_up() -> None:
    town = Town(packs=1)
    done = town.swaps(here(town, "Asha"))

    receipt = receipts.of_booking(queries.booking_of(done.driver, done.public_id))

    assert receipt.net + receipt.tax == receipt.gross == receipt.energy_cost + receipt.fee
    assert [p.serial for p in receipt.packs_out] == [town.packs[0].serial]
    assert len(receipt.packs_in) == 1


def test_bays_serve_in_order_of_arrival_whatever_the_order_of_booking() -> None:
    town = Town(packs=2)
    asha, bala = town.books(town.driver("Asha")), town.books(town.driver("Bala"))

    bala, asha = town.arrives(bala), town.arrives(asha)

    assert [queries.card(b).bay_place for b in (bala, asha)] == [1, 2]
    with pytest.raises(bay.NotNext):
        bay.start(booking=asha, bay=town.bay, by=town.staff)


def test_staff_may_take_a_vehicle_first_with_a_reason_that_stands_in_the_history() -> None:
    town = Town(packs=2)
    here(town, "Asha")
    bala = here(town, "Bala")

    bala = bay.start(booking=bala, bay=town.bay, by=town.staff, reason="Blocks the entrance")

    step = bala.steps.get(step="start")
    assert (step.exception, step.reason, step.by) == ("override", "Blocks the entrance", town.staff)


def test_a_missed_call_lets_the_next_vehicle_first_and_the_second_one_ends_the_booking() -> None:
    town = Town(packs=2)
    asha, bala = here(town, "Asha"), here(town, "Bala")

    bay.call(booking=asha, by=town.staff)
    time_passes(asha, minutes=4)
    bay.miss_call(booking=asha, by=None)
    assert list(Booking.objects.at_bay(town.station.pk)) == [bala, asha]
    bay.call(booking=asha, by=town.staff)
    time_passes(asha, minutes=4)
    asha = bay.miss_call(booking=asha, by=None)

    assert (asha.state, asha.no_show) == (State.EXPIRED, False)


def test_a_call_that_is_not_overdue_is_not_missed() -> None:
    town = Town(packs=1)
    asha = bay.call(booking=here(town, "Asha"), by=town.staff)

    asha = bay.miss_call(booking=asha, by=None)

    assert (asha.state, asha.missed_calls) == (State.ARRIVED, 0)


def test_a_bay_serves_one_vehicle_at_a_time() -> None:
    town = Town(packs=2)
    asha, bala = here(town, "Asha"), here(town, "Bala")
    bay.start(booking=asha, bay=town.bay, by=town.staff)

    with pytest.raises(bay.BayNotFree):
        bay.start(booking=bala, bay=town.bay, by=town.staff)


def test_a_bay_of_another_station_or_out_of_service_is_refused() -> None:
    town = Town(packs=1)
    asha = here(town, "Asha")
    with pytest.raises(bay.BayNotFree):
        bay.start(booking=asha, bay=BayFactory(), by=town.staff)

    upkeep.take_bay_out_of_service(bay=town.bay, reason="Oil on the floor", by=town.staff)
    town.bay.refresh_from_db()

    with pytest.raises(bay.BayNotFree):
        bay.start(booking=asha, bay=town.bay, by=town.staff)


def test_a_swap_does_not_begin_while_the_payment_is_uncertain_unless_staff_say_why() -> None:
    town = Town(packs=1)
    asha = town.arrives(town.books(town.driver("Asha"), carry_out=False))

    with pytest.raises(bay.NotPaidFor):
        bay.start(booking=asha, bay=town.bay, by=town.staff)
    asha = bay.start(booking=asha, bay=town.bay, by=town.staff, reason="Terminal is down, regular customer")

    assert asha.state == State.SWAPPING


def test_the_plate_is_proven_at_the_first_swap() -> None:
    town = Town(packs=1)
    asha = here(town, "Asha")
    assert asha.vehicle.proven_at is None

    asha = bay.start(booking=asha, bay=town.bay, by=town.staff)

    assert town.vehicle_of(asha.driver).proven_at == asha.started_at


def test_handing_out_a_pack_that_was_kept_for_another_exchanges_the_two_promises() -> None:
    town = Town(packs=2)
    asha, bala = here(town, "Asha"), town.books(town.driver("Bala"))
    asha = bay.start(booking=asha, bay=town.bay, by=town.staff)
    mine, theirs = promises.kept_packs(asha)[0], promises.kept_packs(bala)[0]

    bay.new_out(booking=asha, pack=theirs, by=town.staff)

    assert promises.kept_packs(bala) == [mine]
    assert Pack.objects.get(pk=theirs.pk).state == PackState.IN_VEHICLE
    assert Pack.objects.get(pk=mine.pk).kept_until == Booking.objects.get(pk=bala.pk).lapses_at


def test_a_pack_that_is_not_ready_or_of_another_station_does_not_go_out() -> None:
    town = Town(packs=1)
    flat, elsewhere = town.add_pack(soc_percent=40), Town(packs=1).packs[0]
    asha = bay.start(booking=here(town, "Asha"), bay=town.bay, by=town.staff)

    for pack in (flat, elsewhere):
        with pytest.raises(bay.WrongPack):
            bay.new_out(booking=asha, pack=pack, by=town.staff)


def test_a_swap_is_not_finished_while_a_pack_is_missing_on_one_side() -> None:
    town = Town(packs=1)
    asha = bay.start(booking=here(town, "Asha"), bay=town.bay, by=town.staff)
    bay.new_out(booking=asha, pack=town.packs[0], by=town.staff)

    with pytest.raises(bay.SwapIncomplete):
        bay.finish(booking=asha, by=town.staff)


def test_an_impossible_charge_and_an_unknown_serial_are_refused_and_nothing_is_half_done() -> None:
    town = Town(packs=1)
    SlotFactory(station=town.station, pack_class=town.pack_class)
    asha = bay.start(booking=here(town, "Asha"), bay=town.bay, by=town.staff)
    old = town.old_pack()

    for serial, soc in ((old.serial, Decimal(140)), ("nobody-knows-me", Decimal(10))):
        with pytest.raises((inventory.BadReading, inventory.UnknownPack)):
            bay.old_in(booking=asha, serial=serial, soc_percent=soc, soh_percent=Decimal(100), by=town.staff)

    assert not asha.swap_packs.exists()
    assert Pack.objects.get(pk=old.pk).state == PackState.IN_VEHICLE


def test_a_failed_swap_gives_the_own_pack_back_and_keeps_the_place_at_the_bay() -> None:
    town = Town(packs=1)
    SlotFactory(station=town.station, pack_class=town.pack_class)
    asha = bay.start(booking=here(town, "Asha"), bay=town.bay, by=town.staff)
    old = town.old_pack()
    bay.old_in(booking=asha, serial=old.serial, soc_percent=Decimal(12), soh_percent=Decimal(100), by=town.staff)
    bay.new_out(booking=asha, pack=town.packs[0], by=town.staff)

    back = bay.give_back(booking=asha, by=town.staff, reason="The latch is stuck")

    assert (back.state, back.arrived_at, back.bay_sequence) == (State.ARRIVED, asha.arrived_at, asha.bay_sequence)
    assert Pack.objects.get(pk=old.pk).state == PackState.IN_VEHICLE
    assert promises.kept_packs(back) == town.packs


def test_an_abandoned_swap_costs_nothing_and_strands_nobody() -> None:
    town = Town(packs=1)
    SlotFactory(station=town.station, pack_class=town.pack_class)
    asha = bay.start(booking=here(town, "Asha"), bay=town.bay, by=town.staff)
    old = town.old_pack()
    bay.old_in(booking=asha, serial=old.serial, soc_percent=Decimal(12), soh_percent=Decimal(100), by=town.staff)

    over = bay.abandon(booking=asha, by=town.staff, reason="The vehicle's lock is broken")
    operations.carry_out_for(over.payment)

    assert (over.state, over.our_fault, over.no_show) == (State.CANCELLED, True, False)
    assert Pack.objects.get(pk=old.pk).state == PackState.IN_VEHICLE
    assert Payment.objects.get(pk=over.payment_id).state == PaymentState.RELEASED
    assert not Promise.objects.filter(ended_at=None).exists()


def test_who_is_here_before_a_pack_is_ready_takes_the_place_of_the_arrival() -> None:
    town = Town(packs=1)
    asha, bala = town.books(town.driver("Asha")), town.books(town.driver("Bala"))
    bala = town.arrives(bala)
    assert states([asha, bala]) == [State.PROMISED, State.WAITING]
    asha = town.arrives(asha)

    town.add_pack()
    settle_line(line_id=bala.line_id)

    assert list(Booking.objects.at_bay(town.station.pk)) == [bala, asha]


def test_a_booking_that_is_only_promised_cannot_start() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))

    with pytest.raises(StepRefused):
        bay.start(booking=asha, bay=town.bay, by=town.staff)
