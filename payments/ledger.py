"""Sole writer of Transfer (and of the accounts it joins): post, hold, keep, let go. A row is never changed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, Sum
from django.utils.translation import gettext as _

from accounts.models import Network, Organisation, User
from accounts.refusals import Refusal
from payments.models import AccountLimit, LedgerAccount, Payment, Sale, Statement, Transfer
from payments.money import Money
from payments.states import LIMITED_ACCOUNTS, AccountKind, TransferKind, TransferStage


class BalanceTooLow(Refusal):
    """A wallet holds less than is asked for."""

    code = "balance_too_low"


class FleetLimitReached(Refusal):
    """A fleet's credit does not reach."""

    code = "fleet_limit_reached"


class HoldAlreadyResolved(Refusal):
    """A hold is kept or let go once."""

    code = "hold_already_resolved"


class KeyUsedForAnotherTransfer(ValueError):
    """One key names one posting; using it for a different one is a mistake in the caller."""


def account(
    *,
    network: Network,
    kind: AccountKind,
    currency: str,
    user: User | None = None,
    organisation: Organisation | None = None,
    method: str = "",
) -> LedgerAccount:
    """The account for this purpose, opened when it is first needed."""
    return LedgerAccount.objects.get_or_create(
        network=network, kind=kind, currency=currency, user=user, organisation=organisation, method=method
    )[0]


def party_account(*, organisation: Organisation, currency: str) -> LedgerAccount:
    """Where a party's shares go; the operator's own stay with the operator, and are on nobody's statement."""
    if organisation.is_operator:
        return account(network=organisation.network, kind=AccountKind.OPERATOR, currency=currency)
    return account(network=organisation.network, kind=AccountKind.PAYABLE, currency=currency, organisation=organisation)


@transaction.atomic
def post(
    *,
    debit: LedgerAccount,
    credit: LedgerAccount,
    amount: Money,
    kind: TransferKind,
    key: str,
    payment: Payment | None = None,
    sale: Sale | None = None,
    statement: Statement | None = None,
    effective_at: datetime | None = None,
) -> Transfer:
    """Move an amount at once. Locks the limit of a wallet or a fleet that is drawn on, and refuses beyond it."""
    _refuse_beyond_limit(debit, amount, key)
    return _write(
        stage=TransferStage.SINGLE,
        debit=debit,
        credit=credit,
        amount=amount,
        kind=kind,
        key=key,
        payment=payment,
        sale=sale,
        statement=statement,
        effective_at=effective_at,
    )


@transaction.atomic
def hold(*, debit: LedgerAccount, credit: LedgerAccount, amount: Money, key: str, payment: Payment) -> Transfer:
    """Set an amount aside: it can no longer be spent, and has not moved yet."""
    _refuse_beyond_limit(debit, amount, key)
    return _write(
        stage=TransferStage.PENDING,
        debit=debit,
        credit=credit,
        amount=amount,
        kind=TransferKind.HOLD,
        key=key,
        payment=payment,
    )


@transaction.atomic
def keep(
    *, hold: Transfer, amount: Money, key: str, sale: Sale | None = None, effective_at: datetime | None = None
) -> Transfer:
    """Move what a hold set aside, or a part of it; the rest is free again."""
    lock([hold.debit])
    return _write(
        stage=TransferStage.POST,
        debit=hold.debit,
        credit=hold.credit,
        amount=amount,
        kind=TransferKind.CAPTURE,
        key=key,
        payment=hold.payment,
        sale=sale,
        pending=hold,
        effective_at=effective_at,
    )


@transaction.atomic
def let_go(*, hold: Transfer, key: str) -> Transfer:
    """Free what a hold set aside."""
    lock([hold.debit])
    return _write(
        stage=TransferStage.VOID,
        debit=hold.debit,
        credit=hold.credit,
        amount=hold.amount,
        kind=TransferKind.RELEASE,
        key=key,
        payment=hold.payment,
        pending=hold,
    )


@transaction.atomic
def set_credit_limit(*, fleet: Organisation, limit: Money) -> AccountLimit:
    """How much a fleet may owe, holds counted. Not lowered below what is already in use."""
    row = AccountLimit.objects.select_for_update(of=("self",)).get(account=_receivable(fleet, limit.currency))
    if limit.amount_minor < row.held_minor - row.balance_minor:
        raise FleetLimitReached(_("More than this is already in use."))
    row.credit_limit_minor = limit.amount_minor
    row.save(update_fields=["credit_limit_minor"])
    return row


def _receivable(fleet: Organisation, currency: str) -> LedgerAccount:
    return account(network=fleet.network, kind=AccountKind.RECEIVABLE, currency=currency, organisation=fleet)


def open_hold(payment: Payment) -> Transfer | None:
    """The hold of a payment that nothing has resolved yet."""
    return (
        Transfer.objects.select_related("debit", "credit", "payment", "network")
        .filter(payment=payment, stage=TransferStage.PENDING, resolutions=None)
        .first()
    )


def balance(account: LedgerAccount) -> Money:
    """Credits less debits, as posted. Above zero is owed to whom the account is for."""
    sums = (
        Transfer.objects.posted()
        .filter(Q(debit=account) | Q(credit=account))
        .aggregate(
            credits=Sum("amount_minor", filter=Q(credit=account), default=0),
            debits=Sum("amount_minor", filter=Q(debit=account), default=0),
        )
    )
    return Money(sums["credits"] - sums["debits"], account.currency)


def lock(accounts: Iterable[LedgerAccount]) -> list[AccountLimit]:
    """Lock the limits among these accounts, ids ascending; always the last locks of a transaction."""
    ids = sorted(account.pk for account in accounts if account.kind in LIMITED_ACCOUNTS)
    if not ids:
        return []
    return list(AccountLimit.objects.select_for_update().filter(account_id__in=ids).order_by("account_id"))


def _refuse_beyond_limit(debit: LedgerAccount, amount: Money, key: str) -> None:
    for limit in lock([debit]):
        # A repeat is not a second draw: the row is there already, and is returned.
        if limit.available_minor < amount.amount_minor and not Transfer.objects.filter(key=key).exists():
            if debit.kind == AccountKind.WALLET:
                raise BalanceTooLow(_("There is not enough in the wallet."))
            raise FleetLimitReached(_("The fleet's credit limit is reached."))


def _write(*, amount: Money, effective_at: datetime | None = None, **fields: Any) -> Transfer:
    """One key, one posting: a repeat returns the first row, a hold resolved twice is refused."""
    debit: LedgerAccount = fields["debit"]
    if effective_at is not None:
        fields["effective_at"] = effective_at
    row = Transfer(network_id=debit.network_id, currency=amount.currency, amount_minor=amount.amount_minor, **fields)
    Transfer.objects.bulk_create([row], ignore_conflicts=True)
    written = Transfer.objects.filter(key=row.key).first()
    if written is None:
        raise HoldAlreadyResolved(_("This hold has already been kept or let go."))
    if _meaning(written) != _meaning(row):
        raise KeyUsedForAnotherTransfer(row.key)
    return written


def _meaning(row: Transfer) -> tuple[object, ...]:
    return (row.debit_id, row.credit_id, row.currency, row.amount_minor, row.kind, row.stage, row.pending_id)
