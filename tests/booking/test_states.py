"""The table of steps: what it leads to, and that everything which is not in it is refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from booking import history
from booking.history import StepRefused
from booking.models import Booking
from booking.states import LIVE, OVER, STEPS, State, Step, after

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
REFUSED = [(state, step) for state in State for step in Step if (state, step) not in STEPS]


@pytest.mark.parametrize(("state", "step"), REFUSED, ids=lambda word: word.value)
def test_a_step_that_the_table_does_not_have_is_refused_with_a_sentence(state: State, step: Step) -> None:
    booking = Booking(state=state)

    with pytest.raises(StepRefused) as refusal:
        history.take(booking, step, at=NOW)

    assert booking.state == state
    assert refusal.value.code == "step_not_possible"
    assert refusal.value.sentence.endswith(".")


@pytest.mark.parametrize(("state", "step"), REFUSED, ids=lambda word: word.value)
def test_a_writer_can_ask_before_it_does_anything_else(state: State, step: Step) -> None:
    with pytest.raises(StepRefused):
        history.require(Booking(state=state), step)


@pytest.mark.parametrize(
    ("state", "leaves_to"),
    [
        (State.WAITING, {State.PROMISED, State.ARRIVED, State.EXPIRED, State.CANCELLED}),
        (State.PROMISED, {State.WAITING, State.ARRIVED, State.EXPIRED, State.CANCELLED}),
        (State.ARRIVED, {State.WAITING, State.SWAPPING, State.EXPIRED, State.CANCELLED}),
        (State.SWAPPING, {State.ARRIVED, State.COMPLETED, State.CANCELLED}),
        (State.COMPLETED, set()),
        (State.EXPIRED, set()),
        (State.CANCELLED, set()),
    ],
    ids=lambda value: value.value if isinstance(value, State) else "",
)
def test_a_state_is_left_as_published(state: State, leaves_to: set[State]) -> None:
    assert {to for (start, _step), to in STEPS.items() if start == state} - {state} == leaves_to


def test_what_is_over_stays_over() -> None:
    assert not [step for (state, step) in STEPS if state in OVER]


def test_every_live_booking_can_come_to_an_end() -> None:
    for state in LIVE:
        assert {to for (start, _step), to in STEPS.items() if start == state} & set(OVER)


def test_only_the_bay_completes_a_booking() -> None:
    assert [key for key, to in STEPS.items() if to == State.COMPLETED] == [(State.SWAPPING, Step.FINISH)]


def test_every_step_but_joining_leads_from_somewhere() -> None:
    assert set(Step) - {step for (_state, step) in STEPS} == {Step.JOIN}


def test_a_state_that_nobody_knows_is_a_mistake_and_not_a_refusal() -> None:
    with pytest.raises(ValueError, match="asleep"):
        after("asleep", Step.CANCEL)
