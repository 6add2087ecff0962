"""Whose bookings the simulation may act for: those of drivers whom it plays itself, and never a visitor's."""

from __future__ import annotations

from booking.models import Booking, BookingQuerySet


class NotSimulatedError(AssertionError):
    """The simulation was about to act for a person. A mistake in the simulation, and never carried out."""


def simulated() -> BookingQuerySet:
    """The live bookings that the simulation looks after."""
    return Booking.objects.live().filter(driver__is_simulated=True)


def refuse_others(booking: Booking) -> None:
    """Every act passes here first. A walk-in without a driver is a person as well."""
    if booking.driver is None or not booking.driver.is_simulated:
        raise NotSimulatedError(f"booking {booking.pk} is not the simulation's")
