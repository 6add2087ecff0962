"""The face of My booking on which a pack that is not full is offered, its answers, and what staff and programs see."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.urls import reverse
from rest_framework.test import APIClient

from booking import live_fields, queries, snapshot
from booking.failures import settle_line
from booking.models import Booking, Offer
from booking.states import State
from stations import inventory
from stations.models import Pack
from tests.booking.console import Console
from tests.booking.driving import heading, signed_in, text
from tests.factories.booking import Town, states, time_passes

pytestmark = pytest.mark.django_db


@pytest.fixture
def town() -> Town:
    town = Town(packs=0)
    town.add_pack(soc_percent=72)
    return town


def offer_of(booking: Booking) -> Offer:
    return Offer.objects.open().get(booking=booking)


def look(booking: Booking) -> Any:
    assert booking.driver is not None
    return signed_in(booking.driver).get(reverse("booking:booking", args=[booking.public_id]))


def answer(booking: Booking, name: str, **typed: Any) -> Any:
    assert booking.driver is not None
    return signed_in(booking.driver).post(reverse(f"booking:{name}", args=[booking.public_id]), typed, follow=True)


def test_the_offer_says_what_it_holds_and_costs_against_waiting(town: Town) -> None:
    page = look(town.books(town.driver("Asha")))

    assert heading(page) == "To be had now, charged to 72 %"
    said = text(page)
    assert "Take it, about €14.89" in said
    assert "35.3 kWh, about €14.89" in said
    assert "90 % or more, about €19.75" in said
    assert "Keep waiting" in said


def test_the_countdown_runs_by_the_instant_of_our_clock_and_works_without_script(town: Town) -> None:
    asha = town.books(town.driver("Asha"))

    page = look(asha).content.decode()

    ends = offer_of(asha).ends_at
    assert re.search(rf'data-deadline="[^"]*{ends:%M:%S}\.{ends:%f}', page)
    assert page.count('form="act"') >= 2


def test_take_it_shows_the_promise_and_what_was_chosen(town: Town) -> None:
    asha = town.books(town.driver("Asha"))

    page = answer(asha, "take_offer", offer=offer_of(asha).pk)

    assert heading(page).startswith("Yours until")
    assert "You chose a pack that is not full." in text(page)


def test_keep_waiting_shows_the_line_again(town: Town) -> None:
    asha = town.books(town.driver("Asha"))

    page = answer(asha, "keep_waiting", offer=offer_of(asha).pk)

    assert "You keep your place, and wait for a full one." in text(page)
    assert "In line at" in text(page)


@pytest.mark.parametrize("typed", [{}, {"offer": "x\0"}, {"offer": -1}, {"offer": 10**30}, {"offer": 5}])
def test_an_answer_to_no_offer_is_refused_with_a_sentence(town: Town, typed: dict[str, Any]) -> None:
    asha = town.books(town.driver("Asha"))

    pages = [answer(asha, name, **typed) for name in ("take_offer", "keep_waiting")]

    assert all("This offer is over. You keep your place in line." in text(page) for page in pages)
    assert states([asha]) == [State.WAITING]


def test_another_drivers_offer_is_not_there(town: Town) -> None:
    asha, chitra = town.books(town.driver("Asha")), signed_in(town.driver("Chitra"))

    for name in ("take_offer", "keep_waiting"):
        refused = chitra.post(reverse(f"booking:{name}", args=[asha.public_id]), {"offer": offer_of(asha).pk})
        assert refused.status_code == 404

    assert states([asha]) == [State.WAITING]


def test_the_card_becomes_another_one_with_the_offer_and_with_its_end(town: Town) -> None:
    asha = town.books(town.driver("Asha"))
    offered = queries.card(asha)
    seen = snapshot.take(town.station.pk)

    time_passes(asha, minutes=1.1)
    after = queries.card(Booking.objects.get(pk=asha.pk))

    assert seen.stale_at == offered.offer.ends_at if offered.offer else False
    assert live_fields.shape(offered) != live_fields.shape(after)
    assert live_fields.say(offered) == "A pack that is charged to 72 percent is offered to you for a minute."
    assert after.offer is None


def test_staff_answer_the_offer_that_stood_on_their_page_and_no_later_one(town: Town) -> None:
    asha = town.arrives(town.books(town.driver("Asha")))
    console, first = Console(town), offer_of(asha)
    asked = console.get("act", asha.public_id, "take-offer").content.decode()
    town.add_pack(soc_percent=75)
    inventory.quarantine(pack=Pack.objects.get(offers__offer=first), reason="It smells.")
    settle_line(line_id=asha.line_id)
    later = offer_of(asha)

    page = console.does("take-offer", asha, offer=first.pk)

    assert f'name="offer" value="{first.pk}"' in asked
    assert f'name="offer" value="{later.pk}"' in page.content.decode()
    assert later.pk != first.pk
    assert states([asha]) == [State.WAITING]


def test_the_board_shows_what_is_offered_to_whom_and_staff_answer_for_who_is_here(town: Town) -> None:
    asha = town.books(town.driver("Asha"))
    console = Console(town)
    away = text(console.get("board"))
    refused = text(console.does("take-offer", asha))

    town.arrives(asha)
    here = text(console.get("board"))
    taken = text(console.does("take-offer", asha, offer=offer_of(asha).pk))

    assert "Is offered 72 % until" in away
    assert "Offered" in away
    assert "They take it" not in away
    assert "the driver is not here" in refused
    assert "They take it" in here
    assert "takes the pack that was offered." in taken
    assert states([asha]) == [State.ARRIVED]


def test_a_program_reads_the_offer_and_answers_it(town: Town) -> None:
    asha = town.driver("Asha")
    booking = town.books(asha)
    client = APIClient()
    client.force_authenticate(asha)
    here = f"/api/v1/bookings/{booking.public_id}/"

    offer = client.get(here).json()["offer"]
    stale = client.post(f"{here}offer/take/", {"offer": offer["id"] + 1}, format="json")
    taken = client.post(f"{here}offer/take/", {"offer": offer["id"]}, format="json").json()
    late = client.post(f"{here}late/").json()
    again = client.post(f"{here}late/")

    assert (offer["soc_percent"], offer["about"]) == (72, {"amount_minor": 1_489, "currency": "EUR"})
    assert (stale.status_code, stale.json()["code"]) == (409, "offer_over")
    assert (taken["state"], taken["took_below_target"], taken["offer"]) == ("promised", True, None)
    assert late["late_told_at"] is not None
    assert (again.status_code, again.json()["code"]) == (409, "already_done")


def test_a_program_can_say_that_its_driver_keeps_waiting(town: Town) -> None:
    asha = town.driver("Asha")
    booking = town.books(asha)
    client = APIClient()
    client.force_authenticate(asha)

    answered = client.post(
        f"/api/v1/bookings/{booking.public_id}/offer/keep-waiting/", {"offer": offer_of(booking).pk}, format="json"
    ).json()

    assert (answered["state"], answered["offer"], answered["place"]) == ("waiting", None, 1)


def test_the_demo_brings_an_offer_by_the_rules_of_the_line(town: Town, settings: Any) -> None:
    settings.DEMO = True
    simulated = town.driver("Asha")
    simulated.is_simulated = True
    simulated.save(update_fields=["is_simulated"])
    asha, bala = town.books(simulated), town.books(town.driver("Bala"))
    assert "Offer me a pack that is not full" in text(look(bala))

    page = signed_in(bala.driver).post(reverse("booking:demo", args=[bala.public_id, "offer"]), follow=True)  # type: ignore[arg-type]  # a booking of the app has one

    assert heading(page) == "To be had now, charged to 72 %"
    assert [offer.end_reason for offer in Offer.objects.filter(booking=asha)] == ["declined"]


def test_the_demo_says_when_there_is_nothing_to_offer(settings: Any) -> None:
    settings.DEMO = True
    town = Town(packs=1)
    town.books(town.driver("Asha"))
    bala = town.books(town.driver("Bala"))

    page = signed_in(bala.driver).post(reverse("booking:demo", args=[bala.public_id, "offer"]), follow=True)  # type: ignore[arg-type]  # a booking of the app has one

    assert "No pack can be offered to you just now." in text(page)
