"""The published rules of the line as functions of their arguments. docs/rules/line.md says the same in plain words."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import chain, islice
from types import MappingProxyType

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
# A pack may be promised before it is ready, if it will be ready so long before its driver arrives (rule 3).
READY_BEFORE_ARRIVAL = timedelta(minutes=5)
SHARE_COUNTS_FOR = timedelta(minutes=60)
# A turn that comes so long after the driver can be here comes soon.
SOON_AFTER_ARRIVAL = timedelta(minutes=5)


class TimeUp(StrEnum):
    """What the clock alone makes of a promise, whether or not a worker has written it down (P3)."""

    UNPAID = "unpaid"
    NOBODY_CONFIRMED = "nobody_confirmed"
    OVERDUE = "overdue"


def time_up(
    *, lapses_at: datetime | None, pay_by: datetime | None, here_claimed_at: datetime | None, now: datetime
) -> TimeUp | None:
    """How a promise has ended by `now`; None while it runs. Unpaid goes before a claim, that before a no-show."""
    if pay_by is not None and pay_by <= now:
        return TimeUp.UNPAID
    if lapses_at is None or lapses_at > now:
        return None
    return TimeUp.OVERDUE if here_claimed_at is None else TimeUp.NOBODY_CONFIRMED


@dataclass(frozen=True, slots=True)
class PromiseTerms:
    """A station's settings for rule 2, in seconds."""

    min_seconds: int
    max_seconds: int
    margin_seconds: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A booking in line as the rules see it. Entries are given in the order of the line.

    `arrives_in` is in how many seconds the driver may be here at the earliest; None when that is not known. `fleet` is
    whose the vehicle is, `our_fault` whether we have failed the booking once.
    """

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
    arrives_in: float | None = None
    fleet: int | None = None
    our_fault: bool = False


def joining_entry(*, entry_id: int, packs_wanted: int, drive_seconds: int, fleet: int | None) -> Entry:
    """Somebody who would join, as the rules would see them: driving, and with nothing behind them."""
    return Entry(
        id=entry_id,
        packs_wanted=packs_wanted,
        is_waiting=True,
        is_here=False,
        arrive_first=False,
        drive_seconds=drive_seconds,
        budget_seconds=None,
        gathering_since=None,
        was_passed_over=False,
        fleet=fleet,
    )


@dataclass(frozen=True, slots=True)
class FleetShare:
    """The packs of a line that a fleet holds within the hour, and the most that it may hold (rule 10)."""

    held: int
    most: int

    def bears(self, packs: int) -> bool:
        """Whether so many packs more are within the share. Who holds none may always have one booking's packs."""
        return self.held == 0 or self.held + packs <= self.most

    def with_more(self, packs: int) -> FleetShare:
        return FleetShare(self.held + packs, self.most)


@dataclass(frozen=True, slots=True)
class Holdings:
    """The packs of a line as rule 10 counts them: `held` within the hour by fleet (None: by whoever is of none), those
    that are `ready`, and how many percent of all a fleet may hold."""

    held: Counter[int | None]
    ready: int
    percent: int

    def share_of(self, fleet: int) -> FleetShare:
        return FleetShare(self.held[fleet], most_of(percent=self.percent, packs=self.ready + self.held.total()))

    def bears(self, entry: Entry) -> bool:
        """Whether packs for this booking are within its fleet's share once there are as many as it wants."""
        there = replace(self, ready=max(self.ready, entry.packs_wanted))
        return not _is_bound(entry) or there.share_of(entry.fleet or 0).bears(entry.packs_wanted)

    def after(self, entry: Entry) -> Holdings:
        """As it is once this booking has its packs."""
        held = self.held + Counter({entry.fleet: entry.packs_wanted})
        return replace(self, held=held, ready=max(0, self.ready - entry.packs_wanted))


# Where no fleet waits together with anybody else there is nothing to count.
NO_LIMIT = Holdings(Counter(), ready=0, percent=100)


@dataclass(frozen=True, slots=True)
class Coming:
    """A pack that is kept for nobody and will be ready in so many seconds by its curve."""

    id: int
    ready_in: float


@dataclass(frozen=True, slots=True)
class Kept:
    """A pack that is promised to somebody who is not here yet. `ready_in` is 0 when it is ready."""

    entry_id: int
    pack: int
    ready_in: float
    arrives_in: float | None

    @property
    def comes_too_late(self) -> bool:
        """Whether the driver may find it not ready: its charging has slipped."""
        return self.ready_in > 0 and (self.arrives_in is None or self.ready_in >= self.arrives_in)


