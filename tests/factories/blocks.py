"""Blocks of a fleet: `manager_of(town)` plans, and `moment_comes` brings an entry's moment about."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F

from accounts.models import Organisation, Role, User
from booking import blocks, clock
from booking.models import Assignment, Block, BlockEntry
from tests.factories.accounts import MembershipFactory
from tests.factories.booking import Town


def manager_of(town: Town, fleet: Organisation | None = None, **fields: Any) -> User:
    values = {"user__name": "Mala"} | fields
    manager: User = MembershipFactory(organisation=fleet or town.fleet, role=Role.FLEET_MANAGER, **values).user
    return manager


def assignment_of(driver: User) -> int:
    return Assignment.objects.get(driver=driver, ended_at=None).pk


def planned(
    town: Town,
    *drivers: User,
    by: User | None = None,
    first_at: datetime | None = None,
    step_seconds: int | None = None,
    key: str = "",
) -> Block:
    """A block for these drivers with their vehicles, from an hour from now on."""
    return blocks.plan(
        by=by or manager_of(town),
        fleet=town.fleet,
        station=town.station,
        assignment_ids=[assignment_of(driver) for driver in drivers],
        first_at=first_at or clock.database_now() + timedelta(hours=1),
        step_seconds=step_seconds,
        key=key,
    )


def moment_comes(*entries: BlockEntry, minutes_ago: float = 0) -> None:
    """The database's clock is not ours to move: the moment moves."""
    at = clock.database_now() - timedelta(minutes=minutes_ago)
    BlockEntry.objects.filter(pk__in=[entry.pk for entry in entries]).update(join_at=at)


def time_passes_for(block: Block, *, minutes: float) -> None:
    block.entries.update(join_at=F("join_at") - timedelta(minutes=minutes))


def states_of(entries: Iterable[BlockEntry]) -> list[str]:
    return [BlockEntry.objects.values_list("state", flat=True).get(pk=entry.pk) for entry in entries]
