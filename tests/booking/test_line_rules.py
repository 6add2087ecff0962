"""The rules of the line against lines that nobody thought of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking.line_rules import (
    ARRIVE_FIRST_FOR,
    GATHER_FOR,
    NO_LIMIT,
    Entry,
    FleetShare,
    Holdings,
    Outcome,
    Plan,
    PromiseTerms,
    TimeUp,
    arrive_first_until,
    budget_left,
    cancel_is_no_show,
    is_over_share,
    may_be_promised,
    most_of,
    plan,
    promise_seconds,
    serving_order,
    time_up,
)

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
TERMS = PromiseTerms(min_seconds=600, max_seconds=1_800, margin_seconds=300)
TAXIS, VANS = 7, 8


def entry(number: int, **differs: object) -> Entry:
    values = {
        "packs_wanted": 1,
        "is_waiting": True,
        "is_here": False,
        "arrive_first": False,
        "drive_seconds": None,
        "budget_seconds": None,
        "gathering_since": None,
        "was_passed_over": False,
    }
    return Entry(id=number, **(values | differs))  # type: ignore[arg-type]  # a dictionary of the fields' own types


def plan_for(entries: Iterable[Entry], packs: int, shares: Mapping[int, FleetShare] = MappingProxyType({})) -> Plan:
    free = list(range(100, 100 + packs))
    return plan(entries=list(entries), free_packs=free, terms=TERMS, now=NOW, shares=shares)


@st.composite
def lines(draw: st.DrawFn) -> list[Entry]:
    def one(number: int) -> Entry:
        return entry(
            number,
            packs_wanted=draw(st.integers(1, 4)),
            is_waiting=draw(st.booleans()),
            is_here=draw(st.booleans()),
            arrive_first=draw(st.booleans()),
            drive_seconds=draw(st.none() | st.integers(0, 4_000)),
            budget_seconds=draw(st.none() | st.integers(0, 1_800)),
            gathering_since=draw(st.none() | st.integers(0, 1_500).map(lambda ago: NOW - timedelta(seconds=ago))),
            was_passed_over=draw(st.booleans()),
            goes_first=draw(st.sampled_from([False, False, False, True])),
            fleet=draw(st.sampled_from([None, None, TAXIS, VANS])),
            our_fault=draw(st.sampled_from([False, False, False, True])),
        )

    return [one(number) for number in range(1, draw(st.integers(0, 12)) + 1)]


@given(lines(), st.integers(0, 8))
def test_no_pack_is_granted_twice_and_none_that_is_not_free(entries: list[Entry], packs: int) -> None:
    result = plan_for(entries, packs)

    granted = [pack for grant in result.grants for pack in grant.packs]
    assert len(granted) == len(set(granted))
    assert set(granted) <= set(range(100, 100 + packs))


@given(lines(), st.integers(0, 8))
def test_a_grant_is_all_or_none_and_only_for_who_waits_and_may_have_it(entries: list[Entry], packs: int) -> None:
    by_id = {e.id: e for e in entries}

    for grant in plan_for(entries, packs).grants:
        asked = by_id[grant.entry_id]
        assert len(grant.packs) == asked.packs_wanted
        assert asked.is_waiting
        assert may_be_promised(asked, TERMS)
        assert (grant.lasts_seconds is None) == asked.is_here


@given(lines(), st.integers(0, 8))
def test_nobody_is_overtaken_but_by_a_rule_that_is_named(entries: list[Entry], packs: int) -> None:
    result = plan_for(entries, packs)

    granted = {grant.entry_id for grant in result.grants}
    for grant in result.grants:
        waits_on = [e for e in entries if e.is_waiting and e.id < grant.entry_id and e.id not in granted]
        if waits_on:
            assert grant.exception in {"rule_1", "rule_2", "rule_6", "override"}
        if not grant.exception:
            assert not waits_on


@given(lines(), st.integers(0, 8))
def test_who_gathers_packs_is_passed_over_once_and_only_after_ten_minutes(entries: list[Entry], packs: int) -> None:
    by_id = {e.id: e for e in entries}

    result = plan_for(entries, packs)

    assert len(result.passed_over) == len(set(result.passed_over)) <= 1
    for number in result.passed_over:
        gatherer = by_id[number]
        assert not gatherer.was_passed_over
        assert gatherer.gathering_since is not None
        assert NOW - gatherer.gathering_since >= GATHER_FOR


@given(lines(), st.integers(0, 8))
def test_no_pack_lies_idle_while_somebody_who_wants_one_could_have_it(entries: list[Entry], packs: int) -> None:
    result = plan_for(entries, packs)

    left = packs - sum(len(grant.packs) for grant in result.grants)
    granted = {grant.entry_id for grant in result.grants}
    could = [e for e in entries if e.is_waiting and e.id not in granted and may_be_promised(e, TERMS)]
    nobody_gathers = all(e.packs_wanted <= packs for e in could) and not result.begin_gathering
    if nobody_gathers and could and not result.passed_over:
        assert left < max(e.packs_wanted for e in could)


@given(st.integers(0, 20), st.integers(0, 20))
def test_drivers_who_want_one_pack_each_are_served_in_their_order(waiting: int, packs: int) -> None:
    result = plan_for([entry(number) for number in range(waiting)], packs)

    assert [grant.entry_id for grant in result.grants] == list(range(min(waiting, packs)))
    assert not any(grant.exception for grant in result.grants)


def test_the_first_gathers_and_the_second_goes_ahead_after_ten_minutes_but_the_third_does_not() -> None:
    gathers = entry(1, packs_wanted=3, gathering_since=NOW - GATHER_FOR)

    result = plan_for([gathers, entry(2), entry(3)], packs=2)

    assert [(grant.entry_id, grant.exception) for grant in result.grants] == [(2, "rule_1")]
    assert result.passed_over == [1]


def test_before_ten_minutes_nobody_goes_ahead_of_who_gathers() -> None:
    gathers = entry(1, packs_wanted=3, gathering_since=NOW - GATHER_FOR + timedelta(seconds=1))

    assert plan_for([gathers, entry(2)], packs=2).grants == []


def test_who_is_let_go_first_by_staff_is_served_before_the_others() -> None:
    result = plan_for([entry(1), entry(2), entry(3, goes_first=True)], packs=1)

    assert [(grant.entry_id, grant.exception) for grant in result.grants] == [(3, "override")]


# --- Fleets (rule 10) ------------------------------------------------------------------------------------------------

shares_of_fleets = st.fixed_dictionaries(
    {TAXIS: st.builds(FleetShare, st.integers(0, 6), st.integers(0, 6))},
    optional={VANS: st.builds(FleetShare, st.integers(0, 6), st.integers(0, 6))},
)
Shares = dict[int, FleetShare]


@given(lines(), st.integers(0, 8), shares_of_fleets)
def test_a_fleet_over_its_share_is_served_only_when_all_others_have_been(
    entries: list[Entry], packs: int, shares: Shares
) -> None:
    result = plan_for(entries, packs, shares)

    by_id, held = {e.id: e for e in entries}, dict(shares)
    given_so_far: set[int] = set()
    for grant in result.grants:
        mine = by_id[grant.entry_id]
        if is_over_share(mine, held):
            others = [e for e in entries if e.is_waiting and e.id > mine.id and e.id not in given_so_far]
            can = [e for e in others if e.fleet is None and may_be_promised(e, TERMS)]
            # Only who has gathered for ten minutes and is still short of packs waits on.
            assert all(e.id in result.passed_over for e in can)
        if mine.fleet in held:
            held[mine.fleet] = held[mine.fleet].with_more(len(grant.packs))
        given_so_far.add(mine.id)


@given(lines(), st.integers(0, 8), shares_of_fleets)
def test_rule_10_leaves_no_pack_idle(entries: list[Entry], packs: int, shares: Shares) -> None:
    singles = [replace(e, packs_wanted=1) for e in entries]

    assert len(plan_for(singles, packs, shares).grants) == len(plan_for(singles, packs).grants)


@given(lines(), st.integers(0, 8), shares_of_fleets)
def test_who_is_overtaken_by_rule_10_stood_back_for_it(entries: list[Entry], packs: int, shares: Shares) -> None:
    result = plan_for(entries, packs, shares)

    by_id = {e.id: e for e in entries}
    for number in result.stood_back:
        assert by_id[number].fleet in shares
        assert not by_id[number].our_fault
        assert not by_id[number].goes_first
    for grant in result.grants:
        assert grant.exception != "rule_10" or any(number < grant.entry_id for number in result.stood_back)


@given(lines(), st.integers(0, 8), shares_of_fleets)
def test_with_shares_too_nobody_is_overtaken_but_by_a_rule_that_is_named(
    entries: list[Entry], packs: int, shares: Shares
) -> None:
    result = plan_for(entries, packs, shares)

    waits = {e.id for e in entries if e.is_waiting}
    for grant in result.grants:
        waits.discard(grant.entry_id)
        assert grant.exception or not any(number < grant.entry_id for number in waits)


@given(lines(), st.integers(0, 8), shares_of_fleets)
def test_vehicles_of_one_fleet_are_promised_in_the_order_in_which_they_joined(
    entries: list[Entry], packs: int, shares: Shares
) -> None:
    plain = [replace(e, packs_wanted=1, goes_first=False, our_fault=False) for e in entries]

    result = plan_for(plain, packs, shares)

    for fleet in shares:
        served = [g.entry_id for g in result.grants if plain[g.entry_id - 1].fleet == fleet]
        assert served == sorted(served)


@given(lines(), st.integers(0, 8), st.integers(0, 6), st.integers(0, 6))
def test_where_a_fleet_is_alone_in_line_its_share_changes_nothing(
    entries: list[Entry], packs: int, holds: int, most: int
) -> None:
    alone = [replace(e, fleet=TAXIS) for e in entries]

    assert plan_for(alone, packs, {TAXIS: FleetShare(holds, most)}) == plan_for(alone, packs)


def test_a_fleet_that_has_its_share_stands_back_for_who_joined_later() -> None:
    result = plan_for([entry(1, fleet=TAXIS), entry(2)], 1, {TAXIS: FleetShare(held=6, most=6)})

    assert [(grant.entry_id, grant.exception) for grant in result.grants] == [(2, "rule_10")]
    assert result.stood_back == [1]


def test_a_share_is_used_up_within_one_plan() -> None:
    fleet = [entry(number, fleet=TAXIS) for number in range(1, 11)]
    others = [entry(number) for number in range(11, 16)]

    result = plan_for([*fleet, *others], 10, {TAXIS: FleetShare(held=0, most=6)})

    served = [grant.entry_id for grant in result.grants]
    assert served == [1, 2, 3, 4, 5, 6, 11, 12, 13, 14]


def test_what_the_others_leave_is_the_fleets() -> None:
    result = plan_for([entry(1, fleet=TAXIS), entry(2)], 2, {TAXIS: FleetShare(held=6, most=6)})

    assert [(grant.entry_id, grant.exception) for grant in result.grants] == [(2, "rule_10"), (1, "")]


@pytest.mark.parametrize("differs", [{"drive_seconds": 3_000}, {"arrive_first": True}, {"is_waiting": False}])
def test_a_fleet_does_not_stand_back_for_who_may_not_be_promised_a_pack(differs: dict[str, object]) -> None:
    result = plan_for([entry(1, fleet=TAXIS), entry(2, **differs)], 1, {TAXIS: FleetShare(held=6, most=6)})

    assert [(grant.entry_id, grant.exception) for grant in result.grants] == [(1, "")]


@pytest.mark.parametrize("differs", [{"our_fault": True}, {"goes_first": True}])
def test_whom_we_have_failed_or_staff_let_go_first_does_not_stand_back(differs: dict[str, object]) -> None:
    shares = {TAXIS: FleetShare(held=6, most=6)}

    assert plan_for([entry(1, fleet=TAXIS, **differs), entry(2)], 1, shares).grants[0].entry_id == 1


def test_a_fleet_that_holds_nothing_has_the_only_pack_of_a_station() -> None:
    most = most_of(percent=60, packs=1)

    result = plan_for([entry(1, fleet=TAXIS), entry(2)], 1, {TAXIS: FleetShare(held=0, most=most)})

    assert [(grant.entry_id, grant.exception) for grant in result.grants] == [(1, "")]


def test_after_the_only_pack_the_fleet_stands_back_within_the_hour() -> None:
    """One pack went out to it, and another is ready: one of two is half, two of two is more than sixty percent."""
    most = most_of(percent=60, packs=2)

    result = plan_for([entry(1, fleet=TAXIS), entry(2)], 1, {TAXIS: FleetShare(held=1, most=most)})

    assert [(grant.entry_id, grant.exception) for grant in result.grants] == [(2, "rule_10")]


def held_by(ready: int = 0, percent: int = 60, **packs: int) -> Holdings:
    """Of a line's packs within the hour; `others` are of no fleet."""
    names = {"taxis": TAXIS, "vans": VANS, "others": None}
    return Holdings(Counter({names[name]: held for name, held in packs.items()}), ready, percent)