@dataclass(frozen=True, slots=True)
class Move:
    """A promise that is for another pack from now on (rule 3)."""

    entry_id: int
    old: int
    new: int


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
    """What the line does next: promises that move to other packs, and then grants in order; who begins to gather
    packs, who was passed over by rule 1, and who stood back by rule 10 while somebody who joined later was served.
    """

    moves: list[Move] = field(default_factory=list)
    grants: list[Grant] = field(default_factory=list)
    begin_gathering: list[int] = field(default_factory=list)
    passed_over: list[int] = field(default_factory=list)
    stood_back: list[int] = field(default_factory=list)


def promise_seconds(*, drive_seconds: int | None, budget_seconds: int | None, terms: PromiseTerms) -> int:
    """How long a promise lasts (rule 2): drive plus margin within the station's limits, never more than the budget."""
    if drive_seconds is None:
        lasts = terms.min_seconds
    else:
        lasts = min(max(drive_seconds + terms.margin_seconds, terms.min_seconds), terms.max_seconds)
    return lasts if budget_seconds is None else min(lasts, budget_seconds)


def turn_is_soon(likely_seconds: float, *, arrives_in: float | None, terms: PromiseTerms) -> bool:
    """Whether packs and a bay are likely to be there by the time the driver can be, or soon after.

    A drive that is not known counts as the shortest promise, as in rule 2.
    """
    drive = terms.min_seconds if arrives_in is None else arrives_in
    return likely_seconds <= drive + SOON_AFTER_ARRIVAL.total_seconds()


def may_be_promised(entry: Entry, terms: PromiseTerms) -> bool:
    """Whether this booking may hold packs now: here, or near enough and trusted to come (rules 2 and 6)."""
    if entry.is_here:
        return True
    if entry.arrive_first or entry.budget_seconds == 0:
        return False
    return entry.drive_seconds is None or entry.drive_seconds <= terms.max_seconds


def most_of(*, percent: int, packs: int) -> int:
    """How many of a line's packs a fleet may hold within the hour, rounded down (rule 10)."""
    return packs * percent // 100


def is_over_share(entry: Entry, shares: Mapping[int, FleetShare]) -> bool:
    """Whether packs for this booking would take its fleet over its share (rule 10).

    Not where staff let it go first (rule 8), nor where we have failed it (rule 7).
    """
    if entry.fleet is None or entry.fleet not in shares or not _is_bound(entry):
        return False
    return not shares[entry.fleet].bears(entry.packs_wanted)


def _is_bound(entry: Entry) -> bool:
    """Whether a fleet's share counts for it at all."""
    return entry.fleet is not None and not entry.goes_first and not entry.our_fault


def standing_back(entries: Sequence[Entry], shares: Mapping[int, FleetShare], terms: PromiseTerms) -> set[int]:
    """Who would be looked at after the others if packs were to be had now (rule 10)."""
    fleets = _Fleets(dict(shares), terms)
    in_turn = [e for e in entries if e.is_waiting and may_be_promised(e, terms)] if shares else []
    for number, entry in enumerate(in_turn):
        fleets.stands_back(entry, islice(in_turn, number + 1, None))
    return {entry.id for entry in fleets.back}


def serving_order(entries: Sequence[Entry], holdings: Holdings, terms: PromiseTerms) -> list[Entry]:
    """Who waits in the order in which they would have packs if these came one after another from now on (8 and 10).

    Whoever may not be promised packs yet keeps their place. What is served counts with its fleet at once; that packs
    which went out leave the count after an hour is not looked ahead to.
    """
    in_turn = sorted(entries, key=lambda e: not e.goes_first)
    if holdings.percent >= 100 or not any(_is_bound(entry) for entry in in_turn):
        return in_turn
    left = _InTurn(in_turn, terms)
    order: list[Entry] = []
    while (first := left.first()) is not None:
        entry = first if holdings.bears(first) else left.before(first, holdings)
        order.append(entry)
        holdings = holdings.after(entry)
        left.take(entry)
    return order


