"""What was learned, what was told, and how right it was."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from booking.forecast import Span
from booking.models.bookings import Booking


class Learned(models.Model):
    """What was counted of one pack class at one station before `until`, or, without a station, in one country of the
    network. Written by `learning` alone; nobody's own history can be read out of it.

    `counted` is a `habits.Experience`, each figure with its number of cases; `cases` are its swaps.
    """

    network = models.ForeignKey("accounts.Network", models.CASCADE, related_name="+", db_index=False)
    station = models.ForeignKey("stations.Station", models.CASCADE, null=True, blank=True, related_name="+")
    country = models.CharField(max_length=2)
    pack_class = models.ForeignKey("stations.PackClass", models.CASCADE, related_name="+")
    until = models.DateTimeField()
    cases = models.PositiveIntegerField()
    counted = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["network", "station", "country", "pack_class"],
                name="learned_once_per_scope",
                nulls_distinct=False,
            ),
        ]
        verbose_name = verbose_name_plural = "what was learned"

    def __str__(self) -> str:
        return f"{self.station or self.country} · {self.pack_class}"


class Told(models.Model):
    """A forecast that a booking was given after one of its changes, and what came of it. Written by `told` alone.

    `occasion` is the step that changed the booking, at `changed_at`. Seconds are from `at`: until the bay, and until
    driving away. `bay_…`, `away_…` and `ready_chance` are as the scenarios gave them, `shown_…` after adjustment. What
    came of it is empty until it is known, and stays so when the swap never came.
    """

    network = models.ForeignKey("accounts.Network", models.CASCADE, related_name="+", db_index=False)
    booking = models.ForeignKey(Booking, models.CASCADE, related_name="told", db_index=False)
    occasion = models.CharField(max_length=20)
    changed_at = models.DateTimeField()
    at = models.DateTimeField()
    pack_class = models.ForeignKey("stations.PackClass", models.PROTECT, related_name="+")
    part_of_day = models.PositiveSmallIntegerField()
    bay_low = models.FloatField()
    bay_likely = models.FloatField()
    bay_high = models.FloatField()
    away_low = models.FloatField()
    away_likely = models.FloatField()
    away_high = models.FloatField()
    ready_chance = models.FloatField()
    shown_bay_low = models.FloatField()
    shown_bay_likely = models.FloatField()
    shown_bay_high = models.FloatField()
    shown_away_low = models.FloatField()
    shown_away_likely = models.FloatField()
    shown_away_high = models.FloatField()
    shown_ready_chance = models.FloatField()
    until_bay = models.FloatField(null=True, blank=True)
    until_away = models.FloatField(null=True, blank=True)
    was_ready = models.BooleanField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["booking", "changed_at"], name="told_once_per_change"),
            models.CheckConstraint(
                condition=Q(until_bay__isnull=True, until_away__isnull=True, was_ready__isnull=True)
                | Q(until_bay__isnull=False, until_away__isnull=False, was_ready__isnull=False),
                name="outcome_is_known_as_a_whole",
            ),
        ]
        indexes = [
            models.Index(fields=["network", "at"], name="told_in_network"),
            models.Index(fields=["network", "at"], name="told_without_outcome", condition=Q(until_away=None)),
        ]
        verbose_name = verbose_name_plural = "what was told"

    def __str__(self) -> str:
        return f"{self.booking_id} {self.occasion}"

    @property
    def group(self) -> tuple[int, int]:
        """By what ranges are adjusted: `learned.group_of` at its moment."""
        return self.pack_class_id, self.part_of_day

    @property
    def bay(self) -> Span:
        return Span(self.bay_low, self.bay_likely, self.bay_high)

    @property
    def away(self) -> Span:
        return Span(self.away_low, self.away_likely, self.away_high)

    @property
    def shown_bay(self) -> Span:
        return Span(self.shown_bay_low, self.shown_bay_likely, self.shown_bay_high)

    @property
    def shown_away(self) -> Span:
        return Span(self.shown_away_low, self.shown_away_likely, self.shown_away_high)


class CalibrationDay(models.Model):
    """How right the forecasts of one day of a network were, and what the days up to it taught. Written by `measuring`.

    Days are by the network's clock, and of the moment of telling. `cases` are bookings of the day that are finished;
    figures are of what was shown when they were made: ranges until driving away (`bay_coverage`: until the bay), and
    the chance that packs are ready. Each group in JSON has its own number of cases; `by_occasion` has what was told
    later, too. Adjustments and chances are from the `adjusted_by` cases of the 14 days that end with this one.
    """

    network = models.ForeignKey("accounts.Network", models.CASCADE, related_name="+", db_index=False)
    day = models.DateField()
    cases = models.PositiveIntegerField()
    coverage = models.FloatField(null=True, blank=True)
    bay_coverage = models.FloatField(null=True, blank=True)
    median_width = models.FloatField(null=True, blank=True)
    mean_error = models.FloatField(null=True, blank=True)
    brier = models.FloatField(null=True, blank=True)
    by_part_of_day = models.JSONField(default=dict)
    by_class = models.JSONField(default=dict)
    by_occasion = models.JSONField(default=dict)
    deciles = models.JSONField(default=list)
    adjusted_by = models.PositiveIntegerField()
    adjustment = models.JSONField()
    bay_adjustment = models.JSONField()
    chances = models.JSONField()
    measured_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["network", "day"], name="measured_once_per_network_and_day"),
            models.CheckConstraint(
                condition=Q(cases=0, coverage__isnull=True) | Q(cases__gt=0, coverage__isnull=False),
                name="no_figure_without_cases",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.network} · {self.day}"
