"""`manage.py create_demo`: an invented network with people, a past and money, on an empty database."""

from __future__ import annotations

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from booking.demo import create


class Command(BaseCommand):
    help = "Create the demo's invented network. Does nothing when there is a network already."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seed", type=int, default=create.SEED, help="another seed gives another network")
        parser.add_argument("--days", type=int, default=create.DAYS, help="how many days of history")

    def handle(self, *args: Any, **options: Any) -> None:
        began = time.monotonic()
        created = create.create(seed=options["seed"], days=options["days"])
        if created is None:
            self.stdout.write("There is a network already; nothing was changed.")
            return
        self.stdout.write(f"{created.stations} stations and {created.swaps} swaps in {time.monotonic() - began:.0f} s.")
