"""What went in and out at a swap."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from booking.models.bookings import Booking


class Direction(models.TextChoices):
    IN = "in", _("in")
    OUT = "out", _("out")


class SwapPack(models.Model):
    """A pack that went in or out at a swap, with what it held at that moment. What the price is made of."""

    booking = models.ForeignKey(Booking, models.PROTECT, related_name="swap_packs")
    pack = models.ForeignKey("stations.Pack", models.PROTECT, related_name="swaps")
    direction = models.CharField(max_length=3, choices=Direction.choices)
    soc_percent = models.DecimalField(max_digits=4, decimal_places=1)
    soh_percent = models.DecimalField(max_digits=4, decimal_places=1)
    pack_owner = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="+")
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["booking", "pack", "direction"],
                condition=Q(undone_at=None),
                name="one_swap_row_per_pack",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pack_id} {self.direction}"
