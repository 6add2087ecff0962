"""Starts the embedded services before Django reads its settings (a pytest plugin, named in pyproject)."""

import atexit
import contextlib
import os
from collections.abc import Generator
from urllib.parse import urlsplit

import pytest

from config import catalogues, embedded

_services = contextlib.ExitStack()
# Also when the session never begins, as with a mistake in the settings.
atexit.register(_services.close)


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests() -> Generator[None]:
    # What a developer's shell says about settings must not change what the tests prove.
    for name in (
        *("DEMO", "DEBUG", "ALLOWED_HOSTS", "CSRF_TRUSTED_ORIGINS", "HTTPS", "TRUSTED_PROXIES", "SECRET_KEY"),
        *("SITE_URL", "PORT", "VAPID_PRIVATE_KEY", "VAPID_SUBJECT"),
    ):
        os.environ.pop(name, None)
    os.environ["LAPTOP"] = "1"
    # The settings offer the languages that are compiled.
    catalogues.compile_changed()
    # Processes of pytest-xdist inherit the addresses from the first one.
    if "DATABASE_URL" not in os.environ or "REDIS_URL" not in os.environ:
        running = _services.enter_context(embedded.services_for_tests())
        # Tests create databases and triggers, so they work as the owner.
        os.environ.setdefault("DATABASE_URL", running.owner_url)
        os.environ.setdefault("REDIS_URL", running.redis_url)
    os.environ["REDIS_URL"] = _own_redis(os.environ["REDIS_URL"], os.environ.get("PYTEST_XDIST_WORKER", "gw0"))
    yield


def _own_redis(url: str, worker: str) -> str:
    """The address of this test process's own numbered database, none of which is the one that a person looks at."""
    number = 1 + int(worker.removeprefix("gw"))
    if urlsplit(url).scheme == "unix":
        return f"{url.partition('?')[0]}?db={number}"
    return urlsplit(url)._replace(path=f"/{number}").geturl()
