"""The demo's play: lines move, nothing gets stuck, and nobody's booking is touched but the simulation's own."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.db.models import F, Q
from pytest_django import Settings

import booking.proofs
import payments.proofs
import stations.proofs
from accounts.models import Role, User
from booking import clock, tasks
from booking.demo import acts, charging_packs, guard, simulation
from booking.demo import tasks as demo_tasks
from booking.demo.behaviour import Act
from booking.demo.create import create
from booking.demo.network import badly_connected
from booking.demo.places import PORTUGAL
from booking.models import Booking, BookingStep
from booking.states import State, Step
from stations.models import Bay, Pack, SelfReport, Station
from stations.states import PackState
from tests.factories.accounts import MembershipFactory, UserFactory
from tests.factories.booking import Town, time_passes
from tests.factories.stations import BayFactory

LISBON = PORTUGAL.cities[0]
# One busy station and two others.
SMALL = replace(PORTUGAL, cities=(replace(LISBON, busy=1, spots=(LISBON.spots[0], *LISBON.spots[3:5])),))
SECONDS_A_STEP = 30


def hours_ago(hours: int) -> datetime:
    return clock.database_now() - timedelta(hours=hours)


@pytest.mark.django_db(transaction=True)
def test_a_simulated_hour_leaves_nobody_stuck_and_no_promise_broken() -> None:
    create(days=4, lands=[SMALL])
    past = Booking.objects.order_by("-pk").values_list("pk", flat=True)[0]
    # What is moved back in time must not pass what was before it.
    lately = Q(pk__in=list(Booking.objects.filter(joined_at__gt=hours_ago(2)).values_list("pk", flat=True)))
    lines = []

    for tick in range(120):
        time_passes(*Booking.objects.filter(lately | Q(pk__gt=past)), minutes=SECONDS_A_STEP / 60)
        Pack.objects.exclude(slot=None).update(soc_at=F("soc_at") - timedelta(seconds=SECONDS_A_STEP))
        simulation.step(tick=tick)
        tasks.sweep_lines()
        lines.append(Booking.objects.waiting().count())

    played = Booking.objects.filter(pk__gt=past)
    assert played.filter(state=State.COMPLETED).count() >= 8
    assert sum(2 <= waiting <= 8 for waiting in lines) > len(lines) / 2
    too_old = clock.database_now() - timedelta(minutes=80)
    assert not played.live().filter(joined_at__lt=too_old).exists()
    every = (booking.proofs, stations.proofs, payments.proofs)
    results = [result for proofs in every for result in proofs.run(connection)]
    assert [(result.sentence, result.violations) for result in results if result.violations] == []
    assert not played.filter(end_reason="swap_failed").exists()


@pytest.mark.django_db(transaction=True)
def test_a_visitors_booking_is_never_touched_even_when_it_is_next_at_the_bay() -> None:
    town = _Played()
    asha = town.arrives(town.books(town.driver("Asha")))
    before = _rows_of(asha)
    bala = town.arrives(town.books(town.simulated("Bala")))

    for tick in range(20):
        time_passes(asha, bala, minutes=0.5)
        simulation.step(tick=tick)

    assert _rows_of(asha) == before
    assert not BookingStep.objects.filter(booking=bala, step=Step.START).exists()


@pytest.mark.django_db(transaction=True)
def test_where_a_visitor_stands_first_others_use_another_bay_after_a_while_and_say_why() -> None:
    town = _Played()
    BayFactory(station=town.station, number=2)
    asha = town.arrives(town.books(town.driver("Asha")))
    bala = town.arrives(town.books(town.simulated("Bala")))
    simulation.step(tick=0)
    assert not BookingStep.objects.filter(booking=bala, step=Step.CALL).exists()

    for tick in range(1, 8):
        time_passes(asha, bala, minutes=1)
        simulation.step(tick=tick)

    start = BookingStep.objects.get(booking=bala, step=Step.START)
    assert (start.exception, start.reason) == ("override", acts.OUT_OF_TURN)
    taken = Booking.objects.get(pk=bala.pk).bay
    assert Bay.objects.exclude(pk=taken.pk if taken else 0).filter(station=town.station).count() == 1
    assert Booking.objects.get(pk=asha.pk).state == State.ARRIVED


@pytest.mark.django_db
@pytest.mark.parametrize("act", list(Act))
def test_no_act_at_all_can_be_done_for_somebody_else(act: Act) -> None:
    town = _Played()
    asha = town.books(town.driver("Asha"))
    before = _rows_of(asha)

    with pytest.raises(guard.NotSimulatedError):
        acts.perform(act, booking=asha, staff=town.staff, free_bay=town.bay, out_of_turn=False)

    assert _rows_of(asha) == before


@pytest.mark.django_db
def test_a_walk_in_without_an_account_is_somebody_else_too() -> None:
    town = _Played()
    walk_in = town.books(town.driver("Asha"))
    Booking.objects.filter(pk=walk_in.pk).update(driver=None)
    walk_in.refresh_from_db()

    with pytest.raises(guard.NotSimulatedError):
        guard.refuse_others(walk_in)
    assert not guard.simulated().exists()


@pytest.mark.django_db(transaction=True)
def test_two_at_once_are_one_and_the_lock_is_free_again_afterwards() -> None:
    with simulation._alone() as first, simulation._alone() as second:
        assert (first, second) == (True, False)
        assert simulation.step() is None

    assert simulation.step() is not None


@pytest.mark.django_db(transaction=True)
def test_what_is_refused_for_one_delays_nobody_else() -> None:
    town = _Played()
    BayFactory(station=town.station, number=2)
    asha, bala = (town.arrives(town.books(town.simulated(name))) for name in ("Asha", "Bala"))
    # No vehicle has a pack that could come out of it.
    assert not Pack.objects.filter(state=PackState.IN_VEHICLE).exists()

    for tick in range(8):
        time_passes(asha, bala, minutes=1)
        simulation.step(tick=tick)

    assert BookingStep.objects.filter(booking__in=(asha, bala), step=Step.START).count() == 2
    assert not BookingStep.objects.filter(step=Step.OLD_IN).exists()


@pytest.mark.django_db
def test_a_station_whose_packs_are_all_full_reports_all_the_same() -> None:
    town = _Played()
    Station.objects.update(reports_every_seconds=60)
    Pack.objects.update(soc_percent=100)

    assert charging_packs.charge(town.station, at_most=2, now=clock.database_now()) == 1

    assert SelfReport.objects.get().station == town.station


@pytest.mark.django_db
@pytest.mark.parametrize(("is_silent", "reports"), [(False, 0), (True, 1)])
def test_a_station_without_power_says_nothing_and_a_silent_one_may_come_back(is_silent: bool, reports: int) -> None:
    town = _Played()
    Station.objects.update(status="down", is_silent=is_silent)
    town.station.refresh_from_db()

    assert charging_packs.charge(town.station, at_most=2, now=clock.database_now()) == reports


@pytest.mark.django_db
@pytest.mark.parametrize(("minute", "reports"), [(0, 0), (24, 0), (25, 1), (59, 1)])
def test_the_station_at_the_edge_of_the_capital_loses_its_connection_every_hour(minute: int, reports: int) -> None:
    town = _Played()
    network, code = min(badly_connected([PORTUGAL]))
    town.station.network.code, town.station.code = network, code
    tomorrow = clock.database_now() + timedelta(days=1)

    assert charging_packs.charge(town.station, at_most=1, now=tomorrow.replace(minute=minute)) == reports


@pytest.mark.django_db
def test_outside_the_demo_the_task_does_nothing(settings: Settings) -> None:
    settings.DEMO = False
    town = _Played()
    asha = town.arrives(town.books(town.simulated("Asha")))
    time_passes(asha, minutes=30)
    before = _rows_of(asha)

    demo_tasks.simulate()

    assert _rows_of(asha) == before


class _Played(Town):
    """A town whose staff are simulated, and some of its drivers."""

    def __init__(self, *, packs: int = 2) -> None:
        super().__init__(packs=packs)
        self.hands: User = UserFactory(name="Simulated staff", is_simulated=True)
        operator = self.station.network.organisations.get(is_operator=True)
        post = MembershipFactory(user=self.hands, organisation=operator, role=Role.STAFF)
        self.station.posts.create(membership=post)

    def simulated(self, name: str) -> User:
        driver = self.driver(name)
        driver.is_simulated = True
        driver.save(update_fields=["is_simulated"])
        return driver


def _rows_of(booking: Booking) -> list[object]:
    """The booking and its history, but for the instants that the test itself moves."""
    row = Booking.objects.filter(pk=booking.pk).values("state", "bay", "missed_calls", "ended_at", "called_at").get()
    return [row, list(BookingStep.objects.filter(booking=booking).order_by("pk").values_list("step", "by"))]
