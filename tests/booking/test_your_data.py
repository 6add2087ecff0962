"""Taking one's data and leaving, with vehicles, bookings and money: the books stay, the person does not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from django.urls import reverse

from accounts import deletion, keeping, people
from accounts.models import User
from booking import conduct, feedback, lifecycle, vehicles
from booking import proofs as booking_proofs
from booking.models import Assignment, Booking, BookingStep, ReportKind, Vehicle
from payments import operations, preferences, wallet
from payments import proofs as payment_proofs
from payments.models import PaymentOperation, Transfer
from payments.money import Money
from payments.queries import wallet_available
from tests.accounts.test_your_data import rows_of
from tests.booking.driving import signed_in
from tests.booking.test_account_rooms import own_vehicle
from tests.factories.accounts import UserFactory
from tests.factories.booking import Town, time_passes
from tests.factories.payments import driver_with_wallet

pytestmark = pytest.mark.django_db

EXACTLY_ONE_SWAP = 2_177


def swapped(town: Town, driver: User) -> Booking:
    booking = town.swaps(town.arrives(town.books(driver, method="wallet")))
    assert booking.payment is not None
    operations.carry_out_for(booking.payment)
    return Booking.objects.get(pk=booking.pk)


def cancelled(town: Town, driver: User, **wish: Any) -> Booking:
    """Booked, called off, and the hold let go."""
    booking = lifecycle.cancel(booking=town.books(driver, **wish), by=driver)
    assert booking.payment is not None
    operations.carry_out_for(booking.payment)
    return booking


def who_is_paid_out(town: Town) -> User:
    """Asha has swapped once, cancelled once, and has had the rest of her wallet paid out."""
    asha = driver_with_wallet(town.station.network, 10_000, "Asha")
    own_vehicle(asha, town, plate="AA12BB", model="Corvina City")
    swapped(town, asha)
    cancelled(town, asha, method="wallet")
    rest = wallet_available(user=asha, network=town.station.network)
    paid = wallet.pay_out(user=asha, network=town.station.network, amount=rest, by=None, reason="leaves")
    operations.carry_out(paid.pk)
    return asha


def refused_codes(person: User) -> list[str]:
    return [hindrance.code for hindrance in keeping.hindrances(person)]


# --- Taking it ------------------------------------------------------------------------------------------------------


def taken(person: User) -> dict[str, Any]:
    answer = signed_in(person).post(reverse("export_data"))
    assert answer.status_code == 200
    body: dict[str, Any] = json.loads(b"".join(answer))  # type: ignore[call-overload]  # a streaming answer is iterated
    return body


def test_the_file_has_vehicles_bookings_with_steps_and_money() -> None:
    town = Town(packs=1)
    asha = driver_with_wallet(town.station.network, 10_000, "Asha")
    vehicle = own_vehicle(asha, town, plate="AA12BB")
    vehicles.describe(driver=asha, vehicle=vehicle, model="Grey Corvina")
    booking = swapped(town, asha)

    told = taken(asha)

    assert told["person"][0]["name"] == "Asha"
    assert (told["vehicles"][0]["vehicle__plate"], told["vehicles"][0]["model"]) == ("AA12BB", "Grey Corvina")
    assert [row["public_id"] for row in told["bookings"]] == [str(booking.public_id)]
    assert told["bookings"][0]["steps"][0] | {"at": ""} == {
        "step": "join",
        "to": "waiting",
        "at": "",
        "reason": "",
        "by": "you",
    }
    assert {step["by"] for step in told["bookings"][0]["steps"]} == {"you", "staff", "time"}
    assert [row["amount_minor"] for row in told["wallet_movements"]] == [-EXACTLY_ONE_SWAP, 10_000]
    assert told["payments"][0]["reference"] == str(booking.public_id)


def test_the_file_says_of_which_booking_something_was_said() -> None:
    town = Town(packs=1)
    asha = driver_with_wallet(town.station.network, 10_000, "Asha")
    own_vehicle(asha, town)
    booking = swapped(town, asha)
    feedback.rate(booking=booking, stars=4, words="Quick")
    feedback.report(booking=booking, kind=ReportKind.STATION, words="It was dark")

    told = taken(asha)

    about = [(row["booking__public_id"], row["station__name"]) for row in (*told["ratings"], *told["reports"])]
    assert about == [(str(booking.public_id), town.station.name)] * 2


def test_the_file_has_nobody_else_and_no_secret() -> None:
    town = Town(packs=2)
    asha = driver_with_wallet(town.station.network, 10_000, "Asha")
    own_vehicle(asha, town)
    bala = town.driver("Bala")
    town.books(bala)
    swapped(town, asha)

    raw = b"".join(signed_in(asha).post(reverse("export_data"))).decode()  # type: ignore[call-overload]  # it streams

    assert "Bala" not in raw
    assert town.staff.name not in raw
    assert asha.password not in raw
    assert "session_key" not in raw


def test_a_person_without_anything_takes_a_file_that_can_be_read() -> None:
    told = taken(UserFactory(name='Quote " and \n line'))

    assert told["person"][0]["name"] == 'Quote " and \n line'
    assert told["bookings"] == []


def test_the_file_has_the_day_in_its_name() -> None:
    answer = signed_in(UserFactory()).post(reverse("export_data"))

    assert answer["Content-Disposition"].startswith('attachment; filename="swapline-20')
    assert answer["Cache-Control"].startswith("max-age=0, no-cache, no-store")


# --- Leaving --------------------------------------------------------------------------------------------------------


def test_the_books_stay_and_every_promise_still_holds() -> None:
    town = Town(packs=3)
    asha = who_is_paid_out(town)
    transfers = Transfer.objects.count()

    deletion.delete(person=asha)

    assert Booking.objects.filter(driver=asha).count() == 2
    assert Transfer.objects.count() == transfers
    results = booking_proofs.run(connection) + payment_proofs.run(connection)
    assert [result.sentence for result in results if not result.holds] == []


def test_the_plate_that_was_hers_alone_is_replaced() -> None:
    town = Town(packs=3)
    asha = who_is_paid_out(town)

    deletion.delete(person=asha)

    vehicle = Vehicle.objects.get(bookings__driver=asha, bookings__state="completed")
    assert vehicle.plate.startswith(vehicles.NOBODYS)
    assert vehicle.model == ""
    assert not Assignment.objects.filter(driver=asha).exists()


def test_a_plate_that_a_fleet_has_or_others_drove_for_stays() -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")
    fleets = town.vehicle_of(asha)
    shared = own_vehicle(asha, town, plate="AA12BB")
    Assignment.objects.create(vehicle=shared, driver=UserFactory(name="Bala"))

    deletion.delete(person=asha)

    assert {vehicle.plate for vehicle in Vehicle.objects.all()} == {fleets.plate, "AA12BB"}


def test_the_same_plate_can_be_added_by_whoever_comes_next() -> None:
    town = Town(packs=1)
    asha: User = UserFactory()
    own_vehicle(asha, town, plate="AA12BB")
    deletion.delete(person=asha)

    added = vehicles.add(driver=UserFactory(), country="PT", plate="AA12BB", pack_class=town.pack_class, pack_count=1)

    assert added.proven_at is None


def test_words_and_distance_are_removed() -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")
    booking = cancelled(town, asha)
    Booking.objects.filter(pk=booking.pk).update(no_show=True, drive_seconds=600)
    disputed = conduct.dispute_no_show(booking=Booking.objects.get(pk=booking.pk), words="My mother was ill.")
    conduct.keep_no_show(booking=disputed, words="We wish your mother well.")

    deletion.delete(person=asha)

    left = Booking.objects.get(pk=booking.pk)
    assert (left.no_show_dispute, left.no_show_answer, left.drive_seconds, left.no_show) == ("", "", None, True)


def test_why_a_driver_cancelled_is_removed_and_what_staff_wrote_explains_the_line() -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")
    for by, reason in ((asha, "My mother was ill."), (town.staff, "The gate is stuck.")):
        booking = lifecycle.cancel(booking=town.books(asha), by=by, reason=reason)
        assert booking.payment is not None
        operations.carry_out_for(booking.payment)

    deletion.delete(person=asha)

    said = BookingStep.objects.filter(step="cancel").order_by("pk").values_list("reason", flat=True)
    assert list(said) == ["", "The gate is stuck."]


def test_of_a_driver_who_has_booked_nothing_is_left_that_was_said_to_go() -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")
    cancelled(town, asha, key="one tap")
    preferences.prefer(user=asha, network=town.station.network, method="wallet")
    assert rows_of(asha)["booking.PlacingKey.user"] == 1

    deletion.delete(person=asha)

    left = {column for column, count in rows_of(asha).items() if count}
    assert {column for column in left if not keeping.fates()[column].stays} == set()


def test_what_was_chosen_is_forgotten() -> None:
    town = Town(packs=1)
    asha: User = UserFactory()
    preferences.prefer(user=asha, network=town.station.network, method="wallet")

    deletion.delete(person=asha)

    assert preferences.preferred(user=asha, network=town.station.network) == ""


# --- What stands in the way -----------------------------------------------------------------------------------------


def test_a_live_booking_stands_in_the_way_and_is_linked() -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")
    booking = town.books(asha)
    client = signed_in(asha)

    page = client.post(reverse("delete_account"), {"typed": "DELETE"})

    assert page.status_code == 409
    assert reverse("booking:booking", args=[booking.public_id]) in page.content.decode()
    assert User.objects.get(pk=asha.pk).deleted_at is None


def test_money_in_a_wallet_stands_in_the_way() -> None:
    town = Town(packs=1)
    asha = driver_with_wallet(town.station.network, 1, "Asha")

    with pytest.raises(deletion.CannotDeleteYet, match=r"€0\.01"):
        deletion.delete(person=asha)


def test_money_on_its_way_stands_in_the_way() -> None:
    town = Town(packs=1)
    asha: User = UserFactory()
    wallet.top_up(user=asha, network=town.station.network, amount=Money(100, "EUR"), by=None, reason="counter")
    assert PaymentOperation.objects.under_way().exists()

    assert refused_codes(asha) == ["money_under_way"]


def test_an_unpaid_swap_stands_in_the_way() -> None:
    town = Town(packs=1)
    asha = driver_with_wallet(town.station.network, 3_500, "Asha")
    own_vehicle(asha, town)
    booking = swapped(town, asha)
    assert booking.payment is not None
    type(booking.payment).objects.filter(pk=booking.payment.pk).update(state="owed", captured_minor=0)

    assert "unpaid_swap" in refused_codes(asha)


def test_deleting_is_no_way_around_arrive_first() -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")
    for _time in range(3):
        booking = cancelled(town, asha)
        time_passes(booking, minutes=60)
    Booking.objects.update(no_show=True)
    assert refused_codes(asha) == ["arrive_first"]

    for booking in Booking.objects.all():
        time_passes(booking, minutes=8 * 24 * 60)

    assert refused_codes(asha) == []


def test_a_deleted_person_gets_no_booking_no_vehicle_and_no_money() -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")
    vehicle = town.vehicle_of(asha)
    deletion.delete(person=asha)
    Assignment.objects.create(vehicle=vehicle, driver=asha)

    with pytest.raises(people.PersonDeleted):
        town.books(asha)
    with pytest.raises(people.PersonDeleted):
        vehicles.add(driver=asha, country="PT", plate="AA12BB", pack_class=town.pack_class, pack_count=1)
    with pytest.raises(people.PersonDeleted):
        wallet.top_up(user=asha, network=town.station.network, amount=Money(100, "EUR"), by=None, reason="counter")
