"""Offers of packs below target as functions of their arguments (rule 11). docs/rules/line.md says it in plain words."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import takewhile
from types import MappingProxyType

from booking.line_rules import Entry, FleetShare, PromiseTerms, may_be_promised, standing_back

OFFER_FOR = timedelta(seconds=60)
# A pack that is full so soon is waited for: nobody should pay with range for a few minutes.
NOT_IF_READY_WITHIN = timedelta(minutes=5)
ASK_AGAIN_AFTER = timedelta(minutes=10)
ASK_AGAIN_WITH_POINTS = Decimal(10)


@dataclass(frozen=True, slots=True)
class Charging:
    """A free pack below target that may be offered."""

    id: int
    soc_percent: Decimal


@dataclass(frozen=True, slots=True)
class Bid:
    """Packs offered to one booking. `exception` is the rule by which somebody earlier in line is not asked first."""

    entry_id: int
    packs: tuple[Charging, ...]
    exception: str

    @property
    def soc_percent(self) -> Decimal:
        """What the emptiest of them holds: several packs are as good as that one."""
        return min(pack.soc_percent for pack in self.packs)


def plan(
    *,
    entries: Sequence[Entry],
    deciding: Collection[int],
    declined: Mapping[int, Decimal],
    packs: Sequence[Charging],
    terms: PromiseTerms,
    shares: Mapping[int, FleetShare] = MappingProxyType({}),
) -> list[Bid]:
    """Who is offered which packs now, in the order of the line.

    `entries` wait in line and were not promised anything; `deciding` of them have an offer already. `declined` is what
    the best pack held that an entry has said no to lately. `packs` are free and below target, fullest first.

    The first who wants more packs than there are ends it: nobody behind is offered what the first is short of. Whose
    fleet has its share is asked after all others (rule 10).
    """
    bids: list[Bid] = []
    left = list(packs)
    asked_before = not_asked = ""
    waiting = [e for e in entries if e.is_waiting]
    back = standing_back(waiting, shares, terms)
    for entry in sorted(waiting, key=lambda e: (not e.goes_first, e.id in back)):
        if not left:
            break
        if not may_be_promised(entry, terms):
            not_asked = not_asked or ("rule_6" if entry.arrive_first else "rule_2")
            continue
        exception = "override" if entry.goes_first else asked_before or not_asked or _ahead_of(back, entry, waiting)
        asked_before = "rule_11"
        if entry.id in deciding:
            continue
        if entry.packs_wanted > len(left):
            break
        bid = Bid(entry.id, tuple(left[: entry.packs_wanted]), exception)
        if entry.id in declined and bid.soc_percent < declined[entry.id] + ASK_AGAIN_WITH_POINTS:
            continue
        left = left[entry.packs_wanted :]
        bids.append(bid)
    return bids


def _ahead_of(back: set[int], entry: Entry, waiting: Sequence[Entry]) -> str:
    """Rule 10, where this entry is asked before somebody who joined earlier and stands back."""
    before = takewhile(lambda other: other.id != entry.id, waiting)
    return "rule_10" if entry.id not in back and any(other.id in back for other in before) else ""
