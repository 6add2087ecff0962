"""Sole writer of Payment: authorise, capture, release, refund. It leaves operation rows; `operations` carries them out.

Lock order: whatever booking holds, then the payment, then its operations, then limited ledger accounts.
"""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Network, Organisation, User
from accounts.refusals import Refusal
from payments import differences, intents, ledger, sales
from payments.models import LedgerAccount, Payment, PaymentOperation
from payments.money import Money
from payments.providers import MethodNotOffered, provider_for
from payments.sales import SalePartTerms, SaleTerms
from payments.signals import payment_authorised, payment_captured, payment_owed, payment_refused
from payments.states import (
    AccountKind,
    OperationKind,
    PaymentMode,
    PaymentState,
    PaymentStep,
    TransferKind,
    payment_after,
)

__all__ = ["SalePartTerms", "SaleTerms", "capture", "collect_again", "open_payment", "refund", "release", "write_off"]


class StepRefused(Refusal):
    """A payment in this state does not take this step."""

    code = "payment_step_refused"


class UnpaidSwap(Refusal):
    """An earlier swap is not paid yet."""

    code = "unpaid_swap"


class NotInThisCurrency(Refusal):
    """A payment is in one currency from beginning to end."""

    code = "other_currency"


class TooMuchToRefund(Refusal):
    """More than what was captured and is not yet refunded."""

    code = "too_much_to_refund"


@transaction.atomic
def open_payment(
    *,
    network: Network,
    reference: UUID,
    method: str,
    payer: User | None,
    organisation: Organisation | None,
    amount: Money,
) -> Payment:
    """Begin the payment of a booking, for the most that it can cost, and leave the authorisation to be carried out."""
    provider = provider_for(method)
    if provider.mode == PaymentMode.WALLET and payer is None:
        raise MethodNotOffered(_("A wallet belongs to a person who is signed in."))
    if provider.mode == PaymentMode.ACCOUNT and organisation is None:
        raise MethodNotOffered(_("Only vehicles of a fleet can be swapped on account."))
    _refuse_while_unpaid(network, payer, organisation if provider.mode == PaymentMode.ACCOUNT else None)
    payment = Payment.objects.create(
        network=network,
        reference=reference,
        method=method,
        mode=provider.mode,
        payer=payer,
        organisation=organisation,
        currency=amount.currency,
        asked_minor=amount.amount_minor,
    )
    intents.plan(payment=payment, kind=OperationKind.AUTHORISE, amount=amount)
    return payment


@transaction.atomic
def capture(*, payment: Payment, sale_terms: SaleTerms) -> Payment:
    """The swap happened: record the sale and ask for its gross. Repeating it changes nothing.

    Where the hold does not reach, the rest is collected afterwards; what cannot be had stays on the list of the owed.
    """
    payment = locked(payment)
    if hasattr(payment, "sale"):
        return payment
    if sale_terms.gross.currency != payment.currency:
        raise NotInThisCurrency(_("This booking is paid in another currency."))
    before = payment.state
    _step(payment, PaymentStep.ASK_CAPTURE)
    sale = sales.record(payment=payment, terms=sale_terms)
    payment.save(update_fields=["state", "changed_at"])
    if before == PaymentState.AUTHORISED:
        _plan_capture(payment, sale.gross)
    elif before == PaymentState.REFUSED:
        intents.plan(payment=payment, kind=OperationKind.COLLECT, amount=sale.gross)
    # While the authorisation is under way its answer decides which of the two it will be.
    return payment


@transaction.atomic
def release(*, payment: Payment, reason: str) -> Payment:
    """The money is no longer wanted. Idempotent; an authorisation under way is let go when it is known."""
    payment = locked(payment)
    if payment.state in {PaymentState.RELEASED, PaymentState.REFUSED}:
        return payment
    if payment.state == PaymentState.RELEASING:
        _release_again(payment)
        return payment
    before = payment.state
    _step(payment, PaymentStep.ASK_RELEASE)
    payment.reason = reason[:300]
    if before == PaymentState.AUTHORISED:
        intents.plan(payment=payment, kind=OperationKind.RELEASE, amount=payment.authorised, reason=payment.reason)
    elif intents.drop_planned(payment=payment, kind=OperationKind.AUTHORISE):
        _step(payment, PaymentStep.RELEASED)
    payment.save(update_fields=["state", "reason", "changed_at"])
    return payment


