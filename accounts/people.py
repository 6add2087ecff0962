"""Sole writer of User: people sign up, change what they are called, are blocked and let in again."""

from __future__ import annotations

from typing import ClassVar

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import AccessChange, User
from accounts.refusals import Refusal
from accounts.signals import access_changed


class CannotBlockYourself(Refusal):
    code: ClassVar[str] = "cannot_block_yourself"


class ReasonMissing(Refusal):
    code: ClassVar[str] = "reason_missing"


class ContactTaken(Refusal):
    code: ClassVar[str] = "contact_taken"


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


def rename(*, user: User, name: str) -> User:
    user.name = name.strip()
    user.save(update_fields=["name"])
    return user


def take_contact(*, user: User, phone: str | None = None, email: str | None = None) -> User:
    """Give a person a number or an address that they have just proven, in place of the one before.

    Raises ContactTaken: two people never become one by this.
    """
    values = {"phone": phone, "phone_verified": True} if phone else {"email": (email or "").lower()}
    try:
        with transaction.atomic():
            for name, value in values.items():
                setattr(user, name, value)
            user.save(update_fields=[*values])
    except IntegrityError:
        user.refresh_from_db()
        raise ContactTaken(_("Another account has this already. Sign out, and sign in with it.")) from None
    return user


def speak(*, user: User, language: str) -> User:
    """Remember the language that a person chose."""
    user.language = language
    user.save(update_fields=["language"])
    return user


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
    if user.is_active == active:
        return user
    user.is_active = active
    user.save(update_fields=["is_active"])
    what = AccessChange.What.UNBLOCKED if active else AccessChange.What.BLOCKED
    AccessChange.objects.create(user=user, what=what, by=by, reason=reason.strip())
    access_changed.send(sender=User, user=user, session_key=None)
    return user
