"""Sole writer of PaymentOperation: what is to be asked stands in a row, with its key, before anybody is asked."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.functions import Coalesce, Now
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.refusals import Refusal
from payments.models import LedgerAccount, Payment, PaymentOperation
from payments.money import Money
from payments.providers.base import Result, Succeeded, Unknown
from payments.signals import operation_planned
from payments.states import OPERATION_STEPS, OperationKind, OperationState, OperationStep, operation_after

# A call that has not come back after this was lost with its worker; the next one looks it up.
LEASE = timedelta(seconds=60)
# Providers forget keys after a day: later, asking again could be a second charge. A person reconciles it.
KEYS_ARE_GOOD_FOR = timedelta(hours=20)
LONGEST_WAIT_SECONDS = 600


class AnotherIsUnderWay(Refusal):
    """The same thing is being asked already."""

    code = "operation_under_way"


def plan(
    *, payment: Payment, kind: OperationKind, amount: Money, by: User | None = None, reason: str = ""
) -> PaymentOperation:
    """Leave the intention in the caller's transaction. The payment is locked, so attempts are counted one by one."""
    earlier = payment.operations.filter(kind=kind)
    if earlier.under_way().exists():
        raise AnotherIsUnderWay(_("This is already under way."))
    attempt = earlier.count() + 1
    operation = PaymentOperation.objects.create(
        network_id=payment.network_id,
        payment=payment,
        kind=kind,
        attempt=attempt,
        key=f"{payment.reference}:{kind}:{attempt}",
        method=payment.method,
        currency=amount.currency,
        amount_minor=amount.amount_minor,
        by=by,
        reason=reason,
    )
    _announce(operation)
    return operation


def plan_for_wallet(
    *, account: LedgerAccount, kind: OperationKind, key: str, method: str, amount: Money, by: User | None, reason: str
) -> PaymentOperation:
    operation = PaymentOperation.objects.create(
        network_id=account.network_id,
        account=account,
        kind=kind,
        key=key,
        method=method,
        currency=amount.currency,
        amount_minor=amount.amount_minor,
        by=by,
        reason=reason,
    )
    _announce(operation)
    return operation


def drop_planned(*, payment: Payment, kind: OperationKind) -> bool:
    """Call off what nobody has been asked yet. False when somebody has: then its answer must be waited for."""
    dropped = payment.operations.filter(kind=kind, state=OperationState.PLANNED).update(
        state=OperationState.DROPPED, ended_at=Now(), due_at=None
    )
    return dropped > 0


def claim(*, operation_id: int) -> PaymentOperation | None:
    """Take a due operation, so that no other worker calls for it. None: done, not due, or in another's hands."""
    with transaction.atomic():
        operation = (
            PaymentOperation.objects.due()
            .select_for_update(skip_locked=True, of=("self",))
            .select_related("payment__network", "account__network")
            .filter(pk=operation_id)
            .first()
        )
        if operation is None:
            return None
        operation.state = _after(operation, OperationStep.CALL)
        operation.calls += 1
        PaymentOperation.objects.filter(pk=operation.pk).update(
            state=operation.state,
            calls=operation.calls,
            first_called_at=Coalesce("first_called_at", Now()),
            due_at=Now() + LEASE,
        )
    return operation


def settle(*, operation: PaymentOperation, result: Result) -> bool:
    """Write what came of it, under the payment's lock. False: another worker was faster."""
    fields = _outcome(operation, result)
    waiting = PaymentOperation.objects.filter(pk=operation.pk, state=OperationState.CALLING)
    if not waiting.update(**fields):
        return False
    operation.state, operation.result = fields["state"], fields["result"]
    return True


def try_again(*, operation: PaymentOperation, by: User) -> PaymentOperation:
    """A person has looked at the provider's side and sends it on its way again, under the same key."""
    PaymentOperation.objects.filter(pk=operation.pk, needs_person=True).update(
        needs_person=False, due_at=Now(), first_called_at=None, by=by
    )
    operation.refresh_from_db()
    _announce(operation)
    return operation


def _outcome(operation: PaymentOperation, result: Result) -> dict[str, Any]:
    if isinstance(result, Unknown):
        return {"state": OPERATION_STEPS[OperationState.CALLING, OperationStep.LOSE], **_next_try(operation, result)}
    if isinstance(result, Succeeded):
        step, answer = OperationStep.SUCCEED, result.data
    else:
        step, answer = OperationStep.REFUSE, {"code": result.code, "sentence": result.sentence}
    return {
        "state": OPERATION_STEPS[OperationState.CALLING, step],
        "result": answer,
        "due_at": None,
        "needs_person": False,
        "ended_at": Now(),
    }


def _next_try(operation: PaymentOperation, result: Unknown) -> dict[str, Any]:
    """Wait twice as long after each silence. A key that is about to be forgotten is not used again."""
    answer = {"unknown": result.why}
    if operation.first_called_at is not None and timezone.now() - operation.first_called_at > KEYS_ARE_GOOD_FOR:
        return {"result": answer, "due_at": None, "needs_person": True}
    wait = timedelta(seconds=min(2**operation.calls, LONGEST_WAIT_SECONDS))
    return {"result": answer, "due_at": Now() + wait}


def _after(operation: PaymentOperation, step: OperationStep) -> OperationState:
    state = operation_after(operation.state, step)
    if state is None:
        raise ValueError(f"an operation that is {operation.state} cannot {step}")
    return state


def _announce(operation: PaymentOperation) -> None:
    """After commit: a listener's trouble is logged and costs nothing, since the sweep finds the row anyway."""
    send = partial(operation_planned.send_robust, sender=PaymentOperation, operation_id=operation.pk)
    transaction.on_commit(send, robust=True)
