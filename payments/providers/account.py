"""The account: a fleet swaps on credit, within its limit and with its holds counted, and is billed by statement."""

from __future__ import annotations

from typing import cast

from accounts.models import Organisation
from payments import ledger
from payments.models import LedgerAccount, Payment
from payments.providers.base import Instant
from payments.states import AccountKind, PaymentMode


class AccountProvider(Instant):
    code = "account"
    mode = PaymentMode.ACCOUNT
    can_hold = True

    def source(self, payment: Payment) -> LedgerAccount:
        # The database refuses an account payment without an organisation.
        fleet = cast(Organisation, payment.organisation)
        return ledger.account(
            network=payment.network, kind=AccountKind.RECEIVABLE, currency=payment.currency, organisation=fleet
        )
