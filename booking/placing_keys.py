"""Idempotency-Key for placing: same key and body, same booking; same key and another body, refused."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from accounts.models import User
from accounts.refusals import Refusal
from booking.models import Booking, PlacingKey

LONGEST_KEY = 80


class KeyReused(Refusal):
    """The key was used with another body. The API answers 422."""

    code = "idempotency_key_reused"


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for, and under which key. Without a key or a user nothing is remembered."""

    user: User | None
    key: str
    body_hash: str

    @classmethod
    def of(cls, *, user: User | None, key: str, **body: Any) -> Request:
        canonical = json.dumps(body, sort_keys=True, separators=(",", ":"))
        return cls(user, _storable(key), hashlib.sha256(canonical.encode()).hexdigest())


def find(request: Request) -> Booking | None:
    """The booking that this request has made already. Raises KeyReused when the key stands for another body."""
    if request.user is None or not request.key:
        return None
    known = PlacingKey.objects.select_related("booking").filter(user=request.user, key=request.key).first()
    if known is None:
        return None
    if known.body_hash != request.body_hash:
        raise KeyReused(_("This key was used for another booking. Use a new one."))
    return known.booking


def remember(request: Request, *, booking: Booking, now: datetime) -> None:
    """In the transaction of the booking itself, so that both stand or neither."""
    if request.user is None or not request.key:
        return
    PlacingKey.objects.create(
        user=request.user, key=request.key, body_hash=request.body_hash, booking=booking, created_at=now
    )


def _storable(key: str) -> str:
    """The key itself, or its digest when it is too long for the column or cannot be text there (NUL)."""
    if len(key) <= LONGEST_KEY and "\0" not in key:
        return key
    return hashlib.sha256(key.encode(errors="replace")).hexdigest()


def forget_person(*, user: User) -> None:
    PlacingKey.objects.filter(user=user).delete()