def served(entries: Iterable[Entry], holdings: Holdings) -> list[int]:
    return [one.id for one in serving_order(list(entries), holdings, TERMS)]


one_pack_each = st.lists(
    st.builds(
        lambda fleet, our_fault, goes_first: {"fleet": fleet, "our_fault": our_fault, "goes_first": goes_first},
        st.sampled_from([None, TAXIS, VANS]),
        st.sampled_from([False, False, False, True]),
        st.sampled_from([False, False, False, True]),
    ),
    max_size=12,
).map(lambda several: [entry(number, **differs) for number, differs in enumerate(several, start=1)])


@given(one_pack_each, st.integers(0, 6), st.integers(0, 6), st.integers(0, 6), st.integers(0, 100))
def test_whoever_is_foreseen_to_be_served_next_is_promised_the_next_pack(
    entries: list[Entry], taxis: int, vans: int, others: int, percent: int
) -> None:
    holdings = held_by(taxis=taxis, vans=vans, others=others, percent=percent)
    foreseen = served(entries, holdings)

    promised: list[int] = []
    left = list(entries)
    while left:
        there = replace(holdings, ready=1)
        (grant,) = plan_for(left, 1, {fleet: there.share_of(fleet) for fleet in (TAXIS, VANS)}).grants
        promised.append(grant.entry_id)
        holdings = there.after(next(one for one in left if one.id == grant.entry_id))
        left = [one for one in left if one.id != grant.entry_id]

    assert foreseen == promised


