"""How an amount of a sale goes to its parties and comes back: its net, and what makes up a difference."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db.models import Sum

from payments import ledger
from payments.models import Contract, LedgerAccount, Payment, Sale, SalePart, Transfer
from payments.money import Money
from payments.splitting import Shares, split_net, take_back
from payments.states import AccountKind, TransferKind


def locked(sale: Sale) -> Sale:
    """The sale as it is now, its payment locked: a refund moves the same money, and holds the same lock."""
    Payment.objects.select_for_update(of=("self",)).get(pk=sale.payment_id)
    return Sale.objects.select_related("network", "payment", "station_owner__network").get(pk=sale.pk)


def move(sale: Sale, key: str, debit: LedgerAccount, credit: LedgerAccount, minor: int, kind: TransferKind) -> None:
    """Post an amount of a sale, in the period of its swap. Nothing is not posted."""
    if minor:
        ledger.post(
            debit=debit,
            credit=credit,
            amount=Money(minor, sale.currency),
            kind=kind,
            key=f"{sale.reference}:{key}",
            payment=sale.payment,
            sale=sale,
            effective_at=sale.swapped_at,
        )


def share_out(sale: Sale, contracts: Sequence[tuple[SalePart, Contract]], minor: int, kind: TransferKind) -> None:
    """From suspense to the parties: over the packs that went out by their energy, each part by its contract."""
    suspense = our(sale, AccountKind.SUSPENSE)
    splits = split_net(minor, [(part.energy_wh, _shares(contract)) for part, contract in contracts])
    for (part, _contract), parts in zip(contracts, splits, strict=True):
        receivers = (
            ("station", ledger.party_account(organisation=sale.station_owner, currency=sale.currency)),
            ("pack", ledger.party_account(organisation=part.pack_owner, currency=sale.currency)),
            ("operator", our(sale, AccountKind.OPERATOR)),
        )
        amounts = (parts.station_owner_minor, parts.pack_owner_minor, parts.operator_minor)
        for (name, account), amount in zip(receivers, amounts, strict=True):
            move(sale, f"{kind}:{part.index}:{name}", suspense, account, amount, kind)


def collect_back(sale: Sale, left: Sequence[tuple[LedgerAccount, int, TransferKind]], minor: int, *, key: str) -> None:
    """Into suspense, from whoever has something left, in proportion to it; each as the kind that stands with it."""
    suspense = our(sale, AccountKind.SUSPENSE)
    backs = take_back(minor, [amount for _account, amount, _kind in left])
    for (account, _amount, kind), back in zip(left, backs, strict=True):
        if account.pk != suspense.pk and back:
            ledger.post(
                debit=account,
                credit=suspense,
                amount=Money(back, sale.currency),
                kind=kind,
                key=f"{key}:{account.pk}",
                payment=sale.payment,
                sale=sale,
            )


def left_with_each(rows: Iterable[tuple[int, int, int]]) -> list[tuple[LedgerAccount, int]]:
    """Who has how much of these transfers (debit, credit, amount) left, in the order they were first given it."""
    left: dict[int, int] = {}
    for debit, credit, minor in rows:
        left[credit] = left.get(credit, 0) + minor
        left[debit] = left.get(debit, 0) - minor
    accounts = LedgerAccount.objects.in_bulk(list(left))
    return [(accounts[pk], minor) for pk, minor in left.items() if minor > 0]


def our(sale: Sale, kind: AccountKind) -> LedgerAccount:
    return ledger.account(network=sale.network, kind=kind, currency=sale.currency)


def posted(sale: Sale, *kinds: TransferKind) -> int:
    """The sum of what was posted of these kinds for a sale, in minor units."""
    rows = Transfer.objects.posted().filter(sale=sale, kind__in=kinds)
    return int(rows.aggregate(minor=Sum("amount_minor", default=0))["minor"])


def _shares(contract: Contract) -> Shares:
    return Shares(contract.station_owner_bp, contract.pack_owner_bp, contract.operator_bp)
