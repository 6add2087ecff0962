"""Several vehicles of a fleet, one after another: how far apart they come, and what may be planned (rule 10).

docs/rules/fleets.md says it in plain words. Functions of their arguments. Times are seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil

from booking.line_rules import SHARE_COUNTS_FOR, most_of

MOST_VEHICLES = 100
AHEAD_AT_MOST = timedelta(hours=24)
# A form is filled in while the clock goes on: "now" may be a moment ago.
PAST_AT_MOST = timedelta(minutes=5)
# Later than this after its moment nobody is put in line any more: they have driven elsewhere, or home.
LATE_AFTER = timedelta(minutes=30)
MINUTE = 60


class EntryState(StrEnum):
    """What has become of one vehicle of a block. The value stands in the row; all but the first are final."""

    PLANNED = "planned"
    JOINED = "joined"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"


class Trouble(StrEnum):
    """Why a plan cannot be made as it is."""

    NOBODY = "nobody"
    TOO_MANY = "too_many"
    TWICE = "twice"
    PAST = "past"
    TOO_FAR_AHEAD = "too_far_ahead"
    TOO_CLOSE = "too_close"


@dataclass(frozen=True, slots=True)
class Pace:
    """What a station can do for a fleet: of the `packs` of the class it may have `share_percent` within an hour.

    `packs_each` is how many the vehicle takes that takes most.
    """

    bays: int
    swap_seconds: int
    packs: int
    share_percent: int
    packs_each: int

    def least_step(self) -> int:
        """The least seconds between two vehicles, in whole minutes, so that a block asks for no more than is served:
        no more vehicles than the bays can swap, and no more packs within the hour than the fleet's share.

        A fleet may always have one booking's packs.
        """
        by_bays = self.swap_seconds / max(1, self.bays)
        in_an_hour = max(1, most_of(percent=self.share_percent, packs=self.packs) // self.packs_each)
        by_share = SHARE_COUNTS_FOR.total_seconds() / in_an_hour
        return ceil(max(by_bays, by_share) / MINUTE) * MINUTE


def moments(*, first_at: datetime, step_seconds: int, count: int) -> list[datetime]:
    return [first_at + timedelta(seconds=step_seconds * number) for number in range(count)]


def trouble(
    *,
    vehicles: Sequence[int],
    drivers: Sequence[int],
    first_at: datetime,
    step_seconds: int,
    least_seconds: int,
    now: datetime,
) -> Trouble | None:
    """What stands in the way of a plan; None when it may be made. Vehicles and drivers are ids, in their order."""
    if not vehicles:
        return Trouble.NOBODY
    if len(vehicles) > MOST_VEHICLES:
        return Trouble.TOO_MANY
    if len(set(vehicles)) < len(vehicles) or len(set(drivers)) < len(drivers):
        return Trouble.TWICE
    if step_seconds < least_seconds:
        return Trouble.TOO_CLOSE
    if first_at < now - PAST_AT_MOST:
        return Trouble.PAST
    # Far too wide a step would be no date any more.
    if first_at > now + AHEAD_AT_MOST or step_seconds * (len(vehicles) - 1) > AHEAD_AT_MOST.total_seconds():
        return Trouble.TOO_FAR_AHEAD
    last_at = moments(first_at=first_at, step_seconds=step_seconds, count=len(vehicles))[-1]
    return Trouble.TOO_FAR_AHEAD if last_at > now + AHEAD_AT_MOST else None
