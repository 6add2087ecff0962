"""What a driver is shown of stations, and staff of slots."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from stations import queries
from stations.geo import BadCoordinates, Place
from stations.models import Pack, PackClass, Station
from stations.states import BayState, PackState, SlotState, StationStatus
from tests.factories.stations import BayFactory, PackClassFactory, PackFactory, SlotFactory, StationFactory

pytestmark = pytest.mark.django_db

# A Monday noon in Lisbon.
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HERE = {"latitude": 38.70, "longitude": -9.10}


def van_class() -> PackClass:
    return PackClassFactory(nominal_wh=50_000, charge_power_w=50_000)


def pack_at(station: Station, van: PackClass, **facts: object) -> Pack:
    return PackFactory(
        **{"station": station, "pack_class": van, "soc_at": NOON, "soh_percent": 100, "slot__power_w": 50_000, **facts}
    )


def test_packs_are_counted_as_ready_only_when_they_can_be_handed_out() -> None:
    station, van = StationFactory(target_soc_percent=90), van_class()
    pack_at(station, van, soc_percent=90)
    pack_at(station, van, soc_percent=99)
    pack_at(station, van, soc_percent=99, state=PackState.KEPT)
    pack_at(station, van, soc_percent=99, state=PackState.KEPT, kept_until=NOON + timedelta(minutes=1))
    pack_at(station, van, soc_percent=99, state=PackState.QUARANTINED)
    pack_at(station, van, soc_percent=99, slot__state=SlotState.OUT_OF_SERVICE)
    pack_at(station, van, soc_percent=50)
    pack_at(station, PackClassFactory(), soc_percent=99)
    SlotFactory(station=station, pack_class=van)

    (card,) = queries.nearby(**HERE, pack_class=van, now=NOON)

    assert (card.stock.ready, card.stock.packs, card.stock.slots, card.stock.slots_working) == (2, 7, 8, 7)


def test_a_keeping_whose_end_has_passed_counts_for_nothing() -> None:
    station, van = StationFactory(), van_class()
    pack_at(station, van, state=PackState.KEPT, kept_until=NOON)

    (card,) = queries.nearby(**HERE, pack_class=van, now=NOON)

    assert card.stock.ready == 1


def test_the_next_pack_is_expected_when_the_curve_says() -> None:
    station, van = StationFactory(target_soc_percent=80), van_class()
    pack_at(station, van, soc_percent=20)
    pack_at(station, van, soc_percent=30, soc_at=NOON - timedelta(minutes=15))
    pack_at(station, van, soc_percent=70, state=PackState.KEPT)
    pack_at(station, van, soc_percent=70, slot__state=SlotState.OUT_OF_SERVICE)

    (card,) = queries.nearby(**HERE, pack_class=van, now=NOON)

    assert card.stock.charging_ready_at == (NOON + timedelta(minutes=15), NOON + timedelta(minutes=36))
    assert card.stock.next_ready_at == NOON + timedelta(minutes=15)


def test_the_age_of_what_is_shown_is_told() -> None:
    station, van = StationFactory(), van_class()
    pack_at(station, van, soc_at=NOON - timedelta(hours=2))
    pack_at(station, van, soc_at=NOON - timedelta(minutes=1))

    (card,) = queries.nearby(**HERE, pack_class=van, now=NOON)

    assert card.stock.oldest_reading_at == NOON - timedelta(hours=2)
    assert card.stock.newest_reading_at == NOON - timedelta(minutes=1)


def test_a_card_tells_distance_drive_bays_and_hours() -> None:
    van = van_class()
    station = StationFactory(latitude=38.80, longitude=-9.10, hours={"0": [["08:00", "20:00"]]})
    SlotFactory(station=station, pack_class=van)
    BayFactory(station=station)
    BayFactory(station=station, state=BayState.OUT_OF_SERVICE)

    (card,) = queries.nearby(**HERE, pack_class=van, now=NOON)

    assert card.distance_m == pytest.approx(11_119.5, abs=1)
    assert card.drive_seconds == pytest.approx(1_735, abs=1)
    assert card.bays_open == 1
    assert card.opening.closes_at == datetime(2026, 11, 23, 20, tzinfo=ZoneInfo("Europe/Lisbon"))
    assert card.is_open


def test_a_station_in_china_is_drawn_where_chinese_maps_draw_it_and_one_in_bangkok_is_not() -> None:
    van = van_class()
    shenzhen = StationFactory(country="CN", latitude=22.54, longitude=114.05)
    bangkok = StationFactory(country="TH", latitude=13.75, longitude=100.50)
    for station in (shenzhen, bangkok):
        SlotFactory(station=station, pack_class=van)

    cards = {card.id: card for card in queries.nearby(**HERE, pack_class=van, now=NOON)}

    assert cards[shenzhen.pk].drawn_at != cards[shenzhen.pk].place == Place(22.54, 114.05)
    assert cards[bangkok.pk].drawn_at == cards[bangkok.pk].place


def test_who_asks_for_open_stations_gets_as_many_as_there_are_however_many_closed_ones_are_nearer() -> None:
    van, night_only = van_class(), {"0": [["22:00", "23:00"]]}
    for step in range(9):
        SlotFactory(station=StationFactory(latitude=38.7 + step / 1000, hours=night_only), pack_class=van)
    far = SlotFactory(station=StationFactory(latitude=39.5), pack_class=van).station
    farther = SlotFactory(station=StationFactory(latitude=39.9), pack_class=van).station

    two = queries.nearby(**HERE, pack_class=van, now=NOON, limit=2, open_now=True)
    twenty = queries.nearby(**HERE, pack_class=van, now=NOON, open_now=True)

    assert [card.id for card in two] == [far.pk, farther.pk]
    assert [card.id for card in twenty] == [far.pk, farther.pk]


def test_filters_leave_out_other_networks_closed_and_unstaffed_stations() -> None:
    van = van_class()
    wanted = SlotFactory(pack_class=van).station
    SlotFactory(pack_class=van)
    SlotFactory(station=StationFactory(network=wanted.network, status=StationStatus.DOWN), pack_class=van)
    SlotFactory(station=StationFactory(network=wanted.network, is_staffed=False), pack_class=van)

    cards = queries.nearby(**HERE, pack_class=van, now=NOON, network=wanted.network, is_staffed=True)

    assert [card.id for card in cards] == [wanted.pk]


@pytest.mark.parametrize(("latitude", "longitude"), [(math.nan, 0), (91, 0), (0, -181), (math.inf, 0)])
def test_what_is_no_place_on_earth_is_refused(latitude: float, longitude: float) -> None:
    with pytest.raises(BadCoordinates):
        queries.nearby(latitude=latitude, longitude=longitude, pack_class=van_class(), now=NOON)


def test_twenty_stations_cost_as_many_queries_as_one() -> None:
    van = van_class()
    pack_at(StationFactory(), van)
    with CaptureQueriesContext(connection) as for_one:
        queries.nearby(**HERE, pack_class=van, now=NOON)
    for _station in range(19):
        pack_at(StationFactory(), van)

    with CaptureQueriesContext(connection) as for_twenty:
        cards = queries.nearby(**HERE, pack_class=van, now=NOON)

    assert len(cards) == 20
    assert len(for_twenty) == len(for_one) == 4


def test_the_board_shows_every_slot_in_order_with_what_is_in_it() -> None:
    station, van = StationFactory(target_soc_percent=80), van_class()
    charging = pack_at(station, van, slot__number=2, soc_percent=30, soc_at=NOON - timedelta(minutes=15))
    broken = pack_at(station, van, slot__number=3, slot__state=SlotState.OUT_OF_SERVICE, soc_percent=95)
    empty = SlotFactory(station=station, number=1)
    pack_at(StationFactory(), van)

    first, second, third = queries.station_slots(station=station, now=NOON)

    assert (first.id, first.pack) == (empty.pk, None)
    assert second.pack is not None
    assert (second.pack.id, second.pack.ready_at) == (charging.pk, NOON + timedelta(minutes=15))
    assert second.pack.soc_now_percent == pytest.approx(55)
    assert third.pack is not None
    assert (third.pack.id, third.pack.is_ready, third.pack.ready_at) == (broken.pk, False, None)


def test_one_station_alone_has_a_card_with_or_without_a_driver() -> None:
    station, van = StationFactory(), van_class()
    pack_at(station, van)

    alone = queries.station_card(station=station, pack_class=van, at=None, now=NOON)
    from_afar = queries.station_card(station=station, pack_class=van, at=Place(38.0, -9.0), now=NOON)

    assert (alone.distance_m, alone.drive_seconds, alone.stock.ready) == (0, 0, 1)
    assert from_afar.distance_m > 50_000
