"""Facts about metal that other apps must hear, sent inside the transaction that makes them true.

A listener's own changes commit or roll back with the fact. `failing` comes first, before any pack is locked, because
whoever keeps lines must lock those before packs (docs/rules/locks.md); the other signals come when the change is made.
"""

from django.dispatch import Signal

# About to fail: station_id, pack_class_ids (those whose packs may be concerned). Lock what comes before packs, no more.
failing = Signal()

# A kept pack was quarantined and is kept no longer: pack (as it is now), reason.
pack_failed = Signal()

# A slot went out of service: slot, pack (the one in it, which may be kept, or None), reason.
slot_failed = Signal()

# A station closed or went down: station, reason.
station_failed = Signal()

# A station takes bookings again: station.
station_opened = Signal()

# A bay went out of service: bay, reason.
bay_failed = Signal()

# A bay serves again: bay.
bay_opened = Signal()

# There may be one more pack to hand out: station_id, pack_class_id. Only take note: packs are locked at this moment.
stock_grew = Signal()
