"""A migrated database of a bench's own, on a server that keeps its word through a power failure."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

import psycopg

from config import embedded
from config.embedded import binaries


@dataclass(frozen=True)
class Database:
    url: str
    redis_url: str
    version: str

    @property
    def pgbench(self) -> str:
        return str(binaries.postgres_folder() / "pgbench")


@contextlib.contextmanager
def durable(name: str) -> Iterator[Database]:
    """Start PostgreSQL (fsync on) and Valkey, make the database, point Django at it, and drop it at the end."""
    with embedded.taken(name) as place, embedded.services_in(place, durable=True) as running:
        url = re.sub(r"/[^/]*$", f"/{name}", running.owner_url)
        with psycopg.connect(running.owner_url, autocommit=True) as server:
            server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            server.execute(f"CREATE DATABASE {name}")
            version = str(server.info.server_version // 10_000)
        os.environ |= {"DATABASE_URL": url, "REDIS_URL": running.redis_url, "LAPTOP": "1"}
        os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
        _migrate(url, running.redis_url)
        try:
            yield Database(url, running.redis_url, version)
        finally:
            _disconnect()


def _migrate(url: str, redis_url: str) -> None:
    """Django's settings may have been read for another bench, so the addresses are set in them as well."""
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connection

    from booking import live
    from config.celery import app

    connection.close()
    host = psycopg.conninfo.conninfo_to_dict(url)
    connection.settings_dict |= {"NAME": host["dbname"], "HOST": host["host"], "USER": host["user"]}
    settings.REDIS_URL = redis_url
    app.conf.broker_url = f"redis+socket://{redis_url.removeprefix('unix://').partition('?')[0]}?virtual_host=0"
    live._sender.cache_clear()
    call_command("migrate", verbosity=0)


def _disconnect() -> None:
    from django.db import connections

    connections.close_all()
