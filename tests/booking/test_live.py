"""Live sockets: whole snapshots on connect and on change, to those alone whose business it is."""

from __future__ import annotations

import json
from itertools import chain, repeat
from unittest import mock

import pytest
from django.contrib.sessions.models import Session

from accounts import membership, people
from booking import lifecycle, live_fields, queries, snapshot, watching
from booking.models import Booking
from booking.phones import Phone
from stations import inventory, upkeep
from tests.booking.sockets import Socket, cookie_of, in_thread, opened, run
from tests.factories.booking import Town, time_passes
from tests.factories.stations import PostFactory

pytestmark = pytest.mark.django_db(transaction=True)


def _path(booking: Booking) -> str:
    return f"/ws/bookings/{booking.public_id}/"


def _phone_with_an_old_card(booking: Booking) -> Phone:
    nobody: mock.AsyncMock = mock.AsyncMock()
    return Phone(
        send=nobody, close=nobody, right=mock.Mock(), booking_id=booking.pk, language="en", came_with="waiting-0"
    )


def _cancels(booking: Booking) -> None:
    lifecycle.cancel(booking=booking, by=booking.driver)


def test_a_driver_is_told_the_whole_of_the_booking_on_connecting() -> None:
    town = Town(packs=1)
    town.books(town.driver("Asha"))
    bala = town.books(town.driver("Bala"))
    cookie = cookie_of(bala.driver)

    async def story() -> None:
        async with opened(_path(bala), cookie=cookie) as socket:
            told = await socket.snapshot()

            assert told["type"] == "snapshot"
            assert told["shape"].startswith("waiting-")
            assert (told["fields"]["place"], told["fields"]["of"]) == ("1", "1")
            assert told["version"] == (await in_thread(snapshot.version_of, town.station.pk))[0]

    run(story)


def test_a_phone_that_comes_back_with_another_card_is_given_the_one_that_holds_now() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))
    cookie = cookie_of(asha.driver)

    async def story() -> None:
        async with opened(f"{_path(asha)}?shape=waiting-00000000&lang=pt", cookie=cookie) as socket:
            told = await socket.snapshot()
        async with opened(f"{_path(asha)}?shape={told['shape']}&lang=pt", cookie=cookie) as socket:
            again = await socket.snapshot()

        assert f'data-shape="{told["shape"]}"' in told["card"]
        assert asha.code[:3] in told["card"]
        assert "card" not in again

    run(story)


def test_a_crowd_that_comes_back_fetches_its_cards() -> None:
    town = Town(packs=0)
    bookings = [town.books(town.driver(f"Driver {number}")) for number in range(3)]
    phones = [_phone_with_an_old_card(b) for b in bookings]
    seen = snapshot.take(town.station.pk)

    with mock.patch.object(watching, "CARDS_SENT", 2):
        messages, _strayed = watching._for_drivers(seen, phones, seen.at)

    assert sum('"card"' in text for _phone, text in messages) == 2


def test_the_card_that_is_sent_is_of_the_snapshot_whose_shape_stands_beside_it() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))
    seen = snapshot.take(town.station.pk)

    with mock.patch.object(snapshot, "take") as another_look:
        ((_phone, text),), _strayed = watching._for_drivers(seen, [_phone_with_an_old_card(asha)], seen.at)

    told = json.loads(text)
    assert f'data-shape="{told["shape"]}"' in told["card"]
    another_look.assert_not_called()


def test_where_the_station_has_stopped_no_look_waits_for_a_router() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))
    upkeep.mark_station_down(station=town.station, reason="The lift is stuck", by=None)
    seen = snapshot.take(town.station.pk)

    with mock.patch.object(watching.live_card.elsewhere, "of_booking") as search:
        ((_phone, text),), _strayed = watching._for_drivers(seen, [_phone_with_an_old_card(asha)], seen.at)

    assert "card" not in json.loads(text)
    search.assert_not_called()


