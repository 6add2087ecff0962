"""What drivers, fleets and receipts read about money: small frozen cards, complete before a template sees them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.models import Network, Organisation, User
from payments import labels, preferences
from payments.models import AccountLimit, Payment
from payments.money import Money, zero
from payments.providers import provider_for
from payments.states import AccountKind, PaymentState


@dataclass(frozen=True, slots=True)
class MethodChoice:
    """One way to pay, and why it cannot be chosen when it cannot. `available` is what may still be spent with it."""

    code: str
    label: str
    is_available: bool
    reason: str
    available: Money


@dataclass(frozen=True, slots=True)
class UnpaidCard:
    """A finished swap that is not paid: it blocks the next booking, and says so."""

    reference: UUID
    owed: Money
    swapped_at: datetime
    description: str
    sentence: str


@dataclass(frozen=True, slots=True)
class ReceiptFigures:
    """The money side of a receipt. Not a fiscal invoice."""

    reference: UUID
    method: str
    method_label: str
    state: str
    state_label: str
    gross: Money
    tax: Money
    net: Money
    tax_rate_bp: int
    paid: Money
    refunded: Money
    owed: Money
    reason: str
    swapped_at: datetime


@dataclass(frozen=True, slots=True)
class PaymentCard:
    """Where a live booking's money is."""

    reference: UUID
    method: str
    method_label: str
    state: str
    state_label: str
    asked: Money
    authorised: Money
    is_sure: bool
    reason: str


def wallet_balance(*, user: User, network: Network, currency: str | None = None) -> Money:
    """What the driver has, holds not deducted; see `wallet_available` for what may be spent."""
    limit = _wallet_limit(user, network, currency or network.currency)
    return Money(limit.balance_minor if limit else 0, currency or network.currency)


def wallet_available(*, user: User, network: Network, currency: str | None = None) -> Money:
    limit = _wallet_limit(user, network, currency or network.currency)
    return Money(limit.available_minor if limit else 0, currency or network.currency)


def methods_for(
    *,
    user: User,
    network: Network,
    organisation: Organisation | None = None,
    amount: Money | None = None,
    currency: str | None = None,
) -> list[MethodChoice]:
    """What a driver can pay with: what they chose to use first, then the fleet's account where the vehicle has one."""
    currency = amount.currency if amount else currency or network.currency
    needed = amount or zero(currency)
    choices = []
    if organisation is not None:
        choices.append(_account_choice(organisation, network, needed))
    choices.append(_wallet_choice(user, network, needed))
    first = preferences.preferred(user=user, network=network) if len(choices) > 1 else ""
    return sorted(choices, key=lambda choice: choice.code != first)


def blocked_by_unpaid(
    *, network: Network, user: User | None = None, organisation: Organisation | None = None
) -> UnpaidCard | None:
    """The unpaid swap that stands in the way of the next booking: the fleet's on account, else the driver's own."""
    unpaid = Payment.objects.owed_by(fleet=organisation, payer=user).filter(network=network)
    payment = unpaid.select_related("sale").order_by("sale__swapped_at").first()
    return None if payment is None else _unpaid_card(payment)


def payment_card(reference: UUID) -> PaymentCard | None:
    payment = Payment.objects.filter(reference=reference).first()
    if payment is None:
        return None
    return PaymentCard(
        reference=payment.reference,
        method=payment.method,
        method_label=str(labels.METHODS.get(payment.method, payment.method)),
        state=payment.state,
        state_label=str(labels.PAYMENT_STATES[payment.state]),
        asked=payment.asked,
        authorised=payment.authorised,
        is_sure=payment.state in {PaymentState.AUTHORISED, PaymentState.CAPTURING, PaymentState.CAPTURED},
        reason=labels.refusal_sentence(payment.reason_code, payment.reason),
    )


def receipt(reference: UUID) -> ReceiptFigures | None:
    """The figures of a finished swap; None while there is no sale."""
    payment = Payment.objects.select_related("sale").filter(reference=reference, sale__isnull=False).first()
    if payment is None:
        return None
    sale = payment.sale
    return ReceiptFigures(
        reference=payment.reference,
        method=payment.method,
        method_label=str(labels.METHODS.get(payment.method, payment.method)),
        state=payment.state,
        state_label=str(labels.PAYMENT_STATES[payment.state]),
        gross=sale.gross,
        tax=Money(sale.tax_minor, sale.currency),
        net=Money(sale.net_minor, sale.currency),
        tax_rate_bp=sale.tax_rate_bp,
        paid=payment.captured,
        refunded=payment.refunded,
        owed=_owed(payment),
        reason=labels.refusal_sentence(payment.reason_code, payment.reason),
        swapped_at=sale.swapped_at,
    )


def _owed(payment: Payment) -> Money:
    """Nothing is owed once the operator bears it."""
    if payment.state == PaymentState.WRITTEN_OFF:
        return zero(payment.currency)
    return payment.sale.gross - payment.captured


def _unpaid_card(payment: Payment) -> UnpaidCard:
    return UnpaidCard(
        reference=payment.reference,
        owed=_owed(payment),
        swapped_at=payment.sale.swapped_at,
        description=payment.sale.description,
        sentence=_("An earlier swap is not paid yet. Pay it, and you can book again."),
    )


def _wallet_limit(user: User, network: Network, currency: str) -> AccountLimit | None:
    return AccountLimit.objects.filter(
        account__network=network, account__kind=AccountKind.WALLET, account__currency=currency, account__user=user
    ).first()


def _wallet_choice(user: User, network: Network, needed: Money) -> MethodChoice:
    limit = _wallet_limit(user, network, needed.currency)
    available = Money(limit.available_minor if limit else 0, needed.currency)
    enough = needed <= available if needed else bool(available)
    return MethodChoice(
        code=provider_for("wallet").code,
        label=str(labels.METHODS["wallet"]),
        is_available=enough,
        reason="" if enough else str(labels.REFUSALS["balance_too_low"]),
        available=available,
    )


def _account_choice(organisation: Organisation, network: Network, needed: Money) -> MethodChoice:
    limit = AccountLimit.objects.filter(
        account__network=network,
        account__kind=AccountKind.RECEIVABLE,
        account__currency=needed.currency,
        account__organisation=organisation,
    ).first()
    available = Money(limit.available_minor if limit else 0, needed.currency)
    if limit is None:
        reason = _("%(fleet)s has no account in this currency.") % {"fleet": organisation.name}
    elif available < needed or not available:
        reason = str(labels.REFUSALS["fleet_limit_reached"])
    else:
        reason = ""
    return MethodChoice(
        code=provider_for("account").code,
        label=f"{labels.METHODS['account']} · {organisation.name}",
        is_available=not reason,
        reason=reason,
        available=available,
    )
