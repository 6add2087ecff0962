"""What finance did in the past: closed the months before, left one statement to be approved, and opened the next."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from accounts.models import User
from booking.demo.network import Founded
from payments import settlement
from payments.models import Statement
from payments.states import StatementState

PROPOSED_AFTER, APPROVED_AFTER, PAID_AFTER = timedelta(days=2, hours=9), timedelta(days=2, hours=15), timedelta(days=4)


def write(*, founded: Founded, first: User, second: User, now: datetime) -> None:
    """One statement per party and month. Of the last whole month the first station owner's waits for its approval."""
    today = now.astimezone(ZoneInfo(founded.land.time_zone)).date()
    this_month = today.replace(day=1)
    for until in _firsts(from_day=today - timedelta(days=100), until=this_month):
        for statement in settlement.open_statements(network=founded.network, until=until, by=first):
            if until < this_month or statement.party_id == founded.battery_bank.pk:
                _pay(_proposed(statement, by=first, now=now), first=first, second=second, now=now)
            elif statement.party_id == founded.owners[0].pk:
                _proposed(statement, by=first, now=now)
    settlement.open_statements(network=founded.network, until=_next_month(this_month), by=first)


def _proposed(statement: Statement, *, by: User, now: datetime) -> Statement:
    """Frozen when finance would have done it: once proposed, the database lets nobody change the instant."""
    at = min(statement.cut_off_at + PROPOSED_AFTER, now)
    Statement.objects.filter(pk=statement.pk).update(
        state=StatementState.PROPOSED,
        lines_sha256=settlement.hash_of(statement),
        proposed_by=by,
        proposed_at=at,
    )
    return statement


def _pay(statement: Statement, *, first: User, second: User, now: datetime) -> None:
    settlement.approve(statement=statement, by=second)
    settlement.pay(statement=statement, by=first)
    settlement.mark_paid(statement=statement, by=first, reference=f"SEPA {statement.period_end:%Y%m}-{statement.pk}")
    settlement.close(statement=statement, by=first)
    approved_at, paid_at = (min(statement.cut_off_at + after, now) for after in (APPROVED_AFTER, PAID_AFTER))
    Statement.objects.filter(pk=statement.pk).update(
        approved_at=approved_at, paying_at=approved_at, paid_at=paid_at, closed_at=paid_at
    )


def _firsts(*, from_day: date, until: date) -> list[date]:
    """The first days of months after `from_day`, up to `until`."""
    found, first = [], _next_month(from_day)
    while first <= until:
        found.append(first)
        first = _next_month(first)
    return found


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
