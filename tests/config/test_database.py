"""The database is recent enough, and the application's role can only read and write rows."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connection

from accounts.models import Network
from config import checks, embedded

pytestmark = pytest.mark.django_db


@pytest.fixture
def as_application() -> Iterator[psycopg.Connection[Any]]:
    """A session of the role that the pages and the workers use."""
    database = connection.settings_dict
    assert database["USER"] == embedded.OWNER, "tests work as the owner of the tables"
    with psycopg.connect(
        host=database["HOST"],
        port=database["PORT"] or None,
        user=embedded.APP,
        dbname=database["NAME"],
        autocommit=True,
    ) as session:
        yield session


def test_postgresql_15_is_enough_and_this_server_has_at_least_that() -> None:
    assert checks.postgresql_is_recent_enough(databases=["default"]) == []


def test_an_older_postgresql_is_refused_with_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "OLDEST_POSTGRESQL", 99)

    [problem] = checks.postgresql_is_recent_enough(databases=["default"])

    assert "Swapline needs 99 or later" in problem.msg
    assert "DATABASE_URL" in str(problem.hint)


def test_the_application_reads_and_writes_rows(as_application: psycopg.Connection[Any]) -> None:
    table = Network._meta.db_table

    with as_application.transaction(force_rollback=True):
        as_application.execute(
            f"INSERT INTO {table} (code, name, country, currency, time_zone)"
            " VALUES ('tejo', 'Rede do Tejo', 'PT', 'EUR', 'Europe/Lisbon')"
        )
        as_application.execute(f"UPDATE {table} SET name = 'Tejo'")
        found = as_application.execute(f"SELECT name FROM {table} WHERE code = 'tejo'").fetchone()
        as_application.execute(f"DELETE FROM {table}")

    assert found == ("Tejo",)


def test_who_is_paused_in_a_transaction_keeps_a_line_for_a_minute_and_no_longer(
    as_application: psycopg.Connection[Any],
) -> None:
    assert as_application.execute("SHOW idle_in_transaction_session_timeout").fetchone() == ("1min",)


@pytest.mark.parametrize(
    "attempt",
    [
        "TRUNCATE payments_transfer CASCADE",
        "ALTER TABLE payments_transfer DISABLE TRIGGER ALL",
        "DROP TABLE payments_transfer",
        "ALTER TABLE payments_transfer ADD COLUMN note text",
        "CREATE TABLE mine (id int)",
        "SET session_replication_role = replica",
        "SET ROLE swapline_owner",
        "CREATE ROLE helper SUPERUSER",
    ],
)
def test_the_application_cannot_get_around_the_ledgers_triggers(
    attempt: str, as_application: psycopg.Connection[Any]
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        as_application.execute(attempt)


def test_even_the_owner_of_the_tables_is_no_superuser() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper, rolcreaterole FROM pg_roles WHERE rolname = current_user")

        assert cursor.fetchone() == (False, False)
