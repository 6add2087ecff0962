"""What fails while a vehicle is at the bay: it gets another pack, or its own back, and nobody else loses one."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import connection

from booking import bay, overrides, promises, proofs, queries
from booking.failures import settle_line
from booking.models import Booking, Promise
from booking.states import State
from booking.tasks import sweep_lines
from stations import inventory
from stations.models import Pack, Slot
from stations.states import PackState
from tests.factories.booking import Town, states, time_passes
from tests.factories.stations import BayFactory, SlotFactory

pytestmark = pytest.mark.django_db


def here(town: Town, name: str, *, pack_count: int = 1) -> Booking:
    return town.arrives(town.books(town.driver(name, pack_count=pack_count)))


def at_the_bay(town: Town, name: str, *, pack_count: int = 1) -> Booking:
    return bay.start(booking=here(town, name, pack_count=pack_count), bay=town.bay, by=town.staff)


def old_in(town: Town, booking: Booking, *, soc_percent: int = 12, pack: Pack | None = None) -> Pack:
    pack = pack or town.old_pack()
    bay.old_in(
        booking=booking,
        serial=pack.serial,
        soc_percent=Decimal(soc_percent),
        soh_percent=Decimal(100),
        by=town.staff,
    )
    return pack


def broken_promises() -> list[str]:
    return [row for result in proofs.run(connection) for row in result.violations]


def test_a_vehicle_at_the_bay_whose_pack_fails_gets_another_one() -> None:
    town = Town(packs=2)
    asha = at_the_bay(town, "Asha")
    (kept,) = promises.kept_packs(asha)

    inventory.quarantine(pack=kept, reason="Smells burnt")

    (other,) = promises.kept_packs(asha)
    assert other != kept
    bay.new_out(booking=asha, pack=other, by=town.staff)
    old_in(town, asha)
    assert bay.finish(booking=asha, by=town.staff).state == State.COMPLETED
    assert broken_promises() == []


def test_a_vehicle_at_the_bay_gets_the_pack_that_becomes_ready_after_its_own_has_failed() -> None:
    town = Town(packs=1)
    asha = at_the_bay(town, "Asha")
    inventory.quarantine(pack=promises.kept_packs(asha)[0], reason="Smells burnt")
    assert broken_promises() == []

    charged = town.add_pack()
    bay.new_out(booking=asha, pack=charged, by=town.staff)

    old_in(town, asha)
    assert bay.finish(booking=asha, by=town.staff).state == State.COMPLETED


def test_a_vehicle_at_the_bay_comes_before_the_line_when_its_pack_has_failed() -> None:
    town = Town(packs=1)
    asha = at_the_bay(town, "Asha")
    bala = town.books(town.driver("Bala"))
    inventory.quarantine(pack=promises.kept_packs(asha)[0], reason="Smells burnt")

    charged = town.add_pack()
    settle_line(line_id=asha.line_id)

    assert promises.kept_packs(asha) == [charged]
    assert states([bala]) == [State.WAITING]


def test_what_fails_at_the_bay_and_is_given_back_waits_in_line_with_its_place() -> None:
    town = Town(packs=1)
    asha = at_the_bay(town, "Asha")
    inventory.quarantine(pack=promises.kept_packs(asha)[0], reason="Smells burnt")

    asha = bay.give_back(booking=asha, by=town.staff, reason="No pack is left")

    assert (asha.state, asha.here_at is not None) == (State.WAITING, True)
    assert broken_promises() == []


def test_a_call_from_before_a_pack_failed_is_not_missed_afterwards() -> None:
    town = Town(packs=1)
    asha = bay.call(booking=here(town, "Asha"), by=town.staff)
    inventory.quarantine(pack=promises.kept_packs(asha)[0], reason="Smells burnt")
    time_passes(asha, minutes=5)
    town.add_pack()

    settle_line(line_id=asha.line_id)
    sweep_lines()

    asha = Booking.objects.get(pk=asha.pk)
    assert (asha.state, asha.missed_calls) == (State.ARRIVED, 0)


def test_giving_back_asks_for_room_where_every_slot_is_taken() -> None:
    town = Town(packs=1)
    asha = at_the_bay(town, "Asha")
    bay.new_out(booking=asha, pack=promises.kept_packs(asha)[0], by=town.staff)
    town.add_pack(slot=Slot.objects.get(station=town.station), soc_percent=Decimal(20))

    with pytest.raises(bay.WrongPack, match="slot"):
        bay.give_back(booking=asha, by=town.staff, reason="The latch is stuck")

    assert states([asha]) == [State.SWAPPING]


def test_an_old_pack_that_was_promised_to_the_next_goes_back_to_its_vehicle_all_the_same() -> None:
    town = Town(packs=1)
    SlotFactory(station=town.station, pack_class=town.pack_class, number=50)
    asha = at_the_bay(town, "Asha")
    own = old_in(town, asha, soc_percent=95)
    bala = town.books(town.driver("Bala"))
    assert promises.kept_packs(bala) == [own]

    bay.abandon(booking=asha, by=town.staff, reason="The latch is stuck")

    assert Pack.objects.get(pk=own.pk).state == PackState.IN_VEHICLE
    # Bala is promised the pack that was kept for Asha instead.
    assert promises.kept_packs(bala) == town.packs
    assert not Promise.objects.filter(pack=own, ended_at=None).exists()
    assert broken_promises() == []


def test_a_pack_does_not_come_in_at_the_swap_in_which_it_went_out() -> None:
    town = Town(packs=1)
    asha = at_the_bay(town, "Asha")
    (kept,) = promises.kept_packs(asha)
    bay.new_out(booking=asha, pack=kept, by=town.staff)

    with pytest.raises(bay.WrongPack):
        old_in(town, asha, pack=kept)


def test_a_pack_kept_for_somebody_who_is_overdue_can_go_out() -> None:
    town = Town(packs=2)
    asha = at_the_bay(town, "Asha")
    bala = town.books(town.driver("Bala"))
    (theirs,) = promises.kept_packs(bala)
    time_passes(asha, bala, minutes=11)

    bay.new_out(booking=asha, pack=theirs, by=town.staff)

    assert states([bala]) == [State.EXPIRED]
    assert broken_promises() == []


def test_overtaking_at_the_bay_is_limited_and_told_to_those_overtaken() -> None:
    town = Town(packs=3, override_cap_per_shift=1)
    BayFactory(station=town.station, number=2)
    asha, bala, chitra = here(town, "Asha"), here(town, "Bala"), here(town, "Chitra")

    bay.start(booking=bala, bay=town.bay, by=town.staff, reason="Blocks the entrance")

    (told,) = asha.steps.filter(step="pass_over")
    assert (told.exception, told.reason) == ("override", "Blocks the entrance")
    assert [row.reason for row in queries.card(asha).overtaken] == ["Blocks the entrance"]
    with pytest.raises(overrides.OverrideLimit):
        bay.start(booking=chitra, bay=town.station.bays.get(number=2), by=town.staff, reason="Also in the way")


def test_who_did_not_answer_the_call_does_not_hold_up_the_next_though_no_worker_has_said_so() -> None:
    town = Town(packs=2)
    asha, bala = here(town, "Asha"), here(town, "Bala")
    asha = bay.call(booking=asha, by=town.staff)
    time_passes(asha, minutes=3)

    bala = bay.start(booking=bala, bay=town.bay, by=town.staff)

    assert bala.state == State.SWAPPING
