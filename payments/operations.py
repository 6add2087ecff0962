"""Carries operations out: the intention is committed, the outside asked with no transaction open, the answer kept.

Whatever dies in between, the row says how far it got, and the same key makes asking again harmless.
"""

from __future__ import annotations

from django.db import transaction

from payments import checkout, intents, ledger
from payments.models import LedgerAccount, Payment, PaymentOperation
from payments.providers import provider_for
from payments.providers.base import Provider, Refused, Result, Succeeded
from payments.signals import payment_about_to_change
from payments.states import AccountKind, OperationKind, TransferKind

# One booking's operations follow each other (authorise, release); more than this many means a loop.
LONGEST_CHAIN = 6


def carry_out(operation_id: int) -> PaymentOperation | None:
    """Do one operation now. None: it is done, not due, or in another worker's hands."""
    found = PaymentOperation.objects.select_related("payment").filter(pk=operation_id).first()
    if found is None:
        return None
    provider = provider_for(found.method)
    if provider.is_instant:
        return _carry_out_at_once(found, provider)
    claimed = intents.claim(operation_id=operation_id)
    if claimed is None:
        return None
    return _write_down(claimed, _ask(claimed, provider))


def carry_out_for(payment: Payment) -> Payment:
    """Do what is due for one payment, and what follows from it, without waiting for a worker."""
    for _round in range(LONGEST_CHAIN):
        due = PaymentOperation.objects.due().filter(payment=payment).order_by("id").first()
        if due is None or carry_out(due.pk) is None:
            break
    payment.refresh_from_db()
    return payment


def due_ids(*, at_most: int = 500) -> list[int]:
    """What the sweep has to do, the longest due first; found without locks."""
    return list(PaymentOperation.objects.due().order_by("due_at", "id").values_list("id", flat=True)[:at_most])


def _carry_out_at_once(found: PaymentOperation, provider: Provider) -> PaymentOperation | None:
    """Nobody outside is asked, so claim, posting and answer are one transaction."""
    with transaction.atomic():
        payment = _lock_payment(found)
        operation = intents.claim(operation_id=found.pk)
        if operation is None:
            return None
        return _apply(operation, payment, provider.ask(operation))


def _ask(operation: PaymentOperation, provider: Provider) -> Result:
    """The outside call. What may have been asked before is looked up first, and only then asked again."""
    if operation.calls > 1:
        known = provider.look_up(operation)
        if known is not None:
            return known
    return provider.ask(operation)


def _write_down(claimed: PaymentOperation, result: Result) -> PaymentOperation | None:
    with transaction.atomic():
        return _apply(claimed, _lock_payment(claimed), result)


def _lock_payment(operation: PaymentOperation) -> Payment | None:
    """Announce first, so that listeners take the locks that stand before payments; then lock."""
    if operation.payment is None:
        return None
    payment_about_to_change.send(sender=Payment, reference=operation.payment.reference)
    return checkout.locked(operation.payment)


def _apply(operation: PaymentOperation, payment: Payment | None, result: Result) -> PaymentOperation | None:
    """Settle the operation and let the payment follow. The ledger may still say no, and that is an answer too.

    A slow call may outlive its lease: then another worker found the same answer under the same key first.
    """
    try:
        with transaction.atomic():
            if not intents.settle(operation=operation, result=result):
                return None
            if isinstance(result, Succeeded):
                _succeed(operation, payment)
    except (ledger.BalanceTooLow, ledger.FleetLimitReached) as refusal:
        result = Refused(refusal.code, refusal.sentence)
        intents.settle(operation=operation, result=result)
        payment = None if payment is None else checkout.locked(payment)
    if isinstance(result, Refused) and payment is not None:
        checkout.refused(payment=payment, operation=operation, code=result.code, sentence=result.sentence)
    return operation


def _succeed(operation: PaymentOperation, payment: Payment | None) -> None:
    if payment is not None:
        checkout.succeeded(payment=payment, operation=operation)
    elif operation.account is not None:
        _move_in_wallet(operation, operation.account)


def _move_in_wallet(operation: PaymentOperation, wallet: LedgerAccount) -> None:
    bank = ledger.account(network=wallet.network, kind=AccountKind.CLEARING, currency=wallet.currency, method="bank")
    if operation.kind == OperationKind.TOP_UP:
        ledger.post(debit=bank, credit=wallet, amount=operation.amount, kind=TransferKind.TOP_UP, key=operation.key)
    else:
        ledger.post(debit=wallet, credit=bank, amount=operation.amount, kind=TransferKind.PAY_OUT, key=operation.key)
