"""Sole writer of Statement: collect, propose (frozen and hashed), approve by another person, pay, close.

Lock order: the statement, then limited ledger accounts.
"""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Exists, Max, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.access import has_role
from accounts.models import Network, Organisation, Role, User
from accounts.refusals import Refusal
from payments import differences, ledger, sales
from payments.freezing import FrozenHead, FrozenLine, sha256_of
from payments.models import Contract, Difference, LedgerAccount, Sale, Statement, StatementLine, Transfer
from payments.money import Money
from payments.states import PARTY_ACCOUNTS, AccountKind, StatementStep, TransferKind, statement_after


class StatementStepRefused(Refusal):
    """A statement in this state does not take this step."""

    code = "statement_step_refused"


class NotFinance(Refusal):
    """Only finance of the statement's network acts on it."""

    code = "not_finance"


class SamePerson(Refusal):
    """Who proposed a statement does not approve it."""

    code = "same_person"


class NothingToPropose(Refusal):
    """A statement without a line says nothing."""

    code = "nothing_to_propose"


class LinesDoNotMatch(Refusal):
    """What is to be approved is no longer what was proposed."""

    code = "lines_do_not_match"


class ReferenceMissing(Refusal):
    """A payment is found again by its reference."""

    code = "reference_missing"


@transaction.atomic
def open_statements(*, network: Network, until: date, by: User) -> list[Statement]:
    """One statement for each party and currency with lines before `until` (the first day that is not in it)."""
    _refuse_others(network, by)
    # Two people who open the same period at once get the same statements.
    Network.objects.select_for_update().get(pk=network.pk)
    parties: dict[tuple[int, str], None] = {}
    for account in LedgerAccount.objects.filter(network=network, kind__in=sorted(PARTY_ACCOUNTS)).order_by("id"):
        parties[account.organisation_id or 0, account.currency] = None
    organisations = Organisation.objects.select_related("network").in_bulk([party for party, _currency in parties])
    opened = (_open_statement(organisations[party_id], currency, until) for party_id, currency in parties)
    return [statement for statement in opened if statement is not None]


@transaction.atomic
def collect(*, statement: Statement) -> Statement:
    """Take every posted line not yet on a statement, up to the cut-off."""
    statement = _locked(statement)
    _after(statement, StatementStep.COLLECT)
    _collect(statement)
    return statement


@transaction.atomic
def propose(*, statement: Statement, by: User) -> Statement:
    """Collect a last time, then freeze: from here on the database lets nobody change lines or total."""
    statement = _locked(statement)
    _refuse_others(statement.network, by)
    state = _after(statement, StatementStep.PROPOSE)
    _collect(statement)
    if not statement.line_count:
        raise NothingToPropose(_("There is nothing on this statement yet."))
    Statement.objects.filter(pk=statement.pk).update(
        state=state, lines_sha256=hash_of(statement), proposed_by=by, proposed_at=Now()
    )
    return _read_again(statement)


@transaction.atomic
def approve(*, statement: Statement, by: User) -> Statement:
    """By another person than proposed it, whoever they are; and only what was proposed."""
    statement = _locked(statement)
    _refuse_others(statement.network, by)
    state = _after(statement, StatementStep.APPROVE)
    if statement.proposed_by_id == by.pk:
        raise SamePerson(_("You proposed this statement; another person has to approve it."))
    if statement.lines_sha256 != hash_of(statement):
        raise LinesDoNotMatch(_("The lines are not those that were proposed. Tell the operator."))
    Statement.objects.filter(pk=statement.pk).update(state=state, approved_by=by, approved_at=Now())
    return _read_again(statement)


@transaction.atomic
def pay(*, statement: Statement, by: User) -> Statement:
    """The payment has been ordered at the bank; it is not known yet what became of it."""
    statement = _locked(statement)
    _refuse_others(statement.network, by)
    state = _after(statement, StatementStep.PAY)
    Statement.objects.filter(pk=statement.pk).update(state=state, paying_by=by, paying_at=Now(), failure="")
    return _read_again(statement)


