"""The back office of metal: everything but plain facts goes through the writers, and each network is alone."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from stations import tasks
from stations.models import Bay, Pack, PackClass, Post, SelfReport, Slot, Station
from stations.states import BayState, PackState, SlotState, StationStatus
from tests.factories.accounts import MembershipFactory, OperatorFactory, WorkerFactory
from tests.factories.stations import (
    BayFactory,
    PackClassFactory,
    PackFactory,
    PostFactory,
    StationFactory,
    listened_for,
    reported,
)

pytestmark = pytest.mark.django_db

PAGES = ["packclass", "station", "bay", "slot", "pack", "post"]


@pytest.fixture
def graca(client: Client) -> User:
    """An operator of one network, signed in."""
    graca = MembershipFactory(role="operator", user__is_staff=True, organisation=OperatorFactory(name="Ours")).user
    client.force_login(graca)
    return graca


@pytest.fixture
def station(graca: User) -> Station:
    operator = graca.memberships.get().organisation
    return StationFactory(network=operator.network, owner=operator, name="Rossio")


def change(client: Client, row: Any, **fields: Any) -> Any:
    address = reverse(f"admin:stations_{row._meta.model_name}_change", args=[row.pk])
    return client.post(address, {**inlines(), **fields}, follow=True)


def add(client: Client, page: str, **fields: Any) -> Any:
    return client.post(reverse(f"admin:stations_{page}_add"), {**inlines(), **fields}, follow=True)


def inlines() -> dict[str, int]:
    return {f"{name}-{count}_FORMS": 0 for name in ("bays", "slots") for count in ("TOTAL", "INITIAL")}


def facts_of(station: Station) -> dict[str, Any]:
    names = (
        *("code", "name", "address", "city", "country", "time_zone", "latitude", "longitude", "source_datum"),
        *("target_soc_percent", "arrival_radius_m", "promise_margin_seconds", "promise_min_seconds"),
        *("promise_max_seconds", "swap_seconds", "override_cap_per_shift", "fleet_share_percent"),
    )
    facts = {name: getattr(station, name) for name in names}
    return {**facts, "owner": station.owner_id, "hours": "{}", "amenities": [], "is_staffed": "on"}


@pytest.mark.parametrize("page", PAGES)
def test_a_superuser_sees_every_list_and_every_row(client: Client, page: str) -> None:
    client.force_login(WorkerFactory(is_staff=True, is_superuser=True))
    pack = PackFactory()
    rows = {
        "pack": pack,
        "slot": pack.slot,
        "station": pack.station,
        "packclass": pack.pack_class,
        "bay": BayFactory(station=pack.station),
        "post": PostFactory(station=pack.station),
    }

    assert client.get(reverse(f"admin:stations_{page}_changelist")).status_code == 200
    assert client.get(reverse(f"admin:stations_{page}_change", args=[rows[page].pk])).status_code == 200


@pytest.mark.parametrize("page", ["station", "bay", "slot", "pack", "post"])
def test_an_operator_sees_no_other_networks_metal(client: Client, graca: User, page: str) -> None:
    theirs = PackFactory(station__name="Elsewhere", serial="ELSEWHERE", slot__number=1)
    BayFactory(station=theirs.station)
    PostFactory(station=theirs.station)

    listed = client.get(reverse(f"admin:stations_{page}_changelist")).content.decode()

    # The name of the station or pack, as every list shows it.
    assert "Elsewhere" not in listed
    assert "ELSEWHERE" not in listed


def test_facts_of_a_station_are_edited_and_its_status_only_through_its_writer(
    client: Client, graca: User, station: Station
) -> None:
    change(client, station, **{**facts_of(station), "name": "Rossio Norte", "status": "down"})

    station.refresh_from_db()
    assert (station.name, station.status) == ("Rossio Norte", StationStatus.OPEN)


def test_a_station_is_shown_with_its_bays_and_slots_which_nobody_deletes_there(
    client: Client, graca: User, station: Station
) -> None:
    bay = BayFactory(station=station)
    PackFactory(station=station, serial="SN7", soc_percent=42)

    page = client.get(reverse("admin:stations_station_change", args=[station.pk])).content.decode()
    forms = {"bays-TOTAL_FORMS": 1, "bays-INITIAL_FORMS": 1, "bays-0-id": bay.pk, "bays-0-DELETE": "on"}
    change(client, station, **facts_of(station), **forms)

    assert "SN7 · 42.0 % · stored" in page
    assert "-DELETE" not in page
    assert Bay.objects.filter(pk=bay.pk).exists()


def test_a_station_closes_with_a_reason_and_the_one_who_closed_it(
    client: Client, graca: User, station: Station
) -> None:
    answer = change(client, station, **facts_of(station), act="closed")
    station.refresh_from_db()
    assert "Say why" in answer.content.decode()
    assert station.status == StationStatus.OPEN

    change(client, station, **facts_of(station), act="closed", reason="Flooded")

    station.refresh_from_db()
    assert (station.status, station.status_reason, station.status_changed_by) == ("closed", "Flooded", graca)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("latitude", "91"),
        ("latitude", "nan"),
        ("latitude", ""),
        ("longitude", "-181"),
        ("time_zone", "Lisbon"),
        ("country", "Portugal"),
        ("hours", '{"Monday": "always"}'),
        ("hours", "{"),
        ("amenities", "sauna"),
        ("name", "A\x00B"),
        ("promise_min_seconds", "99999"),
        ("reports_every_seconds", "0"),
    ],
)
def test_facts_that_cannot_be_are_refused_with_a_sentence(
    client: Client, graca: User, station: Station, field: str, value: str
) -> None:
    answer = change(client, station, **{**facts_of(station), field: value})

    assert answer.status_code == 200
    assert "errornote" in answer.content.decode() or "error" in answer.content.decode()
    before = Station.objects.get(pk=station.pk)
    assert getattr(before, field) == getattr(station, field)


def test_whoever_says_anew_how_often_a_station_reports_begins_anew_and_its_silence_says_nothing(
    client: Client, graca: User, station: Station
) -> None:
    Station.objects.filter(pk=station.pk).update(reports_every_seconds=60)
    reported(station, minutes_ago=600)
    change(client, station, **facts_of(station), reports_every_seconds="60")
    assert SelfReport.objects.exists()

    change(client, station, **facts_of(station), reports_every_seconds="300")

    assert not SelfReport.objects.exists()


def test_the_operator_sees_that_a_station_is_silent_and_when_it_was_heard(
    client: Client, graca: User, station: Station
) -> None:
    Station.objects.filter(pk=station.pk).update(reports_every_seconds=60)
    listened_for(hours=5)
    reported(station, minutes_ago=20)
    tasks.watch_silence()
    last = SelfReport.objects.get().reported_at.astimezone(UTC)

    page = client.get(reverse("admin:stations_station_change", args=[station.pk])).content.decode()

    assert "It has stopped reporting." in page
    assert f"{last:%H:%M}" in page


def test_a_new_station_is_planned_and_belongs_to_ones_own_network(
    client: Client, graca: User, station: Station
) -> None:
    theirs = StationFactory()
    facts = {**facts_of(station), "code": "new", "currency": "EUR"}

    add(client, "station", **{**facts, "network": theirs.network_id, "owner": theirs.owner_id})
    add(client, "station", **{**facts, "network": station.network_id, "owner": theirs.owner_id})
    assert not Station.objects.filter(code="new").exists()
    add(client, "station", **{**facts, "network": station.network_id})

    assert Station.objects.get(code="new").status == StationStatus.PLANNED


def test_a_bay_is_added_and_taken_out_of_service_and_put_back(client: Client, graca: User, station: Station) -> None:
    add(client, "bay", station=station.pk, number=1)
    bay = Bay.objects.get()

    change(client, bay, act="take_out", reason="Lift")
    assert Bay.objects.get().state == BayState.OUT_OF_SERVICE
    change(client, bay, act="put_back")

    assert Bay.objects.get().state == BayState.OPEN


def test_what_can_never_charge_is_refused_where_it_is_entered(client: Client, graca: User, station: Station) -> None:
    pack_class = PackClassFactory()
    add(client, "slot", station=station.pk, number=4, pack_class=pack_class.pk, power_w=0)
    assert not Slot.objects.exists()

    client.force_login(WorkerFactory(is_staff=True, is_superuser=True))
    for field in ("nominal_wh", "charge_power_w"):
        facts = {"code": "van", "name": "Van", "form": "four_wheel", "nominal_wh": 50_000, "charge_power_w": 60_000}
        add(client, "packclass", **{**facts, field: 0})
    assert list(PackClass.objects.all()) == [pack_class]


def test_a_slot_is_added_and_taken_out_of_service_and_put_back(client: Client, graca: User, station: Station) -> None:
    add(client, "slot", station=station.pk, number=1, pack_class=PackClassFactory().pk, power_w=40_000)
    slot = Slot.objects.get()

    change(client, slot, act="take_out", reason="Contactor", power_w=1)
    taken_out = Slot.objects.get()
    change(client, slot, act="put_back")

    assert (taken_out.state, taken_out.state_reason, taken_out.power_w) == ("out_of_service", "Contactor", 40_000)
    assert Slot.objects.get().state == SlotState.WORKING


def test_a_pack_is_taken_into_the_books_and_a_second_of_its_serial_is_refused(
    client: Client, graca: User, station: Station
) -> None:
    facts = {
        "owner": station.owner_id,
        "pack_class": PackClassFactory().pk,
        "serial": "SN1",
        "soc_percent": "50",
        "soh_percent": "100",
    }

    add(client, "pack", **facts)
    again = add(client, "pack", **facts)
    add(client, "pack", **{**facts, "serial": "SN2", "soc_percent": "140"})

    assert "known already" in again.content.decode()
    assert list(Pack.objects.values_list("serial", "state")) == [("SN1", PackState.AWAY)]


def test_a_pack_takes_only_the_steps_that_its_state_allows(client: Client, graca: User, station: Station) -> None:
    pack = PackFactory(station=station)

    refused = change(client, pack, act="restore")
    without_reason = change(client, pack, act="quarantine")
    change(client, pack, act="quarantine", reason="Swollen", soc_percent="1", serial="forged")

    pack.refresh_from_db()
    assert "does not allow" in refused.content.decode()
    assert "Say why" in without_reason.content.decode()
    assert (pack.state, pack.state_reason, pack.serial) == (PackState.QUARANTINED, "Swollen", pack.serial)
    assert pack.soc_percent == 97


def test_staff_are_posted_to_stations_of_their_own_network_alone(client: Client, graca: User, station: Station) -> None:
    ours = MembershipFactory(organisation=station.owner, role="staff")
    theirs = PostFactory()

    add(client, "post", station=theirs.station_id, membership=ours.pk)
    add(client, "post", station=station.pk, membership=theirs.membership_id)
    assert Post.objects.count() == 1
    add(client, "post", station=station.pk, membership=ours.pk)

    assert Post.objects.filter(station=station, membership=ours).exists()


def test_an_operator_does_not_change_what_packs_are(client: Client, graca: User) -> None:
    PackClassFactory(name="Van")

    answer = client.get(reverse("admin:stations_packclass_changelist"))

    assert answer.status_code == 403
    assert PackClass.objects.get().name == "Van"
