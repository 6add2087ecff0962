"""The board: who stands where, what is alarming, and how many queries it takes to know."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from booking import arrival, bay, board, board_stamp, failures, live_fields, snapshot
from booking.models import Booking
from stations import geo, inventory, upkeep
from tests.booking.console import Console
from tests.factories.booking import Town, time_passes
from tests.factories.stations import BayFactory

pytestmark = pytest.mark.django_db


def says_here(town: Town, booking: Booking) -> Booking:
    return arrival.claim_here(booking=booking, position=geo.Place(town.station.latitude, town.station.longitude))


def plates(tickets: Any) -> list[str]:
    return [ticket.plate for ticket in tickets]


def plate(booking: Booking) -> str:
    return booking.vehicle.plate


def test_everybody_stands_in_the_column_of_their_state() -> None:
    town = Town(packs=3)
    swapping, here, expected, waiting = (town.books(town.driver(name)) for name in ("Asha", "Bala", "Diogo", "Ines"))
    bay.start(booking=town.arrives(swapping), bay=town.bay, by=town.staff)
    town.arrives(here)

    shown = board.take(town.station)

    columns = [plates(column) for column in (shown.at_bay, shown.here, shown.expected, shown.in_line)]
    assert columns == [[plate(swapping)], [plate(here)], [plate(expected)], [plate(waiting)]]


def test_who_says_here_stands_before_those_whose_time_ends_sooner() -> None:
    town = Town(packs=2)
    sooner, claims = town.books(town.driver("Asha")), town.books(town.driver("Bala"))
    time_passes(sooner, minutes=5)
    says_here(town, claims)

    shown = board.take(town.station)

    assert plates(shown.expected) == [plate(claims), plate(sooner)]
    assert shown.expected[0].claim_ends_at is not None


def test_an_overdue_promise_is_shown_as_ended_although_nobody_has_written_it_down() -> None:
    town = Town(packs=1)
    late = town.books(town.driver("Asha"))
    time_passes(late, minutes=11)

    shown = board.take(town.station)

    assert (plates(shown.expected), plates(shown.ended)) == ([], [plate(late)])
    assert shown.ended[0].can_come_late
    assert shown.slots[0].face == "ready"


def test_a_kept_pack_names_the_vehicle_and_the_ticket_names_the_slot() -> None:
    town = Town(packs=1)
    booking = town.books(town.driver("Asha"))

    shown = board.take(town.station)

    assert (shown.slots[0].face, shown.slots[0].for_plate) == ("kept", plate(booking))
    assert [pack.slot for pack in shown.expected[0].kept] == [shown.slots[0].number]


def test_a_swap_of_more_than_five_minutes_is_an_alarm() -> None:
    town = Town(packs=1)
    booking = bay.start(booking=town.arrives(town.books(town.driver("Asha"))), bay=town.bay, by=town.staff)
    time_passes(booking, minutes=5.1)

    (alarm,) = board.take(town.station).alarms

    assert (alarm.is_bad, alarm.booking) == (True, booking.public_id)
    assert plate(booking) in alarm.text


def test_a_swap_of_less_than_five_minutes_is_none() -> None:
    town = Town(packs=1)
    booking = bay.start(booking=town.arrives(town.books(town.driver("Asha"))), bay=town.bay, by=town.staff)
    time_passes(booking, minutes=4.5)

    assert board.take(town.station).alarms == ()


@pytest.mark.parametrize("settled", [False, True])
def test_a_claim_that_nobody_confirmed_is_an_alarm_before_and_after_it_is_written_down(settled: bool) -> None:
    town = Town(packs=1)
    asha = says_here(town, town.books(town.driver("Asha")))
    time_passes(asha, minutes=11)
    if settled:
        failures.settle_line(line_id=asha.line_id)

    alarms = board.take(town.station).alarms

    assert [alarm.booking for alarm in alarms if "nobody confirmed" in alarm.text] == [asha.public_id]


def test_a_payment_that_is_not_certain_is_an_alarm_once_the_vehicle_is_here() -> None:
    town = Town(packs=2)
    here = town.arrives(town.books(town.driver("Asha"), carry_out=False))
    town.books(town.driver("Bala"), carry_out=False)

    alarms = board.take(town.station).alarms

    assert [alarm.booking for alarm in alarms] == [here.public_id]


def test_failed_metal_and_a_station_that_is_down_are_alarms_with_their_reasons() -> None:
    town = Town(packs=2)
    second = BayFactory(station=town.station, number=2)
    inventory.quarantine(pack=town.packs[0], reason="Too warm")
    assert town.packs[1].slot is not None
    inventory.take_slot_out_of_service(slot=town.packs[1].slot, reason="Door stuck")
    upkeep.take_bay_out_of_service(bay=second, reason="Oil on the floor", by=town.staff)
    upkeep.mark_station_down(station=town.station, reason="No power", by=town.staff)
    town.station.refresh_from_db()

    alarms = board.take(town.station).alarms

    assert {alarm.detail for alarm in alarms} == {"Too warm", "Door stuck", "Oil on the floor", "No power"}
    assert [alarm.detail for alarm in alarms if alarm.is_bad] == ["No power"]


def test_the_board_takes_no_more_queries_for_a_long_line_than_for_a_short_one() -> None:
    def queries(bookings: int) -> int:
        town = Town(packs=bookings + 1)
        for number in range(2 * bookings):
            booking = town.books(town.driver(f"Driver {number}"))
            if number < bookings // 2:
                town.arrives(booking)
        # What the nights have learned of a station is read once in some minutes.
        board.take(town.station)
        with CaptureQueriesContext(connection) as seen:
            board.take(town.station)
        return len(seen)

    few, many = queries(2), queries(8)

    assert few == many <= 14


def test_the_fragment_is_the_board_of_the_page_and_is_not_sent_twice() -> None:
    town = Town(packs=1)
    town.books(town.driver("Asha"))
    console = Console(town)
    first = console.get("fragment")

    again = console.client.get(console.url("fragment"), headers={"If-None-Match": first["ETag"]})

    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")
    assert first.content.decode().strip().startswith('<div class="stack stack--loose" data-live-card')


def test_the_fragment_has_another_tag_when_something_on_it_changes() -> None:
    town = Town(packs=2)
    booking = town.books(town.driver("Asha"))
    console = Console(town)
    before = console.get("fragment")["ETag"]

    town.arrives(booking)

    assert console.client.get(console.url("fragment"), headers={"If-None-Match": before}).status_code == 200


def test_the_shape_on_the_page_is_the_one_that_the_socket_tells() -> None:
    town = Town(packs=1)
    town.books(town.driver("Asha"))

    page = Console(town).get("board").content.decode()

    shape = live_fields.board_shape(snapshot.take(town.station.pk), board_stamp.of(town.station.pk))
    assert f'data-shape="{shape}"' in page


def test_times_are_the_stations_own() -> None:
    town = Town(packs=1, time_zone="Asia/Bangkok", country="TH")
    booking = town.books(town.driver("Asha"))
    assert booking.promise_ends_at is not None
    here = booking.promise_ends_at.astimezone(ZoneInfo("Asia/Bangkok"))

    page = Console(town).get("board").content.decode()

    assert settings.TIME_ZONE != "Asia/Bangkok"
    assert f">{here:%H:%M}</time>" in page
