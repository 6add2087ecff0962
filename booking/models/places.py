"""Stations that are saved, and names of towns."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Favourite(models.Model):
    """A station that a driver keeps at hand. Written by `favourites`."""

    driver = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="favourites", db_index=False)
    station = models.ForeignKey("stations.Station", models.CASCADE, related_name="+")
    kept_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["driver", "station"], name="one_favourite_per_driver_and_station"),
        ]

    def __str__(self) -> str:
        return f"{self.driver_id} {self.station_id}"


class PlaceName(models.Model):
    """One name of a town anywhere on earth, by which a driver says where they are. Filled by `gazetteer`.

    A row per name and not per town: what is typed is looked up in one index, and one row is the whole answer.
    """

    key = models.TextField(help_text=_("The name without accents, as place_keys spells it."))
    name = models.TextField()
    is_main = models.BooleanField(help_text=_("What GeoNames calls the town; its other names are rows of their own."))
    town = models.BigIntegerField(help_text=_("Its number at GeoNames; the names of one town share it."))
    country = models.CharField(max_length=2)
    region = models.TextField(blank=True, help_text=_("The region’s name or largest town; empty for that town itself."))
    latitude = models.FloatField()
    longitude = models.FloatField()
    population = models.PositiveIntegerField()

    class Meta:
        indexes = [models.Index(fields=["key"], opclasses=["text_pattern_ops"], name="place_name_by_its_beginning")]

    def __str__(self) -> str:
        return f"{self.name}, {self.country}"


class Gazetteer(models.Model):
    """Which edition of the place names is in: one row, or none."""

    edition = models.CharField(max_length=80)

    def __str__(self) -> str:
        return self.edition
