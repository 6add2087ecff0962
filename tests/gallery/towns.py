"""Towns in which the screens of drivers and staff play, and how far a booking in them has come."""

from __future__ import annotations

from datetime import timedelta

from django.urls import reverse

from accounts.models import User
from booking import clock
from booking.models import Booking
from payments import operations
from stations import upkeep
from stations.models import Pack, Station
from tests.factories.booking import Town, time_passes
from tests.factories.stations import listened_for, reported
from tests.gallery.showing import Seen


def town(*, packs: int = 2, charging: int = 0) -> Town:
    """A street corner of its own, so that one screen's people are not in another's line."""
    return Town(packs=packs, charging=charging, name="Canal Street", address="Rua do Arsenal 14", city="Lisbon")


def stop_by_silence(place: Town) -> None:
    """It reports by itself, has not for sixteen minutes, and counts as down."""
    Station.objects.filter(pk=place.station.pk).update(reports_every_seconds=60)
    listened_for(hours=5)
    reported(place.station, minutes_ago=16)
    assert upkeep.stop_if_silent(station=place.station)


def fall_silent(place: Town, *, minutes: int) -> None:
    """Its station says nothing more of its packs."""
    Pack.objects.filter(station=place.station).update(soc_at=clock.database_now() - timedelta(minutes=minutes))


def of_booking(booking: Booking, page: str = "booking") -> Seen:
    assert booking.driver is not None
    return Seen(reverse(f"booking:{page}", args=[booking.public_id]), booking.driver)


def station_page(place: Town, by: User | None) -> Seen:
    return Seen(reverse("booking:station", args=[place.station.network.code, place.station.code]), by)


def promised(place: Town) -> Booking:
    return place.books(place.driver("Asha"))


def waiting(place: Town) -> Booking:
    place.books(place.driver("Bala"))
    return place.books(place.driver("Asha"))


def arrived(place: Town) -> Booking:
    return place.arrives(promised(place))


def completed(place: Town) -> Booking:
    booking = place.swaps(arrived(place))
    assert booking.payment is not None
    operations.carry_out_for(booking.payment)
    return Booking.objects.get(pk=booking.pk)


def no_show(place: Town) -> Booking:
    booking = promised(place)
    time_passes(booking, minutes=45)
    return booking
