"""What simulated drivers do next follows from the booking and the time, and from nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from booking.demo.behaviour import Act, Seen, arrives_at, next_act, temper
from booking.states import State

NINE = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def somebody(**wanted: bool) -> int:
    """The number of a booking whose driver is like this."""
    return next(n for n in range(5_000) if all(getattr(temper(n), name) is value for name, value in wanted.items()))


PLAIN = somebody(comes=True, cancels=False, extends=False, says_here=False)
PROMISED = Seen(
    id=PLAIN,
    state=State.PROMISED,
    joined_at=NINE,
    packs_wanted=1,
    drive_seconds=240,
    promised_at=NINE,
    promise_ends_at=NINE + 10 * MINUTE,
)
ARRIVED = replace(PROMISED, state=State.ARRIVED, here_at=NINE, arrived_at=NINE, may_start=True)
SWAPPING = replace(ARRIVED, state=State.SWAPPING, started_at=NINE)


def test_whoever_looks_finds_the_same_person() -> None:
    assert temper(PLAIN) == temper(PLAIN)
    assert len({temper(number) for number in range(50)}) == 50


def test_most_come_a_few_do_not_and_a_few_cancel() -> None:
    people = [temper(number) for number in range(2_000)]

    assert 0.03 < sum(not person.comes for person in people) / len(people) < 0.07
    assert 0.02 < sum(person.cancels for person in people) / len(people) < 0.06


def test_a_driver_who_comes_is_there_before_the_promise_ends() -> None:
    for number in range(300):
        person = temper(number)
        assert arrives_at(replace(PROMISED, id=number, drive_seconds=3_000), person) < NINE + 10 * MINUTE


def test_nobody_does_anything_before_it_is_time_and_nothing_is_missed_when_looked_at_late() -> None:
    assert next_act(PROMISED, NINE + timedelta(seconds=30)) is None
    assert next_act(PROMISED, NINE + 30 * MINUTE) == Act.CONFIRM_HERE


@pytest.mark.parametrize(
    ("person", "seen", "act"),
    [
        ({"comes": False}, {}, None),
        ({"cancels": True}, {}, Act.CANCEL),
        ({"extends": True}, {}, Act.EXTEND),
        ({"comes": True, "cancels": False, "extends": False, "says_here": True}, {}, Act.CLAIM_HERE),
        (
            {"comes": True, "cancels": False, "extends": False, "says_here": False},
            {"is_staffed": False},
            Act.CLAIM_HERE,
        ),
        ({"comes": True, "cancels": False, "extends": False}, {"here_claimed_at": NINE}, Act.CONFIRM_HERE),
        ({"comes": True}, {"is_paid": False}, None),
    ],
)
def test_promised_drivers_differ(person: dict[str, bool], seen: dict[str, object], act: Act | None) -> None:
    booking = replace(PROMISED, id=somebody(**person), **seen)  # type: ignore[arg-type]  # fields of Seen

    assert next_act(booking, NINE + 9 * MINUTE) == act


def test_who_waits_too_long_gives_up() -> None:
    waiting = replace(PROMISED, state=State.WAITING, promised_at=None, promise_ends_at=None)

    assert next_act(waiting, NINE + 20 * MINUTE) is None
    assert next_act(waiting, NINE + 46 * MINUTE) == Act.CANCEL


def test_at_the_bay_one_is_called_and_comes_and_does_not_wait_for_ever() -> None:
    assert next_act(ARRIVED, NINE + MINUTE) == Act.CALL
    assert next_act(replace(ARRIVED, called_at=NINE), NINE + MINUTE) == Act.START
    assert next_act(replace(ARRIVED, may_start=False), NINE + MINUTE) is None
    assert next_act(replace(ARRIVED, may_start=False), NINE + 25 * MINUTE) == Act.CANCEL


@pytest.mark.parametrize(
    ("packs_in", "packs_out", "act"),
    [(0, 0, Act.OLD_IN), (1, 0, Act.NEW_OUT), (1, 1, Act.OLD_IN), (2, 1, Act.NEW_OUT), (2, 2, Act.FINISH)],
)
def test_two_packs_are_swapped_one_after_the_other(packs_in: int, packs_out: int, act: Act) -> None:
    seen = replace(SWAPPING, packs_wanted=2, packs_in=packs_in, packs_out=packs_out, last_pack_at=NINE)

    assert next_act(seen, NINE + MINUTE) == act
    assert next_act(seen, NINE + timedelta(seconds=20)) is None


def test_a_swap_that_does_not_get_on_is_given_up() -> None:
    assert next_act(SWAPPING, NINE + 15 * MINUTE) == Act.ABANDON


def test_what_is_over_is_left_alone() -> None:
    assert [next_act(replace(PROMISED, state=state), NINE) for state in ("completed", "expired", "cancelled")] == [
        None
    ] * 3


@pytest.mark.parametrize(("takes", "answer"), [(True, Act.TAKE_OFFER), (False, Act.KEEP_WAITING)])
def test_who_is_offered_a_pack_thinks_for_a_while_and_answers_within_the_minute(takes: bool, answer: Act) -> None:
    person = somebody(takes_offers=takes)
    asked = Seen(id=person, state=State.WAITING, joined_at=NINE, packs_wanted=1, offered_at=NINE)

    assert next_act(asked, NINE + timedelta(seconds=5)) is None
    assert next_act(asked, NINE + timedelta(seconds=45)) == answer
