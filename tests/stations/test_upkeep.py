"""Stations and bays out of use: with a reason, heard by others in the same transaction, and back again."""

from __future__ import annotations

from typing import Any

import pytest
from django.dispatch import Signal

from stations import signals, upkeep
from stations.states import BayState, StationStatus
from tests.factories.accounts import WorkerFactory
from tests.factories.stations import BayFactory, SlotFactory, StationFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def heard() -> Any:
    facts: list[tuple[str, dict[str, Any]]] = []
    listeners: list[tuple[Signal, Any]] = []
    for name in ("failing", "station_failed", "bay_failed"):

        def listen(name: str = name, **fact: Any) -> None:
            facts.append((name, fact))

        getattr(signals, name).connect(listen)
        listeners.append((getattr(signals, name), listen))
    yield facts
    for signal, listen in listeners:
        signal.disconnect(listen)


def test_a_closed_station_says_why_since_when_and_who(heard: list) -> None:
    mei = WorkerFactory(name="Mei")

    station = upkeep.close_station(station=StationFactory(), reason=" Flooded ", by=mei)

    station.refresh_from_db()
    assert (station.status, station.status_reason) == (StationStatus.CLOSED, "Flooded")
    assert station.status_changed_by == mei
    assert station.status_changed_at is not None


def test_the_lines_of_all_classes_are_locked_before_the_station_is_down(heard: list) -> None:
    van, bike = SlotFactory(), SlotFactory()
    bike.station = van.station
    bike.save()

    upkeep.mark_station_down(station=van.station, reason="No power", by=None)

    assert [name for name, _fact in heard] == ["failing", "station_failed"]
    assert heard[0][1]["pack_class_ids"] == sorted([van.pack_class_id, bike.pack_class_id])


def test_an_opened_station_forgets_the_reason() -> None:
    station = StationFactory(status=StationStatus.DOWN, status_reason="No power")

    assert upkeep.open_station(station=station, by=None).status_reason == ""


def test_a_bay_out_of_service_is_announced_and_comes_back(heard: list) -> None:
    bay = upkeep.take_bay_out_of_service(bay=BayFactory(), reason="Lift", by=None)
    assert (bay.state, heard[-1][0], heard[-1][1]["bay"]) == (BayState.OUT_OF_SERVICE, "bay_failed", bay)

    bay = upkeep.put_bay_back_in_service(bay=bay, by=None)

    assert (bay.state, bay.state_reason) == (BayState.OPEN, "")


def test_one_number_is_one_bay_of_a_station() -> None:
    bay = BayFactory()

    with pytest.raises(upkeep.BayExists):
        upkeep.add_bay(station=bay.station, number=bay.number)


@pytest.mark.parametrize("reason", ["", "  ", "\x00"])
def test_nothing_closes_without_a_reason(reason: str) -> None:
    with pytest.raises(upkeep.ReasonMissing):
        upkeep.close_station(station=StationFactory(), reason=reason, by=None)
    with pytest.raises(upkeep.ReasonMissing):
        upkeep.mark_station_down(station=StationFactory(), reason=reason, by=None)
    with pytest.raises(upkeep.ReasonMissing):
        upkeep.take_bay_out_of_service(bay=BayFactory(), reason=reason, by=None)
