"""People and parties: who signs in, which organisations there are, and who may act for which."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.time_zones import validate_time_zone


class UserManager(BaseUserManager["User"]):
    """Creates people; a person is known by a phone number, an e-mail address, or both."""

    def create_user(
        self, *, email: str | None = None, phone: str | None = None, password: str | None = None, **fields: Any
    ) -> User:
        user = self.model(email=self.normalize_email(email).lower() if email else None, phone=phone or None, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, *, email: str, password: str, **fields: Any) -> User:
        return self.create_user(email=email, password=password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        return self._with_email(username or "").get()

    def known_by(self, *, phone: str | None = None, email: str | None = None) -> User | None:
        """Who has this phone number (E.164), or else this e-mail address in whatever case."""
        if phone:
            return self.filter(phone=phone).first()
        return self._with_email(email).first() if email else None

    def _with_email(self, email: str) -> models.QuerySet[User]:
        # Spelled as the unique constraint spells it, whose index answers.
        return self.alias(email_lower=Lower("email")).filter(email_lower=email.lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A person. Drivers usually have a phone number only; staff and finance an e-mail address and a password."""

    email = models.EmailField(_("e-mail"), unique=True, null=True, blank=True)
    phone = models.CharField(_("phone"), max_length=16, unique=True, null=True, blank=True, help_text="E.164")
    phone_verified = models.BooleanField(default=False)
    name = models.CharField(_("name"), max_length=120, blank=True)
    language = models.CharField(_("language"), max_length=10, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("may enter the back office"), default=False)
    is_simulated = models.BooleanField(
        default=False, help_text=_("Played by the demo's simulation, which never acts for anybody else.")
    )
    date_joined = models.DateTimeField(default=timezone.now)
    deleted_at = models.DateTimeField(
        null=True, blank=True, help_text=_("Since when this is nobody: what the books need stays, the person does not.")
    )
    passkey_offered_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints = [
            models.CheckConstraint(
                condition=Q(email__isnull=False) | Q(phone__isnull=False) | Q(deleted_at__isnull=False),
                name="person_has_phone_or_email",
            ),
            models.CheckConstraint(
                condition=Q(deleted_at__isnull=True)
                | Q(email__isnull=True, phone__isnull=True, name="", language="", is_active=False, is_staff=False),
                name="deleted_person_is_nobody",
            ),
            models.CheckConstraint(condition=~Q(email=""), name="person_without_email_has_none_rather_than_empty"),
            models.CheckConstraint(condition=Q(phone__regex=r"^\+[1-9][0-9]{6,14}$"), name="person_phone_is_e164"),
            models.UniqueConstraint(
                Lower("email"),
                name="one_person_per_email_whatever_its_case",
                violation_error_message=_("Another person has this e-mail address."),
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email or self.phone or f"#{self.pk}"

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name.split(" ")[0] if self.name else str(self)


class Network(models.Model):
    """An operator's legal entity. Stations, tariffs, contracts, ledger accounts and statements belong to one."""

    code = models.SlugField(max_length=20, unique=True)
    name = models.CharField(max_length=120)
    country = models.CharField(max_length=2, help_text="ISO 3166-1 alpha-2")
    currency = models.CharField(max_length=3, help_text="ISO 4217")
    time_zone = models.CharField(max_length=40, validators=[validate_time_zone])

    def __str__(self) -> str:
        return self.name


class Organisation(models.Model):
    """A party: an organisation that money is owed to or by (station owner, pack owner, fleet, the operator itself)."""

    network = models.ForeignKey(Network, models.PROTECT, related_name="organisations")
    code = models.SlugField(max_length=40)
    name = models.CharField(max_length=120)
    is_operator = models.BooleanField(default=False)
    tax_number = models.CharField(
        max_length=30, blank=True, help_text=_("As it stands on invoices, with its country where it has one.")
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["network", "code"], name="one_organisation_per_code_and_network"),
            models.UniqueConstraint(fields=["network"], condition=Q(is_operator=True), name="one_operator_per_network"),
        ]

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    """What a person may do for an organisation."""

    DRIVER = "driver", _("driver")
    STAFF = "staff", _("station staff")
    FINANCE = "finance", _("finance")
    OPERATOR = "operator", _("operator")
    OWNER = "owner", _("station or pack owner")
    FLEET_MANAGER = "fleet_manager", _("fleet manager")


class MembershipQuerySet(models.QuerySet["Membership"]):
    """The filters on memberships that have names."""

    def live(self) -> MembershipQuerySet:
        return self.filter(ended_at=None, user__is_active=True)

    def of(self, user: User) -> MembershipQuerySet:
        return self.filter(user=user)

    def as_role(self, *roles: str) -> MembershipQuerySet:
        return self.filter(role__in=roles)


class Membership(models.Model):
    """A role that a person has at an organisation. Station staff are posted to certain stations (stations.Post)."""

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role.choices)
    created_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "organisation", "role"], condition=Q(ended_at=None), name="one_live_membership_per_role"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_role_display()} · {self.organisation}"


