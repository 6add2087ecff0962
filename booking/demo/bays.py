"""Who waits at the bays and which bays are free, at one moment; and when a simulated driver may be next."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta

from booking.models import Booking
from booking.states import State
from stations.models import Bay
from stations.states import BayState

POLITE_FOR = timedelta(minutes=3)


@dataclass(frozen=True, slots=True)
class _Waiting:
    booking_id: int
    is_simulated: bool
    arrived_at: datetime


class Bays:
    """One look at all stations where somebody waits at the bays."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._queues: dict[int, list[_Waiting]] = defaultdict(list)
        arrived = Booking.objects.filter(state=State.ARRIVED).select_related("driver")
        for booking in arrived.order_by("station_id", "bay_sequence"):
            assert booking.arrived_at is not None
            is_simulated = booking.driver is not None and booking.driver.is_simulated
            waiting = _Waiting(booking.pk, is_simulated, booking.arrived_at)
            self._queues[booking.station_id].append(waiting)
        self._free: dict[int, list[Bay]] = defaultdict(list)
        taken = Booking.objects.filter(state=State.SWAPPING).values("bay")
        for bay in Bay.objects.filter(station__in=self._queues, state=BayState.OPEN).exclude(pk__in=taken):
            self._free[bay.station_id].append(bay)

    def may_start(self, booking: Booking) -> bool:
        """First at the bays and one is free. Or only visitors stand before, who were waited for, and two are free."""
        free = len(self._free[booking.station_id])
        ahead = self._ahead(booking)
        if not ahead:
            return free >= 1
        if any(waiting.is_simulated for waiting in ahead):
            return False
        return free >= 2 and self._now - ahead[0].arrived_at >= POLITE_FOR

    def is_out_of_turn(self, booking: Booking) -> bool:
        return bool(self._ahead(booking))

    def take(self, booking: Booking) -> Bay | None:
        """A free bay for this booking, the last one by number, and no longer free within this look."""
        free = self._free[booking.station_id]
        return free.pop() if free and self.may_start(booking) else None

    def _ahead(self, booking: Booking) -> list[_Waiting]:
        queue = self._queues[booking.station_id]
        place = next((n for n, waiting in enumerate(queue) if waiting.booking_id == booking.pk), 0)
        return queue[:place]
