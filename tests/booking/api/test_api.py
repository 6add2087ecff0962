"""The API as a partner's programmer meets it: what it answers, what it refuses and with which code, and P5."""

from __future__ import annotations

import uuid
from base64 import b64encode
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient
from rest_framework.throttling import AnonRateThrottle

from accounts.models import Role, User
from booking.models import Booking
from booking.states import State
from stations.states import StationStatus
from tests.factories.accounts import MembershipFactory, UserFactory
from tests.factories.booking import Town, time_passes
from tests.factories.stations import PostFactory, SlotFactory

pytestmark = pytest.mark.django_db


def client_of(person: User | None = None) -> APIClient:
    client = APIClient()
    if person is not None:
        token, _created = Token.objects.get_or_create(user=person)
        client.credentials(HTTP_AUTHORIZATION=f"Token {token.key}")
    return client


def wish(town: Town, driver: User, **more: Any) -> dict[str, Any]:
    return {"station": town.station.pk, "vehicle": town.vehicle_of(driver).pk, "method": "account"} | more


def staff_of(town: Town) -> User:
    membership = MembershipFactory(organisation=town.station.owner, role=Role.STAFF)
    PostFactory(station=town.station, membership=membership)
    user: User = membership.user
    return user


def test_nearby_answers_with_the_station_its_wait_and_its_price() -> None:
    town = Town(packs=2)

    answer = client_of().get(
        "/api/v1/stations/nearby/", {"latitude": 38.7, "longitude": -9.1, "pack_class": town.pack_class.code}
    )

    (found,) = answer.json()
    assert (found["id"], found["ready"], found["in_line"], found["hindrance"]) == (town.station.pk, 2, 0, "")
    assert found["most"] == {"amount_minor": 2_600, "currency": "EUR"}


@pytest.mark.parametrize(
    "query",
    [
        {"latitude": 91, "longitude": 0},
        {"latitude": "nan", "longitude": 0},
        {"latitude": 1e400, "longitude": 0},
        {"latitude": "here", "longitude": 0},
        {"longitude": 0},
        {"latitude": 0, "longitude": 0, "radius": 5},
        {"latitude": 0, "longitude": 0, "pack_class": "a\0b"},
    ],
)
def test_a_place_that_cannot_be_is_refused_with_a_reason(query: dict[str, Any]) -> None:
    town = Town()

    answer = client_of().get("/api/v1/stations/nearby/", {"pack_class": town.pack_class.code} | query)

    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] in {"invalid", "bad_coordinates"}


def test_a_booking_is_placed_read_extended_and_cancelled() -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")
    client = client_of(asha)

    placed = client.post("/api/v1/bookings/", wish(town, asha), format="json")
    here = f"/api/v1/bookings/{placed.json()['id']}/"
    extended = client.post(f"{here}extend/")
    cancelled = client.post(f"{here}cancel/", {"reason": "changed my mind"}, format="json")

    assert (placed.status_code, placed.json()["state"]) == (201, "promised")
    assert extended.json()["promise_ends_at"] > placed.json()["promise_ends_at"]
    assert cancelled.json()["state"] == "cancelled"
    assert client.get("/api/v1/bookings/").json()["results"][0]["id"] == placed.json()["id"]


def test_the_same_key_and_body_give_the_same_booking_and_another_body_is_refused() -> None:
    town = Town(packs=2)
    asha = town.driver("Asha", pack_count=2)
    client = client_of(asha)

    first, again, other = (
        client.post("/api/v1/bookings/", wish(town, asha, packs_wanted=n), format="json", HTTP_IDEMPOTENCY_KEY="k1")
        for n in (1, 1, 2)
    )

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert Booking.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"packs_wanted": 2}, 409, "wrong_pack_count"),
        ({"packs_wanted": 0}, 400, "invalid"),
        ({"station": 999_999}, 409, "unknown_station"),
        ({"station": "x"}, 400, "invalid"),
        ({"vehicle": 999_999}, 409, "vehicle_not_yours"),
        ({"method": "cash"}, 400, "invalid"),
        ({"position": {"latitude": 91, "longitude": 0}}, 400, "bad_coordinates"),
        ({"position": {"latitude": 9}}, 400, "invalid"),
        ({"pakcs_wanted": 1}, 400, "invalid"),
        ({"station": 2**80}, 400, "invalid"),
    ],
)
def test_a_wish_that_cannot_be_is_refused_and_nothing_is_half_done(
    change: dict[str, Any], status: int, code: str
) -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")

    answer = client_of(asha).post("/api/v1/bookings/", wish(town, asha, **change), format="json")

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer["Content-Type"] == "application/problem+json"
    assert not Booking.objects.exists()


