"""Who is offered a pack that is not full, as a function of its arguments (rule 11)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from booking.line_rules import Entry, FleetShare, PromiseTerms, may_be_promised
from booking.offer_rules import Bid, Charging, plan

TERMS = PromiseTerms(min_seconds=600, max_seconds=1_800, margin_seconds=300)
ASHA, BALA, CHITRA = 1, 2, 3


def entry(number: int, **values: Any) -> Entry:
    known: dict[str, Any] = {
        "packs_wanted": 1,
        "is_waiting": True,
        "is_here": False,
        "arrive_first": False,
        "drive_seconds": 300,
        "budget_seconds": None,
        "gathering_since": None,
        "was_passed_over": False,
    }
    return Entry(id=number, **(known | values))


def packs(*percents: int) -> list[Charging]:
    return [Charging(100 + number, Decimal(percent)) for number, percent in enumerate(percents)]


def bids(
    *entries: Entry,
    at: list[Charging],
    deciding: frozenset[int] = frozenset(),
    declined: Mapping[int, int] = {},
    shares: Mapping[int, FleetShare] = {},
) -> list[Bid]:
    said_no = {entry_id: Decimal(soc) for entry_id, soc in declined.items()}
    return plan(entries=entries, deciding=deciding, declined=said_no, packs=at, terms=TERMS, shares=shares)


def asked(found: list[Bid]) -> list[tuple[int, list[int], str]]:
    return [(bid.entry_id, [int(pack.soc_percent) for pack in bid.packs], bid.exception) for bid in found]


def test_the_first_in_line_is_offered_the_fullest_and_the_next_the_one_after_it() -> None:
    found = bids(entry(ASHA), entry(BALA), at=packs(80, 70))

    assert asked(found) == [(ASHA, [80], ""), (BALA, [70], "rule_11")]


def test_who_said_no_is_stepped_over_and_the_next_is_asked_by_rule_11() -> None:
    found = bids(entry(ASHA), entry(BALA), at=packs(75), declined={ASHA: 75})

    assert asked(found) == [(BALA, [75], "rule_11")]


def test_a_fleet_that_has_its_share_is_asked_after_the_others_and_its_vehicles_in_their_order() -> None:
    shares = {7: FleetShare(held=5, most=6)}
    line = (entry(ASHA, fleet=7, packs_wanted=2), entry(BALA, fleet=7), entry(CHITRA))

    assert asked(bids(*line, at=packs(80), shares=shares)) == [(CHITRA, [80], "rule_10")]
    assert asked(bids(*line[:2], at=packs(80, 70), shares=shares)) == [(ASHA, [80, 70], "")]


@pytest.mark.parametrize(("soc", "is_asked"), [(84, False), (85, True)])
def test_who_said_no_is_asked_again_for_ten_points_more(soc: int, is_asked: bool) -> None:
    found = bids(entry(ASHA), at=packs(soc), declined={ASHA: 75})

    assert bool(found) == is_asked


def test_who_decides_on_an_offer_is_not_asked_twice_and_the_next_may_have_another_pack() -> None:
    found = bids(entry(ASHA), entry(BALA), at=packs(70), deciding=frozenset({ASHA}))

    assert asked(found) == [(BALA, [70], "rule_11")]


@pytest.mark.parametrize(
    ("first", "exception"),
    [
        ({"drive_seconds": 1_801}, "rule_2"),
        ({"budget_seconds": 0}, "rule_2"),
        ({"arrive_first": True}, "rule_6"),
    ],
)
def test_who_could_not_be_promised_a_pack_is_not_offered_one_either(first: dict[str, Any], exception: str) -> None:
    found = bids(entry(ASHA, **first), entry(BALA), at=packs(70))

    assert asked(found) == [(BALA, [70], exception)]


def test_who_books_arrive_first_is_asked_once_here() -> None:
    found = bids(entry(ASHA, arrive_first=True, is_here=True), at=packs(70))

    assert asked(found) == [(ASHA, [70], "")]


def test_several_packs_are_offered_all_or_none_and_count_as_the_emptiest() -> None:
    found = bids(entry(ASHA, packs_wanted=2), at=packs(80, 70))

    assert asked(found) == [(ASHA, [80, 70], "")]
    assert found[0].soc_percent == 70


def test_nobody_behind_is_offered_what_the_first_is_short_of() -> None:
    found = bids(entry(ASHA, packs_wanted=2), entry(BALA), at=packs(80))

    assert found == []


def test_who_goes_first_by_an_override_is_asked_first() -> None:
    found = bids(entry(ASHA), entry(BALA, goes_first=True), at=packs(80))

    assert asked(found) == [(BALA, [80], "override")]


entries = st.lists(
    st.builds(
        lambda wants, here, first, drive, budget: {
            "packs_wanted": wants,
            "is_here": here,
            "arrive_first": first,
            "drive_seconds": drive,
            "budget_seconds": budget,
        },
        st.integers(1, 3),
        st.booleans(),
        st.booleans(),
        st.sampled_from([None, 60, 3_000]),
        st.sampled_from([None, 0, 500]),
    ),
    max_size=6,
)


@given(wishes=entries, percents=st.lists(st.integers(60, 89), max_size=6), data=st.data())
def test_no_pack_is_offered_twice_and_nobody_is_asked_before_one_who_would_be(
    wishes: list[dict[str, Any]], percents: list[int], data: st.DataObject
) -> None:
    line = [entry(number, **wish) for number, wish in enumerate(wishes)]
    ids = [e.id for e in line]
    deciding = frozenset(data.draw(st.lists(st.sampled_from(ids))) if ids else [])
    declined = dict.fromkeys(data.draw(st.lists(st.sampled_from(ids))) if ids else [], 70)

    found = bids(*line, at=packs(*sorted(percents, reverse=True)), deciding=deciding, declined=declined)

    given_out = [pack.id for bid in found for pack in bid.packs]
    assert len(given_out) == len(set(given_out))
    by_id = {bid.entry_id: bid for bid in found}
    assert not by_id.keys() & deciding
    for bid in found:
        assert len(bid.packs) == line[bid.entry_id].packs_wanted
        assert may_be_promised(line[bid.entry_id], TERMS)
        earlier = [e for e in line[: bid.entry_id] if may_be_promised(e, TERMS)]
        assert all(e.id in by_id or e.id in deciding or e.id in declined for e in earlier)
        assert bool(bid.exception) == bool(bid.entry_id)
