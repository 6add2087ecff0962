"""A fleet's own system plans, reads and cancels blocks; what is refused has a stable code."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from booking import clock, tasks
from booking.models import Block
from tests.booking.api.test_api import client_of
from tests.factories.blocks import manager_of, moment_comes, planned
from tests.factories.booking import Town

pytestmark = pytest.mark.django_db

BLOCKS = "/api/v1/fleet-blocks/"


def wish(town: Town, client: Any, **differs: Any) -> dict[str, Any]:
    known = client.get("/api/v1/fleet-vehicles/").json()
    first_at = (clock.database_now() + timedelta(hours=1)).isoformat()
    values = {
        "fleet": town.fleet.pk,
        "station": town.station.pk,
        "vehicles": [one["id"] for one in known],
        "first_at": first_at,
    }
    return values | differs


def test_a_block_is_planned_read_and_cancelled() -> None:
    town = Town(packs=10)
    for name in ("Asha", "Bala"):
        town.driver(name)
    client = client_of(manager_of(town))

    made = client.post(BLOCKS, wish(town, client), format="json")

    assert made.status_code == 201
    block = made.json()
    assert block["step_seconds"] == 600
    assert [(one["driver"], one["state"]) for one in block["vehicles"]] == [("Asha", "planned"), ("Bala", "planned")]
    assert client.get(BLOCKS).json() == [block]

    one = client.delete(f"{BLOCKS}{block['id']}/vehicles/1/").json()
    rest = client.delete(f"{BLOCKS}{block['id']}/").json()

    assert [entry["state"] for entry in one["vehicles"]] == ["cancelled", "planned"]
    assert [entry["state"] for entry in rest["vehicles"]] == ["cancelled", "cancelled"]
    assert client.delete(f"{BLOCKS}{block['id']}/").json()["code"] == "entry_over"


def test_what_has_become_of_a_vehicle_is_told_with_its_booking_or_the_reason() -> None:
    town = Town(packs=10)
    mala, asha, bala = manager_of(town), town.driver("Asha"), town.driver("Bala")
    town.books(bala)
    block = planned(town, asha, bala, by=mala)
    moment_comes(*block.entries.all())
    tasks.join_blocks()

    told = client_of(mala).get(f"{BLOCKS}{block.public_id}/").json()["vehicles"]

    assert [(one["state"], one["reason"], one["booking"] is None) for one in told] == [
        ("joined", "", False),
        ("skipped", "already_booked", True),
    ]


def test_the_same_key_gives_the_same_block_and_another_body_is_refused() -> None:
    town = Town(packs=10)
    town.driver("Asha")
    client = client_of(manager_of(town))
    body = wish(town, client)

    first = client.post(BLOCKS, body, format="json", headers={"Idempotency-Key": "shift-7"})
    second = client.post(BLOCKS, body, format="json", headers={"Idempotency-Key": "shift-7"})
    other = client.post(BLOCKS, body | {"step_seconds": 7_200}, format="json", headers={"Idempotency-Key": "shift-7"})

    assert first.json()["id"] == second.json()["id"]
    assert Block.objects.count() == 1
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("differs", "status", "code"),
    [
        ({"vehicles": []}, 400, "invalid"),
        ({"vehicles": list(range(1, 102))}, 400, "invalid"),
        ({"vehicles": [2**62]}, 409, "not_of_your_fleet"),
        ({"first_at": "2020-01-01T10:00:00Z"}, 400, "cannot_plan"),
        ({"first_at": "9999-12-31T23:59:59Z"}, 400, "cannot_plan"),
        ({"fleet": 2**62}, 409, "not_your_fleet"),
        ({"station": 2**62}, 409, "unknown_station"),
        ({"steps": 4}, 400, "invalid"),
    ],
)
def test_a_plan_that_is_none_is_refused_with_a_code(differs: dict[str, Any], status: int, code: str) -> None:
    town = Town(packs=10)
    town.driver("Asha")
    client = client_of(manager_of(town))

    refused = client.post(BLOCKS, wish(town, client, **differs), format="json")

    assert (refused.status_code, refused.json()["code"]) == (status, code)
    assert not Block.objects.exists()


def test_who_manages_another_fleet_finds_neither_its_vehicles_nor_its_blocks() -> None:
    town = Town(packs=10)
    block = planned(town, town.driver("Asha"))
    stranger = client_of(manager_of(town, town.add_fleet(), user__name="Nuno"))

    assert stranger.get(BLOCKS).json() == []
    assert stranger.get("/api/v1/fleet-vehicles/").json() == []
    answers = [stranger.get(f"{BLOCKS}{block.public_id}/"), stranger.delete(f"{BLOCKS}{block.public_id}/")]
    answers.append(stranger.delete(f"{BLOCKS}{block.public_id}/vehicles/1/"))
    assert {answer.status_code for answer in answers} == {404}
    assert block.entries.get().state == "planned"
