"""A line in which nobody can be served, and the stations that its drivers are offered instead (rule 7)."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from booking.models.bookings import Booking
from booking.models.lines import Line
from booking.models.tariffs import Tariff


class Cause(models.TextChoices):
    """Why nobody of a line can be served. The value stays in the row."""

    STATION = "station", _("the station has stopped")
    BAYS = "bays", _("no bay works")
    PACKS = "packs", _("no pack of the class works")


class Standstill(models.Model):
    """A line in which nobody can be served, from when it was noticed until it was noticed that it is over.

    Whether it is so at this moment is told by the metal alone (`standstills.causes`); this row says that its drivers
    were, and when they are next, offered other stations. Written by `moving` alone.
    """

    line = models.ForeignKey(Line, models.PROTECT, related_name="standstills", db_index=False)
    cause = models.CharField(max_length=10, choices=Cause.choices)
    began_at = models.DateTimeField()
    look_at = models.DateTimeField(help_text=_("When stations are looked for again."))
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["line"], condition=Q(ended_at=None), name="one_standstill_per_line"),
        ]
        indexes = [models.Index(fields=["line", "began_at"], name="standstill_of_line")]

    def __str__(self) -> str:
        return f"{self.line_id} {self.cause} {self.began_at:%H:%M}"


class MoveOfferQuerySet(models.QuerySet["MoveOffer"]):
    def open(self) -> MoveOfferQuerySet:
        """Not written down as ended. One that is overdue counts as ended all the same."""
        return self.filter(ended_at=None)

    def that_brought(self, booking: Booking) -> MoveOffer | None:
        """The one that was taken last: by it the booking came to where it is. None when it never moved."""
        taken = self.filter(booking=booking, end_reason="moved").select_related("from_station__owner", "station_tariff")
        return taken.order_by("ended_at", "pk").last()


class MoveOffer(models.Model):
    """Another station, offered to one booking whose own cannot serve it (rule 7). Written by `moving` alone.

    It keeps no pack. `wait_high_seconds` is the longest wait after the drive that was said. `tariff` is the price, the
    lower of two; `station_tariff` that of the station that is offered, whose parties lose nothing by the move.
    """

    standstill = models.ForeignKey(Standstill, models.PROTECT, related_name="offers")
    booking = models.ForeignKey(Booking, models.PROTECT, related_name="move_offers")
    from_station = models.ForeignKey("stations.Station", models.PROTECT, related_name="+", db_index=False)
    to_station = models.ForeignKey("stations.Station", models.PROTECT, related_name="+", db_index=False)
    tariff = models.ForeignKey(Tariff, models.PROTECT, related_name="+", db_index=False)
    station_tariff = models.ForeignKey(Tariff, models.PROTECT, related_name="+", db_index=False)
    drive_seconds = models.PositiveIntegerField(help_text=_("From the station that failed."))
    wait_low_seconds = models.PositiveIntegerField()
    wait_likely_seconds = models.PositiveIntegerField()
    wait_high_seconds = models.PositiveIntegerField()
    made_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=20, blank=True)

    objects = MoveOfferQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["booking"], condition=Q(ended_at=None), name="one_live_move_offer_per_booking"
            ),
            models.CheckConstraint(condition=Q(ends_at__gt=F("made_at")), name="move_offer_ends_after_it_begins"),
            models.CheckConstraint(condition=~Q(to_station=F("from_station")), name="a_move_leads_elsewhere"),
        ]
        indexes = [
            models.Index(fields=["to_station"], name="live_move_offer_to_station", condition=Q(ended_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.booking_id} to {self.to_station_id}"
