"""Money into a wallet and out of it again: by the demo, at the counter, by finance; always through an operation."""

from __future__ import annotations

from uuid import uuid4

from django.db import transaction
from django.utils.translation import gettext as _

from accounts import people
from accounts.models import Network, User
from accounts.refusals import Refusal
from payments import intents, ledger, queries
from payments.models import PaymentOperation
from payments.money import Money
from payments.providers.wallet import WalletProvider
from payments.states import AccountKind, OperationKind


class NothingToTopUp(Refusal):
    """A top-up is more than nothing."""

    code = "nothing_to_top_up"


class NothingToPayOut(Refusal):
    """What is paid out is more than nothing, and free."""

    code = "nothing_to_pay_out"


@transaction.atomic
def top_up(
    *, user: User, network: Network, amount: Money, by: User | None, reason: str, key: str | None = None
) -> PaymentOperation:
    """Leave the operation; the edge carries it out after commit. A `key` can be used once.

    Locks the person's row. Raises NothingToTopUp and people.PersonDeleted.
    """
    if amount.amount_minor <= 0:
        raise NothingToTopUp(_("Enter an amount above zero."))
    people.still_here(user=user)
    wallet = ledger.account(network=network, kind=AccountKind.WALLET, currency=amount.currency, user=user)
    return intents.plan_for_wallet(
        account=wallet,
        kind=OperationKind.TOP_UP,
        key=key or f"top_up:{uuid4()}",
        method=WalletProvider.code,
        amount=amount,
        by=by,
        reason=reason[:300],
    )


@transaction.atomic
def pay_out(
    *, user: User, network: Network, amount: Money, by: User | None, reason: str, key: str | None = None
) -> PaymentOperation:
    """Leave the operation that takes out what a person was given back, or will be by the bank. Holds stay.

    Raises NothingToPayOut; whatever is spent before the operation is carried out makes the ledger refuse it.
    """
    free = queries.wallet_available(user=user, network=network, currency=amount.currency)
    if not 0 < amount.amount_minor <= free.amount_minor:
        raise NothingToPayOut(_("Enter an amount above zero, and no more than is free."))
    wallet = ledger.account(network=network, kind=AccountKind.WALLET, currency=amount.currency, user=user)
    return intents.plan_for_wallet(
        account=wallet,
        kind=OperationKind.PAY_OUT,
        key=key or f"pay_out:{uuid4()}",
        method=WalletProvider.code,
        amount=amount,
        by=by,
        reason=reason[:300],
    )
