"""Rule 3: packs that will be ready before their driver arrives, and promises that move to other packs."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from booking.line_rules import READY_BEFORE_ARRIVAL, Coming, Entry, Kept, Move, Plan, plan
from tests.booking.test_line_rules import NOW, TERMS, entry

MARGIN = READY_BEFORE_ARRIVAL.total_seconds()
FAR, NEAR = 1_200.0, 120.0
READY, SOON, LATER = 1, 2, 3


def far(number: int, **differs: object) -> Entry:
    return entry(number, drive_seconds=int(FAR), arrives_in=FAR, **differs)


def here(number: int, **differs: object) -> Entry:
    return entry(number, is_here=True, drive_seconds=0, **differs)


def planned(*entries: Entry, ready: int = 0, coming: tuple[Coming, ...] = (), kept: tuple[Kept, ...] = ()) -> Plan:
    free = [100 + number for number in range(ready)]
    return plan(entries=entries, free_packs=free, terms=TERMS, now=NOW, coming=coming, kept=kept)


def packs_of(result: Plan) -> dict[int, tuple[int, ...]]:
    return {grant.entry_id: grant.packs for grant in result.grants}


def test_a_pack_that_is_ready_five_minutes_before_the_arrival_is_promised_now() -> None:
    assert packs_of(planned(far(1), coming=(Coming(SOON, FAR - MARGIN),))) == {1: (SOON,)}
    assert packs_of(planned(far(1), coming=(Coming(SOON, FAR - MARGIN + 1),))) == {}


def test_who_is_near_here_or_of_whom_nothing_is_known_gets_ready_packs_alone() -> None:
    coming = (Coming(SOON, 10.0),)

    assert packs_of(planned(entry(1, drive_seconds=int(NEAR), arrives_in=NEAR), coming=coming)) == {}
    assert packs_of(planned(entry(1), coming=coming)) == {}
    assert packs_of(planned(here(1), coming=coming)) == {}


def test_who_is_far_leaves_the_ready_pack_to_who_is_here() -> None:
    result = planned(far(1), here(2), ready=1, coming=(Coming(SOON, 60.0),))

    assert packs_of(result) == {1: (SOON,), 2: (100,)}


def test_the_last_that_is_ready_in_time_is_taken() -> None:
    coming = (Coming(SOON, 60.0), Coming(LATER, 800.0))

    assert packs_of(planned(far(1), coming=coming)) == {1: (LATER,)}


def test_several_packs_may_be_ready_and_coming_together() -> None:
    assert packs_of(planned(far(1, packs_wanted=2), ready=1, coming=(Coming(SOON, 60.0),))) == {1: (SOON, 100)}


def test_nobody_is_promised_what_is_coming_while_somebody_before_them_waits() -> None:
    """The first pack that comes is for who is first, although only who is behind could be promised it now."""
    assert planned(here(1), far(2), coming=(Coming(SOON, 60.0), Coming(LATER, 600.0))).grants == []


def test_who_gathers_is_passed_by_with_ready_packs_alone() -> None:
    gathers = here(1, packs_wanted=2, gathering_since=NOW - 2 * READY_BEFORE_ARRIVAL)

    result = planned(gathers, far(2), ready=1, coming=(Coming(SOON, 60.0),))

    assert packs_of(result) == {2: (100,)}


def test_a_promise_of_who_is_far_moves_so_that_who_is_here_has_a_pack() -> None:
    kept = (Kept(9, READY, 0.0, FAR),)

    result = planned(here(1), coming=(Coming(SOON, 60.0),), kept=kept)

    assert result.moves == [Move(9, READY, SOON)]
    assert packs_of(result) == {1: (READY,)}


def test_a_promise_moves_only_to_a_pack_that_is_ready_in_time() -> None:
    kept = (Kept(9, READY, 0.0, FAR),)

    result = planned(here(1), coming=(Coming(SOON, FAR - MARGIN + 1),), kept=kept)

    assert (result.moves, result.grants) == ([], [])


def test_no_promise_moves_for_somebody_who_would_wait_on_all_the_same() -> None:
    kept = (Kept(9, READY, 0.0, FAR),)

    assert planned(here(1, packs_wanted=2), coming=(Coming(SOON, 60.0),), kept=kept).moves == []


def test_a_pack_that_has_slipped_is_replaced_before_the_line_is_served() -> None:
    slow = (Kept(9, SOON, 700.0, 600.0),)

    result = planned(here(1), ready=1, kept=slow)

    assert result.moves == [Move(9, SOON, 100)]
    assert result.grants == []


def test_a_slipped_pack_changes_places_with_that_of_somebody_who_comes_later() -> None:
    kept = (Kept(8, SOON, 200.0, 60.0), Kept(9, READY, 0.0, FAR))

    assert planned(kept=kept).moves == [Move(8, SOON, READY), Move(9, READY, SOON)]


def test_of_two_whose_packs_have_slipped_the_one_who_arrives_first_has_the_ready_one() -> None:
    kept = (Kept(8, SOON, 700.0, 600.0), Kept(9, LATER, 700.0, 0.0))

    assert planned(ready=1, kept=kept).moves == [Move(9, LATER, 100)]


def test_a_pack_that_is_still_in_time_stays_where_it_is() -> None:
    assert planned(ready=1, kept=(Kept(9, SOON, 500.0, 600.0),)).moves == []


@st.composite
def situations(draw: st.DrawFn) -> tuple[list[Entry], int, tuple[Coming, ...], tuple[Kept, ...]]:
    def one(number: int) -> Entry:
        drive = draw(st.none() | st.integers(0, 2_400))
        is_here = draw(st.booleans())
        arrives_in = None if drive is None or is_here else float(drive)
        wanted = draw(st.integers(1, 3))
        return entry(number, packs_wanted=wanted, is_here=is_here, drive_seconds=drive, arrives_in=arrives_in)

    entries = [one(number) for number in range(draw(st.integers(0, 5)))]
    coming = tuple(Coming(200 + n, draw(st.floats(1, 3_000))) for n in range(draw(st.integers(0, 4))))
    kept = tuple(
        Kept(50 + n, 300 + n, draw(st.just(0.0) | st.floats(1, 3_000)), draw(st.none() | st.floats(0, 2_400)))
        for n in range(draw(st.integers(0, 4)))
    )
    return entries, draw(st.integers(0, 3)), coming, kept


@given(situations())
def test_whatever_the_line_no_pack_is_two_drivers_and_nobody_loses_a_promise(
    situation: tuple[list[Entry], int, tuple[Coming, ...], tuple[Kept, ...]],
) -> None:
    entries, ready, coming, kept = situation
    result = planned(*entries, ready=ready, coming=coming, kept=kept)

    held = {one.entry_id: one.pack for one in kept}
    for move in result.moves:
        assert held[move.entry_id] == move.old
        held[move.entry_id] = move.new
    given_out = [pack for grant in result.grants for pack in grant.packs]
    assert len(held) == len(kept)
    assert len({*held.values(), *given_out}) == len(held) + len(given_out)
    known = {100 + n for n in range(ready)} | {one.id for one in coming} | {one.pack for one in kept}
    assert {*held.values(), *given_out} <= known


@given(situations())
def test_whatever_the_line_who_waits_on_was_not_passed_by_without_a_rule(
    situation: tuple[list[Entry], int, tuple[Coming, ...], tuple[Kept, ...]],
) -> None:
    entries, ready, coming, kept = situation
    result = planned(*entries, ready=ready, coming=coming, kept=kept)

    granted = {grant.entry_id for grant in result.grants}
    for grant in result.grants:
        if not grant.exception:
            assert {one.id for one in entries if one.id < grant.entry_id} <= granted
