"""The nearest stations are the nearest on the sphere, wherever one stands, and come from an index."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from stations.geo import Place, distance_m, place
from stations.models import PackClass, Slot, Station
from stations.nearest import Wanted, nearest_ids, statement
from tests.factories.accounts import NetworkFactory, OrganisationFactory
from tests.factories.stations import PackClassFactory

latitudes = st.one_of(st.floats(-90, 90), st.sampled_from([-90.0, -89.9999, 0.0, 45.0, 89.9999, 90.0]))
longitudes = st.one_of(st.floats(-180, 180), st.sampled_from([-180.0, -179.9999, -90.0, 0.0, 45.0, 90.0, 180.0]))
anywhere = st.builds(lambda latitude, longitude: place(latitude=latitude, longitude=longitude), latitudes, longitudes)


@st.composite
def crowds(draw: st.DrawFn) -> list[Place]:
    """A city: places that differ by metres to kilometres, some of them equal."""
    centre = draw(anywhere)
    steps = draw(st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), max_size=25))
    size = draw(st.sampled_from([1e-5, 1e-3, 0.1, 1.0]))
    return [
        Place(max(-90.0, min(90.0, centre.latitude + a * size)), max(-180.0, min(180.0, centre.longitude + b * size)))
        for a, b in steps
    ]


earths = st.lists(st.one_of(anywhere.map(lambda one: [one]), crowds()), max_size=6).map(
    lambda groups: [one for group in groups for one in group]
)


def put_stations(places: Sequence[Place], pack_class: PackClass) -> list[Station]:
    owner = OrganisationFactory()
    stations = Station.objects.bulk_create(
        Station(
            network=owner.network,
            owner=owner,
            code=f"s{number}",
            country="PT",
            time_zone="Europe/Lisbon",
            currency="EUR",
            latitude=place.latitude,
            longitude=place.longitude,
        )
        for number, place in enumerate(places)
    )
    Slot.objects.bulk_create(
        Slot(station=station, number=1, pack_class=pack_class, power_w=40_000) for station in stations
    )
    return stations


class AgainstTryingThemAll(TestCase):
    @settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(earths, anywhere, st.integers(1, 8))
    def test_the_nearest_are_those_found_by_measuring_every_one(
        self, places: list[Place], at: Place, limit: int
    ) -> None:
        pack_class = PackClassFactory()
        stations = {station.pk: station for station in put_stations(places, pack_class)}

        found = nearest_ids(at=at, wanted=Wanted(pack_class.pk), limit=limit)

        measured = sorted(distance_m(at, place) for place in places)[:limit]
        returned = [distance_m(at, Place(stations[pk].latitude, stations[pk].longitude)) for pk in found]
        assert len(set(found)) == len(found)
        # A micrometre: equal places seen through different last digits may change places with each other.
        assert returned == pytest.approx(measured, abs=1e-6)


@pytest.mark.django_db
class TestEdges:
    def test_across_the_antimeridian_the_next_island_is_nearer_than_the_next_city(self) -> None:
        pack_class = PackClassFactory()
        suva, taveuni = put_stations([Place(-18.14, 178.44), Place(-16.99, -179.88)], pack_class)

        found = nearest_ids(at=Place(-16.8, 179.9), wanted=Wanted(pack_class.pk), limit=2)

        assert found == [taveuni.pk, suva.pk]

    def test_at_the_pole_every_longitude_is_the_same_place(self) -> None:
        pack_class = PackClassFactory()
        far, near = put_stations([Place(89.0, 0.0), Place(89.9, 180.0)], pack_class)

        assert nearest_ids(at=Place(90.0, -77.0), wanted=Wanted(pack_class.pk), limit=2) == [near.pk, far.pk]

    def test_equal_places_come_in_order_of_id(self) -> None:
        pack_class = PackClassFactory()
        stations = put_stations([Place(38.7, -9.1)] * 5, pack_class)

        found = nearest_ids(at=Place(38.71, -9.1), wanted=Wanted(pack_class.pk), limit=3)

        assert found == [station.pk for station in stations[:3]]

    def test_the_other_side_of_the_earth_is_found_when_there_is_nothing_nearer(self) -> None:
        pack_class = PackClassFactory()
        (antipode,) = put_stations([Place(-38.7, 170.9)], pack_class)

        assert nearest_ids(at=Place(38.7, -9.1), wanted=Wanted(pack_class.pk), limit=20) == [antipode.pk]

    def test_filters_look_past_the_nearest_until_there_are_enough(self) -> None:
        van, bike = PackClassFactory(), PackClassFactory()
        near = put_stations([Place(38.7, -9.1 - step / 1000) for step in range(30)], bike)
        closed, planned, *_others = wanted = put_stations([Place(38.7, -9.2 - step / 1000) for step in range(6)], van)
        Station.objects.filter(pk=closed.pk).update(status="closed")
        Station.objects.filter(pk=planned.pk).update(status="planned")
        other_network = NetworkFactory()

        at = Place(38.7, -9.1)
        assert nearest_ids(at=at, wanted=Wanted(van.pk), limit=3) == [station.pk for station in wanted[2:5]]
        assert nearest_ids(at=at, wanted=Wanted(bike.pk, near[0].network_id), limit=1) == [near[0].pk]
        assert nearest_ids(at=at, wanted=Wanted(bike.pk, other_network.pk), limit=1) == []
        assert nearest_ids(at=at, wanted=Wanted(bike.pk, is_staffed=False), limit=1) == []


@pytest.mark.django_db
def test_ten_thousand_stations_are_searched_by_index_alone() -> None:
    pack_class, chance = PackClassFactory(), random.Random(7)
    put_stations([Place(chance.uniform(-90, 90), chance.uniform(-180, 180)) for _ in range(10_000)], pack_class)

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE stations_station")
        cursor.execute("ANALYZE stations_slot")
        for at in (Place(38.7, -9.1), Place(13.7, 100.5), Place(89.0, 10.0), Place(-16.8, 179.99), Place(-40, -100)):
            sql, parameters = statement(at=at, wanted=Wanted(pack_class.pk), limit=20)
            cursor.execute("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) " + sql, parameters)
            plan = "\n".join(row[0] for row in cursor.fetchall())

            assert "station_seen_from_" in plan
            assert "Seq Scan" not in plan
