"""Walks the database and proves promises P1, P2, P4 and P6 on it, in one snapshot. Exit code 1 when one is broken."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction

from accounts.evidence import CheckResult
from booking import proofs as booking_proofs
from payments import proofs as payment_proofs
from stations import proofs as station_proofs

APPS = (station_proofs, booking_proofs, payment_proofs)
SHOWN = 20


class Command(BaseCommand):
    help = "Prove on the database that promises P1, P2, P4 and P6 are kept, and say how many rows each check examined."

    def handle(self, *args: Any, **options: Any) -> None:
        results = examine()
        for result in sorted(results, key=lambda r: r.promise):
            self._show(result)
        broken = [r for r in results if not r.holds]
        if broken:
            raise CommandError(f"{len(broken)} of {len(results)} checks found a broken promise.")
        self.stdout.write(self.style.SUCCESS(f"All {len(results)} checks hold."))

    def _show(self, result: CheckResult) -> None:
        mark = "holds" if result.holds else "BROKEN"
        self.stdout.write(f"{result.promise}  {mark:6}  {result.examined:>8} rows  {result.sentence}")
        for row in result.violations[:SHOWN]:
            self.stdout.write(self.style.ERROR(f"              {row}"))
        if len(result.violations) > SHOWN:
            self.stdout.write(self.style.ERROR(f"              and {len(result.violations) - SHOWN} more"))


def examine() -> list[CheckResult]:
    """Every check in one read-only, repeatable-read snapshot: what one sees, all see."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        return [result for app in APPS for result in app.run(connection)]
