"""What finance reads about statements and revenue. Only networks in which a person is finance (P5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, F, Min, Q, QuerySet, Sum
from django.db.models.functions import TruncMonth

from accounts.access import networks_for_finance
from accounts.models import Network, User
from payments import labels, presentation
from payments.models import (
    Difference,
    DifferenceQuerySet,
    Payment,
    PaymentOperation,
    PaymentQuerySet,
    Sale,
    Statement,
    StatementLine,
    Transfer,
)
from payments.money import Money
from payments.states import DIFFERENCE_KINDS, StatementState, TransferKind

LINES_PER_PAGE = 100
MONTHS_SHOWN = 12
# More bars than these cannot be read on a phone.
MONTHS_DRAWN = 6


@dataclass(frozen=True, slots=True)
class Totals:
    """A figure per currency: networks of two currencies are never added up."""

    count: int
    amounts: tuple[Money, ...]


@dataclass(frozen=True, slots=True)
class StateTab:
    state: str
    label: str
    count: int


@dataclass(frozen=True, slots=True)
class StatementRow:
    id: int
    party: str
    network: str
    period: str
    lines: int
    total: Money
    state: str
    state_label: str
    proposed_by: str
    is_mine_to_approve: bool


@dataclass(frozen=True, slots=True)
class Overview:
    """Statements by state with their totals, and what waits for a person."""

    tabs: list[StateTab]
    rows: list[StatementRow]
    sums: tuple[Money, ...]
    to_approve: int
    in_suspense: Totals
    oldest_in_suspense: datetime | None
    owed: Totals
    networks: list[Network]


@dataclass(frozen=True, slots=True)
class LineRow:
    """One line, and the swap that it comes from."""

    transfer_id: int
    kind: str
    at: datetime
    reference: str
    description: str
    gross: Money | None
    amount: Money


@dataclass(frozen=True, slots=True)
class StatementCard:
    """One statement, complete: who did what when, what it is made of, and what may be done next."""

    id: int
    party: str
    network: str
    time_zone: str
    period: str
    cut_off_at: datetime
    total: Money
    state: str
    state_label: str
    swaps: int
    refunds: int
    line_count: int
    sha256: str
    history: list[tuple[str, str, datetime]]
    paid_reference: str
    failure: str
    proposed_by: str
    is_mine_to_approve: bool
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """Where a month's bar stands in a drawing of 400 by 210."""

    x: int
    width: int
    y: int
    height: int
    middle: int
    above: int
    short: str


@dataclass(frozen=True, slots=True)
class MonthRow:
    month: date
    label: str
    swaps: int
    gross: Money
    net: Money
    growth: str
    is_over: bool
    bar: Bar | None


@dataclass(frozen=True, slots=True)
class Revenue:
    """One network and currency, month by month, in the network's time zone."""

    network: str
    currency: str
    months: list[MonthRow]


STEPS_FROM: dict[str, tuple[str, ...]] = {
    StatementState.OPEN: ("collect", "propose"),
    StatementState.PROPOSED: ("approve",),
    StatementState.APPROVED: ("pay",),
    StatementState.PAYING: ("mark_paid", "fail"),
    StatementState.FAILED: ("pay",),
    StatementState.PAID: ("close",),
}


def statements_of(user: User) -> QuerySet[Statement]:
    """Every statement that a person in finance may see."""
    return Statement.objects.filter(network__in=networks_for_finance(user)).select_related(
        "network", "party", "proposed_by"
    )


def sales_of(user: User) -> QuerySet[Sale]:
    return Sale.objects.filter(network__in=networks_for_finance(user)).select_related("network", "station_owner")


def differences_waiting(user: User) -> DifferenceQuerySet:
    """Of which no contract says who bears them."""
    rows = Difference.objects.waiting().filter(sale__network__in=networks_for_finance(user))
    return rows.select_related("sale__network", "failed_owner")


def payments_of(user: User) -> PaymentQuerySet:
    return Payment.objects.filter(network__in=networks_for_finance(user)).select_related("network", "payer")


def operations_of(user: User) -> QuerySet[PaymentOperation]:
    return PaymentOperation.objects.filter(network__in=networks_for_finance(user)).select_related("payment", "network")


