"""Two at once, for tests: real threads, real commits, and the gap between looking and writing held open."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from unittest import mock

from django.db import DatabaseError, connection, connections, transaction
from django.db.models import QuerySet

from accounts.refusals import Refusal

PATIENCE_SECONDS = 10.0


def second_while_first_holds(first: Callable[[], object], second: Callable[[], object]) -> tuple[str, str]:
    """Do `first` and, before it commits, start `second`. Commit once `second` waits for it, or has gone past it.

    What became of each: "done", the code of a refusal, or the name of the database's error.
    """
    may_start, past = threading.Event(), threading.Event()

    def run_first() -> str:
        with _own_connection(), transaction.atomic():
            try:
                with transaction.atomic():
                    outcome = _outcome(first)
            finally:
                may_start.set()
            _wait_until_blocking_somebody_or(past)
        return outcome

    def run_second() -> str:
        with _own_connection():
            try:
                assert may_start.wait(PATIENCE_SECONDS)
                return _outcome(second)
            finally:
                past.set()

    with ThreadPoolExecutor(2) as pool:
        futures = pool.submit(run_first), pool.submit(run_second)
        return futures[0].result(30), futures[1].result(30)


def all_at_once(acts: Sequence[Callable[[], object]]) -> list[str]:
    """Start everything at the same instant; what became of each."""
    gate = threading.Barrier(len(acts), timeout=PATIENCE_SECONDS)

    def run(act: Callable[[], object]) -> str:
        with _own_connection():
            connection.ensure_connection()
            gate.wait()
            return _outcome(act)

    with ThreadPoolExecutor(len(acts)) as pool:
        return [future.result(60) for future in [pool.submit(run, act) for act in acts]]


@contextmanager
def no_row_locks() -> Iterator[None]:
    """As if nobody had thought of locking: what is left are the constraints."""
    with mock.patch.object(QuerySet, "select_for_update", lambda rows, *args, **kwargs: rows):
        yield


@contextmanager
def without_constraint(name: str) -> Iterator[None]:
    """As if this unique constraint had been forgotten. The block must leave rows that satisfy it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef, tablename FROM pg_indexes WHERE indexname = %s", [name])
        definition, table = cursor.fetchone()
        cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT IF EXISTS "{name}"')
        cursor.execute(f'DROP INDEX IF EXISTS "{name}"')
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(definition)


def _outcome(act: Callable[[], object]) -> str:
    try:
        act()
    except Refusal as refusal:
        return refusal.code
    except DatabaseError as error:
        return type(error).__name__
    return "done"


@contextmanager
def _own_connection() -> Iterator[None]:
    try:
        yield
    finally:
        connections.close_all()


def _wait_until_blocking_somebody_or(past: threading.Event) -> None:
    # By pg_locks: what pg_stat_activity shows stays as it was when the transaction first looked.
    deadline = time.monotonic() + PATIENCE_SECONDS
    with connection.cursor() as cursor:
        while not past.wait(0.02) and time.monotonic() < deadline:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
            )
            if cursor.fetchone() != (0,):
                return