@transaction.atomic
def mark_paid(*, statement: Statement, by: User, reference: str) -> Statement:
    """The money moved at the bank: each account on the statement is settled by one transfer."""
    statement = _locked(statement)
    _refuse_others(statement.network, by)
    state = _after(statement, StatementStep.MARK_PAID)
    if not reference.strip():
        raise ReferenceMissing(_("Enter the bank's reference of the payment."))
    _settle_accounts(statement)
    Statement.objects.filter(pk=statement.pk).update(
        state=state, paid_by=by, paid_at=Now(), paid_reference=reference.strip()[:80]
    )
    return _read_again(statement)


@transaction.atomic
def fail(*, statement: Statement, by: User, reason: str) -> Statement:
    """The bank sent it back. The statement keeps its lines and is paid again."""
    statement = _locked(statement)
    _refuse_others(statement.network, by)
    state = _after(statement, StatementStep.FAIL)
    Statement.objects.filter(pk=statement.pk).update(state=state, failed_at=Now(), failure=reason.strip()[:300])
    return _read_again(statement)


@transaction.atomic
def close(*, statement: Statement, by: User) -> Statement:
    statement = _locked(statement)
    _refuse_others(statement.network, by)
    state = _after(statement, StatementStep.CLOSE)
    Statement.objects.filter(pk=statement.pk).update(state=state, closed_by=by, closed_at=Now())
    return _read_again(statement)


@transaction.atomic
def assign_contract(*, sale: Sale, contract: Contract, by: User) -> Sale:
    """Split a sale from the suspense list by a contract that finance names, whatever the contract's dates say."""
    _refuse_others(sale.network, by)
    return sales.split(sale=sale, contract=contract, by=by)


@transaction.atomic
def assign_bearer(*, sale: Sale, contract: Contract, by: User) -> Sale:
    """Let a contract that finance names say who bears a sale's difference, whatever the contract's dates say."""
    _refuse_others(sale.network, by)
    differences.settle(sale=sale, contract=contract, by=by)
    return sale


def work_off_suspense(*, network: Network, by: User) -> list[Sale]:
    """Split every waiting sale that a contract covers at its swap time by now, and settle every difference likewise.

    Each in a transaction of its own. Returns the sales that no longer wait.
    """
    _refuse_others(network, by)
    waiting = Sale.objects.filter(network=network, paid_at__isnull=False, split_at=None).order_by("swapped_at", "id")
    covered = [sale for sale in waiting.select_related("network") if sales.contracts_for(sale) is not None]
    split = [sales.split(sale=sale, by=by) for sale in covered]
    waiting_differences = Difference.objects.waiting().filter(sale__network=network).order_by("sale__swapped_at", "id")
    settled = [
        differences.settle(sale=difference.sale, by=by) for difference in waiting_differences.select_related("sale")
    ]
    return split + [difference.sale for difference in settled if difference is not None]


def hash_of(statement: Statement) -> str:
    """The hash over the lines as they are now."""
    head = FrozenHead(
        statement.party_id, statement.currency, statement.period_start, statement.period_end, statement.cut_off_at
    )
    rows = statement.lines.values_list(
        "transfer_id",
        "transfer__key",
        "transfer__debit_id",
        "transfer__credit_id",
        "transfer__amount_minor",
        "transfer__kind",
        "transfer__effective_at",
        "amount_minor",
    )
    return sha256_of(head, (FrozenLine(*row) for row in rows))


def _open_statement(party: Organisation, currency: str, until: date) -> Statement | None:
    """The open statement of a party up to a day, with its lines; None when there is nothing to put on it."""
    zone = _time_zone_of(party)
    existing = Statement.objects.filter(party=party, currency=currency, period_end=until).first()
    if existing is not None:
        return collect(statement=existing) if existing.state == "open" else None
    cut_off_at = datetime.combine(until, time(), ZoneInfo(zone))
    first = _lines_waiting(party, currency, cut_off_at).order_by("effective_at").first()
    if first is None:
        return None
    statement = Statement.objects.create(
        network=party.network,
        party=party,
        currency=currency,
        period_start=_period_start(party, currency, until, first.effective_at.astimezone(ZoneInfo(zone)).date()),
        period_end=until,
        time_zone=zone,
        cut_off_at=cut_off_at,
    )
    _collect(statement)
    return statement