@given(lines(), st.integers(0, 6), st.integers(0, 6))
def test_everybody_who_waits_is_foreseen_to_be_served_once(entries: list[Entry], taxis: int, others: int) -> None:
    waiting = [one for one in entries if one.is_waiting]

    assert sorted(served(waiting, held_by(taxis=taxis, others=others))) == [one.id for one in waiting]


@given(lines())
def test_without_a_limit_the_line_is_foreseen_as_it_stands(entries: list[Entry]) -> None:
    ids = [one.id for one in sorted(entries, key=lambda one: not one.goes_first)]

    assert served(entries, NO_LIMIT) == served(entries, held_by(taxis=9, percent=100)) == ids


def test_a_fleet_that_has_its_share_is_foreseen_behind_who_joined_later_until_the_share_has_grown() -> None:
    line = [entry(1, fleet=TAXIS), entry(2, fleet=TAXIS), *(entry(number) for number in (3, 4, 5))]

    # Of 4, 5, 6 and 7 packs the fleet may have 2, 3, 3 and 4.
    assert served(line, held_by(taxis=2, others=1)) == [3, 1, 4, 2, 5]


def test_nobody_is_foreseen_before_a_fleet_who_may_not_be_promised_a_pack() -> None:
    line = [entry(1, fleet=TAXIS), entry(2, drive_seconds=3_000), entry(3, fleet=TAXIS)]

    assert served(line, held_by(taxis=6)) == [1, 2, 3]


