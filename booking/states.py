"""The lives of a booking and of a report: their states, and a table of steps each. What is not in it is refused."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    WAITING = "waiting"
    PROMISED = "promised"
    ARRIVED = "arrived"
    SWAPPING = "swapping"
    COMPLETED = "completed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


LIVE = (State.WAITING, State.PROMISED, State.ARRIVED, State.SWAPPING)
OVER = (State.COMPLETED, State.EXPIRED, State.CANCELLED)


class Step(StrEnum):
    """What can happen to a booking. The value stands in its history."""

    JOIN = "join"
    PROMISE = "promise"
    PROMISE_HERE = "promise_here"
    AUTHORISE = "authorise"
    REFUSE_PAYMENT = "refuse_payment"
    UPDATE_POSITION = "update_position"
    TAKE_FEWER = "take_fewer"
    GO_FIRST = "go_first"
    PASS_OVER = "pass_over"  # noqa: S105  # a step, not a password
    OFFER = "offer"
    TAKE_OFFER = "take_offer"
    DECLINE_OFFER = "decline_offer"
    END_OFFER = "end_offer"
    EXTEND = "extend"
    TELL_LATE = "tell_late"
    CLAIM_HERE = "claim_here"
    CONFIRM_HERE = "confirm_here"
    ARRIVE = "arrive"
    NOBODY_CONFIRMED = "nobody_confirmed"
    NOT_HERE = "not_here"
    REASSIGN = "reassign"
    FAIL_PACK = "fail_pack"
    FAIL_STATION = "fail_station"
    OFFER_MOVE = "offer_move"
    DECLINE_MOVE = "decline_move"
    MOVE = "move"
    LAPSE = "lapse"
    CALL = "call"
    MISS_CALL = "miss_call"
    GIVE_UP = "give_up"
    START = "start"
    OLD_IN = "old_in"
    NEW_OUT = "new_out"
    RETURN_PACKS = "return_packs"
    ABANDON = "abandon"
    FINISH = "finish"
    CANCEL = "cancel"


# A driver said "here", and nobody saw them.
UNSEEN = (Step.NOBODY_CONFIRMED, Step.NOT_HERE)
# A pack, a bay or the station has failed the booking.
FAULTS = (Step.FAIL_PACK, Step.FAIL_STATION, Step.OFFER_MOVE, Step.RETURN_PACKS, Step.ABANDON)

_W, _P, _A, _S = State.WAITING, State.PROMISED, State.ARRIVED, State.SWAPPING

STEPS: dict[tuple[State, Step], State] = {
    # In line: some packs are still missing.
    (_W, Step.PROMISE): _P,
    (_W, Step.PROMISE_HERE): _A,
    (_W, Step.AUTHORISE): _W,
    (_W, Step.REFUSE_PAYMENT): State.EXPIRED,
    (_W, Step.UPDATE_POSITION): _W,
    (_W, Step.TAKE_FEWER): _W,
    (_W, Step.GO_FIRST): _W,
    (_W, Step.PASS_OVER): _W,
    (_W, Step.OFFER): _W,
    (_W, Step.TAKE_OFFER): _W,
    (_W, Step.DECLINE_OFFER): _W,
    (_W, Step.END_OFFER): _W,
    (_W, Step.CLAIM_HERE): _W,
    (_W, Step.CONFIRM_HERE): _W,
    (_W, Step.NOT_HERE): _W,
    (_W, Step.OFFER_MOVE): _W,
    (_W, Step.DECLINE_MOVE): _W,
    (_W, Step.MOVE): _W,
    (_W, Step.CANCEL): State.CANCELLED,
    # Certain packs are kept until a certain time.
    (_P, Step.AUTHORISE): _P,
    (_P, Step.REFUSE_PAYMENT): State.EXPIRED,
    (_P, Step.UPDATE_POSITION): _P,
    (_P, Step.EXTEND): _P,
    (_P, Step.TELL_LATE): _P,
    (_P, Step.CLAIM_HERE): _P,
    (_P, Step.ARRIVE): _A,
    (_P, Step.NOBODY_CONFIRMED): _W,
    (_P, Step.NOT_HERE): _P,
    (_P, Step.REASSIGN): _P,
    (_P, Step.FAIL_PACK): _W,
    (_P, Step.FAIL_STATION): _W,
    (_P, Step.OFFER_MOVE): _P,
    (_P, Step.DECLINE_MOVE): _P,
    (_P, Step.MOVE): _W,
    (_P, Step.LAPSE): State.EXPIRED,
    (_P, Step.CANCEL): State.CANCELLED,
    # Here, with packs, in order for a bay. No clock runs.
    (_A, Step.AUTHORISE): _A,
    (_A, Step.REASSIGN): _A,
    (_A, Step.FAIL_PACK): _W,
    (_A, Step.PASS_OVER): _A,
    (_A, Step.CALL): _A,
    (_A, Step.MISS_CALL): _A,
    (_A, Step.GIVE_UP): State.EXPIRED,
    (_A, Step.OFFER_MOVE): _A,
    (_A, Step.DECLINE_MOVE): _A,
    (_A, Step.MOVE): _W,
    (_A, Step.START): _S,
    (_A, Step.CANCEL): State.CANCELLED,
    # At the bay.
    (_S, Step.AUTHORISE): _S,
    (_S, Step.REASSIGN): _S,
    (_S, Step.FAIL_PACK): _S,
    (_S, Step.OLD_IN): _S,
    (_S, Step.NEW_OUT): _S,
    (_S, Step.RETURN_PACKS): _A,
    (_S, Step.ABANDON): State.CANCELLED,
    (_S, Step.FINISH): State.COMPLETED,
}


def after(state: str, step: Step) -> State | None:
    """The state that `step` leads to from `state`, or None when the table does not know it."""
    return STEPS.get((State(state), step))


class ReportState(StrEnum):
    RECEIVED = "received"
    LOOKED_AT = "looked_at"
    ANSWERED = "answered"


class ReportStep(StrEnum):
    """What an operator does with something that a driver reported."""

    LOOK = "look"
    ANSWER = "answer"


REPORT_STEPS: dict[tuple[ReportState, ReportStep], ReportState] = {
    (ReportState.RECEIVED, ReportStep.LOOK): ReportState.LOOKED_AT,
    (ReportState.RECEIVED, ReportStep.ANSWER): ReportState.ANSWERED,
    (ReportState.LOOKED_AT, ReportStep.ANSWER): ReportState.ANSWERED,
}


def report_after(state: str, step: ReportStep) -> ReportState | None:
    """The same for a report: an answer that was given is not given again."""
    return REPORT_STEPS.get((ReportState(state), step))
