"""Several vehicles of a fleet that come one after another: what is intended, and what has become of it (rule 10)."""

from __future__ import annotations

from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from booking.block_rules import EntryState
from booking.models.bookings import Booking
from booking.models.vehicles import Vehicle


class Block(models.Model):
    """Vehicles of a fleet that join the lines of one station, each at its own moment. Written by `blocks` alone."""

    public_id = models.UUIDField(default=uuid4, unique=True, editable=False)
    network = models.ForeignKey("accounts.Network", models.PROTECT, related_name="+", db_index=False)
    fleet = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="blocks", db_index=False)
    station = models.ForeignKey("stations.Station", models.PROTECT, related_name="+")
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    made_at = models.DateTimeField()
    first_at = models.DateTimeField()
    step_seconds = models.PositiveIntegerField()
    key = models.CharField(max_length=80, blank=True, help_text=_("Makes two taps one."))
    body_hash = models.CharField(max_length=64, blank=True)

    class Meta:
        verbose_name = _("block of bookings")
        verbose_name_plural = _("blocks of bookings")
        constraints = [
            models.UniqueConstraint(fields=["made_by", "key"], condition=~Q(key=""), name="one_block_per_key"),
        ]
        indexes = [models.Index(fields=["fleet", "-made_at"], name="block_of_fleet")]

    def __str__(self) -> str:
        return f"{self.fleet} · {self.station} · {self.first_at:%Y-%m-%d %H:%M}"


ENTRY_STATES = {
    EntryState.PLANNED: _("planned"),
    EntryState.JOINED: _("in line"),
    EntryState.SKIPPED: _("skipped"),
    EntryState.CANCELLED: _("cancelled"),
}


class BlockEntryQuerySet(models.QuerySet["BlockEntry"]):
    """The filters on a block's vehicles that have names."""

    def planned(self) -> BlockEntryQuerySet:
        return self.filter(state=EntryState.PLANNED)


class BlockEntry(models.Model):
    """One vehicle of a block with its driver: it takes no place in line before `join_at`. Written by `blocks` alone."""

    block = models.ForeignKey(Block, models.PROTECT, related_name="entries", db_index=False)
    number = models.PositiveSmallIntegerField()
    vehicle = models.ForeignKey(Vehicle, models.PROTECT, related_name="+")
    driver = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    join_at = models.DateTimeField()
    state = models.CharField(
        max_length=10,
        choices=[(state.value, label) for state, label in ENTRY_STATES.items()],
        default=EntryState.PLANNED.value,
    )
    reason = models.CharField(max_length=40, blank=True, help_text=_("The code of the refusal, when it was skipped."))
    booking = models.OneToOneField(Booking, models.PROTECT, null=True, blank=True, related_name="block_entry")
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = BlockEntryQuerySet.as_manager()

    class Meta:
        verbose_name = _("vehicle of a block")
        verbose_name_plural = _("vehicles of blocks")
        constraints = [
            models.UniqueConstraint(fields=["block", "number"], name="one_vehicle_per_number_and_block"),
            models.UniqueConstraint(fields=["block", "vehicle"], name="one_entry_per_vehicle_and_block"),
            models.UniqueConstraint(fields=["block", "driver"], name="one_entry_per_driver_and_block"),
            models.CheckConstraint(
                condition=Q(state=EntryState.JOINED.value, booking__isnull=False)
                | (~Q(state=EntryState.JOINED.value) & Q(booking__isnull=True)),
                name="entry_has_a_booking_exactly_when_it_joined",
            ),
            models.CheckConstraint(
                condition=Q(state=EntryState.PLANNED.value, ended_at__isnull=True)
                | (~Q(state=EntryState.PLANNED.value) & Q(ended_at__isnull=False)),
                name="entry_is_planned_until_it_ends",
            ),
        ]
        indexes = [
            models.Index(fields=["join_at"], name="entry_due", condition=Q(state=EntryState.PLANNED.value)),
        ]

    def __str__(self) -> str:
        return f"{self.block_id} · {self.number} · {self.state}"
