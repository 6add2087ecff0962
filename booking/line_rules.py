"""The published rules of the line as functions of their arguments. docs/rules/line.md says the same in plain words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

GATHER_FOR = timedelta(minutes=10)
PAY_WITHIN = timedelta(minutes=3)
EXTENSION = timedelta(minutes=10)
CONFIRM_WITHIN = timedelta(minutes=10)
ANSWER_CALL_WITHIN = timedelta(minutes=3)
LATE_CANCEL = timedelta(minutes=5)
SAME_PROMISE_WITHIN = timedelta(minutes=30)
MARKS_COUNT_FOR = timedelta(days=30)
ARRIVE_FIRST_FOR = timedelta(days=7)
MARKS_ALLOWED = 3
MARKS_SHARE_PERCENT = 20


@dataclass(frozen=True, slots=True)
class PromiseTerms:
    """A station's settings for rule 2, in seconds."""

    min_seconds: int
    max_seconds: int
    margin_seconds: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A booking in line as the rules see it. Entries are given in the order of the line."""

    id: int
    packs_wanted: int
    is_waiting: bool
    is_here: bool
    arrive_first: bool
    drive_seconds: int | None
    budget_seconds: int | None
    gathering_since: datetime | None
    was_passed_over: bool
    goes_first: bool = False


@dataclass(frozen=True, slots=True)
class Grant:
    """Packs for one booking. `lasts_seconds` is None for a driver who is here: no clock runs.

    `exception` is the rule by which others who joined earlier are overtaken.
    """

    entry_id: int
    packs: tuple[int, ...]
    lasts_seconds: int | None
    exception: str = ""


@dataclass(slots=True)
class Plan:
    """What the line does next: grants in order, who begins to gather packs, and who was passed over by rule 1."""

    grants: list[Grant] = field(default_factory=list)
    begin_gathering: list[int] = field(default_factory=list)
    passed_over: list[int] = field(default_factory=list)


def promise_seconds(*, drive_seconds: int | None, budget_seconds: int | None, terms: PromiseTerms) -> int:
    """How long a promise lasts (rule 2): drive plus margin within the station's limits, never more than the budget."""
    if drive_seconds is None:
        lasts = terms.min_seconds
    else:
        lasts = min(max(drive_seconds + terms.margin_seconds, terms.min_seconds), terms.max_seconds)
    return lasts if budget_seconds is None else min(lasts, budget_seconds)


def may_be_promised(entry: Entry, terms: PromiseTerms) -> bool:
    """Whether this booking may hold packs now: here, or near enough and trusted to come (rules 2 and 6)."""
    if entry.is_here:
        return True
    if entry.arrive_first or entry.budget_seconds == 0:
        return False
    return entry.drive_seconds is None or entry.drive_seconds <= terms.max_seconds


def plan(*, entries: Sequence[Entry], free_packs: Sequence[int], terms: PromiseTerms, now: datetime) -> Plan:
    """Promise the free, ready packs to the line in its order (rules 1, 2 and 6).

    Whoever goes first by a staff override (rule 8) is looked at before the others.

    `entries` are the live bookings in the order of the line, `free_packs` the ids of ready packs kept for nobody, best
    first. Whoever may not be promised yet keeps the place and is stepped over. The first who could be served but for
    missing packs gathers them; after ten minutes the next who can be served goes ahead, once.
    """
    result = Plan()
    packs = list(free_packs)
    gatherer: Entry | None = None
    stepped_over: list[Entry] = []
    for entry in sorted((e for e in entries if e.is_waiting), key=lambda e: not e.goes_first):
        if not packs:
            break
        if not may_be_promised(entry, terms):
            stepped_over.append(entry)
            continue
        if entry.packs_wanted > len(packs):
            if gatherer is None:
                gatherer = entry
                if entry.gathering_since is None:
                    result.begin_gathering.append(entry.id)
            stepped_over.append(entry)
            continue
        if gatherer is not None:
            if not _may_go_ahead_of(gatherer, now) or gatherer.id in result.passed_over:
                break
            result.passed_over.append(gatherer.id)
        granted, packs = tuple(packs[: entry.packs_wanted]), packs[entry.packs_wanted :]
        lasts = (
            None
            if entry.is_here
            else promise_seconds(drive_seconds=entry.drive_seconds, budget_seconds=entry.budget_seconds, terms=terms)
        )
        result.grants.append(Grant(entry.id, granted, lasts, _exception(entry, gatherer, stepped_over)))
    return result


def _exception(entry: Entry, gatherer: Entry | None, stepped_over: Sequence[Entry]) -> str:
    """The rule by which this entry goes ahead of somebody who joined earlier and waits on, or nothing."""
    if entry.goes_first:
        return "override"
    if gatherer is not None:
        return "rule_1"
    if not stepped_over:
        return ""
    return "rule_6" if all(e.arrive_first for e in stepped_over) else "rule_2"


def _may_go_ahead_of(gatherer: Entry, now: datetime) -> bool:
    if gatherer.was_passed_over or gatherer.gathering_since is None:
        return False
    return now - gatherer.gathering_since >= GATHER_FOR


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an earlier booking ended, for rule 6."""

    joined_at: datetime
    ended_at: datetime | None
    no_show: bool


def arrive_first_until(outcomes: Iterable[Outcome], now: datetime) -> datetime | None:
    """Until when a driver or vehicle books arrive-first (rule 6), or None.

    The restriction begins with the no-show that crosses both limits, and lasts seven days from it.
    """
    history = sorted(outcomes, key=lambda o: o.joined_at)
    until: datetime | None = None
    for mark in (o for o in history if o.no_show and o.ended_at is not None):
        assert mark.ended_at is not None
        since = mark.ended_at - MARKS_COUNT_FOR
        counted = [o for o in history if since <= o.joined_at <= mark.ended_at]
        marks = sum(1 for o in counted if o.no_show and o.ended_at is not None and o.ended_at <= mark.ended_at)
        if marks >= MARKS_ALLOWED and marks * 100 > MARKS_SHARE_PERCENT * len(counted):
            ends = mark.ended_at + ARRIVE_FIRST_FOR
            until = ends if until is None else max(until, ends)
    return until if until is not None and until > now else None


def budget_left(*, promise_ends_at: datetime, ended_at: datetime) -> int:
    """Whole seconds that were left of a promise when its booking ended (rule 2); never negative."""
    return max(0, int((promise_ends_at - ended_at).total_seconds()))


def cancel_is_no_show(*, promise_ends_at: datetime, now: datetime) -> bool:
    """Cancelling in the last five minutes of a promise counts as not coming (rule 6)."""
    return now > promise_ends_at - LATE_CANCEL
