"""Sole writer of Device: where a person is signed in, when that was last used, and ending it from elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth import update_session_auth_hash
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from accounts import people, push, user_agents
from accounts.models import Device, User
from accounts.signals import access_changed
from accounts.user_agents import Agent

NOTED = "noted"
SIGNED_IN_AT = "signed_in_at"
# Last used is told to about ten minutes, for one small write in that time.
NOTED_EVERY_SECONDS = 600


@dataclass(frozen=True, slots=True)
class DeviceCard:
    """One sign-in as its owner sees it."""

    id: int
    agent: Agent
    signed_in_at: datetime
    seen_at: datetime
    is_this: bool


class NoteDeviceMiddleware:
    """Keeps "last used" of each sign-in. Stands after authentication."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if isinstance(request.user, User):
            note(request, user=request.user)
        return self.get_response(request)


def note(request: HttpRequest, *, user: User) -> None:
    """Write down that this sign-in is in use, unless that was done a moment ago."""
    noted = request.session.get(NOTED)
    key, at = noted if isinstance(noted, list) and len(noted) == 2 else (None, 0)
    if key == request.session.session_key and time.time() - at < NOTED_EVERY_SECONDS:
        return
    key = request.session.session_key
    assert key is not None, "whoever is signed in came with a session"
    request.session[NOTED] = [key, int(time.time())]
    agent = request.headers.get("User-Agent", "").replace("\0", "")[:300]
    now = timezone.now()
    signed_in_at = now - timedelta(seconds=signed_in_seconds_ago(request)) if SIGNED_IN_AT in request.session else now
    row = Device(user=user, session_key=key, user_agent=agent, signed_in_at=signed_in_at, seen_at=now)
    Device.objects.bulk_create(
        [row],
        update_conflicts=True,
        unique_fields=["session_key"],
        update_fields=["user", "user_agent", "signed_in_at", "seen_at"],
    )


def signed_in_seconds_ago(request: HttpRequest) -> float:
    """How long ago the person of this session proved who they are."""
    return time.time() - float(request.session.get(SIGNED_IN_AT, 0))


def of_person(user: User, *, this: str | None) -> list[DeviceCard]:
    """Where the person is signed in now, this browser first, then the last used."""
    rows = _live(user).order_by("-seen_at")
    cards = [
        DeviceCard(row.pk, user_agents.read(row.user_agent), row.signed_in_at, row.seen_at, row.session_key == this)
        for row in rows
    ]
    return sorted(cards, key=lambda card: not card.is_this)


@transaction.atomic
def sign_out(*, user: User, device_id: int) -> bool:
    """End one of the person's own sign-ins, its sockets too. False: it is not there, or somebody else's."""
    device = Device.objects.select_for_update().filter(user=user, pk=device_id).first()
    if device is None:
        return False
    _end(user, [device.session_key])
    return True


@transaction.atomic
def sign_out_others(request: HttpRequest, *, user: User) -> None:
    """End every sign-in but this one, also those that were never noted; no other phone is told any more."""
    this = request.session.session_key
    push.signed_out_elsewhere(user=user, here=request.session.get(push.SESSION_KEY))
    _end(user, list(user.devices.exclude(session_key=this).values_list("session_key", flat=True)))
    update_session_auth_hash(request, people.end_other_sign_ins(user=user))
    user.devices.exclude(session_key=request.session.session_key).delete()


def forget_session(*, session_key: str | None) -> None:
    """A sign-in that was ended by signing out."""
    Device.objects.filter(session_key=session_key or "").delete()


def forget_person(*, user: User) -> None:
    _end(user, list(user.devices.values_list("session_key", flat=True)))


def forget_ended(*, user: User) -> None:
    """Rows of sign-ins that have run out since."""
    user.devices.exclude(pk__in=_live(user)).delete()


def _live(user: User) -> QuerySet[Device]:
    sessions = Session.objects.filter(expire_date__gt=Now())
    return user.devices.filter(session_key__in=sessions.values("session_key"))


def _end(user: User, keys: list[str]) -> None:
    sessions = Session.objects.filter(session_key__in=keys)
    for session in sessions:
        told_there = session.get_decoded().get(push.SESSION_KEY)
        if isinstance(told_there, int):
            push.signed_out(user=user, subscription_id=told_there)
    sessions.delete()
    user.devices.filter(session_key__in=keys).delete()
    access_changed.send(sender=User, user=user, session_key=None)
