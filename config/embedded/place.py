"""Where the services of one name ("run", "test1") live, and whom they run as."""

import contextlib
import fcntl
import hashlib
import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

CHECKOUT = Path(__file__).resolve().parent.parent.parent
# Root cannot leave this in the checkout, which may lie in a private home that the lent user may not enter.
ROOT_STATE = Path("/var/lib/swapline")
# PostgreSQL refuses to run as root, so root lends it a user that owns nothing else.
LENT_USER = "nobody"
SOCKETS_PREFIX = "swapline-"


class CannotStartError(Exception):
    """The services cannot start; the message tells a person what to do."""


class InUseError(CannotStartError):
    """Another process of this checkout runs services under the same name."""


@dataclass(frozen=True)
class Account:
    """The operating system's user that the services run as."""

    uid: int
    gid: int

    def owns(self, folder: Path) -> None:
        # Only root can and need give something away.
        if os.geteuid() == 0:
            os.chown(folder, self.uid, self.gid)


@dataclass(frozen=True)
class Place:
    """A folder that stays, a folder for sockets that does not, and the account that both belong to."""

    folder: Path
    sockets: Path
    account: Account


@contextlib.contextmanager
def taken(name: str) -> Iterator[Place]:
    """Have the place of this name to oneself. Raises InUseError when somebody else has it."""
    with _locked(name) as state:
        account = _account()
        folder = state / name
        folder.mkdir(mode=0o700, exist_ok=True)
        account.owns(folder)
        _clear_old_sockets(folder)
        sockets = Path(tempfile.mkdtemp(prefix=SOCKETS_PREFIX, dir=_temporary_folder()))
        account.owns(sockets)
        (folder / "sockets").write_text(str(sockets))
        try:
            yield Place(folder=folder, sockets=sockets, account=account)
        finally:
            shutil.rmtree(sockets, ignore_errors=True)


def forget(name: str) -> None:
    """Delete everything of this name. Raises InUseError while somebody has it."""
    with _locked(name) as state:
        shutil.rmtree(state / name, ignore_errors=True)


def state_folder() -> Path:
    """Where this checkout keeps what is not code; made when missing."""
    name = f"{CHECKOUT.name[:20]}-{hashlib.sha256(os.fsencode(CHECKOUT)).hexdigest()[:12]}"
    local = CHECKOUT / ".local"
    if chosen := os.environ.get("SWAPLINE_STATE"):
        folder = Path(chosen)
    elif os.geteuid() == 0:
        folder = ROOT_STATE / name
    elif os.access(local if local.exists() else CHECKOUT, os.W_OK):
        folder = local
    else:
        folder = Path.home() / ".local" / "state" / "swapline" / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as refusal:
        raise CannotStartError(
            f"{folder} cannot be made ({refusal.strerror}). Name a folder that can: SWAPLINE_STATE=/some/folder"
        ) from None
    return folder


@contextlib.contextmanager
def _locked(name: str) -> Iterator[Path]:
    state = state_folder()
    with (state / f"{name}.lock").open("a") as lock:
        _lock(lock, name)
        yield state


def _lock(file: IO[str], name: str) -> None:
    # The kernel lets go of this lock however its holder ends, so a kill -9 leaves nothing to clear away.
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise InUseError(f"Swapline ({name}) already runs from {CHECKOUT}. Stop it first (Ctrl-C).") from None


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


def _temporary_folder() -> str:
    # A socket's path is limited to 107 bytes (103 on macOS), and the lent user must be able to walk there.
    folder = tempfile.gettempdir()
    if os.geteuid() == 0 or len(os.fsencode(folder)) > 60:
        return "/tmp"  # noqa: S108 - mkdtemp makes a private folder in it
    return folder


def _clear_old_sockets(folder: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        old = Path((folder / "sockets").read_text())
        if old.name.startswith(SOCKETS_PREFIX):
            shutil.rmtree(old, ignore_errors=True)
