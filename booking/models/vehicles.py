"""Vehicles, and who may book for them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Vehicle(models.Model):
    """A vehicle is its country and normalised plate. The plate is proven at its first swap.

    `model` is the word of its fleet or of an operator; what a driver calls it stands in their assignment.
    """

    country = models.CharField(max_length=2)
    plate = models.CharField(max_length=16, help_text=_("Capital letters and digits only."))
    pack_class = models.ForeignKey("stations.PackClass", models.PROTECT, related_name="vehicles")
    pack_count = models.PositiveSmallIntegerField(default=1)
    model = models.CharField(max_length=60, blank=True)
    fleet = models.ForeignKey("accounts.Organisation", models.PROTECT, null=True, blank=True, related_name="vehicles")
    proven_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    called: str  # where `vehicles.of_driver` has read it: the name for that driver

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["country", "plate"], name="one_vehicle_per_country_and_plate"),
            models.CheckConstraint(condition=Q(pack_count__gte=1, pack_count__lte=4), name="vehicle_takes_1_to_4"),
        ]

    def __str__(self) -> str:
        return self.plate


class Assignment(models.Model):
    """A driver who may book for a vehicle. `model` is their own name for it, which nobody else reads."""

    vehicle = models.ForeignKey(Vehicle, models.CASCADE, related_name="assignments")
    driver = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="assignments")
    model = models.CharField(max_length=60, blank=True, default="", db_default="")
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["vehicle", "driver"],
                condition=Q(ended_at=None),
                name="one_live_assignment_of_driver",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.driver} · {self.vehicle}"
