"""What a simulated driver, and the simulated hands at the bay, do next: a function of what is known and of the time.

Nothing is remembered between two looks. A driver's temper follows from the booking's number, so that whoever looks,
and however often, finds the same person.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random

from booking.states import State

LATEST_ARRIVAL_BEFORE_END = timedelta(seconds=45)
EXTEND_BEFORE_END = timedelta(minutes=2)
GIVES_UP_AT_THE_BAY_AFTER = timedelta(minutes=25)
SWAP_GIVEN_UP_AFTER = timedelta(minutes=15)
MONEY_MUST_BE_SURE_AFTER = timedelta(minutes=2)
ARRIVE_FIRST_DRIVES = timedelta(minutes=2)


class Act(StrEnum):
    CANCEL = "cancel"
    TAKE_OFFER = "take_offer"
    KEEP_WAITING = "keep_waiting"
    EXTEND = "extend"
    CLAIM_HERE = "claim_here"
    CONFIRM_HERE = "confirm_here"
    CALL = "call"
    START = "start"
    OLD_IN = "old_in"
    NEW_OUT = "new_out"
    FINISH = "finish"
    ABANDON = "abandon"


@dataclass(frozen=True, slots=True)
class Temper:
    """What kind of person this is today, and how fast. Times in seconds."""

    comes: bool
    cancels: bool
    extends: bool
    says_here: bool
    drive_share: float
    patience_seconds: int
    staff_seconds: int
    walk_seconds: int
    pace_seconds: int
    takes_offers: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """One booking as it stands, and what stands before it at the bay."""

    id: int
    state: str
    joined_at: datetime
    packs_wanted: int
    is_staffed: bool = True
    arrive_first: bool = False
    is_paid: bool = True
    drive_seconds: int | None = None
    offered_at: datetime | None = None
    promised_at: datetime | None = None
    promise_ends_at: datetime | None = None
    extended_at: datetime | None = None
    here_claimed_at: datetime | None = None
    here_at: datetime | None = None
    arrived_at: datetime | None = None
    called_at: datetime | None = None
    started_at: datetime | None = None
    last_pack_at: datetime | None = None
    packs_in: int = 0
    packs_out: int = 0
    may_start: bool = False


def temper(booking_id: int) -> Temper:
    random = Random(booking_id)  # noqa: S311 - the same person every time, not a secret
    fate = random.random()
    return Temper(
        comes=fate >= 0.05,
        cancels=0.05 <= fate < 0.09,
        extends=0.09 <= fate < 0.17,
        says_here=random.random() < 0.35,
        drive_share=random.uniform(0.7, 1.1),
        patience_seconds=random.randint(1_500, 2_700),
        staff_seconds=random.randint(8, 40),
        walk_seconds=random.randint(12, 50),
        pace_seconds=random.randint(25, 55),
        takes_offers=random.random() < 0.4,
    )


def next_act(seen: Seen, now: datetime) -> Act | None:
    """What is due by now, or nothing."""
    ask = {
        State.WAITING: _while_waiting,
        State.PROMISED: _while_promised,
        State.ARRIVED: _while_arrived,
        State.SWAPPING: _while_swapping,
    }.get(State(seen.state))
    return None if ask is None else ask(seen, temper(seen.id), now)


def _while_waiting(seen: Seen, temper: Temper, now: datetime) -> Act | None:
    if now >= seen.joined_at + timedelta(seconds=temper.patience_seconds):
        return Act.CANCEL
    if seen.offered_at is not None and now >= seen.offered_at + timedelta(seconds=temper.staff_seconds):
        return Act.TAKE_OFFER if temper.takes_offers else Act.KEEP_WAITING
    if seen.arrive_first and seen.here_at is None and now >= seen.joined_at + ARRIVE_FIRST_DRIVES:
        return Act.CONFIRM_HERE if seen.is_staffed else Act.CLAIM_HERE
    return None


def _while_promised(seen: Seen, temper: Temper, now: datetime) -> Act | None:
    assert seen.promised_at is not None
    assert seen.promise_ends_at is not None
    if not seen.is_paid or not temper.comes:
        return None
    if temper.cancels:
        return Act.CANCEL if now >= seen.promised_at + timedelta(seconds=temper.staff_seconds) else None
    if seen.here_claimed_at is not None:
        return Act.CONFIRM_HERE if now >= seen.here_claimed_at + timedelta(seconds=temper.staff_seconds) else None
    if temper.extends and seen.extended_at is None:
        return Act.EXTEND if now >= seen.promise_ends_at - EXTEND_BEFORE_END else None
    if now < arrives_at(seen, temper):
        return None
    return Act.CLAIM_HERE if temper.says_here or not seen.is_staffed else Act.CONFIRM_HERE


def arrives_at(seen: Seen, temper: Temper) -> datetime:
    """After the drive, and never too late: those who come have learnt to leave in time."""
    assert seen.promised_at is not None
    assert seen.promise_ends_at is not None
    drive = timedelta(seconds=max(60.0, temper.drive_share * (seen.drive_seconds or 180)))
    begun = seen.promised_at if seen.extended_at is None else max(seen.promised_at, seen.extended_at)
    return min(begun + drive, seen.promise_ends_at - LATEST_ARRIVAL_BEFORE_END)


def _while_arrived(seen: Seen, temper: Temper, now: datetime) -> Act | None:
    assert seen.arrived_at is not None
    waited = now - seen.arrived_at
    if waited >= GIVES_UP_AT_THE_BAY_AFTER or (not seen.is_paid and waited >= MONEY_MUST_BE_SURE_AFTER):
        return Act.CANCEL
    if not seen.may_start or not seen.is_paid:
        return None
    if seen.called_at is None:
        return Act.CALL if waited >= timedelta(seconds=temper.staff_seconds / 2) else None
    return Act.START if now >= seen.called_at + timedelta(seconds=temper.walk_seconds) else None


def _while_swapping(seen: Seen, temper: Temper, now: datetime) -> Act | None:
    assert seen.started_at is not None
    if now >= seen.started_at + SWAP_GIVEN_UP_AFTER:
        return Act.ABANDON
    if now < (seen.last_pack_at or seen.started_at) + timedelta(seconds=temper.pace_seconds):
        return None
    if seen.packs_in < seen.packs_wanted and seen.packs_in <= seen.packs_out:
        return Act.OLD_IN
    return Act.NEW_OUT if seen.packs_out < seen.packs_wanted else Act.FINISH
