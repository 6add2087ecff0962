"""A fleet's manager plans a change of shifts on a page that works with HTML alone, and sees no other fleet's."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.adapter import home_of
from accounts.models import User
from booking import clock, tasks
from booking.models import Assignment, Block, BlockEntry
from stations import upkeep
from stations.models import Pack
from tests.booking.driving import heading, signed_in, text
from tests.factories.accounts import UserFactory
from tests.factories.blocks import assignment_of, manager_of, moment_comes, planned
from tests.factories.booking import Town, VehicleFactory, states
from tests.factories.stations import SlotFactory

pytestmark = pytest.mark.django_db


def written(at: datetime) -> str:
    """As the browser's field writes it, by the clock of Lisbon."""
    return f"{at.astimezone(ZoneInfo('Europe/Lisbon')):%Y-%m-%dT%H:%M}"


def typed(town: Town, *drivers: User, **differs: Any) -> dict[str, Any]:
    values = {
        "station": town.station.pk,
        "first_at": written(clock.database_now() + timedelta(hours=1)),
        "step": "",
        "who": [assignment_of(driver) for driver in drivers],
    }
    return values | differs


def new(town: Town) -> str:
    return f"/fleet/{town.fleet.pk}/new/"


def hidden_fields(page: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page.content.decode()):
        found.setdefault(name, []).append(value)
    return found


def test_a_manager_comes_to_the_fleets_page_and_finds_it_in_the_account() -> None:
    town = Town()
    mala = manager_of(town)

    assert home_of(mala) == "/fleet/"
    assert "Change of shifts" in text(signed_in(mala).get("/account/"))
    assert "Change of shifts" not in text(signed_in(town.driver("Asha")).get("/account/"))


def test_the_form_proposes_every_vehicle_with_its_driver_from_the_next_quarter_of_an_hour() -> None:
    town = Town()
    asha = town.driver("Asha")
    other = Assignment.objects.create(vehicle=town.vehicle_of(asha), driver=town.driver("Bala"))

    page = signed_in(manager_of(town)).get(new(town))

    ticked = re.findall(r'value="(\d+)"[^>]*checked', page.content.decode())
    assert str(assignment_of(asha)) in ticked
    assert str(other.pk) not in ticked
    assert re.search(r'name="first_at" value="\d{4}-\d\d-\d\dT\d\d:(00|15|30|45)"', page.content.decode())


def test_the_moments_are_shown_before_anything_counts_and_then_planned_by_one_tap() -> None:
    town = Town(packs=10)
    asha, bala = town.driver("Asha"), town.driver("Bala")
    client = signed_in(manager_of(town))
    at = clock.database_now() + timedelta(hours=1)

    shown = client.post(new(town), typed(town, asha, bala, first_at=written(at)))

    assert not Block.objects.exists()
    assert f"{town.vehicle_of(bala).plate} · Bala" in text(shown)
    assert "One every 10 minutes." in text(shown)

    fields = hidden_fields(shown) | {"confirm": ["1"]}
    first, again = (client.post(new(town), fields, follow=True) for _tap in range(2))

    assert "Planned. Each vehicle joins the line at its moment." in text(first)
    assert Block.objects.get().first_at == at.replace(second=0, microsecond=0)
    assert BlockEntry.objects.count() == 2
    assert first.redirect_chain == again.redirect_chain


def test_what_was_typed_is_there_again_when_it_is_to_be_changed() -> None:
    town = Town(packs=10)
    asha = town.driver("Asha")
    client = signed_in(manager_of(town))
    shown = client.post(new(town), typed(town, asha, step="25"))

    page = client.post(new(town), hidden_fields(shown) | {"change": ["1"]})

    assert 'name="step" value="25"' in page.content.decode()
    assert not Block.objects.exists()


