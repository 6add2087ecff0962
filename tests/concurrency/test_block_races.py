"""A vehicle's moment comes while another sweep, a cancel or its own driver is at work. Each also without its guard."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from django.db import connection

from booking import blocks, clock, proofs
from booking.models import BlockEntry, Booking
from tests.concurrency.race import all_at_once, no_row_locks, second_while_first_holds
from tests.factories.blocks import manager_of, moment_comes, planned
from tests.factories.booking import Town

pytestmark = pytest.mark.django_db(transaction=True)


def _due(*names: str, packs: int = 10) -> tuple[Town, list[BlockEntry]]:
    """Entries whose moment has come."""
    town = Town.with_a_line(packs=packs)
    block = planned(town, *(town.driver(name) for name in names))
    entries = list(block.entries.order_by("number"))
    moment_comes(*entries)
    return town, entries


def _carry_out(entry: BlockEntry) -> partial[BlockEntry | None]:
    return partial(blocks.carry_out, entry_id=entry.pk)


def _states() -> list[str]:
    return list(BlockEntry.objects.order_by("number").values_list("state", flat=True))


def _broken() -> dict[str, tuple[str, ...]]:
    return {result.sentence: result.violations for result in proofs.run(connection) if result.violations}


def test_of_two_sweeps_at_once_one_puts_the_vehicle_in_line() -> None:
    _town, (asha,) = _due("Asha")

    outcomes = second_while_first_holds(_carry_out(asha), _carry_out(asha))

    assert outcomes == ("done", "done")
    assert (Booking.objects.count(), _states()) == (1, ["joined"])
    assert _broken() == {}


def test_without_the_entrys_lock_the_second_sweep_would_call_it_skipped() -> None:
    _town, (asha,) = _due("Asha")

    with no_row_locks():
        second_while_first_holds(_carry_out(asha), _carry_out(asha))

    # The constraint keeps it to one booking; what the block says of it would be wrong.
    assert (Booking.objects.count(), _states()) == (1, ["skipped"])


def test_many_sweeps_of_many_vehicles_make_one_booking_each() -> None:
    _town, entries = _due("Asha", "Bala", "Chitra")

    outcomes = all_at_once([_carry_out(entry) for entry in entries for _sweep in range(3)])

    assert set(outcomes) == {"done"}
    assert (Booking.objects.count(), _states()) == (3, ["joined"] * 3)
    assert _broken() == {}


def test_who_is_cancelled_while_joining_has_joined_or_never_does() -> None:
    town, (asha,) = _due("Asha")
    cancel = partial(blocks.cancel, block=asha.block, by=manager_of(town))

    joined_first = second_while_first_holds(_carry_out(asha), cancel)

    assert joined_first == ("done", "entry_over")
    assert (Booking.objects.count(), _states()) == (1, ["joined"])


def test_a_sweep_that_meets_a_cancel_leaves_the_vehicle_to_it() -> None:
    town, (asha,) = _due("Asha")
    cancel = partial(blocks.cancel, block=asha.block, by=manager_of(town))

    cancelled_first = second_while_first_holds(cancel, _carry_out(asha))

    assert cancelled_first == ("done", "done")
    assert (Booking.objects.count(), _states()) == (0, ["cancelled"])


def test_a_driver_who_reserves_at_the_moment_of_the_block_has_one_booking() -> None:
    town, (asha,) = _due("Asha")
    reserves = partial(town.books, asha.driver)

    outcomes = second_while_first_holds(reserves, _carry_out(asha))

    assert outcomes == ("done", "done")
    assert (Booking.objects.count(), _states()) == (1, ["skipped"])
    assert BlockEntry.objects.get().reason == "already_booked"


def test_two_taps_on_plan_it_make_one_block() -> None:
    town = Town.with_a_line(packs=10)
    mala, asha = manager_of(town), town.driver("Asha")
    at = clock.database_now() + timedelta(hours=1)
    plan = partial(planned, town, asha, by=mala, first_at=at, key="tap")

    outcomes = second_while_first_holds(plan, plan)

    assert outcomes == ("done", "done")
    assert BlockEntry.objects.count() == 1
