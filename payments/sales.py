"""Sole writer of Sale: what was sold, when it was paid, and how its net is split. Tax first, then by contract."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q, Sum
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.models import Organisation, User
from accounts.refusals import Refusal
from payments import differences
from payments.differences import Moved
from payments.models import Contract, LedgerAccount, Payment, Sale, SalePart, Transfer, TransferQuerySet
from payments.money import Money
from payments.sharing import collect_back, left_with_each, locked, move, our, share_out
from payments.splitting import tax_in
from payments.states import DIFFERENCE_KINDS, AccountKind, TransferKind


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
    """A finished swap as money sees it. `gross` includes tax at `tax_rate_bp`.

    `moved` says from where, when the driver came because another station failed.
    """

    gross: Money
    tax_rate_bp: int
    station_owner: Organisation
    parts: tuple[SalePartTerms, ...]
    swapped_at: datetime
    description: str = ""
    moved: Moved | None = None


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
    if terms.moved is not None:
        differences.record(sale=sale, moved=terms.moved)
    return sale


@transaction.atomic
def paid(*, sale: Sale) -> Sale:
    """All of it is here: the tax goes aside at once, the net is split, or waits in suspense without a contract."""
    Sale.objects.filter(pk=sale.pk).update(paid_at=Now())
    sale.refresh_from_db(fields=["paid_at"])
    move(sale, "tax", our(sale, AccountKind.SUSPENSE), our(sale, AccountKind.TAX), sale.tax_minor, TransferKind.TAX)
    contracts = contracts_for(sale)
    return sale if contracts is None else _split(sale, contracts, None)


@transaction.atomic
def split(*, sale: Sale, by: User | None, contract: Contract | None = None) -> Sale:
    """Split what waited in suspense: by the contract that a person names, else by those valid at swap time.

    Once, however often it is asked for. Locks the payment. Raises NoContract.
    """
    sale = locked(sale)
    if sale.split_at is not None:
        return sale
    contracts = contracts_for(sale) if contract is None else _all_parts_by(sale, contract)
    if sale.paid_at is None or contracts is None:
        raise NoContract(_("No contract covers this swap."))
    return _split(sale, contracts, by)


@transaction.atomic
def take_back_from_receivers(*, sale: Sale, amount: Money, key: str) -> None:
    """For a refund: collect from tax and shares, in proportion to what is left with each, back into suspense.

    The payment is locked, so that nobody splits the sale meanwhile.
    """
    collect_back(sale, _left_with_each(sale), amount.amount_minor, key=f"{key}:from")


def contracts_for(sale: Sale) -> list[tuple[SalePart, Contract]] | None:
    """Each part's contract at swap time; a pack owner's own before the one for everybody. None when one has none."""
    found = []
    for part in sale.parts.select_related("pack_owner__network").order_by("index"):
        contract = Contract.objects.that_counts(
            network_id=sale.network_id,
            station_owner_id=sale.station_owner_id,
            pack_owner_id=part.pack_owner_id,
            at=sale.swapped_at,
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
    for part, contract in contracts:
        SalePart.objects.filter(pk=part.pk).update(contract=contract)
    share_out(sale, contracts, _in_suspense(sale), TransferKind.SHARE)
    Sale.objects.filter(pk=sale.pk).update(split_at=Now(), split_by=by)
    sale.refresh_from_db(fields=["split_at", "split_by"])
    differences.settle(sale=sale, by=by)
    return sale


def _in_suspense(sale: Sale) -> int:
    suspense = our(sale, AccountKind.SUSPENSE)
    sums = _of_the_price(sale).aggregate(
        came=Sum("amount_minor", filter=Q(credit=suspense), default=0),
        went=Sum("amount_minor", filter=Q(debit=suspense), default=0),
    )
    return int(sums["came"] - sums["went"])


def _left_with_each(sale: Sale) -> list[tuple[LedgerAccount, int, TransferKind]]:
    """Who still has how much of the price: tax, suspense and parties, and as what they give it back."""
    rows = _of_the_price(sale).order_by("id").values_list("debit_id", "credit_id", "amount_minor")
    return [
        (account, minor, TransferKind.TAX_BACK if account.kind == AccountKind.TAX else TransferKind.SHARE_BACK)
        for account, minor in left_with_each(rows)
    ]


def _of_the_price(sale: Sale) -> TransferQuerySet:
    """What was posted of what the driver paid; a difference is no part of it."""
    return Transfer.objects.posted().filter(sale=sale).exclude(kind__in=sorted(DIFFERENCE_KINDS))
