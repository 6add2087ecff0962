"""`make run`: everything that Swapline needs, started in order, watched, and stopped in order.

Nothing survives it: Ctrl-C ends the Procfile's processes first, then Valkey and PostgreSQL.
"""

import contextlib
import http.client
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import psutil

from config import embedded

READY_SECONDS = 60
STOP_SECONDS = 10


class Stopped(Exception):
    """Somebody asked us to end."""


def main() -> int:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    try:
        _run()
    except Stopped:
        return 0
    except embedded.CannotStartError as refusal:
        sys.stderr.write(f"\n{refusal}\n")
        return 1
    return 1


def _run() -> None:
    host, port = os.environ.get("HOST", "127.0.0.1"), int(os.environ.get("PORT", "8000"))
    _refuse_taken_port(host, port)
    with _environment(port) as (environment, services), _procfile(environment) as processes:
        shown = False
        asked_at = time.monotonic()
        while processes.poll() is None:
            if services:
                services.revive()
            if not shown and (shown := _is_ready(host, port)):
                _show(f"Ready: http://{host}:{port}", environment)
            elif not shown and time.monotonic() > asked_at + READY_SECONDS:
                asked_at = time.monotonic()
                sys.stderr.write(
                    f"Not ready after {READY_SECONDS} s; see http://{host}:{port}/readyz for what is missing.\n"
                )
            time.sleep(0.2)
    raise embedded.CannotStartError("The processes of the Procfile have ended; their last lines above say why.")


def _refuse_taken_port(host: str, port: int) -> None:
    with socket.socket() as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((host, port))
        except OSError as refusal:
            raise embedded.CannotStartError(
                f"Port {port} on {host} cannot be used ({refusal.strerror}). Choose another: make run PORT={port + 1}"
            ) from None


@contextlib.contextmanager
def _environment(port: int) -> Iterator[tuple[dict[str, str], embedded.Services | None]]:
    """The variables for everything we start, with the services that nobody named running behind them."""
    given = {name for name in ("DATABASE_URL", "REDIS_URL") if os.environ.get(name)}
    with contextlib.ExitStack() as stack:
        variables = {
            "DEMO": "1",
            "SECRET_KEY": _secret_key(),
            "PYTHONUNBUFFERED": "1",
            **os.environ,
            "PORT": str(port),
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
        }
        running = None
        if len(given) < 2:
            running = stack.enter_context(embedded.services(name="run", durable=True))
            if "DATABASE_URL" not in given:
                variables |= {"DATABASE_URL": running.database_url, "DATABASE_OWNER_URL": running.owner_url}
            if "REDIS_URL" not in given:
                variables["REDIS_URL"] = running.redis_url
        _prepare(variables)
        yield variables, running


def _secret_key() -> str:
    """A key of this checkout's own, so that sign-ins survive a restart and no installation shares one."""
    file = embedded.state_folder() / "secret-key"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(60))
    return file.read_text()


def _prepare(variables: dict[str, str]) -> None:
    owner = {"DATABASE_URL": variables.get("DATABASE_OWNER_URL", variables["DATABASE_URL"])}
    ended = subprocess.run(
        [sys.executable, "-m", "config.prepare"], cwd=embedded.CHECKOUT, env=variables | owner, check=False
    )
    if ended.returncode != 0:
        raise embedded.CannotStartError("The database could not be brought up to date; the lines above say why.")


@contextlib.contextmanager
def _procfile(variables: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    # A session of its own: Ctrl-C reaches this launcher alone, which then stops things in order.
    manager = subprocess.Popen(
        [sys.executable, "-m", "honcho", "start", "--no-prefix"],
        cwd=embedded.CHECKOUT,
        env=variables,
        start_new_session=True,
    )
    try:
        yield manager
    finally:
        _end(manager)


def _end(manager: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        family = psutil.Process(manager.pid).children(recursive=True)
        manager.terminate()
        _, stubborn = psutil.wait_procs(family, timeout=STOP_SECONDS)
        for process in stubborn:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
    manager.wait()


def _is_ready(host: str, port: int) -> bool:
    """Pages come and a worker's heart beats."""
    connection = http.client.HTTPConnection("127.0.0.1" if host == "0.0.0.0" else host, port, timeout=5)  # noqa: S104 - compared, not bound
    try:
        connection.request("GET", "/readyz", headers={"Host": "localhost"})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _show(headline: str, environment: dict[str, str]) -> None:
    sys.stdout.write(f"\n{headline}\n\n")
    sys.stdout.flush()


def _stop(number: int, frame: FrameType | None) -> None:
    # Asked once is enough; a second Ctrl-C must not interrupt the stopping.
    for again in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(again, signal.SIG_IGN)
    raise Stopped


if __name__ == "__main__":
    sys.exit(main())
