"""`make run`: everything that Swapline needs, started in order, watched, and stopped in order.

Nothing survives it: Ctrl-C ends the Procfile's processes first, then Valkey and PostgreSQL.
"""

import contextlib
import http.client
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import FrameType
from typing import NoReturn

from accounts import push_keys
from config import catalogues, embedded, procfile, running
from config.embedded import CannotStartError

READY_SECONDS = 60
LOOK_SECONDS = 0.2
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """Somebody asked us to end. Not an Exception, so that nothing on the way takes it for a failure."""


def main() -> int:
    for number in ENDING:
        signal.signal(number, _stop)
    try:
        _run(os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("PORT", "8000")))
    except Stopped:
        return 0
    except CannotStartError as refusal:
        sys.stderr.write(f"\n{refusal}\n")
        return 1


def _run(host: str, port: int) -> NoReturn:
    with embedded.taken("run") as place:
        procfile.end_all(place.folder)
        _refuse_taken_port(host, port)
        _compile_languages()
        with _services(place) as services:
            variables = _variables(services, port)
            sign_ins = _prepare(variables)
            with running.written_down(variables), _processes(place, variables) as processes:
                _watch(host, port, services, processes, sign_ins)


def _refuse_taken_port(host: str, port: int) -> None:
    with socket.socket() as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((host, port))
        except OSError as refusal:
            raise CannotStartError(
                f"Port {port} on {host} cannot be used ({refusal.strerror}). Choose another: make run PORT={port + 1}"
            ) from None


def _compile_languages() -> None:
    try:
        catalogues.compile_changed()
    except OSError as refusal:
        # A checkout that belongs to somebody else: what is compiled there is used, and nothing else is lost.
        sys.stderr.write(f"The translations could not be compiled ({refusal}).\n")


def _services(place: embedded.Place) -> contextlib.AbstractContextManager[embedded.Services]:
    """What the environment does not name is embedded."""
    return embedded.services_in(
        place, durable=True, database="DATABASE_URL" not in os.environ, redis="REDIS_URL" not in os.environ
    )


def _variables(services: embedded.Services, port: int) -> dict[str, str]:
    """The environment of everything we start."""
    defaults = {
        "DEMO": "1",
        "SECRET_KEY": _kept_secret("secret-key", partial(secrets.token_urlsafe, 60)),
        "VAPID_PRIVATE_KEY": _kept_secret("vapid-key", push_keys.new_secret),
        "REDIS_URL": services.redis_url,
    }
    if "DATABASE_URL" not in os.environ:
        defaults |= {"DATABASE_URL": services.database_url, "DATABASE_OWNER_URL": services.owner_url}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    if os.geteuid() == 0:
        # Celery warns at length about pickled messages; ours are JSON only.
        defaults["PYTHONWARNINGS"] = "ignore:You're running the worker with superuser privileges"
    return defaults | os.environ | {"PORT": str(port), "PATH": path, "PYTHONUNBUFFERED": "1"}


def _kept_secret(name: str, new: Callable[[], str]) -> str:
    """A secret of this checkout's own: sign-ins and phones survive a restart, and no two installations share one."""
    file = embedded.state_folder() / name
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(new())
    return file.read_text()


def _prepare(variables: dict[str, str]) -> str:
    """Bring the database up to date; returns the demo's sign-ins, to be shown when they can be used."""
    owner = {"DATABASE_URL": variables.get("DATABASE_OWNER_URL", variables["DATABASE_URL"])}
    prepared = subprocess.run(
        [sys.executable, "-m", "config.prepare"],
        cwd=embedded.CHECKOUT,
        env=variables | owner,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if prepared.returncode != 0:
        raise CannotStartError("The database could not be brought up to date; the lines above say why.")
    return prepared.stdout


@contextlib.contextmanager
def _processes(place: embedded.Place, variables: dict[str, str]) -> Iterator[procfile.Procfile]:
    processes = procfile.Procfile(place.folder, variables)
    try:
        for name in _wanted():
            processes.start(name)
        yield processes
    finally:
        processes.stop()


def _wanted() -> list[str]:
    """The lines of the Procfile to run: all of them, unless somebody wants to see how it goes without one."""
    return os.environ.get("PROCESSES", "web worker beat").split()


def _watch(host: str, port: int, services: embedded.Services, processes: procfile.Procfile, sign_ins: str) -> NoReturn:
    """Keep everything running until somebody asks us to end; say once when it is ready."""
    complain_at: float | None = time.monotonic() + READY_SECONDS
    while True:
        services.revive()
        processes.revive()
        if complain_at is not None:
            missing = _missing(host, port)
            if not missing:
                complain_at = None
                sys.stdout.write(f"\nReady: http://{host}:{port}\n\n{sign_ins}")
                sys.stdout.flush()
            elif time.monotonic() > complain_at:
                complain_at = time.monotonic() + READY_SECONDS
                sys.stderr.write(f"Still waiting for {missing} (http://{host}:{port}/readyz)\n")
        time.sleep(LOOK_SECONDS)


def _missing(host: str, port: int) -> str:
    """What is not there yet; empty when pages come and a worker's heart beats, if one is to run."""
    connection = http.client.HTTPConnection("127.0.0.1" if host == "0.0.0.0" else host, port, timeout=5)  # noqa: S104 - compared, not bound
    try:
        connection.request("GET", "/readyz", headers={"Host": "localhost"})
        missing = set(json.loads(connection.getresponse().read())["missing"])
        if not {"worker", "beat"} <= set(_wanted()):
            missing.discard("worker")
        return ", ".join(sorted(missing))
    except (OSError, http.client.HTTPException, ValueError):
        # No answer, or a page of trouble instead of ours.
        return "the pages"
    finally:
        connection.close()


def _stop(number: int, frame: FrameType | None) -> None:
    # Asked once is enough; a second Ctrl-C must not interrupt the stopping.
    for again in ENDING:
        signal.signal(again, signal.SIG_IGN)
    raise Stopped


if __name__ == "__main__":
    sys.exit(main())
