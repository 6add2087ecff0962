"""Brings the database up to date, and fills it with the demo when it is empty. Run as the owner of the tables.

What it prints to its standard output are the demo's sign-ins; whoever started it shows them when they can be used.
"""

import os
import sys

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

import django
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import SystemCheckError


def main() -> int:
    django.setup()
    try:
        call_command("migrate", interactive=False, verbosity=0, skip_checks=False, stdout=sys.stderr)
    except SystemCheckError as problems:
        sys.stderr.write(f"{problems}\n")
        return 1
    # A few seconds once per edition of the names; otherwise one query.
    call_command("fill_place_names", stdout=sys.stderr)
    if settings.DEMO:
        _demo()
    return 0


def _demo() -> None:
    # Models can be imported only after setup.
    from accounts.demo import demo_sign_ins
    from accounts.models import Network

    if not Network.objects.exists():
        sys.stderr.write("Creating the demo network ...\n")
        call_command("create_demo", stdout=sys.stderr)
    rows = [(str(one.role), one.name, one.login, one.password or "code on the page") for one in demo_sign_ins()]
    widths = [max(len(row[column]) for row in rows) for column in range(3)] if rows else []
    if rows:
        sys.stdout.write(
            "Sign-ins. Drivers at 127.0.0.1, the others at localhost: so one browser keeps them apart.\n\n"
        )
    for row in rows:
        sys.stdout.write(
            "  " + "  ".join([*(text.ljust(w) for text, w in zip(row, widths, strict=False)), row[3]]) + "\n"
        )


if __name__ == "__main__":
    sys.exit(main())
