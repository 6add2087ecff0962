"""The demo's own sweep. Only a demo imports it: elsewhere no worker knows it, and no timetable names it."""

from __future__ import annotations

from celery import shared_task
from django.conf import settings

from booking.demo import simulation


@shared_task(ignore_result=True)
def simulate() -> None:
    """One second of the play."""
    if settings.DEMO:
        simulation.step()
