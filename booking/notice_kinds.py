"""What a driver is told, as one table: after which step, for how long it is worth saying, while what is true, and how.

A new kind of notice is a row of `KINDS`, and its words in `notice_words`. docs/rules/notices.md says it in plain words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from booking.move_rules import OFFER_FOR as OFFER_TO_MOVE_FOR
from booking.offer_rules import OFFER_FOR
from booking.states import LIVE, State, Step


class Kind(StrEnum):
    """One thing that is said, once per occasion. The value stands in the row."""

    PUT_IN_LINE = "put_in_line"
    NOT_BOOKED = "not_booked"
    PROMISED = "promised"
    RUNNING_OUT = "running_out"
    TURN_SOON = "turn_soon"
    BAY_SOON = "bay_soon"
    OFFERED = "offered"
    CALLED = "called"
    MOVED_BACK = "moved_back"
    STATION_FAILED = "station_failed"
    MAY_MOVE = "may_move"
    MOVED = "moved"
    STATION_OPENED = "station_opened"
    ENDED = "ended"
    PAYMENT_REFUSED = "payment_refused"
    UNPAID = "unpaid"
    COMPLETED = "completed"
    TEST = "test"


class Subject(StrEnum):
    """What people choose ways for: several kinds that matter to them alike."""

    PACK = "pack"
    BAY = "bay"
    FAULT = "fault"
    END = "end"
    MONEY = "money"
    RECEIPT = "receipt"


class Way(StrEnum):
    PUSH = "push"
    EMAIL = "email"
    SMS = "sms"


SOON_ENDS = timedelta(minutes=5)
# Longer than a booking can be reported, and than a mark counts: "was I told?" has an answer until then.
KEPT_FOR = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Rule:
    """How one kind of notice is said.

    It is true while the booking is in one of `states` and, where `occasion` names a field of the booking, that field
    is what it was when the notice was written: a second promise is a second occasion, and the first is over; at
    another station there is another turn.
    """

    subject: Subject
    good_for: timedelta
    urgent: bool = False
    states: frozenset[State] = frozenset(State)
    occasion: str = ""
    needs_station: bool | None = None  # True: while it is open; False: while it is not


_BEFORE_THE_SWAP = frozenset(LIVE) - {State.SWAPPING}

KINDS: Mapping[Kind, Rule] = {
    Kind.PUT_IN_LINE: Rule(Subject.PACK, timedelta(minutes=30), urgent=True, states=frozenset({State.WAITING})),
    Kind.NOT_BOOKED: Rule(Subject.END, timedelta(hours=2), urgent=True),
    Kind.PROMISED: Rule(
        Subject.PACK, timedelta(minutes=30), urgent=True, states=frozenset({State.PROMISED}), occasion="promised_at"
    ),
    Kind.RUNNING_OUT: Rule(
        Subject.PACK, SOON_ENDS, urgent=True, states=frozenset({State.PROMISED}), occasion="promise_ends_at"
    ),
    Kind.TURN_SOON: Rule(
        Subject.PACK, timedelta(minutes=10), urgent=True, states=frozenset({State.WAITING}), occasion="station_id"
    ),
    Kind.BAY_SOON: Rule(
        Subject.BAY, timedelta(minutes=5), urgent=True, states=frozenset({State.ARRIVED}), occasion="station_id"
    ),
    Kind.OFFERED: Rule(Subject.PACK, OFFER_FOR, urgent=True, states=frozenset({State.WAITING})),
    Kind.CALLED: Rule(
        Subject.BAY, timedelta(minutes=3), urgent=True, states=frozenset({State.ARRIVED}), occasion="called_at"
    ),
    Kind.MOVED_BACK: Rule(Subject.FAULT, timedelta(minutes=30), urgent=True, states=frozenset({State.WAITING})),
    Kind.STATION_FAILED: Rule(
        Subject.FAULT, timedelta(hours=2), urgent=True, states=_BEFORE_THE_SWAP, needs_station=False
    ),
    Kind.MAY_MOVE: Rule(Subject.FAULT, OFFER_TO_MOVE_FOR, urgent=True, states=_BEFORE_THE_SWAP),
    Kind.MOVED: Rule(Subject.FAULT, timedelta(minutes=30), urgent=True, states=_BEFORE_THE_SWAP),
    Kind.STATION_OPENED: Rule(
        Subject.FAULT, timedelta(hours=1), urgent=True, states=_BEFORE_THE_SWAP, needs_station=True
    ),
    Kind.ENDED: Rule(Subject.END, timedelta(hours=2), occasion="ended_at"),
    Kind.PAYMENT_REFUSED: Rule(Subject.MONEY, timedelta(hours=2), urgent=True, occasion="ended_at"),
    Kind.UNPAID: Rule(Subject.MONEY, timedelta(hours=24)),
    Kind.COMPLETED: Rule(Subject.RECEIPT, timedelta(hours=24)),
    Kind.TEST: Rule(Subject.PACK, timedelta(minutes=5), urgent=True),
}

# Which step is told by which kind, where the step alone says it. `after` knows the exceptions.
_TOLD_AFTER: Mapping[Step, Kind] = {
    Step.PROMISE: Kind.PROMISED,
    Step.OFFER: Kind.OFFERED,
    Step.CALL: Kind.CALLED,
    Step.FAIL_PACK: Kind.MOVED_BACK,
    Step.MOVE: Kind.MOVED,
    Step.NOBODY_CONFIRMED: Kind.MOVED_BACK,
    Step.LAPSE: Kind.ENDED,
    Step.GIVE_UP: Kind.ENDED,
    Step.ABANDON: Kind.ENDED,
    Step.CANCEL: Kind.ENDED,
    Step.REFUSE_PAYMENT: Kind.PAYMENT_REFUSED,
    Step.FINISH: Kind.COMPLETED,
}
# What is told of a turn that comes soon: of packs, and of the bay.
SOON: Mapping[State, Kind] = {State.WAITING: Kind.TURN_SOON, State.ARRIVED: Kind.BAY_SOON}
# Whoever might drive to a station that has stopped is told by one way at least.
MUST_BE_TOLD = frozenset({Subject.FAULT})


def after(
    *, step: Step, to_state: State, end_reason: str, by_driver: bool, at_once: bool, by_fleet: bool = False
) -> Kind | None:
    """What the driver is told of a step; None for what they did themselves or see before them.

    `at_once`: in the moment of joining or of taking an offer, when the driver looks at the answer anyway. `by_fleet`:
    the fleet has planned the booking, so that its driver did not see it begin.
    """
    if step == Step.JOIN:
        return Kind.PUT_IN_LINE if by_fleet else None
    kind = _TOLD_AFTER.get(step)
    if (step in (Step.CANCEL, Step.MOVE) and by_driver) or (step in (Step.PROMISE, Step.OFFER) and at_once):
        return None
    if kind == Kind.MOVED_BACK and to_state != State.WAITING:
        return None
    if kind == Kind.ENDED and end_reason == "unpaid":
        return Kind.PAYMENT_REFUSED
    return kind


def usual(*, subject: Subject, way: Way, told_by_push: bool) -> bool:
    """What who has chosen nothing gets. A text message costs, so it only stands in for push."""
    if way == Way.PUSH:
        return subject != Subject.RECEIPT
    if way == Way.EMAIL:
        return subject in (Subject.END, Subject.MONEY, Subject.RECEIPT)
    return subject in (Subject.BAY, Subject.FAULT) and not told_by_push


def ways(*, subject: Subject, has: frozenset[Way], choices: Mapping[tuple[str, str], bool]) -> list[Way]:
    """By which of the ways that a person has they are told. What must be told finds one, but never against a no."""
    told_by_push = Way.PUSH in has
    wanted = [
        way
        for way in Way
        if way in has and choices.get((subject, way), usual(subject=subject, way=way, told_by_push=told_by_push))
    ]
    if wanted or subject not in MUST_BE_TOLD:
        return wanted
    return [way for way in (Way.PUSH, Way.SMS, Way.EMAIL) if way in has and choices.get((subject, way), True)][:1]
