"""What accounts, and the apps that sign people in, keep about a person: told, in the way of a deletion, let go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from axes.models import AccessAttempt, AccessLog
from django.utils.translation import gettext as _
from rest_framework.authtoken.models import Token

from accounts import access, devices, keeping, notice_choices, push
from accounts.keeping import Fate, Hindrance, Keeper, Row
from accounts.models import PushAnswer, User


def tell(person: User) -> Iterator[tuple[str, Iterable[Row]]]:
    yield (
        "person",
        User.objects.filter(pk=person.pk).values(
            *("id", "name", "phone", "phone_verified", "email", "language", "date_joined", "last_login"),
            "passkey_offered_at",
        ),
    )
    yield "email_addresses", EmailAddress.objects.filter(user=person).values("email", "verified", "primary")
    yield "devices", person.devices.order_by("pk").values("user_agent", "signed_in_at", "seen_at")
    yield (
        "second_steps",
        Authenticator.objects.filter(user=person).order_by("pk").values("type", "created_at", "last_used_at"),
    )
    yield (
        "roles",
        person.memberships.order_by("pk").values("role", "organisation__name", "created_at", "ended_at"),
    )
    yield "phones", person.push_subscriptions.order_by("pk").values("label", "created_at", "used_at", "ended_at")
    yield "notice_choices", person.notice_choices.order_by("pk").values("subject", "way", "wanted")
    yield "push_answer", PushAnswer.objects.filter(user=person).values("said_yes", "at")
    yield "changes_of_access", person.access_changes.order_by("pk").values("what", "at")


def hindrances(person: User) -> list[Hindrance]:
    found = []
    if not person.is_active:
        found.append(Hindrance("blocked", _("This account is blocked. An operator decides about it.")))
    held = access.memberships(person).order_by("pk")
    for role in held:
        words = {"role": role.get_role_display(), "organisation": role.organisation.name}
        sentence = _("You are %(role)s at %(organisation)s. Ask them to end that role.") % words
        found.append(Hindrance("role_held", sentence))
    if person.is_staff or person.is_superuser:
        found.append(Hindrance("back_office", _("You may enter the back office. An operator has to end that first.")))
    return found


def forget(person: User) -> None:
    devices.forget_person(user=person)
    push.forget_person(user=person)
    notice_choices.forget_person(user=person)
    Token.objects.filter(user=person).delete()
    Authenticator.objects.filter(user=person).delete()
    EmailAddress.objects.filter(user=person).delete()
    if person.email:
        AccessAttempt.objects.filter(username__iexact=person.email).delete()
        AccessLog.objects.filter(username__iexact=person.email).delete()


_EVIDENCE = "Who gave, took or changed what is evidence for others; it names a number that is nobody."

FATES = {
    "accounts.Device.user": Fate(told="devices"),
    "accounts.PushSubscription.user": Fate(told="phones"),
    "accounts.NoticeChoice.user": Fate(told="notice_choices"),
    "accounts.PushAnswer.user": Fate(told="push_answer"),
    "accounts.Membership.user": Fate(told="roles", stays=_EVIDENCE),
    "accounts.AccessChange.user": Fate(told="changes_of_access", stays=_EVIDENCE),
    "accounts.AccessChange.by": Fate(untold="It tells about somebody else.", stays=_EVIDENCE),
    "accounts.Deletion.person": Fate(untold="There is nobody left to tell.", stays="It shows that we did it."),
    "accounts.Deletion.by": Fate(untold="It tells about somebody else.", stays=_EVIDENCE),
    "account.EmailAddress.user": Fate(told="email_addresses"),
    "mfa.Authenticator.user": Fate(told="second_steps"),
    "authtoken.Token.user": Fate(untold="It is a secret, and nothing else."),
    "admin.LogEntry.user": Fate(untold="Work in the back office, about others.", stays=_EVIDENCE),
}


def keep() -> None:
    keeping.register("accounts", Keeper(tell=tell, hindrances=hindrances, forget=forget, fates=FATES))
