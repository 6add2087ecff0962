"""What the driver's views share: who asks, one act at a time, and a refusal said kindly."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from django.contrib import messages
from django.http import HttpRequest

from accounts.models import User
from accounts.refusals import Refusal
from booking.patience import patient

R = TypeVar("R")


def driver_of(request: HttpRequest) -> User:
    """The person behind the request; the guard before the view has made sure that there is one."""
    assert isinstance(request.user, User)
    return request.user


def attempt(request: HttpRequest, act: Callable[[], R], *, said: str = "") -> R | None:
    """Do it, and say so; a refusal becomes a sentence on the next page and None here."""
    try:
        result = patient(act)()
    except Refusal as refusal:
        messages.error(request, refusal.sentence)
        return None
    if said:
        messages.success(request, said)
    return result
