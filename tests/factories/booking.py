"""Promises. `Town` is a station with a price, a bay and packs, in which people book; most booking tests begin there."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import factory
from django.db import connection, transaction
from django.db.models import F
from factory.django import DjangoModelFactory

from accounts.models import Organisation, User
from booking import arrival, bay, clock, failures, line, placing, promises
from booking.models import Assignment, BayQueue, Booking, MoveOffer, Offer, Tariff, Vehicle
from booking.states import State
from payments import ledger, operations
from payments.models import Payment
from payments.money import Money
from stations import geo
from stations.models import Bay, Pack, PackClass, Station
from stations.states import PackState
from tests.factories.accounts import OperatorFactory, OrganisationFactory, UserFactory, WorkerFactory
from tests.factories.stations import BayFactory, PackClassFactory, PackFactory, SlotFactory, StationFactory


class VehicleFactory(DjangoModelFactory):
    class Meta:
        model = Vehicle

    country = "PT"
    plate = factory.Sequence(lambda sequence: f"AA{sequence:04d}")
    pack_class = factory.SubFactory(PackClassFactory)


class TariffFactory(DjangoModelFactory):
    """0.50 a kilowatt-hour and a fee of 1.00, with 23 % tax in both."""

    class Meta:
        model = Tariff

    network = factory.SelfAttribute("station.network")
    station = factory.SubFactory(StationFactory)
    pack_class = factory.SubFactory(PackClassFactory)
    version = 1
    currency = factory.SelfAttribute("station.currency")
    price_per_kwh = Decimal("0.5000")
    service_fee_minor = 100
    tax_rate_bp = 2_300
    valid_from = factory.LazyFunction(lambda: clock.database_now() - timedelta(days=100))


class Town:
    """A station with one bay, `packs` ready packs and `charging` that are not.

    Vehicles are of a fleet on account, so money is never short.
    """

    def __init__(self, *, packs: int = 1, charging: int = 0, staffed: bool = True, **station: Any) -> None:
        self.pack_class: PackClass = PackClassFactory()
        self.station: Station = StationFactory(is_staffed=staffed, **station)
        OperatorFactory(network=self.station.network)
        self.bay: Bay = BayFactory(station=self.station, number=1)
        self.packs: list[Pack] = [self.add_pack() for _number in range(packs)]
        for _number in range(charging):
            self.add_pack(soc_percent=20)
        if not packs:
            # A station without a slot of the class is none for it.
            SlotFactory(station=self.station, pack_class=self.pack_class)
        self.tariff: Tariff = TariffFactory(station=self.station, pack_class=self.pack_class)
        self.fleet = self.add_fleet()
        self.staff: User = WorkerFactory(name="Somchai")

    @classmethod
    def with_a_line(cls, *, packs: int) -> Town:
        """For races: making the line or the bay's queue would let two wait for each other by accident."""
        town = cls(packs=packs)
        line.of(town.station, town.pack_class)
        BayQueue.objects.create(station=town.station)
        return town

    def add_pack(self, **fields: Any) -> Pack:
        pack: Pack = PackFactory(station=self.station, pack_class=self.pack_class, **fields)
        return pack

    def add_fleet(self) -> Organisation:
        fleet: Organisation = OrganisationFactory(network=self.station.network)
        ledger.set_credit_limit(fleet=fleet, limit=Money(100_000_000, self.station.currency))
        return fleet

    def driver(self, name: str, *, pack_count: int = 1, fleet: Organisation | None = None) -> User:
        """A person with a vehicle of the fleet, or of another, whose own pack is in it."""
        driver: User = UserFactory(name=name)
        vehicle = VehicleFactory(pack_class=self.pack_class, pack_count=pack_count, fleet=fleet or self.fleet)
        Assignment.objects.create(driver=driver, vehicle=vehicle)
        return driver

    def vehicle_of(self, driver: User) -> Vehicle:
        return Vehicle.objects.get(assignments__driver=driver)

    def old_pack(self, **fields: Any) -> Pack:
        """A pack that is in somebody's vehicle, nearly empty."""
        values = {"soc_percent": Decimal("12.0"), "state": PackState.IN_VEHICLE, "station": None, "slot": None} | fields
        network = self.station.network
        pack: Pack = PackFactory(pack_class=self.pack_class, network=network, owner=self.packs_owner(), **values)
        return pack

    def packs_owner(self) -> Any:
        first = Pack.objects.filter(network=self.station.network).select_related("owner").first()
        return first.owner if first is not None else self.fleet

    def books(self, driver: User, *, carry_out: bool = True, **wish: Any) -> Booking:
        """Placed and paid for; a test's transaction never commits, so what follows a commit is done here."""
        vehicle = self.vehicle_of(driver)
        values = {"method": "account", "station": self.station, "vehicle": vehicle} | wish
        booking = placing.place(driver=driver, **values)
        assert booking.payment is not None
        if carry_out:
            operations.carry_out_for(booking.payment)
        return Booking.objects.get(pk=booking.pk)

    def arrives(self, booking: Booking) -> Booking:
        return arrival.confirm_here(booking=booking, by=self.staff)

    def swaps(self, booking: Booking) -> Booking:
        """The whole swap: into the bay, old packs in, promised packs out, done."""
        there = Bay.objects.filter(station=booking.station_id).earliest("number")
        booking = bay.start(booking=booking, bay=there, by=self.staff)
        for pack in promises.kept_packs(booking):
            bay.new_out(booking=booking, pack=pack, by=self.staff)
            bay.old_in(
                booking=booking,
                serial=self.old_pack().serial,
                soc_percent=Decimal(12),
                soh_percent=Decimal(100),
                by=self.staff,
            )
        return bay.finish(booking=booking, by=self.staff)

    def swaps_unpaid(self, driver: User) -> Booking:
        """Nobody can pay for it: the wallet is empty, and staff let the driver swap all the same."""
        # In one go: a refusal that came before the arrival would end the booking.
        with transaction.atomic():
            booking = self.arrives(self.books(driver, method="wallet", carry_out=False))
        operations.carry_out_for(Payment.objects.get(pk=booking.payment_id))
        booking = bay.start(booking=booking, bay=self.bay, by=self.staff, reason="A regular; she pays tomorrow.")
        for pack in promises.kept_packs(booking):
            bay.new_out(booking=booking, pack=pack, by=self.staff)
            values = {"soc_percent": Decimal(12), "soh_percent": Decimal(100)}
            bay.old_in(booking=booking, serial=self.old_pack().serial, by=self.staff, **values)
        booking = bay.finish(booking=booking, by=self.staff)
        assert booking.payment is not None
        operations.carry_out_for(Payment.objects.get(pk=booking.payment_id))
        return Booking.objects.get(pk=booking.pk)

    def stays_away(self, driver: User) -> Booking:
        """Books, and has not come when the time is up: a no-show."""
        booking = self.books(driver)
        time_passes(booking, minutes=60)
        failures.settle_line(line_id=booking.line_id)
        return Booking.objects.select_related("driver").get(pk=booking.pk)

    def says_here(self, booking: Booking) -> Booking:
        return arrival.claim_here(booking=booking, position=geo.Place(self.station.latitude, self.station.longitude))

    def nobody_looks(self, booking: Booking) -> Booking:
        """For ten minutes nobody confirms it, and no pack is full enough any more to be kept anew."""
        time_passes(booking, minutes=11)
        Pack.objects.filter(station=self.station).update(soc_percent=50)
        failures.settle_line(line_id=booking.line_id)
        return Booking.objects.get(pk=booking.pk)

    def second_station(self, name: str, **fields: Any) -> Station:
        """Another one with a ready pack of the same class."""
        values = {"network": self.station.network, "latitude": 38.7400, "longitude": -9.1500} | fields
        station: Station = StationFactory(name=name, **values)
        BayFactory(station=station, number=1)
        PackFactory(station=station, pack_class=self.pack_class)
        TariffFactory(station=station, pack_class=self.pack_class)
        return station


