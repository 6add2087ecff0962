"""What may lie under the stations, and what is refused before it could show a broken map."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from booking import map_tiles
from config.checks import the_map_can_be_drawn
from tests.booking.driving import LISBON
from tests.factories.booking import Town

XYZ = "https://tiles.example.com/street/{z}/{x}/{y}.png"
ELSEWHERE = "https://maps.example.com/portugal.pmtiles"


def drawn(said: str, attribution: str = "", datum: str = "wgs84") -> map_tiles.Tiles:
    return map_tiles.tiles(said, attribution=attribution, datum=datum)


def policy_of(page: Any) -> dict[str, str]:
    parts = (part.strip().partition(" ") for part in page.headers["Content-Security-Policy"].split(";"))
    return {name: sources for name, _, sources in parts}


def test_without_tiles_the_ground_is_drawn_and_nobody_else_is_asked() -> None:
    assert drawn("") == map_tiles.Tiles()


def test_pictures_come_from_their_own_origin_under_their_owners_name() -> None:
    tiles = drawn(XYZ, "© Somebody")

    assert (tiles.kind, tiles.origin, tiles.attribution) == ("raster", "https://tiles.example.com", "© Somebody")


def test_an_archive_elsewhere_is_asked_by_the_browser_and_one_here_served_by_us() -> None:
    elsewhere, here = drawn(ELSEWHERE), drawn("/srv/tiles/portugal.pmtiles")

    assert (elsewhere.kind, elsewhere.origin, elsewhere.archive) == ("vector", "https://maps.example.com", None)
    assert (here.kind, here.origin, here.archive) == ("vector", "", Path("/srv/tiles/portugal.pmtiles"))
    assert elsewhere.attribution == here.attribution == "© OpenStreetMap"


@pytest.mark.parametrize(
    ("said", "attribution", "datum", "because"),
    [
        (XYZ, "", "wgs84", "MAP_ATTRIBUTION"),
        ("https://tiles.example.com/{z}.png", "©", "wgs84", "{x}"),
        ("https://{s}.tiles.example.com/{z}/{x}/{y}.png", "©", "wgs84", "one server"),
        ("https://a.example.com;script-src *//{z}/{x}/{y}", "©", "wgs84", "one server"),
        ("https:///{z}/{x}/{y}.png", "©", "wgs84", "one server"),
        ("ftp://tiles.example.com/a.pmtiles", "", "wgs84", "http"),
        ("on", "", "wgs84", "pmtiles"),
        (XYZ, "©", "bd09", "MAP_DATUM"),
        ("", "", "bd09", "MAP_DATUM"),
    ],
)
def test_what_cannot_be_drawn_is_refused_before_swapline_starts(
    settings: Settings, said: str, attribution: str, datum: str, because: str
) -> None:
    settings.MAP_TILES, settings.MAP_ATTRIBUTION, settings.MAP_DATUM = said, attribution, datum

    (problem,) = the_map_can_be_drawn()

    assert problem.id == "swapline.E030"
    assert because in problem.msg


@pytest.mark.parametrize(
    ("said", "https", "problem"),
    [
        ("", True, []),
        (XYZ, True, []),
        ("https://tile.openstreetmap.org/{z}/{x}/{y}.png", True, ["swapline.W030"]),
        ("https://a.tile.openstreetmap.org/{z}/{x}/{y}.png", True, ["swapline.W030"]),
        ("https://notopenstreetmap.org/{z}/{x}/{y}.png", True, []),
        ("http://tiles.example.com/{z}/{x}/{y}.png", True, ["swapline.W031"]),
        ("http://127.0.0.1:8200/{z}/{x}/{y}.png", False, []),
        ("/no/such/file.pmtiles", True, ["swapline.E031"]),
    ],
)
def test_what_would_go_wrong_later_is_told_at_the_start(
    settings: Settings, said: str, https: bool, problem: list[str]
) -> None:
    settings.MAP_TILES, settings.MAP_ATTRIBUTION, settings.HTTPS = said, "© Somebody", https

    assert [found.id for found in the_map_can_be_drawn()] == problem


@pytest.mark.django_db
@pytest.mark.parametrize(("said", "directive"), [(XYZ, "img-src"), (ELSEWHERE, "connect-src")])
def test_only_a_page_with_a_map_may_ask_the_tile_server_and_in_one_way_only(
    client: Client, settings: Settings, said: str, directive: str
) -> None:
    settings.MAP_TILES, settings.MAP_ATTRIBUTION = said, "© Somebody"
    usual = policy_of(client.get("/rules/"))
    Town(packs=1)

    with_map = policy_of(client.get("/", LISBON))

    origin = map_tiles.configured().origin
    assert origin not in " ".join(usual.values())
    assert {name for name, sources in with_map.items() if origin in sources} == {directive}


@pytest.mark.django_db
def test_a_page_with_our_own_ground_has_the_usual_policy(client: Client) -> None:
    usual = policy_of(client.get("/rules/"))
    Town(packs=1)

    with_map = policy_of(client.get("/", LISBON))

    assert {name: with_map[name] for name in ("img-src", "connect-src")} == {
        name: usual[name] for name in ("img-src", "connect-src")
    }


class TestOwnArchive:
    """The file that MAP_TILES names, read in parts."""

    @pytest.fixture(autouse=True)
    def _archive(self, tmp_path: Path, settings: Settings) -> None:
        (tmp_path / "streets.pmtiles").write_bytes(bytes(range(200)))
        (tmp_path / "secret.pmtiles").write_bytes(b"not for you")
        settings.MAP_TILES = str(tmp_path / "streets.pmtiles")

    def test_a_range_is_answered_with_that_range(self, client: Client) -> None:
        answer = client.get("/tiles/streets.pmtiles", headers={"range": "bytes=10-19"})

        assert answer.status_code == 206
        assert answer.headers["Content-Range"] == "bytes 10-19/200"
        assert b"".join(answer) == bytes(range(10, 20))

    def test_a_range_that_ends_behind_the_file_ends_with_it(self, client: Client) -> None:
        answer = client.get("/tiles/streets.pmtiles", headers={"range": "bytes=190-16383"})

        assert answer.status_code == 206
        assert b"".join(answer) == bytes(range(190, 200))

    @pytest.mark.parametrize(
        "asked",
        ["", "bytes=0-", "bytes=-5", "bytes=5-2", "bytes=0-99999999", "bytes=0-1,4-5", "lines=1-2", "bytes=²-³"],
    )
    def test_whoever_wants_more_than_a_part_gets_nothing(self, client: Client, asked: str) -> None:
        answer = client.get("/tiles/streets.pmtiles", headers={"range": asked} if asked else {})

        assert answer.status_code == 416
        assert answer.content == b""

    def test_an_unchanged_archive_is_not_read_again(self, client: Client) -> None:
        first = client.get("/tiles/streets.pmtiles", headers={"range": "bytes=0-9"})
        b"".join(first)

        again = client.get(
            "/tiles/streets.pmtiles", headers={"range": "bytes=0-9", "if-none-match": first.headers["ETag"]}
        )

        assert again.status_code == 304

    @pytest.mark.parametrize("name", ["secret.pmtiles", "..%2Fsecret.pmtiles", "streets.pmtiles%00", "x" * 5000])
    def test_no_other_file_of_the_folder_is_served(self, client: Client, name: str) -> None:
        assert client.get(f"/tiles/{name}", headers={"range": "bytes=0-9"}).status_code == 404

    def test_without_an_archive_there_is_nothing(self, client: Client, settings: Settings) -> None:
        settings.MAP_TILES = ""

        assert client.get("/tiles/streets.pmtiles", headers={"range": "bytes=0-9"}).status_code == 404