def overview(user: User, state: str) -> Overview:
    statements = statements_of(user)
    counts = dict(statements.values_list("state").annotate(Count("id")))
    waiting, differences = sales_of(user).filter(paid_at__isnull=False, split_at=None), differences_waiting(user)
    nets = waiting.values("currency").annotate(minor=Sum("net_minor"))
    amounts = differences.values(currency=F("sale__currency")).annotate(minor=Sum("amount_minor"))
    oldest = [
        waiting.aggregate(at=Min("swapped_at"))["at"],
        differences.aggregate(at=Min("sale__swapped_at"))["at"],
    ]
    shown = statements.filter(state=state).order_by("-period_end", "party__name", "id")
    to_approve = statements.filter(state=StatementState.PROPOSED).exclude(proposed_by=user)
    return Overview(
        tabs=[StateTab(s.value, str(labels.STATEMENT_STATES[s]), counts.get(s.value, 0)) for s in StatementState],
        rows=[_row(statement, user) for statement in shown[:500]],
        sums=_to_and_by_parties(shown),
        to_approve=to_approve.count(),
        in_suspense=Totals(waiting.count() + differences.count(), _added(_per_currency(nets), _per_currency(amounts))),
        oldest_in_suspense=min((at for at in oldest if at is not None), default=None),
        owed=_owed(user),
        networks=list(networks_for_finance(user).order_by("name")),
    )


def statement_card(statement: Statement, user: User) -> StatementCard:
    lines = StatementLine.objects.filter(statement=statement)
    kinds = lines.aggregate(
        swaps=Count("transfer__sale", distinct=True, filter=~Q(transfer__kind__in=_BACK)),
        refunds=Count("transfer__sale", distinct=True, filter=Q(transfer__kind__in=_BACK)),
    )
    return StatementCard(
        id=statement.pk,
        party=statement.party.name,
        network=statement.network.name,
        time_zone=statement.time_zone,
        period=presentation.period(statement.period_start, statement.period_end),
        cut_off_at=statement.cut_off_at,
        total=statement.total,
        state=statement.state,
        state_label=str(labels.STATEMENT_STATES[statement.state]),
        swaps=kinds["swaps"],
        refunds=kinds["refunds"],
        line_count=statement.line_count,
        sha256=statement.lines_sha256,
        history=_history(statement),
        paid_reference=statement.paid_reference,
        failure=statement.failure,
        proposed_by=str(statement.proposed_by or ""),
        is_mine_to_approve=_mine_to_approve(statement, user),
        steps=STEPS_FROM.get(statement.state, ()),
    )


def statement_lines(statement: Statement) -> QuerySet[StatementLine]:
    """In the order of the swaps; a page of them is turned into rows by `line_rows`."""
    rows = statement.lines.select_related("transfer__sale__difference")
    return rows.order_by("transfer__effective_at", "transfer_id")


def description_of(transfer: Transfer) -> str:
    """Which swap a line comes from; for a difference, after which station had failed."""
    sale = transfer.sale
    if sale is None:
        return ""
    if transfer.kind not in DIFFERENCE_KINDS:
        return sale.description
    return f"{sale.difference.failed_station} → {sale.description}"


def line_rows(lines: Sequence[StatementLine], currency: str) -> list[LineRow]:
    return [
        LineRow(
            transfer_id=line.transfer_id,
            kind=str(labels.TRANSFERS[line.transfer.kind]),
            at=line.transfer.effective_at,
            reference=str(line.transfer.sale.reference) if line.transfer.sale else "",
            description=description_of(line.transfer),
            gross=line.transfer.sale.gross if line.transfer.sale else None,
            amount=Money(line.amount_minor, currency),
        )
        for line in lines
    ]


def revenue(user: User, today: date) -> list[Revenue]:
    """Each network and currency on its own; months as the network's clock has them."""
    found = []
    for network in networks_for_finance(user).order_by("name"):
        sales = Sale.objects.filter(network=network)
        months: Any = (
            sales.annotate(month=TruncMonth("swapped_at", tzinfo=ZoneInfo(network.time_zone)))
            .values("currency", "month")
            .annotate(gross_sum=Sum("gross_minor"), net_sum=Sum("net_minor"), swaps=Count("id"))
            .order_by("currency", "month")
        )
        by_currency: dict[str, list[dict[str, Any]]] = {}
        for row in months:
            by_currency.setdefault(row["currency"], []).append(row)
        found += [
            Revenue(network.name, currency, _month_rows(rows, currency, today))
            for currency, rows in sorted(by_currency.items())
        ]
    return found