@pytest.mark.parametrize("body", ["{", "[]", "null", '"x"', '{"station": NaN}', '{"method": "a\\u0000"}'])
def test_a_body_that_is_no_wish_is_refused(body: str) -> None:
    asha = Town().driver("Asha")

    answer = client_of(asha).post("/api/v1/bookings/", body, content_type="application/json")

    assert answer.status_code == 400


def test_a_body_that_is_too_large_is_refused(settings: Any) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000
    asha = Town().driver("Asha")

    answer = client_of(asha).post("/api/v1/bookings/", {"method": "x" * 2_000}, format="json")

    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_a_second_live_booking_and_a_step_that_is_not_possible_are_conflicts() -> None:
    town = Town(packs=2)
    asha = town.driver("Asha")
    client = client_of(asha)
    booking = town.books(asha)

    second = client.post("/api/v1/bookings/", wish(town, asha), format="json")
    town.swaps(town.arrives(booking))
    late = client.post(f"/api/v1/bookings/{booking.public_id}/cancel/")

    assert (second.status_code, second.json()["code"]) == (409, "already_booked")
    assert (late.status_code, late.json()["code"]) == (409, "step_not_possible")


def test_nobody_reads_or_changes_anothers_booking() -> None:
    town = Town(packs=1)
    booking = town.books(town.driver("Asha"))
    chitra = client_of(town.driver("Chitra"))

    answers = [
        chitra.get(f"/api/v1/bookings/{booking.public_id}/"),
        chitra.post(f"/api/v1/bookings/{booking.public_id}/cancel/"),
        chitra.post(f"/api/v1/bookings/{booking.public_id}/extend/"),
        chitra.get(f"/api/v1/bookings/{uuid.uuid4()}/"),
    ]

    assert {a.status_code for a in answers} == {404}
    assert Booking.objects.get().state == State.PROMISED


def test_without_a_token_nothing_personal_is_answered() -> None:
    for address in ("bookings/", "vehicles/", "statements/"):
        answer = client_of().get(f"/api/v1/{address}")
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")


def test_an_overdue_promise_reads_as_ended() -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")
    booking = town.books(asha)
    time_passes(booking, minutes=31)

    answer = client_of(asha).get(f"/api/v1/bookings/{booking.public_id}/")

    assert answer.json()["state"] == "expired"


def test_the_line_is_told_in_numbers_and_names_nobody() -> None:
    town = Town(packs=1)
    booking = town.books(town.driver("Asha"))
    town.books(town.driver("Bala"))

    answer = client_of().get(f"/api/v1/stations/{town.station.pk}/line/")

    assert answer.json()["lines"] == [{"pack_class": town.pack_class.code, "waiting": 1, "promised": 1}]
    assert booking.code not in answer.content.decode()


def test_the_tariffs_of_a_station_are_public() -> None:
    town = Town()

    (tariff,) = client_of().get("/api/v1/tariffs/", {"station": town.station.pk}).json()

    assert (tariff["price_per_kwh"], tariff["service_fee_minor"]) == ("0.5000", 100)


@pytest.mark.parametrize("address", ["/api/v1/stations/{}/line/", "/api/v1/tariffs/?station={}"])
def test_a_station_that_is_only_planned_is_not_there(address: str) -> None:
    town = Town(status=StationStatus.PLANNED)

    answer = client_of().get(address.format(town.station.pk))

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_staff_confirm_an_arrival_by_code_and_run_the_swap() -> None:
    town = Town(packs=1)
    SlotFactory(station=town.station, pack_class=town.pack_class)
    booking = town.books(town.driver("Asha"))
    client, station = client_of(staff_of(town)), f"/api/v1/staff/stations/{town.station.pk}"
    here = f"{station}/bookings/{booking.public_id}"

    arrived = client.post(f"{station}/arrivals/", {"code": booking.code.lower()}, format="json")
    client.post(f"{here}/start/", {"bay": town.bay.number}, format="json")
    client.post(f"{here}/old-in/", {"serial": town.old_pack().serial, "soc_percent": "12.0"}, format="json")
    client.post(f"{here}/new-out/", {"serial": town.packs[0].serial}, format="json")
    done = client.post(f"{here}/finish/")

    assert arrived.json()["state"] == "arrived"
    assert done.json()["state"] == "completed"
    assert done.json()["price"]["currency"] == "EUR"