@transaction.atomic
def refund(*, payment: Payment, amount: Money, by: User | None, reason: str) -> PaymentOperation:
    """Give back what was captured, or a part of it, the way it came."""
    payment = locked(payment)
    _step(payment, PaymentStep.ASK_REFUND)
    if amount.currency != payment.currency:
        raise NotInThisCurrency(_("This booking is paid in another currency."))
    if not 0 < amount.amount_minor <= payment.captured_minor - payment.refunded_minor:
        raise TooMuchToRefund(_("Only what was paid and not yet given back can be refunded."))
    return intents.plan(payment=payment, kind=OperationKind.REFUND, amount=amount, by=by, reason=reason[:300])


@transaction.atomic
def collect_again(*, payment: Payment, by: User | None) -> Payment:
    """Try once more to collect what is owed, after a top-up for example."""
    payment = locked(payment)
    _step(payment, PaymentStep.ASK_COLLECT)
    intents.plan(payment=payment, kind=OperationKind.COLLECT, amount=outstanding(payment), by=by)
    payment.save(update_fields=["state", "changed_at"])
    return payment


@transaction.atomic
def write_off(*, payment: Payment, by: User, reason: str) -> Payment:
    """The operator bears what is owed, so that the parties get their shares and the driver can book again."""
    payment = locked(payment)
    _step(payment, PaymentStep.WRITE_OFF)
    owed = outstanding(payment)
    ledger.post(
        debit=ledger.account(network=payment.network, kind=AccountKind.OPERATOR, currency=payment.currency),
        credit=_suspense(payment),
        amount=owed,
        kind=TransferKind.WRITE_OFF,
        key=f"{payment.reference}:write_off",
        payment=payment,
        sale=payment.sale,
    )
    payment.reason_code, payment.reason = "written_off", f"{by}: {reason}"[:300]
    payment.save(update_fields=["state", "reason_code", "reason", "changed_at"])
    sales.paid(sale=payment.sale)
    return payment


def succeeded(*, payment: Payment, operation: PaymentOperation) -> None:
    """An operation had its effect: post it, take the step, and plan what follows. The payment is locked."""
    {
        OperationKind.AUTHORISE: _authorised,
        OperationKind.CAPTURE: _captured,
        OperationKind.COLLECT: _collected,
        OperationKind.RELEASE: _released,
        OperationKind.REFUND: _refunded,
    }[OperationKind(operation.kind)](payment, operation)


def refused(*, payment: Payment, operation: PaymentOperation, code: str, sentence: str) -> None:
    """An operation was answered with no. The payment is locked."""
    payment.reason_code, payment.reason = code[:60], sentence[:300]
    if operation.kind == OperationKind.AUTHORISE:
        _step(payment, PaymentStep.REFUSED)
        if payment.state == PaymentState.CAPTURING:
            intents.plan(payment=payment, kind=OperationKind.COLLECT, amount=payment.sale.gross)
    elif operation.kind == OperationKind.CAPTURE:
        # The hold is gone, the swap is not: the whole of it is collected without a hold.
        hold = ledger.open_hold(payment)
        if hold is not None:
            ledger.let_go(hold=hold, key=operation.key)
        intents.plan(payment=payment, kind=OperationKind.COLLECT, amount=payment.sale.gross)
    elif operation.kind == OperationKind.COLLECT:
        _step(payment, PaymentStep.CAPTURE_REFUSED)
    payment.save(update_fields=["state", "reason_code", "reason", "changed_at"])
    if payment.state == PaymentState.REFUSED:
        payment_refused.send(sender=Payment, payment=payment)
    elif payment.state == PaymentState.OWED:
        payment_owed.send(sender=Payment, payment=payment)


def locked(payment: Payment) -> Payment:
    """The payment as it is now, locked."""
    return (
        Payment.objects.select_for_update(of=("self",))
        .select_related("network", "payer", "organisation", "sale__station_owner__network", "sale__network")
        .get(pk=payment.pk)
    )


def outstanding(payment: Payment) -> Money:
    """What the sale came to and is not here."""
    return payment.sale.gross - payment.captured


def _authorised(payment: Payment, operation: PaymentOperation) -> None:
    provider = provider_for(payment.method)
    if provider.can_hold and operation.amount:
        ledger.hold(
            debit=provider.source(payment),
            credit=_suspense(payment),
            amount=operation.amount,
            key=operation.key,
            payment=payment,
        )
    payment.authorised_minor = operation.amount_minor
    _step(payment, PaymentStep.AUTHORISED)
    if payment.state == PaymentState.RELEASING:
        intents.plan(payment=payment, kind=OperationKind.RELEASE, amount=operation.amount, reason=payment.reason)
    elif payment.state == PaymentState.CAPTURING:
        _plan_capture(payment, payment.sale.gross)
    payment.save(update_fields=["state", "authorised_minor", "changed_at"])
    if payment.state == PaymentState.AUTHORISED:
        payment_authorised.send(sender=Payment, payment=payment)


