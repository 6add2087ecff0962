"""Brings the database up to date, and fills it with the demo when it is empty. Run as the owner of the tables."""

import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django
from django.conf import settings
from django.core.management import call_command, get_commands
from django.core.management.base import SystemCheckError


def main() -> int:
    django.setup()
    from accounts.models import Network

    try:
        call_command("migrate", interactive=False, verbosity=0, skip_checks=False)
    except SystemCheckError as problems:
        sys.stderr.write(f"{problems}\n")
        return 1
    if settings.DEMO and "create_demo" in get_commands() and not Network.objects.exists():
        sys.stdout.write("Creating the demo network ...\n")
        sys.stdout.flush()
        call_command("create_demo")
    return 0


if __name__ == "__main__":
    sys.exit(main())
