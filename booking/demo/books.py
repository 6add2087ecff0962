"""The money of the past, as rows: what checkout, operations, sales and the ledger would have written at the time.

They write with the clock of now, so a payment of July cannot go through them. Amounts come from the same pure rules
(`splitting`, `pricing`), keys are spelled as theirs, and every constraint and trigger of the ledger looks at each row.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from accounts.models import Organisation, User
from booking.demo.network import Founded
from booking.demo.rows import Rows
from payments import ledger
from payments.models import Contract, LedgerAccount, Payment, PaymentOperation, Sale, SalePart, Transfer
from payments.sales import SaleTerms
from payments.splitting import Shares, split_net, tax_in
from payments.states import (
    AccountKind,
    OperationKind,
    OperationState,
    PaymentMode,
    PaymentState,
    TransferKind,
    TransferStage,
)

A_MOMENT = timedelta(seconds=1)


@dataclass(slots=True)
class Opened:
    """A payment that is authorised, and where its money is."""

    payment: Payment
    source: LedgerAccount
    hold: Transfer | None


class Books:
    """Writes one network's past payments into `rows`."""

    def __init__(self, *, founded: Founded, rows: Rows) -> None:
        self._founded = founded
        self._rows = rows
        self._wallets: dict[int, int] = {}
        self._top_ups = 0
        self._suspense = self._our(AccountKind.SUSPENSE)
        self._tax = self._our(AccountKind.TAX)
        self._bank = self._our(AccountKind.CLEARING, method="bank")
        self._contracts = {
            contract.station_owner_id: contract for contract in Contract.objects.filter(network=founded.network)
        }
        self._account = cache(self._open_account)

    def authorise(
        self,
        *,
        reference: UUID,
        method: str,
        driver: User | None,
        organisation: Organisation | None,
        most_minor: int,
        at: datetime,
    ) -> Opened:
        """The most it can cost is set aside; a wallet is topped up first when it holds less."""
        if method == "wallet":
            assert driver is not None
            source = self._account(AccountKind.WALLET, driver, None)
            self._top_up_if_short(driver, source, most_minor, at - 60 * A_MOMENT)
            self._wallets[driver.pk] -= most_minor
        else:
            kind = AccountKind.RECEIVABLE if method == "account" else AccountKind.CASH
            source = self._account(kind, None, organisation)
        payment = self._rows.add(
            Payment(
                network=self._founded.network,
                reference=reference,
                method=method,
                mode=PaymentMode(method),
                payer=driver,
                organisation=organisation,
                currency=self._founded.land.currency,
                asked_minor=most_minor,
                authorised_minor=most_minor,
                state=PaymentState.AUTHORISED,
                created_at=at,
                changed_at=at,
            )
        )
        operation = self._operation(payment, OperationKind.AUTHORISE, most_minor, at)
        hold = None
        if method != "cash":
            hold = self._transfer(
                source,
                self._suspense,
                most_minor,
                TransferKind.HOLD,
                operation.key,
                at,
                stage=TransferStage.PENDING,
                payment=payment,
            )
        return Opened(payment, source, hold)

    def release(self, opened: Opened, *, reason: str, at: datetime) -> None:
        """Nothing was swapped: what was set aside is free again."""
        payment, hold = opened.payment, opened.hold
        operation = self._operation(payment, OperationKind.RELEASE, payment.authorised_minor, at, reason)
        if hold is not None:
            self._transfer(
                hold.debit,
                hold.credit,
                hold.amount_minor,
                TransferKind.RELEASE,
                operation.key,
                at,
                stage=TransferStage.VOID,
                pending=hold,
                payment=payment,
            )
        if payment.mode == PaymentMode.WALLET:
            assert payment.payer_id is not None
            self._wallets[payment.payer_id] += payment.authorised_minor
        payment.state, payment.reason, payment.changed_at = PaymentState.RELEASED, reason, at

    def sell(self, opened: Opened, *, terms: SaleTerms) -> Sale:
        """The swap happened: its price is kept from the hold, and shared."""
        payment, at, gross = opened.payment, terms.swapped_at, terms.gross.amount_minor
        contract = self._contracts.get(terms.station_owner.pk)
        sale = self._rows.add(_sale(payment, terms, is_split=contract is not None))
        parts = [
            self._rows.add(
                SalePart(
                    sale=sale, index=index, pack_owner=part.pack_owner, energy_wh=part.energy_wh, contract=contract
                )
            )
            for index, part in enumerate(terms.parts)
        ]
        operation = self._operation(payment, OperationKind.CAPTURE, gross, at)
        self._transfer(
            opened.source,
            self._suspense,
            gross,
            TransferKind.CAPTURE,
            operation.key,
            at,
            stage=TransferStage.SINGLE if opened.hold is None else TransferStage.POST,
            pending=opened.hold,
            payment=payment,
            sale=sale,
        )
        if payment.mode == PaymentMode.WALLET:
            assert payment.payer_id is not None
            self._wallets[payment.payer_id] += payment.authorised_minor - gross
        payment.state, payment.captured_minor, payment.changed_at = PaymentState.CAPTURED, gross, at
        self._move(sale, "tax", self._suspense, self._tax, sale.tax_minor, TransferKind.TAX)
        if contract is not None:
            self._share(sale, parts, contract)
        return sale

    def _share(self, sale: Sale, parts: list[SalePart], contract: Contract) -> None:
        shares = Shares(contract.station_owner_bp, contract.pack_owner_bp, contract.operator_bp)
        splits = split_net(sale.net_minor, [(part.energy_wh, shares) for part in parts])
        for part, split in zip(parts, splits, strict=True):
            for name, party, minor in (
                ("station", sale.station_owner, split.station_owner_minor),
                ("pack", part.pack_owner, split.pack_owner_minor),
                ("operator", self._founded.operator, split.operator_minor),
            ):
                kind = AccountKind.OPERATOR if party.is_operator else AccountKind.PAYABLE
                account = self._account(kind, None, None if party.is_operator else party)
                self._move(sale, f"share:{part.index}:{name}", self._suspense, account, minor, TransferKind.SHARE)

    def _top_up_if_short(self, driver: User, source: LedgerAccount, wanted_minor: int, at: datetime) -> None:
        if self._wallets.setdefault(driver.pk, 0) >= wanted_minor:
            return
        minor = self._founded.land.top_up_minor
        self._top_ups += 1
        operation = self._rows.add(
            _operation(
                network=self._founded.network,
                account=source,
                kind=OperationKind.TOP_UP,
                key=f"top_up:demo:{self._founded.land.code}:{self._top_ups}",
                method="wallet",
                currency=source.currency,
                amount_minor=minor,
                at=at,
            )
        )
        self._transfer(self._bank, source, minor, TransferKind.TOP_UP, operation.key, at)
        self._wallets[driver.pk] += minor

    def _operation(
        self, payment: Payment, kind: OperationKind, minor: int, at: datetime, reason: str = ""
    ) -> PaymentOperation:
        return self._rows.add(
            _operation(
                network=self._founded.network,
                payment=payment,
                kind=kind,
                key=f"{payment.reference}:{kind}:1",
                method=payment.method,
                currency=payment.currency,
                amount_minor=minor,
                reason=reason,
                at=at,
            )
        )

    def _move(
        self, sale: Sale, key: str, debit: LedgerAccount, credit: LedgerAccount, minor: int, kind: TransferKind
    ) -> None:
        if minor:
            self._transfer(
                debit,
                credit,
                minor,
                kind,
                f"{sale.reference}:{key}",
                sale.swapped_at,
                payment=sale.payment,
                sale=sale,
            )

    def _transfer(
        self,
        debit: LedgerAccount,
        credit: LedgerAccount,
        minor: int,
        kind: TransferKind,
        key: str,
        at: datetime,
        **more: Any,
    ) -> Transfer:
        """`created_at` is the database's own word for when the row was written, whatever is said here."""
        return self._rows.add(
            Transfer(
                network=self._founded.network,
                currency=self._founded.land.currency,
                debit=debit,
                credit=credit,
                amount_minor=minor,
                kind=kind,
                key=key,
                effective_at=at,
                created_at=at,
                **more,
            )
        )

    def _our(self, kind: AccountKind, *, method: str = "") -> LedgerAccount:
        return ledger.account(
            network=self._founded.network, kind=kind, currency=self._founded.land.currency, method=method
        )

    def _open_account(self, kind: AccountKind, user: User | None, organisation: Organisation | None) -> LedgerAccount:
        return ledger.account(
            network=self._founded.network,
            kind=kind,
            currency=self._founded.land.currency,
            user=user,
            organisation=organisation,
        )


def _operation(*, at: datetime, **fields: Any) -> PaymentOperation:
    return PaymentOperation(
        state=OperationState.SUCCEEDED,
        due_at=None,
        calls=1,
        first_called_at=at,
        created_at=at,
        ended_at=at,
        **fields,
    )


def _sale(payment: Payment, terms: SaleTerms, *, is_split: bool) -> Sale:
    gross = terms.gross.amount_minor
    tax = tax_in(gross, terms.tax_rate_bp)
    return Sale(
        network=payment.network,
        reference=payment.reference,
        payment=payment,
        currency=payment.currency,
        gross_minor=gross,
        tax_minor=tax,
        net_minor=gross - tax,
        tax_rate_bp=terms.tax_rate_bp,
        station_owner=terms.station_owner,
        description=terms.description[:200],
        swapped_at=terms.swapped_at,
        paid_at=terms.swapped_at + A_MOMENT,
        split_at=terms.swapped_at + A_MOMENT if is_split else None,
        created_at=terms.swapped_at,
    )
