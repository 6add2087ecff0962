"""A booking, its history, and the key by which one tap is one booking."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from booking.line_rules import ANSWER_CALL_WITHIN, TimeUp, time_up
from booking.models.lines import Line
from booking.models.tariffs import Tariff
from booking.models.vehicles import Vehicle
from booking.states import FAULTS, LIVE, State, Step

STATES = [(state.value, state.value) for state in State]


class Source(models.TextChoices):
    APP = "app", _("app")
    API = "api", _("partner system")
    WALK_IN = "walk_in", _("walk-in")
    FLEET = "fleet", _("planned by the fleet")


class BookingQuerySet(models.QuerySet["Booking"]):
    def live(self) -> BookingQuerySet:
        return self.filter(state__in=LIVE)

    def waiting(self) -> BookingQuerySet:
        return self.filter(state=State.WAITING)

    def in_line(self, line: Line) -> BookingQuerySet:
        return self.live().filter(line=line).order_by("joined_at", "sequence")

    def before(self, booking: Booking) -> BookingQuerySet:
        """Those who stand before it, where they are in its line."""
        earlier = Q(joined_at=booking.joined_at, sequence__lt=booking.sequence)
        return self.filter(Q(joined_at__lt=booking.joined_at) | earlier)

    def behind(self, booking: Booking) -> BookingQuerySet:
        later = Q(joined_at=booking.joined_at, sequence__gt=booking.sequence)
        return self.filter(Q(joined_at__gt=booking.joined_at) | later)

    def of_vehicle(self, vehicle: Vehicle) -> BookingQuerySet:
        """Those for which the vehicle answers (rule 6): none while its plate is not proven, since anybody may type it.

        What was booked before the proof stays with whoever booked it. For a fleet's vehicle its manager answers.
        """
        mine = self.filter(vehicle=vehicle)
        if vehicle.fleet_id is not None:
            return mine
        return self.none() if vehicle.proven_at is None else mine.filter(joined_at__gte=vehicle.proven_at)

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

    def given_up(self, now: datetime) -> BookingQuerySet:
        """Who has missed the bay's second call: their booking counts as ended, written down or not (rule 4)."""
        return self.filter(state=State.ARRIVED, missed_calls__gt=0, called_at__lte=now - ANSWER_CALL_WITHIN)

    def that_we_have_not_failed(self) -> BookingQuerySet:
        """Without those that a pack, a bay or the station has failed.

        That nobody confirmed an arrival is our fault too, but no such failure (rules 2 and 5).
        """
        steps = BookingStep.objects.filter(booking=OuterRef("pk"))
        unseen = Exists(steps.filter(step=Step.NOBODY_CONFIRMED))
        return self.filter(Q(our_fault=False) | unseen).exclude(Exists(steps.filter(step__in=FAULTS)))

    def awaiting_call(self) -> BookingQuerySet:
        """Who is at the bay of a station without staff, where nobody but the clock calls them (rule 4)."""
        return self.filter(state=State.ARRIVED, called_at=None, station__is_staffed=False)


class Booking(models.Model):
    """A driver's claim at one station for packs of one class. Steps are taken by `history.take` alone.

    What is no step has its writers too: a mark and what is said of it `conduct` (`arrival` for who comes late), the
    beginning of a gathering `line`, places at the bay and our fault there `bay`.

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
    joined_stopped = models.BooleanField(
        default=False, db_default=False, help_text=_("Nobody could be served in its line when it joined (rule 7).")
    )
    gathering_since = models.DateTimeField(null=True, blank=True)
    goes_first_at = models.DateTimeField(null=True, blank=True, help_text=_("A staff override (rule 8)."))
    goes_first_reason = models.CharField(max_length=500, blank=True)
    passed_over_at = models.DateTimeField(null=True, blank=True)
    promised_at = models.DateTimeField(null=True, blank=True)
    promise_ends_at = models.DateTimeField(null=True, blank=True)
    lapses_at = models.DateTimeField(null=True, blank=True)
    took_below_target_at = models.DateTimeField(
        null=True, blank=True, help_text=_("The driver chose a pack that was not full yet (rule 11).")
    )
    position_at = models.DateTimeField(null=True, blank=True, help_text=_("When the position was last heard."))
    late_told_at = models.DateTimeField(null=True, blank=True, help_text=_("When the driver said to come late."))
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
    no_show_answered_at = models.DateTimeField(null=True, blank=True)
    no_show_answer = models.CharField(max_length=1_000, blank=True, help_text=_("What the driver reads."))

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

    @property
    def order(self) -> tuple[datetime, int]:
        """By what a line is ordered, and nothing else. Who has moved here is numbered late, and joined early."""
        return self.joined_at, self.sequence

    def time_up(self, now: datetime) -> TimeUp | None:
        """How its promise has ended by the clock although no row says so; as `BookingQuerySet.overdue`, for one row."""
        if self.state != State.PROMISED:
            return None
        return time_up(lapses_at=self.lapses_at, pay_by=self.pay_by, here_claimed_at=self.here_claimed_at, now=now)

    def has_given_up(self, now: datetime) -> bool:
        """As `BookingQuerySet.given_up`, for one row."""
        if self.state != State.ARRIVED or not self.missed_calls or self.called_at is None:
            return False
        return self.called_at + ANSWER_CALL_WITHIN <= now

    def state_at(self, now: datetime) -> State:
        """The state that counts: whose time is up has ended, or is back in line if we did not look (rules 2, 4, 5)."""
        if self.has_given_up(now):
            return State.EXPIRED
        ended = self.time_up(now)
        if ended is None:
            return State(self.state)
        return State.WAITING if ended == TimeUp.NOBODY_CONFIRMED else State.EXPIRED

    def arrives_in(self, now: datetime) -> float | None:
        """In how many seconds the driver may be here at the earliest, by the last position; None when there is none."""
        if self.here_at is not None or self.here_claimed_at is not None:
            return 0.0
        if self.position_at is None or self.drive_seconds is None:
            return None
        return max(0.0, self.drive_seconds - (now - self.position_at).total_seconds())

    def end_reason_at(self, now: datetime) -> str:
        """Why it is over, as its row says it or will say it; empty while it is not."""
        if self.has_given_up(now):
            return "missed_calls"
        ended = self.time_up(now)
        return self.end_reason if ended in (None, TimeUp.NOBODY_CONFIRMED) else ended.value


class BookingStep(models.Model):
    """One row per step, never changed: who did what, when and why, and by which exception somebody was overtaken."""

    booking = models.ForeignKey(Booking, models.CASCADE, related_name="steps")
    step = models.CharField(max_length=20)
    from_state = models.CharField(max_length=10, blank=True)
    to_state = models.CharField(max_length=10)
    at = models.DateTimeField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=500, blank=True)
    line = models.ForeignKey(
        Line, models.PROTECT, null=True, related_name="+", db_index=False, help_text=_("In which it stood then.")
    )
    line_sequence = models.PositiveBigIntegerField()
    exception = models.CharField(max_length=20, blank=True, help_text=_("The rule by which others were overtaken."))

    class Meta:
        indexes = [models.Index(fields=["booking", "id"], name="step_of_booking")]

    def __str__(self) -> str:
        return f"{self.booking_id} {self.step}"


class DisputedNoShow(Booking):
    """A booking whose driver says that the mark is wrong; what the back office answers them by."""

    class Meta:
        proxy = True
        verbose_name = _("disputed no-show")


class Override(BookingStep):
    """What staff did out of turn, with their reason (rule 8); the back office lists it by station and person."""

    class Meta:
        proxy = True
        verbose_name = _("override")


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
