"""When a pack will be charged: constant power first, then the taper. Pure arithmetic, no rows.

A lithium-ion charger keeps the current constant until the cells reach their voltage limit, and then keeps the voltage
while the current falls away exponentially; the pack is full when the current is down to a few percent (Battery
University, BU-409 "Charging Lithium-ion": stage one ends at some 80 %, full at 3 to 5 % of the rated current).

An exponential current means that what the pack accepts falls in a straight line with what it holds:

    accepts(soc) = class power                                     up to the knee (80 %)
    accepts(soc) = class power × (ceiling - soc)/(ceiling - knee)  above, and a twentieth of it at 100 %

A slot gives at most its own power, so a weak slot moves the knee upwards. Both parts have a closed integral. That the
voltage rises a little during stage one is neglected: measured curves, once there are any, belong in this module.

In a slot that gives nothing, of a class that accepts nothing, or of a health of nothing a pack never charges: the time
is infinite, and there is no moment at which it is ready.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

KNEE_PERCENT = 80.0
CUT_OFF = 0.05  # of the full power, when the pack counts as full
# A pack that takes longer than this is never ready, for anybody who asks.
LONGEST_SECONDS = 30 * 86_400.0
# Where the falling line would reach zero, a little above full.
_CEILING_PERCENT = (100.0 - CUT_OFF * KNEE_PERCENT) / (1.0 - CUT_OFF)


@dataclass(frozen=True, slots=True)
class Curve:
    """How one pack charges in one slot."""

    energy_wh: float  # what the pack holds when full, worn as it is
    class_power_w: float
    slot_power_w: float

    @property
    def power_w(self) -> float:
        return min(self.class_power_w, self.slot_power_w)

    @property
    def charges(self) -> bool:
        """Not in a slot without power, and not a pack that can hold nothing."""
        return self.power_w > 0 and self.energy_wh > 0

    @property
    def knee_percent(self) -> float:
        """Where the pack begins to accept less than the slot gives."""
        share = self.power_w / self.class_power_w
        return _CEILING_PERCENT - share * (_CEILING_PERCENT - KNEE_PERCENT)

    def seconds(self, start_percent: float, target_percent: float) -> float:
        """Time from one state of charge to another: none when it is there already, infinite when it never will be."""
        if target_percent <= start_percent:
            return 0.0
        if not self.charges:
            return math.inf
        knee = min(self.knee_percent, 100.0)
        flat = max(0.0, min(target_percent, knee) - min(start_percent, knee))
        hours = self._wh(flat) / self.power_w
        if target_percent > knee:
            remaining = (_CEILING_PERCENT - max(start_percent, knee)) / (_CEILING_PERCENT - target_percent)
            hours += self._taper_hours() * math.log(remaining)
        return hours * 3600.0

    def percent_after(self, start_percent: float, seconds: float) -> float:
        """State of charge after a time in the slot: the inverse of `seconds`, never above 100."""
        if seconds <= 0.0 or not self.charges:
            return start_percent
        knee = min(self.knee_percent, 100.0)
        until_knee = self.seconds(start_percent, knee)
        if seconds < until_knee:
            return start_percent + seconds / 3600.0 * self.power_w / self.energy_wh * 100.0
        start = max(start_percent, knee)
        left = (_CEILING_PERCENT - start) * math.exp(-(seconds - until_knee) / 3600.0 / self._taper_hours())
        return max(start_percent, min(100.0, _CEILING_PERCENT - left))

    def _wh(self, percent: float) -> float:
        return self.energy_wh * percent / 100.0

    def _taper_hours(self) -> float:
        return self._wh(_CEILING_PERCENT - KNEE_PERCENT) / self.class_power_w


def curve(*, nominal_wh: float, soh_percent: float, class_power_w: float, slot_power_w: float) -> Curve:
    return Curve(nominal_wh * soh_percent / 100.0, class_power_w, slot_power_w)


def ready_at(
    *, curve: Curve, soc_percent: float, soc_at: datetime, target_percent: float, now: datetime
) -> datetime | None:
    """When a pack in a working slot is expected at its target, not before `now`; None when it never gets there."""
    seconds = curve.seconds(soc_percent, target_percent)
    return max(now, soc_at + timedelta(seconds=seconds)) if seconds < LONGEST_SECONDS else None


def soc_now(*, curve: Curve, soc_percent: float, soc_at: datetime, now: datetime) -> float:
    """Estimated state of charge of a pack that has been in a working slot since its last reading."""
    return curve.percent_after(soc_percent, (now - soc_at).total_seconds())
