"""What is shown is what settling would write: the same rules, whoever asks first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from booking import arrival, foresight, queries, snapshot
from booking.failures import settle_line
from booking.models import Booking
from booking.states import State
from stations import geo
from tests.factories.booking import Town, time_passes

pytestmark = pytest.mark.django_db


def one_is_overdue(town: Town) -> list[Booking]:
    bookings = [town.books(town.driver(name)) for name in ("Asha", "Bala", "Chitra")]
    time_passes(*bookings[:1], minutes=31)
    return bookings


def everybody_is_overdue_or_waits(town: Town) -> list[Booking]:
    bookings = [town.books(town.driver(name)) for name in ("Asha", "Bala", "Chitra", "Diogo")]
    time_passes(*bookings, minutes=31)
    return bookings


def nobody_confirmed_who_said_here(town: Town) -> list[Booking]:
    bookings = [town.books(town.driver(name)) for name in ("Asha", "Bala", "Chitra")]
    arrival.claim_here(booking=bookings[0], poster_token=town.station.poster_token)
    time_passes(*bookings, minutes=31)
    return bookings


def packs_gathered_for_ten_minutes(town: Town) -> list[Booking]:
    town.books(town.driver("Asha"))
    bookings = [town.books(town.driver("Bala", pack_count=2)), town.books(town.driver("Chitra"))]
    time_passes(*bookings, minutes=11)
    return bookings


def one_pays_too_late(town: Town) -> list[Booking]:
    bookings = [town.books(town.driver("Asha"), carry_out=False)]
    bookings += [town.books(town.driver(name)) for name in ("Bala", "Chitra")]
    time_passes(*bookings[:1], minutes=4)
    return bookings


def one_is_far_away_and_one_is_here(town: Town) -> list[Booking]:
    bookings = [town.books(town.driver("Asha")), town.books(town.driver("Bala"))]
    bookings.append(town.books(town.driver("Chitra"), position=geo.Place(40.2, -8.4)))
    bookings.append(town.arrives(town.books(town.driver("Diogo"))))
    time_passes(*bookings[:2], minutes=31)
    return bookings


def a_fleet_has_its_share_until_a_promise_of_it_ends(town: Town) -> list[Booking]:
    bookings = [town.books(town.driver(name)) for name in ("Asha", "Bala", "Chitra")]
    bookings.append(town.books(town.driver("Diogo", fleet=town.add_fleet())))
    time_passes(*bookings[:1], minutes=31)
    return bookings


@pytest.mark.parametrize(
    "happens",
    [
        one_is_overdue,
        everybody_is_overdue_or_waits,
        nobody_confirmed_who_said_here,
        packs_gathered_for_ten_minutes,
        one_pays_too_late,
        one_is_far_away_and_one_is_here,
        a_fleet_has_its_share_until_a_promise_of_it_ends,
    ],
)
def test_what_is_shown_before_settling_is_what_settling_writes(happens: Callable[[Town], list[Booking]]) -> None:
    town = Town(packs=2)
    bookings = happens(town)
    shown = [snapshot.take(town.station.pk).standings[b.pk].state for b in bookings]

    settle_line(line_id=bookings[0].line_id)

    assert shown == [State(Booking.objects.get(pk=b.pk).state) for b in bookings]
    assert len(set(shown)) > 1


def test_looking_writes_nothing() -> None:
    town = Town(packs=1)
    bookings = one_is_overdue(town)

    with CaptureQueriesContext(connection) as looked:
        queries.card(bookings[0])

    assert all(query["sql"].startswith("SELECT") for query in looked.captured_queries)


def test_a_line_of_fifty_takes_no_more_queries_than_a_line_of_two() -> None:
    town = Town(packs=1)
    for number in range(2):
        town.books(town.driver(f"Driver {number}"))
    # What the nights have learned of a station is read once in some minutes.
    snapshot.take(town.station.pk)
    foresight.forget()
    with CaptureQueriesContext(connection) as short:
        snapshot.take(town.station.pk)
    for number in range(2, 50):
        town.books(town.driver(f"Driver {number}"))

    with CaptureQueriesContext(connection) as long:
        seen = snapshot.take(town.station.pk)

    assert len(long) == len(short)
    assert sum(s.state == State.WAITING for s in seen.standings.values()) == 49


def test_a_snapshot_says_when_time_alone_will_change_it() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))

    assert snapshot.take(town.station.pk).stale_at == asha.lapses_at


@pytest.mark.parametrize("packs", [0, 1])
def test_a_wait_is_an_estimate_or_nothing_but_never_a_guess(packs: int) -> None:
    town = Town(packs=0)
    for _pack in range(packs):
        town.add_pack(soc_percent=50)
    asha = town.books(town.driver("Asha"))

    waits: Any = queries.card(asha).wait

    assert (waits is None) == (packs == 0)
    if waits is not None:
        assert 0 < waits.low_seconds <= waits.likely_seconds <= waits.high_seconds
