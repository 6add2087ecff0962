"""The wallet: a balance that we owe the driver, kept in the ledger."""

from __future__ import annotations

from typing import cast

from accounts.models import User
from payments import ledger
from payments.models import LedgerAccount, Payment
from payments.providers.base import Instant
from payments.states import AccountKind, PaymentMode


class WalletProvider(Instant):
    code = "wallet"
    mode = PaymentMode.WALLET
    can_hold = True

    def source(self, payment: Payment) -> LedgerAccount:
        # The database refuses a wallet payment without a payer.
        payer = cast(User, payment.payer)
        return ledger.account(network=payment.network, kind=AccountKind.WALLET, currency=payment.currency, user=payer)
