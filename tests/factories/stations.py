"""Metal. `PackFactory(station=station)` is a charged pack in a new slot of the station, kept for nobody."""

from __future__ import annotations

from datetime import timedelta

import factory
from django.db.models.functions import Now
from django.utils import timezone
from factory.django import DjangoModelFactory

from accounts.models import Role
from stations.models import Bay, Pack, PackClass, Post, SelfReport, Slot, Station, Watch
from stations.states import PackState
from tests.factories.accounts import MembershipFactory, NetworkFactory, OrganisationFactory


class PackClassFactory(DjangoModelFactory):
    class Meta:
        model = PackClass

    code = factory.Sequence("class-{}".format)
    name = factory.LazyAttribute(lambda pack_class: pack_class.code.title())
    form = "four_wheel"
    nominal_wh = 50_000
    charge_power_w = 60_000


class StationFactory(DjangoModelFactory):
    """An open, staffed station in Lisbon that never closes."""

    class Meta:
        model = Station

    network = factory.SubFactory(NetworkFactory)
    owner = factory.SubFactory(OrganisationFactory, network=factory.SelfAttribute("..network"))
    code = factory.Sequence("station-{}".format)
    name = factory.LazyAttribute(lambda station: station.code.title())
    city = "Lisbon"
    country = "PT"
    time_zone = "Europe/Lisbon"
    currency = "EUR"
    latitude = 38.7223
    longitude = -9.1393


class PostFactory(DjangoModelFactory):
    """A member of staff posted to the station."""

    class Meta:
        model = Post

    station = factory.SubFactory(StationFactory)
    membership = factory.SubFactory(
        MembershipFactory, organisation=factory.SelfAttribute("..station.owner"), role=Role.STAFF
    )


class BayFactory(DjangoModelFactory):
    class Meta:
        model = Bay

    station = factory.SubFactory(StationFactory)
    number = factory.Sequence(lambda sequence: sequence % 30_000 + 1)


class SlotFactory(DjangoModelFactory):
    class Meta:
        model = Slot

    station = factory.SubFactory(StationFactory)
    pack_class = factory.SubFactory(PackClassFactory)
    number = factory.Sequence(lambda sequence: sequence % 30_000 + 1)
    power_w = 40_000


class PackFactory(DjangoModelFactory):
    class Meta:
        model = Pack

    station = factory.SubFactory(StationFactory)
    pack_class = factory.SubFactory(PackClassFactory)
    slot = factory.SubFactory(
        SlotFactory, station=factory.SelfAttribute("..station"), pack_class=factory.SelfAttribute("..pack_class")
    )
    network = factory.SelfAttribute("station.network")
    owner = factory.SelfAttribute("station.owner")
    serial = factory.Sequence("SN{:06d}".format)
    soc_percent = 97
    soh_percent = 98
    soc_at = factory.LazyFunction(timezone.now)
    state = PackState.STORED


class PackInVehicleFactory(PackFactory):
    """A pack that a driver has; it belongs to `network` and is at no station."""

    station = None
    slot = None
    network = factory.SubFactory(NetworkFactory)
    owner = factory.SubFactory(OrganisationFactory, network=factory.SelfAttribute("..network"))
    soc_percent = 15
    state = PackState.IN_VEHICLE


def listened_for(*, hours: float) -> None:
    """The sweep has looked at what stations report for so long, until now."""
    Watch.objects.update_or_create(defaults={"since_at": Now() - timedelta(hours=hours), "looked_at": Now()})


def reported(station: Station, *, minutes_ago: float, run: float = 60) -> None:
    """The station's last report came so long ago, after `run` minutes of reports."""
    last = Now() - timedelta(minutes=minutes_ago)
    values = {"reported_at": last, "since_at": last - timedelta(minutes=run)}
    SelfReport.objects.update_or_create(station=station, defaults=values)
