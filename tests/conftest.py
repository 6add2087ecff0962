"""What every test may rely on: a migrated database in which TRUNCATE works, and an empty Redis."""

import os
from collections.abc import Generator, Iterator
from typing import Any

import hypothesis
import pytest
from django.conf import settings
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.management import create_contenttypes
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.models.signals import post_migrate
from pytest_django import Settings
from pytest_django.plugin import DjangoDbBlocker
from redis import Redis

from tests.browser import chromium

__all__ = ["chromium"]

# How long an example takes is the machine's affair: speed is measured by `make bench`, never by a test.
hypothesis.settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any machine")


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Let tests empty tables: the triggers that refuse TRUNCATE are switched off, as only the tables' owner can.

    What Django writes down of the models stays where it is. It would be emptied, and made anew, after each test.
    """
    described = {ContentType._meta.db_table, Permission._meta.db_table}
    tables = connection.introspection.django_table_names
    connection.introspection.django_table_names = lambda **options: [  # type: ignore[method-assign]  # of this connection
        table for table in tables(**options) if table not in described
    ]
    assert post_migrate.disconnect(dispatch_uid="django.contrib.auth.management.create_permissions")
    assert post_migrate.disconnect(create_contenttypes)
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute("SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE tgname LIKE '%\\_no\\_truncate'")
        for table, trigger in cursor.fetchall():
            cursor.execute(f'ALTER TABLE {table} DISABLE TRIGGER "{trigger}"')


@pytest.fixture(scope="session", autouse=True)
def _empty_redis() -> Iterator[None]:
    with Redis.from_url(settings.REDIS_URL) as redis:
        redis.flushdb()
        yield
        redis.flushdb()


@pytest.fixture(autouse=True)
def _quick_passwords(settings: Settings) -> None:
    """Hashing a password properly takes half a second, by design, and the factories make many people."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def every_language(settings: Settings) -> None:
    """Offered are the languages that have a catalogue; what follows from a choice does not depend on which."""
    settings.LANGUAGES = settings.WRITTEN_FOR


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With NO_SKIPS set, as in CI, a test that cannot run has failed."""
    return _refuse_skip((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return _refuse_skip((yield))


# How the reason of a skip begins that is right even in CI: data that is not part of the repository.
OUTSIDE_DATA = "needs data from outside: "


def _refuse_skip(report: Any) -> Any:
    # A failure that is expected is reported as skipped, and has run: `xfail_strict` fails it once it passes.
    is_allowed = hasattr(report, "wasxfail") or OUTSIDE_DATA in str(report.longrepr)
    if report.skipped and not is_allowed and os.environ.get("NO_SKIPS"):
        report.outcome = "failed"
        report.longrepr = f"Skipped where nothing may be skipped: {report.longrepr}"
    return report
