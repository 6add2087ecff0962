"""How long a transaction waits for a lock: nobody at a counter waits for longer, and the edge tries again."""

from __future__ import annotations

from django.db import connection

LONGEST = "3s"


def limit() -> None:
    """For the transaction that is open: a lock that is not had in time raises OperationalError (55P03)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [LONGEST])
