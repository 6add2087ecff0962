"""A checkout of its own and a `make run` in it, for the tests of the start."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from config import embedded

NOT_CODE = shutil.ignore_patterns(
    ".git",
    ".venv*",
    ".local",
    "build",
    "node_modules",
    "staticfiles",
    "__pycache__",
    ".*_cache",
    ".hypothesis",
    "docs",
    "*.mo",
)
READY_SECONDS = 120
STOP_SECONDS = 40


class Checkout:
    """A copy of the code, with what it leaves on the machine."""

    def __init__(self, folder: Path) -> None:
        shutil.copytree(embedded.CHECKOUT, folder, ignore=NOT_CODE)
        self.folder = folder
        self.state = Path(self.python("from config import embedded; print(embedded.state_folder())").strip())

    def python(self, code: str) -> str:
        return subprocess.run(
            [sys.executable, "-c", code], cwd=self.folder, env=_variables(), capture_output=True, text=True, check=True
        ).stdout

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command in a second terminal."""
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=self.folder,
            env=_variables(),
            capture_output=True,
            text=True,
            check=False,
        )

    def processes(self) -> list[psutil.Process]:
        """Every process that works for this checkout."""
        found = []
        for process in psutil.process_iter():
            try:
                places = [process.cwd(), *process.cmdline(), process.environ().get("SWAPLINE_PROCESS", "")]
            except psutil.Error:
                continue
            if any(place.startswith((str(self.folder), str(self.state))) for place in places):
                found.append(process)
        return found

    def services(self, name: str) -> set[psutil.Process]:
        """PostgreSQL or Valkey: the process that we started, not those that it forks."""
        found = {process for process in self.processes() if _name(process) == name}
        return {process for process in found if process.ppid() not in {parent.pid for parent in found}}

    def workers(self) -> set[psutil.Process]:
        """Celery's processes that carry out tasks."""
        return {process for process in self.processes() if {"celery", "worker"} <= _words(process)}

    def remove(self) -> None:
        for process in self.processes():
            process.kill()
        shutil.rmtree(self.state, ignore_errors=True)
        shutil.rmtree(self.folder, ignore_errors=True)


class Launch:
    """A `make run` under way."""

    def __init__(self, checkout: Checkout, *, port: int, **variables: str) -> None:
        self.checkout = checkout
        self.port = port
        self._log = checkout.folder / f"run-{port}.log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "config.run"],
                cwd=checkout.folder,
                env=_variables() | {"PORT": str(port), "DEMO": "0", "LAPTOP": "1"} | variables,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        return self._log.read_text(errors="replace")

    def wait_until_ready(self) -> None:
        def ready() -> bool:
            assert self.process.poll() is None, f"ended instead of getting ready:\n{self.output}"
            return f"Ready: http://127.0.0.1:{self.port}" in self.output

        wait_until(ready, seconds=READY_SECONDS, otherwise=lambda: f"not ready in time:\n{self.output}")

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as refusal:
            return refusal.code, refusal.read().decode()

    def wait_until_all_is_well(self) -> None:
        wait_until(
            lambda: self._attempt("/readyz")[0] == 200,
            seconds=30,
            otherwise=lambda: f"{self._attempt('/readyz')}\n{self.output}",
        )

    def _attempt(self, path: str) -> tuple[int, str]:
        try:
            return self.get(path)
        except OSError as refusal:
            return 0, str(refusal)

    def press_control_c(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(STOP_SECONDS)


@contextmanager
def launched(checkout: Checkout, **variables: str) -> Iterator[Launch]:
    launch = Launch(checkout, port=free_port(), **variables)
    try:
        launch.wait_until_ready()
        yield launch
    finally:
        if launch.process.poll() is None:
            launch.press_control_c()


def wait_until(true: Callable[[], object], *, seconds: float, otherwise: Callable[[], str]) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, otherwise()
        time.sleep(0.2)


def free_port() -> int:
    with socket.socket() as attempt:
        attempt.bind(("127.0.0.1", 0))
        return int(attempt.getsockname()[1])


def _name(process: psutil.Process) -> str:
    try:
        return process.name()
    except psutil.Error:
        return ""


def _words(process: psutil.Process) -> set[str]:
    try:
        return {Path(word).name for word in process.cmdline()}
    except psutil.Error:
        return set()


def _variables() -> dict[str, str]:
    """A shell in which nobody has named a database or a kind of installation."""
    return {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ} | {"LAPTOP": "1"}