class AccessChange(models.Model):
    """One change of what a person may do: who changed it, when and why. Rows are only ever added."""

    class What(models.TextChoices):
        GRANTED = "granted", _("role given")
        ENDED = "ended", _("role ended")
        BLOCKED = "blocked", _("blocked")
        UNBLOCKED = "unblocked", _("unblocked")

    user = models.ForeignKey(User, models.CASCADE, related_name="access_changes")
    what = models.CharField(max_length=10, choices=What.choices)
    membership = models.ForeignKey(Membership, models.CASCADE, null=True, blank=True, related_name="changes")
    by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name = _("change of access")
        verbose_name_plural = _("changes of access")

    def __str__(self) -> str:
        return f"{self.user} · {self.get_what_display()}"


class PushSubscriptionQuerySet(models.QuerySet["PushSubscription"]):
    """The filters on subscriptions that have names."""

    def live(self) -> PushSubscriptionQuerySet:
        return self.filter(ended_at=None)

    def of(self, user: User) -> PushSubscriptionQuerySet:
        return self.filter(user=user)


class PushSubscription(models.Model):
    """A phone that may be told while its page is closed. Ended ones keep neither address nor keys."""

    class End(models.TextChoices):
        GONE = "gone", _("the browser gave it up")
        REFUSED = "refused", _("its address may not be asked")
        REMOVED = "removed", _("removed by its owner")
        SIGNED_OUT = "signed_out", _("signed out")
        BLOCKED = "blocked", _("blocked")
        SOMEBODY_ELSE = "somebody_else", _("somebody else uses the phone")
        TOO_MANY = "too_many", _("a newer phone took its place")

    user = models.ForeignKey(User, models.CASCADE, related_name="push_subscriptions")
    endpoint = models.CharField(max_length=1_000, blank=True)
    p256dh = models.CharField(max_length=100, blank=True)
    auth = models.CharField(max_length=40, blank=True)
    label = models.CharField(max_length=60, blank=True, help_text=_("What the phone seems to be."))
    created_at = models.DateTimeField(default=timezone.now)
    used_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    end_reason = models.CharField(max_length=20, choices=End.choices, blank=True)

    objects = PushSubscriptionQuerySet.as_manager()

    class Meta:
        verbose_name = _("phone that is told")
        verbose_name_plural = _("phones that are told")
        constraints = [
            models.UniqueConstraint(
                fields=["endpoint"], condition=Q(ended_at=None), name="one_person_per_phone_that_is_told"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True) | Q(endpoint="", p256dh="", auth=""),
                name="ended_subscription_keeps_no_address",
            ),
        ]
        indexes = [models.Index(fields=["user"], name="live_subscription_of_person", condition=Q(ended_at=None))]

    def __str__(self) -> str:
        return f"{self.user} · {self.label}"


class NoticeChoice(models.Model):
    """Where a person wants it otherwise than usual: this subject by this way, or not."""

    user = models.ForeignKey(User, models.CASCADE, related_name="notice_choices")
    subject = models.CharField(max_length=20)
    way = models.CharField(max_length=10)
    wanted = models.BooleanField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "subject", "way"], name="one_choice_per_subject_and_way"),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.subject} · {self.way}"


class PushAnswer(models.Model):
    """What a person said when asked whether to be told on the phone. Who has answered is not asked again."""

    user = models.OneToOneField(User, models.CASCADE, related_name="push_answer", primary_key=True)
    said_yes = models.BooleanField()
    at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.user} · {self.said_yes}"


class Device(models.Model):
    """Where a person is signed in: one row per session, without its network address. Written by `devices` alone."""

    user = models.ForeignKey(User, models.CASCADE, related_name="devices")
    session_key = models.CharField(max_length=40, unique=True)
    user_agent = models.CharField(max_length=300, blank=True)
    signed_in_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.user} · {self.user_agent[:40]}"


class Deletion(models.Model):
    """That a person was deleted, and when; `by` and `reason` when somebody did it for them. Written by `deletion`."""

    person = models.OneToOneField(User, models.PROTECT, related_name="deletion")
    at = models.DateTimeField()
    by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    reason = models.CharField(max_length=300, blank=True, help_text=_("Where the wish is filed. No personal data."))

    class Meta:
        verbose_name = _("deletion")
        verbose_name_plural = _("deletions")

    def __str__(self) -> str:
        return f"#{self.person_id} · {self.at:%Y-%m-%d}"
