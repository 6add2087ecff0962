"""What went into a driver's wallet and out of it, and what of it is held: the ledger as its owner sees it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.models import Network, User
from payments.models import LedgerAccount, PaymentOperation, Transfer
from payments.money import Money
from payments.states import AccountKind, OperationKind, TransferStage


@dataclass(frozen=True, slots=True)
class Movement:
    """One amount, above zero when it came in. `reference` is the booking that it belongs to, if any."""

    id: int
    kind: str
    amount: Money
    at: datetime
    reference: UUID | None


def wallet_of(*, user: User, network: Network) -> LedgerAccount | None:
    """The driver's wallet in the network's currency; None before anything was paid into it."""
    return LedgerAccount.objects.filter(
        kind=AccountKind.WALLET, user=user, network=network, currency=network.currency
    ).first()


def of_wallet(wallet: LedgerAccount, *, before: int | None = None, limit: int | None = None) -> list[Movement]:
    """What has moved, the newest first; only what was written before the transfer with the number `before`."""
    rows = Transfer.objects.posted().filter(Q(debit=wallet) | Q(credit=wallet)).select_related("payment")
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return [_movement(row, wallet) for row in rows.order_by("-pk")[:limit]]


def held_in(wallet: LedgerAccount) -> list[Movement]:
    """What is set aside for bookings and has not moved, the oldest first."""
    rows = Transfer.objects.filter(debit=wallet, stage=TransferStage.PENDING, resolutions=None)
    return [_movement(row, wallet) for row in rows.select_related("payment").order_by("pk")]


def on_their_way(*, user: User) -> QuerySet[PaymentOperation]:
    """Top-ups that were asked for and are not in a wallet yet."""
    return PaymentOperation.objects.under_way().filter(kind=OperationKind.TOP_UP, account__user=user)


def wallets_of(user: User) -> Iterable[LedgerAccount]:
    return LedgerAccount.objects.filter(kind=AccountKind.WALLET, user=user).select_related("network").order_by("pk")


def _movement(row: Transfer, wallet: LedgerAccount) -> Movement:
    sign = 1 if row.credit_id == wallet.pk else -1
    return Movement(
        id=row.pk,
        kind=row.kind,
        amount=Money(sign * row.amount_minor, row.currency),
        at=row.effective_at,
        reference=row.payment.reference if row.payment is not None else None,
    )
