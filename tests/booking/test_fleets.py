"""A fleet holds its share of a station's packs within an hour, and no pack lies idle for it (rule 10)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext

from booking import clock, finding, fleets, foresight, overrides, queries
from booking.failures import settle_line
from booking.line_rules import FleetShare
from booking.models import Booking, SwapPack
from booking.states import State, Step
from booking.waits import Wait
from stations import inventory
from stations.models import Pack
from tests.factories.booking import Town, states, time_passes

pytestmark = pytest.mark.django_db


def share_of_the_fleet(town: Town, booking: Booking) -> FleetShare:
    ready = inventory.count_ready(station=town.station, pack_class=town.pack_class)
    asked, now = {town.fleet.pk}, clock.database_now()
    holding = fleets.holders(booking.line, now)
    found = fleets.shares(line=booking.line, station=town.station, fleets=asked, holding=holding, ready=ready, now=now)
    return found[town.fleet.pk]


def waits_with_another(town: Town) -> tuple[Booking, Booking]:
    """Two vehicles of the fleet have the only packs; a third waits, and then somebody else."""
    for name in ("Asha", "Bala"):
        town.books(town.driver(name))
    return town.books(town.driver("Chitra")), town.books(town.driver("Diogo", fleet=town.add_fleet()))


def pack_comes(town: Town, line_id: int) -> None:
    town.add_pack()
    settle_line(line_id=line_id)


def test_a_fleet_that_has_its_share_keeps_its_place_while_somebody_else_is_served() -> None:
    town = Town(packs=2)
    chitra, diogo = waits_with_another(town)

    pack_comes(town, chitra.line_id)

    assert states([chitra, diogo]) == [State.WAITING, State.PROMISED]
    assert diogo.steps.get(step=Step.PROMISE).exception == "rule_10"
    assert chitra.steps.get(step=Step.PASS_OVER).exception == "rule_10"
    assert queries.card(Booking.objects.get(pk=chitra.pk)).place == 1


def test_when_nobody_else_waits_any_more_the_next_pack_is_the_fleets() -> None:
    town = Town(packs=2)
    chitra, diogo = waits_with_another(town)

    pack_comes(town, chitra.line_id)
    pack_comes(town, chitra.line_id)

    assert states([chitra, diogo]) == [State.PROMISED, State.PROMISED]


def test_a_fleet_alone_in_line_has_all_packs() -> None:
    town = Town(packs=3)

    booked = [town.books(town.driver(name)) for name in ("Asha", "Bala", "Chitra")]

    assert states(booked) == [State.PROMISED] * 3


def test_a_station_without_a_limit_serves_in_the_order_of_joining() -> None:
    town = Town(packs=2, fleet_share_percent=100)
    chitra, diogo = waits_with_another(town)

    pack_comes(town, chitra.line_id)

    assert states([chitra, diogo]) == [State.PROMISED, State.WAITING]


def test_whom_we_have_failed_has_the_next_pack_whatever_the_fleet_holds() -> None:
    town = Town(packs=3)
    asha = town.books(town.driver("Asha"))
    town.books(town.driver("Bala"))
    town.books(town.driver("Chitra"))
    diogo = town.books(town.driver("Diogo", fleet=town.add_fleet()))
    pack = Pack.objects.get(promises__booking=asha)

    inventory.quarantine(pack=pack, reason="Swollen")
    pack_comes(town, asha.line_id)

    assert states([asha, diogo]) == [State.PROMISED, State.WAITING]


def test_staff_may_let_a_fleets_vehicle_go_first() -> None:
    town = Town(packs=2)
    chitra, diogo = waits_with_another(town)
    overrides.let_go_first(booking=chitra, by=town.staff, reason="Takes a patient to hospital")

    pack_comes(town, chitra.line_id)

    assert states([chitra, diogo]) == [State.PROMISED, State.WAITING]


def test_packs_that_went_out_within_the_hour_count_and_older_ones_do_not() -> None:
    town = Town(packs=3)
    gone = town.swaps(town.arrives(town.books(town.driver("Asha"))))
    town.books(town.driver("Bala"))

    # One out, one promised, one ready: sixty percent of three is one.
    assert share_of_the_fleet(town, gone) == FleetShare(held=2, most=1)

    SwapPack.objects.update(at=F("at") - timedelta(minutes=61))

    assert share_of_the_fleet(town, gone) == FleetShare(held=1, most=1)


def test_a_pack_that_came_back_has_not_gone_out() -> None:
    town = Town(packs=2)
    gone = town.swaps(town.arrives(town.books(town.driver("Asha"))))

    SwapPack.objects.update(undone_at=F("at"))

    assert share_of_the_fleet(town, gone).held == 0


def test_packs_of_others_are_of_the_whole_and_of_no_fleets_share() -> None:
    town = Town(packs=5)
    other = town.books(town.driver("Asha", fleet=town.add_fleet()))

    assert share_of_the_fleet(town, other) == FleetShare(held=0, most=3)


def test_a_promise_whose_time_is_up_counts_for_nothing() -> None:
    town = Town(packs=2)
    late = town.books(town.driver("Asha"))
    time_passes(late, minutes=31)

    assert share_of_the_fleet(town, late) == FleetShare(held=0, most=0)


def test_the_share_costs_a_line_without_fleets_nothing() -> None:
    town = Town(packs=1)
    booking, at = town.books(town.driver("Asha")), clock.database_now()
    here = booking.line

    with CaptureQueriesContext(connection) as asked:
        nobody = fleets.shares(line=here, station=town.station, fleets=set(), holding=[], ready=1, now=at)

    assert nobody == {}
    assert not asked.captured_queries


# --- What is foretold ---


def wait_of(booking: Booking) -> Wait:
    foresight.forget()
    wait = queries.card(booking).wait
    assert wait is not None
    return wait


def wait_of_a_joiner(town: Town, fleet: int | None) -> Wait:
    (found,) = finding.wanted(
        station_ids=[town.station.pk], pack_class=town.pack_class, packs=1, fleet=fleet, now=clock.database_now()
    )
    assert found.wait is not None
    return found.wait


def test_who_stands_back_is_told_the_longer_wait_and_keeps_the_place_that_is_shown() -> None:
    town = Town(packs=2)
    chitra, diogo = waits_with_another(town)
    town.add_pack(soc_percent=60)

    assert wait_of(chitra).likely_seconds > wait_of(diogo).likely_seconds
    assert [queries.card(one).place for one in (chitra, diogo)] == [1, 2]


def test_what_is_kept_of_a_forecast_is_in_the_same_order_as_what_is_shown() -> None:
    town = Town(packs=2)
    chitra, diogo = waits_with_another(town)
    town.add_pack(soc_percent=60)
    now = clock.database_now()

    chitras, diogos = (foresight.outlook_of(one, now) for one in (chitra, diogo))

    assert chitras is not None
    assert diogos is not None
    assert chitras.bay.likely > diogos.bay.likely


def test_who_would_join_a_line_of_a_fleet_that_has_its_share_is_told_that_they_go_before_it() -> None:
    town = Town(packs=2)
    for name in ("Asha", "Bala", "Chitra"):
        town.books(town.driver(name))
    town.add_pack(soc_percent=60)

    outsiders, fleets_own = (wait_of_a_joiner(town, fleet) for fleet in (None, town.fleet.pk))

    assert outsiders.likely_seconds < fleets_own.likely_seconds


def test_a_driver_of_the_fleet_would_join_behind_others_as_everybody_does_where_there_is_no_limit() -> None:
    town = Town(packs=2, fleet_share_percent=100)
    for name in ("Asha", "Bala", "Chitra"):
        town.books(town.driver(name))
    town.add_pack(soc_percent=60)

    assert wait_of_a_joiner(town, None) == wait_of_a_joiner(town, town.fleet.pk)