@pytest.mark.parametrize(
    ("differs", "status", "words"),
    [
        ({"who": []}, 400, "Choose at least one vehicle."),
        ({"who": ["999999"]}, 400, "not of your fleet any more"),
        ({"first_at": "soon"}, 400, "Write a day and a time."),
        ({"first_at": "2020-01-01T10:00"}, 409, "The first moment has passed already."),
        ({"first_at": "2090-01-01T10:00"}, 409, "within 24 hours"),
        ({"first_at": "0001-01-01T00:00"}, 409, "The first moment has passed already."),
        ({"step": "9"}, 409, "at least 10 minutes apart"),
        ({"step": "-3"}, 400, "greater than or equal to 1"),
        ({"station": "999999"}, 400, "Select a valid choice"),
    ],
)
def test_bad_input_is_refused_with_words(differs: dict[str, Any], status: int, words: str) -> None:
    town = Town(packs=10)
    asha = town.driver("Asha")

    page = signed_in(manager_of(town)).post(new(town), typed(town, asha, town.driver("Bala"), **differs))

    assert page.status_code == status
    assert words in text(page)
    assert not Block.objects.exists()


@pytest.mark.parametrize(
    ("differs", "name"),
    [
        ({"who": []}, "who"),
        ({"first_at": "2020-01-01T10:00"}, "first_at"),
        ({"first_at": "2090-01-01T10:00"}, "first_at"),
        ({"step": "9"}, "step"),
    ],
)
def test_a_refusal_stands_at_the_field_that_has_to_be_changed(differs: dict[str, Any], name: str) -> None:
    town = Town(packs=10)
    wish = typed(town, town.driver("Asha"), town.driver("Bala"), **differs)

    page = signed_in(manager_of(town)).post(new(town), wish)

    errors = page.context["form"].errors
    assert list(errors) == [name]
    assert f'id="id_{name}_error"' in page.content.decode()


def test_packs_that_a_station_does_not_have_are_refused_at_the_station() -> None:
    town = Town(packs=10)
    van = VehicleFactory(fleet=town.fleet)
    Assignment.objects.create(vehicle=van, driver=UserFactory(name="Bala"))
    for_vans = SlotFactory(station__network=town.station.network, pack_class=van.pack_class).station
    wish = typed(town, town.driver("Asha"), station=for_vans.pk)

    page = signed_in(manager_of(town)).post(new(town), wish)

    assert list(page.context["form"].errors) == ["station"]


def test_a_preview_that_the_station_cannot_keep_any_more_is_refused_when_it_is_confirmed() -> None:
    town = Town(packs=10)
    client = signed_in(manager_of(town))
    shown = client.post(new(town), typed(town, town.driver("Asha"), town.driver("Bala")))
    Pack.objects.filter(pk__in=[pack.pk for pack in town.packs[5:]]).delete()

    page = client.post(new(town), hidden_fields(shown) | {"confirm": ["1"]})

    assert page.status_code == 409
    assert "at least 20 minutes apart" in text(page)


def test_a_block_says_of_each_vehicle_how_it_stands() -> None:
    town = Town(packs=1)
    mala, asha, bala, chitra = manager_of(town), *(town.driver(name) for name in ("Asha", "Bala", "Chitra"))
    block = planned(town, asha, bala, chitra, by=mala)
    one, two, _three = block.entries.order_by("number")
    Assignment.objects.filter(driver=bala).update(ended_at=clock.database_now())
    moment_comes(one, two)
    tasks.join_blocks()

    page = text(signed_in(mala).get(f"/fleet/b/{block.public_id}/"))

    assert "Pack kept" in page
    assert "Skipped The driver was not assigned to the vehicle any more." in page
    assert "Next one joins at" in page


def test_where_nobody_could_join_the_manager_reads_who_knows_it_and_plans_anew_from_there() -> None:
    town = Town(packs=10)
    mala = manager_of(town)
    block = planned(town, town.driver("Asha"), by=mala)
    upkeep.close_station(station=town.station, reason="Flooded.", by=None)
    moment_comes(*block.entries.all())
    tasks.join_blocks()

    page = signed_in(mala).get(f"/fleet/b/{block.public_id}/")

    assert heading(page) == "Nobody could join"
    assert "Drivers who were skipped have been told, and may reserve themselves." in text(page)
    assert f'href="{new(town)}"' in page.content.decode()


