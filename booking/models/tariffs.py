"""What a swap costs, from when to when."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


class Tariff(models.Model):
    """A price, in versions: a version is never changed, a new one takes its place from `valid_from`.

    `price_per_kwh` and `service_fee_minor` include tax; `tax_rate_bp` is the share of tax in basis points of the net.
    """

    network = models.ForeignKey("accounts.Network", models.PROTECT, related_name="tariffs")
    station = models.ForeignKey("stations.Station", models.PROTECT, null=True, blank=True, related_name="tariffs")
    pack_class = models.ForeignKey("stations.PackClass", models.PROTECT, related_name="tariffs")
    version = models.PositiveIntegerField()
    currency = models.CharField(max_length=3)
    price_per_kwh = models.DecimalField(max_digits=10, decimal_places=4)
    service_fee_minor = models.PositiveIntegerField()
    tax_rate_bp = models.PositiveIntegerField()
    valid_from = models.DateTimeField()
    valid_until = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["network", "station", "pack_class", "version"],
                name="one_tariff_per_version",
                nulls_distinct=False,
            ),
            models.UniqueConstraint(
                fields=["network", "station", "pack_class"],
                condition=Q(valid_until=None),
                name="one_open_ended_tariff",
                nulls_distinct=False,
            ),
            models.CheckConstraint(condition=Q(price_per_kwh__gt=0), name="tariff_has_a_price"),
            models.CheckConstraint(condition=Q(tax_rate_bp__lte=10_000), name="tariff_tax_is_at_most_the_net"),
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_until__gt=F("valid_from")), name="tariff_ends_after_it_begins"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pack_class} · {self.price_per_kwh} {self.currency}/kWh · v{self.version}"
