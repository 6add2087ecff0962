"""What Celery does every second: end what is overdue, settle lines, move on those who missed their call, and beat.

It only carries out what rows say already: it may run twice, late, or not at all, and nobody is served wrongly.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog
from celery import shared_task
from django.db import DatabaseError
from django.db.models import Exists, OuterRef, Q

from accounts.refusals import Refusal
from booking import bay, failures, heartbeat, line
from booking.line_rules import ANSWER_CALL_WITHIN
from booking.models import Booking, Line
from booking.patience import patient
from booking.states import State

log = structlog.get_logger(__name__)


@shared_task(ignore_result=True)
def sweep_lines() -> int:
    """Settle every line that is due, one transaction each; returns how many. Due lines are found without locks."""
    now = line.database_now()
    swept = 0
    for line_id in due_lines(now):
        swept += _one(failures.settle_line, line_id=line_id)
    for booking in Booking.objects.filter(state=State.ARRIVED, called_at__lte=now - ANSWER_CALL_WITHIN):
        swept += _one(bay.miss_call, booking=booking, by=None)
    return swept


@shared_task(ignore_result=True)
def beat_heart() -> None:
    """Say that a worker works."""
    heartbeat.beat()


def due_lines(now: datetime) -> list[int]:
    """Lines with an overdue promise, or with somebody waiting: packs charge and gatherings end without any event.

    Somebody waits also at the bay, when the pack that was kept has failed.
    """
    mine = Booking.objects.live().filter(line=OuterRef("pk"))
    overdue = mine.overdue(now)
    waiting = mine.filter(state=State.WAITING)
    short = Booking.objects.short_of_packs().values("line")
    return list(Line.objects.filter(Exists(overdue) | Exists(waiting) | Q(pk__in=short)).values_list("pk", flat=True))


def _one(act: Callable[..., object], **arguments: Any) -> int:
    """One line's trouble is not the others': it is logged, and tried again in a second."""
    try:
        patient(act)(**arguments)
    except (DatabaseError, Refusal) as failure:
        log.warning("sweep_put_off", act=act.__name__, error=str(failure), **{k: str(v) for k, v in arguments.items()})
        return 0
    return 1