def test_a_code_works_once_at_its_own_station_and_guessing_is_limited() -> None:
    town, other = Town(packs=1), Town(packs=1)
    booking = town.books(town.driver("Asha"))
    client = client_of(staff_of(town))
    at = f"/api/v1/staff/stations/{town.station.pk}/arrivals/"
    client.post(at, {"code": booking.code}, format="json")

    codes = [client.post(at, {"code": code}, format="json").json()["code"] for code in (booking.code, *["ZZZZZZ"] * 6)]

    assert codes == ["code_used", *["code_unknown"] * 5, "too_many_tries"]
    assert client.post(f"/api/v1/staff/stations/{other.station.pk}/arrivals/", {"code": "A"}).status_code in (404, 415)


def test_staff_of_one_station_see_nothing_of_another() -> None:
    town, other = Town(packs=1), Town(packs=1)
    booking = other.books(other.driver("Asha"))
    client = client_of(staff_of(town))

    answers = [
        client.post(f"/api/v1/staff/stations/{other.station.pk}/arrivals/", {"code": booking.code}, format="json"),
        client.post(
            f"/api/v1/staff/stations/{town.station.pk}/bookings/{booking.public_id}/start/", {"bay": 1}, format="json"
        ),
    ]

    assert [a.status_code for a in answers] == [404, 404]


def test_a_charge_of_140_percent_is_a_bad_request_and_the_pack_stays_out() -> None:
    town = Town(packs=1)
    SlotFactory(station=town.station, pack_class=town.pack_class)
    booking = town.arrives(town.books(town.driver("Asha")))
    client, here = client_of(staff_of(town)), f"/api/v1/staff/stations/{town.station.pk}/bookings/{booking.public_id}"
    client.post(f"{here}/start/", {"bay": town.bay.number}, format="json")

    answer = client.post(
        f"{here}/old-in/", {"serial": town.old_pack().serial, "soc_percent": Decimal(140)}, format="json"
    )

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_reading")
    assert not booking.swap_packs.exists()


def test_the_schema_describes_every_address_without_a_warning(capsys: pytest.CaptureFixture[str]) -> None:
    answer = client_of().get("/api/v1/schema/", HTTP_ACCEPT="application/vnd.oai.openapi+json")

    assert answer.status_code == 200
    assert {"/api/v1/bookings/", "/api/v1/stations/nearby/", "/api/v1/statements/"} <= set(answer.json()["paths"])
    assert capsys.readouterr().err == ""


def test_too_many_requests_are_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AnonRateThrottle, "THROTTLE_RATES", {"anon": "1/day"})
    cache.clear()
    town = Town()
    client = client_of()

    answers = [client.get("/api/v1/tariffs/", {"station": town.station.pk}) for _time in range(2)]

    assert [a.status_code for a in answers] == [200, 429]
    assert answers[1].json()["code"] == "throttled"


def test_an_old_key_brings_its_booking_back_as_it_is_and_not_as_a_new_one() -> None:
    town = Town(packs=1)
    asha = town.driver("Asha")
    client = client_of(asha)
    first = client.post("/api/v1/bookings/", wish(town, asha), format="json", HTTP_IDEMPOTENCY_KEY="k1")
    client.post(f"/api/v1/bookings/{first.json()['id']}/cancel/")

    again = client.post("/api/v1/bookings/", wish(town, asha), format="json", HTTP_IDEMPOTENCY_KEY="k1")

    assert (again.status_code, again.json()["id"], again.json()["state"]) == (200, first.json()["id"], "cancelled")


@pytest.mark.parametrize(
    "position", ["%00", "x", "infinity", "", "0000-00-00", "2026-01-01T00:00:00", "2026-01-01 00:00:00%00"]
)
@pytest.mark.parametrize("where", ["bookings", "statements"])
def test_a_cursor_that_we_have_not_written_leads_nowhere(where: str, position: str) -> None:
    cursor = b64encode(f"p={position}".encode()).decode()

    answer = client_of(UserFactory()).get(f"/api/v1/{where}/", {"cursor": cursor})

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    "body", [b'{"\\ud800": 1}', b'{"station": "\\ud800"}', b'{"position": {"latitude": ["\\udfff"]}}']
)
def test_half_a_sign_is_no_text_and_refused(body: bytes) -> None:
    answer = client_of(UserFactory()).post("/api/v1/bookings/", body, content_type="application/json")

    assert (answer.status_code, answer.json()["code"]) == (400, "parse_error")


def test_a_token_that_no_database_could_hold_is_not_known() -> None:
    answer = APIClient().get("/api/v1/bookings/", HTTP_AUTHORIZATION="Token \0")

    assert answer.status_code == 401
