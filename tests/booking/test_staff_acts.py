"""What staff do with bookings and metal, each with what it does and what refuses it."""

from __future__ import annotations

import pytest

from booking import arrival, bay, qr
from booking.models import Booking, Vehicle
from booking.states import State
from stations.models import Pack, Slot
from stations.states import PackState
from tests.booking.console import Console
from tests.factories.booking import Town, states, time_passes
from tests.factories.stations import PostFactory, StationFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def town() -> Town:
    return Town(packs=1)


@pytest.fixture
def console(town: Town) -> Console:
    return Console(town)


def one_waits(town: Town) -> tuple[Booking, Booking]:
    """Asha has the only pack, Bala waits for it."""
    return town.books(town.driver("Asha")), town.books(town.driver("Bala"))


# --- Arrivals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written", ["{}", " {} ", "https://swapline.test/b/{}", "https://swapline.test/p/{}/", "HTTPS://X/?code={}"]
)
def test_an_arrival_is_confirmed_by_its_code_however_a_scanner_writes_it(
    town: Town, console: Console, written: str
) -> None:
    booking = town.books(town.driver("Asha"))

    answer = console.post("arrive", code=written.format(booking.code.lower()))

    assert states([booking]) == [State.ARRIVED]
    assert f"{booking.vehicle.plate} is here" in answer.content.decode()


def test_a_code_works_once(town: Town, console: Console) -> None:
    booking = town.books(town.driver("Asha"))
    console.post("arrive", code=booking.code)

    again = console.post("arrive", code=booking.code)

    assert again.status_code == 409
    assert "This code has been used." in again.content.decode()


def test_a_code_of_another_station_says_which(town: Town, console: Console) -> None:
    booking = town.books(town.driver("Asha"))
    elsewhere = StationFactory(network=town.station.network, owner=town.station.owner)
    PostFactory(station=elsewhere, membership=console.user.memberships.get())

    answer = console.client.post(f"/staff/{elsewhere.network.code}/{elsewhere.code}/arrive/", {"code": booking.code})

    assert answer.status_code == 409
    assert f"This code is for {town.station.name}." in answer.content.decode()


@pytest.mark.parametrize("code", ["", "NO\0CODE", "x" * 400])
def test_what_is_no_code_at_all_is_refused_beside_the_field(console: Console, code: str) -> None:
    answer = console.post("arrive", code=code)

    assert answer.status_code == 400
    assert 'class="errorlist"' in answer.content.decode()


def test_after_five_wrong_codes_the_field_is_closed_for_a_while(town: Town, console: Console) -> None:
    booking = town.books(town.driver("Asha"))
    for _try in range(5):
        assert "No booking here has this code." in console.post("arrive", code="AAAAAA").content.decode()

    answer = console.post("arrive", code=booking.code)

    assert "Too many wrong codes." in answer.content.decode()
    assert states([booking]) == [State.PROMISED]


def test_a_code_that_comes_late_leads_to_what_can_still_be_done(town: Town, console: Console) -> None:
    booking = town.books(town.driver("Asha"))
    time_passes(booking, minutes=11)

    page = console.post("arrive", code=booking.code)

    assert "Late, and here now: let them in" in page.content.decode()
    console.does("late", booking)
    again = Booking.objects.live().get(vehicle=booking.vehicle)
    assert again.state == State.ARRIVED
    booking.refresh_from_db()
    assert not booking.no_show


def test_two_taps_on_confirm_are_one_arrival_and_a_sentence(town: Town, console: Console) -> None:
    booking = town.books(town.driver("Asha"))
    console.does("here", booking)

    again = console.does("here", booking)

    assert again.status_code == 409
    assert "This booking is here and waits for a bay." in again.content.decode()
    assert booking.steps.filter(step="arrive").count() == 1


# --- What asks once ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "act", ["here", "late", "no-show", "first", "call", "not-at-bay", "cancel", "give-back", "abandon"]
)
def test_asking_changes_nothing(town: Town, console: Console, act: str) -> None:
    booking = town.books(town.driver("Asha"))
    steps = booking.steps.count()

    answer = console.get("act", booking.public_id, act)

    assert answer.status_code == 200
    assert booking.steps.count() == steps


@pytest.mark.parametrize("act", ["late", "no-show", "first", "call", "give-back", "abandon", "not-here"])
def test_an_act_that_the_state_does_not_allow_is_refused_with_a_sentence(
    town: Town, console: Console, act: str
) -> None:
    booking = town.books(town.driver("Asha"))

    answer = console.does(act, booking, reason="because it must be")

    assert answer.status_code == 409
    assert 'role="alert"' in answer.content.decode()
    assert states([booking]) == [State.PROMISED]