def _period_start(party: Organisation, currency: str, until: date, first_line_on: date) -> date:
    """Where the last statement ended; the month of the first line for a party's first statement."""
    earlier = Statement.objects.filter(party=party, currency=currency, period_end__lt=until)
    last_end: date | None = earlier.aggregate(end=Max("period_end"))["end"]
    return last_end or first_line_on.replace(day=1)


def _time_zone_of(party: Organisation) -> str:
    """The zone of the party's latest contract; a party without one (a fleet) goes by the network's."""
    contract = Contract.objects.filter(Q(station_owner=party) | Q(pack_owner=party)).order_by("valid_from").last()
    return contract.time_zone if contract else party.network.time_zone


def _lines_waiting(party: Organisation, currency: str, cut_off_at: datetime) -> QuerySet[Transfer]:
    accounts = _accounts_of(party, currency)
    taken = StatementLine.objects.filter(transfer=OuterRef("pk"))
    return (
        Transfer.objects.posted()
        .filter(Q(debit__in=accounts) | Q(credit__in=accounts), effective_at__lt=cut_off_at)
        .exclude(kind=TransferKind.SETTLEMENT)
        .filter(~Exists(taken))
    )


def _collect(statement: Statement) -> None:
    accounts = _accounts_of(statement.party, statement.currency)
    waiting = _lines_waiting(statement.party, statement.currency, statement.cut_off_at)
    StatementLine.objects.bulk_create(
        (
            StatementLine(
                statement=statement,
                transfer_id=pk,
                amount_minor=minor if credit_id in accounts else -minor,
            )
            for pk, credit_id, minor in waiting.order_by("id").values_list("id", "credit_id", "amount_minor")
        ),
        batch_size=2_000,
        # Another statement of this party may be taking the same line at this moment: it is on one of the two.
        ignore_conflicts=True,
    )
    lines = statement.lines.aggregate(total=Sum("amount_minor", default=0))
    statement.total_minor, statement.line_count = lines["total"], statement.lines.count()
    statement.save(update_fields=["total_minor", "line_count"])


def _accounts_of(party: Organisation, currency: str) -> set[int]:
    return set(
        LedgerAccount.objects.filter(
            organisation=party, currency=currency, kind__in=sorted(PARTY_ACCOUNTS)
        ).values_list("id", flat=True)
    )


def _settle_accounts(statement: Statement) -> None:
    accounts = LedgerAccount.objects.filter(pk__in=_accounts_of(statement.party, statement.currency)).order_by("id")
    bank = ledger.account(
        network=statement.network, kind=AccountKind.CLEARING, currency=statement.currency, method="bank"
    )
    for account in accounts:
        minor = _on_account(statement, account)
        if minor:
            ledger.post(
                debit=account if minor > 0 else bank,
                credit=bank if minor > 0 else account,
                amount=Money(abs(minor), statement.currency),
                kind=TransferKind.SETTLEMENT,
                key=f"statement:{statement.pk}:{account.pk}",
                statement=statement,
            )


def _on_account(statement: Statement, account: LedgerAccount) -> int:
    lines = statement.lines.filter(Q(transfer__debit=account) | Q(transfer__credit=account))
    return int(lines.aggregate(minor=Sum("amount_minor", default=0))["minor"])


def _refuse_others(network: Network, by: User) -> None:
    """Finance of this network, and nobody else: a superuser is a person like any other here."""
    if not has_role(by, Role.FINANCE, network=network):
        raise NotFinance(_("Only finance of this network may do this."))


def _locked(statement: Statement) -> Statement:
    return Statement.objects.select_for_update(of=("self",)).select_related("network", "party").get(pk=statement.pk)


def _read_again(statement: Statement) -> Statement:
    return Statement.objects.select_related("network", "party", "proposed_by", "approved_by").get(pk=statement.pk)


def _after(statement: Statement, step: StatementStep) -> str:
    state = statement_after(statement.state, step)
    if state is None:
        raise StatementStepRefused(_("This statement has moved on: it can no longer be changed that way."))
    return state
