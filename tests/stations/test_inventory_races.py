"""Two who want the same metal at the same time: real threads, real commits, and a gap held open."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from django.db import close_old_connections, connection, transaction
from django.utils import timezone

from accounts.refusals import Refusal
from stations import inventory
from stations.models import Pack, Slot
from stations.states import PackState, SlotState
from tests.factories.stations import PackFactory, PackInVehicleFactory, SlotFactory

pytestmark = pytest.mark.django_db(transaction=True)


def first_with_the_gap_held_open(first: Callable[[], object], second: Callable[[], object]) -> tuple[str, str]:
    """Run `first`, and before it commits start `second`; commit once `second` waits for it or has gone past it."""
    may_start, done = threading.Event(), threading.Event()

    def outcome(act: Callable[[], object]) -> str:
        try:
            act()
        except Refusal as refusal:
            return refusal.code
        return "done"

    def run_first() -> str:
        try:
            with transaction.atomic():
                result = outcome(first)
                may_start.set()
                wait_until_somebody_waits_for_us_or(done)
            return result
        finally:
            connection.close()

    def run_second() -> str:
        try:
            may_start.wait(10)
            return outcome(second)
        finally:
            done.set()
            connection.close()

    close_old_connections()
    with ThreadPoolExecutor(2) as pool:
        futures: list[Future[str]] = [pool.submit(run_first), pool.submit(run_second)]
        return futures[0].result(30), futures[1].result(30)


def wait_until_somebody_waits_for_us_or(done: threading.Event) -> None:
    deadline = time.monotonic() + 10
    with connection.cursor() as cursor:
        while not done.wait(0.02) and time.monotonic() < deadline:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))")
            if cursor.fetchone() != (0,):
                return


def test_of_two_who_promise_the_same_pack_one_is_refused() -> None:
    pack, now = PackFactory(), timezone.now()

    outcomes = first_with_the_gap_held_open(
        lambda: inventory.promise(pack=pack, until=None, now=now),
        lambda: inventory.promise(pack=pack, until=None, now=now),
    )

    assert outcomes == ("done", "pack_step_refused")


def test_a_pack_is_not_promised_while_it_is_being_quarantined() -> None:
    pack, now = PackFactory(), timezone.now()

    outcomes = first_with_the_gap_held_open(
        lambda: inventory.quarantine(pack=pack, reason="Swollen"),
        lambda: inventory.promise(pack=pack, until=None, now=now),
    )

    pack.refresh_from_db()
    assert outcomes == ("done", "pack_step_refused")
    assert pack.state == PackState.QUARANTINED


def test_a_pack_is_not_promised_out_of_a_slot_that_is_being_taken_out_of_service() -> None:
    pack, now = PackFactory(), timezone.now()

    outcomes = first_with_the_gap_held_open(
        lambda: inventory.take_slot_out_of_service(slot=pack.slot, reason="Contactor"),
        lambda: inventory.promise(pack=pack, until=None, now=now),
    )

    assert outcomes == ("done", "slot_out_of_service")


def test_a_slot_that_fails_while_its_pack_is_being_promised_knows_that_the_pack_is_kept() -> None:
    pack, now = PackFactory(), timezone.now()
    heard: list[str] = []

    def on_failed(pack: Pack, **fact: object) -> None:
        heard.append(pack.state)

    inventory.signals.slot_failed.connect(on_failed)
    try:
        first_with_the_gap_held_open(
            lambda: inventory.promise(pack=pack, until=None, now=now),
            lambda: inventory.take_slot_out_of_service(slot=pack.slot, reason="Contactor"),
        )
    finally:
        inventory.signals.slot_failed.disconnect(on_failed)

    assert heard == [PackState.KEPT]
    assert Slot.objects.get(pk=pack.slot_id).state == SlotState.OUT_OF_SERVICE


def test_of_two_packs_put_into_the_same_slot_one_is_refused() -> None:
    slot, now = SlotFactory(), timezone.now()
    asha, bala = (
        PackInVehicleFactory(network=slot.station.network, pack_class=slot.pack_class) for _driver in range(2)
    )

    def put(pack: Pack) -> Pack:
        return inventory.take_back(
            serial=pack.serial,
            pack_class=pack.pack_class,
            network=pack.network,
            slot=slot,
            soc_percent=10,
            soh_percent=95,
            now=now,
        )

    outcomes = first_with_the_gap_held_open(lambda: put(asha), lambda: put(bala))

    assert outcomes == ("done", "slot_taken")


def test_packs_promised_together_are_locked_in_one_order_so_that_two_never_block_each_other() -> None:
    one = PackFactory()
    two = PackFactory(station=one.station, pack_class=one.pack_class)
    now = timezone.now()

    outcomes = first_with_the_gap_held_open(
        lambda: inventory.promise_many(packs=[one, two], until=None, now=now),
        lambda: inventory.promise_many(packs=[two, one], until=None, now=now),
    )

    assert outcomes == ("done", "pack_step_refused")


def test_of_two_new_packs_with_one_serial_number_one_is_refused() -> None:
    known, now = PackFactory(), timezone.now()

    def add() -> Pack:
        return inventory.add_pack(
            network=known.network,
            owner=known.owner,
            pack_class=known.pack_class,
            serial="TWIN",
            soc_percent=50,
            soh_percent=100,
            now=now,
        )

    assert first_with_the_gap_held_open(add, add) == ("done", "pack_exists")