def test_everybody_in_line_hears_of_a_change_with_their_own_place() -> None:
    town = Town(packs=0)
    asha, bala, chitra = (town.books(town.driver(name)) for name in ("Asha", "Bala", "Chitra"))
    cookies = [cookie_of(b.driver) for b in (bala, chitra)]

    async def story() -> None:
        async with opened(_path(bala), cookie=cookies[0]) as second, opened(_path(chitra), cookie=cookies[1]) as third:
            before = [await second.snapshot(), await third.snapshot()]

            await in_thread(_cancels, asha)

            after = [
                await second.snapshot_where(lambda told: told["version"] > before[0]["version"]),
                await third.snapshot_where(lambda told: told["version"] > before[1]["version"]),
            ]
            assert [told["fields"]["place"] for told in (*before, *after)] == ["2", "3", "1", "2"]

    run(story)


def test_the_socket_says_what_the_page_would_say() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))
    cookie = cookie_of(asha.driver)

    async def story() -> None:
        async with opened(_path(asha), cookie=cookie) as socket:
            told = await socket.snapshot()

            card = await in_thread(lambda: queries.card(queries.booking_of(asha.driver, asha.public_id)))
            assert told["shape"] == live_fields.shape(card)
            assert told["fields"] == live_fields.fields(card)

    run(story)


def test_a_promise_that_runs_out_is_told_by_the_clock_alone() -> None:
    town = Town(packs=1)
    asha, bala = town.books(town.driver("Asha")), town.books(town.driver("Bala"))
    time_passes(asha, minutes=9.9)
    cookie = cookie_of(bala.driver)

    async def story() -> None:
        async with opened(_path(bala), cookie=cookie) as socket:
            told = await socket.snapshot()
            assert told["shape"].startswith("waiting-")

            later = await socket.snapshot_where(lambda told: told["shape"].startswith("promised-"), seconds=15)

            assert later["version"] == told["version"]

    run(story)


def test_a_snapshot_is_built_once_for_all_phones_of_a_station() -> None:
    town = Town(packs=0)
    bookings = [town.books(town.driver(f"Driver {number}")) for number in range(6)]
    cookies = [cookie_of(b.driver) for b in bookings]

    async def story() -> None:
        sockets = [Socket(_path(b), cookie=c) for b, c in zip(bookings, cookies, strict=True)]
        for socket in sockets:
            assert await socket.opens()
        for socket in sockets:
            await socket.snapshot()
        with mock.patch.object(watching.snapshot, "take", wraps=snapshot.take) as take:
            await in_thread(_cancels, bookings[0])
            for socket in sockets[1:]:
                await socket.snapshot()

        assert take.call_count == 1
        for socket in sockets:
            await socket.leaves()

    run(story)


def test_a_look_that_fails_by_our_fault_is_followed_by_another() -> None:
    town = Town(packs=0)
    asha = town.books(town.driver("Asha"))
    cookie = cookie_of(asha.driver)

    async def story() -> None:
        once = chain([KeyError("our fault")], repeat(mock.DEFAULT))
        looks = mock.patch.object(watching, "_for_drivers", wraps=watching._for_drivers, side_effect=once)
        with looks, mock.patch.object(watching.log, "error") as logged:
            async with opened(_path(asha), cookie=cookie) as socket:
                assert (await socket.snapshot())["fields"]["place"] == "1"

        (logged_once,) = logged.call_args_list
        assert logged_once.args == ("live_snapshot_failed",)
        assert isinstance(logged_once.kwargs["exc_info"], KeyError)

    run(story)


def test_words_come_in_the_language_of_the_page() -> None:
    town = Town(packs=0)
    asha = town.books(town.driver("Asha"))
    cookie = cookie_of(asha.driver)

    async def story() -> None:
        async with opened(f"{_path(asha)}?lang=xx", cookie=cookie) as socket:
            assert (await socket.snapshot())["fields"]["say"] == "Your place is 1 of 1."

    run(story)


def test_a_socket_on_which_nothing_happens_is_heard_to_be_alive() -> None:
    town = Town(packs=0)
    asha = town.books(town.driver("Asha"))
    cookie = cookie_of(asha.driver)

    async def story() -> None:
        async with opened(_path(asha), cookie=cookie) as socket:
            assert (await socket.hears())["type"] == "snapshot"

            assert await socket.hears(seconds=2 * watching.BEAT_SECONDS) == {"type": "beat"}

    run(story)


