"""Promises as rows: vehicles, tariffs, lines, bookings with their history, promised packs and swaps."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Count, F, Q
from django.utils.translation import gettext_lazy as _

from booking.states import LIVE, State

STATES = [(state.value, state.value) for state in State]


class Vehicle(models.Model):
    """A vehicle is its country and normalised plate. The plate is proven at its first swap."""

    country = models.CharField(max_length=2)
    plate = models.CharField(max_length=16, help_text=_("Capital letters and digits only."))
    pack_class = models.ForeignKey("stations.PackClass", models.PROTECT, related_name="vehicles")
    pack_count = models.PositiveSmallIntegerField(default=1)
    model = models.CharField(max_length=60, blank=True)
    fleet = models.ForeignKey("accounts.Organisation", models.PROTECT, null=True, blank=True, related_name="vehicles")
    proven_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["country", "plate"], name="one_vehicle_per_country_and_plate"),
            models.CheckConstraint(condition=Q(pack_count__gte=1, pack_count__lte=4), name="vehicle_takes_1_to_4"),
        ]

    def __str__(self) -> str:
        return self.plate


class Assignment(models.Model):
    """A driver who may book for a vehicle."""

    vehicle = models.ForeignKey(Vehicle, models.CASCADE, related_name="assignments")
    driver = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="assignments")
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


class Source(models.TextChoices):
    APP = "app", _("app")
    API = "api", _("partner system")
    WALK_IN = "walk_in", _("walk-in")


class BookingQuerySet(models.QuerySet["Booking"]):
    def live(self) -> BookingQuerySet:
        return self.filter(state__in=LIVE)

    def waiting(self) -> BookingQuerySet:
        return self.filter(state=State.WAITING)

    def in_line(self, line: Line) -> BookingQuerySet:
        return self.live().filter(line=line).order_by("joined_at", "sequence")

    def at_bay(self, station_id: int) -> BookingQuerySet:
        """Those who are here with their packs, in the order in which the bays serve them."""
        return self.filter(station_id=station_id, state=State.ARRIVED).order_by("bay_sequence")

    def short_of_packs(self) -> BookingQuerySet:
        """At the bay, and a pack that was kept for them has failed: the next ready one is theirs (rule 7)."""
        kept = Count("promises", filter=Q(promises__ended_at=None), distinct=True)
        out = Count("swap_packs", filter=Q(swap_packs__direction="out", swap_packs__undone_at=None), distinct=True)
        short = self.filter(state=State.SWAPPING).annotate(packs_had=kept + out)
        return short.filter(packs_had__lt=F("packs_wanted"))

    def overdue(self, now: datetime) -> BookingQuerySet:
        """Promises that count as ended although no row says so yet. One reading of rule 2, rule 5 and `pay_by`."""
        return self.filter(state=State.PROMISED).filter(Q(lapses_at__lte=now) | Q(pay_by__lte=now))


class Booking(models.Model):
    """A driver's claim at one station for packs of one class. Steps are taken by `history.take` alone.

    `lapses_at` is when the promise ends if nothing happens: `promise_ends_at`, or later while a claim "I'm here"
    stops the clock. All instants are the database's.
    """

    public_id = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    network = models.ForeignKey("accounts.Network", models.PROTECT)
    station = models.ForeignKey("stations.Station", models.PROTECT, related_name="bookings")
    line = models.ForeignKey(Line, models.PROTECT, related_name="bookings")
    vehicle = models.ForeignKey(Vehicle, models.PROTECT, related_name="bookings")
    driver = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="bookings")
    tariff = models.ForeignKey(Tariff, models.PROTECT, related_name="bookings")
    payment = models.OneToOneField("payments.Payment", models.PROTECT, null=True, blank=True, related_name="+")
    source = models.CharField(max_length=10, choices=Source.choices, default=Source.APP)
    packs_wanted = models.PositiveSmallIntegerField()
    code = models.CharField(max_length=6, help_text=_("What the driver shows at the station. Works once."))
    code_used_at = models.DateTimeField(null=True, blank=True)

    state = models.CharField(max_length=10, choices=STATES, default=State.WAITING)
    joined_at = models.DateTimeField()
    sequence = models.PositiveBigIntegerField()
    drive_seconds = models.PositiveIntegerField(null=True, blank=True, help_text=_("From the last known position."))
    arrive_first = models.BooleanField(default=False, help_text=_("Promised only when here (rule 6)."))
    promise_budget_seconds = models.PositiveIntegerField(
        null=True, blank=True, help_text=_("What was left of an earlier promise here (rule 2); empty: a whole one.")
    )
    gathering_since = models.DateTimeField(null=True, blank=True)
    goes_first_at = models.DateTimeField(null=True, blank=True, help_text=_("A staff override (rule 8)."))
    goes_first_reason = models.CharField(max_length=500, blank=True)
    passed_over_at = models.DateTimeField(null=True, blank=True)
    promised_at = models.DateTimeField(null=True, blank=True)
    promise_ends_at = models.DateTimeField(null=True, blank=True)
    lapses_at = models.DateTimeField(null=True, blank=True)
    extended_at = models.DateTimeField(null=True, blank=True)
    pay_by = models.DateTimeField(null=True, blank=True)
    authorised_at = models.DateTimeField(null=True, blank=True)
    here_claimed_at = models.DateTimeField(null=True, blank=True)
    here_at = models.DateTimeField(null=True, blank=True)
    arrived_at = models.DateTimeField(null=True, blank=True)
    bay_sequence = models.PositiveBigIntegerField(null=True, blank=True)
    called_at = models.DateTimeField(null=True, blank=True)
    missed_calls = models.PositiveSmallIntegerField(default=0)
    bay = models.ForeignKey("stations.Bay", models.PROTECT, null=True, blank=True, related_name="bookings")
    started_at = models.DateTimeField(null=True, blank=True)
    old_in_at = models.DateTimeField(null=True, blank=True)
    new_out_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=30, blank=True)
    our_fault = models.BooleanField(default=False, help_text=_("A pack, bay or station failed (rule 7)."))
    no_show = models.BooleanField(default=False)
    no_show_disputed_at = models.DateTimeField(null=True, blank=True)
    no_show_dispute = models.CharField(max_length=500, blank=True)
    no_show_waived_at = models.DateTimeField(null=True, blank=True)

    energy_wh = models.PositiveIntegerField(null=True, blank=True)
    energy_source = models.CharField(max_length=10, blank=True)
    price_minor = models.PositiveBigIntegerField(null=True, blank=True)
    tax_minor = models.PositiveBigIntegerField(null=True, blank=True)

    objects = BookingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["vehicle"], condition=Q(state__in=LIVE), name="one_live_booking_per_vehicle"
            ),
            models.UniqueConstraint(fields=["driver"], condition=Q(state__in=LIVE), name="one_live_booking_per_driver"),
            models.UniqueConstraint(
                fields=["station", "code"], condition=Q(state__in=LIVE), name="one_live_booking_per_code_and_station"
            ),
            models.UniqueConstraint(fields=["line", "sequence"], name="one_place_in_line_per_sequence"),
            models.UniqueConstraint(fields=["bay"], condition=Q(state=State.SWAPPING), name="one_swap_per_bay"),
            models.CheckConstraint(
                condition=~Q(state=State.PROMISED)
                | Q(promised_at__isnull=False, promise_ends_at__isnull=False, lapses_at__isnull=False),
                name="promise_has_an_end",
            ),
            models.CheckConstraint(
                condition=~Q(state=State.ARRIVED) | Q(arrived_at__isnull=False, bay_sequence__isnull=False),
                name="arrived_has_a_place_at_the_bay",
            ),
            models.CheckConstraint(
                condition=~Q(state=State.SWAPPING) | Q(bay__isnull=False, started_at__isnull=False),
                name="swap_has_a_bay",
            ),
            models.CheckConstraint(
                condition=Q(state__in=LIVE, ended_at__isnull=True) | Q(~Q(state__in=LIVE), ended_at__isnull=False),
                name="ended_exactly_when_over",
            ),
            models.CheckConstraint(
                condition=~Q(state=State.COMPLETED) | Q(energy_wh__isnull=False, price_minor__isnull=False),
                name="completed_has_energy_and_price",
            ),
            models.CheckConstraint(condition=Q(packs_wanted__gte=1, packs_wanted__lte=4), name="wants_1_to_4_packs"),
        ]
        indexes = [
            models.Index(fields=["line", "joined_at", "sequence"], name="booking_in_line", condition=Q(state__in=LIVE)),
            models.Index(
                fields=["station", "state", "bay_sequence"], name="booking_at_station", condition=Q(state__in=LIVE)
            ),
            models.Index(fields=["lapses_at"], name="booking_due", condition=Q(state=State.PROMISED)),
            models.Index(fields=["driver", "-joined_at"], name="booking_of_driver"),
            models.Index(fields=["vehicle", "-joined_at"], name="booking_of_vehicle"),
            models.Index(fields=["station", "-ended_at"], name="booking_ended_at_station"),
        ]

    def __str__(self) -> str:
        return f"{self.code} · {self.vehicle} · {self.state}"


class BookingStep(models.Model):
    """One row per step, never changed: who did what, when and why, and by which exception somebody was overtaken."""

    booking = models.ForeignKey(Booking, models.CASCADE, related_name="steps")
    step = models.CharField(max_length=20)
    from_state = models.CharField(max_length=10, blank=True)
    to_state = models.CharField(max_length=10)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=500, blank=True)
    line_sequence = models.PositiveBigIntegerField()
    exception = models.CharField(max_length=20, blank=True, help_text=_("The rule by which others were overtaken."))

    class Meta:
        indexes = [models.Index(fields=["booking", "id"], name="step_of_booking")]

    def __str__(self) -> str:
        return f"{self.booking_id} {self.step}"


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


class PlacingKey(models.Model):
    """An `Idempotency-Key`: the same key and body give the same booking, another body is refused."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    key = models.CharField(max_length=80)
    body_hash = models.CharField(max_length=64)
    booking = models.ForeignKey(Booking, models.CASCADE, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="one_booking_per_key")]

    def __str__(self) -> str:
        return self.key


class CodeAttempt(models.Model):
    """A code that was typed at a station and did not fit. Many of them close the field for a while."""

    station = models.ForeignKey("stations.Station", models.CASCADE, related_name="+")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["station", "by", "at"], name="code_attempt_recent")]

    def __str__(self) -> str:
        return f"{self.station_id} {self.at}"


class Heartbeat(models.Model):
    """When the workers last did something. Written by a task, read by /readyz."""

    name = models.CharField(max_length=40, primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} {self.at:%H:%M:%S}"
