"""Certain packs for a booking: kept, or offered below target."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from booking.models.bookings import Booking


class Promise(models.Model):
    """One certain pack kept for one booking. The database refuses a second live promise of a pack (P1)."""

    booking = models.ForeignKey(Booking, models.PROTECT, related_name="promises")
    pack = models.ForeignKey("stations.Pack", models.PROTECT, related_name="promises")
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=20, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["pack"], condition=Q(ended_at=None), name="one_live_promise_per_pack"),
        ]
        indexes = [models.Index(fields=["booking"], name="live_promise_of_booking", condition=Q(ended_at=None))]

    def __str__(self) -> str:
        return f"{self.pack_id} for {self.booking_id}"


class OfferQuerySet(models.QuerySet["Offer"]):
    def open(self) -> OfferQuerySet:
        """Not written down as ended. One that is overdue counts as ended all the same: see `offers.is_over`."""
        return self.filter(ended_at=None)

    def declined(self) -> OfferQuerySet:
        """Answered with no, or not at all."""
        return self.filter(end_reason__in=("declined", "lapsed"))


class Offer(models.Model):
    """Packs below target, offered to one booking until `ends_at` (rule 11)."""

    booking = models.ForeignKey(Booking, models.PROTECT, related_name="offers", db_index=False)
    station = models.ForeignKey("stations.Station", models.PROTECT, related_name="+", db_index=False)
    soc_percent = models.DecimalField(
        max_digits=4, decimal_places=1, help_text=_("What the emptiest of the packs held when it was offered.")
    )
    made_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=20, blank=True)

    objects = OfferQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["booking"], condition=Q(ended_at=None), name="one_live_offer_per_booking"),
            models.CheckConstraint(condition=Q(ends_at__gt=F("made_at")), name="offer_ends_after_it_begins"),
        ]
        indexes = [
            models.Index(fields=["booking", "ended_at"], name="offer_of_booking"),
            models.Index(fields=["station"], name="live_offer_at_station", condition=Q(ended_at=None)),
        ]

    def __str__(self) -> str:
        return f"{self.soc_percent} % to {self.booking_id}"


class OfferedPack(models.Model):
    """One pack of an offer. The database refuses a second live offer of a pack (P1)."""

    offer = models.ForeignKey(Offer, models.PROTECT, related_name="packs")
    pack = models.ForeignKey("stations.Pack", models.PROTECT, related_name="offers")
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["pack"], condition=Q(ended_at=None), name="one_live_offer_per_pack"),
        ]

    def __str__(self) -> str:
        return f"{self.pack_id} in {self.offer_id}"
