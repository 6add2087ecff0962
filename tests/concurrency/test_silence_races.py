"""A station's silence, and what else happens to it at that moment. Each also without its guard."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from django.db import connection
from django.db.models import F

from booking import proofs
from booking.models import Booking, Notice
from booking.states import State
from stations import inventory, tasks, upkeep
from stations.models import Station
from stations.states import StationStatus
from tests.concurrency.race import all_at_once, no_row_locks, second_while_first_holds
from tests.factories.booking import Town, states
from tests.factories.stations import listened_for, reported

pytestmark = pytest.mark.django_db(transaction=True)


def _silent() -> tuple[Town, Booking]:
    """A station that has said nothing for sixteen minutes, and Asha with a promise there."""
    listened_for(hours=5)
    town = Town.with_a_line(packs=1)
    Station.objects.update(reports_every_seconds=60)
    reported(town.station, minutes_ago=16)
    return town, town.books(town.driver("Asha"))


def _stopped() -> tuple[Town, Booking]:
    """The same, stopped an hour ago, and it has reported again for some minutes."""
    town, asha = _silent()
    tasks.watch_silence()
    Station.objects.update(status_changed_at=F("status_changed_at") - timedelta(hours=1))
    reported(town.station, minutes_ago=0, run=5)
    return town, asha


def _reports(town: Town) -> partial[object]:
    pack = town.packs[0]
    return partial(inventory.record_soc, pack=pack, soc_percent=97, soh_percent=98, at=pack.soc_at)


def _status() -> tuple[str, bool]:
    station = Station.objects.get()
    return station.status, station.is_silent


OPEN, SILENT = (StationStatus.OPEN, False), (StationStatus.DOWN, True)


def _broken() -> dict[str, tuple[str, ...]]:
    return {result.sentence: result.violations for result in proofs.run(connection) if result.violations}


def test_a_report_that_comes_while_the_station_is_about_to_be_stopped_wins() -> None:
    town, asha = _silent()

    outcomes = second_while_first_holds(_reports(town), tasks.watch_silence)

    assert outcomes == ("done", "done")
    assert (_status(), states([asha])) == (OPEN, [State.PROMISED])


def test_without_the_reports_lock_it_would_be_stopped_although_it_speaks() -> None:
    town, asha = _silent()

    with no_row_locks():
        second_while_first_holds(_reports(town), tasks.watch_silence)

    assert (_status(), states([asha])) == (SILENT, [State.WAITING])


def test_a_report_that_comes_while_it_is_being_stopped_is_the_first_of_a_new_run() -> None:
    town, asha = _silent()

    outcomes = second_while_first_holds(tasks.watch_silence, _reports(town))

    assert outcomes == ("done", "done")
    assert (_status(), states([asha])) == (SILENT, [State.WAITING])
    assert tasks.watch_silence() == 0
    assert _broken() == {}


def test_two_sweeps_at_once_stop_it_once() -> None:
    _town, asha = _silent()

    outcomes = all_at_once([tasks.watch_silence] * 3)

    assert outcomes == ["done"] * 3
    assert (_status(), states([asha])) == (SILENT, [State.WAITING])
    assert Notice.objects.filter(booking=asha, kind="station_failed").count() == 1


def test_two_sweeps_at_once_open_it_once() -> None:
    _town, asha = _stopped()

    outcomes = all_at_once([tasks.watch_silence] * 3)

    assert outcomes == ["done"] * 3
    assert (_status(), states([asha])) == (OPEN, [State.PROMISED])
    assert Notice.objects.filter(booking=asha, kind="station_opened").count() == 1


@pytest.mark.parametrize("opens_first", [True, False])
def test_whoever_opens_it_by_hand_while_the_sweep_stops_it_has_the_last_word(opens_first: bool) -> None:
    town, _asha = _silent()
    acts = [partial(upkeep.open_station, station=town.station, by=town.staff), tasks.watch_silence]
    first, second = acts if opens_first else reversed(acts)

    outcomes = second_while_first_holds(first, second)

    assert outcomes == ("done", "done")
    assert _status() == OPEN
    assert _broken() == {}


@pytest.mark.parametrize("closes_first", [True, False])
def test_whoever_closes_it_while_it_opens_by_itself_has_the_last_word(closes_first: bool) -> None:
    town, _asha = _stopped()
    acts = [partial(upkeep.close_station, station=town.station, reason="A flood.", by=town.staff), tasks.watch_silence]
    first, second = acts if closes_first else reversed(acts)

    outcomes = second_while_first_holds(first, second)

    assert outcomes == ("done", "done")
    assert _status() == (StationStatus.CLOSED, False)
    assert _broken() == {}


def test_without_the_stations_lock_its_reports_would_open_what_somebody_has_closed() -> None:
    town, _asha = _stopped()
    close = partial(upkeep.close_station, station=town.station, reason="A flood.", by=town.staff)

    with no_row_locks():
        second_while_first_holds(close, tasks.watch_silence)

    assert _status() == OPEN
