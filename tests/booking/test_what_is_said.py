"""What somebody hears who does not see the card: the same as what stands there, and said when it matters."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from booking import live_fields, queries
from booking.models import Booking
from tests.booking import test_driver_booking as lived
from tests.booking.driving import heading, text
from tests.booking.test_driver_reserve import tap
from tests.factories.booking import Town

pytestmark = pytest.mark.django_db


def said(booking: Booking) -> str:
    return live_fields.say(queries.card(queries.booking_with_id(booking.pk)))


def test_the_call_of_the_bay_is_urgent_says_until_when_and_what_comes_next() -> None:
    booking = lived.called(Town(packs=1))

    page = lived.page_of(booking)

    assert re.fullmatch(r"It is your turn: drive into the bay now\. It waits for you until \d\d:\d\d\.", said(booking))
    assert "data-say-now" in page.content.decode()
    assert "Next: Drive in and stop." in text(page)
    assert "in the order in which they arrived" not in text(page)


def test_who_waits_at_the_bay_is_not_interrupted() -> None:
    booking = lived.arrived(Town(packs=1))

    assert said(booking) == "You are next at the bay."
    assert "data-say-now" not in lived.page_of(booking).content.decode()


def test_a_promise_is_told_with_its_end_so_that_another_end_is_told_as_well() -> None:
    booking = lived.promised(Town(packs=1))
    before = said(booking)

    lived.act(booking, "extend")

    assert re.fullmatch(r"A pack is kept for you until \d\d:\d\d\.", before)
    assert said(booking) != before


@pytest.mark.parametrize(
    ("how", "why"),
    [
        (lived.overdue, "Your promise has ended"),
        (lived.refused, "Your payment was refused"),
        (lived.cancelled_by_staff, "The station has cancelled your booking"),
        (lived.cancelled_by_herself, "Cancelled"),
    ],
)
def test_why_a_booking_has_ended_is_said_as_it_is_shown(how: Callable[[Town], Booking], why: str) -> None:
    booking = how(Town(packs=1))

    assert said(booking) == why
    assert heading(lived.page_of(booking)) == why


@pytest.mark.parametrize(
    ("how", "title"),
    [
        (lived.waiting, "In line"),
        (lived.promised, r"Kept until \d\d:\d\d"),
        (lived.called, "Your turn"),
        (lived.overdue, "Your promise has ended"),
    ],
)
def test_the_page_is_named_by_how_the_booking_stands(how: Callable[[Town], Booking], title: str) -> None:
    town = Town(packs=1)
    page = lived.page_of(how(town)).content.decode()

    assert re.search(rf"<title>{title} · {town.station.name} · Swapline</title>", page)
    assert re.search(rf'data-title="{title} · {town.station.name}"', page)


def test_the_sentence_for_the_ear_is_not_read_a_second_time_in_the_card() -> None:
    page = lived.page_of(lived.promised(Town(packs=1))).content.decode()

    assert "<p hidden data-say" in page


def test_the_question_about_cancelling_comes_with_its_card_and_an_older_one_is_not_answered() -> None:
    town = Town(packs=1)
    booking = lived.promised(town)

    answer = lived.act(booking, "cancel", asked="waiting")

    assert "Your booking has changed meanwhile" in text(answer)
    assert Booking.objects.get(pk=booking.pk).state == "promised"
    assert booking.driver is not None
    card = lived.signed_in(booking.driver).get(f"/b/{booking.public_id}/card/").content.decode()
    assert 'data-asks-of="promised"' in card
    assert "In the last 5 minutes of a promise this counts as a no-show." in card
    lived.act(booking, "cancel", asked="promised")
    assert Booking.objects.get(pk=booking.pk).state == "cancelled"


def test_what_was_done_takes_the_focus_since_a_region_full_from_the_start_is_not_read() -> None:
    page = lived.act(lived.promised(Town(packs=1)), "extend").content.decode()

    message = re.search(r'<div class="notice notice--ok"[^>]*>', page)
    assert message is not None
    assert 'tabindex="-1" autofocus' in message[0]
    assert "You have 10 more minutes." in page


def test_after_reserving_the_focus_goes_to_the_answer() -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")
    client = lived.signed_in(asha)

    page = client.get(tap(client, town, asha)["Location"]).content.decode()

    assert "data-answered" in page
    assert '<div class="notice' not in page[page.index('id="messages"') : page.index("<!--/messages-->")]


def test_the_code_of_another_poster_and_of_none_are_two_mistakes_and_both_stand_at_the_field() -> None:
    town = Town(packs=1)
    booking = lived.promised(town)
    others = Town(packs=1).station.poster_token

    unknown, wrong = lived.act(booking, "here", poster="ZZZ"), lived.act(booking, "here", poster=others)

    page = unknown.content.decode()
    assert unknown.status_code == 409
    assert "No poster of ours has this code." in text(unknown)
    assert re.search(r'<input[^>]*name="poster"[^>]*value="ZZZ"[^>]*aria-invalid="true"', page)
    assert "<title>Error:" in page
    assert "This poster belongs to another station." in text(wrong)
