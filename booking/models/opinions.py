"""What drivers say afterwards."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from booking.models.bookings import Booking
from booking.models.swaps import SwapPack
from booking.states import ReportState


class Rating(models.Model):
    """What a driver thought of one swap. Written by `feedback` alone."""

    booking = models.OneToOneField(Booking, models.PROTECT, related_name="rating")
    station = models.ForeignKey("stations.Station", models.PROTECT, related_name="ratings")
    stars = models.PositiveSmallIntegerField()
    words = models.CharField(max_length=500, blank=True)
    given_at = models.DateTimeField()
    changed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(stars__gte=1, stars__lte=5), name="rating_is_1_to_5_stars"),
        ]
        indexes = [models.Index(fields=["station", "-given_at"], name="rating_of_station")]

    def __str__(self) -> str:
        return f"{self.station} · {self.stars}"


class ReportKind(models.TextChoices):
    """What can have been wrong. The value stays; the words are the driver's."""

    CHARGE = "charge", _("A pack’s charge was not as shown")
    PACK = "pack", _("A pack is damaged")
    VEHICLE = "vehicle", _("Something about my vehicle")
    STAFF = "staff", _("How I was treated")
    STATION = "station", _("The station")
    PRICE = "price", _("The price")
    SAFETY = "safety", _("Something dangerous")


class ReportQuerySet(models.QuerySet["Report"]):
    def open(self) -> ReportQuerySet:
        return self.exclude(state=ReportState.ANSWERED)


class Report(models.Model):
    """Something that was wrong at a booking, as its driver tells it, and what we answered. Written by `feedback` alone.

    `swap_pack` and `shown_soc_percent` are of a report about charge: which pack, and what the vehicle says it holds.
    """

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    network = models.ForeignKey("accounts.Network", models.PROTECT, related_name="+")
    station = models.ForeignKey("stations.Station", models.PROTECT, related_name="reports")
    booking = models.ForeignKey(Booking, models.PROTECT, related_name="reports")
    kind = models.CharField(max_length=10, choices=ReportKind.choices)
    is_urgent = models.BooleanField(default=False)
    swap_pack = models.ForeignKey(SwapPack, models.PROTECT, null=True, blank=True, related_name="reports")
    shown_soc_percent = models.DecimalField(max_digits=4, decimal_places=1, null=True, blank=True)
    words = models.CharField(max_length=500, blank=True)
    state = models.CharField(
        max_length=10, choices=[(state.value, state.value) for state in ReportState], default=ReportState.RECEIVED
    )
    made_at = models.DateTimeField()
    looked_at_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    answer = models.CharField(max_length=1_000, blank=True, help_text=_("What the driver reads."))
    taken_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")

    objects = ReportQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["booking", "kind", "swap_pack"],
                condition=~Q(state=ReportState.ANSWERED),
                name="one_open_report_per_matter",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                condition=Q(state=ReportState.ANSWERED, answered_at__isnull=False)
                | Q(~Q(state=ReportState.ANSWERED), answered_at__isnull=True),
                name="answered_exactly_when_an_answer_stands",
            ),
            models.CheckConstraint(
                condition=~Q(kind=ReportKind.CHARGE) | Q(swap_pack__isnull=False), name="charge_is_of_a_pack"
            ),
            models.CheckConstraint(
                condition=Q(shown_soc_percent=None) | Q(shown_soc_percent__gte=0, shown_soc_percent__lte=100),
                name="shown_charge_is_a_percentage",
            ),
        ]
        indexes = [
            models.Index(fields=["network", "made_at"], name="report_of_network"),
            models.Index(fields=["station"], name="open_report_at_station", condition=~Q(state=ReportState.ANSWERED)),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.station}"