def plan(
    *,
    entries: Sequence[Entry],
    free_packs: Sequence[int],
    terms: PromiseTerms,
    now: datetime,
    coming: Sequence[Coming] = (),
    kept: Sequence[Kept] = (),
    shares: Mapping[int, FleetShare] = MappingProxyType({}),
) -> Plan:
    """Promise the free packs to the line in its order (rules 1, 2, 3, 6 and 10).

    Whoever goes first by a staff override (rule 8) is looked at before the others.

    `entries` are the live bookings in the order of the line, `free_packs` the ids of ready packs kept for nobody, best
    first, `coming` those that charge, `kept` the promises of drivers who are not here. Promises whose packs have
    slipped are moved first, then the line is served. Whoever may not be promised yet keeps the place and is stepped
    over. The first who could be served but for missing packs gathers them; after ten minutes the next who can be served
    goes ahead, once, and only with packs that are ready: what is coming is for who is first. Whose fleet has its share
    (`shares`, by fleet) stands back until all the others have been looked at.
    """
    result = Plan()
    fleets = _Fleets(dict(shares), terms)
    joined = {entry.id: number for number, entry in enumerate(entries)}
    packs = _Packs(list(free_packs), sorted(coming, key=lambda one: one.ready_in), list(kept))
    result.moves += packs.mend()
    gatherer: Entry | None = None
    stepped_over: list[Entry] = []
    in_turn = sorted((e for e in entries if e.is_waiting), key=lambda e: not e.goes_first)
    # Who stands back comes to the second list while the first is gone through.
    for number, entry in enumerate(chain(in_turn, fleets.back)):
        if not may_be_promised(entry, terms):
            stepped_over.append(entry)
            continue
        if number < len(in_turn) and fleets.stands_back(entry, islice(in_turn, number + 1, None)):
            continue
        moves, given = packs.found(entry) if gatherer is None else ([], packs.ready[: entry.packs_wanted])
        if len(given) < entry.packs_wanted:
            if not packs.ready:
                break
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
        packs.take(moves, given)
        result.moves += moves
        fleets.note(entry)
        stood_back = _before(entry, fleets.back, joined) if number < len(in_turn) else []
        exception = _exception(entry, gatherer, _before(entry, stepped_over, joined), stood_back)
        result.stood_back += [e.id for e in stood_back if e.id not in result.stood_back and not entry.goes_first]
        result.grants.append(Grant(entry.id, tuple(given), _lasts(entry, terms), exception))
    return result


def _before(entry: Entry, others: Sequence[Entry], joined: Mapping[int, int]) -> list[Entry]:
    """Those of the others who joined before this entry."""
    return [other for other in others if joined[other.id] < joined[entry.id]]


def _lasts(entry: Entry, terms: PromiseTerms) -> int | None:
    if entry.is_here:
        return None
    return promise_seconds(drive_seconds=entry.drive_seconds, budget_seconds=entry.budget_seconds, terms=terms)


@dataclass(slots=True)
class _Fleets:
    """Who stands back by rule 10 while a plan is made: `back`, in the order of the line."""

    shares: dict[int, FleetShare]
    terms: PromiseTerms
    back: list[Entry] = field(default_factory=list)
    full: dict[int, bool] = field(default_factory=dict)

    def stands_back(self, entry: Entry, behind: Iterable[Entry]) -> bool:
        """Whether it is looked at again after all others. A fleet's vehicles behind it stay behind it."""
        fleet = entry.fleet
        if fleet is None or fleet not in self.shares or not _is_bound(entry):
            return False
        if fleet not in self.full and is_over_share(entry, self.shares):
            self.full[fleet] = bool(self.back) or any(self._goes_before(other, fleet) for other in behind)
        if self.full.get(fleet, False):
            self.back.append(entry)
        return self.full.get(fleet, False)

    def note(self, entry: Entry) -> None:
        if entry.fleet in self.shares:
            self.shares[entry.fleet] = self.shares[entry.fleet].with_more(entry.packs_wanted)

    def _goes_before(self, other: Entry, fleet: int) -> bool:
        return other.fleet != fleet and may_be_promised(other, self.terms) and not is_over_share(other, self.shares)


