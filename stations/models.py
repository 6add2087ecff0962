"""Metal as rows: stations, bays, slots and packs. Pack and Slot are written by `inventory` alone.

`db_index=False` stands where a unique constraint begins with the column (its index serves both), or where nobody ever
asks from that side. The pack's index carries no reading, so that noting one touches no index.
"""

from __future__ import annotations

import math
import secrets
from datetime import datetime
from decimal import Decimal

from django.contrib.postgres.indexes import GistIndex
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Cos, Radians, Sin
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from accounts.time_zones import validate_time_zone
from stations import charging, geo
from stations.charging import Curve
from stations.hours import BadHours, check_hours
from stations.states import BayState, PackState, SlotState, StationStatus


def new_poster_token() -> str:
    """The secret part of a station's poster QR: 96 random bits, replaced when a poster is copied off site."""
    return secrets.token_urlsafe(12)


def _on_unit_sphere(expression: models.Expression) -> models.GeneratedField:
    return models.GeneratedField(expression=expression, output_field=models.FloatField(), db_persist=True)


def validate_hours(value: object) -> None:
    try:
        check_hours(value)
    except BadHours as error:
        raise ValidationError(error.sentence) from error


def validate_amenities(value: object) -> None:
    known = {str(code) for code in Amenity}
    if not isinstance(value, list) or not all(isinstance(code, str) and code in known for code in value):
        raise ValidationError(_("Amenities are codes of this list: %(codes)s.") % {"codes": ", ".join(sorted(known))})


validate_country = RegexValidator(r"\A[A-Z]{2}\Z", _("A country is two capital letters, such as PT."))
validate_currency = RegexValidator(r"\A[A-Z]{3}\Z", _("A currency is three capital letters, such as EUR."))


# What is written when nobody was there to write why.
SILENCE = gettext_noop("It has stopped reporting.")


class Amenity(models.TextChoices):
    """What a station has beside packs. Few, so that each has an icon, a filter and a name in every language."""

    TOILET = "toilet", _("Toilet")
    COFFEE = "coffee", _("Coffee")
    FOOD = "food", _("Food")
    SHOP = "shop", _("Shop")
    SHELTER = "shelter", _("Roof")
    WIFI = "wifi", _("Wi-Fi")
    AIR = "air", _("Tyre air")
    STEP_FREE = "step_free", _("Step-free")


class PackClass(models.Model):
    """What fits: a form and a nominal energy. A vehicle takes one class, and one or more packs of it."""

    code = models.SlugField(max_length=20, unique=True)
    name = models.CharField(max_length=60)
    form = models.CharField(max_length=20, choices=[("four_wheel", _("four-wheel")), ("two_wheel", _("two-wheel"))])
    nominal_wh = models.PositiveIntegerField(
        validators=[MinValueValidator(1)], help_text=_("Energy of a new, full pack, in watt-hours.")
    )
    charge_power_w = models.PositiveIntegerField(
        validators=[MinValueValidator(1)], help_text=_("Highest power that a pack of this class accepts.")
    )

    class Meta:
        verbose_name_plural = "pack classes"

    def __str__(self) -> str:
        return self.name


