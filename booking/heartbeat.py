"""Sole writer of Heartbeat: workers say that they work, and anybody can ask how long ago they did."""

from __future__ import annotations

from django.db import connection
from django.db.models.functions import Now

from booking.models import Heartbeat

WORKERS = "workers"


def beat(name: str = WORKERS) -> None:
    Heartbeat.objects.update_or_create(name=name, defaults={"at": Now()})


def age_seconds(name: str = WORKERS) -> float | None:
    """Seconds since the last beat by the database's clock; None when there was none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT extract(epoch FROM clock_timestamp() - at) FROM booking_heartbeat WHERE name = %s", [name]
        )
        row = cursor.fetchone()
    return None if row is None else float(row[0])