class _InTurn:
    """Who is left of a line while it is served, and of each fleet the first who may be promised packs."""

    def __init__(self, entries: Sequence[Entry], terms: PromiseTerms) -> None:
        self.places = {entry.id: place for place, entry in enumerate(entries)}
        self.left = deque(entries)
        self.served: set[int] = set()
        self.fleets: dict[tuple[int | None, bool], deque[Entry]] = defaultdict(deque)
        for entry in entries:
            if may_be_promised(entry, terms):
                self.fleets[_group(entry)].append(entry)

    def first(self) -> Entry | None:
        while self.left and self.left[0].id in self.served:
            self.left.popleft()
        return self.left[0] if self.left else None

    def before(self, over: Entry, holdings: Holdings) -> Entry:
        """Who is served before an entry that is over its share, none of its fleet; itself where there is nobody."""
        firsts = [several[0] for group, several in self.fleets.items() if several and group != _group(over)]
        others = [entry for entry in firsts if holdings.bears(entry)]
        if all(entry.fleet == over.fleet for entry in others):
            return over
        return min(others, key=lambda entry: self.places[entry.id])

    def take(self, entry: Entry) -> None:
        self.served.add(entry.id)
        mine = self.fleets[_group(entry)]
        if mine and mine[0].id == entry.id:
            mine.popleft()


def _group(entry: Entry) -> tuple[int | None, bool]:
    return entry.fleet, _is_bound(entry)


@dataclass(slots=True)
class _Packs:
    """What may be promised while a plan is made: ready packs, those that are coming, and promises that may move."""

    ready: list[int]
    coming: list[Coming]
    kept: list[Kept]

    def mend(self) -> list[Move]:
        """Another pack for every promise whose own comes too late: one that is coming in time, a ready one, or that of
        somebody who arrives so much later that the slow one will do for them. Who arrives first is looked after first.
        """
        moves: list[Move] = []
        late = [one for one in self.kept if one.comes_too_late]
        for slow in sorted(late, key=lambda one: one.arrives_in or 0.0):
            in_time = self._in_time(slow.arrives_in)
            new = in_time[-1].id if in_time else self.ready[0] if self.ready else None
            if new is not None:
                moves.append(Move(slow.entry_id, slow.pack, new))
                self._forget(new)
                self.kept.remove(slow)
                self.coming = sorted([*self.coming, Coming(slow.pack, slow.ready_in)], key=lambda one: one.ready_in)
                continue
            other = next(
                (one for one in self.kept if not one.ready_in and _will_do(slow.ready_in, one.arrives_in)), None
            )
            if other is not None:
                moves += [Move(slow.entry_id, slow.pack, other.pack), Move(other.entry_id, other.pack, slow.pack)]
                self.kept.remove(slow)
                self.kept.remove(other)
        return moves

    def found(self, entry: Entry) -> tuple[list[Move], list[int]]:
        """Packs for this entry, as many as there are: the last that is ready in time for who is far, so that those that
        are ready now are left to who is near; and ready ones that somebody far away can do without (rule 3).
        """
        wanted = entry.packs_wanted
        in_time = [] if entry.is_here else self._in_time(entry.arrives_in)
        given = [one.id for one in reversed(in_time)][:wanted]
        given += self.ready[: wanted - len(given)]
        moves: list[Move] = []
        left = [one for one in self.coming if one.id not in given]
        for far in (one for one in self.kept if not one.ready_in):
            if len(given) >= wanted:
                break
            new = next((one for one in reversed(left) if _will_do(one.ready_in, far.arrives_in)), None)
            if new is not None:
                left.remove(new)
                moves.append(Move(far.entry_id, far.pack, new.id))
                given.append(far.pack)
        return moves, given

    def take(self, moves: Sequence[Move], given: Sequence[int]) -> None:
        for move in moves:
            self._forget(move.new)
            self.kept = [one for one in self.kept if (one.entry_id, one.pack) != (move.entry_id, move.old)]
        for pack in given:
            self._forget(pack)

    def _in_time(self, arrives_in: float | None) -> list[Coming]:
        return [one for one in self.coming if _will_do(one.ready_in, arrives_in)]

    def _forget(self, pack: int) -> None:
        self.ready = [one for one in self.ready if one != pack]
        self.coming = [one for one in self.coming if one.id != pack]


def _will_do(ready_in: float, arrives_in: float | None) -> bool:
    """Whether a pack will be ready long enough before this arrival."""
    return arrives_in is not None and ready_in <= arrives_in - READY_BEFORE_ARRIVAL.total_seconds()


def _exception(entry: Entry, gatherer: Entry | None, stepped_over: Sequence[Entry], stood_back: Sequence[Entry]) -> str:
    """The rule by which this entry goes ahead of somebody who joined earlier and waits on, or nothing."""
    if entry.goes_first:
        return "override"
    if gatherer is not None:
        return "rule_1"
    if not stepped_over:
        return "rule_10" if stood_back else ""
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
