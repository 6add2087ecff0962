"""Sole writer of Sale: what was sold, when it was paid, and how its net is split. Tax first, then by contract."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import F, Q, Sum
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.models import Organisation, User
from accounts.refusals import Refusal
from payments import ledger
from payments.models import Contract, LedgerAccount, Payment, Sale, SalePart, Transfer
from payments.money import Money
from payments.splitting import Shares, split_net, take_back, tax_in
from payments.states import AccountKind, TransferKind


class NoContract(Refusal):
    """No contract says how this sale is shared."""

    code = "no_contract"


@dataclass(frozen=True, slots=True)
class SalePartTerms:
    """One pack that went out: whose it is, and how much energy it carried (its weight in the split)."""

    pack_owner: Organisation
    energy_wh: int


@dataclass(frozen=True, slots=True)
class SaleTerms:
    """A finished swap as money sees it. `gross` includes tax at `tax_rate_bp`."""

    gross: Money
    tax_rate_bp: int
    station_owner: Organisation
    parts: tuple[SalePartTerms, ...]
    swapped_at: datetime
    description: str = ""


@transaction.atomic
def record(*, payment: Payment, terms: SaleTerms) -> Sale:
    """Write down the sale, before any of its money is asked for."""
    tax_minor = tax_in(terms.gross.amount_minor, terms.tax_rate_bp)
    sale = Sale.objects.create(
        network_id=payment.network_id,
        reference=payment.reference,
        payment=payment,
        currency=terms.gross.currency,
        gross_minor=terms.gross.amount_minor,
        tax_minor=tax_minor,
        net_minor=terms.gross.amount_minor - tax_minor,
        tax_rate_bp=terms.tax_rate_bp,
        station_owner=terms.station_owner,
        description=terms.description[:200],
        swapped_at=terms.swapped_at,
    )
    SalePart.objects.bulk_create(
        SalePart(sale=sale, index=index, pack_owner=part.pack_owner, energy_wh=part.energy_wh)
        for index, part in enumerate(terms.parts)
    )
    return sale


@transaction.atomic
def paid(*, sale: Sale) -> Sale:
    """All of it is here: the tax goes aside at once, the net is split, or waits in suspense without a contract."""
    Sale.objects.filter(pk=sale.pk).update(paid_at=Now())
    sale.refresh_from_db(fields=["paid_at"])
    _move(sale, "tax", _our(sale, AccountKind.SUSPENSE), _our(sale, AccountKind.TAX), sale.tax_minor, TransferKind.TAX)
    contracts = contracts_for(sale)
    return sale if contracts is None else _split(sale, contracts, None)


@transaction.atomic
def split(*, sale: Sale, by: User | None, contract: Contract | None = None) -> Sale:
    """Split what waited in suspense: by the contract that a person names, else by those valid at swap time."""
    sale = Sale.objects.select_for_update(of=("self",)).select_related("network", "station_owner").get(pk=sale.pk)
    if sale.split_at is not None:
        return sale
    contracts = contracts_for(sale) if contract is None else _all_parts_by(sale, contract)
    if sale.paid_at is None or contracts is None:
        raise NoContract(_("No contract covers this swap."))
    return _split(sale, contracts, by)


@transaction.atomic
def take_back_from_receivers(*, sale: Sale, amount: Money, key: str) -> None:
    """For a refund: collect from tax and shares, in proportion to what is left with each, back into suspense."""
    suspense = _our(sale, AccountKind.SUSPENSE)
    left = _left_with_each(sale)
    for (account, _left), back in zip(left, take_back(amount.amount_minor, [minor for _a, minor in left]), strict=True):
        kind = TransferKind.TAX_BACK if account.kind == AccountKind.TAX else TransferKind.SHARE_BACK
        if account.pk != suspense.pk and back:
            ledger.post(
                debit=account,
                credit=suspense,
                amount=Money(back, sale.currency),
                kind=kind,
                key=f"{key}:from:{account.pk}",
                payment=sale.payment,
                sale=sale,
            )


def contracts_for(sale: Sale) -> list[tuple[SalePart, Contract]] | None:
    """Each part's contract at swap time; a pack owner's own before the one for everybody. None when one has none."""
    found = []
    for part in sale.parts.select_related("pack_owner__network").order_by("index"):
        contract = (
            Contract.objects.valid_at(sale.swapped_at)
            .filter(Q(pack_owner=part.pack_owner_id) | Q(pack_owner=None))
            .filter(network=sale.network_id, station_owner=sale.station_owner_id)
            .order_by(F("pack_owner").asc(nulls_last=True))
            .first()
        )
        if contract is None:
            return None
        found.append((part, contract))
    return found or None


def _all_parts_by(sale: Sale, contract: Contract) -> list[tuple[SalePart, Contract]] | None:
    """A contract of another station owner, or of another pack owner, does not fit."""
    if (contract.network_id, contract.station_owner_id) != (sale.network_id, sale.station_owner_id):
        return None
    parts = list(sale.parts.select_related("pack_owner__network").order_by("index"))
    if contract.pack_owner_id and any(part.pack_owner_id != contract.pack_owner_id for part in parts):
        return None
    return [(part, contract) for part in parts] or None


def _split(sale: Sale, contracts: Sequence[tuple[SalePart, Contract]], by: User | None) -> Sale:
    """What is in suspense for this sale: its net, less what was refunded while it waited."""
    suspense = _our(sale, AccountKind.SUSPENSE)
    net_minor = _in_suspense(sale, suspense)
    splits = split_net(net_minor, [(part.energy_wh, _shares(contract)) for part, contract in contracts])
    for (part, contract), parts in zip(contracts, splits, strict=True):
        SalePart.objects.filter(pk=part.pk).update(contract=contract)
        receivers = (
            ("station", ledger.party_account(organisation=sale.station_owner, currency=sale.currency)),
            ("pack", ledger.party_account(organisation=part.pack_owner, currency=sale.currency)),
            ("operator", _our(sale, AccountKind.OPERATOR)),
        )
        amounts = (parts.station_owner_minor, parts.pack_owner_minor, parts.operator_minor)
        for (name, account), minor in zip(receivers, amounts, strict=True):
            _move(sale, f"share:{part.index}:{name}", suspense, account, minor, TransferKind.SHARE)
    Sale.objects.filter(pk=sale.pk).update(split_at=Now(), split_by=by)
    sale.refresh_from_db(fields=["split_at", "split_by"])
    return sale


def _move(sale: Sale, key: str, debit: LedgerAccount, credit: LedgerAccount, minor: int, kind: TransferKind) -> None:
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


def _our(sale: Sale, kind: AccountKind) -> LedgerAccount:
    return ledger.account(network=sale.network, kind=kind, currency=sale.currency)


def _shares(contract: Contract) -> Shares:
    return Shares(contract.station_owner_bp, contract.pack_owner_bp, contract.operator_bp)


def _in_suspense(sale: Sale, suspense: LedgerAccount) -> int:
    rows = Transfer.objects.posted().filter(sale=sale)
    sums = rows.aggregate(
        came=Sum("amount_minor", filter=Q(credit=suspense), default=0),
        went=Sum("amount_minor", filter=Q(debit=suspense), default=0),
    )
    return int(sums["came"] - sums["went"])


def _left_with_each(sale: Sale) -> list[tuple[LedgerAccount, int]]:
    """Who still has how much of this sale: tax, suspense and parties, in the order they were first given it."""
    left: dict[int, int] = {}
    source = sale.payment.transfers.filter(kind__in=[TransferKind.CAPTURE, TransferKind.COLLECT])
    sources = set(source.values_list("debit_id", flat=True))
    for debit, credit, minor in (
        Transfer.objects.posted().filter(sale=sale).order_by("id").values_list("debit_id", "credit_id", "amount_minor")
    ):
        left[credit] = left.get(credit, 0) + minor
        left[debit] = left.get(debit, 0) - minor
    accounts = LedgerAccount.objects.in_bulk([pk for pk in left if pk not in sources])
    return [(accounts[pk], minor) for pk, minor in left.items() if pk in accounts and minor > 0]
