"""Who is told that their turn comes soon: by the forecast, once, and not while they look at the answer."""

from __future__ import annotations

from typing import Any

import pytest

from booking import clock, foresight, notices, tasks
from booking.line_rules import PromiseTerms, turn_is_soon
from booking.models import Booking, Notice
from booking.states import State
from booking.turns import JUST_SEEN
from stations import upkeep
from stations.models import Pack, Station
from tests.factories.booking import Town, time_passes

pytestmark = pytest.mark.django_db

TERMS = PromiseTerms(min_seconds=600, max_seconds=1_800, margin_seconds=300)


def told(booking: Booking) -> list[str]:
    return list(Notice.objects.filter(booking=booking).order_by("pk").values_list("kind", flat=True))


def a_while_passes(*bookings: Booking) -> None:
    """Nothing has happened to them for so long."""
    time_passes(*bookings, minutes=JUST_SEEN.total_seconds() / 60 + 1)


def packs_charge_to(town: Town, soc_percent: float) -> None:
    """Every pack that is not kept; what was foreseen from before is not asked for again."""
    Pack.objects.filter(station=town.station, state="stored").update(
        soc_percent=soc_percent, soc_at=clock.database_now()
    )
    foresight.forget()


def waits_for(town: Town, soc_percent: float) -> Booking:
    """Asha, alone in line, whose pack charges."""
    town.add_pack()
    Pack.objects.filter(station=town.station).update(soc_percent=soc_percent)
    asha = town.books(town.driver("Asha"))
    a_while_passes(asha)
    packs_charge_to(town, soc_percent)
    return asha


def test_who_waits_is_told_once_when_the_pack_comes_soon_after_they_can_be_there() -> None:
    town = Town(packs=0)
    asha = waits_for(town, 30)
    tasks.tell_turns()
    before = told(asha)

    packs_charge_to(town, 89)
    looked_for = [tasks.tell_turns(), tasks.tell_turns()]

    assert (before, told(asha)) == ([], ["turn_soon"])
    assert looked_for == [1, 0]


def test_a_station_whose_rows_make_no_sense_keeps_no_other_from_being_told() -> None:
    broken, town = Town(packs=0), Town(packs=0)
    bala, asha = waits_for(broken, 89), waits_for(town, 89)
    Station.objects.filter(pk=broken.station.pk).update(time_zone="Nowhere/At_All")

    tasks.tell_turns()

    assert (told(bala), told(asha)) == ([], ["turn_soon"])


def test_who_has_just_joined_has_the_answer_before_their_eyes() -> None:
    town = Town(packs=0)
    town.add_pack(soc_percent=89)
    asha = town.books(town.driver("Asha"))
    foresight.forget()

    tasks.tell_turns()

    assert "turn_soon" not in told(asha)


def test_at_a_station_that_has_stopped_no_turn_comes() -> None:
    town = Town(packs=0)
    asha = waits_for(town, 89)
    upkeep.mark_station_down(station=town.station, reason="Power cut", by=None)

    tasks.tell_turns()

    assert "turn_soon" not in told(asha)


def test_who_is_here_is_told_when_a_bay_comes_soon_and_not_once_it_has_called() -> None:
    town = Town(packs=2)
    asha, bala = (town.arrives(town.books(town.driver(name))) for name in ("Asha", "Bala"))
    a_while_passes(asha, bala)
    foresight.forget()
    Booking.objects.filter(pk=asha.pk).update(called_at=clock.database_now())

    tasks.tell_turns()

    assert (told(asha), told(bala)) == ([], ["bay_soon"])


def test_a_walk_in_has_nobody_to_tell() -> None:
    town = Town(packs=0)
    asha = waits_for(town, 89)
    Booking.objects.filter(pk=asha.pk).update(driver=None)

    assert tasks.tell_turns() == 0


def test_a_turn_at_the_station_that_one_has_left_is_not_said_any_more() -> None:
    town = Town(packs=0)
    asha = waits_for(town, 89)
    tasks.tell_turns()
    notice = Notice.objects.get(booking=asha, kind="turn_soon")
    was_true = notices.is_true(notice, now=clock.database_now())

    Booking.objects.filter(pk=asha.pk).update(station=town.second_station("Alvalade"))

    notice = Notice.objects.get(pk=notice.pk)
    assert (was_true, notices.is_true(notice, now=clock.database_now())) == (True, False)


def test_a_station_at_which_nobody_is_to_be_told_is_not_looked_at(django_assert_num_queries: Any) -> None:
    town = Town(packs=1)
    town.books(town.driver("Asha"))
    assert Booking.objects.get().state == State.PROMISED

    with django_assert_num_queries(2):  # the time, and who might be told
        tasks.tell_turns()


@pytest.mark.parametrize(
    ("likely", "arrives_in", "is_soon"),
    [(899, None, True), (901, None, False), (299, 0.0, True), (301, 0.0, False), (1_500, 1_200.0, True)],
)
def test_soon_is_five_minutes_after_one_can_be_there(likely: float, arrives_in: float | None, is_soon: bool) -> None:
    assert turn_is_soon(likely, arrives_in=arrives_in, terms=TERMS) == is_soon
