"""The guided swap: each step by its form, in either order, with one pack or several, and everything that goes wrong."""

from __future__ import annotations

import pytest

from booking import bay
from booking.models import Booking, SwapPack
from booking.states import State
from stations.models import Pack, Slot
from tests.booking.console import Console
from tests.factories.booking import Town, states
from tests.factories.stations import BayFactory, SlotFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def town() -> Town:
    town = Town(packs=2)
    SlotFactory(station=town.station, pack_class=town.pack_class)
    return town


@pytest.fixture
def console(town: Town) -> Console:
    return Console(town)


def in_bay(town: Town, *, pack_count: int = 1) -> Booking:
    booking = town.arrives(town.books(town.driver("Asha", pack_count=pack_count)))
    return bay.start(booking=booking, bay=town.bay, by=town.staff)


def old_in(town: Town, **typed: object) -> dict[str, object]:
    empty = Slot.objects.filter(station=town.station, pack__isnull=True).order_by("number").first()
    values = {"serial": town.old_pack().serial, "soc": "12", "soh": "98.5", "slot": empty.pk if empty else ""}
    return values | typed


def kept_pack(booking: Booking) -> Pack:
    return Pack.objects.get(promises__booking=booking, promises__ended_at=None)


def test_a_swap_goes_from_the_bay_to_the_price(town: Town, console: Console) -> None:
    booking = town.arrives(town.books(town.driver("Asha")))
    path = booking.public_id

    started = console.post("swap", path, bay=town.bay.pk)
    old = console.post("old_in", path, **old_in(town))
    new = console.post("new_out", path, pack=kept_pack(booking).pk)
    done = console.post("finish", path)

    pages = [answer.content.decode() for answer in (started, old, new, done)]
    assert "The pack is in" in pages[0]
    assert "Tap the pack that goes into the vehicle." in pages[1]
    assert "The swap is done" in pages[2]
    assert "Swap finished" in pages[3]
    booking.refresh_from_db()
    assert booking.state == State.COMPLETED
    assert booking.price_minor is not None
    assert f"{booking.price_minor / 100:.2f}" in pages[3]


def test_where_no_slot_is_empty_the_new_pack_goes_out_first() -> None:
    town = Town(packs=1)
    console, booking = Console(town), in_bay(town)

    page = console.get("swap", booking.public_id).content.decode()
    out = console.post("new_out", booking.public_id, pack=kept_pack(booking).pk).content.decode()
    console.post("old_in", booking.public_id, **old_in(town))
    console.post("finish", booking.public_id)

    assert "No slot is empty: the new pack goes out first." in page
    assert "The pack is in" in out
    assert states([booking]) == [State.COMPLETED]


def test_several_packs_are_counted_in_and_out(town: Town, console: Console) -> None:
    booking = in_bay(town, pack_count=2)

    for _number in range(2):
        console.post("old_in", booking.public_id, **old_in(town))
        kept = Pack.objects.filter(promises__booking=booking, promises__ended_at=None).first()
        assert kept is not None
        page = console.post("new_out", booking.public_id, pack=kept.pk).content.decode()

    assert "Old packs in: 2 of 2" in page
    console.post("finish", booking.public_id)
    assert states([booking]) == [State.COMPLETED]


@pytest.mark.parametrize("by", ["serial", "slot"])
def test_another_ready_pack_is_named_by_its_serial_or_its_slot(town: Town, console: Console, by: str) -> None:
    booking = in_bay(town)
    (other,) = (pack for pack in town.packs if pack != kept_pack(booking))
    assert other.slot is not None

    console.post("new_out", booking.public_id, typed=other.serial if by == "serial" else other.slot.number)

    assert SwapPack.objects.get(booking=booking, direction="out").pack == other


@pytest.mark.parametrize("step", ["old_in", "new_out", "finish"])
def test_two_taps_are_one_step_and_no_reproach(town: Town, console: Console, step: str) -> None:
    booking = in_bay(town)
    typed = {"old_in": old_in(town), "new_out": {"pack": kept_pack(booking).pk}, "finish": {}}
    console.post("old_in", booking.public_id, **typed["old_in"])
    if step != "old_in":
        console.post("new_out", booking.public_id, **typed["new_out"])
    if step == "finish":
        console.post("finish", booking.public_id)
    before = booking.steps.count()

    again = console.post(step, booking.public_id, **typed[step])

    assert again.status_code == 200
    assert 'role="alert"' not in again.content.decode()
    assert booking.steps.count() == before


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"soc": "140"}, "between 0 and 100 percent"),
        ({"soc": "-1"}, "between 0 and 100 percent"),
        ({"soc": "NaN"}, "between 0 and 100 percent"),
        ({"soc": "1e9999"}, "between 0 and 100 percent"),
        ({"soh": "0"}, "between 1 and 100 percent"),
        ({"serial": "UNKNOWN"}, "No pack with the serial number UNKNOWN"),
        ({"serial": "NUL\0"}, "Null characters are not allowed"),
        ({"serial": "x" * 90}, "at most 40"),
        ({"slot": "99999999999999999999"}, "This slot is not empty any more"),
        ({"slot": "abc"}, "This slot is not empty any more"),
    ],
)
def test_an_old_pack_that_cannot_be_is_refused_beside_its_field(
    town: Town, console: Console, wrong: dict[str, object], said: str
) -> None:
    booking = in_bay(town)

    answer = console.post("old_in", booking.public_id, **old_in(town, **wrong))

    assert answer.status_code in (400, 409)
    assert said in answer.content.decode()
    assert not SwapPack.objects.exists()


