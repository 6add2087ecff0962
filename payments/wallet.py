"""Topping up a wallet: by the demo, by staff at the counter, by an administrator; always through an operation."""

from __future__ import annotations

from uuid import uuid4

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Network, User
from accounts.refusals import Refusal
from payments import intents, ledger
from payments.models import PaymentOperation
from payments.money import Money
from payments.providers.wallet import WalletProvider
from payments.states import AccountKind


class NothingToTopUp(Refusal):
    """A top-up is more than nothing."""

    code = "nothing_to_top_up"


@transaction.atomic
def top_up(
    *, user: User, network: Network, amount: Money, by: User | None, reason: str, key: str | None = None
) -> PaymentOperation:
    """Leave the operation; the edge carries it out after commit. A `key` can be used once."""
    if amount.amount_minor <= 0:
        raise NothingToTopUp(_("Enter an amount above zero."))
    wallet = ledger.account(network=network, kind=AccountKind.WALLET, currency=amount.currency, user=user)
    return intents.plan_top_up(
        account=wallet,
        key=key or f"top_up:{uuid4()}",
        method=WalletProvider.code,
        amount=amount,
        by=by,
        reason=reason[:300],
    )
