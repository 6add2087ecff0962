#!/usr/bin/env python
"""Django's command line for Swapline. Beside a running `make run` it works on the same database."""

import os
import sys

from config import running

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    running.adopt(as_owner="migrate" in sys.argv[1:2])

    from django.core.management import execute_from_command_line  # the settings are read from here on

    execute_from_command_line(sys.argv)