def test_a_driver_reads_when_the_fleet_puts_them_in_line_and_another_driver_does_not() -> None:
    town = Town(packs=10)
    asha, bala = town.driver("Asha"), town.driver("Bala")
    planned(town, asha)

    hers, his = (text(signed_in(driver).get("/booking/")) for driver in (asha, bala))

    assert "Your fleet puts you in line at" in hers
    assert f"{town.station.name} · {town.vehicle_of(asha).plate}" in hers
    assert "Your fleet puts you" not in his


def test_cancelling_asks_once_and_then_says_what_it_has_done() -> None:
    town = Town(packs=10)
    mala, asha, bala = manager_of(town), town.driver("Asha"), town.driver("Bala")
    block = planned(town, asha, bala, by=mala)
    client = signed_in(mala)

    asked = client.get(f"/fleet/b/{block.public_id}/1/cancel/")
    one = client.post(f"/fleet/b/{block.public_id}/1/cancel/", follow=True)
    rest = client.post(f"/fleet/b/{block.public_id}/cancel/", follow=True)
    again = client.post(f"/fleet/b/{block.public_id}/cancel/", follow=True)

    assert heading(asked).startswith(f"Cancel {town.vehicle_of(asha).plate} at")
    assert "1 vehicle is not planned any more." in text(one)
    assert heading(rest) == "Cancelled"
    assert "Nothing is planned here any more" in text(again)


# --- P5 -------------------------------------------------------------------------------------------------------------


def test_another_fleets_manager_finds_nothing_and_changes_nothing() -> None:
    town = Town(packs=10)
    block = planned(town, town.driver("Asha"))
    stranger = signed_in(manager_of(town, town.add_fleet(), user__name="Nuno"))
    addresses = [new(town), *(f"/fleet/b/{block.public_id}/{rest}" for rest in ("", "cancel/", "1/cancel/"))]

    answers = [stranger.get(address).status_code for address in addresses]
    answers += [
        stranger.post(address).status_code for address in addresses if not address.endswith(f"{block.public_id}/")
    ]

    assert set(answers) == {404}
    assert "Nothing is planned yet" in text(stranger.get("/fleet/"))
    assert block.entries.get().state == "planned"


def test_who_manages_no_fleet_is_told_so_and_who_is_not_signed_in_signs_in() -> None:
    town = Town()

    assert signed_in(town.driver("Asha")).get("/fleet/").status_code == 403
    assert signed_in(town.staff).get("/fleet/").status_code == 403
    assert Client().get("/fleet/").status_code == 302


def test_many_blocks_cost_as_many_queries_as_one() -> None:
    town = Town(packs=10)
    mala = manager_of(town)
    client = signed_in(mala)
    planned(town, town.driver("Asha"), by=mala)
    client.get("/fleet/")
    with CaptureQueriesContext(connection) as for_one:
        client.get("/fleet/")
    for number in range(5):
        block = planned(town, *(town.driver(f"Driver {number}{vehicle}") for vehicle in range(2)), by=mala)
        moment_comes(*block.entries.all())
    tasks.join_blocks()

    with CaptureQueriesContext(connection) as for_six:
        client.get("/fleet/")

    assert len(for_six) == len(for_one)


def test_who_has_joined_is_not_cancelled_with_the_block() -> None:
    town = Town(packs=10)
    mala, asha = manager_of(town), town.driver("Asha")
    block = planned(town, asha, by=mala)
    moment_comes(*block.entries.all())
    tasks.join_blocks()

    signed_in(mala).post(f"/fleet/b/{block.public_id}/1/cancel/")

    entry = block.entries.get()
    assert entry.booking is not None
    assert states([entry.booking]) == ["promised"]
