"""PostgreSQL in a place of ours: its cluster, its two roles, its process.

One role owns the tables and migrates. The application's role reads and writes rows and cannot do more:
it can neither switch off a trigger of the ledger nor empty a table.
"""

import shutil
import signal
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from urllib.parse import quote

import psycopg

from config.embedded import binaries, processes
from config.embedded.place import Place

OWNER, APP, DATABASE = "swapline_owner", "swapline", "swapline"
SUPERUSER = "postgres"


@dataclass(frozen=True)
class Postgres:
    """A server for one place; `durable=False` (tests) forgets what a power failure would have kept."""

    place: Place
    durable: bool

    @cached_property
    def bin(self) -> Path:
        return binaries.postgres_folder()

    @cached_property
    def version(self) -> int:
        answer = subprocess.run(
            [self.bin / "postgres", "--version"], env=processes.ENVIRONMENT, capture_output=True, text=True, check=True
        )
        return int(answer.stdout.split()[2].split(".")[0])

    @property
    def cluster(self) -> Path:
        return self.place.folder / f"postgresql-{self.version}"

    def url(self, role: str) -> str:
        return f"postgres://{role}@{quote(str(self.place.sockets), safe='')}/{DATABASE}"

    def start(self) -> subprocess.Popen[bytes]:
        """Start the server, ending a predecessor that was left running; the first time, make the cluster."""
        # SIGINT is PostgreSQL's fast shutdown: it breaks off sessions and closes its files properly.
        processes.end_predecessors({"postgres"}, folder=self.cluster, how=signal.SIGINT)
        (self.cluster / "postmaster.pid").unlink(missing_ok=True)
        finished = self.place.folder / f"postgresql-{self.version}-finished"
        if finished.exists():
            return self._serve()
        # A half-made cluster is thrown away.
        shutil.rmtree(self.cluster, ignore_errors=True)
        self._create_cluster()
        server = self._serve()
        self._create_roles()
        finished.touch()
        return server

    def _create_cluster(self) -> None:
        unicode_rules = ["--locale=C.UTF-8"]
        if self.version >= 17:
            # Rules of PostgreSQL's own, so that the machine's locales make no difference.
            unicode_rules = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        options = ["--username", SUPERUSER, "--encoding=UTF8", "--auth=trust", "--no-sync", *unicode_rules]
        processes.finish(self.place, [self.bin / "initdb", "--pgdata", self.cluster, *options], name="initdb")

    def _serve(self) -> subprocess.Popen[bytes]:
        durable = "on" if self.durable else "off"
        settings = {
            # Nobody else on the machine can walk to the socket, hence no passwords.
            "listen_addresses": "",
            "unix_socket_directories": str(self.place.sockets),
            "unix_socket_permissions": "0700",
            "max_connections": "200",
            # Whoever stops in the middle of a transaction, as a paused process does, keeps nobody's line any longer.
            "idle_in_transaction_session_timeout": "60s",
            "fsync": durable,
            "synchronous_commit": durable,
            "full_page_writes": durable,
            "timezone": "UTC",
            "log_timezone": "UTC",
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        server = processes.start(self.place, [self.bin / "postgres", "-D", self.cluster, *options], name="postgres")
        processes.await_answer(self.place, server, self._answers, name="postgres")
        return server

    def _answers(self) -> bool:
        try:
            self._connect("postgres").close()
        except psycopg.OperationalError:
            return False
        return True

    def _create_roles(self) -> None:
        with self._connect("template1") as template:
            template.execute(f"CREATE ROLE {OWNER} LOGIN CREATEDB")
            template.execute(f"CREATE ROLE {APP} LOGIN")
            # Said in the template, so that every database made from it, the test databases too, gives these rights.
            template.execute(
                f"ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {APP}"
            )
            template.execute(f"ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} GRANT USAGE, SELECT ON SEQUENCES TO {APP}")
        with self._connect("postgres") as connection:
            connection.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")

    def _connect(self, database: str) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host=str(self.place.sockets), user=SUPERUSER, dbname=database, connect_timeout=2, autocommit=True
        )
