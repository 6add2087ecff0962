"""A station that reports by itself and falls silent: stopped by nobody, and opened again when it speaks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from stations import inventory, signals, silence, tasks, upkeep
from stations.models import SILENCE, Pack, SelfReport, Station, Watch
from stations.silence import Heard
from stations.states import StationStatus
from tests.factories.accounts import WorkerFactory
from tests.factories.stations import PackFactory, StationFactory, listened_for, reported

NOON = datetime(2026, 9, 1, 12, tzinfo=UTC)
AGO = timedelta(minutes=1)


def heard(*, minutes_ago: float, every: int = 60, run: float = 60, listening: float = 600) -> Heard:
    """A station whose reports had come for `run` minutes until the last one."""
    last = NOON - minutes_ago * AGO
    return Heard(every, last, last - run * AGO, NOON - listening * AGO, NOON)


# --- The rule ---


@pytest.mark.parametrize(("every", "longest"), [(1, 15), (60, 15), (300, 15), (301, 15.05), (600, 30), (3_600, 180)])
def test_silent_is_who_misses_three_reports_and_says_nothing_for_a_quarter_of_an_hour(
    every: int, longest: float
) -> None:
    assert silence.is_silent(heard(minutes_ago=longest, every=every))
    assert not silence.is_silent(heard(minutes_ago=longest - 0.01, every=every))


def test_while_nobody_listened_nobody_was_silent() -> None:
    assert not silence.is_silent(heard(minutes_ago=600, listening=14))
    assert silence.is_silent(heard(minutes_ago=600, listening=15))


@given(
    every=st.integers(1, 86_400), ago=st.integers(0, 10**6), run=st.integers(0, 10**6), stopped=st.integers(-600, 10**6)
)
def test_nobody_is_opened_who_would_be_stopped_at_once(every: int, ago: int, run: int, stopped: int) -> None:
    it = heard(minutes_ago=ago / 60, every=every, run=run / 60, listening=10**6)

    assert not (silence.is_silent(it) and silence.reports_steadily(it, stopped_at=NOON - timedelta(seconds=stopped)))


def test_one_report_opens_nothing_and_a_minute_of_them_does() -> None:
    long_ago = NOON - timedelta(hours=5)

    assert not silence.reports_steadily(heard(minutes_ago=0, run=0.9), stopped_at=long_ago)
    assert silence.reports_steadily(heard(minutes_ago=0, run=1), stopped_at=long_ago)


def test_what_was_reported_before_it_was_stopped_opens_nothing() -> None:
    assert not silence.reports_steadily(heard(minutes_ago=1), stopped_at=NOON - 1.5 * AGO)


def test_a_break_of_our_own_opens_nobody_who_is_silent() -> None:
    assert not silence.reports_steadily(heard(minutes_ago=20, listening=5), stopped_at=NOON - timedelta(hours=5))


# --- What is heard ---


@pytest.fixture
def pack() -> Pack:
    """A pack at a station that reports every minute, while somebody has listened for hours."""
    listened_for(hours=5)
    return PackFactory(station=StationFactory(reports_every_seconds=60), soc_percent=50)


def reads(pack: Pack, **changed: Any) -> None:
    values = {"soc_percent": pack.soc_percent, "soh_percent": pack.soh_percent, "at": pack.soc_at} | changed
    inventory.record_soc(pack=pack, **values)


def status_of(pack: Pack) -> tuple[str, bool]:
    station = Station.objects.get(pk=pack.station_id)
    return station.status, station.is_silent


OPEN, SILENT = (StationStatus.OPEN, False), (StationStatus.DOWN, True)


@pytest.mark.django_db
def test_a_reading_is_a_report_even_when_nothing_has_changed(pack: Pack) -> None:
    reported(pack.station, minutes_ago=14)

    reads(pack)

    report = SelfReport.objects.get()
    assert report.reported_at - report.since_at > timedelta(minutes=13)


@pytest.mark.django_db
def test_of_a_station_that_does_not_report_by_itself_nothing_is_noted() -> None:
    reads(PackFactory())

    assert not SelfReport.objects.exists()


@pytest.mark.django_db
def test_a_message_full_of_readings_is_noted_once(pack: Pack) -> None:
    reported(pack.station, minutes_ago=3 / 60)
    before = SelfReport.objects.get().reported_at

    reads(pack)

    assert SelfReport.objects.get().reported_at == before


@pytest.mark.django_db
def test_after_a_silence_reports_count_anew(pack: Pack) -> None:
    reported(pack.station, minutes_ago=16)

    reads(pack)

    report = SelfReport.objects.get()
    assert report.reported_at == report.since_at


@pytest.mark.django_db
def test_what_staff_take_back_is_no_report_of_the_station(pack: Pack) -> None:
    inventory.issue(pack=pack)
    slot = pack.slot
    assert slot is not None
    inventory.take_back(
        serial=pack.serial,
        pack_class=pack.pack_class,
        network=pack.network,
        slot=slot,
        soc_percent=20,
        soh_percent=98,
        now=NOON,
    )

    assert not SelfReport.objects.exists()


@pytest.mark.django_db
def test_after_a_break_of_the_sweep_everybody_has_the_whole_time_again(pack: Pack) -> None:
    reported(pack.station, minutes_ago=120)
    Watch.objects.update(looked_at=F("looked_at") - timedelta(minutes=2))

    assert tasks.watch_silence() == 0
    assert status_of(pack) == OPEN

    listened_for(hours=1)
    assert tasks.watch_silence() == 1


@pytest.mark.django_db
def test_the_first_sweep_of_all_stops_nobody(pack: Pack) -> None:
    reported(pack.station, minutes_ago=120)
    Watch.objects.all().delete()

    assert tasks.watch_silence() == 0


# --- Stopped, and opened again ---


@pytest.mark.django_db
def test_a_silent_station_is_down_and_says_why_since_when_and_that_nobody_did_it(pack: Pack) -> None:
    reported(pack.station, minutes_ago=15)

    assert tasks.watch_silence() == 1

    station = Station.objects.get(pk=pack.station_id)
    assert (station.status, station.status_reason, station.is_silent) == (StationStatus.DOWN, SILENCE, True)
    assert (station.status_changed_by, station.status_changed_at is not None) == (None, True)


@pytest.mark.django_db
def test_why_it_is_silent_is_said_in_the_readers_language(pack: Pack) -> None:
    reported(pack.station, minutes_ago=15)
    tasks.watch_silence()

    with translation.override("pt"):
        assert Station.objects.get(pk=pack.station_id).why_not_open == "Deixou de comunicar."


@pytest.mark.django_db
def test_who_has_never_reported_is_not_stopped(pack: Pack) -> None:
    assert tasks.watch_silence() == 0
    assert status_of(pack) == OPEN


@pytest.mark.django_db
def test_who_does_not_report_by_itself_is_never_stopped(pack: Pack) -> None:
    reported(pack.station, minutes_ago=600)
    Station.objects.update(reports_every_seconds=None)

    assert tasks.watch_silence() == 0
    assert upkeep.stop_if_silent(station=pack.station) is False


@pytest.mark.django_db
@pytest.mark.parametrize("status", [StationStatus.CLOSED, StationStatus.DOWN, StationStatus.PLANNED])
def test_silence_changes_nothing_about_a_station_that_is_not_open(pack: Pack, status: StationStatus) -> None:
    reported(pack.station, minutes_ago=600)
    Station.objects.update(status=status)

    assert tasks.watch_silence() == 0
    assert upkeep.stop_if_silent(station=pack.station) is False
    assert status_of(pack) == (status, False)


@pytest.mark.django_db
def test_a_second_sweep_changes_nothing(pack: Pack) -> None:
    reported(pack.station, minutes_ago=15)

    assert [tasks.watch_silence(), tasks.watch_silence()] == [1, 0]
    assert upkeep.stop_if_silent(station=pack.station) is False


@pytest.mark.django_db
def test_it_opens_by_itself_after_a_minute_of_reports_and_not_before(pack: Pack) -> None:
    reported(pack.station, minutes_ago=15)
    tasks.watch_silence()
    stopped(pack, minutes_ago=30)

    reads(pack)
    assert (tasks.watch_silence(), status_of(pack)) == (0, SILENT)

    reported(pack.station, minutes_ago=0, run=1)
    assert (tasks.watch_silence(), status_of(pack)) == (1, OPEN)
    assert Station.objects.get(pk=pack.station_id).why_not_open == ""


@pytest.mark.django_db
@pytest.mark.parametrize("touch", ["close_station", "mark_station_down"])
def test_whoever_closes_a_silent_station_is_not_overruled_by_its_reports(pack: Pack, touch: str) -> None:
    reported(pack.station, minutes_ago=15)
    tasks.watch_silence()
    getattr(upkeep, touch)(station=pack.station, reason="A flood.", by=WorkerFactory(name="Mei"))
    stopped(pack, minutes_ago=30)
    reported(pack.station, minutes_ago=0, run=20)

    assert tasks.watch_silence() == 0
    assert upkeep.open_if_it_reports_again(station=pack.station) is False
    assert Station.objects.get(pk=pack.station_id).why_not_open == "A flood."


@pytest.mark.django_db
def test_whoever_opens_a_silent_station_is_believed_until_it_has_reported_again(pack: Pack) -> None:
    reported(pack.station, minutes_ago=15)
    tasks.watch_silence()

    upkeep.open_station(station=pack.station, by=WorkerFactory(name="Mei"))
    assert (tasks.watch_silence(), status_of(pack)) == (0, OPEN)

    reads(pack)
    reported(pack.station, minutes_ago=15)
    assert (tasks.watch_silence(), status_of(pack)) == (1, SILENT)


@pytest.mark.django_db
def test_a_station_that_is_trouble_keeps_no_other_from_being_looked_at(pack: Pack) -> None:
    other = StationFactory(reports_every_seconds=60)
    for station in (pack.station, other):
        reported(station, minutes_ago=15)

    def trouble(sender: Any, *, station: Station, **fact: Any) -> None:
        if station == pack.station:
            Station.objects.filter(pk=station.pk).update(reports_every_seconds=0)

    signals.station_failed.connect(trouble)
    try:
        assert tasks.watch_silence() == 1
    finally:
        signals.station_failed.disconnect(trouble)
    assert Station.objects.get(is_silent=True) == other


@pytest.mark.django_db
@pytest.mark.parametrize("row", [{"is_silent": True}, {"reports_every_seconds": 0}, {"reports_every_seconds": 86_401}])
def test_the_database_refuses_an_open_silent_station_and_a_rhythm_that_is_none(row: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        StationFactory(**row)


@pytest.mark.django_db
def test_looking_at_many_stations_takes_no_more_queries_than_at_one(pack: Pack, django_assert_num_queries: Any) -> None:
    for _number in range(5):
        reported(StationFactory(reports_every_seconds=3_600), minutes_ago=60)

    with django_assert_num_queries(5):
        tasks.watch_silence()


def stopped(pack: Pack, *, minutes_ago: float) -> None:
    Station.objects.filter(pk=pack.station_id).update(
        status_changed_at=F("status_changed_at") - timedelta(minutes=minutes_ago)
    )
