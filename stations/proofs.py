"""Proves on the database what promise P1 needs of metal: a kept pack is one pack, in one place."""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

from accounts.evidence import CheckResult

_KEPT = "SELECT count(*) FROM stations_pack WHERE state = 'kept'"
_IN_SLOT = "SELECT count(*) FROM stations_pack WHERE slot_id IS NOT NULL"

_KEPT_NOWHERE = "SELECT 'pack ' || serial FROM stations_pack WHERE state = 'kept' AND slot_id IS NULL ORDER BY id"
_TWO_IN_ONE_SLOT = """
    SELECT 'slot ' || slot_id || ': packs ' || string_agg(serial, ', ' ORDER BY id)
    FROM stations_pack WHERE slot_id IS NOT NULL
    GROUP BY slot_id HAVING count(*) > 1 ORDER BY slot_id
"""
_ELSEWHERE = """
    SELECT 'pack ' || pack.serial
    FROM stations_pack pack
    JOIN stations_slot slot ON slot.id = pack.slot_id
    JOIN stations_station station ON station.id = slot.station_id
    WHERE (pack.station_id, pack.pack_class_id, pack.network_id)
        IS DISTINCT FROM (slot.station_id, slot.pack_class_id, station.network_id)
    ORDER BY pack.id
"""

# What must be true, how many rows that concerns, and those for which it is not.
_CHECKS = (
    ("Every kept pack is in a slot.", _KEPT, _KEPT_NOWHERE),
    ("No slot holds two packs.", _IN_SLOT, _TWO_IN_ONE_SLOT),
    ("Every pack in a slot is at the slot's station, of its class and of its network.", _IN_SLOT, _ELSEWHERE),
)


def run(connection: BaseDatabaseWrapper) -> list[CheckResult]:
    """All checks within the transaction that the connection is in, so that they see one moment."""
    results = []
    with connection.cursor() as cursor:
        for sentence, concerned, violating in _CHECKS:
            cursor.execute(concerned)
            (examined,) = cursor.fetchone()
            cursor.execute(violating)
            violations = tuple(row for (row,) in cursor.fetchall())
            results.append(CheckResult("P1", sentence, examined, violations))
    return results
