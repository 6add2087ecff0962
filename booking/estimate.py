"""How long until a pack is there: an estimate, until a calibrated forecast takes its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

# How far reality may lie from the likely value. Chosen wide and shown as an estimate; nothing here claims a percentage.
LOW_SHARE, HIGH_SHARE, HIGH_EXTRA_SECONDS = 0.7, 1.5, 300


@dataclass(frozen=True, slots=True)
class Wait:
    """Seconds from now until the packs are there and a bay is free."""

    low_seconds: int
    likely_seconds: int
    high_seconds: int


def wait(
    *,
    packs_before_mine: int,
    my_packs: int,
    ready_in_seconds: Sequence[float],
    recharge_seconds: float,
    vehicles_at_bays: int,
    bays: int,
    swap_seconds: int,
) -> Wait | None:
    """The wait of one booking in line; None when nothing is known that could end it (no pack, no bay).

    `ready_in_seconds` are the times until packs at the station reach their target (0: ready), in any order. A pack
    beyond those is one that a swap brings in: it needs `recharge_seconds` after the pack that it replaces.
    """
    ready = sorted(ready_in_seconds)
    if not ready or bays <= 0:
        return None
    rounds, position = divmod(packs_before_mine + my_packs - 1, len(ready))
    until_packs = ready[position] + rounds * recharge_seconds
    until_bay = vehicles_at_bays / bays * swap_seconds
    likely = max(until_packs, until_bay)
    if likely == 0:
        return Wait(0, 0, 0)
    return Wait(int(likely * LOW_SHARE), int(likely), int(likely * HIGH_SHARE) + HIGH_EXTRA_SECONDS)
