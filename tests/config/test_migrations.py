"""The migrations say what the models say, and take along what was written before."""

from importlib import import_module

import pytest
from django.apps import apps
from django.core.management import call_command
from django.db import connection

from booking import tasks, vehicles
from booking.models import Assignment, MoveOffer, Tariff, Vehicle
from stations import upkeep
from tests.factories.accounts import OrganisationFactory, UserFactory
from tests.factories.booking import Town, VehicleFactory


@pytest.mark.django_db
def test_no_model_differs_from_its_migrations(capsys: pytest.CaptureFixture[str]) -> None:
    try:
        call_command("makemigrations", check=True, dry_run=True)
    except SystemExit:
        pytest.fail(f"python manage.py makemigrations would write:\n{capsys.readouterr().out}")


@pytest.mark.django_db
def test_a_name_of_a_vehicle_goes_to_its_one_driver_and_of_strangers_to_none() -> None:
    asha, bala = UserFactory(), UserFactory()
    fleet = OrganisationFactory()
    own, shared, left = (VehicleFactory(model=f"Names {number}") for number in range(3))
    fleets = VehicleFactory(model="Van 7", pack_class=own.pack_class, fleet=fleet)
    for vehicle, driver in ((own, asha), (shared, asha), (shared, bala), (fleets, asha)):
        Assignment.objects.create(vehicle=vehicle, driver=driver)
    Assignment.objects.create(vehicle=left, driver=bala, ended_at=left.created_at)

    import_module("booking.migrations.0006_names_of_vehicles_are_their_drivers").move(apps, None)

    assert [vehicle.called for vehicle in vehicles.of_driver(asha)] == ["Names 0", "", "Van 7"]
    assert [vehicle.called for vehicle in vehicles.of_driver(bala)] == [""]
    assert set(Vehicle.objects.values_list("model", flat=True)) == {"", "Van 7"}
    assert set(Assignment.objects.exclude(ended_at=None).values_list("model", flat=True)) == {""}


@pytest.mark.django_db
def test_for_moves_of_the_past_nobody_owes_a_difference() -> None:
    town = Town(packs=0, charging=1)
    dearer = town.second_station("Alvalade")
    Tariff.objects.filter(station=dearer).update(service_fee_minor=500)
    town.books(town.driver("Asha"))
    upkeep.mark_station_down(station=town.station, reason="The power has failed.", by=None)
    tasks.plan_moves()

    with connection.cursor() as cursor:
        cursor.execute(import_module("booking.migrations.0010_price_of_the_station_moved_to").KNOWN_PRICE)

    offered = MoveOffer.objects.get()
    assert offered.station_tariff == offered.tariff == town.tariff
