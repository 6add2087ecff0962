"""Delete a person's account on their behalf, by the rules of docs/rules/your-data.md."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts import deletion, keeping
from accounts.models import User
from accounts.refusals import Refusal


class Command(BaseCommand):
    help = "Make a person nobody: what the books need stays, the person does not. Asks for --yes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        who = parser.add_mutually_exclusive_group(required=True)
        who.add_argument("--phone", help="E.164, such as +351912345678")
        who.add_argument("--email")
        who.add_argument("--id", type=int)
        parser.add_argument("--reason", required=True, help="where the person's wish is filed; no personal data")
        parser.add_argument("--yes", action="store_true", help="do it; without it only what stands in the way is told")

    def handle(self, *args: Any, **options: Any) -> None:
        person = self._person(options)
        if not options["yes"]:
            for hindrance in keeping.hindrances(person):
                self.stdout.write(f"In the way: {hindrance.sentence}")
            self.stdout.write(f"Nothing was changed. Person #{person.pk} is deleted with --yes.")
            return
        try:
            done = deletion.delete(person=person, reason=options["reason"])
        except Refusal as refusal:
            raise CommandError(refusal.sentence) from refusal
        self.stdout.write(f"Person #{person.pk} was deleted at {done.at:%Y-%m-%d %H:%M} UTC.")

    def _person(self, options: dict[str, Any]) -> User:
        if options["id"] is not None:
            found = User.objects.filter(pk=options["id"]).first()
        else:
            found = User.objects.known_by(phone=options["phone"], email=options["email"])
        if found is None:
            raise CommandError("Nobody has this number, address or id.")
        return found
