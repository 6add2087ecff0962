"""Stars, reports and disputes: on the driver's pages, in the back office, on the board and in the API."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from accounts.models import Role, User
from booking import afterwards, board, board_stamp, conduct, feedback, lifecycle
from booking.models import Booking, Rating, Report, ReportKind
from stations.states import PackState
from tests.booking.driving import heading, signed_in, text
from tests.factories.accounts import MembershipFactory, WorkerFactory
from tests.factories.booking import Town
from tests.factories.stations import SlotFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def town() -> Town:
    return Town(packs=1)


@pytest.fixture
def swapped(town: Town) -> Booking:
    return town.swaps(town.arrives(town.books(town.driver("Asha"))))


@pytest.fixture
def marked(town: Town) -> Booking:
    return town.stays_away(town.driver("Asha"))


def asha_of(booking: Booking) -> Client:
    assert booking.driver is not None
    return signed_in(booking.driver)


def at(name: str, booking: Booking) -> str:
    return reverse(f"booking:{name}", args=[booking.public_id])


def operator_of(town: Town) -> User:
    company = town.station.network.organisations.get(is_operator=True)
    user: User = MembershipFactory(user=WorkerFactory(is_staff=True), role=Role.OPERATOR, organisation=company).user
    return user


def office(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


# --- The driver's pages ---------------------------------------------------------------------------------------------


def test_two_taps_on_the_card_rate_a_swap_and_the_card_shows_it(swapped: Booking) -> None:
    client = asha_of(swapped)

    page = client.post(at("rate", swapped), {"stars": "4"}, follow=True)

    assert Rating.objects.get().stars == 4
    assert "You gave 4 stars" in text(page)
    assert "How was it?" not in text(page)


@pytest.mark.parametrize("stars", ["", "0", "6", "x", "\0", "4.5"])
def test_what_is_no_number_of_stars_asks_again(swapped: Booking, stars: str) -> None:
    answer = asha_of(swapped).post(at("rate", swapped), {"stars": stars})

    assert answer.status_code == 400
    assert not Rating.objects.exists()


def test_a_report_is_told_and_its_answer_read_on_the_same_page(town: Town, swapped: Booking) -> None:
    client = asha_of(swapped)

    told = client.post(at("report", swapped), {"kind": "station", "words": "Bay 1 is dark"}, follow=True)
    feedback.answer(report=Report.objects.get(), words="The lamp is new.", by=town.staff)
    answered = text(client.get(at("booking", swapped)))

    assert "Bay 1 is dark" in text(told)
    assert "Received" in text(told)
    assert "The lamp is new." in answered
    assert town.staff.name not in answered


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"kind": "station"},
        {"kind": "x", "words": "a"},
        {"kind": "station", "words": "\0"},
        {"kind": "charge", "words": "a"},
        {"kind": "station", "words": "x" * 501},
    ],
    ids=str,
)
def test_a_report_that_cannot_be_read_asks_again(swapped: Booking, told: dict[str, str]) -> None:
    assert asha_of(swapped).post(at("report", swapped), told).status_code == 400
    assert not Report.objects.exists()


def test_the_second_report_of_a_matter_is_answered_with_a_sentence(swapped: Booking) -> None:
    client = asha_of(swapped)
    for _time in range(2):
        page = client.post(at("report", swapped), {"kind": "safety", "words": "A bare cable"}, follow=True)

    assert "You have told us this already." in text(page)
    assert Report.objects.count() == 1


def test_a_packs_charge_is_questioned_by_pack_and_figure(swapped: Booking) -> None:
    serial = swapped.swap_packs.get(direction="out").pack.serial

    page = asha_of(swapped).post(at("charge", swapped), {"pack": serial, "shown": "88"}, follow=True)

    assert f"Pack {serial}: the vehicle showed 88 %." in text(page)


@pytest.mark.parametrize(
    "told", [{}, {"shown": "88"}, {"pack": "?", "shown": "88"}, {"shown": "101"}, {"shown": "NaN"}], ids=str
)
def test_a_question_about_charge_needs_a_pack_of_this_swap_and_a_percentage(
    swapped: Booking, told: dict[str, str]
) -> None:
    serial = swapped.swap_packs.get(direction="out").pack.serial

    assert asha_of(swapped).post(at("charge", swapped), {"pack": serial} | told | {"words": ""}).status_code == (
        302 if told == {"shown": "88"} else 400
    )


def test_a_running_booking_has_no_charge_to_question_and_nothing_to_rate(town: Town) -> None:
    running = town.books(town.driver("Asha"))
    client = asha_of(running)

    assert client.get(at("charge", running)).status_code == 404
    assert heading(client.get(at("rate", running))) == "There is nothing to rate"
    assert heading(client.get(at("report", running))) == "This cannot be reported here"


def test_what_a_driver_said_belongs_to_the_cards_tag(swapped: Booking) -> None:
    client = asha_of(swapped)
    before = client.get(at("card", swapped))["ETag"]
    feedback.rate(booking=swapped, stars=5)

    assert client.get(at("card", swapped), headers={"if-none-match": before}).status_code == 200


def test_the_dispute_of_a_mark_shows_its_answer(town: Town, marked: Booking) -> None:
    client = asha_of(marked)
    client.post(at("dispute", marked), {"words": "The gate was shut"})
    received = text(client.get(at("booking", marked)))
    conduct.keep_no_show(booking=Booking.objects.get(pk=marked.pk), words="It was open all day.")

    answered = text(client.get(at("booking", marked)))

    assert "The gate was shut" in received
    assert "It was open all day." in answered
    assert "Counted as a no-show" in answered


def test_a_booking_that_was_cancelled_in_time_says_that_it_left_no_mark(town: Town) -> None:
    asha = town.driver("Asha")
    cancelled = lifecycle.cancel(booking=town.books(asha), by=asha)

    assert "No mark, and nothing to pay." in text(signed_in(asha).get(at("booking", cancelled)))


# --- The back office ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("model", ["rating", "report", "disputednoshow"])
def test_the_back_office_lists_what_drivers_say(town: Town, swapped: Booking, model: str) -> None:
    feedback.rate(booking=swapped, stars=1, words="Long wait")
    feedback.report(booking=swapped, kind=ReportKind.STATION, words="Dark")

    client = office(operator_of(town))

    assert client.get(f"/admin/booking/{model}/").status_code == 200
    assert client.get(f"/admin/booking/{model}/add/").status_code == 403


def test_an_operator_takes_a_report_up_and_answers_it(town: Town, swapped: Booking) -> None:
    told = feedback.report(booking=swapped, kind=ReportKind.PRICE, words="Too much")
    operator = operator_of(town)
    client = office(operator)

    client.post("/admin/booking/report/", {"action": "look", "_selected_action": [told.pk]})
    looked_at = Report.objects.get().state
    client.post(f"/admin/booking/report/{told.pk}/change/", {"answer": "It was the night price."})

    told.refresh_from_db()
    assert (looked_at, told.state, told.answer) == ("looked_at", "answered", "It was the night price.")
    assert told.taken_by == operator


def test_an_answer_is_not_written_over(town: Town, swapped: Booking) -> None:
    told = feedback.report(booking=swapped, kind=ReportKind.PRICE, words="Too much")
    feedback.answer(report=told, words="First", by=town.staff)

    office(operator_of(town)).post(f"/admin/booking/report/{told.pk}/change/", {"answer": "Second"})

    told.refresh_from_db()
    assert told.answer == "First"


def test_a_dispute_is_decided_in_the_back_office(town: Town, marked: Booking) -> None:
    conduct.dispute_no_show(booking=marked, words="The gate was shut")

    office(operator_of(town)).post(
        f"/admin/booking/disputednoshow/{marked.pk}/change/", {"mark": "waive", "no_show_answer": "It was. Sorry."}
    )

    marked.refresh_from_db()
    assert (marked.no_show, marked.no_show_answer) == (False, "It was. Sorry.")


def test_another_networks_reports_do_not_exist(swapped: Booking) -> None:
    told = feedback.report(booking=swapped, kind=ReportKind.PRICE, words="Too much")
    chitra = office(operator_of(Town(packs=1)))

    chitra.post(f"/admin/booking/report/{told.pk}/change/", {"answer": "Mine"})

    assert "Too much" not in chitra.get("/admin/booking/report/").content.decode()
    told.refresh_from_db()
    assert told.answer == ""


# --- The board ------------------------------------------------------------------------------------------------------


def test_a_danger_is_an_alarm_until_it_is_answered_and_changes_the_board(town: Town, swapped: Booking) -> None:
    before = board_stamp.of(town.station.pk)
    told = feedback.report(booking=swapped, kind=ReportKind.SAFETY, words="A bare cable")

    alarms = board.take(town.station).alarms
    assert [alarm.detail for alarm in alarms if alarm.is_bad] == ["A bare cable"]
    assert board_stamp.of(town.station.pk) != before
    feedback.answer(report=told, words="It is mended.", by=town.staff)
    assert not [alarm for alarm in board.take(town.station).alarms if alarm.is_bad]


def test_a_reported_pack_is_an_alarm_where_it_comes_back(town: Town, swapped: Booking) -> None:
    out, came = swapped.swap_packs.get(direction="out"), swapped.swap_packs.get(direction="in")

    feedback.report(booking=swapped, kind=ReportKind.PACK, words="A dent")
    away = afterwards.reported_packs(town.station)
    feedback.question_charge(booking=swapped, serial=came.pack.serial, shown_soc_percent=Decimal(50))
    here = afterwards.reported_packs(town.station)
    type(out.pack).objects.filter(pk=out.pack_id).update(
        station=town.station, state=PackState.STORED, slot=SlotFactory(station=town.station, pack_class=town.pack_class)
    )

    assert (away, here) == ([], [came.pack.serial])
    assert afterwards.reported_packs(town.station) == sorted([came.pack.serial, out.pack.serial])


# --- The API --------------------------------------------------------------------------------------------------------


def api(person: User | None) -> APIClient:
    client = APIClient()
    if person is not None:
        client.credentials(HTTP_AUTHORIZATION=f"Token {Token.objects.create(user=person).key}")
    return client


def test_a_program_rates_and_reports_for_its_driver(swapped: Booking) -> None:
    client, address = api(swapped.driver), f"/api/v1/bookings/{swapped.public_id}"
    serial = swapped.swap_packs.get(direction="out").pack.serial

    rated = client.post(f"{address}/rating/", {"stars": 5}, format="json")
    told = client.post(f"{address}/reports/", {"kind": "staff", "words": "Kind people"}, format="json")
    charge = {"kind": "charge", "pack": serial, "shown_soc_percent": "88.5"}
    asked = client.post(f"{address}/reports/", charge, format="json")

    assert (rated.status_code, rated.json()["stars"]) == (200, 5)
    assert (told.status_code, told.json()["state"], asked.status_code) == (201, "received", 201)
    assert [row["kind"] for row in client.get(f"{address}/reports/").json()] == ["staff", "charge"]


@pytest.mark.parametrize(
    ("told", "number", "code"),
    [
        ({"kind": "staff", "words": ""}, 400, "words_missing"),
        ({"kind": "staff", "words": "a", "pack": "x"}, 400, "invalid"),
        ({"kind": "charge"}, 400, "invalid"),
        ({"kind": "charge", "pack": "?", "shown_soc_percent": 3}, 409, "unknown_pack"),
    ],
    ids=str,
)
def test_a_report_of_a_program_that_says_too_little_is_refused(
    swapped: Booking, told: dict[str, Any], number: int, code: str
) -> None:
    answer = api(swapped.driver).post(f"/api/v1/bookings/{swapped.public_id}/reports/", told, format="json")

    assert (answer.status_code, answer.json()["code"]) == (number, code)


def test_anothers_booking_does_not_exist_for_a_program(town: Town, swapped: Booking) -> None:
    client, address = api(town.driver("Chitra")), f"/api/v1/bookings/{swapped.public_id}"

    assert client.post(f"{address}/rating/", {"stars": 1}, format="json").status_code == 404
    assert client.get(f"{address}/reports/").status_code == 404
