"""Statements as CSV that a spreadsheet opens cleanly: UTF-8 with BOM, formulas in text defused, amounts as numbers."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from payments import finance, labels
from payments.models import Statement
from payments.money import Money

BOM = "\ufeff"
# What a spreadsheet takes for the beginning of a formula. In Chinese and Japanese ones the full-width signs count too.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")

Cell = str | int | Decimal


class _Echo:
    """A file that hands back what is written to it, so that rows stream."""

    def write(self, row: str) -> str:
        return row


def csv_rows(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield BOM + str(writer.writerow([_safe(cell) for cell in header]))
    for row in rows:
        yield str(writer.writerow([_safe(cell) for cell in row]))


def statement_csv(statement: Statement) -> Iterator[str]:
    """One row per line, in the statement's time zone, and the total last."""
    zone = ZoneInfo(statement.time_zone)
    header = [
        _("Party"),
        _("Swapped or posted at"),
        _("Kind"),
        _("Booking"),
        _("Description"),
        _("Price with tax"),
        _("Amount"),
        _("Currency"),
        _("Transfer"),
    ]
    return csv_rows(header, _rows(statement, zone))


def _rows(statement: Statement, zone: ZoneInfo) -> Iterator[Sequence[Cell]]:
    party, currency = statement.party.name, statement.currency
    for line in finance.statement_lines(statement).iterator(chunk_size=2_000):
        transfer = line.transfer
        amount = Money(line.amount_minor, currency).major
        sale = transfer.sale
        yield (
            party,
            f"{transfer.effective_at.astimezone(zone):%Y-%m-%d %H:%M:%S}",
            str(labels.TRANSFERS[transfer.kind]),
            str(sale.reference) if sale else "",
            finance.description_of(transfer),
            sale.gross.major if sale else "",
            amount,
            currency,
            transfer.key,
        )
    yield (party, "", _("Total"), "", "", "", statement.total.major, currency, statement.lines_sha256)


def _safe(cell: Cell) -> Cell:
    """An apostrophe before what would be a formula; numbers stay numbers, below zero as well."""
    if isinstance(cell, str) and cell.startswith(FORMULA_STARTS):
        return f"'{cell}"
    return cell
