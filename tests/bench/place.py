"""How many bookings are placed in a second: spread over stations, and all of them on one station.

`python -m tests.bench.place` places bookings from several processes, each with its payment authorised, on a database
that keeps its word through a power failure. The raw limit beside it is the bare SQL of a booking, run by pgbench with
as many clients on the same server. Afterwards the database is asked whether any pack was promised twice.
"""

from __future__ import annotations

import multiprocessing
import re
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from tests.bench import database, figures, machine

STATIONS, PACKS, DRIVERS = 40, 10, 800
DRIVERS_AT_ONE, PACKS_AT_ONE = 240, 40
CLIENTS = 4
PGBENCH_SECONDS = 5

Wish = tuple[int, int, int]

BARE_TABLES = """
CREATE TABLE bare_line (station int PRIMARY KEY, sequence bigint NOT NULL DEFAULT 0, version bigint NOT NULL DEFAULT 0);
CREATE TABLE bare_pack (id serial PRIMARY KEY, station int NOT NULL, soc numeric(4,1) NOT NULL, kept bool NOT NULL);
CREATE INDEX ON bare_pack (station) WHERE NOT kept;
CREATE TABLE bare_booking (id bigserial PRIMARY KEY, station int NOT NULL, driver int NOT NULL,
    sequence bigint NOT NULL, joined_at timestamptz NOT NULL, state text NOT NULL, UNIQUE (station, sequence));
CREATE TABLE bare_promise (booking bigint NOT NULL REFERENCES bare_booking, pack int NOT NULL REFERENCES bare_pack);
CREATE UNIQUE INDEX ON bare_promise (pack);
CREATE TABLE bare_step (booking bigint NOT NULL REFERENCES bare_booking, step text NOT NULL, at timestamptz NOT NULL);
INSERT INTO bare_line SELECT generate_series(1, %(stations)s);
INSERT INTO bare_pack (station, soc, kept) SELECT 1 + n %% %(stations)s, 97, false FROM generate_series(1, 200000) n;
ANALYZE bare_pack;
"""
# What any booking costs at the very least: lock the line, take a pack, write booking, promise and history.
BARE_BOOKING = """
\\set station random(1, {stations})
BEGIN;
SELECT sequence FROM bare_line WHERE station = :station FOR UPDATE;
INSERT INTO bare_booking (station, driver, sequence, joined_at, state)
    SELECT station, 1, sequence + 1, clock_timestamp(), 'promised' FROM bare_line WHERE station = :station
    RETURNING id \\gset
UPDATE bare_pack SET kept = true WHERE id = (SELECT id FROM bare_pack WHERE station = :station AND NOT kept LIMIT 1)
    RETURNING id AS pack \\gset
INSERT INTO bare_promise VALUES (:id, :pack);
INSERT INTO bare_step VALUES (:id, 'join', clock_timestamp()), (:id, 'promise', clock_timestamp());
UPDATE bare_line SET sequence = sequence + 1, version = version + 1 WHERE station = :station;
COMMIT;
"""


def main() -> None:
    found = measure()
    print(_as_text(found))  # noqa: T201 - a bench tells its figures
    print(f"Written to {figures.write('place', found)}")  # noqa: T201 - the same


def measure() -> dict[str, Any]:
    with database.durable("bench_place") as own:
        found: dict[str, Any] = {"machine": machine.describe(postgresql=own.version), "clients": CLIENTS}
        spread, one = _world()
        found["spread"] = {"stations": STATIONS} | _placed(spread)
        found["one"] = {"stations": 1} | _placed(one)
        found["double_promises"] = _double_promises()
        found["check_promises"] = _check_promises()
        found["spread"]["pgbench_per_second"] = _pgbench(own, stations=STATIONS)
        found["one"]["pgbench_per_second"] = _pgbench(own, stations=1)
    for way in ("spread", "one"):
        found[way]["ratio"] = round(found[way]["per_second"] / found[way]["pgbench_per_second"], 4)
    return found


