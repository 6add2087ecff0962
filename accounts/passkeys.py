"""Sole writer of passkeys: they are added, used, renamed and removed. The rows are allauth's authenticators."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.refusals import Refusal

MOST = 20  # per person; nobody has more devices, and each is read at every sign-in
LONGEST_NAME = 60


class TooManyPasskeys(Refusal):
    code: ClassVar[str] = "too_many_passkeys"


class PasskeyCopied(Refusal):
    code: ClassVar[str] = "passkey_copied"


def of(user: User) -> QuerySet[Authenticator]:
    held: QuerySet[Authenticator] = Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN)
    return held


@transaction.atomic
def add(*, user: User, answer: dict[str, Any], name: str, with_password: bool, now: datetime) -> Authenticator:
    """Keep a passkey that was checked. `with_password`: whoever made it had given a password. Locks the person.

    Raises TooManyPasskeys.
    """
    User.objects.select_for_update().get(pk=user.pk)
    if of(user).count() >= MOST:
        raise TooManyPasskeys(_("You have too many passkeys. Remove one that you no longer use."))
    data = {"name": name[:LONGEST_NAME], "credential": answer, "with_password": with_password, "uses": 0}
    return Authenticator.objects.create(user=user, type=Authenticator.Type.WEBAUTHN, data=data, created_at=now)


@transaction.atomic
def use(*, passkey: Authenticator, uses: int, now: datetime) -> Authenticator:
    """Note that a passkey was used. `uses` is its own count, 0 where it keeps none. Locks the passkey.

    Raises PasskeyCopied: a count that does not rise comes from a copy, or from an answer that was sent twice.
    """
    passkey = Authenticator.objects.select_for_update().get(pk=passkey.pk)
    before = passkey.data.get("uses", 0)
    if (uses or before) and uses <= before:
        raise PasskeyCopied(_("This passkey seems to have been copied. Sign in with a code, and remove it."))
    passkey.data["uses"] = uses
    passkey.last_used_at = now
    passkey.save(update_fields=["data", "last_used_at"])
    return passkey


@transaction.atomic
def rename(*, passkey: Authenticator, name: str) -> Authenticator:
    """Call it something else, cut to what fits. Locks the passkey."""
    passkey = Authenticator.objects.select_for_update().get(pk=passkey.pk)
    passkey.data["name"] = name.strip()[:LONGEST_NAME]
    passkey.save(update_fields=["data"])
    return passkey


@transaction.atomic
def remove(*, passkey: Authenticator) -> None:
    """Codes that stood in for a passkey go with the last one, unless an authenticator app still needs them."""
    rest = Authenticator.objects.filter(user=passkey.user_id)
    passkey.delete()
    if not rest.exclude(type=Authenticator.Type.RECOVERY_CODES).exists():
        rest.delete()
