"""My booking: every state has its answer, every act its button, and another driver's does not exist (P5)."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, cast
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from booking import arrival, bay, lifecycle, live_card, live_fields, qr, queries
from booking.failures import settle_line
from booking.models import Booking
from booking.states import State
from payments import operations, wallet
from payments.models import Payment
from payments.money import Money
from stations import geo, inventory, upkeep
from tests.booking.driving import heading, signed_in, text
from tests.factories.booking import Town, time_passes

pytestmark = pytest.mark.django_db


def page_of(booking: Booking) -> Any:
    assert booking.driver is not None
    return signed_in(booking.driver).get(reverse("booking:booking", args=[booking.public_id]))


def act(booking: Booking, name: str, **sent: Any) -> Any:
    assert booking.driver is not None
    return signed_in(booking.driver).post(reverse(f"booking:{name}", args=[booking.public_id]), sent, follow=True)


def promised(town: Town) -> Booking:
    return town.books(town.driver("Asha"))


def waiting(town: Town) -> Booking:
    town.books(town.driver("Asha"))
    return town.books(town.driver("Bala"))


def arrived(town: Town) -> Booking:
    return town.arrives(promised(town))


def called(town: Town) -> Booking:
    return bay.call(booking=arrived(town), by=town.staff)


def claimed(town: Town) -> Booking:
    here = geo.Place(town.station.latitude, town.station.longitude)
    return arrival.claim_here(booking=promised(town), position=here)


def swapping(town: Town) -> Booking:
    return bay.start(booking=arrived(town), bay=town.bay, by=town.staff)


def completed(town: Town) -> Booking:
    booking = town.swaps(arrived(town))
    assert booking.payment is not None
    # A test's transaction never commits, so what follows a commit is done here.
    operations.carry_out_for(booking.payment)
    return queries.booking_of(cast("User", booking.driver), booking.public_id)


def overdue(town: Town) -> Booking:
    booking = promised(town)
    time_passes(booking, minutes=11)
    return booking


def cancelled(town: Town) -> Booking:
    return lifecycle.cancel(booking=promised(town), by=None)


def stopped(town: Town) -> Booking:
    booking = promised(town)
    upkeep.mark_station_down(station=town.station, reason="No power.", by=None)
    return booking


def here_without_a_pack(town: Town) -> Booking:
    return town.arrives(waiting(town))


def cancelled_by_herself(town: Town) -> Booking:
    booking = promised(town)
    return lifecycle.cancel(booking=booking, by=booking.driver, reason="A reason of her own.")


def cancelled_by_staff(town: Town) -> Booking:
    return lifecycle.cancel(booking=promised(town), by=town.staff, reason="She asked us to, by telephone.")


def refused(town: Town) -> Booking:
    booking = promised(town)
    lifecycle.refuse_payment(payment_id=booking.payment_id or 0, reason="")
    return booking


@pytest.mark.parametrize(
    ("lived", "answer", "also"),
    [
        (promised, "Yours until", "left"),
        (waiting, "Your place: 1 of 1", "Nobody who came later goes first"),
        (arrived, "Your place: 1 at the bay", "No clock runs"),
        (called, "Drive into", "It is your turn"),
        (claimed, "Show your code to staff", "Your clock is stopped"),
        (swapping, "Swapping for", "Your old pack comes out"),
        (completed, "Energy gained:", "Paid"),
        (overdue, "Your promise has ended", "Nothing was charged"),
        (here_without_a_pack, "Your place: 1 of 1", "You may wait in your vehicle"),
        (cancelled, "Cancelled", "Join the line again"),
        (cancelled_by_herself, "Cancelled", "The pack went back to the line"),
        (cancelled_by_staff, "The station has cancelled your booking", "She asked us to, by telephone."),
        (stopped, "You keep place 1, and it costs you nothing", "No power."),
        (refused, "Your payment was refused", "Nothing was charged"),
    ],
)
def test_every_state_opens_with_its_answer(lived: Callable[[Town], Booking], answer: str, also: str) -> None:
    booking = lived(Town(packs=1))

    page = page_of(booking)

    assert heading(page).startswith(answer)
    assert also in text(page)


def test_whose_station_has_stopped_where_no_other_is_open_may_look_around_before_giving_up_the_place() -> None:
    page = page_of(stopped(Town(packs=1)))

    assert "No other station near it can serve your vehicle now." in text(page)
    assert re.search(r'class="button button--wide" href="/">\s*Find another station', page.content.decode())


def test_who_was_not_looked_for_keeps_the_place_says_so_again_and_may_call() -> None:
    town = Town(packs=1, contact_phone="+12025550143")
    booking = promised(town)
    town.nobody_looks(town.says_here(booking))

    page = page_of(booking)

    assert heading(page) == "Our fault: you keep place 1 in line"
    assert "without a mark" in text(page)
    assert 'href="tel:+12025550143"' in page.content.decode()
    again = act(booking, "here", poster=town.station.poster_token)
    assert "You said that you are here" in text(again)


def test_who_was_not_looked_for_and_has_a_pack_anew_is_told_whose_fault_it_was() -> None:
    town = Town(packs=1)
    booking = town.says_here(promised(town))
    time_passes(booking, minutes=11)
    settle_line(line_id=booking.line_id)

    page = page_of(booking)

    assert heading(page).startswith("Yours until")
    assert "Nobody confirmed that you are here That was our fault." in text(page)


def test_what_went_wrong_is_told_to_who_listens_as_well() -> None:
    town = Town(packs=1)
    booking = town.nobody_looks(town.says_here(promised(town)))
    assert live_fields.say(queries.card(booking)).startswith("Nobody confirmed that you are here.")

    upkeep.mark_station_down(station=town.station, reason="No power.", by=None)

    assert live_fields.say(queries.card(queries.booking_of(cast("User", booking.driver), booking.public_id))) == (
        "The station has stopped. Your place is kept, and nothing is charged."
    )


def test_a_stopped_station_names_the_open_ones_that_have_the_same_packs() -> None:
    town = Town(packs=1)
    town.second_station("Alfama Gate")
    Town(packs=1, name="Of another class")
    booking = stopped(town)

    page = text(page_of(booking))

    assert "Look at Alfama Gate" in page
    assert "1 pack ready" in page
    assert "Of another class" not in page


def test_cancelling_on_the_way_to_another_station_leads_there_and_to_no_strange_site() -> None:
    town = Town(packs=1)
    there = reverse("booking:station", args=[town.station.network.code, town.second_station("Alfama Gate").code])
    booking = stopped(town)
    client = signed_in(cast("User", booking.driver))
    address = reverse("booking:cancel", args=[booking.public_id])

    asked = client.get(address, {"next": there})
    strange = client.get(address, {"next": "https://example.org/"})

    assert f'name="next" value="{there}"' in asked.content.decode()
    assert "example.org" not in strange.content.decode().split("<main", 1)[1]
    assert client.post(address, {"next": there})["Location"] == there


def test_whoever_is_here_reads_about_when_a_bay_is_free() -> None:
    town = Town(packs=2)
    before = town.arrives(town.books(town.driver("Bala")))
    bay.start(booking=before, bay=town.bay, by=town.staff)

    page = text(page_of(arrived(town)))

    told = re.search(r"A bay for you, an estimate (\d+)–(\d+) min", page)
    assert told is not None
    # A swap of some four minutes has just begun.
    assert 1 <= int(told[1]) < 4 < int(told[2]) <= 8


def test_the_wait_has_a_range_and_a_clock_of_the_stations_to_five_minutes() -> None:
    town = Town(packs=1)
    booking = waiting(town)
    inventory.quarantine(pack=town.packs[0], reason="Cell 4 is warm.")
    town.add_pack(soc_percent=Decimal(85))

    told = live_fields.fields(queries.card(booking))

    assert re.fullmatch(r"\d+–\d+ min", told["wait"])
    assert re.fullmatch(r"\d\d:\d[05]", told["wait_clock"])


def test_the_pass_shows_the_code_as_a_picture_without_styles_and_as_letters() -> None:
    booking = promised(Town(packs=1))

    html = page_of(booking).content.decode()

    assert "<svg" in qr.svg(booking.code)
    assert qr.svg(booking.code) in html
    assert '<svg aria-hidden="true"' in qr.svg(booking.code)
    assert "style=" not in html
    assert f"<span>{booking.code[:3]}</span><span>{booking.code[3:]}</span>" in html


@pytest.mark.parametrize("page", ["booking", "here"])
def test_where_nobody_works_nobody_is_sent_to_staff(page: str) -> None:
    booking = promised(Town(packs=1, staffed=False, contact_phone="+351210000000"))
    assert booking.driver is not None

    shown = signed_in(booking.driver).get(reverse(f"booking:{page}", args=[booking.public_id])).content.decode()

    said = re.sub(r"<script.*?</script>", "", shown, flags=re.DOTALL)
    assert not re.search(r"[Ss]taff\b|show the code|Say or show", said)
    assert 'href="tel:+351210000000">+351210000000</a>' in said


def test_another_drivers_booking_does_not_exist_whatever_is_asked_of_it() -> None:
    town = Town(packs=1)
    booking = promised(town)
    chitra = signed_in(town.driver("Chitra"))
    gets = ("booking", "card", "cancel", "here", "dispute", "receipt")
    posts = ("extend", "cancel", "here", "position", "take_fewer", "dispute", "pay")

    answers = [chitra.get(reverse(f"booking:{name}", args=[booking.public_id])).status_code for name in gets]
    answers += [chitra.post(reverse(f"booking:{name}", args=[booking.public_id])).status_code for name in posts]

    assert set(answers) == {404}
    assert Booking.objects.get(pk=booking.pk).state == State.PROMISED


def test_nobody_pays_what_somebody_else_owes() -> None:
    town = Town(packs=1)
    booking = completed(town)

    with pytest.raises(lifecycle.NothingToPay):
        lifecycle.pay(booking=booking, by=town.driver("Chitra"))


def test_who_is_not_signed_in_is_sent_to_sign_in(client: Client) -> None:
    answer = client.get(reverse("booking:booking", args=[uuid4()]))

    assert answer.status_code == 302
    assert reverse("account_request_login_code") in answer["Location"]


def test_no_act_works_without_the_pages_own_token() -> None:
    booking = promised(Town(packs=1))
    strict = Client(enforce_csrf_checks=True)
    assert booking.driver is not None
    strict.force_login(booking.driver, backend="django.contrib.auth.backends.ModelBackend")

    answer = strict.post(reverse("booking:cancel", args=[booking.public_id]))

    assert answer.status_code == 403
    assert Booking.objects.get(pk=booking.pk).state == State.PROMISED


def test_an_act_is_never_done_by_looking() -> None:
    booking = promised(Town(packs=1))
    assert booking.driver is not None
    client = signed_in(booking.driver)

    answers = {
        name: client.get(reverse(f"booking:{name}", args=[booking.public_id])).status_code
        for name in ("extend", "position", "take_fewer")
    }

    assert set(answers.values()) == {405}


def test_ten_more_minutes_once() -> None:
    booking = promised(Town(packs=1))

    assert "You have 10 more minutes." in text(act(booking, "extend"))
    assert "A promise can be extended once." in text(act(booking, "extend"))


def test_cancelling_asks_once() -> None:
    booking = promised(Town(packs=1))
    assert booking.driver is not None

    asked = signed_in(booking.driver).get(reverse("booking:cancel", args=[booking.public_id]))

    assert heading(asked) == "Give the pack back?"
    assert Booking.objects.get(pk=booking.pk).state == State.PROMISED
    assert heading(act(booking, "cancel")) == "Cancelled"


def test_here_by_position_stops_the_clock_and_from_far_away_says_how_far() -> None:
    town = Town(packs=1)
    booking = promised(town)

    far = act(booking, "here", lat=str(town.station.latitude + 0.01), lon=str(town.station.longitude))
    near = act(booking, "here", lat=str(town.station.latitude), lon=str(town.station.longitude))

    assert "You are 1112 m away" in text(far)
    assert heading(near) == "Show your code to staff"


def test_here_by_the_posters_code_and_not_by_another_stations() -> None:
    town, other = Town(packs=1), Town(packs=1)
    booking = promised(town)

    wrong = act(booking, "here", poster=other.station.poster_token)
    right = act(booking, "here", poster=f" {town.station.poster_token} ")

    assert "This poster belongs to another station." in text(wrong)
    assert heading(right) == "Show your code to staff"


def test_the_poster_leads_who_has_a_booking_to_say_so_and_others_to_the_line() -> None:
    town = Town(packs=1)
    booking = promised(town)
    poster = reverse("booking:poster", args=[town.station.poster_token])
    assert booking.driver is not None
    asha, bala = signed_in(booking.driver), signed_in(town.driver("Bala"))

    assert heading(asha.get(poster)) == "You are here"
    assert Booking.objects.get(pk=booking.pk).here_claimed_at is None
    assert heading(asha.post(poster, follow=True)) == "Show your code to staff"
    assert heading(bala.get(poster)) == "Join the line here"
    for unknown in ("no-such-poster", "a\0b", "x" * 3_000):
        assert bala.get(reverse("booking:poster", args=[unknown])).status_code == 404


@pytest.mark.parametrize("name", ["here", "position"])
@pytest.mark.parametrize(
    "sent",
    [{}, {"lat": "999", "lon": "0"}, {"lat": "NaN", "lon": "NaN"}, {"lat": "x", "lon": "\0"}, {"poster": "\0"}],
    ids=["nothing", "no place on earth", "no number", "nul", "nul in the poster"],
)
def test_a_position_that_cannot_be_is_refused_kindly(name: str, sent: dict[str, str]) -> None:
    booking = promised(Town(packs=1))

    answer = act(booking, name, **sent)

    assert answer.status_code == 200
    assert 'role="alert"' in answer.content.decode()
    assert Booking.objects.get(pk=booking.pk).here_claimed_at is None


def test_who_was_too_far_away_is_promised_when_the_position_is_nearer() -> None:
    town = Town(packs=1)
    booking = town.books(town.driver("Asha"), position=geo.Place(40.2, -8.4))

    page = act(booking, "position", lat="38.73", lon="-9.14")

    assert heading(page).startswith("Yours until")


def test_who_wants_fewer_packs_is_served_sooner() -> None:
    town = Town(packs=1)
    booking = town.books(town.driver("Asha", pack_count=2))
    assert "Take 1 pack now" in text(page_of(booking))

    assert heading(act(booking, "take_fewer", packs="1")).startswith("Yours until")


@pytest.mark.parametrize("packs", ["", "0", "-1", "9", "two", "\0"])
def test_a_number_of_packs_that_cannot_be_is_refused_kindly(packs: str) -> None:
    town = Town(packs=1)
    booking = town.books(town.driver("Asha", pack_count=2))

    answer = act(booking, "take_fewer", packs=packs)

    assert "Choose fewer packs" in text(answer)


def test_who_comes_late_while_a_pack_is_free_goes_on_with_a_new_booking() -> None:
    town = Town(packs=1)
    booking = overdue(town)
    assert "I’m here now, a bit late" in text(page_of(booking))

    answer = act(booking, "here", lat=str(town.station.latitude), lon=str(town.station.longitude))

    assert "It is still yours." in text(answer)
    assert Booking.objects.live().get().state == State.ARRIVED
    assert Booking.objects.get(pk=booking.pk).no_show is False


def test_who_comes_late_has_to_be_at_the_station() -> None:
    town = Town(packs=1)
    booking = overdue(town)

    answer = act(booking, "here", lat="38.9", lon="-9.3")

    assert "m away" in text(answer)
    assert Booking.objects.get().here_at is None


def test_a_no_show_is_named_and_can_be_disputed_once() -> None:
    town = Town(packs=1)
    booking = overdue(town)
    settle_line(line_id=booking.line_id)
    assert "Counted as a no-show" in text(page_of(booking))

    assert act(booking, "dispute", words="").status_code == 400
    answer = act(booking, "dispute", words="I stood at the gate.")

    assert "It was no no-show Received" in text(answer)
    assert Booking.objects.get(pk=booking.pk).no_show_dispute == "I stood at the gate."


def test_everyone_who_was_overtaken_can_read_why() -> None:
    town = Town(packs=1)
    asha = town.books(town.driver("Asha", pack_count=2))
    town.books(town.driver("Bala"))
    time_passes(asha, minutes=11)
    settle_line(line_id=asha.line_id)

    assert "While packs gathered for you" in text(page_of(asha))


def test_the_card_is_polled_as_it_stands_in_the_page_and_not_sent_twice() -> None:
    town = Town(packs=1)
    booking = promised(town)
    assert booking.driver is not None
    client, address = signed_in(booking.driver), reverse("booking:card", args=[booking.public_id])

    first = client.get(address)
    again = client.get(address, headers={"If-None-Match": first["ETag"]})
    weak = client.get(address, headers={"If-None-Match": f"W/{first['ETag']}"})

    assert heading(first).startswith("Yours until")
    assert "<html" not in first.content.decode()
    assert (again.status_code, weak.status_code) == (304, 304)
    assert again.content == b""


def test_the_card_is_another_one_when_time_alone_has_ended_the_promise() -> None:
    booking = promised(Town(packs=1))
    assert booking.driver is not None
    client, address = signed_in(booking.driver), reverse("booking:card", args=[booking.public_id])
    etag = client.get(address)["ETag"]
    version = Booking.objects.get(pk=booking.pk).line.version

    time_passes(booking, minutes=11)
    after = client.get(address, headers={"If-None-Match": etag})

    assert Booking.objects.get(pk=booking.pk).line.version == version
    assert after.status_code == 200
    assert heading(after) == "Your promise has ended"


def test_the_card_is_another_one_when_only_its_money_has_moved() -> None:
    town = Town(packs=1)
    booking = completed(town)
    assert booking.driver is not None
    assert booking.payment is not None
    client, address = signed_in(booking.driver), reverse("booking:card", args=[booking.public_id])
    etag = client.get(address)["ETag"]

    Payment.objects.filter(pk=booking.payment.pk).update(state="owed")

    assert client.get(address, headers={"If-None-Match": etag}).status_code == 200


def test_the_card_carries_no_token_because_it_is_fetched_by_script() -> None:
    booking = promised(Town(packs=1))

    assert "csrfmiddlewaretoken" not in live_card.of_booking(booking).html(booking)


def test_a_longer_line_costs_the_card_no_further_queries() -> None:
    town = Town(packs=1)
    booking = waiting(town)
    bala = cast("User", booking.driver)
    with CaptureQueriesContext(connection) as short:
        live_card.of_booking(queries.booking_of(bala, booking.public_id))
    for name in ("Chitra", "Dao", "Elsa"):
        town.books(town.driver(name))

    with CaptureQueriesContext(connection) as long:
        live_card.of_booking(queries.booking_of(bala, booking.public_id))

    assert len(long) <= len(short)


def test_the_booking_of_now_is_found_from_anywhere() -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")
    client = signed_in(asha)
    assert heading(client.get(reverse("booking:current"))) == "Nothing is booked"

    booking = town.books(asha)

    answer = client.get(reverse("booking:current"))
    assert answer["Location"] == reverse("booking:booking", args=[booking.public_id])


def test_a_swap_that_is_not_paid_says_so_and_can_be_paid_after_a_top_up() -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")
    booking = town.swaps_unpaid(asha)
    unpaid = page_of(booking)
    assert heading(unpaid) == "Not paid yet €21.77"
    assert "There is not enough in the wallet." in text(unpaid)
    assert f"?need=2177&amp;next=/b/{booking.public_id}/" in unpaid.content.decode()
    more = wallet.top_up(user=asha, network=town.station.network, amount=Money(5_000, "EUR"), by=None, reason="counter")
    operations.carry_out(more.pk)

    act(booking, "pay")
    operations.carry_out_for(Payment.objects.get(reference=booking.public_id))

    assert heading(page_of(booking)).startswith("Energy gained:")
    assert "Paid" in text(page_of(booking))


def test_what_is_paid_already_is_not_paid_twice() -> None:
    booking = completed(Town(packs=1))

    answer = act(booking, "pay")

    assert 'role="alert"' in answer.content.decode()


def test_navigation_in_china_is_given_its_own_datum() -> None:
    shenzhen = {"latitude": 22.5431, "longitude": 114.0579, "country": "CN", "time_zone": "Asia/Shanghai"}
    booking = promised(Town(packs=1, **shenzhen))

    html = page_of(booking).content.decode()

    assert "https://uri.amap.com/navigation?to=114.06" in html
    assert "google" not in html
