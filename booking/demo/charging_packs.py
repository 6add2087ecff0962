"""Packs charge: a few of a station's are measured at each look, those that have become ready first. So it reports."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from booking.demo.network import badly_connected
from booking.demo.places import LANDS
from stations import charging, inventory
from stations.models import Pack, Station
from stations.states import PackState, SlotState, StationStatus

STEP_PERCENT = Decimal("0.3")
# A station that loses its connection says nothing in this part of every hour: a little longer than it may.
LOST_FOR_MINUTES = 25


def charge(station: Station, *, at_most: int, now: datetime) -> int:
    """Note what some packs hold by now; returns how many. Without power nothing charges, and nothing is said."""
    has_power = station.status != StationStatus.DOWN or station.is_silent
    if not has_power or _has_lost_its_connection(station, now):
        return 0
    packs = (
        Pack.objects.at(station)
        .filter(state__in=(PackState.STORED, PackState.KEPT), slot__state=SlotState.WORKING, soc_at__lt=now)
        .select_related("slot", "pack_class")
        .order_by("soc_at")
    )
    target = station.target_soc_percent
    measured = [(pack, _now(pack, now)) for pack in packs]
    measured.sort(key=lambda reading: not reading[0].soc_percent < target <= reading[1])
    grown = [
        (pack, soc)
        for pack, soc in measured
        if pack.soc_percent < 100 and soc >= min(pack.soc_percent + STEP_PERCENT, Decimal(100))
    ]
    # Where nothing is new the fullest is measured all the same: a station that is well does not fall silent.
    grown = grown or sorted(measured, key=lambda reading: reading[1])[-1:]
    # One transaction for all, ids ascending as everywhere.
    with transaction.atomic():
        for pack, soc in sorted(grown[:at_most], key=lambda reading: reading[0].pk):
            inventory.record_soc(pack=pack, soc_percent=soc, soh_percent=pack.soh_percent, at=now)
    return len(grown[:at_most])


def _has_lost_its_connection(station: Station, now: datetime) -> bool:
    return now.minute < LOST_FOR_MINUTES and (station.network.code, station.code) in badly_connected(LANDS)


def _now(pack: Pack, now: datetime) -> Decimal:
    assert pack.slot is not None
    charge = charging.soc_now(curve=pack.curve(), soc_percent=float(pack.soc_percent), soc_at=pack.soc_at, now=now)
    return Decimal(charge).quantize(Decimal("0.1"))