def test_who_says_here_and_is_not_is_said_so_from_the_booking_and_the_promise_goes_on(
    town: Town, console: Console
) -> None:
    booking = town.says_here(town.books(town.driver("Asha")))
    assert "Nobody is here" in console.get("booking", booking.public_id).content.decode()

    answer = console.does("not-here", booking)

    assert "is not here" in answer.content.decode()
    booking.refresh_from_db()
    assert (booking.state, booking.here_claimed_at, booking.lapses_at) == (
        State.PROMISED,
        None,
        booking.promise_ends_at,
    )


@pytest.mark.parametrize("act", ["first", "give-back", "abandon"])
@pytest.mark.parametrize("reason", ["", "NUL\0 inside", "x" * 600])
def test_an_act_that_others_must_understand_wants_a_readable_reason(
    town: Town, console: Console, act: str, reason: str
) -> None:
    _asha, bala = one_waits(town)

    answer = console.does(act, bala, reason=reason)

    assert answer.status_code == 400
    assert states([bala]) == [State.WAITING]


def test_staff_cancel_at_the_drivers_wish(town: Town, console: Console) -> None:
    asha, bala = one_waits(town)

    console.does("cancel", asha)

    assert states([asha, bala]) == [State.CANCELLED, State.PROMISED]
    assert asha.steps.get(step="cancel").by == console.user


def test_an_override_shows_who_is_overtaken_and_what_is_left_of_the_shift(town: Town, console: Console) -> None:
    _asha, bala = one_waits(town)
    chitra = town.books(town.driver("Chitra"))

    asked = console.get("act", chitra.public_id, "first").content.decode()
    console.does("first", chitra, reason="Ambulance on duty")
    asked_again = console.get("act", bala.public_id, "first").content.decode()

    assert f"Overtakes {bala.vehicle.plate}." in asked
    assert "3 overrides left" in asked
    assert "2 overrides left" in asked_again
    chitra.refresh_from_db()
    assert chitra.goes_first_reason == "Ambulance on duty"


def test_the_shifts_overrides_end(town: Town, console: Console) -> None:
    _asha, bala = one_waits(town)
    type(town.station).objects.filter(pk=town.station.pk).update(override_cap_per_shift=0)

    answer = console.does("first", bala, reason="Ambulance on duty")

    assert "The limit of overrides for this shift is reached." in answer.content.decode()


def test_a_call_gives_three_minutes_and_then_the_next_goes_first() -> None:
    town = Town(packs=2)
    asha, bala = (town.arrives(town.books(town.driver(name))) for name in ("Asha", "Bala"))
    console = Console(town)
    console.does("call", asha)

    early = console.does("not-at-bay", asha)
    time_passes(asha, minutes=3.1)
    console.does("not-at-bay", asha)

    assert "Three minutes from the call are not over yet." in early.content.decode()
    order = list(Booking.objects.at_bay(town.station.pk))
    assert order == [bala, asha]


def test_a_promise_that_ended_by_itself_is_marked_already(town: Town, console: Console) -> None:
    booking = town.books(town.driver("Asha"))
    time_passes(booking, minutes=11)

    answer = console.does("no-show", booking)

    assert "This no-show is marked already." in answer.content.decode()


# --- Walk-ins ---------------------------------------------------------------------------------------------------------


def walk_in(town: Town, **typed: object) -> dict[str, object]:
    return {
        "plate": "12-ab-34",
        "country": "pt",
        "pack_class": town.pack_class.code,
        "packs": 1,
        "method": "cash",
    } | typed


@pytest.fixture
def cash_town() -> Town:
    return Town(packs=1, takes_cash=True)


def test_a_walk_in_is_in_line_and_here_at_once(cash_town: Town) -> None:
    console = Console(cash_town)

    page = console.post("walk_in", **walk_in(cash_town))

    booking = Booking.objects.get(station=cash_town.station)
    assert (booking.state, booking.source, booking.driver) == (State.ARRIVED, "walk_in", None)
    assert booking.vehicle.plate == "12AB34"
    assert "12AB34 is here" in page.content.decode()


def test_two_taps_on_a_walk_in_are_one_booking(cash_town: Town) -> None:
    console = Console(cash_town)
    console.post("walk_in", **walk_in(cash_town))

    page = console.post("walk_in", **walk_in(cash_town))

    assert Booking.objects.filter(station=cash_town.station).count() == 1
    assert "has a booking here. This is it." in page.content.decode()


