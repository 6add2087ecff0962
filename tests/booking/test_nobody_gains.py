"""Ways to gain by the rules' edges: late money, a fault at the right moment, a promise or a mark made twice."""

from __future__ import annotations

import pytest

from booking import arrival, bay, conduct, lifecycle, placing, promises, queries, snapshot
from booking.failures import settle_line
from booking.models import Booking, Vehicle
from booking.states import State
from payments import operations
from payments.models import Payment
from payments.providers import MethodNotOffered
from payments.states import PaymentState
from stations import inventory, upkeep
from tests.factories.booking import Town, states, time_passes

pytestmark = pytest.mark.django_db


def stored(booking: Booking) -> Booking:
    return Booking.objects.get(pk=booking.pk)


def test_money_that_comes_after_its_three_minutes_is_let_go() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"), carry_out=False)
    time_passes(asha, minutes=4)

    operations.carry_out_for(asha.payment)

    assert (stored(asha).state, stored(asha).end_reason) == (State.EXPIRED, "unpaid")
    assert Payment.objects.get(pk=asha.payment_id).state == PaymentState.RELEASED


def test_a_promise_that_nobody_paid_for_in_time_says_so_before_a_worker_does() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"), carry_out=False)
    time_passes(asha, minutes=4)
    asha = stored(asha)

    card = queries.card(asha)

    assert (card.state, card.end_reason, card.ended_at) == (State.EXPIRED, "unpaid", asha.pay_by)
    assert not card.can_come_late


def test_a_station_that_fails_revives_no_promise_that_was_over() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))
    time_passes(asha, minutes=11)

    upkeep.mark_station_down(station=town.station, reason="No power", by=town.staff)

    assert (stored(asha).state, stored(asha).no_show) == (State.EXPIRED, True)


def test_what_is_left_of_a_promise_is_not_extended_a_second_time() -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")
    first = lifecycle.extend(booking=town.books(asha), by=asha)
    lifecycle.cancel(booking=first, by=asha)
    again = town.books(asha)

    with pytest.raises(lifecycle.AlreadyDone):
        lifecycle.extend(booking=again, by=asha)

    assert not queries.card(stored(again)).can_extend


def test_nobody_is_let_in_late_at_a_station_that_has_closed() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))
    time_passes(asha, minutes=11)
    settle_line(line_id=asha.line_id)
    upkeep.close_station(station=town.station, reason="Flooded", by=town.staff)

    with pytest.raises(placing.StationNotOpen):
        arrival.come_late(booking=asha, by=town.staff)


def test_a_booking_is_taken_up_late_once_and_keeps_no_mark() -> None:
    town = Town(packs=2)
    asha = town.books(town.driver("Asha"))
    time_passes(asha, minutes=11)
    again = arrival.come_late(booking=asha, by=town.staff)
    lifecycle.cancel(booking=again, by=again.driver)

    with pytest.raises(arrival.TooLate):
        arrival.come_late(booking=asha, by=town.staff)
    with pytest.raises(conduct.NothingToMark):
        conduct.mark_no_show(booking=asha)


def test_a_mark_that_an_operator_took_off_is_not_made_again() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))
    time_passes(asha, minutes=11)
    settle_line(line_id=asha.line_id)
    conduct.waive_no_show(booking=stored(asha))

    with pytest.raises(conduct.NothingToMark):
        conduct.mark_no_show(booking=asha)


def test_nobody_joins_a_station_that_closed_while_they_looked_at_its_page() -> None:
    town = Town(packs=1)
    asha, seen = town.driver("Asha"), town.station
    upkeep.close_station(station=town.station, reason="Flooded", by=town.staff)
    assert seen.status == "open"

    with pytest.raises(placing.StationNotOpen):
        town.books(asha, station=seen)


def test_an_arrival_that_would_get_its_pack_now_is_shown_at_its_place_by_arrival() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))
    bala = town.arrives(town.books(town.driver("Bala")))
    asha = town.arrives(asha)
    town.add_pack()
    assert states([bala, asha]) == [State.WAITING, State.ARRIVED]

    seen = snapshot.take(town.station.pk)
    settle_line(line_id=bala.line_id)

    assert [seen.standings[b.pk].bay_place for b in (bala, asha)] == [1, 2]
    assert snapshot.take(town.station.pk).standings == seen.standings


def test_the_pack_that_the_bay_will_get_is_shown_to_nobody_else() -> None:
    town = Town(packs=1)
    asha = town.arrives(town.books(town.driver("Asha")))
    bay.start(booking=asha, bay=town.bay, by=town.staff)
    inventory.quarantine(pack=promises.kept_packs(asha)[0], reason="Smells burnt")
    bala = town.books(town.driver("Bala"))
    town.add_pack()

    seen = snapshot.take(town.station.pk)

    assert seen.standings[bala.pk].state == State.WAITING


def test_a_reason_of_any_length_stands_in_the_history() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))

    asha = lifecycle.cancel(booking=asha, by=asha.driver, reason="no\0" * 1_000)

    assert asha.steps.get(step="cancel").reason == ("no" * 1_000)[:500]


def test_a_fleet_swaps_on_account_in_its_own_network_alone() -> None:
    town, elsewhere = Town(packs=1), Town(packs=1)
    asha = town.driver("Asha")
    Vehicle.objects.filter(assignments__driver=asha).update(pack_class=elsewhere.pack_class)

    with pytest.raises(MethodNotOffered):
        town.books(asha, station=elsewhere.station)
