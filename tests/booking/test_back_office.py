"""Booking's back office: own networks only, and writers do the writing."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from django.db.models import Model
from django.test import Client
from django.utils import timezone

from accounts.models import Role, User
from booking import clock, tasks, told
from booking.forecast import Outlook, Span
from booking.models import Booking, CalibrationDay, Learned, Tariff, Told
from booking.states import State
from tests.factories.accounts import MembershipFactory, WorkerFactory
from tests.factories.booking import Town, states

pytestmark = pytest.mark.django_db

OF_THE_FORECAST = ("learned", "told", "calibrationday")
LISTS = (
    "tariff",
    "vehicle",
    "booking",
    "line",
    "promise",
    "swappack",
    "bookingstep",
    "override",
    "notice",
    "block",
    *OF_THE_FORECAST,
)
READ_ONLY = ("booking", "line", "promise", "swappack", "bookingstep", "override", "notice", *OF_THE_FORECAST)


@pytest.fixture
def town() -> Town:
    return Town(packs=1)


def operator_of(town: Town) -> User:
    company = town.station.network.organisations.get(is_operator=True)
    user: User = MembershipFactory(user=WorkerFactory(is_staff=True), role=Role.OPERATOR, organisation=company).user
    return user


def office(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def act(client: Client, name: str, booking: Booking, reason: str = "") -> str:
    sent = {"action": name, "_selected_action": [booking.pk], "reason": reason}
    answer = client.post("/admin/booking/booking/", sent, follow=True)
    return answer.content.decode()


@pytest.mark.parametrize("model", LISTS)
def test_an_operator_opens_every_list(town: Town, model: str) -> None:
    town.swaps(town.arrives(town.books(town.driver("Asha"))))

    assert office(operator_of(town)).get(f"/admin/booking/{model}/").status_code == 200


def test_a_booking_opens_with_its_history(town: Town) -> None:
    booking = town.books(town.driver("Asha"))

    page = office(operator_of(town)).get(f"/admin/booking/booking/{booking.pk}/change/").content.decode()

    assert "join" in page
    assert "authorise" in page


@pytest.mark.parametrize("model", READ_ONLY)
def test_what_writers_own_is_neither_added_nor_deleted_by_hand(town: Town, model: str) -> None:
    town.books(town.driver("Asha"))

    assert office(operator_of(town)).get(f"/admin/booking/{model}/add/").status_code == 403


def forecast_rows(town: Town) -> dict[str, Model]:
    """One of each kind that the nights write, and every second."""
    booking = town.swaps(town.arrives(town.books(town.driver("Asha"))))
    outlook, now = Outlook(Span(1, 2, 3), Span(4, 5, 6), 0.5), clock.database_now()
    told.note(booking, occasion="join", changed_at=booking.joined_at, outlook=outlook, at=now)
    tasks.learn()
    return {
        "learned": Learned.objects.get(station=town.station),
        "told": Told.objects.get(booking=booking),
        "calibrationday": CalibrationDay.objects.filter(network=town.station.network).order_by("-day")[0],
    }


@pytest.mark.parametrize("model", OF_THE_FORECAST)
def test_what_the_forecast_writes_is_read_by_the_networks_operator_and_changed_by_nobody(
    town: Town, model: str
) -> None:
    row = forecast_rows(town)[model]
    page = f"/admin/booking/{model}/{row.pk}/"

    assert office(operator_of(town)).get(f"{page}change/").status_code == 200
    assert office(operator_of(town)).post(f"{page}change/", {"cases": "7"}).status_code == 403
    assert office(operator_of(town)).get(f"{page}delete/").status_code == 403
    stranger = office(operator_of(Town(packs=1)))
    assert str(row.pk) not in re.findall(
        rf"/admin/booking/{model}/(\d+)/", stranger.get(f"/admin/booking/{model}/").content.decode()
    )
    assert stranger.get(f"{page}change/", follow=True).redirect_chain


def test_another_networks_bookings_do_not_exist(town: Town) -> None:
    booking = town.books(town.driver("Asha"))
    chitra = operator_of(Town(packs=1))

    page = office(chitra).get("/admin/booking/booking/").content.decode()
    act(office(chitra), "cancel", booking, "A mistake")

    assert booking.code not in page
    assert states([booking]) == [State.PROMISED]


def test_cancelling_goes_through_the_writer_names_who_did_it_and_tells_the_driver_why(town: Town) -> None:
    asha = town.driver("Asha")
    booking, operator = town.books(asha), operator_of(town)

    page = act(office(operator), "cancel", booking, "The street is closed for the marathon.")

    assert states([booking]) == [State.CANCELLED]
    assert booking.steps.get(step="cancel").by == operator
    assert f"{booking.code} is cancelled." in page
    card = office(asha).get(f"/b/{booking.public_id}/").content.decode()
    assert "What staff wrote: The street is closed for the marathon." in card


@pytest.mark.parametrize("reason", ["", "   "])
def test_nobody_is_cancelled_without_a_reason_and_the_list_has_a_field_for_it(town: Town, reason: str) -> None:
    booking = town.books(town.driver("Asha"))

    page = act(office(operator_of(town)), "cancel", booking, reason)

    assert states([booking]) == [State.PROMISED]
    assert "the driver reads it" in page
    assert 'name="reason"' in page


def test_a_refusal_is_shown_as_its_sentence(town: Town) -> None:
    booking = town.books(town.driver("Asha"))

    page = act(office(operator_of(town)), "waive_no_show", booking)

    assert "There is no mark on this booking." in page


def test_a_no_show_is_waived(town: Town) -> None:
    booking = town.books(town.driver("Asha"))
    Booking.objects.filter(pk=booking.pk).update(
        state=State.EXPIRED, end_reason="overdue", ended_at=timezone.now(), no_show=True
    )

    act(office(operator_of(town)), "waive_no_show", booking)

    booking.refresh_from_db()
    assert (booking.no_show, booking.no_show_waived_at is None) == (False, False)


def tariff_form(town: Town, **changed: object) -> dict[str, object]:
    return {
        "network": town.station.network_id,
        "station": town.station.pk,
        "pack_class": town.pack_class.pk,
        "currency": "EUR",
        "price_per_kwh": "0.6500",
        "service_fee_minor": "150",
        "tax_rate_bp": "2300",
        "valid_from_0": f"{timezone.now():%Y-%m-%d}",
        "valid_from_1": f"{timezone.now():%H:%M:%S}",
    } | changed


def test_a_new_price_is_a_new_version_and_ends_the_one_before(town: Town) -> None:
    answer = office(operator_of(town)).post("/admin/booking/tariff/add/", tariff_form(town))

    town.tariff.refresh_from_db()
    latest = Tariff.objects.get(station=town.station, version=2)
    assert answer.status_code == 302
    assert latest.price_per_kwh == Decimal("0.65")
    assert town.tariff.valid_until == latest.valid_from


@pytest.mark.parametrize("wrong", [{"price_per_kwh": "0"}, {"currency": "THB"}, {"price_per_kwh": "NaN"}])
def test_a_price_that_cannot_be_is_refused(town: Town, wrong: dict[str, object]) -> None:
    answer = office(operator_of(town)).post("/admin/booking/tariff/add/", tariff_form(town, **wrong), follow=True)

    assert answer.status_code == 200
    assert not Tariff.objects.filter(version=2).exists()


def test_a_price_is_not_changed_afterwards(town: Town) -> None:
    path = f"/admin/booking/tariff/{town.tariff.pk}/change/"

    office(operator_of(town)).post(path, tariff_form(town))

    town.tariff.refresh_from_db()
    assert town.tariff.price_per_kwh == Decimal("0.5")


def vehicle_form(town: Town, **changed: object) -> dict[str, object]:
    return {
        "country": "PT",
        "plate": "AA-00-ZZ",
        "pack_class": town.pack_class.pk,
        "pack_count": 1,
        "model": "",
        "fleet": town.fleet.pk,
    } | changed


def test_an_operator_corrects_a_plate(town: Town) -> None:
    vehicle = town.vehicle_of(town.driver("Asha"))

    office(operator_of(town)).post(f"/admin/booking/vehicle/{vehicle.pk}/change/", vehicle_form(town))

    vehicle.refresh_from_db()
    assert vehicle.plate == "AA00ZZ"


def test_the_packs_of_a_vehicle_do_not_change_under_a_live_booking(town: Town) -> None:
    booking = town.books(town.driver("Asha"))
    path = f"/admin/booking/vehicle/{booking.vehicle_id}/change/"

    answer = office(operator_of(town)).post(path, vehicle_form(town, pack_count=2), follow=True)

    booking.vehicle.refresh_from_db()
    assert "its packs cannot change now" in answer.content.decode()
    assert booking.vehicle.pack_count == 1