def _world() -> tuple[list[Wish], list[Wish]]:
    """Stations with packs and prices, and who will book where: (driver, vehicle, station)."""
    from tests.bench import crowd
    from tests.factories.booking import TariffFactory, Town
    from tests.factories.stations import PackFactory, StationFactory

    town = Town(packs=PACKS_AT_ONE)
    network, owner = town.station.network, town.station.owner
    stations = [StationFactory(network=network, owner=owner) for _number in range(STATIONS)]
    for station in stations:
        TariffFactory(station=station, pack_class=town.pack_class)
        PackFactory.create_batch(PACKS, station=station, pack_class=town.pack_class)
    everybody = crowd.drivers(
        count=DRIVERS + DRIVERS_AT_ONE, pack_class=town.pack_class, network_id=network.pk, name="place"
    )
    spread = [
        (driver.pk, vehicle.pk, stations[number % STATIONS].pk)
        for number, (driver, vehicle) in enumerate(everybody[:DRIVERS])
    ]
    one = [(driver.pk, vehicle.pk, town.station.pk) for driver, vehicle in everybody[DRIVERS:]]
    return spread, one


def _placed(wishes: list[Wish]) -> dict[str, Any]:
    """Place them all from several processes at once. The clock starts when every process is ready."""
    context = multiprocessing.get_context("spawn")
    gate = context.Barrier(CLIENTS)
    with ProcessPoolExecutor(CLIENTS, mp_context=context, initializer=_ready, initargs=(gate,)) as pool:
        shares = [pool.submit(_place_all, wishes[number::CLIENTS]) for number in range(CLIENTS)]
        told = [share.result() for share in shares]
    seconds = [second for _start, _end, several in told for second in several]
    lasted = max(end for _start, end, _several in told) - min(start for start, _end, _several in told)
    return figures.summary(seconds) | {"per_second": round(len(seconds) / lasted, 1)}


_gate: Any = None


def _ready(gate: Any) -> None:
    global _gate
    import django

    django.setup()
    _gate = gate


def _place_all(wishes: list[Wish]) -> tuple[float, float, list[float]]:
    from accounts.models import User
    from booking import placing
    from booking.models import Vehicle
    from booking.patience import patient
    from stations.models import Station

    people, vehicles = User.objects.in_bulk(), Vehicle.objects.select_related("pack_class", "fleet").in_bulk()
    stations = Station.objects.select_related("network", "owner").in_bulk()
    _gate.wait()
    start = time.time()
    seconds = [
        figures.timed(
            lambda wish=wish: patient(placing.place)(
                driver=people[wish[0]], vehicle=vehicles[wish[1]], station=stations[wish[2]], method="account"
            )
        )
        for wish in wishes
    ]
    return start, time.time(), seconds


def _double_promises() -> int:
    from django.db.models import Count

    from booking.models import Promise

    return Promise.objects.filter(ended_at=None).values("pack").annotate(n=Count("pk")).filter(n__gt=1).count()


def _check_promises() -> str:
    """What the command says, in its last line."""
    told = subprocess.run(
        [sys.executable, "manage.py", "check_promises"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = (told.stdout or told.stderr).strip().splitlines()
    return f"exit {told.returncode}: {lines[-1] if lines else ''}"


def _pgbench(own: database.Database, *, stations: int) -> float:
    import psycopg

    with psycopg.connect(own.url, autocommit=True) as connection:
        connection.execute("DROP TABLE IF EXISTS bare_step, bare_promise, bare_booking, bare_pack, bare_line CASCADE")
        cursor = psycopg.ClientCursor(connection)
        cursor.execute(BARE_TABLES, {"stations": stations})
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(BARE_BOOKING.format(stations=stations))
        script.flush()
        command = [own.pgbench, "-n", "-c", str(CLIENTS), "-j", "2", "-T", str(PGBENCH_SECONDS), "-f", script.name]
        told = subprocess.run([*command, own.url], capture_output=True, text=True, check=True).stdout
    return round(float(re.search(r"tps = (\S+)", told)[1]), 1)  # type: ignore[index]  # pgbench says it


def _as_text(found: dict[str, Any]) -> str:
    lines = [f"Place a booking and authorise its payment, from {CLIENTS} processes", f"on {found['machine']}"]
    for way, words in (("spread", f"spread over {STATIONS} stations"), ("one", "all on one station")):
        told = found[way]
        lines.append(
            f"  {words:28} {told['per_second']:7.1f}/s   p50 {told['p50_ms']:7.2f} ms   p95 {told['p95_ms']:7.2f} ms"
            f"   bare SQL by pgbench {told['pgbench_per_second']:.1f}/s   ratio {told['ratio']}"
        )
    lines.append(f"  packs promised twice: {found['double_promises']}   check_promises: {found['check_promises']}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
