"""The rules of the line against lines that nobody thought of."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking.line_rules import (
    ARRIVE_FIRST_FOR,
    GATHER_FOR,
    Entry,
    Outcome,
    Plan,
    PromiseTerms,
    arrive_first_until,
    budget_left,
    cancel_is_no_show,
    may_be_promised,
    plan,
    promise_seconds,
)

NOW = datetime(2026, 11, 23, 14, 0, tzinfo=UTC)
TERMS = PromiseTerms(min_seconds=600, max_seconds=1_800, margin_seconds=300)


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


def plan_for(entries: Iterable[Entry], packs: int) -> Plan:
    return plan(entries=list(entries), free_packs=list(range(100, 100 + packs)), terms=TERMS, now=NOW)


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
