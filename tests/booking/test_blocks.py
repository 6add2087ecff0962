"""A fleet's block: nobody joins before their moment, nobody is overtaken, and one's trouble is not the others'."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from accounts import deletion, membership, people
from accounts.models import User
from accounts.refusals import Refusal
from booking import block_cards, blocks, clock, notice_words, placing, proofs, tasks
from booking.models import Assignment, Block, BlockEntry, Booking, Notice, Source, Vehicle
from booking.notice_kinds import Kind
from booking.states import State
from payments import ledger
from payments.money import Money
from stations import upkeep
from stations.models import Slot, Station
from tests.factories.blocks import assignment_of, manager_of, moment_comes, planned, states_of, time_passes_for
from tests.factories.booking import Town, VehicleFactory, states
from tests.factories.stations import PackClassFactory, StationFactory

pytestmark = pytest.mark.django_db


def entries_of(block: Block) -> list[BlockEntry]:
    return list(block.entries.order_by("number"))


def bookings_of(*drivers: User) -> list[Booking]:
    return [Booking.objects.get(driver=driver) for driver in drivers]


# --- Planning -------------------------------------------------------------------------------------------------------


def test_a_block_stands_in_rows_and_takes_no_place_in_line() -> None:
    town = Town(packs=10)
    asha, bala = town.driver("Asha"), town.driver("Bala")

    block = planned(town, asha, bala)

    one, two = entries_of(block)
    assert (one.driver, two.driver) == (asha, bala)
    # Sixty percent of ten packs are six an hour.
    assert two.join_at - one.join_at == timedelta(minutes=10)
    assert tasks.join_blocks() == 0
    assert not Booking.objects.exists()


def test_the_manager_may_widen_the_step_and_not_narrow_it() -> None:
    town = Town(packs=10)
    asha, bala = town.driver("Asha"), town.driver("Bala")

    one, two = entries_of(planned(town, asha, bala, step_seconds=1_800))

    assert two.join_at - one.join_at == timedelta(minutes=30)
    with pytest.raises(blocks.CannotPlan, match="at least 10 minutes apart"):
        planned(town, asha, bala, step_seconds=540)


def test_who_manages_another_fleet_plans_nothing() -> None:
    town = Town()
    asha = town.driver("Asha")
    stranger = manager_of(town, town.add_fleet())

    with pytest.raises(blocks.NotYourFleet):
        planned(town, asha, by=stranger)


def test_vehicles_of_another_fleet_are_not_planned() -> None:
    town = Town()
    diogo = town.driver("Diogo", fleet=town.add_fleet())

    with pytest.raises(blocks.NotOfYourFleet):
        planned(town, diogo)


def test_a_station_of_another_network_is_none_for_a_fleet() -> None:
    town, elsewhere = Town(), StationFactory()

    with pytest.raises(placing.StationNotOpen):
        blocks.draft(
            by=manager_of(town),
            fleet=town.fleet,
            station=elsewhere,
            assignment_ids=[assignment_of(town.driver("Asha"))],
            first_at=clock.database_now(),
            step_seconds=None,
            now=clock.database_now(),
        )


def test_a_vehicle_whose_packs_the_station_does_not_keep_is_named() -> None:
    town = Town()
    asha, bala = town.driver("Asha"), town.driver("Bala")
    Vehicle.objects.filter(assignments__driver=bala).update(pack_class=PackClassFactory(), plate="VAN77")

    with pytest.raises(placing.ClassNotServed, match="VAN77"):
        planned(town, asha, bala)


def test_two_drivers_of_one_vehicle_do_not_come_at_once() -> None:
    town = Town()
    asha, bala = town.driver("Asha"), town.driver("Bala")
    Assignment.objects.filter(driver=bala).update(vehicle=town.vehicle_of(asha))

    with pytest.raises(blocks.CannotPlan, match="once"):
        planned(town, asha, bala)


def test_the_same_key_and_body_give_the_same_block_and_another_body_is_refused() -> None:
    town = Town(packs=10)
    mala, asha, bala = manager_of(town), town.driver("Asha"), town.driver("Bala")
    at = clock.database_now() + timedelta(hours=2)

    first = planned(town, asha, by=mala, first_at=at, key="one")
    second = planned(town, asha, by=mala, first_at=at, key="one")

    assert first == second
    assert BlockEntry.objects.count() == 1
    with pytest.raises(blocks.KeyReused):
        planned(town, bala, by=mala, first_at=at, key="one")


# --- Joining --------------------------------------------------------------------------------------------------------


def test_each_joins_at_its_own_moment_as_if_its_driver_had_reserved() -> None:
    town = Town(packs=10)
    asha, bala = town.driver("Asha"), town.driver("Bala")
    one, two = entries_of(planned(town, asha, bala))

    moment_comes(one)
    assert tasks.join_blocks() == 1

    (booking,) = bookings_of(asha)
    assert (booking.state, booking.source) == (State.PROMISED, Source.FLEET)
    assert booking.payment is not None
    assert (booking.payment.method, booking.payment.organisation) == ("account", town.fleet)
    assert states_of([one, two]) == ["joined", "planned"]
    assert tasks.join_blocks() == 0


def test_whoever_reserves_before_the_moment_stands_before_the_fleets_vehicle() -> None:
    town = Town(packs=0)
    asha, diogo = town.driver("Asha"), town.driver("Diogo", fleet=town.add_fleet())
    (entry,) = entries_of(planned(town, asha))

    outsider = town.books(diogo)
    moment_comes(entry, minutes_ago=10)
    tasks.join_blocks()

    (booking,) = bookings_of(asha)
    entry.refresh_from_db()
    assert outsider.order < booking.order
    assert booking.joined_at > entry.join_at + timedelta(minutes=10)
    assert [result.violations for result in proofs.run(transaction.get_connection()) if result.violations] == []


def test_a_vehicle_has_all_its_packs_or_none() -> None:
    town = Town(packs=1)
    asha = town.driver("Asha", pack_count=2)
    (entry,) = entries_of(planned(town, asha))

    moment_comes(entry)
    tasks.join_blocks()

    (booking,) = bookings_of(asha)
    assert (booking.packs_wanted, booking.state) == (2, State.WAITING)


# --- Skipping -------------------------------------------------------------------------------------------------------


def has_booked(town: Town, driver: User) -> None:
    town.books(driver)


def is_not_assigned(town: Town, driver: User) -> None:
    Assignment.objects.filter(driver=driver).update(ended_at=clock.database_now())


def has_left_the_fleet(town: Town, driver: User) -> None:
    Vehicle.objects.filter(assignments__driver=driver).update(fleet=None)


def is_blocked(town: Town, driver: User) -> None:
    people.block(user=driver, by=None, reason="Lent his phone.")


def is_deleted(town: Town, driver: User) -> None:
    deletion.delete(person=driver)


def has_no_credit(town: Town, driver: User) -> None:
    ledger.set_credit_limit(fleet=town.fleet, limit=Money(1, "EUR"))


def is_closed(town: Town, driver: User) -> None:
    upkeep.close_station(station=town.station, reason="Flooded.", by=None)


def keeps_other_packs(town: Town, driver: User) -> None:
    Slot.objects.filter(station=town.station).update(pack_class=PackClassFactory())


def has_no_price(town: Town, driver: User) -> None:
    town.tariff.delete()


@pytest.mark.parametrize(
    ("happens", "code"),
    [
        (has_booked, "already_booked"),
        (is_not_assigned, "vehicle_not_yours"),
        (has_left_the_fleet, "vehicle_not_yours"),
        (is_blocked, "driver_blocked"),
        (is_deleted, "person_deleted"),
        (has_no_credit, "fleet_limit_reached"),
        (is_closed, "station_not_open"),
        (keeps_other_packs, "class_not_served"),
        (has_no_price, "no_tariff"),
    ],
)
def test_who_cannot_be_booked_for_at_their_moment_is_skipped_with_the_reason(
    happens: Callable[[Town, User], None], code: str
) -> None:
    town = Town(packs=10)
    mala, asha = manager_of(town), town.driver("Asha")
    block = planned(town, asha, by=mala)
    happens(town, asha)

    time_passes_for(block, minutes=61)
    tasks.join_blocks()

    (entry,) = entries_of(block)
    assert (entry.state, entry.reason, entry.booking) == ("skipped", code, None)
    (card,) = block_cards.of_manager(mala, now=clock.database_now())
    assert card.entries[0].why not in ("", "It could not be booked.")


def test_the_driver_and_the_manager_are_told_once_that_a_vehicle_was_skipped() -> None:
    town = Town(packs=10)
    mala, asha = manager_of(town), town.driver("Asha")
    block = planned(town, asha, by=mala)
    is_closed(town, asha)
    time_passes_for(block, minutes=61)

    tasks.join_blocks()
    tasks.join_blocks()

    told = {notice.driver: notice_words.of(notice) for notice in Notice.objects.filter(kind=Kind.NOT_BOOKED)}
    assert set(told) == {asha, mala}
    assert Notice.objects.count() == 2
    assert told[asha].title == f"Your fleet could not book for you at {town.station.name}"
    assert told[asha].body == "The station was closed. You may reserve yourself."
    assert told[mala].title == f"{town.vehicle_of(asha).plate} was not put in line at {town.station.name}"
    assert told[mala].url == f"/fleet/b/{block.public_id}/"


def test_a_manager_who_has_left_and_a_driver_who_is_deleted_are_told_nothing() -> None:
    town = Town(packs=10)
    mala, asha = manager_of(town), town.driver("Asha")
    block = planned(town, asha, by=mala)
    membership.end(membership=mala.memberships.get(), by=None, reason="Left the firm.")
    deletion.delete(person=asha)
    time_passes_for(block, minutes=61)

    tasks.join_blocks()

    assert states_of(entries_of(block)) == ["skipped"]
    assert not Notice.objects.exists()


def test_a_driver_who_waits_is_told_that_the_fleet_has_put_them_in_line() -> None:
    town = Town(packs=0)
    asha = town.driver("Asha")
    (entry,) = entries_of(planned(town, asha))

    moment_comes(entry)
    tasks.join_blocks()

    assert [notice.kind for notice in Notice.objects.filter(driver=asha)] == [Kind.PUT_IN_LINE]


def test_a_driver_whose_pack_is_kept_at_once_is_told_although_nobody_tapped() -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")
    (entry,) = entries_of(planned(town, asha))

    moment_comes(entry)
    tasks.join_blocks()

    assert Notice.objects.filter(driver=asha, kind=Kind.PROMISED).exists()


def test_the_trouble_of_one_vehicle_is_not_the_others() -> None:
    town = Town(packs=10)
    asha, bala, chitra = (town.driver(name) for name in ("Asha", "Bala", "Chitra"))
    entries = entries_of(planned(town, asha, bala, chitra))
    is_blocked(town, bala)

    moment_comes(*entries)
    assert tasks.join_blocks() == 3

    assert states_of(entries) == ["joined", "skipped", "joined"]


def test_a_station_whose_time_zone_is_none_keeps_no_vehicle_of_another_from_joining() -> None:
    # Lisbon's entries come later, so that they would never be reached.
    mars, lisbon = Town(packs=10), Town(packs=10)
    nonsense, entry = (
        entries_of(planned(town, town.driver(name)))[0] for town, name in ((mars, "Asha"), (lisbon, "Bala"))
    )
    Station.objects.filter(pk=mars.station.pk).update(time_zone="Mars/Base", hours={"mon": [["00:00", "24:00"]]})

    moment_comes(nonsense, minutes_ago=1)
    moment_comes(entry)
    assert tasks.join_blocks() == 1

    assert states_of([nonsense, entry]) == ["planned", "joined"]


def test_a_moment_that_passed_long_ago_puts_nobody_in_line() -> None:
    town = Town(packs=10)
    asha, bala = town.driver("Asha"), town.driver("Bala")
    one, two = entries_of(planned(town, asha, bala))

    moment_comes(one, minutes_ago=31)
    moment_comes(two, minutes_ago=29)
    tasks.join_blocks()

    assert states_of([one, two]) == ["skipped", "joined"]
    assert BlockEntry.objects.get(pk=one.pk).reason == "too_late"


# --- Cancelling -----------------------------------------------------------------------------------------------------


def test_one_vehicle_is_cancelled_before_its_moment_and_the_others_join() -> None:
    town = Town(packs=10)
    mala, asha, bala = manager_of(town), town.driver("Asha"), town.driver("Bala")
    block = planned(town, asha, bala, by=mala)
    entries = entries_of(block)

    blocks.cancel(block=block, by=mala, number=1)
    moment_comes(*entries)
    tasks.join_blocks()

    assert states_of(entries) == ["cancelled", "joined"]


def test_cancelling_all_leaves_who_has_joined_in_line() -> None:
    town = Town(packs=10)
    mala, asha, bala = manager_of(town), town.driver("Asha"), town.driver("Bala")
    block = planned(town, asha, bala, by=mala)
    entries = entries_of(block)
    moment_comes(entries[0])
    tasks.join_blocks()

    assert blocks.cancel(block=block, by=mala) == 1

    assert states_of(entries) == ["joined", "cancelled"]
    assert states(bookings_of(asha)) == [State.PROMISED]
    with pytest.raises(blocks.EntryOver):
        blocks.cancel(block=block, by=mala)


def test_only_the_fleets_own_managers_cancel_and_see_it() -> None:
    town = Town(packs=10)
    block = planned(town, town.driver("Asha"))
    stranger = manager_of(town, town.add_fleet())

    with pytest.raises(blocks.NotYourFleet):
        blocks.cancel(block=block, by=stranger)

    assert block_cards.of_manager(stranger, now=clock.database_now()) == []
    with pytest.raises(Block.DoesNotExist):
        block_cards.one_of_manager(stranger, block.public_id, now=clock.database_now())


def test_whose_role_has_ended_sees_no_block_any_more() -> None:
    town = Town(packs=10)
    mala = manager_of(town)
    planned(town, town.driver("Asha"), by=mala)

    membership.end(membership=mala.memberships.get(), by=None, reason="Left the firm.")

    assert block_cards.of_manager(mala, now=clock.database_now()) == []


# --- What the database itself refuses -------------------------------------------------------------------------------


def test_an_entry_that_has_joined_has_a_booking() -> None:
    town = Town(packs=10)
    (entry,) = entries_of(planned(town, town.driver("Asha")))

    with pytest.raises(IntegrityError, match="entry_has_a_booking_exactly_when_it_joined"), transaction.atomic():
        BlockEntry.objects.filter(pk=entry.pk).update(state="joined", ended_at=clock.database_now())


def test_a_vehicle_is_in_a_block_once() -> None:
    town = Town(packs=10)
    block = planned(town, town.driver("Asha"))
    (entry,) = entries_of(block)

    with pytest.raises(IntegrityError, match="one_entry_per_vehicle_and_block"), transaction.atomic():
        block.entries.create(number=2, vehicle=entry.vehicle, driver=town.staff, join_at=entry.join_at)


def test_every_refusal_of_a_plan_has_a_sentence() -> None:
    town = Town(packs=10)
    asha = town.driver("Asha")
    VehicleFactory(fleet=town.fleet)

    for first_at in (clock.database_now() - timedelta(hours=1), clock.database_now() + timedelta(hours=25)):
        with pytest.raises(Refusal) as refused:
            planned(town, asha, first_at=first_at)
        assert refused.value.sentence
