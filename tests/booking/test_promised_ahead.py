"""Rule 3 on the database: packs that are promised while they charge, and promises that move to other packs."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from booking import clock, failures, lifecycle, promises, queries, snapshot, tasks
from booking.line_rules import READY_BEFORE_ARRIVAL
from booking.models import Booking, BookingStep, Offer
from booking.proofs import run
from booking.states import State, Step
from stations import inventory, upkeep
from stations.models import Pack
from tests.factories.booking import Town, states, time_passes

pytestmark = pytest.mark.django_db

MARGIN = int(READY_BEFORE_ARRIVAL.total_seconds())


def charging(town: Town, soc_percent: int = 87, **fields: Any) -> Pack:
    """A pack that was read just now, and is at the target in some minutes."""
    return town.add_pack(soc_percent=Decimal(soc_percent), soc_at=clock.database_now(), **fields)


def minutes_until_ready(town: Town, pack: Pack) -> int:
    now = clock.database_now()
    found = Pack.objects.select_related("slot", "pack_class").get(pk=pack.pk)
    return int(found.ready_in(town.station.target_soc_percent, now))


def far_enough(town: Town, pack: Pack) -> int:
    drive = minutes_until_ready(town, pack) + MARGIN + 30
    assert drive < town.station.promise_max_seconds, "nearer than that nobody is promised anything"
    return drive


def packs_of(booking: Booking) -> set[int]:
    return {pack.pk for pack in promises.kept_packs(booking)}


def reads(pack: Pack, soc_percent: int) -> None:
    """A new reading."""
    inventory.record_soc(
        pack=Pack.objects.get(pk=pack.pk),
        soc_percent=Decimal(soc_percent),
        soh_percent=Decimal(100),
        at=clock.database_now(),
    )


def settle(booking: Booking) -> None:
    failures.settle_line(line_id=booking.line_id)


def all_promises_hold() -> bool:
    return all(result.holds for result in run(connection))


def test_a_pack_that_will_be_ready_before_the_arrival_is_promised_now() -> None:
    town = Town(packs=0)
    pack = charging(town)

    asha = town.books(town.driver("Asha"), drive_seconds=far_enough(town, pack))

    assert states([asha]) == [State.PROMISED]
    assert packs_of(asha) == {pack.pk}
    assert all_promises_hold()


def test_a_page_shows_such_a_promise_before_anybody_has_written_it_down() -> None:
    town = Town(packs=0)
    pack = charging(town, soc_percent=30)
    asha = town.books(town.driver("Asha"), drive_seconds=1_500)
    assert states([asha]) == [State.WAITING]

    Pack.objects.filter(pk=pack.pk).update(soc_percent=88, soc_at=clock.database_now())

    assert snapshot.take(town.station.pk).standings[asha.pk].state == State.PROMISED
    settle(asha)
    assert states([asha]) == [State.PROMISED]


def test_who_is_near_waits_for_it() -> None:
    town = Town(packs=0)
    pack = charging(town)

    asha = town.books(town.driver("Asha"), drive_seconds=minutes_until_ready(town, pack))

    assert states([asha]) == [State.WAITING]


def test_what_a_silent_station_should_hold_by_now_is_promised_to_nobody() -> None:
    town = Town(packs=0)
    pack = charging(town)
    drive = far_enough(town, pack)
    Pack.objects.filter(pk=pack.pk).update(soc_at=clock.database_now() - timedelta(minutes=16))

    asha = town.books(town.driver("Asha"), drive_seconds=drive)

    assert states([asha]) == [State.WAITING]


def test_the_ready_pack_is_left_to_who_is_near() -> None:
    town = Town(packs=1)
    slow = charging(town)

    asha = town.books(town.driver("Asha"), drive_seconds=far_enough(town, slow))
    bala = town.books(town.driver("Bala"), drive_seconds=60)

    assert states([asha, bala]) == [State.PROMISED, State.PROMISED]
    assert (packs_of(asha), packs_of(bala)) == ({slow.pk}, {town.packs[0].pk})


def test_a_promise_moves_so_that_who_comes_next_need_not_wait_for_an_idle_pack() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"), drive_seconds=1_500)
    assert packs_of(asha) == {town.packs[0].pk}
    ends_at = Booking.objects.get(pk=asha.pk).promise_ends_at
    slow = charging(town)

    bala = town.books(town.driver("Bala"), drive_seconds=0)

    assert (packs_of(asha), packs_of(bala)) == ({slow.pk}, {town.packs[0].pk})
    assert Booking.objects.get(pk=asha.pk).promise_ends_at == ends_at
    assert BookingStep.objects.filter(booking=asha, step=Step.REASSIGN).count() == 1
    assert all_promises_hold()


def test_a_page_shows_what_a_move_would_bring_before_it_is_written_down() -> None:
    town = Town(packs=1)
    asha, bala = (
        town.books(town.driver("Asha"), drive_seconds=1_500),
        town.books(town.driver("Bala"), drive_seconds=0),
    )
    assert states([asha, bala]) == [State.PROMISED, State.WAITING]
    charging(town)

    seen = snapshot.take(town.station.pk).standings

    assert (seen[asha.pk].state, seen[bala.pk].state) == (State.PROMISED, State.PROMISED)


def test_a_pack_that_charges_too_slowly_is_replaced_by_a_sweep_before_its_driver_comes() -> None:
    town = Town(packs=0)
    slow = charging(town)
    asha = town.books(town.driver("Asha"), drive_seconds=far_enough(town, slow))
    other = town.add_pack()
    reads(slow, 40)

    assert asha.line_id in tasks.due_lines(clock.database_now())
    tasks.sweep_lines()

    assert packs_of(asha) == {other.pk}
    assert states([asha]) == [State.PROMISED]


def test_who_arrives_before_their_pack_is_ready_has_another_one() -> None:
    town = Town(packs=0)
    slow = charging(town)
    asha = town.books(town.driver("Asha"), drive_seconds=far_enough(town, slow))
    other = town.add_pack()

    town.arrives(asha)

    assert states([asha]) == [State.ARRIVED]
    assert packs_of(asha) == {other.pk}
    assert all_promises_hold()


def test_who_arrives_before_their_pack_is_ready_changes_with_somebody_who_comes_later() -> None:
    town = Town(packs=1)
    slow = charging(town)
    asha = town.books(town.driver("Asha"), drive_seconds=far_enough(town, slow))
    bala = town.books(town.driver("Bala"), drive_seconds=far_enough(town, slow))
    assert (packs_of(asha), packs_of(bala)) == ({slow.pk}, {town.packs[0].pk})

    town.arrives(asha)

    assert states([asha, bala]) == [State.ARRIVED, State.PROMISED]
    assert (packs_of(asha), packs_of(bala)) == ({town.packs[0].pk}, {slow.pk})
    assert all_promises_hold()


def test_where_no_pack_is_ready_at_the_arrival_it_is_our_fault_and_the_next_one_is_theirs() -> None:
    town = Town(packs=0)
    slow = charging(town)
    asha = town.books(town.driver("Asha"), drive_seconds=far_enough(town, slow))

    town.arrives(asha)

    stored = Booking.objects.get(pk=asha.pk)
    assert (stored.state, stored.our_fault, stored.here_at is not None) == (State.WAITING, True, True)
    bala = town.books(town.driver("Bala"), drive_seconds=0)
    town.arrives(bala)
    reads(slow, 95)
    settle(asha)
    assert states([asha, bala]) == [State.ARRIVED, State.WAITING]
    assert all_promises_hold()


def test_a_pack_that_was_chosen_as_it_is_stays_who_chose_its() -> None:
    """Rule 11: they said that it will do."""
    town = Town(packs=0)
    chosen = charging(town, soc_percent=70)
    asha = town.books(town.driver("Asha"), drive_seconds=60)
    lifecycle.take_offer(booking=asha, offer_id=Offer.objects.get(booking=asha).pk, by=asha.driver)
    town.add_pack()

    tasks.sweep_lines()
    town.arrives(asha)

    assert packs_of(asha) == {chosen.pk}
    assert states([asha]) == [State.ARRIVED]


def test_a_promise_that_ends_lets_the_pack_go_while_it_charges() -> None:
    town = Town(packs=0)
    slow = charging(town)
    asha = town.books(town.driver("Asha"), drive_seconds=far_enough(town, slow))

    time_passes(asha, minutes=61)
    settle(asha)

    assert states([asha]) == [State.EXPIRED]
    assert Pack.objects.get(pk=slow.pk).state == "stored"


def test_while_the_station_stands_still_nothing_moves() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"), drive_seconds=1_500)
    upkeep.mark_station_down(station=town.station, reason="No power in the street.", by=town.staff)
    charging(town)

    settle(asha)

    assert not BookingStep.objects.filter(booking=asha, step=Step.REASSIGN).exists()
    assert queries.card(Booking.objects.get(pk=asha.pk)).state in (State.WAITING, State.PROMISED)
