"""Cash, for walk-ins: the station takes the coins and owes them to the network. Nothing is held before the swap."""

from __future__ import annotations

from payments import ledger
from payments.models import LedgerAccount, Payment
from payments.providers.base import Instant
from payments.states import AccountKind, PaymentMode


class CashProvider(Instant):
    code = "cash"
    mode = PaymentMode.CASH
    can_hold = False

    def source(self, payment: Payment) -> LedgerAccount:
        return ledger.account(
            network=payment.network,
            kind=AccountKind.CASH,
            currency=payment.currency,
            organisation=payment.sale.station_owner,
        )
