"""Celery carries out what is due: the second trigger, after the edge that does it right after commit."""

from __future__ import annotations

from celery import shared_task

from payments import operations

# While no worker runs, beat goes on: a message older than this is dropped, the next one finds the same rows.
MESSAGE_EXPIRES_SECONDS = 5


@shared_task(ignore_result=True)
def carry_out_due() -> int:
    """Send each due operation on its own way, so that a sick one holds up no other."""
    ids = operations.due_ids()
    for operation_id in ids:
        carry_out.apply_async((operation_id,), expires=MESSAGE_EXPIRES_SECONDS)
    return len(ids)


@shared_task(ignore_result=True, acks_late=True, reject_on_worker_lost=True)
def carry_out(operation_id: int) -> None:
    operations.carry_out(operation_id)
