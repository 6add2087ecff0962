"""What drivers are told while no page is open, and on which way."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from booking.models.blocks import BlockEntry
from booking.models.bookings import Booking
from booking.notice_kinds import Kind, Way


class Notice(models.Model):
    """Something that a driver is to be told, written with the fact itself; once per booking, kind and occasion.

    `entry` is the vehicle of a fleet's block that could not be booked for: then the fleet's manager is told as well.
    `occasion` tells a second promise or call from the first. After `good_until` it is not worth saying any more.
    """

    network = models.ForeignKey("accounts.Network", models.PROTECT, null=True, blank=True, related_name="+")
    booking = models.ForeignKey(Booking, models.CASCADE, null=True, blank=True, related_name="notices")
    entry = models.ForeignKey(BlockEntry, models.CASCADE, null=True, blank=True, related_name="notices")
    driver = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=20)
    occasion = models.CharField(max_length=40, blank=True)
    detail = models.CharField(max_length=30, blank=True, help_text=_("The step or the reason that it is about."))
    at = models.DateTimeField()
    good_until = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["booking", "kind", "occasion"], name="one_notice_per_booking_kind_and_occasion"
            ),
            models.CheckConstraint(
                condition=Q(booking__isnull=False, entry__isnull=True, network__isnull=False)
                | Q(booking__isnull=True, entry__isnull=False, network__isnull=False, kind=Kind.NOT_BOOKED.value)
                | Q(kind=Kind.TEST.value),
                name="only_a_test_is_about_nothing",
            ),
            models.UniqueConstraint(fields=["entry", "driver"], name="one_notice_per_entry_and_person"),
        ]
        indexes = [models.Index(fields=["driver", "-at"], name="notice_of_driver")]

    def __str__(self) -> str:
        return f"{self.kind} · {self.booking_id}"


class DeliveryState(models.TextChoices):
    PLANNED = "planned", _("planned")
    SENDING = "sending", _("being sent")
    SENT = "sent", _("sent")
    DROPPED = "dropped", _("not worth saying any more")
    FAILED = "failed", _("failed")


DELIVERY_UNDER_WAY = (DeliveryState.PLANNED, DeliveryState.SENDING)


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def due(self) -> DeliveryQuerySet:
        """To be sent now, or in the hands of a worker that has been silent for too long. By the database's clock."""
        return self.filter(state__in=DELIVERY_UNDER_WAY, next_try_at__lte=Now())


class Delivery(models.Model):
    """One notice on one way to its driver: by mail, by text message, or to one of their phones."""

    notice = models.ForeignKey(Notice, models.CASCADE, related_name="deliveries")
    way = models.CharField(max_length=10, choices=[(way.value, way.value) for way in Way])
    phone = models.ForeignKey("accounts.PushSubscription", models.CASCADE, null=True, blank=True, related_name="+")
    state = models.CharField(max_length=10, choices=DeliveryState.choices, default=DeliveryState.PLANNED)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, blank=True)
    lost_at = models.DateTimeField(null=True, blank=True, help_text=_("A worker took it and was not heard of again."))
    reason = models.CharField(max_length=60, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = _("deliveries")
        constraints = [
            models.UniqueConstraint(
                fields=["notice", "way", "phone"], name="one_delivery_per_way_and_phone", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=Q(way=Way.PUSH.value, phone__isnull=False) | (~Q(way=Way.PUSH.value) & Q(phone__isnull=True)),
                name="push_goes_to_a_phone",
            ),
            models.CheckConstraint(
                condition=Q(state__in=DELIVERY_UNDER_WAY, next_try_at__isnull=False, ended_at__isnull=True)
                | (~Q(state__in=DELIVERY_UNDER_WAY) & Q(next_try_at__isnull=True, ended_at__isnull=False)),
                name="delivery_is_due_exactly_while_under_way",
            ),
        ]
        indexes = [
            models.Index(fields=["next_try_at"], name="delivery_due", condition=Q(state__in=DELIVERY_UNDER_WAY)),
        ]

    def __str__(self) -> str:
        return f"{self.way} · {self.state}"
