"""Drive times: a router's where it answers with sense, the straight line's where it does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from booking import drives, outside
from booking.models import Booking
from stations import geo
from stations.geo import Place
from stations.models import Station
from tests.booking.driving import LISBON, signed_in, text
from tests.booking.outside_servers import SILENCE, osrm_table, serving, valhalla_matrix
from tests.factories.booking import Town

HERE = Place(38.7300, -9.1400)
NEAR, FAR = Place(38.7350, -9.1400), Place(38.8000, -9.1400)
TABLES = {"osrm": osrm_table, "valhalla": valhalla_matrix}


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    cache.clear()


@pytest.fixture(params=sorted(TABLES))
def router(request: pytest.FixtureRequest, settings: Any) -> Iterator[Any]:
    """Either router; ten minutes to the first place, eleven to the second, and so on."""
    with serving(TABLES[request.param](lambda number: 600.4 + 60 * number)) as server:
        settings.ROUTING = f"{request.param}+{server.url}/"
        yield server


def straight(*ends: Place) -> tuple[int, ...]:
    return tuple(geo.drive_seconds(geo.distance_m(HERE, end)) for end in ends)


def test_a_routers_times_are_taken_in_the_order_asked_for(router: Any) -> None:
    assert drives.to_places(HERE, [NEAR, FAR]) == drives.Drives((600, 660), are_routed=True)


def test_many_drives_are_one_question_and_the_same_ones_again_are_none(router: Any) -> None:
    drives.to_places(HERE, [NEAR, FAR])
    a_few_steps_away = Place(HERE.latitude + 0.0001, HERE.longitude)

    assert drives.to_places(a_few_steps_away, [FAR, NEAR]).seconds == (660, 600)
    assert len(router.asked) == 1


def test_only_what_is_not_known_yet_is_asked_for(router: Any) -> None:
    drives.to_places(HERE, [NEAR])

    assert drives.to_places(HERE, [NEAR, FAR]).seconds == (600, 600)
    assert len(router.asked) == 2


def test_the_router_learns_a_position_to_a_hundred_metres_only(router: Any) -> None:
    drives.to_places(Place(38.123456, -9.654321), [NEAR])

    path, question, _headers = router.asked[0]
    assert "38.123456" not in f"{path} {question}"
    assert "38.123" in f"{path} {question}"


def test_a_place_that_no_road_leads_to_is_worked_out_and_the_others_stay(router: Any) -> None:
    make = osrm_table if "/table" in probe(router) else valhalla_matrix
    router.answer = make(lambda number: None if number == 0 else 700.0)

    told = drives.to_places(HERE, [NEAR, FAR])

    assert told == drives.Drives((straight(NEAR)[0], 700), are_routed=False)


def probe(router: Any) -> str:
    """What the router was asked for by."""
    drives.to_places(Place(38.5, -9.0), [NEAR])
    path: str = router.asked[0][0]
    return path


@pytest.mark.parametrize(
    "seconds", [0.0, -60.0, 1e12, pytest.param(10**400, id="endless"), float("nan"), True, "600", [600]]
)
def test_a_time_that_nobody_drives_is_not_believed(settings: Any, seconds: Any) -> None:
    with serving(osrm_table(lambda _number: seconds)) as server:
        settings.ROUTING = f"osrm+{server.url}"

        told = drives.to_places(HERE, [FAR])

    assert told == drives.Drives(straight(FAR), are_routed=False)


@pytest.mark.parametrize(
    "nonsense",
    [
        b"<html>Bad gateway</html>",
        b"",
        b"[" * 100_000,
        [],
        None,
        {"code": "Ok"},
        {"code": "Ok", "durations": []},
        {"code": "Ok", "durations": [[1.0]]},
        {"code": "Ok", "durations": {"0": [600.0, 600.0]}},
        {"code": "NoTable", "durations": [[600.0, 600.0]]},
        {"code": "Ok", "durations": [[600.0] * 400_000]},
    ],
    ids=lambda nonsense: str(nonsense)[:24],
)
def test_an_answer_of_another_shape_is_no_answer(settings: Any, nonsense: Any) -> None:
    with serving(lambda *_question: nonsense) as server:
        settings.ROUTING = f"osrm+{server.url}"

        told = drives.to_places(HERE, [NEAR, FAR])

    assert told == drives.Drives(straight(NEAR, FAR), are_routed=False)


def test_a_server_that_fails_is_left_alone_for_a_minute() -> None:
    clock = [100.0]
    with serving(lambda *_question: {}) as outsider:
        asking = outside.Server(outsider.url, clock=lambda: clock[0])
        outsider.status = 500
        for _request in range(3):
            with pytest.raises(outside.NoAnswer):
                asking.get("/")
        assert len(outsider.asked) == 1

        outsider.status = 200
        clock[0] += outside.AWAY_SECONDS

        assert asking.get("/") == {}


def test_while_one_asks_whether_a_server_is_back_the_others_go_on_without_it() -> None:
    clock = [100.0]
    with serving(lambda *_question: {}) as outsider:
        asking = outside.Server(outsider.url, clock=lambda: clock[0])
        outsider.status = 500
        with pytest.raises(outside.NoAnswer):
            asking.get("/")
        clock[0] += outside.AWAY_SECONDS
        refused = []

        def answer(*_question: object) -> dict[str, str]:
            with pytest.raises(outside.NoAnswer, match="left alone"):
                asking.get("/")
            refused.append(True)
            return {}

        outsider.status, outsider.answer = 200, answer

        assert asking.get("/") == {}
        assert refused == [True]


def test_a_router_that_never_answers_costs_one_time_out(settings: Any) -> None:
    with serving(lambda *_question: SILENCE) as server:
        settings.ROUTING = f"osrm+{server.url}"
        for _request in range(3):
            assert drives.to_places(HERE, [FAR]).seconds == straight(FAR)

        assert len(server.asked) == 1


def test_one_refused_question_does_not_silence_the_router_for_others(router: Any) -> None:
    router.status = 400
    drives.to_places(HERE, [FAR])
    router.status = 200

    assert drives.to_places(HERE, [FAR]).are_routed


def test_without_a_router_drives_are_straight_lines(settings: Any) -> None:
    settings.ROUTING = ""

    assert drives.to_places(HERE, [NEAR, FAR]) == drives.Drives(straight(NEAR, FAR), are_routed=False)
    assert drives.to_places(HERE, []).seconds == ()
    assert drives.to_station(None, Station()) is None


@pytest.mark.django_db
def test_the_page_ranks_by_the_routers_times_and_says_quietly_when_it_has_none(router: Any, client: Client) -> None:
    Town(packs=1, name="Canal Street")

    routed = text(client.get("/", LISBON))
    router.status, router.answer = 500, lambda *_question: {}
    cache.clear()
    worked_out = text(client.get("/", LISBON))

    assert "Drive 10 min" in routed
    assert "Drive times are estimates" not in routed
    assert "till you drive away from Canal Street" in worked_out
    assert "Drive times are estimates" in worked_out


@pytest.mark.django_db
def test_a_promise_lasts_as_long_as_the_drive_that_the_router_told(router: Any) -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")
    client = signed_in(asha)
    client.get("/", LISBON)
    page = client.get(f"/stations/{town.station.network.code}/{town.station.code}/")
    offer = page.context["offer"]

    client.post(
        page.wsgi_request.path,
        {
            "vehicle": town.vehicle_of(asha).pk,
            "packs": 1,
            "method": "account",
            "key": "one",
            "tariff": town.tariff.pk,
        },
    )

    assert offer.found.station.drive_seconds == 600
    assert Booking.objects.get(driver=asha).drive_seconds == 600
