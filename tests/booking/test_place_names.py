"""Towns by name: in our four scripts, with and without accents, and asked about when only the driver can tell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from booking import gazetteer, place_keys, place_search
from booking.models import PlaceName
from stations.geo import Place
from tests.booking.driving import heading, text
from tests.booking.outside_servers import SILENCE, serving
from tests.factories.booking import Town

pytestmark = pytest.mark.django_db


def town(number: int, name: str, country: str, people: int, *others: str, at: tuple[float, float] = (0, 0)) -> Any:
    latitude, longitude = at
    return {
        "geonameid": number,
        "name": name,
        "countrycode": country,
        "admin1code": "09",
        "population": people,
        "latitude": latitude,
        "longitude": longitude,
        "alternatenames": list(others),
    }


TOWNS = [
    town(1, "Faro", "PT", 70_000, "FAO", "faro", "Фару", at=(37.0187, -7.9272)),
    town(2, "Faro", "BR", 8_700, at=(-2.1714, -56.745)),
    town(3, "Lagos", "NG", 15_388_000, at=(6.4541, 3.3947)),
    town(4, "Lagos", "PT", 33_494, at=(37.102, -8.6742)),
    town(5, "Paris", "FR", 2_138_551, at=(48.8534, 2.3488)),
    town(6, "Paris", "US", 24_171, at=(33.6609, -95.5555)),
    town(7, "Bangkok", "TH", 5_104_476, "กรุงเทพมหานคร", "Krung Thep", at=(13.754, 100.5014)),
    town(8, "Shenzhen", "CN", 17_494_398, "深圳", "深圳市", "shen zhen", at=(22.5455, 114.0683)),
    town(9, "São João da Madeira", "PT", 21_102, at=(40.9005, -8.4908)),
    town(10, "Belém", "BR", 1_303_000, at=(-1.4558, -48.5044)),
    town(11, "Yekaterinburg", "RU", 1_495_066, at=(56.8519, 60.6122)),
    town(12, "Verkhnyaya Salda", "RU", 45_000, "Salda", at=(58.0467, 60.5554)),
    town(13, "Nizhnyaya Salda", "RU", 17_000, "Salda", at=(58.0748, 60.7028)),
    town(14, "Salda Reka", "RU", 2_500, at=(58.5, 61.5)),
    town(15, "Salda Reka", "RU", 1_300, at=(58.9, 61.9)),
]


@pytest.fixture(autouse=True)
def _filled() -> Iterator[None]:
    cache.clear()
    gazetteer.fill(TOWNS, region_names={("US", "09"): "Texas"}, edition="test")
    yield
    cache.clear()


def names(words: str, near: Place | None = None) -> list[str]:
    return [f"{one.name}, {one.where}" for one in place_search.meant(words, near=near).places]


@pytest.mark.parametrize("words", ["sao joao da madeira", "SÃO JOÃO DA MADEIRA", "São  João-da-Madeira", "sao joao"])
def test_accents_capitals_and_dashes_do_not_matter(words: str) -> None:
    assert [one.place for one in place_search.meant(words, near=None).places] == [Place(40.9005, -8.4908)]


@pytest.mark.parametrize(("words", "is_at"), [("กรุงเทพ", 13.754), ("深圳", 22.5455), ("深圳市", 22.5455)])
def test_a_town_is_found_in_the_drivers_own_script(words: str, is_at: float) -> None:
    assert [one.place.latitude for one in place_search.meant(words, near=None).places] == [is_at]


def test_a_name_of_several_towns_is_asked_about_with_region_and_country() -> None:
    assert names("Faro") == ["Faro, Portugal", "Faro, region of Belém, Brazil"]


def test_towns_that_one_region_calls_alike_are_told_apart() -> None:
    assert names("Salda") == [
        "Salda, Verkhnyaya Salda, region of Yekaterinburg, Russia",
        "Salda, Nizhnyaya Salda, region of Yekaterinburg, Russia",
    ]
    assert names("Salda Reka") == [
        "Salda Reka, 2,500 people, region of Yekaterinburg, Russia",
        "Salda Reka, 1,300 people, region of Yekaterinburg, Russia",
    ]


def test_a_much_larger_namesake_is_meant_unless_another_lies_where_we_have_stations() -> None:
    assert names("Paris") == ["Paris, France"]
    assert names("Lagos") == ["Lagos, Nigeria"]
    cache.clear()
    Town(packs=1)

    assert names("Lagos") == ["Lagos, region of Faro, Portugal", "Lagos, Nigeria"]


def test_what_stands_behind_a_comma_is_the_country_or_the_region() -> None:
    assert names("Lagos, Portugal") == ["Lagos, region of Faro, Portugal"]
    assert names("Paris, Texas") == ["Paris, Texas, United States"]
    with translation.override("pt"):
        assert [one.place.latitude for one in place_search.meant("Faro, Brasil", near=None).places] == [-2.1714]


def test_the_namesake_at_hand_stands_first() -> None:
    Town(packs=1, country="NG")

    assert names("Lagos")[0] == "Lagos, Nigeria"
    assert names("Faro", near=Place(-2.0, -56.0))[0] == "Faro, region of Belém, Brazil"


def test_names_that_nobody_types_are_not_taken() -> None:
    keys = set(PlaceName.objects.filter(town__in=(1, 8)).values_list("key", flat=True))

    assert keys == {"faro", "shenzhen", "深圳", "深圳市"}


def test_filling_again_leaves_the_same_rows() -> None:
    before = PlaceName.objects.count()

    gazetteer.fill(TOWNS, region_names={}, edition="test 2")

    assert PlaceName.objects.count() == before


@pytest.mark.parametrize("words", ["", "a", "%", "_", "far%", "\\", ",", "Faro, Mars", "x" * 5000])
def test_what_is_no_name_finds_nothing(words: str) -> None:
    assert place_search.meant(words, near=None).places == []


@given(st.text(max_size=40))
def test_a_key_is_its_own_key(name: str) -> None:
    key = place_keys.key(name)

    assert place_keys.key(key) == key


# --- On the page -----------------------------------------------------------------------------------------------------


def test_the_page_asks_which_faro_and_each_answer_is_one_tap(client: Client) -> None:
    Town(packs=1, name="Canal Street", address="Travessa do Farolim 3")

    page = client.get("/", {"q": "Faro"})

    assert heading(page) == "Which Faro?"
    assert "Brazil" in text(page)
    address = page.context["namesakes"][0][1]
    assert "From Faro" in text(client.get(address))
    assert "From Faro" in text(client.get("/"))


def test_our_own_station_comes_before_a_town_of_its_name(client: Client) -> None:
    Town(packs=1, name="Paris", latitude=38.7223)

    assert "till you drive away from Paris" in text(client.get("/", {"q": "paris"}))


@pytest.mark.parametrize("words", ["cais do sodre", "Cais do Sodré", "rebocador", "REBOCADOR 4"])
def test_our_stations_are_found_without_their_accents(client: Client, words: str) -> None:
    Town(packs=1, name="Cais do Sodré", address="Travessa do Rebocador 4")

    assert "till you drive away from Cais do Sodré" in text(client.get("/", {"q": words}))


def test_suggestions_lead_to_the_search_from_there(client: Client) -> None:
    Town(packs=1, name="Farol", city="")

    places = client.get("/places/", {"q": "far"}).json()["places"]

    assert [place["name"] for place in places] == ["Farol", "Faro", "Faro"]
    assert "lat=37.01870" in places[1]["address"]
    assert client.get("/places/", {"q": "\0"}).json() == {"places": []}
    assert client.get("/places/").json() == {"places": []}
    assert client.post("/places/").status_code == 405


def test_who_copies_the_gazetteer_is_slowed_down(client: Client) -> None:
    answers = {client.get("/places/", {"q": "f"}).status_code for _question in range(302)}

    assert answers == {200, 429}


# --- The operator's own geocoder -------------------------------------------------------------------------------------


def result(name: str, latitude: Any = "38.7", longitude: Any = "-9.1") -> dict[str, Any]:
    return {"lat": latitude, "lon": longitude, "display_name": name, "importance": 0.4}


@pytest.fixture
def geocoder(settings: Any) -> Iterator[Any]:
    """Knows one street."""
    with serving(lambda *_question: [result("Rua da Prata, Lisboa, Portugal")]) as server:
        settings.GEOCODER_URL = server.url
        settings.GEOCODER_ATTRIBUTION = "© Map people"
        yield server


def test_an_address_is_asked_of_the_geocoder_once_and_its_source_is_named(client: Client, geocoder: Any) -> None:
    pages = [client.get("/", {"q": "Rua da Prata 12"}) for _visit in range(2)]

    assert all("From Rua da Prata" in text(page) for page in pages)
    assert "© Map people" in text(pages[0])
    [(path, question, headers)] = geocoder.asked
    assert (path, question["q"], question["format"]) == ("/search", "Rua da Prata 12", "jsonv2")
    assert headers["User-Agent"].startswith("Swapline")


def test_within_one_second_the_geocoder_is_asked_once(client: Client, geocoder: Any) -> None:
    client.get("/", {"q": "Rua da Prata 12"})

    page = client.get("/", {"q": "Rua do Ouro 3"})

    assert len(geocoder.asked) == 1
    assert "We know no place called" in text(page)


@pytest.mark.parametrize(
    "answer",
    [
        SILENCE,
        b"nonsense",
        {"error": "no"},
        [],
        [None, 3, {}, {"lat": 10**400, "lon": "1", "display_name": "X"}, {"lat": "x", "lon": "1", "display_name": "X"}],
        [result("X", "999", "0"), result("X", "nan", "0"), result("", "1", "1"), result("A\0B", "1", "1")],
    ],
    ids=lambda answer: str(answer)[:20],
)
def test_when_the_geocoder_knows_nothing_the_names_of_towns_answer(client: Client, geocoder: Any, answer: Any) -> None:
    geocoder.answer = lambda *_question: answer

    page = client.get("/", {"q": "Paris"})

    assert page.status_code == 200
    assert "From Paris" in text(page)


def test_results_far_from_each_other_are_asked_about(client: Client, geocoder: Any) -> None:
    geocoder.answer = lambda *_question: [
        result("Rua da Prata, Lisboa", "38.71", "-9.137"),
        result("Rua da Prata, Lisboa, again", "38.711", "-9.137"),
        result("Rua da Prata, Évora", "38.57", "-7.9"),
    ]

    page = client.get("/", {"q": "Rua da Prata"})

    assert heading(page) == "Which Rua da Prata?"
    assert len(page.context["namesakes"]) == 2


def test_typing_asks_nobody_outside(client: Client, geocoder: Any) -> None:
    client.get("/places/", {"q": "Rua da"})

    assert geocoder.asked == []
