"""A wait as cards carry it: a range, and how far it may be believed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wait:
    """Seconds from now: one driver in ten waits less than `low`, half less than `likely`, nine in ten less than `high`.

    That is counted only where `is_calibrated`; elsewhere it is an estimate. `ready_chance` is how likely the packs are
    there when the driver is; None where that is no question. `silent_minutes` is for how long the station has not
    reported, if that is long enough for the wait to be wrong; 0 otherwise.
    """

    low_seconds: int
    likely_seconds: int
    high_seconds: int
    ready_chance: float | None = None
    is_calibrated: bool = False
    silent_minutes: int = 0
