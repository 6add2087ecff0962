"""`manage.py import_stations FILE`: stations from CSV or GeoJSON, with a column mapping. See docs/importing.md."""

from __future__ import annotations

import codecs
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, OutputWrapper

from accounts.models import Network, Organisation
from stations import station_files
from stations.imports import FIELDS, Plan, Report, import_stations
from stations.states import StationStatus
from stations.station_files import BadRow, Row, UnreadableFile

# The exit codes, beside 0: some rows were refused (the others are in); nothing could be read, and nothing is in.
SOME_REFUSED, NOTHING_READ = 1, 2


class Command(BaseCommand):
    help = "Creates and corrects stations from a CSV or GeoJSON file. Running it twice changes nothing."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--network", required=True, help="code of the network that the stations belong to")
        parser.add_argument("--owner", help="code of the owning organisation (the network's operator unless given)")
        parser.add_argument(
            "--map",
            dest="columns",
            action="append",
            default=[],
            type=_mapping,
            metavar="FIELD=COLUMN",
            help=f"which column holds a field; fields: {', '.join(FIELDS)}; same name unless given",
        )
        parser.add_argument("--datum", choices=["wgs84", "gcj02"], default="wgs84", help="of the file's coordinates")
        parser.add_argument("--status", choices=[StationStatus.PLANNED, StationStatus.OPEN], default="planned")
        parser.add_argument("--encoding", type=_encoding, default="utf-8-sig", help="UTF-8 unless given")
        for name in ("city", "country", "time-zone", "currency"):
            parser.add_argument(f"--{name}", default="", help="of new stations, where the file does not say")

    def handle(self, *args: Any, **options: Any) -> None:
        network, owner = _parties(options["network"], options["owner"])
        plan = Plan(
            network=network,
            owner=owner,
            columns=dict(options["columns"]),
            datum=options["datum"],
            status=str(options["status"]),
            defaults={
                "city": options["city"],
                "country": options["country"] or network.country,
                "time_zone": options["time_zone"] or network.time_zone,
                "currency": options["currency"] or network.currency,
            },
        )
        try:
            rows = station_files.read(options["file"], columns=plan.wanted_columns(), encoding=options["encoding"])
            report = import_stations(rows=_with_progress(rows, options["file"], self.stderr), plan=plan)
        except UnreadableFile as refusal:
            raise CommandError(refusal.sentence, returncode=NOTHING_READ) from refusal
        self._tell(report, options["file"])

    def _tell(self, report: Report, file: Path) -> None:
        for bad in report.refused:
            self.stderr.write(f"{file.name}:{bad.number}: {bad.reason}")
        self.stdout.write(
            f"{report.created} created, {report.changed} changed, {report.unchanged} unchanged,"
            f" {len(report.refused)} refused"
        )
        if report.refused:
            raise CommandError("Some rows were refused; all others are in.", returncode=SOME_REFUSED)


def _parties(network_code: str, owner_code: str | None) -> tuple[Network, Organisation]:
    network = Network.objects.filter(code=network_code).first()
    if network is None:
        raise CommandError(f"There is no network {network_code!r}.", returncode=NOTHING_READ)
    owners = (
        network.organisations.filter(code=owner_code) if owner_code else network.organisations.filter(is_operator=True)
    )
    owner = owners.first()
    if owner is None:
        raise CommandError(
            f"The network has no organisation {owner_code or 'as its operator'!r}.", returncode=NOTHING_READ
        )
    return network, owner


def _with_progress(rows: Iterable[Row | BadRow], file: Path, out: OutputWrapper) -> Iterator[Row | BadRow]:
    """Draw a bar on a terminal. Nothing is written where nobody watches."""
    if not out.isatty():
        yield from rows
        return
    expected = max(1, station_files.count_lines(file))
    for count, row in enumerate(rows, start=1):
        if count % 50 == 0 or count >= expected:
            share = min(1.0, count / expected)
            out.write(f"\r[{'█' * round(share * 30):30}] {share:4.0%}  {count} rows", style_func=str, ending="")
            out.flush()
        yield row
    out.write("")


def _mapping(text: str) -> tuple[str, str]:
    name, equals, column = text.partition("=")
    if not equals or not column or name not in FIELDS:
        raise ArgumentTypeError(f"{text!r} is not FIELD=COLUMN with a field of: {', '.join(FIELDS)}")
    return name, column


def _encoding(name: str) -> str:
    try:
        return codecs.lookup(name).name
    except LookupError as error:
        raise ArgumentTypeError(f"{name!r} is not an encoding that Python knows") from error