def time_passes(*bookings: Booking, minutes: float) -> None:
    """Everything about these bookings happened so much earlier: the database's clock is not ours to move."""
    passed = timedelta(minutes=minutes)
    instants = [f.name for f in Booking._meta.concrete_fields if f.name.endswith("_at") or f.name in INSTANTS]
    moved = {name: F(name) - passed for name in instants}
    Booking.objects.filter(pk__in=[b.pk for b in bookings]).update(**moved)
    Offer.objects.filter(booking__in=bookings).update(
        made_at=F("made_at") - passed, ends_at=F("ends_at") - passed, ended_at=F("ended_at") - passed
    )
    MoveOffer.objects.filter(booking__in=bookings).update(
        made_at=F("made_at") - passed, ends_at=F("ends_at") - passed, ended_at=F("ended_at") - passed
    )
    Pack.objects.filter(promises__booking__in=bookings, promises__ended_at=None, state=PackState.KEPT).update(
        kept_until=F("kept_until") - passed
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE booking_bookingstep SET at = at - %s WHERE booking_id = ANY(%s)", [passed, [b.pk for b in bookings]]
        )


INSTANTS = ("gathering_since", "pay_by")


def states(bookings: Iterable[Booking]) -> list[State]:
    """What the rows say now."""
    return [State(Booking.objects.values_list("state", flat=True).get(pk=b.pk)) for b in bookings]
