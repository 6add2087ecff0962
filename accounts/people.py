"""Sole writer of User: people sign up, change what they are called, are blocked and let in again, are deleted."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts import push
from accounts.models import AccessChange, User
from accounts.refusals import Refusal
from accounts.signals import access_changed


class CannotBlockYourself(Refusal):
    code: ClassVar[str] = "cannot_block_yourself"


class ReasonMissing(Refusal):
    code: ClassVar[str] = "reason_missing"


class ContactTaken(Refusal):
    code: ClassVar[str] = "contact_taken"


class PersonDeleted(Refusal):
    code: ClassVar[str] = "person_deleted"


def known_or_new(*, phone: str | None = None, email: str | None = None, language: str = "") -> User:
    """The person of a phone number or an e-mail address that has just been proven; a new driver when nobody has it."""
    found = User.objects.known_by(phone=phone, email=email)
    if found is None:
        try:
            with transaction.atomic():
                found = User.objects.create_user(
                    phone=phone, email=email, phone_verified=phone is not None, language=language
                )
        except IntegrityError:
            # The same person proved it in another browser a moment ago.
            found = User.objects.known_by(phone=phone, email=email)
            if found is None:
                raise
    if phone is not None and not found.phone_verified:
        found.phone_verified = True
        found.save(update_fields=["phone_verified"])
    return found


def invite(*, name: str, email: str | None = None, phone: str | None = None) -> User:
    """Someone who has not signed in yet: they set a password by e-mail, or sign in by a code."""
    return User.objects.create_user(name=name.strip(), email=email, phone=phone)


def open_back_office(*, user: User, may_enter: bool) -> User:
    user.is_staff = may_enter
    user.save(update_fields=["is_staff"])
    return user


@transaction.atomic
def rename(*, user: User, name: str) -> User:
    """Raises PersonDeleted."""
    still_here(user=user)
    user.name = name.strip()
    user.save(update_fields=["name"])
    return user


def take_contact(*, user: User, phone: str | None = None, email: str | None = None) -> User:
    """Give a person a number or an address that they have just proven, in place of the one before.

    Raises ContactTaken: two people never become one by this. And PersonDeleted.
    """
    values = {"phone": phone, "phone_verified": True} if phone else {"email": (email or "").lower()}
    try:
        with transaction.atomic():
            still_here(user=user)
            for name, value in values.items():
                setattr(user, name, value)
            user.save(update_fields=[*values])
    except IntegrityError:
        user.refresh_from_db()
        raise ContactTaken(_("Another account has this already. Sign out, and sign in with it.")) from None
    return user


def offer_passkey(*, user: User, now: datetime) -> bool:
    """Remember that a person was offered a passkey; False when they were before: it is offered once."""
    return bool(User.objects.filter(pk=user.pk, passkey_offered_at=None).update(passkey_offered_at=now))


@transaction.atomic
def speak(*, user: User, language: str) -> User:
    """Remember the language that a person chose. Raises PersonDeleted."""
    still_here(user=user)
    user.language = language
    user.save(update_fields=["language"])
    return user


def still_here(*, user: User) -> None:
    """Hold the person's row until the transaction ends, before giving them anything: a booking, money, a name.

    Whoever deletes the person at this moment waits for us and then finds what we gave; after them we are refused.
    Raises PersonDeleted.
    """
    held = User.objects.select_for_update(no_key=True).filter(pk=user.pk, deleted_at=None)
    if not held.exists():
        raise PersonDeleted(_("This account has been deleted."))


def end_other_sign_ins(*, user: User) -> User:
    """Make every sign-in of somebody without a password worthless: sessions carry a hash of what stands in its place.

    The caller renews the session at hand. A password stays as it is: its owner changes it to the same effect.
    """
    if not user.has_usable_password():
        user.set_unusable_password()
        user.save(update_fields=["password"])
    return user


def erase(*, user: User, at: datetime) -> User:
    """Make a person nobody. `deletion` has locked the row and settled what hangs on it."""
    user.name = user.language = ""
    user.phone = user.email = user.last_login = None
    user.phone_verified = user.is_active = user.is_staff = user.is_superuser = False
    user.set_unusable_password()
    user.deleted_at = at
    user.save(update_fields=[*_ERASED])
    user.groups.clear()
    user.user_permissions.clear()
    return user


_ERASED = (
    *("name", "language", "phone", "phone_verified", "email", "password", "last_login"),
    *("is_active", "is_staff", "is_superuser", "deleted_at"),
)


@transaction.atomic
def block(*, user: User, by: User | None, reason: str) -> User:
    """Shut a person out, at once and everywhere. Raises CannotBlockYourself and ReasonMissing."""
    if by is not None and by.pk == user.pk:
        raise CannotBlockYourself(_("You cannot block yourself."))
    return _set_active(user, active=False, by=by, reason=reason)


@transaction.atomic
def unblock(*, user: User, by: User | None, reason: str) -> User:
    """Let a blocked person in again. Raises ReasonMissing."""
    return _set_active(user, active=True, by=by, reason=reason)


def _set_active(user: User, *, active: bool, by: User | None, reason: str) -> User:
    if not reason.strip():
        raise ReasonMissing(_("Say why: the person may ask."))
    user = User.objects.select_for_update().get(pk=user.pk)
    if user.deleted_at is not None:
        raise PersonDeleted(_("This account has been deleted."))
    if user.is_active == active:
        return user
    user.is_active = active
    user.save(update_fields=["is_active"])
    if not active:
        push.blocked(user=user)
    what = AccessChange.What.UNBLOCKED if active else AccessChange.What.BLOCKED
    AccessChange.objects.create(user=user, what=what, by=by, reason=reason.strip())
    access_changed.send(sender=User, user=user, session_key=None)
    return user
