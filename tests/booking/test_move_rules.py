"""Who is offered which station, as a function of its arguments: on any line and any stations that one can think of."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from booking.move_rules import Ahead, Mover, Target, plan

NINE = datetime(2026, 11, 26, 9, tzinfo=UTC)


def target(number: int, *, ready: int = 1, waiting: int = 0, drive: int = 300, bays: int = 1) -> Target:
    return Target(
        station_id=number,
        drive_seconds=drive,
        ready_in_seconds=[0.0] * ready,
        recharge_seconds=2_400,
        waiting=[Ahead(NINE + timedelta(minutes=n), 1) for n in range(waiting)],
        vehicles=0,
        bays=bays,
        swap_seconds=300,
    )


def movers(count: int, *, to: frozenset[int], at: datetime = NINE) -> list[Mover]:
    return [Mover(n, at + timedelta(seconds=n), 1, to) for n in range(count)]


def test_who_joined_before_those_who_wait_there_does_not_wait_for_them() -> None:
    near_and_busy, far = target(1, waiting=5), target(2, drive=1_500)
    early, late = (movers(1, to=frozenset({1, 2}), at=NINE + timedelta(minutes=m)) for m in (-1, 10))

    for mover, chosen in ((early, 1), (late, 2)):
        assert [o.station_id for o in plan(movers=mover, targets=[near_and_busy, far], sent={})] == [chosen]


def test_a_drive_during_which_packs_become_ready_costs_no_wait() -> None:
    (mover,) = movers(1, to=frozenset({1, 2}), at=NINE + timedelta(hours=1))
    # At the near one the pack is ready after 2,400 s, and at the far one when one arrives.
    near, far = target(1, waiting=1, drive=300), target(2, drive=2_300)

    assert [o.station_id for o in plan(movers=[mover], targets=[near, far], sent={})] == [2]


def test_a_station_without_packs_or_bays_is_offered_to_nobody() -> None:
    everybody = movers(3, to=frozenset({1, 2}))

    assert plan(movers=everybody, targets=[target(1, ready=0), target(2, bays=0)], sent={}) == []


def test_a_station_whose_packs_are_never_ready_is_offered_only_for_those_that_are() -> None:
    dead = replace(target(1), ready_in_seconds=[0.0, math.inf], recharge_seconds=math.inf)

    offered = plan(movers=movers(3, to=frozenset({1})), targets=[dead], sent={})

    assert [one.mover_id for one in offered] == [0]


def test_those_who_were_sent_before_count_like_those_who_are_sent_now() -> None:
    both = [target(1, drive=60), target(2, drive=120)]
    (one,) = movers(1, to=frozenset({1, 2}))

    assert [o.station_id for o in plan(movers=[one], targets=both, sent={})] == [1]
    assert [o.station_id for o in plan(movers=[one], targets=both, sent={1: [1]})] == [2]


@given(
    count=st.integers(0, 120),
    stations=st.lists(
        st.tuples(st.integers(0, 4), st.integers(0, 30), st.integers(0, 3_000), st.integers(0, 3)), max_size=12
    ),
    allowed=st.frozensets(st.integers(0, 11)),
)
def test_everybody_has_one_offer_at_most_and_only_where_they_may_go(
    count: int, stations: list[tuple[int, int, int, int]], allowed: frozenset[int]
) -> None:
    targets = [
        target(number, ready=ready, waiting=waiting, drive=drive, bays=bays)
        for number, (ready, waiting, drive, bays) in enumerate(stations)
    ]

    offered = plan(movers=movers(count, to=allowed), targets=targets, sent={})

    serving = {t.station_id for t in targets if t.ready_in_seconds and t.bays and t.station_id in allowed}
    assert [one.mover_id for one in offered] == (list(range(count)) if serving else [])
    assert {one.station_id for one in offered} <= serving


@given(count=st.integers(2, 60), stations=st.integers(2, 12))
def test_stations_that_are_alike_are_offered_to_about_as_many(count: int, stations: int) -> None:
    alike = [target(number) for number in range(stations)]

    offered = plan(movers=movers(count, to=frozenset(range(stations))), targets=alike, sent={})

    sent = [sum(1 for one in offered if one.station_id == number) for number in range(stations)]
    assert max(sent) - min(sent) <= 1


def test_a_station_with_fewer_packs_than_are_wanted_never_has_enough() -> None:
    one_pack, two_packs = target(1), target(2, ready=2, drive=3_000)
    mover = replace(movers(1, to=frozenset({1, 2}))[0], packs_wanted=2)

    assert [o.station_id for o in plan(movers=[mover], targets=[one_pack, two_packs], sent={})] == [2]
    assert plan(movers=[mover], targets=[one_pack], sent={}) == []