class Station(models.Model):
    """A place where packs are charged and swapped. Coordinates are stored as WGS 84, with the datum they came in.

    x, y and z are the same place on a sphere of radius one, kept by the database; the nearest stations are found by
    them (docs/adr/nearby-search.md), because they know neither poles nor an antimeridian.
    """

    network = models.ForeignKey("accounts.Network", models.PROTECT, related_name="stations", db_index=False)
    owner = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="stations")
    code = models.SlugField(max_length=40, db_index=False)
    name = models.CharField(max_length=120)
    address = models.CharField(max_length=200, blank=True)
    city = models.CharField(max_length=80, blank=True)
    country = models.CharField(max_length=2, validators=[validate_country])
    time_zone = models.CharField(max_length=40, validators=[validate_time_zone])
    currency = models.CharField(max_length=3, validators=[validate_currency])
    latitude = models.FloatField(validators=[MinValueValidator(-90.0), MaxValueValidator(90.0)])
    longitude = models.FloatField(validators=[MinValueValidator(-180.0), MaxValueValidator(180.0)])
    x = _on_unit_sphere(Cos(Radians("latitude")) * Cos(Radians("longitude")))
    y = _on_unit_sphere(Cos(Radians("latitude")) * Sin(Radians("longitude")))
    z = _on_unit_sphere(Sin(Radians("latitude")))
    source_datum = models.CharField(max_length=10, choices=[("wgs84", "WGS 84"), ("gcj02", "GCJ-02")], default="wgs84")
    hours = models.JSONField(
        default=dict,
        blank=True,
        validators=[validate_hours],
        help_text=_('Weekday "0" (Monday) to "6" to [["06:00", "22:00"], …]; empty: always.'),
    )
    status = models.CharField(max_length=20, choices=StationStatus.choices(), default=StationStatus.OPEN)
    status_reason = models.CharField(max_length=200, blank=True)
    status_changed_at = models.DateTimeField(null=True, blank=True)
    status_changed_by = models.ForeignKey(
        "accounts.User", models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    is_silent = models.BooleanField(
        default=False,
        db_default=False,
        help_text=_("Its silence has stopped it, and nobody has changed its status since."),
    )
    is_staffed = models.BooleanField(default=True)
    amenities = models.JSONField(default=list, blank=True, validators=[validate_amenities])
    poster_token = models.CharField(max_length=40, unique=True, default=new_poster_token)

    target_soc_percent = models.PositiveSmallIntegerField(default=90)
    offer_from_soc_percent = models.PositiveSmallIntegerField(
        default=60,
        null=True,
        blank=True,
        help_text=_("Packs below target are offered from this charge on; empty: never."),
    )
    arrival_radius_m = models.PositiveIntegerField(default=150)
    promise_margin_seconds = models.PositiveIntegerField(default=300)
    promise_min_seconds = models.PositiveIntegerField(default=600)
    promise_max_seconds = models.PositiveIntegerField(default=1_800)
    swap_seconds = models.PositiveIntegerField(default=240, help_text=_("Typical time of one vehicle at a bay."))
    override_cap_per_shift = models.PositiveSmallIntegerField(default=3)
    fleet_share_percent = models.PositiveSmallIntegerField(
        default=60,
        db_default=60,
        help_text=_("Of the packs of a class, what one fleet holds at most within an hour (rule 10); 100: no limit."),
    )
    reports_every_seconds = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text=_(
            "How often it reports by itself; when it falls silent it counts as down."
            " Empty: it does not report by itself."
        ),
    )
    takes_cash = models.BooleanField(default=False)
    contact_phone = models.CharField(
        _("contact phone"),
        max_length=16,
        blank=True,
        default="",
        db_default="",
        help_text=_("E.164. Whom drivers call when nobody comes; empty: nobody."),
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["network", "code"], name="one_station_per_code_and_network"),
            models.CheckConstraint(
                condition=Q(latitude__gte=-90, latitude__lte=90, longitude__gte=-180, longitude__lte=180),
                name="station_lies_on_earth",
            ),
            models.CheckConstraint(
                condition=Q(promise_min_seconds__lte=F("promise_max_seconds")), name="promise_min_is_at_most_its_max"
            ),
            models.CheckConstraint(
                condition=Q(target_soc_percent__gte=1, target_soc_percent__lte=100),
                name="station_target_is_a_percentage",
            ),
            models.CheckConstraint(
                condition=Q(amenities__contained_by=[code.value for code in Amenity]), name="amenities_are_known_codes"
            ),
            models.CheckConstraint(
                condition=Q(offer_from_soc_percent=None) | Q(offer_from_soc_percent__gte=1),
                name="station_offers_charged_packs",
            ),
            models.CheckConstraint(
                condition=Q(fleet_share_percent__gte=1, fleet_share_percent__lte=100),
                name="fleet_share_is_a_percentage",
                violation_error_message=_("A fleet’s share is between 1 and 100 percent."),
            ),
            models.CheckConstraint(
                condition=Q(reports_every_seconds=None)
                | Q(reports_every_seconds__gte=1, reports_every_seconds__lte=86_400),
                name="station_reports_at_least_once_a_day",
                violation_error_message=_("A station reports every 1 to 86400 seconds, or not by itself."),
            ),
            models.CheckConstraint(
                condition=Q(is_silent=False) | Q(status=StationStatus.DOWN), name="silence_stops_a_station"
            ),
            models.CheckConstraint(
                condition=Q(contact_phone="") | Q(contact_phone__regex=r"^\+[1-9][0-9]{6,14}$"),
                name="station_contact_phone_is_e164",
                violation_error_message=_("A phone number in full: +351 and so on, digits alone."),
            ),
        ]
        indexes = [
            GistIndex(Func("y", "z", function="point"), name="station_seen_from_front", condition=Q(x__gte=0)),
            GistIndex(Func("y", "z", function="point"), name="station_seen_from_behind", condition=Q(x__lt=0)),
            GistIndex(Func("x", "z", function="point"), name="station_seen_from_east", condition=Q(y__gte=0)),
            GistIndex(Func("x", "z", function="point"), name="station_seen_from_west", condition=Q(y__lt=0)),
            GistIndex(Func("x", "y", function="point"), name="station_seen_from_above", condition=Q(z__gte=0)),
            GistIndex(Func("x", "y", function="point"), name="station_seen_from_below", condition=Q(z__lt=0)),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def why_not_open(self) -> str:
        """What was written when it was closed, or in the reader's language that it is silent."""
        return gettext(SILENCE) if self.is_silent else self.status_reason

    @property
    def amenity_names(self) -> list[str]:
        """In the reader's language, in the order of the list of all."""
        return [str(amenity.label) for amenity in Amenity if amenity.value in self.amenities]

    def clean(self) -> None:
        if self.owner_id and self.network_id and self.owner.network_id != self.network_id:
            raise ValidationError({"owner": _("The owner belongs to another network.")})
        if None in (self.latitude, self.longitude):
            return  # The field has said so already.
        try:
            self.latitude, self.longitude = geo.place(latitude=self.latitude, longitude=self.longitude)
        except geo.BadCoordinates as error:
            raise ValidationError(error.sentence) from error


class SelfReport(models.Model):
    """When a station last reported by itself, by the database's clock. Written by `reporting`.

    A row of its own: readings come all the time, and must not wait for whoever locks the station.
    """

    station = models.OneToOneField(Station, models.CASCADE, primary_key=True, related_name="self_report")
    reported_at = models.DateTimeField()
    since_at = models.DateTimeField(help_text=_("The first report after the last silence."))

    def __str__(self) -> str:
        return f"{self.station_id} · {self.reported_at}"


class Watch(models.Model):
    """Since when the sweep has listened to stations without a break. One row, written by `reporting`."""

    only = models.BooleanField(primary_key=True, default=True)
    since_at = models.DateTimeField()
    looked_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(only=True), name="one_watch")]

    def __str__(self) -> str:
        return f"since {self.since_at}"


