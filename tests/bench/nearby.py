"""How fast the nearest stations are found among 1,000 and among 100,000 (with a million packs).

`python -m tests.bench.nearby` measures the SQL alone, the whole read (`queries.nearby`), the drivers' page over HTTP,
and the same SQL by pgbench, which is the limit of this database on this machine.
"""

from __future__ import annotations

import contextlib
import os
import random
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

from config import embedded
from config.embedded import binaries
from tests.bench import figures, http_load, machine, web, world

SIZES = (1_000, 100_000)
PLACES = 400
ROUNDS = 3
LIMIT = 20
CLIENTS = 4
HTTP_SECONDS = 5
PGBENCH_SECONDS = 5
# pgbench takes 128 scripts at most; each asks from one place.
PGBENCH_PLACES = 100


def main() -> None:
    found = measure()
    print(_as_text(found))  # noqa: T201 - a bench tells its figures
    print(f"Written to {figures.write('nearby', found)}")  # noqa: T201 - the same


def measure() -> dict[str, Any]:
    """All figures, from databases of their own that are dropped again."""
    with _services() as url, contextlib.ExitStack() as stack:
        os.environ |= {"DATABASE_URL": url, "LAPTOP": "1", "DJANGO_SETTINGS_MODULE": "config.settings"}
        databases = {size: stack.enter_context(_database(url, size)) for size in SIZES}
        with psycopg.connect(url) as connection:
            version = str(connection.info.server_version // 10_000)
        found: dict[str, Any] = {"machine": machine.describe(postgresql=version), "limit": LIMIT}
        found["load_seconds"] = {size: round(seconds, 1) for size, (_url, seconds) in databases.items()}
        urls = {size: database_url for size, (database_url, _seconds) in databases.items()}
        found["sql"] = _rounds(urls, _sql_seconds)
        found["read"] = _rounds(urls, _read_seconds)
        servers = {size: stack.enter_context(web.serving(urls[size])) for size in SIZES}
        found["http"] = _rounds(servers, _http_seconds)
        found["pgbench"] = {size: _pgbench(urls[size]) for size in SIZES}
    for name in ("sql", "read", "http"):
        small, large = (found[name][size]["p95_ms"] for size in SIZES)
        found[name]["p95_ratio"] = round(large / small, 2)
    for size in SIZES:
        found["http"][size]["per_second"] = round(found["http"][size]["count"] / (ROUNDS * HTTP_SECONDS), 1)
        ratio = found["http"][size]["per_second"] / found["pgbench"][size]["per_second"]
        found["http"][size]["to_pgbench"] = round(ratio, 3)
    return found


@contextlib.contextmanager
def _services() -> Iterator[str]:
    """The owner's address of the database named in the environment, or of one of our own."""
    if url := os.environ.get("DATABASE_URL"):
        yield url
        return
    with embedded.services_for_tests() as running:
        os.environ.setdefault("REDIS_URL", running.redis_url)
        yield running.owner_url


@contextlib.contextmanager
def _database(url: str, size: int) -> Iterator[tuple[str, float]]:
    """A migrated database with that many stations, and how long the loading took."""
    name = f"bench_nearby_{size}"
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {name}")
        try:
            own_url = re.sub(r"/[^/]*$", f"/{name}", url)
            _migrate(own_url)
            with psycopg.connect(own_url) as connection:
                seconds = figures.timed(lambda: world.load(connection, stations=size))
            yield own_url, seconds
        finally:
            _disconnect()
            server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _migrate(url: str) -> None:
    _use(url)
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def _use(url: str) -> None:
    """Let Django work on the database. Its settings are read when it is first needed, with our address in place."""
    import django

    django.setup()
    from django.db import connection

    connection.close()
    connection.settings_dict["NAME"] = url.rpartition("/")[2]


def _disconnect() -> None:
    from django.db import connection

    connection.close()


def _rounds(urls: dict[int, str], seconds: Any) -> dict[Any, Any]:
    """By turns, so that whatever else the machine does meets both sizes. The first round warms up."""
    times: dict[int, list[float]] = {size: [] for size in SIZES}
    for number in range(1 + ROUNDS):
        for size in SIZES:
            measured = seconds(urls[size])
            times[size] += measured if number else []
    return {size: figures.summary(times[size]) for size in SIZES}


def _sql_seconds(url: str) -> list[float]:
    with psycopg.connect(url, autocommit=True, prepare_threshold=None, cursor_factory=psycopg.ClientCursor) as own:
        return [
            figures.timed(lambda sql=sql, parameters=parameters: own.execute(sql, parameters).fetchall())
            for sql, parameters in _statements()
        ]


def _read_seconds(url: str) -> list[float]:
    _use(url)
    from django.utils import timezone

    from stations import queries
    from stations.models import PackClass

    van, now = PackClass.objects.get(code="van"), timezone.now()
    return [
        figures.timed(
            lambda latitude=latitude, longitude=longitude: queries.nearby(
                latitude=latitude, longitude=longitude, pack_class=van, now=now, limit=LIMIT
            )
        )
        for latitude, longitude in _places()
    ]


def _http_seconds(base_url: str) -> list[float]:
    paths = [f"/?lat={latitude}&lon={longitude}&fits=van" for latitude, longitude in _places()]
    return http_load.ask(base_url, paths, clients=CLIENTS, seconds=HTTP_SECONDS)


def _pgbench(url: str) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder, psycopg.connect(url) as connection:
        cursor = psycopg.ClientCursor(connection)
        scripts = []
        for number, (sql, parameters) in enumerate(_statements()[:PGBENCH_PLACES]):
            script = Path(folder) / f"{number}.sql"
            script.write_text(" ".join(cursor.mogrify(sql, parameters).split()) + ";\n")
            scripts += ["-f", str(script)]
        command = [
            binaries.postgres_folder() / "pgbench",
            "-n",
            "-c",
            str(CLIENTS),
            "-T",
            str(PGBENCH_SECONDS),
            *scripts,
            url,
        ]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    latency, per_second = (float(re.search(pattern, told)[1]) for pattern in (r"average = (\S+) ms", r"tps = (\S+)"))
    return {"average_ms": latency, "per_second": round(per_second, 1)}


def _statements() -> list[tuple[str, Any]]:
    from stations.geo import Place
    from stations.nearest import Wanted, statement

    return [statement(at=Place(*place), wanted=Wanted(pack_class_id=1), limit=LIMIT) for place in _places()]


def _places() -> list[tuple[float, float]]:
    """Where people ask from: some kilometres from stations that exist in the small world and in the large one."""
    chance = random.Random(7)
    stations = list(world.places(SIZES[0]))
    return [
        (
            round(max(-90.0, min(90.0, chance.gauss(latitude, 0.05))), 6),
            round(max(-180.0, min(180.0, chance.gauss(longitude, 0.05))), 6),
        )
        for latitude, longitude in chance.choices(stations, k=PLACES)
    ]


def _as_text(found: dict[str, Any]) -> str:
    lines = [f"Nearby: the {LIMIT} nearest of N stations, ten packs each", f"on {found['machine']}"]
    for size in SIZES:
        sql, read, page, limit = (found[name][size] for name in ("sql", "read", "http", "pgbench"))
        lines += [
            f"  {size:,} stations, loaded in {found['load_seconds'][size]} s",
            f"    SQL alone    p50 {sql['p50_ms']:8.2f} ms   p95 {sql['p95_ms']:8.2f} ms",
            f"    whole read   p50 {read['p50_ms']:8.2f} ms   p95 {read['p95_ms']:8.2f} ms",
            f"    page, HTTP   p50 {page['p50_ms']:8.2f} ms   p95 {page['p95_ms']:8.2f} ms   {page['per_second']}/s",
            f"                 from {CLIENTS} clients, {page['to_pgbench']} of pgbench",
            f"    pgbench      avg {limit['average_ms']:8.2f} ms   {limit['per_second']}/s from {CLIENTS} clients",
        ]
    ratios = (found[name]["p95_ratio"] for name in ("sql", "read", "http"))
    lines.append("  p95, large over small: SQL {} (at most 2.5), whole read {}, HTTP {} (at most 1.5)".format(*ratios))
    return "\n".join(lines)


if __name__ == "__main__":
    main()