def test_two_fleets_over_their_shares_keep_their_order() -> None:
    shares = {TAXIS: FleetShare(held=6, most=6), VANS: FleetShare(held=4, most=4)}

    result = plan_for([entry(1, fleet=TAXIS), entry(2, fleet=VANS)], 2, shares)

    assert [(grant.entry_id, grant.exception) for grant in result.grants] == [(1, ""), (2, "")]


def test_a_smaller_booking_of_the_fleet_does_not_slip_past_its_colleague() -> None:
    line = [entry(1, fleet=TAXIS, packs_wanted=2), entry(2, fleet=TAXIS), entry(3)]

    assert [grant.entry_id for grant in plan_for(line, 1, {TAXIS: FleetShare(held=5, most=6)}).grants] == [3]


def test_a_fleet_that_uses_its_share_up_stands_behind_one_that_had_used_it_up_before() -> None:
    shares = {TAXIS: FleetShare(held=6, most=6), VANS: FleetShare(held=5, most=6)}

    result = plan_for([entry(1, fleet=TAXIS), entry(2, fleet=VANS), entry(3, fleet=VANS)], 2, shares)

    assert [grant.entry_id for grant in result.grants] == [2, 1]


def test_whom_we_have_failed_does_not_stand_back_with_their_colleagues() -> None:
    line = [entry(1, fleet=TAXIS), entry(2, fleet=TAXIS, our_fault=True), entry(3)]

    result = plan_for(line, 1, {TAXIS: FleetShare(held=6, most=6)})

    assert [(grant.entry_id, grant.exception) for grant in result.grants] == [(2, "rule_10")]


