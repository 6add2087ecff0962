"""A worker and people at the same line at the same moment. Each race is also run without its guard."""

from __future__ import annotations

import random
from functools import partial

import pytest

from booking import failures, lifecycle, placing
from booking.models import Booking, BookingStep, Promise
from booking.patience import patient
from booking.states import State, Step
from stations.models import Pack
from stations.states import PackState
from tests.concurrency.race import all_at_once, no_row_locks, second_while_first_holds
from tests.factories.booking import Town, states, time_passes

pytestmark = pytest.mark.django_db(transaction=True)


def _endings(booking: Booking) -> list[str]:
    over = (State.EXPIRED, State.CANCELLED, State.COMPLETED)
    return list(
        BookingStep.objects.filter(booking=booking, to_state__in=over).order_by("pk").values_list("step", flat=True)
    )


def test_a_sweep_and_a_claim_end_an_overdue_promise_once_and_give_its_pack_once() -> None:
    town = Town.with_a_line(packs=1)
    asha = town.books(town.driver("Asha"))
    bala = town.driver("Bala")
    time_passes(asha, minutes=31)

    outcomes = second_while_first_holds(partial(failures.settle_line, line_id=asha.line_id), partial(town.books, bala))

    assert outcomes == ("done", "done")
    assert _endings(asha) == [Step.LAPSE]
    assert Booking.objects.get(driver=bala).state == State.PROMISED
    assert Promise.objects.filter(ended_at=None).count() == 1


def test_two_sweeps_at_once_end_a_promise_once() -> None:
    town = Town.with_a_line(packs=1)
    asha = town.books(town.driver("Asha"))
    time_passes(asha, minutes=31)
    sweep = partial(failures.settle_line, line_id=asha.line_id)

    outcomes = second_while_first_holds(sweep, sweep)

    assert outcomes == ("done", "done")
    assert _endings(asha) == [Step.LAPSE]


def test_without_the_lines_lock_two_sweeps_would_end_a_promise_twice() -> None:
    town = Town.with_a_line(packs=1)
    asha = town.books(town.driver("Asha"))
    time_passes(asha, minutes=31)
    sweep = partial(failures.settle_line, line_id=asha.line_id)

    with no_row_locks():
        second_while_first_holds(sweep, sweep)

    assert _endings(asha) == [Step.LAPSE, Step.LAPSE]


def test_who_cancels_while_the_sweep_ends_the_promise_is_told_that_it_is_over() -> None:
    town = Town.with_a_line(packs=1)
    asha = town.books(town.driver("Asha"))
    time_passes(asha, minutes=31)

    outcomes = second_while_first_holds(
        partial(failures.settle_line, line_id=asha.line_id), partial(lifecycle.cancel, booking=asha, by=None)
    )

    assert outcomes == ("done", "step_not_possible")
    assert _endings(asha) == [Step.LAPSE]


def test_the_sweep_leaves_alone_what_is_being_cancelled() -> None:
    town = Town.with_a_line(packs=1)
    asha, bala = town.books(town.driver("Asha")), town.books(town.driver("Bala"))

    outcomes = second_while_first_holds(
        partial(lifecycle.cancel, booking=asha, by=None), partial(failures.settle_line, line_id=asha.line_id)
    )

    assert outcomes == ("done", "done")
    assert _endings(asha) == [Step.CANCEL]
    assert states([bala]) == [State.PROMISED]


def test_a_crowd_that_books_cancels_and_sweeps_never_has_a_pack_twice() -> None:
    town = Town.with_a_line(packs=2)
    first = [town.books(town.driver(f"Early {number}")) for number in range(4)]
    time_passes(first[0], minutes=31)
    drivers = [town.driver(f"Late {number}") for number in range(4)]
    acts = [
        *(partial(patient(town.books), driver) for driver in drivers),
        *(partial(patient(lifecycle.cancel), booking=booking, by=None) for booking in first),
        *(partial(patient(failures.settle_line), line_id=first[0].line_id) for _sweep in range(2)),
    ]
    random.Random(7).shuffle(acts)

    outcomes = all_at_once(acts)

    assert set(outcomes) <= {"done", "step_not_possible"}
    held = list(Promise.objects.filter(ended_at=None).values_list("pack_id", flat=True))
    assert len(held) == len(set(held)) == Pack.objects.filter(state=PackState.KEPT).count() == 2
    assert Booking.objects.live().filter(state=State.PROMISED).count() == 2
    assert placing.AlreadyBooked.code not in outcomes
