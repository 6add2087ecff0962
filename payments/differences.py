"""Sole writer of Difference: what a sale's parties have less because another station failed, and who makes it up."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.models import Organisation, User
from accounts.refusals import Refusal
from payments import ledger
from payments.models import Bearer, Contract, Difference, LedgerAccount, Sale, Transfer
from payments.money import Money
from payments.sharing import collect_back, left_with_each, locked, move, our, posted, share_out
from payments.splitting import difference_in, difference_left
from payments.states import AccountKind, TransferKind


class NotTheirContract(Refusal):
    """Who bears a difference is said by a contract of the owner whose station failed."""

    code = "not_their_contract"


@dataclass(frozen=True, slots=True)
class Moved:
    """A driver who came because another station failed. `full` is the price, tax included, by the tariff here."""

    full: Money
    failed_owner: Organisation
    failed_station: str


@transaction.atomic
def record(*, sale: Sale, moved: Moved) -> Difference | None:
    """Write down what the sale's parties have less by the lower price; None when they have not."""
    amount_minor = difference_in(moved.full.amount_minor, sale.gross_minor, sale.tax_rate_bp)
    if moved.full <= sale.gross or not amount_minor:
        return None
    return Difference.objects.create(
        sale=sale,
        failed_owner=moved.failed_owner,
        failed_station=moved.failed_station[:200],
        full_gross_minor=moved.full.amount_minor,
        amount_minor=amount_minor,
    )


@transaction.atomic
def settle(*, sale: Sale, by: User | None, contract: Contract | None = None) -> Difference | None:
    """Post it, from whoever bears it to the parties of the sale: once, however often it is asked for.

    It waits until the sale is split, and until a contract of the owner whose station failed was valid at swap time or
    is named by a person. None when nothing is settled by this. Locks the payment. Raises NotTheirContract.
    """
    difference = _locked(sale)
    if difference is None or difference.settled_at is not None or difference.sale.split_at is None:
        return None
    contract = contract or contract_for(difference)
    if contract is None:
        return None
    _post(difference, contract)
    Difference.objects.filter(pk=difference.pk).update(contract=contract, settled_at=Now(), settled_by=by)
    difference.refresh_from_db()
    return difference


@transaction.atomic
def give_back(*, sale: Sale, refunded: Money, key: str) -> None:
    """After a refund: of the difference goes back what `refunded`, all refunds together, is of the price.

    What is not settled yet needs nothing: once it is, only what is left of it is posted. Locks the payment.
    """
    difference = _locked(sale)
    if difference is None or difference.settled_at is None:
        return
    sale = difference.sale
    borne_minor = posted(sale, TransferKind.DIFFERENCE) - posted(sale, TransferKind.DIFFERENCE_BACK)
    stays_minor = difference_left(difference.amount_minor, sale.gross_minor, refunded.amount_minor)
    back = Money(borne_minor - stays_minor, sale.currency)
    if not back:
        return
    collect_back(sale, _left_with_each(sale), back.amount_minor, key=f"{key}:compensation")
    ledger.post(
        debit=our(sale, AccountKind.SUSPENSE),
        credit=sale.transfers.select_related("debit").get(kind=TransferKind.DIFFERENCE).debit,
        amount=back,
        kind=TransferKind.DIFFERENCE_BACK,
        key=f"{key}:difference",
        payment=sale.payment,
        sale=sale,
    )


def contract_for(difference: Difference) -> Contract | None:
    """Of the owner whose station failed, at swap time: with the owner of the packs that went out, else the one for all.

    Packs of several owners are no single one's: then only the one for all counts.
    """
    sale = difference.sale
    pack_owner_ids = set(sale.parts.values_list("pack_owner", flat=True))
    return Contract.objects.that_counts(
        network_id=sale.network_id,
        station_owner_id=difference.failed_owner_id,
        pack_owner_id=pack_owner_ids.pop() if len(pack_owner_ids) == 1 else None,
        at=sale.swapped_at,
    )


def _post(difference: Difference, contract: Contract) -> None:
    sale = difference.sale
    if (contract.network_id, contract.station_owner_id) != (sale.network_id, difference.failed_owner_id):
        raise NotTheirContract(_("Only a contract of the owner whose station failed says who bears the difference."))
    minor = difference_left(difference.amount_minor, sale.gross_minor, sale.payment.refunded_minor)
    suspense = our(sale, AccountKind.SUSPENSE)
    move(sale, TransferKind.DIFFERENCE, _bearer(difference, contract), suspense, minor, TransferKind.DIFFERENCE)
    parts = sale.parts.select_related("pack_owner__network", "contract").order_by("index")
    shared_by = [(part, part.contract) for part in parts if part.contract is not None]
    share_out(sale, shared_by, minor, TransferKind.COMPENSATION)


def _bearer(difference: Difference, contract: Contract) -> LedgerAccount:
    if contract.difference_bearer == Bearer.OPERATOR:
        return our(difference.sale, AccountKind.OPERATOR)
    return ledger.party_account(organisation=difference.failed_owner, currency=difference.sale.currency)


def _left_with_each(sale: Sale) -> list[tuple[LedgerAccount, int, TransferKind]]:
    kinds = (TransferKind.COMPENSATION, TransferKind.COMPENSATION_BACK)
    rows = Transfer.objects.posted().filter(sale=sale, kind__in=kinds).order_by("id")
    left = left_with_each(rows.values_list("debit_id", "credit_id", "amount_minor"))
    return [(account, minor, TransferKind.COMPENSATION_BACK) for account, minor in left]


def _locked(sale: Sale) -> Difference | None:
    """As it is now, its payment locked. Whether a sale has one is known from its first moment and never changes."""
    if not Difference.objects.filter(sale=sale).exists():
        return None
    now = locked(sale)
    difference = Difference.objects.select_related("failed_owner__network").get(sale=now)
    difference.sale = now
    return difference
