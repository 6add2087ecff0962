"""Moving, and what else happens to the booking and both stations at that moment. Each also without its guard."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from unittest import mock

import pytest
from django.db import connection, transaction

from booking import failures, lifecycle, line, moving, proofs, tasks
from booking.models import Booking, BookingStep, Line, MoveOffer, Promise
from booking.patience import patient
from booking.states import State, Step
from payments import operations
from payments.models import Payment
from stations import upkeep
from stations.models import Pack, Station
from tests.concurrency.race import all_at_once, no_row_locks, second_while_first_holds
from tests.factories.booking import Town, states
from tests.factories.stations import PackFactory

pytestmark = pytest.mark.django_db(transaction=True)


def _stopped(*, drivers: int = 1, packs_there: int = 1) -> tuple[Town, Station, list[Booking]]:
    """Drivers at a station that has stopped, who are all offered the other one."""
    town = Town.with_a_line(packs=0)
    other = town.second_station("Other")
    line.of(other, town.pack_class)
    PackFactory.create_batch(packs_there - 1, station=other, pack_class=town.pack_class)
    bookings = [town.books(town.driver(f"Driver {number}")) for number in range(drivers)]
    upkeep.mark_station_down(station=town.station, reason="No power.", by=None)
    tasks.plan_moves()
    return town, other, bookings


def _move(booking: Booking) -> partial[Booking]:
    offer = MoveOffer.objects.open().get(booking=booking)
    return partial(moving.accept, booking=booking, offer_id=offer.pk, by=booking.driver)


def _moves_of(booking: Booking) -> int:
    return BookingStep.objects.filter(booking=booking, step=Step.MOVE).count()


def _broken() -> dict[str, tuple[str, ...]]:
    return {result.sentence: result.violations for result in proofs.run(connection) if result.violations}


def test_of_two_taps_on_move_the_second_changes_nothing() -> None:
    _town, other, (asha,) = _stopped()

    outcomes = second_while_first_holds(_move(asha), _move(asha))

    assert outcomes == ("done", "done")
    assert (_moves_of(asha), Booking.objects.get().station) == (1, other)
    assert _broken() == {}


def test_without_the_lines_locks_two_taps_would_move_twice() -> None:
    _town, _other, (asha,) = _stopped()

    with no_row_locks():
        outcomes = second_while_first_holds(_move(asha), _move(asha))

    assert outcomes != ("done", "done") or _moves_of(asha) == 2


def test_who_moves_while_the_station_opens_moves_or_stays_whole() -> None:
    town, other, (asha,) = _stopped()

    outcomes = second_while_first_holds(partial(upkeep.open_station, station=town.station, by=None), _move(asha))

    # The opening had not happened yet when the tap was looked at, or it had: the booking is whole at one of the two.
    assert outcomes in (("done", "done"), ("done", "move_over"))
    assert Booking.objects.get().station == (other if outcomes[1] == "done" else town.station)
    assert _broken() == {}


def test_a_plan_that_comes_while_the_station_opens_ends_as_withdrawn() -> None:
    town, _other, (asha,) = _stopped()
    upkeep.open_station(station=town.station, by=None)
    PackFactory(station=town.station, pack_class=town.pack_class, soc_percent=40)

    outcomes = second_while_first_holds(partial(moving.resume, line_id=asha.line_id), _move(asha))

    assert outcomes == ("done", "move_over")
    assert MoveOffer.objects.get().end_reason == "withdrawn"


@pytest.mark.parametrize("moves_first", [True, False])
def test_who_moves_and_cancels_has_done_one_of_the_two(moves_first: bool) -> None:
    _town, _other, (asha,) = _stopped()
    acts = [_move(asha), partial(lifecycle.cancel, booking=asha, by=asha.driver)]
    first, second = acts if moves_first else reversed(acts)

    outcomes = second_while_first_holds(first, second)

    assert outcomes == ("done", "booking_moved" if moves_first else "step_not_possible")
    assert states([asha]) == [State.PROMISED if moves_first else State.CANCELLED]
    assert Promise.objects.filter(ended_at=None).count() == moves_first
    assert _broken() == {}


def test_while_the_other_station_stops_nobody_is_promised_a_pack_there() -> None:
    _town, other, (asha,) = _stopped()
    stops = partial(upkeep.close_station, station=other, reason="A flood.", by=None)

    outcomes = second_while_first_holds(stops, _move(asha))

    assert outcomes == ("done", "cannot_serve")
    assert not Promise.objects.filter(ended_at=None).exists()
    assert _broken() == {}


def test_money_that_comes_while_the_booking_moves_is_its_money_there() -> None:
    town, other, _nobody = _stopped(drivers=0)
    asha = town.books(town.driver("Asha"), station=other, carry_out=False)
    upkeep.mark_station_down(station=other, reason="No power.", by=None)
    upkeep.open_station(station=town.station, by=None)
    PackFactory(station=town.station, pack_class=town.pack_class)
    tasks.plan_moves()
    assert asha.payment_id is not None
    payment = Payment.objects.get(pk=asha.payment_id)
    outcomes = second_while_first_holds(_move(asha), partial(operations.carry_out_for, payment))

    assert outcomes == ("done", "done")
    moved = Booking.objects.get(pk=asha.pk)
    assert (moved.station, moved.state, moved.authorised_at is not None) == (town.station, State.PROMISED, True)
    assert _broken() == {}


def test_two_stations_fail_at_once_and_nobody_is_lost_or_promised_twice() -> None:
    town = Town.with_a_line(packs=0)
    second = town.second_station("Second")
    Pack.objects.filter(station=second).update(soc_percent=40)
    for number in range(3):
        line.of(town.second_station(f"Open {number}", latitude=38.75 + number / 100), town.pack_class)
    here = [town.books(town.driver(f"Asha {number}")) for number in range(4)]
    there = [town.books(town.driver(f"Bala {number}"), station=second) for number in range(4)]
    for stopped in (town.station, second):
        upkeep.mark_station_down(station=stopped, reason="No power.", by=None)

    all_at_once([tasks.plan_moves, tasks.plan_moves])
    everybody = here + there
    assert MoveOffer.objects.open().count() == len(everybody)
    outcomes = all_at_once([patient(_move(booking)) for booking in everybody])

    # Whoever found the station full by then keeps the place where they were.
    stayed = Booking.objects.live().filter(station__in=(town.station, second)).count()
    assert Counter(outcomes) == Counter(
        {"done": len(everybody) - stayed, "cannot_serve": stayed} if stayed else outcomes
    )
    assert Booking.objects.live().count() == len(everybody)
    assert Promise.objects.filter(ended_at=None).values("pack").distinct().count() == 3
    for open_line in {b.line for b in Booking.objects.live()}:
        members = list(Booking.objects.in_line(open_line))
        assert members == sorted(members, key=lambda b: b.joined_at)
    assert _broken() == {}


def test_without_a_look_at_the_line_a_cancel_would_act_in_one_that_it_does_not_hold() -> None:
    _town, _other, (asha,) = _stopped()
    cancel = partial(lifecycle.cancel, booking=asha, by=asha.driver)

    def anywhere(held: line.Held, pk: int) -> Booking:
        return Booking.objects.select_for_update(of=("self",)).select_related("station", "line", "payment").get(pk=pk)

    # It cancels a booking of a line that it does not hold, and finds out when it comes to settle that line.
    with mock.patch.object(line.Held, "booking", anywhere), pytest.raises(KeyError):
        second_while_first_holds(_move(asha), cancel)


def test_a_payment_whose_booking_moves_meanwhile_holds_the_new_line_alone() -> None:
    _town, _other, (asha,) = _stopped()
    old = asha.line_id
    free: list[int] = []

    def lock_and_look_what_is_free() -> None:
        with transaction.atomic():
            failures.lock_line_of(reference=asha.public_id)
            with ThreadPoolExecutor(1) as somebody_else:
                free.extend(somebody_else.submit(_lines_that_nobody_holds).result(10))

    outcomes = second_while_first_holds(_move(asha), lock_and_look_what_is_free)

    new = Booking.objects.get().line_id
    assert outcomes == ("done", "done")
    assert (old in free, new in free) == (True, False)


def _lines_that_nobody_holds() -> list[int]:
    try:
        with transaction.atomic():
            return [each.pk for each in Line.objects.select_for_update(skip_locked=True)]
    finally:
        connection.close()
