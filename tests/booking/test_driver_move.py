"""The station that is offered when nobody can be served: on the card, its answers, and for staff and programs."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import reverse
from rest_framework.test import APIClient

from booking import live_fields, notice_words, presentation, queries, tasks, walk_in
from booking.models import Booking, MoveOffer, Notice
from booking.states import State
from stations import upkeep
from stations.models import Pack, Station
from tests.booking.console import Console
from tests.booking.driving import heading, signed_in, text
from tests.factories.booking import Town, states

pytestmark = pytest.mark.django_db


@pytest.fixture
def town() -> Town:
    return Town(packs=0, charging=1, name="Canal Street")


@pytest.fixture
def other(town: Town) -> Station:
    return town.second_station("Alfama Gate")


@pytest.fixture
def asha(town: Town, other: Station) -> Booking:
    """In line at a station that has stopped."""
    asha = town.books(town.driver("Asha"))
    upkeep.mark_station_down(station=town.station, reason="No power.", by=None)
    tasks.plan_moves()
    return asha


def offer_of(booking: Booking) -> MoveOffer:
    return MoveOffer.objects.open().get(booking=booking)


def look(booking: Booking) -> Any:
    assert booking.driver is not None
    return signed_in(booking.driver).get(reverse("booking:booking", args=[booking.public_id]))


def answer(booking: Booking, name: str, **typed: Any) -> Any:
    assert booking.driver is not None
    return signed_in(booking.driver).post(reverse(f"booking:{name}", args=[booking.public_id]), typed, follow=True)


def test_the_card_says_where_how_far_how_long_at_what_price_and_until_when(asha: Booking, other: Station) -> None:
    Station.objects.filter(pk=other.pk).update(address="Largo das Portas do Sol 2")

    page = look(asha)

    assert heading(page) == "Move to Alfama Gate with your place?"
    said = text(page)
    assert "Canal Street has stopped" in said
    assert "Where Largo das Portas do Sol 2" in said
    assert "Drive from Canal Street 6 min" in said
    assert "Wait there none" in said
    assert "about €19.75" in said
    assert f"Offered until {presentation.clock(offer_of(asha).ends_at, other.time_zone)}" in said
    assert "Move there" in said
    assert "Stay in line" in said
    assert page.content.decode().count('form="act"') >= 2


def test_an_offer_is_another_answer_than_a_station_that_has_stopped(asha: Booking) -> None:
    offer = offer_of(asha)

    asked, stayed = look(asha).content.decode(), answer(asha, "stay", offer=offer.pk).content.decode()

    assert f'data-face="down-{offer.pk}"' in asked
    assert 'data-title="You may move · Canal Street"' in asked
    assert 'data-face="down"' in stayed
    assert 'data-title="Stopped · Canal Street"' in stayed


def test_where_only_the_bay_has_failed_the_card_says_so_and_until_when_a_pack_is_kept_here() -> None:
    town = Town(packs=1, name="Canal Street")
    town.second_station("Alfama Gate")
    asha = town.books(town.driver("Asha"))
    upkeep.take_bay_out_of_service(bay=town.bay, reason="The lift is stuck.", by=None)
    tasks.plan_moves()

    page = look(asha)

    assert heading(page) == "Move to Alfama Gate with your place?"
    assert "No bay works at Canal Street now." in text(page)
    assert "Canal Street: Kept until" in text(page)


def test_one_tap_moves(asha: Booking, other: Station) -> None:
    page = answer(asha, "move", offer=offer_of(asha).pk)

    assert "You have moved, and your place came with you." in text(page)
    assert heading(page).startswith("Yours until")
    assert Booking.objects.get().station == other


def test_who_waits_at_the_new_station_reads_why_they_are_there(town: Town, other: Station) -> None:
    Pack.objects.filter(station=other).update(soc_percent=40)
    asha = town.books(town.driver("Asha"))
    upkeep.mark_station_down(station=town.station, reason="No power.", by=None)
    tasks.plan_moves()

    page = answer(asha, "move", offer=offer_of(asha).pk)

    assert "You could not be served where you had booked." in text(page)


def test_who_is_passed_reads_why(town: Town, other: Station) -> None:
    Pack.objects.filter(station=other).update(soc_percent=40)
    asha, bala = town.books(town.driver("Asha")), town.books(town.driver("Bala"), station=other)
    upkeep.mark_station_down(station=town.station, reason="No power.", by=None)
    tasks.plan_moves()
    answer(asha, "move", offer=offer_of(asha).pk)

    assert "They had joined before you, and moved here with their place." in text(look(bala))


def test_staying_shows_the_place_again(asha: Booking) -> None:
    page = answer(asha, "stay", offer=offer_of(asha).pk)

    assert "You stay in line, with your place." in text(page)
    assert heading(page) == "You keep place 1, and it costs you nothing"


def test_when_it_is_over_meanwhile_the_tap_is_answered_with_a_sentence(asha: Booking, other: Station) -> None:
    upkeep.close_station(station=other, reason="A flood.", by=None)

    page = answer(asha, "move", offer=offer_of(asha).pk)

    assert "Alfama Gate has stopped meanwhile. You keep your place" in text(page)
    assert states([asha]) == [State.WAITING]


@pytest.mark.parametrize("typed", [{}, {"offer": "x\0"}, {"offer": -1}, {"offer": 10**30}, {"offer": 5}])
def test_an_answer_to_no_offer_is_refused_with_a_sentence(asha: Booking, typed: dict[str, Any]) -> None:
    pages = [answer(asha, name, **typed) for name in ("move", "stay")]

    assert all("This station is not offered to you any more." in text(page) for page in pages)


def test_another_drivers_offer_is_not_there(town: Town, asha: Booking) -> None:
    chitra = signed_in(town.driver("Chitra"))

    for name in ("move", "stay"):
        refused = chitra.post(reverse(f"booking:{name}", args=[asha.public_id]), {"offer": offer_of(asha).pk})
        assert refused.status_code == 404

    assert states([asha]) == [State.WAITING]


def test_a_phone_that_shows_the_card_fetches_it_anew_when_a_station_is_offered(asha: Booking) -> None:
    before = live_fields.shape(queries.card(asha))
    MoveOffer.objects.all().delete()

    assert live_fields.shape(queries.card(asha)) != before
    assert "may move" not in live_fields.say(queries.card(asha))


def test_what_is_pushed_names_the_station_and_how_far_it_is(asha: Booking) -> None:
    said = notice_words.of(Notice.objects.get(kind="may_move"))

    assert said.title == "You may move to Alfama Gate with your place"
    assert said.body == "Nobody can be served at Canal Street. It is 6 min from there, and one tap."


def test_staff_see_who_may_move(town: Town, asha: Booking) -> None:
    console = Console(town)

    assert "may move to Alfama Gate" in text(console.get("board"))


def test_staff_move_a_walk_in_who_stands_before_them(town: Town, other: Station) -> None:
    vehicle = {"country": "PT", "plate": "AA 12 BB", "pack_class": town.pack_class, "packs": 1}
    Station.objects.filter(pk__in=(town.station.pk, other.pk)).update(takes_cash=True, owner=town.station.owner)
    town.station.refresh_from_db()
    guest = walk_in.join(station=town.station, method="cash", by=town.staff, **vehicle)
    upkeep.mark_station_down(station=town.station, reason="No power.", by=None)
    tasks.plan_moves()
    console = Console(town)

    page = console.get("booking", guest.public_id)
    asked = console.get("act", guest.public_id, "move")
    moved = console.does("move", guest, offer=offer_of(guest).pk)

    assert "They move there" in text(page)
    assert "Station Alfama Gate" in text(asked)
    assert "has moved to the other station." in text(moved)
    assert Booking.objects.get().station == other


def test_staff_move_nobody_to_a_station_that_was_not_on_their_page(town: Town, other: Station) -> None:
    asha = town.arrives(town.books(town.driver("Asha")))
    upkeep.mark_station_down(station=town.station, reason="No power.", by=None)
    tasks.plan_moves()

    page = Console(town).does("move", asha, offer=offer_of(asha).pk + 1)

    assert f'name="offer" value="{offer_of(asha).pk}"' in page.content.decode()
    assert Booking.objects.get().station == town.station


def test_staff_do_not_answer_for_who_is_on_the_way(town: Town, asha: Booking) -> None:
    refused = Console(town).does("move", asha)

    assert "or the driver is not here" in text(refused)
    assert states([asha]) == [State.WAITING]


def test_who_was_moved_by_staff_is_told(town: Town, other: Station) -> None:
    asha = town.arrives(town.books(town.driver("Asha")))
    upkeep.mark_station_down(station=town.station, reason="No power.", by=None)
    tasks.plan_moves()

    Console(town).does("move", asha, offer=offer_of(asha).pk)

    assert notice_words.of(Notice.objects.get(kind="moved")).title == "You have moved to Alfama Gate"


def test_programs_move_and_stay_by_the_same_rules(asha: Booking, other: Station) -> None:
    phone = APIClient()
    phone.force_authenticate(asha.driver)
    address = f"/api/v1/bookings/{asha.public_id}/"
    shown = phone.get(address).json()["move"]

    moved = phone.post(f"{address}move/", {"offer": shown["id"]}, format="json")
    over = phone.post(f"{address}move/stay/", {"offer": shown["id"]}, format="json")

    assert (shown["cause"], shown["station_name"], shown["about"]["amount_minor"]) == ("station", "Alfama Gate", 1975)
    assert (moved.status_code, moved.json()["station"]["id"], moved.json()["move"]) == (200, other.pk, None)
    assert (over.status_code, over.json()["code"]) == (409, "move_over")
