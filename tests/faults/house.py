"""The Procfile's processes on the test's database, with a Redis of their own that can be stopped."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from django.db import connection

from booking import heartbeat
from config import embedded

START_SECONDS = 40.0
STOP_SECONDS = 10.0


class House:
    """Web, worker and beat, each in a process group of its own so that it can be killed whole."""

    def __init__(self, services: embedded.Services, logs: Path) -> None:
        self.services = services
        self.port = _free_port()
        self._logs = logs
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, *names: str) -> None:
        for name in names:
            with (self._logs / f"{name}.log").open("ab") as log:
                self._processes[name] = subprocess.Popen(
                    ["/bin/sh", "-c", _command(name)],
                    cwd=embedded.CHECKOUT,
                    env=self._variables(name),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )

    def kill(self, name: str) -> None:
        """kill -9 of everything that the process has started."""
        self._end(name, signal.SIGKILL)

    def stop(self) -> None:
        for name in list(self._processes):
            self._end(name, signal.SIGTERM)

    def runs(self, name: str) -> bool:
        return self._processes[name].poll() is None

    def stop_redis(self) -> None:
        self.services.stop()

    def start_redis(self) -> None:
        self.services.start(self.services.valkey)

    def get(self, path: str, *, cookie: str = "") -> tuple[int, str]:
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            client.request("GET", path, headers={"Host": f"localhost:{self.port}", "Cookie": cookie})
            answer = client.getresponse()
            return answer.status, answer.read().decode()
        finally:
            client.close()

    def await_web(self) -> None:
        def answers() -> bool:
            with contextlib.suppress(OSError, http.client.HTTPException):
                return self.get("/healthz")[0] == 200
            return False

        until(answers, within_seconds=START_SECONDS)

    def await_workers(self) -> None:
        """Until a worker has written its heartbeat after this call."""
        asked = time.monotonic()

        def beats() -> bool:
            age = heartbeat.age_seconds()
            return age is not None and age < time.monotonic() - asked

        until(beats, within_seconds=START_SECONDS)

    def log(self, name: str) -> str:
        return (self._logs / f"{name}.log").read_text()

    def _variables(self, name: str) -> dict[str, str]:
        settings = connection.settings_dict
        address = f"{settings['USER']}@{settings['HOST'].replace('/', '%2F')}:{settings['PORT'] or ''}".rstrip(":")
        ours = {
            "DATABASE_URL": f"postgres://{address}/{settings['NAME']}",
            "REDIS_URL": self.services.redis_url,
            "LAPTOP": "1",
            "PORT": str(self.port),
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        }
        return os.environ | ours | ({"DATABASE_POOL_SIZE": "5"} if name == "web" else {})

    def _end(self, name: str, how: signal.Signals) -> None:
        process = self._processes.pop(name)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, how)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(STOP_SECONDS)


def until(true: Callable[[], bool], *, within_seconds: float) -> float:
    """Wait until this is true; returns how many seconds that took."""
    began = time.monotonic()
    while not true():
        assert time.monotonic() - began < within_seconds, f"not within {within_seconds} s"
        time.sleep(0.05)
    return time.monotonic() - began


@contextlib.contextmanager
def opened(logs: Path) -> Iterator[House]:
    place = f"faults-{os.environ.get('PYTEST_XDIST_WORKER', 'gw0')}-{os.getpid()}"
    try:
        with (
            embedded.taken(place) as taken,
            embedded.services_in(taken, durable=False, database=False) as services,
        ):
            house = House(services, logs)
            try:
                yield house
            finally:
                house.stop()
    finally:
        embedded.forget(place)


def _command(name: str) -> str:
    for line in (embedded.CHECKOUT / "Procfile").read_text().splitlines():
        process, _colon, command = line.partition(": ")
        if process == name:
            return command
    raise LookupError(name)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