def test_a_pack_of_another_class_does_not_come_in(town: Town, console: Console) -> None:
    booking, wrong = in_bay(town), Town(packs=1).old_pack()
    Pack.objects.filter(pk=wrong.pk).update(network=town.station.network)

    answer = console.post("old_in", booking.public_id, **old_in(town, serial=wrong.serial))

    assert "is of another class" in answer.content.decode()


@pytest.mark.parametrize(
    "typed", [{"pack": "99999999999999999999"}, {"typed": "NO\0"}, {"typed": "nothing"}, {"pack": "0"}, {}]
)
def test_a_new_pack_that_cannot_be_is_refused(town: Town, console: Console, typed: dict[str, object]) -> None:
    booking = in_bay(town)

    answer = console.post("new_out", booking.public_id, **typed)

    assert answer.status_code in (400, 409)
    assert states([booking]) == [State.SWAPPING]
    assert not SwapPack.objects.exists()


def test_a_pack_of_another_station_does_not_go_out(town: Town, console: Console) -> None:
    booking, foreign = in_bay(town), Town(packs=1).packs[0]

    answer = console.post("new_out", booking.public_id, pack=foreign.pk)

    foreign.refresh_from_db()
    assert answer.status_code == 409
    assert foreign.state == "stored"


def test_finishing_with_packs_missing_says_so(town: Town, console: Console) -> None:
    booking = in_bay(town)

    page = console.post("finish", booking.public_id).content.decode()

    assert "Packs are missing" in page
    assert states([booking]) == [State.SWAPPING]


def test_out_of_turn_wants_a_reason_and_names_who_is_earlier(town: Town, console: Console) -> None:
    asha, bala = (town.arrives(town.books(town.driver(name))) for name in ("Asha", "Bala"))

    asked = console.get("swap", bala.public_id).content.decode()
    refused = console.post("swap", bala.public_id, bay=town.bay.pk)
    begun = console.post("swap", bala.public_id, bay=town.bay.pk, reason="Asha is having a coffee")

    assert f"{asha.vehicle.plate} arrived earlier." in asked
    assert refused.status_code == 409
    assert begun.status_code == 200
    assert states([asha, bala]) == [State.ARRIVED, State.SWAPPING]


def test_an_uncertain_payment_wants_a_reason(town: Town, console: Console) -> None:
    asha = town.arrives(town.books(town.driver("Asha"), carry_out=False))

    refused = console.post("swap", asha.public_id, bay=town.bay.pk)

    assert "The payment is not certain yet." in refused.content.decode()
    assert states([asha]) == [State.ARRIVED]


def test_a_bay_that_is_taken_or_another_stations_cannot_be_chosen(town: Town, console: Console) -> None:
    in_bay(town)
    bala = town.arrives(town.books(town.driver("Bala")))
    BayFactory(station=town.station, number=2)

    for chosen in (town.bay.pk, Town(packs=1).bay.pk, "x", "9" * 30):
        assert console.post("swap", bala.public_id, bay=chosen).status_code == 400
    assert states([bala]) == [State.ARRIVED]


@pytest.mark.parametrize(("act", "state"), [("give-back", State.ARRIVED), ("abandon", State.CANCELLED)])
def test_a_swap_that_fails_leaves_the_vehicle_with_its_own_pack(
    town: Town, console: Console, act: str, state: State
) -> None:
    booking = in_bay(town)
    old = town.old_pack()
    console.post("old_in", booking.public_id, **old_in(town, serial=old.serial))

    console.does(act, booking, reason="The lift is stuck")

    old.refresh_from_db()
    assert states([booking]) == [state]
    assert old.state == "in_vehicle"


def test_the_pack_that_the_vehicle_got_last_time_is_suggested(town: Town, console: Console) -> None:
    asha = town.driver("Asha")
    first = town.swaps(town.arrives(town.books(asha)))
    given = SwapPack.objects.get(booking=first, direction="out").pack
    second = bay.start(booking=town.arrives(town.books(asha)), bay=town.bay, by=town.staff)

    page = console.get("swap", second.public_id).content.decode()

    assert f'value="{given.serial}"' in page


def test_what_was_typed_is_still_there_after_a_refusal(town: Town, console: Console) -> None:
    booking = in_bay(town)

    page = console.post("old_in", booking.public_id, **old_in(town, serial="WRONG-1", soc="17.5")).content.decode()

    assert 'value="WRONG-1"' in page
    assert 'value="17.5"' in page