def _month_rows(rows: list[dict[str, Any]], currency: str, today: date) -> list[MonthRow]:
    shown = []
    drawn = rows[-MONTHS_DRAWN:]
    highest = max((row["gross_sum"] for row in drawn), default=0)
    first_drawn = len(rows) - len(drawn)
    for index, (before, row) in enumerate(zip([None, *rows], rows, strict=False)):
        first = row["month"].date()
        is_over = (first.year, first.month) < (today.year, today.month)
        shown.append(
            MonthRow(
                month=first,
                label=presentation.month(first),
                swaps=row["swaps"],
                gross=Money(row["gross_sum"], currency),
                net=Money(row["net_sum"], currency),
                # A month that still runs is not compared with a whole one.
                growth=presentation.growth(row["gross_sum"], before["gross_sum"]) if before and is_over else "",
                is_over=is_over,
                bar=_bar(index - first_drawn, len(drawn), Money(row["gross_sum"], currency), highest),
            )
        )
    return shown[-MONTHS_SHOWN:]


def _bar(index: int, of: int, amount: Money, highest: int) -> Bar | None:
    if index < 0:
        return None
    height = round(150 * amount.amount_minor / highest) if highest else 0
    place = 400 // of
    width = min(56, place * 3 // 5)
    middle = index * place + place // 2
    return Bar(
        x=middle - width // 2,
        y=180 - height,
        width=width,
        height=height,
        middle=middle,
        above=172 - height,
        short=presentation.short(amount),
    )


_BACK = [TransferKind.REFUND, TransferKind.SHARE_BACK, TransferKind.TAX_BACK, TransferKind.COMPENSATION_BACK]


def _row(statement: Statement, user: User) -> StatementRow:
    return StatementRow(
        id=statement.pk,
        party=statement.party.name,
        network=statement.network.name,
        period=presentation.period(statement.period_start, statement.period_end),
        lines=statement.line_count,
        total=statement.total,
        state=statement.state,
        state_label=str(labels.STATEMENT_STATES[statement.state]),
        proposed_by=str(statement.proposed_by or ""),
        is_mine_to_approve=_mine_to_approve(statement, user),
    )


def _mine_to_approve(statement: Statement, user: User) -> bool:
    return statement.state == StatementState.PROPOSED and statement.proposed_by_id != user.pk


def _history(statement: Statement) -> list[tuple[str, str, datetime]]:
    """(state, person, instant), the latest last."""
    steps = [
        (StatementState.OPEN, None, statement.created_at),
        (StatementState.PROPOSED, statement.proposed_by, statement.proposed_at),
        (StatementState.APPROVED, statement.approved_by, statement.approved_at),
        (StatementState.PAYING, statement.paying_by, statement.paying_at),
        (StatementState.FAILED, None, statement.failed_at),
        (StatementState.PAID, statement.paid_by, statement.paid_at),
        (StatementState.CLOSED, statement.closed_by, statement.closed_at),
    ]
    done = [(str(labels.STATEMENT_STATES[state]), str(by or ""), at) for state, by, at in steps if at is not None]
    return sorted(done, key=lambda step: step[2])


def _owed(user: User) -> Totals:
    owed = payments_of(user).owed()
    sums = owed.values("currency").annotate(minor=Sum("sale__gross_minor") - Sum("captured_minor"))
    return Totals(owed.count(), _per_currency(sums))


def _to_and_by_parties(statements: QuerySet[Statement]) -> tuple[Money, ...]:
    """What is owed to parties and what is owed by them are two figures: one is paid out, the other is billed."""
    by_sign = [statements.filter(total_minor__gte=0), statements.filter(total_minor__lt=0)]
    sums = [_per_currency(part.order_by().values("currency").annotate(minor=Sum("total_minor"))) for part in by_sign]
    return tuple(sorted((*sums[0], *sums[1]), key=lambda amount: (amount.currency, -amount.amount_minor)))


def _per_currency(rows: Any) -> tuple[Money, ...]:
    return tuple(Money(row["minor"], row["currency"]) for row in rows.order_by("currency"))


def _added(*parts: tuple[Money, ...]) -> tuple[Money, ...]:
    """One figure for each currency."""
    sums: dict[str, Money] = {}
    for amount in (amount for part in parts for amount in part):
        sums[amount.currency] = sums[amount.currency] + amount if amount.currency in sums else amount
    return tuple(sums[currency] for currency in sorted(sums))