class Post(models.Model):
    """A station that a staff membership is for. Without a post, a member of staff sees no station."""

    membership = models.ForeignKey("accounts.Membership", models.CASCADE, related_name="posts", db_index=False)
    station = models.ForeignKey(Station, models.CASCADE, related_name="posts")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["membership", "station"], name="one_post_per_station")]

    def __str__(self) -> str:
        return f"{self.membership} @ {self.station}"

    def clean(self) -> None:
        if (
            self.membership_id
            and self.station_id
            and self.membership.organisation.network_id != self.station.network_id
        ):
            raise ValidationError(_("The person works for another network than the station's."))


class Bay(models.Model):
    """Where a vehicle is swapped: one at a time, of any class."""

    station = models.ForeignKey(Station, models.PROTECT, related_name="bays", db_index=False)
    number = models.PositiveSmallIntegerField()
    state = models.CharField(max_length=20, choices=BayState.choices(), default=BayState.OPEN)
    state_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["station", "number"], name="one_bay_per_number")]

    def __str__(self) -> str:
        return f"{self.station} · {self.number}"


class Slot(models.Model):
    """Where a pack charges (an EVSE in OCPP). Written by `inventory`."""

    station = models.ForeignKey(Station, models.PROTECT, related_name="slots", db_index=False)
    number = models.PositiveSmallIntegerField()
    pack_class = models.ForeignKey(PackClass, models.PROTECT)
    power_w = models.PositiveIntegerField(validators=[MinValueValidator(1)])
    state = models.CharField(max_length=20, choices=SlotState.choices(), default=SlotState.WORKING)
    state_reason = models.CharField(max_length=200, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["station", "number"], name="one_slot_per_number")]
        indexes = [models.Index(fields=["station", "pack_class"], name="slot_by_station_and_class")]

    def __str__(self) -> str:
        return f"{self.station} · slot {self.number}"