def _captured(payment: Payment, operation: PaymentOperation) -> None:
    hold = ledger.open_hold(payment)
    if hold is not None and operation.amount:
        ledger.keep(
            hold=hold,
            amount=operation.amount,
            key=operation.key,
            sale=payment.sale,
            effective_at=payment.sale.swapped_at,
        )
    elif hold is not None:
        ledger.let_go(hold=hold, key=operation.key)
    elif operation.amount:
        _charge(payment, operation, TransferKind.CAPTURE)
    _is_here(payment, operation.amount)


def _collected(payment: Payment, operation: PaymentOperation) -> None:
    if operation.amount:
        _charge(payment, operation, TransferKind.COLLECT)
    _is_here(payment, operation.amount)


def _is_here(payment: Payment, amount: Money) -> None:
    """Some money came. All of it: the sale is paid. Less: the rest is collected."""
    payment.captured_minor += amount.amount_minor
    rest = outstanding(payment)
    if rest:
        intents.plan(payment=payment, kind=OperationKind.COLLECT, amount=rest)
    else:
        _step(payment, PaymentStep.CAPTURED)
        payment.reason_code = payment.reason = ""
    payment.save(update_fields=["state", "captured_minor", "reason_code", "reason", "changed_at"])
    if not rest:
        sales.paid(sale=payment.sale)
        payment_captured.send(sender=Payment, payment=payment)


def _released(payment: Payment, operation: PaymentOperation) -> None:
    hold = ledger.open_hold(payment)
    if hold is not None:
        ledger.let_go(hold=hold, key=operation.key)
    _step(payment, PaymentStep.RELEASED)
    payment.save(update_fields=["state", "changed_at"])


def _refunded(payment: Payment, operation: PaymentOperation) -> None:
    sales.take_back_from_receivers(sale=payment.sale, amount=operation.amount, key=operation.key)
    ledger.post(
        debit=_suspense(payment),
        credit=provider_for(payment.method).source(payment),
        amount=operation.amount,
        kind=TransferKind.REFUND,
        key=operation.key,
        payment=payment,
        sale=payment.sale,
    )
    payment.refunded_minor += operation.amount_minor
    payment.save(update_fields=["refunded_minor", "changed_at"])
    differences.give_back(sale=payment.sale, refunded=payment.refunded, key=operation.key)


def _charge(payment: Payment, operation: PaymentOperation, kind: TransferKind) -> None:
    ledger.post(
        debit=provider_for(payment.method).source(payment),
        credit=_suspense(payment),
        amount=operation.amount,
        kind=kind,
        key=operation.key,
        payment=payment,
        sale=payment.sale,
        effective_at=payment.sale.swapped_at,
    )


def _release_again(payment: Payment) -> None:
    """Where a release was refused nothing is under way any more; a person has looked, and it is asked for anew."""
    if not payment.operations.under_way().exists():
        intents.plan(payment=payment, kind=OperationKind.RELEASE, amount=payment.authorised, reason=payment.reason)


def _plan_capture(payment: Payment, gross: Money) -> None:
    """A hold is kept up to what it holds; the rest, if any, is collected once that has come."""
    holds = provider_for(payment.method).can_hold
    intents.plan(
        payment=payment,
        kind=OperationKind.CAPTURE,
        amount=min(gross, payment.authorised) if holds else gross,
    )


def _suspense(payment: Payment) -> LedgerAccount:
    return ledger.account(network=payment.network, kind=AccountKind.SUSPENSE, currency=payment.currency)


def _refuse_while_unpaid(network: Network, payer: User | None, fleet: Organisation | None) -> None:
    if Payment.objects.owed_by(fleet=fleet, payer=payer).filter(network=network).exists():
        raise UnpaidSwap(_("An earlier swap is not paid yet. Pay it, and you can book again."))


def _step(payment: Payment, step: PaymentStep) -> None:
    after = payment_after(payment.state, step)
    if after is None:
        raise StepRefused(_("This payment can no longer be changed that way."))
    payment.state = after
    payment.changed_at = timezone.now()
