"""What a staff board shows besides bookings, as one short word: when it differs, the board is out of date."""

from __future__ import annotations

from django.db import connection

_STAMP = """
SELECT md5(concat_ws('|',
    (SELECT concat_ws(',', status, status_reason) FROM stations_station WHERE id = %(at)s),
    (SELECT string_agg(concat_ws(',', number, state), ';' ORDER BY id) FROM stations_bay WHERE station_id = %(at)s),
    (SELECT string_agg(concat_ws(',', number, state), ';' ORDER BY id) FROM stations_slot WHERE station_id = %(at)s),
    (SELECT string_agg(concat_ws(',', id, state, slot_id, soc_percent, kept_until), ';' ORDER BY id)
       FROM stations_pack WHERE station_id = %(at)s),
    (SELECT string_agg(id::text, ';' ORDER BY id)
       FROM booking_report WHERE station_id = %(at)s AND state <> 'answered')))
"""


def of(station_id: int) -> str:
    """Bays, slots, packs and open reports of a station, by one query. Packs charge without any line hearing of it."""
    with connection.cursor() as cursor:
        cursor.execute(_STAMP, {"at": station_id})
        row = cursor.fetchone()
    assert row is not None
    return str(row[0])