class PackQuerySet(models.QuerySet["Pack"]):
    def at(self, station: Station) -> PackQuerySet:
        return self.filter(station=station)

    def of(self, pack_class: PackClass) -> PackQuerySet:
        return self.filter(pack_class=pack_class)

    def free(self, now: datetime) -> PackQuerySet:
        """In a slot and kept for nobody; a keeping whose end has passed counts for nothing (P3)."""
        return self.filter(Q(state=PackState.STORED) | Q(state=PackState.KEPT, kept_until__lte=now))

    def ready(self) -> PackQuerySet:
        """Charged to the station's target, and in a slot that works."""
        return self.filter(soc_percent__gte=F("station__target_soc_percent"), slot__state=SlotState.WORKING)

    def below_target(self) -> PackQuerySet:
        """Not ready yet, in a slot that works, and charged enough that the station offers it."""
        return self.filter(
            soc_percent__gte=F("station__offer_from_soc_percent"),
            soc_percent__lt=F("station__target_soc_percent"),
            slot__state=SlotState.WORKING,
        )


class Pack(models.Model):
    """One physical battery. `kept` while promised to a booking; `kept_until` is empty when no clock runs."""

    network = models.ForeignKey("accounts.Network", models.PROTECT, related_name="packs", db_index=False)
    owner = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="packs")
    pack_class = models.ForeignKey(PackClass, models.PROTECT, related_name="packs")
    serial = models.CharField(max_length=40)
    soc_percent = models.DecimalField(max_digits=4, decimal_places=1)
    soh_percent = models.DecimalField(max_digits=4, decimal_places=1, default=100)
    soc_at = models.DateTimeField(help_text=_("When the state of charge was last known."))
    soc_fell_at = models.DateTimeField(
        null=True, blank=True, help_text=_("When it last read clearly less than before, in its slot.")
    )
    state = models.CharField(max_length=20, choices=PackState.choices())
    state_reason = models.CharField(max_length=200, blank=True)
    kept_until = models.DateTimeField(null=True, blank=True)
    station = models.ForeignKey(Station, models.PROTECT, null=True, blank=True, related_name="packs")
    slot = models.OneToOneField(Slot, models.PROTECT, null=True, blank=True, related_name="pack")

    objects = PackQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["network", "serial"], name="one_pack_per_serial_and_network"),
            models.CheckConstraint(
                condition=Q(soc_percent__gte=0, soc_percent__lte=100), name="state_of_charge_is_a_percentage"
            ),
            models.CheckConstraint(
                condition=Q(soh_percent__gt=0, soh_percent__lte=100), name="state_of_health_is_a_percentage"
            ),
            models.CheckConstraint(
                condition=Q(state__in=[PackState.STORED, PackState.KEPT], slot__isnull=False, station__isnull=False)
                | ~Q(state__in=[PackState.STORED, PackState.KEPT]),
                name="stored_and_kept_packs_are_in_a_slot",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[PackState.IN_VEHICLE, PackState.AWAY])
                | Q(slot__isnull=True, station__isnull=True),
                name="pack_in_vehicle_or_away_is_at_no_station",
            ),
            models.CheckConstraint(
                condition=~Q(state=PackState.QUARANTINED) | Q(station__isnull=False),
                name="quarantined_pack_is_at_a_station",
            ),
            models.CheckConstraint(
                condition=Q(state=PackState.KEPT) | Q(kept_until__isnull=True), name="only_kept_packs_have_an_end"
            ),
        ]
        indexes = [
            models.Index(
                fields=["station", "pack_class"],
                name="pack_in_slot_by_station",
                condition=Q(state__in=[PackState.STORED, PackState.KEPT]),
            ),
        ]

    def __str__(self) -> str:
        return self.serial

    @property
    def energy_wh(self) -> Decimal:
        """What it holds by its last reading, worn as it is."""
        return self.soc_percent / 100 * self.soh_percent / 100 * self.pack_class.nominal_wh

    def ready_in(self, target_percent: float, now: datetime) -> float:
        """Seconds until it is at the target by its curve; 0 only when it was read to be, which no curve can say.

        Infinite when it never gets there. A reading of a moment to come, as of a clock that jumped, is one of now.
        """
        if self.soc_percent >= target_percent:
            return 0.0
        at = charging.ready_at(
            curve=self.curve(),
            soc_percent=float(self.soc_percent),
            soc_at=min(self.soc_at, now),
            target_percent=target_percent,
            now=now,
        )
        return max(1.0, (at - now).total_seconds()) if at is not None else math.inf

    def curve(self) -> Curve:
        """How it charges in the slot where it is."""
        assert self.slot is not None, "only a pack in a slot charges"
        return charging.curve(
            nominal_wh=self.pack_class.nominal_wh,
            soh_percent=float(self.soh_percent),
            class_power_w=self.pack_class.charge_power_w,
            slot_power_w=self.slot.power_w,
        )