@pytest.mark.parametrize("other", [{"drive_seconds": 3_000}, {"fleet": VANS}])
def test_where_nobody_waits_for_whom_to_stand_back_a_fleet_is_served_in_its_order(other: dict[str, object]) -> None:
    line = [entry(1, fleet=TAXIS), entry(2, fleet=TAXIS, our_fault=True), entry(3, **other)]
    shares = {TAXIS: FleetShare(held=6, most=6), VANS: FleetShare(held=6, most=6)}

    assert [grant.entry_id for grant in plan_for(line, 1, shares).grants] == [1]


# --- How long a promise lasts (rule 2) -------------------------------------------------------------------------------


@given(st.none() | st.integers(0, 100_000), st.none() | st.integers(0, 1_800))
def test_a_promise_lasts_between_ten_and_thirty_minutes_and_never_longer_than_what_was_left(
    drive_seconds: int | None, budget_seconds: int | None
) -> None:
    lasts = promise_seconds(drive_seconds=drive_seconds, budget_seconds=budget_seconds, terms=TERMS)

    if budget_seconds is None:
        assert 600 <= lasts <= 1_800
    else:
        assert lasts <= budget_seconds


def test_a_promise_is_the_drive_and_a_margin() -> None:
    assert promise_seconds(drive_seconds=900, budget_seconds=None, terms=TERMS) == 1_200


# --- No-shows (rule 6) -----------------------------------------------------------------------------------------------


def _day(number: float, *, no_show: bool = False) -> Outcome:
    at = NOW - timedelta(days=number)
    return Outcome(joined_at=at, ended_at=at + timedelta(minutes=20), no_show=no_show)


def test_three_no_shows_of_many_bookings_are_no_restriction() -> None:
    kept = [_day(number) for number in range(3, 20)]

    assert arrive_first_until([*kept, *(_day(n + 0.5, no_show=True) for n in range(3))], NOW) is None


def test_two_no_shows_are_no_restriction_whatever_their_share() -> None:
    assert arrive_first_until([_day(1, no_show=True), _day(2, no_show=True)], NOW) is None


def test_three_no_shows_of_three_restrict_for_seven_days_from_the_last() -> None:
    marks = [_day(n, no_show=True) for n in (3, 2, 1)]

    assert arrive_first_until(marks, NOW) == marks[-1].ended_at + ARRIVE_FIRST_FOR  # type: ignore[operator]  # ended


def test_a_restriction_ends_after_seven_days() -> None:
    assert arrive_first_until([_day(n, no_show=True) for n in (10, 9, 8)], NOW) is None


@given(st.lists(st.tuples(st.floats(0, 60), st.booleans()), max_size=20))
def test_more_kept_bookings_never_make_a_restriction(rows: list[tuple[float, bool]]) -> None:
    outcomes = [_day(ago, no_show=mark) for ago, mark in rows]

    if arrive_first_until(outcomes, NOW) is None:
        kept_too = [*outcomes, *(_day(ago) for ago, _mark in rows)]
        assert arrive_first_until(kept_too, NOW) is None


@pytest.mark.parametrize(("left", "counts"), [(301, False), (300, False), (299, True), (1, True)])
def test_cancelling_counts_as_not_coming_in_the_last_five_minutes(left: int, counts: bool) -> None:
    ends_at = NOW + timedelta(seconds=left)

    assert cancel_is_no_show(promise_ends_at=ends_at, now=NOW) is counts


@given(st.integers(-5_000, 5_000))
def test_what_is_left_of_a_promise_is_never_negative(seconds: int) -> None:
    left = budget_left(promise_ends_at=NOW + timedelta(seconds=seconds), ended_at=NOW)

    assert left == max(0, seconds)


@pytest.mark.parametrize(
    ("lapses", "pay_by", "claimed", "ended"),
    [
        (1, None, False, None),
        (1, 1, True, None),
        (0, None, False, TimeUp.OVERDUE),
        (0, None, True, TimeUp.NOBODY_CONFIRMED),
        (0, 0, True, TimeUp.UNPAID),
        (1, 0, False, TimeUp.UNPAID),
        (0, 1, False, TimeUp.OVERDUE),
    ],
)
def test_what_the_clock_makes_of_a_promise(
    lapses: int, pay_by: int | None, claimed: bool, ended: TimeUp | None
) -> None:
    def minutes(count: int | None) -> datetime | None:
        return None if count is None else NOW + timedelta(minutes=count)

    claimed_at = NOW - timedelta(minutes=10) if claimed else None

    assert time_up(lapses_at=minutes(lapses), pay_by=minutes(pay_by), here_claimed_at=claimed_at, now=NOW) == ended
