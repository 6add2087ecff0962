"""What is planned is carried out right after commit: at once where nobody outside is asked, else by a worker."""

from __future__ import annotations

from typing import Any

import structlog
from django.db import OperationalError
from django.dispatch import receiver
from kombu.exceptions import OperationalError as BrokerAway

from payments import operations, tasks
from payments.models import PaymentOperation
from payments.providers import provider_for
from payments.signals import operation_planned

log = structlog.get_logger(__name__)


@receiver(operation_planned)
def carry_out_soon(sender: Any, *, operation_id: int, **kwargs: Any) -> None:
    """Do it now, or leave a message. Whatever fails here is found by the sweep within a second."""
    operation = PaymentOperation.objects.get(pk=operation_id)
    try:
        if provider_for(operation.method).is_instant:
            operations.carry_out(operation_id)
        else:
            tasks.carry_out.apply_async((operation_id,), expires=tasks.MESSAGE_EXPIRES_SECONDS)
    except (OperationalError, BrokerAway) as failure:
        log.warning("operation_left_to_the_sweep", operation_id=operation_id, error=str(failure))