def test_a_vehicle_of_a_fleet_comes_on_its_account(town: Town, console: Console) -> None:
    vehicle = town.vehicle_of(town.driver("Asha"))

    console.post("walk_in", **walk_in(town, plate=vehicle.plate, method="account"))

    booking = Booking.objects.get(vehicle=vehicle)
    assert booking.payment is not None
    assert booking.payment.organisation == town.fleet


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"plate": "---"}, "A plate has letters and digits"),
        ({"plate": "A\0B1"}, "Null characters are not allowed"),
        ({"plate": "X" * 31}, "at most 30"),
        ({"country": "Portugal"}, "at most 2"),
        ({"country": "1!"}, "two capital letters"),
        ({"pack_class": "none-such"}, "Select a valid choice"),
        ({"packs": "99"}, "Select a valid choice"),
        ({"method": "wallet"}, "Select a valid choice"),
        ({"method": "account"}, "Only vehicles of a fleet"),
    ],
)
def test_a_walk_in_that_cannot_be_is_refused_and_leaves_nothing(
    cash_town: Town, wrong: dict[str, object], said: str
) -> None:
    vehicles = Vehicle.objects.count()

    answer = Console(cash_town).post("walk_in", **walk_in(cash_town, **wrong))

    assert answer.status_code in (400, 409)
    assert said in answer.content.decode()
    assert (Booking.objects.count(), Vehicle.objects.count()) == (0, vehicles)


def test_cash_is_refused_where_the_station_takes_none(town: Town, console: Console) -> None:
    answer = console.post("walk_in", **walk_in(town))

    assert answer.status_code == 400
    assert not Booking.objects.exists()


def test_a_vehicle_that_has_booked_elsewhere_is_no_walk_in(cash_town: Town) -> None:
    other = Town(packs=1)
    vehicle = other.books(other.driver("Asha")).vehicle
    Vehicle.objects.filter(pk=vehicle.pk).update(pack_class=cash_town.pack_class)

    answer = Console(cash_town).post("walk_in", **walk_in(cash_town, plate=vehicle.plate))

    assert "Somebody has booked for this vehicle already." in answer.content.decode()


# --- Metal ------------------------------------------------------------------------------------------------------------


def test_a_pack_goes_out_of_service_with_a_reason_and_comes_back(town: Town, console: Console) -> None:
    asha = town.books(town.driver("Asha"))

    console.takes("out", town.packs[0], reason="Too warm")
    pack = Pack.objects.get(pk=town.packs[0].pk)

    assert (pack.state, pack.state_reason) == (PackState.QUARANTINED, "Too warm")
    assert states([asha]) == [State.WAITING]
    console.takes("back", pack)
    assert Pack.objects.get(pk=pack.pk).state in (PackState.STORED, PackState.KEPT)


def test_slots_bays_and_the_station_go_out_and_come_back(town: Town, console: Console) -> None:
    slot = Slot.objects.get(pack=town.packs[0])
    things = (slot, town.bay)
    for thing in things:
        console.takes("out", thing, reason="Repair")
    console.post("station", "close", reason="Flood")

    town.station.refresh_from_db()
    for thing in things:
        thing.refresh_from_db()
    assert (slot.state, town.bay.state, town.station.status) == ("out_of_service", "out_of_service", "closed")

    for thing in things:
        console.takes("back", thing)
    console.post("station", "open")

    town.station.refresh_from_db()
    for thing in things:
        thing.refresh_from_db()
    assert (slot.state, town.bay.state, town.station.status) == ("working", "open", "open")


@pytest.mark.parametrize("reason", ["", "   ", "NUL\0", "x" * 300])
def test_metal_goes_out_of_service_for_a_readable_reason_alone(town: Town, console: Console, reason: str) -> None:
    answer = console.takes("out", town.packs[0], reason=reason)

    town.packs[0].refresh_from_db()
    assert (answer.status_code, town.packs[0].state) == (400, PackState.STORED)


def test_a_pack_that_is_out_already_says_so(town: Town, console: Console) -> None:
    console.takes("out", town.packs[0], reason="Too warm")

    again = console.takes("out", town.packs[0], reason="Too warm")

    assert again.status_code == 409
    assert "quarantined" in again.content.decode()


def test_the_bay_that_serves_a_vehicle_is_shown_with_it(town: Town, console: Console) -> None:
    booking = town.arrives(town.books(town.driver("Asha")))
    bay.start(booking=booking, bay=town.bay, by=town.staff)

    assert booking.vehicle.plate in console.get("packs").content.decode()


def test_the_poster_leads_to_the_station_and_shows_the_code_that_can_be_typed() -> None:
    town = Town(packs=1)

    page = Console(town).get("poster").content.decode()

    assert qr.svg(f"http://testserver/h/{town.station.poster_token}/") in page
    assert f">{town.station.poster_token}<" in page


def test_a_poster_that_was_copied_proves_nothing_after_it_was_renewed() -> None:
    town = Town(packs=1)
    copied = town.station.poster_token
    asha = town.books(town.driver("Asha"))

    answer = Console(town).post("station", "renew-poster")

    town.station.refresh_from_db()
    assert "has a new poster" in answer.content.decode()
    with pytest.raises(arrival.NotHere):
        arrival.claim_here(booking=Booking.objects.get(pk=asha.pk), poster_token=copied)
    renewed = town.station.poster_token
    assert arrival.claim_here(booking=Booking.objects.get(pk=asha.pk), poster_token=renewed).here_claimed_at
