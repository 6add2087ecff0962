"""Writes many rows at once: ids are given beforehand, so that rows can refer to each other, and COPY carries them.

The writers take a lock and a look for every step; ninety days of steps would take them many minutes. What is written
here has to pass the same constraints and triggers, and the same checks afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models import Model

M = TypeVar("M", bound=Model)

IDS_AT_ONCE = 2_000


class Rows:
    """Rows that wait to be written, table by table in the order in which the tables were first seen."""

    def __init__(self) -> None:
        self._rows: dict[type[Model], list[Model]] = {}
        self._ids: dict[type[Model], Iterator[int]] = {}

    def add(self, row: M) -> M:
        """Give the row its id and keep it. Every field without a default of Python's has to be set."""
        model = type(row)
        row.pk = self._next_id(model)
        self._rows.setdefault(model, []).append(row)
        return row

    def write(self) -> None:
        """Foreign keys are checked at commit, so the order of tables matters to triggers alone."""
        for model, rows in self._rows.items():
            _copy(model, rows)
        self._rows.clear()

    def _next_id(self, model: type[Model]) -> int:
        if (given := next(self._ids.get(model, iter(())), None)) is not None:
            return given
        self._ids[model] = iter(_ids(model._meta.db_table))
        return next(self._ids[model])


def _ids(table: str) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)", [table, IDS_AT_ONCE]
        )
        return [number for (number,) in cursor.fetchall()]


def _copy(model: type[Model], rows: list[Model]) -> None:
    database = connections[DEFAULT_DB_ALIAS]
    fields = [field for field in model._meta.concrete_fields if not field.generated]
    columns = ", ".join(database.ops.quote_name(str(field.column)) for field in fields)
    table = database.ops.quote_name(model._meta.db_table)
    with database.cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row([field.get_db_prep_save(getattr(row, field.attname), database) for field in fields])
