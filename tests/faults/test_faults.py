"""What drivers notice when workers die, Redis stops or the database breaks off: little, and nothing false."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from django.db import connection, transaction
from websockets.sync.client import ClientConnection, connect

from booking.models import Booking, BookingStep, Line
from booking.states import State, Step
from tests.booking.sockets import cookie_of
from tests.factories.booking import Town, states, time_passes
from tests.faults.house import House, until

pytestmark = [pytest.mark.start, pytest.mark.django_db(transaction=True)]


def _socket(house: House, booking: Booking) -> ClientConnection:
    return connect(
        f"ws://localhost:{house.port}/ws/bookings/{booking.public_id}/",
        origin=f"http://localhost:{house.port}",  # type: ignore[arg-type]  # websockets' own name for a string
        additional_headers={"Cookie": cookie_of(booking.driver)},
    )


def _told(socket: ClientConnection, *, shape: str, within_seconds: float) -> dict[str, Any]:
    """The first snapshot in this state."""
    deadline = time.monotonic() + within_seconds
    while True:
        told: dict[str, Any] = json.loads(socket.recv(timeout=max(0.01, deadline - time.monotonic())))
        # Between snapshots a beat says that the connection is alive.
        if told.get("shape", "").startswith(shape):
            return told


# --- Workers ---------------------------------------------------------------------------------------------------------


def test_with_every_worker_dead_an_overdue_promise_is_the_next_drivers_and_ends_within_two_seconds_of_their_return(
    house: House,
) -> None:
    town, other = Town(packs=1), Town(packs=1)
    asha, chitra = town.books(town.driver("Asha")), other.books(other.driver("Chitra"))
    time_passes(asha, chitra, minutes=31)

    bala = town.books(town.driver("Bala"))
    assert states([asha, bala, chitra]) == [State.EXPIRED, State.PROMISED, State.PROMISED]
    house.start("worker", "beat")
    house.await_workers()

    until(lambda: states([chitra]) == [State.EXPIRED], within_seconds=2)
    assert Booking.objects.get(pk=chitra.pk).no_show


def test_a_worker_that_is_killed_in_the_middle_leaves_nothing_half_done(house: House) -> None:
    town = Town(packs=1)
    asha, bala = town.books(town.driver("Asha")), town.books(town.driver("Bala"))
    house.start("worker", "beat")
    house.await_workers()

    with transaction.atomic():
        # The sweep waits for this lock in the middle of its work, and dies there.
        Line.objects.select_for_update().get(pk=asha.line_id)
        time_passes(asha, minutes=31)
        until(_somebody_waits_for_us, within_seconds=5)
        house.kill("worker")
    assert states([asha, bala]) == [State.PROMISED, State.WAITING]
    house.start("worker")
    house.await_workers()

    until(lambda: states([asha, bala]) == [State.EXPIRED, State.PROMISED], within_seconds=2)
    assert BookingStep.objects.filter(booking=asha, step=Step.LAPSE).count() == 1


def _somebody_waits_for_us() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
        )
        row = cursor.fetchone()
    return row is not None and row[0] > 0


# --- Redis -----------------------------------------------------------------------------------------------------------


def test_redis_away_for_five_seconds_costs_no_page_no_claim_and_no_truth(house: House) -> None:
    town = Town(packs=1)
    asha, bala = town.books(town.driver("Asha")), town.books(town.driver("Bala"))
    house.start("web", "worker", "beat")
    house.await_web()
    house.await_workers()
    with _socket(house, bala) as phone:
        _told(phone, shape="waiting", within_seconds=5)

        house.stop_redis()
        stopped = time.monotonic()
        slowest = _slowest_page(house)
        began = time.monotonic()
        town.books(town.driver("Chitra"))
        claim_seconds = time.monotonic() - began
        time.sleep(max(0.0, 5 - (time.monotonic() - stopped)))
        time_passes(asha, minutes=31)
        house.start_redis()

        assert slowest < 3
        assert claim_seconds < 3
        _told(phone, shape="promised", within_seconds=6)
        until(lambda: states([asha, bala]) == [State.EXPIRED, State.PROMISED], within_seconds=10)
    assert house.runs("worker")
    assert house.runs("beat")


def _slowest_page(house: House) -> float:
    seconds = []
    for _page in range(5):
        began = time.monotonic()
        assert house.get("/accounts/login/code/")[0] in (200, 302, 404)
        seconds.append(time.monotonic() - began)
    return max(seconds)


# --- The database ----------------------------------------------------------------------------------------------------


def test_a_database_that_breaks_off_every_connection_costs_at_most_one_page_and_no_socket(house: House) -> None:
    town = Town(packs=1)
    asha, bala = town.books(town.driver("Asha")), town.books(town.driver("Bala"))
    house.start("web")
    house.await_web()
    with _socket(house, bala) as phone:
        _told(phone, shape="waiting", within_seconds=5)
        cookie = cookie_of(bala.driver)
        house.get("/readyz", cookie=cookie)

        _break_off_everybody_else()
        failed = [house.get("/readyz", cookie=cookie) for _page in range(8)]
        time_passes(asha, minutes=31)
        town.books(town.driver("Chitra"))

        assert sum("database" in body for _status, body in failed) <= 1
        _told(phone, shape="promised", within_seconds=5)


def _break_off_everybody_else() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        row = cursor.fetchone()
    assert row is not None
    assert row[0] > 0
