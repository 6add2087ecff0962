"""Tells the workers after commit that there is something to do. A nudge only: the sweep finds the rows anyway."""

from __future__ import annotations

import structlog
from celery import current_app
from kombu.exceptions import OperationalError as BrokerAway

from booking import live

log = structlog.get_logger(__name__)

SEND_NOTICES = "booking.tasks.send_notices"
PLAN_MOVES = "booking.tasks.plan_moves"
EXPIRES_SECONDS = 2


def senders() -> None:
    """There is something to tell."""
    _nudge(SEND_NOTICES)


def movers() -> None:
    """A line stands still, or goes on."""
    _nudge(PLAN_MOVES)


def _nudge(task: str) -> None:
    """Never holds up the one who has just committed: Celery would wait for a broker that is away."""
    if not live.answers():
        return
    try:
        current_app.send_task(task, expires=EXPIRES_SECONDS, retry=False)
    except BrokerAway as failure:
        log.warning("left_to_the_sweep", task=task, error=str(failure))
