"""How a second terminal finds what `make run` runs: its addresses stand in a private file for as long as it runs."""

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from config.embedded import state_folder

NAMES = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "SECRET_KEY", "VAPID_PRIVATE_KEY", "PORT", "DEMO")


@contextlib.contextmanager
def written_down(variables: dict[str, str]) -> Iterator[None]:
    file = _file()
    file.unlink(missing_ok=True)
    file.touch(mode=0o600)
    file.write_text(json.dumps({name: variables[name] for name in NAMES if name in variables}))
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def adopt(*, as_owner: bool) -> None:
    """Point this process at what `make run` runs, unless its environment already names a database.

    Migrations are the owner's; everything else works with the application's rights.
    """
    if "DATABASE_URL" not in os.environ:
        with contextlib.suppress(FileNotFoundError):
            for name, value in json.loads(_file().read_text()).items():
                os.environ.setdefault(name, value)
    if as_owner and "DATABASE_OWNER_URL" in os.environ:
        os.environ["DATABASE_URL"] = os.environ["DATABASE_OWNER_URL"]


def _file() -> Path:
    return state_folder() / "running.json"
