"""Packs charge: a few of a station's are measured at each look, those that have become ready first."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from booking.demo.stock import curve_of
from stations import charging, inventory
from stations.models import Pack, Station
from stations.states import PackState, SlotState, StationStatus

STEP_PERCENT = Decimal("0.3")


def charge(station: Station, *, at_most: int, now: datetime) -> int:
    """Note what some packs hold by now; returns how many. Without power nothing charges."""
    if station.status == StationStatus.DOWN:
        return 0
    packs = (
        Pack.objects.at(station)
        .filter(state__in=(PackState.STORED, PackState.KEPT), slot__state=SlotState.WORKING, soc_percent__lt=100)
        .filter(soc_at__lt=now)
        .select_related("slot", "pack_class")
        .order_by("soc_at")
    )
    target = station.target_soc_percent
    measured = [(pack, _now(pack, now)) for pack in packs]
    measured.sort(key=lambda reading: not reading[0].soc_percent < target <= reading[1])
    grown = [(pack, soc) for pack, soc in measured if soc >= min(pack.soc_percent + STEP_PERCENT, Decimal(100))]
    # One transaction for all, ids ascending as everywhere.
    with transaction.atomic():
        for pack, soc in sorted(grown[:at_most], key=lambda reading: reading[0].pk):
            inventory.record_soc(pack=pack, soc_percent=soc, soh_percent=pack.soh_percent, at=now)
    return len(grown[:at_most])


def _now(pack: Pack, now: datetime) -> Decimal:
    assert pack.slot is not None
    charge = charging.soc_now(
        curve=curve_of(pack, pack.slot), soc_percent=float(pack.soc_percent), soc_at=pack.soc_at, now=now
    )
    return Decimal(charge).quantize(Decimal("0.1"))
