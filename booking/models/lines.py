"""What is locked: a line for each station and pack class, and the bays' queue of a station."""

from __future__ import annotations

from django.db import models


class Line(models.Model):
    """The line of one station and pack class: what is locked, what numbers its joiners, what counts its changes."""

    station = models.ForeignKey("stations.Station", models.PROTECT, related_name="lines")
    pack_class = models.ForeignKey("stations.PackClass", models.PROTECT, related_name="lines")
    sequence = models.PositiveBigIntegerField(default=0)
    version = models.PositiveBigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["station", "pack_class"], name="one_line_per_station_and_class")]

    def __str__(self) -> str:
        return f"{self.station} · {self.pack_class}"


class BayQueue(models.Model):
    """The order in which a station's bays serve, all classes together. Locked after the lines."""

    station = models.OneToOneField("stations.Station", models.PROTECT, related_name="bay_queue", primary_key=True)
    sequence = models.PositiveBigIntegerField(default=0)
    version = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.station}"
