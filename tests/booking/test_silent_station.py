"""A station falls silent: its drivers are looked after as after any failure, and it opens when it reports (rule 7)."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.models import F
from django.test import Client
from django.urls import reverse

from booking import bay, board, presentation, proofs
from booking import tasks as booking_tasks
from booking.models import Booking, MoveOffer, Notice, Standstill
from booking.placing import StationNotOpen
from booking.states import State
from stations import inventory
from stations import tasks as station_tasks
from stations.models import Pack, Station
from stations.states import StationStatus
from tests.booking.console import Console
from tests.booking.driving import signed_in, text
from tests.factories.booking import Town, states
from tests.factories.stations import listened_for, reported

pytestmark = pytest.mark.django_db

SILENT = "It has stopped reporting."


@pytest.fixture(params=[True, False], ids=["staffed", "unstaffed"])
def town(request: pytest.FixtureRequest) -> Town:
    """A station that reports every minute, and has until now."""
    listened_for(hours=5)
    town = Town(packs=2, staffed=request.param, reports_every_seconds=60)
    reported(town.station, minutes_ago=0)
    return town


def falls_silent(town: Town) -> None:
    reported(town.station, minutes_ago=16)
    assert station_tasks.watch_silence() == 1
    # A while ago, so that what it reports from now on is no part of it.
    Station.objects.filter(pk=town.station.pk).update(status_changed_at=F("status_changed_at") - timedelta(hours=1))
    town.station.refresh_from_db()


def reports(town: Town) -> None:
    pack = Pack.objects.filter(station=town.station).first()
    assert pack is not None
    inventory.record_soc(pack=pack, soc_percent=pack.soc_percent, soh_percent=pack.soh_percent, at=pack.soc_at)


def told(booking: Booking) -> list[str]:
    return list(Notice.objects.filter(booking=booking).order_by("pk").values_list("kind", flat=True))


def test_everybody_is_offered_another_station_and_told_when_it_reports_again(
    town: Town, django_capture_on_commit_callbacks: Any
) -> None:
    other = town.second_station("Alvalade")
    asha, bala, chitra = (town.books(town.driver(name)) for name in ("Asha", "Bala", "Chitra"))
    assert states([asha, bala, chitra]) == [State.PROMISED, State.PROMISED, State.WAITING]

    falls_silent(town)
    booking_tasks.plan_moves()

    assert states([asha, bala, chitra]) == [State.WAITING] * 3
    assert set(MoveOffer.objects.open().values_list("booking", "to_station")) == {
        (booking.pk, other.pk) for booking in (asha, bala, chitra)
    }
    assert all(told(booking)[-2:] == ["station_failed", "may_move"] for booking in (asha, bala, chitra))

    reports(town)
    assert station_tasks.watch_silence() == 0
    reported(town.station, minutes_ago=0, run=1)
    with django_capture_on_commit_callbacks(execute=True):
        assert station_tasks.watch_silence() == 1
    booking_tasks.plan_moves()

    assert states([asha, bala, chitra]) == [State.PROMISED, State.PROMISED, State.WAITING]
    assert not MoveOffer.objects.open().exists()
    assert Standstill.objects.get().ended_at is not None
    assert all("station_opened" in told(booking) for booking in (asha, bala, chitra))
    assert {result.sentence: result.violations for result in proofs.run(connection) if result.violations} == {}


def test_a_swap_under_way_goes_on_at_a_station_that_falls_silent(town: Town) -> None:
    asha = town.arrives(town.books(town.driver("Asha")))
    asha = bay.start(booking=asha, bay=town.bay, by=town.staff)

    falls_silent(town)

    assert states([asha]) == [State.SWAPPING]
    (pack,) = Pack.objects.filter(promises__booking=asha, promises__ended_at=None)
    bay.new_out(booking=asha, pack=pack, by=town.staff)
    old = {"serial": town.old_pack().serial, "soc_percent": Decimal(12), "soh_percent": Decimal(98)}
    bay.old_in(booking=asha, by=town.staff, **old)
    assert bay.finish(booking=asha, by=town.staff).state == State.COMPLETED
    assert told(asha)[-1] == "completed"


def test_whoever_is_here_keeps_the_packs_and_is_not_called_to_it(town: Town) -> None:
    asha = town.arrives(town.books(town.driver("Asha")))

    falls_silent(town)
    booking_tasks.sweep_lines()

    asha.refresh_from_db()
    assert (asha.state, asha.called_at) == (State.ARRIVED, None)
    assert Pack.objects.filter(promises__booking=asha, promises__ended_at=None).exists()


def test_the_driver_reads_why_and_since_when(town: Town) -> None:
    asha = town.books(town.driver("Asha"))
    driver = asha.driver
    assert driver is not None
    falls_silent(town)

    card = text(signed_in(driver).get(reverse("booking:booking", args=[asha.public_id])))
    place = reverse("booking:station", args=[town.station.network.code, town.station.code])
    station = text(Client().get(place))

    since = since_words(town)
    assert f"{SILENT} {since}" in card
    assert f"{SILENT} {since} No bookings are taken until it opens again." in station
    assert "What the station says" not in card + station


def test_staff_read_why_and_since_when_and_open_it_by_hand(town: Town) -> None:
    console = Console(town)
    falls_silent(town)

    (alarm,) = board.take(town.station).alarms
    assert (alarm.is_bad, alarm.detail, alarm.since) == (True, SILENT, town.station.status_changed_at)
    assert f"{SILENT} {since_words(town)}" in text(console.get("board"))
    packs = text(console.get("packs"))
    assert f"{SILENT} {since_words(town)}" in packs
    assert "It opens by itself when it reports again." in packs

    console.post("station", "open")

    town.station.refresh_from_db()
    assert (town.station.status, station_tasks.watch_silence()) == (StationStatus.OPEN, 0)
    assert "It opens by itself" not in text(console.get("packs"))


def test_nobody_books_at_a_silent_station_and_it_says_why(town: Town) -> None:
    falls_silent(town)

    with pytest.raises(StationNotOpen, match=SILENT):
        town.books(town.driver("Asha"))


def test_what_a_station_said_before_it_fell_silent_is_not_shown_as_so(town: Town) -> None:
    page = reverse("booking:station", args=[town.station.network.code, town.station.code])
    driver = signed_in(town.driver("Asha"))
    assert "2 ready, 0 charging" in text(driver.get(page))

    falls_silent(town)

    silent = text(driver.get(page))
    assert SILENT in silent
    assert "ready, 0 charging" not in silent
    assert "Bays open" not in silent


def since_words(town: Town) -> str:
    at = town.station.status_changed_at
    assert at is not None
    zone = town.station.time_zone
    return f"Since {presentation.clock(at, zone)}, {presentation.day(at, zone)}."