# --- Who may not listen ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "origin", [None, "null", "https://evil.example", "http://localhost:9999", "http://localhost", "http://["]
)
def test_a_page_from_elsewhere_gets_no_socket(origin: str | None) -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))
    cookie = cookie_of(asha.driver)

    async def story() -> None:
        socket = Socket(_path(asha), cookie=cookie, origin=origin)

        assert not await socket.opens()

    run(story)


def test_nobody_listens_without_having_signed_in() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))

    async def story() -> None:
        async with opened(_path(asha), cookie="") as socket:
            assert await socket.closes_with() == 4401

    run(story)


def test_chitra_may_not_look_at_ashas_booking() -> None:
    town = Town(packs=1)
    asha, chitra = town.books(town.driver("Asha")), town.driver("Chitra")
    cookie = cookie_of(chitra)

    async def story() -> None:
        async with opened(_path(asha), cookie=cookie) as socket:
            assert await socket.closes_with() == 4404

    run(story)


def test_a_board_is_for_staff_who_are_posted_there() -> None:
    town, elsewhere = Town(packs=1), Town(packs=1)
    posted = PostFactory(station=town.station).membership.user
    cookies = [cookie_of(posted), cookie_of(town.driver("Asha"))]

    async def story() -> None:
        async with opened(f"/ws/stations/{town.station.pk}/board/", cookie=cookies[0]) as socket:
            assert (await socket.snapshot())["type"] == "snapshot"
        async with opened(f"/ws/stations/{elsewhere.station.pk}/board/", cookie=cookies[0]) as socket:
            assert await socket.closes_with() == 4404
        async with opened(f"/ws/stations/{town.station.pk}/board/", cookie=cookies[1]) as socket:
            assert await socket.closes_with() == 4404

    run(story)


def test_a_board_hears_of_metal_that_no_line_has_heard_of() -> None:
    town = Town(packs=1)
    cookie = cookie_of(PostFactory(station=town.station).membership.user)

    async def story() -> None:
        async with opened(f"/ws/stations/{town.station.pk}/board/", cookie=cookie) as socket:
            before = await socket.snapshot()

            await in_thread(inventory.quarantine, pack=town.packs[0], reason="Swollen case")

            after = await socket.snapshot_where(lambda told: told["shape"] != before["shape"], seconds=6)
            assert after["shape"] != before["shape"]

    run(story)


# --- Who may listen no longer ----------------------------------------------------------------------------------------


def test_a_socket_is_closed_within_five_seconds_of_signing_out() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))
    cookie = cookie_of(asha.driver)

    async def story() -> None:
        async with opened(_path(asha), cookie=cookie) as socket:
            await socket.snapshot()

            await in_thread(Session.objects.all().delete)

            assert await socket.closes_with(seconds=5) == 4403

    run(story)


def test_a_blocked_driver_hears_nothing_more_at_once() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))
    cookie = cookie_of(asha.driver)

    async def story() -> None:
        async with opened(_path(asha), cookie=cookie) as socket:
            await socket.snapshot()

            await in_thread(lambda: people.block(user=asha.driver, by=None, reason="Fraud"))

            assert await socket.closes_with(seconds=2) == 4403

    run(story)


def test_a_board_closes_when_its_reader_loses_the_role() -> None:
    town = Town(packs=1)
    post = PostFactory(station=town.station)
    cookie = cookie_of(post.membership.user)

    async def story() -> None:
        async with opened(f"/ws/stations/{town.station.pk}/board/", cookie=cookie) as socket:
            await socket.snapshot()

            await in_thread(membership.end, membership=post.membership, by=None, reason="Moved on")

            assert await socket.closes_with(seconds=2) == 4403

    run(story)


def test_who_keeps_talking_to_a_socket_that_only_tells_is_shown_out() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha"))
    cookie = cookie_of(asha.driver)

    async def story() -> None:
        async with opened(_path(asha), cookie=cookie) as socket:
            for _number in range(11):
                await socket.says('{"type": "start"}')

            assert await socket.closes_with() == 1008

    run(story)
