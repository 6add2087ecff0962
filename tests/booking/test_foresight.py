"""Waits that people read come from the forecast: the same everywhere, cheap, doubted aloud, and never an exception."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from unittest import mock
from uuid import uuid4

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from booking import bay, clock, finding, foresight, live_fields, presentation, queries, snapshot, tasks
from booking.calibration import CALIBRATED_FROM, Adjustment, Chances, Shift
from booking.forecast import Span
from booking.foresight import Belief
from booking.models import Booking, Line, Vehicle
from booking.states import State
from booking.waits import Wait
from stations import geo, upkeep
from stations import queries as station_queries
from stations.models import Bay, Pack, PackClass, Slot, Station
from tests.booking.api.test_api import client_of
from tests.booking.console import Console
from tests.booking.driving import LISBON, signed_in, text
from tests.booking.test_driver_find import another_station
from tests.factories.booking import Town, VehicleFactory
from tests.factories.stations import PackClassFactory, PackFactory, SlotFactory
from tests.gallery.towns import stop_by_silence

pytestmark = pytest.mark.django_db

HERE = geo.Place(38.7300, -9.1400)
AS_TOLD = Chances()
BELIEVED = Adjustment(Shift(high=0.5), cases=CALIBRATED_FROM)


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    foresight.forget()
    yield
    foresight.forget()


def charging_town(*socs: int, **station: Any) -> Town:
    town = Town(packs=0, **station)
    for soc in socs:
        town.add_pack(soc_percent=soc)
    return town


def found(town: Town, start: geo.Place = HERE) -> finding.Found:
    return finding.find(start=start, pack_class=town.pack_class, packs=1, now=clock.database_now())


def page_of(booking: Booking) -> str:
    assert booking.driver is not None
    return text(signed_in(booking.driver).get(f"/b/{booking.public_id}/"))


def wait_of(booking: Booking) -> Wait:
    wait = queries.card(booking).wait
    assert wait is not None
    return wait


# --- One wait, wherever it is read ---


def test_page_api_and_socket_tell_the_same_wait() -> None:
    town = charging_town(40)
    asha = town.books(town.driver("Asha"))
    assert asha.driver is not None
    moment = clock.database_now()

    with mock.patch.object(foresight, "bucket", return_value=moment):
        told = client_of(asha.driver).get(f"/api/v1/bookings/{asha.public_id}/").json()["wait"]
        page = page_of(asha)
        sent = live_fields.fields(queries.cards(snapshot.take(town.station.pk), [asha.pk])[asha.pk])

    said = Wait(told["low_seconds"], told["likely_seconds"], told["high_seconds"])
    assert presentation.wait_range(said) == sent["wait"]
    assert sent["wait"] in page
    assert sent["wait_clock"] in page


def test_who_is_behind_waits_longer_and_who_is_at_the_bay_waits_for_the_bay_alone() -> None:
    town = charging_town(80, 30)
    asha, bala = (town.books(town.driver(name)) for name in ("Asha", "Bala"))

    assert wait_of(asha).likely_seconds < wait_of(bala).likely_seconds

    ready = Town(packs=2)
    first, second = (ready.arrives(ready.books(ready.driver(name))) for name in ("Chitra", "Diogo"))
    bay.start(booking=first, bay=ready.bay, by=ready.staff)
    card = queries.card(second)
    assert card.wait is None
    assert card.bay_wait is not None
    assert 0 < card.bay_wait.low_seconds <= card.bay_wait.likely_seconds <= ready.station.swap_seconds * 1.5


def test_vehicles_of_another_class_are_met_at_the_bays() -> None:
    town = Town(packs=1)
    asha = town.arrives(town.books(town.driver("Asha")))
    bay.start(booking=asha, bay=town.bay, by=town.staff)
    alone = found(town).stations[0]
    other = PackClassFactory()
    PackFactory(station=town.station, pack_class=other)
    town.pack_class = other

    beside = finding.wanted(station_ids=[town.station.pk], pack_class=other, packs=1, now=clock.database_now())

    assert alone.at_bay == beside[0].at_bay == 1
    assert beside[0].in_line == 0
    assert beside[0].wait is not None
    assert beside[0].wait.likely_seconds > 0


# --- Worked out once ---


def test_a_line_is_foretold_once_for_a_version_and_twenty_seconds() -> None:
    town = charging_town(40)
    asha = town.books(town.driver("Asha"))
    now = clock.database_now()

    with mock.patch.object(foresight, "for_line", wraps=foresight.for_line) as worked_out:
        with mock.patch.object(foresight, "bucket", return_value=now):
            for _phone in range(5):
                queries.card(asha)
            assert worked_out.call_count == 1
            town.books(town.driver("Bala"))
            queries.card(asha)
            assert worked_out.call_count == 2
        with mock.patch.object(foresight, "bucket", return_value=now + timedelta(seconds=20)):
            queries.card(asha)
            assert worked_out.call_count == 3


def test_twenty_seconds_begin_at_the_same_instants_for_everybody() -> None:
    now = clock.database_now().replace(second=19, microsecond=999_999)

    assert foresight.bucket(now) == now.replace(second=0, microsecond=0)
    assert foresight.bucket(now + timedelta(seconds=1)) == now.replace(second=20, microsecond=0)


def test_a_process_remembers_no_more_lines_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foresight, "REMEMBERED", 2)
    towns = [charging_town(40) for _number in range(3)]
    bookings = [town.books(town.driver("Asha")) for town in towns]
    for booking in bookings:
        queries.card(booking)

    with mock.patch.object(foresight, "for_line", wraps=foresight.for_line) as worked_out:
        queries.card(bookings[2])
        assert worked_out.call_count == 0
        queries.card(bookings[0])
        assert worked_out.call_count == 1


def test_ten_stations_with_lines_cost_as_many_queries_as_one() -> None:
    town = charging_town(40)
    town.books(town.driver("Asha"))
    found(town)
    with CaptureQueriesContext(connection) as for_one:
        found(town)
    for _number in range(9):
        other = charging_town(50)
        PackFactory(station=other.station, pack_class=town.pack_class)
        other.books(other.driver("Bala"))
    found(town)

    with CaptureQueriesContext(connection) as for_ten:
        assert len(found(town).stations) == 10

    assert len(for_ten) == len(for_one)


# --- Ranked by time, and why ---


def two_stations(near_soc: int, far_soc: int) -> tuple[Town, finding.Found]:
    town = charging_town(near_soc, name="Near")
    far = another_station(town, packs=0, name="Farther", latitude=38.76)
    PackFactory(station=far, pack_class=town.pack_class, soc_percent=far_soc)
    return town, found(town)


def test_a_station_says_what_its_distance_brings_against_the_nearest_one() -> None:
    _town, sooner = two_stations(10, 100)
    first, second = sooner.stations
    assert (first.station.name, second.station.name) == ("Farther", "Near")
    assert second.against is None
    assert second.why == ""
    assert first.against is not None
    assert first.against.nearest == "Near"
    assert first.against.farther_minutes == first.drive_minutes - second.drive_minutes > 0
    assert first.against.sooner_minutes == second.total_minutes - first.total_minutes > 0
    assert first.why == f"{first.against.farther_minutes} min farther, {first.against.sooner_minutes} min sooner"


def test_what_is_farther_and_no_sooner_says_so_and_comes_after() -> None:
    _town, found_here = two_stations(100, 100)

    near, farther = found_here.stations

    assert near.station.name == "Near"
    assert farther.why.endswith(" later")


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "4 min farther, 15 min sooner"),
        ("pt", "4 min mais longe, 15 min mais cedo"),
        ("zh-hans", "远 4 分钟，早 15 分钟"),
        ("th", "ไกลกว่า 4 นาที เร็วกว่า 15 นาที"),
    ],
)
def test_why_is_said_in_the_readers_language(language: str, words: str) -> None:
    with translation.override(language):
        assert presentation.compared(farther_minutes=4, sooner_minutes=15) == words


@pytest.mark.parametrize(
    ("farther", "sooner", "words"),
    [
        (4, 0, "4 min farther, as soon"),
        (4, -3, "4 min farther, 3 min later"),
        (0, 2, "as near, 2 min sooner"),
        (0, -75, "as near, 1 h 15 min later"),
        (0, 0, "as near, as soon"),
    ],
)
def test_every_comparison_has_its_words(farther: int, sooner: int, words: str) -> None:
    assert presentation.compared(farther_minutes=farther, sooner_minutes=sooner) == words


def test_find_its_api_and_the_stations_page_say_the_same_why() -> None:
    town, found_here = two_stations(10, 100)
    why = found_here.stations[0].why
    driver = town.driver("Asha")
    client = signed_in(driver)

    page = text(client.get("/", LISBON | {"fits": town.pack_class.code}))
    told = client_of().get(
        "/api/v1/stations/nearby/",
        {"latitude": HERE.latitude, "longitude": HERE.longitude, "pack_class": town.pack_class.code},
    )
    farther = found_here.stations[0]
    own = text(client.get(f"/stations/{farther.network_code}/{farther.station.code}/"))

    assert f"Against Near, the nearest: {why}" in page
    assert told.json()[0]["why"] == why
    assert told.json()[0]["against"]["nearest"] == "Near"
    assert told.json()[1]["against"] is None
    assert f"Against Near, the nearest: {why}" in own


def test_where_nothing_can_be_told_nothing_is_compared() -> None:
    town = charging_town(name="Silent for ever")
    another_station(town, name="Speaks", latitude=38.76)

    spoken, silent = found(town).stations

    assert (spoken.station.name, silent.wait, silent.away) == ("Speaks", None, None)
    assert spoken.against is None
    assert silent.why == ""


# --- How far it may be believed ---


def believes(monkeypatch: pytest.MonkeyPatch, adjustment: Adjustment, chances: Chances = AS_TOLD) -> None:
    monkeypatch.setattr(foresight.learned, "adjustment_of", lambda _network: adjustment)
    monkeypatch.setattr(foresight.learned, "bay_adjustment_of", lambda _network: adjustment)
    monkeypatch.setattr(foresight.learned, "chances_of", lambda _network: chances)


def test_a_wait_is_called_an_estimate_until_enough_has_come_of_earlier_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    town = charging_town(40)
    asha = town.books(town.driver("Asha"))
    before, page_before = wait_of(asha), page_of(asha)

    believes(monkeypatch, BELIEVED)
    after, page_after = wait_of(asha), page_of(asha)

    assert "Your pack and a bay, an estimate" in page_before
    assert "Your pack and a bay" in page_after
    assert "an estimate" not in page_after
    assert (before.is_calibrated, after.is_calibrated) == (False, True)
    assert after.high_seconds > before.high_seconds


def test_a_chance_is_told_in_numbers_once_they_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    town = charging_town(40)
    client = signed_in(town.driver("Asha"))
    assert "of 100 times" not in text(client.get("/", LISBON))

    believes(monkeypatch, BELIEVED, Chances((0.0, 1.0), (0.2, 0.6)))

    assert "Ready when you get there: 20 of 100 times" in text(client.get("/", LISBON))


@pytest.mark.parametrize(("share", "words"), [(0.0, "5"), (0.524, "50"), (0.53, "55"), (1.0, "95")])
def test_no_chance_is_told_as_none_or_sure(share: float, words: str) -> None:
    assert presentation.chance(share) == words


def test_where_nobody_waits_in_any_scenario_nothing_is_adjusted() -> None:
    belief = Belief(BELIEVED, BELIEVED, Chances(), ("car", 0), 0)

    assert belief.wait(Span(0.0, 0.0, 0.0)).high_seconds == 0
    assert belief.wait(Span(0.0, 0.0, 60.0)).high_seconds == 120


def falls_silent(town: Town, *, minutes: int) -> None:
    Pack.objects.filter(station=town.station).update(soc_at=clock.database_now() - timedelta(minutes=minutes))


def test_a_station_that_has_not_reported_says_so_wherever_its_wait_is_read() -> None:
    town = charging_town(40)
    asha = town.books(town.driver("Asha"))
    falls_silent(town, minutes=25)
    says = "The station has not reported for 25 min; the wait may be wrong."

    card = queries.card(asha)

    assert live_fields.fields(card)["silence"] == says
    assert says in page_of(asha)
    assert says in text(signed_in(town.driver("Bala")).get("/", LISBON))
    told = client_of(asha.driver).get(f"/api/v1/bookings/{asha.public_id}/").json()
    assert told["wait"]["silent_minutes"] == 25


def test_the_card_is_another_one_once_it_says_so_and_its_minutes_move_in_place() -> None:
    town = charging_town(40)
    card = queries.card(town.books(town.driver("Asha")))
    assert card.wait is not None
    quiet, longer = (replace(card, wait=replace(card.wait, silent_minutes=minutes)) for minutes in (25, 26))

    assert "silence" not in live_fields.fields(card)
    assert live_fields.shape(card) != live_fields.shape(quiet)
    assert live_fields.shape(quiet) == live_fields.shape(longer)
    assert live_fields.fields(quiet)["silence"] != live_fields.fields(longer)["silence"]


def test_a_pack_that_should_be_full_is_not_counted_upon_while_its_station_is_silent() -> None:
    town = charging_town(55)
    asha = town.books(town.driver("Asha"), position=HERE)
    falls_silent(town, minutes=60)

    silent = wait_of(asha)

    assert silent.likely_seconds > 30 * 60


# --- Whatever the rows say ---


def no_packs(town: Town) -> None:
    Pack.objects.filter(station=town.station).update(state="away", station=None, slot=None, kept_until=None)


def no_bays(town: Town) -> None:
    Bay.objects.filter(station=town.station).update(state="closed")


def readings_come_from_tomorrow(town: Town) -> None:
    Pack.objects.filter(station=town.station).update(soc_at=clock.database_now() + timedelta(days=1))


def readings_are_ages_old(town: Town) -> None:
    Pack.objects.filter(station=town.station).update(soc_at=clock.database_now() - timedelta(days=400))


def positions_come_from_tomorrow(town: Town) -> None:
    tomorrow = clock.database_now() + timedelta(days=1)
    Booking.objects.filter(station=town.station).update(position_at=tomorrow, drive_seconds=2_000_000_000)


def drives_should_have_ended_long_ago(town: Town) -> None:
    last_year = clock.database_now() - timedelta(days=365)
    Booking.objects.filter(station=town.station).update(position_at=last_year, drive_seconds=0)


def charge_went_backwards(town: Town) -> None:
    Pack.objects.filter(station=town.station).update(soc_percent=0)


def slots_have_no_power(town: Town) -> None:
    Slot.objects.filter(station=town.station).update(power_w=0)


def the_class_accepts_nothing(town: Town) -> None:
    PackClass.objects.filter(pk=town.pack_class.pk).update(charge_power_w=0)


def the_class_holds_nothing(town: Town) -> None:
    PackClass.objects.filter(pk=town.pack_class.pk).update(nominal_wh=0)


def everything_is_worn_out(town: Town) -> None:
    Pack.objects.filter(station=town.station).update(soh_percent=Decimal("0.1"))


def everything_happens_tomorrow(town: Town) -> None:
    """A clock of ours has jumped, and is right again."""
    mine = Booking.objects.filter(station=town.station)
    day = timedelta(days=1)
    mine.update(joined_at=F("joined_at") + day, promised_at=F("promised_at") + day, arrived_at=F("arrived_at") + day)
    mine.update(promise_ends_at=F("promise_ends_at") + day, lapses_at=F("lapses_at") + day, here_at=F("here_at") + day)


def drives_take_no_time(town: Town) -> None:
    Booking.objects.filter(station=town.station).update(position_at=clock.database_now(), drive_seconds=0)


def it_is_silent(town: Town) -> None:
    falls_silent(town, minutes=600)
    stop_by_silence(town)


def swaps_take_no_time(town: Town) -> None:
    Station.objects.filter(pk=town.station.pk).update(swap_seconds=0)


def is_down(town: Town) -> None:
    upkeep.mark_station_down(station=town.station, reason="No power.", by=None)


@pytest.mark.parametrize(
    "happens",
    [
        no_packs,
        no_bays,
        readings_come_from_tomorrow,
        readings_are_ages_old,
        positions_come_from_tomorrow,
        drives_should_have_ended_long_ago,
        charge_went_backwards,
        slots_have_no_power,
        the_class_accepts_nothing,
        the_class_holds_nothing,
        everything_is_worn_out,
        everything_happens_tomorrow,
        drives_take_no_time,
        swaps_take_no_time,
        it_is_silent,
        is_down,
    ],
)
def test_a_driver_reads_the_page_whatever_the_rows_say(happens: Callable[[Town], None]) -> None:
    town = charging_town(100, 100, 40)
    people = [town.driver(name) for name in ("Asha", "Bala", "Chitra", "Diogo")]
    bookings = [town.books(person) for person in people]
    town.arrives(bookings[0])
    happens(town)

    pages = [signed_in(p).get(f"/b/{b.public_id}/") for p, b in zip(people, bookings, strict=True)]
    pages.append(signed_in(town.driver("Esi")).get("/", LISBON))
    station = f"/stations/{town.station.network.code}/{town.station.code}/"
    pages.append(signed_in(people[3]).get(station))

    assert [page.status_code for page in pages] == [200] * 6
    assert Console(town).get("board").status_code == 200
    tasks.plan_moves()
    assert signed_in(people[3]).get(f"/b/{bookings[3].public_id}/").status_code == 200
    for booking in bookings:
        wait = queries.card(booking).wait
        if wait is not None:
            assert 0 <= wait.low_seconds <= wait.likely_seconds <= wait.high_seconds
            assert wait.ready_chance is not None
            assert 0.0 <= wait.ready_chance <= 1.0


def test_a_charge_that_went_backwards_makes_the_range_wider_for_an_hour() -> None:
    town = charging_town(50)
    asha = town.books(town.driver("Asha"), position=HERE)
    now = clock.database_now()
    widths = []
    for fell_at in (None, now - timedelta(minutes=59), now - timedelta(minutes=61)):
        Pack.objects.filter(station=town.station).update(soc_fell_at=fell_at)
        foresight.forget()
        wait, (nearby,) = wait_of(asha), found(town).stations
        assert nearby.wait is not None
        widths.append((wait.high_seconds - wait.low_seconds, nearby.wait.high_seconds - nearby.wait.low_seconds))

    (usual, usual_nearby), (doubted, doubted_nearby), (again, _again_nearby) = widths

    assert doubted > 1.5 * usual
    assert doubted_nearby > usual_nearby
    assert again == pytest.approx(usual, rel=0.2)


@pytest.mark.parametrize("nothing", [slots_have_no_power, the_class_accepts_nothing, the_class_holds_nothing])
def test_of_packs_that_never_charge_the_wait_is_unknown_and_no_other_pack_is_meant(
    nothing: Callable[[Town], None],
) -> None:
    town = charging_town(40, 50)
    asha = town.books(town.driver("Asha"), position=HERE)
    nothing(town)

    assert queries.card(asha).wait is None
    assert "cannot be told yet" in page_of(asha)
    assert found(town).stations[0].wait is None
    assert [
        slot.pack.ready_at
        for slot in station_queries.station_slots(station=town.station, now=clock.database_now())
        if slot.pack
    ] == [None, None]


def test_a_slot_without_power_is_not_counted_upon_and_the_others_are() -> None:
    town = charging_town(60, 60)
    asha, bala = (town.books(town.driver(name), position=HERE) for name in ("Asha", "Bala"))
    both = wait_of(bala).likely_seconds
    Slot.objects.filter(pack=Pack.objects.filter(station=town.station).first()).update(power_w=0)
    foresight.forget()

    assert wait_of(asha).likely_seconds < 3_600
    # Who is behind waits until the pack that comes in has charged in the slot that works.
    assert wait_of(bala).likely_seconds > both + 1_000


@pytest.mark.parametrize("minutes", [60, 240])
def test_a_station_that_is_silent_has_a_wider_range_on_the_page(minutes: int) -> None:
    town = charging_town(50)
    asha = town.books(town.driver("Asha"), position=HERE)
    fresh, nearby = wait_of(asha), found(town).stations[0].wait
    falls_silent(town, minutes=minutes)
    # As far from being full as it was: nothing but the silence is different.
    Pack.objects.filter(station=town.station).update(soc_percent=1)
    foresight.forget()

    silent, silent_nearby = wait_of(asha), found(town).stations[0].wait

    assert nearby is not None
    assert silent_nearby is not None
    assert silent.high_seconds - silent.low_seconds > fresh.high_seconds - fresh.low_seconds
    assert silent_nearby.high_seconds - silent_nearby.low_seconds > nearby.high_seconds - nearby.low_seconds
    assert silent.silent_minutes == silent_nearby.silent_minutes == minutes


@pytest.mark.parametrize("happens", [no_packs, no_bays])
def test_without_packs_or_bays_the_wait_is_unknown_and_says_so(happens: Callable[[Town], None]) -> None:
    town = charging_town(40)
    asha = town.books(town.driver("Asha"))
    happens(town)

    assert queries.card(asha).wait is None
    assert "cannot be told yet" in page_of(asha)
    assert found(town).stations[0].wait is None


def test_at_a_station_that_has_stopped_nobody_is_told_a_wait() -> None:
    town = charging_town(95, 40)
    arrived = town.arrives(town.books(town.driver("Asha")))
    waiting = town.books(town.driver("Bala"))

    upkeep.mark_station_down(station=town.station, reason="Power cut", by=None)

    assert (queries.card(arrived).bay_wait, queries.card(waiting).wait) == (None, None)
    assert foresight.outlook_of(waiting, clock.database_now()) is None


def test_the_outlook_of_a_booking_is_that_of_its_line_and_of_one_that_is_over_there_is_none() -> None:
    town = charging_town(60, 40)
    asha = town.books(town.driver("Asha"), position=HERE)
    now = foresight.bucket(clock.database_now())

    outlook = foresight.outlook_of(asha, now)

    assert outlook is not None
    assert wait_of(asha).likely_seconds == pytest.approx(outlook.bay.likely, abs=30)
    Booking.objects.filter(pk=asha.pk).update(state=State.CANCELLED, ended_at=now)
    assert foresight.outlook_of(Booking.objects.get(pk=asha.pk), now) is None


def test_a_driver_at_the_end_of_five_hundred_reads_the_pages() -> None:
    town = charging_town(*range(5, 60, 5))
    first = town.books(town.driver("Asha"))
    vehicles = [VehicleFactory.build(pack_class=town.pack_class, fleet=town.fleet) for _number in range(500)]
    Vehicle.objects.bulk_create(vehicles)
    wanted = {f.attname: getattr(first, f.attname) for f in Booking._meta.concrete_fields}
    for name in ("id", "driver_id", "payment_id"):
        del wanted[name]
    own = [
        {"vehicle_id": one.pk, "sequence": first.sequence + number, "code": f"{number:06d}", "public_id": uuid4()}
        for number, one in enumerate(vehicles, start=1)
    ]
    Booking.objects.bulk_create(Booking(**wanted | mine) for mine in own)
    Line.objects.filter(pk=first.line_id).update(sequence=first.sequence + len(own))
    last = town.driver("Bala")
    bala = town.books(last)
    asked = town.driver("Chitra")

    page = signed_in(last).get(f"/b/{bala.public_id}/")

    assert page.status_code == 200
    assert queries.card(bala).place == 502
    assert signed_in(asked).get("/", LISBON).status_code == 200
    station = f"/stations/{town.station.network.code}/{town.station.code}/"
    assert signed_in(asked).get(station).status_code == 200
    assert Console(town).get("board").status_code == 200


def test_a_line_of_hundreds_is_foretold_in_its_order() -> None:
    town = charging_town(*range(5, 60, 5))
    SlotFactory(station=town.station, pack_class=town.pack_class)
    bookings = [town.books(town.driver(f"Driver {number}")) for number in range(60)]

    standings = snapshot.take(town.station.pk).standings

    waits = [standings[b.pk].wait for b in bookings]
    likely = [wait.likely_seconds for wait in waits if wait is not None]
    assert len(likely) == 60
    assert likely[-1] > likely[30] > likely[0]
