"""What waits for a person in finance, and one sale explained down to its transfers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import User
from payments import differences, finance, labels, presentation, sales, sharing
from payments.finance import operations_of, payments_of, sales_of
from payments.models import (
    Contract,
    ContractQuerySet,
    Difference,
    LedgerAccount,
    PaymentOperation,
    Sale,
    StatementLine,
    Transfer,
)
from payments.money import Money
from payments.states import POSTED_STAGES, AccountKind, OperationKind, OperationState, PaymentState, TransferKind

AT_MOST = 200


@dataclass(frozen=True, slots=True)
class SuspenseRow:
    """A paid swap without a contract. `is_covered`: one was agreed in the meantime.

    `failed_station` is named where only the difference waits: for a contract of its owner, who is the one shown then.
    """

    reference: str
    at: datetime
    time_zone: str
    station_owner: str
    pack_owners: str
    amount: Money
    is_covered: bool
    failed_station: str = ""


@dataclass(frozen=True, slots=True)
class OwedRow:
    reference: str
    at: datetime
    time_zone: str
    who: str
    owed: Money
    reason: str


@dataclass(frozen=True, slots=True)
class OperationRow:
    """Something that was asked and never answered, or an answer that leaves money where it should not be."""

    id: int
    kind: str
    reference: str
    amount: Money
    calls: int
    since: datetime
    time_zone: str
    key: str


@dataclass(frozen=True, slots=True)
class Cases:
    suspense: list[SuspenseRow]
    covered: int
    owed: list[OwedRow]
    operations: list[OperationRow]

    def __bool__(self) -> bool:
        return bool(self.suspense or self.owed or self.operations)


@dataclass(frozen=True, slots=True)
class TransferRow:
    id: int
    kind: str
    debit: str
    credit: str
    amount: Money
    stage: str
    at: datetime
    written_at: datetime
    statement_id: int | None


@dataclass(frozen=True, slots=True)
class ShareRow:
    """Who got how much of a sale, less what they gave back, as a part of 100 for the drawing."""

    name: str
    amount: Money
    left_percent: float
    width_percent: float


@dataclass(frozen=True, slots=True)
class DifferenceCard:
    """What this swap's parties have less because its driver came from a station that failed, and who makes it up.

    `amount` is without tax. `bearer` is empty while nobody has borne it; `given_back` is what refunds have undone.
    """

    failed_station: str
    failed_owner: str
    full: Money
    amount: Money
    given_back: Money
    is_waiting: bool
    bearer: str
    contract: str
    shares: list[tuple[str, Money]]


@dataclass(frozen=True, slots=True)
class SaleCard:
    reference: str
    network: str
    time_zone: str
    description: str
    station_owner: str
    at: datetime
    gross: Money
    tax: Money
    net: Money
    tax_rate_bp: int
    method: str
    state: str
    state_label: str
    captured: Money
    refunded: Money
    owed: Money
    refundable: Money
    reason: str
    is_in_suspense: bool
    is_shared: bool
    can_be_assigned: bool
    difference: DifferenceCard | None
    parts: list[tuple[str, str, str]]
    shares: list[ShareRow]
    transfers: list[TransferRow]


def cases(user: User) -> Cases:
    differences_waiting = finance.differences_waiting(user).order_by("sale__swapped_at", "id")[:AT_MOST]
    suspense = [_suspense_row(sale) for sale in _waiting(user)]
    suspense += [_difference_row(difference) for difference in differences_waiting]
    owed = payments_of(user).owed().select_related("organisation", "sale").order_by("sale__swapped_at")[:AT_MOST]
    operations = operations_for_a_person(user).order_by("created_at")[:AT_MOST]
    return Cases(
        suspense=suspense,
        covered=sum(row.is_covered for row in suspense),
        owed=[
            OwedRow(
                reference=str(payment.reference),
                at=payment.sale.swapped_at,
                time_zone=payment.network.time_zone,
                who=str(payment.organisation or payment.payer or ""),
                owed=payment.sale.gross - payment.captured,
                reason=labels.refusal_sentence(payment.reason_code, payment.reason),
            )
            for payment in owed
        ],
        operations=[
            OperationRow(
                id=operation.pk,
                kind=str(labels.OPERATIONS[operation.kind]),
                reference=str(operation.payment.reference) if operation.payment else "",
                amount=operation.amount,
                calls=operation.calls,
                since=operation.created_at,
                time_zone=operation.network.time_zone,
                key=operation.key,
            )
            for operation in operations
        ],
    )


def operations_for_a_person(user: User) -> QuerySet[PaymentOperation]:
    """Never answered; or a release that was refused, so that a hold stands for which there is no booking."""
    refused = Q(
        kind=OperationKind.RELEASE, state=OperationState.REFUSED, payment__state=PaymentState.RELEASING
    ) & ~Exists(PaymentOperation.objects.under_way().filter(payment=OuterRef("payment")))
    return operations_of(user).filter(Q(needs_person=True) | refused)


def contracts_that_fit(sale: Sale) -> list[Contract]:
    """Those of its station owner that cover all of its packs, whatever their dates."""
    owners = set(sale.parts.values_list("pack_owner", flat=True))
    fits = Q(pack_owner=None) | (Q(pack_owner__in=owners) if len(owners) == 1 else Q(pk=None))
    return list(_contracts_of(sale.station_owner_id, sale).filter(fits))


def contracts_that_name_a_bearer(difference: Difference) -> list[Contract]:
    """Those of the owner whose station failed, whatever their packs and dates."""
    return list(_contracts_of(difference.failed_owner_id, difference.sale))


def waiting_difference(sale: Sale) -> Difference | None:
    return Difference.objects.waiting().filter(sale=sale).select_related("sale", "failed_owner").first()


def sale_card(sale: Sale) -> SaleCard:
    payment = sale.payment
    is_in_suspense = sale.paid_at is not None and sale.split_at is None
    waiting = waiting_difference(sale)
    return SaleCard(
        reference=str(sale.reference),
        network=sale.network.name,
        time_zone=sale.network.time_zone,
        description=sale.description,
        station_owner=sale.station_owner.name,
        at=sale.swapped_at,
        gross=sale.gross,
        tax=Money(sale.tax_minor, sale.currency),
        net=Money(sale.net_minor, sale.currency),
        tax_rate_bp=sale.tax_rate_bp,
        method=str(labels.METHODS.get(payment.method, payment.method)),
        state=payment.state,
        state_label=str(labels.PAYMENT_STATES[payment.state]),
        captured=payment.captured,
        refunded=payment.refunded,
        owed=Money(sale.gross_minor - payment.captured_minor if payment.state == "owed" else 0, sale.currency),
        refundable=Money(
            payment.captured_minor - payment.refunded_minor if payment.state == PaymentState.CAPTURED else 0,
            sale.currency,
        ),
        reason=labels.refusal_sentence(payment.reason_code, payment.reason),
        is_in_suspense=is_in_suspense,
        is_shared=sale.split_at is not None,
        can_be_assigned=bool(
            (is_in_suspense and contracts_that_fit(sale)) or (waiting and contracts_that_name_a_bearer(waiting))
        ),
        difference=_difference_card(sale),
        parts=[
            (part.pack_owner.name, presentation.energy(part.energy_wh), str(part.contract or ""))
            for part in sale.parts.select_related(
                "pack_owner", "contract__station_owner", "contract__pack_owner"
            ).order_by("index")
        ],
        shares=_shares(sale),
        transfers=_transfers(sale),
    )


def account_name(account: LedgerAccount) -> str:
    """Without the name of a driver: finance explains figures, not people."""
    owner = account.organisation or account.method or ""
    if account.kind == AccountKind.WALLET:
        return str(labels.METHODS["wallet"])
    return str(labels.ACCOUNTS[account.kind]) % {"owner": owner}


def _waiting(user: User) -> list[Sale]:
    waiting = sales_of(user).filter(paid_at__isnull=False, split_at=None).prefetch_related("parts__pack_owner")
    return list(waiting.order_by("swapped_at", "id")[:AT_MOST])


def _suspense_row(sale: Sale) -> SuspenseRow:
    return SuspenseRow(
        reference=str(sale.reference),
        at=sale.swapped_at,
        time_zone=sale.network.time_zone,
        station_owner=sale.station_owner.name,
        pack_owners=", ".join(sorted({part.pack_owner.name for part in sale.parts.all()})),
        amount=Money(sale.net_minor, sale.currency),
        is_covered=sales.contracts_for(sale) is not None,
    )


def _difference_row(difference: Difference) -> SuspenseRow:
    return SuspenseRow(
        reference=str(difference.sale.reference),
        at=difference.sale.swapped_at,
        time_zone=difference.sale.network.time_zone,
        station_owner=difference.failed_owner.name,
        pack_owners="",
        amount=difference.amount,
        is_covered=differences.contract_for(difference) is not None,
        failed_station=difference.failed_station,
    )


def _contracts_of(station_owner_id: int, sale: Sale) -> ContractQuerySet:
    found = Contract.objects.filter(network=sale.network_id, station_owner=station_owner_id)
    return found.select_related("station_owner", "pack_owner").order_by("valid_from")


def _difference_card(sale: Sale) -> DifferenceCard | None:
    whole = ("sale", "failed_owner", "contract__station_owner", "contract__pack_owner")
    difference = Difference.objects.filter(sale=sale).select_related(*whole).first()
    if difference is None:
        return None
    borne = Transfer.objects.filter(sale=sale, kind=TransferKind.DIFFERENCE).select_related("debit__organisation")
    bearer = borne[0].debit if borne else None
    return DifferenceCard(
        failed_station=difference.failed_station,
        failed_owner=difference.failed_owner.name,
        full=difference.full,
        amount=difference.amount,
        given_back=Money(sharing.posted(sale, TransferKind.DIFFERENCE_BACK), sale.currency),
        is_waiting=difference.settled_at is None,
        bearer=str(bearer.organisation or account_name(bearer)) if bearer is not None else "",
        contract=str(difference.contract or ""),
        shares=[
            (name, Money(minor, sale.currency))
            for name, minor in _received(sale, _COMPENSATED, _COMPENSATED_BACK).items()
            if minor
        ],
    )


_SHARED, _SHARED_BACK = (TransferKind.TAX, TransferKind.SHARE), (TransferKind.TAX_BACK, TransferKind.SHARE_BACK)
_COMPENSATED, _COMPENSATED_BACK = (TransferKind.COMPENSATION,), (TransferKind.COMPENSATION_BACK,)


def _shares(sale: Sale) -> list[ShareRow]:
    """What is left with each receiver; nothing while the swap is not paid."""
    received = _received(sale, _SHARED, _SHARED_BACK)
    total = sum(received.values())
    rows, left = [], 0.0
    for name, minor in received.items():
        if minor:
            width = round(100 * minor / total, 2)
            rows.append(ShareRow(name, Money(minor, sale.currency), round(left, 2), width))
            left += width
    return rows


def _received(sale: Sale, given: tuple[TransferKind, ...], given_back: tuple[TransferKind, ...]) -> dict[str, int]:
    """By the name of an account what it got by these kinds, less what it gave back by those."""
    received: dict[str, int] = {}
    moved = Transfer.objects.posted().filter(sale=sale, kind__in=[*given, *given_back])
    for transfer in moved.select_related("debit__organisation", "credit__organisation").order_by("id"):
        back = transfer.kind in given_back
        name = account_name(transfer.debit if back else transfer.credit)
        received[name] = received.get(name, 0) + (-transfer.amount_minor if back else transfer.amount_minor)
    return received


def _transfers(sale: Sale) -> list[TransferRow]:
    of_sale = Transfer.objects.filter(payment=sale.payment).select_related(
        "debit__organisation", "credit__organisation"
    )
    on_statements = dict(
        StatementLine.objects.filter(transfer__payment=sale.payment).values_list("transfer_id", "statement_id")
    )
    return [
        TransferRow(
            id=transfer.pk,
            kind=str(labels.TRANSFERS[transfer.kind]),
            debit=account_name(transfer.debit),
            credit=account_name(transfer.credit),
            amount=transfer.amount,
            stage="posted" if transfer.stage in POSTED_STAGES else transfer.stage,
            at=transfer.effective_at,
            written_at=transfer.created_at,
            statement_id=on_statements.get(transfer.pk),
        )
        for transfer in of_sale.order_by("id")
    ]
