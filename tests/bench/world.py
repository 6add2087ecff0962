"""A whole earth of invented stations, loaded in bulk: dense cities and lonely roads, ten packs to a station."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator

import psycopg

PACKS_PER_STATION = 10
SLOTS_PER_STATION = 12
CITIES = 200
# One station in ten stands alone somewhere on land or sea; the others crowd around cities.
LONELY = 0.1


def places(count: int, *, seed: int = 2026) -> Iterator[tuple[float, float]]:
    """Latitudes and longitudes, the same ones for the same count and seed."""
    chance = random.Random(seed)
    cities = [_anywhere(chance) for _city in range(CITIES)]
    for _station in range(count):
        if chance.random() < LONELY:
            yield _anywhere(chance)
            continue
        latitude, longitude = chance.choice(cities)
        spread = 0.15 / max(0.01, math.cos(math.radians(latitude)))
        yield (
            max(-90.0, min(90.0, chance.gauss(latitude, 0.15))),
            (chance.gauss(longitude, spread) + 540.0) % 360.0 - 180.0,
        )


def load(connection: psycopg.Connection, *, stations: int) -> None:
    """Fill an empty, migrated database, as the owner of its tables."""
    with connection.cursor() as cursor:
        # Checked at once at the end: row by row, the foreign keys would cost more than the rows.
        foreign_keys = _drop_foreign_keys(cursor)
        cursor.execute(
            "INSERT INTO accounts_network (id, code, name, country, currency, time_zone)"
            " VALUES (1, 'bench', 'Bench', 'PT', 'EUR', 'Europe/Lisbon')"
        )
        cursor.execute(
            "INSERT INTO accounts_organisation (id, network_id, code, name, is_operator)"
            " VALUES (1, 1, 'bench', 'Bench', true)"
        )
        cursor.execute(
            "INSERT INTO stations_packclass (id, code, name, form, nominal_wh, charge_power_w)"
            " VALUES (1, 'van', 'Van', 'four_wheel', 50000, 60000), (2, 'bike', 'Bike', 'two_wheel', 2000, 1500)"
        )
        _copy_stations(cursor, stations)
        cursor.execute(
            "INSERT INTO stations_slot (id, station_id, number, pack_class_id, power_w, state, state_reason)"
            " SELECT (s - 1) * %(slots)s + n, s, n, CASE WHEN s %% 3 = 0 THEN 2 ELSE 1 END, 40000,"
            "        CASE WHEN n = 1 AND s %% 20 = 0 THEN 'out_of_service' ELSE 'working' END, ''"
            " FROM generate_series(1, %(stations)s) s, generate_series(1, %(slots)s) n ORDER BY s, n",
            {"slots": SLOTS_PER_STATION, "stations": stations},
        )
        cursor.execute(
            "INSERT INTO stations_pack (serial, soc_percent, soh_percent, soc_at, state, state_reason, network_id,"
            "                           owner_id, pack_class_id, slot_id, station_id)"
            " SELECT 'P' || slot.id, 20 + (slot.id * 7919) %% 81, 98, now(),"
            "        CASE WHEN slot.id %% 9 = 0 THEN 'kept' ELSE 'stored' END, '', 1, 1, slot.pack_class_id, slot.id,"
            "        slot.station_id FROM stations_slot slot WHERE slot.number <= %s ORDER BY slot.id",
            [PACKS_PER_STATION],
        )
        for table, name, definition in foreign_keys:
            cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")
    connection.commit()
    connection.autocommit = True
    for table in ("stations_station", "stations_slot", "stations_pack"):
        connection.execute(f"VACUUM (ANALYZE) {table}")


def _drop_foreign_keys(cursor: psycopg.Cursor) -> list[tuple[str, str, str]]:
    cursor.execute(
        "SELECT conrelid::regclass::text, quote_ident(conname), pg_get_constraintdef(oid) FROM pg_constraint"
        " WHERE contype = 'f' AND conrelid::regclass::text IN ('stations_slot', 'stations_pack')"
    )
    foreign_keys = cursor.fetchall()
    for table, name, _definition in foreign_keys:
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    return foreign_keys


def _copy_stations(cursor: psycopg.Cursor, stations: int) -> None:
    columns = (
        "id, network_id, owner_id, code, name, address, city, country, time_zone, currency, latitude, longitude,"
        " source_datum, hours, status, status_reason, is_staffed, amenities, poster_token, target_soc_percent,"
        " arrival_radius_m, promise_margin_seconds, promise_min_seconds, promise_max_seconds, swap_seconds,"
        " override_cap_per_shift, takes_cash, created_at"
    )
    with cursor.copy(f"COPY stations_station ({columns}) FROM STDIN") as copy:
        for number, (latitude, longitude) in enumerate(places(stations), start=1):
            name, status = f"bench-{number}", "closed" if number % 50 == 0 else "open"
            where = (name, name, "", "", "PT", "Europe/Lisbon", "EUR", latitude, longitude, "wgs84", "{}")
            rules = (status, "", True, "[]", name, 90, 150, 300, 600, 1800, 240, 3, False, "2026-01-01T00:00Z")
            copy.write_row((number, 1, 1, *where, *rules))


def _anywhere(chance: random.Random) -> tuple[float, float]:
    return math.degrees(math.asin(chance.uniform(-1.0, 1.0))), chance.uniform(-180.0, 180.0)
