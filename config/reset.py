"""`make reset`: forgets the embedded database, so that the next `make run` starts from nothing."""

import os
import sys

from config import embedded


def main() -> int:
    if "DATABASE_URL" in os.environ:
        sys.stderr.write("DATABASE_URL names a database of yours; reset only empties the embedded one.\n")
        return 1
    try:
        embedded.forget("run")
    except embedded.CannotStartError as refusal:
        sys.stderr.write(f"{refusal}\n")
        return 1
    sys.stdout.write("The embedded database is gone; `make run` makes a new one.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
